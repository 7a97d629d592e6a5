//! Texts in the form in which a quotation and the run are compared.

use std::cell::OnceCell;
use std::ops::Range;

use crate::fence::{escape_length, is_active, is_sign};

/// Texts are brought into form piece by piece, so that memory stays bounded.
const WINDOW: usize = 1 << 22;

/// What neighbouring windows share: more than the longest quotation, its white space included.
const OVERLAP: usize = 1 << 15;

/// The longest piece of a quotation that is looked for, in bytes.
const LONGEST: usize = 4_000;

/// Pieces of a quotation with ellipses.
const MOST_PIECES: usize = 6;

/// A way to read a quotation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Pattern {
    /// To the letter.
    Exact(String),
    /// Its pieces in order, each in canonical form.
    Pieces(Vec<String>),
}

/// The ways to read a quotation, the strictest first; none of an empty one.
pub(super) fn patterns(quote: &str) -> Vec<Pattern> {
    let quote = quote.trim();
    if quote.is_empty() {
        return Vec::new();
    }
    let mut patterns = vec![Pattern::Exact(quote.to_owned())];
    let mut add = |pieces: Vec<String>| {
        let fits = |piece: &String| !piece.is_empty() && piece.len() <= LONGEST;
        let pattern = Pattern::Pieces(pieces);
        if let Pattern::Pieces(pieces) = &pattern
            && (1..=MOST_PIECES).contains(&pieces.len())
            && pieces.iter().all(fits)
            && !patterns.contains(&pattern)
        {
            patterns.push(pattern);
        }
    };
    let decoded = decoded(quote);
    let readings = [quote, unwrapped(quote), &decoded, unwrapped(&decoded)];
    for reading in readings {
        add(vec![form(reading)]);
    }
    for reading in readings {
        add(split(&form(reading)));
    }
    patterns
}

impl Pattern {
    /// The first place at or after byte `from` where the quotation stands, as its pieces.
    pub(super) fn find(&self, text: &Text, from: usize) -> Option<Vec<Range<usize>>> {
        match self {
            Self::Exact(words) => {
                let start = from + text.shown.get(from..)?.find(words.as_str())?;
                let found = start..start + words.len();
                Some(Vec::from([found]))
            }
            Self::Pieces(pieces) => {
                let mut at = from;
                let mut found = Vec::with_capacity(pieces.len());
                for piece in pieces {
                    let range = text.search(at, piece)?;
                    at = range.end;
                    found.push(range);
                }
                Some(found)
            }
        }
    }
}

/// A text that quotations are looked for in, with its canonical form once that was asked for.
pub(super) struct Text {
    /// The text as it is shown.
    pub(super) shown: String,
    form: OnceCell<Form>,
}

impl Text {
    pub(super) fn new(shown: String) -> Self {
        Self {
            shown,
            form: OnceCell::new(),
        }
    }

    /// The first place at or after `from` whose canonical form is the piece.
    fn search(&self, from: usize, piece: &str) -> Option<Range<usize>> {
        let text = self.shown.as_str();
        if text.len() <= WINDOW {
            return self
                .form
                .get_or_init(|| Form::new(text))
                .find(text, from, piece);
        }
        let mut start = from;
        loop {
            let rest = text.get(start..)?;
            let end = start + rest.floor_char_boundary(WINDOW);
            let window = &text[start..end];
            if let Some(range) = Form::new(window).find(window, 0, piece) {
                return Some(start + range.start..start + range.end);
            }
            if end >= text.len() {
                return None;
            }
            start = text.floor_char_boundary(end - OVERLAP);
        }
    }
}

/// The canonical form of a text.
struct Form {
    canonical: String,
    /// For each byte of it, the start of the character it stands for.
    origins: Vec<u32>,
}

impl Form {
    fn new(text: &str) -> Self {
        let mut form = Self {
            canonical: String::with_capacity(text.len()),
            origins: Vec::with_capacity(text.len()),
        };
        let mut spaced = true;
        let mut at = 0;
        while let Some(character) = text[at..].chars().next() {
            let length = escape_length(&text[at..]).unwrap_or(character.len_utf8());
            if length == character.len_utf8() {
                form.push(character, at, &mut spaced);
            }
            at += length;
        }
        form
    }

    fn push(&mut self, character: char, at: usize, spaced: &mut bool) {
        if character.is_whitespace() && !is_active(character) {
            if !*spaced {
                self.add(" ", at);
            }
            *spaced = true;
            return;
        }
        let plain = plain(character);
        match plain {
            Plain::Nothing => return,
            Plain::Text(text) => self.add(text, at),
            Plain::Itself => {
                let mut buffer = [0; 4];
                self.add(character.encode_utf8(&mut buffer), at);
            }
        }
        *spaced = false;
    }

