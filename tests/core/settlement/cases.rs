//! What people of such systems reported or asked for, with the amounts worked out by hand.

use crate::settlement::examples::{fee, full, gives, plain};
use crate::support::calculator::{
    self as calc, Award, Base, Charge, Ending, For, OnRefund, Payer, Pot, Rounding, Side, Who,
};

const COURIER: Who = Who::Outside(3);

/// One lamp at this price.
fn lamp(price: i128) -> calc::Deal {
    calc::Deal { items: vec![(price, 1)], ..plain(0) }
}

/// Extra work of 500 is paid, the arbiter gives the seller everything: it is part of what a dispute divides.
#[test]
fn extra_work_in_an_award() {
    let mut scene = full(lamp(1_000_00), &[], Ending::Ruled(Award::AllTo(Side::Seller)));
    let work = Charge { payer: Side::Buyer, payee: Who::Seller, holds: 500_00, paid: true };
    scene.charges = vec![work];
    gives(
        &scene,
        &[
            (Pot::Buyer, Who::Seller, For::Payout, 1_000_00),
            (Pot::Charge(1), Who::Seller, For::Charge, 500_00),
        ],
        &[],
    );
    // three tenths of the lamp are three tenths of the work, less a commission of 10 % on it
    scene.case.deal.charge_fee =
        Some(calc::ChargeFee { payee: Who::Platform, rate_ppm: 100_000, rounding: Rounding::Down });
    scene.ending = Ending::Agreed(Award::Amount(300_00));
    gives(
        &scene,
        &[
            (Pot::Buyer, Who::Seller, For::Payout, 300_00),
            (Pot::Buyer, Who::Buyer, For::Refund, 700_00),
            (Pot::Charge(1), Who::Platform, For::Fee, 15_00),
            (Pot::Charge(1), Who::Seller, For::Charge, 135_00),
            (Pot::Charge(1), Who::Buyer, For::Refund, 350_00),
        ],
        &[],
    );
    // a cancellation gives it back
    scene.ending = Ending::NobodyAtFault;
    gives(
        &scene,
        &[(Pot::Buyer, Who::Buyer, For::Refund, 1_000_00), (Pot::Charge(1), Who::Buyer, For::Refund, 500_00)],
        &[],
    );
}

/// What the seller pays the buyer is the other way round; what is not paid in full goes back.
#[test]
fn a_discount_that_the_seller_pays_is_the_rest_of_an_award() {
    let mut scene = full(lamp(1_000_00), &[], Ending::Agreed(Award::Share(300_000)));
    let discount = Charge { payer: Side::Seller, payee: Who::Buyer, holds: 100_00, paid: true };
    let unpaid = Charge { holds: 30_00, paid: false, ..discount.clone() };
    scene.charges = vec![discount, unpaid];
    let back = (Pot::Charge(2), Who::Seller, For::Refund, 30_00);
    gives(
        &scene,
        &[
            (Pot::Buyer, Who::Seller, For::Payout, 300_00),
            (Pot::Buyer, Who::Buyer, For::Refund, 700_00),
            (Pot::Charge(1), Who::Buyer, For::Charge, 70_00),
            (Pot::Charge(1), Who::Seller, For::Refund, 30_00),
            back,
        ],
        &[],
    );
    scene.ending = Ending::Success;
    gives(
        &scene,
        &[
            (Pot::Buyer, Who::Seller, For::Payout, 1_000_00),
            (Pot::Charge(1), Who::Buyer, For::Charge, 100_00),
            back,
        ],
        &[],
    );
}

/// Socks 100, coat 2900, delivery 300 paid by the seller: the buyer keeps the socks and hands back the coat.
#[test]
fn partial_buyout_where_the_seller_pays_the_delivery() {
    let mut deal = lamp(0);
    deal.items = vec![(100_00, 1), (2_900_00, 1)];
    deal.services.push(calc::Service { cost: 300_00, payer: Payer::Seller, provider: COURIER });
    gives(
        &full(deal, &[false], Ending::Partial(vec![1, 0])),
        &[(Pot::Buyer, COURIER, For::Service, 100_00), (Pot::Buyer, Who::Buyer, For::Refund, 2_900_00)],
        &[(Who::Seller, COURIER, For::Service, 200_00)],
    );
}

