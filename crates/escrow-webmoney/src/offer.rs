//! Offers, and those who take them.

use serde::{Deserialize, Serialize};

use super::error::MAX_COUNT;
use super::project::days;
use super::requests::purse;
use super::values::{Amount, Personal, ServiceId, Tag, object, tags};
use super::{CallError, Contact, ExtUserInfo, Inexpressible, Problem};
use escrow::{Caller, Context, Currency, Deal, DealId, InstrumentRef, Money, PartyId, Side, Text, Time};
use escrow_market::OfferId;
use escrow_market::offer::{Command, Offer, OfferDraft, Status, Take, command};

/// An offer, for many to take. Amounts are those of one unit, since what a taker pays depends on the count; the
/// contract of a take shows the whole.
///
/// # Source
/// WebMoney Escrow, «Объект OfferInfo».
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct OfferInfo {
    /// ID оферты.
    pub id: OfferId,
    /// ID сервиса.
    pub service_id: ServiceId,
    /// ID категории.
    pub category_id: Option<Text<128, 1>>,
    /// Описание.
    pub description: Text<4000>,
    /// Теги.
    #[serde(deserialize_with = "tags")]
    pub tags: Vec<Tag>,
    /// Количество: all that was offered, taken or not.
    pub count: u32,
    /// Размерность: the unit of measure.
    pub count_measure: Option<Text<16, 1>>,
    /// The deposits' currency.
    pub currency_id: Currency,
    /// Сумма сделки: the price of one unit.
    pub amount: Amount,
    /// The price's currency.
    pub amount_currency_id: Currency,
    /// Тип оферты: what its owner does. `seller` sells, `buyer` buys.
    pub deal_type: Side,
    /// Признак оплаты залогом: the buyer's deposit pays the price.
    pub deposit_to_seller: bool,
    /// Длительность of every deal, in days, rounded up.
    pub duration: u32,
    /// Время на создание предложения, in days, rounded up: how long a take keeps its count.
    pub duration_to_contract: u32,
    /// Время на создание сделки, in days, rounded up: how long a contract may take to be concluded.
    pub duration_to_deal: u32,
    /// The seller; of an offer to buy, only what the seller would deposit.
    #[serde(deserialize_with = "object")]
    pub seller: ExtUserInfo,
    /// The buyer; of an offer to sell, only what the buyer would deposit.
    #[serde(deserialize_with = "object")]
    pub buyer: ExtUserInfo,
    /// Статус.
    pub status: Status,
    /// Дата создания оферты.
    pub created: Time,
}

impl OfferInfo {
    /// An offer; `owner` is what the host knows of its owner, and is to be shown.
    ///
    /// # Errors
    /// [`Inexpressible::DepositCurrencies`], [`Inexpressible::TwoDeposits`].
    pub fn of(offer: &Offer, service_id: &ServiceId, owner: &Contact) -> Result<Self, Inexpressible> {
        let terms = offer.terms();
        let side = |side| {
            let nobody = Contact::default();
            let Contact { external_id, phone, purse } =
                if side == terms.side { owner } else { &nobody }.clone();
            let deposit = Some(Amount::of(deposit(terms, side)));
            ExtUserInfo { external_id, phone, purse, deposit, ..ExtUserInfo::default() }
        };
        Ok(Self {
            id: offer.id(),
            service_id: service_id.clone(),
            category_id: terms.category.clone(),
            description: terms.description.clone().unwrap_or_default(),
            tags: terms.tags.clone(),
            count: offer.total(),
            count_measure: terms.subject.unit.clone(),
            currency_id: currency(terms)?,
            amount: Amount::of(terms.subject.unit_price),
            amount_currency_id: terms.subject.unit_price.currency(),
            deal_type: terms.side,
            deposit_to_seller: terms.deposit_to_seller,
            duration: days(terms.policy.performance_s),
            duration_to_contract: days(terms.to_contract_s),
            duration_to_deal: days(terms.policy.deposit_s),
            seller: side(Side::Seller),
            buyer: side(Side::Buyer),
            status: offer.status(),
            created: offer.created_at(),
        })
    }
}

/// What one side deposits per unit.
fn deposit(terms: &OfferDraft, side: Side) -> Money {
    let price = terms.subject.unit_price;
    match side {
        Side::Buyer if terms.deposit_to_seller => price,
        Side::Buyer | Side::Seller => terms.guarantees.of(side).unwrap_or(Money::zero(price.currency())),
    }
}

