//! Chargebacks: cases of a bank against a payment, their steps, and how they are divided over receipts.

use super::books::Books;
use super::words::{Amount, Answer, Chargeback, Currency, DepositId, Payment, Step, largest_remainder};

/// How many cases may wait for their payment.
pub const EARLY_CASES: usize = 16;

/// A part of a case, on one receipt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    pub receipt: usize,
    pub amount: Amount,
    /// Whether it was lost before the performance: then the pot of an ending is without it.
    pub plain: bool,
    pub at: u64,
}

#[derive(Clone, Debug)]
pub struct Case {
    pub id: String,
    pub payment: Payment,
    pub deposit: Option<DepositId>,
    pub currency: Currency,
    pub opened: Option<Amount>,
    pub won: bool,
    /// `policy.chargeback_s` is over: it counts as won until the bank says otherwise.
    pub presumed: bool,
    pub lost: Option<Amount>,
    pub reinstated: Option<Amount>,
    /// The deal closed while it waited for its payment.
    pub dropped: bool,
    pub opened_at: u64,
    pub lost_at: u64,
    /// What is disputed, by receipt, and what has met no receipt.
    pub disputed: Vec<Part>,
    pub disputed_left: Amount,
    /// What is lost and not reinstated, by receipt, and what has met no receipt.
    pub taken: Vec<Part>,
    pub taken_left: Amount,
    /// The legs that waited for it when it was lost, in the order of waiting.
    pub waited: Vec<usize>,
}

impl Case {
    /// Whether the disputed sum is kept back.
    pub fn is_open(&self) -> bool {
        self.opened.is_some() && self.lost.is_none() && !self.won && !self.presumed && !self.dropped
    }
}

impl Books {
    /// The gateway reports a step of a chargeback.
    pub fn chargeback(&mut self, fact: &Chargeback) -> Answer {
        let known = self.cases.iter().position(|case| case.id == fact.id && !case.dropped);
        if let Some(at) = known {
            let case = &self.cases[at];
            if case.payment != fact.payment || case.deposit != fact.deposit || case.currency != fact.currency
            {
                let stands =
                    format!("{} of {:?} in {:?}, {}", case.id, case.payment, case.deposit, case.currency);
                let says =
                    format!("{} of {:?} in {:?}, {}", fact.id, fact.payment, fact.deposit, fact.currency);
                return Answer::contradicts(stands, says);
            }
        } else if let Some(refusal) = self.refuse_new_case(fact) {
            return refusal;
        }
        let answer = match known {
            Some(at) => self.judge_step(at, fact.step),
            None => Answer::Applied,
        };
        if answer != Answer::Applied {
            return answer;
        }
        self.moment += 1;
        let at = known.unwrap_or_else(|| self.new_case(fact));
        self.record_step(at, fact.step);
        self.settle();
        Answer::Applied
    }

    /// `policy.chargeback_s` is over.
    pub fn presume_won(&mut self, id: &str) {
        self.moment += 1;
        for case in self.cases.iter_mut().filter(|case| case.id == id) {
            case.presumed = true;
        }
        self.settle();
    }

    /// Whether no money of its payment is known.
    pub fn is_early(&self, case: usize) -> bool {
        let Case { payment, deposit, currency, .. } = &self.cases[case];
        self.receipts_for(payment, *deposit, currency).is_empty()
    }

    fn receipts_for(&self, payment: &Payment, deposit: Option<DepositId>, currency: Currency) -> Vec<usize> {
        let fits = |&at: &usize| {
            let receipt = &self.receipts[at];
            let named = deposit.is_none_or(|deposit| receipt.named == deposit || receipt.deposit == deposit);
            receipt.payment == *payment && receipt.currency == currency && named
        };
        (0..self.receipts.len()).filter(fits).collect()
    }

