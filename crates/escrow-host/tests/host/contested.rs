//! A file on which something happens at the moment when a batch is to be committed.

use std::sync::{Arc, Mutex};

use escrow::deal::command::Cancel;
use escrow::port::{
    Attempt, Backlog, Backlogged, ClientReceipt, Commit, Incident, MachineKey, Parcel, Repository, Wanted,
    Written,
};
use escrow::{Context, Deal, DealId, Time};
use escrow_sqlite::{Sqlite, StoreError};

/// What happens, once.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Trouble {
    /// The seller cancels this deal just before.
    Faster(DealId),
    /// The process is gone: it never comes back.
    Gone,
    /// All is written, and nobody is told.
    Lost,
    /// Nothing is written.
    Refused,
}

#[derive(Clone)]
pub struct Contested {
    pub db: Sqlite,
    pub trouble: Arc<Mutex<Option<Trouble>>>,
}

type Result<T> = std::result::Result<T, StoreError>;
type Each<T> = Result<Vec<T>>;

impl Repository<Deal> for Contested {
    type Error = StoreError;

    async fn commit(&self, commit: Commit<'_>) -> Written<StoreError> {
        Repository::commit(&self.db, commit).await
    }

    async fn load(&self, id: DealId) -> Result<Option<Deal>> {
        Repository::load(&self.db, id).await
    }

    async fn due(&self, now: Time, limit: u32) -> Result<Vec<DealId>> {
        Repository::<Deal>::due(&self.db, now, limit).await
    }

    async fn unanswered(&self, before: Time, limit: u32) -> Result<Vec<DealId>> {
        Repository::<Deal>::unanswered(&self.db, before, limit).await
    }

    async fn load_all(&self, ids: &[DealId]) -> Each<Result<Option<Deal>>> {
        self.db.load_all(ids).await
    }

    async fn commit_all(&self, commits: &[Commit<'_>]) -> Each<Written<StoreError>> {
        let trouble = self.trouble.lock().unwrap().take();
        match trouble {
            None => {}
            Some(Trouble::Faster(id)) => {
                let before: Deal = Repository::load(&self.db, id).await?.unwrap();
                let mut after = before.clone();
                let context = Context::party(before.last_at(), "shop".parse().unwrap());
                let events = after.handle(&Cancel::default().into(), &context).unwrap().into_events();
                let commit = Commit::new(Some(&before), &events, &after, context.now);
                Repository::commit(&self.db, commit).await.unwrap();
            }
            Some(Trouble::Gone) => std::future::pending().await,
            Some(Trouble::Lost) => {
                self.db.commit_all(commits).await?;
                return Err(StoreError::Closed);
            }
            Some(Trouble::Refused) => return Err(StoreError::Closed),
        }
        self.db.commit_all(commits).await
    }
}

impl Backlog for Contested {
    type Error = StoreError;

    async fn lease(&self, names: Vec<String>, holder: &str, now: Time, until: Time) -> Result<Vec<String>> {
        self.db.lease(names, holder, now, until).await
    }

    async fn release(&self, names: Vec<String>, holder: &str) -> Result<()> {
        self.db.release(names, holder).await
    }

    async fn tried(&self, attempts: Vec<Attempt>) -> Result<()> {
        self.db.tried(attempts).await
    }

    async fn attempts(&self, machine: &MachineKey) -> Result<Vec<Attempt>> {
        self.db.attempts(machine).await
    }

    async fn incidents(&self, incidents: Vec<Incident>) -> Result<()> {
        self.db.incidents(incidents).await
    }

    async fn parcels(&self, after: i64, limit: u32) -> Result<Vec<Parcel>> {
        self.db.parcels(after, limit).await
    }

    async fn delivered(&self, numbers: Vec<i64>) -> Result<()> {
        self.db.delivered(numbers).await
    }

    async fn receipt(&self, scope: &str, key: &str) -> Result<Option<ClientReceipt>> {
        self.db.receipt(scope, key).await
    }

    async fn keep_receipt(&self, scope: &str, key: &str, receipt: ClientReceipt) -> Result<ClientReceipt> {
        self.db.keep_receipt(scope, key, receipt).await
    }

    async fn backlogged(&self, now: Time) -> Result<Backlogged> {
        self.db.backlogged(now).await
    }

    async fn lease_waiting(&self, wanted: Wanted<'_>) -> Result<Option<Vec<String>>> {
        self.db.lease_waiting(wanted).await
    }
}