/// At the pick-up point nothing fits: 3000 back at once. Where it is the buyer's fault, the way there is theirs.
#[test]
fn nothing_fits() {
    let mut deal = lamp(0);
    deal.items = vec![(100_00, 1), (2_900_00, 1)];
    deal.return_all = calc::ReturnAll::Nobody;
    let mut scene = full(deal, &[], Ending::Partial(vec![0, 0]));
    gives(&scene, &[(Pot::Buyer, Who::Buyer, For::Refund, 3_000_00)], &[]);
    scene.case.deal.return_all = calc::ReturnAll::Buyer;
    scene.case.deal.services.push(calc::Service { cost: 300_00, payer: Payer::Seller, provider: COURIER });
    scene.incurred = vec![false];
    gives(
        &scene,
        &[(Pot::Buyer, COURIER, For::Service, 300_00), (Pot::Buyer, Who::Buyer, For::Refund, 2_700_00)],
        &[],
    );
}

/// Goods 100, shipping by the seller 20, commission 10 % of the price, pro rata: half the money, half the commission.
#[test]
fn half_the_money_is_half_the_commission() {
    let mut deal = lamp(100_00);
    deal.services.push(calc::Service { cost: 20_00, payer: Payer::Buyer, provider: Who::Seller });
    deal.fees.push(fee(Who::Platform, 10, Payer::Seller, OnRefund::ProRata));
    gives(
        &full(deal, &[false], Ending::Agreed(Award::Share(500_000))),
        &[
            (Pot::Buyer, Who::Platform, For::Fee, 5_00),
            (Pot::Buyer, Who::Seller, For::Payout, 55_00),
            (Pot::Buyer, Who::Buyer, For::Refund, 60_00),
        ],
        &[],
    );
}

/// 2.9 % + 0.30 of the gross, the seller nets 100.00: gross 103.29, fee 3.29 (2.99 rounded down and 0.30).
#[test]
fn the_buyer_covers_the_processing() {
    let mut deal = lamp(100_00);
    let mut processing = fee(Who::Processor, 0, Payer::Buyer, OnRefund::Keep);
    (processing.rate_ppm, processing.fixed, processing.base) = (29_000, 30, Base::Gross);
    deal.fees.push(processing);
    let scene = full(deal, &[], Ending::Success);
    assert_eq!((scene.quote().deposit, scene.pots.b), (103_29, 103_29));
    gives(
        &scene,
        &[(Pot::Buyer, Who::Processor, For::Fee, 3_29), (Pot::Buyer, Who::Seller, For::Payout, 100_00)],
        &[],
    );
}

/// A coupon of 100 %: nobody is paid.
#[test]
fn a_deal_of_nothing() {
    gives(&full(lamp(0), &[], Ending::Success), &[], &[]);
    gives(&full(lamp(0), &[], Ending::Ruled(Award::Share(500_000))), &[], &[]);
}

/// Commission 10 % of 33.33 half up, VAT 21 % on the commission half up, both at the seller's cost.
#[test]
fn vat_on_the_commission() {
    let mut deal = lamp(33_33);
    let mut commission = fee(Who::Platform, 10, Payer::Seller, OnRefund::ProRata);
    commission.rounding = Rounding::HalfUp;
    let mut vat = fee(Who::Platform, 21, Payer::Seller, OnRefund::Keep);
    (vat.rounding, vat.base) = (Rounding::HalfUp, Base::Fee(0));
    deal.fees = vec![commission, vat];
    let mut scene = full(deal, &[], Ending::Success);
    gives(
        &scene,
        &[(Pot::Buyer, Who::Platform, For::Fee, 4_03), (Pot::Buyer, Who::Seller, For::Payout, 29_30)],
        &[],
    );
    // a third of it: 1.11 and 0.23, each floored by itself; the tax is given up as the commission is
    scene.ending = Ending::Agreed(Award::Amount(11_11));
    gives(
        &scene,
        &[
            (Pot::Buyer, Who::Platform, For::Fee, 1_34),
            (Pot::Buyer, Who::Seller, For::Payout, 9_77),
            (Pot::Buyer, Who::Buyer, For::Refund, 22_22),
        ],
        &[],
    );
    scene.ending = Ending::BuyerAtFault;
    gives(&scene, &[(Pot::Buyer, Who::Buyer, For::Refund, 33_33)], &[]);
}

