//! The words of the model: parties, payments, deposits, facts and their answers.

use std::fmt;

/// Minor units of the deposit's currency.
pub type Amount = i128;

/// A currency code.
pub type Currency = &'static str;

/// Who can pay, be paid, and owe.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Party {
    Buyer,
    Seller,
    Platform,
    Processor,
    Arbiter,
    /// A carrier, a partner: anybody else, by number.
    Third(u8),
}

/// A payment at a gateway: what a gateway and its reference name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Payment {
    pub gateway: String,
    pub reference: String,
}

impl Payment {
    pub fn new(gateway: &str, reference: &str) -> Self {
        Self { gateway: gateway.to_owned(), reference: reference.to_owned() }
    }
}

/// A deposit of the deal, by its place in [`Books::deposits`](super::books::Books).
pub type DepositId = usize;

/// What a deposit is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    BuyerPayment,
    SellerPayment,
    BuyerGuarantee,
    SellerGuarantee,
    /// A charge that this party pays.
    Charge(Party),
    /// Money in another currency that was meant for the named deposit.
    Stray(DepositId),
}

#[derive(Clone, Copy, Debug)]
pub struct Deposit {
    pub kind: Kind,
    pub payer: Party,
    pub currency: Currency,
    pub required: Amount,
    /// Whether the deal waits for this deposit before it can be performed.
    pub must: bool,
    /// Whether the deal takes money for it now.
    pub accepting: bool,
    /// Whether it has ever reached its threshold.
    pub was_full: bool,
}

/// What a leg is paid for. The model only compares it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Purpose {
    Payout,
    Fee,
    Service,
    Charge,
    Refund,
    Excess,
    Guarantee,
    /// Money of a leg that somebody else had made good already.
    Repayment,
}

/// What the gateway says of money that came in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Confirm {
    pub payment: Payment,
    pub deposit: DepositId,
    pub amount: Amount,
    pub currency: Currency,
    pub how: How,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum How {
    Held,
    Charged {
        capture: Option<String>,
        /// Whether the rest of a hold is let go.
        last: bool,
    },
}

impl Confirm {
    pub fn charged(payment: &Payment, deposit: DepositId, amount: Amount) -> Self {
        Self {
            payment: payment.clone(),
            deposit,
            amount,
            currency: "EUR",
            how: How::Charged { capture: None, last: true },
        }
    }

    pub fn held(payment: &Payment, deposit: DepositId, amount: Amount) -> Self {
        Self { how: How::Held, ..Self::charged(payment, deposit, amount) }
    }

    pub fn capture(mut self, id: &str, is_last: bool) -> Self {
        self.how = How::Charged { capture: Some(id.to_owned()), last: is_last };
        self
    }

    pub fn currency(mut self, currency: Currency) -> Self {
        self.currency = currency;
        self
    }
}

/// A step of a chargeback.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    Opened(Amount),
    Won,
    Lost(Amount),
    Reinstated(Amount),
}

/// What the gateway says of a chargeback.
#[derive(Clone, Debug)]
pub struct Chargeback {
    pub id: String,
    pub payment: Payment,
    /// The deposit, where the bank's case names it.
    pub deposit: Option<DepositId>,
    pub currency: Currency,
    pub step: Step,
}

impl Chargeback {
    pub fn new(id: &str, payment: &Payment, step: Step) -> Self {
        Self { id: id.to_owned(), payment: payment.clone(), deposit: None, currency: "EUR", step }
    }

    pub fn of(mut self, deposit: DepositId) -> Self {
        self.deposit = Some(deposit);
        self
    }
}

/// The number of a transaction.
pub type Tx = usize;

/// What the gateway answers to a transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    Succeeded,
    /// A capture that succeeded, with the gateway's id of it.
    Captured(String),
    Declined,
}

/// What became of a fact. Nothing else is possible, and nothing is swallowed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub enum Answer {
    /// Recorded, with its effect.
    Applied,
    /// Exactly this fact is recorded already.
    Repeat,
    /// The books say otherwise. Nothing changed.
    Contradicts { stands: String, says: String },
}

impl Answer {
    pub fn contradicts(stands: impl fmt::Display, says: impl fmt::Display) -> Self {
        Self::Contradicts { stands: stands.to_string(), says: says.to_string() }
    }
}

/// Which payment an ending refunds first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefundOrder {
    NewestFirst,
    OldestFirst,
}

#[derive(Clone, Copy, Debug)]
pub struct Policy {
    /// Who answers for chargebacks of the buyer's payment and charges.
    pub liable: Party,
    pub refund_order: RefundOrder,
    /// By how much a required deposit may miss its sum, in parts per million.
    pub shortfall_ppm: Amount,
}

impl Default for Policy {
    fn default() -> Self {
        Self { liable: Party::Seller, refund_order: RefundOrder::NewestFirst, shortfall_ppm: 0 }
    }
}

/// Divides `total` by `weights`: the largest remainder, the earlier first. Zero weights get nothing.
pub fn largest_remainder(total: Amount, weights: &[Amount]) -> Vec<Amount> {
    let sum: Amount = weights.iter().sum();
    if sum == 0 {
        return vec![0; weights.len()];
    }
    let mut parts: Vec<Amount> = weights.iter().map(|weight| total * weight / sum).collect();
    let mut order: Vec<usize> = (0..weights.len()).filter(|&at| weights[at] > 0).collect();
    order.sort_by_key(|&at| (-(total * weights[at] % sum), at));
    let missing = total - parts.iter().sum::<Amount>();
    for &at in order.iter().take(usize::try_from(missing).expect("fewer than the weights")) {
        parts[at] += 1;
    }
    parts
}
