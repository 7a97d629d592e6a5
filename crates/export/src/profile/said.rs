//! What a document says of each step.

use std::collections::{BTreeMap, BTreeSet};

use trace::{ChainLink, ChainRole, Diagnosis, Held, Label, LabelVerdict, StepId};

use crate::ExportError;

/// A document whose steps are known to exist, by step.
pub(super) struct Said<'d> {
    pub(super) diagnosis: &'d Diagnosis,
    pub(super) incorrect: BTreeSet<StepId>,
    pub(super) unuseful: BTreeSet<StepId>,
    /// Where the label of a step stands; that of an incorrect step before one of an unuseful.
    labels: BTreeMap<StepId, usize>,
    links: BTreeMap<StepId, &'d ChainLink>,
    shares: BTreeMap<StepId, f64>,
}

impl<'d> Said<'d> {
    /// Takes a document; refuses one that names steps its run does not have.
    pub(super) fn new(diagnosis: &'d Diagnosis) -> Result<Self, ExportError> {
        let mut labels = BTreeMap::new();
        for (at, label) in diagnosis.labels.walk().enumerate() {
            if label.verdict == LabelVerdict::Incorrect {
                labels.insert(label.step_id, at);
            } else {
                labels.entry(label.step_id).or_insert(at);
            }
        }
        // An onset is a wrong decision, whoever named it.
        let onset = diagnosis.onset_step_id;
        let incorrect = diagnosis.incorrect_step_ids.iter().copied().chain(onset);
        let mut links: BTreeMap<StepId, &ChainLink> = BTreeMap::new();
        for link in &diagnosis.chain {
            links.entry(link.step_id).or_insert(link);
        }
        let candidates = diagnosis.onset_candidates.iter();
        let said = Self {
            diagnosis,
            incorrect: incorrect.collect(),
            unuseful: diagnosis.unuseful_step_ids.iter().copied().collect(),
            labels,
            links,
            shares: candidates.map(|c| (c.step_id, c.score)).collect(),
        };
        said.check()?;
        Ok(said)
    }

    fn check(&self) -> Result<(), ExportError> {
        let steps = self.diagnosis.step_count;
        let labelled = self.incorrect.iter().chain(&self.unuseful);
        let named = labelled.chain(self.labels.keys()).chain(self.links.keys());
        for &step in named {
            // A document that was read from JSON may hold a zero.
            if step.get() == 0 || step.get() > steps {
                return Err(ExportError::NoSuchStep { step, steps });
            }
        }
        Ok(())
    }

    /// The label of a step.
    pub(super) fn label(&self, step: StepId) -> Option<Held<'d, Label>> {
        self.diagnosis.labels.get(*self.labels.get(&step)?)
    }

    /// Its station in the chain.
    pub(super) fn link(&self, step: StepId) -> Option<&'d ChainLink> {
        self.links.get(&step).copied()
    }

    /// The part it plays in the chain.
    pub(super) fn role(&self, step: StepId) -> Option<ChainRole> {
        self.link(step).map(|link| link.role)
    }

    /// Its share of the suspicion; 0 for a step that is no suspect.
    pub(super) fn share(&self, step: StepId) -> f64 {
        self.shares.get(&step).copied().unwrap_or(0.0)
    }

    /// Who judged, in one line.
    pub(super) fn engine(&self) -> String {
        let engine = &self.diagnosis.engine;
        let named = [engine.name.as_str(), engine.version.as_str()];
        let model = engine.model.as_deref();
        let parts: Vec<&str> = named.into_iter().chain(model).collect();
        parts.join(" ")
    }

    /// Whether labels that waited in a file could not be read back.
    pub(super) fn is_damaged(&self) -> bool {
        self.diagnosis.labels.is_damaged()
    }
}
