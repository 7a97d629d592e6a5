//! Edits of a file that was written again later.

use std::collections::HashMap;

use super::{Signal, Suspicion, at};
use crate::case::Case;
use crate::evidence::of_action;
use analysis::activity::Activity;

/// Edits of a file that was written again later.
pub(super) struct RewrittenEdit;

impl Signal for RewrittenEdit {
    fn name(&self) -> &'static str {
        "rewritten_edit"
    }

    fn measure(&self, case: &Case<'_>) -> Vec<Suspicion> {
        let index = case.index;
        let mut writer: HashMap<String, usize> = HashMap::new();
        let mut found = Vec::new();
        for step in index.steps() {
            if !step.reading.activities.contains(&Activity::Edit) {
                continue;
            }
            for path in &step.reading.effect.writes {
                if let Some(earlier) = writer
                    .insert(path.clone(), step.id.index())
                    .and_then(|n| at(index, n))
                    .filter(|earlier| earlier.id != step.id)
                {
                    found.extend(Suspicion::new(
                        &earlier,
                        0.5,
                        format!("step {} writes `{path}` again", step.id),
                        [of_action(&earlier.step), of_action(&step.step)],
                    ));
                }
            }
        }
        found
    }
}
