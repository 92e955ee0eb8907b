//! Scenarios: a deal as JSON, driven through the agent with the in-memory ports, and its result.
//!
//! The format is described in `docs/scenarios.md`.

mod deadline;
mod expand;
mod facts;
mod look;
mod market;
mod quotes;
mod report;
mod run;
mod script;
mod span;
mod statement;
mod wrong;

use serde::Deserialize;
use serde_json::Value;

use super::gateway::Rule;
use crate::known;
use escrow::deal::command::ChargebackStep;
use escrow::deal::{Access, Status};
use escrow::deposit::{CaptureId, DepositId, GatewayName, Purpose, Reference, TxId};
use escrow::settlement::{Ending, Receivable};
use escrow::terms::TermsDraft;
use escrow::{Command, DealId, Money, Outcome, PartyId, Payee, Text, Time};

pub use deadline::{Deadline, Paid};
pub use market::{
    MarketAction, MarketReport, MarketScenario, MarketStep, MarketStepReport, Opening, run_market,
};
pub use report::{DepositReport, Invariants, LegReport, PayeeReport, Preview, Report, StepReport};
pub use run::run;
pub use script::{Script, ScriptReport};
pub use span::{Span, SpanError};
pub use statement::{
    ChargebackPart, ChargebackReport, DebtReport, PaymentReport, PaymentState, PlatformReport,
};
pub use wrong::ScenarioError;

/// A deal, its steps, and the expected result.
#[derive(Clone, PartialEq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// What it is called.
    #[serde(default = "unnamed")]
    pub name: Text<200, 1>,
    /// What it shows.
    #[serde(default)]
    pub about: Text<4000>,
    /// The deal's id; absent: nil.
    #[serde(default)]
    pub id: Option<DealId>,
    /// When the deal is proposed.
    pub start: Time,
    /// Who proposes it; absent: the buyer.
    #[serde(default)]
    pub proposed_by: Option<Who>,
    /// The terms. The policy may name a preset and what differs from it: `{"preset": "shop", "start_s": 3600}`.
    pub terms: TermsDraft,
    /// How the gateway behaves; absent: promptly.
    #[serde(default)]
    pub gateway: Vec<Rule>,
    /// What happens, in order.
    #[serde(default)]
    pub steps: Vec<Step>,
    /// Afterwards, let time pass and the gateway answer until the deal is closed.
    #[serde(default)]
    pub finish: bool,
    /// What is expected at the end.
    #[serde(default)]
    pub expect: Expectation,
}

/// What has no name of its own.
fn unnamed() -> Text<200, 1> {
    known("unnamed")
}

/// Who takes a step, by role or by id.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Who {
    /// The buyer of the terms.
    Buyer,
    /// The seller of the terms.
    Seller,
    /// The arbiter, as appointed when the step is taken.
    Arbiter,
    /// Staff of the platform.
    Operator,
    /// Staff of the platform who review terms.
    Moderator,
    /// The gateway.
    Gateway,
    /// The tracker.
    Tracker,
    /// The clock.
    Clock,
    /// The customer of a project.
    Customer,
    /// The contractor of a project.
    Contractor,
    /// Who pays a basket or a subscription.
    Payer,
    /// Who is paid by a subscription.
    Recipient,
    /// Whose a balance is.
    Holder,
    /// Anybody.
    Party(PartyId),
}

/// One step.
#[derive(Clone, PartialEq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// When, as an instant.
    #[serde(default)]
    pub at: Option<Time>,
    /// When, counted from the step before (or the start): `90s`, `15m`, `6h`, `3d`, `1d12h`.
    #[serde(default)]
    pub after: Option<Span>,
    /// Who; absent for facts: the gateway, the tracker, the clock.
    #[serde(default)]
    pub by: Option<Who>,
    /// On whose behalf the call came in.
    #[serde(default)]
    pub via: Option<PartyId>,
    /// The revision that the actor has seen.
    #[serde(default)]
    pub seen: Option<u64>,
    /// What.
    #[serde(rename = "do")]
    pub action: Action,
    /// `accepted`, or the code of the rejection; absent: accepted.
    #[serde(default)]
    pub expect: Option<Text<64, 1>>,
    /// The status afterwards.
    #[serde(default)]
    pub expect_status: Option<Status>,
    /// What the buyer may see of the work afterwards.
    #[serde(default)]
    pub expect_access: Option<Sight>,
}

/// What the buyer may see of the latest revision.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sight {
    /// Nothing.
    Nothing,
    /// The preview only.
    Preview,
    /// The original too.
    Original,
}

impl Sight {
    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Nothing => "nothing",
            Self::Preview => "preview",
            Self::Original => "original",
        }
    }
}

impl From<Access<'_>> for Sight {
    fn from(access: Access<'_>) -> Self {
        match access {
            Access::Nothing => Self::Nothing,
            Access::Preview(_) => Self::Preview,
            Access::Original(_) => Self::Original,
        }
    }
}

/// What a step does: a command, or something that only scenarios know.
#[derive(Clone, PartialEq, Debug)]
pub enum Action {
    /// A command of the deal.
    Command(Command),
    /// `pay`: a confirmation of a payment, with what is outstanding where no amount is given.
    Pay(Pay),
    /// `chargeback`: a step of a chargeback, of the latest payment where none is named.
    Chargeback(ChargedBack),
    /// `returned`: a bank gives back what was sent, the latest payment to a payee where no transaction is named.
    Returned(CameBack),
    /// `resume`: every order without an answer is asked again.
    Resume,
    /// `preview`: what everybody would get if the deal ended like this now.
    Preview(Ending),
}

