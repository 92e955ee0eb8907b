//! Lists, in pages that come from indexes.

use escrow::port::Aggregate;
use escrow_store::{Filter, Listed, Lists, Page};
use rusqlite::types::Value;
use rusqlite::{Row, params_from_iter};

use crate::{Sqlite, StoreError};

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
            let mut list = db.prepare_cached(&filter.sql('?'))?;
            let rows = list.query_and_then(params_from_iter(arguments), listed)?;
            rows.collect()
        })
    }
}

impl<M: Aggregate> Lists<M> for Sqlite {
    type Error = StoreError;

    async fn list(&self, filter: Filter<'_>, page: &Page) -> Result<Vec<Listed<M::Id>>, StoreError> {
        Sqlite::list::<M>(self, filter, page)
    }
}

fn listed<I: std::str::FromStr>(row: &Row<'_>) -> Result<Listed<I>, StoreError> {
    Ok(Listed::of(row.try_into()?)?)
}

#[cfg(test)]
mod tests {
    use crate::backlog::{FREE_DUE, FREE_UNANSWERED};
    use crate::repository::{DUE, UNANSWERED};
    use escrow_store::Filter;

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
        let lists = filters.iter().map(|filter| filter.sql('?'));
        for sql in lists.chain([DUE, UNANSWERED, FREE_DUE, FREE_UNANSWERED].map(str::to_owned)) {
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
