//! What leaves the deal for others: envelopes for journals and outboxes, summaries for indexes, and the objects and
//! calls of systems that others know.

mod envelope;
#[cfg(feature = "nalogka")]
pub mod nalogka;
#[cfg(feature = "signature")]
pub mod signature;
mod summary;
#[cfg(feature = "webmoney")]
pub mod webmoney;

pub use envelope::Envelope;
pub use summary::DealSummary;
