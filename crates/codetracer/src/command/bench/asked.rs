//! `codetracer bench run --model`: labelled runs put before a model, several at a time, within one
//! budget.
//!
//! Every answer is written to `--out` when it comes. A call with the same `--out` and the same settings
//! goes on where an earlier one ended: what stands is kept, what failed is asked again.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use analysis::Index;
use anyhow::{Context, bail};
use bench::gold::GoldRun;
use bench::prediction::Prediction;
use bench::report::System;
use bench::rule::Facts;
use formats::{Learned, Run};
use llm::LlmError;
use localize::{Case, Model, Options, diagnose_case};
use serde::{Deserialize, Serialize};
use trace::{Diagnosis, StepStatus};

use super::run::{Place, known, labelled};
use crate::asking::asked_in_order;
use crate::command::inquiry::Asker;
use crate::input::{Input, UNSPOOLED, counted};
use crate::output::Output;

/// One answer, as it is kept.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Answer {
    /// Which of several goes at the run it is, from 1.
    repetition: u32,
    #[serde(flatten)]
    diagnosis: Diagnosis,
}

/// What is known of a run besides the answers.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Ground {
    facts: Facts,
    offline: Diagnosis,
}

/// Names a run among all that are asked about.
type Name = (String, String);

/// All there is to say about a bench with a model.
pub(super) struct Asked {
    /// The offline engine, then the model, one system a repetition.
    pub(super) systems: Vec<System>,
    /// All answers of the model that stand.
    pub(super) answers: Vec<Prediction>,
    /// All answers, those that failed included: they cost too.
    pub(super) paid: Vec<Prediction>,
    /// The model's name in tables.
    pub(super) name: String,
    /// What the constant rules need.
    pub(super) facts: Vec<Facts>,
}

/// A run to ask about. What it was found in goes when the last of its runs is done.
enum Labelled<'p> {
    Found(&'p Input, &'p Run),
    At(Arc<Input>, usize),
}

impl Labelled<'_> {
    fn get(&self) -> (&Input, &Run) {
        match self {
            Self::Found(input, run) => (input, run),
            Self::At(input, at) => (input, &input.found.runs[*at]),
        }
    }
}

/// A bench with a model.
pub(super) struct AskedBench<'b> {
    /// The model.
    pub(super) asker: &'b Asker,
    /// What is asked of the offline engine first.
    pub(super) options: Options,
    /// How runs of unknown layouts are read.
    pub(super) learned: &'b Learned,
    /// How often each run is asked about.
    pub(super) repeats: u32,
    /// The labelled runs.
    pub(super) gold: &'b [GoldRun],
    /// Where answers are kept.
    pub(super) out: Option<&'b Path>,
}

