//! How many lines a step put into files and took out of them, by the files as rebuilt.

use std::collections::BTreeMap;

use analysis::workspace::{FileHistory, Origin, Workspace};
use trace::StepId;

/// The lines that came and went.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Churn {
    /// Lines known to have stood there before.
    pub(crate) before: u64,
    /// Lines that came.
    pub(crate) added: u64,
    /// Lines that went, whoever had written them.
    pub(crate) removed: u64,
    /// Lines among them that an earlier step of the run had written.
    pub(crate) own_removed: u64,
}

impl Churn {
    /// What a step did to one file.
    pub(crate) fn of_file(workspace: &Workspace, file: &FileHistory, step: StepId) -> Self {
        let before = step.index().checked_sub(1).map(StepId::from_index);
        let before = before.and_then(|before| workspace.blame(&file.path, before));
        let after = workspace.blame(&file.path, step);
        // Who wrote a line goes with it wherever it stands, so counting by writer is enough.
        let mut lines: BTreeMap<Origin, (u64, u64)> = BTreeMap::new();
        for line in before.iter().flatten() {
            lines.entry(line.origin).or_default().0 += 1;
        }
        for line in after.iter().flatten() {
            lines.entry(line.origin).or_default().1 += 1;
        }
        let mut churn = Self::default();
        for (origin, (was, is)) in lines {
            churn.before += was;
            if origin == Origin::Step(step) {
                churn.added += is.saturating_sub(was);
            }
            let gone = was.saturating_sub(is);
            churn.removed += gone;
            if origin.step().is_some_and(|writer| writer != step) {
                churn.own_removed += gone;
            }
        }
        churn
    }

    /// What a step did to all files.
    pub(crate) fn of_step(workspace: &Workspace, step: StepId) -> Self {
        let mut paths: Vec<&str> = Vec::new();
        let mut sum = Self::default();
        for (file, _) in workspace.written_by(step) {
            if paths.contains(&file.path.as_str()) {
                continue;
            }
            paths.push(&file.path);
            let churn = Self::of_file(workspace, file, step);
            sum.before += churn.before;
            sum.added += churn.added;
            sum.removed += churn.removed;
            sum.own_removed += churn.own_removed;
        }
        sum
    }
}
