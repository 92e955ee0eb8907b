//! Documents that were changed at random.

use std::fmt::Debug;

use crate::bad_input::documents::{SCENARIOS, commands, deals, envelope, events, recorded, scenario, terms};
use crate::bad_input::{decode, nodes};
use escrow::deal::command::Wake;
use escrow::deal::{Event, Parts};
use escrow::wire::Envelope;
use escrow::{Command, Context, Deal, Recorded, Terms, TermsDraft, Time};
use escrow_testing::scenario::{Scenario, run};
use proptest::prelude::*;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

/// One change: at which node, what with.
#[derive(Clone, Debug)]
enum Change {
    Replace(Value),
    /// By a copy of another node of the document.
    Copy(prop::sample::Index),
    Remove,
    Rename(String),
    Add(String, Value),
    Swap(prop::sample::Index, prop::sample::Index),
}

fn scalar() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (-3_i64..300).prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "\\PC{0,12}".prop_map(Value::from),
        "-?[0-9]{1,20}(\\.[0-9]{1,3})?%?".prop_map(Value::from),
        prop::sample::select(vec![
            "buyer",
            "seller",
            "platform",
            "RUB",
            "USD",
            "charge_1",
            "success",
            "balance",
            "1970-01-01T00:00:00Z",
            "9999-12-31T23:59:59.999Z"
        ])
        .prop_map(Value::from),
        Just(json!([])),
        Just(json!({})),
    ]
}

fn change() -> impl Strategy<Value = (prop::sample::Index, Change)> {
    let change = prop_oneof![
        6 => scalar().prop_map(Change::Replace),
        3 => any::<prop::sample::Index>().prop_map(Change::Copy),
        2 => Just(Change::Remove),
        1 => "[a-z_]{1,12}".prop_map(Change::Rename),
        1 => ("[a-z_]{1,12}", scalar()).prop_map(|(name, value)| Change::Add(name, value)),
        2 => any::<(prop::sample::Index, prop::sample::Index)>().prop_map(|(i, j)| Change::Swap(i, j)),
    ];
    (any::<prop::sample::Index>(), change)
}

fn apply(document: &mut Value, at: &str, change: &Change) {
    match change {
        Change::Replace(value) => *document.pointer_mut(at).unwrap() = value.clone(),
        Change::Copy(from) => {
            let all = nodes(document);
            let copy = document.pointer(&all[from.index(all.len())]).unwrap().clone();
            *document.pointer_mut(at).unwrap() = copy;
        }
        Change::Remove | Change::Rename(_) => {
            let Some((parent, name)) = at.rsplit_once('/') else { return };
            match document.pointer_mut(parent).unwrap() {
                Value::Object(fields) => {
                    let value = fields.remove(name).unwrap();
                    if let Change::Rename(other) = change {
                        fields.insert(other.clone(), value);
                    }
                }
                Value::Array(items) => drop(items.remove(name.parse().unwrap())),
                _ => {}
            }
        }
        Change::Add(name, value) => match document.pointer_mut(at).unwrap() {
            Value::Object(fields) => drop(fields.insert(name.clone(), value.clone())),
            Value::Array(items) => items.push(value.clone()),
            other => *other = value.clone(),
        },
        Change::Swap(i, j) => {
            if let Value::Array(items) = document.pointer_mut(at).unwrap()
                && !items.is_empty()
            {
                let count = items.len();
                items.swap(i.index(count), j.index(count));
            }
        }
    }
}

/// Either it is refused, with a reason; or it is a value, which encodes and decodes to itself.
fn refused_or_faithful<T: DeserializeOwned + Serialize + PartialEq + Debug>(text: &str) -> Option<T> {
    match serde_json::from_str::<T>(text) {
        Err(error) => {
            assert!(!error.to_string().is_empty());
            None
        }
        Ok(value) => {
            let encoded = serde_json::to_string(&value).unwrap();
            let again: T = serde_json::from_str(&encoded).unwrap_or_else(|e| panic!("{e}: {encoded}"));
            assert_eq!(again, value);
            assert_eq!(serde_json::to_string(&again).unwrap(), encoded);
            Some(value)
        }
    }
}

