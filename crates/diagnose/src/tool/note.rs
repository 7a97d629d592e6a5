//! `note`: what the model wants to keep in mind.

use serde_json::{Map, Value, json};

use super::Tool;
use super::arguments::Arguments;
use super::list::short;
use crate::ledger::Ledger;
use crate::subject::Subject;

/// The longest note, in characters.
const LONGEST: usize = 300;

/// Keeps a note.
pub struct Note;

impl Tool for Note {
    fn name(&self) -> &'static str {
        "note"
    }

    fn description(&self) -> &'static str {
        "Keep a finding or open question when older answers are folded away."
    }

    fn parameters(&self) -> Value {
        json!({
            "type": "object",
            "properties": {"text": {"type": "string"}},
            "required": ["text"]
        })
    }

    /// What a model notes may be words of the run: they stay on one line and without secrets.
    fn call(
        &self,
        subject: &Subject<'_>,
        arguments: &Map<String, Value>,
        _: u64,
        ledger: &mut Ledger,
    ) -> Result<String, String> {
        let asked = Arguments::new(self, arguments)?;
        let text = asked.text("text").ok_or("text is empty")?;
        ledger.note(subject.fence.words(&subject.safe(&short(text, LONGEST))));
        Ok("kept".to_owned())
    }
}
