//! `show_step`: what steps thought, did and saw.

use std::cmp::Ordering;
use std::fmt::Write as _;

use analysis::Index;
use llm::count_tokens;
use serde_json::{Map, Value, json};
use trace::StepId;

use super::Tool;
use super::arguments::Arguments;
use super::list::List;
use super::page::{Page, share, tokens_up_to};
use crate::ledger::Ledger;
use crate::subject::{Part, Subject};

/// The most steps of one call.
const STEPS: usize = 12;

/// A part on one line of at most this many bytes stands behind its name.
const BRIEF: usize = 120;

/// Shows steps.
pub struct ShowStep;

impl Tool for ShowStep {
    fn name(&self) -> &'static str {
        "show_step"
    }

    fn description(&self) -> &'static str {
        "Open steps: thought, action, observation. Give a step together with its neighbours. from_line pages on in a part."
    }

    fn parameters(&self) -> Value {
        json!({
            "type": "object",
            "properties": {
                "steps": {"type": "array", "items": {"type": "integer"}},
                "part": {"enum": ["thought", "action", "observation"]},
                "from_line": {"type": "integer"}
            }
        })
    }

    fn call(
        &self,
        subject: &Subject<'_>,
        arguments: &Map<String, Value>,
        room: u64,
        ledger: &mut Ledger,
    ) -> Result<String, String> {
        let asked = Arguments::with(self, arguments, &["step"])?;
        let mut steps = Vec::new();
        let mut trouble = None;
        // Many a model says `step` for one.
        for number in asked
            .numbers("steps")
            .into_iter()
            .chain(asked.numbers("step"))
        {
            match subject.step_id(number) {
                Ok(step) if steps.contains(&step) => {}
                Ok(step) => steps.push(step),
                Err(why) => trouble = Some(why),
            }
        }
        if steps.is_empty() {
            return Err(trouble.unwrap_or_else(|| "name at least one step".to_owned()));
        }
        let (part, line) = (asked.part(), asked.line("from_line"));
        if part.is_none() && line.is_some() {
            return Err("from_line needs part".to_owned());
        }
        if steps.len() > STEPS {
            steps.truncate(STEPS);
            trouble = Some(format!("only the first {STEPS} are shown"));
        }
        let wanted = Wanted { part, line };
        let mut text = open(subject, &steps, wanted, room, ledger);
        if let Some(trouble) = trouble {
            let _ = writeln!(text, "({trouble})");
        }
        Ok(text)
    }
}

/// A step in at most `room` tokens and [`super::OVERHEAD`], noted as opened.
pub fn show(subject: &Subject<'_>, id: StepId, room: u64, ledger: &mut Ledger) -> String {
    open(subject, &[id], Wanted::default(), room, ledger)
}

/// What of the steps is wanted: all, when nothing is said.
#[derive(Debug, Clone, Copy, Default)]
struct Wanted {
    part: Option<Part>,
    line: Option<usize>,
}

/// A part that has text.
struct Text {
    step: StepId,
    part: Part,
    text: String,
}

fn open(
    subject: &Subject<'_>,
    steps: &[StepId],
    wanted: Wanted,
    room: u64,
    ledger: &mut Ledger,
) -> String {
    let parts = Part::ALL
        .into_iter()
        .filter(|part| wanted.part.is_none_or(|wanted| wanted == *part));
    let parts: Vec<Part> = parts.collect();
    let mut texts = Vec::new();
    for &step in steps {
        let Some(indexed) = subject.index().step(step) else {
            continue;
        };
        for &part in &parts {
            let text = subject.text(&indexed.step, part);
            if !text.trim().is_empty() {
                texts.push(Text { step, part, text });
            }
        }
    }
    let heads: Vec<String> = steps.iter().map(|&step| head(subject, step)).collect();
    let around: u64 = heads.iter().map(|head| count_tokens(head)).sum();
    let frames = Frames::new(subject);
    let needs: Vec<u64> = texts
        .iter()
        .map(|text| frames.need(subject, &text.text, room))
        .collect();
    let shares = share(&needs, room.saturating_sub(around));
    let mut shown = List::new(room);
    let mut missing = Vec::new();
    for (&step, head) in steps.iter().zip(&heads) {
        if !shown.push(head) {
            missing.push(step);
            continue;
        }
        let own = texts.iter().zip(&shares);
        let own: Vec<_> = own.filter(|(text, _)| text.step == step).collect();
        if own.is_empty() {
            ledger.open(step);
            shown.say("(nothing recorded)");
        }
        let mut without = Vec::new();
        for (text, share) in own {
            match frames.part(subject, text, wanted.line, *share, ledger) {
                Some(part) => shown.take(&part),
                None => without.push(text.part.as_str()),
            }
        }
        if !without.is_empty() && !shown.push(&format!("(no room: {})", without.join(", "))) {
            missing.push(step);
        }
    }
    // With what room the steps left.
    for &step in steps {
        below(subject, step, &mut shown);
    }
    if !missing.is_empty() {
        shown.say(&format!(
            "(no room for step {}: ask for fewer at once)",
            super::list::ranges(&missing, 4)
        ));
    }
    shown.done()
}

/// The heading of a step.
fn head(subject: &Subject<'_>, step: StepId) -> String {
    format!("## step {step}{}", subject.marks(step))
}

/// What the fences around texts cost.
struct Frames {
    fence: u64,
}

