//! How alike two texts are, by the runs of three tokens they share.
//!
//! A token is a word, a number or a single sign; space does not count, so indentation and line ends
//! cannot tell two texts apart. Of a long text only the runs whose hashes end in zeros are kept, the same
//! ones of every text, so that the share two texts have in common can still be told.

/// Text beyond this many bytes is not looked at.
const READ_BYTES: usize = 256 * 1024;

/// How many tokens stand together.
const RUN: usize = 3;

/// A sample of the token runs of a text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Sketch {
    /// Only hashes that end in so many zero bits are kept.
    level: u32,
    /// Sorted, each once.
    hashes: Vec<u32>,
}

impl Sketch {
    /// Samples at most `most` runs of a text.
    pub(super) fn of(text: &str, most: usize) -> Self {
        let mut sketch = Self::default();
        sketch.add(text, most);
        sketch
    }

    /// Adds the runs of another text; about `most` are kept in all.
    pub(super) fn add(&mut self, text: &str, most: usize) {
        let mut window = [0_u64; RUN];
        let mut count = 0_usize;
        for token in tokens(prefix(text)) {
            window.rotate_left(1);
            window[RUN - 1] = hash(token.as_bytes());
            count += 1;
            if count >= RUN {
                self.hashes.push(run_hash(&window));
            }
        }
        if (1..RUN).contains(&count) {
            self.hashes.push(run_hash(&window));
        }
        self.settle(most);
    }

    /// Adds what another sketch holds.
    pub(super) fn join(&mut self, other: &Self, most: usize) {
        self.level = self.level.max(other.level);
        self.hashes.extend_from_slice(&other.hashes);
        self.settle(most);
    }

    /// Takes away what another sketch holds.
    pub(super) fn remove(&mut self, other: &Self) {
        self.hashes
            .retain(|hash| other.hashes.binary_search(hash).is_err());
    }

    fn settle(&mut self, most: usize) {
        let mask = mask(self.level);
        self.hashes.retain(|hash| hash & mask == 0);
        self.hashes.sort_unstable();
        self.hashes.dedup();
        while self.hashes.len() > most && self.level < 31 {
            self.level += 1;
            let mask = self::mask(self.level);
            self.hashes.retain(|hash| hash & mask == 0);
        }
    }

    /// True when nothing is known of the text, or it has no tokens.
    pub(super) fn is_empty(&self) -> bool {
        self.hashes.is_empty()
    }

    /// The share of all runs that both have, between 0 and 1; 1 for two empty texts.
    pub(super) fn likeness(&self, other: &Self) -> f64 {
        let (shared, own, theirs) = self.overlap(other);
        share(shared, own + theirs - shared)
    }

    /// The share of this text's runs that the other has too, between 0 and 1; `None` when none of them
    /// lies in both samplings.
    pub(super) fn contained_in(&self, other: &Self) -> Option<f64> {
        let (shared, own, _) = self.overlap(other);
        (own > 0).then(|| share(shared, own))
    }

    /// How many runs both have, and each, at the coarser of both samplings.
    fn overlap(&self, other: &Self) -> (usize, usize, usize) {
        let mask = mask(self.level.max(other.level));
        let mut left = self.hashes.iter().filter(|h| *h & mask == 0).peekable();
        let mut right = other.hashes.iter().filter(|h| *h & mask == 0).peekable();
        let (mut shared, mut own, mut theirs) = (0, 0, 0);
        loop {
            let order = match (left.peek(), right.peek()) {
                (Some(a), Some(b)) => a.cmp(b),
                (Some(_), None) => std::cmp::Ordering::Less,
                (None, Some(_)) => std::cmp::Ordering::Greater,
                (None, None) => return (shared, own, theirs),
            };
            if order.is_le() {
                left.next();
                own += 1;
            }
            if order.is_ge() {
                right.next();
                theirs += 1;
            }
            shared += usize::from(order.is_eq());
        }
    }
}

fn mask(level: u32) -> u32 {
    1_u32.checked_shl(level).unwrap_or(0).wrapping_sub(1)
}

#[expect(
    clippy::cast_precision_loss,
    reason = "counts of at most some thousand"
)]
fn share(part: usize, whole: usize) -> f64 {
    if whole == 0 {
        1.0
    } else {
        part as f64 / whole as f64
    }
}

fn prefix(text: &str) -> &str {
    &text[..text.floor_char_boundary(READ_BYTES)]
}

/// Words, numbers and single signs.
fn tokens(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        rest = rest.trim_start();
        let first = rest.chars().next()?;
        let end = if is_word(first) {
            rest.find(|c| !is_word(c)).unwrap_or(rest.len())
        } else {
            first.len_utf8()
        };
        let (token, after) = rest.split_at(end);
        rest = after;
        Some(token)
    })
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// A hash of a text that is the same on every machine and in every version of the compiler (FNV-1a).
pub(super) fn hash(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |state, byte| {
        (state ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// A hash of several parts, in their order.
pub(super) fn hash_all<'p>(parts: impl IntoIterator<Item = &'p str>) -> u64 {
    parts
        .into_iter()
        .fold(0, |state, part| mix(state ^ hash(part.as_bytes())))
}

/// The hash of a text as it would be read: space at the ends of lines and blank last lines do not count.
pub(super) fn content_hash(text: &str) -> u64 {
    let lines = text.trim_end().lines().map(str::trim_end);
    lines.fold(0, |state, line| mix(state ^ hash(line.as_bytes())))
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "the low half of a mixed hash is as good as the whole"
)]
fn run_hash(window: &[u64; RUN]) -> u32 {
    window.iter().fold(0, |state, token| mix(state ^ token)) as u32
}

/// Spreads every bit over the whole word (the finaliser of `SplitMix64`).
fn mix(state: u64) -> u64 {
    let state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let state = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let state = (state ^ (state >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    state ^ (state >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn space_does_not_tell_texts_apart() {
        let one = Sketch::of("def f(x):\n    return x + 1\n", 512);
        let other = Sketch::of("def f( x ):\r\n\treturn x+1", 512);
        assert!((one.likeness(&other) - 1.0).abs() < 1e-9);
        assert_eq!(content_hash("a \nb\n\n"), content_hash("a\nb"));
        assert_ne!(content_hash("a\nb"), content_hash("b\na"));
    }

    #[test]
    fn a_part_is_found_in_the_whole_though_the_whole_is_only_sampled() {
        let line = |n: usize| format!("value_{n} = compute({n}, {})\n", n * 7);
        let whole: String = (0..4000).map(line).collect();
        let part: String = (1000..2000).map(line).collect();
        let (whole, part) = (Sketch::of(&whole, 512), Sketch::of(&part, 512));
        assert!(part.contained_in(&whole).unwrap() > 0.95);
        assert!((whole.contained_in(&part).unwrap() - 0.25).abs() < 0.1);
    }

    proptest! {
        #[test]
        fn likeness_is_a_symmetric_share(a in "[a-d ]{0,200}", b in "[a-d ]{0,200}", most in 1_usize..64) {
            let (one, other) = (Sketch::of(&a, most), Sketch::of(&b, most));
            let likeness = one.likeness(&other);
            prop_assert!((0.0..=1.0).contains(&likeness));
            prop_assert!((likeness - other.likeness(&one)).abs() < 1e-12);
            prop_assert!((one.likeness(&one) - 1.0).abs() < 1e-12);
            prop_assert!(one.hashes.len() <= most);
        }
    }
}
