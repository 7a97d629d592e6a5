//! Edits of which nothing stands at the end.

use std::collections::HashSet;

use analysis::activity::Activity;
use trace::WasteCause;

use super::{Finding, Findings, Reason};
use crate::case::Case;
use crate::edits::{Event, Lines, events};

/// Finds the steps whose every line was replaced, deleted or taken back by later steps. A file that
/// was run or read before it was deleted served its purpose; deleting it is tidying up.
pub(super) fn find(case: &Case<'_>, findings: &mut Findings) {
    let mut lines = Lines::default();
    let mut used: HashSet<u32> = HashSet::new();
    for step in case.index.steps() {
        let checks = |a: &Activity| {
            matches!(
                a,
                Activity::Run | Activity::Test | Activity::Build | Activity::Serve
            )
        };
        if step.reading.activities.iter().any(checks) {
            let words = step.reading.commands.iter();
            let words = words.flat_map(|c| std::iter::once(&c.written).chain(&c.args));
            for word in words.chain(&step.reading.effect.reads) {
                used.extend(lines.paths.known(word));
            }
        }
        for event in events(&step) {
            if let Event::Gone { path } = &event
                && lines
                    .paths
                    .known(path)
                    .is_some_and(|file| used.contains(&file))
            {
                lines.release(path);
                continue;
            }
            if let Event::Whole { path, .. } = &event {
                let file = lines.paths.id(path);
                used.remove(&file);
            }
            lines.apply(step.id, &event);
        }
    }
    for (&id, fate) in lines.fates() {
        let Some(ended_by) = fate.ended_by.filter(|by| fate.standing == 0 && *by != id) else {
            continue;
        };
        let Some(step) = case.index.step(id) else {
            continue;
        };
        // A step that also ran what it wrote has shown something.
        let checks = |a: &Activity| matches!(a, Activity::Run | Activity::Test | Activity::Build);
        if step.reading.activities.iter().any(checks) {
            continue;
        }
        let finding = Finding {
            cause: WasteCause::RevertedWork,
            explored: false,
            reason: Reason::Undone {
                lines: fate.written,
                by: ended_by,
            },
            shown: None,
        };
        findings.add(id, finding);
    }
}
