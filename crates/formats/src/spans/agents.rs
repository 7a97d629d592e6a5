//! The agents of a trace while their moments come in.

use std::collections::HashMap;

use serde_json::Value;
use trace::{Observation, Trajectory};

use super::frame::Frame;
use super::known::Side;
use super::order::Order;
use super::{Kind, Span};
use crate::dialogue::{Message, Role};
use crate::tool;

/// Sub-agents within sub-agents that are nested; deeper ones stay with the agent around them.
const DEEPEST: usize = 8;

/// All agents of a trace; the first is the main one.
pub(super) struct Agents<'s> {
    spans: &'s [Span],
    order: &'s Order,
    frames: Vec<Frame>,
    /// The frame each agent span works in.
    of_agent: HashMap<usize, usize>,
    /// The frame and step of each span that is known to execute a call.
    of_tool: HashMap<usize, (usize, usize)>,
}

impl<'s> Agents<'s> {
    pub(super) fn new(spans: &'s [Span], order: &'s Order) -> Self {
        Self {
            spans,
            order,
            frames: vec![Frame::default()],
            of_agent: HashMap::new(),
            of_tool: HashMap::new(),
        }
    }

    /// The frame a span stands in, and the tool span between it and its agent's, if there is one.
    fn place(&self, span: usize) -> (usize, Option<usize>) {
        let mut tool = None;
        let mut frame = 0;
        for around in self.order.around(span) {
            if let Some(own) = self.of_agent.get(&around) {
                frame = *own;
                break;
            }
            if tool.is_none() && self.of_tool.contains_key(&around) {
                tool = Some(around);
            }
        }
        // A tool that began before the agent around it was taken for another's.
        let tool = tool.filter(|tool| self.of_tool[tool].0 == frame);
        (frame, tool)
    }

    /// A span began.
    pub(super) fn begin(&mut self, index: usize) {
        let spans = self.spans;
        let span = &spans[index];
        let (frame, within) = self.place(index);
        match span.kind {
            Kind::Agent => self.begin_agent(index, frame, within),
            Kind::Tool => self.execute(index, frame, within),
            Kind::Other => {
                let name = span.tool.as_deref().unwrap_or(&span.name);
                let known = &mut self.frames[frame].known;
                let called = known.find(
                    Side::Executed,
                    span.call_id.as_deref(),
                    name,
                    &span.arguments,
                );
                if called.is_some() {
                    self.execute(index, frame, within);
                }
            }
            Kind::Model if !self.order.repeated[index] => self.show(index, frame),
            Kind::Model => {}
        }
        let own = self.of_agent.get(&index).copied().unwrap_or(frame);
        let transcript = &mut self.frames[own].transcript;
        transcript.at(span.started);
        transcript.at(span.ended);
    }

    /// An agent within another is a sub-agent if a tool started it, or the call of a tool that has
    /// its name, or if it is known by a name of its own. Otherwise it is the same agent again.
    fn begin_agent(&mut self, index: usize, frame: usize, within: Option<usize>) {
        let span = &self.spans[index];
        let outer = &mut self.frames[frame];
        if outer.span.is_none() && outer.parent.is_none() && within.is_none() {
            outer.span = Some(index);
            outer.name.clone_from(&span.agent);
            self.of_agent.insert(index, frame);
            return;
        }
        let top = !self
            .order
            .around(index)
            .any(|at| self.spans[at].kind == Kind::Agent);
        let mut started_by = within.map(|tool| self.of_tool[&tool].1);
        if started_by.is_none() {
            let names = names_of(span);
            let called = names
                .iter()
                .find_map(|name| outer.known.find(Side::Executed, None, name, &Value::Null));
            if let Some(step) = called {
                outer.known.slots[step].executed = true;
                outer.executed[step] = Some(index);
                started_by = Some(step);
            }
        }
        let other_name = span.agent.is_some() && outer.name.is_some() && span.agent != outer.name;
        let nested = started_by.is_some() || (other_name && !top);
        if !nested || outer.depth == DEEPEST {
            self.of_agent.insert(index, frame);
            return;
        }
        let inner = Frame {
            parent: Some((frame, started_by)),
            depth: outer.depth + 1,
            span: Some(index),
            name: span.agent.clone(),
            ..Frame::default()
        };
        self.of_agent.insert(index, self.frames.len());
        self.frames.push(inner);
    }

