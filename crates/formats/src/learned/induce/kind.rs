//! Which kinds of records, and of parts of records, a layout has.
//!
//! Records of one list differ in kind, and some field tells which: `type`, `role`, `event`. It is
//! found by its name or by its values being words for speakers, and by how much better one knows a
//! record's members when one knows its value.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::field::{Field, LEAST_TOLD, fields_of, told_by};
use super::lexicon;
use super::shape;
use crate::learned::map::Condition;
use crate::learned::path::{Path, Segment, decoded};
use crate::learned::records::TABLE;
use crate::learned::score::ratio;

/// How many times a kind is split again.
const DEEPEST_SPLIT: usize = 3;
/// The most values a field has that tells kinds apart.
const MOST_KINDS: usize = 48;
/// How deep a field stands that tells kinds apart: telemetry has long names.
const DEEPEST_TELLING: usize = 4;
/// How many lists within lists are entered.
const DEEPEST_LIST: usize = 3;
/// How deep objects are entered to find a list.
const DEEPEST_OBJECT: usize = 5;
/// How little better one must know the members for a field without a telling name to count.
const LEAST_GAIN: f64 = 0.12;

/// One part of a record.
#[derive(Debug)]
pub(super) struct Part<'s> {
    /// The record it stands in.
    pub(super) record: usize,
    /// The part.
    pub(super) value: Cow<'s, Value>,
}

/// All parts of one kind.
#[derive(Debug)]
pub(super) struct Kind<'s> {
    /// What the record is.
    pub(super) when: Vec<Condition>,
    /// Where the parts stand in the record; empty for records themselves.
    pub(super) each: Path,
    /// What the part is.
    pub(super) which: Vec<Condition>,
    /// The parts.
    pub(super) parts: Vec<Part<'s>>,
    /// Their fields.
    pub(super) fields: BTreeMap<Path, Field>,
}

impl<'s> Kind<'s> {
    /// All records as one kind.
    pub(super) fn whole(records: impl Iterator<Item = (usize, &'s Value)>) -> Self {
        let parts = records.map(|(record, value)| Part {
            record,
            value: Cow::Borrowed(value),
        });
        kind(Vec::new(), Path::root(), Vec::new(), parts.collect())
    }
}

impl Kind<'_> {
    /// The values that tell this kind from others, of the part first.
    pub(super) fn words(&self) -> impl Iterator<Item = &str> {
        let conditions = self.which.iter().rev().chain(self.when.iter().rev());
        conditions.flat_map(|condition| condition.is.iter().map(String::as_str))
    }

    /// The field, if any part has it.
    pub(super) fn field(&self, path: &Path) -> Option<&Field> {
        self.fields.get(path)
    }
}

/// The kinds of `records` and of the parts in their lists.
pub(super) fn kinds_of(records: &[Value]) -> Vec<Kind<'_>> {
    let parts: Vec<Part<'_>> = records
        .iter()
        .enumerate()
        .filter(|(_, value)| value.is_object())
        .map(|(record, value)| Part {
            record,
            value: Cow::Borrowed(value),
        })
        .collect();
    let mut kinds = Vec::new();
    for (when, parts) in split(parts) {
        let mut lists: BTreeMap<Path, Vec<Part<'_>>> = BTreeMap::new();
        for part in &parts {
            collect_lists(part, &mut lists);
        }
        kinds.push(kind(when.clone(), Path::root(), Vec::new(), parts));
        for (each, parts) in lists {
            for (which, parts) in split(parts) {
                kinds.push(kind(when.clone(), each.clone(), which, parts));
            }
        }
    }
    kinds
}

