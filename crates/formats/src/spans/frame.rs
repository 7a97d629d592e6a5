//! One agent while its moments come in.

use std::collections::HashMap;

use trace::{ActionKind, Address, Observation, Trajectory, Usage};

use serde_json::Value;

use super::known::{Known, Side, sense};
use super::{Kind, Span};
use crate::dialogue::Piece;
use crate::tool;
use crate::transcript::{Call, Transcript};

/// One agent.
#[derive(Default)]
pub(super) struct Frame {
    pub(super) transcript: Transcript,
    pub(super) known: Known,
    /// The agent around it and the step there that started it.
    pub(super) parent: Option<(usize, Option<usize>)>,
    pub(super) depth: usize,
    /// The agent's own span.
    pub(super) span: Option<usize>,
    pub(super) name: Option<String>,
    pub(super) usage: Usage,
    /// Calls that were there before its first model call.
    pub(super) prior: HashMap<String, usize>,
    pub(super) asked: bool,
    /// The steps of replies that were executed before the reply was recorded.
    pub(super) claimed: Vec<Vec<usize>>,
    /// The span each step was executed in.
    pub(super) executed: Vec<Option<usize>>,
    pub(super) last_input: Option<usize>,
}

impl Frame {
    pub(super) fn call(
        &mut self,
        span: &Span,
        id: Option<&str>,
        name: &str,
        arguments: &Value,
    ) -> usize {
        let step = self.transcript.call(Call {
            id,
            action: tool::action(name, arguments.clone()),
            address: Address {
                event: Some(span.id.clone()),
                ..Address::default()
            },
            cite: span.cite.clone(),
        });
        self.executed.push(None);
        let began = if span.kind == Kind::Model {
            span.ended
        } else {
            span.started
        };
        let made = &mut self.transcript.steps_mut()[step];
        made.started = began.or(made.started);
        step
    }

    pub(super) fn take_reply(&mut self, span: &Span, usage: Usage) {
        let mut words: Vec<&str> = Vec::new();
        let mut thoughts: Vec<&str> = Vec::new();
        let mut steps = Vec::new();
        let mut claimed = false;
        for piece in span.output.iter().flat_map(|message| &message.pieces) {
            match piece {
                Piece::Words(text) => words.push(text),
                Piece::Reasoning(text) => thoughts.push(text),
                Piece::Call {
                    id,
                    name,
                    arguments,
                } => {
                    let id = id.as_deref();
                    let before = self.known.find(Side::Asked, id, name, arguments);
                    if let Some(step) = before {
                        claimed = true;
                        self.known.slots[step].asked = true;
                        let step_of = &mut self.transcript.steps_mut()[step];
                        step_of.usage = Some(usage).filter(|u| steps.is_empty() && !u.is_empty());
                        step_of.thought = std::mem::take(&mut words).join("\n\n");
                        step_of.reasoning = std::mem::take(&mut thoughts).join("\n\n");
                        if step_of.address.call_id.is_none() {
                            step_of.address.call_id = id.map(str::to_owned);
                        }
                        steps.push(step);
                        continue;
                    }
                    if steps.is_empty() {
                        self.transcript.usage(usage);
                    }
                    for text in words.drain(..) {
                        self.transcript.say(text);
                    }
                    for text in thoughts.drain(..) {
                        self.transcript.think(text);
                    }
                    self.known.add(Side::Asked, id, name, arguments);
                    steps.push(self.call(span, id, name, arguments));
                }
                // A tool the provider runs itself is answered in the same reply.
                Piece::Result {
                    id, observation, ..
                } => {
                    let step = id
                        .as_deref()
                        .and_then(|id| self.known.by_id.get(id)?.last());
                    if let Some(step) = step.or(steps.last()) {
                        self.transcript.settle(*step, observation.clone(), None);
                    }
                }
            }
        }
        for text in words {
            self.transcript.say(text);
        }
        for text in thoughts {
            self.transcript.think(text);
        }
        if claimed && steps.len() > 1 {
            self.claimed.push(steps);
        }
    }

