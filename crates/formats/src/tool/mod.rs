//! What tool calls mean, whichever agent's tool it is.
//!
//! Agents name the same few tools in many ways. `NAMES` says which meaning a name has, and the
//! argument tables below say under which key each part of it stands. A tool that is not listed
//! stays [`ActionKind::Other`] with its arguments untouched.

mod blocks;
mod names;
mod patch;

use serde_json::{Map, Value};
use trace::{Action, ActionKind, Change, FileEdit};

pub use blocks::{Block, search_replace_blocks};
use names::{Meaning, NAMES};
pub use patch::files_in_patch;

use crate::json::str_of;

const PATH: &[&str] = &[
    "file_path",
    "path",
    "absolute_path",
    "filePath",
    "filepath",
    "notebook_path",
    "filename",
    "file",
    "dir_path",
    "directory",
    "directory_path",
    "dirpath",
    "dirPath",
];
/// Lists of paths, for tools that read several files at once.
const PATHS: &[&str] = &["files", "paths", "file_paths"];
const COMMAND: &[&str] = &["command", "cmd", "script", "input", "code", "chars"];
const OLD: &[&str] = &[
    "old_string",
    "old_str",
    "oldString",
    "old",
    "search",
    "old_text",
    "before",
];
const NEW: &[&str] = &[
    "new_string",
    "new_str",
    "newString",
    "new",
    "replace",
    "new_text",
    "after",
];
const CONTENT: &[&str] = &["content", "file_text", "contents", "text", "code_edit"];
const QUERY: &[&str] = &["pattern", "query", "regex", "search", "q"];
const PATCH: &[&str] = &["input", "patch", "patch_text", "patchText", "diff"];
const PROMPT: &[&str] = &[
    "prompt",
    "task",
    "message",
    "objective",
    "request",
    "description",
    "instructions",
];
const WORDS: &[&str] = &[
    "thought",
    "message",
    "text",
    "content",
    "question",
    "result",
    "summary",
    "plan",
    "response",
    "explanation",
    "intent",
    "checklist",
];

/// The action a call of the tool `name` with `arguments` asks for.
///
/// `arguments` may be an object or, as some layouts keep it, the JSON text of one; text that is no
/// JSON is kept as it is. The arguments of the result are complete.
#[must_use]
pub fn action(name: &str, arguments: Value) -> Action {
    let arguments = match arguments {
        Value::String(text) => serde_json::from_str(&text).unwrap_or(Value::String(text)),
        other => other,
    };
    let kind = meaning(name)
        .and_then(|meaning| kind(meaning, &arguments))
        .unwrap_or(ActionKind::Other);
    Action {
        tool: name.to_owned(),
        kind,
        arguments,
    }
}

/// An action that failed to be a call: a malformed reply, or arguments the harness refused.
#[must_use]
pub fn invalid(name: &str, text: impl Into<String>) -> Action {
    Action {
        tool: name.to_owned(),
        kind: ActionKind::Invalid { text: text.into() },
        arguments: Value::Null,
    }
}

/// Whether some agent has a tool of this name.
pub(crate) fn is_known(name: &str) -> bool {
    meaning(name).is_some()
}

fn meaning(name: &str) -> Option<Meaning> {
    let bare = ["functions.", "builtin_"]
        .iter()
        .find_map(|prefix| name.strip_prefix(prefix))
        .unwrap_or(name);
    NAMES
        .iter()
        .find(|(_, names)| names.iter().any(|known| known.eq_ignore_ascii_case(bare)))
        .map(|(meaning, _)| *meaning)
}

/// The meaning filled from the arguments; `None` when they lack what the meaning needs.
fn kind(meaning: Meaning, arguments: &Value) -> Option<ActionKind> {
    let text = |keys: &[&str]| str_of(arguments, keys).map(str::to_owned);
    let edit = |path: String, change| ActionKind::Edit {
        edits: vec![FileEdit { path, change }],
    };
    Some(match meaning {
        Meaning::Shell => ActionKind::Shell {
            command: command_of(arguments)?,
        },
        Meaning::Keys => ActionKind::Keystrokes {
            keys: text(&["chars", "input"]).unwrap_or_default(),
            wait_seconds: arguments
                .get("yield_time_ms")
                .and_then(Value::as_f64)
                .map(|milliseconds| milliseconds / 1000.0),
        },
        Meaning::Write => edit(
            text(PATH)?,
            Change::Write {
                content: text(CONTENT)?,
            },
        ),
        Meaning::Replace => replace_of(arguments)?,
        Meaning::MultiEdit => multi_edit_of(arguments)?,
        Meaning::Editor => editor_of(arguments)?,
        Meaning::Patch => patch_of(arguments)?,
        Meaning::Cell => edit(text(PATH)?, cell_of(arguments)),
        Meaning::Delete => edit(text(PATH)?, Change::Delete),
        Meaning::Read => ActionKind::Read {
            path: text(PATH)
                .or_else(|| list_of(arguments, PATHS, PATH, ", "))
                .unwrap_or_default(),
        },
        Meaning::Search => ActionKind::Search {
            query: text(QUERY).or_else(|| list_of(arguments, &["queries"], QUERY, ", "))?,
            path: text(PATH),
        },
        Meaning::Delegate => ActionKind::Delegate {
            prompt: text(PROMPT)?,
        },
        Meaning::Message => ActionKind::Message {
            text: text(WORDS).unwrap_or_default(),
        },
        Meaning::Finish => ActionKind::Finish {
            text: text(WORDS).unwrap_or_default(),
        },
    })
}

