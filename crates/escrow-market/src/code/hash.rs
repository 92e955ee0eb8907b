//! Codes as people see them, and as they are stored.

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use sha2::Sha256;

use super::CodeError;

/// A code as it was drawn or entered: 6 to 32 visible ASCII characters, compared byte for byte.
///
/// Neither `Debug` nor anything else shows it. It can be read, as part of a command, and not written; it is not
/// comparable, since comparing is what [`CodeHash::matches`] does in constant time.
#[derive(Clone)]
pub struct PlainCode(Box<str>);

impl PlainCode {
    /// The fewest characters.
    pub const MIN_LEN: usize = 6;
    /// The most characters.
    pub const MAX_LEN: usize = 32;

    /// Takes the text.
    ///
    /// # Errors
    /// [`CodeError::Plain`], without the text. Not transient.
    pub fn new(text: &str) -> Result<Self, CodeError> {
        let fits = (Self::MIN_LEN..=Self::MAX_LEN).contains(&text.len());
        if fits && text.bytes().all(|b| b.is_ascii_graphic()) {
            Ok(Self(text.into()))
        } else {
            Err(CodeError::Plain)
        }
    }
}

impl fmt::Debug for PlainCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PlainCode(***)")
    }
}

impl<'de> Deserialize<'de> for PlainCode {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = |_| Err(CodeError::Plain);
        read_hidden(deserializer, Hidden { text: Self::new, number, error: CodeError::Plain })
    }
}

/// Reads the number of a code or of an attempt: somebody may put the code itself there by mistake.
pub(super) fn read_number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u8, D::Error> {
    let number = |n| u8::try_from(n).map_err(|_| CodeError::Number);
    let hidden = Hidden { text: |_| Err(CodeError::Number), number, error: CodeError::Number };
    deserializer.deserialize_any(hidden)
}

/// Told to read a text, a format would report what it found instead by itself.
fn read_hidden<'de, D: Deserializer<'de>, T>(deserializer: D, hidden: Hidden<T>) -> Result<T, D::Error> {
    deserializer.deserialize_any(hidden)
}

/// Reads what no error may show: serde's own "invalid type" would show a code that came as a number.
struct Hidden<T> {
    text: fn(&str) -> Result<T, CodeError>,
    number: fn(u64) -> Result<T, CodeError>,
    error: CodeError,
}

impl<T> de::Visitor<'_> for Hidden<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.error, f)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<T, E> {
        (self.text)(text).map_err(E::custom)
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<T, E> {
        (self.number)(number).map_err(E::custom)
    }

    fn visit_u128<E: de::Error>(self, _: u128) -> Result<T, E> {
        Err(E::custom(self.error))
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<T, E> {
        match u64::try_from(number) {
            Ok(number) => self.visit_u64(number),
            Err(_) => Err(E::custom(self.error)),
        }
    }

    fn visit_i128<E: de::Error>(self, _: i128) -> Result<T, E> {
        Err(E::custom(self.error))
    }

    fn visit_f64<E: de::Error>(self, _: f64) -> Result<T, E> {
        Err(E::custom(self.error))
    }

    fn visit_bytes<E: de::Error>(self, _: &[u8]) -> Result<T, E> {
        Err(E::custom(self.error))
    }
}

/// Sixteen bytes that the host draws anew, from a cryptographic source, for every code.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Salt([u8; 16]);

impl Salt {
    /// Takes the bytes.
    pub const fn new(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }
}

impl fmt::Debug for Salt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Salt(***)")
    }
}

/// A code as it is stored: HMAC-SHA256 of the code under its salt, and the salt. In JSON: both in hex, with a full stop
/// between them. `Debug` shows neither.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct CodeHash {
    salt: Salt,
    tag: [u8; 32],
}

impl CodeHash {
    /// Hashes a code.
    pub fn new(plain: &PlainCode, salt: Salt) -> Self {
        Self { salt, tag: mac(plain, salt).finalize().into_bytes().into() }
    }

    /// Whether it is the hash of this code. In constant time.
    pub fn matches(&self, entered: &PlainCode) -> bool {
        mac(entered, self.salt).verify_slice(&self.tag).is_ok()
    }

    /// Reads what the serialised form is.
    ///
    /// # Errors
    /// [`CodeError::Hash`], without the text. Not transient.
    pub fn parse(text: &str) -> Result<Self, CodeError> {
        let (salt, tag) = text.split_once('.').ok_or(CodeError::Hash)?;
        let (mut hash, mut key) = ([0; 32], [0; 16]);
        hex::decode_to_slice(salt, &mut key).map_err(|_| CodeError::Hash)?;
        hex::decode_to_slice(tag, &mut hash).map_err(|_| CodeError::Hash)?;
        let read = Self { salt: Salt(key), tag: hash };
        // one way to write it, so that what is read is what was written
        if read.to_text() == text { Ok(read) } else { Err(CodeError::Hash) }
    }

    fn to_text(self) -> String {
        format!("{}.{}", hex::encode(self.salt.0), hex::encode(self.tag))
    }
}

fn mac(plain: &PlainCode, salt: Salt) -> Hmac<Sha256> {
    // a key as long as a block cannot be of a wrong length
    let mut key = [0; 64];
    key.iter_mut().zip(salt.0).for_each(|(to, from)| *to = from);
    let mut mac = Hmac::<Sha256>::new(&key.into());
    mac.update(plain.0.as_bytes());
    mac
}

impl fmt::Debug for CodeHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CodeHash(***)")
    }
}

impl Serialize for CodeHash {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.to_text())
    }
}

impl<'de> Deserialize<'de> for CodeHash {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = |_| Err(CodeError::Hash);
        read_hidden(deserializer, Hidden { text: Self::parse, number, error: CodeError::Hash })
    }
}
