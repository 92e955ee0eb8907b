//! Every single number of a snapshot, one more and one less.

use crate::common::*;
use escrow::Deal;
use serde_json::Value;

/// Every path to a number, or to an amount, below a value.
fn numbers(value: &Value, path: &str, found: &mut Vec<String>) {
    match value {
        Value::Number(_) => found.push(path.to_owned()),
        Value::String(s) if (path.ends_with("/amount") || path.ends_with("/required")) && s.contains('.') => {
            found.push(path.to_owned())
        }
        Value::Array(list) => {
            list.iter().enumerate().for_each(|(i, v)| numbers(v, &format!("{path}/{i}"), found));
        }
        Value::Object(map) => map.iter().for_each(|(k, v)| numbers(v, &format!("{path}/{k}"), found)),
        _ => {}
    }
}

#[test]
fn a_single_number_that_was_changed_is_refused() {
    let w = eventful();
    let honest = serde_json::to_value(&w.deal).unwrap();
    let mut paths = Vec::new();
    for part in ["deposits", "transactions", "legs", "cases", "debts"] {
        if let Some(value) = honest["state"]["books"].get(part) {
            numbers(value, &format!("/state/books/{part}"), &mut paths);
        }
    }
    assert!(paths.len() > 60, "{}", paths.len());
    // facts that nothing else repeats: what a charge came to, what an attempt that failed was about, and what a bank has
    // told of
    let alone = [
        "/state/books/deposits/4/required",
        "/state/books/transactions/8/amount",
        "/state/books/cases/0/opened/0/amount",
        "/state/books/cases/0/parts/0/amount",
        "/state/books/cases/0/parts/0/at",
    ];
    // these have a test of their own: `sources_are_checked_on_decoding`
    let elsewhere = |path: &str| {
        path.ends_with("/returned") || path.starts_with("/state/books/legs") && path.ends_with("/source")
    };
    paths.retain(|path| !alone.contains(&path.as_str()) && !elsewhere(path));
    let mut accepted = Vec::new();
    for path in paths {
        for up in [true, false] {
            let mut forged = honest.clone();
            let value = forged.pointer_mut(&path).unwrap();
            *value = match &*value {
                Value::Number(n) => {
                    let n = n.as_i64().unwrap();
                    Value::from(if up { n + 1 } else { n - 1 })
                }
                Value::String(s) => {
                    let (amount, currency) = s.split_once(' ').unwrap_or((s, ""));
                    let minor: i64 = amount.replace('.', "").parse().unwrap();
                    let minor = if up { minor + 1 } else { minor - 1 };
                    let sign = if minor < 0 { "-" } else { "" };
                    let text = format!("{sign}{}.{:02} {currency}", minor.abs() / 100, minor.abs() % 100);
                    Value::from(text.trim_end())
                }
                _ => unreachable!(),
            };
            match serde_json::from_value::<Deal>(forged) {
                Ok(_) => accepted.push(format!("{path} {}", if up { "+1" } else { "-1" })),
                Err(error) => {
                    let error = error.to_string();
                    let named = error.contains("state.") || error.contains("invalid value");
                    assert!(named, "{path}: {error}");
                }
            }
        }
    }
    assert_eq!(accepted, Vec::<String>::new());
}

#[test]
fn sources_are_checked_on_decoding() {
    let w = eventful();
    let honest = serde_json::to_value(&w.deal).unwrap();
    let mut paths = Vec::new();
    numbers(&honest["state"]["books"]["transactions"], "/state/books/transactions", &mut paths);
    numbers(&honest["state"]["books"]["legs"], "/state/books/legs", &mut paths);
    paths
        .retain(|p| p.ends_with("/returned") || p.starts_with("/state/books/legs") && p.ends_with("/source"));
    for path in paths {
        for change in [1, -1] {
            let mut forged = honest.clone();
            let value = forged.pointer_mut(&path).unwrap();
            *value = Value::from(value.as_i64().unwrap() + change);
            assert!(serde_json::from_value::<Deal>(forged).is_err(), "{path} {change:+}");
        }
    }
}
