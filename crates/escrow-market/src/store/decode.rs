//! From storage back to a store. Storage is not trusted: every invariant is checked.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Conditions, Event, Status, Store, StoreTerms};
use crate::StoreId;
use escrow::Recorded;
use escrow::machine::{self, DecodeError, Progress};

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
    pub(super) progress: Progress,
    pub(super) status: Status,
    pub(super) conditions_version: u32,
    /// In force.
    pub(super) conditions: Arc<Conditions>,
}

impl Store {
    /// The store that a journal tells of.
    ///
    /// # Errors
    /// [`DecodeError::NotAJournal`] where the first event is not `opened` or a later one is; otherwise whatever
    /// invariant the result breaks.
    pub fn replay<'e>(
        id: StoreId,
        journal: impl IntoIterator<Item = &'e Recorded<Event>>,
    ) -> Result<Self, DecodeError> {
        let store = machine::replay("opened", journal, |recorded| {
            let Event::Opened { terms } = &recorded.event else { return None };
            Some(Self::begin(id, terms.clone(), recorded.at))
        })?;
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
            ("conditions_version", state.conditions_version >= 1),
            ("conditions_version", u64::from(state.conditions_version) <= state.progress.version()),
            ("conditions", state.conditions_version > 1 || first),
            ("conditions", first || self.terms.check_conditions(&state.conditions).is_ok()),
        ];
        DecodeError::check(state.progress.checks().into_iter().chain(checks))
    }
}

stored_as_its_parts!(Store, Parts, "escrow.store.v1", "store", [id, terms, state]);
