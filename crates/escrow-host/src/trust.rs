//! Whether a host's clock is believed: a deadline that fired by a wrong one is irrevocable.

use std::time::Duration;

use escrow::Time;
use tokio::time::Instant;

/// Holds a clock against the storage's and against the time that has really passed.
#[derive(Clone, Debug)]
pub(crate) struct ClockTrust {
    bound: Option<Duration>,
    /// The clock and the monotonic time when the clock was last believed.
    believed: Option<(Time, Instant)>,
    /// How far it was ahead of the storage's clock when somebody looked and found it right.
    ahead_ms: u64,
    /// Somebody has looked, and nothing was judged since.
    looked: bool,
}

pub(crate) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

impl ClockTrust {
    pub(crate) const fn within(bound: Option<Duration>) -> Self {
        Self { bound, believed: None, ahead_ms: 0, looked: false }
    }

    pub(crate) const fn is_bound(&self) -> bool {
        self.bound.is_some()
    }

    pub(crate) fn looked(&mut self, now: Time) {
        self.believed = Some((now, Instant::now()));
        self.looked = true;
    }

    /// `storage`: the time by its clock, if it has one.
    pub(crate) fn believes(&mut self, now: Time, storage: Option<Time>) -> bool {
        let Some(bound) = self.bound else { return true };
        let real = Instant::now();
        if let Some((then, really)) = self.believed {
            let passed = millis(real.saturating_duration_since(really).saturating_add(bound));
            if now > then.plus_millis(passed) {
                return false;
            }
        }
        if let Some(storage) = storage {
            let ahead = u64::try_from(now.millis().saturating_sub(storage.millis())).unwrap_or(0);
            if self.looked {
                self.ahead_ms = ahead;
            }
            if ahead > self.ahead_ms.saturating_add(millis(bound)) {
                return false;
            }
        }
        self.looked = false;
        self.believed = Some((now, real));
        true
    }
}
