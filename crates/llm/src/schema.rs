//! Answers that must satisfy a JSON schema.

use std::sync::Arc;

use serde_json::Value;

use crate::error::LlmError;
use crate::message::Request;

/// A JSON schema that an answer must satisfy. Cheap to clone.
#[derive(Debug, Clone)]
pub struct OutputSchema(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    name: String,
    value: Value,
    closed: bool,
    validator: jsonschema::Validator,
}

impl PartialEq for OutputSchema {
    fn eq(&self, other: &Self) -> bool {
        self.0.name == other.0.name && self.0.value == other.0.value
    }
}

impl OutputSchema {
    /// Takes a name (letters, digits, `_`, `-`) and the schema.
    ///
    /// # Errors
    /// [`LlmError::Setting`] when it is no valid schema.
    pub fn new(name: &str, value: Value) -> Result<Self, LlmError> {
        let validator = jsonschema::validator_for(&value).map_err(|error| LlmError::Setting {
            variable: "output schema",
            reason: format!("`{name}` is no valid JSON schema: {error}"),
        })?;
        let closed = is_closed(&value);
        Ok(Self(Arc::new(Inner {
            name: name.to_owned(),
            value,
            closed,
            validator,
        })))
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// The schema itself.
    #[must_use]
    pub fn value(&self) -> &Value {
        &self.0.value
    }

    /// Whether every object in it names all its fields, requires them and allows no others: what
    /// OpenAI's strict mode asks for.
    pub(crate) fn is_closed(&self) -> bool {
        self.0.closed
    }

    /// Reads an answer: one JSON document, with or without a fence of three backticks around it.
    ///
    /// # Errors
    /// One line for each mistake, at most eight, written so that they can be sent back.
    pub fn read(&self, answer: &str) -> Result<Value, Vec<String>> {
        let value = serde_json::from_str(unfenced(answer))
            .map_err(|error| vec![format!("the answer is not one JSON document: {error}")])?;
        let errors = faults(&self.0.validator, &value);
        if errors.is_empty() {
            Ok(value)
        } else {
            Err(errors)
        }
    }

    /// The request with the schema as an instruction instead of a part of the protocol.
    pub(crate) fn as_instruction(&self, mut request: Request) -> Request {
        let words = format!(
            "Answer with exactly one JSON document and nothing else: no prose, no fences. It must \
             satisfy this JSON schema:\n{}",
            self.0.value
        );
        request.system = Some(
            match request.system.take().filter(|system| !system.is_empty()) {
                Some(system) => format!("{system}\n\n{words}"),
                None => words,
            },
        );
        request.schema = None;
        request
    }
}

/// What is wrong with a value, as lines for the model.
pub(crate) fn faults(validator: &jsonschema::Validator, value: &Value) -> Vec<String> {
    const MOST: usize = 8;
    validator
        .iter_errors(value)
        .take(MOST)
        .map(|error| {
            let path = error.instance_path().to_string();
            let place = if path.is_empty() {
                "the document"
            } else {
                &path
            };
            format!(
                "{place}: {}",
                crate::provider::excerpt(&error.masked().to_string())
            )
        })
        .collect()
}

fn unfenced(answer: &str) -> &str {
    let answer = answer.trim();
    let Some(inner) = answer
        .strip_prefix("```")
        .and_then(|rest| rest.strip_suffix("```"))
    else {
        return answer;
    };
    match inner.split_once('\n') {
        Some((language, document)) if language.trim().chars().all(char::is_alphanumeric) => {
            document
        }
        _ => answer,
    }
}

fn is_closed(schema: &Value) -> bool {
    let mut open = vec![schema];
    while let Some(value) = open.pop() {
        match value {
            Value::Object(map) => {
                if let Some(fields) = map.get("properties").and_then(Value::as_object) {
                    let required = map.get("required").and_then(Value::as_array);
                    let all = fields.keys().all(|name| {
                        required.is_some_and(|r| r.iter().any(|field| field == name.as_str()))
                    });
                    if !all || map.get("additionalProperties") != Some(&Value::Bool(false)) {
                        return false;
                    }
                } else if map.get("type").is_some_and(|kind| kind == "object") {
                    return false;
                }
                open.extend(map.values());
            }
            Value::Array(list) => open.extend(list),
            _ => {}
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn schema() -> OutputSchema {
        let value = json!({
            "type": "object",
            "properties": {"step": {"type": "integer", "minimum": 1}},
            "required": ["step"],
            "additionalProperties": false,
        });
        OutputSchema::new("verdict", value).unwrap()
    }

    #[test]
    fn answers_with_and_without_a_fence() {
        for answer in [
            "{\"step\": 3}",
            " ```json\n{\"step\": 3}\n``` ",
            "```\n{\"step\":3}```",
        ] {
            assert_eq!(schema().read(answer), Ok(json!({"step": 3})));
        }
    }

    #[test]
    fn mistakes_are_named() {
        let errors: Vec<_> = [
            "{\"step\": 0, \"more\": 1}",
            "It is step 3.",
            "{\"step\": 3} {}",
        ]
        .map(|answer| schema().read(answer).unwrap_err())
        .into();
        insta::assert_debug_snapshot!(errors);
    }

    #[test]
    fn closed_schemas_are_recognised() {
        assert!(schema().is_closed());
        let open = json!({"type": "object", "properties": {"a": {}}, "required": ["a"]});
        assert!(!OutputSchema::new("open", open).unwrap().is_closed());
        assert!(
            !OutputSchema::new("any", json!({"type": "object"}))
                .unwrap()
                .is_closed()
        );
    }

    #[test]
    fn a_schema_that_is_none_is_refused() {
        assert!(OutputSchema::new("bad", json!({"type": 3})).is_err());
    }
}
