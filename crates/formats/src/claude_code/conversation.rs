//! The messages of a main agent and its sub-agents, put together into trajectories.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet, VecDeque};

use serde_json::Value;
use trace::{ActionKind, Ref, RefPart, Step, Timestamp, Trajectory, Usage};

use super::message::{self, TaskText};
use super::thread::Thread;
use crate::json::{content_text, str_at, str_of};
use crate::key::{Key, key_of, narrow};
use crate::tool;

/// One record with the place it stands at.
pub(crate) struct Record<'a> {
    /// The parsed record.
    pub(crate) value: &'a Value,
    /// Its number among the records of its file, counted from 0.
    pub(crate) index: u64,
    /// The bytes it was read from.
    pub(crate) place: Option<Ref>,
    /// When it was seen, for records that carry no time of their own.
    pub(crate) time: Option<Timestamp>,
    /// The agent whose file this is, if it is a sub-agent's file.
    pub(crate) agent: Option<&'a str>,
}

/// Takes records in reading order and gives the trajectory.
#[derive(Default)]
pub(crate) struct Conversation {
    threads: Vec<Thread>,
    by_agent: HashMap<String, usize>,
    by_call: HashMap<(usize, usize), usize>,
    /// Which thread a record of a sidechain belongs to.
    by_uuid: HashMap<Key, usize>,
    /// Where a call id was used first.
    calls: HashMap<Key, (u32, u32)>,
    /// Where it was used again.
    more_calls: HashMap<Key, Vec<(u32, u32)>>,
    seen: HashSet<Key>,
    seen_calls: HashSet<Key>,
    about: Trajectory,
    result: Option<Value>,
    /// Results without a call.
    pub(crate) unpaired: usize,
}

impl Conversation {
    pub(crate) fn new() -> Self {
        Self {
            threads: vec![Thread::default()],
            ..Self::default()
        }
    }

    /// Reads one record; false when its kind is not known.
    pub(crate) fn add(&mut self, record: &Record<'_>) -> bool {
        let value = record.value;
        let Some(kind) = str_at(value, "type") else {
            return false;
        };
        if !message::is_known(kind) {
            return false;
        }
        if self.repeats(value) {
            return true;
        }
        self.describe(value);
        match kind {
            "progress" => self.add_progress(record),
            "assistant" | "user" => {
                let thread = self.thread_of(record);
                self.add_message(thread, kind, record);
            }
            "result" => self.result = Some(value.clone()),
            _ => {}
        }
        true
    }

    /// True for a record that was read before, as resumed sessions have them. The parts of one reply
    /// may share a uuid, so only equal words are a repetition.
    fn repeats(&mut self, value: &Value) -> bool {
        let Some(uuid) = str_at(value, "uuid") else {
            return false;
        };
        let said = value.pointer("/message/content").map(ToString::to_string);
        let said = said.unwrap_or_default();
        !self
            .seen
            .insert(key_of(&[uuid.as_bytes(), said.as_bytes()]))
    }

    /// Takes the facts about the run that any record may state.
    fn describe(&mut self, value: &Value) {
        let about = &mut self.about;
        let fill = |slot: &mut Option<String>, keys: &[&str]| {
            if slot.is_none() {
                *slot = str_of(value, keys).map(str::to_owned);
            }
        };
        fill(&mut about.session, &["sessionId", "session_id"]);
        fill(&mut about.cwd, &["cwd"]);
        fill(
            &mut about.agent_version,
            &["version", "claude_code_version"],
        );
        fill(&mut about.model, &["model"]);
    }

    /// A message of a sub-agent, passed on while it works.
    fn add_progress(&mut self, record: &Record<'_>) {
        let data = record.value.get("data");
        let Some(inner) = data.and_then(|d| d.get("message")) else {
            return;
        };
        let Some(kind @ ("assistant" | "user")) = str_at(inner, "type") else {
            return;
        };
        if self.repeats(inner) {
            return;
        }
        let agent = data.and_then(|d| str_at(d, "agentId"));
        let parent = str_at(record.value, "parentToolUseID").and_then(|id| self.caller(id));
        let thread = match (agent, parent) {
            (Some(agent), parent) => {
                let thread = self.agent_thread(agent);
                let slot = &mut self.threads[thread].parent;
                *slot = slot.or(parent);
                thread
            }
            (None, Some(parent)) => self.called_thread(parent),
            (None, None) => return,
        };
        let inner = Record {
            value: inner,
            index: record.index,
            place: record.place.clone(),
            time: record.time.or_else(|| message::time_of(record.value)),
            agent: None,
        };
        self.add_message(thread, kind, &inner);
    }

