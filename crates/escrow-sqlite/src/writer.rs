//! The one thread that writes: everything that waits shares one transaction, and so one `fsync`.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use rusqlite::{Connection, TransactionBehavior};

use crate::StoreError;
use crate::reply::{Reply, Teller, reply};

/// The most jobs that share a transaction.
const MOST: usize = 512;

/// One caller's part of a transaction.
trait Job: Send {
    /// Does it, within a savepoint: an error undoes this job alone.
    fn run(&mut self, db: &Connection) -> Result<(), StoreError>;

    /// The transaction is durable, or it is not known to be.
    fn tell(self: Box<Self>, committed: Result<(), StoreError>);
}

struct Task<T, F> {
    work: Option<F>,
    done: Option<T>,
    teller: Teller<T>,
}

impl<T: Send, F: FnOnce(&Connection) -> Result<T, StoreError> + Send> Job for Task<T, F> {
    fn run(&mut self, db: &Connection) -> Result<(), StoreError> {
        if let Some(work) = self.work.take() {
            self.done = Some(work(db)?);
        }
        Ok(())
    }

    fn tell(self: Box<Self>, committed: Result<(), StoreError>) {
        let Self { work: _, done, teller } = *self;
        teller.tell(committed.and_then(|()| done.ok_or(StoreError::Closed)));
    }
}

/// The way to the thread. The thread ends when the last of these is gone and everything is written.
#[derive(Clone)]
pub(crate) struct Writer(Sender<Box<dyn Job>>);

impl Writer {
    pub(crate) fn start(db: Connection) -> Result<Self, StoreError> {
        let (sender, jobs) = channel();
        let thread = thread::Builder::new().name("escrow-sqlite".to_owned());
        thread.spawn(move || write(db, &jobs)).map_err(|_| StoreError::Closed)?;
        Ok(Self(sender))
    }

    pub(crate) fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Reply<T> {
        let (teller, reply) = reply();
        // where the thread is gone, the job is dropped, and its teller says so
        let _ = self.0.send(Box::new(Task { work: Some(work), done: None, teller }));
        reply
    }
}

fn write(mut db: Connection, jobs: &Receiver<Box<dyn Job>>) {
    while let Ok(first) = jobs.recv() {
        let mut group = vec![first];
        group.extend(jobs.try_iter().take(MOST));
        let mut results = Vec::with_capacity(group.len());
        let committed = write_group(&mut db, &mut group, &mut results);
        let mut results = results.into_iter();
        for job in group {
            // a job that was not reached shares the fate of the transaction
            let own = results.next().unwrap_or(Ok(()));
            job.tell(own.and_then(|()| committed.clone()));
        }
    }
}

fn write_group(
    db: &mut Connection,
    group: &mut [Box<dyn Job>],
    results: &mut Vec<Result<(), StoreError>>,
) -> Result<(), StoreError> {
    let mut transaction = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    for job in group {
        let savepoint = transaction.savepoint()?;
        let result = job.run(&savepoint);
        match &result {
            Ok(()) => savepoint.commit()?,
            // dropped, it is rolled back; where that cannot be, the next one cannot be set either
            Err(_) => drop(savepoint),
        }
        results.push(result);
    }
    transaction.commit()?;
    Ok(())
}
