//! A repository in memory for all the machines of a marketplace.

use super::{MemoryRepository, SinkFault};
use escrow::port::{self, Commit, CommitError, blocking};
use escrow::{Deal, Time};
use escrow_market::{Balance, Basket, Offer, Project, Store, Subscription};

/// Deals and what stands beside them, in memory: what one agent drives, and an [`Outbox`](escrow_market::Outbox) delivers to.
#[derive(Debug, Default)]
pub struct MemoryMachines {
    /// The deals.
    pub deals: MemoryRepository<Deal>,
    /// The balances.
    pub balances: MemoryRepository<Balance>,
    /// The baskets.
    pub baskets: MemoryRepository<Basket>,
    /// The offers.
    pub offers: MemoryRepository<Offer>,
    /// The projects.
    pub projects: MemoryRepository<Project>,
    /// The stores.
    pub stores: MemoryRepository<Store>,
    /// The subscriptions.
    pub subscriptions: MemoryRepository<Subscription>,
}

impl MemoryMachines {
    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }
}

/// The ports, by the field that has the machines of a kind.
macro_rules! ports {
    ($($machine:ident: $field:ident),+ $(,)?) => {$(
        impl port::Repository<$machine> for MemoryMachines {
            type Error = SinkFault;

            async fn commit(&self, commit: Commit<'_, $machine>) -> Result<(), CommitError<SinkFault>> {
                port::Repository::commit(&self.$field, commit).await
            }

            async fn load(
                &self,
                id: <$machine as port::Aggregate>::Id,
            ) -> Result<Option<$machine>, SinkFault> {
                port::Repository::load(&self.$field, id).await
            }

            async fn due(
                &self,
                now: Time,
                limit: u32,
            ) -> Result<Vec<<$machine as port::Aggregate>::Id>, SinkFault> {
                port::Repository::due(&self.$field, now, limit).await
            }

            async fn unanswered(
                &self,
                before: Time,
                limit: u32,
            ) -> Result<Vec<<$machine as port::Aggregate>::Id>, SinkFault> {
                port::Repository::unanswered(&self.$field, before, limit).await
            }
        }

        impl blocking::Repository<$machine> for MemoryMachines {
            type Error = SinkFault;

            fn commit(&self, commit: Commit<'_, $machine>) -> Result<(), CommitError<SinkFault>> {
                blocking::Repository::commit(&self.$field, commit)
            }

            fn load(&self, id: <$machine as port::Aggregate>::Id) -> Result<Option<$machine>, SinkFault> {
                blocking::Repository::load(&self.$field, id)
            }

            fn due(
                &self,
                now: Time,
                limit: u32,
            ) -> Result<Vec<<$machine as port::Aggregate>::Id>, SinkFault> {
                blocking::Repository::due(&self.$field, now, limit)
            }

            fn unanswered(
                &self,
                before: Time,
                limit: u32,
            ) -> Result<Vec<<$machine as port::Aggregate>::Id>, SinkFault> {
                blocking::Repository::unanswered(&self.$field, before, limit)
            }
        }
    )+};
}

ports! {
    Deal: deals,
    Balance: balances,
    Basket: baskets,
    Offer: offers,
    Project: projects,
    Store: stores,
    Subscription: subscriptions,
}
