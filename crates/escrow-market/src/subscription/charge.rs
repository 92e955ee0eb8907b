//! A charge: what the gateway is asked for, under which key, and what has become of it.

use std::fmt;
use std::str::FromStr;

use escrow::deposit::Reference;
use escrow::{InstrumentRef, Money, ParseError, PartyId, Time};
use serde::{Deserialize, Serialize};

use super::Recipient;
use crate::SubscriptionId;
use crate::id::plain_number;

/// What has become of the latest period's charge.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChargeState {
    /// The latest attempt has no answer yet.
    Pending,
    /// The period is paid.
    Paid,
    /// The latest attempt did not pay it.
    Unpaid,
}

/// The latest period, and its latest attempt.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Charge {
    /// The period, counted from 1.
    pub period: u32,
    /// The attempt within it, counted from 1.
    pub attempt: u16,
    /// How many retries of the schedule are used up.
    pub retries: u8,
    /// How much.
    pub amount: Money,
    /// When the period begins.
    pub from: Time,
    /// When it ends.
    pub to: Time,
    /// What is charged; absent: what the gateway has on file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instrument: Option<InstrumentRef>,
    /// What has become of it.
    pub state: ChargeState,
}

/// The key under which the gateway executes a charge at most once: `{subscription}:{period}:{attempt}`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct ChargeKey {
    /// The subscription.
    pub subscription: SubscriptionId,
    /// The period within it.
    pub period: u32,
    /// The attempt within that.
    pub attempt: u16,
}

impl fmt::Display for ChargeKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.subscription, self.period, self.attempt)
    }
}

impl FromStr for ChargeKey {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let parsed = || {
            let (period, attempt) = text.rsplit_once(':')?;
            let (subscription, period) = period.rsplit_once(':')?;
            Some(Self {
                subscription: subscription.parse().ok()?,
                period: plain_number(period)?,
                attempt: plain_number(attempt)?,
            })
        };
        parsed().ok_or(ParseError::new(
            "the key of a charge: the id of a subscription, a period, an attempt, with colons",
        ))
    }
}

/// A charge that has no answer: what the gateway is to do, or to be asked about, under its key.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct PendingCharge<'s> {
    /// The same before and after a crash.
    pub key: ChargeKey,
    /// Who pays.
    pub payer: &'s PartyId,
    /// Who is paid.
    pub recipient: &'s Recipient,
    /// What for, how much, and with what.
    pub charge: &'s Charge,
}

/// Money that was taken for nothing and has not gone back yet.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct PendingRefund<'s> {
    /// The period that was charged.
    pub period: u32,
    /// Which attempt.
    pub attempt: u16,
    /// How much.
    pub amount: Money,
    /// The gateway's id of the payment.
    pub reference: &'s Reference,
}
