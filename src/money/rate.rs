use std::fmt;
use std::str::FromStr;

use rust_decimal::Decimal;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use thiserror::Error;

use super::Rounding;
use super::digits::{Digits, NotScaled};

/// A share of a sum, from 0 % to 100 %, in whole parts per million.
///
/// A finer rate is an error, never a rounding. As text and in JSON it is a string with a percent sign,
/// `"2.75%"`; a number is refused, because `2.75` and `0.0275` could both be meant.
///
/// # Examples
/// ```
/// use escrow::{Rate, money::RateError};
/// use rust_decimal::Decimal;
///
/// let rate = Rate::percent(Decimal::new(275, 2))?;
/// assert_eq!(rate.ppm(), 27_500);
/// assert_eq!(rate.to_string(), "2.75%");
/// assert_eq!(rate.floor_of(100_001), 2_750); // 2750.0275, toward zero
/// # Ok::<(), RateError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Rate {
    ppm: u32,
}

/// Parts per million in the whole.
const WHOLE_PPM: u32 = 1_000_000;

/// Digits after the point of a percentage: one ppm is 0.0001 %.
const PERCENT_EXPONENT: u8 = 4;

/// Parts per million in one percent.
const PERCENT_PPM: u32 = 10_000;

impl Rate {
    /// Nothing: 0 %.
    pub const ZERO: Rate = Rate { ppm: 0 };
    /// Half: 50 %.
    pub const HALF: Rate = Rate { ppm: 500_000 };
    /// Everything: 100 %.
    pub const WHOLE: Rate = Rate { ppm: WHOLE_PPM };

    /// A rate of that many parts per million.
    ///
    /// # Errors
    /// [`RateError::OutOfRange`] if `ppm > 1_000_000`.
    pub fn from_ppm(ppm: u32) -> Result<Rate, RateError> {
        if ppm > WHOLE_PPM { Err(RateError::OutOfRange) } else { Ok(Rate { ppm }) }
    }

    /// A rate of that many percent: 2.75 is 27 500 parts per million.
    ///
    /// # Errors
    /// [`RateError::OutOfRange`] if the percentage is negative or over 100, [`RateError::TooFine`] if it is
    /// not a whole number of parts per million. It never rounds.
    pub fn percent(percent: Decimal) -> Result<Rate, RateError> {
        Rate::from_digits(Digits::from_decimal(percent))
    }

    /// The rate in parts per million, from 0 to 1 000 000.
    #[must_use]
    pub const fn ppm(self) -> u32 {
        self.ppm
    }

    /// That part of an amount of minor units, rounded toward zero.
    ///
    /// The result has the sign of the amount or is zero, and is never larger than it in magnitude; so there
    /// is no overflow.
    #[inline]
    #[must_use]
    pub fn floor_of(self, minor: i64) -> i64 {
        // the constructors see to the limit; said here, it tells the compiler that nothing below can overflow
        let (whole, ppm) = (u64::from(WHOLE_PPM), u64::from(self.ppm.min(WHOLE_PPM)));
        // magnitude = millions × 10^6 + rest, so rounding the second product down rounds the sum down.
        // millions × ppm ≤ magnitude and rest × ppm < 10^12: nothing saturates.
        let magnitude = minor.unsigned_abs();
        let millions = magnitude.checked_div(whole).unwrap_or_default();
        let rest = magnitude.checked_rem(whole).unwrap_or_default();
        let of_rest = rest.saturating_mul(ppm).checked_div(whole).unwrap_or_default();
        let part = millions.saturating_mul(ppm).saturating_add(of_rest);
        if minor < 0 { 0_i64.saturating_sub_unsigned(part) } else { 0_i64.saturating_add_unsigned(part) }
    }

    /// That part of an amount of minor units that is not negative, rounded as asked for.
    ///
    /// The result is never larger than the amount. An amount below zero has no part.
    #[inline]
    #[must_use]
    pub fn part_of(self, minor: i64, rounding: Rounding) -> i64 {
        let minor = minor.max(0);
        let floor = self.floor_of(minor);
        let whole = u64::from(WHOLE_PPM);
        // below 10^6 each, so the product is below 10^12; the remainder of the millions is zero
        let rest = minor.unsigned_abs().checked_rem(whole).unwrap_or_default();
        let rest = rest.saturating_mul(u64::from(self.ppm)).checked_rem(whole).unwrap_or_default();
        let half = whole / 2;
        let up = match rounding {
            Rounding::Down => false,
            Rounding::HalfUp => rest >= half,
            Rounding::HalfEven => rest > half || (rest == half && floor & 1 == 1),
            Rounding::Up => rest > 0,
        };
        floor.saturating_add(i64::from(up))
    }

