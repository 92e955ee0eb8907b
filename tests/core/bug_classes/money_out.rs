//! Money out.

use crate::common::*;
use escrow::deal::Command;
use escrow::deal::command::{
    Accept, Answered, ChargebackStep, CheckpointKind, DestinationUse, StartPerforming, StopPerforming,
};
use escrow::deal::{AnswerKind, Contradiction};
use escrow::deposit::{LegState, Purpose, TransactionKind};
use escrow::dispute::DisputeStatus;
use escrow::settlement::{Ending, Fault, Quantities, SettleError};
use escrow::{Actor, Award, Context, Deal, Payee, Policy, Rejection, Status, TxId, transition};

#[test]
fn refund_after_payout() {
    // 1 000.00 came in; 950.00 + 50.00 went out
    let mut w = completed();
    let b = w.buckets(B);
    assert_eq!((b.received, b.paid_out, b.held), (1_000_00, 1_000_00, 0));
    // no command gives the buyer the original amount back
    for fault in [Fault::Buyer, Fault::Seller, Fault::Nobody] {
        let refused = w.refuse(&operator(), by_operator(fault));
        assert!(matches!(refused, Rejection::WrongPhase { .. }), "{refused:?}");
        // and a preview of it finds nothing to give
        let preview = w.deal.preview(&Ending::Cancelled(fault)).unwrap();
        assert!(preview.shares.is_empty(), "{preview:?}");
    }
    // what comes in now goes back, and not a kopeck more: 1 000.00 + 300.00 in, 1 000.00 + 300.00 out
    w.pay(B, 300_00);
    w.done_all();
    let b = w.buckets(B);
    assert_eq!((b.received, b.paid_out, b.refunded, b.held), (1_300_00, 1_000_00, 300_00, 0));
    // a chargeback finds nothing in the pot
    w.act(&Actor::Gateway, chargeback("cb", "pay-1", 1_000_00, ChargebackStep::Lost));
    assert_eq!(w.buckets(B).charged_back, 0);
}

#[test]
fn cumulative_over_withdrawal() {
    let mut w = World::new(plain(Policy::shop()));
    w.pay(B, 600_00);
    w.pay(B, 400_00);
    w.act(&seller(), StartPerforming {});
    // each chargeback is no more than its payment of 600.00; both together are 1 200.00 of it
    w.act(&Actor::Gateway, chargeback("cb-1", "pay-1", 600_00, ChargebackStep::Opened));
    w.act(&Actor::Gateway, chargeback("cb-2", "pay-1", 600_00, ChargebackStep::Opened));
    w.act(&buyer(), accept());
    // of the seller's 1 000.00 the 600.00 wait, once
    assert_eq!(w.pending(), [(3, TransactionKind::Payout, Payee::Seller, 400_00)]);
    w.act(&Actor::Gateway, chargeback("cb-1", "pay-1", 600_00, ChargebackStep::Lost));
    assert_eq!(w.legs()[1], (B, Payee::Seller, Purpose::Payout, 0, LegState::Dropped));
    // the second one finds nothing that is left of its payment: nothing is taken, and nothing owed
    w.act(&Actor::Gateway, chargeback("cb-2", "pay-1", 600_00, ChargebackStep::Lost));
    assert_eq!((w.buckets(B).charged_back, w.owed()), (600_00, vec![]));
    // of the payment of 400.00 no more than 400.00 can be lost: they were sent, and the seller owes them
    w.act(&Actor::Gateway, chargeback("cb-3", "pay-2", 600_00, ChargebackStep::Lost));
    assert_eq!(w.buckets(B).charged_back, 600_00);
    assert_eq!(w.owed(), [(Payee::Seller, Payee::Platform, Purpose::Chargeback, 400_00)]);
    w.done_all();
    assert_eq!(w.status(), Status::Completed);
}

