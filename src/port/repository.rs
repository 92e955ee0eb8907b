//! What a host stores of its machines.

use std::future::Future;

use super::{Aggregate, Commit, CommitError};
use crate::Time;

/// Stores machines of one kind, and says which of them wait. Shared: an implementation is a handle on a pool or on a
/// writer's queue. [`blocking::Repository`](super::blocking::Repository) is the same without `await`.
pub trait Repository<M: Aggregate>: Sync {
    /// What can go wrong with the storage.
    type Error: Send;

    /// Writes the events, if the stored version is the expected one: all of them or none, with the state after them and what
    /// it is found by. **`Ok` means durable**: money moves on it.
    fn commit(
        &self,
        commit: Commit<'_, M>,
    ) -> impl Future<Output = Result<(), CommitError<Self::Error>>> + Send;

    /// The machine as it was last committed; `None` where there is none with this id.
    fn load(&self, id: M::Id) -> impl Future<Output = Result<Option<M>, Self::Error>> + Send;

    /// The machines whose next deadline is at `now` or before, the earliest first; at most `limit`.
    fn due(&self, now: Time, limit: u32) -> impl Future<Output = Result<Vec<M::Id>, Self::Error>> + Send;

    /// The machines with an order that has had no answer since before `before` and whose next try is not later than that, the
    /// one that waits longest first; at most `limit`.
    fn unanswered(
        &self,
        before: Time,
        limit: u32,
    ) -> impl Future<Output = Result<Vec<M::Id>, Self::Error>> + Send;
}
