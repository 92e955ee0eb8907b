//! The life of a deal, rule by rule: DESIGN §4 for the phases Proposed … Closed. Amounts are worked out by hand in
//! the comments, in roubles.
//!
//! `World` (see `common`) checks all invariants, replay, decoding, conservation, the book of real money, punctuality
//! and repeats around every step.
#![allow(clippy::arithmetic_side_effects, clippy::indexing_slicing, clippy::panic)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::wildcard_enum_match_arm)]
// 1_000_00 reads as 1 000.00
#![allow(clippy::inconsistent_digit_grouping)]

use std::sync::Arc;

use crate::common::*;
use escrow::deal::command::{
    Accept, Agree, Answered, AppointArbiter, Attach, Attachment, Cancel, ChargebackStep, CheckpointKind,
    DestinationUse, Extend, IncurCost, PaymentClaim, Post, RemoveTrack, RequestChanges,
    StartPerforming, StopPerforming, Verdict, WithdrawDispute,
};
use escrow::deal::{Command, Consents, Event, Guard, Timer};
use escrow::deposit::{DepositId, LegState, TransactionKind};
use escrow::settlement::{Ending, Fault, Purpose, SettleError};
use escrow::terms::{
    Acceptance, BuyerCancel, Fee, FeePayee, Item, Moderation, OnRefund, OnSilence, Payer, Problem, Provider,
    Terms,
};
use escrow::{
    Actor, Award, Context, Deal, DealSummary, Destination, Outcome, Payee, Policy, Rejection, Role, Side,
    Status, TermsDraft, Time, TxId, transition,
};
use serde_json::Value;

use DestinationUse::{Payouts, Refunds};
use TransactionKind::{Capture, Payout, Refund, Void};

fn accept() -> Command {
    Accept::default().into()
}

fn accept_part(quantities: &[u32]) -> Command {
    Accept::part(quantities).into()
}

fn by_operator(at_fault: Fault) -> Command {
    Cancel::new(text("stop")).at_fault(at_fault).into()
}

fn incur(service: u8) -> Command {
    IncurCost::new(service, text("receipt")).into()
}

fn changes(number: u16) -> Command {
    RequestChanges::new(number, text("louder")).into()
}

fn progress(id: &str, at: Time) -> Command {
    checkpoint("A", id, CheckpointKind::Progress, at)
}

fn finished(id: &str, at: Time) -> Command {
    checkpoint("A", id, CheckpointKind::Final, at)
}

fn refused(id: &str, at: Time) -> Command {
    checkpoint("A", id, CheckpointKind::Refused, at)
}

fn wrong_phase(rejection: Rejection) -> bool {
    matches!(rejection, Rejection::WrongPhase { .. })
}

fn c1() -> DepositId {
    DepositId::charge(1).unwrap()
}

/// The kinds and amounts of what is pending.
fn orders(w: &World) -> Vec<(TransactionKind, i64)> {
    w.pending().into_iter().map(|(_, kind, _, amount)| (kind, amount)).collect()
}

/// A marketplace whose every funded deal waits for a moderator.
fn moderated(moderation: Moderation) -> TermsDraft {
    let mut draft = plain(Policy::shop());
    draft.policy.moderation = moderation;
    draft
}

/// Delivery for 100.00 that the buyer pays to the seller: deposit 1 100.00, proceeds 1 100.00.
fn with_sellers_delivery(policy: Policy) -> TermsDraft {
    let mut draft = plain(policy);
    draft.services.push(service("delivery", 100_00, Payer::Buyer, Provider::Seller));
    draft
}

/// Delivery for 100.00 that the seller pays to a courier: deposit 1 000.00, payout 900.00.
fn with_courier(policy: Policy) -> TermsDraft {
    let mut draft = plain(policy);
    let courier = Provider::Third(text("courier"));
    draft.services.push(service("delivery", 100_00, Payer::Seller, courier));
    draft
}

fn dearer(mut draft: TermsDraft) -> TermsDraft {
    draft.items[0].unit_price = rub(1_200_00);
    draft
}

fn described(mut draft: TermsDraft) -> TermsDraft {
    draft.description = Some(text("blue, not red"));
    draft
}

// --- proposals ---

#[test]
fn explicit_consent_needs_both() {
    let mut w = World::new(plain(Policy::freelance()));
    assert_eq!(w.status(), Status::Proposed);
    assert_eq!(w.until(), after(7 * DAY));
    // the proposer has consented by proposing
    assert_eq!(w.deal.consents(), Consents { buyer: true, seller: false });
    w.repeat(&buyer(), agree(1));
    w.pass(DAY).act(&seller(), agree(1));
    assert_eq!(w.status(), Status::AwaitingDeposit);
    // the window to pay begins with the agreement: 1 + 3 days
    assert_eq!(w.until(), after(4 * DAY));
}

#[test]
fn an_operator_proposes_for_nobody() {
    let mut w = World::proposed_by(&operator(), plain(Policy::freelance()));
    assert_eq!(w.deal.consents(), Consents::default());
    w.act(&seller(), agree(1));
    assert_eq!(w.status(), Status::Proposed);
    w.act(&buyer(), agree(1));
    assert_eq!(w.status(), Status::AwaitingDeposit);
}

#[test]
fn creation_can_imply_consent() {
    let w = World::proposed_by(&operator(), plain(Policy::shop()));
    assert_eq!(w.status(), Status::AwaitingDeposit);
    assert_eq!(w.deal.consents(), Consents::BOTH);
    // strangers propose nothing
    let id = w.deal.id();
    for actor in [party("mallory"), moderator(), Actor::Gateway, Actor::Clock] {
        let context = Context::new(start(), actor);
        let proposed = Deal::propose(id, terms(plain(Policy::shop())), &context);
        assert_eq!(proposed.err(), Some(Rejection::UnknownActor));
    }
}

#[test]
fn a_proposal_lapses() {
    let mut w = World::new(plain(Policy::freelance()));
    w.wait_for_deadline();
    assert_eq!((w.now, w.status()), (after(7 * DAY), Status::Expired));
    // at the instant itself it is too late to agree
    let mut w = World::new(plain(Policy::freelance()));
    w.at(after(7 * DAY));
    assert!(wrong_phase(w.refuse(&seller(), agree(1))));
    let mut w = World::new(plain(Policy::freelance()));
    w.at(just_before(after(7 * DAY))).act(&seller(), agree(1));
    assert_eq!(w.status(), Status::AwaitingDeposit);
}

#[test]
fn a_proposal_is_turned_down() {
    for actor in [buyer(), seller()] {
        let mut w = World::new(plain(Policy::freelance()));
        w.act(&actor, cancel("no"));
        assert_eq!(w.status(), Status::Declined);
        assert_eq!(w.deal.status_change().comment.as_deref(), Some("no"));
        w.repeat(&actor, cancel("no"));
    }
    let mut w = World::new(plain(Policy::freelance()));
    w.act(&operator(), cancel("spam"));
    assert_eq!(w.status(), Status::Cancelled);
}

#[test]
fn a_counter_offer_is_a_new_version() {
    let mut w = World::new(plain(Policy::freelance()));
    let events = w.act(&seller(), amend(1, dearer(plain(Policy::freelance()))));
    let Event::TermsAmended { terms_version, deposits, consents, .. } = &events[0].event else {
        panic!("{events:?}");
    };
    assert_eq!(*terms_version, 2);
    // 1 000.00 → 1 200.00
    assert_eq!((deposits[0].old, deposits[0].new), (rub(1_000_00), rub(1_200_00)));
    assert_eq!(*consents, Consents { buyer: false, seller: true });
    // the proposal's deadline does not move by it
    assert_eq!(w.until(), after(7 * DAY));
    // the buyer was slower with his own version 2
    let slower = w.refuse(&buyer(), amend(1, described(plain(Policy::freelance()))));
    assert_eq!(slower, Rejection::StaleTerms { given: 1, actual: 2 });
    // and counters the counter-offer
    w.act(&buyer(), amend(2, plain(Policy::freelance())));
    assert_eq!(w.deal.consents(), Consents { buyer: true, seller: false });
    w.act(&seller(), agree(3));
    assert_eq!(w.status(), Status::AwaitingDeposit);
    assert_eq!(w.deal.terms().quote().deposit, rub(1_000_00));
}

#[test]
fn what_an_amendment_cannot_change() {
    let mut w = World::new(sale(Policy::shop()));
    let base = sale(Policy::shop());
    let with = |change: &dyn Fn(&mut TermsDraft)| {
        let mut draft = base.clone();
        change(&mut draft);
        draft
    };
    let everybody = [buyer(), seller(), operator()];
    let for_nobody = [
        ("buyer", with(&|d| d.buyer = text("bella"))),
        ("seller", with(&|d| d.seller = text("sid"))),
        ("arbiter", with(&|d| d.arbiter = Some(text("judge")))),
    ];
    for (field, draft) in for_nobody {
        for actor in &everybody {
            let Rejection::Terms(error) = w.refuse(actor, amend(1, draft.clone())) else { panic!() };
            assert_eq!((error.field(), error.problem()), (field, Problem::Pinned));
        }
    }
    // money has come in, so the currency of that deposit stays
    let mut dollars = base.clone();
    dollars.guarantees.buyer = Some(usd(10_00));
    let mut w2 = World::new({
        let mut draft = base.clone();
        draft.guarantees.buyer = Some(rub(10_00));
        draft
    });
    w2.pay(GB, 5_00);
    let Rejection::Terms(error) = w2.refuse(&buyer(), amend(1, dollars)) else { panic!() };
    assert_eq!(error.problem(), Problem::Pinned);
    // an operator may change fees
    w.act(&operator(), amend(1, plain(Policy::shop())));
    assert_eq!(w.deal.consents(), Consents::default());
    assert_eq!(w.deal.binding_terms().fees.len(), 1);
}

/// A chargeback of a deposit keeps its currency, too, before any money of it is known; of another one it does not.
#[test]
fn a_contested_deposit_keeps_its_currency() {
    let guarantee_of = |amount| {
        let mut draft = sale(Policy::shop());
        draft.guarantees.buyer = Some(amount);
        draft
    };
    for (contested, stays) in [(GB, true), (B, false)] {
        let mut w = World::new(guarantee_of(rub(10_00)));
        w.act(&Actor::Gateway, chargeback("case", contested, 5_00, ChargebackStep::Opened));
        let dollars = amend(1, guarantee_of(usd(10_00)));
        if stays {
            let Rejection::Terms(error) = w.refuse(&buyer(), dollars) else { panic!() };
            assert_eq!((error.field(), error.problem()), ("guarantees", Problem::Pinned));
        } else {
            w.act(&buyer(), dollars);
            assert_eq!(w.deal.deposit(GB).unwrap().required(), usd(10_00));
        }
    }
}

#[test]
fn a_changed_deposit_is_returned_in_full_and_an_unchanged_one_stays() {
    let mut draft = plain(Policy::shop());
    draft.guarantees.seller = Some(rub(300_00));
    let mut w = World::new(draft.clone());
    w.pay(B, 400_00);
    w.pay(GS, 300_00);
    let events = w.act(&seller(), amend(1, dearer(draft.clone())));
    assert_eq!(World::names(&events), ["terms_amended", "leg_ordered"]);
    assert_eq!(w.legs(), [(B, Payee::Buyer, Purpose::Returned, 400_00, LegState::Ordered)]);
    assert_eq!((w.held(B), w.held(GS)), (0, 300_00));
    // paid again, before the consent, and before the return has arrived
    w.pay(B, 1_200_00);
    assert_eq!(w.status(), Status::AwaitingDeposit);
    w.act(&buyer(), agree(2));
    assert_eq!(w.status(), Status::AwaitingPerformance);
    w.done_all();
    // 400.00 + 1 200.00 in, 400.00 back
    let b = w.buckets(B);
    assert_eq!((b.received, b.refunded, b.held), (1_600_00, 400_00, 1_200_00));
    // a description changes no deposit
    let mut w = World::new(draft.clone());
    w.pay(B, 400_00);
    w.act(&seller(), amend(1, described(draft)));
    assert_eq!(w.held(B), 400_00);
}

/// Nalogka's shop: the order changes before it is paid, the shop updates the deal, and the buyer simply pays.
#[test]
fn where_creation_implies_consent_asking_to_pay_is_agreeing() {
    let shop = || sale(Policy::shop());
    let mut w = World::new(shop());
    w.act(&buyer(), request("cart", B, 1_000_00));
    w.act(&seller(), amend(1, dearer(shop())));
    assert!(!w.deal.consents().buyer && w.deal.consents().seller);
    // a retry of what was asked before says nothing of the new terms
    w.repeat(&buyer(), request("cart", B, 1_000_00));
    assert!(!w.deal.consents().buyer);
    // a new form is for the new terms
    let asked = w.act(&buyer(), request("cart-2", B, 1_200_00));
    assert_eq!(World::names(&asked), ["agreed", "payment_requested"]);
    assert!(w.deal.consents().all());
    assert_eq!(w.deal.binding_terms().quote().deposit, rub(1_200_00));
    w.pay(B, 1_200_00);
    assert_eq!(w.status(), Status::AwaitingPerformance);
}

