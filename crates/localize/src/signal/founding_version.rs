//! The first whole version of a file that later steps run, read or go on with.
//!
//! No fault in itself, so it never speaks for a failure: a design that later versions only vary was chosen here.

use super::{Signal, Suspicion, at};
use crate::case::Case;
use crate::evidence::of_action;

/// The first whole version of a file that later steps go on with.
pub(super) struct FoundingVersion;

impl Signal for FoundingVersion {
    fn name(&self) -> &'static str {
        "founding_version"
    }

    fn speaks_for_failure(&self) -> bool {
        false
    }

    fn measure(&self, case: &Case<'_>) -> Vec<Suspicion> {
        let history = &case.history;
        let mut first: Vec<Option<usize>> = vec![None; history.files()];
        let mut built_on = vec![0_u32; history.files()];
        for (n, facts) in history.steps() {
            for &file in facts.whole {
                first[file as usize].get_or_insert(n);
            }
            for &file in facts.writes {
                let f = file as usize;
                if first[f].is_some_and(|at| at < n) {
                    built_on[f] = built_on[f].saturating_add(1);
                }
            }
        }
        let mut found: Vec<Suspicion> = (0..)
            .zip(first.iter().zip(&built_on))
            .filter_map(|(file, (first, &built_on))| {
                let n = first.filter(|_| built_on > 0 && !history.is_aside(file))?;
                let step = at(case.index, n)?;
                Suspicion::new(
                    &step,
                    if built_on > 1 { 0.9 } else { 0.6 },
                    format!(
                        "{built_on} later steps change `{}`, first written here",
                        history.name(file)
                    ),
                    [of_action(&step.step)],
                )
            })
            .collect();
        found.sort_by_key(|suspicion| suspicion.step);
        found
    }
}
