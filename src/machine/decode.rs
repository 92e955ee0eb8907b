//! Why stored data is no machine.

use thiserror::Error;

/// Why stored data is none of the small machines. Not transient: the same bytes fail again.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// The snapshot is of another schema.
    #[error(
        "schema: this version reads `{expected}`; decode it with a version of the crate that knows the other"
    )]
    UnknownSchema {
        /// The schema that is known.
        expected: &'static str,
    },
    /// The journal does not begin with its first event, or has it again later.
    #[error("journal: must begin with `{first}`, and have it only there")]
    NotAJournal {
        /// The type of the event that every journal of the kind begins with.
        first: &'static str,
    },
    /// A field contradicts the rest.
    #[error("state.{field}: does not agree with the rest")]
    Field {
        /// Which.
        field: &'static str,
    },
}
