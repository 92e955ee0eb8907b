//! The rules of a balance: who may do what and when, what is a repeat, and what follows.

use super::command::{self, Command, CommandKind};
use super::facts::is_known;
use super::withdrawal::is_within_a_day;
use super::{After, Balance, Event, Holder, PolicyError, Rejection, Withdrawal, WithdrawalStatus};
use crate::code::{Code, Judged, Verdict};
use escrow::Context;
use escrow::machine::{Out, Rules};
use escrow::{Actor, Destination, Money, Time, names};

/// In which capacity somebody acts on a balance.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Role {
    /// Whose it is.
    Holder,
    /// Staff of the platform; for the platform's and the processor's balance the only person who acts.
    Operator,
    /// The payment gateway.
    Gateway,
    /// The passage of time, and the host that follows deals.
    Clock,
}

names! {
    /// Every role.
    Role, "holder, operator, gateway or clock" {
        Holder = "holder",
        Operator = "operator",
        Gateway = "gateway",
        Clock = "clock",
    }
}

/// The table: who may give a command, and in which statuses of the withdrawal that it names. Nothing else knows.
///
/// A credit is nobody's to give: the host reads it from the deal, as the clock.
pub const fn permitted(command: CommandKind) -> (&'static [Role], &'static [WithdrawalStatus]) {
    const ANY: &[WithdrawalStatus] = &WithdrawalStatus::ALL;
    const HOLDERS: &[Role] = &[Role::Holder, Role::Operator];
    match command {
        CommandKind::Credit | CommandKind::Debit | CommandKind::Wake => (&[Role::Clock], ANY),
        CommandKind::Request => (HOLDERS, ANY),
        CommandKind::NewCode | CommandKind::Confirm | CommandKind::Cancel => {
            (HOLDERS, &[WithdrawalStatus::Requested])
        }
        CommandKind::Answer => {
            (&[Role::Gateway], &[WithdrawalStatus::Sent, WithdrawalStatus::Paid, WithdrawalStatus::Failed])
        }
        CommandKind::Returned => (&[Role::Gateway], &[WithdrawalStatus::Paid]),
        CommandKind::SetPolicy => (&[Role::Operator], ANY),
    }
}

/// What a deadline of a balance is for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Timer {
    /// Credits clear.
    Clear,
    /// The code of a withdrawal was not entered in time.
    Expire {
        /// Which withdrawal.
        withdrawal: u32,
    },
}

impl Rules for Balance {
    rules_head!(progress, WithdrawalStatus, Timer);

    fn status_for(&self, command: &Command) -> Result<Option<WithdrawalStatus>, Rejection> {
        let number = match command {
            Command::NewCode(c) => c.withdrawal,
            Command::Confirm(c) => c.withdrawal,
            Command::Cancel(c) => c.withdrawal,
            Command::Answer(c) => c.withdrawal,
            Command::Returned(c) => c.withdrawal,
            Command::Credit(_)
            | Command::Debit(_)
            | Command::Request(_)
            | Command::SetPolicy(_)
            | Command::Wake(_) => return Ok(None),
        };
        Ok(Some(self.named(number)?.status()))
    }

    fn already_stands(&self, command: &Command, _: Role, _: &Context) -> bool {
        let find = |number| self.withdrawals.find(number);
        match command {
            Command::Credit(c) => self.heard.find(&c.fact()).is_some_and(|k| k.minor == c.amount.minor()),
            Command::Debit(c) => self.heard.find(&c.fact()).is_some_and(|known| {
                let same = known.minor == c.amount.minor() && known.since == c.since;
                known.revision > c.revision || known.revision == c.revision && same
            }),
            Command::Request(c) => {
                find(c.number).is_some_and(|w| w.amount == c.amount && w.destination == c.destination)
            }
            Command::NewCode(c) => find(c.withdrawal).is_some_and(|w| w.code.knows(c.number)),
            Command::Confirm(c) => self.verdict(c).is_some(),
            Command::Cancel(c) => {
                find(c.withdrawal).is_some_and(|w| w.status() == WithdrawalStatus::Cancelled)
            }
            Command::Answer(c) => find(c.withdrawal).is_some_and(|w| is_known(w, &c.result)),
            Command::Returned(c) => find(c.withdrawal).is_some_and(|w| {
                w.returned.iter().any(|back| back.reference == c.reference && back.amount == c.amount)
            }),
            Command::SetPolicy(c) => self.policy == c.policy,
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
            Command::Credit(c) => self.judge_credit(c, out),
            Command::Debit(c) => self.judge_debit(c, out),
            Command::Request(c) => self.judge_request(c, out),
            Command::NewCode(c) => self.judge_new_code(c, out),
            Command::Confirm(c) => self.judge_confirm(c, out),
            Command::Cancel(c) => {
                let w = self.named(c.withdrawal)?;
                let (amount, fee, after) = self.returned(w);
                out.push(Event::WithdrawalCancelled { withdrawal: w.number, amount, fee, after });
                Ok(())
            }
            Command::Answer(c) => self.judge_answer(c, out),
            Command::Returned(c) => self.judge_returned(c, out),
            Command::SetPolicy(c) => {
                c.policy.check(self.currency)?;
                if c.policy.horizon_s != self.policy.horizon_s {
                    return Err(PolicyError::PINNED.into());
                }
                out.push(Event::PolicySet { policy: c.policy });
                Ok(())
            }
            Command::Wake(_) => Ok(()),
        }
    }

