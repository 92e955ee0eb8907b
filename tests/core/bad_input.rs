//! What comes from outside is not trusted: scenarios, terms, commands, events, envelopes, snapshots. Whatever is wrong
//! with them is a typed error that names the field and says why; nothing panics.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::arithmetic_side_effects, clippy::wildcard_enum_match_arm)]

use std::collections::BTreeSet;
use std::fmt::Debug;

use escrow::Recorded;
use escrow::deal::command::{Answer, Answered, Chargeback, ChargebackStep, Wake};
use escrow::deal::{Event, Parts, PhaseKind};
use escrow::wire::{DealSummary, Envelope};
use escrow::{Command, Context, Deal, DecodeError, PartyId, Terms, TermsDraft, Time};
use escrow_testing::scenario::{Scenario, ScenarioError, run};
use proptest::prelude::*;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

// --- documents ---

const SCENARIOS: [(&str, &str); 7] = [
    ("a-shop-sale", include_str!("../../examples/scenarios/a-shop-sale.json")),
    ("b-moderated", include_str!("../../examples/scenarios/b-moderated.json")),
    ("c-buyer-cancels-late", include_str!("../../examples/scenarios/c-buyer-cancels-late.json")),
    ("d-never-shipped", include_str!("../../examples/scenarios/d-never-shipped.json")),
    ("e-partial-buyout", include_str!("../../examples/scenarios/e-partial-buyout.json")),
    ("f-late-payment", include_str!("../../examples/scenarios/f-late-payment.json")),
    ("g-payout-redirected", include_str!("../../examples/scenarios/g-payout-redirected.json")),
];

fn rub(amount: &str) -> Value {
    json!({ "amount": amount, "currency": "RUB" })
}

/// Terms with everything that terms can have.
fn terms() -> Value {
    json!({
        "buyer": "anna",
        "seller": "boris",
        "arbiter": "judge",
        "currency": "RUB",
        "items": [
            { "name": "Lamp", "unit_price": rub("500"), "quantity": 2, "sku": "L-1", "description": "Green", "unit": "pcs" },
            { "name": "Bulb", "unit_price": rub("50.50") },
        ],
        "services": [
            { "name": "Delivery", "description": "CDEK", "original_cost": rub("400"), "final_cost": rub("350"), "payer": "buyer", "provider": "seller" },
            { "name": "Insurance", "final_cost": rub("40"), "payer": { "shared": "50%" }, "provider": { "third": "insurer" } },
        ],
        "fees": [
            { "id": "platform", "payee": "platform", "rate": "5%", "base": "price", "fixed": rub("1"), "min": rub("2"), "max": rub("9000"), "payer": "seller", "on_refund": "keep" },
            { "id": "carved", "payee": { "partner": "agent" }, "rate": "1%", "base": "order", "out_of": "platform" },
        ],
        "pay_offline": rub("100"),
        "guarantees": { "buyer": { "amount": "5.00000001", "currency": "COIN.8" }, "seller": rub("70") },
        "description": "A lamp and a bulb",
        "conditions": "New",
        "order_id": "ORDER-1",
        "tags": ["light"],
        "contacts": { "buyer": "contact-1", "seller": "contact-2" },
        "delivery": { "parcel": { "method": "CDEK" } },
        "policy": policy(),
    })
}

fn policy() -> Value {
    let mut policy = serde_json::to_value(escrow::Policy::marketplace()).unwrap();
    policy["arbitration_fee"] =
        json!({ "payee": "platform", "rate": "3%", "fixed": rub("1"), "min": rub("1"), "max": rub("500") });
    policy
}

/// A scenario with a bit of everything, for errors that name their field.
fn scenario() -> Value {
    let mut terms = terms();
    terms["policy"] = json!({ "preset": "marketplace" });
    json!({
        "name": "Sample",
        "about": "For errors",
        "id": "00000000-0000-0000-0000-000000000001",
        "start": "2026-03-01T12:00:00Z",
        "proposed_by": "seller",
        "terms": terms,
        "gateway": [{ "kind": "payout", "payee": "seller", "times": 2, "behaviour": "decline" }],
        "steps": [
            { "after": "5m", "by": "buyer", "via": "market", "seen": 1, "do": { "type": "cancel", "reason": "No" }, "expect": "accepted", "expect_status": "cancelled" },
            { "at": "2026-03-02T12:00:00Z", "do": { "type": "pay", "deposit": "buyer_payment", "amount": rub("1"), "held_until": "2026-03-09T12:00:00Z", "reference": "p" } },
            { "do": { "type": "resume" } },
            { "do": { "type": "preview", "ending": { "cancelled": "buyer" } } },
            { "by": "operator", "do": { "type": "amend", "from_version": 1, "terms": terms } },
            { "by": { "party": "insurer" }, "do": { "type": "post", "reference": "m-1" } },
        ],
        "finish": false,
        "expect": { "status": "cancelled", "outcome": "cancelled", "legs": [{ "payee": "buyer", "purpose": "refund", "amount": rub("1") }], "receivables": [] },
    })
}

/// One of every command, in every form that differs.
fn commands() -> Vec<Value> {
    let track = json!({ "tracker": "cdek", "code": "1105678" });
    vec![
        json!({ "type": "amend", "from_version": 1, "terms": terms() }),
        json!({ "type": "agree", "terms_version": 1, "payment": { "deposit": "buyer_payment", "gateway": "bank", "reference": "wm-1" } }),
        json!({ "type": "request_payment", "key": "k", "deposit": "charge_1", "amount": rub("5"), "form": { "method": "card", "return_urls": { "success_url": "https://a.example", "fail_url": "https://b.example" } } }),
        json!({ "type": "confirm_payment", "deposit": "seller_guarantee", "gateway": "bank", "reference": "p-1", "amount": rub("5"), "transaction": 1, "held_until": "2026-03-09T12:00:00Z" }),
        json!({ "type": "approve" }),
        json!({ "type": "remark", "remark": "Pack it" }),
        json!({ "type": "attach", "attachment": { "id": "f-1", "description": "A photo", "mime": "image/png", "size": 1024, "digest": "sha256:00" } }),
        json!({ "type": "set_track", "track": track }),
        json!({ "type": "remove_track" }),
        json!({ "type": "record_tracking", "track": track, "checkpoint": { "id": "1", "kind": "progress", "occurred_at": "2026-03-02T12:00:00Z", "title": "Sent", "location": "Moscow" } }),
        json!({ "type": "start_performing" }),
        json!({ "type": "stop_performing" }),
        json!({ "type": "submit", "number": 1, "revision": { "preview": "p", "original": "o", "digest": "d" } }),
        json!({ "type": "request_changes", "number": 1, "comment": "Greener" }),
        json!({ "type": "accept" }),
        json!({ "type": "accept", "quantities": [1, 0] }),
        json!({ "type": "report", "verdict": "failure" }),
        json!({ "type": "incur_cost", "service": 1, "evidence": "policy-77" }),
        json!({ "type": "add_charge", "key": "c", "payer": "buyer", "payee": { "party": "insurer" }, "amount": rub("5"), "reason": "More" }),
        json!({ "type": "cancel", "reason": "No", "at_fault": "nobody" }),
        json!({ "type": "open_dispute", "reason": "Where?", "evidence": "e-1" }),
        json!({ "type": "propose_award", "award": { "amount": rub("5") } }),
        json!({ "type": "propose_award", "award": { "winner": "buyer" } }),
        json!({ "type": "accept_award", "award": { "share": "50%" } }),
        json!({ "type": "withdraw_dispute" }),
        json!({ "type": "file_claim", "reference": "A40-1/2026" }),
        json!({ "type": "rule", "award": "seller_all", "at_fault": "buyer" }),
        json!({ "type": "appoint_arbiter", "arbiter": "judge" }),
        json!({ "type": "answer", "transaction": 3, "result": { "succeeded": "gw-3" } }),
        json!({ "type": "answer", "transaction": 3, "result": { "declined": "No funds" } }),
        json!({ "type": "answer", "transaction": 3, "result": "in_progress" }),
        json!({ "type": "set_destination", "payee": "seller", "destination": { "card": "vault-1" } }),
        json!({ "type": "redirect_refund", "payee": "platform", "destination": "balance" }),
        json!({ "type": "chargeback", "reference": "cb-1", "deposit": "buyer_payment", "amount": rub("5"), "step": "opened" }),
        json!({ "type": "extend", "timer": "start", "until": "2026-04-01T12:00:00Z" }),
        json!({ "type": "extend", "timer": { "hold": 1 }, "until": "2026-04-01T12:00:00Z" }),
        json!({ "type": "post", "reference": "m-1" }),
        json!({ "type": "wake" }),
    ]
}