/// A payment, in short.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pay {
    /// Into which deposit; absent: the buyer's payment.
    #[serde(default = "buyer_payment")]
    pub deposit: DepositId,
    /// How much; absent: what is outstanding.
    #[serde(default)]
    pub amount: Option<Money>,
    /// When the hold expires, where it is one.
    #[serde(default)]
    pub held_until: Option<Time>,
    /// The gateway's id of the payment; absent: one of its own per step.
    #[serde(default)]
    pub reference: Option<Reference>,
    /// The gateway's id of the capture, where the payment is captured in parts.
    #[serde(default)]
    pub capture: Option<CaptureId>,
    /// Whether nothing more of the payment is captured; absent: it is the last capture.
    #[serde(default, rename = "final")]
    pub is_final: Option<bool>,
}

/// A step of a chargeback, in short.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChargedBack {
    /// The gateway's id of the chargeback.
    pub reference: Reference,
    /// The gateway; absent: the one of the payment, or the scenario's.
    #[serde(default)]
    pub gateway: Option<GatewayName>,
    /// The payment; absent: the one that the chargeback is known to be about, or else the latest into the deposit.
    #[serde(default)]
    pub payment: Option<Reference>,
    /// The deposit that is meant; absent: all that the payment paid for.
    #[serde(default)]
    pub deposit: Option<DepositId>,
    /// How much.
    pub amount: Money,
    /// How far it is.
    pub step: ChargebackStep,
}

/// A payment that comes back, in short.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CameBack {
    /// The transaction; absent: the latest that was sent to the payee for the purpose.
    #[serde(default)]
    pub transaction: Option<TxId>,
    /// To whom it was sent.
    #[serde(default)]
    pub payee: Option<Payee>,
    /// What for.
    #[serde(default)]
    pub purpose: Option<Purpose>,
    /// How much; absent: all of it.
    #[serde(default)]
    pub amount: Option<Money>,
    /// The gateway's id of the return.
    pub reference: Reference,
}

const fn buyer_payment() -> DepositId {
    DepositId::BUYER_PAYMENT
}

/// What is expected at the end. What is absent is not looked at.
#[derive(Clone, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expectation {
    /// The code with which the creation is refused.
    #[serde(default)]
    pub rejected: Option<Text<64, 1>>,
    /// The status.
    #[serde(default)]
    pub status: Option<Status>,
    /// The outcome.
    #[serde(default)]
    pub outcome: Option<Outcome>,
    /// Every leg, in any order.
    #[serde(default)]
    pub legs: Option<Vec<ExpectedLeg>>,
    /// Every receivable, in any order.
    #[serde(default)]
    pub receivables: Option<Vec<Receivable>>,
}

/// A leg that is expected.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExpectedLeg {
    /// The payee.
    pub payee: Payee,
    /// The purpose.
    pub purpose: Purpose,
    /// The amount.
    pub amount: Money,
}

impl Scenario {
    /// The longest scenario.
    pub const MAX_BYTES: usize = 4 * 1024 * 1024;
    /// The most steps of a scenario.
    pub const MAX_STEPS: usize = 10_000;

    /// Reads a scenario.
    ///
    /// # Errors
    /// [`ScenarioError`] names the field and what is wrong with it.
    pub fn from_json(text: &str) -> Result<Self, ScenarioError> {
        if text.len() > Self::MAX_BYTES {
            return Err(ScenarioError::TooLarge);
        }
        let value: Value =
            serde_json::from_str(text).map_err(|e| ScenarioError::field("json", &e.to_string()))?;
        Self::from_value(value)
    }

    fn from_value(mut value: Value) -> Result<Self, ScenarioError> {
        expand::presets(&mut value)?;
        let scenario: Self = serde_path_to_error::deserialize(value)
            .map_err(|e| ScenarioError::field(e.path().to_string(), &e.inner().to_string()))?;
        if scenario.steps.len() > Self::MAX_STEPS {
            return Err(ScenarioError::field("steps", &format!("has more than {} entries", Self::MAX_STEPS)));
        }
        Ok(scenario)
    }
}

impl<'de> Deserialize<'de> for Action {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        use serde::de::Error;
        let mut value = Value::deserialize(deserializer)?;
        let Some(kind) = value.get("type").and_then(Value::as_str).map(str::to_owned) else {
            // says that `type` is missing, or is no text
            return Command::deserialize(value).map(Self::Command).map_err(D::Error::custom);
        };
        let mut rest = || {
            if let Some(object) = value.as_object_mut() {
                object.remove("type");
            }
            std::mem::take(&mut value)
        };
        let named = |e: serde_path_to_error::Error<serde_json::Error>| {
            let path = e.path().to_string();
            if path == "." {
                D::Error::custom(e.into_inner())
            } else {
                D::Error::custom(format!("{path}: {}", e.into_inner()))
            }
        };
        match kind.as_str() {
            "pay" => serde_path_to_error::deserialize(rest()).map(Self::Pay).map_err(named),
            "chargeback" => serde_path_to_error::deserialize(rest()).map(Self::Chargeback).map_err(named),
            "returned" => serde_path_to_error::deserialize(rest()).map(Self::Returned).map_err(named),
            "resume" => {
                serde_path_to_error::deserialize(rest()).map(|Nothing {}| Self::Resume).map_err(named)
            }
            "preview" => serde_path_to_error::deserialize(rest())
                .map(|PreviewOf { ending }| Self::Preview(ending))
                .map_err(named),
            _ => expand::command(&kind, rest()).map(Self::Command).map_err(named),
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PreviewOf {
    ending: Ending,
}
