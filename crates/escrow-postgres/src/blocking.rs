//! The repository for hosts without an async runtime.

use std::future::Future;
use std::sync::Arc;

use escrow::Time;
use escrow::port::{Commit, CommitError, Repository, blocking};
use escrow_store::Storable;
use tokio::runtime::{Builder, Runtime};
use tokio_postgres::Config;

use crate::{Postgres, StoreError};

/// A [`Postgres`] with a runtime of its own, for hosts that block. Clones share both.
///
/// None of its methods may be called from within an async runtime, which would wait for itself.
#[derive(Clone, Debug)]
pub struct BlockingPostgres {
    repository: Postgres,
    runtime: Arc<Runtime>,
}

impl BlockingPostgres {
    /// As [`Postgres::connect`].
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn connect(config: Config, connections: usize) -> Result<Self, StoreError> {
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let runtime = runtime.map_err(StoreError::Runtime)?;
        let repository = runtime.block_on(Postgres::connect(config, connections))?;
        Ok(Self { repository, runtime: Arc::new(runtime) })
    }

    /// The async repository: for what has no twin here, with [`BlockingPostgres::wait`].
    pub const fn repository(&self) -> &Postgres {
        &self.repository
    }

    /// Waits for something that is done with it: `db.wait(db.repository().fsck::<Deal>())`.
    pub fn wait<F: Future>(&self, work: F) -> F::Output {
        self.runtime.block_on(work)
    }
}

impl<M: Storable> blocking::Repository<M> for BlockingPostgres {
    type Error = StoreError;

    fn commit(&self, commit: Commit<'_, M>) -> Result<(), CommitError<StoreError>> {
        self.wait(Repository::commit(&self.repository, commit))
    }

    fn load(&self, id: M::Id) -> Result<Option<M>, StoreError> {
        self.wait(Repository::load(&self.repository, id))
    }

    fn due(&self, now: Time, limit: u32) -> Result<Vec<M::Id>, StoreError> {
        self.wait(Repository::<M>::due(&self.repository, now, limit))
    }

    fn unanswered(&self, before: Time, limit: u32) -> Result<Vec<M::Id>, StoreError> {
        self.wait(Repository::<M>::unanswered(&self.repository, before, limit))
    }
}
