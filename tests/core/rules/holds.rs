//! Holds: captured before anything starts, or let go.

use crate::common::*;
use escrow::deal::command::StartPerforming;
use escrow::deal::{Guard, Timer};
use escrow::deposit::{DepositId, LegState, Purpose, TransactionKind};
use escrow::settlement::{Ending, Fault};
use escrow::terms::{FeePayee, Moderation, OnRefund, Payer, Provider};
use escrow::{Actor, Payee, Policy, Rejection, Status, TxId};

use TransactionKind::{Capture, Refund, Void};

#[test]
fn a_hold_is_captured_before_anything_starts() {
    let mut w = World::new(plain(Policy::shop()));
    w.hold(B, 1_000_00, after(10 * DAY));
    assert_eq!((w.status(), orders(&w)), (Status::AwaitingPerformance, vec![(Capture, 1_000_00)]));
    assert_eq!(w.refuse(&seller(), StartPerforming {}), Rejection::Guard(Guard::CaptureConfirmed));
    // tracking and a submission are recorded, and acted on with the answer
    w.act(&seller(), set_track("A"));
    w.act(&Actor::Tracker, progress("1", w.now));
    assert_eq!(w.status(), Status::AwaitingPerformance);
    let capture = w.order(Capture, &Payee::Buyer);
    w.done(capture);
    assert_eq!(w.status(), Status::Performing);
    let d = w.deal.deposit(B).unwrap();
    assert_eq!((d.held(), d.on_hold()), (rub(1_000_00), rub(0)));
}

#[test]
fn a_submission_waits_for_the_capture() {
    let mut w = World::new(plain(Policy::shop()));
    w.hold(B, 1_000_00, after(10 * DAY));
    w.act(&seller(), submit(1));
    assert_eq!(w.status(), Status::AwaitingPerformance);
    w.pass(HOUR).done(2);
    // a full window from the confirmation: 6 hours
    assert_eq!((w.status(), w.until()), (Status::AwaitingAcceptance, after(7 * HOUR)));
}

#[test]
fn a_capture_that_is_declined_cancels() {
    let mut w = World::new(sale(Policy::shop()));
    w.pay(B, 300_00);
    w.hold(B, 700_00, after(10 * DAY));
    let capture = w.order(Capture, &Payee::Buyer);
    w.decline(capture);
    // the 700.00 never came in; the 300.00 go back
    assert_eq!(w.deal.ending(), Some(&Ending::Cancelled(Fault::Nobody)));
    assert_eq!(orders(&w), [(Refund, 300_00)]);
    w.done_all();
    let b = w.buckets(B);
    assert_eq!((b.received, b.refunded), (300_00, 300_00));
    assert_eq!(w.status(), Status::Cancelled);
}

#[test]
fn a_capture_takes_what_is_needed() {
    // 1 500.00 on hold for 1 000.00: the bank keeps 500.00
    let mut w = World::new(plain(Policy::shop()));
    w.hold(B, 1_500_00, after(10 * DAY));
    assert_eq!(orders(&w), [(Capture, 1_000_00)]);
    w.done(2);
    let b = w.buckets(B);
    assert_eq!((b.received, b.refunded, b.held), (1_500_00, 500_00, 1_000_00));
    // 600.00 + 600.00: 600.00 of the older, 400.00 of the younger
    let mut w = World::new(plain(Policy::shop()));
    w.hold(B, 600_00, after(10 * DAY));
    w.hold(B, 600_00, after(9 * DAY));
    assert_eq!(orders(&w), [(Capture, 600_00), (Capture, 400_00)]);
    // one alone does not let it start
    w.done(3);
    assert_eq!(w.refuse(&seller(), StartPerforming {}), Rejection::Guard(Guard::CaptureConfirmed));
    w.done(4);
    w.act(&seller(), StartPerforming {});
    assert_eq!(w.buckets(B).refunded, 200_00);
    // one that is not needed at all is let go
    w.hold(B, 10_00, after(10 * DAY));
    assert_eq!(orders(&w), [(Void, 10_00)]);
    w.done_all();
    assert_eq!(w.held(B), 1_000_00);
}

