//! A task text cut into clauses: sentences and list items, with what introduces them.

use std::ops::Range;

use super::mention::command_in;
use super::scope::{Part, Voice};

/// A sentence or list item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Clause {
    /// Its bytes in the text; never empty.
    pub(super) span: Range<usize>,
    /// Who speaks.
    pub(super) voice: Voice,
    /// True for list items.
    pub(super) item: bool,
    /// The clause that introduces the list it stands in.
    pub(super) lead: Option<usize>,
    /// The heading it stands under.
    pub(super) heading: Option<Range<usize>>,
    /// Blocks of code or data that follow it.
    pub(super) blocks: Vec<Range<usize>>,
}

/// The clauses of the given parts, in order. `lead` always points to an earlier clause.
pub(super) fn clauses(text: &str, parts: &[Part]) -> Vec<Clause> {
    let mut found = Vec::new();
    for part in parts {
        let mut cutter = Cutter {
            text,
            voice: part.voice,
            found: &mut found,
            heading: None,
            titles: Vec::new(),
            leads: Vec::new(),
            open: None,
        };
        cutter.cut(part.span.clone());
    }
    found
}

/// Lines that belong together, before they are cut into sentences.
struct Open {
    span: Range<usize>,
    indent: usize,
    item: bool,
}

struct Cutter<'t, 'f> {
    text: &'t str,
    voice: Voice,
    found: &'f mut Vec<Clause>,
    heading: Option<Range<usize>>,
    /// Headings that this part stands under: their level and clause.
    titles: Vec<(usize, usize)>,
    /// Clauses that may introduce what follows: their indentation, number, and whether they are items.
    leads: Vec<(usize, usize, bool)>,
    open: Option<Open>,
}

/// A block of lines that are not prose.
enum Block {
    /// Between fences; the mark that closes it.
    Fenced(&'static str),
    /// Braces still open.
    Braces(usize),
    /// Lines without spaces after a clause that announces a format.
    Rows,
}

impl Cutter<'_, '_> {
    fn cut(&mut self, part: Range<usize>) {
        let mut at = part.start;
        let mut block: Option<(Block, Range<usize>)> = None;
        for line in self.text[part].split_inclusive('\n') {
            let here = at..at + line.len();
            at = here.end;
            let words = line.trim();
            if let Some((kind, span)) = block.as_mut() {
                match kind {
                    Block::Fenced(mark) => {
                        if words.starts_with(*mark) {
                            self.attach(span.clone());
                            block = None;
                        } else {
                            span.end = here.end;
                        }
                        continue;
                    }
                    Block::Braces(depth) => {
                        span.end = here.end;
                        *depth = depth_after(*depth, words);
                        if *depth == 0 || words.is_empty() {
                            self.attach(span.clone());
                            block = None;
                        }
                        continue;
                    }
                    Block::Rows if is_row(words) => {
                        span.end = here.end;
                        continue;
                    }
                    Block::Rows => self.attach(span.clone()),
                }
            }
            block = self.begin_block(words, &here);
            if block.is_none() {
                self.line(line, words, &here);
            }
        }
        if let Some((_, span)) = block {
            self.attach(span);
        }
        self.close();
    }

    fn begin_block(&mut self, words: &str, here: &Range<usize>) -> Option<(Block, Range<usize>)> {
        for mark in ["```", "~~~"] {
            if words.starts_with(mark) {
                self.close();
                return Some((Block::Fenced(mark), here.end..here.end));
            }
        }
        let opens = words.starts_with('{') || words.starts_with("[{") || words == "[";
        let depth = if opens { depth_after(0, words) } else { 0 };
        if opens && (depth > 0 || words.ends_with(['}', ']'])) {
            self.close();
            if depth == 0 {
                self.attach(here.clone());
                // Attached whole; what follows is prose again.
                return Some((Block::Rows, here.end..here.end));
            }
            return Some((Block::Braces(depth), here.clone()));
        }
        if is_row(words) && self.announces_rows() {
            self.close();
            return Some((Block::Rows, here.clone()));
        }
        None
    }

    /// True when the lines just read end by announcing how data is laid out.
    fn announces_rows(&self) -> bool {
        let span = match (&self.open, self.found.last()) {
            (Some(open), _) => open.span.clone(),
            (None, Some(last)) => last.span.clone(),
            (None, None) => return false,
        };
        let said = self.text[span].trim_end();
        let tail = &said[said.floor_char_boundary(said.len().saturating_sub(80))..];
        let tail = tail.to_ascii_lowercase();
        said.ends_with(':')
            && ["format", "columns", "header", "like", "example"]
                .iter()
                .any(|word| tail.contains(word))
    }

    fn line(&mut self, line: &str, words: &str, here: &Range<usize>) {
        if words.is_empty() {
            self.close();
            return;
        }
        let indent = line.len() - line.trim_start().len();
        let start = here.start + indent;
        let end = start + words.len();
        if let Some(title) = heading(words) {
            self.close();
            let from = start + (words.len() - title.len());
            self.heading = Some(from..end);
            self.leads.clear();
            self.title(from..end, words.len() - words.trim_start_matches('#').len());
            return;
        }
        if words.contains(" -") && command_in(words).is_some() {
            // A command on a line of its own.
            self.close();
            self.open = Some(Open {
                span: start..end,
                indent,
                item: false,
            });
            self.close();
            return;
        }
        if let Some(mark) = bullet(words) {
            self.close();
            self.open = Some(Open {
                span: start + mark..end,
                indent,
                item: true,
            });
            return;
        }
        let joins = self.open.as_ref().is_some_and(|open| {
            let last = &self.text[open.span.clone()];
            let length = last.len() - last.rfind('\n').map_or(0, |n| n + 1);
            let fresh = words.starts_with(|c: char| c.is_uppercase() || "`\"'(".contains(c));
            !(last.ends_with(':') || (fresh && length < 60))
                || (open.item && indent > open.indent && !fresh)
        });
        if joins && let Some(open) = self.open.as_mut() {
            open.span.end = end;
            return;
        }
        self.close();
        self.open = Some(Open {
            span: start..end,
            indent,
            item: false,
        });
    }

