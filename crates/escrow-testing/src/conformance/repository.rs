//! The laws of a repository of machines of one kind, whatever they are.

use escrow::deal::Deal;
use escrow::deal::command::Answered;
use escrow::port::{Commit, CommitError, blocking};
use escrow::{Actor, Context, Recorded, Time, Transition, TxId};

use super::{Conformance, Law, NotConforming, Story, Tried, Verdict, ensure, start, try_all, uuid_of};
use crate::known;

/// Tries every law of [`blocking::Repository`] on a repository of deals, which may have others in it. What commits must keep
/// is the business of [`event_sink`](super::event_sink), which takes a reference to it.
///
/// # Errors
/// [`NotConforming`] says which laws are broken, and how.
pub fn repository<R: blocking::Repository<Deal>>(
    fresh: impl Fn() -> R,
) -> Result<Conformance, NotConforming> {
    try_all(laws::<Deal, R>(&fresh))
}

/// The same for a repository of machines of any kind, by a [`Story`] of theirs; and the laws of commits. The ids are the
/// same whatever the kind: a storage that keeps several kinds is played with one after the other, and shows so that it
/// keeps them apart.
///
/// # Errors
/// [`NotConforming`] says which laws are broken, and how.
///
/// # Examples
/// ```
/// use escrow_market::Basket;
/// use escrow_testing::{MemoryRepository, conformance};
///
/// let seen = conformance::repository_of::<Basket, _>(MemoryRepository::new)?;
/// assert_eq!((seen.held().len(), seen.skipped().len()), (7, 0));
/// # Ok::<(), conformance::NotConforming>(())
/// ```
pub fn repository_of<M: Story, R: blocking::Repository<M>>(
    fresh: impl Fn() -> R,
) -> Result<Conformance, NotConforming> {
    let fresh = &fresh;
    let mut all = laws::<M, R>(fresh);
    all.push(("of two that begin it, one is told of the conflict", Box::new(|| begun_once(&fresh()))));
    all.push((
        "a step from a version that is over is refused, and writes nothing",
        Box::new(|| over(&fresh())),
    ));
    try_all(all)
}

fn laws<'a, M: Story, R: blocking::Repository<M>>(fresh: &'a impl Fn() -> R) -> Vec<Law<'a>> {
    vec![
        ("what is not stored is not there", Box::new(|| absent(&fresh()))),
        ("what is loaded is what was committed", Box::new(|| play(&fresh(), 22, loaded))),
        ("what is due is found, at its instant and not before", Box::new(|| play(&fresh(), 23, due))),
        ("the earliest is due first", Box::new(|| in_order(&fresh()))),
        ("what is unanswered is found until it is answered", Box::new(|| unanswered_all(&fresh()))),
    ]
}

/// More than the suite ever has stored.
const MANY: u32 = 100_000;

fn just_before(time: Time) -> Time {
    Time::from_millis(time.millis().saturating_sub(1)).unwrap_or(Time::MIN)
}

fn failed<E>(_: E) -> String {
    "the storage failed".to_owned()
}

/// One more of a kind that no other law uses.
fn id_of<M: Story>(law: u16, number: u16) -> M::Id {
    M::id_of(uuid_of(law, number))
}

fn begin<M: Story, R: blocking::Repository<M>>(repository: &R, id: M::Id, at: Time) -> Result<M, String> {
    let (machine, first) = M::begin(id, at)?;
    repository
        .commit(Commit::new(None, first.events(), &machine, at))
        .map_err(|_| "a new machine is not committed".to_owned())?;
    Ok(machine)
}

/// What a command leads to, a minute later. The suite's own stories follow the rules, so a rejection is a mistake of theirs.
fn act<M: Story>(
    machine: &mut M,
    command: &M::Command,
    actor: Actor,
) -> Result<Vec<Recorded<M::Event>>, String> {
    let context = Context::new(machine.last_at().plus_secs(60), actor);
    let done = machine.handle(command, &context).map(Transition::into_events);
    let events = done.map_err(|e| format!("the suite's own {}: {e}", M::KIND))?.into_vec();
    ensure(!events.is_empty(), || format!("the suite's own {}: {command:?} does nothing", M::KIND))?;
    Ok(events)
}

/// A step of a story as it is to be committed.
struct Step<'s, M: Story> {
    before: &'s M,
    events: &'s [Recorded<M::Event>],
    after: &'s M,
}

impl<M: Story> Step<'_, M> {
    fn commit(&self) -> Commit<'_, M> {
        Commit::new(Some(self.before), self.events, self.after, self.after.last_at())
    }
}

