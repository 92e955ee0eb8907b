//! JSON that is tampered with: what comes of it is mostly read, and refused for what it says, if at all.
//!
//! A value becomes one of the edges, or that of another place; a list loses, repeats or swaps entries; a field is left out.

#![allow(dead_code)]

use serde_json::{Value, json};

/// Changes a few values, the same with the same seed.
pub fn tamper(mut value: Value, times: u8, seed: u32) -> Value {
    let mut dice = Dice(u64::from(seed) | 1 << 32);
    (0..times).for_each(|_| change(&mut value, &mut dice));
    value
}

/// A mutator of inputs that are lines of text, some of them JSON: changes a line, or, every fourth time, bytes.
pub fn lines(data: &mut [u8], size: usize, most: usize, seed: u32) -> usize {
    let mut dice = Dice(u64::from(seed) | 1 << 32);
    let changed = std::str::from_utf8(&data[..size]).ok().filter(|_| dice.below(4) > 0).and_then(|text| {
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        let readable = |line: &String| line.starts_with(['{', '[']);
        let found: Vec<usize> = (0..lines.len()).filter(|at| readable(&lines[*at])).collect();
        let at = *found.get(dice.below(found.len()))?;
        match dice.below(12) {
            0 => drop(lines.remove(at)),
            1 => lines.insert(at, lines[at].clone()),
            2 => lines.swap(at, *found.last()?),
            _ => {
                let mut value: Value = serde_json::from_str(&lines[at]).ok()?;
                for _ in 0..=dice.below(3) {
                    change(&mut value, &mut dice);
                }
                lines[at] = value.to_string();
            }
        }
        Some(lines.join("\n"))
    });
    match changed.filter(|text| text.len() <= most) {
        Some(text) => {
            data[..text.len()].copy_from_slice(text.as_bytes());
            text.len()
        }
        None => libfuzzer_sys::fuzzer_mutate(data, size, most),
    }
}

fn change(root: &mut Value, dice: &mut Dice) {
    let mut places = Vec::new();
    collect(root, String::new(), &mut places);
    let (place, other) = (&places[dice.below(places.len())], &places[dice.below(places.len())]);
    let other = root.pointer(other).cloned();
    let Some(value) = root.pointer_mut(place) else { return };
    match (dice.below(8), value) {
        (0, value) => *value = other.unwrap_or_default(),
        (1, Value::Array(list)) if !list.is_empty() => drop(list.remove(dice.below(list.len()))),
        (2, Value::Array(list)) if !list.is_empty() => {
            let again = list[dice.below(list.len())].clone();
            list.insert(dice.below(list.len()), again);
        }
        (_, Value::Array(list)) if list.len() > 1 => {
            let (one, two) = (dice.below(list.len()), dice.below(list.len()));
            list.swap(one, two);
        }
        (1..=3, Value::Object(fields)) if !fields.is_empty() => {
            let name = fields.keys().nth(dice.below(fields.len())).cloned().unwrap_or_default();
            let _ = fields.remove(&name);
        }
        (_, Value::Number(number)) => *number = near(number, dice),
        (1, Value::String(text)) => *text = text.chars().rev().collect(),
        (2..=5, Value::String(text)) => *text = digits(text, dice),
        (_, Value::Bool(yes)) => *yes = !*yes,
        (_, value) => {
            let edges =
                [json!(null), json!(0), json!(""), json!([]), json!({}), json!("9999-12-31T23:59:59.999Z")];
            *value = edges[dice.below(edges.len())].clone();
        }
    }
}

/// The places of all values.
fn collect(value: &Value, here: String, places: &mut Vec<String>) {
    match value {
        Value::Array(list) => {
            list.iter().enumerate().for_each(|(at, one)| collect(one, format!("{here}/{at}"), places));
        }
        Value::Object(fields) => fields.iter().for_each(|(name, one)| {
            collect(one, format!("{here}/{}", name.replace('~', "~0").replace('/', "~1")), places);
        }),
        _ => {}
    }
    places.push(here);
}

fn near(number: &serde_json::Number, dice: &mut Dice) -> serde_json::Number {
    let now = number.as_i64().unwrap_or_default();
    let edges = [0, 1, -1, i64::MAX, i64::MIN, u32::MAX.into(), u16::MAX.into(), u8::MAX.into()];
    match dice.below(6) {
        0 => now.wrapping_add(1),
        1 => now.wrapping_sub(1),
        2 => now.wrapping_mul(2),
        3 => now.wrapping_neg(),
        _ => edges[dice.below(edges.len())],
    }
    .into()
}

/// Another digit somewhere: another amount, another instant, another id.
fn digits(text: &str, dice: &mut Dice) -> String {
    let places: Vec<usize> =
        text.char_indices().filter(|(_, c)| c.is_ascii_digit()).map(|(at, _)| at).collect();
    let Some(at) = places.get(dice.below(places.len())) else { return format!("{text}1") };
    let digit = dice.below(10);
    format!("{}{digit}{}", &text[..*at], &text[at + 1..])
}

/// Xorshift: the same seed is the same change.
struct Dice(u64);

impl Dice {
    /// Zero where there is nothing to choose from.
    fn below(&mut self, most: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 16).unwrap_or(0).checked_rem(most).unwrap_or(0)
    }
}
