//! Success, partial buyouts and cancellations, worked by hand.

use crate::settlement::examples::{CARRIER, PARTNER, fee, full, gives, guaranteed, plain, workshop};
use crate::support::calculator::{Base, For, OnRefund, Payer, Pot, Side, Who};
use crate::support::{calculator as calc, library_ending};
use escrow::deposit::Purpose;
use escrow::settlement::Ending;
use escrow::terms::Terms;
use escrow::{Payee, Rate};

#[test]
fn success_by_hand() {
    gives(
        &full(workshop(), &[false; 3], calc::Ending::Success),
        &[
            (Pot::Buyer, CARRIER, For::Service, 100_00),
            (Pot::Buyer, Who::Platform, For::Service, 30_00),
            // 20.00 kept, 15.00 the buyer's half, 15.00 the seller's half
            (Pot::Buyer, Who::Platform, For::Fee, 50_00),
            // 50.00 less the processor's
            (Pot::Buyer, PARTNER, For::Fee, 40_00),
            (Pot::Buyer, Who::Processor, For::Fee, 10_00),
            (Pot::Buyer, Who::Seller, For::Payout, 925_00),
        ],
        &[],
    );
}

/// A chargeback has left 600.00 in B: the seller's S is what is short, and the fees after it are the buyer's debt.
#[test]
fn success_with_a_short_pot_by_hand() {
    let mut scene = full(workshop(), &[false; 3], calc::Ending::Success);
    scene.pots.b = 600_00;
    gives(
        &scene,
        &[
            (Pot::Buyer, CARRIER, For::Service, 100_00),
            (Pot::Buyer, Who::Platform, For::Service, 30_00),
            // 20.00 kept; the buyer's half of 15.00 comes after S and finds nothing; the seller's 15.00 come off S
            (Pot::Buyer, Who::Platform, For::Fee, 35_00),
            (Pot::Buyer, PARTNER, For::Fee, 40_00),
            (Pot::Buyer, Who::Processor, For::Fee, 10_00),
            // S = 600.00 − 100.00 − 20.00 = 480.00, less 30.00 + 50.00 + 15.00
            (Pot::Buyer, Who::Seller, For::Payout, 385_00),
        ],
        &[(Who::Buyer, Who::Platform, For::Fee, 15_00)],
    );
}

/// The seller is paid in cash, so their fee comes out of their own deposit.
#[test]
fn success_paid_offline_by_hand() {
    let mut deal = plain(1_000_00);
    deal.fees.push(fee(Who::Platform, 5, Payer::Seller, OnRefund::Keep));
    // deposit 0, proceeds 0, net −50.00: L = 50.00
    let mut scene = full(deal, &[], calc::Ending::Success);
    assert_eq!((scene.pots.b, scene.pots.l), (0, 50_00));
    gives(&scene, &[(Pot::Seller, Who::Platform, For::Fee, 50_00)], &[]);

    // 20.00 of it charged back: a debt of the seller's
    scene.pots.l = 30_00;
    gives(
        &scene,
        &[(Pot::Seller, Who::Platform, For::Fee, 30_00)],
        &[(Who::Seller, Who::Platform, For::Fee, 20_00)],
    );
}

/// One chair of two. price' 500.00; fees 10.00, 25.00 (5.00 carved), 7.50 + 7.50.
/// total' = 500.00 + 100.00 + 20.00 + 10.00 + 7.50 = 637.50; proceeds' = 520.00.
#[test]
fn partial_buyout_by_hand() {
    gives(
        &full(workshop(), &[false; 3], calc::Ending::Partial(vec![1])),
        &[
            (Pot::Buyer, CARRIER, For::Service, 100_00),
            (Pot::Buyer, Who::Platform, For::Service, 30_00),
            // 10.00 + 7.50 + 7.50
            (Pot::Buyer, Who::Platform, For::Fee, 25_00),
            (Pot::Buyer, PARTNER, For::Fee, 20_00),
            (Pot::Buyer, Who::Processor, For::Fee, 5_00),
            // 520.00 − 30.00 − 25.00 − 7.50
            (Pot::Buyer, Who::Seller, For::Payout, 457_50),
            // 1 155.00 − 637.50
            (Pot::Buyer, Who::Buyer, For::Refund, 517_50),
        ],
        &[],
    );
}

