//! The five buckets of a deposit, and the laws of the books.

use super::books::Books;
use super::debts::Cause;
use super::legs::{Leg, Sent};
use super::losses::{Loss, Lost};
use super::words::{Amount, DepositId, Party};
use std::collections::{BTreeMap, BTreeSet};

/// `received = held + reserved + paid_out + refunded + charged_back`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Buckets {
    pub received: Amount,
    pub held: Amount,
    pub reserved: Amount,
    pub paid_out: Amount,
    pub refunded: Amount,
    pub charged_back: Amount,
}

impl Books {
    /// What the deposit holds and nobody is given yet.
    pub fn held(&self, deposit: DepositId) -> Amount {
        let losses = self.losses.iter().filter(|loss| loss.deposit == deposit);
        self.undivided(deposit) - losses.map(|loss| loss.from_held).sum::<Amount>()
    }

    pub fn buckets(&self, deposit: DepositId) -> Buckets {
        let mut buckets = Buckets { held: self.held(deposit), ..Buckets::default() };
        let receipts = self.receipts.iter().filter(|receipt| receipt.deposit == deposit);
        buckets.received = receipts.map(|receipt| receipt.amount - receipt.from_hold).sum();
        for hold in self.holds.iter().filter(|hold| hold.deposit == deposit) {
            buckets.received += hold.amount - hold.lapsed;
        }
        for leg in self.legs_of(deposit) {
            let credited = leg.credited().min(leg.settled());
            let refunded = if leg.back { leg.settled() - credited } else { 0 };
            buckets.refunded += refunded;
            buckets.paid_out += leg.settled() - refunded;
            buckets.reserved += leg.gross - leg.settled() - leg.cut;
        }
        for loss in self.losses.iter().filter(|loss| loss.deposit == deposit) {
            match loss.lost {
                Lost::Case(_) => buckets.charged_back += loss.out_of_the_pot(),
                Lost::Hold(_) => buckets.received -= loss.out_of_the_pot(),
            }
        }
        buckets
    }

    /// Every law that holds after every fact.
    ///
    /// # Errors
    /// The first that does not hold, in words.
    pub fn check(&self) -> Result<(), String> {
        for deposit in 0..self.deposits.len() {
            self.check_buckets(deposit)?;
            self.check_payers(deposit)?;
            self.check_liable(deposit)?;
        }
        for loss in &self.losses {
            check_loss(loss)?;
        }
        for leg in &self.legs {
            let low = leg.gross < 0 || leg.cut < 0 || leg.open() < 0 || leg.kept() < 0;
            if low || leg.sent() + leg.cut + leg.open() != leg.gross {
                return Err(format!("a leg that does not add up: {leg:?}"));
            }
        }
        for debt in &self.debts {
            if debt.open() < 0 || debt.repaid > debt.paid {
                return Err(format!("a debt below nothing: {debt:?}"));
            }
        }
        self.check_stable()
    }

    fn check_buckets(&self, deposit: DepositId) -> Result<(), String> {
        let buckets = self.buckets(deposit);
        let Buckets { received, held, reserved, paid_out, refunded, charged_back } = buckets;
        let low =
            [received, held, reserved, paid_out, refunded, charged_back].iter().any(|&bucket| bucket < 0);
        if low || received != held + reserved + paid_out + refunded + charged_back {
            return Err(format!("deposit {deposit}: {buckets:?}"));
        }
        if self.ended && held > 0 {
            return Err(format!("deposit {deposit} is ended and holds {held}"));
        }
        Ok(())
    }

