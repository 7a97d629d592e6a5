//! `cline --json`: what the agent printed while it ran.

use std::collections::VecDeque;
use std::io;

use serde_json::Value;
use trace::{Address, Observation, RefPart};

use super::session::telling;
use super::{LAYOUT, result, usage_of};
use crate::extractor::{Claim, Detection, ExtractError, Extraction, Extractor, Layout, Rank, Site};
use crate::frame;
use crate::json::str_at;
use crate::lines::Line;
use crate::pile::Pile;
use crate::sessions::{self, Session};
use crate::transcript::{Call, Transcript};
use crate::{time, tool};

/// Reads the event stream of Cline's command line.
pub(crate) struct ClineStream;

impl Extractor for ClineStream {
    fn layout(&self) -> Layout {
        Layout {
            name: "cline-stream",
            title: "Cline CLI event streams (cline --json)",
            doc: LAYOUT,
            rank: Rank::Stream,
        }
    }

    fn detect(&self, pile: &Pile, site: Site<'_>) -> io::Result<Option<Detection>> {
        let Site::File(probe) = site else {
            return Ok(None);
        };
        let is_event = |record: &&Value| match str_at(record, "type") {
            Some("hook_event") => record.get("hookEventName").is_some(),
            Some("agent_event") => record.pointer("/event/type").is_some(),
            _ => false,
        };
        if probe.records().iter().take(8).filter(is_event).count() < 2 {
            return Ok(None);
        }
        Ok(Some(Detection {
            score: 95,
            evidence: vec!["`hook_event` and `agent_event` records".to_owned()],
            session: first_call(pile, probe.entry().id)?,
            ..Detection::default()
        }))
    }

    fn extract(&self, pile: &Pile, claim: &Claim) -> Result<Extraction, ExtractError> {
        let mut told = Told::default();
        let account = frame::lines(pile, claim, |record, line| told.record(record, line))?;
        let mut extraction = told.finish();
        extraction.coverage = account.coverage;
        extraction.warnings.extend(account.warnings);
        Ok(extraction)
    }
}

fn first_call(pile: &Pile, id: crate::pile::EntryId) -> io::Result<Option<String>> {
    let mut lines = pile.lines(id)?;
    while let Some(line) = lines.next_line()? {
        let text = line.text();
        if !text.contains("\"toolCallId\"") {
            continue;
        }
        let record: Value = serde_json::from_str(&text).unwrap_or_default();
        let call = record.pointer("/event/toolCallId").and_then(Value::as_str);
        return Ok(call.and_then(telling));
    }
    Ok(None)
}

/// One agent of the stream.
struct Agent {
    id: String,
    parent: Option<String>,
    transcript: Transcript,
}

/// The agents of a stream. Events of agents do not say whose they are; only the hooks around them
/// do, and they come in the same order.
#[derive(Default)]
struct Told {
    agents: Vec<Agent>,
    /// Agents that began and did not end, innermost last.
    active: Vec<usize>,
    /// The agent that ended last and whose account of itself is still to come.
    ended: Option<usize>,
    /// Whose the announced calls are.
    announced: VecDeque<usize>,
    warnings: Vec<String>,
}

impl Told {
    fn record(&mut self, record: &Value, line: &Line<'_>) -> bool {
        let now = str_at(record, "ts").and_then(time::parse);
        match str_at(record, "type") {
            Some("hook_event") => {
                self.hook(record);
                true
            }
            Some("agent_event") => {
                let event = record.get("event").unwrap_or(&Value::Null);
                self.event(event, now, line)
            }
            Some("run_result") => {
                let run = self.agent(0).about();
                run.outcome.exit_status = str_at(record, "finishReason").map(str::to_owned);
                run.usage = record.get("usage").map(usage_of).unwrap_or_default();
                run.model = record
                    .pointer("/model/id")
                    .and_then(Value::as_str)
                    .map(str::to_owned);
                true
            }
            Some("error") => {
                let message = str_at(record, "message").unwrap_or_default();
                self.agent(0).about().outcome.exit_status = Some(format!("error: {message}"));
                true
            }
            kind => matches!(kind, Some("run_start" | "team_event")),
        }
    }

    /// The agent at `index`; the first is there even if nothing announced it.
    fn agent(&mut self, index: usize) -> &mut Transcript {
        if self.agents.is_empty() {
            self.begin("", None);
        }
        let index = index.min(self.agents.len() - 1);
        &mut self.agents[index].transcript
    }

    fn begin(&mut self, id: &str, parent: Option<&str>) {
        let mut transcript = Transcript::default();
        transcript.about().agent = Some("cline".to_owned());
        self.active.push(self.agents.len());
        self.agents.push(Agent {
            id: id.to_owned(),
            parent: parent.map(str::to_owned),
            transcript,
        });
    }

    fn hook(&mut self, hook: &Value) {
        let id = str_at(hook, "agentId").unwrap_or_default();
        let known = self.agents.iter().position(|agent| agent.id == id);
        match (str_at(hook, "hookEventName"), known) {
            (Some("agent_start"), None) => self.begin(id, str_at(hook, "parentAgentId")),
            (Some("agent_start"), Some(at)) => self.active.push(at),
            (Some("agent_end"), Some(at)) => {
                self.active.retain(|own| *own != at);
                self.announced.retain(|own| *own != at);
                self.ended = Some(at);
            }
            (Some("tool_call"), Some(at)) => self.announced.push_back(at),
            _ => {}
        }
    }

