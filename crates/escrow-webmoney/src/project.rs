//! From a deal to the documented objects.

use super::{Amount, ContractInfo, DealInfo, ExtUserInfo, Inexpressible, Personal, ServiceId};
use serde::{Deserialize, Serialize};

use escrow::Recorded;
use escrow::deal::command::Verdict;
use escrow::deal::{Deal, Event};
use escrow::deposit::{Deposit, DepositId, Reference, Transaction, TransactionState};
use escrow::settlement::{Ending, Fault};
use escrow::terms::Terms;
use escrow::{Actor, Currency, DealId, PartyId, Side, Text};

/// What the host knows of one side, and the deal does not: personal data.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Contact {
    /// The user's id in a system of the host's own.
    pub external_id: Option<Personal>,
    /// The phone.
    pub phone: Option<Personal>,
    /// The purse.
    pub purse: Option<Personal>,
}

impl From<&ExtUserInfo> for Contact {
    fn from(info: &ExtUserInfo) -> Self {
        Self { external_id: info.external_id.clone(), phone: info.phone.clone(), purse: info.purse.clone() }
    }
}

/// What an object shows beside the deal. Show purses and phones to whom they belong, and to nobody else by default:
/// for the other side give a [`Contact`] without them.
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    /// The service.
    pub service_id: &'a ServiceId,
    /// Who proposed the current version: [`author`] knows it from the journal.
    pub user_id: &'a PartyId,
    /// The seller.
    pub seller: &'a Contact,
    /// The buyer.
    pub buyer: &'a Contact,
}

/// What the host knows of both sides, by the references in the deal: the phone that a user has given with an offer, a take or
/// a proposal reaches the contract without the deal having it.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub struct People {
    /// The seller.
    pub seller: Contact,
    /// The buyer.
    pub buyer: Contact,
}

impl People {
    /// Looks both up; a side without a reference, or whom the host does not know, shows nothing.
    pub fn of(deal: &Deal, known: impl Fn(&Text<128, 1>) -> Option<Contact>) -> Self {
        let contacts = &deal.terms().contacts;
        let look_up =
            |reference: &Option<Text<128, 1>>| reference.as_ref().and_then(&known).unwrap_or_default();
        Self { seller: look_up(&contacts.seller), buyer: look_up(&contacts.buyer) }
    }

    /// What an object shows of them.
    pub const fn view<'a>(&'a self, service_id: &'a ServiceId, user_id: &'a PartyId) -> View<'a> {
        View { service_id, user_id, seller: &self.seller, buyer: &self.buyer }
    }
}

/// A claim that one side has filed. The reference has no object for it: the fields are ours.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct ClaimInfo {
    /// The deal.
    pub deal_id: DealId,
    /// Who filed it.
    pub user_id: PartyId,
    /// Its number at the arbitration.
    pub claim_id: Reference,
}

impl ClaimInfo {
    /// The claims of a deal: each side's own, the buyer's first. One side's does not replace the other's.
    pub fn list(deal: &Deal) -> Vec<Self> {
        let claim = |side| {
            let claim_id = deal.dispute()?.claim(side)?.clone();
            Some(Self { deal_id: deal.id(), user_id: deal.terms().party(side).clone(), claim_id })
        };
        Side::ALL.into_iter().filter_map(claim).collect()
    }
}

/// Who proposed the current version of the terms, by the journal; `None` for staff, who propose for nobody.
pub fn author<'e>(journal: impl DoubleEndedIterator<Item = &'e Recorded>) -> Option<&'e PartyId> {
    let mut versions =
        journal.rev().filter(|r| matches!(r.event, Event::Proposed { .. } | Event::TermsAmended { .. }));
    match &versions.next()?.actor {
        Actor::Party(id) => Some(id),
        Actor::Operator(_) | Actor::Moderator(_) | Actor::Gateway | Actor::Tracker | Actor::Clock => None,
    }
}

impl ContractInfo {
    /// The contract that the deal is, or was.
    ///
    /// # Errors
    /// [`Inexpressible`] for a deal that no call of WebMoney's makes.
    pub fn of(deal: &Deal, view: &View<'_>) -> Result<Self, Inexpressible> {
        let terms = deal.terms();
        Ok(Self {
            id: deal.id(),
            service_id: view.service_id.clone(),
            version_id: deal.terms_version(),
            user_id: view.user_id.clone(),
            description: terms.description.clone().unwrap_or_default(),
            tags: terms.tags.clone(),
            amount: Amount::of(terms.quote().price),
            amount_currency_id: terms.currency,
            count: count(terms),
            count_measure: measure(terms),
            currency_id: deposits_currency(deal)?,
            duration_to_deal: days(terms.policy.deposit_s),
            duration: days(terms.policy.performance_s),
            deposit_to_seller: pays_by_deposit(terms),
            seller: side_of(deal, Side::Seller, view.seller),
            buyer: side_of(deal, Side::Buyer, view.buyer),
            comiss: Amount::of(terms.quote().commission),
            status: deal.status(),
            created: deal.created_at(),
            modified: deal.last_at(),
        })
    }
}

