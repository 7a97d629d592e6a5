//! The rules a conclusion must stand, enforced by code: the model may say what it likes.
//!
//! A rule is a file here and a line in [`rules`]. It looks at the claims, or at the verdict as a whole,
//! and says in words the model can act on what is wrong.

mod answered;
mod backed;
mod decided;
mod discreet;
mod existing;
mod explored;
mod fitting;
mod neighbour;
mod one_label;
mod one_onset;
mod opened;
mod order;
mod outcome;
mod quoted;
mod seen;
mod stages;
mod telling;
mod told;
mod unbribed;
mod uninjected;

mod examination;

use trace::{DroppedClaim, Evidence, StepId};

use crate::conclusion::{ClaimKind, Conclusion};
use crate::ledger::Ledger;
use crate::subject::Subject;

pub use examination::{Examination, Examined, Fault, On};

/// One thing that must hold.
#[derive(Debug, Clone, Copy)]
pub struct Rule {
    /// Its name, as it stands in documents.
    pub name: &'static str,
    /// What is wrong by it; nothing when it holds.
    pub judge: fn(&Examination<'_, '_>) -> Vec<Fault>,
}

/// Every rule. Those that look at one claim by itself come first, then those that hold claims against
/// each other, then those about the verdict and the words around it: each sees what the ones before left standing.
#[must_use]
pub fn rules() -> &'static [Rule] {
    &[
        existing::RULE,
        opened::RULE,
        neighbour::RULE,
        quoted::RULE,
        telling::RULE,
        uninjected::RULE,
        discreet::RULE,
        unbribed::RULE,
        explored::RULE,
        decided::RULE,
        seen::RULE,
        one_onset::RULE,
        one_label::RULE,
        order::RULE,
        fitting::RULE,
        stages::RULE,
        outcome::RULE,
        backed::RULE,
        answered::RULE,
        told::RULE,
    ]
}

/// What of a conclusion stands, and what is wrong with the rest.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Checked {
    /// The claims that stand, in the order in which they were made.
    pub standing: Vec<Proven>,
    /// What is wrong, by claim and rule.
    pub faults: Vec<DroppedClaim>,
    /// True when the verdict itself cannot be taken.
    pub refused: bool,
}

/// A claim whose step was opened and whose words are there.
#[derive(Debug, Clone, PartialEq)]
pub struct Proven {
    /// What is claimed.
    pub kind: ClaimKind,
    /// The step.
    pub step: StepId,
    /// The model's sentence.
    pub why: String,
    /// The words, as they stand in the run.
    pub evidence: Evidence,
}

impl Checked {
    /// The onset, if it stands.
    #[must_use]
    pub fn onset(&self) -> Option<&Proven> {
        self.of(ClaimKind::Onset).next()
    }

    /// Whether one of the texts cannot be taken: `summary`, `advice`, `differs`. None can where the model
    /// stayed with what is made up, steps there are none of or quotations that stand nowhere: sentences
    /// cannot be held against the run, and these may say the same.
    #[must_use]
    pub fn has_fallen(&self, words: &str) -> bool {
        let made_up = [existing::RULE.name, quoted::RULE.name];
        self.faults
            .iter()
            .any(|fault| fault.claim == words || made_up.contains(&fault.rule.as_str()))
    }

    /// Why the verdict cannot be taken, if it cannot.
    #[must_use]
    pub fn refusal(&self) -> Option<String> {
        let faults = self.faults.iter();
        let verdict = faults.filter(|fault| fault.claim.starts_with("verdict "));
        let why: Vec<&str> = verdict.map(|fault| fault.why.as_str()).collect();
        self.refused.then(|| why.join("; "))
    }

    /// The claims of one kind that stand.
    pub fn of(&self, kind: ClaimKind) -> impl Iterator<Item = &Proven> {
        self.standing
            .iter()
            .filter(move |proven| proven.kind == kind)
    }
}

/// Holds a conclusion against the run and against what was opened.
#[must_use]
pub fn check(conclusion: &Conclusion, subject: &Subject<'_>, ledger: &Ledger) -> Checked {
    let mut examination = Examination::new(conclusion, subject, ledger);
    let mut faults = Vec::new();
    let mut refused = false;
    for rule in rules() {
        for fault in (rule.judge)(&examination) {
            refused |= fault.on == On::Verdict;
            let claim = examination.fell(fault.on);
            faults.push(DroppedClaim {
                claim,
                rule: rule.name.to_owned(),
                why: fault.why,
            });
        }
    }
    Checked {
        standing: examination.proven(),
        faults,
        refused,
    }
}
