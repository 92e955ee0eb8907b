//! The calls that need nothing but themselves.

use std::sync::Arc;

use super::requests::SetPerformingTrack;
use escrow::Command;
use escrow::deal::command::{Accept, Cancel, RemoveTrack, SetTrack, StartPerforming, StopPerforming, Track};
use escrow::deposit::Reason;

/// The calls that need nothing but themselves. Who may, and when, the deal decides.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Call {
    /// `cancel`. Whoever cancels bears what was incurred: the buyer out of the deposit, the seller directly.
    Cancel {
        /// Why: `status_updated_comment`. The host's; the call has no body.
        comment: Reason,
    },
    /// `confirm-acceptation`: the buyer accepts everything.
    ConfirmAcceptation,
    /// `performing-start`, without a tracker.
    PerformingStart,
    /// `performing-stop`: back to *Ожидает исполнения*.
    PerformingStop,
    /// `PUT performing-track`.
    SetTrack(SetPerformingTrack),
    /// `DELETE performing-track`.
    RemoveTrack,
}

impl Call {
    /// The command.
    pub fn command(&self) -> Command {
        match self {
            Self::Cancel { comment } => Cancel::new(comment.clone()).into(),
            Self::ConfirmAcceptation => Accept::default().into(),
            Self::PerformingStart => StartPerforming {}.into(),
            Self::PerformingStop => StopPerforming {}.into(),
            Self::SetTrack(SetPerformingTrack { tracker_short_name, code }) => {
                let track = Track::new(tracker_short_name.clone(), code.clone());
                SetTrack::new(Arc::new(track)).into()
            }
            Self::RemoveTrack => RemoveTrack {}.into(),
        }
    }
}
