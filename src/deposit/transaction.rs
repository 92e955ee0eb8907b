//! Transactions: one movement of money each, pending until it succeeds or fails, and never anything else after.

use crate::deposit::Purpose;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

use super::deposit_id::{buyers_payment, is_buyers_payment};
use super::{DepositId, LegId};
use crate::names::plain_number;
use crate::stored::left_out::is_default;
use crate::{Destination, Money, ParseError, Payee, Text, Time};

/// A transaction within its deal, counted from 1.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TxId(pub(crate) u32);

impl TxId {
    /// The number.
    pub const fn number(self) -> u32 {
        self.0
    }

    /// The transaction with this number.
    pub const fn new(number: u32) -> Self {
        Self(number)
    }
}

impl fmt::Display for TxId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl FromStr for TxId {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        plain_number(text).map(Self).ok_or(ParseError::new("the number of a transaction"))
    }
}

text_id! {
    /// A gateway's own id of a payment, refund or payout.
    Reference(128)
}

text_id! {
    /// A gateway's id of one capture of a payment.
    CaptureId(128)
}

impl CaptureId {
    /// What the gateway answers an order to capture with is the id of that capture.
    pub(crate) fn from_reference(reference: &Reference) -> Option<Self> {
        reference.as_str().parse().ok()
    }
}

text_id! {
    /// Which gateway.
    GatewayName(32)
}

text_id! {
    /// A payment method, in the gateway's terms.
    MethodName(32)
}

text_id! {
    /// A key that a client chooses, so that a repeat is recognised.
    ClientKey(64)
}

/// Why something was done or declined, in words.
pub type Reason = Text<500>;

/// What a transaction does.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TransactionKind {
    /// The payer's bank sets money aside.
    Hold,
    /// Money on hold is taken.
    Capture,
    /// Money on hold is let go.
    Void,
    /// The payer pays.
    Charge,
    /// Money goes back to its source.
    Refund,
    /// Money goes to a payee.
    Payout,
    /// A fee goes to its payee.
    Fee,
}

names! {
    /// Every kind.
    TransactionKind, "the kind of a transaction" {
        Hold = "hold",
        Capture = "capture",
        Void = "void",
        Charge = "charge",
        Refund = "refund",
        Payout = "payout",
        Fee = "fee",
    }
}

impl TransactionKind {
    /// Whether it brings money in.
    pub const fn is_inbound(self) -> bool {
        match self {
            Self::Hold | Self::Charge => true,
            Self::Capture | Self::Void | Self::Refund | Self::Payout | Self::Fee => false,
        }
    }
}

/// How far a transaction is. It leaves `Pending` once, for good.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TransactionState {
    /// No answer yet: unknown, never "failed".
    Pending,
    /// It happened.
    Succeeded,
    /// It did not happen and never will; a retry is another transaction.
    Failed(Reason),
}

/// What has become of money on hold.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HoldState {
    /// Waiting, until the payer's bank lets it go.
    Open {
        /// When the hold expires.
        expires: Time,
    },
    /// A capture or a void is ordered and not answered.
    Closing,
    /// Captured or voided.
    Closed,
    /// The payer's bank let it go, or would not let it be captured: the money never came in.
    Lapsed,
}

/// What the gateway is asked to do. Data inside events: nothing is sent before the journal has it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Order {
    /// Its number, from which the idempotency key is made.
    pub tx: TxId,
    /// What to do. `charge`: verify a payment that a party states to have made.
    pub kind: TransactionKind,
    /// Whose pot.
    pub deposit: DepositId,
    /// The payee.
    pub payee: Payee,
    /// The purpose.
    pub purpose: Purpose,
    /// The amount.
    pub amount: Money,
    /// The leg that this is an attempt of; a capture has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub leg: Option<LegId>,
    /// The payment that is captured, voided or refunded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<TxId>,
}

/// One movement of money.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Transaction {
    pub(crate) id: TxId,
    pub(crate) kind: TransactionKind,
    #[serde(default = "buyers_payment", skip_serializing_if = "is_buyers_payment")]
    pub(crate) deposit: DepositId,
    #[serde(with = "crate::stored::short")]
    pub(crate) amount: Money,
    pub(crate) state: TransactionState,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) leg: Option<LegId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) source: Option<TxId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) key: Option<ClientKey>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) method: Option<MethodName>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) gateway: Option<GatewayName>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) reference: Option<Reference>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) hold: Option<HoldState>,
    /// Of a hold: what of it is money now.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(crate) captured: i64,
    /// Of a hold: what of it was let go, or is to be.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(crate) let_go: i64,
    /// Of a charge or a capture: the gateway's id of the capture, where it has several for a payment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) capture: Option<CaptureId>,
    /// Of an outgoing one: what the payee's bank has given back of it.
    #[serde(default, skip_serializing_if = "SmallVec::is_empty")]
    pub(crate) bounced: SmallVec<[(Reference, i64); 1]>,
    /// Of a successful one: whether the gateway has said since that it was declined. It is asked again.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(crate) doubted: bool,
    /// Of an attempt: whether it went through after it had been declined, while a later one was sent.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(crate) late: bool,
    /// Of an outgoing one whose payee wants the money elsewhere since: where it was sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) sent_to: Option<SentTo>,
    /// Of an inbound one: how much is on its way back, or back, at its source.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(crate) returned: i64,
    pub(crate) created_at: Time,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) settled_at: Option<Time>,
}

