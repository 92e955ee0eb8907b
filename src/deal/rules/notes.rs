//! What only the journal needs: documents and messages.

use crate::deal::Rejection;
use crate::deal::command::{Attach, Post};
use crate::deal::draft::Draft;
use crate::deal::event::Event;

/// The most documents of a deal.
const MAX_ATTACHMENTS: u32 = 64;

/// Adds a document.
pub(crate) fn attach(deal: &mut Draft<'_>, c: &Attach) -> Result<(), Rejection> {
    if !u32::try_from(deal.attachments().len()).is_ok_and(|n| n < MAX_ATTACHMENTS) {
        return Err(Rejection::TooMany { max: MAX_ATTACHMENTS });
    }
    deal.push(Event::Attached { attachment: c.attachment.clone() });
    Ok(())
}

/// Notes a message.
pub(crate) fn post(deal: &mut Draft<'_>, c: &Post) {
    deal.push(Event::Posted { reference: c.reference.clone() });
}
