//! What the events of a deal move: what its buckets and its debts are before, and after.

use crate::entry::Draft;
use crate::{Account, Booked, Entry};
use escrow::deal::command::ChargebackStep;
use escrow::deal::{Cause, Debt, Event};
use escrow::deposit::{Buckets, Deposit, DepositId, GatewayName};
use escrow::machine::Machine;
use escrow::{Deal, Recorded, TxId};
use escrow_market::balance::Holder;

impl Booked for Deal {
    fn entry(&self, recorded: &Recorded) -> Option<Entry> {
        let event = &recorded.event;
        let mut after = self.clone();
        Machine::apply(&mut after, recorded);
        let mut draft = Draft::default();
        for deposit in after.deposits().iter().chain(after.strays()) {
            deposit_moved(self, &after, deposit, event, &mut draft);
        }
        for debt in after.debts() {
            debt_moved(self, &after, debt, event, &mut draft);
        }
        chargeback_moved(self, event, &mut draft);
        draft.finish(recorded.at, || format!("deal {}: {}", self.id(), name(event)))
    }
}

/// What is held and assigned is owed to somebody; what came in less what left is at the gateway.
fn deposit_moved(before: &Deal, after: &Deal, deposit: &Deposit, event: &Event, draft: &mut Draft) {
    let (id, currency) = (deposit.id(), deposit.required().currency());
    let old = before.deposit(id).map_or(Buckets::default(), |deposit| *deposit.buckets());
    let new = deposit.buckets();
    if old == *new {
        return;
    }
    let rise = |of: fn(&Buckets) -> i64| of(new).saturating_sub(of(&old));
    let left = rise(|b| b.paid_out).saturating_add(rise(|b| b.refunded));
    draft.credit(Account::deal(before.id(), id, "held"), rise(|b| b.held), currency);
    draft.credit(Account::deal(before.id(), id, "reserved"), rise(|b| b.reserved), currency);
    draft.credit(Account::chargebacks(before.id()), rise(|b| b.charged_back), currency);
    let gateway = gateway_of(after, id, event);
    if let Event::LegCredited { order } = event {
        draft.credit(Account::payee(&Holder::of(&order.payee, before)), left, currency);
        draft.debit(Account::gateway(gateway), rise(|b| b.received), currency);
    } else {
        draft.debit(Account::gateway(gateway), rise(|b| b.received).saturating_sub(left), currency);
    }
}

/// A debt is a claim of somebody; what a chargeback is answered for by one, is no loss any more.
fn debt_moved(before: &Deal, after: &Deal, debt: &Debt, event: &Event, draft: &mut Draft) {
    let (id, currency, n) = (before.id(), debt.amount.currency(), debt.number);
    let known = before.debts().iter().find(|known| known.number == n);
    let more = debt.amount.minor().saturating_sub(known.map_or(0, |known| known.amount.minor()));
    let paid = debt.paid().saturating_sub(known.map_or(0, Debt::paid));
    let (claim, counter) = match debt.cause {
        Cause::Ending | Cause::Missed { .. } | Cause::Cut { .. } => {
            (Account::receivable(id, n), Account::owed(id, n))
        }
        Cause::RefundedTwice { .. } | Cause::Liable { .. } => {
            (Account::receivable(id, n), Account::chargebacks(id))
        }
        // it left the gateway once more, and no deposit knows
        Cause::PaidTwice { .. } => {
            let gateway = tx_of(event).and_then(|tx| gateway_of_tx(after, tx));
            (Account::receivable(id, n), Account::gateway(gateway))
        }
        // what was paid of a debt that stands no more
        Cause::Overpaid { debt } => (Account::receivable(id, debt), Account::owed(id, n)),
    };
    draft.debit(claim.clone(), more, currency);
    draft.credit(counter.clone(), more, currency);
    if let Cause::Overpaid { .. } = debt.cause {
        draft.debit(counter, paid, currency);
        draft.credit(Account::settled(id, n), paid, currency);
    } else {
        draft.credit(claim, paid, currency);
        draft.debit(Account::settled(id, n), paid, currency);
    }
}

/// What the bank takes leaves the gateway, whatever of it the deposits still have.
fn chargeback_moved(before: &Deal, event: &Event, draft: &mut Draft) {
    let Event::ChargebackRecorded { chargeback, amount, step: Some(step) } = event else { return };
    let (gateway, loss) = (Account::gateway(Some(&chargeback.gateway)), Account::chargebacks(before.id()));
    match step {
        ChargebackStep::Lost => draft.pair(loss, gateway, *amount),
        ChargebackStep::Reinstated => draft.pair(gateway, loss, *amount),
        ChargebackStep::Opened | ChargebackStep::Won => {}
    }
}

/// The transaction that an event is about.
const fn tx_of(event: &Event) -> Option<TxId> {
    if let Event::TransactionSucceeded { tx, .. }
    | Event::TransactionFailed { tx, .. }
    | Event::PaymentReturned { tx, .. } = event
    {
        Some(*tx)
    } else {
        None
    }
}

/// The gateway that moved a transaction, or took the payment that it is about.
fn gateway_of_tx(deal: &Deal, tx: TxId) -> Option<&GatewayName> {
    let own = deal.transaction(tx)?;
    own.gateway().or_else(|| deal.transaction(own.source()?)?.gateway())
}

/// The gateway by which an event moves money of a deposit.
fn gateway_of<'d>(deal: &'d Deal, deposit: DepositId, event: &'d Event) -> Option<&'d GatewayName> {
    if let Event::PaymentReceived { gateway, .. } = event {
        return Some(gateway);
    }
    if let Some(tx) = tx_of(event) {
        return gateway_of_tx(deal, tx);
    }
    if let Event::HoldCharged { hold, .. } = event {
        return gateway_of_tx(deal, *hold);
    }
    // a hold that lapses
    let inbound = deal.transactions().iter().rev();
    inbound.filter(|t| t.deposit() == deposit && t.kind().is_inbound()).find_map(|t| t.gateway())
}

/// The event's own name.
fn name(event: &Event) -> String {
    format!("{event:?}").chars().take_while(|c| c.is_ascii_alphanumeric()).collect()
}
