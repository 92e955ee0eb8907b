//! What requests bring, checked.

use axum::body::Bytes;
use axum::extract::Path;
use axum::extract::rejection::{BytesRejection, PathRejection};
use axum::http::HeaderMap;
use axum::http::header::IF_MATCH;
use escrow::deposit::ClientKey;
use escrow::{Actor, DealId};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};

use crate::Problem;

/// The name of the header with the key under which a request is done once.
pub(super) const KEY: &str = "idempotency-key";

/// The most of a list.
const MOST: u32 = 200;

pub(super) fn body(body: Result<Bytes, BytesRejection>) -> Result<Bytes, Problem> {
    body.map_err(|rejection| match rejection.status().as_u16() {
        413 => Problem::new(413, "too-large", "Too large", "The body is larger than this server takes."),
        status => Problem::new(status, "bad-body", "The body cannot be read", "The body cannot be read."),
    })
}

/// JSON of a type; the problem names the field.
pub(super) fn json<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    let mut json = serde_json::Deserializer::from_slice(body);
    let read = serde_path_to_error::deserialize(&mut json).map_err(|error| error.to_string());
    let read = read.and_then(|value| json.end().map(|()| value).map_err(|error| error.to_string()));
    read.map_err(|why| Problem::new(400, "bad-json", "The body is not what is asked for", why))
}

/// What a path names; there is nothing under what is no text, as `%FF` is none.
pub(super) fn name(path: Result<Path<String>, PathRejection>) -> Result<String, Problem> {
    path.map(|Path(name)| name).map_err(|_| Problem::not_found())
}

pub(super) fn id(path: Result<Path<String>, PathRejection>) -> Result<DealId, Problem> {
    name(path)?.parse().map_err(|_| Problem::not_found())
}

/// The key under which this is done once. Every `POST` has one: a client that cannot repeat a request cannot be sure of it.
pub(super) fn key(headers: &HeaderMap) -> Result<ClientKey, Problem> {
    let bad = |detail| Problem::new(400, "bad-key", "The key is wrong", detail);
    let mut all = headers.get_all(KEY).iter();
    let (Some(value), None) = (all.next(), all.next()) else {
        return Err(bad("One Idempotency-Key header is asked for."));
    };
    let text = value.to_str().ok();
    text.and_then(|text| text.parse().ok()).ok_or_else(|| bad("A key is a text of 1 to 64 characters."))
}

/// The revision that the client has seen, where it says so.
pub(super) fn seen(headers: &HeaderMap) -> Result<Option<u64>, Problem> {
    let Some(value) = headers.get(IF_MATCH) else { return Ok(None) };
    let text = value.to_str().ok().map(|text| text.trim().trim_matches('"'));
    let revision = text.and_then(|text| text.parse().ok());
    let bad =
        || Problem::new(400, "bad-revision", "If-Match is wrong", "If-Match is the revision of a deal.");
    revision.map(Some).ok_or_else(bad)
}

/// Whose keys they are: what nobody else can write.
pub(super) fn scope(actor: &Actor) -> String {
    let (kind, id) = match actor {
        Actor::Party(id) => ("party", id.as_str()),
        Actor::Operator(id) => ("operator", id.as_str()),
        Actor::Moderator(id) => ("moderator", id.as_str()),
        Actor::Gateway => ("gateway", ""),
        Actor::Tracker => ("tracker", ""),
        Actor::Clock => ("clock", ""),
    };
    format!("{kind}/{id}")
}

/// What a request is recognised by: a hash, so that nothing of it is kept.
pub(super) fn request(path: &str, body: &[u8]) -> String {
    let mut hash = Sha256::new();
    hash.update(path.as_bytes());
    hash.update([0]);
    hash.update(body);
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The id of the deal that is made under a key: the same each time.
pub(super) fn new_id(scope: &str, key: &ClientKey) -> DealId {
    let mut hash = Sha256::new();
    hash.update(scope.as_bytes());
    hash.update([0]);
    hash.update(key.as_str().as_bytes());
    let mut bytes = [0; 16];
    for (byte, of_hash) in bytes.iter_mut().zip(hash.finalize()) {
        *byte = of_hash;
    }
    DealId::new(escrow::uuid::Builder::from_custom_bytes(bytes).into_uuid())
}

/// What is asked of a list.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Asked {
    pub(super) status: Option<String>,
    pub(super) order_id: Option<String>,
    pub(super) party: Option<String>,
    pub(super) after: Option<String>,
    limit: Option<u32>,
}

impl Asked {
    pub(super) fn limit(&self) -> u32 {
        self.limit.unwrap_or(50).clamp(1, MOST)
    }

    /// Where the page before has ended: what [`ListView::next`](super::ListView) says.
    pub(super) fn place(&self) -> Result<Option<(i64, String)>, Problem> {
        let Some(text) = &self.after else { return Ok(None) };
        let place = text.split_once('.').and_then(|(at, id)| Some((at.parse().ok()?, id.to_owned())));
        let bad =
            || Problem::new(400, "bad-page", "There is no such page", "Send `next` of the page before.");
        place.map(Some).ok_or_else(bad)
    }
}
