//! From a few small choices to a command: plain content where the choices are zero, odd and hostile content
//! elsewhere.

mod facts;
mod money;
mod terms;
mod work;

use std::sync::Arc;

use self::facts::{chargeback, honest_answer, returned, settle};
use self::money::{add_charge, destination, is_charge, own, pay, request, stated};
use self::terms::{amend, annotate};
use self::work::{award, extend, quantities, track, tracking};
use super::cast::{BUYER, COURIER, JUDGE, OTHER_JUDGE, PARTNER, buyer, judge, moderator, operator, seller};
use super::salt::{Salt, text};
use escrow::deal::command::{
    Accept, AcceptAward, Agree, AppointArbiter, Approve, Attach, Attachment, Cancel, DestinationUse,
    Escalate, FileClaim, GiveBack, IncurCost, OpenDispute, Post, ProposeAward, Remark, RemoveTrack, Report,
    RequestChanges, Revision, Rule, SetTrack, StartPerforming, StopPerforming, Submit, Verdict, Wake,
    WithdrawDispute,
};
use escrow::deal::{CommandKind, PhaseKind};
use escrow::settlement::{Fault, Resolution};
use escrow::terms::Acceptance;
use escrow::{Actor, Command, Deal, Role, Side, Time};

pub(super) use self::facts::{aftermath, answer};
pub(super) use self::money::payment;

/// What brings the deal on from its current state.
pub(super) fn forward(deal: &Deal, now: Time, salt: &mut Salt) -> (Actor, Command) {
    let by_gateway = |command| (Actor::Gateway, command);
    if deal.has_pending() && !salt.once_in(4) {
        return by_gateway(honest_answer(deal, salt));
    }
    let by = |actor: Actor, kind, salt: &mut Salt| {
        let command = of_kind(deal, kind, &actor, now, salt);
        (actor, command)
    };
    let missing = || {
        let owners = [(Side::Buyer, buyer(deal)), (Side::Seller, seller(deal))];
        owners.into_iter().find(|(side, _)| !deal.consents().of(*side))
    };
    let before_funded = matches!(
        deal.phase().kind(),
        PhaseKind::Proposed | PhaseKind::AwaitingDeposit | PhaseKind::Moderation
    );
    if before_funded && salt.once_in(6) {
        return match salt.pick(6) {
            0 => by(either_side(deal, salt), CommandKind::Amend, salt),
            1 => by(operator(), CommandKind::Amend, salt),
            2 => by(moderator(), CommandKind::Remark, salt),
            3 => by(either_side(deal, salt), CommandKind::RequestPayment, salt),
            4 => by(operator(), CommandKind::IncurCost, salt),
            _ => by(either_side(deal, salt), CommandKind::Agree, salt),
        };
    }
    let unpaid = deal.deposits().iter().find(|d| !is_charge(d.id()) && d.outstanding().is_positive());
    match deal.phase().kind() {
        PhaseKind::Proposed | PhaseKind::AwaitingDeposit | PhaseKind::Moderation => match (missing(), unpaid)
        {
            (Some((_, actor)), _) => by(actor, CommandKind::Agree, salt),
            (None, Some(deposit)) => by_gateway(pay(deal, deposit.id(), deposit.outstanding(), now, salt)),
            (None, None) => by(moderator(), CommandKind::Approve, salt),
        },
        PhaseKind::AwaitingPerformance => match salt.pick(5) {
            0 => by(seller(deal), CommandKind::StartPerforming, salt),
            1 => by(seller(deal), CommandKind::Submit, salt),
            2 if deal.track().is_none() => by(seller(deal), CommandKind::SetTrack, salt),
            3 => by(operator(), CommandKind::IncurCost, salt),
            _ => by(Actor::Tracker, CommandKind::RecordTracking, salt),
        },
        PhaseKind::Performing if deal.terms().policy.acceptance == Acceptance::Mutual => {
            let actor = salt.of(&[buyer(deal), seller(deal)]);
            by(actor, CommandKind::Report, salt)
        }
        PhaseKind::Performing | PhaseKind::AwaitingAcceptance => match salt.pick(8) {
            0 => by(buyer(deal), CommandKind::Accept, salt),
            1 => by(seller(deal), CommandKind::Submit, salt),
            2 => by(buyer(deal), CommandKind::OpenDispute, salt),
            3 => by(buyer(deal), CommandKind::AcceptPart, salt),
            4 => by(buyer(deal), CommandKind::RequestChanges, salt),
            5 => by(operator(), CommandKind::AddCharge, salt),
            6 => by(either_side(deal, salt), CommandKind::Cancel, salt),
            _ => by(Actor::Tracker, CommandKind::RecordTracking, salt),
        },
        PhaseKind::Clearing => match salt.pick(4) {
            0 => by(seller(deal), CommandKind::GiveBack, salt),
            1 => by(either_side(deal, salt), CommandKind::ProposeAward, salt),
            2 => by(either_side(deal, salt), CommandKind::AcceptAward, salt),
            _ => by(operator(), CommandKind::Extend, salt),
        },
        // the arbiter rules, and who is asked to give up agrees, more often than not
        PhaseKind::Disputed if deal.can_sue() && salt.once_in(2) => {
            by(Actor::Party(judge(deal)), CommandKind::Rule, salt)
        }
        PhaseKind::Disputed => match salt.pick(6) {
            0 => by(either_side(deal, salt), CommandKind::AcceptAward, salt),
            1 | 2 => by(either_side(deal, salt), CommandKind::ProposeAward, salt),
            3 => by(Actor::Party(judge(deal)), CommandKind::Rule, salt),
            4 => match deal.dispute().and_then(|d| d.withdrawal_by()) {
                Some(Side::Buyer) => by(seller(deal), CommandKind::WithdrawDispute, salt),
                Some(Side::Seller) => by(buyer(deal), CommandKind::WithdrawDispute, salt),
                None => by(either_side(deal, salt), CommandKind::WithdrawDispute, salt),
            },
            _ => by(operator(), CommandKind::AppointArbiter, salt),
        },
        PhaseKind::Paying | PhaseKind::Closed => match salt.pick(3) {
            0 => (Actor::Clock, Command::Wake(Wake {})),
            1 => by(either_side(deal, salt), CommandKind::SetDestination, salt),
            _ => by(either_side(deal, salt), CommandKind::RedirectRefund, salt),
        },
    }
}

