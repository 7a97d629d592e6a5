//! Paragraphs and quotations.

use std::fmt::Write as _;

use trace::Evidence;

use crate::input::Input;
use crate::output::{Palette, headline, inert};

/// How many lines of a quotation are shown; the citation leads to the rest.
const QUOTE_LINES: usize = 6;

/// A title with a text below it.
pub(super) fn paragraph(out: &mut String, title: &str, text: &str, palette: Palette) {
    let _ = writeln!(out, "\n{}", palette.strong(title));
    wrapped(out, text, palette);
}

/// A text in lines that fit, a little to the right.
pub(super) fn wrapped(out: &mut String, text: &str, palette: Palette) {
    let mut line = String::new();
    for word in inert(text).split_whitespace() {
        if line.chars().count() + word.chars().count() + 3 > palette.width && !line.is_empty() {
            let _ = writeln!(out, "  {line}");
            line.clear();
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    if !line.is_empty() {
        let _ = writeln!(out, "  {line}");
    }
}

/// A quotation, and where it stands.
pub(super) fn quote(out: &mut String, evidence: &Evidence, input: &Input, palette: Palette) {
    let text = inert(&evidence.quote);
    let mut lines = text.trim_end().lines();
    for line in lines.by_ref().take(QUOTE_LINES) {
        let line = headline(line, palette.width.saturating_sub(6));
        let _ = writeln!(out, "    | {line}");
    }
    if lines.next().is_some() {
        let _ = writeln!(out, "    | …");
    }
    let place = match &evidence.reference {
        Some(at) => format!("{}:{}-{}", input.user_path(&at.path), at.start, at.end),
        None => "no byte range in this layout".to_owned(),
    };
    let place = format!("step {}, {place}", evidence.step_id);
    let _ = writeln!(out, "      {}", palette.faint(&inert(&place)));
}
