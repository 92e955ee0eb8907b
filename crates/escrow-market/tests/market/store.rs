//! The store: seller, currency, fees and policy of every deal that is opened through it.
#![allow(clippy::arithmetic_side_effects, clippy::indexing_slicing, clippy::panic)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::wildcard_enum_match_arm)]

use std::collections::BTreeSet;

use escrow::deal::command::{Accept, ConfirmPayment, StartPerforming};
use escrow::deposit::{DepositId, LegState};
use escrow::machine::DecodeError;
use escrow::terms::{
    Consent, Delivery, Fee, FeePayee, Item, NamedAs, Payer, Problem, Provider, Service, TermsError,
};
use escrow::{
    Actor, Context, Currency, Deal, DealId, Destination, Machine, Money, Payee, Policy, Rate, Recorded,
    Status as DealStatus, Time,
};
use escrow_market::destination::DefaultDestination;
use escrow_market::follow::FollowCommand;
use escrow_market::store::command::{Close, Resume, SetConditions, Suspend, Wake};
use escrow_market::store::{
    Command, CommandKind, Conditions, Event, Parts, Rejection, Role, Status, StoreDraft, StoreOrder,
    StoreTerms, permitted,
};
use escrow_market::{Store, StoreId};
use uuid::Uuid;

// --- the usual store: anna sells articles, PAYSTO's 30 % goes to the site's owner, 5 % of it to the processor ----

fn rub(minor: i64) -> Money {
    Money::from_minor(minor, Currency::RUB)
}

fn text<T: std::str::FromStr<Err: std::fmt::Debug>>(text: &str) -> T {
    text.parse().unwrap()
}

fn now() -> Time {
    text("2026-03-01T12:00:00Z")
}

fn anna() -> Context {
    Context::party(now(), text("anna"))
}

fn olga() -> Context {
    Context::new(now(), Actor::Operator(text("olga")))
}

fn rate(percent: u32) -> Rate {
    Rate::from_ppm(percent * 10_000).unwrap()
}

fn conditions() -> Conditions {
    let site = FeePayee::Partner(text("site"));
    let fees = vec![
        Fee::of_price(text("site"), site, rate(30), Payer::Seller),
        Fee::carved(text("processor"), FeePayee::Processor, rate(5), text("site")),
    ];
    Conditions { fees, policy: Policy::shop(), destinations: vec![] }
}

fn draft() -> StoreDraft {
    StoreDraft {
        owner: text("anna"),
        name: text("Articles"),
        currency: Currency::RUB,
        contact: Some(text("contact-of-anna")),
        conditions: conditions(),
    }
}

fn id() -> StoreId {
    StoreId::new(Uuid::from_u128(0xFF))
}

fn store() -> Store {
    Store::open(id(), StoreTerms::new(draft()).unwrap(), &olga()).unwrap().0
}

fn order() -> StoreOrder {
    StoreOrder::new(text("boris"), vec![Item::new(text("Article"), rub(1_000_00), 1)])
}

fn suspend() -> Command {
    Suspend { reason: text("complaints") }.into()
}

fn set(version: u32, conditions: Conditions) -> Command {
    SetConditions { version, conditions }.into()
}

#[track_caller]
fn ok(store: &mut Store, command: Command, context: &Context) -> Vec<Event> {
    let transition = store.handle(&command, context).unwrap_or_else(|e| panic!("{command:?}: {e}"));
    assert_eq!(store.check(), Ok(()));
    transition.into_events().into_iter().map(|recorded| recorded.event).collect()
}

#[track_caller]
fn refused(store: &mut Store, command: Command, context: &Context) -> Rejection {
    let before = store.clone();
    let rejection = store.handle(&command, context).expect_err("must be refused");
    assert_eq!(*store, before, "a rejection changes nothing");
    rejection
}

// --- deals ------------------------------------------------------------------------------------------------------

