//! What Nalogka's deal shows and ours does not hold.

use serde::{Deserialize, Serialize};

use super::entities::{Attachment, ContactInfo, TrackEvent};
use super::notification::{HistoryError, Notification, notifications};
use super::requisite::RequisiteId;
use super::words::Workflow;
use escrow::deal::command::CheckpointId;
use escrow::deal::{Event, Phase};
use escrow::{Deal, Destination, Envelope, PartyId, Side, Text, Time};

/// What the host knows of a deal beside the deal itself.
///
/// [`HostData::note`] reads the deal's journal, so that attachments, the dispute's times and documents and the track's
/// history need no table of their own: a host stores this beside the deal, or folds it anew.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HostData {
    /// A second, unguessable name of the deal.
    pub token: Option<Text<128, 1>>,
    /// The marketplace where it was made.
    pub marketplace_id: Option<Text<64, 1>>,
    /// Which process it follows.
    pub workflow: Workflow,
    /// Which API user created it, and so may see and touch it.
    pub api_user: Option<PartyId>,
    /// How to reach the buyer, where the deal names no contacts of `kept`.
    pub buyer_contacts: Option<ContactInfo>,
    /// How to reach the seller, where the deal names no contacts of `kept`.
    pub seller_contacts: Option<ContactInfo>,
    /// What the deal has references to.
    pub kept: Kept,
    /// Every document that the host knows of, with its public address. Shown are those that the deal has.
    pub attachments: Vec<Attachment>,
    /// What the deal does not keep of its dispute.
    pub dispute: DisputeNotes,
    /// The history of the current track, oldest first.
    pub track_events: Vec<TrackEvent>,
    /// Where checkpoints were: what a tracker tells beyond a location, kept before the checkpoint is submitted.
    pub places: Vec<(CheckpointId, Place)>,
}

/// What a deal has references to, and the host keeps.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Kept {
    /// Contacts, by the references in the deal's terms.
    pub contacts: Vec<(Text<128, 1>, ContactInfo)>,
    /// Requisites that were named, with the destinations that stand in the deal.
    pub requisites: Vec<(RequisiteId, Destination)>,
}

/// Where a checkpoint was.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Place {
    /// In which city.
    pub city_name: Option<Text<200>>,
    /// At which address.
    pub address: Option<Text<500>>,
}

/// What the deal does not keep of its dispute.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DisputeNotes {
    /// When it was opened first; absent: when it was opened last, which the deal knows.
    pub created_at: Option<Time>,
    /// When anything about it changed last.
    pub updated_at: Option<Time>,
    /// When its status changed last.
    pub status_updated_at: Option<Time>,
    /// How it was settled, in words; absent: the award's.
    pub settlement_description: Option<Text<500>>,
    /// Its documents: the evidence that it was opened with, and what was attached while it lasted.
    pub attachments: Vec<Attachment>,
    /// Whether it lasts.
    pub open: bool,
}

impl HostData {
    /// Nothing but the process.
    pub const fn new(workflow: Workflow) -> Self {
        Self {
            token: None,
            marketplace_id: None,
            workflow,
            api_user: None,
            buyer_contacts: None,
            seller_contacts: None,
            kept: Kept { contacts: Vec::new(), requisites: Vec::new() },
            attachments: Vec::new(),
            dispute: DisputeNotes {
                created_at: None,
                updated_at: None,
                status_updated_at: None,
                settlement_description: None,
                attachments: Vec::new(),
                open: false,
            },
            track_events: Vec::new(),
            places: Vec::new(),
        }
    }

    /// Keeps what a call has brought. Before its commands are submitted, so that what they are told with is there; what no
    /// command comes to name is not shown.
    pub fn keep(&mut self, kept: Kept) {
        self.kept.contacts.extend(kept.contacts);
        for (id, destination) in kept.requisites {
            self.kept.requisites.retain(|(known, _)| *known != id);
            self.kept.requisites.push((id, destination));
        }
    }

    /// Keeps where a checkpoint was. Before the checkpoint is submitted.
    pub fn keep_place(&mut self, checkpoint: CheckpointId, place: Place) {
        self.places.push((checkpoint, place));
    }

    /// The webhooks of one call, or of one command that came otherwise, and of what followed from it: [`notifications`], and
    /// every event is noted.
    ///
    /// # Errors
    /// [`HistoryError`]; nothing is noted then.
    pub fn tell(
        &mut self,
        before: Option<&Deal>,
        envelopes: &[Envelope],
        after: &Deal,
    ) -> Result<Vec<Notification>, HistoryError> {
        let told = notifications(before, envelopes, after, self)?;
        envelopes.iter().for_each(|envelope| self.note(envelope));
        Ok(told)
    }

    /// How to reach a party: the contacts that the deal names, or else the host's.
    pub(super) fn contacts(&self, deal: &Deal, side: Side) -> Option<&ContactInfo> {
        let contacts = &deal.terms().contacts;
        let (named, own) = match side {
            Side::Buyer => (&contacts.buyer, &self.buyer_contacts),
            Side::Seller => (&contacts.seller, &self.seller_contacts),
        };
        let kept = named.as_ref().and_then(|named| {
            self.kept.contacts.iter().rev().find(|(reference, _)| reference == named).map(|(_, kept)| kept)
        });
        kept.or(own.as_ref())
    }

