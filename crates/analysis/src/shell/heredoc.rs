//! Lifts heredoc bodies out of shell text.
//!
//! A heredoc may hold a program of any size and language, which the shell grammar has no business reading.
//! One scan that knows quotes, comments, substitutions and arithmetic finds every `<<WORD`, cuts its body
//! out and leaves an ordinary input redirection from a numbered placeholder behind. The same scan tells
//! whether the text stops in the middle of a heredoc or a quotation, which typed input does.

use std::borrow::Cow;

use memchr::{memchr, memchr2, memmem};

/// How many quotations and substitutions may be open at once before the scan stops telling them apart.
const NESTING: usize = 64;

/// How many operators that open something or join commands the parsed part of a text may hold. No command
/// has so many; the grammar takes quadratic time on texts that consist of them.
const OPERATORS: usize = 1024;

/// Shell text without its heredoc bodies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Lifted<'a> {
    /// The text with placeholders in place of heredocs.
    pub(crate) text: Cow<'a, str>,
    /// How much of `text` is worth parsing.
    pub(crate) parsed: usize,
    /// The bodies in the order of their placeholders.
    pub(crate) bodies: Vec<Body<'a>>,
    /// Where the text stops short, if it does.
    pub(crate) open: Option<Open>,
}

/// One heredoc.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Body<'a> {
    /// The word that ends it, unquoted.
    pub(crate) delimiter: String,
    /// The lines before that word, as written.
    text: &'a str,
    /// True for `<<-`, which takes the tabs off the beginning of every line.
    strip_tabs: bool,
    /// True when no part of the delimiter is quoted: then the shell expands the text.
    pub(crate) expands: bool,
}

impl Body<'_> {
    /// The text that is fed in.
    pub(crate) fn fed(&self) -> String {
        if !self.strip_tabs {
            return self.text.to_owned();
        }
        self.text
            .split_inclusive('\n')
            .map(|line| line.trim_start_matches('\t'))
            .collect()
    }
}

/// Puts the heredocs back into a piece of lifted text, such as the substitution in
/// `git commit -m "$(cat <<EOF …)"`.
pub(crate) fn restore<'a>(piece: &'a str, bodies: &[Body<'_>]) -> Cow<'a, str> {
    const MARK: &str = "< __heredoc_";
    if memmem::find(piece.as_bytes(), MARK.as_bytes()).is_none() {
        return Cow::Borrowed(piece);
    }
    let mut out = String::new();
    for (index, part) in piece.split(MARK).enumerate() {
        let known = part
            .split_once("__ ")
            .filter(|_| index > 0)
            .and_then(|(number, rest)| Some((bodies.get(number.parse::<usize>().ok()?)?, rest)));
        if let Some((body, rest)) = known {
            out.push_str("<<");
            out.push_str(&body.delimiter);
            out.push('\n');
            out.push_str(body.text);
            out.push_str(&body.delimiter);
            out.push_str(rest);
        } else {
            out.push_str(if index > 0 { MARK } else { "" });
            out.push_str(part);
        }
    }
    Cow::Owned(out)
}

/// What a text that stops short is in the middle of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Open {
    /// A heredoc whose delimiter has not come yet.
    Heredoc,
    /// A quotation or substitution that is not closed.
    Quote,
}

/// The word that stands for the heredoc numbered `index`.
fn placeholder(index: usize) -> String {
    format!("__heredoc_{index}__")
}

/// The number of the heredoc a redirection target stands for.
pub(crate) fn placeholder_index(target: &str) -> Option<usize> {
    target
        .strip_prefix("__heredoc_")?
        .strip_suffix("__")?
        .parse()
        .ok()
}

