//! Representative contents of every kind of command, and what each costs: nothing where it belongs to an ordinary
//! deal, one where it is unusual or could be repeated without end.
//!
//! Whatever several roles may do with the same effect is done by one of them: who it was is in no rule.

use std::sync::Arc;

use escrow::deal::command::{
    Accept, AcceptAward, AddCharge, Agree, Amend, AppointArbiter, Attach, Attachment, Cancel, CheckpointKind,
    ConfirmPayment, DestinationUse, Escalate, Extend, FileClaim, GiveBack, IncurCost, Post, ProposeAward,
    RemoveTrack, RequestChanges, Rule, StartPerforming, StatedPayment, StopPerforming, Verdict,
    WithdrawDispute,
};
use escrow::deal::{Command, CommandKind, PhaseKind};
use escrow::deposit::{Deposit, TransactionState};
use escrow::settlement::{Fault, max_award};
use escrow::terms::Acceptance;
use escrow::{Actor, Award, Deal, Destination, Money, Payee, Rate, Side, Time, Transaction};

use super::facts::{facts, next_payment};
use super::model::Exploration;
use super::state::Inner;
use crate::common::{
    DAY, HOUR, approve, checkpoint, destination, dispute, remark, report, rub, set_track, submit, text, track,
};

type Offer<'o> = &'o mut dyn FnMut(Command, u8);

