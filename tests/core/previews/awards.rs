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
    // 500.00 of 1 015.00: partner 19.70, of which floor(10.00 × 19.70 / 40.00) = 4.92 carved; platform 7.38 from each.
    // Seller 500.00 − 19.70 − 7.38; buyer 1 110.00 − 60.00 − 20.00 − 500.00 − 7.38
    for ending in unpaid(Award::Amount(rub(500_00))) {
        let shares = [
            (B, payee("courier"), Service, 60_00),
            (B, Payee::Platform, ForFee, 34_76),
            (B, Payee::Processor, ForFee, 4_92),
            (B, payee("partner"), ForFee, 14_78),
            (B, Payee::Seller, Payout, 472_92),
            (B, Payee::Buyer, Refund, 522_62),
        ];
        gives_back(&w, &ending, &shares, &[]);
    }
    // half of M = min(1 110.00 − 60.00 − 20.00, 1 015.00): 507.50, half of the proceeds: partner 20.00 − 5.00 carved,
    // platform 7.50 from each. Seller 507.50 − 20.00 − 7.50; buyer 1 110.00 − 60.00 − 20.00 − 507.50 − 7.50
    for ending in unpaid(DefaultRuling::Share(Rate::HALF).award()) {
        let shares = [
            (B, payee("courier"), Service, 60_00),
            (B, Payee::Platform, ForFee, 35_00),
            (B, Payee::Processor, ForFee, 5_00),
            (B, payee("partner"), ForFee, 15_00),
            (B, Payee::Seller, Payout, 480_00),
            (B, Payee::Buyer, Refund, 515_00),
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
            (B, Payee::Platform, ForFee, 34_76),
            (B, Payee::Processor, ForFee, 4_92),
            (B, payee("partner"), ForFee, 14_78),
            (B, Payee::Seller, Payout, 472_92),
            (B, Payee::Buyer, Refund, 497_42),
        ],
        &[],
    );
    // M = 1 110.00 − 25.20 − 80.00 = 1 004.80; S = floor(1 004.80 × 0.333333) = 334.93 of 1 015.00: partner
    // 13.19, of which floor(10.00 × 13.19 / 40.00) = 3.29 carved; platform 4.94 from each.
    // Seller 334.93 − 13.19 − 4.94; buyer 1 110.00 − 25.20 − 80.00 − 334.93 − 4.94
    gives_back(
        &w,
        &Ending::ruled(Award::Share(Rate::from_ppm(333_333).unwrap())),
        &[
            (B, payee("judge"), ForRuling, 25_20),
            (B, payee("courier"), Service, 60_00),
            (B, Payee::Platform, ForFee, 29_88),
            (B, Payee::Processor, ForFee, 3_29),
            (B, payee("partner"), ForFee, 9_90),
            (B, Payee::Seller, Payout, 316_80),
            (B, Payee::Buyer, Refund, 664_93),
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
    // S = M = 1 004.80 of 1 015.00: partner 39.59, of which 9.89 carved; platform 14.84 from each. Nothing of B is left
    // for the buyer's half of the platform's, so they owe it. Seller 1 004.80 − 39.59 − 14.84
    gives_back(
        &w,
        &Ending::ruled(Award::SellerAll),
        &[
            (B, payee("judge"), ForRuling, 25_20),
            (B, payee("courier"), Service, 60_00),
            (B, Payee::Platform, ForFee, 34_84),
            (B, Payee::Processor, ForFee, 9_89),
            (B, payee("partner"), ForFee, 29_70),
            (B, Payee::Seller, Payout, 950_37),
        ],
        &[(Payee::Buyer, Payee::Platform, 14_84)],
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
