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

use trace::{Peak, Spent, StepId, Waste, WasteCause, WasteShare};

use crate::case::Case;
use crate::evidence::Citation;

/// Why a step was for nothing.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// The cause it is counted under.
    pub cause: WasteCause,
    /// True when the step only looked: then it is a redundant exploration.
    pub explored: bool,
    /// One sentence.
    pub why: String,
    /// What the reader can open to check it.
    pub evidence: Vec<Citation>,
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
            .filter(|(_, finding)| finding.explored && finding.cause != WasteCause::AfterPeak)
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
        let after = case.index.steps().skip(peak.held_until.index() + 1);
        for step in after {
            let finding = Finding {
                cause: WasteCause::AfterPeak,
                explored: !step.reading.effect.kind.is_change(),
                why: format!(
                    "comes after step {}, the last at which the task was closest to done",
                    peak.held_until
                ),
                evidence: Vec::new(),
            };
            findings.add(step.id, finding);
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
