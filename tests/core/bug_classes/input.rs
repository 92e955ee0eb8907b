//! Storage and input.

use crate::common::*;
use escrow::deal::command::{Post, StartPerforming};
use escrow::deal::{Command, Parts};
use escrow::deposit::TransactionKind;
use escrow::{Deal, Money, Payee, Policy, Rejection, Status, Time};
use serde_json::Value;

#[test]
fn snapshot_tampering() {
    let mut w = World::performing(sale(Policy::shop()));
    w.act(&buyer(), accept());
    let fee = w.order(TransactionKind::Fee, &Payee::Platform);
    w.done(fee);
    // 1 000.00 in: 950.00 reserved, 50.00 paid out
    let honest = serde_json::to_value(&w.deal).unwrap();
    serde_json::from_value::<Deal>(honest.clone()).unwrap();
    let refused = |change: &dyn Fn(&mut Value)| {
        let mut forged = honest.clone();
        change(&mut forged);
        assert_ne!(forged, honest);
        serde_json::from_value::<Deal>(forged).unwrap_err().to_string()
    };
    // more paid out than received
    let error = refused(&|v| v["state"]["books"]["deposits"][0]["buckets"]["paid_out"] = 1_000_00.into());
    assert!(error.contains("buyer_payment: received must equal"), "{error}");
    // adding up, but not explained by any transaction
    let error = refused(&|v| {
        let buckets = &mut v["state"]["books"]["deposits"][0]["buckets"];
        buckets["received"] = 2_000_00.into();
        buckets["held"] = 1_000_00.into();
    });
    assert!(error.contains("transactions: those of buyer_payment do not explain"), "{error}");
    // a larger leg for oneself
    let error = refused(&|v| v["state"]["books"]["legs"][1]["amount"] = "951.00 RUB".into());
    assert!(error.contains("state.books.legs[1]"), "{error}");
    // a payout that is pretended to be unpaid, so that it is paid again
    let error = refused(&|v| v["state"]["books"]["transactions"][1]["state"] = "pending".into());
    assert!(error.contains("state.books.transactions[1]"), "{error}");
    // another deal's schema
    let error = refused(&|v| v["schema"] = "escrow.deal.v0".into());
    assert!(error.contains(Parts::SCHEMA), "{error}");
}

#[test]
fn float_amount() {
    for json in [
        r#"{"amount":0.3,"currency":"RUB"}"#,
        r#"{"amount":0.30000000000000004,"currency":"RUB"}"#,
        r#"{"amount":30,"currency":"RUB"}"#,
        r#"{"amount":"0.30000000000000004","currency":"RUB"}"#,
        r#"{"amount":"0.301","currency":"RUB"}"#,
        r#"{"amount":"3e1","currency":"RUB"}"#,
        r#"{"amount":"NaN","currency":"RUB"}"#,
    ] {
        assert!(serde_json::from_str::<Money>(json).is_err(), "{json}");
    }
    let money: Money = serde_json::from_str(r#"{"amount":"0.30","currency":"RUB"}"#).unwrap();
    assert_eq!(money, rub(30));
    assert_eq!(serde_json::to_string(&money).unwrap(), r#"{"amount":"0.30","currency":"RUB"}"#);
    // in a command too
    let paid: Command = payment(B, "p", rub(30)).into();
    let mut json = serde_json::to_value(&paid).unwrap();
    assert_eq!(json["amount"]["amount"], "0.30");
    json["amount"]["amount"] = serde_json::json!(0.3);
    assert!(serde_json::from_value::<Command>(json).is_err());
}

#[test]
fn clock_backwards() {
    // the window to accept has closed: 6 hours from noon
    let mut w = World::performing(plain(Policy::shop()));
    w.act(&seller(), submit(1));
    w.wait_for_deadline();
    assert_eq!(w.status(), Status::Settling);
    // the host's clock steps back by a day; the window stays closed
    w.at(Time::parse("2026-02-28T12:00:00Z").unwrap());
    let refused = w.refuse(&buyer(), dispute("broken"));
    assert!(matches!(refused, Rejection::WrongPhase { .. }), "{refused:?}");
    // what happens then is recorded no earlier than what was there already
    let payout = w.order(TransactionKind::Payout, &Payee::Seller);
    let events = w.done(payout);
    assert!(events.iter().all(|r| r.at == after(6 * HOUR)));
    assert_eq!(w.deal.last_at(), after(6 * HOUR));

    // and no deadline comes earlier by it: 30 days from the latest instant seen
    let mut w = World::funded(plain(Policy::shop()));
    w.pass(DAY).act(&seller(), Post::new(text("soon")));
    w.at(start()).act(&seller(), StartPerforming {});
    assert_eq!(w.until(), after(31 * DAY));
}
