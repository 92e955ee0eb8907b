//! Lists, in pages that come from indexes.

use std::future::Future;

use escrow::Time;
use escrow::port::Aggregate;

use crate::rows::{Unreadable, parsed, time, version};

/// Which machines, and by what they are sorted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Filter<'a> {
    /// All, the oldest first.
    All,
    /// Those with this status, the one that has had it longest first.
    Status(&'a str),
    /// Those in which this party has a part, the oldest first.
    Party(&'a str),
    /// Those about this order of the host's, the oldest first.
    Order(&'a str),
    /// Those that wait for a deadline, the earliest first.
    Deadline,
    /// Those with an order that has no answer, by when it is tried next.
    Unanswered,
}

/// How much of a list, and from where on.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Page {
    /// Behind this one: [`Listed::place`] of the last one of the page before.
    pub after: Option<(i64, String)>,
    /// At most so many.
    pub limit: u32,
}

impl Page {
    /// The first so many.
    pub const fn first(limit: u32) -> Self {
        Self { after: None, limit }
    }

    /// Those from an instant on, by the time that the list is sorted by.
    pub const fn since(at: Time, limit: u32) -> Self {
        Self { after: Some((at.millis(), String::new())), limit }
    }

    /// The next so many, behind this one.
    #[must_use]
    pub fn after<I>(self, last: &Listed<I>) -> Self {
        Self { after: Some(last.place.clone()), ..self }
    }
}

/// A machine in a list.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Listed<I> {
    /// Its id.
    pub id: I,
    /// Its version.
    pub version: u64,
    /// Its status on the wire.
    pub status: String,
    /// Since when.
    pub status_at: Time,
    /// When it began.
    pub created_at: Time,
    /// The host's own id of what it is about.
    pub order_id: Option<String>,
    /// When it is to be woken.
    pub next_deadline: Option<Time>,
    /// Since when an order has had no answer.
    pub pending_since: Option<Time>,
    /// Where it stands in this list.
    pub place: (i64, String),
}

/// A store that lists machines of a kind.
pub trait Lists<M: Aggregate>: Sync {
    /// What can go wrong with the storage.
    type Error: Send;

    /// A page.
    fn list(
        &self,
        filter: Filter<'_>,
        page: &Page,
    ) -> impl Future<Output = Result<Vec<Listed<M::Id>>, Self::Error>> + Send;
}

impl Filter<'_> {
    /// The table that the list comes from, what it asks for, and the column that it is sorted by.
    const fn parts(&self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::All => ("machines m", "", "m.created_at"),
            Self::Status(_) => ("machines m", "m.status", "m.status_at"),
            Self::Party(_) => {
                ("parties p JOIN machines m ON m.kind = p.kind AND m.id = p.id", "p.party", "p.created_at")
            }
            Self::Order(_) => ("machines m", "m.order_id", "m.created_at"),
            Self::Deadline => ("machines m", "", "m.next_deadline"),
            Self::Unanswered => ("machines m", "", "m.next_try"),
        }
    }

    /// The fifth parameter of [`Filter::sql`], where it has one.
    pub const fn argument(&self) -> Option<&str> {
        match self {
            Self::All | Self::Deadline | Self::Unanswered => None,
            Self::Status(word) | Self::Party(word) | Self::Order(word) => Some(word),
        }
    }

    /// The query: its parameters are the kind, the place (a time and an id), the limit, and [`Filter::argument`]; `sign` is
    /// what the dialect writes before their numbers. Its columns are what [`Listed::of`] takes.
    pub fn sql(&self, sign: char) -> String {
        let (from, asked, by) = self.parts();
        let (source, waits) = match self {
            Self::Party(_) => ("p", String::new()),
            Self::All | Self::Status(_) | Self::Order(_) => ("m", String::new()),
            // the index has those alone that wait
            Self::Deadline | Self::Unanswered => ("m", format!(" AND {by} IS NOT NULL")),
        };
        let asked = if asked.is_empty() { waits } else { format!(" AND {asked} = {sign}5") };
        format!(
            "SELECT m.id, m.version, m.status, m.status_at, m.created_at, m.order_id, m.next_deadline, m.pending_since, {by}
             FROM {from} WHERE {source}.kind = {sign}1{asked} AND ({by}, {source}.id) > ({sign}2, {sign}3)
             ORDER BY {by}, {source}.id LIMIT {sign}4"
        )
    }
}

/// The columns of [`Filter::sql`], in their order.
pub type Columns = (String, i64, String, i64, i64, Option<String>, Option<i64>, Option<i64>, i64);

impl<I: std::str::FromStr> Listed<I> {
    /// From the columns of a row.
    ///
    /// # Errors
    /// [`Unreadable`].
    pub fn of(columns: Columns) -> Result<Self, Unreadable> {
        let (id, at_version, status, status_at, created_at, order_id, next_deadline, pending_since, by) =
            columns;
        Ok(Self {
            id: parsed(&id)?,
            version: version(at_version)?,
            status,
            status_at: time(status_at)?,
            created_at: time(created_at)?,
            order_id,
            next_deadline: next_deadline.map(time).transpose()?,
            pending_since: pending_since.map(time).transpose()?,
            place: (by, id),
        })
    }
}
