//! Webhooks that are late, reordered, repeated, lost and untrue.

use crate::agent::host::Host;
use crate::agent::process::{KINDS, Process};
use crate::agent::stories::{buyer, fees_services_payout, gateway, performing};
use escrow::Status;
use escrow::deal::command::Accept;
use escrow::deposit::TransactionKind;
use escrow_testing::Behaviour;

#[test]
fn late_webhooks_are_taken_in_any_order_and_any_number_of_times() {
    for kind in KINDS {
        for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0]] {
            let host = Host::new();
            let process = Process::new(kind, &host);
            let mut deal = performing(&process);
            host.script(Behaviour::Late, None, 3);
            process.submit(&mut deal, Accept::default(), buyer()).unwrap();
            let asked_again = process.resume(&mut deal).unwrap();
            assert!(asked_again.has_pending, "asking does not bring the answer on");
            assert_eq!(deal.status(), Status::Settling);
            let webhooks = host.with(|o| o.gateway.take_webhooks());
            assert_eq!(webhooks.len(), 3);
            let before = host.events();
            for n in order.into_iter().chain(order) {
                process.submit(&mut deal, webhooks[n].clone(), gateway()).unwrap();
            }
            assert_eq!(deal.status(), Status::Completed);
            let answers = host.events() - before;
            assert_eq!(answers, 4, "three answers, and the phase that the last one enters");
            assert_eq!(host.moved(), fees_services_payout());
        }
    }
}

#[test]
fn a_lost_webhook_is_asked_for() {
    for kind in KINDS {
        let host = Host::new();
        let process = Process::new(kind, &host);
        let mut deal = performing(&process);
        host.script(Behaviour::Late, None, 3);
        process.submit(&mut deal, Accept::default(), buyer()).unwrap();
        drop(host.with(|o| o.gateway.take_webhooks()));
        assert_eq!(deal.status(), Status::Settling);
        process.resume(&mut deal).unwrap();
        assert_eq!(deal.status(), Status::Completed);
        assert_eq!(host.moved(), fees_services_payout());
    }
}

#[test]
fn a_gateway_that_takes_its_word_back_is_asked_again_under_the_same_key() {
    for kind in KINDS {
        for (behaviour, status) in [
            (Behaviour::DoneThenDeclined, Status::Completed),
            (Behaviour::DeclinedThenDone, Status::Settling),
        ] {
            let host = Host::new();
            let process = Process::new(kind, &host);
            let mut deal = performing(&process);
            host.script(behaviour, Some(TransactionKind::Payout), 1);
            process.submit(&mut deal, Accept::default(), buyer()).unwrap();
            assert_eq!(deal.status(), status, "{behaviour:?}");
            let [webhook] = host.with(|o| o.gateway.take_webhooks()).try_into().unwrap();
            let receipt = process.submit(&mut deal, webhook.clone(), gateway()).unwrap();
            // what was done and is declined now is in doubt; what was declined and is done pays its leg
            let in_doubt = behaviour == Behaviour::DoneThenDeclined;
            assert_eq!((deal.status(), receipt.has_pending), (Status::Completed, in_doubt), "{behaviour:?}");
            let asked: Vec<_> = deal.pending().map(|order| order.key.transaction).collect();
            assert!(asked.iter().all(|tx| *tx == webhook.transaction), "{behaviour:?}");
            process.resume(&mut deal).unwrap();
            assert!(!deal.has_pending(), "{behaviour:?}");
            // under that key the money has gone, once
            assert_eq!(host.moved(), fees_services_payout(), "{behaviour:?}");
        }
    }
}
