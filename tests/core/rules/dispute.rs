//! Disputes: opening, offers, arbitration, rulings, giving up.

use crate::common::*;
use escrow::deal::command::{
    AcceptAward, AppointArbiter, CheckpointKind, FileClaim, OpenDispute, ProposeAward, RemoveTrack, Rule,
    StartPerforming, Verdict, WithdrawDispute,
};
use escrow::deal::{Event, Guard};
use escrow::deposit::Purpose;
use escrow::dispute::{DisputeStage, DisputeStatus, Opener};
use escrow::settlement::{Ending, SettleError};
use escrow::terms::{ArbitrationFee, FeePayee, OnSilence};
use escrow::{Actor, Award, DefaultRuling, Outcome, Payee, Policy, Rate, Rejection, Side, Status};

#[test]
fn giving_up_a_dispute_twice_does_not_give_up_the_next_one() {
    let mut w = World::performing(plain(Policy::shop()));
    w.act(&seller(), set_track("A"));
    w.act(&buyer(), dispute("late"));
    w.act(&Actor::Tracker, refused("1", w.now));
    let first = WithdrawDispute::new().opening(1);
    w.act(&buyer(), first);
    // the refusal has opened it again; what comes twice is no word on that one
    assert_eq!(w.deal.dispute().unwrap().openings(), 2);
    w.repeat(&buyer(), first);
    w.repeat(&seller(), first);
    assert_eq!(w.refuse(&buyer(), WithdrawDispute::new().opening(3)).code(), "no-such-opening");
    let second = WithdrawDispute::new().opening(2);
    w.act(&seller(), second);
    w.repeat(&seller(), second);
    w.act(&buyer(), second);
    assert_eq!(w.status(), Status::Performing);
    w.repeat(&buyer(), second);
}

#[test]
fn a_dispute_tells_by_whom_why_and_with_what_proof() {
    let mut w = World::performing(plain(Policy::shop()));
    let evidence = Some(text("photos/3"));
    let events = w.act(&buyer(), OpenDispute::new(text("scratched")).evidence(evidence.clone()));
    let opened = Event::DisputeOpened { by: Opener::Party(Side::Buyer), reason: text("scratched"), evidence };
    assert!(events.iter().any(|r| r.event == opened && r.actor == buyer()));
    let dispute = w.deal.dispute().unwrap();
    assert_eq!((dispute.status(), dispute.stage()), (DisputeStatus::Open, DisputeStage::Negotiation));
    assert_eq!((dispute.opened_by(), dispute.opened_at()), (Opener::Party(Side::Buyer), w.now));
    assert_eq!(dispute.reason().as_str(), "scratched");
    assert_eq!(w.deal.status_change().comment.as_deref(), Some("scratched"));
}

