//! Whom to tell what: the table, what is promised of every notice, and the systems that it comes from.
#![allow(missing_docs, unreachable_pub, dead_code)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::arithmetic_side_effects, clippy::as_conversions, clippy::wildcard_enum_match_arm)]
#![allow(clippy::cast_possible_truncation)]

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use escrow::Recorded;
use escrow::deal::Event;
use escrow::deal::command::{
    Accept, Cancel, ChargebackStep, CheckpointKind, DestinationUse, RequestChanges, StartPerforming,
};
use escrow::deposit::TransactionKind;
use escrow::port::{Commit, CommitError, blocking};
use escrow::terms::{Fee, FeePayee, Payer};
use escrow::{Actor, Caller, Deal, Destination, Envelope, Money, Payee, Policy, Role, Side, Terms};
use escrow_market::notice::{Channel, Channels, ChannelsError, News, Notice, Recipient, notices};
use escrow_testing::scenario::{Scenario, run};
use escrow_testing::strategies::{History, histories};
use escrow_testing::{Behaviour, ManualClock, MemorySink, Rule, ScriptedGateway, SinkFault};
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use serde_json::{Value, json};

use crate::common::{
    B, DAY, HOUR, World, agree, buyer, card, charge, chargeback, checkpoint, destination, dispute, judge,
    judged, moderator, operator, payment, percent, plain, remark, rub, sale, seller, set_track, start,
    submit, text,
};

/// Every event with the deal as of it, and the notices that it yields.
fn told(journal: &[Recorded]) -> Vec<(Deal, Recorded, Vec<Notice>)> {
    let mut deal: Option<Deal> = None;
    let mut told = Vec::new();
    for recorded in journal {
        match &mut deal {
            Some(deal) => deal.apply(recorded),
            None => deal = Some(Deal::replay(common_id(), &journal[..1]).unwrap()),
        }
        let deal = deal.clone().unwrap();
        let notices = notices(&deal, recorded).collect();
        told.push((deal, recorded.clone(), notices));
    }
    told
}

fn common_id() -> escrow::DealId {
    escrow::DealId::new(uuid::Uuid::from_u128(7))
}

/// Interkassa's SMS, e-mail or ICQ: where somebody wants to be told stands in the notice as data; whoever has said nothing has
/// none, and the notice is as it was.
#[test]
fn a_notice_says_where_its_recipient_wants_it() {
    let mut w = World::new(sale(Policy::shop()));
    w.act(&Actor::Gateway, payment(B, "p-1", rub(400_00)));
    let icq = Channels::new([Channel::Messenger(text("icq")), Channel::Sms]).unwrap();
    let directory = |to: &Recipient| match to.role {
        Role::Seller => icq.clone(),
        Role::Buyer => Channels::new([Channel::Email]).unwrap(),
        _ => Channels::default(),
    };
    let all: Vec<_> = told(&w.journal).pop().unwrap().2.into_iter().map(|n| n.by(directory)).collect();
    assert_eq!(all.len(), 2);
    for notice in &all {
        let json = serde_json::to_value(notice).unwrap();
        let expected = match notice.to.role {
            Role::Seller => json!([{ "messenger": "icq" }, "sms"]),
            _ => json!(["email"]),
        };
        assert_eq!(json["channels"], expected);
        assert_eq!(serde_json::from_value::<Notice>(json).unwrap(), *notice);
        // a channel is a way and no address
        assert_eq!(notice.channels.iter().count(), expected.as_array().unwrap().len());
        let silent = serde_json::to_value(notice.clone().by(|_| Channels::default())).unwrap();
        assert!(silent.get("channels").is_none());
    }
    // a list is short and names everything once
    let names = |n: usize| (0..n).map(|n| Channel::Messenger(text(&format!("m{n}"))));
    assert!(Channels::new(names(8)).is_ok());
    assert_eq!(Channels::new(names(9)), Err(ChannelsError::TooMany));
    assert_eq!(Channels::new([Channel::Sms, Channel::Email, Channel::Sms]), Err(ChannelsError::Twice));
    assert!(serde_json::from_value::<Channels>(json!(["sms", "sms"])).is_err());
}

/// What the last events of a world are told as: `role: kind`.
fn last(world: &World, events: &[Recorded]) -> Vec<String> {
    let all = told(&world.journal);
    let new = &all[all.len() - events.len()..];
    new.iter().flat_map(|(_, _, notices)| notices.iter().map(in_short)).collect()
}

/// The gateway does everything that it was asked to.
fn answered(world: &mut World) -> Vec<Recorded> {
    let before = world.journal.len();
    world.done_all();
    world.journal[before..].to_vec()
}

fn in_short(notice: &Notice) -> String {
    format!("{}: {}", notice.to.role, kind(&notice.news))
}

fn kind(news: &News) -> String {
    serde_json::to_value(news).unwrap()["kind"].as_str().unwrap().to_owned()
}

// --- the systems that it comes from ---

