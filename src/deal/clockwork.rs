//! The deal in time: its phase and since when, the time that stages have left, how it ended, how often it changed.

use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

use super::command::CommandKind;
use super::event::{Event, Paused};
use super::phase::{Phase, PhaseKind, Stage, Status};
use super::timers::{Passed, Timer};
use crate::deposit::{ClientKey, DepositId, Reason};
use crate::settlement::{Charges, Ending, Outcome};
use crate::stored::left_out::is_default;
use crate::{Actor, Recorded, Side, Time, machine};

/// When, by whom and why a deal's status changed, and what it was before.
///
/// # Source
/// Nalogka `status_updated_at`, `status_updated_by`, `status_updated_comment`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StatusChange {
    /// When.
    pub at: Time,
    /// By whom.
    pub by: Actor,
    /// Why, where somebody said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<Reason>,
    /// The status before; `None` at creation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous: Option<Status>,
}

/// The time that each interrupted stage has left, in milliseconds; zero where a stage was never entered. A stage whose
/// time is up is left by its timer only, so zero is never a stage's rest.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Remaining {
    #[serde(default, skip_serializing_if = "is_default")]
    start_ms: u64,
    #[serde(default, skip_serializing_if = "is_default")]
    performance_ms: u64,
    #[serde(default, skip_serializing_if = "is_default")]
    acceptance_ms: u64,
}

impl Remaining {
    pub(crate) const fn of(&self, stage: Stage) -> u64 {
        match stage {
            Stage::AwaitingPerformance => self.start_ms,
            Stage::Performing => self.performance_ms,
            Stage::AwaitingAcceptance => self.acceptance_ms,
        }
    }

    const fn set(&mut self, stage: Stage, ms: u64) {
        match stage {
            Stage::AwaitingPerformance => self.start_ms = ms,
            Stage::Performing => self.performance_ms = ms,
            Stage::AwaitingAcceptance => self.acceptance_ms = ms,
        }
    }
}

/// A command that had an id.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Request {
    id: ClientKey,
    command: CommandKind,
    content: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    by: Option<Side>,
}

/// How the deal ended.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Ended {
    pub(crate) ending: Ending,
    /// Whether every required deposit was full when the ending was decided.
    pub(crate) funded: bool,
    /// From when declined legs go to balances.
    pub(crate) settle_by: Time,
    /// What becomes of the additional charges.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(crate) charges: Charges,
    /// Whether an award, or an agreement, gives the buyer the original of the work.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(crate) original: bool,
    /// What it divides, of each required deposit, where captures are waited for: less what failed before the performance had
    /// begun. The rest of a hold is let go with its capture, and was there all the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) divides: Option<[u64; 4]>,
}

/// The phase and everything that runs with time.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Clockwork {
    pub(crate) version: u64,
    pub(crate) revision: u64,
    pub(crate) created_at: Time,
    /// When it was first both agreed and funded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) concluded_at: Option<Time>,
    pub(crate) last_at: Time,
    pub(crate) phase: Phase,
    #[serde(default, skip_serializing_if = "is_default")]
    pub(crate) remaining: Remaining,
    /// Whether the performance has ever begun.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(crate) begun: bool,
    /// By how much deadlines were extended, in seconds.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(crate) extended_s: u32,
    pub(crate) status_change: StatusChange,
    /// The change with which the deal became either, while it goes to and fro between performing and awaiting acceptance.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) joint_change: Option<StatusChange>,
    /// What somebody said just before the status changes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    comment: Option<Reason>,
    /// Who cancelled, so that a repeat is recognised.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) cancelled_by: Option<Actor>,
    /// How the deal is to end when the clearance is over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) clearing: Option<Ending>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) ended: Option<Ended>,
    /// The latest deadline of a phase that passed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) passed: Option<Passed>,
    /// The latest commands that had an id, oldest first.
    #[serde(default, skip_serializing_if = "SmallVec::is_empty")]
    requests: SmallVec<[Request; 1]>,
}

impl Clockwork {
    /// How many requests are remembered of each side, and of the staff.
    const KEPT: usize = 8;

    /// What a side, or the staff, has asked for under this id.
    pub(crate) fn request(&self, id: &ClientKey, by: Option<Side>) -> Option<(CommandKind, u64)> {
        self.requests.iter().find(|r| r.by == by && r.id == *id).map(|r| (r.command, r.content))
    }
}

