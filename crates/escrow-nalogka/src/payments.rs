//! From the requests for forms to the payments that they are for, and payments beside the deposit.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::desk::Desk;
use super::error::{ApiError, ErrorKind};
use super::form::{PaymentPage, ReturnUrl};
use super::project::ProjectionError;
use super::requests::{AddPayment, ChargeForm, DepositForm};
use super::requisite::{RequisiteId, RequisiteKind};
use super::sum::Sum;
use super::user::denied;
use escrow::deal::command::{AddCharge, PaymentForm, RequestPayment, ReturnUrls};
use escrow::deposit::{ClientKey, DepositId, MethodName, Reason};
use escrow::{Actor, Caller, Deal, Deposit, Destination, Payee, Role, Side};

/// A payment to be requested, and with what it is paid.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct FormRequest {
    /// To be submitted; [`Agent::checkout`](escrow::Agent::checkout) gives the form for it then. Its method is the kind of
    /// the requisite: `account`, `card` or `wallet`.
    pub payment: RequestPayment,
    /// The payer's requisite: for the host to give to the gateway with the form ([`Form::with`](crate::Form::with)).
    pub requisite: Destination,
}

impl DepositForm {
    /// The payment of the caller's own deposit.
    ///
    /// # Errors
    /// [`ErrorKind::AccessDenied`] where the caller is no party, [`ErrorKind::Validation`] where nothing is to be paid, or
    /// the requisite is not one of theirs.
    pub fn request(&self, deal: &Deal, caller: &Caller, desk: &impl Desk) -> Result<FormRequest, ApiError> {
        let side = side_of(deal, &caller.actor)?;
        let requisite = requisite(deal, side, &self.requisite_id, desk)?;
        let urls = (&self.success_url, &self.fail_url);
        with(deal, DepositId::payment(side), requisite, &self.requisite_id, urls)
    }
}

impl ChargeForm {
    /// The payment of an additional payment that the caller has not made: the one that is named, or the first.
    ///
    /// # Errors
    /// As [`DepositForm::request`]; [`ErrorKind::AccessDenied`] where somebody else is to pay,
    /// [`ErrorKind::NotFound`] where there is no such payment.
    pub fn request(&self, deal: &Deal, caller: &Caller, desk: &impl Desk) -> Result<FormRequest, ApiError> {
        let side = side_of(deal, &caller.actor)?;
        if self.profile_id.as_ref().is_some_and(|id| id != deal.terms().party(side)) {
            return Err(denied("each side pays for itself"));
        }
        let named = |d: &&Deposit| self.payment_id.is_none_or(|id| id == d.id());
        let mut charges = deal.deposits().iter().filter(|d| d.charge().is_some()).filter(named);
        let open = |d: &&Deposit| d.owner() == side && d.outstanding().is_positive();
        let charge = match charges.clone().find(open) {
            Some(charge) => charge.id(),
            // a payment that is named is the other side's, or paid
            None => match charges.next().filter(|_| self.payment_id.is_some()) {
                Some(other) if other.owner() != side => return Err(denied("each side pays for itself")),
                Some(_) => return Err(ApiError::new(ErrorKind::Validation, "there is nothing to pay")),
                None => return Err(ApiError::new(ErrorKind::NotFound, "there is no such payment")),
            },
        };
        let requisite = requisite(deal, side, &self.requisite_id, desk)?;
        with(deal, charge, requisite, &self.requisite_id, (&self.success_url, &self.fail_url))
    }
}

impl PaymentPage {
    /// The buyer's payment of the deposit, for whoever runs the page. `method`: what the page pays with.
    ///
    /// # Errors
    /// [`ErrorKind::Validation`] where nothing is to be paid.
    pub fn command(&self, deal: &Deal, method: &MethodName) -> Result<RequestPayment, ApiError> {
        request(deal, DepositId::BUYER_PAYMENT, method, method, (&self.success_url, &self.fail_url))
    }
}

impl AddPayment {
    /// The command: either side asks the other, or offers to pay itself.
    ///
    /// # Errors
    /// [`ErrorKind::AccessDenied`] where the caller is no party.
    pub fn command(&self, deal: &Deal, caller: &Caller) -> Result<AddCharge, ApiError> {
        side_of(deal, &caller.actor)?;
        let payee = self.payer.other().payee();
        let (key, reason) = (self.key.clone(), self.description.clone());
        Ok(AddCharge::new(key, self.payer, payee, self.sum.money(), reason))
    }
}

