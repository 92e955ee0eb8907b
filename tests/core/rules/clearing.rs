//! What is accepted is paid once the clearance is over.

use crate::common::*;
use escrow::deal::command::{
    Accept, AcceptAward, AddCharge, Cancel, ChargebackStep, Extend, GiveBack, OpenDispute, ProposeAward,
};
use escrow::deal::{Access, Event, Timer};
use escrow::deposit::Purpose;
use escrow::settlement::{Ending, Resolution};
use escrow::terms::ReturnAll;
use escrow::{Award, Payee, Policy, Rejection, Role, Status, TermsDraft};

/// 1 000.00, 5 % for the platform at the seller's expense; accepted goods are paid 14 days later.
fn cleared() -> TermsDraft {
    sale(Policy::shop().clearance_s(14 * DAY_S))
}

const DAY_S: u32 = 86_400;

#[test]
fn nothing_is_paid_before_it_is_over() {
    let mut w = World::performing(cleared());
    let accepted = w.act(&buyer(), accept());
    assert_eq!(World::names(&accepted), ["accepted", "clearing_begun", "phase_entered"]);
    assert_eq!((w.status(), w.until(), orders(&w)), (Status::Clearing, after(14 * DAY), vec![]));
    assert_eq!((w.deal.clearing(), w.deal.ending()), (Some(&Ending::Success), None));
    w.repeat(&buyer(), accept());
    assert!(w.at(just_before(after(14 * DAY))).wake().is_empty());
    let paid = w.at(after(14 * DAY)).wake();
    assert_eq!(World::names(&paid)[..2], ["timer_fired", "ending_decided"]);
    // 1 000.00 less 5 %
    assert_eq!((w.status(), w.gets(&Payee::Seller, Purpose::Payout)), (Status::Settling, 950_00));
    w.repeat(&buyer(), accept());
    w.done_all();
    assert_eq!(w.status(), Status::Completed);
}

#[test]
fn silence_is_cleared_too_and_a_cancellation_is_not() {
    let mut w = World::performing(cleared());
    w.act(&operator(), set_track("A"));
    w.act(&escrow::Actor::Tracker, checkpoint("A", "1", escrow::deal::command::CheckpointKind::Final, w.now));
    assert_eq!(w.status(), Status::AwaitingAcceptance);
    w.wait_for_deadline();
    assert_eq!(w.status(), Status::Clearing);
    let mut w = World::performing(cleared());
    w.act(&seller(), cancel("no"));
    assert_eq!(w.status(), Status::CancelRequested);
    // nor is what comes back whole
    let mut draft = cleared();
    draft.policy.return_all = ReturnAll::Nobody;
    let mut w = World::performing(draft);
    w.act(&buyer(), Accept::part([0]));
    assert_eq!(w.status(), Status::CancelRequested);
    // nor an award
    let mut w = World::performing(cleared());
    w.act(&seller(), ProposeAward::new(Award::SellerAll));
    w.act(&buyer(), AcceptAward::new(Award::SellerAll));
    // an award is paid at once; of it the platform has no fee, which is returned
    assert_eq!((w.status(), w.gets(&Payee::Seller, Purpose::Payout)), (Status::CancelRequested, 1_000_00));
}

/// What is left to do: give back, agree, move the deadline. No way back into a quarrel.
#[test]
fn what_can_be_done_meanwhile() {
    let mut w = World::performing(cleared());
    w.act(&buyer(), accept());
    let no_more: [(escrow::Actor, escrow::Command); 3] = [
        (buyer(), Cancel::default().into()),
        (buyer(), OpenDispute::new(text("late")).into()),
        (seller(), AddCharge::new(text("k"), escrow::Side::Buyer, Payee::Platform, rub(1), text("x")).into()),
    ];
    for (who, command) in no_more {
        let refused = w.refuse(&who, command);
        assert!(matches!(refused, Rejection::WrongPhase { .. }), "{refused:?}");
    }
    w.act(&operator(), Extend::new(Timer::Clearance, after(15 * DAY)));
    assert_eq!(w.until(), after(15 * DAY));
    // the seller gives 200.00 back: 1 000.00 - 200.00 - 5 % of 1 000.00
    w.act(&seller(), GiveBack::new(rub(200_00)));
    w.wait_for_deadline();
    assert_eq!(
        (w.gets(&Payee::Seller, Purpose::Payout), w.gets(&Payee::Buyer, Purpose::Refund)),
        (750_00, 200_00)
    );
}

