//! What leaves the deal for others: envelopes for journals and outboxes, summaries for indexes.

mod envelope;
mod summary;

pub use envelope::Envelope;
pub use summary::DealSummary;