fn currency(terms: &OfferDraft) -> Result<Currency, Inexpressible> {
    if terms.deposit_to_seller && terms.guarantees.buyer.is_some_and(|m| !m.is_zero()) {
        return Err(Inexpressible::TwoDeposits);
    }
    let [buyer, seller] = Side::ALL.map(|side| deposit(terms, side));
    match (buyer.is_zero(), seller.is_zero()) {
        (false, false) if buyer.currency() != seller.currency() => Err(Inexpressible::DepositCurrencies),
        (false, _) => Ok(buyer.currency()),
        (true, false) => Ok(seller.currency()),
        (true, true) => Ok(terms.subject.unit_price.currency()),
    }
}

/// A user who takes an offer, or has taken it.
///
/// # Source
/// WebMoney Escrow, «Объект OfferUserInfo».
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct OfferUserInfo {
    /// ID оферты.
    pub offer_id: OfferId,
    /// ID пользователя.
    pub user_id: PartyId,
    /// ID пользователя во внешней системе.
    #[serde(default)]
    pub external_user_id: Option<Personal>,
    /// Кошелек пользователя.
    #[serde(default)]
    pub purse: Option<Personal>,
    /// Мобильный телефон пользователя.
    #[serde(default)]
    pub phone: Option<Personal>,
    /// Количество, from 1.
    pub count: u32,
}

impl OfferUserInfo {
    /// A take of an offer; `taker` is what the host knows of its taker, and is to be shown.
    pub fn of(offer: &Offer, take: &Take, taker: &Contact) -> Self {
        let Contact { external_id, phone, purse } = taker.clone();
        let (offer_id, user_id) = (offer.id(), take.taker.clone());
        Self { offer_id, user_id, external_user_id: external_id, purse, phone, count: take.count }
    }

    /// The command that takes the count. `deal` is the id that the host has chosen for the take's deal;
    /// `wallet` and `contact` are the references under which the host keeps purse and phone.
    ///
    /// The reference documents no call that this object is an argument of, so it has no hash: the host has to know
    /// otherwise whose it is.
    ///
    /// # Errors
    /// [`Problem::OtherDeal`], [`Problem::Zero`], [`Problem::OverLimit`]. Not transient.
    pub fn take(
        &self,
        offer: &Offer,
        deal: DealId,
        wallet: Option<InstrumentRef>,
        contact: Option<Text<128, 1>>,
    ) -> Result<Command, CallError> {
        if self.offer_id != offer.id() {
            return Err(CallError::at("OfferId", Problem::OtherDeal));
        }
        let count = match self.count {
            0 => return Err(CallError::at("Count", Problem::Zero)),
            n if n > MAX_COUNT => {
                return Err(CallError::at("Count", Problem::OverLimit { max: MAX_COUNT.into() }));
            }
            n => n,
        };
        Ok(command::Take { deal, count, purse: wallet, contact }.into())
    }

    /// What follows once the deal of a take is proposed: the purses that owner and taker have named are where their
    /// money goes. Each is set by its own party, through the service; a party's later word (`ContractAccept`) replaces it.
    /// Guarantees go back to where they came from: a purse is for what is earned or awarded.
    ///
    /// Nothing for a deal that is not of this offer.
    pub fn follow_up(offer: &Offer, deal: &Deal, service_id: &ServiceId) -> Vec<(escrow::Command, Caller)> {
        let terms = offer.terms();
        let owners = terms.purse.as_ref().map(|wallet| (terms.side, wallet));
        let take = offer.take(deal.id());
        let takers = take.and_then(|take| take.purse.as_ref()).map(|wallet| (terms.side.other(), wallet));
        let named = owners.filter(|_| take.is_some()).into_iter().chain(takers);
        let one = |(side, wallet): (Side, &InstrumentRef)| {
            let party = deal.terms().party(side).clone();
            (purse(side, wallet.clone()), Caller::party(party).via(service_id.0.clone()))
        };
        named.map(one).collect()
    }

    /// The context of the command: the user acts, through the service.
    pub fn context(&self, now: Time, service_id: &ServiceId) -> Context {
        Context::party(now, self.user_id.clone()).via(service_id.0.clone())
    }
}
