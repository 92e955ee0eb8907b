//! Deadlines: what is due when. Half-open everywhere: a command is in time iff `now < deadline`, a timer is due iff
//! `now >= deadline`.

use crate::dispute::DisputeStage;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::Deal;
use super::command::CommandKind;
use super::phase::{Phase, PhaseKind, Stage};
use super::table::{Permit, cell};
use crate::deposit::{HoldState, TxId};
use crate::{ParseError, Role, Time};

/// A deadline by its name.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Timer {
    /// The proposal lapses.
    Proposal,
    /// The deposits are overdue.
    Funding,
    /// Moderation is overdue.
    Moderation,
    /// The seller has not started.
    Start,
    /// The performance is overdue.
    Performance,
    /// The buyer is silent.
    Acceptance,
    /// What was accepted is paid.
    Clearance,
    /// The parties have not settled.
    Negotiation,
    /// The arbiter is silent.
    Arbitration,
    /// A hold is about to expire: it is captured.
    Hold(TxId),
    /// Declined legs go to balances, or are left unclaimed.
    Settlement,
    /// A claim that nobody confirms lapses.
    Claim(TxId),
    /// A chargeback that the bank does not decide counts as won.
    Chargeback,
}

/// `acceptance`; of a hold `hold:7`, with the number of its transaction.
impl fmt::Display for Timer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Proposal => "proposal",
            Self::Funding => "funding",
            Self::Moderation => "moderation",
            Self::Start => "start",
            Self::Performance => "performance",
            Self::Acceptance => "acceptance",
            Self::Clearance => "clearance",
            Self::Negotiation => "negotiation",
            Self::Arbitration => "arbitration",
            Self::Hold(transaction) => return write!(f, "hold:{transaction}"),
            Self::Settlement => "settlement",
            Self::Claim(transaction) => return write!(f, "claim:{transaction}"),
            Self::Chargeback => "chargeback",
        })
    }
}

impl FromStr for Timer {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        Ok(match text {
            "proposal" => Self::Proposal,
            "funding" => Self::Funding,
            "moderation" => Self::Moderation,
            "start" => Self::Start,
            "performance" => Self::Performance,
            "acceptance" => Self::Acceptance,
            "clearance" => Self::Clearance,
            "negotiation" => Self::Negotiation,
            "arbitration" => Self::Arbitration,
            "settlement" => Self::Settlement,
            "chargeback" => Self::Chargeback,
            _ => {
                let of = |name: &str| text.strip_prefix(name).and_then(|number| number.parse().ok());
                let named = of("hold:").map(Self::Hold).or_else(|| of("claim:").map(Self::Claim));
                return named.ok_or(ParseError::new("the name of a timer"));
            }
        })
    }
}

/// A deadline that passed: it has had its effect.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Passed {
    /// Which.
    pub timer: Timer,
    /// When.
    pub at: Time,
}

impl fmt::Display for Passed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the deadline `{}` passed at {}", self.timer, self.at)
    }
}

impl Timer {
    /// The phase that ends with it; `None` for what runs beside the phases.
    pub(super) const fn phase(self) -> Option<PhaseKind> {
        Some(match self {
            Self::Proposal => PhaseKind::Proposed,
            Self::Funding => PhaseKind::AwaitingDeposit,
            Self::Moderation => PhaseKind::Moderation,
            Self::Start => PhaseKind::AwaitingPerformance,
            Self::Performance => PhaseKind::Performing,
            Self::Acceptance => PhaseKind::AwaitingAcceptance,
            Self::Clearance => PhaseKind::Clearing,
            Self::Negotiation | Self::Arbitration => PhaseKind::Disputed,
            Self::Hold(_) | Self::Settlement | Self::Claim(_) | Self::Chargeback => return None,
        })
    }
}

impl Phase {
    /// The name of this phase's timer.
    pub const fn timer(&self) -> Option<Timer> {
        match self {
            Self::Proposed { .. } => Some(Timer::Proposal),
            Self::AwaitingDeposit { .. } => Some(Timer::Funding),
            Self::Moderation { .. } => Some(Timer::Moderation),
            Self::Active { stage: Stage::AwaitingPerformance, .. } => Some(Timer::Start),
            Self::Active { stage: Stage::Performing, .. } => Some(Timer::Performance),
            Self::Active { stage: Stage::AwaitingAcceptance, .. } => Some(Timer::Acceptance),
            Self::Clearing { .. } => Some(Timer::Clearance),
            Self::Disputed { stage: DisputeStage::Negotiation, .. } => Some(Timer::Negotiation),
            Self::Disputed { stage: DisputeStage::Arbitration, .. } => Some(Timer::Arbitration),
            Self::Paying { .. } | Self::Closed { .. } => None,
        }
    }

