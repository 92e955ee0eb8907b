//! The dispute: an entity of its own, one per deal.

use serde::{Deserialize, Serialize};

use super::Award;
use crate::deposit::{Reason, Reference};
use crate::stored::left_out::is_default;
use crate::{Side, Time};

/// By whom or what a dispute was opened.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Opener {
    /// By a party.
    Party(Side),
    /// The recipient refused the delivery.
    Refusal,
    /// The parties reported differently.
    Reports,
    /// A deadline passed, and the policy says so.
    Timer,
}

/// Who is asked to end a dispute.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DisputeStage {
    /// The parties.
    Negotiation,
    /// The arbiter.
    Arbitration,
}

/// Where a dispute stands.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DisputeStatus {
    /// Not settled.
    Open,
    /// Settled, or ended with the deal.
    Resolved,
    /// Given up; it can open again.
    Withdrawn,
}

/// What the parties disagree about, and how far they are.
///
/// # Source
/// Nalogka's dispute: status, initiated_by, guilty_side, reason; one per deal, negotiated first, then arbitrated.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dispute {
    pub(crate) status: DisputeStatus,
    pub(crate) stage: DisputeStage,
    /// The time left of the stage, once it was given up.
    pub(crate) remaining_ms: u64,
    /// How often it was opened.
    pub(crate) openings: u32,
    pub(crate) opened_by: Opener,
    pub(crate) reason: Reason,
    pub(crate) opened_at: Time,
    /// How often each side opened it.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(crate) buyers_openings: u8,
    #[serde(default, skip_serializing_if = "is_default")]
    pub(crate) sellers_openings: u8,
    /// Who has agreed to give up a dispute that no party opened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) withdrawal_by: Option<Side>,
    /// Who wants the arbiter at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) escalation_by: Option<Side>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) buyers_claim: Option<Reference>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) sellers_claim: Option<Reference>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) award: Option<Award>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) guilty_side: Option<Side>,
}

impl Dispute {
    /// How often each party may open it. What opens by itself is not counted.
    pub const MAX_OPENINGS: u8 = 4;

    /// How far it is.
    pub const fn status(&self) -> DisputeStatus {
        self.status
    }

    /// Who is asked to end it.
    pub const fn stage(&self) -> DisputeStage {
        self.stage
    }

    /// How often it was opened: the number of its latest opening.
    pub const fn openings(&self) -> u32 {
        self.openings
    }

    /// By whom or what it was opened last.
    pub const fn opened_by(&self) -> Opener {
        self.opened_by
    }

    /// The reason.
    pub const fn reason(&self) -> &Reason {
        &self.reason
    }

    /// When it was opened last.
    pub const fn opened_at(&self) -> Time {
        self.opened_at
    }

    /// Who has agreed to give up a dispute that no party opened; it ends once the other side agrees.
    pub const fn withdrawal_by(&self) -> Option<Side> {
        self.withdrawal_by
    }

    /// Who wants the arbiter to be asked at once; they are, when the other side wants it, too.
    pub const fn escalation_by(&self) -> Option<Side> {
        self.escalation_by
    }

    /// The number of the claim that this side filed.
    pub const fn claim(&self, side: Side) -> Option<&Reference> {
        match side {
            Side::Buyer => self.buyers_claim.as_ref(),
            Side::Seller => self.sellers_claim.as_ref(),
        }
    }

    /// What it was settled with.
    pub const fn award(&self) -> Option<Award> {
        self.award
    }

    /// Whose fault it was, as the arbiter says. Nalogka's `guilty_side`.
    pub const fn guilty_side(&self) -> Option<Side> {
        self.guilty_side
    }

    /// How often this side has opened it: at most [`MAX_OPENINGS`](Self::MAX_OPENINGS) times.
    pub const fn openings_by(&self, side: Side) -> u8 {
        match side {
            Side::Buyer => self.buyers_openings,
            Side::Seller => self.sellers_openings,
        }
    }
}
