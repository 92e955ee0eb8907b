//! What only the journal needs: documents and messages.

use crate::Role;
use crate::deal::Rejection;
use crate::deal::command::{Attach, Post};
use crate::deal::draft::Draft;
use crate::deal::event::Event;

/// The most documents of each party.
const MAX_OF_A_PARTY: u32 = 32;
/// The most documents of the staff and the arbiter together.
const MAX_OF_STAFF: u32 = 64;

/// Adds a document. Nobody uses up what others may add.
pub(crate) fn attach(deal: &mut Draft<'_>, c: &Attach, role: Role) -> Result<(), Rejection> {
    if deal.attachments().any(|id| *id == c.attachment.id) {
        return Err(Rejection::IdentityTaken);
    }
    let by = role.side();
    let max = if by.is_some() { MAX_OF_A_PARTY } else { MAX_OF_STAFF };
    if !u32::try_from(deal.work().documents_of(by)).is_ok_and(|n| n < max) {
        return Err(Rejection::TooMany { max });
    }
    deal.push(Event::Attached { attachment: c.attachment.clone() });
    Ok(())
}

/// Notes a message.
pub(crate) fn post(deal: &mut Draft<'_>, c: &Post) {
    deal.push(Event::Posted { reference: c.reference.clone() });
}
