//! Amounts as Stripe writes them: integers of *its* smallest unit, which is not always that of ISO 4217.
//!
//! # Source
//! Stripe's "Supported currencies": zero-decimal currencies, three-decimal currencies, special cases.

use escrow::{Currency, Money};
use thiserror::Error;

/// Written without digits after the point. The ariary has two of them in ISO 4217.
const NO_DIGITS: [&str; 15] =
    ["BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "VND", "VUV", "XAF", "XOF", "XPF"];

/// Written with three digits, of which the last is zero: Stripe's partners do not take it.
const THREE_DIGITS: [&str; 5] = ["BHD", "JOD", "KWD", "OMR", "TND"];

/// Paid out in whole units only, though charged with two digits.
const WHOLE_PAYOUTS: [&str; 2] = ["HUF", "TWD"];

/// Why an amount cannot be said to Stripe, or is none that Stripe has said.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
#[non_exhaustive]
pub enum AmountError {
    /// The currency is the host's own, or Stripe's code is not known.
    #[error("{0} is no currency of Stripe's")]
    Currency(String),
    /// Stripe's smallest unit is greater than what the amount ends with.
    #[error("{amount} is not a whole number of {step} minor units: Stripe takes nothing finer")]
    TooFine {
        /// The amount.
        amount: Money,
        /// What it would have to be a multiple of.
        step: i64,
    },
    /// The amount does not fit.
    #[error("the amount is too large")]
    TooLarge,
    /// What Stripe has said is no whole number of our minor units.
    #[error("Stripe says {said} {currency}, which is no whole number of minor units")]
    Fraction {
        /// The number.
        said: i64,
        /// The code.
        currency: String,
    },
}

/// How many digits after the point Stripe writes. The króna and the Ugandan shilling have none in ISO 4217, and two here.
fn digits(code: &str) -> u8 {
    if NO_DIGITS.contains(&code) {
        0
    } else if THREE_DIGITS.contains(&code) {
        3
    } else {
        2
    }
}

fn power(digits: u8) -> Result<i64, AmountError> {
    10_i64.checked_pow(u32::from(digits)).ok_or(AmountError::TooLarge)
}

/// Divides where nothing is left over.
fn exact(number: i64, by: i64) -> Option<i64> {
    (number.checked_rem(by)? == 0).then(|| number.checked_div(by)).flatten()
}

/// The amount and the currency as parameters.
pub(crate) fn to_stripe(amount: Money) -> Result<(i64, String), AmountError> {
    let currency = amount.currency();
    let code = currency.code();
    // a unit of the host's own has a code that Stripe may mean something else by
    if Currency::from_code(code) != Ok(currency) {
        return Err(AmountError::Currency(currency.to_string()));
    }
    let (ours, theirs) = (currency.exponent(), digits(code));
    let said = if theirs >= ours {
        let factor = power(theirs.saturating_sub(ours))?;
        amount.minor().checked_mul(factor).ok_or(AmountError::TooLarge)?
    } else {
        let step = power(ours.saturating_sub(theirs))?;
        exact(amount.minor(), step).ok_or(AmountError::TooFine { amount, step })?
    };
    if theirs == 3 && exact(said, 10).is_none() {
        return Err(AmountError::TooFine { amount, step: 10 });
    }
    Ok((said, code.to_ascii_lowercase()))
}

/// The same for a payout to a bank, which may want whole units.
pub(crate) fn to_payout(amount: Money) -> Result<(i64, String), AmountError> {
    let said = to_stripe(amount)?;
    if WHOLE_PAYOUTS.contains(&amount.currency().code()) && exact(said.0, 100).is_none() {
        return Err(AmountError::TooFine { amount, step: 100 });
    }
    Ok(said)
}

/// What Stripe has said.
pub(crate) fn from_stripe(said: i64, currency: &str) -> Result<Money, AmountError> {
    let code = currency.to_ascii_uppercase();
    let known = Currency::from_code(&code).map_err(|_| AmountError::Currency(code.clone()))?;
    let (ours, theirs) = (known.exponent(), digits(&code));
    let minor = if ours >= theirs {
        said.checked_mul(power(ours.saturating_sub(theirs))?).ok_or(AmountError::TooLarge)?
    } else {
        let step = power(theirs.saturating_sub(ours))?;
        exact(said, step).ok_or(AmountError::Fraction { said, currency: code.clone() })?
    };
    Ok(Money::from_minor(minor, known))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn money(text: &str) -> Money {
        text.parse().unwrap()
    }

    #[test]
    fn amounts_are_said_as_stripe_documents_them() {
        for (amount, said) in [
            // 10 USD is 1000 cents
            ("10.00 USD", (1000, "usd")),
            ("23500.00 RUB", (2_350_000, "rub")),
            // zero-decimal: 500 JPY is 500
            ("500 JPY", (500, "jpy")),
            // three-decimal, the last digit zero: 5.120 KWD is 5120
            ("5.120 KWD", (5120, "kwd")),
            // none in ISO 4217, two at Stripe: 5 ISK and 5 UGX are 500
            ("5 ISK", (500, "isk")),
            ("5 UGX", (500, "ugx")),
            // two in ISO 4217, none at Stripe: 7.00 MGA is 7
            ("7.00 MGA", (7, "mga")),
        ] {
            let (number, code) = to_stripe(money(amount)).unwrap();
            assert_eq!((number, code.as_str()), said, "{amount}");
            assert_eq!(from_stripe(number, &code), Ok(money(amount)), "{amount}");
        }
    }

    #[test]
    fn what_stripe_cannot_say_is_refused() {
        assert!(matches!(to_stripe(money("5.124 KWD")), Err(AmountError::TooFine { step: 10, .. })));
        assert!(matches!(to_stripe(money("7.20 MGA")), Err(AmountError::TooFine { step: 100, .. })));
        // "USDT" is a coin of the host's
        assert_eq!(to_stripe(money("1.00 USDT.2")), Err(AmountError::Currency("USDT.2".to_owned())));
        // half a króna
        assert!(matches!(from_stripe(550, "isk"), Err(AmountError::Fraction { said: 550, .. })));
        assert!(matches!(from_stripe(1, "zzz"), Err(AmountError::Currency(_))));
        assert_eq!(from_stripe(i64::MAX, "mga"), Err(AmountError::TooLarge));
    }

    #[test]
    fn some_currencies_are_paid_out_whole() {
        // HUF 10 is 1000, HUF 10.45 is charged, and not paid out
        assert_eq!(to_payout(money("10.00 HUF")).unwrap().0, 1000);
        assert!(to_stripe(money("10.45 HUF")).is_ok());
        assert!(matches!(to_payout(money("10.45 HUF")), Err(AmountError::TooFine { step: 100, .. })));
    }

    proptest! {
        #[test]
        fn what_is_said_is_read_back(
            minor in any::<i64>(),
            code in prop::sample::select(vec!["USD", "JPY", "KWD", "ISK", "UGX", "MGA", "HUF", "CLP"]),
        ) {
            let amount = Money::from_minor(minor, Currency::from_code(code).unwrap());
            if let Ok((said, currency)) = to_stripe(amount) {
                prop_assert_eq!(from_stripe(said, &currency), Ok(amount));
            }
        }
    }
}
