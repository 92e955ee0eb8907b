//! The basket: one payment for several deals. Amounts are worked out by hand in the comments, in euros.
#![allow(clippy::arithmetic_side_effects, clippy::indexing_slicing, clippy::panic)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::wildcard_enum_match_arm)]
#![allow(clippy::inconsistent_digit_grouping)]

use escrow::deal::command::{Accept, StartPerforming};
use escrow::deposit::{Buckets, DepositId};
use escrow::terms::Item;
use escrow::{
    Actor, Context, Currency, Deal, DealId, Machine, Money, Policy, Status as DealStatus, Terms, TermsDraft,
    Time,
};
use escrow_market::basket::command::{
    Answer, Answered, Cancel, Chargeback, ChargebackStep, ConfirmPayment, Leave, Retry, Returned, Wake,
};
use escrow_market::basket::{
    BasketDraft, Command, CommandKind, Event, Line, Rejection, Role, Status, permitted,
};
use escrow_market::follow::{FollowCommand, MachineId};
use escrow_market::{Basket, BasketId, Follow};
use uuid::Uuid;

fn text<T: std::str::FromStr<Err: std::fmt::Debug>>(text: &str) -> T {
    text.parse().unwrap()
}

fn eur(minor: i64) -> Money {
    Money::from_minor(minor, Currency::EUR)
}

fn at(secs: u32) -> Time {
    text::<Time>("2026-03-01T12:00:00Z").plus_secs(secs)
}

fn deal_id(n: u128) -> DealId {
    DealId::new(Uuid::from_u128(n))
}

fn party(id: &str) -> Actor {
    Actor::Party(text(id))
}

/// A lamp of A's or a rug of B's, awaiting anna's deposit.
fn sale(n: u128, seller: &str, minor: i64) -> Deal {
    let items = vec![Item::new(text("Thing"), eur(minor), 1)];
    let draft = TermsDraft::new(text("anna"), text(seller), Currency::EUR, items, Policy::shop());
    let operator = Context::new(at(0), Actor::Operator(text("olga")));
    Deal::propose(deal_id(n), Terms::new(draft).unwrap(), &operator).unwrap().0
}

struct Cart {
    basket: Basket,
    deals: Vec<Deal>,
    now: u32,
}

/// A lamp of 30.00 and a rug of 70.00; an hour to pay.
fn cart() -> Cart {
    let deals = vec![sale(1, "a", 30_00), sale(2, "b", 70_00)];
    let line = |deal: &Deal| Line {
        deal: deal.id(),
        deposit: DepositId::BUYER_PAYMENT,
        amount: deal.terms().quote().deposit,
    };
    let lines = deals.iter().map(line).collect();
    let draft = BasketDraft::new(text("anna"), Currency::EUR, lines, at(3_600));
    let basket = Basket::open(BasketId::new(Uuid::nil()), draft, &Context::clock(at(0))).unwrap().0;
    Cart { basket, deals, now: 0 }
}

impl Cart {
    /// Gives a command to the basket; what follows for the deals is not delivered yet.
    fn tell(&mut self, command: impl Into<Command>, actor: Actor) -> (Vec<Event>, Vec<Follow>) {
        let context = Context::new(at(self.now), actor);
        let transition = self.basket.handle(&command.into(), &context).unwrap();
        assert_eq!(self.basket.check(), Ok(()));
        let events: Vec<Event> = transition.into_events().into_iter().map(|r| r.event).collect();
        let follows = events.iter().flat_map(|event| self.basket.follows(event)).collect();
        (events, follows)
    }

    fn gateway(&mut self, command: impl Into<Command>) -> Vec<Event> {
        let (events, follows) = self.tell(command, Actor::Gateway);
        self.deliver(&follows);
        events
    }

    /// Delivers what follows, in this order.
    fn deliver(&mut self, follows: &[Follow]) {
        for follow in follows {
            let MachineId::Deal(id) = follow.to else { panic!("{follow:?}") };
            let FollowCommand::Deal(command) = &follow.command else { panic!("{follow:?}") };
            let deal = self.deals.iter_mut().find(|deal| deal.id() == id).unwrap();
            let _ = deal.handle(command, &Context::new(at(self.now), follow.actor().unwrap())).unwrap();
        }
    }

