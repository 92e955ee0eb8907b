//! Entries: what one event moves.

use std::collections::BTreeMap;

use crate::Account;
use escrow::{Currency, Money, Time};

/// One line of an entry.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Posting {
    /// The account.
    pub account: Account,
    /// How much: positive a debit, negative a credit.
    pub amount: Money,
}

/// What one event moves. Its postings sum to zero in every currency.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Entry {
    /// When the event counts.
    pub at: Time,
    /// What happened: the machine, and the event's name.
    pub description: String,
    /// The postings; no account is there twice in one currency.
    pub postings: Vec<Posting>,
}

impl Entry {
    /// Whether the postings sum to zero in every currency.
    pub fn is_balanced(&self) -> bool {
        let mut sums: BTreeMap<String, i128> = BTreeMap::new();
        for posting in &self.postings {
            let sum = sums.entry(posting.amount.currency().to_string()).or_default();
            *sum = sum.saturating_add(posting.amount.minor().into());
        }
        sums.values().all(|sum| *sum == 0)
    }
}

/// An entry in the making.
#[derive(Default)]
pub(crate) struct Draft {
    postings: Vec<Posting>,
}

impl Draft {
    /// Debits the account; credits it where the sum is negative.
    pub(crate) fn debit(&mut self, account: Account, minor: i64, currency: Currency) {
        let known =
            self.postings.iter_mut().find(|p| p.account == account && p.amount.currency() == currency);
        match known {
            Some(posting) => {
                let sum = posting.amount.minor().saturating_add(minor);
                posting.amount = Money::from_minor(sum, currency);
            }
            None => self.postings.push(Posting { account, amount: Money::from_minor(minor, currency) }),
        }
    }

    pub(crate) fn credit(&mut self, account: Account, minor: i64, currency: Currency) {
        self.debit(account, minor.saturating_neg(), currency);
    }

    /// From one account to another.
    pub(crate) fn pair(&mut self, debit: Account, credit: Account, amount: Money) {
        self.debit(debit, amount.minor(), amount.currency());
        self.credit(credit, amount.minor(), amount.currency());
    }

    pub(crate) fn finish(mut self, at: Time, description: impl FnOnce() -> String) -> Option<Entry> {
        self.postings.retain(|posting| !posting.amount.is_zero());
        (!self.postings.is_empty()).then(|| Entry { at, description: description(), postings: self.postings })
    }
}
