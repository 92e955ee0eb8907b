//! Drives several machines through one agent, with the ports in memory, and delivers what they tell one another.

use std::collections::BTreeMap;

use escrow::agent::ActError;
use escrow::agent::Caller;
use escrow::agent::blocking::Agent;
use escrow::machine::Machine;
use escrow::port::blocking::Repository;
use escrow::port::{Aggregate, AggregateId, Clock};
use escrow::{Actor, Deal, DealId, Time};
use escrow_market::follow::MachineId;
use escrow_market::{Balance, BalanceId, Basket, BasketId, Outbox, Project, ProjectId};
use escrow_market::{Subscription, SubscriptionId, Undelivered};
use serde_json::Value;
use uuid::Uuid;

use super::super::Invariants;
use super::super::look::compare;
use super::super::quotes::Quotes;
use super::super::run::text;
use super::look::look;
use super::names::Kind;
use super::{MarketReport, MarketScenario, MarketStep, Opening};
use crate::{ManualClock, MemoryMachines, ScriptedGateway, SinkFault, Told};

/// How often machines are told and woken at one instant, and in the end, before they count as stuck.
const MAX_ROUNDS: usize = 1_000;

/// What a step came to: its preview, or the code and the words of its rejection.
pub(super) type Taken = Result<Option<Value>, (String, String)>;

pub(super) fn run(scenario: &MarketScenario) -> MarketReport {
    let mut market = Market::new(scenario);
    // a basket is of deals that are open
    let is_basket = |opening: &Opening| matches!(opening, Opening::Basket(_));
    let mut openings: Vec<_> = scenario.machines.iter().collect();
    openings.sort_by_key(|(_, opening)| is_basket(opening));
    for (name, opening) in openings {
        market.open(name, opening);
    }
    market.settle();
    for (i, step) in scenario.steps.iter().enumerate() {
        market.take(i.saturating_add(1), step);
    }
    let last = scenario.steps.len().saturating_add(1);
    if let Some(until) = scenario.until {
        market.pass(until, last);
    }
    if scenario.finish {
        market.finish(last);
    }
    market.conclude()
}

pub(super) struct Market<'s> {
    pub(super) scenario: &'s MarketScenario,
    pub(super) agent: Agent<ManualClock, ScriptedGateway>,
    pub(super) machines: MemoryMachines,
    pub(super) report: MarketReport,
    /// Machines that were not opened, and why.
    pub(super) refused: BTreeMap<String, (String, String)>,
    /// How many facts have been given a reference of their own.
    pub(super) facts: u32,
    /// Which step is taken.
    pub(super) step: usize,
}

/// A machine as the repository has it.
pub(super) fn stored<I: AggregateId>(machines: &MemoryMachines, id: I) -> Option<I::Of>
where
    MemoryMachines: Repository<I::Of, Error = SinkFault>,
{
    Repository::<I::Of>::load(machines, id).ok().flatten()
}

/// The answer to a command, in the words of a report.
pub(super) fn told<M: Aggregate, T>(
    done: Result<T, ActError<SinkFault, M::Rejection>>,
    code: fn(&M::Rejection) -> &'static str,
) -> Taken {
    match done {
        Ok(_) => Ok(None),
        Err(error) => {
            let code = match &error {
                ActError::Rejected(rejection) | ActError::FactRefused { rejection, .. } => code(rejection),
                ActError::NotFound => "not-open",
                ActError::Stopped { .. } | _ => "stopped",
            };
            Err((code.to_owned(), error.to_string()))
        }
    }
}

impl<'s> Market<'s> {
    fn new(scenario: &'s MarketScenario) -> Self {
        let agent = Agent::new(ManualClock::new(scenario.start), ScriptedGateway::new());
        scenario.gateway.iter().for_each(|rule| agent.gateway.script(rule.clone()));
        let report = MarketReport {
            name: scenario.name.to_string(),
            ok: false,
            machines: BTreeMap::new(),
            steps: Vec::new(),
            rejections: Vec::new(),
            undelivered: Vec::new(),
            invariants: Invariants::default(),
            differences: Vec::new(),
        };
        let (machines, refused) = (MemoryMachines::new(), BTreeMap::new());
        Self { scenario, agent, machines, report, refused, facts: 0, step: 0 }
    }

