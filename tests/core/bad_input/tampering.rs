//! Snapshots that were tampered with.

use crate::bad_input::documents::{SCENARIOS, deals, two_of_each};
use crate::bad_input::{decode, nodes, with, without};
use escrow::deal::command::{Answer, Answered, Chargeback, ChargebackStep, Wake};
use escrow::deal::{Parts, PhaseKind};
use escrow::wire::Envelope;
use escrow::{Command, Context, Deal, DecodeError, Recorded};
use escrow_testing::scenario::{Scenario, run};
use serde_json::{Value, json};

/// Lets everything happen that happens by itself, with a gateway that does what it is asked to: the deal must close,
/// with every invariant intact on the way, and nothing left inside.
pub fn runs_to_its_end(deal: &Deal) -> Result<(), String> {
    let mut deal = deal.clone();
    for _ in 0..200 {
        let command;
        let context;
        if let Some(order) = deal.pending().next() {
            let transaction = order.key.transaction;
            let claimed = order.source.filter(|_| order.kind.is_inbound()).cloned();
            let reference = claimed.unwrap_or_else(|| format!("gw-{transaction}").parse().unwrap());
            command = Command::from(Answer::new(transaction, Answered::Succeeded(reference)));
            context = Context::gateway(deal.last_at());
        } else if let Some(due) = deal.next_deadline() {
            command = Wake {}.into();
            context = Context::clock(due);
        } else if let Some(open) = deal.chargebacks().iter().find(|c| c.step() == ChargebackStep::Opened) {
            let payment = (open.gateway.clone(), open.payment.clone());
            let won = Chargeback::new(open.id.clone(), payment, open.amount().unwrap(), ChargebackStep::Won);
            command = won.of(open.deposit).into();
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

/// Numbers of the state that nothing else in it tells: a changed one is another deal, not a broken one. So is what a bank or
/// a payee told of, and in which order.
const FREE: [&str; 30] = [
    "/changes",
    "/parts/0/amount",
    "/parts/0/at",
    "/rank",
    "/waited/0",
    "/waited/1",
    "/chargeback",
    "/payments/0/1",
    "/came_back",
    "/part_of",
    "/documents/0/size",
    "/documents/0/says",
    "/version",
    "/revision",
    "/terms_version",
    "_ms",
    "/extended_s",
    "/dispute/openings",
    "/submitted",
    "/returned",
    "/source",
    "/leg",
    "/required/amount",
    "/ending/partial_buyout/0",
    "/ending/partial_buyout/1",
    "/settle_by",
    // what an award made of the charges: the award was measured against what there was then
    "/charges/awarded/0",
    "/charges/awarded/1",
    // an offer that pays something else has fallen; a number only says which one is meant
    "/offers_made",
    "/fingerprint",
];

#[test]
fn snapshot_tampering() {
    let (mut refused, mut taken) = (0, Vec::new());
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
                let error = match decode::<Deal>(&changed) {
                    Ok(_) => {
                        taken.push(format!("{name} {at}: {was} -> {other}"));
                        continue;
                    }
                    Err(error) => error,
                };
                assert!(
                    ["state.", "invalid value", "a fraction"].iter().any(|known| error.starts_with(known)),
                    "{at}: {error}"
                );
                refused += 1;
            }
        }
    }
    assert!(taken.is_empty(), "{taken:#?}");
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
    refuse(&paid, "/state/books/transactions/0/returned", json!(2_350_000), "state.books.transactions[0]");
    refuse(&paid, "/state/books/transactions/0/returned", json!(1), "state.books.transactions[0]");
    let declined = of("g-payout-redirected v13");
    // nobody would ever send it again
    refuse(&declined, "/state/books/legs/1/state", json!("waiting"), "state.books.legs[1]");
    refuse(&declined, "/state/clockwork/ended/settle_by", Value::Null, "missing field `settle_by`");
    refuse(&declined, "/state/clockwork/phase/paying/awaiting_capture", json!(true), "state.clockwork.phase");
    let charged = of("disputed v13");
    // the rest of the charge would stay for ever
    let stored = charged.pointer("/state/books/deposits").unwrap().as_array().unwrap();
    let place = stored.iter().position(|d| d["id"] == "charge_1").unwrap();
    refuse(
        &charged,
        &format!("/state/books/deposits/{place}/required"),
        json!("1.00 RUB"),
        "state.books.transactions",
    );
    let captures = of("held v9");
    // two captures of one hold, none of the other; a capture of less than the deposit needs
    refuse(&captures, "/state/books/transactions/5/source", json!(5), "state.books.transactions");
    refuse(&captures, "/state/books/transactions/5/amount", json!("1.00 RUB"), "state.clockwork.phase");
    let claimed = of("guarantee v6");
    refuse(&claimed, "/state/books/transactions/2/gateway", Value::Null, "state.books.transactions[2]");
    let (_, disputed) = all.iter().rfind(|(name, _)| name.starts_with("disputed v")).unwrap();
    let disputed = serde_json::to_value(disputed).unwrap();
    let cases = disputed.pointer("/state/books/cases").unwrap().as_array().unwrap();
    let twice = json!([cases[0], cases[0]]);
    refuse(&disputed, "/state/books/cases", twice, "state.books.cases");
    refuse(&disputed, "/state/books/cases/0/lost/currency", json!("USD"), "state.books.cases");
    refuse(&disputed, "/state/books/cases/0/parts/0/deposit", json!("buyer_guarantee"), "state.books.");
}