    /// The id under which a destination was named.
    pub(super) fn requisite(&self, destination: &Destination) -> Option<&RequisiteId> {
        self.kept.requisites.iter().rev().find(|(_, kept)| kept == destination).map(|(id, _)| id)
    }

    /// Adds to the track's history, by the time when it happened, whenever it is told.
    fn note_checkpoint(&mut self, event: TrackEvent) {
        if !self.track_events.contains(&event) {
            let at = self.track_events.partition_point(|known| known.occurred_at <= event.occurred_at);
            self.track_events.insert(at, event);
        }
    }

    /// Folds one event of the deal's journal. Every event once, in order.
    pub fn note(&mut self, envelope: &Envelope) {
        let at = envelope.occurred_at;
        match &envelope.event {
            Event::Proposed { .. } => {
                if let Some(via) = &envelope.via {
                    self.api_user.get_or_insert_with(|| via.clone());
                }
            }
            Event::Attached { attachment } => {
                let Ok(id) = Text::new(&attachment.id) else { return };
                let attachment = Attachment {
                    id,
                    description: Some(attachment.description.clone()),
                    public_url: None,
                    mime_type: Some(attachment.mime.clone()),
                    size: Some(attachment.size),
                };
                if self.dispute.open {
                    self.dispute.updated_at = Some(at);
                    add(&mut self.dispute.attachments, attachment.clone());
                }
                add(&mut self.attachments, attachment);
            }
            Event::TrackSet { .. } | Event::TrackRemoved {} => self.track_events.clear(),
            Event::TrackingRecorded { checkpoint, .. } => {
                let place = self.places.iter().rev().find(|(id, _)| *id == checkpoint.id);
                let place = place.map(|(_, place)| place.clone()).unwrap_or_default();
                self.note_checkpoint(TrackEvent {
                    occurred_at: checkpoint.occurred_at,
                    title: checkpoint.title.clone(),
                    location: checkpoint.location.clone(),
                    city_name: place.city_name,
                    address: place.address,
                });
            }
            Event::DisputeOpened { evidence, .. } => {
                self.dispute.created_at.get_or_insert(at);
                self.dispute.status_updated_at = Some(at);
                self.dispute.updated_at = Some(at);
                if let Some(id) = evidence.as_ref().and_then(|file| Text::new(file).ok()) {
                    let (description, public_url, mime_type, size) = (None, None, None, None);
                    let evidence = Attachment { id, description, public_url, mime_type, size };
                    add(&mut self.dispute.attachments, evidence);
                }
            }
            Event::PhaseEntered { phase, .. } => {
                self.dispute.open = matches!(phase, Phase::Disputed { .. });
            }
            Event::DisputeWithdrawn { .. } | Event::DisputeClosed {} => {
                self.dispute.status_updated_at = Some(at);
                self.dispute.updated_at = Some(at);
            }
            Event::AwardProposed { .. }
            | Event::AwardAccepted { .. }
            | Event::OfferFell { .. }
            | Event::WithdrawalOffered { .. }
            | Event::EscalationAsked { .. }
            | Event::ClaimFiled { .. }
            | Event::Ruled { .. } => self.dispute.updated_at = Some(at),
            Event::TermsAmended { .. }
            | Event::Annotated { .. }
            | Event::Agreed { .. }
            | Event::PaymentStated { .. }
            | Event::PaymentRequested { .. }
            | Event::PaymentReceived { .. }
            | Event::Remarked { .. }
            | Event::Approved {}
            | Event::PerformingStarted {}
            | Event::PerformingStopped {}
            | Event::Submitted { .. }
            | Event::ChangesRequested { .. }
            | Event::Accepted {}
            | Event::ClearingBegun { .. }
            | Event::Reported { .. }
            | Event::CostIncurred { .. }
            | Event::ChargeAdded { .. }
            | Event::Cancelled { .. }
            | Event::ArbiterAppointed { .. }
            | Event::DestinationSet { .. }
            | Event::DeadlineExtended { .. }
            | Event::Posted { .. }
            | Event::TimerFired { .. }
            | Event::EndingDecided { .. }
            | Event::CaptureOrdered { .. }
            | Event::LegOrdered { .. }
            | Event::LegWaits { .. }
            | Event::LegAsked { .. }
            | Event::LegUnclaimed { .. }
            | Event::LegCredited { .. }
            | Event::LegCut { .. }
            | Event::TransactionSucceeded { .. }
            | Event::TransactionFailed { .. }
            | Event::ReceivableRaised { .. }
            | Event::ChargebackRecorded { .. }
            | Event::HoldCharged { .. }
            | Event::HoldShortened { .. }
            | Event::GivenBack { .. }
            | Event::RequestNoted { .. }
            | Event::StrayOpened { .. }
            | Event::AnswerDoubted { .. }
            | Event::AnswerConfirmed { .. }
            | Event::PaymentReturned { .. }
            | Event::LegSplit { .. }
            | Event::LegHeldBack { .. }
            | Event::LegRestored { .. }
            | Event::ReceivableChanged { .. }
            | Event::ReceivableSettled { .. }
            | Event::PotCut { .. } => {}
        }
    }
}

/// A document is listed once.
fn add(all: &mut Vec<Attachment>, new: Attachment) {
    if all.iter().all(|known| known.id != new.id) {
        all.push(new);
    }
}
