//! Legs that are divided, cut and restored, and what comes back of them.

use super::{add, sub};
use crate::Money;
use crate::deal::books::{Books, index};
use crate::deposit::{DepositId, Leg, LegId, LegState, Reference, TxId};

impl Books {
    /// The payee's bank gave a payment back. What of it is payable again becomes a leg of its own, declined.
    pub(in crate::deal) fn bounce(
        &mut self,
        (tx, amount): (TxId, Money),
        reference: &Reference,
        again: Option<(LegId, Money)>,
    ) {
        let mut leg = None;
        self.source(Some(tx), |t| {
            t.bounced.push((reference.clone(), amount.minor()));
            leg = t.leg;
        });
        let Some((into, part)) = again else { return };
        let came_back = self.moment();
        let Some(old) = leg.and_then(|id| self.legs.get_mut(index(id.0))) else { return };
        let minor = part.minor();
        old.amount = Money::from_minor(old.amount.minor().saturating_sub(minor), part.currency());
        let new = Leg {
            id: into,
            amount: part,
            cut: 0,
            state: LegState::Declined,
            tx: None,
            part_of: Some(old.part_of.unwrap_or(old.id)),
            waits_for: None,
            came_back,
            ..old.clone()
        };
        let (deposit, back, old) = (old.deposit, old.purpose.goes_back(), old.id);
        self.waits_beside(old, into);
        self.legs.push(new);
        self.unsettled = self.unsettled.saturating_add(1);
        self.change(deposit, |d| {
            sub(if back { &mut d.buckets.refunded } else { &mut d.buckets.paid_out }, minor);
            add(&mut d.buckets.reserved, minor);
        });
    }

    /// A part of a leg that was not sent becomes a leg of its own.
    pub(in crate::deal) fn split_leg(&mut self, id: LegId, into: LegId, part: Money) {
        let Some(old) = self.legs.get_mut(index(id.0)) else { return };
        old.amount = Money::from_minor(old.amount.minor().saturating_sub(part.minor()), part.currency());
        let part_of = Some(old.part_of.unwrap_or(old.id));
        let new = Leg { id: into, amount: part, cut: 0, tx: None, part_of, ..old.clone() };
        self.waits_beside(id, into);
        self.count_open(false, new.keeps_open());
        self.legs.push(new);
    }

    /// A part of what waited for a chargeback waited for it, too.
    pub(super) fn waits_beside(&mut self, old: LegId, part: LegId) {
        for case in &mut self.cases {
            if let Some(place) = case.waited.iter().position(|id| *id == old) {
                case.waited.insert(place.saturating_add(1), part);
            }
        }
    }

    /// A leg waits for a chargeback, or does so no more.
    pub(in crate::deal) fn let_wait(&mut self, id: LegId, chargeback: Option<u32>) {
        if let Some(leg) = self.legs.get_mut(index(id.0)) {
            leg.waits_for = chargeback;
        }
    }

    /// A lost chargeback cuts an unsent leg, or what was cut is payable again.
    pub(in crate::deal) fn cut_leg(&mut self, id: LegId, old: Money, new: Money) {
        let cut = old.minor().saturating_sub(new.minor());
        let Some(leg) = self.legs.get_mut(index(id.0)) else { return };
        leg.amount = new;
        leg.cut = leg.cut.saturating_add(cut);
        let (deposit, source, dropped) = (leg.deposit, leg.source, leg.state == LegState::Dropped);
        if new.is_zero() {
            leg.waits_for = None;
            self.mark(Some(id), LegState::Dropped);
        } else if dropped {
            self.mark(Some(id), LegState::Waiting);
        }
        self.source(source, |t| sub(&mut t.returned, cut));
        self.change(deposit, |d| {
            sub(&mut d.buckets.reserved, cut);
            add(&mut d.buckets.charged_back, cut);
        });
    }

    /// What was cut from a leg before the rest of it was sent is payable again, as a leg of its own.
    pub(in crate::deal) fn restore_leg(&mut self, id: LegId, into: LegId, part: Money) {
        let Some(old) = self.legs.get_mut(index(id.0)) else { return };
        let minor = part.minor();
        old.cut = old.cut.saturating_sub(minor);
        let part_of = Some(old.part_of.unwrap_or(old.id));
        let new = Leg {
            id: into,
            amount: part,
            cut: 0,
            state: LegState::Waiting,
            tx: None,
            part_of,
            waits_for: None,
            ..old.clone()
        };
        let (deposit, source) = (old.deposit, old.source);
        self.waits_beside(id, into);
        self.legs.push(new);
        self.unsettled = self.unsettled.saturating_add(1);
        self.source(source, |t| add(&mut t.returned, minor));
        self.change(deposit, |d| {
            sub(&mut d.buckets.charged_back, minor);
            add(&mut d.buckets.reserved, minor);
        });
    }

    /// What lost chargebacks take out of what a deposit holds, what of it an ending divides all the same, and what of
    /// them the platform bears.
    pub(in crate::deal) fn lose(&mut self, id: DepositId, lost: i64, later: i64, borne: i64) {
        self.change(id, |d| {
            let more = lost.saturating_sub(d.lost);
            sub(&mut d.buckets.held, more);
            add(&mut d.buckets.charged_back, more);
            (d.lost, d.lost_later, d.borne) = (lost, later, borne);
        });
    }
}
