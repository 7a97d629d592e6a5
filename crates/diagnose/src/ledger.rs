//! What was opened, and what the model noted.

use std::collections::{BTreeMap, BTreeSet};

use trace::StepId;

use crate::subject::Subject;

/// The evidence ledger: code keeps it, so that no model can say it read what it did not.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ledger {
    opened: BTreeSet<StepId>,
    tools: BTreeMap<String, u32>,
    notes: Vec<String>,
}

impl Ledger {
    /// Notes that a step's text was shown.
    pub fn open(&mut self, step: StepId) {
        self.opened.insert(step);
    }

    /// Notes that a tool was called.
    pub fn called(&mut self, tool: &str) {
        *self.tools.entry(tool.to_owned()).or_default() += 1;
    }

    /// Keeps a note or an open question of the model; survives compaction.
    pub fn note(&mut self, text: impl Into<String>) {
        self.notes.push(text.into());
    }

    /// The steps whose text was shown.
    #[must_use]
    pub fn opened(&self) -> &BTreeSet<StepId> {
        &self.opened
    }

    /// How often each tool was called.
    #[must_use]
    pub fn tools(&self) -> &BTreeMap<String, u32> {
        &self.tools
    }

    /// What the model noted.
    #[must_use]
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// Whether a step was opened.
    #[must_use]
    pub fn is_open(&self, step: StepId) -> bool {
        self.opened.contains(&step)
    }

    /// The stages of which a step was opened, by their ids.
    #[must_use]
    pub fn stages(&self, subject: &Subject<'_>) -> BTreeSet<u32> {
        let index = subject.index();
        let stages = self.opened.iter().filter_map(|step| index.stage_of(*step));
        stages.map(|stage| stage.id).collect()
    }
}