#[test]
fn an_old_form_agrees_to_nothing_new() {
    // the price stays and the thing is another one: what is paid by the form of before waits for a word
    let shop = || sale(Policy::shop());
    let mut w = World::new(shop());
    w.act(&buyer(), request("cart", B, 1_000_00));
    w.act(&seller(), amend(1, described(shop())));
    w.pay(B, 1_000_00);
    assert_eq!((w.status(), w.deal.consents().buyer), (Status::AwaitingDeposit, false));
    let mut agreed = w.clone();
    agreed.act(&buyer(), agree(2));
    assert_eq!(agreed.status(), Status::AwaitingPerformance);
    // and without one, everything goes back in the end
    w.wait_for_deadline();
    w.done_all();
    assert_eq!((w.status(), w.gets(&Payee::Buyer, Purpose::Refund)), (Status::Expired, 1_000_00));
}

#[test]
fn asking_to_pay_is_no_consent_where_it_must_be_explicit_or_is_the_others() {
    // explicit consent stays explicit
    let mut w = World::new(sale(Policy::freelance()));
    w.act(&seller(), agree(1));
    w.act(&seller(), amend(1, dearer(sale(Policy::freelance()))));
    w.act(&buyer(), request("cart", B, 1_200_00));
    assert!(!w.deal.consents().buyer);
    // nor does an amendment say of itself that it needs no word
    let mut w = World::new(sale(Policy::freelance()));
    w.act(&seller(), agree(1));
    w.act(&operator(), amend(1, dearer(sale(Policy::shop()))));
    w.act(&buyer(), request("cart", B, 1_200_00));
    assert!(!w.deal.consents().buyer);
    // what the buyer proposes, the seller agrees to
    let mut w = World::new(sale(Policy::shop()));
    let mut cheaper = sale(Policy::shop());
    cheaper.items[0].unit_price = rub(1_00);
    w.act(&buyer(), amend(1, cheaper));
    w.act(&buyer(), request("cart", B, 1_00));
    w.pay(B, 1_00);
    assert_eq!((w.status(), w.deal.consents().seller), (Status::AwaitingDeposit, false));
    // a moderator's remark is answered by an explicit word: the deal is not agreed until then
    let draft = || moderated(Moderation::OnDemand);
    let mut w = World::new(draft());
    w.act(&moderator(), remark("describe it"));
    w.act(&seller(), amend(1, described(draft())));
    w.act(&buyer(), request("cart", B, 1_000_00));
    assert_eq!((w.status(), w.deal.consents().buyer), (Status::Moderation, false));
}

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

// --- funding ---

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
fn a_request_moves_nothing_and_is_answered_by_the_payment() {
    let mut w = World::new(plain(Policy::shop()));
    w.act(&buyer(), request("k1", B, 400_00));
    w.act(&buyer(), request("k2", B, 600_00));
    w.act(&buyer(), request("k3", B, 600_00));
    // a second arrival is recognised by its key
    w.repeat(&buyer(), request("k1", B, 400_00));
    assert_eq!((w.held(B), w.deal.has_pending()), (0, false));
    // named: k3 is transaction 3; its amount need not be the requested one
    let mut named = payment(B, "p1", rub(500_00));
    named.transaction = Some(TxId::new(3));
    w.act(&Actor::Gateway, named);
    let t = w.deal.transaction(TxId::new(3)).unwrap();
    assert_eq!((t.amount(), t.key().map(|k| k.as_str())), (rub(500_00), Some("k3")));
    // not named: the oldest request of just this amount, here k1
    w.act(&Actor::Gateway, payment(B, "p2", rub(400_00)));
    assert!(!w.deal.transaction(TxId::new(1)).unwrap().is_pending());
    // no request of 100.00: a transaction of its own
    w.act(&Actor::Gateway, payment(B, "p3", rub(100_00)));
    assert_eq!(w.deal.transactions().len(), 4);
    assert_eq!(w.status(), Status::AwaitingPerformance);
    // k2 was never paid, and holds nobody up
    w.act(&Actor::Gateway, answer(2, declined()));
    w.act(&seller(), StartPerforming {});
}

#[test]
fn what_can_be_requested() {
    let mut w = World::new(plain(Policy::shop()));
    let over = w.refuse(&buyer(), request("k", B, 1_000_01));
    assert_eq!(over, Rejection::AmountOverOutstanding { max: rub(1_000_00) });
    assert_eq!(w.refuse(&buyer(), request("k", B, 0)), Rejection::AmountNotPositive);
    assert_eq!(w.refuse(&seller(), request("k", B, 1)), Rejection::NotYourDeposit { deposit: B });
    assert_eq!(w.refuse(&buyer(), request("k", c1(), 1)), Rejection::UnknownDeposit { deposit: c1() });
    w.fill();
    let full = w.refuse(&buyer(), request("k", B, 1));
    assert_eq!(full, Rejection::AmountOverOutstanding { max: rub(0) });
}

#[test]
fn payments_in_every_amount() {
    // under: wait; exact: funded; over: the excess goes back, from the payment that brought it
    let mut w = World::new(plain(Policy::shop()));
    w.pay(B, 999_99);
    assert_eq!(w.status(), Status::AwaitingDeposit);
    w.pay(B, 5_01);
    assert_eq!(w.status(), Status::AwaitingPerformance);
    assert_eq!(w.legs(), [(B, Payee::Buyer, Purpose::Excess, 5_00, LegState::Ordered)]);
    assert_eq!(w.deal.legs()[0].source(), Some(TxId::new(2)));
    // in another currency: not even recorded, and an error that names why
    let dollars = payment(B, "usd", usd(1_00));
    assert_eq!(w.refuse(&Actor::Gateway, dollars), Rejection::AmountCurrency);
    let zero = payment(B, "zero", rub(0));
    assert_eq!(w.refuse(&Actor::Gateway, zero), Rejection::AmountNotPositive);
    // in a phase that takes no money: whole
    w.act(&seller(), StartPerforming {});
    w.pay(B, 70_00);
    assert_eq!(w.gets(&Payee::Buyer, Purpose::Excess), 75_00);
    // after the end
    w.act(&buyer(), accept());
    w.done_all();
    assert_eq!(w.status(), Status::Completed);
    w.pay(B, 1_00);
    assert_eq!((w.status(), orders(&w)), (Status::Completed, vec![(Refund, 1_00)]));
    // declined after the settlement deadline: to the balance, no state changes
    let refund = w.order(Refund, &Payee::Buyer);
    w.pass(6 * DAY).decline(refund);
    assert_eq!(w.legs().last().unwrap().4, LegState::Credited);
    assert_eq!(w.status(), Status::Completed);
}

#[test]
fn refunds_go_to_their_sources_newest_first() {
    let mut w = World::new(plain(Policy::shop()));
    w.pay(B, 500_00);
    w.pay(B, 300_00);
    w.pay(B, 200_00);
    w.act(&seller(), StartPerforming {});
    w.act(&buyer(), dispute("half of it is broken"));
    // 400.00 to the seller; of the 600.00 for the buyer 200.00 go to payment 3, 300.00 to 2, 100.00 to 1
    let award = Award::Amount(rub(400_00));
    w.act(&seller(), escrow::deal::command::ProposeAward::new(award));
    w.act(&buyer(), escrow::deal::command::AcceptAward::new(award));
    let refunds: Vec<_> = w
        .deal
        .legs()
        .iter()
        .filter(|l| l.purpose() == Purpose::Refund)
        .map(|l| (l.source().unwrap().number(), l.amount().minor()))
        .collect();
    assert_eq!(refunds, [(3, 200_00), (2, 300_00), (1, 100_00)]);
    let named: Vec<_> = w.deal.pending().filter_map(|p| p.source).map(|r| r.as_str().to_owned()).collect();
    assert_eq!(named, ["pay-3", "pay-2", "pay-1"]);
    w.done_all();
    assert_eq!(w.status(), Status::Resolved);
}

