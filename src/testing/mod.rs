//! Fakes of the four ports, and scenarios that drive deals through them. Feature `testing`.

mod clock;
pub mod conformance;
mod gateway;
mod given;
pub mod scenario;
mod sink;
#[cfg(feature = "proptest")]
pub mod strategies;
mod tracker;

pub use clock::ManualClock;
pub use gateway::{Behaviour, Execution, Rule, ScriptedGateway, TimedOut};
pub use given::{Given, Then};
pub use sink::{MemorySink, SinkFault};
pub use tracker::HandTracker;

use std::sync::{Mutex, MutexGuard, PoisonError};

/// The value, even where another test panicked while it had it.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
