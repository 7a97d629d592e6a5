//! The events of a sample to steps.

mod tree;

use std::collections::{HashMap, VecDeque};

use serde_json::Value;
use trace::{ActionKind, Address, Ref, RefPart, Timestamp, Trajectory};

use super::outcome::tokens_of;
use super::sample::resolved;
use crate::dialogue::{self, Piece, observation_of};
use crate::json::str_at;
use crate::transcript::{Call, Transcript};
use crate::{time, tool};

/// Sub-agents within sub-agents that are nested; deeper ones stay with the agent around them.
const DEEPEST: usize = 8;

/// Kinds of events that say nothing of the agent's steps.
const BESIDE: &[&str] = &[
    "sample_init",
    "sample_limit",
    "state",
    "store",
    "approval",
    "input",
    "score",
    "score_edit",
    "error",
    "logger",
    "info",
    "compaction",
    "checkpoint",
    "branch",
    "anchor",
    "interrupt",
];

type Cite<'c> = dyn Fn(RefPart) -> Option<Ref> + 'c;

/// Where an event belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// To the agent of this frame.
    Agent(usize),
    /// To no agent: setting up, scoring.
    Beside,
}

/// A span of the sample.
struct Span {
    place: Place,
    /// The call it executes, by frame and step, once that is known.
    call: Option<(usize, usize)>,
    parent: Option<String>,
    name: String,
    is_tool: bool,
}

#[derive(Default)]
struct Frame {
    transcript: Transcript,
    /// The frame and step that started it.
    parent: Option<(usize, Option<usize>)>,
    /// The tool span it works in, which says later which step that is.
    tool: Option<String>,
    depth: usize,
    name: Option<String>,
    ended: Option<Timestamp>,
    /// Calls no tool event was met for, by id, earliest first.
    open: HashMap<String, VecDeque<usize>>,
}

/// The events of a sample while they come in.
pub(super) struct Events<'s> {
    attachments: &'s Value,
    pool: &'s Value,
    frames: Vec<Frame>,
    spans: HashMap<String, Span>,
    /// Tool spans no tool event was met for, by parent and name.
    idle: Vec<String>,
    /// Commands each call ran: how many, and the status of the last.
    commands: HashMap<(usize, usize), (u32, Option<i32>)>,
    /// Steps of scorers that are open, in logs without spans.
    scoring: u32,
}

impl<'s> Events<'s> {
    pub(super) fn new(attachments: &'s Value, pool: &'s Value) -> Self {
        Self {
            attachments,
            pool,
            frames: vec![Frame::default()],
            spans: HashMap::new(),
            idle: Vec::new(),
            commands: HashMap::new(),
            scoring: 0,
        }
    }

    /// Takes the next event; false when its kind is not known.
    pub(super) fn take(&mut self, event: &Value, cite: &Cite<'_>) -> bool {
        let place = self.place_of(event);
        self.take_in(event, place, cite, 0)
    }

    fn take_in(&mut self, event: &Value, place: Place, cite: &Cite<'_>, depth: usize) -> bool {
        let kind = str_at(event, "event").unwrap_or_default();
        match kind {
            "span_begin" => self.begin(event),
            "span_end" => {}
            "step" => self.step(event),
            "sandbox" => self.command(event),
            "model" | "tool" | "subtask" => {
                if let Place::Agent(frame) = place {
                    match kind {
                        "model" => self.reply(event, frame, cite),
                        "tool" => self.execute(event, frame, cite, depth),
                        _ => self.nested(event, frame, None, cite, depth),
                    }
                }
            }
            _ => return BESIDE.contains(&kind),
        }
        true
    }

    fn place_of(&self, event: &Value) -> Place {
        if self.scoring > 0 {
            return Place::Beside;
        }
        let span = str_at(event, "span_id").and_then(|id| self.spans.get(id));
        span.map_or(Place::Agent(0), |span| span.place)
    }