    fn from_digits(percent: Digits) -> Result<Rate, RateError> {
        let ppm = percent.scaled(PERCENT_EXPONENT).map_err(|error| match error {
            NotScaled::TooFine => RateError::TooFine,
            NotScaled::TooLarge => RateError::OutOfRange,
        })?;
        match u32::try_from(ppm) {
            Ok(ppm) => Rate::from_ppm(ppm),
            Err(_) => Err(RateError::OutOfRange),
        }
    }
}

/// A percentage without trailing zeros: `2.75%`.
impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.ppm / PERCENT_PPM)?;
        let mut fraction = self.ppm % PERCENT_PPM;
        let mut width = usize::from(PERCENT_EXPONENT);
        if fraction != 0 {
            while fraction.is_multiple_of(10) {
                fraction /= 10;
                width = width.saturating_sub(1);
            }
            write!(f, ".{fraction:0width$}")?;
        }
        f.write_str("%")
    }
}

impl fmt::Debug for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Rate({self})")
    }
}

/// Reads a percentage with its sign: `2.75%`, and `2.750%` too.
impl FromStr for Rate {
    type Err = RateError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let percent = text.strip_suffix('%').ok_or(RateError::Malformed)?;
        Rate::from_digits(Digits::parse(percent).ok_or(RateError::Malformed)?)
    }
}

impl Serialize for Rate {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Rate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;

        impl de::Visitor<'_> for Visitor {
            type Value = Rate;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(r#"a rate as a string with a percent sign such as "2.75%", never a number"#)
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Rate, E> {
                text.parse().map_err(|error| E::custom(format_args!("rate: {error}")))
            }
        }

        deserializer.deserialize_str(Visitor)
    }
}

