//! From suspicions to a diagnosis.

use std::collections::{BTreeMap, BTreeSet};

use analysis::{Index, injection};
use trace::{
    DIAGNOSIS_SCHEMA, Diagnosis, Engine, Injection, LabelVerdict, ObservedFailure, OnsetCandidate,
    StepId,
};

use crate::case::Case;
use crate::chain::chain;
use crate::error_type::{self, Accused};
use crate::evidence::of_passage;
use crate::explain::contributions;
use crate::findings::Findings;
use crate::label::{Incorrect, labels, quote};
use crate::model::Model;
use crate::summary::{advice, missing, summary};
use crate::verdict::Judgement;
use crate::{progress, suspicion, waste};

/// How many suspects a document names.
const CANDIDATES: usize = 10;

/// How many observed failures a document names.
const FAILURES: usize = 5;

/// What the caller decides about a diagnosis.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options {
    /// Hide the recorded outcome from the engine.
    pub blind: bool,
    /// Say of every suspect what its score is made of.
    pub explain: bool,
}

/// Diagnoses one run with the model that is shipped.
#[must_use]
pub fn diagnose(index: &Index<'_>, options: Options) -> Diagnosis {
    diagnose_with(index, options, Model::shipped())
}

/// Diagnoses one run with weights of the caller's choice.
#[must_use]
pub fn diagnose_with(index: &Index<'_>, options: Options, model: &Model) -> Diagnosis {
    diagnose_case(&Case::new(index), options, model)
}

/// Diagnoses one run that was put together before, for callers that go on to ask the case themselves.
#[must_use]
pub fn diagnose_case(case: &Case<'_>, options: Options, model: &Model) -> Diagnosis {
    let index = case.index;
    let t = index.trajectory;
    let findings = Findings::new(case, &model.onset.by_column());
    let resolved = t.outcome.resolved.filter(|_| !options.blind);
    let progress = progress::measure(case);
    let waste = waste::find(case, progress.peak.as_ref());
    let judged = Judgement::new(&findings.table, resolved, model);
    let shares = judged.shares();
    let onset = judged.onset;
    let accused = onset.and_then(|id| Some((id, findings.loudest(id)?)));
    let incorrect = Incorrect::new(&findings.table, model, onset);
    let labels = labels(index, &findings, &incorrect, &waste);
    let choice = onset.map(|step| {
        let signals = findings.signals(step);
        error_type::choose(
            case,
            Accused {
                step,
                signals: &signals,
            },
        )
    });
    let ids = |wanted| {
        labels
            .walk()
            .filter(|l| l.verdict == wanted)
            .map(|l| l.step_id)
            .collect()
    };
    Diagnosis {
        schema: DIAGNOSIS_SCHEMA.to_owned(),
        run_id: t.id.clone(),
        path: t.source.path.clone(),
        format: t.format.clone(),
        agent: t.agent.clone(),
        model: t.model.clone(),
        task: t.task.clone(),
        outcome: t.outcome.clone(),
        step_count: u32::try_from(t.steps.len()).unwrap_or(u32::MAX),
        nested_step_count: u32::try_from(t.nested_step_count()).unwrap_or(u32::MAX),
        change_steps: index.change_steps(),
        stages: suspicion::stages(case, &progress, |id| {
            shares.get(&id).copied().unwrap_or(0.0)
        }),
        verdict: judged.verdict,
        onset_step_id: onset,
        onset_candidates: candidates(case, &findings, &judged.ranked, model, options.explain),
        chain: accused.map_or_else(Vec::new, |(id, (_, s))| chain(case, id, s)),
        incorrect_step_ids: ids(LabelVerdict::Incorrect),
        unuseful_step_ids: ids(LabelVerdict::Unuseful),
        labels,
        error_type: choice.as_ref().map(|choice| choice.fault.error_type()),
        fault: choice.as_ref().map(|choice| choice.fault),
        error_type_rule: choice.as_ref().map(error_type::Choice::explained),
        turning_points: progress.turning_points(),
        waste: waste::account(case, &waste),
        peak: progress.peak,
        confidence: judged.confidence,
        summary: summary(
            case,
            &judged,
            resolved,
            accused.map(|(_, (_, seen))| seen),
            model.bars,
        ),
        advice: onset
            .zip(choice.as_ref())
            .map_or_else(String::new, |(step, choice)| {
                advice(step, choice.fault, judged.verdict)
            }),
        missing_evidence: missing(case, &judged, resolved, model.bars),
        failures: failures(case),
        failure_probability: judged.failed,
        injections: injections(index),
        used_outcome: resolved.is_some(),
        engine: Engine {
            name: "offline".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            ..Engine::default()
        },
    }
}

/// What shows at the end that the run failed.
fn failures(case: &Case<'_>) -> Vec<ObservedFailure> {
    let loudest = case.graph.failures().iter().take(FAILURES);
    loudest
        .map(|failure| ObservedFailure {
            kind: failure.kind.as_str().to_owned(),
            step_id: failure.step,
            strength: failure.strength,
            why: failure.why.clone(),
            evidence: quote(case.index, &failure.evidence),
        })
        .collect()
}

/// What in the run speaks to whoever judges it, with the words.
fn injections(index: &Index<'_>) -> Vec<Injection> {
    let found = injection::find(index).into_iter();
    found
        .filter_map(|found| {
            let step = index.trajectory.step(found.step)?;
            let cited = of_passage(&step, found.part, &found.span)?;
            Some(Injection {
                kind: found.kind,
                evidence: cited.quote(index)?,
            })
        })
        .collect()
}

/// The best suspects, with what their scores are made of where that is asked for.
fn candidates(
    case: &Case<'_>,
    findings: &Findings,
    ranked: &[(StepId, f64)],
    model: &Model,
    explained: bool,
) -> Vec<OnsetCandidate> {
    let best = &ranked[..ranked.len().min(CANDIDATES)];
    let steps: BTreeSet<StepId> = best.iter().map(|&(step, _)| step).collect();
    let mut parts = if explained {
        contributions(case, &findings.table, &steps, &model.onset.by_column())
    } else {
        BTreeMap::new()
    };
    let all = best.iter();
    all.map(|&(step_id, score)| OnsetCandidate {
        step_id,
        score,
        contributions: parts.remove(&step_id).unwrap_or_default(),
    })
    .collect()
}
