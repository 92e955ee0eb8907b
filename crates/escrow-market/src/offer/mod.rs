//! The offer: what somebody sells or buys, for many to take, a count each. Every take yields the terms of a deal.
//!
//! A take reserves its count until its deal is open, and then until that deal is concluded or has ended. Each take is
//! ended by a timer of the offer or by its deal, which always ends, so that no count is stuck; and at every step
//! `total = available + reserved + concluded`.
//!
//! The host carries the facts: in one transaction it opens the deal of a take ([`Offer::proposal`]) and tells the offer
//! so ([`Offer::follow`]); it does the same after every later change of the deal.
//!
//! # Examples
//! ```
//! use escrow::terms::Item;
//! use escrow::{Context, Currency, Deal, DealId, Machine, Money, Policy, Side, Time};
//! use escrow_market::offer::{OfferDraft, OfferTerms, Status, command::Take};
//! use escrow_market::{Offer, OfferId};
//! use uuid::Uuid;
//!
//! // ten units at 75 roubles each
//! let subject = Item::new("WMZ".parse()?, Money::from_minor(75_00, Currency::RUB), 10);
//! let draft = OfferDraft::new("anna".parse()?, Side::Seller, subject, Policy::guarantee());
//! let now = Time::parse("2026-03-01T12:00:00Z")?;
//! let (anna, boris) = (Context::party(now, "anna".parse()?), Context::party(now, "boris".parse()?));
//! let (mut offer, _) = Offer::publish(OfferId::new(Uuid::nil()), OfferTerms::new(draft)?, &anna)?;
//!
//! let id = DealId::new(Uuid::from_u128(1));
//! let take = Take { deal: id, count: 4, purse: None, contact: None };
//! let _ = offer.handle(&take.into(), &boris)?;
//! assert_eq!((offer.available(), offer.reserved(), offer.concluded()), (6, 4, 0));
//!
//! // the take's proposal: boris buys four for 300 roubles
//! let terms = offer.proposal(id)?;
//! assert_eq!(terms.quote().deposit, Money::from_minor(300_00, Currency::RUB));
//! let (deal, _) = Deal::propose(id, terms, &boris)?;
//! let fact = offer.follow(&deal).ok_or("the deal stands")?;
//! let _ = offer.handle(&fact, &Context::clock(now))?;
//!
//! assert_eq!(offer.next_deadline(), None); // the deal has deadlines of its own
//! assert_eq!(offer.status(), Status::Open);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod command;
mod decide;
mod decode;
mod event;
mod rejection;
mod takes;
mod terms;

use std::sync::Arc;

use serde::{Deserialize, Serialize};

pub use self::command::{Command, CommandKind};
pub use self::decide::{Role, permitted};
pub use self::decode::{Parts, State};
pub use self::event::Event;
pub use self::rejection::Rejection;
pub use self::takes::{Take, TakeStage};
pub use self::terms::{OfferDraft, OfferTerms};

use self::takes::{Known, Takes};
use crate::destination::DefaultDestination;
use crate::{Follow, OfferId, destination};
use escrow::machine::{Context, Progress};
use escrow::{
    Actor, Deal, DealId, Destination, PartyId, Payee, Recorded, Side, Terms, Time, Transition, names,
};

/// An offer, with every count that is reserved or concluded.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Offer {
    id: OfferId,
    terms: Arc<OfferTerms>,
    progress: Progress,
    mode: Mode,
    takes: Takes,
}

/// What its owner has decided; the rest of the status is derived.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Mode {
    Open,
    Paused,
    Closed,
}

/// The status of an offer.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// It can be taken.
    Open,
    /// Its owner refuses takes for a while.
    Paused,
    /// The whole count is reserved or concluded; what comes back opens it again.
    Exhausted,
    /// Its owner refuses takes for good; open takes run on.
    Closed,
}

names! {
    /// Every status.
    Status, "the status of an offer" {
        Open = "open",
        Paused = "paused",
        Exhausted = "exhausted",
        Closed = "closed",
    }
}

impl Offer {
    /// The most takes that are reserved and concluded at one time; the concluded ones are kept for the limit per taker
    /// and for [`Offer::takes`]. Those that were given back do not count: only the latest 64 are known, for a late
    /// repeat.
    ///
    /// A snapshot grows with these takes, and so does the copy on which a take lapses; no other command costs more.
    pub const MAX_TAKES: usize = 10_000;

    /// Publishes an offer: its owner does, or an operator for the owner.
    ///
    /// # Errors
    /// [`Rejection::UnknownActor`] for anybody else.
    pub fn publish(
        id: OfferId,
        terms: impl Into<Arc<OfferTerms>>,
        context: &Context,
    ) -> Result<(Self, Transition<Self>), Rejection> {
        let terms = terms.into();
        match &context.actor {
            Actor::Party(id) if *id == terms.owner => {}
            Actor::Operator(_) => {}
            Actor::Party(_) | Actor::Moderator(_) | Actor::Gateway | Actor::Tracker | Actor::Clock => {
                return Err(Rejection::UnknownActor);
            }
        }
        let offer = Self::begin(id, terms.clone(), context.now);
        Ok((offer, Transition::first(context, Event::Published { terms })))
    }

    fn begin(id: OfferId, terms: Arc<OfferTerms>, at: Time) -> Self {
        Self { id, terms, progress: Progress::begin(at), mode: Mode::Open, takes: Takes::default() }
    }

    /// Its id.
    pub const fn id(&self) -> OfferId {
        self.id
    }

    /// What is offered.
    pub const fn terms(&self) -> &Arc<OfferTerms> {
        &self.terms
    }

