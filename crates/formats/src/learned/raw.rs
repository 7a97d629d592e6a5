//! The texts of values within a JSON document, to cite them where they stand.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::path::{Path, Segment};

/// The texts of the values on `path` in `text`, in order; none where the path leads nowhere or
/// through `@json`.
///
/// # Errors
/// When `text` is no JSON.
pub(super) fn texts_at<'t>(text: &'t str, path: &Path) -> Result<Vec<&'t str>, serde_json::Error> {
    let whole: &RawValue = serde_json::from_str(text)?;
    let mut found = vec![whole.get()];
    for segment in path.segments() {
        let mut next = Vec::new();
        for text in found {
            let Ok(children) = serde_json::from_str::<Children<'_>>(text) else {
                continue;
            };
            next.extend(children.0.into_iter().filter_map(|(key, raw)| {
                let on_path = match (segment, key) {
                    (Segment::Each, _) => true,
                    (Segment::Key(wanted), Some(key)) => *wanted == key,
                    _ => false,
                };
                on_path.then_some(raw.get())
            }));
        }
        found = next;
    }
    Ok(found)
}

/// The elements of an array, or the members of an object.
struct Children<'t>(Vec<(Option<Cow<'t, str>>, &'t RawValue)>);

impl<'de> Deserialize<'de> for Children<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Collect;
        impl<'de> Visitor<'de> for Collect {
            type Value = Children<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an array or an object")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
                let mut children = Vec::new();
                while let Some(item) = seq.next_element()? {
                    children.push((None, item));
                }
                Ok(Children(children))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut children = Vec::new();
                while let Some((key, value)) = map.next_entry::<Key<'de>, _>()? {
                    children.push((Some(key.0), value));
                }
                Ok(Children(children))
            }
        }
        deserializer.deserialize_any(Collect)
    }
}

#[derive(Deserialize)]
#[serde(transparent)]
struct Key<'t>(#[serde(borrow)] Cow<'t, str>);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_stand_in_the_document() {
        let text = r#"{"rows": [{"h": [1, {"a": 2}]}, {"h": []}, {"h": [3]}]}"#;
        let at = |path: &str| texts_at(text, &path.parse().unwrap()).unwrap();
        assert_eq!(at("rows/*/h/*"), ["1", r#"{"a": 2}"#, "3"]);
        assert_eq!(at(""), [text]);
        assert!(at("rows/h").is_empty());
    }
}
