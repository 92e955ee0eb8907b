//! What a step does to a machine that is no deal: its commands, and some of them in short.

use escrow::deposit::{Purpose, Reference};
use escrow::{Destination, Money, Payee, Time};
use escrow_market::basket::command::ChargebackStep;
use escrow_market::{balance, basket, project, subscription};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::super::Action;
use super::names::{Kind, Names};

/// What a step does: a command of its machine, or something that only scenarios know.
#[derive(Clone, PartialEq, Debug)]
pub enum MarketAction {
    /// To a deal.
    Deal(Action),
    /// To a project.
    Project(project::Command),
    /// To a basket.
    Basket(basket::Command),
    /// `pay`, to a basket: what is outstanding where no amount is given.
    PayBasket(PayBasket),
    /// `chargeback`, of a payment of a basket or of a subscription: of its latest where none is named.
    ChargeBack(ChargeBack),
    /// `refunded`, of a payment of a subscription: its latest, whole, where it does not say otherwise.
    GiveBackCharge(GiveBackCharge),
    /// `returned`, of a refund of a basket, or of a withdrawal: the latest, whole, where it does not say otherwise.
    CameBack(CameBackLater),
    /// To a balance. Not a `confirm`, which is written in short.
    Balance(BalanceCommand),
    /// `withdraw`, from a balance: requested, and confirmed by its code.
    Withdraw(Withdraw),
    /// `confirm` a withdrawal.
    Confirm(ConfirmWithdrawal),
    /// `credit`, a balance: for no deal of the scenario's.
    Credit(CreditBalance),
    /// `debit`, a balance: for a debt of no deal of the scenario's.
    Debit(DebitBalance),
    /// To a subscription.
    Subscription(subscription::Command),
    /// `resume`: every order without an answer is asked again.
    Resume,
}

/// A command of a balance, comparable: codes, which it may have, are not.
#[derive(Clone, Debug)]
pub struct BalanceCommand(pub balance::Command);

impl PartialEq for BalanceCommand {
    fn eq(&self, other: &Self) -> bool {
        format!("{:?}", self.0) == format!("{:?}", other.0)
    }
}

/// A payment for several deals.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PayBasket {
    /// How much; absent: what is outstanding.
    #[serde(default)]
    pub amount: Option<Money>,
    /// The gateway's id of the payment; absent: one of its own per step.
    #[serde(default)]
    pub reference: Option<Reference>,
    /// When it expires, where it is a hold, which a basket refuses.
    #[serde(default)]
    pub held_until: Option<Time>,
}

/// A step of a chargeback.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChargeBack {
    /// The gateway's id of the chargeback.
    pub reference: Reference,
    /// The payment; absent: the one that it is known to be about, or else the latest.
    #[serde(default)]
    pub payment: Option<Reference>,
    /// How much.
    pub amount: Money,
    /// How far it is.
    pub step: ChargebackStep,
}

/// The recipient of a subscription has given a payment back.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GiveBackCharge {
    /// The gateway's id of the refund.
    pub reference: Reference,
    /// The payment; absent: the latest.
    #[serde(default)]
    pub payment: Option<Reference>,
    /// How much; absent: the price of a period.
    #[serde(default)]
    pub amount: Option<Money>,
}

/// Something that was paid comes back.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CameBackLater {
    /// The refund or withdrawal, by its number; absent: the latest.
    #[serde(default, alias = "refund", alias = "withdrawal")]
    pub number: Option<u32>,
    /// How much; absent: all of it.
    #[serde(default)]
    pub amount: Option<Money>,
    /// The gateway's id of the return.
    pub reference: Reference,
}

/// A withdrawal.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Withdraw {
    /// How much the holder is to get.
    pub amount: Money,
    /// Where to; absent: an account.
    #[serde(default)]
    pub destination: Option<Destination>,
    /// Whether the code is entered at once; absent: it is.
    #[serde(default = "yes")]
    pub confirm: bool,
}

/// The code of a withdrawal is entered.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConfirmWithdrawal {
    /// Which withdrawal; absent: the latest.
    #[serde(default)]
    pub withdrawal: Option<u32>,
    /// Whether it is the right code; absent: it is.
    #[serde(default = "yes")]
    pub right: bool,
}

