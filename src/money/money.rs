use std::cmp::Ordering;
use std::fmt;
use std::num::NonZeroU64;
use std::str::FromStr;

use rust_decimal::Decimal;

use super::digits::Digits;
use super::{Currency, MoneyError, ParseMoneyError};

/// A sum of money: a whole number of minor units of one currency.
///
/// The amount is an `i64` of minor units (kopecks for RUB, whole yen for JPY), and may be negative. All
/// arithmetic is checked: mixed currencies and overflow are errors, and no operation rounds. There is no
/// `PartialOrd`, because sums of different currencies have no order: see [`Money::checked_cmp`].
///
/// In JSON it is `{"amount":"1000.01","currency":"RUB"}`. The amount is always a string, with exactly the
/// digits of the currency; a JSON number is refused, since it may have passed through a float. In a binary format it is
/// the minor units and the currency.
///
/// # Examples
/// ```
/// use escrow::{Currency, Money};
///
/// let price = Money::from_minor(100_001, Currency::RUB);
/// assert_eq!(price.to_string(), "1000.01 RUB");
/// assert_eq!(price.checked_mul(3)?, Money::parse("3000.03", Currency::RUB)?);
/// assert!(price.checked_add(Money::zero(Currency::USD)).is_err());
/// # Ok::<(), escrow::money::MoneyError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Money {
    minor: i64,
    currency: Currency,
}

impl Money {
    /// A sum of that many minor units.
    #[must_use]
    pub const fn from_minor(minor: i64, currency: Currency) -> Money {
        Money { minor, currency }
    }

    /// Nothing, in that currency.
    #[must_use]
    pub const fn zero(currency: Currency) -> Money {
        Money { minor: 0, currency }
    }

    /// The amount in minor units of [`Money::currency`].
    #[must_use]
    pub const fn minor(self) -> i64 {
        self.minor
    }

    /// The currency of the sum.
    #[must_use]
    pub const fn currency(self) -> Currency {
        self.currency
    }

    /// Whether the amount is zero.
    #[must_use]
    pub const fn is_zero(self) -> bool {
        self.minor == 0
    }

    /// Whether the amount is over zero.
    #[must_use]
    pub const fn is_positive(self) -> bool {
        self.minor > 0
    }

    /// Whether the amount is under zero.
    #[must_use]
    pub const fn is_negative(self) -> bool {
        self.minor < 0
    }

    /// The sum of both.
    ///
    /// # Errors
    /// [`MoneyError::CurrencyMismatch`] if the currencies differ, [`MoneyError::Overflow`] if the result
    /// does not fit into `i64` minor units.
    #[inline]
    pub fn checked_add(self, other: Money) -> Result<Money, MoneyError> {
        self.same_currency(other)?;
        self.with_minor(self.minor.checked_add(other.minor))
    }

    /// This sum less the other; negative where the other is larger.
    ///
    /// # Errors
    /// [`MoneyError::CurrencyMismatch`] if the currencies differ, [`MoneyError::Overflow`] if the result
    /// does not fit into `i64` minor units.
    #[inline]
    pub fn checked_sub(self, other: Money) -> Result<Money, MoneyError> {
        self.same_currency(other)?;
        self.with_minor(self.minor.checked_sub(other.minor))
    }

    /// This sum that many times, as a unit price times a quantity.
    ///
    /// # Errors
    /// [`MoneyError::Overflow`] if the result does not fit into `i64` minor units.
    #[inline]
    pub fn checked_mul(self, quantity: u32) -> Result<Money, MoneyError> {
        self.with_minor(self.minor.checked_mul(i64::from(quantity)))
    }

    /// How this sum compares with the other.
    ///
    /// # Errors
    /// [`MoneyError::CurrencyMismatch`] if the currencies differ: such sums have no order.
    #[inline]
    pub fn checked_cmp(self, other: Money) -> Result<Ordering, MoneyError> {
        self.same_currency(other)?;
        Ok(self.minor.cmp(&other.minor))
    }

