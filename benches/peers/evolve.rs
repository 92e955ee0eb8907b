//! B1: decide, then evolve, by hand. What happened is data with every figure in it, an event per order, so that a journal
//! can be kept, sent on and replayed. As little else as the floor: no policy, moderation, disputes, holds, partial
//! payments, retries or late facts, and a deadline itself does nothing.

use std::sync::Arc;

use divan::black_box;
use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

use crate::books::Books;
use crate::floor::NEVER;
use crate::world::{self, Actor, Call, Cmd, Ctx, Figures, Id, Payee, Peer, Phase, Refused, Role, Terms};

#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct State {
    version: u64,
    phase: Phase,
    books: Books,
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Recorded {
    pub at: i64,
    pub actor: Actor,
    pub event: Event,
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Event {
    Proposed { terms: Arc<Terms> },
    PaymentRequested { key: Id, amount: i64 },
    PaymentReceived { tx: u32, gateway: Id, reference: Id, amount: i64 },
    Started,
    Submitted { number: u16, work: Arc<str> },
    Accepted,
    Ordered { tx: u32, payee: Payee, amount: i64 },
    Settled { tx: u32, reference: Id },
    Posted { reference: Id },
    PhaseEntered { phase: Phase, until: i64 },
}

/// As many as an acceptance with three orders makes.
pub type Events = SmallVec<[Recorded; 5]>;

impl State {
    /// The first event of a journal makes the deal.
    pub fn begin(first: &Recorded) -> Option<Self> {
        let Event::Proposed { terms } = &first.event else { return None };
        let by = Ctx { now: first.at, actor: first.actor.clone() };
        Some(Self { version: 1, phase: Phase::AwaitingDeposit, books: Books::begin(terms.clone(), &by) })
    }

    pub fn replay(journal: &[Recorded]) -> Option<Self> {
        let (first, rest) = journal.split_first()?;
        let mut state = Self::begin(first)?;
        for recorded in rest {
            evolve(&mut state, recorded);
        }
        Some(state)
    }

    pub fn handle(&mut self, cmd: &Cmd, ctx: &Ctx) -> Result<Events, Refused> {
        // read where it lies, so that it is moved no more than it has to
        let decided = decide(self, cmd, ctx);
        for recorded in decided.iter().flatten() {
            evolve(self, recorded);
        }
        decided
    }

    pub fn figures(&self) -> Figures {
        Figures::of(self.phase == Phase::Closed, &self.books)
    }
}

pub fn proposed(terms: Arc<Terms>, by: &Ctx) -> Recorded {
    Recorded { at: by.now, actor: by.actor.clone(), event: Event::Proposed { terms } }
}

/// What happens; nothing does where it is a repeat.
pub fn decide(state: &State, cmd: &Cmd, ctx: &Ctx) -> Result<Events, Refused> {
    let books = &state.books;
    let (now, role) = books.admit(ctx)?;
    let mut events = Events::new();
    let mut say = |event| events.push(Recorded { at: now, actor: ctx.actor.clone(), event });
    match cmd {
        Cmd::RequestPayment { key, amount } => {
            role.is(Role::Buyer)?;
            if !books.has_request(key, *amount)? {
                state.phase.is(Phase::AwaitingDeposit)?;
                books.check_request(*amount)?;
                say(Event::PaymentRequested { key: key.clone(), amount: amount.minor });
            }
        }
        Cmd::ConfirmPayment { gateway, reference, amount } => {
            role.is(Role::Gateway)?;
            if !books.has_payment(gateway, reference) {
                state.phase.is(Phase::AwaitingDeposit)?;
                let tx = books.check_payment(*amount)?;
                let (gateway, reference) = (gateway.clone(), reference.clone());
                say(Event::PaymentReceived { tx, gateway, reference, amount: amount.minor });
                let until = now + books.terms().start_ms;
                say(Event::PhaseEntered { phase: Phase::AwaitingPerformance, until });
            }
        }
        Cmd::Start => {
            role.is(Role::Seller)?;
            if state.phase != Phase::Performing {
                state.phase.is(Phase::AwaitingPerformance)?;
                say(Event::Started);
                let until = now + books.terms().performance_ms;
                say(Event::PhaseEntered { phase: Phase::Performing, until });
            }
        }
        Cmd::Submit { number, work } => {
            role.is(Role::Seller)?;
            if !books.has_work(*number, work) {
                state.phase.is(Phase::Performing)?;
                books.check_work(*number)?;
                say(Event::Submitted { number: *number, work: work.clone() });
                let until = now + books.terms().acceptance_ms;
                say(Event::PhaseEntered { phase: Phase::AwaitingAcceptance, until });
            }
        }
        Cmd::Accept => {
            role.is(Role::Buyer)?;
            if !state.phase.is_accepted() {
                state.phase.is_acceptable()?;
                let orders = books.split()?.into_iter().filter(|(_, amount)| *amount > 0);
                say(Event::Accepted);
                for (tx, (payee, amount)) in (books.next_tx()..).zip(orders) {
                    say(Event::Ordered { tx, payee, amount });
                }
                say(Event::PhaseEntered { phase: Phase::Paying, until: NEVER });
            }
        }
        Cmd::Answer { tx, reference } => {
            role.is(Role::Gateway)?;
            if !books.has_answer(*tx, reference)? {
                state.phase.is(Phase::Paying)?;
                say(Event::Settled { tx: *tx, reference: reference.clone() });
                if books.is_last() {
                    say(Event::PhaseEntered { phase: Phase::Closed, until: NEVER });
                }
            }
        }
        Cmd::Post { reference } => {
            if role == Role::Gateway {
                return Err(Refused::Role);
            }
            if !books.has_post(reference) {
                state.phase.is_open()?;
                say(Event::Posted { reference: reference.clone() });
            }
        }
    }
    Ok(events)
}

/// Copies what happened into the state.
pub fn evolve(state: &mut State, recorded: &Recorded) {
    let (books, at) = (&mut state.books, recorded.at);
    match &recorded.event {
        // `State::begin` has taken it
        Event::Proposed { .. } => {}
        Event::PaymentRequested { key, amount } => books.request(key, *amount, at),
        Event::PaymentReceived { tx, gateway, reference, amount } => {
            books.receive(*tx, gateway, reference, *amount, at);
        }
        // the phase that follows says it all
        Event::Started | Event::Accepted => {}
        Event::Submitted { number, work } => books.submit(*number, work),
        Event::Ordered { payee, amount, .. } => books.order(*payee, *amount, at),
        Event::Settled { tx, reference } => books.settle(*tx, reference, at),
        Event::Posted { reference } => books.post(reference, at),
        Event::PhaseEntered { phase, until } => {
            books.leave(state.phase, *until, &recorded.actor, at);
            state.phase = *phase;
        }
    }
    state.version += 1;
}

/// A deal that is being performed and has this many events, the most of them messages, with its journal.
pub fn with_events(events: usize) -> (State, Vec<Recorded>) {
    let mut journal = vec![proposed(Arc::new(world::terms()), &world::proposer())];
    let mut state = State::replay(&journal).expect("it begins with a proposal");
    let begin = world::happy_path().into_iter().take(3);
    for call in begin.chain((1..).map(world::post)) {
        if journal.len() >= events {
            break;
        }
        journal.extend(state.handle(&call.cmd, &call.ctx).expect("nothing is refused"));
    }
    assert_eq!(journal.len(), events);
    (state, journal)
}

pub struct Evolve;

impl Peer for Evolve {
    type Deal = State;
    type Step = Call;

    fn proposed() -> State {
        let first = proposed(Arc::new(world::terms()), &world::proposer());
        State::begin(&first).expect("it is a proposal")
    }

    fn steps() -> Vec<Call> {
        world::happy_path()
    }

    fn refused() -> Call {
        world::refused()
    }

    #[inline]
    fn handle(deal: &mut State, step: &Call) -> bool {
        black_box(&deal.handle(&step.cmd, &step.ctx)).is_ok()
    }

    fn figures(deal: &State) -> Figures {
        deal.figures()
    }
}
