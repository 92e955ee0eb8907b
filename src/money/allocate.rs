use std::cmp::Reverse;

use smallvec::SmallVec;
use thiserror::Error;

/// Divides a total of minor units by shares, to the last unit.
///
/// Each part is first `total × share / Σ shares`, floored; the units that are left go one each to the
/// largest remainders, and on a tie to the earlier share. So the parts sum to exactly `total`, each is within
/// one unit of its exact proportion, and a share of zero gets zero. The parts are in the order of the
/// shares. A total of zero divides into zeros, whatever the shares.
///
/// # Errors
/// [`AllocateError::NegativeTotal`] if `total < 0`; [`AllocateError::NoShares`] if the total is over zero and
/// the shares are empty or all zero, because then nobody could be given it.
///
/// 100 divided by 1, 0, 1, 1 is 34, 0, 33, 33.
#[cfg_attr(not(test), allow(dead_code, reason = "a chargeback over several receipts is divided by it"))]
pub(crate) fn allocate(total: i64, shares: &[u64]) -> Result<SmallVec<[i64; 8]>, AllocateError> {
    let Ok(wide_total) = u128::try_from(total) else {
        return Err(AllocateError::NegativeTotal);
    };
    if total == 0 {
        return Ok(shares.iter().map(|_| 0).collect());
    }
    // The operations below are checked for form only: a product of 63 and 64 bits fits into `u128`, and so
    // does a sum of as many `u64` as a slice can hold.
    let sum = shares.iter().fold(0_u128, |sum, share| sum.saturating_add(u128::from(*share)));
    let mut parts: SmallVec<[i64; 8]> = SmallVec::with_capacity(shares.len());
    let mut remainders: SmallVec<[(Reverse<u128>, usize); 8]> = SmallVec::with_capacity(shares.len());
    let mut left = total;
    for (index, share) in shares.iter().enumerate() {
        let product = wide_total.saturating_mul(u128::from(*share));
        // The sum is zero only if every share is.
        let (Some(quotient), Some(remainder)) = (product.checked_div(sum), product.checked_rem(sum)) else {
            return Err(AllocateError::NoShares);
        };
        // Never over the total, which is an `i64`.
        let part = i64::try_from(quotient).unwrap_or(total);
        parts.push(part);
        remainders.push((Reverse(remainder), index));
        left = left.saturating_sub(part);
    }
    if parts.is_empty() {
        return Err(AllocateError::NoShares);
    }
    // `left × sum` is the sum of the remainders, each under `sum`: so there are more non-zero remainders than
    // units left, and a share of zero, whose remainder is zero, is never reached.
    remainders.sort_unstable();
    for (_, index) in remainders.into_iter().take(usize::try_from(left).unwrap_or_default()) {
        if let Some(part) = parts.get_mut(index) {
            *part = part.saturating_add(1);
        }
    }
    Ok(parts)
}

/// `value × numerator / denominator`, floored, of non-negative numbers: every proportion is taken by this.
///
/// The product is computed wide and cannot overflow. `None` if `value` or `numerator` is negative, if
/// `denominator` is not positive, or if the result does not fit into `i64`; where `numerator ≤ denominator`
/// it always fits, and is at most `value`.
///
/// 10 × 2 / 3 is 6.
#[must_use]
pub(crate) fn mul_div_floor(value: i64, numerator: i64, denominator: i64) -> Option<i64> {
    if value < 0 || numerator < 0 || denominator <= 0 {
        return None;
    }
    match value.checked_mul(numerator) {
        Some(product) => product.checked_div(denominator),
        // 128-bit division is several times slower, and real sums seldom need it.
        None => {
            let product = i128::from(value).checked_mul(i128::from(numerator))?;
            i64::try_from(product.checked_div(i128::from(denominator))?).ok()
        }
    }
}

/// Why a total could not be divided.
///
/// None is transient: the same arguments fail again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[cfg_attr(not(test), allow(dead_code, reason = "`allocate` is"))]
pub(crate) enum AllocateError {
    /// The total is under zero.
    #[error("a negative total cannot be divided: divide its magnitude, and negate the parts")]
    NegativeTotal,
    /// There is something to divide, and no share that could receive it.
    #[error("there is no share over zero to receive the total: give at least one")]
    NoShares,
}

#[cfg(test)]
mod tests {
    #![allow(clippy::arithmetic_side_effects)]

    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    fn parts(total: i64, shares: &[u64]) -> Vec<i64> {
        allocate(total, shares).unwrap().into_vec()
    }

    #[test]
    fn largest_remainder_first_then_the_earlier() {
        assert_eq!(parts(100, &[1, 1, 1]), [34, 33, 33]);
        assert_eq!(parts(101, &[1, 1, 1]), [34, 34, 33]);
        // 10 × 1/6 = 1.67, 10 × 2/6 = 3.33, 10 × 3/6 = 5
        assert_eq!(parts(10, &[1, 2, 3]), [2, 3, 5]);
        // 7 × 3/10 = 2.1, 7 × 3/10 = 2.1, 7 × 4/10 = 2.8
        assert_eq!(parts(7, &[3, 3, 4]), [2, 2, 3]);
        assert_eq!(parts(1, &[1, 1]), [1, 0]);
        assert_eq!(parts(5, &[9]), [5]);
    }

