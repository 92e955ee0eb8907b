//! Awards and guarantees, worked by hand.

use crate::settlement::examples::{ARBITER, CARRIER, full, gives, guaranteed, refuses, workshop};
use crate::support::calculator::{For, Pot, Refused, Side, Who};
use crate::support::{Scene, calculator as calc};

/// S = 400.00, delivery incurred: pro rata 400/1 020 of 15.00 on each side; the returned fee is gone.
#[test]
fn agreed_award_by_hand() {
    gives(
        &full(workshop(), &[true, false, false], calc::Ending::Agreed(calc::Award::Amount(400_00))),
        &[
            (Pot::Buyer, CARRIER, For::Service, 100_00),
            // 20.00 + 5.88 + 5.88
            (Pot::Buyer, Who::Platform, For::Fee, 31_76),
            // 400.00 − 5.88
            (Pot::Buyer, Who::Seller, For::Payout, 394_12),
            // 1 155.00 − 100.00 − 20.00 − 400.00 − 5.88
            (Pot::Buyer, Who::Buyer, For::Refund, 629_12),
        ],
        &[],
    );
}

/// The same ruled: A = 2 % of 1 155.00 + 3.00 = 26.10, at the expense of what the buyer gets back.
#[test]
fn ruled_award_by_hand() {
    let mut scene = full(workshop(), &[true, false, false], calc::Ending::Ruled(calc::Award::Amount(400_00)));
    gives(
        &scene,
        &[
            (Pot::Buyer, ARBITER, For::Arbitration, 26_10),
            (Pot::Buyer, CARRIER, For::Service, 100_00),
            (Pot::Buyer, Who::Platform, For::Fee, 31_76),
            (Pot::Buyer, Who::Seller, For::Payout, 394_12),
            // 629.12 − 26.10
            (Pot::Buyer, Who::Buyer, For::Refund, 603_02),
        ],
        &[],
    );
    // M = min(1 155.00 − 26.10 − 100.00 − 20.00, 1 020.00) = 1 008.90
    scene.ending = calc::Ending::Ruled(calc::Award::Amount(1_008_91));
    refuses(&scene, Refused::OverMax(1_008_90));
    // agreed: min(1 035.00, 1 020.00)
    scene.ending = calc::Ending::Agreed(calc::Award::Amount(1_020_01));
    refuses(&scene, Refused::OverMax(1_020_00));
}

/// A share is of M and floored: a third of 1 008.90 is 336.2996…; pro rata 336.29/1 020 of 15.00 is 4.94.
#[test]
fn ruled_share_by_hand() {
    gives(
        &full(workshop(), &[true, false, false], calc::Ending::Ruled(calc::Award::Share(333_333))),
        &[
            (Pot::Buyer, ARBITER, For::Arbitration, 26_10),
            (Pot::Buyer, CARRIER, For::Service, 100_00),
            // 20.00 + 4.94 + 4.94
            (Pot::Buyer, Who::Platform, For::Fee, 29_88),
            // 336.29 − 4.94
            (Pot::Buyer, Who::Seller, For::Payout, 331_35),
            // 1 155.00 − 26.10 − 100.00 − 20.00 − 336.29 − 4.94
            (Pot::Buyer, Who::Buyer, For::Refund, 667_67),
        ],
        &[],
    );
}

/// A takes what there is and no more; what it lacks is nobody's debt, while the other claims are.
#[test]
fn arbitration_fee_over_the_pot_by_hand() {
    let mut scene =
        full(workshop(), &[true, false, false], calc::Ending::Ruled(calc::Award::AllTo(Side::Seller)));
    // 2 % of 2.00 + 3.00 = 3.04
    scene.pots.b = 2_00;
    gives(
        &scene,
        &[(Pot::Buyer, ARBITER, For::Arbitration, 2_00)],
        &[(Who::Buyer, CARRIER, For::Service, 100_00), (Who::Buyer, Who::Platform, For::Fee, 20_00)],
    );
}

/// The buyer wins: their payment less the kept fee, both guarantees less A, which the loser's guarantee pays.
#[test]
fn the_buyer_wins_both_guarantees_by_hand() {
    gives(
        &guaranteed(&[false; 3], calc::Ending::Ruled(calc::Award::Winner(Side::Buyer))),
        &[
            (Pot::Buyer, Who::Platform, For::Fee, 20_00),
            (Pot::Buyer, Who::Buyer, For::Refund, 1_135_00),
            (Pot::BuyerGuarantee, Who::Buyer, For::Guarantee, 300_00),
            (Pot::SellerGuarantee, ARBITER, For::Arbitration, 26_10),
            // 200.00 − 26.10
            (Pot::SellerGuarantee, Who::Buyer, For::Award, 173_90),
        ],
        &[],
    );
}

