//! `policy.shortfall`, told from the design's sentence: what is missing of what an ending takes from the buyer lowers S first,
//! not f; an award is of what there is.

use std::collections::BTreeMap;

use escrow::deposit::{DepositId, Purpose};
use escrow::settlement::{Ending, Fault, Incurred, Pots, Settlement, settle};
use escrow::terms::Terms;
use escrow::{Payee, Rate};
use escrow_testing::strategies;
use proptest::prelude::*;

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

    /// An award is of what there is: without the tolerance the same comes of the same pot.
    #[test]
    fn an_award_is_of_what_there_is(terms in strategies::terms(), share in 0..=1_000_000_u32) {
        use escrow::Award;
        let ending = Ending::agreed(Award::Share(Rate::from_ppm(share).unwrap()));
        let full = Pots::full(&terms);
        let short = Pots { buyer: full.buyer - full.buyer / 100, ..full };
        let with = |shortfall| {
            let mut draft = terms.to_draft();
            draft.policy.shortfall = Rate::from_ppm(shortfall).unwrap();
            let terms = Terms::new(draft).unwrap();
            settle(&terms, &short, Incurred::default(), &ending)
        };
        prop_assert_eq!(with(0), with(50_000));
    }
}
