//! One invocation: what a machine does with what it is sent.
//!
//! Whatever is not the same at a second run of the same code is journalled: the time, and what the gateway says. All else
//! follows from what the server gives, so an invocation that is taken up again goes the same way to where it was interrupted.

use std::fmt::Display;

use escrow::agent::{Step, Stepper};
use escrow::deal::PendingOrder;
use escrow::deal::command::Answered;
use escrow::machine::Recorded;
use escrow::port::{Clock, PaymentGateway};
use escrow::{Actor, Context, Deal, Time, TxId};
use escrow_host::Problem;
use escrow_market::follow::MachineId;
use restate_sdk::context::RequestTarget;
use restate_sdk::prelude::*;
use serde::{Deserialize, Serialize};

use crate::alarm;
use crate::engine::Inner;
use crate::kept::{Kept, target};
use crate::messages::{Act, Delivery, Done, Open, Refused, Wake};

/// The state key of the machine, as the core writes it.
const MACHINE: &str = "machine";

/// A machine's turn, with all that it needs.
pub(crate) struct Turn<'t, G, C> {
    pub(crate) ctx: &'t ObjectContext<'t>,
    pub(crate) engine: &'t Inner<G, C>,
}

/// What the gateway has said, and when.
#[derive(Serialize, Deserialize)]
struct Told {
    /// `None`: what became of the order is not known.
    answer: Option<Answered>,
    at: Time,
}

/// What a machine is asked to do.
pub(crate) enum Task<M: Kept> {
    Command(M::Command, Context),
    /// What is due, and every order without an answer; the question was asked so many times.
    CatchUp(u32),
}

/// A rejection, or a failure of the invocation.
pub(crate) enum Failed<R> {
    Rejected(R),
    Handler(HandlerError),
}

impl<R> From<HandlerError> for Failed<R> {
    fn from(error: HandlerError) -> Self {
        Self::Handler(error)
    }
}

impl<R> From<TerminalError> for Failed<R> {
    fn from(error: TerminalError) -> Self {
        Self::Handler(error.into())
    }
}

/// A problem as an error that is not tried again: its status, and the whole of it as JSON.
pub(crate) fn terminal(problem: &Problem) -> HandlerError {
    let text = serde_json::to_string(problem).unwrap_or_else(|_| problem.code.clone());
    TerminalError::new_with_code(problem.status, text).into()
}

/// What is stored cannot be read, or cannot be written: a person has to look into it, and the invocation waits.
fn unreadable(error: impl Display) -> HandlerError {
    std::io::Error::other(error.to_string()).into()
}

async fn now<'t, C: Clock + Sync>(ctx: &'t ObjectContext<'t>, clock: &'t C) -> HandlerResult<Time> {
    let Json(now) = ctx.run(move || async move { Ok(Json(clock.now())) }).name("now").await?;
    Ok(now)
}

/// Carries an order out. It may run again after a crash, under the same key: the order says that it may have been sent.
async fn execute<'t, G, C>(
    ctx: &'t ObjectContext<'t>,
    engine: &'t Inner<G, C>,
    order: PendingOrder<'t>,
) -> HandlerResult<Told>
where
    G: PaymentGateway<Error: Display>,
    C: Clock + Sync,
{
    let Json(told) = ctx
        .run(move || async move {
            // not known is an answer, too: the order is asked about again, and holds nothing else up
            let answer = engine.gateway.execute(order).await.ok();
            Ok(Json(Told { answer, at: engine.clock.now() }))
        })
        .name("gateway")
        .await?;
    Ok(told)
}

