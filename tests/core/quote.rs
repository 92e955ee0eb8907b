//! The quote, exactly: one property per line of the design, examples worked by hand, and every error of `Terms::new`.
#![allow(clippy::arithmetic_side_effects, clippy::indexing_slicing, clippy::panic)]
#![allow(clippy::unwrap_used, clippy::expect_used)]
// 23_500_00 reads as 23 500.00
#![allow(clippy::inconsistent_digit_grouping)]

use escrow::settlement::{Pots, Quote};
use escrow::terms::{ArbitrationFee, Fee, FeeBase, FeePayee, Item, OnRefund, Payer, Policy};
use escrow::terms::{Problem, Provider, Service, Terms, TermsDraft};
use escrow::{Money, Rate, quote};
use proptest::prelude::*;

use crate::support::calculator::{self as calc, Base, Who};
use crate::support::{Case, FOREIGN, cases, percent, rough_deals, rub};

fn m(money: Money) -> i128 {
    i128::from(money.minor())
}

// --- one property per line -------------------------------------------------------------------------------------

/// Every field of the library's quote, as the calculator names it.
fn plain(quote: &Quote) -> calc::Quote {
    calc::Quote {
        price: m(quote.price),
        order: m(quote.order),
        buyer_total: m(quote.buyer_total),
        deposit: m(quote.deposit),
        proceeds: m(quote.proceeds),
        net: m(quote.net),
        payout: m(quote.payout),
        seller_due: m(quote.seller_due),
        seller_provided: m(quote.seller_provided),
        seller_consumed: m(quote.seller_consumed),
        buyer_consumed: m(quote.buyer_consumed),
        commission: m(quote.commission),
        commission_seller: m(quote.commission_seller),
        commission_buyer: m(quote.commission_buyer),
        buyer_expenses: m(quote.buyer_expenses),
        seller_expenses: m(quote.seller_expenses),
        seller_profit: m(quote.seller_profit),
        service_buyer_parts: quote.services.iter().map(|line| m(line.buyers_part)).collect(),
        service_seller_parts: quote.services.iter().map(|line| m(line.sellers_part)).collect(),
        fees: quote
            .fees
            .iter()
            .map(|line| calc::FeeLine {
                amount: m(line.amount),
                buyer_part: m(line.buyers_part),
                seller_part: m(line.sellers_part),
                net: m(line.net),
            })
            .collect(),
    }
}

