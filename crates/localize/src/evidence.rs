//! Quotations that can be re-read: exact, short, never empty.

use std::ops::Range;

use analysis::injection::Part;
use analysis::{Index, IndexedStep};
use trace::{Evidence, Ref, RefPart, Step, StepId};

/// The longest quotation, in bytes.
pub const QUOTE_BYTES: usize = 300;

/// The words of an action: [`trace::Action::words`].
#[must_use]
pub fn action_text(step: &Step) -> &str {
    step.action.words()
}

/// Where a quotation stands. The words are fetched when the quotation is needed: of a long run's many
/// suspicions few are ever shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Citation {
    /// The step.
    pub step_id: StepId,
    part: RefPart,
    text: Words,
    span: Range<usize>,
}

/// The texts of a step that are quoted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Words {
    Action,
    Thought,
    Observation,
}

impl Words {
    fn of(self, step: &Step) -> &str {
        match self {
            Self::Action => action_text(step),
            Self::Thought => &step.thought,
            Self::Observation => step.observed(),
        }
    }
}

impl Citation {
    /// The quotation itself, with the place in the artifact.
    #[must_use]
    pub fn quote(&self, index: &Index<'_>) -> Option<Evidence> {
        let step = index.step(self.step_id)?.step;
        let quote = self.text.of(&step).get(self.span.clone())?.to_owned();
        Some(Evidence {
            step_id: self.step_id,
            quote,
            reference: step
                .refs
                .iter()
                .find(|r| r.part == self.part && self.may_hold(&step, r))
                .cloned(),
        })
    }
}

impl Citation {
    /// Whether a record can hold the words: layouts that keep a thought apart from its action cite the
    /// action alone, and its record is then shorter than both.
    fn may_hold(&self, step: &Step, record: &Ref) -> bool {
        let both = step.thought.len() + action_text(step).len();
        let length = record.end.saturating_sub(record.start);
        self.text != Words::Thought || usize::try_from(length).is_ok_and(|length| length >= both)
    }
}

/// Cites the action of a step, or its thought or observation when the action has no words.
#[must_use]
pub fn of_action(step: &Step) -> Option<Citation> {
    [
        (RefPart::Action, Words::Action),
        (RefPart::Action, Words::Thought),
        (RefPart::Observation, Words::Observation),
    ]
    .into_iter()
    .find_map(|(part, words)| cite(step, part, words, 0..words.of(step).len()))
}

/// Cites the line of a step's thought that holds byte `at`.
#[must_use]
pub fn of_thought(step: &Step, at: usize) -> Option<Citation> {
    of_line(step, Words::Thought, at)
}

/// Cites the line of a step's action that holds byte `at`.
#[must_use]
pub fn of_action_line(step: &Step, at: usize) -> Option<Citation> {
    of_line(step, Words::Action, at)
}

/// Cites the lines that hold a byte range of one of a step's texts: from the range on when its line begins
/// far before it.
#[must_use]
pub fn of_passage(step: &Step, part: Part, span: &Range<usize>) -> Option<Citation> {
    let (record, words) = match part {
        Part::Action => (RefPart::Action, Words::Action),
        Part::Thought => (RefPart::Action, Words::Thought),
        Part::Observation => (RefPart::Observation, Words::Observation),
    };
    let text = words.of(step);
    let before = text.get(..span.start)?;
    let line = before.rfind('\n').map_or(0, |newline| newline + 1);
    let length = span.len().min(QUOTE_BYTES);
    let start = if span.start - line + length <= QUOTE_BYTES {
        line
    } else {
        span.start
    };
    let after = text.get(span.end..)?;
    let end = span.end + after.find('\n').unwrap_or(after.len());
    cite(step, record, words, start..end)
}

/// Cites a byte range of what a step observed; its beginning when the range does not fit.
#[must_use]
pub fn of_observation(step: &Step, span: &Range<usize>) -> Option<Citation> {
    let all = 0..step.observed().len();
    let cite = |span| cite(step, RefPart::Observation, Words::Observation, span);
    cite(span.clone()).or_else(|| cite(all))
}

/// Cites what a step's observation shows to have gone wrong: its first error, or its last test report;
/// its beginning when it has neither.
#[must_use]
pub fn of_outcome(step: &IndexedStep<'_>) -> Option<Citation> {
    let error = step.outcome.errors.first().map(|error| &error.span);
    let report = step.outcome.tests.last().map(|report| &report.span);
    of_observation(&step.step, error.or(report).unwrap_or(&(0..0)))
}

/// The line around byte `at`, from `at` on when its beginning is further away than a quotation.
fn of_line(step: &Step, words: Words, at: usize) -> Option<Citation> {
    let text = words.of(step);
    let span = match text.get(..at) {
        None => 0..text.len(),
        Some(before) => {
            let start = before.rfind('\n').map_or(0, |newline| newline + 1);
            let start = if at - start > QUOTE_BYTES / 2 {
                at
            } else {
                start
            };
            let line = text[start..].lines().next().unwrap_or("");
            start..start + line.len()
        }
    };
    cite(step, RefPart::Action, words, span)
}

/// Cites what a range of a text says, without the space around it and no longer than a quotation.
fn cite(step: &Step, part: RefPart, text: Words, span: Range<usize>) -> Option<Citation> {
    let said = text.of(step).get(span.clone())?;
    let start = span.start + (said.len() - said.trim_start().len());
    let said = said.trim();
    let quote = said[..said.floor_char_boundary(QUOTE_BYTES)].trim_end();
    (!quote.is_empty()).then(|| Citation {
        step_id: step.id,
        part,
        text,
        span: start..start + quote.len(),
    })
}
