//! What single entries of the books must agree on with the others: legs, holds, and what banks have taken.

use std::collections::BTreeSet;

use super::check::{Counted, add};
use super::{Books, Cause, index};
use crate::Payee;
use crate::deposit::{Deposit, HoldState, Leg, LegState, Transaction, TransactionKind, TransactionState};

impl Books {
    pub(super) fn leg_agrees(&self, i: usize, l: &Leg, counted: &Counted) -> bool {
        let numbered = index(l.id.0) == i;
        let attempt = l.tx.and_then(|tx| self.transaction(tx));
        let own = attempt.is_none_or(|t| t.leg == Some(l.id));
        let part = l.part_of.is_some();
        let state = match (l.state, attempt.map(|t| &t.state)) {
            (LegState::Ordered, Some(TransactionState::Pending))
            | (LegState::Settled | LegState::Credited, Some(TransactionState::Succeeded))
            | (LegState::Declined | LegState::Dropped, Some(TransactionState::Failed(_)))
            | (LegState::Dropped, None) => true,
            // only a chargeback keeps a leg waiting
            (LegState::Waiting, None | Some(TransactionState::Failed(_))) => l.waits_for.is_some(),
            (LegState::Declined, None) => part,
            (
                LegState::Ordered
                | LegState::Settled
                | LegState::Credited
                | LegState::Declined
                | LegState::Dropped
                | LegState::Waiting,
                _,
            ) => false,
        };
        let amount = l.cut >= 0
            && match l.state {
                // of what came back nothing may be left
                LegState::Dropped | LegState::Settled | LegState::Credited => !l.amount.is_negative(),
                LegState::Ordered | LegState::Declined | LegState::Waiting => l.amount.is_positive(),
            };
        let paid = match (l.state, attempt) {
            (LegState::Settled | LegState::Credited, Some(t)) if t.kind == TransactionKind::Void => {
                l.amount == t.amount
            }
            (LegState::Settled | LegState::Credited, Some(_)) => {
                counted.sent.get(i).is_some_and(|(sent, _)| l.amount.minor() <= *sent)
            }
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
            let undecided = self.cases.get(index(n)).is_some_and(|c| !c.won && c.lost.is_none());
            undecided && matches!(l.state, LegState::Waiting | LegState::Declined)
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

    /// The first leg of which its payee has more than it comes to, with its parts, without owing it. The platform owes
    /// nothing to itself, but has nothing twice that was not sent twice.
    pub(super) fn had_twice_and_not_owed(&self, counted: &Counted) -> Option<usize> {
        let mut twice = vec![(0_i64, 0_u32, 0_i64); self.legs.len()];
        for (l, (sent, attempts)) in self.legs.iter().zip(&counted.sent) {
            let Some(of) = twice.get_mut(index(l.root().0)) else { continue };
            of.1 = of.1.saturating_add(*attempts);
            if matches!(l.state, LegState::Settled | LegState::Credited) {
                add(&mut of.0, sent.saturating_sub(l.amount.minor()).max(0));
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
            more > owed && !own
        })
    }

    /// Whether each loss has a place of its own, what waited for it is known, and no deposit has lost more than was lost of
    /// it.
    pub(super) fn losses_are_told(&self) -> bool {
        let mut ranks = BTreeSet::new();
        let mut lost = vec![0_i64; self.deposits.len().saturating_add(self.strays.len())];
        for c in &self.cases {
            let place = match c.lost {
                Some(_) => c.rank > 0 && ranks.insert(c.rank),
                None => c.rank == 0,
            };
            if !place || c.waited.iter().any(|id| self.leg(*id).is_none()) {
                return false;
            }
            for (part, standing) in c.parts.iter().zip(c.standing()).filter(|_| c.lost.is_some()) {
                if let Some(sum) = lost.get_mut(self.slot(part.deposit)) {
                    add(sum, standing);
                }
            }
        }
        let within =
            |d: &Deposit| lost.get(self.slot(d.id)).is_some_and(|lost| d.buckets.charged_back <= *lost);
        self.all_deposits().all(within)
    }

    /// Whether every debt comes of something that is known.
    pub(super) fn causes_are_known(&self) -> bool {
        let is_lost = |n: u32| self.cases.get(index(n)).is_some_and(|c| c.lost.is_some());
        self.debts.iter().all(|debt| match debt.cause {
            Cause::Ending => true,
            Cause::PaidTwice { leg } => self.leg(leg).is_some(),
            Cause::RefundedTwice { chargeback, deposit } | Cause::Liable { chargeback, deposit } => {
                is_lost(chargeback) && self.deposit(deposit).is_some()
            }
            Cause::Cut { chargeback, leg } => is_lost(chargeback) && self.leg(leg).is_some(),
            Cause::Overpaid { debt: of } => of < debt.number && self.debt(of).is_some(),
        })
    }
}

/// Whether what was taken of a hold and what was let go explain its state. What is charged beyond it lets nothing go.
pub(super) fn hold_agrees(t: &Transaction, hold: HoldState) -> bool {
    let gone = t.captured.saturating_add(t.let_go);
    let within = gone <= t.amount.minor();
    let state = match hold {
        HoldState::Closed => gone >= t.amount.minor(),
        HoldState::Open { .. } | HoldState::Closing | HoldState::Lapsed => within,
    };
    t.captured >= 0 && t.let_go >= 0 && state && (within || t.let_go == 0)
}
