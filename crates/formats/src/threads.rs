//! The main agent's transcript and those of its sub-agents, told apart while records of all of them
//! come in one stream.

use std::collections::HashMap;

use trace::{ActionKind, Held, Step, Trajectory};

use crate::transcript::{Call, Transcript};

/// A call of one of the agents: its thread and its step there.
pub(crate) type Place = (usize, usize);

/// One transcript for each agent. Thread 0 is the main agent.
#[derive(Debug)]
pub(crate) struct Threads {
    list: Vec<Thread>,
    by_name: HashMap<String, usize>,
    /// The calls under each id, in the order of issue.
    calls: HashMap<String, Vec<Place>>,
}

#[derive(Debug, Default)]
struct Thread {
    name: String,
    transcript: Transcript,
    parent: Option<Place>,
}

impl Default for Threads {
    fn default() -> Self {
        Self {
            list: vec![Thread::default()],
            by_name: HashMap::new(),
            calls: HashMap::new(),
        }
    }
}

impl Threads {
    /// The thread of the sub-agent called `name`, which begins when it is first asked for.
    pub(crate) fn of(&mut self, name: &str) -> usize {
        if let Some(&thread) = self.by_name.get(name) {
            return thread;
        }
        self.list.push(Thread {
            name: name.to_owned(),
            ..Thread::default()
        });
        let thread = self.list.len() - 1;
        self.by_name.insert(name.to_owned(), thread);
        thread
    }

    /// Whether there is a sub-agent called `name`.
    pub(crate) fn knows(&self, name: &str) -> bool {
        self.by_name.contains_key(name)
    }

    /// The transcript of a thread.
    pub(crate) fn get(&mut self, thread: usize) -> &mut Transcript {
        let last = self.list.len() - 1;
        &mut self.list[thread.min(last)].transcript
    }

    /// The main agent's transcript.
    pub(crate) fn main(&mut self) -> &mut Transcript {
        &mut self.list[0].transcript
    }

    /// A tool call of an agent; gives the index of its step.
    pub(crate) fn call(&mut self, thread: usize, call: Call<'_>) -> usize {
        let id = call.id.map(str::to_owned);
        let step = self.get(thread).call(call);
        if let Some(id) = id {
            self.calls.entry(id).or_default().push((thread, step));
        }
        step
    }

    /// The latest call under `id`.
    pub(crate) fn called(&self, id: &str) -> Option<Place> {
        self.calls.get(id)?.last().copied()
    }

