//! Instants.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Datelike, Timelike, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use thiserror::Error;

/// An instant in UTC: whole milliseconds since 1970-01-01T00:00:00Z.
///
/// It ranges from [`Time::MIN`] to [`Time::MAX`]. As text and in JSON it is RFC 3339 in UTC, with
/// milliseconds only where they are not zero: `"2026-03-01T12:00:00Z"`. Nothing here reads a clock: the host
/// says what time it is.
///
/// # Examples
/// ```
/// use escrow::{Time, TimeError};
///
/// let paid = Time::parse("2026-03-01T15:00:00+03:00")?;
/// assert_eq!(paid.to_string(), "2026-03-01T12:00:00Z");
/// assert_eq!(paid.plus_secs(3_600).millis_since(paid), 3_600_000);
/// # Ok::<(), TimeError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(i64);

impl Time {
    /// The earliest instant, 1970-01-01T00:00:00Z.
    pub const MIN: Time = Time(0);
    /// The latest instant, 9999-12-31T23:59:59.999Z: the last that RFC 3339 can write.
    pub const MAX: Time = Time(253_402_300_799_999);

    /// The instant that many milliseconds after 1970-01-01T00:00:00Z.
    ///
    /// # Errors
    /// [`TimeError::OutOfRange`] if it is before [`Time::MIN`] or after [`Time::MAX`].
    pub fn from_millis(millis: i64) -> Result<Time, TimeError> {
        let time = Time(millis);
        if (Time::MIN..=Time::MAX).contains(&time) { Ok(time) } else { Err(TimeError::OutOfRange) }
    }

    /// Milliseconds since 1970-01-01T00:00:00Z; never negative.
    #[must_use]
    pub const fn millis(self) -> i64 {
        self.0
    }

    /// The same instant as a `chrono` type.
    #[must_use]
    pub fn to_datetime(self) -> DateTime<Utc> {
        // Never the default: the range of `Time` is well inside that of `DateTime`.
        DateTime::from_timestamp_millis(self.0).unwrap_or_default()
    }

    /// Reads RFC 3339 with any offset; what is finer than a millisecond is truncated toward the past.
    ///
    /// # Errors
    /// [`TimeError::Malformed`] if the text is not RFC 3339, [`TimeError::OutOfRange`] if the instant is
    /// before [`Time::MIN`] or after [`Time::MAX`].
    pub fn parse(text: &str) -> Result<Time, TimeError> {
        match DateTime::parse_from_rfc3339(text) {
            Ok(parsed) => Time::from_millis(parsed.timestamp_millis()),
            Err(_) => Err(TimeError::Malformed),
        }
    }

    /// The instant that many seconds later, at most [`Time::MAX`].
    ///
    /// Stopping at the end is safe: this computes deadlines, and one at [`Time::MAX`] has not passed at any
    /// earlier instant. It can never wrap into the past and fire at once.
    #[must_use]
    pub fn plus_secs(self, secs: u32) -> Time {
        self.plus_millis(secs_to_millis(secs))
    }

    /// The instant that many milliseconds later, at most [`Time::MAX`]; safe as with [`Time::plus_secs`].
    #[must_use]
    pub fn plus_millis(self, millis: u64) -> Time {
        Time(self.0.saturating_add_unsigned(millis)).min(Time::MAX)
    }

    /// The instant that many seconds earlier, at least [`Time::MIN`].
    #[must_use]
    pub fn minus_secs(self, secs: u32) -> Time {
        Time(self.0.saturating_sub_unsigned(secs_to_millis(secs))).max(Time::MIN)
    }

    /// The milliseconds from the earlier instant to this one; zero if `earlier` is the later of the two.
    #[must_use]
    pub fn millis_since(self, earlier: Time) -> u64 {
        // Both are from 0 to `Time::MAX`, so the difference cannot overflow; a negative one is no `u64`.
        u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0)
    }
}