    /// Every order of a machine without an answer is asked again, and what is due fires.
    pub(super) fn ask_again(&self, kind: Kind, id: Uuid) -> Taken {
        let (agent, all) = (&self.agent, &self.machines);
        match kind {
            Kind::Deal => told::<Deal, _>(agent.catch_up(all, DealId::new(id)), |r| r.code()),
            Kind::Project => told::<Project, _>(agent.catch_up(all, ProjectId::new(id)), |r| r.code()),
            Kind::Basket => told::<Basket, _>(agent.catch_up(all, BasketId::new(id)), |r| r.code()),
            Kind::Balance => told::<Balance, _>(agent.catch_up(all, BalanceId::new(id)), |r| r.code()),
            Kind::Subscription => {
                told::<Subscription, _>(agent.catch_up(all, SubscriptionId::new(id)), |r| r.code())
            }
        }
    }

    fn take(&mut self, number: usize, step: &MarketStep) {
        self.step = number;
        let now = match (step.at, step.after) {
            (Some(at), _) => at,
            (None, Some(after)) => self.agent.clock.now().plus_secs(after.seconds),
            (None, None) => self.agent.clock.now(),
        };
        self.pass(now, number);
        self.agent.clock.set(now);
        let Some((kind, id)) = self.scenario.names.known(&step.of) else { return };
        let actor = self.actor(step, kind, id);
        let mut caller = Caller::from(actor.clone());
        caller.via.clone_from(&step.via);
        caller.seen = step.seen;
        let quotes = self.quotes(step, id);
        let taken = self.act(&step.action, kind, id, caller);
        self.settle();
        let word = step.action.word();
        let at = format!("step {number} ({} {word})", step.of);
        let result = taken.as_ref().err().map_or("accepted", |(code, _)| code);
        let wanted = step.expect.as_deref().unwrap_or("accepted");
        compare(&at, wanted, result, &mut self.report.differences);
        for (name, expected) in &step.expect_after {
            let got = self.describe(name, false);
            look(&format!("{at}: {name}"), expected, &got, &mut self.report.differences);
        }
        self.note(&step.of, &actor.to_string(), &word, taken, quotes);
    }

    /// Lets time pass: whatever is due is woken at its own instant, the earliest first, and its effects are delivered.
    fn pass(&mut self, to: Time, number: usize) {
        self.step = number;
        let mut stuck = 0_usize;
        while let Some((due, name, kind, id)) = self.earliest().filter(|(due, ..)| *due <= to) {
            let before = self.version(kind, id);
            self.agent.clock.set(due.max(self.agent.clock.now()));
            let taken = self.wake(kind, id);
            self.settle();
            stuck = if self.version(kind, id) == before { stuck.saturating_add(1) } else { 0 };
            if stuck > MAX_ROUNDS {
                self.report.differences.push(format!("{name}: a deadline leads to nothing"));
                return;
            }
            self.note(&name, "clock", "wake", taken, Quotes::default());
        }
        self.agent.clock.set(to);
    }

    /// Lets time pass and the gateway answer until nothing waits.
    fn finish(&mut self, number: usize) {
        for _ in 0..MAX_ROUNDS {
            let before = self.versions();
            let all: Vec<_> = self.scenario.names.iter().map(|(_, kind, id)| (kind, id)).collect();
            for (kind, id) in all.into_iter().filter(|(kind, id)| self.pending(*kind, *id)) {
                let _ = self.ask_again(kind, id);
            }
            self.settle();
            match self.earliest() {
                Some((due, ..)) => self.pass(due.max(self.agent.clock.now()), number),
                None if self.versions() == before => return,
                None => {}
            }
        }
        self.report.differences.push("finish: something waits for ever".to_owned());
    }

    fn earliest(&self) -> Option<(Time, String, Kind, Uuid)> {
        let due = |(name, kind, id): (&str, Kind, Uuid)| {
            Some((self.listed(kind, id)?.next_deadline?, name.to_owned(), kind, id))
        };
        self.scenario.names.iter().filter_map(due).min_by_key(|(due, ..)| *due)
    }

    fn pending(&self, kind: Kind, id: Uuid) -> bool {
        self.listed(kind, id).is_some_and(|listing| listing.pending_since.is_some())
    }