/// One of every event, in every form that differs.
fn events() -> Vec<Value> {
    let order = json!({ "tx": 2, "kind": "payout", "deposit": "buyer_payment", "payee": { "party": "insurer" }, "purpose": "service", "amount": rub("40"), "leg": 1, "source": 1 });
    let until = "2026-03-08T12:00:00Z";
    vec![
        json!({ "type": "proposed", "terms": terms(), "consents": { "buyer": true, "seller": false }, "phase": { "proposed": { "until": until } } }),
        json!({ "type": "terms_amended", "terms_version": 2, "terms": terms(), "changed": ["items", "pay_offline"], "deposits": [{ "deposit": "buyer_payment", "old": rub("1"), "new": rub("2") }], "consents": { "buyer": false, "seller": true } }),
        json!({ "type": "agreed", "side": "buyer", "terms_version": 1 }),
        json!({ "type": "payment_claimed", "order": order, "gateway": "bank", "reference": "wm-1" }),
        json!({ "type": "payment_requested", "tx": 1, "deposit": "buyer_payment", "amount": rub("5"), "key": "k", "form": { "method": "card", "return_urls": { "success_url": "https://a.example", "fail_url": "https://b.example" } } }),
        json!({ "type": "payment_received", "tx": 1, "deposit": "buyer_payment", "amount": rub("5"), "gateway": "bank", "reference": "p-1", "held_until": until }),
        json!({ "type": "remarked", "remark": "Pack it" }),
        json!({ "type": "approved" }),
        json!({ "type": "attached", "attachment": { "id": "f-1", "description": "A photo", "mime": "image/png", "size": 1024, "digest": "sha256:00" } }),
        json!({ "type": "track_set", "track": { "tracker": "cdek", "code": "1105678" } }),
        json!({ "type": "track_removed" }),
        json!({ "type": "tracking_recorded", "checkpoint": { "id": "1", "kind": "refused", "occurred_at": until, "title": "Back", "location": "Moscow" }, "latest": true }),
        json!({ "type": "performing_started" }),
        json!({ "type": "performing_stopped" }),
        json!({ "type": "submitted", "number": 1, "revision": { "preview": "p", "original": "o", "digest": "d" } }),
        json!({ "type": "changes_requested", "number": 1, "comment": "Greener" }),
        json!({ "type": "accepted" }),
        json!({ "type": "reported", "side": "seller", "verdict": "success", "before": "failure" }),
        json!({ "type": "cost_incurred", "service": 1, "evidence": "policy-77" }),
        json!({ "type": "charge_added", "deposit": "charge_1", "payer": "buyer", "amount": rub("5"), "details": { "key": "c", "payee": "seller", "reason": "More" } }),
        json!({ "type": "cancelled", "at_fault": "buyer", "reason": "No" }),
        json!({ "type": "dispute_opened", "by": { "party": "buyer" }, "reason": "Where?", "evidence": "e-1" }),
        json!({ "type": "dispute_opened", "by": "refusal", "reason": "" }),
        json!({ "type": "award_proposed", "side": "buyer", "award": { "amount": rub("5") } }),
        json!({ "type": "award_accepted", "side": "seller", "award": { "share": "50%" } }),
        json!({ "type": "dispute_withdrawn", "remaining_ms": 1000 }),
        json!({ "type": "withdrawal_offered", "side": "buyer" }),
        json!({ "type": "claim_filed", "side": "buyer", "reference": "A40-1/2026" }),
        json!({ "type": "ruled", "award": { "winner": "seller" }, "at_fault": "buyer" }),
        json!({ "type": "arbiter_appointed", "arbiter": "judge", "before": "old" }),
        json!({ "type": "destination_set", "payee": "seller", "of": "payouts", "destination": { "wallet": "w-1" } }),
        json!({ "type": "deadline_extended", "timer": "start", "phase": { "active": { "stage": "performing", "until": until } }, "by_s": 60 }),
        json!({ "type": "posted", "reference": "m-1" }),
        json!({ "type": "timer_fired", "timer": { "hold": 1 } }),
        json!({ "type": "phase_entered", "phase": { "disputed": { "interrupted": "performing", "stage": "negotiation", "until": until } }, "paused": { "stage": "performing", "remaining_ms": 5 } }),
        json!({ "type": "phase_entered", "phase": { "moderation": { "until": until, "from": "awaiting_deposit" } } }),
        json!({ "type": "phase_entered", "phase": { "paying": { "outcome": "completed", "awaiting_capture": true } } }),
        json!({ "type": "phase_entered", "phase": { "closed": { "outcome": "expired" } } }),
        json!({ "type": "ending_decided", "ending": { "partial_buyout": [1, 0] }, "outcome": "completed", "funded": true, "settle_by": until }),
        json!({ "type": "ending_decided", "ending": "success", "outcome": "completed", "funded": true, "settle_by": until }),
        json!({ "type": "ending_decided", "ending": { "cancelled": "nobody" }, "outcome": "cancelled", "funded": true, "settle_by": until }),
        json!({ "type": "ending_decided", "ending": { "awarded": { "award": "buyer_all", "by": "ruling" } }, "outcome": "resolved", "funded": true, "settle_by": until }),
        json!({ "type": "capture_ordered", "order": order }),
        json!({ "type": "leg_ordered", "order": order }),
        json!({ "type": "leg_waits", "leg": 1, "deposit": "buyer_payment", "payee": "buyer", "purpose": "refund", "amount": rub("5"), "source": 1 }),
        json!({ "type": "leg_credited", "order": order }),
        json!({ "type": "leg_cut", "leg": 1, "old": rub("5"), "new": rub("4") }),
        json!({ "type": "transaction_succeeded", "tx": 1, "reference": "gw-1" }),
        json!({ "type": "transaction_failed", "tx": 1, "reason": "No funds" }),
        json!({ "type": "receivable_raised", "receivable": { "debtor": "seller", "payee": "platform", "purpose": "fee", "amount": rub("5") } }),
        json!({ "type": "chargeback_recorded", "reference": "cb-1", "deposit": "buyer_payment", "amount": rub("5"), "step": "lost" }),
        json!({ "type": "charged_back", "tx": 3, "reference": "cb-1", "deposit": "buyer_payment", "from_held": rub("4"), "from_legs": rub("1") }),
        json!({ "type": "dispute_closed" }),
    ]
}

fn recorded(event: &Value) -> Value {
    json!({ "at": "2026-03-01T12:00:00Z", "actor": { "party": "anna" }, "via": "market", "event": event })
}

fn envelope(event: &Value) -> Value {
    json!({
        "deal_id": "00000000-0000-0000-0000-000000000001",
        "version": 3,
        "occurred_at": "2026-03-01T12:00:00Z",
        "recorded_at": "2026-03-01T12:00:01Z",
        "actor": "gateway",
        "via": "market",
        "event": event,
    })
}

/// Deals at every step of the example scenarios and of a few more, as they are stored.
fn deals() -> Vec<(String, Deal)> {
    let mut all: Vec<(String, Scenario)> = SCENARIOS
        .into_iter()
        .map(|(name, text)| (name.to_owned(), Scenario::from_json(text).unwrap()))
        .collect();
    for (name, scenario) in rich_scenarios() {
        all.push((name.to_owned(), Scenario::from_json(&scenario.to_string()).unwrap()));
    }
    let mut deals = Vec::new();
    for (name, scenario) in &all {
        let report = run(scenario);
        assert!(report.ok, "{name}: {:?} {:?} {:?}", report.differences, report.error, report.invariants);
        let id = report.events[0].deal_id;
        let ends: BTreeSet<u64> = report.steps.iter().map(|s| s.version).collect();
        for end in ends {
            let journal = report.events.iter().take_while(|e| e.version <= end).cloned();
            let journal: Vec<Recorded> = journal.map(Envelope::into_recorded).collect();
            deals.push((format!("{name} v{end}"), Deal::replay(id, &journal).unwrap()));
        }
    }
    deals
}

