//! The file of one kind of agent as text that people edit: changed only where something changes.
//!
//! The text is cut into what stands before the first table and one block a table, each parsed by
//! itself, so that a bad entry costs nothing but itself. What is written is the old text with the
//! changed values in their places: comments, order, spacing, unknown fields and bad entries stay.

use super::entry::{self, Entry};
use super::lesson::Lesson;

/// The version of the layout.
pub const MEMORY_SCHEMA: &str = "codetracer.memory/1";

/// The header of a lesson.
const HEADER: &str = "[[lesson]]";

/// Something in a memory file that is not used as it stands.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Problem {
    /// The line, counted from 1.
    pub line: usize,
    /// What is wrong and what becomes of it.
    pub what: String,
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.line, self.what)
    }
}

/// The file of one kind of agent.
#[derive(Debug, Clone)]
pub(super) struct Sheet {
    /// What stands before the first table.
    preamble: String,
    blocks: Vec<Block>,
    problems: Vec<Problem>,
    /// The layout is of a later version: nothing of it is understood and nothing may be written.
    is_foreign: bool,
}

#[derive(Debug, Clone)]
struct Block {
    /// Comments directly above, and the header with its line end.
    head: String,
    /// Everything up to the next block.
    body: String,
    /// `None` for what is no lesson.
    entry: Option<Entry>,
}

impl Sheet {
    /// A file with nothing in it but words on what it is.
    pub(super) fn empty(agent: &str) -> Self {
        let preamble = format!(
            "# What CodeTracer learned from runs of one kind of agent: {agent}.
#
# Each [[lesson]] is a hint on where to look, put before a model that diagnoses another run where it
# fits. It is never evidence. Edit freely: words, comments, whole entries. A lesson of your own needs
# nothing but `text`; `by = \"hand\"` (or no `by`) keeps it from being reworded or crowded out.
#
#   kind          failure_pattern, quirk or where_to_look
#   runs          the runs that back it; a run counts half after 90 days
#   shown         how often it was put before a model
#   helped        how often the model then came to the same
#   contradicted  how often the run spoke against it

schema = \"{MEMORY_SCHEMA}\"
"
        );
        Self::parse(&preamble)
    }

    /// Reads a file; whatever is wrong with it is told in [`Self::problems`].
    pub(super) fn parse(text: &str) -> Self {
        let (preamble, cut) = cut(text);
        let mut problems = Vec::new();
        let mut line = 1;
        let is_foreign = entry::preamble(preamble, &mut problems);
        line += lines_in(preamble);
        let mut blocks: Vec<Block> = Vec::new();
        for (head, body) in cut {
            let at = line + lines_in(head).saturating_sub(1);
            let header = head.lines().last().unwrap_or_default();
            let name = entry::without_comment(header);
            let entry = if name.replace([' ', '\t'], "") == HEADER {
                entry::lesson(body, at, &mut problems)
            } else {
                problems.push(Problem {
                    line: at,
                    what: format!("{name} is no [[lesson]]; left alone"),
                });
                None
            };
            let entry = entry.filter(|entry| {
                let same = |block: &&Block| {
                    let known = block.entry.as_ref();
                    known.is_some_and(|known| known.lesson.id() == entry.lesson.id())
                };
                let known = blocks.iter().find(same).and_then(|b| b.entry.as_ref());
                problems.extend(known.map(|known| Problem {
                    line: at,
                    what: format!(
                        "says the same as the lesson of line {}; not used",
                        known.line
                    ),
                }));
                known.is_none()
            });
            line += lines_in(head) + lines_in(body);
            blocks.push(Block {
                head: head.to_owned(),
                body: body.to_owned(),
                entry,
            });
        }
        Self {
            preamble: preamble.to_owned(),
            blocks,
            problems,
            is_foreign,
        }
    }

    /// The text of the file.
    pub(super) fn text(&self) -> String {
        let mut text = self.preamble.clone();
        for block in &self.blocks {
            text.push_str(&block.head);
            text.push_str(&block.body);
        }
        text
    }

    /// Whether the file is of a later version, and may not be written.
    pub(super) fn is_foreign(&self) -> bool {
        self.is_foreign
    }

