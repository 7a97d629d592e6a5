//! A field map at work: records to events.

use std::borrow::Cow;

use serde_json::Value;

use super::event::{Event, Outcome, Said};
use super::map::{CallFields, Condition, Field, FieldMap, Mark, ResultFields, Rule, Says};
use super::path::decoded;

/// What a record says by the rules of `map`, in the order a reader needs it: the person first, then
/// the agent's reasoning, words, calls and their results. `None` when no rule fits the record.
pub(super) fn events(map: &FieldMap, record: &Value) -> Option<Vec<Event>> {
    let thread = map
        .records
        .thread
        .as_ref()
        .and_then(|field| field.first(record))
        .and_then(|value| text_of(&value))
        .filter(|name| !name.is_empty());
    let mut time = Value::Null;
    let mut said: Vec<(u8, Said)> = Vec::new();
    let mut known = false;
    for rule in &map.rules {
        if !rule.when.iter().all(|condition| holds(condition, record)) {
            continue;
        }
        for part in rule.each.all(record) {
            if !rule.which.iter().all(|condition| holds(condition, &part)) {
                continue;
            }
            known |= !matches!(rule.says, Says::About { .. } | Says::Usage { .. });
            speak(rule, Scope(&part, record), &mut time, &mut said);
        }
    }
    if !known {
        return None;
    }
    let acts = said.iter().any(|(rank, _)| (2..=4).contains(rank));
    let replies = said.iter().any(|(rank, _)| *rank == 1);
    if acts && !replies {
        said.push((1, Said::Reply { id: None }));
    }
    said.sort_by_key(|(rank, _)| *rank);
    let event = |(_, says)| Event {
        thread: thread.clone(),
        time: time.clone(),
        says,
    };
    Some(said.into_iter().map(event).collect())
}

/// A part of a record, and the record.
#[derive(Clone, Copy)]
struct Scope<'v>(&'v Value, &'v Value);

impl<'v> Scope<'v> {
    /// The first of the field's values that is there.
    fn value(self, field: &Field) -> Option<Cow<'v, Value>> {
        field
            .iter()
            .filter_map(|path| path.first_of(self.0, self.1))
            .find(|value| !value.is_null())
    }

    fn text(self, field: &Field) -> Option<String> {
        text_of(&*self.value(field)?)
    }

    /// The first of the field's values that is a text with something in it.
    fn words(self, field: &Field) -> Option<String> {
        field
            .iter()
            .filter_map(|path| words_in(&*path.first_of(self.0, self.1)?))
            .find(|text| !text.trim().is_empty())
    }

    fn number(self, field: &Field) -> Option<f64> {
        let value = self.value(field)?;
        value
            .as_f64()
            .or_else(|| value.as_str()?.trim().parse().ok())
    }

    fn count(self, field: &Field) -> Option<u64> {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "checked to be a natural number that fits"
        )]
        self.number(field)
            .filter(|n| *n >= 0.0 && *n < 1e15)
            .map(|n| n as u64)
    }
}

/// Adds what the rule makes of one part.
fn speak(rule: &Rule, scope: Scope<'_>, time: &mut Value, said: &mut Vec<(u8, Said)>) {
    match &rule.says {
        Says::Nothing => {}
        Says::User { text } => {
            said.extend(scope.words(text).map(|text| (0, Said::User { text })));
        }
        Says::Think { text } => {
            said.extend(scope.words(text).map(|text| (2, Said::Think { text })));
        }
        Says::Say { text } => {
            said.extend(scope.words(text).map(|text| (3, Said::Say { text })));
        }
        Says::Call(fields) => said.extend(call(fields, scope).map(|call| (4, call))),
        Says::TextCall { text, marked } => text_call(scope, text, marked, said),
        Says::Result(fields) => {
            if let Some(outcome) = outcome(fields, scope) {
                let id = scope.text(&fields.id);
                said.push((5, Said::Result { id, outcome }));
            }
        }
        Says::Usage {
            input,
            cached,
            output,
            cost,
        } => said.push((
            6,
            Said::Usage {
                input: scope.count(input),
                cached: scope.count(cached),
                output: scope.count(output),
                cost: scope.number(cost),
            },
        )),
        Says::About {
            session,
            agent,
            model,
            cwd,
            time: at,
            reply,
        } => {
            if let Some(value) = scope.value(at) {
                *time = value.into_owned();
            }
            if !reply.is_empty() {
                said.push((
                    1,
                    Said::Reply {
                        id: scope.text(reply),
                    },
                ));
            }
            let about = Said::About {
                session: scope.text(session),
                agent: scope.text(agent),
                model: scope.text(model),
                cwd: scope.text(cwd),
            };
            said.push((0, about));
        }
    }
}

