//! Who has what: what every party got and paid, and what they owe.

use super::books::Books;
use super::debts::{Cause, Debt};
use super::legs::Leg;
use super::losses::Lost;
use super::words::{Amount, Party};
use std::collections::BTreeSet;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// What they paid in, charged.
    pub paid_in: Amount,
    /// What they got by legs, what they have twice included.
    pub got: Amount,
    /// What they got by their bank: charged back and not reinstated.
    pub by_bank: Amount,
    /// What is still to be sent to them, in flight included.
    pub to_come: Amount,
    /// What they owe, and are owed.
    pub owes: Amount,
    pub is_owed: Amount,
    /// What they paid of their debts, less what was repaid.
    pub debts_paid: Amount,
    /// What others paid them of debts.
    pub debts_got: Amount,
    /// The platform: what it laid out for losses and double payments, whether it gets that back or not.
    pub laid_out: Amount,
}

impl Standing {
    /// What they are up by, if everything is paid that is due and owed.
    pub fn net(&self) -> Amount {
        self.got + self.by_bank - self.paid_in + self.to_come + self.is_owed - self.owes + self.debts_got
            - self.debts_paid
            - self.laid_out
    }
}

impl Books {
    pub fn standing(&self, party: Party) -> Standing {
        let mut standing = Standing::default();
        for receipt in &self.receipts {
            if self.deposits[receipt.deposit].payer == party {
                standing.paid_in += receipt.amount;
            }
        }
        for leg in self.legs.iter().filter(|leg| leg.to == party && leg.hold.is_none()) {
            standing.got += leg.net();
            standing.to_come += leg.gross - leg.settled() - leg.cut;
        }
        for loss in &self.losses {
            if self.deposits[loss.deposit].payer == party && matches!(loss.lost, Lost::Case(_)) {
                standing.by_bank += loss.amount;
            }
        }
        for debt in &self.debts {
            // Out of the platform's pocket; what was redirected is a leg.
            let repaid = debt.repaid - debt.redirected;
            if debt.debtor == party {
                standing.owes += debt.open();
                standing.debts_paid += debt.paid - repaid;
            }
            if debt.creditor == party {
                standing.is_owed += debt.open();
                standing.debts_got += debt.paid;
            }
            if party == Party::Platform {
                standing.debts_got -= repaid;
            }
        }
        if party == Party::Platform {
            let losses = self.losses.iter().map(|loss| loss.payer_owes + loss.liable_owes + loss.platform);
            standing.laid_out = losses.sum::<Amount>()
                + self.legs.iter().map(|leg| leg.net() - leg.settled()).sum::<Amount>();
        }
        standing
    }

    /// Everybody who paid, was paid, or owes.
    pub fn parties(&self) -> BTreeSet<Party> {
        let mut parties: BTreeSet<Party> = self.deposits.iter().map(|deposit| deposit.payer).collect();
        parties.extend(self.legs.iter().map(|leg| leg.to));
        parties.extend(self.debts.iter().flat_map(|debt| [debt.debtor, debt.creditor]));
        parties.insert(Party::Platform);
        parties
    }

    /// Laws about parties. They hold after every fact.
    ///
    /// # Errors
    /// The first that does not hold, in words.
    pub fn check_parties(&self) -> Result<(), String> {
        self.check_sum()?;
        self.check_innocent()?;
        self.check_doubles()?;
        self.check_debts_of_payments()
    }

    /// What everybody is up or down by, and what is held for nobody yet, is nothing in all.
    fn check_sum(&self) -> Result<(), String> {
        let mut sum: Amount = self.parties().into_iter().map(|party| self.standing(party).net()).sum();
        for deposit in 0..self.deposits.len() {
            sum += self.held(deposit) - self.uncaptured(deposit);
        }
        if sum == 0 { Ok(()) } else { Err(format!("{sum} are made up")) }
    }

    /// What somebody who is neither liable nor the payer loses by a cut, the liable party owes them, to the last unit.
    fn check_innocent(&self) -> Result<(), String> {
        for leg in self.legs.iter().filter(|leg| leg.no == leg.root) {
            let payer = self.deposits[leg.deposit].payer;
            let cuts = self.losses.iter().filter(|loss| {
                let answers = match loss.lost {
                    Lost::Case(_) => self.liable(loss.deposit),
                    Lost::Hold(_) => payer,
                };
                leg.to != payer && leg.to != answers
            });
            let cuts = cuts.flat_map(|loss| &loss.cuts);
            let lost: Amount =
                cuts.filter(|(no, _)| self.leg(*no).root == leg.root).map(|&(_, cut)| cut).sum();
            let made_good = self
                .debts
                .iter()
                .filter(|debt| matches!(debt.cause, Cause::Cut(_, root) if root == leg.root));
            let made_good: Amount = made_good.map(|debt| debt.amount).sum();
            if lost != made_good {
                return Err(format!("{:?} lost {lost} of leg {}, is owed {made_good}", leg.to, leg.no));
            }
        }
        Ok(())
    }

    /// Nobody owes for having something twice who has not got it twice.
    fn check_doubles(&self) -> Result<(), String> {
        for debt in &self.debts {
            if let Cause::Double(no) = debt.cause {
                let leg: &Leg = self.leg(no);
                if debt.open() != (leg.kept() - leg.gross).max(0) {
                    return Err(format!("{debt:?} for {leg:?}"));
                }
            }
        }
        Ok(())
    }

    /// All debts by the losses of a deposit are at most these losses.
    fn check_debts_of_payments(&self) -> Result<(), String> {
        for deposit in 0..self.deposits.len() {
            let lost: Amount =
                self.losses.iter().filter(|loss| loss.deposit == deposit).map(|loss| loss.amount).sum();
            let here = |debt: &&Debt| match debt.cause {
                Cause::Twice(_, at) | Cause::Rest(_, at) => at == deposit,
                Cause::Cut(_, root) => self.leg(root).deposit == deposit,
                Cause::Double(_) | Cause::Kept(_) | Cause::Ending(_) => false,
            };
            let owed: Amount = self.debts.iter().filter(here).map(|debt| debt.amount).sum();
            if owed > lost {
                return Err(format!("deposit {deposit}: {owed} owed for {lost}"));
            }
        }
        Ok(())
    }
}
