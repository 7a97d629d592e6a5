//! Everything analysis knows about one trajectory, side by side.

use trace::{Held, Spool, Stage, Step, StepId, StepOutcome, Trajectory, Tree};

use crate::effect::{self, StepReading};
use crate::outcome;
use crate::stage::find_stages;

/// A trajectory with what its steps did, what their results prove, its stages and its trace tree.
/// All lists run parallel to `trajectory.steps`.
pub struct Index<'t> {
    /// The trajectory itself.
    pub trajectory: &'t Trajectory,
    /// What each step did.
    pub readings: Spool<StepReading>,
    /// What each step's observation proves.
    pub outcomes: Spool<StepOutcome>,
    /// Contiguous spans of one phase, covering all steps; empty for a trajectory without steps.
    pub stages: Vec<Stage>,
    /// Steps nested by effect.
    pub tree: Tree,
}

/// One step with everything known about it. In a run that is longer than memory each part is read
/// when it is first looked at: ask for `id`, not for `step.id`, where the number is all that is needed.
#[derive(Clone)]
pub struct IndexedStep<'i> {
    /// The step's number.
    pub id: StepId,
    /// The step.
    pub step: Held<'i, Step>,
    /// What it did.
    pub reading: Held<'i, StepReading>,
    /// What its observation proves.
    pub outcome: Held<'i, StepOutcome>,
}

impl<'t> Index<'t> {
    /// Reads the whole trajectory; linear in its size.
    #[must_use]
    pub fn new(trajectory: &'t Trajectory) -> Self {
        let mut effects = effect::Reader::new(trajectory);
        let mut results = outcome::Reader::new(trajectory);
        let mut readings = Spool::new();
        let mut outcomes = Spool::new();
        for step in trajectory.steps.walk() {
            readings.push(effects.read(&step));
            outcomes.push(results.read(&step));
        }
        let stages = find_stages(trajectory, &readings, &outcomes);
        let tree = Tree::new(readings.walk().map(|reading| reading.effect.kind));
        Self {
            trajectory,
            readings,
            outcomes,
            stages,
            tree,
        }
    }

    /// How many steps there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.trajectory.steps.len()
    }

    /// True when there is no step.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.trajectory.steps.is_empty()
    }

    /// True when parts of the run could not be read back from where they were parked: then nothing
    /// concluded from it may be believed.
    #[must_use]
    pub fn is_damaged(&self) -> bool {
        self.trajectory.is_damaged() || self.readings.is_damaged() || self.outcomes.is_damaged()
    }

    /// All steps in order, each with what is known about it.
    #[must_use]
    pub fn steps(&self) -> impl DoubleEndedIterator<Item = IndexedStep<'_>> + ExactSizeIterator {
        self.trajectory
            .steps
            .walk()
            .zip(self.readings.walk())
            .zip(self.outcomes.walk())
            .enumerate()
            .map(|(index, ((step, reading), outcome))| IndexedStep {
                id: StepId::from_index(index),
                step,
                reading,
                outcome,
            })
    }

    /// One step with what is known about it.
    #[must_use]
    pub fn step(&self, id: StepId) -> Option<IndexedStep<'_>> {
        let at = id.index();
        Some(IndexedStep {
            id,
            step: self.trajectory.steps.get(at)?,
            reading: self.readings.get(at)?,
            outcome: self.outcomes.get(at)?,
        })
    }

    /// The stage a step lies in.
    #[must_use]
    pub fn stage_of(&self, id: StepId) -> Option<&Stage> {
        let at = self.stages.partition_point(|stage| stage.end < id);
        self.stages.get(at).filter(|stage| stage.contains(id))
    }

    /// The ids of the steps that changed state.
    #[must_use]
    pub fn change_steps(&self) -> Vec<StepId> {
        self.steps()
            .filter(|s| s.reading.effect.kind.is_change())
            .map(|s| s.id)
            .collect()
    }
}
