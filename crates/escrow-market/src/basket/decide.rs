//! The rules of a basket: who may do what and when, what is a repeat, and what follows.

use super::command::{self, Answered, ChargebackStep, Command, CommandKind};
use super::{Basket, Case, Event, Parts, Payment, RefundState, Rejection, Status};
use crate::shares::divide;
use escrow::deposit::Reason;
use escrow::machine::{Out, Rules};
use escrow::{Context, Money, Terms, Time, names};

/// In which capacity somebody acts on a basket.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Role {
    /// Who pays.
    Payer,
    /// Staff of the platform.
    Operator,
    /// The payment gateway.
    Gateway,
    /// The passage of time, and the host that follows deals.
    Clock,
}

names! {
    /// Every role.
    Role, "payer, operator, gateway or clock" {
        Payer = "payer",
        Operator = "operator",
        Gateway = "gateway",
        Clock = "clock",
    }
}

/// What a deadline of a basket is for. All but the first are due at once.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Timer {
    /// It was not full in time, or every deal has left.
    GiveUp,
    /// It is full.
    Fill,
    /// A step of a chargeback can be divided.
    Divide {
        /// The chargeback, by its place.
        case: usize,
        /// The step.
        step: ChargebackStep,
    },
    /// Something of a payment goes back.
    Refund {
        /// The payment, by its place.
        payment: usize,
    },
}

/// The table: who may give a command, and while the basket is what. Nothing else knows.
pub const fn permitted(command: CommandKind) -> (&'static [Role], &'static [Status]) {
    const ANY: &[Status] = &Status::ALL;
    match command {
        CommandKind::ConfirmPayment
        | CommandKind::Chargeback
        | CommandKind::Answer
        | CommandKind::Returned => (&[Role::Gateway], ANY),
        CommandKind::Leave | CommandKind::Wake => (&[Role::Clock], ANY),
        CommandKind::Retry => (&[Role::Operator], ANY),
        CommandKind::Cancel => (&[Role::Payer, Role::Operator], &[Status::Open]),
    }
}

impl Rules for Basket {
    rules_head!(state.progress, Status, Timer);

    fn status_for(&self, _: &Command) -> Result<Option<Status>, Rejection> {
        Ok(Some(self.status()))
    }

    fn already_stands(&self, command: &Command, _: Role, _: &Context) -> bool {
        match command {
            Command::ConfirmPayment(c) => {
                self.payment(c).is_some_and(|known| known.amount == c.amount && c.held_until.is_none())
            }
            Command::Chargeback(c) => self.case(c).is_some_and(|case| match c.step {
                ChargebackStep::Won => case.won && case.payment == c.payment,
                ChargebackStep::Opened | ChargebackStep::Lost | ChargebackStep::Reinstated => {
                    case.told(c.step) == Some(c.amount) && case.payment == c.payment
                }
            }),
            Command::Answer(c) => {
                self.refund(c.refund).is_some_and(|refund| match (&refund.state, &c.result) {
                    (RefundState::Paid(known), Answered::Succeeded(told)) => known == told,
                    (RefundState::Declined(_), Answered::Declined(_)) | (_, Answered::InProgress) => true,
                    (RefundState::Ordered | RefundState::Declined(_), _)
                    | (RefundState::Paid(_), Answered::Declined(_)) => false,
                })
            }
            Command::Returned(c) => self.refund(c.refund).is_some_and(|refund| {
                refund.returned.iter().any(|back| back.reference == c.reference && back.amount == c.amount)
            }),
            Command::Leave(c) => {
                self.state.left.contains(&c.deal)
                    || self.status() != Status::Open
                        && self.draft.lines.iter().any(|line| line.deal == c.deal)
            }
            Command::Retry(c) => self.refund(c.refund).is_some_and(|refund| refund.replaced_by.is_some()),
            Command::Cancel(_) => self.status() == Status::GivenUp,
            Command::Wake(_) => false,
        }
    }

