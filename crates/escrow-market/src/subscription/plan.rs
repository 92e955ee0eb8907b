//! What a payer agrees to: a plan, a trial, and what happens when a charge is declined.

use serde::{Deserialize, Serialize};

use super::Period;
use crate::StoreId;
use escrow::terms::{Problem, TermsError};
use escrow::{InstrumentRef, Money, PartyId, Policy, Terms, Text, Time};

/// How much is charged, and how often. Each period is charged when it begins.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// What it is called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<Text<200, 1>>,
    /// The price of a period; positive, at most [`Terms::MAX_AMOUNT`].
    pub amount: Money,
    /// How long a period is.
    pub period: Period,
}

impl Plan {
    /// A plan without a name.
    pub const fn new(amount: Money, period: Period) -> Self {
        Self { name: None, amount, period }
    }

    pub(super) fn check(&self) -> Result<(), TermsError> {
        let refuse = |field, problem| Err(TermsError::at(field, problem));
        if self.amount.is_negative() {
            return refuse("plan.amount", Problem::Negative);
        }
        if self.amount.is_zero() {
            return refuse("plan.amount", Problem::Zero);
        }
        if self.amount.minor() > Terms::MAX_AMOUNT {
            return refuse("plan.amount", Problem::TooLarge);
        }
        self.period.check().map_err(|problem| TermsError::at("plan.period", problem))
    }
}

/// How long nothing is charged at first.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trial {
    /// As long as this, from the start.
    Lasts(Period),
    /// Until this instant: after the start, and at most ten years after it.
    Until(Time),
}

/// What happens to periods that went by while a charge had no answer or was overdue: the host was down, the gateway
/// silent, the payer late.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Missed {
    /// They are skipped, and the period that runs now is charged. Nobody expects three charges in one minute.
    Skipped,
    /// Each is charged once, in order, the next as soon as the one before is paid.
    Charged,
}

/// What happens when a charge is declined. All durations are seconds, at most [`Policy::MAX_DURATION_S`].
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dunning {
    /// When a declined charge is tried again, each counted from the decline before it; at most
    /// [`Dunning::MAX_RETRIES`], none of them zero. Empty: never.
    pub retry_s: Vec<u32>,
    /// How long the payer has, after the last of them was declined, before the subscription is suspended; may be zero.
    pub grace_s: u32,
    /// How long a suspended subscription waits for its payer before it is cancelled; not zero.
    pub suspended_s: u32,
    /// What happens to periods that went by.
    pub missed: Missed,
}

impl Dunning {
    /// The most retries of one period.
    pub const MAX_RETRIES: usize = 16;

    /// Again after one, three and five days, three days of grace, and cancelled after thirty days of suspension;
    /// missed periods are skipped. The durations are ours: PAYSTO states none.
    pub fn usual() -> Self {
        const DAY: u32 = 86_400;
        Self {
            retry_s: vec![DAY, 3 * DAY, 5 * DAY],
            grace_s: 3 * DAY,
            suspended_s: 30 * DAY,
            missed: Missed::Skipped,
        }
    }

    fn check(&self) -> Result<(), TermsError> {
        let max = Self::MAX_RETRIES;
        if self.retry_s.len() > max {
            return Err(TermsError::at("dunning.retry_s", Problem::TooMany { max }));
        }
        if self.retry_s.contains(&0) {
            return Err(TermsError::at("dunning.retry_s", Problem::Zero));
        }
        if self.suspended_s == 0 {
            return Err(TermsError::at("dunning.suspended_s", Problem::Zero));
        }
        let longest = self.retry_s.iter().copied().max().unwrap_or(0);
        let durations = [
            ("dunning.retry_s", longest),
            ("dunning.grace_s", self.grace_s),
            ("dunning.suspended_s", self.suspended_s),
        ];
        match durations.iter().find(|(_, seconds)| *seconds > Policy::MAX_DURATION_S) {
            Some((field, _)) => Err(TermsError::at(field, Problem::TooLarge)),
            None => Ok(()),
        }
    }
}

/// Who is paid.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Recipient {
    /// The platform itself, for the use of its system. An operator acts for it.
    Platform,
    /// A store, for what it sells.
    Store {
        /// The store.
        store: StoreId,
        /// Whose it is: acts for it.
        owner: PartyId,
    },
}

impl Recipient {
    /// The party that acts for it; `None` for the platform.
    pub const fn party(&self) -> Option<&PartyId> {
        match self {
            Self::Platform => None,
            Self::Store { owner, .. } => Some(owner),
        }
    }
}

/// A subscription as it is asked for, not checked yet.
///
/// # Source
/// PAYSTO's upBalance: recurring payments of the main system, charged by themselves after a set time.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SubscriptionDraft {
    /// Who pays.
    pub payer: PartyId,
    /// Who is paid; never the payer.
    pub recipient: Recipient,
    /// The first plan; version 1, which the payer agrees to by subscribing.
    pub plan: Plan,
    /// How long nothing is charged at first; absent: the first period begins, and is charged, at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trial: Option<Trial>,
    /// What is charged, as the host's vault knows it; absent: what the gateway has on file for the payer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instrument: Option<InstrumentRef>,
    /// What happens when a charge is declined.
    pub dunning: Dunning,
}

impl SubscriptionDraft {
    /// A subscription without a trial, charged from what the gateway has on file, with the usual dunning.
    pub fn new(payer: PartyId, recipient: Recipient, plan: Plan) -> Self {
        Self { payer, recipient, plan, trial: None, instrument: None, dunning: Dunning::usual() }
    }

    fn check(&self) -> Result<(), TermsError> {
        if self.recipient.party() == Some(&self.payer) {
            return Err(TermsError::at("recipient.owner", Problem::PayerIsPayee));
        }
        self.plan.check()?;
        match self.trial {
            Some(Trial::Lasts(length)) => {
                length.check().map_err(|problem| TermsError::at("trial.lasts", problem))?;
            }
            // looked at when it is subscribed to: it depends on the time
            Some(Trial::Until(_)) | None => {}
        }
        self.dunning.check()
    }
}

/// What was subscribed to: keeps every rule. Immutable; a later plan is an event.
///
/// Reads like a [`SubscriptionDraft`] through `Deref`. Decoding checks the rules again.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(try_from = "SubscriptionDraft", into = "SubscriptionDraft")]
pub struct SubscriptionTerms(SubscriptionDraft);

impl SubscriptionTerms {
    /// Checks the draft.
    ///
    /// # Errors
    /// [`TermsError`] names the field and what is wrong with it. Not transient.
    pub fn new(draft: SubscriptionDraft) -> Result<Self, TermsError> {
        draft.check()?;
        Ok(Self(draft))
    }

    /// The same as plain data, to write another one.
    pub fn to_draft(&self) -> SubscriptionDraft {
        self.0.clone()
    }
}

impl std::ops::Deref for SubscriptionTerms {
    type Target = SubscriptionDraft;

    fn deref(&self) -> &SubscriptionDraft {
        &self.0
    }
}

impl TryFrom<SubscriptionDraft> for SubscriptionTerms {
    type Error = TermsError;

    fn try_from(draft: SubscriptionDraft) -> Result<Self, TermsError> {
        Self::new(draft)
    }
}

impl From<SubscriptionTerms> for SubscriptionDraft {
    fn from(terms: SubscriptionTerms) -> Self {
        terms.0
    }
}
