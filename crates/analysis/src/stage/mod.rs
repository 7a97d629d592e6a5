//! Phases of steps and the stages they make up.
//!
//! Every step gives evidence for phases (`evidence`); the phases are then chosen together, so that the
//! evidence they collect, less a price for every change of phase, is greatest (the Viterbi algorithm).
//! One odd step therefore does not break a stage, while a step that says plainly what it is about starts
//! one. Linear in the number of steps.

mod evidence;

use trace::{Phase, Spool, Stage, StepId, StepOutcome, Trajectory};

use crate::effect::StepReading;
use evidence::{Evidence, PHASES, POINT, gather};

/// What a change of phase costs: as much as a step whose evidence is one point apart. A higher price hardly
/// moves the phases of steps but makes fewer and longer stages.
const SWITCH_COST: i64 = POINT;

/// Splits a trajectory into stages that cover it without gap or overlap; neighbours differ in phase.
///
/// Readings and outcomes run parallel to the steps; a step that has none gives no evidence.
#[must_use]
pub fn find_stages(
    trajectory: &Trajectory,
    readings: &Spool<StepReading>,
    outcomes: &Spool<StepOutcome>,
) -> Vec<Stage> {
    let mut stages: Vec<Stage> = Vec::new();
    for (index, phase) in phases(trajectory, readings, outcomes)
        .into_iter()
        .enumerate()
    {
        let step = StepId::from_index(index);
        match stages.last_mut() {
            Some(stage) if stage.phase == phase => stage.end = step,
            _ => stages.push(Stage {
                id: StepId::from_index(stages.len()).get(),
                start: step,
                end: step,
                phase,
            }),
        }
    }
    stages
}

/// The phase of every step, in step order; smoothed, as in the stages.
#[must_use]
pub fn phases(
    trajectory: &Trajectory,
    readings: &Spool<StepReading>,
    outcomes: &Spool<StepOutcome>,
) -> Vec<Phase> {
    let mut evidence = gather(readings, outcomes);
    evidence.resize(trajectory.steps.len(), Evidence::default());
    smooth(&evidence)
}

/// The sequence of phases with the most evidence after switching costs. Where staying and switching come to
/// the same, the switch is made as late as possible: a step without evidence belongs to what went before.
fn smooth(evidence: &[Evidence]) -> Vec<Phase> {
    let mut scores = [0_i64; PHASES.len()];
    let mut came_from: Vec<[u8; PHASES.len()]> = Vec::with_capacity(evidence.len());
    for points in evidence {
        let best = best_of(&scores);
        let switched = scores[best] - SWITCH_COST;
        let mut from = [0_u8; PHASES.len()];
        for (phase, score) in scores.iter_mut().enumerate() {
            let stays = phase == best || *score > switched;
            let (before, origin) = if stays {
                (*score, phase)
            } else {
                (switched, best)
            };
            *score = before + points.0[phase];
            from[phase] = u8::try_from(origin).unwrap_or(0);
        }
        came_from.push(from);
    }
    let mut phase = best_of(&scores);
    let mut found: Vec<Phase> = came_from
        .iter()
        .rev()
        .map(|from| {
            let here = PHASES[phase];
            phase = usize::from(from[phase]);
            here
        })
        .collect();
    found.reverse();
    found
}

/// The index of the highest score, the first of equals.
fn best_of(scores: &[i64; PHASES.len()]) -> usize {
    let mut best = 0;
    for (phase, score) in scores.iter().enumerate() {
        if *score > scores[best] {
            best = phase;
        }
    }
    best
}

#[cfg(test)]
mod tests;
