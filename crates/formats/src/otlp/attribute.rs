//! Attributes of spans and log records: typed values, flattened lists, alternative names.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

/// Attributes by key.
#[derive(Debug, Default)]
pub(crate) struct Attributes(BTreeMap<String, Value>);

impl Attributes {
    /// Reads a list of keys and typed values, or a plain object.
    pub(crate) fn new(value: Option<&Value>) -> Self {
        let mut attributes = Self::default();
        match value {
            Some(Value::Array(list)) => {
                for pair in list {
                    if let (Some(key), Some(value)) =
                        (pair.get("key").and_then(Value::as_str), pair.get("value"))
                    {
                        attributes.0.insert(key.to_owned(), plain(value));
                    }
                }
            }
            Some(Value::Object(members)) => {
                for (key, value) in members {
                    attributes.0.insert(key.clone(), value.clone());
                }
            }
            _ => {}
        }
        attributes
    }

    /// Adds what is not there yet.
    pub(crate) fn fill(&mut self, others: Self) {
        for (key, value) in others.0 {
            self.0.entry(key).or_insert(value);
        }
    }

    /// The value of the first of `keys` that has one.
    pub(crate) fn value(&self, keys: &[&str]) -> Option<&Value> {
        let mut values = keys.iter().filter_map(|key| self.0.get(*key));
        values.find(|value| !value.is_null())
    }

    /// The text of the first of `keys` that has any.
    pub(crate) fn text(&self, keys: &[&str]) -> Option<&str> {
        let mut texts = keys.iter().filter_map(|key| self.0.get(*key)?.as_str());
        texts.find(|text| !text.is_empty())
    }

    /// The count at the first of `keys` that has one, written as a number or as its digits.
    pub(crate) fn count(&self, keys: &[&str]) -> Option<u64> {
        keys.iter().find_map(|key| {
            let value = self.0.get(*key)?;
            value.as_u64().or_else(|| value.as_str()?.parse().ok())
        })
    }

    /// The amount at the first of `keys` that has one.
    pub(crate) fn amount(&self, keys: &[&str]) -> Option<f64> {
        keys.iter().find_map(|key| {
            let value = self.0.get(*key)?;
            value.as_f64().or_else(|| value.as_str()?.parse().ok())
        })
    }

    /// Whether any key begins with `prefix`.
    pub(crate) fn has(&self, prefix: &str) -> bool {
        self.0
            .range(prefix.to_owned()..)
            .next()
            .is_some_and(|(key, _)| key.starts_with(prefix))
    }

    /// The list that was flattened to keys `prefix.0.…`, `prefix.1.…`; empty when there is none.
    pub(crate) fn list(&self, prefix: &str) -> Vec<Value> {
        let prefix = format!("{prefix}.");
        let mut root = Value::Null;
        for (key, value) in self.0.range(prefix.clone()..) {
            let Some(path) = key.strip_prefix(&prefix) else {
                break;
            };
            insert(&mut root, path, value);
        }
        match root {
            Value::Object(members) => in_order(members),
            _ => Vec::new(),
        }
    }

    /// All as one object, with JSON text read.
    pub(crate) fn into_object(self) -> Value {
        let members = self.0.into_iter();
        Value::Object(
            members
                .map(|(key, value)| (key, crate::dialogue::decoded(&value)))
                .collect(),
        )
    }
}

/// Parts of a key that are followed; deeper ones are one part.
const DEEPEST: usize = 12;

/// Puts `value` where the dotted `path` says.
fn insert(root: &mut Value, path: &str, value: &Value) {
    let mut at = root;
    for part in path.splitn(DEEPEST, '.') {
        if !at.is_object() {
            *at = Value::Object(Map::new());
        }
        let Value::Object(members) = at else { return };
        at = members.entry(part).or_insert(Value::Null);
    }
    *at = value.clone();
}

/// The values of an object whose keys are numbers, in the order of these, and what is nested in
/// them unflattened in the same way. Wrappers of one member (`message`, `tool_call`,
/// `message_content`) are opened.
fn in_order(members: Map<String, Value>) -> Vec<Value> {
    let mut numbered: Vec<(u64, Value)> = members
        .into_iter()
        .filter_map(|(key, value)| Some((key.parse().ok()?, value)))
        .collect();
    numbered.sort_by_key(|(number, _)| *number);
    numbered
        .into_iter()
        .map(|(_, value)| unflatten(value))
        .collect()
}

fn unflatten(value: Value) -> Value {
    let Value::Object(mut members) = value else {
        return value;
    };
    for wrapper in ["message", "tool_call", "message_content"] {
        if members.len() == 1
            && let Some(inner @ Value::Object(_)) = members.remove(wrapper)
        {
            return unflatten(inner);
        }
    }
    let numbered = |members: &Map<String, Value>| {
        !members.is_empty()
            && members
                .keys()
                .all(|key| key.bytes().all(|b| b.is_ascii_digit()))
    };
    if numbered(&members) {
        return Value::Array(in_order(members));
    }
    // The older way to state one call in `OpenInference`.
    if let Some(name) = members.remove("function_call_name") {
        let arguments = members.remove("function_call_arguments_json");
        let call = [("name", Some(name)), ("arguments", arguments)];
        let call = call
            .into_iter()
            .filter_map(|(key, value)| Some((key.to_owned(), value?)));
        members.insert("function_call".to_owned(), Value::Object(call.collect()));
    }
    Value::Object(
        members
            .into_iter()
            .map(|(key, value)| (key, unflatten(value)))
            .collect(),
    )
}

/// A typed value as plain JSON. Parsed JSON is never deep enough to make this a danger.
pub(super) fn plain(value: &Value) -> Value {
    let Some(members) = value.as_object().filter(|members| members.len() == 1) else {
        return value.clone();
    };
    let Some((kind, inner)) = members.iter().next() else {
        return Value::Null;
    };
    let values = || {
        inner
            .get("values")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
    };
    match kind.as_str() {
        "stringValue" | "string_value" | "boolValue" | "bool_value" | "doubleValue"
        | "double_value" | "bytesValue" | "bytes_value" => inner.clone(),
        "intValue" | "int_value" => {
            let digits = inner.as_str().and_then(|digits| digits.parse::<i64>().ok());
            digits.map_or_else(|| inner.clone(), Value::from)
        }
        "arrayValue" | "array_value" => Value::Array(values().map(plain).collect()),
        "kvlistValue" | "kvlist_value" => {
            let pairs = values().filter_map(|pair| {
                let key = pair.get("key")?.as_str()?;
                Some((
                    key.to_owned(),
                    pair.get("value").map(plain).unwrap_or_default(),
                ))
            });
            Value::Object(pairs.collect())
        }
        _ => value.clone(),
    }
}