/// Interkassa: the seller is told of each payment; what came in, into what, and by which system.
#[test]
fn the_seller_is_told_of_each_payment() {
    let mut w = World::new(sale(Policy::shop()));
    let first = w.act(&Actor::Gateway, payment(B, "p-1", rub(400_00)));
    assert_eq!(last(&w, &first), ["buyer: payment_received", "seller: payment_received"]);
    let second = w.act(&Actor::Gateway, payment(B, "p-2", rub(600_00)));
    let now = [
        "buyer: payment_received",
        "seller: payment_received",
        "buyer: phase_entered",
        "seller: phase_entered",
    ];
    assert_eq!(last(&w, &second), now);
    let (.., notices) = &told(&w.journal)[w.journal.len() - second.len()];
    let to = Recipient { role: Role::Seller, party: Some(text("boris")) };
    let news =
        News::PaymentReceived { deposit: B, amount: rub(600_00), gateway: text("bank"), held_until: None };
    assert_eq!(
        notices[1],
        Notice { deal: common_id(), at: start(), to, news, channels: Channels::default() }
    );
}

/// What came too late goes back, and whoever was told that it came is told of that.
#[test]
fn whoever_is_told_of_a_payment_is_told_of_its_way_back() {
    let mut w = World::new(sale(Policy::shop()));
    w.act(&seller(), Cancel::default());
    let late = w.act(&Actor::Gateway, payment(B, "p-1", rub(1_000_00)));
    assert_eq!(last(&w, &late), ["buyer: payment_received", "seller: payment_received"]);
    let back = answered(&mut w);
    assert_eq!(last(&w, &back), ["buyer: paid", "seller: paid"]);
}

/// The home-made plan: the work is uploaded, the customer is told, comes, and pays. What the customer may see then is not in
/// the notice.
#[test]
fn the_customer_is_told_that_the_work_is_uploaded() {
    let mut w = World::new(sale(Policy::freelance()));
    w.act(&seller(), agree(1));
    let uploaded = w.act(&seller(), submit(1));
    assert_eq!(last(&w, &uploaded), ["buyer: submitted"]);
    let (.., notices) = told(&w.journal).pop().unwrap();
    assert_eq!(notices[0].news, News::Submitted { number: 1 });
    w.fill();
    let changes = RequestChanges::new(1, text("louder"));
    let asked = w.act(&buyer(), changes);
    assert_eq!(last(&w, &asked)[0], "seller: changes_requested");
    let again = w.act(&seller(), submit(2));
    assert_eq!(last(&w, &again), ["buyer: submitted", "buyer: phase_entered"]);
    let accepted = w.act(&buyer(), Accept::default());
    assert_eq!(last(&w, &accepted), ["seller: accepted", "seller: ended"]);
    let paid = answered(&mut w);
    assert_eq!(last(&w, &paid), ["seller: paid", "buyer: phase_entered", "seller: phase_entered"]);
}

/// Nalogka: the buyer cancels on Nalogka's pages, and the shop is told.
#[test]
fn the_shop_is_told_when_the_buyer_cancels() {
    let mut w = World::funded(sale(Policy::shop()));
    let cancelled = w.act(&buyer(), Cancel::default());
    assert_eq!(last(&w, &cancelled), ["seller: cancelled", "seller: ended"]);
    let mut w = World::funded(sale(Policy::shop()));
    let cancelled = w.act(&seller(), Cancel::default());
    assert_eq!(last(&w, &cancelled), ["buyer: cancelled", "buyer: ended"]);
    // by staff, and by nobody: both are told
    let mut w = World::funded(sale(Policy::shop()));
    let cancelled = w.act(&operator(), Cancel::new(text("fraud")));
    assert_eq!(
        last(&w, &cancelled),
        ["buyer: cancelled", "seller: cancelled", "buyer: ended", "seller: ended"]
    );
    let mut w = World::funded(sale(Policy::shop()));
    let late = w.wait_for_deadline();
    assert_eq!(last(&w, &late), ["buyer: ended", "seller: ended"]);
}

#[test]
fn the_buyer_can_follow_the_delivery() {
    let mut w = World::funded(sale(Policy::shop()));
    let set = w.act(&seller(), set_track("1"));
    assert_eq!(last(&w, &set), ["buyer: track_set"]);
    let moved = w.act(&Actor::Tracker, checkpoint("1", "a", CheckpointKind::Progress, w.now));
    assert_eq!(last(&w, &moved)[..2], ["buyer: tracked", "seller: tracked"]);
    // one that is older, and comes late, is no news
    let older =
        w.act(&Actor::Tracker, checkpoint("1", "0", CheckpointKind::Progress, start().minus_secs(HOUR)));
    assert_eq!(last(&w, &older), Vec::<String>::new());
}

