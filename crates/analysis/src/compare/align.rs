//! Puts the changes of two runs side by side, in the order of both.
//!
//! The pairing with the greatest total likeness is found by dynamic programming within a band. Where the
//! runs are too long for all pairs to be looked at, changes that are the same, and occur once in each run,
//! first divide them into short stretches (the patience method); time grows as n log n then, and memory
//! stays bounded by the band.

use std::collections::BTreeMap;

/// How many pairs of changes are looked at, about. Both runs may have a thousand changes before a band is
/// needed.
const PAIRS: usize = 4_000_000;

/// The narrowest band, to either side of the diagonal.
const NARROWEST: usize = 32;

/// Pairs of places in both lists, increasing in both. `likeness` says what a pair is worth, between 0 and
/// 1; nothing for places that must not be paired.
pub(super) fn align(
    a: &[u64],
    b: &[u64],
    likeness: impl Fn(usize, usize) -> Option<f64>,
) -> Vec<(usize, usize)> {
    let ends = a.iter().zip(b).take_while(|(one, other)| one == other);
    let head = ends.count();
    let rest = a.len().min(b.len()) - head;
    let ends = a.iter().rev().zip(b.iter().rev()).take(rest);
    let tail = ends.take_while(|(one, other)| one == other).count();
    let mut pairs: Vec<(usize, usize)> = (0..head).map(|at| (at, at)).collect();
    let (a_end, b_end) = (a.len() - tail, b.len() - tail);
    let (rows, columns) = (a_end - head, b_end - head);
    let band = (PAIRS / (rows + columns).max(1)).max(NARROWEST);
    let anchors = if band < rows.max(columns) {
        anchors(&a[head..a_end], &b[head..b_end])
    } else {
        Vec::new()
    };
    let (mut from_a, mut from_b) = (head, head);
    for (row, column) in anchors
        .into_iter()
        .map(|(row, column)| (row + head, column + head))
        .chain([(a_end, b_end)])
    {
        let stretch = banded(row - from_a, column - from_b, band, |i, j| {
            likeness(from_a + i, from_b + j)
        });
        pairs.extend(stretch.into_iter().map(|(i, j)| (from_a + i, from_b + j)));
        if row < a_end {
            pairs.push((row, column));
        }
        (from_a, from_b) = (row + 1, column + 1);
    }
    pairs.extend((0..tail).map(|at| (a_end + at, b_end + at)));
    pairs
}

/// The longest chain of keys that occur once in each list, in the order of both.
fn anchors(a: &[u64], b: &[u64]) -> Vec<(usize, usize)> {
    let mut seen: BTreeMap<u64, (usize, usize, usize, usize)> = BTreeMap::new();
    for (at, key) in a.iter().enumerate() {
        let entry = seen.entry(*key).or_default();
        (entry.0, entry.1) = (entry.0 + 1, at);
    }
    for (at, key) in b.iter().enumerate() {
        let entry = seen.entry(*key).or_default();
        (entry.2, entry.3) = (entry.2 + 1, at);
    }
    let once = seen.into_values().filter(|(n, _, m, _)| (*n, *m) == (1, 1));
    let mut places: Vec<(usize, usize)> = once.map(|(_, row, _, column)| (row, column)).collect();
    places.sort_unstable();
    // The last place of the best chain of each length, and what stands before each place in its chain.
    let mut last: Vec<usize> = Vec::new();
    let mut before: Vec<Option<usize>> = Vec::with_capacity(places.len());
    for (at, (_, column)) in places.iter().enumerate() {
        let length = last.partition_point(|&end| places[end].1 < *column);
        before.push(length.checked_sub(1).map(|shorter| last[shorter]));
        if length == last.len() {
            last.push(at);
        } else {
            last[length] = at;
        }
    }
    let mut chain = Vec::with_capacity(last.len());
    let mut next = last.last().copied();
    while let Some(at) = next {
        chain.push(places[at]);
        next = before[at];
    }
    chain.reverse();
    chain
}

/// How the best pairing up to a cell was reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum From {
    Pair,
    Above,
    Left,
}

