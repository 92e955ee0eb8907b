//! What can be asked of a payee's profile. The same command may be sent again at any time: a repeat is
//! recognised and answered with no events.
//!
//! Commands are read and never written: one of them may carry a code that somebody entered.

use serde::Deserialize;

use super::{DestinationId, Requisite};
use crate::code::{Attempt, CodeHash};
use escrow::commands;
pub use escrow::deal::command::Wake;

commands! {
    /// A command. Tagged by `type` in JSON: `{"type":"choose_default","id":"card-1"}`.
    #[derive(Clone, Debug, Deserialize)]
    #[serde(tag = "type")]
    Command, CommandKind, "the name of a command of a payee's profile" {
        /// Another code for the registration.
        NewRegistrationCode = "new_registration_code",
        /// Confirm the registration with its code.
        ConfirmRegistration = "confirm_registration",
        /// Add a destination.
        Add = "add",
        /// Another code for one that is not verified yet.
        NewCode = "new_code",
        /// Enter the code.
        Confirm = "confirm",
        /// Choose where money goes if nothing else is said.
        ChooseDefault = "choose_default",
        /// Never use it again.
        Retire = "retire",
        /// Let codes be entered again.
        Unlock = "unlock",
        /// Fire what is due: a profile has nothing that is.
        Wake = "wake",
    }
}

/// Replaces the code of a registration that is not confirmed yet.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewRegistrationCode {
    /// Which code it is to be: one more than the last.
    pub number: u8,
    /// Its hash.
    pub code: CodeHash,
}

/// Enters the code of the registration. A wrong one counts, so that the answer is Ok: read
/// [`PayeeProfile::is_confirmed`](super::PayeeProfile::is_confirmed) afterwards.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConfirmRegistration {
    /// Which code, the how many-eth attempt, and what was entered.
    pub attempt: Attempt,
}

/// Adds a destination. It cannot be used before it is verified by the code that the host has drawn and sent.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Add {
    /// The payee's name for it. A repeat is recognised by it.
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
    /// The id of the destination.
    pub id: DestinationId,
}

/// Forgets the wrong codes: an operator does, who has made sure that it is the payee who enters them.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Unlock {}