/// What the examples do not show: holds, guarantees, disputes, charges, chargebacks, claims, silent gateways.
fn rich_scenarios() -> Vec<(&'static str, Value)> {
    let base = |preset: &str, steps: Value| {
        let mut terms = terms();
        terms["policy"] = json!({ "preset": preset });
        terms.as_object_mut().unwrap().remove("pay_offline");
        json!({ "start": "2026-03-01T12:00:00Z", "terms": terms, "steps": steps })
    };
    let pay_all = |more: Value| {
        let mut steps = vec![
            json!({ "after": "1h", "do": { "type": "pay", "deposit": "buyer_guarantee" } }),
            json!({ "after": "1h", "do": { "type": "pay", "deposit": "seller_guarantee" } }),
        ];
        steps.extend(more.as_array().unwrap().iter().cloned());
        Value::from(steps)
    };
    let cancel = json!({ "after": "1h", "by": "seller", "do": { "type": "cancel" } });
    let start = json!({ "after": "1h", "by": "seller", "do": { "type": "start_performing" } });
    let request = json!({ "after": "1h", "by": "buyer", "do": { "type": "request_payment", "key": "k", "deposit": "buyer_payment", "amount": rub("5"), "form": { "method": "card", "return_urls": { "success_url": "https://a.example", "fail_url": "https://b.example" } } } });
    let mut held = base(
        "shop",
        pay_all(json!([
            request,
            { "after": "1h", "do": { "type": "pay", "amount": rub("200"), "held_until": "2026-03-20T00:00:00Z" } },
            { "after": "1h", "do": { "type": "pay", "amount": rub("5000"), "held_until": "2026-03-20T00:00:00Z" } },
            { "after": "1h", "do": { "type": "resume" } },
            { "after": "1h", "do": { "type": "resume" } },
            { "after": "1h", "by": "seller", "do": { "type": "incur_cost", "service": 0, "evidence": "e" } },
            start, cancel,
            { "after": "1h", "do": { "type": "resume" } },
        ])),
    );
    held["gateway"] = json!([
        { "kind": "capture", "times": 2, "behaviour": "silent" },
        { "kind": "payout", "behaviour": "time_out" },
        { "kind": "refund", "payee": "seller", "behaviour": "decline" },
    ]);
    let disputed = base(
        "marketplace",
        pay_all(json!([
            { "after": "1h", "do": { "type": "pay", "amount": rub("5000") } },
            start,
            { "after": "1h", "by": "buyer", "do": { "type": "add_charge", "key": "c", "payer": "buyer", "payee": "seller", "amount": rub("9"), "reason": "A bow" } },
            { "after": "1h", "do": { "type": "pay", "deposit": "charge_1" } },
            { "after": "1h", "by": "seller", "do": { "type": "submit", "number": 1, "revision": { "preview": "p", "original": "o", "digest": "d" } } },
            { "after": "1h", "by": "buyer", "do": { "type": "request_changes", "number": 1, "comment": "Greener" } },
            { "after": "1h", "by": "buyer", "do": { "type": "open_dispute", "reason": "Not green" } },
            { "after": "1h", "by": "seller", "do": { "type": "propose_award", "award": { "amount": rub("0") } } },
            { "after": "11d", "do": { "type": "wake" } },
            { "after": "1h", "do": { "type": "chargeback", "reference": "cb", "deposit": "buyer_payment", "amount": rub("10"), "step": "opened" } },
            { "after": "1h", "by": "arbiter", "do": { "type": "rule", "award": { "share": "33%" }, "at_fault": "seller" } },
            { "after": "1h", "do": { "type": "chargeback", "reference": "cb", "deposit": "buyer_payment", "amount": rub("10"), "step": "lost" } },
        ])),
    );
    let mut guarantee = base(
        "guarantee",
        json!([
            { "after": "1h", "do": { "type": "pay", "deposit": "seller_guarantee" } },
            { "after": "1h", "do": { "type": "pay", "deposit": "buyer_guarantee" } },
            { "after": "1h", "by": "seller", "do": { "type": "agree", "terms_version": 1 } },
            { "after": "1h", "by": "buyer", "do": { "type": "agree", "terms_version": 1, "payment": { "deposit": "buyer_payment", "gateway": "bank", "reference": "wm-1" } } },
            { "after": "1h", "do": { "type": "resume" } },
            { "after": "1h", "by": "buyer", "do": { "type": "report", "verdict": "success" } },
            { "after": "1h", "by": "seller", "do": { "type": "report", "verdict": "failure" } },
            { "after": "1h", "by": "seller", "do": { "type": "withdraw_dispute" } },
            { "after": "1h", "by": "buyer", "do": { "type": "post", "reference": "m" } },
        ]),
    );
    guarantee["gateway"] = json!([{ "kind": "charge", "behaviour": "time_out" }]);
    let mut moderated = base("marketplace", json!([]));
    moderated["terms"]["policy"]["moderation"] = json!("required");
    moderated["steps"] = pay_all(json!([
        { "after": "1h", "do": { "type": "pay" } },
        { "after": "1h", "by": "moderator", "do": { "type": "remark", "remark": "Hm" } },
        { "after": "1h", "by": "operator", "do": { "type": "attach", "attachment": { "id": "f", "mime": "image/png", "size": 1 } } },
    ]));
    vec![("held", held), ("disputed", disputed), ("guarantee", guarantee), ("moderated", moderated)]
}

// --- walking through a document ---

