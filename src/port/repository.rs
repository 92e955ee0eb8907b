//! What a host stores of its machines.

use std::future::Future;

use super::{Aggregate, Commit, CommitError};
use crate::Time;

/// What [`Repository::load_all`] says of one machine, as [`Repository::load`] does.
pub type Loaded<M, E> = Result<Option<M>, E>;

/// What [`Repository::commit_all`] says of one commit, as [`Repository::commit`] does.
pub type Written<E> = Result<(), CommitError<E>>;

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

    /// Several machines, each in the place of its id, as [`load`](Self::load) gives it: what cannot be read of one is its own
    /// error. The outer error: none of them was read. A storage that has many in one query does so.
    fn load_all(
        &self,
        ids: &[M::Id],
    ) -> impl Future<Output = Result<Vec<Loaded<M, Self::Error>>, Self::Error>> + Send {
        async move {
            let mut loaded = Vec::with_capacity(ids.len());
            for id in ids {
                loaded.push(self.load(*id).await);
            }
            Ok(loaded)
        }
    }

    /// Several commits, of as many machines: each has its own version check, and a conflict of one touches no other. The
    /// answers are in the order of the commits. The outer error: of none is it known whether it was written. A storage that
    /// makes many durable at once does so.
    fn commit_all(
        &self,
        commits: &[Commit<'_, M>],
    ) -> impl Future<Output = Result<Vec<Written<Self::Error>>, Self::Error>> + Send {
        async move {
            let mut answers = Vec::with_capacity(commits.len());
            for commit in commits {
                answers.push(self.commit(*commit).await);
            }
            Ok(answers)
        }
    }
}
