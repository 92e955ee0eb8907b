//! Everything that can be asked of the desk.

use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Form, FromRequest, Request, State};
use axum::http::{HeaderMap, header};
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;

use crate::auth::Session;
use crate::error::Failure;
use crate::{Desk, api, auth, bank, checks, pages};

/// The largest body that is read: a piece of work, and some.
const MOST_BYTES: usize = 256 * 1_024;

const STYLE: &str = include_str!("../static/desk.css");
const ICON: &str = include_str!("../static/icon.svg");

/// What the world sees of the desk.
pub fn router(desk: Arc<Desk>) -> Router {
    Router::new()
        .route("/", get(home))
        .route("/static/desk.css", get(style))
        .route("/static/icon.svg", get(icon))
        .route("/healthz", get(health))
        .route("/metrics", get(metrics))
        .merge(auth::routes())
        .merge(bank::routes())
        .merge(pages::routes())
        .merge(api::routes())
        .fallback(|| async { Failure::not_found() })
        .layer(DefaultBodyLimit::max(MOST_BYTES))
        .layer(from_fn_with_state(desk.clone(), checks::rate))
        .layer(from_fn(checks::headers))
        .with_state(desk)
}

async fn home(State(desk): State<Arc<Desk>>, headers: HeaderMap) -> Result<Response, Failure> {
    Ok(match Session::of(&desk, &headers)? {
        Some(session) if session.person.staff => Redirect::to("/operator").into_response(),
        Some(_) => Redirect::to("/deals").into_response(),
        None => pages::layout::welcome().into_response(),
    })
}

async fn style() -> Response {
    ([(header::CONTENT_TYPE, "text/css; charset=utf-8")], STYLE).into_response()
}

async fn icon() -> Response {
    ([(header::CONTENT_TYPE, "image/svg+xml")], ICON).into_response()
}

/// Whether the storage answers.
async fn health(State(desk): State<Arc<Desk>>) -> Result<&'static str, Failure> {
    desk.host.figures().await?;
    Ok("ok\n")
}

/// For Prometheus, by a key of a member of the staff; for staff, by their session.
async fn metrics(State(desk): State<Arc<Desk>>, headers: HeaderMap) -> Result<Response, Failure> {
    let by_key = api::person_of(&desk, &headers)?;
    let person = match by_key {
        Some(person) => Some(person),
        None => Session::of(&desk, &headers)?.map(|session| session.person),
    };
    if !person.is_some_and(|person| person.staff) {
        return Err(Failure::not_found());
    }
    let text = desk.host.figures().await?.to_prometheus();
    Ok(([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], text).into_response())
}

/// The fields of a form. Of one that comes twice, the first counts.
#[derive(Clone, Debug, Default)]
pub(crate) struct Fields(pub(crate) Vec<(String, String)>);

impl Fields {
    /// What was typed into a field, without space around it; nothing where there is no such field.
    pub(crate) fn get(&self, name: &str) -> &str {
        self.0.iter().find(|(field, _)| field == name).map_or("", |(_, value)| value.trim())
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        !self.get(name).is_empty()
    }
}

impl FromRequest<Arc<Desk>> for Fields {
    type Rejection = Failure;

    async fn from_request(request: Request, desk: &Arc<Desk>) -> Result<Self, Failure> {
        let Form(fields) =
            Form::<Vec<(String, String)>>::from_request(request, desk).await.map_err(|error| {
                Failure::new(
                    error.status().as_u16(),
                    "malformed-form",
                    "This form cannot be read",
                    error.body_text(),
                )
            })?;
        // browsers send line ends as two characters; what is stored has one
        let plain = |text: String| text.replace("\r\n", "\n");
        Ok(Self(fields.into_iter().map(|(name, value)| (name, plain(value))).collect()))
    }
}
