//! The rules a conclusion must stand, enforced by code: the model may say what it likes.

mod evidence;
mod inspected;
mod stages;
mod verdict;

use trace::{DroppedClaim, Evidence, StepId};

use crate::conclusion::Conclusion;
use crate::ledger::Ledger;
use crate::subject::Subject;

/// What of a conclusion stands, and what is wrong with the rest.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Checked {
    /// The onset, if it stands.
    pub onset: Option<Proven>,
    /// Chain links that stand, by their place in the conclusion.
    pub chain: Vec<(usize, Proven)>,
    /// Incorrect steps that stand.
    pub incorrect: Vec<Proven>,
    /// Unuseful steps that stand.
    pub unuseful: Vec<Proven>,
    /// What backs a verdict without onset.
    pub evidence: Vec<Proven>,
    /// What is wrong, a claim each.
    pub faults: Vec<DroppedClaim>,
    /// True when the verdict itself cannot be taken.
    pub refused: bool,
}

/// A claim whose step was opened and whose words are there.
#[derive(Debug, Clone, PartialEq)]
pub struct Proven {
    /// The step.
    pub step: StepId,
    /// The model's sentence.
    pub why: String,
    /// The words, as they stand in the run.
    pub evidence: Evidence,
}

impl Checked {
    fn fault(&mut self, claim: impl Into<String>, why: impl Into<String>) {
        self.faults.push(DroppedClaim {
            claim: claim.into(),
            why: why.into(),
        });
    }
}

/// Holds a conclusion against the run and against what was opened.
#[must_use]
pub fn check(conclusion: &Conclusion, subject: &Subject<'_>, ledger: &Ledger) -> Checked {
    let mut checked = Checked::default();
    let prove = |claim, name: &str, checked: &mut Checked| {
        let proven = inspected::check(claim, subject, ledger)
            .and_then(|step| evidence::check(claim, step, subject, ledger));
        proven
            .map_err(|why| checked.fault(format!("{name} {}", claim.step), why))
            .ok()
    };
    if let Some(onset) = &conclusion.onset {
        checked.onset = prove(onset, "onset", &mut checked);
    }
    for (at, link) in conclusion.chain.iter().enumerate() {
        if let Some(proven) = prove(&link.claim, link.role.as_str(), &mut checked) {
            checked.chain.push((at, proven));
        }
    }
    for claim in &conclusion.incorrect {
        let proven = prove(claim, "incorrect", &mut checked);
        checked.incorrect.extend(proven);
    }
    for claim in &conclusion.unuseful {
        let proven = prove(claim, "unuseful", &mut checked);
        checked.unuseful.extend(proven);
    }
    for claim in &conclusion.evidence {
        let proven = prove(claim, "evidence", &mut checked);
        checked.evidence.extend(proven);
    }
    for rule in [stages::check, verdict::check] {
        if let Err(why) = rule(conclusion, subject, ledger, &checked) {
            checked.fault(format!("verdict {}", conclusion.verdict.as_str()), why);
            checked.refused = true;
        }
    }
    checked
}