/// Has `then` look at a machine that has begun, and at every step after that.
fn each_step<M: Story, R: blocking::Repository<M>>(
    repository: &R,
    id: M::Id,
    mut then: impl FnMut(&M, Option<&Step<'_, M>>) -> Result<(), String>,
) -> Result<(), String> {
    let mut machine = begin(repository, id, start())?;
    then(&machine, None)?;
    let mut story = M::story().into_iter();
    loop {
        // whatever it orders is done at once
        let order = machine.unanswered_from(TxId::new(0)).map(|order| order.number());
        let answer = order.map(|order| {
            let done = Answered::Succeeded(known(&format!("done-{order}")));
            (M::answer(order, done), Actor::Gateway)
        });
        let Some((command, actor)) = answer.or_else(|| story.next()) else { return Ok(()) };
        let before = machine.clone();
        let events = act(&mut machine, &command, actor)?;
        let step = Step { before: &before, events: &events, after: &machine };
        repository.commit(step.commit()).map_err(|_| "a step is not committed".to_owned())?;
        then(&machine, Some(&step))?;
    }
}

fn play<M: Story, R: blocking::Repository<M>>(
    repository: &R,
    law: u16,
    holds: impl Fn(&R, &M) -> Result<(), String>,
) -> Verdict {
    each_step(repository, id_of::<M>(law, 0), |machine: &M, _| holds(repository, machine))?;
    Ok(Tried::Held)
}

fn absent<M: Story, R: blocking::Repository<M>>(repository: &R) -> Verdict {
    let stored = repository.load(id_of::<M>(21, 0)).map_err(failed)?;
    ensure(stored.is_none(), || "a machine that nobody committed is there".to_owned())?;
    Ok(Tried::Held)
}

fn loaded<M: Story, R: blocking::Repository<M>>(repository: &R, machine: &M) -> Result<(), String> {
    let stored = repository.load(machine.id()).map_err(failed)?;
    ensure(stored.as_ref() == Some(machine), || {
        let stored = stored.as_ref().map(M::version);
        format!("version {} was stored, and {stored:?} is loaded, or not as it was", machine.version())
    })
}

fn due<M: Story, R: blocking::Repository<M>>(repository: &R, machine: &M) -> Result<(), String> {
    let found = |at| repository.due(at, MANY).map(|ids| ids.contains(&machine.id())).map_err(failed);
    match machine.next_deadline() {
        Some(deadline) => {
            ensure(!found(just_before(deadline))?, || "it is due before its deadline".to_owned())?;
            ensure(found(deadline)?, || "it is not due at its deadline".to_owned())
        }
        None => ensure(!found(Time::MAX)?, || "it is due, and waits for nothing".to_owned()),
    }
}

fn in_order<M: Story, R: blocking::Repository<M>>(repository: &R) -> Verdict {
    // 2025-03-01T12:00:00Z: a year before everything else in here
    let long_ago = Time::from_millis(1_740_830_400_000).unwrap_or(Time::MIN);
    let mut last = None;
    for (number, late_s) in (0..).zip([30, 10, 20]) {
        let machine: M = begin(repository, id_of::<M>(24, number), long_ago.plus_secs(late_s))?;
        last = last.max(machine.next_deadline());
    }
    // a kind that waits for nothing when it begins
    let Some(last) = last else { return Ok(Tried::Skipped) };
    let ids = repository.due(last, MANY).map_err(failed)?;
    let expected = [1, 2, 0].map(|number| id_of::<M>(24, number));
    ensure(ids == expected, || format!("{ids:?} are due, and should be {expected:?}"))?;
    let first = repository.due(last, 2).map_err(failed)?;
    let Some(two) = expected.get(..2) else { return Ok(Tried::Held) };
    ensure(first == two, || format!("of two, {first:?} are due"))?;
    Ok(Tried::Held)
}

fn unanswered_all<M: Story, R: blocking::Repository<M>>(repository: &R) -> Verdict {
    let mut ordered = false;
    each_step(repository, id_of::<M>(25, 0), |machine: &M, _| {
        let found =
            |at| repository.unanswered(at, MANY).map(|ids| ids.contains(&machine.id())).map_err(failed);
        let late = machine.last_at().plus_secs(86_400);
        match machine.listing().pending_since {
            None => ensure(!found(late)?, || "it is found though it waits for no answer".to_owned()),
            Some(since) => {
                ordered = true;
                ensure(found(late)?, || "its orders are not found".to_owned())?;
                ensure(!found(just_before(since))?, || {
                    "its orders are found before they were made".to_owned()
                })
            }
        }
    })?;
    Ok(if ordered { Tried::Held } else { Tried::Skipped })
}

fn begun_once<M: Story, R: blocking::Repository<M>>(repository: &R) -> Verdict {
    let id = id_of::<M>(26, 0);
    let machine: M = begin(repository, id, start())?;
    let (other, first) = M::begin(id, start().plus_secs(60))?;
    let again = repository.commit(Commit::new(None, first.events(), &other, other.last_at()));
    refused(repository, &machine, again)?;
    Ok(Tried::Held)
}

fn over<M: Story, R: blocking::Repository<M>>(repository: &R) -> Verdict {
    each_step(repository, id_of::<M>(27, 0), |machine: &M, step| {
        let Some(step) = step else { return Ok(()) };
        refused(repository, machine, repository.commit(step.commit()))
    })?;
    Ok(Tried::Held)
}

fn refused<M: Story, R: blocking::Repository<M>>(
    repository: &R,
    machine: &M,
    again: Result<(), CommitError<R::Error>>,
) -> Result<(), String> {
    match again {
        Err(CommitError::Conflict) => loaded(repository, machine),
        Err(CommitError::Unknown(_)) => Err("nobody is told of the conflict".to_owned()),
        Ok(()) => Err("it was written twice".to_owned()),
    }
}
