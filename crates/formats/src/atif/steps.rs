//! The steps of one ATIF trajectory.

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;
use trace::{Observation, RefPart, Step, Trajectory, Usage};

use super::{Saved, Text};
use crate::calls::OpenCalls;
use crate::extractor::Coverage;
use crate::json::{content_text, str_at};
use crate::{time, tool};

/// What was said since the last call.
#[derive(Default)]
struct Said {
    thought: Vec<String>,
    reasoning: Vec<String>,
    usage: Usage,
}

/// A run of steps of one agent: the main one, or a side chain.
#[derive(Default)]
struct Chain {
    id: String,
    steps: Vec<Step>,
    said: Said,
    calls: OpenCalls,
    groups: u32,
    prompt: Option<String>,
}

/// The state of reading a trajectory and its continuations.
#[derive(Default)]
pub(super) struct Reading {
    main: Chain,
    sides: Vec<Chain>,
    /// True while the steps before belong to a side chain.
    aside: bool,
    model: Option<String>,
    usage: Usage,
    started: Option<trace::Timestamp>,
    ended: Option<trace::Timestamp>,
    orphans: u64,
    copied: u64,
    /// Number of steps seen, over all files.
    index: u64,
}

/// One step with its place in the artifact.
struct Record<'a> {
    source: Text<'a>,
    raw: &'a str,
    index: u64,
    value: Value,
    results: Vec<Value>,
    /// The raw results, where the observation has the usual form.
    spans: Vec<&'a str>,
}

#[derive(Deserialize)]
struct Spans<'a> {
    #[serde(borrow, default)]
    observation: Option<Results<'a>>,
}

#[derive(Deserialize)]
struct Results<'a> {
    #[serde(borrow, default)]
    results: Option<Vec<&'a RawValue>>,
}

impl<'a> Record<'a> {
    fn new(source: Text<'a>, raw: &'a str, index: u64) -> Self {
        let value: Value = serde_json::from_str(raw).unwrap_or_default();
        let spans = serde_json::from_str::<Spans<'_>>(raw)
            .ok()
            .and_then(|spans| spans.observation?.results)
            .unwrap_or_default();
        let results = match value.get("observation") {
            Some(Value::Object(observation)) => match observation.get("results") {
                Some(Value::Array(results)) => results.clone(),
                _ => Vec::new(),
            },
            _ => Vec::new(),
        };
        Self {
            source,
            raw,
            index,
            value,
            results,
            spans: spans.into_iter().map(RawValue::get).collect(),
        }
    }

    fn time(&self) -> Option<trace::Timestamp> {
        match self.value.get("timestamp")? {
            Value::String(text) => time::parse(text),
            number => number.as_f64().and_then(time::from_seconds),
        }
    }

    fn usage(&self) -> Usage {
        let metric = |key: &str| self.value.get("metrics").and_then(|m| m.get(key));
        Usage {
            input_tokens: metric("prompt_tokens").and_then(Value::as_u64),
            cached_tokens: metric("cached_tokens").and_then(Value::as_u64),
            output_tokens: metric("completion_tokens").and_then(Value::as_u64),
            cost_usd: metric("cost_usd").and_then(Value::as_f64),
        }
    }

    fn text(&self, key: &str) -> String {
        self.value.get(key).map(content_text).unwrap_or_default()
    }

    fn extra(&self, key: &str) -> Option<&Value> {
        self.value.get("extra")?.get(key)
    }

    fn cite(&self, step: &mut Step, part: RefPart, raw: &str) {
        let Text { document, base } = self.source;
        step.refs.extend(document.cite_in(base, part, raw));
    }
}

impl Reading {
    /// Adds the steps of one file.
    pub(super) fn read(&mut self, source: Text<'_>, saved: &Saved<'_>, coverage: &mut Coverage) {
        for raw in saved.steps() {
            let record = Record::new(source, raw.get(), self.index);
            self.index += 1;
            let known = self.record(&record);
            coverage.count(raw.get().len(), known);
        }
    }

