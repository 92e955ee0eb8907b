//! The store: a payee's shop, which fills in what all its deals have in common.
//!
//! An order becomes the terms of a deal by [`Store::terms`]: the owner is the seller, and currency, fees and policy are
//! the store's as they are at that moment. A deal pins its terms, so that no later change of the store reaches it. There
//! is no consent step: whoever orders has agreed, and the store has by being open.
//!
//! The host asks for the terms and opens the deal in one transaction, under the lock of the store's version, so that a
//! store that is suspended meanwhile opens none.
//!
//! # Examples
//! ```
//! use escrow::terms::{Fee, FeePayee, Item, Payer};
//! use escrow::{Actor, Context, Currency, Deal, DealId, Machine, Money, Policy, Rate, Status, Time};
//! use escrow_market::store::command::Suspend;
//! use escrow_market::store::{Conditions, StoreDraft, StoreOrder, StoreTerms};
//! use escrow_market::{Store, StoreId};
//! use uuid::Uuid;
//!
//! let rate = Rate::from_ppm(50_000)?;
//! let fee = Fee::of_price("fee".parse()?, FeePayee::Platform, rate, Payer::Seller);
//! let draft = StoreDraft {
//!     owner: "anna".parse()?,
//!     name: "Anna's articles".parse()?,
//!     currency: Currency::RUB,
//!     contact: None,
//!     conditions: Conditions { fees: vec![fee], policy: Policy::shop(), destinations: vec![] },
//! };
//! let now = Time::parse("2026-03-01T12:00:00Z")?;
//! let operator = Context::new(now, Actor::Operator("olga".parse()?));
//! let id = StoreId::new(Uuid::nil());
//! let (mut store, _) = Store::open(id, StoreTerms::new(draft)?, &operator)?;
//!
//! let article = Item::new("Article".parse()?, Money::from_minor(100_00, Currency::RUB), 1);
//! let order = StoreOrder::new("boris".parse()?, vec![article]);
//! let terms = store.terms(&order)?;
//! // 5 % of 100 roubles
//! assert_eq!(terms.quote().payout, Money::from_minor(95_00, Currency::RUB));
//! let seller = Context::party(now, terms.seller.clone());
//! let (deal, _) = Deal::propose(DealId::new(Uuid::nil()), terms, &seller)?;
//! assert_eq!(deal.status(), Status::AwaitingDeposit);
//!
//! let _ = store.handle(&Suspend { reason: "complaints".parse()? }.into(), &operator)?;
//! assert_eq!(store.terms(&order).unwrap_err().code(), "store-not-open");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod command;
mod decide;
mod decode;
mod event;
mod rejection;
mod terms;

use std::sync::Arc;

use serde::{Deserialize, Serialize};

pub use self::command::{Command, CommandKind};
pub use self::decide::{Role, permitted};
pub use self::decode::{Parts, State};
pub use self::event::Event;
pub use self::rejection::Rejection;
pub use self::terms::{Conditions, StoreDraft, StoreOrder, StoreTerms};

use crate::{Follow, StoreId, destination};
use escrow::Context;
use escrow::machine::Progress;
use escrow::{Actor, DealId, Recorded, Terms, Time, Transition, names};

/// A store, with the conditions that are in force.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Store {
    id: StoreId,
    terms: Arc<StoreTerms>,
    state: State,
}

/// The status of a store.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Deals can be opened through it.
    Open,
    /// An operator refuses new ones for a while.
    Suspended,
    /// Its owner refuses new ones for good.
    Closed,
}

names! {
    /// Every status.
    Status, "the status of a store" {
        Open = "open",
        Suspended = "suspended",
        Closed = "closed",
    }
}

impl Store {
    /// Opens a store for its owner: an operator does, since the fees are the platform's.
    ///
    /// # Errors
    /// [`Rejection::UnknownActor`] for anybody else.
    pub fn open(
        id: StoreId,
        terms: impl Into<Arc<StoreTerms>>,
        context: &Context,
    ) -> Result<(Self, Transition<Self>), Rejection> {
        match &context.actor {
            Actor::Operator(_) => {}
            Actor::Party(_) | Actor::Moderator(_) | Actor::Gateway | Actor::Tracker | Actor::Clock => {
                return Err(Rejection::UnknownActor);
            }
        }
        let terms = terms.into();
        let first = Transition::first(context, Event::Opened { terms: terms.clone() });
        Ok((Self::begin(id, terms, context.now), first))
    }

    fn begin(id: StoreId, terms: Arc<StoreTerms>, at: Time) -> Self {
        let state = State {
            progress: Progress::begin(at),
            status: Status::Open,
            conditions_version: 1,
            conditions: Arc::new(terms.conditions.clone()),
        };
        Self { id, terms, state }
    }

    /// Its id.
    pub const fn id(&self) -> StoreId {
        self.id
    }

    /// What it was opened with.
    pub const fn opened_with(&self) -> &Arc<StoreTerms> {
        &self.terms
    }

    /// The version at the last event that a person caused: an actor's `seen` is compared with it.
    pub const fn revision(&self) -> u64 {
        self.state.progress.revision()
    }

    /// When it was opened.
    pub const fn created_at(&self) -> Time {
        self.state.progress.created_at()
    }

    /// Its status.
    pub const fn status(&self) -> Status {
        self.state.status
    }

    /// Fees and policy of the deals that are opened now.
    pub const fn conditions(&self) -> &Arc<Conditions> {
        &self.state.conditions
    }

    /// Which version of the conditions that is, counted from 1.
    pub const fn conditions_version(&self) -> u32 {
        self.state.conditions_version
    }

    /// What the deal of these terms is to be told once it is open: where its payees' money goes, as the conditions in force
    /// say. What is said again is a repeat.
    pub fn destinations(&self, deal: DealId, terms: &Terms) -> Vec<Follow> {
        destination::follows(&self.conditions().destinations, deal, terms)
    }

    /// The terms of an order's deal, under the conditions in force.
    ///
    /// # Errors
    /// [`Rejection::NotOpen`] while suspended or closed; [`Rejection::Terms`] names the field of the order, or of the
    /// fees, that breaks a rule.
    ///
    /// # Source
    /// Nalogka's shop: created with the order, without a consent step, the shop's profile being the seller.
    pub fn terms(&self, order: &StoreOrder) -> Result<Terms, Rejection> {
        match self.status() {
            Status::Open => Ok(Terms::new(self.terms.draft_for(self.conditions(), order))?),
            status @ (Status::Suspended | Status::Closed) => Err(Rejection::NotOpen { status }),
        }
    }
}

machine_by_rules!(Store, Command, Event, Rejection);

impl Store {
    /// The only place where it changes, live and on replay.
    fn fold(&mut self, recorded: &Recorded<Event>) {
        let state = &mut self.state;
        state.progress.count(recorded);
        match &recorded.event {
            // only ever the first event, which `begin` has folded
            Event::Opened { .. } => {}
            Event::ConditionsSet { version, conditions } => {
                state.conditions_version = *version;
                state.conditions = conditions.clone();
            }
            Event::Suspended { .. } => state.status = Status::Suspended,
            Event::Resumed {} => state.status = Status::Open,
            Event::Closed {} => state.status = Status::Closed,
        }
    }
}
