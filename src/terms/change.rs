//! What an amendment changes, field by field.

use serde::{Deserialize, Serialize};

use super::TermsDraft;

/// A top-level field of the terms, for the list of what an amendment changed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TermsField {
    /// The buyer.
    Buyer,
    /// The seller.
    Seller,
    /// The arbiter.
    Arbiter,
    /// The currency.
    Currency,
    /// The items.
    Items,
    /// The services.
    Services,
    /// The fee schedule.
    Fees,
    /// What is paid offline.
    PayOffline,
    /// The guarantees.
    Guarantees,
    /// The description.
    Description,
    /// The conditions.
    Conditions,
    /// The order id.
    OrderId,
    /// The tags.
    Tags,
    /// The contact references.
    Contacts,
    /// The delivery.
    Delivery,
    /// The policy.
    Policy,
}

impl TermsDraft {
    /// The fields in which `new` differs.
    pub fn changed_in(&self, new: &Self) -> impl Iterator<Item = TermsField> {
        use TermsField as F;
        // the pattern names every field, so a new one does not compile without a line below
        let Self {
            buyer,
            seller,
            arbiter,
            currency,
            items,
            services,
            fees,
            pay_offline,
            guarantees,
            description,
            conditions,
            order_id,
            tags,
            contacts,
            delivery,
            policy,
        } = self;
        [
            (F::Buyer, *buyer != new.buyer),
            (F::Seller, *seller != new.seller),
            (F::Arbiter, *arbiter != new.arbiter),
            (F::Currency, *currency != new.currency),
            (F::Items, *items != new.items),
            (F::Services, *services != new.services),
            (F::Fees, *fees != new.fees),
            (F::PayOffline, *pay_offline != new.pay_offline),
            (F::Guarantees, *guarantees != new.guarantees),
            (F::Description, *description != new.description),
            (F::Conditions, *conditions != new.conditions),
            (F::OrderId, *order_id != new.order_id),
            (F::Tags, *tags != new.tags),
            (F::Contacts, *contacts != new.contacts),
            (F::Delivery, *delivery != new.delivery),
            (F::Policy, *policy != new.policy),
        ]
        .into_iter()
        .filter_map(|(field, changed)| changed.then_some(field))
    }
}
