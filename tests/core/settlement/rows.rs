//! The rows of the table.

use crate::settlement::examples::{full, workshop};
use crate::settlement::{all_for, arbiter, ending, given, owed_by, share};
use crate::support::calculator::{For, OnRefund, Pot, Side, Who};
use crate::support::{
    FOREIGN, Sketch, amount_sketches, calculator as calc, full_scenes_ending, library_pots, outcome,
    partial_sketches, ppm, rub, scenes, scenes_ending, sides,
};
use escrow::settlement::{Ending, Incurred, SettleError};
use escrow::{Award, DefaultRuling, Money, settle};
use proptest::prelude::*;

proptest! {
    #![proptest_config(crate::support::cases_of(384))]

    /// Success with full pots: what was quoted is what is paid.
    #[test]
    fn success_pays_what_was_quoted(mut scene in full_scenes_ending(Just(Sketch::Ready(calc::Ending::Success)))) {
        (scene.given_back, scene.charges) = (0, Vec::new());
        let (given, quote) = (given(&scene), scene.quote());
        prop_assert_eq!(share(&given, Pot::Buyer, Who::Seller, For::Payout), quote.payout);
        prop_assert_eq!(all_for(&given, For::Fee), quote.commission);
        prop_assert_eq!(all_for(&given, For::Refund), 0);
        let others = scene.case.deal.services.iter().filter(|service| service.provider != Who::Seller);
        prop_assert_eq!(all_for(&given, For::Service), others.map(|service| service.cost).sum::<i128>());
        prop_assert!(given.receivables.is_empty());
    }

    /// Each fee's payee nets what the fee's line says: the sum over their lines.
    #[test]
    fn success_nets_every_fee_as_quoted(mut scene in full_scenes_ending(Just(Sketch::Ready(calc::Ending::Success)))) {
        scene.given_back = 0;
        let (given, quote) = (given(&scene), scene.quote());
        for payee in [Who::Platform, Who::Processor, Who::Outside(0), Who::Outside(1), Who::Outside(2)] {
            let lines = scene.case.deal.fees.iter().zip(&quote.fees);
            let quoted: i128 = lines.filter(|(fee, _)| fee.payee == payee).map(|(_, line)| line.net).sum();
            let paid = [Pot::Buyer, Pot::Seller].map(|pot| share(&given, pot, payee, For::Fee));
            prop_assert_eq!(paid.iter().sum::<i128>(), quoted, "{:?}", payee);
        }
    }

    /// What the seller gives back is the buyer's, and so is the buyer's part of what pro-rata fees lose by it.
    #[test]
    fn what_is_given_back_goes_to_the_buyer(scene in full_scenes_ending(Just(Sketch::Ready(calc::Ending::Success)))) {
        let (given, quote) = (given(&scene), scene.quote());
        let back = scene.given_back.min(quote.proceeds);
        let s = quote.proceeds - back;
        let fees = quote.fees.iter().enumerate();
        let pro_rata = fees.filter(|(n, _)| calc::on_refund_of(&scene.case.deal, *n) == OnRefund::ProRata);
        let lost = pro_rata.map(|(_, line)| match quote.proceeds {
            0 => 0,
            proceeds => line.buyer_part - line.buyer_part * s / proceeds,
        });
        let lost: i128 = lost.sum();
        prop_assert_eq!(share(&given, Pot::Buyer, Who::Buyer, For::Refund), back + lost);
    }

    #[test]
    fn a_buyout_of_everything_is_a_success(scene in scenes_ending(Just(calc::Ending::Success))) {
        let mut everything = scene.clone();
        everything.ending = calc::Ending::Partial(scene.case.deal.items.iter().map(|(_, n)| *n).collect());
        prop_assert_eq!(given(&everything), given(&scene));
    }

    /// The offline part shrinks first, then the buyer gets back what the smaller order costs less.
    #[test]
    fn a_partial_buyout_refunds_what_it_costs_less(mut scene in full_scenes_ending(partial_sketches())) {
        scene.given_back = 0;
        let calc::Ending::Partial(accepted) = &scene.ending else { unreachable!() };
        if let (true, Ok(settlement)) = (accepted.iter().any(|n| *n > 0), scene.settle()) {
            let given = outcome(&settlement);
            let mut smaller = scene.case.deal.clone();
            for ((_, quantity), accepted) in smaller.items.iter_mut().zip(accepted) {
                *quantity = *accepted;
            }
            let (deposit, everything) = (scene.quote().deposit, calc::everything_else(&smaller));
            let total = calc::least_gross(&smaller, everything);
            prop_assert_eq!(share(&given, Pot::Buyer, Who::Buyer, For::Refund), (deposit - total).max(0));
            // and nobody but the buyer and the seller gets anything that is not a service or a fee
            prop_assert_eq!(all_for(&given, For::Arbitration), 0);
        }
    }

    /// Refused where the policy is off, and else the row of whose fault it is, with everything incurred.
    #[test]
    fn accepting_nothing_is_a_return_of_everything(scene in scenes_ending(Just(calc::Ending::Success))) {
        let mut nothing = scene.clone();
        nothing.ending = calc::Ending::Partial(vec![0; scene.case.deal.items.len()]);
        let mut returned = scene.clone();
        returned.incurred.iter_mut().for_each(|incurred| *incurred = true);
        returned.ending = match scene.case.deal.return_all {
            calc::ReturnAll::Off => {
                let refused = Err(SettleError::NothingAccepted);
                let expected = if scene.pots.fully_funded { refused } else { scene.settle() };
                prop_assert_eq!(nothing.settle(), expected);
                return Ok(());
            }
            calc::ReturnAll::Nobody => calc::Ending::NobodyAtFault,
            calc::ReturnAll::Seller => calc::Ending::SellerAtFault,
            calc::ReturnAll::Buyer => calc::Ending::BuyerAtFault,
        };
        prop_assert_eq!(nothing.settle(), returned.settle());
    }

    /// Nobody pays a fee, and what others have spent is paid as agreed.
    #[test]
    fn called_off_by_both_costs_no_fee(scene in full_scenes_ending(Just(Sketch::Ready(calc::Ending::CalledOff)))) {
        let (given, quote) = (given(&scene), scene.quote());
        prop_assert_eq!(all_for(&given, For::Fee) - charge_fees(&given), 0);
        prop_assert_eq!(share(&given, Pot::Buyer, Who::Seller, For::Payout), 0);
        let services = scene.case.deal.services.iter().enumerate();
        let others = services.filter(|(n, service)| scene.incurred[*n] && service.provider != Who::Seller);
        let buyers: i128 = others.map(|(n, _)| quote.service_buyer_parts[n]).sum();
        prop_assert_eq!(share(&given, Pot::Buyer, Who::Buyer, For::Refund), (scene.pots.b - buyers).max(0));
        prop_assert_eq!(owed_by(&given, Who::Platform), 0);
    }

    /// The seller pays nothing and loses nothing: L and their guarantee are theirs, and no debt is.
    #[test]
    fn buyer_at_fault_costs_the_seller_nothing(scene in scenes_ending(Just(calc::Ending::BuyerAtFault))) {
        let given = given(&scene);
        prop_assert_eq!(share(&given, Pot::Seller, Who::Seller, For::Refund), scene.pots.l);
        let guarantee = share(&given, Pot::SellerGuarantee, Who::Seller, For::Guarantee);
        prop_assert_eq!(guarantee, scene.pots.seller_guarantee);
        prop_assert_eq!(owed_by(&given, Who::Seller) + owed_by(&given, Who::Platform), 0);
    }

    /// What the seller has spent on incurred services of their own, they get, or are owed by the buyer.
    #[test]
    fn buyer_at_fault_makes_the_seller_whole(scene in scenes_ending(Just(calc::Ending::BuyerAtFault))) {
        let given = given(&scene);
        let services = scene.case.deal.services.iter().zip(&scene.incurred);
        let own = services.filter(|(service, incurred)| **incurred && service.provider == Who::Seller);
        let spent: i128 = own.map(|(service, _)| service.cost).sum();
        let paid = share(&given, Pot::Buyer, Who::Seller, For::Payout);
        let owed = given.receivables.get(&(Who::Buyer, Who::Seller, For::Payout)).copied().unwrap_or(0);
        prop_assert_eq!(paid + owed, if scene.pots.fully_funded { spent } else { 0 });
    }

    #[test]
    fn a_cancelled_deal_takes_only_kept_fees(scene in scenes_ending(prop_oneof![
        Just(calc::Ending::BuyerAtFault),
        Just(calc::Ending::SellerAtFault),
        Just(calc::Ending::NobodyAtFault),
    ])) {
        let (given, quote) = (given(&scene), scene.quote());
        let lines = scene.case.deal.fees.iter().zip(&quote.fees);
        let on_refund = |fee| calc::on_refund_of(&scene.case.deal, fee);
        let kept = lines.enumerate();
        let kept = kept.filter(|(n, (fee, _))| fee.out_of.is_none() && on_refund(*n) == OnRefund::Keep);
        let mut due: i128 = kept.map(|(_, (_, line))| line.amount).sum();
        if matches!(scene.ending, calc::Ending::NobodyAtFault) || !scene.pots.fully_funded {
            due = 0;
        }
        let owed = given.receivables.iter().filter(|((_, _, what), _)| *what == For::Fee);
        prop_assert_eq!(all_for(&given, For::Fee) + owed.map(|(_, amount)| amount).sum::<i128>(), due);
    }

    #[test]
    fn seller_at_fault_gives_the_buyer_everything_back(scene in scenes_ending(Just(calc::Ending::SellerAtFault))) {
        let given = given(&scene);
        prop_assert_eq!(share(&given, Pot::Buyer, Who::Buyer, For::Refund), scene.pots.b);
        prop_assert_eq!(owed_by(&given, Who::Buyer) + owed_by(&given, Who::Platform), 0);
    }

    /// A debt of the seller's is left only where L and their guarantee of the same currency are used up.
    #[test]
    fn seller_at_fault_owes_only_beyond_their_guarantee(scene in scenes_ending(Just(calc::Ending::SellerAtFault))) {
        let given = given(&scene);
        if owed_by(&given, Who::Seller) > 0 {
            prop_assert_eq!(share(&given, Pot::Seller, Who::Seller, For::Refund), 0);
            let back = share(&given, Pot::SellerGuarantee, Who::Seller, For::Guarantee);
            let foreign = !scene.pots.seller_guarantee_same_currency;
            prop_assert_eq!(back, if foreign { scene.pots.seller_guarantee } else { 0 });
        }
    }

    /// Both get everything back; a third who has spent money is the platform's debt, never a pot's.
    #[test]
    fn nobody_at_fault_costs_the_parties_nothing(scene in scenes_ending(Just(calc::Ending::NobodyAtFault))) {
        let given = given(&scene);
        prop_assert_eq!(share(&given, Pot::Buyer, Who::Buyer, For::Refund), scene.pots.b);
        prop_assert_eq!(share(&given, Pot::Seller, Who::Seller, For::Refund), scene.pots.l);
        prop_assert_eq!(all_for(&given, For::Fee) + all_for(&given, For::Service), 0);
        let services = scene.case.deal.services.iter().zip(&scene.incurred);
        let thirds = services.filter(|(s, incurred)| **incurred && matches!(s.provider, Who::Outside(_)));
        let spent: i128 = thirds.map(|(service, _)| service.cost).sum();
        prop_assert_eq!(owed_by(&given, Who::Platform), if scene.pots.fully_funded { spent } else { 0 });
        prop_assert_eq!(owed_by(&given, Who::Buyer) + owed_by(&given, Who::Seller), 0);
    }

    /// S goes to the seller, or to those whom the seller owes parts.
    #[test]
    fn an_award_gives_the_seller_s_less_their_parts(scene in full_scenes_ending(amount_sketches())) {
        let given = given(&scene);
        let (calc::Ending::Agreed(award) | calc::Ending::Ruled(award)) = scene.ending else { unreachable!() };
        let calc::Award::Amount(s) = award else { unreachable!() };
        let payout = share(&given, Pot::Buyer, Who::Seller, For::Payout);
        prop_assert!(payout <= s);
        // everything of B that is neither S nor the buyer's is A and the buyer's parts of claims
        let quote = scene.quote();
        let services = scene.case.deal.services.iter().enumerate();
        let stands = services.filter(|(i, service)| scene.incurred[*i] && service.provider != Who::Seller);
        let services: i128 = stands.map(|(i, _)| quote.service_buyer_parts[i]).sum();
        let mut fees = 0;
        let proceeds = quote.proceeds;
        for (n, (fee, line)) in scene.case.deal.fees.iter().zip(&quote.fees).enumerate() {
            fees += match calc::on_refund_of(&scene.case.deal, n) {
                _ if fee.out_of.is_some() => 0,
                OnRefund::Keep => line.buyer_part,
                OnRefund::Return => 0,
                OnRefund::ProRata if proceeds > 0 => line.buyer_part * s / proceeds,
                // of nothing, a sum is nothing
                OnRefund::ProRata => 0,
            };
        }
        let a = share(&given, Pot::Buyer, arbiter(&scene), For::Arbitration);
        let refund = share(&given, Pot::Buyer, Who::Buyer, For::Refund);
        // never below nothing: where A has taken much, the last fees are short
        prop_assert_eq!(refund, (scene.pots.b - a - services - fees - s).max(0));
    }

    #[test]
    fn an_agreed_award_costs_no_arbitration_fee(scene in full_scenes_ending(amount_sketches())) {
        let agreed = matches!(scene.ending, calc::Ending::Agreed(_));
        let a = if agreed { 0 } else { calc::arbitration_fee(&scene.case.deal, scene.pots.b) };
        let given = given(&scene);
        prop_assert_eq!(all_for(&given, For::Arbitration), a.min(scene.pots.b));
        prop_assert!(given.receivables.keys().all(|(_, _, what)| *what != For::Arbitration));
    }

    /// M fits; a kopeck more is refused, with M.
    #[test]
    fn an_award_is_at_most_m(scene in scenes_ending(Just(calc::Ending::Success)), ruled in any::<bool>()) {
        let max = scene.max_award(ruled);
        if scene.pots.fully_funded {
            let any = calc::Award::Amount(0);
            let calculated = calc::max_award(&scene.case.deal, &scene.pots, &scene.course(), any, ruled);
            prop_assert_eq!(i128::from(max.minor()), calculated);
            let over = Award::Amount(rub(max.minor() + 1));
            let over = scene.settle_as(&ending(over, ruled));
            prop_assert_eq!(over, Err(SettleError::AwardOverMax { max }));
        } else {
            prop_assert!(max.is_zero());
        }
        let most = scene.settle_as(&ending(Award::Amount(max), ruled)).unwrap();
        let all = scene.settle_as(&ending(Award::SellerAll, ruled)).unwrap();
        // where there is nothing to award, all of it is more than a sum of nothing
        if max.is_positive() {
            prop_assert_eq!(most, all);
        }
    }

    /// A default ruling always fits, whatever the pots hold: an arbiter's silence cannot lock a deal.
    #[test]
    fn default_rulings_always_fit(scene in scenes_ending(Just(calc::Ending::Success)), rate in ppm()) {
        let rate = crate::support::rate(rate);
        for ruling in [DefaultRuling::BuyerAll, DefaultRuling::SellerAll, DefaultRuling::Share(rate)] {
            prop_assert!(scene.settle_as(&Ending::ruled(ruling.award())).is_ok());
        }
    }

    #[test]
    fn the_winner_gets_both_guarantees_less_the_arbitration_fee(
        scene in scenes_ending((sides(), any::<bool>()).prop_map(|(side, ruled)| {
            let award = calc::Award::Winner(side);
            if ruled { calc::Ending::Ruled(award) } else { calc::Ending::Agreed(award) }
        })),
    ) {
        let (given, pots) = (given(&scene), &scene.pots);
        let (calc::Ending::Agreed(award) | calc::Ending::Ruled(award)) = scene.ending else { unreachable!() };
        let ((winner, own, kept), (losers, lost, same_currency)) = match award {
            calc::Award::Winner(Side::Buyer) => (
                (Who::Buyer, Pot::BuyerGuarantee, pots.buyer_guarantee),
                (Pot::SellerGuarantee, pots.seller_guarantee, pots.seller_guarantee_same_currency),
            ),
            calc::Award::Winner(Side::Seller) | calc::Award::Amount(_) | calc::Award::Share(_) | calc::Award::AllTo(_) => (
                (Who::Seller, Pot::SellerGuarantee, pots.seller_guarantee),
                (Pot::BuyerGuarantee, pots.buyer_guarantee, pots.buyer_guarantee_same_currency),
            ),
        };
        prop_assert_eq!(share(&given, own, winner, For::Guarantee), kept);
        if pots.fully_funded {
            let a = share(&given, losers, arbiter(&scene), For::Arbitration);
            prop_assert_eq!(share(&given, losers, winner, For::Award), lost - a);
            // once: from the loser's guarantee or from B
            let from_b = share(&given, Pot::Buyer, arbiter(&scene), For::Arbitration);
            prop_assert!(a == 0 || from_b == 0);
            if lost > 0 && same_currency {
                prop_assert_eq!(from_b, 0);
            }
        }
    }

    /// Guarantees go back to their owners in every ending but `winner`, and but what a seller at fault owes.
    #[test]
    fn guarantees_go_back_to_their_owners(scene in scenes()) {
        let winner = matches!(
            scene.ending,
            calc::Ending::Agreed(calc::Award::Winner(_)) | calc::Ending::Ruled(calc::Award::Winner(_))
        );
        if let (false, Ok(settlement)) = (winner, scene.settle()) {
            let given = outcome(&settlement);
            let buyers = share(&given, Pot::BuyerGuarantee, Who::Buyer, For::Guarantee);
            prop_assert_eq!(buyers, scene.pots.buyer_guarantee);
            if !matches!(scene.ending, calc::Ending::SellerAtFault | calc::Ending::Partial(_)) {
                let sellers = share(&given, Pot::SellerGuarantee, Who::Seller, For::Guarantee);
                prop_assert_eq!(sellers, scene.pots.seller_guarantee);
            }
        }
    }

    #[test]
    fn until_every_deposit_is_full_everything_goes_back(mut scene in scenes()) {
        scene.pots.fully_funded = false;
        let (pots, mut expected) = (&scene.pots, calc::Outcome::default());
        for (pot, owner, what, amount) in [
            (Pot::Buyer, Who::Buyer, For::Refund, pots.b),
            (Pot::Seller, Who::Seller, For::Refund, pots.l),
            (Pot::BuyerGuarantee, Who::Buyer, For::Guarantee, pots.buyer_guarantee),
            (Pot::SellerGuarantee, Who::Seller, For::Guarantee, pots.seller_guarantee),
        ] {
            if amount > 0 {
                expected.shares.insert((pot, owner, what), amount);
            }
        }
        for (charge, number) in scene.charges.iter().zip(1..) {
            let owner = match charge.payer {
                Side::Buyer => Who::Buyer,
                Side::Seller => Who::Seller,
            };
            if charge.holds > 0 {
                expected.shares.insert((Pot::Charge(number), owner, For::Refund), charge.holds);
            }
        }
        prop_assert_eq!(given(&scene), expected);
    }

    /// A service that is not incurred costs nothing in a cancellation, nor in an award.
    #[test]
    fn a_service_that_is_not_incurred_costs_nothing_unless_the_deal_succeeds(mut scene in scenes()) {
        scene.incurred.iter_mut().for_each(|incurred| *incurred = false);
        let succeeds = matches!(scene.ending, calc::Ending::Success | calc::Ending::Partial(_));
        if let (false, Ok(settlement)) = (succeeds, scene.settle()) {
            let given = outcome(&settlement);
            prop_assert_eq!(all_for(&given, For::Service), 0);
            prop_assert!(given.receivables.keys().all(|(_, _, what)| *what != For::Service));
        }
    }
}

