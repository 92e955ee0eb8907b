//! What a host notes on a deal beside what was agreed.

use serde::{Deserialize, Serialize};

use super::{Contacts, Terms, TermsField};
use crate::Text;

/// What stands in the terms and binds nobody: it is changed without anybody's consent
/// ([`Annotate`](crate::deal::command::Annotate)).
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Notes {
    /// The host's order id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order_id: Option<Text<128, 1>>,
    /// Tags, at most [`Terms::MAX_TAGS`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<Text<64, 1>>,
    /// Contact references.
    #[serde(default, skip_serializing_if = "Contacts::is_none")]
    pub contacts: Contacts,
}

impl TermsField {
    /// Whether it is one of the [`Notes`], which nobody has agreed to.
    pub const fn is_note(self) -> bool {
        match self {
            Self::OrderId | Self::Tags | Self::Contacts => true,
            Self::Buyer
            | Self::Seller
            | Self::Arbiter
            | Self::Currency
            | Self::Items
            | Self::Services
            | Self::Fees
            | Self::PayOffline
            | Self::Guarantees
            | Self::Description
            | Self::Conditions
            | Self::Delivery
            | Self::Policy => false,
        }
    }
}

impl Terms {
    /// What the host has noted.
    pub fn notes(&self) -> Notes {
        let (order_id, tags, contacts) = (self.order_id.clone(), self.tags.clone(), self.contacts.clone());
        Notes { order_id, tags, contacts }
    }

    /// The same terms with other notes.
    pub(crate) fn with_notes(&self, notes: &Notes) -> Self {
        let mut noted = self.clone();
        let Notes { order_id, tags, contacts } = notes.clone();
        (noted.draft.order_id, noted.draft.tags, noted.draft.contacts) = (order_id, tags, contacts);
        noted
    }
}