impl<'t, G, C> Turn<'t, G, C>
where
    G: PaymentGateway<Error: Display>,
    C: Clock + Sync,
{
    pub(crate) async fn now(&self) -> HandlerResult<Time> {
        now(self.ctx, &self.engine.clock).await
    }

    pub(crate) async fn stored<M: Kept>(&self) -> HandlerResult<Option<M>> {
        let Some(bytes) = self.ctx.get::<Vec<u8>>(MACHINE).await? else { return Ok(None) };
        serde_json::from_slice(&bytes).map(Some).map_err(unreadable)
    }

    pub(crate) async fn loaded<M: Kept>(&self) -> HandlerResult<M> {
        self.stored().await?.ok_or_else(|| terminal(&Problem::not_found()))
    }

    fn put<M: Kept>(&self, machine: &M) -> HandlerResult<()> {
        self.ctx.set(MACHINE, serde_json::to_vec(machine).map_err(unreadable)?);
        Ok(())
    }

    pub(crate) async fn open<M: Kept>(&self, open: Open<M::Opening>) -> HandlerResult<Json<Done>> {
        if self.stored::<M>().await?.is_some() {
            let problem = Problem::new(
                409,
                "id-taken",
                "Not as things are now",
                "The id is taken: choose another one.",
            );
            return Err(terminal(&problem));
        }
        let Open { opening, by, followers } = open;
        match self.begin::<M>(opening, by, followers).await {
            Ok(done) => Ok(Json(done)),
            Err(Failed::Rejected(rejection)) => Err(terminal(&M::problem(&rejection))),
            Err(Failed::Handler(error)) => Err(error),
        }
    }

    pub(crate) async fn begin<M: Kept>(
        &self,
        opening: M::Opening,
        by: Actor,
        followers: Vec<MachineId>,
    ) -> Result<Done, Failed<M::Rejection>> {
        let id = self.ctx.key().parse::<M::Id>().map_err(|_| {
            terminal(&Problem::new(
                422,
                "id",
                "The request is wrong",
                "The key is no id of this kind of machine.",
            ))
        })?;
        let now = self.now().await?;
        let (machine, events) = M::open(id, opening, &Context::new(now, by)).map_err(Failed::Rejected)?;
        for follower in followers {
            self.add(follower).await?;
        }
        self.put(&machine)?;
        if let Some(name) = machine.name() {
            for deal in machine.deals() {
                let target = RequestTarget::object(Deal::SERVICE, deal.to_string(), "followed_by");
                let _ = self.ctx.request::<_, ()>(target, Json(name)).send();
            }
        }
        Ok(self.finish(&machine, 0, &events, Vec::new(), None, now).await?)
    }

    pub(crate) async fn act<M: Kept>(&self, act: Act<M::Command>) -> HandlerResult<Json<Done>> {
        let machine = self.loaded::<M>().await?;
        let now = self.now().await?;
        let (command, context) = act.into_parts(now);
        let tells_a_fact = match context.actor {
            Actor::Gateway | Actor::Tracker => true,
            Actor::Party(_) | Actor::Operator(_) | Actor::Moderator(_) | Actor::Clock => false,
        };
        let from = machine.clone();
        match self.run(machine, Task::Command(command, context), now).await {
            Ok(done) => Ok(Json(done)),
            Err(Failed::Rejected(rejection)) => {
                let problem = M::problem(&rejection);
                if tells_a_fact {
                    self.note(&from, from.version(), &[], vec![refused(None, &problem)], now)?;
                }
                Err(terminal(&problem))
            }
            Err(Failed::Handler(error)) => Err(error),
        }
    }

    pub(crate) async fn wake<M: Kept>(&self, wake: Wake) -> HandlerResult<Json<bool>> {
        if !alarm::rings(self.ctx, wake).await? {
            return Ok(Json(false));
        }
        let machine = self.loaded::<M>().await?;
        let now = self.now().await?;
        // the deadline has moved, or the server's clock is ahead of this one: another wake is sent, and nothing is done
        if machine.next_deadline().is_none_or(|deadline| deadline > now) {
            alarm::set(self.ctx, &machine, now).await?;
            return Ok(Json(false));
        }
        self.clock_runs(machine, M::wake(), now).await?;
        Ok(Json(true))
    }

    pub(crate) async fn ask<M: Kept>(&self, asked: u32) -> HandlerResult<Json<bool>> {
        if !alarm::asks(self.ctx, asked).await? {
            return Ok(Json(false));
        }
        let machine = self.loaded::<M>().await?;
        let now = self.now().await?;
        match self.run(machine, Task::CatchUp(asked), now).await {
            Ok(_) => Ok(Json(true)),
            Err(Failed::Rejected(rejection)) => Err(terminal(&M::problem(&rejection))),
            Err(Failed::Handler(error)) => Err(error),
        }
    }

    async fn clock_runs<M: Kept>(&self, machine: M, command: M::Command, now: Time) -> HandlerResult<()> {
        match self.run(machine, Task::Command(command, Context::clock(now)), now).await {
            Ok(_) => Ok(()),
            Err(Failed::Rejected(rejection)) => Err(terminal(&M::problem(&rejection))),
            Err(Failed::Handler(error)) => Err(error),
        }
    }

    /// Judges, puts, carries out, and puts again, until nothing is left to do.
    pub(crate) async fn run<M: Kept>(
        &self,
        mut machine: M,
        task: Task<M>,
        now: Time,
    ) -> Result<Done, Failed<M::Rejection>> {
        let (from_version, mut at) = (machine.version(), now);
        let (mut events, mut wrong) = (Vec::new(), Vec::new());
        let (stepper, asked) = match &task {
            Task::Command(command, context) => (Stepper::submit(&mut machine, command, context), None),
            Task::CatchUp(asked) => (Stepper::resume(&mut machine, now), Some(*asked)),
        };
        let mut stepper = stepper.map_err(Failed::Rejected)?;
        loop {
            match stepper.step() {
                Step::Commit(commit) => {
                    self.put(commit.after)?;
                    events.extend(commit.events.iter().cloned());
                    stepper.committed();
                }
                Step::Execute(order) => {
                    // what was put before is durable with this step: money moves on it
                    let _ = self.now().await?;
                    // a step may run again after a crash, so nobody knows that it was never sent
                    let order = order.sent(order.ordered_at, asked.unwrap_or(1));
                    let Told { answer, at: told_at } = execute(self.ctx, self.engine, order).await?;
                    at = told_at;
                    if let Err((tx, rejection)) = stepper.executed(answer, told_at) {
                        wrong.push(refused(Some(tx), &M::problem(&rejection)));
                    }
                }
                Step::Done => break,
            }
        }
        drop(stepper);
        Ok(self.finish(&machine, from_version, &events, wrong, asked, at).await?)
    }

    /// Sees to it that the machine is woken and its orders asked about, and tells whoever is to hear of what happened.
    async fn finish<M: Kept>(
        &self,
        machine: &M,
        from_version: u64,
        events: &[Recorded<M::Event>],
        wrong: Vec<Refused>,
        asked: Option<u32>,
        now: Time,
    ) -> HandlerResult<Done> {
        alarm::set(self.ctx, machine, now).await?;
        alarm::ask_again(self.ctx, self.engine, machine, asked, now).await?;
        for follow in events.iter().flat_map(|recorded| machine.tells(recorded)) {
            let (service, key) = target(follow.to);
            let delivery = Json(Delivery { follow, from: machine.name(), tries: 0 });
            let _ =
                self.ctx.request::<_, ()>(RequestTarget::object(service, key, "deliver"), delivery).send();
        }
        if let Some(MachineId::Deal(deal)) = machine.name()
            && !events.is_empty()
        {
            for follower in self.followers().await? {
                self.tell_follower(follower, deal);
            }
        }
        self.note(machine, from_version, events, wrong.clone(), now)?;
        Ok(done(machine, from_version, wrong))
    }

    /// Tells the lists.
    fn note<M: Kept>(
        &self,
        machine: &M,
        from_version: u64,
        events: &[Recorded<M::Event>],
        refused: Vec<Refused>,
        recorded_at: Time,
    ) -> HandlerResult<()> {
        if !self.engine.lists || events.is_empty() && refused.is_empty() {
            return Ok(());
        }
        let note = crate::messages::Note {
            kind: M::KIND.to_owned(),
            id: machine.id().to_string(),
            from_version,
            events: serde_json::to_value(events).map_err(unreadable)?,
            after: serde_json::to_value(machine).map_err(unreadable)?,
            recorded_at,
            refused,
        };
        let key = format!("{}/{}", note.kind, note.id);
        let _ = self.ctx.request::<_, ()>(RequestTarget::object("Lists", key, "note"), Json(note)).send();
        Ok(())
    }
}

fn refused(order: Option<TxId>, problem: &Problem) -> Refused {
    Refused { order: order.map(TxId::number), code: problem.code.clone(), detail: problem.detail.clone() }
}

fn done<M: Kept>(machine: &M, from_version: u64, refused: Vec<Refused>) -> Done {
    let listing = machine.listing();
    Done {
        from_version,
        version: machine.version(),
        status: listing.status.to_owned(),
        next_deadline: listing.next_deadline,
        has_pending: listing.pending_since.is_some(),
        refused,
    }
}

/// How a machine stands, for whoever looks at it while it works.
pub(crate) async fn look<M: Kept>(ctx: &SharedObjectContext<'_>) -> HandlerResult<Json<Done>> {
    let Json(machine) = state::<M>(ctx).await?;
    Ok(Json(done(&machine, machine.version(), Vec::new())))
}

/// The machine as it was put last.
pub(crate) async fn state<M: Kept>(ctx: &SharedObjectContext<'_>) -> HandlerResult<Json<M>> {
    let Some(bytes) = ctx.get::<Vec<u8>>(MACHINE).await? else {
        return Err(terminal(&Problem::not_found()));
    };
    serde_json::from_slice(&bytes).map(Json).map_err(unreadable)
}
