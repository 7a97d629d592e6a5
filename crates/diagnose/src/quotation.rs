//! Whether words that a model quotes are really there.

use trace::Step;

use crate::subject::{Part, raw};

/// Words found in a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Where.
    pub part: Part,
    /// The words as they stand there.
    pub words: String,
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
        let words = exact(&text, quote).or_else(|| spaced(&text, quote))?;
        Some(Found { part, words })
    })
}

fn exact(text: &str, quote: &str) -> Option<String> {
    text.contains(quote).then(|| quote.to_owned())
}

/// The stretch of the text that reads as the quotation when every run of white space is one space.
fn spaced(text: &str, quote: &str) -> Option<String> {
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
        Some(text[start..at].to_owned())
    })
}
