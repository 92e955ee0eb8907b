//! The mutable part of a deal, apart from its immutable terms: small, and not growing with history.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

use super::command::{
    ChargebackStep, Checkpoint, CheckpointId, DestinationUse, DocumentId, MessageRef, Revision, Track,
    Verdict,
};
use super::event::Consents;
use super::phase::{Phase, Stage, Status};
use crate::deposit::{Deposit, DepositId, Leg, Reason, Reference, Transaction};
use crate::dispute::Dispute;
use crate::settlement::{Ending, Incurred, Purpose, Receivable};
use crate::wire::left_out::is_default;
use crate::{Actor, Destination, Money, PartyId, Payee, Time};

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

/// Where one payee's money goes.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PayeeDestination {
    /// Whose.
    pub payee: Payee,
    /// Which money.
    pub of: DestinationUse,
    /// Where to.
    pub destination: Destination,
}

/// A chargeback and how far it is.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OpenChargeback {
    /// The gateway's id of it.
    pub reference: Reference,
    /// The deposit that was paid.
    pub deposit: DepositId,
    /// How much.
    pub amount: Money,
    /// How far it is.
    pub step: ChargebackStep,
}

/// The time left of stages that were left, in milliseconds; zero where a stage was never entered, since a stage
/// whose time is up is never left by anything but its timer.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Remaining {
    #[serde(default, skip_serializing_if = "is_default")]
    pub(crate) start_ms: u64,
    #[serde(default, skip_serializing_if = "is_default")]
    pub(crate) performance_ms: u64,
    #[serde(default, skip_serializing_if = "is_default")]
    pub(crate) acceptance_ms: u64,
}

impl Remaining {
    pub(crate) const fn of(&self, stage: Stage) -> u64 {
        match stage {
            Stage::AwaitingPerformance => self.start_ms,
            Stage::Performing => self.performance_ms,
            Stage::AwaitingAcceptance => self.acceptance_ms,
        }
    }

    pub(crate) const fn set(&mut self, stage: Stage, ms: u64) {
        match stage {
            Stage::AwaitingPerformance => self.start_ms = ms,
            Stage::Performing => self.performance_ms = ms,
            Stage::AwaitingAcceptance => self.acceptance_ms = ms,
        }
    }
}

/// The latest few ids of a kind, by which a repeat is recognised without keeping the whole history.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Recent<Id>(SmallVec<[Id; 4]>);

impl<Id> Default for Recent<Id> {
    fn default() -> Self {
        Self(SmallVec::default())
    }
}

impl<Id: PartialEq> Recent<Id> {
    pub(crate) const KEPT: usize = 4;

    pub(crate) fn contains(&self, id: &Id) -> bool {
        self.0.contains(id)
    }

    pub(crate) fn push(&mut self, id: Id) {
        if self.0.len() >= Self::KEPT {
            self.0.remove(0);
        }
        self.0.push(id);
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }
}

/// All of a deal that changes; [`State`](super::State) is how it is stored.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Core {
    pub(crate) version: u64,
    pub(crate) revision: u64,
    pub(crate) created_at: Time,
    /// When it was first both agreed and funded.
    pub(crate) concluded_at: Option<Time>,
    pub(crate) last_at: Time,
    pub(crate) terms_version: u32,
    pub(crate) consents: Consents,
    pub(crate) approved: bool,
    pub(crate) phase: Phase,
    pub(crate) remaining: Remaining,
    /// By how much deadlines were extended, in seconds.
    pub(crate) extended_s: u32,
    pub(crate) status_change: StatusChange,
    /// What somebody said just before the status changes.
    pub(crate) comment: Option<Reason>,
    pub(crate) ending: Option<Ending>,
    /// Who cancelled, so that a repeat is recognised.
    pub(crate) cancelled_by: Option<Actor>,
    /// Was every required deposit full when the ending was decided?
    pub(crate) ended_funded: bool,
    pub(crate) settle_by: Option<Time>,
    pub(crate) deposits: SmallVec<[Deposit; 4]>,
    pub(crate) transactions: SmallVec<[Transaction; 4]>,
    pub(crate) legs: SmallVec<[Leg; 4]>,
    /// Orders without an answer.
    pub(crate) unanswered: u32,
    /// Legs that their payees have not got.
    pub(crate) unsettled_legs: u32,
    pub(crate) receivables: SmallVec<[Receivable; 1]>,
    pub(crate) incurred: Incurred,
    pub(crate) track: Option<Arc<Track>>,
    pub(crate) latest: Option<Arc<Checkpoint>>,
    /// Was the latest checkpoint dealt with: its refusal disputed, its delivery answered by a request for changes?
    pub(crate) latest_spent: bool,
    pub(crate) checkpoints: Recent<CheckpointId>,
    pub(crate) destinations: SmallVec<[PayeeDestination; 1]>,
    pub(crate) attachments: SmallVec<[DocumentId; 1]>,
    pub(crate) arbiter: Option<PartyId>,
    pub(crate) buyers_report: Option<Verdict>,
    pub(crate) sellers_report: Option<Verdict>,
    pub(crate) submitted: u16,
    pub(crate) work: Option<Arc<Revision>>,
    /// Has the latest revision been answered by a request for changes?
    pub(crate) changes_requested: bool,
    /// Was the latest revision submitted while it could not be looked at yet?
    pub(crate) work_waits: bool,
    pub(crate) dispute: Option<Dispute>,
    pub(crate) chargebacks: SmallVec<[OpenChargeback; 1]>,
    pub(crate) posts: Recent<MessageRef>,
}

/// Where number `n`, counted from 1, stands in its list. Zero names nothing: it lands beyond every list.
pub(crate) fn index(n: u32) -> usize {
    n.checked_sub(1).and_then(|i| usize::try_from(i).ok()).unwrap_or(usize::MAX)
}

impl DestinationUse {
    /// Which destination a leg with this purpose goes to.
    pub(crate) const fn of(purpose: Purpose) -> Self {
        if purpose.goes_back() { Self::Refunds } else { Self::Payouts }
    }
}
