//! Where a value stands within a record.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A way down from a value, written like a JSON Pointer without the leading slash:
/// `message/content/*/input`. `*` stands for every element of an array or every member of an
/// object, `@json` for the value that a text is the JSON of, `@record` at the beginning for the
/// whole record where only a part of it is looked at; `~0`, `~1`, `~2` and `~3` stand for
/// `~`, `/`, `*` and `@` within a key. The empty path is the value itself.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Path(Vec<Segment>);

/// One step of a [`Path`].
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Segment {
    /// A member of an object.
    Key(String),
    /// Every element of an array, or every member of an object.
    Each,
    /// The value a text is the JSON of.
    Json,
    /// The record the part stands in.
    Record,
}

/// How many segments a path may have.
const MOST_SEGMENTS: usize = 32;

impl Path {
    /// The path to the value itself.
    #[must_use]
    pub fn root() -> Self {
        Self::default()
    }

    /// The segments.
    #[must_use]
    pub fn segments(&self) -> &[Segment] {
        &self.0
    }

    /// True for the path to the value itself.
    #[must_use]
    pub fn is_root(&self) -> bool {
        self.0.is_empty()
    }

    /// This path and one more segment.
    #[must_use]
    pub fn then(&self, segment: Segment) -> Self {
        let mut segments = self.0.clone();
        segments.push(segment);
        Self(segments)
    }

    /// This path and a member.
    #[must_use]
    pub fn key(&self, key: &str) -> Self {
        self.then(Segment::Key(key.to_owned()))
    }

    /// This path followed by another.
    #[must_use]
    pub fn join(&self, other: &Self) -> Self {
        Self(self.0.iter().chain(&other.0).cloned().collect())
    }

    /// What is left of this path below `prefix`; `None` when it does not begin with it.
    #[must_use]
    pub fn below(&self, prefix: &Self) -> Option<Self> {
        Some(Self(self.0.strip_prefix(prefix.0.as_slice())?.to_vec()))
    }

    /// The name of the last member on the path.
    #[must_use]
    pub fn last_key(&self) -> Option<&str> {
        self.0.iter().rev().find_map(|segment| match segment {
            Segment::Key(key) => Some(key.as_str()),
            Segment::Each | Segment::Json | Segment::Record => None,
        })
    }

    /// The first value on the path, looked for in `part` or, for a path from `@record`, in `record`.
    #[must_use]
    pub fn first_of<'v>(&self, part: &'v Value, record: &'v Value) -> Option<Cow<'v, Value>> {
        match self.0.split_first() {
            Some((Segment::Record, rest)) => first(rest, record),
            _ => first(&self.0, part),
        }
    }

    /// The first value on the path, if there is one.
    #[must_use]
    pub fn first<'v>(&self, value: &'v Value) -> Option<Cow<'v, Value>> {
        first(&self.0, value)
    }

    /// Every value on the path, in the order of the record.
    #[must_use]
    pub fn all<'v>(&self, value: &'v Value) -> Vec<Cow<'v, Value>> {
        let mut found = Vec::new();
        visit(&self.0, Cow::Borrowed(value), &mut |value| {
            found.push(value);
            true
        });
        found
    }
}

fn first<'v>(path: &[Segment], value: &'v Value) -> Option<Cow<'v, Value>> {
    let mut found = None;
    visit(path, Cow::Borrowed(value), &mut |value| {
        found = Some(value);
        false
    });
    found
}

/// Gives every value below `value` on `path` to `take`, which says whether to go on. Recursion is as
/// deep as the path is long.
fn visit<'v>(
    path: &[Segment],
    value: Cow<'v, Value>,
    take: &mut impl FnMut(Cow<'v, Value>) -> bool,
) -> bool {
    let Some((segment, rest)) = path.split_first() else {
        return take(value);
    };
    match segment {
        Segment::Key(key) => match member(value, key) {
            Some(member) => visit(rest, member, take),
            None => true,
        },
        // Only the beginning of a path can leave the part it is looked for in.
        Segment::Record => true,
        Segment::Json => match decoded(&value) {
            Some(inner) => visit(rest, Cow::Owned(inner), take),
            None => true,
        },
        Segment::Each => match value {
            Cow::Borrowed(Value::Array(items)) => items
                .iter()
                .all(|item| visit(rest, Cow::Borrowed(item), take)),
            Cow::Borrowed(Value::Object(members)) => members
                .values()
                .all(|item| visit(rest, Cow::Borrowed(item), take)),
            Cow::Owned(Value::Array(items)) => items
                .into_iter()
                .all(|item| visit(rest, Cow::Owned(item), take)),
            Cow::Owned(Value::Object(members)) => members
                .into_iter()
                .all(|(_, item)| visit(rest, Cow::Owned(item), take)),
            _ => true,
        },
    }
}