    fn refuse_new_case(&self, fact: &Chargeback) -> Option<Answer> {
        if let Step::Reinstated(sum) = fact.step {
            return Some(Answer::contradicts("nothing was lost", format!("{sum} reinstated")));
        }
        if !self.receipts_for(&fact.payment, fact.deposit, fact.currency).is_empty() {
            return None;
        }
        if self
            .receipts
            .iter()
            .any(|receipt| receipt.payment == fact.payment && receipt.currency != fact.currency)
        {
            return Some(Answer::contradicts("the payment came in another currency", fact.currency));
        }
        if self.closed {
            return Some(Answer::contradicts("closed, no such payment", format!("{:?}", fact.payment)));
        }
        let waiting = (0..self.cases.len()).filter(|&at| self.is_early(at) && !self.cases[at].dropped);
        let waiting = waiting.filter(|&at| self.cases[at].is_open() || self.cases[at].lost.is_some());
        (waiting.count() >= EARLY_CASES)
            .then(|| Answer::contradicts(format!("{EARLY_CASES} wait for their payments"), &fact.id))
    }

    fn judge_step(&self, at: usize, step: Step) -> Answer {
        let case = &self.cases[at];
        let same = |name: &str, stands: Amount, says: Amount| {
            if stands == says {
                Answer::Repeat
            } else {
                Answer::contradicts(format!("{name} {stands}"), format!("{name} {says}"))
            }
        };
        match step {
            Step::Opened(sum) => case.opened.map_or(Answer::Applied, |stands| same("opened", stands, sum)),
            Step::Won if case.won => Answer::Repeat,
            Step::Won if case.lost.is_some() => Answer::contradicts("lost", "won"),
            Step::Won => Answer::Applied,
            Step::Lost(sum) => case.lost.map_or(Answer::Applied, |stands| same("lost", stands, sum)),
            Step::Reinstated(sum) => match (case.reinstated, case.lost) {
                (Some(stands), _) => same("reinstated", stands, sum),
                (None, Some(lost)) if sum <= lost => Answer::Applied,
                (None, Some(lost)) => {
                    Answer::contradicts(format!("lost {lost}"), format!("{sum} reinstated"))
                }
                (None, None) => Answer::contradicts("nothing was lost", format!("{sum} reinstated")),
            },
        }
    }

    fn new_case(&mut self, fact: &Chargeback) -> usize {
        self.cases.push(Case {
            id: fact.id.clone(),
            payment: fact.payment.clone(),
            deposit: fact.deposit,
            currency: fact.currency,
            opened: None,
            won: false,
            presumed: false,
            lost: None,
            reinstated: None,
            dropped: false,
            opened_at: 0,
            lost_at: 0,
            disputed: Vec::new(),
            disputed_left: 0,
            taken: Vec::new(),
            taken_left: 0,
            waited: Vec::new(),
        });
        self.cases.len() - 1
    }

    fn record_step(&mut self, at: usize, step: Step) {
        let moment = self.moment;
        let waited: Vec<usize> = self.waiting_for(at);
        let case = &mut self.cases[at];
        match step {
            Step::Opened(sum) => {
                case.opened = Some(sum);
                case.opened_at = moment;
                case.disputed_left = sum;
            }
            Step::Won => case.won = true,
            Step::Lost(sum) => {
                case.waited = if case.is_open() { waited } else { Vec::new() };
                case.lost = Some(sum);
                case.lost_at = moment;
                case.taken_left = sum;
            }
            Step::Reinstated(sum) => {
                case.reinstated = Some(sum);
                let unmet = sum.min(case.taken_left);
                case.taken_left -= unmet;
                let places: Vec<(DepositId, bool)> =
                    case.taken.iter().map(|part| (self.receipts[part.receipt].deposit, part.plain)).collect();
                let weights: Vec<Amount> = case.taken.iter().map(|part| part.amount).collect();
                let shares = share_by_place(sum - unmet, &places, &weights);
                for (part, share) in case.taken.iter_mut().zip(shares) {
                    part.amount -= share;
                }
            }
        }
    }

