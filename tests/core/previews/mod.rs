//! What everybody would get: `Deal::preview` of every ending, for every party, worked out by hand; and that each of
//! them is what is then paid.

mod awards;
mod endings;
mod paid;

use crate::common::*;
use escrow::deal::command::IncurCost;
use escrow::deposit::{DepositId, Purpose};
use escrow::settlement::{Ending, Quantities};
use escrow::terms::{ArbitrationFee, BuyerCancel, Fee, FeePayee, Item, OnRefund, Payer, Provider};
use escrow::{Payee, Policy, Rate, TermsDraft};

use Purpose::Guarantee;

/// Three lamps at 300.00 and a shade at 100.00, with every kind of claim, both guarantees and a paid arbiter.
///
/// ```text
/// price     = 3 × 300.00 + 100.00                                    = 1 000.00
/// services    courier 60.00, the buyer's; packing 25.00, by the seller, 60 % of it the buyer's: 15.00 + 10.00;
///             insurance 20.00, by the platform, the seller's
/// order     = 1 000.00 + 60.00 + 15.00                               = 1 075.00
/// fees        platform 2 %, the buyer's, kept: 20.00; processor 1 %, the seller's, returned: 10.00;
///             partner 4 %, the seller's, pro rata: 40.00, out of which the processor has 1 % of the price: 10.00;
///             platform 3 %, in halves, pro rata: 15.00 + 15.00
/// deposit   = 1 075.00 + 20.00 + 15.00                               = 1 110.00
/// proceeds  = 1 000.00 + 15.00                                       = 1 015.00
/// payout    = 1 015.00 − 20.00 − (10.00 + 40.00 + 15.00)             =   930.00
/// ruling    = 2 % of 1 110.00 + 3.00                                 =    25.20
/// ```
pub fn lamps() -> TermsDraft {
    let mut draft = judged(plain(Policy::shop().buyer_cancel(BuyerCancel::BeforeAcceptance)));
    draft.items = vec![Item::new(text("lamp"), rub(300_00), 3), Item::new(text("shade"), rub(100_00), 1)];
    let part = Payer::Shared(percent(60));
    draft.services = vec![
        service("delivery", 60_00, Payer::Buyer, Provider::Third(text("courier"))),
        service("packing", 25_00, part, Provider::Seller),
        service("insurance", 20_00, Payer::Seller, Provider::Platform),
    ];
    let fee = |id, payee, rate, payer, on_refund| {
        let mut fee = Fee::of_price(text(id), payee, percent(rate), payer);
        fee.on_refund = Some(on_refund);
        fee
    };
    let partner = FeePayee::Partner(text("partner"));
    draft.fees = vec![
        fee("listing", FeePayee::Platform, 2, Payer::Buyer, OnRefund::Keep),
        fee("acquiring", FeePayee::Processor, 1, Payer::Seller, OnRefund::Return),
        fee("partner", partner, 4, Payer::Seller, OnRefund::ProRata),
        Fee::carved(text("carved"), FeePayee::Processor, percent(1), text("partner")),
        fee("platform", FeePayee::Platform, 3, Payer::Shared(Rate::HALF), OnRefund::ProRata),
    ];
    draft.guarantees.buyer = Some(rub(200_00));
    draft.guarantees.seller = Some(rub(150_00));
    draft.policy.arbitration_fee = Some(ArbitrationFee {
        payee: FeePayee::Partner(text("judge")),
        rate: percent(2),
        guarantee_rate: Rate::ZERO,
        fixed: Some(rub(3_00)),
        min: None,
        max: None,
    });
    draft
}

/// Paid and started; the courier and the packing have cost something, the insurance has not.
pub fn started(draft: TermsDraft) -> World {
    let mut w = World::performing(draft);
    for service in [0, 1] {
        w.act(&operator(), IncurCost::new(service, text("invoice")));
    }
    w
}

pub type Share = (DepositId, Payee, Purpose, i64);

pub type Debt = (Payee, Payee, i64);

/// What an ending gives out, by pot, payee and purpose; every pot to the last kopeck.
pub fn preview(w: &World, ending: &Ending) -> (Vec<Share>, Vec<Debt>) {
    let before = json(&w.deal);
    let settlement = w.deal.preview(ending).unwrap();
    assert_eq!(json(&w.deal), before, "a preview changes nothing");
    for (id, pot) in [(B, 1_110_00), (GB, 200_00), (GS, 150_00)] {
        let out = settlement.shares.iter().filter(|s| s.deposit == id).map(|s| s.amount.minor());
        assert_eq!(out.sum::<i64>(), pot, "{id} in {ending:?}");
    }
    let shares = settlement.shares.iter();
    let mut shares: Vec<_> =
        shares.map(|s| (s.deposit, s.payee.clone(), s.purpose, s.amount.minor())).collect();
    shares.sort_by_key(|s| format!("{s:?}"));
    let owed = settlement.receivables.iter();
    (shares, owed.map(|r| (r.debtor.clone(), r.payee.clone(), r.amount.minor())).collect())
}

#[track_caller]
pub fn gives(w: &World, ending: &Ending, shares: &[Share], owed: &[Debt]) {
    let mut expected = shares.to_vec();
    expected.sort_by_key(|s| format!("{s:?}"));
    assert_eq!(preview(w, ending), (expected, owed.to_vec()), "{ending:?}");
}

/// The same with both guarantees back to their owners.
#[track_caller]
pub fn gives_back(w: &World, ending: &Ending, shares: &[Share], owed: &[Debt]) {
    let mut all = shares.to_vec();
    all.push((GB, Payee::Buyer, Guarantee, 200_00));
    all.push((GS, Payee::Seller, Guarantee, 150_00));
    gives(w, ending, &all, owed);
}

pub fn partly(quantities: &[u32]) -> Ending {
    Ending::PartialBuyout(Quantities::from(quantities))
}
