use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use thiserror::Error;

/// A currency: a short upper-case code, and how many digits its amounts have after the point.
///
/// A *known* currency is one of ISO 4217, or one of the title units of WebMoney that [`Currency::from_code`]
/// lists; its exponent is its own and cannot be chosen. Anything else (points, coins) is a *custom* one,
/// which carries its exponent with it. As text and in JSON a known currency is its code, `"RUB"`, and a
/// custom one is code, dot, exponent: `"COIN.2"`.
///
/// Two currencies are equal if both code and exponent are. The order is by code.
///
/// # Examples
/// ```
/// use escrow::Currency;
///
/// assert_eq!("RUB".parse(), Ok(Currency::RUB));
/// let coin = Currency::custom("COIN", 2)?;
/// assert_eq!(coin.to_string(), "COIN.2");
/// assert_eq!(coin.code(), "COIN");
/// # Ok::<(), escrow::money::CurrencyError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Currency {
    /// The code, ASCII, padded with zeros at the end; then the exponent, with the bit [`CUSTOM`] where the code is
    /// not a known one: printing must not look the code up again. The bit follows from the code, so it never makes two
    /// equal currencies differ. One array, so that two of them are compared as one word.
    packed: [u8; 8],
}

/// The bit of the last byte of a [`Currency`] that is not known by its code.
const CUSTOM: u8 = 0x80;

/// The title units of WebMoney that stand for money or gold.
///
/// Two digits after the point, as with the currencies behind them; openfintech lists them so. The units of
/// its blockchain purses (WMX, WMH, WML, WMF, WMT, WMM) and the less documented WMV and WMY are left out on
/// purpose: a wrong exponent here could not be overridden, whereas `WMX.8` says it openly. WMC and WMD are
/// debts, not means of payment.
const WEBMONEY: [&str; 8] = ["WMZ", "WMR", "WMP", "WME", "WMU", "WMB", "WMK", "WMG"];

/// See [`WEBMONEY`].
const WEBMONEY_EXPONENT: u8 = 2;

impl Currency {
    /// The Russian rouble; its minor unit is the kopeck.
    pub const RUB: Currency = Currency { packed: *b"RUB\0\0\0\0\x02" };
    /// The dollar of the United States; its minor unit is the cent.
    pub const USD: Currency = Currency { packed: *b"USD\0\0\0\0\x02" };
    /// The euro; its minor unit is the cent.
    pub const EUR: Currency = Currency { packed: *b"EUR\0\0\0\0\x02" };

    /// The largest exponent that a currency may have, enough for the satoshi.
    pub const MAX_EXPONENT: u8 = 8;

    /// The known currency of that code.
    ///
    /// Known are the codes of ISO 4217 that have a minor-unit exponent, superseded ones included (old deals
    /// must stay readable), and the title units of WebMoney for money and gold, with two digits: WMZ, WMR,
    /// WMP, WME, WMU, WMB, WMK and WMG. Other units of WebMoney are custom currencies.
    ///
    /// # Errors
    /// [`CurrencyError::Malformed`] if the text cannot be a code, [`CurrencyError::NoMinorUnit`] for a code
    /// of ISO 4217 without an exponent (XAU, XXX, XTS), [`CurrencyError::Unknown`] for any other code.
    pub fn from_code(code: &str) -> Result<Currency, CurrencyError> {
        match code {
            // The common ones skip the search through ISO 4217; a test keeps both ways equal.
            "RUB" => return Ok(Currency::RUB),
            "USD" => return Ok(Currency::USD),
            "EUR" => return Ok(Currency::EUR),
            _ => {}
        }
        let packed = pack(code)?;
        let exponent = match iso_currency::Currency::from_code(code) {
            Some(iso) => iso
                .exponent()
                .and_then(|exponent| u8::try_from(exponent).ok())
                .filter(|exponent| *exponent <= Currency::MAX_EXPONENT)
                .ok_or(CurrencyError::NoMinorUnit)?,
            None if WEBMONEY.contains(&code) => WEBMONEY_EXPONENT,
            None => return Err(CurrencyError::Unknown),
        };
        Ok(Currency::of(packed, exponent))
    }

