//! Builds and programs that are asked again: which of them work, and where one ceased to.

use std::collections::{HashMap, HashSet};

use analysis::IndexedStep;
use trace::{StepId, StepStatus, TurningKind, TurningPoint};

use super::check::{self, CheckId};
use super::{Fall, Levels, after, cite};
use crate::blame::file_name;
use crate::demand::file_names_in;
use crate::evidence::{Citation, of_action, of_observation};

/// How many checks are followed.
const CHECKS: usize = 100_000;

/// One check and how it went so far.
struct Known {
    first: StepId,
    last: StepId,
    works: bool,
    /// Whether it ever answered differently: only then does it measure anything.
    turned: bool,
    open: Option<usize>,
}

/// Follows builds, test runs and programs by whether they work.
pub(super) struct Programs<'t> {
    /// The files the task names.
    demanded: HashSet<&'t str>,
    known: HashMap<CheckId, Known>,
    seen: Vec<(StepId, CheckId, bool, Option<Citation>)>,
}

impl<'t> Programs<'t> {
    /// For a task text.
    pub(super) fn new(task: &'t str) -> Self {
        Self {
            demanded: file_names_in(task),
            known: HashMap::new(),
            seen: Vec::new(),
        }
    }

    /// True when a change wrote the very script a check runs, and the task does not ask for it: then
    /// another question is asked, and nothing was lost.
    fn asks_anew(&self, step: &IndexedStep<'_>, changed: &IndexedStep<'_>) -> bool {
        let commands = step.reading.commands.iter();
        let words = commands.flat_map(|c| std::iter::once(&c.written).chain(&c.args));
        let names: HashSet<&str> = words.map(|word| file_name(word)).collect();
        let written = changed
            .reading
            .effect
            .writes
            .iter()
            .map(|path| file_name(path));
        written
            .into_iter()
            .any(|name| names.contains(name) && !self.demanded.contains(name))
    }

    /// Reads how a step's check went; `change` is the last change up to it.
    pub(super) fn step(
        &mut self,
        step: &IndexedStep<'_>,
        change: Option<&IndexedStep<'_>>,
        falls: &mut Vec<Fall>,
    ) {
        let works = match step.outcome.status {
            StepStatus::Ok => true,
            StepStatus::Failed => false,
            StepStatus::Unknown => return,
        };
        let Some((id, asked)) = check::of(step) else {
            return;
        };
        let room = self.known.len() < CHECKS;
        if !room && !self.known.contains_key(&id) {
            return;
        }
        let error = step.outcome.errors.first();
        let proof = of_observation(&step.step, &error.map_or(0..0, |e| e.span.clone()))
            .or_else(|| of_action(&step.step));
        let anew = change.is_some_and(|changed| self.asks_anew(step, changed));
        let known = self.known.entry(id).or_insert(Known {
            first: step.id,
            last: step.id,
            works,
            turned: false,
            open: None,
        });
        let fell = known.works && !works;
        known.turned |= known.works != works;
        if works && let Some(fall) = known.open.take().and_then(|at| falls.get_mut(at)) {
            fall.point.recovered_at = Some(step.id);
        }
        // A test report says more about the same fall; see `suite`.
        if fell
            && !anew
            && step.outcome.tests.is_empty()
            && let Some(changed) = change.filter(|c| after(c.id, Some(known.last)))
        {
            known.open = Some(falls.len());
            falls.push(Fall {
                share: 1.0,
                point: TurningPoint {
                    step_id: changed.id,
                    kind: TurningKind::CheckBroke,
                    why: format!(
                        "`{asked}` worked at step {} and fails at step {}",
                        known.last, step.id
                    ),
                    evidence: Vec::new(),
                    recovered_at: None,
                },
                cited: cite([of_action(&changed.step), proof.clone()]),
            });
        }
        known.works = works;
        known.last = step.id;
        self.seen.push((step.id, id, works, proof));
    }

    /// The share of those that were asked again and once answered differently that work. `None` when
    /// there is none.
    pub(super) fn levels(self) -> Option<Levels> {
        let counted = |id: &CheckId| {
            self.known
                .get(id)
                .is_some_and(|k| k.turned && k.first < k.last)
        };
        let known = self.known.keys().filter(|id| counted(id)).count();
        let known = u32::try_from(known).ok().filter(|known| *known > 0)?;
        let mut levels = Levels::new("builds and programs that are run again work", known);
        let mut works: HashMap<CheckId, bool> = HashMap::new();
        let mut working: u32 = 0;
        for (step, id, now, proof) in self.seen.iter().filter(|(_, id, ..)| counted(id)) {
            let before = works.insert(*id, *now).unwrap_or(false);
            working = working - u32::from(before) + u32::from(*now);
            let share = f64::from(working) / f64::from(known);
            levels.push(*step, share, proof.clone());
        }
        Some(levels)
    }
}
