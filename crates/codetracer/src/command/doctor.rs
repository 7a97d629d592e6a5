//! `codetracer doctor`: what was recognised under a path, by what evidence, and what was not.

use std::fmt::Write as _;
use std::path::Path;

use clap::CommandFactory;
use formats::pile::EntryId;
use formats::{Learned, Run, Share, envelopes, extractors};
use serde::Serialize;

use super::Status;
use crate::cli::{Cli, Doctor};
use crate::input::{Input, counted, in_order};
use crate::output::{Output, Palette, inert};

/// How many unread files a person is shown; `--json` names all.
const UNREAD_SHOWN: usize = 12;

/// What stands under a path.
#[derive(Serialize)]
struct Findings {
    path: String,
    files: usize,
    runs: Vec<RunFinding>,
    unread: Vec<Unread>,
    problems: Vec<ProblemFinding>,
}

/// One run and how it was recognised.
#[derive(Serialize)]
struct RunFinding {
    run_id: String,
    path: String,
    layout: String,
    layout_version: Option<String>,
    score: u8,
    evidence: Vec<String>,
    trial: Vec<String>,
    files: Vec<String>,
    sidecars: Vec<String>,
    duplicates: Vec<String>,
    steps: Option<usize>,
    bytes: Option<Part>,
    events: Option<Part>,
    warnings: Vec<String>,
    error: Option<String>,
}

/// How much of a whole was understood.
#[derive(Serialize)]
struct Part {
    explained: u64,
    total: u64,
    share: f64,
}

impl From<Share> for Part {
    fn from(share: Share) -> Self {
        Self {
            explained: share.explained,
            total: share.total,
            share: share.ratio(),
        }
    }
}

/// A file nothing reads.
#[derive(Serialize)]
struct Unread {
    path: String,
    bytes: u64,
    why: &'static str,
}

/// What could not be looked at.
#[derive(Serialize)]
struct ProblemFinding {
    path: String,
    what: String,
}

/// Examines the path, or names what this program knows.
pub(super) fn run(args: &Doctor, learned: &Learned, output: &mut Output) -> anyhow::Result<Status> {
    match &args.path {
        Some(path) => examine(path, args.json, learned, output),
        None => introduce(args.json, learned, output),
    }
}

fn examine(
    path: &Path,
    json: bool,
    learned: &Learned,
    output: &mut Output,
) -> anyhow::Result<Status> {
    let input = Input::open(path, learned)?;
    let mut runs = Vec::new();
    let all: Vec<&Run> = input.found.runs.iter().collect();
    in_order(
        &all,
        output,
        |run| input.size(run),
        |run| examine_run(&input, run),
        |_, finding| {
            runs.push(finding);
            Ok(())
        },
    )?;
    let failed = runs.iter().filter(|run| run.error.is_some()).count();
    let findings = Findings {
        path: input.given.clone(),
        files: input.pile.entries().len(),
        runs,
        unread: input
            .found
            .unread
            .iter()
            .map(|id| unread(&input, *id))
            .collect(),
        problems: input
            .found
            .problems
            .iter()
            .map(|p| ProblemFinding {
                path: input.user_path(&p.path),
                what: p.what.clone(),
            })
            .collect(),
    };
    if json {
        output.json(&findings)?;
    } else {
        let text = findings.text(output.palette());
        output.text(&text)?;
    }
    Ok(if failed > 0 {
        Status::PartlyFailed
    } else {
        Status::Done
    })
}

fn examine_run(input: &Input, run: &Run) -> RunFinding {
    let names = |ids: &[EntryId]| -> Vec<String> {
        ids.iter()
            .map(|id| input.user_path(&input.pile.entry(*id).path))
            .collect()
    };
    let mut finding = RunFinding {
        run_id: run.id.clone(),
        path: input.user_path(&run.path),
        layout: run.claim.layout_name().to_owned(),
        layout_version: run.claim.learned.as_ref().map(|r| r.package.version_text()),
        score: run.claim.detection.score,
        evidence: run.claim.detection.evidence.clone(),
        trial: run.facts.evidence.clone(),
        files: names(&run.claim.detection.files),
        sidecars: names(&run.facts.files),
        duplicates: run
            .duplicates
            .iter()
            .map(|d| format!("{} ({}) {}", input.user_path(&d.root), d.layout, d.why))
            .collect(),
        steps: None,
        bytes: None,
        events: None,
        warnings: Vec::new(),
        error: None,
    };
    match input.read(run) {
        Ok(extraction) => {
            finding.steps = Some(extraction.trajectory.steps.len());
            finding.bytes = Some(extraction.coverage.bytes.into());
            finding.events = Some(extraction.coverage.events.into());
            finding.warnings = extraction.warnings;
        }
        Err(error) => finding.error = Some(format!("{:#}", error.root_cause())),
    }
    finding
}

fn unread(input: &Input, id: EntryId) -> Unread {
    let entry = input.pile.entry(id);
    Unread {
        path: input.user_path(&entry.path),
        bytes: entry.size,
        why: if entry.size == 0 {
            "empty"
        } else {
            "no known layout"
        },
    }
}

