//! A moderator's remarks and approval.

use super::{funding, holds, performance, tracking};
use crate::deal::command::Remark;
use crate::deal::draft::Draft;
use crate::deal::event::Event;
use crate::deal::phase::{Origin, Phase, Stage};
use crate::terms::Moderation;

/// A remark enters moderation.
pub(crate) fn remark(deal: &mut Draft<'_>, c: &Remark) {
    deal.push(Event::Remarked { remark: c.remark.clone() });
    match deal.phase() {
        Phase::AwaitingDeposit { .. } => enter(deal, Origin::AwaitingDeposit),
        Phase::Active { .. } => enter(deal, Origin::AwaitingPerformance),
        // one remark more, in the time there is
        Phase::Moderation { .. }
        | Phase::Proposed { .. }
        | Phase::Clearing { .. }
        | Phase::Disputed { .. }
        | Phase::Paying { .. }
        | Phase::Closed { .. } => {}
    }
}

/// Approval leads on.
pub(crate) fn approve(deal: &mut Draft<'_>) {
    deal.push(Event::Approved {});
    match deal.phase() {
        Phase::Moderation { .. } => leave(deal),
        // noted: a policy that requires approval has it when the deal is funded
        Phase::AwaitingDeposit { .. }
        | Phase::Active { .. }
        | Phase::Proposed { .. }
        | Phase::Clearing { .. }
        | Phase::Disputed { .. }
        | Phase::Paying { .. }
        | Phase::Closed { .. } => {}
    }
}

pub(crate) fn enter(deal: &mut Draft<'_>, from: Origin) {
    let until = deal.at().plus_secs(deal.terms().policy.moderation_s);
    deal.enter(Phase::Moderation { until, from });
}

/// Approved, or amended and agreed: to the deposit with a fresh window if one is not full, otherwise to where it
/// came from.
///
/// # Source
/// Nalogka: a changed deposit is returned and paid again; otherwise the deal goes back to the status it had.
pub(crate) fn leave(deal: &mut Draft<'_>) {
    let Phase::Moderation { from, .. } = *deal.phase() else {
        return;
    };
    let policy = &deal.terms().policy;
    if !deal.is_funded() {
        let until = deal.at().plus_secs(policy.deposit_s);
        return deal.enter(Phase::AwaitingDeposit { until });
    }
    if policy.moderation == Moderation::Required && !deal.agreement().approved {
        return;
    }
    match from {
        Origin::AwaitingDeposit => funding::conclude(deal),
        Origin::AwaitingPerformance => {
            performance::resume(deal, Stage::AwaitingPerformance);
            // paid again meanwhile, by a hold: captured before anybody starts
            if !holds::capture_in_time(deal) {
                tracking::act_on_what_waits(deal);
            }
        }
    }
}