/// Commission 10 % on books, 20 % on toys, 1.00 a toy and at least 3.00; only the book is kept.
#[test]
fn a_commission_per_category_falls_away_with_the_category() {
    let mut deal = lamp(0);
    deal.items = vec![(100_00, 1), (25_00, 2)];
    let mut books = fee(Who::Platform, 10, Payer::Seller, OnRefund::Return);
    books.base = Base::Items(vec![0]);
    let mut toys = fee(Who::Platform, 20, Payer::Seller, OnRefund::Return);
    (toys.base, toys.per_unit, toys.min) = (Base::Items(vec![1]), 1_00, Some(3_00));
    let mut tax = fee(Who::Platform, 0, Payer::Seller, OnRefund::Return);
    (tax.base, tax.fixed) = (Base::Fee(1), 50);
    let mut part = fee(Who::Processor, 0, Payer::Seller, OnRefund::Return);
    (part.out_of, part.fixed) = (Some(1), 20);
    deal.fees = vec![books, toys, tax, part];
    gives(
        &full(deal.clone(), &[], Ending::Partial(vec![1, 0])),
        &[
            (Pot::Buyer, Who::Platform, For::Fee, 10_00),
            (Pot::Buyer, Who::Seller, For::Payout, 90_00),
            (Pot::Buyer, Who::Buyer, For::Refund, 50_00),
        ],
        &[],
    );
    // one toy is kept: 5.00 + 1.00, the tax of 0.50, of which 0.20 are the processor's
    gives(
        &full(deal, &[], Ending::Partial(vec![0, 1])),
        &[
            (Pot::Buyer, Who::Processor, For::Fee, 20),
            (Pot::Buyer, Who::Platform, For::Fee, 6_30),
            (Pot::Buyer, Who::Seller, For::Payout, 18_50),
            (Pot::Buyer, Who::Buyer, For::Refund, 125_00),
        ],
        &[],
    );
}

/// The seller gives back 200 while performing; accepted. With a commission of 10 %, pro rata, f = 0.8.
#[test]
fn what_is_given_back_is_the_buyers() {
    let mut scene = full(lamp(1_000_00), &[], Ending::Success);
    scene.given_back = 200_00;
    gives(
        &scene,
        &[(Pot::Buyer, Who::Seller, For::Payout, 800_00), (Pot::Buyer, Who::Buyer, For::Refund, 200_00)],
        &[],
    );
    scene.case.deal.fees.push(fee(Who::Platform, 10, Payer::Seller, OnRefund::ProRata));
    gives(
        &scene,
        &[
            (Pot::Buyer, Who::Platform, For::Fee, 80_00),
            (Pot::Buyer, Who::Seller, For::Payout, 720_00),
            (Pot::Buyer, Who::Buyer, For::Refund, 200_00),
        ],
        &[],
    );
    // it is not awarded away
    scene.ending = Ending::Agreed(Award::Amount(800_01));
    assert_eq!(scene.calculate(), Err(calc::Refused::OverMax(800_00)));
    assert_eq!(
        scene.settle().map_err(crate::support::refused).map(drop),
        Err(calc::Refused::OverMax(800_00))
    );
}

/// A fee of 5 % that is kept where somebody is at fault; both call it off.
#[test]
fn called_off_by_both() {
    let mut deal = lamp(1_000_00);
    deal.fees.push(fee(Who::Platform, 5, Payer::Seller, OnRefund::Keep));
    gives(&full(deal, &[], Ending::CalledOff), &[(Pot::Buyer, Who::Buyer, For::Refund, 1_000_00)], &[]);
}
