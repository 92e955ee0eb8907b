//! Documents to spoil: terms, scenarios, commands, events, stored deals.

use std::collections::BTreeSet;

use escrow::wire::Envelope;
use escrow::{Deal, Recorded};
use escrow_testing::scenario::{Scenario, run};
use serde_json::{Value, json};

pub const SCENARIOS: [(&str, &str); 7] = [
    ("a-shop-sale", include_str!("../../../examples/scenarios/a-shop-sale.json")),
    ("b-moderated", include_str!("../../../examples/scenarios/b-moderated.json")),
    ("c-buyer-cancels-late", include_str!("../../../examples/scenarios/c-buyer-cancels-late.json")),
    ("d-never-shipped", include_str!("../../../examples/scenarios/d-never-shipped.json")),
    ("e-partial-buyout", include_str!("../../../examples/scenarios/e-partial-buyout.json")),
    ("f-late-payment", include_str!("../../../examples/scenarios/f-late-payment.json")),
    ("g-payout-redirected", include_str!("../../../examples/scenarios/g-payout-redirected.json")),
];

pub fn roubles(amount: &str) -> Value {
    json!({ "amount": amount, "currency": "RUB" })
}

/// Terms with everything that terms can have.
pub fn terms() -> Value {
    json!({
        "buyer": "anna",
        "seller": "boris",
        "arbiter": "judge",
        "currency": "RUB",
        "items": [
            { "name": "Lamp", "unit_price": roubles("500"), "quantity": 2, "sku": "L-1", "description": "Green", "unit": "pcs" },
            { "name": "Bulb", "unit_price": roubles("50.50") },
        ],
        "services": [
            { "name": "Delivery", "description": "CDEK", "original_cost": roubles("400"), "final_cost": roubles("350"), "payer": "buyer", "provider": "seller" },
            { "name": "Insurance", "final_cost": roubles("40"), "payer": { "shared": "50%" }, "provider": { "third": "insurer" } },
        ],
        "fees": [
            { "id": "platform", "payee": "platform", "rate": "5%", "base": "price", "fixed": roubles("1"), "min": roubles("2"), "max": roubles("9000"), "payer": "seller", "on_refund": "keep" },
            { "id": "carved", "payee": { "partner": "agent" }, "rate": "1%", "base": "order", "out_of": "platform" },
        ],
        "pay_offline": roubles("100"),
        "guarantees": { "buyer": { "amount": "5.00000001", "currency": "COIN.8" }, "seller": roubles("70") },
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
    policy["arbitration_fee"] = json!({ "payee": "platform", "rate": "3%", "fixed": roubles("1"), "min": roubles("1"), "max": roubles("500") });
    policy
}

/// A scenario with a bit of everything, for errors that name their field.
pub fn scenario() -> Value {
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
            { "at": "2026-03-02T12:00:00Z", "do": { "type": "pay", "deposit": "buyer_payment", "amount": roubles("1"), "held_until": "2026-03-09T12:00:00Z", "reference": "p" } },
            { "do": { "type": "resume" } },
            { "do": { "type": "preview", "ending": { "cancelled": "buyer" } } },
            { "by": "operator", "do": { "type": "amend", "from_version": 1, "terms": terms } },
            { "by": { "party": "insurer" }, "do": { "type": "post", "reference": "m-1" } },
        ],
        "finish": false,
        "expect": { "status": "cancelled", "outcome": "cancelled", "legs": [{ "payee": "buyer", "purpose": "refund", "amount": roubles("1") }], "receivables": [] },
    })
}