impl Findings {
    fn text(&self, palette: Palette) -> String {
        let mut out = String::new();
        let _ = writeln!(
            out,
            "{}: {} in {}, {} unread, {}",
            inert(&self.path),
            counted(self.runs.len(), "run"),
            counted(self.files, "file"),
            self.unread.len(),
            counted(self.problems.len(), "problem"),
        );
        for run in &self.runs {
            run.text(&mut out, palette);
        }
        if !self.unread.is_empty() {
            let _ = writeln!(out, "\n{}", palette.strong("left unread"));
            for file in self.unread.iter().take(UNREAD_SHOWN) {
                let _ = writeln!(
                    out,
                    "  {}: {}, {}",
                    inert(&file.path),
                    file.why,
                    counted(usize::try_from(file.bytes).unwrap_or(usize::MAX), "byte"),
                );
            }
            if self.unread.len() > UNREAD_SHOWN {
                let rest = self.unread.len() - UNREAD_SHOWN;
                let _ = writeln!(out, "  and {rest} more (--json names all)");
            }
        }
        if !self.problems.is_empty() {
            let _ = writeln!(out, "\n{}", palette.bad("problems"));
            for problem in &self.problems {
                let _ = writeln!(out, "  {}: {}", inert(&problem.path), inert(&problem.what));
            }
        }
        if self.runs.is_empty() {
            let known: Vec<&str> = extractors().iter().map(|e| e.layout().name).collect();
            let _ = writeln!(out, "\nlayouts that would be read: {}", known.join(", "));
        }
        out
    }
}

impl RunFinding {
    fn text(&self, out: &mut String, palette: Palette) {
        let _ = writeln!(out, "\n{}", palette.strong(&inert(&self.run_id)));
        let mut line = |what: &str, text: &str| {
            let _ = writeln!(out, "  {what:<10} {}", inert(text));
        };
        let version = self
            .layout_version
            .iter()
            .map(|version| format!(" {version}"));
        let layout = self.layout.clone() + &version.collect::<String>();
        line("layout", &format!("{layout} (score {})", self.score));
        line("because", &self.evidence.join("; "));
        if !self.trial.is_empty() {
            line("trial", &self.trial.join("; "));
        }
        for file in &self.files {
            line("file", file);
        }
        for file in &self.sidecars {
            line("beside", file);
        }
        for duplicate in &self.duplicates {
            line("duplicate", duplicate);
        }
        if let (Some(steps), Some(bytes), Some(events)) = (self.steps, &self.bytes, &self.events) {
            let told = format!(
                "{}; {:.1} % of bytes and {} of {} events explained",
                counted(steps, "step"),
                bytes.share * 100.0,
                events.explained,
                events.total,
            );
            line("read", &told);
        }
        for warning in &self.warnings {
            line("note", warning);
        }
        if let Some(error) = &self.error {
            line("ERROR", error);
        }
    }
}

/// What this program knows.
#[derive(Serialize)]
struct Knowledge {
    version: &'static str,
    layouts: Vec<Known>,
    learned: Vec<KnownLearned>,
    trial_folders: Vec<&'static str>,
    sandbox: Sandbox,
    commands: Vec<String>,
}

/// A layout that can be read.
#[derive(Serialize)]
struct Known {
    name: &'static str,
    title: &'static str,
}

/// What stands between an extractor program and this machine.
#[derive(Serialize)]
struct Sandbox {
    complete: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    walls: Option<script::Isolation>,
    told: String,
}

impl Sandbox {
    fn of_this_machine() -> Self {
        match script::Launcher::here().and_then(|launcher| launcher.isolation()) {
            Ok(walls) => Self {
                complete: walls.is_complete(),
                told: match formats::learned::weakness(&walls) {
                    Some(why) => format!("{walls}; extractor programs do not run: {why}"),
                    None => walls.to_string(),
                },
                walls: Some(walls),
            },
            Err(error) => Self {
                complete: false,
                told: format!("extractor programs cannot run here: {error}"),
                walls: None,
            },
        }
    }
}

/// A layout that was learned.
#[derive(Serialize)]
struct KnownLearned {
    name: String,
    version: String,
    title: String,
    made_by: String,
}

fn introduce(json: bool, learned: &Learned, output: &mut Output) -> anyhow::Result<Status> {
    let known = Knowledge {
        version: env!("CARGO_PKG_VERSION"),
        layouts: extractors()
            .iter()
            .map(|extractor| extractor.layout())
            .map(|layout| Known {
                name: layout.name,
                title: layout.title,
            })
            .collect(),
        learned: learned
            .packages
            .iter()
            .map(|package| KnownLearned {
                name: package.name.clone(),
                version: package.version_text(),
                title: package.title.clone(),
                made_by: package.provenance.made_by.clone(),
            })
            .collect(),
        trial_folders: envelopes().iter().map(|e| e.name()).collect(),
        sandbox: Sandbox::of_this_machine(),
        commands: Cli::command()
            .get_subcommands()
            .map(|command| command.get_name().to_owned())
            .collect(),
    };
    if json {
        output.json(&known)?;
        return Ok(Status::Done);
    }
    let mut out = format!("codetracer {}\n\nlayouts\n", known.version);
    for layout in &known.layouts {
        let _ = writeln!(out, "  {:<20} {}", layout.name, layout.title);
    }
    if !known.learned.is_empty() {
        let _ = writeln!(out, "\nlearned layouts");
    }
    for layout in &known.learned {
        let _ = writeln!(
            out,
            "  {:<20} version {}, by {}: {}",
            layout.name,
            layout.version,
            inert(&layout.made_by),
            inert(&layout.title)
        );
    }
    let _ = writeln!(out, "\ntrial folders\n  {}", known.trial_folders.join(", "));
    let _ = writeln!(out, "\nsandbox\n  {}", inert(&known.sandbox.told));
    let _ = writeln!(out, "\ncommands\n  {}", known.commands.join(", "));
    output.text(&out)?;
    Ok(Status::Done)
}
