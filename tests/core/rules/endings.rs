//! How a deal ends, and what is distributed.

use crate::common::*;
use escrow::deal::command::StartPerforming;
use escrow::deposit::{Purpose, TransactionKind};
use escrow::terms::{FeePayee, OnRefund, Payer};
use escrow::{Context, Deal, DealSummary, Payee, Policy, Status, transition};

use TransactionKind::Refund;

/// 1 000.00, of which 5 % = 50.00 are the platform's and 100.00 the courier's: 1 000.00 - 50.00 - 100.00 = 850.00.
#[test]
fn a_transition_tells_the_split() {
    let mut draft = sale(Policy::shop());
    draft.services.extend(with_courier(Policy::shop()).services);
    let w = World::performing(draft);
    let accepted = transition(&w.deal, &accept(), &Context::new(w.now, buyer())).unwrap();
    let split: Vec<_> =
        accepted.split().map(|(payee, of, amount)| (payee.clone(), of, amount.minor())).collect();
    let mut expected = vec![
        (Payee::Platform, Purpose::Fee, 50_00),
        (payee("courier"), Purpose::Service, 100_00),
        (Payee::Seller, Purpose::Payout, 850_00),
    ];
    expected.sort_by_key(|(_, _, amount)| *amount);
    let mut told = split;
    told.sort_by_key(|(_, _, amount)| *amount);
    assert_eq!(told, expected);
    // what was accepted already is split no more
    let again =
        transition(&accepted_deal(w.deal, &accepted), &accept(), &Context::new(w.now, buyer())).unwrap();
    assert_eq!(again.split().count(), 0);
    assert_eq!(accepted.events().to_vec(), accepted.into_events().into_vec());
}

fn accepted_deal(mut deal: Deal, accepted: &escrow::Transition) -> Deal {
    accepted.events().iter().for_each(|recorded| deal.apply(recorded));
    deal
}

#[test]
fn kept_fees_by_whose_fault_it_is() {
    // kept: 20.00 by the buyer, 30.00 by the seller; returned: 5 % by the seller
    let mut draft = sale(Policy::shop());
    draft.fees.push(fixed_fee("entry", FeePayee::Platform, 20_00, Payer::Buyer, OnRefund::Keep));
    draft.fees.push(fixed_fee("listing", FeePayee::Processor, 30_00, Payer::Seller, OnRefund::Keep));
    // the buyer's fault: they bear both; 1 020.00 − 50.00 = 970.00
    let mut w = World::funded(draft.clone());
    w.act(&buyer(), cancel("no"));
    assert_eq!(w.gets(&Payee::Platform, Purpose::Fee), 20_00);
    assert_eq!(w.gets(&Payee::Processor, Purpose::Fee), 30_00);
    assert_eq!(w.gets(&Payee::Buyer, Purpose::Refund), 970_00);
    // the seller's: they owe both
    let mut w = World::performing(draft.clone());
    w.act(&seller(), cancel("no"));
    assert_eq!(w.gets(&Payee::Buyer, Purpose::Refund), 1_020_00);
    assert_eq!(w.owed().iter().map(|o| o.3).sum::<i64>(), 50_00);
    // nobody's: given up
    let mut w = World::funded(draft);
    w.act(&operator(), cancel("fire"));
    assert_eq!(w.gets(&Payee::Buyer, Purpose::Refund), 1_020_00);
    assert_eq!(w.owed(), []);
}

#[test]
fn an_ending_waits_for_refunds_that_are_under_way() {
    let mut w = World::new(plain(Policy::shop()));
    w.pay(B, 1_300_00);
    w.act(&seller(), StartPerforming {});
    w.act(&buyer(), accept());
    w.done(3);
    // the payout is done, the excess of 300.00 is not
    assert_eq!((w.status(), orders(&w)), (Status::Settling, vec![(Refund, 300_00)]));
    w.done_all();
    assert_eq!(w.status(), Status::Completed);
}

#[test]
fn the_status_tells_how_it_came_about() {
    let mut w = World::funded(plain(Policy::shop()));
    w.pass(HOUR).act(&buyer(), cancel("found it cheaper"));
    let change = w.deal.status_change();
    assert_eq!((change.at, &change.by), (after(HOUR), &buyer()));
    assert_eq!(change.previous, Some(Status::AwaitingPerformance));
    assert_eq!(change.comment.as_deref(), Some("found it cheaper"));
    w.done_all();
    assert_eq!(w.deal.status_change().previous, Some(Status::CancelRequested));
    let summary = DealSummary::from(&w.deal);
    assert_eq!(
        (summary.status, summary.has_pending, summary.next_deadline),
        (Status::Cancelled, false, None)
    );
    assert_eq!(summary.version, u64::try_from(w.journal.len()).unwrap());
}
