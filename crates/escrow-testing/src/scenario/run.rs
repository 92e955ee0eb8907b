//! Drives a scenario through the agent with the in-memory ports.

use std::sync::Arc;

use super::deadline::{Deadline, Paid};
use super::look::compare;
use super::quotes::Quotes;
use super::report::{DepositMoney, Report, StepError, StepReport};
use super::{Action, Scenario, Sight, Step, Who, facts};
use crate::{ManualClock, MemorySink, ScriptedGateway, SinkFault};
use escrow::agent::blocking::Agent;
use escrow::agent::{AgentError, Caller};
use escrow::deal::{Deal, Permit, PhaseKind, Rejection, cell};
use escrow::deposit::Reference;
use escrow::settlement::{SettleError, Settlement};
use escrow::terms::Terms;
use escrow::{Actor, Command, DealId, Role, TextError};

/// How often a deal is woken or resumed at the end before it counts as stuck.
const MAX_ROUNDS: usize = 1_000;

/// Runs the scenario and compares the result with its expectations.
pub fn run(scenario: &Scenario) -> Report {
    let mut report = Report::new(scenario.name.to_string());
    let id = scenario.id.unwrap_or(DealId::new(uuid::Uuid::nil()));
    let mut run = match Run::open(scenario, id) {
        Ok(run) => run,
        Err(rejection) => {
            let (code, message) = (rejection.code().to_owned(), rejection.to_string());
            compare(
                "creation",
                scenario.expect.rejected.as_deref().unwrap_or("accepted"),
                &code,
                &mut report.differences,
            );
            let error = StepError { step: 0, code, message };
            report.rejections.push(error.clone());
            report.error = Some(error);
            report.quote = scenario.terms.to_quote();
            report.ok = report.differences.is_empty();
            return report;
        }
    };
    if let Some(expected) = &scenario.expect.rejected {
        compare("creation", expected, "accepted", &mut report.differences);
    }
    run.note(0, &run.proposer.to_string(), "propose", (Ok(None), Quotes::default()), &mut report);
    for (i, step) in scenario.steps.iter().enumerate() {
        run.take(i.saturating_add(1), step, &mut report);
    }
    if scenario.finish {
        run.finish(scenario.steps.len().saturating_add(1), &mut report);
    }
    run.conclude(scenario, &mut report);
    report
}

struct Run {
    agent: Agent<ManualClock, ScriptedGateway>,
    sink: MemorySink,
    deal: Deal,
    proposer: Actor,
    payments: u32,
    /// The step in which the deal was closed.
    closed_in: Option<usize>,
    /// What the first payment of the scenario is called.
    first_payment: Reference,
}

/// A preview, where the step asked for one.
type Taken = Result<Option<Settlement>, (String, String)>;

impl Run {
    fn open(scenario: &Scenario, id: DealId) -> Result<Self, Rejection> {
        let terms = Arc::new(Terms::new(scenario.terms.clone())?);
        let agent = Agent::new(ManualClock::new(scenario.start), ScriptedGateway::new());
        scenario.gateway.iter().for_each(|rule| agent.gateway.script(rule.clone()));
        let proposer = match &scenario.proposed_by {
            None | Some(Who::Buyer | Who::Customer | Who::Payer) => Actor::Party(terms.buyer.clone()),
            Some(Who::Seller | Who::Contractor) => Actor::Party(terms.seller.clone()),
            Some(Who::Party(id)) => Actor::Party(id.clone()),
            Some(Who::Arbiter) => terms.arbiter.clone().map_or(Actor::Clock, Actor::Party),
            Some(Who::Operator) => Actor::Operator(text("staff")),
            Some(Who::Moderator) => Actor::Moderator(text("staff")),
            Some(Who::Gateway) => Actor::Gateway,
            Some(Who::Tracker) => Actor::Tracker,
            Some(Who::Clock | Who::Recipient | Who::Holder) => Actor::Clock,
        };
        let mut sink = MemorySink::new();
        let deal = agent.open(&mut sink, id, terms, proposer.clone()).map_err(|e| match e {
            AgentError::Rejected(rejection) => rejection,
            // not by a sink without faults
            AgentError::FactRefused { .. } | AgentError::Conflict | AgentError::Unknown(_) | _ => {
                Rejection::UnknownActor
            }
        })?;
        let first_payment = first_payment(&scenario.steps);
        Ok(Self { agent, sink, deal, proposer, payments: 0, closed_in: None, first_payment })
    }

