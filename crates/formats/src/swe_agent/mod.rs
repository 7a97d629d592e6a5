//! SWE-agent trajectories; the layout is described in `LAYOUT.md` beside this file.

mod command;

use std::io;

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;
use trace::{Observation, RefPart, RunOutcome, Step, Steps, Trajectory, Usage};

use crate::extractor::{
    Claim, Coverage, Detection, ExtractError, Extraction, Extractor, Layout, Rank, Site,
};
use crate::frame::{JsonDocument, Parsed};
use crate::json::{content_text, str_at};
use crate::pile::Pile;

/// Reads SWE-agent trajectories of both generations.
pub(crate) struct SweAgent;

impl Extractor for SweAgent {
    fn layout(&self) -> Layout {
        Layout {
            name: "swe-agent",
            title: "SWE-agent *.traj",
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
        let Some(steps) = first.get("trajectory").and_then(Value::as_array) else {
            return Ok(None);
        };
        let typical = steps.first().is_none_or(|step| {
            step.get("action").is_some() && step.get("observation").is_some()
                || step.get("response").is_some()
        });
        let around: Vec<&str> = ["history", "info", "environment"]
            .into_iter()
            .filter(|key| first.get(*key).is_some())
            .collect();
        let named = probe.entry().has_ending("traj");
        if !typical || (around.is_empty() && !named) {
            return Ok(None);
        }
        let mut evidence = vec![format!("`trajectory` beside {}", around.join(", "))];
        if named {
            evidence.push("named *.traj".to_owned());
        }
        Ok(Some(Detection {
            score: 90 + u8::from(named),
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

/// The saved document. Steps stay raw so that they can be cited.
#[derive(Deserialize)]
struct Saved<'a> {
    #[serde(borrow, default)]
    trajectory: Vec<&'a RawValue>,
    #[serde(default)]
    history: Vec<Value>,
    #[serde(default)]
    info: Value,
    #[serde(default)]
    environment: Value,
}

/// One entry of `trajectory`.
#[derive(Deserialize, Default)]
struct Entry {
    #[serde(default)]
    action: Value,
    #[serde(default)]
    observation: Value,
    #[serde(default)]
    thought: Value,
    #[serde(default)]
    state: Value,
}

fn read(file: &JsonDocument, parsed: Parsed<'_, Saved<'_>>) -> Extraction {
    let (document, base) = (file.document(), parsed.base);
    let (saved, warnings) = (parsed.value, parsed.warnings);
    let mut coverage = Coverage::default();
    let mut steps = Steps::new();
    for (index, raw) in saved.trajectory.iter().enumerate() {
        let parsed: Option<Entry> = serde_json::from_str(raw.get()).ok();
        coverage.count(raw.get().len(), parsed.is_some());
        let entry = parsed.unwrap_or_default();
        let text = content_text(&entry.action);
        let mut step = Step::new(
            index,
            command::action(&text, open_file(&entry.state).as_deref()),
        );
        step.address.message = Some(index as u64);
        content_text(&entry.thought)
            .trim()
            .clone_into(&mut step.thought);
        if !entry.observation.is_null() {
            step.observation = Some(Observation::text(content_text(&entry.observation)));
        }
        for part in [RefPart::Action, RefPart::Observation] {
            step.refs.extend(document.cite_in(base, part, raw.get()));
        }
        steps.push(step);
    }
    // History and info around the steps are read too.
    let around = document.size().saturating_sub(coverage.bytes.total);
    coverage.bytes.total += around;
    coverage.bytes.explained += around;
    let trajectory = Trajectory {
        steps,
        ..describe(&saved)
    };
    Extraction {
        trajectory,
        coverage,
        warnings,
    }
}

/// The file that was open before the step; `n/a` means none.
fn open_file(state: &Value) -> Option<String> {
    let parsed: Value;
    let state = match state.as_str() {
        Some(text) => {
            parsed = serde_json::from_str(text).ok()?;
            &parsed
        }
        None => state,
    };
    let path = str_at(state, "open_file")?;
    (path != "n/a" && !path.is_empty()).then(|| path.to_owned())
}

/// Everything about the run but its steps.
fn describe(saved: &Saved<'_>) -> Trajectory {
    let stats = saved.info.get("model_stats");
    let count = |key: &str| stats.and_then(|s| s.get(key)).and_then(Value::as_u64);
    let cost = stats
        .and_then(|s| s.get("instance_cost"))
        .and_then(Value::as_f64);
    let task = saved.history.iter().find(|message| {
        let demo = message
            .get("is_demo")
            .and_then(Value::as_bool)
            .unwrap_or(false)
            || str_at(message, "message_type") == Some("demonstration");
        str_at(message, "role") == Some("user") && !demo
    });
    Trajectory {
        session: saved.environment.as_str().map(str::to_owned),
        agent: Some("swe-agent".to_owned()),
        agent_version: str_at(&saved.info, "swe_agent_version").map(str::to_owned),
        task: task
            .and_then(|message| message.get("content"))
            .map(content_text)
            .map(|text| task_in(&text).to_owned()),
        usage: Usage {
            input_tokens: count("tokens_sent"),
            output_tokens: count("tokens_received"),
            cost_usd: cost,
            ..Usage::default()
        },
        outcome: RunOutcome {
            exit_status: str_at(&saved.info, "exit_status").map(str::to_owned),
            ..RunOutcome::default()
        },
        ..Trajectory::default()
    }
}

/// The task inside the rendered template, or the whole message where no frame is known.
fn task_in(message: &str) -> &str {
    const FRAMES: [(&str, &str); 2] = [
        ("<pr_description>", "</pr_description>"),
        ("ISSUE:", "INSTRUCTIONS:"),
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
