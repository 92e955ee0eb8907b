//! Why a command to a payee's profile was refused. `Copy`, without strings.

use thiserror::Error;

use super::{CommandKind, Role};
use crate::code::{CodeError, CodeRejection};
use escrow::RejectionClass;

/// Why a command was refused. Nothing has changed.
///
/// In the order in which they are judged: actor, staleness, role, lock, content.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
#[non_exhaustive]
pub enum Rejection {
    /// This actor has no part in the profile, or may not register this payee.
    #[error("this actor has no part in the profile: act as its owner, an operator or the clock")]
    UnknownActor,
    /// The actor has seen an older state. Read the profile again and decide again.
    #[error("the profile has changed since revision {seen}: it is at {actual}; read it again")]
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
    /// The rules for codes break a limit.
    #[error("codes: {0}")]
    Policy(CodeError),
    /// The registration is not confirmed yet.
    #[error("the registration is not confirmed: enter the code that was sent for it first")]
    NotConfirmed,
    /// The registration was confirmed already.
    #[error("the registration is confirmed; it needs no other code")]
    AlreadyConfirmed,
    /// Too many wrong codes were entered.
    #[error(
        "{wrong} wrong codes were entered: an operator must unlock the profile; verified destinations stay usable"
    )]
    Locked {
        /// How many.
        wrong: u16,
    },
    /// The id names another destination.
    #[error("id: stands for another destination; choose a new one")]
    IdTaken,
    /// The id stood for a destination that was retired.
    #[error("id: stood for a destination that is retired; add it again under a new id")]
    IdRetired,
    /// The list is full.
    #[error("too many: at most {max} destinations; retire one first")]
    TooMany {
        /// The limit.
        max: usize,
    },
    /// A destination that others could own needs a code.
    #[error("code: is required; draw one, send it to the payee, and give its hash")]
    CodeMissing,
    /// The profile has no such destination.
    #[error("id: the profile has no such destination; look at its list")]
    Unknown,
    /// It was verified already.
    #[error("id: the destination is verified; it needs no other code")]
    AlreadyVerified,
    /// It is not verified yet.
    #[error("id: the destination is not verified; enter its code first")]
    NotVerified,
    /// The code, or the attempt, does not count.
    #[error("{0}")]
    Code(CodeRejection),
}

rejection_by_row!("profile");

impl Rejection {
    /// Code, class, and whether it is transient.
    const fn row(&self) -> (&'static str, RejectionClass, bool) {
        use RejectionClass::{Conflict, Forbidden, Gone, Invalid};
        match self {
            Self::UnknownActor => ("unknown-actor", Forbidden, false),
            Self::Stale { .. } => ("stale", Conflict, true),
            Self::WrongRole { .. } => ("wrong-role", Forbidden, false),
            Self::Policy(_) => ("invalid-policy", Invalid, false),
            Self::Locked { .. } => ("locked", Conflict, true),
            Self::NotConfirmed => ("not-confirmed", Conflict, true),
            Self::AlreadyConfirmed => ("already-confirmed", Conflict, false),
            Self::IdTaken => ("id-taken", Conflict, false),
            Self::IdRetired => ("id-retired", Gone, false),
            Self::TooMany { .. } => ("too-many-destinations", Conflict, true),
            Self::CodeMissing => ("code-missing", Invalid, false),
            Self::Unknown => ("unknown-destination", Invalid, false),
            Self::AlreadyVerified => ("already-verified", Conflict, false),
            Self::NotVerified => ("not-verified", Conflict, true),
            Self::Code(error) => (error.code(), error.class(), error.is_transient()),
        }
    }
}

impl From<CodeRejection> for Rejection {
    fn from(rejection: CodeRejection) -> Self {
        Self::Code(rejection)
    }
}
