//! Facts about money that the gateway tells late, early, in parts, for something else, or against its own word. Each kind
//! costs its own once per history; what follows from one, the further steps of a chargeback or a second part, is free.

use escrow::deal::command::{
    Answer, Answered, Chargeback, ChargebackStep, ConfirmPayment, Returned, SettleReceivable,
};
use escrow::deal::{Command, CommandKind, PhaseKind};
use escrow::deposit::{DepositId, HoldState, LegState, TransactionKind, TransactionState};
use escrow::{Currency, Deal, Money, Transaction};

use crate::common::text;

/// A kind of fact that a history may have once.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Fact {
    /// A payment is charged back, whole or in part: opened, or lost at once.
    Chargeback,
    /// The same before its payment is known.
    Early,
    /// An outgoing payment comes back, whole or in part.
    Returned,
    /// A debt is paid.
    Settled,
    /// A payment, or an open hold, is charged in two parts.
    Parts,
    /// A payment in another currency.
    Stray,
    /// A payment that is known, told for another deposit, too.
    Elsewhere,
    /// What was declined has succeeded after all.
    Succeeded,
    /// What has succeeded was declined.
    Declined,
}

impl Fact {
    pub const ALL: [Self; 9] = [
        Self::Chargeback,
        Self::Early,
        Self::Returned,
        Self::Settled,
        Self::Parts,
        Self::Stray,
        Self::Elsewhere,
        Self::Succeeded,
        Self::Declined,
    ];

    pub const fn bit(self) -> u16 {
        1 << self as u16
    }

    /// What the offer of such a fact costs.
    pub const fn cost(self) -> u8 {
        FACT + self as u8
    }
}

/// Costs from here on are facts, by their kinds.
pub const FACT: u8 = 16;

/// Every fact of a kind of command that could be told of a deal as it is.
pub fn facts(deal: &Deal, kind: CommandKind, offer: &mut dyn FnMut(Command, u8)) {
    match kind {
        CommandKind::Chargeback => {
            opened(deal, offer);
            early(deal, offer);
            followed(deal, offer);
        }
        CommandKind::Returned => returned(deal, offer),
        CommandKind::SettleReceivable => {
            for debt in deal.receivables() {
                let reference = text(&format!("settled-{}", debt.number));
                let settle = SettleReceivable::new(debt.number, debt.open(), reference);
                offer(settle.into(), Fact::Settled.cost());
            }
        }
        CommandKind::ConfirmPayment => {
            in_parts(deal, offer);
            elsewhere(deal, offer);
            for deposit in deal.deposits().iter().filter(|d| d.required().is_positive()) {
                let dollars = Money::from_minor(9_00, Currency::USD);
                let reference = text(&format!("stray-{}", deposit.id()));
                let stray = ConfirmPayment::charged(deposit.id(), text("bank"), reference, dollars);
                offer(stray.into(), Fact::Stray.cost());
            }
        }
        CommandKind::Answer => answered(deal, offer),
        _ => {}
    }
}

fn came(deal: &Deal) -> impl Iterator<Item = &Transaction> {
    let all = deal.transactions().iter();
    all.filter(|t| t.kind().is_inbound() && *t.state() == TransactionState::Succeeded)
}

fn half(minor: i64) -> i64 {
    (minor / 2).max(1)
}

/// What is known of a payment is disputed, or lost.
fn opened(deal: &Deal, offer: &mut dyn FnMut(Command, u8)) {
    let number = deal.chargebacks().len();
    for payment in came(deal).filter(|t| t.capture_id().is_none_or(|c| c.as_str() != "part-2")) {
        let named = || (payment.gateway().cloned().unwrap(), payment.reference().cloned().unwrap());
        let all = payment.amount().minor();
        for (minor, step) in [
            (all, ChargebackStep::Opened),
            (half(all), ChargebackStep::Opened),
            (all, ChargebackStep::Lost),
            (half(all), ChargebackStep::Lost),
        ] {
            let amount = Money::from_minor(minor, payment.amount().currency());
            let case = Chargeback::new(text(&format!("case-{number}")), named(), amount, step);
            offer(case.into(), Fact::Chargeback.cost());
        }
    }
}

/// The next payment is charged back before it is told of.
fn early(deal: &Deal, offer: &mut dyn FnMut(Command, u8)) {
    let before = deal.phase().kind() < PhaseKind::AwaitingPerformance;
    let Some(deposit) = deal.deposits().iter().find(|d| before && d.outstanding().is_positive()) else {
        return;
    };
    let number = deal.chargebacks().len();
    let named = || (text("bank"), text(&next_payment(deal)));
    for step in [ChargebackStep::Opened, ChargebackStep::Lost] {
        let amount = deposit.outstanding();
        let case = Chargeback::new(text(&format!("case-{number}")), named(), amount, step);
        offer(case.into(), Fact::Early.cost());
    }
}

/// The reference of the next payment that comes in.
pub fn next_payment(deal: &Deal) -> String {
    let told = |t: &&Transaction| t.reference().is_some() && t.kind().is_inbound();
    format!("paid-{}", deal.transactions().iter().filter(told).count())
}

/// What was won is lost; what was lost is reinstated, whole or in part.
fn followed(deal: &Deal, offer: &mut dyn FnMut(Command, u8)) {
    for case in deal.chargebacks() {
        let Some(amount) = case.amount() else { continue };
        let mut next = |minor, step| {
            let payment = (case.gateway.clone(), case.payment.clone());
            let amount = Money::from_minor(minor, amount.currency());
            offer(Chargeback::new(case.id.clone(), payment, amount, step).of(case.deposit).into(), 0);
        };
        match case.step() {
            // its ends are the gateway's to say, whatever else happens
            ChargebackStep::Opened | ChargebackStep::Reinstated => {}
            ChargebackStep::Won => next(amount.minor(), ChargebackStep::Lost),
            ChargebackStep::Lost => {
                next(amount.minor(), ChargebackStep::Reinstated);
                next(half(amount.minor()), ChargebackStep::Reinstated);
            }
        }
    }
}

