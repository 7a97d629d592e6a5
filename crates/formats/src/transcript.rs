//! From what a transcript says, record by record, to steps.
//!
//! Whatever its layout, a transcript says the same few things in some order: a person asked, the
//! model began a reply, thought, spoke, called a tool; a result came back. A layout tells a
//! [`Transcript`] these things as it meets them and gets a trajectory.

use trace::{
    Action, Address, Observation, Ref, RefPart, Step, Steps, Timestamp, Trajectory, Usage,
};

use crate::calls::OpenCalls;

/// Builds one trajectory from events in the order of the artifact.
#[derive(Debug, Default)]
pub(crate) struct Transcript {
    trajectory: Trajectory,
    calls: OpenCalls,
    /// Steps without a result, earliest first, for results that name no call.
    waiting: std::collections::BTreeSet<usize>,
    /// The id of the reply being read.
    reply: Option<String>,
    /// The steps of the reply being read.
    in_reply: Vec<usize>,
    /// What the reply cost, until its first step is there to carry it.
    usage: Option<Usage>,
    /// What replies without a call cost.
    talk: Usage,
    words: Vec<String>,
    reasoning: Vec<String>,
    groups: u32,
    now: Option<Timestamp>,
    orphans: u64,
}

/// A tool call as a layout has it.
#[derive(Debug)]
pub(crate) struct Call<'a> {
    /// The call's id, if it has one; ids may repeat.
    pub(crate) id: Option<&'a str>,
    /// What is asked for.
    pub(crate) action: Action,
    /// Where the layout keeps the call; its `call_id` is filled from `id`.
    pub(crate) address: Address,
    /// The record that holds it.
    pub(crate) cite: Option<Ref>,
}

impl<'a> Call<'a> {
    /// A call that is known by nothing but its id.
    pub(crate) fn new(id: Option<&'a str>, action: Action) -> Self {
        Self {
            id,
            action,
            address: Address::default(),
            cite: None,
        }
    }
}

impl Transcript {
    /// The run's own fields, for what the layout knows of agent, model, session and outcome.
    pub(crate) fn about(&mut self) -> &mut Trajectory {
        &mut self.trajectory
    }

    /// Sets the time of the records that follow.
    pub(crate) fn at(&mut self, time: Option<Timestamp>) {
        let Some(time) = time else { return };
        self.now = Some(time);
        let (started, ended) = (&mut self.trajectory.started, &mut self.trajectory.ended);
        *started = Some(started.map_or(time, |first| first.min(time)));
        *ended = Some(ended.map_or(time, |last| last.max(time)));
    }

    /// A person's words: the first are the task. They end the reply before, whose words without a
    /// call were its answer.
    pub(crate) fn user(&mut self, text: &str) {
        self.end_reply();
        self.answer();
        if self.trajectory.task.is_none() && !text.trim().is_empty() {
            self.trajectory.task = Some(text.to_owned());
        }
    }

    /// A reply of the model begins. The same id as before goes on with the same reply; without an
    /// id every beginning is a new one.
    pub(crate) fn begin_reply(&mut self, id: Option<&str>) {
        if id.is_some() && id == self.reply.as_deref() {
            return;
        }
        self.end_reply();
        self.reply = id.map(str::to_owned);
    }

    /// Reasoning the model did not say aloud.
    pub(crate) fn think(&mut self, text: &str) {
        push_words(&mut self.reasoning, text);
    }

    /// Words of the model, which stand before its next call or, failing that, are its answer.
    pub(crate) fn say(&mut self, text: &str) {
        push_words(&mut self.words, text);
    }

    /// What the reply being read cost. Said twice of one reply, the later word holds.
    pub(crate) fn usage(&mut self, usage: Usage) {
        if usage.is_empty() {
            return;
        }
        match self.in_reply.first() {
            Some(first) => self.trajectory.steps[*first].usage = Some(usage),
            None => self.usage = Some(usage),
        }
    }

    /// A tool call of the reply being read; gives the index of its step.
    pub(crate) fn call(&mut self, call: Call<'_>) -> usize {
        let index = self.trajectory.steps.len();
        let mut step = Step::new(index, call.action);
        step.address = call.address;
        step.address.call_id = call.id.map(str::to_owned).or(step.address.call_id);
        step.thought = std::mem::take(&mut self.words).join("\n\n");
        step.reasoning = std::mem::take(&mut self.reasoning).join("\n\n");
        step.started = self.now;
        step.usage = self.usage.take();
        step.refs.extend(call.cite);
        self.trajectory.final_message = None;
        self.trajectory.steps.push(step);
        self.in_reply.push(index);
        self.waiting.insert(index);
        if let Some(id) = call.id {
            self.calls.open(id, index);
        }
        index
    }

    /// A result: of the earliest call under `id` that has none, or without an id of the earliest
    /// call that has none. Gives the step's index; `None` when no call waits for it.
    pub(crate) fn result(
        &mut self,
        id: Option<&str>,
        observation: Observation,
        cite: Option<Ref>,
    ) -> Option<usize> {
        let index = match id {
            Some(id) => self.calls.close(id),
            None => self.waiting.first().copied(),
        };
        let Some(index) = index else {
            self.orphans += 1;
            return None;
        };
        self.settle(index, observation, cite);
        Some(index)
    }

    /// The result of the step at `index`, for layouts that keep it beside its call. Said again, the
    /// later word holds.
    pub(crate) fn settle(&mut self, index: usize, observation: Observation, cite: Option<Ref>) {
        self.waiting.remove(&index);
        let Some(step) = self.trajectory.steps.get_mut(index) else {
            return;
        };
        if let Some(id) = step.address.call_id.as_deref() {
            self.calls.withdraw(id, index);
        }
        step.observation = Some(observation);
        step.ended = self.now;
        step.refs.retain(|cited| cited.part != RefPart::Observation);
        step.refs.extend(cite);
    }

