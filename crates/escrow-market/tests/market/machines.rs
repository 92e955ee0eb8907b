//! What holds of every machine, proven once for all of them: a new one implements `Play` and is listed at the end.
#![allow(clippy::arithmetic_side_effects, clippy::indexing_slicing, clippy::panic)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::wildcard_enum_match_arm)]

use std::collections::{BTreeSet, VecDeque};

use escrow::{Context, Deal, Time};
use escrow_market::{Balance, Basket, Offer, PayeeProfile, Project, Store, Subscription};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseResult, TestRunner};

use self::laws::time_goes_on;
use self::play::{Choice, Play, Steps, noon};

mod laws;
mod play;

/// Not by chance: every history of a few steps, over every kind of step, at once or at the next deadline; and from every
/// state reached, time alone goes on.
fn every_short_history_is_sound<M: Play>() {
    const MOST: usize = 4_000;
    let mut seen = BTreeSet::new();
    let mut reached: VecDeque<(M, Time)> = (0..3).map(|kind| (M::start(kind * 51).0, noon())).collect();
    let mut steps = 0_usize;
    while let Some((state, now)) = reached.pop_front() {
        assert!(state.is_sound(), "{state:?}");
        time_goes_on(&state);
        let json = serde_json::to_string(&state).unwrap();
        assert_eq!(serde_json::from_str::<M>(&json).ok().as_ref(), Some(&state));
        let instants = [Some(now), state.next_deadline(), state.next_deadline().map(|at| at.minus_secs(1))];
        for at in instants.into_iter().flatten().map(|at| at.max(now)) {
            let mut tried = BTreeSet::new();
            let choices = (0..24).flat_map(|kind| {
                [0, 64, 130]
                    .into_iter()
                    .flat_map(move |content| [0, 2, 11, 255].map(|who| Choice { kind, content, who }))
            });
            for choice in choices {
                let (command, actor) = state.step(choice, at);
                if !tried.insert(format!("{command:?} {actor:?}")) {
                    continue;
                }
                steps += 1;
                let context = Context::new(at, actor);
                let mut next = state.clone();
                match next.handle(&command, &context) {
                    Ok(_) => {
                        let again = next.decide(&command, &context);
                        assert!(
                            matches!(&again, Ok(t) if t.is_empty()),
                            "{command:?} again: {again:?} on {next:?}"
                        );
                    }
                    Err(_) => assert_eq!(next, state),
                }
                if seen.len() < MOST && seen.insert(format!("{at} {}", serde_json::to_string(&next).unwrap()))
                {
                    reached.push_back((next, at));
                }
            }
        }
    }
    println!("{} distinct states, {steps} steps", seen.len());
    assert!(seen.len() > 10, "{}", seen.len());
}

fn prove(law: fn(u8, &Steps) -> TestCaseResult) {
    let choice = any::<(u8, u8, u8)>().prop_map(|(kind, content, who)| Choice { kind, content, who });
    // often at once, sometimes a little back, sometimes days later
    let wait = prop_oneof![4 => 0..30_i32, 1 => -30..0_i32, 2 => 600..7_200_i32, 1 => 86_400..864_000_i32];
    let steps = prop::collection::vec((choice, wait), 0..40);
    let asked = std::env::var("PROPTEST_CASES").ok().and_then(|n| n.parse().ok());
    let config = Config { cases: asked.unwrap_or(200), failure_persistence: None, ..Config::default() };
    TestRunner::new(config)
        .run(&(any::<u8>(), steps), |(kind, steps)| law(kind, &steps))
        .unwrap_or_else(|found| panic!("{found}"));
}

/// Every law of every machine.
macro_rules! machines {
    ($($name:ident: $machine:ty),+ $(,)?) => {$(
        mod $name {
            use super::*;

            machines!(@laws $machine:
                replay_equals_live,
                a_repeated_command_does_nothing,
                a_rejection_changes_nothing,
                events_are_counted_and_in_order,
                waking_changes_only_the_promptness,
                snapshots_round_trip,
            );

            #[test]
            fn every_short_history_is_sound() {
                super::every_short_history_is_sound::<$machine>();
            }
        }
    )+};
    (@laws $machine:ty: $($law:ident),+ $(,)?) => {$(
        #[test]
        fn $law() {
            prove(laws::$law::<$machine>);
        }
    )+};
}

machines!(
    deal_laws: Deal,
    offer_laws: Offer,
    balance_laws: Balance,
    subscription_laws: Subscription,
    store_laws: Store,
    payee_laws: PayeeProfile,
    project_laws: Project,
    basket_laws: Basket,
);
