//! A host that crashes, behind a gateway that tells facts late, early, twice, in parts and against each other: in the end
//! the deal has recorded what the gateway's own ledger has, payment by payment.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::arithmetic_side_effects,
    clippy::wildcard_enum_match_arm
)]

use std::collections::BTreeMap;

use crate::common::{B, buyer, payment, percent, plain, rub, seller, start, text};
use escrow::agent::AgentError;
use escrow::agent::blocking::Agent;
use escrow::deal::command::{Accept, Answered, Cancel, Chargeback, ChargebackStep, StartPerforming};
use escrow::deposit::{TransactionKind, TransactionState};
use escrow::port::Clock as _;
use escrow::terms::{Fee, FeePayee, Payer, Terms};
use escrow::{Actor, Command, Deal, DealId, Policy, TxId};
use escrow_testing::{Behaviour, ManualClock, MemorySink, Rule, ScriptedGateway, SinkFault};
use proptest::prelude::*;
use proptest::sample::Index;

/// All but the one whose last word is not true: where the first one is lost in a crash, nobody can know better.
const BEHAVIOURS: [Behaviour; 12] = [
    Behaviour::Prompt,
    Behaviour::Silent,
    Behaviour::Decline,
    Behaviour::TimeOut,
    Behaviour::TimeOutAfter,
    Behaviour::AnswerTwice,
    Behaviour::Late,
    Behaviour::DeclinedThenDone,
    Behaviour::Bounce,
    Behaviour::BounceInParts,
    Behaviour::ChargedAnyway,
    Behaviour::ChargedInParts,
];

/// What happens beside the deal's own steps.
#[derive(Clone, Debug)]
struct Story {
    held: bool,
    accepted: bool,
    /// How the gateway treats its orders, one after the other.
    behaviours: Vec<Behaviour>,
    /// What the bank takes back, and whether it gives it back again.
    disputed: Vec<(i64, bool)>,
    /// Before which steps the connection to the storage is lost, before or after the write.
    crashes: Vec<(u8, bool)>,
    /// Which of the facts that wait is delivered next, and how often.
    turns: Vec<(Index, u8)>,
}

fn stories() -> impl Strategy<Value = Story> {
    let behaviours = prop::collection::vec(prop::sample::select(&BEHAVIOURS[..]), 0..6);
    let disputed = prop::collection::vec((1..1_000_00_i64, any::<bool>()), 0..3);
    let crashes = prop::collection::vec((0..30_u8, any::<bool>()), 0..4);
    let turns = prop::collection::vec((any::<Index>(), 1..3_u8), 0..12);
    (any::<bool>(), any::<bool>(), behaviours, disputed, crashes, turns).prop_map(
        |(held, accepted, behaviours, disputed, crashes, turns)| Story {
            held,
            accepted,
            behaviours,
            disputed,
            crashes,
            turns,
        },
    )
}

/// What a host does with a fact that the gateway tells by itself.
type Ear = fn(&Command) -> bool;

struct Host {
    agent: Agent<ManualClock, ScriptedGateway>,
    sink: MemorySink,
    deal: Deal,
    step: u8,
    crashes: Vec<(u8, bool)>,
    /// Facts that are not delivered yet.
    waiting: Vec<Command>,
    hears: Ear,
}

impl Host {
    fn open(story: &Story, hears: Ear) -> Self {
        let mut draft = plain(Policy::shop());
        draft.fees = vec![Fee::of_price(text("site"), FeePayee::Platform, percent(10), Payer::Seller)];
        let agent = Agent::new(ManualClock::new(start()), ScriptedGateway::new());
        for behaviour in &story.behaviours {
            agent.gateway.script(Rule { kind: None, payee: None, times: 1, behaviour: *behaviour });
        }
        let mut sink = MemorySink::new();
        let id = DealId::new(uuid::Uuid::from_u128(7));
        let deal = agent.open(&mut sink, id, Terms::new(draft).unwrap(), buyer()).unwrap();
        let (crashes, waiting) = (story.crashes.clone(), Vec::new());
        Self { agent, sink, deal, step: 0, crashes, waiting, hears }
    }

