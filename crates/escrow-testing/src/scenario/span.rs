//! Spans of time as people write them: `6h`, `1d12h`.

use std::fmt;
use std::str::FromStr;

use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer};
use thiserror::Error as ThisError;

/// A span of whole seconds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Span {
    /// How many seconds.
    pub seconds: u32,
}

/// The text is not a span.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ThisError)]
#[error("write a span as numbers with units d, h, m, s, such as 6h or 1d12h; at most 100 years")]
pub struct SpanError;

impl FromStr for Span {
    type Err = SpanError;

    fn from_str(text: &str) -> Result<Self, SpanError> {
        let mut seconds = 0_u32;
        let mut rest = text;
        while !rest.is_empty() {
            let digits = rest.find(|c: char| !c.is_ascii_digit()).ok_or(SpanError)?;
            let (number, tail) = rest.split_at_checked(digits).ok_or(SpanError)?;
            let number: u32 = number.parse().map_err(|_| SpanError)?;
            let mut tail = tail.chars();
            let unit = match tail.next() {
                Some('d') => 86_400,
                Some('h') => 3_600,
                Some('m') => 60,
                Some('s') => 1,
                Some(_) | None => return Err(SpanError),
            };
            rest = tail.as_str();
            seconds = number.checked_mul(unit).and_then(|s| seconds.checked_add(s)).ok_or(SpanError)?;
        }
        if text.is_empty() { Err(SpanError) } else { Ok(Self { seconds }) }
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Written;

        impl Visitor<'_> for Written {
            type Value = Span;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(r#"a span as a string with its units such as "6h" or "1d12h""#)
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Span, E> {
                text.parse().map_err(E::custom)
            }
        }

        deserializer.deserialize_str(Written)
    }
}
