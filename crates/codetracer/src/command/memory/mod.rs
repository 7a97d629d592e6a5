//! `codetracer memory`: the lessons of earlier runs, for people to see and change.

mod change;
mod edit;
mod look;

use std::path::Path;

use anyhow::Context;
use diagnose::memory::{AgentKind, Memory};

use super::Status;
use crate::cli::{Memory as Args, MemoryTask};
use crate::data;
use crate::output::Output;

/// Does what was asked with the lessons.
pub(super) fn run(args: &Args, output: &mut Output) -> anyhow::Result<Status> {
    let memory = open(args.folder.as_deref())?;
    let kind = |agent: &String| AgentKind::of(Some(agent));
    match &args.what {
        MemoryTask::List { agent, json } => {
            look::list(&memory, agent.as_ref().map(kind), *json, output)
        }
        MemoryTask::Show { id, json } => look::show(&memory, id, *json, output),
        MemoryTask::Path { agent } => look::path(&memory, agent.as_ref().map(kind), output),
        MemoryTask::Edit { agent } => edit::edit(&memory, &kind(agent), output),
        MemoryTask::Add {
            agent,
            kind: about,
            lesson,
            json,
        } => change::add(
            &memory,
            &kind(agent),
            (*about).into(),
            lesson,
            *json,
            output,
        ),
        MemoryTask::Remove { ids, agent, json } => change::remove(
            &memory,
            agent.as_ref().map(kind).as_ref(),
            ids,
            *json,
            output,
        ),
        MemoryTask::Clear { agent, json } => {
            change::clear(&memory, agent.as_ref().map(kind).as_ref(), *json, output)
        }
        MemoryTask::Export { agent, file } => {
            change::export(&memory, &kind(agent), file.as_deref(), output)
        }
        MemoryTask::Import { agent, file, json } => {
            change::import(&memory, &kind(agent), file, *json, output)
        }
    }
}

/// The memory in a folder, or in the data folder.
fn open(folder: Option<&Path>) -> anyhow::Result<Memory> {
    let folder = match folder {
        Some(folder) => folder.to_owned(),
        None => data::lessons().context("no home folder; name one with --memory")?,
    };
    Ok(Memory::open(folder))
}
