//! What an accountant asks of a deal at the end: its payments, its chargebacks, its debts, and what the platform bears.

use escrow::deal::command::ChargebackStep;
use escrow::deal::{Case, Cause, Deal, Debt};
use escrow::deposit::{
    DepositId, GatewayName, Leg, LegState, Purpose, Reference, Transaction, TransactionKind, TransactionState,
};
use escrow::{Currency, Money, Payee, Time};
use serde::Serialize;

/// What one payment has brought into one deposit: `amount` = `charged` + `on_hold` + `let_go`.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct PaymentReport {
    /// The gateway.
    pub gateway: GatewayName,
    /// The gateway's id of the payment.
    pub reference: Reference,
    /// Into which deposit.
    pub deposit: DepositId,
    /// What was paid, holds included.
    pub amount: Money,
    /// How far it is.
    pub state: PaymentState,
    /// What of it is money.
    pub charged: Money,
    /// What of it is on hold.
    pub on_hold: Money,
    /// What of a hold was let go, lapsed or could not be captured.
    pub let_go: Money,
    /// What is to go back to its source, and has not gone.
    pub going_back: Money,
    /// What went back.
    pub refunded: Money,
    /// What open chargebacks want of it.
    pub disputed: Money,
    /// What lost chargebacks took of it, less what was reinstated.
    pub charged_back: Money,
}

/// How far a payment is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PaymentState {
    /// A party says that it has paid, and the gateway has not confirmed it.
    Claimed,
    /// So a party has said, and the gateway knows of no such payment.
    Unconfirmed,
    /// Something of it is money.
    Charged,
    /// On hold.
    Held,
    /// It never became money.
    LetGo,
}

/// A chargeback.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct ChargebackReport {
    /// Its number within the deal, counted from 1.
    pub number: u32,
    /// The gateway's id of it.
    pub reference: Reference,
    /// The gateway.
    pub gateway: GatewayName,
    /// The payment that is disputed, by the gateway's id.
    pub payment: Reference,
    /// The latest step.
    pub state: ChargebackStep,
    /// What was disputed.
    pub opened: Option<Money>,
    /// Since when.
    pub opened_at: Option<Time>,
    /// What was lost.
    pub lost: Option<Money>,
    /// What of that was given back.
    pub reinstated: Option<Money>,
    /// On which deposits it falls: what is disputed, or what stands of the loss.
    pub parts: Vec<ChargebackPart>,
    /// The debts that came of it, by their numbers.
    pub debts: Vec<u32>,
}

/// What of a chargeback falls on one deposit.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct ChargebackPart {
    /// The deposit.
    pub deposit: DepositId,
    /// How much.
    pub amount: Money,
}

/// A debt, settled or not.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct DebtReport {
    /// Its number within the deal, counted from 1.
    pub number: u32,
    /// Who owes.
    pub debtor: Payee,
    /// To whom.
    pub payee: Payee,
    /// What for.
    pub purpose: Purpose,
    /// Why.
    pub cause: Cause,
    /// Since when.
    pub raised_at: Time,
    /// How much, the paid part included. Zero once it is cancelled.
    pub amount: Money,
    /// What was paid of it.
    pub paid: Money,
    /// What is still owed.
    pub open: Money,
    /// Whether nothing is owed any more.
    pub settled: bool,
}

/// What the platform bears in one currency: `loss` = `borne` + `costs`.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct PlatformReport {
    /// The currency.
    pub currency: Currency,
    /// What lost chargebacks took and nobody answers for.
    pub borne: Money,
    /// What the platform owes others, paid or not, but for what it was paid too much.
    pub costs: Money,
    /// What is gone for good, if everybody pays their debts.
    pub loss: Money,
    /// What of its debts is open.
    pub owes: Money,
    /// What others owe it and have not paid.
    pub due: Money,
}

