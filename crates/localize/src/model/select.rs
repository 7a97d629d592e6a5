//! Which steps to label, out of how likely each is to be incorrect.

/// The positions of the set with about the highest expected F1, ascending.
///
/// The best set for F1 holds all items above one threshold (Lipton, Elkan and Naryanaswamy 2014), so
/// that it suffices to look at the likeliest one, two, three …: with `k` items taken, their expected
/// hits `h` and `e` incorrect items expected in all, F1 is about `2h / (k + e)`. Sorts, so n log n.
#[must_use]
pub fn likeliest_set(probabilities: &[f64]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..probabilities.len()).collect();
    order.sort_by(|&a, &b| {
        probabilities[b]
            .total_cmp(&probabilities[a])
            .then(a.cmp(&b))
    });
    let expected: f64 = probabilities.iter().sum();
    let mut hits = 0.0;
    let (mut best, mut taken) = (0.0, 0);
    let mut size = 0.0;
    for (at, &item) in order.iter().enumerate() {
        hits += probabilities[item];
        size += 1.0;
        let f1 = 2.0 * hits / (size + expected);
        if f1 > best {
            (best, taken) = (f1, at + 1);
        }
    }
    order.truncate(taken);
    order.sort_unstable();
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sure_ones_are_taken_and_unlikely_ones_left() {
        assert_eq!(likeliest_set(&[0.05, 0.9, 0.02, 0.8]), [1, 3]);
        assert_eq!(likeliest_set(&[]), [0_usize; 0]);
        // Where nothing is sure, more is taken: a lone guess would miss.
        assert_eq!(likeliest_set(&[0.2, 0.2, 0.2]), [0, 1, 2]);
    }
}
