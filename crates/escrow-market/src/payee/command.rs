//! What can be asked of a payee's profile. The same command may be sent again at any time: what already stands is
//! recognised and answered with no events.
//!
//! Commands are read and never written: one of them may carry a code that somebody entered.

use serde::{Deserialize, Serialize};

use super::{DestinationId, Requisite};
use crate::code::{Attempt, CodeHash};
pub use escrow::deal::command::Wake;
use escrow::names;

/// A command. Tagged by `type` in JSON: `{"type":"choose_default","id":"card-1"}`.
#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Command {
    /// Add a destination.
    Add(Add),
    /// Another code for one that is not verified yet.
    NewCode(NewCode),
    /// Enter the code.
    Confirm(Confirm),
    /// Choose where money goes if nothing else is said.
    ChooseDefault(ChooseDefault),
    /// Never use it again.
    Retire(Retire),
    /// Let codes be entered again.
    Unlock(Unlock),
    /// Fire what is due: a profile has nothing that is.
    Wake(Wake),
}

/// Adds a destination. It cannot be used before it is verified by the code that the host has drawn and sent.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Add {
    /// The payee's name of it: what a repeat is recognised by.
    pub id: DestinationId,
    /// Where to, and its label.
    pub requisite: Requisite,
    /// The hash of code number 1. The in-system balance needs none: it is nobody else's.
    #[serde(default)]
    pub code: Option<CodeHash>,
}

/// Replaces the code of a destination that is not verified yet, since it was lost, has expired, or was entered wrongly
/// too often.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewCode {
    /// Which destination.
    pub id: DestinationId,
    /// Which code it is to be: one more than the last.
    pub number: u8,
    /// Its hash.
    pub code: CodeHash,
}

/// Enters the code. A wrong one counts, so that the answer is Ok: read [`PayeeProfile::destination`] afterwards.
///
/// [`PayeeProfile::destination`]: super::PayeeProfile::destination
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Confirm {
    /// Which destination.
    pub id: DestinationId,
    /// Which code, the how many-eth attempt, and what was entered.
    pub attempt: Attempt,
}

/// Chooses the default: a verified one.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChooseDefault {
    /// Which; absent: none.
    #[serde(default)]
    pub id: Option<DestinationId>,
}

/// Retires a destination, verified or not: it cannot be used any more, and its id is not given again.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Retire {
    /// Which.
    pub id: DestinationId,
}

/// Forgets the wrong codes: an operator does, who has made sure that it is the payee who enters them.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Unlock {}

/// A command without its content: what permission depends on.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "each is named after its command")]
pub enum CommandKind {
    Add,
    NewCode,
    Confirm,
    ChooseDefault,
    Retire,
    Unlock,
    Wake,
}

names! {
    /// Every kind, in table order.
    CommandKind, "the name of a command of a payee's profile" {
        Add = "Add",
        NewCode = "NewCode",
        Confirm = "Confirm",
        ChooseDefault = "ChooseDefault",
        Retire = "Retire",
        Unlock = "Unlock",
        Wake = "Wake",
    }
}

impl Command {
    /// What permission depends on.
    pub const fn kind(&self) -> CommandKind {
        match self {
            Self::Add(_) => CommandKind::Add,
            Self::NewCode(_) => CommandKind::NewCode,
            Self::Confirm(_) => CommandKind::Confirm,
            Self::ChooseDefault(_) => CommandKind::ChooseDefault,
            Self::Retire(_) => CommandKind::Retire,
            Self::Unlock(_) => CommandKind::Unlock,
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

from_payload!(Add, NewCode, Confirm, ChooseDefault, Retire, Unlock, Wake);