    /// The version at the last event that a person caused: an actor's `seen` is compared with it.
    pub const fn revision(&self) -> u64 {
        self.progress.revision()
    }

    /// When it was published. WebMoney `Created`.
    pub const fn created_at(&self) -> Time {
        self.progress.created_at()
    }

    /// Its status.
    pub fn status(&self) -> Status {
        match self.mode {
            Mode::Open if self.available() == 0 => Status::Exhausted,
            Mode::Open => Status::Open,
            Mode::Paused => Status::Paused,
            Mode::Closed => Status::Closed,
        }
    }

    /// How many units there are in all: what is available, reserved and concluded.
    pub fn total(&self) -> u32 {
        self.terms.subject.quantity
    }

    /// How many units nobody has.
    pub fn available(&self) -> u32 {
        // never saturates: every take is checked against it, and so is every snapshot
        self.total().saturating_sub(self.reserved()).saturating_sub(self.concluded())
    }

    /// How many units are taken by deals that do not stand yet or may still be concluded.
    pub const fn reserved(&self) -> u32 {
        self.takes.reserved()
    }

    /// How many units are gone.
    pub const fn concluded(&self) -> u32 {
        self.takes.concluded()
    }

    /// The take of this deal, while its count is reserved or concluded.
    pub fn take(&self, deal: DealId) -> Option<&Take> {
        match self.takes.find(deal)? {
            Known::Held(take) => Some(take),
            Known::Returned(_) => None,
        }
    }

    /// Every take whose count is reserved or concluded, by the ids of their deals. WebMoney `OfferUserInfo`.
    pub fn takes(&self) -> impl ExactSizeIterator<Item = &Take> {
        self.takes.held()
    }

    /// How many units this party has reserved and concluded.
    pub fn held_by(&self, taker: &PartyId) -> u32 {
        self.takes.held_by(taker)
    }

    /// How many more units this party may take now, as far as counts are concerned.
    pub fn left_for(&self, taker: &PartyId) -> u32 {
        let of_limit = self.terms.max_per_taker.map(|max| max.saturating_sub(self.held_by(taker)));
        self.available().min(of_limit.unwrap_or(u32::MAX))
    }

    /// The terms of a take's deal: owner and taker on their sides, the count as the quantity. They were checked when the
    /// count was taken, so that they cannot fail later.
    ///
    /// # Errors
    /// [`Rejection::UnknownTake`], or [`Rejection::TakeReturned`] where its count is not reserved any more.
    pub fn proposal(&self, deal: DealId) -> Result<Terms, Rejection> {
        match self.takes.find(deal).ok_or(Rejection::UnknownTake { deal })? {
            Known::Held(take) => Ok(self.terms.terms_for(&take.taker, take.contact.as_ref(), take.count)?),
            Known::Returned(_) => Err(Rejection::TakeReturned { deal }),
        }
    }

    /// What the deal of a take is to be told once it is open: where its payees' money goes, the seller's to the seller's
    /// purse if nothing else is said. What is said again is a repeat.
    pub fn destinations(&self, deal: DealId, terms: &Terms) -> Vec<Follow> {
        let purse = match self.terms.side {
            Side::Seller => self.terms.purse.as_ref(),
            Side::Buyer => self.take(deal).and_then(|take| take.purse.as_ref()),
        };
        let mut all = self.terms.destinations.clone();
        if let Some(purse) = purse.filter(|_| !all.iter().any(|known| known.payee == Payee::Seller)) {
            all.push(DefaultDestination::new(Payee::Seller, Destination::Wallet(purse.clone())));
        }
        destination::follows(&all, deal, terms)
    }

    /// What a deal means for its take: it is open, it is concluded, or it has ended without being concluded. `None`
    /// where no take has its id, and where the offer knows already.
    ///
    /// Reads the deal as it is now, so that it does not matter which of its changes the offer has heard of. Give the
    /// command as the clock. If it is refused with [`Rejection::TakeReturned`], the deal came too late and its count
    /// may be gone: cancel the deal.
    pub fn follow(&self, deal: &Deal) -> Option<Command> {
        let id = deal.id();
        let known = self.takes.find(id)?;
        let fact = if deal.is_concluded() {
            Command::Conclude(command::Conclude { deal: id })
        } else if deal.outcome().is_some() {
            Command::GiveBack(command::GiveBack { deal: id })
        } else {
            Command::Propose(command::Propose { deal: id })
        };
        (!decide::heard(known, &fact)).then_some(fact)
    }
}

machine_by_rules!(Offer, Command, Event, Rejection);

impl Offer {
    /// The only place where it changes, live and on replay.
    fn fold(&mut self, recorded: &Recorded<Event>) {
        self.progress.count(recorded);
        match &recorded.event {
            // only ever the first event, which `begin` has folded
            Event::Published { .. } => {}
            Event::Taken { deal, taker, count, purse, contact, until } => {
                // new, or it would not have been taken
                self.takes.insert(Take {
                    deal: *deal,
                    taker: taker.clone(),
                    count: *count,
                    purse: purse.clone(),
                    contact: contact.clone(),
                    at: recorded.at,
                    stage: TakeStage::Waiting { until: *until },
                });
            }
            Event::Proposed { deal } => self.takes.advance(*deal, TakeStage::Proposed),
            Event::Concluded { deal, .. } => self.takes.advance(*deal, TakeStage::Concluded),
            Event::GivenBack { deal, .. } | Event::Lapsed { deal, .. } => self.takes.give_back(*deal),
            Event::Paused {} => self.mode = Mode::Paused,
            Event::Resumed {} => self.mode = Mode::Open,
            Event::Closed {} => self.mode = Mode::Closed,
        }
    }
}
