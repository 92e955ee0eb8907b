//! Disagreeing: one dispute per deal, negotiated first, then arbitrated, and never without an end.

use super::{paying, performance};
use crate::deal::command::{
    AcceptAward, AppointArbiter, FileClaim, OpenDispute, ProposeAward, WithdrawDispute,
};
use crate::deal::draft::{Delta, Draft};
use crate::deal::event::Event;
use crate::deal::phase::{DisputeStage, Outcome, Phase};
use crate::deal::{Deal, Rejection};
use crate::deposit::Reason;
use crate::dispute::{Award, DisputeStatus, Opener};
use crate::settlement::{Ending, Fault};
use crate::{Role, Side, Text};

/// A party opens a dispute: once each, as the guard has seen to.
pub(crate) fn open_by_party(
    deal: &Deal,
    c: &OpenDispute,
    role: Role,
    out: &mut Draft<'_>,
) -> Result<(), Rejection> {
    // the table lets parties only
    let Some(side) = role.side() else { return Ok(()) };
    open(deal, &Delta::default(), Opener::Party(side), c.reason.clone(), c.evidence.clone(), out)
}

/// Pauses the stage. A dispute that was given up goes on where it was; where nothing is held there is nothing to
/// disagree about, so the deal is cancelled.
pub(crate) fn open(
    deal: &Deal,
    delta: &Delta,
    by: Opener,
    reason: Reason,
    evidence: Option<Text<128, 1>>,
    out: &mut Draft<'_>,
) -> Result<(), Rejection> {
    let Phase::Active { stage: interrupted, .. } = out.phase() else {
        return Ok(());
    };
    if deal.deposits().iter().all(|d| d.id.is_charge() || deal.held_after(d, delta) == 0) {
        let ending = Ending::Cancelled(Fault::Nobody);
        return paying::end(deal, delta, ending, Outcome::Cancelled, out);
    }
    let (stage, until) = match deal.dispute() {
        Some(known) => {
            // given up in this very transition: its time is still in the phase
            let still = deal.phase().until().filter(|_| is_open(deal));
            (known.stage, still.unwrap_or(out.at().plus_millis(known.remaining_ms)))
        }
        None => (DisputeStage::Negotiation, out.at().plus_secs(deal.terms().policy.negotiation_s)),
    };
    out.push(Event::DisputeOpened { by, reason, evidence });
    out.enter(Phase::Disputed { interrupted, stage, until });
    Ok(())
}

/// An offer; an award that cannot be paid is refused, with the most that can.
pub(crate) fn propose(
    deal: &Deal,
    c: &ProposeAward,
    role: Role,
    out: &mut Draft<'_>,
) -> Result<(), Rejection> {
    // the table lets parties only
    let Some(side) = role.side() else { return Ok(()) };
    deal.preview(&Ending::agreed(c.award))?;
    out.push(Event::AwardProposed { side, award: c.award });
    Ok(())
}

/// Agreement resolves, without an arbitration fee.
pub(crate) fn accept(deal: &Deal, c: &AcceptAward, role: Role, out: &mut Draft<'_>) -> Result<(), Rejection> {
    // the table lets parties only
    let Some(side) = role.side() else { return Ok(()) };
    if deal.dispute().and_then(|d| d.offer(side.other())) != Some(c.award) {
        return Err(Rejection::NoSuchOffer);
    }
    out.push(Event::AwardAccepted { side, award: c.award });
    paying::end(deal, &Delta::default(), Ending::agreed(c.award), Outcome::Resolved, out)
}

/// The arbiter rules; the amounts come from the award.
pub(crate) fn rule(
    deal: &Deal,
    award: Award,
    at_fault: Option<Side>,
    out: &mut Draft<'_>,
) -> Result<(), Rejection> {
    out.push(Event::Ruled { award, at_fault });
    paying::end(deal, &Delta::default(), Ending::ruled(award), Outcome::Resolved, out)
}

/// The arbiter is silent: the policy's default ruling, for which nobody has earned a fee.
pub(crate) fn rule_by_default(deal: &Deal, award: Award, out: &mut Draft<'_>) -> Result<(), Rejection> {
    out.push(Event::Ruled { award, at_fault: None });
    paying::end(deal, &Delta::default(), Ending::ruled_by_default(award), Outcome::Resolved, out)
}

/// Given up by its opener; one that opened by itself, by both. One that a timer opened cannot be: the deadline that
/// opened it is past.
pub(crate) fn withdraw(
    deal: &Deal,
    c: WithdrawDispute,
    role: Role,
    out: &mut Draft<'_>,
) -> Result<(), Rejection> {
    let (Some(side), Some(dispute)) = (role.side(), deal.dispute()) else {
        return Ok(());
    };
    let Phase::Disputed { interrupted, until, .. } = *deal.phase() else {
        return Ok(());
    };
    if c.opening.is_some_and(|opening| opening != dispute.openings) {
        return Err(Rejection::NoSuchOpening { openings: dispute.openings });
    }
    // the guard has seen to it that nobody gives up what is not his
    if let Opener::Refusal | Opener::Reports = dispute.opened_by {
        out.push(Event::WithdrawalOffered { side });
        if dispute.withdrawal_by.is_none() {
            return Ok(());
        }
    }
    out.push(Event::DisputeWithdrawn { remaining_ms: until.millis_since(out.at()) });
    performance::resume(deal, interrupted, out);
    performance::act_on_what_waits(deal, &Delta::default(), out)
}

/// Notes a claim.
pub(crate) fn file_claim(c: &FileClaim, role: Role, out: &mut Draft<'_>) -> Result<(), Rejection> {
    // the table lets parties only
    if let Some(side) = role.side() {
        out.push(Event::ClaimFiled { side, reference: c.reference.clone() });
    }
    Ok(())
}

/// Appoints or replaces the arbiter: neither a party nor paid by the deal; no deadline moves.
pub(crate) fn appoint(deal: &Deal, c: &AppointArbiter, out: &mut Draft<'_>) -> Result<(), Rejection> {
    let terms = deal.terms();
    if c.arbiter == terms.buyer || c.arbiter == terms.seller || terms.names_third(&c.arbiter) {
        return Err(Rejection::ArbiterIsAParty);
    }
    out.push(Event::ArbiterAppointed { arbiter: c.arbiter.clone(), before: deal.arbiter().cloned() });
    Ok(())
}

/// The parties have not settled: the arbiter is asked.
pub(crate) fn arbitrate(deal: &Deal, out: &mut Draft<'_>) {
    if let Phase::Disputed { interrupted, .. } = *deal.phase() {
        let until = out.at().plus_secs(deal.terms().policy.arbitration_s);
        out.enter(Phase::Disputed { interrupted, stage: DisputeStage::Arbitration, until });
    }
}

/// Is there an open dispute that an ending has to close?
pub(crate) fn is_open(deal: &Deal) -> bool {
    deal.dispute().is_some_and(|d| d.status == DisputeStatus::Open)
}
