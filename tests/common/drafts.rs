//! Terms to start from.

use std::sync::Arc;

use super::*;
use escrow::terms::{
    Delivery, Fee, FeeBase, FeePayee, Item, Moderation, OnRefund, Payer, Problem, Provider, Service, Terms,
};
use escrow::{Currency, Policy, Rate, TermsDraft};

/// One thing at 1 000.00, and nothing else: the buyer deposits 1 000.00, the seller gets 1 000.00.
pub fn plain(policy: Policy) -> TermsDraft {
    let item = Item::new(text("thing"), rub(1_000_00), 1);
    TermsDraft::new(text("anna"), text("boris"), Currency::RUB, vec![item], policy)
}

/// One thing at 1 000.00, of which the seller gives the platform 5 %: 950.00 and 50.00. The fee is returned when
/// the deal does not complete.
pub fn sale(policy: Policy) -> TermsDraft {
    let mut draft = plain(policy);
    draft.fees.push(Fee::of_price(text("platform"), FeePayee::Platform, percent(5), Payer::Seller));
    draft
}

/// The same price, of which the arbiter is `judge`.
pub fn judged(mut draft: TermsDraft) -> TermsDraft {
    draft.arbiter = Some(text("judge"));
    draft
}

/// A fixed fee.
pub fn fixed_fee(id: &str, payee: FeePayee, minor: i64, payer: Payer, on_refund: OnRefund) -> Fee {
    let mut fee = Fee::of_price(text(id), payee, Rate::ZERO, payer);
    fee.fixed = Some(rub(minor));
    fee.on_refund = Some(on_refund);
    fee
}

pub fn service(name: &str, minor: i64, payer: Payer, provider: Provider) -> Service {
    Service {
        name: text(name),
        description: None,
        original_cost: None,
        final_cost: rub(minor),
        payer,
        provider,
    }
}

/// WebMoney's guarantee deal: the price is paid directly, both deposit 300.00 as a guarantee.
pub fn guaranteed() -> TermsDraft {
    let mut draft = plain(Policy::guarantee());
    draft.pay_offline = Some(rub(1_000_00));
    draft.guarantees.buyer = Some(rub(300_00));
    draft.guarantees.seller = Some(rub(300_00));
    draft
}

pub fn terms(draft: TermsDraft) -> Arc<Terms> {
    Arc::new(Terms::new(draft).unwrap())
}

/// A thing that a shop sends as a parcel.
pub fn parcel(tracked: bool) -> TermsDraft {
    let mut draft = plain(Policy::shop());
    draft.delivery = Some(Delivery::Parcel { method: text("courier"), tracked });
    draft
}

/// A marketplace whose every funded deal waits for a moderator.
pub fn moderated(moderation: Moderation) -> TermsDraft {
    let mut draft = plain(Policy::shop());
    draft.policy.moderation = moderation;
    draft
}

/// Delivery for 100.00 that the buyer pays to the seller: deposit 1 100.00, proceeds 1 100.00.
pub fn with_sellers_delivery(policy: Policy) -> TermsDraft {
    let mut draft = plain(policy);
    draft.services.push(service("delivery", 100_00, Payer::Buyer, Provider::Seller));
    draft
}

/// Delivery for 100.00 that the seller pays to a courier: deposit 1 000.00, payout 900.00.
pub fn with_courier(policy: Policy) -> TermsDraft {
    let mut draft = plain(policy);
    let courier = Provider::Third(text("courier"));
    draft.services.push(service("delivery", 100_00, Payer::Seller, courier));
    draft
}

pub fn dearer(mut draft: TermsDraft) -> TermsDraft {
    draft.items[0].unit_price = rub(1_200_00);
    draft
}

pub fn described(mut draft: TermsDraft) -> TermsDraft {
    draft.description = Some(text("blue, not red"));
    draft
}

pub fn problem(draft: escrow::TermsDraft) -> Problem {
    Terms::new(draft).unwrap_err().problem()
}
