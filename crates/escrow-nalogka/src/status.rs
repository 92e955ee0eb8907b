//! Nalogka's status chain.

use serde::{Deserialize, Serialize};

use super::project::{Inexpressible, ProjectionError};
use escrow::Status;

/// The status of a deal as Nalogka tells it. The documentation names the statuses in Russian only; the wire names are
/// ours and stable.
///
/// | wire name | Nalogka | this crate's statuses |
/// |---|---|---|
/// | `awaiting_deposit` | Внесение депозита | `awaiting_deposit` |
/// | `moderation` | Модерация | `moderation` |
/// | `awaiting_performance` | Ожидает исполнения | `awaiting_performance` |
/// | `performing` | Исполнение | `performing`, `awaiting_acceptance` (the tracking is finished) |
/// | `disputed` | Спор | `disputed` |
/// | `settling` | Расчет при завершении | `settling` |
/// | `cancel_requested` | Запрошена отмена | `cancel_requested` |
/// | `completed` | Завершена | `completed` |
/// | `cancelled` | Отменена | `cancelled`, `declined`, `expired`, `resolved` |
///
/// `proposed` has no counterpart: creation implies the consent of both since API 1.2.0.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DealStatus {
    /// Внесение депозита.
    AwaitingDeposit,
    /// Модерация.
    Moderation,
    /// Ожидает исполнения. For a shop: the order is paid and being processed.
    AwaitingPerformance,
    /// Исполнение.
    Performing,
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
}

/// One entry of `GET /deals/statuses`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub struct StatusName {
    /// The wire name.
    pub id: DealStatus,
    /// What people read, in Russian.
    pub name: &'static str,
}

impl DealStatus {
    /// Every status, in the order of a deal's life.
    pub const ALL: [Self; 9] = [
        Self::AwaitingDeposit,
        Self::Moderation,
        Self::AwaitingPerformance,
        Self::Performing,
        Self::Disputed,
        Self::Settling,
        Self::CancelRequested,
        Self::Completed,
        Self::Cancelled,
    ];

    /// The wire name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AwaitingDeposit => "awaiting_deposit",
            Self::Moderation => "moderation",
            Self::AwaitingPerformance => "awaiting_performance",
            Self::Performing => "performing",
            Self::Disputed => "disputed",
            Self::Settling => "settling",
            Self::CancelRequested => "cancel_requested",
            Self::Completed => "completed",
            Self::Cancelled => "cancelled",
        }
    }

    /// What people read.
    ///
    /// # Source
    /// Nalogka's description of the status chain.
    pub const fn name(self) -> &'static str {
        match self {
            Self::AwaitingDeposit => "Внесение депозита",
            Self::Moderation => "Модерация",
            Self::AwaitingPerformance => "Ожидает исполнения",
            Self::Performing => "Исполнение",
            Self::Disputed => "Спор",
            Self::Settling => "Расчет при завершении",
            Self::CancelRequested => "Запрошена отмена",
            Self::Completed => "Завершена",
            Self::Cancelled => "Отменена",
        }
    }

    /// The answer to `GET /deals/statuses`.
    pub fn list() -> [StatusName; 9] {
        Self::ALL.map(|id| StatusName { id, name: id.name() })
    }
}

impl TryFrom<Status> for DealStatus {
    type Error = ProjectionError;

    fn try_from(status: Status) -> Result<Self, ProjectionError> {
        match status {
            Status::Proposed => Err(ProjectionError::new("status", Inexpressible::NotAgreed)),
            Status::AwaitingDeposit => Ok(Self::AwaitingDeposit),
            Status::Moderation => Ok(Self::Moderation),
            Status::AwaitingPerformance => Ok(Self::AwaitingPerformance),
            Status::Performing | Status::AwaitingAcceptance => Ok(Self::Performing),
            Status::Disputed => Ok(Self::Disputed),
            // accepted; only the payment waits
            Status::Clearing | Status::Settling => Ok(Self::Settling),
            Status::CancelRequested => Ok(Self::CancelRequested),
            Status::Completed => Ok(Self::Completed),
            Status::Cancelled | Status::Declined | Status::Expired | Status::Resolved => Ok(Self::Cancelled),
        }
    }
}