fn either_side(deal: &Deal, salt: &mut Salt) -> Actor {
    salt.of(&[buyer(deal), seller(deal)])
}

/// An offer: an award, or calling the deal off.
fn propose(deal: &Deal, salt: &mut Salt) -> Command {
    if salt.once_in(6) {
        return ProposeAward::new(Resolution::CallOff).into();
    }
    let offer = ProposeAward::new(award(deal, salt));
    if salt.once_in(6) { offer.with_original().into() } else { offer.into() }
}

/// A command of this kind with content that mostly fits.
pub(super) fn of_kind(deal: &Deal, kind: CommandKind, actor: &Actor, now: Time, salt: &mut Salt) -> Command {
    let side = deal.role_of(actor).and_then(Role::side);
    match kind {
        CommandKind::Amend => amend(deal, actor, salt).into(),
        CommandKind::Annotate => annotate(side, salt).into(),
        CommandKind::Agree => Agree::new(deal.terms_version().saturating_sub(salt.once_in(12).into()))
            .payment(salt.once_in(4).then(|| stated(deal, side, salt)))
            .into(),
        CommandKind::RequestPayment => request(deal, side, salt).into(),
        CommandKind::ConfirmPayment => payment(deal, now, salt),
        CommandKind::Remark => Remark::new(text(salt.of(&["blurred photo", "no such item"]))).into(),
        CommandKind::Approve => Approve {}.into(),
        CommandKind::Attach => Attach::new(Arc::new(
            Attachment::new(text(salt.of(&["photo", "scan"])), text("image/png"), 1).description(text("")),
        ))
        .into(),
        CommandKind::SetTrack => SetTrack::new(track(salt.pick(2))).into(),
        CommandKind::RemoveTrack => RemoveTrack {}.into(),
        CommandKind::RecordTracking => tracking(deal, now, salt).into(),
        CommandKind::StartPerforming => StartPerforming {}.into(),
        CommandKind::StopPerforming => StopPerforming {}.into(),
        CommandKind::Submit => Submit::new(
            deal.submitted().saturating_add(1).saturating_sub(salt.once_in(8).into()),
            Arc::new(Revision::new(
                text("preview"),
                text(salt.of(&["original", "original-2"])),
                text("digest"),
            )),
        )
        .into(),
        CommandKind::RequestChanges => RequestChanges::new(
            deal.submitted().saturating_add(salt.once_in(8).into()),
            text("brighter, please"),
        )
        .into(),
        CommandKind::Accept => Accept::all().into(),
        CommandKind::AcceptPart => Accept::part(quantities(deal, salt)).into(),
        CommandKind::Report => {
            Report::new(salt.of(&[Verdict::Success, Verdict::Success, Verdict::Failure])).into()
        }
        CommandKind::IncurCost => IncurCost::new(
            u8::try_from(salt.pick(deal.binding_terms().services.len().saturating_add(1))).unwrap_or(0),
            text("receipt"),
        )
        .into(),
        CommandKind::AddCharge => add_charge(deal, salt).into(),
        CommandKind::Cancel => Cancel::new(text("")).into(),
        CommandKind::CancelWithFault => {
            Cancel::new(text("fraud")).at_fault(salt.of(&[Fault::Seller, Fault::Buyer, Fault::Nobody])).into()
        }
        CommandKind::OpenDispute => OpenDispute::new(text("broken")).into(),
        CommandKind::ProposeAward => propose(deal, salt),
        CommandKind::GiveBack => {
            let (given, most) = (deal.given_back().minor(), deal.binding_terms().quote().proceeds.minor());
            let total = salt.of(&[given.saturating_add(1), most / 2, most, most.saturating_add(1), given]);
            GiveBack::new(own(deal, total)).into()
        }
        CommandKind::Escalate => Escalate {}.into(),
        CommandKind::AcceptAward => {
            let offered = side.and_then(|side| deal.offer(side.other()));
            match offered {
                Some(o) => AcceptAward::new(o.award).offer(salt.of(&[None, Some(o.number), Some(1)])).into(),
                None => AcceptAward::new(award(deal, salt)).into(),
            }
        }
        CommandKind::WithdrawDispute => {
            let stands = deal.dispute().map_or(0, |dispute| dispute.openings());
            let opening = salt.of(&[None, Some(stands), Some(stands), Some(stands.saturating_add(1))]);
            WithdrawDispute::new().opening(opening).into()
        }
        CommandKind::FileClaim => FileClaim::new(text(salt.of(&["claim-1", "claim-2"]))).into(),
        CommandKind::Rule => Rule::new(award(deal, salt))
            .at_fault(salt.of(&[None, Some(Side::Buyer), Some(Side::Seller)]))
            .into(),
        CommandKind::AppointArbiter => {
            let names = [JUDGE, JUDGE, OTHER_JUDGE, BUYER, COURIER, PARTNER];
            AppointArbiter::new(text(salt.of(&names))).into()
        }
        CommandKind::Answer => answer(deal, salt),
        CommandKind::SetDestination => destination(deal, actor, DestinationUse::Payouts, salt),
        CommandKind::RedirectRefund => destination(deal, actor, DestinationUse::Refunds, salt),
        CommandKind::Chargeback => chargeback(deal, salt),
        CommandKind::Returned => returned(deal, salt),
        CommandKind::SettleReceivable => settle(deal, salt),
        CommandKind::Extend => extend(deal, now, salt).into(),
        CommandKind::Post => Post::new(text(salt.of(&["message-1", "message-2", "message-3"]))).into(),
        CommandKind::Wake => Wake {}.into(),
    }
}
