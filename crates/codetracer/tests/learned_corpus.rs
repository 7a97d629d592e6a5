//! Layouts learned from a model's answers: the native extractor is hidden, recorded answers are
//! replayed by a server on loopback, and the steps of the accepted extractor are compared with the
//! native ones. The answers in `answers/` were written from what the prompts show; those for aider,
//! opencode and the Claude Code and OpenTelemetry layouts were revised once, after their first figures.
//!
//! `ONLY=layout` learns one layout, `MOST=n` reads at most `n` artifacts of each, `PROMPTS=folder`
//! writes down what the model is asked.

#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "the table is the result, and a test that cannot go on has failed"
)]

#[path = "../../formats/tests/same/mod.rs"]
mod same;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use formats::learned::{Package, Program, Registry};
use formats::pile::{EntryId, Limits, Pile};
use formats::{Run, find_runs, read_run};
use same::{Key, by_map, by_structure, keys, same};
use scripted::{Protocol, Reply, ScriptedModel};

/// Layouts whose answer is asked for over Anthropic's protocol.
const BY_ANTHROPIC: &[&str] = &["gemini-cli"];

/// How many artifacts of a layout are read, unless told otherwise.
const MOST: usize = 10;

/// How many artifacts a model's extractor is learned from.
const SHOWN: usize = 3;

/// Up to how many files are files of a run rather than its records.
const FEW_FILES: usize = 6;

/// The least share of steps that are the native extractor's, a little below what is reached.
const FLOORS: &[(&str, f64)] = &[
    ("atif", 0.99),
    ("claude-code-session", 0.90),
    // One run numbers the calls of every reply anew; a result goes to the earliest call of its id here.
    ("claude-code-stream", 0.91),
    ("cline-session", 0.99),
    ("codex-rollout", 0.98),
    ("continue", 0.99),
    ("copilot-cli", 0.99),
    ("gemini-cli", 0.99),
    ("goose-session", 0.99),
    ("inspect", 0.94),
    ("kimi-cli", 0.99),
    ("kimi-cli-stream", 0.99),
    ("langfuse", 0.55),
    ("mini-swe-agent", 0.94),
    ("opencode-database", 0.90),
    ("openhands-conversation", 0.99),
    ("openhands-events", 0.98),
    ("openhands-output", 0.96),
    ("otlp", 0.87),
    ("pydantic-ai", 0.99),
    ("qwen-code", 0.99),
    ("smolagents", 0.90),
    ("swe-agent", 0.99),
];

/// The file of a run that a person would point at, by the ending of its name, where others stand
/// beside it.
const POINTED_AT: &[(&str, &str)] = &[("aider", ".chat.history.md")];

fn corpus() -> Option<PathBuf> {
    let shared = std::env::var_os("CODETRACER_SHARED").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared"),
        PathBuf::from,
    );
    let folder = shared.join("corpus");
    if folder.is_dir() {
        return Some(folder);
    }
    println!("skipped: no runs at {}", folder.display());
    None
}

fn answers() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/answers")
}

fn answer(layout: &str, round: usize) -> Option<String> {
    fs::read_to_string(answers().join(format!("{layout}.{round}.md"))).ok()
}

/// One artifact: its files, and the steps the native extractor finds in all its runs.
struct Sample {
    files: Vec<EntryId>,
    native: Vec<Key>,
}

fn samples(pile: &Pile, runs: &[&Run], most: usize) -> Vec<Sample> {
    let mut seen = BTreeSet::new();
    let mut samples = Vec::new();
    for run in runs {
        if samples.len() >= most || !seen.insert(&run.claim.root) {
            continue;
        }
        // The parts of a file are learned together.
        let parts = runs.iter().filter(|r| r.claim.root == run.claim.root);
        let native: Vec<Key> = parts
            .flat_map(|run| keys(&read_run(pile, run).unwrap().trajectory))
            .collect();
        if !native.is_empty() {
            let pointed = POINTED_AT
                .iter()
                .find(|(name, _)| *name == run.claim.layout);
            let mut files = run.claim.detection.files.clone();
            files.retain(|id| pointed.is_none_or(|(_, end)| pile.entry(*id).name().ends_with(end)));
            samples.push(Sample { files, native });
        }
    }
    samples
}

