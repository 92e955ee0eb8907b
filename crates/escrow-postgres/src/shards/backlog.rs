//! What a host keeps beside its machines, on several databases.

use escrow::Time;
use escrow::port::{Attempt, Backlog, Backlogged, ClientReceipt, Incident, MachineKey, Parcel, Wanted};

use super::{Place, Shards};
use crate::{Postgres, StoreError};

/// A parcel's number says in which database it is: so many there may be.
const MOST: i64 = 1_024;

/// The number of a parcel among those of all databases.
fn outer(number: i64, place: i64) -> i64 {
    number.saturating_mul(MOST).saturating_add(place)
}

/// The number, in this database, behind which all are behind the outer one.
fn inner(after: i64, place: i64) -> i64 {
    let (number, at) = (after.div_euclid(MOST), after.rem_euclid(MOST));
    if place > at { number.saturating_sub(1) } else { number }
}

impl Shards {
    /// Each with its place: good for this handle and its clones.
    fn numbered(&self) -> Vec<(i64, &Postgres)> {
        (0..MOST).zip(self.all()).collect()
    }

    /// The database for a name that is not a machine's.
    fn beside(&self, name: &str) -> Result<&Postgres, StoreError> {
        Ok(match self.place(name)? {
            Place::Settled(database) => database,
            Place::Moving { to, .. } => to,
        })
    }

    async fn of(&self, machine: Option<&MachineKey>) -> Result<&Postgres, StoreError> {
        match machine {
            Some(machine) => self.home(&machine.kind, &machine.id).await,
            None => self.beside(""),
        }
    }
}

impl Backlog for Shards {
    type Error = StoreError;

    async fn lease(
        &self,
        names: Vec<String>,
        holder: &str,
        now: Time,
        until: Time,
    ) -> Result<Vec<String>, StoreError> {
        let mut taken = Vec::new();
        for name in names {
            taken.extend(self.beside(&name)?.lease(vec![name.clone()], holder, now, until).await?);
        }
        Ok(taken)
    }

    async fn release(&self, names: Vec<String>, holder: &str) -> Result<(), StoreError> {
        for database in self.all() {
            database.release(names.clone(), holder).await?;
        }
        Ok(())
    }

    async fn tried(&self, attempts: Vec<Attempt>) -> Result<(), StoreError> {
        for attempt in attempts {
            self.of(Some(&attempt.machine)).await?.tried(vec![attempt.clone()]).await?;
        }
        Ok(())
    }

    async fn attempts(&self, machine: &MachineKey) -> Result<Vec<Attempt>, StoreError> {
        self.of(Some(machine)).await?.attempts(machine).await
    }

    async fn incidents(&self, incidents: Vec<Incident>) -> Result<(), StoreError> {
        for incident in incidents {
            self.of(incident.machine.as_ref()).await?.incidents(vec![incident.clone()]).await?;
        }
        Ok(())
    }

    async fn parcels(&self, after: i64, limit: u32) -> Result<Vec<Parcel>, StoreError> {
        let mut all = Vec::new();
        for (place, database) in self.numbered() {
            for mut parcel in database.parcels(inner(after, place), limit).await? {
                parcel.number = outer(parcel.number, place);
                all.push(parcel);
            }
        }
        all.sort_by_key(|parcel| parcel.number);
        all.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        Ok(all)
    }

    async fn delivered(&self, numbers: Vec<i64>) -> Result<(), StoreError> {
        for (place, database) in self.numbered() {
            let own = numbers.iter().filter(|number| number.rem_euclid(MOST) == place);
            database.delivered(own.map(|number| number.div_euclid(MOST)).collect()).await?;
        }
        Ok(())
    }

    async fn receipt(&self, scope: &str, key: &str) -> Result<Option<ClientReceipt>, StoreError> {
        match self.place(&format!("receipt/{scope}/{key}"))? {
            Place::Settled(database) => database.receipt(scope, key).await,
            Place::Moving { from, to } => match from.receipt(scope, key).await? {
                Some(receipt) => Ok(Some(receipt)),
                None => to.receipt(scope, key).await,
            },
        }
    }

    /// Receipts stay where they are: they are of no use after a while, and are looked for in both places until then.
    async fn keep_receipt(
        &self,
        scope: &str,
        key: &str,
        receipt: ClientReceipt,
    ) -> Result<ClientReceipt, StoreError> {
        match self.place(&format!("receipt/{scope}/{key}"))? {
            Place::Settled(database) => database.keep_receipt(scope, key, receipt).await,
            Place::Moving { from, to } => match from.receipt(scope, key).await? {
                Some(known) => Ok(known),
                None => to.keep_receipt(scope, key, receipt).await,
            },
        }
    }

    async fn backlogged(&self, now: Time) -> Result<Backlogged, StoreError> {
        let mut sum = Backlogged::default();
        for database in self.all() {
            let one = database.backlogged(now).await?;
            sum.due = sum.due.saturating_add(one.due);
            sum.due_lag_ms = sum.due_lag_ms.max(one.due_lag_ms);
            sum.unanswered = sum.unanswered.saturating_add(one.unanswered);
            sum.unanswered_ms = sum.unanswered_ms.max(one.unanswered_ms);
            sum.parcels = sum.parcels.saturating_add(one.parcels);
            sum.parcels_ms = sum.parcels_ms.max(one.parcels_ms);
            sum.incidents = sum.incidents.saturating_add(one.incidents);
        }
        Ok(sum)
    }

    async fn lease_waiting(&self, wanted: Wanted<'_>) -> Result<Option<Vec<String>>, StoreError> {
        let mut all: Vec<String> = Vec::new();
        for database in self.all() {
            let taken = u32::try_from(all.len()).unwrap_or(u32::MAX);
            let limit = wanted.limit.saturating_sub(taken);
            if limit == 0 {
                break;
            }
            let more = database.lease_waiting(Wanted { limit, ..wanted }).await?;
            all.extend(more.unwrap_or_default());
        }
        Ok(Some(all))
    }

    async fn clock(&self) -> Result<Option<Time>, StoreError> {
        self.beside("")?.clock().await
    }
}

#[cfg(test)]
mod tests {
    use super::{inner, outer};

    #[test]
    fn what_is_behind_an_outer_number_is_behind_it_in_every_database() {
        for after in [0, 1, 5, outer(7, 0), outer(7, 1), outer(7, 3)] {
            for place in 0..4 {
                for number in 1..12 {
                    assert_eq!(
                        outer(number, place) > after,
                        number > inner(after, place),
                        "{after} {place} {number}"
                    );
                }
            }
        }
    }
}
