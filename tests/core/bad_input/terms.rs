//! Terms that break a rule.

use crate::bad_input::documents::{events, roubles, scenario, terms};
use crate::bad_input::{
    decode, faithful, names_missing_fields, refuses_unknown_fields, refuses_wrong_types, with,
};
use escrow::deal::Event;
use escrow::{Command, Terms, TermsDraft};
use escrow_testing::scenario::{Scenario, run};
use serde_json::{Value, json};

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

/// The message with which the creation of a deal is refused, by its terms.
pub fn invalid_terms(scenario: &Scenario) -> String {
    let report = run(scenario);
    assert!(!report.ok, "not expected, so not ok");
    assert!(report.events.is_empty() && report.status.is_none(), "nothing was created");
    let error = report.error.expect("refused");
    assert_eq!((error.step, error.code.as_str()), (0, "invalid-terms"));
    assert_eq!(report.differences, ["creation: expected accepted, got invalid-terms"]);
    error.message
}

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
        ("/arbiter", json!("boris"), "arbiter must be somebody else: the same id is the seller, in `seller`"),
        ("/arbiter", json!("insurer"), "arbiter must be somebody else: the same id is the provider of a service, in `services[1].provider`"),
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
        ("/services/1/provider/third", json!("anna"), "services[1].provider must be somebody else: the same id is the buyer, in `buyer`"),
        ("/fees/1/id", json!("platform"), "fees[1].id stands twice"),
        ("/fees/0/fixed/amount", json!("-1"), "fees[0].fixed must not be negative"),
        ("/fees/0/min/amount", json!("9001"), "fees[0].min must not be over the maximum"),
        ("/fees/0/payee", json!({ "partner": "boris" }), "fees[0].payee must be somebody else: the same id is the seller, in `seller`"),
        ("/fees/0/base", json!("gross"), ""),
        ("/fees/0/payer", json!({ "shared": "1%" }), ""),
        ("/fees/1/out_of", json!("carved"), "fees[1].out_of must name an earlier fee"),
        ("/fees/1/out_of", json!("nothing"), "fees[1].out_of must name an earlier fee"),
        ("/fees/1/payer", json!("seller"), "fees[1].payer must be absent: a carve-out and a tax follow their parent"),
        ("/fees/1/on_refund", json!("keep"), "fees[1].on_refund must be absent: a carve-out and a tax follow their parent"),
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
        ("/policy/arbitration_fee/payee", json!({ "partner": "anna" }), "arbitration_fee.payee must be somebody else: the same id is the buyer, in `buyer`"),
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
        ("/items/0/quantity", json!(0), "items[0].quantity must not be zero"),
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
        json!({ "name": "Gold", "unit_price": roubles("99999999999999"), "quantity": 1_000_000 });
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