    fn event(&mut self, event: &Value, now: Option<trace::Timestamp>, line: &Line<'_>) -> bool {
        let current = self.active.last().copied().unwrap_or(0);
        let kind = str_at(event, "type").unwrap_or_default();
        match (kind, str_at(event, "contentType")) {
            ("content_start", Some("tool")) => self.call(event, now, line),
            ("content_end", Some("tool")) => self.result(event, now, line),
            ("content_end", Some("text")) => {
                let transcript = self.agent(current);
                transcript.at(now);
                transcript.say(str_at(event, "text").unwrap_or_default());
            }
            ("content_end", Some("reasoning" | "thinking")) => {
                let words = crate::json::str_of(event, &["text", "reasoning"]);
                self.agent(current).think(words.unwrap_or_default());
            }
            ("iteration_start", _) => {
                let transcript = self.agent(current);
                transcript.at(now);
                transcript.begin_reply(None);
            }
            ("usage", _) => self.agent(current).usage(usage_of(event)),
            ("done", _) => {
                let reason = str_at(event, "reason").map(str::to_owned);
                let whose = self.ended.take().unwrap_or(current);
                let run = self.agent(whose).about();
                run.outcome.exit_status = reason;
                run.usage = event.get("usage").map(usage_of).unwrap_or_default();
            }
            ("error", _) => {
                let message = event.pointer("/error/message").or(event.get("message"));
                let message = message.and_then(Value::as_str).unwrap_or("error");
                self.agent(current).about().outcome.exit_status = Some(format!("error: {message}"));
            }
            _ => {
                return matches!(
                    kind,
                    "content_start" | "content_update" | "content_end" | "iteration_end" | "notice"
                );
            }
        }
        true
    }

    fn call(&mut self, event: &Value, now: Option<trace::Timestamp>, line: &Line<'_>) {
        let current = self.active.last().copied().unwrap_or(0);
        let announced = self.announced.pop_front();
        // An agent that works alone needs no announcement, and one may have come to nothing.
        let whose = announced
            .filter(|_| self.active.len() > 1)
            .unwrap_or(current);
        let name = str_at(event, "toolName").unwrap_or_default();
        let input = event.get("input").cloned().unwrap_or_default();
        let transcript = self.agent(whose);
        transcript.at(now);
        transcript.call(Call {
            address: Address::default(),
            cite: Some(line.cite(RefPart::Action)),
            ..Call::new(str_at(event, "toolCallId"), tool::action(name, input))
        });
    }

    fn result(&mut self, event: &Value, now: Option<trace::Timestamp>, line: &Line<'_>) {
        let id = str_at(event, "toolCallId");
        let waits = |agent: &Agent| id.is_some_and(|id| agent.transcript.waits(id));
        let Some(agent) = self.agents.iter_mut().find(|agent| waits(agent)) else {
            self.warnings
                .push("a result answers no known call".to_owned());
            return;
        };
        let name = str_at(event, "toolName").unwrap_or_default();
        let observation = match (event.get("output"), str_at(event, "error")) {
            (_, Some(error)) => Observation {
                is_error: Some(true),
                ..Observation::text(error)
            },
            (Some(output @ Value::Array(_)), None) => result::listed(name, output)
                .unwrap_or_else(|| Observation::text(crate::json::content_text(output))),
            (Some(Value::String(text)), None) => result::in_text(text),
            (Some(Value::Null) | None, None) => Observation::default(),
            (Some(other), None) => Observation::text(other.to_string()),
        };
        agent.transcript.at(now);
        let cite = line.cite(RefPart::Observation);
        agent.transcript.result(id, observation, Some(cite));
    }

    fn finish(self) -> Extraction {
        let mut read: Vec<(Session, Option<String>)> = Vec::new();
        for agent in self.agents {
            let mut trajectory = agent.transcript.finish();
            trajectory.id = agent.id;
            let session = Session {
                trajectory,
                coverage: crate::Coverage::default(),
                warnings: Vec::new(),
                links: Vec::new(),
            };
            read.push((session, agent.parent));
        }
        if read.is_empty() {
            return Extraction::default();
        }
        link(&mut read);
        let mut extraction = sessions::nest(read);
        extraction.warnings.extend(self.warnings);
        extraction
    }
}

/// Calls that hand out a task start their sub-agents in order.
fn link(read: &mut [(Session, Option<String>)]) {
    for at in 0..read.len() {
        let own = read[at].0.trajectory.id.clone();
        let calls = sessions::delegations(&read[at].0.trajectory);
        let children: Vec<(usize, String)> = read
            .iter()
            .enumerate()
            .filter(|(_, (_, parent))| parent.as_deref() == Some(own.as_str()))
            .map(|(index, (child, _))| (index, child.trajectory.id.clone()))
            .collect();
        for ((step, task), (index, id)) in calls.into_iter().zip(children) {
            read[index].0.trajectory.task.get_or_insert(task);
            read[at].0.links.push((step, id));
        }
    }
}
