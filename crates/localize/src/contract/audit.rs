//! A contract held against a run: how every demand stands, step by step.

use analysis::Index;
use trace::StepId;

use super::judge::Judge;
use super::standing::{Fall, Standing, State};
use super::{Contract, Demand};

/// A contract with how each of its demands stands in one run.
#[derive(Debug, Clone, Default)]
pub struct Audit {
    /// What the task demands.
    pub contract: Contract,
    /// How each demand stands, in the order of the contract's demands.
    pub standings: Vec<Standing>,
    /// The steps at which the weight of what is met changed, with the weight from there on.
    timeline: Vec<(StepId, u32)>,
    /// The weight that is met before the first step.
    begins: u32,
    /// The first step that plans the work, with the demands it names.
    plan: Option<(StepId, Vec<u16>)>,
}

impl Audit {
    /// Reads the run's task and watches every step for it; linear in the size of the run. Of the run
    /// only what its steps said, did and saw is read, never its recorded outcome.
    #[must_use]
    pub fn over(index: &Index<'_>) -> Self {
        let task = index.trajectory.task.as_deref().unwrap_or_default();
        let mut audit = Self {
            contract: Contract::read(task),
            ..Self::default()
        };
        let mut judge = Judge::new(&audit.contract, task);
        audit.begins = judge.met();
        let mut before = audit.begins;
        for step in index.steps() {
            judge.see(&step);
            let met = judge.met();
            if met != before {
                audit.timeline.push((step.id, met));
                before = met;
            }
        }
        audit.plan = judge.plan();
        audit.standings = judge.into_standings();
        audit
    }

    /// Every demand with how it stands.
    pub fn each(&self) -> impl Iterator<Item = (&Demand, &Standing)> {
        self.contract.demands.iter().zip(&self.standings)
    }

    /// The weight of all demands that can be judged.
    #[must_use]
    pub fn of(&self) -> u32 {
        let weights = self.contract.demands.iter().map(|d| u32::from(d.weight));
        weights.sum()
    }

    /// How close the run was to done after a step: the weight of the demands that were met, of all.
    #[must_use]
    pub fn progress(&self, step: StepId) -> (u32, u32) {
        let at = self.timeline.partition_point(|(id, _)| *id <= step);
        let met = at
            .checked_sub(1)
            .map_or(self.begins, |n| self.timeline[n].1);
        (met, self.of())
    }

    /// The first step after which most was met, with how much; `None` when no step met anything.
    #[must_use]
    pub fn peak(&self) -> Option<(StepId, u32)> {
        let most = self.timeline.iter().map(|(_, met)| *met).max()?;
        let first = self.timeline.iter().find(|(_, met)| *met == most)?;
        (most > self.begins).then_some(*first)
    }

    /// Demands that were met and then broken, in the order of the steps that broke them.
    #[must_use]
    pub fn falls(&self) -> Vec<Fall> {
        let mut falls: Vec<Fall> = self
            .each()
            .filter(|(demand, _)| demand.weight > 0)
            .flat_map(|(demand, standing)| standing.falls(demand.id))
            .collect();
        falls.sort_by_key(|fall| (fall.fell, fall.demand));
        falls
    }

    /// The first step whose words plan the work, name several demands, and leave this one out.
    #[must_use]
    pub fn plan_without(&self, demand: u16) -> Option<StepId> {
        self.plan
            .as_ref()
            .filter(|(_, named)| !named.contains(&demand))
            .map(|(step, _)| *step)
    }

    /// The demands that stand as `state`, with their standing.
    pub fn standing(&self, state: State) -> impl Iterator<Item = (&Demand, &Standing)> {
        self.each()
            .filter(move |(demand, standing)| demand.weight > 0 && standing.state() == state)
    }
}
