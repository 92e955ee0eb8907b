//! Checked sums of minor units. The limits on terms make an overflow impossible; it is an error all the same.

/// A sum left the range of an amount.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct TooLarge;

pub(crate) fn add(a: i64, b: i64) -> Result<i64, TooLarge> {
    a.checked_add(b).ok_or(TooLarge)
}

pub(crate) fn sub(a: i64, b: i64) -> Result<i64, TooLarge> {
    a.checked_sub(b).ok_or(TooLarge)
}
