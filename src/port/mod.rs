//! The ports by which a host brings time, money, tracking and storage. Async is the native form; an implementor
//! writes `async fn`. [`blocking`] has the twins.

mod aggregate;
mod backlog;
pub mod blocking;
mod clock;
mod gateway;
mod repository;
mod sink;
mod tracker;

pub use aggregate::{Aggregate, AggregateId, Listing};
pub use backlog::{
    Attempt, Backlog, Backlogged, ClientReceipt, Incident, MachineKey, Parcel, Tallied, Tally, Wait, Wanted,
};
pub use clock::Clock;
#[cfg(feature = "system-clock")]
pub use clock::SystemClock;
pub use gateway::{CheckoutForm, CheckoutRequest, FormMethod, PaymentGateway};
pub use repository::{Loaded, Repository, Written};
pub use sink::{Commit, CommitError, EventSink, OwnedCommit};
pub use tracker::Tracker;