    /// A tool span began: the call it executes becomes a step unless a reply made it one.
    fn execute(&mut self, index: usize, frame: usize, within: Option<usize>) {
        let span = &self.spans[index];
        let name = span.tool.as_deref().unwrap_or(&span.name);
        if let Some(outer) = within {
            let (own, step) = self.of_tool[&outer];
            let before = &mut self.frames[own].transcript.steps_mut()[step];
            // A tool within the same tool is the same call, recorded by another layer.
            if own == frame && (before.action.tool == name || same_call(span, &self.spans[outer])) {
                self.of_tool.insert(index, (own, step));
                if before.observation.is_none()
                    && let Some(result) = &span.result
                {
                    before.observation = Some(result.clone());
                }
                return;
            }
        }
        let id = span.call_id.as_deref();
        let frames = &mut self.frames[frame];
        let found = frames.known.find(Side::Executed, id, name, &span.arguments);
        let step = found.unwrap_or_else(|| {
            frames.known.add(Side::Executed, id, name, &span.arguments);
            frames.transcript.begin_reply(None);
            frames.call(span, id, name, &span.arguments)
        });
        frames.known.slots[step].executed = true;
        frames.executed[step] = Some(index);
        self.of_tool.insert(index, (frame, step));
        let cite = span.cite.clone().filter(|_| found.is_some());
        let cite = cite.map(|mut cite| {
            cite.part = trace::RefPart::Observation;
            cite
        });
        let transcript = &mut frames.transcript;
        match (&span.result, &span.error) {
            (Some(result), _) => transcript.settle(step, result.clone(), cite),
            (None, Some(error)) => {
                let failed = Observation {
                    is_error: Some(true),
                    ..Observation::text(error.as_str())
                };
                transcript.settle(step, failed, cite);
            }
            (None, None) => {}
        }
        let step = &mut transcript.steps_mut()[step];
        step.started = span.started.or(step.started);
        step.ended = span.ended.or(step.ended);
        // A model that states no arguments still had some.
        if step.action.arguments.is_null() && !span.arguments.is_null() {
            step.action = tool::action(name, span.arguments.clone());
        }
    }

    /// A model was shown its input: results of calls before, and calls no reply recorded.
    fn show(&mut self, index: usize, frame: usize) {
        let span = &self.spans[index];
        let frames = &mut self.frames[frame];
        frames.last_input = Some(index);
        let first = !frames.asked;
        frames.asked = true;
        if frames.transcript.about().task.is_none() {
            let asked = span.input.iter().find(|message| message.role == Role::User);
            let text = asked.map(Message::text).unwrap_or_default();
            frames.transcript.user(&text);
        }
        frames.read_input(span, first);
    }

    /// A model answered.
    pub(super) fn reply(&mut self, index: usize) {
        if self.order.repeated[index] {
            return;
        }
        let span = &self.spans[index];
        let (frame, _) = self.place(index);
        let frames = &mut self.frames[frame];
        let usage = self.spans[self.order.counts[index]].usage;
        frames.usage.add(&usage);
        let about = frames.transcript.about();
        if about.model.is_none() {
            about.model.clone_from(&span.model);
        }
        frames.transcript.begin_reply(Some(&span.id));
        frames.transcript.at(span.started);
        frames.transcript.at(span.ended);
        frames.take_reply(span, usage);
    }

    /// The main agent with all others nested below it.
    pub(super) fn finish(mut self) -> Trajectory {
        let mut nested: Vec<Vec<(Option<usize>, Trajectory)>> = Vec::new();
        nested.resize_with(self.frames.len(), Vec::new);
        let mut main = Trajectory::default();
        while let Some(mut frame) = self.frames.pop() {
            let own = nested.pop().unwrap_or_default();
            for (step, sub) in own.into_iter().rev() {
                frame.usage.add(&sub.usage);
                frame.started(step, &sub, self.spans);
                frame.transcript.nest(step, sub);
            }
            let parent = frame.parent;
            let finished = frame.finish(self.spans);
            match parent {
                Some((around, step)) => nested[around].push((step, finished)),
                None => main = finished,
            }
        }
        main
    }
}

/// Whether two tool spans, one in the other, have the same id.
fn same_call(inner: &Span, outer: &Span) -> bool {
    inner.call_id.is_some() && inner.call_id == outer.call_id
}

/// The names an agent may be called by: as stated, or as its span begins.
fn names_of(span: &Span) -> Vec<&str> {
    let bracket = span
        .name
        .split_once('[')
        .and_then(|(_, rest)| rest.strip_suffix(']'));
    let first = span.name.split(['.', ' ']).next();
    let last = span.name.rsplit(' ').next();
    [
        span.agent.as_deref(),
        bracket,
        Some(&span.name),
        first,
        last,
    ]
    .into_iter()
    .flatten()
    .filter(|name| !name.is_empty())
    .collect()
}
