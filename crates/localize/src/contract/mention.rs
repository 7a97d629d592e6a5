//! What a clause names: words, code spans and quotations, and which of them are paths or commands.

use std::ops::Range;

use super::tables::{ENDINGS, PROGRAMS, has};

/// How a piece of a clause is set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Set {
    /// A bare word.
    Word,
    /// Between backticks.
    Code,
    /// Between quotation marks.
    Quoted,
}

/// A word, code span or quotation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Piece<'t> {
    /// Its text, without marks and punctuation around it.
    pub(super) text: &'t str,
    /// Its bytes in the whole text.
    pub(super) span: Range<usize>,
    /// How it is set.
    pub(super) set: Set,
    /// The character of punctuation after it, if there is one.
    pub(super) stop: Option<char>,
}

/// The longest quotation that is taken for one.
const LONGEST: usize = 300;

/// The pieces of a span of text, in order.
pub(super) fn pieces(text: &str, span: Range<usize>) -> Vec<Piece<'_>> {
    let end = span.end;
    let mut found = Vec::new();
    let mut at = span.start;
    while let Some(c) = text[at..end].chars().next() {
        if c.is_whitespace() {
            at += c.len_utf8();
            continue;
        }
        if let Some((inner, after)) = enclosed(text, at, end) {
            let set = if c == '`' { Set::Code } else { Set::Quoted };
            found.push(Piece {
                text: &text[inner.clone()],
                span: inner,
                set,
                stop: text[after..end]
                    .chars()
                    .next()
                    .filter(char::is_ascii_punctuation),
            });
            at = after;
            continue;
        }
        let rest = &text[at..end];
        let length = rest
            .char_indices()
            .skip(1)
            .find(|(_, c)| c.is_whitespace() || matches!(c, '`' | '"' | '“'))
            .map_or(rest.len(), |(n, _)| n);
        found.extend(word(text, at..at + length));
        at += length;
    }
    found
}

/// The inside of a code span or quotation that begins at `at`, and where it is over.
fn enclosed(text: &str, at: usize, end: usize) -> Option<(Range<usize>, usize)> {
    let rest = &text[at..end];
    let open = rest.chars().next()?;
    let (mark, close) = match open {
        '`' => {
            let ticks = rest.bytes().take_while(|b| *b == b'`').count();
            (&rest[..ticks], &rest[..ticks])
        }
        '"' => ("\"", "\""),
        '“' => ("“", "”"),
        '\'' => ("'", "'"),
        '‘' => ("‘", "’"),
        _ => return None,
    };
    let inner = &rest[mark.len()..];
    if inner.starts_with(char::is_whitespace) {
        return None;
    }
    let window = &inner[..inner.floor_char_boundary(LONGEST)];
    let length = if open == '\'' {
        // An apostrophe inside a word does not close.
        window
            .match_indices('\'')
            .map(|(n, _)| n)
            .find(|&n| !window[n + 1..].starts_with(char::is_alphanumeric))?
    } else {
        window.find(close)?
    };
    let said = &window[..length];
    if said.is_empty() || said.contains("\n\n") {
        return None;
    }
    let start = at + mark.len();
    Some((start..start + length, start + length + close.len()))
}

/// A bare word without the punctuation around it.
fn word(text: &str, span: Range<usize>) -> Option<Piece<'_>> {
    let whole = &text[span.clone()];
    let front = whole.trim_start_matches(['(', '[', '*', ',', ';', ':', '!', '?', ')', '"']);
    let stops = [',', ';', ':', '!', '?', ')', ']', '"', '.', '\''];
    let mut body = front.trim_end_matches(stops);
    // Stars at both ends, or two of them, are emphasis; `text/*` is a pattern.
    if whole.starts_with('*') || body.ends_with("**") {
        body = body.trim_end_matches('*').trim_end_matches(stops);
    }
    // "f()" and "x[0]" keep what belongs to them.
    if body.matches('(').count() > body.matches(')').count() && front[body.len()..].starts_with(')')
    {
        body = &front[..=body.len()];
    }
    if body.is_empty() {
        return None;
    }
    let start = span.start + (whole.len() - front.len());
    Some(Piece {
        text: body,
        span: start..start + body.len(),
        set: Set::Word,
        stop: front[body.len()..].chars().find(|c| *c != '*'),
    })
}

