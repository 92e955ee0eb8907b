//! When holds are captured, and what a capture that fails leads to.

use crate::common::*;
use escrow::deal::command::{Accept, GiveBack, StartPerforming};
use escrow::deposit::{Purpose, TransactionKind};
use escrow::terms::{Capture as When, RefundOrder};
use escrow::{Actor, Award, Payee, Policy, Status};

use TransactionKind::{Capture, Fee, Payout, Void};

/// A sale at 1 000.00, 5 % for the platform, paid by a hold of 1 000.00 for 60 days.
fn held(policy: Policy) -> World {
    let mut w = World::new(sale(policy));
    w.hold(B, 1_000_00, after(60 * DAY));
    assert_eq!(w.status(), Status::AwaitingPerformance);
    w
}

/// Begun under this policy.
fn begun(policy: Policy) -> World {
    let mut w = held(policy);
    w.act(&seller(), StartPerforming {});
    assert_eq!(w.status(), Status::Performing);
    w
}

/// 600.00 were charged, 400.00 are on hold; accepted, and the capture is ordered.
fn accepted_with_a_hold() -> (World, u32) {
    let mut w = World::new(sale(Policy::shop().capture(When::OnAcceptance)));
    w.pay(B, 600_00);
    w.hold(B, 400_00, after(60 * DAY));
    w.act(&seller(), StartPerforming {});
    w.act(&buyer(), accept());
    let capture = w.order(Capture, &Payee::Buyer);
    (w, capture)
}

fn owed_by_buyer(to: Payee, purpose: Purpose, minor: i64) -> (Payee, Payee, Purpose, i64) {
    (Payee::Buyer, to, purpose, minor)
}

#[test]
fn by_default_with_the_last_deposit() {
    assert_eq!(orders(&held(Policy::shop())), [(Capture, 1_000_00)]);
}

#[test]
fn on_start_when_the_performance_begins() {
    let mut w = held(Policy::shop().capture(When::OnStart));
    assert_eq!(orders(&w), []);
    // it does not wait for the answer, and is captured once
    w.act(&seller(), StartPerforming {});
    assert_eq!((w.status(), orders(&w)), (Status::Performing, vec![(Capture, 1_000_00)]));
    w.done(2);
    w.act(&seller(), escrow::deal::command::StopPerforming {});
    w.act(&seller(), StartPerforming {});
    assert_eq!(orders(&w), []);
    w.act(&buyer(), accept());
    assert_eq!(orders(&w), [(Fee, 50_00), (Payout, 950_00)]);
    // whoever cancels before the start has never taken anything
    let mut w = held(Policy::shop().capture(When::OnStart));
    w.act(&buyer(), cancel("no"));
    assert_eq!(orders(&w), [(Void, 1_000_00)]);
}

#[test]
fn on_start_by_a_scan_and_by_a_revision() {
    let mut w = held(Policy::shop().capture(When::OnStart));
    w.act(&seller(), set_track("A"));
    w.act(&Actor::Tracker, progress("1", w.now));
    assert_eq!((w.status(), orders(&w)), (Status::Performing, vec![(Capture, 1_000_00)]));
    let mut w = held(Policy::shop().capture(When::OnStart));
    w.act(&seller(), submit(1));
    assert_eq!((w.status(), orders(&w)), (Status::AwaitingAcceptance, vec![(Capture, 1_000_00)]));
}

/// The goods are on their way: the ending stands, and the buyer owes the seller 950.00 and the platform 50.00.
#[test]
fn a_capture_that_fails_after_the_start_cancels_nothing() {
    let mut w = begun(Policy::shop().capture(When::OnStart));
    w.decline(2);
    assert_eq!((w.status(), w.held(B)), (Status::Performing, 0));
    assert_eq!(w.deal.deposit(B).unwrap().missed(), rub(1_000_00));
    w.act(&buyer(), accept());
    assert_eq!((w.status(), orders(&w)), (Status::Completed, vec![]));
    let owed = [
        owed_by_buyer(Payee::Seller, Purpose::Payout, 950_00),
        owed_by_buyer(Payee::Platform, Purpose::Fee, 50_00),
    ];
    assert_eq!(w.owed(), owed);
}