/// On the level of the deal; the agent-level twin, with a gateway that times out, is in `agent`.
#[test]
fn double_payout_on_timeout() {
    let mut w = World::performing(plain(Policy::shop()));
    w.act(&buyer(), accept());
    let tx = w.order(TransactionKind::Payout, &Payee::Seller);
    let key = w.deal.pending().next().unwrap().key.to_string();
    assert_eq!(key, format!("{}:{tx}", w.deal.id()));
    // unknown is not failed: however often it is asked, it is the same transaction under the same key
    for minutes in 1..5 {
        w.pass(60 * minutes);
        w.repeat(&Actor::Gateway, answer(tx, Answered::InProgress));
        w.wake();
        let keys: Vec<_> = w.deal.pending().map(|p| p.key.to_string()).collect();
        assert_eq!(keys, std::slice::from_ref(&key));
    }
    // not even the settlement deadline (5 days) moves what is unanswered
    w.pass(6 * DAY).wake();
    assert_eq!(w.deal.pending().next().unwrap().key.to_string(), key);
    // nor can its payee: the first attempt may have paid
    let other = destination(Payee::Seller, DestinationUse::Payouts, card("other"));
    assert_eq!(w.refuse(&seller(), other), Rejection::AttemptUnanswered);
    w.done(tx);
    assert_eq!(w.status(), Status::Completed);
    // the same answer again is old news; after the opposite one it is asked again, under the same key
    w.repeat(&Actor::Gateway, answer(tx, Answered::InProgress));
    w.act(&Actor::Gateway, answer(tx, declined()));
    assert_eq!(w.deal.pending().next().unwrap().key.to_string(), key);
    let refused = w.refuse(&Actor::Gateway, answer(tx, succeeded("another")));
    let (recorded, told) = (AnswerKind::Succeeded, AnswerKind::Succeeded);
    let said = Contradiction::Answer { tx: TxId::new(tx), recorded, told };
    assert_eq!(refused, Rejection::FactContradicts(said));
    w.done(tx);
    let payouts = w.deal.transactions().iter();
    assert_eq!(payouts.filter(|t| t.kind() == TransactionKind::Payout).count(), 1);
}

/// On the level of `transition`; the agent-level twin, with a sink that fails, is in `agent`.
#[test]
fn effect_before_commit() {
    let w = World::performing(plain(Policy::shop()));
    let context = Context::new(w.now, buyer());
    let decided = transition(&w.deal, &accept(), &context).unwrap();
    let orders: Vec<_> = decided.orders().cloned().collect();
    assert_eq!(orders.len(), 1);
    let key = w.deal.key(orders[0].tx).to_string();
    // deciding has done nothing: a deal whose commit failed has no order, and deciding again mints the same one
    assert!(!w.deal.has_pending());
    assert_eq!(transition(&w.deal, &accept(), &context).unwrap(), decided);
    // the order is in the journal before anybody can send it ...
    let journalled = decided.events().iter().find_map(|r| r.event.order()).unwrap();
    assert_eq!(*journalled, orders[0]);
    // ... so a host that crashed right after the commit finds it again, under the same key
    let mut journal = w.journal.clone();
    journal.extend_from_slice(decided.events());
    let replayed = Deal::replay(w.deal.id(), &journal).unwrap();
    let keys: Vec<_> = replayed.pending().map(|p| p.key.to_string()).collect();
    assert_eq!(keys, [key]);
}

#[test]
fn duplicate_webhook() {
    let mut w = World::new(plain(Policy::shop()));
    let first = payment(B, "pay-1", rub(600_00));
    w.act(&Actor::Gateway, first.clone());
    w.repeat(&Actor::Gateway, first.clone());
    assert_eq!(w.held(B), 600_00);
    // the same id at another gateway is another payment: 600.00 + 400.00
    let mut second = payment(B, "pay-1", rub(400_00));
    second.gateway = text("other");
    w.act(&Actor::Gateway, second);
    assert_eq!(w.held(B), 1_000_00);
    w.act(&seller(), StartPerforming {});
    w.act(&buyer(), accept());
    w.done_all();
    // not even after the end
    w.pass(90 * DAY).repeat(&Actor::Gateway, first);
    assert_eq!(w.buckets(B).received, 1_000_00);
}

