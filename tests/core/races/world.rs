//! What two hosts share: one sink with optimistic versions, and one gateway. It survives whatever happens to them.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{self, Poll};

use crate::common::id;
use escrow::deal::PendingOrder;
use escrow::deal::command::Answered;
use escrow::deposit::{IdempotencyKey, TransactionKind};
use escrow::port::{self, CheckoutForm, CheckoutRequest, Clock, Commit, CommitError};
use escrow::{Deal, DecodeError, Destination, Money, Payee, Time};
use escrow_testing::{ManualClock, MemorySink, ScriptedGateway, SinkFault, TimedOut};

/// What is wrong with the world on purpose.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Planted {
    /// The sink writes whatever comes: the last one wins.
    NoVersionCheck,
    /// The gateway forgets its keys: whoever asks again is paid again.
    NoKeys,
}

/// What the gateway was asked for, or what it did.
#[derive(Clone, PartialEq, Debug)]
pub struct Call {
    pub key: IdempotencyKey,
    pub kind: TransactionKind,
    pub payee: Payee,
    pub amount: Money,
    destination: Option<Destination>,
}

#[derive(Default)]
pub struct Outside {
    pub sink: MemorySink,
    pub gateway: ScriptedGateway,
    /// Every call, and every effect that one had.
    pub calls: Vec<Call>,
    pub effects: Vec<Call>,
    /// Which commits go wrong, by their number.
    pub faults: Vec<(usize, SinkFault)>,
    /// How many there were.
    pub commits: usize,
    /// What a host must never do, and did.
    pub wrong: Vec<String>,
    pub planted: Option<Planted>,
}

impl Outside {
    fn commit(&mut self, mut commit: Commit<'_>) -> Result<(), CommitError<SinkFault>> {
        if self.planted == Some(Planted::NoVersionCheck) {
            commit.expected_version = self.sink.journal(id()).last().map_or(0, |e| e.version);
        }
        if let Some((_, fault)) = self.faults.iter().find(|(at, _)| *at == self.commits) {
            self.sink.fail_next(*fault);
        }
        self.commits += 1;
        port::blocking::EventSink::commit(&mut self.sink, commit)
    }

    fn execute(&mut self, order: PendingOrder<'_>) -> Result<Answered, TimedOut> {
        let transaction = order.transaction.unwrap();
        let call = Call {
            key: order.key,
            kind: transaction.kind(),
            payee: order.payee.clone(),
            amount: transaction.amount(),
            destination: order.destination.cloned(),
        };
        if let Some(earlier) = self.calls.iter().find(|c| c.key == call.key && **c != call) {
            self.wrong.push(format!("another order under the same key: {earlier:?}, then {call:?}"));
        }
        let orders = self.sink.journal(id()).iter().filter_map(|e| e.event.order());
        if !orders.into_iter().any(|o| o.tx == transaction.id()) {
            self.wrong.push(format!("sent before it was committed: {call:?}"));
        }
        self.calls.push(call.clone());
        let known = self.is_done(call.key);
        let answer = port::blocking::PaymentGateway::execute(&self.gateway, order);
        if self.is_done(call.key) && (!known || self.planted == Some(Planted::NoKeys)) {
            self.effects.push(call);
        }
        answer
    }

    fn is_done(&self, key: IdempotencyKey) -> bool {
        let done = |e: &escrow_testing::Execution| matches!(e.answer, Answered::Succeeded(_));
        self.gateway.executions().iter().any(|(of, e)| *of == key && done(e))
    }
}

/// A host: its own clock, and a hand on the world. A host that takes turns waits once before each thing that it does.
#[derive(Clone)]
pub struct Host {
    pub outside: Arc<Mutex<Outside>>,
    pub clock: Arc<ManualClock>,
    pub takes_turns: bool,
}

impl Host {
    pub fn with<T>(&self, f: impl FnOnce(&mut Outside) -> T) -> T {
        f(&mut self.outside.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub async fn load(&self) -> Result<Deal, DecodeError> {
        Turn(!self.takes_turns).await;
        self.with(|o| o.sink.load(id()))
    }
}

/// Pending once: the scheduler's chance.
struct Turn(bool);

impl Future for Turn {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, _: &mut task::Context<'_>) -> Poll<()> {
        if std::mem::replace(&mut self.0, true) { Poll::Ready(()) } else { Poll::Pending }
    }
}

pub struct HostClock(pub Arc<ManualClock>);

impl Clock for HostClock {
    fn now(&self) -> Time {
        self.0.now()
    }
}

impl port::EventSink for Host {
    type Error = SinkFault;

    async fn commit(&mut self, commit: Commit<'_>) -> Result<(), CommitError<SinkFault>> {
        Turn(!self.takes_turns).await;
        self.with(|o| o.commit(commit))
    }
}

impl port::blocking::EventSink for Host {
    type Error = SinkFault;

    fn commit(&mut self, commit: Commit<'_>) -> Result<(), CommitError<SinkFault>> {
        self.with(|o| o.commit(commit))
    }
}

impl port::PaymentGateway for Host {
    type Error = TimedOut;

    async fn checkout(&self, request: CheckoutRequest<'_>) -> Result<CheckoutForm, TimedOut> {
        self.with(|o| port::blocking::PaymentGateway::checkout(&o.gateway, request))
    }

    async fn execute(&self, order: PendingOrder<'_>) -> Result<Answered, TimedOut> {
        Turn(!self.takes_turns).await;
        self.with(|o| o.execute(order))
    }
}

impl port::blocking::PaymentGateway for Host {
    type Error = TimedOut;

    fn checkout(&self, request: CheckoutRequest<'_>) -> Result<CheckoutForm, TimedOut> {
        self.with(|o| port::blocking::PaymentGateway::checkout(&o.gateway, request))
    }

    fn execute(&self, order: PendingOrder<'_>) -> Result<Answered, TimedOut> {
        self.with(|o| o.execute(order))
    }
}
