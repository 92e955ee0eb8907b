//! The bug classes of `BUGS.md`: one test per row, named after it, each proving the rule that stops it. Amounts are
//! worked out by hand in the comments, in roubles, never copied from output.
//!
//! `World` checks the general promises around every single step: all invariants, conservation, a book of real money
//! of its own, replay = live, `pending after = pending before + orders − settled`, punctuality, and that a repeat
//! of what was accepted does nothing.
#![allow(clippy::arithmetic_side_effects, clippy::indexing_slicing, clippy::panic)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::wildcard_enum_match_arm)]
// 1_000_00 reads as 1 000.00
#![allow(clippy::inconsistent_digit_grouping)]

use crate::common::*;
use escrow::deal::command::{
    Accept, AcceptAward, Agree, Answered, AppointArbiter, Attach, Attachment, Cancel, ChargebackStep,
    CheckpointKind, DestinationUse, Extend, IncurCost, PaymentClaim, Post, ProposeAward, RequestChanges,
    Rule, StartPerforming, StopPerforming, Verdict, WithdrawDispute,
};
use escrow::deal::{Command, Consents, Event, Guard, Parts, Timer};
use escrow::deposit::{LegState, TransactionKind};
use escrow::dispute::DisputeStatus;
use escrow::money::allocate;
use escrow::settlement::{Ending, Fault, Purpose, Quantities, SettleError};
use escrow::terms::{
    Acceptance, ArbitrationFee, Fee, FeePayee, Item, OnRefund, OnSilence, OneReport, Payer, Problem,
    Provider, Terms,
};
use escrow::{
    Actor, Award, Context, Deal, DefaultRuling, Envelope, Money, Outcome, Payee, Policy, Rate, Rejection,
    Side, Status, Time, TxId, transition,
};
use serde_json::Value;

fn accept() -> Command {
    Accept::default().into()
}

fn problem(draft: escrow::TermsDraft) -> Problem {
    Terms::new(draft).unwrap_err().problem()
}

/// Accepted, and everything is paid: 950.00 to the seller, 50.00 to the platform.
fn completed() -> World {
    let mut w = World::performing(sale(Policy::shop()));
    w.act(&buyer(), accept());
    w.done_all();
    assert_eq!(w.status(), Status::Completed);
    w
}

fn by_operator(at_fault: Fault) -> Command {
    Cancel::new(text("stop")).at_fault(at_fault).into()
}

fn rule(award: Award) -> Command {
    Rule::new(award).into()
}

// --- money out ---

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
    w.act(&Actor::Gateway, chargeback("cb", B, 1_000_00, ChargebackStep::Lost));
    assert_eq!(w.buckets(B).charged_back, 0);
}

#[test]
fn cumulative_over_withdrawal() {
    let mut w = World::new(plain(Policy::shop()));
    w.pay(B, 600_00);
    w.pay(B, 400_00);
    w.act(&seller(), StartPerforming {});
    // each chargeback is less than the deposit; both together are 1 200.00 of 1 000.00
    w.act(&Actor::Gateway, chargeback("cb-1", B, 600_00, ChargebackStep::Opened));
    w.act(&Actor::Gateway, chargeback("cb-2", B, 600_00, ChargebackStep::Opened));
    w.act(&buyer(), accept());
    assert_eq!(w.pending(), []);
    w.act(&Actor::Gateway, chargeback("cb-1", B, 600_00, ChargebackStep::Lost));
    // of the seller's 1 000.00 there are 400.00 left, and they still wait
    assert_eq!(w.legs(), [(B, Payee::Seller, Purpose::Payout, 400_00, LegState::Waiting)]);
    w.act(&Actor::Gateway, chargeback("cb-2", B, 600_00, ChargebackStep::Lost));
    // the second finds 400.00; the other 200.00 are owed
    assert_eq!(w.legs(), [(B, Payee::Seller, Purpose::Payout, 0, LegState::Dropped)]);
    assert_eq!(w.buckets(B).charged_back, 1_000_00);
    assert_eq!(w.owed(), [(Payee::Seller, Payee::Platform, Purpose::Chargeback, 200_00)]);
    assert_eq!(w.status(), Status::Completed);
}

/// On the level of the deal; the agent-level twin, with a gateway that times out, is in `tests/agent.rs`.
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
    // the same answer again is old news, the opposite one is refused
    w.repeat(&Actor::Gateway, answer(tx, Answered::InProgress));
    let refused = w.refuse(&Actor::Gateway, answer(tx, declined()));
    assert_eq!(refused, Rejection::AlreadySettled { tx: TxId::new(tx) });
    let payouts = w.deal.transactions().iter();
    assert_eq!(payouts.filter(|t| t.kind() == TransactionKind::Payout).count(), 1);
}

/// On the level of `transition`; the agent-level twin, with a sink that fails, is in `tests/agent.rs`.
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

/// On the level of the deal; the agent-level twin, with two agents and one journal, is in `tests/agent.rs`.
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
    // a fact of the wrong currency is refused whole
    let dollars = payment(B, "usd", usd(10_00));
    assert_eq!(w.refuse(&Actor::Gateway, dollars), Rejection::AmountCurrency);
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
    w.act(&buyer(), Post::new(text("I have your parcel, all is well")));
    let actual = w.deal.revision();
    // the seller, who has not read it, cancels at his own cost: refused
    let context = Context::new(w.now, seller()).seen(seen);
    let stale = w.attempt_in(&context, &cancel("silent buyer")).unwrap_err();
    assert_eq!(stale, Rejection::Stale { seen, actual });
    assert!(stale.is_transient());
    // timers, gateway and tracker do not make a view stale
    w.act(&operator(), set_track("A"));
    let seen = w.deal.revision();
    w.act(&Actor::Tracker, checkpoint("A", "1", CheckpointKind::Final, w.now));
    w.act(&Actor::Gateway, chargeback("cb", B, 1_00, ChargebackStep::Opened));
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

// --- disputes ---

#[test]
fn missing_arbiter() {
    // nobody ever appoints one: 10 days of negotiation, 20 of arbitration, then the policy's default: all to the buyer
    let mut w = World::disputed(sale(Policy::shop()));
    w.wait_for_deadline();
    assert_eq!(w.now, after(10 * DAY));
    assert_eq!(w.status(), Status::Disputed);
    w.wait_for_deadline();
    assert_eq!(w.now, after(30 * DAY));
    w.done_all();
    assert_eq!(w.status(), Status::Resolved);
    // the fee is one that is returned: 1 000.00 back
    assert_eq!(w.gets(&Payee::Buyer, Purpose::Refund), 1_000_00);

    // a replacement extends no deadline
    let mut w = World::arbitrated(judged(sale(Policy::shop())));
    let until = w.until();
    w.pass(19 * DAY);
    let solomon = AppointArbiter::new(text("solomon"));
    w.act(&operator(), solomon);
    assert_eq!(w.until(), until);
    // who was replaced is nobody now
    assert_eq!(w.refuse(&judge(), rule(Award::SellerAll)), Rejection::UnknownActor);
    w.act(&party("solomon"), rule(Award::SellerAll));
    w.done_all();
    assert_eq!(w.gets(&Payee::Seller, Purpose::Payout), 1_000_00);
}

