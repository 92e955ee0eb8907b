//! Terms in Rust code: [`Terms::builder`], and builders for fees and services.

use rust_decimal::Decimal;

use super::{
    Contacts, Delivery, FeeBuilder, Item, Payer, Policy, Provider, Service, Terms, TermsDraft, TermsError,
};
use crate::money::MoneyError;
use crate::{Currency, Money, PartyId, Side, Text, TextError};

/// A sum in the currency of the deal: a decimal number of major units, or money.
///
/// `dec!(23500)` in a deal of RUB is 23 500.00 RUB. The number must be whole in minor units; it is never rounded.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Amount {
    /// A number of major units, such as roubles or euros.
    Major(Decimal),
    /// Money. Another currency than the deal's is refused where the terms are built.
    Money(Money),
}

impl Amount {
    fn in_currency(self, currency: Currency) -> Result<Money, MoneyError> {
        match self {
            Self::Major(major) => Money::from_decimal(major, currency),
            Self::Money(money) => Ok(money),
        }
    }
}

impl From<Decimal> for Amount {
    fn from(major: Decimal) -> Self {
        Self::Major(major)
    }
}

impl From<Money> for Amount {
    fn from(money: Money) -> Self {
        Self::Money(money)
    }
}

/// Terms under construction. [`Terms::builder`] begins one.
///
/// Texts, numbers and rates are checked as they are given. The first mistake is kept, and [`build`](Self::build)
/// returns it; so no method in between can fail.
#[derive(Clone, Debug)]
#[must_use = "nothing is checked or built before `build`"]
pub struct TermsBuilder {
    draft: Result<TermsDraft, TermsError>,
}

impl Terms {
    /// Begins terms between a buyer and a seller. Without a policy they are [`Policy::shop`]'s.
    ///
    /// # Examples
    /// ```
    /// use escrow::terms::{Fee, Payer, Service, Terms};
    /// use escrow::{Currency, Policy};
    /// use rust_decimal::dec;
    ///
    /// let terms = Terms::builder("anna", "shop", Currency::RUB)
    ///     .item("Phone", dec!(23_500))
    ///     .items("Case", 2, dec!(450.50))
    ///     .service(Service::costing("Delivery", dec!(300)).third("courier"))
    ///     .fee(Fee::percent("platform", dec!(5)))
    ///     .policy(Policy::shop().acceptance_s(7_200))
    ///     .build()?;
    ///
    /// assert_eq!(terms.quote().deposit.to_string(), "24701.00 RUB");
    /// assert_eq!(terms.quote().payout.to_string(), "23180.95 RUB");
    /// # Ok::<(), escrow::terms::TermsError>(())
    /// ```
    pub fn builder(buyer: impl AsRef<str>, seller: impl AsRef<str>, currency: Currency) -> TermsBuilder {
        let draft = || {
            let buyer = text("buyer", buyer.as_ref())?;
            let seller = text("seller", seller.as_ref())?;
            Ok(TermsDraft::new(buyer, seller, currency, Vec::new(), Policy::shop()))
        };
        TermsBuilder { draft: draft() }
    }
}

impl TermsBuilder {
    /// Adds one unit of an item.
    pub fn item(self, name: impl AsRef<str>, unit_price: impl Into<Amount>) -> Self {
        self.items(name, 1, unit_price)
    }

    /// Adds several units of an item.
    pub fn items(self, name: impl AsRef<str>, quantity: u32, unit_price: impl Into<Amount>) -> Self {
        let unit_price = unit_price.into();
        self.change(|draft| {
            let index = draft.items.len();
            let at = |field, problem| TermsError::item("items", index, field, problem);
            let name = Text::new(name).map_err(|e| at("name", e.into()))?;
            let price = unit_price.in_currency(draft.currency).map_err(|e| at("unit_price", e.into()))?;
            draft.items.push(Item::new(name, price, quantity));
            Ok(())
        })
    }

    /// Adds an item with its optional texts.
    pub fn push_item(self, item: Item) -> Self {
        self.change(|draft| {
            draft.items.push(item);
            Ok(())
        })
    }

    /// Adds a service.
    pub fn service(self, service: impl Into<ServiceBuilder>) -> Self {
        self.change(|draft| {
            let at = |e: TermsError| e.in_list("services", draft.services.len());
            let service = service.into().build(draft.currency).map_err(at)?;
            draft.services.push(service);
            Ok(())
        })
    }

    /// Adds a fee. The order counts: a carve-out comes after its parent.
    pub fn fee(self, fee: impl Into<FeeBuilder>) -> Self {
        self.change(|draft| {
            let at = |e: TermsError| e.in_list("fees", draft.fees.len());
            let fee = fee.into().build(draft.currency).map_err(at)?;
            draft.fees.push(fee);
            Ok(())
        })
    }

    /// The rules of the deal.
    pub fn policy(self, policy: Policy) -> Self {
        self.change(|draft| {
            draft.policy = policy;
            Ok(())
        })
    }

    /// The arbiter, appointed from the start.
    pub fn arbiter(self, arbiter: impl AsRef<str>) -> Self {
        self.change(|draft| {
            draft.arbiter = Some(text("arbiter", arbiter.as_ref())?);
            Ok(())
        })
    }

    /// What the buyer pays the seller directly.
    pub fn pay_offline(self, amount: impl Into<Amount>) -> Self {
        let amount = amount.into();
        self.change(|draft| {
            draft.pay_offline = Some(sum("pay_offline", amount, draft.currency)?);
            Ok(())
        })
    }

