//! Facts about money that come late, twice, from the wrong side or without end. More of them are in `tests/facts`, beside a
//! model of the books.

use crate::common::*;
use escrow::deal::command::{Agree, ConfirmPayment, StatedPayment};
use escrow::deposit::TransactionKind;
use escrow::{Actor, Payee, Policy, Rejection, Status};

#[test]
fn claim_hides_payment() {
    // the price is 1 000.00, and so is the seller's guarantee; the seller says that the buyer's transfer was theirs
    let mut draft = plain(Policy::freelance());
    draft.guarantees.seller = Some(rub(1_000_00));
    let mut w = World::new(draft);
    w.act(&seller(), Agree::new(1).payment(StatedPayment::new(GS, text("bank"), text("tran-1"))));
    let claim = w.order(TransactionKind::Charge, &Payee::Seller);
    // the gateway's own word counts: 1 000.00 are the buyer's
    w.act(&Actor::Gateway, payment(B, "tran-1", rub(1_000_00)));
    assert_eq!((w.held(B), w.held(GS)), (1_000_00, 0));
    // and the claim makes no second receipt of it, though the gateway knows the transfer
    w.act(&Actor::Gateway, answer(claim, succeeded("tran-1")));
    assert_eq!((w.held(B), w.buckets(GS).received), (1_000_00, 0));
    assert_eq!((w.status(), w.pending()), (Status::AwaitingDeposit, vec![]));
    w.repeat(&Actor::Gateway, payment(B, "tran-1", rub(1_000_00)));
    // the same the other way round: what was claimed and verified first does not hide what comes in for the other deposit
    let mut draft = plain(Policy::freelance());
    draft.guarantees.seller = Some(rub(1_000_00));
    let mut w = World::new(draft);
    w.act(&seller(), Agree::new(1).payment(StatedPayment::new(GS, text("bank"), text("tran-1"))));
    w.act(&Actor::Gateway, answer(claim, succeeded("tran-1")));
    w.act(&Actor::Gateway, payment(B, "tran-1", rub(1_000_00)));
    assert_eq!((w.held(B), w.held(GS)), (1_000_00, 1_000_00));
}

#[test]
fn claims_without_end() {
    // the buyer claims a hundred payments at a gateway that does not exist, and no more
    let mut draft = plain(Policy::freelance());
    draft.policy.claim_s = DAY;
    let mut w = World::proposed_by(&seller(), draft);
    let claim = |n: u32| {
        let reference = text(&format!("claim-{n}"));
        Agree::new(1).payment(StatedPayment::new(B, text("nowhere"), reference))
    };
    for n in 1..=100 {
        w.act(&buyer(), claim(n));
    }
    assert_eq!(w.refuse(&buyer(), claim(101)), Rejection::TooMany { max: 100 });
    assert_eq!(w.pending().len(), 100);
    // after the policy's day they lapse, and the deal goes on as if nobody had said anything
    let mut lapsed = w.clone();
    lapsed.wait_for_deadline();
    assert_eq!(
        (lapsed.now, lapsed.status(), lapsed.pending()),
        (after(DAY), Status::AwaitingDeposit, vec![])
    );
    // one of them turns up after all: a receipt like any other
    let late = ConfirmPayment::charged(B, text("nowhere"), text("claim-7"), rub(1_000_00));
    lapsed.act(&Actor::Gateway, late);
    assert_eq!(lapsed.held(B), 1_000_00);
    // with the ending they lapse as well: a closed deal asks nobody
    w.act(&buyer(), cancel("never mind"));
    assert_eq!((w.pending(), w.deal.next_deadline()), (vec![], None));
}

