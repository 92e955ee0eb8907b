//! What the gateway answers, and what it says of its answers later.

use super::{add, sub};
use crate::Time;
use crate::deal::books::{Books, index};
use crate::deposit::{
    DepositId, HoldState, LegId, LegState, Reason, Reference, TransactionKind, TransactionState, TxId,
};

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
            // what was ordered is the last that is captured
            TransactionKind::Capture => self.take_of_hold(source, deposit, amount, true),
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

    pub(in crate::deal) fn fail(&mut self, tx: TxId, reason: &Reason, missed: bool, at: Time) {
        let answered = self.answer(tx, TransactionState::Failed(reason.clone()), at);
        let Some(Answered { kind, leg, source, deposit, amount }) = answered else { return };
        match kind {
            // the gateway has captured by itself meanwhile
            TransactionKind::Capture if self.source_state(source) != Some(HoldState::Closing) => {}
            // the money never came in
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
                    if missed {
                        add(&mut d.missed, amount);
                    }
                });
            }
            TransactionKind::Void => {
                self.source(source, |hold| hold.hold = Some(HoldState::Lapsed));
                self.mark(leg, LegState::Dropped);
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
}

/// What an answer is about.
pub(super) struct Answered {
    kind: TransactionKind,
    leg: Option<LegId>,
    source: Option<TxId>,
    deposit: DepositId,
    amount: i64,
}
