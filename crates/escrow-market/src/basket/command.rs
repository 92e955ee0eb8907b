//! What can be asked of a basket. The same command may be sent again at any time: a repeat is recognised and answered
//! with no events.

use serde::{Deserialize, Serialize};

pub use crate::chargeback::Chargeback;
pub use escrow::deal::command::{Answered, ChargebackStep, Wake};
use escrow::deposit::{GatewayName, Reason, Reference};
use escrow::{DealId, Money, Time, commands};

commands! {
    /// A command. Tagged by `type` in JSON: `{"type":"cancel"}`.
    #[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
    #[serde(tag = "type")]
    Command, CommandKind, "the name of a command of a basket" {
        /// A fact: money came in.
        ConfirmPayment = "confirm_payment",
        /// A fact: the payer's bank takes money back, or gives it up.
        Chargeback = "chargeback",
        /// A fact: the gateway's answer to a refund.
        Answer = "answer",
        /// A fact: the payer's bank gave a refund back.
        Returned = "returned",
        /// A fact: a deal has ended before it was paid.
        Leave = "leave",
        /// Try a declined refund again.
        Retry = "retry",
        /// Give everything back.
        Cancel = "cancel",
        /// Fire what is due.
        Wake = "wake",
    }
}

/// A fact: money came in, charged. `(gateway, reference)` names it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct ConfirmPayment {
    /// By which gateway.
    pub gateway: GatewayName,
    /// The gateway's id of the payment: every deal knows it by this.
    pub reference: Reference,
    /// How much; positive.
    pub amount: Money,
    /// When the authorisation expires, where it is a hold. A basket is of charged payments only: it is refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held_until: Option<Time>,
}

impl ConfirmPayment {
    /// Money that was charged.
    pub const fn charged(gateway: GatewayName, reference: Reference, amount: Money) -> Self {
        Self { gateway, reference, amount, held_until: None }
    }
}

/// A fact: the gateway's answer to the order of a refund.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Answer {
    /// The refund, by its number.
    pub refund: u32,
    /// The answer. In progress changes nothing: ask again under the same key.
    pub result: Answered,
}

impl Answer {
    /// The gateway answers this order.
    pub const fn new(refund: u32, result: Answered) -> Self {
        Self { refund, result }
    }
}

/// A fact: the payer's bank gave a refund back, whole or in part.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Returned {
    /// The refund, by its number.
    pub refund: u32,
    /// How much came back; positive, and with all that came back before at most the refund.
    pub amount: Money,
    /// The gateway's id of the return, by which a repeat is recognised.
    pub reference: Reference,
}

impl Returned {
    /// So much of a refund came back.
    pub const fn new(refund: u32, amount: Money, reference: Reference) -> Self {
        Self { refund, amount, reference }
    }
}

/// A fact: a deal has ended, and leaves the basket if it was not paid yet. What [`Basket::follow`](super::Basket::follow)
/// gives.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Leave {
    /// The deal.
    pub deal: DealId,
}

/// Orders again what was declined, or came back, of a refund, under a new number.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Retry {
    /// The refund.
    pub refund: u32,
}

/// Gives everything back that has come in, before the basket is full.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cancel {
    /// The reason.
    #[serde(default)]
    pub reason: Reason,
}
