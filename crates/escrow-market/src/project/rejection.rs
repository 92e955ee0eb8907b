//! Why a command to a project was refused. `Copy`, without strings.

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
    /// This actor has no part in the project, or may not propose it.
    #[error("this actor has no part in the project: act as a party, an operator or the clock")]
    UnknownActor,
    /// The actor has seen an older state. Read the project again and decide again.
    #[error("the project has changed since revision {seen}: it is at {actual}; read it again")]
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
    #[error("{command} is not possible: the project is {status}")]
    WrongStatus {
        /// The command.
        command: CommandKind,
        /// Its status.
        status: Status,
    },
    /// Versions follow one another.
    #[error("version: the next one is {expected}")]
    WrongVersion {
        /// The next one.
        expected: u32,
    },
    /// That version does not wait for consent: it was withdrawn or replaced, or has fallen.
    #[error("version: {version} does not wait for consent; read the project again")]
    NotProposed {
        /// Which.
        version: u32,
    },
    /// Who proposes has agreed by that.
    #[error("version: the other party agrees to it")]
    OwnProposal,
    /// Only who proposed it withdraws it.
    #[error("version: only the party that proposed it withdraws it")]
    OthersProposal,
    /// The milestone has begun: what it is about is its deal's now.
    #[error(
        "milestones: number {number} of the list has begun, and its terms are its deal's; leave it out. To change it, end its \
         deal (cancel it before it is paid, agree to call it off afterwards) and propose it again with a new deal"
    )]
    HasBegun {
        /// Its place in what was proposed, from 1.
        number: usize,
    },
    /// A project needs a milestone, and has not too many.
    #[error("milestones: from 1 to {max} in all, those that have begun included")]
    WrongCount {
        /// The limit.
        max: usize,
    },
    /// The project waits after another milestone.
    #[error("after: the project waits after the milestone of deal {after}")]
    HaltedAfter {
        /// Its deal.
        after: DealId,
    },
    /// No milestone that has begun has this deal.
    #[error("deal: {deal} is no milestone of this project that has begun")]
    UnknownMilestone {
        /// The deal.
        deal: DealId,
    },
    /// The deal was reported as ended otherwise.
    #[error("reached: deal {deal} was reported to have ended otherwise; read the deal again")]
    FactContradicts {
        /// The deal.
        deal: DealId,
    },
    /// A milestone's terms break a rule.
    #[error("{0}")]
    Terms(TermsError),
}

rejection_by_row!("project");

impl Rejection {
    /// Code, class, and whether it is transient.
    const fn row(&self) -> (&'static str, RejectionClass, bool) {
        use RejectionClass::{Conflict, Forbidden, Gone, Invalid};
        match self {
            Self::UnknownActor => ("unknown-actor", Forbidden, false),
            Self::Stale { .. } => ("stale", Conflict, true),
            Self::WrongRole { .. } => ("wrong-role", Forbidden, false),
            Self::WrongStatus { .. } => ("wrong-status", Conflict, true),
            Self::WrongVersion { .. } => ("wrong-version", Conflict, true),
            Self::NotProposed { .. } => ("not-proposed", Gone, false),
            Self::OwnProposal => ("own-proposal", Forbidden, false),
            Self::OthersProposal => ("others-proposal", Forbidden, false),
            Self::HasBegun { .. } => ("has-begun", Gone, false),
            Self::WrongCount { .. } => ("wrong-count", Invalid, false),
            Self::HaltedAfter { .. } => ("halted-after", Conflict, false),
            Self::UnknownMilestone { .. } => ("unknown-milestone", Conflict, true),
            Self::FactContradicts { .. } => ("fact-contradicts", Conflict, false),
            Self::Terms(_) => ("invalid-terms", Invalid, false),
        }
    }
}

impl From<TermsError> for Rejection {
    fn from(error: TermsError) -> Self {
        Self::Terms(error)
    }
}