    fn next_timer(&self) -> Option<(Time, Timer)> {
        let clears = self.clearing.keys().next().map(|at| (*at, Timer::Clear));
        let expires = self.withdrawals.next_expiry();
        let expires = expires.map(|(at, withdrawal)| (at, Timer::Expire { withdrawal }));
        clears.into_iter().chain(expires).min()
    }

    /// What is due clears; a withdrawal whose code is not entered in time gives its funds back.
    fn fire(&self, timer: Timer, out: &mut Out<'_, Event>) {
        match timer {
            Timer::Clear => {
                if let Some((due, minor)) = self.clearing.first_key_value() {
                    // never saturates: both are parts of what was credited
                    let available = self.sums.available.saturating_add(*minor);
                    let clearing = self.sums.clearing.saturating_sub(*minor);
                    let after =
                        After { clearing: self.money(clearing), ..self.after(available, self.sums.reserved) };
                    out.push(Event::Cleared { due: *due, amount: self.money(*minor), after });
                }
            }
            Timer::Expire { withdrawal } => {
                if let Some(w) = self.withdrawals.find(withdrawal) {
                    let (amount, fee, after) = self.returned(w);
                    out.push(Event::WithdrawalExpired { withdrawal, amount, fee, after });
                }
            }
        }
    }
}

impl Balance {
    /// The role of an actor in this balance; `None` for one that has no part in it.
    pub fn role_of(&self, actor: &Actor) -> Option<Role> {
        match actor {
            Actor::Party(id) => match &self.holder {
                Holder::Party(holder) if holder == id => Some(Role::Holder),
                Holder::Party(_) | Holder::Platform | Holder::Processor => None,
            },
            Actor::Operator(_) => Some(Role::Operator),
            Actor::Gateway => Some(Role::Gateway),
            Actor::Clock => Some(Role::Clock),
            Actor::Moderator(_) | Actor::Tracker => None,
        }
    }

    pub(super) fn check_amount(&self, amount: Money) -> Result<(), Rejection> {
        if amount.currency() != self.currency {
            return Err(Rejection::OtherCurrency);
        }
        if amount.is_positive() { Ok(()) } else { Err(Rejection::AmountNotPositive) }
    }