#[test]
fn a_hold_is_captured_before_it_expires() {
    let mut w = World::new(plain(Policy::shop()));
    // 600.00 until the end of day 2; the margin is a day; the deposit has 3
    w.hold(B, 600_00, after(2 * DAY));
    assert_eq!(w.deal.next_timer(), Some((after(DAY), Timer::Hold(TxId::new(1)))));
    assert!(w.at(just_before(after(DAY))).wake().is_empty());
    w.at(after(DAY)).wake();
    assert_eq!((w.status(), orders(&w)), (Status::AwaitingDeposit, vec![(Capture, 600_00)]));
    w.pay(B, 400_00);
    assert_eq!(w.refuse(&seller(), StartPerforming {}), Rejection::Guard(Guard::CaptureConfirmed));
    w.done(2);
    w.act(&seller(), StartPerforming {});
    // one that came in too late for its margin is captured with the next step, at its own instant
    let mut w = World::new(plain(Policy::shop()));
    w.hold(B, 600_00, after(HOUR));
    let fired = w.wake();
    assert_eq!(World::names(&fired), ["timer_fired", "capture_ordered"]);
}

/// The timer of a hold runs whichever deposits have one, all of them included.
#[test]
fn the_first_hold_of_all_deposits_is_due_first() {
    // paid at the door but for the delivery: each side pays something in, and both give a guarantee
    let mut draft = sale(Policy::shop());
    draft.services.push(service("delivery", 100_00, Payer::Buyer, Provider::Third(text("courier"))));
    draft.pay_offline = Some(rub(1_000_00));
    (draft.guarantees.buyer, draft.guarantees.seller) = (Some(rub(50_00)), Some(rub(50_00)));
    let mut w = World::new(draft);
    let margin = w.deal.terms().policy.hold_margin_s;
    let deposits: Vec<_> = w.deal.deposits().iter().map(|d| d.id()).collect();
    for (n, deposit) in (0..).zip(deposits) {
        w.hold(deposit, 1, after(2 * margin + 40 - 10 * n));
    }
    assert!(w.deal.deposits().iter().all(|d| d.on_hold().minor() == 1));
    // the fourth expires first: 40 - 30 = 10 s after twice the margin, less the margin
    assert_eq!(w.deal.next_timer(), Some((after(margin + 10), Timer::Hold(TxId::new(4)))));
}

/// Of a hold and a phase, the earlier is due; at one instant, the phase.
#[test]
fn a_phase_is_due_before_a_hold_of_the_same_instant() {
    for (sooner, due_first) in [(1, Timer::Hold(TxId::new(1))), (0, Timer::Funding)] {
        let mut w = World::new(plain(Policy::shop()));
        let (funding, margin) = (w.deadline(), w.deal.terms().policy.hold_margin_s);
        let due = funding.minus_secs(sooner);
        w.hold(DepositId::BUYER_PAYMENT, 1, due.plus_secs(margin));
        assert_eq!(w.deal.next_timer(), Some((due, due_first)));
        w.hold(DepositId::BUYER_PAYMENT, 1, funding.plus_secs(margin + 1));
        assert_eq!(w.deal.next_timer(), Some((due, due_first)));
    }
}

#[test]
fn an_ending_lets_holds_go() {
    let mut w = World::new(plain(Policy::shop()));
    w.hold(B, 600_00, after(10 * DAY));
    w.act(&buyer(), cancel("no"));
    assert_eq!(orders(&w), [(Void, 600_00)]);
    let mut lapsed = w.clone();
    w.done_all();
    assert_eq!((w.status(), w.buckets(B).refunded), (Status::Cancelled, 600_00));
    // a void that the bank declines: the hold had lapsed by itself, the money never came in
    lapsed.decline(2);
    assert_eq!((lapsed.status(), lapsed.buckets(B).received), (Status::Cancelled, 0));
    assert_eq!(lapsed.legs()[0].4, LegState::Dropped);
}

