//! Predictions for tasks that the model has not seen.

use std::collections::BTreeSet;

use localize::label::{incorrect_chances, incorrect_steps};
use localize::model::Model;
use localize::verdict::Judgement;
use rayon::prelude::*;
use trace::StepId;

use super::fold::folds;
use super::{Sample, Settings, fit};

/// What the model says of a run whose task it has not seen.
#[derive(Debug, Clone)]
pub struct Unseen<'s> {
    /// The run.
    pub sample: &'s Sample,
    /// With the recorded outcome, where there is one.
    pub judgement: Judgement,
    /// Without it.
    pub blind: Judgement,
    /// How probable it is of each row that its step is incorrect.
    pub chances: Vec<f64>,
    /// The steps that are labelled incorrect.
    pub incorrect: BTreeSet<StepId>,
}

impl<'s> Unseen<'s> {
    /// What `model` says of a run.
    #[must_use]
    pub fn new(sample: &'s Sample, model: &Model) -> Self {
        let judgement = Judgement::new(&sample.table, sample.resolved, model);
        Self {
            sample,
            blind: Judgement::new(&sample.table, None, model),
            chances: incorrect_chances(&sample.table, model),
            incorrect: incorrect_steps(&sample.table, model, judgement.onset),
            judgement,
        }
    }
}

/// Leaves out one task after the other, fits everything again without it, and predicts its runs; in
/// the order of the tasks, and within one in that of the samples.
#[must_use]
pub fn cross_validate<'s>(samples: &[&'s Sample], settings: &Settings) -> Vec<Unseen<'s>> {
    folds(samples)
        .into_par_iter()
        .flat_map_iter(|(rest, held_out)| {
            let model = fit(&rest, settings);
            let predict = move |sample| Unseen::new(sample, &model);
            held_out.into_iter().map(predict)
        })
        .collect()
}
