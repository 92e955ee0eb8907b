//! An event sink in memory, with optimistic versions.

use std::collections::BTreeMap;

use thiserror::Error;

use escrow::DealId;
use escrow::Recorded;
use escrow::port::{Commit, CommitError, EventSink, blocking};
use escrow::wire::Envelope;
use escrow::{Deal, DecodeError};

/// How the next commit goes wrong.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
pub enum SinkFault {
    /// The connection is lost before anything is written.
    #[error("lost before the write")]
    Before,
    /// The connection is lost after everything is written.
    #[error("lost after the write")]
    After,
}

/// Journals of any number of deals, in memory.
#[derive(Clone, Debug, Default)]
pub struct MemorySink {
    journals: BTreeMap<DealId, Vec<Envelope>>,
    faults: Vec<SinkFault>,
}

impl MemorySink {
    /// An empty sink.
    pub fn new() -> Self {
        Self::default()
    }

    /// The next commit goes wrong; several faults go wrong in turn.
    pub fn fail_next(&mut self, fault: SinkFault) {
        self.faults.push(fault);
    }

    /// What the journal has of a deal.
    pub fn journal(&self, deal: DealId) -> &[Envelope] {
        self.journals.get(&deal).map_or(&[], Vec::as_slice)
    }

    /// The deal, replayed from its journal: what a host does after a crash.
    ///
    /// # Errors
    /// [`DecodeError::NotAJournal`] where there is no such deal.
    pub fn load(&self, deal: DealId) -> Result<Deal, DecodeError> {
        let journal: Vec<Recorded> =
            self.journal(deal).iter().cloned().map(Envelope::into_recorded).collect();
        Deal::replay(deal, &journal)
    }

    fn write(&mut self, commit: Commit<'_>) -> Result<(), CommitError<SinkFault>> {
        let fault = if self.faults.is_empty() { None } else { Some(self.faults.remove(0)) };
        if fault == Some(SinkFault::Before) {
            return Err(CommitError::Unknown(SinkFault::Before));
        }
        let journal = self.journals.entry(commit.deal_id()).or_default();
        if journal.last().map_or(0, |e| e.version) != commit.expected_version {
            return Err(CommitError::Conflict);
        }
        journal.extend(commit.envelopes());
        match fault {
            Some(fault) => Err(CommitError::Unknown(fault)),
            None => Ok(()),
        }
    }
}

impl EventSink for MemorySink {
    type Error = SinkFault;

    async fn commit(&mut self, commit: Commit<'_>) -> Result<(), CommitError<SinkFault>> {
        self.write(commit)
    }
}

impl blocking::EventSink for MemorySink {
    type Error = SinkFault;

    fn commit(&mut self, commit: Commit<'_>) -> Result<(), CommitError<SinkFault>> {
        self.write(commit)
    }
}