fn kind(when: Vec<Condition>, each: Path, which: Vec<Condition>, parts: Vec<Part<'_>>) -> Kind<'_> {
    let fields = fields_of(parts.iter().map(|part| &*part.value));
    Kind {
        when,
        each,
        which,
        parts,
        fields,
    }
}

/// The objects in the lists below a record, by the path of the list.
fn collect_lists<'s>(part: &Part<'s>, lists: &mut BTreeMap<Path, Vec<Part<'s>>>) {
    let mut open = vec![(Path::root(), part.value.clone(), 0, 0)];
    while let Some((path, value, objects, stars)) = open.pop() {
        match value {
            Cow::Borrowed(Value::Object(members)) if is_map(members) && stars < DEEPEST_LIST => {
                let items = members.values().map(Cow::Borrowed).collect();
                take_items(part.record, &path, items, stars, lists, &mut open);
            }
            Cow::Borrowed(Value::Object(members)) if objects < DEEPEST_OBJECT => {
                for (key, inner) in members.iter().rev() {
                    open.push((path.key(key), Cow::Borrowed(inner), objects + 1, stars));
                }
            }
            Cow::Owned(Value::Object(members)) if objects < DEEPEST_OBJECT => {
                for (key, inner) in members {
                    open.push((path.key(&key), Cow::Owned(inner), objects + 1, stars));
                }
            }
            Cow::Borrowed(Value::Array(items)) if stars < DEEPEST_LIST => {
                let items = items.iter().map(Cow::Borrowed).collect();
                take_items(part.record, &path, items, stars, lists, &mut open);
            }
            Cow::Owned(Value::Array(items)) if stars < DEEPEST_LIST => {
                let items = items.into_iter().map(Cow::Owned).collect();
                take_items(part.record, &path, items, stars, lists, &mut open);
            }
            text => {
                if let Some(inner) = decoded(&text) {
                    let path = path.then(Segment::Json);
                    open.push((path, Cow::Owned(inner), objects + 1, stars));
                }
            }
        }
    }
}

type Open<'s> = Vec<(Path, Cow<'s, Value>, usize, usize)>;

fn take_items<'s>(
    record: usize,
    path: &Path,
    items: Vec<Cow<'s, Value>>,
    stars: usize,
    lists: &mut BTreeMap<Path, Vec<Part<'s>>>,
    open: &mut Open<'s>,
) {
    let path = path.then(Segment::Each);
    let mut below = Vec::new();
    for item in items {
        if !item.is_object() {
            continue;
        }
        below.push((path.clone(), item.clone(), 0, stars + 1));
        lists.entry(path.clone()).or_default().push(Part {
            record,
            value: item,
        });
    }
    open.extend(below.into_iter().rev());
}

/// Whether an object's names are keys of a map: ids and numbers, not the words of a layout.
fn is_map(members: &serde_json::Map<String, Value>) -> bool {
    let is_key = |key: &String| {
        let digits = key.bytes().filter(u8::is_ascii_digit).count();
        digits >= 4 || key.bytes().all(|b| b.is_ascii_digit())
    };
    members.len() > 1 && members.values().all(Value::is_object) && members.keys().all(is_key)
}

/// Splits parts by the field that tells most about them, and the halves again.
fn split(parts: Vec<Part<'_>>) -> Vec<(Vec<Condition>, Vec<Part<'_>>)> {
    let mut done = Vec::new();
    let tools = tool_names(&parts);
    let mut open = vec![(Vec::new(), parts, 0)];
    while let Some((conditions, parts, depth)) = open.pop() {
        let used = conditions.iter().map(|c: &Condition| &c.field);
        let used: BTreeSet<&Path> = used.chain(&tools).collect();
        let by = (depth < DEEPEST_SPLIT)
            .then(|| telling_field(&parts, &used))
            .flatten();
        let Some((field, by_presence)) = by else {
            done.push((conditions, parts));
            continue;
        };
        let mut groups: BTreeMap<String, Vec<Part<'_>>> = BTreeMap::new();
        for part in parts {
            let word = if by_presence {
                let there = field.first(&part.value).is_some_and(|v| !v.is_null());
                there.then(|| "there".to_owned())
            } else {
                field.first(&part.value).and_then(|v| word_of(&v))
            };
            groups
                .entry(word.unwrap_or_default())
                .or_default()
                .push(part);
        }
        for (word, parts) in groups {
            let mut conditions = conditions.clone();
            let absent = word.is_empty();
            conditions.push(Condition {
                field: field.clone(),
                is: if absent || by_presence {
                    Vec::new()
                } else {
                    vec![word]
                },
                not: absent,
            });
            open.push((conditions, parts, depth + 1));
        }
    }
    done.sort_by(|a, b| a.0.cmp(&b.0));
    done
}

fn word_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(truth) => Some(truth.to_string()),
        _ => None,
    }
}

