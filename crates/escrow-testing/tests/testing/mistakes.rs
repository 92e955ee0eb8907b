//! Files as newcomers get them wrong: the error says which step, which field, and what was meant.
#![allow(clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)]

use escrow_testing::scenario::{Scenario, Script, run};
use serde_json::{Value, json};

use crate::scenario::{eur, lamp, steps, wrong};

fn with(pointer: &str, value: Value) -> Value {
    let mut document = lamp(steps(json!([{ "after": "1d", "by": "buyer", "do": { "type": "accept" } }])));
    let (object, field) = pointer.rsplit_once('/').unwrap();
    document.pointer_mut(object).unwrap()[field] = value;
    document
}

#[test]
fn mistakes_are_told_with_what_was_meant() {
    let cases = [
        ("/step", json!([]), "unknown field `step`: did you mean `steps`?"),
        ("/begin", json!("2026-03-01T12:00:00Z"), "unknown field `begin`, expected one of"),
        ("/terms/byuer", json!("anna"), "terms.byuer: unknown field `byuer`: did you mean `buyer`?"),
        (
            "/terms/items/0/price",
            json!("10"),
            "terms.items[0].price: unknown field `price`: did you mean `unit_price`?",
        ),
        (
            "/terms/items/0/quantity",
            json!("2"),
            "terms.items[0].quantity: invalid type: string \"2\", expected a whole number",
        ),
        (
            "/terms/items/0/unit_price",
            json!("1000"),
            "terms.items[0].unit_price: invalid type: string \"1000\", expected money as",
        ),
        ("/terms/items", json!({}), "terms.items: invalid type: an object, expected a list"),
        ("/terms/fees/0/payer", json!("sellers"), "unknown variant `sellers`: did you mean `seller`?"),
        ("/terms/fees/0/onRefund", json!("keep"), "unknown field `onRefund`: did you mean `on_refund`?"),
        ("/terms/policy/preset", json!("shopp"), "terms.policy: preset: did you mean shop?"),
        (
            "/terms/policy/acceptance_h",
            json!(6),
            "unknown field `acceptance_h`: did you mean `acceptance_s`?",
        ),
        (
            "/terms/policy/acceptance_s",
            json!("6h"),
            "expected a whole number from 0 to 4294967295, in seconds: write 21600",
        ),
        (
            "/terms/policy/consent",
            json!("on-creation"),
            "unknown variant `on-creation`: did you mean `on_creation`?",
        ),
        (
            "/steps/0/after",
            json!(5),
            "steps[0].after: invalid type: integer `5`, expected a span as a string with its units",
        ),
        ("/steps/0/after", json!("5 hours"), "steps[0].after: write a span as numbers with units d, h, m, s"),
        ("/steps/1/who", json!("seller"), "steps[1].who: unknown field `who`: did you mean `by`?"),
        ("/steps/1/by", json!("boris"), "anybody else by their id: {\"party\": \"boris\"}"),
        ("/steps/1/by", json!({ "seller": 1 }), "expected nothing: write the name alone, as a text"),
        ("/steps/1/do", json!("pay"), "expected an object; write an action as {\"type\": \"pay\"}"),
        ("/steps/1/do", json!({ "pay": {} }), "missing field `type`; write an action as {\"type\": \"pay\"}"),
        ("/steps/1/at", json!("1d"), "a span of time goes into `after`"),
        ("/terms/policy", json!({ "acceptance_s": 60 }), "missing field `consent`; or begin with a preset"),
        ("/machine", json!({}), "unknown field `machine`: did you mean `machines`?"),
        ("/steps/1/by", json!("saler"), "unknown variant `saler`: did you mean `seller`?"),
        ("/steps/2/do/type", json!("acept"), "unknown variant `acept`: did you mean `accept`?"),
        (
            "/steps/2/do/quantity",
            json!([1, 0]),
            "quantity: unknown field `quantity`: did you mean `quantities`?",
        ),
        (
            "/steps/2/expect_status",
            json!("complete"),
            "unknown variant `complete`: did you mean `completed`?",
        ),
        ("/steps/0/do/amount", json!(100), "amount: invalid type: integer `100`, expected money as"),
    ];
    for (pointer, value, says) in cases {
        let told = wrong(&with(pointer, value));
        assert!(told.contains(says), "{pointer}: {told}");
        assert!(!told.contains("struct ") && !told.contains("u32"), "{told}");
        // the step as the output counts them
        let step = pointer.strip_prefix("/steps/").and_then(|rest| rest.split('/').next());
        let step = step.map(|step| format!(" (in step {})", step.parse::<usize>().unwrap() + 1));
        assert_eq!(step.is_some_and(|step| told.ends_with(&step)), pointer.starts_with("/steps/"), "{told}");
    }
    let error = Scenario::from_json(&with("/steps/1/by", json!("saler")).to_string()).unwrap_err();
    assert_eq!(error.step(), Some(2));
}

#[test]
fn mistakes_between_several_machines_are_told_alike() {
    let market = |step: Value| {
        let balance = json!({ "balance": { "holder": { "party": "boris" }, "currency": "EUR" } });
        let document =
            json!({ "start": "2026-03-01T12:00:00Z", "machines": { "boris": balance }, "steps": [step] });
        Script::from_json(&document.to_string()).unwrap_err().to_string()
    };
    let told = market(json!({ "do": { "type": "withdraw", "amout": eur("1") } }));
    assert!(told.starts_with("steps[0].do.amout: unknown field `amout`: did you mean `amount`?"), "{told}");
    assert!(told.ends_with(" (in step 1)"), "{told}");
}

#[test]
fn a_step_that_does_not_say_who_takes_it_is_told_so() {
    let document = lamp(steps(json!([{ "do": { "type": "accept" } }])));
    let report = run(&Scenario::from_json(&document.to_string()).unwrap());
    let told = ["step 3 (accept): expected accepted, got wrong-role: `by` does not say who does it"];
    assert_eq!(report.differences, told);
}

#[test]
fn a_step_after_the_end_says_in_which_step_the_deal_was_closed() {
    let document = lamp(steps(json!([
        { "by": "buyer", "do": { "type": "accept" } },
        { "by": "buyer", "do": { "type": "open_dispute", "reason": "It is blue." } },
    ])));
    let report = run(&Scenario::from_json(&document.to_string()).unwrap());
    let told = ["step 4 (open_dispute): expected accepted, got wrong-phase: the deal was closed in step 3"];
    assert_eq!(report.differences, told);
    assert_eq!(report.rejections[0].step, 4);
}