    /// A command, given again until it is known what became of it. Whether the deal has it.
    fn act(&mut self, command: &Command, actor: &Actor) -> bool {
        loop {
            self.step = self.step.saturating_add(1);
            if let Some(at) = self.crashes.iter().position(|(step, _)| *step <= self.step) {
                let (_, after) = self.crashes.remove(at);
                self.sink.fail_next(if after { SinkFault::After } else { SinkFault::Before });
            }
            let done = self.agent.submit(&mut self.sink, &mut self.deal, command, actor.clone());
            self.collect();
            match done {
                Ok(_) => return true,
                Err(AgentError::Rejected(_)) => return false,
                Err(AgentError::FactRefused { rejection, .. }) => panic!("{rejection}"),
                // the process starts anew, with nothing but the journal
                Err(_) => self.deal = self.sink.load(self.deal.id()).unwrap(),
            }
        }
    }

    fn collect(&mut self) {
        let told = self.agent.gateway.take_webhooks().into_iter().map(Command::Answer);
        let told: Vec<Command> = told.chain(self.agent.gateway.take_facts()).collect();
        self.waiting.extend(told.into_iter().filter(self.hears));
    }

    /// Delivers one fact that waits, as often as this; a refused one is delivered again later.
    fn deliver(&mut self, at: usize, times: u8) -> bool {
        let fact = self.waiting.remove(at);
        let mut taken = false;
        for _ in 0..times {
            taken |= self.act(&fact, &Actor::Gateway);
        }
        if !taken {
            self.waiting.push(fact);
        }
        taken
    }

    /// Until nothing waits and nothing is pending.
    fn finish(&mut self) -> Result<(), String> {
        for _ in 0..300 {
            self.collect();
            // what was never charged cannot be charged back
            if self.deal.next_deadline().is_none() && !self.deal.has_pending() && known_in(&self.deal) == 0 {
                self.waiting.retain(|fact| !matches!(fact, Command::Chargeback(_)));
            }
            let before = (self.waiting.len(), self.deal.version());
            for _ in 0..self.waiting.len() {
                self.deliver(0, 1);
            }
            match self.agent.resume(&mut self.sink, &mut self.deal) {
                Ok(_) | Err(AgentError::Rejected(_)) => {}
                Err(AgentError::FactRefused { rejection, .. }) => return Err(rejection.to_string()),
                Err(_) => self.deal = self.sink.load(self.deal.id()).unwrap(),
            }
            self.collect();
            if self.waiting.is_empty() && !self.deal.has_pending() {
                match self.deal.next_deadline() {
                    Some(due) => self.agent.clock.set(due.max(self.agent.clock.now())),
                    None => return Ok(()),
                }
            } else if before == (self.waiting.len(), self.deal.version()) {
                // nothing comes of it yet: it is asked again, and time passes
                if let Some(due) = self.deal.next_deadline() {
                    self.agent.clock.set(due.max(self.agent.clock.now()));
                }
            }
        }
        Err(format!("there is no end to it: {:?} waits, {:?}", self.waiting, self.deal))
    }
}

/// Plays the story, and holds the deal against the gateway's ledger.
fn law(story: &Story, hears: Ear) -> Result<(), String> {
    let mut host = Host::open(story, hears);
    let mut paid = payment(B, "p-1", rub(1_000_00));
    if story.held {
        paid.held_until = Some(start().plus_secs(30 * 86_400));
    }
    host.act(&paid.into(), &Actor::Gateway);
    for (number, (minor, back)) in (1..).zip(&story.disputed) {
        let steps = [ChargebackStep::Opened, ChargebackStep::Lost, ChargebackStep::Reinstated];
        for step in steps.into_iter().take(if *back { 3 } else { 2 }) {
            let reference = text(&format!("cb-{number}"));
            let told = Chargeback::new(reference, (text("bank"), text("p-1")), rub(*minor), step);
            host.agent.gateway.tell(told);
        }
    }
    let steps: [(Command, Actor); 2] = if story.accepted {
        [(StartPerforming {}.into(), seller()), (Accept::default().into(), buyer())]
    } else {
        [(Cancel::default().into(), seller()), (Cancel::default().into(), seller())]
    };
    let mut turns = story.turns.iter();
    for (command, actor) in steps {
        host.act(&command, &actor);
        for (at, times) in turns.by_ref().take(6) {
            if !host.waiting.is_empty() {
                let at = at.index(host.waiting.len());
                host.deliver(at, *times);
            }
        }
    }
    host.finish()?;
    witness(&host, story)
}

