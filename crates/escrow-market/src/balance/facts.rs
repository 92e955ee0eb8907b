//! What the host tells of deals, and the gateway of withdrawals.

use super::command::{self, Answered};
use super::heard::is_within;
use super::{
    After, Balance, Clearing, Event, Fact, Rejection, Withdrawal, WithdrawalState, WithdrawalStatus,
};
use escrow::Time;
use escrow::machine::Out;

/// The most returns of one withdrawal.
pub(super) const MAX_RETURNS: u8 = 64;

impl Balance {
    pub(super) fn judge_credit(
        &self,
        c: &command::Credit,
        out: &mut Out<'_, Event>,
    ) -> Result<(), Rejection> {
        self.check_amount(c.amount)?;
        if self.heard.find(&c.fact()).is_some() {
            return Err(Rejection::FactReused { fact: c.fact() });
        }
        self.check_age(c.fact(), c.settled_at, out.now())?;
        let minor = c.amount.minor();
        // every other sum is part of this one
        self.sums.credited.checked_add(minor).ok_or(Rejection::SumTooLarge)?;
        let (mut clears, mut later) = (Vec::new(), 0_i64);
        for (after_s, part) in self.policy.clearance(minor) {
            let at = c.settled_at.plus_secs(after_s);
            if after_s > 0 && part > 0 && at > out.now() {
                clears.push(Clearing { at, amount: self.money(part) });
                later = later.saturating_add(part);
            }
        }
        let at_once = minor.saturating_sub(later);
        let available = self.sums.available.checked_add(at_once).ok_or(Rejection::SumTooLarge)?;
        let clearing = self.sums.clearing.checked_add(later).ok_or(Rejection::SumTooLarge)?;
        out.push(Event::Credited {
            deal: c.deal,
            transaction: c.transaction,
            purpose: c.purpose,
            settled_at: c.settled_at,
            amount: c.amount,
            clears,
            after: After { clearing: self.money(clearing), ..self.after(available, self.sums.reserved) },
        });
        Ok(())
    }

    /// What is more than before is taken, what is less is given back. What is older was recognised before.
    pub(super) fn judge_debit(&self, c: &command::Debit, out: &mut Out<'_, Event>) -> Result<(), Rejection> {
        if !(c.amount.is_zero() && c.revision > 0) {
            self.check_amount(c.amount)?;
        } else if c.amount.currency() != self.currency {
            return Err(Rejection::OtherCurrency);
        }
        let known = self.heard.find(&c.fact());
        if known.is_some_and(|known| known.revision == c.revision || known.since != c.since) {
            return Err(Rejection::FactReused { fact: c.fact() });
        }
        self.check_age(c.fact(), c.since, out.now())?;
        let before = known.map_or(0, |known| known.minor);
        let more = c.amount.minor().saturating_sub(before);
        self.sums.debited.checked_add(more).ok_or(Rejection::SumTooLarge)?;
        let available = self.sums.available.checked_sub(more).ok_or(Rejection::SumTooLarge)?;
        let (deal, receivable, revision) = (c.deal, c.receivable, c.revision);
        let (since, total) = (c.since, c.amount);
        let after = self.after(available, self.sums.reserved);
        out.push(if more > 0 {
            let (payee, purpose, amount) = (c.payee.clone(), c.purpose, self.money(more));
            Event::Debited { deal, receivable, revision, payee, purpose, since, amount, total, after }
        } else {
            let amount = self.money(more.saturating_neg());
            Event::Restored { deal, receivable, revision, since, amount, total, after }
        });
        Ok(())
    }

    fn check_age(&self, fact: Fact, since: Time, now: Time) -> Result<(), Rejection> {
        if !is_within(since, self.policy.horizon_s, now) {
            return Err(Rejection::TooOld { fact, until: since.plus_secs(self.policy.horizon_s) });
        }
        Ok(())
    }

