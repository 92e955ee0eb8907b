//! The promises, proven of small deals: an exhaustive exploration with a model checker, on the real
//! `escrow::transition` and `Deal::apply`. Every scene is explored to its closure: no bound on the depth, no state left
//! whose successors are not among the states.
//!
//! - No deadlock: from every state that is reached, timers and gateway answers alone lead to a closed deal at rest, shown
//!   by a walk per state, and over the whole graph, where *every* path of timers and answers ends there.
//! - On every step: money is conserved, what the gateway tells of a payment is recorded, nobody owes what they never had,
//!   nothing settles twice, what has ended stays ended.
//! - Scenes of their own have one fact about money that is late, early, in parts, for something else, or against the
//!   gateway's word, with all that follows from it: there people do only what money goes by.
//! - In every state: `allowed` and `transition` are of one mind, and it does not matter when a deal is woken. These two
//!   are dear: the normal run asks every eighth state and all of ordinary deals, `deeper` asks all.
#![allow(clippy::print_stdout)]

mod canon;
mod contents;
mod facts;
mod found;
mod graph;
mod model;
mod promises;
mod properties;
mod scene;
mod state;
mod verdicts;
mod waking;

use std::collections::BTreeSet;

use crate::common::{fixed_fee, guaranteed, judged, plain, rub, sale, service, terms};
use escrow::deal::CommandKind::{
    self, AddCharge, Agree, Amend, AppointArbiter, ConfirmPayment, Escalate, Extend, GiveBack, IncurCost,
    ProposeAward, RecordTracking, RedirectRefund, Remark, RemoveTrack, RequestPayment, SetDestination,
    SetTrack, Submit, Wake,
};
use escrow::deal::{PhaseKind, Timer};
use escrow::deposit::TransactionState;
use escrow::terms::{
    ArbitrationFee, BuyerCancel, Consent, FeePayee, Liable, Moderation, OnRefund, OnSilence, OneReport,
    Payer, Policy, Provider, TermsDraft,
};
use escrow::{Actor, Deal, Event, Money, Phase, Recorded, Status, TxId};
use facts::Fact;
use model::{Exploration, NO_DEADLOCK, WAY_ON};
use promises::{CONSERVED, OWED, RECORDED, SETTLES_ONCE, SOUND, STAYS_ENDED};
use scene::{Planted, Scene};
use state::{State, Step};
use stateright::{Checker, Expectation, HasDiscoveries, Model, Path};
use verdicts::OF_ONE_MIND;
use waking::PUNCTUAL;

// --- what is explored ---

/// Of how many states one is put to the dear questions: by `deeper` and of ordinary deals, every one is.
const EVERY: u64 = 8;

/// One unusual thing, of these kinds.
fn scene(name: &'static str, drafts: Vec<TermsDraft>, unusual: &'static [CommandKind]) -> Scene {
    Scene {
        name,
        terms: drafts.into_iter().map(terms).collect(),
        budget: 1,
        unusual,
        facts: 0,
        of_facts: 0,
        lean: false,
        every: EVERY,
        planted: None,
    }
}

/// A thing at 1 000.00, 5 % for the platform at the seller's expense, as in Nalogka.
fn shop() -> Scene {
    scene("shop", vec![judged(sale(Policy::shop()))], &[ConfirmPayment, ProposeAward])
}

/// Two units of which the buyer may keep one; a service of the seller's and one of a courier's, at either's expense. What
/// is accepted is paid a week later.
fn shop_with_services() -> Scene {
    let mut draft = judged(sale(Policy::shop().clearance_s(7 * DAY_S)));
    draft.items[0].quantity = 2;
    draft.services.push(service("wrapping", 100_00, Payer::Buyer, Provider::Seller));
    draft.services.push(service("delivery", 300_00, Payer::Shared(escrow::Rate::HALF), courier()));
    scene("shop with services", vec![draft], &[IncurCost, Wake, GiveBack])
}

fn courier() -> Provider {
    Provider::Third(crate::common::text("courier"))
}

/// Paid at the door: the seller deposits what the fee is over the proceeds.
fn shop_on_delivery() -> Scene {
    let mut draft = judged(sale(Policy::shop()));
    draft.pay_offline = Some(rub(1_000_00));
    draft.policy.chargeback_liable = Liable::Buyer;
    scene("shop, paid on delivery", vec![draft], &[RedirectRefund, SetDestination, Escalate])
}

