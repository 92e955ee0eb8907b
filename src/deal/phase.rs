//! The life of a deal: phases with their data, and the flat status derived from them.

use serde::{Deserialize, Serialize};

use crate::Time;
use crate::dispute::DisputeStage;
use crate::settlement::Outcome;
use crate::stored::left_out::is_default;

/// The part of the life between funding and settlement: what an interruption interrupts.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Funded; the seller has not started.
    AwaitingPerformance,
    /// The seller performs.
    Performing,
    /// Performed; the buyer looks at it.
    AwaitingAcceptance,
}

/// Where moderation came from.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// Before, or right after, the funding.
    AwaitingDeposit,
    /// Before the start.
    AwaitingPerformance,
}

/// Where a deal stands, with the data of that phase only. `until`: when its timer fires.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Phase {
    /// Terms are on the table; not everybody has agreed.
    Proposed {
        /// The deadline.
        until: Time,
    },
    /// Agreed; the required deposits are not full.
    AwaitingDeposit {
        /// The deadline.
        until: Time,
    },
    /// A moderator has a remark, or has to approve.
    Moderation {
        /// The deadline.
        until: Time,
        /// Where it goes back to.
        from: Origin,
    },
    /// Funded and on its way.
    Active {
        /// How far.
        stage: Stage,
        /// The deadline.
        until: Time,
    },
    /// Accepted; what it pays waits until the clearance is over.
    Clearing {
        /// The deadline.
        until: Time,
    },
    /// The parties disagree; the timer of the interrupted stage is paused.
    Disputed {
        /// The stage that it goes back to.
        interrupted: Stage,
        /// Who is asked.
        stage: DisputeStage,
        /// The deadline.
        until: Time,
    },
    /// Ended; the money is on its way to everybody.
    Paying {
        /// How it ended.
        outcome: Outcome,
        /// The settlement waits for the answer to a capture.
        #[serde(default, skip_serializing_if = "is_default")]
        awaiting_capture: bool,
    },
    /// Over. Only facts about money are accepted.
    Closed {
        /// How it ended.
        outcome: Outcome,
    },
}

/// A phase without its data. The rows of the permission grid.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PhaseKind {
    /// See [`Phase::Proposed`].
    Proposed,
    /// See [`Phase::AwaitingDeposit`].
    AwaitingDeposit,
    /// See [`Phase::Moderation`].
    Moderation,
    /// See [`Stage::AwaitingPerformance`].
    AwaitingPerformance,
    /// See [`Stage::Performing`].
    Performing,
    /// See [`Stage::AwaitingAcceptance`].
    AwaitingAcceptance,
    /// See [`Phase::Clearing`].
    Clearing,
    /// See [`Phase::Disputed`].
    Disputed,
    /// See [`Phase::Paying`].
    Paying,
    /// See [`Phase::Closed`].
    Closed,
}

names! {
    /// Every phase, in the order of a deal's life.
    PhaseKind, "the name of a phase" {
        Proposed = "proposed",
        AwaitingDeposit = "awaiting_deposit",
        Moderation = "moderation",
        AwaitingPerformance = "awaiting_performance",
        Performing = "performing",
        AwaitingAcceptance = "awaiting_acceptance",
        Clearing = "clearing",
        Disputed = "disputed",
        Paying = "paying",
        Closed = "closed",
    }
}

impl PhaseKind {
    /// Is it decided how the deal ends?
    pub const fn has_ended(self) -> bool {
        match self {
            Self::Paying | Self::Closed => true,
            Self::Proposed
            | Self::AwaitingDeposit
            | Self::Moderation
            | Self::AwaitingPerformance
            | Self::Performing
            | Self::AwaitingAcceptance
            | Self::Clearing
            | Self::Disputed => false,
        }
    }
}

impl Phase {
    /// The phase without its data.
    pub const fn kind(&self) -> PhaseKind {
        match self {
            Self::Proposed { .. } => PhaseKind::Proposed,
            Self::AwaitingDeposit { .. } => PhaseKind::AwaitingDeposit,
            Self::Moderation { .. } => PhaseKind::Moderation,
            Self::Active { stage: Stage::AwaitingPerformance, .. } => PhaseKind::AwaitingPerformance,
            Self::Active { stage: Stage::Performing, .. } => PhaseKind::Performing,
            Self::Active { stage: Stage::AwaitingAcceptance, .. } => PhaseKind::AwaitingAcceptance,
            Self::Clearing { .. } => PhaseKind::Clearing,
            Self::Disputed { .. } => PhaseKind::Disputed,
            Self::Paying { .. } => PhaseKind::Paying,
            Self::Closed { .. } => PhaseKind::Closed,
        }
    }

