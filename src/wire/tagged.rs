//! Events are tagged by their `type` in formats with names, and by a number in formats without.

/// Takes an enum of events once, and writes it twice: for formats that name their fields, an object with the event's
/// name as its `type`; for formats that do not, which cannot look for a tag, the variant by its place.
///
/// Variants without fields are `{}`: a unit variant would swallow fields that it does not have.
macro_rules! tagged {
    (
        $(#[doc = $doc:literal])*
        #[derive($($derive:ident),*)]
        pub enum Event {
            $(
                $(#[doc = $variant_doc:literal])*
                $variant:ident {
                    $(
                        $(#[doc = $field_doc:literal])*
                        $(#[serde($($serde:tt)*)])?
                        $field:ident: $type:ty
                    ),* $(,)?
                }
            ),* $(,)?
        }
    ) => {
        $(#[doc = $doc])*
        #[derive($($derive),*)]
        pub enum Event {
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

        /// As it is written in formats that name their fields.
        mod named {
            use super::*;

            #[derive(serde::Serialize, serde::Deserialize)]
            #[serde(remote = "super::Event", tag = "type", rename_all = "snake_case", deny_unknown_fields)]
            pub(super) enum Event {
                $(
                    $variant {
                        $(
                            $(#[serde($($serde)*)])?
                            $field: $type,
                        )*
                    },
                )*
            }
        }

        /// As it is written in formats that know their fields by their places.
        mod placed {
            use super::*;

            #[derive(serde::Serialize, serde::Deserialize)]
            #[serde(remote = "super::Event", rename_all = "snake_case", deny_unknown_fields)]
            pub(super) enum Event {
                $(
                    $variant {
                        $(
                            $(#[serde($($serde)*)])?
                            $field: $type,
                        )*
                    },
                )*
            }
        }

        impl serde::Serialize for Event {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                if serializer.is_human_readable() {
                    named::Event::serialize(self, serializer)
                } else {
                    placed::Event::serialize(self, serializer)
                }
            }
        }

        impl<'de> serde::Deserialize<'de> for Event {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                if deserializer.is_human_readable() {
                    named::Event::deserialize(deserializer)
                } else {
                    placed::Event::deserialize(deserializer)
                }
            }
        }
    };
}

pub(crate) use tagged;
