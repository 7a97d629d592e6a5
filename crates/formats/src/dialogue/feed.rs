//! Messages to steps, for artifacts that are nothing but a conversation.

use std::collections::{HashMap, VecDeque};

use serde_json::Value;
use trace::{Address, Ref, RefPart, Trajectory};

use super::{Message, Piece, Role, item, model_of, read, reply_id_of, time_of, usage_of};
use crate::tool;
use crate::transcript::{Call, Transcript};

/// Tells a [`Transcript`] what messages say, in their order.
#[derive(Debug, Default)]
pub(crate) struct Feed {
    transcript: Transcript,
    /// Calls that wait for a result, by the name of their tool: results may give no id.
    by_name: HashMap<String, VecDeque<Waiting>>,
    index: u64,
    /// Whether the reply being read goes on in the next message.
    replying: bool,
}

#[derive(Debug)]
struct Waiting {
    step: usize,
    id: Option<String>,
}

impl Feed {
    /// Takes the next message; `cite` cites its record. False when it is no message.
    pub(crate) fn add(&mut self, value: &Value, cite: impl Fn(RefPart) -> Option<Ref>) -> bool {
        let index = self.index;
        self.index += 1;
        let Some(message) = read(value) else {
            return false;
        };
        self.transcript.at(time_of(value));
        if message.role == Role::Assistant {
            let about = self.transcript.about();
            if about.model.is_none() {
                about.model = model_of(value);
            }
            // Items of one response stand one after another, without a message around them.
            let item = value.get("type").is_some() && item::read(value).is_some();
            if !(item && self.replying) {
                self.transcript.begin_reply(reply_id_of(value));
            }
            self.replying = item;
            if let Some(usage) = usage_of(value) {
                self.transcript.usage(usage);
            }
        } else {
            self.replying = false;
        }
        self.take(&message, index, &cite);
        true
    }

    fn take(&mut self, message: &Message, index: u64, cite: &impl Fn(RefPart) -> Option<Ref>) {
        let mut commands = 0;
        let mut asked = String::new();
        for piece in &message.pieces {
            match piece {
                Piece::Words(text) if message.role == Role::Assistant => self.transcript.say(text),
                Piece::Words(text) if message.role == Role::User => {
                    if !asked.is_empty() {
                        asked.push('\n');
                    }
                    asked.push_str(text);
                }
                Piece::Words(_) => {}
                Piece::Reasoning(text) => self.transcript.think(text),
                Piece::Call {
                    id,
                    name,
                    arguments,
                } => {
                    let address = Address {
                        message: Some(index),
                        command: Some(commands),
                        ..Address::default()
                    };
                    commands += 1;
                    let step = self.transcript.call(Call {
                        id: id.as_deref(),
                        action: tool::action(name, arguments.clone()),
                        address,
                        cite: cite(RefPart::Action),
                    });
                    let waiting = Waiting {
                        step,
                        id: id.clone(),
                    };
                    self.by_name
                        .entry(name.clone())
                        .or_default()
                        .push_back(waiting);
                }
                Piece::Result { .. } => self.answer(piece, cite),
            }
        }
        if !asked.is_empty() {
            self.transcript.user(&asked);
        }
    }

    fn answer(&mut self, piece: &Piece, cite: &impl Fn(RefPart) -> Option<Ref>) {
        let Piece::Result {
            id,
            name,
            observation,
        } = piece
        else {
            return;
        };
        let known = id.as_deref().filter(|id| self.transcript.knows(id));
        if let Some(id) = known {
            self.transcript
                .result(Some(id), observation.clone(), cite(RefPart::Observation));
            return;
        }
        let waiting = name.as_ref().and_then(|name| self.by_name.get_mut(name));
        let steps = self.transcript.steps_mut();
        let earliest = waiting.and_then(|waiting| {
            while let Some(call) = waiting.pop_front() {
                if steps[call.step].observation.is_none() {
                    return Some(call);
                }
            }
            None
        });
        match earliest {
            Some(Waiting { step, id: None }) => {
                self.transcript
                    .settle(step, observation.clone(), cite(RefPart::Observation));
            }
            Some(Waiting { id, .. }) => {
                self.transcript.result(
                    id.as_deref(),
                    observation.clone(),
                    cite(RefPart::Observation),
                );
            }
            // A result that names no call at all belongs to the earliest that waits.
            None => {
                let id = id.as_deref().or(name.as_deref());
                self.transcript
                    .result(id, observation.clone(), cite(RefPart::Observation));
            }
        }
    }

    /// The conversation as a run, and how many results belong to no call.
    pub(crate) fn finish(self) -> (Trajectory, u64) {
        let orphans = self.transcript.orphans();
        (self.transcript.finish(), orphans)
    }
}
