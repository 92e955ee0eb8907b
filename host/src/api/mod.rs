//! The JSON API.

mod body;
mod market;
mod openapi;
mod view;

use std::sync::Arc;

use axum::Router;
use axum::body::{Bytes, to_bytes};
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::map_response;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use escrow::deposit::DepositId;
use escrow::{Deal, DealId, Status};
use escrow_host::OnceFailed;
use escrow_store::Filter;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::desk::{Ask, Capacity};
use crate::error::Failure;
use crate::store::Person;
use crate::{Desk, token};

pub use openapi::document;

/// The most events in an answer; the next are behind the version of the last.
const MOST_EVENTS: usize = 500;

/// The most deals on a page.
const MOST_PER_PAGE: u32 = 100;

pub(crate) fn routes() -> Router<Arc<Desk>> {
    Router::new()
        .route("/api/openapi.json", get(|| async { json_response(StatusCode::OK, document().to_string()) }))
        .route("/api/v1/deals", get(list).post(create))
        .route("/api/v1/deals/{id}", get(show))
        .route("/api/v1/deals/{id}/events", get(events))
        .route("/api/v1/deals/{id}/endings", get(endings))
        .route("/api/v1/deals/{id}/commands", post(command))
        .route("/api/v1/deals/{id}/checkout", post(checkout))
        .route("/api/v1/quote", post(quote))
        .merge(market::routes())
        .route("/api/{*rest}", get(|| async { Problem(Failure::not_found()) }))
        .layer(map_response(as_problem))
}

/// What the router refuses by itself is a problem like any other: a path that is no text, a query or a body that cannot be read,
/// a method that there is not.
async fn as_problem(response: Response) -> Response {
    let status = response.status();
    let kind = response.headers().get(header::CONTENT_TYPE);
    if !status.is_client_error() || kind.is_some_and(|kind| kind == escrow_host::Problem::CONTENT_TYPE) {
        return response;
    }
    let (code, title) = match status {
        StatusCode::NOT_FOUND => return Failure::not_found().to_json(),
        StatusCode::METHOD_NOT_ALLOWED => ("no-such-method", "This cannot be done here"),
        StatusCode::PAYLOAD_TOO_LARGE => ("too-large", "The body is too large"),
        _ => ("bad-request", "The request cannot be read"),
    };
    let said = to_bytes(response.into_body(), 1_000).await.unwrap_or_default();
    let said = String::from_utf8_lossy(&said);
    let detail = if said.is_empty() { "See the description at `/api/openapi.json`." } else { &said };
    Failure::new(status.as_u16(), code, title, detail).to_json()
}

/// A failure as `application/problem+json`.
struct Problem(Failure);

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        self.0.to_json()
    }
}

impl<T: Into<Failure>> From<T> for Problem {
    fn from(failure: T) -> Self {
        Self(failure.into())
    }
}

type Answer = Result<Response, Problem>;

fn json_response(status: StatusCode, body: String) -> Response {
    (status, [(header::CONTENT_TYPE, "application/json")], body).into_response()
}

/// Whoever the request's key belongs to; nobody where it has no key that we know.
pub(crate) fn person_of(desk: &Desk, headers: &HeaderMap) -> Result<Option<Person>, Failure> {
    let value = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    match value.and_then(|value| value.strip_prefix("Bearer ")) {
        Some(secret) => desk.store.by_api_key(secret.trim()),
        None => Ok(None),
    }
}

/// The client: cookies count for nothing here, so that no other site can make a browser call.
struct Client(Person);

impl FromRequestParts<Arc<Desk>> for Client {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, desk: &Arc<Desk>) -> Result<Self, Problem> {
        let found = person_of(desk, &parts.headers)?;
        let signed_out = || {
            Failure::new(401, "no-key", "Who are you?", "Send an API key: `Authorization: Bearer desk_…`.")
        };
        Ok(Self(found.ok_or_else(signed_out)?))
    }
}

#[derive(Deserialize)]
struct Which {
    status: Option<String>,
    party: Option<String>,
    order: Option<String>,
    after: Option<String>,
    limit: Option<u32>,
}

