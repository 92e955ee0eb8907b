//! What went wrong, each by its name: with sums by hand.

use escrow::deal::command::ChargebackStep::{Lost, Opened};
use escrow::deal::{Contradiction, Status};
use escrow::{Currency, Money, Rejection};

use crate::oracle::words::Party::{Buyer, Platform, Seller};
use crate::world::*;

#[test]
fn capture_after_all() {
    // A hold whose void is on its way is charged after all: it came in, and goes back.
    let mut world = World::new(Setup::price(1000));
    assert_eq!(world.confirm(&held("p-1", B, 600)), Ok(true));
    world.cancel();
    assert_eq!(world.confirm(&charged("p-1", B, 600)), Ok(true));
    world.pay_all();
    assert_eq!(world.buckets(B), [600, 0, 0, 0, 600, 0]);
    assert_eq!(world.recorded("p-1"), 600);
    assert!(world.is_closed());
}

#[test]
fn captures_in_parts() {
    let mut world = World::new(Setup::price(1000));
    let part = |id: &str, minor| charged("p-1", B, minor).capture(text(id), false);
    assert_eq!(world.confirm(&part("c-1", 400)), Ok(true));
    assert_eq!(world.confirm(&part("c-1", 400)), Ok(false));
    assert_eq!(world.confirm(&part("c-2", 600)), Ok(true));
    assert_eq!(world.recorded("p-1"), 1000);
    assert_eq!(world.deal.status(), Status::AwaitingPerformance);
    let without = world.confirm(&charged("p-1", B, 5));
    let mixed = Contradiction::CaptureId { recorded: true };
    assert_eq!(without, Err(Rejection::FactContradicts(mixed)));
}

#[test]
fn one_transfer_two_deposits() {
    let mut world = World::new(Setup::price(1000).guarantee(300));
    world.charge("p-1", B, 1000);
    world.charge("p-1", GS, 300);
    assert_eq!(world.recorded("p-1"), 1300);
    assert_eq!(world.deal.status(), Status::AwaitingPerformance);
}

#[test]
fn contradicting_fact() {
    let mut world = World::performing(Setup::price(1000));
    let said = Contradiction::Amount { recorded: rub(1000), told: rub(999) };
    assert_eq!(world.confirm(&charged("p-1", B, 999)), Err(Rejection::FactContradicts(said)));
    assert_eq!(world.case("cb-1", "p-1", Lost, 10), Ok(true));
    assert_eq!(world.case("cb-1", "p-1", Lost, 10), Ok(false));
    let said = Contradiction::Amount { recorded: rub(10), told: rub(11) };
    assert_eq!(world.case("cb-1", "p-1", Lost, 11), Err(Rejection::FactContradicts(said)));
    assert_eq!(world.case("cb-1", "p-2", Lost, 10), Err(Rejection::FactContradicts(Contradiction::Payment)));
}

#[test]
fn paid_in_another_currency() {
    let mut world = World::new(Setup::price(1000));
    let mut stray = charged("p-1", B, 700);
    stray.amount = Money::from_minor(700, Currency::USD);
    assert_eq!(world.confirm(&stray), Ok(true));
    assert_eq!(world.confirm(&stray), Ok(false));
    world.pay_all();
    assert_eq!(world.stray_buckets(), [700, 0, 0, 0, 700, 0]);
    assert_eq!(world.buckets(B), [0; 6]);
}

#[test]
fn debt_of_the_innocent() {
    // Refunded, then charged back: the buyer has it twice.
    let mut world = World::performing(Setup::price(1000));
    world.cancel();
    world.pay(Buyer);
    world.lost("cb-1", 990);
    assert_eq!(world.debts(), [(Buyer, Platform, 990)]);
    // Five cases over one payment are never more than the payment.
    let mut world = World::performing(Setup::price(1000));
    world.accept();
    world.pay(Seller);
    for n in 0..5 {
        world.lost(&format!("cb-{n}"), 1000);
    }
    assert_eq!(world.debts(), [(Seller, Platform, 1000)]);
    world.reinstated("cb-0", 1000);
    assert_eq!(world.debts(), [(Seller, Platform, 1000)]);
}

#[test]
fn small_chargeback_large_harm() {
    let mut world = World::performing(Setup::price(1000).fee(50));
    world.opened("cb-1", 10);
    world.accept();
    assert_eq!(world.in_flight(), [(Seller, 940), (Platform, 50)]);
    world.pay_all();
    assert!(!world.is_closed());
    // From the policy's time on it counts as won.
    let at = world.deal.next_deadline().unwrap();
    world.model.presume_won("cb-1");
    world.wake_at(at);
    assert_eq!(world.in_flight(), [(Seller, 10)]);
    world.pay_all();
    assert!(world.is_closed());
    // Lost after the start: the deal goes on with what is left.
    let mut world = World::performing(Setup::price(1000));
    world.lost("cb-1", 10);
    assert_eq!(world.deal.status(), Status::Performing);
    world.accept();
    assert_eq!(world.in_flight(), [(Seller, 990)]);
}