    fn record(&mut self, record: &Record<'_>) -> bool {
        let from = str_at(&record.value, "source").unwrap_or_default();
        if record
            .value
            .get("is_copied_context")
            .and_then(Value::as_bool)
            == Some(true)
        {
            self.copied += 1;
            return true;
        }
        let at = record.time();
        self.started = self.started.or(at);
        self.ended = self.ended.max(at);
        self.usage.add(&record.usage());
        if let (None, "agent", Some(model)) =
            (&self.model, from, str_at(&record.value, "model_name"))
        {
            self.model = Some(model.to_owned());
        }
        let chain = self.chain_of(record);
        let mut orphans = 0;
        let known = match from {
            "agent" => {
                orphans = chain.agent(record);
                true
            }
            "user" => {
                chain.prompt.get_or_insert_with(|| record.text("message"));
                chain.said = Said::default();
                orphans += chain.results(record, chain.steps.len());
                true
            }
            "system" => {
                orphans += chain.results(record, chain.steps.len());
                true
            }
            _ => false,
        };
        self.orphans += orphans;
        known
    }

    /// The chain the step belongs to; a side chain hangs off the step that was last before it.
    fn chain_of(&mut self, record: &Record<'_>) -> &mut Chain {
        if record.extra("is_sidechain").and_then(Value::as_bool) != Some(true) {
            self.aside = false;
            return &mut self.main;
        }
        let named = ["agent_id", "agentId", "sidechain_id"]
            .iter()
            .find_map(|key| record.extra(key)?.as_str());
        let found = match named {
            Some(id) => self.sides.iter().position(|side| side.id == id),
            None => self
                .aside
                .then(|| self.sides.len().checked_sub(1))
                .flatten(),
        };
        self.aside = true;
        let at = found.unwrap_or_else(|| {
            let id = named.map_or_else(
                || format!("sidechain-{}", self.sides.len() + 1),
                str::to_owned,
            );
            if let Some(step) = self.main.steps.last_mut()
                && matches!(step.action.kind, trace::ActionKind::Delegate { .. })
            {
                step.subtrajectory.get_or_insert_with(|| id.clone());
            }
            self.sides.push(Chain {
                id,
                ..Chain::default()
            });
            self.sides.len() - 1
        });
        &mut self.sides[at]
    }

    /// Moves what was read into the trajectory.
    pub(super) fn finish(self, trajectory: &mut Trajectory, warnings: &mut Vec<String>) {
        for (count, what) in [
            (self.orphans, "results answer no known call"),
            (self.copied, "steps are copied context and not counted"),
        ] {
            if count > 0 {
                warnings.push(format!("{count} {what}"));
            }
        }
        for side in self.sides {
            let mut nested = Trajectory {
                id: side.id.clone(),
                format: "atif".to_owned(),
                ..Trajectory::default()
            };
            side.finish(&mut nested);
            trajectory.subtrajectories.push(nested);
        }
        trajectory.started = self.started;
        trajectory.ended = self.ended;
        trajectory.model = trajectory.model.take().or(self.model);
        trajectory.usage.fill_from(&self.usage);
        self.main.finish(trajectory);
    }
}

impl Chain {
    fn finish(self, trajectory: &mut Trajectory) {
        let words = self.said.thought.join("\n\n");
        trajectory.final_message = (!words.is_empty()).then_some(words);
        trajectory.task = self.prompt.filter(|prompt| !prompt.trim().is_empty());
        trajectory.steps = self.steps.into();
    }

    /// Reads an agent step; gives the number of results that answer no call.
    fn agent(&mut self, record: &Record<'_>) -> u64 {
        let calls = record.value.get("tool_calls").and_then(Value::as_array);
        let calls = calls.map_or(&[][..], Vec::as_slice);
        let reasoning = record.text("reasoning_content");
        if !reasoning.is_empty() && self.said.reasoning.last() != Some(&reasoning) {
            self.said.reasoning.push(reasoning);
        }
        let message = record.text("message");
        if !message.trim().is_empty() && !is_filler(&message, calls) {
            self.said.thought.push(message.trim().to_owned());
        }
        self.said.usage.add(&record.usage());
        let first = self.steps.len();
        for (command, call) in (0..).zip(calls) {
            self.call(record, command, call);
        }
        if calls.len() > 1 {
            self.groups += 1;
            for step in &mut self.steps[first..] {
                step.parallel_group = Some(self.groups);
            }
        }
        self.results(record, first)
    }

