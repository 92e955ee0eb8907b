//! Debts: who owes what beyond the pots, why, and how much of it is settled.

use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

use super::{Books, index};
use crate::deposit::{DepositId, LegId, LegState, Purpose, Reference, TransactionState};
use crate::settlement::Receivable;
use crate::stored::left_out::is_default;
use crate::{Money, Payee, Time};

/// Why somebody owes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Cause {
    /// The ending could not be covered by the pots.
    #[default]
    Ending,
    /// A payee has one leg twice.
    PaidTwice {
        /// The leg.
        leg: LegId,
    },
    /// The payer has the money of a lost chargeback twice: from the bank, and as a refund.
    RefundedTwice {
        /// The chargeback, by its number.
        chargeback: u32,
        /// The deposit.
        deposit: DepositId,
    },
    /// A lost chargeback was paid out to others, for the liable party to answer for.
    Liable {
        /// The chargeback, by its number.
        chargeback: u32,
        /// The deposit.
        deposit: DepositId,
    },
    /// A payee lost a leg to a chargeback that others answer for.
    Cut {
        /// The chargeback, by its number.
        chargeback: u32,
        /// The leg.
        leg: LegId,
    },
    /// A payee misses what a capture did not bring, once the performance had begun.
    Missed {
        /// The deposit.
        deposit: DepositId,
    },
    /// A debt was paid, and is owed no more.
    Overpaid {
        /// That debt, by its number.
        debt: u32,
    },
}

/// A receivable with its number, and what of it is settled.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Debt {
    /// Its number within the deal, counted from 1.
    pub number: u32,
    /// Who owes.
    pub debtor: Payee,
    /// To whom.
    pub payee: Payee,
    /// For what.
    pub purpose: Purpose,
    /// How much stands, the settled part included. Zero once it is cancelled.
    #[serde(with = "crate::stored::short")]
    pub amount: Money,
    /// Why.
    #[serde(default, skip_serializing_if = "is_default")]
    pub cause: Cause,
    /// Since when.
    pub raised_at: Time,
    /// How often its amount has changed.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(crate) changes: u32,
    /// What was paid of it, by the reference of each payment, in minor units.
    #[serde(default, skip_serializing_if = "SmallVec::is_empty")]
    pub(crate) payments: SmallVec<[(Reference, i64); 1]>,
}

impl Debt {
    /// The most payments by which one debt can be settled.
    pub(crate) const MAX_PAYMENTS: usize = 64;

    /// What was paid of it, in minor units.
    pub fn paid(&self) -> i64 {
        self.payments.iter().fold(0, |sum, (_, amount)| sum.saturating_add(*amount))
    }

    /// Every payment of it, by its reference, in minor units.
    pub fn payments(&self) -> impl Iterator<Item = (&Reference, i64)> {
        self.payments.iter().map(|(reference, amount)| (reference, *amount))
    }

    /// The number of its changes and payments: it tells two states of one debt apart, and which of them is the later one.
    pub fn revision(&self) -> u32 {
        self.changes.saturating_add(u32::try_from(self.payments.len()).unwrap_or(u32::MAX))
    }

    /// What is still owed.
    pub fn open(&self) -> Money {
        let open = self.amount.minor().saturating_sub(self.paid()).max(0);
        Money::from_minor(open, self.amount.currency())
    }

    /// Whether anything is still owed.
    pub fn is_open(&self) -> bool {
        self.open().is_positive()
    }

    /// What was paid of it and is owed no more, in minor units.
    pub(crate) fn overpaid(&self) -> i64 {
        self.paid().saturating_sub(self.amount.minor()).max(0)
    }
}

impl Books {
    pub(crate) fn debts(&self) -> &[Debt] {
        &self.debts
    }

    pub(crate) fn debt(&self, number: u32) -> Option<&Debt> {
        self.debts.get(index(number))
    }

    pub(in crate::deal) fn owe(&mut self, receivable: &Receivable, cause: Cause, raised_at: Time) {
        let Receivable { debtor, payee, purpose, amount } = receivable.clone();
        let number = super::number_after(self.debts.len());
        let (changes, payments) = (0, SmallVec::new());
        self.debts.push(Debt { number, debtor, payee, purpose, amount, cause, raised_at, changes, payments });
    }

