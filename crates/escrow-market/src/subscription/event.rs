//! What happens to a subscription, with every computed figure in it.

use std::sync::Arc;

use crate::is_default;
use serde::{Deserialize, Serialize};

use super::command::ChargebackStep;
use super::{Next, Plan, Proposer, SubscriptionTerms};
use escrow::deposit::{GatewayName, Reason, Reference};
use escrow::{InstrumentRef, Money, Time};

/// What happened to a subscription, in the past tense. Deliberately exhaustive: an ignored
/// [`ChargeOrdered`](Event::ChargeOrdered) is an unpaid recipient, an ignored [`RefundOwed`](Event::RefundOwed) a payer
/// who paid twice.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum Event {
    /// It came into being; always the first event, and only the first.
    Subscribed {
        /// What was agreed.
        terms: Arc<SubscriptionTerms>,
        /// When the first period begins: now, or when the trial ends.
        begins: Time,
    },
    /// The gateway is to charge the payer, under the key `{subscription}:{period}:{attempt}`. Commit it before it is
    /// sent; after a crash [`Subscription::pending`](super::Subscription::pending) has it again.
    ChargeOrdered {
        /// The period, counted from 1.
        period: u32,
        /// The attempt within it, counted from 1.
        attempt: u16,
        /// How many retries of the schedule are used up.
        retries: u8,
        /// The amount.
        amount: Money,
        /// When the period begins.
        from: Time,
        /// When it ends, and the next one begins.
        to: Time,
        /// What is charged; absent: what the gateway has on file.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        instrument: Option<InstrumentRef>,
    },
    /// The charge succeeded: the period is paid, and never charged again.
    Paid {
        /// The period.
        period: u32,
        /// The attempt.
        attempt: u16,
        /// The gateway's id of the payment.
        reference: Reference,
    },
    /// The charge was declined, for good; a retry is another attempt.
    Declined {
        /// The period.
        period: u32,
        /// The attempt.
        attempt: u16,
        /// The reason.
        reason: Reason,
        /// What comes next; absent where the subscription stays as it is: suspended, or cancelled.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        next: Option<Next>,
    },
    /// Nobody paid: nothing is charged until the payer pays.
    Suspended {
        /// When it is cancelled, unless the payer pays.
        until: Time,
    },
    /// Periods went by and are not charged.
    PeriodsSkipped {
        /// The first of them.
        first: u32,
        /// The last of them.
        last: u32,
    },
    /// Periods are counted from another instant on.
    Anchored {
        /// From when.
        at: Time,
        /// The period that is counted from there.
        period: u32,
        /// How many months later it begins: the instant is the billing day of an earlier plan.
        #[serde(default, skip_serializing_if = "is_default")]
        months: u32,
    },
    /// Another plan is proposed, in place of what was proposed before.
    PlanProposed {
        /// Its version.
        version: u32,
        /// The plan.
        plan: Plan,
        /// By which side.
        by: Proposer,
    },
    /// The proposal was taken back.
    PlanWithdrawn {
        /// Its version.
        version: u32,
    },
    /// The other side agreed: both are bound, from the next period that is charged.
    PlanAgreed {
        /// Its version.
        version: u32,
    },
    /// An agreed plan took effect.
    PlanChanged {
        /// Its version.
        version: u32,
    },
    /// Something else is charged from the next attempt on.
    InstrumentSet {
        /// As the host's vault knows it; absent: what the gateway has on file.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        instrument: Option<InstrumentRef>,
    },
    /// It ends with the running period.
    CancellationScheduled {
        /// When.
        at: Time,
    },
    /// It has ended: nothing is charged any more.
    Cancelled {
        /// The reason.
        because: Ending,
    },
    /// The payer was charged for nothing: send the amount back and note it
    /// ([`SettleRefund`](super::command::SettleRefund)).
    RefundOwed {
        /// The period that was charged.
        period: u32,
        /// Which attempt.
        attempt: u16,
        /// The amount.
        amount: Money,
        /// The gateway's id of the payment.
        reference: Reference,
        /// The reason.
        because: Undue,
    },
    /// The recipient has given a payment back, whole or in part: the period stays paid.
    Refunded {
        /// The gateway's id of the refund.
        id: Reference,
        /// The gateway.
        gateway: GatewayName,
        /// The payment.
        payment: Reference,
        /// How much.
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
    /// The payer's bank has taken back all that was paid for the latest period: it is not paid any more, and the subscription
    /// is suspended.
    PaymentLost {
        /// The period.
        period: u32,
        /// The attempt that had paid it.
        attempt: u16,
        /// When it is cancelled, unless the payer pays.
        until: Time,
    },
    /// The bank has given it back: the period is paid after all.
    PaymentRestored {
        /// The period.
        period: u32,
        /// The attempt that pays it.
        attempt: u16,
    },
    /// It went back.
    RefundSettled {
        /// The period that was charged.
        period: u32,
        /// Which attempt.
        attempt: u16,
        /// The gateway's id of the refund.
        reference: Reference,
    },
}

/// Why a subscription ended. Who asked for it is the actor of the event that says so.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// Somebody cancelled it at once.
    Cancelled,
    /// Somebody had cancelled it for the end of the period.
    PeriodEnd,
    /// It was suspended, and the payer did not pay in time.
    Unpaid,
}

/// Why a successful charge is no payment.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Undue {
    /// The gateway had declined it for good before: another attempt was, or will be, the payment.
    Contradiction,
    /// The subscription was cancelled while it was under way.
    Cancelled,
}
