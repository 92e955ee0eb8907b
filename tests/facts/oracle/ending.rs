//! An ending divides every deposit. Its shares are given: another calculator works them out.

use super::books::Books;
use super::debts::{Cause, Debt};
use super::words::{Amount, DepositId, Kind, Party, Payment, Purpose, RefundOrder};
use std::collections::BTreeMap;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Share {
    /// To a payee.
    Pay(Party, Purpose, Amount),
    /// Back to the depositor, by the payments it came by.
    Back(Purpose, Amount),
}

impl Share {
    fn amount(self) -> Amount {
        match self {
            Self::Pay(_, _, amount) | Self::Back(_, amount) => amount,
        }
    }
}

#[derive(Clone, Debug, Default)]
pub struct Ending {
    /// For every deposit that holds anything: its shares, in the order in which they are issued.
    pub shares: BTreeMap<DepositId, Vec<Share>>,
    /// What parties owe by the ending itself: debtor, creditor, sum.
    pub owed: Vec<(Party, Party, Amount)>,
    /// To whom money goes that comes back later and was not divided; to the depositor where nobody is named.
    pub later: BTreeMap<DepositId, Party>,
}

impl Ending {
    pub fn of(deposit: DepositId, shares: &[Share]) -> Self {
        let mut ending = Self::default();
        ending.shares.insert(deposit, shares.to_vec());
        ending
    }

    pub fn and(mut self, deposit: DepositId, shares: &[Share]) -> Self {
        self.shares.insert(deposit, shares.to_vec());
        self
    }
}

impl Books {
    /// The deal ends. The shares of a deposit sum up to [`Books::pot`].
    ///
    /// # Errors
    /// Shares that do not sum up to the pot, and a second ending: mistakes of the caller. Nothing changed.
    pub fn end(&mut self, ending: &Ending) -> Result<(), String> {
        if self.ended {
            return Err("ended already".to_owned());
        }
        for deposit in 0..self.deposits.len() {
            let shares = ending.shares.get(&deposit).map(Vec::as_slice).unwrap_or_default();
            let sum: Amount = shares.iter().map(|share| share.amount()).sum();
            if sum != self.pot(deposit) {
                return Err(format!("deposit {deposit}: {sum} shared out of {}", self.pot(deposit)));
            }
        }
        self.moment += 1;
        self.ended = true;
        self.later.clone_from(&ending.later);
        for (&deposit, shares) in &ending.shares {
            for &share in shares.iter().filter(|share| share.amount() > 0) {
                match share {
                    Share::Pay(to, purpose, amount) => {
                        self.order(deposit, to, purpose, amount);
                    }
                    Share::Back(purpose, amount) => self.give_back(deposit, purpose, amount),
                }
            }
        }
        for (number, &(debtor, creditor, amount)) in ending.owed.iter().enumerate() {
            self.debts.push(Debt::new(Cause::Ending(number), debtor, creditor, amount));
        }
        for hold in 0..self.holds.len() {
            self.capture(hold);
        }
        self.settle();
        Ok(())
    }

    /// Money that no ending knew of goes to whom the ending gives it. Before an ending what is reinstated beyond what the
    /// deposit requires is over, and goes back.
    pub(crate) fn order_the_rest(&mut self) -> bool {
        let mut did = false;
        for deposit in 0..self.deposits.len() {
            if !self.ended {
                let over = self.pot(deposit) - self.uncaptured(deposit) - self.deposits[deposit].required;
                if over > 0 {
                    self.give_back(deposit, Purpose::Excess, over);
                    did = true;
                }
                continue;
            }
            let rest = self.pot(deposit);
            if rest > 0 {
                match self.later.get(&deposit).copied() {
                    Some(payee) => {
                        self.order(deposit, payee, Purpose::Payout, rest);
                    }
                    None => {
                        let purpose = match self.deposits[deposit].kind {
                            Kind::BuyerGuarantee | Kind::SellerGuarantee => Purpose::Guarantee,
                            _ => Purpose::Refund,
                        };
                        self.give_back(deposit, purpose, rest);
                    }
                }
                did = true;
            }
        }
        did
    }

    /// Gives `amount` back by the payments it came by, in the policy's order; of a hold before it is money.
    fn give_back(&mut self, deposit: DepositId, purpose: Purpose, amount: Amount) {
        let mut left = amount;
        let mut payments = self.payments_in(deposit);
        if self.policy.refund_order == RefundOrder::NewestFirst {
            payments.reverse();
        }
        for payment in payments {
            let of_payment =
                |no: &usize| self.holds[*no].payment == payment && self.holds[*no].deposit == deposit;
            let holds: Vec<usize> = (0..self.holds.len()).filter(of_payment).collect();
            for &hold in &holds {
                if self.holds[hold].capturing.is_some() {
                    continue;
                }
                let part = (self.holds[hold].open() - self.given_back(hold)).min(left);
                if part > 0 {
                    self.give_back_of_hold(hold, purpose, part);
                    left -= part;
                }
            }
            let part = self.refundable(&payment, deposit).min(left);
            if part > 0 {
                self.order_back(deposit, &payment, purpose, part);
                left -= part;
            }
        }
        assert_eq!(left, 0, "more goes back than came");
    }

    /// What of the payment is money, or will be, and does not go back yet; as if nothing were lost.
    fn refundable(&self, payment: &Payment, deposit: DepositId) -> Amount {
        let mut coming = 0;
        for (no, hold) in self.holds.iter().enumerate() {
            if hold.payment == *payment && hold.deposit == deposit {
                coming += hold.failed;
                if hold.capturing.is_some() {
                    coming += hold.open() - self.given_back(no);
                }
            }
        }
        let back = self.legs_of(deposit).filter(|leg| leg.refunds(payment));
        let plain = self
            .losses
            .iter()
            .filter(|loss| loss.plain && loss.deposit == deposit && loss.payment == *payment);
        let gone: Amount = plain.map(|loss| loss.amount).sum();
        self.charged_by(payment, deposit) + coming
            - gone.min(self.charged_by(payment, deposit))
            - back.map(|leg| leg.gross).sum::<Amount>()
    }
}