    /// The sum that a decimal amount of major units stands for: `1000.01` of RUB is 100 001 kopecks.
    ///
    /// Never rounds. Trailing zeros beyond the currency's exponent (`1.5000` RUB) lose nothing and are
    /// accepted.
    ///
    /// # Errors
    /// [`MoneyError::TooManyDigits`] if the amount is finer than a minor unit, [`MoneyError::Overflow`] if
    /// it does not fit into `i64` minor units.
    ///
    /// # Examples
    /// ```
    /// use escrow::{Currency, Money, money::MoneyError};
    /// use rust_decimal::Decimal;
    ///
    /// let money = Money::from_decimal(Decimal::new(27_500, 3), Currency::RUB)?;
    /// assert_eq!(money.minor(), 2_750);
    /// assert_eq!(
    ///     Money::from_decimal(Decimal::new(27_501, 3), Currency::RUB),
    ///     Err(MoneyError::TooManyDigits { max: 2 }),
    /// );
    /// # Ok::<(), MoneyError>(())
    /// ```
    pub fn from_decimal(amount: Decimal, currency: Currency) -> Result<Money, MoneyError> {
        Digits::from_decimal(amount).into_money(currency)
    }

    /// The amount in major units, with exactly the currency's digits: 100 001 kopecks is `1000.01`.
    #[must_use]
    pub fn to_decimal(self) -> Decimal {
        // Cannot panic: the scale is at most `Currency::MAX_EXPONENT`, far below the 28 of a `Decimal`.
        Decimal::new(self.minor, u32::from(self.currency.exponent()))
    }

    /// The sum that a text of major units stands for.
    ///
    /// The grammar is `-?[0-9]+(\.[0-9]+)?`, ASCII, at most 32 characters: no plus sign, spaces, separators
    /// or exponents, and a digit on each side of the point. Fewer digits than the currency has are fine
    /// (`5` RUB is 500 kopecks), and so are zeros beyond them. Never rounds.
    ///
    /// # Errors
    /// [`MoneyError::Malformed`] if the text is not of that grammar, [`MoneyError::TooManyDigits`] if it is
    /// finer than a minor unit, [`MoneyError::Overflow`] if it does not fit into `i64` minor units.
    ///
    /// # Examples
    /// ```
    /// use escrow::{Currency, Money};
    ///
    /// assert_eq!(Money::parse("-0.05", Currency::RUB)?.minor(), -5);
    /// assert!(Money::parse("1,000.00", Currency::RUB).is_err());
    /// # Ok::<(), escrow::money::MoneyError>(())
    /// ```
    pub fn parse(amount: &str, currency: Currency) -> Result<Money, MoneyError> {
        Digits::parse(amount).ok_or(MoneyError::Malformed)?.into_money(currency)
    }

    #[inline]
    fn same_currency(self, other: Money) -> Result<(), MoneyError> {
        if self.currency == other.currency {
            Ok(())
        } else {
            Err(MoneyError::CurrencyMismatch { left: self.currency, right: other.currency })
        }
    }

    #[inline]
    fn with_minor(self, minor: Option<i64>) -> Result<Money, MoneyError> {
        match minor {
            Some(minor) => Ok(Money { minor, currency: self.currency }),
            None => Err(MoneyError::Overflow),
        }
    }
}

/// The amount and the currency: `1000.01 RUB`, or `0.05 COIN.2` in a unit of the host's own.
impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", Amount(*self), self.currency)
    }
}

/// Reads what [`Display`](fmt::Display) writes: an amount as [`Money::parse`] reads it, one space, a currency.
impl FromStr for Money {
    type Err = ParseMoneyError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (amount, currency) = text.split_once(' ').ok_or(MoneyError::Malformed)?;
        Ok(Money::parse(amount, currency.parse()?)?)
    }
}

impl fmt::Debug for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Money({self})")
    }
}

