//! Fields that are left out where they are at their default, and are no option, number, flag or list.
//!
//! A format without names has no way to leave a field out. `wire::compact` writes a zero byte in its place, which reads
//! as `None`, `0`, `false` or an empty list: so whatever else may be left out is an option there.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Is it left out?
pub(crate) fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

pub(crate) fn serialize<T: Serialize, S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
    if serializer.is_human_readable() {
        value.serialize(serializer)
    } else {
        serializer.serialize_some(value)
    }
}

pub(crate) fn deserialize<'de, T, D>(deserializer: D) -> Result<T, D::Error>
where
    T: Deserialize<'de> + Default,
    D: Deserializer<'de>,
{
    if deserializer.is_human_readable() {
        T::deserialize(deserializer)
    } else {
        Ok(Option::deserialize(deserializer)?.unwrap_or_default())
    }
}
