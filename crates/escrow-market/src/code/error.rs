//! Why an attempt does not count, and why something is no code. `Copy`, and never with the code.

use thiserror::Error;

use super::PlainCode;
use escrow::{RejectionClass, Time};

/// Why an attempt, or a new code, is refused. Nothing was compared, and nothing has changed. `Copy`, without the code.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
#[non_exhaustive]
pub enum CodeRejection {
    /// Another code is current: the old one was replaced, or there is none of that number yet.
    #[error("attempt.code: the code that counts is number {current}; enter that one")]
    OtherCode {
        /// The one that counts.
        current: u8,
    },
    /// Numbers follow one another.
    #[error("number: the next one is {next}")]
    OutOfOrder {
        /// The one that is expected.
        next: u8,
    },
    /// It was entered, and counts once.
    #[error("attempt: the code was accepted, and a code counts once")]
    Used,
    /// It was not entered in time.
    #[error("attempt: the code expired at {expired}; ask for a new one")]
    Expired {
        /// When.
        expired: Time,
    },
    /// Every attempt was wrong.
    #[error("attempt: no attempt of this code is left; ask for a new one")]
    Exhausted,
    /// There were as many codes as there may be.
    #[error("number: at most {max} codes for one matter; begin again")]
    TooMany {
        /// The limit.
        max: u8,
    },
}

impl CodeRejection {
    /// A stable name, kebab-case.
    pub const fn code(&self) -> &'static str {
        self.row().0
    }

    /// What kind of refusal it is.
    pub const fn class(&self) -> RejectionClass {
        self.row().1
    }

    /// Whether the same command can succeed later, after the state was read again.
    pub const fn is_transient(&self) -> bool {
        self.row().2
    }

    /// Code, class, and whether it is transient.
    const fn row(&self) -> (&'static str, RejectionClass, bool) {
        use RejectionClass::{Conflict, Gone};
        match self {
            Self::OtherCode { .. } => ("code-other", Conflict, false),
            Self::OutOfOrder { .. } => ("code-out-of-order", Conflict, true),
            Self::Used => ("code-used", Gone, false),
            Self::Expired { .. } => ("code-expired", Gone, false),
            Self::Exhausted => ("code-exhausted", Gone, false),
            Self::TooMany { .. } => ("code-too-many", Conflict, false),
        }
    }
}

/// Why something is no code, hash or policy. Not transient; without the text that was read.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
#[non_exhaustive]
pub enum CodeError {
    /// Not a code.
    #[error("code: a text of {} to {} visible ASCII characters", PlainCode::MIN_LEN, PlainCode::MAX_LEN)]
    Plain,
    /// Not a hash.
    #[error("code: salt and hash in lower-case hex, with a full stop between them")]
    Hash,
    /// Not the number of a code or of an attempt.
    #[error("number: a whole number up to 255; what was entered belongs into `entered`")]
    Number,
    /// A limit does not fit.
    #[error("code policy: {field} is zero or over its limit")]
    Policy {
        /// The name of the field.
        field: &'static str,
    },
}

impl CodeError {
    /// A stable name, kebab-case.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Plain => "code-malformed",
            Self::Hash => "code-hash-malformed",
            Self::Number => "code-number-malformed",
            Self::Policy { .. } => "code-policy",
        }
    }
}
