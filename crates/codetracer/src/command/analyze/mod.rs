//! `codetracer analyze`: artifacts to diagnoses.

mod export;
mod work;

use std::fmt::Write as _;
use std::path::PathBuf;
use std::time::SystemTime;

use anyhow::bail;
use formats::{Fingerprints, Learned};
use localize::Options;
use store::{Answer, Key};

pub(super) use work::{Analysed, Form, How, Job, analyse, work};

use self::export::Exports;
use self::work::Done;
use super::inquiry::Asker;
use super::lessons::Lessons;
use super::{Status, Tally, report};
use crate::asking::asked_in_order;
use crate::cli::{Analyze, Flags};
use crate::input::{Input, counted, in_order};
use crate::kept::{Diagnoses, KeptPile, Seen};
use crate::local;
use crate::output::Output;

/// How many results are written to the cache at once.
const KEPT_TOGETHER: usize = 256;

/// A path of the command line.
enum Source {
    /// Nothing under it was changed since its runs were kept.
    Kept(KeptPile),
    /// It was looked through.
    Open(Box<Opened>),
}

/// A path that was looked through.
struct Opened {
    input: Input,
    /// What it looked like before; `None` where nothing of it is kept.
    seen: Option<Seen>,
    /// The keys of its runs, in their order; empty without a cache.
    keys: Vec<Key>,
}

/// Analyses every run under the given paths.
pub(super) fn run(
    args: &Analyze,
    flags: &Flags,
    learned: &Learned,
    output: &mut Output,
) -> anyhow::Result<Status> {
    let options = Options {
        blind: args.blind,
        explain: args.explain,
    };
    let asker = Asker::of(&args.model, args.blind, false)?;
    let asker = asker.map(|asker| asker.with(Lessons::of(&args.model)));
    let how = How {
        options,
        asker: asker.as_ref(),
    };
    // What a model says is kept by recording its calls.
    let kept = if flags.no_cache || asker.is_some() {
        None
    } else {
        Diagnoses::open(options, learned, output)
    };
    let mut tally = Tally::default();
    let homes = if args.local {
        open_all(&local_folders()?, learned, &mut tally, output)
    } else {
        Vec::new()
    };
    let sources = sources(args, learned, kept.as_ref(), &mut tally, output);
    let local = local_jobs(&homes, kept.as_ref(), args.newest);
    let runs = local.len() + count(&sources, args.run.as_deref());
    let mut exports = Exports::of(&args.export, inputs(args, &homes), runs)?;
    let form = match (args.by_document(), runs) {
        (true, _) => Form::Json,
        (false, 1) => Form::Full(output.palette()),
        (false, _) => Form::Row(output.palette()),
    };
    let mut jobs = jobs(&sources, args.run.as_deref(), &mut tally, output);
    jobs.splice(0..0, local);
    let many = matches!(form, Form::Row(_)) && !jobs.is_empty();
    if many {
        output.text(&report::table_head(output.palette()))?;
    }
    let started = SystemTime::now();
    let mut settled = vec![0; sources.len()];
    let mut keep = Vec::new();
    let keep_all = |keep: &mut Vec<(Key, Answer)>| {
        if let Some(kept) = &kept {
            kept.keep(keep);
        }
        keep.clear();
    };
    let take = |output: &mut Output, done: Done| {
        print(done.result, exports.as_mut(), &mut tally, output)?;
        keep.extend(done.keep);
        if let Some(source) = done.settled {
            settled[source] += 1;
        }
        if keep.len() >= KEPT_TOGETHER {
            keep_all(&mut keep);
        }
        Ok(())
    };
    let work = |job: &Job<'_>| work(job, kept.as_ref(), how, form, started);
    if let Some(asker) = &asker {
        let pace = (asker.concurrency(), Some(jobs.len()));
        asked_in_order(jobs.iter(), pace, output, || asker.so_far(), work, take)?;
    } else {
        in_order(&jobs, output, Job::size, work, take)?;
    }
    keep_all(&mut keep);
    if many {
        output.text(&totals(&tally, asker.as_ref()))?;
    }
    if let Some(exports) = &exports {
        exports.finish(output);
    }
    for (source, settled) in sources.iter().zip(settled) {
        let left_out = match source {
            Source::Kept(pile) => pile.left_out.clone(),
            Source::Open(opened) => opened.input.left_out(),
        };
        if let (Some(kept), Source::Open(opened), None) = (&kept, source, &args.run)
            && let Some(seen) = opened
                .seen
                .as_ref()
                .filter(|_| settled == opened.keys.len())
        {
            kept.keep_pile(seen, &opened.keys, left_out.as_deref());
        }
        if let Some(left_out) = left_out {
            output.note(&left_out);
        }
    }
    if let Some(trouble) = kept.as_ref().and_then(Diagnoses::trouble) {
        output.note(&trouble);
    }
    Ok(tally.status(flags.fail_on))
}