    fn version(&self, kind: Kind, id: Uuid) -> u64 {
        let all = &self.machines;
        match kind {
            Kind::Deal => stored(all, DealId::new(id)).map_or(0, |m| m.version()),
            Kind::Project => stored(all, ProjectId::new(id)).map_or(0, |m| m.version()),
            Kind::Basket => stored(all, BasketId::new(id)).map_or(0, |m| m.version()),
            Kind::Balance => stored(all, BalanceId::new(id)).map_or(0, |m| m.version()),
            Kind::Subscription => stored(all, SubscriptionId::new(id)).map_or(0, |m| m.version()),
        }
    }

    fn versions(&self) -> Vec<u64> {
        self.scenario.names.iter().map(|(_, kind, id)| self.version(kind, id)).collect()
    }

    fn listed(&self, kind: Kind, id: Uuid) -> Option<escrow::port::Listing> {
        let all = &self.machines;
        match kind {
            Kind::Deal => stored(all, DealId::new(id)).map(|m| m.listing()),
            Kind::Project => stored(all, ProjectId::new(id)).map(|m| m.listing()),
            Kind::Basket => stored(all, BasketId::new(id)).map(|m| m.listing()),
            Kind::Balance => stored(all, BalanceId::new(id)).map(|m| m.listing()),
            Kind::Subscription => stored(all, SubscriptionId::new(id)).map(|m| m.listing()),
        }
    }

    /// Delivers what machines tell one another and what the gateway says later, until nobody hears anything new.
    fn settle(&mut self) {
        let operator = Actor::Operator(text("host"));
        for _ in 0..MAX_ROUNDS {
            self.deliver_webhooks();
            let before = self.versions();
            let outbox =
                Outbox { agent: &self.agent, repository: &self.machines, operator: operator.clone() };
            let followers: Vec<MachineId> =
                self.scenario.names.iter().filter_map(|(_, kind, id)| follower(kind, id)).collect();
            let mut undelivered = Vec::new();
            for (name, kind, id) in self.scenario.names.iter().filter(|(_, k, id)| self.version(*k, *id) > 0)
            {
                let here: Vec<MachineId> = followers.iter().copied().filter(|f| self.is_open(*f)).collect();
                let told: Result<(), Undelivered<SinkFault>> = match kind {
                    Kind::Project => outbox.project_changed(ProjectId::new(id)),
                    Kind::Basket => outbox.basket_changed(BasketId::new(id)),
                    Kind::Deal => outbox.deal_changed(DealId::new(id), &here),
                    Kind::Balance | Kind::Subscription => Ok(()),
                };
                undelivered.extend(told.err().map(|why| format!("{name}: {why}")));
            }
            self.report.undelivered = undelivered;
            if self.versions() == before {
                return;
            }
        }
    }

    fn is_open(&self, machine: MachineId) -> bool {
        let (kind, id) = match machine {
            MachineId::Deal(id) => (Kind::Deal, id.uuid()),
            MachineId::Balance(id) => (Kind::Balance, id.uuid()),
            MachineId::Project(id) => (Kind::Project, id.uuid()),
            MachineId::Basket(id) => (Kind::Basket, id.uuid()),
            MachineId::Offer(_) => return false,
        };
        self.version(kind, id) > 0
    }

    /// What the gateway says later, or once more, to whichever machine has asked.
    fn deliver_webhooks(&mut self) {
        let Told { answers, facts, .. } = self.agent.gateway.take_told();
        for (machine, answer) in answers {
            let found = self.scenario.names.iter().find(|(_, _, id)| *id == machine);
            if let Some((_, kind, id)) = found {
                let _ = self.answer(kind, id, answer.transaction, answer.result);
            }
        }
        for (machine, fact) in facts {
            let _ = self.agent.act(&self.machines, DealId::new(machine), fact, Actor::Gateway);
        }
    }
}

/// Who follows deals.
const fn follower(kind: Kind, id: Uuid) -> Option<MachineId> {
    match kind {
        Kind::Project => Some(MachineId::Project(ProjectId::new(id))),
        Kind::Basket => Some(MachineId::Basket(BasketId::new(id))),
        Kind::Balance => Some(MachineId::Balance(BalanceId::new(id))),
        Kind::Deal | Kind::Subscription => None,
    }
}
