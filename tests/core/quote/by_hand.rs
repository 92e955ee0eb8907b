//! Examples worked by hand.

use crate::quote::{carved, draft, fee, partner, quoted, service, third};
use crate::support::{percent, rub};
use escrow::Rate;
use escrow::terms::{FeeBase, FeePayee, Payer, Provider, Terms};

/// A phone for 23 500.00, its delivery for 400.00 provided and paid by the seller, 5 % to the platform by the seller.
#[test]
fn nalogka_phone_with_delivery() {
    let mut draft = draft(23_500_00);
    draft.services.push(service(400_00, Payer::Seller, Provider::Seller));
    draft.fees.push(fee("platform", FeePayee::Platform, percent(5), Payer::Seller));
    let quote = quoted(draft);

    assert_eq!(quote.price, rub(23_500_00));
    // the buyer has no part of the delivery: 23 500.00 + 0
    assert_eq!(quote.order, rub(23_500_00));
    assert_eq!(quote.buyer_total, rub(23_500_00));
    assert_eq!(quote.deposit, rub(23_500_00));
    assert_eq!(quote.proceeds, rub(23_500_00));
    // 5 % of 23 500.00 = 1 175.00
    assert_eq!(quote.commission, rub(1_175_00));
    assert_eq!(quote.commission_seller, rub(1_175_00));
    assert_eq!(quote.commission_buyer, rub(0));
    // 23 500.00 − 1 175.00; their own delivery is no claim on the deal
    assert_eq!(quote.net, rub(22_325_00));
    assert_eq!(quote.payout, rub(22_325_00));
    assert_eq!(quote.seller_due, rub(0));
    assert_eq!(quote.seller_provided, rub(400_00));
    assert_eq!(quote.seller_consumed, rub(400_00));
    assert_eq!(quote.buyer_consumed, rub(0));
    assert_eq!(quote.buyer_expenses, rub(0));
    // 400.00 + 1 175.00
    assert_eq!(quote.seller_expenses, rub(1_575_00));
    // 22 325.00 − 400.00
    assert_eq!(quote.seller_profit, rub(21_925_00));
}

/// The same, where the buyer pays the seller's delivery and half of the commission.
#[test]
fn nalogka_phone_with_the_delivery_paid_by_the_buyer() {
    let mut draft = draft(23_500_00);
    draft.services.push(service(400_00, Payer::Buyer, Provider::Seller));
    draft.fees.push(fee("platform", FeePayee::Platform, percent(5), Payer::Shared(Rate::HALF)));
    let quote = quoted(draft);

    // 23 500.00 + 400.00
    assert_eq!(quote.order, rub(23_900_00));
    // half of 1 175.00 is 587.50; 23 900.00 + 587.50
    assert_eq!(quote.buyer_total, rub(24_487_50));
    // 23 500.00 + 400.00
    assert_eq!(quote.proceeds, rub(23_900_00));
    // 23 900.00 − 587.50
    assert_eq!(quote.payout, rub(23_312_50));
    // 400.00 + 587.50
    assert_eq!(quote.buyer_expenses, rub(987_50));
    // 23 312.50 − 400.00
    assert_eq!(quote.seller_profit, rub(22_912_50));
}

/// PAYSTO: 1 000.00; the seller pays 30 % to the partner, 5 % of the payment are carved out of them for the processor.
#[test]
fn paysto_partner_nets_what_the_processor_leaves() {
    let mut draft = draft(1_000_00);
    draft.fees.push(fee("partner", partner(), percent(30), Payer::Seller));
    draft.fees.push(carved("processor", FeePayee::Processor, percent(5), "partner"));
    draft.fees[1].base = FeeBase::Gross;
    let quote = quoted(draft);

    assert_eq!(quote.deposit, rub(1_000_00));
    // 30 % of 1 000.00
    assert_eq!(quote.fees[0].amount, rub(300_00));
    // 5 % of the payment of 1 000.00
    assert_eq!(quote.fees[1].amount, rub(50_00));
    assert_eq!(quote.fees[1].net, rub(50_00));
    // 300.00 − 50.00
    assert_eq!(quote.fees[0].net, rub(250_00));
    // a carve-out is in its parent: it is not counted twice
    assert_eq!(quote.commission, rub(300_00));
    assert_eq!(quote.payout, rub(700_00));
}

/// Gross is all that the buyer pays online: price, services and the buyer's parts of the other fees.
#[test]
fn a_gross_fee_is_of_the_whole_deposit() {
    let mut draft = draft(1_000_00);
    draft.services.push(service(50_00, Payer::Buyer, Provider::Platform));
    draft.fees.push(fee("platform", FeePayee::Platform, percent(2), Payer::Buyer));
    draft.fees.push(fee("acquiring", FeePayee::Processor, percent(3), Payer::Seller));
    draft.fees[1].base = FeeBase::Gross;
    let quote = quoted(draft.clone());

    // 1 000.00 + 50.00 + 2 % of 1 000.00
    assert_eq!(quote.deposit, rub(1_070_00));
    // 3 % of 1 070.00
    assert_eq!(quote.fees[1].amount, rub(32_10));
    // 1 000.00 − 32.10
    assert_eq!(quote.payout, rub(967_90));

    // 70.00 of it paid offline: gross is what passes through the deal
    draft.pay_offline = Some(rub(70_00));
    let quote = quoted(draft);
    assert_eq!(quote.deposit, rub(1_000_00));
    assert_eq!(quote.fees[1].amount, rub(30_00));
    // 1 000.00 − 70.00 − 30.00
    assert_eq!(quote.payout, rub(900_00));
}

