//! Two hosts on one deal. `races` runs every schedule.

use std::collections::BTreeMap;

use crate::agent::host::Host;
use crate::agent::process::{KINDS, Process};
use crate::agent::stories::{buyer, fees_services_payout, gateway, json, paid, payment, performing, seller};
use escrow::deal::command::{Accept, Cancel, StartPerforming};
use escrow::{AgentError, Command, Payee, Rejection, Status};
use escrow_testing::Behaviour;

#[test]
fn release_refund_race() {
    let accept = || Command::from(Accept::default());
    let cancel = || Command::from(Cancel::default());
    for kind in KINDS {
        for accept_first in [true, false] {
            let host = Host::new();
            let (one, other) = (Process::new(kind, &host), Process::new(kind, &host));
            let mut first = performing(&one);
            let mut second = host.load();
            let ours = [(accept(), buyer()), (cancel(), seller())];
            let [(winner, by), (loser, whom)] = if accept_first {
                ours
            } else {
                let [a, b] = ours;
                [b, a]
            };
            one.submit(&mut first, winner, by).unwrap();
            let (before, calls) = (json(&second), host.calls());
            let lost = other.submit(&mut second, loser.clone(), whom.clone());
            assert_eq!(lost, Err(AgentError::Conflict));
            assert_eq!(json(&second), before);
            assert_eq!(host.calls(), calls, "the loser has moved no money");

            let mut second = host.load();
            other.resume(&mut second).unwrap();
            let refused = other.submit(&mut second, loser, whom);
            assert!(
                matches!(refused, Err(AgentError::Rejected(Rejection::WrongPhase { .. }))),
                "{refused:?}"
            );
            assert_eq!(json(&second), json(&first));
            if accept_first {
                assert_eq!(second.status(), Status::Completed);
                assert_eq!(host.moved(), fees_services_payout());
            } else {
                assert_eq!(second.status(), Status::Cancelled);
                assert_eq!(host.moved(), BTreeMap::from([(Payee::Buyer, 105_000)]));
            }
        }
    }
}

#[test]
fn both_hosts_accept_at_once() {
    for kind in KINDS {
        let host = Host::new();
        let (one, other) = (Process::new(kind, &host), Process::new(kind, &host));
        let mut first = performing(&one);
        let mut second = host.load();
        one.submit(&mut first, Accept::default(), buyer()).unwrap();
        assert_eq!(other.submit(&mut second, Accept::default(), buyer()), Err(AgentError::Conflict));
        let mut second = host.load();
        let receipt = other.submit(&mut second, Accept::default(), buyer()).unwrap();
        assert_eq!(receipt.from_version, receipt.to_version, "it stands already");
        assert_eq!(host.moved(), fees_services_payout());
        assert!(host.effects().iter().all(|(_, e)| e.asked == 1));
    }
}

/// Both ask the gateway under the same keys; whoever comes second with an answer has a conflict.
#[test]
fn both_hosts_resume_at_once() {
    for kind in KINDS {
        let host = Host::new();
        let (one, other) = (Process::new(kind, &host), Process::new(kind, &host));
        let mut deal = performing(&one);
        host.script(Behaviour::TimeOutAfter, None, 3);
        one.submit(&mut deal, Accept::default(), buyer()).unwrap();
        let (mut first, mut second) = (host.load(), host.load());
        one.resume(&mut first).unwrap();
        assert_eq!(other.resume(&mut second), Err(AgentError::Conflict));
        let mut second = host.load();
        assert_eq!(second.status(), Status::Completed);
        other.resume(&mut second).unwrap();
        assert_eq!(host.moved(), fees_services_payout());
        assert_eq!(host.effects().len(), 3);
    }
}

#[test]
fn stale_overwrite() {
    for kind in KINDS {
        let host = Host::new();
        let process = Process::new(kind, &host);
        let mut deal = paid(&process);
        let seen = deal.revision();
        process.submit(&mut deal, StartPerforming {}, seller().seen(seen)).unwrap();
        let actual = deal.revision();
        let journal = host.journal();
        let stale = process.submit(&mut deal, Cancel::default(), buyer().seen(seen));
        assert_eq!(stale, Err(AgentError::Rejected(Rejection::Stale { seen, actual })));
        assert_eq!(host.journal(), journal);
        // what the gateway or the tracker does makes nobody's view stale
        let excess = payment("pay-2", 100);
        process.submit(&mut deal, excess, gateway()).unwrap();
        process.submit(&mut deal, Accept::default(), buyer().seen(actual)).unwrap();
        // a repeat stands, however old the view
        process.submit(&mut deal, Accept::default(), buyer().seen(seen)).unwrap();
    }
}