#[test]
fn staff_and_arbiter_are_told_when_they_are_to_act() {
    let mut w = World::performing(judged(sale(Policy::marketplace())));
    let opened = w.act(&buyer(), dispute("broken"));
    let everybody = [
        "seller: dispute_opened",
        "arbiter: dispute_opened",
        "operator: dispute_opened",
        "seller: phase_entered",
    ];
    assert_eq!(last(&w, &opened), everybody);
    let arbitration = w.wait_for_deadline();
    assert_eq!(
        last(&w, &arbitration),
        ["buyer: phase_entered", "seller: phase_entered", "arbiter: phase_entered"]
    );
    // what is said in a dispute is for the arbiter too
    let said = w.act(&buyer(), escrow::deal::command::Post::new(text("m-1")));
    assert_eq!(last(&w, &said), ["seller: posted", "arbiter: posted"]);
    let ruled = w.act(&judge(), escrow::deal::command::Rule::new(escrow::Award::SellerAll));
    let knows = ["buyer: ruled", "seller: ruled", "buyer: ended", "seller: ended"];
    assert_eq!(last(&w, &ruled), knows, "the arbiter knows");

    // an arbiter whom the deal pays is told as the arbiter
    let mut draft = judged(sale(Policy::marketplace()));
    draft.policy.arbitration_fee = Some(escrow::terms::ArbitrationFee {
        payee: FeePayee::Partner(text("judge")),
        rate: percent(1),
        guarantee_rate: escrow::Rate::ZERO,
        fixed: None,
        min: None,
        max: None,
    });
    let mut w = World::arbitrated(draft);
    w.act(&judge(), escrow::deal::command::Rule::new(escrow::Award::SellerAll));
    let paid = answered(&mut w);
    assert_eq!(last(&w, &paid)[..2], ["arbiter: paid", "seller: paid"]);

    // nobody to rule: the operator has to find somebody
    let mut w = World::disputed(sale(Policy::marketplace()));
    let arbitration = w.wait_for_deadline();
    assert_eq!(last(&w, &arbitration)[2], "operator: phase_entered");
    let found = w.act(&operator(), escrow::deal::command::AppointArbiter::new(text("judge")));
    let everybody = ["buyer: arbiter_appointed", "seller: arbiter_appointed", "arbiter: arbiter_appointed"];
    assert_eq!(last(&w, &found), everybody);
    // whoever is replaced is told, and then nothing more
    let replaced = w.act(&operator(), escrow::deal::command::AppointArbiter::new(text("other")));
    let (.., notices) = told_last(&w, &replaced);
    let arbiters: Vec<_> = notices.iter().filter(|n| n.to.role == Role::Arbiter).collect();
    assert_eq!(arbiters.len(), 2);
    let said = w.act(&seller(), escrow::deal::command::Post::new(text("m-2")));
    let (.., notices) = told_last(&w, &said);
    let arbiters: Vec<_> = notices.iter().filter_map(|n| n.to.party.as_deref()).collect();
    assert_eq!(arbiters, ["anna", "other"]);

    // a moderator, where a funded deal waits for moderation
    let mut w = World::funded(sale(Policy::shop().moderation(escrow::terms::Moderation::Required)));
    let all = told(&w.journal);
    assert!(
        all.iter().any(|(.., n)| n.iter().any(|n| n.to == Recipient { role: Role::Moderator, party: None }))
    );
    let remarked = w.act(&moderator(), remark("who packs it?"));
    assert_eq!(last(&w, &remarked), ["buyer: remarked", "seller: remarked"]);
}

fn told_last(world: &World, events: &[Recorded]) -> (Deal, Recorded, Vec<Notice>) {
    let all = told(&world.journal);
    all[all.len() - events.len()].clone()
}

/// A declined payout: its payee may choose another destination; of a refund the operator may too.
#[test]
fn whose_money_is_stuck_is_told() {
    let mut w = World::performing(sale(Policy::shop()));
    w.act(&buyer(), Accept::default());
    let seller_leg = w.deal.pending().find(|o| *o.payee == Payee::Seller).unwrap().key.transaction;
    let declined =
        w.act(&Actor::Gateway, crate::common::answer(seller_leg.number(), crate::common::declined()));
    assert_eq!(last(&w, &declined), ["seller: declined"]);
    let platform_leg = w.deal.pending().find(|o| *o.payee == Payee::Platform).unwrap().key.transaction;
    let declined =
        w.act(&Actor::Gateway, crate::common::answer(platform_leg.number(), crate::common::declined()));
    assert_eq!(last(&w, &declined), ["operator: declined"]);
    w.pass(30 * DAY);
    let credited = w.wake();
    assert_eq!(
        last(&w, &credited),
        ["operator: credited", "seller: credited", "buyer: phase_entered", "seller: phase_entered"]
    );

    let mut w = World::funded(sale(Policy::shop()));
    w.act(&seller(), Cancel::default());
    let refund = w.deal.pending().next().unwrap().key.transaction;
    let declined = w.act(&Actor::Gateway, crate::common::answer(refund.number(), crate::common::declined()));
    assert_eq!(last(&w, &declined), ["buyer: declined", "operator: declined"]);
    // that somebody else chose where it goes is told; that one did so oneself is not
    let to = destination(Payee::Buyer, DestinationUse::Refunds, card("card-2"));
    let set = w.act(&operator(), to);
    assert_eq!(last(&w, &set), ["buyer: destination_set"]);
    let own = destination(Payee::Seller, DestinationUse::Payouts, Some(Destination::Balance));
    let set = w.act(&seller(), own);
    assert_eq!(last(&w, &set), Vec::<String>::new());
}

// --- the table ---