/// Moderation where somebody asks for it; the seller amends the price, the operator the rules.
fn marketplace() -> Scene {
    let first = judged(sale(Policy::marketplace()));
    let mut dearer = first.clone();
    dearer.items[0].unit_price = rub(1_200_00);
    let mut mutual = first.clone();
    mutual.policy.acceptance = escrow::terms::Acceptance::Mutual;
    scene("marketplace", vec![first, dearer, mutual], &[Remark, Amend, Extend])
}

/// Moderation of every deal; fees of every behaviour on a refund.
fn marketplace_moderated() -> Scene {
    let mut draft = judged(plain(Policy::marketplace().moderation(Moderation::Required)));
    draft.fees.push(fixed_fee("kept", FeePayee::Processor, 20_00, Payer::Buyer, OnRefund::Keep));
    draft.fees.push(fixed_fee("shared", FeePayee::Platform, 30_00, Payer::Seller, OnRefund::ProRata));
    let mut worded = draft.clone();
    worded.description = Some(crate::common::text("as described"));
    scene("marketplace, moderated", vec![draft, worded], &[Remark, Amend])
}

/// WebMoney: two guarantees, the price paid directly. Claims lapse, each in its time: people do only what money goes by.
fn guarantee() -> Scene {
    Scene { lean: true, ..scene("guarantee", vec![judged(guaranteed())], &[Agree]) }
}

/// A mutual deal that is paid through us, with one guarantee, and no arbiter until one is appointed.
fn guarantee_paid() -> Scene {
    let mut draft = sale(Policy::guarantee().one_report(OneReport::Stands));
    draft.guarantees.seller = Some(rub(300_00));
    let mut dearer = draft.clone();
    dearer.items[0].unit_price = rub(1_200_00);
    scene("guarantee, paid", vec![draft, dearer], &[Amend, AppointArbiter])
}

/// Work in revisions, seen before and after the funding.
fn freelance() -> Scene {
    scene("freelance", vec![judged(sale(Policy::freelance()))], &[Submit, RequestPayment, AddCharge])
}

/// The other answers to every silence.
fn silences() -> Scene {
    let policy = Policy::shop()
        .on_performance_deadline(OnSilence::Accept)
        .on_acceptance_deadline(OnSilence::Dispute)
        .buyer_cancel(BuyerCancel::UntilAccepted)
        .arbitration_fee(Some(ArbitrationFee {
            payee: FeePayee::Platform,
            rate: crate::common::percent(10),
            guarantee_rate: crate::common::percent(0),
            fixed: None,
            min: None,
            max: None,
        }));
    let tracks = &[RecordTracking, SetTrack, RemoveTrack];
    scene("other silences", vec![judged(sale(policy))], tracks)
}

const DAY_S: u32 = 86_400;

const SCENES: [fn() -> Scene; 9] = [
    shop,
    shop_with_services,
    shop_on_delivery,
    marketplace,
    marketplace_moderated,
    guarantee,
    guarantee_paid,
    freelance,
    silences,
];

/// What the gateway tells of money, late, early or against its own word: one fact, and all that follows from it. People do
/// only what money goes by.
fn told(name: &'static str, scene: fn() -> Scene) -> Scene {
    let of_facts = Fact::ALL.iter().fold(0, |all, fact| all | fact.bit());
    let scene = scene();
    let terms = scene.terms.into_iter().take(1).collect();
    Scene { name, terms, budget: 0, facts: 1, of_facts, lean: true, ..scene }
}

fn facts_of_a_shop() -> Scene {
    told("shop, facts", shop)
}

fn facts_of_a_shop_with_services() -> Scene {
    told("shop with services, facts", shop_with_services)
}

fn facts_of_a_shop_on_delivery() -> Scene {
    told("shop, paid on delivery, facts", shop_on_delivery)
}

fn facts_of_a_marketplace() -> Scene {
    told("marketplace, facts", marketplace)
}

fn facts_of_a_guarantee() -> Scene {
    told("guarantee, facts", guarantee)
}

fn facts_of_a_paid_guarantee() -> Scene {
    told("guarantee, paid, facts", guarantee_paid)
}

/// What is accepted is paid later: facts meet the pot.
fn freelance_cleared() -> Scene {
    let policy = Policy::freelance().clearance_s(7 * DAY_S);
    Scene { terms: vec![terms(judged(sale(policy)))], ..freelance() }
}

fn facts_of_a_freelancer() -> Scene {
    told("freelance, facts", freelance_cleared)
}

const FACTS: [fn() -> Scene; 5] = [
    facts_of_a_shop,
    facts_of_a_shop_on_delivery,
    facts_of_a_marketplace,
    facts_of_a_guarantee,
    facts_of_a_freelancer,
];