proptest! {
    #![proptest_config(crate::support::cases_of(512))]

    #[test]
    fn every_field_is_what_the_calculator_says(case in cases()) {
        let terms = case.terms();
        prop_assert_eq!(plain(terms.quote()), calc::quote(&case.deal).unwrap());
        prop_assert_eq!(m(terms.quote().pay_offline), case.deal.pay_offline);
        prop_assert_eq!(&quote(&terms), terms.quote());
    }

    #[test]
    fn price_is_the_sum_of_unit_prices_times_quantities(case in cases()) {
        let terms = case.terms();
        let sum: i128 = terms.items.iter().map(|i| m(i.unit_price) * i128::from(i.quantity)).sum();
        prop_assert_eq!(m(terms.quote().price), sum);
    }

    #[test]
    fn a_service_is_the_buyers_part_floored_and_the_rest_the_sellers(case in cases()) {
        let terms = case.terms();
        for (service, line) in terms.services.iter().zip(&terms.quote().services) {
            let cost = m(service.final_cost);
            let floored = match service.payer {
                Payer::Buyer => cost,
                Payer::Seller => 0,
                Payer::Shared(rate) => cost * i128::from(rate.ppm()) / 1_000_000,
            };
            prop_assert_eq!(m(line.cost), cost);
            prop_assert_eq!(m(line.buyers_part), floored);
            prop_assert_eq!(m(line.sellers_part), cost - floored);
        }
    }

    #[test]
    fn order_is_the_price_and_the_buyers_parts_of_services(case in cases()) {
        let terms = case.terms();
        let parts: i128 = terms.quote().services.iter().map(|line| m(line.buyers_part)).sum();
        prop_assert_eq!(m(terms.quote().order), m(terms.quote().price) + parts);
    }

    #[test]
    fn a_fee_is_the_floored_rate_plus_fixed_within_min_and_max(case in cases()) {
        let terms = case.terms();
        let quote = terms.quote();
        for (fee, line) in terms.fees.iter().zip(&quote.fees) {
            let base = match fee.base {
                FeeBase::Price => m(quote.price),
                FeeBase::Order => m(quote.order),
                FeeBase::Gross => m(quote.deposit),
            };
            let amount = base * i128::from(fee.rate.ppm()) / 1_000_000 + fee.fixed.map_or(0, m);
            let amount = amount.max(fee.min.map_or(0, m)).min(fee.max.map_or(i128::MAX, m));
            prop_assert_eq!(m(line.amount), amount);
        }
    }

    #[test]
    fn gross_is_the_buyers_deposit_and_never_includes_itself(case in cases()) {
        let terms = case.terms();
        for (fee, line) in terms.fees.iter().zip(&terms.quote().fees) {
            if fee.base == FeeBase::Gross {
                prop_assert_eq!(m(line.buyers_part), 0);
            }
        }
    }

    #[test]
    fn a_fee_is_the_buyers_part_floored_and_the_rest_the_sellers(case in cases()) {
        let terms = case.terms();
        for (fee, line) in terms.fees.iter().zip(&terms.quote().fees) {
            let amount = m(line.amount);
            let (buyers, sellers) = match fee.payer {
                Some(Payer::Buyer) => (amount, 0),
                Some(Payer::Seller) => (0, amount),
                Some(Payer::Shared(rate)) => {
                    let buyers = amount * i128::from(rate.ppm()) / 1_000_000;
                    (buyers, amount - buyers)
                }
                // a carve-out has no parts of its own
                None => (0, 0),
            };
            prop_assert_eq!((m(line.buyers_part), m(line.sellers_part)), (buyers, sellers));
        }
    }

    #[test]
    fn a_fee_nets_what_its_carve_outs_leave_and_never_less_than_nothing(case in cases()) {
        let terms = case.terms();
        let lines = &terms.quote().fees;
        for line in lines {
            let carved = lines.iter().filter(|l| l.out_of.as_ref() == Some(&line.id));
            let carved: i128 = carved.map(|l| m(l.amount)).sum();
            prop_assert_eq!(m(line.net), m(line.amount) - carved);
            prop_assert!(m(line.net) >= 0);
        }
    }

    #[test]
    fn buyer_total_is_the_order_and_the_buyers_parts_of_fees(case in cases()) {
        let terms = case.terms();
        let parts: i128 = terms.quote().fees.iter().map(|line| m(line.buyers_part)).sum();
        prop_assert_eq!(m(terms.quote().buyer_total), m(terms.quote().order) + parts);
    }

    #[test]
    fn deposit_is_the_buyers_total_less_what_is_paid_offline(case in cases()) {
        let quote = quote(&case.terms());
        prop_assert_eq!(m(quote.deposit), m(quote.buyer_total) - case.deal.pay_offline);
        prop_assert!(m(quote.deposit) >= 0);
    }

    /// `0 ≤ pay_offline ≤ price + Σ buyer's parts of seller-provided services`: the limit itself is allowed.
    #[test]
    fn pay_offline_is_allowed_up_to_what_the_seller_is_owed(mut case in cases()) {
        let limit = calc::offline_limit(&case.deal);
        case.deal.pay_offline = limit;
        if calc::quote(&case.deal).is_some() {
            prop_assert_eq!(m(case.terms().quote().proceeds), 0);
        }
        case.deal.pay_offline = limit + 1;
        prop_assert!(Terms::new(case.draft()).is_err());
    }

    #[test]
    fn proceeds_are_the_price_and_the_buyers_parts_of_the_sellers_services_less_offline(case in cases()) {
        let terms = case.terms();
        let lines = terms.services.iter().zip(&terms.quote().services);
        let own = lines.filter(|(service, _)| service.provider == Provider::Seller);
        let parts: i128 = own.map(|(_, line)| m(line.buyers_part)).sum();
        let proceeds = m(terms.quote().proceeds);
        prop_assert_eq!(proceeds, m(terms.quote().price) + parts - case.deal.pay_offline);
        prop_assert!(proceeds >= 0);
    }

    #[test]
    fn net_is_the_proceeds_less_the_sellers_parts(case in cases()) {
        let terms = case.terms();
        let quote = terms.quote();
        let lines = terms.services.iter().zip(&quote.services);
        let others = lines.filter(|(service, _)| service.provider != Provider::Seller);
        let services: i128 = others.map(|(_, line)| m(line.sellers_part)).sum();
        let fees: i128 = quote.fees.iter().map(|line| m(line.sellers_part)).sum();
        prop_assert_eq!(m(quote.net), m(quote.proceeds) - services - fees);
    }

    #[test]
    fn payout_and_seller_due_are_the_two_sides_of_net(case in cases()) {
        let quote = quote(&case.terms());
        prop_assert_eq!(m(quote.payout), m(quote.net).max(0));
        prop_assert_eq!(m(quote.seller_due), (-m(quote.net)).max(0));
    }

    /// `deposit + seller_due = payout + Σ fees (without carve-outs) + Σ costs of services provided by others`.
    #[test]
    fn identity_of_the_quote(case in cases()) {
        let terms = case.terms();
        let quote = terms.quote();
        let fees: i128 = quote.fees.iter().filter(|l| l.out_of.is_none()).map(|l| m(l.amount)).sum();
        let others = terms.services.iter().filter(|service| service.provider != Provider::Seller);
        let others: i128 = others.map(|service| m(service.final_cost)).sum();
        prop_assert_eq!(m(quote.deposit) + m(quote.seller_due), m(quote.payout) + fees + others);
    }

    /// What a buyer and a seller read as their expenses adds up with what the fees and services cost.
    #[test]
    fn commissions_and_expenses_add_up(case in cases()) {
        let quote = quote(&case.terms());
        let services: i128 = quote.services.iter().map(|line| m(line.cost)).sum();
        prop_assert_eq!(m(quote.commission), m(quote.commission_buyer) + m(quote.commission_seller));
        prop_assert_eq!(m(quote.buyer_consumed) + m(quote.seller_consumed), services);
        prop_assert_eq!(m(quote.buyer_expenses), m(quote.buyer_consumed) + m(quote.commission_buyer));
        prop_assert_eq!(m(quote.seller_expenses), m(quote.seller_consumed) + m(quote.commission_seller));
        prop_assert_eq!(m(quote.buyer_total), m(quote.price) + m(quote.buyer_expenses));
        prop_assert_eq!(m(quote.seller_profit), m(quote.payout) - m(quote.seller_provided));
    }

    #[test]
    fn no_sum_is_negative_but_net_and_profit(case in cases()) {
        let mut quote = plain(case.terms().quote());
        quote.net = 0;
        quote.seller_profit = 0;
        prop_assert!(!format!("{quote:?}").contains('-'), "{:?}", quote);
    }

    #[test]
    fn full_pots_hold_what_the_quote_asks_for(case in cases()) {
        let terms = case.terms();
        let pots = Pots::full(&terms);
        prop_assert_eq!(i128::from(pots.buyer), m(terms.quote().deposit));
        prop_assert_eq!(i128::from(pots.seller), m(terms.quote().seller_due));
        prop_assert_eq!(m(pots.buyer_guarantee), case.buyer_guarantee.0);
        prop_assert_eq!(m(pots.seller_guarantee), case.seller_guarantee.0);
        prop_assert!(pots.funded);
    }

    /// Whatever is quoted can be proposed again from its own draft, with the same quote.
    #[test]
    fn a_draft_of_terms_gives_the_same_terms(case in cases()) {
        let terms = case.terms();
        prop_assert_eq!(&Terms::new(terms.to_draft()).unwrap(), &terms);
    }

    /// BUGS `excess_fee`, at agreement; and nothing that keeps every rule is refused.
    #[test]
    fn terms_are_refused_exactly_where_a_rule_is_broken(deal in rough_deals(0..=1_500_000)) {
        let keeps_the_rules = calc::acceptable(&deal, i128::from(Terms::MAX_AMOUNT));
        prop_assert_eq!(Terms::new(Case::of(deal).draft()).is_ok(), keeps_the_rules);
    }
}

