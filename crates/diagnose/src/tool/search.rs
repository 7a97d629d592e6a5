//! `search`: where words stand in the steps.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::ops::Range;

use llm::count_tokens;
use regex::{Regex, RegexBuilder};
use serde_json::{Map, Value, json};
use trace::StepId;

use super::Tool;
use super::arguments::Arguments;
use super::list::ranges;
use crate::fence::Fence;
use crate::ledger::Ledger;
use crate::subject::{Part, Subject, raw};

/// Hits that are shown of one call.
const HITS: usize = 24;

/// The longest query, in bytes.
const QUERY: usize = 200;

/// What is shown before and behind the found words, in bytes.
const CONTEXT: usize = 70;

/// The most memory a compiled query takes, in bytes.
const COMPILED: usize = 1 << 20;

/// Finds words.
pub struct Search;

impl Tool for Search {
    fn name(&self) -> &'static str {
        "search"
    }

    fn description(&self) -> &'static str {
        "Find text or a regex in all steps, ignoring case: part step:line xMATCHES: context. Opens none."
    }

    fn parameters(&self) -> Value {
        json!({
            "type": "object",
            "properties": {
                "query": {"type": "string"},
                "part": {"enum": ["thought", "action", "observation"]},
                "from_step": {"type": "integer"}
            },
            "required": ["query"]
        })
    }

    /// A hit shows words around the match, not what they mean there: it does not count as opening the
    /// step.
    fn call(
        &self,
        subject: &Subject<'_>,
        arguments: &Map<String, Value>,
        room: u64,
        _: &mut Ledger,
    ) -> Result<String, String> {
        let asked = Arguments::new(self, arguments)?;
        let query = asked.text("query").ok_or("query is empty")?;
        if query.len() > QUERY {
            return Err(format!("query is longer than {QUERY} bytes"));
        }
        let pattern = pattern(query)?;
        let from = asked.step("from_step", subject)?;
        let from = from.map_or(0, StepId::index);
        let mut hits = Hits::new(room.saturating_sub(count_tokens(&subject.fence.around(""))));
        for at in from..subject.index().len() {
            let step = StepId::from_index(at);
            let Some(indexed) = subject.index().step(step) else {
                continue;
            };
            for part in Part::ALL {
                if asked.part().is_some_and(|wanted| wanted != part) {
                    continue;
                }
                let text = raw(&indexed.step, part);
                if pattern.is_match(&text) {
                    hits.take(subject, &pattern, step, part, &text);
                }
            }
        }
        Ok(hits.told(&subject.fence))
    }
}

/// Where the words were found.
struct Hits {
    rows: Vec<Row>,
    known: BTreeMap<(Part, String), usize>,
    left: u64,
    /// Steps with words that are not shown.
    rest: Vec<StepId>,
}

/// Places where the same words stand.
struct Row {
    part: Part,
    places: String,
    words: String,
}

impl Hits {
    /// Room for the sentence about what is not shown.
    const REST: u64 = 40;

    fn new(room: u64) -> Self {
        Self {
            rows: Vec::new(),
            known: BTreeMap::new(),
            left: room.saturating_sub(Self::REST),
            rest: Vec::new(),
        }
    }

    fn take(
        &mut self,
        subject: &Subject<'_>,
        pattern: &Regex,
        step: StepId,
        part: Part,
        text: &str,
    ) {
        if self.rest.last() == Some(&step) {
            return;
        }
        if self.rows.len() >= HITS || !self.rest.is_empty() {
            self.rest.push(step);
            return;
        }
        // Secrets are found in whole texts: a line of one tells too little. Words that are gone then are
        // part of a secret.
        let Some((place, words)) = hit(subject, pattern, &subject.safe(text)) else {
            return;
        };
        let place = format!("{step}:{place}");
        let known = self.known.get(&(part, words.clone())).copied();
        let cost = match known {
            Some(_) => count_tokens(&place) + 2,
            None => count_tokens(&format!("{} {place}: {words}", part.as_str())) + 2,
        };
        if cost > self.left {
            self.rest.push(step);
            return;
        }
        self.left -= cost;
        if let Some(row) = known.and_then(|row| self.rows.get_mut(row)) {
            row.places.push_str(", ");
            row.places.push_str(&place);
            return;
        }
        self.known.insert((part, words.clone()), self.rows.len());
        self.rows.push(Row {
            part,
            places: place,
            words,
        });
    }

    fn told(self, fence: &Fence) -> String {
        let mut text = String::new();
        for row in &self.rows {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "{} {}: {}", row.part.as_str(), row.places, row.words);
        }
        if !text.is_empty() {
            text = fence.around(&text) + "\n";
        }
        if !self.rest.is_empty() {
            let _ = writeln!(text, "also in steps {}", ranges(&self.rest, 12));
        } else if self.rows.is_empty() {
            text.push_str("nothing found\n");
        }
        text
    }
}

/// The words as they stand, or as a regular expression; case does not matter.
fn pattern(query: &str) -> Result<Regex, String> {
    let build = |pattern: &str| {
        RegexBuilder::new(pattern)
            .case_insensitive(true)
            .size_limit(COMPILED)
            .dfa_size_limit(COMPILED)
            .nest_limit(32)
            .build()
    };
    let words = regex::escape(query);
    // One that matches nothing matches everywhere.
    let useful = build(query).is_ok_and(|regex| !regex.is_match(""));
    let both = useful.then(|| build(&format!("{words}|(?:{query})")));
    match both {
        Some(Ok(regex)) => Ok(regex),
        _ => build(&words).map_err(|_| "query is too complicated".to_owned()),
    }
}

/// The first match of a text: its line with how many matches there are, and its surroundings.
fn hit(subject: &Subject<'_>, pattern: &Regex, text: &str) -> Option<(String, String)> {
    let found = pattern.find(text)?;
    let line = memchr::memchr_iter(b'\n', &text.as_bytes()[..found.start()]).count() + 1;
    let all = pattern.find_iter(text).take(100).count();
    let count = match all {
        1 => String::new(),
        100 => " x99+".to_owned(),
        all => format!(" x{all}"),
    };
    let words = subject.fence.words(&around(text, &found.range()));
    Some((format!("{line}{count}"), words))
}

/// The match with what stands around it on its line.
fn around(text: &str, found: &Range<usize>) -> String {
    let line = text[..found.start].rfind('\n').map_or(0, |at| at + 1);
    let end = text[found.start..].find('\n');
    let end = end.map_or(text.len(), |at| found.start + at);
    let first = text.ceil_char_boundary(found.start.saturating_sub(CONTEXT).max(line));
    let last = found.end.min(found.start + 2 * CONTEXT) + CONTEXT;
    let last = text.floor_char_boundary(last.min(end)).max(first);
    let before = if first > line { "…" } else { "" };
    let behind = if last < end { "…" } else { "" };
    format!("{before}{}{behind}", text[first..last].trim())
}
