//! `codetracer extractors export`, `import` and `remove`.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use anyhow::{Context, bail};
use formats::learned::package::MOST_BYTES;
use formats::learned::validate::check_samples;
use formats::learned::{Package, Registry, RegistryError};
use serde_json::json;

use super::review::about;
use crate::command::Status;
use crate::data;
use crate::input::counted;
use crate::output::{Output, inert};

/// Writes one extractor as one file.
pub(super) fn export(
    name: &str,
    file: Option<&Path>,
    output: &mut Output,
) -> anyhow::Result<Status> {
    let registry = data::registry()?;
    let package = registry.get(name)?;
    let document = package.document()?;
    match file.filter(|file| file.as_os_str() != "-") {
        None => output.text(&document)?,
        Some(file) => {
            std::fs::write(file, document).with_context(|| format!("{}", file.display()))?;
            output.note(&format!("{package} written to {}", file.display()));
        }
    }
    Ok(Status::Done)
}

/// How a file is taken in.
pub(super) struct Import<'a> {
    /// Another name.
    pub(super) name: Option<&'a str>,
    /// Whatever hash it states.
    pub(super) edited: bool,
    /// Only checked.
    pub(super) dry_run: bool,
    /// For programs.
    pub(super) json: bool,
}

/// Takes in an extractor: its schema, hash and limits are checked, then its samples are run, a
/// script behind the walls of the sandbox; only then is it kept.
pub(super) fn import(file: &Path, how: &Import<'_>, output: &mut Output) -> anyhow::Result<Status> {
    let text = read(file)?;
    let context = || format!("{}: not taken in", file.display());
    let mut registry = data::registry()?;
    let package = if how.edited {
        edited(&text, &registry).with_context(context)?
    } else {
        Package::parse(&text).with_context(context)?
    };
    let package = match how.name {
        Some(name) if name != package.name => renamed(&package, name)?,
        _ => package,
    };
    let wrong = check_samples(package.content());
    if !wrong.is_empty() {
        let wrong: Vec<String> = wrong.iter().map(ToString::to_string).collect();
        bail!("{}: not taken in: {}", file.display(), wrong.join("; "));
    }
    if package.samples.is_empty() {
        bail!(
            "{}: not taken in: it carries no sample, so nothing shows what it does",
            file.display()
        );
    }
    let kept = if how.dry_run {
        registry.check(&package).with_context(context)?;
        None
    } else {
        Some(registry.add(package.clone()).map_err(|error| {
            anyhow::Error::new(error).context(format!("{}: not taken in", file.display()))
        })?)
    };
    if how.json {
        let mut document = about(&package);
        document["kept"] = json!(kept.is_some());
        output.json(&document)?;
    } else {
        let state = if kept.is_some() {
            "taken in"
        } else {
            "good (--dry-run)"
        };
        let samples = counted(package.samples.len(), "sample");
        let line = format!(
            "{package} ({}): {state}; {samples} gave the same steps\n",
            package.hash()
        );
        output.text(&inert(&line))?;
    }
    Ok(Status::Done)
}

fn read(file: &Path) -> anyhow::Result<String> {
    let mut text = String::new();
    let most = MOST_BYTES as u64 + 1;
    if file.as_os_str() == "-" {
        std::io::stdin()
            .lock()
            .take(most)
            .read_to_string(&mut text)?;
    } else {
        let context = || format!("{}", file.display());
        File::open(file)
            .with_context(context)?
            .take(most)
            .read_to_string(&mut text)
            .with_context(context)?;
    }
    Ok(text)
}

/// A document somebody edited. Edited from a version that is here, it is the next version of it.
fn edited(text: &str, registry: &Registry) -> anyhow::Result<Package> {
    let (package, stated) = Package::parse_edited(text)?;
    let parent = registry
        .packages()
        .iter()
        .find(|known| Some(known.hash()) == stated.as_deref());
    let Some(parent) = parent.filter(|parent| parent.hash() != package.hash()) else {
        return Ok(package);
    };
    let mut content = package.content().clone();
    let newest = registry.versions(&parent.name).next_back();
    content.version = newest.map_or(parent.version, |newest| newest.version) + 1;
    "hand".clone_into(&mut content.provenance.made_by);
    content.provenance.parent = Some(parent.hash().to_owned());
    content.provenance.origin = Some(parent.origin().to_owned());
    Ok(Package::seal(content)?)
}

/// The same extractor as a layout of its own name.
fn renamed(package: &Package, name: &str) -> anyhow::Result<Package> {
    let mut content = package.content().clone();
    content.provenance.changes.push(format!(
        "taken in as {name}, was {package} ({})",
        package.hash()
    ));
    name.clone_into(&mut content.name);
    content.provenance.parent = None;
    content.provenance.origin = None;
    Ok(Package::seal(content)?)
}

/// Removes an extractor, or one version of it.
pub(super) fn remove(name: &str, json: bool, output: &mut Output) -> anyhow::Result<Status> {
    let mut registry = data::registry()?;
    // A layout that has become a built-in one, or was damaged, is no package any more.
    let broken = registry.remove_broken(name)?;
    let gone = match registry.remove(name) {
        Err(RegistryError::Unknown { .. }) if !broken.is_empty() => Vec::new(),
        other => other?,
    };
    if json {
        let gone: Vec<_> = gone.iter().map(|package| about(package)).collect();
        output.json(&json!({ "removed": gone, "broken_removed": broken }))?;
    } else {
        for package in gone {
            output.text(&inert(&format!("{package} removed\n")))?;
        }
        for path in broken {
            output.text(&inert(&format!("{} removed\n", path.display())))?;
        }
    }
    Ok(Status::Done)
}
