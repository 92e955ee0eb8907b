//! Webhooks: what a journal's events mean to a subscriber, each with the deal as of that event.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use thiserror::Error;

use super::entities::Deal;
use super::host::HostData;
use super::project::ProjectionError;
use super::status::DealStatus;
use escrow::deal::Event;
use escrow::{DecodeError, Envelope};

/// Field by field, what was and what is: `{"field": [old, new]}`.
pub type Changes = BTreeMap<String, (Value, Value)>;

/// A webhook. Tagged by `type` in JSON.
///
/// # Source
/// Nalogka: `deals.deal.created`, `deals.deal.updated`, `deals.deal.changed_status`.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(tag = "type", deny_unknown_fields)]
pub enum Notification {
    /// The deal was created.
    #[serde(rename = "deals.deal.created")]
    Created {
        /// The deal as of this event.
        deal: Box<Deal>,
    },
    /// Something about the deal changed beside its status.
    #[serde(rename = "deals.deal.updated")]
    Updated {
        /// The deal after the call.
        deal: Box<Deal>,
        /// Exactly the top-level fields of the deal in which it differs from before the call.
        changes: Changes,
    },
    /// The deal's status changed.
    #[serde(rename = "deals.deal.changed_status")]
    ChangedStatus {
        /// The deal as of this event.
        deal: Box<Deal>,
        /// What it was: the `new_status` of the notification before.
        old_status: DealStatus,
        /// What it is.
        new_status: DealStatus,
    },
}

/// The events do not follow from the deal, or the deal cannot be told in Nalogka's form.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
#[non_exhaustive]
pub enum HistoryError {
    /// The form has no word for something.
    #[error(transparent)]
    Projection(#[from] ProjectionError),
    /// An envelope belongs to another deal.
    #[error("version {version} is of another deal")]
    OtherDeal {
        /// Which envelope.
        version: u64,
    },
    /// A version is missing, or is there twice.
    #[error("version {got} does not follow: {expected} is expected")]
    Gap {
        /// What should be next.
        expected: u64,
        /// What is.
        got: u64,
    },
    /// A new deal's envelopes do not begin with `proposed`.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// The deal after is not what the events make of the deal before.
    #[error("the deal after is not what the events make of the deal before")]
    OtherOutcome,
}

/// The webhooks for one call: the deal before (`None`: it was created), the envelopes of all that the call was carried out
/// by and of what followed from it, the deal after, and what the host knew before. What the gateway, the tracker and the
/// clock tell comes by no call: each command of theirs is told by itself.
///
/// One `changed_status` per status that the deal comes to, each with the deal as of *its* event, in their order; then one
/// `updated` with the deal after and all that differs from before. A new deal is told once, as `created`, with the documents
/// and the requisite that it was created with where their events follow the first one directly.
/// Where nothing differs that is shown, or only `updated_at`, there is no `updated`; a change of the status and its time,
/// author and comment alone is `changed_status` alone.
/// Pure: the same arguments give the same notifications, so a host may compute them again after a crash.
///
/// # Errors
/// [`HistoryError`]. Not transient.
///
/// # Examples
/// ```
/// use escrow::{Context, Currency, Deal, DealId, Envelope, Money, Policy, Terms, TermsDraft, Time, terms::Item};
/// use escrow_nalogka::{HostData, Notification, Workflow, notifications};
///
/// let now = Time::parse("2026-03-01T12:00:00Z")?;
/// let phone = Item::new("Phone".parse()?, Money::from_minor(23_500_00, Currency::RUB), 1);
/// let draft = TermsDraft::new("anna".parse()?, "shop".parse()?, Currency::RUB, vec![phone], Policy::shop());
/// let (deal, proposed) = Deal::propose(DealId::new(uuid::Uuid::nil()), Terms::new(draft)?, &Context::party(now, "shop".parse()?))?;
/// let envelopes: Vec<_> = Envelope::wrap(&deal, 0, proposed.events(), now).collect();
/// let told = notifications(None, &envelopes, &deal, &HostData::new(Workflow::Shop))?;
/// assert!(matches!(&told[..], [Notification::Created { deal }] if deal.subject_items_total.to_string() == "23500.00"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn notifications(
    before: Option<&escrow::Deal>,
    envelopes: &[Envelope],
    after: &escrow::Deal,
    host: &HostData,
) -> Result<Vec<Notification>, HistoryError> {
    let mut told = Vec::new();
    let (mut known, moments) = moments(before, envelopes, after, host)?;
    let mut moments = moments.into_iter().peekable();
    if before.is_none() {
        while let Some(moment) =
            moments.next_if(|m| known.is_none() || comes_with_creation(&m.envelope.event))
        {
            known = Some(moment.deal);
        }
        told.extend(known.clone().map(|deal| Notification::Created { deal: Box::new(deal) }));
    }
    let mut last = None;
    let mut has_changed = false;
    for Moment { deal, news, .. } in moments {
        if let News::Changed { status: Some((old_status, new_status)), .. } = news {
            has_changed = true;
            told.push(Notification::ChangedStatus { deal: Box::new(deal.clone()), old_status, new_status });
        }
        last = Some(deal);
    }
    if let (Some(known), Some(deal)) = (known, last) {
        let changes = differences(&known, &deal, has_changed);
        if !changes.is_empty() {
            told.push(Notification::Updated { deal: Box::new(deal), changes });
        }
    }
    Ok(told)
}

