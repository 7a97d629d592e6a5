//! From events to steps.

use std::collections::{HashMap, HashSet};

use trace::{ActionKind, Step, Trajectory, Usage};

use super::event::{Asked, Event, What};
use crate::extractor::{Coverage, Extraction};

/// Sub-agents within sub-agents that are nested; deeper ones stay with their parent.
const DEEPEST: usize = 8;

/// Delegations that may wait for their answer at one time.
const MOST_OPEN: usize = 32;

/// Kinds of actions and observations of the stream that are no steps by themselves.
const KNOWN: &[&str] = &[
    "agent_state_changed",
    "browse",
    "browse_interactive",
    "call_tool_mcp",
    "change_agent_state",
    "chat",
    "condensation",
    "condensation_request",
    "condense",
    "delegate",
    "delegate_observation",
    "download",
    "edit",
    "error",
    "finish",
    "loop_detection_pause",
    "loop_recovery",
    "mcp",
    "message",
    "null",
    "pause",
    "push",
    "read",
    "recall",
    "reject",
    "resume",
    "run",
    "run_ipython",
    "send_pr",
    "start",
    "stop",
    "success",
    "system",
    "task_tracking",
    "think",
    "user_rejected",
    "write",
];

/// A trajectory that is being filled: the main one, or that of a sub-agent.
struct Frame {
    trajectory: Trajectory,
    /// The reply each step came from.
    responses: Vec<Option<String>>,
    /// The place of the observation that ends a sub-agent.
    end: usize,
}

/// Builds the trajectory from `events`, which are sorted by number.
pub(crate) fn build(events: &[Event]) -> Extraction {
    let answers = answers_of(events);
    let spans = delegations(events, &answers);
    let mut warnings = Vec::new();
    let mut coverage = Coverage::default();
    let mut billed: HashSet<&str> = HashSet::new();
    let mut frames = vec![Frame::new(usize::MAX)];
    for (at, event) in events.iter().enumerate() {
        coverage.count(event.size, is_known(event));
        while frames.len() > 1 && frames.last().is_some_and(|frame| frame.end == at) {
            close(&mut frames);
        }
        let What::Action(asked) = &event.what else {
            continue;
        };
        // A reply that made several calls is billed once.
        let first = asked.response.as_deref().is_none_or(|id| billed.insert(id));
        let usage = if first { asked.usage } else { Usage::default() };
        let depth = frames.len();
        let Some(frame) = frames.last_mut() else {
            break;
        };
        frame.trajectory.usage.add(&usage);
        if event.source != "agent" {
            continue;
        }
        note_words(&mut frame.trajectory, asked);
        let Some(answer) = answers.get(&event.id).or_else(|| spans.get(&at)) else {
            if expects_answer(asked) {
                warnings.push(format!(
                    "event {}: the `{}` action has no observation and is no step",
                    event.id, asked.kind
                ));
            }
            continue;
        };
        frame.push(event, asked, usage, &events[*answer]);
        if let Some(end) = spans.get(&at).filter(|_| depth <= DEEPEST) {
            frame.enter(event.id);
            frames.push(Frame::nested(event.id, *end));
        }
    }
    while frames.len() > 1 {
        close(&mut frames);
    }
    let mut trajectory = frames.pop().map(Frame::finish).unwrap_or_default();
    describe(&mut trajectory, events);
    Extraction {
        trajectory,
        coverage,
        warnings,
    }
}

impl Frame {
    fn new(end: usize) -> Self {
        Self {
            trajectory: Trajectory::default(),
            responses: Vec::new(),
            end,
        }
    }

    fn nested(event: i64, end: usize) -> Self {
        let mut frame = Self::new(end);
        frame.trajectory.id = sub_id(event);
        "openhands-events".clone_into(&mut frame.trajectory.format);
        frame.trajectory.agent = Some("openhands".to_owned());
        frame
    }

    /// Marks the last step as the one that started the sub-agent.
    fn enter(&mut self, event: i64) {
        if let Some(step) = self.trajectory.steps.last_mut() {
            step.subtrajectory = Some(sub_id(event));
        }
    }

    fn push(&mut self, event: &Event, asked: &Asked, usage: Usage, answer: &Event) {
        let mut step = Step::new(self.trajectory.steps.len(), asked.action.clone());
        step.address.event = Some(event.id.to_string());
        step.address.call_id.clone_from(&event.call_id);
        let repeated = asked.response.is_some() && self.responses.last() == Some(&asked.response);
        if !repeated {
            step.thought.clone_from(&asked.thought);
            step.reasoning.clone_from(&asked.reasoning);
        }
        step.usage = (!usage.is_empty()).then_some(usage);
        step.started = event.time;
        step.ended = answer.time;
        step.refs.extend(event.cited.clone());
        step.refs.extend(answer.cited.clone());
        if let What::Observation(seen) = &answer.what {
            step.observation = Some(seen.seen.clone());
        }
        self.responses.push(asked.response.clone());
        self.trajectory.steps.push(step);
    }

