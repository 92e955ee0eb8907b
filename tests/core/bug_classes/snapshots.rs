//! Stored deals: none is taken that could never close, and none takes longer to read than its length.

use std::time::{Duration, Instant};

use crate::bench_support::{run, with_late_payments};
use crate::common::*;
use escrow::deal::command::{ChargebackStep, ConfirmPayment};
use escrow::deposit::TransactionKind;
use escrow::{Context, Deal, Payee, Policy};
use serde_json::{Value, json};

fn refused(document: &Value) -> String {
    serde_json::from_value::<Deal>(document.clone()).expect_err("taken").to_string()
}

#[test]
fn stuck_snapshot() {
    // all is paid: 950.00 and 50.00; a stored deal that says *paying* has nothing left that would ever close it
    let w = completed();
    let mut stuck = serde_json::to_value(&w.deal).unwrap();
    stuck["state"]["clockwork"]["phase"] = json!({ "paying": { "outcome": "completed" } });
    assert!(refused(&stuck).starts_with("state.clockwork.phase"));
    // a payout of 1 000.00 is declined, and waits until the settlement deadline, 5 days; without the deadline for ever
    let w = declined_payout();
    let mut stuck = serde_json::to_value(&w.deal).unwrap();
    let _ = stuck["state"]["clockwork"]["ended"].as_object_mut().unwrap().remove("settle_by");
    assert!(refused(&stuck).contains("settle_by"));
    // one that waits for nothing that a bank could still decide
    let mut w = World::performing(plain(Policy::shop()));
    bank(&mut w, "case", 10_00, ChargebackStep::Opened);
    w.act(&buyer(), accept());
    let payout = w.order(TransactionKind::Payout, &Payee::Seller);
    w.done(payout);
    let honest = serde_json::to_value(&w.deal).unwrap();
    for (field, value) in [("won", json!(true)), ("lost", json!({ "amount": "10.00", "currency": "RUB" }))] {
        let mut stuck = honest.clone();
        stuck["state"]["books"]["cases"][0][field] = value;
        assert!(refused(&stuck).starts_with("state.books."), "{field}");
    }
    // a leg in another currency than its deposit breaks no sooner than somebody is paid
    for amount in ["990.00 USD", "990.00 EUR"] {
        let mut stuck = honest.clone();
        stuck["state"]["books"]["legs"][0]["amount"] = json!(amount);
        assert!(refused(&stuck).starts_with("state.books."), "{amount}");
    }
}

/// A completed deal with so many late payments, each refunded: transactions and legs.
fn payments(n: usize) -> String {
    serde_json::to_string(&with_late_payments(u64::try_from(n).unwrap())).unwrap()
}

/// So many holds that came too late, and are being let go.
fn holds(n: usize) -> String {
    let mut deal = with_late_payments(0);
    for i in 0..n {
        let hold = ConfirmPayment::charged(B, text("bank"), text(&format!("hold-{i}")), rub(1_00));
        let until = deal.last_at().plus_secs(90 * DAY);
        let now = deal.last_at();
        run(&mut deal, &hold.held_until(until).into(), &Context::gateway(now));
    }
    serde_json::to_string(&deal).unwrap()
}

/// So many chargebacks that the payer's bank has given up.
fn cases(n: usize) -> String {
    let mut deal = with_late_payments(0);
    let now = Context::gateway(deal.last_at());
    for step in [ChargebackStep::Opened, ChargebackStep::Won] {
        run(&mut deal, &chargeback("case", "pay-1", 1, step), &now);
    }
    let mut document = serde_json::to_value(&deal).unwrap();
    let list = document["state"]["books"]["cases"].as_array_mut().unwrap();
    let one = list[0].clone();
    for i in 1..n {
        let mut more = one.clone();
        more["id"] = json!(format!("case-{i}"));
        list.push(more);
    }
    document.to_string()
}