/// The best pairing of a stretch, looking at `band` cells to either side of its diagonal.
fn banded(
    rows: usize,
    columns: usize,
    band: usize,
    likeness: impl Fn(usize, usize) -> Option<f64>,
) -> Vec<(usize, usize)> {
    if rows == 0 || columns == 0 {
        return Vec::new();
    }
    let reach = band.max(columns / rows + 1);
    let span = |row: usize| {
        let centre = row * columns / rows;
        (centre.saturating_sub(reach), (centre + reach).min(columns))
    };
    let mut steps: Vec<Vec<From>> = Vec::with_capacity(rows);
    let (mut above_start, mut above_end) = span(0);
    let mut above = vec![0.0_f64; above_end - above_start + 1];
    for row in 1..=rows {
        let (start, end) = span(row);
        let mut totals = Vec::with_capacity(end - start + 1);
        let mut reached = Vec::with_capacity(end - start + 1);
        let at = |column: usize| {
            (above_start..=above_end)
                .contains(&column)
                .then(|| above[column - above_start])
        };
        for column in start..=end {
            let mut best = (at(column).unwrap_or(f64::NEG_INFINITY), From::Above);
            if let Some(left) = totals.last().copied().filter(|left| *left > best.0) {
                best = (left, From::Left);
            }
            if let Some(diagonal) = column.checked_sub(1).and_then(at)
                && let Some(worth) = likeness(row - 1, column - 1)
                && diagonal + worth >= best.0
            {
                best = (diagonal + worth, From::Pair);
            }
            totals.push(best.0);
            reached.push(best.1);
        }
        steps.push(reached);
        (above, above_start, above_end) = (totals, start, end);
    }
    let mut pairs = Vec::new();
    let (mut row, mut column) = (rows, columns);
    while row > 0 && column > 0 {
        let (start, _) = span(row);
        match steps[row - 1].get(column.wrapping_sub(start)) {
            Some(From::Pair) => {
                (row, column) = (row - 1, column - 1);
                pairs.push((row, column));
            }
            Some(From::Left) => column -= 1,
            _ => row -= 1,
        }
    }
    pairs.reverse();
    pairs
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn equal<'k>(a: &'k [u64], b: &'k [u64]) -> impl Fn(usize, usize) -> Option<f64> + 'k {
        |i, j| (a[i] == b[j]).then_some(1.0)
    }

    #[test]
    fn a_long_run_is_aligned_within_its_band() {
        let a: Vec<u64> = (0..30_000).collect();
        let b: Vec<u64> = (0..30_000).filter(|n| n % 7 != 3).collect();
        let pairs = align(&a, &b, equal(&a, &b));
        assert_eq!(pairs.len(), b.len());
        // Without keys that occur only once there are no anchors.
        let a: Vec<u64> = a.iter().map(|n| n % 50).collect();
        let b: Vec<u64> = a.iter().skip(10).copied().collect();
        assert!(align(&a, &b, equal(&a, &b)).len() > 29_000);
    }

    proptest! {
        #[test]
        fn pairs_rise_in_both_and_are_as_many_as_can_be(
            a in prop::collection::vec(0_u64..6, 0..24),
            b in prop::collection::vec(0_u64..6, 0..24),
        ) {
            let pairs = align(&a, &b, equal(&a, &b));
            prop_assert!(pairs.windows(2).all(|w| w[0].0 < w[1].0 && w[0].1 < w[1].1));
            prop_assert!(pairs.iter().all(|&(i, j)| a[i] == b[j]));
            let ops = similar::capture_diff_slices(similar::Algorithm::Myers, &a, &b);
            let common: usize = ops
                .iter()
                .map(|op| match op {
                    similar::DiffOp::Equal { len, .. } => *len,
                    _ => 0,
                })
                .sum();
            prop_assert_eq!(pairs.len(), common);
        }

        #[test]
        fn any_band_gives_a_pairing(rows in 0_usize..40, columns in 0_usize..200, band in 0_usize..20) {
            let pairs = banded(rows, columns, band, |i, j| ((i + j) % 3 == 0).then_some(0.7));
            prop_assert!(pairs.windows(2).all(|w| w[0].0 < w[1].0 && w[0].1 < w[1].1));
            prop_assert!(pairs.iter().all(|&(i, j)| i < rows && j < columns));
        }
    }
}