/// The members of a list at one of `keys`, each a text or an object with one under `inner`, put
/// together for tools that take several things at once. `None` for no list or an empty one.
fn list_of(arguments: &Value, keys: &[&str], inner: &[&str], between: &str) -> Option<String> {
    let list = keys.iter().find_map(|key| arguments.get(key)?.as_array())?;
    let texts = list
        .iter()
        .filter_map(|item| item.as_str().or_else(|| str_of(item, inner)));
    let texts: Vec<&str> = texts.collect();
    (!texts.is_empty()).then(|| texts.join(between))
}

/// The command line; Codex keeps it as an argument vector, often `["bash", "-lc", script]`.
fn command_of(arguments: &Value) -> Option<String> {
    if let Some(text) = arguments.as_str().or_else(|| str_of(arguments, COMMAND)) {
        return Some(text.to_owned());
    }
    if let Some(lines) = list_of(arguments, &["commands"], COMMAND, "\n") {
        return Some(lines);
    }
    let words = COMMAND
        .iter()
        .find_map(|key| arguments.get(key)?.as_array())?;
    let words: Vec<&str> = words.iter().filter_map(Value::as_str).collect();
    match words.as_slice() {
        [] => None,
        [shell, flag, script]
            if is_shell(shell) && flag.starts_with('-') && flag.ends_with('c') =>
        {
            Some((*script).to_owned())
        }
        words => Some(
            words
                .iter()
                .map(|word| quote(word))
                .collect::<Vec<_>>()
                .join(" "),
        ),
    }
}

fn is_shell(program: &str) -> bool {
    matches!(
        program.rsplit('/').next(),
        Some("bash" | "sh" | "zsh" | "dash")
    )
}

