//! The offer: counts that many take, each take with the deal that comes of it.
#![allow(clippy::arithmetic_side_effects, clippy::indexing_slicing, clippy::panic)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::wildcard_enum_match_arm)]

use std::sync::Arc;

use escrow::deal::command::{Accept, Agree, Amend, Cancel, ConfirmPayment, Remark};
use escrow::deposit::DepositId;
use escrow::machine::DecodeError;
use escrow::terms::{Fee, FeePayee, Guarantees, Item, NamedAs, OnRefund, Payer, Problem};
use escrow::{
    Actor, Context, Currency, Deal, DealId, Machine, Money, Outcome, PartyId, Policy, Rate, Recorded, Side,
    Terms, Time,
};
use escrow_market::offer::command::{Close, Conclude, GiveBack, Pause, Propose, Resume, Take, Wake};
use escrow_market::offer::{
    Command, CommandKind, Event, OfferDraft, OfferTerms, Parts, Rejection, Role, Status, TakeStage, permitted,
};
use escrow_market::{Offer, OfferId};
use proptest::prelude::*;
use uuid::Uuid;

// --- the usual offer: anna sells ten titles at 75 roubles, a take waits an hour ---------------------------------

const HOUR: u32 = 3_600;

fn rub(minor: i64) -> Money {
    Money::from_minor(minor, Currency::RUB)
}

fn text<T: std::str::FromStr<Err: std::fmt::Debug>>(text: &str) -> T {
    text.parse().unwrap()
}

fn noon() -> Time {
    Time::parse("2026-03-01T12:00:00Z").unwrap()
}

fn at(secs: u32) -> Time {
    noon().plus_secs(secs)
}

fn party(id: &str, secs: u32) -> Context {
    Context::party(at(secs), text(id))
}

fn operator(secs: u32) -> Context {
    Context::new(at(secs), Actor::Operator(text("olga")))
}

fn clock(secs: u32) -> Context {
    Context::clock(at(secs))
}

fn deal_id(n: u128) -> DealId {
    DealId::new(Uuid::from_u128(n))
}

fn draft() -> OfferDraft {
    let subject = Item { unit: Some(text("pcs")), ..Item::new(text("Title"), rub(75_00), 10) };
    let mut draft = OfferDraft::new(text("anna"), Side::Seller, subject, Policy::guarantee());
    draft.to_contract_s = HOUR;
    draft
}

fn publish(draft: OfferDraft) -> Offer {
    let id = OfferId::new(Uuid::from_u128(0xFF));
    Offer::publish(id, OfferTerms::new(draft).unwrap(), &party("anna", 0)).unwrap().0
}

fn offer() -> Offer {
    publish(draft())
}

fn take(n: u128, count: u32) -> Command {
    Take { deal: deal_id(n), count, purse: None, contact: None }.into()
}

fn propose(n: u128) -> Command {
    Propose { deal: deal_id(n) }.into()
}

fn conclude(n: u128) -> Command {
    Conclude { deal: deal_id(n) }.into()
}

fn give_back(n: u128) -> Command {
    GiveBack { deal: deal_id(n) }.into()
}

fn wake() -> Command {
    Wake {}.into()
}

/// Gives a command that must succeed, and returns what happened.
#[track_caller]
fn ok(offer: &mut Offer, command: Command, context: &Context) -> Vec<Event> {
    let transition = offer.handle(&command, context).unwrap_or_else(|e| panic!("{command:?}: {e}"));
    transition.into_events().into_iter().map(|recorded| recorded.event).collect()
}

#[track_caller]
fn refused(offer: &mut Offer, command: Command, context: &Context) -> Rejection {
    let before = offer.clone();
    let rejection = offer.handle(&command, context).expect_err("must be refused");
    assert_eq!(*offer, before, "a rejection changes nothing");
    rejection
}

/// Available, reserved, concluded.
fn counts(offer: &Offer) -> (u32, u32, u32) {
    (offer.available(), offer.reserved(), offer.concluded())
}

// --- counts -----------------------------------------------------------------------------------------------------

#[test]
fn the_sellers_purse_is_where_the_money_goes() {
    use escrow::deal::command::SetDestination;
    use escrow_market::follow::FollowCommand;
    let offer = publish(OfferDraft { purse: Some(text("Z-1")), ..draft() });
    let terms = offer.terms().terms_for(&text("somebody"), None, 1).unwrap();
    let told = offer.destinations(deal_id(1), &terms);
    let purse = escrow::Destination::Wallet(text("Z-1"));
    let choice = SetDestination::new(escrow::Payee::Seller, purse);
    let expected = [FollowCommand::Choose { by: Some(text("anna")), choice }];
    assert_eq!(told.into_iter().map(|follow| follow.command).collect::<Vec<_>>(), expected);
}

#[test]
fn a_take_reserves_and_a_conclusion_consumes() {
    let mut offer = offer();
    assert_eq!(counts(&offer), (10, 0, 0));
    ok(&mut offer, take(1, 4), &party("boris", 0));
    assert_eq!(counts(&offer), (6, 4, 0));
    ok(&mut offer, propose(1), &clock(60));
    assert_eq!(counts(&offer), (6, 4, 0));
    ok(&mut offer, conclude(1), &clock(120));
    assert_eq!(counts(&offer), (6, 0, 4));
    assert_eq!(offer.held_by(&text("boris")), 4);
}

#[test]
fn a_deal_that_ends_early_gives_its_count_back() {
    let mut offer = offer();
    ok(&mut offer, take(1, 4), &party("boris", 0));
    ok(&mut offer, take(2, 3), &party("clara", 0));
    ok(&mut offer, propose(1), &clock(1));
    let events = ok(&mut offer, give_back(1), &clock(2));
    assert_eq!(events, [Event::GivenBack { deal: deal_id(1), count: 4 }]);
    // 10 − clara's 3
    assert_eq!(counts(&offer), (7, 3, 0));
    assert!(offer.take(deal_id(1)).is_none());
    assert_eq!(offer.proposal(deal_id(1)), Err(Rejection::TakeReturned { deal: deal_id(1) }));
}

