//! Commands whose content the deal refuses.

use crate::bad_input::decode;
use crate::bad_input::documents::{deals, roubles};
use escrow::deal::PhaseKind;
use escrow::{Command, Context, PartyId};
use serde_json::{Value, json};

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
        (confirm(roubles("-1"), "buyer_payment"), "amount-not-positive"),
        (confirm(roubles("0"), "buyer_payment"), "amount-not-positive"),
        (gateway(&json!({ "type": "chargeback", "reference": "c", "gateway": "bank", "payment": "x", "deposit": "charge_32", "amount": roubles("1"), "step": "opened" })), "unknown-deposit"),
        (gateway(&json!({ "type": "chargeback", "reference": "c", "gateway": "bank", "payment": "x", "amount": roubles("1"), "step": "reinstated" })), "fact-contradicts"),
        (gateway(&json!({ "type": "returned", "transaction": u32::MAX, "amount": roubles("1"), "reference": "r" })), "unknown-transaction"),
        (gateway(&json!({ "type": "settle_receivable", "receivable": u32::MAX, "amount": roubles("1"), "reference": "r" })), "unknown-receivable"),
        (confirm(roubles(&format!("{whole}.{cents}")), "buyer_payment"), "amount-too-large"),
        (confirm(roubles("1"), "charge_32"), "unknown-deposit"),
        (gateway(&json!({ "type": "answer", "transaction": u32::MAX, "result": "in_progress" })), "unknown-transaction"),
        (gateway(&json!({ "type": "answer", "transaction": 0, "result": { "succeeded": "x" } })), "unknown-transaction"),
        (gateway(&json!({ "type": "chargeback", "reference": "c", "gateway": "bank", "payment": "x", "amount": roubles("-1"), "step": "opened" })), "amount-not-positive"),
        (buyer(&json!({ "type": "accept", "quantities": vec![u32::MAX; 100_000] })), ""),
        (buyer(&json!({ "type": "request_payment", "key": "z", "deposit": "seller_payment", "amount": roubles("1"), "form": { "method": "card", "return_urls": { "success_url": "a", "fail_url": "b" } } })), "not-your-deposit"),
    ];
    for ((command, context), code) in cases {
        let mut after = deal.clone();
        let rejection = after.handle(&command, &context).map(|t| t.events().to_vec()).expect_err(code);
        assert!(code.is_empty() || rejection.code() == code, "{command:?}: {rejection}");
        assert!(!rejection.to_string().is_empty());
        assert_eq!(serde_json::to_string(&after).unwrap(), before);
    }
}
