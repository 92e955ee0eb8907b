//! Shared by the tests of the deal: words, terms, commands, and a [`World`] that drives one deal and checks every
//! promise after every step.
#![allow(dead_code, unused_imports, missing_docs, unreachable_pub, reason = "each binary uses a part")]
#![allow(clippy::arithmetic_side_effects, clippy::indexing_slicing, clippy::panic)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::wildcard_enum_match_arm)]

mod checks;
mod commands;
mod drafts;
mod stories;
mod words;
mod world;

pub use self::checks::*;
pub use self::commands::*;
pub use self::drafts::*;
pub use self::stories::*;
pub use self::words::*;
pub use self::world::*;
