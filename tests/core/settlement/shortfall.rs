//! `policy.shortfall`, told from the design's sentence: what is missing of what an ending takes from the buyer lowers S first,
//! not f; M is of what there is.

use std::collections::BTreeMap;

use escrow::deposit::{DepositId, Purpose};
use escrow::settlement::{Ending, Fault, Incurred, Pots, Settlement, settle};
use escrow::terms::{Fee, FeeBuilder, OnRefund, Payer, Terms};
use escrow::{Award, Currency, Payee, Policy, Rate};
use escrow_testing::strategies;
use proptest::prelude::*;
use rust_decimal::dec;

type Sums = BTreeMap<(Payee, &'static str), i128>;

/// What comes out of the buyer's payment, for whom and why.
fn sums(settlement: &Settlement) -> Sums {
    let mut sums = Sums::new();
    for share in settlement.shares.iter().filter(|s| s.deposit == DepositId::BUYER_PAYMENT) {
        *sums.entry((share.payee.clone(), share.purpose.as_str())).or_default() +=
            i128::from(share.amount.minor());
    }
    sums
}

proptest! {
    #![proptest_config(crate::support::cases_of(2_000))]

    #[test]
    fn what_is_missing_lowers_the_sellers_part_alone(
        terms in strategies::terms(),
        rate in 1..=300_000_u32,
        part in 0..=1_000_000_i128,
        ending in prop::sample::select(vec![
            Ending::Success,
            Ending::Cancelled(Fault::Buyer),
            Ending::Cancelled(Fault::Seller),
            Ending::Cancelled(Fault::Nobody),
        ]),
        services in any::<u8>(),
    ) {
        let mut draft = terms.to_draft();
        draft.policy.shortfall = Rate::from_ppm(rate).unwrap();
        let Ok(terms) = Terms::new(draft) else { return Ok(()) };
        let incurred = (0..terms.services.len()).filter(|n| services >> (n % 8) & 1 == 1);
        let incurred = incurred.fold(Incurred::default(), Incurred::with);
        let full = Pots::full(&terms);
        // the most that may be missing: floor(required × rate)
        let most = i128::from(full.buyer) * i128::from(rate) / 1_000_000;
        let missing = most * part / 1_000_000;
        let short = Pots { buyer: full.buyer - i64::try_from(missing).unwrap(), ..full };

        let whole = sums(&settle(&terms, &full, incurred, &ending).unwrap());
        let less = sums(&settle(&terms, &short, incurred, &ending).unwrap());
        let back = |sums: &Sums| sums.get(&(Payee::Buyer, Purpose::Refund.as_str())).copied().unwrap_or(0);
        let payout = (Payee::Seller, Purpose::Payout.as_str());
        let s = whole.get(&payout).copied().unwrap_or(0);
        // what the ending takes from the buyer, and what of it is not there
        let taken = whole.values().sum::<i128>() - back(&whole);
        let over = (taken - i128::from(short.buyer)).max(0);
        prop_assume!(over <= s);
        let mut expected = whole.clone();
        expected.insert(payout, s - over);
        expected.insert((Payee::Buyer, Purpose::Refund.as_str()), back(&whole) - (missing - over));
        expected.retain(|_, minor| *minor != 0);
        prop_assert_eq!(less, expected);
    }

    /// An award is of what there is, M included. What then is missing of the fees that the buyer pays, the seller gets less;
    /// without the tolerance the buyer owes it.
    #[test]
    fn what_an_award_misses_lowers_the_sellers_part(
        terms in strategies::terms(),
        share in 0..=1_000_000_u32,
        missing in 0..=1_000_i64,
    ) {
        let ending = Ending::agreed(Award::Share(Rate::from_ppm(share).unwrap()));
        let full = Pots::full(&terms);
        let missing = missing.min(full.buyer / 20);
        let short = Pots { buyer: full.buyer - missing, ..full };
        let with = |shortfall| {
            let mut draft = terms.to_draft();
            draft.policy.shortfall = Rate::from_ppm(shortfall).unwrap();
            let terms = Terms::new(draft).unwrap();
            settle(&terms, &short, Incurred::default(), &ending).unwrap()
        };
        let (strict, tolerant) = (with(0), with(50_000));
        let mut expected = sums(&strict);
        let owed: i64 = debts(&strict).iter().map(|(_, minor)| minor).sum();
        let payout = (Payee::Seller, Purpose::Payout.as_str());
        prop_assume!(owed <= missing && i128::from(owed) <= expected.get(&payout).copied().unwrap_or(0));
        *expected.entry(payout).or_default() -= i128::from(owed);
        expected.retain(|_, minor| *minor != 0);
        let tolerated = sums(&tolerant);
        // carve-outs scale with what is collected: only the sums of a purpose are compared
        prop_assert_eq!(by_purpose(&tolerated, owed), by_purpose(&expected, 0));
        prop_assert_eq!(debts(&tolerant), Vec::new());
    }
}

/// What the buyer owes, to whom.
fn debts(settlement: &Settlement) -> Vec<(Payee, i64)> {
    let debts = settlement.receivables.iter().filter(|debt| debt.debtor == Payee::Buyer);
    debts.map(|debt| (debt.payee.clone(), debt.amount.minor())).collect()
}

/// The sums of each purpose, and what was owed of the fees before.
fn by_purpose(sums: &Sums, owed: i64) -> BTreeMap<&'static str, i128> {
    let mut all = BTreeMap::new();
    for ((_, purpose), minor) in sums {
        *all.entry(*purpose).or_default() += minor;
    }
    if owed != 0 {
        *all.entry(Purpose::Fee.as_str()).or_default() -= i128::from(owed);
    }
    all.retain(|_, minor| *minor != 0);
    all
}

