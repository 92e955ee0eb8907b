//! What rules push into.

use super::{Context, Events, Recorded};
use crate::{Actor, PartyId, Time};

/// What the rules of a machine push into: stamps each event with when and by whom.
#[derive(Debug)]
pub struct Out<'c, E> {
    events: &'c mut Events<E>,
    at: Time,
    actor: &'c Actor,
    via: Option<&'c PartyId>,
}

impl<'c, E> Out<'c, E> {
    /// What the actor of this context does now: for the events that a machine begins with.
    pub const fn begin(context: &'c Context, events: &'c mut Events<E>) -> Self {
        Self::at(context.now, context, events)
    }

    pub(super) const fn at(at: Time, context: &'c Context, events: &'c mut Events<E>) -> Self {
        Self::new(events, at, &context.actor, context.via.as_ref())
    }

    pub(super) const fn new(
        events: &'c mut Events<E>,
        at: Time,
        actor: &'c Actor,
        via: Option<&'c PartyId>,
    ) -> Self {
        Self { events, at, actor, via }
    }

    /// The instant that is judged.
    pub const fn now(&self) -> Time {
        self.at
    }

    /// Adds the next event.
    pub fn push(&mut self, event: E) {
        self.events.push(Recorded { at: self.at, actor: self.actor.clone(), via: self.via.cloned(), event });
    }
}
