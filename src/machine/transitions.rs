//! What makes decisions of the rules of a machine.

use std::borrow::Cow;

use super::{Context, Events, Out, Refusal, Rules, Transition};
use crate::{Actor, Time};

/// Judges a command by the machine's [`Rules`]: for [`Machine::decide`](super::Machine::decide).
///
/// Timers that are due fire first, on a copy; then the command is judged on the machine after them. Half-open as
/// everywhere: due iff `now >= deadline`. A deadline that the command leaves behind, as a late answer does, fires with it.
///
/// # Errors
/// The machine's rejection; the due timers have not fired either, as far as the machine is concerned.
pub fn transition<M: Rules>(
    machine: &M,
    command: &M::Command,
    context: &Context,
) -> Result<Transition<M>, M::Rejection> {
    let now = context.now.max(machine.last_at());
    let mut events = Events::new();
    let mut view = Cow::Borrowed(machine);
    fire_due(&mut view, now, &mut events);
    let fired = events.len();
    judge(&*view, command, context, now, &mut events)?;
    if events.len() > fired {
        fold(view.to_mut(), &events, fired);
        fire_due(&mut view, now, &mut events);
    }
    let after = match view {
        Cow::Owned(after) => Some(after),
        Cow::Borrowed(_) => None,
    };
    Ok(Transition::new(events, after))
}

/// Judges a command and folds what follows into the machine: for [`Machine::handle`](super::Machine::handle). Copies the
/// machine only where timers are due.
///
/// # Errors
/// The rejection of [`transition`]; the machine is as it was.
pub fn handle<M: Rules>(
    machine: &mut M,
    command: &M::Command,
    context: &Context,
) -> Result<Transition<M>, M::Rejection> {
    let now = context.now.max(machine.last_at());
    let mut events = Events::new();
    if next_due(machine, now).is_some() {
        let (all, after) = transition(machine, command, context)?.into_parts();
        if let Some(after) = after {
            *machine = after;
        }
        events = all;
    } else {
        judge(machine, command, context, now, &mut events)?;
        fold(machine, &events, 0);
        while let Some((due, timer)) = next_due(machine, now) {
            let before = events.len();
            fire(machine, due, timer, &mut events);
            if events.len() == before {
                break;
            }
            fold(machine, &events, before);
        }
    }
    Ok(Transition::new(events, None))
}

/// Admits the command, and has the rule say what follows.
fn judge<M: Rules>(
    machine: &M,
    command: &M::Command,
    context: &Context,
    now: Time,
    events: &mut Events<M::Event>,
) -> Result<(), M::Rejection> {
    match admit(machine, command, context)? {
        Some(role) => machine.rule(command, role, context, &mut Out::at(now, context, events)),
        None => Ok(()),
    }
}

/// The role in which the actor may give this command now; `None` for a repeat.
fn admit<M: Rules>(
    machine: &M,
    command: &M::Command,
    context: &Context,
) -> Result<Option<M::Role>, M::Rejection> {
    let role = machine.role_of(&context.actor).ok_or_else(|| M::refuse(Refusal::UnknownActor))?;
    let kind = M::kind(command);
    let (by, within) = M::permitted(kind);
    // a role that never may, has nothing to repeat
    let may_ever = by.contains(&role);
    if may_ever && machine.already_stands(command, role, context) {
        return Ok(None);
    }
    let actual = machine.progress().revision();
    if let Some(seen) = context.seen
        && seen != actual
    {
        return Err(M::refuse(Refusal::Stale { seen, actual }));
    }
    if !may_ever {
        return Err(M::refuse(Refusal::WrongRole { role, command: kind }));
    }
    if let Some(status) = machine.status_for(command)?
        && !within.contains(&status)
    {
        return Err(M::refuse(Refusal::WrongStatus { command: kind, status }));
    }
    Ok(Some(role))
}

fn next_due<M: Rules>(machine: &M, now: Time) -> Option<(Time, M::Timer)> {
    machine.next_timer().filter(|(due, _)| *due <= now)
}

/// Fires what is due, each at its own instant, and folds it into the view.
fn fire_due<M: Rules>(view: &mut Cow<'_, M>, now: Time, events: &mut Events<M::Event>) {
    while let Some((due, timer)) = next_due(&**view, now) {
        let before = events.len();
        fire(&**view, due, timer, events);
        if events.len() == before {
            // a timer that leads to nothing would fire for ever
            break;
        }
        fold(view.to_mut(), events, before);
    }
}

fn fire<M: Rules>(machine: &M, due: Time, timer: M::Timer, events: &mut Events<M::Event>) {
    let at = due.max(machine.last_at());
    machine.fire(timer, &mut Out::new(events, at, &Actor::Clock, None));
}

fn fold<M: Rules>(machine: &mut M, events: &Events<M::Event>, from: usize) {
    events.iter().skip(from).for_each(|recorded| machine.apply(recorded));
}