    /// The result of the step at `index`, for layouts that know the call by other means than an id.
    pub(crate) fn result_of(&mut self, index: usize, observation: Observation, cite: Option<Ref>) {
        let Some(step) = self.trajectory.steps.get_mut(index) else {
            self.orphans += 1;
            return;
        };
        self.waiting.remove(&index);
        if let Some(id) = step.address.call_id.as_deref() {
            self.calls.withdraw(id, index);
        }
        step.observation = Some(observation);
        step.ended = self.now;
        step.refs.extend(cite);
    }

    /// Whether a call under `id` waits for its result.
    pub(crate) fn waits(&self, id: &str) -> bool {
        self.calls.waits(id)
    }

    /// Whether a call under `id` was ever made, answered or not.
    pub(crate) fn knows(&self, id: &str) -> bool {
        self.calls.knows(id)
    }

    /// One answer to all calls that wait: the earliest has it, the others stay without.
    pub(crate) fn settle_reply(&mut self, observation: Observation, cite: Option<Ref>) {
        if let Some(first) = self.waiting.first().copied() {
            self.settle(first, observation, cite);
        }
        self.waiting.clear();
    }

    /// Whether any call has no result yet.
    pub(crate) fn any_waits(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// The steps so far.
    pub(crate) fn steps(&self) -> &Steps {
        &self.trajectory.steps
    }

    /// The steps so far, for what a layout learns of a call later.
    pub(crate) fn steps_mut(&mut self) -> &mut Steps {
        &mut self.trajectory.steps
    }

    /// Hangs what a sub-agent did below the step that started it.
    pub(crate) fn nest(&mut self, step: Option<usize>, sub: Trajectory) {
        if let Some(step) = step.and_then(|index| self.trajectory.steps.get_mut(index)) {
            step.subtrajectory = Some(sub.id.clone());
        }
        self.trajectory.subtrajectories.push(sub);
    }

    /// Results so far that belong to no call.
    pub(crate) fn orphans(&self) -> u64 {
        self.orphans
    }

    /// The run. Costs of its replies are summed up unless the layout stated the whole.
    pub(crate) fn finish(mut self) -> Trajectory {
        self.end_reply();
        self.answer();
        if self.trajectory.usage.is_empty() {
            let mut sum = self.talk;
            for step in self.trajectory.steps.walk() {
                sum.add(&step.usage.unwrap_or_default());
            }
            self.trajectory.usage = sum;
        }
        self.trajectory
    }

    /// Words after the last call are the answer.
    fn answer(&mut self) {
        let words = std::mem::take(&mut self.words).join("\n\n");
        self.reasoning.clear();
        if !words.is_empty() {
            self.trajectory.final_message = Some(words);
        }
    }

    fn end_reply(&mut self) {
        self.reply = None;
        self.talk.add(&self.usage.take().unwrap_or_default());
        let steps = std::mem::take(&mut self.in_reply);
        if steps.len() > 1 {
            self.groups += 1;
            for index in steps {
                self.trajectory.steps[index].parallel_group = Some(self.groups);
            }
        }
    }
}

fn push_words(list: &mut Vec<String>, text: &str) {
    let text = text.trim();
    if !text.is_empty() {
        list.push(text.to_owned());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(id: Option<&'static str>, command: &str) -> Call<'static> {
        Call::new(id, Action::shell("bash", command))
    }

    #[test]
    fn words_go_before_the_next_call_and_the_last_are_the_answer() {
        let mut transcript = Transcript::default();
        transcript.user("fix it");
        transcript.begin_reply(None);
        transcript.think("hm");
        transcript.say("I look first.");
        transcript.call(shell(Some("a"), "ls"));
        transcript.result(Some("a"), Observation::text("x.py"), None);
        transcript.begin_reply(None);
        transcript.say("Done.");
        let run = transcript.finish();
        assert_eq!(run.task.as_deref(), Some("fix it"));
        assert_eq!(
            (
                run.steps[0].thought.as_str(),
                run.steps[0].reasoning.as_str()
            ),
            ("I look first.", "hm")
        );
        assert_eq!(run.final_message.as_deref(), Some("Done."));
    }

    #[test]
    fn calls_of_one_reply_are_one_group_and_its_first_step_carries_the_cost() {
        let mut transcript = Transcript::default();
        let cost = Usage {
            output_tokens: Some(7),
            ..Usage::default()
        };
        transcript.begin_reply(Some("r1"));
        transcript.usage(cost);
        transcript.call(shell(Some("a"), "ls"));
        transcript.begin_reply(Some("r1"));
        transcript.call(shell(Some("b"), "pwd"));
        transcript.begin_reply(Some("r2"));
        transcript.call(shell(Some("c"), "id"));
        transcript.usage(cost);
        let run = transcript.finish();
        let groups: Vec<_> = run.steps.iter().map(|s| s.parallel_group).collect();
        assert_eq!(groups, [Some(1), Some(1), None]);
        assert_eq!(run.usage.output_tokens, Some(14));
        assert_eq!(run.steps[1].usage, None);
    }

    #[test]
    fn results_without_an_id_go_to_the_earliest_call_that_waits() {
        let mut transcript = Transcript::default();
        transcript.call(shell(None, "ls"));
        transcript.call(shell(Some("b"), "pwd"));
        assert_eq!(
            transcript.result(None, Observation::text("1"), None),
            Some(0)
        );
        assert_eq!(
            transcript.result(None, Observation::text("2"), None),
            Some(1)
        );
        assert_eq!(
            transcript.result(Some("b"), Observation::text("3"), None),
            None
        );
        assert_eq!(transcript.orphans(), 1);
    }
}
