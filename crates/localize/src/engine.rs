//! From suspicions to a diagnosis.

use std::collections::{BTreeMap, BTreeSet};

use analysis::Index;
use trace::{
    DIAGNOSIS_SCHEMA, Diagnosis, Engine, ErrorType, LabelVerdict, OnsetCandidate, StageSpan,
    StepId, Verdict,
};

use crate::case::Case;
use crate::chain::chain;
use crate::column::columns;
use crate::explain::contributions;
use crate::findings::Findings;
use crate::label::{incorrect_steps, labels};
use crate::model::Model;
use crate::verdict::Judgement;

/// How many suspects a document names.
const CANDIDATES: usize = 10;

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
    let t = index.trajectory;
    let case = Case::new(index);
    let findings = Findings::new(&case, &model.onset.by_column());
    let resolved = t.outcome.resolved.filter(|_| !options.blind);
    let judged = Judgement::new(&findings.table, resolved, model);
    let onset = judged.onset;
    let accused = onset.and_then(|id| Some((id, findings.loudest(id)?)));
    let incorrect = incorrect_steps(&findings.table, model, onset);
    let unuseful = redundant(&findings, index);
    let labels = labels(index, &findings, &incorrect, &unuseful);
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
        stages: stages(index, &judged.ranked),
        verdict: judged.verdict,
        onset_step_id: onset,
        onset_candidates: candidates(&case, &findings, &judged.ranked, model, options.explain),
        chain: accused.map_or_else(Vec::new, |(id, (_, s))| chain(&case, id, s)),
        incorrect_step_ids: ids(LabelVerdict::Incorrect),
        unuseful_step_ids: ids(LabelVerdict::Unuseful),
        labels,
        error_type: accused.map(|(_, (column, _))| {
            error_type(columns().get(column).copied().unwrap_or_default())
        }),
        fault: None,
        error_type_rule: None,
        peak: None,
        turning_points: Vec::new(),
        waste: trace::Waste::default(),
        confidence: judged.confidence,
        summary: match accused {
            Some((id, (_, s))) => format!("The run first goes wrong at step {id}: {}.", s.why),
            None if judged.verdict == Verdict::NoFailure => "The recorded check passed.".to_owned(),
            None => "The evidence does not suffice to name a failure.".to_owned(),
        },
        advice: accused.map_or_else(String::new, |(id, _)| {
            format!("Go back to step {id}, check its result at once, and correct it before building on it.")
        }),
        used_outcome: resolved.is_some(),
        engine: Engine {
            name: "offline".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            ..Engine::default()
        },
    }
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

/// The explorations that told nothing new.
fn redundant(findings: &Findings, index: &Index<'_>) -> BTreeSet<StepId> {
    let repeats = columns().iter().position(|name| *name == "repetition");
    let rows = findings.table.rows.iter();
    rows.filter(|row| repeats.is_some_and(|column| row.strength(column) > 0.0))
        .filter(|row| {
            index
                .step(row.step)
                .is_some_and(|s| !s.reading.effect.kind.is_change())
        })
        .map(|row| row.step)
        .collect()
}

pub(crate) fn error_type(signal: &str) -> ErrorType {
    match signal {
        "repetition" => ErrorType::UnproductiveLooping,
        "unverified_change" | "false_claim" => ErrorType::VerificationMisinterpretation,
        "rejected_edit" => ErrorType::MislocalisedEdit,
        _ => ErrorType::IncorrectHypothesis,
    }
}

fn stages(index: &Index<'_>, ranked: &[(StepId, f64)]) -> Vec<StageSpan> {
    let mut spans: Vec<StageSpan> = index
        .stages
        .iter()
        .map(|stage| StageSpan {
            stage_id: stage.id,
            start: stage.start,
            end: stage.end,
            phase: stage.phase,
            suspicion: 0.0,
            features: trace::StageFeatures::default(),
        })
        .collect();
    for &(step, share) in ranked {
        let at = spans.partition_point(|span| span.end < step);
        if let Some(span) = spans.get_mut(at) {
            span.suspicion += share;
        }
    }
    let most = spans.iter().map(|s| s.suspicion).fold(0.0, f64::max);
    if most > 0.0 {
        for span in &mut spans {
            span.suspicion /= most;
        }
    }
    spans
}
