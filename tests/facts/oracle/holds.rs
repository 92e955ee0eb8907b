//! Holds: money that the gateway keeps for the deal until it is captured or let go.

use super::books::{Books, Does, Transaction};
use super::legs::{Attempt, Sent};
use super::payins::Receipt;
use super::words::{Amount, Answer, Confirm, Currency, DepositId, How, Outcome, Payment, Purpose, Tx};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HoldEnd {
    Charged,
    LetGo,
    Lapsed,
}

#[derive(Clone, Debug)]
pub struct Hold {
    pub payment: Payment,
    pub deposit: DepositId,
    pub named: DepositId,
    pub amount: Amount,
    pub currency: Currency,
    pub captured: Amount,
    pub let_go: Amount,
    /// What lapsed or could not be captured before the performance: the pot is without it.
    pub lapsed: Amount,
    /// What could not be captured later: a loss that comes after the division.
    pub failed: Amount,
    pub failed_at: u64,
    pub capturing: Option<Tx>,
    pub voiding: Option<Tx>,
    pub end: Option<HoldEnd>,
    pub at: u64,
}

impl Hold {
    /// What is still held at the gateway.
    pub fn open(&self) -> Amount {
        self.amount - self.captured - self.let_go - self.lapsed - self.failed
    }
}

impl Books {
    /// What of the hold is given back, and waits to be let go.
    pub fn given_back(&self, hold: usize) -> Amount {
        self.legs.iter().filter(|leg| leg.hold == Some(hold)).map(|leg| leg.open()).sum()
    }

    /// What of the deposit's holds the deal wants, and has not got yet.
    pub fn uncaptured(&self, deposit: DepositId) -> Amount {
        let holds = (0..self.holds.len()).filter(|&no| self.holds[no].deposit == deposit);
        holds.map(|no| self.holds[no].open() - self.given_back(no)).sum()
    }

    pub(crate) fn give_back_of_hold(&mut self, hold: usize, purpose: Purpose, amount: Amount) {
        let Hold { deposit, payment, .. } = self.holds[hold].clone();
        let no = self.order_back(deposit, &payment, purpose, amount);
        self.leg_mut(no).hold = Some(hold);
    }

    /// Orders the capture of what is wanted of a hold. The rest is let go with it.
    pub fn capture(&mut self, hold: usize) -> Option<Tx> {
        let amount = self.holds[hold].open() - self.given_back(hold);
        if amount <= 0 || self.holds[hold].capturing.is_some() || self.holds[hold].voiding.is_some() {
            return None;
        }
        let tx = self.transactions.len();
        self.transactions.push(Transaction::new(Does::Capture { hold, amount }));
        self.holds[hold].capturing = Some(tx);
        Some(tx)
    }

    /// Holds of which nothing is wanted are let go.
    pub(crate) fn void_what_is_given_back(&mut self) {
        for hold in 0..self.holds.len() {
            let open = self.holds[hold].open();
            let idle = self.holds[hold].capturing.is_none() && self.holds[hold].voiding.is_none();
            if open > 0 && idle && self.given_back(hold) == open {
                self.holds[hold].voiding = Some(self.transactions.len());
                self.transactions.push(Transaction::new(Does::Void { hold }));
            }
        }
    }

    /// After a charge: a last one lets the rest go; what was to be let go but is money now is refunded.
    pub(crate) fn after_a_charge(&mut self, hold: usize, last: bool) {
        if last {
            let rest = self.holds[hold].open();
            self.let_go(hold, rest);
            self.holds[hold].capturing = None;
        }
        let mut over = self.given_back(hold) - self.holds[hold].open();
        let legs: Vec<usize> =
            self.legs.iter().filter(|leg| leg.hold == Some(hold)).map(|leg| leg.no).collect();
        for no in legs.into_iter().rev() {
            let part = self.leg(no).open().min(over);
            if part > 0 {
                let refund = if part < self.leg(no).gross { self.split(no, part) } else { no };
                self.leg_mut(refund).hold = None;
                self.stands_last(refund);
                over -= part;
            }
        }
    }

    /// The gateway keeps this much of the hold no longer.
    fn let_go(&mut self, hold: usize, amount: Amount) {
        let mut left = amount;
        let ended = self.ended;
        for leg in self.legs.iter_mut().filter(|leg| leg.hold == Some(hold)) {
            let part = leg.open().min(left);
            if part > 0 {
                leg.attempts.push(Attempt {
                    tx: None,
                    amount: part,
                    state: Sent::Succeeded,
                    returned: 0,
                    double: false,
                });
                left -= part;
            }
        }
        self.holds[hold].let_go += amount - left;
        if left > 0 && ended {
            self.fail(hold, left);
        } else if left > 0 {
            self.give_back_of_hold(hold, Purpose::Refund, left);
            self.let_go(hold, left);
        }
    }