/// The ending has cut the seller's 950.00 and the platform's 50.00, which the buyer owes. Then the capture goes through after all:
/// the debts are paid by it, oldest first, and nothing goes back.
#[test]
fn a_capture_that_comes_after_the_ending_pays_what_the_buyer_owes() {
    for told in ["by an answer", "by a fact"] {
        let mut w = begun(Policy::shop().capture(When::OnStart));
        w.decline(2);
        w.act(&buyer(), accept());
        assert_eq!(w.owed().len(), 2);
        if told == "by an answer" {
            w.act(&Actor::Gateway, answer(2, succeeded("late")));
        } else {
            let hold = w.deal.transaction(escrow::deposit::TxId::new(1)).unwrap();
            let reference = hold.reference().unwrap().to_string();
            w.act(&Actor::Gateway, payment(B, &reference, rub(1_000_00)));
        }
        assert_eq!(orders(&w), [(Payout, 950_00), (Fee, 50_00)], "{told}");
        assert!(w.deal.debts().iter().all(|debt| !debt.is_open()), "{told}: {:?}", w.owed());
        w.done_all();
        assert_eq!(
            (w.status(), w.buckets(B).paid_out, w.buckets(B).refunded),
            (Status::Completed, 1_000_00, 0)
        );
    }
}

/// 600.00 were charged; of the hold of 400.00 the capture fails, and the buyer owes the seller 400.00, of which they pay 150.00.
/// What then comes of the hold pays the other 250.00; 150.00 go back.
#[test]
fn a_late_capture_pays_what_is_still_owed_and_the_rest_goes_back() {
    let (mut w, capture) = accepted_with_a_hold();
    w.decline(capture);
    w.done_all();
    let paid = escrow::deal::command::SettleReceivable::new(1, rub(150_00), text("cash-1"));
    w.act(&operator(), paid.clone());
    w.repeat(&operator(), paid);
    // another sum under the same reference contradicts, with both sums
    let other = escrow::deal::command::SettleReceivable::new(1, rub(300_00), text("cash-1"));
    assert_eq!(
        w.refuse(&operator(), other).to_string(),
        "the fact contradicts what is recorded: 150.00 RUB is recorded, 300.00 RUB is told"
    );
    w.act(&Actor::Gateway, answer(capture, succeeded("late")));
    assert_eq!(orders(&w), [(TransactionKind::Refund, 150_00), (Payout, 250_00)]);
    assert!(w.deal.debts().iter().all(|debt| !debt.is_open()));
    w.done_all();
    // 50.00 for the platform, 550.00 and 250.00 for the seller
    assert_eq!((w.buckets(B).paid_out, w.buckets(B).refunded), (850_00, 150_00));
}

/// Two holds, of 600.00 and 400.00, are captured with the acceptance. The first fails, and goes through after all while the second
/// has no answer: the ending divides all of it.
#[test]
fn a_late_capture_is_there_for_an_ending_that_waits() {
    let mut w = World::new(sale(Policy::shop().capture(When::OnAcceptance)));
    w.hold(B, 600_00, after(60 * DAY));
    w.hold(B, 400_00, after(60 * DAY));
    w.act(&seller(), StartPerforming {});
    w.act(&buyer(), accept());
    assert_eq!(orders(&w), [(Capture, 600_00), (Capture, 400_00)]);
    w.decline(3);
    w.act(&Actor::Gateway, answer(3, succeeded("late")));
    assert_eq!((orders(&w), w.held(B)), (vec![(Capture, 400_00)], 1_000_00));
    w.done(4);
    assert_eq!((orders(&w), w.owed()), (vec![(Fee, 50_00), (Payout, 950_00)], vec![]));
}

