//! What leaves the deal for others: envelopes for journals and outboxes, summaries for indexes, and the objects and
//! calls of systems that others know.

#[cfg(feature = "postcard")]
pub mod compact;
mod envelope;
pub(crate) mod left_out;
#[cfg(feature = "nalogka")]
pub mod nalogka;
#[cfg(feature = "signature")]
pub mod signature;
mod summary;
mod tagged;
#[cfg(feature = "webmoney")]
pub mod webmoney;

pub use envelope::Envelope;
pub use summary::DealSummary;
pub(crate) use tagged::tagged;