/// PAYSTO's partner, processor and seller are credited without a command per deal.
#[test]
fn a_store_says_where_its_payees_money_goes() {
    let to_balance = |payee| DefaultDestination::new(payee, Destination::Balance);
    let site = Payee::Party(text("site"));
    let mut all = vec![to_balance(Payee::Seller), to_balance(site.clone()), to_balance(Payee::Processor)];
    // of no deal of these fees: nothing is said of it
    all.push(to_balance(Payee::Party(text("nobody"))));
    let conditions = Conditions { destinations: all, ..conditions() };
    let terms = StoreTerms::new(StoreDraft { conditions, ..draft() }).unwrap();
    let (store, _) = Store::open(StoreId::new(Uuid::nil()), terms, &olga()).unwrap();
    let order = StoreOrder::new(text("boris"), vec![Item::new(text("Article"), rub(1_234_57), 1)]);
    let terms = store.terms(&order).unwrap();
    let id = DealId::new(Uuid::from_u128(7));
    let (mut deal, _) = Deal::propose(id, terms.clone(), &olga()).unwrap();
    let told = store.destinations(id, &terms);
    assert_eq!(told.len(), 3);
    for follow in told.iter().chain(&told) {
        let FollowCommand::Choose { choice, .. } = &follow.command else { panic!("{follow:?}") };
        let actor = follow.actor().unwrap_or(Actor::Operator(text("olga")));
        let _ = deal.handle(&choice.clone().into(), &Context::new(now(), actor)).unwrap();
    }
    let paid =
        ConfirmPayment::charged(DepositId::BUYER_PAYMENT, text("paysto"), text("payment-1"), rub(1_234_57));
    let _ = deal.handle(&paid.into(), &Context::gateway(now())).unwrap();
    let _ = deal.handle(&StartPerforming {}.into(), &anna()).unwrap();
    let accepted = deal.handle(&Accept::default().into(), &Context::party(now(), text("boris"))).unwrap();
    // 30 % of 1234.57 are 370.37, of which 5 % of it, 61.72, are the processor's and 308.65 the site's; 864.20 are left
    let mut split: Vec<_> = accepted.split().map(|(payee, _, amount)| (payee.clone(), amount)).collect();
    split.sort_by_key(|(_, amount)| amount.minor());
    assert_eq!(split, [(Payee::Processor, rub(61_72)), (site, rub(308_65)), (Payee::Seller, rub(864_20))]);
    assert!(deal.legs().iter().all(|leg| leg.state() == LegState::Credited), "no gateway is asked");
    assert_eq!(deal.status(), DealStatus::Completed);
}

#[test]
fn a_default_destination_is_no_buyers_and_each_payee_has_one() {
    let to = |payee| DefaultDestination::new(payee, Destination::Balance);
    for destinations in [vec![to(Payee::Buyer)], vec![to(Payee::Seller), to(Payee::Seller)]] {
        let conditions = Conditions { destinations, ..conditions() };
        let refused = StoreTerms::new(StoreDraft { conditions, ..draft() }).unwrap_err();
        assert_eq!(refused.field(), "destinations");
    }
}

#[test]
fn a_store_fills_in_seller_currency_fees_and_policy() {
    let delivery = Service {
        name: text("Courier"),
        description: None,
        original_cost: None,
        final_cost: rub(0),
        payer: Payer::Buyer,
        provider: Provider::Seller,
    };
    let order = StoreOrder {
        services: vec![delivery.clone()],
        pay_offline: Some(rub(100_00)),
        description: Some(text("An article")),
        conditions: Some(text("2 000 words")),
        order_id: Some(text("order-7")),
        tags: vec![text("articles")],
        contact: Some(text("contact-of-boris")),
        delivery: Some(Delivery::Download {}),
        ..order()
    };
    let terms = store().terms(&order).unwrap();
    assert_eq!((terms.seller.as_str(), terms.buyer.as_str()), ("anna", "boris"));
    assert_eq!(
        (terms.currency, &terms.fees, &terms.policy),
        (Currency::RUB, &conditions().fees, &Policy::shop())
    );
    assert_eq!((&terms.items, &terms.services), (&order.items, &vec![delivery]));
    assert_eq!((&terms.description, &terms.conditions), (&order.description, &order.conditions));
    assert_eq!((&terms.order_id, &terms.tags), (&order.order_id, &order.tags));
    assert_eq!((&terms.delivery, terms.pay_offline), (&order.delivery, Some(rub(100_00))));
    assert_eq!(terms.contacts.seller.as_deref(), Some("contact-of-anna"));
    assert_eq!(terms.contacts.buyer.as_deref(), Some("contact-of-boris"));
}

/// PAYSTO: 30 % of the payment to the client, out of which 5 % are for the processing: 25 % net.
#[test]
fn paystos_thirty_and_five_percent() {
    let terms = store().terms(&order()).unwrap();
    let nets: Vec<_> = terms.quote().fees.iter().map(|line| line.net.minor()).collect();
    assert_eq!((nets, terms.quote().payout), (vec![250_00, 50_00], rub(700_00)));
}

