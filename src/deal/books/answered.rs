//! How money moves once the gateway or a bank has said something of what was sent: answers, late ones, what comes back, what
//! is lost. Part of the fold: no rules here.

use smallvec::SmallVec;

use super::fold::{add, sub};
use super::{Books, index};
use crate::deposit::{
    DepositId, HoldState, Leg, LegId, LegState, Reference, Transaction, TransactionKind, TransactionState,
    TxId,
};
use crate::{Money, Time};

/// What the gateway answers.
impl Books {
    pub(in crate::deal) fn succeed(&mut self, tx: TxId, reference: &Reference, at: Time) {
        let declined = self.transaction(tx).is_some_and(|t| matches!(t.state, TransactionState::Failed(_)));
        let answered = self.answer(tx, TransactionState::Succeeded, at);
        let Some(Answered { kind, leg, source, deposit, amount }) = answered else { return };
        self.source(Some(tx), |t| {
            t.reference = Some(reference.clone());
            t.doubted = false;
        });
        match kind {
            TransactionKind::Capture => self.close_hold(source, deposit, amount),
            TransactionKind::Void => {
                self.source(source, |hold| hold.hold = Some(HoldState::Closed));
                self.settle_leg(leg, LegState::Settled);
            }
            TransactionKind::Refund | TransactionKind::Payout | TransactionKind::Fee if declined => {
                self.settle_late(tx, leg);
            }
            TransactionKind::Refund | TransactionKind::Payout | TransactionKind::Fee => {
                self.settle_leg(leg, LegState::Settled);
            }
            TransactionKind::Hold | TransactionKind::Charge => {}
        }
    }

    /// A capture that was ordered is done: what it took is money, the rest was let go.
    fn close_hold(&mut self, hold: Option<TxId>, deposit: DepositId, amount: i64) {
        let (mut open, mut rest, mut more) = (0, 0, 0);
        self.source(hold, |hold| {
            open = hold.on_hold();
            // what is charged beyond the hold came in, too
            more = amount.saturating_sub(open).max(0);
            rest = open.saturating_sub(amount).max(0);
            hold.hold = Some(HoldState::Closed);
            add(&mut hold.captured, amount);
            add(&mut hold.let_go, rest);
            add(&mut hold.returned, rest);
        });
        self.change(deposit, |d| {
            add(&mut d.buckets.received, more);
            add(&mut d.buckets.held, more);
            sub(&mut d.on_hold, open);
            sub(&mut d.buckets.held, rest);
            add(&mut d.buckets.refunded, rest);
        });
    }

    /// An attempt that was declined went through after all. It pays its leg, and the parts that were divided from it, unless
    /// a later attempt was sent: then the later one decides whether the payee has the money twice.
    fn settle_late(&mut self, tx: TxId, id: Option<LegId>) {
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

    fn pay_late(&mut self, tx: TxId, id: LegId, net: i64) {
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
            if leg.state == LegState::Dropped {
                self.unsettled = self.unsettled.saturating_add(1);
            }
            self.settle_leg(Some(id), LegState::Settled);
        }
    }

    /// A part of an unsent leg becomes a leg of its own, as it stands.
    fn divide_off(&mut self, id: LegId, part: i64) {
        let into = self.next_leg();
        let Some(currency) = self.leg(id).map(|l| l.amount.currency()) else { return };
        self.split_leg(id, into, Money::from_minor(part, currency));
    }

    /// Takes what an unsent part of a leg would have paid.
    fn take_from(&mut self, id: LegId, most: i64) -> i64 {
        let Some(leg) = self.legs.get_mut(index(id.0)) else { return 0 };
        let taken = match leg.state {
            LegState::Declined | LegState::Waiting => leg.amount.minor().min(most).max(0),
            LegState::Ordered | LegState::Settled | LegState::Credited | LegState::Dropped => 0,
        };
        if taken > 0 {
            leg.amount = Money::from_minor(leg.amount.minor().saturating_sub(taken), leg.amount.currency());
            if leg.amount.is_zero() {
                (leg.state, leg.waits_for) = (LegState::Dropped, None);
                self.unsettled = self.unsettled.saturating_sub(1);
            }
        }
        taken
    }

