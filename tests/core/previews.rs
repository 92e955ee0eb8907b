//! What everybody would get: `Deal::preview` of every ending, for every party, worked out by hand; and that each of
//! them is what is then paid.
#![allow(clippy::arithmetic_side_effects, clippy::indexing_slicing, clippy::panic)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::wildcard_enum_match_arm)]
// 1_000_00 reads as 1 000.00
#![allow(clippy::inconsistent_digit_grouping)]

use std::collections::BTreeMap;

use crate::common::*;
use escrow::deal::command::{Accept, AcceptAward, Cancel, IncurCost, ProposeAward, Rule};
use escrow::deposit::DepositId;
use escrow::settlement::{Ending, Fault, Purpose, Quantities, SettleError};
use escrow::terms::{ArbitrationFee, Fee, FeePayee, Item, OnRefund, Payer, Provider};
use escrow::{Award, DefaultRuling, Payee, Policy, Rate, Rejection, Side, Status, TermsDraft};

use Purpose::{ArbitrationFee as ForRuling, Fee as ForFee, Guarantee, Payout, Refund, Service};

/// Three lamps at 300.00 and a shade at 100.00, with every kind of claim, both guarantees and a paid arbiter.
///
/// ```text
/// price     = 3 × 300.00 + 100.00                                    = 1 000.00
/// services    courier 60.00, the buyer's; packing 25.00, by the seller, 60 % of it the buyer's: 15.00 + 10.00;
///             insurance 20.00, by the platform, the seller's
/// order     = 1 000.00 + 60.00 + 15.00                               = 1 075.00
/// fees        platform 2 %, the buyer's, kept: 20.00; processor 1 %, the seller's, returned: 10.00;
///             partner 4 %, the seller's, pro rata: 40.00, out of which the processor has 1 % of the price: 10.00;
///             platform 3 %, in halves, pro rata: 15.00 + 15.00
/// deposit   = 1 075.00 + 20.00 + 15.00                               = 1 110.00
/// proceeds  = 1 000.00 + 15.00                                       = 1 015.00
/// payout    = 1 015.00 − 20.00 − (10.00 + 40.00 + 15.00)             =   930.00
/// ruling    = 2 % of 1 110.00 + 3.00                                 =    25.20
/// ```
fn lamps() -> TermsDraft {
    let mut draft = judged(plain(Policy::shop()));
    draft.items = vec![Item::new(text("lamp"), rub(300_00), 3), Item::new(text("shade"), rub(100_00), 1)];
    let part = Payer::Shared(percent(60));
    draft.services = vec![
        service("delivery", 60_00, Payer::Buyer, Provider::Third(text("courier"))),
        service("packing", 25_00, part, Provider::Seller),
        service("insurance", 20_00, Payer::Seller, Provider::Platform),
    ];
    let fee = |id, payee, rate, payer, on_refund| {
        let fee = Fee::of_price(text(id), payee, percent(rate), payer);
        Fee { on_refund: Some(on_refund), ..fee }
    };
    let partner = FeePayee::Partner(text("partner"));
    draft.fees = vec![
        fee("listing", FeePayee::Platform, 2, Payer::Buyer, OnRefund::Keep),
        fee("acquiring", FeePayee::Processor, 1, Payer::Seller, OnRefund::Return),
        fee("partner", partner, 4, Payer::Seller, OnRefund::ProRata),
        Fee::carved(text("carved"), FeePayee::Processor, percent(1), text("partner")),
        fee("platform", FeePayee::Platform, 3, Payer::Shared(Rate::HALF), OnRefund::ProRata),
    ];
    draft.guarantees.buyer = Some(rub(200_00));
    draft.guarantees.seller = Some(rub(150_00));
    draft.policy.arbitration_fee = Some(ArbitrationFee {
        payee: FeePayee::Partner(text("judge")),
        rate: percent(2),
        guarantee_rate: Rate::ZERO,
        fixed: Some(rub(3_00)),
        min: None,
        max: None,
    });
    draft
}

/// Paid and started; the courier and the packing have cost something, the insurance has not.
fn started(draft: TermsDraft) -> World {
    let mut w = World::performing(draft);
    for service in [0, 1] {
        w.act(&operator(), IncurCost::new(service, text("invoice")));
    }
    w
}

type Share = (DepositId, Payee, Purpose, i64);
type Debt = (Payee, Payee, i64);