    fn act(&mut self, n: usize, actor: &str, command: impl Into<escrow::Command>) {
        let context = Context::new(at(self.now), party(actor));
        let _ = self.deals[n].handle(&command.into(), &context).unwrap();
    }

    /// The gateway does what every deal has ordered.
    fn settle(&mut self) {
        for deal in &mut self.deals {
            let orders: Vec<_> = deal.pending().map(|order| order.number()).collect();
            for tx in orders {
                let done = escrow::deal::command::Answered::Succeeded(text(&format!("done-{}", tx.number())));
                let answer = escrow::deal::command::Answer::new(tx, done);
                let _ = deal.handle(&answer.into(), &Context::gateway(at(self.now))).unwrap();
            }
        }
    }

    fn buckets(&self, n: usize) -> Buckets {
        *self.deals[n].deposit(DepositId::BUYER_PAYMENT).unwrap().buckets()
    }
}

fn paid(reference: &str, minor: i64) -> ConfirmPayment {
    ConfirmPayment::charged(text("stripe"), text(reference), eur(minor))
}

fn chargeback(id: &str, minor: i64, step: ChargebackStep) -> Chargeback {
    Chargeback::new(text(id), (text("stripe"), text("pi_1")), eur(minor), step)
}

/// (received, held, reserved, paid out, refunded, charged back) of a payment.
fn sums(cart: &Cart, payment: usize) -> [i64; 6] {
    let s = cart.basket.sums(payment);
    assert!(s.conserve());
    [s.received, s.held, s.reserved, s.paid_out, s.refunded, s.charged_back]
}

#[test]
fn one_payment_funds_every_deal() {
    let mut cart = cart();
    assert_eq!(cart.basket.outstanding(), eur(100_00));
    cart.gateway(paid("pi_1", 100_00));
    assert_eq!(cart.basket.status(), Status::Full);
    assert_eq!(sums(&cart, 0), [100_00, 0, 0, 100_00, 0, 0]);
    for (n, minor) in [(0, 30_00), (1, 70_00)] {
        assert_eq!(cart.deals[n].status(), DealStatus::AwaitingPerformance);
        assert_eq!(cart.buckets(n).held, minor);
    }
    // the gateway says it again: nothing new, for nobody
    assert_eq!(cart.gateway(paid("pi_1", 100_00)), []);
    let all = cart.basket.follows_all();
    let before = cart.deals.clone();
    cart.deliver(&all);
    assert_eq!(cart.deals, before);
}

#[test]
fn two_payments_fill_it_and_the_excess_goes_back() {
    let mut cart = cart();
    cart.gateway(paid("pi_1", 60_00));
    assert_eq!((cart.basket.status(), cart.basket.outstanding()), (Status::Open, eur(40_00)));
    // 30.00 to the lamp and 30.00 to the rug of the first, 40.00 to the rug of the second, 5.00 over
    cart.gateway(paid("pi_2", 45_00));
    assert_eq!(cart.basket.payments()[0].parts, [30_00, 30_00]);
    assert_eq!(cart.basket.payments()[1].parts, [0, 40_00]);
    assert_eq!(sums(&cart, 1), [45_00, 0, 5_00, 40_00, 0, 0]);
    let refund = cart.basket.pending().next().unwrap();
    assert_eq!((refund.amount, refund.source.as_str()), (eur(5_00), "pi_2"));
    assert_eq!(refund.key.to_string(), "00000000-0000-0000-0000-000000000000:1");
    cart.gateway(Answer::new(1, Answered::Succeeded(text("re_1"))));
    assert_eq!(sums(&cart, 1), [45_00, 0, 0, 40_00, 5_00, 0]);
    assert!(cart.basket.is_settled());
    assert_eq!((cart.buckets(0).held, cart.buckets(1).held), (30_00, 70_00));
}