fn call(fields: &CallFields, scope: Scope<'_>) -> Option<Said> {
    let tool = scope
        .text(&fields.tool)
        .filter(|name| !name.is_empty())
        .or_else(|| fields.named.clone())?;
    let arguments = scope.value(&fields.arguments).map(Cow::into_owned);
    let result = fields.result.as_ref();
    Some(Said::Call {
        id: scope.text(&fields.id).filter(|id| !id.is_empty()),
        tool,
        arguments: arguments.unwrap_or_default(),
        once: fields.once,
        result: result.and_then(|fields| outcome(fields, scope)),
    })
}

/// What came back; `None` when the part has nothing of it.
fn outcome(fields: &ResultFields, scope: Scope<'_>) -> Option<Outcome> {
    let text = scope.text(&fields.text);
    let exit_status = scope.number(&fields.exit_status);
    if text.is_none() && exit_status.is_none() {
        return None;
    }
    let value_of = |condition: &Condition| condition.field.first_of(scope.0, scope.1);
    // A field that is there only where something failed says by its absence that nothing did.
    let is_stated =
        |condition: &&Condition| condition.is.is_empty() || value_of(condition).is_some();
    let stated: Vec<&Condition> = fields.failed.iter().filter(is_stated).collect();
    let failed = stated.iter().any(|condition| {
        value_of(condition).is_some_and(|value| {
            if condition.is.is_empty() {
                is_there(&value)
            } else {
                is_one_of(&value, &condition.is)
            }
        })
    });
    Some(Outcome {
        text: text.unwrap_or_default(),
        #[expect(clippy::cast_possible_truncation, reason = "bounded before")]
        exit_status: exit_status
            .filter(|status| status.abs() < 1e9)
            .map(|status| status as i32),
        failed: (!stated.is_empty()).then_some(failed),
    })
}

/// Commands within words: the words before the first stay words.
fn text_call(scope: Scope<'_>, text: &Field, marked: &Mark, said: &mut Vec<(u8, Said)>) {
    let Some(words) = scope.words(text) else {
        return;
    };
    let commands = marked_in(&words, marked);
    let before = commands.first().map_or(words.len(), |(at, _)| *at);
    let thought = words[..before].trim();
    if !thought.is_empty() {
        let text = thought.to_owned();
        said.push((3, Said::Say { text }));
    }
    for (_, command) in commands {
        said.push((
            4,
            Said::Call {
                id: None,
                tool: "shell".to_owned(),
                arguments: Value::String(command.to_owned()),
                once: false,
                result: None,
            },
        ));
    }
}

/// The marked commands in `words`, each with the offset its mark begins at.
pub(super) fn marked_in<'t>(words: &'t str, marked: &Mark) -> Vec<(usize, &'t str)> {
    match marked {
        Mark::Fence(languages) => fences_in(words)
            .into_iter()
            .filter(|fence| {
                languages.is_empty() && fence.language.is_empty()
                    || languages.iter().any(|language| language == fence.language)
            })
            .map(|fence| (fence.at, fence.text))
            .collect(),
        Mark::Tag(tag) => {
            let (open, close) = (format!("<{tag}>"), format!("</{tag}>"));
            let mut found = Vec::new();
            let mut from = 0;
            while let Some(at) = words[from..].find(&open).map(|at| from + at) {
                let start = at + open.len();
                let Some(end) = words[start..].find(&close).map(|end| start + end) else {
                    break;
                };
                found.push((at, words[start..end].trim()));
                from = end + close.len();
            }
            found
        }
    }
}

/// A fenced block of Markdown.
pub(super) struct Fence<'t> {
    /// Where its opening fence begins.
    pub(super) at: usize,
    /// The word after the opening fence.
    pub(super) language: &'t str,
    /// What stands between the fences.
    pub(super) text: &'t str,
}

/// The closed fenced blocks of a text.
pub(super) fn fences_in(words: &str) -> Vec<Fence<'_>> {
    let mut fences = Vec::new();
    let mut open: Option<(usize, &str, usize)> = None;
    let mut offset = 0;
    for line in words.split_inclusive('\n') {
        let next = offset + line.len();
        if let Some(info) = line.trim_start().strip_prefix("```") {
            match open.take() {
                Some((at, language, start)) if info.trim().is_empty() => fences.push(Fence {
                    at,
                    language,
                    text: words[start..offset].trim_end_matches('\n'),
                }),
                // A fence within a fence that names a language is text of the outer one.
                Some(outer) => open = Some(outer),
                None => open = Some((offset, info.trim(), next)),
            }
        }
        offset = next;
    }
    fences
}

