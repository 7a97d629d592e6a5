//! What the values of a field look like.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::shape;
use crate::learned::interpret::arguments_of;
use crate::learned::path::{Path, Segment, decoded};
use crate::learned::score::ratio;
use crate::time;

/// How many different values of a field are kept.
const MOST_DISTINCT: usize = 20_000;
/// The longest value that is kept to compare it with others.
const LONGEST_KEPT: usize = 200;
/// How deep below a part fields are looked for, counted in objects.
const DEEPEST: usize = 5;
/// How much of the shape of the arguments a name must tell to count as the tool's.
pub(super) const LEAST_TOLD: f64 = 0.55;
/// How many fields of a part are looked at.
const MOST_FIELDS: usize = 400;

/// One field of a kind of part, over all parts of that kind.
#[derive(Debug, Default)]
pub(super) struct Field {
    /// Parts that have it, and not null.
    pub(super) present: usize,
    /// Parts in which it is a text, an object, a list, a number, a boolean.
    pub(super) texts: usize,
    pub(super) objects: usize,
    pub(super) lists: usize,
    pub(super) numbers: usize,
    pub(super) booleans: usize,
    /// Bytes of its texts.
    pub(super) length: usize,
    /// Texts that could be names.
    pub(super) identifiers: usize,
    /// Texts that are names of tools.
    pub(super) tools: usize,
    /// Texts that look like command lines.
    pub(super) commands: usize,
    /// Texts with several words.
    pub(super) prose: usize,
    /// Texts of several lines.
    pub(super) lines: usize,
    /// Texts that read like sentences of a person or a model: a capital at the beginning, a full stop
    /// at the end, words between.
    pub(super) sentences: usize,
    /// The sum, over parts, of its place among the fields of the part.
    places: usize,
    /// Values that are times, as ISO text.
    pub(super) times: usize,
    /// Numbers, and texts of digits, that could count the seconds, or parts of them, since 1970.
    pub(super) stamps: usize,
    /// Objects, or texts that are the JSON of one, with a member that arguments of tools have.
    pub(super) arguments: usize,
    /// Objects that describe arguments instead of giving them: schemas.
    pub(super) schemas: usize,
    /// Objects, or texts that are the JSON of one.
    pub(super) records: usize,
    /// The short values, with how often each occurs.
    pub(super) values: BTreeMap<String, usize>,
    /// True when there are more values than are kept.
    pub(super) many: bool,
}

impl Field {
    fn add(&mut self, value: &Value) {
        self.present += 1;
        match value {
            Value::Null => self.present -= 1,
            Value::String(text) => self.add_text(text),
            Value::Object(_) => self.objects += 1,
            Value::Array(_) => self.lists += 1,
            Value::Number(number) => {
                self.numbers += 1;
                self.stamps += usize::from(number.as_f64().is_some_and(could_be_time));
                self.keep(number.to_string());
            }
            Value::Bool(truth) => {
                self.booleans += 1;
                self.keep(truth.to_string());
            }
        }
        if let Some(Value::Object(members)) = arguments_of(value).as_deref() {
            self.records += 1;
            let named = members.keys().any(|key| shape::is_argument_name(key));
            self.arguments += usize::from(named);
            let typed = |value: &Value| value.get("type").is_some_and(Value::is_string);
            let schema = members.contains_key("properties")
                || members.contains_key("$schema")
                || !members.is_empty() && members.values().all(typed);
            self.schemas += usize::from(schema);
        }
    }

    fn add_text(&mut self, text: &str) {
        self.texts += 1;
        self.length += text.len();
        self.identifiers += usize::from(shape::is_identifier(text));
        self.tools += usize::from(shape::is_tool(text));
        self.commands += usize::from(shape::is_command(text));
        self.prose += usize::from(text.split_whitespace().nth(2).is_some());
        self.lines += usize::from(text.trim_end().contains('\n'));
        self.sentences += usize::from(shape::is_sentence(text));
        let like_time = text.len() >= 10 && text.len() <= 40 && text.as_bytes()[0].is_ascii_digit();
        self.times += usize::from(like_time && time::parse(text).is_some());
        let digits = text.bytes().all(|b| b.is_ascii_digit());
        self.stamps += usize::from(digits && [10, 13, 16, 19].contains(&text.len()));
        if text.len() <= LONGEST_KEPT {
            self.keep(text.to_owned());
        }
    }