#[test]
fn what_is_not_full_in_time_goes_back() {
    let mut cart = cart();
    cart.gateway(paid("pi_1", 99_99));
    cart.now = 3_599;
    assert_eq!(cart.tell(Wake {}, Actor::Clock).0, []);
    cart.now = 3_600;
    let (events, follows) = cart.tell(Wake {}, Actor::Clock);
    assert!(matches!(events[..], [Event::GivenUp { .. }, Event::RefundOrdered { .. }]), "{events:?}");
    assert_eq!(follows, []);
    assert_eq!(sums(&cart, 0), [99_99, 0, 99_99, 0, 0, 0]);
    // what comes later goes back, too
    cart.gateway(paid("pi_2", 100_00));
    assert_eq!(sums(&cart, 1), [100_00, 0, 100_00, 0, 0, 0]);
    // a refund that is declined waits for an operator, and can be tried again
    cart.gateway(Answer::new(1, Answered::Declined(text("card closed"))));
    assert_eq!(sums(&cart, 0), [99_99, 99_99, 0, 0, 0, 0]);
    cart.tell(Retry { refund: 1 }, Actor::Operator(text("olga")));
    assert_eq!(cart.tell(Retry { refund: 1 }, Actor::Operator(text("olga"))).0, []);
    cart.gateway(Answer::new(3, Answered::Succeeded(text("re_3"))));
    cart.gateway(Answer::new(2, Answered::Succeeded(text("re_2"))));
    assert_eq!(sums(&cart, 0), [99_99, 0, 0, 0, 99_99, 0]);
    assert!(cart.basket.is_settled());
}

#[test]
fn a_refund_bounces() {
    let mut cart = cart();
    cart.gateway(paid("pi_1", 110_00));
    cart.gateway(Answer::new(1, Answered::Succeeded(text("re_1"))));
    // the bank gives 4.00 of the 10.00 back: they wait for an operator
    cart.gateway(Returned::new(1, eur(4_00), text("b_1")));
    assert_eq!(cart.gateway(Returned::new(1, eur(4_00), text("b_1"))), []);
    assert_eq!(sums(&cart, 0), [110_00, 4_00, 0, 100_00, 6_00, 0]);
    let context = Context::gateway(at(1));
    let more = cart.basket.handle(&Returned::new(1, eur(6_01), text("b_2")).into(), &context).map(drop);
    assert_eq!(more, Err(Rejection::FactContradicts { recorded: eur(6_00), told: eur(6_01) }));
    cart.tell(Retry { refund: 1 }, Actor::Operator(text("olga")));
    assert_eq!(cart.basket.pending().next().unwrap().amount, eur(4_00));
    cart.gateway(Answer::new(2, Answered::Succeeded(text("re_2"))));
    assert_eq!(sums(&cart, 0), [110_00, 0, 0, 100_00, 10_00, 0]);
}

#[test]
fn a_deal_that_ended_before_payment_leaves() {
    let mut cart = cart();
    cart.gateway(paid("pi_1", 70_00));
    cart.act(0, "a", escrow::deal::command::Cancel::new(text("sold out")));
    let leave = cart.basket.follow(&cart.deals[0]).unwrap();
    assert_eq!(leave, Leave { deal: deal_id(1) }.into());
    let (_, follows) = cart.tell(leave, Actor::Clock);
    // what was too little for both is enough for the rug
    assert_eq!((cart.basket.status(), follows.len()), (Status::Full, 1));
    cart.deliver(&follows);
    assert_eq!(cart.buckets(1).held, 70_00);
    assert_eq!(cart.basket.follow(&cart.deals[0]), None);
    assert_eq!(cart.tell(Leave { deal: deal_id(1) }, Actor::Clock).0, []);
    assert_eq!(cart.tell(Leave { deal: deal_id(2) }, Actor::Clock).0, [], "too late to leave");
}

