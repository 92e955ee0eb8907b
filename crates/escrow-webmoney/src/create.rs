//! `ContractCreate`: from a call to validated terms.

use serde::{Deserialize, Serialize};

use super::error::MAX_COUNT;
use super::project::DAY;
use super::requests::{purse, side_of, stated};
use super::values::object;
use super::{Amount, CallError, ExtUserInfo, Problem, RequestHash, ServiceId};
use escrow::deal::Deal;
use escrow::deal::command::{Agree, Command};
use escrow::deposit::GatewayName;
use escrow::terms::{Contacts, Fee, Guarantees, Item, Policy, Terms, TermsDraft};
use escrow::{Currency, InstrumentRef, Money, PartyId, Side, Text};

/// A seller or a buyer proposes a deal to a user of their contact list.
///
/// # Source
/// WebMoney Escrow, `ContractCreate`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ContractCreate {
    /// ID сервиса.
    pub service_id: ServiceId,
    /// ID пользователя: who proposes.
    pub user_id: PartyId,
    /// Сумма предложения: the whole price, over zero.
    pub amount: Amount,
    /// The price's currency.
    pub amount_currency_id: Currency,
    /// The seller.
    #[serde(deserialize_with = "object")]
    pub seller: ExtUserInfo,
    /// The buyer.
    #[serde(deserialize_with = "object")]
    pub buyer: ExtUserInfo,
    /// The deposits' currency.
    pub currency_id: Currency,
    /// Описание предложения; not blank.
    pub description: Text<4000, 1>,
    /// Кол-во, from 1 to [`Item::MAX_QUANTITY`].
    pub count: u32,
    /// Длительность in days, from 1 to 3650: how long the deal waits for both reports.
    pub duration: u32,
    /// Время для заключения сделки in days, from 1 to 3650: for consents and deposits together.
    pub duration_to_deal: u32,
    /// Whether the buyer's deposit will pay the price.
    pub deposit_to_seller: bool,
    /// Строка подписи.
    pub hash: RequestHash,
}

/// The parties of a [`ContractCreate`] by the host's own ids, which the commands' actors have: the host looks up the
/// external ids that the call gives.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Parties {
    /// Who sells.
    pub seller: PartyId,
    /// Who buys.
    pub buyer: PartyId,
    /// Where the host keeps their purses and phones: references only.
    pub contacts: Contacts,
}

/// What a service adds to a [`ContractCreate`]: the rules and the commission, which the call does not carry.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Rules {
    /// The policy; `performance_s` and `deposit_s` come from the call. Keep [`Policy::guarantee`]'s `consent` and
    /// `acceptance`, or the calls do not lead anywhere.
    pub policy: Policy,
    /// The commission.
    pub fees: Vec<Fee>,
    /// The arbiter, where there is one from the start.
    pub arbiter: Option<PartyId>,
}

impl Default for Rules {
    /// [`Policy::guarantee`], no commission, no arbiter yet.
    fn default() -> Self {
        Self { policy: Policy::guarantee(), fees: Vec::new(), arbiter: None }
    }
}

/// What a [`ContractCreate`] comes to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Proposal {
    /// The terms, for [`Deal::propose`] in the call's own context.
    pub terms: Terms,
    /// The side that proposes.
    pub proposer: Side,
}

impl ContractCreate {
    /// The terms that the call proposes, with every rule checked. The hash is not: see
    /// [`Call::verify`](super::Call::verify).
    ///
    /// # Errors
    /// [`CallError`] names the field. Not transient.
    pub fn proposal(&self, parties: &Parties, rules: &Rules) -> Result<Proposal, CallError> {
        let proposer = self.proposer(parties)?;
        let price = positive("amount", &self.amount, self.amount_currency_id)?;
        let seller = self.deposit("seller", &self.seller, proposer == Side::Seller)?;
        let buyer = self.deposit("buyer", &self.buyer, proposer == Side::Buyer)?;
        let (pay_offline, buyer) =
            if self.deposit_to_seller { self.paid_by_deposit(price, buyer)? } else { (price, buyer) };
        let mut policy = rules.policy.clone();
        policy.performance_s = seconds("duration", self.duration)?;
        policy.deposit_s = seconds("durationToDeal", self.duration_to_deal)?;
        let items = items(&self.description, price, within("count", self.count, MAX_COUNT)?);
        let (buyer_id, seller_id) = (parties.buyer.clone(), parties.seller.clone());
        let mut draft = TermsDraft::new(buyer_id, seller_id, self.amount_currency_id, items, policy);
        draft.description = Some(self.description.clone().into());
        draft.pay_offline = Some(pay_offline).filter(|m| !m.is_zero());
        draft.guarantees = Guarantees { buyer, seller };
        draft.contacts = parties.contacts.clone();
        draft.fees = rules.fees.clone();
        draft.arbiter = rules.arbiter.clone();
        let terms = Terms::new(draft).map_err(|e| CallError::at("terms", Problem::Terms(e)))?;
        Ok(Proposal { terms, proposer })
    }