    fn keep(&mut self, value: String) {
        if let Some(count) = self.values.get_mut(&value) {
            *count += 1;
        } else if self.values.len() < MOST_DISTINCT {
            self.values.insert(value, 1);
        } else {
            self.many = true;
        }
    }

    /// The share of its texts that have a property counted in `part`.
    pub(super) fn share(&self, part: usize) -> f64 {
        if self.texts == 0 {
            return 0.0;
        }
        ratio(part, self.texts)
    }

    /// The mean length of its texts.
    pub(super) fn mean_length(&self) -> f64 {
        if self.texts == 0 {
            return 0.0;
        }
        ratio(self.length, self.texts)
    }

    /// Its mean place among the fields of a part: who writes a record writes the question before
    /// the answer.
    pub(super) fn place(&self) -> f64 {
        ratio(self.places, self.present.max(1))
    }

    /// How much its texts look like what a program printed, 0 to 1: many lines, no sentences.
    pub(super) fn printed(&self) -> f64 {
        const LEAST_LINES: f64 = 0.15;
        let telling = self.share(self.lines) >= LEAST_LINES;
        if !telling || self.share(self.identifiers) > 0.8 || self.arguments * 2 > self.present {
            return 0.0;
        }
        0.5 * self.share(self.lines) + 0.5 * (1.0 - self.share(self.sentences))
    }

    /// Whether its values name things: nearly a new one each time, or as often as there are runs.
    pub(super) fn is_different_each_time(&self) -> bool {
        const LEAST: usize = 5;
        let kinds = self.values.len();
        let of_names = self.texts > 0 && self.identifiers == self.texts && self.times == 0;
        let of_numbers = self.numbers == self.present;
        let most = self.values.values().copied().max().unwrap_or_default();
        kinds >= LEAST
            && (of_names || of_numbers)
            && self.stamps * 2 < self.present
            && kinds * 7 > self.present
            && most * kinds <= 2 * self.present + kinds
    }

    /// The values as a set, for comparison with another field's.
    pub(super) fn names(&self) -> BTreeSet<&str> {
        self.values.keys().map(String::as_str).collect()
    }
}

/// Whether a number could count seconds, or parts of them, since 1970, in our days.
fn could_be_time(number: f64) -> bool {
    [1.0, 1e3, 1e6, 1e9]
        .iter()
        .any(|unit| (1e9..3e9).contains(&(number / unit)))
}

