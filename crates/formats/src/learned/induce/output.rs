//! Which fields of a part say what came back from a call.

use serde_json::Value;

use super::call::structured_call;
use super::field::Field;
use super::kind::Kind;
use super::lexicon::{self, fit, path_fit, plain};
use crate::learned::interpret::{arguments_of, text_of};
use crate::learned::map::{Condition, ResultFields};
use crate::learned::path::{Path, Segment};
use crate::learned::score::ratio;

/// The fields of a result in a kind of part; `taken` are fields that mean something else.
pub(super) fn result_fields(
    kind: &Kind<'_>,
    taken: &[&Path],
    answered: Option<&Path>,
) -> Option<ResultFields> {
    let beside_call = !taken.is_empty();
    // A result may repeat the call it answers.
    let repeated = structured_call(kind, 0.0).map(|call| call.fields);
    let repeated: Vec<&Path> = repeated
        .iter()
        .flat_map(|call| &call.arguments)
        .filter(|path| path_fit(path, lexicon::OUTPUTS) == 0.0)
        .collect();
    let mut best: Option<(f64, &Path)> = None;
    for (path, field) in &kind.fields {
        let Some(key) = path.last_key() else { continue };
        let within = taken
            .iter()
            .any(|other| path.below(other).is_some() || other.below(path).is_some());
        // What came back does not hold the id of the call it answers.
        let around = answered.is_some_and(|id| id.below(path).is_some());
        let asked = repeated.iter().any(|other| path.below(other).is_some());
        if within
            || asked
            || around
            || path.segments().last() == Some(&Segment::Json)
            || is_telemetry_text(path)
        {
            continue;
        }
        let mut named = path_fit(path, lexicon::OUTPUTS);
        // Beside a call, words such as `text` or `message` are the agent's own.
        let place = lexicon::OUTPUTS.iter().position(|word| *word == plain(key));
        if beside_call && place.is_none_or(|at| at > 9) {
            named = 0.0;
        }
        let holds = field.texts + field.lists + field.objects;
        if named == 0.0 {
            named = looks_printed(kind, path, field, taken);
        }
        if named == 0.0 || holds == 0 {
            continue;
        }
        let there = ratio(field.present, kind.parts.len());
        #[expect(clippy::cast_precision_loss, reason = "paths are short")]
        let depth = path.segments().len() as f64;
        // One word is a status or a name; JSON is not what a person would read.
        let mut unlike = 0.0;
        if field.texts > 0 && field.share(field.identifiers) > 0.8 && field.values.len() < 12 {
            unlike += 0.6;
        }
        if field.objects + field.lists > field.texts && reads_as_json(kind, path) {
            unlike += 0.8;
        }
        let length = field.mean_length().min(200.0) / 1000.0;
        let worth = named + 0.8 * there - 0.25 * depth - unlike + length;
        if best.is_none_or(|(most, _)| worth > most) {
            best = Some((worth, path));
        }
    }
    let (_, outer) = best?;
    let text = inner_output(kind, outer)
        .into_iter()
        .chain([outer.clone()])
        .chain(error_beside(kind, outer))
        .collect();
    Some(ResultFields {
        id: Vec::new(),
        exit_status: exit_of(kind, taken),
        failed: failed_of(kind, taken),
        text,
    })
}

/// How much a field looks like what came back, whatever it is called: beside a call it stands after
/// what was asked, and is not what the agent says.
fn looks_printed(kind: &Kind<'_>, path: &Path, field: &Field, taken: &[&Path]) -> f64 {
    const LEAST: f64 = 0.4;
    let Some(key) = path.last_key() else {
        return 0.0;
    };
    let said = [lexicon::THOUGHTS, lexicon::REASONING]
        .iter()
        .any(|words| fit(key, words) > 0.0);
    let asked = taken.iter().filter_map(|path| kind.field(path));
    let after = asked.map(Field::place).fold(0.0, f64::max) < field.place();
    let printed = field.printed();
    let mostly_text = field.texts * 2 > field.present && field.mean_length() > 12.0;
    let beside_call = !taken.is_empty();
    let named = !said && !is_telemetry_text(path) && fit(key, lexicon::ARGUMENTS) == 0.0;
    if !mostly_text || !named && beside_call || printed == 0.0 || beside_call && printed < LEAST {
        return 0.0;
    }
    if beside_call && echoes(kind, path, taken) {
        return 0.0;
    }
    let order = if after { 0.1 } else { 0.0 };
    0.1 + 0.3 * printed + order
}

