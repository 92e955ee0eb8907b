//! What holds of every ending.

use std::collections::{BTreeMap, BTreeSet};

use crate::settlement::{both, owed_by};
use crate::support::calculator::{For, Pot, Refused, Who};
use crate::support::{
    DEAL, Scene, Sketch, calculator as calc, full_scenes_ending, library_pots, outcome, partial_sketches,
    scenes,
};
use escrow::deposit::DepositId;
use escrow::settlement::Settlement;
use proptest::prelude::*;

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
            conserves(&scene, &settlement)?;
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
                | calc::Ending::CalledOff
        );
        prop_assert!(!fits || scene.settle().is_ok());
    }

    /// A debt arises only where somebody bears a claim that their pot does not cover; full pots cover what was agreed.
    #[test]
    fn full_pots_leave_no_debts_of_the_buyer_nor_on_success_of_the_seller(mut scene in full_scenes_ending(prop_oneof![
        Just(Sketch::Ready(calc::Ending::Success)),
        partial_sketches(),
    ])) {
        scene.given_back = 0;
        let Ok(settlement) = scene.settle() else { return Ok(()) };
        let calc::Ending::Partial(accepted) = &scene.ending else {
            prop_assert!(settlement.receivables.is_empty(), "{:?}", settlement.receivables);
            return Ok(());
        };
        // the seller owes what the accepted items do not earn, and the deposit of the whole deal does not cover
        if accepted.iter().any(|quantity| *quantity > 0) {
            let quote = scene.quote();
            let requoted = calc::requote(&scene.case.deal, accepted, quote.deposit);
            let short = (-requoted.net - quote.seller_due).max(0);
            let given = outcome(&settlement);
            prop_assert_eq!(owed_by(&given, Who::Seller), (short - scene.pots.l + quote.seller_due).max(0));
            prop_assert_eq!(owed_by(&given, Who::Buyer) + owed_by(&given, Who::Platform), 0);
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
                    (Pot::Charge(_), _, For::Charge) => "a charge",
                    (Pot::Charge(_), _, For::Fee) => "a fee of a charge",
                    (Pot::Charge(_), _, For::Refund) => "a charge back",
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
    assert_eq!(seen.len(), 18, "{seen:?}");
    assert!(seen.values().all(|count| *count >= 5), "{seen:?}");
}

/// What the shares of each pot sum to is what it held.
pub fn conserves(scene: &Scene, settlement: &Settlement) -> Result<(), TestCaseError> {
    let pots = library_pots(&scene.pots);
    let mut left: BTreeMap<DepositId, (i128, escrow::Currency)> = BTreeMap::new();
    left.insert(DepositId::BUYER_PAYMENT, (pots.buyer.into(), DEAL));
    left.insert(DepositId::SELLER_PAYMENT, (pots.seller.into(), DEAL));
    for (id, held) in [
        (DepositId::BUYER_GUARANTEE, pots.buyer_guarantee),
        (DepositId::SELLER_GUARANTEE, pots.seller_guarantee),
    ] {
        left.insert(id, (held.minor().into(), held.currency()));
    }
    for (charge, number) in scene.charges.iter().zip(1..) {
        left.insert(DepositId::charge(number).unwrap(), (charge.holds, DEAL));
    }
    for share in &settlement.shares {
        let (left, currency) = left.get_mut(&share.deposit).unwrap();
        *left -= i128::from(share.amount.minor());
        prop_assert_eq!(share.amount.currency(), *currency, "{:?}", share);
    }
    prop_assert!(left.values().all(|(left, _)| *left == 0), "{:?}", left);
    Ok(())
}