/// The random deals are of many shapes: otherwise the properties above would say little.
#[test]
fn random_deals_show_every_feature() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;

    let mut runner = TestRunner::deterministic();
    let mut seen = [0_usize; 9];
    for _ in 0..400 {
        let case = cases().new_tree(&mut runner).unwrap().current();
        let (deal, quote) = (&case.deal, calc::quote(&case.deal).unwrap());
        let gross_carved = deal.fees.iter().any(|fee| fee.out_of.is_some() && fee.base == Base::Gross);
        let features = [
            quote.seller_due > 0,
            quote.payout > 0,
            deal.pay_offline > 0 && quote.deposit > 0,
            deal.fees.iter().any(|fee| fee.out_of.is_some()),
            gross_carved,
            deal.fees.iter().any(|fee| fee.base == Base::Gross && fee.out_of.is_none()),
            deal.services.iter().any(|service| matches!(service.provider, Who::Outside(_))),
            case.seller_guarantee.0 > 0 && !case.seller_guarantee.1,
            quote.buyer_total > 10_000_000_000_000,
        ];
        for (count, shown) in seen.iter_mut().zip(features) {
            *count += usize::from(shown);
        }
    }
    assert!(seen.iter().all(|count| *count >= 8), "{seen:?}");
}

// --- examples worked by hand -----------------------------------------------------------------------------------