/// It is paid by another card meanwhile: nobody owes anything. What comes twice goes back.
#[test]
fn what_a_capture_failed_to_bring_can_be_paid_otherwise() {
    let mut w = begun(Policy::shop().capture(When::OnStart));
    w.decline(2);
    w.pay(B, 1_200_00);
    assert_eq!((w.held(B), orders(&w)), (1_000_00, vec![(TransactionKind::Refund, 200_00)]));
    // the failed capture went through after all: 1 000.00 too much
    w.act(&Actor::Gateway, answer(2, succeeded("late")));
    assert_eq!(orders(&w)[1], (TransactionKind::Refund, 1_000_00));
    w.act(&buyer(), accept());
    w.done_all();
    assert_eq!((w.status(), w.owed()), (Status::Completed, vec![]));
    assert_eq!((w.buckets(B).paid_out, w.buckets(B).refunded), (1_000_00, 1_200_00));
}

/// Begun, stopped, sent back by a moderator, dearer, and paid again by a hold: it was begun once, so that hold is captured with
/// the deposit, and what starts again waits for the answer.
#[test]
fn what_is_paid_again_after_the_start_is_captured_at_once() {
    let policy = Policy::marketplace().moderation(escrow::terms::Moderation::OnDemand).capture(When::OnStart);
    let mut w = begun(policy);
    w.done(2);
    w.act(&seller(), escrow::deal::command::StopPerforming {});
    w.act(&moderator(), remark("the price"));
    let draft = dearer(w.deal.terms().to_draft());
    w.act(&seller(), amend(1, draft));
    w.act(&buyer(), agree(2));
    w.done_all();
    let price = w.deal.deposit(B).unwrap().outstanding().minor();
    w.hold(B, price, after(60 * DAY));
    assert_eq!((w.status(), orders(&w)), (Status::AwaitingPerformance, vec![(Capture, price)]));
}

#[test]
fn on_acceptance_with_the_word_of_the_buyer() {
    let mut w = begun(Policy::shop().capture(When::OnAcceptance));
    assert_eq!(orders(&w), []);
    w.act(&buyer(), accept());
    assert_eq!((w.status(), orders(&w)), (Status::Settling, vec![(Capture, 1_000_00)]));
    w.done(2);
    assert_eq!(orders(&w), [(Fee, 50_00), (Payout, 950_00)]);
}

/// 300.00 are given back: 700.00 are captured, and 300.00 were never taken. The platform has its 5 % of what was bought, and
/// 1 000.00 - 50.00 - 300.00 = 650.00 are the seller's.
#[test]
fn what_is_given_back_is_never_captured() {
    let mut w = begun(Policy::shop().capture(When::OnAcceptance));
    w.act(&seller(), GiveBack::new(rub(300_00)));
    w.act(&buyer(), accept());
    assert_eq!(orders(&w), [(Capture, 700_00)]);
    w.done(2);
    assert_eq!(w.buckets(B).refunded, 300_00);
    assert_eq!(orders(&w), [(Fee, 50_00), (Payout, 650_00)]);
}

/// 19.00 of 1 000.00 are given back before the start: 981.00 are captured, and the rest of the hold is let go with the answer.
#[test]
fn what_is_given_back_before_the_start_is_not_captured() {
    for start in [false, true] {
        let mut w = held(
            Policy::shop().capture(if start { When::OnStart } else { When::OnAcceptance }).clearance_s(60),
        );
        w.act(&seller(), GiveBack::new(rub(19_00)));
        assert_eq!(w.deal.deposit(B).unwrap().outstanding(), rub(0));
        w.act(&seller(), StartPerforming {});
        assert_eq!(orders(&w), if start { vec![(Capture, 981_00)] } else { vec![] });
        if start {
            w.done(2);
            assert_eq!((w.status(), w.held(B)), (Status::Performing, 981_00));
            // it is read back, and full as it is
            assert!(w.deal.is_funded());
            let stored = serde_json::to_string(&w.deal).unwrap();
            assert_eq!(serde_json::from_str::<escrow::Deal>(&stored).unwrap(), w.deal);
        }
        w.act(&buyer(), accept());
        assert_eq!(w.status(), Status::Clearing);
        if !start {
            assert_eq!(orders(&w), [(Capture, 981_00)]);
            w.done(2);
        }
        w.now = w.now.plus_secs(60);
        w.wake();
        // 5 % of the price of 1 000.00 are 50.00, by f = 981/1 000: 49.05 where it is pro rata; here it is as agreed
        assert_eq!(orders(&w), [(Fee, 50_00), (Payout, 931_00)]);
    }
}

