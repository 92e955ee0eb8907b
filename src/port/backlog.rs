//! What a host keeps beside its machines, so that any number of processes share one storage.

use std::future::Future;

use crate::Time;
use crate::deposit::TxId;

/// Which machine: its kind, and its id as it is written.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct MachineKey {
    /// [`Aggregate::KIND`](super::Aggregate::KIND).
    pub kind: String,
    /// The id.
    pub id: String,
}

impl MachineKey {
    /// The machine of this kind with this id.
    pub fn new(kind: impl Into<String>, id: impl std::fmt::Display) -> Self {
        Self { kind: kind.into(), id: id.to_string() }
    }
}

/// What is known of the tries of an order that has no answer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Attempt {
    /// Whose order.
    pub machine: MachineKey,
    /// Which one.
    pub order: TxId,
    /// When it was sent first.
    pub first_at: Time,
    /// How often it was sent.
    pub tries: u32,
    /// When it is to be asked about again.
    pub next_at: Time,
    /// What went wrong the last time.
    pub error: String,
}

/// Something that a person has to look into: a fact that was refused, or a command whose fate is not known.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Incident {
    /// When.
    pub at: Time,
    /// With which machine, if with one.
    pub machine: Option<MachineKey>,
    /// A short word for its kind.
    pub what: String,
    /// The rest, for a person to read.
    pub detail: String,
}

/// What was committed of one machine and is to be told to others.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Parcel {
    /// Its place in the outbox: of one machine, a later commit has a greater one.
    pub number: i64,
    /// Of which machine.
    pub machine: MachineKey,
    /// The version before.
    pub from_version: u64,
    /// The version after: the journal has every event in between.
    pub to_version: u64,
    /// When it was committed.
    pub at: Time,
}

/// What a client was answered under its key, so that the same request gets the same answer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ClientReceipt {
    /// A hash of the request, or the request itself: the same key with another one is a mistake of the client's.
    pub request: String,
    /// The answer.
    pub answer: String,
    /// When it was given.
    pub at: Time,
}

/// How much waits, and for how long: what an operator looks at.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Backlogged {
    /// Machines that should have been woken.
    pub due: u64,
    /// For how long the first of them has waited, in milliseconds.
    pub due_lag_ms: u64,
    /// Machines with an order that has no answer.
    pub unanswered: u64,
    /// How old the oldest such order is, in milliseconds.
    pub unanswered_ms: u64,
    /// Parcels that are not delivered.
    pub parcels: u64,
    /// How old the oldest of them is, in milliseconds.
    pub parcels_ms: u64,
    /// Incidents that nobody has closed.
    pub incidents: u64,
}

/// What a [`Tally`] counts, and what it is labelled by.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Tallied {
    /// Machines that should have been woken, by their kind.
    Due,
    /// Machines with an order that has no answer, by their kind.
    Unanswered,
    /// The same, by for how many seconds at least that order has waited: those of a day are among those of an hour.
    UnansweredFor,
    /// Tries of orders that have no answer, by the kind of their machines.
    Attempts,
    /// Parcels that are not delivered, by the kind of their machines.
    Parcels,
    /// Incidents that nobody has closed, by what they are.
    Incidents,
}

/// How much of something waits, and for how long the oldest has.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Tally {
    /// What is counted.
    pub what: Tallied,
    /// The kind, or the age.
    pub label: String,
    /// How many.
    pub count: u64,
    /// How old the oldest is, in milliseconds.
    pub oldest_ms: u64,
}

/// What a machine waits for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Wait {
    /// To be woken at its deadline.
    Deadline,
    /// For the answer to an order.
    Answer,
}

/// Which machines a worker wants to work on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Wanted<'a> {
    /// Of which kind.
    pub kind: &'a str,
    /// What they wait for.
    pub wait: Wait,
    /// Those whose deadline or next try is not later than this.
    pub before: Time,
    /// At most so many.
    pub limit: u32,
    /// Who asks.
    pub holder: &'a str,
    /// The time now: what was leased until then is free.
    pub now: Time,
    /// Until when they are leased.
    pub until: Time,
}

/// What a host keeps beside its machines, in the same storage: who works on what, what was tried, what is to be told, and
/// what clients were answered.
pub trait Backlog: Sync {
    /// What can go wrong with the storage.
    type Error: Send;

    /// Takes, or keeps, those of the leases that nobody else has at `now`, until `until`: returns their names. A holder
    /// whose lease has run out may lose it to anybody.
    fn lease(
        &self,
        names: Vec<String>,
        holder: &str,
        now: Time,
        until: Time,
    ) -> impl Future<Output = Result<Vec<String>, Self::Error>> + Send;

    /// Gives leases back, as far as the holder has them.
    fn release(
        &self,
        names: Vec<String>,
        holder: &str,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send;

    /// Notes tries that have failed; the machine is unanswered again at the earliest `next_at` of its orders.
    fn tried(&self, attempts: Vec<Attempt>) -> impl Future<Output = Result<(), Self::Error>> + Send;

    /// What is known of the open orders of a machine.
    fn attempts(
        &self,
        machine: &MachineKey,
    ) -> impl Future<Output = Result<Vec<Attempt>, Self::Error>> + Send;

    /// Notes incidents. The same one of the same machine is noted once for as long as it is open.
    fn incidents(&self, incidents: Vec<Incident>) -> impl Future<Output = Result<(), Self::Error>> + Send;

    /// The oldest parcels that are not delivered, behind a number; the first ones are behind 0.
    fn parcels(
        &self,
        after: i64,
        limit: u32,
    ) -> impl Future<Output = Result<Vec<Parcel>, Self::Error>> + Send;

    /// These are.
    fn delivered(&self, numbers: Vec<i64>) -> impl Future<Output = Result<(), Self::Error>> + Send;

    /// What was answered under a client's key; `scope` is whose key it is.
    fn receipt(
        &self,
        scope: &str,
        key: &str,
    ) -> impl Future<Output = Result<Option<ClientReceipt>, Self::Error>> + Send;

    /// Keeps an answer, unless there is one already: returns the one that counts.
    fn keep_receipt(
        &self,
        scope: &str,
        key: &str,
        receipt: ClientReceipt,
    ) -> impl Future<Output = Result<ClientReceipt, Self::Error>> + Send;

    /// How much waits.
    fn backlogged(&self, now: Time) -> impl Future<Output = Result<Backlogged, Self::Error>> + Send;

    /// How much waits by kind and by age, for whoever watches. Nothing, where the storage does not say.
    fn tallied(&self, now: Time) -> impl Future<Output = Result<Vec<Tally>, Self::Error>> + Send {
        let _ = now;
        std::future::ready(Ok(Vec::new()))
    }

    /// Takes leases, named by the kind, a slash and the id, on those machines that wait the longest and that nobody has leased,
    /// whoever asks: returns their ids as they are written, the one that waits longest first. Several workers that ask at once
    /// get different ones. `None`: this storage cannot, and machines are listed and leased in two steps.
    fn lease_waiting(
        &self,
        wanted: Wanted<'_>,
    ) -> impl Future<Output = Result<Option<Vec<String>>, Self::Error>> + Send {
        let _ = wanted;
        std::future::ready(Ok(None))
    }

    /// What time it is by the storage's own clock, against which a host's is held. `None`: it has none.
    fn clock(&self) -> impl Future<Output = Result<Option<Time>, Self::Error>> + Send {
        std::future::ready(Ok(None))
    }
}