/// An award in another currency is refused, also where its figure would fit.
#[test]
fn an_award_is_in_the_currency_of_the_deal() {
    let scene = full(workshop(), &[false; 3], calc::Ending::Success);
    let award = Award::Amount(Money::from_minor(1, FOREIGN));
    let settled =
        settle(&scene.case.terms(), &library_pots(&scene.pots), Incurred::default(), &Ending::agreed(award));
    assert_eq!(settled, Err(SettleError::AwardCurrency));
}

/// The list of accepted quantities is one per item, each within what was ordered.
#[test]
fn accepted_quantities_must_fit_the_items() {
    let scene = full(workshop(), &[false; 3], calc::Ending::Success);
    let (terms, pots) = (scene.case.terms(), library_pots(&scene.pots));
    let accept = |quantities: &[u32]| {
        settle(&terms, &pots, Incurred::default(), &Ending::PartialBuyout(quantities.into()))
    };
    assert_eq!(accept(&[]), Err(SettleError::QuantitiesMissing { items: 1 }));
    assert_eq!(accept(&[1, 1]), Err(SettleError::QuantitiesMissing { items: 1 }));
    assert_eq!(accept(&[3]), Err(SettleError::QuantityOverOrdered { item: 0, max: 2 }));
    assert_eq!(accept(&[u32::MAX]), Err(SettleError::QuantityOverOrdered { item: 0, max: 2 }));
    assert_eq!(accept(&[0]), Err(SettleError::NothingAccepted));
    assert!(accept(&[2]).is_ok());
}

/// The fees that are taken out of charges.
fn charge_fees(given: &calc::Outcome) -> i128 {
    let of_charges =
        given.shares.iter().filter(|((pot, _, what), _)| matches!(pot, Pot::Charge(_)) && *what == For::Fee);
    of_charges.map(|(_, amount)| amount).sum()
}
