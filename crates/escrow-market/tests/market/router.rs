//! Several gateways behind one port: what is offered, who is asked, and that a key reaches one gateway at most.
#![allow(missing_docs, unreachable_pub, dead_code)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::arithmetic_side_effects, clippy::as_conversions, clippy::wildcard_enum_match_arm)]
#![allow(clippy::cast_possible_truncation)]

mod world;

use std::collections::BTreeMap;

use escrow::agent::{AgentError, CheckoutError};
use escrow::deal::command::{
    Accept, Agree, Answered, Cancel, ConfirmPayment, RedirectRefund, SetDestination, StartPerforming,
};
use escrow::deposit::{LegState, TransactionKind, TransactionState};
use escrow::port::blocking::PaymentGateway as _;
use escrow::port::{Clock, blocking};
use escrow::terms::{FeePayee, Item, Payer};
use escrow::{
    Actor, Agent, Caller, Currency, Deal, Destination, Money, Payee, Policy, Rate, Rejection, Status, Terms,
    TermsDraft, Time,
};
use escrow_market::Router;
use escrow_market::router::{
    BoxedGateway, ListError, Method, MethodError, NotLater, PayoutRules, PayoutTo, RouteError, RouterError,
};
use escrow_testing::{Behaviour, ManualClock, MemorySink, ScriptedGateway, TimedOut};
use proptest::prelude::*;

use world::{
    B, Host, MAIL, RBK, WEBMONEY, buyer, claim, key_of, pay, request, rub, seller, start, text, usd,
};

fn three_percent() -> Rate {
    Rate::from_ppm(30_000).unwrap()
}

fn offered(host: &Host, amount: Money) -> Vec<(String, String, i64)> {
    let all = host.agent.gateway.methods(amount);
    all.map(|o| (o.gateway.to_string(), o.method.name().to_string(), o.cost.minor())).collect()
}

fn list(rows: &[(&str, &str, i64)]) -> Vec<(String, String, i64)> {
    rows.iter().map(|(g, m, cost)| ((*g).to_owned(), (*m).to_owned(), *cost)).collect()
}

// --- what is offered ---

/// Interkassa's three per cent, by hand: moneymail takes from 10 to 15 000, rbk-money from 1 to 60 000, wmr from 0.01 to
/// 100 000; wmz takes dollars, at 0.8 % and 0.10.
#[test]
fn methods_are_offered_with_their_limits_and_costs() {
    let host = Host::new();
    // 3 % of 1 000 is 30
    let all = [(MAIL, "moneymail", 30_00), (RBK, "rbk-money", 30_00), (WEBMONEY, "wmr", 30_00)];
    assert_eq!(offered(&host, rub(1_000_00)), list(&all));
    // 3 % of 999.99 is 29.9997, rounded down
    assert_eq!(offered(&host, rub(999_99))[0].2, 29_99);
    // both limits are included
    assert_eq!(offered(&host, rub(10_00)).len(), 3);
    assert_eq!(offered(&host, rub(9_99)), list(&[(RBK, "rbk-money", 29), (WEBMONEY, "wmr", 29)]));
    assert_eq!(offered(&host, rub(15_000_00))[0].2, 450_00);
    assert_eq!(
        offered(&host, rub(15_000_01)),
        list(&[(RBK, "rbk-money", 450_00), (WEBMONEY, "wmr", 450_00)])
    );
    // 3 % of 0.33 is 0.0099, of 0.34 it is 0.0102
    assert_eq!(offered(&host, rub(33)), list(&[(WEBMONEY, "wmr", 0)]));
    assert_eq!(offered(&host, rub(34)), list(&[(WEBMONEY, "wmr", 1)]));
    assert_eq!(offered(&host, rub(100_000_00)), list(&[(WEBMONEY, "wmr", 3_000_00)]));
    assert_eq!(offered(&host, rub(100_000_01)), []);
    for nothing in [0, -1, i64::MIN, i64::MAX] {
        assert_eq!(offered(&host, rub(nothing)), [], "{nothing}");
    }
    // 0.8 % of 12.50 is 0.10, and 0.10 on top
    assert_eq!(offered(&host, usd(12_50)), list(&[(WEBMONEY, "wmz", 20)]));
    assert_eq!(offered(&host, Money::from_minor(1_000, Currency::EUR)), []);
}

#[test]
fn a_gateway_that_is_down_is_not_offered() {
    let mut host = Host::new();
    host.down(RBK);
    assert_eq!(offered(&host, rub(1_000_00)), list(&[(MAIL, "moneymail", 30_00), (WEBMONEY, "wmr", 30_00)]));
    host.up(RBK);
    assert_eq!(offered(&host, rub(1_000_00)).len(), 3);
    let unknown = host.agent.gateway.set_available(&text("qiwi"), false);
    assert_eq!(unknown, Err(RouteError::UnknownGateway(text("qiwi"))));
}