    /// The step of the latest call of one agent under `id`, to read its result with.
    pub(crate) fn asked(&self, thread: usize, id: Option<&str>) -> Option<Held<'_, Step>> {
        let mut places = self.calls.get(id?)?.iter().rev();
        let (_, step) = places.find(|(of, _)| *of == thread)?;
        let steps = self.list.get(thread)?.transcript.steps();
        steps.get(*step)
    }

    /// Says which call started a sub-agent; the first word holds.
    pub(crate) fn started_by(&mut self, thread: usize, caller: Option<Place>) {
        if let Some(at) = self.list.get_mut(thread)
            && at.parent.is_none()
            && caller.is_none_or(|(caller, _)| caller < thread)
        {
            at.parent = caller;
        }
    }

    /// Whether a call is known to have started a sub-agent.
    pub(crate) fn has_started(&self, place: Place) -> bool {
        self.list.iter().any(|thread| thread.parent == Some(place))
    }

    /// The call whose result speaks of `word`, of those that started no sub-agent.
    pub(crate) fn saying(&self, word: &str) -> Option<Place> {
        let threads = self.list.iter().enumerate();
        let mut calls = threads.flat_map(|(index, thread)| {
            let steps = thread.transcript.steps().iter().enumerate();
            steps.map(move |(step, told)| ((index, step), told))
        });
        let found = calls.find(|(place, step)| {
            matches!(step.action.kind, ActionKind::Delegate { .. })
                && step.observed().contains(word)
                && !self.has_started(*place)
        });
        found.map(|(place, _)| place)
    }

    /// Exchanges what two sub-agents said and did, not their names and callers.
    pub(crate) fn swap(&mut self, one: usize, other: usize) {
        let last = self.list.len();
        if one != other && one < last && other < last {
            let mut taken = std::mem::take(&mut self.list[one].transcript);
            std::mem::swap(&mut taken, &mut self.list[other].transcript);
            self.list[one].transcript = taken;
        }
    }

    /// Leaves out what a sub-agent said and did.
    pub(crate) fn forget(&mut self, thread: usize) {
        if let Some(at) = self.list.get_mut(thread) {
            at.transcript = Transcript::default();
        }
    }

    /// Sub-agents no call is known to have started, with their names.
    pub(crate) fn unlinked(&self) -> Vec<(usize, String)> {
        let threads = self.list.iter().enumerate().skip(1);
        let free = threads.filter(|(_, thread)| thread.parent.is_none());
        free.map(|(index, thread)| (index, thread.name.clone()))
            .collect()
    }

    /// Results of all agents that belong to no call.
    pub(crate) fn orphans(&self) -> u64 {
        let threads = self.list.iter();
        threads.map(|thread| thread.transcript.orphans()).sum()
    }

    /// The main agent's run with those of its sub-agents below the calls that started them.
    pub(crate) fn finish(mut self) -> Trajectory {
        while self.list.len() > 1
            && let Some(thread) = self.list.pop()
        {
            let (caller, step) = thread.parent.map_or((0, None), |(t, s)| (t, Some(s)));
            let mut run = thread.run();
            run.id = if run.id.is_empty() {
                format!("agent-{}", self.list.len())
            } else {
                run.id
            };
            if run.task.is_none()
                && let Some(caller) = step.and_then(|at| self.get(caller).steps().get(at))
                && let ActionKind::Delegate { prompt } = &caller.action.kind
                && !(run.steps.is_empty() && run.final_message.is_none())
            {
                run.task = Some(prompt.clone());
            }
            let blank = run.steps.is_empty() && run.task.is_none() && run.final_message.is_none();
            if !blank || !run.subtrajectories.is_empty() {
                self.get(caller).nest(step, run);
            }
        }
        let main = self.list.pop().map(Thread::run).unwrap_or_default();
        alone(main)
    }
}

/// A sub-agent whose file stands alone is the run.
fn alone(mut main: Trajectory) -> Trajectory {
    let blank = main.steps.is_empty() && main.task.is_none() && main.final_message.is_none();
    if !blank || main.subtrajectories.len() != 1 {
        return main;
    }
    let Some(only) = main.subtrajectories.pop() else {
        return main;
    };
    Trajectory {
        id: String::new(),
        session: main.session,
        agent: main.agent,
        agent_version: main.agent_version,
        model: only.model.or(main.model),
        cwd: main.cwd,
        ..only
    }
}

impl Thread {
    fn run(mut self) -> Trajectory {
        self.transcript.about().id = self.name;
        let mut run = self.transcript.finish();
        // They were hung in from the last to the first.
        run.subtrajectories.reverse();
        run
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sub_agents_hang_below_their_calls_in_the_order_of_their_beginning() {
        let mut threads = Threads::default();
        let call = |id| Call::new(Some(id), trace::Action::shell("agent", id));
        threads.call(0, call("a"));
        threads.call(0, call("b"));
        for (name, id) in [("one", "a"), ("two", "b")] {
            let thread = threads.of(name);
            threads.started_by(thread, threads.called(id));
            threads.call(thread, call("x"));
        }
        let deeper = threads.of("three");
        threads.started_by(deeper, threads.called("x"));
        threads.get(deeper).user("more");
        let lost = threads.of("four");
        threads.get(lost).user("whose?");
        threads.of("silent");
        let run = threads.finish();
        let names: Vec<_> = run.descendants().iter().map(|t| t.id.as_str()).collect();
        assert_eq!(names, ["one", "two", "three", "four"]);
        assert_eq!(run.steps[1].subtrajectory.as_deref(), Some("two"));
    }
}
