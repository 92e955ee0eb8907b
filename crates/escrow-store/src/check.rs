//! The journal is the truth: what is stored beside it is compared with what it leads to.

use crate::rows::{MachineRow, Storable, Unreadable, number, parsed};
use escrow::Time;
use escrow::machine::Recorded;

/// A machine whose stored rows are not what its journal leads to.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Finding {
    /// Its id, as it is written.
    pub id: String,
    /// What is wrong.
    pub what: String,
}

impl Finding {
    /// Something that is wrong with a machine.
    pub fn new(id: impl Into<String>, what: impl Into<String>) -> Self {
        Self { id: id.into(), what: what.into() }
    }
}

/// A row of the journal: the version, and the event as JSON.
pub type JournalRow = (i64, String);

/// A machine's row as it is stored, and the parties that lists find it by.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StoredRow {
    /// Its version.
    pub version: i64,
    /// Its state as JSON.
    pub state: String,
    /// Its status on the wire.
    pub status: String,
    /// Since when, in milliseconds since 1970, as every time here.
    pub status_at: i64,
    /// When it began.
    pub created_at: i64,
    /// The host's own id of what it is about.
    pub order_id: Option<String>,
    /// When it is to be woken.
    pub next_deadline: Option<i64>,
    /// Since when an order has had no answer.
    pub pending_since: Option<i64>,
    /// When that is asked about next.
    pub next_try: Option<i64>,
    /// Each with the creation time that its row has.
    pub parties: Vec<(String, i64)>,
}

/// The row that a journal leads to.
///
/// # Errors
/// [`Unreadable`]: it leads to no machine.
pub fn replay<M: Storable>(id: &str, journal: &[JournalRow]) -> Result<MachineRow, Unreadable> {
    let event = |(version, json): &JournalRow| {
        let what = || format!("event {version} of {} {id}", M::KIND);
        serde_json::from_str::<Recorded<M::Event>>(json).map_err(|e| Unreadable::json(what(), e))
    };
    let events = journal.iter().map(event).collect::<Result<Vec<_>, _>>()?;
    let decode = |error| Unreadable::Decode { what: format!("{} {id}", M::KIND), error };
    let machine = M::replay_journal(parsed(id)?, &events).map_err(decode)?;
    machine.audit().map_err(decode)?;
    MachineRow::of(&machine)
}

/// Replays a journal and compares: its versions have no gap, and the state, the columns of the lists and the parties are what
/// it leads to. `None`: all of it agrees.
pub fn judge<M: Storable>(id: &str, journal: &[JournalRow], stored: Option<&StoredRow>) -> Option<Finding> {
    wrong::<M>(id, journal, stored).map(|what| Finding::new(id, what))
}

fn wrong<M: Storable>(id: &str, journal: &[JournalRow], stored: Option<&StoredRow>) -> Option<String> {
    let count = number(u64::try_from(journal.len()).unwrap_or(u64::MAX));
    let last = journal.last().map_or(0, |(version, _)| *version);
    if last != count || (1..).zip(journal).any(|(expected, (version, _))| *version != expected) {
        return Some(format!("{count} events are there, and the last one has number {last}"));
    }
    let row = match replay::<M>(id, journal) {
        Ok(row) => row,
        Err(unreadable) => return Some(unreadable.to_string()),
    };
    if row.version != count {
        return Some(format!("{count} events lead to version {}", row.version));
    }
    let Some(stored) = stored else {
        return Some("it has a journal, and no state".to_owned());
    };
    if row.state != stored.state {
        return Some("its state is not what its journal leads to".to_owned());
    }
    if !same_columns(&row, stored) {
        return Some("the columns of the lists are not what its journal leads to".to_owned());
    }
    // whoever had a part once is still found: a party is never taken out
    let created_at = row.listing.created_at.millis();
    let known = |party: &str| stored.parties.iter().any(|(name, at)| name == party && *at == created_at);
    let missing = row.listing.parties.iter().find(|party| !known(party.as_str()));
    missing.map(|party| format!("lists do not find it by its party {party}"))
}

fn same_columns(row: &MachineRow, stored: &StoredRow) -> bool {
    let MachineRow { kind: _, id: _, version, state: _, listing: l } = row;
    *version == stored.version
        && l.status == stored.status
        && l.status_at.millis() == stored.status_at
        && l.created_at.millis() == stored.created_at
        && l.order_id == stored.order_id
        && l.next_deadline.map(Time::millis) == stored.next_deadline
        && l.pending_since.map(Time::millis) == stored.pending_since
        // when it is tried next follows from tries, which no journal has
        && stored.next_try.is_some() == stored.pending_since.is_some()
}
