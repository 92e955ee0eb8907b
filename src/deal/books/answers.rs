//! What the gateway's answers change in the books. Part of the fold: no rules here.

use super::fold::{add, sub};
use super::{Books, index};
use crate::Time;
use crate::deposit::{
    DepositId, HoldState, LegId, LegState, Reason, Reference, TransactionKind, TransactionState, TxId,
};

impl Books {
    pub(in crate::deal) fn succeed(&mut self, tx: TxId, reference: &Reference, at: Time) {
        let answered = self.answer(tx, TransactionState::Succeeded, at);
        let Some(Answered { kind, leg, source, deposit, amount }) = answered else { return };
        self.source(Some(tx), |t| t.reference = Some(reference.clone()));
        match kind {
            TransactionKind::Capture => {
                let mut whole = 0;
                self.source(source, |hold| {
                    whole = hold.amount.minor();
                    hold.hold = Some(HoldState::Closed);
                    add(&mut hold.returned, whole.saturating_sub(amount));
                });
                let rest = whole.saturating_sub(amount);
                self.change(deposit, |d| {
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

    pub(in crate::deal) fn fail(&mut self, tx: TxId, reason: &Reason, at: Time) {
        let answered = self.answer(tx, TransactionState::Failed(reason.clone()), at);
        let Some(Answered { kind, leg, source, deposit, amount }) = answered else { return };
        match kind {
            // the money never came in
            TransactionKind::Capture => {
                let mut whole = 0;
                self.source(source, |hold| {
                    whole = hold.amount.minor();
                    hold.hold = Some(HoldState::Lapsed);
                });
                self.change(deposit, |d| {
                    sub(&mut d.on_hold, whole);
                    sub(&mut d.buckets.held, whole);
                    sub(&mut d.buckets.received, whole);
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
                self.mark(leg, LegState::Declined);
            }
            TransactionKind::Hold | TransactionKind::Charge | TransactionKind::Chargeback => {}
        }
    }

    fn answer(&mut self, tx: TxId, state: TransactionState, at: Time) -> Option<Answered> {
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
struct Answered {
    kind: TransactionKind,
    leg: Option<LegId>,
    source: Option<TxId>,
    deposit: DepositId,
    amount: i64,
}
