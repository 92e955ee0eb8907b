//! Amounts, rates and currencies as text: what is read is written as an equal, and nothing is rounded.
#![no_main]

use escrow::{Currency, Money, Rate};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (&str, &str, i64, u32)| {
    let (amount, code, minor, ppm) = input;
    if let Ok(currency) = code.parse::<Currency>() {
        assert_eq!(currency.to_string().parse::<Currency>(), Ok(currency));
        if let Ok(money) = Money::parse(amount, currency) {
            assert_eq!(Money::from_decimal(money.to_decimal(), currency), Ok(money));
            let json = serde_json::to_string(&money).expect("money can be written");
            assert_eq!(serde_json::from_str::<Money>(&json).ok(), Some(money));
        }
        let money = Money::from_minor(minor, currency);
        assert_eq!(Money::from_decimal(money.to_decimal(), currency), Ok(money));
        if let Ok(rate) = Rate::from_ppm(ppm) {
            let part = rate.floor_of(minor.max(0));
            assert!((0..=minor.max(0)).contains(&part));
        }
    }
    if let Ok(rate) = amount.parse::<Rate>() {
        assert_eq!(rate.to_string().parse::<Rate>(), Ok(rate));
    }
});
