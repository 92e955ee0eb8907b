//! The worker: wakes, asks again, delivers.

use std::collections::BTreeSet;
use std::fmt::Display;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use escrow::port::{Aggregate, Backlog, Clock, Parcel, PaymentGateway, Repository};
use escrow::{Actor, Time};
use tokio::time::{Instant, sleep};

use crate::figures::count;
use crate::{Delivery, Host};

/// How far a pass looks behind parcels that cannot be delivered, in batches.
const MOST_PAGES: u32 = 64;

/// What a worker has done in one pass.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub struct Pass {
    /// Machines that were woken.
    pub woken: u32,
    /// Machines whose orders were asked about again.
    pub asked: u32,
    /// Parcels that were delivered.
    pub delivered: u32,
    /// Machines and parcels with which it went wrong; each is tried again.
    pub failed: u32,
    /// Whether nothing was woken, since the clock has jumped: see [`WorkerBuilder::clock_bound`].
    pub clock_jumped: bool,
}

impl Pass {
    /// Whether there was nothing to do.
    pub const fn is_idle(&self) -> bool {
        self.woken == 0 && self.asked == 0 && self.delivered == 0
    }
}

/// One of any number of workers on one storage. Each machine is worked on by one of them at a time, by a lease; whoever dies
/// leaves leases that run out.
#[derive(Debug)]
pub struct Worker<R, G, C, D = ()> {
    host: Arc<Host<R, G, C>>,
    delivery: D,
    name: String,
    batch: u32,
    grace: Duration,
    lease: Duration,
    idle: Duration,
    clock_bound: Option<Duration>,
    /// The clock and the monotonic time when the clock was last believed.
    believed: Option<(Time, Instant)>,
}

/// Builds a [`Worker`].
#[derive(Debug)]
pub struct WorkerBuilder<R, G, C, D = ()>(Worker<R, G, C, D>);

impl<R, G, C> Worker<R, G, C> {
    /// A worker with a name that no other one has: of the machine and the process, say.
    pub fn builder(host: Arc<Host<R, G, C>>, name: impl Into<String>) -> WorkerBuilder<R, G, C> {
        WorkerBuilder(Worker {
            host,
            delivery: (),
            name: name.into(),
            batch: 64,
            grace: Duration::from_secs(10),
            lease: Duration::from_secs(30),
            idle: Duration::from_millis(500),
            clock_bound: Some(Duration::from_secs(600)),
            believed: None,
        })
    }
}

impl<R, G, C, D> WorkerBuilder<R, G, C, D> {
    /// Who is told what was committed. Without this, parcels are dropped.
    pub fn deliver_to<E>(self, delivery: E) -> WorkerBuilder<R, G, C, E> {
        let Worker { host, delivery: _, name, batch, grace, lease, idle, clock_bound, believed } = self.0;
        WorkerBuilder(Worker { host, delivery, name, batch, grace, lease, idle, clock_bound, believed })
    }

    /// How many machines and parcels it takes at a time; 64.
    #[must_use]
    pub const fn batch(mut self, batch: u32) -> Self {
        self.0.batch = batch;
        self
    }

    /// For how long an order is left to whoever has made it; 10 s.
    #[must_use]
    pub const fn grace(mut self, grace: Duration) -> Self {
        self.0.grace = grace;
        self
    }

    /// How long a lease holds; 30 s. Longer than the gateway ever takes.
    #[must_use]
    pub const fn lease(mut self, lease: Duration) -> Self {
        self.0.lease = lease;
        self
    }

    /// How long it sleeps when there was nothing to do; half a second.
    #[must_use]
    pub const fn idle(mut self, idle: Duration) -> Self {
        self.0.idle = idle;
        self
    }

    /// How much further than the time that has really passed the clock may go between two passes; 10 minutes. Beyond that
    /// nothing is woken, since a deadline that fired by a wrong clock is irrevocable: [`Worker::believe_clock`] goes on.
    /// `None`: any clock is believed.
    #[must_use]
    pub const fn clock_bound(mut self, bound: Option<Duration>) -> Self {
        self.0.clock_bound = bound;
        self
    }

