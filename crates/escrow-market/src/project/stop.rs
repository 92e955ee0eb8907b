//! What a project that is paid upfront and was stopped means for its deals.

use serde::{Deserialize, Serialize};

use escrow::deal::PhaseKind;
use escrow::deal::command::Cancel;
use escrow::deposit::Reason;
use escrow::{Deal, Time};

/// A deal of a project that is paid upfront is called off, because the project was stopped before the deal was paid. Whatever
/// comes in for it later goes back whole.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct CallOff {
    /// When the project was stopped.
    pub stopped_at: Time,
    /// The reason.
    #[serde(default, skip_serializing_if = "crate::is_default")]
    pub reason: Reason,
}

impl CallOff {
    pub(super) const fn new(stopped_at: Time, reason: Reason) -> Self {
        Self { stopped_at, reason }
    }

    /// What it means for this deal, as an operator's command. `None` where the deal runs on, or has ended: it was paid when the
    /// project was stopped, or it is performed already.
    ///
    /// Give it with the revision that the deal has, so that nobody begins to perform in between.
    pub fn cancels(&self, deal: &Deal) -> Option<Cancel> {
        let was_paid = deal.concluded_at().is_some_and(|paid| paid <= self.stopped_at);
        let is_called_off = match deal.phase().kind() {
            PhaseKind::Proposed | PhaseKind::AwaitingDeposit => true,
            PhaseKind::Moderation | PhaseKind::AwaitingPerformance => !was_paid,
            PhaseKind::Performing
            | PhaseKind::AwaitingAcceptance
            | PhaseKind::Clearing
            | PhaseKind::Disputed
            | PhaseKind::Paying
            | PhaseKind::Closed => false,
        };
        is_called_off.then(|| Cancel::new(self.reason.clone()))
    }
}