    fn call(&mut self, record: &Record<'_>, command: u64, call: &Value) {
        let function = call.get("function").unwrap_or(call);
        let name = str_at(function, "function_name")
            .or_else(|| str_at(function, "name"))
            .unwrap_or_default();
        let arguments = function.get("arguments").cloned().unwrap_or_default();
        let index = self.steps.len();
        let mut step = Step::new(index, tool::action(name, arguments));
        step.address.message = Some(record.index);
        step.address.command = Some(command);
        step.address.call_id = str_at(call, "tool_call_id")
            .or_else(|| str_at(call, "id"))
            .map(str::to_owned);
        step.address.event = record.value.get("step_id").map(ToString::to_string);
        step.started = record.time();
        let said = std::mem::take(&mut self.said);
        step.thought = said.thought.join("\n\n");
        step.reasoning = said.reasoning.join("\n\n");
        step.usage = (!said.usage.is_empty()).then_some(said.usage);
        record.cite(&mut step, RefPart::Action, record.raw);
        if let Some(id) = &step.address.call_id {
            self.calls.open(id, index);
        }
        self.steps.push(step);
    }

    /// Joins the results of a step with its calls, which begin at `first`, and with earlier calls
    /// that still wait; gives the number of those that find none.
    fn results(&mut self, record: &Record<'_>, first: usize) -> u64 {
        let mut orphans = 0;
        for (at, result) in record.results.iter().enumerate() {
            let id = result
                .get("source_call_id")
                .and_then(Value::as_str)
                .filter(|id| !id.is_empty());
            let Some(index) = self.find(id, first) else {
                orphans += 1;
                continue;
            };
            let raw = record.spans.get(at).copied().unwrap_or(record.raw);
            let step = &mut self.steps[index];
            add_result(step, result);
            let flagged = record
                .extra("tool_result_is_error")
                .and_then(Value::as_bool);
            if flagged == Some(true)
                && record.results.len() == 1
                && let Some(seen) = &mut step.observation
            {
                seen.is_error = Some(true);
            }
            record.cite(step, RefPart::Observation, raw);
        }
        orphans
    }

    /// The step a result answers: by id its own step's call before an older one, without an id the
    /// next unanswered call of the step; a second result of an answered call adds to it.
    fn find(&mut self, id: Option<&str>, first: usize) -> Option<usize> {
        let own = |wanted: &dyn Fn(&Step) -> bool| {
            let at = self.steps[first..].iter().position(wanted)?;
            Some(first + at)
        };
        let Some(id) = id else {
            let index = own(&|step| step.observation.is_none())?;
            if let Some(id) = self.steps[index].address.call_id.clone() {
                self.calls.withdraw(&id, index);
            }
            return Some(index);
        };
        let of_id = |step: &Step| step.address.call_id.as_deref() == Some(id);
        if let Some(index) = own(&|step| of_id(step) && step.observation.is_none()) {
            self.calls.withdraw(id, index);
            return Some(index);
        }
        let answered = own(&of_id);
        answered.or_else(|| self.calls.close(id))
    }
}

/// A converter's placeholder for a message that was empty.
fn is_filler(message: &str, calls: &[Value]) -> bool {
    let [call] = calls else {
        return false;
    };
    let name = str_at(call, "function_name").unwrap_or_default();
    let id = str_at(call, "tool_call_id").unwrap_or_default();
    let mut words = message.split_whitespace();
    words.next() == Some("Executed")
        && words.next() == Some(name)
        && words.next() == Some(id)
        && words.next().is_none()
}

fn add_result(step: &mut Step, result: &Value) {
    let content = result.get("content").unwrap_or(&Value::Null);
    let text = content_text(content);
    let extra = |key: &str| result.get("extra").and_then(|extra| extra.get(key));
    let seen = step.observation.get_or_insert_with(Observation::default);
    if !seen.text.is_empty() && !text.is_empty() {
        seen.text.push('\n');
    }
    seen.text.push_str(&text);
    seen.is_error = extra("is_error").and_then(Value::as_bool).or(seen.is_error);
    seen.exit_status = ["exit_code", "exit_status", "returncode"]
        .iter()
        .find_map(|key| extra(key)?.as_i64())
        .and_then(|code| i32::try_from(code).ok())
        .or(seen.exit_status);
    let reference = match result.get("subagent_trajectory_ref") {
        Some(Value::Array(several)) => several.first(),
        other => other,
    };
    if let Some(reference) = reference {
        let id = str_at(reference, "trajectory_id").or_else(|| str_at(reference, "session_id"));
        step.subtrajectory = id.map(str::to_owned).or_else(|| step.subtrajectory.take());
    }
}
