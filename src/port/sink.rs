//! Where events go: the journal, and whatever the host writes with it.

use std::future::Future;

use thiserror::Error;

use super::Repository;
use crate::deal::Deal;
use crate::machine::{Machine, Recorded};
use crate::wire::Envelope;
use crate::{DealId, Time};

/// What is to be committed, in one transaction of the host's storage: a deal's events, unless it is said which machine's.
#[derive(Debug)]
#[non_exhaustive]
pub struct Commit<'a, M: Machine = Deal> {
    /// The version that the stored machine must have: zero for a new one. If it has another one, refuse.
    pub expected_version: u64,
    /// The machine before; `None` for a new one.
    pub before: Option<&'a M>,
    /// What happened: append it to the journal, and to the outbox.
    pub events: &'a [Recorded<M::Event>],
    /// The machine with the events applied: for the stored state, and for the index.
    pub after: &'a M,
    /// When it is recorded.
    pub recorded_at: Time,
}

impl<M: Machine> Clone for Commit<'_, M> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<M: Machine> Copy for Commit<'_, M> {}

impl<'a, M: Machine> Commit<'a, M> {
    /// The events between a machine as it was, `None` for a new one, and as it is.
    pub fn new(
        before: Option<&'a M>,
        events: &'a [Recorded<M::Event>],
        after: &'a M,
        recorded_at: Time,
    ) -> Self {
        Self { expected_version: before.map_or(0, M::version), before, events, after, recorded_at }
    }

    /// The events with the machine's version after each: consecutive, from the expected one on.
    pub fn numbered(&self) -> impl Iterator<Item = (u64, &'a Recorded<M::Event>)> {
        (self.expected_version.saturating_add(1)..).zip(self.events)
    }

    /// The commit with all that it borrows: for a queue, or another thread.
    pub fn to_owned(&self) -> OwnedCommit<M>
    where
        M::Event: Clone,
    {
        OwnedCommit {
            expected_version: self.expected_version,
            before: self.before.cloned(),
            events: self.events.to_vec(),
            after: self.after.clone(),
            recorded_at: self.recorded_at,
        }
    }
}

impl Commit<'_> {
    /// Which deal.
    pub const fn deal_id(&self) -> DealId {
        self.after.id()
    }

    /// The events with their versions and both times, ready for a journal.
    pub fn envelopes(&self) -> impl Iterator<Item = Envelope> {
        Envelope::wrap(self.after, self.expected_version, self.events, self.recorded_at)
    }
}

/// A [`Commit`] that borrows nothing.
#[derive(Clone, Debug)]
pub struct OwnedCommit<M: Machine = Deal> {
    expected_version: u64,
    before: Option<M>,
    events: Vec<Recorded<M::Event>>,
    after: M,
    recorded_at: Time,
}

impl<M: Machine> OwnedCommit<M> {
    /// The commit.
    pub fn as_commit(&self) -> Commit<'_, M> {
        Commit {
            expected_version: self.expected_version,
            before: self.before.as_ref(),
            events: &self.events,
            after: &self.after,
            recorded_at: self.recorded_at,
        }
    }
}

/// Why a commit did not happen, or may not have.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
pub enum CommitError<E> {
    /// The stored machine has another version: somebody was faster. Nothing was written.
    #[error("the stored version is another one: reload it")]
    Conflict,
    /// Whether it was written is not known: reload to find out.
    #[error("it is not known whether the commit was written: reload")]
    Unknown(#[source] E),
}

/// Stores a deal's events. Passed per call, so that a host can wrap its own connection or transaction. A
/// [`Repository`](super::Repository) of deals is one, behind a reference.
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

impl<R: Repository<Deal>> EventSink for &R {
    type Error = R::Error;

    fn commit(
        &mut self,
        commit: Commit<'_>,
    ) -> impl Future<Output = Result<(), CommitError<Self::Error>>> + Send {
        Repository::commit(*self, commit)
    }
}
