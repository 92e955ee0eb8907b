//! Sums on the wire: roubles as decimal strings, never floats.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use thiserror::Error;

use escrow::{Currency, Money};

/// A sum of roubles, exact to the kopeck: `"23500.00"` in JSON.
///
/// Nalogka's own SDK has floats here; a JSON number is refused, since it may have passed through one. Up to two digits
/// after the point; more are an error, never a rounding.
///
/// # Examples
/// ```
/// use escrow_nalogka::Sum;
///
/// let sum: Sum = serde_json::from_str(r#""1000.5""#)?;
/// assert_eq!((sum.kopecks(), sum.to_string()), (100_050, "1000.50".to_owned()));
/// assert!(serde_json::from_str::<Sum>("1000.5").is_err());
/// assert!(serde_json::from_str::<Sum>(r#""0.001""#).is_err());
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Sum(i64);

/// The amount is in another currency: Nalogka's sums are roubles and do not say so.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
#[error("sums are in roubles, and this one is in {currency}")]
pub struct NotRoubles {
    /// The currency.
    pub currency: Currency,
}

impl Sum {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// A sum of that many kopecks.
    pub const fn from_kopecks(kopecks: i64) -> Self {
        Self(kopecks)
    }

    /// The sum in kopecks.
    pub const fn kopecks(self) -> i64 {
        self.0
    }

    /// The sum as money.
    pub const fn money(self) -> Money {
        Money::from_minor(self.0, Currency::RUB)
    }
}

impl TryFrom<Money> for Sum {
    type Error = NotRoubles;

    fn try_from(money: Money) -> Result<Self, NotRoubles> {
        if money.currency() == Currency::RUB {
            Ok(Self(money.minor()))
        } else {
            Err(NotRoubles { currency: money.currency() })
        }
    }
}

/// With both digits: `1000.50`.
impl fmt::Display for Sum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.money().to_decimal(), f)
    }
}

impl Serialize for Sum {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Sum {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;

        impl de::Visitor<'_> for Visitor {
            type Value = Sum;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(r#"a sum of roubles as a string such as "1000.01""#)
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Sum, E> {
                Money::parse(text, Currency::RUB).map(|money| Sum(money.minor())).map_err(E::custom)
            }
        }

        deserializer.deserialize_str(Visitor)
    }
}
