//! When to ask again.

use escrow::Time;
use escrow::deposit::IdempotencyKey;

/// How long an order waits between its tries: twice as long each time, up to a limit, and less by up to a half, so that what
/// failed together is not tried again together. The same order and try always give the same time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Backoff {
    /// After the first try, in milliseconds.
    pub first_ms: u64,
    /// At the most, in milliseconds.
    pub most_ms: u64,
}

impl Default for Backoff {
    /// From two seconds to an hour.
    fn default() -> Self {
        Self { first_ms: 2_000, most_ms: 3_600_000 }
    }
}

impl Backoff {
    /// When an order that was sent so many times is sent again.
    pub fn next(&self, key: IdempotencyKey, tries: u32, now: Time) -> Time {
        self.after(&key.to_string(), tries, now)
    }

    /// The same, of anything that has a name.
    pub(crate) fn after(&self, key: &str, tries: u32, now: Time) -> Time {
        let doubled = tries.saturating_sub(1).min(32);
        let whole =
            self.first_ms.saturating_mul(1_u64.checked_shl(doubled).unwrap_or(u64::MAX)).min(self.most_ms);
        let half = whole.checked_div(2).unwrap_or(0);
        let jitter = hash(&format!("{key}/{tries}")).checked_rem(half.saturating_add(1)).unwrap_or(0);
        now.plus_millis(whole.saturating_sub(jitter))
    }
}

/// FNV-1a: spread is all that is asked of it.
pub(crate) fn hash(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::Backoff;
    use escrow::deposit::IdempotencyKey;
    use escrow::{Time, TxId, uuid::Uuid};

    #[test]
    fn it_doubles_up_to_the_limit_and_spreads() {
        let backoff = Backoff { first_ms: 1_000, most_ms: 60_000 };
        let key = |n| IdempotencyKey::new(Uuid::from_u128(n), TxId::new(1));
        let now = Time::from_millis(0).unwrap();
        // 1 000, 2 000, 4 000, … 32 000, then 60 000: each less by up to a half
        for (tries, whole) in [(1, 1_000), (2, 2_000), (3, 4_000), (6, 32_000), (7, 60_000), (99, 60_000)] {
            for deal in 0..50 {
                let wait = backoff.next(key(deal), tries, now).millis();
                assert!((whole / 2..=whole).contains(&wait), "{tries}: {wait}");
                assert_eq!(backoff.next(key(deal), tries, now).millis(), wait);
            }
        }
        let waits: std::collections::BTreeSet<_> =
            (0..50).map(|deal| backoff.next(key(deal), 7, now)).collect();
        assert!(waits.len() > 40, "{}", waits.len());
    }
}
