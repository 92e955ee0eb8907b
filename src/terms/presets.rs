//! The presets, and what makes a policy impossible.

use serde::Deserialize;

use super::policy::{
    Acceptance, BuyerCancel, Capture, Consent, Liable, Moderation, OnSilence, OneReport, Payout, Policy,
    RefundOrder, ReturnAll, Unsettled,
};
use super::{Problem, TermsError};
use crate::dispute::DefaultRuling;
use crate::{Money, Rate};

const HOUR: u32 = 3_600;
const DAY: u32 = 86_400;

/// The name of a preset, as it is written in a policy.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Preset {
    Shop,
    Marketplace,
    Guarantee,
    Freelance,
}

impl Preset {
    pub(super) fn policy(self) -> Policy {
        match self {
            Self::Shop => Policy::shop(),
            Self::Marketplace => Policy::marketplace(),
            Self::Guarantee => Policy::guarantee(),
            Self::Freelance => Policy::freelance(),
        }
    }
}

impl Policy {
    /// The longest duration: ten years. A sum of deadlines therefore never leaves the calendar.
    pub const MAX_DURATION_S: u32 = 315_360_000;
    /// The largest [`shortfall`](Policy::shortfall): at least half of a payment is there before anybody performs for it.
    pub const MAX_SHORTFALL: Rate = Rate::HALF;

    /// An online shop: no consent step, no moderation, six hours of silence accept.
    ///
    /// # Source
    /// Nalogka's shop workflow; the durations that it does not state are ours.
    pub fn shop() -> Self {
        Self {
            consent: Consent::OnCreation,
            moderation: Moderation::Off,
            acceptance: Acceptance::ByBuyer,
            buyer_cancel: BuyerCancel::BeforePerforming,
            partial_buyout_allowed: true,
            proposal_s: 7 * DAY,
            deposit_s: 3 * DAY,
            moderation_s: 5 * DAY,
            start_s: 7 * DAY,
            performance_s: 30 * DAY,
            acceptance_s: 6 * HOUR,
            on_performance_deadline: OnSilence::Dispute,
            on_acceptance_deadline: OnSilence::Accept,
            one_report: OneReport::Dispute,
            negotiation_s: 10 * DAY,
            arbitration_s: 20 * DAY,
            default_ruling: DefaultRuling::BuyerAll,
            arbitration_fee: None,
            charge_fee: None,
            early_arbitration: false,
            return_all: ReturnAll::Off,
            clearance_s: 0,
            shortfall: Rate::ZERO,
            refund_order: RefundOrder::NewestFirst,
            payout: Payout::Direct,
            capture: Capture::OnFunding,
            unsettled: Unsettled::ToBalance,
            settlement_s: 5 * DAY,
            hold_margin_s: DAY,
            claim_s: Policy::CLAIM_S,
            chargeback_s: Policy::CHARGEBACK_S,
            max_tracks: Policy::MAX_TRACKS,
            revision_time_s: DAY,
            max_revisions: 10,
            max_extension_s: 30 * DAY,
            chargeback_liable: Liable::Seller,
        }
    }

    /// A marketplace of many sellers: like a shop, but a moderator may have remarks.
    ///
    /// # Source
    /// Nalogka's marketplace workflow.
    pub fn marketplace() -> Self {
        Self {
            moderation: Moderation::OnDemand,
            partial_buyout_allowed: false,
            default_ruling: DefaultRuling::Share(Rate::HALF),
            ..Self::shop()
        }
    }

    /// A deal secured by guarantee deposits: both consent, both report.
    ///
    /// # Source
    /// WebMoney Escrow: verdicts of both sides, ten days to agree, then a claim.
    pub fn guarantee() -> Self {
        Self {
            consent: Consent::Explicit,
            acceptance: Acceptance::Mutual,
            partial_buyout_allowed: false,
            performance_s: 10 * DAY,
            default_ruling: DefaultRuling::Share(Rate::HALF),
            ..Self::shop()
        }
    }

