//! Scenarios of several machines: deals, projects with the deals of their milestones, baskets, balances and subscriptions, by
//! name, on one clock, with one gateway.

mod act;
mod actions;
mod describe;
mod look;
mod names;
mod open;
mod run;
mod tell;

use std::collections::BTreeMap;

use escrow::terms::TermsDraft;
use escrow::{Currency, Money, PartyId, Text, Time};
use escrow_market::balance::{BalancePolicy, Holder};
use escrow_market::basket::BasketDraft;
use escrow_market::project::ProjectDraft;
use escrow_market::subscription::SubscriptionDraft;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{ScenarioError, Span, Who};
use crate::Rule;

pub use actions::MarketAction;
use names::Names;

/// Several machines, what happens to them, and the expected result.
#[derive(Clone, PartialEq, Debug)]
pub struct MarketScenario {
    /// What it is called.
    pub name: Text<200, 1>,
    /// What it shows.
    pub about: Text<4000>,
    /// When the machines are opened.
    pub start: Time,
    /// How the gateway behaves; absent: promptly.
    pub gateway: Vec<Rule>,
    /// What is opened at the start, by name.
    pub machines: BTreeMap<String, Opening>,
    /// What happens, in order.
    pub steps: Vec<MarketStep>,
    /// Afterwards, until when time passes.
    pub until: Option<Time>,
    /// Afterwards, let time pass and the gateway answer until nothing waits for anything.
    pub finish: bool,
    /// What is expected of each machine at the end. What is absent is not looked at.
    pub expect: BTreeMap<String, Value>,
    names: Names,
}

/// How a machine is opened.
#[derive(Clone, PartialEq, Debug, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Opening {
    /// A deal.
    Deal {
        /// Its terms; the policy may name a preset.
        terms: Box<TermsDraft>,
        /// Who proposes it; absent: the buyer.
        #[serde(default)]
        proposed_by: Option<Who>,
    },
    /// A project, whose milestones' deals have names of their own.
    Project {
        /// Its terms; the policy may name a preset.
        terms: Box<ProjectDraft>,
        /// Who proposes it; absent: the customer.
        #[serde(default)]
        proposed_by: Option<Who>,
    },
    /// A basket.
    Basket(BasketDraft),
    /// A balance.
    Balance {
        /// Whose it is.
        holder: Holder,
        /// In which currency.
        currency: Currency,
        /// Its rules; what is absent is as usual.
        #[serde(default)]
        policy: BalancePolicy,
    },
    /// A subscription, subscribed to by its payer.
    Subscription(Box<SubscriptionDraft>),
}

/// One step.
#[derive(Clone, PartialEq, Debug)]
pub struct MarketStep {
    /// When.
    pub at: Option<Time>,
    /// When, counted from the step before.
    pub after: Option<Span>,
    /// Of which machine.
    pub of: String,
    /// Who; absent for facts.
    pub by: Option<Who>,
    /// On whose behalf the call came in.
    pub via: Option<PartyId>,
    /// The revision that the actor has seen.
    pub seen: Option<u64>,
    /// What.
    pub action: MarketAction,
    /// `accepted`, or the code of the rejection; absent: accepted.
    pub expect: Option<Text<64, 1>>,
    /// What is expected of machines afterwards, by name.
    pub expect_after: BTreeMap<String, Value>,
}

/// As it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    #[serde(default = "super::unnamed")]
    name: Text<200, 1>,
    #[serde(default)]
    about: Text<4000>,
    start: Time,
    #[serde(default)]
    gateway: Vec<Rule>,
    machines: BTreeMap<String, Opening>,
    #[serde(default)]
    steps: Vec<WrittenStep>,
    #[serde(default)]
    until: Option<Time>,
    #[serde(default)]
    finish: bool,
    #[serde(default)]
    expect: BTreeMap<String, Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenStep {
    #[serde(default)]
    at: Option<Time>,
    #[serde(default)]
    after: Option<Span>,
    #[serde(default)]
    of: Option<String>,
    #[serde(default)]
    by: Option<Who>,
    #[serde(default)]
    via: Option<PartyId>,
    #[serde(default)]
    seen: Option<u64>,
    #[serde(rename = "do")]
    action: Value,
    #[serde(default)]
    expect: Option<Text<64, 1>>,
    #[serde(default)]
    expect_after: BTreeMap<String, Value>,
}

