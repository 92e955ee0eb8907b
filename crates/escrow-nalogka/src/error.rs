//! One family of errors, by Nalogka's kinds, and how the crate's own errors map to them.

use std::fmt;

use serde::de::{DeserializeOwned, IgnoredAny};
use serde::{Deserialize, Serialize};
use serde_json::error::Category;

use super::notification::HistoryError;
use super::project::ProjectionError;
use escrow::agent::{AgentError, CheckoutError};
use escrow::terms::TermsError;
use escrow::{Rejection, TextError};

/// The longest body that [`decode`] reads.
pub const MAX_BODY: usize = 1024 * 1024;
/// How much of a path or a message is told: a client's own text is never sent back whole.
const MAX_TOLD: usize = 300;

/// Nalogka's kinds of errors.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorKind {
    /// The caller may not do this.
    AccessDenied,
    /// One item of a request is wrong; only ever inside of `validation`.
    ItemValidation,
    /// The body is no JSON, or too long.
    MalformedRequest,
    /// There is no such thing.
    NotFound,
    /// The service failed. Try again later.
    Server,
    /// The caller is not known.
    Unauthorized,
    /// The request cannot be carried out as it is.
    Validation,
}

/// What is wrong with one item of a request.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ItemError {
    /// Which, such as `subject_items[2].price`.
    pub path: String,
    /// What is wrong, and what to write instead.
    pub message: String,
}

/// An error as the API tells it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApiError {
    /// Which kind.
    pub kind: ErrorKind,
    /// What happened, in words.
    pub message: String,
    /// What is wrong with which items; only in `validation`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<ItemError>,
    /// Whether the same request can succeed later, or after the deal was read again.
    #[serde(skip)]
    pub transient: bool,
}

impl ApiError {
    /// An error of a kind.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        let transient = match kind {
            ErrorKind::Server => true,
            ErrorKind::AccessDenied
            | ErrorKind::ItemValidation
            | ErrorKind::MalformedRequest
            | ErrorKind::NotFound
            | ErrorKind::Unauthorized
            | ErrorKind::Validation => false,
        };
        Self { kind, message: told(message.into()), errors: Vec::new(), transient }
    }

    /// There is no such deal, or none that the caller may know of.
    pub fn no_such_deal() -> Self {
        Self::new(ErrorKind::NotFound, "there is no such deal")
    }

    /// One item is wrong.
    pub fn item(path: impl Into<String>, message: impl Into<String>) -> Self {
        let error = ItemError { path: told(path.into()), message: told(message.into()) };
        let message = "the request has errors".to_owned();
        Self { kind: ErrorKind::Validation, message, errors: vec![error], transient: false }
    }

    /// The path of the first wrong item.
    pub fn path(&self) -> Option<&str> {
        self.errors.first().map(|error| error.path.as_str())
    }

    /// The status code of the HTTP response.
    pub const fn http_status(&self) -> u16 {
        match self.kind {
            ErrorKind::MalformedRequest => 400,
            ErrorKind::Unauthorized => 401,
            ErrorKind::AccessDenied => 403,
            ErrorKind::NotFound => 404,
            ErrorKind::Validation | ErrorKind::ItemValidation => 422,
            ErrorKind::Server => 500,
        }
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        self.errors.iter().try_for_each(|error| write!(f, "; {}: {}", error.path, error.message))
    }
}

impl std::error::Error for ApiError {}

/// Cut to what is told.
fn told(mut text: String) -> String {
    if let Some((end, _)) = text.char_indices().nth(MAX_TOLD) {
        text.truncate(end);
        text.push('…');
    }
    text
}

/// Reads a request's body.
///
/// # Errors
/// [`ErrorKind::MalformedRequest`] where it is no JSON, is nested too deep or is over [`MAX_BODY`] bytes;
/// [`ErrorKind::Validation`] with the path where a field is missing, unknown, twice there or of another type.
///
/// # Examples
/// ```
/// use escrow_nalogka::{SetPerformingTrack, decode};
///
/// let body = br#"{"tracker_short_name":"cdek","code":1105678}"#;
/// assert_eq!(decode::<SetPerformingTrack>(body).unwrap_err().path(), Some("code"));
/// ```
pub fn decode<T: DeserializeOwned>(body: &[u8]) -> Result<T, ApiError> {
    if body.len() > MAX_BODY {
        let message = format!("the body is over {MAX_BODY} bytes");
        return Err(ApiError::new(ErrorKind::MalformedRequest, message));
    }
    let malformed = |e: serde_json::Error| ApiError::new(ErrorKind::MalformedRequest, e.to_string());
    let mut json = serde_json::Deserializer::from_slice(body);
    let value = serde_path_to_error::deserialize(&mut json).map_err(|e| {
        let path = e.path().to_string();
        let error = e.into_inner();
        match error.classify() {
            Category::Data => at(path, &error.to_string()),
            // some wrong types are told as wrong syntax
            Category::Syntax if serde_json::from_slice::<IgnoredAny>(body).is_ok() => {
                at(path, &error.to_string())
            }
            Category::Io | Category::Syntax | Category::Eof => malformed(error),
        }
    })?;
    json.end().map_err(malformed)?;
    Ok(value)
}

/// The path down to the field that the message names: one that is missing or twice there is not on the way to itself.
fn at(mut path: String, message: &str) -> ApiError {
    if path == "." {
        path.clear();
    }
    let named = ["missing field `", "duplicate field `", "unknown field `"];
    let field = named.iter().find_map(|start| message.strip_prefix(start)?.split_once('`'));
    if let Some((field, _)) = field {
        let there = path == field || path.strip_suffix(field).is_some_and(|rest| rest.ends_with('.'));
        if !there {
            if !path.is_empty() {
                path.push('.');
            }
            path.push_str(field);
        }
    }
    ApiError::item(path, message)
}