    /// A heading may itself be a demand: "### 1. Model, saved as `model.pt`" below "## Produce two files".
    fn title(&mut self, span: Range<usize>, level: usize) {
        while self.titles.last().is_some_and(|(above, _)| *above >= level) {
            self.titles.pop();
        }
        let lead = self.titles.last().map(|(_, clause)| *clause);
        self.titles.push((level, self.found.len()));
        self.found.push(Clause {
            span,
            voice: self.voice,
            item: lead.is_some(),
            lead,
            heading: None,
            blocks: Vec::new(),
        });
    }

    /// Cuts the lines read so far into sentences.
    fn close(&mut self) {
        let Some(open) = self.open.take() else {
            return;
        };
        let last = self.found.len().checked_sub(1);
        let own = |lead: &(usize, usize, bool)| {
            let introduced = !lead.2 && Some(lead.1) == last;
            lead.0 > open.indent || (lead.0 == open.indent && !introduced && (lead.2 || !open.item))
        };
        while self.leads.last().is_some_and(own) {
            self.leads.pop();
        }
        let lead = self.leads.last().map(|lead| lead.1);
        let mut last = None;
        for span in sentences(self.text, open.span.clone()) {
            last = Some(self.found.len());
            self.found.push(Clause {
                span,
                voice: self.voice,
                item: open.item,
                lead,
                heading: self.heading.clone(),
                blocks: Vec::new(),
            });
        }
        if let Some(last) = last {
            let introduces = self.text[self.found[last].span.clone()].ends_with(':');
            if open.item || introduces {
                self.leads.push((open.indent, last, open.item));
            }
        }
    }

    fn attach(&mut self, block: Range<usize>) {
        self.close();
        if let (false, Some(last)) = (
            self.text[block.clone()].trim().is_empty(),
            self.found.last_mut(),
        ) {
            last.blocks.push(block);
        }
    }
}

/// The words of a heading line.
fn heading(words: &str) -> Option<&str> {
    let hashes = words.bytes().take_while(|b| *b == b'#').count();
    let title = words[hashes..].trim_start();
    if (1..=6).contains(&hashes) && words[hashes..].starts_with(' ') && !title.is_empty() {
        return Some(title);
    }
    None
}

/// How long the mark of a list item is, with the space after it.
fn bullet(words: &str) -> Option<usize> {
    let first = words.chars().next()?;
    let mark = if "-*•+–".contains(first) {
        first.len_utf8()
    } else {
        let digits = words.bytes().take_while(u8::is_ascii_digit).count();
        let named = if digits == 0 && first.is_ascii_alphabetic() {
            1
        } else {
            digits
        };
        if named == 0 || named > 3 || !words[named..].starts_with(['.', ')']) {
            return None;
        }
        named + 1
    };
    let rest = &words[mark..];
    let text = rest.trim_start();
    // "- [ ] open" and "- [x] done" are items too.
    let boxed = ["[ ] ", "[x] ", "[X] "]
        .iter()
        .find_map(|b| text.strip_prefix(b));
    let text = boxed.map_or(text, str::trim_start);
    (rest.starts_with(char::is_whitespace) && !text.is_empty()).then(|| words.len() - text.len())
}

fn depth_after(depth: usize, words: &str) -> usize {
    words.bytes().fold(depth, |depth, b| match b {
        b'{' | b'[' => depth + 1,
        b'}' | b']' => depth.saturating_sub(1),
        _ => depth,
    })
}

/// A line of data: no spaces, several fields, or an ellipsis.
fn is_row(words: &str) -> bool {
    words == "..."
        || (words.contains(',')
            && !words.contains(char::is_whitespace)
            && !words.ends_with([',', '.']))
}

/// Words that end with a full stop inside a sentence.
const ABBREVIATED: &[&str] = &[
    "e.g.", "i.e.", "etc.", "vs.", "cf.", "approx.", "no.", "resp.",
];

/// The sentences in a span, each without the space around it.
fn sentences(text: &str, span: Range<usize>) -> Vec<Range<usize>> {
    let said = &text[span.clone()];
    let mut found = Vec::new();
    let mut from = 0;
    let mut in_code = false;
    let mut characters = said.char_indices().peekable();
    while let Some((at, c)) = characters.next() {
        if c == '`' {
            in_code = !in_code;
        }
        let ends = matches!(c, '.' | '!' | '?') && !in_code;
        if !ends
            || !characters
                .peek()
                .is_some_and(|(_, next)| next.is_whitespace())
        {
            continue;
        }
        let word = &said[said[..at].rfind(char::is_whitespace).map_or(0, |n| n + 1)..=at];
        let word = word.trim_start_matches('(').to_ascii_lowercase();
        let next = said[at + 1..].trim_start();
        let goes_on = next.starts_with(|c: char| c.is_lowercase());
        if ABBREVIATED.contains(&word.as_str()) || goes_on {
            continue;
        }
        push(said, from..at + 1, span.start, &mut found);
        from = at + 1;
    }
    push(said, from..said.len(), span.start, &mut found);
    found
}

fn push(said: &str, range: Range<usize>, base: usize, found: &mut Vec<Range<usize>>) {
    let part = &said[range.clone()];
    let start = range.start + (part.len() - part.trim_start().len());
    let length = part.trim().len();
    if length > 0 {
        found.push(base + start..base + start + length);
    }
}