    /// The agent a record belongs to.
    fn thread_of(&mut self, record: &Record<'_>) -> usize {
        let value = record.value;
        if let Some(agent) = record.agent {
            return self.agent_thread(agent);
        }
        if let Some(id) = str_at(value, "parent_tool_use_id") {
            return match self.caller(id) {
                Some(parent) => self.called_thread(parent),
                None => self.agent_thread(id),
            };
        }
        if value.get("isSidechain").and_then(Value::as_bool) != Some(true) {
            return 0;
        }
        let parent = str_at(value, "parentUuid")
            .and_then(|id| self.by_uuid.get(&key_of(&[id.as_bytes()])).copied());
        let uuid = str_at(value, "uuid").unwrap_or_default();
        let thread = match (str_at(value, "agentId"), parent) {
            (Some(agent), _) => self.agent_thread(agent),
            (None, Some(thread)) => thread,
            // Versions that do not name the agent: a chain begins where no known record precedes.
            (None, None) => self.agent_thread(uuid),
        };
        self.by_uuid.insert(key_of(&[uuid.as_bytes()]), thread);
        thread
    }

    /// The call of this id that is still open, else the latest one.
    fn caller(&self, id: &str) -> Option<(usize, usize)> {
        let key = key_of(&[id.as_bytes()]);
        let place = |&(thread, step): &(u32, u32)| (thread as usize, step as usize);
        let first = place(self.calls.get(&key)?);
        let more = self.more_calls.get(&key).map_or(&[][..], Vec::as_slice);
        let waits = |&(thread, step): &(usize, usize)| {
            let step = self.threads[thread].steps.get(step);
            step.is_some_and(|step| step.observation.is_none())
        };
        let mut places = std::iter::once(first).chain(more.iter().map(place));
        places
            .find(waits)
            .or(more.last().map(place))
            .or(Some(first))
    }

    fn agent_thread(&mut self, agent: &str) -> usize {
        if let Some(&thread) = self.by_agent.get(agent) {
            return thread;
        }
        let thread = self.new_thread(agent.to_owned(), None);
        self.by_agent.insert(agent.to_owned(), thread);
        thread
    }

    fn called_thread(&mut self, parent: (usize, usize)) -> usize {
        if let Some(&thread) = self.by_call.get(&parent) {
            return thread;
        }
        let step = self.threads[parent.0].steps.get(parent.1);
        let name = step.and_then(|step| step.address.call_id.clone());
        let name = name.unwrap_or_default();
        let thread = self.new_thread(name, Some(parent));
        self.by_call.insert(parent, thread);
        thread
    }

    fn new_thread(&mut self, name: String, parent: Option<(usize, usize)>) -> usize {
        self.threads.push(Thread::new(name, parent));
        self.threads.len() - 1
    }

    fn add_message(&mut self, thread: usize, kind: &str, record: &Record<'_>) {
        let now = message::time_of(record.value).or(record.time);
        let at = &mut self.threads[thread];
        at.started = at.started.or(now);
        at.ended = now.or(at.ended);
        let Some(inner) = record.value.get("message") else {
            return;
        };
        if kind == "assistant" {
            self.add_reply(thread, inner, record, now);
        } else {
            self.add_user(thread, inner, record, now);
        }
    }

