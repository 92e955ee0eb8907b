//! Why a command to a subscription was refused. `Copy`, without strings.

use thiserror::Error;

use super::{CommandKind, Role, Status};
use escrow::terms::TermsError;
use escrow::{Money, RejectionClass};

/// Why a command was refused. Nothing has changed.
///
/// In the order in which they are judged: actor, staleness, role, status, content.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
#[non_exhaustive]
pub enum Rejection {
    /// This actor has no part in the subscription, or may not subscribe the payer.
    #[error(
        "this actor has no part in the subscription: act as its payer, its recipient, an operator, the gateway or the clock"
    )]
    UnknownActor,
    /// The actor has seen an older state. Read the subscription again and decide again.
    #[error("the subscription has changed since revision {seen}: it is at {actual}; read it again")]
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
    #[error("{command} is not possible while the subscription is {status}")]
    WrongStatus {
        /// The command.
        command: CommandKind,
        /// The status now.
        status: Status,
    },
    /// A trial that ends at a set time ended before it began.
    #[error("trial.until: must be after the start; leave the trial out, or let it end later")]
    TrialOver,
    /// A trial is too long.
    #[error("trial: must end within ten years of the start, and before the calendar does")]
    TrialTooLong,
    /// The last attempt has no answer: another one might pay twice.
    #[error("attempt: the last one has no answer yet; ask the gateway under its key first")]
    AttemptPending,
    /// Not the attempt that comes next.
    #[error("attempt: {period}:{attempt} comes next; read the subscription again and name that one")]
    WrongAttempt {
        /// The overdue period.
        period: u32,
        /// The next attempt.
        attempt: u16,
    },
    /// A period has had too many attempts.
    #[error("attempt: a period has at most {max}; cancel, and subscribe anew")]
    TooManyAttempts {
        /// The limit.
        max: u16,
    },
    /// Not the version that comes next.
    #[error("version: {expected} comes next; look at the latest proposal, and name that one")]
    WrongVersion {
        /// What it must be.
        expected: u32,
    },
    /// No proposal of this version is open.
    #[error("version: {version} is not open to agree to or withdraw; read the subscription again")]
    NotProposed {
        /// What was named.
        version: u32,
    },
    /// A side cannot agree to what it proposed itself.
    #[error("version: the other side must agree to it, the one that has not proposed it")]
    OwnProposal,
    /// A side cannot withdraw what the other has proposed.
    #[error("version: only the side that has proposed it can withdraw it; not agreeing is enough")]
    OthersProposal,
    /// The proposed plan breaks a rule.
    #[error("{0}")]
    Plan(TermsError),
    /// No such charge was ever ordered.
    #[error("attempt: {period}:{attempt} was never ordered; is it another subscription's?")]
    UnknownAttempt {
        /// What was named.
        period: u32,
        /// What was named.
        attempt: u16,
    },
    /// The charge was settled so long ago that only the journal knows how.
    #[error(
        "attempt: {period}:{attempt} was settled long ago; compare with the journal, and send back what was taken twice"
    )]
    SettledLongAgo {
        /// What was named.
        period: u32,
        /// What was named.
        attempt: u16,
    },
    /// The charge was settled otherwise: the gateway contradicts itself.
    #[error(
        "attempt: {period}:{attempt} has succeeded, under the reference that was given first; clear it up with the gateway"
    )]
    SettledOtherwise {
        /// What was named.
        period: u32,
        /// What was named.
        attempt: u16,
    },
    /// Too much is owed back already.
    #[error("refunds: at most {max} may be owed; settle those first, then give the answer again")]
    TooManyRefunds {
        /// The limit.
        max: usize,
    },
    /// The amount is not over zero, or too large.
    #[error("amount: must be over zero, and no larger than a deal's may be")]
    AmountOutOfRange,
    /// The fact contradicts one that is recorded.
    #[error("amount: {told} was told, and {recorded} is recorded; clear it with the gateway")]
    FactContradicts {
        /// What is recorded.
        recorded: Money,
        /// What was told.
        told: Money,
    },
    /// The refund or the chargeback is recorded of another payment.
    #[error("payment: another one is recorded under this reference; clear it with the gateway")]
    OtherPayment,
    /// Nothing is owed back for this attempt.
    #[error("refund: nothing is owed back for {period}:{attempt}")]
    NothingOwed {
        /// What was named.
        period: u32,
        /// What was named.
        attempt: u16,
    },
}

rejection_by_row!("subscription");

impl Rejection {
    /// Code, class, and whether it is transient.
    const fn row(&self) -> (&'static str, RejectionClass, bool) {
        use RejectionClass::{Conflict, Forbidden, Gone, Invalid};
        match self {
            Self::UnknownActor => ("unknown-actor", Forbidden, false),
            Self::Stale { .. } => ("stale", Conflict, true),
            Self::WrongRole { .. } => ("wrong-role", Forbidden, false),
            Self::WrongStatus { status, .. } => match status {
                Status::Trialing | Status::Active | Status::PastDue | Status::Suspended => {
                    ("wrong-status", Conflict, true)
                }
                Status::Cancelled => ("wrong-status", Gone, false),
            },
            Self::TrialOver => ("trial-over", Gone, false),
            Self::TrialTooLong => ("trial-too-long", Invalid, false),
            Self::AttemptPending => ("attempt-pending", Conflict, true),
            Self::WrongAttempt { .. } => ("wrong-attempt", Conflict, false),
            Self::TooManyAttempts { .. } => ("too-many-attempts", Conflict, false),
            Self::WrongVersion { .. } => ("wrong-version", Conflict, false),
            Self::NotProposed { .. } => ("not-proposed", Conflict, false),
            Self::OwnProposal => ("own-proposal", Forbidden, false),
            Self::OthersProposal => ("others-proposal", Forbidden, false),
            Self::Plan(_) => ("invalid-plan", Invalid, false),
            Self::UnknownAttempt { .. } => ("unknown-attempt", Invalid, false),
            Self::SettledLongAgo { .. } => ("settled-long-ago", Gone, false),
            Self::SettledOtherwise { .. } => ("settled-otherwise", Gone, false),
            Self::TooManyRefunds { .. } => ("too-many-refunds", Conflict, true),
            Self::AmountOutOfRange => ("amount-out-of-range", Invalid, false),
            Self::FactContradicts { .. } => ("fact-contradicts", Conflict, false),
            Self::OtherPayment => ("other-payment", Conflict, false),
            Self::NothingOwed { .. } => ("nothing-owed", Conflict, false),
        }
    }
}

impl From<TermsError> for Rejection {
    fn from(error: TermsError) -> Self {
        Self::Plan(error)
    }
}
