//! The `Hash` field: SHA-1 over ids and a secret.

use std::fmt;

use serde::{Deserialize, Serialize};
use sha1::{Digest, Sha1};
use subtle::ConstantTimeEq;
use thiserror::Error;

use escrow::Text;

/// How many bytes a SHA-1 has.
const BYTES: usize = 20;
/// How many characters it has in hexadecimal.
const CHARS: usize = 40;

/// The key that a service shares with WebMoney: `serviceSecretKey`.
///
/// `Debug` shows `***`; there is no `Display`, no serialisation and no comparison.
///
/// # Examples
/// ```
/// use escrow_webmoney::ServiceSecret;
///
/// let secret = ServiceSecret::new("secret")?;
/// let hash = secret.hash("7", "anna");
/// assert_eq!(hash.as_str(), "53ddb9a167fd20cb676815ac96ab09266551fe12");
/// assert!(secret.verify("7", "anna", &hash).is_ok());
/// assert_eq!(format!("{secret:?}"), "***");
/// # Ok::<(), escrow_webmoney::HashError>(())
/// ```
#[derive(Clone)]
pub struct ServiceSecret(Box<str>);

impl ServiceSecret {
    /// Takes the key as it is: every byte counts.
    ///
    /// # Errors
    /// [`HashError::EmptySecret`]: without a key, everybody can compute the hash.
    pub fn new(key: impl Into<Box<str>>) -> Result<Self, HashError> {
        let key = key.into();
        if key.is_empty() { Err(HashError::EmptySecret) } else { Ok(Self(key)) }
    }

    /// The hash of a call: SHA-1 of `serviceId + userId + serviceSecretKey` as UTF-8, in lower-case hexadecimal.
    ///
    /// **This is no signature of the call.** It covers none of the other arguments and no time: whoever has seen one
    /// call of a user can send any other in that user's name, for good. And nothing separates the ids: `("1", "23")` and
    /// `("12", "3")` have one hash. Treat it like a password, send it over TLS only, and between systems of your own
    /// use a signature over the whole request with a time in it, such as Standard Webhooks' HMAC-SHA256
    /// (the crate `escrow-webhook`).
    ///
    /// # Source
    /// WebMoney Escrow, «Способ формирования поля Hash».
    pub fn hash(&self, service_id: &str, user_id: &str) -> RequestHash {
        let text = hex::encode(self.digest(service_id, user_id));
        // forty ASCII characters
        RequestHash(Text::new(text).unwrap_or_default())
    }

    /// Checks the hash of a call, in upper-case or lower-case hexadecimal, in constant time.
    ///
    /// # Errors
    /// [`HashError`], which never says what was expected. Not transient.
    pub fn verify(&self, service_id: &str, user_id: &str, given: &RequestHash) -> Result<(), HashError> {
        let given = given.as_str();
        if given.len() != CHARS {
            return Err(HashError::Length);
        }
        let mut bytes = [0; BYTES];
        hex::decode_to_slice(given, &mut bytes).map_err(|_| HashError::NotHex)?;
        let same = self.digest(service_id, user_id).ct_eq(&bytes);
        if bool::from(same) { Ok(()) } else { Err(HashError::Mismatch) }
    }

    fn digest(&self, service_id: &str, user_id: &str) -> [u8; BYTES] {
        let mut sha = Sha1::new();
        for part in [service_id, user_id, &*self.0] {
            sha.update(part.as_bytes());
        }
        sha.finalize().into()
    }
}

impl fmt::Debug for ServiceSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// The hash of a call as it arrives: any text of at most 64 characters, not checked yet.
///
/// `Debug` shows `***`: since it can be replayed, it is as good as a password. Not comparable with `==`, whose
/// duration would tell how many characters are right.
#[derive(Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RequestHash(Text<64>);

impl RequestHash {
    /// A hash as somebody gives it.
    pub const fn new(text: Text<64>) -> Self {
        Self(text)
    }

    /// The text, to send it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for RequestHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// Why a hash was refused. None is transient, and none says what was expected.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
#[non_exhaustive]
pub enum HashError {
    /// The service has no secret.
    #[error("secret: must not be empty")]
    EmptySecret,
    /// The hash is no SHA-1: another number of characters.
    #[error("hash: must be {CHARS} hexadecimal digits")]
    Length,
    /// The hash has something other than hexadecimal digits.
    #[error("hash: must be hexadecimal digits only")]
    NotHex,
    /// The hash is of other ids or of another secret.
    #[error("hash: does not match the service, the user and the secret")]
    Mismatch,
}

impl HashError {
    /// A stable name, kebab-case.
    pub const fn code(self) -> &'static str {
        match self {
            Self::EmptySecret => "empty-secret",
            Self::Length => "hash-length",
            Self::NotHex => "hash-not-hex",
            Self::Mismatch => "hash-mismatch",
        }
    }
}
