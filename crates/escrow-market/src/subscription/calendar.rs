//! Calendar arithmetic: periods are counted from an anchor, in UTC.

use std::fmt;

use chrono::{Datelike, Days, Months};
use serde::{Deserialize, Serialize};

use escrow::Time;
use escrow::terms::Problem;

/// How long a period of a plan is, on the calendar and in UTC.
///
/// The n-th period always starts n lengths after the *anchor*, never one length after the period before. A day that a
/// month lacks is the last that it has: monthly from 31 January is 28 or 29 February, then 31 March; yearly from
/// 29 February is 28 February, and 29 February again in the next leap year. The time of day stays.
///
/// # Examples
/// ```
/// use escrow::Time;
/// use escrow_market::subscription::Period;
///
/// let anchor = Time::parse("2027-01-31T09:30:00Z")?;
/// let start = |n| Period::Months(1).after(anchor, n).map(|at| at.to_string());
/// assert_eq!(start(1).as_deref(), Some("2027-02-28T09:30:00Z"));
/// assert_eq!(start(2).as_deref(), Some("2027-03-31T09:30:00Z"));
/// # Ok::<(), escrow::TimeError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Period {
    /// That many days of 24 hours, at most 3 660.
    Days(u16),
    /// That many weeks, at most 520.
    Weeks(u16),
    /// That many months, at most 120.
    Months(u16),
    /// That many years, at most 10.
    Years(u16),
}

/// What a period is counted in.
enum Unit {
    Days(u32),
    Months(u32),
}

impl Period {
    /// The instant that many periods after the anchor; `None` where it is past [`Time::MAX`].
    #[must_use]
    pub fn after(self, anchor: Time, count: u32) -> Option<Time> {
        let from = anchor.to_datetime();
        let to = match self.unit() {
            Unit::Days(days) => {
                let days = u64::from(days).checked_mul(u64::from(count))?;
                from.checked_add_days(Days::new(days))?
            }
            Unit::Months(months) => from.checked_add_months(Months::new(months.checked_mul(count)?))?,
        };
        Time::try_from(to).ok()
    }

    /// How many whole periods lie between the anchor and an instant: the largest `n` with `after(anchor, n) <= now`,
    /// and 0 before the first has passed.
    #[must_use]
    pub fn passed(self, anchor: Time, now: Time) -> u32 {
        let (from, to) = (anchor.to_datetime(), now.to_datetime());
        let (whole, of) = match self.unit() {
            Unit::Days(days) => (to.signed_duration_since(from).num_days(), days),
            Unit::Months(months) => {
                let years = i64::from(to.year()).saturating_sub(from.year().into());
                let months_between = i64::from(to.month()).saturating_sub(from.month().into());
                (years.saturating_mul(12).saturating_add(months_between), months)
            }
        };
        let count = whole.checked_div(of.into()).and_then(|n| u32::try_from(n).ok()).unwrap_or(0);
        // calendar months were counted, by their names: the last of them may not be over
        match self.after(anchor, count) {
            Some(start) if start <= now => count,
            Some(_) | None => count.saturating_sub(1),
        }
    }

    /// How many months it has; `None` where it is counted in days.
    pub(super) fn months(self) -> Option<u32> {
        match self.unit() {
            Unit::Days(_) => None,
            Unit::Months(months) => Some(months),
        }
    }

    fn unit(self) -> Unit {
        // wide enough for any `u16`, whatever `check` says
        match self {
            Self::Days(n) => Unit::Days(n.into()),
            Self::Weeks(n) => Unit::Days(u32::from(n).saturating_mul(7)),
            Self::Months(n) => Unit::Months(n.into()),
            Self::Years(n) => Unit::Months(u32::from(n).saturating_mul(12)),
        }
    }

    pub(super) const fn check(self) -> Result<(), Problem> {
        let (n, max) = match self {
            Self::Days(n) => (n, 3_660),
            Self::Weeks(n) => (n, 520),
            Self::Months(n) => (n, 120),
            Self::Years(n) => (n, 10),
        };
        match n {
            0 => Err(Problem::Zero),
            n if n > max => Err(Problem::TooLarge),
            _ => Ok(()),
        }
    }
}

/// `1 month`, `2 weeks`.
impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (n, unit) = match self {
            Self::Days(n) => (n, "day"),
            Self::Weeks(n) => (n, "week"),
            Self::Months(n) => (n, "month"),
            Self::Years(n) => (n, "year"),
        };
        write!(f, "{n} {unit}{}", if *n == 1 { "" } else { "s" })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn time(text: &str) -> Time {
        Time::parse(text).unwrap()
    }

    #[test]
    fn the_calendar_ends() {
        let late = time("9999-12-15T00:00:00Z");
        assert_eq!(Period::Days(16).after(late, 1), Some(time("9999-12-31T00:00:00Z")));
        for period in [Period::Days(17), Period::Weeks(3), Period::Months(1), Period::Years(1)] {
            assert_eq!(period.after(late, 1), None);
        }
        assert_eq!(Period::Years(10).after(Time::MIN, u32::MAX), None);
        assert_eq!(Period::Days(u16::MAX).after(Time::MIN, u32::MAX), None);
    }

    proptest! {
        #[test]
        fn passed_is_the_last_that_has_started(
            anchor in 0..=253_402_300_799_999_i64,
            now in 0..=253_402_300_799_999_i64,
            near in any::<bool>(),
            unit in 0..4_u8,
            n in 1..=120_u16,
        ) {
            let anchor = Time::from_millis(anchor).unwrap();
            let now = if near { anchor.plus_millis(now.unsigned_abs() % 100_000_000_000) } else { Time::from_millis(now).unwrap() };
            let period = match unit {
                0 => Period::Days(n),
                1 => Period::Weeks(n),
                2 => Period::Months(n),
                _ => Period::Years(n.min(10)),
            };
            let passed = period.passed(anchor, now);
            if now >= anchor {
                prop_assert!(period.after(anchor, passed).unwrap() <= now);
            } else {
                prop_assert_eq!(passed, 0);
            }
            prop_assert!(period.after(anchor, passed.saturating_add(1)).is_none_or(|next| next > now));
        }
    }
}
