//! What a model may look at. Every tool reads; none writes, runs or calls out.

mod arguments;
pub mod contract;
pub mod diff;
pub mod evidence;
pub mod file;
mod list;
pub mod note;
mod page;
pub mod search;
pub mod show_step;
pub mod test_history;
pub mod tree;

use llm::count_tokens;
use serde_json::{Map, Value};

use crate::ledger::Ledger;
use crate::subject::Subject;

/// A read-only look at the run. Another one is a file here and a line in [`tools`].
pub trait Tool: Sync {
    /// The name by which the model calls it.
    fn name(&self) -> &'static str;

    /// What it shows, for the model; a line.
    fn description(&self) -> &'static str;

    /// The JSON schema of its arguments.
    fn parameters(&self) -> Value;

    /// Whether it tells what the offline engine found: everything that comes from `localize`.
    fn is_offline(&self) -> bool {
        false
    }

    /// Whether it shows the trace tree.
    fn is_tree(&self) -> bool {
        false
    }

    /// Looks. Text of the run in the answer is without secrets and fenced ([`crate::fence`]); the answer
    /// holds at most `room` tokens and [`OVERHEAD`]. The arguments satisfy the schema.
    ///
    /// # Errors
    /// A sentence for the model: what is wrong with its call.
    fn call(
        &self,
        subject: &Subject<'_>,
        arguments: &Map<String, Value>,
        room: u64,
        ledger: &mut Ledger,
    ) -> Result<String, String>;
}

/// What an answer may hold beyond its room, in tokens: a heading, or the sentence that says why nothing
/// is shown.
pub const OVERHEAD: u64 = 80;

/// All tools, in the order in which they are offered.
#[must_use]
pub fn tools() -> &'static [&'static dyn Tool] {
    &[
        &show_step::ShowStep,
        &tree::Tree,
        &search::Search,
        &file::File,
        &diff::Diff,
        &test_history::TestHistory,
        &contract::Contract,
        &evidence::Evidence,
        &note::Note,
    ]
}

/// The text cut in the middle to about `room` tokens, saying how many lines are gone.
#[must_use]
pub fn clip(text: &str, room: u64) -> String {
    // No token is longer than a few dozen bytes; texts that are too long are not counted whole.
    let most = usize::try_from(room)
        .unwrap_or(usize::MAX)
        .saturating_mul(4);
    if text.len() <= most.saturating_mul(2) && count_tokens(text) <= room {
        return text.to_owned();
    }
    let most = most.min(text.len() / 2);
    let (mut head, mut tail) = (most * 2 / 3, most / 3);
    loop {
        let first = &text[..text.floor_char_boundary(head)];
        let last = &text[text.ceil_char_boundary(text.len().saturating_sub(tail))..];
        let lines = text[first.len()..text.len() - last.len()].lines().count();
        let cut = format!("{first}\n[… {lines} lines cut …]\n{last}");
        if count_tokens(&cut) <= room || head < 8 {
            return cut;
        }
        (head, tail) = (head * 3 / 4, tail * 3 / 4);
    }
}

#[cfg(test)]
mod clip_tests {
    use proptest::prelude::*;

    use super::clip;

    proptest! {
        #[test]
        fn any_text_is_cut_to_any_room(text in "(\\PC|\n){0,400}", room in 0..200_u64) {
            let cut = clip(&text, room);
            prop_assert!(cut == text || cut.contains("lines cut"));
        }
    }

    #[test]
    fn rooms_without_bounds_are_no_trouble() {
        assert_eq!(clip("a\nb", u64::MAX), "a\nb");
        assert!(clip("wenig Platz, viel Text: äöü", 1).contains("lines cut"));
    }
}

#[cfg(test)]
mod tests;
