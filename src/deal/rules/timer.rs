//! What each deadline leads to, and how far one can be moved.

use super::{acceptance, dispute, funding, paying};
use crate::deal::command::Extend;
use crate::deal::draft::{Delta, Draft};
use crate::deal::event::Event;
use crate::deal::phase::Outcome;
use crate::deal::{Deal, Rejection, Timer};
use crate::dispute::Opener;
use crate::settlement::{Ending, Fault};
use crate::terms::{Acceptance, OnSilence};

/// A timer fires, at its own instant.
pub(crate) fn fire(deal: &Deal, timer: Timer, out: &mut Draft<'_>) -> Result<(), Rejection> {
    out.push(Event::TimerFired { timer });
    let policy = &deal.terms().policy;
    match timer {
        Timer::Proposal | Timer::Funding => cancel(deal, Fault::Nobody, Outcome::Expired, out),
        Timer::Moderation => cancel(deal, Fault::Nobody, Outcome::Cancelled, out),
        // a seller who waits for the capture is not late
        Timer::Start if deal.capture_unanswered() => cancel(deal, Fault::Nobody, Outcome::Cancelled, out),
        Timer::Start => cancel(deal, Fault::Seller, Outcome::Cancelled, out),
        Timer::Performance => match (policy.acceptance, policy.on_performance_deadline) {
            (Acceptance::Mutual, _) => acceptance::end_by_reports(deal, out),
            (Acceptance::ByBuyer, OnSilence::Cancel) => cancel(deal, Fault::Seller, Outcome::Cancelled, out),
            (Acceptance::ByBuyer, OnSilence::Accept) => succeed(deal, out),
            (Acceptance::ByBuyer, OnSilence::Dispute) => disagree(deal, out),
        },
        Timer::Acceptance => match policy.on_acceptance_deadline {
            OnSilence::Accept => succeed(deal, out),
            OnSilence::Dispute => disagree(deal, out),
            OnSilence::Cancel => cancel(deal, Fault::Nobody, Outcome::Cancelled, out),
        },
        Timer::Negotiation => {
            dispute::arbitrate(deal, out);
            Ok(())
        }
        Timer::Arbitration => dispute::rule_by_default(deal, policy.default_ruling.award(), out),
        Timer::Hold(hold) => {
            let held = deal.transaction(hold).and_then(|t| Some((t, deal.deposit(t.deposit)?)));
            match held {
                Some((hold, deposit)) => {
                    funding::capture_expiring(deal, deposit, (hold.id, hold.amount.minor()), out)
                }
                None => Ok(()),
            }
        }
        Timer::Settlement => paying::credit_declined(deal, out),
    }
}

fn cancel(deal: &Deal, fault: Fault, outcome: Outcome, out: &mut Draft<'_>) -> Result<(), Rejection> {
    paying::end(deal, &Delta::default(), Ending::Cancelled(fault), outcome, out)
}

fn succeed(deal: &Deal, out: &mut Draft<'_>) -> Result<(), Rejection> {
    paying::end(deal, &Delta::default(), Ending::Success, Outcome::Completed, out)
}

fn disagree(deal: &Deal, out: &mut Draft<'_>) -> Result<(), Rejection> {
    dispute::open(deal, &Delta::default(), Opener::Timer, Default::default(), None, out)
}

/// Moves the deadline of the phase, within the policy's total.
pub(crate) fn extend(deal: &Deal, c: Extend, out: &mut Draft<'_>) -> Result<(), Rejection> {
    let phase = *deal.phase();
    let Some(deadline) = phase.until().filter(|_| phase.timer() == Some(c.timer)) else {
        return Err(Rejection::TimerNotRunning);
    };
    let by_ms = c.until.millis_since(deadline);
    if by_ms == 0 {
        return Err(Rejection::NotLater { deadline });
    }
    let left_s = deal.binding_terms().policy.max_extension_s.saturating_sub(deal.core.extended_s);
    let by_s = u32::try_from(by_ms.div_ceil(1_000)).ok().filter(|s| *s <= left_s);
    let by_s = by_s.ok_or(Rejection::ExtensionTooLong { left_s })?;
    out.push(Event::DeadlineExtended { timer: c.timer, phase: phase.with_until(c.until), by_s });
    Ok(())
}