pub fn contents(model: &Exploration, from: &Inner, actor: &Actor, kind: CommandKind, offer: Offer<'_>) {
    let deal = &from.deal;
    let side = deal.role_of(actor).and_then(escrow::Role::side);
    let is_buyer = side == Some(Side::Buyer);
    let is_seller = side == Some(Side::Seller);
    let is_operator = matches!(actor, Actor::Operator(_));
    if model.scene.lean && !is_lean(deal, kind) {
        return;
    }
    // where both report, a track moves nothing but a refusal
    let mutual = deal.terms().policy.acceptance == Acceptance::Mutual;
    match kind {
        CommandKind::Amend => {
            for terms in &model.scene.terms {
                if !Arc::ptr_eq(terms, deal.terms()) {
                    offer(Amend::new(deal.terms_version(), terms.clone()).into(), 1);
                }
            }
        }
        CommandKind::Agree => {
            let terms_version = deal.terms_version();
            offer(Agree::new(terms_version).into(), 0);
            for deposit in own(deal, side) {
                let reference = text(&format!("claim-{}", inbound(deal)));
                let payment = StatedPayment::new(deposit.id(), text("bank"), reference);
                offer(Agree::new(terms_version).payment(payment).into(), 1);
            }
        }
        CommandKind::RequestPayment => {
            for deposit in own(deal, side) {
                let mut command = crate::common::request("key", deposit.id(), 1);
                if let Command::RequestPayment(c) = &mut command {
                    c.key = text(&format!("key-{}", inbound(deal)));
                    c.amount = deposit.outstanding();
                }
                offer(command, 1);
            }
        }
        CommandKind::ConfirmPayment => {
            payments(deal, from.now, model.scene.lean, offer);
            facts(deal, kind, offer);
        }
        CommandKind::Remark => offer(remark("no"), 1),
        CommandKind::Approve => offer(approve(), 0),
        CommandKind::Attach if is_buyer => {
            let attachment = Attachment::new(text("file"), text("text/plain"), 1).description(text(""));
            offer(Attach::new(Arc::new(attachment)).into(), 0);
        }
        CommandKind::SetTrack if is_seller => match deal.track() {
            None => offer(set_track("one"), u8::from(mutual)),
            Some(_) => offer(set_track("two"), 1),
        },
        CommandKind::RemoveTrack if is_seller => offer(RemoveTrack {}.into(), 1),
        CommandKind::RecordTracking => {
            let code = deal.track().map_or("none".to_owned(), |t| t.code.to_string());
            let n = from.beside.checkpoints;
            let at = |kind| checkpoint(&code, &format!("point-{n}"), kind, from.now);
            if track(&code).code.as_str() != "none" && n < 4 {
                let cost = u8::from(n >= 2 || mutual);
                offer(at(CheckpointKind::Progress), cost);
                offer(at(CheckpointKind::Final), cost);
                offer(at(CheckpointKind::Refused), 1);
            }
        }
        CommandKind::StartPerforming if is_seller => offer(StartPerforming {}.into(), 0),
        CommandKind::StopPerforming if is_seller => offer(StopPerforming {}.into(), 0),
        CommandKind::Submit => offer(submit(deal.submitted() + 1), u8::from(deal.submitted() > 0)),
        CommandKind::RequestChanges => {
            offer(RequestChanges::new(deal.submitted(), text("more")).into(), 0);
        }
        CommandKind::Accept => offer(Accept::default().into(), 0),
        CommandKind::AcceptPart => {
            for accepted in [0, 1] {
                let all = deal.terms().items.iter().map(|_| accepted);
                offer(Accept::part(all.collect::<Vec<_>>()).into(), 0);
            }
        }
        CommandKind::Report => {
            offer(report(Verdict::Success), 0);
            offer(report(Verdict::Failure), 0);
        }
        CommandKind::IncurCost => {
            for service in 0..deal.terms().services.len() {
                let service = u8::try_from(service).unwrap();
                if !deal.incurred().contains(usize::from(service)) {
                    offer(IncurCost::new(service, text("receipt")).into(), 1);
                }
            }
        }
        CommandKind::AddCharge => {
            let mut add = |payer, payee| {
                let key = text(&format!("charge-{}", deal.deposits().len()));
                offer(AddCharge::new(key, payer, payee, rub(50_00), text("extra")).into(), 1);
            };
            if is_seller {
                add(Side::Buyer, Payee::Seller);
            } else if is_operator {
                add(Side::Seller, Payee::Platform);
            }
        }
        CommandKind::Cancel => offer(Cancel::new(text("stop")).into(), 0),
        CommandKind::CancelWithFault => {
            for at_fault in [Fault::Buyer, Fault::Seller] {
                offer(Cancel::new(text("stop")).at_fault(at_fault).into(), 0);
            }
        }
        CommandKind::OpenDispute => {
            let before = side.is_some_and(|side| deal.dispute().is_some_and(|d| d.openings_by(side) > 0));
            offer(dispute("bad"), before.into());
        }
        CommandKind::ProposeAward => {
            let zero = Money::zero(deal.terms().currency);
            let award = if is_buyer { Award::Amount(zero) } else { Award::Share(Rate::HALF) };
            // in a quarrel it is what parties do
            let unusual = u8::from(deal.phase().kind() != PhaseKind::Disputed);
            offer(ProposeAward::new(award).into(), unusual);
            offer(ProposeAward::new(Award::Winner(Side::Seller)).into(), 1);
        }
        CommandKind::AcceptAward => {
            if let Some(others) = side.and_then(|side| deal.offer(side.other())) {
                offer(AcceptAward::new(others.award).offer(others.number).into(), 0);
            }
        }
        CommandKind::GiveBack => offer(GiveBack::new(rub(1)).into(), 1),
        CommandKind::Escalate => offer(Escalate {}.into(), 1),
        CommandKind::WithdrawDispute => offer(WithdrawDispute::default().into(), 0),
        CommandKind::FileClaim => offer(FileClaim::new(text("claim")).into(), 0),
        CommandKind::Rule => {
            offer(Rule::new(Award::Share(Rate::HALF)).into(), 0);
            if model.scene.lean {
                return;
            }
            offer(Rule::new(Award::Winner(Side::Buyer)).at_fault(Side::Seller).into(), 0);
            if let Ok(most) = max_award(deal.binding_terms(), &deal.pots(), deal.incurred(), true) {
                offer(Rule::new(Award::Amount(most)).into(), 0);
            }
        }
        CommandKind::AppointArbiter => offer(AppointArbiter::new(text("judge")).into(), 1),
        CommandKind::SetDestination => {
            let payee = match side {
                Some(side) => side.payee(),
                None if is_operator => Payee::Platform,
                None => match actor {
                    Actor::Party(id) => Payee::Party(id.clone()),
                    _ => return,
                },
            };
            for wanted in [Some(Destination::Balance), Some(Destination::Account(text("account"))), None] {
                offer(destination(payee.clone(), DestinationUse::Payouts, wanted), 1);
            }
        }
        CommandKind::RedirectRefund => {
            let payee = side.map_or(Payee::Buyer, Side::payee);
            let wanted =
                if is_operator { Destination::Account(text("account")) } else { Destination::Balance };
            offer(destination(payee, DestinationUse::Refunds, Some(wanted)), 1);
        }
        CommandKind::Chargeback | CommandKind::Returned | CommandKind::SettleReceivable => {
            facts(deal, kind, offer);
        }
        CommandKind::Extend => {
            if let Some((timer, until)) = deal.phase().timer().zip(deal.phase().until()) {
                offer(Extend::new(timer, until.plus_secs(DAY)).into(), 1);
            }
        }
        CommandKind::Post if is_buyer => offer(Post::new(text("message")).into(), 0),
        // notes bind nobody
        CommandKind::Annotate => {}
        // done by another role
        CommandKind::Attach
        | CommandKind::SetTrack
        | CommandKind::RemoveTrack
        | CommandKind::StartPerforming
        | CommandKind::StopPerforming
        | CommandKind::Post => {}
        // what is open the model answers by itself, in every state
        CommandKind::Answer => facts(deal, kind, offer),
        CommandKind::Wake => {}
    }
}

