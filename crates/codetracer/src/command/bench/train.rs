//! `codetracer bench train`: labelled runs to a model, and what it is worth on tasks it has not seen.
//!
//! Every run is read twice: once to measure it, and once to diagnose it in full with the model that was
//! fitted without its task, so that what is scored is what a user would have got.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use analysis::Index;
use anyhow::{Context, bail};
use bench::gold::{GoldRun, Grouping, Set, outcomes, position_splits};
use bench::pairing::{Found, Name, find};
use bench::prediction::Prediction;
use bench::report::{System, report};
use bench::rule::Facts;
use bench::train::{
    Sample, Settings, ablate, ablation_markdown, digest, fit, join_tasks, models_by_task,
};
use formats::{Learned, Run};
use localize::model::Table;
use localize::{Case, Findings, Model, Options, diagnose_with};
use trace::{Diagnosis, StepStatus};

use super::run::{Place, among, known, places};
use super::{grouping, labels, show};
use crate::cli::BenchTrain;
use crate::command::Status;
use crate::input::{Input, UNSPOOLED, in_order};
use crate::output::{Output, inert};
use crate::outside::check_outside;

/// A run by the number of its place, and its own there.
type Key = (usize, usize);

/// What was measured of one run.
struct Measured {
    key: Key,
    run: String,
    path: String,
    resolved: Option<bool>,
    table: Table,
}

/// Fits and cross-validates the model.
pub(super) fn run(
    args: &BenchTrain,
    learned: &Learned,
    output: &mut Output,
) -> anyhow::Result<Status> {
    let grouping = grouping(&args.labels)?;
    if !matches!(grouping, Grouping::Task | Grouping::Named(_)) {
        bail!(
            "--group: whole tasks are held out in training; give `task`, or a file of runs and tasks"
        );
    }
    let mut sets = labels(&args.labels)?;
    if let Some(out) = &args.out {
        check_outside(out, &[&args.artifacts, &args.labels.gold])?;
        fs::create_dir_all(out).with_context(|| out.display().to_string())?;
    }
    let ended = known_outcomes(&args.labels.gold, &grouping, &sets)?;
    let mut wanted = sets.clone();
    wanted.push(ended.clone());
    let reader = Reader::new(&wanted, args, learned, output)?;
    let weights = Model::stated().onset.by_column();
    let mut failures = Vec::new();
    let measured = reader.each(output, &mut failures, |input, run, index, key| Measured {
        key,
        run: run.id.clone(),
        path: input.user_path(&run.path),
        resolved: index.trajectory.outcome.resolved.filter(|_| !args.blind),
        table: Findings::new(&Case::new(index), &weights).table,
    })?;
    let (samples, owners) = samples(&sets, &ended, &measured);
    if !samples.iter().any(Sample::teaches) {
        bail!("none of the runs whose failures are labelled could be read");
    }
    let settings = Settings::default();
    let by_task = models_by_task(&samples, &settings);
    let tasks: BTreeMap<Key, &str> = owners
        .iter()
        .zip(&samples)
        .map(|(owner, sample)| (*owner, sample.task.as_str()))
        .collect();
    let options = Options {
        blind: args.blind,
        ..Options::default()
    };
    let mut ignored = Vec::new();
    let said = reader.each(output, &mut ignored, |input, run, index, key| {
        let model = by_task.get(*tasks.get(&key)?)?;
        let stated = prediction(input, run, &diagnose_with(index, options, &Model::stated()));
        let mut learned = diagnose_with(index, options, model);
        // As `analyze` says it, so that the kept predictions are found again by `bench score`.
        learned.path = input.user_path(&run.path);
        let facts = facts(index, input, run, &learned);
        Some((prediction(input, run, &learned), stated, facts, learned))
    })?;
    let mut systems = (
        System::new("cross-validated", Vec::new()),
        System::new("stated weights", Vec::new()),
    );
    let (mut facts, mut documents) = (Vec::new(), String::new());
    for (learned, stated, fact, document) in said.into_iter().flatten() {
        systems.0.predictions.push(learned);
        systems.1.predictions.push(stated);
        facts.push(fact);
        if args.out.is_some() {
            documents.push_str(&serde_json::to_string(&document)?);
            documents.push('\n');
        }
    }
    systems.0.failures = failures;
    let failed = !systems.0.failures.is_empty();
    sets.retain(|set| !set.runs.is_empty());
    let report = report(&sets, &[systems.0, systems.1], &facts);
    show(&report, args.labels.json, args.out.as_deref(), output)?;
    if args.ablation {
        ablation(args, &samples, &sets, &settings, output)?;
    }
    if let Some(out) = &args.out {
        write(&out.join("predictions.jsonl"), &documents)?;
    }
    if let Some(path) = &args.model {
        let all: Vec<&Sample> = samples.iter().collect();
        let mut model = fit(&all, &settings);
        model.training.data = digest(&samples);
        write(path, &model.to_toml()?)?;
        output.note(&format!("note: the model is in {}", path.display()));
    }
    Ok(if failed {
        Status::PartlyFailed
    } else {
        Status::Done
    })
}

/// Runs of which the labels say nothing but how they ended, as a set of their own.
fn known_outcomes(gold: &Path, grouping: &Grouping, sets: &[Set]) -> anyhow::Result<Set> {
    let runs = sets.iter().flat_map(|set| &set.runs);
    let labelled: BTreeSet<&str> = runs.map(|run| run.run.as_str()).collect();
    let mut ended = outcomes(gold, grouping, sets)?;
    ended
        .runs
        .retain(|run| !labelled.contains(run.run.as_str()));
    Ok(ended)
}

