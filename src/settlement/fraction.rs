//! Parts of a whole that are no rates: f and φ.

use serde::{Deserialize, Serialize};

use crate::Rate;
use crate::money::minor::{TooLarge, sub};
use crate::money::mul_div_floor;

/// `part / whole`, from 0 to 1.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(try_from = "Parts", into = "Parts")]
pub struct Fraction {
    part: i64,
    /// Over zero.
    whole: i64,
}

/// As it is stored.
#[derive(Serialize, Deserialize)]
struct Parts(i64, i64);

impl From<Fraction> for Parts {
    fn from(f: Fraction) -> Self {
        Self(f.part, f.whole)
    }
}

impl TryFrom<Parts> for Fraction {
    type Error = &'static str;

    fn try_from(Parts(part, whole): Parts) -> Result<Self, Self::Error> {
        if whole > 0 && (0..=whole).contains(&part) {
            Ok(Self { part, whole })
        } else {
            Err("a fraction is [part, whole], from 0 to 1")
        }
    }
}

impl Fraction {
    pub(crate) const NOTHING: Self = Self { part: 0, whole: 1 };
    pub(crate) const ALL: Self = Self { part: 1, whole: 1 };

    /// `min(part, whole) / whole`; none where the whole is zero.
    pub(super) fn of_whole(part: i64, whole: i64) -> Option<Self> {
        (whole > 0).then_some(Self { part: part.min(whole), whole })
    }

    pub(super) fn of_rate(rate: Rate) -> Self {
        Self { part: i64::from(rate.ppm()), whole: i64::from(Rate::WHOLE.ppm()) }
    }

    /// That part of an amount, floored.
    pub(super) fn of(self, amount: i64) -> Result<i64, TooLarge> {
        mul_div_floor(amount, self.part, self.whole).ok_or(TooLarge)
    }

    /// What is left of the whole.
    pub(super) fn rest(self) -> Result<Self, TooLarge> {
        Ok(Self { part: sub(self.whole, self.part)?, whole: self.whole })
    }
}