#[test]
fn a_take_without_a_deal_lapses_at_its_deadline_and_not_before() {
    let mut offer = offer();
    ok(&mut offer, take(1, 4), &party("boris", 100));
    // 100 s + one hour
    assert_eq!(offer.next_deadline(), Some(at(3_700)));
    assert_eq!(ok(&mut offer, wake(), &clock(3_699)), []);
    let lapsed = Event::Lapsed { deal: deal_id(1), count: 4 };
    assert_eq!(ok(&mut offer, wake(), &clock(3_700)), [lapsed]);
    assert_eq!(counts(&offer), (10, 0, 0));
    assert_eq!(offer.next_deadline(), None);
}

#[test]
fn takes_lapse_each_at_its_own_instant_before_the_next_command() {
    let mut offer = offer();
    ok(&mut offer, take(1, 4), &party("boris", 0));
    ok(&mut offer, take(2, 6), &party("clara", 10));
    assert_eq!(offer.status(), Status::Exhausted);
    // nobody woke it; a day later all ten are there
    let transition = offer.handle(&take(3, 10), &party("dina", 86_400)).unwrap();
    let when: Vec<_> = transition.events().iter().map(|e| (e.at, e.actor.clone())).collect();
    let expected =
        [(at(HOUR), Actor::Clock), (at(HOUR + 10), Actor::Clock), (at(86_400), Actor::Party(text("dina")))];
    assert_eq!(when, expected);
    assert_eq!(counts(&offer), (0, 10, 0));
}

#[test]
fn a_deal_that_stands_in_time_stops_the_clock_of_its_take() {
    let mut offer = offer();
    ok(&mut offer, take(1, 4), &party("boris", 0));
    let just_in_time = Context::clock(Time::from_millis(at(HOUR).millis() - 1).unwrap());
    ok(&mut offer, propose(1), &just_in_time);
    assert_eq!(offer.next_deadline(), None);
    assert_eq!(ok(&mut offer, wake(), &clock(86_400)), []);
    assert_eq!(counts(&offer), (6, 4, 0));
}

#[test]
fn a_deal_that_stands_too_late_is_refused() {
    let mut offer = offer();
    ok(&mut offer, take(1, 4), &party("boris", 0));
    let late = Rejection::TakeReturned { deal: deal_id(1) };
    assert_eq!(refused(&mut offer, propose(1), &clock(HOUR)), late);
    assert_eq!(refused(&mut offer, conclude(1), &clock(HOUR)), late);
}

#[test]
fn counts_are_checked() {
    let mut offer = offer();
    assert_eq!(refused(&mut offer, take(1, 0), &party("boris", 0)), Rejection::CountZero);
    let over = Rejection::CountOverAvailable { available: 10 };
    assert_eq!(refused(&mut offer, take(1, 11), &party("boris", 0)), over);
    assert_eq!(refused(&mut offer, take(1, u32::MAX), &party("boris", 0)), over);
    ok(&mut offer, take(1, 7), &party("boris", 0));
    let over = Rejection::CountOverAvailable { available: 3 };
    assert_eq!(refused(&mut offer, take(2, 4), &party("clara", 0)), over);
    assert!(over.is_transient());
    ok(&mut offer, take(2, 3), &party("clara", 0));
}

#[test]
fn the_limit_per_taker_counts_reserved_and_concluded() {
    let mut offer = publish(OfferDraft { max_per_taker: Some(5), ..draft() });
    ok(&mut offer, take(1, 3), &party("boris", 0));
    ok(&mut offer, conclude(1), &clock(1));
    ok(&mut offer, take(2, 1), &party("boris", 2));
    assert_eq!(offer.left_for(&text("boris")), 1);
    let over = Rejection::CountOverLimit { left: 1 };
    assert_eq!(refused(&mut offer, take(3, 2), &party("boris", 3)), over);
    // clara's limit is separate
    ok(&mut offer, take(3, 5), &party("clara", 3));
    // what lapses does not count: 5 − 3 concluded
    ok(&mut offer, wake(), &clock(HOUR + 2));
    assert_eq!(offer.left_for(&text("boris")), 2);
}

#[test]
fn exhausted_offers_open_again_with_a_returned_count() {
    let mut offer = offer();
    ok(&mut offer, take(1, 10), &party("boris", 0));
    assert_eq!(offer.status(), Status::Exhausted);
    let closed = Rejection::WrongStatus { command: CommandKind::Take, status: Status::Exhausted };
    assert_eq!(refused(&mut offer, take(2, 1), &party("clara", 1)), closed);
    assert!(closed.is_transient());
    ok(&mut offer, give_back(1), &clock(2));
    assert_eq!(offer.status(), Status::Open);

    ok(&mut offer, take(3, 10), &party("boris", 3));
    ok(&mut offer, Pause {}.into(), &party("anna", 4));
    ok(&mut offer, give_back(3), &clock(5));
    assert_eq!(offer.status(), Status::Paused);
}

// --- the owner's commands ---------------------------------------------------------------------------------------

#[test]
fn a_paused_offer_refuses_takes_until_it_is_resumed() {
    let mut offer = offer();
    ok(&mut offer, Pause {}.into(), &party("anna", 0));
    let paused = Rejection::WrongStatus { command: CommandKind::Take, status: Status::Paused };
    assert_eq!(refused(&mut offer, take(1, 1), &party("boris", 0)), paused);
    assert_eq!(ok(&mut offer, Pause {}.into(), &operator(1)), []);
    ok(&mut offer, Resume {}.into(), &operator(1));
    assert_eq!(ok(&mut offer, Resume {}.into(), &operator(1)), []);
    ok(&mut offer, take(1, 1), &party("boris", 2));
}

#[test]
fn a_closed_offer_refuses_takes_and_its_open_takes_run_on() {
    let mut offer = offer();
    ok(&mut offer, take(1, 1), &party("boris", 0));
    ok(&mut offer, take(2, 2), &party("clara", 0));
    ok(&mut offer, take(3, 3), &party("dina", 0));
    ok(&mut offer, Close {}.into(), &party("anna", 1));
    let closed = Rejection::WrongStatus { command: CommandKind::Take, status: Status::Closed };
    assert_eq!(refused(&mut offer, take(4, 1), &party("egor", 1)), closed);
    assert!(!closed.is_transient());
    assert!(offer.proposal(deal_id(1)).is_ok());
    ok(&mut offer, propose(1), &clock(2));
    ok(&mut offer, conclude(1), &clock(3));
    ok(&mut offer, give_back(2), &clock(4));
    ok(&mut offer, wake(), &clock(HOUR));
    // 1 concluded; 2 given back and 3 lapsed
    assert_eq!(counts(&offer), (9, 0, 1));
    assert_eq!(offer.status(), Status::Closed);
    assert_eq!(ok(&mut offer, Close {}.into(), &party("anna", HOUR)), []);
    let resumed = refused(&mut offer, Resume {}.into(), &party("anna", HOUR));
    assert_eq!(resumed, Rejection::WrongStatus { command: CommandKind::Resume, status: Status::Closed });
}

