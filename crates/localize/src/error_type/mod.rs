//! Why a step is called the kind of error it is.
//!
//! Rules look at the step itself, at what followed it, at the agent's words and at the signals that
//! spoke, in the order of how sure they are. The first that holds chooses the [`Fault`]; the six error
//! types of the paper are a projection of it. Where none holds the step acted on a wrong belief, which
//! is what most onsets are.

mod rules;

use trace::{Fault, StepId};

use crate::case::Case;

/// What the choice rests on, beside the run itself.
#[derive(Debug, Clone, Copy)]
pub struct Accused<'s> {
    /// The step.
    pub step: StepId,
    /// The names of the signals that speak against it.
    pub signals: &'s [&'static str],
}

/// The kind of error a step is, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// The kind.
    pub fault: Fault,
    /// The rule that chose it, such as `missing_dependency`.
    pub rule: &'static str,
    /// What the rule saw, in one clause.
    pub why: String,
}

impl Choice {
    /// The rule and what it saw, as the document tells them.
    #[must_use]
    pub fn explained(&self) -> String {
        format!("{}: {}", self.rule, self.why)
    }
}

/// Chooses the kind of error of one step. Reads the run from the step on at most once.
#[must_use]
pub fn choose(case: &Case<'_>, accused: Accused<'_>) -> Choice {
    rules::first(case, accused).unwrap_or(Choice {
        fault: Fault::IncorrectHypothesis,
        rule: "wrong_belief",
        why: "the usual kind; nothing shows a narrower one".to_owned(),
    })
}
