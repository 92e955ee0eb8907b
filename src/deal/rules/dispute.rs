//! Disagreeing: one dispute per deal, negotiated first, then arbitrated, and never without an end.

use super::{endings, performance, tracking};
use crate::deal::Rejection;
use crate::deal::command::{AppointArbiter, FileClaim, FileRef, OpenDispute, Rule, WithdrawDispute};
use crate::deal::draft::Draft;
use crate::deal::event::Event;
use crate::deal::phase::Phase;
use crate::deposit::{Deposit, Reason};
use crate::dispute::{Award, DisputeStage, Opener};
use crate::settlement::{Ending, Fault, Outcome};
use crate::terms::{FeePayee, NamedAs};
use crate::{Payee, Role, Side};

/// A party opens a dispute; how often, the guard has seen to.
pub(crate) fn open_by_party(deal: &mut Draft<'_>, c: &OpenDispute, role: Role) {
    // the table lets parties only
    if let Some(side) = role.side() {
        open_for(deal, Opener::Party(side), c.reason.clone(), c.evidence.clone());
    }
}

/// A dispute opens by itself.
pub(crate) fn open(deal: &mut Draft<'_>, by: Opener) {
    open_for(deal, by, Reason::default(), None);
}

/// Pauses the stage. A dispute that was given up goes on where it was; where nothing is held there is nothing to
/// disagree about, so the deal is cancelled.
fn open_for(deal: &mut Draft<'_>, by: Opener, reason: Reason, evidence: Option<FileRef>) {
    let Phase::Active { stage: interrupted, .. } = *deal.phase() else {
        return;
    };
    if !deal.books().holds_required() {
        return endings::end(deal, Ending::Cancelled(Fault::Nobody), Outcome::Cancelled);
    }
    let policy = &deal.terms().policy;
    let (stage, left_ms) = match deal.dispute() {
        // an arbiter who is asked again has at least a quarter of the time
        Some(known) if known.stage == DisputeStage::Arbitration => {
            (known.stage, known.remaining_ms.max(u64::from(policy.arbitration_s).saturating_mul(250)))
        }
        Some(known) => (known.stage, known.remaining_ms),
        None => (DisputeStage::Negotiation, u64::from(policy.negotiation_s).saturating_mul(1_000)),
    };
    let until = deal.at().plus_millis(left_ms);
    deal.push(Event::DisputeOpened { by, reason, evidence });
    deal.enter(Phase::Disputed { interrupted, stage, until });
}

/// The arbiter rules; the amounts come from the award.
pub(crate) fn rule(deal: &mut Draft<'_>, c: &Rule) -> Result<(), Rejection> {
    let ending = Ending::ruled(c.award);
    let settlement = deal.division(&ending)?;
    deal.push(Event::Ruled { award: c.award, at_fault: c.at_fault });
    endings::end_as_settled(deal, ending, false, &settlement);
    Ok(())
}

/// The arbiter is silent: the policy's default ruling, for which nobody has earned a fee.
pub(crate) fn rule_by_default(deal: &mut Draft<'_>, award: Award) {
    deal.push(Event::Ruled { award, at_fault: None });
    endings::end(deal, Ending::ruled_by_default(award), Outcome::Resolved);
}

/// Given up by its opener; one that opened by itself, by both. The stage goes on with the time that it had left; where its
/// deadline opened the dispute, with a full window.
pub(crate) fn withdraw(deal: &mut Draft<'_>, c: WithdrawDispute, role: Role) -> Result<(), Rejection> {
    let (Some(side), Some(dispute)) = (role.side(), deal.dispute()) else {
        return Ok(());
    };
    let Phase::Disputed { interrupted, until, .. } = *deal.phase() else {
        return Ok(());
    };
    if c.opening.is_some_and(|opening| opening != dispute.openings) {
        return Err(Rejection::NoSuchOpening { openings: dispute.openings });
    }
    // the guard has seen to it that nobody gives up what is not their own
    if let Opener::Refusal | Opener::Reports | Opener::Timer = dispute.opened_by {
        let first = dispute.withdrawal_by.is_none();
        deal.push(Event::WithdrawalOffered { side });
        if first {
            return Ok(());
        }
    }
    deal.push(Event::DisputeWithdrawn { remaining_ms: until.millis_since(deal.at()) });
    performance::resume(deal, interrupted);
    tracking::act_on_what_waits(deal);
    Ok(())
}

/// Notes a claim.
pub(crate) fn file_claim(deal: &mut Draft<'_>, c: &FileClaim, role: Role) {
    // the table lets parties only
    if let Some(side) = role.side() {
        deal.push(Event::ClaimFiled { side, reference: c.reference.clone() });
    }
}

/// Appoints or replaces the arbiter: neither a party nor paid by the deal; no deadline moves.
pub(crate) fn appoint(deal: &mut Draft<'_>, c: &AppointArbiter) -> Result<(), Rejection> {
    let terms = deal.terms();
    let is_paid = |d: &&Deposit| {
        d.charge().is_some_and(|charge| matches!(&charge.payee, Payee::Party(id) if *id == c.arbiter))
    };
    let commission = terms.policy.charge_fee.as_ref().map(|fee| &fee.payee);
    let takes = |payee: &&FeePayee| matches!(payee, FeePayee::Partner(id) if *id == c.arbiter);
    let named = terms
        .party_as(&c.arbiter)
        .or_else(|| terms.third_as(&c.arbiter))
        .or_else(|| commission.filter(takes).map(|_| NamedAs::ChargeFee))
        .or_else(|| deal.deposits().iter().find(is_paid).map(|charge| NamedAs::Charge(charge.id())));
    if let Some(named) = named {
        return Err(Rejection::ArbiterIsAParty { named });
    }
    let before = deal.arbiter().cloned();
    deal.push(Event::ArbiterAppointed { arbiter: c.arbiter.clone(), before });
    Ok(())
}

/// The arbiter is asked at once: as the operator says, as both parties say, or as one does whom the policy lets.
pub(crate) fn escalate(deal: &mut Draft<'_>, role: Role) {
    let by = role.side();
    let other_wants = |side: Side| deal.dispute().and_then(|d| d.escalation_by) == Some(side.other());
    let now = by.is_none_or(|side| deal.terms().policy.early_arbitration || other_wants(side));
    deal.push(Event::EscalationAsked { by });
    if now {
        arbitrate(deal);
    }
}

/// The parties have not settled: the arbiter is asked.
pub(crate) fn arbitrate(deal: &mut Draft<'_>) {
    if let Phase::Disputed { interrupted, .. } = *deal.phase() {
        let until = deal.at().plus_secs(deal.terms().policy.arbitration_s);
        deal.enter(Phase::Disputed { interrupted, stage: DisputeStage::Arbitration, until });
    }
}