    #[test]
    fn remainder_to_zero_share() {
        assert_eq!(parts(1, &[0, 1, 0]), [0, 1, 0]);
        // 5 over 0 : 1 : 1 is 0, 2.5, 2.5; the odd one goes to the earlier of those who have a share
        assert_eq!(parts(5, &[0, 1, 1]), [0, 3, 2]);
        assert_eq!(parts(1, &[0, 0, 7]), [0, 0, 1]);
        assert_eq!(parts(100, &[0, 1, 1, 1, 0]), [0, 34, 33, 33, 0]);
    }

    #[test]
    fn extremes_do_not_overflow() {
        assert_eq!(parts(i64::MAX, &[u64::MAX, u64::MAX]), [i64::MAX / 2 + 1, i64::MAX / 2]);
        assert_eq!(parts(i64::MAX, &[u64::MAX, 0]), [i64::MAX, 0]);
    }

    #[test]
    fn nobody_to_receive_it() {
        assert_eq!(allocate(1, &[]), Err(AllocateError::NoShares));
        assert_eq!(allocate(1, &[0, 0]), Err(AllocateError::NoShares));
        assert_eq!(allocate(-1, &[1]), Err(AllocateError::NegativeTotal));
        assert_eq!(parts(0, &[0, 0]), [0, 0]);
        assert_eq!(parts(0, &[0, 3]), [0, 0]);
        assert!(parts(0, &[]).is_empty());
    }

    #[test]
    fn mul_div_overflow() {
        assert_eq!(mul_div_floor(100_001, 27_500, 1_000_000), Some(2_750));
        assert_eq!(mul_div_floor(i64::MAX, i64::MAX, i64::MAX), Some(i64::MAX));
        assert_eq!(mul_div_floor(i64::MAX, 3, 4), Some(6_917_529_027_641_081_855));
        assert_eq!(mul_div_floor(i64::MAX, 2, 1), None);
        assert_eq!(mul_div_floor(0, 0, 1), Some(0));
        assert_eq!(mul_div_floor(1, 1, 0), None);
        assert_eq!(mul_div_floor(1, 1, -1), None);
        assert_eq!(mul_div_floor(-1, 1, 1), None);
        assert_eq!(mul_div_floor(1, -1, 1), None);
        assert_eq!(mul_div_floor(i64::MIN, 1, 1), None);
    }

    fn share() -> impl Strategy<Value = u64> {
        prop_oneof![2 => Just(0), 3 => 1_u64..100, 1 => any::<u64>()]
    }

    proptest! {
        #[test]
        fn rounding_leak(total in 0..=i64::MAX, shares in vec(share(), 0..24)) {
            let sum: u128 = shares.iter().map(|share| u128::from(*share)).sum();
            let Ok(parts) = allocate(total, &shares) else {
                prop_assert!(sum == 0 && total > 0);
                return Ok(());
            };
            prop_assert_eq!(parts.len(), shares.len());
            prop_assert_eq!(parts.iter().map(|part| i128::from(*part)).sum::<i128>(), i128::from(total));
            for (part, share) in parts.iter().zip(&shares) {
                prop_assert!(*part >= 0);
                if *share == 0 {
                    prop_assert_eq!(*part, 0);
                } else {
                    let exact = u128::try_from(total).unwrap() * u128::from(*share);
                    let part = u128::try_from(*part).unwrap();
                    // Within one unit of the exact proportion.
                    prop_assert!(part == exact / sum || part == exact / sum + 1);
                }
            }
        }

        #[test]
        fn equal_shares_favour_the_earlier(total in 0..=i64::MAX, count in 1_usize..30) {
            let parts = allocate(total, &vec![7; count]).unwrap();
            prop_assert!(parts.windows(2).all(|pair| pair[0] >= pair[1] && pair[0] - pair[1] <= 1));
        }

        #[test]
        fn mul_div_agrees_with_wide_integers(value: i64, numerator: i64, denominator: i64) {
            let expected = if value < 0 || numerator < 0 || denominator <= 0 {
                None
            } else {
                i64::try_from(i128::from(value) * i128::from(numerator) / i128::from(denominator)).ok()
            };
            prop_assert_eq!(mul_div_floor(value, numerator, denominator), expected);
        }

        #[test]
        fn a_part_is_at_most_the_whole(
            value in 0..=i64::MAX,
            (numerator, denominator) in (1..=i64::MAX).prop_flat_map(|whole| (0..=whole, Just(whole))),
        ) {
            let part = mul_div_floor(value, numerator, denominator);
            prop_assert!(part.is_some_and(|part| (0..=value).contains(&part)));
        }
    }
}
