//! What the runner tells of a scenario, and what the gateway of a scenario can be made to do. Amounts are worked out by hand.
#![allow(clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)]

use escrow_testing::scenario::{Report, Scenario, run};
use serde_json::{Value, json};

pub(crate) fn eur(amount: &str) -> Value {
    json!({ "amount": amount, "currency": "EUR" })
}

/// A lamp of 1 000.00 and three bulbs of 10.00 each; the site takes 10 % of the price from the seller.
pub(crate) fn lamp(steps: Value) -> Value {
    json!({
        "start": "2026-03-01T12:00:00Z",
        "terms": {
            "buyer": "anna", "seller": "boris", "currency": "EUR",
            "items": [
                { "name": "Lamp", "unit_price": eur("1000") },
                { "name": "Bulb", "unit_price": eur("10"), "quantity": 3 },
            ],
            "fees": [{ "id": "site", "payee": "platform", "rate": "10%", "base": "price", "payer": "seller", "on_refund": "return" }],
            "policy": { "preset": "shop" },
        },
        "steps": steps,
    })
}

pub(crate) fn told(scenario: &Value) -> (Report, Value) {
    let read = Scenario::from_json(&scenario.to_string()).unwrap_or_else(|e| panic!("{e}"));
    let report = run(&read);
    assert_eq!(report.differences, Vec::<String>::new(), "{:?}", report.rejections);
    assert_eq!(report.invariants.violations, Vec::<String>::new());
    let told = serde_json::to_value(&report).unwrap();
    (report, told)
}

pub(crate) fn wrong(scenario: &Value) -> String {
    Scenario::from_json(&scenario.to_string()).unwrap_err().to_string()
}

const PAY: &str = r#"{ "after": "1h", "do": { "type": "pay", "reference": "p-1" } }"#;

pub(crate) fn steps(more: Value) -> Value {
    let mut steps = vec![
        serde_json::from_str(PAY).unwrap(),
        json!({ "after": "1h", "by": "seller", "do": { "type": "start_performing" } }),
    ];
    steps.extend(more.as_array().unwrap().iter().cloned());
    Value::Array(steps)
}

// --- quotes ---

#[test]
fn refused_terms_are_quoted_where_there_are_sums() {
    let mut refused = lamp(json!([]));
    refused["terms"]["seller"] = json!("anna");
    refused["expect"] = json!({ "rejected": "invalid-terms" });
    let (_, report) = told(&refused);
    // 1 000 + 3 × 10; 10 % of it is 103
    assert_eq!(report["quote"]["deposit"], eur("1030.00"));
    assert_eq!(report["quote"]["payout"], eur("927.00"));
    assert_eq!(report["status"], Value::Null);

    // whoever proposes it is nobody: the terms are in order
    let mut refused = lamp(json!([]));
    refused["proposed_by"] = json!({ "party": "clara" });
    refused["expect"] = json!({ "rejected": "unknown-actor" });
    assert_eq!(told(&refused).1["quote"]["deposit"], eur("1030.00"));

    // the sums themselves are what is wrong
    let mut refused = lamp(json!([]));
    refused["terms"]["pay_offline"] = eur("1030.01");
    refused["expect"] = json!({ "rejected": "invalid-terms" });
    assert_eq!(told(&refused).1["quote"], Value::Null);
}

#[test]
fn terms_that_take_the_place_of_others_are_quoted_in_their_step() {
    let mut terms = lamp(json!([]))["terms"].clone();
    terms["items"][0]["unit_price"] = eur("900");
    let amend = |by: &str, from: u32, expect: &str| {
        let action = json!({ "type": "amend", "from_version": from, "terms": terms });
        json!({ "by": by, "do": action, "expect": expect })
    };
    let scenario = lamp(json!([amend("seller", 7, "stale"), amend("seller", 1, "accepted")]));
    let Ok(read) = Scenario::from_json(&scenario.to_string()) else { panic!() };
    let report = serde_json::to_value(run(&read)).unwrap();
    for step in [1, 2] {
        // 900 + 30, refused or not
        assert_eq!(report["steps"][step]["quote"]["deposit"], eur("930.00"), "{:?}", report["rejections"]);
    }
    assert_eq!(report["steps"][0].get("quote"), None);
    assert_eq!(report["steps"][1].get("requote"), None);
}

