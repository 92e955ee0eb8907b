//! The deal: one aggregate for the whole life, from the proposal to the last payout.
//!
//! [`transition`] judges a command: a rule pushes events, and every event is folded at once into the deal that the rule
//! reads. [`Deal::apply`] is that fold, live and on replay: it changes and decides nothing.

mod access;
mod agreement;
mod allowed;
mod apply;
mod books;
mod clockwork;
pub mod command;
mod draft;
mod event;
mod guard;
mod pending;
mod phase;
mod preview;
mod quarrel;
mod rejection;
mod repeat;
mod rules;
mod snapshot;
mod table;
mod timers;
mod transition;
mod view;
mod words;
mod work;

use std::sync::Arc;

use serde::{Deserialize, Serialize};

pub use self::access::Access;
pub use self::agreement::Consents;
pub use self::allowed::{Allowed, Denied};
pub use self::books::{Case, CasePart, Cause, Debt, PayeeDestination};
pub use self::clockwork::StatusChange;
pub use self::command::{Command, CommandKind};
pub use self::event::{DepositChange, Event, Paused};
pub use self::guard::Guard;
pub use self::pending::PendingOrder;
pub use self::phase::{Origin, Phase, PhaseKind, Stage, Status};
pub use self::rejection::{AnswerKind, Contradiction, Rejection};
pub use self::snapshot::Parts;
pub use self::table::{Permit, cell, leads};
pub use self::timers::{Passed, Timer};
pub use self::transition::transition;

use self::agreement::Agreement;
use self::books::Books;
use self::clockwork::Clockwork;
use self::command::Proposal;
use self::draft::Draft;
use self::quarrel::Quarrel;
use self::work::Work;
use crate::deposit::TransactionState;
use crate::machine;
use crate::terms::Terms;
use crate::{Actor, Context, DealId, Machine, Money, Side, Time};

/// A deal's event with who made it happen and when it counts, unless it is said which [`Machine`]'s.
pub type Recorded<E = Event> = machine::Recorded<E>;

/// What a command to a deal leads to, unless it is said which [`Machine`]'s.
pub type Transition<M = Deal> = machine::Transition<M>;

type Events = machine::Events<Event>;

/// A deal between a buyer and a seller, with the money that is held for them.
///
/// Cheap to clone: the terms are shared, the rest is small.
#[derive(Clone, PartialEq, Eq)]
pub struct Deal {
    id: DealId,
    terms: Arc<Terms>,
    /// While an amendment waits for consent: the terms that both have agreed to, which bind until then.
    agreed: Option<Arc<Terms>>,
    state: State,
}

/// All that commands change of a deal, in its parts, as it is stored. Small; it does not grow with the history.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct State {
    clockwork: Clockwork,
    agreement: Agreement,
    books: Books,
    #[serde(default, skip_serializing_if = "crate::stored::left_out::is_default")]
    work: Work,
    #[serde(default, skip_serializing_if = "crate::stored::left_out::is_default")]
    quarrel: Quarrel,
}

impl Deal {
    /// Creates a deal: proposed, or awaiting its deposit where creation implies consent.
    ///
    /// The buyer, the seller or an operator (a store, on the seller's behalf) may propose. A deal in which nothing
    /// is to be deposited moves on at once. Terms alone are a [`Proposal`]; it can take documents and destinations along.
    ///
    /// # Errors
    /// [`Rejection::UnknownActor`] for anybody else; what is wrong with a document, and [`Rejection::NotYourMoney`] for a
    /// destination of somebody else that no operator vouches for.
    pub fn propose(
        id: DealId,
        proposal: impl Into<Proposal>,
        context: &Context,
    ) -> Result<(Self, Transition), Rejection> {
        let Proposal { terms, documents, destinations } = proposal.into();
        let side = match &context.actor {
            Actor::Party(id) if *id == terms.buyer => Some(Side::Buyer),
            Actor::Party(id) if *id == terms.seller => Some(Side::Seller),
            Actor::Operator(_) => None,
            Actor::Party(_) | Actor::Moderator(_) | Actor::Gateway | Actor::Tracker | Actor::Clock => {
                return Err(Rejection::UnknownActor);
            }
        };
        let (consents, phase) = rules::proposal::propose(&terms, side, context.now);
        let first = Recorded {
            at: context.now,
            actor: context.actor.clone(),
            via: context.via.clone(),
            event: Event::Proposed { terms: terms.clone(), consents, phase },
        };
        let mut deal = Self::start(id, terms, &first, consents, phase);
        let mut events = Events::new();
        events.push(first);
        let stamp = (context.now, &context.actor, context.via.as_ref());
        let mut draft = Draft::in_place(&mut deal, &mut events, stamp);
        rules::proposal::take_along(&mut draft, &documents, &destinations, side)?;
        rules::funding::advance(&mut draft);
        Ok((deal, Transition::new(events, None)))
    }
}

/// Each is the deal's own function of the same name.
impl Machine for Deal {
    type Command = Command;
    type Event = Event;
    type Rejection = Rejection;

    fn version(&self) -> u64 {
        self.version()
    }

    fn last_at(&self) -> Time {
        self.last_at()
    }

    fn next_deadline(&self) -> Option<Time> {
        self.next_deadline()
    }

    fn decide(&self, command: &Command, context: &Context) -> Result<Transition, Rejection> {
        transition(self, command, context)
    }

    fn apply(&mut self, recorded: &Recorded) {
        self.apply(recorded);
    }

    fn handle(&mut self, command: &Command, context: &Context) -> Result<Transition, Rejection> {
        self.handle(command, context)
    }
}

impl std::fmt::Debug for Deal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Deal {} v{} {}", self.id, self.version(), self.status())?;
        for deposit in self.deposits() {
            let b = &deposit.buckets;
            if b.received > 0 {
                let currency = deposit.required.currency();
                let money = |minor| Money::from_minor(minor, currency);
                write!(f, "; {}: held {} of {}", deposit.id, money(b.held), deposit.required)?;
                if b.reserved > 0 {
                    write!(f, ", reserved {}", money(b.reserved))?;
                }
            }
        }
        let pending =
            self.transactions().iter().filter(|t| matches!(t.state, TransactionState::Pending)).count();
        if pending > 0 {
            write!(f, "; {pending} pending")?;
        }
        Ok(())
    }
}
