//! When two machines are the same state: the hash of what is stored, without what no rule reads, with every instant relative
//! to now. A field that this file does not know is kept, so that a new one can only split states, never merge them.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};

use escrow::Time;
use serde_json::Value;

/// What no rule reads: counters that a sink locks on, instants of the past that are only reported, and words.
const INERT: &[&str] = &[
    "progress",
    "revision_seen",
    "created_at",
    "last_at",
    "ordered_at",
    "opened_at",
    "settled_at",
    "status_change",
    "joint_change",
    "reason",
    "comment",
];

/// The parts of a deal's clockwork that count events.
const COUNTERS: &[&str] = &["version", "revision"];

/// The hash of a stored state at an instant.
pub fn key(stored: &Value, now: Time) -> u64 {
    let mut hasher = DefaultHasher::new();
    write(stored, now, &mut hasher);
    hasher.finish()
}

/// The hash of a text.
pub fn name(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}

fn write(value: &Value, now: Time, hasher: &mut DefaultHasher) {
    match value {
        Value::Null => 0_u8.hash(hasher),
        Value::Bool(known) => (1_u8, known).hash(hasher),
        Value::Number(number) => (2_u8, number.to_string()).hash(hasher),
        Value::String(text) => match instant(text) {
            // how long ago something was is read by no rule: what is over is over
            Some(at) => (3_u8, (at.millis() - now.millis()).max(0)).hash(hasher),
            None => (4_u8, text).hash(hasher),
        },
        Value::Array(values) => {
            (5_u8, values.len()).hash(hasher);
            values.iter().for_each(|value| write(value, now, hasher));
        }
        Value::Object(fields) => {
            let counts = fields.contains_key("last_at");
            6_u8.hash(hasher);
            for (field, value) in fields {
                let inert = INERT.contains(&field.as_str()) || counts && COUNTERS.contains(&field.as_str());
                if field == "concluded_at" {
                    paid_at(value, fields, now).hash(hasher);
                } else if !inert {
                    field.hash(hasher);
                    write(value, now, hasher);
                }
            }
            7_u8.hash(hasher);
        }
    }
}

/// How long ago a deal was paid is read of one that has not begun, by the stop of its project.
fn paid_at(value: &Value, clockwork: &serde_json::Map<String, Value>, now: Time) -> Option<i64> {
    let phase = clockwork.get("phase")?;
    let waits = ["moderation", "awaiting_performance"].iter().any(|kind| phase.get(kind).is_some());
    let at = value.as_str().and_then(instant).filter(|_| waits)?;
    Some(at.millis() - now.millis())
}

fn instant(text: &str) -> Option<Time> {
    let looks = text.len() >= 20 && text.ends_with('Z') && text.as_bytes().get(10) == Some(&b'T');
    looks.then(|| Time::parse(text).ok()).flatten()
}
