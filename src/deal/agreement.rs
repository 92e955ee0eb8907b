//! What was agreed: the version of the terms and who has consented to it. The terms themselves are in the deal, since
//! they are stored apart from what changes with every command.

use serde::{Deserialize, Serialize};

use crate::Side;
use crate::stored::left_out::is_default;

/// Who has consented to the current version.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Consents {
    /// The buyer.
    pub buyer: bool,
    /// The seller.
    pub seller: bool,
}

impl Consents {
    /// Both.
    pub const BOTH: Self = Self { buyer: true, seller: true };

    /// Whether both have consented.
    pub const fn all(self) -> bool {
        self.buyer && self.seller
    }

    /// Whether this side has.
    pub const fn of(self, side: Side) -> bool {
        match side {
            Side::Buyer => self.buyer,
            Side::Seller => self.seller,
        }
    }

    /// Whether everybody who consents here does so there, too.
    pub(crate) const fn within(self, other: Self) -> bool {
        (other.buyer || !self.buyer) && (other.seller || !self.seller)
    }

    pub(crate) const fn with(self, side: Side) -> Self {
        match side {
            Side::Buyer => Self { buyer: true, ..self },
            Side::Seller => Self { seller: true, ..self },
        }
    }
}

/// The current version, and who has consented to it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Agreement {
    pub(crate) version: u32,
    pub(crate) consents: Consents,
    /// Whether a moderator has approved this version.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(crate) approved: bool,
    /// Whether notes have changed since this version was proposed.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(crate) annotated: bool,
}

impl Agreement {
    pub(super) const fn begin(consents: Consents) -> Self {
        Self { version: 1, consents, approved: false, annotated: false }
    }

    pub(super) fn amend(&mut self, version: u32, consents: Consents) {
        *self = Self { version, consents, ..Self::begin(consents) };
    }

    pub(super) fn agree(&mut self, side: Side) {
        self.consents = self.consents.with(side);
    }

    pub(super) const fn approve(&mut self) {
        self.approved = true;
    }

    pub(super) const fn annotate(&mut self) {
        self.annotated = true;
    }

    /// The name of a field that contradicts itself.
    pub(super) fn wrong(&self) -> Option<&'static str> {
        (self.version == 0).then_some("agreement.version")
    }
}
