//! Why a command to a balance was refused. `Copy`, without strings, and never with a code.

use thiserror::Error;

use super::{CommandKind, Fact, PolicyError, Role, WithdrawalStatus};
use crate::code::CodeRejection;
use escrow::{Money, RejectionClass, Time};

/// Why a command was refused. Nothing has changed. A wrong code is none: it counts, see
/// [`Balance::verdict`](super::Balance::verdict).
///
/// In the order in which they are judged: actor, staleness, role, withdrawal, content.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
#[non_exhaustive]
pub enum Rejection {
    /// This actor has no part in the balance, or may not open one.
    #[error(
        "this actor has no part in the balance: act as its holder, an operator, the gateway or the clock"
    )]
    UnknownActor,
    /// The actor has seen an older state. Read the balance again and decide again.
    #[error("the balance has changed since revision {seen}: it is at {actual}; read it again")]
    Stale {
        /// What the actor has seen.
        seen: u64,
        /// What it is.
        actual: u64,
    },
    /// This role never may.
    #[error("{role} may not {command}")]
    WrongRole {
        /// The actor's role.
        role: Role,
        /// The command.
        command: CommandKind,
    },
    /// The balance knows no such withdrawal, or not any more.
    #[error("withdrawal: {number} is not known; the latest is {last}, and old ones are in the journal only")]
    UnknownWithdrawal {
        /// What was named.
        number: u32,
        /// The latest number.
        last: u32,
    },
    /// This role may, but not in this status of the withdrawal.
    #[error("{command} is not possible: the withdrawal is {status}")]
    WrongStatus {
        /// The command.
        command: CommandKind,
        /// Its status.
        status: WithdrawalStatus,
    },
    /// The gateway names another payment than before, which counts.
    #[error("result: withdrawal {number} is {status} under another reference; clear it with the gateway")]
    AlreadyAnswered {
        /// Which.
        number: u32,
        /// As what.
        status: WithdrawalStatus,
    },
    /// The return contradicts what is recorded: it came with another amount before, or more comes back than was paid.
    #[error(
        "amount: {told} came back of withdrawal {number}, and {recorded} is recorded, or is all that may come back"
    )]
    ReturnContradicts {
        /// Which withdrawal.
        number: u32,
        /// What is recorded of this return, or what of the withdrawal has not come back yet.
        recorded: Money,
        /// What was told.
        told: Money,
    },
    /// Too many returns of one withdrawal.
    #[error("too many: at most {max} returns of one withdrawal; clear it with the gateway")]
    TooManyReturns {
        /// The limit.
        max: u8,
    },
    /// The sum is not over zero.
    #[error("amount: must be over zero")]
    AmountNotPositive,
    /// The sum is in another currency.
    #[error("amount: must be in the currency of the balance")]
    OtherCurrency,
    /// The fact came with other content before.
    #[error("{fact}: was heard with other content; read the deal again")]
    FactReused {
        /// The fact.
        fact: Fact,
    },
    /// The fact is beyond the horizon: it may have counted, and is not known any more.
    #[error("{fact}: was recognised until {until}; look for it in the journal, and settle it by hand")]
    TooOld {
        /// The fact.
        fact: Fact,
        /// Until when it was recognised.
        until: Time,
    },
    /// The sums do not fit into 64 bits.
    #[error("amount: the sums of the balance do not fit; open another one")]
    SumTooLarge,
    /// Another withdrawal has the number.
    #[error("number: {number} is another withdrawal's, or is too old; read the balance, the next is {next}")]
    NumberTaken {
        /// Which.
        number: u32,
        /// The next one.
        next: u32,
    },
    /// Numbers follow one another.
    #[error("number: the next one is {next}")]
    NumberSkipped {
        /// The next one.
        next: u32,
    },
    /// The money would go in a circle.
    #[error("destination: a balance cannot be withdrawn to a balance; choose an account, card or wallet")]
    ToBalance,
    /// Less than may be withdrawn.
    #[error("amount: at least {min}")]
    UnderMinimum {
        /// The least.
        min: Money,
    },
    /// More than may be withdrawn at once.
    #[error("amount: at most {max} at once")]
    OverMaximum {
        /// The most.
        max: Money,
    },
    /// The fee would be no less than what the holder gets.
    #[error("amount: the fee of {fee} must be under it; withdraw more at once")]
    FeeOverAmount {
        /// The fee.
        fee: Money,
    },
    /// More than is left of what may be withdrawn within 24 hours.
    #[error("amount: {left} is left of what may be withdrawn within 24 hours")]
    OverDay {
        /// What is left.
        left: Money,
    },
    /// Too many withdrawals at one time.
    #[error(
        "too many: at most {max} withdrawals at one time; confirm or cancel one, or wait for the gateway"
    )]
    TooManyOpen {
        /// The limit.
        max: u8,
    },
    /// Too many codes within 24 hours.
    #[error("too many: at most {max} codes within 24 hours; try again later")]
    TooManyCodes {
        /// The limit.
        max: u16,
    },
    /// Too many wrong codes within 24 hours.
    #[error("too many: at most {max} wrong codes within 24 hours, over all withdrawals; try again later")]
    TooManyGuesses {
        /// The limit.
        max: u16,
    },
    /// More than there is.
    #[error("amount: with the fee it is {total}, and {available} is available")]
    Insufficient {
        /// The amount and the fee.
        total: Money,
        /// What there is.
        available: Money,
    },
    /// The holder owes more than there is: nothing leaves until that is covered.
    #[error("the balance is at {available}: nothing can be withdrawn until it is covered")]
    Negative {
        /// What there is.
        available: Money,
    },
    /// The code does not count, or a new one is not possible.
    #[error("{0}")]
    Code(CodeRejection),
    /// The rules break a rule.
    #[error("policy: {0}")]
    Policy(PolicyError),
}

