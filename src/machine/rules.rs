//! The rules of a small machine, and what makes decisions of them.

use std::borrow::Cow;

use super::{Context, Events, Machine, Recorded, Transition};
use crate::{Actor, PartyId, Time};

/// The rules of a small machine, from which [`decide`] makes its `Machine::decide`. The deal has its own.
pub trait Rules: Machine {
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
pub fn decide<M: Rules>(
    machine: &M,
    command: &M::Command,
    context: &Context,
) -> Result<Transition<M>, M::Rejection> {
    let now = context.now.max(machine.last_at());
    let mut events = Events::new();
    let mut view = Cow::Borrowed(machine);
    fire_due(&mut view, now, &mut events);
    let fired = events.len();
    let via = context.via.as_ref();
    view.judge(command, context, &mut Out { events: &mut events, at: now, actor: &context.actor, via })?;
    if events.len() > fired {
        let after = view.to_mut();
        events.iter().skip(fired).for_each(|recorded| after.apply(recorded));
        if M::LEAVES_DUE {
            fire_due(&mut view, now, &mut events);
        }
    }
    let after = match view {
        Cow::Owned(after) => Some(after),
        Cow::Borrowed(_) => None,
    };
    Ok(Transition::new(events, after))
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
pub fn count<E>(recorded: &Recorded<E>, version: &mut u64, revision: &mut u64, last_at: &mut Time) {
    *version = version.saturating_add(1);
    *last_at = recorded.at.max(*last_at);
    match &recorded.actor {
        Actor::Party(_) | Actor::Operator(_) | Actor::Moderator(_) => *revision = *version,
        Actor::Gateway | Actor::Tracker | Actor::Clock => {}
    }
}

/// What the rules of a small machine push: stamps each event with when and by whom.
pub struct Out<'c, E> {
    events: &'c mut Events<E>,
    at: Time,
    actor: &'c Actor,
    via: Option<&'c PartyId>,
}

impl<'c, E> Out<'c, E> {
    /// For the events that a machine begins with.
    pub const fn new(
        events: &'c mut Events<E>,
        at: Time,
        actor: &'c Actor,
        via: Option<&'c PartyId>,
    ) -> Self {
        Self { events, at, actor, via }
    }

    /// The instant that is judged.
    pub const fn at(&self) -> Time {
        self.at
    }

    /// Adds the next event.
    pub fn push(&mut self, event: E) {
        self.events.push(Recorded { at: self.at, actor: self.actor.clone(), via: self.via.cloned(), event });
    }
}