// --- the proof ---

/// What an exploration has seen.
struct Seen {
    states: usize,
    kinds: BTreeSet<CommandKind>,
    phases: BTreeSet<PhaseKind>,
    facts: BTreeSet<Fact>,
}

fn explore(scene: Scene) -> Seen {
    let name = scene.name;
    let checker = Exploration::new(scene)
        .checker()
        .threads(1)
        .finish_when(HasDiscoveries::AnyFailures)
        .spawn_bfs()
        .join();
    for property in checker.model().properties() {
        if let (Expectation::Always, Some(path)) = (&property.expectation, checker.discovery(property.name)) {
            let found = checker.model().findings(path.last_state());
            panic!("{name}: not so: {}\n{}\n{found:?}", property.name, tell(path));
        }
    }
    let states = checker.unique_state_count();
    let verdict = checker.model().verdict();
    println!("{name}: {states} distinct states, depth {}, {verdict:?}", checker.max_depth());
    let late = checker.model().judged_late();
    println!("{name}: {late} commands were judged two deadlines late or more, and punctually");
    assert!(late > 100, "{name}: {late}");
    assert_eq!((verdict.states, verdict.stuck, verdict.avoiding), (states, 0, 0), "{name}");
    let model = checker.model();
    let (kinds, phases, facts) = (model.kinds().collect(), model.phases().collect(), model.facts().collect());
    Seen { states, kinds, phases, facts }
}

/// A minimal history, a step to a line.
fn tell(path: Path<State, Step>) -> String {
    let steps = path.into_vec().into_iter();
    let lines =
        steps.map(|(state, step)| format!("{state:?}\n  {}", step.map_or(String::new(), |s| s.to_string())));
    lines.collect::<Vec<_>>().join("\n")
}

/// Everything that the scene was made for has happened.
fn prove(scene: Scene) -> usize {
    let (name, unusual) = (scene.name, scene.unusual);
    let expected = if scene.terms[0].policy.consent == Consent::Explicit {
        PhaseKind::Proposed
    } else {
        PhaseKind::Closed
    };
    let seen = explore(scene);
    for kind in unusual {
        assert!(seen.kinds.contains(kind), "{name}: {kind} was never accepted");
    }
    assert!(seen.phases.contains(&expected), "{name}: {expected}");
    assert_told(name, seen.states);
    seen.states
}

/// What the README tells is what was seen.
fn assert_told(name: &str, states: usize) {
    let told = format!("| {},{:03} | 0 |", states / 1_000, states % 1_000);
    assert!(include_str!("../../README.md").contains(&told), "{name}: the README has no row with {told}");
}

#[test]
fn every_state_of_a_shops_deal_comes_to_rest() {
    let states = prove(shop()) + prove(shop_with_services()) + prove(shop_on_delivery()) + prove(silences());
    assert!(states > 120_000, "{states}");
}

#[test]
fn every_state_of_a_marketplaces_deal_comes_to_rest() {
    let states = prove(marketplace()) + prove(marketplace_moderated());
    assert!(states > 40_000, "{states}");
}

#[test]
fn every_state_of_a_guarantee_deal_comes_to_rest() {
    let states = prove(guarantee()) + prove(guarantee_paid());
    assert!(states > 50_000, "{states}");
}

#[test]
fn every_state_of_a_freelancers_deal_comes_to_rest() {
    let states = prove(freelance());
    assert!(states > 20_000, "{states}");
}

/// Every kind of fact about money was told: late, early, twice, in parts, for something else, against the gateway's own
/// word.
fn prove_facts(scenes: &[fn() -> Scene]) -> usize {
    let told: Vec<Seen> = scenes.iter().map(|scene| explore(scene())).collect();
    let seen: BTreeSet<Fact> = told.iter().flat_map(|seen| seen.facts.iter().copied()).collect();
    assert_eq!(seen, Fact::ALL.into_iter().collect());
    for (scene, seen) in scenes.iter().zip(&told) {
        assert_told(scene().name, seen.states);
    }
    told.iter().map(|seen| seen.states).sum()
}

#[test]
fn every_state_comes_to_rest_whatever_the_gateway_says_of_money() {
    let states = prove_facts(&FACTS);
    println!("{states} states");
    assert!(states > 150_000, "{states}");
}