/// On the level of the deal; the agent-level twin, with two agents and one journal, is in `agent`.
#[test]
fn release_refund_race() {
    let w = World::performing(plain(Policy::shop()));
    let (mut released, mut refunded) = (w.clone(), w.clone());
    let version = w.deal.version();
    released.act(&buyer(), accept());
    refunded.act(&operator(), by_operator(Fault::Nobody));
    // both were decided at one version: whoever commits second names a version that is gone, and is refused
    assert!(released.deal.version() > version && refunded.deal.version() > version);
    // the loser decides again, on what the winner left
    let late_refund = released.refuse(&operator(), by_operator(Fault::Nobody));
    assert!(matches!(late_refund, Rejection::WrongPhase { .. }), "{late_refund:?}");
    let late_release = refunded.refuse(&buyer(), accept());
    assert!(matches!(late_release, Rejection::WrongPhase { .. }), "{late_release:?}");
    // one intent for the pot of 1 000.00, whoever wins
    let to = |w: &World| -> Vec<_> { w.pending().into_iter().map(|(_, _, to, n)| (to, n)).collect() };
    assert_eq!(to(&released), [(Payee::Seller, 1_000_00)]);
    assert_eq!(to(&refunded), [(Payee::Buyer, 1_000_00)]);
    // a winner who asks again is recognised
    released.repeat(&buyer(), accept());
    refunded.repeat(&operator(), by_operator(Fault::Nobody));
}

#[test]
fn side_effect_before_validation() {
    // `refuse` compares the whole deal, serialised, before and after
    let mut w = World::arbitrated(judged(sale(Policy::shop())));
    let over = w.refuse(&judge(), rule(Award::Amount(rub(1_000_01))));
    // B is 1 000.00, the fee is returned, so 1 000.00 can be awarded
    assert_eq!(over, Rejection::Settle(SettleError::AwardOverMax { max: rub(1_000_00) }));
    assert_eq!(w.deal.dispute().unwrap().status(), DisputeStatus::Open);
    assert!(w.deal.legs().is_empty() && !w.deal.has_pending());

    let mut w = World::performing(sale(Policy::shop()));
    let two: Quantities = vec![2].into();
    let over = w.refuse(&buyer(), Accept::part(two));
    assert_eq!(over, Rejection::Settle(SettleError::QuantityOverOrdered { item: 0, max: 1 }));
    // a fact that contradicts what is recorded is refused whole
    let other = payment(B, "pay-1", rub(999_99));
    let said = Contradiction::Amount { recorded: rub(1_000_00), told: rub(999_99) };
    assert_eq!(w.refuse(&Actor::Gateway, other), Rejection::FactContradicts(said));
    // a rejection at a late instant does not fire the timers that were due either; the next step does
    w.pass(31 * DAY);
    let late = w.refuse(&buyer(), accept());
    assert!(matches!(late, Rejection::WrongPhase { .. }), "{late:?}");
    assert_eq!(w.status(), Status::Performing);
    w.wake();
    assert_eq!(w.status(), Status::Disputed);
}

#[test]
fn backward_status() {
    let mut w = World::performing(sale(Policy::marketplace()));
    w.act(&buyer(), accept());
    assert_eq!(w.status(), Status::Settling);
    let backwards: Vec<(Actor, Command)> = vec![
        (seller(), StopPerforming {}.into()),
        (seller(), StartPerforming {}.into()),
        (seller(), submit(1)),
        (buyer(), dispute("broken")),
        (buyer(), cancel("changed my mind")),
        (operator(), by_operator(Fault::Seller)),
        (moderator(), remark("wait")),
        (moderator(), approve()),
        (seller(), amend(1, sale(Policy::marketplace()))),
        (seller(), set_track("A")),
    ];
    for at_end in [false, true] {
        for (actor, command) in &backwards {
            let refused = w.refuse(actor, command.clone());
            assert!(matches!(refused, Rejection::WrongPhase { .. }), "{command:?}: {refused:?}");
        }
        if !at_end {
            // a declined payout is tried again, but it is no step back
            let payout = w.order(TransactionKind::Payout, &Payee::Seller);
            w.decline(payout);
            assert_eq!(w.status(), Status::Settling);
            w.act(&seller(), destination(Payee::Seller, DestinationUse::Payouts, card("new")));
            w.done_all();
            assert_eq!(w.status(), Status::Completed);
        }
    }
}

