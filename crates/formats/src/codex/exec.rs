//! `codex exec --json`: what Codex prints while it runs without a terminal.

use std::io;

use serde_json::{Value, json};
use trace::{Action, ActionKind, Change, FileEdit, Observation, RefPart, Step, Steps, Trajectory};

use super::{join_text, usage_of};
use crate::calls::OpenCalls;
use crate::extractor::{
    Claim, Detection, ExtractError, Extraction, Extractor, Layout, Probe, Rank, Site,
};
use crate::frame::{self, Account};
use crate::json::{content_text, str_at};
use crate::lines::Line;
use crate::pile::Pile;
use crate::tool;

/// Reads the event stream of `codex exec --json`.
pub(crate) struct CodexExec;

impl Extractor for CodexExec {
    fn layout(&self) -> Layout {
        Layout {
            name: "codex-exec",
            title: "Codex event stream (codex exec --json)",
            doc: include_str!("LAYOUT.md"),
            rank: Rank::Stream,
        }
    }

    fn detect(&self, _pile: &Pile, site: Site<'_>) -> io::Result<Option<Detection>> {
        let Site::File(probe) = site else {
            return Ok(None);
        };
        Ok(recognise(probe))
    }

    fn extract(&self, pile: &Pile, claim: &Claim) -> Result<Extraction, ExtractError> {
        let mut reading = Reading::default();
        let account = frame::lines(pile, claim, |record, line| reading.record(record, line))?;
        Ok(reading.finish(account))
    }
}

fn recognise(probe: &Probe<'_>) -> Option<Detection> {
    let records = probe.records();
    let of_kind = |kind: &str| records.iter().find(|r| str_at(r, "type") == Some(kind));
    let found = |score, evidence: &str, session: Option<&str>| {
        Some(Detection {
            score,
            evidence: vec![evidence.to_owned()],
            session: session.map(str::to_owned),
            ..Detection::default()
        })
    };
    if let Some(id) = of_kind("thread.started").and_then(|r| str_at(r, "thread_id")) {
        return found(96, "`thread.started` with `thread_id`", Some(id));
    }
    let items = ["item.started", "item.completed"];
    let item = items.iter().find_map(|kind| of_kind(kind)?.get("item"))?;
    (str_at(item, "type").is_some() && str_at(item, "id").is_some())
        .then(|| found(86, "`item.*` events with `item.type`", None))?
}

#[derive(Default)]
struct Reading {
    trajectory: Trajectory,
    steps: Steps,
    warnings: Vec<String>,
    /// Items that were started and not completed, by item id.
    open: OpenCalls,
    thought: Vec<String>,
    reasoning: Vec<String>,
}

impl Reading {
    fn record(&mut self, record: &Value, line: &Line<'_>) -> bool {
        let kind = str_at(record, "type").unwrap_or_default();
        match kind {
            "thread.started" => {
                self.open.clear();
                let id = str_at(record, "thread_id").map(str::to_owned);
                self.trajectory.session = self.trajectory.session.take().or(id);
            }
            "turn.started" => {
                self.trajectory.outcome.exit_status = None;
                self.thought.clear();
                self.reasoning.clear();
            }
            "turn.completed" => {
                self.trajectory.outcome.exit_status = Some(kind.to_owned());
                if let Some(usage) = record.get("usage") {
                    self.trajectory.usage = usage_of(usage);
                }
            }
            "turn.failed" | "error" => {
                let message = record
                    .pointer("/error/message")
                    .or_else(|| record.get("message"))
                    .and_then(Value::as_str);
                self.trajectory.outcome.exit_status =
                    Some(message.map_or_else(|| kind.to_owned(), |text| format!("{kind}: {text}")));
            }
            "item.started" | "item.updated" | "item.completed" => {
                return record
                    .get("item")
                    .is_some_and(|item| self.item(kind, item, line));
            }
            _ => return false,
        }
        true
    }

