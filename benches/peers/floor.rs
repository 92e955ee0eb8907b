//! B0, the floor: a match by hand on `i64` minor units, in place. No events, so no journal, and no orders to send again
//! after a crash; no policy, moderation, disputes, holds, partial payments, retries or late facts. What comes after a
//! deadline is refused, and the deadline itself does nothing.

use std::sync::Arc;

use divan::black_box;
use serde::{Deserialize, Serialize};

use crate::books::Books;
use crate::world::{self, Call, Cmd, Ctx, Figures, Peer, Phase, Refused, Role, Terms};

/// Orders wait for answers without a deadline, and so does what is closed.
pub const NEVER: i64 = i64::MAX;

#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Deal {
    phase: Phase,
    books: Books,
}

impl Deal {
    pub fn propose(terms: Arc<Terms>, by: &Ctx) -> Self {
        Self { phase: Phase::AwaitingDeposit, books: Books::begin(terms, by) }
    }

    /// Does it; a repeat changes nothing.
    pub fn handle(&mut self, cmd: &Cmd, ctx: &Ctx) -> Result<(), Refused> {
        let (now, role) = self.books.admit(ctx)?;
        match cmd {
            Cmd::RequestPayment { key, amount } => {
                role.is(Role::Buyer)?;
                if self.books.has_request(key, *amount)? {
                    return Ok(());
                }
                self.phase.is(Phase::AwaitingDeposit)?;
                self.books.check_request(*amount)?;
                self.books.request(key, amount.minor, now);
            }
            Cmd::ConfirmPayment { gateway, reference, amount } => {
                role.is(Role::Gateway)?;
                if self.books.has_payment(gateway, reference) {
                    return Ok(());
                }
                self.phase.is(Phase::AwaitingDeposit)?;
                let tx = self.books.check_payment(*amount)?;
                self.books.receive(tx, gateway, reference, amount.minor, now);
                self.enter(Phase::AwaitingPerformance, now + self.books.terms().start_ms, ctx, now);
            }
            Cmd::Start => {
                role.is(Role::Seller)?;
                if self.phase == Phase::Performing {
                    return Ok(());
                }
                self.phase.is(Phase::AwaitingPerformance)?;
                self.enter(Phase::Performing, now + self.books.terms().performance_ms, ctx, now);
            }
            Cmd::Submit { number, work } => {
                role.is(Role::Seller)?;
                if self.books.has_work(*number, work) {
                    return Ok(());
                }
                self.phase.is(Phase::Performing)?;
                self.books.check_work(*number)?;
                self.books.submit(*number, work);
                self.enter(Phase::AwaitingAcceptance, now + self.books.terms().acceptance_ms, ctx, now);
            }
            Cmd::Accept => {
                role.is(Role::Buyer)?;
                if self.phase.is_accepted() {
                    return Ok(());
                }
                self.phase.is_acceptable()?;
                for (payee, amount) in self.books.split()?.into_iter().filter(|(_, amount)| *amount > 0) {
                    self.books.order(payee, amount, now);
                }
                self.enter(Phase::Paying, NEVER, ctx, now);
            }
            Cmd::Answer { tx, reference } => {
                role.is(Role::Gateway)?;
                if self.books.has_answer(*tx, reference)? {
                    return Ok(());
                }
                self.phase.is(Phase::Paying)?;
                let last = self.books.is_last();
                self.books.settle(*tx, reference, now);
                if last {
                    self.enter(Phase::Closed, NEVER, ctx, now);
                }
            }
            Cmd::Post { reference } => {
                if role == Role::Gateway {
                    return Err(Refused::Role);
                }
                if self.books.has_post(reference) {
                    return Ok(());
                }
                self.phase.is_open()?;
                self.books.post(reference, now);
            }
        }
        Ok(())
    }

    #[inline]
    fn enter(&mut self, phase: Phase, until: i64, ctx: &Ctx, now: i64) {
        self.books.leave(self.phase, until, &ctx.actor, now);
        self.phase = phase;
    }
}

pub struct Floor;

impl Peer for Floor {
    type Deal = Deal;
    type Step = Call;

    fn proposed() -> Deal {
        Deal::propose(Arc::new(world::terms()), &world::proposer())
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
        Figures::of(deal.phase == Phase::Closed, &deal.books)
    }
}
