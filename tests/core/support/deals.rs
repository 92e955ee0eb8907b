//! Random deals.

use crate::support::bridge::Case;
use crate::support::calculator as calc;
use escrow::terms::Terms;
use proptest::prelude::*;

/// That many cases, and no file of failures: what one finds becomes an example worked by hand.
pub fn cases_of(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

pub fn payers() -> impl Strategy<Value = calc::Payer> {
    prop_oneof![
        Just(calc::Payer::Buyer),
        Just(calc::Payer::Seller),
        Just(calc::Payer::Shared(500_000)),
        ppm().prop_map(calc::Payer::Shared),
    ]
}

/// A part from nothing to the whole, both of them often.
pub fn ppm() -> impl Strategy<Value = i128> {
    prop_oneof![1 => Just(0_i128), 1 => Just(1_000_000), 6 => 1..1_000_000_i128]
}

/// The usual rates of fees, and any.
pub fn fee_ppm() -> impl Strategy<Value = i128> {
    prop_oneof![2 => Just(0_i128), 4 => 1..300_000_i128, 1 => ppm()]
}

pub fn providers() -> impl Strategy<Value = calc::Who> {
    prop_oneof![
        2 => Just(calc::Who::Seller),
        1 => Just(calc::Who::Platform),
        2 => (0..3_u8).prop_map(calc::Who::Outside),
    ]
}

pub fn fee_payees() -> impl Strategy<Value = calc::Who> {
    prop_oneof![Just(calc::Who::Platform), Just(calc::Who::Processor), (0..3_u8).prop_map(calc::Who::Outside),]
}

pub fn services(largest: i128) -> impl Strategy<Value = Vec<calc::Service>> {
    let service = (0..=largest, payers(), providers());
    let service = service.prop_map(|(cost, payer, provider)| calc::Service { cost, payer, provider });
    proptest::collection::vec(service, 0..=4)
}

/// An own fee, or one carved out of the fee at the index (taken modulo what there is).
pub fn fees(largest: i128) -> impl Strategy<Value = Vec<calc::Fee>> {
    let amount = move || prop_oneof![Just(0), 0..=largest / 4];
    let bound = move || proptest::option::weighted(0.3, 0..=largest / 2);
    let base = prop_oneof![Just(calc::Base::Price), Just(calc::Base::Order), Just(calc::Base::Gross)];
    let on_refund =
        prop_oneof![Just(calc::OnRefund::Keep), Just(calc::OnRefund::Return), Just(calc::OnRefund::ProRata)];
    let out_of = proptest::option::weighted(0.4, 0..5_usize);
    let fee = (fee_payees(), fee_ppm(), amount(), bound(), bound(), base, payers(), on_refund, out_of)
        .prop_map(|(payee, rate_ppm, fixed, min, max, base, payer, on_refund, out_of)| calc::Fee {
            payee,
            rate_ppm,
            fixed,
            min,
            max,
            base,
            payer,
            on_refund,
            out_of,
        });
    proptest::collection::vec(fee, 0..=5)
}

pub fn arbitration(largest: i128) -> impl Strategy<Value = Option<calc::Arbitration>> {
    let bound = move || proptest::option::weighted(0.3, 0..=largest);
    let part = prop_oneof![Just(0), fee_ppm()];
    let fee = (fee_payees(), fee_ppm(), part, 0..=largest / 4, bound(), bound());
    let fee = fee.prop_map(|(payee, rate_ppm, guarantee_ppm, fixed, min, max)| {
        let (min, max) = in_order(min, max);
        calc::Arbitration { payee, rate_ppm, guarantee_ppm, fixed, min, max }
    });
    proptest::option::weighted(0.8, fee)
}

pub fn in_order(min: Option<i128>, max: Option<i128>) -> (Option<i128>, Option<i128>) {
    match (min, max) {
        (Some(a), Some(b)) => (Some(a.min(b)), Some(a.max(b))),
        bounds => bounds,
    }
}

/// A handful of kopecks shows every rounding; large amounts show every overflow.
pub fn scales() -> impl Strategy<Value = i128> {
    prop_oneof![3 => Just(30_i128), 3 => Just(5_000_000), 1 => Just(100_000_000_000_000)]
}

/// Deals as anybody might write them down: most break some rule. The last number says how much is paid offline, in
/// parts per million of the limit.
pub fn rough_deals(offline_ppm: std::ops::RangeInclusive<i128>) -> impl Strategy<Value = calc::Deal> {
    scales().prop_flat_map(move |largest| rough_deals_up_to(largest, offline_ppm.clone()))
}

pub fn rough_deals_up_to(
    largest: i128,
    offline_ppm: std::ops::RangeInclusive<i128>,
) -> impl Strategy<Value = calc::Deal> {
    let items = proptest::collection::vec((0..=largest, 1..=5_i128), 0..=4);
    let offline_ppm = prop_oneof![2 => Just(0_i128), 3 => offline_ppm];
    let parts = (items, services(largest / 2), fees(largest), arbitration(largest), offline_ppm);
    parts.prop_map(|(items, services, fees, arbitration, offline_ppm)| {
        let mut deal = calc::Deal { items, services, fees, pay_offline: 0, arbitration };
        deal.pay_offline = calc::part_of(calc::offline_limit(&deal), offline_ppm);
        deal
    })
}

/// Deals that break no rule: rough ones, repaired.
pub fn deals() -> impl Strategy<Value = calc::Deal> {
    rough_deals(0..=1_000_000).prop_map(repaired)
}

/// Deals whose sums are close to the limit of amounts.
pub fn extreme_deals() -> impl Strategy<Value = calc::Deal> {
    let largest = i128::from(Terms::MAX_AMOUNT);
    rough_deals_up_to(largest, 0..=1_000_000).prop_map(repaired)
}

pub fn repaired(mut deal: calc::Deal) -> calc::Deal {
    let largest = i128::from(Terms::MAX_AMOUNT);
    if calc::price_of(&deal.items) == 0 {
        deal.items.push((1, 1));
    }
    while calc::price_of(&deal.items) > largest {
        deal.items.iter_mut().for_each(|(unit, _)| *unit -= *unit / 5);
    }
    deal.pay_offline = deal.pay_offline.min(calc::offline_limit(&deal));
    repair_fees(&mut deal);
    while !calc::acceptable(&deal, largest) {
        // too much in all, or carve-outs over their parent: one less, with whatever is carved out of it
        let too_much = calc::buyer_total(&deal) > largest && deal.services.pop().is_some();
        if !too_much && deal.fees.pop().is_none() {
            deal.services.pop().expect("the price alone is within the limit");
        }
        deal.pay_offline = deal.pay_offline.min(calc::offline_limit(&deal));
    }
    deal
}

pub fn repair_fees(deal: &mut calc::Deal) {
    for index in 0..deal.fees.len() {
        let own = (0..index).filter(|i| deal.fees[*i].out_of.is_none()).collect::<Vec<_>>();
        let fee = &deal.fees[index];
        let parent = fee.out_of.and_then(|n| own.get(n % own.len().max(1))).copied();
        let payer = parent.map_or(fee.payer, |parent| deal.fees[parent].payer);
        let fee = &mut deal.fees[index];
        fee.out_of = parent;
        (fee.min, fee.max) = in_order(fee.min, fee.max);
        if let (Some(_), true) = (parent, fee.rate_ppm > 200_000) {
            fee.rate_ppm /= 5;
        }
        let by_seller = matches!(payer, calc::Payer::Seller | calc::Payer::Shared(0));
        if fee.base == calc::Base::Gross && !by_seller {
            match parent {
                // its own payer can be changed; a carve-out's is its parent's
                None => fee.payer = calc::Payer::Seller,
                Some(_) => fee.base = calc::Base::Order,
            }
        }
    }
}

pub fn cases() -> impl Strategy<Value = Case> {
    with_guarantees(deals())
}

pub fn with_guarantees(deals: impl Strategy<Value = calc::Deal>) -> impl Strategy<Value = Case> {
    let guarantee = || (prop_oneof![Just(0_i128), 0..50_i128, 0..10_000_000_i128], any::<bool>());
    (deals, guarantee(), guarantee()).prop_map(|(deal, buyer_guarantee, seller_guarantee)| Case {
        deal,
        buyer_guarantee,
        seller_guarantee,
    })
}
