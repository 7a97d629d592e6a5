//! Records in transcripts written for people: Markdown sections, `ReAct` lines, plain logs.
//!
//! A line that opens a record is marked: by a heading or a bold label whose words say who speaks or
//! what happens, by such a label before a colon or in brackets, by a shell prompt, or by a time at
//! its beginning. A record has `role` (the words of the mark in lower case), `text`, `code` (its
//! fenced blocks); one that asks for something has `name` and `input`, and `output` where that
//! follows on the lines below; one of a log has `time`.

use serde_json::{Map, Value, json};

use super::{Place, Record, Take};
use crate::document::Document;
use crate::extractor::ExtractError;
use crate::frame::Account;
use crate::learned::interpret::fences_in;
use crate::pile::{EntryId, Pile};

/// The largest text that is read, in bytes.
const MOST_BYTES: u64 = 512 << 20;

/// What a label means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::learned) enum Meaning {
    /// A person speaks.
    User,
    /// The agent speaks.
    Agent,
    /// The agent thinks.
    Thought,
    /// Something is asked for.
    Call,
    /// The arguments of what the record before asked for.
    Input,
    /// Something came back.
    Result,
    /// Something else is written, such as a log line.
    Other,
}

/// Labels and what they mean.
const LABELS: &[(&str, Meaning)] = &[
    ("user", Meaning::User),
    ("human", Meaning::User),
    ("task", Meaning::User),
    ("question", Meaning::User),
    ("prompt", Meaning::User),
    ("instruction", Meaning::User),
    ("assistant", Meaning::Agent),
    ("agent", Meaning::Agent),
    ("ai", Meaning::Agent),
    ("model", Meaning::Agent),
    ("claude", Meaning::Agent),
    ("gpt", Meaning::Agent),
    ("gemini", Meaning::Agent),
    ("final answer", Meaning::Agent),
    ("answer", Meaning::Agent),
    ("thought", Meaning::Thought),
    ("thoughts", Meaning::Thought),
    ("thinking", Meaning::Thought),
    ("reasoning", Meaning::Thought),
    ("action", Meaning::Call),
    ("tool", Meaning::Call),
    ("tool call", Meaning::Call),
    ("tool use", Meaning::Call),
    ("function call", Meaning::Call),
    ("calling tool", Meaning::Call),
    ("calling", Meaning::Call),
    ("command", Meaning::Call),
    ("running", Meaning::Call),
    ("running command", Meaning::Call),
    ("run", Meaning::Call),
    ("executing", Meaning::Call),
    ("executing command", Meaning::Call),
    ("execute", Meaning::Call),
    ("exec", Meaning::Call),
    ("invoking", Meaning::Call),
    ("bash", Meaning::Call),
    ("shell", Meaning::Call),
    ("$", Meaning::Call),
    ("action input", Meaning::Input),
    ("input", Meaning::Input),
    ("tool input", Meaning::Input),
    ("arguments", Meaning::Input),
    ("args", Meaning::Input),
    ("parameters", Meaning::Input),
    ("observation", Meaning::Result),
    ("output", Meaning::Result),
    ("command output", Meaning::Result),
    ("tool output", Meaning::Result),
    ("result", Meaning::Result),
    ("tool result", Meaning::Result),
    ("tool response", Meaning::Result),
    ("function result", Meaning::Result),
    ("environment", Meaning::Result),
    ("stdout", Meaning::Result),
    ("log", Meaning::Other),
    ("system", Meaning::Other),
];

/// Labels of calls that are command lines unless they have arguments.
const COMMANDS: &[&str] = &[
    "$",
    "bash",
    "shell",
    "command",
    "run",
    "running",
    "running command",
    "exec",
    "execute",
    "executing",
    "executing command",
];

/// What a label means; `None` for words that are no label.
pub(in crate::learned) fn meaning(label: &str) -> Option<Meaning> {
    let found = LABELS.iter().find(|(word, _)| *word == label);
    found.map(|(_, meaning)| *meaning)
}

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

/// The time, label and rest of a line that opens a record.
fn mark_of(line: &str, markdown: bool) -> Option<(Option<&str>, String, &str)> {
    if markdown {
        let (role, rest) = heading(line)
            .or_else(|| bold(line))
            .or_else(|| labelled(line))?;
        return Some((None, role, rest));
    }
    let (time, message) = prefixed(line);
    let told = prompt(message)
        .or_else(|| bracketed(message))
        .or_else(|| labelled(message));
    match (told, time) {
        (Some((role, rest)), time) => Some((time, role, rest)),
        (None, Some(time)) => Some((Some(time), "log".to_owned(), message)),
        (None, None) => None,
    }
}

