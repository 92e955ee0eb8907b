//! Names: what is written as text is read back from the same text.

use thiserror::Error;

/// The text is not the written form of what was asked for.
///
/// Not transient: the same text fails again.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
#[error("write {expected}")]
pub struct ParseError {
    expected: &'static str,
}

impl ParseError {
    /// A text was read that is not `expected`: `"a role"`.
    pub const fn new(expected: &'static str) -> Self {
        Self { expected }
    }

    /// What should have been written.
    pub const fn expected(&self) -> &'static str {
        self.expected
    }
}

/// A number that names something is written in one way only: no sign, no leading zero.
pub(crate) fn plain_number<N: std::str::FromStr>(text: &str) -> Option<N> {
    let plain = text == "0" || text.starts_with(|c: char| ('1'..='9').contains(&c));
    plain.then(|| text.parse().ok()).flatten()
}

/// Gives a plain enum its names: `ALL`, `as_str`, `Display`, and a `FromStr` that reads what `Display` writes.
///
/// # Examples
/// ```
/// #[derive(Clone, Copy, PartialEq, Debug)]
/// enum Door {
///     Open,
///     Shut,
/// }
///
/// escrow::names! {
///     /// Every state of a door.
///     Door, "the state of a door" {
///         Open = "open",
///         Shut = "shut",
///     }
/// }
///
/// assert_eq!("shut".parse(), Ok(Door::Shut));
/// assert_eq!("ajar".parse::<Door>().unwrap_err().to_string(), "write the state of a door");
/// ```
#[macro_export]
macro_rules! names {
    (
        $(#[$doc:meta])*
        $name:ident, $expected:literal { $($variant:ident = $text:literal),+ $(,)? }
    ) => {
        impl $name {
            $(#[$doc])*
            pub const ALL: [Self; [$($text),+].len()] = [$(Self::$variant),+];

            /// The name.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)+
                }
            }
        }

        impl ::core::fmt::Display for $name {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl ::core::str::FromStr for $name {
            type Err = $crate::ParseError;

            fn from_str(text: &str) -> ::core::result::Result<Self, $crate::ParseError> {
                match text {
                    $($text => Ok(Self::$variant),)+
                    _ => Err($crate::ParseError::new($expected)),
                }
            }
        }
    };
}