/// What an ending gives out, by pot, payee and purpose; every pot to the last kopeck.
fn preview(w: &World, ending: &Ending) -> (Vec<Share>, Vec<Debt>) {
    let before = json(&w.deal);
    let settlement = w.deal.preview(ending).unwrap();
    assert_eq!(json(&w.deal), before, "a preview changes nothing");
    for (id, pot) in [(B, 1_110_00), (GB, 200_00), (GS, 150_00)] {
        let out = settlement.shares.iter().filter(|s| s.deposit == id).map(|s| s.amount.minor());
        assert_eq!(out.sum::<i64>(), pot, "{id} in {ending:?}");
    }
    let shares = settlement.shares.iter();
    let mut shares: Vec<_> =
        shares.map(|s| (s.deposit, s.payee.clone(), s.purpose, s.amount.minor())).collect();
    shares.sort_by_key(|s| format!("{s:?}"));
    let owed = settlement.receivables.iter();
    (shares, owed.map(|r| (r.debtor.clone(), r.payee.clone(), r.amount.minor())).collect())
}

#[track_caller]
fn gives(w: &World, ending: &Ending, shares: &[Share], owed: &[Debt]) {
    let mut expected = shares.to_vec();
    expected.sort_by_key(|s| format!("{s:?}"));
    assert_eq!(preview(w, ending), (expected, owed.to_vec()), "{ending:?}");
}

/// The same with both guarantees back to their owners.
#[track_caller]
fn gives_back(w: &World, ending: &Ending, shares: &[Share], owed: &[Debt]) {
    let mut all = shares.to_vec();
    all.push((GB, Payee::Buyer, Guarantee, 200_00));
    all.push((GS, Payee::Seller, Guarantee, 150_00));
    gives(w, ending, &all, owed);
}

fn partly(quantities: &[u32]) -> Ending {
    Ending::PartialBuyout(Quantities::from(quantities))
}

#[test]
fn success() {
    gives_back(
        &started(lamps()),
        &Ending::Success,
        &[
            (B, payee("courier"), Service, 60_00),
            (B, Payee::Platform, Service, 20_00),
            // 20.00 and both halves of 30.00
            (B, Payee::Platform, ForFee, 50_00),
            // 10.00 of its own and 10.00 carved
            (B, Payee::Processor, ForFee, 20_00),
            (B, payee("partner"), ForFee, 30_00),
            (B, Payee::Seller, Payout, 930_00),
        ],
        &[],
    );
}

#[test]
fn partial_buyout() {
    // two lamps of three and no shade: 600.00. Buyer: 600.00 + 75.00 + 2 % = 12.00 + half of 3 % = 9.00: 696.00
    // Seller: 615.00 − 20.00 − 1 % = 6.00 − 4 % = 24.00 − 9.00: 556.00
    gives_back(
        &started(lamps()),
        &partly(&[2, 0]),
        &[
            (B, payee("courier"), Service, 60_00),
            (B, Payee::Platform, Service, 20_00),
            (B, Payee::Platform, ForFee, 30_00),
            (B, Payee::Processor, ForFee, 12_00),
            (B, payee("partner"), ForFee, 18_00),
            (B, Payee::Seller, Payout, 556_00),
            (B, Payee::Buyer, Refund, 414_00),
        ],
        &[],
    );
}

#[test]
fn cancelled_by_each_fault() {
    let w = started(lamps());
    // the buyer bears the courier, the kept fee and all of the packing: 1 110.00 − 60.00 − 20.00 − 25.00
    gives_back(
        &w,
        &Ending::Cancelled(Fault::Buyer),
        &[
            (B, payee("courier"), Service, 60_00),
            (B, Payee::Platform, ForFee, 20_00),
            (B, Payee::Seller, Payout, 25_00),
            (B, Payee::Buyer, Refund, 1_005_00),
        ],
        &[],
    );
    // the seller bears the courier and the kept fee out of his guarantee: 150.00 − 60.00 − 20.00
    gives(
        &w,
        &Ending::Cancelled(Fault::Seller),
        &[
            (B, Payee::Buyer, Refund, 1_110_00),
            (GB, Payee::Buyer, Guarantee, 200_00),
            (GS, payee("courier"), Service, 60_00),
            (GS, Payee::Platform, ForFee, 20_00),
            (GS, Payee::Seller, Guarantee, 70_00),
        ],
        &[],
    );
    // nobody bears anything: the platform owes the courier
    gives_back(
        &w,
        &Ending::Cancelled(Fault::Nobody),
        &[(B, Payee::Buyer, Refund, 1_110_00)],
        &[(Payee::Platform, payee("courier"), 60_00)],
    );
}