/// The fold.
impl Clockwork {
    pub(super) fn begin(first: &Recorded, phase: Phase) -> Self {
        Self {
            version: 1,
            revision: 1,
            created_at: first.at,
            concluded_at: None,
            last_at: first.at,
            phase,
            remaining: Remaining::default(),
            begun: false,
            extended_s: 0,
            status_change: StatusChange {
                at: first.at,
                by: first.actor.clone(),
                comment: None,
                previous: None,
            },
            joint_change: None,
            comment: None,
            cancelled_by: None,
            clearing: None,
            ended: None,
            passed: None,
            requests: SmallVec::new(),
        }
    }

    pub(super) fn count(&mut self, recorded: &Recorded) {
        let before = self.revision;
        machine::count(recorded, &mut self.version, &mut self.revision, &mut self.last_at);
        if is_aside(&recorded.event) {
            self.revision = before;
        }
    }

    pub(super) fn note(&mut self, id: &ClientKey, (command, content): (CommandKind, u64), by: Option<Side>) {
        let own = |r: &&Request| r.by == by;
        if self.requests.iter().filter(own).count() >= Self::KEPT
            && let Some(oldest) = self.requests.iter().position(|r| r.by == by)
        {
            self.requests.remove(oldest);
        }
        self.requests.push(Request { id: id.clone(), command, content, by });
    }

    /// A comment goes with the next change of the status.
    pub(super) fn say(&mut self, comment: Reason) {
        self.comment = Some(comment);
    }

    /// A further remark does not change the status again.
    pub(super) fn remark(&mut self, remark: Reason) {
        match self.phase.kind() {
            PhaseKind::Moderation => self.status_change.comment = Some(remark),
            PhaseKind::Proposed
            | PhaseKind::AwaitingDeposit
            | PhaseKind::AwaitingPerformance
            | PhaseKind::Performing
            | PhaseKind::AwaitingAcceptance
            | PhaseKind::Clearing
            | PhaseKind::Disputed
            | PhaseKind::Paying
            | PhaseKind::Closed => self.say(remark),
        }
    }

    pub(super) fn cancel(&mut self, by: &Actor, reason: &Reason) {
        self.cancelled_by = Some(by.clone());
        self.say(reason.clone());
    }

    pub(super) const fn extend(&mut self, phase: Phase, by_s: u32) {
        self.phase = phase;
        self.extended_s = self.extended_s.saturating_add(by_s);
    }

    /// A deadline passed: that of the phase is remembered, for those who come too late.
    pub(super) fn pass(&mut self, timer: Timer, at: Time) {
        if self.phase.timer() == Some(timer) {
            self.passed = Some(Passed { timer, at });
        }
    }

    pub(super) fn clear(&mut self, ending: Ending) {
        self.clearing = Some(ending);
    }

    pub(super) fn end(&mut self, ended: Ended) {
        self.clearing = None;
        self.ended = Some(ended);
    }

    /// So much of what an ending divides was never there.
    pub(super) fn lapse(&mut self, deposit: DepositId, amount: i64) {
        let amount = u64::try_from(amount).unwrap_or(0);
        let divides = self.ended.as_mut().and_then(|ended| ended.divides.as_mut());
        if let Some(pot) = divides.and_then(|pots| pots.get_mut(deposit.index())) {
            *pot = pot.saturating_sub(amount);
        }
    }

    /// A payment that came back gives its payee the whole time again.
    pub(super) fn settle_by(&mut self, settle_by: Option<Time>) {
        if let (Some(ended), Some(settle_by)) = (&mut self.ended, settle_by) {
            ended.settle_by = settle_by;
        }
    }

