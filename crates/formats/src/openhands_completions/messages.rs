//! The conversation of one call file as steps.

use std::collections::{HashMap, VecDeque};

use serde::Deserialize;
use serde_json::{Map, Value};
use trace::{Action, ActionKind, Observation, RefPart, Step, Trajectory};

use super::Saved;
use crate::document::Document;
use crate::extractor::ExtractError;
use crate::json::{content_text, str_at};
use crate::openhands_events::tool_action;

const FUNCTION: &str = "<function=";
const RESULT: &str = "EXECUTION RESULT of [";

/// One chat message.
#[derive(Deserialize)]
struct Message {
    #[serde(default)]
    role: Value,
    #[serde(default)]
    content: Value,
    #[serde(default)]
    tool_calls: Value,
    #[serde(default)]
    tool_call_id: Value,
}

/// A call as an assistant message holds it.
struct Call {
    id: Option<String>,
    action: Action,
}

/// How many tool calls the message `raw` holds.
pub(super) fn count_calls(raw: &str) -> usize {
    serde_json::from_str::<Message>(raw).map_or(0, |message| {
        if message.role == "assistant" {
            calls_of(&message.tool_calls, &content_text(&message.content)).len()
        } else {
            0
        }
    })
}

/// The words of a reply that ends the run: those of `finish`, or a reply without any call.
pub(super) fn closing_words(message: &Value) -> Option<String> {
    let content = message.get("content").map(content_text).unwrap_or_default();
    let calls = calls_of(message.get("tool_calls").unwrap_or(&Value::Null), &content);
    let words = match calls.iter().find(|call| is_finish(call)) {
        Some(Call { action, .. }) => match &action.kind {
            ActionKind::Finish { text } if !text.trim().is_empty() => text.clone(),
            _ => content
                .split(FUNCTION)
                .next()
                .unwrap_or_default()
                .to_owned(),
        },
        None if calls.is_empty() => content,
        None => return None,
    };
    Some(words.trim().to_owned()).filter(|words| !words.is_empty())
}

fn is_finish(call: &Call) -> bool {
    call.action.tool.eq_ignore_ascii_case("finish")
}

/// Reads the conversation that `document` holds.
pub(super) fn read(document: &Document) -> Result<Trajectory, ExtractError> {
    let saved = Saved::parse(document)
        .map_err(|error| ExtractError::json(document.path(), document.text(), &error))?;
    let mut trajectory = Trajectory::default();
    // Ids may repeat, so each names the calls that still wait for a result, earliest first. A
    // `finish` waits too, with no step, so that its result goes to no other call.
    let mut open: HashMap<String, VecDeque<Option<usize>>> = HashMap::new();
    let mut textual: VecDeque<Option<usize>> = VecDeque::new();
    let mut group = 0;
    for (index, raw) in (0..).zip(saved.sent()) {
        let Ok(message) = serde_json::from_str::<Message>(raw.get()) else {
            continue;
        };
        let content = content_text(&message.content);
        let steps = &mut trajectory.steps;
        match message.role.as_str() {
            Some("assistant") => {
                let first = steps.len();
                textual.clear();
                let calls = calls_of(&message.tool_calls, &content);
                for (command, call) in (0..).zip(calls) {
                    let step = (!is_finish(&call)).then_some(steps.len());
                    match &call.id {
                        Some(id) => open.entry(id.clone()).or_default().push_back(step),
                        None => textual.push_back(step),
                    }
                    if step.is_none() {
                        continue;
                    }
                    let mut step = Step::new(steps.len(), call.action);
                    step.address.message = Some(index);
                    step.address.command = Some(command);
                    step.address.call_id = call.id;
                    if steps.len() == first {
                        let thought = content.split(FUNCTION).next().unwrap_or_default();
                        thought.trim().clone_into(&mut step.thought);
                    }
                    step.refs.extend(document.cite(RefPart::Action, raw.get()));
                    steps.push(step);
                }
                if steps.len() > first + 1 {
                    group += 1;
                    for at in first..steps.len() {
                        steps[at].parallel_group = Some(group);
                    }
                }
            }
            Some(role) => {
                let (waiting, seen) = if role == "tool" {
                    let id = message.tool_call_id.as_str().unwrap_or_default();
                    (
                        open.get_mut(id).and_then(VecDeque::pop_front),
                        content.as_str(),
                    )
                } else if let Some(result) = result_in(&content).filter(|_| role == "user") {
                    (textual.pop_front(), result)
                } else {
                    if role == "user" && trajectory.task.is_none() {
                        trajectory.task = Some(task_in(&content).to_owned());
                    }
                    continue;
                };
                if let Some(step) = waiting.flatten().and_then(|at| steps.get_mut(at)) {
                    step.observation = Some(observation(seen));
                    let cited = document.cite(RefPart::Observation, raw.get());
                    step.refs.extend(cited);
                }
            }
            None => {}
        }
    }
    Ok(trajectory)
}