#[test]
fn self_dealing_arbiter() {
    for arbiter in ["anna", "boris"] {
        let mut draft = sale(Policy::shop());
        draft.arbiter = Some(text(arbiter));
        assert_eq!(problem(draft), Problem::IsAParty);
        let mut w = World::disputed(sale(Policy::shop()));
        let appoint = AppointArbiter::new(text(arbiter));
        assert_eq!(w.refuse(&operator(), appoint), Rejection::ArbiterIsAParty);
    }
    // nor somebody whom the deal pays
    let mut draft = sale(Policy::shop());
    let delivery = service("delivery", 10_00, Payer::Seller, Provider::Third(text("courier")));
    draft.services.push(delivery);
    let mut w = World::disputed(draft);
    let appoint = AppointArbiter::new(text("courier"));
    assert_eq!(w.refuse(&operator(), appoint), Rejection::ArbiterIsAParty);

    // his fee is capped: 50 % of 1 000.00 is 500.00, the most is 100.00; so 900.00 can be awarded, and no more
    let mut draft = judged(plain(Policy::shop()));
    draft.policy.arbitration_fee = Some(ArbitrationFee {
        payee: FeePayee::Platform,
        rate: Rate::HALF,
        guarantee_rate: Rate::ZERO,
        fixed: None,
        min: None,
        max: Some(rub(100_00)),
    });
    let mut w = World::arbitrated(draft.clone());
    let over = w.refuse(&judge(), rule(Award::Amount(rub(900_01))));
    assert_eq!(over, Rejection::Settle(SettleError::AwardOverMax { max: rub(900_00) }));
    w.act(&judge(), rule(Award::BuyerAll));
    assert_eq!(w.gets(&Payee::Platform, Purpose::ArbitrationFee), 100_00);
    assert_eq!(w.gets(&Payee::Buyer, Purpose::Refund), 900_00);

    // a fee that asks for more than there is gets what there is, and no debt is made up
    let fee = draft.policy.arbitration_fee.as_mut().unwrap();
    (fee.fixed, fee.max) = (Some(rub(9_000_00)), None);
    let mut w = World::arbitrated(draft);
    w.act(&judge(), rule(Award::SellerAll));
    assert_eq!(w.gets(&Payee::Platform, Purpose::ArbitrationFee), 1_000_00);
    assert_eq!(w.owed(), []);
}

