//! Predictions for tasks that the model has not seen.

use std::collections::{BTreeMap, BTreeSet};

use localize::label::{incorrect_chances, incorrect_steps};
use localize::model::Model;
use localize::verdict::Judgement;
use rayon::prelude::*;
use trace::StepId;

use super::fold::folds;
use super::{Sample, Settings, fit};
use crate::prediction::Prediction;

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

    /// The part of a prediction that rests on the model's numbers.
    #[must_use]
    pub fn prediction(&self) -> Prediction {
        let ranked = self.judgement.ranked.iter();
        Prediction {
            run: self.sample.run.clone(),
            onset: Some(self.judgement.onset),
            candidates: Some(ranked.map(|(step, _)| *step).collect()),
            incorrect: Some(self.incorrect.clone()),
            confidence: Some(self.judgement.confidence),
            ..Prediction::default()
        }
    }
}

/// By task, the model that is fitted to everything else.
#[must_use]
pub fn models_by_task(samples: &[Sample], settings: &Settings) -> BTreeMap<String, Model> {
    let all: Vec<&Sample> = samples.iter().filter(|sample| sample.teaches()).collect();
    let mut models: BTreeMap<String, Model> = folds(&all)
        .into_par_iter()
        .filter_map(|(rest, held_out)| {
            let task = held_out.first()?.task.clone();
            Some((task, fit(&rest, settings)))
        })
        .collect();
    // Nothing is learned from a task without such labels: all the others are everything else.
    let tasks = samples.iter().map(|sample| &sample.task);
    let strange: BTreeSet<&String> = tasks.filter(|task| !models.contains_key(*task)).collect();
    if !strange.is_empty() {
        let whole = fit(&all, settings);
        models.extend(
            strange
                .into_iter()
                .map(|task| (task.clone(), whole.clone())),
        );
    }
    models
}

/// What each run's model, fitted without its task, says of it; in the order of the samples.
#[must_use]
pub fn cross_validate<'s>(samples: &'s [Sample], settings: &Settings) -> Vec<Unseen<'s>> {
    let models = models_by_task(samples, settings);
    let known = samples.iter().filter_map(|sample| {
        let model = models.get(&sample.task)?;
        Some(Unseen::new(sample, model))
    });
    known.collect()
}
