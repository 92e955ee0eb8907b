//! Whether a transaction, and a leg, agrees with what it is about.

use super::counted::{Counted, add};
use crate::Payee;
use crate::deal::books::{Books, Cause, index};
use crate::deposit::{HoldState, Leg, LegState, Transaction, TransactionKind, TransactionState, TxId};

impl Books {
    pub(super) fn transaction_agrees(&self, i: usize, t: &Transaction, counted: &Counted) -> bool {
        let numbered = index(t.id.0) == i;
        let currency = self.deposit(t.deposit).map(|d| d.required.currency());
        let amount = t.amount.is_positive();
        let settled = t.is_pending() != t.settled_at.is_some();
        let held = (t.kind == TransactionKind::Hold) == t.hold.is_some();
        let most = t.amount.minor().max(t.captured.saturating_add(t.let_go));
        let returned = (0..=most).contains(&t.returned) && counted.returned.get(i) == Some(&t.returned);
        let taken = match t.hold {
            Some(hold) => counted.captured.get(i) == Some(&t.captured) && hold_agrees(t, hold),
            None => (t.captured, t.let_go) == (0, 0),
        };
        let bounced = t.bounced.is_empty()
            || (t.state == TransactionState::Succeeded
                && t.leg.is_some()
                && t.bounced() <= t.amount.minor()
                && t.bounced.iter().all(|(_, amount)| *amount > 0));
        let doubted = !t.doubted || t.state == TransactionState::Succeeded;
        let source = t.source.is_none_or(|id| {
            id < t.id && self.transaction(id).is_some_and(|s| s.brought_money() && s.deposit == t.deposit)
        });
        // a payment is named by its gateway and its reference, or by neither
        let named = !t.kind.is_inbound() || t.gateway.is_some() == t.reference.is_some();
        // a request is known by its key, and is for one method
        let asked = t.key.is_some() == t.method.is_some();
        // a hold is being closed by exactly one order, or by none
        let orders = counted.orders_on.get(i).copied().unwrap_or(0);
        let closing = t.hold.is_none_or(|hold| orders == u32::from(hold == HoldState::Closing));
        let leg = match t.kind {
            TransactionKind::Void
            | TransactionKind::Refund
            | TransactionKind::Payout
            | TransactionKind::Fee => t
                .leg
                .and_then(|l| self.leg(l))
                .is_some_and(|l| l.deposit == t.deposit && l.amount.currency() == t.amount.currency()),
            TransactionKind::Hold | TransactionKind::Capture | TransactionKind::Charge => t.leg.is_none(),
        };
        let needs_source = match t.kind {
            TransactionKind::Capture | TransactionKind::Void => {
                self.source_of(t.source).is_some_and(|hold| {
                    hold.kind == TransactionKind::Hold
                        && t.amount.minor() <= hold.amount.minor().max(hold.captured)
                })
            }
            TransactionKind::Hold
            | TransactionKind::Charge
            | TransactionKind::Refund
            | TransactionKind::Payout
            | TransactionKind::Fee => true,
        };
        numbered
            && currency == Some(t.amount.currency())
            && amount
            && settled
            && named
            && asked
            && closing
            && held
            && returned
            && taken
            && bounced
            && doubted
            && source
            && leg
            && needs_source
    }

