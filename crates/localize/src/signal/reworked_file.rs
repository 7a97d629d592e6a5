//! Changes of a file that the run had to change again before anything used it, or after it failed.

use super::{Signal, Suspicion, at};
use crate::case::Case;
use crate::evidence::of_action;
use analysis::activity::Activity;
use trace::StepStatus;

/// Steps between two changes up to which the second counts as a correction of the first.
const NEAR: usize = 4;

/// Changes of a file that the run had to change again at once.
pub(super) struct ReworkedFile;

impl Signal for ReworkedFile {
    fn name(&self) -> &'static str {
        "reworked_file"
    }

    fn measure(&self, case: &Case<'_>) -> Vec<Suspicion> {
        let history = &case.history;
        let mut last: Vec<Option<usize>> = vec![None; history.files()];
        let mut worked: Vec<bool> = vec![false; history.files()];
        let mut found = Vec::new();
        for (n, facts) in history.steps() {
            for &file in facts.uses {
                worked[file as usize] = facts.status == StepStatus::Ok;
            }
            for &file in facts.writes {
                let before = last[file as usize].replace(n);
                let fine = std::mem::take(&mut worked[file as usize]);
                let Some(before) = before.filter(|&b| n - b <= NEAR && !fine) else {
                    continue;
                };
                let (Some(first), Some(second)) = (at(case.index, before), at(case.index, n))
                else {
                    continue;
                };
                // A new mode or place is no correction of what stands in the file.
                let busy = &second.reading.activities;
                let writes = busy.contains(&Activity::Edit) || busy.contains(&Activity::Run);
                if busy.contains(&Activity::Arrange) && !writes {
                    continue;
                }
                found.extend(Suspicion::new(
                    &first,
                    0.7,
                    format!(
                        "step {} changes `{}` again before it ever worked",
                        second.id,
                        history.name(file)
                    ),
                    [of_action(&first.step), of_action(&second.step)],
                ));
            }
        }
        found
    }
}