fn any_document() -> impl Strategy<Value = Value> {
    use std::sync::LazyLock;
    static ALL: LazyLock<Vec<Value>> = LazyLock::new(|| {
        let mut all = vec![scenario(), terms()];
        all.extend(SCENARIOS.iter().map(|(_, text)| serde_json::from_str(text).unwrap()));
        all.extend(commands());
        for event in events() {
            all.push(envelope(&event));
            all.push(recorded(&event));
            all.push(event);
        }
        all
    });
    prop::sample::select(&ALL[..])
}

fn any_deal() -> impl Strategy<Value = Value> {
    use std::sync::LazyLock;
    static ALL: LazyLock<Vec<Value>> =
        LazyLock::new(|| deals().iter().map(|(_, deal)| serde_json::to_value(deal).unwrap()).collect());
    prop::sample::select(&ALL[..])
}

fn mutated(document: impl Strategy<Value = Value>) -> impl Strategy<Value = String> {
    (document, prop::collection::vec(change(), 1..4)).prop_map(|(mut document, changes)| {
        for (at, change) in changes {
            let all = nodes(&document);
            apply(&mut document, &all[at.index(all.len())], &change);
        }
        document.to_string()
    })
}

/// Bytes of the text itself, changed, doubled or missing.
fn scrambled(document: impl Strategy<Value = Value>) -> impl Strategy<Value = String> {
    let change = (any::<prop::sample::Index>(), any::<u8>(), 0..3_u8);
    (document, prop::collection::vec(change, 1..4)).prop_map(|(document, changes)| {
        let mut bytes = document.to_string().into_bytes();
        for (at, byte, how) in changes {
            let at = at.index(bytes.len());
            match how {
                0 => bytes[at] = byte,
                1 => bytes.insert(at, bytes[at]),
                _ => drop(bytes.remove(at)),
            }
        }
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

fn decode_as_anything(text: &str) {
    refused_or_faithful::<Command>(text);
    refused_or_faithful::<Event>(text);
    refused_or_faithful::<Envelope>(text);
    refused_or_faithful::<Recorded>(text);
    refused_or_faithful::<TermsDraft>(text);
    refused_or_faithful::<Terms>(text);
    if let Ok(scenario) = Scenario::from_json(text) {
        let report = run(&scenario);
        assert_eq!(report.invariants.violations, Vec::<String>::new());
        serde_json::to_string(&report).unwrap();
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn changed_documents_are_refused_or_mean_something(text in mutated(any_document())) {
        decode_as_anything(&text);
    }

    #[test]
    fn changed_texts_are_refused_or_mean_something(text in scrambled(any_document())) {
        decode_as_anything(&text);
    }

    #[test]
    fn changed_deals_are_refused_or_keep_every_invariant(text in mutated(any_deal())) {
        if let Some(mut deal) = refused_or_faithful::<Deal>(&text) {
            prop_assert_eq!(deal.check(), Ok(()));
            refused_or_faithful::<Parts>(&text).unwrap();
            // nothing that can be asked of it panics
            for command in commands() {
                let command: Command = decode(&command).unwrap();
                for actor in ["anna", "boris", "judge", "insurer"] {
                    let _ = escrow::transition(&deal, &command, &Context::party(deal.last_at(), actor.parse().unwrap()));
                }
                let _ = escrow::transition(&deal, &command, &Context::gateway(deal.last_at()));
            }
            let _ = deal.handle(&Wake {}.into(), &Context::clock(Time::MAX));
        }
    }

    #[test]
    fn changed_deal_texts_are_refused_or_keep_every_invariant(text in scrambled(any_deal())) {
        if let Some(deal) = refused_or_faithful::<Deal>(&text) {
            prop_assert_eq!(deal.check(), Ok(()));
        }
    }
}