impl Frames {
    /// The name of a part, with the line feeds around it.
    const LABEL: u64 = 4;
    /// The sentence that says what is left out.
    const REST: u64 = 16;
    /// With less, beginning and end are not both shown.
    const LITTLE: u64 = 100;

    fn new(subject: &Subject<'_>) -> Self {
        Self {
            fence: count_tokens(&subject.fence.data("")) + 2,
        }
    }

    /// The room a text needs to be shown whole.
    fn need(&self, subject: &Subject<'_>, text: &str, most: u64) -> u64 {
        if let Some(words) = brief(text) {
            return count_tokens(&subject.fence.line(words)) + Self::LABEL;
        }
        let text = text.trim_end_matches(['\n', '\r']);
        tokens_up_to(text, most)
            .saturating_add(self.fence)
            .saturating_add(Self::LABEL)
            .saturating_add(Self::LABEL)
    }

    /// What of a part fits between fences: all of it, or what leaves room to say what is left out. With
    /// little room it is one end: of what came back the last lines, which tell how it went.
    fn page(&self, words: &str, part: Part, line: Option<usize>, room: u64) -> Page {
        let within = |fences: u64, rest: u64| {
            room.saturating_sub(fences * self.fence + 2 * Self::LABEL + rest)
        };
        if let Some(line) = line {
            let whole = Page::from(words, line, within(1, 0));
            let last = whole.pieces.last().map(|piece| *piece.lines.end());
            return if last == Some(whole.total) && whole.cut.is_none() {
                whole
            } else {
                Page::from(words, line, within(1, Self::REST))
            };
        }
        // Of what came back the end tells more, of what was asked for the beginning.
        let fifths = if part == Part::Observation { 2 } else { 3 };
        let first = |room: u64| room / 5 * fifths;
        let whole = Page::ends(words, first(within(1, 0)), within(1, 0));
        if whole.next().is_none() && whole.cut.is_none() {
            return whole;
        }
        match within(2, Self::REST) {
            enough if enough >= Self::LITTLE => Page::ends(words, first(enough), enough),
            _ if part == Part::Observation => Page::end(words, within(1, Self::REST)),
            _ => Page::from(words, 1, within(1, Self::REST)),
        }
    }

    /// A part in at most `room` tokens, with what is left out; `None` when nothing of it fits.
    fn part(
        &self,
        subject: &Subject<'_>,
        text: &Text,
        line: Option<usize>,
        room: u64,
        ledger: &mut Ledger,
    ) -> Option<String> {
        let (name, words) = (text.part.as_str(), text.text.trim_end_matches(['\n', '\r']));
        if let Some(brief) = brief(words)
            && line.is_none()
            && self.need(subject, words, room) <= room
        {
            // Blank lines before it are nothing to be read.
            let last = memchr::memchr_iter(b'\n', words.as_bytes()).count() + 1;
            ledger.show(text.step, text.part, 1..=last);
            return Some(format!("{name}: {}", subject.fence.line(brief)));
        }
        let page = self.page(words, text.part, line, room);
        if page.pieces.is_empty() {
            let beyond = line.is_some_and(|line| line > page.total);
            return beyond.then(|| format!("{name} has {} lines", page.total));
        }
        let mut out = format!("{name}:");
        for (at, piece) in page.pieces.iter().enumerate() {
            ledger.show(text.step, text.part, piece.lines.clone());
            if at > 0 {
                out.push_str(&gap(
                    &page,
                    page.pieces[at - 1].lines.end() + 1,
                    piece.lines.start() - 1,
                ));
            } else if *piece.lines.start() > 1 {
                let _ = write!(out, " from line {} of {}", piece.lines.start(), page.total);
            }
            let _ = write!(out, "\n{}", subject.fence.data(&piece.text));
        }
        let last = page.pieces.last().map_or(0, |piece| *piece.lines.end());
        if last < page.total {
            out.push_str(&gap(&page, last + 1, page.total));
        }
        if let Some(line) = page.cut {
            let _ = write!(out, "\n(line {line} is cut)");
        }
        Some(out)
    }
}

/// Says which lines are left out.
fn gap(page: &Page, first: usize, last: usize) -> String {
    match first.cmp(&last) {
        Ordering::Greater => String::new(),
        Ordering::Equal => format!("\n(line {first} left out)"),
        Ordering::Less => format!("\n(lines {first}-{last} of {} left out)", page.total),
    }
}

/// The one short line that a text is, if it is one.
fn brief(text: &str) -> Option<&str> {
    let text = text.trim_start_matches('\n').trim_end_matches(['\n', '\r']);
    (text.len() <= BRIEF && !text.contains('\n')).then_some(text)
}

/// The steps of the sub-agent that a step started, as lines.
fn below(subject: &Subject<'_>, step: StepId, shown: &mut List) {
    let index = subject.index();
    let started = index.step(step).and_then(|s| s.step.subtrajectory.clone());
    let below = started.and_then(|name| {
        let all = index.trajectory.subtrajectories.iter();
        all.into_iter().find(|below| below.id == name)
    });
    let Some(below) = below else {
        return;
    };
    let all = below.steps.len();
    if !shown.push(&format!("the sub-agent of step {step} took {all} steps:")) {
        return;
    }
    shown.open(&subject.fence);
    let below = Index::new(below);
    let mut told = 0;
    for inner in below.steps() {
        if !shown.push(&format!("{}{}", inner.id, subject.line(&inner))) {
            break;
        }
        told += 1;
    }
    shown.close(&subject.fence);
    if told < all {
        shown.say(&format!("({} more)", all - told));
    }
}