#[test]
fn unbounded_ruling() {
    let mut draft = judged(plain(Policy::shop()));
    draft.policy.arbitration_fee = Some(ArbitrationFee {
        payee: FeePayee::Platform,
        rate: Rate::ZERO,
        guarantee_rate: Rate::ZERO,
        fixed: Some(rub(30_00)),
        min: None,
        max: None,
    });
    let mut w = World::arbitrated(draft);
    // out of range, in every direction: M = 1 000.00 − 30.00
    let refusals = [
        (Award::Amount(rub(970_01)), SettleError::AwardOverMax { max: rub(970_00) }),
        (Award::Amount(rub(-1)), SettleError::AwardNegative),
        (Award::Amount(usd(1)), SettleError::AwardCurrency),
    ];
    for (award, error) in refusals {
        assert_eq!(w.refuse(&judge(), rule(award)), Rejection::Settle(error));
    }
    assert!(Rate::from_ppm(1_000_001).is_err());
    // a closed enum: nothing else can be said
    assert!(serde_json::from_str::<Award>(r#""everything""#).is_err());
    assert!(serde_json::from_str::<Award>(r#"{"share":1.5}"#).is_err());

    // once: 970.00 to the seller, 30.00 for the ruling
    w.act(&judge(), rule(Award::SellerAll));
    w.repeat(&judge(), rule(Award::SellerAll));
    for award in [Award::BuyerAll, Award::Amount(rub(970_00))] {
        let again = w.refuse(&judge(), rule(award));
        assert!(matches!(again, Rejection::WrongPhase { .. }), "{again:?}");
    }
    w.done_all();
    w.repeat(&judge(), rule(Award::SellerAll));
    let fees = w.legs();
    let fees: Vec<_> = fees.iter().filter(|l| l.2 == Purpose::ArbitrationFee).map(|l| l.3).collect();
    assert_eq!(fees, [30_00]);
    assert_eq!(w.gets(&Payee::Seller, Purpose::Payout), 970_00);
}

#[test]
fn wrong_partys_amount() {
    // guarantees that differ, in currencies that differ: 300.00 roubles and 5.00 dollars
    let mut draft = guaranteed();
    draft.guarantees.seller = Some(usd(5_00));
    let mut w = World::performing(draft.clone());
    assert_eq!((w.held(GB), w.held(GS)), (300_00, 5_00));
    w.wait_for_deadline();
    assert_eq!(
        w.legs(),
        [
            (GB, Payee::Buyer, Purpose::Guarantee, 300_00, LegState::Ordered),
            (GS, Payee::Seller, Purpose::Guarantee, 5_00, LegState::Ordered),
        ]
    );
    // one deposit does not fill the other's
    let mut w = World::proposed_by(&seller(), draft.clone());
    w.act(&buyer(), agree(1));
    w.pay(GB, 500_00);
    assert_eq!(w.status(), Status::AwaitingDeposit);
    assert_eq!(w.gets(&Payee::Buyer, Purpose::Excess), 200_00);
    // the winner gets the loser's, as it is
    let mut w = World::performing(draft);
    w.act(&seller(), report(Verdict::Success));
    w.act(&buyer(), report(Verdict::Failure));
    w.act(&operator(), AppointArbiter::new(text("judge")));
    w.wait_for_deadline();
    w.act(&judge(), rule(Award::Winner(Side::Buyer)));
    assert_eq!(w.gets(&Payee::Buyer, Purpose::Guarantee), 300_00);
    assert_eq!(w.gets(&Payee::Buyer, Purpose::Award), 5_00);
    assert_eq!(w.gets(&Payee::Seller, Purpose::Guarantee), 0);
}

#[test]
fn undo_bypass() {
    for (one_report, status) in
        [(OneReport::Dispute, Status::Disputed), (OneReport::Stands, Status::CancelRequested)]
    {
        let mut draft = guaranteed();
        draft.policy.one_report = one_report;
        let mut w = World::performing(draft);
        // the buyer confirms, takes it back, and goes silent
        w.act(&buyer(), report(Verdict::Success));
        w.pass(DAY).act(&buyer(), report(Verdict::Failure));
        // both facts stay in the journal, and the second names the first
        let reports: Vec<_> = w
            .journal
            .iter()
            .filter_map(|r| match &r.event {
                Event::Reported { verdict, before, .. } => Some((*verdict, *before)),
                _ => None,
            })
            .collect();
        assert_eq!(reports, [(Verdict::Success, None), (Verdict::Failure, Some(Verdict::Success))]);
        // the last word counts as one report, not as none
        w.wait_for_deadline();
        assert_eq!(w.now, after(10 * DAY));
        assert_eq!(w.status(), status);
    }
    // starting, stopping and starting renews nothing: of 30 days 10 are used, 20 are left
    let mut w = World::performing(plain(Policy::shop()));
    w.pass(10 * DAY).act(&seller(), StopPerforming {});
    w.pass(DAY).act(&seller(), StartPerforming {});
    assert_eq!(w.until(), after(31 * DAY));
    // and stopping again leaves 6 of the 7 days to start
    w.act(&seller(), StopPerforming {});
    assert_eq!(w.until(), after((11 + 6) * DAY));
}

#[test]
fn zero_as_unset() {
    let mut w = World::disputed(sale(Policy::shop()));
    let nothing = Award::Amount(rub(0));
    // no offer is not an offer of nothing
    assert_eq!(w.deal.dispute().unwrap().offer(Side::Buyer), None);
    assert_eq!(w.refuse(&seller(), AcceptAward::new(nothing)).code(), "no-such-offer");
    w.act(&buyer(), ProposeAward::new(nothing));
    assert_eq!(w.deal.dispute().unwrap().offer(Side::Buyer), Some(nothing));
    // an offer of nothing is not an offer of everything, nor of a share
    for award in [Award::SellerAll, Award::BuyerAll, Award::Amount(rub(1))] {
        assert_eq!(w.refuse(&seller(), AcceptAward::new(award)).code(), "no-such-offer");
    }
    w.act(&seller(), AcceptAward::new(nothing));
    // the seller gets 0.00, the buyer all of 1 000.00
    assert_eq!(w.legs(), [(B, Payee::Buyer, Purpose::Refund, 1_000_00, LegState::Ordered)]);
    // a free service is a service, a guarantee of zero is funded
    let mut draft = sale(Policy::shop());
    draft.services.push(service("delivery", 0, Payer::Buyer, Provider::Seller));
    draft.guarantees.seller = Some(rub(0));
    let w = World::funded(draft);
    assert_eq!(w.status(), Status::AwaitingPerformance);
    assert_eq!(w.deal.terms().quote().services.len(), 1);
}

// --- arithmetic ---

#[test]
fn rounding_leak() {
    // 5 kopecks, half each: floor(2.5) = 2 to the seller, the other 3 back to the buyer
    let mut draft = judged(plain(Policy::shop()));
    draft.items[0].unit_price = rub(5);
    let mut w = World::arbitrated(draft);
    w.act(&judge(), rule(Award::Share(Rate::HALF)));
    assert_eq!(w.gets(&Payee::Seller, Purpose::Payout), 2);
    assert_eq!(w.gets(&Payee::Buyer, Purpose::Refund), 3);
    w.done_all();
    assert_eq!(w.buckets(B).held + w.buckets(B).reserved, 0);

    // a shared cost of 5: 2 by the buyer, 3 by the seller. deposit 100 + 2 = 102; payout 100 − 3 = 97; 5 to the courier
    let mut draft = plain(Policy::shop());
    draft.items[0].unit_price = rub(100);
    let shared = Payer::Shared(Rate::HALF);
    let delivery = service("delivery", 5, shared, Provider::Third(text("courier")));
    draft.services.push(delivery);
    let mut w = World::performing(draft);
    assert_eq!(w.held(B), 102);
    w.act(&buyer(), accept());
    assert_eq!(w.gets(&Payee::Seller, Purpose::Payout), 97);
    assert_eq!(w.gets(&payee("courier"), Purpose::Service), 5);
    w.done_all();
}

#[test]
fn remainder_to_zero_share() {
    // 5 over 0 : 1 : 1 is 0, 2.5, 2.5; the odd one goes to the earlier of those who have a share
    assert_eq!(allocate(5, &[0, 1, 1]).unwrap().as_slice(), [0, 3, 2]);
    assert_eq!(allocate(1, &[0, 0, 7]).unwrap().as_slice(), [0, 0, 1]);
    // of 100.01 shared at 0 % the buyer pays nothing: deposit 1 000.00
    let mut draft = plain(Policy::shop());
    draft.services.push(service("delivery", 100_01, Payer::Shared(Rate::ZERO), Provider::Platform));
    let w = World::funded(draft);
    assert_eq!(w.held(B), 1_000_00);
    // and an award of a share of zero is nothing, remainder included
    let mut draft = judged(plain(Policy::shop()));
    draft.items[0].unit_price = rub(1);
    let mut w = World::arbitrated(draft);
    w.act(&judge(), rule(Award::Share(Rate::ZERO)));
    assert_eq!(w.legs(), [(B, Payee::Buyer, Purpose::Refund, 1, LegState::Ordered)]);
}

#[test]
fn mul_div_overflow() {
    // 10^16 minor units × 333 333 ppm is 3.3 × 10^21: beyond an i64, not beyond the dispute
    let mut draft = judged(plain(Policy::shop()));
    draft.items[0].unit_price = rub(Terms::MAX_AMOUNT);
    draft.fees.push(Fee {
        on_refund: Some(OnRefund::ProRata),
        ..Fee::of_price(text("platform"), FeePayee::Platform, Rate::from_ppm(999_999).unwrap(), Payer::Seller)
    });
    let mut w = World::arbitrated(draft.clone());
    w.act(&judge(), rule(Award::Share(Rate::from_ppm(333_333).unwrap())));
    // S = floor(10^16 × 0.333333); the rest goes back
    let s = 3_333_330_000_000_000;
    assert_eq!(w.gets(&Payee::Buyer, Purpose::Refund), 10_000_000_000_000_000 - s);
    // the fee is 10^16 × 0.999999 = 9 999 990 000 000 000; of it S / price = 0.333333 stands:
    // 9 999 990 000 000 000 × 0.333333 = 3 333 326 666 670 000; the seller has the other 3 333 330 000
    assert_eq!(w.gets(&Payee::Platform, Purpose::Fee), 3_333_326_666_670_000);
    assert_eq!(w.gets(&Payee::Seller, Purpose::Payout), 3_333_330_000);
    w.done_all();
    assert_eq!(w.status(), Status::Resolved);
    // a kopeck more is a typed error at creation, and so is a sum of things that is over it
    draft.items[0].unit_price = rub(Terms::MAX_AMOUNT + 1);
    assert_eq!(problem(draft.clone()), Problem::TooLarge);
    draft.items[0].unit_price = rub(Terms::MAX_AMOUNT);
    draft.items.push(Item::new(text("another"), rub(i64::MAX), 1));
    assert_eq!(problem(draft.clone()), Problem::TooLarge);
    draft.items[1] = Item::new(text("another"), rub(Terms::MAX_AMOUNT), Item::MAX_QUANTITY);
    assert_eq!(problem(draft), Problem::TooLarge);
}

#[test]
fn excess_fee() {
    let fee = |minor| fixed_fee("platform", FeePayee::Platform, minor, Payer::Seller, OnRefund::Keep);
    let mut draft = plain(Policy::shop());
    draft.fees = vec![fee(-1)];
    assert_eq!(problem(draft.clone()), Problem::Negative);
    // a fee of 1 500.00 on a price of 1 000.00: the payout is 0, never −500.00; the seller deposits 500.00 first
    draft.fees = vec![fee(1_500_00)];
    let quote = Terms::new(draft.clone()).unwrap().quote().clone();
    assert_eq!((quote.payout, quote.seller_due), (rub(0), rub(500_00)));
    let mut w = World::new(draft.clone());
    w.pay(B, 1_000_00);
    assert_eq!(w.status(), Status::AwaitingDeposit);
    w.pay(L, 500_00);
    w.act(&seller(), StartPerforming {});
    w.act(&buyer(), accept());
    assert_eq!(w.gets(&Payee::Platform, Purpose::Fee), 1_500_00);
    assert_eq!(w.gets(&Payee::Seller, Purpose::Payout), 0);
    assert_eq!(w.owed(), []);

    // at settlement: the seller is at fault and the fee is kept: 500.00 out of his pot, 1 000.00 are a debt; the
    // buyer has all of his 1 000.00
    let mut w = World::funded(draft);
    w.act(&seller(), cancel("out of stock"));
    assert_eq!(w.gets(&Payee::Platform, Purpose::Fee), 500_00);
    assert_eq!(w.gets(&Payee::Buyer, Purpose::Refund), 1_000_00);
    assert_eq!(w.owed(), [(Payee::Seller, Payee::Platform, Purpose::Fee, 1_000_00)]);
    // carve-outs over their parent: 3 % out of 2 %
    let mut draft = plain(Policy::shop());
    draft.fees.push(Fee::of_price(text("a"), FeePayee::Platform, percent(2), Payer::Seller));
    draft.fees.push(Fee::carved(text("b"), FeePayee::Processor, percent(3), text("a")));
    assert_eq!(problem(draft), Problem::CarveOutOverParent);
}

// --- terms ---

#[test]
fn terms_changed_after_consent() {
    let mut w = World::new(sale(Policy::freelance()));
    // the buyer has consented to version 1; the seller makes it 1 200.00 and cannot keep that consent
    let mut dearer = sale(Policy::freelance());
    dearer.items[0].unit_price = rub(1_200_00);
    w.act(&seller(), amend(1, dearer.clone()));
    let consents = w.deal.consents();
    assert!(!consents.buyer && consents.seller);
    // a consent names its version
    let stale = w.refuse(&buyer(), agree(1));
    assert_eq!(stale, Rejection::StaleTerms { given: 1, actual: 2 });
    assert_eq!(w.status(), Status::Proposed);
    w.act(&buyer(), agree(2));
    assert_eq!(w.status(), Status::AwaitingDeposit);

    // fees and policy are not the parties' to edit
    let mut cheaper = dearer.clone();
    cheaper.fees.clear();
    let mut lax = dearer.clone();
    lax.policy.on_acceptance_deadline = OnSilence::Cancel;
    for (draft, field) in [(cheaper.clone(), "fees"), (lax, "policy")] {
        for actor in [buyer(), seller()] {
            let Rejection::Terms(error) = w.refuse(&actor, amend(2, draft.clone())) else {
                panic!("pinned");
            };
            assert_eq!((error.field(), error.problem()), (field, Problem::Pinned));
        }
    }
    // the operator may, and then nobody has consented any more
    w.act(&operator(), amend(2, cheaper));
    assert_eq!(w.deal.consents(), Consents::default());
    // paid, but not agreed: the deal does not move, and what binds is still version 2
    w.pay(B, 1_200_00);
    assert_eq!(w.status(), Status::AwaitingDeposit);
    assert_eq!(w.deal.binding_terms().fees.len(), 1);
    w.act(&buyer(), agree(3));
    w.act(&seller(), agree(3));
    assert_eq!(w.status(), Status::AwaitingPerformance);
    // funded: no more amendments
    let late = w.refuse(&seller(), amend(3, dearer));
    assert!(matches!(late, Rejection::WrongPhase { .. }), "{late:?}");
}

#[test]
fn terminal_edit() {
    let mut w = completed();
    let attachment = Attachment::new(text("file"), text("image/png"), 1).description(text(""));
    let attach = Attach::new(attachment);
    let part: Quantities = vec![1].into();
    let commands: Vec<(Actor, Command)> = vec![
        (buyer(), attach.into()),
        (buyer(), Post::new(text("psst")).into()),
        (buyer(), Accept::part(part).into()),
        (buyer(), request("k", B, 1)),
        (buyer(), cancel("no")),
        (buyer(), dispute("no")),
        (seller(), amend(1, plain(Policy::shop()))),
        (seller(), agree(2)),
        (seller(), StartPerforming {}.into()),
        (seller(), submit(1)),
        (seller(), charge("c", Side::Buyer, Payee::Seller, 1)),
        (operator(), IncurCost::new(0, text("e")).into()),
        (operator(), by_operator(Fault::Buyer)),
        (operator(), AppointArbiter::new(text("judge")).into()),
        (operator(), Extend::new(Timer::Performance, Time::MAX).into()),
    ];
    for (actor, command) in commands {
        let refused = w.refuse(&actor, command.clone());
        assert!(matches!(refused, Rejection::WrongPhase { .. }), "{command:?}: {refused:?}");
    }
    // facts about money are taken, and move no status
    let changed_at = w.deal.status_change().clone();
    w.pass(DAY).pay(B, 1_00);
    w.done_all();
    w.act(&Actor::Gateway, chargeback("cb", B, 1_00, ChargebackStep::Opened));
    assert_eq!(*w.deal.status_change(), changed_at);
    assert_eq!(w.deal.next_deadline(), None);
}

#[test]
fn empty_deal() {
    let mut draft = sale(Policy::shop());
    draft.items.clear();
    assert_eq!(problem(draft.clone()), Problem::Empty);
    draft.items = vec![Item::new(text("gift"), rub(0), 3)];
    assert_eq!(problem(draft.clone()), Problem::Zero);
    draft.items = vec![Item::new(text("thing"), rub(1), 0)];
    let error = Terms::new(draft.clone()).unwrap_err();
    assert_eq!((error.field(), error.index()), ("quantity", Some(0)));
    // nor by the back door of decoding
    draft.items = vec![Item::new(text("thing"), rub(1), 1)];
    let mut json = serde_json::to_value(&draft).unwrap();
    json["items"] = Value::Array(Vec::new());
    let error = serde_json::from_value::<Terms>(json).unwrap_err().to_string();
    assert!(error.contains("items must not be empty"), "{error}");
}

#[test]
fn event_without_detail() {
    let mut w = World::new(sale(Policy::shop()));
    w.pay(B, 700_00);
    let mut dearer = sale(Policy::shop());
    dearer.items[0].unit_price = rub(1_200_00);
    let context = Context::new(w.now, seller()).via(text("marketplace"));
    let before = w.deal.version();
    let decided = w.attempt_in(&context, &amend(1, dearer)).unwrap();
    let envelopes: Vec<_> = Envelope::wrap(&w.deal, before, decided.events(), w.now).collect();
    let json = serde_json::to_value(&envelopes[0]).unwrap();
    // who, on whose behalf, when, which version
    assert_eq!(json["actor"], serde_json::json!({"party": "boris"}));
    assert_eq!(json["via"], "marketplace");
    assert_eq!(json["version"], before + 1);
    assert_eq!(json["occurred_at"], "2026-03-01T12:00:00Z");
    // what, old and new: 1 000.00 → 1 200.00
    assert_eq!(json["event"]["type"], "terms_amended");
    assert_eq!(json["event"]["changed"], serde_json::json!(["items"]));
    let change = &json["event"]["deposits"][0];
    assert_eq!(change["old"]["amount"], "1000.00");
    assert_eq!(change["new"]["amount"], "1200.00");
    // the versions of one deal have no gap
    assert_eq!(envelopes.iter().map(|e| e.version).collect::<Vec<_>>(), [before + 1, before + 2]);

    // a deadline counts at its own instant, and the journal tells when it was noticed
    w.act(&buyer(), agree(2));
    w.pass(30 * DAY);
    let before = w.deal.version();
    let fired = w.wake();
    let first = Envelope::wrap(&w.deal, before, &fired, w.now).next().unwrap();
    assert_eq!((first.occurred_at, first.recorded_at), (after(3 * DAY), w.now));
    assert_eq!(first.event, Event::TimerFired { timer: Timer::Funding });
    assert_eq!(first.clone().into_recorded(), fired[0]);
    // and the status says when, by whom, and what it was before
    let change = w.deal.status_change();
    assert_eq!((change.at, &change.by), (after(3 * DAY), &Actor::Clock));
    assert_eq!(change.previous, Some(Status::AwaitingDeposit));
}

// --- time ---

#[test]
fn boundary_instant() {
    // accepted by silence after 6 hours: a dispute is in time iff now < deadline, the timer is due iff now >= deadline
    let mut w = World::performing(plain(Policy::shop()));
    w.act(&seller(), set_track("A"));
    w.act(&Actor::Tracker, checkpoint("A", "1", CheckpointKind::Final, w.now));
    let deadline = after(6 * HOUR);
    assert_eq!(w.until(), deadline);

    let mut in_time = w.clone();
    in_time.at(just_before(deadline)).act(&buyer(), dispute("broken"));
    assert_eq!(in_time.status(), Status::Disputed);

    let mut late = w.clone();
    late.at(deadline);
    let refused = late.refuse(&buyer(), dispute("broken"));
    assert!(matches!(refused, Rejection::WrongPhase { .. }), "{refused:?}");

    let mut silent = w.clone();
    assert!(silent.at(just_before(deadline)).wake().is_empty());
    assert!(!silent.at(deadline).wake().is_empty());
    assert_eq!(silent.status(), Status::Settling);
    // the buyer accepts at the very instant at which silence accepts: the timer was first, and it is the same
    let mut accepted = w;
    let decided = accepted.at(deadline).attempt(&buyer(), accept()).unwrap();
    assert!(decided.events().iter().all(|r| r.actor == Actor::Clock));
    assert_eq!(accepted.deal.outcome(), Some(Outcome::Completed));
}

#[test]
fn failed_timer_kills_the_rest() {
    // a year without a scheduler; one wake fires all that was due, each at its own instant
    let mut w = World::disputed(sale(Policy::shop()));
    w.pass(365 * DAY);
    // a command that is refused then keeps nothing ...
    let refused = w.refuse(&buyer(), accept());
    assert!(matches!(refused, Rejection::WrongPhase { .. }), "{refused:?}");
    assert_eq!(w.status(), Status::Disputed);
    // ... and loses nothing: what is due is derived from the state
    let fired: Vec<_> = w
        .wake()
        .into_iter()
        .filter_map(|r| match r.event {
            Event::TimerFired { timer } => Some((r.at, timer)),
            _ => None,
        })
        .collect();
    assert_eq!(fired, [(after(10 * DAY), Timer::Negotiation), (after(30 * DAY), Timer::Arbitration)]);
    assert_eq!(w.status(), Status::CancelRequested);
    // the refund is declined long after the settlement deadline: it goes to the balance at once
    let refund = w.order(TransactionKind::Refund, &Payee::Buyer);
    w.decline(refund);
    assert_eq!(w.status(), Status::Resolved);
    assert_eq!(w.legs(), [(B, Payee::Buyer, Purpose::Refund, 1_000_00, LegState::Credited)]);
}

#[test]
fn timer_against_dispute() {
    // 6 hours to accept; a dispute at 5 h freezes them
    let mut w = World::performing(plain(Policy::shop()));
    w.act(&seller(), set_track("A"));
    w.act(&Actor::Tracker, checkpoint("A", "1", CheckpointKind::Final, w.now));
    w.pass(5 * HOUR).act(&buyer(), dispute("broken"));
    w.pass(9 * DAY).wake();
    assert_eq!(w.status(), Status::Disputed);
    assert!(w.deal.legs().is_empty());
    // given up: the one hour that was left is left
    w.act(&buyer(), WithdrawDispute::default());
    assert_eq!(w.until(), w.now.plus_secs(HOUR));
    assert_eq!(w.status(), Status::AwaitingAcceptance);
    w.wait_for_deadline();
    assert_eq!(w.gets(&Payee::Seller, Purpose::Payout), 1_000_00);
}

#[test]
fn deadline_reset_griefing() {
    let mut draft = plain(Policy::freelance());
    draft.policy.max_revisions = 2;
    // 30 days to perform, at least 3 for a revision, 5 to accept
    let mut w = World::performing(draft);
    w.pass(29 * DAY).act(&seller(), submit(1));
    assert_eq!(w.until(), after((29 + 5) * DAY));
    w.pass(DAY).act(&buyer(), RequestChanges::new(1, text("louder")));
    // one day was left of the 30; a request guarantees 3
    assert_eq!(w.until(), after((30 + 3) * DAY));
    w.pass(2 * DAY).act(&seller(), submit(2));
    assert_eq!(w.until(), after((32 + 5) * DAY));
    // the cap counts submissions: nothing can be renewed any more, and nobody asks for what cannot be given
    let changes = RequestChanges::new(2, text("softer"));
    assert_eq!(w.refuse(&buyer(), changes), Rejection::Guard(Guard::ChangesLeft));
    assert_eq!(w.refuse(&seller(), submit(3)), Rejection::Guard(Guard::RevisionsLeft));
    assert_eq!(w.until(), after((32 + 5) * DAY));
    w.wait_for_deadline();
    assert_eq!(w.deal.ending(), Some(&Ending::Success));

    // extensions are bounded in all: 30 days
    let mut w = World::performing(plain(Policy::shop()));
    let extend = |days: u32| Extend::new(Timer::Performance, after(days * DAY));
    w.act(&operator(), extend(59));
    let refused = w.refuse(&operator(), extend(61));
    assert_eq!(refused, Rejection::ExtensionTooLong { left_s: DAY });
    w.act(&operator(), extend(60));
    assert_eq!(w.refuse(&operator(), extend(61)), Rejection::ExtensionTooLong { left_s: 0 });
}

#[test]
fn silence_pays_the_claimant() {
    // what every silence leads to stands in the policy, and nowhere else
    let while_performing = [
        (OnSilence::Cancel, Status::CancelRequested, Payee::Buyer),
        (OnSilence::Accept, Status::Settling, Payee::Seller),
    ];
    for (silence, status, winner) in while_performing {
        let mut draft = plain(Policy::shop());
        draft.policy.on_performance_deadline = silence;
        let mut w = World::performing(draft);
        w.wait_for_deadline();
        assert_eq!(w.status(), status);
        assert_eq!(w.legs()[0].1, winner);
    }
    let while_accepting = [
        (OnSilence::Cancel, Status::CancelRequested, Payee::Buyer),
        (OnSilence::Accept, Status::Settling, Payee::Seller),
    ];
    for (silence, status, winner) in while_accepting {
        let mut draft = plain(Policy::shop());
        draft.policy.on_acceptance_deadline = silence;
        let mut w = World::performing(draft);
        w.act(&seller(), submit(1));
        w.wait_for_deadline();
        assert_eq!(w.status(), status);
        assert_eq!(w.legs()[0].1, winner);
    }
    // a dispute by silence pays nobody by itself; its own default stands in the policy too: of 1 000.00, 30 %
    for sellers_silence in [true, false] {
        let mut draft = plain(Policy::shop());
        draft.policy.on_performance_deadline = OnSilence::Dispute;
        draft.policy.on_acceptance_deadline = OnSilence::Dispute;
        draft.policy.default_ruling = DefaultRuling::Share(percent(30));
        let mut w = World::performing(draft);
        if !sellers_silence {
            w.act(&seller(), submit(1));
        }
        w.wait_for_deadline();
        assert_eq!(w.status(), Status::Disputed);
        assert!(w.legs().is_empty());
        // whoever waited for the deadline cannot give the dispute up and win
        for actor in [buyer(), seller()] {
            assert_eq!(w.refuse(&actor, WithdrawDispute::default()).code(), "not-your-dispute");
        }
        w.wait_for_deadline();
        w.wait_for_deadline();
        assert_eq!(w.gets(&Payee::Seller, Purpose::Payout), 300_00);
        assert_eq!(w.gets(&Payee::Buyer, Purpose::Refund), 700_00);
    }
    // a policy that leaves a silence open does not decode
    for field in ["on_performance_deadline", "on_acceptance_deadline", "one_report", "default_ruling"] {
        let mut json = serde_json::to_value(Policy::shop()).unwrap();
        json.as_object_mut().unwrap().remove(field);
        let error = serde_json::from_value::<Policy>(json).unwrap_err().to_string();
        assert!(error.contains(field), "{error}");
    }
}

// --- chargebacks ---

#[test]
fn chargeback_after_payout() {
    use escrow::terms::Liable;
    let debtors = [
        (Liable::Seller, Some(Payee::Seller)),
        (Liable::Buyer, Some(Payee::Buyer)),
        (Liable::Platform, None),
    ];
    for (liable, debtor) in debtors {
        let mut draft = sale(Policy::shop());
        draft.policy.chargeback_liable = liable;
        let mut w = World::performing(draft);
        w.act(&buyer(), accept());
        w.done_all();
        w.act(&Actor::Gateway, chargeback("cb", B, 1_000_00, ChargebackStep::Opened));
        w.act(&Actor::Gateway, chargeback("cb", B, 1_000_00, ChargebackStep::Lost));
        // the bank took 1 000.00 that were paid out long ago: owed to the platform, by whom the policy names
        let owed: Vec<_> =
            debtor.map(|d| (d, Payee::Platform, Purpose::Chargeback, 1_000_00)).into_iter().collect();
        assert_eq!(w.owed(), owed);
        assert_eq!(w.status(), Status::Completed);
        w.repeat(&Actor::Gateway, chargeback("cb", B, 1_000_00, ChargebackStep::Lost));
        let won = chargeback("cb", B, 1_000_00, ChargebackStep::Won);
        assert_eq!(w.refuse(&Actor::Gateway, won), Rejection::ChargebackClosed);
    }
}

#[test]
fn refund_during_chargeback() {
    let opened = || {
        let mut w = World::funded(plain(Policy::shop()));
        w.act(&Actor::Gateway, chargeback("cb", B, 1_000_00, ChargebackStep::Opened));
        w.act(&buyer(), cancel("and my money too"));
        // decided, but not sent
        assert_eq!(w.pending(), []);
        assert_eq!(w.legs(), [(B, Payee::Buyer, Purpose::Refund, 1_000_00, LegState::Waiting)]);
        assert_eq!(w.status(), Status::CancelRequested);
        w
    };
    // lost: the bank has given him 1 000.00, so the deal gives him nothing
    let mut w = opened();
    w.act(&Actor::Gateway, chargeback("cb", B, 1_000_00, ChargebackStep::Lost));
    let b = w.buckets(B);
    assert_eq!((b.charged_back, b.refunded), (1_000_00, 0));
    assert_eq!(w.status(), Status::Cancelled);
    assert_eq!(w.owed(), []);
    // won: on it goes
    let mut w = opened();
    w.act(&Actor::Gateway, chargeback("cb", B, 1_000_00, ChargebackStep::Won));
    w.done_all();
    let b = w.buckets(B);
    assert_eq!((b.charged_back, b.refunded), (0, 1_000_00));
    assert_eq!(w.status(), Status::Cancelled);
}

#[test]
fn ghost_dispute() {
    // the money under a dispute is charged back: the deal is cancelled, and its dispute is over with it
    let mut w = World::disputed(plain(Policy::shop()));
    let events = w.act(&Actor::Gateway, chargeback("cb", B, 1_000_00, ChargebackStep::Lost));
    assert!(World::names(&events).contains(&"dispute_closed".to_owned()));
    assert_eq!(w.deal.dispute().unwrap().status(), DisputeStatus::Resolved);
    assert_eq!(w.status(), Status::Cancelled);
    // both report the same while disputed
    let mut w = World::performing(guaranteed());
    w.act(&buyer(), report(Verdict::Failure));
    w.act(&seller(), report(Verdict::Success));
    assert_eq!(w.status(), Status::Disputed);
    w.act(&buyer(), report(Verdict::Success));
    assert_eq!(w.deal.outcome(), Some(Outcome::Completed));
    assert_eq!(w.deal.dispute().unwrap().status(), DisputeStatus::Resolved);
    // and a stored deal with a ghost does not decode
    let json = json(&w.deal).replace(r#""status":"resolved""#, r#""status":"open""#);
    let error = serde_json::from_str::<Deal>(&json).unwrap_err().to_string();
    assert!(error.contains("state.dispute"), "{error}");
}

// --- everybody gets his money ---

#[test]
fn one_failed_recipient_blocks_all() {
    let mut w = World::performing(sale(Policy::shop()));
    w.act(&buyer(), accept());
    let payout = w.order(TransactionKind::Payout, &Payee::Seller);
    let fee = w.order(TransactionKind::Fee, &Payee::Platform);
    w.decline(payout);
    // the platform is paid all the same
    w.done(fee);
    assert_eq!(w.buckets(B).paid_out, 50_00);
    assert_eq!(w.status(), Status::Settling);
    // the failed one is redirected: the next attempt has a number of its own
    w.act(&seller(), destination(Payee::Seller, DestinationUse::Payouts, card("new")));
    let next = w.order(TransactionKind::Payout, &Payee::Seller);
    assert!(next > payout);
    assert_eq!(w.deal.pending().next().unwrap().destination, card("new").as_ref());
    w.done(next);
    assert_eq!(w.status(), Status::Completed);
    // and one who does nothing has it in the balance after 5 days
    let mut w = World::performing(sale(Policy::shop()));
    w.act(&buyer(), accept());
    let payout = w.order(TransactionKind::Payout, &Payee::Seller);
    w.decline(payout);
    let fee = w.order(TransactionKind::Fee, &Payee::Platform);
    w.done(fee);
    assert_eq!(w.deadline(), after(5 * DAY));
    w.wait_for_deadline();
    assert_eq!(w.status(), Status::Completed);
    let states: Vec<_> = w.legs().into_iter().map(|l| (l.1, l.3, l.4)).collect();
    assert_eq!(
        states,
        [(Payee::Platform, 50_00, LegState::Settled), (Payee::Seller, 950_00, LegState::Credited)]
    );
}

#[test]
fn dispute_before_funds() {
    // before the deposit there is no dispute at all
    let mut w = World::new(plain(Policy::shop()));
    let refused = w.refuse(&buyer(), dispute("why not"));
    assert!(matches!(refused, Rejection::WrongPhase { .. }), "{refused:?}");
    // everything is paid directly: the deposit is 0, and nothing is held
    let mut draft = plain(Policy::shop());
    draft.pay_offline = Some(rub(1_000_00));
    let mut w = World::performing(draft.clone());
    assert_eq!(w.held(B), 0);
    let refused = w.refuse(&buyer(), dispute("broken"));
    assert_eq!(refused, Rejection::Guard(Guard::MayDispute));
    // what would open one by itself cancels instead, nobody at fault
    w.act(&seller(), set_track("A"));
    w.act(&Actor::Tracker, checkpoint("A", "1", CheckpointKind::Refused, w.now));
    assert_eq!(w.status(), Status::Cancelled);
    assert_eq!(w.deal.ending(), Some(&Ending::Cancelled(Fault::Nobody)));
    assert!(w.deal.dispute().is_none());
    let mut w = World::performing(draft);
    w.wait_for_deadline();
    assert_eq!(w.now, after(30 * DAY));
    assert_eq!(w.status(), Status::Cancelled);
}

#[test]
fn return_url_trust() {
    let mut w = World::new(plain(Policy::freelance()));
    w.act(&seller(), agree(1));
    // the buyer asks for a form; his browser comes back from success_url; no money has moved
    w.act(&buyer(), request("k1", B, 1_000_00));
    assert_eq!((w.status(), w.held(B)), (Status::AwaitingDeposit, 0));
    assert!(!w.deal.has_pending(), "the payer is asked, not the gateway");
    // no party can confirm a payment, and a bare "succeeded" is not one: it names no amount
    let paid = payment(B, "pay", rub(1_000_00));
    for actor in [buyer(), seller(), operator()] {
        let refused = w.refuse(&actor, paid.clone());
        assert!(matches!(refused, Rejection::WrongRole { .. }), "{refused:?}");
    }
    let refused = w.refuse(&Actor::Gateway, answer(1, succeeded("pay")));
    assert_eq!(refused, Rejection::ConfirmInstead { tx: TxId::new(1) });
    // naming a payment while agreeing is a claim: the gateway is asked, and it says no
    let mut w = World::proposed_by(&seller(), plain(Policy::freelance()));
    let claim = Agree::new(1).payment(PaymentClaim::new(B, text("bank"), text("I did pay")));
    w.act(&buyer(), claim);
    assert_eq!((w.status(), w.held(B)), (Status::AwaitingDeposit, 0));
    let asked = w.order(TransactionKind::Charge, &Payee::Buyer);
    w.decline(asked);
    assert_eq!((w.status(), w.held(B)), (Status::AwaitingDeposit, 0));
    w.wait_for_deadline();
    assert_eq!(w.status(), Status::Expired);
}

#[test]
fn winner_cannot_collect() {
    // the ruling orders the winner's money in the same transition; the loser is asked for nothing
    let mut w = World::arbitrated(judged(plain(Policy::shop())));
    let events = w.act(&judge(), rule(Award::BuyerAll));
    assert!(World::names(&events).contains(&"leg_ordered".to_owned()));
    w.done_all();
    assert_eq!(w.status(), Status::Resolved);
    assert_eq!(w.buckets(B).refunded, 1_000_00);
    // a loser who picks fights with the gateway holds nobody up either
    let mut w = World::performing(guaranteed());
    w.act(&buyer(), report(Verdict::Failure));
    w.act(&seller(), report(Verdict::Success));
    w.act(&operator(), AppointArbiter::new(text("judge")));
    w.wait_for_deadline();
    // the winner gets his 300.00 and the loser's 300.00
    w.act(&judge(), rule(Award::Winner(Side::Seller)));
    let orders: Vec<_> = w.pending().into_iter().map(|(_, _, to, n)| (to, n)).collect();
    assert_eq!(orders, [(Payee::Seller, 300_00), (Payee::Seller, 300_00)]);
    let refused = w.refuse(&buyer(), destination(Payee::Seller, DestinationUse::Payouts, card("mine")));
    assert_eq!(refused, Rejection::NotYourMoney);
    w.done_all();
    assert_eq!(w.status(), Status::Resolved);
}

#[test]
fn never_shipped() {
    // 7 days to start; the buyer does nothing and has all of his money back, the kept fee is the seller's to pay
    let mut draft = plain(Policy::shop());
    let kept = fixed_fee("platform", FeePayee::Platform, 20_00, Payer::Buyer, OnRefund::Keep);
    draft.fees.push(kept);
    let mut w = World::funded(draft);
    assert_eq!(w.held(B), 1_020_00);
    w.wait_for_deadline();
    assert_eq!(w.now, after(7 * DAY));
    assert_eq!(w.deal.ending(), Some(&Ending::Cancelled(Fault::Seller)));
    w.done_all();
    assert_eq!(w.status(), Status::Cancelled);
    assert_eq!(w.gets(&Payee::Buyer, Purpose::Refund), 1_020_00);
    assert_eq!(w.owed(), [(Payee::Seller, Payee::Platform, Purpose::Fee, 20_00)]);
}

#[test]
fn both_silent() {
    // a guarantee deal of which nobody says anything for 10 days: both guarantees go back
    let mut w = World::performing(guaranteed());
    assert_eq!(w.deal.terms().policy.acceptance, Acceptance::Mutual);
    w.wait_for_deadline();
    assert_eq!(w.now, after(10 * DAY));
    assert_eq!(
        w.legs(),
        [
            (GB, Payee::Buyer, Purpose::Guarantee, 300_00, LegState::Ordered),
            (GS, Payee::Seller, Purpose::Guarantee, 300_00, LegState::Ordered),
        ]
    );
    w.done_all();
    assert_eq!(w.status(), Status::Cancelled);
}

// --- storage and input ---

#[test]
fn snapshot_tampering() {
    let mut w = World::performing(sale(Policy::shop()));
    w.act(&buyer(), accept());
    let fee = w.order(TransactionKind::Fee, &Payee::Platform);
    w.done(fee);
    // 1 000.00 in: 950.00 reserved, 50.00 paid out
    let honest = serde_json::to_value(&w.deal).unwrap();
    serde_json::from_value::<Deal>(honest.clone()).unwrap();
    let refused = |change: &dyn Fn(&mut Value)| {
        let mut forged = honest.clone();
        change(&mut forged);
        assert_ne!(forged, honest);
        serde_json::from_value::<Deal>(forged).unwrap_err().to_string()
    };
    // more paid out than received
    let error = refused(&|v| v["state"]["deposits"][0]["buckets"]["paid_out"] = 1_000_00.into());
    assert!(error.contains("buyer_payment: received must equal"), "{error}");
    // adding up, but not explained by any transaction
    let error = refused(&|v| {
        let buckets = &mut v["state"]["deposits"][0]["buckets"];
        buckets["received"] = 2_000_00.into();
        buckets["held"] = 1_000_00.into();
    });
    assert!(error.contains("transactions: those of buyer_payment do not explain"), "{error}");
    // a larger leg for oneself
    let error = refused(&|v| v["state"]["legs"][1]["amount"] = "951.00 RUB".into());
    assert!(error.contains("transactions: those of buyer_payment do not explain"), "{error}");
    // a payout that is pretended to be unpaid, so that it is paid again
    let error = refused(&|v| v["state"]["transactions"][1]["state"] = "pending".into());
    assert!(error.contains("state.transactions[1]"), "{error}");
    // another deal's schema
    let error = refused(&|v| v["schema"] = "escrow.deal.v0".into());
    assert!(error.contains(Parts::SCHEMA), "{error}");
}

#[test]
fn float_amount() {
    for json in [
        r#"{"amount":0.3,"currency":"RUB"}"#,
        r#"{"amount":0.30000000000000004,"currency":"RUB"}"#,
        r#"{"amount":30,"currency":"RUB"}"#,
        r#"{"amount":"0.30000000000000004","currency":"RUB"}"#,
        r#"{"amount":"0.301","currency":"RUB"}"#,
        r#"{"amount":"3e1","currency":"RUB"}"#,
        r#"{"amount":"NaN","currency":"RUB"}"#,
    ] {
        assert!(serde_json::from_str::<Money>(json).is_err(), "{json}");
    }
    let money: Money = serde_json::from_str(r#"{"amount":"0.30","currency":"RUB"}"#).unwrap();
    assert_eq!(money, rub(30));
    assert_eq!(serde_json::to_string(&money).unwrap(), r#"{"amount":"0.30","currency":"RUB"}"#);
    // in a command too
    let paid: Command = payment(B, "p", rub(30)).into();
    let mut json = serde_json::to_value(&paid).unwrap();
    assert_eq!(json["amount"]["amount"], "0.30");
    json["amount"]["amount"] = serde_json::json!(0.3);
    assert!(serde_json::from_value::<Command>(json).is_err());
}

#[test]
fn clock_backwards() {
    // the window to accept has closed: 6 hours from noon
    let mut w = World::performing(plain(Policy::shop()));
    w.act(&seller(), submit(1));
    w.wait_for_deadline();
    assert_eq!(w.status(), Status::Settling);
    // the host's clock steps back by a day; the window stays closed
    w.at(Time::parse("2026-02-28T12:00:00Z").unwrap());
    let refused = w.refuse(&buyer(), dispute("broken"));
    assert!(matches!(refused, Rejection::WrongPhase { .. }), "{refused:?}");
    // what happens then is recorded no earlier than what was there already
    let payout = w.order(TransactionKind::Payout, &Payee::Seller);
    let events = w.done(payout);
    assert!(events.iter().all(|r| r.at == after(6 * HOUR)));
    assert_eq!(w.deal.last_at(), after(6 * HOUR));

    // and no deadline comes earlier by it: 30 days from the latest instant seen
    let mut w = World::funded(plain(Policy::shop()));
    w.pass(DAY).act(&seller(), Post::new(text("soon")));
    w.at(start()).act(&seller(), StartPerforming {});
    assert_eq!(w.until(), after(31 * DAY));
}
