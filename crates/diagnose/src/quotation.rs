//! Whether words that a model quotes are really there.

use std::ops::Range;

use trace::{Ref, RefPart, Step};

use crate::subject::{Part, raw};

/// Words found in a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Where.
    pub part: Part,
    /// The byte range within the part's text.
    pub range: Range<usize>,
    /// The words as they stand there.
    pub words: String,
    /// Whether they are one or more whole lines.
    pub whole_line: bool,
}

/// Finds quoted words in a step: exactly, or with other white space between the words.
#[must_use]
pub fn find(step: &Step, quote: &str) -> Option<Found> {
    let quote = quote.trim();
    if quote.is_empty() {
        return None;
    }
    Part::ALL.into_iter().find_map(|part| {
        let text = raw(step, part);
        let range = exact(&text, quote).or_else(|| spaced(&text, quote))?;
        let words = text[range.clone()].to_owned();
        let before = text[..range.start].trim_end_matches([' ', '\t']);
        let after = text[range.end..].trim_start_matches([' ', '\t', '\r']);
        Some(Found {
            part,
            whole_line: (before.is_empty() || before.ends_with('\n'))
                && (after.is_empty() || after.starts_with('\n')),
            range,
            words,
        })
    })
}

/// The record that holds a part of a step, where the layout has one.
#[must_use]
pub fn record(step: &Step, part: Part) -> Option<&Ref> {
    let part = match part {
        Part::Observation => RefPart::Observation,
        Part::Action | Part::Thought => RefPart::Action,
    };
    step.refs.iter().find(|record| record.part == part)
}

fn exact(text: &str, quote: &str) -> Option<Range<usize>> {
    let start = text.find(quote)?;
    Some(start..start + quote.len())
}

/// The stretch of the text that reads as the quotation when every run of white space is one space.
fn spaced(text: &str, quote: &str) -> Option<Range<usize>> {
    let wanted: Vec<&str> = quote.split_whitespace().collect();
    let first = *wanted.first()?;
    text.match_indices(first).find_map(|(start, _)| {
        let mut at = start;
        for (number, word) in wanted.iter().enumerate() {
            if number > 0 {
                let rest = &text[at..];
                let space = rest.len() - rest.trim_start().len();
                if space == 0 {
                    return None;
                }
                at += space;
            }
            if !text[at..].starts_with(word) {
                return None;
            }
            at += word.len();
        }
        Some(start..at)
    })
}
