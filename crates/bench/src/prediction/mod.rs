//! What a system says about a run, whoever wrote the system.

mod read;
mod shape;

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use trace::{Diagnosis, Inquiry, StepId};

use crate::gold::{GoldStage, error_type};
use crate::spend::Asked;

#[cfg(test)]
pub(crate) use read::from_items;
pub use read::{from_text, load};

/// What one system says about one run. A thing it does not speak about is `None`; one it says is
/// empty is empty.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Prediction {
    /// The run's id.
    pub run: String,
    /// Where the run's artifacts are.
    pub path: Option<String>,
    /// Which of several goes at the same runs this is of.
    pub repetition: Option<u32>,
    /// The agent's name.
    pub agent: Option<String>,
    /// The model's name.
    pub model: Option<String>,
    /// How many steps it counted.
    pub step_count: Option<u32>,
    /// Inner `None`: it says there is no onset, or that it does not know.
    pub onset: Option<Option<StepId>>,
    /// Suspects for the onset, best first.
    pub candidates: Option<Vec<StepId>>,
    /// Steps it calls incorrect.
    pub incorrect: Option<BTreeSet<StepId>>,
    /// Steps it calls unuseful.
    pub unuseful: Option<BTreeSet<StepId>>,
    /// The stages it sees, in step order.
    pub stages: Option<Vec<GoldStage>>,
    /// Steps it says changed state.
    pub change_steps: Option<BTreeSet<StepId>>,
    /// Inner `None`: it names no kind of error.
    pub error_type: Option<Option<String>>,
    /// How sure it is of its verdict, between 0 and 1.
    pub confidence: Option<f64>,
    /// Tokens its model took.
    pub tokens: Option<f64>,
    /// US dollars its model took.
    pub cost_usd: Option<f64>,
    /// Wall time in seconds.
    pub seconds: Option<f64>,
    /// What asking its model took, where it says so.
    pub asked: Option<Asked>,
}

impl Prediction {
    /// The steps it suspects, best first: its candidates, or the onset alone.
    pub(crate) fn ranking(&self) -> Vec<StepId> {
        match &self.candidates {
            Some(candidates) => candidates.clone(),
            None => self.onset.flatten().into_iter().collect(),
        }
    }

    /// The step it holds responsible: the onset it names, or else its first incorrect step where it
    /// does not speak of onsets.
    pub(crate) fn responsible(&self) -> Option<StepId> {
        match self.onset {
            Some(onset) => onset,
            None => self.incorrect.as_ref()?.first().copied(),
        }
    }
}

/// Predictions apart by repetition, in order, each with its number: published reruns ask a model
/// several times, and two answers about one run are not one prediction.
#[must_use]
pub fn by_repetition(predictions: Vec<Prediction>) -> Vec<(Option<u32>, Vec<Prediction>)> {
    let mut apart: BTreeMap<Option<u32>, Vec<Prediction>> = BTreeMap::new();
    for prediction in predictions {
        let same = apart.entry(prediction.repetition).or_default();
        same.push(prediction);
    }
    apart.into_iter().collect()
}

impl From<&Diagnosis> for Prediction {
    fn from(diagnosis: &Diagnosis) -> Self {
        let candidates = diagnosis.onset_candidates.iter();
        #[expect(clippy::cast_precision_loss, reason = "a count of tokens")]
        let tokens = diagnosis.engine.tokens.map(|tokens| tokens as f64);
        Self {
            run: diagnosis.run_id.clone(),
            path: Some(diagnosis.path.clone()),
            repetition: None,
            agent: diagnosis.agent.clone(),
            model: diagnosis.model.clone(),
            step_count: Some(diagnosis.step_count),
            onset: Some(diagnosis.onset_step_id),
            candidates: Some(candidates.map(|candidate| candidate.step_id).collect()),
            incorrect: Some(diagnosis.incorrect_step_ids.iter().copied().collect()),
            unuseful: Some(diagnosis.unuseful_step_ids.iter().copied().collect()),
            stages: Some(
                diagnosis
                    .stages
                    .iter()
                    .map(|stage| GoldStage {
                        id: stage.stage_id,
                        start: stage.start,
                        end: stage.end,
                        phase: Some(stage.phase),
                    })
                    .collect(),
            ),
            change_steps: Some(diagnosis.change_steps.iter().copied().collect()),
            error_type: Some(diagnosis.error_type.map(|kind| error_type(kind.as_str()))),
            confidence: Some(diagnosis.confidence),
            tokens,
            cost_usd: diagnosis.engine.cost_usd,
            seconds: diagnosis.engine.seconds,
            asked: diagnosis.engine.inquiry.as_deref().map(asked),
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts of tokens")]
fn asked(inquiry: &Inquiry) -> Asked {
    Asked {
        calls: f64::from(inquiry.calls),
        input_tokens: inquiry.input_tokens as f64,
        cached_tokens: inquiry.cached_tokens as f64,
        output_tokens: inquiry.output_tokens as f64,
    }
}

#[cfg(test)]
mod tests;
