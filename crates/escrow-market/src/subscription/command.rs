//! What can be asked of a subscription. As with a deal, the same command may be sent again at any time: a repeat
//! is recognised and answered with no events.

use serde::{Deserialize, Serialize};

use super::Plan;
pub use crate::chargeback::Chargeback;
pub use escrow::deal::command::{Answered, ChargebackStep, Wake};
use escrow::deposit::{GatewayName, Reference};
use escrow::{InstrumentRef, Money, commands};

commands! {
    /// A command. Tagged by `type` in JSON: `{"type":"pay","period":3,"attempt":2}`.
    #[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
    #[serde(tag = "type")]
    Command, CommandKind, "the name of a command of a subscription" {
        /// Pay what is overdue now.
        Pay = "pay",
        /// Charge something else from now on.
        SetInstrument = "set_instrument",
        /// Propose another plan.
        ProposePlan = "propose_plan",
        /// Agree to the plan that the other side has proposed.
        AgreePlan = "agree_plan",
        /// Take one's own proposal back.
        WithdrawPlan = "withdraw_plan",
        /// End it.
        Cancel = "cancel",
        /// A fact: the gateway's answer to a charge.
        Answer = "answer",
        /// A fact: money that was taken wrongly went back.
        SettleRefund = "settle_refund",
        /// A fact: the recipient has given a payment back, whole or in part.
        Refunded = "refunded",
        /// A fact: the payer's bank takes a payment back, or gives it up.
        Chargeback = "chargeback",
        /// Fire what is due.
        Wake = "wake",
    }
}

/// Pays what is overdue now, without waiting for the next retry; of a suspended subscription, begins the overdue period
/// anew and puts it back in force once it is paid.
///
/// The attempt is named, so that a payer who presses twice pays once: a repeat finds that it was made.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pay {
    /// Which period: the one that is overdue.
    pub period: u32,
    /// Which attempt it is to be: one more than the last.
    pub attempt: u16,
}

/// Charges this instrument from the next attempt on. One that is not answered yet stays as it was ordered.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SetInstrument {
    /// As the host's vault knows it; absent: what the gateway has on file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instrument: Option<InstrumentRef>,
}

/// Proposes another plan, in place of a proposal that is still open. It binds nobody until the other side agrees, and
/// is in force from the next period that is charged.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProposePlan {
    /// Which version it is to be: one more than [`Subscription::plan_versions`](super::Subscription::plan_versions).
    pub version: u32,
    /// What is proposed.
    pub plan: Plan,
}

/// Agrees to exactly this version. An operator agrees for the recipient, never for the payer.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AgreePlan {
    /// The version of the plan.
    pub version: u32,
}

/// Takes a proposal back: only the side that made it, and only while nobody has agreed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WithdrawPlan {
    /// The version of the plan.
    pub version: u32,
}

/// When a subscription ends that somebody cancels.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CancelAt {
    /// With the end of the running period, or of the trial: nothing new is begun.
    PeriodEnd,
    /// Now. What is paid stays paid; a charge that succeeds afterwards is owed back.
    Once,
}

/// Ends it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cancel {
    /// When.
    pub at: CancelAt,
}

/// What the gateway says of a charge.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    /// The period that was charged.
    pub period: u32,
    /// Which attempt.
    pub attempt: u16,
    /// What it says.
    pub result: Answered,
}

/// A fact: the recipient has given a payment back at the gateway, whole or in part. `(gateway, reference)` names it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Refunded {
    /// The gateway's id of the refund.
    pub reference: Reference,
    /// The gateway.
    pub gateway: GatewayName,
    /// The gateway's id of the payment.
    pub payment: Reference,
    /// How much; positive.
    pub amount: Money,
}

impl Refunded {
    /// So much of a payment was given back.
    pub fn new(reference: Reference, (gateway, payment): (GatewayName, Reference), amount: Money) -> Self {
        Self { reference, gateway, payment, amount }
    }
}

/// Notes that money which is owed back ([`Subscription::refunds`](super::Subscription::refunds)) went back.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SettleRefund {
    /// The period that was charged.
    pub period: u32,
    /// Which attempt.
    pub attempt: u16,
    /// The gateway's id of the refund.
    pub reference: Reference,
}
