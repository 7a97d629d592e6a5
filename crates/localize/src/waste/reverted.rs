//! Edits of which nothing stands at the end.

use analysis::activity::Activity;
use analysis::workspace::Operation;
use trace::{StepId, WasteCause};

use super::{Finding, Findings, Reason};
use crate::case::Case;
use crate::facts::file::file_name;

/// Finds the steps whose every line was replaced, deleted or taken back by later steps. A file that
/// was run or read before it was deleted served its purpose; deleting it is tidying up.
pub(super) fn find(case: &Case<'_>, findings: &mut Findings) {
    let put_to_use = put_to_use(case);
    for step in case.index.steps() {
        let ended = case.workspace.superseded(step.id);
        let survival = case.workspace.survival(step.id);
        let (Some(by), Some(survival)) = (ended.filter(|by| *by != step.id), survival) else {
            continue;
        };
        // A step that also ran what it wrote has shown something.
        let checks = |a: &Activity| matches!(a, Activity::Run | Activity::Test | Activity::Build);
        if step.reading.activities.iter().any(checks) || tidied(case, &put_to_use, step.id, by) {
            continue;
        }
        let finding = Finding {
            cause: WasteCause::RevertedWork,
            explored: false,
            reason: Reason::Undone {
                lines: u32::try_from(survival.written).unwrap_or(u32::MAX),
                by,
            },
            shown: None,
        };
        findings.add(step.id, finding);
    }
}

/// By file, the steps that ran or read it, in order.
fn put_to_use(case: &Case<'_>) -> Vec<Vec<usize>> {
    let mut found = vec![Vec::new(); case.history.files()];
    for (n, facts) in case.history.steps() {
        for &file in facts.uses.iter().chain(facts.reads) {
            found[file as usize].push(n);
        }
    }
    found
}

/// Whether a file that a step wrote was put to use before the later step removed it.
fn tidied(case: &Case<'_>, put_to_use: &[Vec<usize>], wrote: StepId, removed: StepId) -> bool {
    case.workspace.written_by(wrote).any(|(file, _)| {
        let gone = file.version(removed);
        let gone = gone.is_some_and(|v| v.step == removed && v.operation == Operation::Delete);
        let known = case.history.file(file_name(&file.path));
        let steps = known.and_then(|id| put_to_use.get(id as usize));
        let used = steps.is_some_and(|steps| {
            let after = steps.partition_point(|n| *n <= wrote.index());
            steps.get(after).is_some_and(|n| *n <= removed.index())
        });
        gone && used
    })
}
