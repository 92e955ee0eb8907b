//! Disputes, deliverables and chargebacks, clause by clause: DESIGN §4. Amounts are worked out by hand in the
//! comments, in roubles.
#![allow(clippy::arithmetic_side_effects, clippy::indexing_slicing, clippy::panic)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::wildcard_enum_match_arm)]
// 1_000_00 reads as 1 000.00
#![allow(clippy::inconsistent_digit_grouping)]

use crate::common::*;
use escrow::deal::command::{
    Accept, AcceptAward, AppointArbiter, Cancel, ChargebackStep, CheckpointKind, DestinationUse, FileClaim,
    OpenDispute, Post, ProposeAward, RemoveTrack, RequestChanges, Rule, StartPerforming, Submit, Verdict,
    WithdrawDispute,
};
use escrow::deal::{Access, Command, DisputeStage, Event, Guard};
use escrow::deposit::{LegState, TransactionKind};
use escrow::dispute::{DisputeStatus, Opener};
use escrow::settlement::{Ending, Fault, Purpose, SettleError};
use escrow::terms::{ArbitrationFee, FeePayee, OnSilence};
use escrow::{
    Actor, Award, Deal, DefaultRuling, Destination, Outcome, Payee, Policy, Rate, Rejection, Role, Side,
    Status,
};

use ChargebackStep::{Lost, Opened, Won};

fn accept() -> Command {
    Accept::all().into()
}

fn changes(number: u16) -> Command {
    RequestChanges::new(number, text("rounder")).into()
}

fn rule(award: Award) -> Command {
    Rule::new(award).into()
}

fn tracked(w: &mut World, id: &str, kind: CheckpointKind) {
    w.act(&Actor::Tracker, checkpoint("A", id, kind, w.now));
}

fn originals(w: &World, role: Role) -> bool {
    matches!(w.deal.access(role), Access::Original(_))
}

fn bank(w: &mut World, reference: &str, minor: i64, step: ChargebackStep) {
    w.act(&Actor::Gateway, chargeback(reference, B, minor, step));
}

