//! Why a command to a basket was refused. `Copy`, without strings.

use thiserror::Error;

use super::{CommandKind, Role, Status};
use escrow::{Money, RejectionClass};

/// Why a command was refused. Nothing has changed.
///
/// In the order in which they are judged: actor, staleness, role, status, content.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
#[non_exhaustive]
pub enum Rejection {
    /// This actor has no part in the basket, or may not open one.
    #[error("this actor has no part in the basket: act as its payer, an operator, the gateway or the clock")]
    UnknownActor,
    /// The actor has seen an older state. Read the basket again and decide again.
    #[error("the basket has changed since revision {seen}: it is at {actual}; read it again")]
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
    /// This role may, but not now.
    #[error("{command} is not possible: the basket is {status}")]
    WrongStatus {
        /// The command.
        command: CommandKind,
        /// Its status.
        status: Status,
    },
    /// The lines break a rule.
    #[error(
        "lines: from 1 to {max}, each deposit once, each with an amount over zero in the basket's currency"
    )]
    Lines {
        /// The most lines.
        max: usize,
    },
    /// A line is not what its deposit needs.
    #[error("lines: line {line} is {given}, and {needed} is outstanding of its deposit; give that amount")]
    LineDoesNotFit {
        /// Its place, from 1.
        line: usize,
        /// What is outstanding of the deposit.
        needed: Money,
        /// What the line is.
        given: Money,
    },
    /// A line names no deposit of the payer's.
    #[error("lines: line {line} names a deposit that its deal does not have, or that is not the payer's")]
    NoSuchDeposit {
        /// Its place, from 1.
        line: usize,
    },
    /// The basket would be over before it is opened.
    #[error("until: must be later than now")]
    TooLate,
    /// The amount is not over zero, or too large.
    #[error("amount: must be over zero, and no larger than a deal's may be")]
    AmountOutOfRange,
    /// A hold is no payment of a basket.
    #[error("held_until: a basket is of charged payments only; capture it first, or pay each deal by itself")]
    Hold,
    /// The fact contradicts one that is recorded.
    #[error("amount: {told} was told, and {recorded} is recorded; clear it with the gateway")]
    FactContradicts {
        /// What is recorded.
        recorded: Money,
        /// What was told.
        told: Money,
    },
    /// The chargeback names another payment, or another currency, than it did before, or steps that do not follow.
    #[error("chargeback: does not follow from what is recorded of it; clear it with the gateway")]
    CaseContradicts,
    /// The refund was answered otherwise.
    #[error("result: refund {refund} was answered otherwise; clear it with the gateway")]
    AnswerContradicts {
        /// Its number.
        refund: u32,
    },
    /// There is no such refund, or nothing of it to try again.
    #[error("refund: {refund} is none that was declined, or came back, and of which something is left")]
    NotDeclined {
        /// Its number.
        refund: u32,
    },
    /// The refund is not paid, so that nothing of it can come back.
    #[error("refund: {refund} is none that was paid")]
    NotPaid {
        /// Its number.
        refund: u32,
    },
    /// Too many.
    #[error("too many: at most {max}")]
    TooMany {
        /// The limit.
        max: usize,
    },
    /// The deal is in no line.
    #[error("deal: is in no line of the basket")]
    UnknownDeal,
}

rejection_by_row!("basket");

impl Rejection {
    /// Code, class, and whether it is transient.
    const fn row(&self) -> (&'static str, RejectionClass, bool) {
        use RejectionClass::{Conflict, Forbidden, Gone, Invalid};
        match self {
            Self::UnknownActor => ("unknown-actor", Forbidden, false),
            Self::Stale { .. } => ("stale", Conflict, true),
            Self::WrongRole { .. } => ("wrong-role", Forbidden, false),
            Self::WrongStatus { .. } => ("wrong-status", Gone, false),
            Self::Lines { .. } => ("invalid-lines", Invalid, false),
            Self::LineDoesNotFit { .. } => ("line-does-not-fit", Invalid, false),
            Self::NoSuchDeposit { .. } => ("no-such-deposit", Invalid, false),
            Self::TooLate => ("too-late", Invalid, false),
            Self::AmountOutOfRange => ("amount-out-of-range", Invalid, false),
            Self::Hold => ("hold-not-accepted", Invalid, false),
            Self::FactContradicts { .. } => ("fact-contradicts", Conflict, false),
            Self::CaseContradicts => ("case-contradicts", Conflict, false),
            Self::AnswerContradicts { .. } => ("answer-contradicts", Conflict, false),
            Self::NotDeclined { .. } => ("not-declined", Conflict, false),
            Self::NotPaid { .. } => ("not-paid", Conflict, true),
            Self::TooMany { .. } => ("too-many", Conflict, false),
            Self::UnknownDeal => ("unknown-deal", Invalid, false),
        }
    }
}
