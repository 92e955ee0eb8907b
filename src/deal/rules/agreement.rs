//! How both parties agree that the deal ends: an award, or calling it off; in every funded phase, without an arbitration fee.

use super::endings;
use crate::deal::Rejection;
use crate::deal::command::{AcceptAward, GiveBack, ProposeAward};
use crate::deal::draft::Draft;
use crate::deal::event::Event;
use crate::deal::phase::Phase;
use crate::settlement::Offered;
use crate::{Money, Role, Side};

/// An offer; an award that cannot be paid is refused, with the most that can.
pub(crate) fn propose(deal: &mut Draft<'_>, c: &ProposeAward, role: Role) -> Result<(), Rejection> {
    // the table lets parties only
    let Some(side) = role.side() else { return Ok(()) };
    let fingerprint = deal.preview(&c.award.ending())?.fingerprint();
    let number = deal.quarrel().offers_made.saturating_add(1);
    let offer = Offered { number, award: c.award, original: c.original, fingerprint };
    deal.push(Event::AwardProposed { side, offer });
    Ok(())
}

/// Agreement resolves. It is the offer that stands, by its number where it is named: one that was replaced, or that would
/// pay something else by now, is not accepted by mistake.
pub(crate) fn accept(deal: &mut Draft<'_>, c: &AcceptAward, role: Role) -> Result<(), Rejection> {
    // the table lets parties only
    let Some(side) = role.side() else { return Ok(()) };
    let meant = |o: &&Offered| o.award == c.award && c.offer.is_none_or(|number| number == o.number);
    let offer = deal.quarrel().offer(side.other()).filter(meant).ok_or(Rejection::NoSuchOffer)?;
    let (award, original) = (offer.award, offer.original);
    let settlement = deal.division(&award.ending())?;
    deal.push(Event::AwardAccepted { side, award });
    endings::end_as_settled(deal, award.ending(), original, &settlement);
    Ok(())
}

/// An offer is bound to what it would pay: when that changes, it has fallen, for good.
pub(crate) fn review(deal: &mut Draft<'_>) {
    if !deal.quarrel().has_offers() {
        return;
    }
    match deal.phase() {
        Phase::Moderation { .. } | Phase::Active { .. } | Phase::Clearing { .. } | Phase::Disputed { .. } => {
        }
        Phase::Proposed { .. }
        | Phase::AwaitingDeposit { .. }
        | Phase::Paying { .. }
        | Phase::Closed { .. } => return,
    }
    for side in Side::ALL {
        let Some(offer) = deal.quarrel().offer(side) else { continue };
        let number = offer.number;
        if !deal.preview(&offer.award.ending()).is_ok_and(|now| now.fingerprint() == offer.fingerprint) {
            deal.push(Event::OfferFell { side, number });
        }
    }
}

/// The seller forgoes this much in favour of the buyer: a total, which only ever goes up.
pub(crate) fn give_back(deal: &mut Draft<'_>, c: &GiveBack) -> Result<(), Rejection> {
    let terms = deal.binding_terms();
    if c.total.currency() != terms.currency {
        return Err(Rejection::AmountCurrency);
    }
    let (before, max) = (deal.books().given_back(), terms.quote().proceeds);
    if c.total.minor() <= before {
        return Err(Rejection::GivenBackMore { total: Money::from_minor(before, terms.currency) });
    }
    if c.total.minor() > max.minor() {
        return Err(Rejection::GivesBackTooMuch { max });
    }
    deal.push(Event::GivenBack { total: c.total, before: Money::from_minor(before, max.currency()) });
    Ok(())
}
