//! What comes before and after every request: the rate, and the headers.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderName, HeaderValue, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::auth::Session;
use crate::error::Failure;
use crate::{Desk, api};

/// How much a try to sign in weighs: who guesses has a thirtieth of the tries.
const SIGN_IN_WEIGHT: u32 = 30;

/// What people send is written down: a person sends two forms in a second at most, and no program should.
const FORM_WEIGHT: u32 = 5;

/// What browsers may do with our pages: nothing that we do not send ourselves, and no script at all.
const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

const HEADERS: [(HeaderName, &str); 5] = [
    (header::CONTENT_SECURITY_POLICY, POLICY),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::REFERRER_POLICY, "same-origin"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
];

/// Refuses who asks too often: a person by their id, wherever they are; anybody else by their address.
pub(crate) async fn rate(State(desk): State<Arc<Desk>>, request: Request, next: Next) -> Response {
    let path = request.uri().path();
    let is_api = path.starts_with("/api/");
    let is_form = request.method() == Method::POST && !is_api;
    let weight = if path.starts_with("/signin/") {
        SIGN_IN_WEIGHT
    } else if is_form {
        FORM_WEIGHT
    } else {
        1
    };
    let person = if is_api {
        api::person_of(&desk, request.headers()).ok().flatten()
    } else {
        Session::of(&desk, request.headers()).ok().flatten().map(|session| session.person)
    };
    let client = match person {
        Some(person) => format!("person/{}", person.id),
        None => {
            let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
            format!("address/{:?}", peer.map(|ConnectInfo(address)| network(address.ip())))
        }
    };
    if desk.limits.exceeds(&client, weight, desk.now()) {
        let failure =
            Failure::new(429, "too-many-requests", "Too fast", "Wait a minute, and send the request again.");
        let mut response = if is_api { failure.to_json() } else { failure.into_response() };
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("60"));
        return response;
    }
    next.run(request).await
}

/// Whom an address counts as: of IPv6, a household has a whole network.
fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            IpAddr::from([a, b, c, d, 0, 0, 0, 0])
        }
    }
}

/// A form that another site sends is none of ours, whatever it carries; and what pages say is kept by no cache.
pub(crate) async fn headers(request: Request, next: Next) -> Response {
    let is_static = request.uri().path().starts_with("/static/");
    let site = request.headers().get("sec-fetch-site").and_then(|value| value.to_str().ok());
    let foreign = site == Some("cross-site") && request.method() == Method::POST;
    let mut response = if foreign {
        Failure::new(403, "cross-site", "Not allowed", "This form was sent from another site.")
            .into_response()
    } else {
        next.run(request).await
    };
    let all = response.headers_mut();
    for (name, value) in HEADERS {
        all.insert(name, HeaderValue::from_static(value));
    }
    let cache = if is_static { "public, max-age=3600" } else { "no-store" };
    all.insert(header::CACHE_CONTROL, HeaderValue::from_static(cache));
    response
}