/// The gateway takes 600.00 of a hold of 1 000.00 by itself, and lets the rest go, while the seller performs: the deal goes on with
/// what there is, and can be stored. That is a capture of 400.00 that failed: of 950.00 the seller gets 600.00 - 50.00 = 550.00, and
/// the buyer owes them 400.00. Captured after all, they pay it.
#[test]
fn a_gateway_that_captures_a_part_leaves_a_deal_that_goes_on() {
    let mut w = World::new(sale(Policy::shop().capture(When::OnAcceptance)));
    let mut hold = payment(B, "p-1", rub(1_000_00));
    hold.held_until = Some(after(60 * DAY));
    w.act(&Actor::Gateway, hold);
    w.act(&seller(), StartPerforming {});
    w.act(&Actor::Gateway, payment(B, "p-1", rub(600_00)));
    assert_eq!((w.status(), w.held(B)), (Status::Performing, 600_00));
    let stored = serde_json::to_string(&w.deal).unwrap();
    assert_eq!(serde_json::from_str::<escrow::Deal>(&stored).unwrap(), w.deal);
    assert_eq!(w.deal.deposit(B).unwrap().missed(), rub(400_00));
    w.act(&buyer(), accept());
    assert_eq!(orders(&w), [(Fee, 50_00), (Payout, 550_00)]);
    assert_eq!(w.owed(), [owed_by_buyer(Payee::Seller, Purpose::Payout, 400_00)]);
}

/// The same while our own order to capture is on its way, and after the acceptance.
#[test]
fn a_gateway_that_captures_less_than_was_ordered() {
    for policy in [When::OnStart, When::OnAcceptance] {
        let mut w = World::new(sale(Policy::shop().capture(policy)));
        let mut hold = payment(B, "p-1", rub(1_000_00));
        hold.held_until = Some(after(60 * DAY));
        w.act(&Actor::Gateway, hold);
        w.act(&seller(), StartPerforming {});
        if policy == When::OnAcceptance {
            w.act(&buyer(), accept());
        }
        assert_eq!(orders(&w), [(Capture, 1_000_00)]);
        w.act(&Actor::Gateway, payment(B, "p-1", rub(600_00)));
        if policy == When::OnStart {
            w.act(&buyer(), accept());
        }
        assert_eq!(orders(&w), [(Fee, 50_00), (Payout, 550_00)], "{policy:?}");
        assert_eq!(w.owed(), [owed_by_buyer(Payee::Seller, Purpose::Payout, 400_00)], "{policy:?}");
    }
}

/// Two holds, of 600.00 and then of 400.00; 500.00 are given back before the start.
#[test]
fn which_hold_is_let_go_is_the_order_of_refunds() {
    for (order, captured, voided) in [
        // the newest goes back first, so the oldest is captured: 500.00 of 600.00
        (RefundOrder::NewestFirst, vec![(Capture, 500_00)], 400_00),
        // the oldest goes back first: 400.00 of the newest, and 100.00 of the oldest
        (RefundOrder::OldestFirst, vec![(Capture, 400_00), (Capture, 100_00)], 0),
    ] {
        let mut w = World::new(sale(Policy::shop().capture(When::OnStart).refund_order(order)));
        w.hold(B, 600_00, after(60 * DAY));
        w.hold(B, 400_00, after(60 * DAY));
        w.act(&seller(), GiveBack::new(rub(500_00)));
        w.act(&seller(), StartPerforming {});
        let mut orders = orders(&w);
        orders.retain(|(kind, _)| *kind == Capture);
        assert_eq!(orders, captured, "{order:?}");
        let voids =
            w.deal.legs().iter().filter(|l| l.purpose() == Purpose::Excess).map(|l| l.amount().minor());
        assert_eq!(voids.sum::<i64>(), voided, "{order:?}");
    }
}