#[test]
fn chargeback_reinstated() {
    let mut world = World::performing(Setup::price(1000));
    world.accept();
    world.pay(Seller);
    world.lost("cb-1", 1000);
    assert_eq!(world.debts(), [(Seller, Platform, 1000)]);
    world.reinstated("cb-1", 1000);
    assert_eq!(world.debts(), []);
    assert_eq!(world.buckets(B), [1000, 0, 0, 1000, 0, 0]);
    // What was cut is paid.
    let mut world = World::performing(Setup::price(1000));
    world.lost("cb-1", 1000);
    world.accept();
    assert_eq!(world.buckets(B), [1000, 0, 0, 0, 0, 1000]);
    world.reinstated("cb-1", 1000);
    world.pay(Seller);
    assert_eq!(world.buckets(B), [1000, 0, 0, 1000, 0, 0]);
}

#[test]
fn chargeback_before_payment() {
    let mut world = World::new(Setup::price(1000));
    world.lost("cb-1", 1000);
    world.charge("p-1", B, 1000);
    assert_eq!(world.deal.status(), Status::Cancelled);
    assert_eq!(world.buckets(B), [1000, 0, 0, 0, 0, 1000]);
    assert_eq!(world.debts(), []);
    // The seventeenth is refused.
    let mut world = World::new(Setup::price(1000));
    for n in 0..16 {
        assert_eq!(world.case(&format!("cb-{n}"), &format!("x-{n}"), Opened, 1), Ok(true));
    }
    assert_eq!(world.case("cb-16", "x-16", Opened, 1), Err(Rejection::TooMany { max: 16 }));
}

#[test]
fn services_cut_without_a_debt() {
    // The courier waits with a declined leg; the payout of 700 was sent.
    let mut world = World::performing(Setup::price(1000).courier(300));
    world.accept();
    world.decline(COURIER);
    world.pay(Seller);
    world.lost("cb-1", 1000);
    assert_eq!(world.debts(), [(Seller, Platform, 700), (Seller, COURIER, 300)]);
    // It came back: the debt for it goes, nothing of it opens.
    let sent = world.numbers.keys().copied().find(|tx| {
        let t = world.deal.transaction(*tx).unwrap();
        t.amount() == rub(700)
    });
    assert_eq!(world.returned(sent.unwrap(), 700, "r-1"), Ok(true));
    assert_eq!(world.debts(), [(Seller, COURIER, 300)]);
}

#[test]
fn payout_bounces() {
    let mut world = World::performing(Setup::price(1000));
    world.accept();
    let tx = world.pay(Seller);
    assert!(world.is_closed());
    assert_eq!(world.returned(tx, 400, "r-1"), Ok(true));
    assert_eq!(world.returned(tx, 400, "r-1"), Ok(false));
    assert_eq!(world.buckets(B), [1000, 0, 400, 600, 0, 0]);
    assert_eq!(world.redirect(Seller, false), Ok(true));
    world.pay(Seller);
    assert_eq!(world.got(Seller), 1000);
    assert_eq!(world.debts(), []);
    assert!(world.returned(tx, 601, "r-2").is_err());
}

#[test]
fn succeeded_after_declined() {
    // Settled by it, while nothing else was sent.
    let mut world = World::performing(Setup::price(1000));
    world.accept();
    let first = world.decline(Seller);
    assert_eq!(world.answer(first, true), Ok(true));
    assert!(world.is_closed());
    assert_eq!(world.got(Seller), 1000);
    // Or owed: the second attempt went through, too.
    let mut world = World::performing(Setup::price(1000));
    world.accept();
    let first = world.decline(Seller);
    assert_eq!(world.redirect(Seller, false), Ok(true));
    assert_eq!(world.answer(first, true), Ok(true));
    assert_eq!(world.debts(), []);
    world.pay(Seller);
    assert_eq!(world.debts(), [(Seller, Platform, 1000)]);
    // It comes back: what is had twice first.
    assert_eq!(world.returned(first, 1000, "r-1"), Ok(true));
    assert_eq!(world.debts(), []);
    assert_eq!(world.buckets(B), [1000, 0, 0, 1000, 0, 0]);
}

#[test]
fn redirects_without_end() {
    let mut world = World::performing(Setup::price(1000));
    world.accept();
    for _ in 0..19 {
        world.decline(Seller);
        assert_eq!(world.redirect(Seller, false), Ok(true));
    }
    world.decline(Seller);
    assert_eq!(world.redirect(Seller, false), Err(Rejection::TooMany { max: 20 }));
    // Then it goes to the balance.
    world.wake_at(world.deal.settle_by().unwrap());
    assert_eq!(world.got(Seller), 1000);
}
