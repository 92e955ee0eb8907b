//! The rules of a subscription: who may do what and when, what is a repeat, and what follows.

use std::sync::Arc;

use super::command::{self, Answered, CancelAt, Command, CommandKind};
use super::decode::{Phase, State};
use super::settled::{Came, SettledAttempts};
use super::timers::Timer;
use super::{
    Charge, ChargeState, Ending, Event, Missed, Next, Plan, Proposer, Rejection, Status, Subscription,
    SubscriptionTerms, Trial, Undue,
};
use crate::SubscriptionId;
use escrow::deposit::Reference;
use escrow::machine::{Context, Events};
use escrow::machine::{Machine, Out, Rules};
use escrow::{Actor, Money, Policy, Terms, Time, Transition, names};

/// In which capacity somebody acts on a subscription.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Role {
    /// Who pays.
    Payer,
    /// Who owns the store that is paid.
    Recipient,
    /// Staff of the platform; acts for the recipient.
    Operator,
    /// The payment gateway.
    Gateway,
    /// The passage of time.
    Clock,
}

names! {
    /// Every role.
    Role, "payer, recipient, operator, gateway or clock" {
        Payer = "payer",
        Recipient = "recipient",
        Operator = "operator",
        Gateway = "gateway",
        Clock = "clock",
    }
}

impl Role {
    /// The side whose consent this role can give: an operator's is the recipient's, never the payer's.
    const fn side(self) -> Option<Proposer> {
        match self {
            Self::Payer => Some(Proposer::Payer),
            Self::Recipient | Self::Operator => Some(Proposer::Recipient),
            Self::Gateway | Self::Clock => None,
        }
    }
}

/// The table: who may give a command, and while the subscription is what. Nothing else knows.
pub const fn permitted(command: CommandKind) -> (&'static [Role], &'static [Status]) {
    const ANY: &[Status] = &Status::ALL;
    const RUNNING: &[Status] = &[Status::Trialing, Status::Active, Status::PastDue, Status::Suspended];
    const PEOPLE: &[Role] = &[Role::Payer, Role::Recipient, Role::Operator];
    match command {
        CommandKind::Pay => (&[Role::Payer], &[Status::PastDue, Status::Suspended]),
        CommandKind::SetInstrument => (&[Role::Payer], RUNNING),
        CommandKind::ProposePlan
        | CommandKind::AgreePlan
        | CommandKind::WithdrawPlan
        | CommandKind::Cancel => (PEOPLE, RUNNING),
        CommandKind::Answer | CommandKind::Refunded | CommandKind::Chargeback => (&[Role::Gateway], ANY),
        CommandKind::SettleRefund => (&[Role::Operator, Role::Gateway], ANY),
        CommandKind::Wake => (&[Role::Clock], ANY),
    }
}

impl Rules for Subscription {
    rules_head!(state.progress, Status, Timer);

    fn status_for(&self, _: &Command) -> Result<Option<Status>, Rejection> {
        Ok(Some(self.status()))
    }

