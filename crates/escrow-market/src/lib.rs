//! What a marketplace has beside its deals. Each is a [`Machine`](escrow::Machine) of the same shape as the deal: decide,
//! then fold; effects as data; deadlines that need no scheduler; a snapshot that is checked when it is read.
//!
//! - An [`Offer`] is a count that many may take; every take yields the terms of a deal.
//! - A [`Balance`] is what a payee has in the system: credited by settled legs, paid out by withdrawals, each confirmed
//!   by a [code].
//! - A [`PayeeProfile`] knows where a payee's money may go, each destination confirmed by a code.
//! - A [`Store`] fills in what all the deals of a shop have in common.
//! - A [`Subscription`] charges a payer for every period of a plan, each once.
//!
//! And two that hold no state of their own:
//! - A [`Router`] is several payment gateways as one: the payer chooses a method, and refunds go back to the gateway that
//!   took the money.
//! - [`notice`] says whom to tell what of an event; the words and the channel are the host's.

#![forbid(unsafe_code)]

#[macro_use]
mod stored;

pub mod balance;
pub mod code;
mod id;
pub mod notice;
pub mod offer;
pub mod payee;
pub mod router;
pub mod store;
pub mod subscription;

pub use balance::Balance;
pub use id::{BalanceId, OfferId, StoreId, SubscriptionId};
pub use offer::Offer;
pub use payee::PayeeProfile;
pub use router::Router;
pub use store::Store;
pub use subscription::Subscription;

/// Whether a field is left out, because it is its type's default.
fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}
