//! The clock.

use crate::Time;

/// Tells the time. A step back does no harm: inside a deal time never runs backwards.
pub trait Clock {
    /// The time now.
    fn now(&self) -> Time;
}

impl<C: Clock + ?Sized> Clock for &C {
    fn now(&self) -> Time {
        (**self).now()
    }
}

/// The machine's clock. The only place where the library may read it, and only behind the feature `system-clock`.
#[cfg(feature = "system-clock")]
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

#[cfg(feature = "system-clock")]
impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the one adapter that reads the clock")]
    fn now(&self) -> Time {
        // a machine whose clock is out of the calendar is at its start: time inside a deal does not run backwards
        Time::try_from(chrono::Utc::now()).unwrap_or(Time::MIN)
    }
}
