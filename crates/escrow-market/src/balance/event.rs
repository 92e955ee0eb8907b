//! What happens to a balance, with every computed figure in it.

use serde::{Deserialize, Serialize};

use super::command::is_zero;
use super::{BalancePolicy, Fact, Holder};
use crate::code::Code;
use escrow::deposit::{Purpose, Reason, Reference};
use escrow::{Currency, DealId, Destination, Money, Payee, Time, TxId};

/// What there is after a movement.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct After {
    /// What can be withdrawn; negative where a receivable, or a withdrawal that went through after all, took more than
    /// there was.
    pub available: Money,
    /// What was credited and has not cleared yet.
    pub clearing: Money,
    /// What is reserved for open withdrawals and their fees.
    pub reserved: Money,
}

/// A part of what was credited that cannot be withdrawn yet.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Clearing {
    /// From when on it can.
    pub at: Time,
    /// How much; positive.
    pub amount: Money,
}

/// What happened to a balance, in the past tense. Deliberately exhaustive: an ignored order is an unpaid payee.
///
/// Every movement carries its amount, what there is after it, and its source: the journal is the statement
/// ([`Event::movement`]). The code that confirms a withdrawal is in none of them, only its hash.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum Event {
    /// The balance came into being; always the first event, and only the first.
    Opened {
        /// Whose it is.
        holder: Holder,
        /// In which currency.
        currency: Currency,
        /// Its rules.
        policy: BalancePolicy,
    },
    /// An operator changed the rules.
    PolicySet {
        /// The new ones.
        policy: BalancePolicy,
    },
    /// A leg of a deal was credited.
    Credited {
        /// The deal.
        deal: DealId,
        /// The transaction that settled the leg.
        transaction: TxId,
        /// Why the holder gets it.
        purpose: Purpose,
        /// When the leg was settled.
        settled_at: Time,
        /// The amount.
        amount: Money,
        /// What of it clears later, in order.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        clears: Vec<Clearing>,
        /// What there is now.
        after: After,
    },
    /// Credits have cleared: they can be withdrawn.
    Cleared {
        /// From when on they can.
        due: Time,
        /// The amount.
        amount: Money,
        /// What there is now.
        after: After,
    },
    /// A receivable of a deal was taken, or takes more than before. The sum is the host's to pass on to the payee once it is
    /// covered.
    Debited {
        /// The deal.
        deal: DealId,
        /// The receivable's number within it, counted from 1.
        receivable: u32,
        /// How often the receivable had changed.
        #[serde(default, skip_serializing_if = "is_zero")]
        revision: u32,
        /// To whom the holder owes it, in the deal's terms.
        payee: Payee,
        /// The purpose.
        purpose: Purpose,
        /// Since when it is owed: from then on the horizon is counted.
        since: Time,
        /// The amount.
        amount: Money,
        /// What it takes in all.
        total: Money,
        /// What there is now.
        after: After,
    },
    /// A receivable takes less than before, because it was cancelled or was paid from elsewhere: what was taken for it is
    /// back. Nothing at all where it was lowered and raised again.
    Restored {
        /// The deal.
        deal: DealId,
        /// The receivable's number within it, counted from 1.
        receivable: u32,
        /// How often the receivable had changed.
        revision: u32,
        /// Since when it is owed.
        since: Time,
        /// The amount.
        amount: Money,
        /// What it takes in all.
        total: Money,
        /// What there is now.
        after: After,
    },
    /// A withdrawal was requested: its funds are reserved.
    WithdrawalRequested {
        /// Its number.
        withdrawal: u32,
        /// What the holder is to get.
        amount: Money,
        /// The platform's fee, on top.
        fee: Money,
        /// Where the money is to go.
        destination: Destination,
        /// The code that confirms it, hashed.
        code: Code,
        /// What there is now.
        after: After,
    },
    /// A new code took the place of the old one, which is dead.
    CodeIssued {
        /// Which withdrawal.
        withdrawal: u32,
        /// The code, hashed.
        code: Code,
    },
    /// A wrong code was entered. It counts.
    CodeRefused {
        /// Which withdrawal.
        withdrawal: u32,
        /// Which code was meant.
        code: u8,
        /// The number of the attempt.
        attempt: u8,
        /// How many are left; at 0 the code is dead.
        attempts_left: u8,
    },
    /// The code was entered, and so the gateway is to pay: an order. After a crash
    /// [`Balance::pending`](super::Balance::pending) has it again, under the same key.
    WithdrawalSent {
        /// Which withdrawal.
        withdrawal: u32,
        /// Which code was entered.
        code: u8,
        /// The number of the attempt.
        attempt: u8,
        /// The amount.
        amount: Money,
        /// The destination.
        destination: Destination,
    },
    /// The gateway has paid a withdrawal: its funds are gone, and the fee is the platform's. It may have declined it
    /// before: then they are taken again, below zero if need be.
    WithdrawalPaid {
        /// Which withdrawal.
        withdrawal: u32,
        /// The gateway's own id of the payout.
        reference: Reference,
        /// What the holder got.
        amount: Money,
        /// What the platform has earned by it.
        fee: Money,
        /// What there is now.
        after: After,
    },
    /// The gateway will not pay a withdrawal: its funds are back.
    WithdrawalFailed {
        /// Which withdrawal.
        withdrawal: u32,
        /// The reason.
        reason: Reason,
        /// What the holder did not get.
        amount: Money,
        /// What the platform did not earn.
        fee: Money,
        /// What there is now.
        after: After,
    },
    /// The gateway says that a withdrawal was declined which it had paid: it is asked again, under the same key.
    AnswerDoubted {
        /// Which withdrawal.
        withdrawal: u32,
    },
    /// Asked again, the gateway stands by it.
    AnswerConfirmed {
        /// Which withdrawal.
        withdrawal: u32,
    },
    /// The holder's bank gave a withdrawal back, whole or in part. The fee stays the platform's.
    WithdrawalReturned {
        /// Which withdrawal.
        withdrawal: u32,
        /// The gateway's id of the return.
        reference: Reference,
        /// How much came back.
        amount: Money,
        /// What there is now.
        after: After,
    },
    /// A withdrawal was cancelled before it was sent: its funds are back.
    WithdrawalCancelled {
        /// Which withdrawal.
        withdrawal: u32,
        /// What the holder did not get.
        amount: Money,
        /// What the platform did not earn.
        fee: Money,
        /// What there is now.
        after: After,
    },
    /// The code was not entered in time: the withdrawal's funds are back.
    WithdrawalExpired {
        /// Which withdrawal.
        withdrawal: u32,
        /// What the holder did not get.
        amount: Money,
        /// What the platform did not earn.
        fee: Money,
        /// What there is now.
        after: After,
    },
}