    fn reply(&mut self, event: &Value, frame: usize, cite: &Cite<'_>) {
        self.answer_waiting(event, frame, cite);
        let output = event.get("output").unwrap_or(&Value::Null);
        let own = &mut self.frames[frame];
        let transcript = &mut own.transcript;
        transcript.at(time_at(event, "timestamp"));
        let Some(message) = output.pointer("/choices/0/message") else {
            return;
        };
        transcript.begin_reply(None);
        transcript.at(time_at(event, "completed"));
        transcript.usage(tokens_of(output.get("usage").unwrap_or(&Value::Null)));
        let about = transcript.about();
        if about.model.is_none() {
            about.model = str_at(event, "model").map(str::to_owned);
        }
        let message = resolved(message, self.attachments);
        let pieces = dialogue::read(&message).map(|message| message.pieces);
        for piece in pieces.unwrap_or_default() {
            match piece {
                Piece::Words(text) => transcript.say(&text),
                Piece::Reasoning(text) => transcript.think(&text),
                Piece::Call {
                    id,
                    name,
                    arguments,
                } => {
                    let step = transcript.call(Call {
                        id: id.as_deref(),
                        action: tool::action(&name, arguments),
                        address: address_of(event),
                        cite: cite(RefPart::Action),
                    });
                    own.open
                        .entry(id.unwrap_or_default())
                        .or_default()
                        .push_back(step);
                }
                Piece::Result {
                    id, observation, ..
                } => {
                    transcript.result(id.as_deref(), observation, cite(RefPart::Observation));
                }
            }
        }
    }

    /// Calls that no event answered are answered by what the model is shown next.
    fn answer_waiting(&mut self, event: &Value, frame: usize, cite: &Cite<'_>) {
        if !self.frames[frame].transcript.any_waits() {
            return;
        }
        let mut answers = Vec::new();
        for message in self.shown(event).into_iter().rev() {
            match str_at(message, "role") {
                Some("tool") => answers.push(resolved(message, self.attachments)),
                Some("assistant") => break,
                _ => {}
            }
        }
        let transcript = &mut self.frames[frame].transcript;
        for message in answers.iter().rev() {
            let id = str_at(message, "tool_call_id");
            let known = id.filter(|id| transcript.knows(id));
            let open = known.is_some_and(|id| {
                let steps = transcript.steps_mut().iter().rev();
                let mut own = steps.filter(|step| step.address.call_id.as_deref() == Some(id));
                own.next().is_some_and(|step| step.observation.is_none())
            });
            if open {
                let content = message.get("content").unwrap_or(&Value::Null);
                transcript.result(
                    id,
                    observation_of(message, content),
                    cite(RefPart::Observation),
                );
            }
        }
    }

    /// The messages a model was shown: as they stand, or as ranges of the pool.
    fn shown<'v>(&'v self, event: &'v Value) -> Vec<&'v Value> {
        let input = event.get("input").and_then(Value::as_array);
        let mut shown: Vec<&Value> = input.into_iter().flatten().collect();
        let pool = self.pool.get("messages").and_then(Value::as_array);
        let ranges = event.get("input_refs").and_then(Value::as_array);
        for range in ranges.into_iter().flatten() {
            let end = |at: usize| {
                range
                    .get(at)
                    .and_then(Value::as_u64)
                    .and_then(|n| usize::try_from(n).ok())
            };
            if let (Some(pool), Some(from), Some(to)) = (pool, end(0), end(1)) {
                shown.extend(pool.get(from..to.min(pool.len())).unwrap_or_default());
            }
        }
        shown
    }

