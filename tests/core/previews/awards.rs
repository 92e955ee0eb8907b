//! Awards, agreed and ruled.

use crate::common::*;
use crate::previews::{Share, gives, gives_back, lamps, partly, started};
use escrow::deposit::Purpose;
use escrow::settlement::{Ending, SettleError};
use escrow::{Award, DefaultRuling, Payee, Rate, Side};

use Purpose::{ArbitrationFee as ForRuling, Fee as ForFee, Guarantee, Payout, Refund, Service};

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
    // half of the platform's, so they owe it. Seller 1 004.80 − 40.00 − 15.00
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