/// Both sides of a transfer that one of them claims: nobody is kept from what the other has used up.
#[test]
fn used_up_by_the_other() {
    use escrow::deal::command::{Attach, Attachment};
    use escrow::{Command, Side};
    use std::sync::Arc;

    let mut w = World::performing(plain(Policy::shop()));
    let document = |n: u32| {
        let attachment =
            Attachment::new(text(&format!("photo-{n}")), text("image/png"), 1).description(text(""));
        Command::from(Attach::new(Arc::new(attachment)))
    };
    // the buyer's 32 documents and 12 charges
    for n in 1..=32 {
        w.act(&buyer(), document(n));
    }
    assert_eq!(w.refuse(&buyer(), document(33)), Rejection::TooMany { max: 32 });
    for n in 1..=12 {
        w.act(&buyer(), charge(&format!("b{n}"), Side::Buyer, Payee::Seller, 1));
    }
    let one_more = charge("b13", Side::Buyer, Payee::Seller, 1);
    assert_eq!(w.refuse(&buyer(), one_more), Rejection::TooMany { max: 12 });
    // leave the seller and the operator theirs
    for (n, who) in (100..).zip([seller(), operator()]) {
        w.act(&who, document(n));
        w.act(&who, charge(&format!("c{n}"), Side::Buyer, Payee::Seller, 1));
    }
}

/// The same identity with other content is another thing: it is refused, not swallowed.
#[test]
fn squatted_identity() {
    use escrow::deal::command::{Attach, Attachment, IncurCost};
    use escrow::{Command, Side};
    use std::sync::Arc;

    let mut w = World::performing(with_courier(Policy::shop()));
    let document = |digest: &str| {
        let attachment = Attachment::new(text("contract"), text("image/png"), 1);
        Command::from(Attach::new(Arc::new(attachment.digest(text::<escrow::deal::command::Digest>(digest)))))
    };
    w.act(&buyer(), document("sha256:00"));
    w.repeat(&buyer(), document("sha256:00"));
    assert_eq!(w.refuse(&buyer(), document("sha256:01")), Rejection::IdentityTaken);
    assert_eq!(w.refuse(&seller(), document("sha256:01")), Rejection::IdentityTaken);
    // a cost and its evidence
    w.act(&courier(), IncurCost::new(0, text("receipt-1")));
    w.repeat(&courier(), IncurCost::new(0, text("receipt-1")));
    assert_eq!(w.refuse(&courier(), IncurCost::new(0, text("receipt-2"))), Rejection::IdentityTaken);
    // a charge under its key
    w.act(&seller(), charge("bow", Side::Buyer, Payee::Seller, 70_00));
    w.repeat(&seller(), charge("bow", Side::Buyer, Payee::Seller, 70_00));
    assert_eq!(w.refuse(&seller(), charge("bow", Side::Buyer, Payee::Seller, 71_00)), Rejection::KeyReused);
}

