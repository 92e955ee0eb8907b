//! The header `Stripe-Signature`: `t=…,v1=…`, HMAC-SHA256 over timestamp, full stop and body.

use std::fmt;

use escrow::Time;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use thiserror::Error;

/// How far the clocks may be apart, in seconds, unless said otherwise: five minutes, as in Stripe's libraries.
pub(crate) const TOLERANCE_S: u32 = 300;
/// The most signatures that are looked at.
const MAX_SIGNATURES: usize = 16;
/// The longest header.
const MAX_HEADER: usize = 4_096;

/// The secret of an endpoint, `whsec_…`. `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct SigningSecret(String);

impl SigningSecret {
    /// Takes the whole text, the prefix included; `None` where it is no `whsec_…`.
    pub fn new(secret: impl Into<String>) -> Option<Self> {
        let secret = secret.into();
        let graphic = secret.bytes().all(|b| b.is_ascii_graphic());
        (secret.starts_with("whsec_") && secret.len() >= 16 && graphic).then_some(Self(secret))
    }

    fn mac(&self, timestamp: &str, body: &[u8]) -> Option<Hmac<Sha256>> {
        // HMAC takes a key of any length
        let mut mac = Hmac::<Sha256>::new_from_slice(self.0.as_bytes()).ok()?;
        mac.update(timestamp.as_bytes());
        mac.update(b".");
        mac.update(body);
        Some(mac)
    }
}

impl fmt::Debug for SigningSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningSecret(***)")
    }
}

/// Why a webhook is not believed. None is transient: the same message fails again.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
#[non_exhaustive]
pub enum SignatureError {
    /// There is no secret, or there are more than eight.
    #[error("1 to 8 secrets are active at a time")]
    Secrets,
    /// The header is too long, or has no timestamp, or more than one.
    #[error("Stripe-Signature: one timestamp t=… is expected")]
    Malformed,
    /// It was signed too long ago.
    #[error("Stripe-Signature: too old; it may be a captured message that is sent again")]
    TooOld,
    /// It was signed in the future.
    #[error("Stripe-Signature: in the future; compare the clocks")]
    TooNew,
    /// There is no signature of the kind v1.
    #[error("Stripe-Signature: no signature of the kind v1")]
    Missing,
    /// There are too many of them.
    #[error("Stripe-Signature: more than {MAX_SIGNATURES} signatures")]
    TooMany,
    /// No active secret has signed this.
    #[error("Stripe-Signature: no active secret has signed this timestamp and body")]
    Mismatch,
}

/// When the message was signed, if one of the secrets has signed just this, and it is within the tolerance. Tags are
/// compared in constant time. While a secret is rolled, Stripe signs with the old one and the new one: one signature that
/// fits is enough, and one that does not, or is not even hexadecimal, is no reason to refuse.
pub(crate) fn verify(
    secrets: &[SigningSecret],
    tolerance_s: u32,
    header: &str,
    body: &[u8],
    now: Time,
) -> Result<Time, SignatureError> {
    if header.len() > MAX_HEADER {
        return Err(SignatureError::Malformed);
    }
    let mut timestamp = None;
    let mut tags = Vec::new();
    let mut is_signed = false;
    for part in header.split(',') {
        match part.trim().split_once('=') {
            Some(("t", _)) if timestamp.is_some() => return Err(SignatureError::Malformed),
            Some(("t", value)) => timestamp = Some(value),
            Some(("v1", value)) => {
                is_signed = true;
                if let Ok(tag) = hex::decode(value) {
                    tags.push(tag);
                }
            }
            // v0 is of test mode, and proves nothing
            Some(_) | None => {}
        }
        if tags.len() > MAX_SIGNATURES {
            return Err(SignatureError::TooMany);
        }
    }
    let timestamp = timestamp.ok_or(SignatureError::Malformed)?;
    if !is_signed {
        return Err(SignatureError::Missing);
    }
    let at = read(timestamp).ok_or(SignatureError::Malformed)?;
    let tolerance_ms = u64::from(tolerance_s).saturating_mul(1_000);
    if now.millis_since(at) > tolerance_ms {
        return Err(SignatureError::TooOld);
    }
    if at.millis_since(now) > tolerance_ms {
        return Err(SignatureError::TooNew);
    }
    for secret in secrets {
        let Some(mac) = secret.mac(timestamp, body) else { continue };
        if tags.iter().any(|tag| mac.clone().verify_slice(tag).is_ok()) {
            return Ok(at);
        }
    }
    Err(SignatureError::Mismatch)
}

/// Digits only, as they were signed.
fn read(timestamp: &str) -> Option<Time> {
    let is_number = !timestamp.is_empty() && timestamp.bytes().all(|b| b.is_ascii_digit());
    let seconds: i64 = timestamp.parse().ok().filter(|_| is_number)?;
    Time::from_millis(seconds.checked_mul(1_000)?).ok()
}
