//! Settlement: the library against the naive calculator on random deals, pots and endings; one property per rule;
//! every row of the table worked by hand; the arithmetic classes of `BUGS.md`.
#![allow(clippy::arithmetic_side_effects, clippy::indexing_slicing, clippy::panic)]
#![allow(clippy::unwrap_used, clippy::expect_used)]
// 23_500_00 reads as 23 500.00
#![allow(clippy::inconsistent_digit_grouping)]

use std::collections::{BTreeMap, BTreeSet};

use escrow::deposit::DepositId;
use escrow::settlement::{Ending, Incurred, Pots, Purpose, SettleError, Settlement, max_award};
use escrow::terms::Terms;
use escrow::{Award, DefaultRuling, Money, Payee, Rate, settle};
use proptest::prelude::*;

use crate::support::calculator::{self as calc, Base, For, OnRefund, Payer, Pot, Refused, Side, Who};
use crate::support::{Case, DEAL, FOREIGN, Filled, Scene, Sketch};
use crate::support::{
    amount_sketches, extreme_scenes, full_scenes_ending, outcome, partial_sketches, ppm, refused,
};
use crate::support::{library_ending, library_incurred, library_pots, rub, scenes, scenes_ending, sides};

/// Both answers, in the calculator's words.
type Both = (Result<calc::Outcome, Refused>, Result<calc::Outcome, Refused>);

fn both(scene: &Scene) -> Both {
    (scene.settle().map(|s| outcome(&s)).map_err(refused), scene.calculate())
}

/// What the library gives out; the scene is not one that it refuses.
fn given(scene: &Scene) -> calc::Outcome {
    outcome(&scene.settle().expect("settled"))
}

/// Out of one pot, to one payee, for one purpose; nothing where there is no such share.
fn share(outcome: &calc::Outcome, pot: Pot, who: Who, what: For) -> i128 {
    outcome.shares.get(&(pot, who, what)).copied().unwrap_or(0)
}

/// All that is for one purpose, from every pot.
fn all_for(outcome: &calc::Outcome, what: For) -> i128 {
    outcome.shares.iter().filter(|((_, _, w), _)| *w == what).map(|(_, amount)| amount).sum()
}

fn owed_by(outcome: &calc::Outcome, debtor: Who) -> i128 {
    outcome.receivables.iter().filter(|((d, _, _), _)| *d == debtor).map(|(_, amount)| amount).sum()
}

// --- every ending ----------------------------------------------------------------------------------------------

proptest! {
    #![proptest_config(crate::support::cases_of(1024))]

    #[test]
    fn every_ending_is_what_the_calculator_says(scene in scenes()) {
        let (library, calculator) = both(&scene);
        prop_assert_eq!(library, calculator);
    }

    #[test]
    fn each_pot_is_given_out_to_the_last_minor_unit_in_its_currency(scene in scenes()) {
        if let Ok(settlement) = scene.settle() {
            conserves(&library_pots(&scene.pots), &settlement)?;
        }
    }

    #[test]
    fn shares_are_positive_and_one_per_payee_purpose_and_pot(scene in scenes()) {
        if let Ok(settlement) = scene.settle() {
            let mut seen = BTreeSet::new();
            for share in &settlement.shares {
                prop_assert!(share.amount.is_positive(), "{:?}", share);
                let key = (share.deposit, share.payee.clone(), share.purpose.as_str());
                prop_assert!(seen.insert(key), "twice: {:?}", share);
            }
        }
    }

    #[test]
    fn a_receivable_is_positive_in_the_deals_currency_and_never_owed_to_oneself(scene in scenes()) {
        if let Ok(settlement) = scene.settle() {
            for owed in &settlement.receivables {
                prop_assert!(owed.amount.is_positive() && owed.amount.currency() == DEAL, "{:?}", owed);
                prop_assert_ne!(&owed.debtor, &owed.payee);
            }
        }
    }

    /// An ending is a pure function: the same arguments give the same answer, in the same order.
    #[test]
    fn settling_twice_gives_the_same(scene in scenes()) {
        prop_assert_eq!(scene.settle(), scene.settle());
    }

    #[test]
    fn only_a_partial_buyout_or_an_award_can_be_refused(scene in scenes()) {
        let fits = matches!(
            scene.ending,
            calc::Ending::Success
                | calc::Ending::BuyerAtFault
                | calc::Ending::SellerAtFault
                | calc::Ending::NobodyAtFault
        );
        prop_assert!(!fits || scene.settle().is_ok());
    }

    /// A debt arises only where somebody bears a claim that his pot does not cover; full pots cover what was agreed.
    #[test]
    fn full_pots_leave_no_debts_of_the_buyer_nor_on_success_of_the_seller(scene in full_scenes_ending(prop_oneof![
        Just(Sketch::Ready(calc::Ending::Success)),
        partial_sketches(),
    ])) {
        if let Ok(settlement) = scene.settle() {
            prop_assert!(settlement.receivables.is_empty(), "{:?}", settlement.receivables);
        }
    }
}

/// The random scenes reach every refusal and every kind of debt: otherwise the properties would say little.
#[test]
fn random_scenes_show_every_feature() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;

    let mut runner = TestRunner::deterministic();
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    for _ in 0..2_500 {
        let scene = scenes().new_tree(&mut runner).unwrap().current();
        let names = match scene.calculate() {
            Err(Refused::OverMax(_)) => vec!["over max"],
            Err(Refused::NothingAccepted) => vec!["nothing accepted"],
            Err(Refused::BelowSellerDue) => vec!["below seller due"],
            Err(Refused::CarveOutsOverParent) => vec!["carve-outs over parent"],
            Ok(outcome) => {
                let debts = outcome.receivables.keys().map(|(debtor, _, what)| match (debtor, what) {
                    (Who::Buyer, For::Payout) => "buyer owes S",
                    (Who::Buyer, For::Service) => "buyer owes a service",
                    (Who::Buyer, _) => "buyer owes a fee",
                    (Who::Seller, For::Service) => "seller owes a service",
                    (Who::Seller, _) => "seller owes a fee",
                    _ => "platform owes",
                });
                let paid = outcome.shares.keys().map(|(pot, who, what)| match (pot, who, what) {
                    (Pot::SellerGuarantee, _, For::Fee | For::Service) => "guarantee covers a claim",
                    (Pot::SellerGuarantee | Pot::BuyerGuarantee, _, For::Arbitration) => "guarantee pays A",
                    (Pot::Buyer, _, For::Arbitration) => "B pays A",
                    (Pot::Seller, _, For::Fee | For::Service) => "L covers a claim",
                    (_, _, For::Award) => "a guarantee won",
                    (_, Who::Seller, For::Payout) => "payout",
                    _ => "other",
                });
                debts.chain(paid).collect()
            }
        };
        for name in names.into_iter().collect::<BTreeSet<_>>() {
            *seen.entry(name).or_insert(0) += 1;
        }
    }
    assert_eq!(seen.len(), 17, "{seen:?}");
    assert!(seen.values().all(|count| *count >= 5), "{seen:?}");
}

