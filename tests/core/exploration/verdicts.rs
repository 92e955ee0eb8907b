//! `allowed` and `transition` are of one mind, in every state, for every kind of command and every actor.

use std::borrow::Cow;
use std::sync::Arc;

use escrow::deal::command::{
    Accept, AcceptAward, Agree, Amend, Annotate, AppointArbiter, Attach, Attachment, Cancel, ChargebackStep,
    CheckpointKind, DestinationUse, Escalate, Extend, FileClaim, GiveBack, IncurCost, Post, ProposeAward,
    RemoveTrack, RequestChanges, Returned, Rule, SettleReceivable, StartPerforming, StopPerforming, Verdict,
    Wake, WithdrawDispute,
};
use escrow::deal::{Allowed, Command, CommandKind, PhaseKind, Timer};
use escrow::deposit::DepositId;
use escrow::dispute::{DisputeStage, DisputeStatus};
use escrow::settlement::Fault;
use escrow::terms::{Contacts, Terms};
use escrow::{Actor, Award, Context, Deal, Outcome, Payee, Rate, Rejection, Side, Status, Time, transition};

use crate::common::{
    DAY, after, approve, card, charge, chargeback, checkpoint, destination, dispute, payment, remark, report,
    request, rub, set_track, start, submit, succeeded, text,
};

pub const OF_ONE_MIND: &str = "what `allowed` denies is refused for that reason, unless it stands already; \
                               what it lists, the table lets through";

/// A rejection that the table gives, whatever the content.
pub const fn is_by_table(rejection: &Rejection) -> bool {
    matches!(
        rejection,
        Rejection::UnknownActor
            | Rejection::WrongRole { .. }
            | Rejection::WrongPhase { .. }
            | Rejection::Guard(_)
    )
}

/// A command of every kind, in table order, with a content that nobody has given before, where the kind has any.
pub fn plain(terms: &Arc<Terms>) -> Vec<Command> {
    CommandKind::ALL.into_iter().map(|kind| of_kind(kind, terms)).collect()
}

fn of_kind(kind: CommandKind, terms: &Arc<Terms>) -> Command {
    let award = Award::Share(Rate::from_ppm(123_456).unwrap());
    let cancel = |at_fault| Cancel::new(text("enough")).at_fault(at_fault).into();
    match kind {
        CommandKind::Amend => Amend::new(999, terms.clone()).into(),
        CommandKind::Annotate => Annotate::contacts(Contacts::default()).tags(vec![text("plain")]).into(),
        CommandKind::Agree => Agree::new(999).into(),
        CommandKind::RequestPayment => request("plain", DepositId::BUYER_PAYMENT, 1),
        CommandKind::ConfirmPayment => payment(DepositId::BUYER_PAYMENT, "plain", rub(1)).into(),
        CommandKind::Remark => remark("plain"),
        CommandKind::Approve => approve(),
        CommandKind::Attach => {
            let (id, description, mime) = (text("plain"), text(""), text("text/plain"));
            let attachment = Attachment::new(id, mime, 1).description(description);
            Attach::new(Arc::new(attachment)).into()
        }
        CommandKind::SetTrack => set_track("plain"),
        CommandKind::RemoveTrack => RemoveTrack {}.into(),
        // of the track that `contents` sets first: another one's is ignored
        CommandKind::RecordTracking => checkpoint("one", "plain", CheckpointKind::Progress, start()),
        CommandKind::StartPerforming => StartPerforming {}.into(),
        CommandKind::StopPerforming => StopPerforming {}.into(),
        CommandKind::Submit => submit(999),
        CommandKind::RequestChanges => RequestChanges::new(999, text("more")).into(),
        CommandKind::Accept => Accept::default().into(),
        CommandKind::AcceptPart => Accept::part([7]).into(),
        CommandKind::Report => report(Verdict::Success),
        CommandKind::IncurCost => IncurCost::new(31, text("receipt")).into(),
        CommandKind::AddCharge => charge("plain", Side::Buyer, Payee::Seller, 1),
        CommandKind::Cancel => cancel(None),
        CommandKind::CancelWithFault => cancel(Some(Fault::Seller)),
        CommandKind::OpenDispute => dispute("bad"),
        CommandKind::ProposeAward => ProposeAward::new(award).into(),
        CommandKind::AcceptAward => AcceptAward::new(award).into(),
        CommandKind::GiveBack => GiveBack::new(rub(999_999_999)).into(),
        CommandKind::Escalate => Escalate {}.into(),
        CommandKind::WithdrawDispute => WithdrawDispute::default().into(),
        CommandKind::FileClaim => FileClaim::new(text("plain")).into(),
        CommandKind::Rule => Rule::new(award).into(),
        CommandKind::AppointArbiter => AppointArbiter::new(text("plain")).into(),
        CommandKind::Answer => crate::common::answer(999, succeeded("plain")),
        CommandKind::SetDestination => destination(Payee::Buyer, DestinationUse::Payouts, card("plain")),
        CommandKind::RedirectRefund => destination(Payee::Buyer, DestinationUse::Refunds, card("plain")),
        CommandKind::Chargeback => chargeback("plain", "plain", 1, ChargebackStep::Opened),
        CommandKind::Returned => Returned::new(escrow::TxId::new(999), rub(1), text("plain")).into(),
        CommandKind::SettleReceivable => SettleReceivable::new(999, rub(1), text("plain")).into(),
        CommandKind::Extend => Extend::new(Timer::Start, after(9_999 * DAY)).into(),
        CommandKind::Post => Post::new(text("plain")).into(),
        CommandKind::Wake => Wake {}.into(),
    }
}

