//! Why stored data is no machine.

use thiserror::Error;

use super::{Machine, Recorded};
use crate::deal::BooksError;

/// Why stored data is no machine of its kind. Not transient: the same bytes fail again.
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
    /// The books of a deal contradict themselves, or its terms.
    #[error(transparent)]
    Books(#[from] BooksError),
    /// A field contradicts the rest.
    #[error("state.{field}: does not agree with the rest")]
    Field {
        /// The name of the field.
        field: &'static str,
    },
}

impl DecodeError {
    /// Whether the snapshot is of the schema that is known.
    ///
    /// # Errors
    /// [`DecodeError::UnknownSchema`].
    pub fn check_schema(found: &str, expected: &'static str) -> Result<(), Self> {
        if found == expected { Ok(()) } else { Err(Self::UnknownSchema { expected }) }
    }

    /// Whether every field agrees with the rest.
    ///
    /// # Errors
    /// [`DecodeError::Field`] with the first that does not.
    pub fn check(fields: impl IntoIterator<Item = (&'static str, bool)>) -> Result<(), Self> {
        match fields.into_iter().find(|(_, agrees)| !agrees) {
            Some((field, _)) => Err(Self::Field { field }),
            None => Ok(()),
        }
    }
}

/// The machine that a journal leads to, before its invariants are checked. `begin` makes the machine of its first event,
/// and `None` of any other; `first` is the type of that event.
///
/// # Errors
/// [`DecodeError::NotAJournal`] where the journal does not begin with that event, or has it again later.
pub fn replay<'e, M: Machine<Event: 'e>>(
    first: &'static str,
    journal: impl IntoIterator<Item = &'e Recorded<M::Event>>,
    begin: impl Fn(&'e Recorded<M::Event>) -> Option<M>,
) -> Result<M, DecodeError> {
    let mut journal = journal.into_iter();
    let mut machine = journal.next().and_then(&begin).ok_or(DecodeError::NotAJournal { first })?;
    for recorded in journal {
        if begin(recorded).is_some() {
            return Err(DecodeError::NotAJournal { first });
        }
        machine.apply(recorded);
    }
    Ok(machine)
}