/// A credit of a leg of a deal that is not in the scenario.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CreditBalance {
    /// Which one: the same number again is the same credit; absent: a number of its own per step.
    #[serde(default)]
    pub number: Option<u32>,
    /// How much.
    pub amount: Money,
    /// When the leg was settled; absent: now.
    #[serde(default)]
    pub settled_at: Option<Time>,
    /// What for; absent: a payout.
    #[serde(default)]
    pub purpose: Option<Purpose>,
}

/// A debt of a deal that is not in the scenario.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DebitBalance {
    /// Which one; absent: a number of its own per step.
    #[serde(default)]
    pub number: Option<u32>,
    /// How often it has changed.
    #[serde(default)]
    pub revision: u32,
    /// How much it takes in all.
    pub amount: Money,
    /// To whom it is owed; absent: the platform.
    #[serde(default)]
    pub payee: Option<Payee>,
    /// Since when; absent: now.
    #[serde(default)]
    pub since: Option<Time>,
}

const fn yes() -> bool {
    true
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

/// Where in the action, and what is wrong.
type Wrong = (String, String);

fn read<T: DeserializeOwned>(value: Value) -> Result<T, Wrong> {
    serde_path_to_error::deserialize(value).map_err(|e| {
        let path = e.path().to_string();
        (if path == "." { String::new() } else { path }, e.into_inner().to_string())
    })
}

impl MarketAction {
    pub(super) fn read(kind: Kind, mut value: Value, names: &Names) -> Result<Self, Wrong> {
        let word = value.get("type").and_then(Value::as_str).unwrap_or_default().to_owned();
        if kind == Kind::Deal {
            return read(value).map(Self::Deal);
        }
        names.replace(value.get_mut("deal"));
        names.replace(value.get_mut("after"));
        // a command without its type, for what is written in short
        let mut short = value.clone();
        if let Some(content) = short.as_object_mut() {
            content.remove("type");
        }
        match (kind, &*word) {
            (_, "resume") => read(short).map(|Nothing {}| Self::Resume),
            (Kind::Project, _) => read(value).map(Self::Project),
            (Kind::Basket, "pay") => read(short).map(Self::PayBasket),
            (Kind::Basket, "chargeback") => read(short).map(Self::ChargeBack),
            (Kind::Basket | Kind::Balance, "returned") => read(short).map(Self::CameBack),
            (Kind::Basket, _) => read(value).map(Self::Basket),
            (Kind::Balance, "withdraw") => read(short).map(Self::Withdraw),
            (Kind::Balance, "confirm") => read(short).map(Self::Confirm),
            (Kind::Balance, "credit") => read(short).map(Self::Credit),
            (Kind::Balance, "debit") => read(short).map(Self::Debit),
            (Kind::Balance, _) => read(value).map(|command| Self::Balance(BalanceCommand(command))),
            // with its gateway it is written in full
            (Kind::Subscription, "chargeback") if short.get("gateway").is_none() => {
                read(short).map(Self::ChargeBack)
            }
            (Kind::Subscription, "refunded") if short.get("gateway").is_none() => {
                read(short).map(Self::GiveBackCharge)
            }
            (Kind::Subscription, _) => read(value).map(Self::Subscription),
            (Kind::Deal, _) => read(value).map(Self::Deal),
        }
    }

    /// What scenarios call it.
    pub(super) fn word(&self) -> String {
        match self {
            Self::Deal(action) => super::super::run::name(action),
            Self::Project(command) => command.kind().to_string(),
            Self::Basket(command) => command.kind().to_string(),
            Self::Balance(BalanceCommand(command)) => command.kind().to_string(),
            Self::Subscription(command) => command.kind().to_string(),
            Self::PayBasket(_) => "pay".to_owned(),
            Self::ChargeBack(_) => "chargeback".to_owned(),
            Self::GiveBackCharge(_) => "refunded".to_owned(),
            Self::CameBack(_) => "returned".to_owned(),
            Self::Withdraw(_) => "withdraw".to_owned(),
            Self::Confirm(_) => "confirm".to_owned(),
            Self::Credit(_) => "credit".to_owned(),
            Self::Debit(_) => "debit".to_owned(),
            Self::Resume => "resume".to_owned(),
        }
    }
}