/// Events of every kind, and of every sort that is told differently.
fn samples() -> Vec<(Deal, Event)> {
    let mut samples = Vec::new();
    let money = json!({ "amount": "10.00", "currency": "RUB" });
    // a deal in arbitration, with everybody in it
    let mut draft = judged(sale(Policy::marketplace()));
    let partner = FeePayee::Partner(text("partner"));
    draft.fees.push(Fee::of_price(text("partner"), partner, percent(3), Payer::Seller));
    let arbitrated = World::arbitrated(draft.clone()).deal;
    let unjudged = World::disputed(sale(Policy::marketplace())).deal;
    let at = "2026-03-02T12:00:00Z";
    let order = |payee: Value, purpose: &str, kind: &str| json!({ "tx": 9, "kind": kind, "deposit": "buyer_payment", "payee": payee, "purpose": purpose, "amount": money, "leg": 1 });
    let phase = |phase: Value| json!({ "type": "phase_entered", "phase": phase });
    let disputed =
        |stage: &str| json!({ "disputed": { "interrupted": "performing", "stage": stage, "until": at } });
    let active = |stage: &str| json!({ "active": { "stage": stage, "until": at } });
    let payees = [
        json!("buyer"),
        json!("seller"),
        json!("platform"),
        json!("processor"),
        json!({ "party": "partner" }),
    ];
    let proposed = World::new(plain(Policy::shop())).journal[0].event.clone();
    let Event::Proposed { terms, .. } = &proposed else { panic!() };
    let mut plain: Vec<Value> = vec![
        serde_json::to_value(&proposed).unwrap(),
        json!({ "type": "terms_amended", "terms_version": 2, "terms": terms, "changed": [], "deposits": [], "consents": { "buyer": true, "seller": false } }),
        json!({ "type": "agreed", "side": "buyer", "terms_version": 1 }),
        json!({ "type": "payment_stated", "order": order(json!("buyer"), "charge", "charge"), "gateway": "bank", "reference": "r" }),
        json!({ "type": "payment_requested", "tx": 9, "deposit": "buyer_payment", "amount": money, "key": "k",
            "form": { "method": "card", "return_urls": { "success_url": "https://a", "fail_url": "https://b" } } }),
        json!({ "type": "payment_received", "tx": 9, "deposit": "buyer_payment", "amount": money, "gateway": "bank", "reference": "r" }),
        json!({ "type": "clearing_begun", "ending": "success" }),
        json!({ "type": "leg_asked", "leg": 1 }),
        json!({ "type": "remarked", "remark": "x" }),
        json!({ "type": "approved" }),
        json!({ "type": "attached", "attachment": { "id": "f", "mime": "image/png", "size": 1 } }),
        json!({ "type": "track_set", "track": { "tracker": "cdek", "code": "1" } }),
        json!({ "type": "track_removed" }),
        json!({ "type": "performing_started" }),
        json!({ "type": "performing_stopped" }),
        json!({ "type": "submitted", "number": 1, "revision": { "preview": "p", "original": "o", "digest": "d" } }),
        json!({ "type": "changes_requested", "number": 1, "comment": "x" }),
        json!({ "type": "accepted" }),
        json!({ "type": "cost_incurred", "service": 0, "evidence": "e" }),
        json!({ "type": "charge_added", "deposit": "charge_1", "payer": "buyer", "amount": money,
            "details": { "key": "k", "payee": "seller", "reason": "x" } }),
        json!({ "type": "cancelled", "at_fault": "nobody", "reason": "x" }),
        json!({ "type": "dispute_opened", "by": "timer", "reason": "x" }),
        json!({ "type": "dispute_withdrawn", "remaining_ms": 1 }),
        json!({ "type": "escalation_asked" }),
        json!({ "type": "given_back", "total": money, "before": money }),
        json!({ "type": "ruled", "award": "buyer_all" }),
        json!({ "type": "dispute_closed" }),
        json!({ "type": "arbiter_appointed", "arbiter": "new", "before": "judge" }),
        json!({ "type": "deadline_extended", "timer": "start", "phase": active("performing"), "by_s": 1 }),
        json!({ "type": "posted", "reference": "m" }),
        json!({ "type": "timer_fired", "timer": "start" }),
        json!({ "type": "ending_decided", "ending": "success", "outcome": "completed", "funded": true, "settle_by": at }),
        json!({ "type": "capture_ordered", "order": order(json!("buyer"), "charge", "capture") }),
        json!({ "type": "leg_cut", "leg": 1, "old": money, "new": money }),
        json!({ "type": "leg_unclaimed", "leg": 1 }),
        json!({ "type": "pot_cut", "deposit": "buyer_payment", "old": money, "new": money, "as_if": money }),
        json!({ "type": "hold_charged", "tx": 9, "hold": 1, "amount": money, "last": true }),
        json!({ "type": "hold_shortened", "tx": 1, "expires": at }),
        json!({ "type": "stray_opened", "deposit": "stray_1", "named": "buyer_payment", "zero": money }),
        json!({ "type": "answer_doubted", "tx": 9 }),
        json!({ "type": "answer_confirmed", "tx": 9 }),
        json!({ "type": "leg_split", "leg": 1, "into": 2, "amount": money }),
        json!({ "type": "leg_held_back", "leg": 1, "chargeback": 1 }),
        json!({ "type": "leg_restored", "leg": 1, "into": 2, "amount": money }),
        json!({ "type": "request_noted", "request_id": "k", "command": "accept", "content": 7 }),
        json!({ "type": "annotated", "old": {}, "new": { "order_id": "4127" } }),
        phase(json!({ "proposed": { "until": at } })),
        phase(json!({ "awaiting_deposit": { "until": at } })),
        phase(json!({ "moderation": { "until": at, "from": "awaiting_deposit" } })),
        phase(active("awaiting_performance")),
        phase(active("performing")),
        phase(active("awaiting_acceptance")),
        phase(disputed("negotiation")),
        phase(disputed("arbitration")),
        phase(json!({ "paying": { "outcome": "completed", "awaiting_capture": false } })),
        phase(json!({ "closed": { "outcome": "completed" } })),
    ];
    for latest in [true, false] {
        let checkpoint = json!({ "id": "1", "kind": "progress", "occurred_at": at, "title": "" });
        plain.push(json!({ "type": "tracking_recorded", "checkpoint": checkpoint, "latest": latest }));
    }
    for side in ["buyer", "seller"] {
        plain.push(json!({ "type": "reported", "side": side, "verdict": "success" }));
        let offer = json!({ "number": 1, "award": "buyer_all", "fingerprint": 1 });
        plain.push(json!({ "type": "award_proposed", "side": side, "offer": offer }));
        plain.push(json!({ "type": "offer_fell", "side": side, "number": 1 }));
        plain.push(json!({ "type": "escalation_asked", "by": side }));
        plain.push(json!({ "type": "award_accepted", "side": side, "award": "buyer_all" }));
        plain.push(json!({ "type": "withdrawal_offered", "side": side }));
        plain.push(json!({ "type": "claim_filed", "side": side, "reference": "A40" }));
    }
    let case = json!({ "id": "c", "gateway": "bank", "payment": "p-1" });
    for step in ["opened", "lost", "won", "reinstated"] {
        plain.push(
            json!({ "type": "chargeback_recorded", "chargeback": case, "amount": money, "step": step }),
        );
    }
    // it meets its payment
    plain.push(json!({ "type": "chargeback_recorded", "chargeback": case, "amount": money }));
    for payee in &payees {
        plain.push(
            json!({ "type": "destination_set", "payee": payee, "of": "payouts", "destination": "balance" }),
        );
        plain.push(json!({ "type": "leg_ordered", "order": order(payee.clone(), "payout", "payout") }));
        plain.push(json!({ "type": "leg_credited", "order": order(payee.clone(), "payout", "payout") }));
        plain.push(json!({ "type": "leg_waits", "leg": 1, "deposit": "buyer_payment", "payee": payee, "purpose": "payout", "amount": money }));
    }
    for (debtor, payee) in [("seller", "platform"), ("platform", "seller"), ("buyer", "seller")] {
        plain.push(json!({ "type": "receivable_raised", "receivable": { "debtor": debtor, "payee": payee, "purpose": "fee", "amount": money } }));
    }
    let read = |value: Value| {
        serde_json::from_value::<Event>(value.clone()).unwrap_or_else(|e| panic!("{e}: {value}"))
    };
    // legs to cut are those of a deal that has some
    let mut paying = World::performing(draft);
    paying.act(&buyer(), Accept::default());
    for event in plain.into_iter().map(read) {
        let of_a_leg = matches!(event, Event::LegCut { .. } | Event::LegUnclaimed { .. });
        let deal = if of_a_leg { paying.deal.clone() } else { arbitrated.clone() };
        samples.push((deal, event));
    }
    // outside of a dispute, and without an arbiter
    let open = World::performing(sale(Policy::shop())).deal;
    samples.push((open.clone(), read(json!({ "type": "posted", "reference": "m" }))));
    samples.push((unjudged, read(phase(disputed("arbitration")))));
    // a transaction is told by what it was for
    for world in [paying, refunded(), on_hold(), claimed()] {
        for t in world.deal.transactions() {
            let tx = t.id();
            samples.push((world.deal.clone(), Event::TransactionSucceeded { tx, reference: text("gw") }));
            samples.push((
                world.deal.clone(),
                Event::TransactionFailed { tx, reason: text("no"), missed: false },
            ));
        }
    }
    // a debt that is lowered, and paid; a payout that comes back
    let (debt, payout) = owing();
    for event in [
        json!({ "type": "receivable_changed", "number": 1, "old": money, "new": money }),
        json!({ "type": "receivable_settled", "number": 1, "amount": money, "reference": "s", "source": "" }),
        json!({ "type": "payment_returned", "tx": payout, "reference": "r", "amount": money }),
    ] {
        samples.push((debt.clone(), read(event)));
    }
    samples
}