    fn already_stands(&self, command: &Command, role: Role, _: &Context) -> bool {
        let state = &self.state;
        match command {
            Command::Pay(c) => {
                // was made, by whomever: a retry that came first is the attempt that was asked for
                c.attempt > 0
                    && state.charge.as_ref().is_some_and(|charge| {
                        c.period == charge.period && c.attempt <= charge.attempt
                            || (1..charge.period).contains(&c.period)
                    })
            }
            Command::SetInstrument(c) => state.instrument == c.instrument,
            Command::ProposePlan(c) => {
                let proposed = state.proposal.as_ref().is_some_and(|open| {
                    open.version == c.version && open.plan == c.plan && Some(open.by) == role.side()
                });
                proposed || self.bound(c.version).is_some_and(|plan| *plan == c.plan)
            }
            Command::AgreePlan(c) => self.bound(c.version).is_some(),
            Command::WithdrawPlan(c) => {
                // withdrawn, or replaced by a later one
                let open = state.proposal.as_ref().is_some_and(|open| open.version == c.version);
                (1..=state.versions).contains(&c.version) && !open && self.bound(c.version).is_none()
            }
            Command::Cancel(c) => {
                let over = matches!(state.phase, Phase::Cancelled { .. });
                over || c.at == CancelAt::PeriodEnd && state.ends
            }
            Command::Answer(c) => match &c.result {
                Answered::InProgress => self.was_ordered(c.period, c.attempt),
                Answered::Succeeded(reference) => {
                    state.settled.find(c.period, c.attempt).is_some_and(|settled| match &settled.came {
                        Came::Paid(known)
                        | Came::Lost(known)
                        | Came::Owed(known)
                        | Came::Refunded { paid: known, .. } => known == reference,
                        Came::Declined => false,
                    })
                }
                Answered::Declined(_) => {
                    let known = state.settled.find(c.period, c.attempt);
                    known.is_some_and(|settled| settled.came == Came::Declined)
                }
            },
            Command::SettleRefund(c) => {
                let known = state.settled.find(c.period, c.attempt).map(|settled| &settled.came);
                matches!(known, Some(Came::Refunded { refund, .. }) if *refund == c.reference)
            }
            Command::Refunded(c) => {
                let known = state.reversals.refund(&c.gateway, &c.reference);
                // what went back because it was owed is told by the gateway, too
                let owed = state.settled.of_payment(&c.payment).is_some_and(|settled| {
                    matches!(&settled.came, Came::Refunded { refund, .. } if *refund == c.reference)
                        && settled.amount == c.amount
                });
                owed || known.is_some_and(|known| known.payment == c.payment && known.amount == c.amount)
            }
            Command::Chargeback(c) => state
                .reversals
                .case(&c.gateway, &c.reference)
                .is_some_and(|case| case.payment == c.payment && case.told(c.step) == Some(c.amount)),
            Command::Wake(_) => false,
        }
    }

    fn rule(
        &self,
        command: &Command,
        role: Role,
        _: &Context,
        out: &mut Out<'_, Event>,
    ) -> Result<(), Rejection> {
        match command {
            Command::Pay(c) => self.judge_pay(*c, out)?,
            Command::SetInstrument(c) => out.push(Event::InstrumentSet { instrument: c.instrument.clone() }),
            Command::ProposePlan(c) => self.judge_proposal(c, role, out)?,
            Command::AgreePlan(c) => {
                if self.open_proposal(c.version)? == role.side() {
                    return Err(Rejection::OwnProposal);
                }
                out.push(Event::PlanAgreed { version: c.version });
            }
            Command::WithdrawPlan(c) => {
                if self.open_proposal(c.version)? != role.side() {
                    return Err(Rejection::OthersProposal);
                }
                out.push(Event::PlanWithdrawn { version: c.version });
            }
            Command::Cancel(c) => match c.at {
                CancelAt::Once => out.push(Event::Cancelled { because: Ending::Cancelled }),
                // a period that is over already ends at once
                CancelAt::PeriodEnd => {
                    let at = self.state.period_end().unwrap_or(Time::MAX).max(out.now());
                    out.push(Event::CancellationScheduled { at });
                }
            },
            Command::Answer(c) => self.judge_answer(c, out)?,
            Command::SettleRefund(c) => {
                let command::SettleRefund { period, attempt, ref reference } = *c;
                if !self.refunds().any(|owed| (owed.period, owed.attempt) == (period, attempt)) {
                    return Err(Rejection::NothingOwed { period, attempt });
                }
                out.push(Event::RefundSettled { period, attempt, reference: reference.clone() });
            }
            Command::Refunded(c) => self.judge_refunded(c, out)?,
            Command::Chargeback(c) => self.judge_chargeback(c, out)?,
            Command::Wake(_) => {}
        }
        Ok(())
    }

    fn next_timer(&self) -> Option<(Time, Timer)> {
        self.state.next_timer()
    }