    /// The payer never keeps more than the payment was: what they have twice, they owe.
    fn check_payers(&self, deposit: DepositId) -> Result<(), String> {
        for payment in self.payments_in(deposit) {
            let refunded: Amount =
                self.legs_of(deposit).filter(|leg| leg.refunds(&payment)).map(Leg::sent).sum();
            let charged = self.charged_by(&payment, deposit);
            let here = self.losses.iter().filter(|loss| loss.deposit == deposit && loss.payment == payment);
            let here = here.filter(|loss| matches!(loss.lost, Lost::Case(_)));
            let (mut lost, mut owes) = (0, 0);
            let mut causes = BTreeSet::new();
            for loss in here {
                lost += loss.amount;
                owes += loss.payer_owes;
                causes.insert(Cause::Twice(loss.lost, deposit));
            }
            let paid: Amount = causes.into_iter().map(|cause| self.paid(cause)).sum();
            if lost > charged {
                return Err(format!("{payment:?}: {lost} lost of {charged}"));
            }
            // What they paid of it stands, although refunds came back or were cut since.
            let twice = (refunded + lost - charged).max(0);
            if owes < twice || owes > twice + paid {
                return Err(format!(
                    "{payment:?} in {deposit}: the payer owes {owes}, paid {paid}, has {twice} twice"
                ));
            }
        }
        Ok(())
    }

    /// The liable party owes no more than what went to others, and what others lost.
    fn check_liable(&self, deposit: DepositId) -> Result<(), String> {
        let liable = self.liable(deposit);
        let here = self.losses.iter().filter(|loss| loss.deposit == deposit);
        let raised: Amount = here.map(|loss| loss.liable_owes).sum();
        let sent = self.sent_to_others(deposit);
        let paid = self.debts.iter().filter(|debt| matches!(debt.cause, Cause::Rest(_, at) if at == deposit));
        let paid: Amount = paid.map(|debt| debt.paid - debt.repaid).sum();
        if raised - paid > sent || (liable == Party::Platform && raised > 0) {
            return Err(format!("deposit {deposit}: {liable:?} owes {raised} for {sent}"));
        }
        Ok(())
    }

    /// Working it out once more changes nothing.
    fn check_stable(&self) -> Result<(), String> {
        let mut again = self.clone();
        again.settle();
        if again.by_root() != self.by_root() || again.transactions.len() != self.transactions.len() {
            return Err(format!("legs change by themselves: {:?}\n{:?}", self.legs, again.legs));
        }
        if format!("{:?}", again.debts) != format!("{:?}", self.debts) {
            return Err("debts change by themselves".to_owned());
        }
        Ok(())
    }

    /// Every leg as it was before it was divided: gross, sent, settled, cut, waiting, by its root.
    pub fn by_root(&self) -> BTreeMap<usize, [Amount; 5]> {
        let mut roots = BTreeMap::new();
        for leg in &self.legs {
            let waiting = if leg.waits_for.is_some() { leg.open() } else { 0 };
            let sums: &mut [Amount; 5] = roots.entry(leg.root).or_default();
            for (sum, part) in sums.iter_mut().zip([leg.gross, leg.sent(), leg.settled(), leg.cut, waiting]) {
                *sum += part;
            }
        }
        roots
    }

    /// The gateway's money that these books account for: what is there, and what somebody else has to bring.
    ///
    /// Equal to what really came in less what really went out, if nothing was lost or made up.
    pub fn accounted(&self) -> Amount {
        let mut sum = 0;
        for deposit in 0..self.deposits.len() {
            let buckets = self.buckets(deposit);
            sum += buckets.held + buckets.reserved;
        }
        for hold in &self.holds {
            sum -= hold.open();
        }
        for loss in &self.losses {
            sum -= loss.payer_owes + loss.liable_owes + loss.platform;
        }
        sum -= self.cases.iter().map(|case| case.taken_left).sum::<Amount>();
        for leg in &self.legs {
            sum -= leg.net() - leg.settled();
            let late = leg.attempts.iter().filter(|attempt| attempt.state == Sent::Late);
            sum -= late.map(|attempt| attempt.amount - attempt.returned).sum::<Amount>();
            sum += leg.credited();
        }
        sum
    }
}

fn check_loss(loss: &Loss) -> Result<(), String> {
    let divided = loss.out_of_the_pot() + loss.payer_owes + loss.liable_owes + loss.platform;
    if divided != loss.amount || loss.platform < 0 || loss.from_held < 0 {
        return Err(format!("a loss that does not add up: {loss:?}"));
    }
    Ok(())
}