/// All awards that nobody is paid for: agreed, and the default.
fn unpaid(award: Award) -> [Ending; 2] {
    [Ending::agreed(award), Ending::ruled_by_default(award)]
}

/// Nothing of the price to the seller: neither is anything of the fees that follow it.
const NOTHING: [Share; 1] = [(B, Payee::Platform, ForFee, 20_00)];

/// S = M = 1 015.00, so that the fees that follow it are whole: 1 015.00 − 40.00 − 15.00 for the seller, and the
/// last 15.00 of B for the platform.
fn everything() -> Vec<Share> {
    vec![
        (B, payee("courier"), Service, 60_00),
        (B, Payee::Platform, ForFee, 50_00),
        (B, Payee::Processor, ForFee, 10_00),
        (B, payee("partner"), ForFee, 30_00),
        (B, Payee::Seller, Payout, 960_00),
    ]
}

#[test]
fn agreed_or_defaulted() {
    let w = started(lamps());
    // 500.00 of 1 000.00, half: partner 20.00 − 5.00 carved, platform 7.50 + 7.50. Seller 500.00 − 20.00 − 7.50;
    // buyer 1 110.00 − 60.00 − 20.00 − 500.00 − 7.50
    for ending in unpaid(Award::Amount(rub(500_00))) {
        let shares = [
            (B, payee("courier"), Service, 60_00),
            (B, Payee::Platform, ForFee, 35_00),
            (B, Payee::Processor, ForFee, 5_00),
            (B, payee("partner"), ForFee, 15_00),
            (B, Payee::Seller, Payout, 472_50),
            (B, Payee::Buyer, Refund, 522_50),
        ];
        gives_back(&w, &ending, &shares, &[]);
    }
    // half of M = min(1 110.00 − 60.00 − 20.00, 1 015.00): 507.50. Pro rata 0.5075: partner 20.30, of which
    // floor(10.00 × 20.30 / 40.00) = 5.07 carved; platform floor(15.00 × 0.5075) = 7.61 from each.
    // Seller 507.50 − 20.30 − 7.61; buyer 1 110.00 − 60.00 − 20.00 − 507.50 − 7.61
    for ending in unpaid(DefaultRuling::Share(Rate::HALF).award()) {
        let shares = [
            (B, payee("courier"), Service, 60_00),
            (B, Payee::Platform, ForFee, 35_22),
            (B, Payee::Processor, ForFee, 5_07),
            (B, payee("partner"), ForFee, 15_23),
            (B, Payee::Seller, Payout, 479_59),
            (B, Payee::Buyer, Refund, 514_89),
        ];
        gives_back(&w, &ending, &shares, &[]);
    }
    let mut nothing = NOTHING.to_vec();
    nothing.extend([(B, payee("courier"), Service, 60_00), (B, Payee::Buyer, Refund, 1_030_00)]);
    for award in [Award::BuyerAll, Award::Amount(rub(0)), Award::Share(Rate::ZERO)] {
        for ending in unpaid(award) {
            gives_back(&w, &ending, &nothing, &[]);
        }
    }
    for award in [Award::SellerAll, Award::Amount(rub(1_015_00))] {
        for ending in unpaid(award) {
            gives_back(&w, &ending, &everything(), &[]);
        }
    }
    for ending in unpaid(Award::Winner(Side::Buyer)) {
        let mut shares = nothing.clone();
        shares.extend([(GB, Payee::Buyer, Guarantee, 200_00), (GS, Payee::Buyer, Purpose::Award, 150_00)]);
        gives(&w, &ending, &shares, &[]);
    }
    for ending in unpaid(Award::Winner(Side::Seller)) {
        let mut shares = everything();
        shares.extend([(GS, Payee::Seller, Guarantee, 150_00), (GB, Payee::Seller, Purpose::Award, 200_00)]);
        gives(&w, &ending, &shares, &[]);
    }
}