#[test]
fn only_the_owner_or_an_operator_publishes() {
    let publish = |context: &Context| {
        Offer::publish(OfferId::new(Uuid::nil()), OfferTerms::new(draft()).unwrap(), context).map(|_| ())
    };
    assert_eq!(publish(&party("anna", 0)), Ok(()));
    assert_eq!(publish(&operator(0).via(text("anna"))), Ok(()));
    assert_eq!(publish(&party("boris", 0)), Err(Rejection::UnknownActor));
    assert_eq!(publish(&clock(0)), Err(Rejection::UnknownActor));
}

#[test]
fn the_owner_cannot_take_and_an_operator_says_for_whom() {
    let mut offer = offer();
    let owner = Rejection::WrongRole { role: Role::Owner, command: CommandKind::Take };
    assert_eq!(refused(&mut offer, take(1, 1), &party("anna", 0)), owner);
    assert_eq!(refused(&mut offer, take(1, 1), &operator(0)), Rejection::TakerMissing);
    assert_eq!(refused(&mut offer, take(1, 1), &operator(0).via(text("anna"))), Rejection::OwnOffer);
    ok(&mut offer, take(1, 1), &operator(0).via(text("boris")));
    assert_eq!(offer.take(deal_id(1)).unwrap().taker, "boris");
    // boris repeats what the operator did on boris's behalf
    assert_eq!(ok(&mut offer, take(1, 1), &party("boris", 1)), []);
}

/// Every cell of the table is what the offer does: a role that may not is refused for its role, one that may is
/// refused outside the statuses only, and one within them is not refused for either.
#[test]
fn the_table_is_what_the_offer_does() {
    let command = |kind, n| match kind {
        CommandKind::Take => take(n, 1),
        CommandKind::Propose => propose(1),
        CommandKind::Conclude => conclude(1),
        CommandKind::GiveBack => give_back(1),
        CommandKind::Pause => Pause {}.into(),
        CommandKind::Resume => Resume {}.into(),
        CommandKind::Close => Close {}.into(),
        CommandKind::Wake => wake(),
    };
    let context = |role| match role {
        Role::Owner => party("anna", 1),
        Role::Taker => party("clara", 1),
        Role::Operator => operator(1).via(text("clara")),
        Role::Clock => clock(1),
    };
    for status in Status::ALL {
        let mut offer = offer();
        ok(&mut offer, take(1, 4), &party("boris", 0));
        match status {
            Status::Open => {}
            Status::Paused => drop(ok(&mut offer, Pause {}.into(), &party("anna", 0))),
            Status::Exhausted => drop(ok(&mut offer, take(2, 6), &party("boris", 0))),
            Status::Closed => drop(ok(&mut offer, Close {}.into(), &party("anna", 0))),
        }
        assert_eq!(offer.status(), status);
        for kind in CommandKind::ALL {
            let (by, within) = permitted(kind);
            for role in Role::ALL {
                let result = offer.decide(&command(kind, 3), &context(role));
                // what already stands is no refusal: pausing what is paused
                let stands = matches!(
                    (kind, status),
                    (CommandKind::Pause, Status::Paused)
                        | (CommandKind::Resume, Status::Open | Status::Exhausted)
                        | (CommandKind::Close, Status::Closed)
                );
                let expected = if !by.contains(&role) {
                    Err("wrong-role")
                } else if !stands && !within.contains(&status) {
                    Err("wrong-status")
                } else {
                    Ok(())
                };
                let found = result.map(|_| ()).map_err(|e| e.code());
                assert_eq!(found, expected, "{kind} by {role} while {status}");
            }
        }
        for nobody in [Actor::Gateway, Actor::Tracker, Actor::Moderator(text("mila"))] {
            let context = Context::new(at(1), nobody);
            assert_eq!(offer.decide(&wake(), &context), Err(Rejection::UnknownActor));
        }
    }
}

#[test]
fn a_stale_actor_is_told() {
    let mut offer = offer();
    assert_eq!(offer.revision(), 1);
    ok(&mut offer, take(1, 1), &party("boris", 0).seen(1));
    assert_eq!(offer.revision(), 2);
    let stale = refused(&mut offer, Close {}.into(), &party("anna", 1).seen(1));
    assert_eq!(stale, Rejection::Stale { seen: 1, actual: 2 });
    // what already stands is not stale
    assert_eq!(ok(&mut offer, take(1, 1), &party("boris", 1).seen(1)), []);
    // the host's facts and the timers raise no revision
    ok(&mut offer, propose(1), &clock(2));
    ok(&mut offer, Close {}.into(), &party("anna", 3).seen(2));
}

#[test]
fn time_never_runs_backwards() {
    let mut offer = offer();
    ok(&mut offer, take(1, 1), &party("boris", 1_000));
    ok(&mut offer, take(2, 1), &party("clara", 10));
    assert_eq!(offer.take(deal_id(2)).unwrap().at, at(1_000));
    assert_eq!(offer.last_at(), at(1_000));
}

// --- retries ----------------------------------------------------------------------------------------------------

#[test]
fn a_repeated_take_reserves_once() {
    let mut offer = offer();
    let asked =
        Take { deal: deal_id(1), count: 4, purse: Some(text("purse-7")), contact: Some(text("boris@vault")) };
    ok(&mut offer, asked.clone().into(), &party("boris", 0));
    assert_eq!(ok(&mut offer, asked.clone().into(), &party("boris", 1)), []);
    ok(&mut offer, Pause {}.into(), &party("anna", 2));
    assert_eq!(ok(&mut offer, asked.clone().into(), &party("boris", 3)), []);
    ok(&mut offer, Resume {}.into(), &party("anna", 4));

    let reused = Rejection::DealReused { deal: deal_id(1) };
    let other_count = Take { count: 5, ..asked.clone() };
    let other_purse = Take { purse: None, ..asked.clone() };
    let other_contact = Take { contact: None, ..asked.clone() };
    for other in [other_count, other_purse, other_contact] {
        assert_eq!(refused(&mut offer, other.into(), &party("boris", 5)), reused);
    }
    assert_eq!(refused(&mut offer, asked.into(), &party("clara", 5)), reused);
    assert_eq!(counts(&offer), (6, 4, 0));
}

