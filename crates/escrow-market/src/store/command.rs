//! What can be asked of a store. The same command may be sent again at any time: a repeat is recognised and
//! answered with no events.

use serde::{Deserialize, Serialize};

use super::Conditions;
use escrow::commands;
pub use escrow::deal::command::Wake;
use escrow::deposit::Reason;

commands! {
    /// A command. Tagged by `type` in JSON: `{"type":"suspend","reason":"complaints"}`.
    #[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
    #[serde(tag = "type")]
    Command, CommandKind, "the name of a command of a store" {
        /// Other fees and another policy from now on.
        SetConditions = "set_conditions",
        /// Refuse new deals for a while.
        Suspend = "suspend",
        /// Accept new deals again.
        Resume = "resume",
        /// Refuse new deals for good.
        Close = "close",
        /// Fire what is due: a store has nothing that is.
        Wake = "wake",
    }
}

/// Sets fees and policy of the deals that are opened from now on; those that are open keep theirs.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SetConditions {
    /// Which version it is to be: one more than [`Store::conditions_version`](super::Store::conditions_version).
    pub version: u32,
    /// Fees and policy.
    pub conditions: Conditions,
}

/// Refuses new deals until it is resumed; open ones run on.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Suspend {
    /// The reason.
    pub reason: Reason,
}

/// Accepts new deals again.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Resume {}

/// Refuses new deals for good; open ones run on.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Close {}