    pub(in crate::deal) fn change_debt(&mut self, number: u32, amount: Money) {
        if let Some(debt) = self.debts.get_mut(index(number)) {
            debt.amount = amount;
            debt.changes = debt.changes.saturating_add(1);
        }
    }

    pub(in crate::deal) fn pay_debt(&mut self, number: u32, amount: Money, reference: &Reference) {
        if let Some(debt) = self.debts.get_mut(index(number)) {
            debt.payments.push((reference.clone(), amount.minor()));
        }
    }

    /// What a payee has of a leg and its parts beyond what they come to, in minor units. What came back of one part may have
    /// been had twice of another.
    pub(crate) fn twice(&self, root: LegId) -> i64 {
        let parts = self.legs.iter().filter(|l| l.root() == root);
        let parts = parts.filter(|l| matches!(l.state, LegState::Settled | LegState::Credited));
        let more = parts.fold(0_i64, |sum, leg| {
            let sent = self
                .transactions
                .iter()
                .filter(|t| t.leg == Some(leg.id) && t.state == TransactionState::Succeeded);
            let net =
                sent.fold(0_i64, |net, t| net.saturating_add(t.amount.minor()).saturating_sub(t.bounced()));
            sum.saturating_add(net).saturating_sub(leg.amount.minor())
        });
        more.max(0)
    }

    /// What a late capture of a deposit can still pay of what was missed: each debt by its number, oldest first.
    pub(crate) fn missed_of(&self, deposit: DepositId) -> impl Iterator<Item = &Debt> {
        self.debts.iter().filter(move |d| d.cause == Cause::Missed { deposit } && d.is_open())
    }

    /// Whether each debt has a cause that there is, and each cause but what an ending leaves has one debt.
    pub(super) fn debts_agree(&self) -> bool {
        let mut seen = std::collections::BTreeSet::new();
        self.debts.iter().enumerate().all(|(i, d)| {
            index(d.number) == i
                && d.debtor != d.payee
                && !d.amount.is_negative()
                && (matches!(d.cause, Cause::Ending | Cause::Missed { .. }) || seen.insert(d.cause))
                && self.currency_of(d.cause).is_none_or(|currency| currency == d.amount.currency())
                && self.is_known(d.cause, i)
                && d.payments.len() <= Debt::MAX_PAYMENTS
                && d.payments.iter().all(|(_, amount)| *amount > 0)
        })
    }

    /// Whether there is what a debt comes from.
    fn is_known(&self, cause: Cause, debt: usize) -> bool {
        let lost = |n: u32| self.cases.get(index(n)).is_some_and(|c| c.lost.is_some());
        match cause {
            Cause::Ending => true,
            Cause::Missed { deposit } => self.deposit(deposit).is_some_and(|d| d.missed > 0),
            Cause::PaidTwice { leg } => self.leg(leg).is_some_and(|l| l.part_of.is_none()),
            Cause::RefundedTwice { chargeback, deposit } | Cause::Liable { chargeback, deposit } => {
                lost(chargeback) && self.deposit(deposit).is_some()
            }
            Cause::Cut { chargeback, leg } => lost(chargeback) && self.leg(leg).is_some(),
            Cause::Overpaid { debt: paid } => index(paid) < debt,
        }
    }

    /// The currency of what a debt comes from.
    pub(crate) fn currency_of(&self, cause: Cause) -> Option<crate::Currency> {
        let deposit = match cause {
            Cause::Ending => None,
            Cause::PaidTwice { leg } | Cause::Cut { leg, .. } => self.leg(leg).map(|l| l.deposit),
            Cause::RefundedTwice { deposit, .. }
            | Cause::Liable { deposit, .. }
            | Cause::Missed { deposit } => Some(deposit),
            Cause::Overpaid { debt } => return self.debt(debt).map(|d| d.amount.currency()),
        };
        Some(self.deposit(deposit?)?.required.currency())
    }
}