pub(super) fn payments(deal: &Deal) -> Vec<PaymentReport> {
    let mut payments: Vec<PaymentReport> = Vec::new();
    for t in deal.transactions().iter().filter(|t| t.kind().is_inbound()) {
        let Some((gateway, reference)) = t.gateway().zip(t.reference()) else { continue };
        let claimed = *t.state() != TransactionState::Succeeded;
        let (charged, on_hold) = (t.charged(), t.held());
        let same = |p: &&mut PaymentReport| {
            p.gateway == *gateway && p.reference == *reference && p.deposit == t.deposit()
        };
        match payments.iter_mut().find(same) {
            // the gateway's word counts, and a claim is none
            Some(_) if claimed => {}
            Some(known) => {
                if matches!(known.state, PaymentState::Claimed | PaymentState::Unconfirmed) {
                    known.amount = zero(known.amount);
                }
                known.charged = plus(known.charged, charged);
                known.on_hold = plus(known.on_hold, on_hold);
                known.amount = plus(known.amount, whole(t));
                known.state = PaymentState::Held;
            }
            None => payments.push(PaymentReport {
                gateway: gateway.clone(),
                reference: reference.clone(),
                deposit: t.deposit(),
                amount: if claimed { t.amount() } else { whole(t) },
                state: match (claimed, t.is_pending()) {
                    (true, true) => PaymentState::Claimed,
                    (true, false) => PaymentState::Unconfirmed,
                    (false, _) => PaymentState::Held,
                },
                charged,
                on_hold,
                let_go: zero(t.amount()),
                going_back: zero(t.amount()),
                refunded: zero(t.amount()),
                disputed: zero(t.amount()),
                charged_back: zero(t.amount()),
            }),
        }
    }
    for payment in &mut payments {
        payment.finish(deal);
    }
    payments
}

/// All that a receipt or a hold came to; the gateway may have charged more than was on hold.
fn whole(t: &Transaction) -> Money {
    let known = plus(t.charged(), t.held());
    if known.minor() > t.amount().minor() { known } else { t.amount() }
}

impl PaymentReport {
    /// What became of its money.
    fn finish(&mut self, deal: &Deal) {
        if matches!(self.state, PaymentState::Claimed | PaymentState::Unconfirmed) {
            return;
        }
        self.let_go = minus(minus(self.amount, self.charged), self.on_hold);
        self.state = if self.charged.is_positive() {
            PaymentState::Charged
        } else if self.on_hold.is_positive() {
            PaymentState::Held
        } else {
            PaymentState::LetGo
        };
        for leg in deal.legs() {
            if !self.is_source_of(deal, leg) {
                continue;
            }
            match leg.state() {
                LegState::Settled | LegState::Credited => {
                    self.refunded = plus(self.refunded, leg.amount());
                }
                LegState::Ordered | LegState::Declined | LegState::Waiting | LegState::Unclaimed => {
                    self.going_back = plus(self.going_back, leg.amount());
                }
                LegState::Dropped => {}
            }
        }
        for case in deal.chargebacks() {
            if case.gateway == self.gateway && case.payment == self.reference {
                let sum = if case.lost.is_some() { &mut self.charged_back } else { &mut self.disputed };
                *sum = plus(*sum, falls_on(case, self.deposit, sum.currency()));
            }
        }
    }

    /// Whether a leg gives money of it back. What lets a hold go never was money.
    fn is_source_of(&self, deal: &Deal, leg: &Leg) -> bool {
        let by = |t: &Transaction| {
            t.gateway() == Some(&self.gateway)
                && t.reference() == Some(&self.reference)
                && t.deposit() == self.deposit
        };
        let is_void = |t: &Transaction| t.kind() == TransactionKind::Void;
        leg.source().and_then(|source| deal.transaction(source)).is_some_and(by)
            && !leg.transaction().and_then(|tx| deal.transaction(tx)).is_some_and(is_void)
    }
}

/// What of an open chargeback, or of a loss, falls on a deposit.
fn falls_on(case: &Case, deposit: DepositId, currency: Currency) -> Money {
    let minor = match case.step() {
        ChargebackStep::Opened => case.part(deposit),
        ChargebackStep::Lost | ChargebackStep::Reinstated => case.lost_in(deposit),
        ChargebackStep::Won => 0,
    };
    Money::from_minor(minor, currency)
}