/// Looks at every path of the command line; one that cannot be read is told and counted.
fn sources(
    args: &Analyze,
    learned: &Learned,
    kept: Option<&Diagnoses>,
    tally: &mut Tally,
    output: &mut Output,
) -> Vec<Source> {
    let mut sources = Vec::new();
    for path in &args.paths {
        let kept = kept.filter(|_| path.as_os_str() != "-");
        let seen = kept.and_then(|kept| kept.look(path));
        if let (Some(kept), Some(seen), None) = (kept, &seen, &args.run)
            && let Some(pile) = kept.pile(seen)
            // The report on a single run shows steps, which are not kept.
            && (args.by_document() || pile.runs.len() > 1)
        {
            sources.push(Source::Kept(pile));
            continue;
        }
        output.start_search(path);
        let opened = Input::open(path, learned);
        output.end_progress();
        match opened {
            Ok(input) => sources.push(Source::Open(Box::new(Opened {
                keys: kept.map_or_else(Vec::new, |kept| kept.keys(&input)),
                seen,
                input,
            }))),
            Err(error) => {
                tally.unreadable += 1;
                output.error(&format!("{error:#}"));
            }
        }
    }
    sources
}

/// Everything that is only read.
fn inputs(args: &Analyze, homes: &[Input]) -> Vec<PathBuf> {
    let paths = args.paths.iter().filter(|path| path.as_os_str() != "-");
    let homes = homes.iter().map(|home| PathBuf::from(&home.given));
    paths.cloned().chain(homes).collect()
}

/// How many runs there are to print.
fn count(sources: &[Source], id: Option<&str>) -> usize {
    let of = |source: &Source| match source {
        Source::Kept(pile) => pile.runs.len(),
        Source::Open(opened) => opened.input.runs(id).map_or(0, |runs| runs.len()),
    };
    sources.iter().map(of).sum()
}

/// The runs to print; a path without the one asked for is told and counted.
fn jobs<'s>(
    sources: &'s [Source],
    id: Option<&str>,
    tally: &mut Tally,
    output: &Output,
) -> Vec<Job<'s>> {
    let mut jobs = Vec::new();
    for (source, opened) in sources.iter().enumerate() {
        let opened = match opened {
            Source::Kept(pile) => {
                jobs.extend(pile.runs.iter().copied().map(Job::Kept));
                continue;
            }
            Source::Open(opened) => opened,
        };
        let input = &opened.input;
        if let Err(error) = input.runs(id) {
            tally.unreadable += 1;
            output.error(&format!("{error:#}"));
            continue;
        }
        let all = input.found.runs.iter().enumerate();
        let wanted = all.filter(|(_, run)| id.is_none_or(|id| run.id == id));
        jobs.extend(wanted.map(|(at, run)| Job::Read {
            source: Some(source),
            input,
            run,
            key: opened.keys.get(at).copied(),
        }));
    }
    jobs
}

/// The newest sessions of this machine's agents.
fn local_jobs<'s>(homes: &'s [Input], kept: Option<&Diagnoses>, newest: usize) -> Vec<Job<'s>> {
    let jobs = local::newest(homes, newest).into_iter();
    jobs.map(|(input, run)| Job::Read {
        source: None,
        input,
        run,
        key: kept.map(|kept| kept.key(input, &Fingerprints::new(&input.pile), run)),
    })
    .collect()
}

/// Prints what became of one run and counts it.
fn print(
    result: anyhow::Result<Analysed>,
    exports: Option<&mut Exports>,
    tally: &mut Tally,
    output: &mut Output,
) -> anyhow::Result<()> {
    match result {
        Ok(done) => {
            if let Some(exports) = exports {
                if !exports.take(&done, output)? {
                    tally.unreadable += 1;
                    return Ok(());
                }
            } else {
                output.text(&done.text)?;
                if let Some(document) = &done.long {
                    output.json(&**document)?;
                }
            }
            tally.count(done.verdict);
            for warning in &done.warnings {
                output.note(&format!("note: {warning}"));
            }
            if let Some(trouble) = &done.trouble {
                tally.unasked += 1;
                output.error(trouble);
            }
        }
        Err(error) => {
            tally.unreadable += 1;
            output.error(&format!("{error:#}"));
        }
    }
    Ok(())
}

/// Looks through every path; one that cannot be read is named and counted.
fn open_all(
    paths: &[PathBuf],
    learned: &Learned,
    tally: &mut Tally,
    output: &mut Output,
) -> Vec<Input> {
    let mut inputs = Vec::new();
    for path in paths {
        match Input::open(path, learned) {
            Ok(input) => inputs.push(input),
            Err(error) => {
                tally.unreadable += 1;
                output.error(&format!("{error:#}"));
            }
        }
    }
    inputs
}

/// Where the agents of this machine keep their sessions.
fn local_folders() -> anyhow::Result<Vec<PathBuf>> {
    let variable = |name: &str| std::env::var_os(name).map(PathBuf::from);
    let folders = local::folders(variable, std::env::home_dir().as_deref());
    if folders.is_empty() {
        bail!(
            "no agent of this machine keeps sessions in its usual folder; looked for {}",
            local::agents()
        );
    }
    Ok(folders)
}

fn totals(tally: &Tally, asker: Option<&Asker>) -> String {
    let mut text = format!(
        "\n{}: {} with a failure, {} without, {} undecided",
        counted(tally.read(), "run"),
        tally.failures,
        tally.clean,
        tally.undecided
    );
    if tally.unreadable > 0 {
        let _ = write!(text, "; {} could not be read", tally.unreadable);
    }
    if let Some(asker) = asker {
        let _ = write!(text, "\n{}", asker.taken());
        if tally.unasked > 0 {
            let _ = write!(
                text,
                "; it gave no verdict that stands on {}",
                tally.unasked
            );
        }
    }
    text.push('\n');
    text
}