/// Every kind is somewhere in a scene: as an ordinary thing, or as an unusual one.
#[test]
fn no_kind_of_command_is_left_out() {
    let mut seen: BTreeSet<CommandKind> =
        [shop(), shop_with_services(), marketplace(), guarantee(), freelance()]
            .into_iter()
            .flat_map(|scene| explore(Scene { budget: 0, every: 1, ..scene }).kinds)
            .collect();
    seen.extend(SCENES.iter().flat_map(|scene| scene().unusual));
    // facts about money have scenes of their own, and notes change nothing that is explored
    seen.extend([CommandKind::Chargeback, CommandKind::Returned, CommandKind::SettleReceivable]);
    seen.insert(CommandKind::Annotate);
    let missing: Vec<_> = CommandKind::ALL.into_iter().filter(|kind| !seen.contains(kind)).collect();
    assert_eq!(missing, []);
}

// --- the proof of the proof ---

/// A scene, a timer that never fires, and where that leaves the deal.
type Stuck = (fn() -> Scene, fn(Timer) -> bool, Status);

/// With any timer of them all broken, the checker finds a state without a way on, and a shortest history of it.
#[test]
fn a_planted_deadlock_is_found() {
    let planted: [Stuck; 10] = [
        (freelance, |t| t == Timer::Proposal, Status::Proposed),
        (shop, |t| t == Timer::Funding, Status::AwaitingDeposit),
        (marketplace_moderated, |t| t == Timer::Moderation, Status::Moderation),
        (shop, |t| t == Timer::Start, Status::AwaitingPerformance),
        (shop, |t| t == Timer::Performance, Status::Performing),
        (shop, |t| t == Timer::Acceptance, Status::AwaitingAcceptance),
        (shop, |t| t == Timer::Negotiation, Status::Disputed),
        (shop, |t| t == Timer::Arbitration, Status::Disputed),
        (freelance, |t| matches!(t, Timer::Hold(_)), Status::Proposed),
        (shop, |t| t == Timer::Settlement, Status::CancelRequested),
    ];
    for (scene, broken, expected) in planted {
        let scene = Scene { budget: 0, planted: Some(Planted::Timer(broken)), ..scene() };
        let failure = HasDiscoveries::AnyFailures;
        let checker = Exploration::new(scene).checker().threads(1).finish_when(failure).spawn_bfs().join();
        let found = checker.discovery(NO_DEADLOCK).expect("the checker finds it");
        assert_eq!(checker.model().stuck(found.last_state()), Some(expected));
        println!("stuck in {expected}:\n{}", tell(found));
    }
}

/// The graph check finds it, too, without the walks.
#[test]
fn a_planted_deadlock_is_in_the_graph() {
    let broken: fn(Timer) -> bool = |t| t == Timer::Settlement;
    let scene = Scene { budget: 0, planted: Some(Planted::Timer(broken)), ..shop() };
    let checker = Exploration::new(scene).checker().threads(1).spawn_bfs().join();
    let verdict = checker.model().verdict();
    // a declined payout waits for its payee, who may be silent for ever; while nothing is declined there is a path
    assert!(verdict.stuck > 0 && verdict.avoiding > verdict.stuck, "{verdict:?}");
    assert!(checker.discovery(WAY_ON).is_some());
}

