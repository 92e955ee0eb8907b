//! Performing, delivering, accepting.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::settlement::Quantities;
use crate::{Text, Time};

/// Adds a document: evidence, a photo, a scan. The same id again is recognised.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Attach {
    /// The document.
    pub attachment: Arc<Attachment>,
}

impl Attach {
    /// Adds this document.
    pub fn new(attachment: impl Into<Arc<Attachment>>) -> Self {
        Self { attachment: attachment.into() }
    }
}

text_id! {
    /// The id of a document in the host's file storage.
    DocumentId(64)
}

text_id! {
    /// Where the host keeps a file: a revision of the work, a proof.
    FileRef(128)
}

text_id! {
    /// A digest of a file, as the host computes it.
    Digest(128)
}

/// A document in the host's file storage.
///
/// # Source
/// Nalogka's attachment: id of the file storage, description, mime type, size.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Attachment {
    /// Its id in the host's file storage.
    pub id: DocumentId,
    /// What it shows.
    #[serde(default)]
    pub description: Text<500>,
    /// Its media type.
    pub mime: Text<100, 1>,
    /// Its size in bytes.
    pub size: u64,
    /// A digest of its content, as the host computes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<Digest>,
}

impl Attachment {
    /// A document without a description and a digest.
    pub fn new(id: DocumentId, mime: Text<100, 1>, size: u64) -> Self {
        Self { id, description: Text::default(), mime, size, digest: None }
    }

    /// What it shows.
    #[must_use]
    pub fn description(mut self, description: Text<500>) -> Self {
        self.description = description;
        self
    }

    /// A digest of its content.
    #[must_use]
    pub fn digest(mut self, digest: impl Into<Option<Digest>>) -> Self {
        self.digest = digest.into();
        self
    }
}

text_id! {
    /// Which tracker, such as `cdek`.
    TrackerName(32)
}

text_id! {
    /// The number of a delivery at its tracker.
    TrackCode(64)
}

/// A delivery that a tracker follows.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Track {
    /// Which tracker, such as `cdek`.
    pub tracker: TrackerName,
    /// The tracking code.
    pub code: TrackCode,
}

impl Track {
    /// The delivery with this code at this tracker.
    pub const fn new(tracker: TrackerName, code: TrackCode) -> Self {
        Self { tracker, code }
    }
}

/// Attaches a track, or replaces it, which leads back to before the start with the whole time: at most
/// `policy.max_tracks` times, removals counted.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct SetTrack {
    /// The track.
    pub track: Arc<Track>,
}

impl SetTrack {
    /// Attaches this track.
    pub fn new(track: impl Into<Arc<Track>>) -> Self {
        Self { track: track.into() }
    }
}

/// Detaches a wrong track: back to before the start.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RemoveTrack {}

/// What a checkpoint means for the deal.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckpointKind {
    /// The delivery moved.
    Progress,
    /// The recipient has it.
    Final,
    /// The recipient refused it.
    Refused,
}

text_id! {
    /// The id of a checkpoint at its tracker.
    CheckpointId(64)
}

/// One entry of a track's history.
///
/// # Source
/// Nalogka's track events: occurred_at, title, location, city_name, address.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Checkpoint {
    /// Its id at the tracker, by which a repeat is recognised.
    pub id: CheckpointId,
    /// What it means for the deal.
    pub kind: CheckpointKind,
    /// When it happened, by the tracker's clock. One from before the deal, and progress that is older than the latest or
    /// comes after a delivery or a refusal, is recorded, not acted on.
    pub occurred_at: Time,
    /// What happened.
    #[serde(default)]
    pub title: Text<200>,
    /// Where.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<Text<200>>,
}

impl Checkpoint {
    /// An entry without a title and a place.
    pub fn new(id: CheckpointId, kind: CheckpointKind, occurred_at: Time) -> Self {
        Self { id, kind, occurred_at, title: Text::default(), location: None }
    }

    /// What happened.
    #[must_use]
    pub fn title(mut self, title: Text<200>) -> Self {
        self.title = title;
        self
    }

    /// Where.
    #[must_use]
    pub fn location(mut self, location: impl Into<Option<Text<200>>>) -> Self {
        self.location = location.into();
        self
    }
}