/// One of every command, in every form that differs.
pub fn commands() -> Vec<Value> {
    let track = json!({ "tracker": "cdek", "code": "1105678" });
    vec![
        json!({ "type": "amend", "from_version": 1, "terms": terms() }),
        json!({ "type": "agree", "terms_version": 1, "payment": { "deposit": "buyer_payment", "gateway": "bank", "reference": "wm-1" } }),
        json!({ "type": "request_payment", "key": "k", "deposit": "charge_1", "amount": roubles("5"), "form": { "method": "card", "return_urls": { "success_url": "https://a.example", "fail_url": "https://b.example" } } }),
        json!({ "type": "confirm_payment", "deposit": "seller_guarantee", "gateway": "bank", "reference": "p-1", "amount": roubles("5"), "transaction": 1, "held_until": "2026-03-09T12:00:00Z" }),
        json!({ "type": "approve" }),
        json!({ "type": "annotate", "contacts": { "buyer": "b-1" }, "tags": ["gift"], "order_id": "7" }),
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
        json!({ "type": "add_charge", "key": "c", "payer": "buyer", "payee": { "party": "insurer" }, "amount": roubles("5"), "reason": "More" }),
        json!({ "type": "cancel", "reason": "No", "at_fault": "nobody" }),
        json!({ "type": "open_dispute", "reason": "Where?", "evidence": "e-1" }),
        json!({ "type": "propose_award", "award": { "amount": roubles("5") } }),
        json!({ "type": "propose_award", "award": { "winner": "buyer" } }),
        json!({ "type": "propose_award", "award": "call_off", "original": true }),
        json!({ "type": "accept_award", "award": { "share": "50%" } }),
        json!({ "type": "accept_award", "award": "call_off", "offer": 2 }),
        json!({ "type": "give_back", "total": roubles("5") }),
        json!({ "type": "escalate" }),
        json!({ "type": "withdraw_dispute" }),
        json!({ "type": "file_claim", "reference": "A40-1/2026" }),
        json!({ "type": "rule", "award": "seller_all", "at_fault": "buyer" }),
        json!({ "type": "appoint_arbiter", "arbiter": "judge" }),
        json!({ "type": "answer", "transaction": 3, "result": { "succeeded": "gw-3" } }),
        json!({ "type": "answer", "transaction": 3, "result": { "declined": "No funds" } }),
        json!({ "type": "answer", "transaction": 3, "result": "in_progress" }),
        json!({ "type": "set_destination", "payee": "seller", "destination": { "card": "vault-1" } }),
        json!({ "type": "redirect_refund", "payee": "platform", "destination": "balance" }),
        json!({ "type": "chargeback", "reference": "cb-1", "gateway": "bank", "payment": "p-1", "amount": roubles("5"), "step": "opened" }),
        json!({ "type": "chargeback", "reference": "cb-1", "gateway": "bank", "payment": "p-1", "deposit": "buyer_payment", "amount": roubles("5"), "step": "reinstated" }),
        json!({ "type": "returned", "transaction": 3, "amount": roubles("5"), "reference": "back-1" }),
        json!({ "type": "settle_receivable", "receivable": 1, "amount": roubles("5"), "reference": "paid-1", "source": "In cash" }),
        json!({ "type": "confirm_payment", "deposit": "buyer_payment", "gateway": "bank", "reference": "p-1", "amount": roubles("5"), "capture": "c-1", "final": false }),
        json!({ "type": "extend", "timer": "start", "until": "2026-04-01T12:00:00Z" }),
        json!({ "type": "extend", "timer": { "hold": 1 }, "until": "2026-04-01T12:00:00Z" }),
        json!({ "type": "post", "reference": "m-1" }),
        json!({ "type": "wake" }),
    ]
}

