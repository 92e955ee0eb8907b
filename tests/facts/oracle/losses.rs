//! Who bears what is lost. A function of the books: worked out anew after every fact.

use super::books::Books;
use super::debts::Cause;
use super::legs::Leg;
use super::words::{Amount, DepositId, Party, Payment, Purpose};
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// What was lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lost {
    Case(usize),
    /// A hold that could not be captured once the performance had begun.
    Hold(usize),
}

/// A standing loss of a deposit, and who bears it.
#[derive(Clone, Debug)]
pub struct Loss {
    pub lost: Lost,
    pub deposit: DepositId,
    pub payment: Payment,
    pub amount: Amount,
    /// Lost before the performance: an ending divides what is left.
    pub plain: bool,
    pub recorded: u64,
    pub placed: u64,
    pub from_held: Amount,
    /// What legs lost, by number.
    pub cuts: Vec<(usize, Amount)>,
    /// What the payer has twice and owes.
    pub payer_owes: Amount,
    /// What the liable party owes the platform.
    pub liable_owes: Amount,
    pub platform: Amount,
}

impl Loss {
    /// What the pot lost by it.
    pub fn out_of_the_pot(&self) -> Amount {
        self.from_held + self.cuts.iter().map(|&(_, cut)| cut).sum::<Amount>()
    }
}

/// What `r + x` says that the payer has twice of a payment of `p`.
fn twice(r: Amount, p: Amount, x: Amount) -> Amount {
    (r + x - p).clamp(0, r)
}

impl Books {
    /// Divides every standing loss, and brings the debts in line with it.
    pub(crate) fn divide_losses(&mut self, was_cut: &BTreeMap<usize, Amount>) {
        for leg in &mut self.legs {
            leg.cut = 0;
        }
        let mut owed: BTreeMap<Cause, (Party, Party, Amount)> = BTreeMap::new();
        let mut losses = self.standing_losses();
        for deposit in 0..self.deposits.len() {
            let mut here: Vec<&mut Loss> = losses.iter_mut().filter(|loss| loss.deposit == deposit).collect();
            self.divide_in(deposit, &mut here, &mut owed, was_cut);
        }
        self.losses = losses;
        self.bring_debts_in_line(owed);
    }

    fn standing_losses(&self) -> Vec<Loss> {
        let mut losses: Vec<Loss> = Vec::new();
        for (at, case) in self.cases.iter().enumerate() {
            for part in case.taken.iter().filter(|part| part.amount > 0) {
                let deposit = self.receipts[part.receipt].deposit;
                let same = |loss: &&mut Loss| {
                    loss.lost == Lost::Case(at) && loss.deposit == deposit && loss.plain == part.plain
                };
                if let Some(loss) = losses.iter_mut().find(same) {
                    loss.amount += part.amount;
                } else {
                    let (payment, recorded) = (case.payment.clone(), case.lost_at);
                    losses.push(Loss::new(
                        Lost::Case(at),
                        deposit,
                        payment,
                        part.amount,
                        part.plain,
                        recorded,
                        part.at,
                    ));
                }
            }
        }
        for (no, hold) in self.holds.iter().enumerate().filter(|(_, hold)| hold.failed > 0) {
            let (payment, at) = (hold.payment.clone(), hold.failed_at);
            losses.push(Loss::new(Lost::Hold(no), hold.deposit, payment, hold.failed, false, at, at));
        }
        losses.sort_by_key(|loss| (loss.recorded, loss.deposit));
        losses
    }

