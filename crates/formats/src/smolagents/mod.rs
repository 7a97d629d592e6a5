//! Memories of smolagents; the layout is described in `LAYOUT.md` beside this file.

#[cfg(test)]
mod tests;

use std::io;

use serde_json::Value;
use trace::{Address, Observation, Ref, RefPart, Usage};

use crate::dialogue::text_of;
use crate::extractor::{Claim, Detection, ExtractError, Extraction, Extractor, Layout, Rank, Site};
use crate::frame::{JsonDocument, list_in};
use crate::json::{content_text, str_at};
use crate::pile::Pile;
use crate::transcript::{Call, Transcript};
use crate::{time, tool};

/// Reads the memory of a smolagents agent.
pub(crate) struct Smolagents;

/// Under which key an object keeps the steps.
const LISTS: [&str; 2] = ["steps", "memory"];

impl Extractor for Smolagents {
    fn layout(&self) -> Layout {
        Layout {
            name: "smolagents",
            title: "smolagents memory (get_full_steps)",
            doc: include_str!("LAYOUT.md"),
            rank: Rank::Native,
        }
    }

    fn detect(&self, _pile: &Pile, site: Site<'_>) -> io::Result<Option<Detection>> {
        let Site::File(probe) = site else {
            return Ok(None);
        };
        let list = probe.first().and_then(|first| match first {
            Value::Array(list) => Some(list),
            other => LISTS.iter().find_map(|key| other.get(*key)?.as_array()),
        });
        let Some(list) = list else {
            return Ok(None);
        };
        let turn = |step: &Value| {
            let has = |key: &str| step.get(key).is_some();
            has("step_number") && has("timing") && has("model_input_messages")
        };
        // The first turn may be cut before its members: its task then stands alone.
        let cut = list.iter().any(|step| step.get("step_number").is_some())
            && list.iter().any(|step| step.get("task_images").is_some());
        if !list.iter().any(turn) && !cut {
            return Ok(None);
        }
        Ok(Some(Detection {
            score: 92,
            evidence: vec![
                "a list of memory steps with `step_number` and `timing`".to_owned(),
                "each with `model_input_messages`".to_owned(),
            ],
            ..Detection::default()
        }))
    }

    fn extract(&self, pile: &Pile, claim: &Claim) -> Result<Extraction, ExtractError> {
        let file = JsonDocument::open(pile, claim.detection.files[0])?;
        let parsed = file.parse_with(|text| list_in(text, &LISTS))?;
        let mut extraction = Extraction {
            warnings: parsed.warnings,
            ..Extraction::default()
        };
        let (steps, others) = parsed.value;
        let mut memory = Memory::default();
        for raw in steps {
            let value: Value = serde_json::from_str(raw).unwrap_or_default();
            let cite = |part| file.document().cite_in(parsed.base, part, raw);
            let known = memory.take(&value, &cite);
            extraction.coverage.count(raw.len(), known);
        }
        let mut output = None;
        for (key, raw) in others {
            let known = matches!(key.as_str(), "output" | "state" | "token_usage" | "timing");
            extraction.coverage.count(raw.len(), known);
            if key == "output" {
                let value: Value = serde_json::from_str(raw).unwrap_or_default();
                output = Some(text_of(&value)).filter(|text| !text.is_empty());
            }
        }
        if memory.joined > 0 {
            extraction.warnings.push(format!(
                "{}: {} turns keep the results of several calls as one text, given to the last of them",
                file.document().path(),
                memory.joined
            ));
        }
        let mut trajectory = memory.transcript.finish();
        trajectory.agent = Some("smolagents".to_owned());
        trajectory.final_message = output.or(memory.answer).or(trajectory.final_message);
        extraction.trajectory = trajectory;
        Ok(extraction)
    }
}

type Cite<'c> = dyn Fn(RefPart) -> Option<Ref> + 'c;

/// A memory while it is read.
#[derive(Default)]
struct Memory {
    transcript: Transcript,
    /// Turns whose result belongs to several calls.
    joined: u32,
    answer: Option<String>,
}