/// What a method costs is the processor's fee of terms that are yet to be made, of what is really paid and to the kopeck,
/// whoever pays it. By hand, in kopecks: the buyer pays the least g that leaves the price after the cost of g. For a price
/// of 100 000 at 3 %: 103 092 − floor(3 092.76) = 100 000, and 103 091 − floor(3 092.73) = 99 999. With 1 500 on top:
/// 104 639 − floor(3 139.17) − 1 500 = 100 000, and 104 638 − floor(3 139.14) − 1 500 = 99 999.
#[test]
fn the_cost_of_a_method_is_the_processors_fee_of_new_terms() {
    let wallet = Method::new(text("wmr"), rub(1), rub(100_000_00), three_percent(), rub(0)).unwrap();
    let card = Method::new(text("card"), rub(1), rub(100_000_00), three_percent(), rub(15_00)).unwrap();
    let quoted = |method: &Method, minor, payer| {
        let item = Item::new(text("book"), rub(minor), 1);
        let (buyer, seller) = (text("anna"), text("shop"));
        let mut draft = TermsDraft::new(buyer, seller, Currency::RUB, vec![item], Policy::shop());
        let fee = method.fee(text("processing"), payer);
        assert_eq!(fee.payee, FeePayee::Processor);
        draft.fees.push(fee);
        Terms::new(draft).unwrap().quote().clone()
    };
    for (minor, by_wallet, by_card) in [
        (20_00, 20_61, 36_08),
        (999_99, 1_030_91, 1_046_38),
        (1_000_00, 1_030_92, 1_046_39),
        (12_345_67, 12_727_49, 12_742_95),
        (90_000_00, 92_783_50, 92_798_96),
    ] {
        for (method, deposit) in [(&wallet, by_wallet), (&card, by_card)] {
            // the seller pays it: the deposit is the price, and the payout that much smaller
            let quote = quoted(method, minor, Payer::Seller);
            let cost = method.cost(rub(minor)).unwrap();
            assert_eq!((quote.deposit, quote.fees[0].amount), (rub(minor), cost));
            assert_eq!(quote.payout, rub(minor - cost.minor()));

            // the buyer pays it: the deposit is that much larger, and the payout is the price
            let quote = quoted(method, minor, Payer::Buyer);
            assert_eq!((quote.deposit, quote.payout), (rub(deposit), rub(minor)));
            assert_eq!(quote.fees[0].amount, rub(deposit - minor));
            assert_eq!(method.cost(quote.deposit), Some(quote.fees[0].amount));
        }
    }
    // shared, it is of the order: 3 % of 1 000 is 30, half of it on top
    let quote = quoted(&wallet, 1_000_00, Payer::Shared(Rate::from_ppm(500_000).unwrap()));
    assert_eq!((quote.fees[0].amount, quote.deposit, quote.payout), (rub(30_00), rub(1_015_00), rub(985_00)));
}

#[test]
fn what_is_no_method_and_no_list_is_refused() {
    let new = |min, max, fixed| Method::new(text("m"), min, max, three_percent(), fixed).map(|_| ());
    assert_eq!(new(rub(1), rub(1), rub(0)), Ok(()));
    assert_eq!(new(rub(1), usd(1), rub(0)), Err(MethodError::Currency));
    assert_eq!(new(rub(1), rub(1), usd(0)), Err(MethodError::Currency));
    assert_eq!(new(rub(0), rub(1), rub(0)), Err(MethodError::Limits));
    assert_eq!(new(rub(2), rub(1), rub(0)), Err(MethodError::Limits));
    assert_eq!(new(rub(1), rub(2), rub(-1)), Err(MethodError::Fixed));
    assert_eq!(new(rub(1), rub(i64::MAX), rub(1)), Err(MethodError::TooLarge));
    assert_eq!(new(rub(1), rub(i64::MAX), rub(0)), Ok(()));

    let method = |name: &str, money: fn(i64) -> Money| {
        Method::new(text(name), money(1), money(2), three_percent(), money(0)).unwrap()
    };
    let new = || Router::new(PayoutRules::new(text(RBK)));
    let router = new().with(text(RBK), (), [method("m", rub), method("m", usd)]).unwrap();
    let twice = router.with(text(RBK), (), []).unwrap_err();
    assert_eq!(twice, ListError::Gateway(text(RBK)));
    let router = new().with(text(RBK), (), [method("m", rub)]).unwrap();
    let twice = router.with(text(MAIL), (), [method("m", rub)]).unwrap_err();
    assert_eq!(twice, ListError::Method(text("m"), Currency::RUB));
    let twice = new().with(text(RBK), (), [method("m", rub), method("m", rub)]).unwrap_err();
    assert_eq!(twice, ListError::Method(text("m"), Currency::RUB));

    let rules = PayoutRules::new(text(RBK)).rule(start(), PayoutTo::Card, text(MAIL)).unwrap();
    let again = rules.clone().rule(start(), PayoutTo::Card, text(RBK)).unwrap_err();
    assert_eq!(again, NotLater { before: start() });
    assert!(rules.rule(start(), PayoutTo::Wallet, text(RBK)).is_ok(), "another kind has its own times");
}

// --- checkout ---

#[test]
fn a_form_comes_from_the_gateway_of_the_chosen_method() {
    for (method, gateway) in [("moneymail", MAIL), ("rbk-money", RBK), ("wmr", WEBMONEY)] {
        let mut host = Host::new();
        let asked = request("checkout-1", method, rub(1_000_00));
        host.act(&asked, buyer());
        let form = host.checkout(&asked).unwrap();
        assert!(form.parameters.contains(&("method".to_owned(), method.to_owned())));
        assert_eq!(host.world.reached(key_of(&host.deal, 1)), [gateway]);
        // again, at the same one
        assert_eq!(host.checkout(&asked).unwrap(), form);
        assert_eq!(host.world.reached(key_of(&host.deal, 1)), [gateway]);
    }
}

