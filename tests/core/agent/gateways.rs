//! Gateways that behave badly.

use crate::agent::host::Host;
use crate::agent::process::{KINDS, Process};
use crate::agent::stories::{buyer, fees_services_payout, gateway, payment, performing, seller, terms};
use crate::common::*;
use escrow::deal::command::{Accept, SetDestination, StartPerforming};
use escrow::deposit::{LegState, TransactionKind};
use escrow::{Destination, Payee, Policy, Status};
use escrow_testing::{Behaviour, Rule};

#[test]
fn double_payout_on_timeout() {
    for kind in KINDS {
        for behaviour in [Behaviour::TimeOut, Behaviour::TimeOutAfter] {
            let host = Host::new();
            let process = Process::new(kind, &host);
            let mut deal = performing(&process);
            host.script(behaviour, Some(TransactionKind::Payout), 1);
            host.script(behaviour, Some(TransactionKind::Fee), 1);
            let receipt = process.submit(&mut deal, Accept::default(), buyer()).unwrap();
            // unknown is not failed: the orders wait, and nobody gives up on them
            assert!(receipt.has_pending);
            assert_eq!(deal.status(), Status::Settling);
            assert!(deal.legs().iter().all(|l| l.state() != LegState::Declined));
            let open = deal.pending().map(|o| o.key).collect::<Vec<_>>();
            assert_eq!(open.len(), 2);

            let receipt = process.resume(&mut deal).unwrap();
            assert!(!receipt.has_pending);
            assert_eq!(deal.status(), Status::Completed);
            assert_eq!(host.moved(), fees_services_payout(), "{kind:?} {behaviour:?}");
            for key in open {
                let asked = host.calls().iter().filter(|c| c.key == key).count();
                assert_eq!(asked, 2, "asked again under the same key");
            }
            assert_eq!(host.effects().len(), 3);
            // nothing is left to ask
            let calls = host.calls().len();
            process.resume(&mut deal).unwrap();
            assert_eq!(host.calls().len(), calls);
        }
    }
}

#[test]
fn a_silent_gateway_is_asked_until_it_answers() {
    for kind in KINDS {
        let host = Host::new();
        let process = Process::new(kind, &host);
        let mut deal = performing(&process);
        host.script(Behaviour::Silent, None, 7);
        process.submit(&mut deal, Accept::default(), buyer()).unwrap();
        assert_eq!(deal.pending().count(), 3);
        let events = host.events();
        process.resume(&mut deal).unwrap();
        assert_eq!(deal.pending().count(), 3, "in progress: nothing has changed");
        assert_eq!(host.events(), events, "in progress is no event");
        // the settlement deadline sends only what was declined to balances: an unanswered order waits
        host.clock.advance(30 * DAY);
        let receipt = process.resume(&mut deal).unwrap();
        assert!(receipt.has_pending, "one is still silent");
        assert_eq!(deal.pending().count(), 1);
        process.resume(&mut deal).unwrap();
        assert_eq!(deal.status(), Status::Completed);
        assert_eq!(host.moved(), fees_services_payout());
    }
}

#[test]
fn a_later_command_leaves_older_orders_alone() {
    for kind in KINDS {
        let host = Host::new();
        let process = Process::new(kind, &host);
        let mut deal = process.open(&terms(Policy::shop()), seller()).unwrap();
        host.script(Behaviour::TimeOut, Some(TransactionKind::Refund), 1);
        // 1.00 too much: its refund has no answer
        process.submit(&mut deal, payment("pay-1", 105_100), gateway()).unwrap();
        assert_eq!(deal.pending().count(), 1);
        process.submit(&mut deal, StartPerforming {}, seller()).unwrap();
        process.submit(&mut deal, Accept::default(), buyer()).unwrap();
        // the payouts went out, the refund was not asked again meanwhile, and holds the closing up
        assert_eq!(host.calls().iter().filter(|c| c.kind == TransactionKind::Refund).count(), 1);
        assert_eq!(deal.status(), Status::Settling);
        process.resume(&mut deal).unwrap();
        assert_eq!(deal.status(), Status::Completed);
        assert_eq!(host.moved()[&Payee::Buyer], 100);
    }
}

#[test]
fn duplicate_webhook() {
    for kind in KINDS {
        let host = Host::new();
        let process = Process::new(kind, &host);
        let mut deal = performing(&process);
        host.script(Behaviour::AnswerTwice, None, 3);
        process.submit(&mut deal, Accept::default(), buyer()).unwrap();
        assert_eq!(deal.status(), Status::Completed);
        let webhooks = host.with(|o| o.gateway.take_webhooks());
        assert_eq!(webhooks.len(), 3);
        let journal = host.journal();
        for webhook in webhooks {
            let receipt = process.submit(&mut deal, webhook, gateway()).unwrap();
            assert_eq!(receipt.from_version, receipt.to_version);
        }
        assert_eq!(host.journal(), journal);
        // the same payment once more, too
        process.submit(&mut deal, payment("pay-1", 105_000), gateway()).unwrap();
        assert_eq!(host.journal(), journal);
    }
}

#[test]
fn a_declined_leg_holds_up_no_other_and_ends_on_the_balance() {
    for kind in KINDS {
        let host = Host::new();
        let process = Process::new(kind, &host);
        let mut deal = performing(&process);
        host.with(|o| {
            let (payee, behaviour) = (Some(Payee::Seller), Behaviour::Decline);
            o.gateway.script(Rule { kind: None, payee, times: 2, behaviour });
        });
        let receipt = process.submit(&mut deal, Accept::default(), buyer()).unwrap();
        assert!(!receipt.has_pending, "declined is an answer");
        assert_eq!(host.moved().len(), 2, "the others have their money");
        // a new destination orders the next attempt, under a key of its own; declined again
        let card = SetDestination::new(Payee::Seller, Destination::Card(text("card-2")));
        process.submit(&mut deal, card, seller()).unwrap();
        let calls = host.calls();
        let attempts = calls.iter().filter(|c| c.payee == Payee::Seller).collect::<Vec<_>>();
        assert_eq!(attempts.len(), 2);
        assert_ne!(attempts[0].key, attempts[1].key);
        assert_eq!(attempts[1].destination, Some(Destination::Card(text("card-2"))));
        // resuming asks about nothing: a declined order has its answer
        process.resume(&mut deal).unwrap();
        assert_eq!(host.calls().len(), calls.len());
        // until the settlement deadline sends it to the balance, without the gateway
        host.clock.set(deal.next_deadline().unwrap());
        process.wake(&mut deal).unwrap();
        assert_eq!(deal.status(), Status::Completed);
        assert_eq!(host.calls().len(), calls.len());
        let credited = deal.legs().iter().filter(|l| l.state() == LegState::Credited).collect::<Vec<_>>();
        assert_eq!(credited.len(), 1);
        assert_eq!((credited[0].payee(), credited[0].amount()), (&Payee::Seller, rub(95_000)));
    }
}
