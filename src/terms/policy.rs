//! Policy is data: durations, what each silence leads to, cancellation and acceptance rules. Pinned into a deal.

use serde::{Deserialize, Serialize};

use super::FeePayee;
use crate::dispute::DefaultRuling;
use crate::wire::left_out::is_default;
use crate::{Money, Rate};

/// How the parties consent to the terms.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Consent {
    /// Creation implies the consent of both: the host has it already. Nalogka since API 1.2.0. After an amendment
    /// before the deposit, a party consents by asking for a form to pay it with; otherwise by agreeing.
    OnCreation,
    /// The proposer consents by proposing; the other party must agree. WebMoney's contract.
    Explicit,
}

/// When a moderator looks at a deal.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Moderation {
    /// Never.
    Off,
    /// Where a moderator has a remark.
    OnDemand,
    /// Every funded deal waits for approval.
    Required,
}

/// Who decides that the deal was performed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Acceptance {
    /// The buyer accepts.
    ByBuyer,
    /// Both report success or failure. WebMoney's guarantee deals.
    Mutual,
}

/// Until when the buyer may cancel a funded deal at his own expense.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BuyerCancel {
    /// Until the performance starts.
    BeforePerforming,
    /// Until the performance is finished.
    BeforeAcceptance,
    /// Nalogka's literal "at any time before completion": a buyer may then keep the goods and the money.
    UntilAccepted,
}

/// What a missed deadline leads to.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnSilence {
    /// The performance counts as accepted.
    Accept,
    /// A dispute opens; where nothing is held, the deal is cancelled with nobody at fault.
    Dispute,
    /// The deal is cancelled: at the seller's fault while performing, at nobody's while awaiting acceptance.
    Cancel,
}

/// What happens where exactly one party of a mutual deal has reported by the deadline.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OneReport {
    /// A dispute opens.
    Dispute,
    /// The report stands for both.
    Stands,
}

/// Who owes what a lost chargeback took from others.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Liable {
    /// The seller.
    Seller,
    /// The buyer.
    Buyer,
    /// The platform.
    Platform,
}

/// The fee for a ruling: `clamp(floor(B × rate) + fixed, min, max)`, B being the buyer's payment pot, and taken out of it.
///
/// Where a winner takes both guarantees, it is taken once, out of the loser's guarantee G if there is one, never over
/// it: `clamp(floor(B × rate) + floor(G × guarantee_rate) + fixed, min, max)`. Of a guarantee in another currency than
/// the deal's, only `floor(G × guarantee_rate)`, since the other sums are in the deal's; where `guarantee_rate` is zero,
/// the fee is taken out of B then. So a deal whose price is paid directly and whose guarantees are in another currency
/// needs a `guarantee_rate`, or its rulings are free.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ArbitrationFee {
    /// Who receives it.
    pub payee: FeePayee,
    /// The part of the buyer's payment pot.
    #[serde(default)]
    pub rate: Rate,
    /// The part of the loser's guarantee, where the award is a winner's. WebMoney: deposits «за исключением комиссии
    /// Арбитража».
    #[serde(default, skip_serializing_if = "is_default")]
    pub guarantee_rate: Rate,
    /// A fixed sum on top.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fixed: Option<Money>,
    /// The least that it can be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min: Option<Money>,
    /// The most that it can be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<Money>,
}

/// The rules of a deal that are not its price. All durations are seconds, from 1 to [`Policy::MAX_DURATION_S`].
///
/// Start from a preset ([`shop`](Policy::shop), [`marketplace`](Policy::marketplace),
/// [`guarantee`](Policy::guarantee), [`freelance`](Policy::freelance)) and change what differs.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    /// How the parties consent.
    pub consent: Consent,
    /// When a moderator looks at the deal.
    pub moderation: Moderation,
    /// Who decides that the deal was performed.
    pub acceptance: Acceptance,
    /// Until when the buyer may cancel.
    pub buyer_cancel: BuyerCancel,
    /// May the buyer accept a part of the items?
    pub partial_buyout_allowed: bool,
    /// How long a proposal stands. WebMoney `durationToContract`.
    pub proposal_s: u32,
    /// How long the deposits may take; where acceptance is mutual, one span from the proposal to the conclusion
    /// (WebMoney `durationToDeal`).
    pub deposit_s: u32,
    /// How long moderation may take.
    pub moderation_s: u32,
    /// How long the seller has to start performing.
    pub start_s: u32,
    /// How long the performance may take. WebMoney `duration`.
    pub performance_s: u32,
    /// How long the buyer has to accept. Nalogka: six hours.
    pub acceptance_s: u32,
    /// What an overdue performance leads to; a mutual deal looks at the reports instead.
    pub on_performance_deadline: OnSilence,
    /// What the buyer's silence leads to.
    pub on_acceptance_deadline: OnSilence,
    /// What a single report leads to, in a mutual deal.
    pub one_report: OneReport,
    /// How long the parties have to settle a dispute between them. WebMoney: ten days.
    pub negotiation_s: u32,
    /// How long the arbiter has to rule.
    pub arbitration_s: u32,
    /// What the arbiter's silence leads to.
    pub default_ruling: DefaultRuling,
    /// What a ruling costs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arbitration_fee: Option<ArbitrationFee>,
    /// From when a declined leg goes to the payee's in-system balance, counted from the ending.
    pub settlement_s: u32,
    /// How long before a hold expires it is captured.
    pub hold_margin_s: u32,
    /// How long a payment that a party says to have made is waited for, until the gateway confirms it.
    #[serde(default = "claim_s")]
    pub claim_s: u32,
    /// How long what is disputed at the payer's bank is kept back. A chargeback that is not decided by then counts as won,
    /// until the bank says otherwise.
    #[serde(default = "chargeback_s")]
    pub chargeback_s: u32,
    /// The least time that a request for changes leaves the seller.
    pub revision_time_s: u32,
    /// How many revisions the seller may submit.
    pub max_revisions: u16,
    /// By how much all extensions together may move the deadlines of a deal.
    pub max_extension_s: u32,
    /// Who owes what a lost chargeback took from others.
    pub chargeback_liable: Liable,
}

/// Three days.
pub(super) const fn claim_s() -> u32 {
    3 * 86_400
}

/// 120 days, as long as card schemes give their banks.
pub(super) const fn chargeback_s() -> u32 {
    120 * 86_400
}
