//! One session: messages and their parts, wherever they were kept.

use serde_json::Value;
use trace::{Action, ActionKind, Address, Observation, Ref, RefPart, Timestamp, Usage};

use super::{time_at, usage_of};
use crate::extractor::Coverage;
use crate::json::str_at;
use crate::transcript::{Call, Transcript};
use crate::{sessions, tool};

/// Kinds of parts that are known and are no step.
const QUIET: [&str; 9] = [
    "step-start",
    "step-finish",
    "snapshot",
    "patch",
    "file",
    "agent",
    "subtask",
    "compaction",
    "retry",
];

/// Gives the places of the part being read in the artifact.
pub(super) type Cite<'c> = &'c dyn Fn(RefPart) -> Vec<Ref>;

/// Builds the trajectory of one session.
#[derive(Default)]
pub(super) struct Session {
    transcript: Transcript,
    coverage: Coverage,
    warnings: Vec<String>,
    created: Option<Timestamp>,
    /// Index of the message being read.
    message: Option<u64>,
    message_id: String,
    role: Role,
    /// Steps of the model begun within the message.
    rounds: u32,
    /// What the user's message says, part by part.
    asked: Vec<String>,
    /// What the message cost, if its steps do not say.
    stated: Usage,
    total: Usage,
    links: Vec<(usize, String)>,
    inherited: u64,
}

#[derive(Default, Clone, Copy, PartialEq)]
enum Role {
    #[default]
    None,
    User,
    Assistant,
    /// The model's own account of what was said before a compaction.
    Summary,
    /// A message copied from the session this one was forked from.
    Inherited,
}

impl Session {
    /// What is known of the session as a whole.
    pub(super) fn about(&mut self, info: &Value) {
        let run = self.transcript.about();
        run.agent = Some("opencode".to_owned());
        let text = |key: &str| {
            str_at(info, key)
                .filter(|t| !t.is_empty())
                .map(str::to_owned)
        };
        run.session = text("id").or(run.session.take());
        run.cwd = text("directory").or(run.cwd.take());
        run.agent_version = text("version").or(run.agent_version.take());
        self.created = time_at(info.get("time"), "created").or(self.created);
        let created = self.created;
        self.transcript.at(created);
    }

    /// What an event of a stream says of its session.
    pub(super) fn heard(&mut self, session: Option<&str>, time: Option<Timestamp>) {
        self.transcript.at(time);
        let run = self.transcript.about();
        if run.session.is_none() {
            run.session = session.map(str::to_owned);
        }
    }

    /// A message begins; its parts follow. `size` is the record's size in bytes.
    pub(super) fn message(&mut self, id: &str, info: &Value, size: usize) {
        self.end_message();
        self.message = Some(self.message.map_or(0, |index| index + 1));
        id.clone_into(&mut self.message_id);
        self.rounds = 0;
        let time = time_at(info.get("time"), "created");
        self.role = match str_at(info, "role") {
            _ if time
                .zip(self.created)
                .is_some_and(|(own, session)| own < session) =>
            {
                Role::Inherited
            }
            Some("user") => Role::User,
            Some("assistant") if info.get("summary").is_some_and(|s| *s == Value::Bool(true)) => {
                Role::Summary
            }
            Some("assistant") => Role::Assistant,
            _ => Role::None,
        };
        self.coverage.count(size, self.role != Role::None);
        if matches!(self.role, Role::Inherited | Role::None) {
            return;
        }
        self.transcript.at(time);
        if self.role == Role::User {
            return;
        }
        self.stated = usage_of(info);
        if self.role == Role::Assistant {
            self.transcript.begin_reply(Some(id));
        }
        let run = self.transcript.about();
        if let Some(model) = str_at(info, "modelID") {
            run.model = Some(model.to_owned());
        }
        if run.cwd.is_none() {
            run.cwd = info
                .pointer("/path/cwd")
                .and_then(Value::as_str)
                .map(str::to_owned);
        }
        run.outcome.exit_status = match info.get("error").filter(|error| error.is_object()) {
            Some(error) => Some(error_of(error)),
            None => str_at(info, "finish").map(str::to_owned),
        };
        self.transcript.at(time_at(info.get("time"), "completed"));
        self.transcript.at(time);
    }

