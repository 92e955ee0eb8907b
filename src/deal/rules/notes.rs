//! What only the journal needs: documents and messages.

use crate::deal::command::{Attach, Post};
use crate::deal::draft::Draft;
use crate::deal::event::Event;
use crate::deal::{Deal, Rejection};

/// The most documents of a deal.
const MAX_ATTACHMENTS: u32 = 64;

/// Adds a document.
pub(crate) fn attach(deal: &Deal, c: &Attach, out: &mut Draft<'_>) -> Result<(), Rejection> {
    if !u32::try_from(deal.core.attachments.len()).is_ok_and(|n| n < MAX_ATTACHMENTS) {
        return Err(Rejection::TooMany { max: MAX_ATTACHMENTS });
    }
    out.push(Event::Attached { attachment: c.attachment.clone() });
    Ok(())
}

/// Notes a message.
pub(crate) fn post(c: &Post, out: &mut Draft<'_>) -> Result<(), Rejection> {
    out.push(Event::Posted { reference: c.reference.clone() });
    Ok(())
}
