//! Items of a session's history to steps.

use std::collections::BTreeMap;

use serde_json::Value;
use serde_json::value::RawValue;
use trace::{Action, ActionKind, Address, Observation, Ref, RefPart, Timestamp, Trajectory, Usage};

use super::{model_in, plain_path};
use crate::document::Document;
use crate::json::{content_text, str_at};
use crate::transcript::{Call, Transcript};
use crate::{time, tool};

/// The state of reading a history item by item.
pub(super) struct Reading<'d> {
    document: &'d Document,
    base: &'d str,
    transcript: Transcript,
    index: u64,
}

impl<'d> Reading<'d> {
    /// Starts the history found in `document`; items are slices of `base`.
    pub(super) fn new(document: &'d Document, base: &'d str) -> Self {
        let mut transcript = Transcript::default();
        transcript.about().agent = Some("continue".to_owned());
        Self {
            document,
            base,
            transcript,
            index: 0,
        }
    }

    /// Takes what the session says of itself.
    pub(super) fn describe(&mut self, member: &impl Fn(&str) -> Option<Value>) {
        let text = |key: &str| member(key)?.as_str().map(str::to_owned);
        let about = self.transcript.about();
        about.session = text("sessionId");
        about.model = text("chatModelTitle");
        let place = text("workspaceDirectory").filter(|place| !place.is_empty());
        about.cwd = place.as_deref().map(plain_path);
    }

    /// Takes the time the session was created.
    pub(super) fn created(&mut self, when: Option<Timestamp>) {
        self.transcript.about().started = when;
    }

    /// Reads the item that stands in `raw`; false when its kind is unknown.
    pub(super) fn item(&mut self, raw: &str) -> bool {
        let index = self.index;
        self.index += 1;
        let item: Value = serde_json::from_str(raw).unwrap_or_default();
        let message = item.get("message").unwrap_or(&Value::Null);
        let content = message.get("content").unwrap_or(&Value::Null);
        match str_at(message, "role") {
            Some("user") => {
                let text = content_text(content);
                self.transcript.user(text.trim());
            }
            Some("assistant") => self.reply(raw, &item, message, index),
            Some("thinking") => self.transcript.think(&content_text(content)),
            Some("tool") => self.result(raw, message, content),
            Some("system") => {}
            _ => return false,
        }
        true
    }

    fn reply(&mut self, raw: &str, item: &Value, message: &Value, index: u64) {
        let content = message.get("content").unwrap_or(&Value::Null);
        self.transcript.begin_reply(None);
        let reasoning = item.get("reasoning").unwrap_or(&Value::Null);
        let end = reasoning.get("endAt").and_then(time::of);
        self.transcript.at(end);
        self.transcript
            .think(str_at(reasoning, "text").unwrap_or_default());
        self.transcript.say(&content_text(content));
        if let Some(usage) = message.get("usage") {
            self.transcript.usage(usage_of(usage));
            if let Some(model) = model_in(usage) {
                self.transcript.about().model = Some(model);
            }
        }
        for (command, call) in (0..).zip(calls_of(raw, item, message)) {
            let name = call.name();
            let arguments = call.arguments();
            let step = self.transcript.call(Call {
                id: call.id(),
                action: tool::action(name, arguments),
                address: Address {
                    message: Some(index),
                    command: Some(command),
                    ..Address::default()
                },
                cite: self.cite(RefPart::Action, call.raw),
            });
            let held = self.transcript.steps().get(step);
            let action = held.as_deref().map(|step| &step.action);
            let seen = call.state.and_then(|state| observe(action, state));
            drop(held);
            if let Some(seen) = seen {
                let cite = self.cite(RefPart::Observation, call.raw);
                self.transcript.settle(step, seen, cite);
            }
        }
    }

    /// A result in a message of its own. One that the call's record holds already says it again.
    fn result(&mut self, raw: &str, message: &Value, content: &Value) {
        let id = str_at(message, "toolCallId");
        if !id.is_some_and(|id| self.transcript.knows(id)) {
            self.transcript.result(id, Observation::default(), None);
            return;
        }
        let mut steps = self.transcript.steps().walk().rev();
        let call = steps.find(|step| step.address.call_id.as_deref() == id);
        let Some(call) = call.filter(|step| step.observation.is_none()) else {
            return;
        };
        let seen = shell_words(Some(&call.action), content_text(content));
        drop(call);
        drop(steps);
        let cite = self.cite(RefPart::Observation, raw);
        self.transcript.result(id, seen, cite);
    }

    fn cite(&self, part: RefPart, slice: &str) -> Option<Ref> {
        self.document.cite_in(self.base, part, slice)
    }

    /// The run, and how many results belong to no call.
    pub(super) fn finish(self) -> (Trajectory, u64) {
        let orphans = self.transcript.orphans();
        (self.transcript.finish(), orphans)
    }
}

/// A call as the message asked for it, with the record of what became of it.
struct Asked<'i> {
    call: &'i Value,
    state: Option<&'i Value>,
    /// The text it stands in.
    raw: &'i str,
}

impl Asked<'_> {
    fn id(&self) -> Option<&str> {
        str_at(self.call, "id").or_else(|| self.state.and_then(id_in))
    }

    fn name(&self) -> &str {
        let function = self.call.get("function").unwrap_or(self.call);
        str_at(function, "name").unwrap_or_default()
    }

    /// The arguments as asked for; what was made of them where that is no whole JSON.
    fn arguments(&self) -> Value {
        let function = self.call.get("function").unwrap_or(self.call);
        let asked = function.get("arguments").cloned().unwrap_or_default();
        let made = self.state.and_then(|state| state.get("parsedArgs"));
        let whole = match &asked {
            Value::String(text) => serde_json::from_str::<Value>(text).is_ok(),
            other => other.is_object(),
        };
        match made.filter(|made| !whole && made.is_object()) {
            Some(made) => made.clone(),
            None => asked,
        }
    }
}

