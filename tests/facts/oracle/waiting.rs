//! Which legs wait for an open chargeback.

use super::books::Books;
use super::legs::Leg;
use super::words::{Amount, DepositId, Party, Payment};
use std::collections::BTreeMap;

impl Books {
    /// Marks what waits, for every open case, in the order in which they were first told of.
    pub(crate) fn mark_waiting(&mut self) {
        let waited: BTreeMap<usize, usize> =
            self.legs.iter().filter_map(|leg| Some((leg.no, leg.waits_for?))).collect();
        for leg in &mut self.legs {
            leg.waits_for = None;
        }
        let open: Vec<usize> = (0..self.cases.len()).filter(|&at| self.cases[at].is_open()).collect();
        for deposit in 0..self.deposits.len() {
            let mut held = self.held(deposit);
            let mut kept: BTreeMap<Payment, Amount> = BTreeMap::new();
            for &at in &open {
                let payment = self.cases[at].payment.clone();
                let kept = kept.entry(payment.clone()).or_insert(0);
                let part = self.disputed_in(at, deposit);
                let keep = part.min(self.left_of(&payment, deposit) - *kept).max(0);
                *kept += keep;
                // What only the refunds can cover, because the payer would have it twice.
                let unsent: Amount = self.unsent_refunds(&payment, deposit);
                let twice = keep - (self.left_of(&payment, deposit) - *kept + keep - unsent);
                let covered = (keep - twice.clamp(0, unsent)).min(held).max(0);
                held -= covered;
                self.let_wait(at, deposit, &payment, keep - covered, &waited);
            }
        }
    }

    /// What of the payment in the deposit is neither refunded nor lost. An unsent refund is not refunded yet.
    pub fn left_of(&self, payment: &Payment, deposit: DepositId) -> Amount {
        let refunded: Amount = self.legs_of(deposit).filter(|leg| leg.refunds(payment)).map(Leg::sent).sum();
        let receipts = (0..self.receipts.len()).filter(|&at| {
            let receipt = &self.receipts[at];
            receipt.payment == *payment && receipt.deposit == deposit
        });
        receipts.map(|at| self.not_lost(at)).sum::<Amount>() - refunded
    }

    fn disputed_in(&self, case: usize, deposit: DepositId) -> Amount {
        let parts = self.cases[case].disputed.iter();
        parts.filter(|part| self.receipts[part.receipt].deposit == deposit).map(|part| part.amount).sum()
    }

    /// Refunds of the payment that are neither sent nor cut, and wait for nothing.
    fn unsent_refunds(&self, payment: &Payment, deposit: DepositId) -> Amount {
        let unsent = self.legs_of(deposit).filter(|leg| leg.refunds(payment) && leg.waits_for.is_none());
        unsent.map(Leg::open).sum()
    }

    fn let_wait(
        &mut self,
        case: usize,
        deposit: DepositId,
        payment: &Payment,
        need: Amount,
        waited: &BTreeMap<usize, usize>,
    ) {
        let mut left = need;
        // of equals what waits for it already, so that working it out again changes nothing
        let mut order = self.order_of_waiting(deposit, payment);
        let liable = self.liable(deposit);
        order.sort_by_key(|&no| (rank(self.leg(no), payment, liable), waited.get(&no) != Some(&case)));
        for no in order {
            let leg = self.leg(no);
            let part = leg.open().min(left);
            if part <= 0 || leg.waits_for.is_some() {
                continue;
            }
            let waits = if part < leg.open() { self.split(no, part) } else { no };
            self.leg_mut(waits).waits_for = Some(case);
            left -= part;
        }
    }

    /// Refunds to the disputed payment, the liable party's legs, the others; each last first.
    fn order_of_waiting(&self, deposit: DepositId, payment: &Payment) -> Vec<usize> {
        let liable: Party = self.liable(deposit);
        let legs = self.legs_of(deposit).rev().filter(|leg| leg.hold.is_none());
        let mut order: Vec<(i32, usize)> = legs.map(|leg| (rank(leg, payment, liable), leg.no)).collect();
        order.sort_by_key(|&(rank, _)| rank);
        order.into_iter().map(|(_, no)| no).collect()
    }

    /// The legs that wait for this case now, in the order of waiting.
    pub(crate) fn waiting_for(&self, case: usize) -> Vec<usize> {
        let payment = &self.cases[case].payment;
        let mut found = Vec::new();
        for deposit in 0..self.deposits.len() {
            let order = self.order_of_waiting(deposit, payment).into_iter();
            found.extend(order.filter(|&no| self.leg(no).waits_for == Some(case)));
        }
        found
    }
}

fn rank(leg: &Leg, payment: &Payment, liable: Party) -> i32 {
    if leg.refunds(payment) {
        0
    } else if leg.to == liable {
        1
    } else {
        2
    }
}
