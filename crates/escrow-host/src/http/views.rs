//! What clients see.

use escrow::port::Aggregate;
use escrow::{Actor, Deal, Side, Time};
use escrow_store::Listed;
use serde::Serialize;

/// A deal, for one who has a part in it.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct DealView {
    /// Its id.
    pub id: String,
    /// How many events it has.
    pub version: u64,
    /// What `If-Match` is compared with.
    pub revision: u64,
    /// Its status.
    pub status: String,
    /// Since when.
    pub status_at: Time,
    /// When it began.
    pub created_at: Time,
    /// The terms that are proposed, or agreed.
    pub terms: serde_json::Value,
    /// What is paid in.
    pub deposits: Vec<DepositView>,
    /// What happens next if nobody does anything happens then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_deadline: Option<Time>,
    /// Whether the gateway has not answered an order yet.
    pub has_pending: bool,
    /// What the caller may do now.
    pub allowed: Vec<String>,
}

/// A deposit, in minor units of its currency.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct DepositView {
    /// Its id.
    pub id: String,
    /// Whose it is.
    pub owner: Side,
    /// Its currency.
    pub currency: String,
    /// What is asked for.
    pub required_minor: i64,
    /// What came in.
    pub received_minor: i64,
    /// What is there now.
    pub held_minor: i64,
}

impl DealView {
    /// What somebody sees of a deal at an instant.
    ///
    /// # Errors
    /// The terms cannot be written as JSON.
    pub fn of(deal: &Deal, actor: &Actor, now: Time) -> Result<Self, serde_json::Error> {
        let deposits = deal.deposits().iter().map(|deposit| DepositView {
            id: deposit.id().to_string(),
            owner: deposit.owner(),
            currency: deposit.required().currency().code().to_owned(),
            required_minor: deposit.required().minor(),
            received_minor: deposit.buckets().received,
            held_minor: deposit.held().minor(),
        });
        Ok(Self {
            id: deal.id().to_string(),
            version: deal.version(),
            revision: deal.revision(),
            status: deal.listing().status.to_owned(),
            status_at: deal.status_change().at,
            created_at: deal.created_at(),
            terms: serde_json::to_value(&**deal.terms())?,
            deposits: deposits.collect(),
            next_deadline: deal.next_deadline(),
            has_pending: deal.has_pending(),
            allowed: deal.allowed(actor, now).kinds().map(|kind| kind.to_string()).collect(),
        })
    }
}

/// A page of a list.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct ListView {
    /// The deals.
    pub deals: Vec<RowView>,
    /// What to send as `after` for the next page; none: this is the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// A deal in a list.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct RowView {
    /// Its id.
    pub id: String,
    /// How many events it has.
    pub version: u64,
    /// Its status.
    pub status: String,
    /// Since when.
    pub status_at: Time,
    /// When it began.
    pub created_at: Time,
    /// The host's own id of what it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order_id: Option<String>,
    /// When something happens by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_deadline: Option<Time>,
    /// Since when the gateway has not answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pending_since: Option<Time>,
}

impl ListView {
    /// A page; `limit`: how many were asked for.
    pub fn of<I: ToString>(rows: Vec<Listed<I>>, limit: u32) -> Self {
        let is_full = u32::try_from(rows.len()).is_ok_and(|length| length >= limit);
        let next = rows.last().filter(|_| is_full).map(|last| format!("{}.{}", last.place.0, last.place.1));
        let deals = rows.into_iter().map(|row| RowView {
            id: row.id.to_string(),
            version: row.version,
            status: row.status,
            status_at: row.status_at,
            created_at: row.created_at,
            order_id: row.order_id,
            next_deadline: row.next_deadline,
            pending_since: row.pending_since,
        });
        Self { deals: deals.collect(), next }
    }
}
