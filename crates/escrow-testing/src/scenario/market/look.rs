//! Whether a machine is as expected: what is written is looked at, and nothing else.

use escrow::Money;
use serde_json::Value;

/// What is not as expected, each with where it is.
pub(super) fn look(at: &str, expected: &Value, got: &Value, differences: &mut Vec<String>) {
    let differs = |differences: &mut Vec<String>| {
        differences.push(format!("{at}: expected {}, got {}", short(expected), short(got)));
    };
    if let (Some(expected), Some(got)) = (money(expected), money(got)) {
        if expected != got {
            differs(differences);
        }
        return;
    }
    match (expected, got) {
        (Value::Object(fields), Value::Object(known)) => {
            for (field, value) in fields {
                let at = format!("{at}.{field}");
                match known.get(field) {
                    Some(got) => look(&at, value, got, differences),
                    None => differences.push(format!("{at}: there is no such field")),
                }
            }
        }
        (Value::Array(wanted), Value::Array(entries)) => look_at_list(at, wanted, entries, differences),
        (expected, got) => {
            if expected != got {
                differs(differences);
            }
        }
    }
}

/// Lists have the same length, and their entries come in any order.
fn look_at_list(at: &str, wanted: &[Value], entries: &[Value], differences: &mut Vec<String>) {
    let mut left: Vec<(usize, &Value)> = entries.iter().enumerate().collect();
    let fits = |expected: &Value, got: &Value| {
        let mut found = Vec::new();
        look("", expected, got, &mut found);
        found.is_empty()
    };
    for (n, expected) in wanted.iter().enumerate() {
        // the one in its place first: then an entry that says little takes no other's
        let place = left.iter().position(|(i, got)| *i == n && fits(expected, got));
        let place = place.or_else(|| left.iter().position(|(_, got)| fits(expected, got)));
        match place {
            Some(place) => {
                left.remove(place);
            }
            None => differences.push(format!("{at}: missing: {}", short(expected))),
        }
    }
    differences.extend(left.iter().map(|(_, got)| format!("{at}: not expected: {}", short(got))));
}

/// Equal sums are equal, however their zeros are written.
fn money(value: &Value) -> Option<Money> {
    let object = value.as_object().filter(|object| object.len() == 2)?;
    object.get("amount").zip(object.get("currency"))?;
    serde_json::from_value(value.clone()).ok()
}

fn short(value: &Value) -> String {
    match money(value) {
        Some(money) => money.to_string(),
        None => value.to_string(),
    }
}
