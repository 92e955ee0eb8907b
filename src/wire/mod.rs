//! What leaves the deal for others: envelopes for journals and outboxes, summaries for indexes.

mod envelope;
pub(crate) mod left_out;
pub(crate) mod short;
mod summary;

pub use envelope::Envelope;
pub use summary::DealSummary;
