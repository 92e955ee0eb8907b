//! The two agents are one.

use std::collections::BTreeMap;

use crate::agent::host::{Host, SharedClock};
use crate::agent::process::{KINDS, Kind, Process};
use crate::agent::stories::{
    cancellation, fees_services_payout, json, paid, play, sale, scripts, seller, terms, try_play,
};
use crate::common::*;
use escrow::deal::PhaseKind;
use escrow::deal::command::{StartPerforming, Wake};
use escrow::deposit::TransactionKind;
use escrow::{Actor, Command, Payee, Policy, agent};
use escrow_testing::{Behaviour, HandTracker};

#[test]
fn both_agents_do_the_same_step_by_step() {
    const BEHAVIOURS: [Behaviour; 6] = [
        Behaviour::Prompt,
        Behaviour::Silent,
        Behaviour::Decline,
        Behaviour::TimeOut,
        Behaviour::TimeOutAfter,
        Behaviour::AnswerTwice,
    ];
    let kinds = [
        None,
        Some(TransactionKind::Payout),
        Some(TransactionKind::Fee),
        Some(TransactionKind::Refund),
        Some(TransactionKind::Capture),
        Some(TransactionKind::Charge),
    ];
    for script in scripts() {
        for behaviour in BEHAVIOURS {
            for kind in kinds {
                for times in [1, 3] {
                    let what = format!("{}, {behaviour:?} of {kind:?}, {times} times", script.name);
                    let [alive, blocking] = KINDS.map(|agent| {
                        let host = Host::new();
                        host.script(behaviour, kind, times);
                        let (deal, taken) = try_play(agent, &host, &script);
                        assert_eq!(deal.phase().kind(), PhaseKind::Closed, "{what}");
                        assert_eq!(
                            json(&host.load()),
                            json(&deal),
                            "{what}: the journal tells another story"
                        );
                        (taken, host.journal(), host.calls(), json(&deal))
                    });
                    assert_eq!(alive, blocking, "{what}");
                }
            }
        }
    }
}

#[test]
fn scripts_end_as_they_should() {
    for script in scripts() {
        for kind in KINDS {
            let host = Host::new();
            let deal = play(kind, &host, &script);
            assert_eq!(deal.status(), script.ends, "{}", script.name);
        }
    }
    let host = Host::new();
    play(Kind::Async, &host, &sale());
    assert_eq!(host.moved(), fees_services_payout());
    let host = Host::new();
    play(Kind::Async, &host, &cancellation());
    // 1 150.00 in; the excess of 100.00 back at once; the buyer bears 50.00 of insurance and the fee of 50.00
    let insurer = Payee::Party(text("insurer"));
    let expected = BTreeMap::from([(Payee::Platform, 5_000), (insurer, 5_000), (Payee::Buyer, 105_000)]);
    assert_eq!(host.moved(), expected);
}

#[test]
fn futures_of_the_agent_can_move_between_threads() {
    fn is_send<T: Send>(_: &T) {}
    let host = Host::new();
    let agent = agent::Agent::new(SharedClock(host.clock.clone()), host.clone());
    let mut sink = host.clone();
    let opening = agent.open(&mut sink, id(), terms(Policy::shop()), seller());
    is_send(&opening);
    let mut deal = pollster::block_on(opening).unwrap();
    let wake = Command::from(Wake {});
    let submitting = agent.submit(&mut sink, &mut deal, &wake, Actor::Clock);
    is_send(&submitting);
    pollster::block_on(submitting).unwrap();
    let resuming = agent.resume(&mut sink, &mut deal);
    is_send(&resuming);
    pollster::block_on(resuming).unwrap();
    let waking = agent.wake(&mut sink, &mut deal);
    is_send(&waking);
    pollster::block_on(waking).unwrap();
    let tracker = HandTracker::new();
    let following = agent.follow(&mut sink, &mut deal, &tracker);
    is_send(&following);
    pollster::block_on(following).unwrap();
}

#[test]
fn on_whose_behalf_is_in_the_journal() {
    for kind in KINDS {
        let host = Host::new();
        let process = Process::new(kind, &host);
        let mut deal = paid(&process);
        process.submit(&mut deal, StartPerforming {}, seller().via(text("market"))).unwrap();
        let via = host.with(|o| o.sink.journal(id()).last().unwrap().via.clone());
        assert_eq!(via, Some(text("market")));
    }
}
