//! A sale, a cart and a payee's balance, worked out by hand, in euros.

use escrow::deal::command::{Accept, Answer, Answered, SetDestination, StartPerforming};
use escrow::deposit::DepositId;
use escrow::terms::{Fee, FeePayee, Item, Payer};
use escrow::{
    Actor, Context, Currency, Deal, DealId, Destination, Money, Payee, Policy, Rate, Terms, TermsDraft, Time,
};
use escrow_ledger::{Booked, Ledger};
use escrow_market::balance::command::{Confirm, Request};
use escrow_market::balance::{BalancePolicy, Holder};
use escrow_market::basket::command::{Chargeback, ChargebackStep, ConfirmPayment};
use escrow_market::basket::{BasketDraft, Line};
use escrow_market::code::{Attempt, CodeHash, PlainCode, Salt};
use escrow_market::follow::FollowCommand;
use escrow_market::{Balance, BalanceId, Basket, BasketId};

fn text<T: std::str::FromStr<Err: std::fmt::Debug>>(text: &str) -> T {
    text.parse().unwrap()
}

fn eur(minor: i64) -> Money {
    Money::from_minor(minor, Currency::EUR)
}

fn now() -> Time {
    text("2026-03-01T12:00:00Z")
}

fn deal_id(n: u128) -> DealId {
    DealId::new(escrow::uuid::Uuid::from_u128(n))
}

fn operator() -> Context {
    Context::new(now(), Actor::Operator(text("olga")))
}

fn party(id: &str) -> Context {
    Context::party(now(), text(id))
}

/// Gives a command, and books what follows.
fn book<M: Booked<Rejection: std::fmt::Debug>>(
    ledger: &mut Ledger,
    machine: &mut M,
    command: impl Into<M::Command>,
    context: &Context,
) -> Vec<escrow::Recorded<M::Event>> {
    let before = machine.clone();
    let events = machine.handle(&command.into(), context).unwrap().into_events().into_vec();
    ledger.record_all(&before, &events);
    events
}

/// A lamp of 30.00 of A's with a commission of 10 %, and a rug of 70.00 of B's.
fn sale(n: u128, seller: &str, minor: i64) -> Deal {
    let items = vec![Item::new(text("Thing"), eur(minor), 1)];
    let mut draft = TermsDraft::new(text("anna"), text(seller), Currency::EUR, items, Policy::shop());
    let rate = Rate::from_ppm(100_000).unwrap();
    draft.fees = vec![Fee::of_price(text("platform"), FeePayee::Platform, rate, Payer::Seller)];
    Deal::propose(deal_id(n), Terms::new(draft).unwrap(), &operator()).unwrap().0
}

/// What an account comes to, in cents.
fn sum(ledger: &Ledger, account: &str) -> i64 {
    ledger.balance(account, Currency::EUR).minor()
}