/// More paid out than came in, in the ways that a thief would try.
#[test]
fn snapshot_tampering_by_whole_figures() {
    let report = run(&Scenario::from_json(SCENARIOS[0].1).unwrap());
    let journal: Vec<Recorded> = report.events.iter().cloned().map(Envelope::into_recorded).collect();
    let paid = Deal::replay(report.events[0].deal_id, journal.iter().take(4)).unwrap();
    let whole = Deal::replay(report.events[0].deal_id, &journal).unwrap();
    let (paid, whole) = (serde_json::to_value(&paid).unwrap(), serde_json::to_value(&whole).unwrap());
    let mut wrong = Vec::new();
    #[rustfmt::skip]
    let cases = [
        // consistent buckets that no transaction explains
        (vec![("/state/books/deposits/0/buckets/received", json!(9_000_000)), ("/state/books/deposits/0/buckets/held", json!(9_000_000))], "state.books.transactions: those of buyer_payment"),
        (vec![("/state/books/deposits/0/buckets/held", json!(0)), ("/state/books/deposits/0/buckets/refunded", json!(2_350_000))], "state.books.transactions: those of buyer_payment"),
        (vec![("/state/books/deposits/0/buckets/held", json!(0)), ("/state/books/deposits/0/buckets/paid_out", json!(2_350_000))], "state.books.transactions: those of buyer_payment"),
        (vec![("/state/books/deposits/0/buckets/held", json!(2_350_001))], "state.books.deposits: buyer_payment: received must equal"),
        (vec![("/state/books/deposits/0/buckets/held", json!(-1)), ("/state/books/deposits/0/buckets/refunded", json!(2_350_001))], "state.books.deposits: buyer_payment: received must equal"),
        (vec![("/state/books/deposits/0/buckets/held", json!(i64::MAX)), ("/state/books/deposits/0/buckets/refunded", json!(i64::MAX))], "state.books.deposits: buyer_payment: received must equal"),
        (vec![("/state/books/deposits/0/required", json!("1.00 RUB"))], "state.books.deposits: buyer_payment"),
        (vec![("/state/books/deposits/0/required", json!("23500.00 USD"))], "state.books.deposits: buyer_payment"),
        (vec![("/state/books/deposits/0/owner", json!("seller"))], "state.books.deposits: buyer_payment"),
        (vec![("/state/books/deposits/0/id", json!("seller_payment"))], "state.books.deposits: buyer_payment: id"),
        (vec![("/state/books/deposits/0/purpose", json!("guarantee"))], "unknown field `purpose`"),
        (vec![("/state/books/deposits", json!([]))], "state.books.deposits: must be the four"),
        (vec![("/state/books/transactions", json!([]))], "state.books.transactions: those of buyer_payment"),
        (vec![("/state/books/transactions/0/amount", json!("23499.99 RUB"))], "state.books.transactions: those of buyer_payment"),
        (vec![("/state/books/transactions/0/amount", json!("23500.00 USD"))], "state.books.transactions[0]"),
        (vec![("/state/books/transactions/0/state", json!("pending"))], "state.books.transactions[0]"),
        (vec![("/state/books/transactions/0/id", json!(2))], "state.books.transactions[0]"),
        (vec![("/state/agreement/consents", json!({ "buyer": false, "seller": true }))], "state.clockwork.phase"),
        (vec![("/state/clockwork/phase", json!({ "closed": { "outcome": "completed" } }))], "state.clockwork.ended"),
        (vec![("/state/clockwork/phase", json!({ "paying": { "outcome": "completed", "awaiting_capture": false } }))], "state.clockwork.ended"),
        (vec![("/state/clockwork/phase", json!({ "disputed": { "interrupted": "performing", "stage": "arbitration", "until": "2027-01-01T00:00:00Z" } }))], "state.quarrel.dispute"),
        (vec![("/state/quarrel", json!({ "arbiter": "phone-shop" }))], "state.quarrel.arbiter"),
        (vec![("/state/clockwork/last_at", json!("2026-01-01T00:00:00Z"))], "state.clockwork.last_at"),
        (vec![("/schema", json!("escrow.deal.v2"))], "schema: this version reads `escrow.deal.v1`"),
        (vec![("/schema", json!(""))], "schema: "),
        (vec![("/terms/seller", json!("anna"))], "seller must differ from the buyer"),
        (vec![("/terms/items/0/unit_price/amount", json!("1.00"))], "state.books.deposits: buyer_payment"),
        (vec![("/terms/items", json!([]))], "items must not be empty"),
        (vec![("/terms/policy/acceptance_s", json!(0))], "acceptance_s must not be zero"),
    ];
    for (changes, why) in cases {
        let changed = changes.iter().fold(paid.clone(), |d, (at, value)| with(&d, at, value.clone()));
        let error = decode::<Deal>(&changed).expect_err(why);
        if !error.starts_with(why) {
            wrong.push(format!("{changes:?}: {error}"));
        }
    }
    #[rustfmt::skip]
    let cases = [
        (vec![("/state/books/legs/0/amount", json!("1175.01 RUB"))], "state.books.legs[0]"),
        (vec![("/state/books/legs/0/amount", json!("1175.01 RUB")), ("/state/books/transactions/1/amount", json!("1175.00 RUB"))], "state.books.legs[0]"),
        (vec![("/state/books/legs/1/state", json!("declined"))], "state.books.legs[1]"),
        (vec![("/state/books/legs/0/id", json!(2))], "state.books.legs[0]"),
        (vec![("/state/books/legs/0/tx", json!(3))], "state.books.legs[0]"),
        (vec![("/state/books/legs/1/purpose", json!("refund"))], "state.books.legs[1]"),
        (vec![("/state/books/legs/1/deposit", json!("seller_payment"))], "state."),
        (vec![("/state/books/legs", json!([]))], "state.books.transactions[1]"),
        (vec![("/state/books/transactions/2/amount", json!("99999.00 RUB"))], "state.books.legs[1]"),
        (vec![("/state/books/transactions/2/state", json!({ "failed": "no" }))], "state.books.legs[1]"),
        (vec![("/state/books/unanswered", json!(1))], "unknown field `unanswered`"),
        (vec![("/state/books/unsettled", json!(1))], "unknown field `unsettled`"),
        (vec![("/state/clockwork/revision", json!(999))], "state.clockwork.revision"),
        (vec![("/state/agreement/version", json!(0))], "state.agreement.version"),
        (vec![("/state/clockwork/phase", json!({ "active": { "stage": "performing", "until": "2027-01-01T00:00:00Z" } }))], "state.clockwork.ended"),
    ];
    for (changes, why) in cases {
        let changed = changes.iter().fold(whole.clone(), |d, (at, value)| with(&d, at, value.clone()));
        let error = decode::<Deal>(&changed).expect_err(why);
        if !error.starts_with(why) {
            wrong.push(format!("{changes:?}: {error}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    let Parts { schema: _, .. } = decode::<Parts>(&paid).unwrap();
    let other = decode::<Parts>(&with(&paid, "/schema", json!("escrow.deal.v0"))).unwrap();
    assert_eq!(other.restore(), Err(DecodeError::UnknownSchema { expected: Parts::SCHEMA }));
}

#[test]
fn lists_that_were_swapped_cut_or_doubled_are_refused() {
    for (name, deal) in two_of_each() {
        let document = serde_json::to_value(&deal).unwrap();
        for list in ["/state/books/deposits", "/state/books/transactions", "/state/books/legs"] {
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
