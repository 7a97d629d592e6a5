//! From suspicions to a diagnosis.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use analysis::Index;
use analysis::activity::Activity;
use trace::{
    ChainLink, ChainRole, DIAGNOSIS_SCHEMA, Diagnosis, Engine, ErrorType, Evidence, Label,
    LabelVerdict, Labels, OnsetCandidate, StepId, Verdict,
};

use crate::blame::file_name;
use crate::case::Case;
use crate::error_type::{self, Accused};
use crate::evidence::{Citation, of_action};
use crate::progress;
use crate::signal::{Suspicion, signals};
use crate::suspicion;
use crate::waste::{self, Findings};

/// How much each signal counts; see the comments in the file.
const WEIGHTS: &str = include_str!("weights.toml");
/// The weights by the signal's name, read once.
static BY_NAME: LazyLock<BTreeMap<String, f64>> =
    LazyLock::new(|| toml::from_str(WEIGHTS).unwrap_or_default());
/// Scores from which a run without a recorded outcome is called failed, and a step incorrect.
const STRONG: f64 = 0.45;
/// Scores that differ by less count as equal; then the earlier step is preferred.
const NEAR: f64 = 0.1;
/// Not calibrated: about the share of runs with a labelled onset in which the offline engine names
/// exactly that step (5 of 30 development runs).
const CONFIDENCE: f64 = 0.15;

/// What the caller decides about a diagnosis.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options {
    /// Hide the recorded outcome from the engine.
    pub blind: bool,
}