    /// Puts what has met no receipt on the receipts that there are now.
    pub(crate) fn place_cases(&mut self) {
        let mut lost: Vec<usize> =
            (0..self.cases.len()).filter(|&at| self.cases[at].taken_left > 0).collect();
        lost.sort_by_key(|&at| self.cases[at].lost_at);
        for at in lost {
            self.place_lost(at);
        }
        let mut open: Vec<usize> =
            (0..self.cases.len()).filter(|&at| self.cases[at].disputed_left > 0).collect();
        open.sort_by_key(|&at| self.cases[at].opened_at);
        for at in open {
            let shares = self.share_out(at, self.cases[at].disputed_left, true);
            self.place(at, &shares, true);
        }
    }

    fn place_lost(&mut self, at: usize) {
        let case = &self.cases[at];
        let as_disputed = case.taken.is_empty() && case.opened == case.lost && case.disputed_left == 0;
        let fits = |part: &Part| part.amount <= self.not_lost(part.receipt);
        if as_disputed && case.disputed.iter().all(fits) {
            let shares: Vec<(usize, Amount)> =
                case.disputed.iter().map(|part| (part.receipt, part.amount)).collect();
            self.place(at, &shares, false);
        } else {
            let shares = self.share_out(at, case.taken_left, false);
            self.place(at, &shares, false);
        }
    }

    /// What of a receipt has not been lost. Refunds are not taken off.
    pub fn not_lost(&self, receipt: usize) -> Amount {
        let parts = self.cases.iter().flat_map(|case| &case.taken).filter(|part| part.receipt == receipt);
        self.receipts[receipt].amount - parts.map(|part| part.amount).sum::<Amount>()
    }

    fn share_out(&self, at: usize, sum: Amount, disputed: bool) -> Vec<(usize, Amount)> {
        let case = &self.cases[at];
        let receipts = self.receipts_for(&case.payment, case.deposit, case.currency);
        let own = |receipt: usize| {
            let parts = if disputed { case.disputed.iter() } else { [].iter() };
            parts.filter(|part| part.receipt == receipt).map(|part| part.amount).sum::<Amount>()
        };
        let weights: Vec<Amount> =
            receipts.iter().map(|&receipt| (self.not_lost(receipt) - own(receipt)).max(0)).collect();
        let sum = sum.min(weights.iter().sum());
        let places: Vec<DepositId> = receipts.iter().map(|&at| self.receipts[at].deposit).collect();
        let shares = share_by_place(sum, &places, &weights);
        receipts.into_iter().zip(shares).filter(|&(_, share)| share > 0).collect()
    }

    fn place(&mut self, at: usize, shares: &[(usize, Amount)], disputed: bool) {
        let plain = !self.begun && !self.ended;
        let moment = self.moment;
        let case = &mut self.cases[at];
        let total: Amount = shares.iter().map(|&(_, share)| share).sum();
        let parts = shares.iter().map(|&(receipt, amount)| Part { receipt, amount, plain, at: moment });
        if disputed {
            case.disputed.extend(parts);
            case.disputed_left -= total;
        } else {
            case.taken.extend(parts);
            case.taken_left -= total;
        }
    }
}

/// Divides over places by the largest remainder of what they weigh in all, and in each place first come, first served: what a
/// payment brought into one deposit is one.
fn share_by_place<P: PartialEq + Copy>(total: Amount, places: &[P], weights: &[Amount]) -> Vec<Amount> {
    let mut known: Vec<(P, Amount)> = Vec::new();
    for (&place, &weight) in places.iter().zip(weights) {
        match known.iter_mut().find(|(of, _)| *of == place) {
            Some((_, sum)) => *sum += weight,
            None => known.push((place, weight)),
        }
    }
    let sums: Vec<Amount> = known.iter().map(|&(_, sum)| sum).collect();
    let mut left = largest_remainder(total, &sums);
    let mut shares = Vec::new();
    for (place, &weight) in places.iter().zip(weights) {
        let at = known.iter().position(|(of, _)| of == place).expect("a place");
        let share = left[at].min(weight);
        left[at] -= share;
        shares.push(share);
    }
    shares
}