    fn fire(&self, timer: Timer, out: &mut Out<'_, Event>) {
        match timer {
            Timer::PeriodEnd if self.state.ends => out.push(Event::Cancelled { because: Ending::PeriodEnd }),
            Timer::PeriodEnd => self.state.begin_period(self.terms.dunning.missed, out),
            Timer::Retry => {
                if let Some(charge) = &self.state.charge {
                    self.state.try_again(charge, charge.retries.saturating_add(1), out);
                }
            }
            Timer::Suspend => {
                out.push(Event::Suspended { until: out.now().plus_secs(self.terms.dunning.suspended_s) });
            }
            Timer::GiveUp => out.push(Event::Cancelled { because: Ending::Unpaid }),
            Timer::Lose { period, attempt } => {
                let until = out.now().plus_secs(self.terms.dunning.suspended_s);
                out.push(Event::PaymentLost { period, attempt, until });
            }
            Timer::Restore { period, attempt } => out.push(Event::PaymentRestored { period, attempt }),
        }
    }
}

pub(super) fn check_amount(amount: Money) -> Result<(), Rejection> {
    let fits = amount.is_positive() && amount.minor() <= Terms::MAX_AMOUNT;
    if fits { Ok(()) } else { Err(Rejection::AmountOutOfRange) }
}

impl Subscription {
    /// The plan of a version to which both sides are bound.
    fn bound(&self, version: u32) -> Option<&Plan> {
        let both = [Some(&self.state.plan), self.state.agreed.as_ref()];
        both.into_iter().flatten().find(|plan| plan.version == version).map(|plan| &plan.plan)
    }

    fn was_ordered(&self, period: u32, attempt: u16) -> bool {
        let made = |charge: &Charge| {
            (1..charge.period).contains(&period)
                || charge.period == period && (1..=charge.attempt).contains(&attempt)
        };
        attempt > 0 && self.state.charge.as_ref().is_some_and(made)
    }

    fn judge_pay(&self, c: command::Pay, out: &mut Out<'_, Event>) -> Result<(), Rejection> {
        let state = &self.state;
        // past due and suspended ones have a charge
        let Some(charge) = &state.charge else {
            return Ok(());
        };
        let next = (charge.period, charge.attempt.saturating_add(1));
        if (c.period, c.attempt) != next {
            return Err(Rejection::WrongAttempt { period: next.0, attempt: next.1 });
        }
        if charge.state == ChargeState::Pending {
            return Err(Rejection::AttemptPending);
        }
        if charge.attempt >= Self::MAX_ATTEMPTS {
            return Err(Rejection::TooManyAttempts { max: Self::MAX_ATTEMPTS });
        }
        match state.phase {
            // the retry that would come next, sooner
            Phase::PastDue { next: Next::Retry { .. } } => {
                state.try_again(charge, charge.retries.saturating_add(1), out);
            }
            Phase::PastDue { next: Next::Suspend { .. } } => state.try_again(charge, charge.retries, out),
            Phase::Suspended { .. } => state.begin_anew(charge, out),
            Phase::Trialing { .. } | Phase::Active | Phase::Cancelled { .. } => {}
        }
        Ok(())
    }

    fn judge_proposal(
        &self,
        c: &command::ProposePlan,
        role: Role,
        out: &mut Out<'_, Event>,
    ) -> Result<(), Rejection> {
        let expected = self.state.versions.saturating_add(1);
        if c.version != expected {
            return Err(Rejection::WrongVersion { expected });
        }
        c.plan.check()?;
        if let Some(by) = role.side() {
            out.push(Event::PlanProposed { version: c.version, plan: c.plan.clone(), by });
        }
        Ok(())
    }

    /// Which side has proposed this version.
    fn open_proposal(&self, version: u32) -> Result<Option<Proposer>, Rejection> {
        let open = self.state.proposal.as_ref().filter(|open| open.version == version);
        open.map(|open| Some(open.by)).ok_or(Rejection::NotProposed { version })
    }

