//! Words that are general enough for a lesson.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use super::words::stem;

static STEMS: LazyLock<BTreeSet<String>> = LazyLock::new(|| {
    let lines = include_str!("vocabulary.txt").lines();
    let lines = lines.filter(|line| !line.starts_with('#'));
    lines.flat_map(str::split_whitespace).map(stem).collect()
});

/// Whether a stem is that of a general word. A word that is not may name what a task is about.
pub(super) fn is_general(stem: &str) -> bool {
    STEMS.contains(stem)
}
