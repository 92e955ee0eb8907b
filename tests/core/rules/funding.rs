//! The step to a funded deal: everybody has agreed, and every deposit is full.

use crate::common::*;
use escrow::deal::command::{StartPerforming, Verdict, WithdrawDispute};
use escrow::deposit::TransactionKind;
use escrow::{Deal, Policy, Status};

use TransactionKind::Refund;

#[test]
fn mutual_deals_have_one_span_until_they_are_concluded() {
    let mut draft = guaranteed();
    draft.policy.proposal_s = 100 * DAY;
    let mut w = World::new(draft);
    // durationToDeal: 3 days, whatever the proposal's own duration is
    assert_eq!(w.until(), after(3 * DAY));
    w.pass(2 * DAY).act(&seller(), agree(1));
    assert_eq!((w.status(), w.until()), (Status::AwaitingDeposit, after(3 * DAY)));
    w.fill();
    // concluded: performing at once
    assert_eq!((w.status(), w.until()), (Status::Performing, after((2 + 10) * DAY)));
    assert!(w.journal.iter().all(|r| !format!("{:?}", r.event).contains("AwaitingPerformance")));
}

#[test]
fn payments_before_the_agreement_count() {
    let mut w = World::new(plain(Policy::freelance()));
    w.pay(B, 1_000_00);
    assert_eq!((w.status(), w.held(B)), (Status::Proposed, 1_000_00));
    w.act(&seller(), agree(1));
    assert_eq!(w.status(), Status::AwaitingPerformance);
    // and go back when nothing comes of it: until then nobody pays anything
    let mut w = World::new(plain(Policy::freelance()));
    w.pay(B, 1_000_00);
    w.act(&seller(), cancel("no"));
    assert_eq!(orders(&w), [(Refund, 1_000_00)]);
    w.done_all();
    assert_eq!(w.status(), Status::Declined);
}

#[test]
fn nothing_to_deposit_needs_no_payment() {
    let mut draft = plain(Policy::shop());
    draft.pay_offline = Some(rub(1_000_00));
    let mut w = World::new(draft);
    assert_eq!(w.status(), Status::AwaitingPerformance);
    w.act(&seller(), StartPerforming {});
    w.act(&buyer(), accept());
    // straight to the end at zero
    assert_eq!(w.status(), Status::Completed);
    assert_eq!(w.legs(), []);
}

#[test]
fn a_deal_knows_when_it_was_concluded() {
    let mut w = World::new(guaranteed());
    assert_eq!(w.deal.concluded_at(), None);
    w.pass(DAY).act(&seller(), agree(1));
    w.pay(GS, 300_00);
    assert_eq!((w.status(), w.deal.concluded_at()), (Status::AwaitingDeposit, None));
    w.pass(DAY).pay(GB, 300_00);
    assert_eq!((w.status(), w.deal.concluded_at()), (Status::Performing, Some(after(2 * DAY))));
    // neither a dispute, nor its withdrawal, nor the end changes it
    w.pass(DAY).act(&seller(), report(Verdict::Success));
    w.act(&buyer(), report(Verdict::Failure));
    w.act(&seller(), WithdrawDispute::default());
    w.act(&buyer(), WithdrawDispute::default());
    for who in [buyer(), seller()] {
        w.act(&who, report(Verdict::Failure));
    }
    w.done_all();
    assert_eq!((w.status(), w.deal.concluded_at()), (Status::Cancelled, Some(after(2 * DAY))));
    // cancelled before that: never
    let mut w = World::new(guaranteed());
    w.act(&seller(), agree(1));
    w.act(&buyer(), cancel("no"));
    assert_eq!((w.status(), w.deal.concluded_at()), (Status::Cancelled, None));
    // and it is not forged in storage
    let mut json = serde_json::to_value(&w.deal).unwrap();
    json["state"]["clockwork"]["concluded_at"] = serde_json::json!("2031-01-01T00:00:00Z");
    let error = serde_json::from_value::<Deal>(json).unwrap_err().to_string();
    assert!(error.contains("state.clockwork.concluded_at"), "{error}");
}
