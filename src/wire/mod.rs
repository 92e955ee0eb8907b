//! What leaves the deal for others: envelopes for journals and outboxes, summaries for indexes.

mod envelope;
#[cfg(feature = "signature")]
pub mod signature;
mod summary;
#[cfg(feature = "webmoney")]
pub mod webmoney;

pub use envelope::Envelope;
pub use summary::DealSummary;
