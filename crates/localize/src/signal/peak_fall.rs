//! The step at which the run lost what it had: a demand that was met is met no more.

use super::{Signal, Suspicion, at};
use crate::case::Case;
use crate::evidence::of_action;

/// The step at which the run lost what it had.
pub(super) struct PeakFall;

impl Signal for PeakFall {
    fn name(&self) -> &'static str {
        "peak_fall"
    }

    fn measure(&self, case: &Case<'_>) -> Vec<Suspicion> {
        let mut found = Vec::new();
        for fall in case.contract.falls() {
            if fall.regained.is_some() {
                continue;
            }
            let demand = case
                .contract
                .each()
                .find(|(demand, _)| demand.id == fall.demand);
            let (Some((demand, standing)), Some(step), Some(met)) = (
                demand,
                at(case.index, fall.fell.index()),
                at(case.index, fall.met.index()),
            ) else {
                continue;
            };
            let shown = standing
                .settled
                .as_ref()
                .filter(|mark| mark.step == fall.fell);
            let seen = shown.map_or("no longer stands", |mark| mark.why.as_str());
            let why = format!(
                "{} was met at step {}, then: {seen}",
                demand.name(),
                fall.met
            );
            let cited = shown.and_then(|mark| mark.evidence.clone());
            found.extend(Suspicion::new(
                &step,
                0.3 + 0.2 * f64::from(demand.weight.min(3)),
                why,
                [
                    cited.or_else(|| of_action(&step.step)),
                    of_action(&met.step),
                ],
            ));
        }
        found
    }
}