    /// A part of the message, of `size` bytes.
    pub(super) fn part(&mut self, part: &Value, size: usize, cite: Cite<'_>) {
        let kind = str_at(part, "type").unwrap_or_default();
        let known = QUIET.contains(&kind) || matches!(kind, "text" | "reasoning" | "tool");
        self.coverage.count(size, known);
        let text = str_at(part, "text").unwrap_or_default();
        match (self.role, kind) {
            (Role::Inherited, "tool") => self.inherited += 1,
            (Role::User, "text") => {
                // What opencode writes into a user's message itself is marked so.
                let marked = |key: &str| part.get(key).and_then(Value::as_bool).unwrap_or(false);
                if !marked("synthetic") && !marked("ignored") {
                    self.asked.push(text.to_owned());
                }
            }
            (Role::Assistant | Role::None, "text") => self.transcript.say(text),
            (Role::Assistant | Role::None, "reasoning") => self.transcript.think(text),
            (Role::Assistant | Role::None | Role::Summary, "tool") => self.tool(part, cite),
            (Role::Assistant | Role::None, "step-start") => {
                self.rounds += 1;
                if self.rounds > 1 {
                    let reply = format!("{} {}", self.message_id, self.rounds);
                    self.transcript.begin_reply(Some(&reply));
                }
            }
            (Role::Assistant | Role::None | Role::Summary, "step-finish") => {
                let usage = usage_of(part);
                self.stated = Usage::default();
                self.total.add(&usage);
                self.transcript.usage(usage);
            }
            _ => {}
        }
    }

    fn tool(&mut self, part: &Value, cite: Cite<'_>) {
        let state = part.get("state").unwrap_or(&Value::Null);
        let id = str_at(part, "callID");
        let time = state.get("time");
        self.transcript.at(time_at(time, "start"));
        let index = self.transcript.call(Call {
            address: Address {
                message: self.message,
                event: str_at(part, "id").map(str::to_owned),
                ..Address::default()
            },
            ..Call::new(id, action_of(part, state))
        });
        self.transcript.steps_mut()[index].refs = cite(RefPart::Action);
        let child = ["/metadata/sessionId", "/metadata/sessionID"];
        let child = child.iter().find_map(|path| state.pointer(path)?.as_str());
        if let Some(child) = child {
            self.links.push((index, child.to_owned()));
        }
        let (is_error, text) = match str_at(state, "status") {
            Some("completed") => (false, state.get("output")),
            Some("error") => (true, state.get("error")),
            // Still pending or running where the record ends.
            _ => return,
        };
        let exit = ["/metadata/exit", "/metadata/exitCode"];
        let exit = exit.iter().find_map(|path| state.pointer(path)?.as_i64());
        let observation = Observation {
            exit_status: exit.and_then(|exit| i32::try_from(exit).ok()),
            is_error: Some(is_error),
            ..Observation::text(text.map(text_of).unwrap_or_default())
        };
        self.transcript.at(time_at(time, "end"));
        if let Some(index) = self.transcript.result(id, observation, None) {
            self.transcript.steps_mut()[index]
                .refs
                .extend(cite(RefPart::Observation));
        }
    }

    fn end_message(&mut self) {
        let stated = std::mem::take(&mut self.stated);
        if !stated.is_empty() {
            self.total.add(&stated);
            self.transcript.usage(stated);
        }
        if self.role == Role::User {
            let asked = std::mem::take(&mut self.asked).join("\n\n");
            self.transcript.user(&asked);
        }
        self.role = Role::None;
    }

    /// The session as it was told.
    pub(super) fn finish(mut self) -> sessions::Session {
        self.end_message();
        if self.inherited > 0 {
            self.warnings.push(format!(
                "{} calls were copied from the session this one was forked from and are not counted",
                self.inherited
            ));
        }
        self.transcript.about().usage = self.total;
        let mut trajectory = self.transcript.finish();
        trajectory.id = trajectory.session.clone().unwrap_or_default();
        sessions::Session {
            trajectory,
            coverage: self.coverage,
            warnings: self.warnings,
            links: self.links,
        }
    }
}

/// The error a message ended with.
pub(super) fn error_of(error: &Value) -> String {
    let name = str_at(error, "name").unwrap_or("error");
    match error.pointer("/data/message").and_then(Value::as_str) {
        Some(message) => format!("{name}: {message}"),
        None => name.to_owned(),
    }
}

/// What a call asks for. A call that no tool understood was handed to one called `invalid`.
fn action_of(part: &Value, state: &Value) -> Action {
    let name = str_at(part, "tool").unwrap_or_default();
    let input = state.get("input").cloned().unwrap_or_default();
    if name == "invalid" {
        let kind = ActionKind::Invalid {
            text: str_at(&input, "error").unwrap_or_default().to_owned(),
        };
        return Action {
            tool: str_at(&input, "tool").unwrap_or(name).to_owned(),
            kind,
            arguments: input,
        };
    }
    let raw = str_at(state, "raw").filter(|raw| !raw.is_empty());
    match raw {
        Some(raw) if input.as_object().is_none_or(serde_json::Map::is_empty) => {
            tool::action(name, Value::String(raw.to_owned()))
        }
        _ => tool::action(name, input),
    }
}

fn text_of(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}
