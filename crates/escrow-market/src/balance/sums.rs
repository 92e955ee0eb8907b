//! The sums of a balance, and the equation between them.

use serde::{Deserialize, Serialize};

/// The sums of a balance, in minor units: `credited = available + clearing + reserved + paid_out +
/// fees + debited`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sums {
    /// All that ever came in.
    pub credited: i64,
    /// What can be withdrawn; negative where a receivable, or a withdrawal that went through after all, took more than
    /// there was.
    pub available: i64,
    /// What was credited and has not cleared yet.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub clearing: i64,
    /// What is reserved for open withdrawals and their fees.
    pub reserved: i64,
    /// All that was ever paid to the holder, less what came back.
    pub paid_out: i64,
    /// All that the platform has taken for withdrawals.
    pub fees: i64,
    /// All that is taken for receivables, less what they gave back.
    pub debited: i64,
    /// What the gateway had declined and paid after all, with its fees: a part of `paid_out` and `fees`, or of what came
    /// back of them.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub paid_late: i64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
const fn is_zero(sum: &i64) -> bool {
    *sum == 0
}

impl Sums {
    /// Whether the equation holds, and nothing but `available` is negative, by no more than what may take it below zero.
    pub fn are_conserved(&self) -> bool {
        let parts = [self.clearing, self.reserved, self.paid_out, self.fees, self.debited];
        let sum = parts.iter().fold(i128::from(self.available), |sum, n| sum.saturating_add((*n).into()));
        let most_below = self.debited.saturating_add(self.paid_late);
        self.credited >= 0
            && self.paid_late >= 0
            && parts.iter().all(|n| *n >= 0)
            && self.available >= most_below.saturating_neg()
            && sum == self.credited.into()
    }
}