#[test]
fn what_no_gateway_takes_is_a_typed_error() {
    let mut host = Host::new();
    let mut refused = |method: &str, amount: Money| {
        let asked = request(&format!("{method}-{}", amount.minor()), method, amount);
        host.act(&asked, buyer());
        match host.checkout(&asked) {
            Err(CheckoutError::Gateway(RouterError::NotRouted(error))) => error,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(refused("qiwi", rub(10_00)), RouteError::UnknownMethod(text("qiwi"), Currency::RUB));
    // it takes dollars only
    assert_eq!(refused("wmz", rub(10_00)), RouteError::UnknownMethod(text("wmz"), Currency::RUB));
    let limits = RouteError::OutOfLimits { min: rub(10_00), max: rub(15_000_00) };
    assert_eq!(refused("moneymail", rub(9_99)), limits);
    assert!(!limits.is_transient());

    host.down(MAIL);
    let asked = request("later", "moneymail", rub(1_000_00));
    host.act(&asked, buyer());
    let down = RouteError::Down(text(MAIL));
    assert!(down.is_transient());
    assert_eq!(host.checkout(&asked), Err(CheckoutError::Gateway(RouterError::NotRouted(down))));
    host.up(MAIL);
    assert!(host.checkout(&asked).is_ok());
}

/// A key is sent to one gateway, and a method may be another gateway's.
#[test]
fn a_request_is_for_one_method() {
    let mut host = Host::new();
    let asked = request("checkout-1", "wmr", rub(1_000_00));
    host.act(&asked, buyer());
    host.checkout(&asked).unwrap();
    let other = request("checkout-1", "rbk-money", rub(1_000_00));
    assert_eq!(host.checkout(&other), Err(CheckoutError::NotRequested));
    assert_eq!(host.submit(&other, buyer()), Err(AgentError::Rejected(Rejection::KeyReused)));
    assert_eq!(host.checkout(&other), Err(CheckoutError::NotRequested));
    assert_eq!(host.world.reached(key_of(&host.deal, 1)), [WEBMONEY]);
    // under a key of its own
    let other = request("checkout-2", "rbk-money", rub(1_000_00));
    host.act(&other, buyer());
    host.checkout(&other).unwrap();
    assert_eq!(host.world.reached(key_of(&host.deal, 2)), [RBK]);
    // both forms are paid: what came too much goes back where it came from
    host.act(&pay(WEBMONEY, "w-1", rub(1_000_00)), Actor::Gateway);
    host.act(&pay(RBK, "r-1", rub(1_000_00)), Actor::Gateway);
    assert_eq!(host.world.paid(RBK), [(TransactionKind::Refund, Payee::Buyer, 1_000_00)]);
    assert_eq!(host.world.paid(WEBMONEY), []);
}

/// The method is in the stored state too: a host that keeps no journal gives no second form either.
#[test]
fn the_method_of_a_request_is_stored() {
    let mut host = Host::new();
    let asked = request("checkout-1", "wmr", rub(1_000_00));
    host.act(&asked, buyer());
    let stored = serde_json::to_value(&host.deal).unwrap();
    let decoded: Deal = serde_json::from_value(stored.clone()).unwrap();
    assert_eq!(decoded.transactions()[0].method(), Some(&text("wmr")));
    // a key without a method, or a method without a key, is no request
    for field in ["method", "key"] {
        let mut broken = stored.to_string();
        let value = stored.to_string();
        let at = value.find(&format!("\"{field}\":\"")).unwrap();
        let end = at + value[at..].find("\",").unwrap() + 2;
        broken.replace_range(at..end, "");
        assert!(serde_json::from_str::<Deal>(&broken).is_err(), "{field}");
    }
    host.act(&pay(WEBMONEY, "w-1", rub(1_000_00)), Actor::Gateway);
    assert_eq!(host.deal.transactions()[0].method(), Some(&text("wmr")), "and stays, once it is paid");
}

// --- where orders go ---

#[test]
fn refunds_go_back_to_the_gateways_that_took_the_money() {
    let mut host = Host::new();
    for (gateway, reference, minor) in
        [(MAIL, "m-1", 300_00), (RBK, "r-1", 200_00), (WEBMONEY, "w-1", 500_00)]
    {
        host.act(&pay(gateway, reference, rub(minor)), Actor::Gateway);
    }
    // one of them is down while the deal is cancelled
    host.down(RBK);
    host.act(&Cancel::default().into(), seller());
    let refund = |minor| vec![(TransactionKind::Refund, Payee::Buyer, minor)];
    assert_eq!((host.world.paid(MAIL), host.world.paid(WEBMONEY)), (refund(300_00), refund(500_00)));
    assert_eq!((host.world.paid(RBK), host.deal.status()), (vec![], Status::CancelRequested));

    // unknown is not declined: however long it takes, it waits for its own gateway
    for _ in 0..3 {
        host.pass(10 * 86_400);
        host.resume();
        let waits: Vec<_> = host.deal.pending().map(|o| (o.gateway.cloned(), o.source.cloned())).collect();
        assert_eq!(waits, [(Some(text(RBK)), Some(text("r-1")))]);
        assert_eq!(host.deal.status(), Status::CancelRequested);
    }
    let waiting = host.deal.pending().next().unwrap();
    let error = host.agent.gateway.execute(waiting).unwrap_err();
    assert_eq!(error, RouterError::NotRouted(RouteError::Down(text(RBK))));

    host.up(RBK);
    host.resume();
    assert_eq!((host.world.paid(RBK), host.deal.status()), (refund(200_00), Status::Cancelled));
    host.world.check();
}

/// Even where the buyer has chosen a destination: its gateway could not give back what another one took.
#[test]
fn a_refund_with_a_destination_goes_to_the_gateway_that_took_the_money() {
    let mut host = Host::new();
    host.act(&pay(MAIL, "m-1", rub(1_000_00)), Actor::Gateway);
    host.world.behave(MAIL, Behaviour::Decline, 1);
    host.act(&Cancel::default().into(), seller());
    assert_eq!(host.deal.legs()[0].state(), LegState::Declined);
    let card = Some(Destination::Card(text("card-2")));
    host.act(&RedirectRefund::new(Payee::Buyer, card).into(), buyer());
    assert_eq!(host.world.reached(key_of(&host.deal, 3)), [MAIL]);
    assert_eq!(host.deal.status(), Status::Cancelled);
}

#[test]
fn holds_are_captured_and_let_go_where_they_are() {
    let mut host = Host::new();
    let held = |gateway: &str, reference: &str, minor| {
        confirm(gateway, reference, minor).held_until(start().plus_secs(20 * 86_400))
    };
    host.act(&held(WEBMONEY, "w-1", 1_000_00).into(), Actor::Gateway);
    host.act(&held(RBK, "r-1", 400_00).into(), Actor::Gateway);
    assert_eq!(host.world.paid(WEBMONEY), [(TransactionKind::Capture, Payee::Buyer, 1_000_00)]);
    assert_eq!(host.world.paid(RBK), [(TransactionKind::Void, Payee::Buyer, 400_00)]);
    host.world.check();
}

fn confirm(gateway: &str, reference: &str, minor: i64) -> ConfirmPayment {
    ConfirmPayment::charged(B, text(gateway), text(reference), rub(minor))
}

#[test]
fn a_claimed_payment_is_verified_where_it_is_said_to_be() {
    let mut host = Host::with_policy(Policy::shop().consent(escrow::terms::Consent::Explicit));
    host.act(&Agree::new(1).into(), seller());
    // at a gateway that there is not: nobody is asked, and nothing holds it up
    host.act(&Agree::new(1).payment(claim("qiwi", "c-1")).into(), buyer());
    assert!(host.deal.has_pending());
    let order = host.deal.pending().next().unwrap();
    assert_eq!(
        host.agent.gateway.execute(order).unwrap_err(),
        RouterError::NotRouted(RouteError::UnknownGateway(text("qiwi")))
    );
    host.act(&Agree::new(1).payment(claim(RBK, "c-1")).into(), buyer());
    assert_eq!(host.deal.status(), Status::AwaitingPerformance);
    assert_eq!(host.world.paid(RBK), [(TransactionKind::Charge, Payee::Buyer, 1_000_00)]);
    host.world.check();
}

/// 1 000: 30 to the processor, 100 to the partner, 50 to the platform, 820 to the seller.
#[test]
fn payouts_go_by_the_kind_of_their_destination() {
    let mut host = Host::new();
    host.rule(Time::MIN, PayoutTo::Wallet, WEBMONEY);
    host.rule(Time::MIN, PayoutTo::Card, MAIL);
    host.destination(Payee::Seller, Destination::Wallet(text("R-1")));
    host.destination(Payee::Party(text("partner")), Destination::Card(text("card-1")));
    host.sell(WEBMONEY);
    assert_eq!(host.deal.status(), Status::Completed);
    let paid = |gateway| host.world.paid(gateway);
    assert_eq!(paid(WEBMONEY), [(TransactionKind::Payout, Payee::Seller, 820_00)]);
    assert_eq!(paid(MAIL), [(TransactionKind::Fee, Payee::Party(text("partner")), 100_00)]);
    // without a destination, where the default gateway knows them
    let by_default =
        [(TransactionKind::Fee, Payee::Processor, 30_00), (TransactionKind::Fee, Payee::Platform, 50_00)];
    assert_eq!(paid(RBK), by_default);
    // and a balance is nobody's to pay
    let mut host = Host::new();
    host.destination(Payee::Seller, Destination::Balance);
    host.sell(WEBMONEY);
    let legs = host.deal.legs().iter().filter(|l| *l.payee() == Payee::Seller);
    assert_eq!(legs.map(|l| l.state()).collect::<Vec<_>>(), [LegState::Credited]);
    assert!(host.world.everything().iter().all(|(_, _, payee, _)| *payee != Payee::Seller));
}

// --- the same key, and another configuration ---

/// The answer to a payout is lost, and before it is asked again the host has another rule: it goes to the gateway that
/// had it, and nothing moves twice.
#[test]
fn an_order_outlives_a_new_rule() {
    for lost in [Behaviour::TimeOut, Behaviour::TimeOutAfter, Behaviour::Silent] {
        let mut host = Host::new();
        host.rule(Time::MIN, PayoutTo::Wallet, WEBMONEY);
        host.destination(Payee::Seller, Destination::Wallet(text("R-1")));
        host.world.behave(WEBMONEY, lost, 1);
        host.sell(WEBMONEY);
        assert_eq!(host.deal.status(), Status::Settling);
        let key = host.deal.pending().next().unwrap().key;

        host.rule(host.agent.clock.now().plus_secs(60), PayoutTo::Wallet, RBK);
        host.pass(3_600);
        host.resume();
        assert_eq!(host.deal.status(), Status::Completed, "{lost:?}");
        assert_eq!(host.world.reached(key), [WEBMONEY]);
        assert_eq!(host.world.paid(WEBMONEY), [(TransactionKind::Payout, Payee::Seller, 820_00)]);

        // what is ordered from then on goes by the new rule
        host.next_deal();
        host.destination(Payee::Seller, Destination::Wallet(text("R-1")));
        host.sell(WEBMONEY);
        assert!(host.world.paid(RBK).contains(&(TransactionKind::Payout, Payee::Seller, 820_00)));
        host.world.check();
    }
}

/// A declined attempt has failed for good, so the next one, under a key of its own, may go elsewhere.
#[test]
fn the_next_attempt_goes_by_the_rules_of_its_own_time() {
    let mut host = Host::new();
    host.rule(Time::MIN, PayoutTo::Wallet, WEBMONEY);
    host.destination(Payee::Seller, Destination::Wallet(text("R-1")));
    host.world.behave(WEBMONEY, Behaviour::Decline, 1);
    host.sell(WEBMONEY);
    let first = host.deal.transactions().iter().find(|t| matches!(t.state(), TransactionState::Failed(_)));
    let first = host.deal.key(first.unwrap().id());
    host.rule(host.agent.clock.now().plus_secs(60), PayoutTo::Wallet, RBK);
    host.pass(3_600);
    host.destination(Payee::Seller, Destination::Wallet(text("R-1")));
    assert_eq!(host.deal.status(), Status::Completed);
    let last = host.deal.key(host.deal.transactions().last().unwrap().id());
    assert_eq!((host.world.reached(first), host.world.reached(last)), (vec![WEBMONEY], vec![RBK]));
    host.world.check();
}

#[test]
fn an_order_waits_for_a_gateway_that_was_removed() {
    let mut host = Host::new();
    host.rule(Time::MIN, PayoutTo::Wallet, WEBMONEY);
    host.destination(Payee::Seller, Destination::Wallet(text("R-1")));
    host.world.behave(WEBMONEY, Behaviour::TimeOutAfter, 1);
    host.sell(RBK);
    host.remove(WEBMONEY);
    let before = host.world.everything();
    for _ in 0..3 {
        host.pass(10 * 86_400);
        host.resume();
        assert_eq!((host.deal.status(), host.world.everything()), (Status::Settling, before.clone()));
    }
    let order = host.deal.pending().next().unwrap();
    assert_eq!(host.agent.gateway.route(&order), Ok(&text(WEBMONEY)));
    let error = host.agent.gateway.execute(order).unwrap_err();
    assert_eq!(error, RouterError::NotRouted(RouteError::UnknownGateway(text(WEBMONEY))));
    host.restore(WEBMONEY);
    host.resume();
    assert_eq!((host.deal.status(), host.world.everything()), (Status::Completed, before));
    host.world.check();
}

/// The router trusts in it: the kind of a destination is part of the choice.
#[test]
fn a_destination_does_not_change_while_an_order_has_no_answer() {
    let mut host = Host::new();
    host.rule(Time::MIN, PayoutTo::Wallet, WEBMONEY);
    host.destination(Payee::Seller, Destination::Wallet(text("R-1")));
    host.world.behave(WEBMONEY, Behaviour::TimeOut, 1);
    host.sell(WEBMONEY);
    let card = Some(Destination::Card(text("card-1")));
    let refused = host.submit(&SetDestination::new(Payee::Seller, card).into(), seller());
    assert_eq!(refused, Err(AgentError::Rejected(Rejection::AttemptUnanswered)));
}

// --- lost and doubled answers ---

#[test]
fn every_behaviour_of_every_gateway_moves_the_money_once() {
    use Behaviour::{AnswerTwice, Decline, Prompt, Silent, TimeOut, TimeOutAfter};
    for behaviour in [Prompt, Silent, Decline, TimeOut, TimeOutAfter, AnswerTwice] {
        for gateway in [MAIL, RBK, WEBMONEY] {
            let mut host = Host::new();
            host.rule(Time::MIN, PayoutTo::Wallet, WEBMONEY);
            host.rule(Time::MIN, PayoutTo::Card, MAIL);
            host.destination(Payee::Seller, Destination::Wallet(text("R-1")));
            host.destination(Payee::Party(text("partner")), Destination::Card(text("card-1")));
            host.world.behave(gateway, behaviour, 3);
            host.sell(RBK);
            host.finish();
            assert_eq!(host.deal.status(), Status::Completed, "{behaviour:?} at {gateway}");
            let mut paid: BTreeMap<Payee, i64> = BTreeMap::new();
            for (_, _, payee, minor) in host.world.everything() {
                *paid.entry(payee).or_default() += minor;
            }
            for leg in host.deal.legs().iter().filter(|l| l.state() == LegState::Settled) {
                assert_eq!(
                    paid.remove(leg.payee()),
                    Some(leg.amount().minor()),
                    "{behaviour:?} at {gateway}"
                );
            }
            assert_eq!(paid, BTreeMap::new(), "nobody is paid what no leg says");
            host.world.check();
        }
    }
}

// --- gateways of different kinds ---

/// Another gateway, with another error.
struct Bank(ScriptedGateway);

#[derive(Debug)]
struct Busy;

impl std::fmt::Display for Busy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the bank is busy")
    }
}

