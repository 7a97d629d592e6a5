//! `codetracer extractors learn`: from files nobody reads to an extractor.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::{Context, bail};
use formats::learned::evolve::{Attempt, appraise};
use formats::learned::learn::{Author, LearnFailure, Learnt, Lesson, learn, question};
use formats::learned::package::check_name;
use formats::learned::validate::Validation;
use formats::learned::{Bar, Files, Package, Program, Refusal, Registry, Says, induce};
use formats::pile::{Limits, Pile};
use formats::{Found, find_runs};
use serde_json::{Value, json};

use super::author::{Hand, Model, shown};
use crate::cli::Learn;
use crate::command::Status;
use crate::data;
use crate::output::{Output, inert};

/// How many files of a folder are learned from.
const MOST_ARTIFACTS: usize = 16;

/// How alike files must be to a known layout to be taken for it without being told.
const ALIKE: f64 = 0.6;

/// Learns and, unless told otherwise, keeps what was learned.
pub(super) fn run(args: &Learn, output: &mut Output) -> anyhow::Result<Status> {
    let mut registry = data::registry()?;
    let pile = Pile::open(&args.path, &Limits::default())?;
    let artifacts = artifacts(&pile, args)?;
    let name = match &args.name {
        Some(name) => name.clone(),
        None => name_for(&registry, &pile, &artifacts, &args.path),
    };
    let lesson = Lesson {
        pile: &pile,
        artifacts: &artifacts,
        name: &name,
        registry: &registry,
        rounds: if args.program.is_some() {
            1
        } else {
            args.rounds.into()
        },
        bar: Bar::default(),
    };
    if args.show_prompt {
        // Later rounds send this again, the answers, and what was wrong with them.
        output.text(&inert(&shown(&question(&lesson)?)))?;
        return Ok(Status::Done);
    }
    let mut model;
    let mut hand;
    let author: Option<&mut dyn Author> = match (&args.model, &args.program) {
        (Some(name), _) => {
            model = Model::of(name, args, output)?;
            Some(&mut model)
        }
        (None, Some(file)) => {
            let text =
                std::fs::read_to_string(file).with_context(|| format!("{}", file.display()))?;
            hand = Hand(Some(text));
            Some(&mut hand)
        }
        (None, None) => None,
    };
    let learnt = learn(&lesson, author);
    match learnt {
        Ok(learnt) => {
            let kept = match &learnt.package {
                Some(package) if !args.dry_run => Some(registry.add(package.clone())?),
                _ => None,
            };
            if args.json {
                output.json(&document(&name, &learnt, kept.is_some()))?;
            } else {
                output.text(&text(&name, &learnt, kept.is_some()))?;
            }
            Ok(Status::Done)
        }
        Err(LearnFailure::Refused {
            attempts,
            induction,
        }) => {
            if args.json {
                output.json(&json!({
                    "name": name,
                    "accepted": false,
                    "induction": induction,
                    "attempts": attempts,
                }))?;
            } else {
                output.text(&refused(&attempts, induction.as_deref()))?;
            }
            output.error(
                "nothing was learned; give a hint: --model PROVIDER/MODEL, or --program FILE \
                 (docs/extractors.md shows one)",
            );
            Ok(Status::BadInput)
        }
        Err(error) => Err(error.into()),
    }
}