fn item(minor: i64, quantity: u32) -> Item {
    Item::new("item".parse().unwrap(), rub(minor), quantity)
}

/// One item at this price.
fn draft(price: i64) -> TermsDraft {
    let (buyer, seller) = ("anna".parse().unwrap(), "shop".parse().unwrap());
    TermsDraft::new(buyer, seller, crate::support::DEAL, vec![item(price, 1)], Policy::shop())
}

fn service(cost: i64, payer: Payer, provider: Provider) -> Service {
    Service {
        name: "delivery".parse().unwrap(),
        description: None,
        original_cost: None,
        final_cost: rub(cost),
        payer,
        provider,
    }
}

fn partner() -> FeePayee {
    FeePayee::Partner("site".parse().unwrap())
}

fn third() -> Provider {
    Provider::Third("cdek".parse().unwrap())
}

fn fee(id: &str, payee: FeePayee, rate: Rate, payer: Payer) -> Fee {
    Fee::of_price(id.parse().unwrap(), payee, rate, payer)
}

fn carved(id: &str, payee: FeePayee, rate: Rate, out_of: &str) -> Fee {
    Fee::carved(id.parse().unwrap(), payee, rate, out_of.parse().unwrap())
}

fn quoted(draft: TermsDraft) -> Quote {
    quote(&Terms::new(draft).expect("valid terms"))
}

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
    // 23 500.00 − 1 175.00; his own delivery is no claim on the deal
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

/// Gross is all that the buyer pays online: price, services and his parts of the other fees.
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

/// The buyer pays the seller in cash: what the seller owes of services and fees must come from him.
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

/// A fee of the whole price leaves the seller nothing; one kopeck more and he must pay.
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

// --- every refusal ---------------------------------------------------------------------------------------------

/// The field in full, as the message has it, and what is wrong with it.
#[track_caller]
fn refused(change: impl FnOnce(&mut TermsDraft), field: &str, problem: Problem) {
    let mut draft = draft(1_000_00);
    draft.services.push(service(10_00, Payer::Buyer, Provider::Platform));
    draft.fees.push(fee("platform", FeePayee::Platform, percent(5), Payer::Seller));
    draft.fees.push(carved("processor", FeePayee::Processor, percent(1), "platform"));
    assert!(Terms::new(draft.clone()).is_ok(), "the draft is valid before the change");
    change(&mut draft);
    let error = Terms::new(draft).expect_err("refused");
    assert_eq!(error.problem(), problem, "{error}");
    assert_eq!(error.to_string(), format!("{field} {problem}"));
    assert!(field.ends_with(error.field()));
    let index = field.split_once('[').and_then(|(_, rest)| rest.split_once(']'));
    assert_eq!(error.index(), index.map(|(index, _)| index.parse().unwrap()));
}

fn usd(minor: i64) -> Money {
    Money::from_minor(minor, FOREIGN)
}

fn over() -> Money {
    rub(Terms::MAX_AMOUNT + 1)
}