    /// A freelance job: revisions and change requests, five days of silence accept.
    ///
    /// # Source
    /// The home-made escrow plan: preview, revisions, confirmation unlocks and pays.
    pub fn freelance() -> Self {
        Self {
            consent: Consent::Explicit,
            partial_buyout_allowed: false,
            acceptance_s: 5 * DAY,
            on_performance_deadline: OnSilence::Cancel,
            default_ruling: DefaultRuling::Share(Rate::HALF),
            revision_time_s: 3 * DAY,
            max_revisions: 5,
            // the manager is called in with the dispute
            early_arbitration: true,
            ..Self::shop()
        }
    }

    /// Refuses a policy that contradicts itself, or under which a phase could wait for ever.
    ///
    /// # Errors
    /// [`TermsError`] names the field: a duration of zero or over ten years, a shortfall over [`Policy::MAX_SHORTFALL`], no
    /// revision at all, a partial buyout where the buyer does not accept, or payouts to balances that nobody keeps. The sums of
    /// the arbitration fee are checked with the terms, which know the currency.
    pub fn validate(&self) -> Result<(), TermsError> {
        let durations = [
            ("proposal_s", self.proposal_s),
            ("deposit_s", self.deposit_s),
            ("moderation_s", self.moderation_s),
            ("start_s", self.start_s),
            ("performance_s", self.performance_s),
            ("acceptance_s", self.acceptance_s),
            ("negotiation_s", self.negotiation_s),
            ("arbitration_s", self.arbitration_s),
            ("settlement_s", self.settlement_s),
            ("claim_s", self.claim_s),
            ("chargeback_s", self.chargeback_s),
        ];
        for (field, seconds) in durations {
            if seconds == 0 {
                return Err(TermsError::in_policy(field, Problem::Zero));
            }
            bounded(field, seconds)?;
        }
        bounded("clearance_s", self.clearance_s)?;
        bounded("hold_margin_s", self.hold_margin_s)?;
        bounded("revision_time_s", self.revision_time_s)?;
        bounded("max_extension_s", self.max_extension_s)?;
        if self.shortfall > Self::MAX_SHORTFALL {
            let (rate, max) = (self.shortfall, Self::MAX_SHORTFALL);
            return Err(TermsError::in_policy("shortfall", Problem::RateTooHigh { rate, max }));
        }
        if self.max_revisions == 0 {
            return Err(TermsError::in_policy("max_revisions", Problem::Zero));
        }
        if self.partial_buyout_allowed && self.acceptance == Acceptance::Mutual {
            return Err(TermsError::in_policy("partial_buyout_allowed", Problem::NeedsAcceptingBuyer));
        }
        if self.payout == Payout::Balance && self.unsettled == Unsettled::Unclaimed {
            return Err(TermsError::in_policy("payout", Problem::NeedsBalances));
        }
        if self.return_all != ReturnAll::Off && self.acceptance == Acceptance::Mutual {
            return Err(TermsError::in_policy("return_all", Problem::NeedsAcceptingBuyer));
        }
        Ok(())
    }

    /// Checks the sums of the arbitration fee against the deal's currency.
    pub(super) fn validate_amounts(
        &self,
        check: impl Fn(Money) -> Result<i64, Problem>,
    ) -> Result<(), TermsError> {
        let Some(fee) = &self.arbitration_fee else {
            return Ok(());
        };
        let amount = |field, money: Option<Money>| {
            money.map_or(Ok(None), |m| check(m).map(Some)).map_err(|p| TermsError::in_policy(field, p))
        };
        amount("arbitration_fee.fixed", fee.fixed)?;
        let min = amount("arbitration_fee.min", fee.min)?;
        let max = amount("arbitration_fee.max", fee.max)?;
        match (min, max) {
            (Some(min), Some(max)) if min > max => {
                Err(TermsError::in_policy("arbitration_fee.min", Problem::MinOverMax))
            }
            _ => Ok(()),
        }
    }
}

fn bounded(field: &'static str, seconds: u32) -> Result<(), TermsError> {
    if seconds > Policy::MAX_DURATION_S {
        return Err(TermsError::in_policy(field, Problem::TooLarge));
    }
    Ok(())
}
