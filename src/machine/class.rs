//! What kind of refusal a rejection is: what a caller does about it.

use serde::{Deserialize, Serialize};

/// What kind of refusal a rejection is. Coarser than its code, and the same for every machine: what an HTTP server turns
/// into a status.
///
/// # Examples
/// ```
/// use escrow::RejectionClass;
///
/// let status = |class| match class {
///     RejectionClass::Invalid => 422,
///     RejectionClass::Forbidden => 403,
///     RejectionClass::Conflict => 409,
///     RejectionClass::Gone => 410,
/// };
/// assert_eq!(status("conflict".parse()?), 409);
/// # Ok::<(), escrow::ParseError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RejectionClass {
    /// The content is wrong: correct the command.
    Invalid,
    /// Not this actor, or not under these rules: nothing to correct.
    Forbidden,
    /// Not as things are now: read the state again, wait, or do first what the message names.
    Conflict,
    /// Too late: it was possible, and is not any more.
    Gone,
}

names! {
    /// Every class.
    RejectionClass, "invalid, forbidden, conflict or gone" {
        Invalid = "invalid",
        Forbidden = "forbidden",
        Conflict = "conflict",
        Gone = "gone",
    }
}
