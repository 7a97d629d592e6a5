//! The way in: a path or standard input to found runs, and a batch of runs in bounded memory.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::{Context, bail};
use formats::pile::{Limits, Pile};
use formats::{
    Extraction, Found, Learned, ReadError, Run, find_runs_with, read_run, read_with_sources,
};
use rayon::prelude::*;

use crate::output::Output;

/// How many runs are worked on together. Enough to keep every core busy, few enough that memory does
/// not grow with the batch.
const BATCH: usize = 64;

/// How many bytes of transcripts are worked on together, unless a single run is larger.
const BATCH_BYTES: u64 = 64 << 20;

/// How many runs an error names when one has to be chosen.
const NAMED_RUNS: usize = 8;

/// What is said of a run whose parked steps could not be read back.
pub(crate) const UNSPOOLED: &str = "steps parked in the temporary folder could not be read back; \
     check the disk it is on, or set TMPDIR to another";

/// One PATH of the command line, looked through.
pub(crate) struct Input {
    /// The path as the user gave it.
    pub(crate) given: String,
    /// What stands before the paths inside the pile, to open them from where the user stands.
    base: String,
    /// The files.
    pub(crate) pile: Pile,
    /// The runs in them.
    pub(crate) found: Found,
}

impl Input {
    /// Looks through `path`; `-` is standard input.
    pub(crate) fn open(path: &Path, learned: &Learned) -> anyhow::Result<Self> {
        let limits = Limits::default();
        let given = path.display().to_string();
        let (pile, base) = if given == "-" {
            let pile = Pile::from_reader("stdin", io::stdin().lock(), &limits)?;
            (pile, String::new())
        } else {
            let pile = Pile::open(path, &limits)
                .context("nothing to read; PATH is a file, a folder, an archive or `-`")?;
            // A file is its own pile: paths inside it begin with its name.
            let base = if path.is_file() {
                path.parent().map(|p| p.display().to_string())
            } else {
                Some(given.clone())
            };
            (pile, base.unwrap_or_default())
        };
        Ok(Self::of(given, base, pile, learned))
    }

    /// A run that is part of this program, shown under `name`.
    pub(crate) fn bundled(name: &str, content: &str) -> Self {
        Self::of(
            name.to_owned(),
            String::new(),
            Pile::from_memory([(name, content)]),
            &Learned::default(),
        )
    }

    fn of(given: String, base: String, pile: Pile, learned: &Learned) -> Self {
        let found = find_runs_with(&pile, learned);
        Self {
            given,
            base,
            pile,
            found,
        }
    }

    /// A path inside the pile as the user would open it.
    pub(crate) fn user_path(&self, inner: &str) -> String {
        match (self.base.as_str(), inner) {
            ("", inner) => inner.to_owned(),
            (base, "") => base.to_owned(),
            (base, inner) if base.ends_with('/') => format!("{base}{inner}"),
            (base, inner) => format!("{base}/{inner}"),
        }
    }

    /// The runs asked for: the one named `id`, or all.
    pub(crate) fn runs(&self, id: Option<&str>) -> anyhow::Result<Vec<&Run>> {
        if self.found.runs.is_empty() {
            bail!("{}", self.nothing_found());
        }
        match id {
            None => Ok(self.found.runs.iter().collect()),
            Some(id) => match self.found.run(id) {
                Some(run) => Ok(vec![run]),
                None => bail!("{}: no run `{id}`; {}", self.given, self.names()),
            },
        }
    }

    /// The one run a command is about.
    pub(crate) fn one_run(&self, id: Option<&str>) -> anyhow::Result<&Run> {
        self.one_run_by("--run", id)
    }

    /// The one run that the option called `option` chooses.
    pub(crate) fn one_run_by(&self, option: &str, id: Option<&str>) -> anyhow::Result<&Run> {
        match self.runs(id)?.as_slice() {
            [run] => Ok(run),
            runs => bail!(
                "{}: holds {} runs, choose one with {option} ID; {}",
                self.given,
                runs.len(),
                self.names()
            ),
        }
    }

    /// How many bytes the transcript of a run has.
    pub(crate) fn size(&self, run: &Run) -> u64 {
        let files = &run.claim.detection.files;
        let part = run.claim.part.as_ref().and_then(|part| part.range.as_ref());
        part.map_or_else(
            || files.iter().map(|id| self.pile.entry(*id).size).sum(),
            |range| range.end.saturating_sub(range.start),
        )
    }

