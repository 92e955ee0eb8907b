//! The arithmetic classes of `BUGS.md`.

use crate::settlement::examples::{full, workshop};
use crate::settlement::properties::conserves;
use crate::settlement::{given, share};
use crate::support::calculator::{For, OnRefund, Payer, Pot, Side, Who};
use crate::support::{calculator as calc, extreme_scenes, outcome, ppm, refused, rub, scenes, scenes_ending};
use escrow::Award;
use escrow::settlement::{Ending, SettleError};
use escrow::terms::Terms;
use proptest::prelude::*;

proptest! {
    #![proptest_config(crate::support::cases_of(512))]

    /// `mul_div_overflow`: near the limit of amounts, and with pots up to `i64::MAX`, the answer is right or a typed
    /// error; it never panics.
    #[test]
    fn mul_div_overflow(scene in extreme_scenes()) {
        match scene.settle() {
            Err(SettleError::TooLarge) => {
                let largest = i128::from(Terms::MAX_AMOUNT);
                let pots = &scene.pots;
                let pots = [pots.b, pots.l, pots.buyer_guarantee, pots.seller_guarantee];
                prop_assert!(pots.iter().any(|pot| *pot > largest), "pots within the limit: {pots:?}");
            }
            library => {
                let library = library.map(|s| outcome(&s)).map_err(refused);
                prop_assert_eq!(library, scene.calculate());
            }
        }
    }

    /// `rounding_leak`: one side is computed, the other is the rest; any division of any sum leaves nothing over.
    #[test]
    fn rounding_leak(price in 1..200_i64, share in ppm(), fee in ppm(), half in ppm()) {
        let mut deal = workshop();
        deal.items = vec![(price.into(), 1)];
        deal.services.truncate(1);
        deal.services[0] = calc::Service { cost: 7, payer: Payer::Shared(half), provider: Who::Outside(0) };
        deal.fees.truncate(1);
        deal.fees[0].rate_ppm = fee;
        deal.fees[0].payer = Payer::Shared(half);
        deal.fees[0].on_refund = OnRefund::ProRata;
        let scene = full(deal, &[true], calc::Ending::Ruled(calc::Award::Share(share)));
        let settlement = scene.settle().unwrap();
        conserves(&scene, &settlement)?;
        prop_assert_eq!(Ok(outcome(&settlement)), scene.calculate());
    }

    /// `unbounded_ruling`: whatever sum is ruled, it is within 0 ..= M or refused.
    #[test]
    fn unbounded_ruling(scene in scenes_ending(Just(calc::Ending::Success)), amount in any::<i64>(), near in -3..4_i64) {
        let max = scene.max_award(true);
        for amount in [amount, max.minor() + near] {
            let ruled = scene.settle_as(&Ending::ruled(Award::Amount(rub(amount))));
            let expected = match amount {
                _ if !scene.pots.fully_funded => Ok(()),
                ..0 => Err(SettleError::AwardNegative),
                _ if amount > max.minor() => Err(SettleError::AwardOverMax { max }),
                _ => Ok(()),
            };
            prop_assert_eq!(ruled.map(|_| ()), expected);
        }
    }

    /// `excess_fee`, at settlement: what all payees of fees get is never over what the fees are.
    #[test]
    fn excess_fee(scene in scenes()) {
        if let Ok(settlement) = scene.settle() {
            let given = outcome(&settlement);
            let of_deal = given.shares.iter().filter(|((pot, _, what), _)| {
                *what == For::Fee && !matches!(pot, Pot::Charge(_))
            });
            prop_assert!(of_deal.map(|(_, amount)| amount).sum::<i128>() <= scene.quote().commission);
        }
    }

    /// `zero_as_unset`: an award of nothing is one, and gives nothing.
    #[test]
    fn zero_as_unset(scene in scenes_ending(Just(calc::Ending::Agreed(calc::Award::Amount(0))))) {
        let given = given(&scene);
        prop_assert_eq!(share(&given, Pot::Buyer, Who::Seller, For::Payout), 0);
        let mut buyers = scene.clone();
        buyers.ending = calc::Ending::Agreed(calc::Award::AllTo(Side::Buyer));
        // of nothing, everything for the buyer is everything; a sum of nothing is nothing
        prop_assert_eq!(outcome(&buyers.settle().unwrap()), given);
    }
}