#[test]
fn parties_must_differ() {
    refused(|d| d.seller = d.buyer.clone(), "seller", Problem::BuyerIsSeller);
}

/// BUGS `self_dealing_arbiter`: the roles are disjoint.
#[test]
fn an_arbiter_is_no_party() {
    refused(|d| d.arbiter = Some(d.buyer.clone()), "arbiter", Problem::IsAParty);
    refused(|d| d.arbiter = Some(d.seller.clone()), "arbiter", Problem::IsAParty);
}

#[test]
fn a_partner_and_a_provider_are_no_parties() {
    refused(|d| d.fees[0].payee = FeePayee::Partner(d.seller.clone()), "fees[0].payee", Problem::IsAParty);
    refused(|d| d.fees[1].payee = FeePayee::Partner(d.buyer.clone()), "fees[1].payee", Problem::IsAParty);
    let own = |d: &mut TermsDraft| d.services[0].provider = Provider::Third(d.seller.clone());
    refused(own, "services[0].provider", Problem::IsAParty);
    let ruling = |d: &mut TermsDraft| {
        let payee = FeePayee::Partner(d.buyer.clone());
        d.policy.arbitration_fee = Some(arbitration_fee(payee));
    };
    refused(ruling, "arbitration_fee.payee", Problem::IsAParty);
}

fn arbitration_fee(payee: FeePayee) -> ArbitrationFee {
    ArbitrationFee { payee, rate: percent(1), guarantee_rate: Rate::ZERO, fixed: None, min: None, max: None }
}

/// BUGS `empty_deal`.
#[test]
fn there_must_be_something_to_sell() {
    refused(|d| d.items.clear(), "items", Problem::Empty);
}

#[test]
fn the_price_must_not_be_zero() {
    refused(|d| d.items[0].unit_price = rub(0), "items", Problem::Zero);
    refused(|d| d.items = vec![item(0, 5), item(0, 1)], "items", Problem::Zero);
    // a gift beside a paid item is fine
    let mut draft = draft(1);
    draft.items.push(item(0, 1));
    assert_eq!(quoted(draft).price, rub(1));
}

#[test]
fn a_quantity_is_at_least_one_and_at_most_a_million() {
    refused(|d| d.items[0].quantity = 0, "items[0].quantity", Problem::Zero);
    refused(|d| d.items[0].quantity = Item::MAX_QUANTITY + 1, "items[0].quantity", Problem::TooLarge);
    let mut draft = draft(1);
    draft.items[0].quantity = Item::MAX_QUANTITY;
    assert_eq!(quoted(draft).price, rub(1_000_000));
}

type Set = fn(&mut TermsDraft, Money);

/// Every amount of the terms but the guarantees, which have a currency of their own.
const AMOUNTS: [(&str, Set); 10] = [
    ("items[0].unit_price", |d, m| d.items[0].unit_price = m),
    ("services[0].final_cost", |d, m| d.services[0].final_cost = m),
    ("services[0].original_cost", |d, m| d.services[0].original_cost = Some(m)),
    ("fees[0].fixed", |d, m| d.fees[0].fixed = Some(m)),
    ("fees[0].min", |d, m| d.fees[0].min = Some(m)),
    ("fees[1].max", |d, m| d.fees[1].max = Some(m)),
    ("pay_offline", |d, m| d.pay_offline = Some(m)),
    ("arbitration_fee.fixed", |d, m| arbitration(d).fixed = Some(m)),
    ("arbitration_fee.min", |d, m| arbitration(d).min = Some(m)),
    ("arbitration_fee.max", |d, m| arbitration(d).max = Some(m)),
];

fn arbitration(draft: &mut TermsDraft) -> &mut ArbitrationFee {
    draft.policy.arbitration_fee.insert(arbitration_fee(FeePayee::Platform))
}

#[test]
fn no_amount_is_negative() {
    for (field, set) in AMOUNTS {
        refused(|d| set(d, rub(-1)), field, Problem::Negative);
        refused(|d| set(d, rub(i64::MIN)), field, Problem::Negative);
    }
    refused(|d| d.guarantees.buyer = Some(rub(-1)), "guarantees.buyer", Problem::Negative);
    refused(|d| d.guarantees.seller = Some(usd(-1)), "guarantees.seller", Problem::Negative);
}