    fn actor(&self, step: &Step) -> Actor {
        let who = step.by.clone().unwrap_or_else(|| match &step.action {
            Action::Command(command) => source_of(command, PhaseKind::Closed),
            Action::Pay(_) | Action::Chargeback(_) | Action::Returned(_) => Who::Gateway,
            Action::Resume | Action::Preview(_) => Who::Clock,
        });
        let terms = self.deal.terms();
        match who {
            Who::Buyer | Who::Customer | Who::Payer => Actor::Party(terms.buyer.clone()),
            Who::Seller | Who::Contractor => Actor::Party(terms.seller.clone()),
            Who::Arbiter => Actor::Party(self.deal.arbiter().cloned().unwrap_or_else(|| text("no-arbiter"))),
            Who::Operator => Actor::Operator(text("staff")),
            Who::Moderator => Actor::Moderator(text("staff")),
            Who::Gateway => Actor::Gateway,
            Who::Tracker => Actor::Tracker,
            Who::Clock => Actor::Clock,
            Who::Party(id) => Actor::Party(id),
            // of machines beside the deal
            Who::Recipient | Who::Holder => Actor::Party(text("nobody")),
        }
    }

    fn take(&mut self, number: usize, step: &Step, report: &mut Report) {
        use escrow::port::Clock;
        let now = match (step.at, step.after) {
            (Some(at), _) => at,
            (None, Some(after)) => self.agent.clock.now().plus_secs(after.seconds),
            (None, None) => self.agent.clock.now(),
        };
        self.agent.clock.set(now);
        let actor = self.actor(step);
        let mut caller = Caller::from(actor.clone());
        caller.via.clone_from(&step.via);
        caller.seen = step.seen;
        let quotes = Quotes::of(&step.action, &self.deal);
        let ended = self.closed_in;
        let taken = match &step.action {
            Action::Command(command) => self.submit(command, caller),
            Action::Pay(pay) => {
                self.payments = self.payments.saturating_add(1);
                let command = facts::payment(&self.deal, pay, self.payments).into();
                self.submit(&command, caller)
            }
            Action::Chargeback(told) => {
                let command = facts::chargeback(&self.deal, told, &self.first_payment).into();
                self.submit(&command, caller)
            }
            Action::Returned(told) => self.submit(&facts::returned(&self.deal, told).into(), caller),
            Action::Resume => self.resume(),
            Action::Preview(ending) => {
                let settlement = self.deal.preview(ending);
                settlement.map(Some).map_err(|e: SettleError| {
                    let rejection = Rejection::from(e);
                    (rejection.code().to_owned(), rejection.to_string())
                })
            }
        };
        let at = format!("step {number} ({})", name(&step.action));
        let result = match (&taken, ended) {
            (Ok(_), _) => "accepted".to_owned(),
            (Err((code, _)), Some(by)) if step.expect.as_deref() != Some(&**code) => {
                format!("{code}: the deal was closed in step {by}")
            }
            (Err((code, _)), None) if step.by.is_none() && code == "wrong-role" => {
                format!("{code}: `by` does not say who does it")
            }
            (Err((code, _)), _) => code.clone(),
        };
        compare(&at, step.expect.as_deref().unwrap_or("accepted"), &result, &mut report.differences);
        if let Some(expected) = step.expect_status {
            compare(
                &format!("{at}: status"),
                expected.as_str(),
                self.deal.status().as_str(),
                &mut report.differences,
            );
        }
        if let Some(expected) = step.expect_access {
            let sight = Sight::from(self.deal.access(Role::Buyer));
            compare(&format!("{at}: access"), expected.as_str(), sight.as_str(), &mut report.differences);
        }
        self.note(number, &actor.to_string(), &name(&step.action), (taken, quotes), report);
    }

