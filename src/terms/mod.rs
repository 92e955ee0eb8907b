//! What the parties agree on: subject, services, fees, guarantees, policy.
//!
//! [`TermsDraft`] is plain data. [`Terms`] is the same data with every rule checked and its [`Quote`] computed. A deal
//! holds `Terms` only, so nothing checks them again. [`Terms::builder`] is the short way to write them.
//!
//! # The quote
//!
//! ```text
//! price        = Σ unit price × quantity
//! service      buyer's part = cost | 0 | floor(cost × rate);   seller's part = cost − buyer's part
//! order        = price + Σ buyer's parts of services
//! fee          = clamp(round(base × rate) + fixed + per_unit × units, min, max)
//!                buyer's part = fee | 0 | floor(fee × rate);   seller's part = fee − buyer's part
//!                net = fee − Σ carve-outs ≥ 0
//! buyer_total  = order + Σ buyer's parts of fees
//! deposit      = buyer_total − pay_offline                      the gross
//! proceeds     = price + Σ buyer's parts of the seller's services − pay_offline
//! net          = proceeds − Σ seller's parts of (services of others, fees)
//! payout       = max(0, net);   seller_due = max(0, −net)
//! ```
//!
//! A fee of the gross that the buyer pays is on top of everything else in the deposit, X: with its taxes, the deposit is
//! the least g for which `g − fee(g) − taxes(g) ≥ X`. 2.9 % and 0.30 on 100.00: g is 103.29, the fee 3.29.
//!
//! After a partial buyout the offline part shrinks first, then the deposit. Carve-outs are cut to their parent, the later
//! first. A fee of items of which none is accepted is no fee, and takes its taxes and carve-outs along.
//!
//! [`price_for`] goes the other way: from what the seller is to get, or the buyer to pay, to a price.

mod builder;
mod change;
mod error;
mod fee;
mod fee_builder;
mod fee_rules;
mod item;
mod named;
mod notes;
mod policy;
mod presets;
mod price;
mod quote;
mod schedule;
mod service;
mod sums;
mod validate;

use serde::{Deserialize, Serialize, Serializer};

pub use builder::{Amount, ServiceBuilder, TermsBuilder};
pub use change::TermsField;
pub use error::{Problem, TermsError};
pub use fee::{Fee, FeeBase, FeeId, FeePayee, OnRefund};
pub use fee_builder::FeeBuilder;
pub use item::Item;
pub use named::NamedAs;
pub use notes::Notes;
pub use policy::{
    Acceptance, ArbitrationFee, BuyerCancel, Capture, ChargeFee, Consent, Liable, Moderation, OnSilence,
    OneReport, Payout, Policy, RefundOrder, ReturnAll, Unsettled,
};
pub use price::{Goal, PriceError, price_for};
pub use quote::{FeeLine, Quote, ServiceLine, quote};
pub(crate) use schedule::fee_amount;
pub use service::{Payer, Provider, Service};
pub(crate) use sums::{QuoteError, Sums};

use crate::stored::left_out::is_default;
use crate::{Currency, Money, PartyId, Side, Text, Time};

/// How the subject reaches the buyer.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Delivery {
    /// A parcel. The seller's word does not deliver it: a track, the operator or the buyer says that it has arrived.
    Parcel {
        /// The carrier or tariff.
        method: Text<100, 1>,
        /// Whether a track tells how it goes: then the seller's word does not start the performance either.
        #[serde(default, skip_serializing_if = "is_default")]
        tracked: bool,
    },
    /// A download after the payment: accepting is downloading. There is nothing to accept before there is something to
    /// download, a track delivers nothing, and the original is released on acceptance.
    ///
    /// # Source
    /// Interkassa: back on the seller's site, the buyer is offered the good for download.
    Download {},
    /// A promise of delivery. Interkassa shows method and approximate time after the payment.
    Promise {
        /// How it will be delivered.
        method: Text<100, 1>,
        /// The approximate time.
        expected: Time,
    },
}