/// The label in words written for people: `🤖 Assistant (turn 3):` is `assistant`.
fn label(words: &str) -> Option<String> {
    const LONGEST: usize = 48;
    if words.len() > LONGEST {
        return None;
    }
    let words = words
        .split(['(', '[', '#', '-', '–', '—'])
        .next()
        .unwrap_or(words);
    let plain: String = words
        .chars()
        .map(|c| {
            if c.is_alphabetic() {
                c.to_ascii_lowercase()
            } else {
                ' '
            }
        })
        .collect();
    let plain = plain.split_whitespace().collect::<Vec<_>>().join(" ");
    let first = ["step ", "turn ", "message "]
        .iter()
        .fold(plain.as_str(), |text, word| {
            text.strip_prefix(word).unwrap_or(text)
        });
    meaning(first)
        .is_some_and(|meaning| meaning != Meaning::Other)
        .then(|| first.to_owned())
}

fn heading(line: &str) -> Option<(String, &str)> {
    let words = line.trim_start_matches('#');
    let depth = line.len() - words.len();
    if !(1..=6).contains(&depth) || !words.starts_with(' ') {
        return None;
    }
    if let Some(role) = label(words.trim()) {
        return Some((role, ""));
    }
    let (mark, rest) = words.split_once(':')?;
    Some((label(mark)?, rest.trim()))
}

fn bold(line: &str) -> Option<(String, &str)> {
    let words = line
        .trim_start_matches(['>', '-', ' '])
        .strip_prefix("**")?;
    let (mark, rest) = words.split_once("**")?;
    Some((label(mark)?, rest.trim_start_matches(':').trim()))
}

fn labelled(line: &str) -> Option<(String, &str)> {
    let (mark, rest) = line.split_once(':')?;
    let capital = mark.chars().next().is_some_and(char::is_uppercase);
    let spaced = rest.is_empty() || rest.starts_with(' ');
    if !capital || !spaced || mark.contains(['(', '[', '.', '/']) {
        return None;
    }
    Some((label(mark)?, rest.trim()))
}

fn bracketed(line: &str) -> Option<(String, &str)> {
    let line = line.trim_start();
    for (open, end) in [("[", "]"), ("===", "==="), ("---", "---"), ("<<<", ">>>")] {
        if let Some((mark, rest)) = line.strip_prefix(open).and_then(|l| l.split_once(end)) {
            let role = label(&mark.replace('_', " "))?;
            return Some((role, rest.trim_start_matches(['=', '-', ':', ' '])));
        }
    }
    None
}

/// A shell's prompt and the command after it.
fn prompt(line: &str) -> Option<(String, &str)> {
    let plain = line.strip_prefix("$ ").or_else(|| {
        let (before, command) = line.split_once("$ ")?;
        let host = before.contains('@') && before.contains(':') && !before.contains(' ');
        host.then_some(command)
    });
    let command = plain?.trim();
    (!command.is_empty()).then(|| ("$".to_owned(), command))
}

/// The time and level before a log line's message.
fn prefixed(line: &str) -> (Option<&str>, &str) {
    const LEVELS: &[&str] = &[
        "TRACE", "DEBUG", "INFO", "WARN", "WARNING", "ERROR", "CRITICAL", "NOTICE",
    ];
    let Some((time, mut rest)) = timed(line) else {
        return (None, line);
    };
    // A level, a logger's name and dashes stand before the message.
    for _ in 0..4 {
        let trimmed = rest.trim_start_matches([' ', '-', '|', '\t']);
        let word_end = trimmed.find([' ', '\t']).unwrap_or(trimmed.len());
        let word = trimmed[..word_end].trim_matches(['[', ']', ':']);
        let known = LEVELS.iter().any(|level| level.eq_ignore_ascii_case(word));
        let logger = trimmed[..word_end].ends_with(':') && word.contains(['.', '_']);
        if !known && !logger {
            return (Some(time), trimmed);
        }
        rest = &trimmed[word_end..];
    }
    (Some(time), rest.trim_start())
}

/// The time at the beginning of a line: a date and a time in one or two words, or a time of day.
fn timed(line: &str) -> Option<(&str, &str)> {
    const LONGEST: usize = 40;
    let first = line.chars().next()?;
    if !first.is_ascii_digit() && first != '[' {
        return None;
    }
    let inner = line.strip_prefix('[').unwrap_or(line);
    let mut ends = inner
        .char_indices()
        .filter(|(at, c)| matches!(c, ' ' | ']' | ',') && *at <= LONGEST)
        .map(|(at, _)| at);
    let (one, two) = (ends.next()?, ends.next());
    let is_time = |text: &str| crate::time::parse(text).is_some();
    let of_day = |text: &str| {
        let digits = text.bytes().filter(u8::is_ascii_digit).count();
        text.len() >= 8
            && digits >= 6
            && text.bytes().filter(|b| *b == b':').count() == 2
            && text
                .bytes()
                .all(|b| b.is_ascii_digit() || matches!(b, b':' | b'.'))
    };
    let end = two
        .filter(|two| is_time(&inner[..*two].replacen(' ', "T", 1)) || is_time(&inner[..*two]))
        .or_else(|| Some(one).filter(|one| is_time(&inner[..*one]) || of_day(&inner[..*one])))?;
    let rest =
        inner[end..].trim_start_matches(|c: char| c == ']' || c == ',' || c.is_ascii_digit());
    Some((&inner[..end], rest))
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