    fn item(&mut self, event: &str, item: &Value, line: &Line<'_>) -> bool {
        let completed = event == "item.completed";
        let text = || str_at(item, "text").unwrap_or_default().to_owned();
        match str_at(item, "type").unwrap_or_default() {
            "agent_message" | "assistant_message" if completed => self.thought.push(text()),
            "reasoning" if completed => self.reasoning.push(text()),
            "agent_message" | "assistant_message" | "reasoning" => {}
            "error" => {
                let message = str_at(item, "message").unwrap_or_default();
                self.warnings.push(format!(
                    "{}: line {}: Codex reported: {message}",
                    line.path, line.number
                ));
            }
            // The list is written at each change and once more when the turn ends.
            "todo_list" if completed => {}
            "todo_list" => {
                self.start(item, plan(item), line);
            }
            kind => {
                let Some(action) = action_of(kind, item) else {
                    return false;
                };
                self.tool_item(event, item, action, line);
            }
        }
        true
    }

    /// A call whose item is announced, brought up to date and completed under one id.
    fn tool_item(&mut self, event: &str, item: &Value, action: Action, line: &Line<'_>) {
        let id = str_at(item, "id").unwrap_or_default();
        let known = self.open.close(id);
        let index = match known {
            Some(index) => index,
            None => self.start(item, action.clone(), line),
        };
        if event != "item.completed" {
            self.open.open(id, index);
            return;
        }
        let Some(step) = self.steps.get_mut(index) else {
            return;
        };
        // Arguments of some kinds are whole only when the item is.
        step.action = action;
        step.observation = observation_of(item);
        step.refs.push(line.cite(RefPart::Observation));
    }

    fn start(&mut self, item: &Value, action: Action, line: &Line<'_>) -> usize {
        let index = self.steps.len();
        let mut step = Step::new(index, action);
        step.address.message = Some(line.number - 1);
        step.address.call_id = str_at(item, "id").map(str::to_owned);
        step.thought = join_text(&std::mem::take(&mut self.thought));
        step.reasoning = join_text(&std::mem::take(&mut self.reasoning));
        step.refs.push(line.cite(RefPart::Action));
        self.steps.push(step);
        index
    }

    fn finish(self, account: Account) -> Extraction {
        let mut warnings = account.warnings;
        warnings.extend(self.warnings);
        let mut trajectory = self.trajectory;
        trajectory.agent = Some("codex".to_owned());
        let last_words = join_text(&self.thought);
        trajectory.final_message = (!last_words.is_empty()).then_some(last_words);
        trajectory.steps = self.steps;
        Extraction {
            trajectory,
            coverage: account.coverage,
            warnings,
        }
    }
}

/// The call an item stands for; `None` when its kind is unknown.
fn action_of(kind: &str, item: &Value) -> Option<Action> {
    let part = |key: &str| item.get(key).cloned().unwrap_or_default();
    Some(match kind {
        "command_execution" => {
            let command = str_at(item, "command").unwrap_or_default();
            let script = script_of(command).unwrap_or_else(|| command.to_owned());
            Action {
                arguments: json!({"command": command}),
                ..Action::shell(kind, script)
            }
        }
        "file_change" => Action {
            tool: kind.to_owned(),
            kind: edits_of(item),
            arguments: json!({"changes": part("changes")}),
        },
        "mcp_tool_call" => {
            let server = str_at(item, "server").unwrap_or_default();
            let name = str_at(item, "tool").unwrap_or_default();
            tool::action(&format!("mcp__{server}__{name}"), part("arguments"))
        }
        "web_search" => tool::action("web_search", json!({"query": part("query")})),
        "collab_tool_call" => {
            let name = str_at(item, "tool").unwrap_or(kind);
            tool::action(name, json!({"prompt": part("prompt")}))
        }
        _ => return None,
    })
}

/// The files a patch touched. The stream names them but leaves their text out, so the patch is
/// empty.
fn edits_of(item: &Value) -> ActionKind {
    let changes = item.get("changes").and_then(Value::as_array);
    let edits: Vec<FileEdit> = changes
        .into_iter()
        .flatten()
        .filter_map(|change| {
            Some(FileEdit {
                path: str_at(change, "path")?.to_owned(),
                change: match str_at(change, "kind") {
                    Some("delete") => Change::Delete,
                    _ => Change::Patch {
                        patch: String::new(),
                    },
                },
            })
        })
        .collect();
    if edits.is_empty() {
        ActionKind::Other
    } else {
        ActionKind::Edit { edits }
    }
}