/// One of every event, in every form that differs.
pub fn events() -> Vec<Value> {
    let order = json!({ "tx": 2, "kind": "payout", "deposit": "buyer_payment", "payee": { "party": "insurer" }, "purpose": "service", "amount": roubles("40"), "leg": 1, "source": 1 });
    let until = "2026-03-08T12:00:00Z";
    vec![
        json!({ "type": "proposed", "terms": terms(), "consents": { "buyer": true, "seller": false }, "phase": { "proposed": { "until": until } } }),
        json!({ "type": "terms_amended", "terms_version": 2, "terms": terms(), "changed": ["items", "pay_offline"], "deposits": [{ "deposit": "buyer_payment", "old": roubles("1"), "new": roubles("2") }], "consents": { "buyer": false, "seller": true } }),
        json!({ "type": "agreed", "side": "buyer", "terms_version": 1 }),
        json!({ "type": "payment_stated", "order": order, "gateway": "bank", "reference": "wm-1" }),
        json!({ "type": "payment_requested", "tx": 1, "deposit": "buyer_payment", "amount": roubles("5"), "key": "k", "form": { "method": "card", "return_urls": { "success_url": "https://a.example", "fail_url": "https://b.example" } } }),
        json!({ "type": "payment_received", "tx": 1, "deposit": "buyer_payment", "amount": roubles("5"), "gateway": "bank", "reference": "p-1", "held_until": until }),
        json!({ "type": "annotated", "old": {}, "new": { "order_id": "7", "tags": ["gift"], "contacts": { "seller": "s-1" } } }),
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
        json!({ "type": "clearing_begun", "ending": { "partial_buyout": [1, 0] } }),
        json!({ "type": "reported", "side": "seller", "verdict": "success", "before": "failure" }),
        json!({ "type": "cost_incurred", "service": 1, "evidence": "policy-77" }),
        json!({ "type": "charge_added", "deposit": "charge_1", "payer": "buyer", "amount": roubles("5"), "details": { "key": "c", "payee": "seller", "reason": "More" } }),
        json!({ "type": "cancelled", "at_fault": "buyer", "reason": "No" }),
        json!({ "type": "dispute_opened", "by": { "party": "buyer" }, "reason": "Where?", "evidence": "e-1" }),
        json!({ "type": "dispute_opened", "by": "refusal", "reason": "" }),
        json!({ "type": "award_proposed", "side": "buyer", "offer": { "number": 1, "award": { "amount": roubles("5") }, "fingerprint": 17 } }),
        json!({ "type": "offer_fell", "side": "buyer", "number": 1 }),
        json!({ "type": "given_back", "total": roubles("5"), "before": roubles("0") }),
        json!({ "type": "escalation_asked", "by": "buyer" }),
        json!({ "type": "escalation_asked" }),
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
        json!({ "type": "ending_decided", "ending": { "awarded": { "award": "buyer_all", "by": "ruling" } }, "outcome": "resolved", "funded": true, "settle_by": until, "charges": { "awarded": [1, 2] }, "original": true }),
        json!({ "type": "ending_decided", "ending": "called_off", "outcome": "resolved", "funded": true, "settle_by": until }),
        json!({ "type": "capture_ordered", "order": order }),
        json!({ "type": "leg_ordered", "order": order }),
        json!({ "type": "leg_asked", "leg": 1 }),
        json!({ "type": "leg_unclaimed", "leg": 1 }),
        json!({ "type": "ending_decided", "ending": "success", "outcome": "completed", "funded": true, "settle_by": until, "divides": [1, 0, 0, 0] }),
        json!({ "type": "transaction_failed", "tx": 1, "reason": "no", "missed": true }),
        json!({ "type": "leg_waits", "leg": 1, "deposit": "buyer_payment", "payee": "buyer", "purpose": "refund", "amount": roubles("5"), "source": 1 }),
        json!({ "type": "leg_credited", "order": order }),
        json!({ "type": "leg_cut", "leg": 1, "old": roubles("5"), "new": roubles("4") }),
        json!({ "type": "transaction_succeeded", "tx": 1, "reference": "gw-1" }),
        json!({ "type": "transaction_failed", "tx": 1, "reason": "No funds" }),
        json!({ "type": "receivable_raised", "receivable": { "debtor": "seller", "payee": "platform", "purpose": "fee", "amount": roubles("5") } }),
        json!({ "type": "receivable_raised", "receivable": { "debtor": "seller", "payee": "platform", "purpose": "chargeback", "amount": roubles("5") }, "cause": { "liable": { "chargeback": 1, "deposit": "buyer_payment" } } }),
        json!({ "type": "receivable_changed", "number": 1, "old": roubles("5"), "new": roubles("4") }),
        json!({ "type": "receivable_settled", "number": 1, "amount": roubles("5"), "reference": "paid-1", "source": "In cash" }),
        json!({ "type": "chargeback_recorded", "chargeback": { "id": "cb-1", "gateway": "bank", "payment": "p-1", "deposit": "buyer_payment", "opened": [roubles("5"), until], "won": true, "lost": roubles("5"), "reinstated": roubles("4"), "rank": 1, "waited": [1] }, "amount": roubles("5"), "step": "lost" }),
        json!({ "type": "chargeback_recorded", "chargeback": { "id": "cb-1", "gateway": "bank", "payment": "p-1" }, "amount": roubles("5") }),
        json!({ "type": "pot_cut", "deposit": "buyer_payment", "old": roubles("5"), "new": roubles("4"), "as_if": roubles("3") }),
        json!({ "type": "leg_split", "leg": 1, "into": 2, "amount": roubles("4") }),
        json!({ "type": "leg_held_back", "leg": 1, "chargeback": 1 }),
        json!({ "type": "leg_restored", "leg": 1, "into": 2, "amount": roubles("4") }),
        json!({ "type": "payment_returned", "tx": 3, "reference": "back-1", "amount": roubles("5"), "again": [2, roubles("4")], "settle_by": until }),
        json!({ "type": "hold_charged", "tx": 2, "hold": 1, "amount": roubles("5"), "capture": "c-1", "last": true }),
        json!({ "type": "hold_charged", "tx": 2, "hold": 1, "amount": roubles("5"), "last": true, "missed": roubles("4") }),
        json!({ "type": "hold_shortened", "tx": 1, "expires": until }),
        json!({ "type": "receivable_raised", "receivable": { "debtor": "buyer", "payee": "seller", "purpose": "payout", "amount": roubles("5") }, "cause": { "missed": { "deposit": "buyer_payment" } } }),
        json!({ "type": "stray_opened", "deposit": "stray_1", "named": "buyer_payment", "zero": { "amount": "0", "currency": "USD" } }),
        json!({ "type": "answer_doubted", "tx": 3 }),
        json!({ "type": "answer_confirmed", "tx": 3 }),
        json!({ "type": "request_noted", "request_id": "r-1", "command": "post", "content": 7, "by": "buyer" }),
        json!({ "type": "timer_fired", "timer": { "claim": 1 } }),
        json!({ "type": "timer_fired", "timer": "chargeback" }),
        json!({ "type": "dispute_closed" }),
    ]
}

