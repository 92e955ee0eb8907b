//! statig, blocking: the states are handlers, what they share is the machine's own storage, and what no state takes goes
//! up to a superstate. A handler answers with a state, so a refusal goes out through the context. It makes no events, and
//! does not do what the floor does not do.

use std::sync::Arc;

use divan::black_box;
use statig::prelude::*;

use crate::books::Books;
use crate::floor::NEVER;
use crate::world::{self, Call, Cmd, Figures, Peer, Phase, Refused, Role};

#[derive(Clone)]
pub struct Machine {
    books: Books,
}

/// What a handler is told besides the event, and what it tells.
pub struct Judged {
    now: i64,
    role: Role,
    refused: Option<Refused>,
}

#[state_machine(initial = "State::awaiting_deposit()", state(derive(Clone, PartialEq, Eq, Debug)))]
impl Machine {
    #[state(superstate = "open")]
    fn awaiting_deposit(&mut self, event: &Call, context: &mut Judged) -> Outcome<State> {
        let Judged { now, role, .. } = *context;
        match &event.cmd {
            Cmd::RequestPayment { key, amount } if role == Role::Buyer => {
                match self.books.has_request(key, *amount) {
                    Ok(true) => return Handled,
                    Ok(false) => {}
                    Err(refused) => return context.refuse(refused),
                }
                if let Err(refused) = self.books.check_request(*amount) {
                    return context.refuse(refused);
                }
                self.books.request(key, amount.minor, now);
                Handled
            }
            Cmd::ConfirmPayment { gateway, reference, amount } if role == Role::Gateway => {
                let tx = match self.books.check_payment(*amount) {
                    Ok(tx) => tx,
                    Err(refused) => return context.refuse(refused),
                };
                self.books.receive(tx, gateway, reference, amount.minor, now);
                let until = now + self.books.terms().start_ms;
                self.books.leave(Phase::AwaitingDeposit, until, &event.ctx.actor, now);
                Transition(State::awaiting_performance())
            }
            _ => Super,
        }
    }

    #[state(superstate = "open")]
    fn awaiting_performance(&mut self, event: &Call, context: &mut Judged) -> Outcome<State> {
        match &event.cmd {
            Cmd::Start if context.role == Role::Seller => {
                let until = context.now + self.books.terms().performance_ms;
                self.books.leave(Phase::AwaitingPerformance, until, &event.ctx.actor, context.now);
                Transition(State::performing())
            }
            _ => Super,
        }
    }

    #[state(superstate = "open")]
    fn performing(&mut self, event: &Call, context: &mut Judged) -> Outcome<State> {
        match &event.cmd {
            Cmd::Start if context.role == Role::Seller => Handled,
            Cmd::Submit { number, work } if context.role == Role::Seller => {
                if self.books.has_work(*number, work) {
                    return Handled;
                }
                if let Err(refused) = self.books.check_work(*number) {
                    return context.refuse(refused);
                }
                self.books.submit(*number, work);
                let until = context.now + self.books.terms().acceptance_ms;
                self.books.leave(Phase::Performing, until, &event.ctx.actor, context.now);
                Transition(State::awaiting_acceptance())
            }
            Cmd::Accept if context.role == Role::Buyer => self.accept(Phase::Performing, event, context),
            _ => Super,
        }
    }

    #[state(superstate = "open")]
    fn awaiting_acceptance(&mut self, event: &Call, context: &mut Judged) -> Outcome<State> {
        match &event.cmd {
            Cmd::Accept if context.role == Role::Buyer => {
                self.accept(Phase::AwaitingAcceptance, event, context)
            }
            _ => Super,
        }
    }

    #[state(superstate = "open")]
    fn paying(&mut self, event: &Call, context: &mut Judged) -> Outcome<State> {
        match &event.cmd {
            Cmd::Accept if context.role == Role::Buyer => Handled,
            Cmd::Answer { tx, reference } if context.role == Role::Gateway => {
                match self.books.has_answer(*tx, reference) {
                    Ok(true) => return Handled,
                    Ok(false) => {}
                    Err(refused) => return context.refuse(refused),
                }
                let last = self.books.is_last();
                self.books.settle(*tx, reference, context.now);
                if !last {
                    return Handled;
                }
                self.books.leave(Phase::Paying, NEVER, &event.ctx.actor, context.now);
                Transition(State::closed())
            }
            _ => Super,
        }
    }

