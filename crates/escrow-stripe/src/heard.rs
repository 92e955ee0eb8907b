//! What a webhook has said.

use std::fmt;

use escrow::deposit::Reference;
use escrow::{Command, DealId, TextError};
use thiserror::Error;

use crate::AmountError;
use crate::signature::SignatureError;
use crate::take_back::TakeBack;

/// What a webhook says, once its signature is verified.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Heard {
    /// Stripe's id of the event: the same on every delivery. Facts are safe without: a repeat changes nothing.
    pub event: String,
    /// Its type.
    pub kind: String,
    /// What it is about.
    pub about: About,
    /// What the deal is to be told, in this order.
    pub facts: Vec<Command>,
    /// What an operator should know, where there is no fact to tell or more to say: never dropped silently.
    pub note: Option<String>,
    /// A payout of a connected account came back: [`Stripe::take_back`](crate::Stripe::take_back) it, then tell the deal.
    pub take_back: Option<TakeBack>,
}

/// What an event is about.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum About {
    /// A deal.
    Deal(DealId),
    /// A payment, of which the event does not say whose it is: [`Stripe::deal_of`](crate::Stripe::deal_of) does.
    Payment(Reference),
    /// Nothing of ours.
    Nothing,
}

/// Why a webhook says nothing. None is transient.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
#[non_exhaustive]
pub enum HearError {
    /// It is not signed as it should be: answer 400, and act on nothing.
    #[error(transparent)]
    Signature(#[from] SignatureError),
    /// It is signed, and is no event that can be read.
    #[error("the event cannot be read: {0}")]
    Unreadable(String),
    /// It has an amount that is none.
    #[error(transparent)]
    Amount(#[from] AmountError),
    /// It has an id that is none.
    #[error("the event has an id that is none: {0}")]
    Id(#[from] TextError),
}

impl fmt::Display for About {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Deal(deal) => write!(f, "deal {deal}"),
            Self::Payment(payment) => write!(f, "payment {payment}"),
            Self::Nothing => f.write_str("nothing of ours"),
        }
    }
}
