//! One sum that is divided by shares: the largest remainder over the non-zero shares, the earlier first.

/// The parts of `total`, in the order of the shares; all zero where there is nothing to divide by. Sums are those of money,
/// under 2^54, so that no product leaves 128 bits.
pub(crate) fn divide(total: i64, shares: &[i64]) -> Vec<i64> {
    let shares: Vec<i128> = shares.iter().map(|share| i128::from(*share).max(0)).collect();
    let whole: i128 = shares.iter().fold(0, |sum, share| sum.saturating_add(*share));
    let total = i128::from(total).max(0);
    let mut parts = Vec::with_capacity(shares.len());
    for share in &shares {
        let product = share.saturating_mul(total);
        let part = product.checked_div(whole).unwrap_or(0);
        let rest = product.checked_rem(whole).unwrap_or(0);
        parts.push((part, rest));
    }
    let given = parts.iter().fold(0_i128, |sum, (part, _)| sum.saturating_add(*part));
    let mut left = if whole > 0 { total.saturating_sub(given) } else { 0 };
    let mut order: Vec<usize> = (0..parts.len()).filter(|i| shares.get(*i).is_some_and(|s| *s > 0)).collect();
    // stable: of equal remainders the earlier is served first
    order.sort_by_key(|i| std::cmp::Reverse(parts.get(*i).map_or(0, |(_, rest)| *rest)));
    for i in order {
        if left > 0
            && let Some((part, _)) = parts.get_mut(i)
        {
            *part = part.saturating_add(1);
            left = left.saturating_sub(1);
        }
    }
    parts.into_iter().map(|(part, _)| i64::try_from(part).unwrap_or(i64::MAX)).collect()
}

#[cfg(test)]
mod tests {
    use super::divide;

    #[test]
    fn the_largest_remainder_is_served_first_and_of_equals_the_earlier() {
        // 50 over 30 and 70: 15 and 35
        assert_eq!(divide(50, &[30, 70]), [15, 35]);
        // 10 over thirds: 3.33 each, and one left over
        assert_eq!(divide(10, &[1, 1, 1]), [4, 3, 3]);
        // 7 over 1, 2, 0, 3: 1.17, 2.33, 0, 3.5
        assert_eq!(divide(7, &[1, 2, 0, 3]), [1, 2, 0, 4]);
        assert_eq!(divide(7, &[0, 0]), [0, 0]);
        assert_eq!(divide(0, &[3]), [0]);
    }
}
