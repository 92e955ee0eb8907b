//! What Nalogka's deal shows and ours does not hold.

use super::entities::{Attachment, ContactInfo, TrackEvent};
use super::words::Workflow;
use escrow::deal::Event;
use escrow::{Envelope, Text, Time};

/// What the host knows of a deal beside the deal itself.
///
/// [`HostData::note`] reads the deal's journal, so that attachments, the dispute's times and the track's history need
/// no table of their own: a host stores this beside the deal, or folds it anew.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct HostData {
    /// A second, unguessable name of the deal.
    pub token: Option<Text<128, 1>>,
    /// The marketplace where it was made.
    pub marketplace_id: Option<Text<64, 1>>,
    /// Which process it follows.
    pub workflow: Workflow,
    /// How to reach the buyer.
    pub buyer_contacts: Option<ContactInfo>,
    /// How to reach the seller.
    pub seller_contacts: Option<ContactInfo>,
    /// Every document that the host knows of, with its public address. Shown are those that the deal has.
    pub attachments: Vec<Attachment>,
    /// What the deal does not keep of its dispute.
    pub dispute: DisputeNotes,
    /// The history of the current track, oldest first.
    pub track_events: Vec<TrackEvent>,
}

/// What the deal does not keep of its dispute.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct DisputeNotes {
    /// When it was opened first; absent: when it was opened last, which the deal knows.
    pub created_at: Option<Time>,
    /// When anything about it changed last.
    pub updated_at: Option<Time>,
    /// When its status changed last.
    pub status_updated_at: Option<Time>,
    /// How it was settled, in words; absent: the award's.
    pub settlement_description: Option<Text<500>>,
    /// Its documents.
    pub attachments: Vec<Attachment>,
}

impl HostData {
    /// Nothing but the process.
    pub const fn new(workflow: Workflow) -> Self {
        Self {
            token: None,
            marketplace_id: None,
            workflow,
            buyer_contacts: None,
            seller_contacts: None,
            attachments: Vec::new(),
            dispute: DisputeNotes {
                created_at: None,
                updated_at: None,
                status_updated_at: None,
                settlement_description: None,
                attachments: Vec::new(),
            },
            track_events: Vec::new(),
        }
    }

    /// Folds one event of the deal's journal. Every event once, in order.
    pub fn note(&mut self, envelope: &Envelope) {
        let at = envelope.occurred_at;
        match &envelope.event {
            Event::Attached { attachment } => {
                if self.attachments.iter().all(|known| known.id != attachment.id) {
                    self.attachments.push(Attachment {
                        id: attachment.id.clone(),
                        description: Some(attachment.description.clone()),
                        public_url: None,
                        mime_type: Some(attachment.mime.clone()),
                        size: Some(attachment.size),
                    });
                }
            }
            Event::TrackSet { .. } | Event::TrackRemoved {} => self.track_events.clear(),
            Event::TrackingRecorded { checkpoint, .. } => self.track_events.push(TrackEvent {
                occurred_at: checkpoint.occurred_at,
                title: checkpoint.title.clone(),
                location: checkpoint.location.clone(),
                city_name: None,
                address: None,
            }),
            Event::DisputeOpened { .. } => {
                self.dispute.created_at.get_or_insert(at);
                self.dispute.status_updated_at = Some(at);
                self.dispute.updated_at = Some(at);
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
            Event::Proposed { .. }
            | Event::TermsAmended { .. }
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
            | Event::PhaseEntered { .. }
            | Event::EndingDecided { .. }
            | Event::CaptureOrdered { .. }
            | Event::LegOrdered { .. }
            | Event::LegWaits { .. }
            | Event::LegCredited { .. }
            | Event::LegCut { .. }
            | Event::TransactionSucceeded { .. }
            | Event::TransactionFailed { .. }
            | Event::ReceivableRaised { .. }
            | Event::ChargebackRecorded { .. }
            | Event::HoldCharged { .. }
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