/// A deal of 100.00 with a fee of so many percent, which the buyer pays, and of whose payment this much came.
fn sold(fee: i64, on_refund: OnRefund, shortfall: i64, buyer: i64) -> (Terms, Pots) {
    let fee = Fee::percent("platform", fee).payer(Payer::Buyer).on_refund(on_refund);
    sold_with(fee, shortfall, buyer)
}

fn sold_with(fee: FeeBuilder, shortfall: i64, buyer: i64) -> (Terms, Pots) {
    let mut policy = Policy::shop();
    policy.shortfall = Rate::percent(shortfall.into()).unwrap();
    let terms =
        Terms::builder("anna", "shop", Currency::EUR).item("thing", dec!(100)).fee(fee).policy(policy);
    let terms = terms.build().unwrap();
    let pots = Pots { buyer, ..Pots::full(&terms) };
    (terms, pots)
}

#[test]
fn an_award_of_all_that_misses_a_part_of_the_fee() {
    // 105.00 are asked for, 102.90 are there: S = 100.00 and the fee, 5.00, are 2.10 more, so S is 97.90
    let (terms, pots) = sold(5, OnRefund::ProRata, 2, 102_90);
    let settlement = settle(&terms, &pots, Incurred::default(), &Ending::agreed(Award::SellerAll)).unwrap();
    assert_eq!(settlement.minor_of(&Payee::Seller, Purpose::Payout), 97_90);
    assert_eq!(settlement.minor_of(&Payee::Platform, Purpose::Fee), 5_00);
    assert_eq!(debts(&settlement), []);
    // half of it: 50.00 and 2.50 are there, and 50.40 go back
    let half = Ending::agreed(Award::Share(Rate::percent(dec!(50)).unwrap()));
    let settlement = settle(&terms, &pots, Incurred::default(), &half).unwrap();
    assert_eq!(settlement.minor_of(&Payee::Seller, Purpose::Payout), 50_00);
    assert_eq!(settlement.minor_of(&Payee::Platform, Purpose::Fee), 2_50);
    assert_eq!(settlement.minor_of(&Payee::Buyer, Purpose::Refund), 50_40);
}

#[test]
fn where_more_is_missing_than_the_seller_gets_the_rest_is_owed() {
    // 100.00 and a fee of 110.00, of which a half, 105.00, may be missing
    for (there, platform, owed) in [(110_00, 110_00, 0), (105_00, 105_00, 5_00), (120_00, 110_00, 0)] {
        let fee =
            Fee::percent("platform", 100).fixed(dec!(10)).payer(Payer::Buyer).on_refund(OnRefund::Return);
        let (terms, pots) = sold_with(fee, 50, there);
        let settlement = settle(&terms, &pots, Incurred::default(), &Ending::Success).unwrap();
        // first S, 100.00, is lowered, as far as it goes; then the fee takes what there is
        assert_eq!(settlement.minor_of(&Payee::Seller, Purpose::Payout), there - platform);
        assert_eq!(settlement.minor_of(&Payee::Platform, Purpose::Fee), platform);
        assert_eq!(debts(&settlement).iter().map(|(_, minor)| minor).sum::<i64>(), owed);
    }
}