    /// Reads what a model was shown. Of each id, and of each tool with the same arguments, the
    /// first call shown is the first that was made, and so on.
    pub(super) fn read_input(&mut self, span: &Span, first: bool) {
        let mut calls: HashMap<String, usize> = HashMap::new();
        let mut answers: HashMap<String, usize> = HashMap::new();
        for piece in span.input.iter().flat_map(|message| &message.pieces) {
            match piece {
                Piece::Call {
                    id,
                    name,
                    arguments,
                } => {
                    let key = id.clone().unwrap_or_else(|| sense(name, arguments));
                    let seen = calls.entry(key.clone()).or_default();
                    *seen += 1;
                    let prior = self.prior.get(&key).copied().unwrap_or(0);
                    if first {
                        self.prior.insert(key, *seen);
                        continue;
                    }
                    let by = if id.is_some() {
                        &self.known.by_id
                    } else {
                        &self.known.by_sense
                    };
                    let made = by.get(&key).map_or(0, Vec::len);
                    if *seen <= prior + made {
                        continue;
                    }
                    let id = id.as_deref();
                    if let Some(step) = self.known.find(Side::Asked, id, name, arguments) {
                        self.known.slots[step].asked = true;
                    } else {
                        self.known.add(Side::Asked, id, name, arguments);
                        self.call(span, id, name, arguments);
                    }
                }
                Piece::Result {
                    id,
                    name,
                    observation,
                } => {
                    let Some(key) = id.as_ref().or(name.as_ref()) else {
                        continue;
                    };
                    let seen = answers.entry(key.clone()).or_default();
                    *seen += 1;
                    let by = if id.is_some() {
                        &self.known.by_id
                    } else {
                        &self.known.by_name
                    };
                    let prior = self.prior.get(key).copied().unwrap_or(0);
                    let place = seen.checked_sub(prior + 1);
                    let step = place.and_then(|place| by.get(key)?.get(place).copied());
                    self.fill(step, observation, span);
                }
                _ => {}
            }
        }
    }

    /// Gives a step its result unless it has one from nearer by.
    fn fill(&mut self, step: Option<usize>, observation: &Observation, span: &Span) {
        let Some(step) = step else { return };
        if self.transcript.steps_mut()[step].observation.is_some() {
            return;
        }
        let cite = span.cite.clone().map(|mut cite| {
            cite.part = trace::RefPart::Observation;
            cite
        });
        self.transcript.at(span.started);
        self.transcript.settle(step, observation.clone(), cite);
    }

    /// A step that started a sub-agent says so; if only the sub-agent answered it, its last words
    /// are the answer.
    pub(super) fn started(&mut self, step: Option<usize>, sub: &Trajectory, spans: &[Span]) {
        let Some(index) = step else { return };
        let span = self.executed.get(index).copied().flatten();
        let ended = span.and_then(|span| spans[span].ended);
        let Some(step) = self.transcript.steps_mut().get_mut(index) else {
            return;
        };
        if let (ActionKind::Other, Some(task)) = (&step.action.kind, &sub.task) {
            step.action.kind = ActionKind::Delegate {
                prompt: task.clone(),
            };
        }
        if step.observation.is_none() {
            step.observation = sub.final_message.clone().map(Observation::text);
            step.ended = step.ended.or(ended);
        }
    }

    pub(super) fn finish(mut self, spans: &[Span]) -> Trajectory {
        // A conversation that was recorded as a whole after the fact.
        let silent = self.transcript.steps_mut().is_empty();
        if silent && let Some(last) = self.last_input {
            self.prior.clear();
            self.read_input(&spans[last], false);
        }
        let own = self.span.map(|span| &spans[span]);
        let groups = groups_of(&self, spans);
        let mut trajectory = self.transcript.finish();
        for group in groups {
            let last = trajectory
                .steps
                .iter()
                .filter_map(|step| step.parallel_group)
                .max();
            let number = last.unwrap_or(0) + 1;
            for step in group {
                trajectory.steps[step].parallel_group = Some(number);
            }
        }
        trajectory.usage = self.usage;
        trajectory.agent = self.name.or(trajectory.agent);
        if let Some(span) = own {
            trajectory.id.clone_from(&span.id);
            trajectory.task = span.task.clone().or(trajectory.task);
            trajectory.final_message = trajectory.final_message.or_else(|| span.answer.clone());
            trajectory.started = span.started.or(trajectory.started);
            trajectory.ended = span.ended.or(trajectory.ended);
            trajectory.outcome.exit_status.clone_from(&span.error);
            if trajectory.model.is_none() {
                trajectory.model.clone_from(&span.model);
            }
        }
        trajectory
    }
}

/// Steps that ran side by side and that no one reply is known to have asked for together: those of
/// tool spans that overlap in time, and those of a reply recorded after they had begun.
fn groups_of(frame: &Frame, spans: &[Span]) -> Vec<Vec<usize>> {
    let mut groups = frame.claimed.clone();
    let mut run: Vec<usize> = Vec::new();
    let mut busy_until = None;
    for (step, span) in frame.executed.iter().enumerate() {
        let alone = !frame.known.slots[step].asked;
        let span = span.map(|span| &spans[span]).filter(|_| alone);
        let overlaps = span.is_some_and(|span| span.started < busy_until && span.started.is_some());
        if !overlaps {
            groups.extend((run.len() > 1).then(|| std::mem::take(&mut run)));
            run.clear();
            busy_until = None;
        }
        if let Some(span) = span {
            run.push(step);
            busy_until = busy_until.max(span.ended);
        }
    }
    groups.extend((run.len() > 1).then_some(run));
    groups
}