/// All the money that the deal knows to have come in.
fn known_in(deal: &Deal) -> i64 {
    let inbound = |kind| matches!(kind, TransactionKind::Charge | TransactionKind::Capture);
    let done = deal.transactions().iter().filter(|t| *t.state() == TransactionState::Succeeded);
    done.filter(|t| inbound(t.kind())).map(|t| t.amount().minor()).sum()
}

/// The ledger of the gateway: what it did under each key, and what it was paid.
fn witness(host: &Host, story: &Story) -> Result<(), String> {
    let deal = &host.deal;
    let mut came_in = if story.held { 0 } else { 1_000_00 };
    let mut sent: BTreeMap<TxId, i64> = BTreeMap::new();
    for (key, done) in host.agent.gateway.executions() {
        let succeeded = matches!(done.answer, Answered::Succeeded(_));
        match done.kind {
            TransactionKind::Capture if succeeded => came_in += done.amount.minor(),
            // in parts: told part by part
            TransactionKind::Capture if done.answer == Answered::InProgress => came_in += done.amount.minor(),
            TransactionKind::Refund | TransactionKind::Payout | TransactionKind::Fee if succeeded => {
                sent.insert(key.transaction, done.amount.minor());
            }
            _ => {}
        }
    }
    let charged_anyway = host.agent.gateway.charged_anyway();
    came_in += charged_anyway;
    let recorded = deal.transactions().iter().filter(|t| *t.state() == TransactionState::Succeeded);
    let known = known_in(deal);
    if known != came_in {
        return Err(format!("{came_in} came in at the gateway, and the deal knows of {known}"));
    }
    let outgoing =
        |kind| matches!(kind, TransactionKind::Refund | TransactionKind::Payout | TransactionKind::Fee);
    // what is credited to a balance is no order of the gateway's
    let known_out: BTreeMap<TxId, i64> = recorded
        .filter(|t| outgoing(t.kind()) && t.reference().is_some())
        .map(|t| (t.id(), t.amount().minor()))
        .collect();
    if known_out != sent {
        return Err(format!("{sent:?} were sent by the gateway, and the deal knows of {known_out:?}"));
    }
    deal.check().map_err(|e| e.to_string())
}

/// It hears everything.
const fn all(_: &Command) -> bool {
    true
}

/// The bug: it listens to answers only.
const fn answers(fact: &Command) -> bool {
    matches!(fact, Command::Answer(_))
}

/// The bug: an answer was given, and a webhook about it is not looked at.
const fn no_answers(fact: &Command) -> bool {
    !matches!(fact, Command::Answer(_))
}

#[test]
fn the_deal_knows_what_the_gateway_has_done() {
    let config = ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(400) };
    proptest!(config, |(story in stories())| {
        prop_assert_eq!(law(&story, all), Ok(()));
    });
}

#[test]
fn a_host_that_does_not_listen_is_found() {
    use proptest::test_runner::{RngAlgorithm, TestRng, TestRunner};
    let deaf: [Ear; 2] = [answers, no_answers];
    for hears in deaf {
        let config = ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(400) };
        let mut runner = TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
        let found = runner.run(&stories(), |story| law(&story, hears).map_err(TestCaseError::fail));
        assert!(found.is_err());
    }
}