#[test]
fn a_basket_that_everybody_has_left_gives_everything_back() {
    let mut cart = cart();
    cart.gateway(paid("pi_1", 10_00));
    cart.tell(Leave { deal: deal_id(1) }, Actor::Clock);
    cart.tell(Leave { deal: deal_id(2) }, Actor::Clock);
    assert_eq!(cart.basket.status(), Status::GivenUp);
    assert_eq!(sums(&cart, 0), [10_00, 0, 10_00, 0, 0, 0]);
}

/// The case of `cases/README.md`: B never ships, A was paid, and then 50.00 of the payment are charged back.
#[test]
fn a_chargeback_is_divided_by_what_is_left_of_each_line() {
    let mut cart = cart();
    cart.gateway(paid("pi_1", 100_00));
    cart.act(0, "a", StartPerforming {});
    cart.act(0, "anna", Accept::default());
    cart.settle();
    assert_eq!(cart.buckets(0).paid_out, 30_00);
    // seven days to start
    cart.now = 7 * 86_400;
    for deal in &mut cart.deals {
        let wake = escrow::deal::command::Wake {};
        let _ = deal.handle(&wake.into(), &Context::clock(at(7 * 86_400))).unwrap();
    }
    cart.settle();
    assert_eq!((cart.deals[1].status(), cart.buckets(1).refunded), (DealStatus::Cancelled, 70_00));
    cart.gateway(chargeback("cb_1", 50_00, ChargebackStep::Lost));
    // 50 × 30/100 and 50 × 70/100
    let parts = cart.basket.cases()[0].lost_on.clone().unwrap();
    assert_eq!((parts.lines, parts.rest), (vec![15_00, 35_00], 0));
    // the seller of the lamp owes 15.00; anna has 35.00 of the rug twice
    let debts: Vec<_> =
        cart.deals.iter().flat_map(|d| d.receivables().map(|r| (r.debtor.clone(), r.open()))).collect();
    assert_eq!(debts, [(escrow::Payee::Seller, eur(15_00)), (escrow::Payee::Buyer, eur(35_00))]);
    // reinstated: 20.00 by what was lost, 6.00 and 14.00
    cart.gateway(chargeback("cb_1", 20_00, ChargebackStep::Reinstated));
    let debts: Vec<_> = cart.deals.iter().flat_map(|d| d.receivables().map(|r| r.open())).collect();
    assert_eq!(debts, [eur(9_00), eur(21_00)]);
}

#[test]
fn the_excess_that_went_back_is_a_line() {
    let mut cart = cart();
    cart.gateway(paid("pi_1", 150_00));
    cart.gateway(Answer::new(1, Answered::Succeeded(text("re_1"))));
    assert_eq!(sums(&cart, 0), [150_00, 0, 0, 100_00, 50_00, 0]);
    // of 10.00: 30/150, 70/150 and 50/150 are 2.00, 4.666 and 3.333
    cart.gateway(chargeback("cb_1", 10_00, ChargebackStep::Opened));
    let parts = cart.basket.cases()[0].opened_on.clone().unwrap();
    assert_eq!((parts.lines, parts.rest), (vec![2_00, 4_67], 3_33));
    cart.gateway(chargeback("cb_1", 10_00, ChargebackStep::Lost));
    // what fell on the excess, anna has twice
    assert_eq!(cart.basket.owed(0), Some(eur(3_33)));
    assert_eq!(cart.buckets(0).charged_back + cart.buckets(1).charged_back, 6_67);
    // the next one by what is left: 28.00, 65.33 and 46.67 of 140.00; of 14.00: 2.80, 6.533 and 4.667
    cart.gateway(chargeback("cb_2", 14_00, ChargebackStep::Lost));
    let parts = cart.basket.cases()[1].lost_on.clone().unwrap();
    assert_eq!((parts.lines, parts.rest), (vec![2_80, 6_53], 4_67));
}

