//! What a bank tells of a payment of a basket, or of a subscription.

use serde::{Deserialize, Serialize};

use escrow::Money;
use escrow::deal::command::ChargebackStep;
use escrow::deposit::{GatewayName, Reference};

/// A fact: the payer's bank takes a payment back, gives it up, or gives it back. `(gateway, reference)` names it. It
/// may be told before the payment is.
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
    /// How much; positive.
    pub amount: Money,
    /// How far it is.
    pub step: ChargebackStep,
}

impl Chargeback {
    /// A chargeback of a payment came to this step.
    pub fn new(
        reference: Reference,
        (gateway, payment): (GatewayName, Reference),
        amount: Money,
        step: ChargebackStep,
    ) -> Self {
        Self { reference, gateway, payment, amount, step }
    }
}
