//! What can be asked of a project. The same command may be sent again at any time: a repeat is recognised and answered
//! with no events.

use serde::{Deserialize, Serialize};

use super::Milestone;
pub use escrow::deal::command::Wake;
use escrow::deposit::Reason;
use escrow::settlement::Outcome;
use escrow::{DealId, commands};

commands! {
    /// A command. Tagged by `type` in JSON: `{"type":"agree","version":1}`.
    #[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
    #[serde(tag = "type")]
    Command, CommandKind, "the name of a command of a project" {
        /// Consent to what the other party proposes.
        Agree = "agree",
        /// Propose other milestones in place of those that have not begun.
        Amend = "amend",
        /// Withdraw what was proposed.
        Withdraw = "withdraw",
        /// Go on after a milestone that was not accepted.
        Continue = "continue",
        /// Stop the project: what runs, runs on.
        Stop = "stop",
        /// A fact: how far a milestone's deal is.
        Report = "report",
        /// Fire what is due.
        Wake = "wake",
    }
}

/// Consents to a version.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Agree {
    /// The version that is proposed.
    pub version: u32,
}

/// Proposes the milestones that are to come, in place of all that have not begun. It falls when one of those begins.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Amend {
    /// The version that it is to be: one more than the last.
    pub version: u32,
    /// The milestones, in order; none: what has begun is all there is.
    pub milestones: Vec<Milestone>,
}

/// Withdraws a party's own proposal.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Withdraw {
    /// Its version.
    pub version: u32,
}

/// Goes on with the next milestone, although one was not accepted.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Continue {
    /// The deal of the milestone that was not accepted.
    pub after: DealId,
}

/// Stops the project, or turns it down: milestones that have not begun never do.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stop {
    /// The reason.
    #[serde(default)]
    pub reason: Reason,
}

/// How far the deal of a milestone is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reached {
    /// It is open.
    Opened,
    /// What it is about is accepted.
    Accepted,
    /// It was decided how it ends.
    Ended(Ended),
}

/// How a deal has ended, as far as the project is concerned.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ended {
    /// Its subject was accepted, whole or in part.
    Completed,
    /// By an agreement, an award, a cancellation or a deadline.
    Otherwise,
}

impl Ended {
    /// What an outcome means for a project.
    pub const fn of(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Completed => Self::Completed,
            Outcome::Cancelled | Outcome::Declined | Outcome::Expired | Outcome::Resolved => Self::Otherwise,
        }
    }
}

/// A fact about a deal: what [`Project::follow`](super::Project::follow) gives. A later one supersedes what came before it,
/// in whatever order they are delivered.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Report {
    /// The deal.
    pub deal: DealId,
    /// How far it is.
    pub reached: Reached,
}