    /// A guarantee that this side deposits. A decimal number is in the deal's currency; money may be in another.
    pub fn guarantee(self, side: Side, amount: impl Into<Amount>) -> Self {
        let amount = amount.into();
        self.change(|draft| {
            match side {
                Side::Buyer => {
                    draft.guarantees.buyer = Some(sum("guarantees.buyer", amount, draft.currency)?);
                }
                Side::Seller => {
                    draft.guarantees.seller = Some(sum("guarantees.seller", amount, draft.currency)?);
                }
            }
            Ok(())
        })
    }

    /// What the deal is about.
    pub fn description(self, description: impl AsRef<str>) -> Self {
        self.change(|draft| {
            draft.description = Some(text("description", description.as_ref())?);
            Ok(())
        })
    }

    /// What the subject must be like, in words.
    pub fn conditions(self, conditions: impl AsRef<str>) -> Self {
        self.change(|draft| {
            draft.conditions = Some(text("conditions", conditions.as_ref())?);
            Ok(())
        })
    }

    /// The host's order id.
    pub fn order_id(self, order_id: impl AsRef<str>) -> Self {
        self.change(|draft| {
            draft.order_id = Some(text("order_id", order_id.as_ref())?);
            Ok(())
        })
    }

    /// Adds a tag.
    pub fn tag(self, tag: impl AsRef<str>) -> Self {
        self.change(|draft| {
            draft.tags.push(text("tags", tag.as_ref())?);
            Ok(())
        })
    }

    /// Where the host keeps the contact data of both parties.
    pub fn contacts(self, contacts: Contacts) -> Self {
        self.change(|draft| {
            draft.contacts = contacts;
            Ok(())
        })
    }

    /// How the subject reaches the buyer.
    pub fn delivery(self, delivery: Delivery) -> Self {
        self.change(|draft| {
            draft.delivery = Some(delivery);
            Ok(())
        })
    }

    /// The terms, with their quote.
    ///
    /// # Errors
    /// [`TermsError`] names the field and what is wrong with it. Not transient.
    pub fn build(self) -> Result<Terms, TermsError> {
        Terms::new(self.draft?)
    }

    /// The terms as plain data: each field is valid, the whole is not checked yet.
    ///
    /// # Errors
    /// [`TermsError`] names the field and what is wrong with it. Not transient.
    pub fn to_draft(self) -> Result<TermsDraft, TermsError> {
        self.draft
    }

    fn change(mut self, change: impl FnOnce(&mut TermsDraft) -> Result<(), TermsError>) -> Self {
        if let Ok(draft) = &mut self.draft
            && let Err(e) = change(draft)
        {
            self.draft = Err(e);
        }
        self
    }
}

/// A service under construction, in a currency that the terms know. [`Service::costing`] begins one.
#[derive(Clone, Debug)]
#[must_use = "a service counts where it is added to terms"]
pub struct ServiceBuilder {
    name: Result<Text<200, 1>, TextError>,
    description: Option<Text<2000>>,
    original_cost: Option<Amount>,
    final_cost: Amount,
    payer: Payer,
    provider: Result<Provider, TextError>,
}

impl Service {
    /// Begins a service of the seller that the buyer pays.
    pub fn costing(name: impl AsRef<str>, cost: impl Into<Amount>) -> ServiceBuilder {
        ServiceBuilder {
            name: Text::new(name),
            description: None,
            original_cost: None,
            final_cost: cost.into(),
            payer: Payer::Buyer,
            provider: Ok(Provider::Seller),
        }
    }
}

impl From<Service> for ServiceBuilder {
    fn from(service: Service) -> Self {
        let Service { name, description, original_cost, final_cost, payer, provider } = service;
        Self {
            name: Ok(name),
            description,
            original_cost: original_cost.map(Amount::Money),
            final_cost: Amount::Money(final_cost),
            payer,
            provider: Ok(provider),
        }
    }
}

impl ServiceBuilder {
    /// A longer description.
    pub fn description(mut self, description: Text<2000>) -> Self {
        self.description = Some(description);
        self
    }

    /// The cost before discounts; for information only.
    pub fn original_cost(mut self, cost: impl Into<Amount>) -> Self {
        self.original_cost = Some(cost.into());
        self
    }

    /// Who pays.
    pub fn payer(mut self, payer: Payer) -> Self {
        self.payer = payer;
        self
    }

    /// Who provides it.
    pub fn provider(mut self, provider: Provider) -> Self {
        self.provider = Ok(provider);
        self
    }

    /// This third party provides it.
    pub fn third(mut self, party: impl AsRef<str>) -> Self {
        self.provider = PartyId::new(party).map(Provider::Third);
        self
    }

    /// The service, with sums in this currency.
    ///
    /// # Errors
    /// [`TermsError`] names the field and what is wrong with it. Not transient.
    pub fn build(self, currency: Currency) -> Result<Service, TermsError> {
        let original = self.original_cost.map(|cost| sum("original_cost", cost, currency)).transpose()?;
        Ok(Service {
            name: self.name.map_err(|e| TermsError::at("name", e.into()))?,
            description: self.description,
            original_cost: original,
            final_cost: sum("final_cost", self.final_cost, currency)?,
            payer: self.payer,
            provider: self.provider.map_err(|e| TermsError::at("provider", e.into()))?,
        })
    }
}

/// Turns a number of major units into money, or says what is wrong with which field.
pub(super) fn sum(field: &'static str, amount: Amount, currency: Currency) -> Result<Money, TermsError> {
    amount.in_currency(currency).map_err(|e| TermsError::at(field, e.into()))
}

fn text<T: std::str::FromStr<Err = TextError>>(field: &'static str, text: &str) -> Result<T, TermsError> {
    text.parse().map_err(|e: TextError| TermsError::at(field, e.into()))
}
