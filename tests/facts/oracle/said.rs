//! What the books say, in a form that other books can be compared with.

use super::books::Books;
use super::buckets::Buckets;
use super::debts::Cause;
use super::words::{Amount, DepositId, Party, Purpose};
use std::collections::BTreeMap;

/// The sums of all legs of a deposit to one payee for one purpose, divided or not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Paid {
    pub settled: Amount,
    pub in_flight: Amount,
    /// Waits for a chargeback.
    pub waiting: Amount,
    /// Neither sent nor waiting: for a destination, for a capture, unclaimed.
    pub open: Amount,
    pub cut: Amount,
}

/// Compare it field by field: the first that differs says where.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Said {
    pub buckets: Vec<Buckets>,
    /// Without what is nothing.
    pub legs: BTreeMap<(DepositId, Party, Purpose), Paid>,
    /// What is open, by debtor and creditor; the ending's own debts left out.
    pub debts: BTreeMap<(Party, Party), Amount>,
    /// What the platform repaid of paid debts.
    pub repaid: BTreeMap<Party, Amount>,
    /// What of losses is nobody's debt.
    pub own_cost: Amount,
    pub cancel_due: bool,
}

impl Books {
    pub fn said(&self) -> Said {
        let mut said = Said { cancel_due: self.cancel_due, ..Said::default() };
        said.buckets = (0..self.deposits.len()).map(|deposit| self.buckets(deposit)).collect();
        for leg in self.legs.iter().filter(|leg| leg.gross > 0) {
            let paid = said.legs.entry((leg.deposit, leg.to, leg.purpose)).or_default();
            let in_flight = leg.in_flight().min(leg.gross - leg.settled());
            paid.settled += leg.settled();
            paid.in_flight += in_flight;
            paid.cut += leg.cut;
            if leg.waits_for.is_some() {
                paid.waiting += leg.open();
            } else {
                paid.open += leg.open();
            }
        }
        for debt in
            self.debts.iter().filter(|debt| debt.open() > 0 && !matches!(debt.cause, Cause::Ending(_)))
        {
            *said.debts.entry((debt.debtor, debt.creditor)).or_insert(0) += debt.open();
        }
        for &(_, party, amount) in &self.repayments {
            *said.repaid.entry(party).or_insert(0) += amount;
        }
        said.own_cost = self.losses.iter().map(|loss| loss.platform).sum::<Amount>()
            + self.cases.iter().map(|case| case.taken_left).sum::<Amount>();
        said
    }
}
