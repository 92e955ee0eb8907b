//! Disputes: given up by both where a deadline has opened them, and with all their documents.

use escrow::deal::command::{AcceptAward, ProposeAward, WithdrawDispute};
use escrow::deposit::Purpose;
use escrow::terms::OnSilence;
use escrow::{Award, Payee};
use escrow_nalogka::{Call, DealStatus, DisputeOpener};

use super::*;

/// The performance deadline opens a dispute; both withdraw it, each by saying so, and the deal goes on to its success.
#[test]
fn a_dispute_that_a_deadline_opened_is_given_up_by_both() {
    for literal in [escrow_nalogka::shop_policy(), Policy::shop()] {
        assert_eq!(literal.on_performance_deadline, OnSilence::Dispute);
        let user = ApiUser { policy: literal, ..shop_user() };
        let mut w = created(&user, &order(), None);
        w.pay(B, 3_360_00);
        w.act(&seller(), Call::PerformingStart.command());
        // thirty days
        w.at(after(30 * DAY)).wake();
        let deal = project(&w);
        assert_eq!(
            (deal.status, deal.dispute.unwrap().initiated_by),
            (DealStatus::Disputed, DisputeOpener::Clock)
        );
        w.act(&seller(), WithdrawDispute::default());
        assert_eq!(project(&w).status, DealStatus::Disputed, "one of the two");
        w.act(&buyer(), WithdrawDispute::default());
        assert_eq!(project(&w).status, DealStatus::Performing);
        w.act(&buyer(), Call::ConfirmAcceptation.command());
        w.done_all();
        assert_eq!(project(&w).status, DealStatus::Completed);
        assert_eq!(w.gets(&Payee::Seller, Purpose::Payout), 3_240_00);
    }
}

/// The dispute's documents: the evidence that it was opened with, and what was attached while it lasted. What was attached
/// before or after is the deal's alone.
#[test]
fn a_dispute_has_its_documents() {
    let mut w = created(&shop_user(), &order(), None);
    w.pay(B, 3_360_00);
    w.act(&seller(), Call::PerformingStart.command());
    w.act(&buyer(), Attach::new(attachment("photo-2")));
    w.act(
        &buyer(),
        OpenDispute::new(text("Dented")).evidence(text::<escrow::deal::command::FileRef>("s3://proofs/7")),
    );
    w.act(&buyer(), Attach::new(attachment("photo-3")));
    w.act(&seller(), Attach::new(attachment("photo-4")));
    let award = Award::Amount(rub(1_000_00));
    w.act(&seller(), ProposeAward::new(award));
    w.act(&buyer(), AcceptAward::new(award));
    w.act(&seller(), Attach::new(attachment("photo-5")));
    let deal = project(&w);
    let ids = |all: &[escrow_nalogka::Attachment]| all.iter().map(|a| a.id.to_string()).collect::<Vec<_>>();
    assert_eq!(ids(&deal.attachments), ["photo-1", "photo-2", "photo-3", "photo-4", "photo-5"]);
    let dispute = deal.dispute.unwrap();
    assert_eq!(ids(&dispute.attachments), ["s3://proofs/7", "photo-3", "photo-4"]);
    assert_eq!(dispute.attachments[1].mime_type.as_deref(), Some("image/jpeg"));
}