/// The field that tells kinds apart best, if any does.
/// Whether it tells by its value or by being there at all is said beside.
fn telling_field(parts: &[Part<'_>], used: &BTreeSet<&Path>) -> Option<(Path, bool)> {
    const MOST_LOOKED_AT: usize = 1_500;
    let some = sample(parts, MOST_LOOKED_AT);
    if some.len() < 2 {
        return None;
    }
    let fields = fields_of(some.iter().copied());
    let candidate = |path: &Path, field: &Field| -> Option<f64> {
        let key = path.last_key()?;
        let too_deep =
            path.segments().len() > DEEPEST_TELLING || path.segments().contains(&Segment::Json);
        if too_deep
            || used.contains(path)
            || lexicon::NO_KINDS.contains(&lexicon::plain(key).as_str())
        {
            return None;
        }
        // An id groups records; it tells nothing of their kind.
        let plain = lexicon::plain(key);
        if plain.ends_with("id") && plain.len() <= 16 {
            return None;
        }
        let kinds = field.values.len();
        let wordy =
            field.texts > 0 && field.identifiers == field.texts && field.mean_length() <= 40.0;
        if !wordy || field.many || !(2..=MOST_KINDS).contains(&kinds) || kinds * 3 > field.texts + 4
        {
            return None;
        }
        if field.present * 3 < some.len() * 2
            || field.share(field.tools) > 0.6 && lexicon::fit(key, &["type", "role", "kind"]) == 0.0
        {
            return None;
        }
        // Ids and dates differ too, and tell nothing.
        if field
            .values
            .keys()
            .filter(|word| shape::is_id(word))
            .count()
            * 2
            > kinds
        {
            return None;
        }
        let named = if key == TABLE {
            1.0
        } else {
            lexicon::fit(key, lexicon::KINDS)
        };
        let speakers = field
            .values
            .keys()
            .filter(|v| lexicon::speaker(v).is_some())
            .count();
        let speakers = ratio(speakers, kinds);
        // What differs each time names the part, not its kind.
        if kinds == field.texts && speakers == 0.0 {
            return None;
        }
        let gain = gain(&some, path, false);
        let worth = gain + 0.5 * named + 0.8 * speakers;
        let enough = gain >= LEAST_GAIN
            || named > 0.0 && (gain > 0.01 || speakers >= 0.3)
            || speakers >= 0.6;
        #[expect(clippy::cast_precision_loss, reason = "paths are short")]
        let depth = path.segments().len() as f64 * 0.1;
        enough.then_some(worth - depth)
    };
    let mut best: Option<(f64, &Path)> = None;
    for (path, field) in &fields {
        if let Some(worth) = candidate(path, field)
            && best.is_none_or(|(most, _)| worth > most)
        {
            best = Some((worth, path));
        }
    }
    if let Some((_, path)) = best {
        return Some((path.clone(), false));
    }
    best_presence(&some, &fields, used).map(|path| (path, true))
}

/// About `most` of the parts, spread so that a run that alternates is not seen from one side only.
fn sample<'p>(parts: &'p [Part<'_>], most: usize) -> Vec<&'p Value> {
    let one_in = parts.len().div_ceil(most).max(1);
    let spread = |at: usize| (at.wrapping_mul(0x9E37_79B1) >> 7).is_multiple_of(one_in);
    let some = parts.iter().enumerate().filter(|(at, _)| spread(*at));
    some.map(|(_, part)| &*part.value).collect()
}

/// The fields that tell the shape of arguments beside them: they name tools, not kinds of records.
fn tool_names(parts: &[Part<'_>]) -> Vec<Path> {
    const LOOKED_AT: usize = 600;
    let some = sample(parts, LOOKED_AT);
    let fields = fields_of(some.iter().copied());
    let arguments: Vec<&Path> = fields
        .iter()
        .filter(|(_, field)| {
            field.records * 2 > field.present && field.arguments * 2 > field.records
        })
        .map(|(path, _)| path)
        .collect();
    let names = fields.iter().filter(|(path, field)| {
        let Some((_, folder)) = path.segments().split_last() else {
            return false;
        };
        let beside = arguments.iter().filter(|other| {
            other.segments().len() == folder.len() + 1 && other.segments().starts_with(folder)
        });
        field.texts > 0
            && field.identifiers == field.texts
            && field.values.len() >= 2
            && beside
                .into_iter()
                .any(|other| told_by(some.iter().copied(), path, other) >= LEAST_TOLD)
    });
    names.map(|(path, _)| path.clone()).collect()
}

/// The member whose being there tells most about the others.
fn best_presence(
    some: &[&Value],
    fields: &BTreeMap<Path, Field>,
    used: &BTreeSet<&Path>,
) -> Option<Path> {
    const LEAST_PRESENCE_GAIN: f64 = 0.3;
    let mut best: Option<(f64, &Path)> = None;
    for (path, field) in fields {
        let partly = (2..some.len() - 1).contains(&field.present);
        if path.segments().len() > 1 || used.contains(path) || !partly {
            continue;
        }
        // Its own being there is no news.
        let own = ratio(field.present.min(some.len() - field.present), some.len());
        let gain = gain(some, path, true) - own;
        if gain >= LEAST_PRESENCE_GAIN && best.is_none_or(|(most, _)| gain > most) {
            best = Some((gain, path));
        }
    }
    best.map(|(_, path)| path.clone())
}

/// How much better the members of a part are known when the value of `field` is: the mean, over
/// members, of the drop in the share of parts one would be wrong about.
fn gain(parts: &[&Value], field: &Path, by_presence: bool) -> f64 {
    let mut all: BTreeMap<&str, usize> = BTreeMap::new();
    let mut groups: BTreeMap<String, (usize, BTreeMap<&str, usize>)> = BTreeMap::new();
    for part in parts {
        let value = field.first(part).filter(|value| !value.is_null());
        let word = if by_presence {
            value.map(|_| "there".to_owned())
        } else {
            value.and_then(|value| word_of(&value))
        };
        let word = word.unwrap_or_default();
        let group = groups.entry(word).or_default();
        group.0 += 1;
        for key in members_of(part, field) {
            *all.entry(key).or_default() += 1;
            *group.1.entry(key).or_default() += 1;
        }
    }
    let wrong = |have: usize, of: usize| have.min(of - have);
    let before: usize = all.values().map(|have| wrong(*have, parts.len())).sum();
    let after: usize = groups
        .values()
        .map(|(of, have)| have.values().map(|h| wrong(*h, *of)).sum::<usize>())
        .sum();
    ratio(before.saturating_sub(after), parts.len().max(1))
}

/// The names beside the field, those of the object it stands in, and those within its neighbours, as
/// an envelope has them. Arguments are left out: they differ by tool, not by kind.
fn members_of<'v>(part: &'v Value, field: &Path) -> Vec<&'v str> {
    let mut names: Vec<&str> = Vec::new();
    let Value::Object(members) = part else {
        return names;
    };
    names.extend(members.keys().map(String::as_str));
    // Down to the object the field stands in.
    let mut members = members;
    for segment in field.segments() {
        let Segment::Key(key) = segment else { break };
        match members.get(key) {
            Some(Value::Object(inner)) => members = inner,
            _ => break,
        }
        names.extend(members.keys().map(String::as_str));
    }
    for inner in members.values().filter_map(Value::as_object) {
        if !inner.keys().any(|key| shape::is_argument_name(key)) {
            names.extend(inner.keys().map(String::as_str));
        }
    }
    names.sort_unstable();
    names.dedup();
    names
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn kinds_are_told_apart_by_their_members_not_by_tools() {
        let records: Vec<Value> = (0..12)
            .map(|at| match at % 2 {
                0 => json!({"q": "K1", "tool": if at % 4 == 0 { "sh" } else { "view" },
                    "args": if at % 4 == 0 { json!({"command": "ls"}) } else { json!({"path": "a"}) }}),
                _ => json!({"q": "K2", "text": "a\nb", "code": 0}),
            })
            .collect();
        let kinds = kinds_of(&records);
        let told: Vec<&Path> = kinds
            .iter()
            .flat_map(|k| &k.when)
            .map(|c| &c.field)
            .collect();
        assert_eq!(kinds.len(), 2);
        assert!(told.iter().all(|path| **path == Path::root().key("q")));
    }

    #[test]
    fn parts_of_a_list_are_told_apart_by_what_they_have() {
        let part = |at: usize| match at % 2 {
            0 => json!({"ask": {"name": "sh"}}),
            _ => json!({"answer": {"text": "x"}}),
        };
        let records: Vec<Value> = (0..10).map(|at| json!({"parts": [part(at)]})).collect();
        let kinds = kinds_of(&records);
        let parts = kinds.iter().filter(|kind| !kind.each.is_root());
        assert_eq!(parts.count(), 2);
    }
}
