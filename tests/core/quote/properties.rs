//! One property per line.

use crate::quote::m;
use crate::support::calculator::{Base, Who};
use crate::support::{Case, calculator as calc, cases, rough_deals};
use escrow::money::Rounding;
use escrow::quote;
use escrow::settlement::Pots;
use escrow::terms::{FeeBase, Payer, Provider, Quote, Terms};
use proptest::prelude::*;

/// Every field of the library's quote, as the calculator names it.
fn plain(quote: &Quote) -> calc::Quote {
    calc::Quote {
        price: m(quote.price),
        order: m(quote.order),
        buyer_total: m(quote.buyer_total),
        pay_offline: m(quote.pay_offline),
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
    fn a_fee_is_the_rounded_rate_plus_fixed_sums_within_min_and_max(case in cases()) {
        let terms = case.terms();
        let quote = terms.quote();
        for (fee, line) in terms.fees.iter().zip(&quote.fees) {
            let items = |places: &[u16]| places.iter().map(|n| &terms.items[usize::from(*n)]).collect::<Vec<_>>();
            let (base, units) = match &fee.base {
                FeeBase::Price => (m(quote.price), 0),
                FeeBase::Order => (m(quote.order), 0),
                FeeBase::Gross => (m(quote.deposit), 0),
                FeeBase::Items(places) => (
                    items(places).iter().map(|i| m(i.unit_price) * i128::from(i.quantity)).sum(),
                    items(places).iter().map(|i| i128::from(i.quantity)).sum(),
                ),
                FeeBase::Fee(id) => (m(quote.fees.iter().find(|line| line.id == *id).unwrap().amount), 0),
            };
            let exact = base * i128::from(fee.rate.ppm());
            let (floor, rest) = (exact / 1_000_000, exact % 1_000_000);
            let up = match fee.rounding {
                Rounding::Down => false,
                Rounding::HalfUp => rest >= 500_000,
                Rounding::HalfEven => rest > 500_000 || rest == 500_000 && floor % 2 == 1,
                Rounding::Up => rest > 0,
            };
            let per_units = fee.per_unit.map_or(0, m) * units;
            let amount = floor + i128::from(up) + fee.fixed.map_or(0, m) + per_units;
            let amount = amount.max(fee.min.map_or(0, m)).min(fee.max.map_or(i128::MAX, m));
            prop_assert_eq!(m(line.amount), amount);
        }
    }

    /// A fee of the gross that the buyer pays, and its taxes, are what the deposit has over everything else; and there is
    /// no lower deposit that leaves everything else.
    #[test]
    fn a_gross_fee_of_the_buyers_is_on_top_of_everything_else(case in cases()) {
        let terms = case.terms();
        let quote = terms.quote();
        let deposit = m(quote.deposit);
        let Some(grossed_up) = calc::buyers_gross_fees(&case.deal).first().copied() else { return Ok(()) };
        let on_top: i128 = (0..terms.fees.len())
            .filter(|fee| !case.deal.is_carve_out(*fee) && case.deal.root(*fee) == grossed_up)
            .map(|fee| m(quote.fees[fee].buyers_part))
            .sum();
        let everything_else = calc::everything_else(&case.deal) - case.deal.pay_offline;
        prop_assert_eq!(deposit - on_top, everything_else);
        for lower in (deposit - 300).max(0)..deposit {
            prop_assert!(lower - calc::on_top(&case.deal, lower) < everything_else, "{}", lower);
        }
    }

    #[test]
    fn other_fees_of_the_gross_have_no_buyers_part(case in cases()) {
        let terms = case.terms();
        for (fee, line) in terms.fees.iter().zip(&terms.quote().fees) {
            if fee.base == FeeBase::Gross && fee.payer != Some(Payer::Buyer) {
                prop_assert_eq!(m(line.buyers_part), 0);
            }
        }
    }

    #[test]
    fn a_fee_is_the_buyers_part_floored_and_the_rest_the_sellers(case in cases()) {
        let terms = case.terms();
        for (fee, line) in terms.fees.iter().zip(&terms.quote().fees) {
            let amount = m(line.amount);
            // a tax is paid as what it taxes
            let mut payer = fee;
            while let Some(parent) = payer.taxes() {
                payer = terms.fees.iter().find(|parents| parents.id == *parent).unwrap();
            }
            let (buyers, sellers) = match payer.payer {
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
    let mut seen = [0_usize; 14];
    for _ in 0..600 {
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
            quote.price == 0,
            calc::on_top(deal, quote.deposit) > 0,
            calc::on_top(deal, quote.deposit)
                > calc::buyers_gross_fees(deal).first().map_or(0, |n| quote.fees[*n].amount),
            deal.fees.iter().any(|fee| matches!(fee.base, Base::Items(_)) && fee.per_unit > 0),
            deal.fees
                .iter()
                .any(|fee| matches!(fee.base, Base::Fee(_)) && fee.rounding != calc::Rounding::Down),
        ];
        for (count, shown) in seen.iter_mut().zip(features) {
            *count += usize::from(shown);
        }
    }
    assert!(seen.iter().all(|count| *count >= 8), "{seen:?}");
}
