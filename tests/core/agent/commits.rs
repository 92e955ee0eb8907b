//! Commit before acting.

use crate::agent::host::Host;
use crate::agent::process::{KINDS, Process};
use crate::agent::stories::{buyer, fees_services_payout, json, paid, party, performing, seller, terms};
use escrow::deal::command::Accept;
use escrow::{AgentError, Policy, Rejection, Status};
use escrow_testing::SinkFault;

#[test]
fn effect_before_commit() {
    for kind in KINDS {
        let host = Host::new();
        let process = Process::new(kind, &host);
        let mut deal = performing(&process);
        let (before, events) = (json(&deal), host.events());

        host.with(|o| o.sink.fail_next(SinkFault::Before));
        let lost = process.submit(&mut deal, Accept::default(), buyer());
        assert_eq!(lost, Err(AgentError::Unknown(SinkFault::Before)));
        assert_eq!(host.calls(), [], "{kind:?}: the gateway was called without a commit");
        assert_eq!(json(&deal), before, "{kind:?}: the deal has what the journal has not");
        assert_eq!(host.events(), events);

        // nothing happened, so the same command does it all
        process.submit(&mut deal, Accept::default(), buyer()).unwrap();
        assert_eq!(deal.status(), Status::Completed);
        assert_eq!(host.moved(), fees_services_payout());
    }
}

#[test]
fn a_commit_that_was_written_after_all() {
    for kind in KINDS {
        let host = Host::new();
        let process = Process::new(kind, &host);
        let mut deal = performing(&process);
        let before = json(&deal);

        host.with(|o| o.sink.fail_next(SinkFault::After));
        let lost = process.submit(&mut deal, Accept::default(), buyer());
        assert_eq!(lost, Err(AgentError::Unknown(SinkFault::After)));
        assert_eq!(host.calls(), [], "{kind:?}: not known to be durable, and sent all the same");
        assert_eq!(json(&deal), before);
        // the copy in hand is stale now, and stays harmless
        assert_eq!(process.submit(&mut deal, Accept::default(), buyer()), Err(AgentError::Conflict));
        assert_eq!(json(&deal), before);
        assert_eq!(host.calls(), []);

        let mut deal = host.load();
        assert_eq!(deal.status(), Status::Settling);
        let receipt = process.resume(&mut deal).unwrap();
        assert!(!receipt.has_pending && receipt.to_version == deal.version());
        assert_eq!(deal.status(), Status::Completed);
        assert_eq!(host.moved(), fees_services_payout());
        assert!(host.effects().iter().all(|(_, e)| e.asked == 1));
    }
}

/// The gateway has acted and the commit of its answer fails: it is asked again, under the same key.
#[test]
fn an_answer_that_could_not_be_committed() {
    for kind in KINDS {
        for fault in [SinkFault::Before, SinkFault::After] {
            let host = Host::new();
            let process = Process::new(kind, &host);
            let mut deal = performing(&process);
            // the ending is committed, the answer to the first leg is not
            host.with(|o| o.sink.fail_next(SinkFault::After));
            process.submit(&mut deal, Accept::default(), buyer()).unwrap_err();
            let mut deal = host.load();
            host.with(|o| o.sink.fail_next(fault));
            let before = json(&deal);
            assert_eq!(process.resume(&mut deal), Err(AgentError::Unknown(fault)));
            assert_eq!(json(&deal), before);
            assert_eq!(host.calls().len(), 1, "nothing more goes out once a commit has failed");

            let mut deal = host.load();
            process.resume(&mut deal).unwrap();
            assert_eq!(deal.status(), Status::Completed);
            assert_eq!(host.moved(), fees_services_payout());
            let asked: u32 = host.effects().iter().map(|(_, e)| e.asked).sum();
            assert_eq!(asked, if fault == SinkFault::Before { 4 } else { 3 });
        }
    }
}

#[test]
fn a_rejection_writes_and_sends_nothing() {
    for kind in KINDS {
        let host = Host::new();
        let process = Process::new(kind, &host);
        let mut deal = paid(&process);
        let (before, journal) = (json(&deal), host.journal());
        let refused = process.submit(&mut deal, Accept::default(), buyer());
        let Err(AgentError::Rejected(rejection)) = refused else { panic!("{refused:?}") };
        assert_eq!(rejection.code(), "wrong-phase");
        assert_eq!((json(&deal), host.journal()), (before, journal));
        assert_eq!(host.calls(), []);
    }
}

#[test]
fn one_id_opens_once() {
    for kind in KINDS {
        let host = Host::new();
        let process = Process::new(kind, &host);
        let deal = process.open(&terms(Policy::shop()), seller()).unwrap();
        let journal = host.journal();
        let again = process.open(&terms(Policy::marketplace()), buyer());
        assert_eq!(again, Err(AgentError::Conflict));
        assert_eq!(host.journal(), journal);
        assert_eq!(json(&host.load()), json(&deal));
        assert_eq!(host.journal().matches("\"proposed\"").count(), 1);
    }
}

#[test]
fn opening_that_fails_leaves_nothing_or_everything() {
    for kind in KINDS {
        let host = Host::new();
        let process = Process::new(kind, &host);
        let terms = terms(Policy::shop());
        host.with(|o| o.sink.fail_next(SinkFault::Before));
        assert_eq!(process.open(&terms, seller()), Err(AgentError::Unknown(SinkFault::Before)));
        assert_eq!(host.events(), 0);
        host.with(|o| o.sink.fail_next(SinkFault::After));
        assert_eq!(process.open(&terms, seller()), Err(AgentError::Unknown(SinkFault::After)));
        // it is there: opening once more says so, and loading gives it
        assert_eq!(process.open(&terms, seller()), Err(AgentError::Conflict));
        assert_eq!(host.load().status(), Status::AwaitingDeposit);
        let stranger = process.open(&terms, party("stranger"));
        assert_eq!(stranger, Err(AgentError::Rejected(Rejection::UnknownActor)));
    }
}
