//! The words of a folded tree.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt::Write as _;

use analysis::IndexedStep;
use analysis::intent::intent;
use trace::{StepId, StepStatus};

use super::worth::Worth;
use super::{Row, Span};
use crate::subject::Subject;

/// Draws rows. What it has worded once is kept.
pub(super) struct Pen<'p, 's> {
    subject: &'p Subject<'s>,
    worth: &'p Worth,
    lines: RefCell<BTreeMap<StepId, String>>,
    kinds: RefCell<BTreeMap<usize, String>>,
}

/// What a span hides.
#[derive(Default)]
struct Counts {
    changes: usize,
    failed: usize,
    mostly: Option<usize>,
}

impl<'p, 's> Pen<'p, 's> {
    pub(super) fn new(subject: &'p Subject<'s>, worth: &'p Worth) -> Self {
        Self {
            subject,
            worth,
            lines: RefCell::default(),
            kinds: RefCell::default(),
        }
    }

    pub(super) fn draw(&self, rows: &[Row]) -> String {
        let mut text = String::new();
        for row in rows {
            self.row(&mut text, *row);
        }
        text.truncate(text.trim_end().len());
        text
    }

    /// Whether the lines of two steps differ in nothing but their numbers.
    pub(super) fn same(&self, one: StepId, other: StepId) -> bool {
        let suspect = |step: StepId| self.worth.marks.get(step.index()).is_none_or(|m| m.suspect);
        !suspect(one) && !suspect(other) && self.line(one) == self.line(other)
    }

    fn row(&self, text: &mut String, row: Row) {
        // Writing to a string cannot fail.
        let _ = match row {
            Row::Open(span) => {
                self.head(text, span);
                text.push('\n');
                Ok(())
            }
            Row::Folded(span) => {
                self.head(text, span);
                let (first, last) = span.steps;
                text.push(':');
                self.counts(text, first, last);
                text.push('\n');
                Ok(())
            }
            Row::Steps(first, last) if first == last => {
                writeln!(text, "{first}{}", self.line(first))
            }
            Row::Steps(first, last) => writeln!(text, "{first}-{last}{} each", self.line(first)),
            Row::Rest(first, last) => {
                let more = last.index() + 1 - first.index();
                let _ = write!(text, "{first}-{last}: {more} more");
                let before = text.len();
                self.counts(text, first, last);
                if text.len() > before {
                    text.insert(before, ',');
                }
                writeln!(text)
            }
        };
    }

    /// `# stage 3 patching 24-31`, or for several `# stages 3-9 24-80 (4 patching, 3 verification)`.
    fn head(&self, text: &mut String, span: Span) {
        let stages = &self.subject.index().stages;
        let (first, last) = span.stages;
        let (from, to) = span.steps;
        let Some(inside) = stages.get(first..=last) else {
            return;
        };
        let _ = match inside {
            [stage] if from == to => {
                write!(text, "# stage {} {} {from}", stage.id, stage.phase.as_str())
            }
            [stage] => write!(
                text,
                "# stage {} {} {from}-{to}",
                stage.id,
                stage.phase.as_str()
            ),
            _ => {
                let mut phases: BTreeMap<&str, usize> = BTreeMap::new();
                for stage in inside {
                    *phases.entry(stage.phase.as_str()).or_default() += 1;
                }
                let phases: Vec<String> = phases
                    .into_iter()
                    .map(|(phase, count)| format!("{count} {phase}"))
                    .collect();
                write!(
                    text,
                    "# stages {}-{} {from}-{to} ({})",
                    first + 1,
                    last + 1,
                    phases.join(", ")
                )
            }
        };
    }

    /// ` 3 changes, 2 failed, mostly pytest`, as far as there is something to say.
    fn counts(&self, text: &mut String, first: StepId, last: StepId) {
        let counts = self.count(first, last);
        let mut words = Vec::new();
        match counts.changes {
            0 => {}
            1 => words.push("1 change".to_owned()),
            many => words.push(format!("{many} changes")),
        }
        if counts.failed > 0 {
            words.push(format!("{} failed", counts.failed));
        }
        if let Some(kind) = counts.mostly {
            words.push(format!("mostly {}", self.kind(kind)));
        }
        if !words.is_empty() {
            let _ = write!(text, " {}", words.join(", "));
        }
    }

    fn count(&self, first: StepId, last: StepId) -> Counts {
        let marks = self.worth.marks.get(first.index()..=last.index());
        let marks = marks.unwrap_or_default();
        let mut kinds: BTreeMap<usize, usize> = BTreeMap::new();
        let mut counts = Counts::default();
        for mark in marks {
            counts.changes += usize::from(mark.change);
            counts.failed += usize::from(mark.failed);
            *kinds.entry(mark.kind).or_default() += 1;
        }
        let most = kinds
            .into_iter()
            .max_by_key(|(kind, count)| (*count, usize::MAX - kind));
        counts.mostly = most
            .filter(|(_, count)| count * 2 > marks.len())
            .map(|(kind, _)| kind);
        counts
    }

    fn kind(&self, kind: usize) -> String {
        let mut known = self.kinds.borrow_mut();
        let word = known.entry(kind).or_insert_with(|| {
            let word = self.worth.kinds.get(kind).map_or("", String::as_str);
            self.subject.fence.words(&self.subject.safe(word))
        });
        word.clone()
    }

    /// A step's line without its number.
    pub(super) fn line(&self, id: StepId) -> String {
        let mut known = self.lines.borrow_mut();
        let line = known.entry(id).or_insert_with(|| {
            let step = self.subject.index().step(id);
            step.map_or_else(String::new, |step| self.word(&step))
        });
        line.clone()
    }

    fn word(&self, step: &IndexedStep<'_>) -> String {
        // In no fence of its own: that is put around all lines together.
        let words = self.subject.safe(&intent(&step.step, &step.reading));
        let words = self.subject.fence.words(&words);
        let mark = self.worth.marks.get(step.id.index());
        let effect = if mark.is_some_and(|m| m.change) {
            '+'
        } else {
            '~'
        };
        let mut line = format!("{effect} {words}");
        outcome(&mut line, step);
        if let Some(mark) = mark {
            line.push_str(match (mark.suspect, mark.tied) {
                (true, true) => " !*",
                (true, false) => " !",
                (false, true) => " *",
                (false, false) => "",
            });
        }
        line
    }
}

/// What the observation proves, where that is a failure or a test report.
fn outcome(line: &mut String, step: &IndexedStep<'_>) {
    let outcome = &*step.outcome;
    if outcome.status == StepStatus::Failed {
        line.push_str(" FAILED");
        if let Some(error) = outcome.errors.first() {
            let kind = serde_json::to_value(error.kind).ok();
            let _ = write!(
                line,
                " {}",
                kind.as_ref().and_then(|k| k.as_str()).unwrap_or_default()
            );
        }
    }
    if let Some(report) = outcome.tests.last() {
        let all = report.passed.saturating_add(report.broken());
        let _ = write!(line, " {}/{all} tests pass", report.passed);
    }
}
