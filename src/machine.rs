//! The shape that the deal and the aggregates beside it share: decide, then fold.

use std::borrow::Cow;

use thiserror::Error;

use crate::deal::{Context, Events, Recorded, Transition};
use crate::{Actor, PartyId, Time};

/// Something with a life of its own that is told by events: a [`Deal`](crate::Deal), an [`Offer`](crate::Offer).
///
/// What holds of every one of them:
/// - [`decide`](Machine::decide) is pure and total; [`apply`](Machine::apply) is the only place where it changes, live
///   and on replay, and replaying its journal gives the live state.
/// - The same command again is answered with no events; a rejection changes nothing.
/// - Waking it at every deadline, late, or never gives the same result: timers that are due fire first, each at its
///   own instant, before a command is judged.
/// - Time never runs backwards inside it.
pub trait Machine {
    /// What can be asked of it.
    type Command;
    /// What can happen to it.
    type Event;
    /// Why a command is refused.
    type Rejection;

    /// How many events it has seen: what a sink locks on.
    fn version(&self) -> u64;

    /// When it saw its last event.
    fn last_at(&self) -> Time;

    /// When it is to be woken next. Waking late, or never, changes no result, only its promptness.
    fn next_deadline(&self) -> Option<Time>;

    /// Judges a command: what happens, or why it does not. No events: it already stands.
    ///
    /// # Errors
    /// Its rejection; nothing has changed.
    fn decide(
        &self,
        command: &Self::Command,
        context: &Context,
    ) -> Result<Transition<Self::Event>, Self::Rejection>;

    /// Takes in what happened: computes nothing and checks nothing.
    fn apply(&mut self, recorded: &Recorded<Self::Event>);

    /// Decides and applies.
    ///
    /// # Errors
    /// The rejection of [`decide`](Machine::decide); the machine is as it was.
    fn handle(
        &mut self,
        command: &Self::Command,
        context: &Context,
    ) -> Result<Transition<Self::Event>, Self::Rejection> {
        let transition = self.decide(command, context)?;
        transition.events().iter().for_each(|recorded| self.apply(recorded));
        Ok(transition)
    }
}

/// Why stored data is none of the small machines. Not transient: the same bytes fail again.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// The snapshot is of another schema.
    #[error(
        "schema: this version reads `{expected}`; decode it with a version of the crate that knows the other"
    )]
    UnknownSchema {
        /// The schema that is known.
        expected: &'static str,
    },
    /// The journal does not begin with its first event, or has it again later.
    #[error("journal: must begin with `{first}`, and have it only there")]
    NotAJournal {
        /// The type of the event that every journal of the kind begins with.
        first: &'static str,
    },
    /// A field contradicts the rest.
    #[error("state.{field}: does not agree with the rest")]
    Field {
        /// Which.
        field: &'static str,
    },
}

/// The rules of a small machine, from which [`decide`] makes its `Machine::decide`. The deal has its own.
pub(crate) trait Rules: Machine + Clone {
    /// What tells one deadline from another.
    type Timer;

    /// Can a command leave a deadline that is behind already, as a late answer does? What it leaves fires with it then.
    const LEAVES_DUE: bool = false;

    /// The earliest deadline, and what fires then.
    fn next_timer(&self) -> Option<(Time, Self::Timer)>;

    /// What the passing of a deadline leads to: events that leave that deadline behind, since nothing can fail here.
    fn fire(&self, timer: Self::Timer, out: &mut Out<'_, Self::Event>);

    /// Judges a command when nothing is due: who the actor is, whether it already stands, staleness, permission,
    /// content.
    fn judge(
        &self,
        command: &Self::Command,
        context: &Context,
        out: &mut Out<'_, Self::Event>,
    ) -> Result<(), Self::Rejection>;
}

/// Timers that are due fire first, each at its own instant, on a copy; then the command is judged on what they left.
/// Half-open as everywhere: due iff `now >= deadline`. Where nothing is due, nothing is copied.
pub(crate) fn decide<M: Rules>(
    machine: &M,
    command: &M::Command,
    context: &Context,
) -> Result<Transition<M::Event>, M::Rejection> {
    let now = context.now.max(machine.last_at());
    let mut events = Events::new();
    let mut view = Cow::Borrowed(machine);
    fire_due(&mut view, now, &mut events);
    let fired = events.len();
    let via = context.via.as_ref();
    view.judge(command, context, &mut Out { events: &mut events, at: now, actor: &context.actor, via })?;
    if M::LEAVES_DUE && events.len() > fired {
        let after = view.to_mut();
        events.iter().skip(fired).for_each(|recorded| after.apply(recorded));
        fire_due(&mut view, now, &mut events);
    }
    Ok(Transition::new(events))
}

/// Fires what is due, each at its own instant, and applies it to the view.
fn fire_due<M: Rules>(view: &mut Cow<'_, M>, now: Time, events: &mut Events<M::Event>) {
    while let Some((due, timer)) = view.next_timer().filter(|(due, _)| *due <= now) {
        let before = events.len();
        let at = due.max(view.last_at());
        view.fire(timer, &mut Out { events: &mut *events, at, actor: &Actor::Clock, via: None });
        if events.len() == before {
            // a timer that leads to nothing would fire for ever
            break;
        }
        let after = view.to_mut();
        events.iter().skip(before).for_each(|recorded| after.apply(recorded));
    }
}

/// What every event does, whatever it tells: it is counted, time does not run backwards, and where a person caused it
/// the revision goes along, which an actor's `seen` is held against.
pub(crate) fn count<E>(recorded: &Recorded<E>, version: &mut u64, revision: &mut u64, last_at: &mut Time) {
    *version = version.saturating_add(1);
    *last_at = recorded.at.max(*last_at);
    match &recorded.actor {
        Actor::Party(_) | Actor::Operator(_) | Actor::Moderator(_) => *revision = *version,
        Actor::Gateway | Actor::Tracker | Actor::Clock => {}
    }
}

/// What the rules of a small machine push: stamps each event with when and by whom.
pub(crate) struct Out<'c, E> {
    events: &'c mut Events<E>,
    at: Time,
    actor: &'c Actor,
    via: Option<&'c PartyId>,
}

impl<'c, E> Out<'c, E> {
    /// For the events that a machine begins with.
    pub(crate) const fn new(
        events: &'c mut Events<E>,
        at: Time,
        actor: &'c Actor,
        via: Option<&'c PartyId>,
    ) -> Self {
        Self { events, at, actor, via }
    }

    /// The instant that is judged.
    pub(crate) const fn at(&self) -> Time {
        self.at
    }

    pub(crate) fn push(&mut self, event: E) {
        self.events.push(Recorded { at: self.at, actor: self.actor.clone(), via: self.via.cloned(), event });
    }
}
