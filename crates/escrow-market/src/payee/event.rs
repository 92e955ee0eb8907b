//! What happens to a payee's profile.

use super::{DestinationId, Requisite};
use crate::code::{Code, CodePolicy};
use escrow::PartyId;
use serde::{Deserialize, Serialize};

/// What happened to a profile, in the past tense. Deliberately exhaustive.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum Event {
    /// It came into being; always the first event, and only the first.
    Registered {
        /// Whose it is.
        owner: PartyId,
        /// How its codes are.
        codes: CodePolicy,
        /// The code that confirms the registration.
        code: Code,
    },
    /// Another code took the place of the one that confirms the registration.
    RegistrationCodeReplaced {
        /// The new one.
        code: Code,
    },
    /// A wrong code was entered for the registration.
    RegistrationCodeRefused {
        /// How many attempts are left of this code.
        attempts_left: u8,
    },
    /// The code was entered: destinations can be added.
    RegistrationConfirmed {},
    /// A destination was added. It cannot be used yet, unless it is the in-system balance.
    Added {
        /// The id of the destination.
        id: DestinationId,
        /// Where to, and its label.
        requisite: Requisite,
        /// The code that verifies it; absent for the balance.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        code: Option<Code>,
    },
    /// Another code took the place of the one before.
    CodeReplaced {
        /// The id of the destination.
        id: DestinationId,
        /// The new one.
        code: Code,
    },
    /// A wrong code was entered.
    CodeRefused {
        /// For which destination.
        id: DestinationId,
        /// How many attempts are left of this code.
        attempts_left: u8,
    },
    /// The code was entered: the destination can be used.
    Verified {
        /// The id of the destination.
        id: DestinationId,
    },
    /// The default was chosen, or is none any more.
    DefaultChosen {
        /// The id of the destination.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        id: Option<DestinationId>,
    },
    /// A destination cannot be used any more.
    Retired {
        /// The id of the destination.
        id: DestinationId,
    },
    /// Codes can be entered again.
    Unlocked {},
}
