//! What an engine must know of a kind of machine.

use std::sync::Arc;

use escrow::deal::command::Proposal;
use escrow::machine::{Events, Machine, Recorded};
use escrow::port::Aggregate;
use escrow::{Context, Deal, DealId};
use escrow_host::Problem;
use escrow_market::basket::BasketDraft;
use escrow_market::follow::{Follow, FollowCommand, MachineId};
use escrow_market::offer::OfferTerms;
use escrow_market::project::ProjectTerms;
use escrow_market::store::StoreTerms;
use escrow_market::subscription::SubscriptionTerms;
use escrow_market::{Balance, Basket, Offer, Project, Store, Subscription};
use escrow_store::Storable;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::messages::Holding;

/// A kind of machine that an [`Engine`](crate::Engine) keeps.
pub trait Kept: Storable + 'static {
    /// The name of its service.
    const SERVICE: &'static str;

    /// What it begins with.
    type Opening: Serialize + DeserializeOwned + Send + Sync + 'static;

    /// A new machine, and its first events.
    ///
    /// # Errors
    /// The rejection of its kind.
    fn open(
        id: Self::Id,
        opening: Self::Opening,
        context: &Context,
    ) -> Result<(Self, Events<Self::Event>), Self::Rejection>;

    /// A rejection as a client gets it.
    fn problem(rejection: &Self::Rejection) -> Problem;

    /// Its name among the machines that tell one another something; `None`: it takes no part in that.
    fn name(&self) -> Option<MachineId>;

    /// What this means for a machine of its kind; `None`: it is addressed to another kind.
    fn delivered(command: &FollowCommand) -> Option<Delivered<Self>>;

    /// What it tells others because of this event, which it has seen.
    fn tells(&self, recorded: &Recorded<Self::Event>) -> Vec<Follow>;

    /// The deals that it follows from its beginning.
    fn deals(&self) -> Vec<DealId> {
        Vec::new()
    }

    /// What a deal, in whatever state it is found, means for it and is not known to it yet.
    fn hears(&self, deal: &Deal) -> Vec<Self::Command>;
}

/// What a delivery means.
pub enum Delivered<M: Kept> {
    /// The machine is opened; one that is open already has heard it.
    Open(M::Opening),
    /// It gets a command.
    Command(<M as Machine>::Command),
    /// It gets a command that depends on how it is found, or none.
    Read(Box<Reading<M>>),
}

/// What a machine is to do, as it is found.
type Reading<M> = dyn Fn(&M) -> Option<<M as Machine>::Command> + Send;

/// The service and the key of a machine.
pub fn target(machine: MachineId) -> (&'static str, String) {
    match machine {
        MachineId::Deal(id) => (Deal::SERVICE, id.to_string()),
        MachineId::Balance(id) => (Balance::SERVICE, id.to_string()),
        MachineId::Offer(id) => (Offer::SERVICE, id.to_string()),
        MachineId::Project(id) => (Project::SERVICE, id.to_string()),
        MachineId::Basket(id) => (Basket::SERVICE, id.to_string()),
    }
}

/// What all have in common: `kept! { Offer, "Offers", Arc<OfferTerms>, Offer::publish { what is its own } }`.
macro_rules! kept {
    ($machine:ident, $service:literal, $opening:ty, $open:expr, { $($own:tt)* }) => {
        impl Kept for $machine {
            const SERVICE: &'static str = $service;
            type Opening = $opening;

            fn open(
                id: <Self as Aggregate>::Id,
                opening: $opening,
                context: &Context,
            ) -> Result<(Self, Events<Self::Event>), Self::Rejection> {
                let (machine, first) = $open(id, opening, context)?;
                Ok((machine, first.into_events()))
            }

            fn problem(rejection: &Self::Rejection) -> Problem {
                Problem::rejected(rejection.class(), rejection.code(), rejection.to_string())
            }

            $($own)*
        }
    };
}

/// Of a machine that is told nothing and tells nothing.
macro_rules! alone {
    () => {
        fn name(&self) -> Option<MachineId> {
            None
        }

        fn delivered(_: &FollowCommand) -> Option<Delivered<Self>> {
            None
        }

        tells_nothing!();

        fn hears(&self, _: &Deal) -> Vec<Self::Command> {
            Vec::new()
        }
    };
}

