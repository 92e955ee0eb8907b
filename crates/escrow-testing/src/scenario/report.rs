//! What came of a scenario: one JSON object.

use escrow::terms::Quote;
use serde::Serialize;

use escrow::deal::{Deal, Status};
use escrow::deposit::{Buckets, Deposit, DepositId, DepositPurpose, LegState, Purpose};
use escrow::settlement::{Receivable, Settlement};
use escrow::{Envelope, Money, Outcome, Payee, Side, Time};

/// What came of a scenario.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct Report {
    /// The scenario's name.
    pub name: String,
    /// Whether all expectations were met and all invariants hold.
    pub ok: bool,
    /// Why the deal was not created.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<StepError>,
    /// The status at the end.
    pub status: Option<Status>,
    /// The outcome.
    pub outcome: Option<Outcome>,
    /// The quote of the terms that bind at the end.
    pub quote: Option<Quote>,
    /// Every leg.
    pub legs: Vec<LegReport>,
    /// What is owed beyond the pots.
    pub receivables: Vec<Receivable>,
    /// Every deposit with its buckets.
    pub deposits: Vec<DepositReport>,
    /// Every step.
    pub steps: Vec<StepReport>,
    /// The steps that were refused.
    pub rejections: Vec<StepError>,
    /// The journal.
    pub events: Vec<Envelope>,
    /// What was checked, after every step and at the end.
    pub invariants: Invariants,
    /// What is not as expected.
    pub differences: Vec<String>,
}

/// A refused step.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct StepError {
    /// Which step, counted from 1; 0 is the creation.
    pub step: usize,
    /// The code of the rejection.
    pub code: String,
    /// What it says.
    pub message: String,
}

/// One step and its result.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct StepReport {
    /// Counted from 1; 0 is the creation.
    pub step: usize,
    /// When.
    pub at: Time,
    /// Who.
    pub by: String,
    /// What.
    #[serde(rename = "do")]
    pub action: String,
    /// `accepted`, or the code of the rejection.
    pub result: String,
    /// What the rejection says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// The status afterwards.
    pub status: Status,
    /// The deal's version afterwards.
    pub version: u64,
    /// What all deposits hold or have assigned afterwards.
    pub inside: Vec<DepositMoney>,
    /// The answer to a preview.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preview: Option<Preview>,
}

/// How much a deposit holds or has assigned.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct DepositMoney {
    /// The deposit.
    pub deposit: DepositId,
    /// The amount.
    pub amount: Money,
}

/// What everybody would get.
pub type Preview = Settlement;

/// A leg.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct LegReport {
    /// The source deposit.
    pub deposit: DepositId,
    /// The payee.
    pub payee: Payee,
    /// The purpose.
    pub purpose: Purpose,
    /// The amount.
    pub amount: Money,
    /// How far it is.
    pub state: LegState,
}

/// A deposit with its buckets.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct DepositReport {
    /// The deposit.
    pub deposit: DepositId,
    /// The owner's side.
    pub owner: Side,
    /// The purpose.
    pub purpose: DepositPurpose,
    /// How much is required.
    pub required: Money,
    /// All that came in.
    pub received: Money,
    /// What is there, not assigned.
    pub held: Money,
    /// What is assigned, not settled.
    pub reserved: Money,
    /// What went to payees.
    pub paid_out: Money,
    /// What went back.
    pub refunded: Money,
    /// What chargebacks took.
    pub charged_back: Money,
}

/// What was checked, after every step and at the end.
#[derive(Clone, Debug, Default, Serialize)]
#[non_exhaustive]
pub struct Invariants {
    /// How many checks were made.
    pub checks: usize,
    /// Those that failed.
    pub violations: Vec<String>,
}

impl Report {
    pub(super) fn new(name: String) -> Self {
        Self {
            name,
            ok: false,
            error: None,
            status: None,
            outcome: None,
            quote: None,
            legs: Vec::new(),
            receivables: Vec::new(),
            deposits: Vec::new(),
            steps: Vec::new(),
            rejections: Vec::new(),
            events: Vec::new(),
            invariants: Invariants::default(),
            differences: Vec::new(),
        }
    }

    pub(super) fn describe(&mut self, deal: &Deal) {
        self.status = Some(deal.status());
        self.outcome = deal.outcome();
        self.quote = Some(deal.binding_terms().quote().clone());
        self.legs = deal.legs().iter().map(LegReport::from).collect();
        self.receivables = deal.receivables().to_vec();
        self.deposits = deal.deposits().iter().map(DepositReport::from).collect();
    }
}

impl From<&escrow::deposit::Leg> for LegReport {
    fn from(leg: &escrow::deposit::Leg) -> Self {
        Self {
            deposit: leg.deposit(),
            payee: leg.payee().clone(),
            purpose: leg.purpose(),
            amount: leg.amount(),
            state: leg.state(),
        }
    }
}

impl From<&Deposit> for DepositReport {
    fn from(d: &Deposit) -> Self {
        let money = |minor| Money::from_minor(minor, d.required().currency());
        let Buckets { received, held, reserved, paid_out, refunded, charged_back } = *d.buckets();
        Self {
            deposit: d.id(),
            owner: d.owner(),
            purpose: d.purpose(),
            required: d.required(),
            received: money(received),
            held: money(held),
            reserved: money(reserved),
            paid_out: money(paid_out),
            refunded: money(refunded),
            charged_back: money(charged_back),
        }
    }
}

impl DepositMoney {
    pub(super) fn of(deal: &Deal) -> Vec<Self> {
        let inside = deal.deposits().iter().zip(deal.money_inside());
        let some = inside.filter(|(_, amount)| amount.is_positive());
        some.map(|(d, amount)| Self { deposit: d.id(), amount }).collect()
    }
}
