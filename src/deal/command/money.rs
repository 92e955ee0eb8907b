//! Paying in, paying out, and the gateway's facts.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::deposit::{ClientKey, DepositId, GatewayName, MethodName, Reason, Reference, TxId};
use crate::{Destination, Money, Payee, Side, Text, Time};

/// Asks for a form to pay a deposit with. The money counts once the gateway confirms it, not before.
///
/// Where creation implies consent ([`Consent::OnCreation`](crate::terms::Consent::OnCreation)) and the terms were
/// amended while the deposit is awaited, a request under a new key is also its party's consent to them.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct RequestPayment {
    /// The client's key, by which a repeat is recognised.
    pub key: ClientKey,
    /// The deposit; the party's own.
    pub deposit: DepositId,
    /// How much: positive, and at most what is outstanding.
    pub amount: Money,
    /// The method and the addresses for the gateway's page.
    pub form: Arc<PaymentForm>,
}

impl RequestPayment {
    /// Asks for a form to pay so much into this deposit.
    pub fn new(key: ClientKey, deposit: DepositId, amount: Money, form: impl Into<Arc<PaymentForm>>) -> Self {
        Self { key, deposit, amount, form: form.into() }
    }
}

/// What the gateway's payment page needs.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct PaymentForm {
    /// The payment method, in the gateway's terms. One request is for one method: another one needs another key.
    pub method: MethodName,
    /// Where the payer's browser is sent afterwards.
    pub return_urls: ReturnUrls,
}

impl PaymentForm {
    /// A form for this method.
    pub const fn new(method: MethodName, return_urls: ReturnUrls) -> Self {
        Self { method, return_urls }
    }
}

/// Where the payer's browser is sent. A browser that arrives there proves nothing.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct ReturnUrls {
    /// After the payment.
    pub success_url: Text<2000, 1>,
    /// After a failure.
    pub fail_url: Text<2000, 1>,
}

impl ReturnUrls {
    /// Where to after a payment, and where to after a failure.
    pub const fn new(success_url: Text<2000, 1>, fail_url: Text<2000, 1>) -> Self {
        Self { success_url, fail_url }
    }
}

/// A fact: money came in, with or without a request. `(gateway, reference)` names it: the same one again is
/// recognised.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct ConfirmPayment {
    /// Into which deposit.
    pub deposit: DepositId,
    /// By which gateway.
    pub gateway: GatewayName,
    /// The gateway's id of the payment.
    pub reference: Reference,
    /// How much; positive, in the deposit's currency.
    pub amount: Money,
    /// The request that it answers, where the gateway says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transaction: Option<TxId>,
    /// When the authorisation expires, where the money is on hold only; absent for a charge.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held_until: Option<Time>,
}

impl ConfirmPayment {
    /// So much was charged, by this gateway under this id, and is in.
    pub const fn charged(
        deposit: DepositId,
        gateway: GatewayName,
        reference: Reference,
        amount: Money,
    ) -> Self {
        Self { deposit, gateway, reference, amount, transaction: None, held_until: None }
    }

    /// It is on hold only, until then.
    #[must_use]
    pub fn held_until(mut self, held_until: impl Into<Option<Time>>) -> Self {
        self.held_until = held_until.into();
        self
    }

    /// It answers this payment request.
    #[must_use]
    pub fn answering(mut self, transaction: impl Into<Option<TxId>>) -> Self {
        self.transaction = transaction.into();
        self
    }
}

/// What the gateway says of an order.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answered {
    /// Done; its id at the gateway.
    Succeeded(Reference),
    /// Failed for good.
    Declined(Reason),
    /// Not known yet: ask again under the same key.
    InProgress,
}

/// A fact: the gateway's answer to an order.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Answer {
    /// The order.
    pub transaction: TxId,
    /// The answer.
    pub result: Answered,
}

impl Answer {
    /// The gateway answers this order.
    pub const fn new(transaction: TxId, result: Answered) -> Self {
        Self { transaction, result }
    }
}

/// For which money a destination is.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DestinationUse {
    /// What the payee earns.
    Payouts,
    /// What goes back to the payee.
    Refunds,
}

/// Chooses where a payee's earnings go, before or after the ending. A declined leg is ordered again, to the new
/// destination; the same destination is a retry.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct SetDestination {
    /// Whose money: the actor's own; the operator's for platform and processor.
    pub payee: Payee,
    /// Where to. Absent: where the gateway knows the payee.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub destination: Option<Destination>,
}

impl SetDestination {
    /// The payee's earnings go there; `None`: where the gateway knows the payee.
    pub fn new(payee: Payee, destination: impl Into<Option<Destination>>) -> Self {
        Self { payee, destination: destination.into() }
    }
}

/// Chooses where money goes that goes back to a payee, otherwise as [`SetDestination`].
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct RedirectRefund {
    /// Whose money: the actor's own; anybody's for the operator.
    pub payee: Payee,
    /// Where to. Absent: back to the source of the payment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub destination: Option<Destination>,
}

impl RedirectRefund {
    /// What goes back to the payee goes there; `None`: back to the source of the payment.
    pub fn new(payee: Payee, destination: impl Into<Option<Destination>>) -> Self {
        Self { payee, destination: destination.into() }
    }
}

/// How far a chargeback is.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChargebackStep {
    /// The payer has asked their bank for the money: so much of it is kept back.
    Opened,
    /// The bank has taken it.
    Lost,
    /// The bank has given it up.
    Won,
}

/// A fact: the payer's bank takes a payment back, or gives it up.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Chargeback {
    /// The gateway's id of the chargeback.
    pub reference: Reference,
    /// The deposit that was paid.
    pub deposit: DepositId,
    /// How much; positive, in the deposit's currency.
    pub amount: Money,
    /// How far it is.
    pub step: ChargebackStep,
}

impl Chargeback {
    /// The chargeback with this id, of so much of a deposit, came to this step.
    pub const fn new(reference: Reference, deposit: DepositId, amount: Money, step: ChargebackStep) -> Self {
        Self { reference, deposit, amount, step }
    }
}

/// Asks a party for an additional payment: optional to pay, outside the pots, to its payee on success, back to the
/// payer otherwise.
///
/// # Source
/// Nalogka's additional payments by either side (`payment-form`).
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct AddCharge {
    /// The client's key, by which a repeat is recognised.
    pub key: ClientKey,
    /// Who is asked.
    pub payer: Side,
    /// Who gets it; never the payer.
    pub payee: Payee,
    /// How much; positive, in the deal's currency.
    pub amount: Money,
    /// The reason.
    pub reason: Reason,
}

impl AddCharge {
    /// Asks the payer for so much, for the payee.
    pub const fn new(key: ClientKey, payer: Side, payee: Payee, amount: Money, reason: Reason) -> Self {
        Self { key, payer, payee, amount, reason }
    }
}
