//! Text in a run that speaks to whoever judges the run: instructions, forged messages and tool calls,
//! bribes, bait. It is told, never followed.
//!
//! What is looked for stands in `table`. All texts are searched once, by one automaton; where
//! a first word is found, the rest of its phrase is followed over a bounded number of words, so the time
//! is linear in the text whatever it holds.
//!
//! Where a text came from decides what counts:
//!
//! * What came in from outside, the observation: everything.
//! * What the agent said, in thoughts and messages: phrases, but no marks of chats and tools. Weak
//!   models spill such marks into their own words, and a run is full of them without meaning any.
//! * What the agent wrote into files and commands: only what names verdicts, labels and steps. A prompt
//!   in a program speaks to the model that program calls, but nobody else's program speaks of ours.
//!
//! The task text is not searched: what a task asks for is the task's business. Nothing is decoded but
//! characters nobody sees: a bribe in base64, another language or spread over steps goes unnoticed here,
//! and has to be harmless without being noticed.

mod hidden;
mod phrase;
mod table;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::ops::Range;
use std::sync::LazyLock;

use aho_corasick::AhoCorasick;
use trace::{ActionKind, InjectionKind, Step, StepId};

pub use self::hidden::is_unseen;
use self::hidden::{Readable, TAG_LEAD, UNSEEN};
use self::phrase::{After, Phrase, is_in_word};
use self::table::{COMPANY, COMPANY_BYTES, MARKS, PHRASES, WEAK_PHRASES};
use crate::Index;

/// How many findings of one kind are told of a run.
pub const FINDINGS_A_KIND: usize = 4;

/// How many findings of one kind are told of one text, so that one step cannot crowd out the others.
const FINDINGS_A_TEXT: usize = 2;

/// Which of a step's texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    /// The words of the action: [`trace::Action::words`].
    Action,
    /// The agent's text before the action.
    Thought,
    /// What came back.
    Observation,
}

/// Text that speaks to whoever judges the run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The step that holds it.
    pub step: StepId,
    /// The text of the step that holds it.
    pub part: Part,
    /// Where in that text, in bytes.
    pub span: Range<usize>,
    /// What it tries.
    pub kind: InjectionKind,
}

/// What of a text counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Listen {
    Everything,
    Phrases,
    Verdicts,
}

/// Finds what speaks to whoever judges the run, in the order of the steps. The same words are told
/// once, where they first stand; of each kind the first [`FINDINGS_A_KIND`] are told. Linear in the run.
#[must_use]
pub fn find(index: &Index<'_>) -> Vec<Finding> {
    let mut found = Found::default();
    for step in index.trajectory.steps.walk() {
        let texts = [
            (Part::Thought, step.thought.as_str()),
            (Part::Action, step.action.words()),
            (Part::Observation, step.observed()),
        ];
        for (part, text) in texts {
            found.look(&step, part, text, Listen::to(&step, part));
        }
        if found.is_full() {
            break;
        }
    }
    found.findings
}

/// What of a text speaks to whoever judges the run, and where, in bytes: everything an observation is
/// searched for, in the order of the text. Linear in the text.
#[must_use]
pub fn scan(text: &str) -> Vec<(InjectionKind, Range<usize>)> {
    scanned(text, Listen::Everything)
}

/// The same of one part of a step, as it is or as it is shown: what counts depends on who wrote it.
#[must_use]
pub fn of_part(step: &Step, part: Part, text: &str) -> Vec<(InjectionKind, Range<usize>)> {
    scanned(text, Listen::to(step, part))
}

fn scanned(text: &str, listen: Listen) -> Vec<(InjectionKind, Range<usize>)> {
    let mut found = Vec::new();
    visit(text, |kind, span, how| {
        if listen.counts(kind, how) {
            found.push((kind, span));
        }
    });
    found.sort_by_key(|(kind, span)| (span.start, span.end, *kind));
    found.dedup();
    found
}