/// A sale that is paid out when the buyer's bank takes the money back, and the payout to the seller.
fn owing() -> (Deal, u32) {
    let mut w = World::performing(sale(Policy::shop()));
    w.act(&buyer(), Accept::default());
    let payout = w.deal.pending().find(|o| *o.payee == Payee::Seller).unwrap().key.transaction;
    w.done_all();
    w.act(&Actor::Gateway, chargeback("cb", "pay-1", 1_000_00, ChargebackStep::Lost));
    (w.deal, payout.number())
}

fn refunded() -> World {
    let mut w = World::funded(sale(Policy::shop()));
    w.act(&seller(), Cancel::default());
    w
}

/// One hold to capture, and one to let go.
fn on_hold() -> World {
    let mut w = World::new(plain(Policy::shop()));
    for reference in ["h-1", "h-2"] {
        let mut held = payment(B, reference, rub(1_000_00));
        held.held_until = Some(start().plus_secs(20 * DAY));
        w.act(&Actor::Gateway, held);
    }
    w
}

fn claimed() -> World {
    let mut w = World::new(plain(Policy::guarantee()));
    w.act(&seller(), agree(1));
    let claim = escrow::deal::command::StatedPayment::new(B, text("bank"), text("c"));
    w.act(&buyer(), escrow::deal::command::Agree::new(1).payment(claim));
    w
}

