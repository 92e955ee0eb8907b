//! Policy is data: durations, what each silence leads to, cancellation and acceptance rules. It is pinned into a deal.

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize};

use super::FeePayee;
use super::presets::Preset;
use crate::dispute::DefaultRuling;
use crate::money::Rounding;
use crate::stored::left_out::is_default;
use crate::{Money, Rate};

/// How the parties consent to the terms.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Consent {
    /// Creation implies the consent of both: the host has it already. Nalogka since API 1.2.0. After an amendment
    /// before the deposit, a party consents by asking for a form to pay with, or by agreeing.
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

/// Until when the buyer may cancel a funded deal, at the buyer's own expense.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BuyerCancel {
    /// Until the performance starts: as long as the seller, the operator, the track or a revision has not begun it.
    /// What was begun once stays begun, so that the buyer never keeps goods on their way, nor work that they have seen,
    /// and the money.
    BeforePerforming,
    /// Until the performance is finished.
    BeforeAcceptance,
    /// Until the buyer accepts. Nalogka's literal "at any time before completion": the buyer can then keep the goods and
    /// get the money back.
    UntilAccepted,
}

/// What a missed deadline leads to.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnSilence {
    /// The performance counts as accepted.
    Accept,
    /// A dispute opens. Where nothing is held, the deal is cancelled instead, at nobody's fault.
    Dispute,
    /// The deal is cancelled: at the seller's fault while performing, at nobody's fault while awaiting acceptance.
    Cancel,
}

/// What the deadline of a mutual deal leads to, where exactly one party has reported.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OneReport {
    /// A dispute opens.
    Dispute,
    /// The report counts for both.
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

/// The fee for a ruling: `clamp(floor(B × rate) + fixed, min, max)`. B is the buyer's payment pot, which pays it.
///
/// Where a winner takes both guarantees and the loser has one, G, that guarantee pays the fee instead of B:
/// `clamp(floor(B × rate) + floor(G × guarantee_rate) + fixed, min, max)`, at most G. If G is in another currency than
/// the deal, the fee is `floor(G × guarantee_rate)` alone, because the other sums are in the deal's currency; if
/// `guarantee_rate` is zero then, B pays the fee. So a deal whose price is paid directly and whose guarantees are in
/// another currency needs a `guarantee_rate`, or its rulings are free.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ArbitrationFee {
    /// Who receives it.
    pub payee: FeePayee,
    /// The part of the buyer's payment pot.
    #[serde(default)]
    pub rate: Rate,
    /// The part of the loser's guarantee, where a winner takes it. WebMoney: deposits «за исключением комиссии
    /// Арбитража», less the fee of the arbitration.
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

/// Whose fault it is where the buyer accepts nothing: the deal then ends as cancelled at that fault, with every service
/// counted as incurred.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReturnAll {
    /// The buyer accepts at least one unit, or cancels.
    #[default]
    Off,
    /// Nobody's: everybody has their money back.
    Nobody,
    /// The seller's.
    Seller,
    /// The buyer's.
    Buyer,
}

/// Where a payee's earnings go while they have not said where.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Payout {
    /// Through the gateway, to where it knows them.
    #[default]
    Direct,
    /// To their in-system balance.
    Balance,
    /// Nowhere: they are asked, until [`settlement_s`](Policy::settlement_s) after the ending; then it is
    /// [`unsettled`](Policy::unsettled).
    Ask,
}

/// When holds are captured. One that is about to expire is captured anyway.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Capture {
    /// When everybody has agreed and every required deposit is full. The performance waits for the answer; a capture that
    /// fails cancels the deal, at nobody's fault.
    #[default]
    OnFunding,
    /// When the performance begins for the first time. It does not wait for the answer.
    OnStart,
    /// With the acceptance, or another ending; only what it takes is captured, the rest is let go.
    OnAcceptance,
}

/// What becomes of a leg that nobody could be paid until the settlement deadline.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unsettled {
    /// It is credited to its payee's in-system balance: for hosts that keep balances.
    #[default]
    ToBalance,
    /// It stays in `reserved`, is listed as unclaimed and stays payable; the deal closes, and nothing is called paid: for hosts
    /// that keep no balances.
    Unclaimed,
}

