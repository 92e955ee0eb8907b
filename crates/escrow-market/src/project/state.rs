//! What a project knows, and the only place where it changes.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::command::{Ended, Reached};
use super::{CallOff, Ending, Event, Milestone, Project, ProjectTerms, State};
use crate::ProjectId;
use escrow::machine::Progress;
use escrow::{DealId, Recorded, Side, Terms, Time, names};

/// The status of a project.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// The other party has not agreed.
    Proposed,
    /// Milestones run, or are about to.
    Active,
    /// A milestone was not accepted: somebody has to go on.
    Halted,
    /// It was stopped, and what had begun runs on.
    Stopping,
    /// It is over.
    Closed,
}

names! {
    /// Every status.
    Status, "the status of a project" {
        Proposed = "proposed",
        Active = "active",
        Halted = "halted",
        Stopping = "stopping",
        Closed = "closed",
    }
}

/// The status with its data.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum Phase {
    Proposed { until: Time },
    Active {},
    Halted { after: DealId, until: Time },
    Stopping {},
    Closed { because: Ending },
}

impl Phase {
    pub(super) const fn status(self) -> Status {
        match self {
            Self::Proposed { .. } => Status::Proposed,
            Self::Active {} => Status::Active,
            Self::Halted { .. } => Status::Halted,
            Self::Stopping {} => Status::Stopping,
            Self::Closed { .. } => Status::Closed,
        }
    }

    /// Whether anything can still change.
    pub(super) const fn is_open(self) -> bool {
        match self {
            Self::Proposed { .. } | Self::Active {} | Self::Halted { .. } | Self::Stopping {} => true,
            Self::Closed { .. } => false,
        }
    }
}

/// What became of a proposal.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fate {
    /// It waits for the other party.
    Open,
    /// Both agree.
    Agreed,
    /// Who proposed it withdrew it.
    Withdrawn,
    /// One of the milestones that it was to replace began, or the project ended.
    Fallen,
}

/// What one party proposes is to come.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Proposal {
    /// Its version, counted from 1.
    pub version: u32,
    /// By which party.
    pub by: Side,
    /// The milestones.
    pub milestones: Vec<Milestone>,
    /// What became of it.
    pub fate: Fate,
}

/// How far a milestone is that has begun.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// Its deal is to be opened.
    #[serde(rename_all = "snake_case")]
    Begun {
        /// With these terms.
        terms: Arc<Terms>,
        /// Until then.
        until: Time,
    },
    /// Its deal was not opened in time. If it is reported later, it counts all the same.
    Lapsed,
    /// Its deal is as far as that.
    Reached(Reached),
}

/// A milestone that has begun.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Run {
    /// Its deal.
    pub deal: DealId,
    /// How far it is.
    pub standing: Standing,
    /// Whether the project went on after it, although it was not accepted.
    #[serde(default, skip_serializing_if = "crate::is_default")]
    pub passed: bool,
}

impl Run {
    /// Whether nothing new follows from such a report.
    pub(super) fn knows(&self, reached: Reached) -> bool {
        match &self.standing {
            Standing::Begun { .. } | Standing::Lapsed => false,
            Standing::Reached(known) => match (known, reached) {
                // how it ended is told once
                (Reached::Ended(known), Reached::Ended(told)) => *known == told,
                (known, reached) => *known >= reached,
            },
        }
    }

    /// Whether the next one has to wait for it.
    pub(super) const fn blocks(&self) -> bool {
        match &self.standing {
            Standing::Begun { .. } | Standing::Reached(Reached::Opened) => true,
            Standing::Lapsed | Standing::Reached(Reached::Accepted | Reached::Ended(_)) => false,
        }
    }

    /// Whether its deal runs on.
    pub(super) const fn runs(&self) -> bool {
        match &self.standing {
            Standing::Begun { .. } | Standing::Reached(Reached::Opened | Reached::Accepted) => true,
            Standing::Lapsed | Standing::Reached(Reached::Ended(_)) => false,
        }
    }

    /// Whether it is over without having been accepted, and nobody has gone on.
    pub(super) const fn failed(&self) -> bool {
        match &self.standing {
            Standing::Begun { .. }
            | Standing::Reached(Reached::Opened | Reached::Accepted | Reached::Ended(Ended::Completed)) => {
                false
            }
            Standing::Lapsed | Standing::Reached(Reached::Ended(Ended::Otherwise)) => !self.passed,
        }
    }
}

impl Project {
    pub(super) fn begin(id: ProjectId, terms: Arc<ProjectTerms>, by: Side, until: Time, at: Time) -> Self {
        let milestones = terms.milestones.clone();
        let state = State {
            progress: Progress::begin(at),
            phase: Phase::Proposed { until },
            proposal: Proposal { version: 1, by, milestones, fate: Fate::Open },
            planned: Vec::new(),
            begun: Vec::new(),
            basket: None,
            stopped: None,
        };
        Self { id, terms, state }
    }

    pub(super) fn fold(&mut self, recorded: &Recorded<Event>) {
        let state = &mut self.state;
        state.progress.count(recorded);
        match &recorded.event {
            // only ever the first event, which `begin` has folded
            Event::Proposed { .. } => {}
            Event::AmendmentProposed { version, by, milestones } => {
                let (version, by, milestones) = (*version, *by, milestones.clone());
                state.proposal = Proposal { version, by, milestones, fate: Fate::Open };
            }
            Event::AmendmentWithdrawn { .. } => state.proposal.fate = Fate::Withdrawn,
            Event::Agreed { .. } => {
                state.proposal.fate = Fate::Agreed;
                state.planned.clone_from(&state.proposal.milestones);
                state.begun.iter_mut().for_each(|run| run.passed |= run.failed());
                state.phase = Phase::Active {};
            }
            Event::MilestoneBegun { deal, terms, until } => {
                state.planned.retain(|milestone| milestone.deal != *deal);
                let standing = Standing::Begun { terms: terms.clone(), until: *until };
                state.begun.push(Run { deal: *deal, standing, passed: false });
                state.drop_proposal();
            }
            Event::BasketAsked { basket, draft } => state.basket = Some((*basket, draft.clone())),
            Event::MilestoneReached { deal, reached } => state.stand(*deal, Standing::Reached(*reached)),
            Event::MilestoneLapsed { deal } => state.stand(*deal, Standing::Lapsed),
            Event::Halted { after, until } => state.phase = Phase::Halted { after: *after, until: *until },
            Event::Continued { after } => {
                state.begun.iter_mut().for_each(|run| run.passed |= run.failed() || run.deal == *after);
                state.phase = Phase::Active {};
            }
            Event::Stopped { reason } => {
                state.stopped = Some(CallOff::new(recorded.at, reason.clone()));
                state.planned.clear();
                state.drop_proposal();
                state.phase = Phase::Stopping {};
            }
            Event::Closed { because } => {
                state.planned.clear();
                state.drop_proposal();
                state.phase = Phase::Closed { because: *because };
            }
        }
    }
}

impl State {
    fn stand(&mut self, deal: DealId, standing: Standing) {
        if let Some(run) = self.begun.iter_mut().find(|run| run.deal == deal) {
            run.standing = standing;
        }
    }

    fn drop_proposal(&mut self) {
        if self.proposal.fate == Fate::Open {
            self.proposal.fate = Fate::Fallen;
        }
    }
}

machine_by_rules!(Project, super::Command, Event, super::Rejection);