/// What opens a dispute, and who can give it up: its opener; both; nobody.
#[test]
fn every_opener_and_who_gives_up() {
    let by_tracker = || {
        let mut w = World::performing(plain(Policy::shop()));
        w.act(&seller(), set_track("A"));
        tracked(&mut w, "1", CheckpointKind::Refused);
        w
    };
    let by_reports = || {
        let mut w = World::performing(guaranteed());
        w.act(&buyer(), report(Verdict::Failure));
        w.act(&seller(), report(Verdict::Success));
        w
    };
    let overdue = |stage: Status| {
        let mut draft = plain(Policy::shop());
        draft.policy.on_performance_deadline = OnSilence::Dispute;
        draft.policy.on_acceptance_deadline = OnSilence::Dispute;
        let mut w = World::performing(draft);
        if stage == Status::AwaitingAcceptance {
            w.act(&seller(), submit(1));
        }
        assert_eq!(w.status(), stage);
        w.wait_for_deadline();
        w
    };
    let one_report = || {
        let mut w = World::performing(guaranteed());
        w.act(&seller(), report(Verdict::Success));
        w.wait_for_deadline();
        w
    };
    for (mut w, by) in [(by_tracker(), Opener::Refusal), (by_reports(), Opener::Reports)] {
        assert_eq!(w.deal.dispute().unwrap().opened_by(), by);
        w.act(&seller(), WithdrawDispute::default());
        assert_eq!(w.deal.dispute().unwrap().withdrawal_by(), Some(Side::Seller));
        assert_eq!(w.status(), Status::Disputed);
        w.act(&buyer(), WithdrawDispute::default());
        assert_eq!(w.status(), Status::Performing);
        // with it go both reports
        assert_eq!(Side::ALL.map(|side| w.deal.report(side)), [None, None]);
    }
    // one that a deadline opened, too: the stage then has its whole time again
    for (mut w, back, window) in [
        (overdue(Status::Performing), Status::Performing, 30 * DAY),
        (overdue(Status::AwaitingAcceptance), Status::AwaitingAcceptance, DAY / 4),
        (one_report(), Status::Performing, 10 * DAY),
    ] {
        assert_eq!(w.deal.dispute().unwrap().opened_by(), Opener::Timer);
        w.act(&buyer(), WithdrawDispute::default());
        assert_eq!(w.status(), Status::Disputed);
        w.act(&seller(), WithdrawDispute::default());
        assert_eq!((w.status(), w.until()), (back, w.now.plus_secs(window)));
    }
    for opener in [buyer(), seller()] {
        let other = if opener == buyer() { seller() } else { buyer() };
        let mut w = World::performing(plain(Policy::shop()));
        w.act(&opener, dispute("late"));
        assert_eq!(w.refuse(&other, WithdrawDispute::default()), Rejection::Guard(Guard::MayWithdraw));
        w.act(&opener, WithdrawDispute::default());
        assert_eq!(w.status(), Status::Performing);
        // four times each
        for again in ["late again", "still late", "late for good"] {
            w.act(&opener, dispute(again));
            w.act(&opener, WithdrawDispute::default());
        }
        let refused = Rejection::Guard(Guard::MayDispute);
        assert_eq!(w.refuse(&opener, dispute("once more")), refused);
        w.act(&other, dispute("so are you"));
        assert_eq!(w.status(), Status::Disputed);
    }
}

#[test]
fn a_refusal_before_the_start_goes_back_before_the_start() {
    let mut w = World::funded(plain(Policy::shop()));
    w.act(&seller(), set_track("A"));
    w.pass(DAY);
    tracked(&mut w, "1", CheckpointKind::Refused);
    w.pass(DAY).act(&buyer(), WithdrawDispute::default());
    w.act(&seller(), WithdrawDispute::default());
    // 6 of 7 days were left
    assert_eq!((w.status(), w.until()), (Status::AwaitingPerformance, after(8 * DAY)));
}

#[test]
fn negotiation_then_arbitration_with_a_claim() {
    let mut w = World::disputed(judged(plain(Policy::shop())));
    let claim = |reference: &str| FileClaim::new(text(reference));
    // 10 days to negotiate
    assert_eq!((w.deal.can_claim(), w.deal.can_sue()), (true, false));
    for party in [buyer(), seller()] {
        assert_eq!(w.refuse(&party, claim("A40-17")), Rejection::Guard(Guard::InArbitration));
    }
    assert_eq!(w.refuse(&judge(), rule(Award::BuyerAll)), Rejection::Guard(Guard::InArbitration));
    w.wait_for_deadline();
    // then 20 days for the arbiter
    assert_eq!((w.now, w.until()), (after(10 * DAY), after(30 * DAY)));
    assert_eq!((w.deal.can_claim(), w.deal.can_sue()), (false, true));
    w.act(&seller(), claim("A40-17"));
    w.repeat(&seller(), claim("A40-17"));
    assert_eq!(w.deal.dispute().unwrap().claim(Side::Seller).unwrap().as_str(), "A40-17");
    assert_eq!(w.until(), after(30 * DAY));
    // whose fault it was is a record: the amounts come from the award
    w.act(&judge(), Rule::new(Award::SellerAll).at_fault(Side::Seller));
    let dispute = w.deal.dispute().unwrap();
    assert_eq!((dispute.guilty_side(), dispute.award()), (Some(Side::Seller), Some(Award::SellerAll)));
    assert_eq!(dispute.status(), DisputeStatus::Resolved);
    assert_eq!((w.deal.can_claim(), w.deal.can_sue()), (false, false));
    assert_eq!(w.gets(&Payee::Seller, Purpose::Payout), 1_000_00);
}

