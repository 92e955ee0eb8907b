//! What a host tests itself with: [`Given`] a deal, when a command comes, then this follows; [scenarios](scenario) as
//! data; fakes of the four ports, with a gateway that misbehaves as it is told; [suites](conformance) for a host's own
//! adapters. With the feature `proptest` also strategies for a host's own properties.
//!
//! `docs/testing.md` has a worked example of each.

#![forbid(unsafe_code)]

mod clock;
pub mod conformance;
mod gateway;
mod given;
mod machines;
mod repository;
pub mod scenario;
mod sink;
#[cfg(feature = "proptest")]
pub mod strategies;
mod tracker;

pub use clock::ManualClock;
pub use gateway::{Behaviour, Execution, Rule, ScriptedGateway, TimedOut, Told};
pub use given::{Given, Then};
pub use machines::MemoryMachines;
pub use repository::MemoryRepository;
pub use sink::{MemorySink, SinkFault};
pub use tracker::HandTracker;

use std::str::FromStr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use escrow::TextError;

/// The value, even where another test panicked while it had it.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A text or an id of this crate's own.
#[expect(clippy::panic, reason = "no text of ours breaks a rule")]
fn known<T: FromStr<Err = TextError>>(text: &str) -> T {
    text.parse().unwrap_or_else(|error| panic!("{text:?}: {error}"))
}