    pub(super) fn enter(&mut self, phase: Phase, paused: Option<Paused>, by: &Actor, at: Time) {
        if let Some(paused) = paused {
            self.remaining.set(paused.stage, paused.remaining_ms);
        }
        // a deal that was accepted, or has ended, goes back to no stage
        if phase.has_ended() || phase.kind() == PhaseKind::Clearing {
            self.remaining = Remaining::default();
        }
        // nothing is waited for any more
        if !phase.awaits_capture()
            && let Some(ended) = &mut self.ended
        {
            ended.divides = None;
        }
        let previous = self.phase.status();
        self.phase = phase;
        if let Phase::Active { stage, .. } = phase {
            self.concluded_at.get_or_insert(at);
            self.begun |= stage != Stage::AwaitingPerformance;
        }
        let comment = self.comment.take();
        if phase.status() != previous {
            let change = StatusChange { at, by: by.clone(), comment, previous: Some(previous) };
            let before = std::mem::replace(&mut self.status_change, change);
            let joint = self.joint_change.take();
            if joins(previous).is_some() && joins(previous) == joins(phase.status()) {
                self.joint_change = joint.or(Some(before));
            }
        }
    }

    /// The name of a field that contradicts the others.
    pub(super) fn wrong(&self) -> Option<&'static str> {
        let active = (PhaseKind::AwaitingPerformance..=PhaseKind::Disputed).contains(&self.phase.kind());
        let concluded = match self.concluded_at {
            Some(at) => {
                self.phase.kind() != PhaseKind::Proposed && (self.created_at..=self.last_at).contains(&at)
            }
            None => !active,
        };
        let outcome = match (self.ended.as_ref().map(|e| &e.ending), self.phase.outcome()) {
            (None, None) => true,
            (Some(ending), Some(outcome)) => ending.can_be(outcome),
            (Some(_), None) | (None, Some(_)) => false,
        };
        let clearing = match (&self.clearing, self.phase.kind() == PhaseKind::Clearing) {
            (Some(ending), true) => ending.is_accepted(),
            (None, false) => true,
            (Some(_), false) | (None, true) => false,
        };
        let passed = self.passed.is_none_or(|passed| {
            passed.timer.phase().is_some() && (self.created_at..=self.last_at).contains(&passed.at)
        });
        let checks = [
            ("clockwork.revision", self.revision >= 1 && self.revision <= self.version),
            ("clockwork.last_at", self.created_at <= self.last_at && self.status_change.at <= self.last_at),
            ("clockwork.concluded_at", concluded),
            ("clockwork.joint_change", self.joint_change.is_none() || joins(self.phase.status()).is_some()),
            ("clockwork.ended", outcome),
            ("clockwork.clearing", clearing),
            ("clockwork.passed", passed),
            (
                "clockwork.requests",
                [Some(Side::Buyer), Some(Side::Seller), None]
                    .into_iter()
                    .all(|by| self.requests.iter().filter(|r| r.by == by).count() <= Self::KEPT),
            ),
        ];
        checks.iter().find(|(_, holds)| !holds).map(|(field, _)| *field)
    }
}

/// What a status is in a world that does not tell apart whether the tracking is finished, nor whether what was accepted is
/// cleared: the first of those that are one there. `None`: it stands for itself.
const fn joins(status: Status) -> Option<Status> {
    match status {
        Status::Performing | Status::AwaitingAcceptance => Some(Status::Performing),
        Status::Clearing | Status::Settling => Some(Status::Clearing),
        Status::Proposed
        | Status::AwaitingDeposit
        | Status::Moderation
        | Status::AwaitingPerformance
        | Status::Disputed
        | Status::CancelRequested
        | Status::Completed
        | Status::Cancelled
        | Status::Declined
        | Status::Expired
        | Status::Resolved => None,
    }
}

impl Ending {
    /// Whether a deal that ends like this can have this outcome.
    fn can_be(&self, outcome: Outcome) -> bool {
        let never_began = matches!(outcome, Outcome::Declined | Outcome::Expired);
        outcome == self.outcome() || (never_began && matches!(self, Self::Cancelled(_)))
    }
}

/// Whether an event is nothing that a party must have looked at before they act: messages, documents, tracking, notes, what
/// somebody asks for themselves. Otherwise one party could keep the other one behind by posting.
const fn is_aside(event: &Event) -> bool {
    matches!(
        event,
        Event::Posted { .. }
            | Event::Attached { .. }
            | Event::Annotated { .. }
            | Event::TrackSet { .. }
            | Event::TrackRemoved {}
            | Event::TrackingRecorded { .. }
            | Event::PaymentRequested { .. }
            | Event::PaymentStated { .. }
            | Event::DestinationSet { .. }
            | Event::ClaimFiled { .. }
            | Event::RequestNoted { .. }
    )
}
