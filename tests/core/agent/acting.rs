//! A command to an id: loaded, judged, committed, and judged again where somebody else was faster.

use std::fmt::Display;
use std::sync::Mutex;

use crate::agent::host::SharedClock;
use crate::agent::stories::{buyer, gateway, payment, seller, terms};
use crate::common::*;
use escrow::agent::{self, ActError, Committed, Observer, RefusedFact, Stopped};
use escrow::deal::command::{Accept, Answered, Cancel, Post, StartPerforming};
use escrow::deal::{Parts, PendingOrder};
use escrow::port::{self, Aggregate, CheckoutForm, CheckoutRequest, Commit, CommitError};
use escrow::{Deal, Policy, Rejection, Status, Time};
use escrow_testing::{Behaviour, ManualClock, MemoryRepository, Rule, ScriptedGateway, SinkFault, TimedOut};

/// What was heard, in words.
#[derive(Default)]
struct Ears(Mutex<Vec<String>>);

impl Ears {
    fn note(&self, heard: String) {
        self.0.lock().unwrap().push(heard);
    }

    fn heard(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }
}

impl Observer<TimedOut> for Ears {
    fn gateway_failed(&self, order: &PendingOrder<'_>, error: &TimedOut) {
        self.note(format!("{} {} after {} tries: {error}", order.number(), order.kind, order.tries));
    }

    fn fact_refused(&self, refused: &RefusedFact<'_>) {
        self.note(format!("{} {:?}: {}", refused.kind, refused.order.map(|o| o.number()), refused.rejection));
    }

    fn conflict(&self, kind: &'static str, _: &dyn Display, lost: u32) {
        self.note(format!("{kind} {lost}"));
    }
}

struct World {
    repository: MemoryRepository,
    gateway: ScriptedGateway,
    ears: Ears,
    clock: std::sync::Arc<ManualClock>,
}

type TheAgent<'w> = agent::blocking::Agent<SharedClock, &'w ScriptedGateway, &'w Ears>;

impl World {
    fn new() -> Self {
        Self {
            repository: MemoryRepository::new(),
            gateway: ScriptedGateway::new(),
            ears: Ears::default(),
            clock: std::sync::Arc::new(ManualClock::new(at("2026-03-01T12:00:00Z"))),
        }
    }

    fn agent(&self) -> TheAgent<'_> {
        agent::blocking::Agent::new(SharedClock(self.clock.clone()), &self.gateway).observed_by(&self.ears)
    }

    fn performing(&self) -> TheAgent<'_> {
        let agent = self.agent();
        agent.open(&mut &self.repository, id(), terms(Policy::shop()), seller()).unwrap();
        agent.act(&self.repository, id(), payment("pay-1", 105_000), gateway()).unwrap();
        agent.act(&self.repository, id(), StartPerforming {}, seller()).unwrap();
        agent
    }

    fn load(&self) -> Deal {
        port::blocking::Repository::load(&self.repository, id()).unwrap().unwrap()
    }
}

#[test]
fn both_agents_act_alike() {
    let blocking = World::new();
    let agent = blocking.performing();
    let acted = agent.act(&blocking.repository, id(), Accept::default(), buyer()).unwrap();
    assert_eq!(acted.after.status(), Status::Completed);
    assert_eq!(acted.after, blocking.load());
    assert!(!acted.receipt.has_pending);

    let alive = World::new();
    pollster::block_on(async {
        let agent = agent::Agent::new(SharedClock(alive.clock.clone()), AliveGateway(&alive.gateway));
        let repository = &alive.repository;
        agent.open(&mut &*repository, id(), terms(Policy::shop()), seller()).await.unwrap();
        agent.act(repository, id(), payment("pay-1", 105_000), gateway()).await.unwrap();
        agent.act(repository, id(), StartPerforming {}, seller()).await.unwrap();
        let acted = agent.act(repository, id(), Accept::default(), buyer()).await.unwrap();
        assert_eq!(acted.after, alive.load());
    });
    assert_eq!(alive.repository.journal(id()), blocking.repository.journal(id()));
    assert_eq!(Deal::replay(id(), &alive.repository.journal(id())), Ok(alive.load()));
}

struct AliveGateway<'g>(&'g ScriptedGateway);

impl port::PaymentGateway for AliveGateway<'_> {
    type Error = TimedOut;

    async fn checkout(&self, request: CheckoutRequest<'_>) -> Result<CheckoutForm, TimedOut> {
        port::blocking::PaymentGateway::checkout(self.0, request)
    }

    async fn execute(&self, order: PendingOrder<'_>) -> Result<Answered, TimedOut> {
        port::blocking::PaymentGateway::execute(self.0, order)
    }
}