    fn submit(&mut self, command: &Command, caller: Caller) -> Taken {
        let done = self.agent.submit(&mut self.sink, &mut self.deal, command, caller);
        let done = done.map(|_| None).map_err(named);
        self.deliver_webhooks().and(done)
    }

    fn resume(&mut self) -> Taken {
        let done = self.agent.resume(&mut self.sink, &mut self.deal).map(|_| None).map_err(named);
        self.deliver_webhooks().and(done)
    }

    /// What the gateway says later, or once more. A refused one holds up no other; the first refusal is told.
    fn deliver_webhooks(&mut self) -> Taken {
        let mut taken = Ok(None);
        let mut told: Vec<Command> =
            self.agent.gateway.take_webhooks().into_iter().map(Command::Answer).collect();
        told.extend(self.agent.gateway.take_facts());
        for command in told {
            let done = self.agent.submit(&mut self.sink, &mut self.deal, &command, Actor::Gateway);
            taken = taken.and(done.map(|_| None).map_err(named));
        }
        taken
    }

    /// Lets time pass and the gateway answer until the deal is closed and nothing is on its way.
    fn finish(&mut self, number: usize, report: &mut Report) {
        let mut rounds = 0;
        while rounds < MAX_ROUNDS {
            rounds = rounds.saturating_add(1);
            if let Some(due) = self.deal.next_deadline().filter(|_| !self.deal.has_pending()) {
                self.agent.clock.set(due.max(self.deal.last_at()));
            }
            let version = self.deal.version();
            let pending = self.deal.has_pending();
            let taken = self.resume();
            if self.deal.version() != version || taken.is_err() {
                self.note(number, "clock", "wake", (taken, Quotes::default()), report);
            } else if !pending {
                break;
            }
        }
        if self.deal.phase().kind() != PhaseKind::Closed {
            report.differences.push(format!("finish: the deal is not closed but {}", self.deal.status()));
        }
    }

    fn note(
        &mut self,
        step: usize,
        by: &str,
        action: &str,
        (taken, quotes): (Taken, Quotes),
        report: &mut Report,
    ) {
        use escrow::port::Clock;
        let (result, message, preview) = match taken {
            Ok(preview) => ("accepted".to_owned(), None, preview),
            Err((code, message)) => {
                report.rejections.push(StepError { step, code: code.clone(), message: message.clone() });
                (code, Some(message), None)
            }
        };
        if self.deal.phase().kind() == PhaseKind::Closed {
            self.closed_in.get_or_insert(step);
        }
        let told = report.steps.last().map_or(0, |step| step.version);
        report.steps.push(StepReport {
            step,
            at: self.agent.clock.now(),
            by: by.to_owned(),
            action: action.to_owned(),
            result,
            message,
            status: self.deal.status(),
            version: self.deal.version(),
            inside: DepositMoney::of(&self.deal),
            amount: quotes.amount,
            pays: self.pays_since(told),
            deadline: Deadline::of(&self.deal),
            quote: quotes.terms,
            requote: quotes.part,
            preview,
        });
        self.check(step, report);
    }

    /// Who gets what by the events after this version.
    fn pays_since(&self, version: u64) -> Vec<Paid> {
        let known = usize::try_from(version).unwrap_or(usize::MAX);
        let new = self.sink.journal(self.deal.id()).iter().skip(known);
        new.filter_map(|envelope| Paid::by(&envelope.event)).collect()
    }