    /// What follows once the deal is proposed: the proposer's own transaction as a claim, and their purse. `wallet` is
    /// the reference under which the host's vault has the purse.
    ///
    /// # Errors
    /// [`Problem::NotAParty`], [`Problem::NothingToPay`].
    pub fn follow_up(
        &self,
        deal: &Deal,
        gateway: &GatewayName,
        wallet: Option<InstrumentRef>,
    ) -> Result<Vec<Command>, CallError> {
        let side = side_of(deal, &self.user_id)?;
        let (field, own) = match side {
            Side::Buyer => ("buyer.TranId", &self.buyer),
            Side::Seller => ("seller.TranId", &self.seller),
        };
        let stated = stated(deal, side, (field, own.tran_id.as_ref()), gateway)?;
        let agree = stated.map(|payment| Agree::new(1).payment(payment).into());
        Ok(agree.into_iter().chain(wallet.map(|w| purse(side, w))).collect())
    }

    fn proposer(&self, parties: &Parties) -> Result<Side, CallError> {
        for (field, side) in [("seller.ExternalId", &self.seller), ("buyer.ExternalId", &self.buyer)] {
            if side.external_id.is_none() {
                return Err(CallError::at(field, Problem::Missing));
            }
        }
        if self.seller.external_id == self.buyer.external_id || parties.seller == parties.buyer {
            return Err(CallError::at("buyer.ExternalId", Problem::BuyerIsSeller));
        }
        if self.user_id == parties.seller {
            Ok(Side::Seller)
        } else if self.user_id == parties.buyer {
            Ok(Side::Buyer)
        } else {
            Err(CallError::at("userId", Problem::NotAParty))
        }
    }

    /// The deposit of one side; `None` for none.
    fn deposit(&self, field: &str, side: &ExtUserInfo, own: bool) -> Result<Option<Money>, CallError> {
        let at = |name: &str, problem| CallError::at(format!("{field}.{name}"), problem);
        let answers = [
            ("Agree", side.agree),
            ("IsDepositPaid", side.is_deposit_paid),
            ("Accepted", side.accepted),
            ("Canceled", side.canceled),
            ("InvoiceId", side.invoice_id.is_some()),
        ];
        if let Some((name, _)) = answers.iter().find(|(_, given)| *given) {
            return Err(at(name, Problem::AnswerOnly));
        }
        if side.tran_id.is_some() && !own {
            return Err(at("TranId", Problem::NotYours));
        }
        let Some(deposit) = &side.deposit else {
            return Ok(None);
        };
        let money = amount(&format!("{field}.Deposit"), deposit, self.currency_id)?;
        Ok(Some(money).filter(|m| !m.is_zero()))
    }

    /// What is paid directly, and no guarantee of the buyer's: the buyer's deposit pays, as far as it goes.
    fn paid_by_deposit(
        &self,
        price: Money,
        deposit: Option<Money>,
    ) -> Result<(Money, Option<Money>), CallError> {
        let deposit = deposit.ok_or_else(|| CallError::at("buyer.Deposit", Problem::Missing))?;
        let other = |_| CallError::at("currencyId", Problem::DepositPaysInPrice);
        let rest = price.checked_sub(deposit).map_err(other)?;
        if rest.is_negative() {
            return Err(CallError::at("buyer.Deposit", Problem::DepositOverPrice));
        }
        Ok((rest, None))
    }
}

fn amount(field: &str, amount: &Amount, currency: Currency) -> Result<Money, CallError> {
    let money = amount.money(currency).map_err(|e| CallError::at(field, Problem::Amount(e)))?;
    if money.is_negative() {
        return Err(CallError::at(field, Problem::Negative));
    }
    if money.minor() > Terms::MAX_AMOUNT {
        return Err(CallError::at(field, Problem::OverLimit { max: Terms::MAX_AMOUNT }));
    }
    Ok(money)
}

fn positive(field: &str, text: &Amount, currency: Currency) -> Result<Money, CallError> {
    let money = amount(field, text, currency)?;
    if money.is_zero() { Err(CallError::at(field, Problem::Zero)) } else { Ok(money) }
}

fn within(field: &str, value: u32, max: u32) -> Result<u32, CallError> {
    match value {
        0 => Err(CallError::at(field, Problem::Zero)),
        _ if value > max => Err(CallError::at(field, Problem::OverLimit { max: max.into() })),
        _ => Ok(value),
    }
}

fn seconds(field: &str, days: u32) -> Result<u32, CallError> {
    let most = Policy::MAX_DURATION_S.checked_div(DAY).unwrap_or(0);
    within(field, days, most).map(|days| days.saturating_mul(DAY))
}

/// `count` units that cost `price` together. What does not divide is spread: some units cost one minor unit more.
fn items(description: &str, price: Money, count: u32) -> Vec<Item> {
    // the first line that says something; the whole text is the description
    let line = description.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or("–");
    let name: String = line.chars().take(200).collect();
    let Ok(name) = Text::<200, 1>::new(name) else {
        return Vec::new();
    };
    let each = price.minor().checked_div(count.into()).unwrap_or(0);
    let dearer =
        price.minor().checked_rem(count.into()).and_then(|rest| u32::try_from(rest).ok()).unwrap_or(0);
    let units = [(each, count.saturating_sub(dearer)), (each.saturating_add(1), dearer)];
    let some = units.into_iter().filter(|(_, quantity)| *quantity > 0);
    some.map(|(minor, quantity)| {
        Item::new(name.clone(), Money::from_minor(minor, price.currency()), quantity)
    })
    .collect()
}
