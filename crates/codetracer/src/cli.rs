//! What can be asked on the command line.

mod bench;
mod export;
mod extractors;
mod memory;
mod model;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

pub(crate) use bench::{Bench, BenchCompare, BenchRun, BenchScore, BenchTrain, Labels};
pub(crate) use export::ExportArgs;
pub(crate) use extractors::{Extractors, Learn};
pub(crate) use memory::{Memory, MemoryTask};
pub(crate) use model::{MethodArg, ModelArgs, WithoutArg};

/// Finds where a coding agent's run first went wrong, offline, with evidence.
///
/// PATH may be a file, a folder, an archive, a heap of all of them, or `-` for standard input.
/// Nothing is ever written to the input, and nothing leaves the machine, but for what `--model` sends
/// to the model you name.
#[derive(Debug, Parser)]
#[command(
    name = "codetracer",
    version,
    propagate_version = true,
    after_help = "Exit status: 0 done; 1 a failure was found and 125 undecided, both only with \
                  --fail-on; 2 bad input or usage; 3 some runs of a batch could not be read, or a \
                  model gave no verdict that stands (3 comes before 1 and 125)."
)]
pub(crate) struct Cli {
    /// What holds for every command.
    #[command(flatten)]
    pub(crate) flags: Flags,
    /// The command itself.
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What holds for every command.
#[derive(Debug, Args)]
pub(crate) struct Flags {
    /// When to colour: `auto` colours a terminal and honours `NO_COLOR` and `CLICOLOR_FORCE`.
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub(crate) color: Color,
    /// Say nothing on standard error but errors.
    #[arg(short, long, global = true)]
    pub(crate) quiet: bool,
    /// Neither use nor keep what earlier calls worked out.
    #[arg(long, global = true)]
    pub(crate) no_cache: bool,
    /// Let verdicts decide the exit status: 1 for a failure found, 125 when nothing was decided;
    /// for `analyze` and `demo`.
    #[arg(long, global = true, value_name = "WHAT")]
    pub(crate) fail_on: Option<FailOn>,
    /// Read with the built-in layouts only: neither with learned extractors nor by structure.
    #[arg(long, global = true)]
    pub(crate) no_learned: bool,
}

/// When to colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    /// On a terminal, unless the environment says otherwise.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// Which verdicts decide the exit status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum FailOn {
    /// A failure was found in any run.
    Failure,
}

/// What `codetracer cache` does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum CacheTask {
    /// Say where it is and how large.
    Info,
    /// Forget everything; only time is lost.
    Clear,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Name the step where each run first went wrong, and why.
    Analyze(Analyze),
    /// Score diagnoses against labels, beside constant rules and with intervals.
    #[command(subcommand)]
    Bench(Bench),
    /// Rebuild each run as steps.
    Extract(Extract),
    /// Show a run's steps nested by effect: changes below, explorations beside.
    Tree(Tree),
    /// Show what led to what: steps, files, commands, errors, tests and claims, and what went wrong.
    Graph(Graph),
    /// Show one step whole, with the steps around it; or a file as it stood after it.
    Show(Show),
    /// Say what the task demands, and how each demand stands at the end of the run.
    Contract(Contract),
    /// Show how the files of a run differ between two steps; or where two runs of one task part.
    Diff(Diff),
    /// Say of every line of a file which step last wrote it.
    Blame(Blame),
    /// Say what was recognised under a path, by what evidence, and what was left unread.
    Doctor(Doctor),
    /// Learn, review and exchange extractors for layouts this program does not know.
    #[command(subcommand)]
    Extractors(Extractors),
    /// See and change the lessons of earlier runs that a model is shown.
    Memory(Memory),
    /// Analyse a small bundled run, to see what a diagnosis looks like.
    Demo(Demo),
    /// Say what earlier calls kept, or forget it.
    Cache {
        /// What to do.
        #[arg(value_enum, default_value = "info")]
        what: CacheTask,
        /// Print one JSON object.
        #[arg(long)]
        json: bool,
    },
    /// Print the completion script of a shell.
    Completions {
        /// The shell.
        shell: Shell,
    },
    /// Print the manual page (roff).
    Man,
    /// Print the JSON Schemas of the documents.
    Schema {
        /// One schema, such as `diagnosis-1`; without it, their names with their schemas.
        name: Option<String>,
    },
}

