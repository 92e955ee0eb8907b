//! Debts: receivables with a number, which rise and fall with what gives them.

use super::books::Books;
use super::losses::Lost;
use super::words::{Amount, Answer, DepositId, Party};
use std::collections::BTreeMap;

/// What a debt comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cause {
    /// The payer has the money twice: by a refund and by the bank.
    Twice(Lost, DepositId),
    /// A leg of somebody else was cut.
    Cut(Lost, usize),
    /// What was sent, and charged back.
    Rest(Lost, DepositId),
    /// The payee has this leg twice.
    Double(usize),
    /// The leg was made good by somebody, and was paid, too.
    Kept(usize),
    /// The ending itself.
    Ending(usize),
}

#[derive(Clone, Debug)]
pub struct Debt {
    pub cause: Cause,
    pub debtor: Party,
    pub creditor: Party,
    /// What it is in all, paid or not.
    pub amount: Amount,
    pub paid: Amount,
    /// What of that was paid back, because the debt went.
    pub repaid: Amount,
    /// What of that came out of the leg that was made good, not out of the platform's pocket.
    pub redirected: Amount,
    pub settlements: Vec<(String, Amount)>,
    required: Amount,
}

impl Debt {
    pub fn new(cause: Cause, debtor: Party, creditor: Party, amount: Amount) -> Self {
        Self {
            cause,
            debtor,
            creditor,
            amount,
            paid: 0,
            repaid: 0,
            redirected: 0,
            settlements: Vec::new(),
            required: amount,
        }
    }

    pub fn open(&self) -> Amount {
        self.amount - (self.paid - self.repaid)
    }

    /// What was paid although it need not be.
    pub(crate) fn overpaid(&self) -> Amount {
        (self.paid - self.repaid - self.required).max(0)
    }
}

impl Books {
    /// A debt was paid, in whole or in part. `number` is its place in [`Books::debts`].
    pub fn settle_receivable(&mut self, number: usize, amount: Amount, reference: &str) -> Answer {
        let Some(debt) = self.debts.get(number) else {
            return Answer::contradicts("no such receivable", number);
        };
        if let Some((_, stands)) = debt.settlements.iter().find(|(known, _)| known == reference) {
            return if *stands == amount {
                Answer::Repeat
            } else {
                Answer::contradicts(format!("{reference}: {stands}"), format!("{reference}: {amount}"))
            };
        }
        if amount > debt.open() {
            return Answer::contradicts(format!("{} are open", debt.open()), format!("{amount} paid"));
        }
        self.moment += 1;
        let debt = &mut self.debts[number];
        debt.paid += amount;
        debt.settlements.push((reference.to_owned(), amount));
        if let Cause::Double(leg) = debt.cause {
            self.leg_mut(leg).double_paid += amount;
        }
        self.settle();
        Answer::Applied
    }

    /// What was paid of the debts of this cause and stands.
    pub(crate) fn paid(&self, cause: Cause) -> Amount {
        self.debts.iter().filter(|debt| debt.cause == cause).map(|debt| debt.paid - debt.repaid).sum()
    }

    /// The legs that this loss cut and a paid debt made good, by root.
    pub(crate) fn made_good(&self, lost: Lost, deposit: DepositId) -> Vec<usize> {
        let mut found = Vec::new();
        for debt in self.debts.iter().filter(|debt| debt.paid > debt.repaid) {
            if let Cause::Cut(of, root) = debt.cause
                && of == lost
                && self.leg(root).deposit == deposit
            {
                found.push(root);
            }
        }
        found
    }

    /// Cancels or raises the difference.
    pub(crate) fn bring_debts_in_line(&mut self, mut owed: BTreeMap<Cause, (Party, Party, Amount)>) {
        for leg in &self.legs {
            let twice = leg.net() - leg.gross;
            if twice > 0 {
                owed.insert(Cause::Double(leg.no), (leg.to, Party::Platform, twice));
            }
        }
        for (&root, &sum) in &self.kept_twice {
            let to = self.legs.iter().find(|leg| leg.no == root).map(|leg| leg.to);
            owed.insert(Cause::Kept(root), (to.expect("a root stays"), Party::Platform, sum));
        }
        for number in 0..self.debts.len() {
            let debt = &mut self.debts[number];
            if matches!(debt.cause, Cause::Ending(_)) {
                continue;
            }
            let required = owed.remove(&debt.cause).map_or(0, |(_, _, sum)| sum);
            debt.required = required;
            debt.amount = required.max(debt.paid - debt.repaid);
        }
        for (cause, (debtor, creditor, sum)) in owed {
            self.debts.push(Debt::new(cause, debtor, creditor, sum));
        }
    }

    /// What was paid of debts and is owed no more, once everything else is worked out.
    pub(crate) fn repay_what_is_over(&mut self) {
        for number in 0..self.debts.len() {
            self.repay(number);
        }
    }

    fn repay(&mut self, number: usize) {
        let debt = &mut self.debts[number];
        let over = match debt.cause {
            Cause::Twice(..) | Cause::Rest(..) => debt.overpaid(),
            // What came back of a leg that was paid back, too, is open again; only more than that is repaid.
            Cause::Double(no) => {
                let leg = self.leg(no);
                (-leg.kept()).max(0)
            }
            // Their money is in the pot again: `repay_legs`.
            Cause::Cut(..) | Cause::Kept(_) | Cause::Ending(_) => 0,
        };
        if over > 0 {
            let debt = &mut self.debts[number];
            debt.repaid += over;
            debt.amount = debt.required.max(debt.paid - debt.repaid);
            let (debtor, cause) = (debt.debtor, debt.cause);
            self.repayments.push((number, debtor, over));
            if let Cause::Double(no) = cause {
                self.leg_mut(no).double_paid -= over;
            }
        }
    }

    /// What this party owes, open.
    pub fn owes(&self, debtor: Party) -> Amount {
        self.debts.iter().filter(|debt| debt.debtor == debtor).map(Debt::open).sum()
    }

    /// What this party owes that one, open.
    pub fn owes_to(&self, debtor: Party, creditor: Party) -> Amount {
        let fits = |debt: &&Debt| debt.debtor == debtor && debt.creditor == creditor;
        self.debts.iter().filter(fits).map(Debt::open).sum()
    }
}