    /// The gateway's answer. What is known, or changes nothing, was recognised before.
    pub(super) fn judge_answer(
        &self,
        c: &command::Answer,
        out: &mut Out<'_, Event>,
    ) -> Result<(), Rejection> {
        let w = self.named(c.withdrawal)?;
        let (withdrawal, status) = (w.number, w.status());
        match &c.result {
            Answered::Succeeded(reference) => {
                let (available, reserved) = match &w.state {
                    // declined, and paid after all: the funds are taken once more
                    WithdrawalState::Failed { .. } => {
                        let left = self.sums.available.checked_sub(w.total());
                        (left.ok_or(Rejection::SumTooLarge)?, self.sums.reserved)
                    }
                    WithdrawalState::Paid { reference: known, .. } if known == reference => {
                        out.push(Event::AnswerConfirmed { withdrawal });
                        return Ok(());
                    }
                    WithdrawalState::Paid { .. } => {
                        return Err(Rejection::AlreadyAnswered { number: withdrawal, status });
                    }
                    WithdrawalState::Sent { .. }
                    | WithdrawalState::Requested {}
                    | WithdrawalState::Cancelled { .. }
                    | WithdrawalState::Expired { .. } => {
                        (self.sums.available, self.sums.reserved.saturating_sub(w.total()))
                    }
                };
                out.push(Event::WithdrawalPaid {
                    withdrawal,
                    reference: reference.clone(),
                    amount: w.amount,
                    fee: w.fee,
                    after: self.after(available, reserved),
                });
            }
            // a bare decline of what was paid: it is asked again, never sent anew
            Answered::Declined(_) if status == WithdrawalStatus::Paid => {
                out.push(Event::AnswerDoubted { withdrawal });
            }
            Answered::Declined(reason) => {
                let (amount, fee, after) = self.returned(w);
                let reason = reason.clone();
                out.push(Event::WithdrawalFailed { withdrawal, reason, amount, fee, after });
            }
            Answered::InProgress => {}
        }
        Ok(())
    }

    /// The holder's bank gave a withdrawal back. A repeat was recognised before.
    pub(super) fn judge_returned(
        &self,
        c: &command::Returned,
        out: &mut Out<'_, Event>,
    ) -> Result<(), Rejection> {
        let w = self.named(c.withdrawal)?;
        self.check_amount(c.amount)?;
        let contradicts =
            |recorded| Rejection::ReturnContradicts { number: w.number, recorded, told: c.amount };
        if let Some(known) = w.returned.iter().find(|back| back.reference == c.reference) {
            return Err(contradicts(known.amount));
        }
        if c.amount.minor() > w.kept() {
            return Err(contradicts(self.money(w.kept())));
        }
        if w.returned.len() >= usize::from(MAX_RETURNS) {
            return Err(Rejection::TooManyReturns { max: MAX_RETURNS });
        }
        let available = self.sums.available.checked_add(c.amount.minor()).ok_or(Rejection::SumTooLarge)?;
        out.push(Event::WithdrawalReturned {
            withdrawal: w.number,
            reference: c.reference.clone(),
            amount: c.amount,
            after: self.after(available, self.sums.reserved),
        });
        Ok(())
    }
}

/// Whether the gateway has said so before. That it is in progress changes nothing at any time, and that it was declined
/// nothing where all of it came back.
pub(super) fn is_known(w: &Withdrawal, answer: &Answered) -> bool {
    let status = w.status();
    match answer {
        Answered::Succeeded(told) => match &w.state {
            WithdrawalState::Paid { reference, .. } => reference == told && !w.doubted,
            WithdrawalState::Requested {}
            | WithdrawalState::Sent { .. }
            | WithdrawalState::Failed { .. }
            | WithdrawalState::Cancelled { .. }
            | WithdrawalState::Expired { .. } => false,
        },
        Answered::Declined(_) => {
            let done = w.doubted || w.kept() == 0;
            status == WithdrawalStatus::Failed || status == WithdrawalStatus::Paid && done
        }
        Answered::InProgress => match status {
            WithdrawalStatus::Sent | WithdrawalStatus::Paid | WithdrawalStatus::Failed => true,
            WithdrawalStatus::Requested | WithdrawalStatus::Cancelled | WithdrawalStatus::Expired => false,
        },
    }
}
