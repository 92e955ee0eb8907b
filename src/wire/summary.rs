//! The columns that a host indexes.

use serde::{Deserialize, Serialize};

use crate::deal::{Deal, Status};
use crate::{DealId, PartyId, Time};

/// What a host keeps in columns beside the stored deal: to list deals, and to know which ones to wake.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DealSummary {
    /// The deal.
    pub id: DealId,
    /// Who buys.
    pub buyer: PartyId,
    /// Who sells.
    pub seller: PartyId,
    /// Its status.
    pub status: Status,
    /// Since when it has that status.
    pub status_updated_at: Time,
    /// When it is to be woken: index this, and wake what is due.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_deadline: Option<Time>,
    /// Whether an order has no answer yet. Index this, and resume those deals.
    pub has_pending: bool,
    /// What a sink locks on.
    pub version: u64,
}

impl From<&Deal> for DealSummary {
    fn from(deal: &Deal) -> Self {
        Self {
            id: deal.id(),
            buyer: deal.terms().buyer.clone(),
            seller: deal.terms().seller.clone(),
            status: deal.status(),
            status_updated_at: deal.status_change().at,
            next_deadline: deal.next_deadline(),
            has_pending: deal.has_pending(),
            version: deal.version(),
        }
    }
}
