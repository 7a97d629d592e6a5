//! What came out of a batch of records.

use std::ops::Range;

use serde_json::value::RawValue;

/// The events of one batch, in the order of the records they came from.
///
/// It is checked that the text is a JSON array of objects, each of which belongs to a record that
/// was fed; what is in the objects is the caller's to judge. Halves of UTF-16 pairs, which
/// JavaScript can cut apart, have become U+FFFD, so any JSON parser takes the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Events {
    /// `[{…},{…}]`
    text: String,
    /// Record and place in `text` of each.
    spans: Vec<(u64, Range<usize>)>,
}

impl Events {
    /// Checks `text`, a JSON array that holds as many events as `counts` says, in order, for each
    /// record from `first` on.
    ///
    /// # Errors
    /// In words, when it is anything else.
    pub(crate) fn check(text: String, counts: &[u32], first: u64) -> Result<Self, String> {
        let text = mend(text);
        let events: Vec<&RawValue> =
            serde_json::from_str(&text).map_err(|error| format!("no array of events: {error}"))?;
        let mut spans = Vec::with_capacity(events.len());
        let mut rest = events.into_iter();
        for (record, count) in (first..).zip(counts) {
            for event in rest.by_ref().take(*count as usize) {
                let event = event.get();
                if !event.starts_with('{') {
                    return Err(format!("an event of record {record} is not an object"));
                }
                // A borrowed raw value lies within the text it was read from.
                let start = event.as_ptr() as usize - text.as_ptr() as usize;
                spans.push((record, start..start + event.len()));
            }
        }
        let promised: u64 = counts.iter().copied().map(u64::from).sum();
        if rest.next().is_some() || promised != spans.len() as u64 {
            return Err(String::from("more or fewer events than announced"));
        }
        Ok(Self { text, spans })
    }

    /// The events as one JSON array.
    #[must_use]
    pub fn as_json(&self) -> &str {
        &self.text
    }

    /// Each event as JSON, after the index of the record it came from. Those of `finish()` carry
    /// the number of records fed.
    #[must_use]
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (u64, &str)> {
        self.spans
            .iter()
            .map(|(record, span)| (*record, &self.text[span.clone()]))
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.spans.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.spans.is_empty()
    }
}

/// Replaces escaped halves of UTF-16 pairs, of which JSON parsers want both, by the escape of
/// U+FFFD. Same length, so nothing moves. Text that is no JSON stays what it is.
fn mend(text: String) -> String {
    if !text.contains("\\ud") && !text.contains("\\uD") {
        return text;
    }
    let mut bytes = text.into_bytes();
    let mut at = 0;
    while let Some(found) = memchr::memchr(b'\\', &bytes[at..]) {
        at += found;
        let Some(unit) = escaped_unit(&bytes[at..]) else {
            at += 2.min(bytes.len() - at);
            continue;
        };
        let whole = matches!(unit, 0xD800..0xDC00)
            && escaped_unit(&bytes[at + 6..]).is_some_and(|next| (0xDC00..0xE000).contains(&next));
        if whole {
            at += 12;
            continue;
        }
        if (0xD800..0xE000).contains(&unit) {
            bytes[at + 2..at + 6].copy_from_slice(b"fffd");
        }
        at += 6;
    }
    // Only ASCII was put in place of ASCII, so this does not lose anything.
    String::from_utf8(bytes).unwrap_or_default()
}

/// The code unit of the escape `\uXXXX` that `bytes` begin with.
fn escaped_unit(bytes: &[u8]) -> Option<u16> {
    let digits = bytes.strip_prefix(b"\\u")?.get(..4)?;
    digits.iter().try_fold(0_u16, |unit, digit| {
        let value = char::from(*digit).to_digit(16)?;
        Some(unit << 4 | u16::try_from(value).ok()?)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_know_their_record() {
        let events =
            Events::check(r#"[{"a":1}, {"b":[2]},{}]"#.into(), &[1, 0, 2], 7).expect("good");
        let got: Vec<_> = events.iter().collect();
        assert_eq!(got, [(7, r#"{"a":1}"#), (9, r#"{"b":[2]}"#), (9, "{}")]);
    }

    #[test]
    fn what_is_no_array_of_the_announced_objects_is_refused() {
        for (text, counts) in [
            ("", &[][..]),
            ("[", &[]),
            ("{}", &[1]),
            ("[1]", &[1]),
            ("[{}]", &[]),
            ("[{}]", &[2]),
            ("[{}]", &[u32::MAX, u32::MAX]),
            ("[{}] []", &[1]),
        ] {
            assert!(
                Events::check(text.into(), counts, 0).is_err(),
                "{text} {counts:?}"
            );
        }
    }

    #[test]
    fn halves_of_pairs_are_mended() {
        for (text, mended) in [
            (r#"["\ud83d\ude00"]"#, r#"["\ud83d\ude00"]"#),
            (r#"["\ud83d"]"#, r#"["\ufffd"]"#),
            (r#"["\ude00\ud83d"]"#, r#"["\ufffd\ufffd"]"#),
            (r#"["\uD83Dx\\ud83d"]"#, r#"["\ufffdx\\ud83d"]"#),
            (r#"["\ud83d\n"]"#, r#"["\ufffd\n"]"#),
            (r"\ud8", r"\ud8"),
            (r"\ud800\", r"\ufffd\"),
        ] {
            assert_eq!(mend(text.into()), mended);
        }
    }
}
