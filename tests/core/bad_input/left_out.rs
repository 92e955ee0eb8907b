//! What may be left out of what is stored or sent, and what must not be.

use crate::bench_support::{at, draft, happy_path, proposed, proposer, rub, run, terms};
use escrow::deal::command::{Chargeback, ChargebackStep};
use escrow::terms::Consent;
use escrow::{Context, Deal, Terms};
use serde_json::Value;

fn without(deal: &Deal, object: &str, field: &str) -> serde_json::Result<Deal> {
    let mut document = serde_json::to_value(deal).unwrap();
    let fields = document.pointer_mut(object).and_then(Value::as_object_mut).unwrap();
    assert!(fields.remove(field).is_some(), "{object}/{field}: {fields:?}");
    serde_json::from_value(document)
}

/// A chargeback is booked, not ordered: whatever is missing of it, no gateway is asked to pay it.
#[test]
fn a_booked_chargeback_never_becomes_an_order() {
    let (mut deal, _) = proposed(&terms());
    for step in &happy_path()[..2] {
        run(&mut deal, &step.command, &step.context);
    }
    for (secs, step) in [(130, ChargebackStep::Opened), (140, ChargebackStep::Lost)] {
        let payment = ("bank".parse().unwrap(), "pay-1".parse().unwrap());
        let command = Chargeback::new("cb-1".parse().unwrap(), payment, rub(1_000), step);
        run(&mut deal, &command.into(), &Context::gateway(at(secs)));
    }
    let document = serde_json::to_value(&deal).unwrap();
    let case = document.pointer("/state/books/cases/0").and_then(Value::as_object).unwrap();
    let pending = |deal: &Deal| deal.pending().map(|o| o.key.to_string()).collect::<Vec<_>>();
    for field in case.keys() {
        if let Ok(other) = without(&deal, "/state/books/cases/0", field) {
            assert_eq!(pending(&other), pending(&deal), "without {field}");
        }
    }
}

/// What nobody says is not a consent.
#[test]
fn an_absent_consent_is_none() {
    let mut draft = draft();
    draft.policy.consent = Consent::Explicit;
    let terms = std::sync::Arc::new(Terms::new(draft).unwrap());
    let (deal, _) = Deal::propose(crate::bench_support::id(), terms, &proposer()).unwrap();
    assert!(!deal.consents().all());
    if let Ok(other) = without(&deal, "/state/agreement", "consents") {
        assert_eq!(other.consents(), deal.consents());
    }
}
