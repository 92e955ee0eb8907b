//! The four ports by which a host brings time, money, tracking and storage. Async is the native form; an implementor
//! writes `async fn`. [`blocking`] has the twins.

pub mod blocking;
mod clock;
mod gateway;
mod sink;
mod tracker;

pub use clock::Clock;
#[cfg(feature = "system-clock")]
pub use clock::SystemClock;
pub use gateway::{CheckoutForm, CheckoutRequest, FormMethod, PaymentGateway};
pub use sink::{Commit, CommitError, EventSink};
pub use tracker::Tracker;
