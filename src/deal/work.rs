//! What was done for the deal: the delivery and its track, submissions, costs, documents and messages.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

use super::command::{
    Attachment, Checkpoint, CheckpointId, CheckpointKind, Digest, DocumentId, FileRef, MessageRef, Revision,
    Track,
};
use crate::fingerprint::Fingerprint;
use crate::settlement::Incurred;
use crate::stored::left_out::is_default;
use crate::{Side, Text, Time};

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

/// A checkpoint, as far as a repeat has to be told from another one under the same id.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Scan {
    id: CheckpointId,
    kind: CheckpointKind,
    at: Time,
}

impl Scan {
    fn of(checkpoint: &Checkpoint) -> Self {
        Self { id: checkpoint.id.clone(), kind: checkpoint.kind, at: checkpoint.occurred_at }
    }
}

/// A document, as far as a repeat has to be told from another one under the same id.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Document {
    pub(crate) id: DocumentId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    digest: Option<Digest>,
    size: u64,
    /// A fingerprint of its description and media type.
    says: u64,
    /// Which party added it; `None`: the staff, or the arbiter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    by: Option<Side>,
}

impl Document {
    fn of(file: &Attachment, by: Option<Side>) -> Self {
        let mut says = Fingerprint::new();
        says.add(format_args!("{}:{}", file.mime, file.description));
        let (id, digest, size) = (file.id.clone(), file.digest.clone(), file.size);
        Self { id, digest, size, says: says.get(), by }
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
    /// How often a track was replaced or removed.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(crate) tracks_changed: u16,
    /// The track that has reported a delivery which the buyer then looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) delivered: Option<Arc<Track>>,
    /// The latest checkpoint of the track that counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) latest: Option<Arc<Checkpoint>>,
    /// Whether the latest checkpoint was dealt with: its refusal disputed, its delivery answered by a request for changes.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(crate) latest_spent: bool,
    #[serde(default, skip_serializing_if = "is_default")]
    pub(crate) checkpoints: Recent<Scan>,
    /// Those that said *final* or *refused*: no number of scans makes the deal forget them.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(crate) decisive: Recent<Scan>,
    /// How many revisions were submitted.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(crate) submitted: u16,
    /// The latest revision.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) revision: Option<Arc<Revision>>,
    /// What the latest revision was answered with, where changes were requested.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) changes_requested: Option<Text<500, 1>>,
    /// Whether the latest revision was submitted while it could not be looked at yet.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(crate) waits: bool,
    #[serde(default, skip_serializing_if = "SmallVec::is_empty")]
    pub(crate) documents: SmallVec<[Document; 1]>,
    /// The evidence of the costs that were incurred, by the service.
    #[serde(default, skip_serializing_if = "SmallVec::is_empty")]
    pub(crate) evidence: SmallVec<[(u8, FileRef); 1]>,
    #[serde(default, skip_serializing_if = "is_default")]
    pub(crate) posts: Recent<MessageRef>,
}

impl Work {
    /// How many documents this party has added, or the staff and the arbiter.
    pub(crate) fn documents_of(&self, by: Option<Side>) -> usize {
        self.documents.iter().filter(|d| d.by == by).count()
    }

    /// Whether just this document is there, of this party.
    pub(crate) fn has(&self, file: &Attachment, by: Option<Side>) -> bool {
        let same_id = self.documents.iter().find(|d| d.id == file.id);
        same_id.is_some_and(|known| *known == Document::of(file, by))
    }

    /// What the checkpoint of the track under this id said, and of when, as far as the deal remembers.
    pub(crate) fn scan(&self, id: &CheckpointId) -> Option<(CheckpointKind, Time)> {
        let recent = self.checkpoints.0.iter().chain(&self.decisive.0).find(|scan| scan.id == *id);
        // the latest is known for good, however many older ones came after it
        let latest = self.latest.as_deref().filter(|latest| latest.id == *id);
        recent.map(|scan| (scan.kind, scan.at)).or(latest.map(|latest| (latest.kind, latest.occurred_at)))
    }

    /// The evidence of a cost.
    pub(crate) fn evidence_of(&self, service: u8) -> Option<&FileRef> {
        self.evidence.iter().find(|(of, _)| *of == service).map(|(_, evidence)| evidence)
    }
}

/// The fold.
impl Work {
    pub(super) fn attach(&mut self, file: &Attachment, by: Option<Side>) {
        self.documents.push(Document::of(file, by));
    }

    pub(super) fn post(&mut self, id: &MessageRef) {
        self.posts.push(id.clone());
    }

    /// Another track, or none, starts from nothing.
    pub(super) fn set_track(&mut self, track: Option<&Arc<Track>>) {
        if self.track.is_some() {
            self.tracks_changed = self.tracks_changed.saturating_add(1);
        }
        self.track = track.cloned();
        self.latest = None;
        self.latest_spent = false;
        self.checkpoints = Recent::default();
        self.decisive = Recent::default();
    }

    pub(super) fn record(&mut self, checkpoint: &Arc<Checkpoint>, latest: bool) {
        match checkpoint.kind {
            CheckpointKind::Progress => self.checkpoints.push(Scan::of(checkpoint)),
            CheckpointKind::Final | CheckpointKind::Refused => self.decisive.push(Scan::of(checkpoint)),
        }
        if latest {
            self.latest = Some(checkpoint.clone());
            self.latest_spent = false;
        }
    }

    pub(super) fn submit(&mut self, number: u16, revision: &Arc<Revision>) {
        self.submitted = number;
        self.revision = Some(revision.clone());
        self.changes_requested = None;
        self.waits = true;
    }

    pub(super) fn request_changes(&mut self, comment: &Text<500, 1>) {
        self.changes_requested = Some(comment.clone());
        self.latest_spent = true;
    }

    pub(super) fn incur(&mut self, service: u8, evidence: &FileRef) {
        self.incurred = self.incurred.with(usize::from(service));
        self.evidence.push((service, evidence.clone()));
    }

    /// The buyer looks at what was done.
    pub(super) fn look(&mut self) {
        self.waits = false;
        if self.latest.as_ref().is_some_and(|latest| latest.kind == CheckpointKind::Final) {
            self.delivered.clone_from(&self.track);
        }
    }

    /// The name of a field that contradicts the others, in a deal of so many services.
    /// Whether each cost that is said to be incurred has its evidence, once.
    fn evidence_agrees(&self) -> bool {
        let mut told = Incurred::default();
        self.evidence.iter().all(|(service, _)| {
            let is_new = !told.contains(usize::from(*service));
            told = told.with(usize::from(*service));
            is_new
        }) && told == self.incurred
    }

    pub(super) fn wrong(&self, services: usize) -> Option<&'static str> {
        let checks = [
            ("work.incurred", (services..32).all(|i| !self.incurred.contains(i))),
            ("work.evidence", self.evidence_agrees()),
            (
                "work.documents",
                [(Some(Side::Buyer), 32), (Some(Side::Seller), 32), (None, 64)]
                    .into_iter()
                    .all(|(by, most)| self.documents_of(by) <= most),
            ),
            ("work.latest", self.latest.is_none() || self.track.is_some()),
            ("work.checkpoints", self.checkpoints.is_bounded() && self.decisive.is_bounded()),
            ("work.submitted", (self.submitted > 0) == self.revision.is_some()),
            ("work.waits", !self.waits || (self.revision.is_some() && self.changes_requested.is_none())),
            ("work.posts", self.posts.is_bounded()),
        ];
        checks.iter().find(|(_, holds)| !holds).map(|(field, _)| *field)
    }
}
