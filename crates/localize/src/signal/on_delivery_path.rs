//! Steps that had a part in what the run hands in.
//!
//! No fault in itself, so it never speaks for a failure. A wrong decision that shows nowhere in the run
//! can only be in what was handed in, and its earliest part is decided by the fewest others.

use super::{Signal, Suspicion};
use crate::case::Case;
use crate::evidence::of_action;

/// How much a file counts that the task does not name.
const UNNAMED: f64 = 0.5;
/// How much a change counts of which no file is known.
const UNKNOWN: f64 = 0.3;

/// Steps that had a part in what the run hands in.
pub(super) struct OnDeliveryPath;

impl Signal for OnDeliveryPath {
    fn name(&self) -> &'static str {
        "on_delivery_path"
    }

    fn speaks_for_failure(&self) -> bool {
        false
    }

    fn measure(&self, case: &Case<'_>) -> Vec<Suspicion> {
        let deliveries = case.graph.deliveries();
        let makers = case.graph.makers().iter();
        let found = makers.filter_map(|maker| {
            let parts = maker.explains.iter().filter_map(|explained| {
                let delivery = deliveries.get(explained.end)?;
                let named = if delivery.demanded { 1.0 } else { UNNAMED };
                Some((named * explained.share(), delivery))
            });
            let best = parts.max_by(|a, b| a.0.total_cmp(&b.0));
            let step = case.index.step(maker.step)?;
            let (strength, why) = match best {
                Some((strength, delivery)) => (
                    strength,
                    format!("has a part in `{}`, which is handed in", delivery.name),
                ),
                None if maker.repaired => return None,
                None => (UNKNOWN, "changes the state that is handed in".to_owned()),
            };
            Suspicion::new(&step, strength, why, [of_action(&step.step)])
        });
        found.collect()
    }
}
