//! The project: a contract in milestones, each of which is a deal of its own.
//!
//! Both parties agree to the project once. Then every milestone becomes a deal, with its own deposit, acceptance and
//! dispute: 300 are paid while 600 are in escrow, and a quarrel about the second does not freeze the third.
//!
//! - **What it tells** is data: [`Project::follows`] of an event says which deal to open, with which terms, and which basket.
//!   The host's outbox delivers it as often as it likes.
//! - **What it hears** of its deals is a fact: [`Project::follow`] reads it from a deal, in whatever state that is found.
//!   Facts may come twice, late, and in any order.
//! - **Funding** one by one: the next milestone begins when the one before is accepted. After one that was not accepted
//!   the project halts, until the customer goes on, both agree to other milestones, or the time for that is over; then it
//!   is stopped. Funding upfront: all deals open at once, and a basket has a line for each.
//!   What a stop finds unpaid of them is called off, so that whatever comes in later goes back.
//! - **Amendments** are about the milestones that have not begun: a party proposes the list that is to come, the other
//!   agrees. Either party may stop the project: what runs, runs on.
//!
//! A project holds no money and has no dispute: all that is the deals'.
//!
//! # Examples
//! ```
//! use escrow::terms::Item;
//! use escrow::{Context, Currency, DealId, Machine, Money, Policy, Time};
//! use escrow_market::follow::{FollowCommand, MachineId};
//! use escrow_market::project::command::{Agree, Reached, Report};
//! use escrow_market::project::{Milestone, ProjectDraft, ProjectTerms};
//! use escrow_market::{Project, ProjectId};
//! use uuid::Uuid;
//!
//! let now = Time::parse("2026-03-01T12:00:00Z")?;
//! let eur = |minor| Money::from_minor(minor, Currency::EUR);
//! let deal = |n| DealId::new(Uuid::from_u128(n));
//! let milestone = |n| -> Result<Milestone, Box<dyn std::error::Error>> {
//!     Ok(Milestone::new(deal(n), vec![Item::new("A third of the site".parse()?, eur(300_00), 1)]))
//! };
//! let parties = ("anna".parse()?, "boris".parse()?);
//! let milestones = vec![milestone(1)?, milestone(2)?, milestone(3)?];
//! let draft =
//!     ProjectDraft::new(parties, "A site".parse()?, Currency::EUR, Policy::freelance(), milestones);
//! let anna = Context::party(now, "anna".parse()?);
//! let boris = Context::party(now, "boris".parse()?);
//! let (mut project, _) =
//!     Project::propose(ProjectId::new(Uuid::nil()), ProjectTerms::new(draft)?, &anna)?;
//!
//! let agreed = project.handle(&Agree { version: 1 }.into(), &boris)?;
//! let told: Vec<_> = agreed.events().iter().flat_map(|e| project.follows(&e.event)).collect();
//! // one deal to open; the second when the first is accepted
//! assert_eq!(told.len(), 1);
//! assert_eq!(told[0].to, MachineId::Deal(deal(1)));
//! assert!(matches!(told[0].command, FollowCommand::Open(_)));
//!
//! // what `project.follow(&deal)` gives, once the first is accepted
//! let fact = Report { deal: deal(1), reached: Reached::Accepted };
//! let next = project.handle(&fact.into(), &Context::clock(now))?;
//! let told: Vec<_> = next.events().iter().flat_map(|e| project.follows(&e.event)).collect();
//! assert_eq!(told[0].to, MachineId::Deal(deal(2)));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod command;
mod decide;
mod decode;
mod event;
mod rejection;
mod state;
mod stop;
mod terms;

use std::sync::Arc;

pub use self::command::{Command, CommandKind};
pub use self::decide::{Role, Timer, permitted};
pub use self::decode::{Parts, State};
pub use self::event::{Ending, Event};
pub use self::rejection::Rejection;
pub use self::state::{Fate, Proposal, Run, Standing, Status};
pub use self::stop::CallOff;
pub use self::terms::{Funding, Milestone, ProjectDraft, ProjectTerms};

use self::command::{Ended, Reached, Report};
use crate::ProjectId;
use crate::follow::Follow;
use escrow::deal::PhaseKind;
use escrow::{Actor, Context, Deal, DealId, Side, Time, Transition};

/// A contract in milestones. It holds no money.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Project {
    id: ProjectId,
    terms: Arc<ProjectTerms>,
    state: State,
}

impl Project {
    /// Proposes a project: a party does, and consents by it, or an operator for the customer.
    ///
    /// # Errors
    /// [`Rejection::UnknownActor`] for anybody else.
    pub fn propose(
        id: ProjectId,
        terms: impl Into<Arc<ProjectTerms>>,
        context: &Context,
    ) -> Result<(Self, Transition<Self>), Rejection> {
        let terms = terms.into();
        let by = match &context.actor {
            Actor::Party(id) if *id == terms.contractor => Side::Seller,
            Actor::Party(id) if *id == terms.customer => Side::Buyer,
            Actor::Operator(_) => Side::Buyer,
            Actor::Party(_) | Actor::Moderator(_) | Actor::Gateway | Actor::Tracker | Actor::Clock => {
                return Err(Rejection::UnknownActor);
            }
        };
        let until = context.now.plus_secs(terms.policy.proposal_s);
        let project = Self::begin(id, terms.clone(), by, until, context.now);
        Ok((project, Transition::first(context, Event::Proposed { terms, by, until })))
    }

