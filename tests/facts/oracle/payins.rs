//! Money that comes in: what the gateway says of payments.

use super::books::{Books, Does};
use super::holds::{Hold, HoldEnd};
use super::words::{Amount, Answer, Confirm, Currency, DepositId, How, Kind, Outcome, Payment, Purpose};

/// Money that came in by a payment, for one deposit.
#[derive(Clone, Debug)]
pub struct Receipt {
    pub payment: Payment,
    /// Where it is recorded: the deposit that was named, or one of its own for stray money.
    pub deposit: DepositId,
    pub named: DepositId,
    pub amount: Amount,
    pub currency: Currency,
    pub capture: Option<String>,
    /// Captured by an order of the deal: the gateway may tell of it with the id or without.
    pub own: bool,
    pub last: bool,
    /// How much of it was a hold before.
    pub from_hold: Amount,
    pub at: u64,
}

impl Books {
    /// The gateway says that money came in, or is held.
    pub fn confirm(&mut self, fact: &Confirm) -> Answer {
        assert!(fact.amount > 0, "a payment of nothing is no fact");
        let answer = match &fact.how {
            How::Held => self.judge_hold(fact),
            How::Charged { capture, last } => self.judge_charge(fact, capture.as_deref(), *last),
        };
        if answer != Answer::Applied {
            return answer;
        }
        self.record(fact);
        Answer::Applied
    }

    /// What is known to be new.
    pub(crate) fn record(&mut self, fact: &Confirm) {
        self.moment += 1;
        let deposit = if fact.currency == self.deposits[fact.deposit].currency {
            fact.deposit
        } else {
            self.stray(fact)
        };
        match &fact.how {
            How::Held => self.record_hold(fact, deposit),
            How::Charged { capture, last } => self.record_charge(fact, deposit, capture.clone(), *last),
        }
        self.settle();
    }

    /// The port answers a party's claim. It makes a receipt only where its payment has none yet, in any deposit.
    pub fn claim_answered(&mut self, fact: &Confirm) -> Answer {
        if self.receipts.iter().any(|receipt| receipt.payment == fact.payment) {
            return Answer::Applied;
        }
        self.confirm(fact)
    }

    fn judge_hold(&self, fact: &Confirm) -> Answer {
        let same = |hold: &&Hold| hold.payment == fact.payment && hold.named == fact.deposit;
        if let Some(hold) = self.holds.iter().find(same) {
            return if hold.amount == fact.amount && hold.currency == fact.currency {
                Answer::Repeat
            } else {
                let stands = format!("a hold of {} {}", hold.amount, hold.currency);
                Answer::contradicts(stands, format!("a hold of {} {}", fact.amount, fact.currency))
            };
        }
        let charged = |receipt: &Receipt| receipt.payment == fact.payment && receipt.named == fact.deposit;
        if self.receipts.iter().any(charged) { Answer::Repeat } else { Answer::Applied }
    }

    fn judge_charge(&self, fact: &Confirm, capture: Option<&str>, last: bool) -> Answer {
        let of_payment =
            |receipt: &&Receipt| receipt.payment == fact.payment && receipt.named == fact.deposit;
        for receipt in self.receipts.iter().filter(of_payment) {
            if receipt.capture.as_deref() == capture || receipt.own && capture.is_none() {
                // whether it was the last is not said to be content
                let same = receipt.amount == fact.amount && receipt.currency == fact.currency;
                return if same {
                    Answer::Repeat
                } else {
                    let stands = format!("{} {}, last: {}", receipt.amount, receipt.currency, receipt.last);
                    Answer::contradicts(stands, format!("{} {}, last: {last}", fact.amount, fact.currency))
                };
            }
            if !receipt.own && receipt.capture.is_some() != capture.is_some() {
                let stands = format!("charged with capture {:?}", receipt.capture);
                return Answer::contradicts(stands, format!("charged with capture {capture:?}"));
            }
        }
        Answer::Applied
    }

    /// The deposit of stray money: one for each payment in another currency.
    fn stray(&mut self, fact: &Confirm) -> DepositId {
        let same = |hold: &&Hold| {
            hold.payment == fact.payment && hold.named == fact.deposit && hold.currency == fact.currency
        };
        let known = self.holds.iter().find(same).map(|hold| hold.deposit);
        let known = known.or_else(|| {
            let same = |receipt: &&Receipt| {
                receipt.payment == fact.payment
                    && receipt.named == fact.deposit
                    && receipt.currency == fact.currency
            };
            self.receipts.iter().find(same).map(|receipt| receipt.deposit)
        });
        known.unwrap_or_else(|| self.deposit(Kind::Stray(fact.deposit), 0, fact.currency))
    }

    fn record_hold(&mut self, fact: &Confirm, deposit: DepositId) {
        let wanted = self.wanted(deposit).min(fact.amount);
        let no = self.holds.len();
        self.holds.push(Hold {
            payment: fact.payment.clone(),
            deposit,
            named: fact.deposit,
            amount: fact.amount,
            currency: fact.currency,
            captured: 0,
            let_go: 0,
            lapsed: 0,
            failed: 0,
            failed_at: 0,
            capturing: None,
            voiding: None,
            end: None,
            at: self.moment,
        });
        if wanted < fact.amount {
            self.give_back_of_hold(no, Purpose::Excess, fact.amount - wanted);
        }
    }

    fn record_charge(&mut self, fact: &Confirm, deposit: DepositId, capture: Option<String>, last: bool) {
        let same = |hold: &Hold| hold.payment == fact.payment && hold.deposit == deposit;
        let hold = self.holds.iter().position(same);
        let (mut from_hold, mut undone) = (0, 0);
        if let Some(no) = hold {
            self.answer_by_itself(no, fact.amount);
            from_hold = self.holds[no].open().min(fact.amount);
            undone = self.holds[no].failed.min(fact.amount - from_hold);
            let hold = &mut self.holds[no];
            hold.captured += from_hold + undone;
            hold.failed -= undone;
            hold.end = Some(HoldEnd::Charged);
        }
        let new = fact.amount - from_hold - undone;
        let wanted = self.wanted(deposit).min(new);
        self.receipts.push(Receipt {
            payment: fact.payment.clone(),
            deposit,
            named: fact.deposit,
            amount: fact.amount,
            currency: fact.currency,
            capture,
            own: false,
            last,
            from_hold: from_hold + undone,
            at: self.moment,
        });
        if let Some(no) = hold {
            self.after_a_charge(no, last);
        }
        if wanted < new {
            self.order_back(deposit, &fact.payment, Purpose::Excess, new - wanted);
            let leg = self.legs.last_mut().expect("just ordered");
            leg.by_ending = false;
        }
    }

    /// The gateway did what it was asked to do, and told so before it answered.
    fn answer_by_itself(&mut self, hold: usize, charged: Amount) {
        let Some(tx) = self.holds[hold].capturing else { return };
        if let Does::Capture { amount, .. } = self.transactions[tx].does
            && amount == charged
        {
            self.transactions[tx].outcome = Some(Outcome::Succeeded);
        }
    }

    /// How much more the deposit takes. A loss before the performance makes room, a later one does not.
    pub fn wanted(&self, deposit: DepositId) -> Amount {
        let Some(place) = self.deposits.get(deposit) else { return 0 };
        if place.accepting && !self.closed && !self.ended {
            (place.required - self.pot(deposit)).max(0)
        } else {
            0
        }
    }
}
