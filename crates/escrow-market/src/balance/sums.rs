//! The sums of a balance, and the equation between them.

use serde::{Deserialize, Serialize};

/// The sums of a balance, in minor units: `credited = available + reserved + paid_out + fees + debited`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sums {
    /// All that ever came in.
    pub credited: i64,
    /// What can be withdrawn; negative where a receivable took more than there was.
    pub available: i64,
    /// What is reserved for open withdrawals and their fees.
    pub reserved: i64,
    /// All that was ever paid to the holder.
    pub paid_out: i64,
    /// All that the platform has taken for withdrawals.
    pub fees: i64,
    /// All that was ever taken for receivables.
    pub debited: i64,
}

impl Sums {
    /// Whether the equation holds, and nothing but `available` is negative.
    pub fn are_conserved(&self) -> bool {
        let parts = [self.reserved, self.paid_out, self.fees, self.debited];
        let sum = parts.iter().fold(i128::from(self.available), |sum, n| sum.saturating_add((*n).into()));
        self.credited >= 0 && parts.iter().all(|n| *n >= 0) && sum == self.credited.into()
    }
}
