//! How sums of money are stored and sent.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de, ser::SerializeStruct};

use super::digits::Digits;
use super::money::Amount;
use super::{Currency, Money};

impl Serialize for Money {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut parts = serializer.serialize_struct("Money", 2)?;
        parts.serialize_field("amount", &Amount(*self))?;
        parts.serialize_field("currency", &self.currency())?;
        parts.end()
    }
}

impl<'de> Deserialize<'de> for Money {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Parts { amount, currency } = Parts::deserialize(deserializer)?;
        amount.into_money(currency).map_err(|error| de::Error::custom(format_args!("amount: {error}")))
    }
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

impl Serialize for Amount {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use serde::de::value::{Error as ValueError, SeqDeserializer};

    use super::*;

    fn rub(minor: i64) -> Money {
        Money::from_minor(minor, Currency::RUB)
    }

    fn decode_error(json: &str) -> String {
        serde_json::from_str::<Money>(json).unwrap_err().to_string()
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
}