/// Cuts the heredocs out of `script`.
pub(crate) fn lift(script: &str) -> Lifted<'_> {
    let mut scan = Scan {
        script,
        at: 0,
        copied: 0,
        out: String::new(),
        contexts: Vec::new(),
        pending: Vec::new(),
        bodies: Vec::new(),
        open: None,
        operators: 0,
        parsed: None,
        unclosed_before: 0,
    };
    scan.run();
    let text = if scan.bodies.is_empty() && scan.pending.is_empty() {
        Cow::Borrowed(script)
    } else {
        scan.copy_to(script.len());
        Cow::Owned(scan.out)
    };
    let open = scan.open.or(if scan.pending.is_empty() {
        (!scan.contexts.is_empty()).then_some(Open::Quote)
    } else {
        Some(Open::Heredoc)
    });
    // A heredoc whose line never ended has no body yet, but its placeholder is in the text.
    let unread = scan.pending.into_iter().map(|heredoc| Body {
        delimiter: heredoc.delimiter,
        text: "",
        strip_tabs: heredoc.strip_tabs,
        expands: heredoc.expands,
    });
    let mut bodies = scan.bodies;
    bodies.extend(unread);
    Lifted {
        parsed: scan.parsed.unwrap_or(text.len()),
        text,
        bodies,
        open,
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Context {
    Double,
    Paren,
    Backtick,
}

struct Pending {
    delimiter: String,
    strip_tabs: bool,
    expands: bool,
}

struct Scan<'a> {
    script: &'a str,
    at: usize,
    /// Everything before this offset is already in `out` or cut.
    copied: usize,
    out: String,
    contexts: Vec<Context>,
    pending: Vec<Pending>,
    bodies: Vec<Body<'a>>,
    open: Option<Open>,
    operators: usize,
    /// Where in the lifted text the last operator stands that is parsed.
    parsed: Option<usize>,
    /// Up to here no `))` is found on the present line.
    unclosed_before: usize,
}

