//! What one machine tells another, as data.
//!
//! A machine that has to tell another something says so by its events: `follows` of an event is what the host puts into its
//! outbox, in the transaction that commits the event. The outbox delivers it at least once, and in any order; every command
//! here is recognised when it comes again. What is told to a machine that is not open yet stays in the outbox until it is. The other way round a machine reads what it must know of a deal from the deal
//! itself, in whatever state that is found: [`Balance::follow`](crate::Balance::follow),
//! [`Offer::follow`](crate::Offer::follow), [`Project::follow`](crate::Project::follow),
//! [`Basket::follow`](crate::Basket::follow).

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::basket::BasketDraft;
use crate::{BalanceId, OfferId, ProjectId};
use crate::{BasketId, balance, basket, offer, project};
use escrow::deal::command::SetDestination;
use escrow::{Actor, DealId, PartyId, Terms};

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

    /// Who gives the command: facts about money are the gateway's, all else is the clock's. `None` where an operator of the
    /// host's does: where a deal is to be opened, and for what is the platform's.
    pub fn actor(&self) -> Option<Actor> {
        match &self.command {
            FollowCommand::Open(_) => None,
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
