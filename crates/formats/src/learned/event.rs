//! What a learned extractor says, whether it is a map or a script.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use trace::{Action, ActionKind, Address, Observation, Ref, Trajectory, Usage};

use super::map::{FieldMap, Rule, Says};
use crate::transcript::{Call, Transcript};
use crate::{time, tool};

/// One thing a record says, and about whom.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// The sub-agent it belongs to; absent for the main agent. A name that is the id of a call
    /// hangs the sub-agent below that call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thread: Option<String>,
    /// When it was said: ISO text, or seconds, milli-, micro- or nanoseconds since 1970.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub time: Value,
    /// What is said.
    #[serde(flatten)]
    pub says: Said,
}

/// The things a transcript can say.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "says", rename_all = "snake_case")]
pub enum Said {
    /// A person's words; the first are the task.
    User {
        /// The words.
        text: String,
    },
    /// A reply of the model begins; the same id goes on with the same reply.
    Reply {
        /// The reply's id.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        id: Option<String>,
    },
    /// Hidden reasoning.
    Think {
        /// The text.
        text: String,
    },
    /// The agent's words.
    Say {
        /// The words.
        text: String,
    },
    /// A tool call.
    Call {
        /// The call's id; ids may repeat.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        id: Option<String>,
        /// The tool's name.
        tool: String,
        /// The arguments: an object, the JSON text of one, or a command as text.
        #[serde(default)]
        arguments: Value,
        /// An id seen before is the same call brought up to date.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        once: bool,
        /// The result, where it stands beside the call.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        result: Option<Outcome>,
    },
    /// The result of a call.
    Result {
        /// The call's id; without one it answers the earliest call without a result.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        id: Option<String>,
        /// What came back.
        #[serde(flatten)]
        outcome: Outcome,
    },
    /// What the reply being read cost.
    Usage {
        /// Prompt tokens.
        #[serde(default)]
        input: Option<u64>,
        /// Prompt tokens read from a cache.
        #[serde(default)]
        cached: Option<u64>,
        /// Completion tokens.
        #[serde(default)]
        output: Option<u64>,
        /// United States dollars.
        #[serde(default)]
        cost: Option<f64>,
    },
    /// Facts about the run; the first word on each counts.
    About {
        /// The session's id.
        #[serde(default)]
        session: Option<String>,
        /// The agent's name.
        #[serde(default)]
        agent: Option<String>,
        /// The model's name.
        #[serde(default)]
        model: Option<String>,
        /// The folder the agent started in.
        #[serde(default)]
        cwd: Option<String>,
    },
}

/// What came back from a call.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    /// The text.
    #[serde(default)]
    pub text: String,
    /// The exit status.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit_status: Option<i32>,
    /// Whether the call failed, where that is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed: Option<bool>,
}

/// Where an event stands.
#[derive(Debug, Clone, Default)]
pub(super) struct Origin {
    /// The record's number, counted from 0.
    pub(super) record: u64,
    /// The record in the artifact, cited as an action.
    pub(super) action: Option<Ref>,
    /// The record in the artifact, cited as an observation.
    pub(super) observation: Option<Ref>,
}

/// Puts events together to a trajectory with its sub-agents.
#[derive(Default)]
pub(super) struct Assembly {
    /// Commands stand in the agent's words, so what is said after one is its result.
    spoken: bool,
    main: Thread,
    threads: BTreeMap<String, Thread>,
    /// The names of the threads in the order they began.
    order: Vec<String>,
    /// Results that answer no call.
    pub(super) orphans: u64,
}

#[derive(Default)]
struct Thread {
    transcript: Transcript,
    /// Steps by call id, for calls that are brought up to date.
    steps: BTreeMap<String, usize>,
}

impl Assembly {
    /// Begins a run that `map` reads.
    pub(super) fn new(map: &FieldMap) -> Self {
        let spoken = |rule: &Rule| matches!(rule.says, Says::TextCall { .. });
        Self {
            spoken: map.rules.iter().any(spoken),
            ..Self::default()
        }
    }

    /// Takes the next event.
    pub(super) fn take(&mut self, event: Event, origin: &Origin) {
        let thread = match event.thread.filter(|name| !name.is_empty()) {
            None => &mut self.main,
            Some(name) => {
                if !self.threads.contains_key(&name) {
                    self.order.push(name.clone());
                }
                self.threads.entry(name).or_default()
            }
        };
        thread.transcript.at(time::of(&event.time));
        let before = thread.transcript.orphans();
        let says = match event.says {
            Said::User { text } if self.spoken && thread.transcript.any_waits() => {
                let outcome = Outcome::spoken(text);
                let transcript = &mut thread.transcript;
                transcript.settle_reply(outcome.observation(), origin.observation.clone());
                return;
            }
            says => says,
        };
        thread.take(says, origin);
        self.orphans += thread.transcript.orphans() - before;
    }

