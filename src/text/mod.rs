//! Bounded texts.

#[macro_use]
mod id;

use std::borrow::Borrow;
use std::fmt;
use std::ops::Deref;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use smol_str::SmolStr;
use thiserror::Error;
use unicode_normalization::{UnicodeNormalization as _, is_nfc};

/// A text of at most `MAX` and at least `MIN` characters, which clones without allocating.
///
/// Lengths count Unicode characters (`char`), not bytes. Control characters other than line feed and tab
/// are refused, and where `MIN` is over zero so is a text of white space only. Nothing is trimmed or changed:
/// what was given is what is stored. Decoding applies the same rules, before it copies anything.
///
/// # Examples
/// ```
/// use escrow::{Text, TextError};
///
/// let name: Text<8, 1> = Text::new("Молоток")?;
/// assert_eq!(name, "Молоток");
/// assert_eq!(Text::<8, 1>::new("  "), Err(TextError::Blank));
/// assert_eq!(Text::<8, 1>::new("Отвёртка-2"), Err(TextError::TooLong { max: 8 }));
/// # Ok::<(), TextError>(())
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Text<const MAX: usize, const MIN: usize = 0>(SmolStr);

impl<const MAX: usize, const MIN: usize> Text<MAX, MIN> {
    /// Checks a text and copies it.
    ///
    /// # Errors
    /// [`TextError::TooLong`] or [`TextError::TooShort`] if the number of characters is out of bounds,
    /// [`TextError::Blank`] if `MIN > 0` and there is nothing but white space, [`TextError::Control`] if
    /// there is a control character other than line feed and tab.
    pub fn new(text: impl AsRef<str>) -> Result<Self, TextError> {
        let text = text.as_ref();
        check(text, MAX, MIN)?;
        Ok(Text(SmolStr::new(text)))
    }

    /// The text as an id: composed (NFC), one line, and nothing in it that nobody sees.
    ///
    /// # Errors
    /// [`TextError::Padded`], [`TextError::Unseen`]; [`TextError::TooLong`] where it is longer when composed.
    #[doc(hidden)]
    pub fn into_id(self) -> Result<Self, TextError> {
        let text = self.as_str();
        if !text.is_ascii() && !is_nfc(text) {
            return Self::new(text.nfc().collect::<String>())?.into_id();
        }
        if text.starts_with(' ') || text.ends_with(' ') {
            return Err(TextError::Padded);
        }
        if text.chars().any(is_unseen) {
            return Err(TextError::Unseen);
        }
        Ok(self)
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

/// The empty text, only where it is allowed.
impl<const MAX: usize> Default for Text<MAX, 0> {
    fn default() -> Self {
        Text(SmolStr::default())
    }
}

impl<const MAX: usize, const MIN: usize> Deref for Text<MAX, MIN> {
    type Target = str;

    fn deref(&self) -> &str {
        self.as_str()
    }
}

impl<const MAX: usize, const MIN: usize> AsRef<str> for Text<MAX, MIN> {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

/// Equality, order and hash are those of `str`, so a map keyed by texts can be asked by `&str`.
impl<const MAX: usize, const MIN: usize> Borrow<str> for Text<MAX, MIN> {
    fn borrow(&self) -> &str {
        self.as_str()
    }
}

/// A required text is an optional one too.
impl<const MAX: usize> From<Text<MAX, 1>> for Text<MAX> {
    fn from(text: Text<MAX, 1>) -> Self {
        Self(text.0)
    }
}

impl<const MAX: usize, const MIN: usize> fmt::Display for Text<MAX, MIN> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self.as_str(), f)
    }
}

impl<const MAX: usize, const MIN: usize> fmt::Debug for Text<MAX, MIN> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

impl<const MAX: usize, const MIN: usize> PartialEq<str> for Text<MAX, MIN> {
    fn eq(&self, other: &str) -> bool {
        self.as_str() == other
    }
}

impl<const MAX: usize, const MIN: usize> PartialEq<&str> for Text<MAX, MIN> {
    fn eq(&self, other: &&str) -> bool {
        self.as_str() == *other
    }
}

impl<const MAX: usize, const MIN: usize> TryFrom<&str> for Text<MAX, MIN> {
    type Error = TextError;

    fn try_from(text: &str) -> Result<Self, Self::Error> {
        Text::new(text)
    }
}

impl<const MAX: usize, const MIN: usize> FromStr for Text<MAX, MIN> {
    type Err = TextError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Text::new(text)
    }
}

impl<const MAX: usize, const MIN: usize> Serialize for Text<MAX, MIN> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de, const MAX: usize, const MIN: usize> Deserialize<'de> for Text<MAX, MIN> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor<const MAX: usize, const MIN: usize>;

        impl<const MAX: usize, const MIN: usize> de::Visitor<'_> for Visitor<MAX, MIN> {
            type Value = Text<MAX, MIN>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "a text of {MIN} to {MAX} characters")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
                Text::new(text).map_err(E::custom)
            }
        }

        // Not `string`: the text is looked at where it lies, and copied once it has passed.
        deserializer.deserialize_str(Visitor)
    }
}

/// Why a text was refused.
///
/// None is transient: the same text fails again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum TextError {
    /// More characters than allowed.
    #[error("the text is too long: shorten it to {max} characters")]
    TooLong {
        /// The largest allowed number of characters.
        max: usize,
    },
    /// Fewer characters than required.
    #[error("the text is too short: it needs at least {min} characters")]
    TooShort {
        /// The smallest allowed number of characters.
        min: usize,
    },
    /// Nothing but white space, where a text is required.
    #[error("the text is blank: it needs something other than white space")]
    Blank,
    /// A control character other than line feed and tab.
    #[error("the text has a control character: remove all but line feeds and tabs")]
    Control,
    /// An id that begins or ends with a space.
    #[error("the id begins or ends with a space: trim it")]
    Padded,
    /// An id with a character that nobody sees, or that turns others around.
    #[error("the id has a line break, an invisible character or one that changes the direction: remove it")]
    Unseen,
}

