//! Two habits of telemetry, undone: attribute lists and flattened keys.
//!
//! `[{"key": "tool.name", "value": {"stringValue": "bash"}}]` becomes `{"tool": {"name": "bash"}}`,
//! and `{"messages.0.role": "user", "messages.1.role": "tool"}` becomes
//! `{"messages": [{"role": "user"}, {"role": "tool"}]}`, so that paths need to know neither.

use serde_json::{Map, Value};

/// The value with attribute lists and flattened keys undone, at every depth. What is neither is
/// left as it is. Recursion is bounded by the depth the JSON parser allows.
pub(super) fn canonical(value: Value) -> Value {
    match value {
        Value::Array(items) => match attributes(&items) {
            Some(members) => canonical(Value::Object(members)),
            None => Value::Array(items.into_iter().map(canonical).collect()),
        },
        Value::Object(members) => {
            let flattened = members.keys().filter(|key| is_flattened(key)).count();
            let members = if flattened * 2 >= members.len() && flattened > 1 {
                unflatten(members)
            } else {
                members
            };
            let inner = members.into_iter().map(|(key, v)| (key, canonical(v)));
            Value::Object(inner.collect())
        }
        scalar => scalar,
    }
}

/// The members of a list of `{key, value}` objects.
fn attributes(items: &[Value]) -> Option<Map<String, Value>> {
    if items.is_empty() {
        return None;
    }
    let pair = |item: &Value| {
        let item = item.as_object().filter(|item| item.len() == 2)?;
        let key = item.get("key")?.as_str()?.to_owned();
        Some((key, plain(item.get("value")?)))
    };
    items.iter().map(pair).collect()
}

/// The value in a wrapper that names its type (`stringValue`, `intValue`, `arrayValue` …).
fn plain(value: &Value) -> Value {
    let Some(members) = value.as_object().filter(|members| members.len() == 1) else {
        return value.clone();
    };
    let Some((kind, inner)) = members.iter().next() else {
        return value.clone();
    };
    match kind.as_str() {
        "intValue" => {
            let number = inner.as_str().and_then(|text| text.parse::<i64>().ok());
            number.map_or_else(|| inner.clone(), Value::from)
        }
        "arrayValue" => {
            let items = inner.get("values").and_then(Value::as_array);
            items.map_or_else(
                || inner.clone(),
                |items| Value::Array(items.iter().map(plain).collect()),
            )
        }
        "kvlistValue" => inner.get("values").cloned().unwrap_or(Value::Null),
        "stringValue" | "doubleValue" | "boolValue" | "bytesValue" => inner.clone(),
        _ => value.clone(),
    }
}

fn is_flattened(key: &str) -> bool {
    key.contains('.') && key.split('.').all(|part| !part.is_empty()) && !key.contains(['/', ' '])
}

/// Members with dotted names as nested objects and lists. A name that is both a value and a folder
/// keeps its value under the empty name.
fn unflatten(members: Map<String, Value>) -> Map<String, Value> {
    const MOST_PARTS: usize = 24;
    let mut root = Map::new();
    for (key, value) in members {
        if !is_flattened(&key) || key.split('.').count() > MOST_PARTS {
            match root.get_mut(&key) {
                Some(Value::Object(folder)) if !value.is_object() => {
                    folder.insert(String::new(), value);
                }
                _ => {
                    root.insert(key, value);
                }
            }
            continue;
        }
        let mut at = &mut root;
        let mut parts = key.split('.').peekable();
        while let Some(part) = parts.next() {
            if parts.peek().is_none() {
                match at.get_mut(part) {
                    Some(Value::Object(folder)) => {
                        folder.insert(String::new(), value);
                    }
                    _ => {
                        at.insert(part.to_owned(), value);
                    }
                }
                break;
            }
            let slot = at.entry(part.to_owned()).or_insert(Value::Null);
            if !slot.is_object() {
                let own = slot.take();
                let mut folder = Map::new();
                if !own.is_null() {
                    folder.insert(String::new(), own);
                }
                *slot = Value::Object(folder);
            }
            let Some(folder) = slot.as_object_mut() else {
                break;
            };
            at = folder;
        }
    }
    root.into_iter()
        .map(|(key, value)| (key, listed(value)))
        .collect()
}

/// Objects whose names are 0, 1, 2 … as lists.
fn listed(value: Value) -> Value {
    let Value::Object(members) = value else {
        return value;
    };
    let count = members.len();
    let numbered = (0..count).all(|at| members.contains_key(&at.to_string()));
    let inner = members.into_iter().map(|(key, value)| (key, listed(value)));
    if !numbered || count == 0 {
        return Value::Object(inner.collect());
    }
    let mut items: Vec<(usize, Value)> = inner
        .filter_map(|(key, value)| Some((key.parse().ok()?, value)))
        .collect();
    items.sort_by_key(|(at, _)| *at);
    Value::Array(items.into_iter().map(|(_, value)| value).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn telemetry_reads_like_other_json() {
        let span = json!({"attributes": [
            {"key": "llm.messages.0.role", "value": {"stringValue": "user"}},
            {"key": "llm.messages.1.role", "value": {"stringValue": "tool"}},
            {"key": "tokens", "value": {"intValue": "12"}},
            {"key": "llm", "value": {"stringValue": "x"}}]});
        assert_eq!(
            canonical(span),
            json!({"attributes": {"llm": {"messages": [{"role": "user"}, {"role": "tool"}], "": "x"}, "tokens": 12}})
        );
    }

    #[test]
    fn file_names_as_keys_are_left_alone() {
        let files = json!({"src/a.py": 1, "b.py": 2});
        assert_eq!(canonical(files.clone()), files);
        let one = json!({"v1.0": 1, "name": 2});
        assert_eq!(canonical(one.clone()), one);
    }

    proptest! {
        #[test]
        fn no_keys_panic(keys in prop::collection::btree_map("[a0.]{0,9}", 0..3, 0..9)) {
            let keys: Map<String, Value> = keys.into_iter().map(|(k, v)| (k, Value::from(v))).collect();
            let _ = canonical(Value::Object(keys));
        }
    }
}
