//! Legs: what one payee is to get for one purpose out of one deposit, settled by attempts.

use serde::{Deserialize, Serialize};

use super::deposit_id::{buyers_payment, is_buyers_payment};
use super::{DepositId, Purpose, TransactionKind, TxId};
use crate::stored::left_out::is_default;
use crate::{Money, Payee};

/// A leg within its deal, counted from 1.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct LegId(pub(crate) u32);

impl LegId {
    /// The leg with this number.
    pub(crate) const fn new(number: u32) -> Self {
        Self(number)
    }

    /// The number.
    pub const fn number(self) -> u32 {
        self.0
    }
}

/// How far a leg is.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LegState {
    /// The gateway has the order and has not answered for good.
    Ordered,
    /// The last attempt failed: a new destination orders the next one, and in time it goes to the balance.
    Declined,
    /// Paid through the gateway.
    Settled,
    /// Credited to the payee's in-system balance.
    Credited,
    /// Not sent, while a chargeback of its deposit is open.
    Waiting,
    /// Nothing is left to pay: a chargeback took its money, or the hold that it was to void had lapsed.
    Dropped,
    /// Nobody could be paid until the settlement deadline, and the host keeps no balances: the money stays in `reserved`, and
    /// a destination pays it whenever its payee says one.
    Unclaimed,
}

/// What one payee is to get. Every leg has its own state: a failed one holds up no other.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Leg {
    pub(crate) id: LegId,
    #[serde(default = "buyers_payment", skip_serializing_if = "is_buyers_payment")]
    pub(crate) deposit: DepositId,
    pub(crate) payee: Payee,
    pub(crate) purpose: Purpose,
    #[serde(with = "crate::stored::short")]
    pub(crate) amount: Money,
    pub(crate) state: LegState,
    /// What a lost chargeback has cut from it, in minor units.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(crate) cut: i64,
    /// The leg that it was divided from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) part_of: Option<LegId>,
    /// The chargeback that it waits for, by its number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) waits_for: Option<u32>,
    /// Since when it is what came back from the payee's bank, counted with what is lost. What was lost before does not cut
    /// it for others.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(crate) came_back: u32,
    /// The latest attempt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) tx: Option<TxId>,
    /// The payment that it goes back to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) source: Option<TxId>,
}

impl Leg {
    /// Its number within the deal.
    pub const fn id(&self) -> LegId {
        self.id
    }

    /// The source deposit.
    pub const fn deposit(&self) -> DepositId {
        self.deposit
    }

    /// The payee.
    pub const fn payee(&self) -> &Payee {
        &self.payee
    }

    /// The purpose.
    pub const fn purpose(&self) -> Purpose {
        self.purpose
    }

    /// The amount.
    pub const fn amount(&self) -> Money {
        self.amount
    }

    /// What lost chargebacks have cut from it.
    pub const fn cut(&self) -> Money {
        Money::from_minor(self.cut, self.amount.currency())
    }

    /// The chargeback that it waits for, by its number.
    pub const fn waits_for(&self) -> Option<u32> {
        self.waits_for
    }

    /// Where it stands.
    pub const fn state(&self) -> LegState {
        self.state
    }

    /// The latest attempt; none while it waits.
    pub const fn transaction(&self) -> Option<TxId> {
        self.tx
    }

    /// The payment that it goes back to.
    pub const fn source(&self) -> Option<TxId> {
        self.source
    }

    /// Whether it was credited to a balance by this transaction, which no gateway has seen.
    pub(crate) fn is_credited_by(&self, tx: TxId) -> bool {
        self.state == LegState::Credited && self.tx == Some(tx)
    }

    /// Whether it is over: paid, credited, or dropped.
    pub const fn is_settled(&self) -> bool {
        match self.state {
            LegState::Settled | LegState::Credited | LegState::Dropped => true,
            LegState::Ordered | LegState::Declined | LegState::Waiting | LegState::Unclaimed => false,
        }
    }

    /// Whether nobody has claimed it in time. It is never called paid, and stays payable.
    pub const fn is_unclaimed(&self) -> bool {
        matches!(self.state, LegState::Unclaimed)
    }

    /// Whether the deal stays open for it.
    pub(crate) const fn keeps_open(&self) -> bool {
        !self.is_settled() && !self.is_unclaimed()
    }
}

impl Purpose {
    /// The kind of transaction that settles a leg with this purpose, where its source is not a hold.
    pub(crate) const fn kind(self) -> TransactionKind {
        match self {
            Self::Payout | Self::Service | Self::Award | Self::Charge => TransactionKind::Payout,
            // only ever owed, never paid out
            Self::Chargeback | Self::Fee | Self::ArbitrationFee => TransactionKind::Fee,
            Self::Refund | Self::Excess | Self::Returned | Self::Guarantee => TransactionKind::Refund,
        }
    }
}
