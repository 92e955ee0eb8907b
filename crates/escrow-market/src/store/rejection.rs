//! Why a command to a store, or an order in it, was refused. `Copy`, without strings.

use thiserror::Error;

use super::{CommandKind, Role, Status};
use escrow::RejectionClass;
use escrow::terms::TermsError;

/// Why a command or an order was refused. Nothing has changed.
///
/// In the order in which they are judged: actor, staleness, role, status, content.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
#[non_exhaustive]
pub enum Rejection {
    /// This actor has no part in the store, or may not open one.
    #[error("this actor has no part in the store: act as its owner, an operator or the clock")]
    UnknownActor,
    /// The actor has seen an older state. Read the store again and decide again.
    #[error("the store has changed since revision {seen}: it is at {actual}; read it again")]
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
    #[error("{command} is not possible while the store is {status}")]
    WrongStatus {
        /// The command.
        command: CommandKind,
        /// The status now.
        status: Status,
    },
    /// Nothing can be ordered.
    #[error("the store is {status}: it opens no new deal; those that are open run on")]
    NotOpen {
        /// Suspended or closed.
        status: Status,
    },
    /// Not the version that comes next.
    #[error("version: {expected} comes next; look at the conditions in force, and name that one")]
    WrongVersion {
        /// What it must be.
        expected: u32,
    },
    /// The conditions, or the terms of the order's deal, break a rule.
    #[error("terms: {0}")]
    Terms(TermsError),
}

rejection_by_row!("store");

impl Rejection {
    /// Code, class, and whether it is transient.
    const fn row(&self) -> (&'static str, RejectionClass, bool) {
        use RejectionClass::{Conflict, Forbidden, Gone, Invalid};
        match self {
            Self::UnknownActor => ("unknown-actor", Forbidden, false),
            Self::Stale { .. } => ("stale", Conflict, true),
            Self::WrongRole { .. } => ("wrong-role", Forbidden, false),
            Self::WrongStatus { status, .. } => match status {
                Status::Open | Status::Suspended => ("wrong-status", Conflict, true),
                Status::Closed => ("wrong-status", Gone, false),
            },
            Self::NotOpen { status } => match status {
                Status::Open | Status::Suspended => ("store-not-open", Conflict, true),
                Status::Closed => ("store-not-open", Gone, false),
            },
            Self::WrongVersion { .. } => ("wrong-version", Conflict, false),
            Self::Terms(_) => ("invalid-terms", Invalid, false),
        }
    }
}

impl From<TermsError> for Rejection {
    fn from(error: TermsError) -> Self {
        Self::Terms(error)
    }
}