/// The artifacts to learn from: the file given, or the files of a folder that no built-in extractor
/// reads, if it is not to be learned anew; all of them as one where they are records rather than
/// runs.
fn artifacts(pile: &Pile, args: &Learn) -> anyhow::Result<Vec<Files>> {
    let all: Files = pile
        .entries()
        .iter()
        .filter(|e| e.size > 0)
        .map(|e| e.id)
        .collect();
    if all.len() == 1 {
        return Ok(vec![all]);
    }
    let unread = if args.anew {
        all
    } else {
        let Found { unread, .. } = find_runs(pile);
        unread
    };
    let mut endings: std::collections::BTreeMap<&str, usize> = std::collections::BTreeMap::new();
    let ending = |id| {
        let entry = pile.entry(id);
        entry
            .name()
            .rsplit_once('.')
            .map_or("", |(_, ending)| ending)
    };
    for id in &unread {
        *endings.entry(ending(*id)).or_default() += 1;
    }
    // What a folder holds most of.
    let most = endings
        .iter()
        .max_by_key(|(_, count)| **count)
        .map(|(ending, _)| *ending);
    let files: Files = unread
        .iter()
        .copied()
        .filter(|id| pile.entry(*id).size > 0 && Some(ending(*id)) == most)
        .collect();
    if files.is_empty() {
        bail!(
            "{}: no file to learn from: every file is empty or read by a built-in extractor \
             (--anew learns from those too)",
            args.path.display()
        );
    }
    let single: Vec<Files> = files
        .iter()
        .take(MOST_ARTIFACTS)
        .map(|id| vec![*id])
        .collect();
    if single.len() > 1 && are_records(pile, &single, &files) {
        return Ok(vec![files]);
    }
    Ok(single)
}

/// Whether files are the records of one run rather than runs: none of those looked at can be read
/// alone, and either they can be read together or most have no list to hold records.
fn are_records(pile: &Pile, single: &[Files], files: &Files) -> bool {
    const FEWEST: usize = 6;
    let mut bare = 0;
    for alone in single {
        match induce(pile, alone) {
            Ok(_) => return false,
            Err(Refusal::NoRecords(_)) => bare += 1,
            Err(_) => {}
        }
    }
    bare * 2 > single.len() && single.len() >= FEWEST || induce(pile, files).is_ok()
}

/// The name of the known layout the files are like, or one made from the path's own name.
fn name_for(registry: &Registry, pile: &Pile, artifacts: &[Files], path: &Path) -> String {
    let known = artifacts.first().and_then(|files| {
        appraise(registry.packages(), pile, files)
            .into_iter()
            .find(|appraisal| appraisal.likeness.share >= ALIKE)
    });
    if let Some(known) = known {
        return known.package.name.clone();
    }
    let stem = path
        .file_stem()
        .map(|stem| stem.to_string_lossy().to_lowercase());
    let name: String = stem
        .unwrap_or_default()
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
        .take(40)
        .collect();
    let name = name.trim_matches('-').to_owned();
    if check_name(&name).is_ok() {
        name
    } else {
        format!("learned-{name}").trim_end_matches('-').to_owned()
    }
}

fn document(name: &str, learnt: &Learnt, kept: bool) -> Value {
    json!({
        "name": name,
        "accepted": true,
        "kept": kept,
        "changed": learnt.package.is_some(),
        "version": learnt.package.as_ref().map(|package| package.version),
        "hash": learnt.package.as_ref().map(Package::hash),
        "score": learnt.validation.score,
        "told": learnt.validation.told,
        "not_understood": learnt.validation.notes,
        "attempts": learnt.attempts,
        "samples": learnt.package.as_ref().map(|package| package.samples.len()),
        "program": learnt.package.as_ref().map(|package| package.program.clone()),
    })
}

fn text(name: &str, learnt: &Learnt, kept: bool) -> String {
    let mut out = String::new();
    match &learnt.package {
        None => {
            let _ = writeln!(
                out,
                "{name}: the version that is known reads these files; nothing to learn"
            );
        }
        Some(package) => {
            let state = if kept { "kept" } else { "not kept (--dry-run)" };
            let _ = writeln!(
                out,
                "{name} version {}, {state}, made by {}",
                package.version_text(),
                package.provenance.made_by,
            );
            for change in &package.provenance.changes {
                let _ = writeln!(out, "  change   {change}");
            }
            program(&mut out, &package.program);
            let _ = writeln!(
                out,
                "  samples  {} that every later version must go on reading",
                package.samples.len()
            );
        }
    }
    score(&mut out, &learnt.validation);
    attempts(&mut out, learnt.attempts.iter().skip(1));
    inert(&out).into_owned()
}

