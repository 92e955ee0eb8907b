//! From storage back to a store. Storage is not trusted: every invariant is checked.

use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::{Conditions, Event, Status, Store, StoreTerms};
use crate::StoreId;
use escrow::machine::{DecodeError, Machine};
use escrow::{Recorded, Time};

/// A store as it is stored. The terms never change, so that a host may write them once and the state with every command.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parts {
    /// [`Parts::SCHEMA`].
    pub schema: String,
    /// The store's id.
    pub id: StoreId,
    /// What it was opened with.
    pub terms: Arc<StoreTerms>,
    /// All that changes.
    pub state: State,
}

/// The mutable part of a store, opaque: for storage only.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct State {
    pub(super) version: u64,
    pub(super) revision: u64,
    pub(super) created_at: Time,
    pub(super) last_at: Time,
    pub(super) status: Status,
    pub(super) conditions_version: u32,
    /// In force.
    pub(super) conditions: Arc<Conditions>,
}

impl Parts {
    /// The schema that this version writes and reads.
    pub const SCHEMA: &'static str = "escrow.store.v1";

    /// The store, if every invariant holds.
    ///
    /// # Errors
    /// [`DecodeError`] names the field that does not agree.
    pub fn restore(self) -> Result<Store, DecodeError> {
        let Self { schema, id, terms, state } = self;
        if schema != Self::SCHEMA {
            return Err(DecodeError::UnknownSchema { expected: Self::SCHEMA });
        }
        let store = Store { id, terms, state };
        store.check()?;
        Ok(store)
    }
}

impl Store {
    /// The store in the form in which it is stored.
    pub fn parts(&self) -> Parts {
        Parts {
            schema: Parts::SCHEMA.to_owned(),
            id: self.id,
            terms: self.terms.clone(),
            state: self.state.clone(),
        }
    }

    /// The store that a journal tells of.
    ///
    /// # Errors
    /// [`DecodeError::NotAJournal`] where the first event is not `opened` or a later one is; otherwise whatever
    /// invariant the result breaks.
    pub fn replay<'e>(
        id: StoreId,
        journal: impl IntoIterator<Item = &'e Recorded<Event>>,
    ) -> Result<Self, DecodeError> {
        const NOT: DecodeError = DecodeError::NotAJournal { first: "opened" };
        let mut journal = journal.into_iter();
        let Some(Recorded { at, event: Event::Opened { terms }, .. }) = journal.next() else {
            return Err(NOT);
        };
        let mut store = Self::begin(id, terms.clone(), *at);
        for recorded in journal {
            if matches!(recorded.event, Event::Opened { .. }) {
                return Err(NOT);
            }
            store.apply(recorded);
        }
        store.check()?;
        Ok(store)
    }

    /// Checks every invariant of the store: what decoding checks, for tests and audits.
    ///
    /// # Errors
    /// [`DecodeError`] names the field that does not agree.
    pub fn check(&self) -> Result<(), DecodeError> {
        let state = &self.state;
        // the first conditions are those of the terms, which were checked
        let first = *state.conditions == self.terms.conditions;
        let checks = [
            ("revision", state.revision >= 1 && state.revision <= state.version),
            ("last_at", state.created_at <= state.last_at),
            ("conditions_version", state.conditions_version >= 1),
            ("conditions_version", u64::from(state.conditions_version) <= state.version),
            ("conditions", state.conditions_version > 1 || first),
            ("conditions", first || self.terms.check_conditions(&state.conditions).is_ok()),
        ];
        match checks.iter().find(|(_, holds)| !holds) {
            Some((field, _)) => Err(DecodeError::Field { field }),
            None => Ok(()),
        }
    }
}

impl Serialize for Store {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.parts().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Store {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Parts::deserialize(deserializer)?.restore().map_err(de::Error::custom)
    }
}
