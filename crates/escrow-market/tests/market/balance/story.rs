//! Deals and balances together: PAYSTO's sale, a refund, a chargeback, and every way in which a delivery goes wrong.

use super::*;
use crate::common::{B, World, buyer, chargeback, destination, plain, seller};
use escrow::deal::command::{Accept, ChargebackStep, DestinationUse};
use escrow::deposit::LegState;
use escrow::terms::{Fee, FeePayee, Payer};
use escrow::{Deal, Policy, Status, TermsDraft};

/// A thing at 1 000.00 that boris sells to anna: 30 % to the site that advertised it, and out of them 5 % of the price
/// to the processor.
fn paysto() -> TermsDraft {
    let mut draft = plain(Policy::shop());
    let site = FeePayee::Partner(text("site"));
    draft.fees = vec![
        Fee::of_price(text("site"), site, percent(30), Payer::Seller),
        Fee::carved(text("processing"), FeePayee::Processor, percent(5), text("site")),
    ];
    draft
}

/// Everybody who earns something wants it in the system.
fn all_to_balances(w: &mut World) {
    let payouts = |payee| destination(payee, DestinationUse::Payouts, Some(Destination::Balance));
    w.act(&seller(), payouts(Payee::Seller));
    w.act(&party("site"), payouts(Payee::Party(text("site"))));
    w.act(&Actor::Operator(text("olga")), payouts(Payee::Processor));
}

/// What the host does after every commit and after every crash; returns how many commands there were.
pub(super) fn tell(balance: &mut Balance, deal: &Deal) -> usize {
    let news: Vec<Command> = balance.follow(deal).collect();
    for command in &news {
        ok(balance, command.clone(), &Context::clock(deal.last_at()));
    }
    assert_eq!(balance.follow(deal).count(), 0, "it is known now");
    news.len()
}

fn holders() -> [Balance; 4] {
    let holders = [
        Holder::Party(text("boris")),
        Holder::Party(text("site")),
        Holder::Processor,
        Holder::Party(text("anna")),
    ];
    holders.map(|holder| open(holder, BalancePolicy::default()))
}

#[test]
fn paysto_a_sale_in_the_system_is_withdrawn_with_a_code() {
    let mut w = World::performing(paysto());
    all_to_balances(&mut w);
    let [mut boris_has, mut site, mut processor, mut anna] = holders();
    // nothing is earned before the ending
    assert_eq!(tell(&mut boris_has, &w.deal), 0);
    w.act(&buyer(), Accept::default());
    // no leg waits for a gateway
    assert_eq!((w.status(), w.pending()), (Status::Completed, vec![]));

    assert_eq!(tell(&mut boris_has, &w.deal), 1);
    assert_eq!(tell(&mut site, &w.deal), 1);
    assert_eq!(tell(&mut processor, &w.deal), 1);
    assert_eq!(tell(&mut anna, &w.deal), 0);
    // 1 000 − 30 %
    assert_eq!(boris_has.available(), rub(700_00));
    // 30 % − 5 %
    assert_eq!(site.available(), rub(250_00));
    // 5 %
    assert_eq!(processor.available(), rub(50_00));
    let sum: i64 = [&boris_has, &site, &processor].iter().map(|b| b.sums().credited).sum();
    assert_eq!(sum, 1_000_00);

    ok(&mut boris_has, request(1, 700_00), &boris(10));
    ok(&mut boris_has, enter(1, 1, 1, wrong()), &boris(20));
    ok(&mut boris_has, enter(1, 1, 2, drawn(1, 1)), &boris(30));
    let order = boris_has.pending().next().unwrap();
    assert_eq!((order.holder, order.withdrawal.amount), (boris_has.holder(), rub(700_00)));
    ok(&mut boris_has, paid(1), &gateway(40));
    assert_eq!((funds(&boris_has), boris_has.sums().paid_out), ((0, 0), 700_00));
}

