//! What the services are sent, and what they answer: JSON.

use escrow::{Actor, Context, DealId, PartyId, Time, deposit::ClientKey};
use escrow_market::balance::{BalancePolicy, Holder};
use escrow_market::follow::{Follow, MachineId};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A machine is to be opened.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Open<O> {
    /// What its kind begins with: for a deal, its proposal.
    pub opening: O,
    /// Who opens it.
    pub by: Actor,
    /// Who hears of it with every commit: of a deal, the balances of its payees.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub followers: Vec<MachineId>,
}

/// A machine gets a command.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Act<C> {
    /// The command.
    pub command: C,
    /// Who gives it.
    pub by: Actor,
    /// On whose behalf the call came in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub via: Option<PartyId>,
    /// The revision that they have seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seen: Option<u64>,
    /// The id by which the command is recognised when it is sent again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<ClientKey>,
}

impl<C> Act<C> {
    /// A command by an actor.
    pub const fn new(command: C, by: Actor) -> Self {
        Self { command, by, via: None, seen: None, request_id: None }
    }

    pub(crate) fn into_parts(self, now: Time) -> (C, Context) {
        let Self { command, by, via, seen, request_id } = self;
        let mut context = Context::new(now, by);
        (context.via, context.seen, context.request_id) = (via, seen, request_id);
        (command, context)
    }
}

/// What a balance is opened with.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Holding {
    /// Whose it is.
    pub holder: Holder,
    /// In which currency.
    pub currency: escrow::Currency,
    /// Its rules.
    pub policy: BalancePolicy,
}

/// What was done, and how the machine stands.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Done {
    /// The version before.
    pub from_version: u64,
    /// The version after; the same: it stood there already.
    pub version: u64,
    /// The status on the wire.
    pub status: String,
    /// When it is woken next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_deadline: Option<Time>,
    /// Whether an order has no answer yet. It is asked about again without anybody's doing.
    pub has_pending: bool,
    /// Answers of the gateway that the machine has refused: a person has to look into them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refused: Vec<Refused>,
}

/// A fact that a machine has refused.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Refused {
    /// The order that was answered; `None` where the fact is about no order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order: Option<u32>,
    /// The code of the rejection.
    pub code: String,
    /// Why, for a person to read.
    pub detail: String,
}

/// A machine wakes itself.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wake {
    /// At which deadline: another one is in vain.
    pub at: Time,
}

/// Something is delivered, as often as it takes.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Delivery {
    /// What.
    pub follow: Follow,
    /// Whose word it is: from then on it follows what it has told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<MachineId>,
    /// How often it was tried before.
    #[serde(default)]
    pub tries: u32,
}

/// A deal has changed: whoever hears it reads the deal.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hear {
    /// Which one.
    pub deal: DealId,
    /// How often it was tried before.
    #[serde(default)]
    pub tries: u32,
}

/// A commit, for the lists.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Note {
    /// Which kind of machine.
    pub kind: String,
    /// Which one.
    pub id: String,
    /// The version before.
    pub from_version: u64,
    /// What happened: nothing, where only facts were refused.
    pub events: Value,
    /// The machine after it.
    pub after: Value,
    /// When it is recorded.
    pub recorded_at: Time,
    /// What was refused.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refused: Vec<Refused>,
}

/// What became of a commit in the lists.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Noted {
    /// It is there, or was already.
    Kept,
    /// One before it is not there yet.
    Early,
}