pub fn recorded(event: &Value) -> Value {
    json!({ "at": "2026-03-01T12:00:00Z", "actor": { "party": "anna" }, "via": "market", "event": event })
}

pub fn envelope(event: &Value) -> Value {
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
pub fn deals() -> Vec<(String, Deal)> {
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

/// What the examples do not show: holds, guarantees, disputes, charges, chargebacks, claims, silent gateways, banks.
fn rich_scenarios() -> Vec<(&'static str, Value)> {
    let base = |preset: &str, steps: Value| {
        let mut terms = terms();
        terms["policy"] = json!({ "preset": preset });
        // a parcel is not submitted
        terms["delivery"] = json!({ "promise": { "method": "CDEK", "expected": "2026-03-08T12:00:00Z" } });
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
    let request = json!({ "after": "1h", "by": "buyer", "do": { "type": "request_payment", "key": "k", "deposit": "buyer_payment", "amount": roubles("5"), "form": { "method": "card", "return_urls": { "success_url": "https://a.example", "fail_url": "https://b.example" } } } });
    let mut held = base(
        "shop",
        pay_all(json!([
            request,
            { "after": "1h", "do": { "type": "pay", "amount": roubles("200"), "held_until": "2026-03-20T00:00:00Z" } },
            { "after": "1h", "do": { "type": "pay", "amount": roubles("5000"), "held_until": "2026-03-20T00:00:00Z" } },
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
            { "after": "1h", "do": { "type": "pay", "amount": roubles("5000") } },
            start,
            { "after": "1h", "by": "buyer", "do": { "type": "add_charge", "key": "c", "payer": "buyer", "payee": "seller", "amount": roubles("9"), "reason": "A bow" } },
            { "after": "1h", "do": { "type": "pay", "deposit": "charge_1" } },
            { "after": "1h", "by": "seller", "do": { "type": "submit", "number": 1, "revision": { "preview": "p", "original": "o", "digest": "d" } } },
            { "after": "1h", "by": "buyer", "do": { "type": "request_changes", "number": 1, "comment": "Greener" } },
            { "after": "1h", "by": "buyer", "do": { "type": "open_dispute", "reason": "Not green" } },
            { "after": "1h", "by": "seller", "do": { "type": "propose_award", "award": { "amount": roubles("0") } } },
            { "after": "11d", "do": { "type": "wake" } },
            { "after": "1h", "do": { "type": "chargeback", "reference": "cb", "deposit": "buyer_payment", "amount": roubles("10"), "step": "opened" } },
            { "after": "1h", "by": "arbiter", "do": { "type": "rule", "award": { "share": "33%" }, "at_fault": "seller" } },
            { "after": "1h", "do": { "type": "chargeback", "reference": "cb", "deposit": "buyer_payment", "amount": roubles("10"), "step": "lost" } },
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
    let banks = base(
        "marketplace",
        pay_all(json!([
            { "after": "1h", "do": { "type": "pay", "amount": { "amount": "7", "currency": "USD" } } },
            { "after": "1h", "do": { "type": "pay", "reference": "p-1" } },
            start,
            { "after": "1h", "do": { "type": "chargeback", "reference": "early", "payment": "p-9", "amount": roubles("3"), "step": "opened" } },
            { "after": "1h", "do": { "type": "chargeback", "reference": "cb", "payment": "p-1", "amount": roubles("10"), "step": "opened" } },
            { "after": "1h", "by": "buyer", "do": { "type": "accept" } },
            { "after": "1h", "do": { "type": "returned", "amount": roubles("5"), "reference": "back-1" } },
            { "after": "1h", "do": { "type": "chargeback", "reference": "cb", "payment": "p-1", "amount": roubles("10"), "step": "lost" } },
            { "after": "1h", "do": { "type": "chargeback", "reference": "cb-2", "payment": "p-1", "amount": roubles("20"), "step": "lost" } },
            { "after": "1h", "by": "operator", "do": { "type": "settle_receivable", "receivable": 1, "amount": roubles("2"), "reference": "paid-1" } },
            { "after": "1h", "do": { "type": "chargeback", "reference": "cb-2", "payment": "p-1", "amount": roubles("1"), "step": "reinstated" } },
        ])),
    );
    let all = [("held", held), ("disputed", disputed), ("guarantee", guarantee), ("moderated", moderated)];
    all.into_iter().chain([("banks", banks)]).collect()
}

/// One deal per scenario that still has most of its way to go, and one with most behind it.
pub fn two_of_each() -> Vec<(String, Deal)> {
    let all = deals();
    let mut names: Vec<&str> = all.iter().map(|(name, _)| name.split(' ').next().unwrap()).collect();
    names.dedup();
    let of = |scenario: &str| {
        let own = all.iter().filter(|(name, _)| name.split(' ').next() == Some(scenario)).collect::<Vec<_>>();
        [own[own.len() / 2].clone(), own[own.len() - 1].clone()]
    };
    names.into_iter().flat_map(of).collect()
}
