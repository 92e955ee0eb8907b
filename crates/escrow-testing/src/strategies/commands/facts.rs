//! What the gateway says of money that has moved: answers, late and contradicting ones, chargebacks, payments that come
//! back, debts that are paid.

use super::super::salt::{Salt, text};
use super::money::{any_deposit, gateway, other_than, own};
use escrow::deal::command::{Answer, Answered, Chargeback, ChargebackStep, Returned, SettleReceivable, Wake};
use escrow::deposit::{DepositId, GatewayName, Reference, TransactionState};
use escrow::{Command, Deal, Money, Transaction, TxId};

/// An answer to an order that waits for one: mostly success; to a claim, the reference that was claimed.
pub(super) fn honest_answer(deal: &Deal, salt: &mut Salt) -> Command {
    let pending: Vec<_> = deal.pending().collect();
    if pending.is_empty() {
        return Command::Wake(Wake {});
    }
    let order = salt.of(&pending);
    let transaction = order.number();
    let result = match salt.pick(14) {
        0..=11 => {
            let own = || text(&format!("done-{transaction}"));
            Answered::Succeeded(order.transaction.map_or_else(own, order_reference))
        }
        12 => Answered::Declined(text("no funds")),
        _ => Answered::InProgress,
    };
    Answer::new(transaction, result).into()
}

/// What the gateway would call the success of this order.
fn order_reference(transaction: &Transaction) -> Reference {
    let own = || text(&format!("done-{}", transaction.id()));
    transaction.reference().cloned().unwrap_or_else(own)
}

/// An answer: honest, or late to an order that has another one, or to one that never was.
pub(in super::super) fn answer(deal: &Deal, salt: &mut Salt) -> Command {
    if deal.has_pending() && !salt.once_in(5) {
        return honest_answer(deal, salt);
    }
    if let Some(contradiction) = contradiction(deal, salt) {
        return contradiction;
    }
    let number = salt.pick(deal.transactions().len().saturating_add(2)).saturating_add(1);
    let transaction = TxId::new(u32::try_from(number).unwrap_or(u32::MAX));
    let result = salt.of(&[
        Answered::Succeeded(text(&format!("done-{transaction}"))),
        Answered::Declined(text("late")),
        Answered::Succeeded(text("another")),
        Answered::InProgress,
    ]);
    Answer::new(transaction, result).into()
}

/// An answered order is answered otherwise: done after it was declined, declined after it was done.
fn contradiction(deal: &Deal, salt: &mut Salt) -> Option<Command> {
    let answered: Vec<_> =
        deal.transactions().iter().filter(|t| !t.kind().is_inbound() && !t.is_pending()).collect();
    if answered.is_empty() || !salt.once_in(2) {
        return None;
    }
    let order = salt.of(&answered);
    let result = match order.state() {
        TransactionState::Failed(_) => Answered::Succeeded(order_reference(order)),
        TransactionState::Succeeded | TransactionState::Pending => Answered::Declined(text("late")),
    };
    Some(Answer::new(order.id(), result).into())
}

/// What comes afterwards: mostly chargebacks; payments that come back, and debts that are paid.
pub(in super::super) fn aftermath(deal: &Deal, salt: &mut Salt) -> Command {
    let sent = || deal.transactions().iter().any(is_sent);
    match salt.pick(6) {
        4 if sent() => returned(deal, salt),
        5 if deal.receivables().next().is_some() => settle(deal, salt),
        _ => chargeback(deal, salt),
    }
}

/// A chargeback opens, or goes on.
pub(super) fn chargeback(deal: &Deal, salt: &mut Salt) -> Command {
    let known = deal.chargebacks();
    if known.is_empty() || salt.once_in(3) { first_step(deal, salt) } else { next_step(deal, salt) }
}

/// The next step of one that is known, mostly; sometimes any step, or another sum.
fn next_step(deal: &Deal, salt: &mut Salt) -> Command {
    use ChargebackStep::{Lost, Opened, Reinstated, Won};
    let mut cases: Vec<_> = deal.chargebacks().iter().collect();
    let undecided: Vec<_> = cases.iter().copied().filter(|c| c.step() == Opened).collect();
    if !undecided.is_empty() && !salt.once_in(4) {
        cases = undecided;
    }
    let case = salt.of(&cases);
    let step = match case.step() {
        _ if salt.once_in(10) => salt.of(&[Opened, Lost, Won, Reinstated]),
        Opened => salt.of(&[Lost, Lost, Won]),
        Won => Lost,
        Lost | Reinstated => Reinstated,
    };
    let amount = case.amount().unwrap_or_else(|| own(deal, 1));
    let minor = match salt.pick(8) {
        0..=4 => amount.minor(),
        5 => (amount.minor() / 2).max(1),
        6 => 1,
        _ => amount.minor().saturating_add(1),
    };
    let payment = (case.gateway.clone(), case.payment.clone());
    let amount = Money::from_minor(minor, amount.currency());
    Chargeback::new(case.id.clone(), payment, amount, step).of(case.deposit).into()
}