#[test]
fn a_repeat_after_the_return_reserves_nothing() {
    let mut offer = offer();
    ok(&mut offer, take(1, 4), &party("boris", 0));
    ok(&mut offer, wake(), &clock(HOUR));
    assert_eq!(ok(&mut offer, take(1, 4), &party("boris", HOUR + 1)), []);
    assert_eq!(counts(&offer), (10, 0, 0));
    let reused = Rejection::DealReused { deal: deal_id(1) };
    assert_eq!(refused(&mut offer, take(1, 5), &party("boris", HOUR + 2)), reused);
}

#[test]
fn repeated_facts_change_nothing() {
    let mut offer = offer();
    ok(&mut offer, take(1, 4), &party("boris", 0));
    ok(&mut offer, propose(1), &clock(1));
    assert_eq!(ok(&mut offer, propose(1), &clock(2)), []);
    ok(&mut offer, conclude(1), &clock(3));
    assert_eq!(ok(&mut offer, conclude(1), &operator(4)), []);
    // a fact that is overtaken
    assert_eq!(ok(&mut offer, propose(1), &clock(5)), []);

    ok(&mut offer, take(2, 2), &party("clara", 6));
    ok(&mut offer, propose(2), &clock(7));
    ok(&mut offer, give_back(2), &clock(8));
    assert_eq!(ok(&mut offer, give_back(2), &clock(9)), []);
    assert_eq!(ok(&mut offer, propose(2), &clock(9)), []);
    let returned = Rejection::TakeReturned { deal: deal_id(2) };
    assert_eq!(refused(&mut offer, conclude(2), &clock(9)), returned);
    assert_eq!(refused(&mut offer, conclude(3), &clock(9)), Rejection::UnknownTake { deal: deal_id(3) });
}

#[test]
fn the_latest_64_returned_takes_are_remembered() {
    let mut offer = offer();
    for n in 1..=65 {
        ok(&mut offer, take(n, 10), &party("boris", 0));
        ok(&mut offer, give_back(n), &clock(0));
    }
    assert_eq!(ok(&mut offer, take(2, 10), &party("boris", 1)), []);
    // the first is forgotten: its repeat reserves again, and what became of its deal gives it back again
    assert_eq!(ok(&mut offer, take(1, 10), &party("boris", 1)).len(), 1);
    ok(&mut offer, give_back(1), &clock(2));
    assert_eq!(counts(&offer), (10, 0, 0));
}

// --- the deal that comes of a take ------------------------------------------------------------------------------

#[test]
fn the_proposal_of_a_sale_has_the_owner_as_the_seller() {
    let mut draft = draft();
    draft.contact = Some(text("anna@vault"));
    draft.description = Some(text("Titles"));
    draft.tags = vec![text("wm")];
    draft.guarantees =
        Guarantees { buyer: Some(rub(10_00)), seller: Some(Money::from_minor(2_50, Currency::USD)) };
    let mut offer = publish(draft);
    let asked = Take { deal: deal_id(1), count: 3, purse: None, contact: Some(text("boris@vault")) };
    ok(&mut offer, asked.into(), &party("boris", 0));
    let terms = offer.proposal(deal_id(1)).unwrap();
    assert_eq!((terms.seller.as_str(), terms.buyer.as_str()), ("anna", "boris"));
    assert_eq!((terms.items[0].quantity, terms.items[0].unit_price), (3, rub(75_00)));
    // 3 × 75
    assert_eq!(terms.quote().deposit, rub(225_00));
    // 3 × 10, 3 × 2.50
    assert_eq!(terms.guarantees.buyer, Some(rub(30_00)));
    assert_eq!(terms.guarantees.seller, Some(Money::from_minor(7_50, Currency::USD)));
    assert_eq!(terms.contacts.seller, Some(text("anna@vault")));
    assert_eq!(terms.contacts.buyer, Some(text("boris@vault")));
    assert_eq!(terms.tags, ["wm"]);
    assert_eq!(terms.policy, Policy::guarantee());
}

#[test]
fn the_proposal_of_a_purchase_has_the_owner_as_the_buyer() {
    let mut draft = draft();
    draft.side = Side::Buyer;
    draft.contact = Some(text("anna@vault"));
    let mut offer = publish(draft);
    ok(&mut offer, take(1, 2), &party("boris", 0));
    let terms = offer.proposal(deal_id(1)).unwrap();
    assert_eq!((terms.seller.as_str(), terms.buyer.as_str()), ("boris", "anna"));
    assert_eq!(terms.contacts.buyer, Some(text("anna@vault")));
}

#[test]
fn without_deposit_to_seller_the_price_is_paid_directly() {
    let mut draft = draft();
    draft.deposit_to_seller = false;
    draft.guarantees = Guarantees { buyer: Some(rub(20_00)), seller: Some(rub(20_00)) };
    let fee = |payer| Fee::of_price(text("fee"), FeePayee::Platform, Rate::from_ppm(10_000).unwrap(), payer);
    draft.fees = vec![fee(Payer::Seller)];
    let mut offer = publish(draft);
    ok(&mut offer, take(1, 4), &party("boris", 0));
    let terms = offer.proposal(deal_id(1)).unwrap();
    assert_eq!(terms.pay_offline, Some(rub(300_00)));
    assert_eq!(terms.quote().deposit, rub(0));
    // 1 % of 300: the seller, who is paid directly, deposits it
    assert_eq!(terms.quote().seller_due, rub(3_00));
    assert_eq!(terms.guarantees.of(Side::Buyer), Some(rub(80_00)));
}

