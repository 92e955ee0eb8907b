//! What an owner offers: the template of every take's deal.

use serde::{Deserialize, Serialize};

use crate::destination::{DefaultDestination, check as check_destinations};
use crate::is_default;
use escrow::terms::{Contacts, Delivery, Fee, Guarantees, Item, Policy, Problem, Service, TermsError};
use escrow::{InstrumentRef, Money, PartyId, Side, Terms, TermsDraft, Text};

/// An offer as somebody writes it, not checked yet. Every take yields the terms of a deal: the owner on the offer's
/// side, the taker on the other, and the taken count as the quantity.
///
/// # Source
/// WebMoney Escrow's `OfferInfo`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OfferDraft {
    /// Whose it is.
    pub owner: PartyId,
    /// What the owner does: the seller's side sells, the buyer's buys. WebMoney `DealType`.
    pub side: Side,
    /// The host's category.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<Text<128, 1>>,
    /// What is offered: the price is of one unit, the quantity is the whole count, and the unit is the measure
    /// of the count (WebMoney `Amount`, `Count`, `CountMeasure`).
    pub subject: Item,
    /// How much one taker may have reserved and concluded together; absent: all there is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_per_taker: Option<u32>,
    /// Whether the buyer pays into the deal. If so, the payment is held and goes to the seller on success. If not, the
    /// price is paid directly (`pay_offline` of the terms is the whole price), and the deal holds the guarantees,
    /// and whatever the buyer owes besides the price. WebMoney `depositToSeller`.
    pub deposit_to_seller: bool,
    /// Guarantee deposits per unit, as the price is: a take of three deposits three times as much. In their own
    /// currency where it differs from the price's (WebMoney `Seller.Deposit`, `Buyer.Deposit`, `CurrencyId`).
    #[serde(default, skip_serializing_if = "is_default")]
    pub guarantees: Guarantees,
    /// Ancillary services of every deal.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub services: Vec<Service>,
    /// The fee schedule of every deal.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fees: Vec<Fee>,
    /// What the offer is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<Text<4000>>,
    /// What the subject must be like, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conditions: Option<Text<8000>>,
    /// Tags, at most [`Terms::MAX_TAGS`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<Text<64, 1>>,
    /// How the subject reaches the buyer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delivery: Option<Delivery>,
    /// Where the host keeps the owner's contact data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact: Option<Text<128, 1>>,
    /// Where the payees' money goes if nothing else is said.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub destinations: Vec<DefaultDestination>,
    /// The owner's purse, as the host's vault knows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub purse: Option<InstrumentRef>,
    /// The rules of every deal; its durations are counted from when the deal is opened.
    pub policy: Policy,
    /// How long a take keeps its count until its deal is open, in seconds, from 1 to [`Policy::MAX_DURATION_S`].
    /// WebMoney `DurationToContract`.
    pub to_contract_s: u32,
}

impl OfferDraft {
    /// An offer that is paid into the deal, without guarantees, and nothing else yet. A take has as long as the
    /// policy gives a proposal.
    pub fn new(owner: PartyId, side: Side, subject: Item, policy: Policy) -> Self {
        Self {
            owner,
            side,
            category: None,
            subject,
            max_per_taker: None,
            deposit_to_seller: true,
            guarantees: Guarantees::default(),
            services: Vec::new(),
            fees: Vec::new(),
            description: None,
            conditions: None,
            tags: Vec::new(),
            delivery: None,
            contact: None,
            destinations: Vec::new(),
            purse: None,
            to_contract_s: policy.proposal_s,
            policy,
        }
    }

    /// The terms of the deal with this taker, not checked yet.
    fn draft_for(
        &self,
        taker: &PartyId,
        contact: Option<&Text<128, 1>>,
        count: u32,
    ) -> Result<TermsDraft, TermsError> {
        let (owners, takers) = (self.contact.clone(), contact.cloned());
        let (buyer, seller, contacts) = match self.side {
            Side::Buyer => (&self.owner, taker, Contacts { buyer: owners, seller: takers }),
            Side::Seller => (taker, &self.owner, Contacts { buyer: takers, seller: owners }),
        };
        let times = |field, money: Money| {
            money.checked_mul(count).map_err(|_| TermsError::at(field, Problem::TooLarge))
        };
        let guarantee = |field, money: Option<Money>| money.map(|m| times(field, m)).transpose();
        let price = times("subject.unit_price", self.subject.unit_price)?;
        let items = vec![Item { quantity: count, ..self.subject.clone() }];
        let (buyer, seller, policy) = (buyer.clone(), seller.clone(), self.policy.clone());
        let mut draft = TermsDraft::new(buyer, seller, price.currency(), items, policy);
        draft.services = self.services.clone();
        draft.fees = self.fees.clone();
        draft.pay_offline = (!self.deposit_to_seller).then_some(price);
        draft.guarantees = Guarantees {
            buyer: guarantee("guarantees.buyer", self.guarantees.buyer)?,
            seller: guarantee("guarantees.seller", self.guarantees.seller)?,
        };
        draft.description = self.description.clone();
        draft.conditions = self.conditions.clone();
        draft.tags = self.tags.clone();
        draft.contacts = contacts;
        draft.delivery = self.delivery.clone();
        Ok(draft)
    }

