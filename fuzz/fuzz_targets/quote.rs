//! Any terms: a quote that adds up, and settlements that divide what there is.
#![no_main]

use escrow::dispute::Award;
use escrow::settlement::{Ending, Fault, Incurred, Pots};
use escrow::{Payee, Side, Terms, settle};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(terms) = serde_json::from_slice::<Terms>(bytes) else { return };
    let quote = terms.quote();
    assert!(!quote.deposit.is_negative() && !quote.payout.is_negative());
    let written = serde_json::to_vec(&terms).expect("terms can be written");
    assert_eq!(serde_json::from_slice::<Terms>(&written).ok().as_ref(), Some(&terms));
    let pots = Pots::full(&terms);
    let endings = [
        Ending::Success,
        Ending::Cancelled(Fault::Buyer),
        Ending::Cancelled(Fault::Seller),
        Ending::Cancelled(Fault::Nobody),
        Ending::ruled(Award::SellerAll),
        Ending::ruled(Award::BuyerAll),
        Ending::ruled(Award::Winner(Side::Buyer)),
        Ending::ruled_by_default(Award::Winner(Side::Seller)),
    ];
    for ending in &endings {
        let settlement =
            settle(&terms, &pots, Incurred::default(), ending).expect("valid terms can be settled");
        for share in &settlement.shares {
            assert!(share.amount.is_positive(), "{ending:?}: {share:?}");
        }
        let sum: i64 = settlement
            .shares
            .iter()
            .filter(|s| s.deposit == escrow::deposit::DepositId::BUYER_PAYMENT)
            .map(|s| s.amount.minor())
            .sum();
        assert_eq!(sum, quote.deposit.minor(), "{ending:?} of {:?}", Payee::Buyer);
    }
});
