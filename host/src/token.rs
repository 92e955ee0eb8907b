//! Secrets that are given out, and what is kept of them.

use sha2::{Digest, Sha256};

use crate::error::Failure;

/// 128 bits that nobody can guess, as text.
pub(crate) fn random() -> Result<String, Failure> {
    let mut bytes = [0_u8; 16];
    getrandom::fill(&mut bytes).map_err(|error| Failure::internal(&error))?;
    Ok(hex::encode(bytes))
}

/// An id of a deal: random, as UUIDs of version 4 are.
pub(crate) fn deal_id() -> Result<escrow::DealId, Failure> {
    let mut bytes = [0_u8; 16];
    getrandom::fill(&mut bytes).map_err(|error| Failure::internal(&error))?;
    Ok(escrow::DealId::new(uuid::Builder::from_random_bytes(bytes).into_uuid()))
}

/// A secret that webhooks are signed with, as the convention writes it.
pub(crate) fn webhook_secret() -> Result<String, Failure> {
    let mut bytes = [0_u8; 24];
    getrandom::fill(&mut bytes).map_err(|error| Failure::internal(&error))?;
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let digit =
        |six: u32| DIGITS.get(usize::try_from(six & 63).unwrap_or(0)).map_or('A', |byte| char::from(*byte));
    // 24 bytes are 32 digits of base64, without padding
    let text: String = bytes
        .chunks(3)
        .map(|three| three.iter().fold(0_u32, |sum, byte| (sum << 8) | u32::from(*byte)))
        .flat_map(|sum| [digit(sum >> 18), digit(sum >> 12), digit(sum >> 6), digit(sum)])
        .collect();
    Ok(format!("whsec_{text}"))
}

/// What is stored of a secret. The secrets are random and long, so that a plain hash is enough.
pub(crate) fn hashed(secret: &str) -> String {
    hex::encode(Sha256::digest(secret.as_bytes()))
}

/// What the forms of a session carry: nobody can make it who does not have the session's secret.
pub(crate) fn csrf(session: &str) -> String {
    hashed(&format!("csrf/{session}"))
}

/// Whether two texts are the same, in a time that does not depend on where they differ.
pub(crate) fn same(one: &str, other: &str) -> bool {
    let difference = one.bytes().zip(other.bytes()).fold(0_u8, |sum, (a, b)| sum | (a ^ b));
    one.len() == other.len() && difference == 0
}

/// A code that is typed: six digits.
pub(crate) fn digits() -> Result<String, Failure> {
    let mut digits = String::new();
    while digits.len() < 6 {
        let mut byte = [0_u8; 1];
        getrandom::fill(&mut byte).map_err(|error| Failure::internal(&error))?;
        let [byte] = byte;
        // of 256 values, the last six would make some digits likelier than others
        if byte < 250 {
            digits.push_str(&(byte % 10).to_string());
        }
    }
    Ok(digits)
}

/// Sixteen random bytes.
pub(crate) fn bytes() -> Result<[u8; 16], Failure> {
    let mut bytes = [0_u8; 16];
    getrandom::fill(&mut bytes).map_err(|error| Failure::internal(&error))?;
    Ok(bytes)
}

/// An id that follows from a text, and that nobody can choose.
pub(crate) fn derived(text: &str) -> uuid::Uuid {
    let hash = Sha256::digest(text.as_bytes());
    let mut bytes = [0_u8; 16];
    bytes.iter_mut().zip(hash).for_each(|(to, from)| *to = from);
    uuid::Builder::from_custom_bytes(bytes).into_uuid()
}
