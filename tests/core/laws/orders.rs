//! Orders: pending until they are settled, and settled once.

use std::collections::BTreeSet;

use crate::laws::{Finding, ensure};
use escrow::deposit::{TransactionState, TxId};
use escrow::{Deal, Event, Recorded};
use escrow_testing::strategies::Moment;

/// Pending after = pending before + orders − settled, by key; no key stands for two orders.
pub fn pending_is_what_was_ordered_and_not_settled(m: &Moment<'_>) -> Finding {
    let keys = |deal: &Deal| deal.pending().map(|p| p.key.to_string()).collect::<BTreeSet<_>>();
    let mut expected = keys(m.before);
    let mut next = m.before.transactions().len() as u32;
    for Recorded { event, .. } in m.events() {
        if let Some(order) = event.order() {
            next += 1;
            ensure!(order.tx == TxId::new(next), "order {:?} should have number {next}", order);
            let is_new = expected.insert(m.after.key(order.tx).to_string());
            ensure!(is_new, "the key of {order:?} is taken");
        }
        match event {
            Event::PaymentRequested { tx, .. } => next = next.max(tx.number()),
            // it may answer the order to capture
            Event::HoldCharged { tx, .. } => {
                next = next.max(tx.number());
                let _ = expected.remove(&m.after.key(*tx).to_string());
            }
            // asked again, under the same key
            Event::AnswerDoubted { tx } => {
                let _ = expected.insert(m.after.key(*tx).to_string());
            }
            Event::AnswerConfirmed { tx } => {
                let _ = expected.remove(&m.after.key(*tx).to_string());
            }
            Event::LegCredited { order } => next = next.max(order.tx.number()),
            Event::PaymentReceived { tx, .. } => {
                next = next.max(tx.number());
                let _ = expected.remove(&m.after.key(*tx).to_string());
            }
            Event::TransactionSucceeded { tx, .. } | Event::TransactionFailed { tx, .. } => {
                let _ = expected.remove(&m.after.key(*tx).to_string());
            }
            _ => {}
        }
    }
    let pending = keys(m.after);
    ensure!(pending == expected, "pending {pending:?}, expected {expected:?}");
    ensure!(pending.len() == m.after.pending().count(), "a key stands for two orders");
    ensure!(m.after.has_pending() != pending.is_empty(), "has_pending disagrees");
    for order in m.after.pending() {
        let one = m.after.pending_one(order.transaction.id());
        ensure!(one.is_some_and(|o| o.key == order.key), "pending_one does not know {}", order.key);
    }
    Ok(())
}

/// What is settled stays as it is; a leg that is paid stays paid and is never paid again.
pub fn a_transaction_settles_once(m: &Moment<'_>) -> Finding {
    let (before, after) = (m.before.transactions(), m.after.transactions());
    ensure!(after.len() >= before.len(), "transactions are lost");
    for (n, (old, new)) in before.iter().zip(after).enumerate() {
        ensure!(new.id().number() as usize == n + 1, "transaction {n} is out of place");
        ensure!(
            old.id() == new.id() && old.created_at() == new.created_at() && old.deposit() == new.deposit(),
            "{old:?} became {new:?}"
        );
        if !old.is_pending() {
            let same = old.state() == new.state()
                && old.amount() == new.amount()
                && old.kind() == new.kind()
                && old.settled_at() == new.settled_at()
                && old.reference() == new.reference();
            ensure!(same, "settled, and yet {old:?} became {new:?}");
        }
    }
    for (old, new) in m.before.legs().iter().zip(m.after.legs()) {
        let same =
            old.deposit() == new.deposit() && old.payee() == new.payee() && old.purpose() == new.purpose();
        ensure!(same && new.amount().minor() <= old.amount().minor(), "{old:?} became {new:?}");
        ensure!(!old.is_settled() || old == new, "settled, and yet {old:?} became {new:?}");
    }
    for leg in m.after.legs() {
        let attempts = after.iter().filter(|t| t.leg() == Some(leg.id()));
        let paid = attempts.clone().filter(|t| *t.state() == TransactionState::Succeeded).count();
        let open = attempts.filter(|t| t.is_pending()).count();
        ensure!(paid + open <= 1, "leg {leg:?} has {paid} payments and {open} open attempts");
    }
    Ok(())
}