/// RFC 3339 in UTC, with milliseconds only where they are not zero.
impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = self.to_datetime();
        // never the default: the range of `Time` has four digits of years
        let year = u32::try_from(at.year()).unwrap_or_default();
        let ([y1, y2], [y3, y4]) = (digits(year / 100), digits(year));
        let ([o1, o2], [d1, d2]) = (digits(at.month()), digits(at.day()));
        let ([h1, h2], [m1, m2], [s1, s2]) = (digits(at.hour()), digits(at.minute()), digits(at.second()));
        #[rustfmt::skip]
        let text = [
            y1, y2, y3, y4, b'-', o1, o2, b'-', d1, d2, b'T', h1, h2, b':', m1, m2, b':', s1, s2, b'Z',
        ];
        // what is printed the most: one text, and not thirteen pieces
        let text = std::str::from_utf8(&text).unwrap_or_default();
        match at.timestamp_subsec_millis() {
            0 => f.write_str(text),
            millis => write!(f, "{}.{millis:03}Z", text.trim_end_matches('Z')),
        }
    }
}

impl fmt::Debug for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// What is finer than a millisecond is truncated toward the past.
impl TryFrom<DateTime<Utc>> for Time {
    type Error = TimeError;

    fn try_from(at: DateTime<Utc>) -> Result<Self, Self::Error> {
        Time::from_millis(at.timestamp_millis())
    }
}

/// As [`Time::parse`].
impl FromStr for Time {
    type Err = TimeError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Time::parse(text)
    }
}

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;

        impl de::Visitor<'_> for Visitor {
            type Value = Time;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(r#"a time as a string of RFC 3339 such as "2026-03-01T12:00:00Z""#)
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Time, E> {
                Time::parse(text).map_err(|error| E::custom(format_args!("time: {error}")))
            }
        }

        deserializer.deserialize_str(Visitor)
    }
}

/// Why a number or a text is not an instant.
///
/// None is transient: the same arguments fail again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum TimeError {
    /// Before [`Time::MIN`] or after [`Time::MAX`].
    #[error("a time is from 1970-01-01T00:00:00Z to 9999-12-31T23:59:59.999Z")]
    OutOfRange,
    /// The text is not RFC 3339.
    #[error("write a time as RFC 3339, as 2026-03-01T12:00:00Z")]
    Malformed,
}

/// The last two digits of a number.
fn digits(number: u32) -> [u8; 2] {
    let digit = |n: u32| u8::try_from(n % 10).unwrap_or_default().saturating_add(b'0');
    [digit(number / 10), digit(number)]
}

