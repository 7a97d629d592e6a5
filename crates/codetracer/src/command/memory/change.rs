//! `codetracer memory add`, `remove`, `clear`, `export` and `import`.

use std::fmt::Write as _;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use anyhow::{Context, bail};
use diagnose::memory::{AgentKind, Fate, Lesson, LessonKind, MOST_BYTES, Memory, Outcome};
use serde_json::{Value, json};
use trace::Timestamp;

use super::look::about;
use crate::command::Status;
use crate::input::counted;
use crate::output::{Output, inert};

/// Adds a lesson a person wrote.
pub(super) fn add(
    memory: &Memory,
    agent: &AgentKind,
    kind: LessonKind,
    text: &str,
    json: bool,
    output: &mut Output,
) -> anyhow::Result<Status> {
    let outcome = memory.add(agent, kind, text, Timestamp::now())?;
    if json {
        output.json(&settled(&outcome))?;
    } else if !matches!(outcome.fate, Fate::Refused(_)) {
        output.text(&inert(&format!("{} of {agent}\n", line(&outcome))))?;
    }
    if matches!(outcome.fate, Fate::Refused(_)) {
        bail!("{}", line(&outcome));
    }
    Ok(Status::Done)
}

/// What became of a lesson, in a line.
fn line(outcome: &Outcome) -> String {
    match &outcome.fate {
        Fate::New(id) => format!("{id} added: {}", outcome.text),
        Fate::Backs(id) | Fate::Echoes(id) => format!("{id} says that: {}", outcome.text),
        Fate::Refused(why) => {
            let why: Vec<String> = why.iter().map(ToString::to_string).collect();
            format!("not added: {}: {}", outcome.text, why.join("; "))
        }
    }
}

fn settled(outcome: &Outcome) -> Value {
    let (fate, why) = match &outcome.fate {
        Fate::New(_) => ("new", Vec::new()),
        Fate::Backs(_) | Fate::Echoes(_) => ("known", Vec::new()),
        Fate::Refused(why) => ("refused", why.iter().map(ToString::to_string).collect()),
    };
    json!({ "id": outcome.fate.id(), "text": outcome.text, "fate": fate, "why": why })
}

/// Removes lessons by id.
pub(super) fn remove(
    memory: &Memory,
    agent: Option<&AgentKind>,
    ids: &[String],
    json: bool,
    output: &mut Output,
) -> anyhow::Result<Status> {
    let found = memory.find("")?;
    let of_agent = |(kind, _): &&(AgentKind, Lesson)| agent.is_none_or(|a| a == kind);
    let found: Vec<_> = found.iter().filter(of_agent).collect();
    // Nothing is removed where one is unknown, or could be several.
    for id in ids {
        let mut named: Vec<_> = found
            .iter()
            .map(|(_, lesson)| lesson.id())
            .filter(|known| known.as_str().starts_with(id.as_str()))
            .collect();
        named.dedup();
        match named.as_slice() {
            [] => bail!("no lesson `{id}`; `codetracer memory list` names them"),
            [_] => {}
            several => bail!("`{id}` begins the ids of {} lessons", several.len()),
        }
    }
    let mut gone = Vec::new();
    for id in ids {
        gone.extend(memory.remove(agent, id)?);
    }
    told(&gone, json, output)
}

/// Removes every lesson.
pub(super) fn clear(
    memory: &Memory,
    agent: Option<&AgentKind>,
    json: bool,
    output: &mut Output,
) -> anyhow::Result<Status> {
    let gone = memory.clear(agent)?;
    told(&gone, json, output)
}

fn told(gone: &[(AgentKind, Lesson)], json: bool, output: &mut Output) -> anyhow::Result<Status> {
    if json {
        let now = Timestamp::now();
        let gone: Vec<Value> = gone
            .iter()
            .map(|(agent, lesson)| about(agent, lesson, now))
            .collect();
        output.json(&json!({ "removed": gone }))?;
    } else {
        let mut out = String::new();
        for (agent, lesson) in gone {
            let _ = writeln!(out, "{} of {agent} removed: {}", lesson.id(), lesson.text);
        }
        if gone.is_empty() {
            out.push_str("nothing to remove\n");
        }
        output.text(&inert(&out))?;
    }
    Ok(Status::Done)
}

/// Writes the lessons of one kind of agent to give away.
pub(super) fn export(
    memory: &Memory,
    agent: &AgentKind,
    file: Option<&Path>,
    output: &mut Output,
) -> anyhow::Result<Status> {
    let text = memory.export(agent)?;
    match file.filter(|file| file.as_os_str() != "-") {
        None => output.text(&inert(&text))?,
        Some(file) => {
            std::fs::write(file, text).with_context(|| format!("{}", file.display()))?;
            output.note(&format!("lessons of {agent} written to {}", file.display()));
        }
    }
    Ok(Status::Done)
}

/// Takes in the lessons of a file.
pub(super) fn import(
    memory: &Memory,
    agent: &AgentKind,
    file: &Path,
    json: bool,
    output: &mut Output,
) -> anyhow::Result<Status> {
    let text = read(file)?;
    let taken = memory.import(agent, &text, Timestamp::now())?;
    for problem in &taken.problems {
        output.error(&format!("{}:{problem}", file.display()));
    }
    let refused = taken
        .outcomes
        .iter()
        .filter(|outcome| matches!(outcome.fate, Fate::Refused(_)));
    let refused = refused.count();
    if json {
        let outcomes: Vec<Value> = taken.outcomes.iter().map(settled).collect();
        output.json(&json!({ "lessons": outcomes, "problems": taken.problems }))?;
    } else {
        let mut out = String::new();
        for outcome in &taken.outcomes {
            out.push_str(&line(outcome));
            out.push('\n');
        }
        let kept = counted(taken.outcomes.len() - refused, "lesson");
        let _ = writeln!(out, "{kept} of {agent} taken in");
        output.text(&inert(&out))?;
    }
    Ok(match (taken.outcomes.len(), refused) {
        (0, _) if !taken.problems.is_empty() => Status::BadInput,
        (all, refused) if refused == all && all > 0 => Status::BadInput,
        (_, 0) if taken.problems.is_empty() => Status::Done,
        _ => Status::PartlyFailed,
    })
}

fn read(file: &Path) -> anyhow::Result<String> {
    let mut text = String::new();
    let context = || format!("{}", file.display());
    if file.as_os_str() == "-" {
        std::io::stdin()
            .lock()
            .take(MOST_BYTES + 1)
            .read_to_string(&mut text)?;
    } else {
        File::open(file)
            .with_context(context)?
            .take(MOST_BYTES + 1)
            .read_to_string(&mut text)
            .with_context(context)?;
    }
    if text.len() as u64 > MOST_BYTES {
        bail!("{}: more than {MOST_BYTES} bytes", file.display());
    }
    Ok(text)
}
