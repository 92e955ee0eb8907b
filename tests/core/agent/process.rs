//! Both agents behind one face.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::task::{self, Poll, Waker};

use crate::agent::host::{Crash, Host, SharedClock};
use crate::common::*;
use escrow::agent::{self, CheckoutError, FollowError, Receipt};
use escrow::deal::command::RequestPayment;
use escrow::port::CheckoutForm;
use escrow::{AgentError, Caller, Command, Deal, Terms};
use escrow_testing::{HandTracker, SinkFault, TimedOut};

pub type Done<T> = Result<T, AgentError<SinkFault>>;

/// Which agent.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Kind {
    Async,
    Blocking,
}

pub const KINDS: [Kind; 2] = [Kind::Async, Kind::Blocking];

/// A process with an agent. `None`: it died on the way.
pub struct Process {
    pub kind: Kind,
    pub host: Host,
    pub alive: agent::Agent<SharedClock, Host>,
    pub blocking: agent::blocking::Agent<SharedClock, Host>,
}

/// Polls once: the ports of this file never wait, except for ever.
pub fn poll_once<T>(future: impl Future<Output = T>) -> Option<T> {
    match pin!(future).poll(&mut task::Context::from_waker(Waker::noop())) {
        Poll::Ready(done) => Some(done),
        Poll::Pending => None,
    }
}

pub fn caught<T>(f: impl FnOnce() -> T) -> Option<T> {
    match catch_unwind(AssertUnwindSafe(f)) {
        Ok(done) => Some(done),
        Err(cause) if cause.is::<Crash>() => None,
        Err(cause) => resume_unwind(cause),
    }
}

impl Process {
    pub fn new(kind: Kind, host: &Host) -> Self {
        let clock = || SharedClock(host.clock.clone());
        Self {
            kind,
            host: host.clone(),
            alive: agent::Agent::new(clock(), host.clone()),
            blocking: agent::blocking::Agent::new(clock(), host.clone()),
        }
    }

    pub fn try_open(&self, terms: &Arc<Terms>, caller: Caller) -> Option<Done<Deal>> {
        let mut sink = self.host.clone();
        match self.kind {
            Kind::Async => poll_once(self.alive.open(&mut sink, id(), terms.clone(), caller)),
            Kind::Blocking => caught(|| self.blocking.open(&mut sink, id(), terms.clone(), caller)),
        }
    }

    pub fn try_submit(&self, deal: &mut Deal, command: &Command, caller: Caller) -> Option<Done<Receipt>> {
        let mut sink = self.host.clone();
        match self.kind {
            Kind::Async => poll_once(self.alive.submit(&mut sink, deal, command, caller)),
            Kind::Blocking => caught(|| self.blocking.submit(&mut sink, deal, command, caller)),
        }
    }

    pub fn open(&self, terms: &Arc<Terms>, caller: Caller) -> Done<Deal> {
        self.try_open(terms, caller).expect("alive")
    }

    pub fn submit(
        &self,
        deal: &mut Deal,
        command: impl Into<Command>,
        caller: impl Into<Caller>,
    ) -> Done<Receipt> {
        self.try_submit(deal, &command.into(), caller.into()).expect("alive")
    }

    pub fn resume(&self, deal: &mut Deal) -> Done<Receipt> {
        let mut sink = self.host.clone();
        match self.kind {
            Kind::Async => pollster::block_on(self.alive.resume(&mut sink, deal)),
            Kind::Blocking => self.blocking.resume(&mut sink, deal),
        }
    }

    pub fn wake(&self, deal: &mut Deal) -> Done<Receipt> {
        let mut sink = self.host.clone();
        match self.kind {
            Kind::Async => pollster::block_on(self.alive.wake(&mut sink, deal)),
            Kind::Blocking => self.blocking.wake(&mut sink, deal),
        }
    }

    pub fn checkout(
        &self,
        deal: &Deal,
        request: &RequestPayment,
    ) -> Result<CheckoutForm, CheckoutError<TimedOut>> {
        match self.kind {
            Kind::Async => pollster::block_on(self.alive.checkout(deal, request)),
            Kind::Blocking => self.blocking.checkout(deal, request),
        }
    }

    #[allow(clippy::type_complexity)]
    pub fn follow(
        &self,
        deal: &mut Deal,
        tracker: &HandTracker,
    ) -> Result<Option<Receipt>, FollowError<std::convert::Infallible, SinkFault>> {
        let mut sink = self.host.clone();
        match self.kind {
            Kind::Async => pollster::block_on(self.alive.follow(&mut sink, deal, tracker)),
            Kind::Blocking => self.blocking.follow(&mut sink, deal, tracker),
        }
    }

    /// Lets time pass and the gateway answer until nothing is left to do.
    pub fn finish(&self, deal: &mut Deal) {
        for _ in 0..100 {
            if !deal.has_pending() {
                match deal.next_deadline() {
                    Some(due) => self.host.clock.set(due.max(deal.last_at())),
                    None => return,
                }
            }
            self.resume(deal).unwrap();
        }
        panic!("never done: {deal:?}");
    }
}