    fn add_reply(
        &mut self,
        thread: usize,
        inner: &Value,
        record: &Record<'_>,
        now: Option<Timestamp>,
    ) {
        let id = str_at(inner, "id").filter(|id| !id.is_empty());
        let key = id.map_or_else(|| format!("#{}", record.index), str::to_owned);
        // Claude Code writes replies of its own (limits, API errors) under this name.
        let model = str_at(inner, "model").filter(|m| *m != "<synthetic>" && !m.is_empty());
        let at = &mut self.threads[thread];
        if at.model.is_none() {
            at.model = model.map(str::to_owned);
        }
        let number = at.begin(&key);
        if let Some(usage) = inner.get("usage").and_then(message::usage) {
            at.cost(number, usage);
        }
        let content = inner.get("content");
        if let Some(text) = content.and_then(Value::as_str) {
            at.say(text);
        }
        let blocks = content.and_then(Value::as_array);
        for (command, block) in (0..).zip(blocks.into_iter().flatten()) {
            match str_at(block, "type") {
                Some("text") => self.threads[thread].say(str_at(block, "text").unwrap_or_default()),
                Some("thinking") => self.threads[thread]
                    .reasoning
                    .extend(str_at(block, "thinking").map(str::to_owned)),
                Some("tool_use") => {
                    let step = self.call(thread, &key, block);
                    let Some(mut step) = step else { continue };
                    step.address.message = Some(record.index);
                    step.address.command = Some(command);
                    step.address.event = str_at(record.value, "uuid").map(str::to_owned);
                    step.started = now;
                    step.refs.extend(record.cite(RefPart::Action));
                    self.open_call(thread, number, step);
                }
                _ => {}
            }
        }
    }

    /// The step a `tool_use` block stands for; `None` if the block was read before.
    fn call(&mut self, thread: usize, key: &str, block: &Value) -> Option<Step> {
        let name = str_at(block, "name").unwrap_or_default();
        let input = block.get("input").cloned().unwrap_or_default();
        let id = str_at(block, "id").unwrap_or_default();
        if !id.is_empty() && !key.starts_with('#') {
            let asked = input.to_string();
            let call = key_of(&[key.as_bytes(), id.as_bytes(), asked.as_bytes()]);
            if !self.seen_calls.insert(call) {
                return None;
            }
        }
        let at = &mut self.threads[thread];
        let mut step = Step::new(at.steps.len(), tool::action(name, input));
        step.address.call_id = (!id.is_empty()).then(|| id.to_owned());
        step.thought = std::mem::take(&mut at.text).join("\n\n");
        step.reasoning = std::mem::take(&mut at.reasoning).join("\n\n");
        at.final_message = None;
        Some(step)
    }

    fn open_call(&mut self, thread: usize, number: usize, step: Step) {
        let at = &mut self.threads[thread];
        let index = at.steps.len();
        let id = step.address.call_id.as_deref().unwrap_or_default();
        let key = key_of(&[id.as_bytes()]);
        at.open.entry(key).or_default().push_back((number, index));
        at.steps.push(step);
        at.join_message(number, index);
        let place = (narrow(thread), narrow(index));
        match self.calls.entry(key) {
            Entry::Vacant(free) => {
                free.insert(place);
            }
            Entry::Occupied(_) => self.more_calls.entry(key).or_default().push(place),
        }
    }

    fn add_user(
        &mut self,
        thread: usize,
        inner: &Value,
        record: &Record<'_>,
        now: Option<Timestamp>,
    ) {
        let content = inner.get("content").unwrap_or(&Value::Null);
        let blocks = content.as_array().map_or(&[][..], Vec::as_slice);
        let results = blocks
            .iter()
            .filter(|b| str_at(b, "type") == Some("tool_result"));
        let mut answered = false;
        for block in results {
            answered = true;
            self.add_result(thread, block, record, now);
        }
        if answered || self.threads[thread].task.is_some() {
            return;
        }
        if let TaskText::Real(text) = message::task_text(record.value, &content_text(content)) {
            self.threads[thread].task = Some(text);
        }
    }