/// Puts copies of the first samples where nothing around them tells what they are.
fn put_down(corpus: &Path, pile: &Pile, samples: &[Sample], to: &Path) {
    // Many files are the records of one run, and two runs in one folder would be one.
    let most = samples.iter().map(|s| s.files.len()).max().unwrap_or(0);
    let shown = if most > FEW_FILES { 1 } else { SHOWN };
    // The first, the last and one between: a layout changes over the years.
    let last = samples.len().saturating_sub(1);
    let mut chosen = vec![0, last / 2, last];
    chosen.dedup();
    for (index, at) in chosen.into_iter().take(shown).enumerate() {
        let Some(sample) = samples.get(at) else {
            continue;
        };
        for id in &sample.files {
            let entry = pile.entry(*id);
            let ending = entry.name().rsplit_once('.').map_or("txt", |(_, e)| e);
            let name = match most {
                0 | 1 => format!("{}.{ending}", index + 1),
                _ if most > FEW_FILES => entry.name().to_owned(),
                _ => format!("{}-{}", index + 1, entry.name()),
            };
            if fs::copy(corpus.join(&entry.path), to.join(&name)).is_err() {
                // It stands in an archive.
                fs::write(to.join(&name), pile.read(*id).unwrap().text()).unwrap();
            }
        }
    }
}

#[derive(Default)]
struct Shares {
    ours: usize,
    calls: usize,
    steps: usize,
}

impl Shares {
    fn add(&mut self, native: &[Key], ours: &[Key]) {
        let (calls, steps) = same(native, ours);
        self.ours += ours.len();
        self.calls += calls;
        self.steps += steps;
    }

    #[expect(clippy::cast_precision_loss, reason = "a share for people")]
    fn of(&self, native: usize) -> (f64, f64) {
        let whole = native.max(self.ours).max(1) as f64;
        (self.calls as f64 / whole, self.steps as f64 / whole)
    }
}

/// The steps of all runs a package finds in files; files it cannot read have none.
fn by_package(package: &Package, pile: &Pile, files: &[EntryId]) -> Vec<Key> {
    let read = |files: &[EntryId]| -> Option<Vec<Key>> {
        let mut parts = package.runs(pile, files).ok()?;
        if parts.is_empty() {
            return Some(keys(&package.extract(pile, files, None).ok()?.trajectory));
        }
        parts.sort_by(|a, b| a.key.cmp(&b.key));
        let each = parts.iter().map(|part| {
            Some(keys(
                &package.extract(pile, files, Some(part)).ok()?.trajectory,
            ))
        });
        Some(
            each.collect::<Option<Vec<_>>>()?
                .into_iter()
                .flatten()
                .collect(),
        )
    };
    let whole = read(files).unwrap_or_default();
    if files.len() == 1 || !whole.is_empty() {
        return whole;
    }
    let alone = files.iter().filter_map(|id| read(&[*id]));
    alone.max_by_key(Vec::len).unwrap_or_default()
}

/// The name a layout is learned under: its own is taken by the native extractor.
fn hidden(layout: &str) -> String {
    format!("hidden-{layout}")
}

fn learn(
    server: &ScriptedModel,
    layout: &str,
    path: &Path,
    data: &Path,
    more: &[&str],
) -> (i32, String) {
    let provider = if BY_ANTHROPIC.contains(&layout) {
        "anthropic"
    } else {
        "openai"
    };
    let output = assert_cmd::cargo::cargo_bin_cmd!("codetracer")
        .args(["extractors", "learn", "--anew", "--name"])
        .arg(hidden(layout))
        .arg("--model")
        .arg(format!("{provider}/{layout}"))
        .args(more)
        .arg(path)
        .env("CODETRACER_DATA_DIR", data)
        .envs(server.environment())
        .output()
        .unwrap();
    let status = output.status.code().unwrap_or(-1);
    let error = String::from_utf8_lossy(&output.stderr);
    let text = String::from_utf8_lossy(&output.stdout);
    (status, format!("{text}{error}"))
}

struct Row {
    layout: String,
    samples: usize,
    native: usize,
    rounds: usize,
    form: &'static str,
    learned: Shares,
    induced: Shares,
}