/// A retry is known for good by the id of its request, however far the deal has moved on.
/// Whatever else is known by a name of its own: the same again is a repeat, and other content under it is refused.
#[test]
fn squatted_identity_of_every_kind() {
    use escrow::deal::command::{Attach, Attachment, CheckpointKind, OpenDispute, RequestChanges};
    use escrow::settlement::Fault;
    use std::sync::Arc;

    // a checkpoint that says something else now: the six hours must not seem to have begun, nor the goods to be refused
    let mut w = World::new(sale(Policy::shop()));
    w.pay(B, 1_000_00);
    w.act(&seller(), set_track("A"));
    w.act(&Actor::Tracker, checkpoint("A", "scan-1", CheckpointKind::Progress, w.now));
    w.repeat(&Actor::Tracker, checkpoint("A", "scan-1", CheckpointKind::Progress, w.now));
    for kind in [CheckpointKind::Final, CheckpointKind::Refused] {
        assert_eq!(
            w.refuse(&Actor::Tracker, checkpoint("A", "scan-1", kind, w.now)),
            Rejection::IdentityTaken
        );
    }
    let later = w.now.plus_secs(60);
    let other_time = checkpoint("A", "scan-1", CheckpointKind::Progress, later);
    assert_eq!(w.refuse(&Actor::Tracker, other_time), Rejection::IdentityTaken);
    w.act(&Actor::Tracker, checkpoint("A", "scan-2", CheckpointKind::Final, w.now));
    let refused = checkpoint("A", "scan-2", CheckpointKind::Refused, w.now);
    assert_eq!(w.refuse(&Actor::Tracker, refused), Rejection::IdentityTaken);

    // a document of the other party, of another type, or with another description
    let file = |mime: &str, description: &str| {
        Attach::new(Arc::new(Attachment::new(text("photo"), text(mime), 1).description(text(description))))
    };
    w.act(&buyer(), file("image/png", "a scratch"));
    w.repeat(&buyer(), file("image/png", "a scratch"));
    assert_eq!(w.refuse(&seller(), file("image/png", "a scratch")), Rejection::IdentityTaken);
    assert_eq!(w.refuse(&buyer(), file("image/jpeg", "a scratch")), Rejection::IdentityTaken);
    assert_eq!(w.refuse(&buyer(), file("image/png", "no scratch")), Rejection::IdentityTaken);

    // a dispute for another reason, or with another proof
    let open = |reason: &str, evidence: &str| {
        OpenDispute::new(text(reason)).evidence(text::<escrow::deal::command::FileRef>(evidence))
    };
    w.act(&buyer(), open("scratched", "proof-1"));
    w.repeat(&buyer(), open("scratched", "proof-1"));
    for other in
        [open("broken", "proof-1"), open("scratched", "proof-2"), OpenDispute::new(text("scratched"))]
    {
        assert_eq!(w.refuse(&buyer(), other).code(), "wrong-phase");
    }

    // other changes than were asked for
    let mut w = World::performing(plain(Policy::freelance()));
    w.act(&seller(), submit(1));
    let changes = |comment: &str| RequestChanges::new(1, text(comment));
    w.act(&buyer(), changes("greener"));
    w.repeat(&buyer(), changes("greener"));
    assert_eq!(w.refuse(&buyer(), changes("bluer")).code(), "wrong-phase");

    // an operator who cancels at the buyer's fault has not cancelled at the seller's
    let mut w = World::performing(plain(Policy::shop()));
    w.act(&operator(), by_operator(Fault::Buyer));
    w.repeat(&operator(), by_operator(Fault::Buyer));
    assert_eq!(w.refuse(&operator(), by_operator(Fault::Seller)).code(), "wrong-phase");
}

/// Two gateways may give their chargebacks the same number.
#[test]
fn chargebacks_of_two_gateways_under_one_id() {
    use escrow::deal::command::{Chargeback, ChargebackStep};

    let mut w = World::new(sale(Policy::shop()));
    for (gateway, minor) in [("bank", 600_00), ("wallet", 400_00)] {
        let paid = ConfirmPayment::charged(B, text(gateway), text("p-1"), rub(minor));
        w.act(&Actor::Gateway, paid);
    }
    w.act(&seller(), escrow::deal::command::StartPerforming {});
    let lost = |gateway: &str, minor| {
        Chargeback::new(text("1"), (text(gateway), text("p-1")), rub(minor), ChargebackStep::Lost)
    };
    w.act(&Actor::Gateway, lost("bank", 600_00));
    w.act(&Actor::Gateway, lost("wallet", 400_00));
    w.repeat(&Actor::Gateway, lost("bank", 600_00));
    assert_eq!((w.held(B), w.buckets(B).charged_back), (0, 1_000_00));
    assert_eq!(w.refuse(&Actor::Gateway, lost("wallet", 300_00)).code(), "fact-contradicts");
    let stored = serde_json::to_string(&w.deal).unwrap();
    assert_eq!(serde_json::from_str::<escrow::Deal>(&stored).unwrap(), w.deal);
}

