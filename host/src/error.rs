//! What goes wrong, as a page or as `application/problem+json`.

use std::fmt::Display;

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use escrow::Rejection;
use escrow::agent::{ActError, AgentError};
use escrow_host::{CheckoutFailed, Problem};

use crate::deals::DealsError;
use crate::pages::layout;

/// A request that was not done, with what to tell about it.
#[derive(Clone, Debug)]
pub struct Failure(pub(crate) Box<Problem>);

impl Failure {
    pub(crate) fn new(status: u16, code: &str, title: &str, detail: impl Into<String>) -> Self {
        Self(Box::new(Problem::new(status, code, title, detail)))
    }

    /// Something of ours is broken. What it is stands in the log, not in the answer.
    pub(crate) fn internal(error: &(impl Display + ?Sized)) -> Self {
        tracing::error!(%error, "a request failed");
        Self::new(500, "unknown", "Something went wrong", "It is our fault. Try again in a moment.")
    }

    /// A field of a form, or of a JSON body, is wrong.
    pub(crate) fn invalid(detail: impl Into<String>) -> Self {
        Self::new(422, "invalid", "Please correct this", detail)
    }

    /// There is no such thing, or it is not for whoever asks: the answer is the same.
    pub(crate) fn not_found() -> Self {
        Self::new(404, "not-found", "Not found", "There is nothing here, or it is not for you.")
    }

    /// Not for this person.
    pub(crate) fn forbidden(detail: &str) -> Self {
        Self::new(403, "forbidden", "Not allowed", detail)
    }

    pub(crate) fn status(&self) -> StatusCode {
        StatusCode::from_u16(self.0.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    /// As the API tells it.
    pub(crate) fn to_json(&self) -> Response {
        let body = serde_json::to_string(&*self.0).unwrap_or_default();
        (self.status(), [(header::CONTENT_TYPE, Problem::CONTENT_TYPE)], body).into_response()
    }
}

impl Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.0.title, self.0.detail)
    }
}

/// As a page.
impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        layout::problem_page(&self)
    }
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        Self(Box::new(problem))
    }
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        Self::internal(&error)
    }
}

impl From<DealsError> for Failure {
    fn from(error: DealsError) -> Self {
        Self::internal(&error)
    }
}

impl From<ActError<DealsError, Rejection>> for Failure {
    fn from(error: ActError<DealsError, Rejection>) -> Self {
        Self(Box::new(Problem::from(&error)))
    }
}

impl From<AgentError<DealsError>> for Failure {
    fn from(error: AgentError<DealsError>) -> Self {
        let words = error.to_string();
        match error {
            AgentError::Rejected(rejection) => Self(Box::new(Problem::from(&rejection))),
            AgentError::Conflict => {
                Self::new(409, "conflict", "Not as things are now", "There is such a deal already.")
            }
            AgentError::FactRefused { .. } | AgentError::Unknown(_) | _ => Self::internal(&words),
        }
    }
}

impl<G: Display> From<CheckoutFailed<DealsError, G>> for Failure {
    fn from(failed: CheckoutFailed<DealsError, G>) -> Self {
        match failed {
            CheckoutFailed::Act(error) => error.into(),
            CheckoutFailed::Checkout(error) => {
                tracing::warn!(%error, "the bank gives no page");
                Self::new(503, "try-again", "Try again", "The bank gives no page for this payment just now.")
            }
        }
    }
}
