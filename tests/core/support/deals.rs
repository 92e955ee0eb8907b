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
    let places = proptest::collection::vec(0..4_usize, 0..3);
    let base = prop_oneof![
        2 => Just(calc::Base::Price),
        1 => Just(calc::Base::Order),
        2 => Just(calc::Base::Gross),
        2 => places.prop_map(calc::Base::Items),
        2 => (0..5_usize).prop_map(calc::Base::Fee),
    ];
    let per_unit = prop_oneof![2 => Just(0_i128), 1 => 0..=largest / 20];
    let on_refund =
        prop_oneof![Just(calc::OnRefund::Keep), Just(calc::OnRefund::Return), Just(calc::OnRefund::ProRata)];
    let out_of = proptest::option::weighted(0.4, 0..5_usize);
    let of_base = (fee_ppm(), roundings(), base, per_unit);
    let fee = (fee_payees(), of_base, amount(), bound(), bound(), payers(), on_refund, out_of).prop_map(
        |(payee, of_base, fixed, min, max, payer, on_refund, out_of)| {
            let (rate_ppm, rounding, base, per_unit) = of_base;
            calc::Fee { payee, rate_ppm, rounding, fixed, per_unit, min, max, base, payer, on_refund, out_of }
        },
    );
    proptest::collection::vec(fee, 0..=5).boxed()
}

pub fn roundings() -> impl Strategy<Value = calc::Rounding> {
    use calc::Rounding::{Down, HalfEven, HalfUp, Up};
    prop_oneof![4 => Just(Down), 1 => Just(HalfUp), 1 => Just(HalfEven), 1 => Just(Up)]
}

pub fn charge_fees() -> impl Strategy<Value = Option<calc::ChargeFee>> {
    let fee = (fee_payees(), fee_ppm(), roundings());
    let fee = fee.prop_map(|(payee, rate_ppm, rounding)| calc::ChargeFee { payee, rate_ppm, rounding });
    proptest::option::of(fee)
}

pub fn returns() -> impl Strategy<Value = calc::ReturnAll> {
    use calc::ReturnAll::{Buyer, Nobody, Off, Seller};
    prop_oneof![2 => Just(Off), 1 => Just(Nobody), 1 => Just(Seller), 1 => Just(Buyer)]
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
    let policy = (arbitration(largest), charge_fees(), returns());
    let parts = (items, services(largest / 2), fees(largest), policy, offline_ppm);
    parts.prop_map(|(items, services, fees, (arbitration, charge_fee, return_all), offline_ppm)| {
        let pay_offline = 0;
        let mut deal = calc::Deal { items, services, fees, pay_offline, arbitration, charge_fee, return_all };
        deal.pay_offline = calc::part_of(calc::offline_limit(&deal), offline_ppm);
        deal
    })
    // the trees of so many parts would fill the stack
    .boxed()
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
    if deal.items.is_empty() {
        deal.items.push((0, 1));
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
        let own = (0..index).filter(|i| !deal.is_carve_out(*i)).collect::<Vec<_>>();
        let earlier = |n: usize| own.get(n % own.len().max(1)).copied();
        let parent = deal.fees[index].out_of.and_then(earlier);
        let base = match &deal.fees[index].base {
            calc::Base::Items(places) => {
                let mut places: Vec<_> = places.iter().map(|place| place % deal.items.len()).collect();
                places.sort_unstable();
                places.dedup();
                if places.is_empty() { calc::Base::Price } else { calc::Base::Items(places) }
            }
            calc::Base::Fee(n) => earlier(*n).map_or(calc::Base::Order, calc::Base::Fee),
            base => base.clone(),
        };
        let fee = &mut deal.fees[index];
        (fee.out_of, fee.base) = (parent, base);
        (fee.min, fee.max) = in_order(fee.min, fee.max);
        if !matches!(fee.base, calc::Base::Items(_)) {
            fee.per_unit = 0;
        }
        if let (Some(_), true) = (parent, fee.rate_ppm > 200_000) {
            fee.rate_ppm /= 5;
        }
    }
    (0..deal.fees.len()).for_each(|index| repair_gross(deal, index));
}

/// The buyer pays one fee of the gross, and not too much of it; the others are the seller's.
fn repair_gross(deal: &mut calc::Deal, index: usize) {
    let root = deal.fees[index].out_of.map_or(index, |parent| deal.root(parent));
    let parents_payer = deal.fees[root].payer;
    let fee = &mut deal.fees[index];
    if fee.base == calc::Base::Gross {
        match (fee.out_of, fee.payer) {
            (Some(_), _) if !matches!(parents_payer, calc::Payer::Seller | calc::Payer::Shared(0)) => {
                fee.base = calc::Base::Order;
            }
            (None, calc::Payer::Shared(ppm)) if ppm > 0 => fee.payer = calc::Payer::Buyer,
            (Some(_) | None, _) => {}
        }
    }
    let grossed_up = calc::buyers_gross_fees(deal);
    if let [_, second, ..] = grossed_up.as_slice() {
        deal.fees[*second].payer = calc::Payer::Seller;
    }
    if let Some(first) = grossed_up.first() {
        while calc::share_of_gross(deal, *first) > 900_000 {
            deal.fees[*first].rate_ppm /= 2;
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
