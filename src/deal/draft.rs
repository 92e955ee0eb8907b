//! What rules read and write: the deal as it is after all that they have pushed.
//!
//! `push` folds an event at once, so the next line of a rule sees it. A rule judges everything before its first push and
//! cannot fail afterwards: whatever follows a push returns nothing. So a refusal has changed nothing, whichever of the
//! two ways a draft holds its deal:
//! - *on a copy*, made at the first push, which the [`Transition`](crate::Transition) hands on;
//! - *in place*, for [`Deal::handle`](super::Deal::handle), which copies nothing.

use crate::settlement::Outcome;
use std::ops::Deref;

use super::Deal;
use super::Events;
use super::event::{Event, Paused};
use super::phase::Phase;
use crate::{Actor, PartyId, Recorded, Time};

pub(super) struct Draft<'a> {
    deal: Held<'a>,
    events: &'a mut Events,
    at: Time,
    actor: &'a Actor,
    via: Option<&'a PartyId>,
}

enum Held<'a> {
    Copy { before: &'a Deal, after: &'a mut Option<Deal> },
    InPlace(&'a mut Deal),
}

/// The deal as it is now.
impl Deref for Draft<'_> {
    type Target = Deal;

    #[inline]
    fn deref(&self) -> &Deal {
        match &self.deal {
            Held::Copy { before, after } => after.as_ref().unwrap_or(before),
            Held::InPlace(deal) => deal,
        }
    }
}

impl<'a> Draft<'a> {
    /// On a copy, which is made when something happens.
    pub(super) const fn on_copy(
        before: &'a Deal,
        after: &'a mut Option<Deal>,
        events: &'a mut Events,
        (at, actor, via): (Time, &'a Actor, Option<&'a PartyId>),
    ) -> Self {
        Self { deal: Held::Copy { before, after }, events, at, actor, via }
    }

    /// On the deal itself.
    pub(super) const fn in_place(
        deal: &'a mut Deal,
        events: &'a mut Events,
        (at, actor, via): (Time, &'a Actor, Option<&'a PartyId>),
    ) -> Self {
        Self { deal: Held::InPlace(deal), events, at, actor, via }
    }

    /// The instant that is judged.
    pub(super) const fn at(&self) -> Time {
        self.at
    }

    /// How many events there are so far, those of timers that were due included.
    pub(super) fn pushed(&self) -> usize {
        self.events.len()
    }

    /// Adds an event and folds it: what is read from here on is true after the event.
    pub(super) fn push(&mut self, event: Event) {
        let recorded = Recorded { at: self.at, actor: self.actor.clone(), via: self.via.cloned(), event };
        let deal = match &mut self.deal {
            Held::Copy { before, after } => after.get_or_insert_with(|| before.clone()),
            Held::InPlace(deal) => deal,
        };
        deal.apply(&recorded);
        self.events.push(recorded);
    }

    /// Moves to another phase, and notes the time left of a stage that is interrupted.
    pub(super) fn enter(&mut self, phase: Phase) {
        let paused = match *self.phase() {
            Phase::Active { stage, until } => {
                Some(Paused { stage, remaining_ms: until.millis_since(self.at) })
            }
            Phase::Proposed { .. }
            | Phase::AwaitingDeposit { .. }
            | Phase::Moderation { .. }
            | Phase::Clearing { .. }
            | Phase::Disputed { .. }
            | Phase::Paying { .. }
            | Phase::Closed { .. } => None,
        };
        self.push(Event::PhaseEntered { phase, paused });
    }

    /// Closes the deal once everybody has their money.
    pub(super) fn close_if_done(&mut self) {
        if let Phase::Paying { outcome, awaiting_capture: false } = *self.phase()
            && !self.books().has_unsettled_legs()
            && !self.books().has_open_capture()
        {
            self.close(outcome);
        }
    }

    pub(super) fn close(&mut self, outcome: Outcome) {
        self.enter(Phase::Closed { outcome });
    }
}