impl std::error::Error for Busy {}

impl escrow::port::PaymentGateway for Bank {
    type Error = Busy;

    async fn checkout(
        &self,
        request: escrow::port::CheckoutRequest<'_>,
    ) -> Result<escrow::port::CheckoutForm, Busy> {
        escrow::port::PaymentGateway::checkout(&self.0, request).await.map_err(|_| Busy)
    }

    async fn execute(&self, order: escrow::deal::PendingOrder<'_>) -> Result<Answered, Busy> {
        escrow::port::PaymentGateway::execute(&self.0, order).await.map_err(|_| Busy)
    }
}

/// The async agent, over boxed gateways of two types: a whole deal, with an answer that is lost.
#[test]
fn gateways_of_different_kinds_are_boxed() {
    let method =
        |name: &str| [Method::new(text(name), rub(1), rub(100_000_00), three_percent(), rub(0)).unwrap()];
    let bank = Bank(ScriptedGateway::new());
    let rule = escrow_testing::Rule {
        kind: Some(TransactionKind::Payout),
        payee: None,
        times: 1,
        behaviour: Behaviour::TimeOutAfter,
    };
    bank.0.script(rule);
    let bank: BoxedGateway = Box::new(bank);
    let router = Router::new(PayoutRules::new(text("bank")))
        .with(text("bank"), bank, method("card"))
        .and_then(|r| r.with(text(WEBMONEY), Box::new(ScriptedGateway::new()), method("wmr")))
        .unwrap();
    let agent = Agent::new(ManualClock::new(start()), router);
    let mut sink = MemorySink::new();
    pollster::block_on(async {
        let mut deal =
            agent.open(&mut sink, world::id(1), world::terms(Policy::shop()), seller()).await.unwrap();
        let asked = request("checkout-1", "wmr", rub(1_000_00));
        agent.submit(&mut sink, &mut deal, &asked, buyer()).await.unwrap();
        let escrow::Command::RequestPayment(asked) = &asked else { panic!() };
        assert!(agent.checkout(&deal, asked).await.is_ok());
        let paid = pay(WEBMONEY, "w-1", rub(1_000_00));
        agent.submit(&mut sink, &mut deal, &paid, Actor::Gateway).await.unwrap();
        agent.submit(&mut sink, &mut deal, &StartPerforming {}.into(), seller()).await.unwrap();
        let receipt = agent.submit(&mut sink, &mut deal, &Accept::default().into(), buyer()).await.unwrap();
        assert!(receipt.has_pending, "the answer to the payout was lost");
        agent.resume(&mut sink, &mut deal).await.unwrap();
        assert_eq!(deal.status(), Status::Completed);
    });
}