    fn fail(&mut self, hold: usize, amount: Amount) {
        if self.begun || self.ended {
            self.holds[hold].failed += amount;
            self.holds[hold].failed_at = self.moment;
        } else {
            self.holds[hold].lapsed += amount;
        }
    }

    /// The hold is over at the gateway, uncaptured.
    fn end_uncaptured(&mut self, hold: usize, end: HoldEnd) {
        let given_back = self.given_back(hold);
        if given_back > 0 {
            self.let_go(hold, given_back);
        }
        let rest = self.holds[hold].open();
        self.fail(hold, rest);
        self.holds[hold].end = Some(end);
        self.holds[hold].capturing = None;
    }

    /// The hold has run out at the gateway.
    pub fn hold_lapses(&mut self, hold: usize) -> Answer {
        match self.holds[hold].end {
            Some(HoldEnd::Lapsed) => return Answer::Repeat,
            Some(HoldEnd::Charged | HoldEnd::LetGo) if self.holds[hold].open() == 0 => {
                return Answer::contradicts("the hold is charged or let go", "lapsed");
            }
            Some(HoldEnd::Charged | HoldEnd::LetGo) | None => {}
        }
        self.moment += 1;
        self.end_uncaptured(hold, HoldEnd::Lapsed);
        self.settle();
        Answer::Applied
    }

    pub(crate) fn capture_answered(
        &mut self,
        tx: Tx,
        hold: usize,
        amount: Amount,
        outcome: &Outcome,
    ) -> Answer {
        let capture = match outcome {
            Outcome::Declined => return self.capture_declined(tx, hold),
            _ if matches!(self.transactions[tx].outcome, Some(Outcome::Succeeded | Outcome::Captured(_))) => {
                return Answer::Repeat;
            }
            Outcome::Succeeded => None,
            Outcome::Captured(id) => Some(id.clone()),
        };
        let Hold { payment, named, currency, .. } = self.holds[hold].clone();
        let with_ids = self.receipts.iter().any(|receipt| {
            receipt.payment == payment && receipt.named == named && !receipt.own && receipt.capture.is_some()
        });
        let asked = self.holds[hold].capturing == Some(tx);
        let capture = capture.filter(|_| asked || with_ids);
        let how = How::Charged { capture, last: true };
        let fact = Confirm { payment, deposit: named, amount, currency, how };
        // the answer to what the deal has asked for is no contradiction
        let answer = if asked {
            self.record(&fact);
            let same = |receipt: &&mut Receipt| receipt.payment == fact.payment && receipt.amount == amount;
            self.receipts.iter_mut().rev().find(same).expect("just recorded").own = true;
            Answer::Applied
        } else {
            self.confirm(&fact)
        };
        if !matches!(answer, Answer::Contradicts { .. }) {
            self.transactions[tx].outcome = Some(outcome.clone());
        }
        answer
    }

    fn capture_declined(&mut self, tx: Tx, hold: usize) -> Answer {
        match self.transactions[tx].outcome {
            Some(Outcome::Declined) => return Answer::Repeat,
            Some(Outcome::Succeeded | Outcome::Captured(_)) => return self.ask_again(tx),
            None if self.holds[hold].open() == 0 && self.holds[hold].end == Some(HoldEnd::Charged) => {
                return self.ask_again(tx);
            }
            None => {}
        }
        self.moment += 1;
        self.transactions[tx].outcome = Some(Outcome::Declined);
        self.end_uncaptured(hold, HoldEnd::Lapsed);
        self.settle();
        Answer::Applied
    }

    pub(crate) fn void_answered(&mut self, tx: Tx, hold: usize, outcome: &Outcome) -> Answer {
        let said = outcome == &Outcome::Declined;
        match &self.transactions[tx].outcome {
            Some(Outcome::Declined) if said => return Answer::Repeat,
            Some(Outcome::Succeeded | Outcome::Captured(_)) if said => return self.ask_again(tx),
            Some(Outcome::Succeeded | Outcome::Captured(_)) => return Answer::Repeat,
            Some(Outcome::Declined) | None => {}
        }
        if !said && self.holds[hold].end == Some(HoldEnd::Charged) && self.holds[hold].open() == 0 {
            return Answer::contradicts("the hold was charged", "the hold was voided");
        }
        self.moment += 1;
        self.transactions[tx].outcome = Some(outcome.clone());
        if self.holds[hold].open() > 0 {
            self.end_uncaptured(hold, HoldEnd::LetGo);
        }
        self.settle();
        Answer::Applied
    }

    /// A bare decline after a success: asked again under the same key, never sent anew.
    pub(crate) fn ask_again(&mut self, tx: Tx) -> Answer {
        self.transactions[tx].asked_again += 1;
        Answer::Applied
    }
}
