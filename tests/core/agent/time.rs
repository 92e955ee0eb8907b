//! Time, as the agent's clock tells it.

use crate::agent::host::Host;
use crate::agent::process::{KINDS, Process};
use crate::agent::stories::{
    buyer, gateway, json, paid, payment, performing, record, seller, track, tracker,
};
use crate::common::*;
use escrow::deal::Stage;
use escrow::deal::command::{Cancel, CheckpointKind, SetTrack, StartPerforming};
use escrow::deposit::Purpose;
use escrow::port::Clock;
use escrow::{Actor, AgentError, Event, Payee, Phase, Rejection, Status, Time};

#[test]
fn clock_backwards() {
    for kind in KINDS {
        let host = Host::new();
        let process = Process::new(kind, &host);
        let mut deal = paid(&process);
        process.submit(&mut deal, SetTrack::new(track()), seller()).unwrap();
        process
            .submit(&mut deal, record("1", CheckpointKind::Final, "2026-03-02T00:00:00Z"), tracker())
            .unwrap();
        let due = deal.next_deadline().unwrap();
        host.clock.set(due);
        process.wake(&mut deal).unwrap();
        assert_eq!(deal.status(), Status::Completed);
        let closed = json(&deal);
        // the window is closed for good, whatever the clock says now
        host.clock.set(at("2026-03-01T12:00:01Z"));
        let late = process.submit(&mut deal, Cancel::default(), buyer());
        assert!(matches!(late, Err(AgentError::Rejected(Rejection::WrongPhase { .. }))), "{late:?}");
        process.wake(&mut deal).unwrap();
        process.resume(&mut deal).unwrap();
        assert_eq!(json(&deal), closed);
        // a late payment is refunded, at a time that does not run back
        process.submit(&mut deal, payment("pay-9", 100), gateway()).unwrap();
        let times = host.with(|o| o.sink.journal(id()).iter().map(|e| e.occurred_at).collect::<Vec<_>>());
        assert!(times.is_sorted(), "{times:?}");
        assert_eq!(deal.last_at(), due);
        assert_eq!(json(&host.load()), json(&deal));
    }
}

#[test]
fn waking_late_changes_no_result() {
    for kind in KINDS {
        // woken at every deadline
        let prompt = Host::new();
        let process = Process::new(kind, &prompt);
        let mut punctual = performing(&process);
        process.finish(&mut punctual);
        // woken once, a year later
        let late = Host::new();
        let process = Process::new(kind, &late);
        let mut deal = performing(&process);
        late.clock.advance(365 * DAY);
        let woken_at = late.clock.now();
        process.wake(&mut deal).unwrap();
        assert_eq!(deal.status(), punctual.status());
        assert_eq!(deal.legs(), punctual.legs());
        assert_eq!(late.moved(), prompt.moved());
        let fired = |host: &Host| {
            host.with(|o| {
                let all = o.sink.journal(id()).iter();
                all.filter(|e| matches!(e.event, Event::TimerFired { .. })).cloned().collect::<Vec<_>>()
            })
        };
        let (late, prompt) = (fired(&late), fired(&prompt));
        assert!(late.len() >= 3, "performance, negotiation, arbitration");
        for (late, prompt) in late.iter().zip(&prompt) {
            assert_eq!((&late.event, late.occurred_at), (&prompt.event, prompt.occurred_at));
            assert_eq!(late.actor, Actor::Clock);
            assert_eq!(late.recorded_at, woken_at);
            assert_eq!(prompt.recorded_at, prompt.occurred_at);
        }
        assert_eq!(late.len(), prompt.len());
    }
}

#[test]
fn boundary_instant() {
    for kind in KINDS {
        for (millis, in_time) in [(-1, true), (0, false), (1, false)] {
            let host = Host::new();
            let process = Process::new(kind, &host);
            let mut deal = paid(&process);
            let due = deal.next_deadline().unwrap();
            host.clock.set(Time::from_millis(due.millis() + millis).unwrap());
            let started = process.submit(&mut deal, StartPerforming {}, seller());
            if in_time {
                started.unwrap();
                let Phase::Active { stage, .. } = deal.phase() else { panic!("{deal:?}") };
                assert_eq!(*stage, Stage::Performing);
            } else {
                assert!(matches!(started, Err(AgentError::Rejected(_))), "{started:?}");
                // the refusal has written nothing: the timer fires with the next thing that stands
                assert_eq!(deal.status(), Status::AwaitingPerformance);
                process.wake(&mut deal).unwrap();
                assert_eq!(deal.status(), Status::Cancelled);
                assert_eq!(host.moved()[&Payee::Buyer], 105_000);
                let refund = deal.legs().iter().find(|l| l.purpose() == Purpose::Refund).unwrap();
                assert_eq!(refund.amount(), rub(105_000));
            }
        }
    }
}
