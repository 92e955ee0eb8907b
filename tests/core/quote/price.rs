//! From a goal to a price.

use crate::quote::{carved, draft, fee, m, quoted};
use crate::support::calculator as calc;
use crate::support::{Case, cases, percent, rub};
use escrow::money::Rounding;
use escrow::terms::{FeeBase, FeePayee, Goal, Item, Payer, PriceError, Terms, price_for};
use escrow::{Currency, Money};
use proptest::prelude::*;

/// The calculator's quote with this price of an item, where the library would make one.
fn with_price(case: &Case, item: usize, price: i128) -> Option<calc::Quote> {
    let mut deal = case.deal.clone();
    deal.items[item].0 = price;
    let largest = i128::from(Terms::MAX_AMOUNT);
    ((0..=largest).contains(&price) && calc::acceptable(&deal, largest)).then(|| calc::quote(&deal)).flatten()
}

fn reaches(case: &Case, item: usize, price: i128, goal: Goal) -> bool {
    with_price(case, item, price).is_some_and(|quote| match goal {
        Goal::Payout(money) => quote.payout >= m(money),
        Goal::BuyerTotal(money) => quote.buyer_total >= m(money),
    })
}

proptest! {
    #![proptest_config(crate::support::cases_of(256))]

    /// The price reaches the goal, and one minor unit less does not.
    #[test]
    fn a_price_for_a_goal_is_a_lowest_one(
        case in cases(),
        item in any::<prop::sample::Index>(),
        wanted in prop_oneof![0..200_i64, 0..20_000_000_i64],
        payout in any::<bool>(),
    ) {
        let item = item.index(case.deal.items.len());
        let goal = if payout { Goal::Payout(rub(wanted)) } else { Goal::BuyerTotal(rub(wanted)) };
        match price_for(&case.draft(), item, goal) {
            Ok(price) => {
                prop_assert!(reaches(&case, item, m(price), goal), "{} does not reach it", price);
                prop_assert!(!reaches(&case, item, m(price) - 1, goal), "{} is not the lowest", price);
            }
            Err(PriceError::OutOfReach) => {
                for price in (0..200).chain((200..30_000_000).step_by(77_777)) {
                    prop_assert!(!reaches(&case, item, price, goal), "{} reaches it", price);
                }
            }
            Err(error) => prop_assert!(false, "{}", error),
        }
    }

    /// What a quote says is reached by the price that it has, or by a lower one.
    #[test]
    fn a_quoted_sum_is_in_reach(case in cases(), item in any::<prop::sample::Index>(), payout in any::<bool>()) {
        let item = item.index(case.deal.items.len());
        let terms = case.terms();
        let quote = terms.quote();
        let goal = if payout { Goal::Payout(quote.payout) } else { Goal::BuyerTotal(quote.buyer_total) };
        prop_assert!(price_for(&case.draft(), item, goal).is_ok());
    }
}

#[test]
fn the_price_that_nets_a_hundred_after_a_commission() {
    let mut draft = draft(0);
    draft.fees.push(fee("platform", FeePayee::Platform, percent(5), Payer::Seller));
    let price = price_for(&draft, 0, Goal::Payout(rub(100_00))).unwrap();
    // 5 % of 105.26 is 5.26, of 105.25 it is 5.26, too
    assert_eq!(price, rub(105_26));
    // half up 5 % of 105.26 is 5.26, of 105.27 it is 5.26
    draft.fees[0].rounding = Rounding::HalfUp;
    assert_eq!(price_for(&draft, 0, Goal::Payout(rub(100_00))), Ok(rub(105_26)));
    // two for 100.00: 50.00 each is 95.00; the price is of one
    draft.items = vec![Item::new("item".parse().unwrap(), rub(0), 2)];
    assert_eq!(price_for(&draft, 0, Goal::Payout(rub(100_00))), Ok(rub(52_63)));
}

/// 2.9 % + 0.30 on top: a total of 103.29 is a price of 100.00.
#[test]
fn the_price_of_what_the_buyer_pays_in_all() {
    let mut draft = draft(0);
    let mut processing = fee("processing", FeePayee::Processor, percent(0), Payer::Buyer);
    processing.rate = escrow::Rate::from_ppm(29_000).unwrap();
    (processing.fixed, processing.base) = (Some(rub(30)), FeeBase::Gross);
    draft.fees.push(processing);
    let price = price_for(&draft, 0, Goal::BuyerTotal(rub(103_29))).unwrap();
    assert_eq!(price, rub(100_00));
    draft.items[0].unit_price = price;
    assert_eq!(quoted(draft).deposit, rub(103_29));
}

#[test]
fn a_goal_out_of_reach_is_said() {
    let goal = Goal::Payout(rub(1));
    let mut whole = draft(0);
    whole.fees.push(fee("platform", FeePayee::Platform, percent(100), Payer::Seller));
    assert_eq!(price_for(&whole, 0, goal), Err(PriceError::OutOfReach));
    // with a most it is reached beyond it
    whole.fees[0].max = Some(rub(50_00));
    assert_eq!(price_for(&whole, 0, goal), Ok(rub(50_01)));
    assert_eq!(price_for(&whole, 1, goal), Err(PriceError::NoSuchItem { items: 1 }));
    let dollars = Goal::Payout(Money::from_minor(1, Currency::USD));
    assert_eq!(price_for(&whole, 0, dollars), Err(PriceError::Currency));
    whole.items[0].quantity = 0;
    assert!(matches!(price_for(&whole, 0, goal), Err(PriceError::Terms(_))));
}

/// Only few prices are quoted: 114.00 or more, of which 114.00 are paid offline, and less than 120.00, of which 4 % are over
/// the 4.80 of their parent.
#[test]
fn a_goal_between_two_reasons_to_refuse() {
    let mut draft = draft(0);
    let mut parent = fee("platform", FeePayee::Platform, percent(0), Payer::Seller);
    parent.fixed = Some(rub(4_80));
    draft.fees = vec![parent, carved("partner", FeePayee::Processor, percent(4), "platform")];
    draft.pay_offline = Some(rub(114_00));
    assert_eq!(price_for(&draft, 0, Goal::BuyerTotal(rub(0))), Ok(rub(114_00)));
    // 120.24 is the last: 4 % of it are 4.80 and a bit, of 120.25 they are 4.81
    assert_eq!(price_for(&draft, 0, Goal::BuyerTotal(rub(120_24))), Ok(rub(120_24)));
    assert_eq!(price_for(&draft, 0, Goal::BuyerTotal(rub(120_25))), Err(PriceError::OutOfReach));
}
