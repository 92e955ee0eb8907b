//! How both parties agree that a deal ends, and what the seller gives back.

use crate::common::*;
use escrow::deal::command::{
    AcceptAward, ChargebackStep, Escalate, FileClaim, GiveBack, IncurCost, Post, ProposeAward, Rule,
    WithdrawDispute,
};
use escrow::deal::{Event, Guard, Rejection};
use escrow::deposit::Purpose;
use escrow::dispute::DisputeStage;
use escrow::settlement::{Ending, Resolution};
use escrow::terms::{OnRefund, Payer, Provider};
use escrow::{Award, Payee, Policy, Rate, Side, Status};

fn half() -> Award {
    Award::Share(Rate::HALF)
}

#[test]
fn in_every_funded_phase_without_a_quarrel() {
    let funded: [fn(escrow::TermsDraft) -> World; 3] = [World::funded, World::performing, World::disputed];
    for at in funded {
        let mut w = at(plain(Policy::shop()));
        w.act(&seller(), ProposeAward::new(half()));
        w.act(&buyer(), AcceptAward::new(half()).offer(1));
        w.repeat(&buyer(), AcceptAward::new(half()).offer(1));
        // half of 1 000.00 each
        assert_eq!(w.gets(&Payee::Seller, Purpose::Payout), 500_00);
        assert_eq!(w.gets(&Payee::Buyer, Purpose::Refund), 500_00);
        w.done_all();
        assert_eq!((w.status(), w.deal.ending()), (Status::Resolved, Some(&Ending::agreed(half()))));
    }
    // a guarantee deal, too
    let mut draft = plain(Policy::guarantee());
    draft.guarantees.seller = Some(rub(100_00));
    let mut w = World::funded(draft);
    w.act(&buyer(), ProposeAward::new(Award::BuyerAll));
    w.act(&seller(), AcceptAward::new(Award::BuyerAll));
    assert_eq!(w.gets(&Payee::Buyer, Purpose::Refund), 1_000_00);
    assert_eq!(w.gets(&Payee::Seller, Purpose::Guarantee), 100_00);
}

/// Called off, nobody pays a fee, and no staff is asked.
#[test]
fn both_want_out() {
    let mut draft = sale(Policy::shop());
    // 5 % of the seller, which is kept in every ending with somebody at fault; a courier of 100.00, whom both pay by half
    draft.fees[0].on_refund = Some(OnRefund::Keep);
    draft.services.push(service("courier", 100_00, Payer::Shared(Rate::HALF), Provider::Platform));
    let mut w = World::performing(draft);
    w.act(&operator(), IncurCost::new(0, text("invoice")));
    w.act(&buyer(), ProposeAward::new(Resolution::CallOff));
    w.act(&seller(), AcceptAward::new(Resolution::CallOff));
    assert_eq!(w.deal.ending(), Some(&Ending::CalledOff));
    // of 1 050.00 the courier's 50.00 is the buyer's; the other 50.00 the seller owes, who gets nothing to pay it from
    assert_eq!(w.gets(&Payee::Platform, Purpose::Service), 50_00);
    assert_eq!(w.gets(&Payee::Buyer, Purpose::Refund), 1_000_00);
    assert_eq!(w.gets(&Payee::Platform, Purpose::Fee), 0);
    let owed: Vec<_> = w.deal.receivables().map(|d| (d.debtor.clone(), d.open())).collect();
    assert_eq!(owed, [(Payee::Seller, rub(50_00))]);
}

/// An offer falls for good when it would pay something else.
#[test]
fn offer_changed_underneath() {
    let mut draft = sale(Policy::shop());
    draft.services.push(service("courier", 100_00, Payer::Buyer, Provider::Platform));
    let mut w = World::performing(draft);
    let offer = ProposeAward::new(half());
    w.act(&seller(), offer);
    let stands = w.deal.preview(&w.deal.offer(Side::Seller).unwrap().award.ending()).unwrap();
    // of 1 100.00: half of 1 000.00; a fee that is returned takes nothing of an award; nothing was incurred
    assert_eq!(stands.minor_of(&Payee::Seller, Purpose::Payout), 500_00);
    assert_eq!(stands.minor_of(&Payee::Buyer, Purpose::Refund), 600_00);
    // the courier went: 100.00 are the platform's
    let events = w.act(&operator(), IncurCost::new(0, text("invoice")));
    assert!(events.iter().any(|r| r.event == Event::OfferFell { side: Side::Seller, number: 1 }));
    assert_eq!(w.refuse(&buyer(), AcceptAward::new(half())), Rejection::Guard(Guard::OfferMade));
    // made again it has another number, and the old one is not meant
    w.act(&seller(), offer);
    assert_eq!(w.refuse(&buyer(), AcceptAward::new(half()).offer(1)), Rejection::NoSuchOffer);
    w.act(&buyer(), AcceptAward::new(half()).offer(2));
    assert_eq!(w.gets(&Payee::Buyer, Purpose::Refund), 500_00);
}

