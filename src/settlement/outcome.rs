//! How a deal ended.

use serde::{Deserialize, Serialize};

/// How a deal ended. Who got what is told by its legs, not by this.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The subject was accepted, whole or in part.
    Completed,
    /// Somebody cancelled, or a deadline did.
    Cancelled,
    /// A party turned the proposal down.
    Declined,
    /// Nobody agreed, or nobody paid, in time.
    Expired,
    /// A dispute was settled by agreement or by a ruling.
    Resolved,
}

names! {
    /// Every outcome.
    Outcome, "the outcome of a deal" {
        Completed = "completed",
        Cancelled = "cancelled",
        Declined = "declined",
        Expired = "expired",
        Resolved = "resolved",
    }
}