    fn execute(&mut self, event: &Value, frame: usize, cite: &Cite<'_>, depth: usize) {
        let id = str_at(event, "id");
        let name = str_at(event, "function").unwrap_or("unknown");
        let arguments = event.get("arguments").unwrap_or(&Value::Null);
        let arguments = resolved(arguments, self.attachments);
        let result = resolved(
            event.get("result").unwrap_or(&Value::Null),
            self.attachments,
        );
        let pending = event.get("pending").and_then(Value::as_bool) == Some(true);
        let observation = observation_of(event, &result);
        let (began, ended) = (time_at(event, "timestamp"), time_at(event, "completed"));
        let own = &mut self.frames[frame];
        let waiting = id.and_then(|id| own.open.get_mut(id)?.pop_front());
        let transcript = &mut own.transcript;
        transcript.at(began);
        let step = waiting.unwrap_or_else(|| {
            transcript.begin_reply(None);
            transcript.call(Call {
                id,
                action: tool::action(name, arguments),
                address: address_of(event),
                cite: cite(RefPart::Action),
            })
        });
        transcript.at(ended);
        if !pending {
            transcript.settle(step, observation, cite(RefPart::Observation));
        }
        let own = &mut transcript.steps_mut()[step];
        own.started = began.or(own.started);
        own.ended = ended.or(own.ended);
        self.occupy(event, name, (frame, step));
        self.nested(event, frame, Some(step), cite, depth);
    }

    /// The events older logs keep within an event: of a sub-agent if a model is called in them.
    fn nested(
        &mut self,
        event: &Value,
        frame: usize,
        step: Option<usize>,
        cite: &Cite<'_>,
        depth: usize,
    ) {
        let Some(events) = event.get("events").and_then(Value::as_array) else {
            return;
        };
        let is_model = |event: &Value| str_at(event, "event") == Some("model");
        let mut own = frame;
        if events.iter().any(is_model) && step.is_some() && self.frames[frame].depth < DEEPEST {
            self.frames.push(Frame {
                parent: Some((frame, step)),
                depth: self.frames[frame].depth + 1,
                name: str_at(event, "agent").map(str::to_owned),
                ended: time_at(event, "completed"),
                ..Frame::default()
            });
            own = self.frames.len() - 1;
        }
        for inner in events {
            if let (Some(step), Some("sandbox"), Some("exec")) =
                (step, str_at(inner, "event"), str_at(inner, "action"))
            {
                self.ran((frame, step), inner);
            } else if depth < DEEPEST {
                self.take_in(inner, Place::Agent(own), cite, depth + 1);
            }
        }
    }

    /// The main agent with its sub-agents nested below their calls.
    pub(super) fn finish(mut self) -> Trajectory {
        for ((frame, step), (count, status)) in std::mem::take(&mut self.commands) {
            let step = self.frames[frame].transcript.steps_mut().get_mut(step);
            if let Some(seen) = step.and_then(|step| step.observation.as_mut())
                && count == 1
            {
                seen.exit_status = seen.exit_status.or(status);
            }
        }
        let mut nested: Vec<Vec<(Option<usize>, Trajectory)>> = Vec::new();
        nested.resize_with(self.frames.len(), Vec::new);
        let mut main = Trajectory::default();
        while let Some(mut frame) = self.frames.pop() {
            for (step, sub) in nested.pop().unwrap_or_default().into_iter().rev() {
                let own = step.and_then(|step| frame.transcript.steps_mut().get_mut(step));
                if let Some(own) = own
                    && matches!(own.action.kind, ActionKind::Other)
                {
                    own.action.kind = ActionKind::Delegate {
                        prompt: dialogue::text_of(&own.action.arguments),
                    };
                }
                frame.transcript.nest(step, sub);
            }
            let number = self.frames.len();
            let mut finished = frame.transcript.finish();
            finished.agent = frame.name;
            finished.ended = frame.ended.or(finished.ended);
            match frame.parent {
                Some((around, step)) => {
                    let call = frame.tool.and_then(|id| self.spans.get(&id)?.call);
                    let step = step.or(call.filter(|call| call.0 == around).map(|call| call.1));
                    finished.id = format!("agent-{number}");
                    nested[around].push((step, finished));
                }
                None => main = finished,
            }
        }
        main
    }
}

fn address_of(event: &Value) -> Address {
    Address {
        event: str_at(event, "uuid").map(str::to_owned),
        ..Address::default()
    }
}

fn time_at(event: &Value, key: &str) -> Option<Timestamp> {
    event.get(key).and_then(time::of)
}
