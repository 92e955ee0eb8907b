//! Who turns up in the histories.

use super::salt::text;
use escrow::{Actor, Deal, PartyId, Terms};

pub(super) const BUYER: &str = "anna";
pub(super) const SELLER: &str = "boris";
pub(super) const JUDGE: &str = "judge";
pub(super) const OTHER_JUDGE: &str = "judge-2";
pub(super) const COURIER: &str = "courier";
pub(super) const INSURER: &str = "insurer";
pub(super) const PARTNER: &str = "partner";

fn party(name: &str) -> Actor {
    Actor::Party(text(name))
}

pub(super) fn operator() -> Actor {
    Actor::Operator(text("staff"))
}

pub(super) fn moderator() -> Actor {
    Actor::Moderator(text("moderator"))
}

pub(super) fn buyer_of(terms: &Terms) -> Actor {
    Actor::Party(terms.buyer.clone())
}

pub(super) fn seller_of(terms: &Terms) -> Actor {
    Actor::Party(terms.seller.clone())
}

pub(super) fn buyer(deal: &Deal) -> Actor {
    buyer_of(deal.terms())
}

pub(super) fn seller(deal: &Deal) -> Actor {
    seller_of(deal.terms())
}

/// Who rules, or would.
pub(super) fn judge(deal: &Deal) -> PartyId {
    deal.arbiter().cloned().unwrap_or_else(|| text(JUDGE))
}

/// Everybody who may turn up in a [history](super::histories) of this deal, the most active first: its buyer and its
/// seller, the staff, the sources of facts, arbiters, those whom random terms pay, and a stranger.
pub fn everybody(deal: &Deal) -> Vec<Actor> {
    vec![
        buyer(deal),
        seller(deal),
        operator(),
        Actor::Gateway,
        Actor::Tracker,
        moderator(),
        party(JUDGE),
        party(COURIER),
        party(PARTNER),
        party(INSURER),
        party("stranger"),
        party(OTHER_JUDGE),
        Actor::Clock,
    ]
}