impl Delivery {
    pub(crate) const fn is_parcel(&self) -> bool {
        match self {
            Self::Parcel { .. } => true,
            Self::Download {} | Self::Promise { .. } => false,
        }
    }

    pub(crate) const fn is_tracked(&self) -> bool {
        match self {
            Self::Parcel { tracked, .. } => *tracked,
            Self::Download {} | Self::Promise { .. } => false,
        }
    }

    pub(crate) const fn is_download(&self) -> bool {
        match self {
            Self::Download {} => true,
            Self::Parcel { .. } | Self::Promise { .. } => false,
        }
    }
}

/// Guarantee deposits, in their own currency where it differs from the price's.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Guarantees {
    /// What the buyer deposits as a guarantee.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub buyer: Option<Money>,
    /// What the seller deposits as a guarantee.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seller: Option<Money>,
}

impl Guarantees {
    /// The guarantee of one side.
    pub const fn of(&self, side: Side) -> Option<Money> {
        match side {
            Side::Buyer => self.buyer,
            Side::Seller => self.seller,
        }
    }

    pub(crate) fn is_none(&self) -> bool {
        self.buyer.is_none() && self.seller.is_none()
    }
}

/// References to the parties' contact data in the host's own store; the data itself stays out of the deal.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Contacts {
    /// Where the host keeps the buyer's name, e-mail and phone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub buyer: Option<Text<128, 1>>,
    /// Where the host keeps the seller's name, e-mail and phone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seller: Option<Text<128, 1>>,
}

impl Contacts {
    fn is_none(&self) -> bool {
        self.buyer.is_none() && self.seller.is_none()
    }
}

/// Terms as somebody proposes them, not checked yet. [`Terms::builder`] writes them in Rust code.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct TermsDraft {
    /// Who buys.
    pub buyer: PartyId,
    /// Who sells; never the buyer.
    pub seller: PartyId,
    /// The arbiter, where one is appointed from the start; never a party.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arbiter: Option<PartyId>,
    /// The currency of every amount but the guarantees.
    pub currency: Currency,
    /// What is sold: 1 to [`Terms::MAX_ITEMS`] items. The price in all may be zero.
    pub items: Vec<Item>,
    /// Ancillary services, at most [`Terms::MAX_SERVICES`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub services: Vec<Service>,
    /// The fee schedule, in order, at most [`Terms::MAX_FEES`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fees: Vec<Fee>,
    /// What the buyer pays the seller directly, outside the deal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pay_offline: Option<Money>,
    /// Guarantee deposits.
    #[serde(default, skip_serializing_if = "Guarantees::is_none")]
    pub guarantees: Guarantees,
    /// What the deal is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<Text<4000>>,
    /// What the subject must be like, in words: what an arbiter reads.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conditions: Option<Text<8000>>,
    /// The host's order id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order_id: Option<Text<128, 1>>,
    /// Tags, at most [`Terms::MAX_TAGS`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<Text<64, 1>>,
    /// Contact references.
    #[serde(default, skip_serializing_if = "Contacts::is_none")]
    pub contacts: Contacts,
    /// How the subject reaches the buyer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delivery: Option<Delivery>,
    /// The rules.
    pub policy: Policy,
}

impl TermsDraft {
    /// A draft with items and a policy, and nothing else yet.
    pub fn new(
        buyer: PartyId,
        seller: PartyId,
        currency: Currency,
        items: Vec<Item>,
        policy: Policy,
    ) -> Self {
        Self {
            buyer,
            seller,
            arbiter: None,
            currency,
            items,
            services: Vec::new(),
            fees: Vec::new(),
            pay_offline: None,
            guarantees: Guarantees::default(),
            description: None,
            conditions: None,
            order_id: None,
            tags: Vec::new(),
            contacts: Contacts::default(),
            delivery: None,
            policy,
        }
    }