impl Memory {
    /// Takes the next step; false when its kind is not known.
    fn take(&mut self, step: &Value, cite: &Cite<'_>) -> bool {
        if let Some(task) = str_at(step, "task") {
            self.transcript.user(task);
        } else if step.get("step_number").is_some() {
            self.turn(step, cite);
        } else if let Some(plan) = str_at(step, "plan") {
            self.transcript.begin_reply(None);
            self.transcript.usage(usage_of(step));
            self.transcript.say(plan);
        } else if let Some(output) = step.get("output") {
            self.answer = Some(text_of(output)).filter(|text| !text.is_empty());
        } else {
            return step.get("system_prompt").is_some();
        }
        true
    }

    fn turn(&mut self, step: &Value, cite: &Cite<'_>) {
        let time = |key: &str| step.pointer(&format!("/timing/{key}")).and_then(time::of);
        let transcript = &mut self.transcript;
        transcript.at(time("start_time"));
        transcript.begin_reply(None);
        transcript.usage(usage_of(step));
        let message = step.get("model_output_message").unwrap_or(&Value::Null);
        let said = message
            .get("content")
            .map(content_text)
            .filter(|text| !text.is_empty());
        let said = said
            .or_else(|| step.get("model_output").map(content_text))
            .unwrap_or_default();
        let about = transcript.about();
        if about.model.is_none() {
            about.model = message
                .pointer("/raw/model")
                .and_then(Value::as_str)
                .map(str::to_owned);
        }
        let error = step.get("error").filter(|error| !error.is_null());
        let calls = step.get("tool_calls").and_then(Value::as_array);
        let calls = calls.map_or(&[][..], Vec::as_slice);
        let number = step.get("step_number").and_then(Value::as_u64);
        let address = |command| Address {
            episode: number,
            command: Some(command),
            ..Address::default()
        };
        let mut last = None;
        if calls.is_empty() && error.is_some() && !said.is_empty() {
            last = Some(transcript.call(Call {
                id: None,
                action: tool::invalid("", said),
                address: address(0),
                cite: cite(RefPart::Action),
            }));
        } else {
            transcript.say(&said);
        }
        for (command, call) in (0..).zip(calls) {
            let function = call.get("function").unwrap_or(call);
            let arguments = function.get("arguments").cloned().unwrap_or_default();
            last = Some(transcript.call(Call {
                id: str_at(call, "id"),
                action: tool::action(str_at(function, "name").unwrap_or("unknown"), arguments),
                address: address(command),
                cite: cite(RefPart::Action),
            }));
        }
        transcript.at(time("end_time"));
        self.joined += u32::from(calls.len() > 1);
        if let Some(index) = last
            && let Some(seen) = observation_of(step, error)
        {
            transcript.settle(index, seen, cite(RefPart::Observation));
        }
        let final_turn = step.get("is_final_answer").and_then(Value::as_bool) == Some(true);
        if final_turn || calls.is_empty() {
            let given = step.get("action_output").filter(|output| !output.is_null());
            let given = given.or_else(|| step.get("observations").filter(|_| final_turn));
            let given = given.map(text_of).filter(|text| !text.is_empty());
            self.answer = given.or_else(|| self.answer.take());
        }
        let ended = error.and_then(|error| str_at(error, "type"));
        self.transcript.about().outcome.exit_status = ended.map(str::to_owned);
    }
}

/// What a turn's calls gave, with what went wrong.
fn observation_of(step: &Value, error: Option<&Value>) -> Option<Observation> {
    let seen = step.get("observations").and_then(Value::as_str);
    let Some(error) = error else {
        return seen.map(Observation::text);
    };
    let message = str_at(error, "message").map_or_else(|| text_of(error), str::to_owned);
    let text = match seen {
        Some(seen) if !seen.is_empty() => format!("{seen}\n{message}"),
        _ => message,
    };
    Some(Observation {
        is_error: Some(true),
        ..Observation::text(text)
    })
}

fn usage_of(step: &Value) -> Usage {
    let tokens = |key: &str| step.get("token_usage")?.get(key)?.as_u64();
    Usage {
        input_tokens: tokens("input_tokens"),
        output_tokens: tokens("output_tokens"),
        ..Usage::default()
    }
}