    /// The trajectory, with sub-agents below the calls that are named like them.
    pub(super) fn finish(mut self) -> Trajectory {
        for name in self.order {
            let Some(thread) = self.threads.remove(&name) else {
                continue;
            };
            let mut sub = thread.transcript.finish();
            sub.id.clone_from(&name);
            let step = self.main.steps.get(&name).copied();
            self.main.transcript.nest(step, sub);
        }
        self.main.transcript.finish()
    }
}

impl Thread {
    fn take(&mut self, said: Said, origin: &Origin) {
        let transcript = &mut self.transcript;
        match said {
            Said::User { text } => transcript.user(&text),
            Said::Reply { id } => transcript.begin_reply(id.as_deref()),
            Said::Think { text } => transcript.think(&text),
            Said::Say { text } => transcript.say(&text),
            Said::Call {
                id,
                tool,
                arguments,
                once,
                result,
            } => self.call(id, &tool, arguments, once, result, origin),
            Said::Result { id, outcome } => {
                transcript.result(
                    id.as_deref(),
                    outcome.observation(),
                    origin.observation.clone(),
                );
            }
            Said::Usage {
                input,
                cached,
                output,
                cost,
            } => transcript.usage(Usage {
                input_tokens: input,
                cached_tokens: cached,
                output_tokens: output,
                cost_usd: cost,
            }),
            Said::About {
                session,
                agent,
                model,
                cwd,
            } => {
                let about = transcript.about();
                about.session = about.session.take().or(session);
                about.agent = about.agent.take().or(agent);
                about.model = about.model.take().or(model);
                about.cwd = about.cwd.take().or(cwd);
            }
        }
    }

    fn call(
        &mut self,
        id: Option<String>,
        name: &str,
        arguments: Value,
        once: bool,
        result: Option<Outcome>,
        origin: &Origin,
    ) {
        let known = id
            .as_ref()
            .filter(|_| once)
            .and_then(|id| self.steps.get(id).copied());
        let action = action_of(name, arguments);
        let index = if let Some(index) = known {
            let step = &mut self.transcript.steps_mut()[index];
            if !action.arguments.is_null() {
                step.action = action;
            }
            index
        } else {
            let address = Address {
                message: Some(origin.record),
                ..Address::default()
            };
            self.transcript.call(Call {
                id: id.as_deref(),
                action,
                address,
                cite: origin.action.clone(),
            })
        };
        if let Some(outcome) = result {
            self.transcript
                .settle(index, outcome.observation(), origin.observation.clone());
        }
        if let Some(id) = id {
            self.steps.insert(id, index);
        }
    }
}

impl Outcome {
    /// The outcome an environment writes as a message: its text, or what stands between the tags of
    /// an exit status and an output.
    fn spoken(text: String) -> Self {
        let within = |tags: &[&str]| {
            tags.iter().find_map(|tag| {
                let (_, rest) = text.split_once(&format!("<{tag}>"))?;
                Some(rest.split_once(&format!("</{tag}>"))?.0)
            })
        };
        let status = within(&["returncode", "exit_code", "exit_status"])
            .and_then(|status| status.trim().parse().ok());
        match within(&["output", "stdout"]) {
            Some(output) => Self {
                text: output.strip_prefix('\n').unwrap_or(output).to_owned(),
                exit_status: status,
                failed: None,
            },
            None => Self {
                text,
                exit_status: status,
                failed: None,
            },
        }
    }

    fn observation(self) -> Observation {
        Observation {
            exit_status: self.exit_status,
            is_error: self.failed,
            ..Observation::text(self.text)
        }
    }
}

/// The action; a tool nobody knows whose argument is a command is taken for a shell. A command for a
/// file is not one for a shell: editors call their verbs so.
fn action_of(name: &str, arguments: Value) -> Action {
    let action = tool::action(name, arguments);
    if action.kind != ActionKind::Other {
        return action;
    }
    let command = match &action.arguments {
        Value::Object(members) if members.len() <= 3 && !members.contains_key("path") => {
            let command = ["command", "cmd"].iter().find_map(|key| members.get(*key));
            command.and_then(Value::as_str).map(str::to_owned)
        }
        _ => None,
    };
    match command {
        Some(command) => Action {
            kind: ActionKind::Shell { command },
            ..action
        },
        None => action,
    }
}