/// The fields of parts of one kind, by path. Lists are not entered: what stands in them is a part of
/// its own.
pub(super) fn fields_of<'v>(parts: impl Iterator<Item = &'v Value>) -> BTreeMap<Path, Field> {
    let mut fields: BTreeMap<Path, Field> = BTreeMap::new();
    for part in parts {
        let mut open: Vec<(Path, Cow<'_, Value>, usize)> =
            vec![(Path::root(), Cow::Borrowed(part), 0)];
        let mut place = 0;
        while let Some((path, value, depth)) = open.pop() {
            if fields.len() < MOST_FIELDS || fields.contains_key(&path) {
                let field = fields.entry(path.clone()).or_default();
                field.add(&value);
                field.places += place;
                place += 1;
            }
            if depth >= DEEPEST {
                continue;
            }
            enter(&path, value, depth, &mut open);
        }
    }
    fields.remove(&Path::root());
    fields
}

fn enter<'v>(
    path: &Path,
    value: Cow<'v, Value>,
    depth: usize,
    open: &mut Vec<(Path, Cow<'v, Value>, usize)>,
) {
    match value {
        Cow::Borrowed(Value::Object(members)) => {
            open.extend(
                members
                    .iter()
                    .rev()
                    .map(|(key, inner)| (path.key(key), Cow::Borrowed(inner), depth + 1)),
            );
        }
        Cow::Owned(Value::Object(members)) => {
            open.extend(
                members
                    .into_iter()
                    .map(|(key, inner)| (path.key(&key), Cow::Owned(inner), depth + 1)),
            );
        }
        other => {
            if let Some(inner) = decoded(&other) {
                open.push((path.then(Segment::Json), Cow::Owned(inner), depth + 1));
            }
        }
    }
}

/// How much better one knows which members the arguments have when one knows the name, 0 to 1:
/// each tool has its own.
pub(super) fn told_by<'v>(
    parts: impl Iterator<Item = &'v Value>,
    name: &Path,
    arguments: &Path,
) -> f64 {
    const LOOKED_AT: usize = 300;
    const LEAST: usize = 5;
    let mut all: BTreeMap<String, usize> = BTreeMap::new();
    let mut by_name: BTreeMap<String, BTreeMap<String, usize>> = BTreeMap::new();
    let mut count = 0;
    for part in parts.take(LOOKED_AT) {
        let name = name.first(part);
        let value = arguments.first(part);
        let (Some(name), Some(value)) = (name.as_deref().and_then(Value::as_str), value) else {
            continue;
        };
        let inner = arguments_of(&value);
        let Some(Value::Object(members)) = inner.as_deref() else {
            continue;
        };
        let keys: Vec<&str> = members.keys().map(String::as_str).collect();
        let keys = keys.join(" ");
        count += 1;
        *all.entry(keys.clone()).or_default() += 1;
        *by_name
            .entry(name.to_owned())
            .or_default()
            .entry(keys)
            .or_default() += 1;
    }
    let most = |sets: &BTreeMap<String, usize>| sets.values().copied().max().unwrap_or_default();
    let plain = most(&all);
    if count < LEAST || by_name.len() < 2 || by_name.len() * 3 > count * 2 || plain == count {
        return 0.0;
    }
    let told: usize = by_name.values().map(most).sum();
    ratio(told.saturating_sub(plain), count - plain)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn calls() -> Vec<Value> {
        let one = |at: usize| match at % 2 {
            0 => {
                json!({"who": "seek", "with": {"muster": at, "wo": "x"}, "mark": format!("m{at}")})
            }
            _ => json!({"who": "zeig", "with": {"datei": "y"}, "mark": format!("m{at}")}),
        };
        (0..20).map(one).collect()
    }

    #[test]
    fn a_tool_tells_the_shape_of_its_arguments() {
        let calls = calls();
        let told = |name: &str| {
            let (name, with) = (Path::root().key(name), Path::root().key("with"));
            told_by(calls.iter(), &name, &with)
        };
        assert!(told("who") > 0.9);
        assert!(told("mark") < LEAST_TOLD, "an id tells nothing");
    }

    #[test]
    fn ids_differ_and_clocks_are_no_ids() {
        let records = calls();
        let fields = fields_of(records.iter());
        assert!(fields[&Path::root().key("mark")].is_different_each_time());
        assert!(!fields[&Path::root().key("who")].is_different_each_time());
        let clocks: Vec<Value> = (0..9).map(|n| json!({"at": 1_760_000_000 + n})).collect();
        let fields = fields_of(clocks.iter());
        assert!(!fields[&Path::root().key("at")].is_different_each_time());
    }

    #[test]
    fn what_is_printed_is_told_from_what_is_said() {
        let texts = [
            json!({"a": "x.py:3: a\nx.py:9: b\n", "b": "I look at it first."}),
            json!({"a": "ok\n1 passed\n", "b": "Now I run the tests.\nThen I stop."}),
        ];
        let fields = fields_of(texts.iter());
        let printed = |name: &str| fields[&Path::root().key(name)].printed();
        assert!(printed("a") > printed("b"));
    }
}
