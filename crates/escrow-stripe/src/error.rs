//! What goes wrong on the way to Stripe, and which of it is a decline.

use escrow::deal::command::Answered;
use escrow::deposit::Reason;
use serde::Deserialize;
use thiserror::Error;

use crate::AmountError;

/// It is not known what became of a call, or it was never made. Never a decline: that is [`Answered::Declined`].
#[derive(Clone, PartialEq, Eq, Debug, Error)]
#[non_exhaustive]
pub enum Error {
    /// No answer: the network, or the time was out.
    #[error("Stripe did not answer: {0}")]
    NoAnswer(String),
    /// Too many requests, a lock, the same key at the same time, or a fault of Stripe's: it is asked again.
    #[error("Stripe is busy or failing (HTTP {status}{})", code.as_deref().map(|c| format!(", {c}")).unwrap_or_default())]
    Busy {
        /// The status of the answer.
        status: u16,
        /// Stripe's code, where there is one.
        code: Option<String>,
    },
    /// Stripe does not do what it is asked, and it is nobody's card: a wrong key, a balance that is too low, a payee who
    /// cannot be paid, a mistake in the request. Somebody has to look; the order stays open.
    #[error("Stripe refuses: {0}")]
    Refused(Box<Refusal>),
    /// The answer is none that can be read.
    #[error("Stripe's answer cannot be read: {0}")]
    Unreadable(String),
    /// The amount cannot be said to Stripe.
    #[error(transparent)]
    Amount(#[from] AmountError),
    /// Nobody has said which account of Stripe's the payee has.
    #[error("no account at Stripe is known of {0}")]
    NoAccount(String),
    /// The destination is none that money can be sent to from here.
    #[error(
        "{0} is no destination for this payee: acct_…, acct_…/ba_…, acct_…/card_…, and ba_… for the platform"
    )]
    NoDestination(String),
    /// The order names no payment, or one that is none of Stripe's.
    #[error("{0} is no payment of Stripe's")]
    NoPayment(String),
    /// The order is another gateway's.
    #[error("the order is for the gateway {0}")]
    OtherGateway(String),
    /// Somebody else has captured another amount: its webhook tells the deal, and answers the order.
    #[error("{payment} is captured already, with {captured} instead of {ordered}")]
    CapturedOtherwise {
        /// The payment.
        payment: String,
        /// What was captured, in Stripe's units.
        captured: i64,
        /// What was ordered.
        ordered: i64,
    },
    /// The payment is in a status in which the order makes no sense.
    #[error("{payment} is {status}")]
    Status {
        /// The payment.
        payment: String,
        /// Its status.
        status: String,
    },
    /// There are more objects than are looked through.
    #[error("more than {0} objects would have to be looked through")]
    TooMany(usize),
    /// The call was given up on before it was over.
    #[error("the call was interrupted")]
    Interrupted,
}

impl Error {
    /// Whether the same call may be answered later without anybody's doing.
    pub const fn is_transient(&self) -> bool {
        match self {
            Self::NoAnswer(_)
            | Self::Busy { .. }
            | Self::Unreadable(_)
            | Self::CapturedOtherwise { .. }
            | Self::Interrupted => true,
            Self::Refused(_)
            | Self::Amount(_)
            | Self::NoAccount(_)
            | Self::NoDestination(_)
            | Self::NoPayment(_)
            | Self::OtherGateway(_)
            | Self::Status { .. }
            | Self::TooMany(_) => false,
        }
    }
}

/// What Stripe says of a request that it refuses.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
#[error("HTTP {status}, {kind}{}: {message}{}",
    code.as_deref().map(|c| format!(" ({c})")).unwrap_or_default(),
    request.as_deref().map(|r| format!(" [{r}]")).unwrap_or_default())]
#[non_exhaustive]
pub struct Refusal {
    /// The status of the answer.
    pub status: u16,
    /// Stripe's `type`: `card_error`, `invalid_request_error`, …
    pub kind: String,
    /// Stripe's `code`.
    pub code: Option<String>,
    /// What the card's issuer has said.
    pub decline_code: Option<String>,
    /// In words.
    pub message: String,
    /// Stripe's id of the request, which its support asks for.
    pub request: Option<String>,
}

#[derive(Default, Deserialize)]
pub(crate) struct ErrorBody {
    #[serde(default)]
    pub(crate) error: ErrorObject,
}

#[derive(Default, Deserialize)]
pub(crate) struct ErrorObject {
    #[serde(default, rename = "type")]
    pub(crate) kind: Option<String>,
    #[serde(default)]
    pub(crate) code: Option<String>,
    #[serde(default)]
    pub(crate) decline_code: Option<String>,
    #[serde(default)]
    pub(crate) message: Option<String>,
}

/// Errors of a card that are not for good, though Stripe calls them card errors: by `code` or by `decline_code`.
///
/// # Source
/// Stripe's "Error codes" and "Decline codes": those whose next step is to try again.
const TRY_AGAIN: [&str; 4] =
    ["processing_error", "issuer_not_available", "reenter_transaction", "try_again_later"];

impl Refusal {
    /// Only what a card's issuer declines is declined; anything else may be asked again once somebody has looked.
    pub(crate) fn is_decline(&self) -> bool {
        let again = |code: &Option<String>| code.as_deref().is_some_and(|c| TRY_AGAIN.contains(&c));
        self.kind == "card_error" && !again(&self.code) && !again(&self.decline_code)
    }
}

/// An answer of an error that is a decline; the error, where it is none.
pub(crate) fn declined(error: Error) -> Result<Answered, Error> {
    let Error::Refused(refusal) = &error else { return Err(error) };
    if !refusal.is_decline() {
        return Err(error);
    }
    let code = refusal.decline_code.as_deref().or(refusal.code.as_deref()).unwrap_or(&refusal.kind);
    Ok(Answered::Declined(reason(&format!("{code}: {}", refusal.message))))
}

/// Words of Stripe's as a reason: one line of a bounded length.
pub(crate) fn reason(words: &str) -> Reason {
    let line: String = words.chars().map(|c| if c.is_control() { ' ' } else { c }).take(300).collect();
    Reason::new(line.trim()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(kind: &str, code: &str, decline: Option<&str>) -> Refusal {
        Refusal {
            status: 402,
            kind: kind.to_owned(),
            code: Some(code.to_owned()),
            decline_code: decline.map(str::to_owned),
            message: "no".to_owned(),
            request: None,
        }
    }

    #[test]
    fn only_what_an_issuer_declines_is_declined() {
        for (kind, code, decline, is) in [
            ("card_error", "card_declined", Some("insufficient_funds"), true),
            ("card_error", "card_declined", Some("lost_card"), true),
            ("card_error", "expired_card", None, true),
            ("card_error", "card_declined", Some("try_again_later"), false),
            ("card_error", "card_declined", Some("issuer_not_available"), false),
            ("card_error", "processing_error", None, false),
            ("invalid_request_error", "balance_insufficient", None, false),
            ("invalid_request_error", "charge_already_refunded", None, false),
            ("invalid_request_error", "payment_intent_unexpected_state", None, false),
            ("idempotency_error", "", None, false),
            ("api_error", "", None, false),
        ] {
            assert_eq!(refusal(kind, code, decline).is_decline(), is, "{kind} {code} {decline:?}");
        }
        let error = Error::Refused(Box::new(refusal("card_error", "card_declined", Some("lost_card"))));
        assert_eq!(declined(error), Ok(Answered::Declined("lost_card: no".parse().unwrap())));
    }
}
