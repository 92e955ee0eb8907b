//! Requests and webhooks signed by the [Standard Webhooks](https://www.standardwebhooks.com) convention: HMAC-SHA256
//! over id, timestamp and body.
//!
//! A message carries three headers: `webhook-id` (the same on every retry), `webhook-timestamp` (whole seconds since
//! 1970) and `webhook-signature` (`v1,` and base64; several, divided by spaces, while secrets are rotated). The
//! signature binds the body, and the timestamp bounds how long a captured message can be sent again. Within the
//! tolerance a message can still arrive twice: whoever must not act twice keeps the ids for that long. Commands are
//! safe without: a repeat changes nothing.
//!
//! # Examples
//! ```
//! use escrow::Time;
//! use escrow_webhook::{Headers, Keyring, Secret};
//!
//! let keys = Keyring::new(vec![Secret::parse("whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=")?])?;
//! let sent = Time::parse("2026-03-01T12:00:00Z")?;
//! let signature = keys.sign("msg_1", sent, br#"{"deal":1}"#)?;
//! assert_eq!(signature, "v1,720tWOLjVjtN1QQ4o6EdU/lSny6dqnDhJ6g5frYcMNU=");
//!
//! let headers = Headers { id: "msg_1", timestamp: "1772366400", signature: &signature };
//! let arrived = sent.plus_secs(299);
//! assert_eq!(keys.verify(headers, br#"{"deal":1}"#, arrived), Ok(sent));
//! assert_eq!(keys.verify(headers, br#"{"deal":2}"#, arrived).unwrap_err().code(), "signature-mismatch");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#![forbid(unsafe_code)]

use std::fmt;

use base64ct::{Base64, Encoding};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use thiserror::Error;

use escrow::Time;

/// The name of the header with the message's id.
pub const HEADER_ID: &str = "webhook-id";
/// The name of the header with the instant of sending, in whole seconds since 1970-01-01T00:00:00Z.
pub const HEADER_TIMESTAMP: &str = "webhook-timestamp";
/// The name of the header with the signatures.
pub const HEADER_SIGNATURE: &str = "webhook-signature";

/// How secrets are marked in text.
const SECRET_PREFIX: &str = "whsec_";
/// How signatures of this kind are marked.
const VERSION: &str = "v1";

/// A shared secret of 24 to 64 bytes. `Debug` does not show it, and nothing writes it.
#[derive(Clone)]
pub struct Secret(Box<[u8]>);

impl Secret {
    /// The fewest bytes of a secret.
    pub const MIN_BYTES: usize = 24;
    /// The most bytes of a secret.
    pub const MAX_BYTES: usize = 64;

    /// Takes the bytes.
    ///
    /// # Errors
    /// [`SignatureError::Secret`] where there are too few or too many.
    pub fn new(bytes: impl Into<Box<[u8]>>) -> Result<Self, SignatureError> {
        let bytes = bytes.into();
        if (Self::MIN_BYTES..=Self::MAX_BYTES).contains(&bytes.len()) {
            Ok(Self(bytes))
        } else {
            Err(SignatureError::Secret)
        }
    }

    /// Reads `whsec_` and base64, or base64 alone.
    ///
    /// # Errors
    /// [`SignatureError::Secret`] where it is something else, too short or too long.
    pub fn parse(text: &str) -> Result<Self, SignatureError> {
        let encoded = text.strip_prefix(SECRET_PREFIX).unwrap_or(text);
        Self::new(Base64::decode_vec(encoded).map_err(|_| SignatureError::Secret)?)
    }

    fn mac(&self, id: &str, timestamp: i64, body: &[u8]) -> Result<Hmac<Sha256>, SignatureError> {
        // HMAC takes a key of any length
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).map_err(|_| SignatureError::Secret)?;
        mac.update(id.as_bytes());
        mac.update(b".");
        mac.update(timestamp.to_string().as_bytes());
        mac.update(b".");
        mac.update(body);
        Ok(mac)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(***)")
    }
}

/// What came in the three headers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Headers<'m> {
    /// [`HEADER_ID`].
    pub id: &'m str,
    /// [`HEADER_TIMESTAMP`].
    pub timestamp: &'m str,
    /// [`HEADER_SIGNATURE`].
    pub signature: &'m str,
}

/// The secrets that are active at the same time: all of them sign, and any of them is enough to verify, so that a
/// secret can be replaced while messages are under way.
#[derive(Clone, Debug)]
pub struct Keyring {
    secrets: Vec<Secret>,
    tolerance_s: u32,
}

impl Keyring {
    /// How far the clocks may be apart, in seconds, unless told otherwise: five minutes.
    pub const TOLERANCE_S: u32 = 300;
    /// The most secrets at a time.
    pub const MAX_SECRETS: usize = 8;
    /// The most signatures that are looked at in one header.
    pub const MAX_SIGNATURES: usize = 16;
    /// The longest id, in bytes.
    pub const MAX_ID: usize = 256;

    /// The newest secret first.
    ///
    /// # Errors
    /// [`SignatureError::Secrets`] where there is none, or more than [`Self::MAX_SECRETS`].
    pub fn new(secrets: Vec<Secret>) -> Result<Self, SignatureError> {
        if secrets.is_empty() || secrets.len() > Self::MAX_SECRETS {
            return Err(SignatureError::Secrets);
        }
        Ok(Self { secrets, tolerance_s: Self::TOLERANCE_S })
    }

    /// Another tolerance, in seconds.
    #[must_use]
    pub const fn tolerance_s(mut self, seconds: u32) -> Self {
        self.tolerance_s = seconds;
        self
    }

