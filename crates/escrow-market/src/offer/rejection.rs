//! Why a command to an offer was refused. `Copy`, without strings.

use thiserror::Error;

use super::{CommandKind, Role, Status};
use escrow::DealId;
use escrow::terms::TermsError;

/// Why a command was refused. Nothing has changed.
///
/// In the order in which they are judged: actor, staleness, role, status, content.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
#[non_exhaustive]
pub enum Rejection {
    /// This actor has no part in an offer, or may not publish this one.
    #[error("this actor has no part in the offer: act as its owner, a taker, an operator or the clock")]
    UnknownActor,
    /// The actor has seen an older state. Read the offer again and decide again.
    #[error("the offer has changed since revision {seen}: it is at {actual}; read it again")]
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
    #[error("{command} is not possible while the offer is {status}")]
    WrongStatus {
        /// The command.
        command: CommandKind,
        /// The status now.
        status: Status,
    },
    /// An operator takes for somebody, and must say for whom.
    #[error("via: name the party on whose behalf the operator takes")]
    TakerMissing,
    /// The taker would be the owner.
    #[error("taker: must not be the owner of the offer")]
    OwnOffer,
    /// The deal's id was used for another take.
    #[error("deal: {deal} is the id of another take, or of this one with other content; choose a new one")]
    DealReused {
        /// The deal.
        deal: DealId,
    },
    /// Nothing would be taken.
    #[error("count: must be at least 1")]
    CountZero,
    /// More than there is.
    #[error("count: at most {available} is available")]
    CountOverAvailable {
        /// What is available.
        available: u32,
    },
    /// More than one taker may have.
    #[error("count: at most {left} is left of what one taker may have")]
    CountOverLimit {
        /// What is left.
        left: u32,
    },
    /// The list of takes is full.
    #[error("too many: at most {max} reserved and concluded takes of an offer; publish another one")]
    TooManyTakes {
        /// The limit.
        max: usize,
    },
    /// The take's deal would break a rule.
    #[error("terms: {0}")]
    Terms(TermsError),
    /// The offer knows no such take.
    #[error("deal: no take of this offer has the id {deal}")]
    UnknownTake {
        /// What was named.
        deal: DealId,
    },
    /// The take lapsed or was given back: its count may be somebody else's by now.
    #[error("deal: the count of {deal} is given back; cancel the deal, or take again under a new id")]
    TakeReturned {
        /// The deal.
        deal: DealId,
    },
}

impl Rejection {
    /// A stable name, kebab-case.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::UnknownActor => "unknown-actor",
            Self::Stale { .. } => "stale",
            Self::WrongRole { .. } => "wrong-role",
            Self::WrongStatus { .. } => "wrong-status",
            Self::TakerMissing => "taker-missing",
            Self::OwnOffer => "own-offer",
            Self::DealReused { .. } => "deal-reused",
            Self::CountZero => "count-zero",
            Self::CountOverAvailable { .. } => "count-over-available",
            Self::CountOverLimit { .. } => "count-over-limit",
            Self::TooManyTakes { .. } => "too-many-takes",
            Self::Terms(_) => "invalid-terms",
            Self::UnknownTake { .. } => "unknown-take",
            Self::TakeReturned { .. } => "take-returned",
        }
    }

    /// Whether the same command can succeed later, or after the offer was read again.
    pub const fn is_transient(&self) -> bool {
        match self {
            Self::WrongStatus { status, .. } => match status {
                Status::Open | Status::Paused | Status::Exhausted => true,
                Status::Closed => false,
            },
            // a count that is reserved may come back
            Self::Stale { .. }
            | Self::CountOverAvailable { .. }
            | Self::CountOverLimit { .. }
            | Self::TooManyTakes { .. } => true,
            Self::UnknownActor
            | Self::WrongRole { .. }
            | Self::TakerMissing
            | Self::OwnOffer
            | Self::DealReused { .. }
            | Self::CountZero
            | Self::Terms(_)
            | Self::UnknownTake { .. }
            | Self::TakeReturned { .. } => false,
        }
    }
}

impl From<TermsError> for Rejection {
    fn from(error: TermsError) -> Self {
        Self::Terms(error)
    }
}