    /// The same phase with another deadline.
    pub(crate) const fn with_until(self, until: Time) -> Self {
        match self {
            Self::Proposed { .. } => Self::Proposed { until },
            Self::AwaitingDeposit { .. } => Self::AwaitingDeposit { until },
            Self::Moderation { from, .. } => Self::Moderation { until, from },
            Self::Active { stage, .. } => Self::Active { stage, until },
            Self::Clearing { .. } => Self::Clearing { until },
            Self::Disputed { interrupted, stage, .. } => Self::Disputed { interrupted, stage, until },
            Self::Paying { .. } | Self::Closed { .. } => self,
        }
    }
}

impl Deal {
    /// When the deal is to be woken next, and what fires then. The earliest; of several at one instant, the phase's
    /// own first.
    #[inline]
    pub fn next_timer(&self) -> Option<(Time, Timer)> {
        let phase = self.state.clockwork.phase.until().zip(self.state.clockwork.phase.timer());
        let hold = if self.state.books.has_holds() { self.next_hold() } else { None };
        earlier(earlier(earlier(phase, hold), self.settlement()), earlier(self.claim(), self.chargeback()))
    }

    /// When the deal is to be woken next. Waking late, or never, changes no result, only its promptness.
    pub fn next_deadline(&self) -> Option<Time> {
        self.next_timer().map(|(at, _)| at)
    }

    /// The deadline until which this role could have given this command, where it was the latest that passed.
    pub(super) fn too_late(&self, command: CommandKind, role: Role) -> Option<Passed> {
        let could = |phase| !matches!(cell(command, phase, role), Permit::WrongRole | Permit::WrongPhase);
        self.clockwork().passed.filter(|passed| passed.timer.phase().is_some_and(could))
    }

    /// Whether anything is due.
    #[inline]
    pub(super) fn is_due(&self, now: Time) -> bool {
        let due = |timer: Option<(Time, Timer)>| timer.is_some_and(|(at, _)| at <= now);
        self.state.clockwork.phase.until().is_some_and(|until| until <= now)
            || self.state.books.has_holds() && due(self.next_hold())
            || due(self.settlement())
            || due(self.claim())
            || due(self.chargeback())
    }

    /// The open hold that expires first, less the policy's margin.
    fn next_hold(&self) -> Option<(Time, Timer)> {
        let margin = self.binding_terms().policy.hold_margin_s;
        let open = self.transactions().iter().filter_map(|t| match t.hold {
            Some(HoldState::Open { expires }) => Some((expires.minus_secs(margin), Timer::Hold(t.id))),
            Some(HoldState::Closing | HoldState::Closed | HoldState::Lapsed) | None => None,
        });
        open.min_by_key(|(at, _)| *at)
    }

    /// The claim that lapses first.
    fn claim(&self) -> Option<(Time, Timer)> {
        if !self.has_pending() {
            return None;
        }
        let claim_s = self.binding_terms().policy.claim_s;
        let claims = self.transactions().iter().filter(|t| t.is_claim());
        claims.map(|t| (t.created_at.plus_secs(claim_s), Timer::Claim(t.id))).min_by_key(|(at, _)| *at)
    }

    /// When a leg that waits for a chargeback need not wait for it any longer.
    fn chargeback(&self) -> Option<(Time, Timer)> {
        let books = self.books();
        if books.cases().is_empty() || !books.has_unsettled_legs() {
            return None;
        }
        let patience = self.binding_terms().policy.chargeback_s;
        let waits = |number: u32| self.legs().iter().any(|l| l.waits_for == Some(number));
        let ends = (1_u32..).zip(books.cases()).filter(|(number, _)| waits(*number));
        let ends =
            ends.filter_map(|(_, c)| c.opened.map(|(_, at)| (at.plus_secs(patience), Timer::Chargeback)));
        ends.min_by_key(|(at, _)| *at)
    }

    /// From here on, declined legs go to balances, or are left unclaimed.
    fn settlement(&self) -> Option<(Time, Timer)> {
        let at = self.settle_by()?;
        self.state.books.has_declined_leg().then_some((at, Timer::Settlement))
    }
}

/// The earlier of two; of two at one instant, the first.
#[inline]
fn earlier(one: Option<(Time, Timer)>, other: Option<(Time, Timer)>) -> Option<(Time, Timer)> {
    match (one, other) {
        (Some((at, _)), Some((sooner, _))) if sooner < at => other,
        (Some(_), _) => one,
        (None, _) => other,
    }
}
