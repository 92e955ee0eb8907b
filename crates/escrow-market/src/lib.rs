//! What a marketplace has beside its deals.

#![forbid(unsafe_code)]

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
