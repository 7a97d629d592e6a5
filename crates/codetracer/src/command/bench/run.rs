//! `codetracer bench run`: labelled runs to diagnoses to figures.
//!
//! Every labelled run is looked for below `--artifacts`: where its labels say, and else among all runs
//! there. What an earlier call worked out of the same files is taken from the cache, so a killed call
//! goes on where it was, and a changed run is the only one that is read again.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{BufWriter, Write as _};
use std::path::{Component, Path, PathBuf};
use std::time::SystemTime;

use anyhow::{Context, bail};
use bench::gold::{GoldRun, Set};
use bench::pairing::{Found, Name, find};
use bench::prediction::Prediction;
use bench::report::{System, report};
use bench::rule::Facts;
use formats::{Fingerprints, Learned, Run};
use localize::{Model, Options};
use store::{Answer, Key};
use trace::Diagnosis;

use super::asked::AskedBench;
use super::in_sample::note_in_sample;
use super::{labels, show};
use crate::cli::{BenchRun, Flags};
use crate::command::Status;
use crate::command::analyze::{Analysed, Form, How, Job, work};
use crate::command::inquiry::Asker;
use crate::command::lessons::Lessons;
use crate::input::{Input, in_order};
use crate::kept::{Diagnoses, Seen};
use crate::output::Output;
use crate::outside::check_outside;

/// Endings of the archives a run's artifacts come in.
const ARCHIVES: &[&str] = &[".tar.zst", ".tar.gz", ".tgz", ".tar", ".zip"];

/// Where runs are to be read.
pub(super) enum Place<'i> {
    /// A file, folder or archive with one labelled run, or several.
    Alone(PathBuf),
    /// A run found among all there are.
    Among(&'i Input, &'i Run),
}

/// What was read in one place.
struct Done {
    results: Vec<anyhow::Result<Analysed>>,
    /// What is to be kept of it.
    keep: Vec<(Key, Answer)>,
    /// That these are the runs of the place, where all of them are kept.
    pile: Option<(Seen, Vec<Key>, Option<String>)>,
}

/// What stays the same for all runs.
struct Bench<'b> {
    learned: &'b Learned,
    kept: Option<Diagnoses>,
    options: Options,
    started: SystemTime,
}

/// Analyses every labelled run and scores the diagnoses.
pub(super) fn run(
    args: &BenchRun,
    flags: &Flags,
    learned: &Learned,
    output: &mut Output,
) -> anyhow::Result<Status> {
    let mut sets = labels(&args.labels)?;
    note_in_sample(&mut sets, &args.labels.gold, &Model::shipped().training)?;
    if let Some(out) = &args.out {
        check_outside(out, &[&args.artifacts, &args.labels.gold])?;
        fs::create_dir_all(out).with_context(|| out.display().to_string())?;
    }
    let options = Options {
        blind: args.blind,
        ..Options::default()
    };
    let asker = Asker::of(&args.model, args.blind, args.out.is_some())?;
    let asker = asker.map(|asker| asker.with(Lessons::frozen(&args.model)));
    let kept = if flags.no_cache {
        None
    } else {
        Diagnoses::open(options, learned, output)
    };
    let bench = Bench {
        learned,
        kept,
        options,
        started: SystemTime::now(),
    };
    let (places, lost) = places(&sets, &args.artifacts)?;
    let all = if lost.is_empty() {
        None
    } else {
        output.start_search(&args.artifacts);
        let all = Input::open(&args.artifacts, learned);
        output.end_progress();
        Some(all?)
    };
    let mut places: Vec<Place<'_>> = places.into_iter().map(Place::Alone).collect();
    if let Some(all) = &all {
        places.extend(among(all, &lost));
    }
    if let Some(asker) = &asker {
        let gold: Vec<GoldRun> = sets.iter().flat_map(|set| set.runs.clone()).collect();
        let bench = AskedBench {
            asker,
            options,
            learned,
            repeats: args.repeats,
            gold: &gold,
            out: args.out.as_deref(),
        };
        let said = bench.ask(&places, output)?;
        let failed = said
            .systems
            .iter()
            .any(|system| !system.failures.is_empty());
        let report = report(&sets, &said.systems, &said.facts)
            .with_spend(&said.name, &said.paid)
            .with_agreement(&said.name, &said.answers);
        show(&report, args.labels.json, args.out.as_deref(), output)?;
        return Ok(if failed {
            Status::PartlyFailed
        } else {
            Status::Done
        });
    }
    let (system, facts) = bench.read(&places, args, output)?;
    if let Some(trouble) = bench.kept.as_ref().and_then(Diagnoses::trouble) {
        output.note(&trouble);
    }
    let failed = !system.failures.is_empty();
    let report = report(&sets, &[system], &facts);
    show(&report, args.labels.json, args.out.as_deref(), output)?;
    Ok(if failed {
        Status::PartlyFailed
    } else {
        Status::Done
    })
}