fn holds(condition: &Condition, value: &Value) -> bool {
    let there = condition.field.first(value).is_some_and(|value| {
        is_there(&value) && (condition.is.is_empty() || is_one_of(&value, &condition.is))
    });
    there != condition.not
}

/// Whether a value says anything.
fn is_there(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => !items.is_empty(),
        Value::Object(members) => !members.is_empty(),
        _ => true,
    }
}

fn is_one_of(value: &Value, texts: &[String]) -> bool {
    match value {
        Value::String(text) => texts.contains(text),
        Value::Array(_) | Value::Object(_) => false,
        scalar => texts.contains(&scalar.to_string()),
    }
}

/// Members that hold the text of a structured value, most telling first.
const TEXTS: &[&str] = &[
    "text", "output", "content", "stdout", "result", "value", "message", "response", "parts",
    "data",
];

/// The text of a value as a person would read it: a text itself, the texts of parts one below the
/// other, of an object the member that holds its text, and failing all that its JSON. `None` for
/// null.
pub(super) fn text_of(value: &Value) -> Option<String> {
    const DEEPEST: u8 = 4;
    text_within(value, DEEPEST)
}

fn text_within(value: &Value, depth: u8) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        Value::Array(items) if depth > 0 && items.iter().all(is_textual) => {
            let texts: Vec<String> = items
                .iter()
                .filter_map(|item| text_within(item, depth - 1))
                .collect();
            Some(texts.join("\n"))
        }
        Value::Object(members) if depth > 0 => {
            let stderr = members.get("stderr").and_then(Value::as_str);
            let told = TEXTS.iter().find_map(|key| {
                let inner = members.get(*key)?;
                is_textual(inner).then(|| text_within(inner, depth - 1))?
            });
            match (told, stderr) {
                (Some(text), Some(more)) if !more.is_empty() && text != more => {
                    Some([text.as_str(), more].join(if text.is_empty() { "" } else { "\n" }))
                }
                (Some(text), _) => Some(text),
                (None, Some(text)) => Some(text.to_owned()),
                (None, None) => Some(value.to_string()),
            }
        }
        other => Some(other.to_string()),
    }
}

/// The words in the content of a message: a text, or the texts among its parts; calls, results and
/// reasoning are parts of their own.
fn words_in(value: &Value) -> Option<String> {
    let Value::Array(items) = value else {
        return text_of(value);
    };
    let text = |item: &Value| match item {
        Value::String(text) => Some(text.clone()),
        Value::Object(members) => {
            let kind = members.get("type").and_then(Value::as_str);
            let words = kind.is_none_or(|kind| kind.contains("text"));
            let text = members.get("text").or_else(|| members.get("content"));
            text.filter(|_| words)
                .and_then(Value::as_str)
                .map(str::to_owned)
        }
        _ => None,
    };
    let texts: Vec<String> = items.iter().filter_map(text).collect();
    (!texts.is_empty()).then(|| texts.join("\n"))
}

/// Whether a value is a text, or a structure that holds one where texts are held.
fn is_textual(value: &Value) -> bool {
    match value {
        Value::String(_) => true,
        Value::Array(items) => items.iter().all(is_textual),
        Value::Object(members) => TEXTS.iter().any(|key| members.contains_key(*key)),
        _ => false,
    }
}

/// The arguments of a call as an object, if they are one or the JSON text of one.
pub(super) fn arguments_of(value: &Value) -> Option<Cow<'_, Value>> {
    match value {
        Value::Object(_) => Some(Cow::Borrowed(value)),
        Value::String(_) => decoded(value).filter(Value::is_object).map(Cow::Owned),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn text_is_what_a_person_would_read() {
        let text = |value: Value| text_of(&value);
        assert_eq!(text(json!("a")), Some("a".into()));
        assert_eq!(
            text(json!([{"type": "text", "text": "a"}, {"text": "b"}])),
            Some("a\nb".into())
        );
        assert_eq!(
            text(json!({"stdout": "a", "stderr": "b", "exit_code": 1})),
            Some("a\nb".into())
        );
        assert_eq!(text(json!({"n": 1})), Some("{\"n\":1}".into()));
        assert_eq!(text(Value::Null), None);
    }

    #[test]
    fn fences_are_found_with_their_language() {
        let words = "Look:\n```bash\nls\n```\nand\n```\nplain\n```\n```open";
        let found: Vec<_> = fences_in(words)
            .iter()
            .map(|f| (f.at, f.language, f.text))
            .collect();
        assert_eq!(found, [(6, "bash", "ls"), (25, "", "plain")]);
        let tagged = marked_in(
            "a <run>ls</run> b <run>pwd</run> <run>",
            &Mark::Tag("run".into()),
        );
        assert_eq!(tagged, [(2, "ls"), (18, "pwd")]);
    }
}
