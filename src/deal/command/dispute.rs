//! Disagreeing, and ending it.

use serde::{Deserialize, Serialize};

use super::FileRef;
use crate::deposit::{Reason, Reference};
use crate::settlement::Resolution;
use crate::stored::left_out::is_default;
use crate::{Award, Money, PartyId, Side};

/// Opens a dispute.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct OpenDispute {
    /// The reason.
    pub reason: Reason,
    /// Where the host keeps the proof.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<FileRef>,
}

impl OpenDispute {
    /// Opens a dispute without proof.
    pub const fn new(reason: Reason) -> Self {
        Self { reason, evidence: None }
    }

    /// Where the host keeps the proof.
    #[must_use]
    pub fn evidence(mut self, evidence: impl Into<Option<FileRef>>) -> Self {
        self.evidence = evidence.into();
        self
    }
}

/// Offers how the deal is to end, in any funded phase. A later offer replaces the party's earlier one; one that would pay
/// something else, because a cost, a charge, a payment or a give-back changed it, has fallen. An offer of nothing is an offer.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct ProposeAward {
    /// What the seller is to get, or that the deal is called off.
    pub award: Resolution,
    /// Whether the buyer gets the original of the work, whatever the seller gets.
    #[serde(default, skip_serializing_if = "is_default")]
    pub original: bool,
}

impl ProposeAward {
    /// Offers this.
    pub fn new(award: impl Into<Resolution>) -> Self {
        Self { award: award.into(), original: false }
    }

    /// Offers that the buyer gets the original of the work.
    #[must_use]
    pub const fn with_original(mut self) -> Self {
        self.original = true;
        self
    }
}

/// Accepts the other party's offer.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct AcceptAward {
    /// What is accepted, so that an offer which was replaced meanwhile is not accepted by mistake.
    pub award: Resolution,
    /// The number of the offer ([`Offered::number`](crate::settlement::Offered::number)). Absent: whichever of that award stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offer: Option<u32>,
}

impl AcceptAward {
    /// Accepts the offer of this award.
    pub fn new(award: impl Into<Resolution>) -> Self {
        Self { award: award.into(), offer: None }
    }

    /// The number of the offer.
    #[must_use]
    pub fn offer(mut self, number: impl Into<Option<u32>>) -> Self {
        self.offer = number.into();
        self
    }
}

/// The seller forgoes this much of what is theirs in favour of the buyer, whatever the ending: a total, which only goes up.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct GiveBack {
    /// How much in all; over what it was, at most the proceeds of the quote.
    pub total: Money,
}

impl GiveBack {
    /// Gives this much back, in all.
    pub const fn new(total: Money) -> Self {
        Self { total }
    }
}

/// Gives the dispute up: the deal goes on where it was.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct WithdrawDispute {
    /// Which opening of the dispute is given up, by [`Dispute::openings`](crate::Dispute::openings): a repeat that
    /// arrives after the dispute was opened again then gives up nothing. Absent: the latest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opening: Option<u32>,
}

impl WithdrawDispute {
    /// Gives up the dispute that stands.
    pub const fn new() -> Self {
        Self { opening: None }
    }

    /// Gives up this opening of the dispute, and no later one.
    #[must_use]
    pub fn opening(mut self, opening: impl Into<Option<u32>>) -> Self {
        self.opening = opening.into();
        self
    }
}

/// Asks the arbiter at once, instead of after the negotiation. The operator's word is enough; the parties must both say so,
/// unless `policy.early_arbitration`.
///
/// # Source
/// The home-made escrow plan: the manager can be called in at once.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Escalate {}

/// Notes that a claim was filed with a court or an arbitration.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct FileClaim {
    /// The claim's number at the court or arbitration.
    pub reference: Reference,
}

impl FileClaim {
    /// Notes the claim with this number.
    pub const fn new(reference: Reference) -> Self {
        Self { reference }
    }
}

/// Rules on the dispute.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Rule {
    /// What the seller gets.
    pub award: Award,
    /// Whose fault it was: a record, the amounts come from the award. Nalogka's `guilty_side`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_fault: Option<Side>,
}

impl Rule {
    /// Rules that the seller gets this, without saying whose fault it was.
    pub const fn new(award: Award) -> Self {
        Self { award, at_fault: None }
    }

    /// Whose fault it was.
    #[must_use]
    pub fn at_fault(mut self, at_fault: impl Into<Option<Side>>) -> Self {
        self.at_fault = at_fault.into();
        self
    }
}

/// Appoints the arbiter, or replaces one: no deadline moves.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct AppointArbiter {
    /// The arbiter; never a party to the deal, nor somebody whom the deal pays.
    pub arbiter: PartyId,
}

impl AppointArbiter {
    /// Appoints this party.
    pub const fn new(arbiter: PartyId) -> Self {
        Self { arbiter }
    }
}