/// A path a piece names.
pub(super) fn path<'t>(piece: &Piece<'t>) -> Option<&'t str> {
    let text = piece.text;
    let odd = |c: char| c.is_whitespace() || "*?<>|$=;{}()[],\"'\\#&".contains(c);
    if text.len() > 160 || text.contains(odd) || text.contains("://") || text.contains("...") {
        return None;
    }
    let body = text.trim_end_matches('/');
    let name = body.rsplit('/').next()?;
    if !name.contains(|c: char| c.is_alphanumeric())
        || name.starts_with('-')
        || text.starts_with("//")
    {
        return None;
    }
    let rooted = ["/", "./", "../", "~/"]
        .iter()
        .any(|root| text.starts_with(root));
    let ending = name.rsplit_once('.').filter(|(stem, end)| {
        (!stem.is_empty() || body.contains('/')) && has(ENDINGS, &end.to_ascii_lowercase())
    });
    // "Node.js" and the like are names of things.
    let brand = !text.contains('/')
        && text.starts_with(char::is_uppercase)
        && text.chars().skip(1).any(char::is_lowercase)
        && ending.is_some_and(|(_, end)| end == "js" || end == "py");
    let web = body.split('/').next().is_some_and(|host| {
        !rooted
            && body.contains('/')
            && host.contains('.')
            && !host.starts_with('.')
            && ending.is_none()
    });
    if brand || web || text.contains('@') || text.contains(':') {
        return None;
    }
    let folder = text.ends_with('/');
    let spelled = piece.set == Set::Code && body.contains('/') && body.len() > 3;
    (ending.is_some() || folder && body.len() > 1 || rooted && body.len() > 1 || spelled)
        .then_some(text)
}

/// True for a rooted word without an ending and with a placeholder or route shape: `/status`.
pub(super) fn is_route(clause: &str, path: &str) -> bool {
    let lower = clause.to_ascii_lowercase();
    path.starts_with('/')
        && !path.rsplit('/').next().unwrap_or("").contains('.')
        && ["endpoint", "route", "get ", "post ", " api", "url", "http"]
            .iter()
            .any(|word| lower.contains(word))
}

/// A command a code span or quotation spells, up to its first placeholder.
pub(super) fn command<'t>(piece: &Piece<'t>) -> Option<&'t str> {
    if piece.set == Set::Word {
        return None;
    }
    command_in(piece.text)
}

/// The command a text spells, up to its first placeholder; `None` for anything else.
pub(super) fn command_in(text: &str) -> Option<&str> {
    let text = text.trim().trim_start_matches("$ ");
    let first = text.split_whitespace().next()?;
    let known = has(PROGRAMS, first)
        || first.starts_with("./") && first.len() > 2
        || first.starts_with("qemu-")
        || first.starts_with("python3.");
    if !known || text.contains('\n') {
        return None;
    }
    let open = ["<", "[", "{", "...", "…"];
    let end = open
        .iter()
        .filter_map(|mark| text.find(mark))
        .filter(|&n| n > 0 && text[..n].ends_with([' ', '/', '=', '\'', '"']))
        .min()
        .unwrap_or(text.len());
    let stated = text[..end].trim_end();
    // The last word may be glued to the placeholder: keep what is whole.
    let stated = if end < text.len() && !text[..end].ends_with(' ') {
        stated.rfind(' ').map_or("", |n| &stated[..n])
    } else {
        stated
    };
    let words = stated.split_whitespace().count();
    (words >= 2 || (words == 1 && stated.starts_with("./"))).then_some(stated)
}

/// Names of things in mixed case that are no program's words.
const BRANDS: &[&str] = &[
    "GitHub",
    "GitLab",
    "JavaScript",
    "LaTeX",
    "MySQL",
    "NumPy",
    "OpenAI",
    "OpenCV",
    "PostgreSQL",
    "PyPI",
    "PyTorch",
    "SciPy",
    "TensorFlow",
    "TypeScript",
    "YouTube",
];

/// True for words that only a program would contain: `snake_case`, `camelCase`, `Some::path`, `f()`.
pub(super) fn is_identifier(word: &str) -> bool {
    let word = word.trim_end_matches("()");
    let inner = word.trim_matches('_');
    if word.len() < 3 || word.len() > 80 || !word.is_ascii() {
        return false;
    }
    let clean = word
        .bytes()
        .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b':' | b'-'));
    let camel = !BRANDS.contains(&inner)
        && inner
            .as_bytes()
            .windows(2)
            .any(|pair| pair[0].is_ascii_lowercase() && pair[1].is_ascii_uppercase());
    let joined = inner.contains('_') || inner.contains("::");
    // `x_s` is a variable of a formula.
    let formula = inner
        .split_once('_')
        .is_some_and(|(first, rest)| first.len() == 1 && rest.len() <= 3);
    clean && !formula && (joined || camel) && inner.starts_with(|c: char| c.is_ascii_alphabetic())
}