#[test]
fn both_can_still_agree() {
    let mut w = World::performing(cleared());
    w.act(&buyer(), accept());
    w.act(&seller(), ProposeAward::new(Resolution::CallOff));
    w.act(&buyer(), AcceptAward::new(Resolution::CallOff));
    // nobody pays a fee
    assert_eq!(w.gets(&Payee::Buyer, Purpose::Refund), 1_000_00);
    assert_eq!(w.deal.ending(), Some(&Ending::CalledOff));
}

/// After a part was accepted, no more can be awarded than that part is worth.
#[test]
fn an_award_is_of_what_was_accepted() {
    let mut draft = cleared();
    draft.items[0].quantity = 2;
    draft.items[0].unit_price = rub(500_00);
    let mut w = World::performing(draft);
    w.act(&buyer(), Accept::part([1]));
    assert_eq!(w.status(), Status::Clearing);
    let refused = w.refuse(&seller(), ProposeAward::new(Award::Amount(rub(500_01))));
    let Rejection::Settle(error) = refused else { panic!("{refused:?}") };
    assert_eq!(error, escrow::settlement::SettleError::AwardOverMax { max: rub(500_00) });
    w.act(&seller(), ProposeAward::new(Award::SellerAll));
    w.act(&buyer(), AcceptAward::new(Award::SellerAll));
    assert_eq!(w.gets(&Payee::Buyer, Purpose::Refund), 500_00);
    // left alone: one of two, 500.00 less 5 %
    let mut draft = cleared();
    draft.items[0].quantity = 2;
    draft.items[0].unit_price = rub(500_00);
    let mut w = World::performing(draft);
    w.act(&buyer(), Accept::part([1]));
    w.wait_for_deadline();
    assert_eq!(
        (w.gets(&Payee::Seller, Purpose::Payout), w.gets(&Payee::Buyer, Purpose::Refund)),
        (475_00, 500_00)
    );
}

/// What it is for: a chargeback meets the pot, and nobody has to be asked for what they have had.
#[test]
fn a_chargeback_meets_the_pot() {
    let mut w = World::performing(cleared());
    w.act(&buyer(), accept());
    w.pass(DAY);
    w.act(&escrow::Actor::Gateway, chargeback("cb", "pay-1", 300_00, ChargebackStep::Lost));
    // the deal goes on with what is left
    assert_eq!(w.status(), Status::Clearing);
    w.wait_for_deadline();
    // 1 000.00 less 5 % less 300.00; the platform has its 50.00
    assert_eq!(
        (w.gets(&Payee::Seller, Purpose::Payout), w.gets(&Payee::Platform, Purpose::Fee)),
        (650_00, 50_00)
    );
    assert_eq!(w.deal.receivables().count(), 0);
}

/// The work is the buyer's from the acceptance on.
#[test]
fn the_originals_are_the_buyers_meanwhile() {
    let mut w = World::funded(plain(Policy::freelance().clearance_s(DAY_S)));
    w.act(&seller(), submit(1));
    w.act(&buyer(), Accept::default());
    assert_eq!(w.status(), Status::Clearing);
    assert!(matches!(w.deal.access(Role::Buyer), Access::Original(_)));
    // a free thing accepted in part pays nobody
    let mut draft = plain(Policy::shop().clearance_s(DAY_S));
    draft.items.push(escrow::terms::Item::new(text("Sticker"), rub(0), 1));
    let mut w = World::funded(draft);
    w.act(&seller(), submit(1));
    w.act(&buyer(), Accept::part([0, 1]));
    assert_eq!(w.status(), Status::Clearing);
    assert!(matches!(w.deal.access(Role::Buyer), Access::Preview(_)));
}

/// Reports of success are an acceptance; the dispute that they end is closed with it.
#[test]
fn reports_are_cleared() {
    let mut w = World::funded(sale(Policy::guarantee().clearance_s(DAY_S)));
    w.act(&seller(), report(escrow::deal::command::Verdict::Success));
    let done = w.act(&buyer(), report(escrow::deal::command::Verdict::Success));
    assert!(done.iter().any(|r| matches!(r.event, Event::ClearingBegun { .. })), "{done:?}");
    assert_eq!(w.status(), Status::Clearing);
    w.wait_for_deadline();
    w.done_all();
    assert_eq!(w.status(), Status::Completed);
}