    /// Reserves the amount and the fee, if the limits allow it and there is so much.
    fn judge_request(&self, c: &command::Request, out: &mut Out<'_, Event>) -> Result<(), Rejection> {
        let last = self.last_number();
        let next = last.checked_add(1).ok_or(Rejection::SumTooLarge)?;
        if (1..=last).contains(&c.number) {
            return Err(Rejection::NumberTaken { number: c.number, next });
        }
        if c.number != next {
            return Err(Rejection::NumberSkipped { next });
        }
        match &c.destination {
            Destination::Balance => return Err(Rejection::ToBalance),
            Destination::Account(_) | Destination::Card(_) | Destination::Wallet(_) => {}
        }
        self.check_amount(c.amount)?;
        let policy = &self.policy;
        let minor = c.amount.minor();
        if let Some(min) = policy.min.filter(|min| minor < min.minor()) {
            return Err(Rejection::UnderMinimum { min });
        }
        if let Some(max) = policy.max.filter(|max| minor > max.minor()) {
            return Err(Rejection::OverMaximum { max });
        }
        let fee = policy.fee.of(minor).ok_or(Rejection::SumTooLarge)?;
        if fee >= minor {
            return Err(Rejection::FeeOverAmount { fee: self.money(fee) });
        }
        if let Some(per_day) = policy.per_day {
            let left = per_day.minor().saturating_sub(self.withdrawals.of_last_day(out.now())).max(0);
            if minor > left {
                return Err(Rejection::OverDay { left: self.money(left) });
            }
        }
        if self.withdrawals.open().len() >= usize::from(policy.max_open) {
            return Err(Rejection::TooManyOpen { max: policy.max_open });
        }
        self.check_codes(out.now())?;
        let total = minor.checked_add(fee).ok_or(Rejection::SumTooLarge)?;
        if total > self.sums.available {
            let (total, available) = (self.money(total), self.available());
            return Err(Rejection::Insufficient { total, available });
        }
        let available = self.sums.available.checked_sub(total).ok_or(Rejection::SumTooLarge)?;
        let reserved = self.sums.reserved.checked_add(total).ok_or(Rejection::SumTooLarge)?;
        out.push(Event::WithdrawalRequested {
            withdrawal: c.number,
            amount: c.amount,
            fee: self.money(fee),
            destination: c.destination.clone(),
            code: Code::issue(1, c.code, &policy.code, out.now()),
            after: self.after(available, reserved),
        });
        Ok(())
    }

    fn judge_new_code(&self, c: &command::NewCode, out: &mut Out<'_, Event>) -> Result<(), Rejection> {
        let w = self.named(c.withdrawal)?;
        // a code that is known was recognised before
        if let Some(code) = w.code.replace(c.number, c.code, &self.policy.code, out.now())? {
            self.check_codes(out.now())?;
            out.push(Event::CodeIssued { withdrawal: w.number, code });
        }
        Ok(())
    }

    /// A guesser who asks for one code after the other, or for one withdrawal after the other, comes to an end here.
    fn check_codes(&self, now: Time) -> Result<(), Rejection> {
        let max = self.policy.codes_per_day;
        let sent = self.codes_sent.iter().filter(|at| is_within_a_day(**at, now)).count();
        if sent >= usize::from(max) { Err(Rejection::TooManyCodes { max }) } else { Ok(()) }
    }

    /// The right code orders the payment; a wrong one counts.
    fn judge_confirm(&self, c: &command::Confirm, out: &mut Out<'_, Event>) -> Result<(), Rejection> {
        let w = self.named(c.withdrawal)?;
        if self.sums.available < 0 {
            return Err(Rejection::Negative { available: self.available() });
        }
        let max = self.policy.guesses_per_day;
        let wrong = self.wrong_codes.iter().filter(|at| is_within_a_day(**at, out.now())).count();
        if wrong >= usize::from(max) {
            return Err(Rejection::TooManyGuesses { max });
        }
        let (withdrawal, code, attempt) = (w.number, c.attempt.code, c.attempt.number);
        match w.code.judge(&c.attempt, out.now())? {
            // recognised before
            Judged::Stands(_) => {}
            Judged::New(Verdict::Refused { attempts_left }) => {
                out.push(Event::CodeRefused { withdrawal, code, attempt, attempts_left });
            }
            Judged::New(Verdict::Accepted) => {
                let (amount, destination) = (w.amount, w.destination.clone());
                out.push(Event::WithdrawalSent { withdrawal, code, attempt, amount, destination });
            }
        }
        Ok(())
    }

    /// The withdrawal that a command names.
    pub(super) fn named(&self, number: u32) -> Result<&Withdrawal, Rejection> {
        let unknown = Rejection::UnknownWithdrawal { number, last: self.last_number() };
        self.withdrawals.find(number).ok_or(unknown)
    }

    /// What an open withdrawal gives back, and the sums after that.
    pub(super) fn returned(&self, w: &Withdrawal) -> (Money, Money, After) {
        // never saturates: it was reserved out of what was available
        let available = self.sums.available.saturating_add(w.total());
        let reserved = self.sums.reserved.saturating_sub(w.total());
        (w.amount, w.fee, self.after(available, reserved))
    }

    pub(super) fn after(&self, available: i64, reserved: i64) -> After {
        After { available: self.money(available), clearing: self.clearing(), reserved: self.money(reserved) }
    }
}
