//! The rules of a balance as data: what a withdrawal costs and how large it may be, how its codes are, how long a credit
//! is recognised.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::code::CodePolicy;
use escrow::{Currency, Money, Policy, Rate};

/// What a withdrawal costs: `clamp(floor(amount × rate) + fixed, min, max)` in minor units, toward zero, as a deal's
/// fee is.
///
/// It is taken **on top**: the payee gets the amount, and the balance loses the amount and the fee. It has to stay
/// under the amount.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WithdrawalFee {
    /// The part of the amount.
    #[serde(default)]
    pub rate: Rate,
    /// A fixed sum on top of the rate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fixed: Option<Money>,
    /// The least that the fee can be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min: Option<Money>,
    /// The most that the fee can be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<Money>,
}

impl WithdrawalFee {
    /// The fee of an amount, both in minor units; `None` where it does not fit into 64 bits.
    pub(super) fn of(&self, minor: i64) -> Option<i64> {
        let or = |money: Option<Money>, default| money.map_or(default, Money::minor);
        let fee = self.rate.floor_of(minor).checked_add(or(self.fixed, 0))?;
        Some(fee.max(or(self.min, 0)).min(or(self.max, i64::MAX)))
    }
}

/// A rolling reserve: that part of every credit is kept back for longer.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RollingReserve {
    /// The part of each credit, rounded toward zero.
    pub rate: Rate,
    /// After how long it clears, in seconds, counted from when the leg was settled: longer than the clearance, at most
    /// [`Policy::MAX_DURATION_S`].
    pub clears_s: u32,
}

/// The rules of a balance. An operator may change them; what is under way keeps the fee and the code that it has.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BalancePolicy {
    /// For how long a leg that was settled, or a receivable, is recognised, in seconds: at least a day. An older one is
    /// refused. The balance keeps the identity of everything that is younger, so that what it stores, and the copy on
    /// which a withdrawal expires, grow with it: of a platform's own balance it may be shorter than of a seller's.
    /// Pinned when the balance is opened: were it raised, what is forgotten already could be credited again.
    ///
    /// A receivable counts from when it was raised. One that is cancelled, or paid from elsewhere, later than the horizon is
    /// for a person to look at. So keep it longer than a bank may take; the default is 400 days.
    pub horizon_s: u32,
    /// How the codes are that confirm a withdrawal.
    pub code: CodePolicy,
    /// How many codes may be sent within any 24 hours, over all withdrawals, from 1 to
    /// [`BalancePolicy::MAX_CODES_PER_DAY`]: with the attempts, what bounds a guesser who requests one withdrawal after
    /// the other.
    pub codes_per_day: u16,
    /// How many wrong codes may be entered within any 24 hours, over all withdrawals, from 1 to
    /// [`BalancePolicy::MAX_GUESSES_PER_DAY`]. After that many not even the right one is looked at.
    #[serde(default = "usual_guesses")]
    pub guesses_per_day: u16,
    /// How long a credit is there and cannot be withdrawn, in seconds, counted from when the leg was settled; at most
    /// [`Policy::MAX_DURATION_S`]. For credits that come from now on. 0: it can be withdrawn at once.
    #[serde(default)]
    pub clearance_s: u32,
    /// What of each credit is kept back for longer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reserve: Option<RollingReserve>,
    /// How many withdrawals may be requested or sent at one time, from 1 to [`BalancePolicy::MAX_OPEN`].
    pub max_open: u8,
    /// The least that can be withdrawn.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min: Option<Money>,
    /// The most that can be withdrawn at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<Money>,
    /// The most that can be withdrawn within any 24 hours, counted from the requests, without fees; what came back does
    /// not count. A sliding window: a calendar's day would let twice as much go around its midnight.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per_day: Option<Money>,
    /// What a withdrawal costs.
    #[serde(default)]
    pub fee: WithdrawalFee,
}

impl BalancePolicy {
    /// The shortest horizon, in seconds, and the length of the day of the limits.
    pub const DAY_S: u32 = 86_400;
    /// The most codes within 24 hours.
    pub const MAX_CODES_PER_DAY: u16 = 1_000;
    /// The most wrong codes within 24 hours.
    pub const MAX_GUESSES_PER_DAY: u16 = 100;
    /// The most withdrawals that are open at one time.
    pub const MAX_OPEN: u8 = 100;