/// Prints the amount of a sum without its currency, with exactly the currency's digits.
pub(super) struct Amount(pub(super) Money);

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Amount(money) = self;
        let exponent = money.currency.exponent();
        let unit = TEN.saturating_pow(u32::from(exponent));
        let abs = money.minor.unsigned_abs();
        let sign = if money.is_negative() { "-" } else { "" };
        write!(f, "{sign}{}", abs / unit)?;
        if exponent > 0 {
            write!(f, ".{:0width$}", abs % unit, width = usize::from(exponent))?;
        }
        Ok(())
    }
}

/// Ten, as a divisor that cannot be zero.
const TEN: NonZeroU64 = match NonZeroU64::new(10) {
    Some(ten) => ten,
    None => NonZeroU64::MIN,
};

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::money::CurrencyError;

    fn rub(minor: i64) -> Money {
        Money::from_minor(minor, Currency::RUB)
    }

    fn yen() -> Currency {
        Currency::from_code("JPY").unwrap()
    }

    fn dinar() -> Currency {
        Currency::from_code("BHD").unwrap()
    }

    #[test]
    fn displays_exactly_the_digits_of_the_currency() {
        assert_eq!(rub(100_001).to_string(), "1000.01 RUB");
        assert_eq!(rub(0).to_string(), "0.00 RUB");
        assert_eq!(rub(-5).to_string(), "-0.05 RUB");
        assert_eq!(rub(i64::MIN).to_string(), "-92233720368547758.08 RUB");
        assert_eq!(Money::from_minor(7, yen()).to_string(), "7 JPY");
        assert_eq!(Money::from_minor(7, dinar()).to_string(), "0.007 BHD");
        let coin = Currency::custom("COIN", 8).unwrap();
        assert_eq!(Money::from_minor(1, coin).to_string(), "0.00000001 COIN.8");
        assert_eq!(format!("{:?}", rub(100_001)), "Money(1000.01 RUB)");
    }

    #[test]
    fn a_text_needs_both_amount_and_currency() {
        assert_eq!("-0.05 RUB".parse(), Ok(rub(-5)));
        let amount = ParseMoneyError::Amount;
        assert_eq!("1000.01".parse::<Money>(), Err(amount(MoneyError::Malformed)));
        assert_eq!("1 000 RUB".parse::<Money>(), Err(CurrencyError::Malformed.into()));
        assert_eq!("1.001 RUB".parse::<Money>(), Err(amount(MoneyError::TooManyDigits { max: 2 })));
        assert_eq!("1 COIN".parse::<Money>(), Err(ParseMoneyError::Currency(CurrencyError::Unknown)));
    }

    #[test]
    fn nothing_is_neither_over_nor_under_zero() {
        let signs = |minor| (rub(minor).is_negative(), rub(minor).is_zero(), rub(minor).is_positive());
        assert_eq!(signs(-1), (true, false, false));
        assert_eq!(signs(0), (false, true, false));
        assert_eq!(signs(1), (false, false, true));
    }

    #[test]
    fn arithmetic_is_checked() {
        assert_eq!(rub(150).checked_add(rub(50)), Ok(rub(200)));
        assert_eq!(rub(50).checked_sub(rub(150)), Ok(rub(-100)));
        assert_eq!(rub(33).checked_mul(3), Ok(rub(99)));
        assert_eq!(rub(1).checked_cmp(rub(2)), Ok(Ordering::Less));
        assert_eq!(rub(i64::MAX).checked_add(rub(1)), Err(MoneyError::Overflow));
        assert_eq!(rub(i64::MIN).checked_sub(rub(1)), Err(MoneyError::Overflow));
        assert_eq!(rub(i64::MAX).checked_mul(2), Err(MoneyError::Overflow));
        let mixed = Err(MoneyError::CurrencyMismatch { left: Currency::RUB, right: Currency::USD });
        assert_eq!(rub(1).checked_add(Money::zero(Currency::USD)), mixed);
        assert_eq!(rub(1).checked_sub(Money::zero(Currency::USD)), mixed);
        assert!(rub(1).checked_cmp(Money::zero(Currency::USD)).is_err());
    }

    #[test]
    fn parses_only_the_strict_grammar() {
        for (text, minor) in [
            ("0", 0),
            ("-0", 0),
            ("5", 500),
            ("5.1", 510),
            ("1000.01", 100_001),
            ("-0.05", -5),
            ("007.50", 750),
            ("1.5000000", 150),
            ("92233720368547758.07", i64::MAX),
            ("-92233720368547758.08", i64::MIN),
        ] {
            assert_eq!(Money::parse(text, Currency::RUB), Ok(rub(minor)), "{text}");
        }
        for text in [
            "", "-", ".", "-.", "+1", "1_000", "1e3", ".5", "5.", "-.5", " 1", "1 ", "1,5", "1.2.3", "--1",
            "0x1", "٣", "1.٣", "NaN", "inf", "1.0x0", "1.x", "1-", "1.-1",
        ] {
            assert_eq!(Money::parse(text, Currency::RUB), Err(MoneyError::Malformed), "{text}");
        }
        assert_eq!(Money::parse(&"1".repeat(33), Currency::RUB), Err(MoneyError::Malformed));
        assert_eq!(Money::parse(&"9".repeat(32), Currency::RUB), Err(MoneyError::Overflow));
        assert_eq!(Money::parse("92233720368547758.08", Currency::RUB), Err(MoneyError::Overflow));
        assert_eq!(Money::parse("0.001", Currency::RUB), Err(MoneyError::TooManyDigits { max: 2 }));
        assert_eq!(Money::parse("0.1", yen()), Err(MoneyError::TooManyDigits { max: 0 }));
        assert_eq!(Money::parse("1.0", yen()), Ok(Money::from_minor(1, yen())));
    }

    #[test]
    fn decimals_are_never_rounded() {
        let of = |mantissa, scale| Money::from_decimal(Decimal::new(mantissa, scale), Currency::RUB);
        assert_eq!(of(27_500, 3), Ok(rub(2_750)));
        assert_eq!(of(27_501, 3), Err(MoneyError::TooManyDigits { max: 2 }));
        assert_eq!(of(-1, 0), Ok(rub(-100)));
        assert_eq!(of(i64::MAX, 0), Err(MoneyError::Overflow));
        assert_eq!(Money::from_decimal(Decimal::MAX, yen()), Err(MoneyError::Overflow));
        assert_eq!(rub(100_010).to_decimal().to_string(), "1000.10");
    }

    proptest! {
        #[test]
        fn parse_reads_what_display_writes(minor: i64, exponent in 0_u8..=8) {
            let money = Money::from_minor(minor, Currency::custom("COIN", exponent).unwrap());
            let shown = money.to_string();
            prop_assert_eq!(shown.parse(), Ok(money));
            let (amount, unit) = shown.split_once(' ').unwrap();
            prop_assert_eq!(unit, money.currency().to_string());
            prop_assert_eq!(Money::parse(amount, money.currency()), Ok(money));
            prop_assert_eq!(Money::from_decimal(money.to_decimal(), money.currency()), Ok(money));
            prop_assert_eq!(amount, money.to_decimal().to_string());
            let json = serde_json::to_string(&money).unwrap();
            prop_assert_eq!(serde_json::from_str::<Money>(&json).unwrap(), money);
        }

        #[test]
        fn parse_never_panics(text in ".{0,40}") {
            let _ = Money::parse(&text, Currency::RUB);
        }

        #[test]
        fn arithmetic_agrees_with_wide_integers(a: i64, b: i64, quantity: u32) {
            let narrow = |wide: i128| i64::try_from(wide).map(rub).map_err(|_| MoneyError::Overflow);
            let (wide_a, wide_b) = (i128::from(a), i128::from(b));
            prop_assert_eq!(rub(a).checked_add(rub(b)), narrow(wide_a.checked_add(wide_b).unwrap()));
            prop_assert_eq!(rub(a).checked_sub(rub(b)), narrow(wide_a.checked_sub(wide_b).unwrap()));
            let product = wide_a.checked_mul(i128::from(quantity)).unwrap();
            prop_assert_eq!(rub(a).checked_mul(quantity), narrow(product));
        }
    }
}
