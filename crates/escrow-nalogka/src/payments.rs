//! From the requests for forms to the payments that they are for.

use std::sync::Arc;

use super::calls::denied;
use super::error::{ApiError, ErrorKind};
use super::form::{PaymentPage, ReturnUrl};
use super::requests::{ChargeForm, DepositForm};
use escrow::deal::command::{PaymentForm, RequestPayment, ReturnUrls};
use escrow::deposit::{ClientKey, DepositId, MethodName};
use escrow::{Actor, Caller, Deal, Role, Side};

impl DepositForm {
    /// The payment of the caller's own deposit; [`Agent::checkout`](escrow::Agent::checkout) gives the form for it once
    /// it is submitted.
    ///
    /// # Errors
    /// [`ErrorKind::AccessDenied`] where the caller is no party, [`ErrorKind::Validation`] where nothing is to be paid.
    pub fn command(&self, deal: &Deal, caller: &Caller) -> Result<RequestPayment, ApiError> {
        let side = side_of(deal, &caller.actor)?;
        request(deal, DepositId::payment(side), &self.requisite_id, (&self.success_url, &self.fail_url))
    }
}

impl ChargeForm {
    /// The payment of the first additional charge that the payer has not paid.
    ///
    /// # Errors
    /// As [`DepositForm::command`]; [`ErrorKind::AccessDenied`] where somebody else is to pay,
    /// [`ErrorKind::NotFound`] where there is no such charge.
    pub fn command(&self, deal: &Deal, caller: &Caller) -> Result<RequestPayment, ApiError> {
        let side = side_of(deal, &caller.actor)?;
        if self.profile_id.as_ref().is_some_and(|id| id != deal.terms().party(side)) {
            return Err(denied("each side pays for itself"));
        }
        let due =
            |d: &&escrow::Deposit| d.charge().is_some() && d.owner() == side && d.outstanding().is_positive();
        let charge = deal.deposits().iter().find(due).map(escrow::Deposit::id);
        let charge = charge.ok_or_else(|| ApiError::new(ErrorKind::NotFound, "there is no charge to pay"))?;
        request(deal, charge, &self.requisite_id, (&self.success_url, &self.fail_url))
    }
}

impl PaymentPage {
    /// The buyer's payment of the deposit, for whoever runs the page. `method`: what the page pays with.
    ///
    /// # Errors
    /// [`ErrorKind::Validation`] where nothing is to be paid.
    pub fn command(&self, deal: &Deal, method: &MethodName) -> Result<RequestPayment, ApiError> {
        request(deal, DepositId::BUYER_PAYMENT, method, (&self.success_url, &self.fail_url))
    }
}

/// The request for all that is outstanding of a deposit. Its key is made of the version of the terms, the sum and the
/// method, so that asking for the same form again adds nothing, and asking again after an amendment, or to pay in another
/// way, is a request of its own.
fn request(
    deal: &Deal,
    deposit: DepositId,
    method: &MethodName,
    (success, fail): (&ReturnUrl, &ReturnUrl),
) -> Result<RequestPayment, ApiError> {
    let amount = deal.deposit(deposit).filter(|d| deal.takes_money(d)).map(escrow::Deposit::outstanding);
    let nothing = || ApiError::new(ErrorKind::Validation, "there is nothing to pay");
    let amount = amount.filter(|amount| amount.is_positive()).ok_or_else(nothing)?;
    let key = format!("v{}-{}-{method}", deal.terms_version(), amount.minor());
    let key = ClientKey::new(key).map_err(|_| nothing())?;
    let return_urls = ReturnUrls::new(success.text(), fail.text());
    let form = Arc::new(PaymentForm::new(method.clone(), return_urls));
    Ok(RequestPayment::new(key, deposit, amount, form))
}

fn side_of(deal: &Deal, actor: &Actor) -> Result<Side, ApiError> {
    deal.role_of(actor).and_then(Role::side).ok_or_else(|| denied("only the buyer and the seller pay"))
}
