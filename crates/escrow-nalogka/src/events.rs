//! The history of a deal as its own resource: `GET /deals/{id}/events`.

use serde::{Deserialize, Serialize};

use super::host::HostData;
use super::notification::{Changes, HistoryError, Moment, News, moments};
use super::status::DealStatus;
use super::words::Initiator;
use escrow::{Envelope, Time};

/// One entry of the history. The three are told apart by their fields: `updated` has a `change_set`, `changed_status`
/// has `old` and `new`.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(untagged)]
pub enum DealEvent {
    /// The deal was updated.
    Updated(UpdatedEvent),
    /// The deal's status changed.
    ChangedStatus(StatusChangedEvent),
    /// The deal was created.
    Created(CreatedEvent),
}

/// The deal was created.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CreatedEvent {
    /// `{deal}:{version}`.
    pub id: String,
    /// When. `occured_at` before API 1.1.0.
    pub occurred_at: Time,
    /// By whom.
    pub initiated_by: Initiator,
}

/// The deal was updated.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UpdatedEvent {
    /// `{deal}:{version}`.
    pub id: String,
    /// When.
    pub occurred_at: Time,
    /// By whom.
    pub initiated_by: Initiator,
    /// As `changes` of the notification.
    pub change_set: Changes,
}

/// The deal's status changed.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StatusChangedEvent {
    /// `{deal}:{version}:status`: the same event may have been an update too.
    pub id: String,
    /// When.
    pub occurred_at: Time,
    /// By whom.
    pub initiated_by: Initiator,
    /// What it was.
    pub old: DealStatus,
    /// What it is.
    pub new: DealStatus,
}

/// The history that these envelopes tell, event by event, where [`notifications`](super::notifications) tell of a whole
/// call at once. For a whole journal, `before` is `None`.
///
/// # Errors
/// [`HistoryError`]. Not transient.
pub fn events(
    before: Option<&escrow::Deal>,
    envelopes: &[Envelope],
    after: &escrow::Deal,
    host: &HostData,
) -> Result<Vec<DealEvent>, HistoryError> {
    let mut told = Vec::new();
    for Moment { envelope, news, .. } in moments(before, envelopes, after, host)?.1 {
        let id = || format!("{}:{}", envelope.deal_id, envelope.version);
        let occurred_at = envelope.occurred_at;
        let by = || Initiator(envelope.actor.clone());
        match news {
            News::Created => {
                told.push(DealEvent::Created(CreatedEvent { id: id(), occurred_at, initiated_by: by() }));
            }
            News::Changed { changes, status } => {
                if !changes.is_empty() {
                    let (initiated_by, change_set) = (by(), changes);
                    let updated = UpdatedEvent { id: id(), occurred_at, initiated_by, change_set };
                    told.push(DealEvent::Updated(updated));
                }
                if let Some((old, new)) = status {
                    let (id, initiated_by) = (format!("{}:status", id()), by());
                    told.push(DealEvent::ChangedStatus(StatusChangedEvent {
                        id,
                        occurred_at,
                        initiated_by,
                        old,
                        new,
                    }));
                }
            }
        }
    }
    Ok(told)
}