/// Won, and lost after all: a deal that has heard of the loss first would refuse the older word. The basket does not tell it
/// any more, but to a deal on which nothing of the loss falls.
#[test]
fn what_is_lost_after_all_is_not_told_to_be_won_any_more() {
    let mut cart = cart();
    cart.gateway(paid("pi_1", 100_00));
    cart.gateway(chargeback("cb_1", 2, ChargebackStep::Opened));
    let (_, won) = cart.tell(chargeback("cb_1", 2, ChargebackStep::Won), Actor::Gateway);
    assert_eq!(won.len(), 2, "0.01 of each is not disputed any more");
    // 0.01 falls on the rug alone
    let (_, lost) = cart.tell(chargeback("cb_1", 1, ChargebackStep::Lost), Actor::Gateway);
    cart.deliver(&lost);
    let told = cart.basket.follows_all();
    cart.deliver(&told);
    cart.deliver(&told);
    let late = cart.deals[1].clone().handle(
        &match &won[1].command {
            FollowCommand::Deal(command) => (**command).clone(),
            other => panic!("{other:?}"),
        },
        &Context::gateway(at(0)),
    );
    assert!(late.is_err() && !told.contains(&won[1]), "superseded");
    assert_eq!(cart.deals[0].chargebacks()[0].step(), ChargebackStep::Won);
    assert_eq!((cart.buckets(0).charged_back, cart.buckets(1).charged_back), (0, 1));
}

/// A lamp of 30.00 and a rug of 70.00; what was paid of the rug by itself, 10.00, is not outstanding.
#[test]
fn a_line_is_what_is_outstanding_of_its_deposit() {
    let mut cart = cart();
    let with = |n: usize, change: &dyn Fn(&mut Line)| {
        let mut draft = (**cart.basket.draft()).clone();
        change(&mut draft.lines[n]);
        draft
    };
    assert_eq!(cart.deals.iter().try_for_each(|deal| cart.basket.draft().fits(deal)), Ok(()));
    let less = with(1, &|line| line.amount = eur(69_99));
    let refused = Rejection::LineDoesNotFit { line: 2, needed: eur(70_00), given: eur(69_99) };
    assert_eq!((less.fits(&cart.deals[0]), less.fits(&cart.deals[1])), (Ok(()), Err(refused)));
    assert_eq!(refused.code(), "line-does-not-fit");
    let guarantee = with(0, &|line| line.deposit = DepositId::SELLER_GUARANTEE);
    assert_eq!(guarantee.fits(&cart.deals[0]), Err(Rejection::NoSuchDeposit { line: 1 }));
    let mut carls = (**cart.basket.draft()).clone();
    carls.payer = text("carl");
    assert_eq!(carls.fits(&cart.deals[0]), Err(Rejection::NoSuchDeposit { line: 1 }));
    let rest = with(1, &|line| line.amount = eur(60_00));
    let (gateway, reference, deposit) = (text("stripe"), text("pi_0"), DepositId::BUYER_PAYMENT);
    let part = escrow::deal::command::ConfirmPayment::charged(deposit, gateway, reference, eur(10_00));
    let _ = cart.deals[1].handle(&part.into(), &Context::gateway(at(0))).unwrap();
    assert_eq!(rest.fits(&cart.deals[1]), Ok(()));
    // and what has ended leaves
    cart.act(0, "anna", escrow::deal::command::Cancel::new(text("no")));
    assert_eq!(guarantee.fits(&cart.deals[0]), Ok(()));
}

#[test]
fn a_smaller_loss_than_what_was_disputed_frees_the_rest() {
    let mut cart = cart();
    cart.gateway(paid("pi_1", 100_00));
    // 0.02 over 30 and 70: 0.006 and 0.014, so one each; of 0.01 the rug's is the larger remainder
    cart.gateway(chargeback("cb_1", 2, ChargebackStep::Opened));
    let opened = cart.basket.cases()[0].opened_on.clone().unwrap();
    assert_eq!(opened.lines, [1, 1]);
    let (_, follows) = cart.tell(chargeback("cb_1", 1, ChargebackStep::Lost), Actor::Gateway);
    let steps: Vec<_> = follows
        .iter()
        .map(|follow| match &follow.command {
            FollowCommand::Deal(command) => match &**command {
                escrow::Command::Chargeback(c) => (follow.to, c.step, c.amount),
                other => panic!("{other:?}"),
            },
            other => panic!("{other:?}"),
        })
        .collect();
    let (lamp, rug) = (MachineId::Deal(deal_id(1)), MachineId::Deal(deal_id(2)));
    assert_eq!(steps, [(lamp, ChargebackStep::Won, eur(1)), (rug, ChargebackStep::Lost, eur(1))]);
    cart.deliver(&follows);
    assert_eq!((cart.buckets(0).charged_back, cart.buckets(1).charged_back), (0, 1));
}

