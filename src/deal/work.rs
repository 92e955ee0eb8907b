//! What was done for the deal: the delivery and its track, submissions, costs, documents and messages.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

use super::command::{Checkpoint, CheckpointId, DocumentId, MessageRef, Revision, Track};
use crate::settlement::Incurred;
use crate::stored::left_out::is_default;

/// The latest few ids of a kind, by which a repeat is recognised without keeping the whole history.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Recent<Id>(SmallVec<[Id; 4]>);

impl<Id> Default for Recent<Id> {
    fn default() -> Self {
        Self(SmallVec::default())
    }
}

impl<Id: PartialEq> Recent<Id> {
    const KEPT: usize = 4;

    pub(crate) fn contains(&self, id: &Id) -> bool {
        self.0.contains(id)
    }

    fn push(&mut self, id: Id) {
        if self.0.len() >= Self::KEPT {
            self.0.remove(0);
        }
        self.0.push(id);
    }

    fn is_bounded(&self) -> bool {
        self.0.len() <= Self::KEPT
    }
}

/// What was done.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Work {
    /// Which services are incurred.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(crate) incurred: Incurred,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) track: Option<Arc<Track>>,
    /// The latest checkpoint of the track.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) latest: Option<Arc<Checkpoint>>,
    /// Whether the latest checkpoint was dealt with: its refusal disputed, its delivery answered by a request for changes.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(crate) latest_spent: bool,
    #[serde(default, skip_serializing_if = "is_default")]
    pub(crate) checkpoints: Recent<CheckpointId>,
    /// How many revisions were submitted.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(crate) submitted: u16,
    /// The latest revision.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) revision: Option<Arc<Revision>>,
    /// Whether the latest revision was answered by a request for changes.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(crate) changes_requested: bool,
    /// Whether the latest revision was submitted while it could not be looked at yet.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(crate) waits: bool,
    #[serde(default, skip_serializing_if = "SmallVec::is_empty")]
    pub(crate) attachments: SmallVec<[DocumentId; 1]>,
    #[serde(default, skip_serializing_if = "is_default")]
    pub(crate) posts: Recent<MessageRef>,
}

/// The fold.
impl Work {
    pub(super) fn attach(&mut self, id: &DocumentId) {
        self.attachments.push(id.clone());
    }

    pub(super) fn post(&mut self, id: &MessageRef) {
        self.posts.push(id.clone());
    }

    /// Another track, or none, starts from nothing.
    pub(super) fn set_track(&mut self, track: Option<&Arc<Track>>) {
        self.track = track.cloned();
        self.latest = None;
        self.latest_spent = false;
        self.checkpoints = Recent::default();
    }

    pub(super) fn record(&mut self, checkpoint: &Arc<Checkpoint>, latest: bool) {
        self.checkpoints.push(checkpoint.id.clone());
        if latest {
            self.latest = Some(checkpoint.clone());
            self.latest_spent = false;
        }
    }

    pub(super) fn submit(&mut self, number: u16, revision: &Arc<Revision>) {
        self.submitted = number;
        self.revision = Some(revision.clone());
        self.changes_requested = false;
        self.waits = true;
    }

    pub(super) const fn request_changes(&mut self) {
        self.changes_requested = true;
        self.latest_spent = true;
    }

    pub(super) fn incur(&mut self, service: u8) {
        self.incurred = self.incurred.with(usize::from(service));
    }

    /// The buyer looks at what was done.
    pub(super) const fn look(&mut self) {
        self.waits = false;
    }

    /// The name of a field that contradicts the others, in a deal of so many services.
    pub(super) fn wrong(&self, services: usize) -> Option<&'static str> {
        let checks = [
            ("work.incurred", (services..32).all(|i| !self.incurred.contains(i))),
            ("work.latest", self.latest.is_none() || self.track.is_some()),
            ("work.checkpoints", self.checkpoints.is_bounded()),
            ("work.submitted", (self.submitted > 0) == self.revision.is_some()),
            ("work.waits", !self.waits || (self.revision.is_some() && !self.changes_requested)),
            ("work.posts", self.posts.is_bounded()),
        ];
        checks.iter().find(|(_, holds)| !holds).map(|(field, _)| *field)
    }
}
