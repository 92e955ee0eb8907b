//! What happens to a store.

use serde::{Deserialize, Serialize};
use std::sync::Arc;

use super::{Conditions, StoreTerms};
use escrow::deposit::Reason;

/// What happened to a store, in the past tense. Deliberately exhaustive.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum Event {
    /// It came into being; always the first event, and only the first.
    Opened {
        /// With what.
        terms: Arc<StoreTerms>,
    },
    /// Deals that are opened from now on have other fees and another policy.
    ConditionsSet {
        /// Counted from 1.
        version: u32,
        /// Fees and policy.
        conditions: Arc<Conditions>,
    },
    /// New deals are refused for a while.
    Suspended {
        /// The reason.
        reason: Reason,
    },
    /// New deals are accepted again.
    Resumed {},
    /// New deals are refused for good.
    Closed {},
}