/// Why a number or a text is not a rate.
///
/// None is transient: the same arguments fail again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum RateError {
    /// Negative, or over 100 %.
    #[error("a rate is from 0% to 100%")]
    OutOfRange,
    /// Not a whole number of parts per million.
    #[error("a rate has at most 4 digits after the point of its percentage: round it before passing it")]
    TooFine,
    /// The text is not a percentage.
    #[error("write a rate in ASCII digits with a percent sign, as 2.75%")]
    Malformed,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn displays_without_trailing_zeros() {
        for (ppm, text) in [
            (0, "0%"),
            (1, "0.0001%"),
            (27_500, "2.75%"),
            (100_000, "10%"),
            (500_000, "50%"),
            (999_999, "99.9999%"),
            (1_000_000, "100%"),
            (10_100, "1.01%"),
            (10_010, "1.001%"),
        ] {
            let rate = Rate::from_ppm(ppm).unwrap();
            assert_eq!(rate.to_string(), text);
            assert_eq!(text.parse(), Ok(rate));
            assert_eq!(format!("{rate:?}"), format!("Rate({text})"));
        }
        assert_eq!(Rate::default(), Rate::ZERO);
    }

    #[test]
    fn range_and_fineness() {
        assert_eq!(Rate::from_ppm(1_000_001), Err(RateError::OutOfRange));
        assert_eq!(Rate::percent(Decimal::new(275, 2)), Rate::from_ppm(27_500));
        assert_eq!(Rate::percent(Decimal::new(2_750_000, 6)), Rate::from_ppm(27_500));
        assert_eq!(Rate::percent(Decimal::new(1, 5)), Err(RateError::TooFine));
        assert_eq!(Rate::percent(Decimal::new(-1, 4)), Err(RateError::OutOfRange));
        assert_eq!(Rate::percent(Decimal::ONE_HUNDRED), Ok(Rate::WHOLE));
        assert_eq!(Rate::percent(Decimal::new(1_000_001, 4)), Err(RateError::OutOfRange));
        assert_eq!(Rate::percent(Decimal::MAX), Err(RateError::OutOfRange));
    }

    #[test]
    fn text_needs_the_sign() {
        for text in ["2.75", "", "%", "2.75 %", "+1%", ".5%", "5.%", "1e1%", "2.75%%", "٣%"] {
            assert_eq!(text.parse::<Rate>(), Err(RateError::Malformed), "{text}");
        }
        assert_eq!("-1%".parse::<Rate>(), Err(RateError::OutOfRange));
        assert_eq!("100.0001%".parse::<Rate>(), Err(RateError::OutOfRange));
        assert_eq!("0.00001%".parse::<Rate>(), Err(RateError::TooFine));
        assert_eq!("50.0000000%".parse(), Ok(Rate::HALF));
    }

    #[test]
    fn json_number_is_refused() {
        for json in ["2.75", "3"] {
            let error = serde_json::from_str::<Rate>(json).unwrap_err().to_string();
            assert!(error.contains("expected a rate as a string with a percent sign"), "{error}");
        }
        let error = serde_json::from_str::<Rate>(r#""2.75""#).unwrap_err().to_string();
        assert!(error.starts_with("rate: write a rate"), "{error}");
        assert_eq!(serde_json::to_string(&Rate::HALF).unwrap(), r#""50%""#);
    }

    #[test]
    fn floor_is_toward_zero() {
        let rate = Rate::from_ppm(27_500).unwrap();
        assert_eq!(rate.floor_of(100_001), 2_750);
        assert_eq!(rate.floor_of(-100_001), -2_750);
        assert_eq!(Rate::HALF.floor_of(1), 0);
        assert_eq!(Rate::HALF.floor_of(-1), 0);
        assert_eq!(Rate::HALF.floor_of(-3), -1);
        assert_eq!(Rate::WHOLE.floor_of(i64::MAX), i64::MAX);
        assert_eq!(Rate::WHOLE.floor_of(i64::MIN), i64::MIN);
        assert_eq!(Rate::ZERO.floor_of(i64::MIN), 0);
    }

    #[test]
    fn a_half_goes_where_it_is_told() {
        let part = |minor, rounding| Rate::HALF.part_of(minor, rounding);
        let all = |minor| Rounding::ALL.map(|rounding| part(minor, rounding));
        assert_eq!(all(1), [0, 1, 0, 1]);
        assert_eq!(all(3), [1, 2, 2, 2]);
        assert_eq!(all(4), [2, 2, 2, 2]);
        assert_eq!(all(-3), [0, 0, 0, 0]);
        let third = Rate::from_ppm(333_333).unwrap();
        assert_eq!(Rounding::ALL.map(|r| third.part_of(1, r)), [0, 0, 0, 1]);
        assert_eq!(Rounding::ALL.map(|r| third.part_of(2, r)), [0, 1, 1, 1]);
        assert_eq!(Rounding::ALL.map(|r| Rate::WHOLE.part_of(i64::MAX, r)), [i64::MAX; 4]);
    }

    proptest! {
        #[test]
        fn part_of_agrees_with_wide_integers(minor in 0..=i64::MAX, ppm in 0_u32..=1_000_000) {
            let rate = Rate::from_ppm(ppm).unwrap();
            let exact = i128::from(minor).checked_mul(i128::from(ppm)).unwrap();
            let (floor, rest) = (exact / 1_000_000, exact % 1_000_000);
            for rounding in Rounding::ALL {
                let up = match rounding {
                    Rounding::Down => false,
                    Rounding::HalfUp => rest >= 500_000,
                    Rounding::HalfEven => rest > 500_000 || (rest == 500_000 && floor % 2 == 1),
                    Rounding::Up => rest > 0,
                };
                let expected = floor.checked_add(i128::from(up)).unwrap();
                prop_assert_eq!(i128::from(rate.part_of(minor, rounding)), expected);
            }
        }

        #[test]
        fn floor_of_agrees_with_wide_integers(minor: i64, ppm in 0_u32..=1_000_000) {
            let part = Rate::from_ppm(ppm).unwrap().floor_of(minor);
            let wide = i128::from(minor).checked_mul(i128::from(ppm)).unwrap() / 1_000_000;
            prop_assert_eq!(i128::from(part), wide);
            prop_assert!(part.unsigned_abs() <= minor.unsigned_abs());
            // What is left has the sign of the amount too: nobody is charged to round another's part.
            let rest = minor.checked_sub(part).unwrap();
            prop_assert!(rest.signum() == 0 || rest.signum() == minor.signum());
        }

        #[test]
        fn parse_reads_what_display_writes(ppm in 0_u32..=1_000_000) {
            let rate = Rate::from_ppm(ppm).unwrap();
            prop_assert_eq!(rate.to_string().parse(), Ok(rate));
            let json = serde_json::to_string(&rate).unwrap();
            prop_assert_eq!(serde_json::from_str::<Rate>(&json).unwrap(), rate);
        }
    }
}
