//! Keys typed while a program that does not answer has the terminal.

use super::{Signal, Suspicion};
use crate::case::Case;
use crate::evidence::{of_action, of_observation};
use crate::interrupt::{Keys, keys_of};
use analysis::IndexedStep;

/// Keys typed while a program that does not answer has the terminal.
pub(super) struct BusyTerminal;

impl Signal for BusyTerminal {
    fn name(&self) -> &'static str {
        "busy_terminal"
    }

    fn measure(&self, case: &Case<'_>) -> Vec<Suspicion> {
        let mut busy: Option<IndexedStep<'_>> = None;
        // Keys of one turn are sent without looking in between.
        let mut group = None;
        let mut found = Vec::new();
        for step in case.index.steps() {
            let keys = keys_of(&step.step);
            if matches!(keys, Keys::Text | Keys::Interrupt)
                && let Some(screen) = &busy
                && (step.step.parallel_group.is_none() || step.step.parallel_group != group)
            {
                let end = last_line(screen.step.observed());
                found.extend(Suspicion::new(
                    &step,
                    if keys == Keys::Text { 0.8 } else { 0.6 },
                    format!("types while what step {} shows is still running", screen.id),
                    [of_action(&step.step), of_observation(&screen.step, &end)],
                ));
            }
            group = step.step.parallel_group;
            let text = step.step.observed();
            let screen = step.step.observation.as_ref().is_some_and(|o| o.screen);
            if screen && !text.trim().is_empty() {
                let waits = awaits_input(&text[last_line(text)]);
                busy = (!waits).then_some(step);
            }
        }
        found
    }
}

/// Where the last line stands that is not blank.
fn last_line(text: &str) -> std::ops::Range<usize> {
    let end = text.trim_end().len();
    let start = text[..end].rfind('\n').map_or(0, |newline| newline + 1);
    start..end
}

/// Whether a line is the prompt of something that reads what is typed next.
fn awaits_input(line: &str) -> bool {
    // Three dots are the prompt of an interpreter inside a block: what is typed next becomes part of it.
    let line = line.trim_end();
    !line.ends_with("...") && line.ends_with(['$', '#', '%', '>', ':', '?', ']', ')', '❯', '~'])
}