impl Scan<'_> {
    fn run(&mut self) {
        while let Some(&byte) = self.script.as_bytes().get(self.at) {
            if self.contexts.last() == Some(&Context::Double) {
                self.quoted(byte);
            } else {
                self.code(byte);
            }
        }
    }

    fn rest(&self) -> &[u8] {
        self.script.as_bytes().get(self.at..).unwrap_or_default()
    }

    fn push(&mut self, context: Context) {
        if self.contexts.len() < NESTING {
            self.contexts.push(context);
        }
    }

    fn quoted(&mut self, byte: u8) {
        match byte {
            b'\\' => self.at += 2,
            b'"' => {
                self.contexts.pop();
                self.at += 1;
            }
            b'$' => self.dollar(),
            b'`' => self.backtick(),
            _ => self.at += 1,
        }
    }

    fn code(&mut self, byte: u8) {
        if b"|<({[`".contains(&byte) {
            self.operators += 1;
            if self.operators == OPERATORS {
                self.parsed = Some(self.out.len() + self.at.saturating_sub(self.copied));
            }
        }
        match byte {
            b'\\' => self.at += 2,
            b'\'' => self.single_quoted(),
            b'"' => {
                self.push(Context::Double);
                self.at += 1;
            }
            b'$' => self.dollar(),
            b'`' => self.backtick(),
            b'(' if self.rest().starts_with(b"((") => self.arithmetic(),
            b'(' => {
                self.push(Context::Paren);
                self.at += 1;
            }
            b')' => {
                if self.contexts.last() == Some(&Context::Paren) {
                    self.contexts.pop();
                }
                self.at += 1;
            }
            b'#' if self.at_word_start() => {
                self.at += memchr(b'\n', self.rest()).unwrap_or(self.rest().len());
            }
            b'<' if self.rest().starts_with(b"<<<") => self.at += 3,
            b'<' if self.rest().starts_with(b"<<") => self.heredoc(),
            b'\n' => {
                self.at += 1;
                self.read_bodies();
            }
            _ => self.at += 1,
        }
    }

    fn at_word_start(&self) -> bool {
        self.at
            .checked_sub(1)
            .and_then(|before| self.script.as_bytes().get(before))
            .is_none_or(|b| b" \t\n;&|()".contains(b))
    }

    fn single_quoted(&mut self) {
        self.at += 1;
        if let Some(end) = memchr(b'\'', self.rest()) {
            self.at += end + 1;
        } else {
            self.at = self.script.len();
            self.open = Some(Open::Quote);
        }
    }

    fn dollar(&mut self) {
        if self.rest().starts_with(b"$((") {
            self.at += 1;
            self.arithmetic();
        } else if self.rest().starts_with(b"$(") {
            self.push(Context::Paren);
            self.at += 2;
        } else if self.rest().starts_with(b"$'") && self.contexts.last() != Some(&Context::Double) {
            self.ansi_quoted();
        } else {
            self.at += 1;
        }
    }

    /// `$'…'`, where a backslash hides the quote.
    fn ansi_quoted(&mut self) {
        self.at += 2;
        while let Some(hit) = memchr2(b'\'', b'\\', self.rest()) {
            let escaped = self.rest()[hit] == b'\\';
            self.at += hit + if escaped { 2 } else { 1 };
            if !escaped {
                return;
            }
        }
        self.at = self.script.len();
        self.open = Some(Open::Quote);
    }

    fn backtick(&mut self) {
        if let Some(open) = self.contexts.iter().rposition(|c| *c == Context::Backtick) {
            self.contexts.truncate(open);
        } else {
            self.push(Context::Backtick);
        }
        self.at += 1;
    }

    /// `((…))`, in which `<<` is a shift. Without its end on the same line it is two subshells.
    fn arithmetic(&mut self) {
        let known_open = self.at < self.unclosed_before;
        let line = if known_open {
            0
        } else {
            memchr(b'\n', self.rest()).unwrap_or(self.rest().len())
        };
        if let Some(end) = memmem::find(&self.rest()[..line], b"))") {
            self.at += end + 2;
        } else {
            self.unclosed_before = self.unclosed_before.max(self.at + line);
            self.push(Context::Paren);
            self.push(Context::Paren);
            self.at += 2;
        }
    }

    fn heredoc(&mut self) {
        let operator = self.at;
        self.at += 2;
        let strip_tabs = self.rest().first() == Some(&b'-');
        self.at += usize::from(strip_tabs);
        while matches!(self.rest().first(), Some(b' ' | b'\t')) {
            self.at += 1;
        }
        let written = self.at;
        let Some(delimiter) = self.delimiter() else {
            return;
        };
        let written = self.script.get(written..self.at).unwrap_or_default();
        let expands = !written.contains(['\'', '"', '\\']);
        self.copy_to(operator);
        self.out.push_str("< ");
        self.out
            .push_str(&placeholder(self.bodies.len() + self.pending.len()));
        self.out.push(' ');
        self.copied = self.at;
        self.pending.push(Pending {
            delimiter,
            strip_tabs,
            expands,
        });
    }

    /// The delimiter word at the present place, unquoted; moves behind it.
    fn delimiter(&mut self) -> Option<String> {
        let start = self.at;
        let mut quote = None;
        let mut word = String::new();
        for (offset, c) in self.script.get(start..)?.char_indices() {
            match (quote, c) {
                (None, '\'' | '"') => quote = Some(c),
                (Some(q), _) if q == c => quote = None,
                (None, '\\') => {}
                (None, c) if c.is_whitespace() || ";&|<>()".contains(c) => break,
                (_, '\n') => break,
                _ => word.push(c),
            }
            self.at = start + offset + c.len_utf8();
        }
        (self.at > start).then_some(word)
    }

    /// Takes the bodies of all heredocs announced on the line that just ended.
    fn read_bodies(&mut self) {
        if self.pending.is_empty() {
            return;
        }
        self.copy_to(self.at);
        for heredoc in std::mem::take(&mut self.pending) {
            let start = self.at;
            let mut end = None;
            while end.is_none() && self.at < self.script.len() {
                let line_start = self.at;
                let length = memchr(b'\n', self.rest()).unwrap_or(self.rest().len());
                let line = &self.script[line_start..line_start + length];
                self.at = (line_start + length + 1).min(self.script.len());
                let line = line.strip_suffix('\r').unwrap_or(line);
                let line = if heredoc.strip_tabs {
                    line.trim_start_matches('\t')
                } else {
                    line
                };
                if line == heredoc.delimiter {
                    end = Some(line_start);
                }
            }
            if end.is_none() {
                self.open = Some(Open::Heredoc);
            }
            self.bodies.push(Body {
                delimiter: heredoc.delimiter,
                strip_tabs: heredoc.strip_tabs,
                expands: heredoc.expands,
                text: &self.script[start..end.unwrap_or(self.at)],
            });
        }
        self.copied = self.at;
    }

    fn copy_to(&mut self, end: usize) {
        if let Some(piece) = self.script.get(self.copied..end) {
            self.out.push_str(piece);
        }
        self.copied = self.copied.max(end);
    }
}