    /// The value of [`HEADER_SIGNATURE`]; send [`timestamp`] as [`HEADER_TIMESTAMP`].
    ///
    /// # Errors
    /// [`SignatureError::Id`] where the id is empty, too long, or holds a full stop or anything but visible ASCII.
    pub fn sign(&self, id: &str, at: Time, body: &[u8]) -> Result<String, SignatureError> {
        check_id(id)?;
        let mut header = String::new();
        for secret in &self.secrets {
            let tag = secret.mac(id, timestamp(at), body)?.finalize().into_bytes();
            if !header.is_empty() {
                header.push(' ');
            }
            header.push_str(VERSION);
            header.push(',');
            header.push_str(&Base64::encode_string(&tag));
        }
        Ok(header)
    }

    /// When the message was signed, if one of the secrets has signed exactly this id, timestamp and body, and `now` is
    /// within the tolerance. Tags are compared in constant time.
    ///
    /// # Errors
    /// [`SignatureError`] says what is wrong. None is transient: the same message fails again.
    pub fn verify(&self, headers: Headers<'_>, body: &[u8], now: Time) -> Result<Time, SignatureError> {
        check_id(headers.id)?;
        let (seconds, at) = read_timestamp(headers.timestamp)?;
        let tolerance_ms = u64::from(self.tolerance_s).saturating_mul(1_000);
        // a side that is later is no time after the other
        if now.millis_since(at) > tolerance_ms {
            return Err(SignatureError::TooOld);
        }
        if at.millis_since(now) > tolerance_ms {
            return Err(SignatureError::TooNew);
        }
        let mut tags = Vec::new();
        // other kinds of signatures may be beside ours
        let ours = |signature: &'_ str| match signature.split_once(',') {
            Some((VERSION, encoded)) => Some(Base64::decode_vec(encoded)),
            Some(_) | None => None,
        };
        let mut malformed = 0_usize;
        for signature in headers.signature.split(' ').filter_map(ours) {
            match signature {
                Ok(tag) => tags.push(tag),
                // what cannot be read refuses nothing that another signature vouches for
                Err(_) => malformed = malformed.saturating_add(1),
            }
            if tags.len().saturating_add(malformed) > Self::MAX_SIGNATURES {
                return Err(SignatureError::TooMany);
            }
        }
        if tags.is_empty() {
            return Err(if malformed > 0 { SignatureError::Malformed } else { SignatureError::Missing });
        }
        for secret in &self.secrets {
            let mac = secret.mac(headers.id, seconds, body)?;
            if tags.iter().any(|tag| mac.clone().verify_slice(tag).is_ok()) {
                return Ok(at);
            }
        }
        Err(SignatureError::Mismatch)
    }
}

/// The value of [`HEADER_TIMESTAMP`]: whole seconds since 1970-01-01T00:00:00Z.
pub const fn timestamp(at: Time) -> i64 {
    at.millis().div_euclid(1_000)
}

/// A full stop divides what is signed: in an id it would let one message be read as another.
fn check_id(id: &str) -> Result<(), SignatureError> {
    let fits = !id.is_empty() && id.len() <= Keyring::MAX_ID;
    if fits && id.bytes().all(|b| b.is_ascii_graphic() && b != b'.') {
        Ok(())
    } else {
        Err(SignatureError::Id)
    }
}

/// Digits only, as they were signed.
fn read_timestamp(text: &str) -> Result<(i64, Time), SignatureError> {
    let canonical = text.bytes().all(|b| b.is_ascii_digit()) && (!text.starts_with('0') || text == "0");
    let seconds = text.parse::<i64>().ok().filter(|_| canonical).ok_or(SignatureError::Timestamp)?;
    let millis = seconds.checked_mul(1_000).ok_or(SignatureError::Timestamp)?;
    let at = Time::from_millis(millis).map_err(|_| SignatureError::Timestamp)?;
    Ok((seconds, at))
}

/// Why a message is not signed, or not believed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
#[non_exhaustive]
pub enum SignatureError {
    /// The secret is not base64, or not 24 to 64 bytes.
    #[error("secret: must be 24 to 64 bytes, in base64 after \"whsec_\"")]
    Secret,
    /// There is no secret, or there are too many.
    #[error("secrets: 1 to {} are active at a time", Keyring::MAX_SECRETS)]
    Secrets,
    /// The id cannot be signed.
    #[error("webhook-id: 1 to {} visible ASCII characters without a full stop", Keyring::MAX_ID)]
    Id,
    /// The timestamp is not a number of seconds.
    #[error("webhook-timestamp: whole seconds since 1970 are expected")]
    Timestamp,
    /// The message was signed too long ago.
    #[error("webhook-timestamp: too old; it may be a captured message that is sent again")]
    TooOld,
    /// The message was signed in the future.
    #[error("webhook-timestamp: in the future; compare the clocks")]
    TooNew,
    /// There is no signature of this kind.
    #[error("webhook-signature: no signature of the kind v1")]
    Missing,
    /// No signature of this kind is base64.
    #[error("webhook-signature: none of the kind v1 is base64")]
    Malformed,
    /// There are too many signatures.
    #[error("webhook-signature: more than {} signatures", Keyring::MAX_SIGNATURES)]
    TooMany,
    /// No secret has signed this.
    #[error("webhook-signature: no active secret has signed this id, timestamp and body")]
    Mismatch,
}

impl SignatureError {
    /// A stable name, kebab-case.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Secret => "signature-secret",
            Self::Secrets => "signature-secrets",
            Self::Id => "signature-id",
            Self::Timestamp => "signature-timestamp",
            Self::TooOld => "signature-too-old",
            Self::TooNew => "signature-too-new",
            Self::Missing => "signature-missing",
            Self::Malformed => "signature-malformed",
            Self::TooMany => "signature-too-many",
            Self::Mismatch => "signature-mismatch",
        }
    }
}
