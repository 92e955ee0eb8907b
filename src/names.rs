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

/// Declares the commands of a machine, and what permission depends on: the command's kind.
///
/// Each line is a payload, and its name. That one name is the tag in JSON (`"type"`), the name of the kind
/// ([`Display`](std::fmt::Display), [`FromStr`](std::str::FromStr)), and its word in every table and error. Where permission depends on the
/// content of a command, a second kind follows its own, whose name begins with the command's: `accept` and `accept_part`.
///
/// The crate that uses it depends on `serde`.
///
/// # Examples
/// ```
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
/// pub struct Open {
///     force: bool,
/// }
///
/// impl Open {
///     const fn is_forced(&self) -> bool {
///         self.force
///     }
/// }
///
/// escrow::commands! {
///     /// What can be asked of a door.
///     #[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
///     #[serde(tag = "type")]
///     Command, CommandKind, "the name of a command of a door" {
///         /// Open it.
///         Open = "open" | OpenByForce = "open_by_force" if is_forced,
///     }
/// }
///
/// let command: Command = Open { force: true }.into();
/// assert_eq!(command.kind(), CommandKind::OpenByForce);
/// assert_eq!("open".parse(), Ok(CommandKind::Open));
/// ```
#[macro_export]
macro_rules! commands {
    (
        $(#[$doc:meta])*
        $command:ident, $kind:ident, $expected:literal {
            $(
                $(#[$about:meta])*
                $name:ident = $text:literal $(| $finer:ident = $finer_text:literal if $is_finer:ident)?
            ),+ $(,)?
        }
    ) => {
        $(#[$doc])*
        pub enum $command {
            $(
                $(#[$about])*
                #[serde(rename = $text)]
                $name($name),
            )+
        }

        /// A command without its content: what permission depends on.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, ::serde::Serialize, ::serde::Deserialize)]
        pub enum $kind {
            $(
                #[doc = concat!("See [`", stringify!($name), "`].")]
                #[serde(rename = $text)]
                $name,
                $(
                    #[doc = concat!("A [`", stringify!($name), "`] to whom [`", stringify!($name), "::", stringify!($is_finer), "`] applies.")]
                    #[serde(rename = $finer_text)]
                    $finer,
                )?
            )+
        }

        $crate::names! {
            /// Every kind, in table order.
            $kind, $expected { $($name = $text, $($finer = $finer_text,)?)+ }
        }

        impl $command {
            /// What permission depends on.
            #[allow(unused_variables, reason = "few kinds depend on the content")]
            pub const fn kind(&self) -> $kind {
                match self {
                    $(
                        Self::$name(content) => {
                            $(
                                if content.$is_finer() {
                                    return $kind::$finer;
                                }
                            )?
                            $kind::$name
                        }
                    )+
                }
            }
        }

        $(
            impl ::core::convert::From<$name> for $command {
                fn from(payload: $name) -> Self {
                    Self::$name(payload)
                }
            }
        )+
    };
}