#[test]
fn a_stores_deals_have_no_consent_step() {
    let terms = store().terms(&order()).unwrap();
    let (deal, _) = Deal::propose(DealId::new(Uuid::nil()), terms, &anna()).unwrap();
    assert_eq!(deal.status(), escrow::Status::AwaitingDeposit);
    // a policy that has one is refused, not bent
    let explicit = Conditions { policy: Policy::shop().consent(Consent::Explicit), ..conditions() };
    let error = StoreTerms::new(StoreDraft { conditions: explicit.clone(), ..draft() }).unwrap_err();
    assert_eq!((error.field(), error.problem()), ("policy.consent", Problem::NeedsConsentOnCreation));
    assert_eq!(refused(&mut store(), set(2, explicit), &olga()), Rejection::Terms(error));
}

#[test]
fn an_order_that_breaks_a_rule_is_refused_with_its_field() {
    let with = |change: &dyn Fn(&mut StoreOrder)| {
        let mut order = order();
        change(&mut order);
        match store().terms(&order) {
            Err(Rejection::Terms(e)) => Err((e.field(), e.problem())),
            other => Ok(other.map(drop)),
        }
    };
    assert_eq!(with(&|_| ()), Ok(Ok(())));
    assert_eq!(with(&|o| o.buyer = text("anna")), Err(("seller", Problem::BuyerIsSeller)));
    assert_eq!(with(&|o| o.buyer = text("site")), Err(("payee", Problem::IsAParty(NamedAs::Buyer))));
    assert_eq!(with(&|o| o.items = vec![]), Err(("items", Problem::Empty)));
    let dollars = |o: &mut StoreOrder| o.items[0].unit_price = Money::from_minor(1, Currency::USD);
    assert_eq!(with(&dollars), Err(("unit_price", Problem::OtherCurrency)));
}

#[test]
fn while_suspended_there_is_no_new_deal_and_open_ones_run_on() {
    let mut store = store();
    let terms = store.terms(&order()).unwrap();
    let (mut deal, _) = Deal::propose(DealId::new(Uuid::nil()), terms, &anna()).unwrap();
    ok(&mut store, suspend(), &olga());
    let not_open = Rejection::NotOpen { status: Status::Suspended };
    assert_eq!(store.terms(&order()).unwrap_err(), not_open);
    assert!(not_open.is_transient());
    // the deal knows nothing of it
    let paid = escrow::deal::command::ConfirmPayment::charged(
        escrow::deposit::DepositId::BUYER_PAYMENT,
        text("bank"),
        text("payment-1"),
        rub(1_000_00),
    );
    let _ = deal.handle(&paid.into(), &Context::gateway(now())).unwrap();
    assert_eq!(deal.status(), escrow::Status::AwaitingPerformance);

    assert_eq!(ok(&mut store, suspend(), &olga()), []);
    ok(&mut store, Resume {}.into(), &olga());
    assert!(store.terms(&order()).is_ok());
    ok(&mut store, Close {}.into(), &anna());
    let closed = Rejection::NotOpen { status: Status::Closed };
    assert_eq!(store.terms(&order()).unwrap_err(), closed);
    assert!(!closed.is_transient());
    assert_eq!(ok(&mut store, Close {}.into(), &anna()), []);
}

#[test]
fn new_conditions_are_for_new_deals_only() {
    let mut store = store();
    let before = store.terms(&order()).unwrap();
    let free = Conditions { fees: vec![], policy: Policy::shop().acceptance_s(3_600), destinations: vec![] };
    ok(&mut store, set(2, free.clone()), &olga());
    assert_eq!(ok(&mut store, set(2, free.clone()), &olga()), [], "again");
    assert_eq!(store.conditions_version(), 2);
    let after = store.terms(&order()).unwrap();
    assert_eq!((before.quote().payout, after.quote().payout), (rub(700_00), rub(1_000_00)));
    assert_eq!((before.policy.acceptance_s, after.policy.acceptance_s), (6 * 3_600, 3_600));
    // two operators at once: the second has read version 1
    let wrong = Rejection::WrongVersion { expected: 3 };
    assert_eq!(refused(&mut store, set(2, conditions()), &olga()), wrong);
    assert_eq!(refused(&mut store, set(9, free), &olga()), wrong);
}