#[test]
fn a_claimed_payment_is_verified() {
    let claim = |version| Agree::new(version).payment(PaymentClaim::new(B, text("bank"), text("tran-1")));
    let mut w = World::proposed_by(&seller(), plain(Policy::freelance()));
    w.act(&buyer(), claim(1));
    assert_eq!((w.status(), w.held(B)), (Status::AwaitingDeposit, 0));
    let asked = w.deal.pending().next().unwrap();
    assert_eq!(asked.source.map(|r| r.as_str()), Some("tran-1"));
    // another reference answers nothing
    let other = w.refuse(&Actor::Gateway, answer(1, succeeded("tran-2")));
    assert_eq!(other, Rejection::ConfirmInstead { tx: TxId::new(1) });
    let mut told = w.clone();
    w.act(&Actor::Gateway, answer(1, succeeded("tran-1")));
    assert_eq!((w.status(), w.held(B)), (Status::AwaitingPerformance, 1_000_00));
    // the webhook of the same payment says nothing new
    w.repeat(&Actor::Gateway, payment(B, "tran-1", rub(1_000_00)));
    // the other way round: the webhook answers the claim
    told.act(&Actor::Gateway, payment(B, "tran-1", rub(1_000_00)));
    assert_eq!((told.status(), told.deal.transactions().len()), (Status::AwaitingPerformance, 1));
    told.repeat(&Actor::Gateway, answer(1, succeeded("tran-1")));
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

// --- holds ---

#[test]
fn a_hold_is_captured_before_anything_starts() {
    let mut w = World::new(plain(Policy::shop()));
    w.hold(B, 1_000_00, after(10 * DAY));
    assert_eq!((w.status(), orders(&w)), (Status::AwaitingPerformance, vec![(Capture, 1_000_00)]));
    assert_eq!(w.refuse(&seller(), StartPerforming {}), Rejection::Guard(Guard::CaptureConfirmed));
    // tracking and a submission are recorded, and acted on with the answer
    w.act(&seller(), set_track("A"));
    w.act(&Actor::Tracker, progress("1", w.now));
    assert_eq!(w.status(), Status::AwaitingPerformance);
    let capture = w.order(Capture, &Payee::Buyer);
    w.done(capture);
    assert_eq!(w.status(), Status::Performing);
    let d = w.deal.deposit(B).unwrap();
    assert_eq!((d.held(), d.on_hold()), (rub(1_000_00), rub(0)));
}

#[test]
fn a_submission_waits_for_the_capture() {
    let mut w = World::new(plain(Policy::shop()));
    w.hold(B, 1_000_00, after(10 * DAY));
    w.act(&seller(), submit(1));
    assert_eq!(w.status(), Status::AwaitingPerformance);
    w.pass(HOUR).done(2);
    // a full window from the confirmation: 6 hours
    assert_eq!((w.status(), w.until()), (Status::AwaitingAcceptance, after(7 * HOUR)));
}

#[test]
fn a_capture_that_is_declined_cancels() {
    let mut w = World::new(sale(Policy::shop()));
    w.pay(B, 300_00);
    w.hold(B, 700_00, after(10 * DAY));
    let capture = w.order(Capture, &Payee::Buyer);
    w.decline(capture);
    // the 700.00 never came in; the 300.00 go back
    assert_eq!(w.deal.ending(), Some(&Ending::Cancelled(Fault::Nobody)));
    assert_eq!(orders(&w), [(Refund, 300_00)]);
    w.done_all();
    let b = w.buckets(B);
    assert_eq!((b.received, b.refunded), (300_00, 300_00));
    assert_eq!(w.status(), Status::Cancelled);
}

#[test]
fn a_capture_takes_what_is_needed() {
    // 1 500.00 on hold for 1 000.00: the bank keeps 500.00
    let mut w = World::new(plain(Policy::shop()));
    w.hold(B, 1_500_00, after(10 * DAY));
    assert_eq!(orders(&w), [(Capture, 1_000_00)]);
    w.done(2);
    let b = w.buckets(B);
    assert_eq!((b.received, b.refunded, b.held), (1_500_00, 500_00, 1_000_00));
    // 600.00 + 600.00: 600.00 of the older, 400.00 of the younger
    let mut w = World::new(plain(Policy::shop()));
    w.hold(B, 600_00, after(10 * DAY));
    w.hold(B, 600_00, after(9 * DAY));
    assert_eq!(orders(&w), [(Capture, 600_00), (Capture, 400_00)]);
    // one alone does not let it start
    w.done(3);
    assert_eq!(w.refuse(&seller(), StartPerforming {}), Rejection::Guard(Guard::CaptureConfirmed));
    w.done(4);
    w.act(&seller(), StartPerforming {});
    assert_eq!(w.buckets(B).refunded, 200_00);
    // one that is not needed at all is let go
    w.hold(B, 10_00, after(10 * DAY));
    assert_eq!(orders(&w), [(Void, 10_00)]);
    w.done_all();
    assert_eq!(w.held(B), 1_000_00);
}

#[test]
fn a_hold_is_captured_before_it_expires() {
    let mut w = World::new(plain(Policy::shop()));
    // 600.00 until the end of day 2; the margin is a day; the deposit has 3
    w.hold(B, 600_00, after(2 * DAY));
    assert_eq!(w.deal.next_timer(), Some((after(DAY), Timer::Hold(TxId::new(1)))));
    assert!(w.at(just_before(after(DAY))).wake().is_empty());
    w.at(after(DAY)).wake();
    assert_eq!((w.status(), orders(&w)), (Status::AwaitingDeposit, vec![(Capture, 600_00)]));
    w.pay(B, 400_00);
    assert_eq!(w.refuse(&seller(), StartPerforming {}), Rejection::Guard(Guard::CaptureConfirmed));
    w.done(2);
    w.act(&seller(), StartPerforming {});
    // one that came in too late for its margin is captured with the next step, at its own instant
    let mut w = World::new(plain(Policy::shop()));
    w.hold(B, 600_00, after(HOUR));
    let fired = w.wake();
    assert_eq!(World::names(&fired), ["timer_fired", "capture_ordered"]);
}

/// The timer of a hold runs whichever deposits have one, all of them included.
#[test]
fn the_first_hold_of_all_deposits_is_due_first() {
    // paid at the door but for the delivery: each side pays something in, and both give a guarantee
    let mut draft = sale(Policy::shop());
    draft.services.push(service("delivery", 100_00, Payer::Buyer, Provider::Third(text("courier"))));
    draft.pay_offline = Some(rub(1_000_00));
    (draft.guarantees.buyer, draft.guarantees.seller) = (Some(rub(50_00)), Some(rub(50_00)));
    let mut w = World::new(draft);
    let margin = w.deal.terms().policy.hold_margin_s;
    let deposits: Vec<_> = w.deal.deposits().iter().map(|d| d.id()).collect();
    for (n, deposit) in (0..).zip(deposits) {
        w.hold(deposit, 1, after(2 * margin + 40 - 10 * n));
    }
    assert!(w.deal.deposits().iter().all(|d| d.on_hold().minor() == 1));
    // the fourth expires first: 40 - 30 = 10 s after twice the margin, less the margin
    assert_eq!(w.deal.next_timer(), Some((after(margin + 10), Timer::Hold(TxId::new(4)))));
}

/// Of a hold and a phase, the earlier is due; at one instant, the phase.
#[test]
fn a_phase_is_due_before_a_hold_of_the_same_instant() {
    for (sooner, due_first) in [(1, Timer::Hold(TxId::new(1))), (0, Timer::Funding)] {
        let mut w = World::new(plain(Policy::shop()));
        let (funding, margin) = (w.deadline(), w.deal.terms().policy.hold_margin_s);
        let due = funding.minus_secs(sooner);
        w.hold(DepositId::BUYER_PAYMENT, 1, due.plus_secs(margin));
        assert_eq!(w.deal.next_timer(), Some((due, due_first)));
        w.hold(DepositId::BUYER_PAYMENT, 1, funding.plus_secs(margin + 1));
        assert_eq!(w.deal.next_timer(), Some((due, due_first)));
    }
}

#[test]
fn an_ending_lets_holds_go() {
    let mut w = World::new(plain(Policy::shop()));
    w.hold(B, 600_00, after(10 * DAY));
    w.act(&buyer(), cancel("no"));
    assert_eq!(orders(&w), [(Void, 600_00)]);
    let mut lapsed = w.clone();
    w.done_all();
    assert_eq!((w.status(), w.buckets(B).refunded), (Status::Cancelled, 600_00));
    // a void that the bank declines: the hold had lapsed by itself, the money never came in
    lapsed.decline(2);
    assert_eq!((lapsed.status(), lapsed.buckets(B).received), (Status::Cancelled, 0));
    assert_eq!(lapsed.legs()[0].4, LegState::Dropped);
}

#[test]
fn an_ending_waits_for_an_unanswered_capture() {
    let cancelled = || {
        let mut w = World::new(plain(Policy::shop()));
        w.hold(B, 1_000_00, after(10 * DAY));
        w.act(&buyer(), cancel("no"));
        // nothing but the capture: nobody knows yet what there is to give back
        assert_eq!((w.status(), orders(&w)), (Status::CancelRequested, vec![(Capture, 1_000_00)]));
        w
    };
    let mut w = cancelled();
    w.done(2);
    assert_eq!(orders(&w), [(Refund, 1_000_00)]);
    w.done_all();
    assert_eq!(w.status(), Status::Cancelled);
    let mut w = cancelled();
    w.decline(2);
    assert_eq!((w.status(), w.buckets(B).received), (Status::Cancelled, 0));
}

#[test]
fn before_the_capture_an_ending_takes_only_what_is_due() {
    // a fee of 20.00 that the buyer pays and that is kept; on hold are 1 020.00 when he cancels
    let mut draft = moderated(Moderation::Required);
    draft.fees.push(fixed_fee("platform", FeePayee::Platform, 20_00, Payer::Buyer, OnRefund::Keep));
    let mut w = World::new(draft);
    w.hold(B, 1_020_00, after(20 * DAY));
    assert_eq!((w.status(), orders(&w)), (Status::Moderation, vec![]));
    w.act(&buyer(), cancel("no"));
    assert_eq!(orders(&w), [(Capture, 20_00)]);
    w.done(2);
    assert_eq!(w.legs(), [(B, Payee::Platform, Purpose::Fee, 20_00, LegState::Ordered)]);
    w.done_all();
    // the bank has let 1 000.00 go
    let b = w.buckets(B);
    assert_eq!((b.received, b.paid_out, b.refunded), (1_020_00, 20_00, 1_000_00));
    assert_eq!(w.status(), Status::Cancelled);
}

#[test]
fn a_seller_who_waits_for_the_capture_is_not_late() {
    let mut w = World::new(plain(Policy::shop()));
    w.hold(B, 1_000_00, after(30 * DAY));
    w.wait_for_deadline();
    assert_eq!(w.now, after(7 * DAY));
    assert_eq!(w.deal.ending(), Some(&Ending::Cancelled(Fault::Nobody)));
}

#[test]
fn mutual_deals_wait_for_the_capture_too() {
    let mut w = World::new(guaranteed());
    w.act(&seller(), agree(1));
    w.pay(GS, 300_00);
    w.hold(GB, 300_00, after(20 * DAY));
    assert_eq!((w.status(), orders(&w)), (Status::AwaitingDeposit, vec![(Capture, 300_00)]));
    w.done_all();
    assert_eq!(w.status(), Status::Performing);
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
    json["state"]["concluded_at"] = serde_json::json!("2031-01-01T00:00:00Z");
    let error = serde_json::from_value::<Deal>(json).unwrap_err().to_string();
    assert!(error.contains("state.concluded_at"), "{error}");
}

// --- moderation ---

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

#[test]
fn until_an_amendment_is_agreed_the_old_terms_bind() {
    // delivery for 100.00 was incurred; the seller makes it 200.00; the buyer leaves on the old terms
    let mut draft = with_sellers_delivery(Policy::marketplace());
    draft.services.push(service("wrapping", 50_00, Payer::Seller, Provider::Seller));
    let mut w = World::funded(draft.clone());
    w.act(&seller(), incur(0));
    w.act(&moderator(), remark("hm"));
    let mut cheaper = draft.clone();
    cheaper.services[0].final_cost = rub(200_00);
    let Rejection::Terms(error) = w.refuse(&seller(), amend(1, cheaper)) else { panic!() };
    assert_eq!((error.field(), error.problem()), ("services", Problem::Pinned));
    let mut other = draft;
    other.services[1].final_cost = rub(60_00);
    w.act(&seller(), amend(1, other));
    w.act(&buyer(), cancel("I have not agreed to that"));
    // buyer at fault: 100.00 of incurred delivery to the seller, 1 000.00 back
    assert_eq!(w.gets(&Payee::Seller, Purpose::Payout), 100_00);
    assert_eq!(w.gets(&Payee::Buyer, Purpose::Refund), 1_000_00);
}

// --- tracking ---

#[test]
fn the_tracker_moves_the_deal() {
    let mut w = World::funded(plain(Policy::shop()));
    // before a track is attached, and of another one: ignored
    w.repeat(&Actor::Tracker, progress("0", w.now));
    w.act(&seller(), set_track("A"));
    w.repeat(&seller(), set_track("A"));
    w.repeat(&Actor::Tracker, checkpoint("B", "0", CheckpointKind::Final, w.now));
    w.pass(HOUR);
    w.act(&Actor::Tracker, progress("1", w.now));
    assert_eq!((w.status(), w.until()), (Status::Performing, after(HOUR).plus_secs(30 * DAY)));
    w.pass(HOUR);
    w.act(&Actor::Tracker, progress("2", w.now));
    assert_eq!(w.until(), after(HOUR).plus_secs(30 * DAY));
    w.pass(HOUR);
    w.act(&Actor::Tracker, finished("3", w.now));
    assert_eq!((w.status(), w.until()), (Status::AwaitingAcceptance, after((3 + 6) * HOUR)));
    w.repeat(&Actor::Tracker, finished("3", w.now));
    // out of order: recorded, not acted on
    w.act(&Actor::Tracker, checkpoint("A", "1b", CheckpointKind::Refused, after(HOUR)));
    assert_eq!(w.status(), Status::AwaitingAcceptance);
    assert_eq!(w.deal.latest_checkpoint().unwrap().id, "3");
    // 6 hours of silence accept
    w.wait_for_deadline();
    assert_eq!(w.now, after(9 * HOUR));
    w.done_all();
    assert_eq!(w.status(), Status::Completed);
}

#[test]
fn a_final_checkpoint_needs_no_progress_before_it() {
    let mut w = World::funded(plain(Policy::shop()));
    w.act(&seller(), set_track("A"));
    w.act(&Actor::Tracker, finished("1", w.now));
    assert_eq!(w.status(), Status::AwaitingAcceptance);
}

#[test]
fn a_refused_parcel_is_a_dispute() {
    let mut w = World::funded(plain(Policy::shop()));
    w.act(&operator(), set_track("A"));
    w.act(&Actor::Tracker, progress("1", w.now));
    w.pass(DAY);
    w.act(&Actor::Tracker, refused("2", w.now));
    assert_eq!(w.status(), Status::Disputed);
    // it opened by itself: both give it up
    w.act(&buyer(), WithdrawDispute::default());
    assert_eq!(w.status(), Status::Disputed);
    w.repeat(&buyer(), WithdrawDispute::default());
    w.act(&seller(), WithdrawDispute::default());
    // the refusal has been dealt with; 29 of 30 days are left
    assert_eq!((w.status(), w.until()), (Status::Performing, after(30 * DAY)));
}

#[test]
fn a_track_is_replaced_or_removed() {
    let mut w = World::funded(plain(Policy::shop()));
    w.act(&seller(), set_track("A"));
    w.pass(DAY);
    w.act(&Actor::Tracker, progress("1", w.now));
    // replaced: from nothing, back to before the start, with the 6 days that were left
    w.pass(DAY).act(&seller(), set_track("B"));
    assert_eq!((w.status(), w.until()), (Status::AwaitingPerformance, after((2 + 6) * DAY)));
    assert!(w.deal.latest_checkpoint().is_none());
    w.repeat(&Actor::Tracker, progress("2", w.now));
    w.act(&Actor::Tracker, checkpoint("B", "1", CheckpointKind::Progress, w.now));
    // 29 days of the performance were left
    assert_eq!((w.status(), w.until()), (Status::Performing, after((2 + 29) * DAY)));
    w.act(&Actor::Tracker, checkpoint("B", "2", CheckpointKind::Final, w.now));
    w.act(&seller(), RemoveTrack {});
    assert_eq!(w.status(), Status::AwaitingPerformance);
    w.repeat(&seller(), RemoveTrack {});
    // attaching the first one moves nothing
    w.act(&seller(), StartPerforming {});
    w.act(&seller(), set_track("C"));
    assert_eq!(w.status(), Status::Performing);
    assert_eq!(w.refuse(&seller(), StopPerforming {}), Rejection::Guard(Guard::ToldByHand));
}

#[test]
fn tracking_during_a_dispute_is_acted_on_afterwards() {
    let mut w = World::performing(plain(Policy::shop()));
    w.act(&seller(), set_track("A"));
    w.act(&buyer(), dispute("where is it"));
    w.pass(HOUR);
    w.act(&Actor::Tracker, finished("1", w.now));
    assert_eq!(w.status(), Status::Disputed);
    w.pass(HOUR).act(&buyer(), WithdrawDispute::default());
    assert_eq!((w.status(), w.until()), (Status::AwaitingAcceptance, after((2 + 6) * HOUR)));
}

#[test]
fn tracking_during_moderation_is_acted_on_afterwards() {
    let mut w = World::funded(plain(Policy::marketplace()));
    w.act(&seller(), set_track("A"));
    w.act(&moderator(), remark("hm"));
    w.act(&Actor::Tracker, progress("1", w.now));
    assert_eq!(w.status(), Status::Moderation);
    w.act(&moderator(), approve());
    assert_eq!(w.status(), Status::Performing);
}

// --- performing ---

#[test]
fn start_and_stop_use_up_their_time() {
    let mut w = World::funded(plain(Policy::shop()));
    w.pass(3 * DAY).act(&seller(), StartPerforming {});
    w.repeat(&seller(), StartPerforming {});
    assert_eq!(w.until(), after((3 + 30) * DAY));
    w.pass(10 * DAY).act(&operator(), StopPerforming {});
    w.repeat(&operator(), StopPerforming {});
    // 4 of 7 days to start
    assert_eq!((w.status(), w.until()), (Status::AwaitingPerformance, after((13 + 4) * DAY)));
    w.pass(DAY).act(&seller(), StartPerforming {});
    // 20 of 30 days to perform
    assert_eq!(w.until(), after((14 + 20) * DAY));
    w.act(&seller(), StopPerforming {});
    // 3 of 7, and then it is the seller's fault
    w.wait_for_deadline();
    assert_eq!(w.now, after((14 + 3) * DAY));
    assert_eq!(w.deal.ending(), Some(&Ending::Cancelled(Fault::Seller)));
}

#[test]
fn submissions_and_changes() {
    let mut w = World::new(plain(Policy::freelance()));
    w.act(&seller(), agree(1));
    // before the deposit: recorded, and hidden from the buyer
    w.act(&seller(), submit(1));
    assert_eq!(w.status(), Status::AwaitingDeposit);
    assert_eq!(w.deal.access(escrow::Role::Buyer), escrow::deal::Access::Nothing);
    w.fill();
    assert_eq!((w.status(), w.until()), (Status::AwaitingAcceptance, after(5 * DAY)));
    assert!(matches!(w.deal.access(escrow::Role::Buyer), escrow::deal::Access::Preview(_)));
    // only the latest can be answered, once
    assert_eq!(w.refuse(&buyer(), changes(2)), Rejection::RevisionNumber { expected: 1 });
    w.act(&buyer(), changes(1));
    assert_eq!(w.status(), Status::Performing);
    w.repeat(&buyer(), changes(1));
    // numbers have no gaps; the same one again is recognised
    assert_eq!(w.refuse(&seller(), submit(3)), Rejection::RevisionNumber { expected: 2 });
    w.pass(DAY).act(&seller(), submit(2));
    assert_eq!(w.until(), after((1 + 5) * DAY));
    w.repeat(&seller(), submit(2));
    w.act(&buyer(), accept());
    assert!(matches!(w.deal.access(escrow::Role::Buyer), escrow::deal::Access::Original(_)));
    w.done_all();
    assert_eq!(w.status(), Status::Completed);
}

#[test]
fn changes_need_something_submitted() {
    let mut w = World::funded(plain(Policy::shop()));
    w.act(&seller(), set_track("A"));
    w.act(&Actor::Tracker, finished("1", w.now));
    assert_eq!(w.refuse(&buyer(), changes(0)), Rejection::Guard(Guard::ChangesLeft));
}

// --- acceptance ---

#[test]
fn accepted_whole() {
    for waiting in [false, true] {
        let mut w = World::performing(sale(Policy::shop()));
        if waiting {
            w.act(&seller(), submit(1));
        }
        assert!(matches!(w.refuse(&seller(), accept()), Rejection::WrongRole { .. }));
        assert!(matches!(w.refuse(&operator(), accept()), Rejection::WrongRole { .. }));
        w.act(&buyer(), accept());
        w.repeat(&buyer(), accept());
        assert_eq!(w.status(), Status::Settling);
        // 1 000.00: 5 % to the platform, the rest to the seller
        assert_eq!(w.gets(&Payee::Seller, Purpose::Payout), 950_00);
        assert_eq!(w.gets(&Payee::Platform, Purpose::Fee), 50_00);
        w.done_all();
        assert_eq!(w.status(), Status::Completed);
    }
}

#[test]
fn accepted_in_part() {
    // 3 × 1 000.00 and 2 × 250.00, 5 % by the seller
    let mut draft = sale(Policy::shop());
    draft.items = vec![Item::new(text("shoes"), rub(1_000_00), 3), Item::new(text("socks"), rub(250_00), 2)];
    let mut w = World::performing(draft.clone());
    assert_eq!(w.held(B), 3_500_00);
    let settle = |e| Rejection::Settle(e);
    assert_eq!(w.refuse(&buyer(), accept_part(&[1])), settle(SettleError::QuantitiesMissing { items: 2 }));
    assert_eq!(w.refuse(&buyer(), accept_part(&[0, 0])), settle(SettleError::NothingAccepted));
    let over = SettleError::QuantityOverOrdered { item: 1, max: 2 };
    assert_eq!(w.refuse(&buyer(), accept_part(&[1, 3])), settle(over));
    w.act(&buyer(), accept_part(&[2, 1]));
    // 2 250.00 accepted: fee 112.50, seller 2 137.50; 1 250.00 back
    assert_eq!(w.gets(&Payee::Platform, Purpose::Fee), 112_50);
    assert_eq!(w.gets(&Payee::Seller, Purpose::Payout), 2_137_50);
    assert_eq!(w.gets(&Payee::Buyer, Purpose::Refund), 1_250_00);
    w.repeat(&buyer(), accept_part(&[2, 1]));
    assert!(wrong_phase(w.refuse(&buyer(), accept_part(&[3, 1]))));
    w.done_all();
    assert_eq!(w.status(), Status::Completed);
    // only where the policy allows it
    draft.policy.partial_buyout_allowed = false;
    let mut w = World::performing(draft);
    let refused = w.refuse(&buyer(), accept_part(&[2, 1]));
    assert_eq!(refused, Rejection::Guard(Guard::PartialBuyoutAllowed));
}

#[test]
fn what_is_paid_directly_shrinks_first() {
    // 4 × 100.00, of which 150.00 are paid directly: deposit 250.00
    let mut draft = plain(Policy::shop());
    draft.items = vec![Item::new(text("thing"), rub(100_00), 4)];
    draft.pay_offline = Some(rub(150_00));
    let mut w = World::performing(draft);
    assert_eq!(w.held(B), 250_00);
    // 3 accepted: 300.00, of which 50.00 are paid directly; all 250.00 to the seller
    let mut three = w.clone();
    three.act(&buyer(), accept_part(&[3]));
    assert_eq!(three.gets(&Payee::Seller, Purpose::Payout), 250_00);
    assert_eq!(three.gets(&Payee::Buyer, Purpose::Refund), 0);
    // 1 accepted: 100.00 online, 150.00 back
    w.act(&buyer(), accept_part(&[1]));
    assert_eq!(w.gets(&Payee::Seller, Purpose::Payout), 100_00);
    assert_eq!(w.gets(&Payee::Buyer, Purpose::Refund), 150_00);
}

#[test]
fn silence_accepts_where_the_policy_says_so() {
    let mut w = World::performing(plain(Policy::freelance()));
    w.act(&seller(), submit(1));
    assert!(w.at(just_before(after(5 * DAY))).wake().is_empty());
    w.at(after(5 * DAY)).wake();
    assert_eq!((w.status(), w.deal.ending()), (Status::Settling, Some(&Ending::Success)));
}

#[test]
fn reports_end_a_mutual_deal() {
    let both = |verdict| {
        let mut w = World::performing(guaranteed());
        w.act(&seller(), report(verdict));
        assert_eq!(w.status(), Status::Performing);
        w.repeat(&seller(), report(verdict));
        w.act(&buyer(), report(verdict));
        w.done_all();
        // guarantees go home either way
        assert_eq!((w.buckets(GB).refunded, w.buckets(GS).refunded), (300_00, 300_00));
        w.status()
    };
    assert_eq!(both(Verdict::Success), Status::Completed);
    assert_eq!(both(Verdict::Failure), Status::Cancelled);
    // differing: a dispute, which both may give up; that clears what they said
    let mut w = World::performing(guaranteed());
    w.pass(DAY).act(&seller(), report(Verdict::Success));
    w.act(&buyer(), report(Verdict::Failure));
    assert_eq!(w.status(), Status::Disputed);
    w.pass(DAY).act(&seller(), WithdrawDispute::default());
    w.act(&buyer(), WithdrawDispute::default());
    assert_eq!((w.deal.report(Side::Buyer), w.deal.report(Side::Seller)), (None, None));
    // 9 days were left when it opened, and it has taken one
    assert_eq!((w.status(), w.until()), (Status::Performing, after((2 + 9) * DAY)));
    // a deal that both report on is neither accepted nor cancelled nor submitted to
    assert_eq!(w.refuse(&buyer(), accept()), Rejection::Guard(Guard::AcceptedByBuyer));
    assert!(matches!(w.refuse(&seller(), submit(1)), Rejection::Guard(_)));
    assert!(matches!(w.refuse(&seller(), cancel("no")), Rejection::Guard(_)));
    assert!(matches!(w.refuse(&buyer(), cancel("no")), Rejection::Guard(_)));
}

// --- costs and charges ---

#[test]
fn who_may_incur_a_cost() {
    let mut draft = with_courier(Policy::shop());
    draft.services.push(service("wrapping", 10_00, Payer::Seller, Provider::Seller));
    draft.services.push(service("insurance", 5_00, Payer::Seller, Provider::Platform));
    let mut w = World::funded(draft);
    assert_eq!(w.refuse(&seller(), incur(0)), Rejection::NotYourService);
    assert_eq!(w.refuse(&courier(), incur(1)), Rejection::NotYourService);
    assert_eq!(w.refuse(&seller(), incur(2)), Rejection::NotYourService);
    assert!(matches!(w.refuse(&buyer(), incur(1)), Rejection::WrongRole { .. }));
    assert_eq!(w.refuse(&operator(), incur(3)), Rejection::UnknownService { services: 3 });
    w.act(&courier(), incur(0));
    w.repeat(&courier(), incur(0));
    w.act(&seller(), incur(1));
    w.act(&operator(), incur(2));
    assert_eq!(w.refuse(&party("mallory"), incur(0)), Rejection::UnknownActor);
}

#[test]
fn incurred_costs_by_whose_fault_it_is() {
    // delivery 100.00 by the seller for the buyer, and 100.00 by a courier for the seller: deposit 1 100.00
    let draft = || {
        let mut draft = with_sellers_delivery(Policy::shop());
        draft.services.extend(with_courier(Policy::shop()).services);
        draft
    };
    let incurred = || {
        let mut w = World::funded(draft());
        assert_eq!(w.held(B), 1_100_00);
        w.act(&seller(), incur(0));
        w.act(&courier(), incur(1));
        w
    };
    // the buyer's: he bears both, 100.00 to each; 900.00 back
    let mut w = incurred();
    w.act(&buyer(), cancel("no"));
    assert_eq!(w.gets(&payee("courier"), Purpose::Service), 100_00);
    assert_eq!(w.gets(&Payee::Seller, Purpose::Payout), 100_00);
    assert_eq!(w.gets(&Payee::Buyer, Purpose::Refund), 900_00);
    assert_eq!(w.owed(), []);
    // the seller's: all back to the buyer; the courier is owed 100.00 by the seller
    let mut w = incurred();
    w.act(&seller(), cancel("no"));
    assert_eq!(w.gets(&Payee::Buyer, Purpose::Refund), 1_100_00);
    assert_eq!(w.owed(), [(Payee::Seller, payee("courier"), Purpose::Service, 100_00)]);
    // nobody's: the courier is owed by the platform
    let mut w = incurred();
    w.act(&operator(), by_operator(Fault::Nobody));
    assert_eq!(w.gets(&Payee::Buyer, Purpose::Refund), 1_100_00);
    assert_eq!(w.owed(), [(Payee::Platform, payee("courier"), Purpose::Service, 100_00)]);
    // nothing incurred: nothing to bear
    let mut w = World::funded(draft());
    w.act(&buyer(), cancel("no"));
    assert_eq!(w.legs(), [(B, Payee::Buyer, Purpose::Refund, 1_100_00, LegState::Ordered)]);
}

#[test]
fn charges_by_how_the_deal_ends() {
    let charged = |paid: i64| {
        let mut w = World::performing(plain(Policy::shop()));
        w.act(&seller(), charge("c", Side::Buyer, Payee::Seller, 70_00));
        w.repeat(&seller(), charge("c", Side::Buyer, Payee::Seller, 70_00));
        if paid > 0 {
            w.pay(c1(), paid);
        }
        w
    };
    // paid, and over-paid by 5.00: on success 70.00 to the seller
    let mut w = charged(75_00);
    assert_eq!(orders(&w), [(Refund, 5_00)]);
    w.act(&buyer(), accept());
    assert_eq!(w.gets(&Payee::Seller, Purpose::Charge), 70_00);
    w.done_all();
    assert_eq!((w.buckets(c1()).paid_out, w.buckets(c1()).refunded), (70_00, 5_00));
    // paid in part: back
    let mut w = charged(69_99);
    w.act(&buyer(), accept());
    assert_eq!((w.gets(&Payee::Seller, Purpose::Charge), w.gets(&Payee::Buyer, Purpose::Refund)), (0, 69_99));
    // not paid: optional
    let mut w = charged(0);
    w.act(&buyer(), accept());
    assert_eq!(w.legs(), [(B, Payee::Seller, Purpose::Payout, 1_000_00, LegState::Ordered)]);
    // paid, and the deal is cancelled: back, whoever is at fault
    let mut w = charged(70_00);
    w.act(&buyer(), cancel("no"));
    assert_eq!(w.gets(&Payee::Buyer, Purpose::Refund), 1_070_00);
    w.done_all();
    assert_eq!(w.status(), Status::Cancelled);
    // once it is over, it is late
    let mut w = charged(0);
    w.act(&buyer(), accept());
    w.pay(c1(), 70_00);
    assert_eq!(w.gets(&Payee::Buyer, Purpose::Excess), 70_00);
}

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
fn what_can_be_charged() {
    let mut w = World::funded(with_courier(Policy::shop()));
    let to_oneself = charge("c", Side::Buyer, Payee::Buyer, 1);
    assert_eq!(w.refuse(&buyer(), to_oneself), Rejection::ChargePayee);
    let to_a_stranger = charge("c", Side::Buyer, payee("mallory"), 1);
    assert_eq!(w.refuse(&buyer(), to_a_stranger), Rejection::ChargePayee);
    assert_eq!(w.refuse(&buyer(), charge("c", Side::Buyer, Payee::Seller, 0)), Rejection::AmountNotPositive);
    w.act(&buyer(), charge("c1", Side::Seller, payee("courier"), 10_00));
    // its payer pays it, and only he asks for a form
    assert_eq!(w.refuse(&buyer(), request("k", c1(), 10_00)), Rejection::NotYourDeposit { deposit: c1() });
    w.act(&seller(), request("k", c1(), 10_00));
    w.pay(c1(), 10_00);
    for n in 2..=DepositId::MAX_CHARGES {
        w.act(&operator(), charge(&format!("c{n}"), Side::Buyer, Payee::Platform, 1));
    }
    let one_more = charge("more", Side::Buyer, Payee::Platform, 1);
    assert_eq!(w.refuse(&operator(), one_more), Rejection::TooMany { max: 32 });
}

#[test]
fn a_charge_on_hold_holds_nobody_up() {
    let mut w = World::performing(plain(Policy::shop()));
    w.act(&seller(), charge("c", Side::Buyer, Payee::Seller, 70_00));
    w.hold(c1(), 100_00, after(60 * DAY));
    assert_eq!(orders(&w), [(Capture, 70_00)]);
    w.done_all();
    w.act(&buyer(), accept());
    assert_eq!(w.gets(&Payee::Seller, Purpose::Charge), 70_00);
    w.done_all();
    assert_eq!(w.buckets(c1()).refunded, 30_00);
    assert_eq!(w.status(), Status::Completed);
}

// --- cancellations ---

#[test]
fn the_buyer_cancels_as_long_as_the_policy_lets_him() {
    // (policy, in Performing, in AwaitingAcceptance)
    let cases = [
        (BuyerCancel::BeforePerforming, false, false),
        (BuyerCancel::BeforeAcceptance, true, false),
        (BuyerCancel::UntilAccepted, true, true),
    ];
    for (buyer_cancel, performing, accepting) in cases {
        let mut draft = plain(Policy::shop());
        draft.policy.buyer_cancel = buyer_cancel;
        let mut w = World::funded(draft.clone());
        w.act(&buyer(), cancel("no"));
        assert_eq!(w.deal.ending(), Some(&Ending::Cancelled(Fault::Buyer)));
        for (submitted, allowed) in [(false, performing), (true, accepting)] {
            let mut w = World::performing(draft.clone());
            if submitted {
                w.act(&seller(), submit(1));
            }
            if allowed {
                w.act(&buyer(), cancel("no"));
                assert_eq!(w.gets(&Payee::Buyer, Purpose::Refund), 1_000_00);
            } else {
                let refused = w.refuse(&buyer(), cancel("no"));
                assert_eq!(refused, Rejection::Guard(Guard::BuyerMayCancelNow));
            }
        }
    }
}

#[test]
fn cancelling_an_unpaid_deal_costs_nothing() {
    let mut draft = plain(Policy::shop());
    draft.fees.push(fixed_fee("platform", FeePayee::Platform, 20_00, Payer::Buyer, OnRefund::Keep));
    for actor in [buyer(), seller(), operator()] {
        let mut w = World::new(draft.clone());
        w.act(&actor, cancel("no"));
        assert_eq!(w.status(), Status::Cancelled);
        // a kopeck short of 1 020.00: everything goes back
        let mut w = World::new(draft.clone());
        w.pay(B, 1_019_99);
        w.act(&actor, cancel("no"));
        assert_eq!(w.gets(&Payee::Buyer, Purpose::Refund), 1_019_99);
        assert_eq!(w.owed(), []);
    }
}

#[test]
fn kept_fees_by_whose_fault_it_is() {
    // kept: 20.00 by the buyer, 30.00 by the seller; returned: 5 % by the seller
    let mut draft = sale(Policy::shop());
    draft.fees.push(fixed_fee("entry", FeePayee::Platform, 20_00, Payer::Buyer, OnRefund::Keep));
    draft.fees.push(fixed_fee("listing", FeePayee::Processor, 30_00, Payer::Seller, OnRefund::Keep));
    // the buyer's fault: he bears both; 1 020.00 − 50.00 = 970.00
    let mut w = World::funded(draft.clone());
    w.act(&buyer(), cancel("no"));
    assert_eq!(w.gets(&Payee::Platform, Purpose::Fee), 20_00);
    assert_eq!(w.gets(&Payee::Processor, Purpose::Fee), 30_00);
    assert_eq!(w.gets(&Payee::Buyer, Purpose::Refund), 970_00);
    // the seller's: he owes both
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
fn nobody_cancels_a_dispute_or_an_ending() {
    let mut w = World::disputed(plain(Policy::shop()));
    for actor in [buyer(), seller(), operator()] {
        assert!(wrong_phase(w.refuse(&actor, cancel("no"))));
    }
    assert!(wrong_phase(w.refuse(&operator(), by_operator(Fault::Buyer))));
    // only the operator says whose fault it is
    let mut w = World::funded(plain(Policy::shop()));
    assert!(matches!(w.refuse(&seller(), by_operator(Fault::Buyer)), Rejection::WrongRole { .. }));
}

// --- deadlines ---

#[test]
fn every_deadline_is_half_open() {
    // (set up, seconds from the start, timer, status afterwards)
    type Case = (World, u32, Timer, Status);
    let submitted = {
        let mut w = World::performing(plain(Policy::shop()));
        w.act(&seller(), submit(1));
        w
    };
    let in_moderation = {
        let mut w = World::funded(plain(Policy::marketplace()));
        w.act(&moderator(), remark("hm"));
        w
    };
    let arbitration = {
        let mut w = World::disputed(plain(Policy::shop()));
        w.wait_for_deadline();
        w
    };
    let cases: Vec<Case> = vec![
        (World::new(plain(Policy::freelance())), 7 * DAY, Timer::Proposal, Status::Expired),
        (World::new(plain(Policy::shop())), 3 * DAY, Timer::Funding, Status::Expired),
        (in_moderation, 5 * DAY, Timer::Moderation, Status::CancelRequested),
        (World::funded(plain(Policy::shop())), 7 * DAY, Timer::Start, Status::CancelRequested),
        (World::performing(plain(Policy::shop())), 30 * DAY, Timer::Performance, Status::Disputed),
        (
            World::performing(plain(Policy::freelance())),
            30 * DAY,
            Timer::Performance,
            Status::CancelRequested,
        ),
        (submitted, 6 * HOUR, Timer::Acceptance, Status::Settling),
        (World::disputed(plain(Policy::shop())), 10 * DAY, Timer::Negotiation, Status::Disputed),
        (arbitration, 30 * DAY, Timer::Arbitration, Status::CancelRequested),
    ];
    for (w, secs, timer, status) in cases {
        assert_eq!(w.deal.next_timer(), Some((after(secs), timer)));
        let mut early = w.clone();
        assert!(early.at(just_before(after(secs))).wake().is_empty(), "{timer:?}");
        // at the instant, and a year late: the same deal, byte for byte, but for what is due in between
        let mut prompt = w.clone();
        let fired = prompt.at(after(secs)).wake();
        assert_eq!(fired[0].event, Event::TimerFired { timer });
        assert!(fired.iter().all(|r| r.at == after(secs)));
        assert_eq!(prompt.status(), status, "{timer:?}");
    }
}

#[test]
fn extensions_are_bounded_and_idempotent() {
    let extend = |timer, days: u32| Extend::new(timer, after(days * DAY));
    let mut w = World::performing(plain(Policy::shop()));
    assert!(matches!(w.refuse(&seller(), extend(Timer::Performance, 31)), Rejection::WrongRole { .. }));
    assert_eq!(w.refuse(&operator(), extend(Timer::Start, 31)), Rejection::TimerNotRunning);
    assert_eq!(
        w.refuse(&operator(), extend(Timer::Performance, 29)),
        Rejection::NotLater { deadline: after(30 * DAY) }
    );
    w.act(&operator(), extend(Timer::Performance, 40));
    w.repeat(&operator(), extend(Timer::Performance, 40));
    assert_eq!(w.until(), after(40 * DAY));
    // 10 of 30 days are used, for all deadlines together
    w.act(&seller(), submit(1));
    let over = Extend::new(Timer::Acceptance, after(20 * DAY).plus_secs(6 * HOUR + 1));
    assert_eq!(w.refuse(&operator(), over), Rejection::ExtensionTooLong { left_s: 20 * DAY });
    let rest = Extend::new(Timer::Acceptance, after(20 * DAY).plus_secs(6 * HOUR));
    w.act(&operator(), rest);
    // half-open here too: at the deadline it is too late to move it
    w.at(rest.until);
    let late = Extend::new(Timer::Acceptance, rest.until.plus_secs(1));
    assert!(wrong_phase(w.refuse(&operator(), late)));
    // a part of a second counts as a whole one
    let mut w = World::performing(plain(Policy::shop()));
    w.act(&operator(), Extend::new(Timer::Performance, after(30 * DAY).plus_millis(1)));
    let over = w.refuse(&operator(), extend(Timer::Performance, 60));
    assert_eq!(over, Rejection::ExtensionTooLong { left_s: 30 * DAY - 1 });
}

#[test]
fn waking_late_is_waking_on_time() {
    // two unlike histories of one deal: one is woken at each deadline, one never
    let histories: Vec<World> = vec![
        World::performing(plain(Policy::shop())),
        World::disputed(judged(plain(Policy::shop()))),
        World::performing(guaranteed()),
        World::new(plain(Policy::freelance())),
        World::funded(plain(Policy::shop())),
        {
            let mut w = World::new(plain(Policy::shop()));
            w.hold(B, 600_00, after(2 * DAY));
            w
        },
    ];
    for world in histories {
        let mut prompt = world.clone();
        while prompt.deal.next_deadline().is_some_and(|at| at < after(400 * DAY)) {
            prompt.wait_for_deadline();
        }
        let mut late = world;
        late.at(after(400 * DAY)).wake();
        assert_eq!(json(&prompt.deal), json(&late.deal));
        assert_eq!(prompt.journal, late.journal);
        // and a command that is judged then says the same
        let context = Context::new(after(400 * DAY), buyer());
        let post: Command = Post::new(text("hello")).into();
        assert_eq!(
            transition(&prompt.deal, &post, &context).err(),
            transition(&late.deal, &post, &context).err()
        );
    }
}

// --- paying ---

/// Accepted; the payout of 1 000.00 has been declined.
fn declined_payout() -> World {
    let mut w = World::performing(plain(Policy::shop()));
    w.act(&buyer(), accept());
    let payout = w.order(Payout, &Payee::Seller);
    assert_eq!(payout, 2);
    w.decline(payout);
    assert_eq!((w.status(), orders(&w)), (Status::Settling, vec![]));
    w
}

#[test]
fn a_declined_payout_is_redirected() {
    let mut w = declined_payout();
    w.act(&seller(), destination(Payee::Seller, Payouts, card("new")));
    // the next attempt is the next number, to the new card
    assert_eq!(w.pending(), [(3, Payout, Payee::Seller, 1_000_00)]);
    assert_eq!(w.deal.pending().next().unwrap().destination, card("new").as_ref());
    w.repeat(&seller(), destination(Payee::Seller, Payouts, card("new")));
    let other = destination(Payee::Seller, Payouts, card("third"));
    assert_eq!(w.refuse(&seller(), other), Rejection::AttemptUnanswered);
    w.done(3);
    assert_eq!((w.status(), w.buckets(B).paid_out), (Status::Completed, 1_000_00));
}

#[test]
fn the_same_destination_again_is_a_retry() {
    let mut w = World::performing(plain(Policy::shop()));
    w.act(&seller(), destination(Payee::Seller, Payouts, card("card")));
    w.repeat(&seller(), destination(Payee::Seller, Payouts, card("card")));
    w.act(&buyer(), accept());
    w.decline(2);
    let events = w.act(&seller(), destination(Payee::Seller, Payouts, card("card")));
    assert_eq!(World::names(&events), ["leg_ordered"]);
    w.decline(3);
    w.act(&seller(), destination(Payee::Seller, Payouts, card("card")));
    w.done(4);
    assert_eq!((w.status(), w.buckets(B).paid_out), (Status::Completed, 1_000_00));
    // where the gateway knows the payee: the same
    let mut w = declined_payout();
    w.act(&seller(), destination(Payee::Seller, Payouts, None));
    w.done(3);
    assert_eq!(w.status(), Status::Completed);
}

#[test]
fn the_balance_settles_without_the_gateway() {
    let mut w = declined_payout();
    let events = w.act(&seller(), destination(Payee::Seller, Payouts, Some(Destination::Balance)));
    assert_eq!(World::names(&events), ["destination_set", "leg_credited", "phase_entered"]);
    assert_eq!((w.status(), w.buckets(B).paid_out), (Status::Completed, 1_000_00));
    // chosen beforehand: nothing is ever sent
    let mut w = World::performing(plain(Policy::shop()));
    w.act(&seller(), destination(Payee::Seller, Payouts, Some(Destination::Balance)));
    w.act(&buyer(), accept());
    assert_eq!((w.status(), orders(&w)), (Status::Completed, vec![]));
}

#[test]
fn the_settlement_deadline_credits_what_was_declined() {
    let mut w = declined_payout();
    assert_eq!(w.deal.next_timer(), Some((after(5 * DAY), Timer::Settlement)));
    w.wait_for_deadline();
    assert_eq!(w.status(), Status::Completed);
    assert_eq!(w.legs(), [(B, Payee::Seller, Purpose::Payout, 1_000_00, LegState::Credited)]);
}

#[test]
fn an_unanswered_payout_waits_beyond_the_deadline() {
    let mut w = World::performing(plain(Policy::shop()));
    w.act(&buyer(), accept());
    assert_eq!(w.deal.next_deadline(), None);
    w.pass(90 * DAY).wake();
    w.repeat(&Actor::Gateway, answer(2, Answered::InProgress));
    assert_eq!((w.status(), orders(&w)), (Status::Settling, vec![(Payout, 1_000_00)]));
    let mut paid = w.clone();
    paid.done(2);
    assert_eq!(paid.legs()[0].4, LegState::Settled);
    // declined then: to the balance at once
    w.decline(2);
    assert_eq!((w.status(), w.legs()[0].4), (Status::Completed, LegState::Credited));
}

#[test]
fn whose_money_it_is() {
    let mut w = World::performing(sale(Policy::shop()));
    let sellers = destination(Payee::Seller, Payouts, card("x"));
    for actor in [buyer(), operator()] {
        assert_eq!(w.refuse(&actor, sellers.clone()), Rejection::NotYourMoney);
    }
    assert_eq!(w.refuse(&party("mallory"), sellers), Rejection::UnknownActor);
    w.act(&operator(), destination(Payee::Platform, Payouts, card("platform")));
    // refunds are the payer's, and the operator's
    w.act(&buyer(), destination(Payee::Buyer, Refunds, card("b")));
    w.act(&operator(), destination(Payee::Buyer, Refunds, card("c")));
    assert_eq!(w.refuse(&seller(), destination(Payee::Buyer, Refunds, card("d"))), Rejection::NotYourMoney);
}

#[test]
fn an_answer_settles_once() {
    let mut w = declined_payout();
    w.repeat(&Actor::Gateway, answer(2, declined()));
    let late = w.refuse(&Actor::Gateway, answer(2, succeeded("x")));
    assert_eq!(late, Rejection::AlreadySettled { tx: TxId::new(2) });
    let unknown = w.refuse(&Actor::Gateway, answer(9, succeeded("x")));
    assert_eq!(unknown, Rejection::UnknownTransaction { tx: TxId::new(9) });
    assert_eq!(
        w.refuse(&Actor::Gateway, answer(0, succeeded("x"))),
        Rejection::UnknownTransaction { tx: TxId::new(0) }
    );
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

// --- replay, storage, rejections ---

/// A deal with a bit of everything: holds, sources, charges, a declined leg, a chargeback that is open.
fn eventful() -> World {
    let mut draft = with_courier(Policy::shop());
    draft.fees.push(Fee::of_price(text("platform"), FeePayee::Platform, percent(5), Payer::Seller));
    draft.guarantees.seller = Some(rub(50_00));
    let mut w = World::new(draft);
    w.act(&buyer(), request("k", B, 500_00));
    w.pay(B, 500_00);
    w.pay(GS, 60_00);
    w.hold(B, 600_00, after(10 * DAY));
    w.done_all();
    w.act(&operator(), AppointArbiter::new(text("judge")));
    w.act(&courier(), incur(0));
    w.act(&seller(), charge("c", Side::Buyer, Payee::Seller, 30_00));
    w.pay(c1(), 10_00);
    w.act(&seller(), set_track("A"));
    w.act(&Actor::Tracker, progress("1", w.now));
    w.act(&buyer(), dispute("late"));
    w.act(&buyer(), WithdrawDispute::default());
    w.act(&seller(), submit(1));
    w.act(&buyer(), accept());
    // the payout is declined, the fee is paid, the rest is under way
    let payout = w.order(Payout, &Payee::Seller);
    w.decline(payout);
    let fee = w.order(TransactionKind::Fee, &Payee::Platform);
    w.done(fee);
    w.act(&Actor::Gateway, chargeback("cb", GS, 1_00, ChargebackStep::Opened));
    w
}

#[test]
fn replay_is_live() {
    // `World` compares them after every step, byte for byte; here once from the middle, and from garbage
    let w = eventful();
    let id = w.deal.id();
    for &n in &w.commits {
        let mut part = Deal::replay(id, &w.journal[..n]).unwrap();
        for recorded in &w.journal[n..] {
            part.apply(recorded);
        }
        assert_eq!(json(&part), json(&w.deal));
    }
    assert!(Deal::replay(id, []).is_err());
    assert!(Deal::replay(id, &w.journal[1..]).is_err());
    let twice: Vec<_> = w.journal[..1].iter().chain(&w.journal[..1]).cloned().collect();
    assert!(Deal::replay(id, &twice).is_err());
}

/// Every path to a number, or to an amount, below a value.
fn numbers(value: &Value, path: &str, found: &mut Vec<String>) {
    match value {
        Value::Number(_) => found.push(path.to_owned()),
        Value::String(s) if (path.ends_with("/amount") || path.ends_with("/required")) && s.contains('.') => {
            found.push(path.to_owned())
        }
        Value::Array(list) => {
            list.iter().enumerate().for_each(|(i, v)| numbers(v, &format!("{path}/{i}"), found));
        }
        Value::Object(map) => map.iter().for_each(|(k, v)| numbers(v, &format!("{path}/{k}"), found)),
        _ => {}
    }
}

#[test]
fn a_single_number_that_was_changed_is_refused() {
    let w = eventful();
    let honest = serde_json::to_value(&w.deal).unwrap();
    let mut paths = Vec::new();
    for part in ["deposits", "transactions", "legs", "unanswered", "unsettled_legs", "receivables"] {
        if let Some(value) = honest["state"].get(part) {
            numbers(value, &format!("/state/{part}"), &mut paths);
        }
    }
    assert!(paths.len() > 60, "{}", paths.len());
    // facts that nothing else repeats: what a charge came to, and what an attempt that failed was about
    let alone = ["/state/deposits/2/required", "/state/transactions/8/amount"];
    // these have a test of their own: `sources_are_checked_on_decoding`
    let elsewhere = |path: &str| {
        path.ends_with("/returned") || path.starts_with("/state/legs") && path.ends_with("/source")
    };
    paths.retain(|path| !alone.contains(&path.as_str()) && !elsewhere(path));
    let mut accepted = Vec::new();
    for path in paths {
        for up in [true, false] {
            let mut forged = honest.clone();
            let value = forged.pointer_mut(&path).unwrap();
            *value = match &*value {
                Value::Number(n) => {
                    let n = n.as_i64().unwrap();
                    Value::from(if up { n + 1 } else { n - 1 })
                }
                Value::String(s) => {
                    let (amount, currency) = s.split_once(' ').unwrap_or((s, ""));
                    let minor: i64 = amount.replace('.', "").parse().unwrap();
                    let minor = if up { minor + 1 } else { minor - 1 };
                    let sign = if minor < 0 { "-" } else { "" };
                    let text = format!("{sign}{}.{:02} {currency}", minor.abs() / 100, minor.abs() % 100);
                    Value::from(text.trim_end())
                }
                _ => unreachable!(),
            };
            match serde_json::from_value::<Deal>(forged) {
                Ok(_) => accepted.push(format!("{path} {}", if up { "+1" } else { "-1" })),
                Err(error) => {
                    let error = error.to_string();
                    let named = error.contains("state.") || error.contains("invalid value");
                    assert!(named, "{path}: {error}");
                }
            }
        }
    }
    assert_eq!(accepted, Vec::<String>::new());
}

#[test]
fn rejections_change_nothing_and_repeat() {
    // the same refused command any number of times, from every kind of actor: the deal is as it was
    let mut w = eventful();
    let before = json(&w.deal);
    for actor in [buyer(), seller(), judge(), courier(), operator(), moderator(), party("mallory")] {
        for command in [accept_part(&[1]), cancel("no"), dispute("no"), agree(2), submit(2), incur(9)] {
            for _ in 0..2 {
                assert!(w.attempt(&actor, command.clone()).is_err(), "{actor}: {command:?}");
            }
        }
    }
    assert_eq!(json(&w.deal), before);
    assert_eq!(w.deal.outcome(), Some(Outcome::Completed));
}

#[test]
fn unknown_fields_and_schemas_are_refused() {
    let w = eventful();
    let honest = serde_json::to_value(&w.deal).unwrap();
    for path in ["", "/state", "/state/deposits/0", "/state/legs/0", "/state/transactions/0", "/terms"] {
        let mut forged = honest.clone();
        let place = forged.pointer_mut(path).unwrap().as_object_mut().unwrap();
        place.insert("extra".to_owned(), Value::from(1));
        assert!(serde_json::from_value::<Deal>(forged).is_err(), "{path}");
    }
    let draft = w.deal.terms().to_draft();
    assert!(Terms::new(draft).is_ok());
    let silent = OnSilence::Accept;
    assert_eq!(serde_json::to_value(silent).unwrap(), "accept");
}

// --- found by looking for trouble ---

#[test]
fn a_payment_whose_claim_was_declined_still_counts() {
    let claim = Agree::new(1).payment(PaymentClaim::new(B, text("bank"), text("tran-1")));
    let mut w = World::proposed_by(&seller(), plain(Policy::freelance()));
    w.act(&buyer(), claim);
    // asked too early: the gateway does not know it yet
    w.decline(1);
    w.act(&Actor::Gateway, payment(B, "tran-1", rub(1_000_00)));
    assert_eq!((w.status(), w.held(B)), (Status::AwaitingPerformance, 1_000_00));
}

#[test]
fn a_claim_that_was_confirmed_elsewhere_is_answered_twice() {
    let mut draft = plain(Policy::freelance());
    draft.guarantees.buyer = Some(rub(1_000_00));
    let mut w = World::proposed_by(&seller(), draft);
    let claim = Agree::new(1).payment(PaymentClaim::new(B, text("bank"), text("tran-1")));
    w.act(&buyer(), claim);
    w.act(&Actor::Gateway, payment(GB, "tran-1", rub(1_000_00)));
    w.act(&Actor::Gateway, answer(1, succeeded("tran-1")));
    assert_eq!((w.held(B), w.held(GB)), (0, 1_000_00));
    w.repeat(&Actor::Gateway, answer(1, succeeded("tran-1")));
}

#[test]
fn another_payment_that_comes_with_a_claims_number_does_not_answer_the_claim() {
    let mut w = World::proposed_by(&seller(), plain(Policy::freelance()));
    let claim = Agree::new(1).payment(PaymentClaim::new(B, text("bank"), text("tran-1")));
    w.act(&buyer(), claim);
    let another = payment(B, "tran-2", rub(400_00)).answering(TxId::new(1));
    w.act(&Actor::Gateway, another);
    // tran-1 is still asked about; once it is there, what it brings too much goes back
    assert_eq!((w.held(B), w.deal.pending().count()), (400_00, 1));
    w.act(&Actor::Gateway, answer(1, succeeded("tran-1")));
    assert_eq!((w.status(), w.held(B)), (Status::AwaitingPerformance, 1_000_00));
    let back = w.deal.legs().last().unwrap();
    assert_eq!((back.purpose(), back.amount()), (Purpose::Excess, rub(400_00)));
}

#[test]
fn a_refusal_that_waited_for_the_deposit_is_a_dispute_over_the_deposit() {
    let draft = || plain(Policy::marketplace());
    let mut w = World::funded(draft());
    w.act(&seller(), set_track("A"));
    w.act(&moderator(), remark("too cheap"));
    w.act(&Actor::Tracker, refused("1", w.now));
    w.act(&seller(), amend(1, dearer(draft())));
    w.done_all();
    w.act(&buyer(), agree(2));
    w.pay(B, 1_200_00);
    assert_eq!((w.status(), w.held(B)), (Status::Disputed, 1_200_00));
}

#[test]
fn a_charge_whose_capture_is_unanswered_is_settled_by_itself() {
    let ended = || {
        let mut w = World::performing(plain(Policy::shop()));
        w.act(&seller(), charge("c", Side::Buyer, Payee::Seller, 70_00));
        w.hold(c1(), 70_00, after(60 * DAY));
        let capture = w.order(Capture, &Payee::Buyer);
        w.act(&buyer(), accept());
        let payout = w.order(Payout, &Payee::Seller);
        w.done(payout);
        assert_eq!(w.status(), Status::Settling);
        (w, capture)
    };
    let (mut w, capture) = ended();
    w.done(capture);
    assert_eq!(w.gets(&Payee::Seller, Purpose::Charge), 70_00);
    w.done_all();
    assert_eq!(w.status(), Status::Completed);
    let (mut w, capture) = ended();
    w.decline(capture);
    assert_eq!((w.status(), w.buckets(c1()).received), (Status::Completed, 0));
}

#[test]
fn a_refusal_counts_once() {
    let mut w = World::funded(plain(Policy::marketplace()));
    w.act(&seller(), set_track("A"));
    w.act(&Actor::Tracker, refused("1", w.now));
    w.act(&seller(), WithdrawDispute::default());
    w.act(&buyer(), WithdrawDispute::default());
    w.act(&moderator(), remark("hm"));
    w.act(&moderator(), approve());
    assert_eq!(w.status(), Status::AwaitingPerformance);
}

#[test]
fn a_dispute_does_not_undo_a_request_for_changes() {
    let mut w = World::funded(plain(Policy::shop()));
    w.act(&seller(), set_track("A"));
    w.act(&seller(), submit(1));
    w.act(&Actor::Tracker, finished("1", w.now));
    w.act(&buyer(), changes(1));
    assert_eq!(w.status(), Status::Performing);
    w.act(&seller(), dispute("they are picky"));
    w.act(&seller(), WithdrawDispute::default());
    assert_eq!(w.status(), Status::Performing);
}

#[test]
fn keys_are_each_partys_own() {
    let mut draft = plain(Policy::shop());
    draft.guarantees.seller = Some(rub(100_00));
    let mut w = World::new(draft);
    w.act(&buyer(), request("1", B, 1_000_00));
    w.act(&seller(), request("1", GS, 100_00));
    assert_eq!(w.deal.transactions().len(), 2);
}

#[test]
fn sources_are_checked_on_decoding() {
    let w = eventful();
    let honest = serde_json::to_value(&w.deal).unwrap();
    let mut paths = Vec::new();
    numbers(&honest["state"]["transactions"], "/state/transactions", &mut paths);
    numbers(&honest["state"]["legs"], "/state/legs", &mut paths);
    paths.retain(|p| p.ends_with("/returned") || p.starts_with("/state/legs") && p.ends_with("/source"));
    for path in paths {
        for change in [1, -1] {
            let mut forged = honest.clone();
            let value = forged.pointer_mut(&path).unwrap();
            *value = Value::from(value.as_i64().unwrap() + change);
            assert!(serde_json::from_value::<Deal>(forged).is_err(), "{path} {change:+}");
        }
    }
}

#[test]
fn a_cost_is_incurred_on_what_stays() {
    // the amendment exchanges a free wrapping for a delivery of 100.00, both the buyer's to pay to the seller
    let with = |name: &str, minor| {
        let mut draft = plain(Policy::marketplace());
        draft.services.push(service(name, minor, Payer::Seller, Provider::Seller));
        draft
    };
    let moderated = || {
        let mut w = World::funded(with("wrapping", 0));
        w.act(&moderator(), remark("hm"));
        w
    };
    // taken away: the cost would be one of a service that is not there
    let mut w = moderated();
    w.act(&seller(), amend(1, plain(Policy::marketplace())));
    let incurred = w.attempt(&seller(), incur(0));
    assert!(incurred.is_err() || w.attempt(&buyer(), agree(2)).is_err());
    // exchanged: a delivery that nobody has made would count as incurred, 100.00 at the buyer's expense
    let mut w = moderated();
    w.act(&seller(), amend(1, with("delivery", 100_00)));
    let incurred = w.attempt(&seller(), incur(0));
    if incurred.is_err() || w.attempt(&buyer(), agree(2)).is_err() {
        return;
    }
    w.act(&buyer(), cancel("no"));
    assert_eq!(w.gets(&Payee::Buyer, Purpose::Refund), 1_000_00);
}

#[test]
fn one_payment_is_not_claimed_twice() {
    let claim = |deposit| Agree::new(1).payment(PaymentClaim::new(deposit, text("bank"), text("tran-1")));
    // half of the deposit came in as tran-1: the same payment is not the other half as well
    let mut w = World::proposed_by(&seller(), plain(Policy::freelance()));
    w.act(&Actor::Gateway, payment(B, "tran-1", rub(500_00)));
    w.act(&buyer(), claim(B));
    assert_eq!((orders(&w), w.held(B)), (vec![], 500_00));
    // nor can the seller claim the buyer's for his own guarantee
    let mut draft = plain(Policy::freelance());
    draft.guarantees.seller = Some(rub(1_000_00));
    let mut w = World::proposed_by(&operator(), draft);
    w.act(&buyer(), claim(B));
    w.act(&seller(), claim(GS));
    w.act(&Actor::Gateway, answer(1, succeeded("tran-1")));
    assert_eq!((orders(&w), w.held(B), w.held(GS)), (vec![], 1_000_00, 0));
}

#[test]
fn an_arbiter_is_not_paid_by_the_deal_in_any_order() {
    let partner = || Fee::of_price(text("p"), FeePayee::Partner(text("judge")), percent(5), Payer::Seller);
    let mut draft = judged(plain(Policy::freelance()));
    draft.fees.push(partner());
    assert_eq!(Terms::new(draft).unwrap_err().problem(), Problem::IsAParty);
    // appointed first, named by an amendment afterwards
    let mut w = World::new(plain(Policy::freelance()));
    w.act(&operator(), AppointArbiter::new(text("judge")));
    let mut with_fee = plain(Policy::freelance());
    with_fee.fees.push(partner());
    let mut with_service = plain(Policy::freelance());
    with_service.services.push(service("x", 1_00, Payer::Seller, Provider::Third(text("judge"))));
    assert!(matches!(w.refuse(&operator(), amend(1, with_fee)), Rejection::Terms(_)));
    assert!(matches!(w.refuse(&seller(), amend(1, with_service)), Rejection::Terms(_)));
}

#[test]
fn amendments_do_not_contradict_what_has_happened() {
    // whatever is refused or not, the deal stays one that decodes: `World` checks it after every step
    // a charge is payable to a courier whom the amendment removes
    let mut w = World::funded({
        let mut draft = plain(Policy::marketplace());
        draft.services.push(service("delivery", 0, Payer::Seller, Provider::Third(text("courier"))));
        draft
    });
    w.act(&seller(), charge("c", Side::Buyer, payee("courier"), 50_00));
    w.act(&moderator(), remark("no couriers"));
    if w.attempt(&seller(), amend(1, plain(Policy::marketplace()))).is_ok() {
        w.act(&buyer(), agree(2));
    }
    // two revisions were submitted, and the operator allows one
    let mut w = World::new(plain(Policy::shop()));
    w.act(&seller(), submit(1));
    w.act(&seller(), submit(2));
    let mut strict = plain(Policy::shop());
    strict.policy.max_revisions = 1;
    assert!(w.attempt(&operator(), amend(1, strict)).is_err() || w.deal.submitted() == 2);
    // dollars were asked for, and the guarantee is dropped
    let mut draft = plain(Policy::shop());
    draft.guarantees.seller = Some(usd(100_00));
    let mut w = World::new(draft);
    let Command::RequestPayment(mut dollars) = request("k", GS, 1) else { panic!() };
    dollars.amount = usd(100_00);
    w.act(&seller(), dollars);
    let Rejection::Terms(error) = w.refuse(&seller(), amend(1, plain(Policy::shop()))) else { panic!() };
    assert_eq!(error.problem(), Problem::Pinned);
}

#[test]
fn a_charge_is_no_excuse() {
    // its capture is unanswered: the seller may start all the same, and is late all the same
    let mut w = World::funded(plain(Policy::shop()));
    w.act(&buyer(), charge("c", Side::Buyer, Payee::Seller, 50_00));
    w.hold(c1(), 50_00, after(30 * DAY));
    let mut started = w.clone();
    started.act(&seller(), StartPerforming {});
    w.wait_for_deadline();
    assert_eq!((w.now, w.deal.ending()), (after(7 * DAY), Some(&Ending::Cancelled(Fault::Seller))));
}

#[test]
fn an_award_is_paid_though_the_pot_has_shrunk() {
    // ruled: 1 000.00 to the seller; the payout is under way when the bank takes 600.00 back; a charge is captured
    let mut w = World::arbitrated(judged(plain(Policy::shop())));
    w.act(&seller(), charge("c", Side::Buyer, Payee::Seller, 50_00));
    w.hold(c1(), 50_00, after(60 * DAY));
    let capture = w.order(Capture, &Payee::Buyer);
    let award = Award::Amount(rub(1_000_00));
    w.act(&judge(), escrow::deal::command::Rule::new(award));
    w.act(&Actor::Gateway, chargeback("cb", B, 600_00, ChargebackStep::Lost));
    w.done(capture);
    w.done_all();
    assert_eq!(w.status(), Status::Resolved);
    // resolved is not success: the 50.00 go back
    assert_eq!(w.buckets(c1()).refunded, 50_00);
    assert_eq!(w.owed(), [(Payee::Seller, Payee::Platform, Purpose::Chargeback, 600_00)]);
}

#[test]
fn a_refusal_during_a_dispute_goes_on_with_its_time() {
    let mut w = World::performing(plain(Policy::shop()));
    w.act(&seller(), set_track("A"));
    w.act(&buyer(), dispute("late"));
    w.pass(DAY);
    w.act(&Actor::Tracker, refused("1", w.now));
    w.act(&buyer(), WithdrawDispute::default());
    // given up, and opened again by the refusal: 9 of the 10 days to negotiate are left
    assert_eq!((w.status(), w.until()), (Status::Disputed, after(10 * DAY)));
}

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
fn one_revision_is_sent_back_once() {
    let mut w = World::funded(plain(Policy::shop()));
    w.act(&seller(), set_track("A"));
    w.act(&seller(), submit(1));
    w.act(&Actor::Tracker, finished("1", w.now));
    w.act(&buyer(), changes(1));
    // the track finishes again, with the revision that was sent back: the buyer has said what he wants
    w.act(&Actor::Tracker, finished("2", w.now));
    assert_eq!(w.status(), Status::AwaitingAcceptance);
    assert_eq!(w.refuse(&buyer(), changes(1)), Rejection::Guard(Guard::ChangesLeft));
    w.act(&seller(), submit(2));
    w.act(&buyer(), changes(2));
    assert_eq!(w.status(), Status::Performing);
}

#[test]
fn a_submission_is_read_by_the_buyer_once_it_is_his() {
    let mut w = World::funded(plain(Policy::freelance()));
    let submitted = w.act(&seller(), submit(1));
    let event =
        submitted.iter().map(|r| &r.event).find(|e| matches!(e, Event::Submitted { .. })).unwrap().clone();
    for (role, reads) in
        [(Role::Seller, true), (Role::Arbiter, true), (Role::Buyer, false), (Role::Partner, false)]
    {
        assert_eq!(w.deal.may_read(role, &event), reads, "{role}");
    }
    // anything else of the history is the buyer's to read as well
    assert!(w.deal.may_read(Role::Buyer, &Event::Accepted {}));
    w.act(&buyer(), Accept::default());
    assert!(w.deal.may_read(Role::Buyer, &event));
}

#[test]
fn changes_after_an_early_submission_leave_the_whole_time_to_perform() {
    // freelance: 30 days to perform, at least 3 for a revision; performing was never entered before
    let mut w = World::funded(plain(Policy::freelance()));
    w.act(&seller(), submit(1));
    w.act(&buyer(), RequestChanges::new(1, text("more blue")));
    assert_eq!(w.deal.phase().until(), Some(w.now.plus_secs(30 * 86_400)));
}

#[test]
fn a_policy_without_a_way_on_is_refused() {
    // a phase whose timer never fires would wait for ever; one that is too long would leave the calendar
    type Set = fn(&mut Policy, u32);
    let windows: [(&str, Set); 9] = [
        ("proposal_s", |p, s| p.proposal_s = s),
        ("deposit_s", |p, s| p.deposit_s = s),
        ("moderation_s", |p, s| p.moderation_s = s),
        ("start_s", |p, s| p.start_s = s),
        ("performance_s", |p, s| p.performance_s = s),
        ("acceptance_s", |p, s| p.acceptance_s = s),
        ("negotiation_s", |p, s| p.negotiation_s = s),
        ("arbitration_s", |p, s| p.arbitration_s = s),
        ("settlement_s", |p, s| p.settlement_s = s),
    ];
    for preset in [Policy::shop(), Policy::marketplace(), Policy::guarantee(), Policy::freelance()] {
        assert_eq!(preset.validate(), Ok(()));
        for (field, set) in windows {
            for (seconds, problem) in [
                (0, Problem::Zero),
                (Policy::MAX_DURATION_S + 1, Problem::TooLarge),
                (u32::MAX, Problem::TooLarge),
            ] {
                let mut policy = preset.clone();
                set(&mut policy, seconds);
                let error = policy.validate().unwrap_err();
                assert_eq!((error.field(), error.problem()), (field, problem));
            }
            let mut policy = preset.clone();
            set(&mut policy, Policy::MAX_DURATION_S);
            assert_eq!(policy.validate(), Ok(()));
        }
    }
    // a partial acceptance needs somebody who accepts
    let policy = Policy { partial_buyout_allowed: true, ..Policy::guarantee() };
    assert_eq!(policy.validate().unwrap_err().problem(), Problem::NeedsAcceptingBuyer);
}

/// Two surplus payments of 10.00 wait while 5.00 are contested; the bank takes them: 10.00 - 5.00 = 5.00 of the later
/// one, and the earlier one is not said to be cut.
#[test]
fn a_leg_that_loses_nothing_is_not_cut() {
    let mut w = World::funded(plain(Policy::shop()));
    let deposit = DepositId::BUYER_PAYMENT;
    w.act(&Actor::Gateway, chargeback("case", deposit, 5_00, ChargebackStep::Opened));
    w.pay(deposit, 10_00);
    w.pay(deposit, 10_00);
    let lost = w.act(&Actor::Gateway, chargeback("case", deposit, 5_00, ChargebackStep::Lost));
    let cuts: Vec<_> = lost
        .iter()
        .filter_map(|recorded| match recorded.event {
            Event::LegCut { leg, old, new } => Some((leg.number(), old.minor(), new.minor())),
            _ => None,
        })
        .collect();
    assert_eq!(cuts, [(2, 10_00, 5_00)]);
    // what the deal requires is still there
    assert_eq!((w.status(), w.held(deposit)), (Status::AwaitingPerformance, 1_000_00));
}

/// The bank takes back a charge of 70.00: the charge has failed, the deal has not.
#[test]
fn a_charge_that_is_charged_back_cancels_nothing() {
    let mut w = World::performing(plain(Policy::shop()));
    w.act(&seller(), charge("c", Side::Buyer, Payee::Seller, 70_00));
    w.pay(c1(), 70_00);
    w.act(&Actor::Gateway, chargeback("case", c1(), 70_00, ChargebackStep::Opened));
    w.act(&Actor::Gateway, chargeback("case", c1(), 70_00, ChargebackStep::Lost));
    assert_eq!((w.status(), w.held(c1()), w.buckets(c1()).charged_back), (Status::Performing, 0, 70_00));
    w.act(&buyer(), accept());
    w.done_all();
    assert_eq!((w.status(), w.gets(&Payee::Seller, Purpose::Charge)), (Status::Completed, 0));
}

/// A hundred requests that brought no money are open to each side; payments and the other side's requests are not among
/// them, and the gateway's facts are never refused for their number.
#[test]
fn a_party_cannot_fill_a_deal_with_requests() {
    let mut draft = sale(Policy::shop());
    draft.guarantees.seller = Some(rub(50_00));
    let mut w = World::new(draft);
    let (own, theirs) = (DepositId::BUYER_PAYMENT, DepositId::SELLER_GUARANTEE);
    w.pay(own, 1_00);
    w.act(&seller(), request("s", theirs, 1_00));
    for n in 1..=100 {
        w.act(&buyer(), request(&format!("b{n}"), own, 1_00));
    }
    assert_eq!(w.refuse(&buyer(), request("b101", own, 1_00)), Rejection::TooMany { max: 100 });
    w.act(&seller(), request("s2", theirs, 1_00));
    // the first request is answered by a payment, which leaves room for one
    w.pay(own, 1_00);
    assert_eq!(w.held(own), 2_00);
    w.act(&buyer(), request("b101", own, 1_00));
    // one that is declined has brought no money either
    w.decline(4);
    assert_eq!(w.refuse(&buyer(), request("b102", own, 1_00)), Rejection::TooMany { max: 100 });
}

#[test]
fn a_deal_has_64_documents_at_most() {
    let mut w = World::new(plain(Policy::shop()));
    let document = |n: u32| {
        let attachment =
            Attachment::new(text(&format!("photo-{n}")), text("image/png"), 1).description(text(""));
        Command::from(Attach::new(Arc::new(attachment)))
    };
    for n in 1..=64 {
        w.act(&seller(), document(n));
    }
    assert_eq!(w.refuse(&seller(), document(65)), Rejection::TooMany { max: 64 });
    assert_eq!(w.deal.attachments().len(), 64);
}

/// A deposit takes in a hundred times the largest amount of a deal, all payments together, and not a kopeck more.
#[test]
fn what_a_deposit_takes_in_has_a_limit() {
    let limit = 100 * Terms::MAX_AMOUNT;
    let mut w = World::new(plain(Policy::shop()));
    let over = payment(DepositId::BUYER_PAYMENT, "over", rub(limit + 1));
    assert_eq!(w.refuse(&Actor::Gateway, over), Rejection::AmountTooLarge);
    w.pay(DepositId::BUYER_PAYMENT, limit - 1);
    w.pay(DepositId::BUYER_PAYMENT, 1);
    for more in [1, 2] {
        let more = payment(DepositId::BUYER_PAYMENT, "more", rub(more));
        assert_eq!(w.refuse(&Actor::Gateway, more), Rejection::AmountTooLarge);
    }
}

/// A charge is at most the largest amount of a deal, and in its currency.
#[test]
fn a_charge_has_a_limit() {
    let mut w = World::performing(plain(Policy::shop()));
    for over in [1, 2] {
        let over = charge("over", Side::Buyer, Payee::Platform, Terms::MAX_AMOUNT + over);
        assert_eq!(w.refuse(&operator(), over), Rejection::AmountTooLarge);
    }
    w.act(&operator(), charge("most", Side::Buyer, Payee::Platform, Terms::MAX_AMOUNT));
    assert_eq!(w.deal.deposit(c1()).unwrap().required(), rub(Terms::MAX_AMOUNT));
}

/// 600.00 are on hold when 1 000.00 more are, taken whole since 400.00 were wanted. The second hold expires first and is
/// captured for all that is required, so the first is let go when its time comes.
#[test]
fn a_hold_that_is_no_longer_needed_is_let_go_before_it_expires() {
    let mut draft = sale(Policy::shop());
    // the seller's guarantee is missing: the deal goes on waiting
    draft.guarantees.seller = Some(rub(50_00));
    let mut w = World::new(draft);
    let margin = w.deal.terms().policy.hold_margin_s;
    w.hold(DepositId::BUYER_PAYMENT, 600_00, after(2 * margin + 20));
    w.hold(DepositId::BUYER_PAYMENT, 1_000_00, after(2 * margin + 10));
    w.at(after(margin + 10)).wake();
    assert_eq!(orders(&w), [(Capture, 1_000_00)]);
    w.done_all();
    w.at(after(margin + 20)).wake();
    assert_eq!(orders(&w), [(Void, 600_00)]);
}

/// The capture of a charge fails: the charge is not paid, and the deal goes on.
#[test]
fn a_charge_whose_capture_fails_cancels_nothing() {
    let mut w = World::performing(plain(Policy::shop()));
    w.act(&seller(), charge("c", Side::Buyer, Payee::Seller, 70_00));
    w.hold(c1(), 70_00, after(60 * DAY));
    let capture = w.order(Capture, &Payee::Buyer);
    w.decline(capture);
    assert_eq!((w.status(), w.held(c1())), (Status::Performing, 0));
    w.act(&buyer(), accept());
    w.done_all();
    assert_eq!((w.status(), w.gets(&Payee::Seller, Purpose::Payout)), (Status::Completed, 1_000_00));
}

/// An ending waits for both captures, 600.00 and 400.00; when the second fails, it is still the same ending, and 600.00
/// go back.
#[test]
fn an_ending_waits_for_every_capture() {
    for second_fails in [false, true] {
        let mut w = World::new(plain(Policy::shop()));
        w.hold(DepositId::BUYER_PAYMENT, 600_00, after(60 * DAY));
        w.hold(DepositId::BUYER_PAYMENT, 400_00, after(60 * DAY));
        assert_eq!(orders(&w), [(Capture, 600_00), (Capture, 400_00)]);
        let captures: Vec<u32> = w.pending().into_iter().map(|(tx, ..)| tx).collect();
        w.act(&buyer(), cancel("changed my mind"));
        let ending = w.deal.ending().cloned();
        w.done(captures[0]);
        assert_eq!(orders(&w), [(Capture, 400_00)]);
        if second_fails {
            w.decline(captures[1]);
        } else {
            w.done(captures[1]);
        }
        let back = if second_fails { 600_00 } else { 1_000_00 };
        assert_eq!(w.deal.ending().cloned(), ending);
        w.done_all();
        assert_eq!((w.status(), w.buckets(DepositId::BUYER_PAYMENT).refunded), (Status::Cancelled, back));
    }
}

/// Everybody chooses for himself: a courier neither for an insurer nor for a side.
#[test]
fn nobody_chooses_where_the_money_of_others_goes() {
    let mut draft = with_courier(Policy::shop());
    draft.services.push(service("insurance", 10_00, Payer::Seller, Provider::Third(text("insurer"))));
    let mut w = World::funded(draft);
    for theirs in [payee("insurer"), Payee::Seller, Payee::Buyer, Payee::Platform] {
        let choice = destination(theirs, Payouts, card("card-1"));
        assert_eq!(w.refuse(&courier(), choice), Rejection::NotYourMoney);
    }
    w.act(&courier(), destination(payee("courier"), Payouts, card("card-1")));
    assert_eq!(w.deal.destination(&payee("courier"), Payouts), card("card-1").as_ref());
}

/// Where both agree to every version, how long the performance takes is theirs to negotiate, and nothing else of the
/// policy; where creating the deal was consent, nothing at all.
#[test]
fn the_time_to_perform_is_negotiable_where_both_agree() {
    let longer = |mut draft: TermsDraft| {
        draft.policy.performance_s += DAY;
        draft
    };
    let mut w = World::new(guaranteed());
    w.act(&seller(), amend(1, longer(guaranteed())));
    let performance_s = guaranteed().policy.performance_s + DAY;
    assert_eq!((w.deal.terms().policy.performance_s, w.deal.terms_version()), (performance_s, 2));
    let mut more = longer(guaranteed());
    more.policy.deposit_s += 1;
    let pinned = |rejection| matches!(rejection, Rejection::Terms(e) if (e.field(), e.problem()) == ("policy", Problem::Pinned));
    assert!(pinned(w.refuse(&buyer(), amend(2, more))));

    let mut w = World::new(plain(Policy::shop()));
    assert!(pinned(w.refuse(&seller(), amend(1, longer(plain(Policy::shop()))))));
}

/// Where both report, the tracker's word that it was delivered moves nothing: there is nobody to accept.
#[test]
fn a_delivery_moves_nothing_where_both_report() {
    let mut w = World::performing(guaranteed());
    w.act(&seller(), set_track("A"));
    w.act(&Actor::Tracker, finished("door", w.now));
    assert_eq!(w.status(), Status::Performing);
    let mut w = World::performing(plain(Policy::shop()));
    w.act(&seller(), set_track("A"));
    w.act(&Actor::Tracker, finished("door", w.now));
    assert_eq!(w.status(), Status::AwaitingAcceptance);
}

/// While a courier's cost is incurred, a party cannot amend a required deposit, which would be returned, and leave; the
/// operator can.
#[test]
fn nobody_amends_incurred_costs_away() {
    let mut draft = with_courier(Policy::marketplace());
    draft.policy.consent = Policy::shop().consent;
    let mut w = World::funded(draft.clone());
    w.act(&operator(), incur(0));
    w.act(&moderator(), remark("blurred photo"));
    for party in [buyer(), seller()] {
        let Rejection::Terms(error) = w.refuse(&party, amend(1, dearer(draft.clone()))) else { panic!() };
        assert_eq!((error.field(), error.problem()), ("deposit", Problem::CostsIncurred));
    }
    // what changes no deposit is theirs
    w.act(&seller(), amend(1, described(draft.clone())));
    w.act(&operator(), amend(2, dearer(draft)));
    assert_eq!(w.deal.terms_version(), 3);
}

/// How the deal is accepted cannot be amended once work was submitted, nor once performance could have begun.
#[test]
fn how_a_deal_is_accepted_is_settled_once_it_has_begun() {
    let mutual = |mut draft: TermsDraft| {
        draft.policy.acceptance = Acceptance::Mutual;
        draft
    };
    let pinned = |rejection| matches!(rejection, Rejection::Terms(e) if (e.field(), e.problem()) == ("policy.acceptance", Problem::Pinned));

    // work is seen before it is paid
    let draft = plain(Policy::freelance());
    let mut w = World::new(draft.clone());
    w.act(&seller(), agree(1));
    w.act(&seller(), submit(1));
    assert!(pinned(w.refuse(&operator(), amend(1, mutual(draft.clone())))));
    let mut w = World::new(draft.clone());
    w.act(&seller(), agree(1));
    w.act(&operator(), amend(1, mutual(draft)));

    // funded, and held up by a moderator
    let draft = plain(Policy::marketplace());
    let mut w = World::funded(draft.clone());
    w.act(&moderator(), remark("blurred photo"));
    assert!(pinned(w.refuse(&operator(), amend(1, mutual(draft)))));
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

/// Until both have agreed to something, the terms on the table are those that would bind.
#[test]
fn a_version_that_was_never_agreed_to_binds_nobody() {
    let mut w = World::new(plain(Policy::freelance()));
    w.act(&seller(), amend(1, dearer(plain(Policy::freelance()))));
    assert_eq!(w.deal.binding_terms().quote().deposit, rub(1_200_00));
    w.act(&buyer(), agree(2));
    // from here on it binds, whatever is proposed next
    w.act(&seller(), amend(2, plain(Policy::freelance())));
    assert_eq!(w.deal.binding_terms().quote().deposit, rub(1_200_00));
}

/// A choice replaces the same payee's choice for the same use, and no other.
#[test]
fn a_destination_replaces_its_own_only() {
    let mut w = World::funded(with_courier(Policy::shop()));
    w.act(&courier(), destination(payee("courier"), Payouts, card("c")));
    w.act(&seller(), destination(Payee::Seller, Refunds, card("r")));
    w.act(&seller(), destination(Payee::Seller, Payouts, card("p")));
    w.act(&seller(), destination(Payee::Seller, Payouts, card("p-2")));
    assert_eq!(w.deal.destination(&payee("courier"), Payouts), card("c").as_ref());
    assert_eq!(w.deal.destination(&Payee::Seller, Refunds), card("r").as_ref());
    assert_eq!(w.deal.destination(&Payee::Seller, Payouts), card("p-2").as_ref());
}

/// A payment that answers a request is the request's transaction: it was made when it was asked for.
#[test]
fn an_answered_request_keeps_when_it_was_made() {
    let mut w = World::new(plain(Policy::shop()));
    let asked = w.now;
    w.act(&buyer(), request("k", B, 1_000_00));
    w.pass(60);
    w.pay(B, 1_000_00);
    let transaction = w.deal.transaction(TxId::new(1)).unwrap();
    assert_eq!((transaction.created_at(), transaction.settled_at()), (asked, Some(w.now)));
}
