//! What a store is opened with, and what is ordered in it.

use serde::{Deserialize, Serialize};

use crate::destination::{DefaultDestination, check as check_destinations};
use escrow::terms::{Consent, Contacts, Delivery, Fee, Item, Policy, Problem, Service, TermsError};
use escrow::{Currency, Money, PartyId, Terms, TermsDraft, Text};

/// What the platform charges in a store, and under which rules: every deal that is opened through it gets them as they are
/// then, and keeps them.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Conditions {
    /// The fee schedule of every deal; at most [`Terms::MAX_FEES`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fees: Vec<Fee>,
    /// The rules of every deal. A store has no consent step: the consent must be [`Consent::OnCreation`].
    pub policy: Policy,
    /// Where the payees' money goes if nothing else is said.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub destinations: Vec<DefaultDestination>,
}

/// A store as it is asked for, not checked yet.
///
/// # Source
/// PAYSTO's onlineMerchant, opened through its API for a user of the client's system; Nalogka's shop, whose API user has
/// a linked profile that is the seller.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StoreDraft {
    /// Whose it is: the seller of every deal.
    pub owner: PartyId,
    /// What it is called.
    pub name: Text<200, 1>,
    /// The currency of every deal.
    pub currency: Currency,
    /// Where the host keeps the store's contact data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact: Option<Text<128, 1>>,
    /// The first conditions: version 1.
    pub conditions: Conditions,
}

impl StoreDraft {
    /// Whether these conditions make deals. That a fixed part can be carved out of a fee depends on the order, and is
    /// looked at there.
    pub(super) fn check_conditions(&self, conditions: &Conditions) -> Result<(), TermsError> {
        if conditions.policy.consent != Consent::OnCreation {
            return Err(TermsError::at("policy.consent", Problem::NeedsConsentOnCreation));
        }
        // a buyer whom they do not name; more are tried than there may be names in them
        let price = Money::from_minor(1_000_000, self.currency);
        let item = Item::new(sample_name()?, price, 1);
        let order = |buyer| StoreOrder::new(buyer, vec![item.clone()]);
        let ids = (0..=u8::MAX).filter_map(|n| PartyId::new(n.to_string()).ok());
        let mut drafts = ids.map(|id| self.draft_for(conditions, &order(id)));
        check_destinations(&conditions.destinations)?;
        let free = |draft: &TermsDraft| draft.buyer != draft.seller && !draft.pays_third(&draft.buyer);
        let draft =
            drafts.find(free).ok_or(TermsError::at("fees", Problem::TooMany { max: Terms::MAX_FEES }))?;
        match Terms::new(draft) {
            Err(error) if error.problem() == Problem::CarveOutOverParent => Ok(()),
            other => other.map(drop),
        }
    }

    /// The terms of a deal, not checked yet.
    pub(super) fn draft_for(&self, conditions: &Conditions, order: &StoreOrder) -> TermsDraft {
        let (buyer, seller) = (order.buyer.clone(), self.owner.clone());
        let (items, policy) = (order.items.clone(), conditions.policy.clone());
        let mut draft = TermsDraft::new(buyer, seller, self.currency, items, policy);
        draft.services = order.services.clone();
        draft.fees = conditions.fees.clone();
        draft.pay_offline = order.pay_offline;
        draft.description = order.description.clone();
        draft.conditions = order.conditions.clone();
        draft.order_id = order.order_id.clone();
        draft.tags = order.tags.clone();
        draft.contacts = Contacts { buyer: order.contact.clone(), seller: self.contact.clone() };
        draft.delivery = order.delivery.clone();
        draft
    }
}

fn sample_name() -> Result<Text<200, 1>, TermsError> {
    Text::new("sample").map_err(|_| TermsError::at("name", Problem::Empty))
}

/// What a store was opened with: keeps every rule. Immutable; later conditions are an event.
///
/// Reads like a [`StoreDraft`] through `Deref`. Decoding checks the rules again.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(try_from = "StoreDraft", into = "StoreDraft")]
pub struct StoreTerms(StoreDraft);

impl StoreTerms {
    /// Checks the draft, by the terms of a deal under it.
    ///
    /// # Errors
    /// [`TermsError`] names the field and what is wrong with it. Not transient.
    pub fn new(draft: StoreDraft) -> Result<Self, TermsError> {
        draft.check_conditions(&draft.conditions)?;
        Ok(Self(draft))
    }

    /// The same as plain data, to write another one.
    pub fn to_draft(&self) -> StoreDraft {
        self.0.clone()
    }
}

impl std::ops::Deref for StoreTerms {
    type Target = StoreDraft;

    fn deref(&self) -> &StoreDraft {
        &self.0
    }
}

impl TryFrom<StoreDraft> for StoreTerms {
    type Error = TermsError;

    fn try_from(draft: StoreDraft) -> Result<Self, TermsError> {
        Self::new(draft)
    }
}

impl From<StoreTerms> for StoreDraft {
    fn from(terms: StoreTerms) -> Self {
        terms.0
    }
}

/// What somebody orders: all that the store does not know by itself. Limits are those of [`TermsDraft`].
///
/// # Source
/// Nalogka's shop workflow: a deal is created with the order's number, description, goods, the buyer's contacts and the
/// services.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StoreOrder {
    /// Who buys; never the owner.
    pub buyer: PartyId,
    /// What, in the store's currency.
    pub items: Vec<Item>,
    /// Ancillary services.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub services: Vec<Service>,
    /// What the buyer pays the store directly.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pay_offline: Option<Money>,
    /// What the order is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<Text<4000>>,
    /// What the goods must be like, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conditions: Option<Text<8000>>,
    /// The order's number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order_id: Option<Text<128, 1>>,
    /// Tags.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<Text<64, 1>>,
    /// Where the host keeps the buyer's contact data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact: Option<Text<128, 1>>,
    /// How the goods reach the buyer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delivery: Option<Delivery>,
}

impl StoreOrder {
    /// An order of items, and nothing else yet.
    pub const fn new(buyer: PartyId, items: Vec<Item>) -> Self {
        Self {
            buyer,
            items,
            services: Vec::new(),
            pay_offline: None,
            description: None,
            conditions: None,
            order_id: None,
            tags: Vec::new(),
            contact: None,
            delivery: None,
        }
    }
}
