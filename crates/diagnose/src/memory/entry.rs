//! One lesson as TOML: reading it field by field, and changing single values in its text.

use std::fmt::Write as _;

use jiff::civil::Date;
use toml::de::{DeTable, DeValue};

use super::form::{faults_of, faults_of_hand};
use super::lesson::{Author, Lesson, LessonKind, Support};
use super::sheet::{MEMORY_SCHEMA, Problem};

/// A lesson and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    /// What it says.
    pub(super) lesson: Lesson,
    /// The line of its header, counted from 1; 0 before it was written.
    pub(super) line: usize,
    /// A field could not be read, so none is written.
    pub(super) is_sealed: bool,
}

/// A line without its comment and the space around; nothing here has a `#` within quotes.
pub(super) fn without_comment(line: &str) -> &str {
    line.split('#').next().unwrap_or_default().trim()
}

/// Reads what stands before the lessons; true where it is of a later version.
pub(super) fn preamble(text: &str, problems: &mut Vec<Problem>) -> bool {
    let table = match DeTable::parse(text) {
        Ok(table) => table.into_inner(),
        Err(error) => {
            problems.push(unparsed(text, &error, 0));
            return false;
        }
    };
    let mut is_foreign = false;
    for (key, value) in &table {
        let line = line_of(text, key.span().start);
        let what = match (key.get_ref().as_ref(), value.get_ref()) {
            ("schema", DeValue::String(schema)) if schema == MEMORY_SCHEMA => continue,
            ("schema", DeValue::String(schema)) => {
                is_foreign = true;
                format!("schema `{schema}` is not {MEMORY_SCHEMA}; nothing is used or written")
            }
            (name, _) => format!("`{name}` is not known here; left alone"),
        };
        problems.push(Problem { line, what });
    }
    is_foreign
}

/// Reads the fields of a lesson whose header stands on line `at`; `None` for one that is not usable.
pub(super) fn lesson(body: &str, at: usize, problems: &mut Vec<Problem>) -> Option<Entry> {
    let table = match DeTable::parse(body) {
        Ok(table) => table.into_inner(),
        Err(error) => {
            problems.push(unparsed(body, &error, at));
            return None;
        }
    };
    let mut lesson = Lesson::new(LessonKind::FailurePattern, "", Author::Hand);
    let mut is_sealed = false;
    for (key, value) in &table {
        let name = key.get_ref().as_ref();
        match field(&mut lesson, name, value.get_ref()) {
            Ok(true) => {}
            wrong => {
                let what = match wrong {
                    Err(expected) => {
                        is_sealed = true;
                        format!("`{name}` is not {expected}; left alone")
                    }
                    Ok(_) => format!("`{name}` is not known here; left alone"),
                };
                let line = at + line_of(body, key.span().start);
                problems.push(Problem { line, what });
            }
        }
    }
    if let Some(why) = unusable(&lesson) {
        let what = format!("not used: {why}");
        problems.push(Problem { line: at, what });
        return None;
    }
    Some(Entry {
        lesson,
        line: at,
        is_sealed,
    })
}

/// Why a lesson that could be read is not used.
fn unusable(lesson: &Lesson) -> Option<String> {
    let text = &lesson.text;
    if text.trim().is_empty() {
        return Some("it has no `text`".to_owned());
    }
    let (faults, advice) = match lesson.by {
        Author::Hand => (faults_of_hand(text), ""),
        Author::Model => (faults_of(text), "; where you wrote it, say `by = \"hand\"`"),
    };
    let faults: Vec<String> = faults.iter().map(ToString::to_string).collect();
    (!faults.is_empty()).then(|| format!("{}{advice}", faults.join("; ")))
}

