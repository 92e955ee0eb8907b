//! Payments that a party says to have made: the gateway is asked about them. A claim decides nothing, and lapses.

use smallvec::SmallVec;

use super::payins::{check_count, own_deposit};
use crate::deal::Deal;
use crate::deal::command::StatedPayment;
use crate::deal::draft::Draft;
use crate::deal::event::Event;
use crate::deal::rejection::Rejection;
use crate::deposit::{Order, Purpose, Reason, TransactionKind, TxId};
use crate::{Money, Side};

/// What a party says to have paid, as the gateway is asked about it: all that is outstanding. `None` where the payment
/// is known, or somebody has stated it: it is not asked about, nor counted, twice.
pub(crate) fn judge_stated(
    deal: &Deal,
    stated: &StatedPayment,
    side: Side,
) -> Result<Option<Money>, Rejection> {
    let deposit = own_deposit(deal, stated.deposit, side)?;
    if deal.books().knows(&stated.gateway, &stated.reference, None) {
        return Ok(None);
    }
    let amount = deposit.outstanding();
    if amount.is_zero() {
        return Err(Rejection::AmountOverOutstanding { max: amount });
    }
    check_count(deal, side)?;
    Ok(Some(amount))
}

/// A transaction id that a party names is no proof: the gateway is asked about it.
pub(crate) fn ask_about(deal: &mut Draft<'_>, stated: &StatedPayment, side: Side, amount: Money) {
    let order = Order {
        tx: deal.books().next_tx(),
        kind: TransactionKind::Charge,
        deposit: stated.deposit,
        payee: side.payee(),
        purpose: Purpose::Charge,
        amount,
        leg: None,
        source: None,
    };
    let (gateway, reference) = (stated.gateway.clone(), stated.reference.clone());
    deal.push(Event::PaymentStated { order: Box::new(order), gateway, reference });
}

/// With the ending, and after the policy's time, a claim that nobody has confirmed lapses. The payment counts all the same
/// once the gateway tells of it.
pub(crate) fn drop_claims(deal: &mut Draft<'_>) {
    let claims: SmallVec<[TxId; 2]> =
        deal.transactions().iter().filter(|t| t.is_claim()).map(|t| t.id).collect();
    claims.into_iter().for_each(|tx| lapse(deal, tx));
}

/// A claim lapses.
pub(crate) fn lapse(deal: &mut Draft<'_>, tx: TxId) {
    deal.push(Event::TransactionFailed { tx, reason: Reason::default() });
}