#[test]
fn an_ending_waits_for_an_unanswered_capture() {
    let cancelled = || {
        let mut w = World::new(plain(Policy::shop()));
        w.hold(B, 1_000_00, after(10 * DAY));
        w.act(&buyer(), cancel("no"));
        // nothing but the capture: nobody knows yet what there is to give back
        assert_eq!((w.status(), orders(&w)), (Status::CancelRequested, vec![(Capture, 1_000_00)]));
        w
    };
    let mut w = cancelled();
    w.done(2);
    assert_eq!(orders(&w), [(Refund, 1_000_00)]);
    w.done_all();
    assert_eq!(w.status(), Status::Cancelled);
    let mut w = cancelled();
    w.decline(2);
    assert_eq!((w.status(), w.buckets(B).received), (Status::Cancelled, 0));
}

#[test]
fn before_the_capture_an_ending_takes_only_what_is_due() {
    // a fee of 20.00 that the buyer pays and that is kept; on hold are 1 020.00 when they cancel
    let mut draft = moderated(Moderation::Required);
    draft.fees.push(fixed_fee("platform", FeePayee::Platform, 20_00, Payer::Buyer, OnRefund::Keep));
    let mut w = World::new(draft);
    w.hold(B, 1_020_00, after(20 * DAY));
    assert_eq!((w.status(), orders(&w)), (Status::Moderation, vec![]));
    w.act(&buyer(), cancel("no"));
    assert_eq!(orders(&w), [(Capture, 20_00)]);
    w.done(2);
    assert_eq!(w.legs(), [(B, Payee::Platform, Purpose::Fee, 20_00, LegState::Ordered)]);
    w.done_all();
    // the bank has let 1 000.00 go
    let b = w.buckets(B);
    assert_eq!((b.received, b.paid_out, b.refunded), (1_020_00, 20_00, 1_000_00));
    assert_eq!(w.status(), Status::Cancelled);
}

#[test]
fn a_seller_who_waits_for_the_capture_is_not_late() {
    let mut w = World::new(plain(Policy::shop()));
    w.hold(B, 1_000_00, after(30 * DAY));
    w.wait_for_deadline();
    assert_eq!(w.now, after(7 * DAY));
    assert_eq!(w.deal.ending(), Some(&Ending::Cancelled(Fault::Nobody)));
}

#[test]
fn mutual_deals_wait_for_the_capture_too() {
    let mut w = World::new(guaranteed());
    w.act(&seller(), agree(1));
    w.pay(GS, 300_00);
    w.hold(GB, 300_00, after(20 * DAY));
    assert_eq!((w.status(), orders(&w)), (Status::AwaitingDeposit, vec![(Capture, 300_00)]));
    w.done_all();
    assert_eq!(w.status(), Status::Performing);
}

/// 600.00 are on hold when 1 000.00 more are, taken whole since 400.00 were wanted. The second hold expires first and is
/// captured for all that is required, so the first is let go when its time comes.
#[test]
fn a_hold_that_is_no_longer_needed_is_let_go_before_it_expires() {
    let mut draft = sale(Policy::shop());
    // the seller's guarantee is missing: the deal goes on waiting
    draft.guarantees.seller = Some(rub(50_00));
    let mut w = World::new(draft);
    let margin = w.deal.terms().policy.hold_margin_s;
    w.hold(DepositId::BUYER_PAYMENT, 600_00, after(2 * margin + 20));
    w.hold(DepositId::BUYER_PAYMENT, 1_000_00, after(2 * margin + 10));
    w.at(after(margin + 10)).wake();
    assert_eq!(orders(&w), [(Capture, 1_000_00)]);
    w.done_all();
    w.at(after(margin + 20)).wake();
    assert_eq!(orders(&w), [(Void, 600_00)]);
}

