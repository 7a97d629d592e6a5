//! The way out: results to standard output, notes to standard error, nothing raw to a terminal.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::io::{self, BufWriter, IsTerminal, Stdout, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use anstream::{AutoStream, ColorChoice};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use owo_colors::{OwoColorize, Style};
use serde::Serialize;

use crate::cli::{Color, Flags};

/// Columns where standard output is no terminal.
const PIPE_WIDTH: usize = 100;

/// From how many runs on a batch gets a progress bar.
const LONG_BATCH: usize = 65;

/// How often it is told in a log how a model is doing.
const LOG_EVERY: Duration = Duration::from_mins(1);

/// Where results and notes go.
pub(crate) struct Output {
    results: BufWriter<Stdout>,
    palette: Palette,
    quiet: bool,
    progress: ProgressBar,
    /// When it was last told how a model is doing.
    told: Instant,
}

impl Output {
    /// Decides about colour once, from the flags, the environment and the terminal.
    pub(crate) fn new(flags: &Flags) -> Self {
        let stdout = io::stdout();
        let color = match flags.color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => AutoStream::choice(&stdout) != ColorChoice::Never,
        };
        let width = if stdout.is_terminal() {
            terminal_size::terminal_size()
                .map_or(PIPE_WIDTH, |(width, _)| usize::from(width.0).max(40))
        } else {
            PIPE_WIDTH
        };
        Self {
            results: BufWriter::new(stdout),
            palette: Palette { color, width },
            quiet: flags.quiet,
            progress: ProgressBar::hidden(),
            told: Instant::now(),
        }
    }

    /// How text is laid out and coloured.
    pub(crate) fn palette(&self) -> Palette {
        self.palette
    }

    /// Writes finished text, which must already be inert.
    pub(crate) fn text(&mut self, text: &str) -> io::Result<()> {
        let results = &mut self.results;
        self.progress.suspend(|| results.write_all(text.as_bytes()))
    }

    /// Writes one document as one line of JSON, in which nothing acts on a terminal.
    pub(crate) fn json(&mut self, document: &impl Serialize) -> anyhow::Result<()> {
        let results = &mut self.results;
        self.progress.suspend(|| -> anyhow::Result<()> {
            let mut writer = serde_json::Serializer::with_formatter(&mut *results, Inert);
            document.serialize(&mut writer)?;
            Ok(results.write_all(b"\n")?)
        })
    }

    /// Says something beside the results, unless asked to be quiet.
    pub(crate) fn note(&self, text: &str) {
        if !self.quiet {
            self.to_stderr(&format!("{}\n", inert(text)));
        }
    }

    /// Says what went wrong.
    pub(crate) fn error(&self, text: &str) {
        self.to_stderr(&format!("codetracer: {}\n", inert(text)));
    }

    /// Starts the progress bar of a batch; only for long work watched on a terminal.
    pub(crate) fn start_progress(&mut self, doing: &'static str, runs: usize) {
        if self.quiet || runs < LONG_BATCH || !io::stderr().is_terminal() {
            return;
        }
        let bar = ProgressBar::with_draw_target(Some(runs as u64), ProgressDrawTarget::stderr());
        let template = "{msg} {bar:40} {pos}/{len}, {eta} left";
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        bar.set_message(doing);
        self.progress = bar;
    }

    /// Says that a path is being looked through, which takes unknown time; only on a terminal.
    pub(crate) fn start_search(&mut self, path: &Path) {
        self.start_spinner(format!(
            "finding runs in {}",
            inert(&path.to_string_lossy())
        ));
    }

    /// Says that a model is waited for, which takes unknown time.
    pub(crate) fn start_asking(&mut self) {
        self.told = Instant::now();
        self.start_spinner("asking".to_owned());
    }

    /// Says how a model is doing: at once on a terminal, now and then in a log.
    pub(crate) fn tell_asking(&mut self, how: &str) {
        if self.progress.is_hidden() && self.told.elapsed() >= LOG_EVERY {
            self.told = Instant::now();
            self.note(&format!("asking: {how}"));
        }
        self.progress.set_message(format!("asking: {}", inert(how)));
    }

    fn start_spinner(&mut self, message: String) {
        if self.quiet || !io::stderr().is_terminal() {
            return;
        }
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} {elapsed}") {
            bar.set_style(style);
        }
        bar.set_message(message);
        bar.enable_steady_tick(Duration::from_millis(200));
        self.progress = bar;
    }

    /// Counts finished runs.
    pub(crate) fn advance(&self, runs: usize) {
        self.progress.inc(runs as u64);
    }

    /// Takes the progress bar away.
    pub(crate) fn end_progress(&mut self) {
        self.progress.finish_and_clear();
        self.progress = ProgressBar::hidden();
    }

    /// Hands everything written so far to the reader.
    pub(crate) fn flush(&mut self) -> io::Result<()> {
        self.results.flush()
    }

    fn to_stderr(&self, text: &str) {
        // Nobody can be told that standard error is gone.
        let _ = self
            .progress
            .suspend(|| io::stderr().lock().write_all(text.as_bytes()));
    }
}