/// The offline part shrinks first: `pay_offline' = max(0, buyer_total' − deposit)`.
#[test]
fn partial_buyout_shrinks_the_offline_part_first_by_hand() {
    let with_fee = |pay_offline| {
        let mut deal = plain(pay_offline);
        deal.fees.push(fee(Who::Platform, 5, Payer::Buyer, OnRefund::Keep));
        full(deal, &[], calc::Ending::Partial(vec![1]))
    };
    // total 1 050.00, offline 300.00, deposit 750.00; total' 525.00: offline' 0, 225.00 back
    gives(
        &with_fee(300_00),
        &[
            (Pot::Buyer, Who::Platform, For::Fee, 25_00),
            (Pot::Buyer, Who::Seller, For::Payout, 500_00),
            (Pot::Buyer, Who::Buyer, For::Refund, 225_00),
        ],
        &[],
    );
    // offline 800.00, deposit 250.00; offline' 275.00: nothing back, and the seller gets 500.00 − 275.00
    gives(
        &with_fee(800_00),
        &[(Pot::Buyer, Who::Platform, For::Fee, 25_00), (Pot::Buyer, Who::Seller, For::Payout, 225_00)],
        &[],
    );
}

/// Gross is then the deposit less the refund: 3 % of 500.00.
#[test]
fn partial_buyout_takes_a_gross_fee_of_what_stays_by_hand() {
    let mut deal = plain(0);
    deal.fees.push(fee(Who::Processor, 3, Payer::Seller, OnRefund::Keep));
    deal.fees[0].base = Base::Gross;
    gives(
        &full(deal, &[], calc::Ending::Partial(vec![1])),
        &[
            (Pot::Buyer, Who::Processor, For::Fee, 15_00),
            (Pot::Buyer, Who::Seller, For::Payout, 485_00),
            (Pot::Buyer, Who::Buyer, For::Refund, 500_00),
        ],
        &[],
    );
}

/// `net' < −seller_due`: what the seller has not deposited is the seller's debt, and the buyer has the money back.
#[test]
fn partial_buyout_that_costs_the_seller_more_leaves_a_debt() {
    let mut deal = plain(0);
    deal.items = vec![(1_00, 1), (999_00, 1)];
    deal.services.push(calc::Service { cost: 95_00, payer: Payer::Seller, provider: CARRIER });
    // net 905.00; of the first item alone 1.00 − 95.00
    gives(
        &full(deal.clone(), &[false], calc::Ending::Partial(vec![1, 0])),
        &[(Pot::Buyer, CARRIER, For::Service, 1_00), (Pot::Buyer, Who::Buyer, For::Refund, 999_00)],
        &[(Who::Seller, CARRIER, For::Service, 94_00)],
    );
    // at net' = −seller_due there is none: 95.00 + offline all, L = 95.00 either way
    deal.pay_offline = 1_000_00;
    gives(
        &full(deal, &[false], calc::Ending::Partial(vec![1, 0])),
        &[(Pot::Seller, CARRIER, For::Service, 95_00)],
        &[],
    );
}

/// A fixed carve-out of 30.00 fits 5 % of 1 000.00, and is cut to 5 % of 500.00.
#[test]
fn partial_buyout_cuts_a_carve_out_to_its_fee() {
    let mut deal = plain(0);
    deal.fees.push(fee(PARTNER, 5, Payer::Seller, OnRefund::Keep));
    deal.fees.push(fee(Who::Processor, 0, Payer::Seller, OnRefund::Keep));
    (deal.fees[1].fixed, deal.fees[1].out_of) = (30_00, Some(0));
    gives(
        &full(deal, &[], calc::Ending::Partial(vec![1])),
        &[
            (Pot::Buyer, Who::Processor, For::Fee, 25_00),
            (Pot::Buyer, Who::Seller, For::Payout, 475_00),
            (Pot::Buyer, Who::Buyer, For::Refund, 500_00),
        ],
        &[],
    );
}

/// Everything incurred: the buyer pays delivery and insurance whole, the kept fee, and the seller's packing whole.
#[test]
fn buyer_at_fault_by_hand() {
    gives(
        &full(workshop(), &[true; 3], calc::Ending::BuyerAtFault),
        &[
            (Pot::Buyer, CARRIER, For::Service, 100_00),
            (Pot::Buyer, Who::Platform, For::Service, 30_00),
            (Pot::Buyer, Who::Platform, For::Fee, 20_00),
            (Pot::Buyer, Who::Seller, For::Payout, 40_00),
            // 1 155.00 − 190.00
            (Pot::Buyer, Who::Buyer, For::Refund, 965_00),
        ],
        &[],
    );
}

