//! The world outside a process: it survives a crash.

use std::collections::BTreeMap;
use std::future::pending;
use std::panic::resume_unwind;
use std::sync::{Arc, Mutex};

use crate::common::*;
use escrow::deal::PendingOrder;
use escrow::deal::command::Answered;
use escrow::deposit::{IdempotencyKey, Reference, TransactionKind};
use escrow::port::{self, CheckoutForm, CheckoutRequest, Clock, Commit, CommitError};
use escrow::{Deal, Destination, Money, Payee, Time, TxId};
use escrow_testing::{
    Behaviour, Execution, ManualClock, MemorySink, Rule, ScriptedGateway, SinkFault, TimedOut,
};

/// What a call to the gateway asked for.
#[derive(Clone, PartialEq, Debug)]
pub struct Call {
    pub key: IdempotencyKey,
    pub kind: TransactionKind,
    pub payee: Payee,
    pub amount: Money,
    pub destination: Option<Destination>,
    pub source: Option<Reference>,
}

/// At which call of a port the process dies: before the call has any effect, or right after it.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Death {
    Before(usize),
    After(usize),
}

#[derive(Default)]
pub struct Outside {
    pub sink: MemorySink,
    pub gateway: ScriptedGateway,
    pub calls: Vec<Call>,
    /// Commits and gateway calls so far.
    pub operations: usize,
    pub death: Option<Death>,
    /// What the gateway answers instead, whatever its books say.
    pub lies: BTreeMap<TxId, Answered>,
}

/// A handle on the world, as a process has it; the ports of both kinds.
#[derive(Clone)]
pub struct Host {
    pub outside: Arc<Mutex<Outside>>,
    pub clock: Arc<ManualClock>,
}

pub struct SharedClock(pub Arc<ManualClock>);

impl Clock for SharedClock {
    fn now(&self) -> Time {
        self.0.now()
    }
}

impl Host {
    pub fn new() -> Self {
        Self {
            outside: Arc::new(Mutex::new(Outside::default())),
            clock: Arc::new(ManualClock::new(at("2026-03-01T12:00:00Z"))),
        }
    }

    pub fn with<T>(&self, f: impl FnOnce(&mut Outside) -> T) -> T {
        f(&mut self.outside.lock().unwrap_or_else(|e| e.into_inner()))
    }

    pub fn script(&self, behaviour: Behaviour, kind: Option<TransactionKind>, times: u32) {
        self.with(|o| o.gateway.script(Rule { kind, payee: None, times, behaviour }));
    }

    pub fn load(&self) -> Deal {
        self.with(|o| o.sink.load(id())).expect("the journal has the deal")
    }

    pub fn journal(&self) -> String {
        self.with(|o| serde_json::to_string_pretty(o.sink.journal(id())).unwrap())
    }

    pub fn events(&self) -> usize {
        self.with(|o| o.sink.journal(id()).len())
    }

    pub fn calls(&self) -> Vec<Call> {
        self.with(|o| o.calls.clone())
    }

    /// What the gateway has really done, by key.
    pub fn effects(&self) -> Vec<(IdempotencyKey, Execution)> {
        self.with(|o| o.gateway.executions())
    }

    /// What the gateway has really paid out, by payee.
    pub fn moved(&self) -> BTreeMap<Payee, i64> {
        let mut moved = BTreeMap::new();
        for (_, e) in self.effects() {
            if matches!(e.answer, Answered::Succeeded(_)) && e.kind != TransactionKind::Capture {
                *moved.entry(e.payee).or_insert(0) += e.amount.minor();
            }
        }
        moved
    }

    /// Whether this is the moment of death.
    pub fn dies(&self, death: fn(usize) -> Death) -> bool {
        self.with(|o| {
            let dies = o.death == Some(death(o.operations));
            if dies {
                o.death = None;
            }
            dies
        })
    }

    pub fn write(&self, commit: Commit<'_>) -> Result<(), CommitError<SinkFault>> {
        self.with(|o| port::blocking::EventSink::commit(&mut o.sink, commit))
    }

    pub fn act(&self, order: PendingOrder<'_>) -> Result<Answered, TimedOut> {
        self.with(|o| {
            let call = Call {
                key: order.key,
                kind: order.kind,
                payee: order.payee.clone(),
                amount: order.amount,
                destination: order.destination.cloned(),
                source: order.source.cloned(),
            };
            // one key, one order: whoever asks again asks for the very same thing
            for earlier in o.calls.iter().filter(|c| c.key == call.key) {
                assert_eq!(*earlier, call, "another order under the same key");
            }
            // the journal has it, or it must not be here
            let journalled = o.sink.journal(order.deal()).iter().any(|e| {
                let tx = e.event.order().map(|order| order.tx);
                tx == Some(order.key.transaction)
            });
            assert!(journalled, "sent before it was committed: {call:?}");
            o.calls.push(call);
            let answer = port::blocking::PaymentGateway::execute(&o.gateway, order);
            match o.lies.get(&order.key.transaction) {
                Some(lie) => Ok(lie.clone()),
                None => answer,
            }
        })
    }

    pub fn done(&self) {
        self.with(|o| o.operations += 1);
    }
}

/// How a blocking process dies: without the message of a panic.
pub struct Crash;

impl port::EventSink for Host {
    type Error = SinkFault;

    async fn commit(&mut self, commit: Commit<'_>) -> Result<(), CommitError<SinkFault>> {
        if self.dies(Death::Before) {
            pending::<()>().await;
        }
        let written = self.write(commit);
        if self.dies(Death::After) {
            pending::<()>().await;
        }
        self.done();
        written
    }
}

impl port::blocking::EventSink for Host {
    type Error = SinkFault;

    fn commit(&mut self, commit: Commit<'_>) -> Result<(), CommitError<SinkFault>> {
        if self.dies(Death::Before) {
            resume_unwind(Box::new(Crash));
        }
        let written = self.write(commit);
        if self.dies(Death::After) {
            resume_unwind(Box::new(Crash));
        }
        self.done();
        written
    }
}

impl port::PaymentGateway for Host {
    type Error = TimedOut;

    async fn checkout(&self, request: CheckoutRequest<'_>) -> Result<CheckoutForm, TimedOut> {
        self.with(|o| port::blocking::PaymentGateway::checkout(&o.gateway, request))
    }

    async fn execute(&self, order: PendingOrder<'_>) -> Result<Answered, TimedOut> {
        if self.dies(Death::Before) {
            pending::<()>().await;
        }
        let answer = self.act(order);
        if self.dies(Death::After) {
            pending::<()>().await;
        }
        self.done();
        answer
    }
}

impl port::blocking::PaymentGateway for Host {
    type Error = TimedOut;

    fn checkout(&self, request: CheckoutRequest<'_>) -> Result<CheckoutForm, TimedOut> {
        self.with(|o| port::blocking::PaymentGateway::checkout(&o.gateway, request))
    }

    fn execute(&self, order: PendingOrder<'_>) -> Result<Answered, TimedOut> {
        if self.dies(Death::Before) {
            resume_unwind(Box::new(Crash));
        }
        let answer = self.act(order);
        if self.dies(Death::After) {
            resume_unwind(Box::new(Crash));
        }
        self.done();
        answer
    }
}