    fn add_result(
        &mut self,
        thread: usize,
        block: &Value,
        record: &Record<'_>,
        now: Option<Timestamp>,
    ) {
        let id = str_at(block, "tool_use_id").unwrap_or_default();
        let at = &mut self.threads[thread];
        let Entry::Occupied(mut waiting) = at.open.entry(key_of(&[id.as_bytes()])) else {
            self.unpaired += 1;
            return;
        };
        // Some servers number the calls of every reply anew. A result answers the latest reply that used
        // the id: what an earlier one asked for under it was given up. Within a reply, the earliest.
        let calls = waiting.get_mut();
        let latest = calls.back().map(|(reply, _)| *reply);
        let place = calls.iter().position(|(reply, _)| Some(*reply) == latest);
        let answered = place.and_then(|place| calls.remove(place));
        if calls.is_empty() {
            waiting.remove();
        }
        let Some((_, index)) = answered else {
            return;
        };
        let details = ["toolUseResult", "tool_use_result"]
            .iter()
            .find_map(|key| record.value.get(key));
        let step = &mut at.steps[index];
        step.observation = Some(message::observation(&step.action, block, details));
        step.ended = now;
        step.refs.extend(record.cite(RefPart::Observation));
        if let Some(agent) = details.and_then(|d| str_at(d, "agentId")) {
            let sub = self.agent_thread(agent);
            if sub != thread {
                self.threads[sub].parent.get_or_insert((thread, index));
            }
        }
    }

    /// The trajectory with its sub-agents nested below the calls that started them.
    pub(crate) fn finish(mut self) -> Trajectory {
        self.link_by_prompt();
        let mut threads = std::mem::take(&mut self.threads);
        threads[0].promote_from(&mut self.about);
        // Sub-agents' own files are read after the main one, so a caller has the lower number.
        let mut children: Vec<Vec<Trajectory>> = threads.iter().map(|_| Vec::new()).collect();
        let mut whole = Usage::default();
        for number in (0..threads.len()).rev() {
            let Some(mut thread) = threads.pop() else {
                continue;
            };
            thread.settle();
            whole.add(&thread.usage);
            let mut below = std::mem::take(&mut children[number]);
            below.reverse();
            if number == 0 {
                return self.main_trajectory(thread, below, whole);
            }
            if thread.is_blank() && below.is_empty() {
                continue;
            }
            let parent = thread.parent.filter(|(t, _)| *t < number);
            if let Some((caller, step)) = parent {
                threads[caller].steps[step].subtrajectory = Some(thread.name.clone());
            }
            children[parent.map_or(0, |p| p.0)].push(thread.into_trajectory(below));
        }
        self.about
    }

    /// Links sub-agents nothing else names a caller of: they were given the caller's prompt.
    fn link_by_prompt(&mut self) {
        if self.threads.iter().skip(1).all(|t| t.parent.is_some()) {
            return;
        }
        let mut free: HashMap<String, VecDeque<(usize, usize)>> = HashMap::new();
        let taken: HashSet<(usize, usize)> = self.threads.iter().filter_map(|t| t.parent).collect();
        for (number, thread) in self.threads.iter().enumerate() {
            for (index, step) in thread.steps.walk().enumerate() {
                if let ActionKind::Delegate { prompt } = &step.action.kind
                    && !taken.contains(&(number, index))
                {
                    let calls = free.entry(prompt.trim().to_owned()).or_default();
                    calls.push_back((number, index));
                }
            }
        }
        for (number, thread) in self.threads.iter_mut().enumerate().skip(1) {
            if thread.parent.is_none()
                && let Some(calls) = thread.task.as_ref().and_then(|t| free.get_mut(t.trim()))
                && calls.front().is_some_and(|(t, _)| *t < number)
            {
                thread.parent = calls.pop_front();
            }
        }
    }

    fn main_trajectory(self, main: Thread, below: Vec<Trajectory>, whole: Usage) -> Trajectory {
        let about = self.about;
        // A sub-agent's file alone: its work is the run.
        if main.is_blank() && below.len() == 1 {
            let mut only = below.into_iter().next().unwrap_or_default();
            only.id = String::new();
            only.session = about.session;
            only.cwd = about.cwd;
            only.agent_version = about.agent_version;
            only.agent = Some("claude-code".to_owned());
            return only;
        }
        let mut run = main.into_trajectory(below);
        run.id = String::new();
        run.session = about.session;
        run.cwd = about.cwd;
        run.agent = Some("claude-code".to_owned());
        run.agent_version = about.agent_version;
        run.model = about.model.or(run.model);
        run.usage = whole;
        if let Some(result) = &self.result {
            message::conclude(&mut run, result);
        }
        run
    }
}

impl Record<'_> {
    fn cite(&self, part: RefPart) -> Option<Ref> {
        let place = self.place.as_ref()?;
        Some(Ref {
            part,
            ..place.clone()
        })
    }
}