    /// A host's own unit, such as points or coins; or a known currency, where the code is known.
    ///
    /// The code is 2 to 7 characters of `A-Z` and `0-9` and begins with a letter. Choose one of four or more:
    /// a code of three letters may become an ISO 4217 currency with another exponent, and stored sums of
    /// yours would then be refused.
    ///
    /// # Errors
    /// [`CurrencyError::Malformed`] if the text cannot be a code, [`CurrencyError::ExponentTooLarge`] if the
    /// exponent is over [`Currency::MAX_EXPONENT`], [`CurrencyError::ExponentMismatch`] if the code is known
    /// with another exponent, [`CurrencyError::NoMinorUnit`] if ISO 4217 has the code without one.
    ///
    /// # Examples
    /// ```
    /// use escrow::{Currency, money::CurrencyError};
    ///
    /// assert_eq!(Currency::custom("RUB", 2), Ok(Currency::RUB));
    /// assert_eq!(Currency::custom("RUB", 3), Err(CurrencyError::ExponentMismatch { own: 2 }));
    /// ```
    pub fn custom(code: &str, exponent: u8) -> Result<Currency, CurrencyError> {
        let packed = pack(code)?;
        if exponent > Currency::MAX_EXPONENT {
            return Err(CurrencyError::ExponentTooLarge { max: Currency::MAX_EXPONENT });
        }
        match Currency::from_code(code) {
            Ok(known) if known.exponent() == exponent => Ok(known),
            Ok(known) => Err(CurrencyError::ExponentMismatch { own: known.exponent() }),
            Err(CurrencyError::Unknown) => Ok(Currency::of(packed, exponent | CUSTOM)),
            Err(error) => Err(error),
        }
    }

    /// The code alone, without the exponent of a custom currency.
    #[must_use]
    pub fn code(&self) -> &str {
        let [code @ .., _] = &self.packed;
        let used = code.split(|byte| *byte == 0).next().unwrap_or_default();
        // Every constructor checks that the code is ASCII.
        std::str::from_utf8(used).unwrap_or_default()
    }

    /// How many digits an amount has after the point: 2 for RUB, 0 for JPY.
    #[must_use]
    pub const fn exponent(self) -> u8 {
        let [.., exponent] = self.packed;
        exponent & !CUSTOM
    }

    const fn is_custom(self) -> bool {
        let [.., exponent] = self.packed;
        exponent & CUSTOM != 0
    }

    const fn of([a, b, c, d, e, f, g]: [u8; 7], exponent: u8) -> Currency {
        Currency { packed: [a, b, c, d, e, f, g, exponent] }
    }
}

/// A known currency is its code, a custom one is code, dot, exponent.
impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())?;
        if self.is_custom() {
            write!(f, ".{}", self.exponent())?;
        }
        Ok(())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Reads what [`Display`](fmt::Display) writes, and a known currency with its own exponent (`RUB.2`) too.
impl FromStr for Currency {
    type Err = CurrencyError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.split_once('.') {
            Some((code, exponent)) => Currency::custom(code, parse_exponent(exponent)?),
            None => Currency::from_code(text),
        }
    }
}

impl Serialize for Currency {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Currency {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;

        impl de::Visitor<'_> for Visitor {
            type Value = Currency;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(r#"the currency as a string such as "RUB" or "COIN.2""#)
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Currency, E> {
                text.parse().map_err(|error| E::custom(format_args!("currency: {error}")))
            }
        }

        deserializer.deserialize_str(Visitor)
    }
}

/// Why a text is not a currency.
///
/// None is transient: the same arguments fail again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum CurrencyError {
    /// The text cannot be a code, or what follows its dot is not an exponent.
    #[error(
        "write a currency as 2 to 7 characters of A-Z and 0-9 beginning with a letter, as RUB, and a unit \
         of your own with a dot and the one digit of its exponent, as COIN.2"
    )]
    Malformed,
    /// The code is neither of ISO 4217 nor a registered one.
    #[error("the currency code is not known: write a unit of your own with its exponent, as COIN.2")]
    Unknown,
    /// ISO 4217 has the code, but without a minor unit: a metal, a unit of account, or a reserved code.
    #[error("ISO 4217 gives this code no minor unit: use a code of your own with an exponent, as GOLD.4")]
    NoMinorUnit,
    /// The code is known, with another exponent.
    #[error("the code is known with the exponent {own}: use that, or another code")]
    ExponentMismatch {
        /// The exponent that the known currency has.
        own: u8,
    },
    /// The exponent is larger than any currency may have.
    #[error("an exponent is at most {max}")]
    ExponentTooLarge {
        /// [`Currency::MAX_EXPONENT`].
        max: u8,
    },
}

fn pack(code: &str) -> Result<[u8; 7], CurrencyError> {
    let mut packed = [0; 7];
    let fits = (2..=packed.len()).contains(&code.len());
    let allowed = code.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
    if !fits || !allowed || !code.starts_with(|first: char| first.is_ascii_uppercase()) {
        return Err(CurrencyError::Malformed);
    }
    for (slot, byte) in packed.iter_mut().zip(code.bytes()) {
        *slot = byte;
    }
    Ok(packed)
}