/// A fact: the delivery moved. A checkpoint of a track that is not attached is ignored. The tracker tells it, or the
/// operator in its place.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct RecordTracking {
    /// The track that the checkpoint belongs to.
    pub track: Arc<Track>,
    /// The checkpoint.
    pub checkpoint: Arc<Checkpoint>,
}

impl RecordTracking {
    /// This track came to this checkpoint.
    pub fn new(track: impl Into<Arc<Track>>, checkpoint: impl Into<Arc<Checkpoint>>) -> Self {
        Self { track: track.into(), checkpoint: checkpoint.into() }
    }
}

/// Starts performing, without a tracker. A tracked parcel is started by its track or the operator only.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StartPerforming {}

/// Goes back to before the start.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StopPerforming {}

/// Submits a revision of the work; a parcel is not submitted. Its number names it: the same one again is recognised.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Submit {
    /// Counted from 1, without gaps; at most `policy.max_revisions`.
    pub number: u16,
    /// The work.
    pub revision: Arc<Revision>,
}

impl Submit {
    /// Submits this revision under this number.
    pub fn new(number: u16, revision: impl Into<Arc<Revision>>) -> Self {
        Self { number, revision: revision.into() }
    }
}

/// A revision of the work, as references to the host's file storage.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Revision {
    /// What the buyer may see before accepting: watermarked, cut, noisy.
    pub preview: FileRef,
    /// The work itself.
    pub original: FileRef,
    /// A digest of the original, so that nobody can exchange it later.
    pub digest: Digest,
}

impl Revision {
    /// A revision: its preview, the work itself, and a digest of the work.
    pub const fn new(preview: FileRef, original: FileRef, digest: Digest) -> Self {
        Self { preview, original, digest }
    }
}

/// Asks for changes: the seller goes on performing.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct RequestChanges {
    /// The revision that it is about: the latest.
    pub number: u16,
    /// What to change.
    pub comment: Text<500, 1>,
}

impl RequestChanges {
    /// Asks for changes to the revision with this number.
    pub const fn new(number: u16, comment: Text<500, 1>) -> Self {
        Self { number, comment }
    }
}

/// Accepts the subject.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Accept {
    /// How many units of each item are accepted, in the order of the terms. Absent: everything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quantities: Option<Quantities>,
}

impl Accept {
    /// Accepts everything.
    pub const fn all() -> Self {
        Self { quantities: None }
    }

    /// Accepts so many units of each item, in the order of the terms.
    pub fn part(quantities: impl Into<Quantities>) -> Self {
        Self { quantities: Some(quantities.into()) }
    }

    /// Whether only a part is accepted. The policy says whether that is allowed.
    pub const fn is_in_part(&self) -> bool {
        self.quantities.is_some()
    }
}

/// A party's verdict on a mutual deal.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It was performed.
    Success,
    /// It was not.
    Failure,
}

/// Reports success or failure. A later report replaces the party's earlier one.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Report {
    /// Success or failure.
    pub verdict: Verdict,
}

impl Report {
    /// Reports this.
    pub const fn new(verdict: Verdict) -> Self {
        Self { verdict }
    }

    /// It was performed.
    pub const fn success() -> Self {
        Self::new(Verdict::Success)
    }

    /// It was not performed.
    pub const fn failure() -> Self {
        Self::new(Verdict::Failure)
    }
}

/// Marks a service as incurred: its cost is paid even where the deal is cancelled.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct IncurCost {
    /// The index of the service in the terms.
    pub service: u8,
    /// Where the host keeps the proof.
    pub evidence: FileRef,
}

impl IncurCost {
    /// Marks the service with this index.
    pub const fn new(service: u8, evidence: FileRef) -> Self {
        Self { service, evidence }
    }
}

text_id! {
    /// Where the host keeps a message.
    MessageRef(64)
}

/// Notes a message: the journal has it, the deal does not grow.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Post {
    /// Where the host keeps the message; the same one again is recognised.
    pub reference: MessageRef,
}

impl Post {
    /// Notes this message.
    pub const fn new(reference: MessageRef) -> Self {
        Self { reference }
    }
}

/// Fires what is due. Never needed for a right result, only for a prompt one.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wake {}
