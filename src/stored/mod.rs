//! How fields are stored, where serde has to be told.

pub(crate) mod left_out;
pub(crate) mod short;