#[expect(clippy::disallowed_methods, reason = "this measures time")]
fn reading(text: &str) -> Duration {
    let started = Instant::now();
    let deal: Deal = serde_json::from_str(text).unwrap();
    let took = started.elapsed();
    drop(deal);
    took
}

type Grows = (&'static str, fn(usize) -> String);
const GROWS: [Grows; 3] = [("payments", payments), ("holds", holds), ("chargebacks", cases)];

/// Eight short ones take about as long as one that is eight times as long; where each entry looked at each other one it
/// would be an eighth. They take turns, so that a busy machine slows both.
#[test]
fn slow_snapshot() {
    for (what, of) in GROWS {
        let (short, long) = (of(50), of(400));
        let (mut eight, mut one) = (Duration::ZERO, Duration::ZERO);
        for _ in 0..12 {
            eight += (0..8).map(|_| reading(&short)).sum::<Duration>();
            one += reading(&long);
        }
        assert!(one < 3 * eight, "{what}: eight short ones {eight:?}, a long one {one:?}");
    }
}

/// `cargo test --release --test core slow_snapshot -- --ignored --nocapture` prints the table: 1, 2, 4 and 8 MB of each kind.
#[test]
#[ignore = "prints how long stored deals of some megabytes take to read"]
fn slow_snapshot_by_the_megabyte() {
    for (what, of) in GROWS {
        let (first, second) = (of(200).len(), of(400).len());
        let each = (second - first) / 200;
        for megabytes in [1, 2, 4, 8] {
            let text = of(megabytes * 1_000_000 / each);
            let fastest = (0..3).map(|_| reading(&text)).min().unwrap();
            println!("{what}: {:>9} bytes, {fastest:?}", text.len());
        }
    }
}

/// A copy of an entry under names of its own.
fn numbered(entry: &Value, number: usize) -> Value {
    let Value::Object(fields) = entry else { return entry.clone() };
    let of = |(name, value): (&String, &Value)| {
        let value = match (name.as_str(), value) {
            ("id" | "reference" | "key" | "payment", Value::String(text)) => {
                json!(format!("{text}-{number}"))
            }
            ("id" | "number" | "tx", Value::Number(_)) => json!(number + 1),
            (_, value) => value.clone(),
        };
        (name.clone(), value)
    };
    Value::Object(fields.iter().map(of).collect())
}

/// `cargo test --release --test core slow_snapshot_of_any_list -- --ignored --nocapture`: every list of the stored deals that we
/// have, grown to 4,000 and to 16,000 entries, whether the deal is then taken or refused. Where each entry looked at each other
/// one, four times as many would take sixteen times as long.
#[test]
#[ignore = "prints how long stored deals with long lists take to read, or to refuse"]
fn slow_snapshot_of_any_list() {
    let mut seen = std::collections::BTreeSet::new();
    for (name, deal) in crate::bad_input::documents::two_of_each() {
        let honest = serde_json::to_value(&deal).unwrap();
        for at in crate::bad_input::nodes(&honest) {
            let Some(Value::Array(list)) = honest.pointer(&at) else { continue };
            if list.is_empty() || !seen.insert(at.clone()) {
                continue;
            }
            let of = |length: usize| {
                let more = (list.len()..length).map(|i| numbered(&list[i % list.len()], i));
                let long: Vec<Value> = list.iter().cloned().chain(more).collect();
                crate::bad_input::with(&honest, &at, long.into()).to_string()
            };
            let texts = [of(4_000), of(16_000)];
            let fastest = texts.map(|text| (0..3).map(|_| refusing(&text)).min().unwrap());
            let ratio = fastest[1].as_secs_f64() / fastest[0].as_secs_f64();
            println!("{ratio:5.1} × for 4 ×: {at} of {name}: {fastest:?}");
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "this measures time")]
fn refusing(text: &str) -> Duration {
    let started = Instant::now();
    let _taken_or_not = serde_json::from_str::<Deal>(text);
    started.elapsed()
}