    /// An attempt settles once. The gateway repeats, reorders and contradicts itself: a success counts only for the
    /// attempt that has no answer.
    fn judge_answer(&self, c: &command::Answer, out: &mut Out<'_, Event>) -> Result<(), Rejection> {
        let command::Answer { period, attempt, ref result } = *c;
        let pending =
            self.state.pending().filter(|charge| (charge.period, charge.attempt) == (period, attempt));
        let Some(charge) = pending else {
            let known = self.state.settled.find(period, attempt);
            return match (known, result) {
                (Some(settled), Answered::Succeeded(reference)) if settled.came == Came::Declined => {
                    self.owe(c, settled.amount, reference, Undue::Contradiction, out)
                }
                (Some(_), _) => Err(Rejection::SettledOtherwise { period, attempt }),
                (None, _) if self.was_ordered(period, attempt) => {
                    Err(Rejection::SettledLongAgo { period, attempt })
                }
                (None, _) => Err(Rejection::UnknownAttempt { period, attempt }),
            };
        };
        let over = matches!(self.state.phase, Phase::Cancelled { .. });
        match result {
            Answered::InProgress => {}
            Answered::Succeeded(reference) if over => {
                self.owe(c, charge.amount, reference, Undue::Cancelled, out)?;
            }
            Answered::Succeeded(reference) => {
                out.push(Event::Paid { period, attempt, reference: reference.clone() });
            }
            Answered::Declined(reason) => {
                let next = self.next_after_decline(charge, out.now());
                out.push(Event::Declined { period, attempt, reason: reason.clone(), next });
            }
        }
        Ok(())
    }

    fn owe(
        &self,
        c: &command::Answer,
        amount: Money,
        reference: &Reference,
        because: Undue,
        out: &mut Out<'_, Event>,
    ) -> Result<(), Rejection> {
        if self.refunds().count() >= SettledAttempts::MAX_OWED {
            return Err(Rejection::TooManyRefunds { max: SettledAttempts::MAX_OWED });
        }
        let (period, attempt, reference) = (c.period, c.attempt, reference.clone());
        out.push(Event::RefundOwed { period, attempt, amount, reference, because });
        Ok(())
    }

    fn next_after_decline(&self, charge: &Charge, now: Time) -> Option<Next> {
        let dunning = &self.terms.dunning;
        match self.state.phase {
            Phase::Suspended { .. } | Phase::Cancelled { .. } => None,
            // an attempt that the payer asked for during the grace does not prolong it
            Phase::PastDue { next: next @ Next::Suspend { .. } } => Some(next),
            Phase::Trialing { .. } | Phase::Active | Phase::PastDue { next: Next::Retry { .. } } => {
                Some(match dunning.retry_s.get(usize::from(charge.retries)) {
                    Some(delay) => Next::Retry { at: now.plus_secs(*delay) },
                    None => Next::Suspend { at: now.plus_secs(dunning.grace_s) },
                })
            }
        }
    }
}

pub(super) fn subscribe(
    id: SubscriptionId,
    terms: Arc<SubscriptionTerms>,
    context: &Context,
) -> Result<(Subscription, Transition<Subscription>), Rejection> {
    match &context.actor {
        Actor::Party(id) if *id == terms.payer => {}
        Actor::Operator(_) => {}
        Actor::Party(_) | Actor::Moderator(_) | Actor::Gateway | Actor::Tracker | Actor::Clock => {
            return Err(Rejection::UnknownActor);
        }
    }
    let now = context.now;
    let begins = match terms.trial {
        None => now,
        Some(Trial::Lasts(length)) => length.after(now, 1).ok_or(Rejection::TrialTooLong)?,
        Some(Trial::Until(at)) if at <= now => return Err(Rejection::TrialOver),
        Some(Trial::Until(at)) if at.minus_secs(Policy::MAX_DURATION_S) > now => {
            return Err(Rejection::TrialTooLong);
        }
        Some(Trial::Until(at)) => at,
    };
    let mut events = Events::new();
    let mut out = Out::begin(context, &mut events);
    out.push(Event::Subscribed { terms: terms.clone(), begins });
    let mut subscription = Subscription { id, state: State::begin(&terms, begins, now), terms };
    if begins <= now {
        subscription.state.begin_period(Missed::Skipped, &mut out);
    }
    events.iter().skip(1).for_each(|recorded| subscription.apply(recorded));
    Ok((subscription, Transition::new(events, None)))
}
