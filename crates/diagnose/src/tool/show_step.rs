//! `show_step`: what a step thought, did and saw.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};
use trace::StepId;

use super::{Tool, clip, number};
use crate::ledger::Ledger;
use crate::subject::{Part, Subject};

/// Shows a step.
pub struct ShowStep;

impl Tool for ShowStep {
    fn name(&self) -> &'static str {
        "show_step"
    }

    fn description(&self) -> &'static str {
        "Open a step: its thought, action and observation."
    }

    fn parameters(&self) -> Value {
        json!({
            "type": "object",
            "properties": {"step": {"type": "integer", "minimum": 1}},
            "required": ["step"],
            "additionalProperties": false
        })
    }

    fn call(
        &self,
        subject: &Subject<'_>,
        arguments: &Map<String, Value>,
        room: u64,
        ledger: &mut Ledger,
    ) -> Result<String, String> {
        let id = subject.step_id(number(arguments, "step").unwrap_or(0))?;
        Ok(show(subject, id, room, ledger))
    }
}

/// A step in at most `room` tokens, noted as opened.
pub fn show(subject: &Subject<'_>, id: StepId, room: u64, ledger: &mut Ledger) -> String {
    let Some(indexed) = subject.index().step(id) else {
        return String::new();
    };
    ledger.open(id);
    let mut text = format!("step {id}\n");
    let texts = Part::ALL.map(|part| (part, subject.text(&indexed.step, part)));
    let present = texts.iter().filter(|(_, text)| !text.trim().is_empty());
    let each = room / (present.count().max(1) as u64);
    for (part, words) in &texts {
        if words.trim().is_empty() {
            continue;
        }
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "{}:\n{}",
            part.as_str(),
            subject.fence.data(&clip(words, each))
        );
    }
    text
}