/// The calls of an assistant message: its `tool_calls`, or those written out in its text.
fn calls_of(tool_calls: &Value, content: &str) -> Vec<Call> {
    match tool_calls.as_array().filter(|calls| !calls.is_empty()) {
        Some(calls) => calls
            .iter()
            .map(|call| {
                let function = call.get("function").unwrap_or(call);
                let name = str_at(function, "name").unwrap_or_default();
                let arguments = function.get("arguments").cloned().unwrap_or_default();
                Call {
                    id: str_at(call, "id").map(str::to_owned),
                    action: tool_action(name, arguments),
                }
            })
            .collect(),
        None => written_call(content).into_iter().collect(),
    }
}

/// The call written out as `<function=NAME><parameter=KEY>VALUE</parameter>…`. The agent executes
/// one a message.
fn written_call(content: &str) -> Option<Call> {
    const PARAMETER: &str = "<parameter=";
    let (_, rest) = content.split_once(FUNCTION)?;
    let (name, mut body) = rest.split_once('>')?;
    let mut arguments = Map::new();
    while let Some((before, rest)) = body.split_once(PARAMETER) {
        if before.contains("</function") {
            break;
        }
        let Some((key, rest)) = rest.split_once('>') else {
            break;
        };
        let (value, after) = rest.split_once("</parameter>").unwrap_or((rest, ""));
        let value = value.strip_prefix('\n').unwrap_or(value);
        let value = value.strip_suffix('\n').unwrap_or(value);
        arguments.insert(key.to_owned(), Value::String(value.to_owned()));
        body = after;
    }
    Some(Call {
        id: None,
        action: tool_action(name.trim(), Value::Object(arguments)),
    })
}

/// The result in a user message of the text form.
fn result_in(content: &str) -> Option<&str> {
    let (_, rest) = content
        .trim_start()
        .strip_prefix(RESULT)?
        .split_once("]:")?;
    Some(rest.strip_prefix('\n').unwrap_or(rest))
}

fn observation(text: &str) -> Observation {
    let error = text
        .trim_end()
        .ends_with("[Error occurred in processing last action]");
    Observation {
        exit_status: exit_status(text),
        is_error: error.then_some(true),
        ..Observation::text(text)
    }
}

/// The status in the last of the lines `[The command completed with exit code N.]` and
/// `[Command finished with exit code N]`.
fn exit_status(text: &str) -> Option<i32> {
    let line = text
        .lines()
        .rev()
        .find(|line| line.starts_with('[') && line.contains(" with exit code "))?;
    let (_, status) = line.rsplit_once(" with exit code ")?;
    let status = status.trim_end_matches([']', '.', ' ']);
    status.parse().ok().filter(|status| *status != -1)
}

/// The task without the worked example around it.
fn task_in(content: &str) -> &str {
    const OPEN: &str = "NEW TASK DESCRIPTION ---------------------";
    const CLOSE: &str = "--------------------- END OF NEW TASK DESCRIPTION";
    content
        .split_once(OPEN)
        .map_or(content, |(_, rest)| {
            rest.split_once(CLOSE).map_or(rest, |(task, _)| task)
        })
        .trim()
}
