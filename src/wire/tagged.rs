//! Events, commands and news are tagged by their name in formats with names, and by a number in formats without.

/// Takes an enum once, and writes it twice: for formats that people read, an object with the variant's name as its tag;
/// for binary formats, the variant as the format has it. Some of those cannot look for a tag, and what serde buffers
/// while it looks for one forgets that the format is binary.
///
/// `#[tagged("type", "super::Event", Serialize, Deserialize)]`: the tag, the enum as seen from inside its module, and what
/// can be done with it. Variants without fields are `{}`: a unit variant would swallow fields that it does not have.
macro_rules! tagged {
    (
        $(#[doc = $doc:literal])*
        #[derive($($derive:ident),*)]
        #[tagged($tag:literal, $remote:literal, $($serde:ident),*)]
        pub enum $name:ident {
            $(
                $(#[doc = $variant_doc:literal])*
                $variant:ident {
                    $(
                        $(#[doc = $field_doc:literal])*
                        $(#[serde($($attribute:tt)*)])?
                        $field:ident: $type:ty
                    ),* $(,)?
                }
            ),* $(,)?
        }
    ) => {
        $(#[doc = $doc])*
        #[derive($($derive),*)]
        pub enum $name {
            $(
                $(#[doc = $variant_doc])*
                $variant {
                    $(
                        $(#[doc = $field_doc])*
                        $field: $type,
                    )*
                },
            )*
        }

        /// As people read it.
        mod named {
            use super::*;

            #[derive($(serde::$serde),*)]
            #[serde(remote = $remote, tag = $tag, rename_all = "snake_case", deny_unknown_fields)]
            pub(super) enum $name {
                $($variant { $($(#[serde($($attribute)*)])? $field: $type,)* },)*
            }
        }

        /// As it is in binary formats.
        mod placed {
            use super::*;

            #[derive($(serde::$serde),*)]
            #[serde(remote = $remote, rename_all = "snake_case", deny_unknown_fields)]
            pub(super) enum $name {
                $($variant { $($(#[serde($($attribute)*)])? $field: $type,)* },)*
            }
        }

        $($crate::wire::tagged! { @ $serde $name })*
    };
    (
        $(#[doc = $doc:literal])*
        #[derive($($derive:ident),*)]
        #[tagged($tag:literal, $remote:literal, $($serde:ident),*)]
        pub enum $name:ident {
            $($(#[doc = $variant_doc:literal])* $variant:ident($payload:ty)),* $(,)?
        }
    ) => {
        $(#[doc = $doc])*
        #[derive($($derive),*)]
        pub enum $name {
            $($(#[doc = $variant_doc])* $variant($payload),)*
        }

        /// As people read it.
        mod named {
            use super::*;

            #[derive($(serde::$serde),*)]
            #[serde(remote = $remote, tag = $tag, rename_all = "snake_case")]
            pub(super) enum $name {
                $($variant($payload),)*
            }
        }

        /// As it is in binary formats.
        mod placed {
            use super::*;

            #[derive($(serde::$serde),*)]
            #[serde(remote = $remote, rename_all = "snake_case")]
            pub(super) enum $name {
                $($variant($payload),)*
            }
        }

        $($crate::wire::tagged! { @ $serde $name })*
    };
    (@ Serialize $name:ident) => {
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                if serializer.is_human_readable() {
                    named::$name::serialize(self, serializer)
                } else {
                    placed::$name::serialize(self, serializer)
                }
            }
        }
    };
    (@ Deserialize $name:ident) => {
        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                if deserializer.is_human_readable() {
                    named::$name::deserialize(deserializer)
                } else {
                    placed::$name::deserialize(deserializer)
                }
            }
        }
    };
}

pub(crate) use tagged;
