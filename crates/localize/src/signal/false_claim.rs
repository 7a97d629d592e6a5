//! Success claimed against evidence.

use super::{Signal, Suspicion};
use crate::case::Case;
use crate::evidence::of_observation;

/// Success claimed against evidence.
pub(super) struct FalseClaim;

impl Signal for FalseClaim {
    fn name(&self) -> &'static str {
        "false_claim"
    }

    fn measure(&self, case: &Case<'_>) -> Vec<Suspicion> {
        let found = case.graph.contradictions().filter_map(|(claim, against)| {
            let step = case.index.step(claim.step)?;
            let failed = case.index.step(against)?;
            let errors = failed.outcome.errors.iter().map(|error| &error.span);
            let reports = failed.outcome.tests.iter().map(|report| &report.span);
            let span = errors.chain(reports).next().cloned().unwrap_or(0..0);
            let why = format!("claims success though step {against} had failed");
            let evidence = [claim.cite(&step.step), of_observation(&failed.step, &span)];
            Suspicion::new(&step, 0.7, why, evidence)
        });
        found.collect()
    }
}
