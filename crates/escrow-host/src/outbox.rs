//! The outbox is delivered, or given up.

use std::collections::BTreeSet;
use std::fmt::Display;

use escrow::Time;
use escrow::port::{Backlog, Clock, Incident, Parcel, PaymentGateway};

use crate::figures::count;
use crate::{Delivery, Pass, Worker};

/// How far a pass looks behind parcels that cannot be delivered, in batches.
const MOST_PAGES: u32 = 64;
/// How often a parcel is tried before somebody hears of it, by the waits of the [`Backoff`](crate::Backoff): with the default
/// ones, for a day and a half. What is tried in between does not count.
const MOST_TRIES: u32 = 45;

/// The parcel with which a machine is stuck. Each worker counts since it began.
#[derive(Debug)]
pub(crate) struct Stuck {
    number: i64,
    tries: u32,
    next_at: Time,
}

/// What became of a parcel.
enum Tried {
    Delivered,
    GivenUp,
    Stuck,
}

impl<R, G, C, D> Worker<R, G, C, D>
where
    R: Backlog<Error: Display>,
    G: PaymentGateway<Error: Display>,
    C: Clock + Sync,
    D: Delivery,
{
    /// One worker at a time delivers, in the order of the outbox.
    pub(crate) async fn deliver(&mut self, pass: &mut Pass) -> Result<(), <R as Backlog>::Error> {
        // whether there is anything to take a lease for
        if self.host.repository.parcels(0, 1).await?.is_empty()
            || self.lease(vec!["outbox".to_owned()]).await?.is_empty()
        {
            return Ok(());
        }
        let mut stuck = BTreeSet::new();
        let mut last = 0;
        // behind those of a machine that is stuck there are others'
        for _ in 0..MOST_PAGES {
            let parcels = self.host.repository.parcels(last, self.batch).await?;
            let Some(end) = parcels.last() else { break };
            last = end.number;
            let mut delivered = Vec::new();
            for parcel in parcels {
                if stuck.contains(&parcel.machine) {
                    continue;
                }
                match self.deliver_one(&parcel).await? {
                    Tried::Delivered => {
                        pass.delivered = pass.delivered.saturating_add(1);
                        delivered.push(parcel.number);
                    }
                    Tried::GivenUp => {
                        pass.failed = pass.failed.saturating_add(1);
                        delivered.push(parcel.number);
                    }
                    Tried::Stuck => {
                        pass.failed = pass.failed.saturating_add(1);
                        stuck.insert(parcel.machine);
                    }
                }
            }
            self.host.repository.delivered(delivered).await?;
            if pass.delivered >= self.batch {
                break;
            }
        }
        self.host.repository.release(vec!["outbox".to_owned()], &self.name).await
    }

    async fn deliver_one(&mut self, parcel: &Parcel) -> Result<Tried, <R as Backlog>::Error> {
        let told = self.delivery.deliver(parcel).await;
        match told.map_err(|error| (D::is_refused(&error), error.to_string())) {
            Ok(()) => {
                count(&self.host.counters.delivered);
                self.stuck.remove(&parcel.machine);
                Ok(Tried::Delivered)
            }
            Err((is_refused, why)) => {
                count(&self.host.counters.undelivered);
                #[cfg(feature = "tracing")]
                tracing::warn!(worker = self.name, id = parcel.machine.id, why, "a parcel is not delivered");
                self.not_delivered(parcel, is_refused, &why).await
            }
        }
    }

    /// Counts the try. The last one that is usual is an incident, and ends it for what the receiver refuses.
    async fn not_delivered(
        &mut self,
        parcel: &Parcel,
        is_refused: bool,
        why: &str,
    ) -> Result<Tried, <R as Backlog>::Error> {
        let now = self.host.clock.now();
        let known = self.stuck.get(&parcel.machine).filter(|stuck| stuck.number == parcel.number);
        let tries = match known {
            Some(stuck) if now < stuck.next_at => return Ok(Tried::Stuck),
            Some(stuck) => stuck.tries.saturating_add(1),
            None => 1,
        };
        let name = format!("{}/{}", parcel.machine.kind, parcel.machine.id);
        let next_at = self.host.backoff.after(&name, tries, now);
        if tries == MOST_TRIES || tries > MOST_TRIES && is_refused {
            let what = if is_refused { "parcel-given-up" } else { "undelivered" };
            let (from, to) = (parcel.from_version, parcel.to_version);
            let detail = format!("versions {from} to {to} are not told after {tries} tries: {why}");
            let machine = Some(parcel.machine.clone());
            let incident = Incident { at: now, machine, what: what.to_owned(), detail };
            self.host.repository.incidents(vec![incident]).await?;
            if is_refused {
                self.stuck.remove(&parcel.machine);
                return Ok(Tried::GivenUp);
            }
        }
        self.stuck.insert(parcel.machine.clone(), Stuck { number: parcel.number, tries, next_at });
        Ok(Tried::Stuck)
    }
}