#[test]
fn a_take_that_no_deal_can_come_of_is_refused() {
    let mut draft = draft();
    let rate = |ppm| Rate::from_ppm(ppm).unwrap();
    // at least 40 roubles and else 10 % for the platform
    let platform = FeePayee::Platform;
    let mut fee = Fee::of_price(text("fee"), platform, rate(100_000), Payer::Seller);
    fee.min = Some(rub(40_00));
    // of that 20 % of the price, at most 60 roubles, for a partner
    let pavel = FeePayee::Partner(text("pavel"));
    let mut partner = Fee::carved(text("partner"), pavel, rate(200_000), text("fee"));
    partner.max = Some(rub(60_00));
    draft.fees = vec![fee, partner];
    let mut offer = publish(draft);
    // one: 15 of 40. ten: 60 of 75. four: 60 of 40
    let four = refused(&mut offer, take(1, 4), &party("boris", 0));
    assert!(matches!(four, Rejection::Terms(e) if e.problem() == Problem::CarveOutOverParent), "{four}");
    ok(&mut offer, take(1, 1), &party("boris", 0));
    // pavel is paid by the deal
    let pavel = refused(&mut offer, take(2, 1), &party("pavel", 0));
    assert!(
        matches!(pavel, Rejection::Terms(e) if e.problem() == Problem::IsAParty(NamedAs::Buyer)),
        "{pavel}"
    );
}

/// The deal of the take, opened by the taker.
fn open(offer: &Offer, n: u128, secs: u32) -> Deal {
    let terms = offer.proposal(deal_id(n)).unwrap();
    let taker: PartyId = offer.take(deal_id(n)).unwrap().taker.clone();
    Deal::propose(deal_id(n), terms, &Context::party(at(secs), taker)).unwrap().0
}

#[track_caller]
fn follow(offer: &mut Offer, deal: &Deal, secs: u32) -> Option<Command> {
    let fact = offer.follow(deal)?;
    ok(offer, fact.clone(), &clock(secs));
    assert_eq!(offer.follow(deal), None, "what was told is not told again");
    Some(fact)
}

fn pay(deal: &Deal, deposit: DepositId) -> escrow::Command {
    ConfirmPayment::charged(
        deposit,
        text("bank"),
        text(&format!("payment-{}", deal.version())),
        deal.deposit(deposit).unwrap().outstanding(),
    )
    .into()
}

#[track_caller]
fn drive(deal: &mut Deal, command: impl Into<escrow::Command>, context: &Context) {
    let command = command.into();
    let _ = deal.handle(&command, context).unwrap_or_else(|e| panic!("{command:?}: {e}"));
}

#[test]
fn a_concluded_deal_consumes_its_count_however_it_ends() {
    let mut offer = offer();
    ok(&mut offer, take(1, 4), &party("boris", 0));
    let mut deal = open(&offer, 1, 10);
    assert!(!deal.is_concluded());
    assert_eq!(follow(&mut offer, &deal, 10), Some(propose(1)));
    drive(&mut deal, Agree::new(1), &party("anna", 20));
    assert_eq!(offer.follow(&deal), None);
    let payment = pay(&deal, DepositId::BUYER_PAYMENT);
    drive(&mut deal, payment, &Context::gateway(at(30)));
    assert!(deal.is_concluded());
    assert_eq!(follow(&mut offer, &deal, 30), Some(conclude(1)));
    // nobody reports: everything goes back to the parties, and the count stays gone
    drive(&mut deal, escrow::deal::command::Wake {}, &clock(100 * 24 * HOUR));
    assert_eq!(deal.outcome(), Some(Outcome::Cancelled));
    assert_eq!(offer.follow(&deal), None);
    assert_eq!(counts(&offer), (6, 0, 4));
}

#[test]
fn a_declined_and_an_expired_deal_give_their_counts_back() {
    let mut offer = offer();
    ok(&mut offer, take(1, 4), &party("boris", 0));
    ok(&mut offer, take(2, 3), &party("clara", 0));
    let mut declined = open(&offer, 1, 10);
    let mut expired = open(&offer, 2, 10);
    follow(&mut offer, &declined, 10);
    // the offer hears of the second only when it is over
    drive(&mut declined, Cancel::new(text("no")), &party("anna", 20));
    assert_eq!(follow(&mut offer, &declined, 20), Some(give_back(1)));
    drive(&mut expired, escrow::deal::command::Wake {}, &clock(100 * 24 * HOUR));
    assert_eq!(expired.outcome(), Some(Outcome::Expired));
    assert_eq!(follow(&mut offer, &expired, 30), Some(give_back(2)));
    assert_eq!(counts(&offer), (10, 0, 0));
}

#[test]
fn a_shop_deal_is_followed_to_its_acceptance() {
    let mut offer = publish(OfferDraft { policy: Policy::shop(), ..draft() });
    ok(&mut offer, take(1, 1), &party("boris", 0));
    let mut deal = open(&offer, 1, 1);
    assert!(!deal.is_concluded());
    let payment = pay(&deal, DepositId::BUYER_PAYMENT);
    drive(&mut deal, payment, &Context::gateway(at(2)));
    // straight from waiting: the offer did not hear that it stands
    assert_eq!(follow(&mut offer, &deal, 2), Some(conclude(1)));
    drive(&mut deal, escrow::deal::command::StartPerforming {}, &party("anna", 3));
    drive(&mut deal, Accept::default(), &party("boris", 4));
    assert!(deal.is_concluded());
    assert_eq!(offer.follow(&deal), None);
}

#[test]
fn a_concluded_deal_that_goes_back_to_its_deposits_and_expires_gives_its_count_back() {
    let mut offer = publish(OfferDraft { policy: Policy::marketplace(), ..draft() });
    ok(&mut offer, take(1, 2), &party("boris", 0));
    let mut deal = open(&offer, 1, 1);
    let payment = pay(&deal, DepositId::BUYER_PAYMENT);
    drive(&mut deal, payment, &Context::gateway(at(2)));
    assert_eq!(follow(&mut offer, &deal, 2), Some(conclude(1)));
    assert_eq!(counts(&offer), (8, 0, 2));
    // a moderator has a remark, the price is amended, and nobody pays the new one
    let moderator = Context::new(at(3), Actor::Moderator(text("mila")));
    drive(&mut deal, Remark::new(text("too dear")), &moderator);
    let mut cheaper = deal.terms().to_draft();
    cheaper.items[0].unit_price = rub(70_00);
    let terms = Arc::new(Terms::new(cheaper).unwrap());
    drive(&mut deal, Amend::new(1, terms), &party("anna", 4));
    drive(&mut deal, Agree::new(2), &party("boris", 5));
    assert!(!deal.is_concluded());
    assert_eq!(offer.follow(&deal), None);
    drive(&mut deal, escrow::deal::command::Wake {}, &clock(100 * 24 * HOUR));
    assert_eq!(deal.outcome(), Some(Outcome::Expired));
    assert_eq!(follow(&mut offer, &deal, 6), Some(give_back(1)));
    assert_eq!(counts(&offer), (10, 0, 0));
}

