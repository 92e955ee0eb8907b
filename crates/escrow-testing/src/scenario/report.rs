//! What came of a scenario: one JSON object.

use escrow::terms::Quote;
use serde::Serialize;

use super::deadline::{Deadline, Paid};
use super::statement::{self, ChargebackReport, DebtReport, PaymentReport, PlatformReport};
use escrow::deal::{Deal, Status};
use escrow::deposit::{
    Buckets, Deposit, DepositId, DepositPurpose, GatewayName, LegState, Purpose, Reference,
};
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
    /// The quote of the terms that bind at the end; of terms that were refused, where there are such sums.
    pub quote: Option<Quote>,
    /// Every leg, with the parts into which chargebacks and returns have divided it.
    pub legs: Vec<LegReport>,
    /// What each payee gets for each purpose out of each deposit, and of each payment that goes back: the parts of a leg
    /// summed up, what was cut left out.
    pub payees: Vec<PayeeReport>,
    /// What is still owed beyond the pots.
    pub receivables: Vec<Receivable>,
    /// Every deposit with its buckets.
    pub deposits: Vec<DepositReport>,
    /// What every payment has brought, and what became of it.
    pub payments: Vec<PaymentReport>,
    /// Every chargeback.
    pub chargebacks: Vec<ChargebackReport>,
    /// Every debt, settled or not.
    pub debts: Vec<DebtReport>,
    /// What the platform bears, a line per currency.
    pub platform: Vec<PlatformReport>,
    /// The deadline that the deal waits for at the end.
    pub deadline: Option<Deadline>,
    /// Money in a currency that its deposit is not in, with the buckets of the deposit of its own.
    pub strays: Vec<DepositReport>,
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
    /// The sum that it is about, where it is about one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub amount: Option<Money>,
    /// Who gets what by it: what was ordered, credited, or waits. Deadlines that passed before it are counted in.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub pays: Vec<Paid>,
    /// The next deadline afterwards.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deadline: Option<Deadline>,
    /// Of terms that were proposed in place of others, also where they were refused: their quote.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quote: Option<Quote>,
    /// Of a part that was accepted, or asked about, also where it was refused: the quote on that part.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub requote: Option<Quote>,
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
    /// The payment that it goes back to, by the gateway's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<Reference>,
    #[serde(skip)]
    by: Option<GatewayName>,
}

/// What one payee gets for one purpose out of one deposit.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct PayeeReport {
    /// Out of which deposit.
    pub deposit: DepositId,
    /// To whom.
    pub payee: Payee,
    /// Why.
    pub purpose: Purpose,
    /// How much.
    pub amount: Money,
    /// The payment that it goes back to, by the gateway's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<Reference>,
    #[serde(skip)]
    by: Option<GatewayName>,
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
    /// What chargebacks of its payments took besides, and nobody answers for: the platform's own loss.
    pub borne: Money,
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
            payees: Vec::new(),
            receivables: Vec::new(),
            deposits: Vec::new(),
            payments: Vec::new(),
            chargebacks: Vec::new(),
            debts: Vec::new(),
            platform: Vec::new(),
            deadline: None,
            strays: Vec::new(),
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
        self.legs = deal.legs().iter().map(|leg| LegReport::of(deal, leg)).collect();
        self.payees = payees(&self.legs);
        self.receivables = deal
            .receivables()
            .map(|debt| Receivable {
                debtor: debt.debtor.clone(),
                payee: debt.payee.clone(),
                purpose: debt.purpose,
                amount: debt.open(),
            })
            .collect();
        self.deposits = deal.deposits().iter().map(DepositReport::from).collect();
        self.strays = deal.strays().map(DepositReport::from).collect();
        self.payments = statement::payments(deal);
        self.chargebacks = statement::chargebacks(deal);
        self.debts = statement::debts(deal);
        self.platform = statement::platform(deal);
        self.deadline = Deadline::of(deal);
    }
}

impl LegReport {
    fn of(deal: &Deal, leg: &escrow::deposit::Leg) -> Self {
        let source = leg.source().and_then(|tx| deal.transaction(tx));
        Self {
            deposit: leg.deposit(),
            payee: leg.payee().clone(),
            purpose: leg.purpose(),
            amount: leg.amount(),
            state: leg.state(),
            source: source.and_then(|t| t.reference().cloned()),
            by: source.and_then(|t| t.gateway().cloned()),
        }
    }
}

/// The parts of legs, summed up in the order of the first of each.
fn payees(legs: &[LegReport]) -> Vec<PayeeReport> {
    let mut payees: Vec<PayeeReport> = Vec::new();
    for leg in legs.iter().filter(|leg| leg.amount.is_positive()) {
        let LegReport { deposit, payee, purpose, amount, source, by, .. } = leg;
        let same = payees.iter_mut().find(|p| {
            let one = p.deposit == *deposit && p.payee == *payee && p.purpose == *purpose;
            one && p.amount.currency() == amount.currency() && p.source == *source && p.by == *by
        });
        match same {
            Some(known) => {
                let sum = known.amount.minor().saturating_add(amount.minor());
                known.amount = Money::from_minor(sum, amount.currency());
            }
            None => payees.push(PayeeReport {
                deposit: *deposit,
                payee: payee.clone(),
                purpose: *purpose,
                amount: *amount,
                source: source.clone(),
                by: by.clone(),
            }),
        }
    }
    payees
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
            borne: d.borne(),
        }
    }
}

impl DepositMoney {
    pub(super) fn of(deal: &Deal) -> Vec<Self> {
        let inside = deal.deposits().iter().zip(deal.money_inside());
        let some = inside.filter(|(_, amount)| amount.is_positive());
        let own = some.map(|(d, amount)| Self { deposit: d.id(), amount });
        let strays = deal.strays().filter_map(|d| {
            let inside = d.buckets().held.saturating_add(d.buckets().reserved);
            let amount = Money::from_minor(inside, d.required().currency());
            amount.is_positive().then(|| Self { deposit: d.id(), amount })
        });
        own.chain(strays).collect()
    }
}
