//! Machines and commits as rows.

use std::str::FromStr;
use std::sync::Arc;

use escrow::machine::{DecodeError, Recorded};
use escrow::port::{Aggregate, Commit, Listing};
use escrow::{PartyId, Time};
use serde::Serialize;
use serde::de::DeserializeOwned;
use thiserror::Error;

/// A machine that can be stored: an [`Aggregate`] that serde writes and reads, and whose events it writes and reads.
pub trait Storable: Aggregate<Event: Serialize + DeserializeOwned> + Serialize + DeserializeOwned {}

impl<M: Aggregate<Event: Serialize + DeserializeOwned> + Serialize + DeserializeOwned> Storable for M {}

/// Why something stored cannot be read, or something cannot be stored.
#[derive(Clone, Debug, Error)]
pub enum Unreadable {
    /// It is no JSON of its type, or cannot be written as JSON.
    #[error("{what}: {error}")]
    Json {
        /// What it is.
        what: String,
        /// Why.
        error: Arc<serde_json::Error>,
    },
    /// A stored value is none that this version writes.
    #[error("{0}: not a value that this version has written")]
    Value(String),
    /// A journal leads to no machine.
    #[error("{what}: {error}")]
    Decode {
        /// Which one.
        what: String,
        /// Why.
        error: DecodeError,
    },
}

impl Unreadable {
    /// JSON that is none.
    pub fn json(what: impl Into<String>, error: serde_json::Error) -> Self {
        Self::Json { what: what.into(), error: Arc::new(error) }
    }
}

/// An event in the journal.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Entry<E> {
    /// The machine's version with it: consecutive, from 1.
    pub version: u64,
    /// When it was recorded.
    pub recorded_at: Time,
    /// The event, with when it counts and by whom.
    pub recorded: Recorded<E>,
}

impl<E: DeserializeOwned> Entry<E> {
    /// From the columns of a row; `what` says of which machine.
    ///
    /// # Errors
    /// [`Unreadable`].
    pub fn of(what: &str, version_column: i64, recorded_at: i64, recorded: &str) -> Result<Self, Unreadable> {
        Ok(Self {
            version: version(version_column)?,
            recorded_at: time(recorded_at)?,
            recorded: serde_json::from_str(recorded).map_err(|e| Unreadable::json(what, e))?,
        })
    }
}

/// A machine as its row, without the machine.
#[derive(Clone, PartialEq, Debug)]
#[non_exhaustive]
pub struct MachineRow {
    /// [`Aggregate::KIND`].
    pub kind: &'static str,
    /// Its id, as it is written.
    pub id: String,
    /// Its version.
    pub version: i64,
    /// Its state as JSON.
    pub state: String,
    /// What it is found by.
    pub listing: Listing,
}

impl MachineRow {
    /// The row of a machine.
    ///
    /// # Errors
    /// [`Unreadable::Json`]: it cannot be written.
    pub fn of<M: Storable>(machine: &M) -> Result<Self, Unreadable> {
        let id = machine.id().to_string();
        let state = serde_json::to_string(machine).map_err(|e| Unreadable::json(id.as_str(), e))?;
        let version = number(machine.version());
        Ok(Self { kind: M::KIND, id, version, state, listing: machine.listing() })
    }
}

/// A commit as rows, ready to be written by another thread.
#[derive(Clone, PartialEq, Debug)]
#[non_exhaustive]
pub struct CommitRows {
    /// The machine after it.
    pub machine: MachineRow,
    /// The version that is expected to be stored; zero: none.
    pub expected: i64,
    /// The events as JSON, with the machine's version after each.
    pub events: Vec<(i64, String)>,
    /// Those of its parties that it did not have before: the others are stored already.
    pub new_parties: Vec<PartyId>,
    /// When it is recorded.
    pub recorded_at: i64,
}

impl CommitRows {
    /// The rows of a commit.
    ///
    /// # Errors
    /// [`Unreadable::Json`]: it cannot be written.
    pub fn of<M: Storable>(commit: &Commit<'_, M>) -> Result<Self, Unreadable> {
        let machine = MachineRow::of(commit.after)?;
        let event = |(version, recorded)| {
            let json = serde_json::to_string(recorded)
                .map_err(|e| Unreadable::json(format!("event {version} of {}", machine.id), e))?;
            Ok((number(version), json))
        };
        let events = commit.numbered().map(event).collect::<Result<Vec<_>, Unreadable>>()?;
        let known = commit.before.map_or_else(Vec::new, |before| before.listing().parties);
        let new_parties =
            machine.listing.parties.iter().filter(|party| !known.contains(party)).cloned().collect();
        let (expected, recorded_at) = (number(commit.expected_version), commit.recorded_at.millis());
        Ok(Self { machine, expected, events, new_parties, recorded_at })
    }
}

/// A version as a column has it.
pub fn number(version: u64) -> i64 {
    i64::try_from(version).unwrap_or(i64::MAX)
}

/// A version out of its column.
///
/// # Errors
/// [`Unreadable::Value`].
pub fn version(stored: i64) -> Result<u64, Unreadable> {
    u64::try_from(stored).map_err(|_| Unreadable::Value(format!("the version {stored}")))
}

/// A time out of its column.
///
/// # Errors
/// [`Unreadable::Value`].
pub fn time(millis: i64) -> Result<Time, Unreadable> {
    Time::from_millis(millis).map_err(|_| Unreadable::Value(format!("the time {millis}")))
}

/// An id out of its column.
///
/// # Errors
/// [`Unreadable::Value`].
pub fn parsed<I: FromStr>(id: &str) -> Result<I, Unreadable> {
    id.parse().map_err(|_| Unreadable::Value(format!("the id {id:?}")))
}
