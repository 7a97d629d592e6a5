//! What the agent itself wrote: the texts its actions put in place and the numbers in them.

use trace::{ActionKind, Change, Step};

/// Of a longer text only this many bytes are read; a program or a result file is far shorter.
const MOST_BYTES: usize = 256 * 1024;

/// The texts a step puts somewhere: commands, keys, and the new side of edits. Questions, messages and
/// readings write nothing.
#[must_use]
pub(crate) fn texts(step: &Step) -> Vec<&str> {
    let all: Vec<&str> = match &step.action.kind {
        ActionKind::Shell { command: text } | ActionKind::Keystrokes { keys: text, .. } => {
            vec![text]
        }
        ActionKind::Edit { edits } => edits.iter().filter_map(|e| put(&e.change)).collect(),
        _ => Vec::new(),
    };
    all.into_iter().map(start).collect()
}

/// How many bytes a step writes.
#[must_use]
pub(crate) fn amount(step: &Step) -> usize {
    texts(step).iter().map(|text| text.trim().len()).sum()
}

/// The text that a change puts in place.
fn put(change: &Change) -> Option<&str> {
    match change {
        Change::Write { content: text }
        | Change::Replace { new: text, .. }
        | Change::ReplaceLines { text, .. }
        | Change::Insert { text, .. }
        | Change::Patch { patch: text }
        | Change::Cell { source: text, .. } => Some(text),
        Change::Delete | Change::Rename { .. } | Change::Undo => None,
    }
}

/// The part of a text that is read.
#[must_use]
pub(crate) fn start(text: &str) -> &str {
    &text[..text.floor_char_boundary(MOST_BYTES)]
}

/// The decimal numbers that stand alone in a text, as written. Parts of names, versions and addresses
/// (`v2`, `1.2.3`) are no numbers.
pub(crate) fn numbers(text: &str) -> impl Iterator<Item = &str> {
    let belongs = |c: char| c.is_alphanumeric() || c == '_' || c == '.';
    text.split(move |c: char| !belongs(c))
        .map(|word| word.trim_end_matches('.'))
        .filter(|word| {
            word.bytes().all(|b| b.is_ascii_digit() || b == b'.')
                && word.bytes().any(|b| b.is_ascii_digit())
                && word.bytes().filter(|b| *b == b'.').count() <= 1
        })
}

/// Every run of digits in a text, with a fraction if it has one: what somebody who read the text could
/// have taken a number from.
pub(crate) fn digits(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !(c.is_ascii_digit() || c == '.'))
        .map(|word| word.trim_matches('.'))
        .filter(|word| !word.is_empty())
}

#[cfg(test)]
mod tests {
    use super::{digits, numbers};

    #[test]
    fn numbers_stand_alone() {
        let text = "x2 = f(0.5, 12) + 3. # v1.2.3, 10.0.0.1, a_7, 1e5";
        assert_eq!(numbers(text).collect::<Vec<_>>(), ["0.5", "12", "3"]);
        let read = "10ms of 2.5s, v7.";
        assert_eq!(digits(read).collect::<Vec<_>>(), ["10", "2.5", "7"]);
    }
}
