//! Phrases in an agent's words.

use aho_corasick::AhoCorasick;

/// A matcher for phrases, blind to ASCII case; `None` if it cannot be built.
#[must_use]
pub(crate) fn phrases(list: &[&str]) -> Option<AhoCorasick> {
    AhoCorasick::builder()
        .ascii_case_insensitive(true)
        .build(list)
        .ok()
}

/// Where the first phrase begins, in bytes.
#[must_use]
pub(crate) fn first(phrases: Option<&AhoCorasick>, text: &str) -> Option<usize> {
    phrases?.find(text).map(|m| m.start())
}
