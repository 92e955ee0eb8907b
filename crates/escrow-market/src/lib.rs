//! What a marketplace has beside its deals. Each is a [`Machine`](escrow::Machine) of the same shape as the deal: decide,
//! then fold; effects as data; deadlines that need no scheduler; a snapshot that is checked when it is read.
//!
//! - An [`Offer`] is a count that many may take; every take yields the terms of a deal.
//! - A [`Balance`] is what a payee has in the system: credited by settled legs, paid out by withdrawals, each confirmed
//!   by a [code].
//! - A [`PayeeProfile`] knows where a payee's money may go, each destination confirmed by a code.
//! - A [`Store`] fills in what all the deals of a shop have in common.
//! - A [`Project`] is a contract in milestones, each of which becomes a deal.
//! - A [`Basket`] is one payment for several deals: a cart with several sellers, or milestones that are paid upfront.
//! - A [`Subscription`] charges a payer for every period of a plan, each once.
//!
//! What one tells another is data: a [`Follow`], which the host's outbox delivers as often as it likes, by an [`Outbox`]. One
//! agent drives all of them, on one repository, with one gateway: each is an [`Aggregate`](escrow::port::Aggregate).
//!
//! And two that hold no state of their own:
//! - A [`Router`] is several payment gateways as one: the payer chooses a method, and refunds go back to the gateway that
//!   took the money.
//! - [`notice`] says whom to tell what of an event; the words and the channel are the host's.

#![forbid(unsafe_code)]

#[macro_use]
mod stored;

mod aggregate;
pub mod balance;
pub mod basket;
mod chargeback;
pub mod code;
pub mod destination;
pub mod follow;
mod id;
pub mod notice;
pub mod offer;
pub mod outbox;
pub mod payee;
pub mod project;
pub mod router;
mod shares;
pub mod store;
pub mod subscription;

pub use balance::Balance;
pub use basket::Basket;
pub use follow::Follow;
pub use id::{BalanceId, BasketId, OfferId, ProjectId, StoreId, SubscriptionId};
pub use offer::Offer;
pub use outbox::{Outbox, Undelivered};
pub use payee::PayeeProfile;
pub use project::Project;
pub use router::Router;
pub use store::Store;
pub use subscription::Subscription;

/// Whether a field is left out, because it is its type's default.
fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}
