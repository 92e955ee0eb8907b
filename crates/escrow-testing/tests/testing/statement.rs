//! What a report says of payments, chargebacks, debts, the platform's own loss and the next deadline. The lamp and the bulbs
//! cost 1 030.00, of which 103.00 are the site's and 927.00 the seller's. Amounts are worked out by hand.
#![allow(clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)]

use serde_json::{Value, json};

use crate::scenario::{eur, lamp, steps, told};

fn lost(amount: &str, step: &str) -> Value {
    json!({ "after": "1d", "do": { "type": "chargeback", "reference": "cb-1", "amount": eur(amount), "step": step } })
}

/// Bought, paid out, and then the bank of the payer takes all of it.
fn taken_back(liable: &str, more: &[Value]) -> Value {
    let mut all = vec![json!({ "by": "buyer", "do": { "type": "accept" } }), lost("1030", "lost")];
    all.extend(more.iter().cloned());
    let mut scenario = lamp(steps(json!(all)));
    scenario["terms"]["policy"]["chargeback_liable"] = json!(liable);
    told(&scenario).1
}

#[test]
fn a_loss_that_the_seller_answers_for_is_a_debt_of_theirs() {
    let settle = |amount: &str, reference: &str| {
        let settle = json!({ "type": "settle_receivable", "receivable": 1, "amount": eur(amount), "reference": reference, "source": "bank" });
        json!({ "by": "operator", "do": settle })
    };
    let report = taken_back("seller", &[settle("400", "s-1")]);
    let payment = &report["payments"][0];
    assert_eq!((&payment["gateway"], &payment["reference"]), (&json!("scenario"), &json!("p-1")));
    assert_eq!((&payment["deposit"], &payment["state"]), (&json!("buyer_payment"), &json!("charged")));
    assert_eq!((&payment["amount"], &payment["charged_back"]), (&eur("1030.00"), &eur("1030.00")));
    let chargeback = &report["chargebacks"][0];
    assert_eq!((&chargeback["payment"], &chargeback["state"]), (&json!("p-1"), &json!("lost")));
    assert_eq!((&chargeback["lost"], &chargeback["opened"]), (&eur("1030.00"), &Value::Null));
    assert_eq!(chargeback["parts"], json!([{ "deposit": "buyer_payment", "amount": eur("1030.00") }]));
    assert_eq!(chargeback["debts"], json!([1]));
    // all of it was sent to others than the payer, so the seller owes all of it
    let debt = &report["debts"][0];
    assert_eq!((&debt["debtor"], &debt["payee"]), (&json!("seller"), &json!("platform")));
    assert_eq!((&debt["amount"], &debt["paid"]), (&eur("1030.00"), &eur("400.00")));
    assert_eq!((&debt["open"], &debt["settled"]), (&eur("630.00"), &json!(false)));
    assert_eq!(debt["cause"]["liable"]["chargeback"], json!(1));
    let platform = &report["platform"][0];
    assert_eq!((&platform["loss"], &platform["due"]), (&eur("0.00"), &eur("630.00")));
    // what is paid is not owed, and stays in the list
    let report = taken_back("seller", &[settle("400", "s-1"), settle("630", "s-2")]);
    assert_eq!((&report["receivables"], &report["debts"][0]["settled"]), (&json!([]), &json!(true)));
}

#[test]
fn a_loss_that_nobody_answers_for_is_the_platforms() {
    let report = taken_back("platform", &[]);
    assert_eq!(report["debts"], json!([]));
    assert_eq!(report["deposits"][0]["borne"], eur("1030.00"));
    let platform = &report["platform"][0];
    assert_eq!((&platform["currency"], &platform["borne"]), (&json!("EUR"), &eur("1030.00")));
    assert_eq!((&platform["costs"], &platform["loss"]), (&eur("0.00"), &eur("1030.00")));
    // and no longer, once the bank has given it back
    let report = taken_back("platform", &[lost("1030", "reinstated")]);
    assert_eq!(report["platform"][0]["loss"], eur("0.00"));
    assert_eq!(report["payments"][0]["charged_back"], eur("0.00"));
}