/// 110.00 left in B: delivery, then 10.00 of the insurance; the rest are the buyer's debts, S included.
#[test]
fn buyer_at_fault_with_a_short_pot_by_hand() {
    let mut scene = full(workshop(), &[true; 3], calc::Ending::BuyerAtFault);
    scene.pots.b = 110_00;
    gives(
        &scene,
        &[(Pot::Buyer, CARRIER, For::Service, 100_00), (Pot::Buyer, Who::Platform, For::Service, 10_00)],
        &[
            (Who::Buyer, Who::Platform, For::Service, 20_00),
            (Who::Buyer, Who::Platform, For::Fee, 20_00),
            (Who::Buyer, Who::Seller, For::Payout, 40_00),
        ],
    );
}

/// Delivery 100.00, insurance 30.00 and the kept 20.00 are the seller's; their guarantee covers them, packing is theirs.
#[test]
fn seller_at_fault_by_hand() {
    gives(
        &guaranteed(&[true; 3], calc::Ending::SellerAtFault),
        &[
            (Pot::Buyer, Who::Buyer, For::Refund, 1_155_00),
            (Pot::BuyerGuarantee, Who::Buyer, For::Guarantee, 300_00),
            (Pot::SellerGuarantee, CARRIER, For::Service, 100_00),
            (Pot::SellerGuarantee, Who::Platform, For::Service, 30_00),
            (Pot::SellerGuarantee, Who::Platform, For::Fee, 20_00),
            // 200.00 − 150.00
            (Pot::SellerGuarantee, Who::Seller, For::Guarantee, 50_00),
        ],
        &[],
    );
}

/// A guarantee of 60.00 covers a part of the delivery; one in another currency covers nothing.
#[test]
fn seller_at_fault_beyond_their_guarantee_by_hand() {
    let mut scene = full(workshop(), &[true, false, false], calc::Ending::SellerAtFault);
    scene.pots.seller_guarantee = 60_00;
    let refund = (Pot::Buyer, Who::Buyer, For::Refund, 1_155_00);
    gives(
        &scene,
        &[refund, (Pot::SellerGuarantee, CARRIER, For::Service, 60_00)],
        &[(Who::Seller, CARRIER, For::Service, 40_00), (Who::Seller, Who::Platform, For::Fee, 20_00)],
    );
    scene.pots.seller_guarantee_same_currency = false;
    gives(
        &scene,
        &[refund, (Pot::SellerGuarantee, Who::Seller, For::Guarantee, 60_00)],
        &[(Who::Seller, CARRIER, For::Service, 100_00), (Who::Seller, Who::Platform, For::Fee, 20_00)],
    );
}

/// The carrier is the platform's to pay; the platform owes itself nothing; no fee stands.
#[test]
fn nobody_at_fault_by_hand() {
    gives(
        &full(workshop(), &[true; 3], calc::Ending::NobodyAtFault),
        &[(Pot::Buyer, Who::Buyer, For::Refund, 1_155_00)],
        &[(Who::Platform, CARRIER, For::Service, 100_00)],
    );
}

/// Carve-outs scale with what is kept of their parent, floored: 10.00 at 10 % pro rata, 0.33 of it carved out.
#[test]
fn carve_outs_scale_with_their_parent_by_hand() {
    let mut deal = plain(0);
    deal.items = vec![(10_00, 1)];
    deal.fees.push(fee(PARTNER, 10, Payer::Seller, OnRefund::ProRata));
    deal.fees.push(fee(Who::Processor, 0, Payer::Seller, OnRefund::ProRata));
    (deal.fees[1].fixed, deal.fees[1].out_of) = (33, Some(0));
    gives(
        &full(deal, &[], calc::Ending::Agreed(calc::Award::Amount(3_33))),
        &[
            // 1.00 × 3.33/10.00 = 0.333 → 0.33, of which 0.33 × 0.33/1.00 = 0.1089 → 0.10
            (Pot::Buyer, Who::Processor, For::Fee, 10),
            (Pot::Buyer, PARTNER, For::Fee, 23),
            (Pot::Buyer, Who::Seller, For::Payout, 3_00),
            (Pot::Buyer, Who::Buyer, For::Refund, 6_67),
        ],
        &[],
    );
}

