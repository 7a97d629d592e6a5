//! mini-SWE-agent trajectories; the layout is described in `LAYOUT.md` beside this file.

mod fenced;
mod toolcalls;

use std::io;

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;
use trace::{Ref, RefPart, RunOutcome, Step, Steps, Timestamp, Trajectory, Usage};

use crate::document::Document;
use crate::extractor::{
    Claim, Coverage, Detection, ExtractError, Extraction, Extractor, Layout, Rank, Site,
};
use crate::frame::{JsonDocument, Parsed};
use crate::json::{content_text, str_at};
use crate::pile::Pile;
use crate::time;

/// Reads mini-SWE-agent trajectories of version 1 (fenced commands) and 2 (tool calls).
pub(crate) struct MiniSweAgent;

impl Extractor for MiniSweAgent {
    fn layout(&self) -> Layout {
        Layout {
            name: "mini-swe-agent",
            title: "mini-SWE-agent *.traj.json (version 1 fenced, version 2 tool calls)",
            doc: include_str!("LAYOUT.md"),
            rank: Rank::Native,
        }
    }

    fn detect(&self, _pile: &Pile, site: Site<'_>) -> io::Result<Option<Detection>> {
        let Site::File(probe) = site else {
            return Ok(None);
        };
        let Some(first) = probe.first() else {
            return Ok(None);
        };
        let mut evidence = Vec::new();
        let mut score = 0;
        if let Some(format) =
            str_at(first, "trajectory_format").filter(|f| f.starts_with("mini-swe-agent"))
        {
            evidence.push(format!("names itself `{format}`"));
            score = 98;
        } else if first.get("info").is_some_and(Value::is_object)
            && first.get("messages").is_some_and(Value::is_array)
        {
            let info = &first["info"];
            let known = ["exit_status", "submission", "model_stats", "mini_version"];
            let fields: Vec<_> = known
                .into_iter()
                .filter(|key| info.get(key).is_some())
                .collect();
            if !fields.is_empty() {
                evidence.push(format!(
                    "`messages` beside `info` with {}",
                    fields.join(", ")
                ));
                score = 85;
            }
        }
        if score > 0 && probe.entry().name().ends_with(".traj.json") {
            evidence.push("named *.traj.json".to_owned());
            score += 1;
        }
        Ok((score > 0).then(|| Detection {
            score,
            evidence,
            ..Detection::default()
        }))
    }

    fn extract(&self, pile: &Pile, claim: &Claim) -> Result<Extraction, ExtractError> {
        let file = JsonDocument::open(pile, claim.detection.files[0])?;
        let parsed = file.parse::<Saved<'_>>()?;
        Ok(read(&file, parsed))
    }
}

/// The saved document. Messages stay raw so that they can be cited.
#[derive(Deserialize)]
struct Saved<'a> {
    #[serde(default)]
    info: Value,
    #[serde(borrow, default)]
    messages: Vec<&'a RawValue>,
    #[serde(default)]
    trajectory_format: Option<String>,
    #[serde(default)]
    instance_id: Option<String>,
}

/// One message with its place in the artifact.
struct Message<'a> {
    index: u64,
    raw: &'a str,
    role: String,
    content: String,
    value: Value,
}

impl Message<'_> {
    /// When the message was written, in whichever of three places its version keeps that.
    fn time(&self) -> Option<Timestamp> {
        let extra = self.value.get("extra");
        [
            self.value.get("timestamp"),
            extra.and_then(|e| e.get("timestamp")),
            extra.and_then(|e| e.get("response")?.get("created")),
        ]
        .into_iter()
        .flatten()
        .find_map(Value::as_f64)
        .and_then(time::from_seconds)
    }

    /// What the model call that wrote this message cost.
    fn usage(&self) -> Option<Usage> {
        let extra = self.value.get("extra")?;
        let stated = extra.get("response").and_then(|r| r.get("usage"));
        let count = |path: &[&str]| {
            let mut at = stated?;
            for key in path {
                at = at.get(key)?;
            }
            at.as_u64()
        };
        let usage = Usage {
            input_tokens: count(&["prompt_tokens"]),
            cached_tokens: count(&["prompt_tokens_details", "cached_tokens"]),
            output_tokens: count(&["completion_tokens"]),
            cost_usd: extra.get("cost").and_then(Value::as_f64),
        };
        (!usage.is_empty()).then_some(usage)
    }
}

/// What a reader of one version adds to the trajectory.
struct Reading<'d> {
    document: &'d Document,
    /// The text that was parsed: the document's, or its copy closed where it was cut.
    base: &'d str,
    steps: Steps,
    coverage: Coverage,
    final_message: Option<String>,
}