/// What a request for a deal carries and the deal gets right after its first event.
const fn comes_with_creation(event: &Event) -> bool {
    matches!(event, Event::Attached { .. } | Event::DestinationSet { .. } | Event::Annotated { .. })
}

/// One event, and what it means to a subscriber.
pub(super) struct Moment<'e> {
    pub(super) envelope: &'e Envelope,
    pub(super) deal: Deal,
    pub(super) news: News,
}

pub(super) enum News {
    Created,
    Changed {
        /// Empty where only the status changed, or nothing.
        changes: Changes,
        status: Option<(DealStatus, DealStatus)>,
    },
}

/// What was shown before them, and the events one by one, each with the deal that it leaves.
pub(super) type Told<'e> = (Option<Deal>, Vec<Moment<'e>>);

pub(super) fn moments<'e>(
    before: Option<&escrow::Deal>,
    envelopes: &'e [Envelope],
    after: &escrow::Deal,
    host: &HostData,
) -> Result<Told<'e>, HistoryError> {
    let mut host = host.clone();
    let mut found = Vec::with_capacity(envelopes.len());
    let mut rest = envelopes;
    let mut live = match before {
        Some(before) => before.clone(),
        None => {
            let first = rest.split_off_first().ok_or(DecodeError::NotAJournal { first: "proposed" })?;
            follows(first, after, 1)?;
            let live = escrow::Deal::replay(after.id(), [&first.clone().into_recorded()])?;
            host.note(first);
            let deal = Deal::project(&live, &host)?;
            found.push(Moment { envelope: first, deal, news: News::Created });
            live
        }
    };
    let mut old = Deal::project(&live, &host)?;
    let shown = before.map(|_| old.clone());
    for envelope in rest {
        follows(envelope, after, live.version().saturating_add(1))?;
        live.apply(&envelope.clone().into_recorded());
        host.note(envelope);
        let deal = Deal::project(&live, &host)?;
        let status = (old.status != deal.status).then_some((old.status, deal.status));
        let changes = differences(&old, &deal, status.is_some());
        old = deal.clone();
        found.push(Moment { envelope, deal, news: News::Changed { changes, status } });
    }
    if live == *after { Ok((shown, found)) } else { Err(HistoryError::OtherOutcome) }
}

fn follows(envelope: &Envelope, of: &escrow::Deal, expected: u64) -> Result<(), HistoryError> {
    let got = envelope.version;
    if envelope.deal_id != of.id() {
        return Err(HistoryError::OtherDeal { version: got });
    }
    if got != expected {
        return Err(HistoryError::Gap { expected, got });
    }
    Ok(())
}

/// The top-level fields that differ; none where only such do that go without saying.
fn differences(old: &Deal, new: &Deal, status_changed: bool) -> Changes {
    let fields = |deal| match serde_json::to_value(deal) {
        Ok(Value::Object(fields)) => fields,
        // a struct with named fields is an object, and none of them can fail
        Ok(_) | Err(_) => serde_json::Map::new(),
    };
    let mut before = fields(old);
    let pairs = fields(new).into_iter().map(|(field, new)| {
        let old = before.remove(&field).unwrap_or_default();
        (field, (old, new))
    });
    let mut changes: Changes = pairs.filter(|(_, (old, new))| old != new).collect();
    // what is not shown where there is nothing
    changes.extend(before.into_iter().map(|(field, old)| (field, (old, Value::Null))));
    let goes_without_saying = |field: &str| match field {
        "updated_at" => true,
        "status" | "status_updated_at" | "status_updated_by" | "status_updated_comment" => status_changed,
        _ => false,
    };
    if changes.keys().all(|field| goes_without_saying(field)) { Changes::new() } else { changes }
}
