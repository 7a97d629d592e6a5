//! Programs that were started and never answered.

use super::{Signal, Suspicion, at};
use crate::case::Case;
use crate::evidence::{of_action, of_observation};
use crate::facts::terminal::{Keys, Terminal, keys_of, last_line};
use analysis::IndexedStep;
use trace::{ActionKind, ErrorKind};

/// Words in the names of tools that end a process left running.
const STOPPING: &[&str] = &["kill", "stop", "terminate"];

/// Programs that were started and never answered.
pub(super) struct Hang;

impl Signal for Hang {
    fn name(&self) -> &'static str {
        "hang"
    }

    fn measure(&self, case: &Case<'_>) -> Vec<Suspicion> {
        let mut terminal = Terminal::default();
        let mut command: Option<usize> = None;
        let mut blamed = None;
        let mut last = None;
        let mut found = Vec::new();
        for step in case.index.steps() {
            found.extend(timed_out(&step));
            let culprit = match keys_of(&step.step) {
                Keys::Interrupt => terminal.busy_with(),
                Keys::None if is_stop(&step) => command,
                _ => None,
            };
            if culprit.is_some() && culprit != blamed {
                blamed = culprit;
                found.extend(accuse(case, culprit, &step));
            }
            terminal.see(step.id.index(), &step.step);
            if !step.reading.commands.is_empty() {
                command = Some(step.id.index());
            }
            last = Some(step);
        }
        // What the last step itself starts may still be on its way.
        if let (Some(culprit), Some(last)) = (terminal.busy_with(), last)
            && Some(culprit) != blamed
            && culprit != last.id.index()
        {
            found.extend(accuse(case, Some(culprit), &last));
        }
        found
    }
}

/// A step that itself says that it took too long.
fn timed_out(step: &IndexedStep<'_>) -> Option<Suspicion> {
    let errors = &step.outcome.errors;
    let error = errors.iter().find(|e| e.kind == ErrorKind::Timeout)?;
    Suspicion::new(
        step,
        0.9,
        "starts something that does not come to an end".to_owned(),
        [
            of_action(&step.step),
            of_observation(&step.step, &error.span),
        ],
    )
}

/// Whether a step ends a process by a tool made for it.
fn is_stop(step: &IndexedStep<'_>) -> bool {
    let name = step.step.action.tool.to_ascii_lowercase();
    matches!(step.step.action.kind, ActionKind::Other)
        && STOPPING.iter().any(|word| name.contains(word))
}

fn accuse(case: &Case<'_>, culprit: Option<usize>, end: &IndexedStep<'_>) -> Option<Suspicion> {
    let begun = at(case.index, culprit?)?;
    let shown = end.step.observed();
    let proof = (begun.id != end.id && !shown.trim().is_empty())
        .then(|| of_observation(&end.step, &last_line(shown)))
        .flatten();
    Suspicion::new(
        &begun,
        0.8,
        format!("what it starts has not answered by step {}", end.id),
        [of_action(&begun.step), proof],
    )
}