#[test]
fn no_amount_is_over_the_limit() {
    for (field, set) in AMOUNTS {
        refused(|d| set(d, over()), field, Problem::TooLarge);
        refused(|d| set(d, rub(i64::MAX)), field, Problem::TooLarge);
    }
    refused(|d| d.guarantees.buyer = Some(over()), "guarantees.buyer", Problem::TooLarge);
    refused(|d| d.guarantees.seller = Some(over()), "guarantees.seller", Problem::TooLarge);
}

#[test]
fn every_amount_but_a_guarantee_is_in_the_currency_of_the_deal() {
    for (field, set) in AMOUNTS {
        refused(|d| set(d, usd(1)), field, Problem::OtherCurrency);
    }
    let mut draft = draft(1);
    draft.guarantees.buyer = Some(usd(Terms::MAX_AMOUNT));
    assert!(Terms::new(draft).is_ok());
}

#[test]
fn no_list_is_over_its_limit() {
    let many = |d: &mut TermsDraft| d.items = vec![item(1, 1); Terms::MAX_ITEMS + 1];
    refused(many, "items", Problem::TooMany { max: Terms::MAX_ITEMS });
    let many = |d: &mut TermsDraft| d.services = vec![d.services[0].clone(); Terms::MAX_SERVICES + 1];
    refused(many, "services", Problem::TooMany { max: Terms::MAX_SERVICES });
    let many = |d: &mut TermsDraft| d.fees = vec![d.fees[0].clone(); Terms::MAX_FEES + 1];
    refused(many, "fees", Problem::TooMany { max: Terms::MAX_FEES });
    let many = |d: &mut TermsDraft| d.tags = vec!["tag".parse().unwrap(); Terms::MAX_TAGS + 1];
    refused(many, "tags", Problem::TooMany { max: Terms::MAX_TAGS });
}

#[test]
fn no_sum_is_over_the_limit() {
    refused(|d| d.items = vec![item(Terms::MAX_AMOUNT, 2)], "items", Problem::TooLarge);
    refused(|d| d.items = vec![item(Terms::MAX_AMOUNT, 1), item(1, 1)], "items", Problem::TooLarge);
    // 10^16 × 10^6 is over an i64
    let most = item(Terms::MAX_AMOUNT, Item::MAX_QUANTITY);
    refused(|d| d.items = vec![most; Terms::MAX_ITEMS], "items", Problem::TooLarge);
    // the seller's expenses, too: 5 % of the price and the limit
    let cost = |d: &mut TermsDraft| d.services[0] = service(Terms::MAX_AMOUNT, Payer::Seller, third());
    refused(cost, "items", Problem::TooLarge);
    // the limit itself is allowed
    assert_eq!(quoted(draft(Terms::MAX_AMOUNT)).deposit, rub(Terms::MAX_AMOUNT));
}

#[test]
fn the_least_is_not_over_the_most() {
    let bounds = |d: &mut TermsDraft| (d.fees[0].min, d.fees[0].max) = (Some(rub(2)), Some(rub(1)));
    refused(bounds, "fees[0].min", Problem::MinOverMax);
    let bounds = |d: &mut TermsDraft| {
        let fee = arbitration(d);
        (fee.min, fee.max) = (Some(rub(1)), Some(rub(0)));
    };
    refused(bounds, "arbitration_fee.min", Problem::MinOverMax);
}

#[test]
fn a_gross_fee_has_no_buyers_part() {
    let by = |payer| {
        move |d: &mut TermsDraft| {
            d.fees[0].base = FeeBase::Gross;
            d.fees[0].payer = Some(payer);
        }
    };
    refused(by(Payer::Buyer), "fees[0].base", Problem::GrossFeeWithBuyersPart);
    refused(by(Payer::Shared(Rate::HALF)), "fees[0].base", Problem::GrossFeeWithBuyersPart);
    // nor has a carve-out of gross, whose parent somebody pays
    let parent = |payer| {
        move |d: &mut TermsDraft| {
            d.fees[1].base = FeeBase::Gross;
            d.fees[0].payer = Some(payer);
        }
    };
    refused(parent(Payer::Buyer), "fees[1].base", Problem::GrossFeeWithBuyersPart);
    refused(parent(Payer::Shared(Rate::HALF)), "fees[1].base", Problem::GrossFeeWithBuyersPart);
    // shared with a part of nothing is the seller's
    let mut draft = draft(1_000_00);
    draft.fees.push(fee("gross", FeePayee::Platform, percent(5), Payer::Shared(Rate::ZERO)));
    draft.fees[0].base = FeeBase::Gross;
    assert_eq!(quoted(draft).payout, rub(950_00));
}

