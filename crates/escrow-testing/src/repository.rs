//! A repository in memory.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::sync::Mutex;

use super::{SinkFault, lock};
use escrow::machine::{Machine, Recorded};
use escrow::port::{self, Aggregate, Commit, CommitError, blocking};
use escrow::{Deal, Time};

/// Machines of one kind with their journals, in memory: for the async and the blocking agent.
pub struct MemoryRepository<M: Aggregate = Deal> {
    stored: Mutex<Stored<M>>,
}

type Journal<M> = Vec<Recorded<<M as Machine>::Event>>;

struct Stored<M: Aggregate> {
    machines: BTreeMap<M::Id, (M, Journal<M>)>,
    faults: VecDeque<Option<SinkFault>>,
}

impl<M: Aggregate> Default for MemoryRepository<M> {
    fn default() -> Self {
        Self { stored: Mutex::new(Stored { machines: BTreeMap::new(), faults: VecDeque::new() }) }
    }
}

impl<M: Aggregate> fmt::Debug for MemoryRepository<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of kind {}", lock(&self.stored).machines.len(), M::KIND)
    }
}

impl<M: Aggregate> MemoryRepository<M> {
    /// An empty repository.
    pub fn new() -> Self {
        Self::default()
    }

    /// The next commit goes wrong; several faults go wrong in turn.
    pub fn fail_next(&self, fault: SinkFault) {
        lock(&self.stored).faults.push_back(Some(fault));
    }

    /// A commit goes through, before the faults that are told next.
    pub fn pass_next(&self) {
        lock(&self.stored).faults.push_back(None);
    }

    /// What the journal has of a machine, oldest first.
    pub fn journal(&self, id: M::Id) -> Vec<Recorded<M::Event>> {
        lock(&self.stored).machines.get(&id).map(|(_, journal)| journal.clone()).unwrap_or_default()
    }

    fn write(&self, commit: Commit<'_, M>) -> Result<(), CommitError<SinkFault>> {
        let mut stored = lock(&self.stored);
        let fault = stored.faults.pop_front().flatten();
        if fault == Some(SinkFault::Before) {
            return Err(CommitError::Unknown(SinkFault::Before));
        }
        let id = commit.after.id();
        let version = stored.machines.get(&id).map_or(0, |(machine, _)| machine.version());
        if version != commit.expected_version {
            return Err(CommitError::Conflict);
        }
        let (machine, journal) =
            stored.machines.entry(id).or_insert_with(|| (commit.after.clone(), Vec::new()));
        *machine = commit.after.clone();
        journal.extend_from_slice(commit.events);
        fault.map_or(Ok(()), |fault| Err(CommitError::Unknown(fault)))
    }

    fn read(&self, id: M::Id) -> Option<M> {
        lock(&self.stored).machines.get(&id).map(|(machine, _)| machine.clone())
    }

    fn waiting(&self, limit: u32, since: impl Fn(&M) -> Option<Time>) -> Vec<M::Id> {
        let stored = lock(&self.stored);
        let mut found: Vec<_> =
            stored.machines.iter().filter_map(|(id, (machine, _))| Some((since(machine)?, *id))).collect();
        found.sort();
        found.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        found.into_iter().map(|(_, id)| id).collect()
    }

    fn due_by(&self, now: Time, limit: u32) -> Vec<M::Id> {
        self.waiting(limit, |machine| machine.next_deadline().filter(|due| *due <= now))
    }

    fn unanswered_by(&self, before: Time, limit: u32) -> Vec<M::Id> {
        self.waiting(limit, |machine| machine.listing().pending_since.filter(|since| *since <= before))
    }
}

impl<M: Aggregate> port::Repository<M> for MemoryRepository<M> {
    type Error = SinkFault;

    async fn commit(&self, commit: Commit<'_, M>) -> Result<(), CommitError<SinkFault>> {
        self.write(commit)
    }

    async fn load(&self, id: M::Id) -> Result<Option<M>, SinkFault> {
        Ok(self.read(id))
    }

    async fn due(&self, now: Time, limit: u32) -> Result<Vec<M::Id>, SinkFault> {
        Ok(self.due_by(now, limit))
    }

    async fn unanswered(&self, before: Time, limit: u32) -> Result<Vec<M::Id>, SinkFault> {
        Ok(self.unanswered_by(before, limit))
    }
}

impl<M: Aggregate> blocking::Repository<M> for MemoryRepository<M> {
    type Error = SinkFault;

    fn commit(&self, commit: Commit<'_, M>) -> Result<(), CommitError<SinkFault>> {
        self.write(commit)
    }

    fn load(&self, id: M::Id) -> Result<Option<M>, SinkFault> {
        Ok(self.read(id))
    }

    fn due(&self, now: Time, limit: u32) -> Result<Vec<M::Id>, SinkFault> {
        Ok(self.due_by(now, limit))
    }

    fn unanswered(&self, before: Time, limit: u32) -> Result<Vec<M::Id>, SinkFault> {
        Ok(self.unanswered_by(before, limit))
    }
}
