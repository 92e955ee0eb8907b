//! What happens to a basket, with every computed figure in it.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::command::ChargebackStep;
use super::{BasketDraft, Parts};
use escrow::deposit::{GatewayName, Reason, Reference};
use escrow::{DealId, Money};

/// What happened to a basket, in the past tense. Deliberately exhaustive: an ignored order is an unpaid deal.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum Event {
    /// It came into being; always the first event, and only the first.
    Opened {
        /// What is in it.
        draft: Arc<BasketDraft>,
    },
    /// Money came in.
    PaymentReceived {
        /// By which gateway.
        gateway: GatewayName,
        /// The gateway's id of the payment.
        reference: Reference,
        /// The amount.
        amount: Money,
    },
    /// A deal has ended before it was paid, and leaves with all its lines.
    DealLeft {
        /// The deal.
        deal: DealId,
    },
    /// It is full: every line has its money, and every deal is to be told.
    Filled {
        /// What each line gets of each payment, in minor units.
        parts: Vec<Vec<i64>>,
    },
    /// Everything goes back: it was not full in time, was cancelled, or every deal has left.
    GivenUp {
        /// The reason, where somebody gave one.
        #[serde(default, skip_serializing_if = "crate::is_default")]
        reason: Reason,
    },
    /// The gateway is to give a payment back, whole or in part.
    RefundOrdered {
        /// The refund's number, from 1.
        refund: u32,
        /// The payment, by its place, from 0.
        payment: usize,
        /// The amount.
        amount: Money,
        /// The one that was declined, where it is tried again.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        instead_of: Option<u32>,
    },
    /// The payer has it.
    RefundPaid {
        /// The refund's number.
        refund: u32,
        /// The gateway's own id of it.
        reference: Reference,
    },
    /// The gateway will not do it.
    RefundDeclined {
        /// The refund's number.
        refund: u32,
        /// The reason.
        reason: Reason,
    },
    /// The payer's bank gave a refund back, whole or in part: an operator may try again.
    RefundReturned {
        /// The refund's number.
        refund: u32,
        /// The gateway's id of the return.
        reference: Reference,
        /// How much came back.
        amount: Money,
    },
    /// A chargeback went a step further.
    ChargebackRecorded {
        /// The gateway's id of it.
        id: Reference,
        /// The gateway.
        gateway: GatewayName,
        /// The payment.
        payment: Reference,
        /// The step.
        step: ChargebackStep,
        /// How much it is about.
        amount: Money,
    },
    /// A step is divided over what is left of each line, and of what is in no line: the deals are to be told.
    ChargebackDivided {
        /// The chargeback, by its place, from 0.
        case: usize,
        /// The step.
        step: ChargebackStep,
        /// On whom it falls.
        parts: Parts,
    },
}
