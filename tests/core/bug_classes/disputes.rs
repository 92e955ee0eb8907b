//! Disputes.

use crate::common::*;
use escrow::deal::command::{
    AcceptAward, AppointArbiter, ProposeAward, StartPerforming, StopPerforming, Verdict, WithdrawDispute,
};
use escrow::deal::{Event, Guard};
use escrow::deposit::{LegState, Purpose};
use escrow::settlement::SettleError;
use escrow::terms::{ArbitrationFee, FeePayee, NamedAs, OneReport, Payer, Problem, Provider};
use escrow::{Award, Payee, Policy, Rate, Rejection, Side, Status};

#[test]
fn missing_arbiter() {
    // nobody ever appoints one: 10 days of negotiation, 20 of arbitration, then the policy's default: all to the buyer
    let mut w = World::disputed(sale(Policy::shop()));
    w.wait_for_deadline();
    assert_eq!(w.now, after(10 * DAY));
    assert_eq!(w.status(), Status::Disputed);
    w.wait_for_deadline();
    assert_eq!(w.now, after(30 * DAY));
    w.done_all();
    assert_eq!(w.status(), Status::Resolved);
    // the fee is one that is returned: 1 000.00 back
    assert_eq!(w.gets(&Payee::Buyer, Purpose::Refund), 1_000_00);

    // a replacement extends no deadline
    let mut w = World::arbitrated(judged(sale(Policy::shop())));
    let until = w.until();
    w.pass(19 * DAY);
    let solomon = AppointArbiter::new(text("solomon"));
    w.act(&operator(), solomon);
    assert_eq!(w.until(), until);
    // who was replaced is nobody now
    assert_eq!(w.refuse(&judge(), rule(Award::SellerAll)), Rejection::UnknownActor);
    w.act(&party("solomon"), rule(Award::SellerAll));
    w.done_all();
    assert_eq!(w.gets(&Payee::Seller, Purpose::Payout), 1_000_00);
}

#[test]
fn self_dealing_arbiter() {
    for (arbiter, named) in [("anna", NamedAs::Buyer), ("boris", NamedAs::Seller)] {
        let mut draft = sale(Policy::shop());
        draft.arbiter = Some(text(arbiter));
        assert_eq!(problem(draft), Problem::IsAParty(named));
        let mut w = World::disputed(sale(Policy::shop()));
        let appoint = AppointArbiter::new(text(arbiter));
        assert_eq!(w.refuse(&operator(), appoint), Rejection::ArbiterIsAParty { named });
    }
    // nor somebody whom the deal pays
    let mut draft = sale(Policy::shop());
    let delivery = service("delivery", 10_00, Payer::Seller, Provider::Third(text("courier")));
    draft.services.push(delivery);
    let mut w = World::disputed(draft);
    let appoint = AppointArbiter::new(text("courier"));
    let named = NamedAs::Provider { service: 0 };
    assert_eq!(w.refuse(&operator(), appoint), Rejection::ArbiterIsAParty { named });

    // the arbiter's fee is capped: 50 % of 1 000.00 is 500.00, the most is 100.00; so 900.00 can be awarded, and no more
    let mut draft = judged(plain(Policy::shop()));
    draft.policy.arbitration_fee = Some(ArbitrationFee {
        payee: FeePayee::Platform,
        rate: Rate::HALF,
        guarantee_rate: Rate::ZERO,
        fixed: None,
        min: None,
        max: Some(rub(100_00)),
    });
    let mut w = World::arbitrated(draft.clone());
    let over = w.refuse(&judge(), rule(Award::Amount(rub(900_01))));
    assert_eq!(over, Rejection::Settle(SettleError::AwardOverMax { max: rub(900_00) }));
    w.act(&judge(), rule(Award::BuyerAll));
    assert_eq!(w.gets(&Payee::Platform, Purpose::ArbitrationFee), 100_00);
    assert_eq!(w.gets(&Payee::Buyer, Purpose::Refund), 900_00);

    // a fee that asks for more than there is gets what there is, and no debt is made up
    let fee = draft.policy.arbitration_fee.as_mut().unwrap();
    (fee.fixed, fee.max) = (Some(rub(9_000_00)), None);
    let mut w = World::arbitrated(draft);
    w.act(&judge(), rule(Award::SellerAll));
    assert_eq!(w.gets(&Payee::Platform, Purpose::ArbitrationFee), 1_000_00);
    assert_eq!(w.owed(), []);
}