#[test]
fn lost_command() {
    // eight writers at the same time, twenty-five messages each: every one is in the journal
    let world = World::new();
    world.performing();
    std::thread::scope(|scope| {
        for writer in 0..8 {
            let world = &world;
            scope.spawn(move || {
                let agent = world.agent();
                for number in 0..25 {
                    let said = Post::new(text(&format!("{writer}/{number}")));
                    loop {
                        match agent.act(&world.repository, id(), said.clone(), buyer()) {
                            Ok(_) => break,
                            // sixteen times in a row is bounded, and says that nothing was written
                            Err(error) => assert_eq!(error.committed(), Committed::No, "{error}"),
                        }
                    }
                }
            });
        }
    });
    let journal = world.repository.journal(id());
    let said = journal.iter().filter(|r| matches!(r.event, escrow::Event::Posted { .. })).count();
    assert_eq!(said, 200);
    assert_eq!(Deal::replay(id(), &journal), Ok(world.load()));
}

/// A repository in which somebody else is faster before a certain commit.
struct Contested<'w> {
    world: &'w World,
    commits: Mutex<u32>,
    before: u32,
    times: u32,
}

impl port::blocking::Repository<Deal> for Contested<'_> {
    type Error = SinkFault;

    fn commit(&self, commit: Commit<'_>) -> Result<(), CommitError<SinkFault>> {
        let mut commits = self.commits.lock().unwrap();
        let now = *commits;
        *commits += 1;
        if (self.before..self.before + self.times).contains(&now) {
            let other =
                agent::blocking::Agent::new(SharedClock(self.world.clock.clone()), &self.world.gateway);
            let said = Post::new(text(&format!("faster {now}")));
            other.act(&self.world.repository, id(), said, seller()).unwrap();
        }
        port::blocking::Repository::commit(&self.world.repository, commit)
    }

    fn load(&self, id: escrow::DealId) -> Result<Option<Deal>, SinkFault> {
        port::blocking::Repository::load(&self.world.repository, id)
    }

    fn due(&self, now: Time, limit: u32) -> Result<Vec<escrow::DealId>, SinkFault> {
        port::blocking::Repository::due(&self.world.repository, now, limit)
    }

    fn unanswered(&self, before: Time, limit: u32) -> Result<Vec<escrow::DealId>, SinkFault> {
        port::blocking::Repository::unanswered(&self.world.repository, before, limit)
    }
}

#[test]
fn neither_the_command_nor_an_answer_is_lost_to_a_race() {
    // the acceptance is the first commit; the answers to the three legs are the others
    for before in 0..4 {
        let world = World::new();
        let agent = world.performing();
        world.ears.heard();
        let contested = Contested { world: &world, commits: Mutex::new(0), before, times: 2 };
        let acted = agent.act(&contested, id(), Accept::default(), buyer()).unwrap();
        assert_eq!(acted.after.status(), Status::Completed, "{before}");
        assert_eq!(acted.after, world.load());
        assert_eq!(world.ears.heard(), ["deal 1", "deal 2"]);
        assert!(world.gateway.executions().iter().all(|(_, e)| e.asked == 1), "{before}: asked twice");
    }
}

#[test]
fn races_are_bounded_and_the_error_says_what_is_committed() {
    let cases = [(0, Committed::No, Status::Performing), (1, Committed::Yes, Status::Settling)];
    for (before, committed, status) in cases {
        let world = World::new();
        let agent = world.performing();
        let contested = Contested { world: &world, commits: Mutex::new(0), before, times: 1_000 };
        let error = agent.act(&contested, id(), Accept::default(), buyer()).unwrap_err();
        assert_eq!(error, ActError::Stopped { stopped: Stopped::Conflict, committed });
        assert_eq!(world.load().status(), status);
    }
}

#[test]
fn an_unknown_commit_says_so() {
    for (passed, fault, committed) in [
        (0, SinkFault::Before, Committed::Unknown),
        (0, SinkFault::After, Committed::Unknown),
        (1, SinkFault::Before, Committed::Yes),
    ] {
        let world = World::new();
        let agent = world.performing();
        (0..passed).for_each(|_| world.repository.pass_next());
        world.repository.fail_next(fault);
        let error = agent.act(&world.repository, id(), Accept::default(), buyer()).unwrap_err();
        assert_eq!(error, ActError::Stopped { stopped: Stopped::Storage(fault), committed });
        // the same command again, and whatever is left
        agent.act(&world.repository, id(), Accept::default(), buyer()).unwrap();
        let done = agent.catch_up(&world.repository, id()).unwrap();
        assert_eq!(done.after.status(), Status::Completed);
    }
}

