//! Paying in, paying out, and the gateway's facts.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::deposit::{CaptureId, ClientKey, DepositId, GatewayName, MethodName, Reason, Reference, TxId};
use crate::{Destination, Money, Payee, Side, Text, Time};

/// Asks for a form to pay a deposit with. The money counts once the gateway confirms it, not before.
///
/// Where creation implies consent ([`Consent::OnCreation`](crate::terms::Consent::OnCreation)) and an amendment has undone
/// its party's, a request under a new key that names the version is also their consent to it. Money alone never is.
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
    /// The version of the terms that the payer has seen. Where their consent is missing, asking for the current version is
    /// consent to it, and another one is refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub terms_version: Option<u32>,
}

impl RequestPayment {
    /// Asks for a form to pay so much into this deposit.
    pub fn new(key: ClientKey, deposit: DepositId, amount: Money, form: impl Into<Arc<PaymentForm>>) -> Self {
        Self { key, deposit, amount, form: form.into(), terms_version: None }
    }

    /// The version of the terms that the payer has seen.
    #[must_use]
    pub fn terms_version(mut self, version: impl Into<Option<u32>>) -> Self {
        self.terms_version = version.into();
        self
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
    /// When the authorisation expires, where the money is on hold only; absent for a charge. Told again of the same hold, the
    /// soonest counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held_until: Option<Time>,
    /// The gateway's id of the capture, where a payment is captured in parts. All charges of one payment in one deposit
    /// have one, or none has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub capture: Option<CaptureId>,
    /// Whether nothing more of this payment is captured: what is left of its hold is let go. True unless said otherwise.
    #[serde(default = "yes", rename = "final", skip_serializing_if = "is_yes")]
    pub is_final: bool,
}

impl ConfirmPayment {
    /// Money that was charged, into a deposit.
    pub const fn charged(
        deposit: DepositId,
        gateway: GatewayName,
        reference: Reference,
        amount: Money,
    ) -> Self {
        Self {
            deposit,
            gateway,
            reference,
            amount,
            transaction: None,
            held_until: None,
            capture: None,
            is_final: true,
        }
    }

    /// One capture of several.
    #[must_use]
    pub fn capture(mut self, id: CaptureId, is_final: bool) -> Self {
        (self.capture, self.is_final) = (Some(id), is_final);
        self
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
    /// Done; its id at the gateway. Of a capture it is the id by which the gateway tells of it again, as
    /// [`ConfirmPayment::capture`]: under another one it would be more money.
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

/// How far a chargeback is. Opened, then won or lost; what was won may be lost later, and what was lost may be given back;
/// each once.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChargebackStep {
    /// The payer has asked their bank for the money: so much of it is kept back.
    Opened,
    /// The bank has taken it.
    Lost,
    /// The bank has given it up.
    Won,
    /// The bank has given back what it had taken, or a part of it.
    Reinstated,
}

names! {
    /// Every step.
    ChargebackStep, "a step of a chargeback: opened, lost, won or reinstated" {
        Opened = "opened",
        Lost = "lost",
        Won = "won",
        Reinstated = "reinstated",
    }
}

/// A fact: the payer's bank takes a payment back, gives it up, or gives it back. It may be told before the payment is.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Chargeback {
    /// The gateway's id of the chargeback.
    pub reference: Reference,
    /// The gateway.
    pub gateway: GatewayName,
    /// The gateway's id of the payment.
    pub payment: Reference,
    /// The deposit that is meant, where the gateway says so. Otherwise the chargeback is divided over all that the payment
    /// paid for, by the largest remainder of what is left of each.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deposit: Option<DepositId>,
    /// How much; positive, in the currency of the payment.
    pub amount: Money,
    /// How far it is.
    pub step: ChargebackStep,
}

/// A fact: the payee's bank gave an outgoing payment back, whole or in part.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Returned {
    /// The transaction that was sent.
    pub transaction: TxId,
    /// How much came back; positive, and with what came back of it before at most what was sent.
    pub amount: Money,
    /// The gateway's id of the return, by which a repeat is recognised.
    pub reference: Reference,
}

impl Returned {
    /// So much of a payment came back.
    pub const fn new(transaction: TxId, amount: Money, reference: Reference) -> Self {
        Self { transaction, amount, reference }
    }
}

/// A debt is paid, by whatever way: through the gateway, or outside.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct SettleReceivable {
    /// The number of the debt.
    pub receivable: u32,
    /// How much; positive, at most what is open.
    pub amount: Money,
    /// The payment's id, by which a repeat is recognised.
    pub reference: Reference,
    /// Where the money came from, in words.
    #[serde(default)]
    pub source: Reason,
}

impl SettleReceivable {
    /// So much of a debt is paid, by this payment.
    pub fn new(receivable: u32, amount: Money, reference: Reference) -> Self {
        Self { receivable, amount, reference, source: Reason::default() }
    }
}

const fn yes() -> bool {
    true
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
const fn is_yes(value: &bool) -> bool {
    *value
}

impl Chargeback {
    /// A chargeback of a payment came to this step.
    pub fn new(
        reference: Reference,
        (gateway, payment): (GatewayName, Reference),
        amount: Money,
        step: ChargebackStep,
    ) -> Self {
        Self { reference, gateway, payment, deposit: None, amount, step }
    }

    /// It is about what the payment paid into this deposit.
    #[must_use]
    pub fn of(mut self, deposit: impl Into<Option<DepositId>>) -> Self {
        self.deposit = deposit.into();
        self
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
