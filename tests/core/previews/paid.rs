//! What is previewed is paid.

use std::collections::BTreeMap;

use crate::common::*;
use crate::previews::{lamps, partly, preview, started};
use escrow::deal::command::{Accept, AcceptAward, Cancel, ProposeAward, Rule};
use escrow::settlement::{Ending, Fault, Quantities, SettleError};
use escrow::{Award, Rate, Rejection, Side, Status};

/// A way to an ending: what is done before the preview, and what brings the ending.
type Way = (Ending, fn(&mut World), fn(&mut World));

fn dispute_it(w: &mut World) {
    w.act(&buyer(), dispute("broken"));
}

fn arbitrate(w: &mut World) {
    dispute_it(w);
    w.wait_for_deadline();
}

pub fn nothing(_: &mut World) {}

const AGREED: Award = Award::Share(Rate::HALF);

/// Every ending, brought about: the legs and debts are those of the preview a moment before.
#[test]
fn what_is_previewed_is_paid() {
    let ways: [Way; 9] = [
        (Ending::Success, nothing, |w| drop(w.act(&buyer(), Accept::all()))),
        (partly(&[2, 0]), nothing, |w| {
            drop(w.act(&buyer(), Accept::part(Quantities::from([2, 0]))));
        }),
        (Ending::Cancelled(Fault::Buyer), nothing, |w| drop(w.act(&buyer(), cancel("changed my mind")))),
        (Ending::Cancelled(Fault::Seller), nothing, |w| drop(w.act(&seller(), cancel("sold out")))),
        (Ending::Cancelled(Fault::Nobody), nothing, |w| {
            drop(w.act(&operator(), Cancel::new(text("fire")).at_fault(Fault::Nobody)));
        }),
        (Ending::agreed(AGREED), dispute_it, |w| {
            w.act(&seller(), ProposeAward::new(AGREED));
            w.act(&buyer(), AcceptAward::new(AGREED));
        }),
        (Ending::ruled(Award::SellerAll), arbitrate, |w| {
            drop(w.act(&judge(), Rule::new(Award::SellerAll)));
        }),
        (Ending::ruled(Award::Winner(Side::Buyer)), arbitrate, |w| {
            let at_fault = Some(Side::Seller);
            drop(w.act(&judge(), Rule::new(Award::Winner(Side::Buyer)).at_fault(at_fault)));
        }),
        // the shop's default
        (Ending::ruled_by_default(Award::BuyerAll), arbitrate, |w| drop(w.wait_for_deadline())),
    ];
    for (ending, before, bring) in ways {
        let mut w = started(lamps());
        before(&mut w);
        let (shares, owed) = preview(&w, &ending);
        bring(&mut w);
        assert_eq!(w.deal.ending(), Some(&ending));
        let mut legs = BTreeMap::new();
        for (deposit, payee, purpose, amount, _) in w.legs() {
            *legs.entry((deposit, payee, purpose.as_str())).or_insert(0) += amount;
        }
        let shares: BTreeMap<_, _> = shares
            .into_iter()
            .map(|(d, payee, purpose, amount)| ((d, payee, purpose.as_str()), amount))
            .collect();
        assert_eq!(legs, shares, "{ending:?}");
        let debts: Vec<_> = w.owed().into_iter().map(|(from, to, _, amount)| (from, to, amount)).collect();
        assert_eq!(debts, owed, "{ending:?}");
        w.done_all();
        assert!(matches!(w.status(), Status::Completed | Status::Cancelled | Status::Resolved));
        // nothing is left to give out
        assert!(w.deal.preview(&ending).unwrap_or_default().shares.is_empty(), "{ending:?}");
    }
    let mut w = started(lamps());
    arbitrate(&mut w);
    let over = Rule::new(Award::Amount(rub(1_004_81)));
    let refused = w.refuse(&judge(), over);
    assert_eq!(refused, Rejection::Settle(SettleError::AwardOverMax { max: rub(1_004_80) }));
}
