//! What an online shop does with its order and the deal beside it.

use super::error::ApiError;
use escrow::Deal;
use escrow::deal::PhaseKind;

/// How a changed order is carried over to its deal.
///
/// # Source
/// Nalogka's shop workflow.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum OrderChange {
    /// Before the deposit: update the deal. The API user vouches for the consent of both, and the buyer pays the new sum.
    Update,
    /// After the deposit: cancel the deal, which gives the buyer everything back, and create another one. The order is
    /// unpaid again.
    CancelAndRecreate,
    /// The deal has ended: create another one.
    Recreate,
    /// A dispute or a moderation is to end first.
    Wait,
}

impl OrderChange {
    /// How a change of the order is carried over now.
    pub fn of(deal: &Deal) -> Self {
        match deal.phase().kind() {
            PhaseKind::Proposed => Self::Update,
            PhaseKind::AwaitingDeposit if deal.holds_anything() => Self::CancelAndRecreate,
            PhaseKind::AwaitingDeposit => Self::Update,
            PhaseKind::AwaitingPerformance | PhaseKind::Performing | PhaseKind::AwaitingAcceptance => {
                Self::CancelAndRecreate
            }
            PhaseKind::Moderation | PhaseKind::Disputed => Self::Wait,
            PhaseKind::Clearing | PhaseKind::Paying | PhaseKind::Closed => Self::Recreate,
        }
    }
}

/// What somebody does to an order in the shop.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ShopAction {
    /// The order is changed.
    Change,
    /// The order is cancelled.
    Cancel,
}

/// What the shop does where the service fails or refuses.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum OnError {
    /// Do not save the change; tell the administrator to try again later.
    BlockAndRetry,
    /// Do not save the change; tell the administrator why: repeating the call cannot help, the service's staff may.
    BlockAndTell,
    /// Cancel the order all the same, keep the call in a queue and repeat it until it goes through: a cancellation
    /// that arrives again is answered with no events, so repeats do no harm.
    ProceedAndRetry,
    /// Cancel the order all the same, and tell the administrator: repeating the call cannot help.
    ProceedAndTell,
}

impl ShopAction {
    /// What the shop does where the call beside this action fails. Whether a repeat can help is the error's own to say
    /// ([`ApiError::transient`]): a deal that somebody else is changing is refused today and not tomorrow, and terms that
    /// the platform has wrong fail as `server` for good.
    ///
    /// # Source
    /// Nalogka's shop workflow: a change of an order is blocked by a failing service, a cancellation never is.
    pub const fn on_error(self, error: &ApiError) -> OnError {
        match (self, error.transient) {
            (Self::Change, true) => OnError::BlockAndRetry,
            (Self::Change, false) => OnError::BlockAndTell,
            (Self::Cancel, true) => OnError::ProceedAndRetry,
            (Self::Cancel, false) => OnError::ProceedAndTell,
        }
    }
}