#[test]
fn a_chargeback_before_the_basket_is_full_takes_from_what_waits() {
    let mut cart = cart();
    // before its payment, even
    cart.gateway(chargeback("cb_1", 20_00, ChargebackStep::Lost));
    cart.gateway(paid("pi_1", 100_00));
    assert_eq!((cart.basket.status(), cart.basket.outstanding()), (Status::Open, eur(20_00)));
    assert_eq!(sums(&cart, 0), [100_00, 80_00, 0, 0, 0, 20_00]);
    cart.gateway(paid("pi_2", 20_00));
    assert_eq!(cart.basket.status(), Status::Full);
    // 30.00 and 50.00 of the first, 20.00 of the second
    assert_eq!(cart.basket.payments()[0].parts, [30_00, 50_00]);
    assert_eq!(cart.basket.payments()[1].parts, [0, 20_00]);
    // reinstated: nobody needs it any more, so it goes back
    cart.gateway(chargeback("cb_1", 20_00, ChargebackStep::Reinstated));
    assert_eq!(sums(&cart, 0), [100_00, 0, 20_00, 80_00, 0, 0]);
}

#[test]
fn what_is_disputed_before_it_is_full_is_told_after() {
    let mut cart = cart();
    cart.gateway(chargeback("cb_1", 10_00, ChargebackStep::Opened));
    let events = cart.gateway(paid("pi_1", 100_00));
    assert!(matches!(events.last(), Some(Event::ChargebackDivided { .. })), "{events:?}");
    // 3.00 and 7.00 are kept back
    let waits: Vec<_> = cart.deals.iter().map(|d| d.chargebacks()[0].opened.unwrap().0).collect();
    assert_eq!(waits, [eur(3_00), eur(7_00)]);
    cart.gateway(chargeback("cb_1", 10_00, ChargebackStep::Won));
    assert!(cart.deals.iter().all(|d| d.chargebacks()[0].won));
}

#[test]
fn money_in_another_currency_goes_back_whole() {
    let mut cart = cart();
    let inr = Money::from_minor(90_000_00, Currency::from_code("INR").unwrap());
    cart.gateway(ConfirmPayment::charged(text("stripe"), text("pi_9"), inr));
    assert_eq!((cart.basket.status(), cart.basket.outstanding()), (Status::Open, eur(100_00)));
    assert_eq!(cart.basket.pending().next().unwrap().amount, inr);
}

/// As many payments as a basket takes go back, and what was declined is tried again: what was ordered can be read again.
#[test]
fn every_payment_goes_back_and_is_tried_again_however_many_there_are() {
    let mut cart = cart();
    let olga = || Actor::Operator(text("olga"));
    let inr = Money::from_minor(1_00, Currency::from_code("INR").unwrap());
    let paid = |n: u32| ConfirmPayment::charged(text("stripe"), text(&format!("pi_{n}")), inr);
    // each is ordered back at once
    for n in 1..=255 {
        cart.gateway(paid(n));
    }
    cart.gateway(Answer::new(1, Answered::Declined(text("closed"))));
    cart.tell(Retry { refund: 1 }, olga());
    cart.gateway(paid(256));
    cart.gateway(Answer::new(2, Answered::Declined(text("closed"))));
    cart.tell(Retry { refund: 2 }, olga());
    // 256 payments, two of them twice
    assert_eq!(cart.basket.refunds().len(), 258);
    let stored = serde_json::to_string(&cart.basket).unwrap();
    assert_eq!(serde_json::from_str::<Basket>(&stored).unwrap(), cart.basket);
}

