//! Orders: pending until they are settled, and settled once.

use std::collections::BTreeSet;

use crate::laws::{Finding, ensure};
use escrow::deposit::{LegState, TransactionState, TxId};
use escrow::{Deal, Event, Leg, Recorded, Transaction};
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
        let one = m.after.pending_one(order.number());
        ensure!(one.is_some_and(|o| o.key == order.key), "pending_one does not know {}", order.key);
    }
    Ok(())
}

/// What is settled stays as it is, unless the gateway or the payee's bank says otherwise; a leg that is paid is never paid
/// again.
pub fn a_transaction_settles_once(m: &Moment<'_>) -> Finding {
    let (before, after) = (m.before.transactions(), m.after.transactions());
    let told = |id: TxId| {
        let of = |r: &Recorded| matches!(&r.event, Event::TransactionSucceeded { tx, .. } if *tx == id);
        m.events().iter().any(of)
    };
    ensure!(after.len() >= before.len(), "transactions are lost");
    for (n, (old, new)) in before.iter().zip(after).enumerate() {
        ensure!(new.id().number() as usize == n + 1, "transaction {n} is out of place");
        ensure!(
            old.id() == new.id() && old.created_at() == new.created_at() && old.deposit() == new.deposit(),
            "{old:?} became {new:?}"
        );
        ensure!(
            new.bounced() >= old.bounced() && new.bounced() <= new.amount().minor(),
            "{old:?} became {new:?}"
        );
        let after_all = matches!(old.state(), TransactionState::Failed(_)) && told(old.id());
        if *old.state() != TransactionState::Pending && !after_all {
            let same = old.state() == new.state()
                && old.amount() == new.amount()
                && old.kind() == new.kind()
                && old.settled_at() == new.settled_at()
                && old.reference() == new.reference();
            ensure!(same, "settled, and yet {old:?} became {new:?}");
        }
    }
    let moves = |r: &Recorded| {
        matches!(
            r.event,
            Event::PaymentReturned { .. }
                | Event::TransactionSucceeded { .. }
                | Event::TransactionFailed { .. }
        )
    };
    let moved = m.events().iter().any(moves);
    for (old, new) in m.before.legs().iter().zip(m.after.legs()) {
        let same =
            old.deposit() == new.deposit() && old.payee() == new.payee() && old.purpose() == new.purpose();
        ensure!(same, "{old:?} became {new:?}");
        let paid = matches!(old.state(), LegState::Settled | LegState::Credited);
        ensure!(!paid || moved || paid_as_before(old, new), "settled, and yet {old:?} became {new:?}");
    }
    let mut view = m.before.clone();
    for recorded in m.events() {
        if let Event::LegOrdered { order } | Event::LegCredited { order } = &recorded.event {
            let paid = |t: &&Transaction| t.leg() == order.leg && *t.state() != TransactionState::Pending;
            let paid = view.transactions().iter().filter(paid);
            let paid = paid.filter(|t| *t.state() == TransactionState::Succeeded && t.bounced() == 0);
            ensure!(paid.count() == 0, "it is paid, and yet {order:?}");
        }
        view.apply(recorded);
    }
    for leg in m.after.legs() {
        let attempts = after.iter().filter(|t| t.leg() == Some(leg.id()));
        let open = attempts.filter(|t| *t.state() == TransactionState::Pending).count();
        ensure!(open <= 1, "leg {leg:?} has {open} open attempts");
    }
    Ok(())
}

/// What was paid stays paid; the part of it that a bank took before it was sent may be another.
fn paid_as_before(old: &Leg, new: &Leg) -> bool {
    (old.state(), old.amount(), old.transaction()) == (new.state(), new.amount(), new.transaction())
}