#[test]
fn what_was_declined_is_credited_at_the_settlement_deadline() {
    let mut w = World::performing(plain(Policy::shop()));
    w.act(&buyer(), Accept::default());
    w.decline(2);
    let mut balance = empty(BalancePolicy::default());
    assert_eq!(tell(&mut balance, &w.deal), 0);
    w.wait_for_deadline();
    assert_eq!(tell(&mut balance, &w.deal), 1);
    assert_eq!(funds(&balance), (1_000_00, 0));
}

#[test]
fn a_refund_to_the_balance_is_the_buyers() {
    let mut w = World::funded(plain(Policy::shop()));
    w.act(&buyer(), destination(Payee::Buyer, DestinationUse::Refunds, Some(Destination::Balance)));
    w.act(&seller(), crate::common::cancel("sold out"));
    let [mut boris_has, _, _, mut anna] = holders();
    assert_eq!(tell(&mut anna, &w.deal), 1);
    assert_eq!(tell(&mut boris_has, &w.deal), 0);
    assert_eq!(anna.available(), rub(1_000_00));
}

#[test]
fn a_chargeback_after_the_sale_takes_the_seller_below_zero() {
    let mut w = World::performing(paysto());
    all_to_balances(&mut w);
    w.act(&buyer(), Accept::default());
    let [mut boris_has, mut site, ..] = holders();
    tell(&mut boris_has, &w.deal);
    ok(&mut boris_has, request(1, 700_00), &boris(10));
    ok(&mut boris_has, confirm(1), &boris(11));
    ok(&mut boris_has, paid(1), &gateway(12));
    // anna's bank takes all of it: the seller is liable, and has withdrawn the seller's part
    w.act(&Actor::Gateway, chargeback("cb-1", "pay-1", 1_000_00, ChargebackStep::Opened));
    w.act(&Actor::Gateway, chargeback("cb-1", "pay-1", 1_000_00, ChargebackStep::Lost));
    assert_eq!(tell(&mut boris_has, &w.deal), 1);
    assert_eq!(funds(&boris_has), (-1_000_00, 0));
    // the site keeps what it has earned
    assert_eq!(tell(&mut site, &w.deal), 1);
    assert_eq!(funds(&site), (250_00, 0));
    // the next sale pays a part of it back
    ok(&mut boris_has, credit(8, 2, 700_00), &clock(20));
    assert_eq!(funds(&boris_has), (-300_00, 0));
    let none = Rejection::Insufficient { total: rub(1), available: rub(-300_00) };
    assert_eq!(refused(&mut boris_has, request(2, 1), &boris(21)), none);
}

#[test]
fn deliveries_that_are_lost_doubled_or_late_end_in_the_same_balance() {
    let mut w = World::performing(paysto());
    all_to_balances(&mut w);
    w.act(&buyer(), Accept::default());
    let mut prompt = empty(BalancePolicy::default());
    let news: Vec<Command> = prompt.follow(&w.deal).collect();
    tell(&mut prompt, &w.deal);
    // the commit was lost: the balance is read again as it was, and asked again
    let mut late = empty(BalancePolicy::default());
    ok(&mut late, credit(5, 1, 1_00), &clock(10));
    for command in news.iter().chain(&news).chain(&news) {
        ok(&mut late, command.clone(), &clock(DAY));
    }
    assert_eq!(tell(&mut late, &w.deal), 0);
    assert_eq!(late.available().minor(), prompt.available().minor() + 1_00);
}

#[test]
fn a_balance_follows_only_its_own_currency() {
    let mut w = World::performing(plain(Policy::shop()));
    w.act(&seller(), destination(Payee::Seller, DestinationUse::Payouts, Some(Destination::Balance)));
    w.act(&buyer(), Accept::default());
    assert_eq!(w.legs(), [(B, Payee::Seller, Purpose::Payout, 1_000_00, LegState::Credited)]);
    let (id, holder) = (BalanceId::new(Uuid::nil()), Holder::Party(text("boris")));
    let dollars = Balance::open(id, holder, Currency::USD, BalancePolicy::default(), &clock(0)).unwrap().0;
    assert_eq!(dollars.follow(&w.deal).count(), 0);
}