impl DealInfo {
    /// The deal, once it is concluded.
    ///
    /// # Errors
    /// [`Inexpressible::NotConcluded`] for what is, or never came to be more than, a contract; otherwise as
    /// [`ContractInfo::of`].
    pub fn of(deal: &Deal, view: &View<'_>) -> Result<Self, Inexpressible> {
        let concluded = deal.concluded_at().ok_or(Inexpressible::NotConcluded)?;
        let contract = ContractInfo::of(deal, view)?;
        Ok(Self {
            id: contract.id,
            service_id: contract.service_id,
            contract_id: contract.id,
            description: contract.description,
            tags: contract.tags,
            amount: contract.amount,
            amount_currency_id: contract.amount_currency_id,
            count: contract.count,
            count_measure: contract.count_measure,
            currency_id: contract.currency_id,
            duration: contract.duration,
            deposit_to_seller: contract.deposit_to_seller,
            seller: contract.seller,
            buyer: contract.buyer,
            comiss: contract.comiss,
            status: contract.status,
            status_old: deal.status_change().previous,
            created: concluded,
            modified: contract.modified,
            can_create_claim: deal.can_claim(),
            can_create_lawsuit: deal.can_sue(),
        })
    }
}

/// Whether the buyer's deposit pays the seller (`DepositToSeller`), or the whole price is paid directly.
fn pays_by_deposit(terms: &Terms) -> bool {
    terms.quote().proceeds.is_positive()
}

/// The deposits of one side: first the one that its `Deposit` shows, then what else it may owe (a commission).
pub(super) fn deposits_of(deal: &Deal, side: Side) -> impl Iterator<Item = &Deposit> {
    let (guarantee, payment) = (DepositId::guarantee(side), DepositId::payment(side));
    let first = if shows_payment(deal.terms(), side) { [payment, guarantee] } else { [guarantee, payment] };
    first.into_iter().filter_map(|id| deal.deposit(id))
}

fn shows_payment(terms: &Terms, side: Side) -> bool {
    match side {
        Side::Buyer => pays_by_deposit(terms),
        Side::Seller => false,
    }
}

fn deposits_currency(deal: &Deal) -> Result<Currency, Inexpressible> {
    let mut found = None;
    for side in Side::ALL {
        let mut deposits = deposits_of(deal, side);
        let shown = deposits.next().map(Deposit::required).filter(|m| !m.is_zero());
        let second = deposits.next().is_some_and(|d| !d.required().is_zero());
        if shows_payment(deal.terms(), side) && second {
            return Err(Inexpressible::TwoDeposits);
        }
        match (found, shown.map(|m| m.currency())) {
            (Some(one), Some(other)) if one != other => return Err(Inexpressible::DepositCurrencies),
            (_, Some(currency)) => found = Some(currency),
            (_, None) => {}
        }
    }
    Ok(found.unwrap_or(deal.terms().currency))
}

fn side_of(deal: &Deal, side: Side, contact: &Contact) -> ExtUserInfo {
    let accepted = deal.consents().of(side);
    // once concluded, it was paid, wherever the money is now
    let nothing_left =
        deal.concluded_at().is_some() || deposits_of(deal, side).all(|d| d.outstanding().is_zero());
    let is_deposit_paid = nothing_left && deposits_of(deal, side).any(|d| !d.required().is_zero());
    let turned_down = deal.ending() == Some(&Ending::Cancelled(Fault::from(side)));
    ExtUserInfo {
        external_id: contact.external_id.clone(),
        deposit: deposits_of(deal, side).next().map(|d| Amount::of(d.required())),
        phone: contact.phone.clone(),
        purse: contact.purse.clone(),
        agree: accepted && nothing_left,
        is_deposit_paid,
        accepted,
        canceled: turned_down || deal.report(side) == Some(Verdict::Failure),
        invoice_id: latest(deal, side, |t| t.key().is_some()).map(|t| t.id().number()),
        tran_id: latest(deal, side, names_a_payment).and_then(Transaction::reference).cloned(),
    }
}

/// The latest inbound transaction of this kind, in the deposit that is shown before any other.
fn latest(deal: &Deal, side: Side, wanted: impl Fn(&Transaction) -> bool) -> Option<&Transaction> {
    let into = |deposit: &Deposit| {
        let id = deposit.id();
        deal.transactions().iter().rev().find(|t| t.deposit() == id && t.kind().is_inbound() && wanted(t))
    };
    deposits_of(deal, side).find_map(into)
}

/// A payment that came in, or that its payer claims to have made; not one that the gateway denies.
fn names_a_payment(transaction: &Transaction) -> bool {
    let denied = matches!(transaction.state(), TransactionState::Failed(_));
    transaction.reference().is_some() && !denied
}

fn count(terms: &Terms) -> u32 {
    terms.items.iter().fold(0, |sum, item| item.quantity.saturating_add(sum))
}

fn measure(terms: &Terms) -> Option<Text<16, 1>> {
    let (first, rest) = terms.items.split_first()?;
    let same = rest.iter().all(|item| item.unit == first.unit);
    first.unit.clone().filter(|_| same)
}

/// Whole days, rounded up: what is shown is never shorter than what is agreed.
pub(super) const fn days(seconds: u32) -> u32 {
    seconds.div_ceil(DAY)
}

pub(super) const DAY: u32 = 86_400;
