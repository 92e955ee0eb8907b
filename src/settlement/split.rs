//! The result of a settlement: who gets what out of which pot, and who owes what.

use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

use super::charges::Charges;
use crate::deposit::{DepositId, Purpose};
use crate::fingerprint::Fingerprint;
use crate::money::MoneyError;
use crate::{Money, Payee};

/// One share of a pot: a leg before it is numbered. Never zero.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[non_exhaustive]
pub struct Share {
    /// The pot that it comes out of.
    pub deposit: DepositId,
    /// Who gets it.
    pub payee: Payee,
    /// Why.
    pub purpose: Purpose,
    /// How much.
    pub amount: Money,
}

/// A debt that a pot could not cover. It is outside the deal: the host collects it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Receivable {
    /// Who owes.
    pub debtor: Payee,
    /// To whom; never the debtor.
    pub payee: Payee,
    /// Why.
    pub purpose: Purpose,
    /// How much.
    pub amount: Money,
}

/// A whole settlement: one share per payee, purpose and pot, and what is owed beyond the pots.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
#[non_exhaustive]
pub struct Settlement {
    /// The shares. Per pot they sum to exactly what it held.
    pub shares: SmallVec<[Share; 6]>,
    /// What the pots could not cover.
    pub receivables: SmallVec<[Receivable; 2]>,
    /// Of which deposits the captures failed that the last receivables come from, one for one.
    #[serde(skip)]
    pub(crate) missed: SmallVec<[DepositId; 2]>,
    /// What becomes of additional charges that are paid in full.
    #[serde(skip)]
    pub(crate) charges: Charges,
}

impl Settlement {
    /// Tells it from any other one that gives somebody else something, or leaves them other debts.
    pub(crate) fn fingerprint(&self) -> u64 {
        let mut hash = Fingerprint::new();
        for share in &self.shares {
            hash.add(format_args!(
                "{} {:?} {} {};",
                share.deposit,
                share.payee,
                share.purpose.as_str(),
                share.amount
            ));
        }
        for owed in &self.receivables {
            hash.add(format_args!(
                "{:?} {:?} {} {};",
                owed.debtor,
                owed.payee,
                owed.purpose.as_str(),
                owed.amount
            ));
        }
        hash.get()
    }

    /// What one payee gets for one purpose, from all pots of the deal's currency, in minor units.
    pub fn minor_of(&self, payee: &Payee, purpose: Purpose) -> i64 {
        self.shares
            .iter()
            .filter(|s| s.payee == *payee && s.purpose == purpose)
            .fold(0, |sum, s| s.amount.minor().saturating_add(sum))
    }

    /// The first share of this payee, purpose and pot.
    pub(super) fn give_first(&mut self, deposit: DepositId, payee: Payee, purpose: Purpose, amount: Money) {
        self.shares.push(Share { deposit, payee, purpose, amount });
    }

    /// Adds to the share of this payee, purpose and pot what is known to fit; nothing where the amount is zero.
    pub(crate) fn add_share(&mut self, deposit: DepositId, payee: &Payee, purpose: Purpose, amount: Money) {
        // it is a part of what the deposit holds
        let _fits = self.give(deposit, payee.clone(), purpose, amount);
    }

    /// Adds to the share of this payee, purpose and pot; nothing where the amount is zero.
    pub(super) fn give(
        &mut self,
        deposit: DepositId,
        payee: Payee,
        purpose: Purpose,
        amount: Money,
    ) -> Result<(), MoneyError> {
        if amount.is_zero() {
            return Ok(());
        }
        let same = |s: &&mut Share| s.deposit == deposit && s.purpose == purpose && s.payee == payee;
        match self.shares.iter_mut().find(same) {
            Some(share) => share.amount = share.amount.checked_add(amount)?,
            None => self.shares.push(Share { deposit, payee, purpose, amount }),
        }
        Ok(())
    }

    /// Adds to a debt; nothing where the amount is zero or owed to oneself.
    pub(super) fn owe(
        &mut self,
        debtor: Payee,
        payee: Payee,
        purpose: Purpose,
        amount: Money,
    ) -> Result<(), MoneyError> {
        if amount.is_zero() || debtor == payee {
            return Ok(());
        }
        let same = |r: &&mut Receivable| r.debtor == debtor && r.payee == payee && r.purpose == purpose;
        match self.receivables.iter_mut().find(same) {
            Some(receivable) => receivable.amount = receivable.amount.checked_add(amount)?,
            None => self.receivables.push(Receivable { debtor, payee, purpose, amount }),
        }
        Ok(())
    }
}
