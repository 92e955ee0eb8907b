//! What a balance has heard of the deals: every fact counts once.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};

use super::command::{Credit, Debit, is_zero};
use escrow::{DealId, Time, TxId};

/// A fact of a deal that moves a balance: its identity, under duplicated, reordered and lost deliveries.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Fact {
    /// A leg was credited.
    Leg {
        /// The deal.
        deal: DealId,
        /// The transaction that settled it.
        transaction: TxId,
    },
    /// The holder owes a receivable.
    Receivable {
        /// The deal.
        deal: DealId,
        /// Its number among the deal's receivables, counted from 1.
        number: u32,
    },
}

impl fmt::Display for Fact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Leg { deal, transaction } => write!(f, "transaction {transaction} of deal {deal}"),
            Self::Receivable { deal, number } => write!(f, "receivable {number} of deal {deal}"),
        }
    }
}

impl Credit {
    /// Its identity.
    pub const fn fact(&self) -> Fact {
        Fact::Leg { deal: self.deal, transaction: self.transaction }
    }
}

impl Debit {
    /// Its identity.
    pub const fn fact(&self) -> Fact {
        Fact::Receivable { deal: self.deal, number: self.receivable }
    }
}

/// One fact that was heard.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Known {
    pub(super) fact: Fact,
    pub(super) since: Time,
    /// In minor units; of a receivable what it takes in all.
    pub(super) minor: i64,
    /// Of a receivable, how often it had changed.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(super) revision: u32,
}

/// The facts within the horizon. Asking costs the logarithm of their number, forgetting the number of those forgotten.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Heard {
    facts: BTreeMap<Fact, (Time, i64, u32)>,
    by_age: BTreeSet<(Time, Fact)>,
}

impl Heard {
    /// What is known of it.
    pub(super) fn find(&self, fact: &Fact) -> Option<Known> {
        self.facts.get(fact).map(|(since, minor, revision)| Known {
            fact: *fact,
            since: *since,
            minor: *minor,
            revision: *revision,
        })
    }

    /// Adds it, unless it is known.
    pub(super) fn insert(&mut self, known: Known) -> bool {
        let new = !self.facts.contains_key(&known.fact);
        if new {
            self.set(known);
        }
        new
    }

    /// Adds it, or replaces what is known of it.
    pub(super) fn set(&mut self, known: Known) {
        let Known { fact, since, minor, revision } = known;
        if let Some((before, ..)) = self.facts.insert(fact, (since, minor, revision)) {
            self.by_age.remove(&(before, fact));
        }
        self.by_age.insert((since, fact));
    }

    /// Forgets what is beyond the horizon.
    pub(super) fn forget(&mut self, horizon_s: u32, now: Time) {
        while let Some((since, fact)) = self.by_age.first().copied() {
            if is_within(since, horizon_s, now) {
                return;
            }
            self.by_age.remove(&(since, fact));
            self.facts.remove(&fact);
        }
    }

    /// Oldest first.
    pub(super) fn iter(&self) -> impl Iterator<Item = Known> + '_ {
        self.by_age.iter().filter_map(|(_, fact)| self.find(fact))
    }
}

/// Whether it is still recognised. Half-open: no longer at the horizon.
pub(super) fn is_within(since: Time, horizon_s: u32, now: Time) -> bool {
    now < since.plus_secs(horizon_s)
}
