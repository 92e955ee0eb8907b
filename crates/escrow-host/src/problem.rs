//! Errors as an HTTP client gets them.

use escrow::agent::{ActError, Committed};
use escrow::{Rejection, machine::RejectionClass};
use serde::{Deserialize, Serialize};

/// An error as `application/problem+json` (RFC 9457). `code` is what a client decides by; the texts are for people.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Problem {
    /// The HTTP status.
    pub status: u16,
    /// In a few words.
    pub title: String,
    /// In a sentence.
    pub detail: String,
    /// A rejection's code, or one of the host's: `not-found`, `try-again`, `unknown`, `fact-refused`.
    pub code: String,
    /// Whether the same request may be sent again, under the same key.
    pub retry: bool,
}

impl Problem {
    /// The content type to send it with.
    pub const CONTENT_TYPE: &'static str = "application/problem+json";

    /// A problem of the host's own.
    pub fn new(
        status: u16,
        code: impl Into<String>,
        title: impl Into<String>,
        detail: impl Into<String>,
    ) -> Self {
        Self { status, title: title.into(), detail: detail.into(), code: code.into(), retry: false }
    }

    /// What a machine has refused, by the class and the code of the rejection.
    pub fn rejected(class: RejectionClass, code: &str, detail: impl Into<String>) -> Self {
        let (status, title) = match class {
            RejectionClass::Invalid => (422, "The request is wrong"),
            RejectionClass::Forbidden => (403, "Not allowed"),
            RejectionClass::Conflict => (409, "Not as things are now"),
            RejectionClass::Gone => (410, "Too late"),
        };
        Self::new(status, code, title, detail)
    }

    /// There is nothing, or not for whoever asks: which of the two is not told.
    pub fn not_found() -> Self {
        Self::new(404, "not-found", "Not found", "There is nothing with this id, or not for you.")
    }

    /// The storage failed, or it is not known whether it did; its own words are nothing for a client.
    pub fn storage() -> Self {
        let detail = "It is not known whether it was done. Send the same request again: it is done once.";
        Self::new(503, "unknown", "Try again", detail).again()
    }

    const fn again(mut self) -> Self {
        self.retry = true;
        self
    }
}

impl From<&Rejection> for Problem {
    fn from(rejection: &Rejection) -> Self {
        Self::rejected(rejection.class(), rejection.code(), rejection.to_string())
    }
}

impl<E> From<&ActError<E, Rejection>> for Problem {
    fn from(error: &ActError<E, Rejection>) -> Self {
        match error {
            ActError::NotFound => Self::not_found(),
            ActError::Rejected(rejection) => rejection.into(),
            // the storage's own words are nothing for a client
            ActError::FactRefused { .. } => Self::new(
                202,
                "fact-refused",
                "Done, and being looked into",
                "The request is carried out; an answer of the payment gateway is being looked into.",
            ),
            ActError::Stopped { committed, .. } => match committed {
                Committed::Yes => Self::new(
                    202,
                    "accepted",
                    "Done, and not yet to its end",
                    "The request is carried out; what follows from it is still under way.",
                ),
                Committed::No => {
                    Self::new(503, "try-again", "Try again", "Nothing was done. Send the same request again.")
                        .again()
                }
                Committed::Unknown => Self::storage(),
            },
            // the core may learn of other errors: none of them is the client's
            _ => Self::new(500, "unknown", "Try again", "Something went wrong.").again(),
        }
    }
}