/// What sort of event it is, where that matters.
fn sort(deal: &Deal, event: &Event) -> String {
    let value = serde_json::to_value(event).unwrap();
    let mut row = value["type"].as_str().unwrap().to_owned();
    let payee = |p: &Payee| match p {
        Payee::Party(_) => "partner".to_owned(),
        p => p.to_string(),
    };
    let more = match event {
        Event::TrackingRecorded { latest, .. } => if *latest { "latest" } else { "older" }.to_owned(),
        Event::PhaseEntered { phase: escrow::Phase::Disputed { stage, .. }, .. } => {
            let judged = if deal.arbiter().is_some() { "" } else { ", no arbiter" };
            format!("{}{judged}", serde_json::to_value(stage).unwrap().as_str().unwrap())
        }
        Event::PhaseEntered { phase, .. } => phase.kind().as_str().to_owned(),
        Event::Reported { side, .. }
        | Event::AwardProposed { side, .. }
        | Event::AwardAccepted { side, .. }
        | Event::WithdrawalOffered { side }
        | Event::OfferFell { side, .. }
        | Event::EscalationAsked { by: Some(side) }
        | Event::ClaimFiled { side, .. } => {
            format!("by the {}", if *side == Side::Buyer { "buyer" } else { "seller" })
        }
        Event::DestinationSet { payee: p, .. } | Event::LegWaits { payee: p, .. } => payee(p),
        Event::LegOrdered { order } | Event::LegCredited { order } => payee(&order.payee),
        Event::LegCut { leg, .. } | Event::LegUnclaimed { leg } => {
            payee(deal.legs().iter().find(|l| l.id() == *leg).unwrap().payee())
        }
        Event::ReceivableRaised { receivable: r, .. } => {
            format!("{} to {}", payee(&r.debtor), payee(&r.payee))
        }
        Event::Posted { .. } => if deal.dispute().is_some() { "in a dispute" } else { "" }.to_owned(),
        Event::ChargebackRecorded { step, .. } => {
            serde_json::to_value(step).unwrap().as_str().unwrap_or("met").to_owned()
        }
        Event::ReceivableChanged { number, .. } | Event::ReceivableSettled { number, .. } => {
            let debt = deal.debts().iter().find(|d| d.number == *number).unwrap();
            format!("{} to {}", payee(&debt.debtor), payee(&debt.payee))
        }
        Event::PaymentReturned { tx, .. } => {
            let leg = deal.transaction(*tx).and_then(|t| t.leg());
            payee(deal.legs().iter().find(|l| Some(l.id()) == leg).unwrap().payee())
        }
        Event::TransactionSucceeded { tx, .. } | Event::TransactionFailed { tx, .. } => {
            let t = deal.transaction(*tx).unwrap();
            let leg = t.leg().and_then(|id| deal.legs().iter().find(|l| l.id() == id));
            let to = leg.map(|l| format!(" to {}", payee(l.payee()))).unwrap_or_default();
            format!("{}{to}", t.kind().as_str())
        }
        _ => String::new(),
    };
    if !more.is_empty() {
        let _ = write!(row, " ({more})");
    }
    row
}

