//! Disagreements: what a dispute is, and what it can end with.

mod award;

pub use award::{Award, DefaultRuling};
