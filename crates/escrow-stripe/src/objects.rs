//! Stripe's objects, as far as they are read. Fields that are not read may be anything.

use std::collections::BTreeMap;

use escrow::deposit::{DepositId, IdempotencyKey};
use escrow::{DealId, TxId};
use serde::{Deserialize, Deserializer};

/// Metadata that says whose an object is: the deal's, or the machine's that has given the order.
pub(crate) const DEAL: &str = "escrow_deal";
/// The number of the order, or of the request for a payment, within its deal.
pub(crate) const ORDER: &str = "escrow_order";
/// Which attempt of it, where the machine numbers those.
pub(crate) const ATTEMPT: &str = "escrow_attempt";
/// The deposit that a payment is for.
pub(crate) const DEPOSIT: &str = "escrow_deposit";
/// The key of the order that has captured a payment.
pub(crate) const CAPTURE: &str = "escrow_capture";
/// The payout whose transfer a reversal takes back.
pub(crate) const PAYOUT: &str = "escrow_payout";
/// The transfer that a payout of a connected account hands on.
pub(crate) const TRANSFER: &str = "escrow_transfer";

/// An object, or only its id where it is not expanded.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub(crate) enum Ref {
    Id(String),
    Object { id: String },
}

impl Ref {
    pub(crate) fn id(&self) -> &str {
        match self {
            Self::Id(id) | Self::Object { id } => id,
        }
    }
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(transparent)]
pub(crate) struct Metadata(BTreeMap<String, String>);

impl Metadata {
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    pub(crate) fn deal(&self) -> Option<DealId> {
        self.get(DEAL)?.parse().ok()
    }

    pub(crate) fn order(&self) -> Option<TxId> {
        self.get(ORDER)?.parse().ok()
    }

    pub(crate) fn deposit(&self) -> Option<DepositId> {
        self.get(DEPOSIT)?.parse().ok()
    }

    /// The order that an object was made by.
    pub(crate) fn key(&self) -> Option<IdempotencyKey> {
        let key = IdempotencyKey::new(self.deal()?.uuid(), self.order()?);
        Some(match self.get(ATTEMPT) {
            Some(attempt) => key.attempt(attempt.parse().ok()?),
            None => key,
        })
    }
}

/// `null` is as good as nothing.
fn or_default<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(
    deserializer: D,
) -> Result<T, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct PaymentIntent {
    pub(crate) id: String,
    pub(crate) status: String,
    pub(crate) amount: i64,
    #[serde(default)]
    pub(crate) amount_capturable: i64,
    #[serde(default)]
    pub(crate) amount_received: i64,
    pub(crate) currency: String,
    #[serde(default, deserialize_with = "or_default")]
    pub(crate) metadata: Metadata,
    #[serde(default)]
    pub(crate) latest_charge: Option<Ref>,
    #[serde(default)]
    pub(crate) cancellation_reason: Option<String>,
    #[serde(default)]
    pub(crate) client_secret: Option<String>,
    #[serde(default)]
    pub(crate) last_payment_error: Option<PaymentError>,
}

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct PaymentError {
    #[serde(default)]
    pub(crate) code: Option<String>,
    #[serde(default)]
    pub(crate) decline_code: Option<String>,
}

/// A page of Stripe's.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct List<T> {
    pub(crate) data: Vec<T>,
    #[serde(default)]
    pub(crate) has_more: bool,
}

impl<T> Default for List<T> {
    fn default() -> Self {
        Self { data: Vec::new(), has_more: false }
    }
}

/// What is looked for by its metadata: a refund, a transfer, a payout.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Made {
    pub(crate) id: String,
    #[serde(default, deserialize_with = "or_default")]
    pub(crate) metadata: Metadata,
}

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Refund {
    pub(crate) id: String,
    pub(crate) amount: i64,
    pub(crate) currency: String,
    #[serde(default)]
    pub(crate) status: Option<String>,
    #[serde(default)]
    pub(crate) failure_reason: Option<String>,
    #[serde(default)]
    pub(crate) payment_intent: Option<Ref>,
    #[serde(default, deserialize_with = "or_default")]
    pub(crate) metadata: Metadata,
}

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Charge {
    pub(crate) id: String,
    #[serde(default)]
    pub(crate) amount_refunded: i64,
    pub(crate) currency: String,
    #[serde(default, deserialize_with = "or_default")]
    pub(crate) metadata: Metadata,
    #[serde(default)]
    pub(crate) payment_intent: Option<Ref>,
    /// Only in events of older versions of the API.
    #[serde(default)]
    pub(crate) refunds: Option<List<Refund>>,
}

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Dispute {
    pub(crate) id: String,
    pub(crate) amount: i64,
    pub(crate) currency: String,
    pub(crate) status: String,
    #[serde(default)]
    pub(crate) reason: Option<String>,
    #[serde(default)]
    pub(crate) payment_intent: Option<Ref>,
    #[serde(default)]
    pub(crate) balance_transactions: Vec<BalanceTransaction>,
}

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct BalanceTransaction {
    pub(crate) amount: i64,
    pub(crate) currency: String,
}

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Transfer {
    pub(crate) id: String,
    pub(crate) currency: String,
    #[serde(default, deserialize_with = "or_default")]
    pub(crate) metadata: Metadata,
    #[serde(default)]
    pub(crate) reversals: List<Reversal>,
}

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Reversal {
    pub(crate) id: String,
    pub(crate) amount: i64,
    #[serde(default, deserialize_with = "or_default")]
    pub(crate) metadata: Metadata,
}

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Payout {
    pub(crate) id: String,
    pub(crate) amount: i64,
    pub(crate) currency: String,
    #[serde(default)]
    pub(crate) failure_code: Option<String>,
    #[serde(default, deserialize_with = "or_default")]
    pub(crate) metadata: Metadata,
}

/// A page on which the payer pays.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Session {
    #[serde(default)]
    pub(crate) url: Option<String>,
}
