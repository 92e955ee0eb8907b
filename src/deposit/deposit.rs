//! A deposit and its buckets: at every step `received = held + reserved + paid_out + refunded + charged_back`.

use serde::{Deserialize, Serialize};

use super::{ClientKey, DepositId, Reason};
use crate::stored::left_out::is_default;
use crate::{Money, Payee, Rate, Side};

/// What a deposit is for.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DepositPurpose {
    /// Pays for the deal.
    Payment,
    /// Secures the deal and goes back.
    Guarantee,
    /// An additional charge, optional to pay.
    Charge,
}

/// Where the money of a deposit is, in minor units of its currency. Stored without what is zero.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Buckets {
    /// All that ever came in, by charges and holds; a hold that fails or lapses leaves it again.
    #[serde(default, skip_serializing_if = "is_default")]
    pub received: i64,
    /// What is there and not assigned to anybody, money on hold included.
    #[serde(default, skip_serializing_if = "is_default")]
    pub held: i64,
    /// What is assigned to legs that are not settled yet.
    #[serde(default, skip_serializing_if = "is_default")]
    pub reserved: i64,
    /// What went to payees.
    #[serde(default, skip_serializing_if = "is_default")]
    pub paid_out: i64,
    /// What went back to who paid it: refunds, voids, the uncaptured rest of holds.
    #[serde(default, skip_serializing_if = "is_default")]
    pub refunded: i64,
    /// What a lost chargeback took out of the pot.
    #[serde(default, skip_serializing_if = "is_default")]
    pub charged_back: i64,
}

impl DepositPurpose {
    /// What a deposit of this name is for.
    pub(crate) fn of(id: DepositId) -> Self {
        if id.is_charge() {
            Self::Charge
        } else if id <= DepositId::SELLER_PAYMENT {
            Self::Payment
        } else {
            Self::Guarantee
        }
    }
}

impl Buckets {
    /// Whether `received` equals the sum of the others, and none is negative.
    pub fn conserve(&self) -> bool {
        let parts = [self.held, self.reserved, self.paid_out, self.refunded, self.charged_back];
        let sum = parts.iter().try_fold(0_i64, |sum, &part| sum.checked_add(part));
        parts.iter().all(|&part| part >= 0) && sum == Some(self.received)
    }
}

/// What an additional charge is for.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChargeDetails {
    /// The client's key, by which a repeat is recognised.
    pub key: ClientKey,
    /// Who gets it if the deal succeeds.
    pub payee: Payee,
    /// The reason.
    pub reason: Reason,
    /// Which party asked for it; `None`: the operator.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<Side>,
}

/// Money that one party has put, or is to put, into the deal.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Deposit {
    pub(crate) id: DepositId,
    pub(crate) owner: Side,
    #[serde(with = "crate::stored::short")]
    pub(crate) required: Money,
    #[serde(default, skip_serializing_if = "is_default")]
    pub(crate) buckets: Buckets,
    /// The part of `held` that is authorised but not captured.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(crate) on_hold: i64,
    /// What lost chargebacks took out of what is held.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(crate) lost: i64,
    /// What of that an ending divides all the same: it was lost after the performance had begun.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(crate) lost_later: i64,
    /// What of lost chargebacks no pot, no leg and no debt bears.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(crate) borne: i64,
    /// What captures that failed after the performance had begun would have brought.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(crate) missed: i64,
    /// G, of the buyer's payment: what the seller has given back.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(crate) given_back: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) charge: Option<std::sync::Arc<ChargeDetails>>,
}

impl Deposit {
    /// Its name in the deal.
    pub const fn id(&self) -> DepositId {
        self.id
    }

    /// Who pays it.
    pub const fn owner(&self) -> Side {
        self.owner
    }

    /// What it is for.
    pub fn purpose(&self) -> DepositPurpose {
        DepositPurpose::of(self.id)
    }

    /// How much is required.
    pub const fn required(&self) -> Money {
        self.required
    }

    /// Where its money is, in minor units of [`Deposit::required`]'s currency.
    pub const fn buckets(&self) -> &Buckets {
        &self.buckets
    }

    /// What is there and not assigned to anybody.
    pub const fn held(&self) -> Money {
        Money::from_minor(self.buckets.held, self.required.currency())
    }

    /// What is authorised but not captured.
    pub const fn on_hold(&self) -> Money {
        Money::from_minor(self.on_hold, self.required.currency())
    }

    /// What of the chargebacks of its payments no pot, no leg and no debt bears: the platform's own cost.
    pub const fn borne(&self) -> Money {
        Money::from_minor(self.borne, self.required.currency())
    }

    /// What captures that failed after the performance had begun would have brought. An ending divides it all the same; what the
    /// payees miss of it, the owner owes them.
    pub const fn missed(&self) -> Money {
        Money::from_minor(self.missed, self.required.currency())
    }

    /// What is there and captured, in minor units.
    pub(crate) const fn cash(&self) -> i64 {
        self.buckets.held.saturating_sub(self.on_hold)
    }

    /// What it would hold had nothing been lost since the performance began, in minor units.
    pub(crate) const fn as_if_held(&self) -> i64 {
        self.buckets.held.saturating_add(self.lost_later)
    }

    /// What an ending divides: what it would hold had nothing been lost, and had no capture failed, since the performance
    /// began; in minor units.
    pub(crate) fn divided(&self) -> i64 {
        let held = self.as_if_held();
        held.saturating_add(self.required.minor().saturating_sub(held).clamp(0, self.missed.max(0)))
    }

    /// What an ending can need of it, in minor units: what is required, but for what was given back.
    pub(crate) fn needed(&self) -> i64 {
        self.required.minor().saturating_sub(self.given_back).max(0)
    }

    /// What is still to be paid; zero once it is full. Nobody has to pay what was given back.
    pub fn outstanding(&self) -> Money {
        let missing = self.needed().saturating_sub(self.as_if_held()).max(0);
        Money::from_minor(missing, self.required.currency())
    }

    /// Whether it is paid in full, where this much of a required payment may be missing.
    pub fn is_full(&self, shortfall: Rate) -> bool {
        let missing = self.outstanding().minor();
        missing == 0 || missing <= self.tolerated(shortfall)
    }

    /// How much of it may be missing.
    pub(crate) fn tolerated(&self, shortfall: Rate) -> i64 {
        if shortfall == Rate::ZERO || !self.id.is_required_payment() {
            return 0;
        }
        shortfall.floor_of(self.required.minor())
    }

    /// The details of an additional charge.
    pub fn charge(&self) -> Option<&ChargeDetails> {
        self.charge.as_deref()
    }
}