/// BUGS `excess_fee`: a deduction cannot be over what it is deducted from.
#[test]
fn carve_outs_are_not_over_their_parent() {
    // the parent is 5 %: 50.00
    refused(|d| d.fees[1].rate = percent(6), "fees[1].out_of", Problem::CarveOutOverParent);
    refused(|d| d.fees[1].min = Some(rub(50_01)), "fees[1].out_of", Problem::CarveOutOverParent);
    // each fits, both together do not: 10.00 + 40.01
    let second = |d: &mut TermsDraft| {
        d.fees.push(carved("second", partner(), Rate::ZERO, "platform"));
        d.fees[2].fixed = Some(rub(40_01));
    };
    refused(second, "fees[2].out_of", Problem::CarveOutOverParent);
    // to the kopeck they do
    let mut draft = draft(1_000_00);
    draft.fees.push(fee("platform", FeePayee::Platform, percent(5), Payer::Seller));
    draft.fees.push(carved("processor", FeePayee::Processor, percent(5), "platform"));
    assert_eq!(quoted(draft).fees[0].net, rub(0));
}

#[test]
fn a_carve_out_names_an_earlier_fee_that_is_none() {
    let set =
        |out_of: &'static str| move |d: &mut TermsDraft| d.fees[1].out_of = Some(out_of.parse().unwrap());
    refused(set("nobody"), "fees[1].out_of", Problem::UnknownParent);
    refused(set("processor"), "fees[1].out_of", Problem::UnknownParent);
    refused(|d| d.fees.swap(0, 1), "fees[0].out_of", Problem::UnknownParent);
    let again = |d: &mut TermsDraft| d.fees.push(carved("third", partner(), Rate::ZERO, "processor"));
    refused(again, "fees[2].out_of", Problem::ParentIsCarveOut);
}

#[test]
fn a_carve_out_has_neither_payer_nor_refund_rule() {
    refused(|d| d.fees[1].payer = Some(Payer::Seller), "fees[1].payer", Problem::CarveOutHasItsOwn);
    let rule = |d: &mut TermsDraft| d.fees[1].on_refund = Some(OnRefund::Keep);
    refused(rule, "fees[1].on_refund", Problem::CarveOutHasItsOwn);
}

#[test]
fn a_fee_has_a_payer_and_a_refund_rule() {
    refused(|d| d.fees[0].payer = None, "fees[0].payer", Problem::Missing);
    refused(|d| d.fees[0].on_refund = None, "fees[0].on_refund", Problem::Missing);
}

#[test]
fn the_ids_of_fees_are_unique() {
    refused(|d| d.fees.push(d.fees[0].clone()), "fees[2].id", Problem::Duplicate);
    refused(|d| d.fees[1].id = d.fees[0].id.clone(), "fees[1].id", Problem::Duplicate);
}

/// `pay_offline ≤ price + Σ buyer's parts of seller-provided services`: the platform's service does not count.
#[test]
fn no_more_is_paid_offline_than_the_seller_is_owed() {
    let pay = |minor| move |d: &mut TermsDraft| d.pay_offline = Some(rub(minor));
    refused(pay(1_000_01), "pay_offline", Problem::OverWhatTheSellerIsOwed);
    // the seller's own service does: 1 000.00 + half of 10.01
    let own = |minor| {
        move |d: &mut TermsDraft| {
            d.services.push(service(10_01, Payer::Shared(Rate::HALF), Provider::Seller));
            d.pay_offline = Some(rub(minor));
        }
    };
    refused(own(1_005_01), "pay_offline", Problem::OverWhatTheSellerIsOwed);
    let mut draft = draft(1_000_00);
    own(1_005_00)(&mut draft);
    assert_eq!(quoted(draft).deposit, rub(0));
}
