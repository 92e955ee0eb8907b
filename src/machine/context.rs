//! Who asks a machine, and when.

use crate::deposit::ClientKey;
use crate::{Actor, PartyId, Time};

/// Who asks, and when.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Context {
    /// The host's time. Inside a machine it never runs backwards: an earlier instant counts as the latest one seen.
    pub now: Time,
    /// Who acts.
    pub actor: Actor,
    /// On whose behalf the call came in.
    pub via: Option<PartyId>,
    /// The revision (a deal's: [`Deal::revision`](crate::Deal::revision)) that the actor has seen; absent where they do not say.
    pub seen: Option<u64>,
    /// An id that the caller chooses, by which a deal recognises the command when it is sent again, also after it has moved
    /// on. For commands that have no identity of their own; the deal remembers the last eight of each side and of the staff.
    pub request_id: Option<ClientKey>,
}

impl Context {
    /// An actor at an instant.
    pub const fn new(now: Time, actor: Actor) -> Self {
        Self { now, actor, via: None, seen: None, request_id: None }
    }

    /// The passage of time.
    pub const fn clock(now: Time) -> Self {
        Self::new(now, Actor::Clock)
    }

    /// The payment gateway.
    pub const fn gateway(now: Time) -> Self {
        Self::new(now, Actor::Gateway)
    }

    /// The tracker.
    pub const fn tracker(now: Time) -> Self {
        Self::new(now, Actor::Tracker)
    }

    /// A party.
    pub const fn party(now: Time, id: PartyId) -> Self {
        Self::new(now, Actor::Party(id))
    }

    /// The revision that the actor has seen: on a later one the command is refused as stale.
    #[must_use]
    pub fn seen(mut self, revision: u64) -> Self {
        self.seen = Some(revision);
        self
    }

    /// The id by which the command is recognised when it is sent again.
    #[must_use]
    pub fn request_id(mut self, id: ClientKey) -> Self {
        self.request_id = Some(id);
        self
    }

    /// On whose behalf the call came in.
    #[must_use]
    pub fn via(mut self, id: PartyId) -> Self {
        self.via = Some(id);
        self
    }
}
