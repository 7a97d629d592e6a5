//! `search`: where words stand in the steps.

use std::ops::Range;

use regex::{Regex, RegexBuilder};
use serde_json::{Map, Value, json};
use trace::StepId;

use super::Tool;
use super::arguments::Arguments;
use super::list::{List, ranges};
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
        "Find text or a regex in all steps, ignoring case: step part:line (matches) context. Opens none."
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
        let mut list = List::new(room);
        let mut shown = 0;
        let mut rest = Vec::new();
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
                if !pattern.is_match(&text) {
                    continue;
                }
                // Secrets are found in whole texts: a line of one tells too little.
                let hit = (shown < HITS && rest.is_empty())
                    .then(|| hit(subject, &pattern, &subject.safe(&text)));
                match hit {
                    Some(Some(hit)) if list.push(&format!("{step} {}:{hit}", part.as_str())) => {
                        shown += 1;
                    }
                    // The words are part of a secret.
                    Some(None) => {}
                    _ if rest.last() == Some(&step) => {}
                    _ => rest.push(step),
                }
            }
        }
        if shown == 0 && rest.is_empty() {
            list.say("nothing found");
        }
        if !rest.is_empty() {
            list.say(&format!("also in steps {}", ranges(&rest, 12)));
        }
        Ok(list.done())
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

/// The first match of a text with its line and surroundings, and how many there are.
fn hit(subject: &Subject<'_>, pattern: &Regex, text: &str) -> Option<String> {
    let found = pattern.find(text)?;
    let line = memchr::memchr_iter(b'\n', &text.as_bytes()[..found.start()]).count() + 1;
    let all = pattern.find_iter(text).take(100).count();
    let count = match all {
        1 => String::new(),
        100 => " (99+ matches)".to_owned(),
        all => format!(" ({all} matches)"),
    };
    let context = subject.fence.line(&around(text, &found.range()));
    Some(format!("{line}{count} {context}"))
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
