//! Stored deals say what they are, and nothing else is taken.

use crate::bad_input::documents::{deals, two_of_each};
use crate::bad_input::tampering::runs_to_its_end;
use crate::bad_input::{faithful, names_missing_fields, refuses_unknown_fields, refuses_wrong_types};
use crate::common::*;
use escrow::deal::Parts;
use escrow::terms::{OnSilence, Terms};
use escrow::wire::DealSummary;
use escrow::{Award, Deal, Policy};
use serde_json::Value;

#[test]
fn unknown_fields_and_schemas_are_refused() {
    let w = eventful();
    let honest = serde_json::to_value(&w.deal).unwrap();
    for path in [
        "",
        "/state",
        "/state/books/deposits/0",
        "/state/books/legs/0",
        "/state/books/transactions/0",
        "/terms",
    ] {
        let mut forged = honest.clone();
        let place = forged.pointer_mut(path).unwrap().as_object_mut().unwrap();
        place.insert("extra".to_owned(), Value::from(1));
        assert!(serde_json::from_value::<Deal>(forged).is_err(), "{path}");
    }
    let draft = w.deal.terms().to_draft();
    assert!(Terms::new(draft).is_ok());
    let silent = OnSilence::Accept;
    assert_eq!(serde_json::to_value(silent).unwrap(), "accept");
}

#[test]
fn a_stored_dispute_agrees_with_its_deal() {
    let refused = |w: &World, from: &str, to: &str| {
        let stored = json(&w.deal);
        let at = stored.rfind(from).unwrap();
        let tampered = format!("{}{to}{}", &stored[..at], &stored[at + from.len()..]);
        serde_json::from_str::<Deal>(&tampered).unwrap_err().to_string()
    };
    let w = World::arbitrated(plain(Policy::shop()));
    for (from, to) in [
        (r#""stage":"arbitration""#, r#""stage":"negotiation""#),
        (r#""buyers_openings":1"#, r#""buyers_openings":0"#),
        (r#""buyers_openings":1"#, r#""buyers_openings":5"#),
        (r#""opened_by":{"party":"buyer"}"#, r#""opened_by":{"party":"seller"}"#),
    ] {
        assert!(refused(&w, from, to).contains("state.quarrel.dispute"), "{from}");
    }
    // a ruling for the buyer is not made one for the seller, nor a cancellation a success
    let mut w = work();
    w.act(&judge(), rule(Award::BuyerAll));
    w.done_all();
    for (from, to) in [
        (r#","award":"buyer_all""#, r#","award":"seller_all""#),
        (r#"{"award":"buyer_all","by"#, r#"{"award":"seller_all","by"#),
        (r#"{"closed":{"outcome":"resolved"}}"#, r#"{"closed":{"outcome":"completed"}}"#),
    ] {
        assert!(refused(&w, from, to).contains("state.clockwork.ended"), "{from}");
    }
}

#[test]
fn stored_deals_are_faithful_and_refuse_what_they_do_not_know() {
    for (name, deal) in deals() {
        let document = serde_json::to_value(&deal).unwrap();
        assert_eq!(serde_json::to_value(faithful::<Deal>(&document)).unwrap(), document, "{name}");
        let parts = faithful::<Parts>(&document);
        assert_eq!(parts.restore().as_ref(), Ok(&deal), "{name}");
        let summary = serde_json::to_value(DealSummary::from(&deal)).unwrap();
        faithful::<DealSummary>(&summary);
        refuses_unknown_fields::<DealSummary>(&summary);
    }
}

#[test]
fn stored_deals_refuse_wrong_types() {
    for (_, deal) in two_of_each() {
        let document = serde_json::to_value(&deal).unwrap();
        refuses_unknown_fields::<Deal>(&document);
        refuses_wrong_types::<Deal>(&document);
        names_missing_fields::<Deal>(&document);
    }
}

#[test]
fn what_is_stored_runs_to_its_end() {
    for (name, deal) in deals() {
        runs_to_its_end(&deal).unwrap_or_else(|e| panic!("{name}: {e}"));
    }
}