/// 600.00 were charged, 400.00 are on hold. The capture fails: the last leg misses 400.00, which the buyer owes the seller.
#[test]
fn a_capture_that_fails_with_the_acceptance_leaves_the_ending() {
    let (mut w, capture) = accepted_with_a_hold();
    assert_eq!(orders(&w), [(Capture, 400_00)]);
    w.decline(capture);
    assert_eq!(orders(&w), [(Fee, 50_00), (Payout, 550_00)]);
    assert_eq!(w.owed(), [owed_by_buyer(Payee::Seller, Purpose::Payout, 400_00)]);
    w.done_all();
    assert_eq!(w.status(), Status::Completed);
}

/// An ending that gives everything back needs none of it: nobody owes anything.
#[test]
fn who_is_given_nothing_misses_nothing() {
    let mut w = begun(Policy::shop().capture(When::OnStart));
    w.decline(2);
    w.act(&seller(), cancel("I cannot"));
    assert_eq!((w.status(), w.owed()), (Status::Cancelled, vec![]));
}

/// A hold that expires is captured anyway, a day before; that it fails then cancels nothing.
#[test]
fn a_hold_that_expires_is_captured_anyway() {
    let mut w = World::new(sale(Policy::shop().capture(When::OnAcceptance)));
    w.hold(B, 1_000_00, after(5 * DAY));
    w.act(&seller(), StartPerforming {});
    w.at(after(4 * DAY)).wake();
    assert_eq!(orders(&w), [(Capture, 1_000_00)]);
    w.decline(2);
    assert_eq!(w.status(), Status::Performing);
    // before the performance it does: nobody is at fault
    let mut w = World::new(sale(Policy::shop().capture(When::OnAcceptance)));
    w.hold(B, 1_000_00, after(5 * DAY));
    w.at(after(4 * DAY)).wake();
    w.decline(2);
    assert_eq!(w.status(), Status::Cancelled);
}

/// With a clearance it is captured when it is accepted, so that a chargeback meets the pot; paid a week later.
#[test]
fn the_clearance_begins_with_the_capture() {
    let mut w = begun(Policy::shop().capture(When::OnAcceptance).clearance_s(7 * DAY));
    w.act(&buyer(), Accept::default());
    assert_eq!((w.status(), orders(&w)), (Status::Clearing, vec![(Capture, 1_000_00)]));
    w.done(2);
    assert_eq!((w.status(), orders(&w)), (Status::Clearing, vec![]));
    w.wait_for_deadline();
    assert_eq!(orders(&w), [(Fee, 50_00), (Payout, 950_00)]);
    // it fails meanwhile: the buyer has accepted, and owes it
    let mut w = begun(Policy::shop().capture(When::OnAcceptance).clearance_s(7 * DAY));
    w.act(&buyer(), Accept::default());
    w.decline(2);
    assert_eq!(w.status(), Status::Clearing);
    w.wait_for_deadline();
    assert_eq!((w.status(), w.owed().len()), (Status::Completed, 2));
}

/// A ruling of the half is the half of what there was: 500.00 are captured, 500.00 let go, and nothing is halved twice.
#[test]
fn what_a_capture_lets_go_was_there_when_it_was_decided() {
    let policy = Policy::shop().capture(When::OnAcceptance);
    let mut w = World::new(judged(plain(policy)));
    w.hold(B, 1_000_00, after(90 * DAY));
    w.act(&seller(), StartPerforming {});
    w.act(&buyer(), dispute("broken"));
    w.wait_for_deadline();
    w.act(&judge(), rule(Award::Share(percent(50))));
    assert_eq!(orders(&w), [(Capture, 500_00)]);
    w.done(2);
    assert_eq!(orders(&w), [(Payout, 500_00)]);
    assert_eq!(w.buckets(B).refunded, 500_00);
    w.done_all();
    assert_eq!((w.status(), w.owed()), (Status::Resolved, vec![]));
    // it fails: the seller has nothing of the 500.00, and the buyer owes them
    let mut w = World::new(judged(plain(Policy::shop().capture(When::OnAcceptance))));
    w.hold(B, 1_000_00, after(90 * DAY));
    w.act(&seller(), StartPerforming {});
    w.act(&buyer(), dispute("broken"));
    w.wait_for_deadline();
    w.act(&judge(), rule(Award::Share(percent(50))));
    w.decline(2);
    assert_eq!(w.owed(), [owed_by_buyer(Payee::Seller, Purpose::Payout, 500_00)]);
}