/// `codetracer analyze`.
#[derive(Debug, Args)]
#[allow(clippy::struct_excessive_bools, reason = "switches of a command line")]
pub(crate) struct Analyze {
    /// Files, folders or archives that hold runs; `-` reads standard input.
    #[arg(required_unless_present = "local", value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,
    /// Look into the folders where the agents of this machine keep their sessions, read-only.
    #[arg(long)]
    pub(crate) local: bool,
    /// With --local, how many of the newest sessions.
    #[arg(long, value_name = "N", default_value_t = 10, requires = "local")]
    pub(crate) newest: usize,
    /// Print diagnosis documents, one JSON object a line.
    #[arg(long)]
    pub(crate) json: bool,
    /// Hide the recorded outcome from the engine.
    #[arg(long)]
    pub(crate) blind: bool,
    /// Say of every suspect what its score is made of.
    #[arg(long)]
    pub(crate) explain: bool,
    /// Only the run with this id.
    #[arg(long, value_name = "ID")]
    pub(crate) run: Option<String>,
    #[command(flatten)]
    pub(crate) export: ExportArgs,
    #[command(flatten)]
    pub(crate) model: ModelArgs,
}

impl Analyze {
    /// Whether what is printed is made of the documents alone.
    pub(crate) fn by_document(&self) -> bool {
        self.json || self.export.is_asked()
    }
}

/// `codetracer extract`.
#[derive(Debug, Args)]
pub(crate) struct Extract {
    /// A file, folder or archive that holds runs; `-` reads standard input.
    pub(crate) path: PathBuf,
    /// Print trajectory documents, one JSON object a line.
    #[arg(long)]
    pub(crate) json: bool,
    /// Only the run with this id.
    #[arg(long, value_name = "ID")]
    pub(crate) run: Option<String>,
}

/// `codetracer tree`.
#[derive(Debug, Args)]
pub(crate) struct Tree {
    /// A file, folder or archive that holds runs; `-` reads standard input.
    pub(crate) path: PathBuf,
    /// The run to show, where the path holds several.
    #[arg(long, value_name = "ID")]
    pub(crate) run: Option<String>,
    /// Print one JSON object: the steps with parent, depth and effect.
    #[arg(long)]
    pub(crate) json: bool,
}

/// `codetracer graph`.
#[derive(Debug, Args)]
pub(crate) struct Graph {
    /// A file, folder or archive that holds runs; `-` reads standard input.
    pub(crate) path: PathBuf,
    /// The run to show, where the path holds several.
    #[arg(long, value_name = "ID")]
    pub(crate) run: Option<String>,
    /// Only what has to do with this step, counted from 1.
    #[arg(long, value_name = "N")]
    pub(crate) step: Option<u32>,
    /// How to print it.
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub(crate) format: GraphFormat,
    /// Print one JSON object; the same as `--format json`.
    #[arg(long, conflicts_with = "format")]
    pub(crate) json: bool,
}

/// How a graph is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum GraphFormat {
    /// Sentences.
    Text,
    /// One JSON object.
    Json,
    /// Graphviz DOT.
    Dot,
    /// Mermaid.
    Mermaid,
}

/// `codetracer show`.
#[derive(Debug, Args)]
pub(crate) struct Show {
    /// A file, folder or archive that holds runs; `-` reads standard input.
    pub(crate) path: PathBuf,
    /// The step's number, counted from 1.
    pub(crate) step: u32,
    /// The run to show, where the path holds several.
    #[arg(long, value_name = "ID")]
    pub(crate) run: Option<String>,
    /// Show this file as it stood after the step, with the step that wrote each line.
    #[arg(long, value_name = "FILE", conflicts_with = "neighbours")]
    pub(crate) file: Option<String>,
    /// How many steps before and after to name.
    #[arg(long, value_name = "N", default_value_t = 2)]
    pub(crate) neighbours: u32,
    /// Print one JSON object.
    #[arg(long)]
    pub(crate) json: bool,
}

