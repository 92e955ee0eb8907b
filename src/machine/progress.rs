//! How far a machine has come.

use serde::{Deserialize, Serialize};

use super::Recorded;
use crate::{Actor, Time};

/// How far a machine has come: what every machine counts, whatever its events tell.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Progress {
    version: u64,
    revision: u64,
    created_at: Time,
    last_at: Time,
}

impl Progress {
    /// After the first event.
    pub const fn begin(at: Time) -> Self {
        Self { version: 1, revision: 1, created_at: at, last_at: at }
    }

    /// Counts a later event.
    pub fn count<E>(&mut self, recorded: &Recorded<E>) {
        count(recorded, &mut self.version, &mut self.revision, &mut self.last_at);
    }

    /// How many events there were.
    pub const fn version(&self) -> u64 {
        self.version
    }

    /// The version at the last event that a person caused.
    pub const fn revision(&self) -> u64 {
        self.revision
    }

    /// When the first event was.
    pub const fn created_at(&self) -> Time {
        self.created_at
    }

    /// When the last event was.
    pub const fn last_at(&self) -> Time {
        self.last_at
    }

    /// Its invariants, for [`DecodeError::check`](super::DecodeError::check).
    pub fn checks(&self) -> [(&'static str, bool); 2] {
        [
            ("revision", (1..=self.version).contains(&self.revision)),
            ("last_at", self.created_at <= self.last_at),
        ]
    }
}

/// What every event does, whatever it tells: it is counted, time does not run backwards, and where a person caused it
/// the revision is the new version. An actor's `seen` is compared with the revision.
pub(crate) fn count<E>(recorded: &Recorded<E>, version: &mut u64, revision: &mut u64, last_at: &mut Time) {
    *version = version.saturating_add(1);
    *last_at = recorded.at.max(*last_at);
    match &recorded.actor {
        Actor::Party(_) | Actor::Operator(_) | Actor::Moderator(_) => *revision = *version,
        Actor::Gateway | Actor::Tracker | Actor::Clock => {}
    }
}
