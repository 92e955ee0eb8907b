//! A moderator's remarks and approval.

use super::{funding, performance};
use crate::deal::command::{Moderate, ModerationVerdict};
use crate::deal::draft::{Delta, Draft};
use crate::deal::event::Event;
use crate::deal::phase::{Origin, Phase, Stage};
use crate::deal::{Deal, Rejection};
use crate::terms::Moderation;

/// A remark enters moderation; approval leads on.
pub(crate) fn moderate(deal: &Deal, c: &Moderate, out: &mut Draft<'_>) -> Result<(), Rejection> {
    match &c.verdict {
        ModerationVerdict::Remark(remark) => {
            out.push(Event::Remarked { remark: remark.clone() });
            match deal.phase() {
                Phase::AwaitingDeposit { .. } => enter(deal, Origin::AwaitingDeposit, out),
                Phase::Active { .. } => enter(deal, Origin::AwaitingPerformance, out),
                // one remark more, in the time there is
                Phase::Moderation { .. }
                | Phase::Proposed { .. }
                | Phase::Disputed { .. }
                | Phase::Paying { .. }
                | Phase::Closed { .. } => {}
            }
            Ok(())
        }
        ModerationVerdict::Approve => {
            out.push(Event::Approved {});
            match deal.phase() {
                Phase::Moderation { .. } => leave(deal, true, out),
                // noted: a policy that requires approval has it when the deal is funded
                Phase::AwaitingDeposit { .. }
                | Phase::Active { .. }
                | Phase::Proposed { .. }
                | Phase::Disputed { .. }
                | Phase::Paying { .. }
                | Phase::Closed { .. } => Ok(()),
            }
        }
    }
}

pub(crate) fn enter(deal: &Deal, from: Origin, out: &mut Draft<'_>) {
    let until = out.at().plus_secs(deal.terms().policy.moderation_s);
    out.enter(Phase::Moderation { until, from });
}

/// Approved, or amended and agreed: to the deposit with a fresh window if one is not full, otherwise to where it
/// came from.
///
/// # Source
/// Nalogka: a changed deposit is returned and paid again; otherwise the deal goes back to the status it had.
pub(crate) fn leave(deal: &Deal, approved: bool, out: &mut Draft<'_>) -> Result<(), Rejection> {
    let Phase::Moderation { from, .. } = *deal.phase() else {
        return Ok(());
    };
    let policy = &deal.terms().policy;
    let delta = Delta::default();
    if !deal.is_funded_after(&delta) {
        out.enter(Phase::AwaitingDeposit { until: out.at().plus_secs(policy.deposit_s) });
        return Ok(());
    }
    if policy.moderation == Moderation::Required && !approved && !deal.core.approved {
        return Ok(());
    }
    match from {
        Origin::AwaitingDeposit => funding::conclude(deal, &delta, out),
        Origin::AwaitingPerformance => {
            performance::resume(deal, Stage::AwaitingPerformance, out);
            // paid again meanwhile, by a hold: captured before anybody starts
            if funding::capture_required(deal, &delta, out)? {
                return Ok(());
            }
            performance::act_on_what_waits(deal, &delta, out)
        }
    }
}
