//! From storage back to a subscription. Storage is not trusted: every invariant is checked.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::reversals::Reversals;
use super::settled::{Came, SettledAttempts};
use super::{
    Charge, ChargeState, Ending, Event, Next, Period, PlanVersion, Proposal, Status, Subscription,
    SubscriptionTerms, Trial,
};
use crate::{SubscriptionId, is_default};
use escrow::machine::{self, DecodeError, Progress};
use escrow::{InstrumentRef, Recorded, Time};

/// A subscription as it is stored. The terms never change, so that a host may write them once and the state with every
/// command.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parts {
    /// [`Parts::SCHEMA`].
    pub schema: String,
    /// The subscription's id.
    pub id: SubscriptionId,
    /// What was subscribed to.
    pub terms: Arc<SubscriptionTerms>,
    /// All that changes.
    pub state: State,
}

/// Its phase, and what it waits for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum Phase {
    Trialing { until: Time },
    Active,
    PastDue { next: Next },
    Suspended { until: Time },
    Cancelled { because: Ending },
}

impl Phase {
    pub(super) const fn status(self) -> Status {
        match self {
            Self::Trialing { .. } => Status::Trialing,
            Self::Active => Status::Active,
            Self::PastDue { .. } => Status::PastDue,
            Self::Suspended { .. } => Status::Suspended,
            Self::Cancelled { .. } => Status::Cancelled,
        }
    }
}

/// From when on periods are counted, and which begins there.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Anchor {
    pub(super) at: Time,
    pub(super) period: u32,
    /// How many months after that instant the period begins: the billing day of an earlier plan stays.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(super) months: u32,
}

impl Anchor {
    /// That of the first period. After a trial of months the billing day is the day of the beginning, where the calendar has it.
    pub(super) fn of(terms: &SubscriptionTerms, begins: Time, at: Time) -> Self {
        let trial = match terms.trial {
            Some(Trial::Lasts(length)) => length.months().zip(terms.plan.period.months()),
            Some(Trial::Until(_)) | None => None,
        };
        match trial {
            Some((months, _)) => Self { at, period: 1, months },
            None => Self { at: begins, period: 1, months: 0 },
        }
    }

    /// When its own period begins.
    pub(super) fn begins(self, length: Period) -> Time {
        self.bounds(length, self.period).0
    }

    /// When a period begins and ends; the last one before the calendar ends has the rest of it.
    pub(super) fn bounds(self, length: Period, period: u32) -> (Time, Time) {
        let n = period.saturating_sub(self.period);
        let start = |n| self.start(length, n).unwrap_or(Time::MAX);
        (start(n), start(n.saturating_add(1)))
    }

    fn start(self, length: Period, n: u32) -> Option<Time> {
        match length.months().filter(|_| self.months > 0) {
            Some(months) => {
                Period::Months(1).after(self.at, months.checked_mul(n)?.checked_add(self.months)?)
            }
            None => length.after(self.at, n),
        }
    }

    /// How many periods have passed of this plan.
    pub(super) fn passed(self, length: Period, now: Time) -> u32 {
        match length.months().filter(|_| self.months > 0) {
            Some(months) => {
                let passed = Period::Months(1).passed(self.at, now).saturating_sub(self.months);
                passed.checked_div(months).unwrap_or(0)
            }
            None => length.passed(self.at, now),
        }
    }

    /// Where a plan of another length begins to be counted: from the billing day, where both are counted in months.
    pub(super) fn moved(self, from: Period, to: Period, (starts, period): (Time, u32)) -> Self {
        let passed = from.months().zip(to.months()).and_then(|(months, _)| {
            months.checked_mul(period.saturating_sub(self.period))?.checked_add(self.months)
        });
        match passed {
            Some(months) => Self { at: self.at, period, months },
            None => Self { at: starts, period, months: 0 },
        }
    }
}

