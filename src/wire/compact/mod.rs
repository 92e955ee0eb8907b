//! Stored types in few bytes: a fifth of the JSON of most events, a quarter of a deal's.
//!
//! The bytes are two of a header and then [postcard](https://postcard.jamesmunns.com/wire-format)'s: numbers as varints,
//! texts and lists with their length before them, variants by their number. A time is its milliseconds, a sum its
//! minor units and the code of its currency, a rate its parts per million. Decoding checks what decoding JSON checks:
//! storage is not trusted. `Parts` in compact form can be restored by themselves where an error should name what does
//! not agree: [`CompactError::Malformed`] does not say.
//!
//! # The format is the order of the fields
//! JSON names its fields, so a field with a default may be added. Here nothing is named: fields and variants are known
//! by their places, and **adding, removing or moving one changes the format**. So the header says what follows:
//! its first byte which type it is ([`Stored::KIND`]), its second which layout of that type ([`Stored::LAYOUT`]). Both
//! are checked before anything else is read. All layouts of this version are 1.
//!
//! A later version of the crate that changes a layout – of a type of the table, or of one inside it – counts up the
//! `LAYOUT` of every type that holds it, and goes on reading the older ones. A new variant behind the last one of an
//! enum leaves the layout what it is: what was written is read as before, and an older version refuses what it does not
//! know.
//!
//! # Examples
//! ```
//! use escrow::wire::compact;
//! use escrow::{Actor, DealId, Envelope, Event, Time};
//!
//! let approved = Envelope {
//!     deal_id: DealId::new(uuid::Uuid::nil()),
//!     version: 7,
//!     occurred_at: Time::parse("2026-03-01T12:00:00Z")?,
//!     recorded_at: Time::parse("2026-03-01T12:00:00Z")?,
//!     actor: Actor::Moderator("staff-1".parse()?),
//!     via: None,
//!     event: Event::Approved {},
//! };
//! let bytes = compact::to_vec(&approved)?;
//! // 2 of the header, 17 of the deal, 1 of the version, 6 of each time, 9 of the actor, 1 of `via`, 1 of the event
//! assert_eq!(bytes.len(), 43);
//! assert_eq!(serde_json::to_vec(&approved)?.len(), 196);
//! assert_eq!(compact::from_slice::<Envelope>(&bytes)?, approved);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod serializer;

use serde::Serialize;
use serde::de::DeserializeOwned;
use thiserror::Error;

use self::serializer::Compact;
use crate::deal::{Parts, State};
use crate::{
    Balance, Deal, DealSummary, Envelope, Offer, PayeeProfile, Recorded, Store, Subscription, Terms, balance,
    offer, payee, store, subscription,
};

/// The type in compact form.
///
/// # Errors
/// [`CompactError::Malformed`] where a type cannot be written; none of this crate's is such a type.
pub fn to_vec<T: Stored + Serialize + ?Sized>(value: &T) -> Result<Vec<u8>, CompactError> {
    let mut bytes = vec![T::KIND, T::LAYOUT];
    value.serialize(Compact::new(&mut bytes))?;
    Ok(bytes)
}

/// The type that is stored in compact form, with everything checked that decoding its JSON checks.
///
/// A list never reserves more elements than there are bytes left, which can still be a hundred times the bytes: limit the
/// length of what comes from outside before it comes here.
///
/// # Errors
/// [`CompactError`] says what is wrong. None is transient: the same bytes fail again.
pub fn from_slice<T: Stored + DeserializeOwned>(bytes: &[u8]) -> Result<T, CompactError> {
    let [kind, layout, rest @ ..] = bytes else { return Err(CompactError::Truncated) };
    if *kind != T::KIND {
        return Err(CompactError::Kind { expected: T::KIND, found: *kind });
    }
    if *layout != T::LAYOUT {
        return Err(CompactError::Layout { expected: T::LAYOUT, found: *layout });
    }
    let (value, left) = postcard::take_from_bytes(rest)?;
    if left.is_empty() { Ok(value) } else { Err(CompactError::Trailing { bytes: left.len() }) }
}

/// A type that has a compact form: those of this crate that hosts store.
///
/// It is sealed: a type of the host's keeps the bytes of [`to_vec`] as bytes.
pub trait Stored: sealed::Sealed {
    /// The first byte: which type it is. A number is never used for another type.
    const KIND: u8;
    /// The second byte: which layout of it is written and read.
    const LAYOUT: u8;
}

mod sealed {
    pub trait Sealed {}
}

macro_rules! stored {
    ($($kind:literal, $layout:literal: $($type:ty),+;)+) => {
        $($(
            impl sealed::Sealed for $type {}
            impl Stored for $type {
                const KIND: u8 = $kind;
                const LAYOUT: u8 = $layout;
            }
        )+)+
    };
}

// what is written by one type of a line is read by the others
stored! {
    1, 1: Envelope;
    2, 1: Recorded;
    3, 1: Deal, Parts;
    4, 1: State;
    5, 1: Terms;
    6, 1: DealSummary;
    16, 1: Offer, offer::Parts;
    17, 1: Recorded<offer::Event>;
    18, 1: PayeeProfile, payee::Parts;
    19, 1: Recorded<payee::Event>;
    20, 1: Store, store::Parts;
    21, 1: Recorded<store::Event>;
    22, 1: Balance, balance::Parts;
    23, 1: Recorded<balance::Event>;
    24, 1: Subscription, subscription::Parts;
    25, 1: Recorded<subscription::Event>;
}

/// Why bytes are not what they should be. None is transient.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
#[non_exhaustive]
pub enum CompactError {
    /// It ends before it is complete.
    #[error("the bytes end too early: they were cut, or are something else")]
    Truncated,
    /// Something follows.
    #[error("{bytes} bytes too many: something was appended")]
    Trailing {
        /// How many bytes follow.
        bytes: usize,
    },
    /// It is another type.
    #[error("kind {expected} is expected, and this is {found}: decode it as what it was encoded from")]
    Kind {
        /// The [`Stored::KIND`] of what was asked for.
        expected: u8,
        /// The first byte.
        found: u8,
    },
    /// It was written by a version of the crate with another layout.
    #[error(
        "layout {found} is not known, only {expected}: decode it with a version of the crate that knows it"
    )]
    Layout {
        /// The [`Stored::LAYOUT`] of what was asked for.
        expected: u8,
        /// The second byte.
        found: u8,
    },
    /// The bytes stand for nothing, or for what breaks a rule.
    #[error("the bytes do not make sense, or what they say breaks a rule")]
    Malformed,
}

impl From<postcard::Error> for CompactError {
    fn from(error: postcard::Error) -> Self {
        if error == postcard::Error::DeserializeUnexpectedEnd { Self::Truncated } else { Self::Malformed }
    }
}
