//! Repeats: the same actor, the same content or key. Answered with no events, in every phase.

use super::command::{Answered, ChargebackStep, Command, DestinationUse};
use super::phase::{Phase, Stage};
use super::rules::legs::is_declined;
use super::rules::payins;
use super::{Deal, Status};
use crate::deposit::TransactionState;
use crate::dispute::{DisputeStage, DisputeStatus};
use crate::settlement::{AwardedBy, Ending, Fault, Outcome};
use crate::{Actor, Destination, Payee, Role};

/// Whether nothing is left to do for this command. Asked only for a role that may ever give it.
pub(super) fn already_stands(deal: &Deal, command: &Command, role: Role, actor: &Actor) -> bool {
    let (clockwork, agreement, work) = (deal.clockwork(), deal.agreement(), deal.work());
    match command {
        Command::Amend(c) => {
            let noted = agreement.annotated;
            let mut changed = deal.terms.changed_in(&c.terms);
            c.from_version.checked_add(1) == Some(agreement.version)
                && changed.all(|field| noted && field.is_note())
                && c.vouched.within(agreement.consents)
        }
        Command::Annotate(c) => c.stands_in(&deal.terms),
        Command::Agree(c) => {
            c.terms_version == agreement.version
                && role.side().is_some_and(|side| agreement.consents.of(side))
                && c.payment.as_ref().is_none_or(|stated| {
                    let known = |t: &crate::deposit::Transaction| {
                        t.gateway.as_ref() == Some(&stated.gateway)
                            && t.reference.as_ref() == Some(&stated.reference)
                    };
                    deal.transactions().iter().any(known)
                })
        }
        Command::RequestPayment(c) => {
            let same = |t: &crate::deposit::Transaction| {
                t.amount == c.amount && t.method.as_ref() == Some(&c.form.method)
            };
            deal.books().request(&c.key, c.deposit).is_some_and(same)
        }
        Command::ConfirmPayment(c) => payins::is_recorded(deal, c),
        Command::Remark(c) => {
            deal.status() == Status::Moderation
                && clockwork.status_change.comment.as_deref() == Some(c.remark.as_str())
        }
        Command::Approve(_) => agreement.approved && deal.status() != Status::Moderation,
        Command::Attach(c) => work.has(&c.attachment, role.side()),
        Command::SetTrack(c) => work.track.as_ref() == Some(&c.track),
        Command::RemoveTrack(_) => work.track.is_none(),
        Command::RecordTracking(c) => {
            // another track's is ignored
            work.track.as_ref() != Some(&c.track)
                || work.scan(&c.checkpoint.id) == Some((c.checkpoint.kind, c.checkpoint.occurred_at))
        }
        Command::StartPerforming(_) => in_stage(deal, Stage::Performing),
        Command::StopPerforming(_) => in_stage(deal, Stage::AwaitingPerformance),
        Command::Submit(c) => c.number == work.submitted && work.revision.as_ref() == Some(&c.revision),
        Command::RequestChanges(c) => {
            c.number == work.submitted && work.changes_requested.as_ref() == Some(&c.comment)
        }
        Command::Accept(c) => match (&c.quantities, deal.ending().or(clockwork.clearing.as_ref())) {
            (None, Some(Ending::Success)) => true,
            (Some(wanted), Some(Ending::PartialBuyout(accepted))) => wanted == accepted,
            (None | Some(_), _) => false,
        },
        Command::Report(c) => role.side().is_some_and(|side| deal.report(side) == Some(c.verdict)),
        Command::IncurCost(c) => work.evidence_of(c.service) == Some(&c.evidence),
        Command::AddCharge(c) => deal.books().charge(&c.key).is_some_and(|(deposit, charge)| {
            deposit.owner == c.payer
                && deposit.required == c.amount
                && charge.payee == c.payee
                && charge.reason == c.reason
        }),
        Command::Cancel(c) => {
            let at_fault = role.side().map_or(c.at_fault.unwrap_or(Fault::Nobody), Fault::from);
            let left = matches!(deal.outcome(), Some(Outcome::Cancelled | Outcome::Declined));
            left && clockwork.cancelled_by.as_ref() == Some(actor)
                && deal.ending() == Some(&Ending::Cancelled(at_fault))
        }
        Command::OpenDispute(c) => deal.dispute().is_some_and(|d| {
            d.status == DisputeStatus::Open
                && (&d.reason, &deal.quarrel().evidence) == (&c.reason, &c.evidence)
                && role.side().is_some_and(|side| d.opened_by == crate::dispute::Opener::Party(side))
        }),
        Command::ProposeAward(c) => {
            let same = |o: &crate::settlement::Offered| o.award == c.award && o.original == c.original;
            role.side().and_then(|side| deal.offer(side)).is_some_and(same)
        }
        Command::AcceptAward(c) => deal.ending() == Some(&c.award.ending()),
        Command::GiveBack(c) => {
            c.total.currency() == deal.terms.currency
                && c.total.minor() == deal.books().given_back()
                && c.total.is_positive()
        }
        Command::WithdrawDispute(c) => deal.dispute().is_some_and(|d| match d.status {
            DisputeStatus::Withdrawn => c.opening.is_none_or(|opening| opening <= d.openings),
            DisputeStatus::Open => {
                c.opening.is_some_and(|opening| opening < d.openings)
                    || d.withdrawal_by.is_some() && d.withdrawal_by == role.side()
            }
            DisputeStatus::Resolved => false,
        }),
        Command::Escalate(_) => open_dispute(deal).is_some_and(|d| {
            d.stage == DisputeStage::Arbitration || role.side().is_some() && d.escalation_by == role.side()
        }),
        Command::FileClaim(c) => {
            deal.dispute().zip(role.side()).is_some_and(|(d, side)| d.claim(side) == Some(&c.reference))
        }
        Command::Rule(c) => {
            deal.dispute().is_some_and(|d| d.award == Some(c.award) && d.guilty_side == c.at_fault)
                && matches!(deal.ending(), Some(Ending::Awarded { by: AwardedBy::Ruling, .. }))
        }
        Command::AppointArbiter(c) => deal.arbiter() == Some(&c.arbiter),
        Command::Answer(c) => deal.transaction(c.transaction).is_some_and(|t| match (&t.state, &c.result) {
            // asked again later, under the same key; of a settled one it is old news
            (_, Answered::InProgress) => true,
            (TransactionState::Succeeded, Answered::Succeeded(reference)) => {
                // what the gateway told of by itself has no reference of an answer
                let same = t.reference.as_ref().is_none_or(|known| known == reference);
                same && !t.doubted
            }
            (TransactionState::Succeeded, Answered::Declined(_)) => t.doubted,
            (TransactionState::Failed(_), Answered::Declined(_)) => true,
            // a stated payment that had come in elsewhere: the money is counted, the statement is not
            (TransactionState::Failed(_), Answered::Succeeded(reference)) => {
                t.kind.is_inbound()
                    && t.reference.as_ref() == Some(reference)
                    && t.gateway
                        .as_ref()
                        .is_some_and(|g| deal.books().of_payment(g, reference).next().is_some())
            }
            (TransactionState::Pending, Answered::Declined(_) | Answered::Succeeded(_)) => false,
        }),
        Command::SetDestination(c) => {
            goes_to(deal, &c.payee, DestinationUse::Payouts, c.destination.as_ref())
        }
        Command::RedirectRefund(c) => {
            goes_to(deal, &c.payee, DestinationUse::Refunds, c.destination.as_ref())
        }
        Command::Chargeback(c) => deal.books().case(&c.gateway, &c.reference).is_some_and(|known| {
            let same = known.payment == c.payment && known.deposit == c.deposit;
            same && match c.step {
                ChargebackStep::Opened => known.opened.is_some_and(|(amount, _)| amount == c.amount),
                ChargebackStep::Won => known.won,
                ChargebackStep::Lost => known.lost == Some(c.amount),
                ChargebackStep::Reinstated => known.reinstated == Some(c.amount),
            }
        }),
        Command::Returned(c) => deal
            .transaction(c.transaction)
            .is_some_and(|t| t.bounced.iter().any(|known| *known == (c.reference.clone(), c.amount.minor()))),
        Command::SettleReceivable(c) => deal.books().debt(c.receivable).is_some_and(|debt| {
            debt.payments.iter().any(|known| *known == (c.reference.clone(), c.amount.minor()))
        }),
        Command::Extend(c) => deal.phase().timer() == Some(c.timer) && deal.phase().until() == Some(c.until),
        Command::Post(c) => work.posts.contains(&c.reference),
        Command::Wake(_) => true,
    }
}

/// Whether the money goes there already. Where a leg was declined, the same destination again is a retry.
fn goes_to(deal: &Deal, payee: &Payee, of: DestinationUse, destination: Option<&Destination>) -> bool {
    let waits =
        |l: &crate::deposit::Leg| is_declined(l) && l.payee == *payee && DestinationUse::of(l.purpose) == of;
    deal.destination(payee, of) == destination && !deal.legs().iter().any(waits)
}

fn in_stage(deal: &Deal, wanted: Stage) -> bool {
    matches!(deal.phase(), Phase::Active { stage, .. } if *stage == wanted)
}

fn open_dispute(deal: &Deal) -> Option<&crate::dispute::Dispute> {
    deal.dispute().filter(|d| d.status == DisputeStatus::Open)
}
