//! `codetracer memory list`, `show` and `path`.

use std::fmt::Write as _;

use anyhow::bail;
use diagnose::memory::{AgentKind, Author, Book, Lesson, Memory};
use serde_json::{Value, json};
use trace::Timestamp;

use crate::command::Status;
use crate::input::counted;
use crate::output::{Output, inert};

/// Names the lessons, what is worth most first, and tells what of the files is not used.
pub(super) fn list(
    memory: &Memory,
    agent: Option<AgentKind>,
    json: bool,
    output: &mut Output,
) -> anyhow::Result<Status> {
    let now = Timestamp::now();
    let (agents, strangers) = match agent {
        Some(agent) => (vec![agent], Vec::new()),
        None => memory.agents()?,
    };
    let mut books = Vec::new();
    let mut is_whole = strangers.is_empty();
    for path in &strangers {
        let what = "named after no agent; not used";
        output.error(&format!("{}: {what}", path.display()));
    }
    for agent in &agents {
        // A file that cannot be read does not hide the others.
        match memory.book(agent) {
            Ok(mut book) => {
                let worth = |lesson: &Lesson| lesson.worth(now);
                book.lessons
                    .sort_by(|a, b| worth(b).total_cmp(&worth(a)).then(a.text.cmp(&b.text)));
                is_whole &= book.problems.is_empty();
                books.push(book);
            }
            Err(error) => {
                is_whole = false;
                output.error(&error.to_string());
            }
        }
    }
    if json {
        let books: Vec<Value> = books.iter().map(|book| about_book(book, now)).collect();
        output.json(&json!({ "folder": memory.folder(), "agents": books }))?;
    } else {
        let mut out = String::new();
        for book in books.iter().filter(|book| !book.lessons.is_empty()) {
            let _ = writeln!(out, "{}", book.agent);
            for lesson in &book.lessons {
                row(lesson, &mut out);
            }
        }
        if out.is_empty() {
            let _ = writeln!(out, "no lessons in {}", memory.folder().display());
        }
        output.text(&inert(&out))?;
    }
    for book in &books {
        for problem in &book.problems {
            output.error(&format!("{}:{problem}", book.path.display()));
        }
    }
    Ok(if is_whole {
        Status::Done
    } else {
        Status::PartlyFailed
    })
}

fn row(lesson: &Lesson, out: &mut String) {
    let backed = match (lesson.by, lesson.run_count()) {
        (Author::Hand, 0) => "by hand".to_owned(),
        (Author::Hand, runs) => format!("by hand, {}", counted(runs as usize, "run")),
        (Author::Model, runs) => counted(runs as usize, "run"),
    };
    let kind = lesson.kind.as_str().replace('_', " ");
    let _ = writeln!(out, "  {}  {kind}: {} ({backed})", lesson.id(), lesson.text);
}

fn about_book(book: &Book, now: Timestamp) -> Value {
    let lessons: Vec<Value> = book
        .lessons
        .iter()
        .map(|lesson| about(&book.agent, lesson, now))
        .collect();
    json!({
        "agent": book.agent,
        "path": book.path,
        "lessons": lessons,
        "problems": book.problems,
    })
}

/// A lesson for programs.
pub(super) fn about(agent: &AgentKind, lesson: &Lesson, now: Timestamp) -> Value {
    json!({
        "id": lesson.id(),
        "agent": agent,
        "kind": lesson.kind,
        "text": lesson.text,
        "by": lesson.by,
        "runs": lesson.runs,
        "run_count": lesson.run_count(),
        "shown": lesson.shown,
        "helped": lesson.helped,
        "contradicted": lesson.contradicted,
        "worth": lesson.worth(now),
    })
}

/// Shows one lesson with what is known of it.
pub(super) fn show(
    memory: &Memory,
    id: &str,
    json: bool,
    output: &mut Output,
) -> anyhow::Result<Status> {
    let found = memory.find(id)?;
    if found.is_empty() {
        bail!("no lesson `{id}`; `codetracer memory list` names them");
    }
    let now = Timestamp::now();
    for (agent, lesson) in &found {
        if json {
            output.json(&about(agent, lesson, now))?;
            continue;
        }
        let mut out = format!(
            "{}  {}\n  of {agent}, {}, by {}, worth {:.2}\n  shown {}, helped {}, contradicted {}\n",
            lesson.id(),
            lesson.text,
            lesson.kind.as_str().replace('_', " "),
            lesson.by.as_str(),
            lesson.worth(now),
            times(lesson.shown),
            times(lesson.helped),
            times(lesson.contradicted),
        );
        for run in lesson.runs.iter().rev() {
            let _ = writeln!(out, "  {}  run {}  {}", run.on, run.run, run.name);
        }
        if lesson.earlier_runs > 0 {
            let earlier = counted(lesson.earlier_runs as usize, "earlier run");
            let _ = writeln!(out, "  and {earlier}");
        }
        output.text(&inert(&out))?;
    }
    Ok(Status::Done)
}

fn times(number: u32) -> String {
    counted(number as usize, "time")
}

/// Says where the lessons are.
pub(super) fn path(
    memory: &Memory,
    agent: Option<AgentKind>,
    output: &mut Output,
) -> anyhow::Result<Status> {
    let path = agent.map_or_else(
        || memory.folder().to_owned(),
        |agent| memory.file_of(&agent),
    );
    output.text(&inert(&format!("{}\n", path.display())))?;
    Ok(Status::Done)
}
