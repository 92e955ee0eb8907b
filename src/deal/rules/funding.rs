//! The step to a funded deal: everybody has agreed, every required deposit is full.

use super::{holds, legs, moderation, performance, tracking};
use crate::deal::draft::Draft;
use crate::deal::phase::{Origin, Phase, Stage};
use crate::deposit::{DepositId, Purpose};
use crate::terms::{Acceptance, Moderation};

/// The deal moves on by itself once everybody has agreed and every required deposit is full.
pub(crate) fn advance(deal: &mut Draft<'_>) {
    let policy = &deal.terms().policy;
    let until = match *deal.phase() {
        // one span from the proposal to the conclusion where both must report
        Phase::Proposed { until } => match policy.acceptance {
            Acceptance::Mutual => until,
            Acceptance::ByBuyer => deal.at().plus_secs(policy.deposit_s),
        },
        Phase::AwaitingDeposit { until } => until,
        Phase::Moderation { .. }
        | Phase::Active { .. }
        | Phase::Clearing { .. }
        | Phase::Disputed { .. }
        | Phase::Paying { .. }
        | Phase::Closed { .. } => return,
    };
    if !deal.consents().all() {
        return;
    }
    let required = policy.moderation == Moderation::Required;
    if let Phase::Proposed { .. } = *deal.phase() {
        deal.enter(Phase::AwaitingDeposit { until });
    }
    if !deal.is_funded() {
        return;
    }
    if required && !deal.agreement().approved {
        return moderation::enter(deal, Origin::AwaitingDeposit);
    }
    conclude(deal);
}

/// Where everybody has agreed, the deal moves on.
pub(crate) fn go_on(deal: &mut Draft<'_>) {
    match deal.phase() {
        Phase::Moderation { .. } if deal.consents().all() => moderation::leave(deal),
        Phase::Moderation { .. }
        | Phase::Proposed { .. }
        | Phase::AwaitingDeposit { .. }
        | Phase::Active { .. }
        | Phase::Clearing { .. }
        | Phase::Disputed { .. }
        | Phase::Paying { .. }
        | Phase::Closed { .. } => advance(deal),
    }
}

/// Funded and agreed. Orders the captures; a mutual deal waits for them, and is then performing at once.
pub(crate) fn conclude(deal: &mut Draft<'_>) {
    let unanswered = holds::capture_in_time(deal);
    let policy = &deal.terms().policy;
    match policy.acceptance {
        Acceptance::ByBuyer => {
            let until = deal.at().plus_secs(policy.start_s);
            deal.enter(Phase::Active { stage: Stage::AwaitingPerformance, until });
            if !unanswered {
                tracking::act_on_what_waits(deal);
            }
        }
        Acceptance::Mutual if unanswered => {
            let until = deal.at().plus_secs(policy.deposit_s);
            if let Phase::Moderation { .. } = *deal.phase() {
                deal.enter(Phase::AwaitingDeposit { until });
            }
        }
        Acceptance::Mutual => {
            let until = deal.at().plus_secs(policy.performance_s);
            performance::go_to(deal, Stage::Performing, until);
        }
    }
}

/// Everything that a deposit holds goes back.
pub(crate) fn return_whole(deal: &mut Draft<'_>, deposit: DepositId) {
    holds::let_go(deal, deposit, Purpose::Returned);
    legs::give_all_back(deal, deposit, Purpose::Returned);
}