/// Event by recipient, whoever caused it. Generated, committed, and read by people.
#[test]
fn the_table() {
    let mut rows: BTreeMap<String, (String, [&str; 6])> = BTreeMap::new();
    let mut seen = BTreeSet::new();
    let roles = [Role::Buyer, Role::Seller, Role::Partner, Role::Arbiter, Role::Operator, Role::Moderator];
    for (deal, event) in samples() {
        let row = sort(&deal, &event);
        seen.insert(row.split(' ').next().unwrap().to_owned());
        // nobody who could be told causes it
        let recorded = Recorded { at: start(), actor: Actor::Clock, via: None, event };
        let told: Vec<Notice> = notices(&deal, &recorded).collect();
        let mut cells = [""; 6];
        for notice in &told {
            cells[roles.iter().position(|r| *r == notice.to.role).unwrap()] = "told";
        }
        let kinds: BTreeSet<String> = told.iter().map(|n| kind(&n.news)).collect();
        assert!(kinds.len() < 2, "{row}");
        let row_of = (kinds.into_iter().next().unwrap_or_else(|| "–".to_owned()), cells);
        let before = rows.insert(row.clone(), row_of.clone());
        assert!(before.is_none_or(|before| before == row_of), "{row} is told in two ways");
    }
    // every event there is
    let unknown = serde_json::from_str::<Event>(r#"{"type":"no_such_thing"}"#).unwrap_err().to_string();
    let all: BTreeSet<String> = unknown.split('`').skip(3).step_by(2).map(str::to_owned).collect();
    assert_eq!(seen, all);

    let mut table = format!("{:<42} {:<18}", "event", "told as");
    for role in roles {
        let _ = write!(table, " {:<9}", role.as_str());
    }
    for (row, (kind, cells)) in &rows {
        let _ = write!(table, "\n{row:<42} {kind:<18}");
        for cell in cells {
            let _ = write!(table, " {cell:<9}");
        }
    }
    let table: Vec<&str> = table.lines().map(str::trim_end).collect();
    insta::assert_snapshot!("table", table.join("\n"));
}

// --- whatever happens ---

/// What no notice may carry: references to the work, instruments, evidence, contacts, and what people wrote.
fn secrets(journal: &[Recorded]) -> BTreeSet<String> {
    let mut secrets = BTreeSet::new();
    let mut terms = |terms: &Terms| {
        let d = &**terms;
        let contacts = [&d.contacts.buyer, &d.contacts.seller];
        secrets.extend(contacts.into_iter().flatten().map(|c| c.to_string()));
        secrets.extend(d.description.iter().map(|d| d.to_string()));
        secrets.extend(d.conditions.iter().map(|d| d.to_string()));
    };
    for recorded in journal {
        if let Event::Proposed { terms: t, .. } | Event::TermsAmended { terms: t, .. } = &recorded.event {
            terms(t);
        }
    }
    for recorded in journal {
        match &recorded.event {
            Event::Submitted { revision, .. } => {
                secrets.extend([&*revision.preview, &revision.original, &revision.digest].map(str::to_owned));
            }
            Event::DestinationSet { destination: Some(destination), .. } => match destination {
                Destination::Account(i) | Destination::Card(i) | Destination::Wallet(i) => {
                    secrets.insert(i.to_string());
                }
                Destination::Balance => {}
            },
            Event::Remarked { remark } => drop(secrets.insert(remark.to_string())),
            Event::ChangesRequested { comment, .. } => drop(secrets.insert(comment.to_string())),
            Event::Cancelled { reason, .. } | Event::TransactionFailed { reason, .. } => {
                secrets.insert(reason.to_string());
            }
            Event::DisputeOpened { reason, evidence, .. } => {
                secrets.insert(reason.to_string());
                secrets.extend(evidence.iter().map(|e| e.to_string()));
            }
            Event::CostIncurred { evidence, .. } => drop(secrets.insert(evidence.to_string())),
            Event::ChargeAdded { details, .. } => drop(secrets.insert(details.reason.to_string())),
            Event::Attached { attachment } => drop(secrets.insert(attachment.description.to_string())),
            _ => {}
        }
    }
    secrets.remove("");
    secrets
}

fn texts(value: &Value, out: &mut BTreeSet<String>) {
    match value {
        Value::String(text) => drop(out.insert(text.clone())),
        Value::Array(all) => all.iter().for_each(|v| texts(v, out)),
        Value::Object(all) => all.values().for_each(|v| texts(v, out)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// What holds of every notice of every journal.
fn sound(journal: &[Recorded]) -> Result<(), String> {
    let secrets = secrets(journal);
    let check =
        |ok: bool, what: &str, notice: &Notice| if ok { Ok(()) } else { Err(format!("{what}: {notice:?}")) };
    for (deal, recorded, notices) in told(journal) {
        let mut once = BTreeSet::new();
        for notice in &notices {
            let party = notice.to.party.as_ref();
            check(once.insert(notice.to.clone()), "told twice", notice)?;
            check(notice.deal == deal.id() && notice.at == recorded.at, "of this event", notice)?;
            let caused = match &recorded.actor {
                Actor::Party(id) => party == Some(id),
                Actor::Operator(_) => notice.to.role == Role::Operator,
                Actor::Moderator(_) => notice.to.role == Role::Moderator,
                Actor::Gateway | Actor::Tracker | Actor::Clock => false,
            };
            check(!caused, "told to who caused it", notice)?;
            let right = match notice.to.role {
                Role::Buyer => party == Some(&deal.terms().buyer),
                Role::Seller => party == Some(&deal.terms().seller),
                Role::Partner => {
                    party.is_some_and(|id| deal.role_of(&Actor::Party(id.clone())) == Some(Role::Partner))
                }
                Role::Arbiter => party.is_some(),
                Role::Operator | Role::Moderator => party.is_none(),
                Role::Gateway | Role::Tracker | Role::Clock => false,
            };
            check(right, "to whom the deal knows", notice)?;
            let value = serde_json::to_value(notice).unwrap();
            let mut said = BTreeSet::new();
            texts(&value, &mut said);
            check(said.is_disjoint(&secrets), "says too much", notice)?;
            let read: Notice = serde_json::from_value(value).map_err(|e| e.to_string())?;
            check(read == *notice, "reads as it was written", notice)?;
        }
    }
    Ok(())
}

fn prove(cases: u32, property: impl Fn(&History) -> Result<(), String>) {
    let config = Config { cases, failure_persistence: None, max_shrink_iters: 5_000, ..Config::default() };
    let ran =
        TestRunner::new(config).run(&histories(), |history| property(&history).map_err(TestCaseError::fail));
    ran.unwrap_or_else(|found| panic!("{found}"));
}

/// No original, no preview, no instrument, no contact, no free text: to nobody, so also not to a buyer who has not bought.
/// And nobody is told of what they did, nor twice.
#[test]
fn no_notice_says_too_much() {
    prove(3_000, |history| {
        let play = history.play(|_| Ok::<_, String>(()))?;
        sound(&play.journal)
    });
}

/// Live, event by event as it happens, and on replay from a journal that was stored: the same notices.
#[test]
fn a_replay_tells_the_same() {
    prove(400, |history| {
        let mut live: Vec<Notice> = Vec::new();
        let start = history.begin();
        let id = start.deal.id();
        let first = told(&start.journal).into_iter().flat_map(|(.., n)| n);
        live.extend(first.map(|n| Notice { deal: id, ..n }));
        let play = history.play(|moment| -> Result<(), String> {
            let mut deal = moment.before.clone();
            for recorded in moment.events() {
                deal.apply(recorded);
                live.extend(notices(&deal, recorded));
            }
            Ok(())
        })?;
        let stored = serde_json::to_string(&play.journal).map_err(|e| e.to_string())?;
        let journal: Vec<Recorded> = serde_json::from_str(&stored).map_err(|e| e.to_string())?;
        let again: Vec<Notice> =
            told(&journal).into_iter().flat_map(|(.., n)| n).map(|n| Notice { deal: id, ..n }).collect();
        if live == again { Ok(()) } else { Err(format!("{live:#?}\n{again:#?}")) }
    });
}

/// The scenarios too; and in every one of them the seller hears of every payment.
#[test]
fn the_notices_of_every_scenario_are_sound() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/scenarios");
    for file in std::fs::read_dir(folder).unwrap() {
        let file = file.unwrap().path();
        let text = std::fs::read_to_string(&file).unwrap();
        // several machines
        if text.contains("\"machines\":") {
            continue;
        }
        let scenario = Scenario::from_json(&text).unwrap();
        let journal: Vec<Recorded> = run(&scenario).events.into_iter().map(Envelope::into_recorded).collect();
        sound(&journal).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
        for (_, recorded, notices) in told(&journal) {
            if let Event::PaymentReceived { amount, .. } = &recorded.event {
                let told = |n: &Notice| {
                    let News::PaymentReceived { amount: told, .. } = &n.news else { return false };
                    n.to.role == Role::Seller && told == amount
                };
                assert!(notices.iter().any(told), "{}", file.display());
            }
        }
    }
}

// --- with a commit ---

/// A sink that puts the notices of a commit into its outbox.
#[derive(Default)]
struct Outbox {
    journal: MemorySink,
    notices: Vec<Notice>,
}

impl blocking::EventSink for Outbox {
    type Error = SinkFault;

    fn commit(&mut self, commit: Commit<'_>) -> Result<(), CommitError<SinkFault>> {
        let told: Vec<Notice> = escrow_market::notice::of_commit(&commit).collect();
        blocking::EventSink::commit(&mut self.journal, commit)?;
        self.notices.extend(told);
        Ok(())
    }
}

#[test]
fn a_commit_has_its_notices() {
    let gateway = ScriptedGateway::new();
    gateway.script(Rule {
        kind: Some(TransactionKind::Payout),
        payee: None,
        times: 1,
        behaviour: Behaviour::Decline,
    });
    let agent = escrow::agent::blocking::Agent::new(ManualClock::new(start()), gateway);
    let mut outbox = Outbox::default();
    let draft = judged(sale(Policy::shop()));
    let (anna, boris) = (Caller::party(text("anna")), Caller::party(text("boris")));
    let mut deal = agent.open(&mut outbox, common_id(), Terms::new(draft).unwrap(), anna.clone()).unwrap();
    let mut act = |command: escrow::Command, caller: Caller, outbox: &mut Outbox| {
        agent.submit(outbox, &mut deal, &command, caller).unwrap();
    };
    act(payment(B, "p-1", rub(1_000_00)).into(), Actor::Gateway.into(), &mut outbox);
    act(StartPerforming {}.into(), boris.clone(), &mut outbox);
    // the buyer is late: the dispute opens by itself, and is arbitrated, before the arbiter is replaced
    agent.clock.advance(45 * DAY);
    let appoint = escrow::deal::command::AppointArbiter::new(text("other"));
    act(appoint.into(), Actor::Operator(text("olga")).into(), &mut outbox);
    let journal: Vec<Recorded> =
        outbox.journal.journal(common_id()).iter().cloned().map(Envelope::into_recorded).collect();
    let replayed: Vec<Notice> = told(&journal).into_iter().flat_map(|(.., n)| n).collect();
    assert_eq!(outbox.notices, replayed);
    // who was the arbiter then was told, not who came after
    let arbitration =
        replayed.iter().find(|n| n.to.role == Role::Arbiter && matches!(n.news, News::PhaseEntered { .. }));
    assert_eq!(arbitration.unwrap().to.party, Some(text("judge")));
    sound(&journal).unwrap();
}

/// A chargeback is told to everybody whom it concerns, and what it takes.
#[test]
fn a_chargeback_is_told() {
    let mut w = World::performing(sale(Policy::shop()));
    let step = |step| chargeback("cb", "pay-1", 1_000_00, step);
    use escrow::deal::command::ChargebackStep::{Lost, Opened};
    let opened = w.act(&Actor::Gateway, step(Opened));
    assert_eq!(last(&w, &opened), ["buyer: chargeback", "seller: chargeback", "operator: chargeback"]);
    let accepted = w.act(&buyer(), Accept::default());
    let waits = ["seller: accepted", "seller: ended", "operator: waits", "seller: waits"];
    assert_eq!(last(&w, &accepted), waits);
    let lost = w.act(&Actor::Gateway, step(Lost));
    assert!(last(&w, &lost).contains(&"seller: cut".to_owned()));
    sound(&w.journal).unwrap();
}

/// An additional payment: who is asked, and who gets it.
#[test]
fn a_charge_is_told_to_both() {
    let mut w = World::performing(sale(Policy::shop()));
    let asked = w.act(&seller(), charge("c", Side::Buyer, Payee::Seller, 50_00));
    assert_eq!(last(&w, &asked), ["buyer: charge_added"]);
    let (.., notices) = told_last(&w, &asked);
    let News::ChargeAdded { amount, .. } = &notices[0].news else { panic!() };
    assert_eq!(*amount, Money::from_minor(50_00, escrow::Currency::RUB));
}
