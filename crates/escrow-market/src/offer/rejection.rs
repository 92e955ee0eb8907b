//! Why a command to an offer was refused. `Copy`, without strings.

use thiserror::Error;

use super::{CommandKind, Role, Status};
use escrow::terms::TermsError;
use escrow::{DealId, RejectionClass};

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

rejection_by_row!("offer");

impl Rejection {
    /// Code, class, and whether it is transient.
    const fn row(&self) -> (&'static str, RejectionClass, bool) {
        use RejectionClass::{Conflict, Forbidden, Gone, Invalid};
        match self {
            Self::UnknownActor => ("unknown-actor", Forbidden, false),
            Self::Stale { .. } => ("stale", Conflict, true),
            Self::WrongRole { .. } => ("wrong-role", Forbidden, false),
            Self::WrongStatus { status, .. } => match status {
                Status::Open | Status::Paused | Status::Exhausted => ("wrong-status", Conflict, true),
                Status::Closed => ("wrong-status", Gone, false),
            },
            Self::TakerMissing => ("taker-missing", Invalid, false),
            Self::OwnOffer => ("own-offer", Forbidden, false),
            Self::DealReused { .. } => ("deal-reused", Conflict, false),
            Self::CountZero => ("count-zero", Invalid, false),
            Self::CountOverAvailable { .. } => ("count-over-available", Conflict, true),
            Self::CountOverLimit { .. } => ("count-over-limit", Conflict, true),
            Self::TooManyTakes { .. } => ("too-many-takes", Conflict, true),
            Self::Terms(_) => ("invalid-terms", Invalid, false),
            Self::UnknownTake { .. } => ("unknown-take", Invalid, false),
            Self::TakeReturned { .. } => ("take-returned", Gone, false),
        }
    }
}

impl From<TermsError> for Rejection {
    fn from(error: TermsError) -> Self {
        Self::Terms(error)
    }
}