    pub(super) fn leg_agrees(&self, i: usize, l: &Leg) -> bool {
        let numbered = index(l.id.0) == i;
        let attempt = l.tx.and_then(|tx| self.transaction(tx));
        let own = attempt.is_none_or(|t| t.leg == Some(l.id));
        let part = l.part_of.is_some();
        let state = match (l.state, attempt.map(|t| &t.state)) {
            (LegState::Ordered, Some(TransactionState::Pending))
            | (LegState::Settled | LegState::Credited, Some(TransactionState::Succeeded))
            | (
                LegState::Declined | LegState::Dropped | LegState::Unclaimed,
                Some(TransactionState::Failed(_)),
            )
            | (LegState::Dropped, None) => true,
            // only a chargeback keeps a leg waiting
            (LegState::Waiting, None | Some(TransactionState::Failed(_))) => l.waits_for.is_some(),
            // nobody has said where to, or it is divided off
            (LegState::Declined | LegState::Unclaimed, None) => part || !l.purpose.goes_back(),
            (
                LegState::Ordered
                | LegState::Settled
                | LegState::Credited
                | LegState::Declined
                | LegState::Dropped
                | LegState::Waiting
                | LegState::Unclaimed,
                _,
            ) => false,
        };
        let amount = l.cut >= 0
            && match l.state {
                // of what came back nothing may be left
                LegState::Dropped | LegState::Settled | LegState::Credited => !l.amount.is_negative(),
                LegState::Ordered | LegState::Declined | LegState::Waiting | LegState::Unclaimed => {
                    l.amount.is_positive()
                }
            };
        let paid = match (l.state, attempt) {
            (LegState::Settled | LegState::Credited, Some(t)) if t.kind == TransactionKind::Void => {
                l.amount == t.amount
            }
            // what was sent for it is counted with its parts: what came back of one may have been had twice of another
            (LegState::Ordered, Some(t)) => t.amount == l.amount,
            (_, _) => true,
        };
        // what goes back goes back to a payment into the same deposit; nothing else has a source
        let source = match self.source_of(l.source) {
            Some(source) => l.purpose.goes_back() && source.brought_money() && source.deposit == l.deposit,
            None => !l.purpose.goes_back() && l.source.is_none(),
        };
        let waits = l.waits_for.is_none_or(|n| {
            // what the bank has decided keeps nothing waiting
            let undecided =
                self.cases.get(index(n)).is_some_and(|c| c.opened.is_some() && !c.won && c.lost.is_none());
            undecided && matches!(l.state, LegState::Waiting | LegState::Declined | LegState::Unclaimed)
        });
        let of = l.part_of.is_none_or(|root| {
            let same = |r: &Leg| (r.deposit, &r.payee, r.purpose) == (l.deposit, &l.payee, l.purpose);
            root < l.id && self.leg(root).is_some_and(|r| r.part_of.is_none() && same(r))
        });
        let deposit = self.deposit(l.deposit);
        let currency = deposit.is_some_and(|d| d.required.currency() == l.amount.currency());
        let to_owner = !l.purpose.goes_back() || deposit.map(|d| d.owner.payee()).as_ref() == Some(&l.payee);
        numbered && own && state && amount && paid && source && waits && of && currency && to_owner
    }

    /// The first leg of which its payee has more than it comes to, with its parts, without owing it, or less. The platform
    /// owes nothing to itself, but has nothing twice that was not sent twice.
    pub(super) fn had_twice_and_not_owed(&self, counted: &Counted) -> Option<usize> {
        let mut twice = vec![(0_i64, 0_u32, 0_i64); self.legs.len()];
        for (l, (sent, attempts)) in self.legs.iter().zip(&counted.sent) {
            let Some(of) = twice.get_mut(index(l.root().0)) else { continue };
            of.1 = of.1.saturating_add(*attempts);
            if matches!(l.state, LegState::Settled | LegState::Credited) && !self.is_void(l) {
                add(&mut of.0, sent.saturating_sub(l.amount.minor()));
            }
        }
        for debt in &self.debts {
            if let Cause::PaidTwice { leg } = debt.cause
                && let Some(of) = twice.get_mut(index(leg.0))
            {
                add(&mut of.2, debt.amount.minor());
            }
        }
        self.legs.iter().zip(twice).position(|(l, (more, attempts, owed))| {
            let own = l.payee == Payee::Platform && attempts > 1;
            more < 0 || more > owed && !own
        })
    }

    fn source_of(&self, id: Option<TxId>) -> Option<&Transaction> {
        id.and_then(|id| self.transaction(id))
    }
}

/// Whether what was taken of a hold and what was let go explain its state. What is charged beyond it lets nothing go.
fn hold_agrees(t: &Transaction, hold: HoldState) -> bool {
    let gone = t.captured.saturating_add(t.let_go);
    let within = gone <= t.amount.minor();
    let state = match hold {
        HoldState::Closed => gone >= t.amount.minor(),
        HoldState::Open { .. } | HoldState::Closing | HoldState::Lapsed => within,
    };
    t.captured >= 0 && t.let_go >= 0 && state && (within || t.let_go == 0)
}