/// Where every node of a document stands, as JSON pointers.
fn nodes(value: &Value) -> Vec<String> {
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

fn with(document: &Value, at: &str, value: Value) -> Value {
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

fn without(document: &Value, at: &str) -> Value {
    let mut changed = document.clone();
    let (parent, name) = at.rsplit_once('/').unwrap();
    changed.pointer_mut(parent).unwrap().as_object_mut().unwrap().remove(name).unwrap();
    changed
}

fn decode<T: DeserializeOwned>(document: &Value) -> Result<T, String> {
    serde_json::from_str(&document.to_string()).map_err(|e| e.to_string())
}

/// It decodes, and says the same when it is encoded again.
fn faithful<T: DeserializeOwned + Serialize + PartialEq + Debug>(document: &Value) -> T {
    let value: T = decode(document).unwrap_or_else(|e| panic!("{e}: {document}"));
    let encoded = serde_json::to_value(&value).unwrap();
    assert_eq!(decode::<T>(&encoded).as_ref(), Ok(&value));
    value
}

/// Every way to put a wrong type into a document is refused.
fn refuses_wrong_types<T: DeserializeOwned + Debug>(document: &Value) {
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
fn refuses_unknown_fields<T: DeserializeOwned + Debug>(document: &Value) {
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
fn names_missing_fields<T: DeserializeOwned + Debug + Serialize + PartialEq>(document: &Value) {
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

// --- every command, every event ---

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

#[test]
fn terms_refuse_what_they_do_not_know() {
    let document = terms();
    faithful::<TermsDraft>(&document);
    faithful::<Terms>(&document);
    refuses_unknown_fields::<TermsDraft>(&document);
    refuses_unknown_fields::<Terms>(&document);
    refuses_wrong_types::<TermsDraft>(&document);
    names_missing_fields::<TermsDraft>(&document);
    for delivery in [
        json!({ "download": {} }),
        json!({ "promise": { "method": "By hand", "expected": "2026-04-01T00:00:00Z" } }),
    ] {
        let document = with(&terms(), "/delivery", delivery);
        faithful::<Terms>(&document);
        refuses_unknown_fields::<Terms>(&document);
        refuses_wrong_types::<Terms>(&document);
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

// --- tampered snapshots ---

/// Lets everything happen that happens by itself, with a gateway that does what it is asked to: the deal must close,
/// with every invariant intact on the way, and nothing left inside.
fn runs_to_its_end(deal: &Deal) -> Result<(), String> {
    let mut deal = deal.clone();
    for _ in 0..200 {
        let command;
        let context;
        if let Some(order) = deal.pending().next() {
            let transaction = order.key.transaction;
            let claimed = order.source.filter(|_| order.transaction.kind().is_inbound()).cloned();
            let reference = claimed.unwrap_or_else(|| format!("gw-{transaction}").parse().unwrap());
            command = Command::from(Answer::new(transaction, Answered::Succeeded(reference)));
            context = Context::gateway(deal.last_at());
        } else if let Some(due) = deal.next_deadline() {
            command = Wake {}.into();
            context = Context::clock(due);
        } else if let Some(open) = deal.chargebacks().iter().find(|c| c.step == ChargebackStep::Opened) {
            let (reference, deposit, amount) = (open.reference.clone(), open.deposit, open.amount);
            command = Chargeback::new(reference, deposit, amount, ChargebackStep::Won).into();
            context = Context::gateway(deal.last_at());
        } else {
            let inside = deal.money_inside().any(|m| !m.is_zero());
            let closed = deal.phase().kind() == PhaseKind::Closed && !inside;
            return if closed { Ok(()) } else { Err(format!("stuck: {deal:?}")) };
        }
        let _ = deal.handle(&command, &context).map_err(|e| format!("{command:?}: {e}"))?;
        deal.check().map_err(|e| format!("after {command:?}: {e}"))?;
    }
    Err(format!("never closed: {deal:?}"))
}

/// One deal per scenario that still has most of its way to go, and one with most behind it.
fn two_of_each() -> Vec<(String, Deal)> {
    let all = deals();
    let mut names: Vec<&str> = all.iter().map(|(name, _)| name.split(' ').next().unwrap()).collect();
    names.dedup();
    let of = |scenario: &str| {
        let own = all.iter().filter(|(name, _)| name.split(' ').next() == Some(scenario)).collect::<Vec<_>>();
        [own[own.len() / 2].clone(), own[own.len() - 1].clone()]
    };
    names.into_iter().flat_map(of).collect()
}

#[test]
fn what_is_stored_runs_to_its_end() {
    for (name, deal) in deals() {
        runs_to_its_end(&deal).unwrap_or_else(|e| panic!("{name}: {e}"));
    }
}

/// Numbers of the state that nothing else in it tells: a changed one is another deal, not a broken one.
const FREE: [&str; 15] = [
    "/version",
    "/revision",
    "/terms_version",
    "_ms",
    "/extended_s",
    "/dispute/openings",
    "/incurred",
    "/submitted",
    "/returned",
    "/source",
    "/leg",
    "/required/amount",
    "/ending/partial_buyout/0",
    "/ending/partial_buyout/1",
    "/settle_by",
];

#[test]
fn snapshot_tampering() {
    let mut refused = 0;
    for (name, deal) in two_of_each() {
        let document = serde_json::to_value(&deal).unwrap();
        let all = nodes(&document["state"]);
        for at in all.iter().filter(|at| document["state"].pointer(at).unwrap().is_number()) {
            if FREE.iter().any(|free| at.ends_with(free)) {
                continue;
            }
            let was = document["state"].pointer(at).unwrap().as_i64().unwrap();
            for other in [was + 1, was - 1, 0, i64::from(u32::MAX), i64::MAX, i64::MIN] {
                if other == was {
                    continue;
                }
                let changed = with(&document, &format!("/state{at}"), json!(other));
                let error = decode::<Deal>(&changed).expect_err(&format!("{name} {at}: {was} -> {other}"));
                assert!(error.starts_with("state.") || error.starts_with("invalid value"), "{at}: {error}");
                refused += 1;
            }
        }
    }
    assert!(refused > 1_000, "{refused}");
}

/// What no sum shows, but the legs, holds and captures together do.
#[test]
fn snapshot_tampering_that_only_the_whole_shows() {
    let all = deals();
    let of = |name: &str| {
        let (_, deal) = all.iter().find(|(n, _)| n == name).unwrap_or_else(|| panic!("no {name}"));
        serde_json::to_value(deal).unwrap()
    };
    let refuse = |document: &Value, at: &str, value: Value, field: &str| {
        assert_ne!(document.pointer(at), Some(&value), "{at}: nothing is changed");
        let changed = match value {
            Value::Null => without(document, at),
            value => with(document, at, value),
        };
        let error = decode::<Deal>(&changed).map(|deal| runs_to_its_end(&deal)).expect_err(at);
        assert!(error.starts_with(field), "{at}: {error}");
    };
    let paid = of("a-shop-sale v4");
    // nothing would go back to the buyer
    refuse(&paid, "/state/transactions/0/returned", json!(2_350_000), "state.transactions[0]");
    refuse(&paid, "/state/transactions/0/returned", json!(1), "state.transactions[0]");
    let declined = of("g-payout-redirected v13");
    // nobody would ever send it again
    refuse(&declined, "/state/legs/1/state", json!("waiting"), "state.legs[1]");
    refuse(&declined, "/state/settle_by", Value::Null, "state.settle_by");
    refuse(&declined, "/state/phase/paying/awaiting_capture", json!(true), "state.phase");
    let charged = of("disputed v13");
    // the rest of the charge would stay for ever
    let stored = charged.pointer("/state/deposits").unwrap().as_array().unwrap();
    let place = stored.iter().position(|d| d["id"] == "charge_1").unwrap();
    refuse(&charged, &format!("/state/deposits/{place}/required"), json!("1.00 RUB"), "state.transactions");
    let captures = of("held v9");
    // two captures of one hold, none of the other; a capture of less than the deposit needs
    refuse(&captures, "/state/transactions/5/source", json!(5), "state.transactions");
    refuse(&captures, "/state/transactions/5/amount", json!("1.00 RUB"), "state.phase");
    let claimed = of("guarantee v6");
    refuse(&claimed, "/state/transactions/2/gateway", Value::Null, "state.transactions[2]");
    let disputed = of("disputed v21");
    let chargebacks = disputed.pointer("/state/chargebacks").unwrap().as_array().unwrap();
    let twice = json!([chargebacks[0], chargebacks[0]]);
    refuse(&disputed, "/state/chargebacks", twice, "state.chargebacks");
    refuse(&disputed, "/state/chargebacks/0/amount/currency", json!("USD"), "state.chargebacks");
    refuse(&disputed, "/state/chargebacks/0/deposit", json!("buyer_guarantee"), "state.chargebacks");
}

/// More paid out than came in, in the ways that a thief would try.
#[test]
fn snapshot_tampering_by_whole_figures() {
    let report = run(&Scenario::from_json(SCENARIOS[0].1).unwrap());
    let journal: Vec<Recorded> = report.events.iter().cloned().map(Envelope::into_recorded).collect();
    let paid = Deal::replay(report.events[0].deal_id, journal.iter().take(4)).unwrap();
    let whole = Deal::replay(report.events[0].deal_id, &journal).unwrap();
    let (paid, whole) = (serde_json::to_value(&paid).unwrap(), serde_json::to_value(&whole).unwrap());
    #[rustfmt::skip]
    let cases = [
        // consistent buckets that no transaction explains
        (vec![("/state/deposits/0/buckets/received", json!(9_000_000)), ("/state/deposits/0/buckets/held", json!(9_000_000))], "state.transactions: those of buyer_payment"),
        (vec![("/state/deposits/0/buckets/held", json!(0)), ("/state/deposits/0/buckets/refunded", json!(2_350_000))], "state.transactions: those of buyer_payment"),
        (vec![("/state/deposits/0/buckets/held", json!(0)), ("/state/deposits/0/buckets/paid_out", json!(2_350_000))], "state.transactions: those of buyer_payment"),
        (vec![("/state/deposits/0/buckets/held", json!(2_350_001))], "state.deposits: buyer_payment: received must equal"),
        (vec![("/state/deposits/0/buckets/held", json!(-1)), ("/state/deposits/0/buckets/refunded", json!(2_350_001))], "state.deposits: buyer_payment: received must equal"),
        (vec![("/state/deposits/0/buckets/held", json!(i64::MAX)), ("/state/deposits/0/buckets/refunded", json!(i64::MAX))], "state.deposits: buyer_payment: received must equal"),
        (vec![("/state/deposits/0/required", json!("1.00 RUB"))], "state.deposits: buyer_payment"),
        (vec![("/state/deposits/0/required", json!("23500.00 USD"))], "state.deposits: buyer_payment"),
        (vec![("/state/deposits/0/owner", json!("seller"))], "state.deposits: buyer_payment"),
        (vec![("/state/deposits/0/id", json!("seller_payment"))], "state.deposits: must be the four"),
        (vec![("/state/deposits/0/purpose", json!("guarantee"))], "state.deposits: buyer_payment"),
        (vec![("/state/deposits", json!([]))], "state.deposits: must be the four"),
        (vec![("/state/transactions", json!([]))], "state.transactions: those of buyer_payment"),
        (vec![("/state/transactions/0/amount", json!("23499.99 RUB"))], "state.transactions: those of buyer_payment"),
        (vec![("/state/transactions/0/amount", json!("23500.00 USD"))], "state.transactions[0]"),
        (vec![("/state/transactions/0/state", json!("pending"))], "state.transactions[0]"),
        (vec![("/state/transactions/0/id", json!(2))], "state.transactions[0]"),
        (vec![("/state/consents", json!({ "buyer": false, "seller": true }))], "state.phase"),
        (vec![("/state/phase", json!({ "closed": { "outcome": "completed" } }))], "state.phase"),
        (vec![("/state/phase", json!({ "paying": { "outcome": "completed", "awaiting_capture": false } }))], "state.phase"),
        (vec![("/state/phase", json!({ "disputed": { "interrupted": "performing", "stage": "arbitration", "until": "2027-01-01T00:00:00Z" } }))], "state.dispute"),
        (vec![("/state/arbiter", json!("phone-shop"))], "state.arbiter"),
        (vec![("/state/last_at", json!("2026-01-01T00:00:00Z"))], "state.last_at"),
        (vec![("/schema", json!("escrow.deal.v2"))], "schema: this version reads `escrow.deal.v1`"),
        (vec![("/schema", json!(""))], "schema: "),
        (vec![("/terms/seller", json!("anna"))], "seller must differ from the buyer"),
        (vec![("/terms/items/0/unit_price/amount", json!("1.00"))], "state.deposits: buyer_payment"),
        (vec![("/terms/items", json!([]))], "items must not be empty"),
        (vec![("/terms/policy/acceptance_s", json!(0))], "acceptance_s must not be zero"),
    ];
    for (changes, why) in cases {
        let changed = changes.iter().fold(paid.clone(), |d, (at, value)| with(&d, at, value.clone()));
        let error = decode::<Deal>(&changed).expect_err(why);
        assert!(error.starts_with(why), "{changes:?}: {error}");
    }
    #[rustfmt::skip]
    let cases = [
        // and with it the order, which is for what the leg is for
        (vec![("/state/legs/0/amount", json!("1175.01 RUB"))], "state.transactions: those of buyer_payment"),
        (vec![("/state/legs/0/amount", json!("1175.01 RUB")), ("/state/transactions/1/amount", json!("1175.00 RUB"))], "state.legs[0]"),
        (vec![("/state/legs/1/state", json!("declined"))], "state.legs[1]"),
        (vec![("/state/legs/0/id", json!(2))], "state.legs[0]"),
        // the order that was its latest attempt left its state to the leg
        (vec![("/state/legs/0/tx", json!(3))], "state.transactions[1]"),
        (vec![("/state/legs/1/purpose", json!("refund"))], "state.legs[1]"),
        (vec![("/state/legs/1/deposit", json!("seller_payment"))], "state."),
        (vec![("/state/legs", json!([]))], "state.transactions[1]"),
        (vec![("/state/transactions/2/amount", json!("99999.00 RUB"))], "state.legs[1]"),
        (vec![("/state/transactions/2/state", json!({ "failed": "no" }))], "state.legs[1]"),
        (vec![("/state/unanswered", json!(1))], "state.unanswered"),
        (vec![("/state/unsettled_legs", json!(1))], "state.unsettled_legs"),
        (vec![("/state/revision", json!(999))], "state.revision"),
        (vec![("/state/terms_version", json!(0))], "state.terms_version"),
        (vec![("/state/phase", json!({ "active": { "stage": "performing", "until": "2027-01-01T00:00:00Z" } }))], "state.phase"),
    ];
    for (changes, why) in cases {
        let changed = changes.iter().fold(whole.clone(), |d, (at, value)| with(&d, at, value.clone()));
        let error = decode::<Deal>(&changed).expect_err(why);
        assert!(error.starts_with(why), "{changes:?}: {error}");
    }
    let Parts { schema: _, .. } = decode::<Parts>(&paid).unwrap();
    let other = decode::<Parts>(&with(&paid, "/schema", json!("escrow.deal.v0"))).unwrap();
    assert_eq!(other.restore(), Err(DecodeError::UnknownSchema { expected: Parts::SCHEMA }));
}

#[test]
fn lists_that_were_swapped_cut_or_doubled_are_refused() {
    for (name, deal) in two_of_each() {
        let document = serde_json::to_value(&deal).unwrap();
        for list in ["/state/deposits", "/state/transactions", "/state/legs"] {
            let items = document.pointer(list).map_or(Vec::new(), |all| all.as_array().unwrap().clone());
            let refuse = |other: Vec<Value>, what: String| {
                let changed = with(&document, list, json!(other));
                let error = decode::<Deal>(&changed).expect_err(&format!("{name} {list}: {what}"));
                assert!(error.starts_with("state."), "{error}");
            };
            for i in 0..items.len() {
                let mut other = items.clone();
                other.push(items[i].clone());
                refuse(other, format!("{i} twice"));
                for j in 0..i {
                    let mut other = items.clone();
                    other.swap(i, j);
                    refuse(other, format!("{i} and {j} swapped"));
                }
                // the last request may be missing: nothing refers to it, and no money came in by it
                let request = items[i].get("key").is_some() && items[i].get("settled_at").is_none();
                let charge = items[i].get("charge").is_some() && items[i].get("buckets").is_none();
                if i + 1 < items.len() || !(request || charge) {
                    let mut other = items.clone();
                    other.remove(i);
                    refuse(other, format!("without {i}"));
                }
            }
        }
    }
}

// --- journals ---

#[test]
fn journals_that_are_none_are_refused() {
    let report = run(&Scenario::from_json(SCENARIOS[0].1).unwrap());
    let id = report.events[0].deal_id;
    let journal: Vec<Recorded> = report.events.iter().cloned().map(Envelope::into_recorded).collect();
    assert_eq!(Deal::replay(id, &journal[..0]), Err(DecodeError::NotAJournal));
    assert_eq!(Deal::replay(id, &journal[1..]), Err(DecodeError::NotAJournal));
    let twice: Vec<&Recorded> = journal.iter().chain(&journal[..1]).collect();
    assert_eq!(Deal::replay(id, twice), Err(DecodeError::NotAJournal));
    // anything doubled, missing or swapped: an error, or another valid deal; never a panic
    for i in 1..journal.len() {
        let mut other = journal.clone();
        other.remove(i);
        let _ = Deal::replay(id, &other).map(|deal| deal.check().unwrap());
        let mut other = journal.clone();
        other.push(journal[i].clone());
        let _ = Deal::replay(id, &other).map(|deal| deal.check().unwrap());
        for j in 1..i {
            let mut other = journal.clone();
            other.swap(i, j);
            let _ = Deal::replay(id, &other).map(|deal| deal.check().unwrap());
        }
    }
    // every event at every place
    for event in events() {
        let event: Recorded = decode(&recorded(&event)).unwrap();
        for i in 1..=journal.len() {
            let mut other = journal.clone();
            other.insert(i, event.clone());
            let _ = Deal::replay(id, &other).map(|deal| deal.check().unwrap());
        }
    }
}

// --- scenarios: errors that name the field ---

fn refused(document: &Value) -> String {
    match Scenario::from_json(&document.to_string()) {
        Ok(scenario) => panic!("taken: {scenario:?}"),
        Err(ScenarioError::Field { path, message }) => format!("{path}: {message}"),
        Err(other) => other.to_string(),
    }
}

/// A wrong value at a place: the error names the field, and says why.
#[test]
fn scenario_errors_name_the_field_and_say_why() {
    assert!(Scenario::from_json(&scenario().to_string()).is_ok());
    let price = "/terms/items/0/unit_price";
    let at_price = "terms.items[0].unit_price";
    let long = "x".repeat(10_000);
    let digits = "9".repeat(5_000);
    #[rustfmt::skip]
    let cases: Vec<(&str, Value, &str, &str)> = vec![
        // times
        ("/start", json!("yesterday"), "start", "RFC 3339"),
        ("/start", json!("2026-02-30T12:00:00Z"), "start", "RFC 3339"),
        ("/start", json!("2026-03-01T12:00:00"), "start", "RFC 3339"),
        ("/start", json!("1969-12-31T23:59:59Z"), "start", "from 1970"),
        ("/start", json!("9999-12-31T23:59:59-01:00"), "start", "to 9999"),
        ("/start", json!("+10000-01-01T00:00:00Z"), "start", "RFC 3339"),
        ("/start", json!(1_772_366_400), "start", "a time as a string"),
        ("/start", json!(null), "start", "a time as a string"),
        ("/steps/1/at", json!("tomorrow"), "steps[1].at", "RFC 3339"),
        // spans
        ("/steps/0/after", json!("five minutes"), "steps[0].after", "d, h, m, s"),
        ("/steps/0/after", json!("-5m"), "steps[0].after", "d, h, m, s"),
        ("/steps/0/after", json!("5"), "steps[0].after", "d, h, m, s"),
        ("/steps/0/after", json!(""), "steps[0].after", "d, h, m, s"),
        ("/steps/0/after", json!("5м"), "steps[0].after", "d, h, m, s"),
        ("/steps/0/after", json!("99999999999d"), "steps[0].after", "100 years"),
        ("/steps/0/after", json!("136y"), "steps[0].after", "d, h, m, s"),
        ("/steps/0/after", json!(300), "steps[0].after", "string"),
        // currencies
        ("/terms/currency", json!("QQQ"), "terms.currency", "not known"),
        ("/terms/currency", json!("COIN"), "terms.currency", "with its exponent"),
        ("/terms/currency", json!("COIN."), "terms.currency", "2 to 7 characters"),
        ("/terms/currency", json!("COIN.9"), "terms.currency", "at most 8"),
        ("/terms/currency", json!("COIN.02"), "terms.currency", "one digit"),
        ("/terms/currency", json!("rub"), "terms.currency", "A-Z"),
        ("/terms/currency", json!("RUB.3"), "terms.currency", "exponent 2"),
        ("/terms/currency", json!("XAU"), "terms.currency", "no minor unit"),
        ("/terms/currency", json!("РУБ"), "terms.currency", "A-Z"),
        ("/terms/currency", json!(643), "terms.currency", "currency as a string"),
        ("/terms/items/0/unit_price/currency", json!("QQQ"), "terms.items[0].unit_price.currency", "not known"),
        // amounts: float_amount
        ("/terms/items/0/unit_price/amount", json!(100), "terms.items[0].unit_price.amount", "never a number"),
        ("/terms/items/0/unit_price/amount", json!(0.3), "terms.items[0].unit_price.amount", "never a number"),
        ("/terms/items/0/unit_price/amount", json!("0.30000000000000004"), at_price, "2 digits"),
        ("/terms/items/0/unit_price/amount", json!("1.001"), at_price, "2 digits"),
        ("/terms/items/0/unit_price/amount", json!("1e2"), at_price, "ASCII digits"),
        ("/terms/items/0/unit_price/amount", json!("1,5"), at_price, "ASCII digits"),
        ("/terms/items/0/unit_price/amount", json!("1 000"), at_price, "ASCII digits"),
        ("/terms/items/0/unit_price/amount", json!("٣"), at_price, "ASCII digits"),
        ("/terms/items/0/unit_price/amount", json!(""), at_price, "ASCII digits"),
        ("/terms/items/0/unit_price/amount", json!("NaN"), at_price, "ASCII digits"),
        ("/terms/items/0/unit_price/amount", json!(digits), at_price, "at most 32"),
        ("/terms/items/0/unit_price/amount", json!("99999999999999999999"), at_price, "64 bits"),
        (price, json!("500 RUB"), at_price, "money as"),
        (price, json!(500), at_price, "money as"),
        (price, json!(null), at_price, "money as"),
        // rates
        ("/terms/fees/0/rate", json!(5), "terms.fees[0].rate", "never a number"),
        ("/terms/fees/0/rate", json!(0.05), "terms.fees[0].rate", "never a number"),
        ("/terms/fees/0/rate", json!("5"), "terms.fees[0].rate", "percent sign"),
        ("/terms/fees/0/rate", json!("0.05"), "terms.fees[0].rate", "percent sign"),
        ("/terms/fees/0/rate", json!("101%"), "terms.fees[0].rate", "0% to 100%"),
        ("/terms/fees/0/rate", json!("-1%"), "terms.fees[0].rate", "0% to 100%"),
        ("/terms/fees/0/rate", json!("0.00001%"), "terms.fees[0].rate", "4 digits"),
        ("/terms/services/1/payer/shared", json!("50"), "terms.services[1].payer.shared", "percent sign"),
        // numbers
        ("/terms/items/0/quantity", json!(-1), "terms.items[0].quantity", "u32"),
        ("/terms/items/0/quantity", json!(1.5), "terms.items[0].quantity", "u32"),
        ("/terms/items/0/quantity", json!("2"), "terms.items[0].quantity", "u32"),
        ("/terms/items/0/quantity", json!(4_294_967_296_u64), "terms.items[0].quantity", "u32"),
        ("/steps/0/seen", json!(-1), "steps[0].seen", "u64"),
        ("/steps/0/seen", json!(1e300), "steps[0].seen", "u64"),
        ("/gateway/0/times", json!(-2), "gateway[0].times", "u32"),
        ("/terms/policy/start_s", json!("3600"), "terms.policy.start_s", "u32"),
        ("/terms/policy/start_s", json!(-1), "terms.policy.start_s", "u32"),
        ("/terms/policy/max_revisions", json!(65_536), "terms.policy.max_revisions", "u16"),
        // texts
        ("/name", json!(""), "name", "too short"),
        ("/name", json!("   "), "name", "blank"),
        ("/name", json!(long), "name", "200 characters"),
        ("/name", json!("a\u{1b}[31m"), "name", "control character"),
        ("/terms/buyer", json!(""), "terms.buyer", "too short"),
        ("/terms/buyer", json!(long), "terms.buyer", "64 characters"),
        ("/terms/buyer", json!(7), "terms.buyer", "a text of 1 to 64"),
        ("/terms/items/0/name", json!("\u{0}"), "terms.items[0].name", "control character"),
        ("/terms/tags/0", json!(long), "terms.tags[0]", "64 characters"),
        ("/steps/0/via", json!(""), "steps[0].via", "too short"),
        ("/id", json!("not-a-uuid"), "id", "UUID"),
        // enums
        ("/terms/fees/0/payer", json!("nobody"), "terms.fees[0].payer", "unknown variant `nobody`"),
        ("/terms/fees/0/base", json!("Price"), "terms.fees[0].base", "unknown variant `Price`"),
        ("/terms/fees/0/on_refund", json!("maybe"), "terms.fees[0].on_refund", "unknown variant `maybe`"),
        ("/terms/fees/0/payee", json!("bank"), "terms.fees[0].payee", "unknown variant `bank`"),
        ("/terms/fees/1/payee", json!({ "partner": 5 }), "terms.fees[1].payee.partner", "a text"),
        ("/terms/services/0/provider", json!("buyer"), "terms.services[0].provider", "unknown variant `buyer`"),
        ("/terms/delivery", json!("teleport"), "terms.delivery", "unknown variant `teleport`"),
        ("/terms/policy/consent", json!("silence"), "terms.policy.consent", "unknown variant `silence`"),
        ("/terms/policy/default_ruling", json!({ "amount": rub("5") }), "terms.policy.default_ruling", "unknown variant `amount`"),
        ("/terms/policy/preset", json!("bazaar"), "terms.policy", "shop, marketplace, guarantee or freelance"),
        ("/terms/policy/preset", json!(5), "terms.policy", "shop, marketplace, guarantee or freelance"),
        ("/terms/policy/preset", json!(null), "terms.policy", "shop, marketplace, guarantee or freelance"),
        ("/proposed_by", json!("king"), "proposed_by", "unknown variant `king`"),
        ("/steps/0/by", json!("king"), "steps[0].by", "unknown variant `king`"),
        ("/steps/5/by", json!({ "party": "" }), "steps[5].by.party", "too short"),
        ("/steps/0/expect_status", json!("done"), "steps[0].expect_status", "unknown variant `done`"),
        ("/gateway/0/behaviour", json!("lazy"), "gateway[0].behaviour", "unknown variant `lazy`"),
        ("/gateway/0/kind", json!("gift"), "gateway[0].kind", "unknown variant `gift`"),
        ("/expect/status", json!("done"), "expect.status", "unknown variant `done`"),
        ("/expect/outcome", json!("done"), "expect.outcome", "unknown variant `done`"),
        ("/expect/legs/0/purpose", json!("gift"), "expect.legs[0].purpose", "unknown variant `gift`"),
        // lists and objects
        ("/steps", json!({}), "steps", "a sequence"),
        ("/steps/0", json!("cancel"), "steps[0]", "struct Step"),
        ("/terms", json!("shop"), "terms", "struct TermsDraft"),
        ("/terms/policy", json!("shop"), "terms.policy", "struct Policy"),
        ("/terms/items", json!(null), "terms.items", "a sequence"),
        ("/finish", json!("yes"), "finish", "a boolean"),
        // steps
        ("/steps/0/do", json!("cancel"), "steps[0].do", "type"),
        ("/steps/0/do", json!({}), "steps[0].do", "missing field `type`"),
        ("/steps/0/do/type", json!("explode"), "steps[0].do", "unknown variant `explode`"),
        ("/steps/0/do/type", json!(5), "steps[0].do", "type"),
        ("/steps/0/do/reason", json!(long), "steps[0].do", "500 characters"),
        ("/steps/0/do/surprise", json!(1), "steps[0].do", "unknown field `surprise`"),
        ("/steps/1/do/deposit", json!("pocket"), "steps[1].do: deposit", "write buyer_payment"),
        ("/steps/1/do/deposit", json!("charge_33"), "steps[1].do: deposit", "charge_N"),
        ("/steps/1/do/deposit", json!("charge_01"), "steps[1].do: deposit", "charge_N"),
        ("/steps/1/do/amount/amount", json!(5), "steps[1].do: amount.amount", "never a number"),
        ("/steps/1/do/held_until", json!("later"), "steps[1].do: held_until", "RFC 3339"),
        ("/steps/1/do/reference", json!(""), "steps[1].do: reference", "too short"),
        ("/steps/1/do/surprise", json!(1), "steps[1].do: surprise", "unknown field `surprise`"),
        ("/steps/2/do/surprise", json!(1), "steps[2].do: surprise", "unknown field `surprise`"),
        ("/steps/3/do/ending", json!("failure"), "steps[3].do: ending", "unknown variant `failure`"),
        ("/steps/3/do/surprise", json!(1), "steps[3].do: surprise", "unknown field `surprise`"),
    ];
    for (at, value, field, why) in cases {
        let error = refused(&with(&scenario(), at, value.clone()));
        let short = error.chars().take(300).collect::<String>();
        assert!(
            error.starts_with(field),
            "{at} = {:.60}: {field} is not named first: {short}",
            value.to_string()
        );
        assert!(error.contains(why), "{at} = {:.60}: does not say {why:?}: {short}", value.to_string());
        assert!(error.len() < 2_500, "the error repeats the input: {} bytes", error.len());
    }
}

/// Inside a command the path goes on, as deep as the command is.
#[test]
fn scenario_errors_name_the_field_inside_a_command() {
    #[rustfmt::skip]
    let cases = [
        ("/steps/4/do/from_version", json!("1"), "steps[4].do: from_version", "u32"),
        ("/steps/4/do/terms/items/1/unit_price/amount", json!(5), "steps[4].do: terms", "never a number"),
        ("/steps/4/do/terms/items/1/name", json!(5), "steps[4].do: terms", "a text of 1 to 200"),
        ("/steps/0/do/reason", json!(5), "steps[0].do: reason", "a text"),
        ("/steps/0/do/reason", json!("a\u{0}"), "steps[0].do: reason", "control character"),
        ("/steps/0/do/at_fault", json!("king"), "steps[0].do: at_fault", "unknown variant `king`"),
        ("/steps/5/do/reference", json!(""), "steps[5].do: reference", "too short"),
        ("/steps/5/do/reference", json!(5), "steps[5].do: reference", "a text of 1 to 64"),
    ];
    for (at, value, field, why) in cases {
        let error = refused(&with(&scenario(), at, value.clone()));
        assert!(error.starts_with(field), "{at} = {value}: {field} is not named: {error}");
        assert!(error.contains(why), "{at} = {value}: {error}");
    }
}

#[test]
fn scenario_fields_that_are_required_are_missed_by_name() {
    for (at, field) in [
        ("/start", "start"),
        ("/terms", "terms"),
        ("/terms/buyer", "buyer"),
        ("/terms/seller", "seller"),
        ("/terms/currency", "currency"),
        ("/terms/items", "items"),
        ("/terms/policy", "policy"),
        ("/terms/items/0/name", "name"),
        ("/terms/items/0/unit_price", "unit_price"),
        ("/terms/items/0/unit_price/amount", "amount"),
        ("/terms/items/0/unit_price/currency", "currency"),
        ("/terms/services/0/final_cost", "final_cost"),
        ("/terms/services/0/payer", "payer"),
        ("/terms/services/0/provider", "provider"),
        ("/terms/fees/0/id", "id"),
        ("/terms/fees/0/payee", "payee"),
        ("/terms/fees/0/base", "base"),
        ("/terms/delivery/parcel/method", "method"),
        ("/terms/policy/preset", "consent"),
        ("/steps/0/do", "do"),
        ("/steps/4/do/from_version", "from_version"),
        ("/steps/5/do/reference", "reference"),
        ("/steps/3/do/ending", "ending"),
        ("/gateway/0/behaviour", "behaviour"),
        ("/expect/legs/0/payee", "payee"),
        ("/expect/legs/0/purpose", "purpose"),
        ("/expect/legs/0/amount", "amount"),
    ] {
        let error = refused(&without(&scenario(), at));
        assert!(error.contains(&format!("missing field `{field}`")), "{at}: {error}");
        // and where it is missing
        let place = at.rsplit_once('/').unwrap().0.split('/').nth(1).unwrap_or_default().to_owned();
        assert!(error.starts_with(&place), "{at}: {error}");
    }
}

#[test]
fn scenarios_refuse_unknown_fields_everywhere() {
    let document = scenario();
    for at in nodes(&document) {
        if document.pointer(&at).unwrap().is_object() {
            let error = refused(&with(&document, &format!("{at}/surprise"), json!(1)));
            let named =
                error.contains("surprise") || error.contains("single key") || error.contains("expected");
            assert!(named, "{at}: {error}");
        }
    }
}

#[test]
fn malformed_json_is_an_error_with_its_place() {
    let good = scenario().to_string();
    for text in
        ["", " ", "{", "[]", "null", "5", "\"scenario\"", "{\"start\":}", "{'start':1}", "\u{feff}{}", "{}{}"]
    {
        let error = Scenario::from_json(text).unwrap_err().to_string();
        assert!(!error.is_empty());
    }
    // cut off anywhere
    for cut in (0..good.len()).step_by(7) {
        if good.is_char_boundary(cut) {
            let error = Scenario::from_json(&good[..cut]).unwrap_err().to_string();
            assert!(error.starts_with("json: ") && error.contains("line 1 column"), "{error}");
        }
    }
    // numbers that are none, texts that are none
    for text in [r#"{"start":1e999}"#, r#"{"start":01}"#, r#"{"start":"\ud800"}"#, r#"{"start":NaN}"#] {
        let error = Scenario::from_json(text).unwrap_err().to_string();
        assert!(error.starts_with("json: "), "{error}");
    }
}

#[test]
fn nesting_does_not_exhaust_the_stack() {
    for depth in [100, 200, 10_000, 1_000_000] {
        for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
            let nested = format!("{}1{}", open.repeat(depth), close.repeat(depth));
            Scenario::from_json(&nested).unwrap_err();
            Scenario::from_json(&format!("{{\"terms\":{nested}}}")).unwrap_err();
            serde_json::from_str::<Command>(&format!("{{\"type\":\"post\",\"reference\":{nested}}}"))
                .unwrap_err();
            serde_json::from_str::<Event>(&format!("{{\"reference\":{nested},\"type\":\"posted\"}}"))
                .unwrap_err();
            serde_json::from_str::<Deal>(&nested).unwrap_err();
            serde_json::from_str::<Envelope>(&nested).unwrap_err();
        }
    }
}

#[test]
fn a_scenario_has_a_largest_size() {
    let good = scenario().to_string();
    let fits = format!("{good}{}", " ".repeat(Scenario::MAX_BYTES - good.len()));
    assert!(Scenario::from_json(&fits).is_ok());
    assert_eq!(Scenario::from_json(&format!("{fits} ")).unwrap_err(), ScenarioError::TooLarge);
    assert!(ScenarioError::TooLarge.to_string().contains("4194304 bytes"));
    // one enormous text, and very many of them
    let text = json!("x".repeat(Scenario::MAX_BYTES - 20_000));
    let error = refused(&with(&scenario(), "/terms/conditions", text));
    assert!(error.starts_with("terms.conditions") && error.len() < 500);
    let many = vec![json!("tag"); 400_000];
    let taken = Scenario::from_json(&with(&scenario(), "/terms/tags", json!(many)).to_string()).unwrap();
    assert_eq!(invalid_terms(&taken), "terms: tags has more than 32 entries");
}

/// The message with which the creation of a deal is refused, by its terms.
fn invalid_terms(scenario: &Scenario) -> String {
    let report = run(scenario);
    assert!(!report.ok, "not expected, so not ok");
    assert!(report.events.is_empty() && report.status.is_none(), "nothing was created");
    let error = report.error.expect("refused");
    assert_eq!((error.step, error.code.as_str()), (0, "invalid-terms"));
    assert_eq!(report.differences, ["creation: expected accepted, got invalid-terms"]);
    error.message
}

// --- terms that break a rule ---

#[test]
fn terms_errors_name_the_field_and_say_why() {
    let tags = vec![json!("tag"); 33];
    let items = vec![terms()["items"][0].clone(); 201];
    let services = vec![terms()["services"][0].clone(); 33];
    let fees: Vec<Value> =
        (0..17).map(|n| with(&terms()["fees"][0], "/id", json!(format!("fee-{n}")))).collect();
    #[rustfmt::skip]
    let cases: Vec<(&str, Value, &str)> = vec![
        ("/seller", json!("anna"), "seller must differ from the buyer"),
        ("/arbiter", json!("boris"), "arbiter must not be a party to the deal"),
        ("/arbiter", json!("insurer"), "arbiter must not be a party to the deal"),
        ("/items", json!([]), "items must not be empty"),
        ("/items", json!(items), "items has more than 200 entries"),
        ("/services", json!(services), "services has more than 32 entries"),
        ("/fees", json!(fees), "fees has more than 16 entries"),
        ("/tags", json!(tags), "tags has more than 32 entries"),
        ("/items/1/unit_price/amount", json!("-0.01"), "items[1].unit_price must not be negative"),
        ("/items/1/unit_price/currency", json!("USD"), "items[1].unit_price must be in the currency of the deal"),
        ("/items/1/unit_price/amount", json!("100000000000000.01"), "items[1].unit_price is over its limit"),
        ("/items/1/quantity", json!(0), "items[1].quantity must not be zero"),
        ("/items/1/quantity", json!(1_000_001), "items[1].quantity is over its limit"),
        ("/items/1/quantity", json!(u32::MAX), "items[1].quantity is over its limit"),
        ("/services/0/final_cost/amount", json!("-1"), "services[0].final_cost must not be negative"),
        ("/services/0/original_cost/amount", json!("-1"), "services[0].original_cost must not be negative"),
        ("/services/1/provider/third", json!("anna"), "services[1].provider must not be a party to the deal"),
        ("/fees/1/id", json!("platform"), "fees[1].id stands twice"),
        ("/fees/0/fixed/amount", json!("-1"), "fees[0].fixed must not be negative"),
        ("/fees/0/min/amount", json!("9001"), "fees[0].min must not be over the maximum"),
        ("/fees/0/payee", json!({ "partner": "boris" }), "fees[0].payee must not be a party to the deal"),
        ("/fees/0/base", json!("gross"), ""),
        ("/fees/0/payer", json!({ "shared": "1%" }), ""),
        ("/fees/1/out_of", json!("carved"), "fees[1].out_of must name an earlier fee"),
        ("/fees/1/out_of", json!("nothing"), "fees[1].out_of must name an earlier fee"),
        ("/fees/1/payer", json!("seller"), "fees[1].payer must be absent: a carve-out follows its parent"),
        ("/fees/1/on_refund", json!("keep"), "fees[1].on_refund must be absent: a carve-out follows its parent"),
        ("/fees/1/rate", json!("90%"), "fees[1].out_of takes more than there is in its parent"),
        ("/fees/0/payer", json!(null), "fees[0].payer is required"),
        ("/fees/0/on_refund", json!(null), "fees[0].on_refund is required"),
        ("/pay_offline/amount", json!("-1"), "pay_offline must not be negative"),
        ("/pay_offline/amount", json!("1420.51"), "pay_offline must not be over the price"),
        ("/pay_offline/currency", json!("USD"), "pay_offline must be in the currency of the deal"),
        ("/guarantees/buyer/amount", json!("-1"), "guarantees.buyer must not be negative"),
        ("/guarantees/seller/amount", json!("900000000000000"), "guarantees.seller is over its limit"),
        ("/policy/start_s", json!(0), "start_s must not be zero"),
        ("/policy/start_s", json!(315_360_001), "start_s is over its limit"),
        ("/policy/max_extension_s", json!(u32::MAX), "max_extension_s is over its limit"),
        ("/policy/max_revisions", json!(0), "max_revisions must not be zero"),
        ("/policy/arbitration_fee/min/amount", json!("501"), "arbitration_fee.min must not be over the maximum"),
        ("/policy/arbitration_fee/payee", json!({ "partner": "anna" }), "arbitration_fee.payee must not be a party to the deal"),
    ];
    for (at, value, message) in cases {
        let document = with(&terms(), at, value);
        // a draft is data: it decodes, and says the same again
        let draft: TermsDraft = faithful(&document);
        if message.is_empty() {
            assert!(Terms::new(draft).is_ok(), "{at}");
            continue;
        }
        let error = Terms::new(draft.clone()).expect_err(at);
        assert!(error.to_string().starts_with(message), "{at}: {error}");
        assert!(message.contains(error.field()), "{at}: {}", error.field());
        // the same through every door
        let decoded = decode::<Terms>(&document).unwrap_err();
        assert!(decoded.contains(message), "{at}: {decoded}");
        let amended = json!({ "type": "amend", "from_version": 1, "terms": document });
        assert!(decode::<Command>(&amended).unwrap_err().contains(message), "{at}");
        let proposed = with(&events()[0], "/terms", document.clone());
        assert!(decode::<Event>(&proposed).unwrap_err().contains(message), "{at}");
        let scenario = with(&scenario(), "/terms", document);
        let taken = Scenario::from_json(&scenario.to_string()).unwrap();
        assert!(invalid_terms(&taken).starts_with(&format!("terms: {message}")), "{at}");
    }
    for (at, value, message) in [
        ("/items/0/unit_price/amount", json!("0"), "items must not be zero"),
        (
            "/policy/partial_buyout_allowed",
            json!(true),
            "partial_buyout_allowed needs `acceptance = by_buyer`",
        ),
    ] {
        let mut document = with(&terms(), "/items/1/unit_price/amount", json!("0"));
        document["policy"]["acceptance"] = json!("mutual");
        document["items"][0]["unit_price"]["amount"] = json!("600");
        let error = decode::<Terms>(&with(&document, at, value)).unwrap_err();
        assert!(error.contains(message), "{at}: {error}");
    }
    // sums that only the whole exceeds
    let mut document = terms();
    document["items"] = json!(vec![
        json!({ "name": "Gold", "unit_price": rub("99999999999999"), "quantity": 1_000_000 });
        200
    ]);
    assert!(decode::<Terms>(&document).unwrap_err().contains("items is over its limit"));
}

#[test]
fn a_rejected_creation_can_be_expected() {
    let mut document = scenario();
    document["terms"]["items"] = json!([]);
    document["expect"] = json!({ "rejected": "invalid-terms" });
    let report = run(&Scenario::from_json(&document.to_string()).unwrap());
    assert!(report.ok, "{:?}", report.differences);
    document["expect"] = json!({ "rejected": "wrong-phase" });
    let report = run(&Scenario::from_json(&document.to_string()).unwrap());
    assert_eq!(report.differences, ["creation: expected wrong-phase, got invalid-terms"]);
}

// --- commands whose content is refused by the deal ---

#[test]
fn absurd_contents_are_rejected_and_change_nothing() {
    let (_, deal) = deals().into_iter().find(|(name, _)| name == "disputed v12").unwrap_or_else(|| {
        deals().into_iter().find(|(_, d)| d.phase().kind() == PhaseKind::Performing).unwrap()
    });
    let before = serde_json::to_string(&deal).unwrap();
    let gateway = |command: &Value| (decode::<Command>(command).unwrap(), Context::gateway(deal.last_at()));
    let buyer = |command: &Value| {
        let id: PartyId = "anna".parse().unwrap();
        (decode::<Command>(command).unwrap(), Context::party(deal.last_at(), id))
    };
    let confirm = |amount: Value, deposit: &str| {
        gateway(
            &json!({ "type": "confirm_payment", "deposit": deposit, "gateway": "bank", "reference": "x", "amount": amount }),
        )
    };
    let most = i64::MAX.to_string();
    let (whole, cents) = most.split_at(most.len() - 2);
    #[rustfmt::skip]
    let cases = [
        (confirm(rub("-1"), "buyer_payment"), "amount-not-positive"),
        (confirm(rub("0"), "buyer_payment"), "amount-not-positive"),
        (confirm(json!({ "amount": "1", "currency": "USD" }), "buyer_payment"), "amount-currency"),
        (confirm(rub(&format!("{whole}.{cents}")), "buyer_payment"), "amount-too-large"),
        (confirm(rub("1"), "charge_32"), "unknown-deposit"),
        (gateway(&json!({ "type": "answer", "transaction": u32::MAX, "result": "in_progress" })), "unknown-transaction"),
        (gateway(&json!({ "type": "answer", "transaction": 0, "result": { "succeeded": "x" } })), "unknown-transaction"),
        (gateway(&json!({ "type": "chargeback", "reference": "c", "deposit": "buyer_payment", "amount": rub("-1"), "step": "opened" })), "amount-not-positive"),
        (buyer(&json!({ "type": "accept", "quantities": vec![u32::MAX; 100_000] })), ""),
        (buyer(&json!({ "type": "request_payment", "key": "z", "deposit": "seller_payment", "amount": rub("1"), "form": { "method": "card", "return_urls": { "success_url": "a", "fail_url": "b" } } })), "not-your-deposit"),
    ];
    for ((command, context), code) in cases {
        let mut after = deal.clone();
        let rejection = after.handle(&command, &context).map(|t| t.events().to_vec()).expect_err(code);
        assert!(code.is_empty() || rejection.code() == code, "{command:?}: {rejection}");
        assert!(!rejection.to_string().is_empty());
        assert_eq!(serde_json::to_string(&after).unwrap(), before);
    }
}

// --- documents that were changed at random ---

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