/// Whether a character shows nothing, looks like a space, or changes how its neighbours are shown: white space but the
/// plain space, controls, and what Unicode calls default ignorable (bidirectional controls, zero widths, joiners,
/// variation selectors, fillers, tags).
fn is_unseen(char: char) -> bool {
    (char.is_whitespace() && char != ' ')
        || char.is_control()
        || matches!(
            char,
            '\u{ad}'
                | '\u{34f}'
                | '\u{61c}'
                | '\u{115f}'..='\u{1160}'
                | '\u{17b4}'..='\u{17b5}'
                | '\u{180b}'..='\u{180f}'
                | '\u{200b}'..='\u{200f}'
                | '\u{202a}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{2800}'
                | '\u{3164}'
                | '\u{fe00}'..='\u{fe0f}'
                | '\u{feff}'
                | '\u{ffa0}'
                | '\u{fff0}'..='\u{fffb}'
                | '\u{1bca0}'..='\u{1bca3}'
                | '\u{1d173}'..='\u{1d17a}'
                | '\u{e0000}'..='\u{e0fff}'
        )
}

/// Outside the generic type, so that it is compiled once. Bounds come first: the rest reads the whole text.
fn check(text: &str, max: usize, min: usize) -> Result<(), TextError> {
    // A character has at least one byte, so few bytes are few characters; only long texts are counted, and
    // no further than the bound.
    if text.len() > max && text.chars().nth(max).is_some() {
        return Err(TextError::TooLong { max });
    }
    if min > 0 {
        if text.chars().take(min).count() < min {
            return Err(TextError::TooShort { min });
        }
        if text.chars().all(char::is_whitespace) {
            return Err(TextError::Blank);
        }
    }
    if text.chars().any(|char| char.is_control() && !matches!(char, '\n' | '\t')) {
        return Err(TextError::Control);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::*;

    type Optional = Text<4>;
    type Required = Text<4, 2>;

    #[test]
    fn counts_characters_and_not_bytes() {
        assert!(Optional::new("абвг").is_ok());
        assert_eq!(Optional::new("абвгд"), Err(TextError::TooLong { max: 4 }));
        assert_eq!(Optional::new("abcde"), Err(TextError::TooLong { max: 4 }));
        assert_eq!(Required::new("я"), Err(TextError::TooShort { min: 2 }));
        assert!(Required::new("яя").is_ok());
        assert!(Text::<0>::new("").is_ok());
        assert_eq!(Text::<0>::new("a"), Err(TextError::TooLong { max: 0 }));
    }

    #[test]
    fn blank_only_where_optional() {
        assert_eq!(Optional::new("").unwrap(), Optional::default());
        assert!(Optional::new(" \n").is_ok());
        assert_eq!(Required::new(""), Err(TextError::TooShort { min: 2 }));
        assert_eq!(Required::new(" \u{a0}\n"), Err(TextError::Blank));
    }

    #[test]
    fn control_characters() {
        assert!(Optional::new("a\n\tb").is_ok());
        for text in ["\0", "a\r", "\u{1b}[1m", "\u{7f}", "\u{85}"] {
            assert_eq!(Optional::new(text), Err(TextError::Control), "{text:?}");
        }
    }

    #[test]
    fn is_a_str_in_every_way() {
        let text = Required::new("a\"b").unwrap();
        assert_eq!(text, "a\"b");
        assert_eq!(text, *"a\"b");
        assert_eq!(text.to_string(), "a\"b");
        assert_eq!(format!("{text:>5}"), "  a\"b");
        assert_eq!(format!("{text:?}"), r#""a\"b""#);
        assert_eq!(text.len(), 3);
        assert_eq!("ab".parse(), Required::try_from("ab"));
        assert!(Required::new("ab").unwrap() < Required::new("b1").unwrap());
        let map = HashMap::from([(Required::new("ab").unwrap(), 1)]);
        assert_eq!(map.get("ab"), Some(&1));
    }

    #[test]
    fn decoding_checks_too() {
        assert_eq!(serde_json::from_str::<Required>(r#""яя""#).unwrap(), "яя");
        let long = serde_json::from_str::<Required>(r#""abcde""#).unwrap_err().to_string();
        assert!(long.starts_with("the text is too long: shorten it to 4 characters"), "{long}");
        assert!(serde_json::from_str::<Required>(r#""\u0000\u0000""#).is_err());
        let number = serde_json::from_str::<Required>("12").unwrap_err().to_string();
        assert!(number.contains("expected a text of 2 to 4 characters"), "{number}");
    }

    proptest! {
        #[test]
        fn what_is_accepted_is_unchanged(text in "(?s).{0,6}") {
            match Required::new(&text) {
                Ok(accepted) => {
                    prop_assert_eq!(accepted.as_str(), text.as_str());
                    prop_assert!((2..=4).contains(&text.chars().count()));
                    let json = serde_json::to_string(&accepted).unwrap();
                    prop_assert_eq!(serde_json::from_str::<Required>(&json).unwrap(), accepted);
                }
                Err(error) => {
                    let count = text.chars().count();
                    prop_assert_eq!(error == TextError::TooLong { max: 4 }, count > 4);
                    prop_assert_eq!(error == TextError::TooShort { min: 2 }, count < 2);
                }
            }
        }
    }
}