/// What money goes by: where a scene is about facts, parties do little else.
fn is_lean(deal: &Deal, kind: CommandKind) -> bool {
    // where both report, what they report opens the dispute
    let by_buyer = deal.terms().policy.acceptance == Acceptance::ByBuyer;
    match kind {
        CommandKind::StartPerforming | CommandKind::OpenDispute => by_buyer,
        CommandKind::Agree
        | CommandKind::ConfirmPayment
        | CommandKind::Approve
        | CommandKind::Accept
        | CommandKind::Report
        | CommandKind::Cancel
        | CommandKind::Answer
        | CommandKind::Chargeback
        | CommandKind::Returned
        | CommandKind::SettleReceivable
        | CommandKind::Rule => true,
        _ => false,
    }
}

/// The deposits of a side that something is still to be paid into.
fn own(deal: &Deal, side: Option<Side>) -> impl Iterator<Item = &Deposit> {
    let all = deal.deposits().iter();
    all.filter(move |d| Some(d.owner()) == side && d.outstanding().is_positive())
}

/// How many payments were asked for, claimed or made: a number that no other payment of the deal has in its name.
fn inbound(deal: &Deal) -> usize {
    deal.transactions().iter().filter(|t| t.kind().is_inbound()).count()
}

/// Money comes in: exact, in a charge or a hold; under, over, or when nobody asked for it.
fn payments(deal: &Deal, now: Time, lean: bool, offer: Offer<'_>) {
    let next = next_payment(deal);
    let before = deal.phase().kind() < PhaseKind::AwaitingPerformance;
    let first = deal.deposits().iter().find(|d| d.required().is_positive()).map(Deposit::id);
    for deposit in deal.deposits() {
        let mut pay = |minor, held: Option<u32>, cost| {
            let payment = ConfirmPayment::charged(
                deposit.id(),
                text("bank"),
                text(&next),
                Money::from_minor(minor, deposit.required().currency()),
            )
            .held_until(held.map(|secs| now.plus_secs(secs)));
            offer(payment.into(), cost);
        };
        let missing = deposit.outstanding().minor();
        let wanted = missing > 0 && !deal.phase().has_ended() && (before || deposit.charge().is_some());
        // a charge whose hold could not be captured can be paid again, and again
        let again =
            deal.transactions().iter().filter(|t| t.deposit() == deposit.id() && t.hold().is_some()).count();
        if wanted {
            pay(missing, None, 0);
            // where a scene is about facts, of the first deposit only
            if !lean || first == Some(deposit.id()) {
                pay(missing, Some(2 * DAY), u8::from(again > 0));
            }
            // expires so soon that it is to be captured at once
            pay(missing, Some(12 * HOUR), 1);
            for held in [None, Some(2 * DAY)] {
                pay(missing / 2, held, 1);
                pay(missing + 1_00, held, 1);
            }
        } else if deposit.required().is_positive() {
            pay(7_00, None, 1);
            pay(7_00, Some(2 * DAY), 1);
        }
    }
    // a payment that a party has claimed, told by the gateway itself: before or after it denied it
    let told = || deal.transactions().iter().filter(|t| t.kind().is_inbound() && t.reference().is_some());
    let came = |t: &Transaction| {
        told().any(|o| o.reference() == t.reference() && *o.state() == TransactionState::Succeeded)
    };
    let claimed = told().find(|t| !came(t));
    if let Some(claimed) = claimed {
        let payment = ConfirmPayment::charged(
            claimed.deposit(),
            claimed.gateway().cloned().unwrap(),
            claimed.reference().cloned().unwrap(),
            claimed.amount(),
        );
        offer(payment.into(), 0);
    }
}
