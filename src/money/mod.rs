//! Sums, currencies, rates, and the two ways in which a sum is divided.
//!
//! A sum is an `i64` of **minor units** (kopecks, cents) and its [`Currency`]. Nothing here touches a
//! float, and nothing rounds silently: digits that the currency does not have, mixed currencies and
//! overflow are typed errors.
//!
//! # The rounding rule
//!
//! - A proportion of a sum, such as [`Rate::floor_of`], rounds **toward zero**, and whoever receives the rest keeps
//!   the remainder. So `part + rest == whole` always, and nothing is left over.
//! - One sum that is divided by shares goes by the **largest remainder** over the non-zero shares; on a tie the
//!   earlier share is served first. A share of zero gets zero, and the parts sum to the total.
//!
//! # Examples
//! ```
//! use escrow::{Currency, Money, Rate};
//!
//! let price = Money::parse("1000.01", Currency::RUB)?;
//! let fee = Money::from_minor(Rate::HALF.floor_of(price.minor()), Currency::RUB);
//! let rest = price.checked_sub(fee)?;
//!
//! assert_eq!(fee.to_string(), "500.00 RUB");
//! assert_eq!(rest.to_string(), "500.01 RUB");
//! # Ok::<(), escrow::money::MoneyError>(())
//! ```

mod allocate;
mod currency;
mod digits;
mod error;
pub(crate) mod minor;
#[expect(clippy::module_inception, reason = "`Money` is the type that the module is named after")]
mod money;
mod rate;
mod rounding;
mod stored;

#[allow(unused_imports, reason = "a chargeback over several receipts is divided by it")]
pub(crate) use allocate::allocate;
pub(crate) use allocate::mul_div_floor;
pub use currency::{Currency, CurrencyError};
pub use error::{MoneyError, ParseMoneyError};
pub use money::Money;
pub use rate::{Rate, RateError};
pub use rounding::Rounding;