    /// The largest count of one take.
    fn largest_take(&self) -> u32 {
        self.max_per_taker.map_or(self.subject.quantity, |max| max.min(self.subject.quantity))
    }

    fn validate(&self) -> Result<(), TermsError> {
        check_destinations(&self.destinations)?;
        let refuse = |field, problem| Err(TermsError::at(field, problem));
        let price = self.subject.unit_price;
        if price.is_negative() {
            return refuse("subject.unit_price", Problem::Negative);
        }
        if price.is_zero() {
            return refuse("subject.unit_price", Problem::Zero);
        }
        let counts = [
            ("subject.quantity", Some(self.subject.quantity), Item::MAX_QUANTITY),
            ("max_per_taker", self.max_per_taker, Item::MAX_QUANTITY),
            ("to_contract_s", Some(self.to_contract_s), Policy::MAX_DURATION_S),
        ];
        for (field, count, max) in counts {
            match count {
                Some(0) => return refuse(field, Problem::Zero),
                Some(n) if n > max => return refuse(field, Problem::TooLarge),
                Some(_) | None => {}
            }
        }
        // whoever takes it: an id that it names nowhere. More are tried than there may be names in it
        let named = self.draft_for(&self.owner, None, 1)?;
        let free = |id: &PartyId| *id != self.owner && !named.pays_third(id);
        let anybody = (0..=u8::MAX).filter_map(|n| PartyId::new(n.to_string()).ok()).find(free);
        let anybody = anybody.ok_or(TermsError::at("fees", Problem::TooMany { max: Terms::MAX_FEES }))?;
        // the smallest and the largest take make a deal; what lies between is checked when it is taken, since a fee may
        // be carved out at one amount and not at another
        for count in [1, self.largest_take()] {
            Terms::new(self.draft_for(&anybody, None, count)?)?;
        }
        Ok(())
    }
}

/// An offer that keeps every rule. Immutable.
///
/// Reads like an [`OfferDraft`] through `Deref`. Decoding checks the rules again.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(try_from = "OfferDraft", into = "OfferDraft")]
pub struct OfferTerms(OfferDraft);

impl OfferTerms {
    /// Checks the draft: its own fields, and the terms of the smallest and of the largest deal.
    ///
    /// # Errors
    /// [`TermsError`] names the field, of the offer or of those terms, and what is wrong with it. Not transient.
    pub fn new(draft: OfferDraft) -> Result<Self, TermsError> {
        draft.validate()?;
        Ok(Self(draft))
    }

    /// The offer as plain data, to write another one.
    pub fn to_draft(&self) -> OfferDraft {
        self.0.clone()
    }

    /// The terms of the deal that a take of this count by this party would yield; the contact is a reference to the
    /// taker's contact data.
    ///
    /// # Errors
    /// [`TermsError`]: the taker is the owner or is paid by the deal, the sum is too large, or a fee cannot be carved
    /// out of so little. Not transient.
    pub fn terms_for(
        &self,
        taker: &PartyId,
        contact: Option<&Text<128, 1>>,
        count: u32,
    ) -> Result<Terms, TermsError> {
        Terms::new(self.0.draft_for(taker, contact, count)?)
    }
}

impl std::ops::Deref for OfferTerms {
    type Target = OfferDraft;

    fn deref(&self) -> &OfferDraft {
        &self.0
    }
}

impl TryFrom<OfferDraft> for OfferTerms {
    type Error = TermsError;

    fn try_from(draft: OfferDraft) -> Result<Self, TermsError> {
        Self::new(draft)
    }
}

impl From<OfferTerms> for OfferDraft {
    fn from(terms: OfferTerms) -> Self {
        terms.0
    }
}