fn secs_to_millis(secs: u32) -> u64 {
    // A `u32` of seconds is about 2^42 milliseconds: nothing saturates.
    u64::from(secs).saturating_mul(1_000)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn time(text: &str) -> Time {
        Time::parse(text).unwrap()
    }

    #[test]
    fn displays_milliseconds_only_where_not_zero() {
        // 2026-03-01: 20513 days after the epoch; 20513 × 86 400 s + 12 h.
        let noon = Time::from_millis(1_772_366_400_000).unwrap();
        assert_eq!(noon.to_string(), "2026-03-01T12:00:00Z");
        assert_eq!(noon.plus_millis(7).to_string(), "2026-03-01T12:00:00.007Z");
        assert_eq!(format!("{noon:?}"), noon.to_string());
        assert_eq!(Time::MIN.to_string(), "1970-01-01T00:00:00Z");
        assert_eq!(Time::MAX.to_string(), "9999-12-31T23:59:59.999Z");
    }

    #[test]
    fn parses_rfc_3339() {
        assert_eq!(time("2026-03-01T15:00:00+03:00"), time("2026-03-01T12:00:00Z"));
        assert_eq!(time("2026-03-01T12:00:00.0079999Z"), time("2026-03-01T12:00:00.007Z"));
        assert_eq!(Time::parse(&Time::MIN.to_string()), Ok(Time::MIN));
        assert_eq!(Time::parse(&Time::MAX.to_string()), Ok(Time::MAX));
        for text in ["", "2026-03-01", "2026-03-01T12:00:00", "1772366400000", "2026-02-30T00:00:00Z"] {
            assert_eq!(Time::parse(text), Err(TimeError::Malformed), "{text}");
        }
        for text in ["1969-12-31T23:59:59.9999Z", "1970-01-01T00:00:00+00:01", "9999-12-31T23:59:59-00:01"] {
            assert_eq!(Time::parse(text), Err(TimeError::OutOfRange), "{text}");
        }
    }

    #[test]
    fn range_is_kept() {
        assert_eq!(Time::from_millis(-1), Err(TimeError::OutOfRange));
        assert_eq!(Time::from_millis(Time::MAX.millis().saturating_add(1)), Err(TimeError::OutOfRange));
        assert_eq!(Time::from_millis(i64::MIN), Err(TimeError::OutOfRange));
        assert_eq!(Time::try_from(DateTime::<Utc>::MAX_UTC), Err(TimeError::OutOfRange));
        assert_eq!(Time::try_from(DateTime::<Utc>::MIN_UTC), Err(TimeError::OutOfRange));
    }

    #[test]
    fn arithmetic_stops_at_the_ends() {
        assert_eq!(Time::MAX.plus_secs(1), Time::MAX);
        assert_eq!(Time::MIN.plus_millis(u64::MAX), Time::MAX);
        assert_eq!(Time::MIN.minus_secs(1), Time::MIN);
        assert_eq!(time("2026-03-01T12:00:00Z").plus_secs(86_400), time("2026-03-02T12:00:00Z"));
        assert_eq!(time("2026-03-01T12:00:00Z").minus_secs(1), time("2026-03-01T11:59:59Z"));
        assert_eq!(Time::MIN.millis_since(Time::MAX), 0);
        assert_eq!(Time::MAX.millis_since(Time::MIN), 253_402_300_799_999);
    }

    #[test]
    fn serde_is_the_text() {
        let noon = time("2026-03-01T12:00:00Z");
        assert_eq!(serde_json::to_string(&noon).unwrap(), r#""2026-03-01T12:00:00Z""#);
        assert_eq!(serde_json::from_str::<Time>(r#""2026-03-01T12:00:00Z""#).unwrap(), noon);
        let number = serde_json::from_str::<Time>("1772366400000").unwrap_err().to_string();
        assert!(number.contains("expected a time as a string of RFC 3339"), "{number}");
        let error = serde_json::from_str::<Time>(r#""tomorrow""#).unwrap_err().to_string();
        assert!(error.starts_with("time: write a time as RFC 3339"), "{error}");
    }

    proptest! {
        #[test]
        fn parse_reads_what_display_writes(millis in 0..=Time::MAX.millis()) {
            let time = Time::from_millis(millis).unwrap();
            prop_assert_eq!(Time::parse(&time.to_string()), Ok(time));
            prop_assert_eq!(Time::try_from(time.to_datetime()), Ok(time));
            let json = serde_json::to_string(&time).unwrap();
            prop_assert_eq!(serde_json::from_str::<Time>(&json).unwrap(), time);
        }

        #[test]
        fn text_order_within_a_second_grid_is_time_order(a in 0..=253_402_300_799_i64, b in 0..=253_402_300_799_i64) {
            let at = |secs: i64| Time::from_millis(secs.saturating_mul(1_000)).unwrap();
            prop_assert_eq!(at(a).cmp(&at(b)), at(a).to_string().cmp(&at(b).to_string()));
        }

        #[test]
        fn plus_then_since(millis in 0..=Time::MAX.millis(), secs: u32) {
            let time = Time::from_millis(millis).unwrap();
            let later = time.plus_secs(secs);
            prop_assert!(later >= time && later <= Time::MAX);
            if later < Time::MAX {
                prop_assert_eq!(later.millis_since(time), u64::from(secs).saturating_mul(1_000));
                prop_assert_eq!(later.minus_secs(secs), time);
            }
        }
    }
}