/// A promise, a scene, and what breaks it.
type Breaking = (&'static str, fn() -> Scene, Planted);

/// Each of the other promises, broken on purpose, is missed by its name.
#[test]
fn a_broken_promise_is_found() {
    let planted: [Breaking; 11] = [
        (CONSERVED, shop, Planted::Events(again_when_paid)),
        (CONSERVED, facts_of_a_shop, Planted::Events(cut_again)),
        (RECORDED, shop, Planted::Events(another_when_paid)),
        (OWED, facts_of_a_shop, Planted::Events(again_when_charged_back)),
        (SOUND, shop, Planted::Events(again_when_paid)),
        (SETTLES_ONCE, shop, Planted::Events(failed_after_all)),
        (STAYS_ENDED, shop, Planted::Events(back_when_closed)),
        // told to be allowed, and refused; told to be denied, and done
        (OF_ONE_MIND, shop, Planted::Verdict(CommandKind::Rule)),
        (OF_ONE_MIND, shop, Planted::Verdict(CommandKind::Wake)),
        (PUNCTUAL, shop, Planted::Late(a_second_late)),
        (PUNCTUAL, facts_of_a_shop, Planted::Late(a_second_late)),
    ];
    for (promise, scene, planted) in planted {
        let scene = Scene { every: 1, planted: Some(planted), ..scene() };
        let failure = HasDiscoveries::AnyOf([promise].into());
        let checker = Exploration::new(scene).checker().threads(1).finish_when(failure).spawn_bfs().join();
        let found = checker.discovery(promise).unwrap_or_else(|| panic!("not missed: {promise}"));
        println!("missed: {promise}\n{}", tell(found));
    }
}

/// A payment is booked twice.
fn again_when_paid(_: &Deal, recorded: &Recorded) -> Option<Event> {
    matches!(recorded.event, Event::PaymentReceived { .. }).then(|| recorded.event.clone())
}

/// A payment of which the gateway has not told is booked beside one of which it has.
fn another_when_paid(deal: &Deal, recorded: &Recorded) -> Option<Event> {
    let Event::PaymentReceived { deposit, amount, gateway, .. } = &recorded.event else { return None };
    let tx = TxId::new(u32::try_from(deal.transactions().len()).ok()? + 1);
    let (deposit, amount, gateway) = (*deposit, *amount, gateway.clone());
    let (reference, held_until, capture) = (crate::common::text("nobody-told"), None, None);
    Some(Event::PaymentReceived { tx, deposit, amount, gateway, reference, held_until, capture })
}

/// A debt that a chargeback leaves is raised twice.
fn again_when_charged_back(_: &Deal, recorded: &Recorded) -> Option<Event> {
    matches!(recorded.event, Event::ReceivableRaised { .. }).then(|| recorded.event.clone())
}

/// What a bank has lost leaves the pot twice.
fn cut_again(deal: &Deal, recorded: &Recorded) -> Option<Event> {
    let Event::PotCut { deposit, new, as_if, .. } = recorded.event else { return None };
    let held = deal.deposit(deposit)?.held();
    let twice = |sum: Money| Money::from_minor(sum.minor() + held.minor().max(1_00), sum.currency());
    Some(Event::PotCut { deposit, old: new, new: twice(new), as_if, borne: None })
}

/// Once the deal is over, a payment that had come in has failed.
fn failed_after_all(deal: &Deal, recorded: &Recorded) -> Option<Event> {
    let closes = matches!(recorded.event, Event::PhaseEntered { phase: Phase::Closed { .. }, .. });
    let paid = deal.transactions().iter().find(|t| *t.state() == TransactionState::Succeeded)?;
    closes.then(|| Event::TransactionFailed {
        tx: paid.id(),
        reason: crate::common::text("no"),
        missed: false,
    })
}

/// A payment that comes in late opens a closed deal.
fn back_when_closed(deal: &Deal, recorded: &Recorded) -> Option<Event> {
    let paid = matches!(recorded.event, Event::PaymentReceived { .. });
    let phase = Phase::AwaitingDeposit { until: recorded.at.plus_secs(crate::common::DAY) };
    (paid && deal.phase().kind() == PhaseKind::Closed).then_some(Event::PhaseEntered { phase, paused: None })
}

/// A timer that fires late counts from then.
fn a_second_late(recorded: &mut Recorded) {
    if recorded.actor == Actor::Clock {
        recorded.at = recorded.at.plus_secs(1);
    }
}

/// Everything unusual once, in every scene, and every state put to every question: 2,336,116 states, to closure in every
/// scene, in five minutes of one core.
///
/// `cargo test --release --all-features --test core exploration::deeper -- --ignored --nocapture`
#[test]
#[ignore = "minutes: run it in release, with --nocapture"]
fn deeper() {
    let all = SCENES.into_iter().map(|scene| Scene { unusual: &CommandKind::ALL, every: 1, ..scene() });
    let states: usize = all.map(|scene| explore(scene).states).sum();
    println!("{states} distinct states");
    assert!(states > 2_000_000, "{states}");
}

/// Two facts about money of each scene, each kind once; and one of them with all that people do.
#[test]
#[ignore = "minutes: run it in release, with --nocapture"]
fn facts_about_money_deeper() {
    let all = FACTS.into_iter().map(|scene| Scene { facts: 2, ..scene() });
    println!("{} distinct states", all.map(|scene| explore(scene).states).sum::<usize>());
    for scene in [facts_of_a_paid_guarantee, facts_of_a_shop_with_services] {
        println!("{} distinct states", explore(scene()).states);
    }
    let all = FACTS.into_iter().map(|scene| Scene { lean: false, ..scene() });
    println!("{} distinct states", all.map(|scene| explore(scene).states).sum::<usize>());
}

/// Two unusual things of each scene's own kinds.
#[test]
#[ignore = "minutes: run it in release, with --nocapture"]
fn two_things_at_once() {
    let all = SCENES.into_iter().map(|scene| Scene { budget: 2, ..scene() });
    println!("{} distinct states", all.map(|scene| explore(scene).states).sum::<usize>());
}