fn error(path: impl Into<String>, message: impl AsRef<str>) -> ScenarioError {
    ScenarioError::field(path, message.as_ref())
}

impl MarketScenario {
    /// Reads what is a scenario of several machines: has `machines`.
    pub(super) fn from_value(mut value: Value) -> Result<Self, ScenarioError> {
        names::fill_in(&mut value)?;
        let names = Names::of(&mut value)?;
        let written: Written = serde_path_to_error::deserialize(value)
            .map_err(|e| error(e.path().to_string(), e.into_inner().to_string()))?;
        let Written { name, about, start, gateway, machines, steps, until, finish, expect } = written;
        if steps.len() > super::Scenario::MAX_STEPS {
            return Err(error("steps", format!("has more than {} entries", super::Scenario::MAX_STEPS)));
        }
        for known in expect.keys() {
            names.known(known).ok_or_else(|| error(format!("expect.{known}"), "no machine has this name"))?;
        }
        let numbered = steps.into_iter().enumerate();
        let steps = numbered.map(|(i, step)| step.read(i, &names)).collect::<Result<_, _>>()?;
        Ok(Self { name, about, start, gateway, machines, steps, until, finish, expect, names })
    }
}

impl WrittenStep {
    fn read(self, number: usize, names: &Names) -> Result<MarketStep, ScenarioError> {
        let Self { at, after, of, by, via, seen, action, expect, expect_after } = self;
        let at_field = |field: &str| format!("steps[{number}].{field}");
        let of = match of {
            Some(of) => of,
            None => names.only().ok_or_else(|| error(at_field("of"), "say which machine"))?,
        };
        let no_such = || error(at_field("of"), "no machine has this name");
        let (kind, _) = names.known(&of).ok_or_else(no_such)?;
        let action = MarketAction::read(kind, action, names).map_err(|(path, message)| {
            error(if path.is_empty() { at_field("do") } else { at_field(&format!("do.{path}")) }, message)
        })?;
        for known in expect_after.keys() {
            let no_such = || error(at_field(&format!("expect_after.{known}")), "no machine has this name");
            names.known(known).ok_or_else(no_such)?;
        }
        Ok(MarketStep { at, after, of, by, via, seen, action, expect, expect_after })
    }
}

/// What came of a scenario of several machines.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct MarketReport {
    /// The scenario's name.
    pub name: String,
    /// Whether all expectations were met and all invariants hold.
    pub ok: bool,
    /// Every machine at the end, by name, with all its sums and its journal.
    pub machines: BTreeMap<String, Value>,
    /// Every opening, step and wake.
    pub steps: Vec<MarketStepReport>,
    /// The steps that were refused.
    pub rejections: Vec<super::report::StepError>,
    /// What one machine has to tell another and could not, at the end.
    pub undelivered: Vec<String>,
    /// What was checked, after every step and at the end.
    pub invariants: super::Invariants,
    /// What is not as expected.
    pub differences: Vec<String>,
}

/// One step and its result.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct MarketStepReport {
    /// Counted from 1; 0 is what is opened at the start. What time alone brings has the number of the step that it comes
    /// before.
    pub step: usize,
    /// When.
    pub at: Time,
    /// Of which machine.
    pub of: String,
    /// Who.
    pub by: String,
    /// What.
    #[serde(rename = "do")]
    pub action: String,
    /// `accepted`, or the code of the rejection.
    pub result: String,
    /// What the rejection says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// The sum that it is about, where it is about one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub amount: Option<Money>,
    /// Of terms of a deal that were proposed, also where they were refused: their quote.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quote: Option<Value>,
    /// Of a part that was accepted, or asked about, also where it was refused: the quote on that part.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub requote: Option<Value>,
    /// The answer to a preview.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preview: Option<Value>,
    /// The machine afterwards, without its journal.
    pub after: Value,
}

/// Runs the scenario and compares the result with its expectations.
pub fn run_market(scenario: &MarketScenario) -> MarketReport {
    run::run(scenario)
}