pub(super) fn chargebacks(deal: &Deal) -> Vec<ChargebackReport> {
    let report = |(number, case): (u32, &Case)| {
        let deposits = deal.deposits().iter().chain(deal.strays());
        let parts = deposits.map(|d| ChargebackPart {
            deposit: d.id(),
            amount: falls_on(case, d.id(), d.required().currency()),
        });
        let of_this = |debt: &&Debt| match debt.cause {
            Cause::RefundedTwice { chargeback, .. }
            | Cause::Liable { chargeback, .. }
            | Cause::Cut { chargeback, .. } => chargeback == number,
            Cause::Ending | Cause::Missed { .. } | Cause::PaidTwice { .. } | Cause::Overpaid { .. } => false,
        };
        ChargebackReport {
            number,
            reference: case.id.clone(),
            gateway: case.gateway.clone(),
            payment: case.payment.clone(),
            state: case.step(),
            opened: case.opened.map(|(amount, _)| amount),
            opened_at: case.opened.map(|(_, at)| at),
            lost: case.lost,
            reinstated: case.reinstated,
            parts: parts.filter(|part| part.amount.is_positive()).collect(),
            debts: deal.debts().iter().filter(of_this).map(|debt| debt.number).collect(),
        }
    };
    (1..).zip(deal.chargebacks()).map(report).collect()
}

pub(super) fn debts(deal: &Deal) -> Vec<DebtReport> {
    let report = |debt: &Debt| DebtReport {
        number: debt.number,
        debtor: debt.debtor.clone(),
        payee: debt.payee.clone(),
        purpose: debt.purpose,
        cause: debt.cause,
        raised_at: debt.raised_at,
        amount: debt.amount,
        paid: Money::from_minor(debt.paid(), debt.amount.currency()),
        open: debt.open(),
        settled: !debt.is_open(),
    };
    deal.debts().iter().map(report).collect()
}

/// In the deal's currency, and in every other one in which the platform bears, owes or is owed anything.
pub(super) fn platform(deal: &Deal) -> Vec<PlatformReport> {
    let mut all = vec![PlatformReport::new(deal.terms().currency)];
    let mut add = |sum: Money, to: fn(&mut PlatformReport) -> &mut Money| {
        if !sum.is_positive() {
            return;
        }
        if !all.iter().any(|p| p.currency == sum.currency()) {
            all.push(PlatformReport::new(sum.currency()));
        }
        if let Some(of) = all.iter_mut().find(|p| p.currency == sum.currency()) {
            *to(of) = plus(*to(of), sum);
        }
    };
    deal.deposits().iter().chain(deal.strays()).for_each(|d| add(d.borne(), |p| &mut p.borne));
    for debt in deal.debts() {
        if debt.debtor == Payee::Platform {
            add(debt.open(), |p| &mut p.owes);
            if !matches!(debt.cause, Cause::Overpaid { .. }) {
                add(debt.amount, |p| &mut p.costs);
            }
        }
        if debt.payee == Payee::Platform {
            add(debt.open(), |p| &mut p.due);
        }
    }
    all.iter_mut().for_each(|p| p.loss = plus(p.borne, p.costs));
    all
}

impl PlatformReport {
    const fn new(currency: Currency) -> Self {
        let zero = Money::zero(currency);
        Self { currency, borne: zero, costs: zero, loss: zero, owes: zero, due: zero }
    }
}

const fn zero(like: Money) -> Money {
    Money::zero(like.currency())
}

const fn plus(one: Money, other: Money) -> Money {
    Money::from_minor(one.minor().saturating_add(other.minor()), one.currency())
}

/// Never below zero.
const fn minus(one: Money, other: Money) -> Money {
    let left = one.minor().saturating_sub(other.minor());
    Money::from_minor(if left > 0 { left } else { 0 }, one.currency())
}
