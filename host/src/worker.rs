//! What is done without anybody asking: wakes what is due, asks the bank again, and delivers what machines and receivers are to
//! hear. In this process, or in others on the same storage.

use std::sync::Arc;
use std::time::Duration;

use escrow::Deal;
use escrow::port::{Aggregate, SystemClock};
use escrow_host::{Pass, Worker};
use escrow_market::{Balance, Basket, Project};
use escrow_store::Storable;

use crate::bank::{self, DeskGateway};
use crate::deals::{Deals, DealsError};
use crate::hooks::{self, Outbox};
use crate::{Desk, Failure};

/// How long it rests when there was nothing to do.
const REST: Duration = Duration::from_millis(500);

/// A worker of the desk.
#[derive(Debug)]
pub struct DeskWorker(Worker<Deals, DeskGateway, SystemClock, Outbox>);

impl DeskWorker {
    /// A worker with a name that no other one has.
    pub fn new(desk: Arc<Desk>, name: String) -> Self {
        Self(Worker::builder(desk.host.clone(), name).deliver_to(Outbox(desk)).build())
    }

    /// One pass over everything. Returns whether there was something to do.
    ///
    /// # Errors
    /// The storage failed.
    pub async fn pass(&mut self) -> Result<bool, DealsError> {
        let mut is_busy = false;
        for pass in [
            self.kind::<Deal>().await?,
            self.kind::<Project>().await?,
            self.kind::<Basket>().await?,
            self.kind::<Balance>().await?,
        ] {
            is_busy |= !pass.is_idle() && pass.failed == 0;
        }
        Ok(is_busy)
    }

    async fn kind<M: Aggregate + Storable>(&mut self) -> Result<Pass, DealsError> {
        Box::pin(self.0.pass::<M>()).await
    }

    async fn run(mut self) {
        loop {
            match self.pass().await {
                Ok(true) => continue,
                Ok(false) => {}
                Err(error) => tracing::error!(%error, "the storage failed"),
            }
            tokio::time::sleep(REST).await;
        }
    }
}

/// Does all that, until it is dropped.
pub async fn run(desk: Arc<Desk>) {
    let name = format!("desk-{}", std::process::id());
    let worker = DeskWorker::new(desk.clone(), name).run();
    let hear = again("what the bank tells is not heard yet", || bank::hear(&desk));
    let tell = again("webhooks are not sent yet", || hooks::send_due(&desk));
    tokio::join!(worker, hear, tell);
}

async fn again<F: Future<Output = Result<usize, Failure>>>(problem: &str, work: impl Fn() -> F) {
    loop {
        if let Err(failure) = work().await {
            tracing::warn!(%failure, "{problem}");
        }
        tokio::time::sleep(REST).await;
    }
}
