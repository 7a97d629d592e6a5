//! How close to done the run was after each step that shows it.

use trace::{Peak, StepId};

use crate::evidence::Citation;

/// Shares that differ by less are equal.
const SAME: f64 = 1e-9;

/// One measure of how much of the task is done, as it stood after the steps that show it.
pub(super) struct Levels {
    /// What is counted, as the end of "3 of 4 …".
    unit: &'static str,
    /// How many there are to reach.
    known: u32,
    points: Vec<Level>,
}

struct Level {
    step: StepId,
    share: f64,
    proof: Option<Citation>,
}

impl Levels {
    /// A measure of which nothing is shown yet.
    pub(super) fn new(unit: &'static str, known: u32) -> Self {
        Self {
            unit,
            known,
            points: Vec::new(),
        }
    }

    /// Notes the share after a step; steps come in order.
    pub(super) fn push(&mut self, step: StepId, share: f64, proof: Option<Citation>) {
        self.points.push(Level { step, share, proof });
    }

    /// The share as a count.
    fn reached(&self, share: f64) -> String {
        let reached = (share * f64::from(self.known)).round();
        format!("{reached} of {} {}", self.known, self.unit)
    }
}

/// The peak of all measures together: their mean, each counted as nothing reached before it first
/// shows. `last` is the run's last step. `None` when nothing was ever reached.
pub(super) fn peak(measures: &[Levels], last: StepId) -> Option<(Peak, Vec<Citation>)> {
    /// Where each measure stands: its place in `points`, or nowhere yet.
    type Standing = Vec<Option<usize>>;
    let mut order: Vec<(StepId, usize, usize)> = measures
        .iter()
        .enumerate()
        .flat_map(|(m, levels)| {
            let points = levels.points.iter().enumerate();
            points.map(move |(at, level)| (level.step, m, at))
        })
        .collect();
    order.sort_unstable();
    let share_of = |standing: &Standing| {
        let shares = measures.iter().zip(standing);
        let sum: f64 = shares
            .map(|(levels, at)| at.map_or(0.0, |at| levels.points[at].share))
            .sum();
        #[allow(clippy::cast_precision_loss, reason = "a handful of measures")]
        let count = measures.len().max(1) as f64;
        sum / count
    };
    let mut standing: Standing = vec![None; measures.len()];
    let mut best: Option<(StepId, f64, Standing)> = None;
    let mut held = None;
    let mut at = 0;
    while at < order.len() {
        let step = order[at].0;
        while let Some(&(_, measure, place)) = order.get(at).filter(|o| o.0 == step) {
            standing[measure] = Some(place);
            at += 1;
        }
        let share = share_of(&standing);
        let highest = best.as_ref().map_or(0.0, |b| b.1);
        if share > highest + SAME {
            best = Some((step, share, standing.clone()));
        }
        // It holds until the next step that shows something else.
        let still = best.as_ref().is_some_and(|b| share > b.1 - SAME);
        let until = order.get(at).map_or(last, |next| before(next.0));
        if still {
            held = Some(until);
        }
    }
    let (step_id, share, standing) = best?;
    let mut parts = Vec::new();
    let mut cited = Vec::new();
    for (levels, place) in measures.iter().zip(&standing) {
        let Some(level) = place.and_then(|place| levels.points.get(place)) else {
            continue;
        };
        parts.push(levels.reached(level.share));
        cited.extend(level.proof.clone());
    }
    let peak = Peak {
        step_id,
        held_until: held.unwrap_or(step_id).max(step_id),
        share,
        why: parts.join("; "),
        evidence: Vec::new(),
    };
    Some((peak, cited))
}

fn before(step: StepId) -> StepId {
    StepId::new(step.get().saturating_sub(1)).unwrap_or(step)
}