#[test]
fn what_reopens_goes_on_where_it_was() {
    // 30 days to perform; 10 to negotiate, of which 4 pass
    let mut w = World::disputed(plain(Policy::shop()));
    w.act(&seller(), ProposeAward::new(Award::BuyerAll));
    w.pass(4 * DAY).act(&buyer(), WithdrawDispute::default());
    assert_eq!((w.status(), w.until()), (Status::Performing, after(34 * DAY)));
    // 6 are left
    w.pass(DAY).act(&seller(), dispute("now it is me"));
    assert_eq!(w.until(), after((5 + 6) * DAY));
    // an offer of before is none
    assert_eq!(w.deal.offer(Side::Seller), None);
    // the arbiter has 20, of which 3 pass
    w.wait_for_deadline();
    w.act(&buyer(), FileClaim::new(text("A40-17")));
    w.pass(3 * DAY).act(&seller(), WithdrawDispute::default());
    // 29 days of the performance were left
    assert_eq!((w.status(), w.until()), (Status::Performing, after((11 + 3 + 29) * DAY)));
    // opened by the deadline: the arbiter has the 17 that are left, and the claim stands
    w.wait_for_deadline();
    assert_eq!(w.until(), after((43 + 17) * DAY));
    let dispute = w.deal.dispute().unwrap();
    assert_eq!((dispute.opened_by(), dispute.stage()), (Opener::Timer, DisputeStage::Arbitration));
    assert!(dispute.claim(Side::Buyer).is_some());
    w.wait_for_deadline();
    assert_eq!(w.deal.ending(), Some(&Ending::ruled_by_default(Award::BuyerAll)));
}

#[test]
fn a_dispute_does_not_bring_back_a_revision_that_was_looked_at() {
    // submitted, then the track was a wrong one: performing anew
    let mut w = World::performing(plain(Policy::freelance()));
    w.act(&seller(), set_track("A"));
    w.act(&seller(), submit(1));
    w.pass(DAY).act(&seller(), RemoveTrack {});
    w.act(&seller(), StartPerforming {});
    // 30 days to perform, none of which has passed
    assert_eq!((w.status(), w.until()), (Status::Performing, after(31 * DAY)));
    w.act(&buyer(), dispute("where is it"));
    w.pass(DAY).act(&buyer(), WithdrawDispute::default());
    assert_eq!((w.status(), w.until()), (Status::Performing, after(32 * DAY)));
}

#[test]
fn offers_of_both_sides() {
    let amount = |minor| Award::Amount(rub(minor));
    let mut w = World::disputed(sale(Policy::shop()));
    let accept = |award| AcceptAward::new(award);
    assert_eq!(w.refuse(&buyer(), accept(amount(0))), Rejection::Guard(Guard::OfferMade));
    // nothing is an offer, and a later one replaces it
    w.act(&buyer(), ProposeAward::new(amount(0)));
    assert_eq!(w.deal.offer(Side::Buyer).map(|o| o.award), Some(amount(0).into()));
    w.act(&buyer(), ProposeAward::new(amount(400_00)));
    w.act(&seller(), ProposeAward::new(amount(900_00)));
    assert_eq!(w.refuse(&seller(), accept(amount(0))), Rejection::NoSuchOffer);
    // one's own is nobody's to accept
    assert_eq!(w.refuse(&seller(), accept(amount(900_00))), Rejection::NoSuchOffer);
    let over = w.refuse(&seller(), ProposeAward::new(amount(1_000_01)));
    assert_eq!(over, Rejection::Settle(SettleError::AwardOverMax { max: rub(1_000_00) }));
    // in arbitration the parties can still agree, and nobody is paid for a ruling
    w.wait_for_deadline();
    w.act(&seller(), accept(amount(400_00)));
    w.repeat(&seller(), accept(amount(400_00)));
    assert_eq!(w.deal.ending(), Some(&Ending::agreed(amount(400_00))));
    assert_eq!(w.deal.outcome(), Some(Outcome::Resolved));
    w.done_all();
    assert_eq!(w.status(), Status::Resolved);
    // the fee is one that is returned: 400.00 and 600.00
    assert_eq!(w.gets(&Payee::Seller, Purpose::Payout), 400_00);
    assert_eq!(w.gets(&Payee::Buyer, Purpose::Refund), 600_00);
}

