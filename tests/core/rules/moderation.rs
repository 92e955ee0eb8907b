//! A moderator's remarks and approval.

use crate::common::*;
use escrow::deal::command::RemoveTrack;
use escrow::deal::{Consents, Guard};
use escrow::deposit::TransactionKind;
use escrow::settlement::{Ending, Fault};
use escrow::terms::Moderation;
use escrow::{Policy, Rejection, Status};

use TransactionKind::Refund;

#[test]
fn moderation_can_be_off() {
    let mut w = World::funded(moderated(Moderation::Off));
    for verdict in [remark("hm"), approve()] {
        assert_eq!(w.refuse(&moderator(), verdict), Rejection::Guard(Guard::ModerationOn));
    }
}

#[test]
fn a_remark_pauses_the_start() {
    let mut w = World::funded(moderated(Moderation::OnDemand));
    w.pass(2 * DAY).act(&moderator(), remark("no photo"));
    assert_eq!((w.status(), w.until()), (Status::Moderation, after((2 + 5) * DAY)));
    assert_eq!(w.deal.status_change().comment.as_deref(), Some("no photo"));
    // one more remark moves no deadline
    w.pass(DAY).act(&moderator(), remark("no price"));
    assert_eq!(w.until(), after(7 * DAY));
    w.act(&moderator(), approve());
    // 5 of the 7 days were left
    assert_eq!((w.status(), w.until()), (Status::AwaitingPerformance, after((3 + 5) * DAY)));
}

#[test]
fn amended_terms_that_keep_the_deposit_lead_back() {
    let mut w = World::funded(moderated(Moderation::OnDemand));
    w.pass(DAY).act(&moderator(), remark("describe it"));
    w.act(&seller(), amend(1, described(moderated(Moderation::OnDemand))));
    // not approved before both agree
    assert_eq!(w.refuse(&moderator(), approve()), Rejection::Guard(Guard::AllAgreed));
    w.act(&buyer(), agree(2));
    assert_eq!((w.status(), w.until()), (Status::AwaitingPerformance, after((1 + 6) * DAY)));
    assert_eq!(w.held(B), 1_000_00);
}

#[test]
fn amended_terms_that_change_the_deposit_lead_to_the_deposit() {
    let draft = || moderated(Moderation::OnDemand);
    let mut w = World::funded(draft());
    w.act(&moderator(), remark("too cheap"));
    w.pass(DAY).act(&seller(), amend(1, dearer(draft())));
    assert_eq!(orders(&w), [(Refund, 1_000_00)]);
    w.pass(DAY).act(&buyer(), agree(2));
    // a fresh window to pay: 3 days
    assert_eq!((w.status(), w.until()), (Status::AwaitingDeposit, after((2 + 3) * DAY)));
    w.pay(B, 1_200_00);
    // and a full one to start
    assert_eq!((w.status(), w.until()), (Status::AwaitingPerformance, after((2 + 7) * DAY)));
    w.done_all();
    assert_eq!(w.buckets(B).refunded, 1_000_00);
}

#[test]
fn moderation_that_nobody_ends_cancels() {
    let mut w = World::funded(moderated(Moderation::OnDemand));
    w.act(&moderator(), remark("no"));
    w.wait_for_deadline();
    assert_eq!(w.now, after(5 * DAY));
    assert_eq!(w.deal.ending(), Some(&Ending::Cancelled(Fault::Nobody)));
    w.done_all();
    assert_eq!((w.status(), w.buckets(B).refunded), (Status::Cancelled, 1_000_00));
}

#[test]
fn required_moderation_waits_for_approval() {
    let mut w = World::funded(moderated(Moderation::Required));
    assert_eq!(w.status(), Status::Moderation);
    // amended and agreed is not yet approved
    w.act(&seller(), amend(1, described(moderated(Moderation::Required))));
    w.act(&buyer(), agree(2));
    assert_eq!(w.status(), Status::Moderation);
    w.act(&moderator(), approve());
    assert_eq!(w.status(), Status::AwaitingPerformance);
    // approved while the deposit is awaited: it does not have to be again
    let mut w = World::new(moderated(Moderation::Required));
    w.act(&moderator(), approve());
    w.repeat(&moderator(), approve());
    w.fill();
    assert_eq!(w.status(), Status::AwaitingPerformance);
    // but an amendment is something else than what was approved
    let mut w = World::new(moderated(Moderation::Required));
    w.act(&moderator(), approve());
    w.act(&seller(), amend(1, described(moderated(Moderation::Required))));
    w.act(&buyer(), agree(2));
    w.fill();
    assert_eq!(w.status(), Status::Moderation);
}

#[test]
fn a_remark_on_an_unpaid_deal_leads_back_with_a_fresh_window() {
    let mut w = World::new(moderated(Moderation::OnDemand));
    w.pass(2 * DAY).act(&moderator(), remark("hm"));
    // money is taken meanwhile
    w.pay(B, 400_00);
    w.pass(DAY).act(&moderator(), approve());
    assert_eq!((w.status(), w.until()), (Status::AwaitingDeposit, after((3 + 3) * DAY)));
    // full when the remark is settled: on it goes
    let mut w = World::new(moderated(Moderation::OnDemand));
    w.act(&moderator(), remark("hm"));
    w.pay(B, 1_000_00);
    assert_eq!(w.status(), Status::Moderation);
    w.act(&moderator(), approve());
    assert_eq!(w.status(), Status::AwaitingPerformance);
}

/// What the operator has amended under moderation waits for both: the first who agrees does not let the deal go on.
#[test]
fn moderation_is_left_when_both_have_agreed() {
    let draft = plain(Policy::marketplace());
    let mut w = World::funded(draft.clone());
    w.act(&moderator(), remark("blurred photo"));
    w.act(&operator(), amend(1, described(draft)));
    assert_eq!(w.deal.consents(), Consents::default());
    w.act(&buyer(), agree(2));
    assert_eq!(w.status(), Status::Moderation);
    w.act(&seller(), agree(2));
    assert_eq!(w.status(), Status::AwaitingPerformance);
}

#[test]
fn moderation_does_not_bring_back_a_revision_that_was_looked_at() {
    let mut w = World::performing(plain(Policy::marketplace()));
    w.act(&seller(), set_track("A"));
    w.act(&seller(), submit(1));
    w.act(&seller(), RemoveTrack {});
    let until = w.until();
    w.act(&moderator(), remark("hm"));
    w.pass(HOUR).act(&moderator(), approve());
    assert_eq!((w.status(), w.until()), (Status::AwaitingPerformance, until.plus_secs(HOUR)));
}