/// Parties list their own deals, staff list any.
async fn list(State(desk): State<Arc<Desk>>, Client(person): Client, Query(which): Query<Which>) -> Answer {
    let status = match &which.status {
        Some(name) => Some(name.parse::<Status>().map_err(|e| Failure::invalid(format!("status: {e}")))?),
        None => None,
    };
    let filter = match (person.staff, &status, &which.party, &which.order) {
        (false, None, None, None) => Filter::Party(&person.id),
        (false, ..) => {
            return Err(Failure::forbidden("Parties list their own deals, without a filter.").into());
        }
        (true, Some(status), ..) => Filter::Status(status.as_str()),
        (true, None, Some(party), _) => Filter::Party(party),
        (true, None, None, Some(order)) => Filter::Order(order),
        (true, None, None, None) => Filter::All,
    };
    let limit = which.limit.unwrap_or(20).clamp(1, MOST_PER_PAGE);
    let page = crate::pages::page(which.after.as_deref(), limit);
    let listed = desk.host.repository().list::<Deal>(filter, &page).await?;
    let full = u32::try_from(listed.len()).is_ok_and(|count| count >= limit);
    let next = listed.last().filter(|_| full).map(crate::pages::place);
    let deals: Vec<Value> = listed.iter().map(view::listed).collect();
    Ok(json_response(StatusCode::OK, json!({ "deals": deals, "next": next }).to_string()))
}

fn deal_id(id: &str) -> Result<DealId, Failure> {
    id.parse().map_err(|_| Failure::not_found())
}

async fn show(State(desk): State<Arc<Desk>>, Client(person): Client, Path(id): Path<String>) -> Answer {
    let (deal, roles) = desk.deal(&person, deal_id(&id)?).await?;
    Ok(json_response(StatusCode::OK, view::deal(&deal, &person, &roles, desk.now()).to_string()))
}

#[derive(Deserialize)]
struct Behind {
    after: Option<u64>,
}

async fn events(
    State(desk): State<Arc<Desk>>,
    Client(person): Client,
    Path(id): Path<String>,
    Query(behind): Query<Behind>,
) -> Answer {
    let (deal, roles) = desk.deal(&person, deal_id(&id)?).await?;
    let entries = desk.journal(&deal, &roles, behind.after.unwrap_or(0)).await?;
    let events: Vec<Value> = entries.iter().take(MOST_EVENTS).map(view::event).collect();
    Ok(json_response(StatusCode::OK, json!({ "events": events }).to_string()))
}

async fn endings(State(desk): State<Arc<Desk>>, Client(person): Client, Path(id): Path<String>) -> Answer {
    let (deal, _) = desk.deal(&person, deal_id(&id)?).await?;
    Ok(json_response(StatusCode::OK, view::endings(&deal).to_string()))
}

/// What terms would cost everybody. Nothing is stored.
async fn quote(State(_): State<Arc<Desk>>, Client(_): Client, bytes: Bytes) -> Answer {
    let terms = body::terms(&bytes)?;
    let quote = serde_json::to_string(terms.quote()).map_err(|e| Failure::internal(&e))?;
    Ok(json_response(StatusCode::OK, quote))
}

/// A request that makes something: whose it is, the key under which it is done once, and what was sent.
struct Sent {
    person: Person,
    key: String,
    bytes: Bytes,
}

impl FromRequest<Arc<Desk>> for Sent {
    type Rejection = Problem;

    async fn from_request(request: Request, desk: &Arc<Desk>) -> Result<Self, Problem> {
        let (mut parts, body) = request.into_parts();
        let Client(person) = Client::from_request_parts(&mut parts, desk).await?;
        let key = idempotency_key(&parts.headers)?;
        let read = Bytes::from_request(Request::from_parts(parts, body), desk).await;
        let bytes = read.map_err(|error| {
            let detail = error.body_text();
            Failure::new(error.status().as_u16(), "unreadable", "This request cannot be read", detail)
        })?;
        Ok(Self { person, key, bytes })
    }
}

impl Sent {
    /// What the request is recognised by: what is asked of what, and the body.
    fn fingerprint(&self, what: &str) -> String {
        token::hashed(&format!("{what}/{}", String::from_utf8_lossy(&self.bytes)))
    }

