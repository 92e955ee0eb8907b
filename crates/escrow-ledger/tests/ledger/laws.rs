//! What holds of every history.

use std::collections::BTreeMap;

use escrow::deal::Cause;
use escrow::{Deal, Money};
use escrow_ledger::Ledger;
use escrow_testing::strategies::{History, histories};
use proptest::prelude::*;
use proptest::test_runner::TestCaseError;

/// The ledger of a history, and the deal at its end.
pub(crate) fn ledger_of(history: &History) -> Result<(Ledger, Deal), TestCaseError> {
    let mut ledger = Ledger::default();
    // what a deal begins with moves nothing
    let mut deal = history.begin().deal;
    history.play(|step| {
        deal = ledger.record_all(&deal, step.events());
        prop_assert_eq!(&deal, step.after);
        Ok(())
    })?;
    Ok((ledger, deal))
}

/// What the trial balance has to say of a deal's deposits.
fn buckets(deal: &Deal) -> BTreeMap<(String, String), Money> {
    let mut expected = BTreeMap::new();
    for deposit in deal.deposits().iter().chain(deal.strays()) {
        let currency = deposit.required().currency();
        for (bucket, minor) in [("held", deposit.buckets().held), ("reserved", deposit.buckets().reserved)] {
            let account = format!("deal:{}:{}:{bucket}", deal.id(), deposit.id());
            if minor != 0 {
                expected.insert((account, currency.to_string()), Money::from_minor(-minor, currency));
            }
        }
    }
    expected
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_entry_balances_and_the_trial_balance_is_the_buckets(history in histories()) {
        let (ledger, deal) = ledger_of(&history)?;
        for entry in ledger.entries() {
            prop_assert!(entry.is_balanced(), "{entry:?}");
        }
        let trial = ledger.trial_balance();
        let is_bucket = |account: &str| account.ends_with(":held") || account.ends_with(":reserved");
        let held: BTreeMap<_, _> = trial.iter().filter(|((a, _), _)| is_bucket(a)).map(|(k, v)| (k.clone(), *v)).collect();
        prop_assert_eq!(held, buckets(&deal));
        // a debt that is open is a receivable of so much
        for debt in deal.debts().iter().filter(|debt| !matches!(debt.cause, Cause::Overpaid { .. })) {
            let account = format!("receivable:{}:{}", deal.id(), debt.number);
            prop_assert_eq!(ledger.balance(&account, debt.amount.currency()), debt.open(), "{:?}", debt);
        }
        // all accounts together are nothing; a bank may speak of sums that no account can hold
        let mut sums: BTreeMap<String, i128> = BTreeMap::new();
        for posting in ledger.entries().iter().flat_map(|entry| &entry.postings) {
            *sums.entry(posting.amount.currency().to_string()).or_default() += i128::from(posting.amount.minor());
        }
        prop_assert!(sums.values().all(|sum| *sum == 0), "{sums:?}");
    }
}