/// The wire path of a field of the terms; `None` where it is no field of a request.
fn terms_path(error: &TermsError) -> Option<String> {
    let item = |list: &str, i, field: &str| Some(format!("{list}[{i}].{field}"));
    match (error.field(), error.index()) {
        ("unit_price", Some(i)) => item("subject_items", i, "price"),
        ("quantity", Some(i)) => item("subject_items", i, "quantity"),
        (field @ ("final_cost" | "original_cost"), Some(i)) => item("additional_services", i, field),
        ("provider", Some(i)) => item("additional_services", i, "provided_by"),
        // the one rule of the schedule that depends on who pays
        ("base", Some(_)) => Some("commission_payer".to_owned()),
        (_, Some(_)) => None,
        ("items", None) => Some("subject_items".to_owned()),
        ("services", None) => Some("additional_services".to_owned()),
        ("pay_offline", None) => Some("buyer_have_to_pay_offline".to_owned()),
        ("buyer", None) => Some("buyer_profile_id".to_owned()),
        ("seller", None) => Some("seller_profile_id".to_owned()),
        // what of the schedule and of the policy a request names
        ("fees", None) => Some("commission_payer".to_owned()),
        ("policy" | "partial_buyout_allowed", None) => Some("partial_buyout_allowed".to_owned()),
        ("deposit", None) => Some("additional_services".to_owned()),
        (_, None) => None,
    }
}

/// What a request names is the request's fault; the fee schedule and the policy are the platform's.
impl From<TermsError> for ApiError {
    fn from(error: TermsError) -> Self {
        match terms_path(&error) {
            Some(path) => Self::item(path, error.problem().to_string()),
            None => Self {
                transient: false,
                ..Self::new(ErrorKind::Server, format!("the platform's own terms: {error}"))
            },
        }
    }
}

impl From<ProjectionError> for ApiError {
    fn from(error: ProjectionError) -> Self {
        Self { transient: false, ..Self::new(ErrorKind::Server, error.to_string()) }
    }
}

/// The journal is not the deal's, or the form has no word for something: the host's own fault.
impl From<HistoryError> for ApiError {
    fn from(error: HistoryError) -> Self {
        Self { transient: false, ..Self::new(ErrorKind::Server, error.to_string()) }
    }
}

/// A text that the service itself has made.
impl From<TextError> for ApiError {
    fn from(error: TextError) -> Self {
        Self { transient: false, ..Self::new(ErrorKind::Server, error.to_string()) }
    }
}

impl From<Rejection> for ApiError {
    fn from(rejection: Rejection) -> Self {
        let kind = match &rejection {
            Rejection::Terms(error) => return (*error).into(),
            Rejection::UnknownActor
            | Rejection::WrongRole { .. }
            | Rejection::NotYourDeposit { .. }
            | Rejection::NotYourMoney
            | Rejection::NotYourService => ErrorKind::AccessDenied,
            Rejection::UnknownDeposit { .. }
            | Rejection::UnknownTransaction { .. }
            | Rejection::UnknownService { .. } => ErrorKind::NotFound,
            Rejection::Stale { .. }
            | Rejection::WrongPhase { .. }
            | Rejection::Guard(_)
            | Rejection::StaleTerms { .. }
            | Rejection::CaptureUnanswered
            | Rejection::AmountNotPositive
            | Rejection::AmountOverOutstanding { .. }
            | Rejection::AmountCurrency
            | Rejection::AmountTooLarge
            | Rejection::TooMany { .. }
            | Rejection::KeyReused
            | Rejection::IdentityTaken
            | Rejection::ConfirmInstead { .. }
            | Rejection::AttemptUnanswered
            | Rejection::ServiceAmended
            | Rejection::ChargePayee
            | Rejection::Settle(_)
            | Rejection::TimerNotRunning { .. }
            | Rejection::NotLater { .. }
            | Rejection::ExtensionTooLong { .. }
            | Rejection::RevisionNumber { .. }
            | Rejection::ArbiterIsAParty { .. }
            | Rejection::NoSuchOffer
            | Rejection::NoSuchOpening { .. }
            | Rejection::FactContradicts(_)
            | Rejection::UnknownPayment
            | Rejection::GivenBackMore { .. }
            | Rejection::GivesBackTooMuch { .. }
            | Rejection::NoBalances
            | Rejection::UnknownReceivable => ErrorKind::Validation,
            // a reason that is younger than this crate
            _ => ErrorKind::Validation,
        };
        Self { transient: rejection.is_transient(), ..Self::new(kind, rejection.to_string()) }
    }
}

/// What the journal or the gateway did is nobody's fault outside: `server`, to be tried again. The message names no
/// internals.
impl<E> From<AgentError<E>> for ApiError {
    fn from(error: AgentError<E>) -> Self {
        let message = match error {
            AgentError::Rejected(rejection) => return rejection.into(),
            AgentError::FactRefused { .. } => "a payment needs to be looked at by the platform's staff",
            AgentError::Conflict => "the deal is being changed by somebody else: try again",
            AgentError::Unknown(_) => "it is not known whether the request was carried out: try again",
            _ => "the request was not carried out: try again",
        };
        Self::new(ErrorKind::Server, message)
    }
}

impl<E> From<CheckoutError<E>> for ApiError {
    fn from(error: CheckoutError<E>) -> Self {
        match error {
            CheckoutError::NotRequested => Self::new(ErrorKind::NotFound, "there is no open payment to pay"),
            CheckoutError::Gateway(_) => {
                Self::new(ErrorKind::Server, "the gateway could not be asked: try again")
            }
            _ => Self::new(ErrorKind::Server, "there is no form to pay with: try again"),
        }
    }
}