/// The calls of a message in their order, then those only their record tells of.
fn calls_of<'i>(raw: &'i str, item: &'i Value, message: &'i Value) -> Vec<Asked<'i>> {
    let list = |value: &'i Value, key: &str| {
        let list = value.get(key).and_then(Value::as_array);
        list.map_or(&[][..], Vec::as_slice)
    };
    let mut states: Vec<(&Value, &str)> = Vec::new();
    let slices = slices_of(raw, "toolCallStates");
    for (number, state) in list(item, "toolCallStates").iter().enumerate() {
        states.push((state, slices.get(number).copied().unwrap_or(raw)));
    }
    if let Some(state) = item.get("toolCallState").filter(|state| state.is_object()) {
        states.push((state, raw));
    }
    let mut asked = Vec::new();
    for call in list(message, "toolCalls") {
        let id = str_at(call, "id");
        let state = states
            .iter()
            .position(|(state, _)| id.is_some() && id_in(state) == id)
            .map(|at| states.remove(at));
        asked.push(Asked {
            call,
            state: state.map(|(state, _)| state),
            raw: state.map_or(raw, |(_, slice)| slice),
        });
    }
    // The file may have been cut in a record that does not yet say which call it is of.
    states.retain(|(state, _)| id_in(state).is_some());
    let rest = states.into_iter().map(|(state, raw)| Asked {
        call: state.get("toolCall").unwrap_or(state),
        state: Some(state),
        raw,
    });
    asked.extend(rest);
    asked
}

/// The call a record is of.
fn id_in(state: &Value) -> Option<&str> {
    let call = state.get("toolCall").unwrap_or(&Value::Null);
    str_at(state, "toolCallId").or_else(|| str_at(call, "id"))
}

/// The texts of the elements of a list in an item.
fn slices_of<'i>(item: &'i str, key: &str) -> Vec<&'i str> {
    let members: BTreeMap<String, &RawValue> = serde_json::from_str(item).unwrap_or_default();
    let list = members.get(key).map_or("", |raw| raw.get());
    let list: Vec<&RawValue> = serde_json::from_str(list).unwrap_or_default();
    list.into_iter().map(RawValue::get).collect()
}

/// What came back, by the record of a call; `None` when it was not over.
fn observe(action: Option<&Action>, state: &Value) -> Option<Observation> {
    let status = str_at(state, "status").unwrap_or_default();
    let items = state.get("output").and_then(Value::as_array);
    let over = matches!(status, "done" | "errored" | "canceled");
    if !over && items.is_none_or(Vec::is_empty) {
        return None;
    }
    let items = items.map_or(&[][..], Vec::as_slice);
    let texts: Vec<&str> = items
        .iter()
        .filter_map(|item| str_at(item, "content"))
        .collect();
    let mut text = texts.join("\n");
    if text.is_empty() && matches!(status, "errored" | "canceled") {
        status.clone_into(&mut text);
    }
    let mut seen = shell_words(action, text);
    let notes = items.iter().filter_map(|item| str_at(item, "status"));
    if is_shell(action) && seen.exit_status.is_none() {
        seen.exit_status = notes.filter_map(exit_in_note).next_back();
    }
    seen.is_error = over.then_some(status != "done");
    Some(seen)
}

fn is_shell(action: Option<&Action>) -> bool {
    action.is_some_and(|action| matches!(action.kind, ActionKind::Shell { .. }))
}

/// Takes the words the program puts before the output of a command that failed off it:
/// `Error executing tool Bash: Error (exit code 1): `.
fn shell_words(action: Option<&Action>, text: String) -> Observation {
    let headed = |text: &str| {
        let rest = text.strip_prefix("Error executing tool ")?;
        let (_, rest) = rest.split_once(": ")?;
        let (code, output) = rest.strip_prefix("Error (exit code ")?.split_once("): ")?;
        Some((code.parse().ok()?, output.to_owned()))
    };
    match headed(&text).filter(|_| is_shell(action)) {
        Some((status, output)) => Observation {
            exit_status: Some(status),
            ..Observation::text(output)
        },
        None => Observation::text(text),
    }
}

/// The exit status in what the editor notes beside a command's output.
fn exit_in_note(note: &str) -> Option<i32> {
    if note.trim() == "Command completed" {
        return Some(0);
    }
    let (_, rest) = note.split_once("exit code")?;
    let digits = rest.trim_start_matches([':', ' ']);
    let end = digits
        .find(|c: char| !c.is_ascii_digit() && c != '-')
        .unwrap_or(digits.len());
    digits[..end].parse().ok()
}

/// What a reply cost, in the words of `OpenAI`'s interface.
fn usage_of(stated: &Value) -> Usage {
    let count = |key: &str| stated.get(key).and_then(Value::as_u64);
    let cached = stated.pointer("/prompt_tokens_details/cached_tokens");
    let cents = stated.get("cost_cents").and_then(Value::as_f64);
    Usage {
        input_tokens: count("prompt_tokens"),
        cached_tokens: cached.and_then(Value::as_u64),
        output_tokens: count("completion_tokens"),
        cost_usd: cents.map(|cents| cents / 100.0),
    }
}