    fn divide_in(
        &mut self,
        deposit: DepositId,
        losses: &mut [&mut Loss],
        owed: &mut BTreeMap<Cause, (Party, Party, Amount)>,
        was_cut: &BTreeMap<usize, Amount>,
    ) {
        let payer = self.deposits[deposit].payer;
        let order = self.order_of_cuts(deposit, was_cut);
        let mut held = self.undivided(deposit);
        let mut before: BTreeMap<Payment, Amount> = BTreeMap::new();
        let mut raised = 0;
        // A loss may stand in two parts: what was paid counts once.
        let mut paid_left: BTreeMap<Cause, Amount> = BTreeMap::new();
        for loss in losses.iter_mut() {
            let liable = match loss.lost {
                Lost::Case(_) => self.liable(deposit),
                Lost::Hold(_) => payer,
            };
            let before = before.entry(loss.payment.clone()).or_insert(0);
            let p = self.came_by(&loss.payment, deposit);
            let c = loss.amount.min(p - *before);
            let twice_cause = Cause::Twice(loss.lost, deposit);
            let rest_cause = Cause::Rest(loss.lost, deposit);

            // 1. What the payer has twice.
            let r = self.goes_back(&loss.payment, deposit);
            let t = twice(r, p, *before + c) - twice(r, p, *before);
            let paid = self.take_paid(twice_cause, t, &mut paid_left);
            let unsent = self.cut_legs(&order, loss, t - paid, |leg, loss| leg.refunds(&loss.payment));
            loss.payer_owes = t - unsent;
            add(owed, twice_cause, payer, Party::Platform, loss.payer_owes);

            // 2. What the pot has. What was paid already stands.
            let mut rest = c - t;
            let paid = self.take_paid(rest_cause, rest, &mut paid_left);
            rest -= paid;
            for root in self.made_good(loss.lost, deposit) {
                let free =
                    self.legs_of(deposit).filter(|leg| leg.root == root).map(Leg::open).sum::<Amount>();
                let made_good = self.take_paid(Cause::Cut(loss.lost, root), rest.min(free), &mut paid_left);
                rest -= self.cut_legs(&order, loss, made_good, |leg, _| leg.root == root);
            }
            loss.from_held = held.min(rest);
            held -= loss.from_held;
            rest -= loss.from_held;
            if let Lost::Case(at) = loss.lost {
                for no in self.cases[at].waited.clone() {
                    rest -= self
                        .cut_legs(&order, loss, rest, |leg, loss| leg.no == no && may_cut(leg, loss, liable));
                }
            }
            rest -= self.cut_legs(&order, loss, rest, |leg, _| leg.to == liable);
            rest -= self.cut_legs(&order, loss, rest, |leg, loss| may_cut(leg, loss, liable));
            for (no, cut) in loss.cuts.clone() {
                let leg = self.leg(no);
                if leg.to != liable && leg.to != payer {
                    add(owed, Cause::Cut(loss.lost, leg.root), liable, leg.to, cut);
                }
            }

            // 3. What the liable party owes for what was sent.
            let sent = self.sent_to_others(deposit);
            let is_case = matches!(loss.lost, Lost::Case(_));
            let more = if liable == Party::Platform || !is_case {
                0
            } else {
                rest.min((sent - raised - paid).max(0))
            };
            loss.liable_owes = paid + more;
            raised += loss.liable_owes;
            add(owed, rest_cause, liable, Party::Platform, loss.liable_owes);

            // 4. The platform's own cost.
            loss.platform = rest - more + (loss.amount - c);
            *before += c;
        }
    }

    /// What was paid of the debts of this cause, up to `most`; each unit once.
    fn take_paid(&self, cause: Cause, most: Amount, left: &mut BTreeMap<Cause, Amount>) -> Amount {
        let left = left.entry(cause).or_insert_with(|| self.paid(cause));
        let paid = most.min(*left);
        *left -= paid;
        paid
    }

    /// Cuts unsent legs that fit, in this order; how much of `sum` was found.
    fn cut_legs(
        &mut self,
        order: &[(usize, Amount)],
        loss: &mut Loss,
        sum: Amount,
        fits: impl Fn(&Leg, &Loss) -> bool,
    ) -> Amount {
        let mut left = sum;
        for &(no, most) in order {
            let leg = self.leg_mut(no);
            if leg.hold.is_some() || !fits(leg, loss) {
                continue;
            }
            let cut = leg.open().min(left).min(most - leg.cut);
            if cut > 0 {
                leg.cut += cut;
                left -= cut;
                match loss.cuts.iter_mut().find(|(known, _)| *known == no) {
                    Some((_, sum)) => *sum += cut,
                    None => loss.cuts.push((no, cut)),
                }
            }
        }
        sum - left
    }

    /// The order in which the legs of a deposit are cut, each with the most that is cut from it then: last first. Of the parts
    /// of a leg what is cut already stays so.
    fn order_of_cuts(&self, deposit: DepositId, was_cut: &BTreeMap<usize, Amount>) -> Vec<(usize, Amount)> {
        let place = |root: usize| self.legs.iter().position(|leg| leg.root == root).expect("a root");
        let mut order = Vec::new();
        for leg in self.legs_of(deposit).rev() {
            let cut = was_cut.get(&leg.no).copied().unwrap_or(0);
            order.push((Reverse(place(leg.root)), leg.cut_of.is_none(), false, leg.no, cut));
            order.push((Reverse(place(leg.root)), leg.cut_of.is_none(), true, leg.no, leg.gross));
        }
        order.sort_by_key(|&(root, is_sent, is_more, ..)| (root, is_sent, is_more));
        order.into_iter().map(|(_, _, _, no, most)| (no, most)).collect()
    }