/// The error of a boxed gateway is still its own.
#[test]
fn a_boxed_error_is_the_gateways_own() {
    let bank = Bank(ScriptedGateway::new());
    bank.0.script(escrow_testing::Rule { kind: None, payee: None, times: 9, behaviour: Behaviour::TimeOut });
    let bank: BoxedGateway = Box::new(bank);
    let router = Router::new(PayoutRules::new(text(RBK))).with(text(RBK), bank, []).unwrap();
    let mut host = Host::new();
    host.world.behave(RBK, Behaviour::TimeOut, 9);
    host.sell(RBK);
    let order = host.deal.pending().next().unwrap();
    let error = pollster::block_on(escrow::port::PaymentGateway::execute(&router, order)).unwrap_err();
    let RouterError::Gateway(error) = error else { panic!("{error:?}") };
    assert_eq!(error.to_string(), "the bank is busy");
    assert!(error.into_inner().is::<Busy>());
}

/// Blocking gateways of different kinds need no box of ours.
#[test]
fn blocking_gateways_of_different_kinds_are_boxes_too() {
    type Any = Box<dyn blocking::PaymentGateway<Error = TimedOut>>;
    let world = Host::new().world;
    let one: Any = Box::new(ScriptedGateway::new());
    let two: Any = Box::new(world.gateway(RBK));
    let router = Router::new(PayoutRules::new(text(RBK)))
        .with(text(WEBMONEY), one, [])
        .and_then(|r| r.with(text(RBK), two, []))
        .unwrap();
    let agent = escrow::agent::blocking::Agent::new(ManualClock::new(start()), router);
    let mut sink = MemorySink::new();
    let mut deal = agent.open(&mut sink, world::id(1), world::terms(Policy::shop()), seller()).unwrap();
    let act = |deal: &mut Deal, command: escrow::Command, caller: Caller, sink: &mut MemorySink| {
        agent.submit(sink, deal, &command, caller).unwrap();
    };
    act(&mut deal, pay(WEBMONEY, "w-1", rub(1_000_00)), Actor::Gateway.into(), &mut sink);
    act(&mut deal, StartPerforming {}.into(), seller(), &mut sink);
    act(&mut deal, Accept::default().into(), buyer(), &mut sink);
    assert_eq!(deal.status(), Status::Completed);
    assert_eq!(world.paid(RBK).len(), 4);
}