/// A payment beside the deposit.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AdditionalPayment {
    /// Its id, which `payment-form` names: `charge_1`.
    pub id: DepositId,
    /// Who pays.
    pub payer: Side,
    /// Who gets it if the deal succeeds.
    pub payee: Payee,
    /// How much.
    pub sum: Sum,
    /// What of it is there.
    pub paid: Sum,
    /// What is still to be paid.
    pub outstanding: Sum,
    /// What for.
    pub description: Reason,
}

impl AdditionalPayment {
    /// The payments beside the deposit that were ever asked for, oldest first.
    ///
    /// # Errors
    /// [`ProjectionError`] where the deal is in another currency.
    pub fn list(deal: &Deal) -> Result<Vec<Self>, ProjectionError> {
        let sum = |money| super::project::sum("payments", money);
        let mut all = Vec::new();
        for deposit in deal.deposits() {
            if let Some(charge) = deposit.charge() {
                all.push(Self {
                    id: deposit.id(),
                    payer: deposit.owner(),
                    payee: charge.payee.clone(),
                    sum: sum(deposit.required())?,
                    paid: Sum::from_kopecks(deposit.buckets().received),
                    outstanding: sum(deposit.outstanding())?,
                    description: charge.reason.clone(),
                });
            }
        }
        Ok(all)
    }
}

/// The payer's own requisite.
fn requisite(deal: &Deal, side: Side, id: &RequisiteId, desk: &impl Desk) -> Result<Destination, ApiError> {
    let found = desk.requisite(deal.terms().party(side), id);
    found.ok_or_else(|| ApiError::item("requisite_id", "the payer has no such requisite"))
}

fn with(
    deal: &Deal,
    deposit: DepositId,
    requisite: Destination,
    id: &RequisiteId,
    urls: (&ReturnUrl, &ReturnUrl),
) -> Result<FormRequest, ApiError> {
    let unfit = || ApiError::item("requisite_id", "is nothing to pay with");
    let kind = RequisiteKind::of(&requisite).ok_or_else(unfit)?;
    let method = MethodName::new(kind.as_str()).map_err(|_| unfit())?;
    let payment = request(deal, deposit, &method, id, urls)?;
    Ok(FormRequest { payment, requisite })
}

/// The request for all that is outstanding of a deposit. Its key is made of the version of the terms, the sum and what is
/// paid with, so that asking for the same form again adds nothing, and asking again after an amendment, or to pay in
/// another way, is a request of its own.
fn request(
    deal: &Deal,
    deposit: DepositId,
    method: &MethodName,
    by: &str,
    (success, fail): (&ReturnUrl, &ReturnUrl),
) -> Result<RequestPayment, ApiError> {
    let amount = deal.deposit(deposit).filter(|d| deal.takes_money(d)).map(Deposit::outstanding);
    let nothing = || ApiError::new(ErrorKind::Validation, "there is nothing to pay");
    let amount = amount.filter(|amount| amount.is_positive()).ok_or_else(nothing)?;
    let key = key(deal.terms_version(), amount.minor(), by).ok_or_else(nothing)?;
    let return_urls = ReturnUrls::new(success.text(), fail.text());
    let form = Arc::new(PaymentForm::new(method.clone(), return_urls));
    // what the payer is shown with the form is what they agree to by asking for it
    Ok(RequestPayment::new(key, deposit, amount, form).terms_version(deal.terms_version()))
}

/// An id that is too long for a key is in it as its FNV-1a hash.
fn key(version: u32, minor: i64, by: &str) -> Option<ClientKey> {
    let hash = by.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    let plain = ClientKey::new(format!("v{version}-{minor}-{by}")).ok();
    plain.or_else(|| ClientKey::new(format!("v{version}-{minor}-{hash:016x}")).ok())
}

fn side_of(deal: &Deal, actor: &Actor) -> Result<Side, ApiError> {
    deal.role_of(actor).and_then(Role::side).ok_or_else(|| denied("only the buyer and the seller pay"))
}
