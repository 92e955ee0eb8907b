use std::cmp::Ordering;
use std::fmt;
use std::num::NonZeroU64;

use rust_decimal::Decimal;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de, ser::SerializeStruct};
use thiserror::Error;

use super::Currency;

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

/// The amount and the code: `1000.01 RUB`.
impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", Amount(*self), self.currency.code())
    }
}

impl fmt::Debug for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Money({self})")
    }
}

impl Serialize for Money {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let text = serializer.is_human_readable();
        let mut parts = serializer.serialize_struct("Money", 2)?;
        if text {
            parts.serialize_field("amount", &Amount(*self))?;
        } else {
            parts.serialize_field("minor", &self.minor)?;
        }
        parts.serialize_field("currency", &self.currency)?;
        parts.end()
    }
}

impl<'de> Deserialize<'de> for Money {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if !deserializer.is_human_readable() {
            let Minor { minor, currency } = Minor::deserialize(deserializer)?;
            return Ok(Money { minor, currency });
        }
        let Parts { amount, currency } = Parts::deserialize(deserializer)?;
        amount.into_money(currency).map_err(|error| de::Error::custom(format_args!("amount: {error}")))
    }
}

/// Why a sum could not be made or computed.
///
/// None is transient: the same arguments fail again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum MoneyError {
    /// Two sums of different currencies met in one operation.
    #[error("{left} and {right} cannot be mixed: convert one of the sums first")]
    CurrencyMismatch {
        /// The currency of the sum on the left.
        left: Currency,
        /// The currency of the sum on the right.
        right: Currency,
    },
    /// The result does not fit into `i64` minor units.
    #[error("the sum does not fit into 64 bits of minor units: use a smaller amount or quantity")]
    Overflow,
    /// The amount is finer than a minor unit of its currency.
    #[error("the currency has {max} digits after the point: round the amount to that before passing it")]
    TooManyDigits {
        /// The digits after the point that the currency has.
        max: u8,
    },
    /// The text is not an amount.
    #[error(
        "write an amount in ASCII digits with an optional minus and point, as -1000.01, in at most 32 characters"
    )]
    Malformed,
}

/// The stored parts of a sum. The amount is kept as digits until the currency, which may come later, says
/// what they stand for.
#[derive(Deserialize)]
#[serde(
    rename = "Money",
    deny_unknown_fields,
    expecting = r#"money as {"amount":"1000.01","currency":"RUB"}"#
)]
struct Parts {
    amount: Digits,
    currency: Currency,
}

/// The stored parts of a sum in a binary format.
#[derive(Deserialize)]
#[serde(rename = "Money", deny_unknown_fields)]
struct Minor {
    minor: i64,
    currency: Currency,
}

/// Prints the amount of a sum without its currency, with exactly the currency's digits.
pub(crate) struct Amount(pub(crate) Money);

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

impl Serialize for Amount {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Ten, as a divisor that cannot be zero.
const TEN: NonZeroU64 = match NonZeroU64::new(10) {
    Some(ten) => ten,
    None => NonZeroU64::MIN,
};

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

    fn into_money(self, currency: Currency) -> Result<Money, MoneyError> {
        let minor = self.scaled(currency.exponent()).map_err(|error| match error {
            NotScaled::TooFine => MoneyError::TooManyDigits { max: currency.exponent() },
            NotScaled::TooLarge => MoneyError::Overflow,
        })?;
        match i64::try_from(minor) {
            Ok(minor) => Ok(Money { minor, currency }),
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde::de::value::{Error as ValueError, SeqDeserializer};

    use super::*;

    fn rub(minor: i64) -> Money {
        Money::from_minor(minor, Currency::RUB)
    }

    fn yen() -> Currency {
        Currency::from_code("JPY").unwrap()
    }

    fn dinar() -> Currency {
        Currency::from_code("BHD").unwrap()
    }

    fn decode_error(json: &str) -> String {
        serde_json::from_str::<Money>(json).unwrap_err().to_string()
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
        assert_eq!(Money::from_minor(1, coin).to_string(), "0.00000001 COIN");
        assert_eq!(format!("{:?}", rub(100_001)), "Money(1000.01 RUB)");
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

    #[test]
    fn float_amount() {
        let number = "expected the amount as a string such as \"1000.01\", never a number";
        assert!(decode_error(r#"{"amount":1000.01,"currency":"RUB"}"#).contains(number));
        assert!(decode_error(r#"{"amount":1000,"currency":"RUB"}"#).contains(number));
        // The same through the buffer of an internally tagged enum, which is how events carry sums.
        #[derive(Debug, Deserialize)]
        #[serde(tag = "type")]
        enum Tagged {
            Paid { sum: Money },
        }
        let tagged = |amount: &str| {
            let json = format!(r#"{{"sum":{{"currency":"RUB","amount":{amount}}},"type":"Paid"}}"#);
            serde_json::from_str::<Tagged>(&json).map(|Tagged::Paid { sum }| sum)
        };
        assert_eq!(tagged(r#""1.50""#).unwrap(), rub(150));
        assert!(tagged("1.5").unwrap_err().to_string().contains(number));
    }

    #[test]
    fn json_is_pinned() {
        let json = r#"{"amount":"1000.01","currency":"RUB"}"#;
        assert_eq!(serde_json::to_string(&rub(100_001)).unwrap(), json);
        assert_eq!(serde_json::from_str::<Money>(json).unwrap(), rub(100_001));
        let coin = Money::from_minor(5, Currency::custom("COIN", 2).unwrap());
        let json = r#"{"amount":"0.05","currency":"COIN.2"}"#;
        assert_eq!(serde_json::to_string(&coin).unwrap(), json);
        assert_eq!(serde_json::from_str::<Money>(json).unwrap(), coin);
    }

    #[test]
    fn decode_errors_name_the_field() {
        for (json, expected) in [
            (r#"{"amount":"1e3","currency":"RUB"}"#, "amount: write an amount"),
            (r#"{"amount":"0.001","currency":"RUB"}"#, "amount: the currency has 2 digits"),
            (r#"{"amount":"99999999999999999999","currency":"RUB"}"#, "amount: the sum does not fit"),
            (r#"{"amount":"1","currency":"COIN"}"#, "currency: "),
            (r#"{"amount":"1","currency":"RUB.3"}"#, "currency: "),
            (r#"{"amount":"1","currency":643}"#, "expected the currency as a string"),
            (r#"{"amount":"1"}"#, "missing field `currency`"),
            (r#"{"currency":"RUB"}"#, "missing field `amount`"),
            (r#"{"amount":"1","currency":"RUB","rate":"1"}"#, "unknown field `rate`"),
            (r#"{"amount":"1","amount":"2","currency":"RUB"}"#, "duplicate field `amount`"),
            ("1000.01", "expected money as {\"amount\""),
        ] {
            let error = decode_error(json);
            assert!(error.contains(expected), "{json}: {error}");
        }
    }

    #[test]
    fn decodes_from_a_sequence() {
        // Formats that do not describe themselves carry a struct as a sequence of its fields.
        let fields = SeqDeserializer::<_, ValueError>::new(["1000.01", "RUB"].into_iter());
        assert_eq!(Money::deserialize(fields).unwrap(), rub(100_001));
    }

    proptest! {
        #[test]
        fn parse_reads_what_display_writes(minor: i64, exponent in 0_u8..=8) {
            let money = Money::from_minor(minor, Currency::custom("COIN", exponent).unwrap());
            let shown = money.to_string();
            let (amount, code) = shown.split_once(' ').unwrap();
            prop_assert_eq!(code, "COIN");
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
