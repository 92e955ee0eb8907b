//! For the arithmetic: the independent calculator, random deals, and the bridge from the calculator's plain structs to the
//! library's types.

mod bridge;
pub mod calculator;
mod deals;
mod scenes;

pub use self::bridge::*;
pub use self::deals::*;
pub use self::scenes::*;
pub use crate::common::{percent, rub};

use escrow::{Currency, Money, Rate};

/// Two currencies: the deal's, and one in which a guarantee may be.
pub const DEAL: Currency = Currency::RUB;

pub const FOREIGN: Currency = Currency::USD;

pub fn minor(amount: i128) -> i64 {
    i64::try_from(amount).expect("an amount of a test fits")
}

pub fn money(amount: i128) -> Money {
    rub(minor(amount))
}

pub fn rate(ppm: i128) -> Rate {
    Rate::from_ppm(u32::try_from(ppm).unwrap()).unwrap()
}