#[test]
fn stale_overwrite() {
    let mut w = World::performing(sale(Policy::shop()));
    let seen = w.deal.revision();
    w.act(&buyer(), escrow::deal::command::ProposeAward::new(escrow::Award::SellerAll));
    let actual = w.deal.revision();
    // the seller, who has not read it, cancels at their own cost: refused
    let context = Context::new(w.now, seller()).seen(seen);
    let stale = w.attempt_in(&context, &cancel("silent buyer")).unwrap_err();
    assert_eq!(stale, Rejection::Stale { seen, actual });
    assert!(stale.is_transient());
    // timers, gateway and tracker do not make a view stale
    w.act(&operator(), set_track("A"));
    let seen = w.deal.revision();
    w.act(&Actor::Tracker, checkpoint("A", "1", CheckpointKind::Final, w.now));
    w.act(&Actor::Gateway, chargeback("cb", "pay-1", 1_00, ChargebackStep::Opened));
    assert_eq!(w.deal.revision(), seen);
    let fresh = Context::new(w.now, buyer()).seen(seen);
    assert!(w.attempt_in(&fresh, &accept()).is_ok());
    assert_eq!(w.status(), Status::Settling);
    // what stands already stands for an old view too: a retry is not punished
    let again = w.attempt_in(&Context::new(w.now, buyer()).seen(1), &accept()).unwrap();
    assert!(again.is_empty());
}

#[test]
fn late_payment_after_cancel() {
    let mut w = World::new(sale(Policy::shop()));
    w.pay(B, 400_00);
    w.act(&buyer(), cancel("found it cheaper"));
    w.done_all();
    assert_eq!(w.status(), Status::Cancelled);
    w.pass(2 * DAY);
    let events = w.pay(B, 600_00);
    assert_eq!(World::names(&events), ["payment_received", "leg_ordered"]);
    assert_eq!(w.status(), Status::Cancelled);
    w.done_all();
    // 400.00 + 600.00 in, 400.00 + 600.00 back
    let b = w.buckets(B);
    assert_eq!((b.received, b.refunded, b.held), (1_000_00, 1_000_00, 0));

    // expired at just the instant at which the money arrives: half-open, so the money is late
    let mut w = World::new(sale(Policy::shop()));
    w.at(after(3 * DAY));
    w.pay(B, 1_000_00);
    assert_eq!(w.status(), Status::Expired);
    assert_eq!(w.legs(), [(B, Payee::Buyer, Purpose::Excess, 1_000_00, LegState::Ordered)]);
    w.done_all();
    assert_eq!(w.status(), Status::Expired);
}

#[test]
fn partial_deposit_lock() {
    // 600.00 of 1 000.00: nothing can be performed or paid out
    let mut w = World::new(sale(Policy::shop()));
    w.pay(B, 600_00);
    assert_eq!(w.status(), Status::AwaitingDeposit);
    for (actor, command) in [(seller(), StartPerforming {}.into()), (buyer(), accept())] {
        let refused = w.refuse(&actor, command);
        assert!(matches!(refused, Rejection::WrongPhase { .. }), "{refused:?}");
    }
    // a kopeck short is short
    w.pay(B, 399_99);
    assert_eq!(w.status(), Status::AwaitingDeposit);
    // the time-out refunds what came, to each source: 600.00 and 399.99
    w.wait_for_deadline();
    assert_eq!(w.now, after(3 * DAY));
    let refunds: Vec<_> = w.pending().into_iter().map(|(_, k, to, n)| (k, to, n)).collect();
    assert_eq!(
        refunds,
        [(TransactionKind::Refund, Payee::Buyer, 399_99), (TransactionKind::Refund, Payee::Buyer, 600_00)]
    );
    w.done_all();
    assert_eq!(w.status(), Status::Expired);
}

#[test]
fn overpayment() {
    // 1 250.00 for 1 000.00: funded, and 250.00 go back in the same transition
    let mut w = World::new(sale(Policy::shop()));
    let events = w.pay(B, 1_250_00);
    assert_eq!(World::names(&events), ["payment_received", "leg_ordered", "phase_entered"]);
    assert_eq!(w.status(), Status::AwaitingPerformance);
    assert_eq!(w.legs(), [(B, Payee::Buyer, Purpose::Excess, 250_00, LegState::Ordered)]);
    assert_eq!(w.held(B), 1_000_00);
    // once full, all of what comes is excess
    w.pay(B, 5_00);
    assert_eq!(w.gets(&Payee::Buyer, Purpose::Excess), 255_00);
    w.done_all();
    assert_eq!(w.held(B), 1_000_00);
}
