//! Chargebacks: what is open stops legs, what is lost leaves the pot.

use crate::common::*;
use escrow::deal::Event;
use escrow::deal::command::{ChargebackStep, StartPerforming};
use escrow::deposit::{LegState, Purpose, TransactionKind};
use escrow::{Actor, Award, Payee, Policy, Side, Status};

use ChargebackStep::{Lost, Opened, Won};
use TransactionKind::Capture;

#[test]
fn an_award_is_paid_though_the_pot_has_shrunk() {
    // ruled: 1 000.00 to the seller; the payout is under way when the bank takes 600.00 back; a charge is captured
    let mut w = World::arbitrated(judged(plain(Policy::shop())));
    w.act(&seller(), charge("c", Side::Buyer, Payee::Seller, 50_00));
    w.hold(c1(), 50_00, after(60 * DAY));
    let capture = w.order(Capture, &Payee::Buyer);
    let award = Award::Amount(rub(1_000_00));
    w.act(&judge(), escrow::deal::command::Rule::new(award));
    w.act(&Actor::Gateway, chargeback("cb", "pay-1", 600_00, ChargebackStep::Lost));
    w.done(capture);
    w.done_all();
    assert_eq!(w.status(), Status::Resolved);
    // resolved is not success: the 50.00 go back
    assert_eq!(w.buckets(c1()).refunded, 50_00);
    assert_eq!(w.owed(), [(Payee::Seller, Payee::Platform, Purpose::Chargeback, 600_00)]);
}

/// 5.00 of 1 000.00 are disputed: of 950.00 to the seller 945.00 go out, and so do the platform's 50.00. The bank takes
/// the 5.00: of what was sent nothing is said to be cut.
#[test]
fn a_leg_that_loses_nothing_is_not_cut() {
    let mut w = World::performing(sale(Policy::shop()));
    bank(&mut w, "case", 5_00, Opened);
    w.act(&buyer(), accept());
    let sent: Vec<_> = w.pending().into_iter().map(|(_, kind, to, minor)| (kind, to, minor)).collect();
    assert_eq!(
        sent,
        [(TransactionKind::Fee, Payee::Platform, 50_00), (TransactionKind::Payout, Payee::Seller, 945_00)]
    );
    let lost = w.act(&Actor::Gateway, chargeback("case", "pay-1", 5_00, Lost));
    let cuts: Vec<_> = lost
        .iter()
        .filter_map(|recorded| match recorded.event {
            Event::LegCut { leg, old, new } => Some((leg.number(), old.minor(), new.minor())),
            _ => None,
        })
        .collect();
    assert_eq!(cuts, [(3, 5_00, 0)]);
    w.done_all();
    assert_eq!((w.status(), w.owed()), (Status::Completed, vec![]));
}

/// What comes in by another payment is not in dispute, and goes back at once.
#[test]
fn the_surplus_of_another_payment_waits_for_no_bank() {
    let mut w = World::funded(plain(Policy::shop()));
    bank(&mut w, "case", 5_00, Opened);
    w.pay(B, 10_00);
    assert_eq!(w.legs(), [(B, Payee::Buyer, Purpose::Excess, 10_00, LegState::Ordered)]);
}

#[test]
fn what_is_disputed_waits_and_is_cut_in_that_order() {
    // ruled 40 % of 1 000.00: 400.00 and 600.00. 700.00 are disputed: the refund of 600.00 waits, and 100.00 of the
    // seller's 400.00; 300.00 go out
    let mut w = World::arbitrated(judged(plain(Policy::shop())));
    bank(&mut w, "cb", 700_00, Opened);
    w.act(&judge(), rule(Award::Share(percent(40))));
    let leg = |to, purpose, minor, state| (B, to, purpose, minor, state);
    let legs = [
        leg(Payee::Seller, Purpose::Payout, 300_00, LegState::Ordered),
        leg(Payee::Buyer, Purpose::Refund, 600_00, LegState::Waiting),
        leg(Payee::Seller, Purpose::Payout, 100_00, LegState::Waiting),
    ];
    assert_eq!(w.legs(), legs);
    // the bank takes 700.00: with the 600.00 the buyer would have 300.00 twice; then what waited is cut: the other
    // 300.00 of the refund, and the seller's 100.00
    bank(&mut w, "cb", 700_00, Lost);
    assert_eq!(w.pending(), [(2, TransactionKind::Payout, Payee::Seller, 300_00)]);
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
    assert_eq!(w.deal.chargebacks()[0].amount(), Some(rub(300_00)));
    assert_eq!(w.buckets(B).charged_back, 300_00);
}