/// A fee that its pot covers in part pays its carve-outs in part: 12.00 of 50.00 are left in L.
#[test]
fn carve_outs_of_a_short_parent_by_hand() {
    let mut deal = plain(1_000_00);
    deal.fees.push(fee(PARTNER, 5, Payer::Seller, OnRefund::Keep));
    deal.fees.push(fee(Who::Processor, 1, Payer::Seller, OnRefund::Keep));
    deal.fees[1].out_of = Some(0);
    let mut scene = full(deal, &[], calc::Ending::Success);
    scene.pots.l = 12_00;
    gives(
        &scene,
        &[
            // 10.00 × 12.00/50.00
            (Pot::Seller, Who::Processor, For::Fee, 2_40),
            (Pot::Seller, PARTNER, For::Fee, 9_60),
        ],
        // whole to the fee's own payee, its carve-outs included
        &[(Who::Seller, PARTNER, For::Fee, 38_00)],
    );
}

/// Nothing of the price is paid online: f is of the proceeds, which are the delivery.
#[test]
fn pro_rata_where_the_price_is_paid_offline_by_hand() {
    let mut deal = plain(1_000_00);
    deal.services.push(calc::Service { cost: 80_00, payer: Payer::Buyer, provider: Who::Seller });
    deal.fees.push(fee(Who::Platform, 5, Payer::Seller, OnRefund::ProRata));
    // deposit 80.00 = proceeds; 5 % of 1 000.00 = 50.00
    let award = |award| full(deal.clone(), &[false], calc::Ending::Agreed(award));
    gives(
        &award(calc::Award::Amount(60_00)),
        &[
            // 50.00 × 60.00/80.00
            (Pot::Buyer, Who::Platform, For::Fee, 37_50),
            (Pot::Buyer, Who::Seller, For::Payout, 22_50),
            (Pot::Buyer, Who::Buyer, For::Refund, 20_00),
        ],
        &[],
    );
    gives(&award(calc::Award::Amount(0)), &[(Pot::Buyer, Who::Buyer, For::Refund, 80_00)], &[]);
    // of S = 0.01 the fee is less than a kopeck
    gives(
        &award(calc::Award::Amount(1)),
        &[(Pot::Buyer, Who::Seller, For::Payout, 1), (Pot::Buyer, Who::Buyer, For::Refund, 79_99)],
        &[],
    );
}

/// The seller's deposit is still missing: whatever the ending, what came goes back.
#[test]
fn not_funded_by_hand() {
    let mut scene = guaranteed(&[true; 3], calc::Ending::Ruled(calc::Award::Winner(Side::Seller)));
    scene.pots.seller_guarantee = 120_00;
    scene.pots.fully_funded = false;
    gives(
        &scene,
        &[
            (Pot::Buyer, Who::Buyer, For::Refund, 1_155_00),
            (Pot::BuyerGuarantee, Who::Buyer, For::Guarantee, 300_00),
            (Pot::SellerGuarantee, Who::Seller, For::Guarantee, 120_00),
        ],
        &[],
    );
}

/// The largest deal there can be, divided by an odd rate, to the last kopeck.
#[test]
fn the_largest_deal_by_hand() {
    let mut deal = plain(0);
    deal.items = vec![(Terms::MAX_AMOUNT.into(), 1)];
    deal.fees.push(fee(Who::Platform, 0, Payer::Seller, OnRefund::ProRata));
    deal.fees[0].rate_ppm = 333_333;
    gives(
        &full(deal, &[], calc::Ending::Agreed(calc::Award::Share(666_667))),
        &[
            // fee 3 333 330 000 000 000 × 6 666 670 000 000 000 / 10^16 = 2 222 221 111 110 000
            (Pot::Buyer, Who::Platform, For::Fee, 2_222_221_111_110_000),
            // 6 666 670 000 000 000 − the fee
            (Pot::Buyer, Who::Seller, For::Payout, 4_444_448_888_890_000),
            (Pot::Buyer, Who::Buyer, For::Refund, 3_333_330_000_000_000),
        ],
        &[],
    );
}

/// The library's own view of one payee agrees with the shares.
#[test]
fn minor_of_sums_one_payee_and_purpose() {
    let scene = full(workshop(), &[false; 3], calc::Ending::Success);
    let settlement = scene.settle().unwrap();
    assert_eq!(settlement.minor_of(&Payee::Platform, Purpose::Fee), 50_00);
    assert_eq!(settlement.minor_of(&Payee::Seller, Purpose::Payout), 925_00);
    assert_eq!(settlement.minor_of(&Payee::Seller, Purpose::Fee), 0);
    assert_eq!(library_ending(&scene.ending), Ending::Success);
    assert_eq!(Rate::WHOLE.floor_of(i64::MAX), i64::MAX);
}
