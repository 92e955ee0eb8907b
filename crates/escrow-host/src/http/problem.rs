//! Problems as responses.

use axum::http::StatusCode;
use axum::http::header::{CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use axum::response::{IntoResponse, Response};
use escrow::AgentError;

use crate::{OnceFailed, Problem};

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let again = self.retry;
        // a struct of texts and numbers is JSON
        let body = serde_json::to_string(&self).unwrap_or_default();
        let mut response = (status, body).into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(Self::CONTENT_TYPE));
        if again {
            headers.insert(RETRY_AFTER, HeaderValue::from_static("1"));
        }
        response
    }
}

impl<E> From<AgentError<E>> for Problem {
    fn from(error: AgentError<E>) -> Self {
        match error {
            AgentError::Rejected(rejection) => (&rejection).into(),
            AgentError::Conflict => {
                Self::new(409, "conflict", "Not as things are now", "Somebody else was faster.")
            }
            // the storage's own words are nothing for a client
            AgentError::Unknown(_) => Self::storage(),
            // a deal that is opened asks no gateway; the core may learn of other errors
            _ => Self::storage(),
        }
    }
}

impl<S> From<OnceFailed<S, Self>> for Problem {
    fn from(failed: OnceFailed<S, Self>) -> Self {
        match failed {
            OnceFailed::KeyReused => Self::new(
                422,
                "key-reused",
                "The key was used before",
                "This idempotency key was used for another request.",
            ),
            OnceFailed::Storage(_) => Self::storage(),
            OnceFailed::Work(problem) => problem,
        }
    }
}
