//! `codetracer memory edit`.

use std::env;
use std::io::Write as _;
use std::process::Command;

use anyhow::{Context, bail};
use diagnose::memory::{AgentKind, Memory};

use crate::command::Status;
use crate::output::Output;

/// Opens a copy of the file in the user's editor and puts it back, with what was learned meanwhile.
pub(super) fn edit(
    memory: &Memory,
    agent: &AgentKind,
    output: &mut Output,
) -> anyhow::Result<Status> {
    let base = memory.text(agent)?;
    let mut copy = tempfile::Builder::new()
        .prefix(&format!("{agent}-"))
        .suffix(".toml")
        .tempfile()?;
    copy.write_all(base.as_bytes())?;
    let copy = copy.into_temp_path();
    let (editor, args) = editor()?;
    let status = Command::new(&editor)
        .args(args)
        .arg(&copy)
        .status()
        .with_context(|| format!("the editor `{editor}` does not start"))?;
    if !status.success() {
        bail!("the editor `{editor}` failed ({status}); nothing was changed");
    }
    // Editors may write a new file in the place of the old one.
    let edited = std::fs::read_to_string(&copy).context("the edited text cannot be read")?;
    if edited == base {
        output.note("nothing was changed");
        return Ok(Status::Done);
    }
    memory.put_edited(agent, &base, &edited)?;
    let book = memory.book(agent)?;
    for problem in &book.problems {
        output.error(&format!("{}:{problem}", book.path.display()));
    }
    output.note(&format!("{} written", book.path.display()));
    Ok(if book.problems.is_empty() {
        Status::Done
    } else {
        Status::PartlyFailed
    })
}

/// The editor with its arguments, by the usual variables: a program, and words that go before the file.
fn editor() -> anyhow::Result<(String, Vec<String>)> {
    let set = |name: &str| env::var(name).ok().filter(|value| !value.trim().is_empty());
    let usual = if cfg!(windows) { "notepad" } else { "vi" };
    let stated = set("VISUAL").or_else(|| set("EDITOR"));
    let stated = stated.unwrap_or_else(|| usual.to_owned());
    let mut words = stated.split_whitespace().map(str::to_owned);
    let program = words.next().context("no editor is named")?;
    Ok((program, words.collect()))
}
