//! A machine is written as its parts, and read from them under every check.

/// `stored_as_parts!(Offer, Parts)`.
macro_rules! stored_as_parts {
    ($machine:ident, $parts:ident) => {
        impl ::serde::Serialize for $machine {
            fn serialize<S: ::serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                self.parts().serialize(serializer)
            }
        }

        impl<'de> ::serde::Deserialize<'de> for $machine {
            fn deserialize<D: ::serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                $parts::deserialize(deserializer)?.restore().map_err(::serde::de::Error::custom)
            }
        }
    };
}