#[test]
fn models_answers_read_what_native_extractors_read() {
    let Some(corpus) = corpus() else { return };
    let program = assert_cmd::cargo::cargo_bin!("codetracer");
    formats::learned::allow_scripts(script::Launcher::at(program));
    let only = std::env::var("ONLY").unwrap_or_default();
    let most: usize = std::env::var("MOST").map_or(MOST, |n| n.parse().unwrap());
    let prompts = std::env::var_os("PROMPTS").map(PathBuf::from);
    let pile = Pile::open(&corpus, &Limits::default()).unwrap();
    let found = find_runs(&pile);
    let mut layouts: BTreeMap<&str, Vec<&Run>> = BTreeMap::new();
    for run in &found.runs {
        layouts.entry(run.claim.layout).or_default().push(run);
    }
    let server = ScriptedModel::start(Protocol::OpenAi, |asked| {
        let recorded = answer(&asked.model, asked.round).unwrap_or_default();
        // Stated, so that a long answer is not cut.
        Reply::text(recorded).with_usage(llm::Usage::default())
    });
    let mut rows = Vec::new();
    for (layout, runs) in &layouts {
        if !only.is_empty() && !only.split(',').any(|name| name == *layout) {
            continue;
        }
        if answer(layout, 1).is_none() && prompts.is_none() {
            println!("{layout:<24} no recorded answer");
            continue;
        }
        let samples = samples(&pile, runs, most);
        let folder = tempfile::tempdir().unwrap();
        let (shown, data) = (folder.path().join("run"), folder.path().join("data"));
        fs::create_dir(&shown).unwrap();
        put_down(&corpus, &pile, &samples, &shown);
        if let Some(prompts) = &prompts {
            let (_, text) = learn(&server, layout, &shown, &data, &["--show-prompt"]);
            fs::write(prompts.join(format!("{layout}.1.txt")), text).unwrap();
        }
        if answer(layout, 1).is_none() {
            continue;
        }
        let (status, said) = learn(&server, layout, &shown, &data, &[]);
        for question in server.requests_of(layout).iter().skip(1) {
            if let Some(prompts) = &prompts {
                let name = format!("{layout}.{}.txt", question.round);
                fs::write(prompts.join(name), question.last_text()).unwrap();
            }
        }
        if !only.is_empty() || status != 0 {
            println!("{layout}: {said}");
        }
        let registry = Registry::open(&data).unwrap();
        let package = registry.versions(&hidden(layout)).next_back();
        rows.push(measured(layout, &pile, &samples, package, &server));
    }
    println!(
        "layout                   samples native rounds form    actions  steps | alone: actions  steps"
    );
    for row in &rows {
        let (calls, steps) = row.learned.of(row.native);
        let (calls_alone, steps_alone) = row.induced.of(row.native);
        println!(
            "{:<24} {:>7} {:>6} {:>6} {:<7} {calls:>7.3} {steps:>6.3} |        {calls_alone:>7.3} {steps_alone:>6.3}",
            row.layout, row.samples, row.native, row.rounds, row.form
        );
    }
    let low: Vec<String> = rows
        .iter()
        .filter_map(|row| {
            let (_, floor) = FLOORS.iter().find(|(name, _)| *name == row.layout)?;
            let (_, steps) = row.learned.of(row.native);
            (steps < *floor).then(|| format!("{}: {steps:.3}, not {floor}", row.layout))
        })
        .collect();
    assert!(low.is_empty() || most != MOST, "{low:#?}");
}

fn measured(
    layout: &str,
    pile: &Pile,
    samples: &[Sample],
    package: Option<&std::sync::Arc<Package>>,
    server: &ScriptedModel,
) -> Row {
    let mut row = Row {
        layout: layout.to_owned(),
        samples: samples.len(),
        native: 0,
        rounds: server.requests_of(layout).len(),
        form: match package.map(|package| (&package.program, package.provenance.made_by.as_str())) {
            None => "refused",
            Some((_, "induction")) => "induced",
            Some((Program::Maps(_), _)) => "map",
            Some((Program::Script(_), _)) => "script",
        },
        learned: Shares::default(),
        induced: Shares::default(),
    };
    for sample in samples {
        row.native += sample.native.len();
        if std::env::var_os("ONLY").is_some() {
            let paths = sample.files.iter().map(|id| pile.entry(*id).path.as_str());
            println!("# {}", paths.collect::<Vec<_>>().join(" "));
        }
        if let Some(package) = package {
            let ours = by_package(package, pile, &sample.files);
            if std::env::var_os("ONLY").is_some() {
                show_difference(&sample.native, &ours);
            }
            row.learned.add(&sample.native, &ours);
        }
        if let Ok((files, map)) = by_structure(pile, &sample.files) {
            row.induced.add(&sample.native, &by_map(pile, &files, &map));
        }
    }
    row
}

fn show_difference(theirs: &[Key], ours: &[Key]) {
    let text = |keys: &[Key]| {
        keys.iter().fold(String::new(), |text, key| {
            let brief = |t: &str| t.chars().take(110).collect::<String>().replace('\n', "⏎");
            text + &brief(&key.meant) + "\n    => " + &brief(&key.seen) + "\n"
        })
    };
    let (a, b) = (text(theirs), text(ours));
    let diff = similar::TextDiff::from_lines(&a, &b);
    let text = diff.unified_diff().context_radius(0).to_string();
    println!("{}", text.chars().take(1500).collect::<String>());
}