/// Which of several payments into a deposit goes back first.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefundOrder {
    /// The newest.
    #[default]
    NewestFirst,
    /// The oldest.
    OldestFirst,
}

/// What is taken out of every additional charge that goes to the seller: `round(charge × rate)`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct ChargeFee {
    /// Who receives it.
    pub payee: FeePayee,
    /// The part of the charge.
    pub rate: Rate,
    /// How the product is rounded.
    #[serde(default, skip_serializing_if = "is_default")]
    pub rounding: Rounding,
}

impl ChargeFee {
    /// A rate of the charge, rounded down.
    pub const fn new(payee: FeePayee, rate: Rate) -> Self {
        Self { payee, rate, rounding: Rounding::Down }
    }
}

/// One list of the fields: the struct, a method per field that replaces it, and the written form.
macro_rules! policy {
    (
        $(#[$policy:meta])*
        required { $($(#[$doc:meta])* $name:ident: $type:ty,)+ }
        defaulted { $($(#[$def_doc:meta])* $def_name:ident: $def_type:ty = $default:expr,)+ }
        optional { $($(#[$opt_doc:meta])* $opt_name:ident: $opt_type:ty,)+ }
    ) => {
        $(#[$policy])*
        #[derive(Clone, PartialEq, Eq, Debug, Serialize)]
        #[non_exhaustive]
        pub struct Policy {
            $($(#[$doc])* pub $name: $type,)+
            $($(#[$def_doc])* pub $def_name: $def_type,)+
            $($(#[$opt_doc])* #[serde(skip_serializing_if = "is_default")] pub $opt_name: $opt_type,)+
        }

        /// Each method gives the same policy with that field replaced.
        impl Policy {
            $(policy!(@replace $(#[$doc])* $name: $type);)+
            $(policy!(@replace $(#[$def_doc])* $def_name: $def_type);)+
            $(policy!(@replace $(#[$opt_doc])* $opt_name: $opt_type);)+
        }

        /// A policy as it is written: whole, or by the name of a preset and what differs from it.
        #[derive(Deserialize)]
        #[serde(rename = "Policy", expecting = "struct Policy", deny_unknown_fields)]
        struct Written {
            #[serde(default)]
            preset: Option<Preset>,
            $(#[serde(default)] $name: Option<$type>,)+
            $(#[serde(default)] $def_name: Option<$def_type>,)+
            $(#[serde(default)] $opt_name: Option<$opt_type>,)+
        }

        impl Written {
            fn policy<E: Error>(self) -> Result<Policy, E> {
                let Some(preset) = self.preset else {
                    return Ok(Policy {
                        $($name: self.$name.ok_or_else(|| E::missing_field(stringify!($name)))?,)+
                        $($def_name: self.$def_name.unwrap_or($default),)+
                        $($opt_name: self.$opt_name.unwrap_or_default(),)+
                    });
                };
                let preset = preset.policy();
                Ok(Policy {
                    $($name: self.$name.unwrap_or(preset.$name),)+
                    $($def_name: self.$def_name.unwrap_or(preset.$def_name),)+
                    $($opt_name: self.$opt_name.unwrap_or(preset.$opt_name),)+
                })
            }
        }
    };
    (@replace $(#[$doc:meta])* $name:ident: $type:ty) => {
        $(#[$doc])*
        #[must_use]
        pub fn $name(mut self, $name: $type) -> Self {
            self.$name = $name;
            self
        }
    };
}

policy! {
    /// The rules of a deal that are not its price. All durations are seconds, from 1 to [`Policy::MAX_DURATION_S`].
    ///
    /// Start from a preset ([`shop`](Policy::shop), [`marketplace`](Policy::marketplace),
    /// [`guarantee`](Policy::guarantee), [`freelance`](Policy::freelance)) and replace what differs, in Rust as in JSON.
    ///
    /// # Examples
    /// ```
    /// use escrow::Policy;
    ///
    /// let policy = Policy::shop().acceptance_s(7_200);
    /// let json = r#"{"preset": "shop", "acceptance_s": 7200}"#;
    /// assert_eq!(serde_json::from_str::<Policy>(json)?, policy);
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    required {
        /// How the parties consent.
        consent: Consent,
        /// When a moderator looks at the deal.
        moderation: Moderation,
        /// Who decides that the deal was performed.
        acceptance: Acceptance,
        /// Until when the buyer may cancel.
        buyer_cancel: BuyerCancel,
        /// Whether the buyer may accept a part of the items.
        partial_buyout_allowed: bool,
        /// How long a proposal is open. WebMoney `durationToContract`.
        proposal_s: u32,
        /// How long the deposits may take. Where acceptance is mutual, one span from the proposal to the conclusion:
        /// WebMoney `durationToDeal`.
        deposit_s: u32,
        /// How long moderation may take.
        moderation_s: u32,
        /// How long the seller has to start performing.
        start_s: u32,
        /// How long the performance may take. WebMoney `duration`.
        performance_s: u32,
        /// How long the buyer has to accept. Nalogka: six hours.
        acceptance_s: u32,
        /// What an overdue performance leads to. A mutual deal looks at the reports instead.
        on_performance_deadline: OnSilence,
        /// What the buyer's silence leads to.
        on_acceptance_deadline: OnSilence,
        /// What a single report leads to, in a mutual deal.
        one_report: OneReport,
        /// How long the parties have to settle a dispute between them. WebMoney: ten days.
        negotiation_s: u32,
        /// How long the arbiter has to rule.
        arbitration_s: u32,
        /// What the arbiter's silence leads to.
        default_ruling: DefaultRuling,
        /// From when a declined leg goes where [`unsettled`](Policy::unsettled) says, counted from the ending.
        settlement_s: u32,
        /// How long before a hold expires it is captured.
        hold_margin_s: u32,
        /// The least time that a request for changes leaves the seller.
        revision_time_s: u32,
        /// How many revisions the seller may submit.
        max_revisions: u16,
        /// By how much all extensions together may move the deadlines of a deal.
        max_extension_s: u32,
        /// Who owes what a lost chargeback took from others.
        chargeback_liable: Liable,
    }
    defaulted {
        /// How long a payment that a party says to have made is waited for, until the gateway confirms it.
        claim_s: u32 = Policy::CLAIM_S,
        /// How long what is disputed at the payer's bank is kept back. A chargeback that is not decided by then counts as
        /// won, until the bank says otherwise.
        chargeback_s: u32 = Policy::CHARGEBACK_S,
        /// How often a track may be replaced or removed, whoever does it: it is the start that is put off. Each time the seller
        /// has the whole time to start again.
        max_tracks: u16 = Policy::MAX_TRACKS,
    }
    optional {
        /// How long what is accepted is not paid yet, so that a chargeback meets the pot and not the seller's pocket. Zero:
        /// it is paid at once.
        clearance_s: u32,
        /// How much of a required payment may be missing, as a part of it: from `required − floor(required × shortfall)` on
        /// it counts as full. What then is missing of what an ending takes from the buyer, the seller gets less. Guarantees
        /// are paid whole. At most [`Policy::MAX_SHORTFALL`].
        shortfall: Rate,
        /// Which of several payments into a deposit goes back first.
        refund_order: RefundOrder,
        /// Where the earnings of a party, or of somebody whom the deal pays, go while they have not said where.
        payout: Payout,
        /// When holds are captured. What a capture that fails after the performance has begun would have brought, an ending
        /// divides all the same; its payer owes what the payees miss.
        capture: Capture,
        /// What becomes of a leg that was declined, or whose payee has not said where, from the settlement deadline on. *Unclaimed*
        /// takes neither `payout = balance` nor a destination that is a balance.
        unsettled: Unsettled,
        /// Whether one party alone can have the arbiter asked at once.
        early_arbitration: bool,
        /// What a ruling costs.
        arbitration_fee: Option<ArbitrationFee>,
        /// What is taken out of additional charges that go to the seller.
        charge_fee: Option<ChargeFee>,
        /// Whether the buyer may accept nothing, and whose fault it is then.
        return_all: ReturnAll,
    }
}

impl<'de> Deserialize<'de> for Policy {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Written::deserialize(deserializer)?.policy()
    }
}

impl Policy {
    /// Three days.
    pub(super) const CLAIM_S: u32 = 3 * 86_400;
    /// 120 days, as long as card schemes give their banks.
    pub(super) const CHARGEBACK_S: u32 = 120 * 86_400;
    pub(super) const MAX_TRACKS: u16 = 5;
}