    /// What must hold after every step.
    fn check(&self, step: usize, report: &mut Report) {
        let what = "every deposit conserves its money, and its legs and transactions explain it";
        hold(report, step, what, self.deal.check().is_ok());
        let asked = self.agent.gateway.executions();
        let known = asked.iter().all(|(key, _)| self.deal.transaction(key.transaction).is_some());
        hold(report, step, "the gateway was asked for nothing that the journal does not have", known);
    }

    /// What must hold at the end, and is too long to be looked at after every step.
    fn check_storage(&self, step: usize, report: &mut Report) {
        let json = |deal: &Deal| serde_json::to_string(deal).unwrap_or_default();
        let live = json(&self.deal);
        let replayed = self.sink.load(self.deal.id());
        let same = replayed.as_ref().map(json).ok().as_ref() == Some(&live);
        hold(report, step, "replaying the journal gives the live state", same);
        let decoded = serde_json::from_str::<Deal>(&live);
        let same = decoded.is_ok_and(|deal| json(&deal) == live);
        hold(report, step, "the stored state decodes to itself", same);
    }

    fn conclude(self, scenario: &Scenario, report: &mut Report) {
        self.check_storage(scenario.steps.len(), report);
        report.describe(&self.deal);
        report.events = self.sink.journal(self.deal.id()).to_vec();
        let mut differences = std::mem::take(&mut report.differences);
        scenario.expect.look("", report, &mut differences);
        report.differences = differences;
        report.ok = report.differences.is_empty() && report.invariants.violations.is_empty();
    }
}

/// Who says a fact: they have one source each, and the table knows which.
pub(super) fn source_of(command: &Command, in_phase: PhaseKind) -> Who {
    let may = |role| cell(command.kind(), in_phase, role) != Permit::WrongRole;
    if may(Role::Gateway) {
        Who::Gateway
    } else if may(Role::Tracker) {
        Who::Tracker
    } else {
        Who::Clock
    }
}

/// The reference of the first payment that a `pay` step makes.
fn first_payment(steps: &[Step]) -> Reference {
    let pay = steps.iter().find_map(|step| match &step.action {
        Action::Pay(pay) => Some(pay),
        Action::Command(_)
        | Action::Chargeback(_)
        | Action::Returned(_)
        | Action::Resume
        | Action::Preview(_) => None,
    });
    pay.and_then(|pay| pay.reference.clone()).unwrap_or_else(|| text("pay-1"))
}

/// The name of an action, as scenarios write it.
pub(super) fn name(action: &Action) -> String {
    match action {
        Action::Command(command) => {
            let tagged = serde_json::to_value(command).ok();
            let name = tagged.as_ref().and_then(|v| v.get("type")).and_then(serde_json::Value::as_str);
            name.unwrap_or("command").to_owned()
        }
        Action::Pay(_) => "pay".to_owned(),
        Action::Chargeback(_) => "chargeback".to_owned(),
        Action::Returned(_) => "returned".to_owned(),
        Action::Resume => "resume".to_owned(),
        Action::Preview(_) => "preview".to_owned(),
    }
}

fn named(error: AgentError<SinkFault>) -> (String, String) {
    let code = match &error {
        AgentError::Rejected(rejection) | AgentError::FactRefused { rejection, .. } => rejection.code(),
        AgentError::Conflict => "conflict",
        AgentError::Unknown(_) => "unknown",
        _ => "other",
    };
    (code.to_owned(), error.to_string())
}

fn hold(report: &mut Report, step: usize, what: &str, holds: bool) {
    report.invariants.checks = report.invariants.checks.saturating_add(1);
    if !holds {
        report.invariants.violations.push(format!("after step {step}: not so: {what}"));
    }
}

/// A short text of the runner's own.
pub(super) fn text<T: std::str::FromStr<Err = TextError>>(text: &str) -> T {
    text.parse().unwrap_or_else(|_| crate::known("unnamed"))
}
