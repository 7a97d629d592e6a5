//! From the state of a session to steps.

use serde_json::Value;
use trace::{ActionKind, Address, Ref, RefPart, Trajectory};

use super::chat::{Chat, Message, ToolCall};
use super::parts;
use crate::json::str_at;
use crate::transcript::{Call, Transcript};
use crate::{time, tool};

/// Beginnings of user messages that the program wrote, not the user.
const PROGRAM_TEXT: &[&str] = &[
    "<session_context>",
    "<state_snapshot>",
    "<hook_context>",
    "This is the Gemini CLI.",
    "System: ",
];

/// A run and what is needed to hang those of its sub-agents below it.
#[derive(Debug, Default)]
pub(super) struct Told {
    /// The run.
    pub(super) trajectory: Trajectory,
    /// Steps whose records name the agent they started, with that agent's id.
    agents: Vec<(String, usize)>,
}

/// Reads a session.
pub(super) fn tell(chat: &Chat) -> Told {
    let mut reading = Reading::default();
    let header = Value::Object(chat.header.clone());
    let about = reading.transcript.about();
    about.agent = Some("gemini-cli".to_owned());
    about.session = str_at(&header, "sessionId").map(str::to_owned);
    let started = str_at(&header, "startTime").and_then(time::parse);
    reading.transcript.at(started);
    let mut index = 0;
    for message in &chat.messages {
        reading.message(index, message);
        index += u64::from(!message.put_in);
    }
    reading.finish()
}

#[derive(Default)]
struct Reading {
    transcript: Transcript,
    agents: Vec<(String, usize)>,
}

impl Reading {
    fn message(&mut self, index: u64, message: &Message) {
        let value = &message.value;
        let content = value.get("content").unwrap_or(&Value::Null);
        let when = str_at(value, "timestamp").and_then(time::parse);
        self.transcript.at(when);
        let about = self.transcript.about();
        about.cwd = about.cwd.take().or_else(|| work_folder(content));
        match str_at(value, "type") {
            Some("user") if !message.put_in => self.user(value, content),
            Some("gemini") => {
                self.reply(index, message, content);
                // Results have times of their own; the next call is not later for them.
                self.transcript.at(when);
            }
            Some("error") => {
                let words = parts::words(content);
                let line = words.lines().next().unwrap_or_default();
                self.transcript.about().outcome.exit_status = Some(format!("error: {line}"));
            }
            _ => {}
        }
    }

    fn user(&mut self, value: &Value, content: &Value) {
        let shown = value.get("displayContent").map(parts::words);
        let text = shown
            .filter(|text| !text.is_empty())
            .unwrap_or_else(|| parts::words(content));
        let text = text.trim();
        let program = PROGRAM_TEXT.iter().any(|start| text.starts_with(start));
        // Commands to the program itself begin with a slash or are a question mark.
        let command = text == "?" || (text.starts_with('/') && !text.contains(' '));
        if text.is_empty() || program || command {
            return;
        }
        self.transcript.about().outcome.exit_status = None;
        self.transcript.user(text);
    }

    fn reply(&mut self, index: u64, message: &Message, content: &Value) {
        let value = &message.value;
        let about = self.transcript.about();
        about.outcome.exit_status = None;
        if let Some(model) = str_at(value, "model").filter(|model| !model.is_empty()) {
            about.model.get_or_insert_with(|| model.to_owned());
        }
        self.transcript.begin_reply(str_at(value, "id"));
        if !message.put_in {
            for thought in parts::listed(value.get("thoughts").unwrap_or(&Value::Null)) {
                self.transcript.think(&thought_text(thought));
            }
            self.transcript.think(&parts::thoughts(content));
            self.transcript.say(&parts::words(content));
        }
        if let Some(tokens) = value.get("tokens") {
            self.transcript.usage(parts::usage(tokens, &parts::TOKENS));
        }
        let steps: Vec<usize> = (0..)
            .zip(&message.calls)
            .map(|(number, call)| self.call(index, number, &call.value, call.asked.clone()))
            .collect();
        for (step, call) in steps.into_iter().zip(&message.calls) {
            self.result(step, call);
        }
        if message.calls.is_empty() && !message.put_in {
            // Calls the model asked for that were not over when the file ends.
            let asked = parts::listed(content).iter();
            let asked = asked.filter_map(|part| part.get("functionCall"));
            for (number, call) in (0..).zip(asked) {
                self.call(index, number, call, None);
            }
        }
    }

