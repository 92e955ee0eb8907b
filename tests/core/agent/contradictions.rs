//! Gateways that contradict themselves or the deal.

use crate::agent::host::Host;
use crate::agent::process::{KINDS, Kind, Process};
use crate::agent::stories::{buyer, gateway, guaranteed, json, payment, performing};
use crate::common::*;
use escrow::deal::command::{Accept, Answer, Answered};
use escrow::deal::{AnswerKind, Contradiction};
use escrow::deposit::{DepositId, TransactionKind};
use escrow::{AgentError, Deal, Payee, Rejection, Status, TxId};
use escrow_testing::{Behaviour, SinkFault};

/// Says that a claimed payment succeeded, but under another reference than the claimed one.
fn contradicted(kind: Kind) -> (Host, Process, Deal, AgentError<SinkFault>) {
    let host = Host::new();
    let process = Process::new(kind, &host);
    let script = guaranteed();
    let mut deal = process.open(&script.terms, script.proposer.clone()).unwrap();
    let (_, who, guarantee) = &script.steps[0];
    process.submit(&mut deal, guarantee.clone(), who.clone()).unwrap();
    let claim = deal.transactions().len();
    let claim = TxId::new(u32::try_from(claim).unwrap() + 1);
    host.with(|o| o.lies.insert(claim, Answered::Succeeded(text("quite-another"))));
    let (_, who, agree) = &script.steps[1];
    let error = process.submit(&mut deal, agree.clone(), who.clone()).unwrap_err();
    let refused = AgentError::FactRefused {
        transaction: claim,
        rejection: Rejection::ConfirmInstead { tx: claim },
        then: None,
    };
    assert_eq!(error, refused);
    (host, process, deal, error)
}

#[test]
fn a_fact_that_the_deal_refuses_is_never_swallowed() {
    for kind in KINDS {
        let (host, process, mut deal, error) = contradicted(kind);
        assert!(error.to_string().contains("is refused"), "{error}");
        // what was committed stands, the refused fact is in nobody's books
        assert_eq!(json(&host.load()), json(&deal));
        assert_eq!(deal.status(), Status::AwaitingDeposit);
        assert_eq!(deal.pending().count(), 1);
        // and it is told again each time, until somebody has looked at it
        assert_eq!(process.resume(&mut deal), Err(error));
        host.with(|o| o.lies.clear());
        process.resume(&mut deal).unwrap();
        assert_eq!(deal.status(), Status::Performing);
    }
}

#[test]
fn a_refused_fact_holds_up_no_other_order() {
    for kind in KINDS {
        let (host, process, mut deal, error) = contradicted(kind);
        // 10.00 come in over the guarantee, and are to go back: a second order
        let mut surplus = payment("surplus", 1_000);
        surplus.deposit = DepositId::SELLER_GUARANTEE;
        host.script(Behaviour::TimeOut, Some(TransactionKind::Refund), 1);
        process.submit(&mut deal, surplus, gateway()).unwrap();
        assert_eq!(deal.pending().count(), 2);
        assert_eq!(process.resume(&mut deal), Err(error), "still told");
        assert_eq!(host.moved().get(&Payee::Seller), Some(&1_000), "the surplus is back all the same");
        assert_eq!(deal.pending().count(), 1);
        // a claim that nobody confirms lapses after 3 days
        host.clock.advance(3 * DAY);
        process.wake(&mut deal).unwrap();
        assert_eq!(deal.pending().count(), 0);
    }
}

#[test]
fn an_answer_that_contradicts_an_earlier_one_is_an_error() {
    for kind in KINDS {
        let host = Host::new();
        let process = Process::new(kind, &host);
        let mut deal = performing(&process);
        process.submit(&mut deal, Accept::default(), buyer()).unwrap();
        let journal = host.journal();
        let paid = host.calls()[2].key.transaction;
        let answer = Answer::new(paid, Answered::Succeeded(text("another-id")));
        let refused = process.submit(&mut deal, answer, gateway());
        let said =
            Contradiction::Answer { tx: paid, recorded: AnswerKind::Succeeded, told: AnswerKind::Succeeded };
        assert_eq!(refused, Err(AgentError::Rejected(Rejection::FactContradicts(said))));
        let unknown = Answer::new(TxId::new(99), Answered::InProgress);
        assert!(process.submit(&mut deal, unknown, gateway()).is_err(), "an answer to nothing");
        assert_eq!(host.journal(), journal);
        assert_eq!(deal.status(), Status::Completed);
    }
}