// --- whatever happens ---

/// What may happen between two attempts.
#[derive(Clone, Debug)]
enum Chance {
    Pass(u32),
    Down(usize),
    Up(usize),
    Remove(usize),
    Restore(usize),
    Rule(usize, usize),
    Behave(usize, usize),
    Ask(usize, u8),
    Pay(usize, i64, bool),
    Claim(usize),
    Destination(usize, usize),
    Sell,
    Cancel,
    Resume,
}

fn chances() -> impl Strategy<Value = Chance> {
    prop_oneof![
        (1..200_000_u32).prop_map(Chance::Pass),
        (0..3_usize).prop_map(Chance::Down),
        (0..3_usize).prop_map(Chance::Up),
        (0..3_usize).prop_map(Chance::Remove),
        (0..3_usize).prop_map(Chance::Restore),
        (0..4_usize, 0..3_usize).prop_map(|(kind, g)| Chance::Rule(kind, g)),
        (0..3_usize, 0..6_usize).prop_map(|(g, b)| Chance::Behave(g, b)),
        (0..3_usize, 0..3_u8).prop_map(|(method, key)| Chance::Ask(method, key)),
        (0..3_usize, prop_oneof![Just(1_000_00), 1..1_200_00_i64], any::<bool>())
            .prop_map(|(g, minor, held)| Chance::Pay(g, minor, held)),
        (0..3_usize).prop_map(Chance::Claim),
        (0..3_usize, 0..4_usize).prop_map(|(who, kind)| Chance::Destination(who, kind)),
        Just(Chance::Sell),
        Just(Chance::Cancel),
        Just(Chance::Resume),
        Just(Chance::Resume),
    ]
}