#[test]
fn a_deal_of_a_lapsed_take_is_not_passed_over_in_silence() {
    let mut offer = offer();
    ok(&mut offer, take(1, 4), &party("boris", 0));
    let deal = open(&offer, 1, 10);
    ok(&mut offer, wake(), &clock(HOUR));
    let fact = offer.follow(&deal).unwrap();
    assert_eq!(refused(&mut offer, fact, &clock(HOUR)), Rejection::TakeReturned { deal: deal_id(1) });
    // a deal that has nothing to do with the offer
    let terms = offer.terms().terms_for(&text("clara"), None, 1).unwrap();
    let stranger = Deal::propose(deal_id(2), terms, &party("clara", 0)).unwrap().0;
    assert_eq!(offer.follow(&stranger), None);
}

// --- what an offer can be ---------------------------------------------------------------------------------------

#[test]
fn an_impossible_offer_is_refused_with_its_field() {
    let with = |change: fn(&mut OfferDraft)| {
        let mut draft = draft();
        change(&mut draft);
        OfferTerms::new(draft).map(|_| ()).map_err(|e| (e.field(), e.problem()))
    };
    let max = Item::MAX_QUANTITY;
    assert_eq!(with(|_| ()), Ok(()));
    assert_eq!(with(|d| d.subject.quantity = 0), Err(("subject.quantity", Problem::Zero)));
    assert_eq!(with(|d| d.subject.quantity = 1_000_001), Err(("subject.quantity", Problem::TooLarge)));
    assert_eq!(max, 1_000_000);
    assert_eq!(with(|d| d.subject.unit_price = rub(0)), Err(("subject.unit_price", Problem::Zero)));
    assert_eq!(with(|d| d.subject.unit_price = rub(-1)), Err(("subject.unit_price", Problem::Negative)));
    assert_eq!(with(|d| d.max_per_taker = Some(0)), Err(("max_per_taker", Problem::Zero)));
    assert_eq!(with(|d| d.to_contract_s = 0), Err(("to_contract_s", Problem::Zero)));
    assert_eq!(with(|d| d.to_contract_s = u32::MAX), Err(("to_contract_s", Problem::TooLarge)));
    assert_eq!(with(|d| d.policy.deposit_s = 0), Err(("deposit_s", Problem::Zero)));
    assert_eq!(with(|d| d.guarantees.buyer = Some(rub(-1))), Err(("guarantees.buyer", Problem::Negative)));
    // ten guarantees of the largest amount
    let over = |d: &mut OfferDraft| d.guarantees.seller = Some(rub(Terms::MAX_AMOUNT));
    assert_eq!(with(over), Err(("guarantees.seller", Problem::TooLarge)));
    let over = |d: &mut OfferDraft| d.guarantees.seller = Some(rub(i64::MAX));
    assert_eq!(with(over), Err(("guarantees.seller", Problem::TooLarge)));
    // ten prices are over the largest amount; where nobody can take more than one, they need not fit
    let dear = |d: &mut OfferDraft| d.subject.unit_price = rub(Terms::MAX_AMOUNT);
    assert_eq!(with(dear).map_err(|(_, problem)| problem), Err(Problem::TooLarge));
    let dear_but_single = |d: &mut OfferDraft| {
        d.subject.unit_price = rub(Terms::MAX_AMOUNT);
        d.max_per_taker = Some(1);
    };
    assert_eq!(with(dear_but_single), Ok(()));
    let owner_is_paid = |d: &mut OfferDraft| {
        let rate = Rate::from_ppm(10_000).unwrap();
        d.fees = vec![Fee::of_price(text("fee"), FeePayee::Partner(text("anna")), rate, Payer::Seller)];
    };
    assert_eq!(with(owner_is_paid), Err(("payee", Problem::IsAParty(NamedAs::Seller))));
    // of one title 10 % is 7.50, and the partner's part 10 roubles; of two it would fit
    let one_is_too_few = |d: &mut OfferDraft| {
        let fee =
            |id, payee, ppm| Fee::of_price(text(id), payee, Rate::from_ppm(ppm).unwrap(), Payer::Seller);
        let mut partner = fee("partner", FeePayee::Partner(text("pavel")), 0);
        partner.fixed = Some(rub(10_00));
        (partner.out_of, partner.payer, partner.on_refund) = (Some(text("fee")), None, None);
        d.fees = vec![fee("fee", FeePayee::Platform, 100_000), partner];
    };
    assert_eq!(with(one_is_too_few), Err(("out_of", Problem::CarveOutOverParent)));
    // a partner whose name is one that the check would try first
    let partner_zero = |d: &mut OfferDraft| {
        let rate = Rate::from_ppm(10_000).unwrap();
        let mut fee = Fee::of_price(text("fee"), FeePayee::Partner(text("0")), rate, Payer::Seller);
        fee.on_refund = Some(OnRefund::Keep);
        d.fees = vec![fee];
    };
    assert_eq!(with(partner_zero), Ok(()));
}

#[test]
fn an_offer_has_at_most_ten_thousand_takes_at_a_time() {
    let mut draft = draft();
    draft.subject.quantity = 1_000_000;
    let mut offer = publish(draft);
    for n in 0..10_000 {
        ok(&mut offer, take(n, 1), &party("boris", 0));
    }
    let full = Rejection::TooManyTakes { max: 10_000 };
    assert_eq!(refused(&mut offer, take(10_000, 1), &party("clara", 0)), full);
    assert_eq!(Offer::MAX_TAKES, 10_000);
    // a returned one makes room, and ten thousand lapse in one go
    ok(&mut offer, give_back(0), &clock(0));
    ok(&mut offer, take(10_000, 1), &party("clara", 0));
    assert_eq!(ok(&mut offer, wake(), &clock(HOUR)).len(), 10_000);
    assert_eq!(counts(&offer), (1_000_000, 0, 0));
}

// --- storage ----------------------------------------------------------------------------------------------------