/// Where the labelled runs are, without repetition, and those that are not where their labels say.
pub(super) fn places<'s>(
    sets: &'s [Set],
    artifacts: &Path,
) -> anyhow::Result<(BTreeSet<PathBuf>, Vec<&'s GoldRun>)> {
    if let Err(error) = fs::metadata(artifacts) {
        bail!("{}: {error}", artifacts.display());
    }
    let (mut places, mut lost) = (BTreeSet::new(), Vec::new());
    for run in sets.iter().flat_map(|set| &set.runs) {
        match place(run, artifacts) {
            Some(place) => drop(places.insert(place)),
            None => lost.push(run),
        }
    }
    Ok((places, lost))
}

/// Where a run's artifacts are: at its labelled path, taken from the folder or with leading folders
/// left off, or under its name.
fn place(run: &GoldRun, artifacts: &Path) -> Option<PathBuf> {
    let said = run.path.as_deref().into_iter().chain([run.run.as_str()]);
    said.map(Path::new).find_map(|path| {
        // Labels are from somebody else: they do not choose what else is opened.
        let inside = |part: Component<'_>| matches!(part, Component::Normal(_) | Component::CurDir);
        if !path.components().all(inside) {
            return None;
        }
        // A run has one name, however its labels spell the way to it.
        let parts: Vec<_> = path
            .components()
            .filter(|part| *part != Component::CurDir)
            .collect();
        if parts.is_empty() {
            return Some(artifacts.to_owned());
        }
        let tails = (0..parts.len()).map(|from| parts[from..].iter().collect::<PathBuf>());
        tails.map(|tail| artifacts.join(tail)).find_map(existing)
    })
}

/// The path, or that of an archive of it.
fn existing(path: PathBuf) -> Option<PathBuf> {
    if path.exists() {
        return Some(path);
    }
    let name = path.file_name()?.to_str()?;
    let archives = ARCHIVES
        .iter()
        .map(|end| path.with_file_name(format!("{name}{end}")));
    archives.into_iter().find(|archive| archive.is_file())
}

/// Those of the lost runs that are found among all runs there are.
pub(super) fn among<'i>(all: &'i Input, lost: &[&GoldRun]) -> Vec<Place<'i>> {
    let lost: Vec<GoldRun> = lost.iter().map(|&run| run.clone()).collect();
    let runs = labelled(all, &lost, |run| run.path.clone())
        .into_iter()
        .map(|at| &all.found.runs[at]);
    runs.map(|run| Place::Among(all, run)).collect()
}

/// Which of the runs found in a place are labelled, by their number; `path` says where a run is.
pub(super) fn labelled(
    input: &Input,
    gold: &[GoldRun],
    path: impl Fn(&Run) -> String,
) -> BTreeSet<usize> {
    let runs = &input.found.runs;
    let paths: Vec<String> = runs.iter().map(path).collect();
    let names: Vec<Name<'_>> = runs
        .iter()
        .zip(&paths)
        .map(|(run, path)| Name {
            run: &run.id,
            path: Some(path),
        })
        .collect();
    find(gold, &names)
        .into_iter()
        .flat_map(|found| match found {
            Found::One(at) => vec![at],
            // Scoring says which labelled run several fit; it must see them to say so.
            Found::Several(all) => all,
            Found::Nothing => Vec::new(),
        })
        .collect()
}