// --- opening ---

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
    for mut w in [overdue(Status::Performing), overdue(Status::AwaitingAcceptance), one_report()] {
        assert_eq!(w.deal.dispute().unwrap().opened_by(), Opener::Timer);
        for party in [buyer(), seller()] {
            assert_eq!(w.refuse(&party, WithdrawDispute::default()), Rejection::Guard(Guard::MayWithdraw));
        }
    }
    for opener in [buyer(), seller()] {
        let other = if opener == buyer() { seller() } else { buyer() };
        let mut w = World::performing(plain(Policy::shop()));
        w.act(&opener, dispute("late"));
        assert_eq!(w.refuse(&other, WithdrawDispute::default()), Rejection::Guard(Guard::MayWithdraw));
        w.act(&opener, WithdrawDispute::default());
        assert_eq!(w.status(), Status::Performing);
        // once each
        let refused = Rejection::Guard(Guard::MayDispute);
        assert_eq!(w.refuse(&opener, dispute("late again")), refused);
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
fn a_charge_is_nothing_to_dispute() {
    // paid directly: the deal holds a charge of 50.00, which no award divides
    let mut draft = plain(Policy::shop());
    draft.pay_offline = Some(rub(1_000_00));
    let mut w = World::performing(draft);
    w.act(&seller(), charge("c", Side::Buyer, Payee::Seller, 50_00));
    let c1 = w.deal.deposits()[4].id();
    w.pay(c1, 50_00);
    assert_eq!(w.refuse(&buyer(), dispute("broken")), Rejection::Guard(Guard::MayDispute));
    // what opens one by itself cancels, and the charge goes back
    w.wait_for_deadline();
    assert_eq!(w.deal.ending(), Some(&Ending::Cancelled(Fault::Nobody)));
    assert_eq!(w.legs(), [(c1, Payee::Buyer, Purpose::Refund, 50_00, LegState::Ordered)]);
}

// --- stages and their time ---

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
    assert_eq!(w.deal.dispute().unwrap().claim().unwrap().as_str(), "A40-17");
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
    assert_eq!(w.deal.dispute().unwrap().offer(Side::Seller), None);
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
    assert!(dispute.claim().is_some());
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

// --- offers and rulings ---

#[test]
fn offers_of_both_sides() {
    let amount = |minor| Award::Amount(rub(minor));
    let mut w = World::disputed(sale(Policy::shop()));
    let accept = |award| AcceptAward::new(award);
    assert_eq!(w.refuse(&buyer(), accept(amount(0))), Rejection::Guard(Guard::OfferMade));
    // nothing is an offer, and a later one replaces it
    w.act(&buyer(), ProposeAward::new(amount(0)));
    assert_eq!(w.deal.dispute().unwrap().offer(Side::Buyer), Some(amount(0)));
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

// --- deliverables ---

/// Submitted, disputed and before the arbiter.
fn work() -> World {
    let mut w = World::funded(judged(plain(Policy::freelance())));
    w.act(&seller(), submit(1));
    w.act(&buyer(), dispute("not what I asked for"));
    w.wait_for_deadline();
    w
}

#[test]
fn who_sees_the_work() {
    let w = work();
    assert!(matches!(w.deal.access(Role::Buyer), Access::Preview(_)));
    for role in [Role::Seller, Role::Arbiter] {
        assert!(originals(&w, role), "{role}");
    }
    for role in [Role::Partner, Role::Gateway, Role::Tracker, Role::Clock] {
        assert_eq!(w.deal.access(role), Access::Nothing, "{role}");
    }
    // the arbiter reads all that has happened, as long as he is the arbiter
    assert_eq!(w.deal.role_of(&judge()), Some(Role::Arbiter));
    assert!(w.journal.iter().all(|r| w.deal.may_read(Role::Arbiter, &r.event)));
    let hidden = w.journal.iter().filter(|r| !w.deal.may_read(Role::Buyer, &r.event));
    assert!(
        hidden.clone().count() == 1 && hidden.clone().all(|r| matches!(r.event, Event::Submitted { .. }))
    );
    let mut w = w;
    w.act(&operator(), AppointArbiter::new(text("solomon")));
    assert_eq!(w.deal.role_of(&judge()), None);
}

#[test]
fn the_originals_are_the_buyers_where_he_pays_for_them() {
    let awards = [
        (Award::SellerAll, true),
        (Award::Share(percent(1)), true),
        (Award::Amount(rub(1)), true),
        (Award::Winner(Side::Seller), true),
        (Award::BuyerAll, false),
        (Award::Amount(rub(0)), false),
        (Award::Share(Rate::ZERO), false),
        (Award::Winner(Side::Buyer), false),
    ];
    for (award, bought) in awards {
        let mut w = work();
        w.act(&judge(), rule(award));
        // in the very transition, before the gateway has answered
        let paid = w
            .pending()
            .iter()
            .any(|(_, kind, to, _)| (*kind, to) == (TransactionKind::Payout, &Payee::Seller));
        assert_eq!((originals(&w, Role::Buyer), paid), (bought, bought), "{award:?}");
    }
    // whoever leaves has seen a preview, and keeps no more
    let leave: [(Actor, Command); 2] = [
        (seller(), cancel("no time")),
        (operator(), Cancel::new(text("fraud")).at_fault(Fault::Buyer).into()),
    ];
    for (actor, cancel) in leave {
        let mut w = World::funded(plain(Policy::freelance()));
        w.act(&seller(), submit(1));
        w.act(&actor, cancel);
        w.done_all();
        assert!(matches!(w.deal.access(Role::Buyer), Access::Preview(_)));
    }
}

#[test]
fn what_is_not_paid_for_yet_is_not_unlocked() {
    // the buyer asks his bank for the money, and accepts: the payout waits
    let accepted = || {
        let mut w = World::funded(plain(Policy::freelance()));
        w.act(&seller(), submit(1));
        bank(&mut w, "cb", 1_000_00, Opened);
        w.act(&buyer(), accept());
        assert_eq!((w.pending(), originals(&w, Role::Buyer)), (vec![], false));
        w
    };
    // won: paid, and unlocked
    let mut w = accepted();
    bank(&mut w, "cb", 1_000_00, Won);
    assert_eq!(w.pending(), [(2, TransactionKind::Payout, Payee::Seller, 1_000_00)]);
    assert!(originals(&w, Role::Buyer));
    // lost: he has his money, and not the work
    let mut w = accepted();
    bank(&mut w, "cb", 1_000_00, Lost);
    assert_eq!((w.status(), originals(&w, Role::Buyer)), (Status::Completed, false));
}

#[test]
fn nobody_asks_twice_for_changes_of_one_revision() {
    let mut draft = plain(Policy::freelance());
    draft.policy.max_revisions = 2;
    let mut w = World::performing(draft);
    w.act(&seller(), set_track("A"));
    w.act(&seller(), submit(1));
    w.act(&buyer(), changes(1));
    // delivered, without another revision: the time for one is not granted once more
    tracked(&mut w, "1", CheckpointKind::Final);
    assert_eq!(w.status(), Status::AwaitingAcceptance);
    assert_eq!(w.refuse(&buyer(), changes(1)), Rejection::Guard(Guard::ChangesLeft));
    // the next one is the last, and cannot be answered by changes
    w.act(&seller(), submit(2));
    assert_eq!(w.refuse(&buyer(), changes(2)), Rejection::Guard(Guard::ChangesLeft));
    assert_eq!(w.refuse(&seller(), submit(3)), Rejection::Guard(Guard::RevisionsLeft));
}

#[test]
fn a_revision_is_named_by_its_number_and_content() {
    let mut w = World::funded(plain(Policy::freelance()));
    w.act(&seller(), submit(1));
    let Access::Original(first) = w.deal.access(Role::Seller) else { panic!("the seller's own work") };
    assert_eq!(
        [first.preview.as_str(), &first.original, &first.digest],
        ["preview-1", "original-1", "digest-1"]
    );
    // another content under the same number is another revision, out of turn
    let Command::Submit(other) = submit(2) else { panic!() };
    let exchanged = Submit::new(1, other.revision);
    assert_eq!(w.refuse(&seller(), exchanged), Rejection::RevisionNumber { expected: 2 });
}

#[test]
fn the_seller_chooses_where_to_be_paid() {
    let everywhere = [
        Destination::Card(text("card-1")),
        Destination::Account(text("account-1")),
        Destination::Wallet(text("wallet-1")),
        Destination::Balance,
    ];
    for chosen in everywhere {
        let choose = || destination(Payee::Seller, DestinationUse::Payouts, Some(chosen.clone()));
        // before the ending
        let mut w = World::performing(plain(Policy::shop()));
        w.act(&seller(), choose());
        w.act(&buyer(), accept());
        let sent = w.deal.pending().next().map(|p| p.destination.cloned());
        let by_gateway = (chosen != Destination::Balance).then_some(Some(chosen.clone()));
        assert_eq!(sent, by_gateway);
        w.done_all();
        assert_eq!((w.status(), w.buckets(B).paid_out), (Status::Completed, 1_000_00));
        // after it, once the first attempt has failed
        let mut w = World::performing(plain(Policy::shop()));
        w.act(&buyer(), accept());
        w.decline(2);
        w.act(&seller(), choose());
        assert_eq!(w.deal.pending().next().map(|p| p.destination.cloned()), by_gateway);
        w.done_all();
        assert_eq!((w.status(), w.buckets(B).paid_out), (Status::Completed, 1_000_00));
    }
}

// --- chargebacks ---

#[test]
fn a_chargeback_while_paying_cuts_what_was_not_sent_last_first() {
    // ruled 40 % of 1 000.00: 400.00 and 600.00 wait; the bank takes 700.00: all of the buyer's, 100.00 of the seller's
    let mut w = World::arbitrated(judged(plain(Policy::shop())));
    bank(&mut w, "cb", 700_00, Opened);
    w.act(&judge(), rule(Award::Share(percent(40))));
    let waiting = |to, purpose, minor| (B, to, purpose, minor, LegState::Waiting);
    let legs =
        [waiting(Payee::Seller, Purpose::Payout, 400_00), waiting(Payee::Buyer, Purpose::Refund, 600_00)];
    assert_eq!(w.legs(), legs);
    bank(&mut w, "cb", 700_00, Lost);
    assert_eq!(w.pending(), [(2 + 1, TransactionKind::Payout, Payee::Seller, 300_00)]);
    w.done_all();
    assert_eq!((w.status(), w.owed()), (Status::Resolved, vec![]));
    let b = w.buckets(B);
    assert_eq!((b.received, b.paid_out, b.refunded, b.charged_back), (1_000_00, 300_00, 0, 700_00));
}

#[test]
fn nothing_left_to_wait_for_waits_for_no_bank() {
    // two are open; the first takes all that there is
    let mut w = World::funded(plain(Policy::shop()));
    bank(&mut w, "cb-1", 1_000_00, Opened);
    bank(&mut w, "cb-2", 500_00, Opened);
    w.act(&seller(), cancel("sold out"));
    bank(&mut w, "cb-1", 1_000_00, Lost);
    assert_eq!(w.status(), Status::Cancelled);
    bank(&mut w, "cb-2", 500_00, Won);
    assert_eq!((w.status(), w.owed()), (Status::Cancelled, vec![]));
}

#[test]
fn a_chargeback_is_known_by_what_the_bank_took() {
    let mut w = World::funded(plain(Policy::shop()));
    bank(&mut w, "cb", 200_00, Opened);
    bank(&mut w, "cb", 300_00, Lost);
    assert_eq!(w.deal.chargebacks()[0].amount, rub(300_00));
    assert_eq!(w.buckets(B).charged_back, 300_00);
}

#[test]
fn what_goes_back_to_the_payer_is_taken_first() {
    // 1 000.00 are there, 200.00 more came in and wait for the bank: it takes them, and the deal goes on
    let mut w = World::funded(plain(Policy::shop()));
    bank(&mut w, "cb", 200_00, Opened);
    w.pay(B, 200_00);
    assert_eq!(w.legs(), [(B, Payee::Buyer, Purpose::Excess, 200_00, LegState::Waiting)]);
    bank(&mut w, "cb", 200_00, Lost);
    assert_eq!((w.status(), w.held(B)), (Status::AwaitingPerformance, 1_000_00));
    assert_eq!(w.pending(), []);
}

#[test]
fn a_stored_dispute_agrees_with_its_deal() {
    let refused = |w: &World, from: &str, to: &str| {
        let stored = json(&w.deal);
        let at = stored.rfind(from).unwrap();
        let tampered = format!("{}{to}{}", &stored[..at], &stored[at + from.len()..]);
        serde_json::from_str::<Deal>(&tampered).unwrap_err().to_string()
    };
    let w = World::arbitrated(plain(Policy::shop()));
    for (from, to) in [
        (r#""stage":"arbitration""#, r#""stage":"negotiation""#),
        (r#""buyer_opened":true"#, r#""buyer_opened":false"#),
        (r#""opened_by":{"party":"buyer"}"#, r#""opened_by":{"party":"seller"}"#),
    ] {
        assert!(refused(&w, from, to).contains("state.dispute"), "{from}");
    }
    // a ruling for the buyer is not made one for the seller, nor a cancellation a success
    let mut w = work();
    w.act(&judge(), rule(Award::BuyerAll));
    w.done_all();
    for (from, to) in [
        (r#","award":"buyer_all""#, r#","award":"seller_all""#),
        (r#"{"award":"buyer_all","by"#, r#"{"award":"seller_all","by"#),
        (r#"{"closed":{"outcome":"resolved"}}"#, r#"{"closed":{"outcome":"completed"}}"#),
    ] {
        assert!(refused(&w, from, to).contains("state.ending"), "{from}");
    }
}

#[test]
fn messages_are_events_and_the_deal_stays_small() {
    let mut w = work();
    let mut post = |who: &Actor, n: u32| {
        let reference = text(&format!("chat/{n:03}"));
        let events = w.act(who, Post::new(reference));
        assert_eq!(World::names(&events), ["posted"]);
        (json(&w.deal).len(), w.journal.len())
    };
    let everybody = [buyer(), seller(), judge(), operator()];
    let sizes: Vec<_> = (0..100_u32).zip(everybody.iter().cycle()).map(|(n, who)| post(who, n)).collect();
    // the journal has them all; of the deal only its numbers grow
    assert_eq!(sizes[99].1 - sizes[0].1, 99);
    assert!(sizes[99].0 - sizes[4].0 < 10, "{sizes:?}");
    // of many revisions the deal keeps the last
    let mut w = World::funded(plain(Policy::shop()));
    let mut sizes = Vec::new();
    for number in 1..=9 {
        w.act(&seller(), submit(number));
        sizes.push(json(&w.deal).len());
    }
    // from the second on it also knows how long the buyer had left to look at the one before: a name and its milliseconds
    assert!(sizes[1] - sizes[0] < "\"acceptance_ms\":2592000000,".len() + 10, "{sizes:?}");
    assert!(sizes[8] - sizes[1] < 10, "{sizes:?}");
    let submitted = w.journal.iter().filter(|r| matches!(r.event, Event::Submitted { .. }));
    assert_eq!(submitted.count(), 9);
}