/// How text is laid out and coloured.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Palette {
    color: bool,
    /// Columns of a line.
    pub(crate) width: usize,
}

impl Palette {
    /// No colour, lines of `width` columns.
    #[cfg(test)]
    pub(crate) fn plain(width: usize) -> Self {
        Self {
            color: false,
            width,
        }
    }

    /// A heading or the word that matters most.
    pub(crate) fn strong(self, text: &str) -> String {
        self.paint(text, Style::new().bold())
    }

    /// Something bad.
    pub(crate) fn bad(self, text: &str) -> String {
        self.paint(text, Style::new().red().bold())
    }

    /// Something good.
    pub(crate) fn good(self, text: &str) -> String {
        self.paint(text, Style::new().green().bold())
    }

    /// Something open.
    pub(crate) fn open(self, text: &str) -> String {
        self.paint(text, Style::new().yellow().bold())
    }

    /// Something beside the point.
    pub(crate) fn faint(self, text: &str) -> String {
        self.paint(text, Style::new().dimmed())
    }

    fn paint(self, text: &str, style: Style) -> String {
        if self.color {
            text.style(style).to_string()
        } else {
            text.to_owned()
        }
    }
}

/// Makes text from an artifact safe to show: terminal escapes, other control characters and
/// characters that reorder a line become visible signs. Line breaks and tabs stay.
pub(crate) fn inert(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_active) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\r' if chars.peek() == Some(&'\n') => {}
            c if is_active(c) => out.push(sign_of(c)),
            c => out.push(c),
        }
    }
    Cow::Owned(out)
}

/// A JSON text inert and of the same meaning: what a terminal acts on can only stand within its strings,
/// where it is written as an escape.
pub(crate) fn inert_json(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_active) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if is_active(c) {
            // All of them lie within sixteen bits.
            let _ = write!(out, "\\u{:04x}", u32::from(c));
        } else {
            out.push(c);
        }
    }
    Cow::Owned(out)
}

/// Writes JSON as `serde_json` does, with what a terminal acts on as escapes.
struct Inert;

impl serde_json::ser::Formatter for Inert {
    fn write_string_fragment<W>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()>
    where
        W: ?Sized + io::Write,
    {
        writer.write_all(inert_json(fragment).as_bytes())
    }
}

/// The first line of `text` that says something, inert, cut to `width` columns with a mark.
pub(crate) fn headline(text: &str, width: usize) -> String {
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let first = lines.next().unwrap_or_default();
    let more = lines.next().is_some();
    let line = inert(first).replace('\t', " ");
    let room = width.max(2) - 1;
    let mut out: String = line.chars().take(room).collect();
    if more || out.len() < line.len() {
        out.push('…');
    }
    out
}

/// `text` inert, every line set in by `indent`.
pub(crate) fn indented(text: &str, indent: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for line in inert(text).lines() {
        let _ = writeln!(out, "{indent}{line}");
    }
    out
}

fn is_active(c: char) -> bool {
    (c.is_control() && c != '\n' && c != '\t')
        || matches!(c,
            '\u{200e}' | '\u{200f}' | '\u{061c}'
            | '\u{2028}' | '\u{2029}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2066}'..='\u{2069}')
}

/// The sign that stands for an active character: Unicode has pictures for the ASCII controls.
fn sign_of(c: char) -> char {
    match u32::from(c) {
        code @ 0..=0x1f => char::from_u32(0x2400 + code).unwrap_or('\u{fffd}'),
        0x7f => '\u{2421}',
        _ => '\u{fffd}',
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn escapes_become_visible_signs() {
        assert_eq!(inert("\x1b[31mred\x1b[0m\x07\r\n\tx"), "␛[31mred␛[0m␇\n\tx");
        assert_eq!(inert("a\u{9b}2Jb\u{202e}c\x7f"), "a\u{fffd}2Jb\u{fffd}c␡");
        assert!(matches!(inert("plain\ttext\n"), Cow::Borrowed(_)));
    }

    #[test]
    fn a_headline_is_one_short_line() {
        assert_eq!(headline("\n  one\n", 20), "one");
        assert_eq!(headline("one\ntwo", 20), "one…");
        assert_eq!(headline("ääääää", 4), "äää…");
    }

    proptest! {
        #[test]
        fn nothing_active_gets_through(text in any::<String>(), width in 0usize..50) {
            prop_assert!(!inert(&text).chars().any(is_active));
            let line = headline(&text, width);
            prop_assert!(!line.chars().any(|c| is_active(c) || c == '\n'));
            prop_assert!(line.chars().count() <= width.max(2));
        }
    }
}
