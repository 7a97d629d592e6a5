//! How a demand stands, and what every step did for it.

use serde::Serialize;
use trace::StepId;

use crate::evidence::Citation;

/// Touches and turns beyond this many are not kept for a demand, but the last one always is.
const MOST_KEPT: usize = 96;

/// How a demand stands at the end of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// The run did what is demanded, and nothing it did later took it back.
    Met,
    /// The run worked on it and what it did does not meet it, or no longer does.
    Unmet,
    /// The run did something else in its place, or what is forbidden.
    Contradicted,
    /// No step did anything for it.
    NeverTouched,
}

/// What a step did for a demand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TouchKind {
    /// The thought names it.
    Mentions,
    /// The step reads it.
    Reads,
    /// The step writes it.
    Writes,
    /// The step runs it, or runs what makes it.
    Executes,
    /// The step takes it away.
    Removes,
    /// The step's output shows that it is met.
    VerifiesPassing,
    /// The step's output shows that it is not met.
    VerifiesFailing,
}

/// One step that did something for a demand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Touch {
    /// The step.
    pub step_id: StepId,
    /// What it did.
    pub kind: TouchKind,
}

/// A step with what it shows about a demand.
#[derive(Debug, Clone, PartialEq)]
pub struct Mark {
    /// The step.
    pub step: StepId,
    /// One clause that says what was seen.
    pub why: String,
    /// What can be opened to check it.
    pub evidence: Option<Citation>,
}

/// A demand that was met and then was no longer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Fall {
    /// The demand's number.
    pub demand: u16,
    /// The step that met it.
    pub met: StepId,
    /// The step that broke it.
    pub fell: StepId,
    /// The first later step that met it again; `None` when none did.
    pub regained: Option<StepId>,
}

/// How one demand stands, with its history.
#[derive(Debug, Clone, Default)]
pub struct Standing {
    /// The step that settled how it stands, and how; `None` when no step touched it.
    pub settled: Option<Mark>,
    /// The first step whose output shows that it is not met: a failing check, test or command.
    pub wrong: Option<Mark>,
    /// The first step that put something else where it belongs: another path or spelling. It counts as
    /// long as the demand is not met.
    pub instead: Option<Mark>,
    /// A made-up or lesser result that now stands in its place.
    pub substitute: Option<Mark>,
    /// A forbidden deed; it cannot be undone.
    pub broken: Option<Mark>,
    /// The first step that worked on it: wrote, ran or removed.
    pub begun: Option<StepId>,
    /// The last step whose words claim success and name it.
    pub claimed: Option<Mark>,
    touches: Vec<Touch>,
    turns: Vec<(StepId, bool)>,
    met: bool,
}

impl Standing {
    /// A demand that is met as long as nothing breaks it.
    pub(super) fn kept() -> Self {
        Self {
            met: true,
            ..Self::default()
        }
    }

    /// Whether it is met as far as the run has been read.
    #[must_use]
    pub fn is_met(&self) -> bool {
        self.met && self.broken.is_none()
    }

    /// How it stands.
    #[must_use]
    pub fn state(&self) -> State {
        let worked = self.begun.is_some();
        if self.broken.is_some() || self.substitute.is_some() {
            State::Contradicted
        } else if self.met {
            State::Met
        } else if self.instead.is_some() {
            State::Contradicted
        } else if worked || self.wrong.is_some() || !self.turns.is_empty() {
            State::Unmet
        } else {
            State::NeverTouched
        }
    }

    /// The step that tells why it stands as it does.
    #[must_use]
    pub fn told_by(&self) -> Option<&Mark> {
        let stands = match self.state() {
            State::Contradicted => self
                .broken
                .as_ref()
                .or(self.substitute.as_ref())
                .or(self.instead.as_ref()),
            State::Met | State::Unmet => None,
            State::NeverTouched => return None,
        };
        stands.or(self.settled.as_ref())
    }

    /// What steps did for it, in order: the first of them, and the last.
    #[must_use]
    pub fn touches(&self) -> &[Touch] {
        &self.touches
    }

    /// Whether it was met after a step.
    #[must_use]
    pub fn ever_met(&self) -> bool {
        self.turns.iter().any(|(_, met)| *met)
    }

    /// Whether it was met as the run stood after a step.
    #[must_use]
    pub fn met_after(&self, step: StepId) -> bool {
        let at = self.turns.partition_point(|(turned, _)| *turned <= step);
        let before = at.checked_sub(1).and_then(|at| self.turns.get(at));
        // Before its first turn it stands as it began: the other way round.
        let met = match (before, self.turns.first()) {
            (Some((_, met)), _) => *met,
            (None, Some((_, first))) => !first,
            (None, None) => self.met,
        };
        let broken = self.broken.as_ref().is_some_and(|mark| mark.step <= step);
        met && !broken
    }

    pub(super) fn touch(&mut self, step_id: StepId, kind: TouchKind) {
        let works = matches!(
            kind,
            TouchKind::Writes | TouchKind::Executes | TouchKind::Removes
        );
        if works && self.begun.is_none() {
            self.begun = Some(step_id);
        }
        let touch = Touch { step_id, kind };
        if self.touches.contains(&touch) && self.touches.last() == Some(&touch) {
            return;
        }
        if self.touches.len() >= MOST_KEPT {
            self.touches.pop();
        }
        self.touches.push(touch);
    }

    /// The demand turns met or unmet, or stays so with newer proof. True when it turned.
    pub(super) fn turn(&mut self, met: bool, mark: Mark) -> bool {
        let turned = self.met != met;
        if turned {
            if self.turns.len() >= MOST_KEPT {
                // Two at once, so that they keep alternating.
                self.turns.truncate(MOST_KEPT - 2);
            }
            self.turns.push((mark.step, met));
            self.met = met;
        }
        if turned || self.settled.is_none() {
            self.settled = Some(mark);
        }
        turned
    }

    /// The times it fell from being met.
    pub(super) fn falls(&self, demand: u16) -> Vec<Fall> {
        let fell = self.turns.windows(2).filter(|pair| pair[0].1 && !pair[1].1);
        fell.map(|pair| Fall {
            demand,
            met: pair[0].0,
            fell: pair[1].0,
            regained: self
                .turns
                .iter()
                .find(|(step, met)| *met && *step > pair[1].0)
                .map(|(step, _)| *step),
        })
        .collect()
    }
}