#[test]
fn a_part_that_is_accepted_or_asked_about_is_quoted_anew() {
    let (_, report) = told(&lamp(steps(json!([
        { "do": { "type": "preview", "ending": { "partial_buyout": [1, 0] } } },
        { "by": "buyer", "do": { "type": "accept", "quantities": [0, 0] }, "expect": "nothing-accepted" },
        { "by": "buyer", "do": { "type": "accept", "quantities": [0, 4] }, "expect": "quantity-over-ordered" },
        { "by": "buyer", "do": { "type": "accept", "quantities": [0, 2] } },
    ]))));
    let requote = |step: usize| report["steps"][step]["requote"].clone();
    // the lamp alone: 1 000, of which 100 are the site's
    assert_eq!((&requote(3)["deposit"], &requote(3)["payout"]), (&eur("1000.00"), &eur("900.00")));
    // nothing is refused, and quoted all the same
    assert_eq!((&requote(4)["deposit"], &requote(4)["commission"]), (&eur("0.00"), &eur("0.00")));
    // more than there is has no quote
    assert_eq!(report["steps"][5].get("requote"), None);
    // two bulbs: 20, of which 2 are the site's
    assert_eq!((&requote(6)["deposit"], &requote(6)["payout"]), (&eur("20.00"), &eur("18.00")));
    assert_eq!(report["payees"][1]["amount"], eur("18.00"));
    // the quote of the terms stays
    assert_eq!(report["quote"]["deposit"], eur("1030.00"));
}

// --- where refunds go ---

#[test]
fn a_refund_names_its_payment_and_two_payments_have_two() {
    let (_, report) = told(&lamp(json!([
        { "do": { "type": "pay", "amount": eur("600"), "reference": "card-1" } },
        { "do": { "type": "pay", "amount": eur("430"), "reference": "bank-2" } },
        { "by": "seller", "do": { "type": "cancel", "reason": "Sold out" } },
    ])));
    for list in ["legs", "payees"] {
        let refunds: Vec<_> = report[list].as_array().unwrap().iter().collect();
        let told = |leg: &&Value| (leg["source"].clone(), leg["amount"].clone());
        let mut sources: Vec<_> = refunds.iter().map(told).collect();
        sources.sort_by_key(|(source, _)| source.to_string());
        assert_eq!(sources, [(json!("bank-2"), eur("430.00")), (json!("card-1"), eur("600.00"))], "{list}");
    }
}

#[test]
fn a_chargeback_before_any_payment_is_about_the_first() {
    let lost = json!({ "type": "chargeback", "reference": "cb-1", "amount": eur("1030"), "step": "lost" });
    let mut scenario = lamp(json!([
        { "do": lost },
        { "do": { "type": "pay", "reference": "iban-7" }, "expect_status": "cancelled" },
    ]));
    scenario["expect"] = json!({ "outcome": "cancelled", "legs": [], "receivables": [] });
    told(&scenario);
}

// --- the gateway ---

fn with(rule: Value, more: Value, expect: Value) -> Value {
    let mut scenario = lamp(steps(more));
    scenario["gateway"] = json!([rule]);
    scenario["expect"] = expect;
    scenario
}