/// The word as a shell would need it written.
fn quote(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:,+@%".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

fn replace_of(arguments: &Value) -> Option<ActionKind> {
    let path = str_of(arguments, PATH)?.to_owned();
    if let Some(nested @ (Value::Array(_) | Value::Object(_))) =
        arguments.get("edit").or_else(|| arguments.get("edits"))
    {
        let list = nested
            .as_array()
            .map_or(std::slice::from_ref(nested), Vec::as_slice);
        let edits: Vec<_> = list
            .iter()
            .filter_map(|edit| {
                Some(FileEdit {
                    path: path.clone(),
                    change: one_replace(edit)?,
                })
            })
            .collect();
        return (!edits.is_empty()).then_some(ActionKind::Edit { edits });
    }
    let blocks = str_of(arguments, PATCH).map(search_replace_blocks);
    if let Some(blocks) = blocks.filter(|blocks| !blocks.is_empty()) {
        let edits = blocks.iter().map(|block| FileEdit {
            path: path.clone(),
            change: block.change(),
        });
        return Some(ActionKind::Edit {
            edits: edits.collect(),
        });
    }
    let change = one_replace(arguments)
        .or_else(|| {
            Some(Change::Patch {
                patch: str_of(arguments, PATCH)?.to_owned(),
            })
        })
        .or_else(|| {
            Some(Change::Write {
                content: str_of(arguments, CONTENT)?.to_owned(),
            })
        })?;
    Some(ActionKind::Edit {
        edits: vec![FileEdit { path, change }],
    })
}

fn one_replace(arguments: &Value) -> Option<Change> {
    let all = ["replace_all", "replaceAll", "allow_multiple"]
        .iter()
        .any(|key| arguments.get(key).and_then(Value::as_bool).unwrap_or(false));
    Some(Change::Replace {
        old: str_of(arguments, OLD)?.to_owned(),
        new: str_of(arguments, NEW).unwrap_or_default().to_owned(),
        all,
    })
}

fn multi_edit_of(arguments: &Value) -> Option<ActionKind> {
    let outer = str_of(arguments, PATH);
    let list = ["edits", "replacements"]
        .iter()
        .find_map(|key| arguments.get(key)?.as_array())?;
    let edits: Vec<_> = list
        .iter()
        .filter_map(|edit| {
            let path = str_of(edit, PATH).or(outer)?.to_owned();
            Some(FileEdit {
                path,
                change: one_replace(edit)?,
            })
        })
        .collect();
    (!edits.is_empty()).then_some(ActionKind::Edit { edits })
}

/// The editor tool of Anthropic's tool set, also in OpenHands and SWE-agent 1. Without its command,
/// what it is given tells: texts change a file, a path alone shows it.
fn editor_of(arguments: &Value) -> Option<ActionKind> {
    let path = str_of(arguments, PATH)?.to_owned();
    let Some(command) = str_of(arguments, &["command"]) else {
        return one_editor_of(arguments, path);
    };
    let change = match command {
        "view" => return Some(ActionKind::Read { path }),
        "create" | "write" => Change::Write {
            content: str_of(arguments, CONTENT).unwrap_or_default().to_owned(),
        },
        "str_replace" => one_replace(arguments)?,
        "insert" => Change::Insert {
            line: arguments.get("insert_line").and_then(number)?,
            text: str_of(arguments, &["new_str", "insert_text", "text"])?.to_owned(),
        },
        "undo_edit" | "undo" => Change::Undo,
        _ => return None,
    };
    Some(ActionKind::Edit {
        edits: vec![FileEdit { path, change }],
    })
}

/// An editor without a command: what is given says what is meant.
fn one_editor_of(arguments: &Value, path: String) -> Option<ActionKind> {
    let line = ["insert_line", "line"]
        .iter()
        .find_map(|key| number(arguments.get(key)?));
    let text = || str_of(arguments, NEW).or_else(|| str_of(arguments, CONTENT));
    let change = match (line, one_replace(arguments)) {
        (Some(line), _) => Change::Insert {
            line,
            text: text()?.to_owned(),
        },
        (None, Some(replace)) => replace,
        (None, None) => Change::Write {
            content: text()?.to_owned(),
        },
    };
    Some(ActionKind::Edit {
        edits: vec![FileEdit { path, change }],
    })
}

fn number(value: &Value) -> Option<u64> {
    value
        .as_u64()
        .or_else(|| value.as_str()?.trim().parse().ok())
}

fn patch_of(arguments: &Value) -> Option<ActionKind> {
    let patch = arguments.as_str().or_else(|| str_of(arguments, PATCH))?;
    let edits = files_in_patch(patch);
    Some(if edits.is_empty() {
        ActionKind::Invalid {
            text: patch.to_owned(),
        }
    } else {
        ActionKind::Edit { edits }
    })
}

fn cell_of(arguments: &Value) -> Change {
    let cell = ["cell_id", "cell_number", "cell_idx"]
        .iter()
        .find_map(|key| arguments.get(key));
    Change::Cell {
        cell: cell.map_or_else(String::new, |c| {
            c.as_str().map_or_else(|| c.to_string(), str::to_owned)
        }),
        source: str_of(arguments, &["new_source", "source", "new_string"])
            .unwrap_or_default()
            .to_owned(),
    }
}

/// An object with one member, for layouts whose arguments are bare text.
#[must_use]
pub fn argument(key: &str, text: impl Into<String>) -> Value {
    Value::Object(Map::from_iter([(
        key.to_owned(),
        Value::String(text.into()),
    )]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn kind_of(name: &str, arguments: Value) -> ActionKind {
        action(name, arguments).kind
    }

    #[test]
    fn a_name_means_one_thing() {
        let mut seen: Vec<&str> = NAMES
            .iter()
            .flat_map(|(_, names)| names.iter().copied())
            .collect();
        let all = seen.len();
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), all);
    }

    #[test]
    fn shells_are_recognised_under_their_names() {
        let expected = ActionKind::Shell {
            command: "ls -la".into(),
        };
        assert_eq!(kind_of("Bash", json!({"command": "ls -la"})), expected);
        assert_eq!(
            kind_of("execute_bash", json!(r#"{"command": "ls -la"}"#)),
            expected
        );
        assert_eq!(
            kind_of("shell", json!({"command": ["bash", "-lc", "ls -la"]})),
            expected
        );
        assert_eq!(
            kind_of("shell", json!({"command": ["grep", "a b", "f"]})),
            ActionKind::Shell {
                command: "grep 'a b' f".into()
            }
        );
    }

    #[test]
    fn editors_keep_path_old_and_new_text() {
        let change = Change::Replace {
            old: "a".into(),
            new: "b".into(),
            all: true,
        };
        let edit = FileEdit {
            path: "f.py".into(),
            change,
        };
        assert_eq!(
            kind_of(
                "Edit",
                json!({"file_path": "f.py", "old_string": "a", "new_string": "b", "replace_all": true})
            ),
            ActionKind::Edit { edits: vec![edit] }
        );
        assert_eq!(
            kind_of(
                "str_replace_editor",
                json!({"command": "view", "path": "f.py"})
            ),
            ActionKind::Read {
                path: "f.py".into()
            }
        );
        assert_eq!(
            kind_of("Edit", json!({"file_path": "f.py"})),
            ActionKind::Other
        );
    }

    #[test]
    fn unknown_tools_keep_their_arguments() {
        let action = action("mcp__db__query", json!({"sql": "select 1"}));
        assert_eq!(action.kind, ActionKind::Other);
        assert_eq!(action.arguments, json!({"sql": "select 1"}));
    }
}
