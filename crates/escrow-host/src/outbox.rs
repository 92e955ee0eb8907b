//! The outbox is delivered.

use std::collections::BTreeSet;
use std::fmt::Display;

use escrow::port::{Backlog, Clock, Parcel, PaymentGateway};

use crate::figures::count;
use crate::{Delivery, Pass, Worker};

/// How far a pass looks behind parcels that cannot be delivered, in batches.
const MOST_PAGES: u32 = 64;

impl<R, G, C, D> Worker<R, G, C, D>
where
    R: Backlog<Error: Display>,
    G: PaymentGateway<Error: Display>,
    C: Clock + Sync,
    D: Delivery,
{
    /// One worker at a time delivers, in the order of the outbox.
    pub(crate) async fn deliver(&self, pass: &mut Pass) -> Result<(), <R as Backlog>::Error> {
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
                if self.deliver_one(&parcel).await {
                    pass.delivered = pass.delivered.saturating_add(1);
                    delivered.push(parcel.number);
                } else {
                    pass.failed = pass.failed.saturating_add(1);
                    stuck.insert(parcel.machine);
                }
            }
            self.host.repository.delivered(delivered).await?;
            if pass.delivered >= self.batch {
                break;
            }
        }
        self.host.repository.release(vec!["outbox".to_owned()], &self.name).await
    }

    async fn deliver_one(&self, parcel: &Parcel) -> bool {
        match self.delivery.deliver(parcel).await {
            Ok(()) => {
                count(&self.host.counters.delivered);
                true
            }
            Err(error) => {
                count(&self.host.counters.undelivered);
                #[cfg(feature = "tracing")]
                tracing::warn!(worker = self.name, id = parcel.machine.id, %error, "a parcel is not delivered");
                #[cfg(not(feature = "tracing"))]
                let _ = error;
                false
            }
        }
    }
}