    fn call(&mut self, message: u64, command: u64, call: &Value, cite: Option<Ref>) -> usize {
        let name = str_at(call, "name").unwrap_or_default();
        let arguments = call.get("args").cloned().unwrap_or_default();
        let step = self.transcript.call(Call {
            id: str_at(call, "id"),
            action: tool::action(name, arguments),
            address: Address {
                message: Some(message),
                command: Some(command),
                ..Address::default()
            },
            cite,
        });
        if let Some(agent) = str_at(call, "agentId") {
            self.agents.push((agent.to_owned(), step));
        }
        step
    }

    fn result(&mut self, step: usize, call: &ToolCall) {
        let value = &call.value;
        let status = str_at(value, "status").unwrap_or_default();
        let answer = value.get("result").and_then(parts::answer);
        let over = matches!(status, "success" | "error" | "cancelled");
        if !over && answer.is_none() {
            return;
        }
        let answer = answer.unwrap_or_else(|| parts::Answer {
            text: display_text(value).unwrap_or_else(|| status.to_owned()),
            error: false,
        });
        let when = str_at(value, "timestamp").and_then(time::parse);
        self.transcript.at(when);
        let Some(asked) = self.transcript.steps_mut().get(step) else {
            return;
        };
        let mut observation = parts::observe(&asked.action, answer.text);
        observation.is_error = match status {
            "success" => Some(answer.error),
            "error" | "cancelled" => Some(true),
            _ => answer.error.then_some(true),
        };
        let cite = call.answered.clone().map(|place| Ref {
            part: RefPart::Observation,
            ..place
        });
        self.transcript.settle(step, observation, cite);
    }

    fn finish(self) -> Told {
        Told {
            trajectory: self.transcript.finish(),
            agents: self.agents,
        }
    }
}

impl Told {
    /// Takes the run of a sub-agent below the step that started it: the one that names it, or
    /// failing that the last one free that gave it its task. The last sub-agent comes first.
    pub(super) fn adopt(&mut self, mut sub: Trajectory) {
        sub.subtrajectories.reverse();
        let session = sub.session.take().unwrap_or_default();
        let named = self.agents.iter().find(|(agent, _)| *agent == session);
        let by_task = || {
            let task = sub.task.as_deref().map(str::trim)?;
            let mut steps = self.trajectory.steps.iter();
            steps.rposition(|step| match &step.action.kind {
                ActionKind::Delegate { prompt } => {
                    let prompt = prompt.trim();
                    step.subtrajectory.is_none() && !prompt.is_empty() && task.contains(prompt)
                }
                _ => false,
            })
        };
        let caller = named.map(|(_, step)| *step).or_else(by_task);
        sub.id = if session.is_empty() {
            format!("agent-{}", self.trajectory.subtrajectories.len() + 1)
        } else {
            session
        };
        if let Some(step) = caller.and_then(|index| self.trajectory.steps.get_mut(index)) {
            step.subtrajectory = Some(sub.id.clone());
        }
        self.trajectory.subtrajectories.push(sub);
    }
}

/// The working folder in what the program tells the model first.
fn work_folder(content: &Value) -> Option<String> {
    let text = parts::words(content);
    if !PROGRAM_TEXT.iter().any(|start| text.starts_with(start)) {
        return None;
    }
    let older = text.split_once("working in the directory: ");
    let newer = || {
        let (_, list) = text.split_once("Workspace Directories:")?;
        let (_, first) = list.split_once("- ")?;
        Some(("", first))
    };
    let (_, rest) = older.or_else(newer)?;
    let folder = rest.lines().next()?.trim();
    (!folder.is_empty()).then(|| folder.to_owned())
}

fn thought_text(thought: &Value) -> String {
    let member = |key: &str| str_at(thought, key).map(str::trim).unwrap_or_default();
    match (member("subject"), member("description")) {
        ("", rest) | (rest, "") => rest.to_owned(),
        (subject, description) => format!("{subject}: {description}"),
    }
}

/// What the program showed of a result whose parts it did not keep.
fn display_text(call: &Value) -> Option<String> {
    let shown = call.get("resultDisplay")?;
    let text = shown.as_str().or_else(|| str_at(shown, "fileDiff"))?;
    (!text.is_empty()).then(|| text.to_owned())
}
