//! What can be asked of a store. The same command may be sent again at any time: what already stands is recognised and
//! answered with no events.

use serde::{Deserialize, Serialize};

use super::Conditions;
pub use escrow::deal::command::Wake;
use escrow::deposit::Reason;
use escrow::names;

/// A command. Tagged by `type` in JSON: `{"type":"suspend","reason":"complaints"}`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Command {
    /// Other fees and another policy from now on.
    SetConditions(SetConditions),
    /// Refuse new deals for a while.
    Suspend(Suspend),
    /// Accept new deals again.
    Resume(Resume),
    /// Refuse new deals for good.
    Close(Close),
    /// Fire what is due: a store has nothing that is.
    Wake(Wake),
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
    /// Why.
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

/// A command without its content: what permission depends on.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "each is named after its command")]
pub enum CommandKind {
    SetConditions,
    Suspend,
    Resume,
    Close,
    Wake,
}

names! {
    /// Every kind, in table order.
    CommandKind, "the name of a command of a store" {
        SetConditions = "SetConditions",
        Suspend = "Suspend",
        Resume = "Resume",
        Close = "Close",
        Wake = "Wake",
    }
}

impl Command {
    /// What permission depends on.
    pub const fn kind(&self) -> CommandKind {
        match self {
            Self::SetConditions(_) => CommandKind::SetConditions,
            Self::Suspend(_) => CommandKind::Suspend,
            Self::Resume(_) => CommandKind::Resume,
            Self::Close(_) => CommandKind::Close,
            Self::Wake(_) => CommandKind::Wake,
        }
    }
}

/// `Command::from(payload)` and `payload.into()` for every payload.
macro_rules! from_payload {
    ($($payload:ident),+ $(,)?) => {$(
        impl From<$payload> for Command {
            fn from(payload: $payload) -> Self {
                Self::$payload(payload)
            }
        }
    )+};
}

from_payload!(SetConditions, Suspend, Resume, Close, Wake);