    fn add(&mut self, text: &str, at: usize) {
        self.canonical.push_str(text);
        // No text of which a form is made is longer than a few million bytes.
        let origin = u32::try_from(at).unwrap_or(u32::MAX);
        self.origins.extend(text.bytes().map(|_| origin));
    }

    /// The first place in `text`, whose form this is, at or after byte `from`.
    fn find(&self, text: &str, from: usize, piece: &str) -> Option<Range<usize>> {
        let from = self
            .origins
            .partition_point(|origin| (*origin as usize) < from);
        let start = from + self.canonical.get(from..)?.find(piece)?;
        let first = *self.origins.get(start)? as usize;
        let last = *self.origins.get(start + piece.len() - 1)? as usize;
        let character = text.get(last..)?.chars().next()?;
        Some(first..last + character.len_utf8())
    }
}

/// What a character is in canonical form.
enum Plain {
    Nothing,
    Text(&'static str),
    Itself,
}

fn plain(character: char) -> Plain {
    match character {
        '\u{2018}' | '\u{2019}' | '\u{201a}' | '\u{201b}' | '\u{2032}' => Plain::Text("'"),
        '\u{201c}'..='\u{201f}' | '\u{2033}' | '«' | '»' => Plain::Text("\""),
        '\u{2010}'..='\u{2015}' | '\u{2212}' => Plain::Text("-"),
        '\u{2026}' => Plain::Text("..."),
        sign if is_active(sign) || is_sign(sign) => Plain::Nothing,
        _ => Plain::Itself,
    }
}

/// A quotation in canonical form.
fn form(quote: &str) -> String {
    let bounded = &quote[..quote.floor_char_boundary(WINDOW)];
    Form::new(bounded).canonical.trim().to_owned()
}

/// The pieces between ellipses, without what tells how much was left out.
fn split(form: &str) -> Vec<String> {
    let pieces = form.split("...").map(|piece| {
        let piece = piece.trim_start_matches('.').trim();
        let piece = piece.strip_suffix(['[', '(']).unwrap_or(piece);
        piece.strip_prefix([']', ')']).unwrap_or(piece).trim()
    });
    let told = pieces.filter(|piece| !(piece.is_empty() || tells_cut(piece)));
    told.map(str::to_owned).collect()
}

/// Whether words say how much was left out: `12 lines cut`.
fn tells_cut(piece: &str) -> bool {
    let mut words = piece.split(' ');
    let number = words.next().is_some_and(|word| word.parse::<u64>().is_ok());
    number && matches!(words.next(), Some("lines" | "characters")) && words.next() == Some("cut")
}

/// The quotation without quotation marks around it.
fn unwrapped(quote: &str) -> &str {
    let pairs = [
        ('"', '"'),
        ('\'', '\''),
        ('`', '`'),
        ('\u{201c}', '\u{201d}'),
    ];
    let inner = pairs
        .into_iter()
        .find_map(|(open, close)| quote.strip_prefix(open)?.strip_suffix(close));
    inner
        .filter(|inner| !inner.trim().is_empty())
        .unwrap_or(quote)
}

/// The quotation with what is written with a backslash as it was meant: `\u{1b}`, `\n`, `\"`.
fn decoded(quote: &str) -> String {
    let mut out = String::with_capacity(quote.len());
    let mut rest = quote;
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        let escape = &rest[at + 1..];
        let (text, length) = match escape.chars().next() {
            Some('n' | 'r' | 't') => (' ', 1),
            Some(sign @ ('"' | '\'' | '\\')) => (sign, 1),
            Some('u') => written_out(escape).unwrap_or(('\\', 0)),
            _ => ('\\', 0),
        };
        out.push(text);
        rest = &escape[length..];
    }
    out.push_str(rest);
    out
}

/// A control character written as `u{1b}` or `u001b`, and how long that is.
fn written_out(escape: &str) -> Option<(char, usize)> {
    let (digits, length) = match escape.strip_prefix("u{") {
        Some(inner) => {
            let end = inner.find('}').filter(|end| *end <= 6)?;
            (&inner[..end], end + 3)
        }
        None => (escape.get(1..5)?, 5),
    };
    let character = char::from_u32(u32::from_str_radix(digits, 16).ok()?)?;
    character.is_control().then_some((character, length))
}
