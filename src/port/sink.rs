//! Where events go: the journal, and whatever the host writes with it.

use std::future::Future;

use smallvec::SmallVec;
use thiserror::Error;

use crate::Recorded;
use crate::deal::Deal;
use crate::notice::{Notice, notices};
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

impl Commit<'_> {
    /// Which deal.
    pub const fn deal_id(&self) -> DealId {
        self.after.id()
    }

    /// Whom to tell what of it, for the outbox. Computed from nothing else than the events and the deal before, so it may
    /// be computed again.
    pub fn notices(&self) -> impl Iterator<Item = Notice> {
        let mut deal = self.before.cloned();
        let id = self.deal_id();
        self.events.iter().flat_map(move |recorded| {
            match &mut deal {
                Some(deal) => deal.apply(recorded),
                None => deal = Deal::begin(id, recorded),
            }
            let told: SmallVec<[Notice; 4]> = deal.iter().flat_map(|deal| notices(deal, recorded)).collect();
            told
        })
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
    /// It is not known whether it was written: reload the deal, and see.
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
