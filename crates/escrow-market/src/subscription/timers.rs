//! What a subscription waits for, and how a period begins.

use super::decode::{Anchor, Phase, State};
use super::settled::Came;
use super::{Charge, ChargeState, Event, Missed, Next, Plan};
use escrow::Time;
use escrow::machine::Out;

/// What a deadline is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Timer {
    /// The trial or the period is over: the next one begins, or it ends there.
    PeriodEnd,
    /// A declined charge is tried again.
    Retry,
    /// The grace is over.
    Suspend,
    /// The suspension has lasted too long.
    GiveUp,
    /// At once: the payment of the latest period was charged back.
    Lose {
        /// The period.
        period: u32,
        /// The attempt that had paid it.
        attempt: u16,
    },
    /// At once: it was reinstated.
    Restore {
        /// The period.
        period: u32,
        /// The attempt that pays it.
        attempt: u16,
    },
}

impl State {
    /// What waits for time. A charge without an answer waits for the gateway instead, and everything else for it.
    pub(super) fn next_timer(&self) -> Option<(Time, Timer)> {
        if self.pending().is_some() {
            return None;
        }
        if let Some(turned) = self.turned() {
            return Some((self.progress.last_at(), turned));
        }
        let own = match self.phase {
            Phase::Trialing { until } => Some((until, Timer::PeriodEnd)),
            Phase::Active => self.period_end().map(|at| (at, Timer::PeriodEnd)),
            Phase::PastDue { next: Next::Retry { at } } => Some((at, Timer::Retry)),
            Phase::PastDue { next: Next::Suspend { at } } => Some((at, Timer::Suspend)),
            Phase::Suspended { until } => Some((until, Timer::GiveUp)),
            Phase::Cancelled { .. } => return None,
        };
        let end = self.period_end().filter(|_| self.ends).map(|at| (at, Timer::PeriodEnd));
        match (end, own) {
            // of two at one instant the end comes first: nothing is tried any more
            (Some(end), Some(own)) => Some(if end.0 <= own.0 { end } else { own }),
            (end, own) => end.or(own),
        }
    }

    /// Whether a chargeback changes what the latest period is: only that, and only what it has come to last. For what is over the
    /// payer was served.
    fn turned(&self) -> Option<Timer> {
        let charge = self.charge.as_ref()?;
        let (period, attempt) = (charge.period, charge.attempt);
        let settled = self.settled.find(period, attempt)?;
        let is_lost = |payment| self.reversals.lost(payment) >= settled.amount.minor();
        match (&settled.came, self.phase) {
            (Came::Paid(payment), Phase::Active) if is_lost(payment) => Some(Timer::Lose { period, attempt }),
            // once its period is over the payer was not served for all of it: they pay for a new one, if they want to
            (Came::Lost(payment), Phase::Suspended { .. })
                if !is_lost(payment)
                    && self.reversals.is_reinstated(payment)
                    && self.progress.last_at() < charge.to =>
            {
                Some(Timer::Restore { period, attempt })
            }
            (Came::Paid(_) | Came::Lost(_) | Came::Declined | Came::Owed(_) | Came::Refunded { .. }, _) => {
                None
            }
        }
    }

    /// When the trial or the latest period is over; `None` where the calendar ends first.
    pub(super) fn period_end(&self) -> Option<Time> {
        let end = match (&self.charge, self.phase) {
            (Some(charge), _) => charge.to,
            (None, Phase::Trialing { until }) => until,
            (None, _) => return None,
        };
        Some(end).filter(|end| *end < Time::MAX)
    }

    pub(super) fn pending(&self) -> Option<&Charge> {
        self.charge.as_ref().filter(|charge| charge.state == ChargeState::Pending)
    }

    /// The plan and the anchor by which the next charge that begins a period is made.
    fn plan_from(&self, starts: Time, period: u32, anew: bool) -> (&Plan, Anchor) {
        let plan = self.agreed.as_ref().map_or(&self.plan.plan, |agreed| &agreed.plan);
        let before = self.plan.plan.period;
        if anew {
            (plan, Anchor { at: starts, period, months: 0 })
        } else if plan.period != before {
            // the billing day stays; what is counted in days begins where it begins to apply
            (plan, self.anchor.moved(before, plan.period, (starts, period)))
        } else {
            (plan, self.anchor)
        }
    }

    /// Orders the first attempt of the next period, or of the one that runs by now.
    pub(super) fn begin_period(&self, missed: Missed, out: &mut Out<'_, Event>) {
        let (next, starts) = match &self.charge {
            Some(charge) => (charge.period.saturating_add(1), charge.to),
            None => (self.anchor.period, self.anchor.begins(self.plan.plan.period)),
        };
        let (plan, anchor) = self.plan_from(starts, next, false);
        let running = anchor.period.saturating_add(anchor.passed(plan.period, out.now())).max(next);
        let period = match missed {
            Missed::Skipped => running,
            Missed::Charged => next,
        };
        self.change_plan(anchor, out);
        if period > next {
            out.push(Event::PeriodsSkipped { first: next, last: period.saturating_sub(1) });
        }
        let (amount, (from, to)) = (plan.amount, anchor.bounds(plan.period, period));
        let instrument = self.instrument.clone();
        out.push(Event::ChargeOrdered { period, attempt: 1, retries: 0, amount, from, to, instrument });
    }

    fn change_plan(&self, anchor: Anchor, out: &mut Out<'_, Event>) {
        if let Some(agreed) = &self.agreed {
            out.push(Event::PlanChanged { version: agreed.version });
        }
        if anchor != self.anchor {
            out.push(Event::Anchored { at: anchor.at, period: anchor.period, months: anchor.months });
        }
    }

    /// Orders the next attempt of the latest period.
    pub(super) fn try_again(&self, charge: &Charge, retries: u8, out: &mut Out<'_, Event>) {
        out.push(Event::ChargeOrdered {
            period: charge.period,
            attempt: charge.attempt.saturating_add(1),
            retries,
            amount: charge.amount,
            from: charge.from,
            to: charge.to,
            instrument: self.instrument.clone(),
        });
    }

    /// Begins the latest period anew, now.
    pub(super) fn begin_anew(&self, charge: &Charge, out: &mut Out<'_, Event>) {
        let (plan, anchor) = self.plan_from(out.now(), charge.period, true);
        self.change_plan(anchor, out);
        let (from, to) = anchor.bounds(plan.period, charge.period);
        let anew = Charge { amount: plan.amount, from, to, ..charge.clone() };
        self.try_again(&anew, charge.retries, out);
    }
}