/// The labelled runs with what was measured of them, and which measurement is whose. A run has one task
/// in all sets, and what is known of its outcome alone counts only where no labels speak of it.
fn samples(sets: &[Set], ended: &Set, measured: &[Measured]) -> (Vec<Sample>, Vec<Key>) {
    let names: Vec<Name<'_>> = measured
        .iter()
        .map(|found| Name {
            run: &found.run,
            path: Some(&found.path),
        })
        .collect();
    let (mut samples, mut owners) = (Vec::new(), Vec::new());
    let mut labelled: BTreeSet<Key> = BTreeSet::new();
    let sets = sets.iter().map(|set| (set, false));
    for (set, of_outcome) in sets.chain([(ended, true)]) {
        let artificial = position_splits(&set.runs);
        for (gold, found) in set.runs.iter().zip(find(&set.runs, &names)) {
            let Found::One(at) = found else { continue };
            let of = &measured[at];
            if of_outcome && labelled.contains(&of.key) {
                continue;
            }
            let table = of.table.clone();
            let sample = Sample::new(gold, table, of.resolved, &artificial);
            if sample.failed.is_some() {
                labelled.insert(of.key);
            }
            samples.push(sample);
            owners.push(of.key);
        }
    }
    join_tasks(&mut samples, &owners);
    (samples, owners)
}

fn prediction(input: &Input, run: &Run, diagnosis: &Diagnosis) -> Prediction {
    Prediction {
        path: Some(input.user_path(&run.path)),
        ..Prediction::from(diagnosis)
    }
}

fn facts(index: &Index<'_>, input: &Input, run: &Run, diagnosis: &Diagnosis) -> Facts {
    let failing = index
        .steps()
        .find(|s| s.outcome.status == StepStatus::Failed);
    Facts {
        path: Some(input.user_path(&run.path)),
        ..known(diagnosis, failing.map(|step| step.id))
    }
}

/// Where the runs are, and how to read them again and again in the same order.
struct Reader<'r> {
    places: Vec<std::path::PathBuf>,
    all: Option<Input>,
    lost: Vec<&'r GoldRun>,
    learned: &'r Learned,
}

impl<'r> Reader<'r> {
    fn new(
        sets: &'r [Set],
        args: &BenchTrain,
        learned: &'r Learned,
        output: &mut Output,
    ) -> anyhow::Result<Self> {
        let (places, lost) = places(sets, &args.artifacts)?;
        let all = if lost.is_empty() {
            None
        } else {
            output.start_search(&args.artifacts);
            let all = Input::open(&args.artifacts, learned);
            output.end_progress();
            Some(all?)
        };
        Ok(Self {
            places: places.into_iter().collect(),
            all,
            lost,
            learned,
        })
    }

    /// Reads every run and makes something of it, which is told its key; the failures are sentences.
    fn each<T: Send>(
        &self,
        output: &mut Output,
        failures: &mut Vec<String>,
        make: impl Fn(&Input, &Run, &Index<'_>, Key) -> T + Sync,
    ) -> anyhow::Result<Vec<T>> {
        let mut places: Vec<Place<'_>> = self.places.iter().cloned().map(Place::Alone).collect();
        if let Some(all) = &self.all {
            places.extend(among(all, &self.lost));
        }
        let numbered: Vec<(usize, Place<'_>)> = places.into_iter().enumerate().collect();
        let mut results = Vec::new();
        in_order(
            &numbered,
            output,
            |_| 0,
            |(at, place)| read(place, *at, self.learned, &make),
            |_, done| {
                for one in done {
                    match one {
                        Ok(one) => results.push(one),
                        Err(error) => failures.push(format!("{error:#}")),
                    }
                }
                Ok(())
            },
        )?;
        Ok(results)
    }
}

/// Reads the runs of one place.
fn read<T>(
    place: &Place<'_>,
    at: usize,
    learned: &Learned,
    make: &impl Fn(&Input, &Run, &Index<'_>, Key) -> T,
) -> Vec<anyhow::Result<T>> {
    let one = |input: &Input, run: &Run, key| {
        let extraction = input.read(run)?;
        let index = Index::new(&extraction.trajectory);
        if index.is_damaged() {
            bail!("{}: {UNSPOOLED}", input.user_path(&run.path));
        }
        Ok(make(input, run, &index, key))
    };
    match place {
        Place::Among(input, run) => vec![one(input, run, (at, 0))],
        Place::Alone(path) => match Input::open(path, learned) {
            Ok(input) => {
                let runs = input.found.runs.iter().enumerate();
                runs.map(|(number, run)| one(&input, run, (at, number)))
                    .collect()
            }
            Err(error) => vec![Err(error)],
        },
    }
}

/// Prints what each signal is worth, and keeps it beside the report.
fn ablation(
    args: &BenchTrain,
    samples: &[Sample],
    sets: &[Set],
    settings: &Settings,
    output: &mut Output,
) -> anyhow::Result<()> {
    let rows = ablate(samples, sets, settings);
    let text = ablation_markdown(&rows);
    if args.labels.json {
        output.json(&rows)?;
    } else {
        output.text(&inert(&text))?;
    }
    match &args.out {
        Some(out) => write(&out.join("ablation.md"), &inert(&text)),
        None => Ok(()),
    }
}

fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    fs::write(path, text).with_context(|| path.display().to_string())
}
