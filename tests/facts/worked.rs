//! Examples that were worked by hand: who bears a lost chargeback.

use escrow::terms::Liable;

use crate::oracle::words::Party::{Buyer, Platform, Seller};
use crate::world::*;

#[test]
fn a_payout_that_was_not_sent_is_cut() {
    let mut world = World::performing(Setup::price(1000));
    world.accept();
    world.decline(Seller);
    world.lost("cb-1", 10);
    assert_eq!(world.debts(), []);
    assert_eq!(world.buckets(B), [1000, 0, 990, 0, 0, 10]);
}

#[test]
fn a_refund_and_a_payout_that_were_sent_are_owed() {
    // 600 back, 400 to the seller; 500 lost: 100 of it the buyer has twice.
    let mut world = World::performing(Setup::price(1000));
    world.award(400);
    world.pay_all();
    world.lost("cb-1", 500);
    assert_eq!(world.debts(), [(Buyer, Platform, 100), (Seller, Platform, 400)]);
}

#[test]
fn a_refund_and_a_payout_that_were_not_sent_are_cut() {
    let mut world = World::performing(Setup::price(1000));
    world.award(400);
    world.decline(Buyer);
    world.decline(Seller);
    world.lost("cb-1", 500);
    assert_eq!(world.debts(), []);
    assert_eq!(world.buckets(B), [1000, 0, 500, 0, 0, 500]);
}

#[test]
fn in_flight_counts_as_sent_until_it_is_declined() {
    let mut world = World::performing(Setup::price(1000));
    world.accept();
    world.lost("cb-1", 1000);
    assert_eq!(world.debts(), [(Seller, Platform, 1000)]);
    let tx = world.decline(Seller);
    assert_eq!(world.debts(), []);
    assert_eq!(world.buckets(B), [1000, 0, 0, 0, 0, 1000]);
    // And it went through after all.
    assert_eq!(world.answer(tx, true), Ok(true));
    assert_eq!(world.debts(), [(Seller, Platform, 1000)]);
    assert_eq!(world.buckets(B), [1000, 0, 0, 1000, 0, 0]);
}

#[test]
fn a_service_is_cut_after_the_payout() {
    // Service 300, payout 700, both unsent; 800 lost: the courier lacks 100.
    let mut world = World::performing(Setup::price(1000).courier(300));
    world.accept();
    world.decline(COURIER);
    world.decline(Seller);
    world.lost("cb-1", 800);
    assert_eq!(world.debts(), [(Seller, COURIER, 100)]);
    assert_eq!(world.buckets(B), [1000, 0, 200, 0, 0, 800]);
}

#[test]
fn what_a_third_party_got_back_stays_theirs() {
    let mut world = World::performing(Setup::price(1000).courier(300));
    world.accept();
    let tx = world.pay(COURIER);
    world.pay(Seller);
    world.lost("cb-1", 1000);
    assert_eq!(world.debts(), [(Seller, Platform, 1000)]);
    assert_eq!(world.returned(tx, 300, "r-1"), Ok(true));
    assert_eq!(world.debts(), [(Seller, Platform, 1000)]);
    assert_eq!(world.buckets(B), [1000, 0, 300, 700, 0, 0]);
}

#[test]
fn the_platform_answers_where_it_is_liable() {
    let mut world = World::performing(Setup::price(1000).liable(Liable::Platform));
    world.accept();
    world.pay_all();
    world.lost("cb-1", 1000);
    assert_eq!(world.debts(), []);
}

#[test]
fn two_disputes_keep_back_one_refund() {
    // Over one payment of 110, of which 71 go back: 105 and 45 are disputed, so nothing of it is sent.
    let mut world = World::new(Setup::price(100));
    world.charge("p-2", B, 61);
    world.opened("cb-0", 105);
    world.opened("cb-3", 45);
    world.charge("p-1", B, 110);
    assert_eq!(world.in_flight(), []);
}

#[test]
fn what_was_declined_and_is_disputed_waits_beyond_the_settlement() {
    let mut world = World::performing(Setup::price(100));
    world.accept();
    world.decline(Seller);
    world.opened("cb-1", 100);
    world.now = world.deal.settle_by().unwrap();
    assert_ne!(world.deal.next_deadline(), Some(world.now));
    world.won("cb-1", 100);
    assert_eq!(world.got(Seller), 100);
}

#[test]
fn a_doubted_capture_is_confirmed() {
    let mut world = World::new(Setup::price(100));
    assert_eq!(world.confirm(&held("p-1", B, 100)), Ok(true));
    let (tx, ..) = world.flying()[0];
    assert_eq!(world.confirm(&charged("p-1", B, 100)), Ok(true));
    assert_eq!(world.answer(tx, false), Ok(true));
    assert_eq!(world.answer(tx, true), Ok(true));
    assert_eq!(world.buckets(B), [100, 100, 0, 0, 0, 0]);
}

#[test]
fn what_is_reinstated_makes_room_for_another_loss() {
    let mut world = World::performing(Setup::price(100));
    world.lost("cb-0", 40);
    world.lost("cb-3", 70);
    world.reinstated("cb-0", 40);
    assert_eq!(world.buckets(B), [100, 30, 0, 0, 0, 70]);
}

#[test]
fn an_excess_that_was_sent_is_had_twice() {
    let mut world = World::new(Setup::price(1000));
    world.charge("p-1", B, 1200);
    world.pay(Buyer);
    world.lost("cb-1", 1200);
    assert_eq!(world.debts(), [(Buyer, Platform, 200)]);
    assert_eq!(world.buckets(B), [1200, 0, 0, 0, 200, 1000]);
}

#[test]
fn the_order_of_loss_and_ending_leaves_no_trace() {
    let sums = |first: bool| {
        let mut world = World::performing(Setup::price(1000).fee(100));
        if first {
            world.lost("cb-1", 700);
        }
        world.opened("cb-2", 1000);
        world.award(500);
        if !first {
            world.lost("cb-1", 700);
        }
        (world.buckets(B), world.debts())
    };
    assert_eq!(sums(true), sums(false));
}

#[test]
fn a_paid_debt_is_repaid_when_its_loss_goes() {
    let mut world = World::performing(Setup::price(1000));
    world.accept();
    world.pay(Seller);
    world.lost("cb-1", 1000);
    assert_eq!(world.settle(1, 400), Ok(true));
    assert_eq!(world.debts(), [(Seller, Platform, 600)]);
    world.reinstated("cb-1", 1000);
    assert_eq!(world.debts(), [(Platform, Seller, 400)]);
}
