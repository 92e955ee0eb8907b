//! Disagreements: what a dispute is, and what it can end with.

mod award;
#[expect(clippy::module_inception, reason = "one idea per file; the idea has the module's name")]
mod dispute;

pub use award::{Award, DefaultRuling};
pub use dispute::{Dispute, DisputeStage, DisputeStatus, Opener};
