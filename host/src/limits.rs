//! So many requests of one client in a minute.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use escrow::Time;

const WINDOW_MS: u64 = 60_000;
/// Clients that are counted at once; beyond that the counts of the last minute are dropped.
const MOST_CLIENTS: usize = 50_000;

/// Counts requests by client, in windows of a minute.
#[derive(Debug)]
pub(crate) struct Limits {
    most: u32,
    counts: Mutex<(Option<Time>, HashMap<String, u32>)>,
}

impl Limits {
    pub(crate) fn new(most: u32) -> Self {
        Self { most, counts: Mutex::default() }
    }

    /// Counts a request that weighs so much. Whether it is one too many.
    pub(crate) fn exceeds(&self, client: &str, weight: u32, now: Time) -> bool {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let (began, clients) = &mut *counts;
        let over = began.is_none_or(|began| now.millis_since(began) >= WINDOW_MS);
        if over || clients.len() > MOST_CLIENTS {
            *began = Some(now);
            clients.clear();
        }
        let count = clients.entry(client.to_owned()).or_default();
        *count = count.saturating_add(weight);
        *count > self.most
    }
}
