//! What a balance has heard of the deals: every fact counts once.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};

use super::command::{Credit, Debit};
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
    /// In minor units.
    pub(super) minor: i64,
}

/// The facts within the horizon. Asking costs the logarithm of their number, forgetting the number of those forgotten.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Heard {
    facts: BTreeMap<Fact, (Time, i64)>,
    by_age: BTreeSet<(Time, Fact)>,
}

impl Heard {
    /// The amount that it came with, in minor units.
    pub(super) fn amount(&self, fact: &Fact) -> Option<i64> {
        self.facts.get(fact).map(|(_, minor)| *minor)
    }

    /// Adds it, unless it is known.
    pub(super) fn insert(&mut self, known: Known) -> bool {
        let Known { fact, since, minor } = known;
        let new = !self.facts.contains_key(&fact);
        if new {
            self.facts.insert(fact, (since, minor));
            self.by_age.insert((since, fact));
        }
        new
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
        self.by_age.iter().filter_map(|(since, fact)| {
            let minor = self.amount(fact)?;
            Some(Known { fact: *fact, since: *since, minor })
        })
    }
}

/// Whether it is still recognised. Half-open: no longer at the horizon.
pub(super) fn is_within(since: Time, horizon_s: u32, now: Time) -> bool {
    now < since.plus_secs(horizon_s)
}
