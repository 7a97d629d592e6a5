//! Tool calls held against the tools that were offered.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::error::LlmError;
use crate::message::{Completion, Tool, ToolFault};
use crate::schema::faults;

/// The tools of a request, ready to check calls.
pub(crate) struct ToolCheck {
    validators: BTreeMap<String, jsonschema::Validator>,
}

impl ToolCheck {
    /// Reads the tools' schemas.
    ///
    /// # Errors
    /// [`LlmError::Setting`] when a name or schema is one that no provider takes.
    pub(crate) fn new(tools: &[Tool]) -> Result<Self, LlmError> {
        let refuse = |name: &str, reason: String| LlmError::Setting {
            variable: "tools",
            reason: format!("`{name}`: {reason}"),
        };
        let mut validators = BTreeMap::new();
        for tool in tools {
            let allowed = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
            if tool.name.is_empty() || tool.name.len() > 64 || !tool.name.chars().all(allowed) {
                let reason = "a name is 1 to 64 letters, digits, `_` or `-`".to_owned();
                return Err(refuse(&tool.name, reason));
            }
            let validator = jsonschema::validator_for(&tool.parameters)
                .map_err(|error| refuse(&tool.name, format!("no valid JSON schema: {error}")))?;
            if validators.insert(tool.name.clone(), validator).is_some() {
                return Err(refuse(
                    &tool.name,
                    "there are two tools of this name".to_owned(),
                ));
            }
        }
        Ok(Self { validators })
    }

    /// Replaces the arguments of calls that are not what was agreed by what is wrong with them.
    pub(crate) fn apply(&self, completion: &mut Completion) {
        for call in &mut completion.calls {
            let Ok(arguments) = &call.arguments else {
                continue;
            };
            let Some(validator) = self.validators.get(&call.name) else {
                call.arguments = Err(ToolFault::UnknownTool {
                    name: crate::provider::excerpt(&call.name),
                    offered: self.validators.keys().cloned().collect(),
                });
                continue;
            };
            let errors = faults(validator, &Value::Object(arguments.clone()));
            if !errors.is_empty() {
                call.arguments = Err(ToolFault::WrongArguments {
                    name: call.name.clone(),
                    errors,
                });
            }
        }
    }
}