    /// What was cut is with the payee all the same.
    fn uncut(&mut self, id: LegId, most: i64) -> i64 {
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

    pub(in crate::deal) fn fail(&mut self, tx: TxId, reason: &crate::deposit::Reason, at: Time) {
        let answered = self.answer(tx, TransactionState::Failed(reason.clone()), at);
        let Some(Answered { kind, leg, source, deposit, amount }) = answered else { return };
        match kind {
            // the money never came in
            // the gateway has captured by itself meanwhile
            TransactionKind::Capture if self.source_state(source) != Some(HoldState::Closing) => {}
            TransactionKind::Capture => {
                let mut open = 0;
                self.source(source, |hold| {
                    open = hold.on_hold();
                    hold.hold = Some(HoldState::Lapsed);
                });
                self.change(deposit, |d| {
                    sub(&mut d.on_hold, open);
                    sub(&mut d.buckets.held, open);
                    sub(&mut d.buckets.received, open);
                });
            }
            TransactionKind::Void => {
                self.source(source, |hold| hold.hold = Some(HoldState::Lapsed));
                self.mark(leg, LegState::Dropped);
                self.unsettled = self.unsettled.saturating_sub(1);
                self.change(deposit, |d| {
                    sub(&mut d.buckets.reserved, amount);
                    sub(&mut d.buckets.received, amount);
                });
            }
            TransactionKind::Refund | TransactionKind::Payout | TransactionKind::Fee => {
                let late = self.transactions.iter().find(|t| t.leg == leg && t.late).map(|t| t.id);
                self.mark(leg, LegState::Declined);
                // an earlier attempt that had gone through after all pays it
                if let Some(late) = late {
                    self.source(Some(late), |t| t.late = false);
                    self.settle_late(late, leg);
                }
            }
            TransactionKind::Hold | TransactionKind::Charge => {}
        }
    }

    pub(super) fn answer(&mut self, tx: TxId, state: TransactionState, at: Time) -> Option<Answered> {
        let t = self.transactions.get_mut(index(tx.0))?;
        if t.is_order() {
            self.unanswered = self.unanswered.saturating_sub(1);
        }
        t.state = state;
        t.settled_at = Some(at);
        let (kind, leg, source, deposit, amount) = (t.kind, t.leg, t.source, t.deposit, t.amount.minor());
        Some(Answered { kind, leg, source, deposit, amount })
    }
}

/// What an answer is about.
pub(super) struct Answered {
    kind: TransactionKind,
    leg: Option<LegId>,
    source: Option<TxId>,
    deposit: DepositId,
    amount: i64,
}

/// What comes back, and what is lost.
impl Books {
    /// The gateway now says that what it did was declined: it is asked again.
    pub(in crate::deal) fn doubt(&mut self, tx: TxId) {
        self.unanswered = self.unanswered.saturating_add(1);
        self.source(Some(tx), |t| t.doubted = true);
    }

    /// The gateway stands by what it did.
    pub(in crate::deal) fn trust(&mut self, tx: TxId) {
        self.unanswered = self.unanswered.saturating_sub(1);
        self.source(Some(tx), |t| t.doubted = false);
    }

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
        self.legs.push(new);
        self.unsettled = self.unsettled.saturating_add(1);
    }

    /// A part of what waited for a chargeback waited for it, too.
    fn waits_beside(&mut self, old: LegId, part: LegId) {
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
        if new.is_zero() {
            (leg.state, leg.waits_for) = (LegState::Dropped, None);
            self.unsettled = self.unsettled.saturating_sub(1);
        } else if leg.state == LegState::Dropped {
            leg.state = LegState::Waiting;
            self.unsettled = self.unsettled.saturating_add(1);
        }
        let (deposit, source) = (leg.deposit, leg.source);
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

    /// What lost chargebacks take out of what a deposit holds, and what of it an ending divides all the same.
    pub(in crate::deal) fn lose(&mut self, id: DepositId, lost: i64, later: i64) {
        self.change(id, |d| {
            let more = lost.saturating_sub(d.lost);
            sub(&mut d.buckets.held, more);
            add(&mut d.buckets.charged_back, more);
            (d.lost, d.lost_later) = (lost, later);
        });
    }

    /// Counts what is not stored.
    pub(in crate::deal) fn recount(&mut self) {
        self.unanswered = super::count(self.transactions.iter().filter(|t| t.is_order()).count());
        self.unsettled = super::count(self.legs.iter().filter(|l| !l.is_settled()).count());
    }
}