/// Exactly one digit, so that one currency has one text.
fn parse_exponent(text: &str) -> Result<u8, CurrencyError> {
    match text.as_bytes() {
        [_] => text.parse().map_err(|_| CurrencyError::Malformed),
        _ => Err(CurrencyError::Malformed),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn is_eight_bytes() {
        assert_eq!(size_of::<Currency>(), 8);
    }

    #[test]
    fn constants_are_what_iso_says() {
        for (constant, code) in [(Currency::RUB, "RUB"), (Currency::USD, "USD"), (Currency::EUR, "EUR")] {
            assert_eq!(constant.code(), code);
            let iso = iso_currency::Currency::from_code(code).unwrap();
            assert_eq!(Some(u16::from(constant.exponent())), iso.exponent());
            assert_eq!(Currency::from_code(code), Ok(constant));
        }
    }

    #[test]
    fn known_codes_have_their_own_exponent() {
        for (code, exponent) in [("JPY", 0), ("BHD", 3), ("CLF", 4), ("GBP", 2), ("HRK", 2), ("WMZ", 2)] {
            let currency = Currency::from_code(code).unwrap();
            assert_eq!((currency.code(), currency.exponent()), (code, exponent));
            assert_eq!(currency.to_string(), code);
            assert_eq!(format!("{currency:?}"), code);
        }
        for code in WEBMONEY {
            assert_eq!(iso_currency::Currency::from_code(code), None, "{code} is ISO's by now");
        }
    }

    #[test]
    fn codes_without_a_minor_unit_are_refused() {
        for code in ["XAU", "XAG", "XXX", "XTS", "XDR"] {
            assert_eq!(Currency::from_code(code), Err(CurrencyError::NoMinorUnit), "{code}");
            assert_eq!(Currency::custom(code, 2), Err(CurrencyError::NoMinorUnit), "{code}");
        }
    }

    #[test]
    fn custom_codes_are_checked() {
        for code in ["", "C", "coin", "COINCOIN", "1COIN", "CO IN", "CÖIN", "CO.N", "RU\0"] {
            assert_eq!(Currency::custom(code, 2), Err(CurrencyError::Malformed), "{code}");
            assert_eq!(Currency::from_code(code), Err(CurrencyError::Malformed), "{code}");
        }
        assert_eq!(Currency::custom("COIN", 9), Err(CurrencyError::ExponentTooLarge { max: 8 }));
        assert_eq!(Currency::custom("RUB", 3), Err(CurrencyError::ExponentMismatch { own: 2 }));
        assert_eq!(Currency::custom("RUB", 2), Ok(Currency::RUB));
        assert_eq!(Currency::custom("COINS24", 0).unwrap().code(), "COINS24");
        assert_eq!(Currency::custom("WMX", 8).unwrap().to_string(), "WMX.8");
    }

    #[test]
    fn one_text_per_currency() {
        assert_eq!("RUB.2".parse(), Ok(Currency::RUB));
        assert_eq!("RUB.3".parse::<Currency>(), Err(CurrencyError::ExponentMismatch { own: 2 }));
        assert_eq!("COIN.2".parse(), Currency::custom("COIN", 2));
        assert_eq!("COIN.9".parse::<Currency>(), Err(CurrencyError::ExponentTooLarge { max: 8 }));
        for text in ["COIN.", "COIN.02", "COIN.+2", "COIN.2.", "COIN. 2", ".2", "COIN.10", "rub", " RUB"] {
            assert_eq!(text.parse::<Currency>(), Err(CurrencyError::Malformed), "{text}");
        }
        let bare = "COIN".parse::<Currency>().unwrap_err();
        assert_eq!(bare, CurrencyError::Unknown);
        assert!(bare.to_string().contains("COIN.2"));
    }

    #[test]
    fn serde_is_the_text() {
        let coin = Currency::custom("COIN", 2).unwrap();
        assert_eq!(serde_json::to_string(&coin).unwrap(), r#""COIN.2""#);
        assert_eq!(serde_json::from_str::<Currency>(r#""COIN.2""#).unwrap(), coin);
        assert_eq!(serde_json::to_string(&Currency::RUB).unwrap(), r#""RUB""#);
        let error = serde_json::from_str::<Currency>(r#""COIN""#).unwrap_err().to_string();
        assert!(error.starts_with("currency: the currency code is not known"), "{error}");
    }

    proptest! {
        #[test]
        fn parse_reads_what_display_writes(code in "[A-Z][A-Z0-9]{1,6}", exponent in 0_u8..=8) {
            let currency = match Currency::custom(&code, exponent) {
                Ok(currency) => currency,
                Err(CurrencyError::ExponentMismatch { own }) => Currency::custom(&code, own).unwrap(),
                Err(error) => {
                    prop_assert_eq!(error, CurrencyError::NoMinorUnit);
                    return Ok(());
                }
            };
            prop_assert_eq!(currency.code(), &code);
            prop_assert!(currency.exponent() <= Currency::MAX_EXPONENT);
            prop_assert_eq!(currency.to_string().parse(), Ok(currency));
            let json = serde_json::to_string(&currency).unwrap();
            prop_assert_eq!(serde_json::from_str::<Currency>(&json).unwrap(), currency);
        }

        #[test]
        fn parse_never_panics(text in ".{0,12}") {
            let _ = text.parse::<Currency>();
        }
    }
}
