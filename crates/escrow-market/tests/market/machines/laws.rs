//! What holds of every machine, along a history of steps. The fuzz target `machines` looks for one that breaks it, too.

use escrow::{Context, Machine, Recorded, Transition};
use proptest::prelude::*;
use proptest::test_runner::{TestCaseError, TestCaseResult};

use super::play::{Play, Steps, noon};

/// Plays the steps and looks at every one of them: the machine before, what was asked, what came of it, and after.
pub(crate) fn play<M: Play>(
    kind: u8,
    steps: &Steps,
    mut look: impl FnMut(&M, &M::Command, &Context, &Outcome<M>, &M) -> TestCaseResult,
) -> Result<(M, Journal<M>), TestCaseError> {
    let (mut machine, first) = M::start(kind);
    let mut journal = first.into_events().into_vec();
    let mut now = noon();
    for (choice, wait) in steps {
        now =
            if *wait < 0 { now.minus_secs(wait.unsigned_abs()) } else { now.plus_secs(wait.unsigned_abs()) };
        let (command, actor) = machine.step(*choice, now);
        let context = Context::new(now, actor);
        let before = machine.clone();
        let result = machine.handle(&command, &context);
        look(&before, &command, &context, &result, &machine)?;
        if let Ok(transition) = result {
            journal.extend(transition.into_events());
        }
    }
    Ok((machine, journal))
}

pub(crate) type Journal<M> = Vec<Recorded<<M as Machine>::Event>>;
pub(crate) type Outcome<M> = Result<Transition<M>, <M as Machine>::Rejection>;

pub(crate) fn replay_equals_live<M: Play>(kind: u8, steps: &Steps) -> TestCaseResult {
    let (live, journal) = play::<M>(kind, steps, |_, _, _, _, _| Ok(()))?;
    let json = serde_json::to_string(&journal).unwrap();
    let journal: Vec<Recorded<M::Event>> = serde_json::from_str(&json).unwrap();
    let replayed = live.replay(&journal);
    prop_assert_eq!(replayed.as_ref(), Some(&live));
    prop_assert_eq!(serde_json::to_string(&replayed).unwrap(), serde_json::to_string(&live).unwrap());
    Ok(())
}

pub(crate) fn a_repeated_command_does_nothing<M: Play>(kind: u8, steps: &Steps) -> TestCaseResult {
    play::<M>(kind, steps, |_, command, context, result, after| {
        if result.is_ok() {
            let again = after.decide(command, context);
            prop_assert!(matches!(&again, Ok(t) if t.is_empty()), "{command:?} again: {again:?}");
        }
        Ok(())
    })
    .map(drop)
}

pub(crate) fn a_rejection_changes_nothing<M: Play>(kind: u8, steps: &Steps) -> TestCaseResult {
    play::<M>(kind, steps, |before, command, context, result, after| {
        if result.is_err() {
            prop_assert_eq!(before, after);
            prop_assert_eq!(&before.decide(command, context), result, "and is the same again");
        }
        Ok(())
    })
    .map(drop)
}

pub(crate) fn events_are_counted_and_in_order<M: Play>(kind: u8, steps: &Steps) -> TestCaseResult {
    play::<M>(kind, steps, |before, _, _, result, after| {
        let Ok(transition) = result else { return Ok(()) };
        let count = u64::try_from(transition.events().len()).unwrap();
        prop_assert_eq!(before.version() + count, after.version());
        let mut at = before.last_at();
        for recorded in transition.events() {
            prop_assert!(at <= recorded.at, "time ran backwards");
            at = recorded.at;
        }
        prop_assert_eq!(at, after.last_at());
        prop_assert!(after.is_sound());
        Ok(())
    })
    .map(drop)
}

/// One is woken at every deadline, the other never: what they say is the same, and so is what they are.
pub(crate) fn waking_changes_only_the_promptness<M: Play>(kind: u8, steps: &Steps) -> TestCaseResult {
    let (mut woken, _) = M::start(kind);
    let mut slept = woken.clone();
    let wake = |machine: &mut M, at| machine.handle(&M::wake(), &Context::clock(at)).map(drop);
    let mut now = noon();
    for (choice, wait) in steps {
        now = now.plus_secs(wait.unsigned_abs());
        while let Some(deadline) = woken.next_deadline().filter(|deadline| *deadline <= now) {
            prop_assert_eq!(wake(&mut woken, deadline), Ok(()));
            prop_assert_ne!(woken.next_deadline(), Some(deadline), "the deadline is behind");
        }
        let (command, actor) = woken.step(*choice, now);
        let context = Context::new(now, actor);
        let prompt = woken.handle(&command, &context).map(drop);
        prop_assert_eq!(slept.handle(&command, &context).map(drop), prompt);
        let mut late = slept.clone();
        prop_assert_eq!(wake(&mut late, now), Ok(()));
        prop_assert_eq!(&late, &woken);
    }
    Ok(())
}

pub(crate) fn snapshots_round_trip<M: Play>(kind: u8, steps: &Steps) -> TestCaseResult {
    play::<M>(kind, steps, |_, _, _, _, after| {
        let json = serde_json::to_string(after).unwrap();
        let read: M = serde_json::from_str(&json).unwrap();
        prop_assert_eq!(&read, after);
        prop_assert_eq!(serde_json::to_string(&read).unwrap(), json);
        Ok(())
    })
    .map(drop)
}

/// Woken at a deadline, it has left that deadline behind.
pub(crate) fn time_goes_on<M: Play>(state: &M) {
    let mut state = state.clone();
    for _ in 0..50 {
        let Some(deadline) = state.next_deadline() else { return };
        let now = deadline.max(state.last_at());
        assert_eq!(state.handle(&M::wake(), &Context::clock(now)).map(drop), Ok(()));
        assert!(state.next_deadline().is_none_or(|next| next > now), "{state:?} stays at {deadline}");
        assert!(state.is_sound(), "{state:?}");
    }
}
