//! What a file of the runner has: one deal, or several machines.

use serde_json::Value;

use super::{MarketReport, MarketScenario, Report, Scenario, ScenarioError, run, run_market};

/// What a file has: one deal, or several machines by name.
#[derive(Clone, PartialEq, Debug)]
pub enum Script {
    /// One deal.
    Deal(Box<Scenario>),
    /// Several machines.
    Market(Box<MarketScenario>),
}

/// What came of a [`Script`].
#[derive(Clone, Debug, serde::Serialize)]
#[serde(untagged)]
pub enum ScriptReport {
    /// Of one deal.
    Deal(Box<Report>),
    /// Of several machines.
    Market(Box<MarketReport>),
}

impl ScriptReport {
    /// Whether all expectations were met and all invariants hold.
    pub fn is_ok(&self) -> bool {
        match self {
            Self::Deal(report) => report.ok,
            Self::Market(report) => report.ok,
        }
    }
}

impl Script {
    /// Reads a scenario: of several machines, if it has `machines`.
    ///
    /// # Errors
    /// [`ScenarioError`] names the field and what is wrong with it.
    pub fn from_json(text: &str) -> Result<Self, ScenarioError> {
        if text.len() > Scenario::MAX_BYTES {
            return Err(ScenarioError::TooLarge);
        }
        let value: Value =
            serde_json::from_str(text).map_err(|e| ScenarioError::field("json", &e.to_string()))?;
        if value.get("machines").is_some() {
            return MarketScenario::from_value(value).map(|scenario| Self::Market(Box::new(scenario)));
        }
        Scenario::from_value(value).map(|scenario| Self::Deal(Box::new(scenario)))
    }

    /// Runs it and compares the result with its expectations.
    pub fn run(&self) -> ScriptReport {
        match self {
            Self::Deal(scenario) => ScriptReport::Deal(Box::new(run(scenario))),
            Self::Market(scenario) => ScriptReport::Market(Box::new(run_market(scenario))),
        }
    }
}
