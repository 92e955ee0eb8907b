//! Success, partial buyouts, cancellations.

use crate::common::*;
use crate::previews::{gives, gives_back, lamps, partly, started};
use escrow::deposit::Purpose;
use escrow::settlement::{Ending, Fault};
use escrow::{Award, Payee, Side};

use Purpose::{Fee as ForFee, Guarantee, Payout, Refund, Service};

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
    // the seller bears the courier and the kept fee out of their guarantee: 150.00 − 60.00 − 20.00
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
