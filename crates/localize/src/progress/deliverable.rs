//! Files the task names: removed, or replaced after a check had passed with them.

use std::collections::{BTreeSet, HashMap, HashSet};

use analysis::IndexedStep;
use analysis::activity::Activity;
use analysis::workspace::{Operation, Workspace};
use trace::{StepId, StepStatus, TurningKind, TurningPoint};

use super::{Fall, cite};
use crate::evidence::{Citation, of_action};
use crate::facts::churn::Churn;
use crate::facts::file::{file_name, names_in};

/// A file of which less stays is another file.
const REPLACED: f64 = 0.5;

/// One demanded file that the run wrote.
struct Handed {
    /// The last check that passed since it was written.
    passed: Option<(StepId, Option<Citation>)>,
    /// A replacement of what had passed, until a check tells whether it lost anything.
    replaced: Option<Fall>,
    /// Where its fall stands, while it is gone or does not work.
    open: Option<usize>,
}

/// Follows the files the task names.
pub(super) struct Deliverables {
    demanded: HashSet<String>,
    files: HashMap<String, Handed>,
}

impl Deliverables {
    /// For a task text.
    pub(super) fn new(task: &str) -> Self {
        let names = names_in(task);
        Self {
            demanded: names.into_iter().map(str::to_owned).collect(),
            files: HashMap::new(),
        }
    }

    /// Reads what a step did to them.
    pub(super) fn step(
        &mut self,
        step: &IndexedStep<'_>,
        workspace: &Workspace,
        falls: &mut Vec<Fall>,
    ) {
        if self.demanded.is_empty() {
            return;
        }
        let mut gone = Vec::new();
        for (file, version) in workspace.written_by(step.id) {
            let name = file_name(&file.path);
            if !self.demanded.contains(name) {
                continue;
            }
            match version.operation {
                Operation::Delete if self.files.contains_key(name) => gone.push(file.path.clone()),
                // What a program wrote is known by name only.
                Operation::Delete | Operation::Program => {}
                operation => {
                    let whole = operation == Operation::Write;
                    let churn = Churn::of_file(workspace, file, step.id);
                    self.written(step, &file.path, churn, whole, falls);
                    gone.retain(|other| file_name(other) != name);
                }
            }
        }
        // What programs and other commands wrote is known by name only.
        for path in &step.reading.effect.writes {
            let name = file_name(path);
            if self.demanded.contains(name) && !gone.iter().any(|g| file_name(g) == name) {
                self.back(step, name, falls);
            }
        }
        if step.outcome.status == StepStatus::Ok {
            self.seen(step, &gone, falls);
        }
        for path in gone {
            self.removed(step, &path, falls);
        }
        let checks = |a: &Activity| matches!(a, Activity::Test | Activity::Run | Activity::Build);
        let asks = step.reading.activities.iter().any(checks)
            && !step.reading.activities.contains(&Activity::Edit);
        if asks && step.outcome.status != StepStatus::Unknown {
            // Only a check that has to do with a file says anything about it.
            for name in self.mentioned(step) {
                let Some(file) = self.files.get_mut(&name) else {
                    continue;
                };
                let replaced = file.replaced.take();
                if step.outcome.status == StepStatus::Ok {
                    file.passed = Some((step.id, of_action(&step.step)));
                } else if let Some(fall) = replaced {
                    file.open = Some(falls.len());
                    falls.push(fall);
                }
            }
        }
    }

    /// Ends the run: what was replaced and never checked again stays lost.
    pub(super) fn end(self, falls: &mut Vec<Fall>) {
        let mut left: Vec<Fall> = self
            .files
            .into_values()
            .filter_map(|f| f.replaced)
            .collect();
        left.sort_by(|a, b| {
            let key = |fall: &Fall| (fall.point.step_id, fall.point.why.clone());
            key(a).cmp(&key(b))
        });
        falls.extend(left);
    }

    /// What a step finds in place again, though no step is known to have written it.
    fn seen(&mut self, step: &IndexedStep<'_>, gone: &[String], falls: &mut [Fall]) {
        for name in self.mentioned(step) {
            let Some(file) = self.files.get_mut(&name).filter(|f| f.open.is_some()) else {
                continue;
            };
            if gone.iter().any(|path| file_name(path) == name) {
                continue;
            }
            let fall = file.open.take().and_then(|at| falls.get_mut(at));
            if let Some(fall) = fall.filter(|fall| fall.point.step_id < step.id) {
                fall.point.recovered_at = Some(step.id);
            }
        }
    }

    /// The files that a step's commands or effects name, in the order of their names: looked up, since a
    /// task may name more of them than a step has words.
    fn mentioned(&self, step: &IndexedStep<'_>) -> BTreeSet<String> {
        let words = step.reading.commands.iter().flat_map(|c| &c.args);
        let effect = &step.reading.effect;
        let names = words.chain(&effect.reads).chain(&effect.writes);
        names
            .map(|word| file_name(word))
            .filter(|name| self.files.contains_key(*name))
            .map(str::to_owned)
            .collect()
    }

    fn back(&mut self, step: &IndexedStep<'_>, name: &str, falls: &mut [Fall]) {
        let file = self.files.entry(name.to_owned()).or_insert(Handed {
            passed: None,
            replaced: None,
            open: None,
        });
        let removed = |fall: &Fall| fall.point.kind == TurningKind::DeliverableRemoved;
        if let Some(fall) = file.open.and_then(|at| falls.get_mut(at))
            && fall.point.step_id != step.id
            && removed(fall)
        {
            file.open = None;
            fall.point.recovered_at = Some(step.id);
        }
    }

    fn written(
        &mut self,
        step: &IndexedStep<'_>,
        path: &str,
        churn: Churn,
        whole: bool,
        falls: &mut [Fall],
    ) {
        let name = file_name(path);
        self.back(step, name, falls);
        let Some(file) = self.files.get_mut(name) else {
            return;
        };
        let lines = |n: u64| f64::from(u32::try_from(n).unwrap_or(u32::MAX));
        let lost = lines(churn.removed) / lines(churn.before.max(1));
        let passed = file.passed.take();
        if whole
            && lost > 1.0 - REPLACED
            && let Some((checked, proof)) = passed
        {
            file.replaced = Some(Fall {
                share: lost.min(1.0),
                point: TurningPoint {
                    step_id: step.id,
                    kind: TurningKind::DeliverableOverwritten,
                    why: format!("replaces `{path}`, which had worked at step {checked}"),
                    evidence: Vec::new(),
                    recovered_at: None,
                },
                cited: cite([of_action(&step.step), proof]),
            });
        }
    }

    fn removed(&mut self, step: &IndexedStep<'_>, path: &str, falls: &mut Vec<Fall>) {
        let Some(file) = self.files.get_mut(file_name(path)) else {
            return;
        };
        file.open = Some(falls.len());
        file.passed = None;
        falls.push(Fall {
            share: 1.0,
            point: TurningPoint {
                step_id: step.id,
                kind: TurningKind::DeliverableRemoved,
                why: format!("removes `{path}`, which the task names"),
                evidence: Vec::new(),
                recovered_at: None,
            },
            cited: cite([of_action(&step.step)]),
        });
    }
}