/// What is held against one step.
#[derive(Default)]
struct Charge {
    /// Everything held against the step.
    score: f64,
    /// The part of it that speaks for a failure.
    fault: f64,
    /// The signals that speak against it.
    signals: Vec<&'static str>,
    /// What the one that speaks loudest saw, and how loud.
    strongest: Option<(&'static str, f64, Suspicion)>,
}

/// Diagnoses one run.
#[must_use]
pub fn diagnose(index: &Index<'_>, options: Options) -> Diagnosis {
    let t = index.trajectory;
    let case = Case::new(index);
    let charges = charge(&case);
    let progress = progress::measure(&case);
    let waste = waste::find(&case, progress.peak.as_ref());
    let ranked = rank(index, &charges);
    let resolved = t.outcome.resolved.filter(|_| !options.blind);
    let best = ranked.first().copied();
    let fault = charges
        .values()
        .map(|charge| charge.fault)
        .fold(0.0, f64::max);
    let verdict = match (resolved, best) {
        (Some(true), _) => Verdict::NoFailure,
        (Some(false), Some(_)) => Verdict::FailureFound,
        (None, Some(_)) if fault >= STRONG => Verdict::FailureFound,
        _ => Verdict::Undecided,
    };
    let onset = best
        .filter(|_| verdict == Verdict::FailureFound)
        .map(|(id, _)| id);
    let accused = onset.and_then(|id| Some((id, strongest(charges.get(&id)?)?)));
    let choice = onset.and_then(|step| {
        let signals = &charges.get(&step)?.signals;
        Some(error_type::choose(&case, Accused { step, signals }))
    });
    let followers = onset.map_or_else(Vec::new, |id| followers(index, id));
    let labels = label(index, &charges, &waste, onset, &followers);
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
        stages: suspicion::stages(&case, &progress, |id| {
            charges.get(&id).map_or(0.0, |charge| charge.score)
        }),
        verdict,
        onset_step_id: onset,
        onset_candidates: ranked
            .iter()
            .take(10)
            .map(|&(step_id, score)| OnsetCandidate { step_id, score })
            .collect(),
        chain: accused.map_or_else(Vec::new, |(id, (_, s))| chain(index, id, s, &followers)),
        incorrect_step_ids: ids(LabelVerdict::Incorrect),
        unuseful_step_ids: ids(LabelVerdict::Unuseful),
        labels,
        error_type: choice.as_ref().map(|choice| choice.fault.error_type()),
        fault: choice.as_ref().map(|choice| choice.fault),
        error_type_rule: choice.as_ref().map(error_type::Choice::explained),
        turning_points: progress.turning_points(),
        waste: waste::account(&case, &waste),
        peak: progress.peak,
        confidence: if onset.is_some() { CONFIDENCE } else { 0.0 },
        summary: match accused {
            Some((id, (_, s))) => format!("The run first goes wrong at step {id}: {}.", s.why),
            None if verdict == Verdict::NoFailure => "The recorded check passed.".to_owned(),
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

/// Combines all suspicions of a step by noisy-or.
fn charge(case: &Case<'_>) -> BTreeMap<StepId, Charge> {
    let mut charges: BTreeMap<StepId, Charge> = BTreeMap::new();
    for signal in signals() {
        let weight = BY_NAME.get(signal.name()).copied().unwrap_or(0.0);
        for suspicion in signal.measure(case) {
            let charge = charges.entry(suspicion.step).or_default();
            let part = (weight * suspicion.strength).clamp(0.0, 1.0);
            // One signal counts once a step, or repetition alone would outweigh everything.
            if !charge.signals.contains(&signal.name()) {
                charge.score = 1.0 - (1.0 - charge.score) * (1.0 - part);
                if signal.speaks_for_failure() {
                    charge.fault = 1.0 - (1.0 - charge.fault) * (1.0 - part);
                }
                charge.signals.push(signal.name());
                // Of equally loud ones the last, whatever their weights add up to.
                let loudest = charge.strongest.as_ref();
                if loudest.is_none_or(|(_, most, _)| part.total_cmp(most).is_ge()) {
                    charge.strongest = Some((signal.name(), part, suspicion));
                }
            }
        }
    }
    charges
}

/// Changes and commitments under suspicion, best first; the earliest of nearly equal ones leads.
fn rank(index: &Index<'_>, charges: &BTreeMap<StepId, Charge>) -> Vec<(StepId, f64)> {
    let mut ranked: Vec<(StepId, f64)> = charges
        .iter()
        .filter(|(id, _)| {
            index.step(**id).is_some_and(|s| {
                s.reading.effect.kind.is_change()
                    || s.reading.activities.contains(&Activity::Submit)
            })
        })
        .map(|(id, charge)| (*id, charge.score))
        .collect();
    ranked.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    let top = ranked.first().map_or(0.0, |r| r.1);
    let near = ranked.iter().take_while(|r| top - r.1 < NEAR).count();
    ranked[..near].sort_by_key(|r| r.0);
    ranked
}

fn strongest(charge: &Charge) -> Option<(&'static str, &Suspicion)> {
    let (name, _, suspicion) = charge.strongest.as_ref()?;
    Some((name, suspicion))
}

fn kind_by_signal(signal: &str) -> ErrorType {
    match signal {
        "repetition" => ErrorType::UnproductiveLooping,
        "unverified_change" | "false_claim" => ErrorType::VerificationMisinterpretation,
        "rejected_edit" => ErrorType::MislocalisedEdit,
        _ => ErrorType::IncorrectHypothesis,
    }
}

fn label(
    index: &Index<'_>,
    charges: &BTreeMap<StepId, Charge>,
    waste: &Findings,
    onset: Option<StepId>,
    followers: &[StepId],
) -> Labels {
    let mut labels = Labels::new();
    let suspects = charges.keys().copied();
    let unuseful: BTreeMap<StepId, &waste::Finding> = waste.unuseful().collect();
    let steps: BTreeSet<StepId> = suspects
        .chain(followers.iter().copied())
        .chain(unuseful.keys().copied())
        .collect();
    for step in steps {
        let own = charges
            .get(&step)
            .and_then(|charge| own_label(index, step, charge, onset));
        let label = own.or_else(|| {
            followers.binary_search(&step).ok()?;
            Some(Label {
                step_id: step,
                verdict: LabelVerdict::Incorrect,
                error_type: Some(ErrorType::IncorrectHypothesis),
                reason: format!("propagation: goes on with what step {} wrote", onset?),
                evidence: quote_action(index, step)?,
            })
        });
        let label = label.or_else(|| {
            let finding = unuseful.get(&step)?;
            let evidence = quote(index, &finding.evidence);
            (!evidence.is_empty()).then(|| Label {
                step_id: step,
                verdict: LabelVerdict::Unuseful,
                error_type: None,
                reason: format!("{}: {}", finding.cause.as_str(), finding.why),
                evidence,
            })
        });
        labels.extend(label);
    }
    labels
}

/// What is held against a step itself.
fn own_label(
    index: &Index<'_>,
    step: StepId,
    charge: &Charge,
    onset: Option<StepId>,
) -> Option<Label> {
    let (name, reason) = strongest(charge)?;
    let changes = index
        .step(step)
        .is_some_and(|s| s.reading.effect.kind.is_change());
    let verdict = if Some(step) == onset || (changes && charge.fault >= STRONG) {
        LabelVerdict::Incorrect
    } else {
        return None;
    };
    Some(Label {
        step_id: step,
        verdict,
        error_type: (verdict == LabelVerdict::Incorrect).then(|| kind_by_signal(name)),
        reason: format!("{name}: {}", reason.why),
        evidence: quote(index, &reason.evidence),
    })
}

/// The words that are cited.
fn quote(index: &Index<'_>, evidence: &[Citation]) -> Vec<Evidence> {
    evidence
        .iter()
        .filter_map(|cited| cited.quote(index))
        .collect()
}

/// The words of a step's action; `None` when it has none.
fn quote_action(index: &Index<'_>, step: StepId) -> Option<Vec<Evidence>> {
    let cited = of_action(&index.step(step)?.step)?;
    Some(vec![cited.quote(index)?])
}

/// The later changes of the files that the onset wrote: they build on the wrong decision.
fn followers(index: &Index<'_>, onset: StepId) -> Vec<StepId> {
    let Some(first) = index.step(onset) else {
        return Vec::new();
    };
    let names: BTreeSet<&str> = first
        .reading
        .effect
        .writes
        .iter()
        .map(|p| file_name(p))
        .collect();
    index
        .steps()
        .skip(onset.index() + 1)
        .filter(|step| {
            step.reading
                .effect
                .writes
                .iter()
                .any(|p| names.contains(file_name(p)))
        })
        .map(|step| step.id)
        .collect()
}

/// From the onset over what builds on it and what it shows itself by to the last change.
fn chain(
    index: &Index<'_>,
    onset: StepId,
    reason: &Suspicion,
    followers: &[StepId],
) -> Vec<ChainLink> {
    /// A chain is read by people; more stations of one kind tell them nothing new.
    const MOST_FOLLOWERS: usize = 4;
    let link = |step_id, role, why: &str, evidence: Vec<Evidence>| ChainLink {
        step_id,
        role,
        why: why.to_owned(),
        evidence,
    };
    let mut links = vec![link(
        onset,
        ChainRole::Onset,
        &reason.why,
        quote(index, &reason.evidence),
    )];
    for shown in reason.evidence.iter().filter(|e| e.step_id > onset).take(1) {
        links.push(link(
            shown.step_id,
            ChainRole::MissedSignal,
            "shows the error",
            quote(index, std::slice::from_ref(shown)),
        ));
    }
    for &step in followers.iter().take(MOST_FOLLOWERS) {
        let known = links.iter().any(|link| link.step_id == step);
        if let (false, Some(evidence)) = (known, quote_action(index, step)) {
            let why = "goes on with what the onset wrote";
            links.push(link(step, ChainRole::Propagation, why, evidence));
        }
    }
    links.sort_by_key(|link| link.step_id);
    let last = index.steps().rev().find(|s| {
        s.reading.effect.kind.is_change() || s.reading.activities.contains(&Activity::Submit)
    });
    if let Some(last) = last.filter(|l| links.iter().all(|k| k.step_id < l.id))
        && let Some(evidence) = quote_action(index, last.id)
    {
        links.push(link(
            last.id,
            ChainRole::FinalCommitment,
            "leaves the error in the final state",
            evidence,
        ));
    }
    links
}
