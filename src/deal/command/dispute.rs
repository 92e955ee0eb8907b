//! Disagreeing, and ending it.

use serde::{Deserialize, Serialize};

use super::FileRef;
use crate::deposit::{Reason, Reference};
use crate::{Award, PartyId, Side};

/// Opens a dispute.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OpenDispute {
    /// The reason.
    pub reason: Reason,
    /// Where the host keeps the proof.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<FileRef>,
}

/// Offers to settle. A later offer replaces the party's earlier one. An offer of nothing is an offer.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProposeAward {
    /// What the seller is to get.
    pub award: Award,
}

/// Accepts the other party's offer.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AcceptAward {
    /// The offer, so that one which was replaced meanwhile is not accepted by mistake.
    pub award: Award,
}

/// Gives the dispute up: the deal goes on where it was.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WithdrawDispute {
    /// Which opening of the dispute is given up, by [`Dispute::openings`](crate::Dispute::openings): a repeat that
    /// arrives after the dispute was opened again then gives up nothing. Absent: the latest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opening: Option<u32>,
}

/// Notes that a claim was filed with a court or an arbitration.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileClaim {
    /// The claim's number at the court or arbitration.
    pub reference: Reference,
}

/// Rules on the dispute.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// What the seller gets.
    pub award: Award,
    /// Whose fault it was: a record, the amounts come from the award. Nalogka's `guilty_side`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_fault: Option<Side>,
}

/// Appoints the arbiter, or replaces one: no deadline moves.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AppointArbiter {
    /// The arbiter; never a party to the deal, nor somebody whom the deal pays.
    pub arbiter: PartyId,
}
