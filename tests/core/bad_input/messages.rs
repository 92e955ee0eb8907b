//! Every command, every event.

use std::collections::BTreeSet;
use std::fmt::Debug;

use crate::bad_input::documents::{commands, envelope, events, recorded};
use crate::bad_input::{decode, faithful, names_missing_fields, refuses_unknown_fields, refuses_wrong_types};
use escrow::deal::Event;
use escrow::wire::Envelope;
use escrow::{Command, Recorded};
use serde::de::DeserializeOwned;
use serde_json::json;

#[test]
fn every_command_is_sampled_and_faithful() {
    let all = variants::<Command>();
    let sampled: BTreeSet<String> =
        commands().iter().map(|c| c["type"].as_str().unwrap().to_owned()).collect();
    assert_eq!(sampled, all);
    for document in commands() {
        let command = faithful::<Command>(&document);
        assert_eq!(serde_json::to_value(&command).unwrap()["type"], document["type"]);
        refuses_unknown_fields::<Command>(&document);
        refuses_wrong_types::<Command>(&document);
        names_missing_fields::<Command>(&document);
    }
}

#[test]
fn every_event_is_sampled_and_faithful() {
    let all = variants::<Event>();
    let sampled: BTreeSet<String> = events().iter().map(|c| c["type"].as_str().unwrap().to_owned()).collect();
    assert_eq!(sampled, all);
    for document in events() {
        let event = faithful::<Event>(&document);
        assert_eq!(serde_json::to_value(&event).unwrap()["type"], document["type"]);
        refuses_unknown_fields::<Event>(&document);
        refuses_wrong_types::<Event>(&document);
        names_missing_fields::<Event>(&document);
        let whole = envelope(&document);
        faithful::<Envelope>(&whole);
        refuses_unknown_fields::<Envelope>(&whole);
        let whole = recorded(&document);
        faithful::<Recorded>(&whole);
        refuses_unknown_fields::<Recorded>(&whole);
    }
    let whole = envelope(&events()[0]);
    refuses_wrong_types::<Envelope>(&whole);
    names_missing_fields::<Envelope>(&whole);
}

/// The names of all variants, as the decoder itself lists them.
fn variants<T: DeserializeOwned + Debug>() -> BTreeSet<String> {
    let error = decode::<T>(&json!({ "type": "no_such_thing" })).unwrap_err();
    assert!(error.starts_with("unknown variant `no_such_thing`, expected one of "), "{error}");
    let mut quoted = error.split('`').skip(3);
    let mut names = BTreeSet::new();
    while let Some(name) = quoted.next() {
        names.insert(name.to_owned());
        quoted.next();
    }
    names
}

#[test]
fn a_tag_is_needed_once_and_as_a_text() {
    for text in [
        r#"{}"#,
        r#"{"type":null}"#,
        r#"{"type":5}"#,
        r#"{"type":""}"#,
        r#"{"type":"Wake"}"#,
        r#"{"type":["wake"]}"#,
        r#"{"type":"wake","type":"wake"}"#,
        r#""wake""#,
        r#"{"wake":{}}"#,
        r#"null"#,
        r#""#,
        r#"{"type":"wake"} trailing"#,
    ] {
        let error = serde_json::from_str::<Command>(text).unwrap_err().to_string();
        assert!(!error.is_empty(), "{text}");
        serde_json::from_str::<Event>(text).unwrap_err();
    }
}
