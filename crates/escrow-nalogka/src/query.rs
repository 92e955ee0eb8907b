//! A query as JSON.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::error::{ApiError, ErrorKind};

/// The query of a target as a JSON object of texts. `list[0][field]` is a field of an object in a list, as PHP writes it, the
/// objects by their numbers; a `quantity` there is a number. A name twice is refused as it is in a body.
pub(super) fn read(target: &str) -> Result<Vec<u8>, ApiError> {
    let malformed = || ApiError::new(ErrorKind::MalformedRequest, "the query is not percent-encoded UTF-8");
    let twice = |name: String| Err(ApiError::item(name, "stands twice"));
    let mut fields = Map::new();
    let mut lists: BTreeMap<String, BTreeMap<u32, Map<String, Value>>> = BTreeMap::new();
    let query = target.split('#').next().and_then(|t| t.split_once('?')).map_or("", |(_, query)| query);
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let (name, value) = (decoded(name).ok_or_else(malformed)?, decoded(value).ok_or_else(malformed)?);
        let before = match nested(&name) {
            Some((list, number, field)) => {
                let object = lists.entry(list.to_owned()).or_default().entry(number).or_default();
                let count = value.parse::<u32>().ok().filter(|_| field == "quantity");
                object.insert(field.to_owned(), count.map_or_else(|| value.into(), Value::from))
            }
            None => fields.insert(name.clone(), value.into()),
        };
        if before.is_some() {
            return twice(name);
        }
    }
    for (list, objects) in lists {
        let objects = objects.into_values().map(Value::Object).collect();
        if fields.insert(list.clone(), Value::Array(objects)).is_some() {
            return twice(list);
        }
    }
    Ok(Value::Object(fields).to_string().into_bytes())
}

fn nested(name: &str) -> Option<(&str, u32, &str)> {
    let (list, rest) = name.strip_suffix(']')?.split_once('[')?;
    let (number, field) = rest.split_once("][")?;
    Some((list, number.parse().ok()?, field))
}

/// `None`: it is not percent-encoded UTF-8.
pub(super) fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => {
                let mut digit = || char::from(rest.next()?).to_digit(16);
                let (high, low) = (digit()?, digit()?);
                u8::try_from(high.checked_mul(16)?.checked_add(low)?).ok()?
            }
            b'+' => b' ',
            other => other,
        });
    }
    String::from_utf8(bytes).ok()
}
