//! Two hosts race for one deal: two agents over one sink with optimistic versions and one gateway. Each is a future
//! that waits before every load, commit and gateway call, so that a schedule is a sequence of choices: of short stories
//! every one is run, with and without a crash of one host at any point; of long ones, random ones.
#![allow(clippy::print_stdout)]

mod client;
mod outcome;
mod schedule;
mod story;
mod world;

use std::sync::{Arc, Mutex};

use client::{finish, work, work_blocking};
use escrow::deposit::TransactionKind;
use escrow_testing::{Behaviour, ManualClock, Rule, SinkFault};
use outcome::judge;
use proptest::prelude::*;
use schedule::{every, run, serial};
use story::{LONG, SHORT, Setting, Story, TWO_LEGS, acceptance_and_cancellation, the_same_acceptance_twice};
use world::{Host, Outside, Planted};

/// Every schedule ends where a serial run of the same jobs does, and every serial run's end is reached by one.
fn prove(story: &Story, setting: &Setting) -> usize {
    let serial = serial(story, setting);
    let mut reached = vec![false; serial.len()];
    let count = every(story, setting, |outcome, path| {
        let outcome = outcome.unwrap_or_else(|wrong| panic!("{}: {wrong}: {path:?}", story.name));
        match serial.iter().position(|known| *known == outcome) {
            Some(known) => reached[known] = true,
            None => panic!("{}: no serial run ends so: {outcome:#?}\n{serial:#?}\n{path:?}", story.name),
        }
    });
    let ends = serial.len();
    println!("{}, {} crashes: {count} schedules, {ends} ends", story.name, setting.crashes);
    assert!(reached.iter().all(|reached| *reached), "{}", story.name);
    count
}

#[test]
fn every_race_of_two_hosts_ends_as_a_serial_run() {
    let all = SHORT.into_iter().chain(TWO_LEGS);
    let schedules: usize = all.map(|story| prove(&story(), &Setting::default())).sum();
    println!("{schedules} schedules");
    assert!(schedules > 4_000, "{schedules}");
}

/// One host dies at any point, and comes back at once or later.
#[test]
fn a_crash_in_a_race_changes_nothing() {
    let schedules: usize = SHORT.map(|story| prove(&story(), &CRASH)).iter().sum();
    println!("{schedules} schedules");
    assert!(schedules > 30_000, "{schedules}");
}

/// The same where two legs are paid.
///
/// `cargo test --release --all-features --test core with_two_legs -- --ignored --nocapture`
#[test]
#[ignore = "half a minute: run it in release, with --nocapture"]
fn a_crash_in_a_race_with_two_legs_changes_nothing() {
    let schedules: usize = TWO_LEGS.map(|story| prove(&story(), &CRASH)).iter().sum();
    println!("{schedules} schedules");
    assert!(schedules > 400_000, "{schedules}");
}

const CRASH: Setting = Setting { crashes: 1, faults: Vec::new(), rules: Vec::new(), planted: None };

/// Where there is something to win, the hosts' order decides it; where both bring the same, it does not matter.
#[test]
fn who_comes_first_decides() {
    let ends = |story: fn() -> Story| serial(&story(), &Setting::default()).len();
    assert_eq!(SHORT.map(ends), [2, 2, 2, 1, 1, 2, 2, 2, 1]);
    assert_eq!(TWO_LEGS.map(ends), [1, 2]);
    assert_eq!(LONG.map(ends), [3, 3]);
}

// --- long stories ---

fn settings() -> impl Strategy<Value = Setting> {
    let behaviour = prop_oneof![
        Just(Behaviour::Prompt),
        Just(Behaviour::Silent),
        Just(Behaviour::TimeOut),
        Just(Behaviour::TimeOutAfter),
    ];
    let kind = prop_oneof![
        Just(None),
        Just(Some(TransactionKind::Capture)),
        Just(Some(TransactionKind::Payout)),
        Just(Some(TransactionKind::Refund)),
    ];
    let rule = (kind, behaviour, 1_u32..3).prop_map(|(kind, behaviour, times)| Rule {
        kind,
        payee: None,
        times,
        behaviour,
    });
    let fault = prop_oneof![Just(SinkFault::Before), Just(SinkFault::After)];
    let faults = prop::collection::vec((0_usize..20, fault), 0..3);
    (0_usize..4, prop::collection::vec(rule, 0..3), faults).prop_map(|(crashes, rules, faults)| Setting {
        crashes,
        faults,
        rules,
        planted: None,
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    /// Several crashes, lost commits, a gateway that is silent or times out.
    #[test]
    fn a_long_race_ends_as_a_serial_run(
        which in 0..LONG.len(),
        setting in settings(),
        choices in prop::collection::vec(0_usize..12, 0..80),
    ) {
        let story = LONG[which]();
        let serial = serial(&story, &setting);
        let (outcome, path) = run(&story, &setting, choices.into_iter());
        let outcome = outcome.map_err(|wrong| TestCaseError::fail(format!("{}: {wrong}: {path:?}", story.name)))?;
        prop_assert!(serial.contains(&outcome), "{}: no serial run ends so: {:#?}\n{:#?}", story.name, outcome, serial);
    }
}

// --- threads ---

/// The same on two real threads, by the blocking agent.
#[test]
fn two_threads_race() {
    for _ in 0..50 {
        for story in [acceptance_and_cancellation(), the_same_acceptance_twice()] {
            let serial = serial(&story, &Setting::default());
            let outside = Arc::new(Mutex::new(Outside::default()));
            let clock = Arc::new(ManualClock::new(story.begins));
            let host = Host { outside, clock, takes_turns: false };
            let before = work(host.clone(), story.before.clone(), client::Told::default(), false);
            pollster::block_on(before).unwrap();
            std::thread::scope(|scope| {
                for jobs in &story.jobs {
                    scope.spawn(|| work_blocking(&host, jobs));
                }
            });
            let deal = finish(&host).unwrap();
            let outcome = host.with(|o| judge(o, &deal, &story)).unwrap();
            assert!(serial.contains(&outcome), "{}: {outcome:#?}", story.name);
        }
    }
}

// --- the proof of the proof ---

/// Which of a story's schedules are found wrong.
fn found(story: &Story, planted: Planted) -> (usize, usize) {
    let serial = serial(story, &Setting::default());
    let mut found = 0;
    let setting = Setting { planted: Some(planted), ..Setting::default() };
    let all = every(story, &setting, |outcome, _| {
        found += usize::from(!outcome.is_ok_and(|outcome| serial.contains(&outcome)));
    });
    println!("{}, {planted:?}: {found} of {all} schedules are found wrong", story.name);
    (found, all)
}

#[test]
fn a_sink_that_loses_the_version_check_is_found() {
    for story in [acceptance_and_cancellation(), the_same_acceptance_twice()] {
        let (found, all) = found(&story, Planted::NoVersionCheck);
        assert!(0 < found && found < all, "where the hosts do not overlap, nothing is lost");
    }
}

#[test]
fn a_gateway_that_forgets_its_keys_is_found() {
    let (found, _) = found(&the_same_acceptance_twice(), Planted::NoKeys);
    assert!(found > 0);
}
