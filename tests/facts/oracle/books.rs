//! The books of a deal: what they hold, and the one place where everything is worked out anew.

use super::cases::Case;
use super::debts::Debt;
use super::holds::Hold;
use super::legs::Leg;
use super::losses::Loss;
use super::payins::Receipt;
use super::words::{Amount, Currency, Deposit, DepositId, Kind, Outcome, Party, Payment, Policy, Tx};
use std::collections::{BTreeMap, BTreeSet};

/// What a transaction does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Does {
    Leg { no: usize, attempt: usize },
    Capture { hold: usize, amount: Amount },
    Void { hold: usize },
}

#[derive(Clone, Debug)]
pub struct Transaction {
    pub does: Does,
    /// The first answer, or the late success that overrides a decline.
    pub outcome: Option<Outcome>,
    /// How often it must be asked again, because a decline came after a success.
    pub asked_again: usize,
}

impl Transaction {
    pub(crate) fn leg(no: usize, attempt: usize) -> Self {
        Self::new(Does::Leg { no, attempt })
    }

    pub(crate) fn new(does: Does) -> Self {
        Self { does, outcome: None, asked_again: 0 }
    }
}

/// An outgoing payment that the bank gave back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Return {
    pub tx: Tx,
    pub amount: Amount,
    pub reference: String,
}

#[derive(Clone, Debug)]
pub struct Books {
    pub policy: Policy,
    pub deposits: Vec<Deposit>,
    pub receipts: Vec<Receipt>,
    pub holds: Vec<Hold>,
    /// In the order in which an ending issued them.
    pub legs: Vec<Leg>,
    pub transactions: Vec<Transaction>,
    pub returns: Vec<Return>,
    pub cases: Vec<Case>,
    pub debts: Vec<Debt>,
    /// What the platform paid back of debts that had been paid.
    pub repayments: Vec<(usize, Party, Amount)>,
    /// What third parties keep although their leg was paid, too: they owe it.
    pub kept_twice: BTreeMap<usize, Amount>,
    /// Payees who have not said where their money goes.
    pub asking: BTreeSet<Party>,
    /// Whether the performance has ever begun.
    pub begun: bool,
    pub ended: bool,
    pub closed: bool,
    /// A required deposit fell below its threshold before the performance: the deal must be cancelled, nobody at fault.
    pub cancel_due: bool,
    /// To whom an ending gives money that it did not know of, where not back to the depositor.
    pub later: BTreeMap<DepositId, Party>,
    /// The standing losses, as divided last. Computed.
    pub losses: Vec<Loss>,
    pub(crate) next_leg: usize,
    /// Counts facts, for what was recorded before what.
    pub(crate) moment: u64,
}

impl Books {
    pub fn new(policy: Policy) -> Self {
        Self {
            policy,
            deposits: Vec::new(),
            receipts: Vec::new(),
            holds: Vec::new(),
            legs: Vec::new(),
            transactions: Vec::new(),
            returns: Vec::new(),
            cases: Vec::new(),
            debts: Vec::new(),
            repayments: Vec::new(),
            kept_twice: BTreeMap::new(),
            asking: BTreeSet::new(),
            begun: false,
            ended: false,
            closed: false,
            cancel_due: false,
            later: BTreeMap::new(),
            losses: Vec::new(),
            next_leg: 0,
            moment: 0,
        }
    }

    /// Opens a deposit; its id. The deal accepts money for it.
    pub fn deposit(&mut self, kind: Kind, required: Amount, currency: Currency) -> DepositId {
        let payer = match kind {
            Kind::BuyerPayment | Kind::BuyerGuarantee => Party::Buyer,
            Kind::SellerPayment | Kind::SellerGuarantee => Party::Seller,
            Kind::Charge(payer) => payer,
            Kind::Stray(of) => self.deposits[of].payer,
        };
        let must = match kind {
            Kind::BuyerPayment | Kind::SellerPayment | Kind::BuyerGuarantee | Kind::SellerGuarantee => true,
            Kind::Charge(_) | Kind::Stray(_) => false,
        };
        self.deposits.push(Deposit {
            kind,
            payer,
            currency,
            required,
            must,
            accepting: !matches!(kind, Kind::Stray(_)),
            was_full: false,
        });
        self.deposits.len() - 1
    }

    /// Who answers for chargebacks of this deposit.
    pub fn liable(&self, deposit: DepositId) -> Party {
        let Deposit { kind, payer, .. } = self.deposits[deposit];
        match kind {
            Kind::BuyerPayment | Kind::Charge(Party::Buyer) => self.policy.liable,
            Kind::Charge(_) | Kind::SellerPayment | Kind::BuyerGuarantee | Kind::SellerGuarantee => payer,
            Kind::Stray(_) => payer,
        }
    }

    /// The performance begins. From now on losses come after the division.
    pub fn begin(&mut self) {
        self.begun = true;
        self.settle();
    }

    /// The deal closes: chargebacks that still wait for their payment are dropped.
    pub fn close(&mut self) {
        self.closed = true;
        // what waits for its payment goes on waiting: no fact is lost
        self.settle();
    }

    /// From how much on the deposit counts as full.
    pub fn threshold(&self, deposit: DepositId) -> Amount {
        let required = self.deposits[deposit].required;
        required - required * self.policy.shortfall_ppm / 1_000_000
    }

    /// Works everything out anew: late answers, losses, debts, what waits; then sends what can be sent.
    ///
    /// Every public fact ends with it. Run twice, the second time changes nothing.
    pub fn settle(&mut self) {
        self.promote_late();
        self.absorb();
        let was_cut = self.legs.iter().map(|leg| (leg.no, leg.cut)).collect();
        self.divide_losses(&was_cut);
        self.note_full();
        self.place_cases();
        self.divide_losses(&was_cut);
        self.note_cancel();
        while self.order_the_rest() || self.repay_legs() {
            self.divide_losses(&was_cut);
        }
        self.repay_what_is_over();
        self.release_cut_parts();
        self.void_what_is_given_back();
        self.mark_waiting();
        self.forget_what_is_cut_whole();
        self.send();
    }

    fn note_full(&mut self) {
        for id in 0..self.deposits.len() {
            if self.held(id) >= self.threshold(id) {
                self.deposits[id].was_full = true;
            }
        }
    }

    fn note_cancel(&mut self) {
        if self.begun || self.ended {
            return;
        }
        for id in 0..self.deposits.len() {
            let deposit = self.deposits[id];
            if deposit.must && deposit.was_full && self.held(id) < self.threshold(id) {
                self.cancel_due = true;
            }
        }
    }

    /// The payments with money or holds in this deposit, in the order in which they were first heard of.
    pub fn payments_in(&self, deposit: DepositId) -> Vec<Payment> {
        let receipts = self.receipts.iter().filter(|receipt| receipt.deposit == deposit);
        let holds = self.holds.iter().filter(|hold| hold.deposit == deposit);
        let mut seen: Vec<(u64, Payment)> =
            receipts.map(|receipt| (receipt.at, receipt.payment.clone())).collect();
        seen.extend(holds.map(|hold| (hold.at, hold.payment.clone())));
        seen.sort();
        let mut payments: Vec<Payment> = Vec::new();
        for (_, payment) in seen {
            if !payments.contains(&payment) {
                payments.push(payment);
            }
        }
        payments
    }
}