macro_rules! tells_nothing {
    () => {
        fn tells(&self, _: &Recorded<Self::Event>) -> Vec<Follow> {
            Vec::new()
        }
    };
}

kept! { Deal, "Deals", Proposal, Deal::propose, {
    fn name(&self) -> Option<MachineId> {
        Some(MachineId::Deal(self.id()))
    }

    fn delivered(command: &FollowCommand) -> Option<Delivered<Self>> {
        match command {
            FollowCommand::Open(terms) => Some(Delivered::Open(Proposal::new(terms.clone()))),
            FollowCommand::Deal(command) => Some(Delivered::Command((**command).clone())),
            FollowCommand::Choose { choice, .. } => Some(Delivered::Command(choice.clone().into())),
            FollowCommand::OpenBasket(_)
            | FollowCommand::Credit(_)
            | FollowCommand::Debit(_)
            | FollowCommand::Offer(_)
            | FollowCommand::Project(_)
            | FollowCommand::Basket(_) => None,
            FollowCommand::CallOff(stop) => {
                let stop = stop.clone();
                Some(Delivered::Read(Box::new(move |deal: &Deal| stop.cancels(deal).map(Into::into))))
            }
        }
    }

    // who follows it, is told by the engine
    tells_nothing!();

    fn hears(&self, _: &Deal) -> Vec<Self::Command> {
        Vec::new()
    }
}}

kept! { Offer, "Offers", Arc<OfferTerms>, Offer::publish, {
    fn name(&self) -> Option<MachineId> {
        Some(MachineId::Offer(self.id()))
    }

    fn delivered(command: &FollowCommand) -> Option<Delivered<Self>> {
        if let FollowCommand::Offer(command) = command { Some(Delivered::Command(command.clone())) } else { None }
    }

    tells_nothing!();

    fn hears(&self, deal: &Deal) -> Vec<Self::Command> {
        self.follow(deal).into_iter().collect()
    }
}}

kept! { Project, "Projects", Arc<ProjectTerms>, Project::propose, {
    fn name(&self) -> Option<MachineId> {
        Some(MachineId::Project(self.id()))
    }

    fn delivered(command: &FollowCommand) -> Option<Delivered<Self>> {
        if let FollowCommand::Project(report) = command { Some(Delivered::Command((*report).into())) } else { None }
    }

    fn tells(&self, recorded: &Recorded<Self::Event>) -> Vec<Follow> {
        self.follows(&recorded.event)
    }

    fn hears(&self, deal: &Deal) -> Vec<Self::Command> {
        self.follow(deal).into_iter().collect()
    }
}}

kept! { Basket, "Baskets", Arc<BasketDraft>, Basket::open, {
    fn name(&self) -> Option<MachineId> {
        Some(MachineId::Basket(self.id()))
    }

    fn delivered(command: &FollowCommand) -> Option<Delivered<Self>> {
        if let FollowCommand::OpenBasket(draft) = command {
            Some(Delivered::Open(draft.clone()))
        } else if let FollowCommand::Basket(leave) = command {
            Some(Delivered::Command((*leave).into()))
        } else {
            None
        }
    }

    fn tells(&self, recorded: &Recorded<Self::Event>) -> Vec<Follow> {
        self.follows(&recorded.event)
    }

    fn deals(&self) -> Vec<DealId> {
        self.lines().map(|line| line.deal).collect()
    }

    fn hears(&self, deal: &Deal) -> Vec<Self::Command> {
        self.follow(deal).into_iter().collect()
    }
}}

kept! { Balance, "Balances", Holding, |id, of: Holding, context: &Context| Self::open(id, of.holder, of.currency, of.policy, context), {
    fn name(&self) -> Option<MachineId> {
        Some(MachineId::Balance(self.id()))
    }

    fn delivered(command: &FollowCommand) -> Option<Delivered<Self>> {
        if let FollowCommand::Credit(credit) = command {
            Some(Delivered::Command((*credit).into()))
        } else if let FollowCommand::Debit(debit) = command {
            Some(Delivered::Command(debit.clone().into()))
        } else {
            None
        }
    }

    tells_nothing!();

    fn hears(&self, deal: &Deal) -> Vec<Self::Command> {
        self.follow(deal).collect()
    }
}}

kept! { Store, "Stores", Arc<StoreTerms>, Store::open, { alone!(); } }

kept! { Subscription, "Subscriptions", Arc<SubscriptionTerms>, Subscription::subscribe, { alone!(); } }