/// The mutable part of a subscription, opaque: for storage only. It does not grow with the periods.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct State {
    pub(super) progress: Progress,
    pub(super) phase: Phase,
    /// In force.
    pub(super) plan: PlanVersion,
    /// Binds both, and is in force from the next period that is charged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) agreed: Option<PlanVersion>,
    /// Waits for the other side.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) proposal: Option<Proposal>,
    /// How many versions there were.
    pub(super) versions: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) instrument: Option<InstrumentRef>,
    pub(super) anchor: Anchor,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) charge: Option<Charge>,
    pub(super) paid: u32,
    pub(super) skipped: u32,
    /// Whether it ends with its period.
    pub(super) ends: bool,
    pub(super) settled: SettledAttempts,
    #[serde(default, skip_serializing_if = "is_default")]
    pub(super) reversals: Reversals,
}

impl Subscription {
    /// The subscription that a journal tells of.
    ///
    /// # Errors
    /// [`DecodeError::NotAJournal`] where the first event is not `subscribed` or a later one is; otherwise whatever
    /// invariant the result breaks.
    pub fn replay<'e>(
        id: SubscriptionId,
        journal: impl IntoIterator<Item = &'e Recorded<Event>>,
    ) -> Result<Self, DecodeError> {
        let subscription = machine::replay("subscribed", journal, |recorded| {
            let Event::Subscribed { terms, begins } = &recorded.event else { return None };
            let state = State::begin(terms, *begins, recorded.at);
            Some(Self { id, terms: terms.clone(), state })
        })?;
        subscription.check()?;
        Ok(subscription)
    }

    /// Checks every invariant of the subscription: what decoding checks, for tests and audits.
    ///
    /// # Errors
    /// [`DecodeError`] names the field that does not agree.
    pub fn check(&self) -> Result<(), DecodeError> {
        let state = &self.state;
        let checks = [
            ("plan", self.plans_agree()),
            ("anchor", state.anchor.period >= 1 && state.progress.created_at() <= state.anchor.at),
            ("anchor", state.anchor.months == 0 || state.plan.plan.period.months().is_some()),
            ("phase", self.phase_agrees()),
            // nothing is overdue: it would have fired with the last event
            ("phase", state.next_timer().is_none_or(|(at, _)| state.progress.last_at() < at)),
            ("charge", state.charge.as_ref().is_none_or(|charge| self.charge_agrees(charge))),
            ("paid", self.periods_agree()),
            ("settled", self.attempts_agree()),
            ("reversals", state.reversals.agree()),
        ];
        DecodeError::check(state.progress.checks().into_iter().chain(checks))
    }

    fn plans_agree(&self) -> bool {
        let state = &self.state;
        let agreed = state.agreed.as_ref();
        let proposal = state.proposal.as_ref();
        let plans = [Some(&state.plan.plan), agreed.map(|p| &p.plan), proposal.map(|p| &p.plan)];
        let versions = [Some(state.plan.version), agreed.map(|p| p.version), proposal.map(|p| p.version)];
        let versions = || versions.iter().flatten();
        plans.iter().flatten().all(|plan| plan.check().is_ok())
            && versions().is_sorted_by(|earlier, later| earlier < later)
            && versions().all(|version| (1..=state.versions).contains(version))
            && (state.plan.version > 1 || state.plan.plan == self.terms.plan)
            // each was an event
            && u64::from(state.versions) <= state.progress.version()
    }

    fn phase_agrees(&self) -> bool {
        let charge = self.state.charge.as_ref().map(|charge| charge.state);
        let owes = matches!(charge, Some(ChargeState::Pending | ChargeState::Unpaid));
        match self.state.phase {
            Phase::Trialing { until } => {
                let ends = match self.terms.trial {
                    Some(Trial::Lasts(length)) => length.after(self.state.progress.created_at(), 1),
                    Some(Trial::Until(at)) => Some(at),
                    None => None,
                };
                charge.is_none()
                    && ends == Some(until)
                    && until == self.state.anchor.begins(self.terms.plan.period)
            }
            Phase::Active => matches!(charge, Some(ChargeState::Pending | ChargeState::Paid)),
            Phase::PastDue { next } => owes && self.is_scheduled(next),
            Phase::Suspended { until } => owes && self.is_due_within(until, self.terms.dunning.suspended_s),
            Phase::Cancelled { because: Ending::PeriodEnd } => self.state.ends,
            Phase::Cancelled { because: Ending::Unpaid } => charge == Some(ChargeState::Unpaid),
            Phase::Cancelled { because: Ending::Cancelled } => true,
        }
    }

    fn is_scheduled(&self, next: Next) -> bool {
        let dunning = &self.terms.dunning;
        match next {
            Next::Retry { at } => dunning.retry_s.iter().any(|delay| self.is_due_within(at, *delay)),
            Next::Suspend { at } => self.is_due_within(at, dunning.grace_s),
        }
    }

    /// Whether a deadline was at most so far ahead when it was set.
    fn is_due_within(&self, at: Time, secs: u32) -> bool {
        at <= self.state.progress.last_at().plus_secs(secs)
    }

    fn charge_agrees(&self, charge: &Charge) -> bool {
        let state = &self.state;
        // one that is still to come is one of them
        let to_come = matches!(state.phase, Phase::PastDue { next: Next::Retry { .. } })
            && charge.state == ChargeState::Unpaid;
        let retries = usize::from(charge.retries).saturating_add(to_come.into());
        let retries = retries <= self.terms.dunning.retry_s.len();
        let amount = charge.amount == state.plan.plan.amount;
        // with those of the schedule on top of what a payer may ask for
        let most = Self::MAX_ATTEMPTS.saturating_add(charge.retries.into());
        let attempts = (1..=most).contains(&charge.attempt);
        // no period is shorter than a day
        let earliest = Period::Days(1).after(state.progress.created_at(), charge.period.saturating_sub(1));
        let counted = state.anchor.period <= charge.period && earliest.is_some_and(|at| at <= charge.from);
        let bounds = (charge.from, charge.to) == state.anchor.bounds(state.plan.plan.period, charge.period);
        retries && attempts && amount && counted && bounds && charge.from <= state.progress.last_at()
    }

    /// Each period is paid or skipped once, or is the latest and open.
    fn periods_agree(&self) -> bool {
        let state = &self.state;
        let (latest, open) = match &state.charge {
            Some(charge) => (charge.period, u32::from(charge.state != ChargeState::Paid)),
            None => (0, 0),
        };
        let sum = state.paid.checked_add(state.skipped).and_then(|sum| sum.checked_add(open));
        sum == Some(latest)
    }

    fn attempts_agree(&self) -> bool {
        let state = &self.state;
        let latest = state.charge.as_ref().map_or((0, 0), |charge| (charge.period, charge.attempt));
        let all = || state.settled.iter();
        // before they are compared with each other
        if all().len() > SettledAttempts::KEPT {
            return false;
        }
        let paid = || all().filter(|s| matches!(s.came, Came::Paid(_)));
        let once = all().enumerate().all(|(i, one)| {
            let same = |s: &&_| {
                let other: &super::settled::Settled = s;
                other.period == one.period
                    && (other.attempt == one.attempt
                        || matches!((&other.came, &one.came), (Came::Paid(_), Came::Paid(_))))
            };
            !all().skip(i.saturating_add(1)).any(|s| same(&s))
        });
        let ordered = all().all(|s| {
            s.period >= 1 && s.attempt >= 1 && (s.period, s.attempt) <= latest && s.amount.is_positive()
        });
        let answered = |(period, attempt)| state.settled.find(period, attempt).map(|s| &s.came);
        let last = match state.charge.as_ref().map(|charge| charge.state) {
            Some(ChargeState::Pending) => answered(latest).is_none(),
            Some(ChargeState::Paid) => matches!(answered(latest), Some(Came::Paid(_))),
            Some(ChargeState::Unpaid) => !matches!(answered(latest), None | Some(Came::Paid(_))),
            None => all().len() == 0,
        };
        self.refunds().count() <= SettledAttempts::MAX_OWED
            && u32::try_from(paid().count()).is_ok_and(|count| count <= state.paid)
            && once
            && ordered
            && last
    }
}

stored_as_its_parts!(Subscription, Parts, "escrow.subscription.v1", "subscription", [id, terms, state]);