#[test]
fn repeat_after_moving_on() {
    use escrow::deal::command::{AcceptAward, OpenDispute, ProposeAward, SetTrack, StartPerforming};
    use escrow::{Award, Command, Context};

    let mut w = World::funded(judged(plain(Policy::freelance())));
    let mut sent: Vec<(Actor, Command)> = Vec::new();
    let award = Award::Amount(rub(400_00));
    let steps: Vec<(Actor, Command)> = vec![
        (seller(), SetTrack::new(track("A")).into()),
        (seller(), SetTrack::new(track("B")).into()),
        (seller(), StartPerforming {}.into()),
        (seller(), submit(1)),
        (buyer(), changes(1)),
        (seller(), submit(2)),
        (buyer(), OpenDispute::new(text("not blue")).into()),
        (seller(), ProposeAward::new(award).into()),
        (buyer(), AcceptAward::new(award).into()),
    ];
    let context = |w: &World, n: usize, actor: &Actor| {
        Context::new(w.now, actor.clone()).request_id(text(&format!("request-{n}")))
    };
    for (actor, command) in steps {
        let done = w.attempt_in(&context(&w, sent.len(), &actor), &command);
        assert!(done.is_ok_and(|t| !t.is_empty()), "{command:?}");
        sent.push((actor, command));
        // whatever was lost on the way is sent again: nothing happens, and nothing is refused
        for (n, (actor, command)) in sent.iter().enumerate() {
            let again = w.attempt_in(&context(&w, n, actor), command);
            assert!(again.is_ok_and(|t| t.is_empty()), "{command:?} once more, after {}", sent.len());
        }
    }
    // resolved: 400.00 and 600.00
    assert_eq!(w.gets(&Payee::Seller, escrow::deposit::Purpose::Payout), 400_00);
    // the same id with another command is no repeat
    let other = w.attempt_in(&context(&w, 0, &seller()), &cancel("no"));
    assert!(other.is_err(), "{other:?}");
}

/// Shipping by the seller is part of the proceeds: half of them is half of the commission.
#[test]
fn half_the_commission() {
    use escrow::Award;
    use escrow::deposit::Purpose;
    use escrow::terms::{Fee, FeePayee, OnRefund, Payer};

    let mut draft = judged(with_sellers_delivery(Policy::shop()));
    let mut fee = Fee::of_price(text("platform"), FeePayee::Platform, percent(10), Payer::Seller);
    fee.on_refund = Some(OnRefund::ProRata);
    draft.fees.push(fee);
    let mut w = World::arbitrated(draft);
    // proceeds 1 000.00 + 100.00; the half is 550.00; of the fee of 100.00 it is 50.00, and the seller keeps 500.00
    w.act(&judge(), rule(Award::Share(percent(50))));
    let gets = [
        w.gets(&Payee::Platform, Purpose::Fee),
        w.gets(&Payee::Seller, Purpose::Payout),
        w.gets(&Payee::Buyer, Purpose::Refund),
    ];
    assert_eq!(gets, [50_00, 500_00, 550_00]);
}

/// What the seller's part cannot cover they owe; the buyer may keep what they keep, and has the rest back.
#[test]
fn uncovered_partial_buyout() {
    use escrow::deposit::Purpose;
    use escrow::terms::{Item, Payer, Provider};

    // a coat at 2 900.00 and socks at 100.00; a courier at 300.00, whom the seller pays
    let mut draft = plain(Policy::shop());
    draft.items = vec![Item::new(text("coat"), rub(2_900_00), 1), Item::new(text("socks"), rub(100_00), 1)];
    draft.services.push(service("delivery", 300_00, Payer::Seller, Provider::Third(text("courier"))));
    let mut w = World::performing(draft);
    w.act(&buyer(), accept_part(&[0, 1]));
    // the socks' 100.00 go to the courier, and 2 900.00 go back; the seller owes 300.00 - 100.00
    assert_eq!(w.gets(&payee("courier"), Purpose::Service), 100_00);
    assert_eq!(w.gets(&Payee::Buyer, Purpose::Refund), 2_900_00);
    assert_eq!(w.gets(&Payee::Seller, Purpose::Payout), 0);
    assert_eq!(w.owed(), [(Payee::Seller, payee("courier"), Purpose::Service, 200_00)]);
    w.done_all();
    assert_eq!(w.status(), Status::Completed);
}
