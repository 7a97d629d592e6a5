//! One agent's part of a conversation: its steps and the replies they came from.

use std::collections::{HashMap, VecDeque};

use trace::{Steps, Timestamp, Trajectory, Usage};

use crate::key::{Key, key_of, narrow};

/// What is known of one agent so far. Thread 0 is the main agent.
#[derive(Default)]
pub(super) struct Thread {
    pub(super) name: String,
    /// The call that started it: thread and step.
    pub(super) parent: Option<(usize, usize)>,
    pub(super) steps: Steps,
    /// Calls that wait for a result, earliest first, each with the number of its reply; ids may repeat.
    pub(super) open: HashMap<Key, VecDeque<(usize, usize)>>,
    /// The message being read, and its words that no call has taken yet.
    pub(super) message: String,
    pub(super) text: Vec<String>,
    pub(super) reasoning: Vec<String>,
    pub(super) final_message: Option<String>,
    pub(super) task: Option<String>,
    pub(super) model: Option<String>,
    pub(super) usage: Usage,
    pub(super) started: Option<Timestamp>,
    pub(super) ended: Option<Timestamp>,
    /// Steps of each model message, in the order the messages were first seen.
    messages: Vec<ModelMessage>,
    message_at: HashMap<Key, u32>,
    /// Parallel groups so far, and the last message that is one.
    groups: u32,
    last_group: usize,
    /// A message became a group after a later one had: the groups must be numbered again.
    regroup: bool,
}

/// One reply of the model, which is spread over several records.
#[derive(Default)]
struct ModelMessage {
    pub(super) usage: Option<Usage>,
    /// Its first step, and how many there are.
    pub(super) first: Option<u32>,
    pub(super) steps: u32,
    pub(super) group: Option<u32>,
}

impl Thread {
    /// An agent that has done nothing yet.
    pub(super) fn new(name: String, parent: Option<(usize, usize)>) -> Self {
        Self {
            name,
            parent,
            ..Self::default()
        }
    }

    /// Goes on with the message `key` or begins it; gives its number.
    pub(super) fn begin(&mut self, key: &str) -> usize {
        if self.message != key {
            key.clone_into(&mut self.message);
            self.text.clear();
            self.reasoning.clear();
        }
        let next = narrow(self.messages.len());
        let id = key_of(&[key.as_bytes()]);
        let number = *self.message_at.entry(id).or_insert(next);
        if number == next {
            self.messages.push(ModelMessage::default());
        }
        number as usize
    }

    /// Notes what the reply `number` cost; its first step carries that, and the last word counts.
    pub(super) fn cost(&mut self, number: usize, usage: Usage) {
        let message = &mut self.messages[number];
        message.usage = Some(usage);
        if let Some(first) = message.first {
            self.steps[first as usize].usage = Some(usage);
        }
    }

    /// Notes that the step at `index` belongs to the reply `number`: more than one are a group.
    pub(super) fn join_message(&mut self, number: usize, index: usize) {
        let message = &mut self.messages[number];
        message.steps += 1;
        let Some(first) = message.first else {
            message.first = Some(narrow(index));
            self.steps[index].usage = message.usage;
            return;
        };
        let group = *message.group.get_or_insert_with(|| {
            self.groups += 1;
            self.regroup |= number < self.last_group;
            self.last_group = number;
            self.steps[first as usize].parallel_group = Some(self.groups);
            self.groups
        });
        self.steps[index].parallel_group = Some(group);
    }

    pub(super) fn say(&mut self, text: &str) {
        let text = text.trim();
        if !text.is_empty() {
            self.text.push(text.to_owned());
            self.final_message = Some(self.text.join("\n\n"));
        }
    }

    /// A model the run's own description lacks comes from the replies.
    pub(super) fn promote_from(&mut self, about: &mut Trajectory) {
        if about.model.is_none() {
            about.model = self.model.take();
        }
    }

    /// Adds up what the replies cost, and numbers the groups in the order of their replies where
    /// they were not found in it.
    pub(super) fn settle(&mut self) {
        let mut renamed = HashMap::new();
        for message in &self.messages {
            if let Some(usage) = message.usage {
                self.usage.add(&usage);
            }
            if let Some(group) = message.group {
                renamed.insert(group, narrow(renamed.len() + 1));
            }
        }
        if self.regroup {
            self.steps.update(|_, step| {
                let before = step.parallel_group;
                step.parallel_group = before.and_then(|group| renamed.get(&group).copied());
                step.parallel_group != before
            });
        }
    }

    pub(super) fn is_blank(&self) -> bool {
        self.steps.is_empty() && self.final_message.is_none() && self.task.is_none()
    }

    pub(super) fn into_trajectory(self, below: Vec<Trajectory>) -> Trajectory {
        Trajectory {
            id: self.name,
            model: self.model,
            task: self.task,
            started: self.started,
            ended: self.ended,
            usage: self.usage,
            final_message: self.final_message,
            steps: self.steps,
            subtrajectories: below,
            ..Trajectory::default()
        }
    }
}
