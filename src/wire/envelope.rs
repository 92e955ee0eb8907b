//! One event of one deal, as a journal stores it and an outbox sends it.

use serde::{Deserialize, Serialize};

use crate::Recorded;
use crate::deal::{Deal, Event};
use crate::{Actor, DealId, PartyId, Time};

/// An event with all that a consumer needs to place it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Envelope {
    /// The deal.
    pub deal_id: DealId,
    /// The deal's version with this event: consecutive, from 1.
    pub version: u64,
    /// When it counts; a deadline's own instant, where a timer fired.
    pub occurred_at: Time,
    /// When it was recorded; later than `occurred_at` where the deal was woken late.
    pub recorded_at: Time,
    /// Who did it.
    pub actor: Actor,
    /// On whose behalf the call came in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub via: Option<PartyId>,
    /// What happened.
    pub event: Event,
}

impl Envelope {
    /// The envelopes of a transition's events; `before` is the deal's version before it.
    pub fn wrap(
        deal: &Deal,
        before: u64,
        events: &[Recorded],
        recorded_at: Time,
    ) -> impl Iterator<Item = Self> {
        let deal_id = deal.id();
        (before.saturating_add(1)..).zip(events).map(move |(version, recorded)| Self {
            deal_id,
            version,
            occurred_at: recorded.at,
            recorded_at,
            actor: recorded.actor.clone(),
            via: recorded.via.clone(),
            event: recorded.event.clone(),
        })
    }

    /// The event in the form that [`Deal::replay`] reads.
    pub fn into_recorded(self) -> Recorded {
        Recorded { at: self.occurred_at, actor: self.actor, via: self.via, event: self.event }
    }
}
