//! The agent without its ports: says what to do next, and is told how it went.

use super::cursor::Cursor;
use crate::deal::command::{Answered, Proposal};
use crate::deal::{Deal, PendingOrder, Rejection};
use crate::deposit::{ClientKey, TxId};
use crate::port::{Aggregate, Commit};
use crate::{Actor, Context, DealId, PartyId, Time, Transition};

/// Who submits a command: a [`Context`] that has no time yet, since the agent's clock tells it.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Caller {
    /// Who acts.
    pub actor: Actor,
    /// On whose behalf the call came in.
    pub via: Option<PartyId>,
    /// The revision that the actor has seen.
    pub seen: Option<u64>,
    /// The id by which the command is recognised when it is sent again.
    pub request_id: Option<ClientKey>,
}

impl Caller {
    /// A party to the deal.
    pub const fn party(id: PartyId) -> Self {
        Self { actor: Actor::Party(id), via: None, seen: None, request_id: None }
    }

    /// The revision that the actor has seen.
    #[must_use]
    pub fn seen(mut self, revision: u64) -> Self {
        self.seen = Some(revision);
        self
    }

    /// The id by which the command is recognised when it is sent again.
    #[must_use]
    pub fn request_id(mut self, id: ClientKey) -> Self {
        self.request_id = Some(id);
        self
    }

    /// On whose behalf the call came in.
    #[must_use]
    pub fn via(mut self, id: PartyId) -> Self {
        self.via = Some(id);
        self
    }

    /// The context: this caller at an instant.
    pub fn at(self, now: Time) -> Context {
        let Self { actor, via, seen, request_id } = self;
        let mut context = Context::new(now, actor);
        context.via = via;
        context.seen = seen;
        context.request_id = request_id;
        context
    }
}

impl From<Actor> for Caller {
    fn from(actor: Actor) -> Self {
        Self { actor, via: None, seen: None, request_id: None }
    }
}

/// What the agent has done.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Receipt {
    /// The machine's version before.
    pub from_version: u64,
    /// The machine's version after: the journal has every event in between.
    pub to_version: u64,
    /// Whether an order has no answer yet. If so, resume it later.
    pub has_pending: bool,
}

impl Receipt {
    pub(super) fn since<M: Aggregate>(from_version: u64, machine: &M) -> Self {
        let has_pending = machine.unanswered_from(TxId::new(0)).is_some();
        Self { from_version, to_version: machine.version(), has_pending }
    }
}

/// What to do next.
#[derive(Debug)]
pub enum Step<'s, M: Aggregate = Deal> {
    /// Commit this, then call [`Stepper::committed`]. If it fails, drop the stepper: the machine is untouched.
    Commit(Commit<'s, M>),
    /// Have the gateway carry this out, then call [`Stepper::executed`].
    Execute(PendingOrder<'s>),
    /// Nothing is left to do.
    Done,
}

/// A walk over what a command leads to: commit, execute, commit the answer, and so on. Owns no port.
///
/// The machine changes only once its commit is confirmed, so after a failure it is as the journal has it.
#[derive(Debug)]
#[must_use = "a stepper does nothing until it is stepped to its end"]
pub struct Stepper<'d, M: Aggregate = Deal> {
    machine: &'d mut M,
    cursor: Cursor<M>,
    from_version: u64,
}

impl<'d, M: Aggregate> Stepper<'d, M> {
    /// Stages a command: its events are to be committed, then its own orders executed.
    ///
    /// # Errors
    /// The machine refuses the command.
    pub fn submit(machine: &'d mut M, command: &M::Command, context: &Context) -> Result<Self, M::Rejection> {
        let mut cursor = Cursor::of_its_own(machine);
        cursor.stage(machine, command, context)?;
        let from_version = machine.version();
        Ok(Self { machine, cursor, from_version })
    }

    /// Goes through every order that has no answer yet, and fires what is due.
    ///
    /// # Errors
    /// A deal never refuses to wake: this is for the type only.
    pub fn resume(machine: &'d mut M, now: Time) -> Result<Self, M::Rejection> {
        let mut cursor = Cursor::of_all(machine);
        cursor.stage(machine, &M::wake(), &Context::clock(now))?;
        let from_version = machine.version();
        Ok(Self { machine, cursor, from_version })
    }

    /// What to do next.
    pub fn step(&self) -> Step<'_, M> {
        if let Some(commit) = self.cursor.commit(self.machine) {
            return Step::Commit(commit);
        }
        match self.cursor.order(self.machine) {
            Some(order) => Step::Execute(order),
            None => Step::Done,
        }
    }

    /// The commit is durable: the machine has it.
    pub fn committed(&mut self) {
        self.cursor.committed(self.machine);
    }

    /// The order that [`Step::Execute`] gave was carried out, or not. `None`: not known; it stays pending, and a
    /// later resume asks again under the same key.
    ///
    /// # Errors
    /// The machine refuses the answer: it names the transaction.
    pub fn executed(&mut self, answer: Option<Answered>, now: Time) -> Result<(), (TxId, M::Rejection)> {
        let Some(order) = self.cursor.order(self.machine).map(|order| order.number()) else {
            return Ok(());
        };
        self.cursor.passed(order);
        match answer {
            Some(result) => self.cursor.answered(self.machine, order, result, now).map_err(|e| (order, e)),
            None => Ok(()),
        }
    }

    /// Which machine.
    pub fn id(&self) -> M::Id {
        self.machine.id()
    }

    /// What was done so far.
    pub fn receipt(&self) -> Receipt {
        Receipt::since(self.from_version, self.machine)
    }
}

/// A new deal, staged: the first commit, and then whatever its creation leads to.
#[derive(Debug)]
pub(crate) struct Opening {
    pub(crate) deal: Deal,
    transition: Transition,
    recorded_at: Time,
}

impl Opening {
    pub(crate) fn new(id: DealId, proposal: Proposal, context: &Context) -> Result<Self, Rejection> {
        let (deal, transition) = Deal::propose(id, proposal, context)?;
        Ok(Self { deal, transition, recorded_at: context.now })
    }

    pub(crate) fn commit(&self) -> Commit<'_> {
        Commit {
            expected_version: 0,
            before: None,
            events: self.transition.events(),
            after: &self.deal,
            recorded_at: self.recorded_at,
        }
    }
}