/// The order is the price and the buyer's parts of services, so a fee of it grows with them.
#[test]
fn a_fee_of_the_order_counts_the_buyers_services() {
    let mut draft = draft(1_000_00);
    draft.services.push(service(100_00, Payer::Buyer, third()));
    draft.services.push(service(30_00, Payer::Seller, third()));
    draft.fees.push(fee("platform", FeePayee::Platform, percent(10), Payer::Buyer));
    draft.fees[0].base = FeeBase::Order;
    let quote = quoted(draft);

    // 10 % of (1 000.00 + 100.00)
    assert_eq!(quote.fees[0].amount, rub(110_00));
    assert_eq!(quote.deposit, rub(1_210_00));
    // 1 000.00 − 30.00
    assert_eq!(quote.payout, rub(970_00));
    // identity: 1 210.00 + 0 = 970.00 + 110.00 + (100.00 + 30.00)
}

/// Nalogka's 50/50 of an odd kopeck: the buyer's half is floored, the seller has the rest.
#[test]
fn the_odd_kopeck_of_a_half_is_the_sellers() {
    let mut draft = draft(1_01);
    draft.services.push(service(1_01, Payer::Shared(Rate::HALF), Provider::Platform));
    draft.fees.push(fee("platform", FeePayee::Platform, percent(5), Payer::Shared(Rate::HALF)));
    let quote = quoted(draft);

    // 101 / 2 = 50.5
    assert_eq!(quote.services[0].buyers_part, rub(50));
    assert_eq!(quote.services[0].sellers_part, rub(51));
    // 5 % of 101 = 5.05; 5 / 2 = 2.5
    assert_eq!(quote.fees[0].amount, rub(5));
    assert_eq!(quote.fees[0].buyers_part, rub(2));
    assert_eq!(quote.fees[0].sellers_part, rub(3));
    // 101 + 50 + 2 and 101 − 51 − 3; together 153 = 47 + 5 + 101
    assert_eq!(quote.deposit, rub(153));
    assert_eq!(quote.payout, rub(47));
}

/// `clamp(floor(base × rate) + fixed, min, max)`: the fixed sum is inside the bounds, and a maximum of zero is one.
#[test]
fn min_and_max_clamp_the_rate_and_the_fixed_sum_together() {
    let amount = |fixed: Option<i64>, min: Option<i64>, max: Option<i64>| {
        let mut draft = draft(1_000_99);
        let mut fee = fee("platform", FeePayee::Platform, percent(1), Payer::Seller);
        (fee.fixed, fee.min, fee.max) = (fixed.map(rub), min.map(rub), max.map(rub));
        draft.fees.push(fee);
        quoted(draft).fees[0].amount.minor()
    };
    // 1 % of 1 000.99 = 10.0099 → 10.00
    assert_eq!(amount(None, None, None), 10_00);
    assert_eq!(amount(Some(5_00), None, None), 15_00);
    assert_eq!(amount(None, Some(12_00), None), 12_00);
    assert_eq!(amount(Some(5_00), Some(12_00), None), 15_00);
    assert_eq!(amount(None, None, Some(8_00)), 8_00);
    assert_eq!(amount(Some(5_00), None, Some(12_00)), 12_00);
    assert_eq!(amount(Some(5_00), Some(12_00), Some(12_00)), 12_00);
    assert_eq!(amount(None, None, Some(0)), 0);
    assert_eq!(amount(None, Some(0), None), 10_00);
}

/// The buyer pays the seller in cash: what the seller owes of services and fees must come from them.
#[test]
fn the_seller_deposits_what_an_offline_price_cannot_cover() {
    let mut draft = draft(1_000_00);
    draft.pay_offline = Some(rub(980_00));
    draft.services.push(service(40_00, Payer::Shared(Rate::HALF), third()));
    draft.fees.push(fee("platform", FeePayee::Platform, percent(5), Payer::Seller));
    let quote = quoted(draft);

    // 1 000.00 + 20.00 − 980.00
    assert_eq!(quote.buyer_total, rub(1_020_00));
    assert_eq!(quote.deposit, rub(40_00));
    // 1 000.00 − 980.00
    assert_eq!(quote.proceeds, rub(20_00));
    // 20.00 − 20.00 − 50.00
    assert_eq!(quote.net, rub(-50_00));
    assert_eq!(quote.payout, rub(0));
    assert_eq!(quote.seller_due, rub(50_00));
    // identity: 40.00 + 50.00 = 0 + 50.00 + 40.00
}

/// A fee of the whole price leaves the seller nothing; one kopeck more and they must pay.
#[test]
fn a_fee_over_the_price_is_due_from_the_seller() {
    let mut draft = draft(10_00);
    draft.fees.push(fee("platform", FeePayee::Platform, Rate::WHOLE, Payer::Seller));
    let at_price = quoted(draft.clone());
    assert_eq!((at_price.payout, at_price.seller_due), (rub(0), rub(0)));

    draft.fees[0].fixed = Some(rub(1));
    let over = quoted(draft);
    assert_eq!((over.net, over.payout, over.seller_due), (rub(-1), rub(0), rub(1)));
}

/// At the limit of amounts, every product is taken wide: 10^16 × 33.3333 % = 3 333 330 000 000 000.
#[test]
fn mul_div_overflow_in_a_quote() {
    let mut draft = draft(Terms::MAX_AMOUNT);
    let rate = Rate::from_ppm(333_333).unwrap();
    draft.fees.push(fee("platform", FeePayee::Platform, rate, Payer::Seller));
    let quote = quoted(draft);
    assert_eq!(quote.fees[0].amount, rub(3_333_330_000_000_000));
    assert_eq!(quote.payout, rub(6_666_670_000_000_000));
}