    /// Checks the limits; sums must be in the currency of the balance.
    ///
    /// # Errors
    /// [`PolicyError`] names the field and what is wrong with it. Not transient.
    pub fn check(&self, currency: Currency) -> Result<(), PolicyError> {
        let refuse = |field, problem| Err(PolicyError { field, problem });
        let sums = [
            ("min", self.min),
            ("max", self.max),
            ("per_day", self.per_day),
            ("fee.fixed", self.fee.fixed),
            ("fee.min", self.fee.min),
            ("fee.max", self.fee.max),
        ];
        for (field, sum) in sums {
            match sum {
                Some(sum) if sum.currency() != currency => {
                    return refuse(field, PolicyProblem::OtherCurrency);
                }
                Some(sum) if sum.is_negative() => return refuse(field, PolicyProblem::OutOfRange),
                Some(_) | None => {}
            }
        }
        let ordered = |low: Option<Money>, high: Option<Money>| {
            low.zip(high).is_none_or(|(low, high)| low.minor() <= high.minor())
        };
        if !ordered(self.min, self.max) {
            return refuse("min", PolicyProblem::MinOverMax);
        }
        if !ordered(self.fee.min, self.fee.max) {
            return refuse("fee.min", PolicyProblem::MinOverMax);
        }
        if self.code.check().is_err() {
            return refuse("code", PolicyProblem::OutOfRange);
        }
        let ranges = [
            ("horizon_s", self.horizon_s >= Self::DAY_S),
            ("codes_per_day", (1..=Self::MAX_CODES_PER_DAY).contains(&self.codes_per_day)),
            ("guesses_per_day", (1..=Self::MAX_GUESSES_PER_DAY).contains(&self.guesses_per_day)),
            ("clearance_s", self.clearance_s <= Policy::MAX_DURATION_S),
            ("reserve", self.reserve.is_none_or(|reserve| self.fits(reserve))),
            ("max_open", (1..=Self::MAX_OPEN).contains(&self.max_open)),
        ];
        match ranges.iter().find(|(_, fits)| !fits) {
            Some((field, _)) => refuse(field, PolicyProblem::OutOfRange),
            None => Ok(()),
        }
    }
}

impl BalancePolicy {
    const fn fits(&self, reserve: RollingReserve) -> bool {
        reserve.clears_s > self.clearance_s && reserve.clears_s <= Policy::MAX_DURATION_S
    }

    /// The parts of a credit of so much that do not clear at once: after how many seconds, and how much in minor units.
    pub(super) fn clearance(&self, minor: i64) -> [(u32, i64); 2] {
        let kept = self.reserve.map_or(0, |reserve| reserve.rate.floor_of(minor));
        let later = self.reserve.map_or(0, |reserve| reserve.clears_s);
        [(self.clearance_s, minor.saturating_sub(kept)), (later, kept)]
    }
}

const fn usual_guesses() -> u16 {
    15
}

/// 400 days of memory, the usual codes and at most twenty of them a day, fifteen wrong ones, no clearance, three open
/// withdrawals, no other limits and no fee.
impl Default for BalancePolicy {
    fn default() -> Self {
        Self {
            // 400 × 86 400
            horizon_s: 34_560_000,
            code: CodePolicy::default(),
            codes_per_day: 20,
            guesses_per_day: usual_guesses(),
            clearance_s: 0,
            reserve: None,
            max_open: 3,
            min: None,
            max: None,
            per_day: None,
            fee: WithdrawalFee::default(),
        }
    }
}

/// What is wrong with a field of a policy.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
#[non_exhaustive]
pub enum PolicyProblem {
    /// It is in another currency.
    #[error("must be in the currency of the balance")]
    OtherCurrency,
    /// It is negative, zero where something is needed, or over its limit.
    #[error("is out of its range")]
    OutOfRange,
    /// The least is over the most.
    #[error("must not be over the maximum")]
    MinOverMax,
    /// It was chosen when the balance was opened.
    #[error("is pinned and cannot be changed")]
    Pinned,
}

/// Which field of a policy is wrong, and why.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
#[error("{field} {problem}")]
#[non_exhaustive]
pub struct PolicyError {
    /// The name of the field.
    pub field: &'static str,
    /// The problem.
    pub problem: PolicyProblem,
}

impl PolicyError {
    pub(super) const PINNED: Self = Self { field: "horizon_s", problem: PolicyProblem::Pinned };
}
