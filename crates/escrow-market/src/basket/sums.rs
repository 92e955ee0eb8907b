//! Where the money of a basket is.

use super::{Basket, Case, Payment, Refund, RefundState};
use escrow::Money;
use escrow::deposit::Buckets;

impl Basket {
    /// What is needed until it is full, in minor units.
    pub(super) fn total(&self) -> i64 {
        self.lines().fold(0, |sum, line| sum.saturating_add(line.amount.minor()))
    }

    /// What is still to be paid until it is full; zero once it was full or given up.
    pub fn outstanding(&self) -> Money {
        let missing = match self.status() {
            super::Status::Open => {
                let usable =
                    (0..self.state.payments.len()).fold(0_i64, |sum, p| sum.saturating_add(self.usable(p)));
                self.total().saturating_sub(usable).max(0)
            }
            super::Status::Full | super::Status::GivenUp => 0,
        };
        Money::from_minor(missing, self.draft.currency)
    }

    pub(super) fn cases_of<'b>(&'b self, payment: &'b Payment) -> impl Iterator<Item = &'b Case> {
        let of = |case: &&Case| case.gateway == payment.gateway && case.payment == payment.reference;
        self.state.cases.iter().filter(of)
    }

    pub(super) fn refunds_of(&self, payment: usize) -> impl Iterator<Item = &Refund> {
        self.state.refunds.iter().filter(move |refund| refund.payment == payment)
    }

    /// What can be used of a payment while the basket waits, in minor units.
    pub(super) fn usable(&self, payment: usize) -> i64 {
        let here = self.state.payments.get(payment).filter(|p| p.amount.currency() == self.draft.currency);
        here.map_or(0, |_| self.free(payment).max(0))
    }

    /// What of a payment is neither in lines, nor on its way back, nor lost, in minor units; negative where the payer has it
    /// twice.
    pub(super) fn free(&self, payment: usize) -> i64 {
        let Some(p) = self.state.payments.get(payment) else { return 0 };
        let back = self.refunds_of(payment).fold(0_i64, |sum, refund| sum.saturating_add(refund.counts()));
        let lost = self.cases_of(p).fold(0_i64, |sum, case| sum.saturating_add(case.standing_rest()));
        p.amount.minor().saturating_sub(p.in_lines()).saturating_sub(back).saturating_sub(lost)
    }

    /// Where the money of a payment is, in minor units of its currency; what is paid out is the deals'.
    pub fn sums(&self, payment: usize) -> Buckets {
        let Some(p) = self.state.payments.get(payment) else { return Buckets::default() };
        let (received, paid_out) = (p.amount.minor(), p.in_lines());
        let mut sums = Buckets { received, paid_out, ..Buckets::default() };
        for refund in self.refunds_of(payment) {
            let minor = refund.counts();
            match refund.state {
                RefundState::Ordered => sums.reserved = sums.reserved.saturating_add(minor),
                RefundState::Paid(_) => sums.refunded = sums.refunded.saturating_add(minor),
                RefundState::Declined(_) => {}
            }
        }
        let free = self.free(payment);
        let lost = self.cases_of(p).fold(0_i64, |sum, case| sum.saturating_add(case.standing_rest()));
        sums.held = free.max(0);
        // what the payer has twice left no pot a second time: by a chargeback, or by a refund that went through after all
        let mut twice = free.min(0).saturating_neg();
        let mut but = |bucket: i64| {
            let part = twice.min(bucket);
            twice = twice.saturating_sub(part);
            bucket.saturating_sub(part)
        };
        sums.charged_back = but(lost);
        sums.refunded = but(sums.refunded);
        sums.reserved = but(sums.reserved);
        sums
    }

    /// What the payer has twice of a payment: from the bank, or by a refund that went through after all, and as a refund.
    pub fn owed(&self, payment: usize) -> Option<Money> {
        let currency = self.state.payments.get(payment)?.amount.currency();
        let twice = self.free(payment).min(0).saturating_neg();
        (twice > 0).then(|| Money::from_minor(twice, currency))
    }
}