/// The first step of another one: of a payment that came in, or of one that nobody has told of yet.
fn first_step(deal: &Deal, salt: &mut Salt) -> Command {
    use ChargebackStep::{Lost, Opened, Reinstated, Won};
    let payments: Vec<_> = deal.transactions().iter().filter(|t| t.kind().is_inbound()).collect();
    let unknown = || (text("acquirer"), text("early"), own(deal, 5), DepositId::BUYER_PAYMENT);
    let (gateway, payment, amount, into): (GatewayName, Reference, Money, DepositId) =
        if payments.is_empty() || salt.once_in(10) {
            let (_, _, amount, into) = unknown();
            // the next payment may be known by this reference
            let next = deal.version().saturating_add(salt.byte(3).into());
            (gateway(salt), text(&format!("ref-{next}")), amount, into)
        } else {
            let paid = salt.of(&payments);
            let name = paid.gateway().cloned().zip(paid.reference().cloned());
            let (_, _, _, into) = unknown();
            name.map_or_else(unknown, |(gateway, reference)| {
                (gateway, reference, paid.amount(), if paid.deposit() > into { paid.deposit() } else { into })
            })
        };
    let received = amount.minor();
    let minor = match salt.pick(10) {
        0..=3 => received.max(1),
        4 | 5 => (received / 2).max(1),
        6 => (received / 3).max(1),
        7 => 1,
        8 => received.saturating_mul(2).saturating_add(1),
        _ => i64::MAX,
    };
    let currency = if salt.once_in(30) { other_than(amount.currency()) } else { amount.currency() };
    let deposit = match salt.pick(10) {
        8 => Some(into),
        9 => Some(any_deposit(deal, salt)),
        _ => None,
    };
    let number = if salt.once_in(6) { 0 } else { deal.version() };
    let step = salt.of(&[Opened, Opened, Opened, Opened, Opened, Lost, Lost, Won, Reinstated]);
    let reference = text(&format!("chargeback-{number}"));
    let amount = Money::from_minor(minor, currency);
    Chargeback::new(reference, (gateway, payment), amount, step).of(deposit).into()
}

fn is_sent(transaction: &Transaction) -> bool {
    transaction.leg().is_some() && matches!(transaction.state(), TransactionState::Succeeded)
}

/// The bank gives back what was sent: whole, in parts, more than it was, or something that never was sent.
pub(super) fn returned(deal: &Deal, salt: &mut Salt) -> Command {
    let sent: Vec<_> = deal.transactions().iter().filter(|t| is_sent(t)).collect();
    if sent.is_empty() || salt.once_in(12) {
        let number = salt.pick(deal.transactions().len().saturating_add(2));
        let transaction = TxId::new(u32::try_from(number).unwrap_or(u32::MAX));
        return Returned::new(transaction, own(deal, 1), text("returned-0")).into();
    }
    let transaction = salt.of(&sent);
    let (whole, currency) = (transaction.amount().minor(), transaction.amount().currency());
    let minor = match salt.pick(8) {
        0..=2 => whole.saturating_sub(transaction.bounced()).max(1),
        3 | 4 => (whole / 2).max(1),
        5 => 1,
        6 => whole,
        _ => whole.saturating_add(1),
    };
    let number = if salt.once_in(5) { 1 } else { deal.version() };
    let amount = Money::from_minor(minor, currency);
    Returned::new(transaction.id(), amount, text(&format!("returned-{number}"))).into()
}

/// A debt is paid: whole, in part, more than it is, or one that nobody owes.
pub(super) fn settle(deal: &Deal, salt: &mut Salt) -> Command {
    let open: Vec<_> = deal.receivables().collect();
    let number = if salt.once_in(5) { 1 } else { deal.version() };
    let reference = text(&format!("settled-{number}"));
    if open.is_empty() || salt.once_in(12) {
        let receivable = salt.byte(8).into();
        return SettleReceivable::new(receivable, own(deal, 1), reference).into();
    }
    let debt = salt.of(&open);
    let (whole, currency) = (debt.open().minor(), debt.open().currency());
    let minor = match salt.pick(6) {
        0 | 1 => whole,
        2 | 3 => (whole / 2).max(1),
        4 => 1,
        _ => whole.saturating_add(1),
    };
    let amount = Money::from_minor(minor, currency);
    SettleReceivable::new(debt.number, amount, reference).into()
}