/// `clamp(floor(B × rate) + fixed, min, max)` of B = 1 000.00.
#[test]
fn the_fee_for_a_ruling_is_the_policys() {
    let cases = [
        // 2.5 % and 3.00
        (25_000, Some(3_00), None, None, 28_00),
        (25_000, None, Some(40_00), None, 40_00),
        (25_000, None, None, Some(20_00), 20_00),
        // 1 ppm of 1 000.00 is a tenth of a kopeck
        (1, None, None, None, 0),
    ];
    for (ppm, fixed, min, max, fee) in cases {
        let mut draft = judged(plain(Policy::shop()));
        draft.policy.arbitration_fee = Some(ArbitrationFee {
            payee: FeePayee::Partner(text("judge")),
            rate: Rate::from_ppm(ppm).unwrap(),
            guarantee_rate: Rate::ZERO,
            fixed: fixed.map(rub),
            min: min.map(rub),
            max: max.map(rub),
        });
        let mut w = World::arbitrated(draft);
        w.act(&judge(), rule(Award::BuyerAll));
        assert_eq!(w.gets(&payee("judge"), Purpose::ArbitrationFee), fee);
        assert_eq!(w.gets(&Payee::Buyer, Purpose::Refund), 1_000_00 - fee);
    }
}

#[test]
fn an_arbiter_appointed_late_has_the_time_that_is_left() {
    let mut w = World::disputed(plain(Policy::shop()));
    assert_eq!(w.refuse(&judge(), rule(Award::BuyerAll)), Rejection::UnknownActor);
    w.wait_for_deadline();
    let until = w.until();
    w.pass(19 * DAY).act(&operator(), AppointArbiter::new(text("judge")));
    w.repeat(&operator(), AppointArbiter::new(text("judge")));
    assert_eq!(w.until(), until);
    w.at(just_before(until)).act(&judge(), rule(Award::Share(percent(25))));
    assert_eq!(w.gets(&Payee::Seller, Purpose::Payout), 250_00);
}

#[test]
fn a_silent_arbiter_is_every_default() {
    let defaults = [
        (DefaultRuling::BuyerAll, 0),
        (DefaultRuling::SellerAll, 1_000_00),
        // 33.3333 % of 1 000.00, rounded toward zero
        (DefaultRuling::Share(Rate::from_ppm(333_333).unwrap()), 333_33),
    ];
    for (default_ruling, sellers) in defaults {
        let mut draft = judged(plain(Policy::shop()));
        draft.policy.default_ruling = default_ruling;
        draft.policy.arbitration_fee = Some(ArbitrationFee {
            payee: FeePayee::Platform,
            rate: percent(10),
            guarantee_rate: Rate::ZERO,
            fixed: None,
            min: None,
            max: None,
        });
        let mut w = World::arbitrated(draft);
        w.wait_for_deadline();
        assert_eq!(w.deal.ending(), Some(&Ending::ruled_by_default(default_ruling.award())));
        assert_eq!(w.deal.dispute().unwrap().status(), DisputeStatus::Resolved);
        assert_eq!(w.gets(&Payee::Seller, Purpose::Payout), sellers);
        assert_eq!(w.gets(&Payee::Buyer, Purpose::Refund), 1_000_00 - sellers);
        assert_eq!(w.gets(&Payee::Platform, Purpose::ArbitrationFee), 0);
    }
}