impl Reading<'_> {
    /// Cites the message as `part` of the step.
    fn cite(&self, step: &mut Step, part: RefPart, message: &Message<'_>) {
        step.refs.extend(self.cited(part, message));
    }

    /// The place of the message.
    fn cited(&self, part: RefPart, message: &Message<'_>) -> Option<Ref> {
        self.document.cite_in(self.base, part, message.raw)
    }
}

fn read(file: &JsonDocument, parsed: Parsed<'_, Saved<'_>>) -> Extraction {
    let (document, saved) = (file.document(), &parsed.value);
    let messages = messages_of(saved);
    let mut reading = Reading {
        document,
        base: parsed.base,
        steps: Steps::new(),
        coverage: Coverage::default(),
        final_message: None,
    };
    let with_tools = messages
        .iter()
        .any(|m| m.value.get("tool_calls").is_some_and(Value::is_array));
    if with_tools {
        toolcalls::read(&mut reading, &messages);
    } else {
        fenced::read(&mut reading, &messages);
    }
    let Reading {
        steps,
        mut coverage,
        final_message,
        ..
    } = reading;
    // What stands around the messages (info, configuration) is read too.
    let inside: u64 = saved.messages.iter().map(|m| m.get().len() as u64).sum();
    coverage.bytes.explained += document.size().saturating_sub(inside);
    coverage.bytes.total += document.size().saturating_sub(inside);
    let mut trajectory = describe(saved, &messages);
    trajectory.steps = steps;
    trajectory.final_message = final_message;
    Extraction {
        trajectory,
        coverage,
        warnings: parsed.warnings,
    }
}

fn messages_of<'a>(saved: &Saved<'a>) -> Vec<Message<'a>> {
    (0..)
        .zip(&saved.messages)
        .map(|(index, raw)| {
            let mut value: Value = serde_json::from_str(raw.get()).unwrap_or_default();
            let role = str_at(&value, "role").unwrap_or_default().to_owned();
            // Taken out, not copied: a long run is mostly this.
            let content = match value.get_mut("content") {
                Some(Value::String(text)) => std::mem::take(text),
                Some(other) => content_text(other),
                None => String::new(),
            };
            Message {
                index,
                raw: raw.get(),
                role,
                content,
                value,
            }
        })
        .collect()
}

/// Everything about the run but its steps.
fn describe(saved: &Saved<'_>, messages: &[Message<'_>]) -> Trajectory {
    let info = &saved.info;
    let stats = info.get("model_stats");
    let mut usage = Usage::default();
    for message in messages {
        usage.add(&message.usage().unwrap_or_default());
    }
    let stated = stats
        .and_then(|s| s.get("instance_cost"))
        .and_then(Value::as_f64);
    usage.cost_usd = stated.or(usage.cost_usd);
    let model = info
        .pointer("/config/model/model_name")
        .or_else(|| info.pointer("/config/model_name"))
        .and_then(Value::as_str);
    Trajectory {
        format_version: saved.trajectory_format.clone(),
        session: saved.instance_id.clone(),
        agent: Some("mini-swe-agent".to_owned()),
        agent_version: str_at(info, "mini_version").map(str::to_owned),
        model: model
            .or_else(|| answering_model(messages))
            .map(str::to_owned),
        task: messages
            .iter()
            .find(|m| m.role == "user")
            .map(|m| task_in(&m.content).to_owned()),
        started: messages.iter().find_map(Message::time),
        ended: messages.iter().rev().find_map(Message::time),
        usage,
        outcome: RunOutcome {
            exit_status: str_at(info, "exit_status").map(str::to_owned),
            ..RunOutcome::default()
        },
        ..Trajectory::default()
    }
}

/// The model that signed the first reply.
fn answering_model<'m>(messages: &'m [Message<'_>]) -> Option<&'m str> {
    messages
        .iter()
        .find_map(|m| m.value.pointer("/extra/response/model")?.as_str())
}

/// The task inside the rendered template, or the whole message where no frame is known.
fn task_in(message: &str) -> &str {
    const FRAMES: [(&str, &str); 2] = [
        ("<pr_description>", "</pr_description>"),
        (
            "Please solve this issue:",
            "You can execute bash commands and edit files",
        ),
    ];
    FRAMES
        .iter()
        .find_map(|(open, close)| {
            let (_, rest) = message.split_once(open)?;
            let (task, _) = rest.split_once(close)?;
            Some(task.trim())
        })
        .unwrap_or(message)
}

#[cfg(test)]
mod tests;
