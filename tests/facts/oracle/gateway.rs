//! The gateway's own ledger: what really came in and went out, whether the books were told or not.

use super::books::Books;
use super::words::{Amount, Payment, Tx};
use std::collections::BTreeMap;

#[derive(Clone, Debug, Default)]
pub struct Gateway {
    /// Charged, by payment.
    pub came: BTreeMap<Payment, Amount>,
    /// Paid out or refunded, by transaction.
    pub went: BTreeMap<Tx, Amount>,
    /// Given back by the bank, by transaction.
    pub returned: BTreeMap<Tx, Amount>,
    /// Taken by the bank and not reinstated, by case.
    pub taken: BTreeMap<String, Amount>,
}

impl Gateway {
    pub fn charged(&mut self, payment: &Payment, amount: Amount) {
        *self.came.entry(payment.clone()).or_insert(0) += amount;
    }

    pub fn paid(&mut self, tx: Tx, amount: Amount) {
        self.went.insert(tx, amount);
    }

    pub fn gave_back(&mut self, tx: Tx, amount: Amount) {
        *self.returned.entry(tx).or_insert(0) += amount;
    }

    pub fn took(&mut self, case: &str, amount: Amount) {
        *self.taken.entry(case.to_owned()).or_insert(0) += amount;
    }

    pub fn reinstated(&mut self, case: &str, amount: Amount) {
        *self.taken.entry(case.to_owned()).or_insert(0) -= amount;
    }

    /// What is there.
    pub fn cash(&self) -> Amount {
        let came: Amount = self.came.values().sum();
        let went: Amount = self.went.values().sum();
        let returned: Amount = self.returned.values().sum();
        let taken: Amount = self.taken.values().sum();
        came - went + returned - taken
    }

    /// The law: what came in and went out at the gateway is what the deal has recorded; and what is there is what the
    /// books account for. It holds once the books were told everything.
    ///
    /// # Errors
    /// What differs, in words.
    pub fn agrees(&self, books: &Books) -> Result<(), String> {
        let mut recorded: BTreeMap<Payment, Amount> = BTreeMap::new();
        for receipt in &books.receipts {
            *recorded.entry(receipt.payment.clone()).or_insert(0) += receipt.amount;
        }
        if recorded != self.came {
            return Err(format!("came in: {:?}, recorded: {recorded:?}", self.came));
        }
        if books.accounted() != self.cash() {
            return Err(format!(
                "the gateway has {}, the books account for {}",
                self.cash(),
                books.accounted()
            ));
        }
        Ok(())
    }
}