/// What the shares of each pot sum to is what it held.
fn conserves(pots: &Pots, settlement: &Settlement) -> Result<(), TestCaseError> {
    let mut left: BTreeMap<DepositId, (i128, escrow::Currency)> = BTreeMap::new();
    left.insert(DepositId::BUYER_PAYMENT, (pots.buyer.into(), DEAL));
    left.insert(DepositId::SELLER_PAYMENT, (pots.seller.into(), DEAL));
    for (id, held) in [
        (DepositId::BUYER_GUARANTEE, pots.buyer_guarantee),
        (DepositId::SELLER_GUARANTEE, pots.seller_guarantee),
    ] {
        left.insert(id, (held.minor().into(), held.currency()));
    }
    for share in &settlement.shares {
        let (left, currency) = left.get_mut(&share.deposit).unwrap();
        *left -= i128::from(share.amount.minor());
        prop_assert_eq!(share.amount.currency(), *currency, "{:?}", share);
    }
    prop_assert!(left.values().all(|(left, _)| *left == 0), "{:?}", left);
    Ok(())
}

// --- the rows of the table -------------------------------------------------------------------------------------

proptest! {
    #![proptest_config(crate::support::cases_of(384))]

    /// Success with full pots: what was quoted is what is paid.
    #[test]
    fn success_pays_what_was_quoted(scene in full_scenes_ending(Just(Sketch::Ready(calc::Ending::Success)))) {
        let (given, quote) = (given(&scene), scene.quote());
        prop_assert_eq!(share(&given, Pot::Buyer, Who::Seller, For::Payout), quote.payout);
        prop_assert_eq!(all_for(&given, For::Fee), quote.commission);
        prop_assert_eq!(all_for(&given, For::Refund), 0);
        let others = scene.case.deal.services.iter().filter(|service| service.provider != Who::Seller);
        prop_assert_eq!(all_for(&given, For::Service), others.map(|service| service.cost).sum::<i128>());
        prop_assert!(given.receivables.is_empty());
    }

    /// Each fee's payee nets what the fee's line says: the sum over his lines.
    #[test]
    fn success_nets_every_fee_as_quoted(scene in full_scenes_ending(Just(Sketch::Ready(calc::Ending::Success)))) {
        let (given, quote) = (given(&scene), scene.quote());
        for payee in [Who::Platform, Who::Processor, Who::Outside(0), Who::Outside(1), Who::Outside(2)] {
            let lines = scene.case.deal.fees.iter().zip(&quote.fees);
            let quoted: i128 = lines.filter(|(fee, _)| fee.payee == payee).map(|(_, line)| line.net).sum();
            let paid = [Pot::Buyer, Pot::Seller].map(|pot| share(&given, pot, payee, For::Fee));
            prop_assert_eq!(paid.iter().sum::<i128>(), quoted, "{:?}", payee);
        }
    }

    #[test]
    fn a_buyout_of_everything_is_a_success(scene in scenes_ending(Just(calc::Ending::Success))) {
        let mut everything = scene.clone();
        everything.ending = calc::Ending::Partial(scene.case.deal.items.iter().map(|(_, n)| *n).collect());
        prop_assert_eq!(given(&everything), given(&scene));
    }

    /// The offline part shrinks first, then the buyer gets back what the smaller order costs less.
    #[test]
    fn a_partial_buyout_refunds_what_it_costs_less(scene in full_scenes_ending(partial_sketches())) {
        let calc::Ending::Partial(accepted) = &scene.ending else { unreachable!() };
        if let Ok(settlement) = scene.settle() {
            let given = outcome(&settlement);
            let mut smaller = scene.case.deal.clone();
            for ((_, quantity), accepted) in smaller.items.iter_mut().zip(accepted) {
                *quantity = *accepted;
            }
            let (deposit, total) = (scene.quote().deposit, calc::buyer_total(&smaller));
            prop_assert_eq!(share(&given, Pot::Buyer, Who::Buyer, For::Refund), (deposit - total).max(0));
            // and nobody but the buyer and the seller gets anything that is not a service or a fee
            prop_assert_eq!(all_for(&given, For::Arbitration), 0);
        }
    }

    #[test]
    fn accepting_nothing_is_refused(scene in scenes_ending(Just(calc::Ending::Success))) {
        let mut nothing = scene.clone();
        nothing.ending = calc::Ending::Partial(vec![0; scene.case.deal.items.len()]);
        let expected = if scene.pots.fully_funded { Err(SettleError::NothingAccepted) } else { scene.settle() };
        prop_assert_eq!(nothing.settle(), expected);
    }

    /// The seller pays nothing and loses nothing: L and his guarantee are his, and no debt is his.
    #[test]
    fn buyer_at_fault_costs_the_seller_nothing(scene in scenes_ending(Just(calc::Ending::BuyerAtFault))) {
        let given = given(&scene);
        prop_assert_eq!(share(&given, Pot::Seller, Who::Seller, For::Refund), scene.pots.l);
        let guarantee = share(&given, Pot::SellerGuarantee, Who::Seller, For::Guarantee);
        prop_assert_eq!(guarantee, scene.pots.seller_guarantee);
        prop_assert_eq!(owed_by(&given, Who::Seller) + owed_by(&given, Who::Platform), 0);
    }

    /// What the seller has spent on incurred services of his own, he gets, or is owed by the buyer.
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
        let kept = lines.filter(|(fee, _)| fee.out_of.is_none() && fee.on_refund == OnRefund::Keep);
        let mut due: i128 = kept.map(|(_, line)| line.amount).sum();
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

    /// A debt of the seller's is left only where L and his guarantee of the same currency are used up.
    #[test]
    fn seller_at_fault_owes_only_beyond_his_guarantee(scene in scenes_ending(Just(calc::Ending::SellerAtFault))) {
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

    /// S goes to the seller, or to those whom the seller owes his parts.
    #[test]
    fn an_award_gives_the_seller_s_less_his_parts(scene in full_scenes_ending(amount_sketches())) {
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
        let p = (quote.price - scene.case.deal.pay_offline).max(0);
        for (fee, line) in scene.case.deal.fees.iter().zip(&quote.fees) {
            fees += match fee.on_refund {
                _ if fee.out_of.is_some() => 0,
                OnRefund::Keep => line.buyer_part,
                OnRefund::Return => 0,
                OnRefund::ProRata if p > 0 => line.buyer_part * s.min(p) / p,
                OnRefund::ProRata => if s > 0 { line.buyer_part } else { 0 },
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
        let (terms, pots) = (scene.case.terms(), library_pots(&scene.pots));
        let incurred = library_incurred(&scene.incurred);
        let max = max_award(&terms, &pots, incurred, ruled).unwrap();
        if scene.pots.fully_funded {
            let any = calc::Award::Amount(0);
            let calculated = calc::max_award(&scene.case.deal, &scene.pots, &scene.incurred, any, ruled);
            prop_assert_eq!(i128::from(max.minor()), calculated.unwrap());
            let over = Award::Amount(rub(max.minor() + 1));
            let over = settle(&terms, &pots, incurred, &ending(over, ruled));
            prop_assert_eq!(over, Err(SettleError::AwardOverMax { max }));
        } else {
            prop_assert!(max.is_zero());
        }
        let most = settle(&terms, &pots, incurred, &ending(Award::Amount(max), ruled)).unwrap();
        let all = settle(&terms, &pots, incurred, &ending(Award::SellerAll, ruled)).unwrap();
        prop_assert_eq!(most, all);
    }

    /// A default ruling always fits, whatever the pots hold: an arbiter's silence cannot lock a deal.
    #[test]
    fn default_rulings_always_fit(scene in scenes_ending(Just(calc::Ending::Success)), rate in ppm()) {
        let rate = crate::support::rate(rate);
        for ruling in [DefaultRuling::BuyerAll, DefaultRuling::SellerAll, DefaultRuling::Share(rate)] {
            let (terms, pots) = (scene.case.terms(), library_pots(&scene.pots));
            let incurred = library_incurred(&scene.incurred);
            prop_assert!(settle(&terms, &pots, incurred, &Ending::ruled(ruling.award())).is_ok());
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
            if !matches!(scene.ending, calc::Ending::SellerAtFault) {
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

fn arbiter(scene: &Scene) -> Who {
    scene.case.deal.arbitration.as_ref().map_or(Who::Platform, |fee| fee.payee)
}

fn ending(award: Award, ruled: bool) -> Ending {
    if ruled { Ending::ruled(award) } else { Ending::agreed(award) }
}

// --- the arithmetic classes of BUGS.md -------------------------------------------------------------------------

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
        conserves(&library_pots(&scene.pots), &settlement)?;
        prop_assert_eq!(Ok(outcome(&settlement)), scene.calculate());
    }

    /// `unbounded_ruling`: whatever sum is ruled, it is within 0 ..= M or refused.
    #[test]
    fn unbounded_ruling(scene in scenes_ending(Just(calc::Ending::Success)), amount in any::<i64>(), near in -3..4_i64) {
        let (terms, pots) = (scene.case.terms(), library_pots(&scene.pots));
        let incurred = library_incurred(&scene.incurred);
        let max = max_award(&terms, &pots, incurred, true).unwrap();
        for amount in [amount, max.minor() + near] {
            let ruled = settle(&terms, &pots, incurred, &Ending::ruled(Award::Amount(rub(amount))));
            let expected = match amount {
                _ if !pots.funded => Ok(()),
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
            let paid = all_for(&outcome(&settlement), For::Fee);
            prop_assert!(paid <= scene.quote().commission.max(0));
        }
    }

    /// `zero_as_unset`: an award of nothing is one, and gives nothing.
    #[test]
    fn zero_as_unset(scene in scenes_ending(Just(calc::Ending::Agreed(calc::Award::Amount(0))))) {
        let given = given(&scene);
        prop_assert_eq!(share(&given, Pot::Buyer, Who::Seller, For::Payout), 0);
        let mut buyers = scene.clone();
        buyers.ending = calc::Ending::Agreed(calc::Award::AllTo(Side::Buyer));
        prop_assert_eq!(outcome(&buyers.settle().unwrap()), given);
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

// --- examples worked by hand -----------------------------------------------------------------------------------

const CARRIER: Who = Who::Outside(0);
const PARTNER: Who = Who::Outside(1);
const ARBITER: Who = Who::Outside(2);

/// Two chairs at 500.00. Delivery 100.00 by a carrier, paid by the buyer; packing 40.00 by the seller, shared by
/// halves; insurance 30.00 by the platform, paid by the seller. Fees of the price: 2 % to the platform by the buyer,
/// kept (20.00); 5 % to the partner by the seller, returned (50.00), 1 % of them the processor's (10.00); 3 % to the
/// platform by halves, pro rata (15.00 + 15.00). A ruling costs 2 % of B and 3.00.
///
/// deposit  = 1 000.00 + (100.00 + 20.00) + (20.00 + 15.00) = 1 155.00
/// proceeds = 1 000.00 + 20.00 = 1 020.00
/// payout   = 1 020.00 − 30.00 − (50.00 + 15.00) = 925.00
fn workshop() -> calc::Deal {
    let service = |cost, payer, provider| calc::Service { cost, payer, provider };
    let half = Payer::Shared(500_000);
    let mut carved = fee(Who::Processor, 1, Payer::Seller, OnRefund::Return);
    carved.out_of = Some(1);
    calc::Deal {
        items: vec![(500_00, 2)],
        services: vec![
            service(100_00, Payer::Buyer, CARRIER),
            service(40_00, half, Who::Seller),
            service(30_00, Payer::Seller, Who::Platform),
        ],
        fees: vec![
            fee(Who::Platform, 2, Payer::Buyer, OnRefund::Keep),
            fee(PARTNER, 5, Payer::Seller, OnRefund::Return),
            carved,
            fee(Who::Platform, 3, half, OnRefund::ProRata),
        ],
        pay_offline: 0,
        arbitration: Some(calc::Arbitration {
            payee: ARBITER,
            rate_ppm: 20_000,
            guarantee_ppm: 0,
            fixed: 3_00,
            min: None,
            max: None,
        }),
    }
}

fn fee(payee: Who, percent: i128, payer: Payer, on_refund: OnRefund) -> calc::Fee {
    calc::Fee {
        payee,
        rate_ppm: percent * 10_000,
        fixed: 0,
        min: None,
        max: None,
        base: Base::Price,
        payer,
        on_refund,
        out_of: None,
    }
}

/// Two items at 500.00 and nothing else.
fn plain(pay_offline: i128) -> calc::Deal {
    calc::Deal { services: Vec::new(), fees: Vec::new(), pay_offline, arbitration: None, ..workshop() }
}

/// A deal without guarantees, its pots holding exactly what they should.
fn full(deal: calc::Deal, incurred: &[bool], ending: calc::Ending) -> Scene {
    let case = Case::of(deal);
    Scene { pots: case.pots(&Filled::FULL), case, incurred: incurred.to_vec(), ending }
}

/// The workshop with guarantees of 300.00 (buyer) and 200.00 (seller).
fn guaranteed(incurred: &[bool], ending: calc::Ending) -> Scene {
    let mut scene = full(workshop(), incurred, ending);
    scene.case.buyer_guarantee = (300_00, true);
    scene.case.seller_guarantee = (200_00, true);
    scene.pots = scene.case.pots(&Filled::FULL);
    scene
}

type Shares<'a> = &'a [(Pot, Who, For, i128)];
type Debts<'a> = &'a [(Who, Who, For, i128)];

/// The library gives exactly this, and so does the calculator.
#[track_caller]
fn gives(scene: &Scene, shares: Shares<'_>, receivables: Debts<'_>) {
    let expected = calc::Outcome {
        shares: shares.iter().map(|(pot, who, what, amount)| ((*pot, *who, *what), *amount)).collect(),
        receivables: receivables
            .iter()
            .map(|(from, to, what, amount)| ((*from, *to, *what), *amount))
            .collect(),
    };
    assert_eq!(given(scene), expected, "library");
    assert_eq!(scene.calculate(), Ok(expected), "calculator");
}

/// Both refuse, for the same reason.
#[track_caller]
fn refuses(scene: &Scene, why: Refused) {
    assert_eq!(both(scene), (Err(why), Err(why)));
}

#[test]
fn success_by_hand() {
    gives(
        &full(workshop(), &[false; 3], calc::Ending::Success),
        &[
            (Pot::Buyer, CARRIER, For::Service, 100_00),
            (Pot::Buyer, Who::Platform, For::Service, 30_00),
            // 20.00 kept, 15.00 the buyer's half, 15.00 the seller's half
            (Pot::Buyer, Who::Platform, For::Fee, 50_00),
            // 50.00 less the processor's
            (Pot::Buyer, PARTNER, For::Fee, 40_00),
            (Pot::Buyer, Who::Processor, For::Fee, 10_00),
            (Pot::Buyer, Who::Seller, For::Payout, 925_00),
        ],
        &[],
    );
}

/// A chargeback has left 600.00 in B: the seller's S is what is short, and the fees after it are the buyer's debt.
#[test]
fn success_with_a_short_pot_by_hand() {
    let mut scene = full(workshop(), &[false; 3], calc::Ending::Success);
    scene.pots.b = 600_00;
    gives(
        &scene,
        &[
            (Pot::Buyer, CARRIER, For::Service, 100_00),
            (Pot::Buyer, Who::Platform, For::Service, 30_00),
            // 20.00 kept; the buyer's half of 15.00 comes after S and finds nothing; the seller's 15.00 come off S
            (Pot::Buyer, Who::Platform, For::Fee, 35_00),
            (Pot::Buyer, PARTNER, For::Fee, 40_00),
            (Pot::Buyer, Who::Processor, For::Fee, 10_00),
            // S = 600.00 − 100.00 − 20.00 = 480.00, less 30.00 + 50.00 + 15.00
            (Pot::Buyer, Who::Seller, For::Payout, 385_00),
        ],
        &[(Who::Buyer, Who::Platform, For::Fee, 15_00)],
    );
}

/// The seller is paid in cash, so his fee comes out of his own deposit.
#[test]
fn success_paid_offline_by_hand() {
    let mut deal = plain(1_000_00);
    deal.fees.push(fee(Who::Platform, 5, Payer::Seller, OnRefund::Keep));
    // deposit 0, proceeds 0, net −50.00: L = 50.00
    let mut scene = full(deal, &[], calc::Ending::Success);
    assert_eq!((scene.pots.b, scene.pots.l), (0, 50_00));
    gives(&scene, &[(Pot::Seller, Who::Platform, For::Fee, 50_00)], &[]);

    // 20.00 of it charged back: a debt of the seller's
    scene.pots.l = 30_00;
    gives(
        &scene,
        &[(Pot::Seller, Who::Platform, For::Fee, 30_00)],
        &[(Who::Seller, Who::Platform, For::Fee, 20_00)],
    );
}

/// One chair of two. price' 500.00; fees 10.00, 25.00 (5.00 carved), 7.50 + 7.50.
/// total' = 500.00 + 100.00 + 20.00 + 10.00 + 7.50 = 637.50; proceeds' = 520.00.
#[test]
fn partial_buyout_by_hand() {
    gives(
        &full(workshop(), &[false; 3], calc::Ending::Partial(vec![1])),
        &[
            (Pot::Buyer, CARRIER, For::Service, 100_00),
            (Pot::Buyer, Who::Platform, For::Service, 30_00),
            // 10.00 + 7.50 + 7.50
            (Pot::Buyer, Who::Platform, For::Fee, 25_00),
            (Pot::Buyer, PARTNER, For::Fee, 20_00),
            (Pot::Buyer, Who::Processor, For::Fee, 5_00),
            // 520.00 − 30.00 − 25.00 − 7.50
            (Pot::Buyer, Who::Seller, For::Payout, 457_50),
            // 1 155.00 − 637.50
            (Pot::Buyer, Who::Buyer, For::Refund, 517_50),
        ],
        &[],
    );
}

/// The offline part shrinks first: `pay_offline' = max(0, buyer_total' − deposit)`.
#[test]
fn partial_buyout_shrinks_the_offline_part_first_by_hand() {
    let with_fee = |pay_offline| {
        let mut deal = plain(pay_offline);
        deal.fees.push(fee(Who::Platform, 5, Payer::Buyer, OnRefund::Keep));
        full(deal, &[], calc::Ending::Partial(vec![1]))
    };
    // total 1 050.00, offline 300.00, deposit 750.00; total' 525.00: offline' 0, 225.00 back
    gives(
        &with_fee(300_00),
        &[
            (Pot::Buyer, Who::Platform, For::Fee, 25_00),
            (Pot::Buyer, Who::Seller, For::Payout, 500_00),
            (Pot::Buyer, Who::Buyer, For::Refund, 225_00),
        ],
        &[],
    );
    // offline 800.00, deposit 250.00; offline' 275.00: nothing back, and the seller gets 500.00 − 275.00
    gives(
        &with_fee(800_00),
        &[(Pot::Buyer, Who::Platform, For::Fee, 25_00), (Pot::Buyer, Who::Seller, For::Payout, 225_00)],
        &[],
    );
}

/// Gross is then the deposit less the refund: 3 % of 500.00.
#[test]
fn partial_buyout_takes_a_gross_fee_of_what_stays_by_hand() {
    let mut deal = plain(0);
    deal.fees.push(fee(Who::Processor, 3, Payer::Seller, OnRefund::Keep));
    deal.fees[0].base = Base::Gross;
    gives(
        &full(deal, &[], calc::Ending::Partial(vec![1])),
        &[
            (Pot::Buyer, Who::Processor, For::Fee, 15_00),
            (Pot::Buyer, Who::Seller, For::Payout, 485_00),
            (Pot::Buyer, Who::Buyer, For::Refund, 500_00),
        ],
        &[],
    );
}

/// `net' < −seller_due` is refused: the seller cannot be asked for more than he has deposited.
#[test]
fn partial_buyout_that_costs_the_seller_more_is_refused() {
    let mut deal = plain(0);
    deal.items = vec![(1_00, 1), (999_00, 1)];
    deal.services.push(calc::Service { cost: 95_00, payer: Payer::Seller, provider: CARRIER });
    // net 905.00; of the first item alone 1.00 − 95.00
    refuses(&full(deal.clone(), &[false], calc::Ending::Partial(vec![1, 0])), Refused::BelowSellerDue);
    // at net' = −seller_due it is not: 95.00 + offline all, L = 95.00 either way
    deal.pay_offline = 1_000_00;
    gives(
        &full(deal, &[false], calc::Ending::Partial(vec![1, 0])),
        &[(Pot::Seller, CARRIER, For::Service, 95_00)],
        &[],
    );
}

/// A fixed carve-out of 30.00 fits 5 % of 1 000.00, and not 5 % of 500.00.
#[test]
fn partial_buyout_with_a_carve_out_over_its_fee_is_refused() {
    let mut deal = plain(0);
    deal.fees.push(fee(PARTNER, 5, Payer::Seller, OnRefund::Keep));
    deal.fees.push(fee(Who::Processor, 0, Payer::Seller, OnRefund::Keep));
    (deal.fees[1].fixed, deal.fees[1].out_of) = (30_00, Some(0));
    refuses(&full(deal, &[], calc::Ending::Partial(vec![1])), Refused::CarveOutsOverParent);
}

/// Everything incurred: the buyer pays delivery and insurance whole, the kept fee, and the seller's packing whole.
#[test]
fn buyer_at_fault_by_hand() {
    gives(
        &full(workshop(), &[true; 3], calc::Ending::BuyerAtFault),
        &[
            (Pot::Buyer, CARRIER, For::Service, 100_00),
            (Pot::Buyer, Who::Platform, For::Service, 30_00),
            (Pot::Buyer, Who::Platform, For::Fee, 20_00),
            (Pot::Buyer, Who::Seller, For::Payout, 40_00),
            // 1 155.00 − 190.00
            (Pot::Buyer, Who::Buyer, For::Refund, 965_00),
        ],
        &[],
    );
}

/// 110.00 left in B: delivery, then 10.00 of the insurance; the rest are the buyer's debts, S included.
#[test]
fn buyer_at_fault_with_a_short_pot_by_hand() {
    let mut scene = full(workshop(), &[true; 3], calc::Ending::BuyerAtFault);
    scene.pots.b = 110_00;
    gives(
        &scene,
        &[(Pot::Buyer, CARRIER, For::Service, 100_00), (Pot::Buyer, Who::Platform, For::Service, 10_00)],
        &[
            (Who::Buyer, Who::Platform, For::Service, 20_00),
            (Who::Buyer, Who::Platform, For::Fee, 20_00),
            (Who::Buyer, Who::Seller, For::Payout, 40_00),
        ],
    );
}

/// Delivery 100.00, insurance 30.00 and the kept 20.00 are the seller's; his guarantee covers them, packing is his.
#[test]
fn seller_at_fault_by_hand() {
    gives(
        &guaranteed(&[true; 3], calc::Ending::SellerAtFault),
        &[
            (Pot::Buyer, Who::Buyer, For::Refund, 1_155_00),
            (Pot::BuyerGuarantee, Who::Buyer, For::Guarantee, 300_00),
            (Pot::SellerGuarantee, CARRIER, For::Service, 100_00),
            (Pot::SellerGuarantee, Who::Platform, For::Service, 30_00),
            (Pot::SellerGuarantee, Who::Platform, For::Fee, 20_00),
            // 200.00 − 150.00
            (Pot::SellerGuarantee, Who::Seller, For::Guarantee, 50_00),
        ],
        &[],
    );
}

/// A guarantee of 60.00 covers a part of the delivery; one in another currency covers nothing.
#[test]
fn seller_at_fault_beyond_his_guarantee_by_hand() {
    let mut scene = full(workshop(), &[true, false, false], calc::Ending::SellerAtFault);
    scene.pots.seller_guarantee = 60_00;
    let refund = (Pot::Buyer, Who::Buyer, For::Refund, 1_155_00);
    gives(
        &scene,
        &[refund, (Pot::SellerGuarantee, CARRIER, For::Service, 60_00)],
        &[(Who::Seller, CARRIER, For::Service, 40_00), (Who::Seller, Who::Platform, For::Fee, 20_00)],
    );
    scene.pots.seller_guarantee_same_currency = false;
    gives(
        &scene,
        &[refund, (Pot::SellerGuarantee, Who::Seller, For::Guarantee, 60_00)],
        &[(Who::Seller, CARRIER, For::Service, 100_00), (Who::Seller, Who::Platform, For::Fee, 20_00)],
    );
}

/// The carrier is the platform's to pay; the platform owes itself nothing; no fee stands.
#[test]
fn nobody_at_fault_by_hand() {
    gives(
        &full(workshop(), &[true; 3], calc::Ending::NobodyAtFault),
        &[(Pot::Buyer, Who::Buyer, For::Refund, 1_155_00)],
        &[(Who::Platform, CARRIER, For::Service, 100_00)],
    );
}

/// S = 400.00, delivery incurred: pro rata 400/1000 of 15.00 on each side; the returned fee is gone.
#[test]
fn agreed_award_by_hand() {
    gives(
        &full(workshop(), &[true, false, false], calc::Ending::Agreed(calc::Award::Amount(400_00))),
        &[
            (Pot::Buyer, CARRIER, For::Service, 100_00),
            // 20.00 + 6.00 + 6.00
            (Pot::Buyer, Who::Platform, For::Fee, 32_00),
            // 400.00 − 6.00
            (Pot::Buyer, Who::Seller, For::Payout, 394_00),
            // 1 155.00 − 100.00 − 20.00 − 400.00 − 6.00
            (Pot::Buyer, Who::Buyer, For::Refund, 629_00),
        ],
        &[],
    );
}

/// The same ruled: A = 2 % of 1 155.00 + 3.00 = 26.10, at the expense of what the buyer gets back.
#[test]
fn ruled_award_by_hand() {
    let mut scene = full(workshop(), &[true, false, false], calc::Ending::Ruled(calc::Award::Amount(400_00)));
    gives(
        &scene,
        &[
            (Pot::Buyer, ARBITER, For::Arbitration, 26_10),
            (Pot::Buyer, CARRIER, For::Service, 100_00),
            (Pot::Buyer, Who::Platform, For::Fee, 32_00),
            (Pot::Buyer, Who::Seller, For::Payout, 394_00),
            // 629.00 − 26.10
            (Pot::Buyer, Who::Buyer, For::Refund, 602_90),
        ],
        &[],
    );
    // M = min(1 155.00 − 26.10 − 100.00 − 20.00, 1 020.00) = 1 008.90
    scene.ending = calc::Ending::Ruled(calc::Award::Amount(1_008_91));
    refuses(&scene, Refused::OverMax(1_008_90));
    // agreed: min(1 035.00, 1 020.00)
    scene.ending = calc::Ending::Agreed(calc::Award::Amount(1_020_01));
    refuses(&scene, Refused::OverMax(1_020_00));
}

/// A share is of M and floored: a third of 1 008.90 is 336.2996…; pro rata 336.29/1000 of 15.00 is 5.04.
#[test]
fn ruled_share_by_hand() {
    gives(
        &full(workshop(), &[true, false, false], calc::Ending::Ruled(calc::Award::Share(333_333))),
        &[
            (Pot::Buyer, ARBITER, For::Arbitration, 26_10),
            (Pot::Buyer, CARRIER, For::Service, 100_00),
            // 20.00 + 5.04 + 5.04
            (Pot::Buyer, Who::Platform, For::Fee, 30_08),
            // 336.29 − 5.04
            (Pot::Buyer, Who::Seller, For::Payout, 331_25),
            // 1 155.00 − 26.10 − 100.00 − 20.00 − 336.29 − 5.04
            (Pot::Buyer, Who::Buyer, For::Refund, 667_57),
        ],
        &[],
    );
}

/// A takes what there is and no more; what it lacks is nobody's debt, while the other claims are.
#[test]
fn arbitration_fee_over_the_pot_by_hand() {
    let mut scene =
        full(workshop(), &[true, false, false], calc::Ending::Ruled(calc::Award::AllTo(Side::Seller)));
    // 2 % of 2.00 + 3.00 = 3.04
    scene.pots.b = 2_00;
    gives(
        &scene,
        &[(Pot::Buyer, ARBITER, For::Arbitration, 2_00)],
        &[(Who::Buyer, CARRIER, For::Service, 100_00), (Who::Buyer, Who::Platform, For::Fee, 20_00)],
    );
}

/// Carve-outs scale with what is kept of their parent, floored: 10.00 at 10 % pro rata, 0.33 of it carved out.
#[test]
fn carve_outs_scale_with_their_parent_by_hand() {
    let mut deal = plain(0);
    deal.items = vec![(10_00, 1)];
    deal.fees.push(fee(PARTNER, 10, Payer::Seller, OnRefund::ProRata));
    deal.fees.push(fee(Who::Processor, 0, Payer::Seller, OnRefund::ProRata));
    (deal.fees[1].fixed, deal.fees[1].out_of) = (33, Some(0));
    gives(
        &full(deal, &[], calc::Ending::Agreed(calc::Award::Amount(3_33))),
        &[
            // 1.00 × 3.33/10.00 = 0.333 → 0.33, of which 0.33 × 0.33/1.00 = 0.1089 → 0.10
            (Pot::Buyer, Who::Processor, For::Fee, 10),
            (Pot::Buyer, PARTNER, For::Fee, 23),
            (Pot::Buyer, Who::Seller, For::Payout, 3_00),
            (Pot::Buyer, Who::Buyer, For::Refund, 6_67),
        ],
        &[],
    );
}

/// A fee that its pot covers in part pays its carve-outs in part: 12.00 of 50.00 are left in L.
#[test]
fn carve_outs_of_a_short_parent_by_hand() {
    let mut deal = plain(1_000_00);
    deal.fees.push(fee(PARTNER, 5, Payer::Seller, OnRefund::Keep));
    deal.fees.push(fee(Who::Processor, 1, Payer::Seller, OnRefund::Keep));
    deal.fees[1].out_of = Some(0);
    let mut scene = full(deal, &[], calc::Ending::Success);
    scene.pots.l = 12_00;
    gives(
        &scene,
        &[
            // 10.00 × 12.00/50.00
            (Pot::Seller, Who::Processor, For::Fee, 2_40),
            (Pot::Seller, PARTNER, For::Fee, 9_60),
        ],
        // whole to the fee's own payee, its carve-outs included
        &[(Who::Seller, PARTNER, For::Fee, 38_00)],
    );
}

/// Nothing of the price is paid online, so p = 0: the pro-rata fee stands whole where the seller gets anything.
#[test]
fn pro_rata_where_the_price_is_paid_offline_by_hand() {
    let mut deal = plain(1_000_00);
    deal.services.push(calc::Service { cost: 80_00, payer: Payer::Buyer, provider: Who::Seller });
    deal.fees.push(fee(Who::Platform, 5, Payer::Seller, OnRefund::ProRata));
    // deposit 80.00 = proceeds; 5 % of 1 000.00 = 50.00
    let award = |award| full(deal.clone(), &[false], calc::Ending::Agreed(award));
    gives(
        &award(calc::Award::Amount(60_00)),
        &[
            (Pot::Buyer, Who::Platform, For::Fee, 50_00),
            (Pot::Buyer, Who::Seller, For::Payout, 10_00),
            (Pot::Buyer, Who::Buyer, For::Refund, 20_00),
        ],
        &[],
    );
    gives(&award(calc::Award::Amount(0)), &[(Pot::Buyer, Who::Buyer, For::Refund, 80_00)], &[]);
    // S = 0.01 does not pay 50.00: the rest is the seller's debt
    gives(
        &award(calc::Award::Amount(1)),
        &[(Pot::Buyer, Who::Platform, For::Fee, 1), (Pot::Buyer, Who::Buyer, For::Refund, 79_99)],
        &[(Who::Seller, Who::Platform, For::Fee, 49_99)],
    );
}

/// The buyer wins: his payment less the kept fee, both guarantees less A, which the loser's guarantee pays.
#[test]
fn the_buyer_wins_both_guarantees_by_hand() {
    gives(
        &guaranteed(&[false; 3], calc::Ending::Ruled(calc::Award::Winner(Side::Buyer))),
        &[
            (Pot::Buyer, Who::Platform, For::Fee, 20_00),
            (Pot::Buyer, Who::Buyer, For::Refund, 1_135_00),
            (Pot::BuyerGuarantee, Who::Buyer, For::Guarantee, 300_00),
            (Pot::SellerGuarantee, ARBITER, For::Arbitration, 26_10),
            // 200.00 − 26.10
            (Pot::SellerGuarantee, Who::Buyer, For::Award, 173_90),
        ],
        &[],
    );
}

/// The seller wins: M = min(1 135.00, 1 020.00); pro rata min(1 020.00, 1 000.00) of 1 000.00, so whole.
#[test]
fn the_seller_wins_both_guarantees_by_hand() {
    gives(
        &guaranteed(&[false; 3], calc::Ending::Ruled(calc::Award::Winner(Side::Seller))),
        &[
            // 20.00 + 15.00 + 15.00
            (Pot::Buyer, Who::Platform, For::Fee, 50_00),
            // 1 020.00 − 15.00
            (Pot::Buyer, Who::Seller, For::Payout, 1_005_00),
            // 1 155.00 − 20.00 − 1 020.00 − 15.00
            (Pot::Buyer, Who::Buyer, For::Refund, 100_00),
            (Pot::BuyerGuarantee, ARBITER, For::Arbitration, 26_10),
            (Pot::BuyerGuarantee, Who::Seller, For::Award, 273_90),
            (Pot::SellerGuarantee, Who::Seller, For::Guarantee, 200_00),
        ],
        &[],
    );
}

/// A is never over the loser's guarantee (10.00 here), and is not topped up from B; a foreign one cannot pay it.
#[test]
fn the_winner_with_a_small_or_foreign_guarantee_by_hand() {
    let mut scene = full(workshop(), &[false; 3], calc::Ending::Ruled(calc::Award::Winner(Side::Buyer)));
    scene.pots.seller_guarantee = 10_00;
    let kept = (Pot::Buyer, Who::Platform, For::Fee, 20_00);
    gives(
        &scene,
        &[
            kept,
            (Pot::Buyer, Who::Buyer, For::Refund, 1_135_00),
            (Pot::SellerGuarantee, ARBITER, For::Arbitration, 10_00),
        ],
        &[],
    );
    scene.pots.seller_guarantee_same_currency = false;
    let from_b = [
        kept,
        (Pot::Buyer, ARBITER, For::Arbitration, 26_10),
        (Pot::Buyer, Who::Buyer, For::Refund, 1_108_90),
    ];
    let award = (Pot::SellerGuarantee, Who::Buyer, For::Award, 10_00);
    gives(&scene, &[&from_b[..], &[award]].concat(), &[]);
    // no guarantee at all: the same
    scene.pots.seller_guarantee = 0;
    gives(&scene, &from_b, &[]);
}

/// A part of the loser's guarantee: added to the rest of the fee in the deal's currency, alone in another.
#[test]
fn a_part_of_the_losers_guarantee_by_hand() {
    let mut scene = guaranteed(&[false; 3], calc::Ending::Ruled(calc::Award::Winner(Side::Buyer)));
    let fee = |scene: &mut Scene, ppm| scene.case.deal.arbitration.as_mut().unwrap().guarantee_ppm = ppm;
    fee(&mut scene, 100_000);
    let kept = (Pot::Buyer, Who::Platform, For::Fee, 20_00);
    let common = [
        kept,
        (Pot::Buyer, Who::Buyer, For::Refund, 1_135_00),
        (Pot::BuyerGuarantee, Who::Buyer, For::Guarantee, 300_00),
    ];
    // 2 % of 1 155.00 = 23.10, and 10 % of 200.00 = 20.00, and 3.00: 46.10
    let own = [
        (Pot::SellerGuarantee, ARBITER, For::Arbitration, 46_10),
        (Pot::SellerGuarantee, Who::Buyer, For::Award, 153_90),
    ];
    gives(&scene, &[&common[..], &own].concat(), &[]);
    // 200.00 of another currency: 20.00 of it
    scene.pots.seller_guarantee_same_currency = false;
    let foreign = [
        (Pot::SellerGuarantee, ARBITER, For::Arbitration, 20_00),
        (Pot::SellerGuarantee, Who::Buyer, For::Award, 180_00),
    ];
    gives(&scene, &[&common[..], &foreign].concat(), &[]);
    // all of it: nothing is left for the winner
    fee(&mut scene, 1_000_000);
    gives(&scene, &[&common[..], &[(Pot::SellerGuarantee, ARBITER, For::Arbitration, 200_00)]].concat(), &[]);
}

/// The seller's deposit is still missing: whatever the ending, what came goes back.
#[test]
fn not_funded_by_hand() {
    let mut scene = guaranteed(&[true; 3], calc::Ending::Ruled(calc::Award::Winner(Side::Seller)));
    scene.pots.seller_guarantee = 120_00;
    scene.pots.fully_funded = false;
    gives(
        &scene,
        &[
            (Pot::Buyer, Who::Buyer, For::Refund, 1_155_00),
            (Pot::BuyerGuarantee, Who::Buyer, For::Guarantee, 300_00),
            (Pot::SellerGuarantee, Who::Seller, For::Guarantee, 120_00),
        ],
        &[],
    );
}

/// The largest deal there can be, divided by an odd rate, to the last kopeck.
#[test]
fn the_largest_deal_by_hand() {
    let mut deal = plain(0);
    deal.items = vec![(Terms::MAX_AMOUNT.into(), 1)];
    deal.fees.push(fee(Who::Platform, 0, Payer::Seller, OnRefund::ProRata));
    deal.fees[0].rate_ppm = 333_333;
    gives(
        &full(deal, &[], calc::Ending::Agreed(calc::Award::Share(666_667))),
        &[
            // fee 3 333 330 000 000 000 × 6 666 670 000 000 000 / 10^16 = 2 222 221 111 110 000
            (Pot::Buyer, Who::Platform, For::Fee, 2_222_221_111_110_000),
            // 6 666 670 000 000 000 − the fee
            (Pot::Buyer, Who::Seller, For::Payout, 4_444_448_888_890_000),
            (Pot::Buyer, Who::Buyer, For::Refund, 3_333_330_000_000_000),
        ],
        &[],
    );
}

/// The library's own view of one payee agrees with the shares.
#[test]
fn minor_of_sums_one_payee_and_purpose() {
    let scene = full(workshop(), &[false; 3], calc::Ending::Success);
    let settlement = scene.settle().unwrap();
    assert_eq!(settlement.minor_of(&Payee::Platform, Purpose::Fee), 50_00);
    assert_eq!(settlement.minor_of(&Payee::Seller, Purpose::Payout), 925_00);
    assert_eq!(settlement.minor_of(&Payee::Seller, Purpose::Fee), 0);
    assert_eq!(library_ending(&scene.ending), Ending::Success);
    assert_eq!(Rate::WHOLE.floor_of(i64::MAX), i64::MAX);
}

// --- what it is told ---

/// Each pot alone is refused below zero, whatever the others hold, and before anything else is looked at.
#[test]
fn a_pot_below_zero_is_refused() {
    let full = full(workshop(), &[], calc::Ending::Success);
    let terms = full.case.terms();
    for funded in [true, false] {
        let sound = Pots { funded, ..library_pots(&full.pots) };
        let below = [
            Pots { buyer: -1, ..sound },
            Pots { seller: -1, ..sound },
            Pots { buyer_guarantee: rub(-1), ..sound },
            Pots { seller_guarantee: rub(-1), ..sound },
        ];
        for pots in below {
            let settled = settle(&terms, &pots, Incurred::default(), &Ending::Success);
            assert_eq!(settled, Err(SettleError::NegativePot), "{pots:?}");
        }
    }
}

/// What is incurred stays incurred, however often it is told.
#[test]
fn a_service_is_incurred_once() {
    let third = Incurred::default().with(3);
    assert_eq!(third.with(3), third);
    assert_ne!(third.with(4), third);
    assert!(third.with(4).contains(3) && third.with(4).contains(4) && !third.with(4).contains(2));
    assert_eq!(third.with(Terms::MAX_SERVICES), third);
}

/// A purpose has one name: what `as_str` says is what is stored.
#[test]
fn a_purpose_has_one_name() {
    let named = [
        (Purpose::Payout, "payout"),
        (Purpose::Service, "service"),
        (Purpose::Fee, "fee"),
        (Purpose::ArbitrationFee, "arbitration_fee"),
        (Purpose::Refund, "refund"),
        (Purpose::Excess, "excess"),
        (Purpose::Returned, "returned"),
        (Purpose::Guarantee, "guarantee"),
        (Purpose::Award, "award"),
        (Purpose::Charge, "charge"),
        (Purpose::Chargeback, "chargeback"),
    ];
    for (purpose, name) in named {
        assert_eq!((purpose.as_str(), serde_json::to_value(purpose).unwrap()), (name, name.into()));
    }
}
