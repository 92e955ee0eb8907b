//! Legs: what one payee gets for one purpose out of one deposit, attempt after attempt, until the payee has it.

use smallvec::SmallVec;

use crate::deal::command::DestinationUse;
use crate::deal::draft::Draft;
use crate::deal::event::Event;
use crate::deposit::{DepositId, Leg, LegId, LegState, Order, Purpose, TransactionKind, TxId};
use crate::settlement::Settlement;
use crate::terms::{Payout, RefundOrder, Unsettled};
use crate::{Money, Payee};

/// A leg before its attempt.
struct Assignment {
    leg: LegId,
    deposit: DepositId,
    payee: Payee,
    purpose: Purpose,
    amount: Money,
    source: Option<TxId>,
}

/// Where an attempt goes.
enum Way {
    /// Through the gateway.
    Gateway,
    /// To the payee's balance in the system.
    Balance,
    /// Nowhere yet: the payee is asked.
    Ask,
    /// The hold is let go.
    Void,
}

/// A leg for every share of a settlement that leaves its deposit's owner. Charges are settled by themselves.
pub(crate) fn distribute(deal: &mut Draft<'_>, settlement: &Settlement) {
    for share in settlement.shares.iter().filter(|s| !s.purpose.goes_back() && !s.deposit.is_charge()) {
        assign(deal, share.deposit, &share.payee, share.purpose, share.amount);
    }
}

/// Assigns money of a deposit to a payee, and sends it. Nothing where the amount is zero.
pub(crate) fn assign(
    deal: &mut Draft<'_>,
    deposit: DepositId,
    payee: &Payee,
    purpose: Purpose,
    amount: Money,
) {
    if amount.is_positive() {
        let leg = deal.books().next_leg();
        let way = way(deal, payee, purpose);
        let payee = payee.clone();
        send(deal, Assignment { leg, deposit, payee, purpose, amount, source: None }, &way);
    }
}

/// Gives all that a deposit holds in cash back to its sources: as if nothing had been lost since the
/// performance began.
pub(crate) fn give_all_back(deal: &mut Draft<'_>, deposit: DepositId, purpose: Purpose) {
    let Some(of) = deal.books().deposit(deposit) else { return };
    let all = of.cash().saturating_add(of.lost_later);
    give_back(deal, deposit, purpose, all);
}

/// Gives so much of what a deposit holds back to its sources, in the order of the policy.
pub(crate) fn give_back(deal: &mut Draft<'_>, deposit: DepositId, purpose: Purpose, amount: i64) {
    let mut left = amount;
    let mut sources: SmallVec<[(TxId, i64); 4]> = deal.books().sources(deposit).collect();
    match deal.binding_terms().policy.refund_order {
        RefundOrder::NewestFirst => {}
        RefundOrder::OldestFirst => sources.reverse(),
    }
    for (source, refundable) in sources {
        if left <= 0 {
            break;
        }
        let part = left.min(refundable);
        left = left.saturating_sub(part);
        refund(deal, deposit, source, purpose, part);
    }
}

/// Gives a part of one payment back.
pub(crate) fn refund(deal: &mut Draft<'_>, deposit: DepositId, source: TxId, purpose: Purpose, amount: i64) {
    back(deal, deposit, source, purpose, amount, None);
}

/// Lets a hold go.
pub(crate) fn void(deal: &mut Draft<'_>, deposit: DepositId, (hold, amount): (TxId, i64), purpose: Purpose) {
    back(deal, deposit, hold, purpose, amount, Some(Way::Void));
}

fn back(
    deal: &mut Draft<'_>,
    deposit: DepositId,
    source: TxId,
    purpose: Purpose,
    amount: i64,
    by: Option<Way>,
) {
    let Some(owner) = deal.books().deposit(deposit) else { return };
    let (payee, amount) = (owner.owner.payee(), Money::from_minor(amount, owner.required.currency()));
    if amount.is_positive() {
        let leg = deal.books().next_leg();
        let way = by.unwrap_or_else(|| way(deal, &payee, purpose));
        send(deal, Assignment { leg, deposit, payee, purpose, amount, source: Some(source) }, &way);
    }
}

/// The next attempt of every declined leg that `wanted` names. One that a chargeback keeps back is sent once that is over.
pub(crate) fn try_again(deal: &mut Draft<'_>, wanted: impl Fn(&Leg) -> bool) {
    retry(deal, |leg| wanted(leg) && is_declined(leg));
    for leg in chosen(deal, |leg| wanted(leg) && is_declined(leg) && leg.waits_for.is_some()) {
        let Leg { id: leg, deposit, payee, purpose, amount, source, .. } = leg;
        deal.push(Event::LegWaits { leg, deposit, payee, purpose, amount, source });
    }
}

