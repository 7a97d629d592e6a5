//! Lines of text, each kept once, with the step that put them where they stand.

use std::collections::HashMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use trace::StepId;

/// How many bytes of distinct lines are kept of one run. Files whose lines come after are followed by
/// name only.
const KEPT_BYTES: usize = 64 << 20;

/// The most lines a file is believed to have; larger numbers are noise.
pub(super) const LINES: usize = 100_000_000;

/// A line's number, or how many lines there are, as written somewhere.
pub(super) fn line_number(text: &str) -> Option<usize> {
    text.trim().parse().ok().filter(|number| *number <= LINES)
}

/// Who put a line where it stands.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Default,
)]
#[serde(rename_all = "snake_case", tag = "by", content = "step_id")]
pub enum Origin {
    /// It was there before the run.
    #[default]
    Before,
    /// This step wrote it.
    Step(StepId),
    /// It was changed in a way the run does not show (a program, a formatter, a process in the
    /// background), at the latest by this step, which showed it first.
    Unseen(StepId),
}

impl Origin {
    /// The step that wrote the line, where one is known to have.
    #[must_use]
    pub fn step(self) -> Option<StepId> {
        match self {
            Self::Step(step) => Some(step),
            Self::Before | Self::Unseen(_) => None,
        }
    }
}

/// One line of one version of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Line {
    /// The number of its text in [`Lines`].
    pub(super) text: u32,
    pub(super) origin: Origin,
}

/// The texts of all lines of a run.
///
/// A text is cut at its line feeds and nowhere else: `"a\nb\n"` is the three lines `a`, `b` and the
/// empty one, so that putting line feeds between them gives the same bytes back.
#[derive(Debug, Default)]
pub(super) struct Lines {
    texts: Vec<Arc<str>>,
    numbers: HashMap<Arc<str>, u32>,
    bytes: usize,
}

impl Lines {
    /// The number of a line's text; `None` when no more is kept.
    pub(super) fn number(&mut self, text: &str) -> Option<u32> {
        if let Some(&number) = self.numbers.get(text) {
            return Some(number);
        }
        let cost = text.len() + 64;
        if self.bytes + cost > KEPT_BYTES {
            return None;
        }
        self.bytes += cost;
        let number = u32::try_from(self.texts.len()).ok()?;
        let text: Arc<str> = text.into();
        self.texts.push(Arc::clone(&text));
        self.numbers.insert(text, number);
        Some(number)
    }

    /// The number of a text that was kept before.
    pub(super) fn known(&self, text: &str) -> Option<u32> {
        self.numbers.get(text).copied()
    }

    /// The text behind a number.
    pub(super) fn text(&self, number: u32) -> &str {
        self.texts.get(number as usize).map_or("", |text| text)
    }

    /// The lines of a text, put there by `origin`; `None` when no more is kept.
    pub(super) fn cut(&mut self, text: &str, origin: Origin) -> Option<Vec<Line>> {
        text.split('\n')
            .map(|line| {
                Some(Line {
                    text: self.number(line)?,
                    origin,
                })
            })
            .collect()
    }

    /// Some lines as text.
    pub(super) fn join(&self, lines: &[Line]) -> String {
        let mut out = String::new();
        for (index, line) in lines.iter().enumerate() {
            if index > 0 {
                out.push('\n');
            }
            out.push_str(self.text(line.text));
        }
        out
    }
}