#[test]
fn conditions_that_make_no_deal_are_refused_with_their_field() {
    let with = |fees: Vec<Fee>| {
        let conditions = Conditions { fees, policy: Policy::shop(), destinations: vec![] };
        let made = StoreTerms::new(StoreDraft { conditions, ..draft() });
        made.map(drop).map_err(|e: TermsError| (e.field(), e.problem()))
    };
    let fee = |id, payee| Fee::of_price(text(id), payee, rate(5), Payer::Seller);
    assert_eq!(with(vec![]), Ok(()));
    let owner = fee("fee", FeePayee::Partner(text("anna")));
    assert_eq!(with(vec![owner]), Err(("payee", Problem::IsAParty(NamedAs::Seller))));
    let twice = vec![fee("fee", FeePayee::Platform), fee("fee", FeePayee::Platform)];
    assert_eq!(with(twice), Err(("id", Problem::Duplicate)));
    let mut dollars = fee("fee", FeePayee::Platform);
    dollars.fixed = Some(Money::from_minor(1, Currency::USD));
    assert_eq!(with(vec![dollars]), Err(("fixed", Problem::OtherCurrency)));
    // names that the check tries first
    let zero = fee("fee", FeePayee::Partner(text("0")));
    assert_eq!(with(vec![zero]), Ok(()));
    // whether a fixed part can be carved out depends on the order, and is looked at there
    let mut large = Fee::carved(text("large"), FeePayee::Processor, Rate::ZERO, text("fee"));
    large.fixed = Some(rub(1_000_000_00));
    let conditions = Conditions {
        fees: vec![fee("fee", FeePayee::Platform), large],
        policy: Policy::shop(),
        destinations: vec![],
    };
    let terms = StoreTerms::new(StoreDraft { conditions, ..draft() }).unwrap();
    let (store, _) = Store::open(id(), terms, &olga()).unwrap();
    assert_eq!(store.terms(&order()).unwrap_err().code(), "invalid-terms");
    let mut policy = Policy::shop();
    policy.deposit_s = 0;
    let refused = StoreTerms::new(StoreDraft {
        conditions: Conditions { fees: vec![], policy, destinations: vec![] },
        ..draft()
    });
    assert_eq!(refused.unwrap_err().field(), "deposit_s");
}

// --- the table --------------------------------------------------------------------------------------------------

#[test]
fn only_an_operator_opens_a_store() {
    let open = |context: &Context| Store::open(id(), StoreTerms::new(draft()).unwrap(), context).map(drop);
    assert_eq!(open(&olga().via(text("anna"))), Ok(()));
    for context in
        [anna(), Context::party(now(), text("boris")), Context::clock(now()), Context::gateway(now())]
    {
        assert_eq!(open(&context), Err(Rejection::UnknownActor));
    }
}

#[test]
fn the_table_is_what_the_store_does() {
    for status in Status::ALL {
        let mut store = store();
        match status {
            Status::Open => {}
            Status::Suspended => drop(ok(&mut store, suspend(), &olga())),
            Status::Closed => drop(ok(&mut store, Close {}.into(), &anna())),
        }
        assert_eq!(store.status(), status);
        for kind in CommandKind::ALL {
            let command = match kind {
                CommandKind::SetConditions => set(2, Conditions { fees: vec![], ..conditions() }),
                CommandKind::Suspend => suspend(),
                CommandKind::Resume => Resume {}.into(),
                CommandKind::Close => Close {}.into(),
                CommandKind::Wake => Wake {}.into(),
            };
            let (by, within) = permitted(kind);
            for role in Role::ALL {
                let context = match role {
                    Role::Owner => anna(),
                    Role::Operator => olga(),
                    Role::Clock => Context::clock(now()),
                };
                // what already stands is no refusal
                let stands = matches!(
                    (kind, status),
                    (CommandKind::Suspend, Status::Suspended)
                        | (CommandKind::Resume, Status::Open)
                        | (CommandKind::Close, Status::Closed)
                );
                let expected = if !by.contains(&role) {
                    Err("wrong-role")
                } else if !stands && !within.contains(&status) {
                    Err("wrong-status")
                } else {
                    Ok(())
                };
                let found = store.decide(&command, &context).map(drop).map_err(|e| e.code());
                assert_eq!(found, expected, "{kind} by {role} while {status}");
            }
        }
        let nobody =
            [Actor::Gateway, Actor::Tracker, Actor::Moderator(text("mila")), Actor::Party(text("boris"))];
        for actor in nobody {
            let found = store.decide(&Wake {}.into(), &Context::new(now(), actor));
            assert_eq!(found, Err(Rejection::UnknownActor));
        }
    }
}

#[test]
fn a_stale_actor_is_told() {
    let mut store = store();
    ok(&mut store, suspend(), &olga().seen(1));
    let stale = Rejection::Stale { seen: 1, actual: 2 };
    assert_eq!(refused(&mut store, Close {}.into(), &anna().seen(1)), stale);
    assert_eq!(ok(&mut store, suspend(), &olga().seen(1)), [], "what stands is not stale");
}