    /// When a run was last written: as its layout says where many runs share a file, and else when
    /// the newest of its files was, as far as the file system tells.
    pub(crate) fn written(&self, run: &Run) -> Option<SystemTime> {
        let stated = run.claim.part.as_ref().and_then(|part| part.written);
        if let Some(stated) = stated {
            return Some(stated.into());
        }
        let files = run.claim.detection.files.iter();
        let written = files.filter_map(|id| {
            let path = self.user_path(&self.pile.entry(*id).path);
            std::fs::metadata(path).ok()?.modified().ok()
        });
        written.max()
    }

    /// Reads one run; errors name the artifact as the user would open it.
    pub(crate) fn read(&self, run: &Run) -> anyhow::Result<Extraction> {
        read_run(&self.pile, run).map_err(|error| self.explain(run, error))
    }

    /// Reads one run as [`Self::read`] does, and names the files on disk it was made from; `None`
    /// where it came from no disk.
    pub(crate) fn read_with_sources(
        &self,
        run: &Run,
    ) -> (anyhow::Result<Extraction>, Option<BTreeSet<PathBuf>>) {
        let (read, sources) = read_with_sources(&self.pile, run);
        (read.map_err(|error| self.explain(run, error)), sources)
    }

    fn explain(&self, run: &Run, error: ReadError) -> anyhow::Error {
        let path = self.user_path(&run.path);
        anyhow::Error::new(error).context(format!(
            "{path}: recognised as {} but not readable (`codetracer doctor {path}` says by what)",
            run.claim.layout_name()
        ))
    }

    /// A sentence about files that no extractor read or that could not be looked at, if any: nothing
    /// is left out in silence.
    pub(crate) fn left_out(&self) -> Option<String> {
        let (unread, problems) = (self.found.unread.len(), self.found.problems.len());
        if self.found.runs.is_empty() || unread + problems == 0 {
            return None;
        }
        Some(format!(
            "note: {}: {} of {} not read, {}; `codetracer doctor {}` names them",
            self.given,
            unread,
            counted(self.pile.entries().len(), "file"),
            counted(problems, "problem"),
            self.given,
        ))
    }

    fn nothing_found(&self) -> String {
        let files = self.pile.entries().len();
        let mut text = format!(
            "{}: no run found among {} ({} of a kind nothing reads); \
             `codetracer doctor {}` says what was looked at, \
             `codetracer extractors learn --dry-run {}` why an unknown layout is not read",
            self.given,
            counted(files, "file"),
            self.found.unread.len(),
            self.given,
            self.given,
        );
        if let Some(problem) = self.found.problems.first() {
            let _ = write!(text, "; {}: {}", problem.path, problem.what);
        }
        text
    }

    fn names(&self) -> String {
        let runs = &self.found.runs;
        let shown: Vec<&str> = runs
            .iter()
            .take(NAMED_RUNS)
            .map(|r| r.id.as_str())
            .collect();
        let rest = runs.len() - shown.len();
        let more = if rest > 0 {
            format!(" and {rest} more (`codetracer doctor` lists them)")
        } else {
            String::new()
        };
        format!("runs here: {}{more}", shown.join(", "))
    }
}

/// Works on `items` in parallel and gives the results to `take` in order, holding a bounded number.
pub(crate) fn in_order<T: Sync, R: Send>(
    items: &[T],
    output: &mut Output,
    size: impl Fn(&T) -> u64,
    work: impl Fn(&T) -> R + Sync,
    mut take: impl FnMut(&mut Output, R) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    output.start_progress("reading", items.len());
    let mut rest = items;
    while !rest.is_empty() {
        let (batch, after) = rest.split_at(batch(rest, &size));
        rest = after;
        let results: Vec<R> = batch.par_iter().map(&work).collect();
        output.advance(results.len());
        for result in results {
            take(output, result)?;
        }
    }
    output.end_progress();
    Ok(())
}

/// How many of the next items are worked on together: at least one.
fn batch<T>(items: &[T], size: impl Fn(&T) -> u64) -> usize {
    let mut bytes = 0_u64;
    let fit = items.iter().take(BATCH).take_while(|item| {
        bytes = bytes.saturating_add(size(item));
        bytes <= BATCH_BYTES
    });
    fit.count().max(1)
}

/// A number with its noun.
pub(crate) fn counted(number: usize, noun: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {noun}{plural}")
}