    fn rule(
        &self,
        command: &Command,
        _: Role,
        _: &Context,
        out: &mut Out<'_, Event>,
    ) -> Result<(), Rejection> {
        match command {
            Command::ConfirmPayment(c) => self.judge_payment(c, out)?,
            Command::Chargeback(c) => self.judge_chargeback(c, out)?,
            Command::Answer(c) => self.judge_answer(c, out)?,
            Command::Returned(c) => self.judge_returned(c, out)?,
            Command::Leave(c) => {
                if !self.draft.lines.iter().any(|line| line.deal == c.deal) {
                    return Err(Rejection::UnknownDeal);
                }
                out.push(Event::DealLeft { deal: c.deal });
            }
            Command::Retry(c) => {
                let refused = Rejection::NotDeclined { refund: c.refund };
                let refund = self.refund(c.refund).ok_or(refused)?;
                let free = self.free(refund.payment);
                if !refund.waits() || free <= 0 {
                    return Err(refused);
                }
                check_count(self.state.refunds.len(), MAX_RETRIED)?;
                self.order_refund(refund.payment, free, Some(c.refund), out);
            }
            Command::Cancel(c) => out.push(Event::GivenUp { reason: c.reason.clone() }),
            Command::Wake(_) => {}
        }
        Ok(())
    }

    fn next_timer(&self) -> Option<(Time, Timer)> {
        let now = self.state.progress.last_at();
        let is_open = self.status() == Status::Open;
        let lost = || self.divisible(&[ChargebackStep::Lost, ChargebackStep::Reinstated]);
        let opened = || if is_open { None } else { self.divisible(&[ChargebackStep::Opened]) };
        let fill = || {
            let total = self.total();
            let waits = is_open && total > 0 && self.outstanding().is_zero();
            let given_up = is_open && total == 0;
            if given_up { Some(Timer::GiveUp) } else { waits.then_some(Timer::Fill) }
        };
        let at_once = lost().or_else(fill).or_else(opened).or_else(|| self.refundable());
        match at_once {
            Some(timer) => Some((now, timer)),
            None => is_open.then_some((self.draft.until, Timer::GiveUp)),
        }
    }

    fn fire(&self, timer: Timer, out: &mut Out<'_, Event>) {
        match timer {
            Timer::GiveUp => out.push(Event::GivenUp { reason: Reason::default() }),
            Timer::Fill => out.push(Event::Filled { parts: self.filling() }),
            Timer::Divide { case, step } => {
                if let Some(parts) = self.state.cases.get(case).and_then(|case| self.division(case, step)) {
                    out.push(Event::ChargebackDivided { case, step, parts });
                }
            }
            Timer::Refund { payment } => self.order_refund(payment, self.free(payment), None, out),
        }
    }
}

/// The most payments, chargebacks and returns of a refund, each.
pub(super) const MAX: usize = 256;

/// The most refunds after which an operator may have another one tried again.
const MAX_RETRIED: usize = 512;

/// The most refunds: those, and what goes back by itself, once of each payment and once more for each chargeback of which
/// something was given back.
pub(super) const MAX_REFUNDS: usize = 1_024;

const fn check_count(known: usize, max: usize) -> Result<(), Rejection> {
    if known < max { Ok(()) } else { Err(Rejection::TooMany { max }) }
}

fn check_amount(amount: Money) -> Result<(), Rejection> {
    let fits = amount.is_positive() && amount.minor() <= Terms::MAX_AMOUNT;
    if fits { Ok(()) } else { Err(Rejection::AmountOutOfRange) }
}

impl Basket {
    fn payment(&self, c: &command::ConfirmPayment) -> Option<&Payment> {
        self.state.payments.iter().find(|p| p.gateway == c.gateway && p.reference == c.reference)
    }

    fn case(&self, c: &command::Chargeback) -> Option<&Case> {
        self.state.cases.iter().find(|case| case.gateway == c.gateway && case.id == c.reference)
    }

    fn refund(&self, number: u32) -> Option<&super::Refund> {
        let at = number.checked_sub(1).and_then(|n| usize::try_from(n).ok())?;
        self.state.refunds.get(at)
    }