    /// The worker.
    pub fn build(self) -> Worker<R, G, C, D> {
        self.0
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

impl<R, G, C, D> Worker<R, G, C, D>
where
    R: Backlog<Error: Display>,
    G: PaymentGateway<Error: Display>,
    C: Clock + Sync,
    D: Delivery,
{
    /// One pass over the machines of a kind, and over the outbox.
    ///
    /// # Errors
    /// The storage failed before there was anything to do. What goes wrong with one machine holds up no other.
    pub async fn pass<M: Aggregate>(&mut self) -> Result<Pass, <R as Backlog>::Error>
    where
        R: Repository<M, Error = <R as Backlog>::Error>,
    {
        let mut pass = Pass::default();
        let now = self.host.clock.now();
        if self.is_believed(now) {
            let due = self.host.repository.due(now, self.batch).await?;
            self.each(due, &mut pass, Errand::Wake).await?;
        } else {
            pass.clock_jumped = true;
            #[cfg(feature = "tracing")]
            tracing::error!(worker = self.name, %now, "the clock has jumped: nothing is woken");
        }
        let before = Time::from_millis(now.millis().saturating_sub_unsigned(millis(self.grace)));
        if let Ok(before) = before {
            let unanswered = self.host.repository.unanswered(before, self.batch).await?;
            self.each(unanswered, &mut pass, Errand::Ask).await?;
        }
        self.deliver(&mut pass).await?;
        Ok(pass)
    }

    /// Passes, until `stop` is ready: sleeps when there was nothing to do, or when the storage failed.
    pub async fn run<M: Aggregate>(&mut self, stop: impl Future<Output = ()> + Send)
    where
        R: Repository<M, Error = <R as Backlog>::Error>,
    {
        let mut stop = pin!(stop);
        loop {
            let busy = match self.pass::<M>().await {
                Ok(pass) => !pass.is_idle() && pass.failed == 0,
                Err(error) => {
                    count(&self.host.counters.storage_errors);
                    #[cfg(feature = "tracing")]
                    tracing::error!(worker = self.name, %error, "the storage failed");
                    #[cfg(not(feature = "tracing"))]
                    let _ = error;
                    false
                }
            };
            let mut pause = pin!(sleep(if busy { Duration::ZERO } else { self.idle }));
            let stopped = std::future::poll_fn(|context| {
                if stop.as_mut().poll(context).is_ready() {
                    return Poll::Ready(true);
                }
                pause.as_mut().poll(context).map(|()| false)
            });
            if stopped.await {
                return;
            }
        }
    }

    /// The clock is right after all: somebody has looked.
    pub fn believe_clock(&mut self) {
        self.believed = Some((self.host.clock.now(), Instant::now()));
    }

    fn is_believed(&mut self, now: Time) -> bool {
        let real = Instant::now();
        if let (Some(bound), Some((then, really))) = (self.clock_bound, self.believed) {
            let passed = millis(real.saturating_duration_since(really).saturating_add(bound));
            if now > then.plus_millis(passed) {
                return false;
            }
        }
        self.believed = Some((now, real));
        true
    }

    async fn each<M: Aggregate>(
        &self,
        ids: Vec<M::Id>,
        pass: &mut Pass,
        errand: Errand,
    ) -> Result<(), <R as Backlog>::Error>
    where
        R: Repository<M, Error = <R as Backlog>::Error>,
    {
        if ids.is_empty() {
            return Ok(());
        }
        let name = |id: M::Id| format!("{}/{id}", M::KIND);
        let names = ids.iter().map(|id| name(*id)).collect();
        let taken: BTreeSet<String> = self.lease(names).await?.into_iter().collect();
        let mut leased_at = self.host.clock.now();
        for id in ids.into_iter().filter(|id| taken.contains(&name(*id))) {
            // half a lease is left for the gateway to answer in
            let half = millis(self.lease).checked_div(2).unwrap_or(0);
            if self.host.clock.now() > leased_at.plus_millis(half) {
                if self.lease(vec![name(id)]).await?.is_empty() {
                    continue;
                }
                leased_at = self.host.clock.now();
            }
            let done = match errand {
                Errand::Wake => self.host.act(id, M::wake(), Actor::Clock).await.map(drop),
                Errand::Ask => self.host.catch_up(id).await.map(drop),
            };
            let (counter, done_so_far) = match errand {
                Errand::Wake => (&self.host.counters.woken, &mut pass.woken),
                Errand::Ask => (&self.host.counters.asked, &mut pass.asked),
            };
            match done {
                Ok(()) => {
                    count(counter);
                    *done_so_far = done_so_far.saturating_add(1);
                }
                Err(error) => {
                    pass.failed = pass.failed.saturating_add(1);
                    #[cfg(feature = "tracing")]
                    tracing::error!(worker = self.name, machine = name(id), error = ?error.committed(), "a machine failed");
                    #[cfg(not(feature = "tracing"))]
                    let _ = error;
                }
            }
        }
        self.host.repository.release(taken.into_iter().collect(), &self.name).await
    }

    async fn lease(&self, names: Vec<String>) -> Result<Vec<String>, <R as Backlog>::Error> {
        let now = self.host.clock.now();
        let until = now.plus_millis(millis(self.lease));
        self.host.repository.lease(names, &self.name, now, until).await
    }

    /// One worker at a time delivers, in the order of the outbox.
    async fn deliver(&self, pass: &mut Pass) -> Result<(), <R as Backlog>::Error> {
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

#[derive(Clone, Copy)]
enum Errand {
    Wake,
    Ask,
}