/// Where an attempt was sent. Asked again under its key, it is the same order.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum SentTo {
    /// Where the gateway knows the payee, or back to the source.
    Known,
    /// Where the payee wanted it.
    Chosen(Destination),
}

impl Transaction {
    /// Its number within the deal.
    pub const fn id(&self) -> TxId {
        self.id
    }

    /// What it does.
    pub const fn kind(&self) -> TransactionKind {
        self.kind
    }

    /// Whose pot it moves money into, out of or within.
    pub const fn deposit(&self) -> DepositId {
        self.deposit
    }

    /// The amount.
    pub const fn amount(&self) -> Money {
        self.amount
    }

    /// How far it is.
    pub const fn state(&self) -> &TransactionState {
        &self.state
    }

    /// The leg that it is an attempt of.
    pub const fn leg(&self) -> Option<LegId> {
        self.leg
    }

    /// The payment that it captures, voids or refunds.
    pub const fn source(&self) -> Option<TxId> {
        self.source
    }

    /// The client's key of a payment request.
    pub const fn key(&self) -> Option<&ClientKey> {
        self.key.as_ref()
    }

    /// The payment method of a request, if it names one: under the request's key no form for another method is given.
    pub const fn method(&self) -> Option<&MethodName> {
        self.method.as_ref()
    }

    /// The gateway that moved the money.
    pub const fn gateway(&self) -> Option<&GatewayName> {
        self.gateway.as_ref()
    }

    /// The gateway's own id.
    pub const fn reference(&self) -> Option<&Reference> {
        self.reference.as_ref()
    }

    /// What has become of a hold; `None` for everything else.
    pub const fn hold(&self) -> Option<HoldState> {
        self.hold
    }

    /// What of a payment is money: all of a charge that came in, and what was captured of a hold.
    pub const fn charged(&self) -> Money {
        let minor = match self.kind {
            TransactionKind::Charge if self.brought_money() => self.amount.minor(),
            TransactionKind::Hold => self.captured,
            TransactionKind::Charge
            | TransactionKind::Capture
            | TransactionKind::Void
            | TransactionKind::Refund
            | TransactionKind::Payout
            | TransactionKind::Fee => 0,
        };
        Money::from_minor(minor, self.amount.currency())
    }

    /// What of a hold is on hold still.
    pub const fn held(&self) -> Money {
        Money::from_minor(self.on_hold(), self.amount.currency())
    }

    /// When it was ordered, requested or received.
    pub const fn created_at(&self) -> Time {
        self.created_at
    }

    /// When it succeeded or failed.
    pub const fn settled_at(&self) -> Option<Time> {
        self.settled_at
    }

    /// Whether it has no answer yet.
    pub const fn is_pending(&self) -> bool {
        matches!(self.state, TransactionState::Pending)
    }

    /// Whether the gateway is asked to do it and has not answered. A payment request is no order: the payer is asked.
    pub(crate) const fn is_order(&self) -> bool {
        self.doubted || self.is_pending() && (!self.kind.is_inbound() || self.reference.is_some())
    }

    /// Whether it is a payment that a party says to have made, and nobody has confirmed.
    pub(crate) const fn is_claim(&self) -> bool {
        self.is_pending() && self.kind.is_inbound() && self.reference.is_some()
    }

    /// Of a hold: what of it is on hold still, in minor units.
    pub(crate) const fn on_hold(&self) -> i64 {
        match self.hold {
            Some(HoldState::Open { .. } | HoldState::Closing) => {
                let rest = self.amount.minor().saturating_sub(self.captured).saturating_sub(self.let_go);
                if rest > 0 { rest } else { 0 }
            }
            Some(HoldState::Closed | HoldState::Lapsed) | None => 0,
        }
    }

    /// What of an outgoing one came back, in minor units.
    pub fn bounced(&self) -> i64 {
        self.bounced.iter().fold(0, |sum, (_, amount)| sum.saturating_add(*amount))
    }

    /// The gateway's id of the capture, where it was told.
    pub const fn capture_id(&self) -> Option<&CaptureId> {
        self.capture.as_ref()
    }

    /// Whether money came in by it.
    pub(crate) const fn brought_money(&self) -> bool {
        self.kind.is_inbound() && matches!(self.state, TransactionState::Succeeded)
    }

    /// Whether it is a capture without an answer.
    pub(crate) const fn is_open_capture(&self) -> bool {
        matches!(self.kind, TransactionKind::Capture) && self.is_pending()
    }

    /// What of an inbound one can still go back to its source.
    pub(crate) const fn refundable(&self) -> i64 {
        match self.hold {
            Some(_) => self.captured.saturating_add(self.let_go).saturating_sub(self.returned),
            None => self.amount.minor().saturating_sub(self.returned),
        }
    }
}