    /// What was sent out of the deposit to anybody but the payer. What came back to somebody who owed nothing counts: it is theirs.
    pub(crate) fn sent_to_others(&self, deposit: DepositId) -> Amount {
        let (payer, liable) = (self.deposits[deposit].payer, self.liable(deposit));
        let sent = |leg: &Leg| {
            if leg.shield.is_some() && leg.to != liable { leg.gross - leg.cut } else { leg.sent() }
        };
        self.legs_of(deposit).filter(|leg| leg.to != payer).map(sent).sum()
    }

    /// The payment's money in the deposit, with what failed to be captured later.
    fn came_by(&self, payment: &Payment, deposit: DepositId) -> Amount {
        let failed = self.holds.iter().filter(|hold| hold.payment == *payment && hold.deposit == deposit);
        self.charged_by(payment, deposit) + failed.map(|hold| hold.failed).sum::<Amount>()
    }

    /// What was charged by the payment in the deposit.
    pub fn charged_by(&self, payment: &Payment, deposit: DepositId) -> Amount {
        let here =
            self.receipts.iter().filter(|receipt| receipt.payment == *payment && receipt.deposit == deposit);
        here.map(|receipt| receipt.amount).sum()
    }

    /// What goes back by the payment: sent, in flight or ordered, without what is cut.
    pub fn goes_back(&self, payment: &Payment, deposit: DepositId) -> Amount {
        self.legs_of(deposit).filter(|leg| leg.refunds(payment)).map(|leg| leg.gross - leg.cut).sum()
    }

    /// What the deposit would hold, had nothing been lost.
    pub fn undivided(&self, deposit: DepositId) -> Amount {
        let receipts = self.receipts.iter().filter(|receipt| receipt.deposit == deposit);
        let holds = self.holds.iter().filter(|hold| hold.deposit == deposit);
        let came: Amount = receipts.map(|receipt| receipt.amount - receipt.from_hold).sum();
        let held: Amount = holds.map(|hold| hold.amount - hold.lapsed).sum();
        came + held - self.legs_of(deposit).map(|leg| leg.gross).sum::<Amount>()
    }

    /// What an ending divides: as if nothing had been lost since the performance began.
    pub fn pot(&self, deposit: DepositId) -> Amount {
        let plain = self.losses.iter().filter(|loss| loss.deposit == deposit && loss.plain);
        self.undivided(deposit) - plain.map(|loss| loss.from_held).sum::<Amount>()
    }

    /// Legs whose shortfall was made good by a debt that is paid, and needs no longer be: the money goes to who paid it.
    pub(crate) fn repay_legs(&mut self) -> bool {
        let mut did = false;
        for at in 0..self.debts.len() {
            let Cause::Cut(_, root) = self.debts[at].cause else { continue };
            let mut over = self.debts[at].overpaid();
            while over > 0 {
                let free =
                    self.legs.iter().find(|leg| leg.root == root && leg.open() > 0 && leg.in_flight() == 0);
                let Some((no, part)) = free.map(|leg| (leg.no, leg.open().min(over))) else { break };
                let repayment = self.split(no, part);
                let debtor = self.debts[at].debtor;
                let leg = self.leg_mut(repayment);
                leg.root = repayment;
                leg.to = debtor;
                leg.purpose = Purpose::Repayment;
                leg.declined = false;
                leg.shield = None;
                self.debts[at].repaid += part;
                self.debts[at].redirected += part;
                over -= part;
                did = true;
            }
            if over > 0 {
                self.debts[at].repaid += over;
                self.repayments.push((at, self.debts[at].debtor, over));
                *self.kept_twice.entry(root).or_insert(0) += over;
                did = true;
            }
        }
        did
    }
}

/// Money that came back from the bank after the loss is not taken for others.
fn may_cut(leg: &Leg, loss: &Loss, liable: Party) -> bool {
    leg.to == liable || leg.shield.is_none_or(|returned| returned < loss.placed)
}

fn add(
    owed: &mut BTreeMap<Cause, (Party, Party, Amount)>,
    cause: Cause,
    debtor: Party,
    creditor: Party,
    sum: Amount,
) {
    if sum > 0 {
        owed.entry(cause).or_insert((debtor, creditor, 0)).2 += sum;
    }
}

impl Loss {
    fn new(
        lost: Lost,
        deposit: DepositId,
        payment: Payment,
        amount: Amount,
        plain: bool,
        recorded: u64,
        placed: u64,
    ) -> Self {
        Self {
            lost,
            deposit,
            payment,
            amount,
            plain,
            recorded,
            placed,
            from_held: 0,
            cuts: Vec::new(),
            payer_owes: 0,
            liable_owes: 0,
            platform: 0,
        }
    }
}
