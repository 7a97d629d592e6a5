//! What a task's text names.

use std::collections::HashSet;

use crate::blame::file_name;

/// The names of all files a text mentions: words whose last part has an ending.
pub(crate) fn file_names_in(text: &str) -> HashSet<&str> {
    let separates = |c: char| c.is_whitespace() || "`'\"()[]{}<>,;".contains(c);
    text.split(separates)
        .map(|word| file_name(word.trim_end_matches(['.', ':', '!', '?'])))
        .filter(|name| {
            name.rsplit_once('.').is_some_and(|(stem, ending)| {
                !stem.is_empty() && !ending.is_empty() && ending.len() <= 6
            })
        })
        .collect()
}