    #[state(superstate = "any")]
    fn closed(event: &Call, context: &mut Judged) -> Outcome<State> {
        match &event.cmd {
            Cmd::Accept if context.role == Role::Buyer => Handled,
            _ => Super,
        }
    }

    /// Messages may be posted.
    #[superstate(superstate = "any")]
    fn open(&mut self, event: &Call, context: &mut Judged) -> Outcome<State> {
        match &event.cmd {
            Cmd::Post { reference } if context.role != Role::Gateway => {
                if !self.books.has_post(reference) {
                    self.books.post(reference, context.now);
                }
                Handled
            }
            _ => Super,
        }
    }

    /// What is left is a repeat, or refused.
    #[superstate]
    fn any(&mut self, event: &Call, context: &mut Judged) -> Outcome<State> {
        let (wanted, stands) = match &event.cmd {
            Cmd::RequestPayment { key, amount } => (Role::Buyer, self.books.has_request(key, *amount)),
            Cmd::ConfirmPayment { gateway, reference, .. } => {
                (Role::Gateway, Ok(self.books.has_payment(gateway, reference)))
            }
            Cmd::Start => (Role::Seller, Ok(false)),
            Cmd::Submit { number, work } => (Role::Seller, Ok(self.books.has_work(*number, work))),
            Cmd::Accept => (Role::Buyer, Ok(false)),
            Cmd::Answer { tx, reference } => (Role::Gateway, self.books.has_answer(*tx, reference)),
            // the gateway alone may not
            Cmd::Post { reference } if context.role == Role::Gateway => {
                (Role::Buyer, Ok(self.books.has_post(reference)))
            }
            Cmd::Post { reference } => (context.role, Ok(self.books.has_post(reference))),
        };
        match (context.role == wanted, stands) {
            (false, _) => context.refuse(Refused::Role),
            (true, Ok(true)) => Handled,
            (true, Ok(false)) => context.refuse(Refused::Phase),
            (true, Err(refused)) => context.refuse(refused),
        }
    }
}

impl Machine {
    fn accept(&mut self, before: Phase, event: &Call, context: &mut Judged) -> Outcome<State> {
        let split = match self.books.split() {
            Ok(split) => split,
            Err(refused) => return context.refuse(refused),
        };
        for (payee, amount) in split.into_iter().filter(|(_, amount)| *amount > 0) {
            self.books.order(payee, amount, context.now);
        }
        self.books.leave(before, NEVER, &event.ctx.actor, context.now);
        Transition(State::paying())
    }
}

impl Judged {
    fn refuse(&mut self, refused: Refused) -> Outcome<State> {
        self.refused = Some(refused);
        Handled
    }
}

fn handle(machine: &mut StateMachine<Machine>, call: &Call) -> Result<(), Refused> {
    let (now, role) = machine.inner().books.admit(&call.ctx)?;
    let mut judged = Judged { now, role, refused: None };
    machine.handle_with_context(call, &mut judged);
    judged.refused.map_or(Ok(()), Err)
}

pub struct Statig;

impl Peer for Statig {
    type Deal = StateMachine<Machine>;
    type Step = Call;

    fn proposed() -> Self::Deal {
        Machine { books: Books::begin(Arc::new(world::terms()), &world::proposer()) }.state_machine()
    }

    fn steps() -> Vec<Call> {
        world::happy_path()
    }

    fn refused() -> Call {
        world::refused()
    }

    #[inline]
    fn handle(deal: &mut Self::Deal, step: &Call) -> bool {
        black_box(&handle(deal, step)).is_ok()
    }

    fn figures(deal: &Self::Deal) -> Figures {
        Figures::of(*deal.state() == State::closed(), &deal.inner().books)
    }
}