impl Bench<'_> {
    /// Reads every place; the diagnoses as a system, and what the constant rules need.
    fn read(
        &self,
        places: &[Place<'_>],
        args: &BenchRun,
        output: &mut Output,
    ) -> anyhow::Result<(System, Vec<Facts>)> {
        let mut written = match &args.out {
            Some(out) => Some(Written::new(out)?),
            None => None,
        };
        let name = if args.blind {
            "codetracer, blind"
        } else {
            "codetracer"
        };
        let mut system = System::new(name, Vec::new());
        let mut facts = Vec::new();
        in_order(
            places,
            output,
            |place| match place {
                Place::Alone(path) => fs::metadata(path).map_or(0, |file| file.len()),
                Place::Among(input, run) => input.size(run),
            },
            |place| self.read_place(place),
            |_, done| {
                if let Some(kept) = &self.kept {
                    kept.keep(&done.keep);
                    if let Some((seen, keys, left_out)) = &done.pile {
                        kept.keep_pile(seen, keys, left_out.as_deref());
                    }
                }
                for result in done.results {
                    match result.and_then(diagnosis) {
                        Ok((diagnosis, first_failing)) => {
                            system.predictions.push(Prediction::from(&*diagnosis));
                            let known = known(&diagnosis, first_failing);
                            if let Some(written) = &mut written {
                                written.add(&diagnosis, &known)?;
                            }
                            facts.push(known);
                        }
                        Err(error) => system.failures.push(format!("{error:#}")),
                    }
                }
                Ok(())
            },
        )?;
        if let Some(written) = written {
            written.finish()?;
        }
        Ok((system, facts))
    }

    fn read_place(&self, place: &Place<'_>) -> Done {
        match place {
            Place::Among(input, run) => {
                let fingerprints = Fingerprints::new(&input.pile);
                let keys = self.kept.as_ref().map(|k| k.key(input, &fingerprints, run));
                self.read_runs(input, std::iter::once(*run).zip([keys]), None)
            }
            Place::Alone(path) => self.read_alone(path),
        }
    }

    /// Reads the runs of a path, unless nothing there has changed since they were kept.
    fn read_alone(&self, path: &Path) -> Done {
        let seen = self.kept.as_ref().and_then(|kept| kept.look(path));
        if let (Some(kept), Some(seen)) = (&self.kept, &seen)
            && let Some(pile) = kept.pile(seen)
        {
            let work = |key| {
                work(
                    &Job::Kept(key),
                    Some(kept),
                    How::offline(self.options),
                    Form::Json,
                    self.started,
                )
            };
            return Done {
                results: pile.runs.into_iter().map(|key| work(key).result).collect(),
                keep: Vec::new(),
                pile: None,
            };
        }
        let opened = Input::open(path, self.learned).and_then(|input| {
            input.runs(None)?;
            Ok(input)
        });
        let input = match opened {
            Ok(input) => input,
            Err(error) => {
                return Done {
                    results: vec![Err(error)],
                    keep: Vec::new(),
                    pile: None,
                };
            }
        };
        let keys = self
            .kept
            .as_ref()
            .map(|kept| kept.keys(&input))
            .unwrap_or_default();
        let keys = keys.into_iter().map(Some).chain(std::iter::repeat(None));
        self.read_runs(&input, input.found.runs.iter().zip(keys), seen)
    }

    fn read_runs<'r>(
        &self,
        input: &Input,
        runs: impl Iterator<Item = (&'r Run, Option<Key>)>,
        seen: Option<Seen>,
    ) -> Done {
        let mut done = Done {
            results: Vec::new(),
            keep: Vec::new(),
            pile: None,
        };
        let (mut keys, mut settled) = (Vec::new(), 0);
        for (run, key) in runs {
            let job = Job::Read {
                source: Some(0),
                input,
                run,
                key,
            };
            let read = work(
                &job,
                self.kept.as_ref(),
                How::offline(self.options),
                Form::Json,
                self.started,
            );
            done.results.push(read.result);
            done.keep.extend(read.keep);
            settled += usize::from(read.settled.is_some());
            keys.extend(key);
        }
        let whole = settled == done.results.len();
        done.pile = seen
            .filter(|_| whole)
            .map(|seen| (seen, keys, input.left_out()));
        done
    }
}

/// The document of a run that was analysed, with the first step that shows a failure.
fn diagnosis(done: Analysed) -> anyhow::Result<(Box<Diagnosis>, Option<trace::StepId>)> {
    let diagnosis = match done.long {
        Some(long) => long,
        None => Box::new(serde_json::from_str(&done.text)?),
    };
    Ok((diagnosis, done.first_failing))
}

pub(super) fn known(diagnosis: &Diagnosis, first_failing: Option<trace::StepId>) -> Facts {
    Facts {
        run_id: diagnosis.run_id.clone(),
        path: Some(diagnosis.path.clone()),
        step_count: diagnosis.step_count,
        change_steps: Some(diagnosis.change_steps.iter().copied().collect()),
        failing_steps: Some(first_failing.into_iter().collect()),
    }
}

/// The files of `--out` that grow run by run.
struct Written {
    predictions: BufWriter<File>,
    facts: BufWriter<File>,
}

impl Written {
    fn new(out: &Path) -> anyhow::Result<Self> {
        let create = |name: &str| {
            let path = out.join(name);
            let file = File::create(&path).with_context(|| path.display().to_string());
            file.map(BufWriter::new)
        };
        Ok(Self {
            predictions: create("predictions.jsonl")?,
            facts: create("facts.jsonl")?,
        })
    }

    fn add(&mut self, diagnosis: &Diagnosis, facts: &Facts) -> anyhow::Result<()> {
        serde_json::to_writer(&mut self.predictions, diagnosis)?;
        self.predictions.write_all(b"\n")?;
        serde_json::to_writer(&mut self.facts, facts)?;
        Ok(self.facts.write_all(b"\n")?)
    }

    fn finish(mut self) -> anyhow::Result<()> {
        self.predictions.flush()?;
        Ok(self.facts.flush()?)
    }
}
