//! The payment gateway.

use std::future::Future;

use crate::deal::PendingOrder;
use crate::deal::command::{Answered, PaymentForm};
use crate::deposit::{DepositId, IdempotencyKey};
use crate::{Money, PartyId};

/// What the payer's browser is sent to pay with.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct CheckoutRequest<'a> {
    /// The pending transaction: let the gateway hand it back with its confirmation.
    pub key: IdempotencyKey,
    /// Into which deposit.
    pub deposit: DepositId,
    /// The amount.
    pub amount: Money,
    /// The method, and where the browser is sent afterwards.
    pub form: &'a PaymentForm,
    /// Who pays.
    pub payer: &'a PartyId,
    /// What the payer reads on the page: the description of the deal, or the name of its first item.
    pub description: Option<&'a str>,
    /// The host's own id of the order that the deal is about.
    pub order_id: Option<&'a str>,
}

impl<'a> CheckoutRequest<'a> {
    /// A payment of this amount by this payer, without a word on what it is for.
    pub const fn new(
        key: IdempotencyKey,
        deposit: DepositId,
        amount: Money,
        form: &'a PaymentForm,
        payer: &'a PartyId,
    ) -> Self {
        Self { key, deposit, amount, form, payer, description: None, order_id: None }
    }

    /// What the payer reads on the page.
    #[must_use]
    pub const fn description(mut self, description: Option<&'a str>) -> Self {
        self.description = description;
        self
    }

    /// The host's own id of the order.
    #[must_use]
    pub const fn order_id(mut self, order_id: Option<&'a str>) -> Self {
        self.order_id = order_id;
        self
    }
}

/// How a form is sent.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FormMethod {
    /// By HTTP GET.
    Get,
    /// By HTTP POST.
    Post,
}

/// A form that leads the payer's browser to the gateway's page.
///
/// # Source
/// Nalogka's deposit-form: method, url, parameters.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CheckoutForm {
    /// How to send it.
    pub method: FormMethod,
    /// The address.
    pub url: String,
    /// The hidden fields.
    pub parameters: Vec<(String, String)>,
}

/// Moves money.
///
/// An implementation must treat the key as the identity of an order: the first call with a key has the effect, every
/// later one only tells what became of the order. The crate asks again under the same key whenever it does not know.
///
/// Many providers forget a key after a day, and then act again. An adapter to one of those looks before it acts, wherever
/// [`PendingOrder::first_sent`] says that the order may have been sent: it sends the deal and the number as metadata, and
/// asks for them first.
pub trait PaymentGateway: Sync {
    /// What can go wrong on the way to the gateway.
    type Error: Send;

    /// The form for a payment that a party has requested. No money moves.
    fn checkout(
        &self,
        request: CheckoutRequest<'_>,
    ) -> impl Future<Output = Result<CheckoutForm, Self::Error>> + Send;

    /// Carries out an order, at most once per key. `Err` means *unknown*, not *failed*: the order stays pending and
    /// is asked again. Only [`Answered::Declined`] is a failure, and it is for good.
    fn execute(&self, order: PendingOrder<'_>) -> impl Future<Output = Result<Answered, Self::Error>> + Send;
}

impl<G: PaymentGateway> PaymentGateway for &G {
    type Error = G::Error;

    fn checkout(
        &self,
        request: CheckoutRequest<'_>,
    ) -> impl Future<Output = Result<CheckoutForm, Self::Error>> + Send {
        (**self).checkout(request)
    }

    fn execute(&self, order: PendingOrder<'_>) -> impl Future<Output = Result<Answered, Self::Error>> + Send {
        (**self).execute(order)
    }
}
