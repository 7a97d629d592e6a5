//! Phrases of the table, and how one is followed through a text.

use std::ops::Range;

/// The longest phrase in a text, in bytes from its first word on, so that no text makes following slow.
const LONGEST: usize = 320;

/// Numbers that are written out.
const NUMBERS: &[&str] = &[
    "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "n",
];

/// A phrase after its first slot.
pub(super) struct Phrase {
    slots: Vec<Slot>,
}

/// One place of a phrase.
enum Slot {
    /// One of several words, or words in a row.
    Words { any: Vec<Vec<Word>>, optional: bool },
    /// Up to so many words of any kind.
    Gap(usize),
}

/// A word of the table.
enum Word {
    Whole(&'static str),
    Beginning(&'static str),
    Number,
}

impl Phrase {
    /// Reads a line of the table: the texts to search for, and what must follow each.
    pub(super) fn read(line: &'static str) -> (Vec<String>, Self) {
        let mut slots = line.split(' ');
        let first = slots.next().unwrap_or_default();
        let anchors = first.split('|').map(|words| words.replace('_', " "));
        let slots = slots.map(Slot::read).collect();
        (anchors.collect(), Self { slots })
    }

    /// Where the phrase ends among the words after its first slot; `None` if they do not follow it.
    pub(super) fn follow(&self, after: &mut After<'_, '_>) -> Option<usize> {
        match follow(&self.slots, after, 0)? {
            0 => Some(after.start),
            taken => after.word(taken - 1).map(|word| word.end),
        }
    }
}

impl Slot {
    fn read(slot: &'static str) -> Self {
        if let Some(words) = slot.strip_prefix('~') {
            return Self::Gap(words.parse().unwrap_or(0));
        }
        let (slot, optional) = match slot.strip_prefix('?') {
            Some(slot) => (slot, true),
            None => (slot, false),
        };
        let any = slot.split('|').map(|row| {
            let words = row.split('_').map(|word| match word.strip_suffix('*') {
                _ if word == "#" => Word::Number,
                Some(beginning) => Word::Beginning(beginning),
                None => Word::Whole(word),
            });
            words.collect()
        });
        Self::Words {
            any: any.collect(),
            optional,
        }
    }
}

/// How many words the slots take from the `at`th on. As deep as the phrase has slots.
fn follow(slots: &[Slot], after: &mut After<'_, '_>, at: usize) -> Option<usize> {
    let Some((slot, rest)) = slots.split_first() else {
        return Some(at);
    };
    match slot {
        Slot::Gap(most) => {
            for next in at..=at + most {
                if let Some(end) = follow(rest, after, next) {
                    return Some(end);
                }
                after.word(next)?;
            }
            None
        }
        Slot::Words { any, optional } => {
            for row in any {
                if stands(row, after, at)
                    && let Some(end) = follow(rest, after, at + row.len())
                {
                    return Some(end);
                }
            }
            optional.then(|| follow(rest, after, at)).flatten()
        }
    }
}

fn stands(row: &[Word], after: &mut After<'_, '_>, at: usize) -> bool {
    row.iter().zip(at..).all(|(wanted, at)| {
        let Some(there) = after.word(at).map(|word| &after.words.text[word]) else {
            return false;
        };
        match wanted {
            Word::Whole(word) => there.eq_ignore_ascii_case(word),
            Word::Beginning(word) => there
                .get(..word.len())
                .is_some_and(|begins| begins.eq_ignore_ascii_case(word)),
            Word::Number => {
                there.bytes().all(|byte| byte.is_ascii_digit())
                    || NUMBERS.iter().any(|word| there.eq_ignore_ascii_case(word))
            }
        }
    })
}

/// The words after the first slot of a phrase, read as far as they are asked for.
pub(super) struct After<'t, 'r> {
    start: usize,
    words: Words<'t>,
    read: &'r mut Vec<Range<usize>>,
}

impl<'t, 'r> After<'t, 'r> {
    /// The words of `text` from byte `start` on, no further than the longest phrase. `read` is where they
    /// are kept.
    pub(super) fn new(text: &'t str, start: usize, read: &'r mut Vec<Range<usize>>) -> Self {
        read.clear();
        let end = text.floor_char_boundary(start.saturating_add(LONGEST));
        let text = &text[..end.max(start)];
        Self {
            start,
            words: Words { text, at: start },
            read,
        }
    }

    fn word(&mut self, at: usize) -> Option<Range<usize>> {
        while self.read.len() <= at {
            let word = self.words.next()?;
            self.read.push(word);
        }
        self.read.get(at).cloned()
    }
}

/// Whether a word could begin or end between these two characters.
pub(super) fn is_in_word(c: char) -> bool {
    c.is_alphanumeric() || c == '\''
}

/// The words of a text up to the end of the sentence. Line breaks, punctuation, underscores, terminal
/// escapes and escaped line breaks stand between words.
struct Words<'t> {
    text: &'t str,
    at: usize,
}

impl Words<'_> {
    /// Skips what stands between words; `None` where the sentence or the text ends.
    fn gap(&mut self) -> Option<()> {
        let bytes = self.text.as_bytes();
        let mut newlines = 0;
        loop {
            let c = self.text.get(self.at..)?.chars().next()?;
            if is_in_word(c) {
                return Some(());
            }
            let next = bytes.get(self.at + c.len_utf8()).copied();
            match c {
                '.' | '!' | '?' | ';' if next.is_none_or(|next| next.is_ascii_whitespace()) => {
                    return None;
                }
                '\n' => {
                    newlines += 1;
                    if newlines > 1 {
                        return None;
                    }
                }
                '\\' if matches!(next, Some(b'n' | b't' | b'r')) => self.at += 1,
                '\u{1b}' if next == Some(b'[') => {
                    let rest = bytes.get(self.at + 2..).unwrap_or_default();
                    let ends = rest.iter().position(|byte| (0x40..0x7f).contains(byte));
                    self.at += 2 + ends?;
                }
                _ => {}
            }
            self.at += self.text.get(self.at..)?.chars().next()?.len_utf8();
        }
    }
}

impl Iterator for Words<'_> {
    type Item = Range<usize>;

    fn next(&mut self) -> Option<Range<usize>> {
        self.gap()?;
        let rest = &self.text[self.at..];
        let length = rest.find(|c| !is_in_word(c)).unwrap_or(rest.len());
        let word = self.at..self.at + length;
        self.at = word.end;
        Some(word)
    }
}