#[test]
fn every_rejection_has_a_code_of_its_own() {
    let broken = Conditions { policy: Policy::guarantee(), ..conditions() };
    let terms = StoreTerms::new(StoreDraft { conditions: broken, ..draft() }).unwrap_err();
    let all = [
        Rejection::UnknownActor,
        Rejection::Stale { seen: 1, actual: 2 },
        Rejection::WrongRole { role: Role::Owner, command: CommandKind::Suspend },
        Rejection::WrongStatus { command: CommandKind::Resume, status: Status::Closed },
        Rejection::NotOpen { status: Status::Suspended },
        Rejection::WrongVersion { expected: 2 },
        Rejection::Terms(terms),
    ];
    let codes: BTreeSet<_> = all.iter().map(Rejection::code).collect();
    assert_eq!(codes.len(), all.len());
    assert!(codes.iter().all(|code| code.chars().all(|c| c.is_ascii_lowercase() || c == '-')));
    assert_eq!(
        Rejection::Terms(terms).to_string(),
        "terms: policy.consent must be `on_creation`: a store's deals have no consent step"
    );
}

// --- storage ----------------------------------------------------------------------------------------------------

fn varied() -> (Store, Vec<Recorded<Event>>) {
    let (mut store, first) = Store::open(id(), StoreTerms::new(draft()).unwrap(), &olga()).unwrap();
    let mut journal: Vec<_> = first.into_events().into_iter().collect();
    for command in [set(2, Conditions { fees: vec![], ..conditions() }), suspend()] {
        journal.extend(store.handle(&command, &olga()).unwrap().into_events());
    }
    (store, journal)
}

#[test]
fn snapshots_and_journals_give_the_same_store() {
    let (store, journal) = varied();
    let json = serde_json::to_string(&store).unwrap();
    assert_eq!(serde_json::from_str::<Store>(&json).unwrap(), store);
    let written = serde_json::to_string(&journal).unwrap();
    let read: Vec<Recorded<Event>> = serde_json::from_str(&written).unwrap();
    assert_eq!(read, journal);
    assert_eq!(Store::replay(id(), &read).unwrap(), store);
    let not = Err(DecodeError::NotAJournal { first: "opened" });
    assert_eq!(Store::replay(id(), &[]), not);
    assert_eq!(Store::replay(id(), &journal[1..]), not);
    assert_eq!(Store::replay(id(), journal.iter().chain(&journal[..1])), not);
    let command = serde_json::json!({ "type": "suspend", "reason": "complaints" });
    assert_eq!(serde_json::from_value::<Command>(command).unwrap(), suspend());
    let extra = serde_json::json!({ "type": "close", "now": true });
    assert!(serde_json::from_value::<Command>(extra).is_err());
}

#[test]
fn a_hostile_snapshot_is_refused_with_its_field() {
    use serde_json::{Value, json};
    let good = serde_json::to_value(varied().0.parts()).unwrap();
    let typed = |change: &dyn Fn(&mut Value)| {
        let mut bad = good.clone();
        change(&mut bad);
        serde_json::from_value::<Parts>(bad).expect("well-formed").restore().map(|_| ())
    };
    assert_eq!(typed(&|_| ()), Ok(()));
    let unknown = Err(DecodeError::UnknownSchema { expected: "escrow.store.v1" });
    assert_eq!(typed(&|v| v["schema"] = json!("escrow.deal.v1")), unknown);
    let field = |field| Err(DecodeError::Field { field });
    assert_eq!(typed(&|v| v["state"]["progress"]["revision"] = json!(9)), field("revision"));
    assert_eq!(
        typed(&|v| v["state"]["progress"]["last_at"] = json!("2026-02-01T12:00:00Z")),
        field("last_at")
    );
    assert_eq!(typed(&|v| v["state"]["conditions_version"] = json!(0)), field("conditions_version"));
    assert_eq!(typed(&|v| v["state"]["conditions_version"] = json!(99)), field("conditions_version"));
    assert_eq!(typed(&|v| v["state"]["conditions_version"] = json!(1)), field("conditions"));
    let explicit = |v: &mut Value| v["state"]["conditions"]["policy"]["consent"] = json!("explicit");
    assert_eq!(typed(&explicit), field("conditions"));
    let untyped = |change: &dyn Fn(&mut Value)| {
        let mut bad = good.clone();
        change(&mut bad);
        serde_json::from_value::<Store>(bad).is_err()
    };
    assert!(untyped(&|v| v["extra"] = json!(1)));
    assert!(untyped(&|v| v["state"]["extra"] = json!(1)));
    assert!(untyped(&|v| v["state"]["status"] = json!("ajar")));
    assert!(untyped(&|v| v["terms"]["conditions"]["policy"]["consent"] = json!("explicit")));
}
