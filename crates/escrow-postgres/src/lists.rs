//! Lists, in pages that come from indexes.

use escrow::port::Aggregate;
use escrow_store::{Columns, Filter, Listed, Lists, Page};
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use crate::{Postgres, StoreError};

impl Postgres {
    /// A page of the machines of a kind.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn list<M: Aggregate>(
        &self,
        filter: Filter<'_>,
        page: &Page,
    ) -> Result<Vec<Listed<M::Id>>, StoreError> {
        let (place, id) = page.after.clone().unwrap_or((i64::MIN, String::new()));
        let (limit, argument) = (i64::from(page.limit), filter.argument());
        let mut arguments: Vec<&(dyn ToSql + Sync)> = vec![&M::KIND, &place, &id, &limit];
        if let Some(argument) = &argument {
            arguments.push(argument);
        }
        let client = self.client().await?;
        let statement = client.prepare_cached(&filter.sql('$')).await?;
        let rows = client.query(&statement, &arguments).await?;
        rows.iter().map(|row| Ok(Listed::of(columns(row)?)?)).collect()
    }
}

impl<M: Aggregate> Lists<M> for Postgres {
    type Error = StoreError;

    async fn list(&self, filter: Filter<'_>, page: &Page) -> Result<Vec<Listed<M::Id>>, StoreError> {
        Postgres::list::<M>(self, filter, page).await
    }
}

fn columns(row: &Row) -> Result<Columns, tokio_postgres::Error> {
    Ok((
        row.try_get(0)?,
        row.try_get(1)?,
        row.try_get(2)?,
        row.try_get(3)?,
        row.try_get(4)?,
        row.try_get(5)?,
        row.try_get(6)?,
        row.try_get(7)?,
        row.try_get(8)?,
    ))
}
