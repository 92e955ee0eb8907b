//! What is told of machines: after every step, and at the end.

use escrow::DealId;
use escrow::machine::Machine;
use escrow::port::blocking::Repository;
use escrow::port::{Aggregate, AggregateId, Clock};
use escrow_market::{BalanceId, BasketId, ProjectId, SubscriptionId};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::super::Expectation;
use super::super::quotes::Quotes;
use super::super::report::StepError;
use super::look::look;
use super::names::Kind;
use super::run::{Market, Taken, stored};
use super::{MarketReport, MarketStepReport, describe};
use crate::{MemoryMachines, SinkFault};

impl Market<'_> {
    pub(super) fn describe(&self, name: &str, with_journal: bool) -> Value {
        if let Some((code, message)) = self.refused.get(name) {
            return json!({ "rejected": code, "message": message });
        }
        let Some((kind, id)) = self.scenario.names.known(name) else { return Value::Null };
        let all = &self.machines;
        let (value, journal) = match kind {
            Kind::Deal => {
                let id = DealId::new(id);
                let as_json = if with_journal { describe::deal } else { describe::deal_in_short };
                (stored(all, id).map(|m| as_json(&m)), json!(all.deals.journal(id)))
            }
            Kind::Project => {
                let journal = all.projects.journal(ProjectId::new(id));
                let deals = |id| stored(all, id);
                let project = stored(all, ProjectId::new(id));
                let names = &self.scenario.names;
                let value = project.map(|m| describe::project(&m, &journal, &deals, names));
                (value, json!(journal))
            }
            Kind::Basket => {
                let id = BasketId::new(id);
                let value = stored(all, id).map(|m| describe::basket(&m, &self.scenario.names));
                (value, json!(all.baskets.journal(id)))
            }
            Kind::Balance => {
                let id = BalanceId::new(id);
                (stored(all, id).map(|m| describe::balance(&m)), json!(all.balances.journal(id)))
            }
            Kind::Subscription => {
                let id = SubscriptionId::new(id);
                let journal = all.subscriptions.journal(id);
                (stored(all, id).map(|m| describe::subscription(&m, &journal)), json!(journal))
            }
        };
        // not opened, or not yet
        let mut value = value.unwrap_or_else(|| json!({ "kind": kind.as_str(), "status": null }));
        if let Some(object) = value.as_object_mut().filter(|_| with_journal) {
            object.insert("events".to_owned(), journal);
        }
        value
    }

    pub(super) fn note(&mut self, of: &str, by: &str, action: &str, taken: Taken, quotes: Quotes) {
        let step = self.step;
        let (result, message, preview) = match taken {
            Ok(preview) => ("accepted".to_owned(), None, preview),
            Err((code, message)) => {
                let error = StepError { step, code: code.clone(), message: message.clone() };
                self.report.rejections.push(error);
                (code, Some(message), None)
            }
        };
        self.report.steps.push(MarketStepReport {
            step,
            at: self.agent.clock.now(),
            of: of.to_owned(),
            by: by.to_owned(),
            action: action.to_owned(),
            result,
            message,
            amount: quotes.amount,
            quote: quotes.terms.map(|quote| json!(quote)),
            requote: quotes.part.map(|quote| json!(quote)),
            preview,
            after: self.describe(of, false),
        });
        self.check(step);
    }

    /// What must hold after every step: every machine keeps its promises to itself.
    fn check(&mut self, step: usize) {
        for (name, kind, id) in self.scenario.names.iter() {
            let sound = match kind {
                Kind::Deal => stored(&self.machines, DealId::new(id)).map(|m| m.audit()),
                Kind::Project => stored(&self.machines, ProjectId::new(id)).map(|m| m.audit()),
                Kind::Basket => stored(&self.machines, BasketId::new(id)).map(|m| m.audit()),
                Kind::Balance => stored(&self.machines, BalanceId::new(id)).map(|m| m.audit()),
                Kind::Subscription => stored(&self.machines, SubscriptionId::new(id)).map(|m| m.audit()),
            };
            let checks = &mut self.report.invariants;
            checks.checks = checks.checks.saturating_add(1);
            if let Some(Err(error)) = sound {
                checks.violations.push(format!("after step {step}: {name}: {error}"));
            }
        }
    }

    /// What must hold at the end: a journal leads to its machine, and a stored machine decodes to itself.
    fn check_storage(&mut self) {
        let all = &self.machines;
        let checks = &mut self.report.invariants;
        for (name, kind, id) in self.scenario.names.iter() {
            let kept = match kind {
                Kind::Deal => kept(all, DealId::new(id), &all.deals.journal(DealId::new(id))),
                Kind::Project => kept(all, ProjectId::new(id), &all.projects.journal(ProjectId::new(id))),
                Kind::Basket => kept(all, BasketId::new(id), &all.baskets.journal(BasketId::new(id))),
                Kind::Balance => kept(all, BalanceId::new(id), &all.balances.journal(BalanceId::new(id))),
                Kind::Subscription => {
                    let id = SubscriptionId::new(id);
                    kept(all, id, &all.subscriptions.journal(id))
                }
            };
            checks.checks = checks.checks.saturating_add(1);
            if !kept {
                checks.violations.push(format!("{name}: what is stored is not what its journal tells of"));
            }
        }
    }

    pub(super) fn conclude(mut self) -> MarketReport {
        self.check_storage();
        let names: Vec<String> = self.scenario.names.iter().map(|(name, ..)| name.to_owned()).collect();
        for name in names {
            let got = self.describe(&name, true);
            if let Some(expected) = self.scenario.expect.get(&name) {
                self.hold(&name, expected, &got);
            }
            self.report.machines.insert(name, got);
        }
        let mut report = self.report;
        report.ok = report.differences.is_empty() && report.invariants.violations.is_empty();
        report
    }

    /// A deal is held against the expectations of a scenario of one deal, if it is written like them.
    fn hold(&mut self, name: &str, expected: &Value, got: &Value) {
        let deal = self.scenario.names.known(name).filter(|(kind, _)| *kind == Kind::Deal);
        let deal = deal.and_then(|(_, id)| stored(&self.machines, DealId::new(id)));
        let as_one: Option<Expectation> = serde_json::from_value(expected.clone()).ok();
        match (deal, as_one) {
            (Some(deal), Some(expectation)) => {
                let mut report = super::super::report::Report::new(name.to_owned());
                report.describe(&deal);
                expectation.look(&format!("{name}: "), &report, &mut self.report.differences);
            }
            _ => look(name, expected, got, &mut self.report.differences),
        }
    }
}

/// Whether the journal of a machine leads to it, and it decodes to itself.
fn kept<I: AggregateId>(
    machines: &MemoryMachines,
    id: I,
    journal: &[escrow::Recorded<<I::Of as Machine>::Event>],
) -> bool
where
    MemoryMachines: Repository<I::Of, Error = SinkFault>,
    I::Of: Serialize + DeserializeOwned,
{
    let Some(machine) = stored(machines, id) else { return journal.is_empty() };
    let json = |machine: &I::Of| serde_json::to_string(machine).unwrap_or_default();
    let live = json(&machine);
    let replayed = I::Of::replay_journal(id, journal).ok().map(|machine| json(&machine));
    let decoded = serde_json::from_str::<I::Of>(&live).ok().map(|machine| json(&machine));
    replayed.as_deref() == Some(&live) && decoded.as_deref() == Some(&live)
}