/// `codetracer contract`.
#[derive(Debug, Args)]
pub(crate) struct Contract {
    /// A file, folder or archive that holds runs; `-` reads standard input.
    pub(crate) path: PathBuf,
    /// The run to look at, where the path holds several.
    #[arg(long, value_name = "ID")]
    pub(crate) run: Option<String>,
    /// Print one JSON object.
    #[arg(long)]
    pub(crate) json: bool,
}

/// `codetracer diff`.
#[derive(Debug, Args)]
pub(crate) struct Diff {
    /// A file, folder or archive that holds runs; `-` reads standard input.
    #[arg(value_name = "RUN_A")]
    pub(crate) path: PathBuf,
    /// A second run of the same task, by any agent, to compare the first with.
    #[arg(value_name = "RUN_B", conflicts_with_all = ["step", "patch", "file", "run"])]
    pub(crate) other: Option<PathBuf>,
    /// Between the states after two steps, `A..B`; 0 is before the run. `B` alone is what step B did.
    #[arg(long, value_name = "A..B", value_parser = step_range)]
    pub(crate) step: Option<StepRange>,
    /// What the run changed from its beginning to its end (as without --step).
    #[arg(long, conflicts_with = "step")]
    pub(crate) patch: bool,
    /// Only this file.
    #[arg(long, value_name = "FILE")]
    pub(crate) file: Option<String>,
    /// The run, where the path holds several.
    #[arg(long, value_name = "ID")]
    pub(crate) run: Option<String>,
    /// The run to take from the first of two paths, where it holds several.
    #[arg(long, value_name = "ID", requires = "other")]
    pub(crate) run_a: Option<String>,
    /// The run to take from the second of two paths, where it holds several.
    #[arg(long, value_name = "ID", requires = "other")]
    pub(crate) run_b: Option<String>,
    /// Hide the recorded outcomes of two runs from the engine.
    #[arg(long, requires = "other")]
    pub(crate) blind: bool,
    /// Print one JSON object.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Two moments of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct StepRange {
    /// After this step; 0 is before the run.
    pub(crate) from: u32,
    /// After this step; `None` is the end of the run.
    pub(crate) to: Option<u32>,
}

/// Reads `A..B`, `A..`, `..B` or `B`.
fn step_range(text: &str) -> Result<StepRange, String> {
    let number = |text: &str| {
        text.parse::<u32>()
            .map_err(|_| format!("`{text}` is no step number"))
    };
    let Some((from, to)) = text.split_once("..") else {
        let to = number(text)?;
        let from = to.checked_sub(1).ok_or("steps are counted from 1")?;
        return Ok(StepRange { from, to: Some(to) });
    };
    let from = if from.is_empty() { 0 } else { number(from)? };
    let to = if to.is_empty() {
        None
    } else {
        Some(number(to)?)
    };
    if to.is_some_and(|to| to < from) {
        return Err("the second step comes before the first".to_owned());
    }
    Ok(StepRange { from, to })
}

/// `codetracer blame`.
#[derive(Debug, Args)]
pub(crate) struct Blame {
    /// A file, folder or archive that holds runs; `-` reads standard input.
    pub(crate) path: PathBuf,
    /// The file as the run names it, or the end of its path; `FILE:LINE` for one line.
    #[arg(value_name = "FILE[:LINE]")]
    pub(crate) file: String,
    /// As it stood after this step; without it, at the end of the run.
    #[arg(long, value_name = "N")]
    pub(crate) step: Option<u32>,
    /// The run, where the path holds several.
    #[arg(long, value_name = "ID")]
    pub(crate) run: Option<String>,
    /// Print one JSON object.
    #[arg(long)]
    pub(crate) json: bool,
}

/// `codetracer doctor`.
#[derive(Debug, Args)]
pub(crate) struct Doctor {
    /// What to look at; without it, what this program knows.
    pub(crate) path: Option<PathBuf>,
    /// Print one JSON object.
    #[arg(long)]
    pub(crate) json: bool,
}

/// `codetracer demo`.
#[derive(Debug, Args)]
pub(crate) struct Demo {
    /// Print the diagnosis document.
    #[arg(long)]
    pub(crate) json: bool,
}
