//! The one thread that writes: everything that waits shares one transaction, and so one `fsync`.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::{Connection, TransactionBehavior};

use crate::StoreError;
use crate::reply::{Reply, Teller, reply};

/// The most jobs that share a transaction.
const MOST: usize = 512;

/// For how long it waits for as many jobs as the last transaction had: those who were answered by it are about to come again,
/// and a transaction of a few of them would make all the others wait for its `fsync`. Whoever writes alone never waits.
const PATIENCE: Duration = Duration::from_millis(1);

/// One caller's part of a transaction.
trait Job: Send {
    /// Does it; again, where the transaction was rolled back.
    fn run(&mut self, db: &Connection) -> Result<(), StoreError>;

    /// The transaction is durable, or it is not known to be.
    fn tell(self: Box<Self>, committed: Result<(), StoreError>);
}

struct Task<T, F> {
    work: F,
    done: Option<T>,
    teller: Teller<T>,
}

impl<T: Send, F: Fn(&Connection) -> Result<T, StoreError> + Send> Job for Task<T, F> {
    fn run(&mut self, db: &Connection) -> Result<(), StoreError> {
        self.done = Some((self.work)(db)?);
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
        work: impl Fn(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Reply<T> {
        let (teller, reply) = reply();
        // where the thread is gone, the job is dropped, and its teller says so
        let _ = self.0.send(Box::new(Task { work, done: None, teller }));
        reply
    }
}

fn write(mut db: Connection, jobs: &Receiver<Box<dyn Job>>) {
    let mut last = 1;
    while let Ok(first) = jobs.recv() {
        let mut group = gather(first, jobs, last);
        last = group.len();
        // an error of one job is rare: then all is done again, and undone for that job alone
        let results = match write_together(&mut db, &mut group) {
            Ok(()) => Vec::new(),
            Err(_) => write_apart(&mut db, &mut group),
        };
        let mut results = results.into_iter();
        for job in group {
            job.tell(results.next().unwrap_or(Ok(())));
        }
    }
}

/// Whatever waits; and a little later, where fewer do than shared the last transaction.
#[expect(clippy::disallowed_methods, reason = "how long is waited is no business of a machine's")]
fn gather(first: Box<dyn Job>, jobs: &Receiver<Box<dyn Job>>, last: usize) -> Vec<Box<dyn Job>> {
    let began = Instant::now();
    let mut group = vec![first];
    loop {
        group.extend(jobs.try_iter().take(MOST.saturating_sub(group.len())));
        let left = PATIENCE.saturating_sub(began.elapsed());
        if group.len() >= last || left.is_zero() {
            return group;
        }
        match jobs.recv_timeout(left) {
            Ok(job) => group.push(job),
            Err(_) => return group,
        }
    }
}

/// All of it or nothing.
fn write_together(db: &mut Connection, group: &mut [Box<dyn Job>]) -> Result<(), StoreError> {
    let transaction = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    group.iter_mut().try_for_each(|job| job.run(&transaction))?;
    Ok(transaction.commit()?)
}

/// Each within a savepoint of its own: what became of each.
fn write_apart(db: &mut Connection, group: &mut [Box<dyn Job>]) -> Vec<Result<(), StoreError>> {
    let mut results = Vec::with_capacity(group.len());
    let committed = write_each(db, group, &mut results);
    // a job that was not reached shares the fate of the transaction
    results.resize_with(group.len(), || Ok(()));
    results.into_iter().map(|own: Result<(), _>| own.and_then(|()| committed.clone())).collect()
}

fn write_each(
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
