//! Success claimed against evidence.

use super::{Signal, Suspicion};
use crate::case::Case;
use crate::evidence::of_outcome;

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
            let why = format!("claims success though step {against} had failed");
            let evidence = [claim.cite(&step.step), of_outcome(&failed)];
            Suspicion::new(&step, 0.7, why, evidence)
        });
        found.collect()
    }
}