    /// Does it once: sent again with the same body, it gets the first answer.
    async fn once(
        &self,
        desk: &Desk,
        what: &str,
        status: StatusCode,
        work: impl Future<Output = Result<Value, Failure>> + Send,
    ) -> Answer {
        let scope = format!("api/{}", self.person.id);
        let work = async { Ok(work.await?.to_string()) };
        let done = desk.host.once(&scope, &self.key, &self.fingerprint(what), work).await;
        let body = done.map_err(|failed| match failed {
            OnceFailed::KeyReused => Failure::new(
                422,
                "key-reused",
                "The key was used already",
                "This `Idempotency-Key` was sent with another request: choose a new one.",
            ),
            OnceFailed::Storage(error) => Failure::internal(&error),
            OnceFailed::Work(failure) => failure,
        })?;
        Ok(json_response(status, body))
    }
}

fn idempotency_key(headers: &HeaderMap) -> Result<String, Failure> {
    let key = headers.get("idempotency-key").and_then(|value| value.to_str().ok()).unwrap_or_default();
    let fits = (1..=64).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic());
    if !fits {
        return Err(Failure::new(
            400,
            "idempotency-key",
            "A header is missing",
            "Send `Idempotency-Key`: 1 to 64 printable characters, another one for every request that is not a repeat.",
        ));
    }
    Ok(key.to_owned())
}

async fn create(State(desk): State<Arc<Desk>>, sent: Sent) -> Answer {
    let person = &sent.person;
    let work = async {
        let terms = body::opening(&desk, person, &sent.bytes)?;
        // the id follows from the key: a repeat after a crash finds its deal
        let id = DealId::new(body::id_of(person, &sent.key, &sent.fingerprint("create")));
        let deal = match desk.open_deal(person, id, terms).await {
            Err(failure) if failure.0.code == "conflict" => desk.deal(person, id).await?.0,
            opened => opened?,
        };
        Ok(view::deal(&deal, person, &crate::desk::capacities(person, &deal), desk.now()))
    };
    sent.once(&desk, "create", StatusCode::CREATED, work).await
}

async fn command(State(desk): State<Arc<Desk>>, Path(id): Path<String>, sent: Sent) -> Answer {
    let (id, person) = (deal_id(&id)?, &sent.person);
    let work = async {
        let asked = body::command(&sent.bytes)?;
        let ask = ask(&sent, id, asked.capacity.as_deref(), asked.seen)?;
        let deal = desk.act(ask, asked.command).await?;
        Ok(view::deal(&deal, person, &crate::desk::capacities(person, &deal), desk.now()))
    };
    sent.once(&desk, &format!("command/{id}"), StatusCode::OK, work).await
}

/// The address of the bank's page for a deposit.
async fn checkout(State(desk): State<Arc<Desk>>, Path(id): Path<String>, sent: Sent) -> Answer {
    let id = deal_id(&id)?;
    let work = async {
        let deposit: DepositId = body::deposit(&sent.bytes)?;
        let url = desk.checkout(ask(&sent, id, None, None)?, deposit).await?;
        Ok(address(&desk, &url))
    };
    sent.once(&desk, &format!("checkout/{id}"), StatusCode::OK, work).await
}

fn address(desk: &Desk, path: &str) -> Value {
    let base = desk.config.url.as_deref().unwrap_or_default();
    json!({ "url": format!("{base}{path}") })
}

fn ask<'a>(
    sent: &'a Sent,
    deal: DealId,
    capacity: Option<&str>,
    seen: Option<u64>,
) -> Result<Ask<'a>, Failure> {
    let Sent { person, key, .. } = sent;
    let capacity = match capacity {
        Some(word) => Capacity::parse(word)
            .ok_or_else(|| Failure::invalid("as: write party, operator or moderator."))?,
        None if person.staff => Capacity::Operator,
        None => Capacity::Party,
    };
    // keys of two people are two keys
    let hash = token::hashed(&format!("{}/{key}", person.id));
    let request_id =
        hash.get(..48).unwrap_or(&hash).parse().map_err(|e: escrow::TextError| Failure::internal(&e))?;
    Ok(Ask { person, deal, capacity, seen, request_id: Some(request_id) })
}