/// Takes one field into a lesson. `Ok(false)` for one that is not known; the error says what it
/// should be.
fn field(lesson: &mut Lesson, name: &str, value: &DeValue<'_>) -> Result<bool, &'static str> {
    match name {
        "kind" => {
            let kind = value.as_str().and_then(LessonKind::named);
            lesson.kind = kind.ok_or("failure_pattern, quirk or where_to_look")?;
        }
        "text" => value.as_str().ok_or("text")?.clone_into(&mut lesson.text),
        "by" => {
            lesson.by = match value.as_str() {
                Some("hand") => Author::Hand,
                Some("model") => Author::Model,
                _ => return Err("hand or model"),
            };
        }
        "runs" => lesson.runs = runs(value).ok_or("a list of { run, on, name }")?,
        "earlier_runs" => lesson.earlier_runs = number(value)?,
        "shown" => lesson.shown = number(value)?,
        "helped" => lesson.helped = number(value)?,
        "contradicted" => lesson.contradicted = number(value)?,
        _ => return Ok(false),
    }
    Ok(true)
}

fn number(value: &DeValue<'_>) -> Result<u32, &'static str> {
    let number = match value {
        DeValue::Integer(number) => u32::from_str_radix(number.as_str(), number.radix()).ok(),
        _ => None,
    };
    number.ok_or("a number of times")
}

fn runs(value: &DeValue<'_>) -> Option<Vec<Support>> {
    let all = value.as_array()?.iter().map(|run| {
        let run = run.get_ref().as_table()?;
        let text = |name: &str| run.get(name).and_then(|value| value.get_ref().as_str());
        let on: Date = match run.get("on")?.get_ref() {
            DeValue::Datetime(on) => on.date?.to_string().parse().ok()?,
            _ => return None,
        };
        Some(Support {
            run: text("run")?.to_owned(),
            on,
            name: text("name").unwrap_or_default().to_owned(),
        })
    });
    all.collect()
}

/// A lesson as the body of a new table.
pub(super) fn written(lesson: &Lesson) -> String {
    let mut out = String::new();
    for (name, value) in fields(lesson) {
        if let Some(value) = value {
            let _ = writeln!(out, "{name} = {value}");
        }
    }
    out
}

/// The body of a table with the values in which a lesson has changed put in their places.
pub(super) fn rewritten(body: &str, old: &Lesson, new: &Lesson) -> String {
    let mut body = body.to_owned();
    for ((name, old), (_, new)) in fields(old).into_iter().zip(fields(new)) {
        if old != new {
            let none = if name == "runs" { "[]" } else { "0" };
            body = set(&body, name, new.as_deref().unwrap_or(none));
        }
    }
    body
}

/// The fields of a lesson in their order, with the values as TOML; `None` for what need not be said.
fn fields(lesson: &Lesson) -> [(&'static str, Option<String>); 8] {
    let count = |number: u32| (number > 0).then(|| number.to_string());
    [
        ("kind", Some(quoted(lesson.kind.as_str()))),
        ("text", Some(quoted(&lesson.text))),
        ("by", Some(quoted(lesson.by.as_str()))),
        ("runs", list(&lesson.runs)),
        ("earlier_runs", count(lesson.earlier_runs)),
        ("shown", count(lesson.shown)),
        ("helped", count(lesson.helped)),
        ("contradicted", count(lesson.contradicted)),
    ]
}

fn list(runs: &[Support]) -> Option<String> {
    if runs.is_empty() {
        return None;
    }
    let mut out = String::from("[\n");
    for run in runs {
        let _ = write!(out, "  {{ run = {}, on = {}", quoted(&run.run), run.on);
        if !run.name.is_empty() {
            let _ = write!(out, ", name = {}", quoted(&run.name));
        }
        out.push_str(" },\n");
    }
    out.push(']');
    Some(out)
}

/// A TOML basic string on one line; what a terminal acts on stands as an escape.
fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        let is_plain = c.is_ascii_graphic() || c == ' ' || c.is_alphanumeric();
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            c if is_plain => out.push(c),
            c => {
                let _ = write!(out, "\\U{:08x}", u32::from(c));
            }
        }
    }
    out.push('"');
    out
}

/// The body with another value under a name: in place of the old one, or on a line after the last
/// field.
fn set(body: &str, name: &str, value: &str) -> String {
    let Ok(table) = DeTable::parse(body) else {
        return body.to_owned();
    };
    let table = table.into_inner();
    let old = table.iter().find(|(key, _)| key.get_ref() == name);
    let (at, piece) = if let Some((_, old)) = old {
        (old.span(), value.to_owned())
    } else {
        let end = table.values().map(|value| value.span().end).max();
        let rest = body.get(end.unwrap_or(0)..).unwrap_or_default();
        // A comment may follow on the line.
        let line = end.map_or(0, |end| {
            end + rest.find('\n').map_or(rest.len(), |at| at + 1)
        });
        let is_open = line > 0 && !body.get(..line).is_some_and(|b| b.ends_with('\n'));
        let open = if is_open { "\n" } else { "" };
        (line..line, format!("{open}{name} = {value}\n"))
    };
    let mut out = body.to_owned();
    if out.get(at.clone()).is_some() {
        out.replace_range(at, &piece);
    }
    if DeTable::parse(&out).is_ok() {
        out
    } else {
        // Rather an old count than a lost entry.
        body.to_owned()
    }
}

fn unparsed(text: &str, error: &toml::de::Error, before: usize) -> Problem {
    let start = error.span().map_or(0, |span| span.start);
    Problem {
        line: before + line_of(text, start),
        what: format!("not used: {}", error.message().trim().replace('\n', ", ")),
    }
}

/// The line of a place in a text, counted from 1.
fn line_of(text: &str, at: usize) -> usize {
    1 + text
        .get(..at)
        .map_or(0, |before| before.matches('\n').count())
}