impl Listen {
    fn to(step: &Step, part: Part) -> Self {
        match (part, &step.action.kind) {
            (Part::Observation, _) => Self::Everything,
            (Part::Thought, _)
            | (
                Part::Action,
                ActionKind::Message { .. } | ActionKind::Finish { .. } | ActionKind::Invalid { .. },
            ) => Self::Phrases,
            (Part::Action, _) => Self::Verdicts,
        }
    }

    fn counts(self, kind: InjectionKind, how: How) -> bool {
        match self {
            Self::Everything => true,
            Self::Phrases => how == How::Phrase,
            Self::Verdicts => how == How::Phrase && kind == InjectionKind::LabelBribe,
        }
    }
}

/// What was found so far.
#[derive(Default)]
struct Found {
    findings: Vec<Finding>,
    a_kind: BTreeMap<InjectionKind, usize>,
    known: BTreeSet<(InjectionKind, String)>,
}

impl Found {
    fn look(&mut self, step: &Step, part: Part, text: &str, listen: Listen) {
        let before = self.findings.len();
        visit(text, |kind, span, how| {
            let told = self.a_kind.entry(kind).or_default();
            let here = self.findings[before..]
                .iter()
                .filter(|known| known.kind == kind);
            // Passages of one kind that overlap are one.
            let again = here
                .clone()
                .any(|known| span.start < known.span.end && known.span.start < span.end);
            let enough = here.count() >= FINDINGS_A_TEXT || *told >= FINDINGS_A_KIND;
            if !listen.counts(kind, how) || again || enough {
                return;
            }
            let words = text.get(span.clone()).unwrap_or_default().to_lowercase();
            if self.known.insert((kind, words)) {
                *told += 1;
                self.findings.push(Finding {
                    step: step.id,
                    part,
                    span,
                    kind,
                });
            }
        });
        self.findings[before..].sort_by_key(|finding| finding.span.start);
    }

    fn is_full(&self) -> bool {
        self.a_kind.len() == InjectionKind::ALL.len()
            && self.a_kind.values().all(|&told| told >= FINDINGS_A_KIND)
    }
}

/// How a passage was recognised.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum How {
    /// By a phrase that counts by itself.
    Phrase,
    /// By a mark or a weak phrase with company.
    Mark,
}

/// What a text that is searched for stands for.
enum Meaning {
    Phrase(InjectionKind, Phrase),
    WeakPhrase(InjectionKind, Phrase),
    Mark(InjectionKind),
    Company(Phrase),
    Unseen,
}

/// The automaton, and what each of its patterns may mean.
struct Lexicon {
    automaton: AhoCorasick,
    /// By pattern, places in `meanings`.
    means: Vec<Vec<usize>>,
    meanings: Vec<Meaning>,
}

/// Without it nothing is found; that it can be built is tested.
static LEXICON: LazyLock<Option<Lexicon>> = LazyLock::new(Lexicon::new);

impl Lexicon {
    fn new() -> Option<Self> {
        let mut patterns: BTreeMap<Vec<u8>, Vec<usize>> = BTreeMap::new();
        let mut meanings = Vec::new();
        let mut add = |anchors: Vec<Vec<u8>>, meaning| {
            for anchor in anchors {
                patterns.entry(anchor).or_default().push(meanings.len());
            }
            meanings.push(meaning);
        };
        let read = |line: &'static str| {
            let (anchors, phrase) = Phrase::read(line);
            let anchors = anchors.into_iter().map(String::into_bytes);
            (anchors.collect::<Vec<_>>(), phrase)
        };
        for &(kind, lines) in PHRASES {
            for line in lines {
                let (anchors, phrase) = read(line);
                add(anchors, Meaning::Phrase(kind, phrase));
            }
        }
        for &(kind, lines) in WEAK_PHRASES {
            for line in lines {
                let (anchors, phrase) = read(line);
                add(anchors, Meaning::WeakPhrase(kind, phrase));
            }
        }
        for &(kind, marks) in MARKS {
            let marks = marks.iter().map(|mark| mark.as_bytes().to_vec());
            add(marks.collect(), Meaning::Mark(kind));
        }
        for line in COMPANY {
            let (anchors, phrase) = read(line);
            add(anchors, Meaning::Company(phrase));
        }
        let unseen = UNSEEN.iter().map(|c| c.as_bytes()).chain([TAG_LEAD]);
        add(unseen.map(<[u8]>::to_vec).collect(), Meaning::Unseen);
        let (patterns, means): (Vec<_>, Vec<_>) = patterns.into_iter().unzip();
        let automaton = AhoCorasick::builder()
            .ascii_case_insensitive(true)
            .kind(Some(aho_corasick::AhoCorasickKind::DFA))
            .build(patterns)
            .ok()?;
        Some(Self {
            automaton,
            means,
            meanings,
        })
    }
}