/// The source of a movement of a balance.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Origin {
    /// A deal.
    Deal(Fact),
    /// The passage of time.
    Clearance,
    /// The withdrawal of this number.
    Withdrawal(u32),
}

/// What a movement does to a balance.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum MovementKind {
    /// Money came in: what of it is not available yet is clearing.
    Credit,
    /// From clearing to available.
    Clear,
    /// Money was taken for a receivable.
    Debit,
    /// What was taken for a receivable came back.
    Restore,
    /// From available to reserved.
    Reserve,
    /// From reserved to the holder and, the fee, to the platform; from available where it had been declined.
    PayOut,
    /// From the holder's bank back to available.
    Bounce,
    /// From reserved back to available.
    Return,
}

/// A line of a balance's statement.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Movement {
    /// What it does.
    pub kind: MovementKind,
    /// Its source.
    pub origin: Origin,
    /// How much, without the fee; never negative.
    pub amount: Money,
    /// The withdrawal's fee, moved on top of the amount.
    pub fee: Option<Money>,
    /// What there is after it.
    pub after: After,
}

impl Event {
    /// The line that it is in the statement, where it moves anything.
    pub const fn movement(&self) -> Option<Movement> {
        let (kind, origin, amount, fee, after) = match self {
            Self::Credited { deal, transaction, amount, after, .. } => {
                let fact = Fact::Leg { deal: *deal, transaction: *transaction };
                (MovementKind::Credit, Origin::Deal(fact), *amount, None, *after)
            }
            Self::Cleared { amount, after, .. } => {
                (MovementKind::Clear, Origin::Clearance, *amount, None, *after)
            }
            Self::Debited { deal, receivable, amount, after, .. } => {
                let fact = Fact::Receivable { deal: *deal, number: *receivable };
                (MovementKind::Debit, Origin::Deal(fact), *amount, None, *after)
            }
            Self::Restored { deal, receivable, amount, after, .. } => {
                let fact = Fact::Receivable { deal: *deal, number: *receivable };
                (MovementKind::Restore, Origin::Deal(fact), *amount, None, *after)
            }
            Self::WithdrawalReturned { withdrawal, amount, after, .. } => {
                (MovementKind::Bounce, Origin::Withdrawal(*withdrawal), *amount, None, *after)
            }
            Self::WithdrawalRequested { withdrawal, amount, fee, after, .. } => {
                (MovementKind::Reserve, Origin::Withdrawal(*withdrawal), *amount, Some(*fee), *after)
            }
            Self::WithdrawalPaid { withdrawal, amount, fee, after, .. } => {
                (MovementKind::PayOut, Origin::Withdrawal(*withdrawal), *amount, Some(*fee), *after)
            }
            Self::WithdrawalFailed { withdrawal, amount, fee, after, .. }
            | Self::WithdrawalCancelled { withdrawal, amount, fee, after }
            | Self::WithdrawalExpired { withdrawal, amount, fee, after } => {
                (MovementKind::Return, Origin::Withdrawal(*withdrawal), *amount, Some(*fee), *after)
            }
            Self::Opened { .. }
            | Self::PolicySet { .. }
            | Self::CodeIssued { .. }
            | Self::CodeRefused { .. }
            | Self::AnswerDoubted { .. }
            | Self::AnswerConfirmed { .. }
            | Self::WithdrawalSent { .. } => return None,
        };
        Some(Movement { kind, origin, amount, fee, after })
    }
}
