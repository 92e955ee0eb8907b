//! The only place where a balance changes, live and on replay.

use std::collections::VecDeque;

use super::heard::{Fact, Known};
use super::withdrawal::is_within_a_day;
use super::{Balance, Command, Event, Rejection, Return, Withdrawal, WithdrawalState};
use crate::code::Verdict;
use escrow::{DealId, Money, Recorded, Time};

machine_by_rules!(Balance, Command, Event, Rejection);

impl Balance {
    /// The only place where it changes, live and on replay.
    fn fold(&mut self, recorded: &Recorded<Event>) {
        self.progress.count(recorded);
        self.take_in(&recorded.event, recorded.at);
        if let Some(movement) = recorded.event.movement() {
            self.sums.available = movement.after.available.minor();
            self.sums.clearing = movement.after.clearing.minor();
            self.sums.reserved = movement.after.reserved.minor();
        }
        self.heard.forget(self.policy.horizon_s, self.progress.last_at());
    }
}

impl Balance {
    /// The sums that only grow, what is known, and the withdrawals.
    fn take_in(&mut self, event: &Event, at: Time) {
        // checked when it was decided
        let add = |sum: &mut i64, money: &Money| *sum = sum.saturating_add(money.minor());
        let less = |sum: &mut i64, money: &Money| *sum = sum.saturating_sub(money.minor());
        match event {
            // only ever the first event, which `begin` has folded
            Event::Opened { .. } => {}
            Event::PolicySet { policy } => self.policy = *policy,
            Event::Credited { deal, transaction, settled_at, amount, clears, .. } => {
                add(&mut self.sums.credited, amount);
                for part in clears {
                    let sum = self.clearing.entry(part.at).or_insert(0);
                    add(sum, &part.amount);
                }
                let fact = Fact::Leg { deal: *deal, transaction: *transaction };
                self.heard.insert(Known { fact, since: *settled_at, minor: amount.minor(), revision: 0 });
            }
            Event::Cleared { due, .. } => {
                self.clearing.remove(due);
            }
            Event::Debited { deal, receivable, revision, since, amount, total, .. } => {
                add(&mut self.sums.debited, amount);
                self.hear(*deal, *receivable, *revision, *since, *total);
            }
            Event::Restored { deal, receivable, revision, since, amount, total, .. } => {
                less(&mut self.sums.debited, amount);
                self.hear(*deal, *receivable, *revision, *since, *total);
            }
            Event::WithdrawalRequested { withdrawal, amount, fee, destination, code, .. } => {
                self.withdrawals.request(Withdrawal {
                    number: *withdrawal,
                    amount: *amount,
                    fee: *fee,
                    destination: destination.clone(),
                    requested_at: at,
                    code: *code,
                    state: WithdrawalState::Requested {},
                    doubted: false,
                    returned: Vec::new(),
                });
                note(&mut self.codes_sent, at);
            }
            Event::CodeIssued { withdrawal, code } => {
                self.withdrawals.set_code(*withdrawal, *code);
                note(&mut self.codes_sent, at);
            }
            Event::CodeRefused { withdrawal, attempts_left, .. } => {
                self.withdrawals.judged(*withdrawal, Verdict::Refused { attempts_left: *attempts_left });
                note(&mut self.wrong_codes, at);
            }
            Event::WithdrawalSent { withdrawal, .. } => {
                self.withdrawals.judged(*withdrawal, Verdict::Accepted);
                self.withdrawals.advance(*withdrawal, WithdrawalState::Sent { at }, at);
            }
            Event::WithdrawalPaid { withdrawal, reference, amount, fee, .. } => {
                add(&mut self.sums.paid_out, amount);
                add(&mut self.sums.fees, fee);
                let declined = self.withdrawal(*withdrawal).filter(|w| !w.status().is_open());
                if let Some(late) = declined.map(Withdrawal::total) {
                    self.sums.paid_late = self.sums.paid_late.saturating_add(late);
                }
                let state = WithdrawalState::Paid { at, reference: reference.clone() };
                self.withdrawals.advance(*withdrawal, state, at);
            }
            Event::WithdrawalFailed { withdrawal, reason, .. } => {
                let state = WithdrawalState::Failed { at, reason: reason.clone() };
                self.withdrawals.advance(*withdrawal, state, at);
            }
            Event::AnswerDoubted { withdrawal } => self.withdrawals.doubt(*withdrawal, true, at),
            Event::AnswerConfirmed { withdrawal } => self.withdrawals.doubt(*withdrawal, false, at),
            Event::WithdrawalReturned { withdrawal, reference, amount, .. } => {
                less(&mut self.sums.paid_out, amount);
                let back = Return { reference: reference.clone(), amount: *amount };
                self.withdrawals.give_back(*withdrawal, back, at);
            }
            Event::WithdrawalCancelled { withdrawal, .. } => {
                self.withdrawals.advance(*withdrawal, WithdrawalState::Cancelled { at }, at);
            }
            Event::WithdrawalExpired { withdrawal, .. } => {
                self.withdrawals.advance(*withdrawal, WithdrawalState::Expired { at }, at);
            }
        }
    }

    fn hear(&mut self, deal: DealId, number: u32, revision: u32, since: Time, total: Money) {
        let fact = Fact::Receivable { deal, number };
        self.heard.set(Known { fact, since, minor: total.minor(), revision });
    }
}

/// Notes an instant, and forgets those that are more than a day before it.
fn note(instants: &mut VecDeque<Time>, at: Time) {
    while instants.front().is_some_and(|noted| !is_within_a_day(*noted, at)) {
        instants.pop_front();
    }
    instants.push_back(at);
}
