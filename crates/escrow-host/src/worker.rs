//! The worker: wakes, asks again, delivers.

use std::collections::BTreeSet;
use std::fmt::Display;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use escrow::port::{Aggregate, Backlog, Claim, Clock, Parcel, PaymentGateway, Repository, Wait};
use escrow::{Actor, Time};
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::time::sleep;

use crate::figures::count;
use crate::trust::{ClockTrust, millis};
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
    concurrency: usize,
    trust: ClockTrust,
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
            concurrency: 8,
            trust: ClockTrust::within(Some(Duration::from_secs(600))),
        })
    }
}

impl<R, G, C, D> WorkerBuilder<R, G, C, D> {
    /// Who is told what was committed. Without this, parcels are dropped.
    pub fn deliver_to<E>(self, delivery: E) -> WorkerBuilder<R, G, C, E> {
        let Worker { host, delivery: _, name, batch, grace, lease, idle, concurrency, trust } = self.0;
        WorkerBuilder(Worker { host, delivery, name, batch, grace, lease, idle, concurrency, trust })
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

    /// How many machines it works on at a time; 8. While the gateway answers for one, others go on.
    #[must_use]
    pub const fn concurrency(mut self, machines: usize) -> Self {
        self.0.concurrency = machines;
        self
    }

    /// How far the clock may be ahead of the storage's, and how much further than the time that has really passed it may go
    /// between two passes; 10 minutes. Beyond that nothing is woken, since a deadline that fired by a wrong clock is
    /// irrevocable: [`Worker::believe_clock`] goes on. `None`: any clock is believed.
    #[must_use]
    pub const fn clock_bound(mut self, bound: Option<Duration>) -> Self {
        self.0.trust = ClockTrust::within(bound);
        self
    }

    /// The worker.
    pub fn build(self) -> Worker<R, G, C, D> {
        self.0
    }
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
        if self.is_believed(now).await? {
            let due = self.claim::<M>(Wait::Deadline, now, now).await?;
            self.each(due, &mut pass, Errand::Wake).await?;
        } else {
            pass.clock_jumped = true;
            #[cfg(feature = "tracing")]
            tracing::error!(worker = self.name, %now, "the clock has jumped: nothing is woken");
        }
        let before = Time::from_millis(now.millis().saturating_sub_unsigned(millis(self.grace)));
        if let Ok(before) = before {
            let unanswered = self.claim::<M>(Wait::Answer, before, now).await?;
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
        self.trust.looked(self.host.clock.now());
    }

    async fn is_believed(&mut self, now: Time) -> Result<bool, <R as Backlog>::Error> {
        let storage = if self.trust.is_bound() { self.host.repository.clock().await? } else { None };
        Ok(self.trust.believes(now, storage))
    }

    /// Takes leases on what waits.
    async fn claim<M: Aggregate>(
        &self,
        wait: Wait,
        before: Time,
        now: Time,
    ) -> Result<Vec<M::Id>, <R as Backlog>::Error>
    where
        R: Repository<M, Error = <R as Backlog>::Error>,
    {
        let until = now.plus_millis(millis(self.lease));
        let (holder, limit) = (self.name.as_str(), self.batch);
        let claim = Claim { kind: M::KIND, wait, before, limit, holder, now, until };
        let repository = &self.host.repository;
        if let Some(ids) = repository.claim(claim).await? {
            // what is no id of this kind is nobody's to work on: fsck finds it
            return Ok(ids.iter().filter_map(|id| id.parse().ok()).collect());
        }
        let mut ids = match wait {
            Wait::Deadline => repository.due(before, limit).await?,
            Wait::Answer => repository.unanswered(before, limit).await?,
        };
        if !ids.is_empty() {
            let names = ids.iter().map(|id| machine_name::<M>(*id)).collect();
            let taken: BTreeSet<String> = self.lease(names).await?.into_iter().collect();
            ids.retain(|id| taken.contains(&machine_name::<M>(*id)));
        }
        Ok(ids)
    }

    /// Works on machines that are leased, some at a time. With whatever fails the lease is kept until it runs out, so that
    /// what fails again and again holds up nothing behind it.
    async fn each<M: Aggregate>(
        &self,
        ids: Vec<M::Id>,
        pass: &mut Pass,
        errand: Errand,
    ) -> Result<(), <R as Backlog>::Error>
    where
        R: Repository<M, Error = <R as Backlog>::Error>,
    {
        let leased_at = self.host.clock.now();
        let mut done = Vec::new();
        let mut ids = ids.into_iter();
        let mut running = FuturesUnordered::new();
        loop {
            while running.len() < self.concurrency.max(1) {
                let Some(id) = ids.next() else { break };
                running.push(self.one::<M>(id, errand, leased_at));
            }
            let Some(ended) = running.next().await else { break };
            match ended {
                (Some(id), true) => {
                    let (counter, so_far) = match errand {
                        Errand::Wake => (&self.host.counters.woken, &mut pass.woken),
                        Errand::Ask => (&self.host.counters.asked, &mut pass.asked),
                    };
                    count(counter);
                    *so_far = so_far.saturating_add(1);
                    done.push(machine_name::<M>(id));
                }
                (Some(_), false) => pass.failed = pass.failed.saturating_add(1),
                // somebody else has it by now
                (None, _) => {}
            }
        }
        drop(running);
        if done.is_empty() {
            return Ok(());
        }
        self.host.repository.release(done, &self.name).await
    }

    /// Works on one machine: which, and whether it went well.
    async fn one<M: Aggregate>(&self, id: M::Id, errand: Errand, leased_at: Time) -> (Option<M::Id>, bool)
    where
        R: Repository<M, Error = <R as Backlog>::Error>,
    {
        // half a lease is left for the gateway to answer in
        let half = millis(self.lease).checked_div(2).unwrap_or(0);
        if self.host.clock.now() > leased_at.plus_millis(half) {
            match self.lease(vec![machine_name::<M>(id)]).await {
                Ok(renewed) if renewed.is_empty() => return (None, false),
                Ok(_) => {}
                Err(_) => return (Some(id), false),
            }
        }
        let done = match errand {
            Errand::Wake => self.host.act(id, M::wake(), Actor::Clock).await.map(drop),
            Errand::Ask => self.host.catch_up(id).await.map(drop),
        };
        if let Err(error) = &done {
            #[cfg(feature = "tracing")]
            tracing::error!(worker = self.name, machine = machine_name::<M>(id), error = ?error.committed(), "a machine failed");
            #[cfg(not(feature = "tracing"))]
            let _ = error;
        }
        (Some(id), done.is_ok())
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

fn machine_name<M: Aggregate>(id: M::Id) -> String {
    format!("{}/{id}", M::KIND)
}

#[derive(Clone, Copy)]
enum Errand {
    Wake,
    Ask,
}
