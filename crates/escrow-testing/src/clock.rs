//! A clock that shows the same time until it is moved.

use std::sync::atomic::{AtomicI64, Ordering};

use escrow::Time;
use escrow::port::Clock;

/// A clock that is moved by hand, forwards or backwards.
#[derive(Debug)]
pub struct ManualClock(AtomicI64);

impl ManualClock {
    /// A clock that shows `now`.
    pub const fn new(now: Time) -> Self {
        Self(AtomicI64::new(now.millis()))
    }

    /// Shows another time from now on.
    pub fn set(&self, now: Time) {
        self.0.store(now.millis(), Ordering::SeqCst);
    }

    /// Moves forward by seconds.
    pub fn advance(&self, seconds: u32) {
        self.set(self.now().plus_secs(seconds));
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Time {
        Time::from_millis(self.0.load(Ordering::SeqCst)).unwrap_or(Time::MIN)
    }
}