/// An offer with a take of every kind.
fn varied() -> (Offer, Vec<Recorded<Event>>) {
    let id = OfferId::new(Uuid::from_u128(0xFF));
    let terms = OfferTerms::new(OfferDraft { max_per_taker: Some(5), ..draft() }).unwrap();
    let (mut offer, first) = Offer::publish(id, terms, &party("anna", 0)).unwrap();
    let mut journal: Vec<_> = first.into_events().into_iter().collect();
    let steps = [
        (take(1, 1), party("boris", 1)),
        (take(2, 2), party("boris", 2)),
        (take(3, 3), party("clara", 3)),
        (take(4, 1), party("clara", 4)),
        (propose(2), clock(5)),
        (conclude(3), clock(6)),
        (give_back(4), clock(7)),
    ];
    for (command, context) in steps {
        journal.extend(offer.handle(&command, &context).unwrap().into_events());
    }
    (offer, journal)
}

#[test]
fn snapshots_and_journals_give_the_same_offer() {
    let (offer, journal) = varied();
    assert_eq!(counts(&offer), (4, 3, 3));
    let json = serde_json::to_string(&offer).unwrap();
    assert_eq!(serde_json::from_str::<Offer>(&json).unwrap(), offer);
    assert_eq!(offer.parts().restore(), Ok(offer.clone()));
    let written: Vec<String> = journal.iter().map(|e| serde_json::to_string(e).unwrap()).collect();
    let read: Vec<Recorded<Event>> = written.iter().map(|e| serde_json::from_str(e).unwrap()).collect();
    assert_eq!(read, journal);
    let replayed = Offer::replay(offer.id(), &read).unwrap();
    assert_eq!(replayed, offer);
    assert_eq!(serde_json::to_string(&replayed).unwrap(), json);
}

#[test]
fn events_and_commands_are_tagged_by_type() {
    let (_, journal) = varied();
    let json = serde_json::to_value(&journal[1]).unwrap();
    let expected = serde_json::json!({
        "at": "2026-03-01T12:00:01Z",
        "actor": { "party": "boris" },
        "event": {
            "type": "taken",
            "deal": "00000000-0000-0000-0000-000000000001",
            "taker": "boris",
            "count": 1,
            "until": "2026-03-01T13:00:01Z",
        },
    });
    assert_eq!(json, expected);
    let command = serde_json::json!({
        "type": "take",
        "deal": "00000000-0000-0000-0000-000000000001",
        "count": 1,
    });
    assert_eq!(serde_json::from_value::<Command>(command).unwrap(), take(1, 1));
    let extra = serde_json::json!({ "type": "close", "now": true });
    assert!(serde_json::from_value::<Command>(extra).is_err());
    let extra = serde_json::json!({ "type": "closed", "now": true });
    assert!(serde_json::from_value::<Event>(extra).is_err());
}

#[test]
fn a_journal_begins_with_its_publication_and_has_no_other() {
    let (offer, journal) = varied();
    let not = Err(DecodeError::NotAJournal { first: "published" });
    assert_eq!(Offer::replay(offer.id(), &[]), not);
    assert_eq!(Offer::replay(offer.id(), &journal[1..]), not);
    let twice: Vec<_> = journal.iter().chain(&journal[..1]).collect();
    assert_eq!(Offer::replay(offer.id(), twice), not);
}

#[test]
fn a_hostile_journal_is_refused() {
    let (offer, journal) = varied();
    let mut hostile = journal.clone();
    let Event::Taken { count, .. } = &mut hostile[1].event else { panic!("the first take") };
    *count = u32::MAX;
    let refused = Offer::replay(offer.id(), &hostile);
    assert!(matches!(refused, Err(DecodeError::Field { .. })), "{refused:?}");
}

#[test]
fn a_hostile_snapshot_is_refused_with_its_field() {
    use serde_json::{Value, json};
    let (offer, _) = varied();
    let good = serde_json::to_value(offer.parts()).unwrap();
    let typed = |change: &dyn Fn(&mut Value)| {
        let mut bad = good.clone();
        change(&mut bad);
        serde_json::from_value::<Parts>(bad).expect("well-formed").restore().map(|_| ())
    };
    assert_eq!(typed(&|_| ()), Ok(()));
    let unknown = Err(DecodeError::UnknownSchema { expected: "escrow.offer.v1" });
    assert_eq!(typed(&|v| v["schema"] = json!("escrow.deal.v1")), unknown);
    let field = |field| Err(DecodeError::Field { field });
    // takes 1 (1, boris, waiting), 2 (2, boris, proposed), 3 (3, clara, concluded); 4 (1, clara) is returned
    assert_eq!(typed(&|v| v["state"]["progress"]["revision"] = json!(99)), field("revision"));
    assert_eq!(typed(&|v| v["state"]["progress"]["revision"] = json!(0)), field("revision"));
    assert_eq!(
        typed(&|v| v["state"]["progress"]["last_at"] = json!("2026-03-01T11:00:00Z")),
        field("last_at")
    );
    assert_eq!(typed(&|v| v["state"]["progress"]["last_at"] = json!("2026-03-02T12:00:00Z")), field("takes"));
    assert_eq!(typed(&|v| v["state"]["takes"][0]["count"] = json!(0)), field("takes"));
    assert_eq!(typed(&|v| v["state"]["takes"][0]["count"] = json!(11)), field("takes"));
    assert_eq!(typed(&|v| v["state"]["takes"][0]["count"] = json!(u32::MAX)), field("takes"));
    // 1 + 2 + 9 > 10
    assert_eq!(typed(&|v| v["state"]["takes"][2]["count"] = json!(9)), field("takes"));
    // 4 + 2 > 5 for one
    assert_eq!(typed(&|v| v["state"]["takes"][0]["count"] = json!(4)), field("max_per_taker"));
    assert_eq!(typed(&|v| v["state"]["takes"][0]["taker"] = json!("anna")), field("takes"));
    assert_eq!(typed(&|v| v["state"]["takes"][0]["at"] = json!("2026-03-01T11:00:00Z")), field("takes"));
    let early = json!({ "waiting": { "until": "2026-03-01T12:00:00Z" } });
    assert_eq!(typed(&|v| v["state"]["takes"][0]["stage"] = early.clone()), field("takes"));
    let never = json!({ "waiting": { "until": "9999-01-01T00:00:00Z" } });
    assert_eq!(typed(&|v| v["state"]["takes"][0]["stage"] = never.clone()), field("takes"));
    let twice = |v: &mut Value| v["state"]["takes"][1]["deal"] = v["state"]["takes"][0]["deal"].clone();
    assert_eq!(typed(&twice), field("takes"));
    let twice = |v: &mut Value| v["state"]["returned"][0]["deal"] = v["state"]["takes"][0]["deal"].clone();
    assert_eq!(typed(&twice), field("returned"));
    let owner = |v: &mut Value| v["state"]["returned"][0]["taker"] = json!("anna");
    assert_eq!(typed(&owner), field("returned"));
    let many = |v: &mut Value| {
        let one = v["state"]["returned"][0].clone();
        let ids = (100..165).map(|n| {
            let mut one = one.clone();
            one["deal"] = json!(deal_id(n));
            one
        });
        v["state"]["returned"] = ids.collect();
    };
    assert_eq!(typed(&many), field("returned"));

    let untyped = |change: &dyn Fn(&mut Value)| {
        let mut bad = good.clone();
        change(&mut bad);
        serde_json::from_value::<Offer>(bad).is_err()
    };
    assert!(!untyped(&|_| ()));
    assert!(untyped(&|v| v["extra"] = json!(1)));
    assert!(untyped(&|v| v["state"]["extra"] = json!(1)));
    assert!(untyped(&|v| v["state"]["takes"][0]["extra"] = json!(1)));
    assert!(untyped(&|v| v["state"]["takes"][0]["count"] = json!(-1)));
    assert!(untyped(&|v| v["state"]["mode"] = json!("ajar")));
    assert!(untyped(&|v| v["terms"]["to_contract_s"] = json!(0)));
    assert!(untyped(&|v| v["terms"]["subject"]["quantity"] = json!(5)));
    assert!(untyped(&|v| v["terms"]["extra"] = json!(1)));
}