/// The seller wins: M = min(1 135.00, 1 020.00); pro rata 1 020.00 of 1 020.00, so whole.
#[test]
fn the_seller_wins_both_guarantees_by_hand() {
    gives(
        &guaranteed(&[false; 3], calc::Ending::Ruled(calc::Award::Winner(Side::Seller))),
        &[
            // 20.00 + 15.00 + 15.00
            (Pot::Buyer, Who::Platform, For::Fee, 50_00),
            // 1 020.00 − 15.00
            (Pot::Buyer, Who::Seller, For::Payout, 1_005_00),
            // 1 155.00 − 20.00 − 1 020.00 − 15.00
            (Pot::Buyer, Who::Buyer, For::Refund, 100_00),
            (Pot::BuyerGuarantee, ARBITER, For::Arbitration, 26_10),
            (Pot::BuyerGuarantee, Who::Seller, For::Award, 273_90),
            (Pot::SellerGuarantee, Who::Seller, For::Guarantee, 200_00),
        ],
        &[],
    );
}

/// A is never over the loser's guarantee (10.00 here), and is not topped up from B; a foreign one cannot pay it.
#[test]
fn the_winner_with_a_small_or_foreign_guarantee_by_hand() {
    let mut scene = full(workshop(), &[false; 3], calc::Ending::Ruled(calc::Award::Winner(Side::Buyer)));
    scene.pots.seller_guarantee = 10_00;
    let kept = (Pot::Buyer, Who::Platform, For::Fee, 20_00);
    gives(
        &scene,
        &[
            kept,
            (Pot::Buyer, Who::Buyer, For::Refund, 1_135_00),
            (Pot::SellerGuarantee, ARBITER, For::Arbitration, 10_00),
        ],
        &[],
    );
    scene.pots.seller_guarantee_same_currency = false;
    let from_b = [
        kept,
        (Pot::Buyer, ARBITER, For::Arbitration, 26_10),
        (Pot::Buyer, Who::Buyer, For::Refund, 1_108_90),
    ];
    let award = (Pot::SellerGuarantee, Who::Buyer, For::Award, 10_00);
    gives(&scene, &[&from_b[..], &[award]].concat(), &[]);
    // no guarantee at all: the same
    scene.pots.seller_guarantee = 0;
    gives(&scene, &from_b, &[]);
}

/// A part of the loser's guarantee: added to the rest of the fee in the deal's currency, alone in another.
#[test]
fn a_part_of_the_losers_guarantee_by_hand() {
    let mut scene = guaranteed(&[false; 3], calc::Ending::Ruled(calc::Award::Winner(Side::Buyer)));
    let fee = |scene: &mut Scene, ppm| scene.case.deal.arbitration.as_mut().unwrap().guarantee_ppm = ppm;
    fee(&mut scene, 100_000);
    let kept = (Pot::Buyer, Who::Platform, For::Fee, 20_00);
    let common = [
        kept,
        (Pot::Buyer, Who::Buyer, For::Refund, 1_135_00),
        (Pot::BuyerGuarantee, Who::Buyer, For::Guarantee, 300_00),
    ];
    // 2 % of 1 155.00 = 23.10, and 10 % of 200.00 = 20.00, and 3.00: 46.10
    let own = [
        (Pot::SellerGuarantee, ARBITER, For::Arbitration, 46_10),
        (Pot::SellerGuarantee, Who::Buyer, For::Award, 153_90),
    ];
    gives(&scene, &[&common[..], &own].concat(), &[]);
    // 200.00 of another currency: 20.00 of it
    scene.pots.seller_guarantee_same_currency = false;
    let foreign = [
        (Pot::SellerGuarantee, ARBITER, For::Arbitration, 20_00),
        (Pot::SellerGuarantee, Who::Buyer, For::Award, 180_00),
    ];
    gives(&scene, &[&common[..], &foreign].concat(), &[]);
    // all of it: nothing is left for the winner
    fee(&mut scene, 1_000_000);
    gives(&scene, &[&common[..], &[(Pot::SellerGuarantee, ARBITER, For::Arbitration, 200_00)]].concat(), &[]);
}
