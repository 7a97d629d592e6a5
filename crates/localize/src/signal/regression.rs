//! Test reports that got worse.

use std::collections::BTreeMap;

use super::{Signal, Suspicion, Watch, at, each_step};
use crate::case::Case;
use crate::evidence::{of_action, of_observation};
use trace::TestFramework;

/// Test reports that got worse.
pub(super) struct Regression;

impl Signal for Regression {
    fn name(&self) -> &'static str {
        "regression"
    }

    fn watch<'c>(&self, case: &'c Case<'_>) -> Option<Watch<'c>> {
        let index = case.index;
        let mut last_change = None;
        let mut before: BTreeMap<TestFramework, u32> = BTreeMap::new();
        each_step(move |step, found| {
            for report in &step.outcome.tests {
                let broken = report.broken();
                if before
                    .insert(report.framework, broken)
                    .is_some_and(|b| broken > b)
                    && let Some(change) = last_change.and_then(|n| at(index, n))
                {
                    found.extend(Suspicion::new(
                        &change,
                        0.8,
                        format!(
                            "the tests of step {} break where fewer broke before",
                            step.id
                        ),
                        [
                            of_action(&change.step),
                            of_observation(&step.step, &report.span),
                        ],
                    ));
                }
            }
            if step.reading.effect.kind.is_change() {
                last_change = Some(step.id.index());
            }
        })
    }
}