impl AskedBench<'_> {
    /// Asks about every labelled run and hands over what came back.
    pub(super) fn ask(&self, places: &[Place<'_>], output: &mut Output) -> anyhow::Result<Asked> {
        let book = Book::open(self.out, &self.settings())?;
        let kept = book.answers();
        if kept > 0 {
            output.note(&format!(
                "note: {} of earlier calls kept",
                counted(kept, "answer")
            ));
        }
        let spent = AtomicBool::new(false);
        let mut failures = Vec::new();
        asked_in_order(
            // Looking into a place takes far less time than any answer, and is done when its turn comes.
            places.iter().flat_map(|place| self.runs_of(place)),
            (self.asker.concurrency(), None),
            output,
            || self.asker.so_far(),
            |run| self.ask_run(run, &book, &spent),
            |output, failed: Vec<String>| {
                for failure in &failed {
                    output.note(failure);
                }
                failures.extend(failed);
                Ok(())
            },
        )?;
        let (answers, ground) = book.close()?;
        Ok(self.systems(&answers, &ground, failures))
    }

    /// What must be the same for answers to stand beside each other.
    fn settings(&self) -> serde_json::Value {
        serde_json::json!({
            "program": env!("CARGO_PKG_VERSION"),
            "blind": self.options.blind,
            "asked": self.asker.settings(),
        })
    }

    /// The labelled runs of a place: what nobody labelled is not worth its price.
    fn runs_of<'p>(&self, place: &Place<'p>) -> Vec<anyhow::Result<Labelled<'p>>> {
        let path = match place {
            Place::Among(input, run) => return vec![Ok(Labelled::Found(input, run))],
            Place::Alone(path) => path,
        };
        let opened = Input::open(path, self.learned).and_then(|input| {
            let wanted = match input.runs(None)?.len() {
                1 => vec![0],
                _ => labelled(&input, self.gold, |run| input.user_path(&run.path))
                    .into_iter()
                    .collect(),
            };
            Ok((Arc::new(input), wanted))
        });
        match opened {
            Ok((input, wanted)) => wanted
                .into_iter()
                .map(|at| Ok(Labelled::At(Arc::clone(&input), at)))
                .collect(),
            Err(error) => vec![Err(error)],
        }
    }

    /// Asks about one run as often as is still wanted; gives what failed.
    fn ask_run(
        &self,
        run: anyhow::Result<Labelled<'_>>,
        book: &Book,
        spent: &AtomicBool,
    ) -> Vec<String> {
        let mut failures = Vec::new();
        let asked = run.and_then(|run| {
            let (input, run) = run.get();
            self.ask_about(input, run, book, spent, &mut failures)
        });
        if let Err(error) = asked {
            failures.push(format!("{error:#}"));
        }
        failures
    }

    fn ask_about(
        &self,
        input: &Input,
        run: &Run,
        book: &Book,
        spent: &AtomicBool,
        failures: &mut Vec<String>,
    ) -> anyhow::Result<()> {
        let name = (run.id.clone(), input.user_path(&run.path));
        let wanted: Vec<u32> = (1..=self.repeats)
            .filter(|go| book.claim(&name, *go))
            .collect();
        if wanted.is_empty() && book.is_known(&name) {
            return Ok(());
        }
        let extraction = input.read(run)?;
        let index = Index::new(&extraction.trajectory);
        let case = Case::new(&index);
        let mut offline = diagnose_case(&case, self.options, Model::shipped());
        offline.path.clone_from(&name.1);
        if index.is_damaged() {
            bail!("{}: {UNSPOOLED}", offline.path);
        }
        let failing = index
            .steps()
            .find(|step| step.outcome.status == StepStatus::Failed);
        book.learn(Ground {
            facts: known(&offline, failing.map(|step| step.id)),
            offline: offline.clone(),
        })?;
        for repetition in wanted {
            if spent.load(Ordering::Relaxed) {
                failures.push(format!("{}: not asked, the budget is spent", name.1));
                continue;
            }
            let asked = self.asker.diagnose(&case, &offline);
            // What is only too much for one run is not too much for the next.
            if matches!(&asked.failure, Some(LlmError::Budget(exhausted)) if exhausted.outer) {
                spent.store(true, Ordering::Relaxed);
            }
            let inquiry = asked.diagnosis.engine.inquiry.as_deref();
            if let Some(trouble) = inquiry.and_then(|inquiry| inquiry.trouble.as_deref()) {
                failures.push(format!("{}, go {repetition}: {trouble}", name.1));
            }
            book.add(Answer {
                repetition,
                diagnosis: asked.diagnosis,
            })?;
        }
        Ok(())
    }

    fn systems(
        &self,
        answers: &[Answer],
        ground: &BTreeMap<Name, Ground>,
        failures: Vec<String>,
    ) -> Asked {
        let blind = if self.options.blind { ", blind" } else { "" };
        let name = format!("{}{blind}", self.asker.name());
        let offline = ground.values().map(|g| Prediction::from(&g.offline));
        let mut systems = vec![System::new(format!("offline{blind}"), offline.collect())];
        let said = |go: u32| {
            let of_go = answers.iter().filter(move |answer| answer.repetition == go);
            of_go.filter(|answer| stands(answer)).map(prediction)
        };
        for go in 1..=self.repeats {
            let of_go = if self.repeats == 1 {
                name.clone()
            } else {
                format!("{name}, go {go}")
            };
            systems.push(System::new(of_go, said(go).collect()));
        }
        if let Some(first) = systems.get_mut(1) {
            first.failures = failures;
        }
        Asked {
            systems,
            answers: (1..=self.repeats).flat_map(said).collect(),
            paid: answers.iter().map(prediction).collect(),
            name,
            facts: ground.values().map(|ground| ground.facts.clone()).collect(),
        }
    }
}

/// Whether an answer is the model's own: where the model failed the document is the offline one, and
/// would win its points for it.
fn stands(answer: &Answer) -> bool {
    let inquiry = answer.diagnosis.engine.inquiry.as_deref();
    inquiry.is_some_and(|inquiry| inquiry.concluded)
}

fn prediction(answer: &Answer) -> Prediction {
    Prediction {
        repetition: Some(answer.repetition),
        ..Prediction::from(&answer.diagnosis)
    }
}

/// What is known so far, in memory and, where it is kept, on disk.
struct Book(Mutex<Pages>);

struct Pages {
    answers: Vec<Answer>,
    /// What is answered, and what somebody is asking about.
    done: BTreeSet<(Name, u32)>,
    ground: BTreeMap<Name, Ground>,
    files: Option<Files>,
}

struct Files {
    folder: PathBuf,
    answers: File,
    ground: File,
}

const ANSWERS: &str = "predictions.jsonl";
const GROUND: &str = "ground.jsonl";
const SETTINGS: &str = "settings.json";