    /// What of the file is not used as it stands, by line.
    pub(super) fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// The lessons in the order of the file.
    pub(super) fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.blocks.iter().filter_map(|block| block.entry.as_ref())
    }

    /// The first lesson a test holds for, with its place among the lessons.
    pub(super) fn find(&self, test: impl Fn(&Lesson) -> bool) -> Option<(usize, Lesson)> {
        let mut entries = self.entries().enumerate();
        let found = entries.find(|(_, entry)| test(&entry.lesson));
        found.map(|(index, entry)| (index, entry.lesson.clone()))
    }

    /// Puts a changed lesson in place of the `index`th; only changed values are written. An entry
    /// whose fields could not all be read is left as it stands.
    pub(super) fn put(&mut self, index: usize, lesson: &Lesson) {
        let mut blocks = self.blocks.iter_mut().filter(|b| b.entry.is_some());
        if let Some(block) = blocks.nth(index)
            && let Some(entry) = block.entry.as_mut()
            && !entry.is_sealed
            && entry.lesson != *lesson
        {
            block.body = entry::rewritten(&block.body, &entry.lesson, lesson);
            entry.lesson = lesson.clone();
        }
    }

    /// Adds a lesson at the end.
    pub(super) fn push(&mut self, lesson: &Lesson) {
        let last = match self.blocks.last_mut() {
            Some(block) if block.body.is_empty() => &mut block.head,
            Some(block) => &mut block.body,
            None => &mut self.preamble,
        };
        if !last.is_empty() && !last.ends_with('\n') {
            last.push('\n');
        }
        if !last.is_empty() && !last.ends_with("\n\n") && last != "\n" {
            last.push('\n');
        }
        self.blocks.push(Block {
            head: format!("{HEADER}\n"),
            body: entry::written(lesson),
            entry: Some(Entry {
                lesson: lesson.clone(),
                line: 0,
                is_sealed: false,
            }),
        });
    }

    /// Removes the lessons a test holds for, with the comments directly above them; gives them.
    pub(super) fn remove(&mut self, mut gone: impl FnMut(&Lesson) -> bool) -> Vec<Lesson> {
        let mut removed = Vec::new();
        self.blocks.retain(|block| match &block.entry {
            Some(entry) if gone(&entry.lesson) => {
                removed.push(entry.lesson.clone());
                false
            }
            _ => true,
        });
        removed
    }
}

/// The text before the first table, and head and body of every table.
fn cut(text: &str) -> (&str, Vec<(&str, &str)>) {
    // Where each block begins, where its body begins.
    let mut starts: Vec<(usize, usize)> = Vec::new();
    let mut at = 0;
    // Where the comments begin that stand directly above the present line.
    let mut comments: Option<usize> = None;
    for line in text.split_inclusive('\n') {
        let end = at + line.len();
        if is_header(line) {
            starts.push((comments.unwrap_or(at), end));
            comments = None;
        } else if line.trim_start().starts_with('#') {
            comments = comments.or(Some(at));
        } else {
            comments = None;
        }
        at = end;
    }
    let preamble = starts.first().map_or(text.len(), |(start, _)| *start);
    let ends = starts.iter().skip(1).map(|(start, _)| *start);
    let ends = ends.chain([text.len()]);
    let blocks = starts.iter().zip(ends).map(|((start, body), end)| {
        let part = |range| {
            text.get::<std::ops::Range<usize>>(range)
                .unwrap_or_default()
        };
        (part(*start..*body), part(*body..end))
    });
    (text.get(..preamble).unwrap_or_default(), blocks.collect())
}

/// Whether a line is the header of a table. A line within a list can begin with a bracket too, but does
/// not consist of a name in brackets.
fn is_header(line: &str) -> bool {
    let line = entry::without_comment(line);
    let inner = line
        .strip_prefix("[[")
        .and_then(|rest| rest.strip_suffix("]]"))
        .or_else(|| {
            line.strip_prefix('[')
                .and_then(|rest| rest.strip_suffix(']'))
        });
    let is_name = |c: char| c.is_alphanumeric() || "_-. \t".contains(c);
    inner.is_some_and(|inner| {
        inner.contains(|c: char| c.is_alphabetic()) && inner.chars().all(is_name)
    })
}

fn lines_in(text: &str) -> usize {
    text.bytes().filter(|byte| *byte == b'\n').count()
}
