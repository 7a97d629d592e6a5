//! Whether words that a model quotes are really there.
//!
//! A model copies what it was shown, and seldom to the letter: white space differs, quotes and dashes
//! become typographic ones, the middle is left out with an ellipsis, control characters stand as the
//! fence wrote them. All of that is forgiven, since the words that go into the document are those of
//! the run. Nothing else is: a changed word is another quotation.

mod canonical;
#[cfg(test)]
mod tests;

use std::ops::Range;

use localize::evidence::QUOTE_BYTES;
use trace::{Action, ActionKind, Change, Ref, RefPart, Step};

use crate::subject::{Part, Subject, raw};
use canonical::{Pattern, Text, patterns};

/// Words found in a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Where.
    pub part: Part,
    /// Byte ranges within the part's text as it was shown: one, or one for each piece between ellipses.
    pub pieces: Vec<Range<usize>>,
    /// The words as they stand in the run, without a secret among them: the quotation, or the longest
    /// piece of it that stands in one text.
    pub words: String,
    /// Whether they are one or more whole lines.
    pub whole_line: bool,
    /// What speaks against the place, if anything does.
    pub objection: Option<Objection>,
}

/// What speaks against a place where words were found, the least first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Objection {
    /// They are wanted from another part of the step.
    OtherPart,
    /// The lines were not shown.
    Unshown,
    /// Somebody planted them for whoever judges the run.
    Planted,
}

/// Says what speaks against a place.
pub type Judge<'j> = &'j dyn Fn(Part, &Place<'_>) -> Option<Objection>;

/// The texts of a step as they are shown: without secrets. Made once for all quotations from the step.
pub struct Texts {
    parts: Vec<(Part, Text, Vec<usize>)>,
}

impl Texts {
    /// Reads a step; linear in its texts.
    #[must_use]
    pub fn new(subject: &Subject<'_>, step: &Step) -> Self {
        let text = |part| {
            let shown = subject.text(step, part);
            let newlines = newlines(&shown);
            (part, Text::new(shown), newlines)
        };
        Self {
            parts: Part::ALL.map(text).into(),
        }
    }

    /// Each part with its text.
    pub fn parts(&self) -> impl Iterator<Item = (Part, &str)> {
        let parts = self.parts.iter();
        parts.map(|(part, text, _)| (*part, text.shown.as_str()))
    }

    /// Finds quoted words. Of several places the first is taken against which `judge` says nothing, else
    /// the first against which least is said. `step` is the one the texts are of. Linear in the texts.
    #[must_use]
    pub fn find(&self, step: &Step, quote: &str, judge: Judge<'_>) -> Option<Found> {
        let patterns = patterns(quote);
        let mut best: Option<Found> = None;
        for (part, text, newlines) in &self.parts {
            let (part, shown) = (*part, text.shown.as_str());
            let judged = |range: &Range<usize>| {
                let place = Place {
                    text: shown,
                    range,
                    newlines,
                };
                judge(part, &place)
            };
            let located = patterns.iter().find_map(|p| locate(text, p, &judged));
            let Some((pieces, objection)) = located else {
                continue;
            };
            let Some(range) = excerpt(&pieces) else {
                continue;
            };
            let Some(words) = words_of_run(step, part, &shown[range.clone()]) else {
                continue;
            };
            let found = Found {
                part,
                whole_line: is_whole_line(shown, &range),
                pieces,
                words,
                objection,
            };
            if objection.is_none() {
                return Some(found);
            }
            if best.as_ref().is_none_or(|best| objection < best.objection) {
                best = Some(found);
            }
        }
        best
    }
}

/// Whether words are one or more whole lines, but for the space around them.
fn is_whole_line(text: &str, range: &Range<usize>) -> bool {
    let before = text[..range.start].trim_end_matches([' ', '\t']);
    let after = text[range.end..].trim_start_matches([' ', '\t', '\r']);
    (before.is_empty() || before.ends_with('\n')) && (after.is_empty() || after.starts_with('\n'))
}

/// Where words that were copied out of a fence stand in the text that was fenced.
#[cfg(test)]
pub(crate) fn original(text: &str, quote: &str) -> Option<Range<usize>> {
    let all = |_: &Range<usize>| None;
    let text = Text::new(text.to_owned());
    let located = patterns(quote).iter().find_map(|p| locate(&text, p, &all));
    let (pieces, _) = located?;
    Some(pieces.first()?.start..pieces.last()?.end)
}

/// A place in a text.
#[derive(Debug, Clone, Copy)]
pub struct Place<'t> {
    /// The whole text as it is shown.
    pub text: &'t str,
    /// The words, in bytes.
    pub range: &'t Range<usize>,
    newlines: &'t [usize],
}

impl Place<'_> {
    /// The first and the last line of the words, counted from 1.
    #[must_use]
    pub fn lines(&self) -> (usize, usize) {
        let line = |at: usize| self.newlines.partition_point(|newline| *newline < at) + 1;
        let last = self.range.end.saturating_sub(1).max(self.range.start);
        (line(self.range.start), line(last))
    }
}

