//! What a call needs to know that no deal holds.

use super::entities::ContactInfo;
use super::requisite::RequisiteId;
use escrow::deal::command::{Digest, DocumentId};
use escrow::{Destination, PartyId, Text};

/// What the file storage knows of a file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FileInfo {
    /// Its media type.
    pub mime: Text<100, 1>,
    /// Its size in bytes.
    pub size: u64,
    /// A digest of its content.
    pub digest: Option<Digest>,
}

/// The host's stores, as far as calls ask them. Nothing is stored by asking. Each is empty unless the host says otherwise.
pub trait Desk {
    /// What the file storage knows of a file; `None`: there is no such file.
    fn file(&self, id: &DocumentId) -> Option<FileInfo> {
        let _ = id;
        None
    }

    /// A requisite that its owner can use, by its id: [`usable`](crate::usable) of the owner's profile.
    fn requisite(&self, owner: &PartyId, id: &RequisiteId) -> Option<Destination> {
        let _ = (owner, id);
        None
    }

    /// The profile of a buyer whom a request describes by contacts only; `None`: the host makes none.
    fn buyer(&self, contacts: &ContactInfo) -> Option<PartyId> {
        let _ = contacts;
        None
    }
}

/// A host without files, requisites and buyers of its own.
impl Desk for () {}