rejection_by_row!("balance");

impl Rejection {
    /// Code, class, and whether it is transient.
    const fn row(&self) -> (&'static str, RejectionClass, bool) {
        use RejectionClass::{Conflict, Forbidden, Gone, Invalid};
        match self {
            Self::UnknownActor => ("unknown-actor", Forbidden, false),
            Self::Stale { .. } => ("stale", Conflict, true),
            Self::WrongRole { .. } => ("wrong-role", Forbidden, false),
            Self::UnknownWithdrawal { .. } => ("unknown-withdrawal", Invalid, false),
            Self::WrongStatus { .. } => ("wrong-status", Gone, false),
            Self::AlreadyAnswered { .. } => ("already-answered", Gone, false),
            Self::ReturnContradicts { .. } => ("return-contradicts", Conflict, false),
            Self::TooManyReturns { .. } => ("too-many-returns", Conflict, false),
            Self::AmountNotPositive => ("amount-not-positive", Invalid, false),
            Self::OtherCurrency => ("other-currency", Invalid, false),
            Self::FactReused { .. } => ("fact-reused", Conflict, false),
            Self::TooOld { .. } => ("too-old", Gone, false),
            Self::SumTooLarge => ("sum-too-large", Conflict, false),
            Self::NumberTaken { .. } => ("number-taken", Conflict, false),
            Self::NumberSkipped { .. } => ("number-skipped", Conflict, true),
            Self::ToBalance => ("to-balance", Invalid, false),
            Self::UnderMinimum { .. } => ("under-minimum", Invalid, false),
            Self::OverMaximum { .. } => ("over-maximum", Invalid, false),
            Self::FeeOverAmount { .. } => ("fee-over-amount", Invalid, false),
            Self::OverDay { .. } => ("over-day", Conflict, true),
            Self::TooManyOpen { .. } => ("too-many-open", Conflict, true),
            Self::TooManyCodes { .. } => ("too-many-codes", Conflict, true),
            Self::TooManyGuesses { .. } => ("too-many-guesses", Conflict, true),
            Self::Insufficient { .. } => ("insufficient", Conflict, true),
            Self::Negative { .. } => ("negative", Conflict, true),
            Self::Code(rejection) => (rejection.code(), rejection.class(), rejection.is_transient()),
            Self::Policy(_) => ("invalid-policy", Invalid, false),
        }
    }
}

impl From<CodeRejection> for Rejection {
    fn from(rejection: CodeRejection) -> Self {
        Self::Code(rejection)
    }
}

impl From<PolicyError> for Rejection {
    fn from(error: PolicyError) -> Self {
        Self::Policy(error)
    }
}
