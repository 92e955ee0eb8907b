//! From storage back to a project. Storage is not trusted: every invariant is checked.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::state::{Fate, Phase};
use super::{
    CallOff, Event, Funding, Milestone, Project, ProjectDraft, ProjectTerms, Proposal, Run, Standing, Status,
};
use crate::basket::BasketDraft;
use crate::{BasketId, ProjectId};
use escrow::machine::{self, DecodeError, Progress, Rules};
use escrow::terms::Consent;
use escrow::{DealId, Recorded};

/// A project as it is stored.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parts {
    /// [`Parts::SCHEMA`].
    pub schema: String,
    /// The project's id.
    pub id: ProjectId,
    /// What was proposed first.
    pub terms: Arc<ProjectTerms>,
    /// All that changes.
    pub state: State,
}

/// The mutable part of a project, opaque: for storage only.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct State {
    pub(super) progress: Progress,
    pub(super) phase: Phase,
    /// The latest.
    pub(super) proposal: Proposal,
    /// Agreed, and not begun.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) planned: Vec<Milestone>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) begun: Vec<Run>,
    /// The basket that was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) basket: Option<(BasketId, Arc<BasketDraft>)>,
    /// That it was stopped; of one from before that was noted, nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) stopped: Option<CallOff>,
}

impl Project {
    /// The project that a journal tells of.
    ///
    /// # Errors
    /// [`DecodeError::NotAJournal`] where the first event is not `proposed` or a later one is; otherwise whatever
    /// invariant the result breaks.
    pub fn replay<'e>(
        id: ProjectId,
        journal: impl IntoIterator<Item = &'e Recorded<Event>>,
    ) -> Result<Self, DecodeError> {
        let project = machine::replay("proposed", journal, |recorded| {
            let Event::Proposed { terms, by, until } = &recorded.event else { return None };
            Some(Self::begin(id, terms.clone(), *by, *until, recorded.at))
        })?;
        project.check()?;
        Ok(project)
    }

    /// Checks every invariant of the project: what decoding checks, for tests and audits.
    ///
    /// # Errors
    /// [`DecodeError`] names the field that does not agree.
    pub fn check(&self) -> Result<(), DecodeError> {
        let state = &self.state;
        let few = state.begun.len().saturating_add(state.planned.len()) <= ProjectDraft::MAX_MILESTONES;
        let checks = [
            ("begun", few),
            ("planned", few && self.is_unique(&state.planned)),
            ("planned", few && self.terms.check_milestones(&state.planned).is_ok()),
            ("proposal", self.proposal_agrees()),
            ("begun", few && state.begun.iter().all(|run| self.agrees(run))),
            ("phase", self.phase_agrees()),
            // nothing is overdue: it would have fired with the last event
            ("phase", self.next_timer().is_none_or(|(at, _)| state.progress.last_at() < at)),
            ("basket", self.basket_agrees()),
        ];
        DecodeError::check(state.progress.checks().into_iter().chain(checks))
    }

    /// Whether no deal is there twice, those that have begun included.
    fn is_unique(&self, milestones: &[Milestone]) -> bool {
        let begun = self.state.begun.iter().map(|run| run.deal);
        let ids: BTreeSet<DealId> = begun.chain(milestones.iter().map(|m| m.deal)).collect();
        ids.len() == self.state.begun.len().saturating_add(milestones.len())
    }

    fn proposal_agrees(&self) -> bool {
        let proposal = &self.state.proposal;
        let first = proposal.version > 1 || proposal.milestones == self.terms.milestones;
        let all = self.state.begun.len().saturating_add(proposal.milestones.len());
        let fits = all <= ProjectDraft::MAX_MILESTONES && self.is_unique(&proposal.milestones);
        let open = proposal.fate != Fate::Open || fits;
        let sound = self.terms.check_milestones(&proposal.milestones).is_ok();
        proposal.version >= 1 && first && open && sound
    }

    fn agrees(&self, run: &Run) -> bool {
        match &run.standing {
            Standing::Begun { terms, .. } => {
                let parties = terms.buyer == self.terms.customer && terms.seller == self.terms.contractor;
                let rules = terms.fees == self.terms.fees && terms.policy.consent == Consent::OnCreation;
                parties && rules && terms.currency == self.terms.currency && !run.passed
            }
            Standing::Lapsed | Standing::Reached(_) => true,
        }
    }

    fn phase_agrees(&self) -> bool {
        let state = &self.state;
        match state.phase {
            Phase::Proposed { .. } | Phase::Active {} | Phase::Halted { .. } if state.stopped.is_some() => {
                false
            }
            Phase::Proposed { .. } => {
                state.begun.is_empty() && state.planned.is_empty() && state.proposal.fate == Fate::Open
            }
            Phase::Active {} => !state.begun.is_empty(),
            // after one that is not to be opened any more
            Phase::Halted { after, .. } => {
                let begun = |run: &Run| matches!(run.standing, Standing::Begun { .. });
                self.run(after).is_some_and(|run| !begun(run))
            }
            Phase::Stopping {} | Phase::Closed { .. } => {
                state.planned.is_empty() && state.proposal.fate != Fate::Open
            }
        }
    }

    fn basket_agrees(&self) -> bool {
        match (self.terms.funding, &self.state.basket) {
            (Funding::Upfront { basket }, Some((id, draft))) => {
                *id == basket && draft.payer == self.terms.customer
            }
            (Funding::Each, Some(_)) => false,
            (Funding::Each, None) => true,
            (Funding::Upfront { .. }, None) => {
                matches!(self.status(), Status::Proposed | Status::Closed)
            }
        }
    }
}

stored_as_its_parts!(Project, Parts, "escrow.project.v1", "project", [id, terms, state]);
