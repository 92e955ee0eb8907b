//! Decimal numbers as they are written, exact.

use std::fmt;

use rust_decimal::Decimal;
use serde::{Deserialize, Deserializer, de};

use super::{Currency, Money, MoneyError};

/// A decimal number, exact and reduced: `value / 10^scale`, without trailing zeros after the point.
#[derive(Clone, Copy)]
pub(super) struct Digits {
    value: i128,
    scale: u32,
}

impl Digits {
    /// Longer texts are refused unread. 32 digits stay within `i128`, and are more than any `i64` needs.
    const MAX_LEN: usize = 32;

    pub(super) fn parse(text: &str) -> Option<Digits> {
        if text.len() > Digits::MAX_LEN {
            return None;
        }
        let (negative, unsigned) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (whole, fraction) = match unsigned.split_once('.') {
            Some((_, "")) => return None,
            Some(parts) => parts,
            None => (unsigned, ""),
        };
        if whole.is_empty() {
            return None;
        }
        // All of the fraction is checked, before the zeros that say nothing are dropped.
        if !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let fraction = fraction.trim_end_matches('0');
        let mut value: i128 = 0;
        for byte in whole.bytes().chain(fraction.bytes()) {
            let digit = char::from(byte).to_digit(10)?;
            value = value.checked_mul(10)?.checked_add(i128::from(digit))?;
        }
        let value = if negative { value.checked_neg()? } else { value };
        Some(Digits { value, scale: u32::try_from(fraction.len()).ok()? })
    }

    pub(super) fn from_decimal(amount: Decimal) -> Digits {
        let amount = amount.normalize();
        Digits { value: amount.mantissa(), scale: amount.scale() }
    }

    /// The number in units of `10^-exponent`, or why it is not a whole number of them.
    pub(super) fn scaled(self, exponent: u8) -> Result<i128, NotScaled> {
        let missing = u32::from(exponent).checked_sub(self.scale).ok_or(NotScaled::TooFine)?;
        let factor = 10_i128.checked_pow(missing).ok_or(NotScaled::TooLarge)?;
        self.value.checked_mul(factor).ok_or(NotScaled::TooLarge)
    }

    pub(super) fn into_money(self, currency: Currency) -> Result<Money, MoneyError> {
        let minor = self.scaled(currency.exponent()).map_err(|error| match error {
            NotScaled::TooFine => MoneyError::TooManyDigits { max: currency.exponent() },
            NotScaled::TooLarge => MoneyError::Overflow,
        })?;
        match i64::try_from(minor) {
            Ok(minor) => Ok(Money::from_minor(minor, currency)),
            Err(_) => Err(MoneyError::Overflow),
        }
    }
}

impl<'de> Deserialize<'de> for Digits {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;

        impl de::Visitor<'_> for Visitor {
            type Value = Digits;

            // The whole message for a JSON number: no visitor method takes one.
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(r#"the amount as a string such as "1000.01", never a number"#)
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Digits, E> {
                Digits::parse(text)
                    .ok_or_else(|| E::custom(format_args!("amount: {}", MoneyError::Malformed)))
            }
        }

        // `str` and not `any`, so that formats which do not describe themselves can carry it.
        deserializer.deserialize_str(Visitor)
    }
}

/// Why [`Digits`] are not a whole number of units.
pub(super) enum NotScaled {
    TooFine,
    TooLarge,
}
