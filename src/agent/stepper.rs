//! The agent without its ports: says what to do next, and is told how it went.

use std::sync::Arc;

use crate::deal::command::{Answer, Answered, Wake};
use crate::deal::{Command, Deal, PendingOrder, Rejection};
use crate::deposit::{ClientKey, TxId};
use crate::port::Commit;
use crate::terms::Terms;
use crate::{Actor, DealId, PartyId, Time};
use crate::{Context, Transition};

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
    /// The deal's version before.
    pub from_version: u64,
    /// The deal's version after: the journal has every event in between.
    pub to_version: u64,
    /// Whether an order has no answer yet. If so, resume the deal later.
    pub has_pending: bool,
}

impl Receipt {
    pub(super) fn since(from_version: u64, deal: &Deal) -> Self {
        Self { from_version, to_version: deal.version(), has_pending: deal.has_pending() }
    }
}

/// What to do next.
#[derive(Debug)]
pub enum Step<'s> {
    /// Commit this, then call [`Stepper::committed`]. If it fails, drop the stepper: the deal is untouched.
    Commit(Commit<'s>),
    /// Have the gateway carry this out, then call [`Stepper::executed`].
    Execute(PendingOrder<'s>),
    /// Nothing is left to do.
    Done,
}

/// A cursor over what a command leads to: commit, execute, commit the answer, and so on. Owns no port.
///
/// The deal changes only once its commit is confirmed, so after a failure it is as the journal has it.
#[derive(Debug)]
#[must_use = "a stepper does nothing until it is stepped to its end"]
pub struct Stepper<'d> {
    deal: &'d mut Deal,
    staged: Option<Staged>,
    /// Orders from this number on are still to be executed in this run.
    next: TxId,
    from_version: u64,
}

#[derive(Debug)]
struct Staged {
    after: Deal,
    transition: Transition,
    expected_version: u64,
    recorded_at: Time,
}

impl<'d> Stepper<'d> {
    /// Stages a command: its events are to be committed, then its own orders executed.
    ///
    /// # Errors
    /// The deal refuses the command.
    pub fn submit(deal: &'d mut Deal, command: &Command, context: &Context) -> Result<Self, Rejection> {
        let next = after_last(deal);
        let from_version = deal.version();
        let mut stepper = Self { deal, staged: None, next, from_version };
        stepper.stage(command, context)?;
        Ok(stepper)
    }

    /// Goes through every order that has no answer yet, and fires what is due.
    ///
    /// # Errors
    /// A deal never refuses to wake: this is for the type only.
    pub fn resume(deal: &'d mut Deal, now: Time) -> Result<Self, Rejection> {
        let from_version = deal.version();
        let mut stepper = Self { deal, staged: None, next: TxId::new(0), from_version };
        stepper.stage(&Command::Wake(Wake {}), &Context::clock(now))?;
        Ok(stepper)
    }

    /// What to do next.
    pub fn step(&self) -> Step<'_> {
        if let Some(staged) = &self.staged {
            return Step::Commit(Commit {
                expected_version: staged.expected_version,
                before: Some(&*self.deal),
                events: staged.transition.events(),
                after: &staged.after,
                recorded_at: staged.recorded_at,
            });
        }
        match self.deal.pending().find(|order| order.key.transaction >= self.next) {
            Some(order) => Step::Execute(order),
            None => Step::Done,
        }
    }

    /// The commit is durable: the deal has it.
    pub fn committed(&mut self) {
        if let Some(staged) = self.staged.take() {
            *self.deal = staged.after;
        }
    }

    /// The order that [`Step::Execute`] gave was carried out, or not. `None`: not known; it stays pending, and a
    /// later resume asks again under the same key.
    ///
    /// # Errors
    /// The deal refuses the answer: it names the transaction.
    pub fn executed(&mut self, answer: Option<Answered>, now: Time) -> Result<(), (TxId, Rejection)> {
        let current = self.deal.pending().find(|order| order.key.transaction >= self.next);
        let Some(transaction) = current.map(|order| order.key.transaction) else {
            return Ok(());
        };
        self.next = TxId::new(transaction.number().saturating_add(1));
        match answer {
            Some(result) => {
                let command = Command::Answer(Answer { transaction, result });
                self.stage(&command, &Context::gateway(now)).map_err(|rejection| (transaction, rejection))
            }
            None => Ok(()),
        }
    }

    /// What was done so far.
    pub fn receipt(&self) -> Receipt {
        Receipt::since(self.from_version, self.deal)
    }

    fn stage(&mut self, command: &Command, context: &Context) -> Result<(), Rejection> {
        let mut after = self.deal.clone();
        let transition = after.handle(command, context)?;
        if !transition.is_empty() {
            let expected_version = self.deal.version();
            self.staged = Some(Staged { after, transition, expected_version, recorded_at: context.now });
        }
        Ok(())
    }
}

fn after_last(deal: &Deal) -> TxId {
    let last = deal.transactions().last().map_or(0, |t| t.id().number());
    TxId::new(last.saturating_add(1))
}

/// A new deal, staged: the first commit, and then whatever its creation leads to.
#[derive(Debug)]
pub(crate) struct Opening {
    pub(crate) deal: Deal,
    transition: Transition,
    recorded_at: Time,
}

impl Opening {
    pub(crate) fn new(id: DealId, terms: Arc<Terms>, context: &Context) -> Result<Self, Rejection> {
        let (deal, transition) = Deal::propose(id, terms, context)?;
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