#[test]
fn what_changes_nothing_fells_no_offer() {
    let mut w = World::performing(plain(Policy::shop()));
    w.act(&seller(), ProposeAward::new(half()));
    // a note; a chargeback that is only opened divides nothing otherwise
    w.act(&buyer(), Post::new(text("hello")));
    bank(&mut w, "cb", 10_00, ChargebackStep::Opened);
    assert!(w.deal.offer(Side::Seller).is_some());
    // a later one of the same side replaces it
    w.act(&seller(), ProposeAward::new(Award::BuyerAll));
    assert_eq!(w.deal.offer(Side::Seller).map(|o| (o.number, o.award)), Some((2, Resolution::BuyerAll)));
    assert_eq!(w.refuse(&buyer(), AcceptAward::new(half())), Rejection::NoSuchOffer);
}

#[test]
fn what_is_given_back_is_the_buyers_in_every_ending() {
    let given = |total| GiveBack::new(rub(total));
    let mut w = World::performing(sale(Policy::shop()));
    w.act(&seller(), given(200_00));
    w.repeat(&seller(), given(200_00));
    // a total, which only goes up, and not over the proceeds of 1 000.00
    let less = w.refuse(&seller(), given(199_99));
    assert_eq!(less, Rejection::GivenBackMore { total: rub(200_00) });
    let over = w.refuse(&operator(), given(1_000_01));
    assert_eq!(over, Rejection::GivesBackTooMuch { max: rub(1_000_00) });
    assert_eq!(w.refuse(&buyer(), given(300_00)).code(), "wrong-role");
    w.act(&operator(), given(250_00));
    assert_eq!(w.deal.given_back(), rub(250_00));
    // not awarded away either: M is 750.00
    let half = w.deal.preview(&Ending::agreed(half())).unwrap();
    assert_eq!(half.minor_of(&Payee::Buyer, Purpose::Refund), 625_00);
    w.act(&buyer(), accept());
    // S = 750.00, of which the fee takes its 50.00: it depends on the price
    assert_eq!(w.gets(&Payee::Buyer, Purpose::Refund), 250_00);
    assert_eq!(
        (w.gets(&Payee::Seller, Purpose::Payout), w.gets(&Payee::Platform, Purpose::Fee)),
        (700_00, 50_00)
    );
}

#[test]
fn a_charge_goes_as_far_as_the_award() {
    let mut w = World::performing(plain(Policy::shop()));
    w.act(&seller(), charge("extra", Side::Buyer, Payee::Seller, 100_00));
    let extra = w.deal.deposits().last().unwrap().id();
    w.pay(extra, 100_00);
    w.act(&seller(), ProposeAward::new(half()));
    // φ = one half: 50.00 of the charge go with 500.00 of the price
    let pays = w.deal.preview(&Ending::agreed(half())).unwrap();
    assert_eq!(pays.minor_of(&Payee::Seller, Purpose::Charge), 50_00);
    w.act(&buyer(), AcceptAward::new(half()));
    assert_eq!(w.gets(&Payee::Seller, Purpose::Charge), 50_00);
    assert_eq!(w.gets(&Payee::Buyer, Purpose::Refund), 550_00);
}

#[test]
fn the_arbiter_is_asked_at_once() {
    let arbitration = |w: &World| w.deal.dispute().unwrap().stage() == DisputeStage::Arbitration;
    // the operator's word
    let mut w = World::disputed(judged(plain(Policy::shop())));
    w.act(&operator(), Escalate {});
    w.repeat(&operator(), Escalate {});
    // 20 days to rule
    assert_eq!((arbitration(&w), w.until()), (true, w.now.plus_secs(20 * DAY)));
    w.act(&judge(), Rule::new(Award::SellerAll));
    // both parties'
    let mut w = World::disputed(judged(plain(Policy::shop())));
    w.act(&seller(), Escalate {});
    w.repeat(&seller(), Escalate {});
    assert_eq!((arbitration(&w), w.deal.dispute().unwrap().escalation_by()), (false, Some(Side::Seller)));
    w.act(&buyer(), Escalate {});
    assert!(arbitration(&w));
    // one party's, where the policy says so
    let mut w = World::disputed(judged(plain(Policy::shop().early_arbitration(true))));
    w.act(&buyer(), Escalate {});
    assert!(arbitration(&w));
    // each files a claim of its own
    w.act(&buyer(), FileClaim::new(text("A40-17")));
    w.act(&seller(), FileClaim::new(text("A40-18")));
    let claims = Side::ALL.map(|side| w.deal.dispute().unwrap().claim(side).unwrap().as_str());
    assert_eq!(claims, ["A40-17", "A40-18"]);
}

#[test]
fn an_arbiter_who_is_asked_again_has_a_quarter_of_the_time() {
    let mut w = World::disputed(judged(plain(Policy::shop())));
    w.act(&operator(), Escalate {});
    // a day is left of 20
    w.pass(19 * DAY).act(&buyer(), WithdrawDispute::default());
    w.act(&seller(), dispute("again"));
    assert_eq!(w.until(), w.now.plus_secs(5 * DAY));
}

#[test]
fn the_buyer_disputes_before_the_performance() {
    let mut w = World::funded(plain(Policy::shop()));
    assert_eq!(w.refuse(&seller(), dispute("where are you")).code(), "wrong-phase");
    w.pass(DAY).act(&buyer(), dispute("nothing happens"));
    w.pass(DAY).act(&buyer(), WithdrawDispute::default());
    // 6 of 7 days were left
    assert_eq!((w.status(), w.until()), (Status::AwaitingPerformance, w.now.plus_secs(6 * DAY)));
}