impl Book {
    /// Opens a folder, with what earlier calls of the same settings left in it.
    fn open(folder: Option<&Path>, settings: &serde_json::Value) -> anyhow::Result<Self> {
        let mut pages = Pages {
            answers: Vec::new(),
            done: BTreeSet::new(),
            ground: BTreeMap::new(),
            files: None,
        };
        if let Some(folder) = folder {
            fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
            check_settings(folder, settings)?;
            for ground in lines::<Ground>(&folder.join(GROUND))? {
                pages.ground.insert(name_of(&ground.offline), ground);
            }
            for answer in lines::<Answer>(&folder.join(ANSWERS))? {
                if stands(&answer)
                    && pages
                        .done
                        .insert((name_of(&answer.diagnosis), answer.repetition))
                {
                    pages.answers.push(answer);
                }
            }
            rewrite(&folder.join(ANSWERS), &pages.answers)?;
            rewrite(&folder.join(GROUND), pages.ground.values())?;
            let append = |name: &str| {
                let path = folder.join(name);
                let file = OpenOptions::new().append(true).open(&path);
                file.with_context(|| path.display().to_string())
            };
            pages.files = Some(Files {
                folder: folder.to_owned(),
                answers: append(ANSWERS)?,
                ground: append(GROUND)?,
            });
        }
        Ok(Self(Mutex::new(pages)))
    }

    fn pages(&self) -> std::sync::MutexGuard<'_, Pages> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn answers(&self) -> usize {
        self.pages().answers.len()
    }

    /// Whether this is neither known nor asked for by another, who came to the same run by another way.
    fn claim(&self, name: &Name, go: u32) -> bool {
        self.pages().done.insert((name.clone(), go))
    }

    fn is_known(&self, name: &Name) -> bool {
        self.pages().ground.contains_key(name)
    }

    fn learn(&self, ground: Ground) -> anyhow::Result<()> {
        let mut pages = self.pages();
        if let Some(files) = &mut pages.files {
            append(&mut files.ground, &ground)?;
        }
        pages.ground.insert(name_of(&ground.offline), ground);
        Ok(())
    }

    fn add(&self, answer: Answer) -> anyhow::Result<()> {
        let mut pages = self.pages();
        if let Some(files) = &mut pages.files {
            append(&mut files.answers, &answer)?;
        }
        pages.answers.push(answer);
        Ok(())
    }

    /// Everything that is known, in order whatever came first; on disk as well.
    fn close(self) -> anyhow::Result<(Vec<Answer>, BTreeMap<Name, Ground>)> {
        let mut pages = self.0.into_inner().unwrap_or_else(PoisonError::into_inner);
        pages.answers.sort_by(|a, b| {
            let key = |answer: &Answer| (name_of(&answer.diagnosis), answer.repetition);
            key(a).cmp(&key(b))
        });
        if let Some(files) = &pages.files {
            rewrite(&files.folder.join(ANSWERS), &pages.answers)?;
            rewrite(&files.folder.join(GROUND), pages.ground.values())?;
            let facts = pages.ground.values().map(|ground| &ground.facts);
            rewrite(&files.folder.join("facts.jsonl"), facts)?;
        }
        Ok((pages.answers, pages.ground))
    }
}

fn name_of(diagnosis: &Diagnosis) -> Name {
    (diagnosis.run_id.clone(), diagnosis.path.clone())
}

/// Refuses a folder with answers that were asked for otherwise.
fn check_settings(folder: &Path, settings: &serde_json::Value) -> anyhow::Result<()> {
    let path = folder.join(SETTINGS);
    let said = serde_json::to_string_pretty(settings)?;
    match fs::read_to_string(&path) {
        Ok(earlier) if earlier == said => Ok(()),
        Ok(_) => bail!(
            "{}: holds answers that were asked for with other settings (see {SETTINGS}); choose \
             another --out",
            folder.display()
        ),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            if folder.join(ANSWERS).exists() {
                bail!(
                    "{}: holds {ANSWERS} of another kind; choose another --out",
                    folder.display()
                );
            }
            fs::write(&path, said).with_context(|| path.display().to_string())
        }
        Err(error) => Err(error).with_context(|| path.display().to_string()),
    }
}

/// The lines of a file that can be read; the last one of a killed call may be cut.
fn lines<T: for<'d> Deserialize<'d>>(path: &Path) -> anyhow::Result<Vec<T>> {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error).with_context(|| path.display().to_string()),
    };
    let lines = text.lines().map(serde_json::from_str);
    Ok(lines.filter_map(Result::ok).collect())
}

fn append<T: Serialize>(file: &mut File, line: &T) -> anyhow::Result<()> {
    let mut text = serde_json::to_string(line)?;
    text.push('\n');
    Ok(file.write_all(text.as_bytes())?)
}

/// Replaces a file at once, so that no end of this program leaves half of it.
fn rewrite<'l, T: Serialize + 'l>(
    path: &Path,
    lines: impl IntoIterator<Item = &'l T>,
) -> anyhow::Result<()> {
    let beside = path.with_extension("new");
    let mut file = File::create(&beside).with_context(|| beside.display().to_string())?;
    for line in lines {
        append(&mut file, line)?;
    }
    file.sync_all()?;
    fs::rename(&beside, path).with_context(|| path.display().to_string())
}
