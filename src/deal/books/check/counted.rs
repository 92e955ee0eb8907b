//! What follows from the lists of the books, counted once: so that a check looks at every entry once.

use crate::deal::books::{Books, index};
use crate::deposit::{
    Buckets, DepositId, HoldState, Leg, LegState, Transaction, TransactionKind, TransactionState,
};

/// What follows from the lists, counted once.
pub(super) struct Counted {
    /// Of each transaction: how many captures and voids of it have no answer.
    pub(super) orders_on: Vec<u32>,
    /// Of each transaction: what of it was to be let go by orders.
    pub(super) voided: Vec<i64>,
    /// Of each transaction: what is on its way, or back, to it.
    pub(super) returned: Vec<i64>,
    /// Of each transaction: what captures have taken of it.
    pub(super) captured: Vec<i64>,
    /// Of each leg: what was sent for it and stayed with its payee, and by how many attempts.
    pub(super) sent: Vec<(i64, u32)>,
    /// Of each deposit, then of each of money that strayed: its buckets, as transactions and legs explain them, and what is
    /// on hold.
    pub(super) explained: Vec<(Buckets, i64)>,
}

pub(super) const fn add(sum: &mut i64, amount: i64) {
    *sum = sum.saturating_add(amount);
}

impl Books {
    /// The place of a deposit in what is counted.
    pub(super) fn slot(&self, id: DepositId) -> usize {
        match id.stray_index() {
            Some(stray) => self.deposits.len().saturating_add(stray),
            None => id.index(),
        }
    }

    pub(super) fn counted(&self) -> Counted {
        let transactions = self.transactions.len();
        let mut counted = Counted {
            orders_on: vec![0; transactions],
            voided: vec![0; transactions],
            returned: vec![0; transactions],
            captured: vec![0; transactions],
            sent: vec![(0, 0); self.legs.len()],
            explained: vec![(Buckets::default(), 0); self.deposits.len().saturating_add(self.strays.len())],
        };
        for t in &self.transactions {
            counted.count_order(t);
        }
        for t in &self.transactions {
            let slot = self.slot(t.deposit);
            counted.count_money(t, slot);
        }
        for l in &self.legs {
            let slot = self.slot(l.deposit);
            counted.count_leg(l, slot);
        }
        for deposit in self.all_deposits() {
            if let Some((buckets, _)) = counted.explained.get_mut(self.slot(deposit.id)) {
                add(&mut buckets.charged_back, deposit.lost);
            }
        }
        counted
    }

    /// Whether no more was cut, taken out of each deposit and borne than lost chargebacks account for.
    pub(super) fn losses_explain_cuts(&self) -> bool {
        let mut left = vec![0_i64; self.deposits.len().saturating_add(self.strays.len())];
        for case in self.cases.iter().filter(|c| c.lost.is_some()) {
            for (part, standing) in case.parts.iter().zip(case.standing()) {
                if let Some(left) = left.get_mut(self.slot(part.deposit)) {
                    add(left, standing);
                }
            }
        }
        let cuts = self.legs.iter().map(|l| (l.deposit, l.cut));
        let lost = self.all_deposits().map(|d| (d.id, d.lost));
        let borne = self.all_deposits().map(|d| (d.id, d.borne));
        for (deposit, gone) in cuts.chain(lost).chain(borne) {
            if let Some(left) = left.get_mut(self.slot(deposit)) {
                *left = left.saturating_sub(gone);
            }
        }
        left.iter().all(|left| *left >= 0) && self.all_deposits().all(|d| d.borne >= 0)
    }
}

impl Counted {
    fn count_order(&mut self, t: &Transaction) {
        let void = match t.kind {
            TransactionKind::Capture => false,
            TransactionKind::Void => true,
            TransactionKind::Hold
            | TransactionKind::Charge
            | TransactionKind::Refund
            | TransactionKind::Payout
            | TransactionKind::Fee => return,
        };
        let Some(source) = t.source.map(|id| index(id.0)) else { return };
        let took = !void && t.state == TransactionState::Succeeded;
        if let Some(captured) = self.captured.get_mut(source).filter(|_| took) {
            add(captured, t.amount.minor());
        }
        if let Some(orders) = self.orders_on.get_mut(source).filter(|_| t.is_pending()) {
            *orders = orders.saturating_add(1);
        }
        if let Some(voided) = self.voided.get_mut(source).filter(|_| void) {
            add(voided, t.amount.minor());
        }
    }

    fn count_money(&mut self, t: &Transaction, slot: usize) {
        let i = index(t.id.0);
        let stays = t.state == TransactionState::Succeeded && t.kind != TransactionKind::Void;
        if let Some((sent, attempts)) =
            t.leg.and_then(|leg| self.sent.get_mut(index(leg.0))).filter(|_| stays)
        {
            add(sent, t.amount.minor().saturating_sub(t.bounced()));
            *attempts = attempts.saturating_add(1);
        }
        let voided = self.voided.get(i).copied().unwrap_or(0);
        // what was let go together with a capture
        let rest = t.let_go.saturating_sub(voided);
        if let Some(returned) = self.returned.get_mut(i) {
            add(returned, rest);
        }
        let Some((buckets, on_hold)) = self.explained.get_mut(slot) else { return };
        add(&mut buckets.refunded, rest);
        add(on_hold, t.on_hold());
        if t.brought_money() {
            let received = match t.hold {
                Some(HoldState::Lapsed) => t.captured.saturating_add(rest),
                Some(HoldState::Open { .. } | HoldState::Closing | HoldState::Closed) => {
                    t.amount.minor().max(t.captured.saturating_add(t.let_go))
                }
                None => t.amount.minor(),
            };
            add(&mut buckets.received, received);
        }
    }

    fn count_leg(&mut self, l: &Leg, slot: usize) {
        if let Some(returned) = l.source.and_then(|id| self.returned.get_mut(index(id.0))) {
            add(returned, l.amount.minor());
        }
        let Some((buckets, _)) = self.explained.get_mut(slot) else { return };
        add(&mut buckets.charged_back, l.cut);
        let bucket = match l.state {
            LegState::Ordered | LegState::Declined | LegState::Waiting | LegState::Unclaimed => {
                &mut buckets.reserved
            }
            LegState::Settled if l.purpose.goes_back() => &mut buckets.refunded,
            LegState::Settled | LegState::Credited => &mut buckets.paid_out,
            LegState::Dropped => return,
        };
        add(bucket, l.amount.minor());
    }
}
