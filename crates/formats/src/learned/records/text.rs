//! Records in transcripts written for people: Markdown sections, `ReAct` lines, plain logs.
//!
//! A line that opens a record is marked: by a heading or a bold label whose words say who speaks or
//! what happens, by such a label before a colon or in brackets, by a shell prompt, or by a time at
//! its beginning. A record has `role` (the words of the mark in lower case), `text`, `code` (its
//! fenced blocks); one that asks for something has `name` and `input`, and `output` where that
//! follows on the lines below; one of a log has `time`.

use serde_json::{Map, Value, json};

use super::label::{COMMANDS, Meaning, mark_of, meaning};
use super::{Place, Record, Take};
use crate::document::Document;
use crate::extractor::ExtractError;
use crate::frame::Account;
use crate::learned::interpret::fences_in;
use crate::pile::{EntryId, Pile};

/// The largest text that is read, in bytes.
const MOST_BYTES: u64 = 512 << 20;

/// The records of each text.
pub(super) fn sections(
    pile: &Pile,
    files: &[EntryId],
    markdown: bool,
    take: &mut Take<'_>,
) -> Result<Account, ExtractError> {
    let mut index = 0;
    for id in files {
        let document = read(pile, *id)?;
        let text = document.text();
        for section in split(text, markdown) {
            let slice = &text[section.start..section.end];
            let record = Record {
                index,
                value: section.value,
                bytes: slice.len(),
                place: Place::Document(&document, text, slice),
            };
            take(&record);
            index += 1;
        }
    }
    Ok(Account::default())
}

/// The text of a file, read whole.
///
/// # Errors
/// When it cannot be read or is larger than any transcript.
pub(in crate::learned) fn read(pile: &Pile, id: EntryId) -> Result<Document, ExtractError> {
    let entry = pile.entry(id);
    if entry.size > MOST_BYTES {
        return Err(ExtractError::Malformed {
            path: entry.path.clone(),
            byte: 0,
            what: format!(
                "a text of {} bytes; at most {MOST_BYTES} are read",
                entry.size
            ),
        });
    }
    pile.read(id)
        .map_err(|source| ExtractError::io(&entry.path, source))
}

/// A record and where it stands in the text.
#[derive(Debug)]
pub(in crate::learned) struct Section {
    /// Offset of its first byte.
    pub(in crate::learned) start: usize,
    /// Offset after its last.
    pub(in crate::learned) end: usize,
    /// What it says.
    pub(in crate::learned) value: Value,
}

/// A section whose lines are being collected.
struct Open<'t> {
    start: usize,
    body: usize,
    role: String,
    /// What stands after the mark on its line.
    rest: &'t str,
    time: Option<&'t str>,
}

/// Splits a text into records at the lines that are marked.
pub(in crate::learned) fn split(text: &str, markdown: bool) -> Vec<Section> {
    let mut sections: Vec<Section> = Vec::new();
    let mut open: Option<Open<'_>> = None;
    let mut fence: Option<&str> = None;
    let mut offset = 0;
    for line in text.split_inclusive('\n') {
        let next = offset + line.len();
        let bare = line.trim_end();
        if let Some(mark) = fence_mark(bare) {
            match fence {
                Some(opened) if mark.starts_with(opened) && bare.trim() == mark => fence = None,
                Some(_) => {}
                None => fence = Some(mark),
            }
        } else if fence.is_none()
            && let Some((time, role, rest)) = mark_of(bare, markdown)
        {
            if let Some(before) = open.take() {
                close(text, &before, offset, &mut sections);
            }
            open = Some(Open {
                start: offset,
                body: next,
                role,
                rest,
                time,
            });
        }
        offset = next;
    }
    if let Some(before) = open {
        close(text, &before, text.len(), &mut sections);
    }
    sections
}

/// The run of backticks that opens or closes a fenced block.
fn fence_mark(line: &str) -> Option<&str> {
    let line = line.trim_start();
    let length = line.bytes().take_while(|b| *b == b'`').count();
    (length >= 3).then(|| &line[..length])
}

/// Ends a section: its value is made, and arguments go to the call they follow.
fn close(text: &str, open: &Open<'_>, end: usize, sections: &mut Vec<Section>) {
    let body = text[open.body..end].trim_matches('\n').trim_end();
    let meant = meaning(&open.role).unwrap_or(Meaning::Other);
    let whole = match (open.rest.is_empty(), body.is_empty()) {
        (true, _) => body.to_owned(),
        (false, true) => open.rest.to_owned(),
        (false, false) => format!("{}\n{body}", open.rest),
    };
    if meant == Meaning::Input
        && let Some(call) = sections.last_mut()
        && call.value.get("name").is_some()
    {
        call.end = end;
        call.value["input"] = arguments(unfenced(&whole));
        return;
    }
    let mut value = Map::new();
    value.insert("role".into(), json!(open.role));
    if let Some(time) = open.time {
        value.insert("time".into(), json!(time.replacen(' ', "T", 1)));
    }
    match meant {
        Meaning::Call => asked(open, body, &mut value),
        Meaning::Result => {
            value.insert("text".into(), json!(unfenced(&whole)));
        }
        _ => {
            value.insert("text".into(), json!(whole));
        }
    }
    let code: Vec<Value> = fences_in(body)
        .iter()
        .map(|fence| json!({"language": fence.language, "text": fence.text}))
        .collect();
    if !code.is_empty() {
        value.insert("code".into(), Value::Array(code));
    }
    sections.push(Section {
        start: open.start,
        end,
        value: Value::Object(value),
    });
}