#[test]
fn facts_that_contradict_are_refused_with_both_sides() {
    let mut cart = cart();
    cart.gateway(paid("pi_1", 40_00));
    let context = Context::gateway(at(1));
    let refused = |cart: &mut Cart, command: Command| cart.basket.handle(&command, &context).unwrap_err();
    let both = Rejection::FactContradicts { recorded: eur(40_00), told: eur(41_00) };
    assert_eq!(refused(&mut cart, paid("pi_1", 41_00).into()), both);
    let mut hold = paid("pi_2", 60_00);
    hold.held_until = Some(at(60));
    assert_eq!(refused(&mut cart, hold.into()), Rejection::Hold);
    cart.gateway(chargeback("cb_1", 5_00, ChargebackStep::Lost));
    let both = Rejection::FactContradicts { recorded: eur(5_00), told: eur(6_00) };
    assert_eq!(refused(&mut cart, chargeback("cb_1", 6_00, ChargebackStep::Lost).into()), both);
    let other =
        Chargeback::new(text("cb_1"), (text("stripe"), text("pi_2")), eur(1), ChargebackStep::Reinstated);
    assert_eq!(refused(&mut cart, other.into()), Rejection::CaseContradicts);
    assert_eq!(refused(&mut cart, Leave { deal: deal_id(9) }.into()).code(), "wrong-role");
    let nobody = Context::new(at(1), party("boris"));
    let cancelled = cart.basket.handle(&Cancel::default().into(), &nobody);
    assert_eq!(cancelled.map(drop), Err(Rejection::UnknownActor));
}

#[test]
fn deliveries_that_are_late_doubled_and_reordered_lead_to_the_same_deals() {
    // every order of what the two deals are told, the second time reversed
    let mut cart = cart();
    let mut all = Vec::new();
    let facts: [Command; 4] = [
        paid("pi_1", 100_00).into(),
        chargeback("cb_1", 50_00, ChargebackStep::Opened).into(),
        chargeback("cb_1", 40_00, ChargebackStep::Lost).into(),
        chargeback("cb_1", 10_00, ChargebackStep::Reinstated).into(),
    ];
    for fact in facts {
        let (_, follows) = cart.tell(fact, Actor::Gateway);
        all.extend(follows);
    }
    assert_eq!(all.len(), 8);
    assert_eq!(cart.basket.follows_all(), all);
    let mut in_order = Cart { basket: cart.basket.clone(), deals: cart.deals.clone(), now: 0 };
    in_order.deliver(&all);
    // the payment last, and everything twice
    let mut late: Vec<Follow> = all[2..].to_vec();
    late.extend(all[..2].iter().rev().cloned());
    late.extend(all.iter().cloned());
    cart.deliver(&late);
    for n in 0..2 {
        assert_eq!(cart.buckets(n), in_order.buckets(n), "deal {n}");
        assert_eq!(cart.deals[n].status(), in_order.deals[n].status());
        assert!(cart.buckets(n).conserve());
    }
}

#[test]
fn each_command_is_some_roles() {
    let cart = cart();
    for kind in CommandKind::ALL {
        let command: Command = match kind {
            CommandKind::ConfirmPayment => paid("pi_1", 1_00).into(),
            CommandKind::Chargeback => chargeback("cb_1", 1_00, ChargebackStep::Lost).into(),
            CommandKind::Answer => Answer::new(1, Answered::InProgress).into(),
            CommandKind::Returned => Returned::new(1, eur(1), text("b_1")).into(),
            CommandKind::Leave => Leave { deal: deal_id(1) }.into(),
            CommandKind::Retry => Retry { refund: 1 }.into(),
            CommandKind::Cancel => Cancel::default().into(),
            CommandKind::Wake => Wake {}.into(),
        };
        for role in Role::ALL {
            let actor = match role {
                Role::Payer => party("anna"),
                Role::Operator => Actor::Operator(text("olga")),
                Role::Gateway => Actor::Gateway,
                Role::Clock => Actor::Clock,
            };
            let found = cart.basket.decide(&command, &Context::new(at(1), actor));
            let refused = matches!(found, Err(Rejection::WrongRole { .. }));
            assert_eq!(refused, !permitted(kind).0.contains(&role), "{kind} by {role}: {found:?}");
        }
        for actor in [Actor::Tracker, Actor::Moderator(text("mila")), party("carla")] {
            let found = cart.basket.decide(&command, &Context::new(at(1), actor)).map(drop);
            assert_eq!(found, Err(Rejection::UnknownActor));
        }
    }
}

