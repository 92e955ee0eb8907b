//! Attempts that were declined, and went through after all.

use smallvec::SmallVec;

use super::{add, sub};
use crate::Money;
use crate::deal::books::{Books, index};
use crate::deposit::{LegId, LegState, Transaction, TransactionState, TxId};

impl Books {
    /// An attempt that was declined went through after all. It pays its leg, and the parts that were divided from it, unless
    /// a later attempt was sent: then the later one decides whether the payee has the money twice.
    pub(super) fn settle_late(&mut self, tx: TxId, id: Option<LegId>) {
        let Some((id, leg)) = id.and_then(|id| Some((id, self.leg(id)?))) else { return };
        let Some(net) = self.transaction(tx).map(|t| t.amount.minor().saturating_sub(t.bounced())) else {
            return;
        };
        let paid = |t: &&Transaction| {
            let counts = t.state == TransactionState::Succeeded && t.amount.minor() > t.bounced();
            t.leg == Some(id) && t.id != tx && counts
        };
        let late = leg.state == LegState::Ordered || self.transactions.iter().any(|t| paid(&t));
        self.source(Some(tx), |t| t.late = late);
        if !late && net > 0 {
            self.pay_late(tx, id, net);
        }
    }

    pub(super) fn pay_late(&mut self, tx: TxId, id: LegId, net: i64) {
        let Some(leg) = self.leg(id).cloned() else { return };
        let was_paid = matches!(leg.state, LegState::Settled | LegState::Credited);
        let own = if was_paid { 0 } else { leg.amount.minor() };
        if own > net {
            self.divide_off(id, own.saturating_sub(net));
        }
        let mut need = net.saturating_sub(own).max(0);
        let mut gained = self.uncut(id, need);
        need = need.saturating_sub(gained);
        let root = leg.root();
        let parts: SmallVec<[LegId; 4]> = self
            .legs
            .iter()
            .filter(|l| l.root() == root && l.id != id && l.state != LegState::Ordered)
            .map(|l| l.id)
            .collect();
        for part in parts {
            let taken = self.take_from(part, need);
            let uncut = self.uncut(part, need.saturating_sub(taken));
            gained = gained.saturating_add(taken).saturating_add(uncut);
            need = need.saturating_sub(taken).saturating_sub(uncut);
        }
        let Some(leg) = self.legs.get_mut(index(id.0)) else { return };
        leg.amount = Money::from_minor(leg.amount.minor().saturating_add(gained), leg.amount.currency());
        (leg.tx, leg.waits_for) = (Some(tx), None);
        let back = leg.purpose.goes_back() && leg.state != LegState::Credited;
        let deposit = leg.deposit;
        if was_paid {
            self.change(deposit, |d| {
                sub(&mut d.buckets.reserved, gained);
                add(if back { &mut d.buckets.refunded } else { &mut d.buckets.paid_out }, gained);
            });
        } else {
            self.settle_leg(Some(id), LegState::Settled);
        }
    }

    /// A part of an unsent leg becomes a leg of its own, as it stands.
    pub(super) fn divide_off(&mut self, id: LegId, part: i64) {
        let into = self.next_leg();
        let Some(currency) = self.leg(id).map(|l| l.amount.currency()) else { return };
        self.split_leg(id, into, Money::from_minor(part, currency));
    }

    /// Takes what an unsent part of a leg would have paid.
    pub(super) fn take_from(&mut self, id: LegId, most: i64) -> i64 {
        let Some(leg) = self.legs.get_mut(index(id.0)) else { return 0 };
        let taken = match leg.state {
            LegState::Declined | LegState::Waiting | LegState::Unclaimed => {
                leg.amount.minor().min(most).max(0)
            }
            LegState::Ordered | LegState::Settled | LegState::Credited | LegState::Dropped => 0,
        };
        if taken > 0 {
            leg.amount = Money::from_minor(leg.amount.minor().saturating_sub(taken), leg.amount.currency());
            if leg.amount.is_zero() {
                leg.waits_for = None;
                self.mark(Some(id), LegState::Dropped);
            }
        }
        taken
    }

    /// What was cut is with the payee all the same.
    pub(super) fn uncut(&mut self, id: LegId, most: i64) -> i64 {
        let Some(leg) = self.legs.get_mut(index(id.0)) else { return 0 };
        let uncut = leg.cut.min(most).max(0);
        leg.cut = leg.cut.saturating_sub(uncut);
        let (deposit, source) = (leg.deposit, leg.source);
        self.source(source, |t| add(&mut t.returned, uncut));
        self.change(deposit, |d| {
            sub(&mut d.buckets.charged_back, uncut);
            add(&mut d.buckets.reserved, uncut);
        });
        uncut
    }
}