#[test]
fn ruled() {
    let w = started(lamps());
    // as agreed, and 25.20 for the ruling out of what goes back to the buyer
    gives_back(
        &w,
        &Ending::ruled(Award::Amount(rub(500_00))),
        &[
            (B, payee("judge"), ForRuling, 25_20),
            (B, payee("courier"), Service, 60_00),
            (B, Payee::Platform, ForFee, 35_00),
            (B, Payee::Processor, ForFee, 5_00),
            (B, payee("partner"), ForFee, 15_00),
            (B, Payee::Seller, Payout, 472_50),
            (B, Payee::Buyer, Refund, 497_30),
        ],
        &[],
    );
    // M = 1 110.00 − 25.20 − 80.00 = 1 004.80; S = floor(1 004.80 × 0.333333) = 334.93. Pro rata 0.33493: partner
    // 13.39, of which floor(10.00 × 13.39 / 40.00) = 3.34 carved; platform 5.02 from each.
    // Seller 334.93 − 13.39 − 5.02; buyer 1 110.00 − 25.20 − 80.00 − 334.93 − 5.02
    gives_back(
        &w,
        &Ending::ruled(Award::Share(Rate::from_ppm(333_333).unwrap())),
        &[
            (B, payee("judge"), ForRuling, 25_20),
            (B, payee("courier"), Service, 60_00),
            (B, Payee::Platform, ForFee, 30_04),
            (B, Payee::Processor, ForFee, 3_34),
            (B, payee("partner"), ForFee, 10_05),
            (B, Payee::Seller, Payout, 316_52),
            (B, Payee::Buyer, Refund, 664_85),
        ],
        &[],
    );
    // 1 110.00 − 25.20 − 60.00 − 20.00
    gives_back(
        &w,
        &Ending::ruled(Award::BuyerAll),
        &[
            (B, payee("judge"), ForRuling, 25_20),
            (B, payee("courier"), Service, 60_00),
            (B, Payee::Platform, ForFee, 20_00),
            (B, Payee::Buyer, Refund, 1_004_80),
        ],
        &[],
    );
    // S = M = 1 004.80, over the price, so the fees that follow it are whole; nothing of B is left for the buyer's
    // half of the platform's, so he owes it. Seller 1 004.80 − 40.00 − 15.00
    gives_back(
        &w,
        &Ending::ruled(Award::SellerAll),
        &[
            (B, payee("judge"), ForRuling, 25_20),
            (B, payee("courier"), Service, 60_00),
            (B, Payee::Platform, ForFee, 35_00),
            (B, Payee::Processor, ForFee, 10_00),
            (B, payee("partner"), ForFee, 30_00),
            (B, Payee::Seller, Payout, 949_80),
        ],
        &[(Payee::Buyer, Payee::Platform, 15_00)],
    );
    // the loser's guarantee pays for the ruling, once: 150.00 − 25.20
    gives(
        &w,
        &Ending::ruled(Award::Winner(Side::Buyer)),
        &[
            (B, payee("courier"), Service, 60_00),
            (B, Payee::Platform, ForFee, 20_00),
            (B, Payee::Buyer, Refund, 1_030_00),
            (GB, Payee::Buyer, Guarantee, 200_00),
            (GS, payee("judge"), ForRuling, 25_20),
            (GS, Payee::Buyer, Purpose::Award, 124_80),
        ],
        &[],
    );
    // 200.00 − 25.20; M is whole again
    let mut shares = everything();
    shares.extend([
        (GB, payee("judge"), ForRuling, 25_20),
        (GB, Payee::Seller, Purpose::Award, 174_80),
        (GS, Payee::Seller, Guarantee, 150_00),
    ]);
    gives(&w, &Ending::ruled(Award::Winner(Side::Seller)), &shares, &[]);
}

#[test]
fn what_cannot_be_paid_is_told_with_the_most_that_can() {
    let w = started(lamps());
    let over = |award: i64, max: i64, ending: fn(Award) -> Ending| {
        let ending = ending(Award::Amount(rub(award)));
        assert_eq!(w.deal.preview(&ending), Err(SettleError::AwardOverMax { max: rub(max) }), "{ending:?}");
    };
    over(1_015_01, 1_015_00, Ending::agreed);
    over(1_015_01, 1_015_00, Ending::ruled_by_default);
    over(1_004_81, 1_004_80, Ending::ruled);
    assert_eq!(w.deal.preview(&partly(&[0, 0])), Err(SettleError::NothingAccepted));
    assert_eq!(w.deal.preview(&partly(&[4, 0])), Err(SettleError::QuantityOverOrdered { item: 0, max: 3 }));
}

