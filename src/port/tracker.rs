//! The tracking system.

use std::future::Future;

use crate::deal::command::{Checkpoint, Track};

/// Tells what has become of a delivery.
pub trait Tracker: Sync {
    /// What can go wrong on the way to the tracker.
    type Error: Send;

    /// Every checkpoint of a track, oldest first.
    fn history(&self, track: &Track) -> impl Future<Output = Result<Vec<Checkpoint>, Self::Error>> + Send;
}