fn newlines(text: &str) -> Vec<usize> {
    text.match_indices('\n').map(|(at, _)| at).collect()
}

/// Where the quotation stands, as its pieces, and what speaks against that.
type Located = (Vec<Range<usize>>, Option<Objection>);

/// The first place against which least is said.
fn locate(
    text: &Text,
    pattern: &Pattern,
    judge: &dyn Fn(&Range<usize>) -> Option<Objection>,
) -> Option<Located> {
    let mut best: Option<Located> = None;
    let mut from = 0;
    while let Some(pieces) = pattern.find(text, from) {
        from = pieces.first()?.end;
        let objection = pieces.iter().filter_map(judge).max();
        if best.as_ref().is_none_or(|(_, known)| objection < *known) {
            best = Some((pieces, objection));
        }
        if objection.is_none() {
            break;
        }
    }
    best
}

/// What goes into the document: all of the quotation where that is short, else its longest piece, cut to
/// the length of a quotation.
fn excerpt(pieces: &[Range<usize>]) -> Option<Range<usize>> {
    let all = pieces.first()?.start..pieces.last()?.end;
    if all.len() <= QUOTE_BYTES {
        return Some(all);
    }
    // Of equal ones the first.
    let longest = pieces.iter().rev().max_by_key(|piece| piece.len())?;
    Some(longest.clone())
}

/// The shown words as they stand in the run: the longest part of them that does, where secrets were
/// replaced or where our own words join several texts. `None` when nothing of them does.
fn words_of_run(step: &Step, part: Part, shown: &str) -> Option<String> {
    let texts = texts(step, part);
    let stands = |words: &str| texts.iter().any(|text| text.contains(words));
    let words = if stands(shown) {
        shown
    } else {
        longest(shown, &stands)?
    };
    let cut = words[..words.floor_char_boundary(QUOTE_BYTES)].trim();
    (!cut.is_empty()).then(|| cut.to_owned())
}

/// The longest stretch of whole words for which `stands` holds. Asks twice as often as there are words.
fn longest<'w>(words: &'w str, stands: &dyn Fn(&str) -> bool) -> Option<&'w str> {
    let base = words.as_ptr() as usize;
    let spans: Vec<Range<usize>> = words
        .split_whitespace()
        .map(|word| {
            let start = word.as_ptr() as usize - base;
            start..start + word.len()
        })
        .collect();
    let mut best: &str = "";
    let mut first = 0;
    for last in 0..spans.len() {
        // A stretch stands only if every part of it does.
        while first <= last && !stands(&words[spans[first].start..spans[last].end]) {
            first += 1;
        }
        if first <= last {
            let stretch = &words[spans[first].start..spans[last].end];
            if stretch.len() > best.len() {
                best = stretch;
            }
        }
    }
    (!best.is_empty()).then_some(best)
}

/// The texts of a part as they were recorded, without words of ours between them.
fn texts(step: &Step, part: Part) -> Vec<String> {
    match part {
        Part::Thought => vec![step.thought.clone(), step.reasoning.clone()],
        Part::Observation => vec![step.observed().to_owned()],
        Part::Action => action_texts(&step.action).unwrap_or_else(|| vec![raw(step, part)]),
    }
}

/// The texts of an action that is shown with words of ours; `None` of any other.
fn action_texts(action: &Action) -> Option<Vec<String>> {
    let ActionKind::Edit { edits } = &action.kind else {
        return None;
    };
    let mut texts = Vec::new();
    for edit in edits {
        texts.push(edit.path.as_str());
        match &edit.change {
            Change::Write { content: text }
            | Change::ReplaceLines { text, .. }
            | Change::Insert { text, .. }
            | Change::Patch { patch: text }
            | Change::Cell { source: text, .. }
            | Change::Rename { to: text } => texts.push(text),
            Change::Replace { old, new, .. } => texts.extend([old.as_str(), new]),
            Change::Delete | Change::Undo => {}
        }
    }
    Some(texts.into_iter().map(str::to_owned).collect())
}

/// The record that holds a part of a step, where the layout has one. Layouts that keep a thought apart
/// from its action cite the action alone, and its record is then shorter than both.
#[must_use]
pub fn record(step: &Step, part: Part) -> Option<&Ref> {
    let wanted = match part {
        Part::Observation => RefPart::Observation,
        Part::Action | Part::Thought => RefPart::Action,
    };
    let both = step.thought.len() + localize::evidence::action_text(step).len();
    let may_hold = |record: &Ref| {
        let length = record.end.saturating_sub(record.start);
        part != Part::Thought || usize::try_from(length).is_ok_and(|length| length >= both)
    };
    let records = step.refs.iter();
    let mut records = records.filter(|record| record.part == wanted && may_hold(record));
    records.next()
}
