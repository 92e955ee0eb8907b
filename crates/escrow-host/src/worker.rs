//! The worker: wakes, asks again, delivers.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use escrow::Time;
use escrow::agent::Act;
use escrow::port::{Aggregate, Backlog, Clock, MachineKey, PaymentGateway, Repository, Wait, Wanted};
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::time::sleep;

use crate::batch::Woken;
use crate::figures::count;
use crate::outbox::Stuck;
use crate::trust::{ClockTrust, millis};
use crate::{Delivery, Host};

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
    pub(crate) host: Arc<Host<R, G, C>>,
    pub(crate) delivery: D,
    pub(crate) name: String,
    pub(crate) batch: u32,
    pub(crate) stuck: BTreeMap<MachineKey, Stuck>,
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
            stuck: BTreeMap::new(),
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
        let Worker { host, delivery: _, name, batch, stuck, grace, lease, idle, concurrency, trust } = self.0;
        WorkerBuilder(Worker { host, delivery, name, batch, stuck, grace, lease, idle, concurrency, trust })
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
            let due = self.lease_waiting::<M>(Wait::Deadline, now, now).await?;
            self.wake(due, now, &mut pass).await?;
        } else {
            pass.clock_jumped = true;
            #[cfg(feature = "tracing")]
            tracing::error!(worker = self.name, %now, "the clock has jumped: nothing is woken");
        }
        // what was woken may have taken its time
        let now = self.host.clock.now();
        let before = Time::from_millis(now.millis().saturating_sub_unsigned(millis(self.grace)));
        if let Ok(before) = before {
            let unanswered = self.lease_waiting::<M>(Wait::Answer, before, now).await?;
            let asked = unanswered.into_iter().map(|id| (id, Errand::Ask)).collect();
            self.each::<M>(asked, Vec::new(), now, &mut pass).await?;
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
    async fn lease_waiting<M: Aggregate>(
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
        let wanted = Wanted { kind: M::KIND, wait, before, limit, holder, now, until };
        let repository = &self.host.repository;
        if let Some(ids) = repository.lease_waiting(wanted).await? {
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

    /// Wakes machines that are leased: together, as far as that goes, and the rest one by one.
    async fn wake<M: Aggregate>(
        &self,
        ids: Vec<M::Id>,
        leased_at: Time,
        pass: &mut Pass,
    ) -> Result<(), <R as Backlog>::Error>
    where
        R: Repository<M, Error = <R as Backlog>::Error>,
    {
        if ids.is_empty() {
            return Ok(());
        }
        let (mut left, mut done) = (Vec::new(), Vec::new());
        for (id, woken) in self.host.wake_all::<M>(&ids).await {
            match woken {
                Woken::Done => self.count_done::<M>(id, false, pass, &mut done),
                Woken::GoOn(act) => left.push((id, Errand::Wake(act))),
                Woken::Failed => pass.failed = pass.failed.saturating_add(1),
            }
        }
        self.each(left, done, leased_at, pass).await
    }

    fn count_done<M: Aggregate>(&self, id: M::Id, is_asked: bool, pass: &mut Pass, done: &mut Vec<String>) {
        let (counter, so_far) = if is_asked {
            (&self.host.counters.asked, &mut pass.asked)
        } else {
            (&self.host.counters.woken, &mut pass.woken)
        };
        count(counter);
        *so_far = so_far.saturating_add(1);
        done.push(machine_name::<M>(id));
    }

    /// Works on machines that are leased, some at a time, and gives back their leases and those of `done`. With whatever fails
    /// the lease is kept until it runs out, so that what fails again and again holds up nothing behind it.
    async fn each<M: Aggregate>(
        &self,
        errands: Vec<(M::Id, Errand<M>)>,
        mut done: Vec<String>,
        leased_at: Time,
        pass: &mut Pass,
    ) -> Result<(), <R as Backlog>::Error>
    where
        R: Repository<M, Error = <R as Backlog>::Error>,
    {
        let mut errands = errands.into_iter();
        let mut running = FuturesUnordered::new();
        loop {
            while running.len() < self.concurrency.max(1) {
                let Some((id, errand)) = errands.next() else { break };
                running.push(self.one::<M>(id, errand, leased_at));
            }
            let Some(ended) = running.next().await else { break };
            match ended {
                Ended::Well(id, is_asked) => self.count_done::<M>(id, is_asked, pass, &mut done),
                Ended::Failed => pass.failed = pass.failed.saturating_add(1),
                Ended::Lost => {}
            }
        }
        drop(running);
        if done.is_empty() {
            return Ok(());
        }
        self.host.repository.release(done, &self.name).await
    }

    /// Works on one machine.
    async fn one<M: Aggregate>(&self, id: M::Id, errand: Errand<M>, leased_at: Time) -> Ended<M::Id>
    where
        R: Repository<M, Error = <R as Backlog>::Error>,
    {
        // half a lease is left for the gateway to answer in
        let half = millis(self.lease).checked_div(2).unwrap_or(0);
        if self.host.clock.now() > leased_at.plus_millis(half) {
            match self.lease(vec![machine_name::<M>(id)]).await {
                Ok(renewed) if renewed.is_empty() => return Ended::Lost,
                Ok(_) => {}
                Err(_) => return Ended::Failed,
            }
        }
        let (is_asked, done) = match errand {
            Errand::Wake(act) => (false, self.host.go_on(*act).await),
            Errand::Ask => (true, self.host.catch_up(id).await),
        };
        if let Err(error) = &done {
            #[cfg(feature = "tracing")]
            tracing::error!(worker = self.name, machine = machine_name::<M>(id), error = ?error.committed(), "a machine failed");
            #[cfg(not(feature = "tracing"))]
            let _ = error;
        }
        if done.is_ok() { Ended::Well(id, is_asked) } else { Ended::Failed }
    }

    pub(crate) async fn lease(&self, names: Vec<String>) -> Result<Vec<String>, <R as Backlog>::Error> {
        let now = self.host.clock.now();
        let until = now.plus_millis(millis(self.lease));
        self.host.repository.lease(names, &self.name, now, until).await
    }
}

fn machine_name<M: Aggregate>(id: M::Id) -> String {
    format!("{}/{id}", M::KIND)
}

/// What is to be done with a machine.
enum Errand<M: Aggregate> {
    Wake(Box<Act<M>>),
    Ask,
}

/// How it went.
enum Ended<I> {
    /// Well; whether its orders were asked about.
    Well(I, bool),
    Failed,
    /// Somebody else has it by now.
    Lost,
}
