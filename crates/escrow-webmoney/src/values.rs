//! Values that entities and calls share.

use std::fmt;
use std::ops::Deref;
use std::str::FromStr;

use serde::de::value::MapAccessDeserializer;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use smol_str::{SmolStr, ToSmolStr};

use escrow::money::MoneyError;
use escrow::terms::Terms;
use escrow::{Currency, Money, PartyId, Text, TextError};

/// The id of a service: opaque, compared byte for byte. It acts on behalf of its users, so it is the
/// [`via`](escrow::Context::via) of their commands.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ServiceId(pub PartyId);

impl fmt::Display for ServiceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl FromStr for ServiceId {
    type Err = TextError;

    fn from_str(text: &str) -> Result<Self, TextError> {
        text.parse().map(Self)
    }
}

impl Deref for ServiceId {
    type Target = str;

    fn deref(&self) -> &str {
        self.0.as_str()
    }
}

/// A tag.
pub(super) type Tag = Text<64, 1>;

/// An amount in major units as a string of decimal digits: `"1000.00"`. Its currency is in a field of its own.
///
/// Written with exactly the currency's digits. A JSON number is refused, since it may have passed through a float;
/// so is anything that [`Money::parse`] calls malformed.
///
/// # Examples
/// ```
/// use escrow::{Currency, Money};
/// use escrow_webmoney::Amount;
///
/// let price = Amount::of(Money::from_minor(1_000_00, Currency::RUB));
/// assert_eq!(price.as_str(), "1000.00");
/// assert_eq!(price.money(Currency::RUB)?.minor(), 1_000_00);
/// assert!(serde_json::from_str::<Amount>("1000.00").is_err(), "a number");
/// # Ok::<(), escrow::money::MoneyError>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Amount(SmolStr);

impl Amount {
    /// The amount of a sum.
    pub fn of(money: Money) -> Self {
        Self(money.to_decimal().to_smolstr())
    }

    /// Checks a text.
    ///
    /// # Errors
    /// [`MoneyError::Malformed`] if it is not of the grammar of [`Money::parse`].
    pub fn new(text: &str) -> Result<Self, MoneyError> {
        // how many digits are too many, only the currency says
        match Money::parse(text, Currency::RUB) {
            Err(MoneyError::Malformed) => Err(MoneyError::Malformed),
            Ok(_) | Err(_) => Ok(Self(SmolStr::new(text))),
        }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The sum in a currency; never rounds.
    ///
    /// # Errors
    /// [`MoneyError::TooManyDigits`], [`MoneyError::Overflow`].
    pub fn money(&self, currency: Currency) -> Result<Money, MoneyError> {
        Money::parse(&self.0, currency)
    }
}

impl Serialize for Amount {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;

        impl de::Visitor<'_> for Visitor {
            type Value = Amount;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(r#"an amount as a string such as "1000.00", never a number"#)
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Amount, E> {
                Amount::new(text).map_err(E::custom)
            }
        }

        deserializer.deserialize_str(Visitor)
    }
}

/// Personal data of a user, or a key to it: a phone, a purse, an id in another system. Not blank, at most 128
/// characters. `Debug` shows `***`, and there is no `Display`.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Personal(Text<128, 1>);

impl Personal {
    /// Wraps a text.
    pub const fn new(text: Text<128, 1>) -> Self {
        Self(text)
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Personal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// An object and nothing else: a derived struct would read an array too.
pub(super) fn object<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<T, D::Error> {
    struct Visitor<T>(std::marker::PhantomData<T>);

    impl<'de, T: Deserialize<'de>> de::Visitor<'de> for Visitor<T> {
        type Value = T;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: de::MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
            T::deserialize(MapAccessDeserializer::new(map))
        }
    }

    deserializer.deserialize_map(Visitor(std::marker::PhantomData))
}

/// At most [`Terms::MAX_TAGS`] tags; a longer list is not read to its end.
pub(super) fn tags<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Tag>, D::Error> {
    struct Visitor;

    impl<'de> de::Visitor<'de> for Visitor {
        type Value = Vec<Tag>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(f, "a list of at most {} tags", Terms::MAX_TAGS)
        }

        fn visit_seq<A: de::SeqAccess<'de>>(self, mut list: A) -> Result<Vec<Tag>, A::Error> {
            let mut tags = Vec::new();
            while let Some(tag) = list.next_element()? {
                if tags.len() == Terms::MAX_TAGS {
                    return Err(de::Error::invalid_length(tags.len().saturating_add(1), &self));
                }
                tags.push(tag);
            }
            Ok(tags)
        }
    }

    deserializer.deserialize_seq(Visitor)
}