/// An ending waits for both captures, 600.00 and 400.00; when the second fails, it is still the same ending, and 600.00
/// go back.
#[test]
fn an_ending_waits_for_every_capture() {
    for second_fails in [false, true] {
        let mut w = World::new(plain(Policy::shop()));
        w.hold(DepositId::BUYER_PAYMENT, 600_00, after(60 * DAY));
        w.hold(DepositId::BUYER_PAYMENT, 400_00, after(60 * DAY));
        assert_eq!(orders(&w), [(Capture, 600_00), (Capture, 400_00)]);
        let captures: Vec<u32> = w.pending().into_iter().map(|(tx, ..)| tx).collect();
        w.act(&buyer(), cancel("changed my mind"));
        let ending = w.deal.ending().cloned();
        w.done(captures[0]);
        assert_eq!(orders(&w), [(Capture, 400_00)]);
        if second_fails {
            w.decline(captures[1]);
        } else {
            w.done(captures[1]);
        }
        let back = if second_fails { 600_00 } else { 1_000_00 };
        assert_eq!(w.deal.ending().cloned(), ending);
        w.done_all();
        assert_eq!((w.status(), w.buckets(DepositId::BUYER_PAYMENT).refunded), (Status::Cancelled, back));
    }
}

/// The bank says later that a hold of ten days expires in five: it is captured a day before that. Told the other way round, it is
/// the same: the soonest counts, and the rest is a repeat.
#[test]
fn the_soonest_expiry_counts() {
    let told = |days: u32| {
        let mut hold = payment(B, "p-1", rub(1_000_00));
        hold.held_until = Some(after(days * DAY));
        hold
    };
    for [first, then] in [[10, 5], [5, 10]] {
        let mut w = World::new(sale(Policy::shop().capture(escrow::terms::Capture::OnAcceptance)));
        w.act(&Actor::Gateway, told(first));
        w.act(&seller(), StartPerforming {});
        if then < first {
            w.act(&Actor::Gateway, told(then));
        } else {
            w.repeat(&Actor::Gateway, told(then));
        }
        w.repeat(&Actor::Gateway, told(first));
        w.repeat(&Actor::Gateway, told(then));
        assert_eq!((w.deal.next_deadline(), orders(&w)), (Some(after(4 * DAY)), vec![]));
        w.wait_for_deadline();
        assert_eq!(orders(&w), [(TransactionKind::Capture, 1_000_00)]);
        // while it is being captured, it is no news
        w.repeat(&Actor::Gateway, told(3));
    }
    // another amount contradicts, whenever it expires
    let mut w = World::new(sale(Policy::shop().capture(escrow::terms::Capture::OnAcceptance)));
    w.act(&Actor::Gateway, told(10));
    let mut other = payment(B, "p-1", rub(900_00));
    other.held_until = Some(after(5 * DAY));
    assert_eq!(w.refuse(&Actor::Gateway, other).code(), "fact-contradicts");
}

/// A hold could not be let go, and so had lapsed, as far as anybody knew. That it was let go after all changes nothing.
#[test]
fn a_void_that_was_declined_and_went_through() {
    let mut w = World::new(sale(Policy::shop().capture(escrow::terms::Capture::OnStart)));
    w.hold(B, 1_000_00, after(60 * DAY));
    w.act(&buyer(), cancel("no"));
    assert_eq!(orders(&w), [(Void, 1_000_00)]);
    w.decline(2);
    let before = w.buckets(B);
    w.repeat(&Actor::Gateway, answer(2, succeeded("late")));
    assert_eq!((w.status(), w.buckets(B)), (Status::Cancelled, before));
    // charged instead, it cannot have been let go
    w.act(&Actor::Gateway, payment(B, w.deal.transactions()[0].reference().unwrap().as_ref(), rub(1_000_00)));
    assert_eq!(w.refuse(&Actor::Gateway, answer(2, succeeded("late"))).code(), "fact-contradicts");
}