    /// When the timer of this phase fires; paying and closed have none.
    pub const fn until(&self) -> Option<Time> {
        match self {
            Self::Proposed { until }
            | Self::AwaitingDeposit { until }
            | Self::Moderation { until, .. }
            | Self::Active { until, .. }
            | Self::Clearing { until }
            | Self::Disputed { until, .. } => Some(*until),
            Self::Paying { .. } | Self::Closed { .. } => None,
        }
    }

    /// How the deal ended, once it has.
    pub const fn outcome(&self) -> Option<Outcome> {
        match self {
            Self::Paying { outcome, .. } | Self::Closed { outcome } => Some(*outcome),
            Self::Proposed { .. }
            | Self::AwaitingDeposit { .. }
            | Self::Moderation { .. }
            | Self::Active { .. }
            | Self::Clearing { .. }
            | Self::Disputed { .. } => None,
        }
    }

    /// Whether it is over.
    pub(crate) const fn is_closed(&self) -> bool {
        matches!(self, Self::Closed { .. })
    }

    /// Whether the payments wait for a capture.
    pub(crate) const fn awaits_capture(&self) -> bool {
        matches!(self, Self::Paying { awaiting_capture: true, .. })
    }

    /// Is it decided how the deal ends?
    pub const fn has_ended(&self) -> bool {
        self.outcome().is_some()
    }

    /// The flat, indexable status.
    pub const fn status(&self) -> Status {
        match self {
            Self::Proposed { .. } => Status::Proposed,
            Self::AwaitingDeposit { .. } => Status::AwaitingDeposit,
            Self::Moderation { .. } => Status::Moderation,
            Self::Active { stage: Stage::AwaitingPerformance, .. } => Status::AwaitingPerformance,
            Self::Active { stage: Stage::Performing, .. } => Status::Performing,
            Self::Active { stage: Stage::AwaitingAcceptance, .. } => Status::AwaitingAcceptance,
            Self::Clearing { .. } => Status::Clearing,
            Self::Disputed { .. } => Status::Disputed,
            Self::Paying { outcome: Outcome::Completed, .. } => Status::Settling,
            Self::Paying { .. } => Status::CancelRequested,
            Self::Closed { outcome: Outcome::Completed } => Status::Completed,
            Self::Closed { outcome: Outcome::Cancelled } => Status::Cancelled,
            Self::Closed { outcome: Outcome::Declined } => Status::Declined,
            Self::Closed { outcome: Outcome::Expired } => Status::Expired,
            Self::Closed { outcome: Outcome::Resolved } => Status::Resolved,
        }
    }
}

/// The status of a deal: what a host indexes and shows. Derived from the phase, never stored beside it.
///
/// # Source
/// Nalogka's status chain, and WebMoney's contract as `proposed`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// A WebMoney *contract*.
    Proposed,
    /// Внесение депозита.
    AwaitingDeposit,
    /// Модерация.
    Moderation,
    /// Ожидает исполнения.
    AwaitingPerformance,
    /// Исполнение.
    Performing,
    /// Исполнение with the tracking finished.
    AwaitingAcceptance,
    /// Расчет при завершении, while what was accepted waits to be paid.
    Clearing,
    /// Спор.
    Disputed,
    /// Расчет при завершении.
    Settling,
    /// Запрошена отмена.
    CancelRequested,
    /// Завершена.
    Completed,
    /// Отменена.
    Cancelled,
    /// Отменена: a proposal was turned down.
    Declined,
    /// Отменена: a deadline passed before the deal was funded.
    Expired,
    /// Отменена: a dispute was settled.
    Resolved,
}

names! {
    /// Every status.
    Status, "the status of a deal" {
        Proposed = "proposed",
        AwaitingDeposit = "awaiting_deposit",
        Moderation = "moderation",
        AwaitingPerformance = "awaiting_performance",
        Performing = "performing",
        AwaitingAcceptance = "awaiting_acceptance",
        Clearing = "clearing",
        Disputed = "disputed",
        Settling = "settling",
        CancelRequested = "cancel_requested",
        Completed = "completed",
        Cancelled = "cancelled",
        Declined = "declined",
        Expired = "expired",
        Resolved = "resolved",
    }
}