    /// Numbers the groups of calls that came from one reply.
    fn finish(mut self) -> Trajectory {
        let steps = &mut self.trajectory.steps;
        let (mut at, mut group) = (0, 0);
        while at < steps.len() {
            let response = &self.responses[at];
            let same = self.responses[at..]
                .iter()
                .take_while(|r| *r == response)
                .count();
            if response.is_some() && same > 1 {
                group += 1;
                for own in at..at + same {
                    steps[own].parallel_group = Some(group);
                }
            }
            at += if response.is_some() { same.max(1) } else { 1 };
        }
        self.trajectory.started = steps.first().and_then(|step| step.started);
        self.trajectory.ended = steps.last().and_then(|step| step.ended);
        self.trajectory
    }
}

/// True for actions that are executed; words, states and endings have no answer.
fn expects_answer(asked: &Asked) -> bool {
    matches!(
        asked.kind.as_str(),
        "run"
            | "run_ipython"
            | "read"
            | "write"
            | "edit"
            | "browse"
            | "browse_interactive"
            | "call_tool_mcp"
            | "delegate"
    )
}

fn sub_id(event: i64) -> String {
    format!("event-{event}")
}

/// Ends the innermost sub-agent and hangs it under its parent.
fn close(frames: &mut Vec<Frame>) {
    let Some(done) = frames.pop() else {
        return;
    };
    let mut done = done.finish();
    if let Some(parent) = frames.last_mut() {
        if let Some(ActionKind::Delegate { prompt }) =
            parent.trajectory.steps.last().map(|step| &step.action.kind)
        {
            done.task = Some(prompt.clone());
        }
        // The parent waited for it, so what it cost is a part of the run.
        parent.trajectory.usage.add(&done.usage);
        parent.trajectory.subtrajectories.push(done);
    }
}

/// The place of the observation that answers each action; of several the first that says anything.
fn answers_of(events: &[Event]) -> HashMap<i64, usize> {
    let mut answers: HashMap<i64, usize> = HashMap::new();
    for null in [false, true] {
        for (at, event) in events.iter().enumerate() {
            if let What::Observation(answer) = &event.what
                && (answer.kind == "null") == null
                && let Some(cause) = answer.cause
            {
                answers.entry(cause).or_insert(at);
            }
        }
    }
    answers
}

/// For each answered delegation: the place of its action and of its observation.
fn delegations(events: &[Event], answers: &HashMap<i64, usize>) -> HashMap<usize, usize> {
    let mut spans = HashMap::new();
    let mut open: Vec<usize> = Vec::new();
    for (at, event) in events.iter().enumerate() {
        match &event.what {
            What::Action(asked) if asked.kind == "delegate" && event.source == "agent" => {
                // Never-answered ones must not pile up: each answer looks through all that are open.
                if open.len() == MOST_OPEN {
                    open.remove(0);
                }
                open.push(at);
            }
            What::Observation(answer) => {
                let delegate = answer.kind == "delegate" || answer.kind == "delegate_observation";
                let named = open.iter().rposition(|start| {
                    let asked = &events[*start];
                    answers.get(&asked.id) == Some(&at)
                        || (delegate
                            && answer.cause.is_none()
                            && event.call_id.is_some()
                            && asked.call_id == event.call_id)
                });
                let innermost = (delegate && answer.cause.is_none())
                    .then(|| open.len().checked_sub(1))
                    .flatten();
                if let Some(place) = named.or(innermost) {
                    if delegate {
                        spans.insert(open[place], at);
                    }
                    open.truncate(place);
                }
            }
            _ => {}
        }
    }
    spans
}

fn is_known(event: &Event) -> bool {
    match &event.what {
        What::Action(asked) => KNOWN.contains(&asked.kind.as_str()),
        What::Observation(answer) => KNOWN.contains(&answer.kind.as_str()),
        What::Nothing => false,
    }
}

/// Keeps the agent's words as its last ones until it acts again.
fn note_words(trajectory: &mut Trajectory, asked: &Asked) {
    let words = match &asked.action.kind {
        ActionKind::Finish { text } if !text.trim().is_empty() => Some(text.as_str()),
        ActionKind::Finish { .. } => Some(asked.thought.as_str()),
        ActionKind::Message { text } if asked.kind == "message" => Some(text.as_str()),
        _ if asked.kind == "condensation" || asked.kind == "system" => return,
        _ => None,
    };
    trajectory.final_message = words
        .map(str::trim)
        .filter(|w| !w.is_empty())
        .map(str::to_owned);
}

/// Everything about the run but its steps.
fn describe(trajectory: &mut Trajectory, events: &[Event]) {
    let asked = || {
        events.iter().filter_map(|event| match &event.what {
            What::Action(asked) => Some((event, asked)),
            _ => None,
        })
    };
    trajectory.agent = Some("openhands".to_owned());
    trajectory.agent_version = asked().find_map(|(_, a)| a.version.clone());
    trajectory.model = asked().find_map(|(_, a)| a.model.clone());
    trajectory.task = asked()
        .filter(|(event, a)| event.source == "user" && a.kind == "message")
        .find_map(|(_, a)| match &a.action.kind {
            ActionKind::Message { text } => Some(text.clone()),
            _ => None,
        });
    trajectory.started = events.iter().find_map(|event| event.time);
    trajectory.ended = events.iter().rev().find_map(|event| event.time);
    trajectory.usage.cost_usd = asked().filter_map(|(_, a)| a.cost).reduce(f64::max);
    trajectory.outcome.exit_status = events.iter().rev().find_map(|event| match &event.what {
        What::Observation(answer) => answer.state.clone(),
        _ => None,
    });
}