#[test]
fn a_stored_take_that_no_deal_can_come_of_is_refused() {
    let rate = Rate::from_ppm(10_000).unwrap();
    let partner = Fee::of_price(text("fee"), FeePayee::Partner(text("pavel")), rate, Payer::Seller);
    let mut offer = publish(OfferDraft { fees: vec![partner], ..draft() });
    ok(&mut offer, take(1, 1), &party("boris", 0));
    let mut bad = serde_json::to_value(offer.parts()).unwrap();
    bad["state"]["takes"][0]["taker"] = serde_json::json!("pavel");
    let restored = serde_json::from_value::<Parts>(bad).unwrap().restore();
    assert_eq!(restored, Err(DecodeError::Field { field: "takes" }));
}

// --- conservation -----------------------------------------------------------------------------------------------

/// One of the things that can be done to the offer at some later second.
fn step() -> impl Strategy<Value = (Command, Context)> {
    let who = prop::sample::select(vec!["boris", "clara", "dina"]);
    let commands = prop_oneof![
        6 => (0..12_u128, 0..6_u32).prop_map(|(n, count)| take(n, count)),
        2 => (0..12_u128).prop_map(propose),
        2 => (0..12_u128).prop_map(conclude),
        2 => (0..12_u128).prop_map(give_back),
        1 => Just(Pause {}.into()),
        2 => Just(Resume {}.into()),
        1 => Just(wake()),
    ];
    (commands, who, 0..4 * HOUR).prop_map(|(command, who, secs)| {
        let context = match command.kind() {
            CommandKind::Take => party(who, secs),
            CommandKind::Pause | CommandKind::Resume | CommandKind::Close => party("anna", secs),
            _ => clock(secs),
        };
        (command, context)
    })
}

proptest! {
    #[test]
    fn counts_are_conserved(steps in prop::collection::vec(step(), 1..60)) {
        let mut offer = publish(OfferDraft { max_per_taker: Some(6), ..draft() });
        for (command, context) in steps {
            let _ = offer.handle(&command, &context);
            // counted one by one
            let of = |concluded| -> u32 {
                let takes = offer.takes().filter(|t| (t.stage == TakeStage::Concluded) == concluded);
                takes.map(|t| t.count).sum()
            };
            prop_assert_eq!(offer.reserved(), of(false));
            prop_assert_eq!(offer.concluded(), of(true));
            prop_assert_eq!(offer.available() + offer.reserved() + offer.concluded(), 10);
            for who in ["boris", "clara", "dina"] {
                let sum: u32 = offer.takes().filter(|t| t.taker == who).map(|t| t.count).sum();
                prop_assert_eq!(offer.held_by(&text(who)), sum);
                prop_assert!(sum <= 6);
            }
            prop_assert_eq!(offer.check(), Ok(()));
            // no take is stuck: it waits for a timer, or has a deal, which always ends
            let waiting = offer.takes().any(|t| matches!(t.stage, TakeStage::Waiting { .. }));
            prop_assert_eq!(waiting, offer.next_deadline().is_some());
            for take in offer.takes() {
                prop_assert!(offer.proposal(take.deal).is_ok());
            }
        }
    }
}

#[test]
fn every_rejection_has_a_code_of_its_own() {
    let deal = deal_id(1);
    let terms = OfferTerms::new(OfferDraft { to_contract_s: 0, ..draft() }).unwrap_err();
    let all = [
        Rejection::UnknownActor,
        Rejection::Stale { seen: 1, actual: 2 },
        Rejection::WrongRole { role: Role::Owner, command: CommandKind::Take },
        Rejection::WrongStatus { command: CommandKind::Take, status: Status::Paused },
        Rejection::TakerMissing,
        Rejection::OwnOffer,
        Rejection::DealReused { deal },
        Rejection::CountZero,
        Rejection::CountOverAvailable { available: 1 },
        Rejection::CountOverLimit { left: 1 },
        Rejection::TooManyTakes { max: 1 },
        Rejection::Terms(terms),
        Rejection::UnknownTake { deal },
        Rejection::TakeReturned { deal },
    ];
    let codes: std::collections::BTreeSet<_> = all.iter().map(Rejection::code).collect();
    assert_eq!(codes.len(), all.len());
    for code in codes {
        assert!(code.chars().all(|c| c.is_ascii_lowercase() || c == '-'), "{code}");
    }
    assert_eq!(Rejection::Terms(terms).to_string(), "terms: to_contract_s must not be zero");
}