#[test]
fn unbounded_ruling() {
    let mut draft = judged(plain(Policy::shop()));
    draft.policy.arbitration_fee = Some(ArbitrationFee {
        payee: FeePayee::Platform,
        rate: Rate::ZERO,
        guarantee_rate: Rate::ZERO,
        fixed: Some(rub(30_00)),
        min: None,
        max: None,
    });
    let mut w = World::arbitrated(draft);
    // out of range, in every direction: M = 1 000.00 − 30.00
    let refusals = [
        (Award::Amount(rub(970_01)), SettleError::AwardOverMax { max: rub(970_00) }),
        (Award::Amount(rub(-1)), SettleError::AwardNegative),
        (Award::Amount(usd(1)), SettleError::AwardCurrency),
    ];
    for (award, error) in refusals {
        assert_eq!(w.refuse(&judge(), rule(award)), Rejection::Settle(error));
    }
    assert!(Rate::from_ppm(1_000_001).is_err());
    // a closed enum: nothing else can be said
    assert!(serde_json::from_str::<Award>(r#""everything""#).is_err());
    assert!(serde_json::from_str::<Award>(r#"{"share":1.5}"#).is_err());

    // once: 970.00 to the seller, 30.00 for the ruling
    w.act(&judge(), rule(Award::SellerAll));
    w.repeat(&judge(), rule(Award::SellerAll));
    for award in [Award::BuyerAll, Award::Amount(rub(970_00))] {
        let again = w.refuse(&judge(), rule(award));
        assert!(matches!(again, Rejection::WrongPhase { .. }), "{again:?}");
    }
    w.done_all();
    w.repeat(&judge(), rule(Award::SellerAll));
    let fees = w.legs();
    let fees: Vec<_> = fees.iter().filter(|l| l.2 == Purpose::ArbitrationFee).map(|l| l.3).collect();
    assert_eq!(fees, [30_00]);
    assert_eq!(w.gets(&Payee::Seller, Purpose::Payout), 970_00);
}

#[test]
fn wrong_partys_amount() {
    // guarantees that differ, in currencies that differ: 300.00 roubles and 5.00 dollars
    let mut draft = guaranteed();
    draft.guarantees.seller = Some(usd(5_00));
    let mut w = World::performing(draft.clone());
    assert_eq!((w.held(GB), w.held(GS)), (300_00, 5_00));
    w.wait_for_deadline();
    assert_eq!(
        w.legs(),
        [
            (GB, Payee::Buyer, Purpose::Guarantee, 300_00, LegState::Ordered),
            (GS, Payee::Seller, Purpose::Guarantee, 5_00, LegState::Ordered),
        ]
    );
    // one deposit does not fill the other's
    let mut w = World::proposed_by(&seller(), draft.clone());
    w.act(&buyer(), agree(1));
    w.pay(GB, 500_00);
    assert_eq!(w.status(), Status::AwaitingDeposit);
    assert_eq!(w.gets(&Payee::Buyer, Purpose::Excess), 200_00);
    // the winner gets the loser's, as it is
    let mut w = World::performing(draft);
    w.act(&seller(), report(Verdict::Success));
    w.act(&buyer(), report(Verdict::Failure));
    w.act(&operator(), AppointArbiter::new(text("judge")));
    w.wait_for_deadline();
    w.act(&judge(), rule(Award::Winner(Side::Buyer)));
    assert_eq!(w.gets(&Payee::Buyer, Purpose::Guarantee), 300_00);
    assert_eq!(w.gets(&Payee::Buyer, Purpose::Award), 5_00);
    assert_eq!(w.gets(&Payee::Seller, Purpose::Guarantee), 0);
}

#[test]
fn undo_bypass() {
    for (one_report, status) in
        [(OneReport::Dispute, Status::Disputed), (OneReport::Stands, Status::CancelRequested)]
    {
        let mut draft = guaranteed();
        draft.policy.one_report = one_report;
        let mut w = World::performing(draft);
        // the buyer confirms, takes it back, and goes silent
        w.act(&buyer(), report(Verdict::Success));
        w.pass(DAY).act(&buyer(), report(Verdict::Failure));
        // both facts stay in the journal, and the second names the first
        let reports: Vec<_> = w
            .journal
            .iter()
            .filter_map(|r| match &r.event {
                Event::Reported { verdict, before, .. } => Some((*verdict, *before)),
                _ => None,
            })
            .collect();
        assert_eq!(reports, [(Verdict::Success, None), (Verdict::Failure, Some(Verdict::Success))]);
        // the last word counts as one report, not as none
        w.wait_for_deadline();
        assert_eq!(w.now, after(10 * DAY));
        assert_eq!(w.status(), status);
    }
    // starting, stopping and starting renews nothing: of 30 days 10 are used, 20 are left
    let mut w = World::performing(plain(Policy::shop()));
    w.pass(10 * DAY).act(&seller(), StopPerforming {});
    w.pass(DAY).act(&seller(), StartPerforming {});
    assert_eq!(w.until(), after(31 * DAY));
    // and stopping again leaves 6 of the 7 days to start
    w.act(&seller(), StopPerforming {});
    assert_eq!(w.until(), after((11 + 6) * DAY));
}

#[test]
fn zero_as_unset() {
    let mut w = World::disputed(sale(Policy::shop()));
    let nothing = Award::Amount(rub(0));
    // no offer is not an offer of nothing
    assert_eq!(w.deal.offer(Side::Buyer), None);
    assert_eq!(w.refuse(&seller(), AcceptAward::new(nothing)).code(), "no-such-offer");
    w.act(&buyer(), ProposeAward::new(nothing));
    assert_eq!(w.deal.offer(Side::Buyer).map(|o| o.award), Some(nothing.into()));
    // an offer of nothing is not an offer of everything, nor of a share
    for award in [Award::SellerAll, Award::BuyerAll, Award::Amount(rub(1))] {
        assert_eq!(w.refuse(&seller(), AcceptAward::new(award)).code(), "no-such-offer");
    }
    w.act(&seller(), AcceptAward::new(nothing));
    // the seller gets 0.00, the buyer all of 1 000.00
    assert_eq!(w.legs(), [(B, Payee::Buyer, Purpose::Refund, 1_000_00, LegState::Ordered)]);
    // a free service is a service, a guarantee of zero is funded
    let mut draft = sale(Policy::shop());
    draft.services.push(service("delivery", 0, Payer::Buyer, Provider::Seller));
    draft.guarantees.seller = Some(rub(0));
    let w = World::funded(draft);
    assert_eq!(w.status(), Status::AwaitingPerformance);
    assert_eq!(w.deal.terms().quote().services.len(), 1);
}

/// The seller promises to mend it, the buyer withdraws, nothing comes: the dispute is opened again, and goes on with the time it
/// had left; four times each, so that nobody holds the other up for ever.
#[test]
fn dispute_given_up_for_a_promise() {
    let mut w = World::disputed(sale(Policy::shop()));
    // 4 of 10 days of negotiation are over
    w.pass(4 * DAY);
    for _ in 0..3 {
        w.act(&buyer(), WithdrawDispute::default());
        assert_eq!(w.status(), Status::Performing);
        w.act(&buyer(), dispute("still broken"));
        assert_eq!(w.until(), after(10 * DAY));
    }
    w.act(&buyer(), WithdrawDispute::default());
    assert_eq!(w.refuse(&buyer(), dispute("again")), Rejection::Guard(Guard::MayDispute));
    // the other party has its own four
    w.act(&seller(), dispute("not paid for the extra work"));
    assert_eq!(w.status(), Status::Disputed);
}
