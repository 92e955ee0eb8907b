//! What clients get.

use escrow::settlement::{Ending, Fault};
use escrow::{Award, Deal, DealId, Event, Rate, Rejection, Role, Side, Time};
use escrow_store::{Entry, Listed};
use serde_json::{Value, json};

use crate::desk::Capacity;
use crate::store::Person;

pub(super) fn listed(row: &Listed<DealId>) -> Value {
    json!({
        "id": row.id,
        "status": row.status,
        "status_since": row.status_at,
        "created_at": row.created_at,
        "order_id": row.order_id,
        "next_deadline": row.next_deadline,
        "pending_since": row.pending_since,
        "version": row.version,
    })
}

/// A deal, with what this person may do now, and why not.
pub(super) fn deal(deal: &Deal, person: &Person, roles: &[(Capacity, Role)], now: Time) -> Value {
    let deposits: Vec<Value> = deal
        .deposits()
        .iter()
        .chain(deal.strays())
        .filter(|deposit| deposit.required().is_positive() || deposit.buckets().received > 0)
        .map(|deposit| {
            json!({
                "id": deposit.id(),
                "owner": deposit.owner(),
                "required": deposit.required(),
                "outstanding": deposit.outstanding(),
                "minor": deposit.buckets(),
            })
        })
        .collect();
    let legs: Vec<Value> = deal
        .legs()
        .iter()
        .map(|leg| {
            json!({
                "number": leg.id().number(), "deposit": leg.deposit(), "payee": leg.payee(),
                "purpose": leg.purpose(), "amount": leg.amount(), "state": leg.state(),
            })
        })
        .collect();
    let debts: Vec<Value> = deal
        .receivables()
        .map(|debt| json!({ "number": debt.number, "debtor": debt.debtor, "payee": debt.payee, "open": debt.open() }))
        .collect();
    let offers: Vec<Value> = [Side::Buyer, Side::Seller]
        .into_iter()
        .filter_map(|side| deal.offer(side).map(|offer| (side, offer)))
        .map(|(side, offer)| json!({ "by": side, "number": offer.number, "award": offer.award, "original": offer.original }))
        .collect();
    json!({
        "id": deal.id(),
        "status": deal.status(),
        "outcome": deal.outcome(),
        "version": deal.version(),
        "revision": deal.revision(),
        "created_at": deal.created_at(),
        "terms_version": deal.terms_version(),
        "consents": deal.consents(),
        "terms": **deal.terms(),
        "quote": deal.terms().quote(),
        "deposits": deposits,
        "legs": legs,
        "debts": debts,
        "offers": offers,
        "dispute": deal.dispute().map(|dispute| json!({
            "stage": dispute.stage(), "status": dispute.status(), "reason": dispute.reason(), "openings": dispute.openings(),
        })),
        "track": deal.track(),
        "revisions": deal.submitted(),
        "next_deadline": deal.next_timer().map(|(at, timer)| json!({ "at": at, "timer": timer.to_string() })),
        "waits_for_bank": deal.has_pending(),
        "may": roles.iter().map(|role| may(deal, person, *role, now)).collect::<Vec<_>>(),
    })
}

fn may(deal: &Deal, person: &Person, (capacity, role): (Capacity, Role), now: Time) -> Value {
    let allowed = deal.allowed(&capacity.actor(person.id.clone()), now);
    let kinds: Vec<&str> = allowed.kinds().map(escrow::deal::command::CommandKind::as_str).collect();
    let denied: Vec<Value> = allowed
        .iter()
        .filter_map(|(kind, verdict)| verdict.err().map(|reason| (kind, reason)))
        .filter(|(_, reason)| !matches!(reason, Rejection::WrongRole { .. }))
        .map(|(kind, reason)| json!({ "command": kind, "code": reason.code(), "detail": reason.to_string() }))
        .collect();
    json!({ "as": capacity.word(), "role": role, "commands": kinds, "denied": denied })
}

pub(super) fn event(entry: &Entry<Event>) -> Value {
    json!({
        "version": entry.version,
        "occurred_at": entry.recorded.at,
        "recorded_at": entry.recorded_at,
        "actor": entry.recorded.actor,
        "event": entry.recorded.event,
    })
}

/// What every ending would pay now.
pub(super) fn endings(deal: &Deal) -> Value {
    let all = [
        Ending::Success,
        Ending::Cancelled(Fault::Buyer),
        Ending::Cancelled(Fault::Seller),
        Ending::Cancelled(Fault::Nobody),
        Ending::CalledOff,
        Ending::agreed(Award::Share(Rate::HALF)),
        Ending::ruled(Award::SellerAll),
        Ending::ruled(Award::BuyerAll),
    ];
    let endings: Vec<Value> = all
        .into_iter()
        .map(|ending| match deal.preview(&ending) {
            Ok(settlement) => json!({ "ending": ending, "settlement": settlement }),
            Err(error) => json!({ "ending": ending, "error": error.to_string() }),
        })
        .collect();
    json!({ "endings": endings })
}