    /// What everybody would pay and get under these terms, whatever rule the parties, the guarantees or the policy break.
    /// `None` where there are no such sums: an item, a service, a fee or the offline part breaks a rule.
    ///
    /// For showing refused terms; terms that keep every rule have it as [`Terms::quote`].
    pub fn to_quote(&self) -> Option<Quote> {
        self.validate_priced().ok()?;
        Quote::of(self).ok()
    }

    /// Whether the terms pay this third party: as a partner who takes a fee, as a provider of a service, or with the
    /// arbitration fee.
    pub fn pays_third(&self, id: &PartyId) -> bool {
        let arbitration = self.policy.arbitration_fee.as_ref().map(|fee| &fee.payee);
        let charge = self.policy.charge_fee.as_ref().map(|fee| &fee.payee);
        let is_this = |payee: &FeePayee| matches!(payee, FeePayee::Partner(p) if p == id);
        self.names_third(id) || arbitration.is_some_and(is_this) || charge.is_some_and(is_this)
    }

    /// Whether this is a partner who receives a fee, or a third party who provides a service.
    pub(crate) fn names_third(&self, id: &PartyId) -> bool {
        self.third_as(id).is_some()
    }
}

/// Terms that keep every rule, with their quote. They never change: a change is a new version.
///
/// Reads like a [`TermsDraft`] through `Deref`. Decoding checks the rules again.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(try_from = "TermsDraft")]
pub struct Terms {
    draft: TermsDraft,
    quote: Quote,
}

impl Terms {
    /// The most items in a deal.
    pub const MAX_ITEMS: usize = 200;
    /// The most ancillary services in a deal.
    pub const MAX_SERVICES: usize = 32;
    /// The most fees in a deal.
    pub const MAX_FEES: usize = 16;
    /// The most tags of a deal.
    pub const MAX_TAGS: usize = 32;
    /// The largest amount, and the largest sum, in minor units: 10^16. So every sum in a deal fits an `i64`, with room to
    /// spare.
    pub const MAX_AMOUNT: i64 = 10_000_000_000_000_000;

    /// Checks the draft and computes its quote.
    ///
    /// # Errors
    /// [`TermsError`] names the field and what is wrong with it. Not transient.
    pub fn new(draft: TermsDraft) -> Result<Self, TermsError> {
        draft.validate()?;
        let quote = Quote::of(&draft).map_err(|e| match e {
            QuoteError::TooLarge => TermsError::at("items", Problem::TooLarge),
            QuoteError::CarveOutOverParent { fee } => {
                TermsError::item("fees", fee, "out_of", Problem::CarveOutOverParent)
            }
            QuoteError::OfflineOverProceeds => {
                TermsError::at("pay_offline", Problem::OverWhatTheSellerIsOwed)
            }
        })?;
        Ok(Self { draft, quote })
    }

    /// What everybody pays and gets if all goes well.
    pub const fn quote(&self) -> &Quote {
        &self.quote
    }

    /// The terms as plain data, to amend them.
    pub fn to_draft(&self) -> TermsDraft {
        self.draft.clone()
    }

    /// The id of one side.
    pub const fn party(&self, side: Side) -> &PartyId {
        match side {
            Side::Buyer => &self.draft.buyer,
            Side::Seller => &self.draft.seller,
        }
    }
}

/// As its draft, which is all that there is to store.
impl Serialize for Terms {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.draft.serialize(serializer)
    }
}

impl std::ops::Deref for Terms {
    type Target = TermsDraft;

    fn deref(&self) -> &TermsDraft {
        &self.draft
    }
}

impl TryFrom<TermsDraft> for Terms {
    type Error = TermsError;

    fn try_from(draft: TermsDraft) -> Result<Self, TermsError> {
        Self::new(draft)
    }
}

impl From<Terms> for TermsDraft {
    fn from(terms: Terms) -> Self {
        terms.draft
    }
}