/// What was sent, and is at a bank.
fn sent(deal: &Deal) -> impl Iterator<Item = &Transaction> {
    let kinds = [TransactionKind::Payout, TransactionKind::Fee, TransactionKind::Refund];
    deal.transactions().iter().filter(move |t| {
        let mut legs = deal.legs().iter();
        let credited = legs.any(|l| l.transaction() == Some(t.id()) && l.state() == LegState::Credited);
        kinds.contains(&t.kind()) && !credited
    })
}

fn returned(deal: &Deal, offer: &mut dyn FnMut(Command, u8)) {
    for t in sent(deal).filter(|t| *t.state() == TransactionState::Succeeded) {
        let left = t.amount().minor() - t.bounced();
        for minor in [left, left / 2] {
            if minor > 0 {
                let amount = Money::from_minor(minor, t.amount().currency());
                let reference = text(&format!("back-{}", t.id()));
                offer(Returned::new(t.id(), amount, reference).into(), Fact::Returned.cost());
            }
        }
    }
}

/// A first part costs, the second is free: of a payment of its own, or of a hold.
fn in_parts(deal: &Deal, offer: &mut dyn FnMut(Command, u8)) {
    let part = |n: u8| text(&format!("part-{n}"));
    let parts = |t: &Transaction, n: u8| {
        let of = |o: &&Transaction| o.reference() == t.reference() && o.deposit() == t.deposit();
        let captures = deal.transactions().iter().filter(|o| {
            of(o) || o.source().and_then(|id| deal.transaction(id)).is_some_and(|hold| of(&hold))
        });
        captures.filter(|o| o.capture_id().is_some_and(|c| c.as_str() == format!("part-{n}"))).count() > 0
    };
    let before = deal.phase().kind() < PhaseKind::AwaitingPerformance;
    for deposit in deal.deposits().iter().filter(|d| before && d.outstanding().is_positive()) {
        let amount = Money::from_minor(half(deposit.outstanding().minor()), deposit.required().currency());
        let payment = ConfirmPayment::charged(deposit.id(), text("bank"), text(&next_payment(deal)), amount);
        offer(payment.capture(part(1), false).into(), Fact::Parts.cost());
    }
    for t in came(deal) {
        let Some((gateway, reference)) = t.gateway().cloned().zip(t.reference().cloned()) else { continue };
        let is_hold = t.kind() == TransactionKind::Hold;
        let first = parts(t, 1);
        if parts(t, 2) || !is_hold && !first {
            continue;
        }
        let charge =
            |amount: Money| ConfirmPayment::charged(t.deposit(), gateway.clone(), reference.clone(), amount);
        let so_much = Money::from_minor(half(t.amount().minor()), t.amount().currency());
        if first {
            let rest = if is_hold { so_much } else { t.amount() };
            offer(charge(rest).capture(part(2), true).into(), 0);
        } else if t.hold() == Some(HoldState::Closed) || t.hold() == Some(HoldState::Lapsed) {
            // charged after all, where that was not to be
            let captured = deal.transactions().iter().any(|o| {
                o.source() == Some(t.id())
                    && o.kind() == TransactionKind::Capture
                    && *o.state() == TransactionState::Succeeded
            });
            if !captured {
                offer(charge(t.amount()).into(), Fact::Parts.cost());
            }
        } else {
            offer(charge(so_much).capture(part(1), false).into(), Fact::Parts.cost());
            offer(charge(t.amount()).into(), Fact::Parts.cost());
        }
    }
}

/// One payment is told for a second deposit.
fn elsewhere(deal: &Deal, offer: &mut dyn FnMut(Command, u8)) {
    let Some(t) = came(deal).next() else { return };
    let Some((gateway, reference)) = t.gateway().cloned().zip(t.reference().cloned()) else { return };
    let others = deal.deposits().iter().filter(|d| d.id() != t.deposit());
    let unpaid = |id: DepositId| !came(deal).any(|o| o.deposit() == id && o.reference() == Some(&reference));
    for deposit in others.filter(|d| d.required().currency() == t.amount().currency() && unpaid(d.id())) {
        let missing = deposit.outstanding().minor();
        let minor = if missing > 0 { missing } else { 7_00 };
        let amount = Money::from_minor(minor, t.amount().currency());
        let payment = ConfirmPayment::charged(deposit.id(), gateway.clone(), reference.clone(), amount);
        offer(payment.into(), Fact::Elsewhere.cost());
    }
}

/// The gateway takes its word back.
fn answered(deal: &Deal, offer: &mut dyn FnMut(Command, u8)) {
    let captures = deal.transactions().iter().filter(|t| t.kind() == TransactionKind::Capture);
    for t in captures.chain(sent(deal)) {
        match t.state() {
            TransactionState::Failed(_) => {
                let done = Answered::Succeeded(text("done-late"));
                offer(Answer::new(t.id(), done).into(), Fact::Succeeded.cost());
            }
            TransactionState::Succeeded => {
                let no = Answered::Declined(text("no"));
                offer(Answer::new(t.id(), no).into(), Fact::Declined.cost());
            }
            TransactionState::Pending => {}
        }
    }
}
