//! Changes that the shell itself could not read as they were meant: quoting and heredocs gone wrong.

use std::sync::LazyLock;

use super::{Signal, Suspicion, Watch, one_a_step};
use crate::case::Case;
use crate::evidence::{of_action, of_observation};
use crate::facts::phrase::{first, phrases};
use aho_corasick::AhoCorasick;

/// What shells say about text they cannot read.
const COMPLAINTS: &[&str] = &[
    "here-document at line",
    "here-document delimited by end-of-file",
    "unexpected eof while looking for",
    "syntax error near unexpected token",
    "syntax error: unexpected",
    "syntax error: unterminated quoted string",
    "syntax error: end of file unexpected",
    "parse error near",
    "unmatched '\"'",
    "event not found",
];
/// Shells complain first or last; of longer output only so much of either end is searched.
const ENDS: usize = 4_096;

static PHRASES: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| phrases(COMPLAINTS));

/// Changes that the shell itself could not read as they were meant.
pub(super) struct MangledCommand;

impl Signal for MangledCommand {
    fn name(&self) -> &'static str {
        "mangled_command"
    }

    fn watch<'c>(&self, _: &'c Case<'_>) -> Option<Watch<'c>> {
        one_a_step(move |step| {
            Some(step)
                .filter(|step| step.step.action.command().is_some())
                .filter(|step| step.reading.effect.kind.is_change())
                .and_then(|step| {
                    let text = step.step.observed();
                    let tail = text.floor_char_boundary(text.len().saturating_sub(ENDS));
                    let head = text.floor_char_boundary(ENDS);
                    let at = first(PHRASES.as_ref(), &text[..head])
                        .or_else(|| Some(tail + first(PHRASES.as_ref(), &text[tail..])?))?;
                    let start = text[..at].rfind('\n').map_or(0, |newline| newline + 1);
                    let line = text[start..].lines().next().unwrap_or_default();
                    Suspicion::new(
                        step,
                        0.8,
                        "the shell could not read the command as it was meant".to_owned(),
                        [
                            of_action(&step.step),
                            of_observation(&step.step, &(start..start + line.len())),
                        ],
                    )
                })
        })
    }
}
