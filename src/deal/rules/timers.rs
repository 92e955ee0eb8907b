//! What each deadline leads to, and how far one can be moved.

use super::{acceptance, agreement, chargebacks, clearing, dispute, endings, holds, legs, payins};
use crate::deal::command::Extend;
use crate::deal::draft::Draft;
use crate::deal::event::Event;
use crate::deal::{Rejection, Timer};
use crate::dispute::Opener;
use crate::settlement::{Ending, Fault, Outcome};
use crate::terms::{Acceptance, OnSilence};

/// A timer fires, at its own instant.
pub(crate) fn fire(deal: &mut Draft<'_>, timer: Timer) {
    deal.push(Event::TimerFired { timer });
    let policy = &deal.terms().policy;
    match timer {
        Timer::Proposal | Timer::Funding => cancel(deal, Fault::Nobody, Outcome::Expired),
        Timer::Moderation => cancel(deal, Fault::Nobody, Outcome::Cancelled),
        // a seller who waits for the capture is not late
        Timer::Start if deal.books().awaits_capture() => cancel(deal, Fault::Nobody, Outcome::Cancelled),
        Timer::Start => cancel(deal, Fault::Seller, Outcome::Cancelled),
        Timer::Performance => match (policy.acceptance, policy.on_performance_deadline) {
            (Acceptance::Mutual, _) => acceptance::end_by_reports(deal),
            (Acceptance::ByBuyer, OnSilence::Cancel) => cancel(deal, Fault::Seller, Outcome::Cancelled),
            // silence downloads nothing
            (Acceptance::ByBuyer, OnSilence::Accept) if deal.awaits_upload() => {
                cancel(deal, Fault::Seller, Outcome::Cancelled);
            }
            (Acceptance::ByBuyer, OnSilence::Accept) => succeed(deal),
            (Acceptance::ByBuyer, OnSilence::Dispute) => dispute::open(deal, Opener::Timer),
        },
        Timer::Acceptance => match policy.on_acceptance_deadline {
            OnSilence::Accept => succeed(deal),
            OnSilence::Dispute => dispute::open(deal, Opener::Timer),
            OnSilence::Cancel => cancel(deal, Fault::Nobody, Outcome::Cancelled),
        },
        Timer::Clearance => clearing::end(deal),
        Timer::Negotiation => dispute::arbitrate(deal),
        Timer::Arbitration => {
            let award = policy.default_ruling.award();
            dispute::rule_by_default(deal, award);
        }
        Timer::Hold(hold) => holds::capture_expiring(deal, hold),
        Timer::Settlement => legs::give_up_overdue(deal),
        Timer::Claim(tx) => payins::lapse(deal, tx),
        Timer::Chargeback => chargebacks::reconcile(deal),
    }
    agreement::review(deal);
}

fn cancel(deal: &mut Draft<'_>, fault: Fault, outcome: Outcome) {
    endings::end(deal, Ending::Cancelled(fault), outcome);
}

fn succeed(deal: &mut Draft<'_>) {
    clearing::accepted(deal, Ending::Success);
}

/// Moves the deadline of the phase, within the policy's total.
pub(crate) fn extend(deal: &mut Draft<'_>, c: Extend) -> Result<(), Rejection> {
    let phase = *deal.phase();
    let Some(deadline) = phase.until().filter(|_| phase.timer() == Some(c.timer)) else {
        let passed = deal.clockwork().passed.filter(|passed| passed.timer == c.timer);
        return Err(Rejection::TimerNotRunning { timer: c.timer, running: phase.timer(), passed });
    };
    let by_ms = c.until.millis_since(deadline);
    if by_ms == 0 {
        return Err(Rejection::NotLater { deadline });
    }
    let (max_s, used_s) = (deal.binding_terms().policy.max_extension_s, deal.clockwork().extended_s);
    let left_s = max_s.saturating_sub(used_s);
    let by_s = u32::try_from(by_ms.div_ceil(1_000)).ok().filter(|s| *s <= left_s);
    let latest = deadline.plus_secs(left_s);
    let by_s = by_s.ok_or(Rejection::ExtensionTooLong { max_s, used_s, left_s, latest })?;
    deal.push(Event::DeadlineExtended { timer: c.timer, phase: phase.with_until(c.until), by_s });
    Ok(())
}
