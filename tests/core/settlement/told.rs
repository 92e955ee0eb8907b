//! What settlement is told, and what it refuses.

use crate::settlement::examples::{full, workshop};
use crate::support::{calculator as calc, library_pots, rub};
use escrow::deposit::Purpose;
use escrow::settle;
use escrow::settlement::{Ending, Incurred, Pots, SettleError};
use escrow::terms::Terms;

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
