//! What one machine tells another, as data.
//!
//! A machine that has to tell another something says so by its events: `follows` of an event is what the host puts into its
//! outbox, in the transaction that commits the event. The outbox delivers it at least once, and in any order; every command
//! here is recognised when it comes again. What is told to a machine that is not open yet, or is refused, stays
//! in the outbox and is tried again: a deal that is closed hears of a chargeback only after its payment. What is refused and
//! no longer among [`Basket::follows_all`](crate::Basket::follows_all) was superseded, and is dropped: that a chargeback was
//! won, once it is lost after all. The other way round a machine reads what it must know of a deal from the deal itself, in
//! whatever state that is found: [`Balance::follow`](crate::Balance::follow),
//! [`Offer::follow`](crate::Offer::follow), [`Project::follow`](crate::Project::follow),
//! [`Basket::follow`](crate::Basket::follow).

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::basket::BasketDraft;
use crate::{Balance, Basket, Offer, Project, balance, basket, offer, project};
use crate::{BalanceId, BasketId, OfferId, ProjectId};
use escrow::deal::command::SetDestination;
use escrow::{Actor, Deal, DealId, PartyId, Terms};

/// Which machine is told.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MachineId {
    /// A deal.
    Deal(DealId),
    /// A balance.
    Balance(BalanceId),
    /// An offer.
    Offer(OfferId),
    /// A project.
    Project(ProjectId),
    /// A basket.
    Basket(BasketId),
}

/// What it is told.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FollowCommand {
    /// A deal is to be opened with these terms, to which both have agreed: [`Deal::propose`](escrow::Deal::propose) by an
    /// operator. One that is open already has heard it.
    Open(Arc<Terms>),
    /// A basket is to be opened, by the clock. One that is open already has heard it.
    OpenBasket(Arc<BasketDraft>),
    /// A deal gets a command.
    Deal(Box<escrow::Command>),
    /// A deal gets a payee's choice, for which the store or the offer vouches.
    Choose {
        /// Which party's; absent: the platform's, given by an operator of the host's.
        by: Option<PartyId>,
        /// The choice.
        choice: SetDestination,
    },
    /// A balance is credited.
    Credit(balance::command::Credit),
    /// A balance is debited.
    Debit(balance::command::Debit),
    /// An offer's count changes.
    Offer(offer::Command),
    /// A project hears of a deal.
    Project(project::command::Report),
    /// A basket hears of a deal.
    Basket(basket::command::Leave),
    /// A project is stopped: a deal that is not paid is called off, by an operator of the host's.
    CallOff(project::CallOff),
}

/// What one machine tells another: delivered by the host's outbox as often as it likes, in any order.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Follow {
    /// To which machine.
    pub to: MachineId,
    /// What.
    pub command: FollowCommand,
}

impl Follow {
    /// This machine is told this.
    pub const fn new(to: MachineId, command: FollowCommand) -> Self {
        Self { to, command }
    }

    /// A deal is to be opened.
    pub const fn open_deal(deal: DealId, terms: Arc<Terms>) -> Self {
        Self::new(MachineId::Deal(deal), FollowCommand::Open(terms))
    }

    /// A basket is to be opened.
    pub const fn open_basket(basket: BasketId, draft: Arc<BasketDraft>) -> Self {
        Self::new(MachineId::Basket(basket), FollowCommand::OpenBasket(draft))
    }

    /// A deal gets a command.
    pub fn deal(deal: DealId, command: impl Into<escrow::Command>) -> Self {
        Self::new(MachineId::Deal(deal), FollowCommand::Deal(Box::new(command.into())))
    }

    /// A deal is called off, where it was not paid when its project was stopped.
    pub const fn call_off(deal: DealId, stopped: project::CallOff) -> Self {
        Self::new(MachineId::Deal(deal), FollowCommand::CallOff(stopped))
    }

    /// What a deal means for a balance and is not known there yet.
    pub fn to_balance<'d>(balance: &'d Balance, deal: &'d Deal) -> impl Iterator<Item = Self> + 'd {
        let to = MachineId::Balance(balance.id());
        balance.follow(deal).filter_map(move |command| {
            let command = if let balance::Command::Credit(credit) = command {
                FollowCommand::Credit(credit)
            } else if let balance::Command::Debit(debit) = command {
                FollowCommand::Debit(debit)
            } else {
                return None;
            };
            Some(Self::new(to, command))
        })
    }

    /// What a deal means for an offer and is not known there yet.
    pub fn to_offer(offer: &Offer, deal: &Deal) -> Option<Self> {
        let command = offer.follow(deal)?;
        Some(Self::new(MachineId::Offer(offer.id()), FollowCommand::Offer(command)))
    }

    /// What a deal means for a project and is not known there yet.
    pub fn to_project(project: &Project, deal: &Deal) -> Option<Self> {
        let project::Command::Report(report) = project.follow(deal)? else { return None };
        Some(Self::new(MachineId::Project(project.id()), FollowCommand::Project(report)))
    }

    /// What a deal means for a basket and is not known there yet.
    pub fn to_basket(basket: &Basket, deal: &Deal) -> Option<Self> {
        let basket::Command::Leave(leave) = basket.follow(deal)? else { return None };
        Some(Self::new(MachineId::Basket(basket.id()), FollowCommand::Basket(leave)))
    }

    /// Who gives the command: facts about money are the gateway's, all else is the clock's. `None` where an operator of the
    /// host's does: where a deal is to be opened or called off, and for what is the platform's.
    pub fn actor(&self) -> Option<Actor> {
        match &self.command {
            FollowCommand::Open(_) | FollowCommand::CallOff(_) => None,
            FollowCommand::Deal(_) => Some(Actor::Gateway),
            FollowCommand::Choose { by, .. } => by.clone().map(Actor::Party),
            FollowCommand::Credit(_)
            | FollowCommand::Debit(_)
            | FollowCommand::Offer(_)
            | FollowCommand::OpenBasket(_)
            | FollowCommand::Project(_)
            | FollowCommand::Basket(_) => Some(Actor::Clock),
        }
    }
}