fn happen(host: &mut Host, chance: &Chance, n: usize) {
    use Behaviour::{AnswerTwice, Decline, Prompt, Silent, TimeOut, TimeOutAfter};
    const GATEWAYS: [&str; 3] = [MAIL, RBK, WEBMONEY];
    const KINDS: [PayoutTo; 4] = [PayoutTo::Account, PayoutTo::Card, PayoutTo::Wallet, PayoutTo::Known];
    match *chance {
        Chance::Pass(seconds) => host.pass(seconds),
        Chance::Down(g) => host.down(GATEWAYS[g]),
        Chance::Up(g) => host.up(GATEWAYS[g]),
        Chance::Remove(g) => host.remove(GATEWAYS[g]),
        Chance::Restore(g) => host.restore(GATEWAYS[g]),
        Chance::Rule(kind, g) => {
            // rules lie in the future; one second later, all processes have them
            let from = host.agent.clock.now().plus_secs(1);
            host.rule(from, KINDS[kind], GATEWAYS[g]);
            host.pass(1);
        }
        Chance::Behave(g, b) => {
            let behaviour = [Prompt, Silent, Decline, TimeOut, TimeOutAfter, AnswerTwice][b];
            host.world.behave(GATEWAYS[g], behaviour, 2);
        }
        Chance::Ask(method, key) => {
            let method = ["moneymail", "rbk-money", "wmr"][method];
            let asked = request(&format!("checkout-{key}"), method, rub(100_00));
            let _ = host.submit(&asked, buyer());
            let _ = host.checkout(&asked);
        }
        Chance::Pay(g, minor, held) => {
            let mut paid = confirm(GATEWAYS[g], &format!("p-{n}"), minor);
            if held {
                paid.held_until = Some(host.agent.clock.now().plus_secs(5 * 86_400));
            }
            let _ = host.submit(&paid.into(), Actor::Gateway);
        }
        Chance::Claim(g) => {
            let payment = Some(claim(GATEWAYS[g], &format!("c-{n}")));
            let _ = host.submit(&Agree::new(1).payment(payment).into(), buyer());
        }
        Chance::Destination(who, kind) => {
            let payee = [Payee::Seller, Payee::Party(text("partner")), Payee::Buyer][who].clone();
            let token = text(&format!("token-{n}"));
            let to = [Destination::Account, Destination::Card, Destination::Wallet, |_| Destination::Balance];
            let _ = host.try_destination(payee, to[kind](token));
        }
        Chance::Sell => {
            let _ = host.submit(&StartPerforming {}.into(), seller());
            let _ = host.submit(&Accept::default().into(), buyer());
        }
        Chance::Cancel => {
            let _ = host.submit(&Cancel::default().into(), seller());
        }
        Chance::Resume => host.resume(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_500, failure_persistence: None, ..ProptestConfig::default() })]

    /// Gateways go down, come and go, lose answers and decline; rules are added: a key reaches one gateway at most, and
    /// what left the gateways is what the deal says.
    #[test]
    fn every_key_reaches_at_most_one_gateway(chances in proptest::collection::vec(chances(), 1..60)) {
        let mut host = Host::new();
        for (n, chance) in chances.iter().enumerate() {
            happen(&mut host, chance, n);
            host.world.check();
            // the money waits for its own gateway only
            let pending: Vec<_> = host.deal.pending().map(|o| (o.key, host.agent.gateway.route(&o).cloned())).collect();
            for (key, route) in pending {
                let reached = host.world.reached(key);
                prop_assert!(reached.is_empty() || reached == [route.unwrap().as_str()]);
            }
        }
        // once everything works again, everything comes to an end
        for gateway in [MAIL, RBK, WEBMONEY] {
            host.restore(gateway);
            host.up(gateway);
        }
        host.finish();
        host.world.check();
        let out: i64 = host.world.everything().iter().filter(|(_, kind, ..)| {
            matches!(kind, TransactionKind::Refund | TransactionKind::Payout | TransactionKind::Fee)
        }).map(|(.., minor)| minor).sum();
        let settled: i64 = host.deal.legs().iter().filter_map(|l| {
            let kind = host.deal.transaction(l.transaction()?)?.kind();
            (l.state() == LegState::Settled && kind != TransactionKind::Void).then(|| l.amount().minor())
        }).sum();
        prop_assert_eq!(out, settled);
        prop_assert!(host.deal.pending().next().is_none());
    }
}

