//! From JSON to a call, with errors that name the field.

use serde::{Deserialize, Deserializer, de::DeserializeOwned};

use super::values::object;
use super::{CallError, Problem};

/// The longest call in bytes: its longest texts, every character escaped, with room to spare.
pub const MAX_BYTES: usize = 128 * 1024;

/// The most characters of an unknown field's name that an error shows.
const SHOWN: usize = 64;

/// Reads a call or an entity: one JSON object with known fields, each at most once.
///
/// # Errors
/// [`CallError`] names the field. It quotes no value.
///
/// # Examples
/// ```
/// use escrow_webmoney::{DealSuccess, from_json};
///
/// let error = from_json::<DealSuccess>(r#"{"serviceId":"7","userId":"anna","dealid":"1"}"#).unwrap_err();
/// assert_eq!((error.field(), error.code()), ("dealid", "unknown-field"));
/// ```
pub fn from_json<T: DeserializeOwned>(json: &str) -> Result<T, CallError> {
    if json.len() > MAX_BYTES {
        return Err(CallError::at("json", Problem::CallTooLarge));
    }
    let malformed = || CallError::at("json", Problem::MalformedJson);
    let mut reader = serde_json::Deserializer::from_str(json);
    let Object(value) = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let path = error.path().to_string();
        let error = error.into_inner();
        if error.is_data() { named(&path, &error.to_string()) } else { malformed() }
    })?;
    reader.end().map_err(|_| malformed())?;
    Ok(value)
}

struct Object<T>(T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        object(deserializer).map(Self)
    }
}

/// The error in our own words. Serde says everything in one text, and quotes values in it.
fn named(path: &str, message: &str) -> CallError {
    let message = message.rsplit_once(" at line ").map_or(message, |(message, _)| message);
    let quoted = || {
        let rest = message.split_once('`').map_or("", |(_, rest)| rest);
        rest.split_once('`').map_or(rest, |(name, _)| name)
    };
    let about = |problem| {
        // no line breaks in somebody's log
        let plain = |c: char| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c };
        let name: String = quoted().chars().take(SHOWN).map(plain).collect();
        // the path leads to the object; only for some errors to the field in it
        let parent = path.strip_suffix(quoted()).unwrap_or(path).trim_end_matches('.');
        let field = if parent.is_empty() { name } else { format!("{parent}.{name}") };
        CallError::at(field, problem)
    };
    if message.starts_with("missing field") {
        return about(Problem::Missing);
    }
    if message.starts_with("unknown field") {
        return about(Problem::Unknown);
    }
    if message.starts_with("duplicate field") {
        return about(Problem::Duplicate);
    }
    let quotes = ["invalid type", "invalid value", "invalid length", "unknown variant"];
    let why = if quotes.iter().any(|start| message.starts_with(start)) {
        let expected = message.rsplit_once(", expected ").map_or("another value", |(_, what)| what);
        format!("expected {expected}")
    } else {
        message.to_owned()
    };
    let field = if path == "." { "json" } else { path };
    CallError::at(field, Problem::Invalid(why))
}