#[test]
fn a_payout_bounces_whole_or_in_parts_and_is_paid_elsewhere() {
    for behaviour in ["bounce", "bounce_in_parts"] {
        let rule = json!({ "kind": "payout", "payee": "seller", "behaviour": behaviour });
        let legs = json!([
            { "payee": "platform", "purpose": "fee", "amount": eur("103") },
            { "payee": "seller", "purpose": "payout", "amount": eur("927") },
        ]);
        let scenario = with(
            rule,
            json!([
                { "by": "buyer", "do": { "type": "accept" }, "expect_status": "completed" },
                { "by": "seller", "do": { "type": "set_destination", "payee": "seller", "destination": { "account": "other" } } },
            ]),
            json!({ "status": "completed", "legs": legs, "receivables": [] }),
        );
        let (report, _) = told(&scenario);
        // 927 went out, came back, and went out again
        let deposit = report.deposits.first().unwrap();
        assert_eq!((deposit.paid_out.minor(), deposit.reserved.minor()), (1030_00, 0), "{behaviour}");
        assert!(report.legs.iter().all(|leg| leg.state == escrow::deposit::LegState::Settled));
    }
}

#[test]
fn a_hold_that_was_charged_anyway_goes_back_whole() {
    let mut scenario = lamp(json!([
        { "do": { "type": "pay", "amount": eur("600"), "held_until": "2026-03-08T12:00:00Z", "reference": "h-1" } },
        { "after": "1h", "by": "seller", "do": { "type": "cancel", "reason": "Sold out" }, "expect_status": "cancelled" },
    ]));
    scenario["gateway"] = json!([{ "kind": "void", "behaviour": "charged_anyway" }]);
    let (report, _) = told(&scenario);
    let deposit = report.deposits.first().unwrap();
    // what came in at the gateway is recorded, and is back
    assert_eq!((deposit.received.minor(), deposit.refunded.minor()), (600_00, 600_00));
}

#[test]
fn a_hold_that_is_captured_in_parts_is_money_whole() {
    let mut scenario = lamp(json!([
        { "do": { "type": "pay", "held_until": "2026-03-20T12:00:00Z", "reference": "h-1" } },
        { "after": "1h", "by": "seller", "do": { "type": "start_performing" } },
        { "after": "1h", "by": "buyer", "do": { "type": "accept" } },
    ]));
    scenario["gateway"] = json!([{ "kind": "capture", "behaviour": "charged_in_parts" }]);
    scenario["finish"] = json!(true);
    scenario["expect"] = json!({ "status": "completed", "legs": [
        { "payee": "platform", "purpose": "fee", "amount": eur("103") },
        { "payee": "seller", "purpose": "payout", "amount": eur("927") },
    ] });
    let (report, _) = told(&scenario);
    assert_eq!(report.deposits.first().unwrap().received.minor(), 1030_00);
}

// --- what is no scenario ---

#[test]
fn an_unknown_field_is_named_with_its_place() {
    let mut scenario = lamp(steps(json!([])));
    scenario["steps"][0]["do"]["capture_id"] = json!("c-1");
    let error = wrong(&scenario);
    assert!(error.starts_with("steps[0]") && error.contains("unknown field `capture_id`"), "{error}");

    let chargeback =
        json!({ "type": "chargeback", "reference": "c", "amount": eur("1"), "step": "lost", "id": "c" });
    let error = wrong(&lamp(json!([{ "do": chargeback }])));
    assert!(error.contains("unknown field `id`"), "{error}");

    let returned = json!({ "type": "returned", "reference": "r", "leg": 1 });
    let error = wrong(&lamp(json!([{ "do": returned }])));
    assert!(error.contains("unknown field `leg`"), "{error}");

    let settled =
        json!({ "type": "settle_receivable", "receivable": 1, "amount": "1 EUR", "reference": "s" });
    let error = wrong(&lamp(json!([{ "do": settled }])));
    assert!(error.starts_with("steps[0].do: amount"), "{error}");

    let mut scenario = lamp(json!([]));
    scenario["terms"]["policy"]["claim_days"] = json!(3);
    let error = wrong(&scenario);
    assert!(error.starts_with("terms.policy") && error.contains("unknown field `claim_days`"), "{error}");
}