    /// Its id.
    pub const fn id(&self) -> ProjectId {
        self.id
    }

    /// What was proposed first.
    pub const fn terms(&self) -> &Arc<ProjectTerms> {
        &self.terms
    }

    /// The version at the last event that a person caused: an actor's `seen` is compared with it.
    pub const fn revision(&self) -> u64 {
        self.state.progress.revision()
    }

    /// When it was proposed.
    pub const fn created_at(&self) -> Time {
        self.state.progress.created_at()
    }

    /// Its status.
    pub const fn status(&self) -> Status {
        self.state.phase.status()
    }

    /// The latest proposal, with what became of it.
    pub const fn proposal(&self) -> &Proposal {
        &self.state.proposal
    }

    /// The milestones that are agreed and have not begun, in order.
    pub fn planned(&self) -> &[Milestone] {
        &self.state.planned
    }

    /// The milestones that have begun, in order, and how far each is.
    pub fn begun(&self) -> &[Run] {
        &self.state.begun
    }

    /// What other machines are to be told because of an event: what belongs into the host's outbox, in the transaction that
    /// commits the event.
    /// Call it on the project after the event.
    pub fn follows(&self, event: &Event) -> Vec<Follow> {
        match event {
            Event::MilestoneBegun { deal, terms, .. } => vec![Follow::open_deal(*deal, terms.clone())],
            Event::BasketAsked { basket, draft } => vec![Follow::open_basket(*basket, draft.clone())],
            Event::Stopped { .. } => self.calls_off().collect(),
            Event::Proposed { .. }
            | Event::AmendmentProposed { .. }
            | Event::AmendmentWithdrawn { .. }
            | Event::Agreed { .. }
            | Event::MilestoneReached { .. }
            | Event::MilestoneLapsed { .. }
            | Event::Halted { .. }
            | Event::Continued { .. }
            | Event::Closed { .. } => Vec::new(),
        }
    }

    /// All that other machines may not have heard yet: the deals that are to be opened, the basket, and what a stop calls
    /// off. For a host without an outbox, and after a crash.
    pub fn pending(&self) -> impl Iterator<Item = Follow> + '_ {
        let deals = self.state.begun.iter().filter_map(|run| match &run.standing {
            Standing::Begun { terms, .. } => Some(Follow::open_deal(run.deal, terms.clone())),
            Standing::Lapsed | Standing::Reached(_) => None,
        });
        let basket = self.state.basket.as_ref().map(|asked| Follow::open_basket(asked.0, asked.1.clone()));
        deals.chain(basket).chain(self.calls_off())
    }

    /// Paid upfront, every deal is open at once: a stop ends those that are not paid.
    fn calls_off(&self) -> impl Iterator<Item = Follow> + '_ {
        let is_upfront = match self.terms.funding {
            Funding::Upfront { .. } => true,
            Funding::Each => false,
        };
        let stopped = self.state.stopped.iter().filter(move |_| is_upfront);
        stopped.flat_map(|stopped| {
            let running = self.state.begun.iter().filter(|run| run.runs());
            running.map(|run| Follow::call_off(run.deal, stopped.clone()))
        })
    }

    /// What a deal means for this project and is not known here yet. `None` where it is none of its milestones.
    ///
    /// Reads the deal as it is now, so that it does not matter which of its changes the project has heard of. Give the
    /// command as the clock.
    pub fn follow(&self, deal: &Deal) -> Option<Command> {
        let run = self.run(deal.id())?;
        // what is accepted waits in clearing before it is paid
        let clears = deal.phase().kind() == PhaseKind::Clearing;
        let reached = match deal.outcome() {
            Some(outcome) => Reached::Ended(Ended::of(outcome)),
            None if clears => Reached::Accepted,
            None => Reached::Opened,
        };
        let new = self.state.phase.is_open() && !run.knows(reached);
        new.then(|| Report { deal: deal.id(), reached }.into())
    }

    fn run(&self, deal: DealId) -> Option<&Run> {
        self.state.begun.iter().find(|run| run.deal == deal)
    }

    /// The role of an actor in this project; `None` for one that has no part in it.
    pub fn role_of(&self, actor: &Actor) -> Option<Role> {
        match actor {
            Actor::Party(id) if *id == self.terms.customer => Some(Role::Customer),
            Actor::Party(id) if *id == self.terms.contractor => Some(Role::Contractor),
            Actor::Operator(_) => Some(Role::Operator),
            Actor::Clock => Some(Role::Clock),
            Actor::Party(_) | Actor::Moderator(_) | Actor::Gateway | Actor::Tracker => None,
        }
    }
}