fn member<'v>(value: Cow<'v, Value>, key: &str) -> Option<Cow<'v, Value>> {
    match value {
        Cow::Borrowed(value) => value.get(key).map(Cow::Borrowed),
        Cow::Owned(mut value) => value.get_mut(key).map(|v| Cow::Owned(v.take())),
    }
}

/// The object or array a text is the JSON of.
pub(super) fn decoded(value: &Value) -> Option<Value> {
    let text = value.as_str()?.trim();
    if !text.starts_with(['{', '[']) || !text.ends_with(['}', ']']) {
        return None;
    }
    serde_json::from_str(text).ok()
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, segment) in self.0.iter().enumerate() {
            if at > 0 {
                f.write_str("/")?;
            }
            match segment {
                Segment::Each => f.write_str("*")?,
                Segment::Json => f.write_str("@json")?,
                Segment::Record => f.write_str("@record")?,
                Segment::Key(key) => {
                    for c in key.chars() {
                        match c {
                            '~' => f.write_str("~0")?,
                            '/' => f.write_str("~1")?,
                            '*' => f.write_str("~2")?,
                            '@' => f.write_str("~3")?,
                            c => write!(f, "{c}")?,
                        }
                    }
                }
            }
        }
        Ok(())
    }
}

impl FromStr for Path {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.is_empty() {
            return Ok(Self::root());
        }
        let segments: Vec<Segment> = text.split('/').map(segment).collect::<Result<_, _>>()?;
        if segments.len() > MOST_SEGMENTS {
            return Err(format!("`{text}` has more than {MOST_SEGMENTS} segments"));
        }
        Ok(Self(segments))
    }
}

fn segment(text: &str) -> Result<Segment, String> {
    match text {
        "*" => return Ok(Segment::Each),
        "@json" => return Ok(Segment::Json),
        "@record" => return Ok(Segment::Record),
        _ => {}
    }
    if text.contains(['*', '@']) {
        return Err(format!(
            "`{text}`: write `~2` for `*` and `~3` for `@` in a key"
        ));
    }
    let mut key = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        key.push(match (c, c == '~') {
            (_, true) => match chars.next() {
                Some('0') => '~',
                Some('1') => '/',
                Some('2') => '*',
                Some('3') => '@',
                _ => return Err(format!("`{text}`: `~` must be followed by 0, 1, 2 or 3")),
            },
            (c, false) => c,
        });
    }
    Ok(Segment::Key(key))
}

impl TryFrom<String> for Path {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Path> for String {
    fn from(path: Path) -> Self {
        path.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn a_path_goes_through_lists_maps_and_json_text() {
        let record = json!({"a": [{"b": "{\"c\": 1}"}, {"b": "no"}, {"b": "{\"c\": 2}"}], "m": {"x": 3, "y": 4}});
        let at = |path: &str| -> Vec<Value> {
            let path: Path = path.parse().unwrap();
            path.all(&record).into_iter().map(Cow::into_owned).collect()
        };
        assert_eq!(at("a/*/b/@json/c"), [json!(1), json!(2)]);
        assert_eq!(at("m/*"), [json!(3), json!(4)]);
        assert_eq!(at(""), std::slice::from_ref(&record));
        assert!(at("a/b").is_empty());
    }

    proptest! {
        #[test]
        fn any_key_can_be_written(keys in prop::collection::vec(".{1,8}", 1..4)) {
            let path = keys.iter().fold(Path::root(), |path, key| path.key(key));
            prop_assert_eq!(path.to_string().parse::<Path>(), Ok(path));
        }

        #[test]
        fn any_text_is_a_path_or_an_error(text in ".{0,40}") {
            if let Ok(path) = text.parse::<Path>() {
                prop_assert_eq!(path.to_string(), text);
            }
        }
    }
}
