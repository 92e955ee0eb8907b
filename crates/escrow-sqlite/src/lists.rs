//! Lists, in pages that come from indexes.

use escrow::Time;
use escrow::port::Aggregate;
use rusqlite::types::Value;
use rusqlite::{Row, params_from_iter};

use crate::repository::parsed;
use crate::{Sqlite, StoreError};

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

impl Filter<'_> {
    /// The table that the list comes from, what it asks for, and the column that it is sorted by.
    const fn parts(&self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::All => ("machines m", "", "m.created_at"),
            Self::Status(_) => ("machines m", " AND m.status = ?5", "m.status_at"),
            Self::Party(_) => (
                "parties p JOIN machines m ON m.kind = p.kind AND m.id = p.id",
                " AND p.party = ?5",
                "p.created_at",
            ),
            Self::Order(_) => ("machines m", " AND m.order_id = ?5", "m.created_at"),
            Self::Deadline => ("machines m", " AND m.next_deadline IS NOT NULL", "m.next_deadline"),
            Self::Unanswered => ("machines m", " AND m.next_try IS NOT NULL", "m.next_try"),
        }
    }

    const fn argument(&self) -> Option<&str> {
        match self {
            Self::All | Self::Deadline | Self::Unanswered => None,
            Self::Status(word) | Self::Party(word) | Self::Order(word) => Some(word),
        }
    }

    fn sql(&self) -> String {
        let (from, with, by) = self.parts();
        let source = match self {
            Self::Party(_) => "p",
            Self::All | Self::Status(_) | Self::Order(_) | Self::Deadline | Self::Unanswered => "m",
        };
        format!(
            "SELECT m.id, m.version, m.status, m.status_at, m.created_at, m.order_id, m.next_deadline, m.pending_since, {by}
             FROM {from} WHERE {source}.kind = ?1{with} AND ({by}, {source}.id) > (?2, ?3)
             ORDER BY {by}, {source}.id LIMIT ?4"
        )
    }
}

impl Sqlite {
    /// A page of the machines of a kind.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn list<M: Aggregate>(
        &self,
        filter: Filter<'_>,
        page: &Page,
    ) -> Result<Vec<Listed<M::Id>>, StoreError> {
        let (place, id) = page.after.clone().unwrap_or((i64::MIN, String::new()));
        let mut arguments: Vec<Value> =
            vec![M::KIND.to_owned().into(), place.into(), id.into(), i64::from(page.limit).into()];
        arguments.extend(filter.argument().map(|word| word.to_owned().into()));
        self.read(|db| {
            let mut list = db.prepare_cached(&filter.sql())?;
            let rows = list.query_and_then(params_from_iter(arguments), listed)?;
            rows.collect()
        })
    }
}

fn listed<I: std::str::FromStr>(row: &Row<'_>) -> Result<Listed<I>, StoreError> {
    let id: String = row.get(0)?;
    Ok(Listed {
        id: parsed(&id)?,
        version: u64::try_from(row.get::<_, i64>(1)?)
            .map_err(|_| StoreError::Value(format!("version of {id}")))?,
        status: row.get(2)?,
        status_at: time(row.get(3)?)?,
        created_at: time(row.get(4)?)?,
        order_id: row.get(5)?,
        next_deadline: row.get::<_, Option<i64>>(6)?.map(time).transpose()?,
        pending_since: row.get::<_, Option<i64>>(7)?.map(time).transpose()?,
        place: (row.get(8)?, id),
    })
}

pub(crate) fn time(millis: i64) -> Result<Time, StoreError> {
    Time::from_millis(millis).map_err(|_| StoreError::Value(format!("the time {millis}")))
}

#[cfg(test)]
mod tests {
    use super::Filter;
    use crate::repository::{DUE, UNANSWERED};

    #[test]
    fn every_list_comes_from_an_index() {
        let mut db = rusqlite::Connection::open_in_memory().unwrap();
        crate::schema::migrate(&mut db, usize::MAX).unwrap();
        let filters = [
            Filter::All,
            Filter::Status("x"),
            Filter::Party("x"),
            Filter::Order("x"),
            Filter::Deadline,
            Filter::Unanswered,
        ];
        let lists = filters.iter().map(Filter::sql);
        for sql in lists.chain([DUE, UNANSWERED].map(str::to_owned)) {
            let mut plan = db.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
            let count = plan.parameter_count();
            let arguments = rusqlite::params_from_iter((0..count).map(|_| "1"));
            let steps: Vec<String> =
                plan.query_map(arguments, |row| row.get(3)).unwrap().map(Result::unwrap).collect();
            let plan = steps.join("; ");
            assert!(!plan.contains("SCAN") && !plan.contains("TEMP B-TREE"), "{sql}: {plan}");
        }
    }
}
