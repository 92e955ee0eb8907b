//! Where events go: the journal, and whatever the host writes with it.

use std::future::Future;

use thiserror::Error;

use crate::Recorded;
use crate::deal::Deal;
use crate::wire::Envelope;
use crate::{DealId, Time};

/// What is to be committed, in one transaction of the host's storage.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Commit<'a> {
    /// The version that the stored deal must have: zero for a new deal. If it has another one, refuse.
    pub expected_version: u64,
    /// The deal before; `None` for a new deal.
    pub before: Option<&'a Deal>,
    /// What happened: append it to the journal, and to the outbox.
    pub events: &'a [Recorded],
    /// The deal with the events applied: for the stored state, and for the index.
    pub after: &'a Deal,
    /// When it is recorded.
    pub recorded_at: Time,
}

impl<'a> Commit<'a> {
    /// The events between a deal as it was, `None` for a new one, and as it is.
    pub fn new(before: Option<&'a Deal>, events: &'a [Recorded], after: &'a Deal, recorded_at: Time) -> Self {
        Self { expected_version: before.map_or(0, Deal::version), before, events, after, recorded_at }
    }

    /// Which deal.
    pub const fn deal_id(&self) -> DealId {
        self.after.id()
    }

    /// The events with their versions and both times, ready for a journal.
    pub fn envelopes(&self) -> impl Iterator<Item = Envelope> {
        Envelope::wrap(self.after, self.expected_version, self.events, self.recorded_at)
    }
}

/// Why a commit did not happen, or may not have.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
pub enum CommitError<E> {
    /// The stored deal has another version: somebody was faster. Nothing was written.
    #[error("the stored deal has another version: reload it")]
    Conflict,
    /// Whether it was written is not known: reload the deal to find out.
    #[error("it is not known whether the commit was written: reload the deal")]
    Unknown(#[source] E),
}

/// Stores events. Passed per call, so that a host can wrap its own connection or transaction.
pub trait EventSink: Send {
    /// What can go wrong with the storage.
    type Error: Send;

    /// Writes the events, if the stored version is the expected one: all of them or none. **`Ok` means durable**:
    /// money moves on it.
    fn commit(
        &mut self,
        commit: Commit<'_>,
    ) -> impl Future<Output = Result<(), CommitError<Self::Error>>> + Send;
}

impl<S: EventSink> EventSink for &mut S {
    type Error = S::Error;

    fn commit(
        &mut self,
        commit: Commit<'_>,
    ) -> impl Future<Output = Result<(), CommitError<Self::Error>>> + Send {
        (**self).commit(commit)
    }
}
