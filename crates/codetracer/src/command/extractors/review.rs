//! `codetracer extractors list`, `show` and `test`.

use std::fmt::Write as _;
use std::path::Path;

use formats::learned::validate::{Shortfall, Validation, check_samples, validate};
use formats::learned::{Files, Package, Program};
use formats::pile::{Limits, Pile};
use serde_json::json;

use super::learn;
use crate::command::Status;
use crate::data;
use crate::input::counted;
use crate::output::{Output, inert, inert_json};

/// Names what is learned.
pub(super) fn list(json: bool, output: &mut Output) -> anyhow::Result<Status> {
    let registry = data::registry()?;
    let packages = registry.packages();
    if json {
        let rows: Vec<_> = packages.iter().map(|package| about(package)).collect();
        output.json(&json!({
            "folder": registry.folder(),
            "extractors": rows,
            "broken": registry.broken(),
        }))?;
    } else {
        let mut out = String::new();
        for package in packages {
            let _ = writeln!(
                out,
                "{:<24} {:<18} {:>5.1} % of records  {}  by {}",
                package.to_string(),
                package.hash().get(..16).unwrap_or_default(),
                package.score.events_explained * 100.0,
                counted(package.samples.len(), "sample"),
                package.provenance.made_by,
            );
        }
        if packages.is_empty() {
            let _ = writeln!(
                out,
                "no learned extractors in {}; `codetracer extractors learn PATH` makes one",
                registry.folder().display()
            );
        }
        output.text(&inert(&out))?;
    }
    for broken in registry.broken() {
        output.error(&format!("{}: {}", broken.path.display(), broken.what));
    }
    Ok(if registry.broken().is_empty() {
        Status::Done
    } else {
        Status::PartlyFailed
    })
}

pub(super) fn about(package: &Package) -> serde_json::Value {
    json!({
        "name": package.name,
        "version": package.version,
        "hash": package.hash(),
        "title": package.title,
        "made_by": package.provenance.made_by,
        "parent": package.provenance.parent,
        "origin": package.origin(),
        "score": package.score,
        "samples": package.samples.len(),
    })
}

/// Shows one for review: what it recognises, how it reads, what it must go on reading.
pub(super) fn show(
    name: &str,
    json: bool,
    program: bool,
    output: &mut Output,
) -> anyhow::Result<Status> {
    let registry = data::registry()?;
    let package = registry.get(name)?;
    if json {
        output.json(&serde_json::from_str::<serde_json::Value>(
            &package.document()?,
        )?)?;
        return Ok(Status::Done);
    }
    if program {
        let text = serde_json::to_string_pretty(&package.program)?;
        output.text(&inert_json(&text))?;
        output.text("\n")?;
        return Ok(Status::Done);
    }
    let mut out = format!("{package} ({})\n", package.hash());
    let _ = writeln!(out, "  title    {}", package.title);
    let origin = &package.provenance;
    let _ = writeln!(
        out,
        "  made by  {}, codetracer {}",
        origin.made_by, origin.tool
    );
    for change in &origin.changes {
        let _ = writeln!(out, "  change   {change}");
    }
    if let Some(parent) = &origin.parent {
        let _ = writeln!(out, "  after    {}", parent.get(..16).unwrap_or_default());
    }
    for kind in &package.recognise.kinds {
        let _ = writeln!(
            out,
            "  kind     {} ({} fields)",
            kind.name,
            kind.fields.len()
        );
    }
    learn::program(&mut out, &package.program);
    if let Program::Script(script) = &package.program {
        for line in script.source.lines() {
            let _ = writeln!(out, "    | {line}");
        }
    }
    let achieved = Validation {
        score: package.score,
        ..Validation::default()
    };
    learn::score(&mut out, &achieved);
    for sample in &package.samples {
        let _ = writeln!(
            out,
            "  sample   {}: {}, {}",
            sample.name,
            counted(sample.steps.len(), "step"),
            sample.blake3.get(..16).unwrap_or_default()
        );
    }
    output.text(&inert(&out))?;
    Ok(Status::Done)
}

/// Runs the samples again and, given a path, scores the extractor on every file there.
pub(super) fn test(
    name: &str,
    path: Option<&Path>,
    json: bool,
    output: &mut Output,
) -> anyhow::Result<Status> {
    let registry = data::registry()?;
    let package = registry.get(name)?;
    let samples = check_samples(package.content());
    let scored = path.map(|path| score(package, path)).transpose()?;
    let good = samples.is_empty() && scored.as_ref().is_none_or(Validation::passes);
    if json {
        let steps: usize = package
            .samples
            .iter()
            .map(|sample| sample.steps.len())
            .sum();
        output.json(&json!({
            "extractor": package.to_string(),
            "hash": package.hash(),
            "passes": good,
            "samples": package.samples.len(),
            "sample_steps": steps,
            "wrong": samples,
            "path": path,
            "validation": scored,
        }))?;
    } else {
        let mut out = String::new();
        for sample in &package.samples {
            let wrong = samples.iter().find_map(|wrong| match wrong {
                Shortfall::Sample {
                    sample: name,
                    difference,
                } if *name == sample.name => Some(difference),
                _ => None,
            });
            let steps = counted(sample.steps.len(), "step");
            let _ = match wrong {
                None => writeln!(out, "sample {}: {steps}, the same", sample.name),
                Some(difference) => writeln!(out, "sample {}: {difference}", sample.name),
            };
        }
        if let Some(validation) = &scored {
            let _ = writeln!(
                out,
                "{package} on {}",
                path.unwrap_or(Path::new("")).display()
            );
            learn::score(&mut out, validation);
        }
        output.text(&inert(&out))?;
    }
    Ok(if good { Status::Done } else { Status::BadInput })
}

fn score(package: &Package, path: &Path) -> anyhow::Result<Validation> {
    let pile = Pile::open(path, &Limits::default())?;
    let together = package
        .program
        .records()
        .iter()
        .all(|place| place.container == formats::learned::Container::Files);
    let all: Files = pile
        .entries()
        .iter()
        .filter(|e| e.size > 0)
        .map(|e| e.id)
        .collect();
    let artifacts: Vec<Files> = if together {
        vec![all]
    } else {
        all.into_iter().map(|id| vec![id]).collect()
    };
    Ok(validate(
        &package.program,
        package.limits,
        &package.bar,
        &pile,
        &artifacts,
    ))
}
