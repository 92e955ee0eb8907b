//! rust-fsm: the table of phases by its DSL. Its inputs and states carry no data, so roles, repeats, deadlines and all of
//! the money are done by hand around `consume`, which alone knows the phase. It makes no events, and does not do what the
//! floor does not do.

use std::sync::Arc;

use divan::black_box;

use crate::books::Books;
use crate::floor::NEVER;
use crate::world::{self, Call, Cmd, Ctx, Figures, Peer, Phase, Refused, Role};

rust_fsm::state_machine! {
    #[derive(Clone, Copy, PartialEq, Eq, Debug)]
    #[state_machine(state(crate::world::Phase))]
    table(AwaitingDeposit)

    AwaitingDeposit => {
        Request => AwaitingDeposit,
        Pay => AwaitingPerformance,
        Post => AwaitingDeposit,
    },
    AwaitingPerformance => {
        Start => Performing,
        Post => AwaitingPerformance,
    },
    Performing => {
        Submit => AwaitingAcceptance,
        Accept => Paying,
        Post => Performing,
    },
    AwaitingAcceptance => {
        Accept => Paying,
        Post => AwaitingAcceptance,
    },
    Paying => {
        Answer => Paying,
        LastAnswer => Closed,
        Post => Paying,
    },
}
use table::{Input, StateMachine};

pub struct Deal {
    machine: StateMachine,
    books: Books,
}

impl Deal {
    fn handle(&mut self, cmd: &Cmd, ctx: &Ctx) -> Result<(), Refused> {
        let (now, role) = self.books.admit(ctx)?;
        let before = *self.machine.state();
        match cmd {
            Cmd::RequestPayment { key, amount } => {
                role.is(Role::Buyer)?;
                if self.books.has_request(key, *amount)? {
                    return Ok(());
                }
                self.books.check_request(*amount)?;
                self.consume(Input::Request)?;
                self.books.request(key, amount.minor, now);
            }
            Cmd::ConfirmPayment { gateway, reference, amount } => {
                role.is(Role::Gateway)?;
                if self.books.has_payment(gateway, reference) {
                    return Ok(());
                }
                let tx = self.books.check_payment(*amount)?;
                self.consume(Input::Pay)?;
                self.books.receive(tx, gateway, reference, amount.minor, now);
                self.books.leave(before, now + self.books.terms().start_ms, &ctx.actor, now);
            }
            Cmd::Start => {
                role.is(Role::Seller)?;
                if before == Phase::Performing {
                    return Ok(());
                }
                self.consume(Input::Start)?;
                self.books.leave(before, now + self.books.terms().performance_ms, &ctx.actor, now);
            }
            Cmd::Submit { number, work } => {
                role.is(Role::Seller)?;
                if self.books.has_work(*number, work) {
                    return Ok(());
                }
                self.books.check_work(*number)?;
                self.consume(Input::Submit)?;
                self.books.submit(*number, work);
                self.books.leave(before, now + self.books.terms().acceptance_ms, &ctx.actor, now);
            }
            Cmd::Accept => {
                role.is(Role::Buyer)?;
                if before.is_accepted() {
                    return Ok(());
                }
                let split = self.books.split()?;
                self.consume(Input::Accept)?;
                for (payee, amount) in split.into_iter().filter(|(_, amount)| *amount > 0) {
                    self.books.order(payee, amount, now);
                }
                self.books.leave(before, NEVER, &ctx.actor, now);
            }
            Cmd::Answer { tx, reference } => {
                role.is(Role::Gateway)?;
                if self.books.has_answer(*tx, reference)? {
                    return Ok(());
                }
                let last = self.books.is_last();
                self.consume(if last { Input::LastAnswer } else { Input::Answer })?;
                self.books.settle(*tx, reference, now);
                if last {
                    self.books.leave(before, NEVER, &ctx.actor, now);
                }
            }
            Cmd::Post { reference } => {
                if role == Role::Gateway {
                    return Err(Refused::Role);
                }
                if self.books.has_post(reference) {
                    return Ok(());
                }
                self.consume(Input::Post)?;
                self.books.post(reference, now);
            }
        }
        Ok(())
    }

    #[inline]
    fn consume(&mut self, input: Input) -> Result<(), Refused> {
        self.machine.consume(&input).map(drop).map_err(|_| Refused::Phase)
    }
}

impl Clone for Deal {
    fn clone(&self) -> Self {
        Self { machine: StateMachine::from_state(*self.machine.state()), books: self.books.clone() }
    }
}

pub struct RustFsm;

impl Peer for RustFsm {
    type Deal = Deal;
    type Step = Call;

    fn proposed() -> Deal {
        let books = Books::begin(Arc::new(world::terms()), &world::proposer());
        Deal { machine: StateMachine::new(), books }
    }

    fn steps() -> Vec<Call> {
        world::happy_path()
    }

    fn refused() -> Call {
        world::refused()
    }

    #[inline]
    fn handle(deal: &mut Deal, step: &Call) -> bool {
        black_box(&deal.handle(&step.cmd, &step.ctx)).is_ok()
    }

    fn figures(deal: &Deal) -> Figures {
        Figures::of(*deal.machine.state() == Phase::Closed, &deal.books)
    }
}
