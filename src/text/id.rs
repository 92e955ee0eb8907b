//! Ids that are texts.

/// Makes a type of its own of an id that is a text, so that two ids that are swapped do not compile.
///
/// `text_id! { /// What it names. GatewayName(32) }` is a text of 1 to 32 characters: it reads as `str`, is written as
/// its text, compares and hashes as it, and clones without allocating. It is one line that people can tell from any other:
/// nothing invisible, no other white space than single spaces inside, and composed (Unicode's NFC), so that two ways to
/// write `é` are one id. Every rule for ids has its one place here. The
/// crate that uses it depends on `serde`.
///
/// # Examples
/// ```
/// escrow::text_id! {
///     /// The host's own number of a parcel.
///     ParcelNumber(20)
/// }
///
/// let number: ParcelNumber = "RR 1".parse()?;
/// assert_eq!(number, "RR 1");
/// assert_eq!(number.to_string(), "RR 1");
/// assert!("".parse::<ParcelNumber>().is_err());
/// # Ok::<(), escrow::TextError>(())
/// ```
#[macro_export]
macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident($max:literal)) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name($crate::Text<$max, 1>);

        impl $name {
            /// The most characters.
            pub const MAX: usize = $max;

            /// Checks an id and takes a copy of it.
            ///
            /// # Errors
            /// See [`Text::new`]($crate::Text::new).
            pub fn new(id: impl AsRef<str>) -> ::core::result::Result<Self, $crate::TextError> {
                $crate::Text::new(id).and_then(Self::try_from)
            }

            /// The id.
            #[must_use]
            pub fn as_str(&self) -> &str {
                self.0.as_str()
            }
        }

        /// Every way to an id leads through here: what ids may be beyond their length belongs here.
        impl ::core::convert::TryFrom<$crate::Text<$max, 1>> for $name {
            type Error = $crate::TextError;

            fn try_from(id: $crate::Text<$max, 1>) -> ::core::result::Result<Self, $crate::TextError> {
                id.into_id().map(Self)
            }
        }

        impl ::core::convert::From<$name> for $crate::Text<$max, 1> {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl ::core::str::FromStr for $name {
            type Err = $crate::TextError;

            fn from_str(id: &str) -> ::core::result::Result<Self, $crate::TextError> {
                Self::new(id)
            }
        }

        impl ::core::convert::TryFrom<&str> for $name {
            type Error = $crate::TextError;

            fn try_from(id: &str) -> ::core::result::Result<Self, $crate::TextError> {
                Self::new(id)
            }
        }

        impl ::core::convert::TryFrom<::std::string::String> for $name {
            type Error = $crate::TextError;

            fn try_from(id: ::std::string::String) -> ::core::result::Result<Self, $crate::TextError> {
                Self::new(id)
            }
        }

        impl ::core::ops::Deref for $name {
            type Target = str;

            fn deref(&self) -> &str {
                self.as_str()
            }
        }

        impl ::core::convert::AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                self.as_str()
            }
        }

        impl ::core::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                self.as_str()
            }
        }

        impl ::core::cmp::PartialEq<str> for $name {
            fn eq(&self, other: &str) -> bool {
                self.as_str() == other
            }
        }

        impl ::core::cmp::PartialEq<&str> for $name {
            fn eq(&self, other: &&str) -> bool {
                self.as_str() == *other
            }
        }

        impl ::core::fmt::Display for $name {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                ::core::fmt::Display::fmt(self.as_str(), f)
            }
        }

        impl ::core::fmt::Debug for $name {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                ::core::fmt::Debug::fmt(self.as_str(), f)
            }
        }

        impl ::serde::Serialize for $name {
            fn serialize<S: ::serde::Serializer>(
                &self,
                serializer: S,
            ) -> ::core::result::Result<S::Ok, S::Error> {
                ::serde::Serialize::serialize(&self.0, serializer)
            }
        }

        impl<'de> ::serde::Deserialize<'de> for $name {
            fn deserialize<D: ::serde::Deserializer<'de>>(
                deserializer: D,
            ) -> ::core::result::Result<Self, D::Error> {
                let id: $crate::Text<$max, 1> = ::serde::Deserialize::deserialize(deserializer)?;
                Self::try_from(id).map_err(::serde::de::Error::custom)
            }
        }
    };
}
