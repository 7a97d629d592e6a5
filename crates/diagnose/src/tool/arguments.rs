//! What a model asks for.

use serde_json::{Map, Value};
use trace::StepId;

use super::Tool;
use crate::subject::{Part, Subject};

/// The arguments of a call, read leniently: `4.0` and `"4"` are the number 4.
#[derive(Clone, Copy)]
pub(crate) struct Arguments<'a>(&'a Map<String, Value>);

impl<'a> Arguments<'a> {
    /// Takes the arguments of a call.
    ///
    /// # Errors
    /// A sentence that names what the tool takes when the model gives it something else.
    pub(crate) fn new(tool: &dyn Tool, given: &'a Map<String, Value>) -> Result<Self, String> {
        Self::with(tool, given, &[])
    }

    /// The same where other names are understood that the schema does not tell.
    ///
    /// # Errors
    /// Those of [`Self::new`].
    pub(crate) fn with(
        tool: &dyn Tool,
        given: &'a Map<String, Value>,
        others: &[&str],
    ) -> Result<Self, String> {
        let schema = tool.parameters();
        let known = schema.get("properties").and_then(Value::as_object);
        let takes = |name: &str| {
            others.contains(&name) || known.is_some_and(|known| known.contains_key(name))
        };
        if given.keys().all(|name| takes(name)) {
            return Ok(Self(given));
        }
        let names = known.into_iter().flat_map(Map::keys);
        let names: Vec<&str> = names.map(String::as_str).collect();
        Err(format!("{} takes: {}", tool.name(), names.join(", ")))
    }

    /// A number.
    pub(crate) fn number(self, name: &str) -> Option<u64> {
        self.0.get(name).and_then(number)
    }

    /// A number of a line, counted from 1.
    pub(crate) fn line(self, name: &str) -> Option<usize> {
        let number = self.number(name)?;
        Some(usize::try_from(number).unwrap_or(usize::MAX).max(1))
    }

    /// Numbers.
    pub(crate) fn numbers(self, name: &str) -> Vec<u64> {
        match self.0.get(name) {
            Some(Value::Array(all)) => all.iter().filter_map(number).collect(),
            Some(one) => number(one).into_iter().collect(),
            None => Vec::new(),
        }
    }

    /// A text that is not blank, without space around it.
    pub(crate) fn text(self, name: &str) -> Option<&'a str> {
        let text = self.0.get(name)?.as_str()?.trim();
        (!text.is_empty()).then_some(text)
    }

    /// A part of a step.
    pub(crate) fn part(self) -> Option<Part> {
        let name = self.text("part")?;
        Part::ALL.into_iter().find(|part| part.as_str() == name)
    }

    /// A step that exists; `None` when none is named.
    ///
    /// # Errors
    /// A sentence when there is no such step.
    pub(crate) fn step(self, name: &str, subject: &Subject<'_>) -> Result<Option<StepId>, String> {
        let number = self.number(name);
        number.map(|number| subject.step_id(number)).transpose()
    }
}

fn number(value: &Value) -> Option<u64> {
    match value {
        Value::String(text) => text.trim().parse().ok(),
        Value::Number(number) => number.as_u64().or_else(|| {
            let number = number.as_f64()?;
            let whole = number.fract() == 0.0 && (0.0..=1e15).contains(&number);
            // A whole number of this size is the same as text.
            whole.then(|| format!("{number:.0}").parse().ok())?
        }),
        _ => None,
    }
}
