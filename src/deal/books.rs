//! How money moves through the books of a deal: between the buckets of a deposit, with the legs and transactions that
//! explain it. Part of the fold: no rules here.

use super::Deal;
use super::core::{Core, index};
use crate::Time;
use crate::deposit::{
    Deposit, DepositId, HoldState, Leg, LegId, LegState, Order, Transaction, TransactionKind,
    TransactionState, TxId,
};

// The decision has checked every sum; saturating here only means that a forged journal cannot panic, and it is
// caught by the invariants that a replay checks at its end.
pub(super) const fn add(bucket: &mut i64, amount: i64) {
    *bucket = bucket.saturating_add(amount);
}

pub(super) const fn sub(bucket: &mut i64, amount: i64) {
    *bucket = bucket.saturating_sub(amount);
}

impl Core {
    pub(super) fn deposit(&mut self, id: DepositId, change: impl FnOnce(&mut Deposit)) {
        if let Some(deposit) = self.deposits.get_mut(id.index()) {
            change(deposit);
        }
    }

    pub(super) fn source(&mut self, id: Option<TxId>, change: impl FnOnce(&mut Transaction)) {
        if let Some(source) = id.and_then(|id| self.transactions.get_mut(index(id.0))) {
            change(source);
        }
    }

    pub(super) fn leg(&mut self, id: Option<LegId>, change: impl FnOnce(&mut Leg)) {
        if let Some(leg) = id.and_then(|id| self.legs.get_mut(index(id.0))) {
            change(leg);
        }
    }

    /// A leg that is new takes its amount out of what the deposit holds; another attempt finds it there.
    pub(super) fn assign(&mut self, new: Leg) {
        if let Some(leg) = self.legs.get_mut(index(new.id.0)) {
            leg.state = new.state;
            leg.tx = new.tx.or(leg.tx);
            return;
        }
        let (deposit, source, amount) = (new.deposit, new.source, new.amount.minor());
        self.legs.push(new);
        self.unsettled_legs = self.unsettled_legs.saturating_add(1);
        self.deposit(deposit, |d| {
            sub(&mut d.buckets.held, amount);
            add(&mut d.buckets.reserved, amount);
        });
        self.source(source, |t| t.returned = t.returned.saturating_add(amount));
    }

    /// An attempt to pay a leg: the first one, or the next one of a leg that is known.
    pub(super) fn attempt(&mut self, order: &Order) {
        if let Some(id) = order.leg {
            self.assign(Leg {
                id,
                deposit: order.deposit,
                payee: order.payee.clone(),
                purpose: order.purpose,
                amount: order.amount,
                state: LegState::Ordered,
                tx: Some(order.tx),
                source: order.source,
            });
        }
    }

    /// The payee has his money.
    pub(super) fn settle_leg(&mut self, id: Option<LegId>, state: LegState) {
        let Some(leg) = id.and_then(|id| self.legs.get_mut(index(id.0))) else {
            return;
        };
        leg.state = state;
        let (deposit, amount, back) = (leg.deposit, leg.amount.minor(), leg.purpose.goes_back());
        self.unsettled_legs = self.unsettled_legs.saturating_sub(1);
        self.deposit(deposit, |d| {
            sub(&mut d.buckets.reserved, amount);
            add(if back { &mut d.buckets.refunded } else { &mut d.buckets.paid_out }, amount);
        });
    }

    pub(super) fn answer(
        &mut self,
        tx: TxId,
        state: TransactionState,
        at: Time,
        change: impl FnOnce(&mut Transaction),
    ) {
        let Some(transaction) = self.transactions.get_mut(index(tx.0)) else {
            return;
        };
        if Deal::is_order(transaction) {
            self.unanswered = self.unanswered.saturating_sub(1);
        }
        transaction.state = state;
        transaction.settled_at = Some(at);
        change(transaction);
    }

    pub(super) fn succeed(&mut self, tx: TxId) {
        let Some(t) = self.transactions.get(index(tx.0)) else {
            return;
        };
        let (kind, leg, source, deposit, amount) = (t.kind, t.leg, t.source, t.deposit, t.amount.minor());
        match kind {
            TransactionKind::Capture => {
                let mut whole = 0;
                self.source(source, |hold| {
                    whole = hold.amount.minor();
                    hold.hold = Some(HoldState::Closed);
                    hold.returned = hold.returned.saturating_add(whole.saturating_sub(amount));
                });
                let rest = whole.saturating_sub(amount);
                self.deposit(deposit, |d| {
                    sub(&mut d.on_hold, whole);
                    sub(&mut d.buckets.held, rest);
                    add(&mut d.buckets.refunded, rest);
                });
            }
            TransactionKind::Void => {
                self.source(source, |hold| hold.hold = Some(HoldState::Closed));
                self.settle_leg(leg, LegState::Settled);
            }
            TransactionKind::Refund | TransactionKind::Payout | TransactionKind::Fee => {
                self.settle_leg(leg, LegState::Settled);
            }
            TransactionKind::Hold | TransactionKind::Charge | TransactionKind::Chargeback => {}
        }
    }

    pub(super) fn fail(&mut self, tx: TxId) {
        let Some(t) = self.transactions.get(index(tx.0)) else {
            return;
        };
        let (kind, leg, source, deposit, amount) = (t.kind, t.leg, t.source, t.deposit, t.amount.minor());
        match kind {
            // the money never came in
            TransactionKind::Capture => {
                let mut whole = 0;
                self.source(source, |hold| {
                    whole = hold.amount.minor();
                    hold.hold = Some(HoldState::Lapsed);
                });
                self.deposit(deposit, |d| {
                    sub(&mut d.on_hold, whole);
                    sub(&mut d.buckets.held, whole);
                    sub(&mut d.buckets.received, whole);
                });
            }
            TransactionKind::Void => {
                self.source(source, |hold| hold.hold = Some(HoldState::Lapsed));
                self.leg(leg, |leg| leg.state = LegState::Dropped);
                self.unsettled_legs = self.unsettled_legs.saturating_sub(1);
                self.deposit(deposit, |d| {
                    sub(&mut d.buckets.reserved, amount);
                    sub(&mut d.buckets.received, amount);
                });
            }
            TransactionKind::Refund | TransactionKind::Payout | TransactionKind::Fee => {
                self.leg(leg, |leg| leg.state = LegState::Declined);
            }
            TransactionKind::Hold | TransactionKind::Charge | TransactionKind::Chargeback => {}
        }
    }
}