#[test]
fn error_dropped() {
    let world = World::new();
    let agent = world.performing();
    world.gateway.script(Rule { kind: None, payee: None, times: 1, behaviour: Behaviour::TimeOut });
    let acted = agent.act(&world.repository, id(), Accept::default(), buyer()).unwrap();
    assert!(acted.receipt.has_pending);
    let first = acted.after.pending().next().unwrap().number();
    // the insurance comes first, and nobody has ever sent it before
    assert_eq!(world.ears.heard(), [format!("{first} payout after 0 tries: the gateway did not answer")]);
    world.gateway.script(Rule { kind: None, payee: None, times: 1, behaviour: Behaviour::TimeOut });
    agent.catch_up(&world.repository, id()).unwrap();
    assert_eq!(world.ears.heard(), [format!("{first} payout after 1 tries: the gateway did not answer")]);
    // a fact of the gateway's that the deal refuses
    let contradiction = payment("pay-1", 99_000);
    let error = agent.act(&world.repository, id(), contradiction, gateway()).unwrap_err();
    let ActError::Rejected(rejection @ Rejection::FactContradicts(_)) = error else { panic!("{error}") };
    assert_eq!(world.ears.heard(), [format!("deal None: {rejection}")]);
    // a party's mistake is nobody's incident
    agent.act(&world.repository, id(), Cancel::default(), buyer()).unwrap_err();
    assert_eq!(world.ears.heard(), [""; 0]);
}

#[test]
fn commit_only_sends_nothing() {
    let world = World::new();
    let agent = world.performing();
    let acted = agent.commit_only(&world.repository, id(), Accept::default(), buyer()).unwrap();
    assert_eq!(acted.after.status(), Status::Settling);
    assert!(acted.receipt.has_pending && world.gateway.executions().is_empty());
    let since = acted.after.listing().pending_since.unwrap();
    assert_eq!(port::blocking::Repository::unanswered(&world.repository, since, 9), Ok(vec![id()]));
    let done = agent.catch_up(&world.repository, id()).unwrap();
    assert_eq!(done.after.status(), Status::Completed);
    assert_eq!(port::blocking::Repository::unanswered(&world.repository, since, 9), Ok(vec![]));
    // nothing is there, nothing is asked
    let nobody = escrow::DealId::new(escrow::uuid::Uuid::from_u128(404));
    let error = agent.act(&world.repository, nobody, Accept::default(), buyer()).unwrap_err();
    assert_eq!((error.committed(), error), (Committed::No, ActError::NotFound));
}

#[test]
fn an_order_says_all_that_a_gateway_needs() {
    let world = World::new();
    let agent = world.performing();
    let deal = agent.commit_only(&world.repository, id(), Accept::default(), buyer()).unwrap().after;
    // whoever reads it does not know whether it was sent before
    let at = deal.last_at();
    for order in deal.pending() {
        assert_eq!((order.deal(), order.first_sent, order.tries), (id(), Some(at), 1));
        assert_eq!((order.kind, order.amount), (order.kind, order.amount));
        assert!(order.purpose.is_some());
        let known = matches!(order.payee, escrow::Payee::Platform | escrow::Payee::Processor);
        assert_eq!(order.party.is_none(), known, "{}", order.payee);
    }
    let seller = deal.pending().find(|o| *o.payee == escrow::Payee::Seller).unwrap();
    assert_eq!(seller.party, Some(&deal.terms().seller));
    let fresh = seller.never_sent();
    assert_eq!((fresh.first_sent, fresh.tries), (None, 0));
    // the repository's own form is the deal's
    let stored: Parts = serde_json::from_str(&serde_json::to_string(&deal).unwrap()).unwrap();
    assert_eq!(stored.restore(), Ok(deal));
}

#[test]
fn a_refused_fact_is_told_although_a_later_commit_fails() {
    use crate::agent::stories::guaranteed;
    let world = World::new();
    let script = guaranteed();
    let lying = Lying(&world.gateway);
    let agent = agent::blocking::Agent::new(SharedClock(world.clock.clone()), lying).observed_by(&world.ears);
    let repository = &world.repository;
    agent.open(&mut &*repository, id(), script.terms.clone(), script.proposer.clone()).unwrap();
    let [(_, who, guarantee), (_, whom, agree), ..] = &script.steps[..] else { panic!() };
    agent.act(repository, id(), guarantee.clone(), who.clone()).unwrap();
    agent.act(repository, id(), agree.clone(), whom.clone()).unwrap_err();
    let heard = world.ears.heard();
    assert!(!heard.is_empty() && heard.iter().all(|h| h.starts_with("deal Some(")), "{heard:?}");
}

/// Says of every payment that is verified that it is quite another one.
struct Lying<'g>(&'g ScriptedGateway);

impl port::blocking::PaymentGateway for Lying<'_> {
    type Error = TimedOut;

    fn checkout(&self, request: CheckoutRequest<'_>) -> Result<CheckoutForm, TimedOut> {
        port::blocking::PaymentGateway::checkout(self.0, request)
    }

    fn execute(&self, order: PendingOrder<'_>) -> Result<Answered, TimedOut> {
        if order.kind.is_inbound() {
            return Ok(Answered::Succeeded(text("quite-another")));
        }
        port::blocking::PaymentGateway::execute(self.0, order)
    }
}
