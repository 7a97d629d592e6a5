//! Version 2: every tool call is a step; results are joined by tool-call id.

use std::collections::HashMap;

use serde_json::Value;
use trace::{Observation, RefPart, Step};

use super::{Message, Reading};
use crate::json::str_at;
use crate::tool;

/// Adds the steps of `messages` to `reading`.
pub(super) fn read(reading: &mut Reading<'_>, messages: &[Message<'_>]) {
    // Ids may repeat, so each names the calls that still wait for a result, earliest first.
    let mut open: HashMap<String, Vec<usize>> = HashMap::new();
    let mut group = 0;
    for message in messages {
        let known = matches!(
            message.role.as_str(),
            "system" | "user" | "assistant" | "tool" | "exit"
        );
        reading.coverage.count(message.raw.len(), known);
        match message.role.as_str() {
            "assistant" => {
                let first = reading.steps.len();
                add_calls(reading, message);
                for at in first..reading.steps.len() {
                    let step = &reading.steps[at];
                    let id = step.address.call_id.clone().unwrap_or_default();
                    open.entry(id).or_default().push(at);
                }
                if reading.steps.len() > first + 1 {
                    group += 1;
                    for at in first..reading.steps.len() {
                        reading.steps[at].parallel_group = Some(group);
                    }
                }
            }
            "tool" => {
                let id = str_at(&message.value, "tool_call_id").unwrap_or_default();
                let waiting = open.get_mut(id).filter(|calls| !calls.is_empty());
                if let Some(index) = waiting.map(|calls| calls.remove(0)) {
                    add_result(reading, index, message);
                }
            }
            _ => {}
        }
    }
}

fn add_calls(reading: &mut Reading<'_>, message: &Message<'_>) {
    let calls = message.value.get("tool_calls").and_then(Value::as_array);
    let Some(calls) = calls.filter(|calls| !calls.is_empty()) else {
        reading.final_message = Some(message.content.trim().to_owned());
        return;
    };
    reading.final_message = None;
    for (command, call) in (0..).zip(calls) {
        let function = call.get("function").unwrap_or(call);
        let name = str_at(function, "name").unwrap_or("bash");
        let arguments = function.get("arguments").cloned().unwrap_or_default();
        let mut step = Step::new(reading.steps.len(), tool::action(name, arguments));
        step.address.message = Some(message.index);
        step.address.command = Some(command);
        step.address.call_id = str_at(call, "id").map(str::to_owned);
        step.started = message.time();
        if command == 0 {
            message.content.trim().clone_into(&mut step.thought);
            step.usage = message.usage();
        }
        reading.cite(&mut step, RefPart::Action, message);
        reading.steps.push(step);
    }
}

fn add_result(reading: &mut Reading<'_>, index: usize, message: &Message<'_>) {
    let cited = reading.cited(RefPart::Observation, message);
    let Some(step) = reading.steps.get_mut(index) else {
        return;
    };
    step.observation = Some(observation(message));
    step.ended = message.time();
    step.refs.extend(cited);
}

/// The raw output and status from `extra`; the rendered content where these are missing.
fn observation(message: &Message<'_>) -> Observation {
    let rendered: Option<Value> = serde_json::from_str(&message.content).ok();
    let extra = message.value.get("extra");
    let text = extra
        .and_then(|e| str_at(e, "raw_output"))
        .or_else(|| rendered.as_ref().and_then(|r| str_at(r, "output")));
    let status = extra
        .and_then(|e| e.get("returncode"))
        .or_else(|| rendered.as_ref()?.get("returncode"))
        .and_then(Value::as_i64)
        .and_then(|status| i32::try_from(status).ok());
    let exception = extra
        .and_then(|e| str_at(e, "exception_info"))
        .or_else(|| rendered.as_ref().and_then(|r| str_at(r, "exception_info")))
        .filter(|text| !text.is_empty());
    let mut seen = Observation {
        exit_status: status,
        ..Observation::text(text.unwrap_or(&message.content))
    };
    if let Some(exception) = exception {
        if !seen.text.is_empty() {
            seen.text.push('\n');
        }
        seen.text.push_str(exception);
    }
    seen
}
