//! Performing, delivering, accepting.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::settlement::Quantities;
use crate::{Text, Time};

/// Adds a document: evidence, a photo, a scan. The same id again is recognised.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Attach {
    /// The document.
    pub attachment: Arc<Attachment>,
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
pub struct Track {
    /// Which tracker, such as `cdek`.
    pub tracker: TrackerName,
    /// The tracking code.
    pub code: TrackCode,
}

/// Attaches a track, or replaces it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SetTrack {
    /// The track.
    pub track: Arc<Track>,
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
pub struct Checkpoint {
    /// Its id at the tracker, by which a repeat is recognised.
    pub id: CheckpointId,
    /// What it means for the deal.
    pub kind: CheckpointKind,
    /// When it happened, by the tracker's clock. One that is older than the latest is recorded, not acted on.
    pub occurred_at: Time,
    /// What happened.
    #[serde(default)]
    pub title: Text<200>,
    /// Where.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<Text<200>>,
}

/// A fact: the delivery moved. A checkpoint of a track that is not attached is ignored.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecordTracking {
    /// The track that the checkpoint belongs to.
    pub track: Arc<Track>,
    /// The checkpoint.
    pub checkpoint: Arc<Checkpoint>,
}

/// Starts performing, without a tracker.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StartPerforming {}

/// Goes back to before the start.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StopPerforming {}

/// Submits a revision of the work. Its number names it: the same one again is recognised.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Submit {
    /// Counted from 1, without gaps; at most `policy.max_revisions`.
    pub number: u16,
    /// The work.
    pub revision: Arc<Revision>,
}

/// A revision of the work, as references to the host's file storage.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Revision {
    /// What the buyer may see before accepting: watermarked, cut, noisy.
    pub preview: FileRef,
    /// The work itself.
    pub original: FileRef,
    /// A digest of the original, so that nobody can exchange it later.
    pub digest: Digest,
}

/// Asks for changes: the seller goes on performing.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RequestChanges {
    /// The revision that it is about: the latest.
    pub number: u16,
    /// What to change.
    pub comment: Text<500, 1>,
}

/// Accepts the subject.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Accept {
    /// How many units of each item are accepted, in the order of the terms. Absent: everything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quantities: Option<Quantities>,
}

impl Accept {
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
pub struct Report {
    /// Success or failure.
    pub verdict: Verdict,
}

/// Marks a service as incurred: its cost is paid even where the deal is cancelled.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IncurCost {
    /// The index of the service in the terms.
    pub service: u8,
    /// Where the host keeps the proof.
    pub evidence: FileRef,
}

text_id! {
    /// Where the host keeps a message.
    MessageRef(64)
}

/// Notes a message: the journal has it, the deal does not grow.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Post {
    /// Where the host keeps the message; the same one again is recognised.
    pub reference: MessageRef,
}

/// Fires what is due. Never needed for a right result, only for a prompt one.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wake {}