/// Whatever a deal goes through, with every kind of order: where it is to go never changes while it has no answer.
#[test]
fn an_order_is_routed_alike_for_as_long_as_it_is_open() {
    use proptest::test_runner::{Config, TestCaseError, TestRunner};
    let rules = PayoutRules::new(text("default"))
        .rule(Time::MIN, PayoutTo::Card, text("cards"))
        .and_then(|r| {
            // three days into most of the histories
            let later = Time::parse("2026-01-04T00:00:00Z").unwrap();
            r.rule(later, PayoutTo::Card, text("newer"))?.rule(later, PayoutTo::Wallet, text("wallets"))
        })
        .unwrap();
    let router: Router<ScriptedGateway> = Router::new(rules);
    let config = Config { cases: 600, failure_persistence: None, ..Config::default() };
    let ran = TestRunner::new(config).run(&escrow_testing::strategies::histories(), |history| {
        let mut routes = BTreeMap::new();
        history
            .play(|moment| {
                for order in moment.after.pending() {
                    let route = router.route(&order).map_err(|e| e.to_string())?.clone();
                    let first = routes.entry(order.key).or_insert_with(|| route.clone());
                    if *first != route {
                        return Err(format!("{}: {first}, then {route}", order.key));
                    }
                }
                Ok(())
            })
            .map(drop)
            .map_err(TestCaseError::fail)
    });
    ran.unwrap_or_else(|found| panic!("{found}"));
}

// --- what a subscription is charged to ---

/// A monthly 4.90 that is charged through a router, and given back where it was taken twice. Without a gateway that has the
/// payer's instrument on file nothing is lost: the error says so, and the same order goes out once there is one.
#[test]
fn a_subscription_is_charged_by_the_gateway_that_has_its_instrument() {
    use escrow::Context;
    use escrow::agent::{Observer, blocking::Agent};
    use escrow::deal::PendingOrder;
    use escrow::port::{Aggregate as _, Commit, blocking::Repository};
    use escrow_market::subscription::{
        Period, Plan, Recipient, Status, SubscriptionDraft, SubscriptionTerms,
    };
    use escrow_market::{Subscription, SubscriptionId};
    use escrow_testing::{MemoryRepository, Rule};
    use std::sync::{Arc, Mutex};

    #[derive(Clone, Default)]
    struct Heard(Arc<Mutex<Vec<RouterError<TimedOut>>>>);

    impl Observer<RouterError<TimedOut>> for Heard {
        fn gateway_failed(&self, order: &PendingOrder<'_>, error: &RouterError<TimedOut>) {
            assert_eq!(order.kind, TransactionKind::Charge);
            self.0.lock().unwrap().push(error.clone());
        }
    }

    let id = SubscriptionId::new(uuid::Uuid::from_u128(4));
    let plan = Plan::new(rub(4_90), Period::Months(1));
    let terms =
        SubscriptionTerms::new(SubscriptionDraft::new(text("anna"), Recipient::Platform, plan)).unwrap();
    let (begun, first) = Subscription::subscribe(id, terms, &Context::party(start(), text("anna"))).unwrap();
    let stored = MemoryRepository::<Subscription>::new();
    Repository::commit(&stored, Commit::new(None, first.events(), &begun, start())).unwrap();
    let load = || Repository::load(&stored, id).unwrap().unwrap();
    let (mail, card) = (ScriptedGateway::new(), ScriptedGateway::new());
    let both =
        |router: Router<_>| router.with(text(MAIL), &mail, []).unwrap().with(text(RBK), &card, []).unwrap();
    let payouts = || PayoutRules::new(text(MAIL));

    let heard = Heard::default();
    let router = both(Router::new(payouts()));
    let agent = Agent::new(ManualClock::new(start()), router).observed_by(heard.clone());
    let _ = agent.catch_up(&stored, id);
    let _ = agent.catch_up(&stored, id);
    let errors = heard.0.lock().unwrap().clone();
    assert!(!errors.is_empty(), "nobody was told");
    assert!(errors.iter().all(|e| *e == RouterError::NotRouted(RouteError::NoSource)), "{errors:?}");
    let waiting = load();
    let order = waiting.unanswered_from(escrow::TxId::new(0)).expect("it waits");

    // the same order, by the gateway that has the instrument; it is declined, and has been taken after all
    let (kind, behaviour) = (Some(TransactionKind::Charge), Behaviour::DeclinedThenDone);
    card.script(Rule { kind, payee: None, times: 1, behaviour });
    let router = both(Router::new(payouts()).charging(text(RBK)));
    assert_eq!(router.route(&order), Ok(&text(RBK)));
    let agent = Agent::new(ManualClock::new(start()), router);
    let _ = agent.catch_up(&stored, id).unwrap();
    assert_eq!(load().status(), Status::PastDue);
    let late = Subscription::answer(order.number(), Answered::Succeeded(text("late")));
    let _ = agent.act(&stored, id, late, Actor::Gateway).unwrap();
    assert_eq!(load().refunds().count(), 0, "what is owed back went back");
    assert!(mail.executions().is_empty());
    let done: Vec<_> = card.executions().into_iter().map(|(key, done)| (key, done.kind)).collect();
    assert_eq!(done[0], (order.key, TransactionKind::Charge));
    assert_eq!((done.len(), done[1].1), (2, TransactionKind::Refund));
}
