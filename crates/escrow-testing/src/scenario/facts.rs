//! Facts of the gateway that a scenario writes in short: what is left out is taken from the deal.

use super::run::text;
use super::{CameBack, ChargedBack, Pay};
use escrow::deal::Deal;
use escrow::deal::command::{Chargeback, ConfirmPayment, Returned};
use escrow::deposit::{DepositId, GatewayName, Reference, Transaction, TransactionState, TxId};
use escrow::{Money, Payee};

/// The gateway by which a scenario is paid.
fn gateway() -> GatewayName {
    text("scenario")
}

/// How much is paid: what is outstanding, unless it says otherwise.
pub(super) fn amount(deal: &Deal, pay: &Pay) -> Money {
    let outstanding = deal.deposit(pay.deposit).map(|d| d.outstanding());
    pay.amount.or(outstanding).unwrap_or(Money::zero(deal.terms().currency))
}

/// A payment, under a reference of its own, unless it says otherwise.
pub(super) fn payment(deal: &Deal, pay: &Pay, number: u32) -> ConfirmPayment {
    let reference = pay.reference.clone().unwrap_or_else(|| text(&format!("pay-{number}")));
    let amount = amount(deal, pay);
    let mut paid =
        ConfirmPayment::charged(pay.deposit, gateway(), reference, amount).held_until(pay.held_until);
    (paid.capture, paid.is_final) = (pay.capture.clone(), pay.is_final.unwrap_or(true));
    paid
}

/// A step of a chargeback: of the payment that it is known to be about, else of the latest one. Before there is any, it is
/// about the first that a `pay` step makes.
pub(super) fn chargeback(deal: &Deal, told: &ChargedBack, first: &Reference) -> Chargeback {
    let known = deal.chargebacks().iter().find(|c| c.id == told.reference);
    let latest = || {
        let into = told.deposit.unwrap_or(DepositId::BUYER_PAYMENT);
        let paid = |t: &&Transaction| t.kind().is_inbound() && t.deposit() == into && t.reference().is_some();
        deal.transactions().iter().rev().find(paid)
    };
    let named: Option<(GatewayName, Reference)> = match known {
        Some(case) => Some((case.gateway.clone(), case.payment.clone())),
        None => latest().and_then(|t| t.gateway().cloned().zip(t.reference().cloned())),
    };
    let (by, payment) = named.unwrap_or_else(|| (gateway(), first.clone()));
    // a payment that is named is the scenario's, where no gateway is
    let by = if told.payment.is_some() { gateway() } else { by };
    let payment = (told.gateway.clone().unwrap_or(by), told.payment.clone().unwrap_or(payment));
    Chargeback::new(told.reference.clone(), payment, told.amount, told.step).of(told.deposit)
}

/// What comes back: the latest payment that was sent to this payee for this purpose, whole unless it says otherwise.
pub(super) fn returned(deal: &Deal, told: &CameBack) -> Returned {
    let fits = |t: &&Transaction| {
        let leg = t.leg().and_then(|id| deal.legs().iter().find(|l| l.id() == id));
        let meant = leg.is_some_and(|leg| {
            told.payee.as_ref().is_none_or(|payee: &Payee| payee == leg.payee())
                && told.purpose.is_none_or(|purpose| purpose == leg.purpose())
        });
        meant && matches!(t.state(), TransactionState::Succeeded)
    };
    let latest = || deal.transactions().iter().rev().find(fits).map(Transaction::id);
    // 0 is no transaction: the deal refuses it
    let transaction = told.transaction.or_else(latest).unwrap_or(TxId::new(0));
    let whole = deal.transaction(transaction).map(Transaction::amount);
    let zero = Money::zero(deal.terms().currency);
    Returned::new(transaction, told.amount.or(whole).unwrap_or(zero), told.reference.clone())
}