fn plan(item: &Value) -> Action {
    let items = item.get("items").cloned().unwrap_or_default();
    let mut text = String::new();
    for entry in items.as_array().into_iter().flatten() {
        let done = entry.get("completed").and_then(Value::as_bool) == Some(true);
        text.push_str(if done { "[x] " } else { "[ ] " });
        text.push_str(str_at(entry, "text").unwrap_or_default());
        text.push('\n');
    }
    Action {
        tool: "todo_list".to_owned(),
        kind: ActionKind::Message { text },
        arguments: json!({"items": items}),
    }
}

fn observation_of(item: &Value) -> Option<Observation> {
    let status = str_at(item, "status");
    let failed = status.map(|status| matches!(status, "failed" | "declined"));
    let error = item.pointer("/error/message").and_then(Value::as_str);
    let text = match str_at(item, "type")? {
        "command_execution" => str_at(item, "aggregated_output")
            .unwrap_or_default()
            .to_owned(),
        "mcp_tool_call" => {
            let result = item.get("result");
            let content = result.and_then(|r| r.get("content")).or(result);
            let said = content.map(content_text).unwrap_or_default();
            error.map_or(said, str::to_owned)
        }
        // The stream keeps no answer to these, only how they went.
        "web_search" => return None,
        _ => error.or(status).unwrap_or_default().to_owned(),
    };
    let code = item.get("exit_code").and_then(Value::as_i64);
    Some(Observation {
        exit_status: code.and_then(|code| i32::try_from(code).ok()),
        is_error: failed.filter(|failed| *failed),
        ..Observation::text(text)
    })
}

/// The script in `/bin/bash -lc '<script>'`, the form in which commands are printed.
fn script_of(command: &str) -> Option<String> {
    let words = split_words(command)?;
    let [shell, flag, script] = words.as_slice() else {
        return None;
    };
    let shells = ["bash", "sh", "zsh", "dash"];
    let is_shell = shells.contains(&shell.rsplit('/').next()?);
    (is_shell && flag.starts_with('-') && flag.ends_with('c')).then(|| script.clone())
}

/// Words of a quoted command line; `None` when a quote stays open.
fn split_words(command: &str) -> Option<Vec<String>> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut chars = command.chars();
    while let Some(c) = chars.next() {
        match c {
            ' ' | '\t' | '\n' => words.extend(word.take()),
            '\'' => {
                let word = word.get_or_insert_default();
                loop {
                    match chars.next()? {
                        '\'' => break,
                        inner => word.push(inner),
                    }
                }
            }
            '"' => {
                let word = word.get_or_insert_default();
                loop {
                    match chars.next()? {
                        '"' => break,
                        '\\' => match chars.next()? {
                            escaped @ ('"' | '\\' | '$' | '`') => word.push(escaped),
                            '\n' => {}
                            other => word.extend(['\\', other]),
                        },
                        inner => word.push(inner),
                    }
                }
            }
            '\\' => word.get_or_insert_default().push(chars.next()?),
            other => word.get_or_insert_default().push(other),
        }
    }
    words.extend(word);
    Some(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_script_is_taken_out_of_its_shell() {
        let script = |command| script_of(command);
        assert_eq!(script("/bin/bash -lc 'a && b'").as_deref(), Some("a && b"));
        assert_eq!(
            script(r#"/bin/zsh -lc "echo \"$X\" 'y' \\d""#).as_deref(),
            Some(r#"echo "$X" 'y' \d"#)
        );
        assert_eq!(script(r"bash -lc 'it'\''s'").as_deref(), Some("it's"));
        assert_eq!(script("git status"), None);
        assert_eq!(script("bash -lc 'open"), None);
    }
}