/// A cart that is paid with 5.00 too much; A's deal completes into a balance, from which 20.00 are withdrawn; then 10.50 of
/// the payment are charged back.
pub(crate) fn told() -> Ledger {
    let mut ledger = Ledger::default();
    let mut deals = [sale(1, "a", 30_00), sale(2, "b", 70_00)];
    let line = |deal: &Deal| Line {
        deal: deal.id(),
        deposit: DepositId::BUYER_PAYMENT,
        amount: deal.terms().quote().deposit,
    };
    let draft = BasketDraft::new(
        text("anna"),
        Currency::EUR,
        deals.iter().map(line).collect(),
        now().plus_secs(3_600),
    );
    let id = BasketId::new(escrow::uuid::Uuid::from_u128(3));
    let mut basket = Basket::open(id, draft, &Context::clock(now())).unwrap().0;
    let gateway = Context::gateway(now());
    let tell = |ledger: &mut Ledger,
                basket: &mut Basket,
                deals: &mut [Deal; 2],
                command: escrow_market::basket::Command| {
        let events = book::<Basket>(ledger, basket, command, &gateway);
        for follow in events.iter().flat_map(|recorded| basket.follows(&recorded.event)) {
            let FollowCommand::Deal(command) = follow.command else { panic!() };
            let deal = deals.iter_mut().find(|d| follow.to == escrow_market::follow::MachineId::Deal(d.id()));
            book(ledger, deal.unwrap(), *command, &gateway);
        }
    };
    let paid = ConfirmPayment::charged(text("stripe"), text("pi_1"), eur(105_00));
    tell(&mut ledger, &mut basket, &mut deals, paid.into());
    let refunded = escrow_market::basket::command::Answer::new(1, Answered::Succeeded(text("re_1")));
    tell(&mut ledger, &mut basket, &mut deals, refunded.into());

    let holder = Holder::Party(text("a"));
    let id = BalanceId::new(escrow::uuid::Uuid::from_u128(4));
    let policy = BalancePolicy::default();
    let mut balance = Balance::open(id, holder, Currency::EUR, policy, &Context::clock(now())).unwrap().0;
    let lamp = &mut deals[0];
    book(&mut ledger, lamp, SetDestination::new(Payee::Seller, Destination::Balance), &party("a"));
    book(&mut ledger, lamp, StartPerforming {}, &party("a"));
    book(&mut ledger, lamp, Accept::default(), &party("anna"));
    let orders: Vec<_> = lamp.pending().map(|order| order.number()).collect();
    for tx in orders {
        book(&mut ledger, lamp, Answer::new(tx, Answered::Succeeded(text("fee"))), &gateway);
    }
    let credits: Vec<_> = balance.follow(lamp).collect();
    for credit in credits {
        book(&mut ledger, &mut balance, credit, &Context::clock(now()));
    }
    let code = PlainCode::new("402913").unwrap();
    let request = Request {
        number: 1,
        amount: eur(20_00),
        destination: Destination::Card(text("card")),
        code: CodeHash::new(&code, Salt::new([7; 16])),
    };
    book(&mut ledger, &mut balance, request, &party("a"));
    let confirm = Confirm { withdrawal: 1, attempt: Attempt { code: 1, number: 1, entered: code } };
    book(&mut ledger, &mut balance, confirm, &party("a"));
    let done =
        escrow_market::balance::command::Answer { withdrawal: 1, result: Answered::Succeeded(text("po_1")) };
    book(&mut ledger, &mut balance, done, &gateway);

    let payment = (text("stripe"), text("pi_1"));
    let lost = Chargeback::new(text("cb_1"), payment, eur(10_50), ChargebackStep::Lost);
    tell(&mut ledger, &mut basket, &mut deals, lost.into());
    let debts: Vec<_> = balance.follow(&deals[0]).collect();
    for debt in debts {
        book(&mut ledger, &mut balance, debt, &Context::clock(now()));
    }
    ledger
}

#[test]
fn a_cart_a_balance_and_a_chargeback() {
    let ledger = told();
    assert!(ledger.entries().iter().all(escrow_ledger::Entry::is_balanced));
    let (lamp, rug) = (deal_id(1), deal_id(2));
    // of 10.50 over 30, 70 and the 5 that went back: 3.00, 7.00 and 0.50
    // the rug's deal had not begun: it is cancelled, and what is left of its 70.00 goes back
    assert_eq!(sum(&ledger, &format!("deal:{rug}:buyer_payment:held")), 0);
    assert_eq!(sum(&ledger, &format!("deal:{rug}:buyer_payment:reserved")), -63_00);
    // 105.00 − 5.00 − 10.50 at stripe; the fee of 3.00 and the withdrawal of 20.00 went out without a name
    assert_eq!(sum(&ledger, "gateway:stripe"), 89_50);
    assert_eq!(sum(&ledger, "gateway:payouts"), -23_00);
    // nothing of the lamp's is left to take: the seller owes 3.00, which come out of the balance
    assert_eq!(sum(&ledger, &format!("receivable:{lamp}:1")), 3_00);
    assert_eq!(sum(&ledger, &format!("settled:{lamp}:1")), -3_00);
    // 27.00 − 20.00 − 3.00
    let balance = escrow::uuid::Uuid::from_u128(4);
    assert_eq!(sum(&ledger, &format!("balance:{balance}:available")), -4_00);
    assert_eq!(sum(&ledger, &format!("balance:{balance}:reserved")), 0);
    assert_eq!(sum(&ledger, "payee:a"), 0, "the balance has followed the deal");
    // anna has 0.50 of the excess twice, and nobody else a loss
    let basket = escrow::uuid::Uuid::from_u128(3);
    assert_eq!(sum(&ledger, &format!("receivable:basket:{basket}")), 50);
    assert_eq!(sum(&ledger, &format!("deal:{lamp}:chargebacks")), 0);
    assert_eq!(sum(&ledger, &format!("deal:{rug}:chargebacks")), 0);
}
