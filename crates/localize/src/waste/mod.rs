//! Work that was for nothing: which steps, why, and what they cost.
//!
//! Steps are counted once, under the first cause of [`WasteCause`] that holds for them. The steps that
//! only looked and learned nothing are the *unuseful* ones of the paper; they and the waste come from
//! the same findings.

mod cost;
mod novelty;
mod repeat;
mod reverted;

use std::collections::BTreeMap;

use analysis::Index;
use trace::{Peak, Spent, StepId, Waste, WasteCause, WasteShare};

use crate::case::Case;
use crate::evidence::{Citation, of_action};

/// Why a step was for nothing.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// The cause it is counted under.
    pub cause: WasteCause,
    /// True when the step only looked: then it is a redundant exploration.
    pub explored: bool,
    /// What shows it.
    pub reason: Reason,
    /// What the step's answer shows of it, beside its action.
    pub shown: Option<Citation>,
}

/// What shows that a step was for nothing. Kept small: a long run has many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// It does what this step did and gets the same answer.
    SameAnswer(StepId),
    /// It tries what failed at this step and fails the same way.
    FailsAgain(StepId),
    /// It fails by the same error as this step, with nothing changed since.
    SameError(StepId),
    /// It calls a program that this step had shown to be missing.
    MissingProgram(StepId),
    /// It shows nothing that was not known before.
    NothingNew,
    /// It neither looks at anything nor changes it.
    Idle,
    /// It brings up this many new words and nothing comes back to one of them.
    Unused(u32),
    /// Nothing is left of the lines it wrote.
    Undone {
        /// How many there were.
        lines: u32,
        /// The step that took the last of them away.
        by: StepId,
    },
    /// It comes after the last step at which the task was closest to done.
    AfterPeak(StepId),
}

impl Reason {
    /// The reason as a clause.
    #[must_use]
    pub fn why(self) -> String {
        match self {
            Self::SameAnswer(step) => {
                format!("does what step {step} did and gets the same answer")
            }
            Self::FailsAgain(step) => {
                format!("tries what failed at step {step} and fails the same way")
            }
            Self::SameError(step) => {
                format!("fails by the same error as step {step} with nothing changed since")
            }
            Self::MissingProgram(step) => {
                format!("calls a program that step {step} had shown to be missing")
            }
            Self::NothingNew => "shows nothing that was not known before it".to_owned(),
            Self::Idle => "neither looks at anything nor changes it".to_owned(),
            Self::Unused(words) => format!(
                "brings up {words} new words and nothing in the run comes back to one of them"
            ),
            Self::Undone { lines, by } => {
                format!("nothing of the {lines} lines it wrote is left after step {by}")
            }
            Self::AfterPeak(step) => {
                format!("comes after step {step}, the last at which the task was closest to done")
            }
        }
    }
}

impl Finding {
    /// What the reader can open to check it: the step's action, what its answer shows, and the step
    /// that undid it.
    #[must_use]
    pub fn evidence(&self, index: &Index<'_>, step: StepId) -> Vec<Citation> {
        let action = |id| index.step(id).and_then(|step| of_action(&step.step));
        let undone = match self.reason {
            Reason::Undone { by, .. } => action(by),
            _ => None,
        };
        let cited = [action(step), self.shown.clone(), undone];
        cited.into_iter().flatten().collect()
    }
}

/// All findings of a run.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Findings {
    /// By step; steps without a finding were of use, or nothing shows that they were not.
    pub steps: BTreeMap<StepId, Finding>,
}

impl Findings {
    /// Adds a finding unless a surer one holds for the step already.
    fn add(&mut self, step: StepId, finding: Finding) {
        let known = self.steps.get(&step);
        if known.is_none_or(|known| finding.cause < known.cause) {
            self.steps.insert(step, finding);
        }
    }

    /// The redundant explorations: steps that only looked and learned nothing.
    pub fn unuseful(&self) -> impl Iterator<Item = (StepId, &Finding)> {
        self.steps
            .iter()
            .filter(|(_, finding)| finding.explored)
            .map(|(step, finding)| (*step, finding))
    }
}

/// Finds the steps that were for nothing; linear in the size of the run.
#[must_use]
pub fn find(case: &Case<'_>, peak: Option<&Peak>) -> Findings {
    let mut findings = Findings::default();
    repeat::find(case, &mut findings);
    novelty::find(case, &mut findings);
    reverted::find(case, &mut findings);
    if let Some(peak) = peak {
        for at in peak.held_until.index() + 1..case.index.len() {
            let finding = Finding {
                cause: WasteCause::AfterPeak,
                explored: false,
                reason: Reason::AfterPeak(peak.held_until),
                shown: None,
            };
            findings.add(StepId::from_index(at), finding);
        }
    }
    findings
}

/// What the findings cost.
#[must_use]
pub fn account(case: &Case<'_>, findings: &Findings) -> Waste {
    let costs = cost::Costs::new(case.index.trajectory);
    let mut waste = Waste {
        shared_evenly: costs.shared_evenly(),
        ..Waste::default()
    };
    let mut shares: BTreeMap<WasteCause, (Spent, Vec<StepId>)> = BTreeMap::new();
    for (step, spent) in costs.walk() {
        add(&mut waste.total, &spent);
        if let Some(finding) = findings.steps.get(&step) {
            add(&mut waste.wasted, &spent);
            let share = shares.entry(finding.cause).or_default();
            add(&mut share.0, &spent);
            share.1.push(step);
        }
    }
    waste.causes = shares
        .into_iter()
        .map(|(cause, (spent, step_ids))| WasteShare {
            cause,
            spent,
            step_ids,
        })
        .collect();
    waste
}

fn add(sum: &mut Spent, more: &Spent) {
    sum.steps = sum.steps.saturating_add(more.steps);
    sum.usage.add(&more.usage);
    sum.seconds = match (sum.seconds, more.seconds) {
        (Some(a), Some(b)) => Some(a + b),
        (a, b) => a.or(b),
    };
}
