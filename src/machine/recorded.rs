//! An event, with when and by whom.

use serde::{Deserialize, Serialize};

use crate::{Actor, PartyId, Time};

/// An event with who made it happen and when it counts: what a journal stores.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recorded<E> {
    /// When it counts: never before the event before it. A deadline's own instant, where a timer fired.
    pub at: Time,
    /// Who did it.
    pub actor: Actor,
    /// On whose behalf the call came in, such as a marketplace that acts for its user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub via: Option<PartyId>,
    /// What happened.
    pub event: E,
}
