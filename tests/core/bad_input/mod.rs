//! What comes from outside is not trusted: scenarios, terms, commands, events, envelopes, snapshots. Whatever is wrong
//! with them is a typed error that names the field and says why; nothing panics.

mod contents;
pub mod documents;
mod journals;
mod left_out;
mod messages;
mod numbers;
mod random;
mod scenarios;
mod stored;
mod tampering;
mod terms;

use std::fmt::Debug;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

/// Where every node of a document stands, as JSON pointers.
pub fn nodes(value: &Value) -> Vec<String> {
    fn walk(value: &Value, at: &str, out: &mut Vec<String>) {
        out.push(at.to_owned());
        match value {
            Value::Object(fields) => {
                fields.iter().for_each(|(name, field)| walk(field, &format!("{at}/{name}"), out));
            }
            Value::Array(items) => {
                items.iter().enumerate().for_each(|(i, item)| walk(item, &format!("{at}/{i}"), out));
            }
            _ => {}
        }
    }
    let mut out = Vec::new();
    walk(value, "", &mut out);
    out
}

pub fn with(document: &Value, at: &str, value: Value) -> Value {
    let mut changed = document.clone();
    match changed.pointer_mut(at) {
        Some(node) => *node = value,
        None => {
            let (parent, name) = at.rsplit_once('/').unwrap();
            changed.pointer_mut(parent).unwrap().as_object_mut().unwrap().insert(name.to_owned(), value);
        }
    }
    changed
}

pub fn without(document: &Value, at: &str) -> Value {
    let mut changed = document.clone();
    let (parent, name) = at.rsplit_once('/').unwrap();
    changed.pointer_mut(parent).unwrap().as_object_mut().unwrap().remove(name).unwrap();
    changed
}

pub fn decode<T: DeserializeOwned>(document: &Value) -> Result<T, String> {
    serde_json::from_str(&document.to_string()).map_err(|e| e.to_string())
}

/// It decodes, and says the same when it is encoded again.
pub fn faithful<T: DeserializeOwned + Serialize + PartialEq + Debug>(document: &Value) -> T {
    let value: T = decode(document).unwrap_or_else(|e| panic!("{e}: {document}"));
    let encoded = serde_json::to_value(&value).unwrap();
    assert_eq!(decode::<T>(&encoded).as_ref(), Ok(&value));
    value
}

/// Every way to put a wrong type into a document is refused.
pub fn refuses_wrong_types<T: DeserializeOwned + Debug>(document: &Value) {
    // the terms inside of something else have a test of their own
    for at in nodes(document).iter().filter(|at| !at.contains("terms/")) {
        let node = document.pointer(at).unwrap();
        let wrong = match node {
            Value::String(_) => {
                vec![json!(5), json!(5.5), json!(true), json!(["a", "b", "c"]), json!({ "a": "b" })]
            }
            Value::Number(_) => {
                let too_large = serde_json::from_str("18446744073709551616").unwrap();
                vec![json!("5"), json!(-1), json!(0.5), json!(true), json!([1]), json!({ "a": 1 }), too_large]
            }
            Value::Bool(_) => vec![json!("true"), json!(1), json!([true])],
            Value::Array(_) => vec![json!("a"), json!(1), json!({ "0": 1 })],
            Value::Object(_) => {
                vec![json!("nothing of the kind"), json!(1), json!([[], [], [], [], [], [], [], [], []])]
            }
            Value::Null => vec![],
        };
        for wrong in wrong {
            let changed = with(document, at, wrong.clone());
            if let Ok(value) = decode::<T>(&changed) {
                panic!("{at}: {wrong} instead of {node} was taken: {value:?}");
            }
        }
    }
}

/// In every object, at any depth, a field that nobody knows is refused, with its name.
pub fn refuses_unknown_fields<T: DeserializeOwned + Debug>(document: &Value) {
    for at in nodes(document).into_iter().filter(|at| !at.contains("terms/")) {
        if document.pointer(&at).unwrap().is_object() {
            let changed = with(document, &format!("{at}/surprise"), json!(1));
            match decode::<T>(&changed) {
                Ok(value) => panic!("{at}: an unknown field was taken: {value:?}"),
                // enums that are written as an object have one key: a second one is no field
                Err(e) => assert!(
                    e.contains("surprise") || e.contains("single key") || e.contains("expected"),
                    "{at}: {e}"
                ),
            }
        }
    }
}

/// A field that is missing is either optional, or its name is in the error.
pub fn names_missing_fields<T: DeserializeOwned + Debug + Serialize + PartialEq>(document: &Value) {
    for at in nodes(document).into_iter().filter(|at| !at.contains("terms/")) {
        let Some((parent, name)) = at.rsplit_once('/') else { continue };
        if !document.pointer(parent).unwrap().is_object() {
            continue;
        }
        let changed = without(document, &at);
        match decode::<T>(&changed) {
            Ok(_) => drop(faithful::<T>(&changed)),
            // what an enum is written as has no fields, and some fields are missed by a rule only
            Err(e) => assert!(e.contains(&format!("`{name}`")) || !e.contains("missing field"), "{at}: {e}"),
        }
    }
}
