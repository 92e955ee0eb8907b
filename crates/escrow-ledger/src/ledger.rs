//! A ledger: entries, and the trial balance.

use std::collections::BTreeMap;

use crate::{Account, Booked, Entry, postings};
use escrow::{Currency, Money, Recorded};

/// Entries in the order in which they were recorded, of any number of machines.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Ledger {
    entries: Vec<Entry>,
}

impl Ledger {
    /// Records what an event moves, given the machine before it.
    pub fn record<M: Booked>(&mut self, before: &M, recorded: &Recorded<M::Event>) {
        self.entries.extend(postings(before, recorded));
    }

    /// Records what a transition's events move, given the machine before the first of them; gives the machine after them.
    pub fn record_all<'e, M: Booked<Event: 'e>>(
        &mut self,
        before: &M,
        events: impl IntoIterator<Item = &'e Recorded<M::Event>>,
    ) -> M {
        let mut machine = before.clone();
        for recorded in events {
            self.record(&machine, recorded);
            machine.apply(recorded);
        }
        machine
    }

    /// Its entries.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// What every account comes to in each of its currencies, by their names; without what is zero. A
    /// sum that 64 bits cannot hold is the largest that they can.
    pub fn trial_balance(&self) -> BTreeMap<(String, String), Money> {
        let mut sums: BTreeMap<(String, String), Money> = BTreeMap::new();
        for posting in self.entries.iter().flat_map(|entry| &entry.postings) {
            let (account, amount) = (&posting.account, posting.amount);
            let key = (account.to_string(), amount.currency().to_string());
            let sum = sums.entry(key).or_insert(Money::zero(amount.currency()));
            *sum = Money::from_minor(sum.minor().saturating_add(amount.minor()), amount.currency());
        }
        sums.retain(|_, sum| !sum.is_zero());
        sums
    }

    /// What an account comes to in a currency.
    pub fn balance(&self, account: &str, currency: Currency) -> Money {
        let of = self.entries.iter().flat_map(|entry| &entry.postings);
        let of = of.filter(|p| p.amount.currency() == currency && p.account.to_string() == account);
        Money::from_minor(of.fold(0, |sum, p| p.amount.minor().saturating_add(sum)), currency)
    }

    /// The accounts that are used, each once, with the currencies that it is used in.
    pub(crate) fn accounts(&self) -> BTreeMap<&Account, Vec<Currency>> {
        let mut accounts: BTreeMap<&Account, Vec<Currency>> = BTreeMap::new();
        for posting in self.entries.iter().flat_map(|entry| &entry.postings) {
            let currencies = accounts.entry(&posting.account).or_default();
            if !currencies.contains(&posting.amount.currency()) {
                currencies.push(posting.amount.currency());
            }
        }
        accounts
    }
}
