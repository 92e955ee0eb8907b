//! Holds: money that the payer's bank has set aside is captured as far as it is needed, and let go otherwise.

use super::legs;
use crate::Money;
use crate::deal::draft::Draft;
use crate::deal::event::Event;
use crate::deal::phase::{Phase, PhaseKind};
use crate::deposit::{Deposit, DepositId, Order, Purpose, TransactionKind, TxId};
use crate::terms::{Capture, RefundOrder};

/// Whether the moment that the policy has chosen is there, or over, for a deal that is funded. An ending captures by itself.
fn is_time(deal: &Draft<'_>) -> bool {
    match deal.terms().policy.capture {
        Capture::OnFunding => true,
        Capture::OnStart => deal.clockwork().begun,
        Capture::OnAcceptance => deal.phase().kind() == PhaseKind::Clearing,
    }
}

/// At each of the moments that a policy can choose: captures what the required deposits need, if it is time. Whether a capture
/// is without an answer now.
pub(crate) fn capture_in_time(deal: &mut Draft<'_>) -> bool {
    is_time(deal) && capture_required(deal)
}

/// A hold came in when the others were captured already: it is, too.
pub(crate) fn capture_late(deal: &mut Draft<'_>, deposit: DepositId) {
    match deal.phase() {
        Phase::Active { .. } | Phase::Clearing { .. } | Phase::Disputed { .. } if is_time(deal) => {
            capture_needed(deal, deposit);
        }
        Phase::Proposed { .. }
        | Phase::AwaitingDeposit { .. }
        | Phase::Moderation { .. }
        | Phase::Active { .. }
        | Phase::Clearing { .. }
        | Phase::Disputed { .. }
        | Phase::Paying { .. }
        | Phase::Closed { .. } => {}
    }
}

/// Captures what the required deposits need of their open holds. Whether a capture is without an answer now.
fn capture_required(deal: &mut Draft<'_>) -> bool {
    if !deal.books().has_holds() {
        return false;
    }
    let mut unanswered = false;
    for deposit in DepositId::REQUIRED {
        unanswered |= capture_needed(deal, deposit);
    }
    unanswered
}

/// Captures what a deposit needs of its open holds. Whether a capture is without an answer now.
pub(crate) fn capture_needed(deal: &mut Draft<'_>, deposit: DepositId) -> bool {
    let needed = deal.books().deposit(deposit).map_or(0, Deposit::needed);
    capture_up_to(deal, deposit, needed, Purpose::Excess)
}

/// Captures as much of a deposit's open holds as it misses to `wanted`, and lets the others go for `purpose`: first those that
/// the policy's order of refunds names first. Whether a capture is without an answer now.
pub(crate) fn capture_up_to(deal: &mut Draft<'_>, deposit: DepositId, wanted: i64, purpose: Purpose) -> bool {
    let Some(of) = deal.books().deposit(deposit).filter(|d| d.on_hold != 0) else { return false };
    let mut missing = deal.books().missing(of, wanted);
    let mut holds = deal.books().open_holds(deposit);
    match deal.binding_terms().policy.refund_order {
        RefundOrder::NewestFirst => {}
        RefundOrder::OldestFirst => holds.reverse(),
    }
    for (hold, amount) in holds {
        let part = amount.min(missing);
        if part > 0 {
            missing = missing.saturating_sub(part);
            capture(deal, deposit, hold, part);
        } else {
            legs::void(deal, deposit, (hold, amount), purpose);
        }
    }
    deal.books().open_captures(deposit).next().is_some()
}

/// A hold is about to expire: what its deposit needs of it is captured; if nothing, it is let go.
pub(crate) fn capture_expiring(deal: &mut Draft<'_>, hold: TxId) {
    let Some(t) = deal.books().transaction(hold) else { return };
    let (deposit, amount) = (t.deposit, t.amount.minor());
    let Some(of) = deal.books().deposit(deposit) else { return };
    let part = amount.min(deal.books().missing(of, of.needed()));
    if part > 0 {
        capture(deal, deposit, hold, part);
    } else {
        legs::void(deal, deposit, (hold, amount), Purpose::Excess);
    }
}

/// Lets every open hold of a deposit go.
pub(crate) fn let_go(deal: &mut Draft<'_>, deposit: DepositId, purpose: Purpose) {
    for hold in deal.books().open_holds(deposit) {
        legs::void(deal, deposit, hold, purpose);
    }
}

/// Takes a part of a hold, or all of it; the rest is let go with the answer.
fn capture(deal: &mut Draft<'_>, deposit: DepositId, hold: TxId, amount: i64) {
    let Some(of) = deal.books().deposit(deposit) else { return };
    let order = Order {
        tx: deal.books().next_tx(),
        kind: TransactionKind::Capture,
        deposit,
        payee: of.owner.payee(),
        purpose: Purpose::Charge,
        amount: Money::from_minor(amount, of.required.currency()),
        leg: None,
        source: Some(hold),
    };
    deal.push(Event::CaptureOrdered { order });
}