#[test]
fn until_everything_is_paid_everything_goes_back() {
    // 1 000.00 of 1 110.00, and the buyer's guarantee
    let mut w = World::new(lamps());
    w.pay(B, 1_000_00);
    w.pay(GB, 200_00);
    let awards = [Award::SellerAll, Award::BuyerAll, Award::Winner(Side::Seller), Award::Amount(rub(500_00))];
    let awards =
        awards.into_iter().flat_map(|a| [Ending::agreed(a), Ending::ruled(a), Ending::ruled_by_default(a)]);
    let faults = [Fault::Buyer, Fault::Seller, Fault::Nobody].map(Ending::Cancelled);
    for ending in awards.chain(faults).chain([Ending::Success, partly(&[1, 0])]) {
        let settlement = w.deal.preview(&ending).unwrap();
        let shares: Vec<_> = settlement.shares.iter().map(|s| (s.purpose, s.amount.minor())).collect();
        assert_eq!(shares, [(Refund, 1_000_00), (Guarantee, 200_00)], "{ending:?}");
        assert!(settlement.shares.iter().all(|s| s.payee == Payee::Buyer));
        assert!(settlement.receivables.is_empty());
    }
}

/// A way to an ending: what is done before the preview, and what brings the ending.
type Way = (Ending, fn(&mut World), fn(&mut World));

fn dispute_it(w: &mut World) {
    w.act(&buyer(), dispute("broken"));
}

fn arbitrate(w: &mut World) {
    dispute_it(w);
    w.wait_for_deadline();
}

fn nothing(_: &mut World) {}

const AGREED: Award = Award::Share(Rate::HALF);

/// Every ending, brought about: the legs and debts are those of the preview a moment before.
#[test]
fn what_is_previewed_is_paid() {
    let ways: [Way; 9] = [
        (Ending::Success, nothing, |w| drop(w.act(&buyer(), Accept::all()))),
        (partly(&[2, 0]), nothing, |w| {
            drop(w.act(&buyer(), Accept::part(Quantities::from([2, 0]))));
        }),
        (Ending::Cancelled(Fault::Buyer), nothing, |w| drop(w.act(&buyer(), cancel("changed my mind")))),
        (Ending::Cancelled(Fault::Seller), nothing, |w| drop(w.act(&seller(), cancel("sold out")))),
        (Ending::Cancelled(Fault::Nobody), nothing, |w| {
            drop(w.act(&operator(), Cancel::new(text("fire")).at_fault(Fault::Nobody)));
        }),
        (Ending::agreed(AGREED), dispute_it, |w| {
            w.act(&seller(), ProposeAward::new(AGREED));
            w.act(&buyer(), AcceptAward::new(AGREED));
        }),
        (Ending::ruled(Award::SellerAll), arbitrate, |w| {
            drop(w.act(&judge(), Rule::new(Award::SellerAll)));
        }),
        (Ending::ruled(Award::Winner(Side::Buyer)), arbitrate, |w| {
            let at_fault = Some(Side::Seller);
            drop(w.act(&judge(), Rule::new(Award::Winner(Side::Buyer)).at_fault(at_fault)));
        }),
        // the shop's default
        (Ending::ruled_by_default(Award::BuyerAll), arbitrate, |w| drop(w.wait_for_deadline())),
    ];
    for (ending, before, bring) in ways {
        let mut w = started(lamps());
        before(&mut w);
        let (shares, owed) = preview(&w, &ending);
        bring(&mut w);
        assert_eq!(w.deal.ending(), Some(&ending));
        let mut legs = BTreeMap::new();
        for (deposit, payee, purpose, amount, _) in w.legs() {
            *legs.entry((deposit, payee, purpose.as_str())).or_insert(0) += amount;
        }
        let shares: BTreeMap<_, _> = shares
            .into_iter()
            .map(|(d, payee, purpose, amount)| ((d, payee, purpose.as_str()), amount))
            .collect();
        assert_eq!(legs, shares, "{ending:?}");
        let debts: Vec<_> = w.owed().into_iter().map(|(from, to, _, amount)| (from, to, amount)).collect();
        assert_eq!(debts, owed, "{ending:?}");
        w.done_all();
        assert!(matches!(w.status(), Status::Completed | Status::Cancelled | Status::Resolved));
        // nothing is left to give out
        assert!(w.deal.preview(&ending).unwrap_or_default().shares.is_empty(), "{ending:?}");
    }
    let mut w = started(lamps());
    arbitrate(&mut w);
    let over = Rule::new(Award::Amount(rub(1_004_81)));
    let refused = w.refuse(&judge(), over);
    assert_eq!(refused, Rejection::Settle(SettleError::AwardOverMax { max: rub(1_004_80) }));
}
