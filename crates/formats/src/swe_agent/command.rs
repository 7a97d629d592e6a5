//! SWE-agent's own commands.

use serde_json::{Map, Value};
use trace::{Action, ActionKind, Change, FileEdit};

use crate::tool;

/// What the text of an action asks for; `open` is the file that was open before it.
pub(super) fn action(text: &str, open: Option<&str>) -> Action {
    let command = text.trim();
    let word = command.split_whitespace().next().unwrap_or_default();
    if word == "str_replace_editor"
        && let Some(arguments) = editor_arguments(command)
    {
        return tool::action("str_replace_editor", arguments);
    }
    let kind = own(word, command, open).unwrap_or_else(|| {
        if command.is_empty() {
            ActionKind::Invalid {
                text: text.to_owned(),
            }
        } else {
            ActionKind::Shell {
                command: command.to_owned(),
            }
        }
    });
    let tool = match kind {
        ActionKind::Shell { .. } | ActionKind::Invalid { .. } => "bash",
        _ => word,
    };
    Action {
        tool: tool.to_owned(),
        kind,
        arguments: tool::argument("action", text),
    }
}

/// The commands of the first generation's interface; `None` for anything a shell would run.
fn own(word: &str, command: &str, open: Option<&str>) -> Option<ActionKind> {
    let rest = command[word.len()..].trim();
    let first = || {
        rest.split_whitespace()
            .next()
            .unwrap_or_default()
            .to_owned()
    };
    Some(match word {
        "create" => edit(
            first(),
            Change::Write {
                content: String::new(),
            },
        ),
        "edit" => edit_open(rest, open)?,
        "open" => ActionKind::Read { path: first() },
        "goto" | "scroll_up" | "scroll_down" => ActionKind::Read {
            path: open.unwrap_or_default().to_owned(),
        },
        "search_dir" | "search_file" | "find_file" => {
            // A query in quotes may hold spaces and have no folder after it.
            let ends_quoted = rest.ends_with(['"', '\'']);
            let mut words = rest.rsplitn(if ends_quoted { 1 } else { 2 }, char::is_whitespace);
            let last = words.next().unwrap_or_default();
            match words.next() {
                Some(query) => ActionKind::Search {
                    query: unquoted(query).to_owned(),
                    path: Some(last.to_owned()),
                },
                None => ActionKind::Search {
                    query: unquoted(last).to_owned(),
                    path: None,
                },
            }
        }
        "submit" => ActionKind::Finish {
            text: String::new(),
        },
        _ if word.starts_with("exit_") => ActionKind::Finish {
            text: word.to_owned(),
        },
        _ => return None,
    })
}

fn edit(path: String, change: Change) -> ActionKind {
    ActionKind::Edit {
        edits: vec![FileEdit { path, change }],
    }
}

/// `edit A:B`, the new lines, and `end_of_edit` alone on the last line.
fn edit_open(rest: &str, open: Option<&str>) -> Option<ActionKind> {
    let (head, body) = rest.split_once('\n')?;
    let text = match body.strip_suffix("end_of_edit") {
        Some(text) if text.is_empty() || text.ends_with('\n') => text,
        _ => return None,
    };
    let path = open.unwrap_or_default().to_owned();
    let range = head
        .trim()
        .split_once(':')
        .and_then(|(first, last)| Some((first.trim().parse().ok()?, last.trim().parse().ok()?)));
    Some(match range {
        Some((first, last)) => edit(
            path,
            Change::ReplaceLines {
                first,
                last,
                text: text.to_owned(),
            },
        ),
        // The range was set by `set_cursors` before and is not in the command.
        None => edit(
            path,
            Change::Patch {
                patch: text.to_owned(),
            },
        ),
    })
}

fn unquoted(text: &str) -> &str {
    let text = text.trim();
    ['"', '\'']
        .iter()
        .find_map(|quote| text.strip_prefix(*quote)?.strip_suffix(*quote))
        .unwrap_or(text)
}

/// The arguments of `str_replace_editor COMMAND PATH [--flag 'value']…`, as version 1 renders a call.
fn editor_arguments(command: &str) -> Option<Value> {
    let words = words(command);
    let mut words = words.into_iter().skip(1);
    let mut arguments = Map::new();
    arguments.insert("command".to_owned(), words.next()?.into());
    arguments.insert("path".to_owned(), words.next()?.into());
    let mut key: Option<String> = None;
    for word in words {
        match (word.strip_prefix("--"), key.take()) {
            (Some(flag), None) => key = Some(flag.to_owned()),
            (_, Some(flag)) => {
                arguments.insert(flag, word.into());
            }
            (None, None) => {}
        }
    }
    Some(Value::Object(arguments))
}

/// The words of a command line with quotes taken off, as a POSIX shell splits them.
fn words(command: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote: Option<char> = None;
    let mut letters = command.chars();
    while let Some(c) = letters.next() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (Some('"') | None, '\\') => word.get_or_insert_default().extend(letters.next()),
            (None, '"' | '\'') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (None, c) if c.is_whitespace() => words.extend(word.take()),
            (_, c) => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    words
}