/// Fills in the tool, its arguments, and what follows them.
fn asked(open: &Open<'_>, body: &str, value: &mut Map<String, Value>) {
    let (line, below) = if open.rest.is_empty() {
        (unfenced(body), "")
    } else {
        (open.rest, body)
    };
    let (name, mut input) = invocation(line.trim_matches('`'), &open.role);
    let mut below = unfenced(below);
    // Below a bare name stand its arguments, in a fence or as JSON.
    let fenced = below.len() < body.len() && !open.rest.is_empty();
    if input.is_null() && (fenced || below.trim_start().starts_with('{')) {
        input = arguments(below);
        below = "";
    }
    value.insert("name".into(), json!(name));
    value.insert("input".into(), input);
    if !below.trim().is_empty() {
        value.insert("output".into(), json!(below));
    }
}

/// A call as people write it: `name[text]`, `name(text)`, `name {json}`, a name, or a command.
fn invocation(text: &str, role: &str) -> (String, Value) {
    let is_name = |text: &str| {
        !text.is_empty()
            && text.len() <= 48
            && text
                .chars()
                .all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.'))
    };
    let command = COMMANDS.contains(&role);
    if is_name(text) && !command {
        return (text.to_owned(), Value::Null);
    }
    for (open, close) in [('[', ']'), ('(', ')'), ('{', '}'), (' ', ' ')] {
        let Some((name, rest)) = text.split_once(open) else {
            continue;
        };
        let name = name.trim_end_matches([':', ' ']);
        let inner = match open {
            '{' => text[text.len() - rest.len() - 1..].to_owned(),
            ' ' => rest.trim_start().to_owned(),
            _ => rest.trim_end().trim_end_matches(close).to_owned(),
        };
        let json = inner.trim_start().starts_with('{');
        if is_name(name) && (json || open != ' ' && !command) {
            return (name.to_owned(), arguments(&inner));
        }
    }
    ("shell".to_owned(), json!(text))
}

/// Arguments: the object whose JSON they are, or the text.
fn arguments(text: &str) -> Value {
    let object = serde_json::from_str::<Value>(text.trim()).ok();
    object
        .filter(Value::is_object)
        .unwrap_or_else(|| json!(text.trim().trim_matches('"')))
}

/// A text without the fence around all of it.
fn unfenced(text: &str) -> &str {
    match fences_in(text).as_slice() {
        [fence] if text[..fence.at].trim().is_empty() => fence.text,
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn values(text: &str, markdown: bool) -> Vec<Value> {
        split(text, markdown).into_iter().map(|s| s.value).collect()
    }

    #[test]
    fn react_lines_are_calls_with_their_input() {
        let text = "Question: fix it\nThought: look\nAction: read_file\nAction Input: {\"path\": \"a\"}\nObservation: one\ntwo\nAction: search[x y]\nObservation: none\n";
        assert_eq!(
            values(text, false),
            [
                json!({"role": "question", "text": "fix it"}),
                json!({"role": "thought", "text": "look"}),
                json!({"role": "action", "name": "read_file", "input": {"path": "a"}}),
                json!({"role": "observation", "text": "one\ntwo"}),
                json!({"role": "action", "name": "search", "input": "x y"}),
                json!({"role": "observation", "text": "none"}),
            ]
        );
    }

    #[test]
    fn prompts_and_log_lines_open_records() {
        let text = "$ ls\na\nb\n2026-01-02 03:04:05,678 INFO agent.core: Running: make\nok\n2026-01-02T03:04:06Z done\n";
        assert_eq!(
            values(text, false),
            [
                json!({"role": "$", "name": "shell", "input": "ls", "output": "a\nb"}),
                json!({"role": "running", "time": "2026-01-02T03:04:05", "name": "shell", "input": "make", "output": "ok"}),
                json!({"role": "log", "time": "2026-01-02T03:04:06Z", "text": "done"}),
            ]
        );
    }

    #[test]
    fn markdown_sections_open_at_labels_not_at_any_heading() {
        let text = "# Session\n## 👤 User\nfix\n## Assistant (turn 1)\nI look.\n### Tool call: bash\n```json\n{\"command\": \"ls\"}\n```\n**Output:**\n```\n# User\nx\n```\n";
        let found = values(text, true);
        let roles: Vec<_> = found.iter().map(|v| v["role"].as_str().unwrap()).collect();
        assert_eq!(roles, ["user", "assistant", "tool call", "output"]);
        assert_eq!(found[3]["text"], "# User\nx");
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "([A-Z$`#*>\\[\\] :\n=0-9é-]{0,12}(Action|User|Output|Action Input|\n)?){0,12}") {
            for markdown in [true, false] {
                for section in split(&text, markdown) {
                    prop_assert!(text.get(section.start..section.end).is_some());
                }
            }
        }
    }
}
