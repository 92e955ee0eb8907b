//! A crash loses nothing and pays nothing twice.

use crate::agent::host::{Death, Host};
use crate::agent::process::{KINDS, Kind, Process, caught, poll_once};
use crate::agent::stories::{Script, json, play, sale, scripts};
use crate::common::*;
use escrow::Deal;
use escrow::port::Clock;

/// Plays a script with a process that dies at one point. Whoever comes after it loads the deal, resumes it, and gives
/// the interrupted command once more, as a host's client would. Returns whether it died at all.
fn play_and_die(kind: Kind, host: &Host, script: &Script, death: Death) -> (Deal, bool) {
    host.with(|o| o.death = Some(death));
    let mut process = Process::new(kind, host);
    let mut died = false;
    let mut recover = |process: &mut Process| {
        died = true;
        *process = Process::new(kind, host);
        let mut deal = host.with(|o| o.sink.load(id())).ok()?;
        process.resume(&mut deal).unwrap();
        Some(deal)
    };
    let mut deal = match process.try_open(&script.terms, script.proposer.clone()) {
        Some(deal) => deal.unwrap(),
        None => match recover(&mut process) {
            Some(deal) => deal,
            None => process.open(&script.terms, script.proposer.clone()).unwrap(),
        },
    };
    for (after, who, what) in &script.steps {
        host.clock.advance(*after);
        let taken = process.try_submit(&mut deal, what, who.clone());
        if taken.is_none() {
            deal = recover(&mut process).expect("a deal was committed");
            process.submit(&mut deal, what.clone(), who.clone()).unwrap();
        }
    }
    process.finish(&mut deal);
    (deal, died)
}

#[test]
fn a_crash_anywhere_changes_nothing_in_the_end() {
    for script in scripts() {
        for kind in KINDS {
            let whole = Host::new();
            let expected = play(kind, &whole, &script);
            let operations = whole.with(|o| o.operations);
            assert!(operations >= 8, "{}: {operations}", script.name);
            let points = (0..operations).flat_map(|n| [Death::Before(n), Death::After(n)]);
            for death in points {
                let host = Host::new();
                let (deal, died) = play_and_die(kind, &host, &script, death);
                let what = format!("{} {kind:?} {death:?}", script.name);
                assert!(died, "{what}: it was never so far");
                assert_eq!(json(&deal), json(&expected), "{what}");
                assert_eq!(json(&host.load()), json(&expected), "{what}");
                assert_eq!(host.moved(), whole.moved(), "{what}");
                let effects = |host: &Host| {
                    let all = host.effects().into_iter();
                    all.map(|(key, e)| (key, e.kind, e.payee, e.amount, e.answer)).collect::<Vec<_>>()
                };
                assert_eq!(effects(&host), effects(&whole), "{what}");
            }
            let never = play_and_die(kind, &Host::new(), &script, Death::Before(operations));
            assert!(!never.1, "{}: {operations} operations are all", script.name);
        }
    }
}

/// A process that dies twice, the second time while it recovers.
#[test]
fn a_crash_in_a_crash() {
    let script = sale();
    for kind in KINDS {
        let whole = Host::new();
        play(kind, &whole, &script);
        let operations = whole.with(|o| o.operations);
        for first in 0..operations {
            for second in first..=operations {
                let host = Host::new();
                host.with(|o| o.death = Some(Death::After(first)));
                let process = Process::new(kind, &host);
                let mut steps = script.steps.iter().peekable();
                let mut deal = process.try_open(&script.terms, script.proposer.clone()).transpose().unwrap();
                let mut deaths = 0;
                loop {
                    match &mut deal {
                        None => {
                            deaths += 1;
                            if deaths == 1 {
                                // operations that died are not counted, so this is a later one
                                host.with(|o| o.death = Some(Death::Before(second)));
                            }
                            let mut loaded = host.load();
                            let agent = Process::new(kind, &host);
                            let mut sink = host.clone();
                            let resumed = match kind {
                                Kind::Async => poll_once(agent.alive.resume(&mut sink, &mut loaded)),
                                Kind::Blocking => caught(|| agent.blocking.resume(&mut sink, &mut loaded)),
                            };
                            deal = resumed.map(|receipt| {
                                receipt.unwrap();
                                loaded
                            });
                        }
                        Some(known) => {
                            let Some((after, who, what)) = steps.peek() else { break };
                            host.clock.set(host.clock.now().max(known.last_at()).plus_secs(*after));
                            match process.try_submit(known, what, who.clone()) {
                                Some(done) => {
                                    done.unwrap();
                                    steps.next();
                                }
                                None => deal = None,
                            }
                        }
                    }
                }
                let mut deal = deal.unwrap();
                host.with(|o| o.death = None);
                process.finish(&mut deal);
                assert!((1..=2).contains(&deaths));
                assert_eq!(host.moved(), whole.moved(), "{kind:?} {first} {second}");
                let done = host.effects().iter().map(|(key, _)| *key).collect::<Vec<_>>();
                let expected = whole.effects().iter().map(|(key, _)| *key).collect::<Vec<_>>();
                assert_eq!(done, expected);
            }
        }
    }
}