/// What was understood, field by field.
pub(super) fn program(out: &mut String, program: &Program) {
    match program {
        Program::Script(script) => {
            let lines = script.source.lines().count();
            let _ = writeln!(
                out,
                "  script   {lines} lines of JavaScript, run in the sandbox"
            );
        }
        Program::Maps(maps) => {
            for map in maps {
                let at = &map.records.at;
                let _ = writeln!(
                    out,
                    "  records  {:?}{}",
                    map.records.container,
                    if at.is_root() {
                        String::new()
                    } else {
                        format!(" at `{at}`")
                    }
                );
                for rule in &map.rules {
                    let _ = writeln!(out, "  rule     {}", rule_text(rule));
                }
            }
        }
    }
}

fn rule_text(rule: &formats::learned::Rule) -> String {
    let tests = rule.when.iter().chain(&rule.which).map(|test| {
        let not = if test.not { "not " } else { "" };
        match test.is.as_slice() {
            [] => format!("{not}`{}`", test.field),
            is => format!("{not}`{}`={}", test.field, is.join("|")),
        }
    });
    let tests: Vec<String> = tests.collect();
    let tests = if tests.is_empty() {
        "every record".to_owned()
    } else {
        tests.join(", ")
    };
    let fields = serde_json::to_value(&rule.says).unwrap_or_default();
    let mut said = Vec::new();
    flatten(&mut said, "", &fields);
    let kind = match &rule.says {
        Says::Nothing => "nothing",
        _ => fields
            .get("says")
            .and_then(Value::as_str)
            .unwrap_or_default(),
    };
    let each = if rule.each.is_root() {
        String::new()
    } else {
        format!(", each `{}`", rule.each)
    };
    format!("{tests}{each} → {kind} {}", said.join(", "))
}

/// The paths of a rule's fields: `id=call_id`.
fn flatten(out: &mut Vec<String>, name: &str, value: &Value) {
    match value {
        Value::Object(members) => {
            for (key, member) in members.iter().filter(|(key, _)| *key != "says") {
                let inner = if name.is_empty() {
                    key.clone()
                } else {
                    format!("{name}.{key}")
                };
                flatten(out, &inner, member);
            }
        }
        Value::Array(paths) => {
            let paths: Vec<String> = paths
                .iter()
                .map(|path| {
                    path.as_str()
                        .map_or_else(|| path.to_string(), str::to_owned)
                })
                .collect();
            out.push(format!("{name}={}", paths.join("|")));
        }
        other => out.push(format!("{name}={other}")),
    }
}

/// The figures, and what was not understood.
pub(super) fn score(out: &mut String, validation: &Validation) {
    let score = &validation.score;
    let _ = writeln!(
        out,
        "  score    {} steps, {} with a result, {} understood; {:.1} % of records, {:.1} % of bytes explained",
        score.steps,
        score.joined,
        score.meant,
        score.events_explained * 100.0,
        score.bytes_explained * 100.0,
    );
    for refusal in &validation.refusals {
        let _ = writeln!(out, "  REFUSED  {refusal}");
    }
    for note in &validation.notes {
        let _ = writeln!(out, "  not      {note}");
    }
}

fn attempts<'a>(out: &mut String, attempts: impl Iterator<Item = &'a Attempt>) {
    for attempt in attempts {
        let state = if attempt.accepted {
            "would do"
        } else {
            "refused"
        };
        let _ = writeln!(out, "  tried    {}: {state}", attempt.how);
        for refusal in &attempt.refusals {
            let _ = writeln!(out, "           {refusal}");
        }
    }
}

fn refused(list: &[Attempt], induction: Option<&str>) -> String {
    let mut out = String::new();
    if let Some(why) = induction {
        let _ = writeln!(out, "induction: {why}");
    }
    attempts(&mut out, list.iter());
    inert(&out).into_owned()
}