/// Whether a text repeats what stands in one of the fields `taken`.
fn echoes(kind: &Kind<'_>, path: &Path, taken: &[&Path]) -> bool {
    const LOOKED_AT: usize = 40;
    let (mut all, mut same) = (0, 0);
    for part in kind.parts.iter().take(LOOKED_AT) {
        let Some(text) = path.first(&part.value).and_then(|value| text_of(&value)) else {
            continue;
        };
        let quoted = Value::from(text).to_string();
        let inner = |path: &&Path| {
            let value = path.first(&part.value)?;
            Some(arguments_of(&value).map_or_else(|| value.to_string(), |v| v.to_string()))
        };
        all += 1;
        same += usize::from(taken.iter().filter_map(inner).any(|t| t.contains(&quoted)));
    }
    same * 2 > all
}

/// Whether a structured value has no text a person would read.
fn reads_as_json(kind: &Kind<'_>, path: &Path) -> bool {
    const LOOKED_AT: usize = 20;
    let texts = kind
        .parts
        .iter()
        .filter_map(|part| text_of(&*path.first(&part.value)?))
        .take(LOOKED_AT);
    let (mut all, mut json) = (0, 0);
    for text in texts {
        all += 1;
        json += usize::from(text.starts_with(['{', '[']));
    }
    json * 2 > all
}

/// Where the text of a failure stands when the output is not there.
fn error_beside(kind: &Kind<'_>, text: &Path) -> Option<Path> {
    let outer = text.segments().split_last()?.1;
    let outer = outer
        .iter()
        .fold(Path::root(), |path, s| path.then(s.clone()));
    let beside = [
        "error",
        "error_message",
        "errorMessage",
        "message",
        "stderr",
    ];
    let beside = beside.iter().map(|key| outer.key(key));
    let mut there =
        beside.filter(|path| path != text && kind.field(path).is_some_and(|f| f.texts > 0));
    there.next()
}

/// The field that holds the text within results that are JSON as text.
fn inner_output(kind: &Kind<'_>, outer: &Path) -> Option<Path> {
    let json = outer.then(Segment::Json);
    let field = kind
        .field(outer)
        .filter(|field| field.records * 2 > field.present)?;
    let inner = kind.fields.iter().filter_map(|(path, inner)| {
        let rest = path.below(&json)?;
        let named = fit(path.last_key()?, lexicon::OUTPUTS);
        let common = rest.segments().len() == 1 && inner.present * 2 > field.present;
        (named > 0.3 && common).then_some((named, path))
    });
    let best = inner.max_by(|a, b| a.0.total_cmp(&b.0))?;
    Some(best.1.clone())
}

fn is_telemetry_text(path: &Path) -> bool {
    path.segments().iter().any(|segment| {
        matches!(segment, Segment::Key(key) if ["usage", "resource", "scope"].contains(&plain(key).as_str()))
    })
}

fn exit_of(kind: &Kind<'_>, taken: &[&Path]) -> Vec<Path> {
    let mut found: Vec<(f64, &Path)> = kind
        .fields
        .iter()
        .filter(|(path, field)| {
            let free = !taken.iter().any(|other| path.below(other).is_some());
            free && field.numbers > 0 && field.numbers == field.present
        })
        .filter_map(|(path, _)| {
            let named = fit(path.last_key()?, lexicon::EXITS);
            (named > 0.3).then_some((named, path))
        })
        .collect();
    found.sort_by(|a, b| b.0.total_cmp(&a.0));
    found
        .into_iter()
        .map(|(_, path)| path.clone())
        .take(1)
        .collect()
}

/// Where a kind says that a call failed.
fn failed_of(kind: &Kind<'_>, taken: &[&Path]) -> Vec<Condition> {
    let mut conditions = Vec::new();
    for (path, field) in &kind.fields {
        let Some(key) = path.last_key() else { continue };
        if taken.iter().any(|other| path.below(other).is_some()) {
            continue;
        }
        let says = |words: &[&str]| words.contains(&plain(key).as_str());
        if field.booleans > 0 && says(lexicon::FAILURES) {
            conditions.push(condition(path, &["true"]));
        } else if field.texts > 0 && says(lexicon::FAILURES) && field.present < kind.parts.len() {
            // An error that is told where there was one.
            conditions.push(condition(path, &[]));
        } else if field.booleans > 0 && says(lexicon::SUCCESSES) {
            conditions.push(condition(path, &["false"]));
        } else if field.texts > 0 && says(lexicon::STATES) && field.values.len() <= 12 {
            let known = field.values.keys().any(|v| {
                let word = plain(v);
                lexicon::FAILED.contains(&word.as_str())
                    || ["success", "completed", "ok", "done", "succeeded", "default"]
                        .contains(&word.as_str())
            });
            if known {
                conditions.push(condition(path, lexicon::FAILED));
            }
        }
    }
    conditions
}

fn condition(field: &Path, is: &[&str]) -> Condition {
    Condition {
        field: field.clone(),
        is: is.iter().map(|word| (*word).to_owned()).collect(),
        not: false,
    }
}
