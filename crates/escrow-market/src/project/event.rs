//! What happens to a project.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::command::Reached;
use super::{Milestone, ProjectTerms};
use crate::BasketId;
use crate::basket::BasketDraft;
use escrow::deposit::Reason;
use escrow::{DealId, Side, Terms, Time};

/// Why a project is over.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// Every milestone is over.
    Finished,
    /// Somebody stopped it, or nobody went on.
    Stopped,
    /// A party turned the proposal down, or withdrew it.
    Declined,
    /// Nobody agreed in time.
    Expired,
}

/// What happened to a project, in the past tense. Deliberately exhaustive: a milestone that is not opened is not paid for.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum Event {
    /// It was proposed; always the first event, and only the first.
    Proposed {
        /// Version 1.
        terms: Arc<ProjectTerms>,
        /// By which party; an operator proposes for the customer.
        by: Side,
        /// Until when the other party may agree.
        until: Time,
    },
    /// A party proposed other milestones in place of those that have not begun.
    AmendmentProposed {
        /// The version.
        version: u32,
        /// By which party.
        by: Side,
        /// The milestones.
        milestones: Vec<Milestone>,
    },
    /// A proposal was withdrawn.
    AmendmentWithdrawn {
        /// Its version.
        version: u32,
    },
    /// The other party agreed: these milestones are to come.
    Agreed {
        /// To which version.
        version: u32,
        /// By which party.
        by: Side,
    },
    /// A milestone begins: its deal is to be opened with these terms, by an operator, for both have agreed. An open
    /// proposal falls.
    MilestoneBegun {
        /// The deal.
        deal: DealId,
        /// Its terms.
        terms: Arc<Terms>,
        /// Until when the host may open it.
        until: Time,
    },
    /// The deals of all milestones are paid at once: the basket is to be opened.
    BasketAsked {
        /// The basket.
        basket: BasketId,
        /// What is in it.
        draft: Arc<BasketDraft>,
    },
    /// A milestone's deal is as far as that.
    MilestoneReached {
        /// The deal.
        deal: DealId,
        /// How far it is.
        reached: Reached,
    },
    /// A milestone's deal was not opened in time.
    MilestoneLapsed {
        /// The deal.
        deal: DealId,
    },
    /// A milestone was not accepted: the customer says whether to go on.
    Halted {
        /// The deal of that milestone.
        after: DealId,
        /// From when on the project counts as stopped.
        until: Time,
    },
    /// The project goes on.
    Continued {
        /// After this milestone.
        after: DealId,
    },
    /// The project was stopped: what has not begun never does.
    Stopped {
        /// The reason.
        reason: Reason,
    },
    /// It is over.
    Closed {
        /// Why.
        because: Ending,
    },
}