    fn judge_payment(&self, c: &command::ConfirmPayment, out: &mut Out<'_, Event>) -> Result<(), Rejection> {
        check_amount(c.amount)?;
        if c.held_until.is_some() {
            return Err(Rejection::Hold);
        }
        if let Some(known) = self.payment(c) {
            return Err(Rejection::FactContradicts { recorded: known.amount, told: c.amount });
        }
        check_count(self.state.payments.len(), MAX)?;
        let (gateway, reference) = (c.gateway.clone(), c.reference.clone());
        out.push(Event::PaymentReceived { gateway, reference, amount: c.amount });
        Ok(())
    }

    /// Steps come in any order; each once, and all of one payment.
    fn judge_chargeback(&self, c: &command::Chargeback, out: &mut Out<'_, Event>) -> Result<(), Rejection> {
        check_amount(c.amount)?;
        let here = |p: &&Payment| p.gateway == c.gateway && p.reference == c.payment;
        if let Some(payment) = self.state.payments.iter().find(here)
            && payment.amount.currency() != c.amount.currency()
        {
            return Err(Rejection::CaseContradicts);
        }
        match self.case(c) {
            None => check_count(self.state.cases.len(), MAX)?,
            Some(case) => {
                if let Some(recorded) = case.told(c.step) {
                    return Err(Rejection::FactContradicts { recorded, told: c.amount });
                }
                let known = [case.opened, case.lost, case.reinstated].into_iter().flatten().next();
                let other = known.is_some_and(|known| known.currency() != c.amount.currency());
                let won_too_late = c.step == ChargebackStep::Won && case.lost.is_some();
                if case.payment != c.payment || other || won_too_late {
                    return Err(Rejection::CaseContradicts);
                }
            }
        }
        out.push(Event::ChargebackRecorded {
            id: c.reference.clone(),
            gateway: c.gateway.clone(),
            payment: c.payment.clone(),
            step: c.step,
            amount: c.amount,
        });
        Ok(())
    }

    fn judge_answer(&self, c: &command::Answer, out: &mut Out<'_, Event>) -> Result<(), Rejection> {
        let refund = self.refund(c.refund).ok_or(Rejection::NotDeclined { refund: c.refund })?;
        match (&refund.state, &c.result) {
            (_, Answered::InProgress) => {}
            (RefundState::Paid(_), Answered::Succeeded(_) | Answered::Declined(_)) => {
                return Err(Rejection::AnswerContradicts { refund: c.refund });
            }
            // also one that was declined before: the payer has it after all
            (RefundState::Ordered | RefundState::Declined(_), Answered::Succeeded(reference)) => {
                out.push(Event::RefundPaid { refund: c.refund, reference: reference.clone() });
            }
            (RefundState::Ordered | RefundState::Declined(_), Answered::Declined(reason)) => {
                out.push(Event::RefundDeclined { refund: c.refund, reason: reason.clone() });
            }
        }
        Ok(())
    }

    /// The payer's bank gave a refund back. A repeat was recognised before.
    fn judge_returned(&self, c: &command::Returned, out: &mut Out<'_, Event>) -> Result<(), Rejection> {
        check_amount(c.amount)?;
        let refund = self.refund(c.refund).ok_or(Rejection::NotPaid { refund: c.refund })?;
        let RefundState::Paid(_) = refund.state else { return Err(Rejection::NotPaid { refund: c.refund }) };
        let contradicts = |recorded| Rejection::FactContradicts { recorded, told: c.amount };
        if let Some(known) = refund.returned.iter().find(|back| back.reference == c.reference) {
            return Err(contradicts(known.amount));
        }
        let kept = Money::from_minor(refund.kept(), refund.amount.currency());
        if c.amount.currency() != kept.currency() || c.amount.minor() > kept.minor() {
            return Err(contradicts(kept));
        }
        check_count(refund.returned.len(), MAX)?;
        let (refund, reference, amount) = (c.refund, c.reference.clone(), c.amount);
        out.push(Event::RefundReturned { refund, reference, amount });
        Ok(())
    }