#[test]
fn what_goes_back_to_the_payer_is_taken_first() {
    // one payment of 1 200.00 for 1 000.00; the refund of 200.00 is declined. The bank takes all of it: the buyer would
    // have 200.00 + 1 200.00 - 1 200.00 = 200.00 twice, so the refund falls; 1 000.00 come out of the pot
    let mut w = World::new(plain(Policy::shop()));
    w.pay(B, 1_200_00);
    let refund = w.order(TransactionKind::Refund, &Payee::Buyer);
    w.decline(refund);
    assert_eq!(w.legs(), [(B, Payee::Buyer, Purpose::Excess, 200_00, LegState::Declined)]);
    bank(&mut w, "cb", 1_200_00, Lost);
    assert_eq!(w.legs(), [(B, Payee::Buyer, Purpose::Excess, 0, LegState::Dropped)]);
    // nothing was performed yet, and nothing is left: cancelled, at nobody's fault
    assert_eq!((w.status(), w.owed(), w.pending()), (Status::Cancelled, vec![], vec![]));
    let b = w.buckets(B);
    assert_eq!((b.received, b.held, b.refunded, b.charged_back), (1_200_00, 0, 0, 1_200_00));
}

/// The platform is liable, and everything was paid out: no pot, no leg and no debt bears the 1 000.00. It is the platform's own
/// cost, which the event says; what the bank gives back of it, it is not.
#[test]
fn what_nobody_answers_for_is_the_platforms_own_cost() {
    let mut w = World::performing(sale(Policy::shop().chargeback_liable(escrow::terms::Liable::Platform)));
    w.act(&buyer(), accept());
    w.done_all();
    let borne = |events: &[escrow::Recorded]| {
        events.iter().find_map(|recorded| match recorded.event {
            Event::PotCut { borne, .. } => Some(borne),
            _ => None,
        })
    };
    let events = w.act(&Actor::Gateway, chargeback("case", "pay-1", 1_000_00, Lost));
    assert_eq!(borne(&events), Some(Some(rub(1_000_00))));
    assert_eq!((w.deal.deposit(B).unwrap().borne(), w.owed()), (rub(1_000_00), vec![]));
    let events = w.act(&Actor::Gateway, chargeback("case", "pay-1", 400_00, ChargebackStep::Reinstated));
    assert_eq!(borne(&events), Some(Some(rub(600_00))));
}

/// The auditor's deal: 100.00, of which 40.00 are lost while the seller performs. The platform has its 5.00; of 95.00 the seller
/// gets what is there, 55.00. An award of a half, offered before the loss, pays something else after it, and has fallen.
#[test]
fn a_preview_says_what_a_loss_leaves() {
    use escrow::deal::command::{AcceptAward, ProposeAward};
    use escrow::settlement::Ending;

    let mut draft = sale(Policy::shop());
    draft.items[0].unit_price = rub(100_00);
    let mut w = World::new(draft);
    w.pay(B, 100_00);
    w.act(&seller(), StartPerforming {});
    w.act(&buyer(), ProposeAward::new(Award::Share(escrow::Rate::HALF)));
    assert!(w.deal.offer(escrow::Side::Buyer).is_some());
    bank(&mut w, "case", 40_00, ChargebackStep::Lost);
    let preview = w.deal.preview(&Ending::Success).unwrap();
    let of = |payee, purpose| preview.minor_of(&payee, purpose);
    assert_eq!((of(Payee::Platform, Purpose::Fee), of(Payee::Seller, Purpose::Payout)), (5_00, 55_00));
    assert_eq!(preview.receivables.len(), 0);
    assert_eq!(w.deal.offer(escrow::Side::Buyer), None);
    let accepted = AcceptAward::new(Award::Share(escrow::Rate::HALF));
    assert_eq!(w.refuse(&seller(), accepted).code(), "no-such-offer");
    // what is previewed is paid
    w.act(&buyer(), accept());
    assert_eq!(orders(&w), [(TransactionKind::Fee, 5_00), (TransactionKind::Payout, 55_00)]);
}

/// All of it is lost: nobody is paid, and the seller owes the platform what it would have had.
#[test]
fn a_preview_of_what_is_lost_whole() {
    use escrow::settlement::Ending;

    let mut w = World::new(sale(Policy::shop()));
    w.pay(B, 1_000_00);
    w.act(&seller(), StartPerforming {});
    bank(&mut w, "case", 1_000_00, ChargebackStep::Lost);
    let preview = w.deal.preview(&Ending::Success).unwrap();
    assert_eq!(preview.shares.len(), 0);
    w.act(&buyer(), accept());
    let owed =
        |r: &escrow::settlement::Receivable| (r.debtor.clone(), r.payee.clone(), r.purpose, r.amount.minor());
    assert_eq!(preview.receivables.iter().map(owed).collect::<Vec<_>>(), w.owed());
}
