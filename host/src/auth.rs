//! Signing in, sessions, and the forms that belong to one.
//!
//! A browser may be signed in as several people, of whom one acts: whoever tries the desk alone is buyer, seller and operator in
//! turn. The cookie has the secrets of their sessions, the acting one first.

use std::sync::Arc;

use axum::Router;
use axum::extract::{FromRequest, FromRequestParts, Path, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use maud::{Markup, html};

use crate::Desk;
use crate::error::Failure;
use crate::pages::layout;
use crate::routes::Fields;
use crate::store::Person;
use crate::token;

/// The name of the cookie.
pub const SESSION_COOKIE: &str = "desk";
/// As how many people a browser can be signed in.
const MOST_SESSIONS: usize = 8;

/// Who acts, and the secret of their forms.
#[derive(Clone, Debug)]
pub(crate) struct Session {
    pub(crate) person: Person,
    pub(crate) csrf: String,
    /// As whom else this browser is signed in, with the place in its cookie.
    pub(crate) others: Vec<(usize, Person)>,
}

/// The secrets in the cookie.
pub(crate) fn secrets(headers: &HeaderMap) -> Vec<String> {
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = cookies.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    let value = pairs.find(|(name, _)| *name == SESSION_COOKIE).map(|(_, value)| value);
    let secrets = value.into_iter().flat_map(|value| value.split('.')).filter(|secret| !secret.is_empty());
    secrets.take(MOST_SESSIONS).map(str::to_owned).collect()
}

impl Session {
    pub(crate) fn of(desk: &Desk, headers: &HeaderMap) -> Result<Option<Self>, Failure> {
        let now = desk.now();
        let secrets = secrets(headers);
        let Some(first) = secrets.first() else { return Ok(None) };
        let Some(person) = desk.store.by_session(first, now)? else { return Ok(None) };
        let mut others = Vec::new();
        for (place, secret) in secrets.iter().enumerate().skip(1) {
            others.extend(desk.store.by_session(secret, now)?.map(|person| (place, person)));
        }
        Ok(Some(Self { person, csrf: token::csrf(first), others }))
    }

    /// Nobody else's business.
    pub(crate) fn staff_only(&self) -> Result<(), Failure> {
        if self.person.staff { Ok(()) } else { Err(Failure::not_found()) }
    }
}

fn signed_out() -> Failure {
    Failure::new(
        401,
        "signed-out",
        "Please sign in",
        "Open your sign-in link, or ask the operator for a new one.",
    )
}

impl FromRequestParts<Arc<Desk>> for Session {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, desk: &Arc<Desk>) -> Result<Self, Failure> {
        Self::of(desk, &parts.headers)?.ok_or_else(signed_out)
    }
}

/// A form that was sent from a page of this session.
#[derive(Debug)]
pub(crate) struct Posted {
    pub(crate) session: Session,
    pub(crate) fields: Fields,
}

impl FromRequest<Arc<Desk>> for Posted {
    type Rejection = Failure;

    async fn from_request(request: Request, desk: &Arc<Desk>) -> Result<Self, Failure> {
        let session = Session::of(desk, request.headers())?.ok_or_else(signed_out)?;
        let fields = Fields::from_request(request, desk).await?;
        if !token::same(fields.get("csrf"), &session.csrf) {
            return Err(Failure::new(
                403,
                "csrf",
                "This form is not yours, or too old",
                "Nothing was done. Open the page again and send the form from there.",
            ));
        }
        Ok(Self { session, fields })
    }
}

pub(crate) fn routes() -> Router<Arc<Desk>> {
    Router::new()
        .route("/signin/{secret}", get(ask).post(sign_in))
        .route("/switch", post(switch))
        .route("/signout", post(sign_out))
}

/// A link alone signs nobody in: mail programs and prefetching browsers open links, too.
async fn ask(State(desk): State<Arc<Desk>>, Path(secret): Path<String>) -> Result<Markup, Failure> {
    let person = desk.store.by_link(&secret, desk.now())?.ok_or_else(stale_link)?;
    let what = if person.staff { "staff of this desk" } else { "a party to deals" };
    Ok(layout::bare(
        "Sign in",
        &html! {
            h1 { "Sign in as " (person.id) }
            p { "You will be " (what) ", in this browser, for twelve hours." }
            form method="post" action={ "/signin/" (secret) } {
                button.primary autofocus { "Continue as " (person.id) }
            }
        },
    ))
}

fn stale_link() -> Failure {
    Failure::new(
        410,
        "stale-link",
        "This link does not work any more",
        "Links work once, for a day. Ask the operator for a new one.",
    )
}

async fn sign_in(
    State(desk): State<Arc<Desk>>,
    Path(secret): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let person = desk.store.by_link(&secret, desk.now())?.ok_or_else(stale_link)?;
    let mut kept = vec![desk.session(&person.id)?];
    // of the examples' people, everybody who tries the desk is each in turn
    if !desk.config.demo {
        desk.store.end_link(&secret)?;
    }
    // who signs in anew needs no older session of theirs
    for old in secrets(&headers) {
        match desk.store.by_session(&old, desk.now())? {
            Some(other) if other.id != person.id => kept.push(old),
            Some(_) => desk.store.end_session(&old)?,
            None => {}
        }
    }
    kept.truncate(MOST_SESSIONS);
    let home = if person.staff { "/operator" } else { "/deals" };
    Ok(redirect(&desk, home, &kept))
}

async fn switch(
    State(desk): State<Arc<Desk>>,
    headers: HeaderMap,
    Posted { fields, .. }: Posted,
) -> Result<Response, Failure> {
    let mut kept = secrets(&headers);
    let place: usize = fields.get("to").parse().map_err(|_| Failure::not_found())?;
    if place >= kept.len() {
        return Err(Failure::not_found());
    }
    let chosen = kept.remove(place);
    let person = desk.store.by_session(&chosen, desk.now())?.ok_or_else(signed_out)?;
    kept.insert(0, chosen);
    // only a page of ours; a deal that the other has no part in is no place to land on
    let back = fields.get("back");
    let id = back.strip_prefix("/deals/").and_then(|id| id.parse().ok());
    let home = if person.staff { "/operator" } else { "/deals" };
    let to = match id {
        Some(id) if desk.deal(&person, id).await.is_ok() => back,
        _ => home,
    };
    Ok(redirect(&desk, to, &kept))
}

async fn sign_out(State(desk): State<Arc<Desk>>, headers: HeaderMap, _: Posted) -> Result<Response, Failure> {
    let mut kept = secrets(&headers);
    if !kept.is_empty() {
        desk.store.end_session(&kept.remove(0))?;
    }
    Ok(redirect(&desk, "/", &kept))
}

fn redirect(desk: &Desk, to: &str, secrets: &[String]) -> Response {
    let secure = desk.config.url.as_deref().is_some_and(|url| url.starts_with("https:"));
    let age = if secrets.is_empty() { "; Max-Age=0" } else { "" };
    let secure = if secure { "; Secure" } else { "" };
    let cookie =
        format!("{SESSION_COOKIE}={}; HttpOnly; SameSite=Lax; Path=/{age}{secure}", secrets.join("."));
    let mut response = Redirect::to(to).into_response();
    if let Ok(cookie) = HeaderValue::from_str(&cookie) {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    response
}