    fn order_refund(&self, payment: usize, minor: i64, instead_of: Option<u32>, out: &mut Out<'_, Event>) {
        let Some(known) = self.state.payments.get(payment) else { return };
        let refund = u32::try_from(self.state.refunds.len()).unwrap_or(u32::MAX).saturating_add(1);
        let amount = Money::from_minor(minor, known.amount.currency());
        out.push(Event::RefundOrdered { refund, payment, amount, instead_of });
    }

    /// What each line gets of each payment: the lines and the payments before first.
    fn filling(&self) -> Vec<Vec<i64>> {
        let mut missing: Vec<i64> = self
            .draft
            .lines
            .iter()
            .map(|line| if self.stays(line) { line.amount.minor() } else { 0 })
            .collect();
        let fill = |payment| {
            let mut there = self.usable(payment);
            let mut take = |missing: &mut i64| {
                let part = there.min(*missing);
                there = there.saturating_sub(part);
                *missing = missing.saturating_sub(part);
                part
            };
            missing.iter_mut().map(&mut take).collect()
        };
        (0..self.state.payments.len()).map(fill).collect()
    }

    /// A payment of which something goes back, and no refund waits for an operator.
    fn refundable(&self) -> Option<Timer> {
        let goes_back = |payment: &usize| {
            let stray = |p: &Payment| p.amount.currency() != self.draft.currency;
            let is_open = self.status() == Status::Open;
            let waits = is_open && !self.state.payments.get(*payment).is_some_and(stray);
            !waits && self.free(*payment) > 0 && !self.refunds_of(*payment).any(super::Refund::waits)
        };
        (0..self.state.payments.len()).find(goes_back).map(|payment| Timer::Refund { payment })
    }

    /// The first step that was told, is not divided, and can be.
    fn divisible(&self, steps: &[ChargebackStep]) -> Option<Timer> {
        self.state.cases.iter().enumerate().find_map(|(at, case)| {
            let step = steps.iter().find(|step| self.division(case, **step).is_some())?;
            Some(Timer::Divide { case: at, step: *step })
        })
    }

    /// On whom a step falls, where it was told and is not divided: by what is left of each line, and of what is in none; what
    /// was given back, by what was lost.
    fn division(&self, case: &Case, step: ChargebackStep) -> Option<Parts> {
        let told = case.told(step)?;
        let here = |p: &&Payment| p.gateway == case.gateway && p.reference == case.payment;
        let payment = self.state.payments.iter().find(here)?;
        if payment.amount.currency() != told.currency() {
            return None;
        }
        let left = || {
            let cases = || self.cases_of(payment);
            let line = |(n, part): (usize, &i64)| {
                cases().fold(*part, |left, case| left.saturating_sub(case.standing(n)))
            };
            let rest = payment.amount.minor().saturating_sub(payment.in_lines());
            let rest = cases().fold(rest, |left, case| left.saturating_sub(case.standing_rest()));
            let lines = payment.parts.iter().enumerate().map(line);
            lines.chain([rest]).collect::<Vec<i64>>()
        };
        let shares = match step {
            ChargebackStep::Opened if case.won || case.lost.is_some() || case.opened_on.is_some() => {
                return None;
            }
            ChargebackStep::Opened => left(),
            ChargebackStep::Lost if case.lost_on.is_some() => return None,
            ChargebackStep::Lost => left(),
            ChargebackStep::Reinstated if case.reinstated_on.is_some() => return None,
            ChargebackStep::Reinstated => {
                let lost = case.lost_on.as_ref()?;
                lost.lines.iter().copied().chain([lost.rest]).collect()
            }
            ChargebackStep::Won => return None,
        };
        let most = shares.iter().fold(0_i64, |sum, share| sum.saturating_add((*share).max(0)));
        let mut lines = divide(told.minor().min(most), &shares);
        let rest = lines.pop().unwrap_or(0);
        Some(Parts { lines, rest })
    }
}