/// The next attempt of every leg that `wanted` names and no chargeback keeps back, each where its payee wants it now.
fn retry(deal: &mut Draft<'_>, wanted: impl Fn(&Leg) -> bool) {
    for leg in chosen(deal, |leg| wanted(leg) && leg.waits_for.is_none()) {
        let way = way(deal, &leg.payee, leg.purpose);
        send(deal, leg.into(), &way);
    }
}

/// From the settlement deadline on, what was declined, or nobody was told the destination of, goes to its payee's balance, or
/// is left unclaimed where there are none. What waits for a chargeback waits for that first.
pub(crate) fn give_up_overdue(deal: &mut Draft<'_>) {
    if deal.settle_by().is_none_or(|at| at > deal.at()) {
        return;
    }
    for leg in chosen(deal, |leg| leg.state == LegState::Declined && leg.waits_for.is_none()) {
        match deal.binding_terms().policy.unsettled {
            Unsettled::ToBalance => send(deal, leg.into(), &Way::Balance),
            Unsettled::Unclaimed => deal.push(Event::LegUnclaimed { leg: leg.id }),
        }
    }
    deal.close_if_done();
}

/// Sends every leg that waits for nothing any more.
pub(crate) fn send_waiting(deal: &mut Draft<'_>) {
    retry(deal, |leg| leg.state == LegState::Waiting);
    give_up_overdue(deal);
}

/// Whether it is a leg that a new destination can help.
pub(crate) const fn is_declined(leg: &Leg) -> bool {
    matches!(leg.state, LegState::Declined | LegState::Unclaimed)
}

fn chosen(deal: &Draft<'_>, wanted: impl Fn(&Leg) -> bool) -> SmallVec<[Leg; 4]> {
    deal.books().legs().iter().filter(|leg| wanted(leg)).cloned().collect()
}

/// Where money goes: as its payee has said, and where they have said nothing, as the policy does for earnings. What goes back
/// goes to its payment.
fn way(deal: &Draft<'_>, payee: &Payee, purpose: Purpose) -> Way {
    if deal.books().wants_balance(payee, purpose) {
        return Way::Balance;
    }
    let earns = match payee {
        Payee::Buyer | Payee::Seller | Payee::Party(_) => !purpose.goes_back(),
        Payee::Platform | Payee::Processor => false,
    };
    let asked = deal.books().destination(payee, DestinationUse::of(purpose)).is_some();
    match deal.binding_terms().policy.payout {
        Payout::Balance if earns && !asked => Way::Balance,
        Payout::Ask if earns && !asked => Way::Ask,
        Payout::Direct | Payout::Balance | Payout::Ask => Way::Gateway,
    }
}

impl From<Leg> for Assignment {
    fn from(leg: Leg) -> Self {
        let Leg { id, deposit, payee, purpose, amount, source, .. } = leg;
        Self { leg: id, deposit, payee, purpose, amount, source }
    }
}

/// One attempt. Where a chargeback concerns the deposit, a new leg is assigned only: what of it may be sent is worked out
/// with all the others. A hold can be let go all the same.
fn send(deal: &mut Draft<'_>, assignment: Assignment, way: &Way) {
    let Assignment { leg, deposit, payee, purpose, amount, source } = assignment;
    let is_new = deal.books().leg(leg).is_none();
    let kind = match way {
        Way::Void => TransactionKind::Void,
        Way::Gateway | Way::Balance | Way::Ask if is_new && deal.books().has_case(deposit) => {
            return deal.push(Event::LegWaits { leg, deposit, payee, purpose, amount, source });
        }
        Way::Ask => {
            if is_new {
                deal.push(Event::LegWaits { leg, deposit, payee, purpose, amount, source });
            }
            // whoever was asked is not asked again
            if deal.books().leg(leg).is_some_and(|known| !is_declined(known)) {
                deal.push(Event::LegAsked { leg });
            }
            return;
        }
        Way::Gateway | Way::Balance => purpose.kind(),
    };
    let tx = deal.books().next_tx();
    let order = Order { tx, kind, deposit, payee, purpose, amount, leg: Some(leg), source };
    deal.push(match way {
        Way::Balance => Event::LegCredited { order },
        Way::Gateway | Way::Ask | Way::Void => Event::LegOrdered { order },
    });
}