/// A courier is paid for an errand that ends at nobody's fault: 20.00 by the platform.
#[test]
fn a_cost_that_the_platform_bears_is_its_loss() {
    let mut scenario = lamp(steps(json!([
        { "by": { "party": "courier" }, "do": { "type": "incur_cost", "service": 0, "evidence": "waybill" } },
        { "by": "operator", "do": { "type": "cancel", "reason": "Fire", "at_fault": "nobody" } },
    ])));
    scenario["terms"]["services"] = json!([
        { "name": "Delivery", "final_cost": eur("20"), "payer": "buyer", "provider": { "third": "courier" } },
    ]);
    let (_, report) = told(&scenario);
    let platform = &report["platform"][0];
    assert_eq!((&platform["costs"], &platform["loss"]), (&eur("20.00"), &eur("20.00")));
    assert_eq!((&platform["owes"], &platform["borne"]), (&eur("20.00"), &eur("0.00")));
    // 1 030 + 20 came in, and go back
    let payment = &report["payments"][0];
    assert_eq!((&payment["amount"], &payment["refunded"]), (&eur("1050.00"), &eur("1050.00")));
}

#[test]
fn what_is_disputed_on_hold_or_going_back_is_told_of_its_payment() {
    let mut scenario = lamp(json!([
        { "after": "1h", "do": { "type": "pay", "reference": "p-1", "amount": eur("1100") } },
        lost("30", "opened"),
    ]));
    scenario["gateway"] = json!([{ "kind": "refund", "behaviour": "silent" }]);
    let (_, report) = told(&scenario);
    let payment = &report["payments"][0];
    // 70 too much are on their way back, 30 are disputed
    assert_eq!((&payment["amount"], &payment["charged"]), (&eur("1100.00"), &eur("1100.00")));
    assert_eq!((&payment["going_back"], &payment["refunded"]), (&eur("70.00"), &eur("0.00")));
    assert_eq!((&payment["disputed"], &payment["charged_back"]), (&eur("30.00"), &eur("0.00")));

    let until = "2026-03-20T00:00:00Z";
    let (_, report) = told(&lamp(json!([
        { "after": "1h", "do": { "type": "pay", "reference": "p-1", "amount": eur("30"), "held_until": until } },
    ])));
    let payment = &report["payments"][0];
    assert_eq!((&payment["state"], &payment["on_hold"]), (&json!("held"), &eur("30.00")));
    assert_eq!((&payment["charged"], &payment["let_go"]), (&eur("0.00"), &eur("0.00")));
}

/// 12:00 proposed, 13:00 paid, 14:00 begun, 15:00 submitted: the shop's buyer has six hours.
#[test]
fn every_step_says_what_comes_if_nobody_does_anything() {
    let revision = json!({ "preview": "p", "original": "o", "digest": "sha256:3b1f" });
    let (_, report) = told(&lamp(steps(json!([
        { "after": "1h", "by": "seller", "do": { "type": "submit", "number": 1, "revision": revision } },
    ]))));
    let step = |n: usize| report["steps"][n]["deadline"].clone();
    let funding =
        json!({ "at": "2026-03-04T12:00:00Z", "timer": "funding", "then": "expired", "outcome": "expired" });
    assert_eq!(step(0), funding);
    // the seller does not begin: everything goes back
    let start = step(1);
    assert_eq!((&start["at"], &start["timer"]), (&json!("2026-03-08T13:00:00Z"), &json!("start")));
    assert_eq!((&start["then"], &start["outcome"]), (&json!("cancel_requested"), &json!("cancelled")));
    assert_eq!(start["pays"], json!([{ "payee": "buyer", "purpose": "refund", "amount": eur("1030.00") }]));
    let performance = step(2);
    assert_eq!((&performance["timer"], &performance["then"]), (&json!("performance"), &json!("disputed")));
    let silence = step(3);
    assert_eq!(silence, report["deadline"]);
    assert_eq!((&silence["at"], &silence["then"]), (&json!("2026-03-01T21:00:00Z"), &json!("settling")));
    let of = |payee: &str| {
        let pays = silence["pays"].as_array().unwrap();
        pays.iter().find(|paid| paid["payee"] == payee).unwrap()["amount"].clone()
    };
    assert_eq!((of("seller"), of("platform")), (eur("927.00"), eur("103.00")));
}

#[test]
fn every_step_says_its_sum_and_whom_it_pays() {
    let (_, report) = told(&lamp(steps(json!([{ "by": "buyer", "do": { "type": "accept" } }]))));
    let steps = report["steps"].as_array().unwrap();
    assert_eq!(steps[1]["amount"], eur("1030.00"));
    assert_eq!((steps[2].get("amount"), steps[2].get("pays")), (None, None));
    let mut paid: Vec<_> = steps[3]["pays"].as_array().unwrap().iter().map(|paid| &paid["amount"]).collect();
    paid.sort_by_key(|sum| sum["amount"].as_str().unwrap().to_owned());
    assert_eq!(paid, [&eur("103.00"), &eur("927.00")]);
    assert_eq!(steps[3].get("deadline"), None, "it is closed");
    assert_eq!(report["deadline"], Value::Null);
}