/// What a deal must look like for a plain command to stand already: what it asks for is so. A content that is new never
/// stands.
fn can_stand(deal: &Deal, kind: CommandKind, side: Option<Side>) -> bool {
    let dispute = deal.dispute();
    let is_open = |d: &&escrow::Dispute| d.status() == DisputeStatus::Open;
    match kind {
        CommandKind::Approve => deal.status() != Status::Moderation,
        CommandKind::RemoveTrack => deal.track().is_none(),
        CommandKind::RecordTracking => deal.track().is_none_or(|t| t.code.as_str() != "one"),
        CommandKind::StartPerforming => deal.phase().kind() == PhaseKind::Performing,
        CommandKind::StopPerforming => deal.phase().kind() == PhaseKind::AwaitingPerformance,
        CommandKind::Accept => {
            // accepted, and waiting for its clearance or paid
            deal.outcome() == Some(Outcome::Completed) || deal.phase().kind() == PhaseKind::Clearing
        }
        CommandKind::Report => side.is_some_and(|side| deal.report(side) == Some(Verdict::Success)),
        CommandKind::Cancel | CommandKind::CancelWithFault => {
            matches!(deal.outcome(), Some(Outcome::Cancelled | Outcome::Declined))
        }
        CommandKind::OpenDispute => {
            dispute.filter(is_open).zip(side).is_some_and(|(d, side)| d.openings_by(side) > 0)
        }
        CommandKind::Escalate => dispute.filter(is_open).is_some_and(|d| {
            d.stage() == DisputeStage::Arbitration || side.is_some() && d.escalation_by() == side
        }),
        CommandKind::WithdrawDispute => dispute.is_some_and(|d| match d.status() {
            DisputeStatus::Withdrawn => true,
            DisputeStatus::Open => side.is_some() && d.withdrawal_by() == side,
            _ => false,
        }),
        _ => false,
    }
}

/// Whether what is told of this actor is what `transition` does.
pub fn of_one_mind(
    deal: &Deal,
    now: Time,
    actor: &Actor,
    told: impl Iterator<Item = (CommandKind, Result<(), Rejection>)>,
    plain: &[Command],
) -> Result<(), String> {
    let context = Context::new(now, actor.clone());
    // a hold that is born late is due at once: what stands, stands after it was fired
    let mut view = Cow::Borrowed(deal);
    if deal.next_deadline().is_some_and(|due| due <= now) {
        let fired = view.to_mut().handle(&Wake {}.into(), &Context::clock(now));
        let _ = fired.map_err(|refused| format!("a wake is refused: {refused}"))?;
    }
    for ((kind, told), command) in told.zip(plain) {
        let agrees = match (told, transition(deal, command, &context)) {
            (Err(denied), Err(refused)) => denied == refused,
            (Err(denied), Ok(done)) => {
                // whoever never may, never repeats either
                let may = !matches!(denied, Rejection::UnknownActor | Rejection::WrongRole { .. });
                let side = view.role_of(actor).and_then(escrow::Role::side);
                let nothing = done.events().iter().all(|recorded| recorded.actor == Actor::Clock);
                may && nothing && can_stand(&view, kind, side)
            }
            (Ok(()), Err(refused)) => !is_by_table(&refused),
            (Ok(()), Ok(_)) => true,
        };
        if !agrees {
            return Err(format!(
                "{actor}, {kind}: told {told:?}, done {:?}",
                transition(deal, command, &context)
            ));
        }
    }
    Ok(())
}

/// What `allowed` tells, turned round for one kind where that is planted.
pub fn told(
    allowed: &Allowed,
    turned: Option<CommandKind>,
) -> impl Iterator<Item = (CommandKind, Result<(), Rejection>)> + '_ {
    allowed.iter().map(move |(kind, verdict)| match verdict {
        _ if turned != Some(kind) => (kind, verdict),
        Ok(()) => (kind, Err(Rejection::UnknownActor)),
        Err(_) => (kind, Ok(())),
    })
}