#[test]
fn a_basket_without_lines_or_time_is_refused() {
    let good = || (**cart().basket.draft()).clone();
    let open = |draft: BasketDraft, actor| {
        Basket::open(BasketId::new(Uuid::nil()), draft, &Context::new(at(0), actor))
            .map(drop)
            .map_err(|e| e.code())
    };
    assert_eq!(open(good(), Actor::Clock), Ok(()));
    assert_eq!(open(good(), party("anna")), Err("unknown-actor"));
    let lines = |change: &dyn Fn(&mut Vec<Line>)| {
        let mut draft = good();
        change(&mut draft.lines);
        open(draft, Actor::Clock)
    };
    assert_eq!(lines(&|lines| lines.clear()), Err("invalid-lines"));
    assert_eq!(lines(&|lines| lines[1] = lines[0]), Err("invalid-lines"));
    assert_eq!(lines(&|lines| lines[0].amount = eur(0)), Err("invalid-lines"));
    assert_eq!(lines(&|lines| lines[0].amount = Money::from_minor(1, Currency::USD)), Err("invalid-lines"));
    let mut late = good();
    late.until = at(0);
    assert_eq!(open(late, Actor::Clock), Err("too-late"));
}

#[test]
fn a_hostile_snapshot_is_refused_with_its_field() {
    use escrow::machine::DecodeError;
    use escrow_market::basket::Stored;
    use serde_json::{Value, json};
    let mut cart = cart();
    cart.gateway(paid("pi_1", 110_00));
    cart.gateway(chargeback("cb_1", 11_00, ChargebackStep::Lost));
    let good = serde_json::to_value(cart.basket.parts()).unwrap();
    let typed = |change: &dyn Fn(&mut Value)| {
        let mut bad = good.clone();
        change(&mut bad);
        serde_json::from_value::<Stored>(bad).expect("well-formed").restore().map(drop)
    };
    assert_eq!(typed(&|_| ()), Ok(()));
    let unknown = Err(DecodeError::UnknownSchema { expected: "escrow.basket.v1" });
    assert_eq!(typed(&|v| v["schema"] = json!("escrow.deal.v1")), unknown);
    let field = |field| Err(DecodeError::Field { field });
    assert_eq!(typed(&|v| v["draft"]["lines"] = json!([])), field("draft"));
    assert_eq!(typed(&|v| v["state"]["left"] = json!([deal_id(9)])), field("left"));
    // a line with more, or less, than its money
    assert_eq!(typed(&|v| v["state"]["payments"][0]["parts"][0] = json!(31_00)), field("payments"));
    assert_eq!(typed(&|v| v["state"]["payments"][0]["parts"] = json!([])), field("payments"));
    let twice = |v: &mut Value| {
        let one = v["state"]["payments"][0].clone();
        v["state"]["payments"].as_array_mut().unwrap().push(one);
    };
    assert_eq!(typed(&twice), field("payments"));
    assert_eq!(typed(&|v| v["state"]["refunds"][0]["payment"] = json!(1)), field("refunds"));
    // more divided than was told
    assert_eq!(typed(&|v| v["state"]["cases"][0]["lost_on"]["rest"] = json!(2_00)), field("cases"));
    // stuck: full, and something neither goes back nor waits
    assert_eq!(typed(&|v| v["state"]["refunds"] = json!([])), field("status"));
    assert_eq!(typed(&|v| v["state"]["status"] = json!("open")), field("payments"));
}