/// Calls `tell` for each passage, in about the order of the text.
fn visit(text: &str, mut tell: impl FnMut(InjectionKind, Range<usize>, How)) {
    let Some(lexicon) = &*LEXICON else {
        return;
    };
    if lexicon.visit(text, &mut tell) == Seen::Unseen {
        let readable = Readable::new(text);
        lexicon.visit(&readable.text, &mut |kind, span, how| {
            tell(kind, readable.original(&span), how);
        });
    }
}

/// Whether a text holds characters nobody sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Seen {
    All,
    Unseen,
}

impl Lexicon {
    fn visit(&self, text: &str, tell: &mut impl FnMut(InjectionKind, Range<usize>, How)) -> Seen {
        let mut seen = Seen::All;
        // Marks that wait for company.
        let mut waiting: VecDeque<(InjectionKind, Range<usize>)> = VecDeque::new();
        for hit in self.automaton.find_overlapping_iter(text) {
            let span = hit.span();
            let mut after = after(text, span);
            for meaning in &self.means[hit.pattern().as_usize()] {
                let company = match &self.meanings[*meaning] {
                    Meaning::Unseen => {
                        seen = Seen::Unseen;
                        false
                    }
                    Meaning::Mark(kind) => {
                        wait(&mut waiting, *kind, span.start..span.end);
                        false
                    }
                    Meaning::Phrase(kind, phrase) => match end_of(phrase, &mut after) {
                        Some(end) => {
                            tell(*kind, span.start..end, How::Phrase);
                            true
                        }
                        None => false,
                    },
                    Meaning::WeakPhrase(kind, phrase) => {
                        if let Some(end) = end_of(phrase, &mut after) {
                            wait(&mut waiting, *kind, span.start..end);
                        }
                        false
                    }
                    Meaning::Company(phrase) => end_of(phrase, &mut after).is_some(),
                };
                // A mark may hold words of company itself; these do not count.
                while company
                    && waiting
                        .front()
                        .is_some_and(|(_, mark)| mark.end <= span.start)
                    && let Some((kind, mark)) = waiting.pop_front()
                {
                    if span.start - mark.end <= COMPANY_BYTES {
                        tell(kind, mark, How::Mark);
                    }
                }
            }
        }
        seen
    }
}

/// Lets a mark wait; the few that stand closest to what follows are enough.
fn wait(
    waiting: &mut VecDeque<(InjectionKind, Range<usize>)>,
    kind: InjectionKind,
    mark: Range<usize>,
) {
    /// More marks than these before one company tell no more.
    const MOST: usize = 4;
    if waiting.len() == MOST {
        waiting.pop_front();
    }
    waiting.push_back((kind, mark));
}

/// Where a phrase ends whose first words end where `after` begins.
fn end_of(phrase: &Phrase, after: &mut Option<After<'_>>) -> Option<usize> {
    phrase.follow(after.as_mut()?)
}

/// What follows words; `None` if they are parts of longer ones.
fn after(text: &str, words: aho_corasick::Span) -> Option<After<'_>> {
    let before = text.get(..words.start)?.chars().next_back();
    let next = text.get(words.end..)?.chars().next();
    let is_part = before.is_some_and(is_in_word) || next.is_some_and(is_in_word);
    (!is_part).then(|| After::new(text, words.end))
}
