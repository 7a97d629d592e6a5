//! What observations show of files: listings with and without numbers.

use std::ops::Range;

/// Lines of a file as a run showed them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Listing<'t> {
    /// How many lines of the file stand before the first one.
    pub(super) first: usize,
    pub(super) lines: Vec<&'t str>,
    /// True when these are all lines of the file.
    pub(super) whole: bool,
    /// How many lines the file has, where the listing says.
    pub(super) total: Option<usize>,
    /// True when an empty line at the end is shown as one.
    pub(super) ends: bool,
    /// The bytes of the observation.
    pub(super) bytes: Range<usize>,
}

/// Words by which layouts and tools say that they left something out.
const CUTS: &[&str] = &[
    "truncated",
    "elided",
    "omitted",
    "clipped",
    "limited to",
    "more lines",
    "lines not shown",
];

/// True for a line that says that something was left out here.
fn is_cut(line: &str) -> bool {
    let line = line.trim();
    let marked = line.starts_with(['.', '[', '<', '(', '…', '-', '*'])
        || line.ends_with("...")
        || line.ends_with(['>', ']']);
    marked && line.len() < 300 && {
        let lower = line.to_ascii_lowercase();
        CUTS.iter().any(|word| lower.contains(word))
    }
}

/// A text that is the lines of a file from `first` on, as far as it was not cut; `base` is where the
/// text stands in the observation.
pub(super) fn plain(text: &str, first: usize, whole: bool, base: usize) -> Option<Listing<'_>> {
    let text = text.strip_suffix('\n').unwrap_or(text);
    if text.is_empty() {
        return None;
    }
    let mut lines = Vec::new();
    let mut end = 0;
    let mut cut = false;
    for line in text.split('\n') {
        if is_cut(line) {
            cut = true;
            break;
        }
        end += line.len() + 1;
        lines.push(line.strip_suffix('\r').unwrap_or(line));
    }
    (!lines.is_empty()).then(|| Listing {
        first,
        lines,
        whole: whole && !cut && first == 0,
        total: None,
        ends: false,
        bytes: base..base + end.min(text.len()),
    })
}

/// A listing that was asked for at most `count` lines: when it has fewer, the file ends there.
pub(super) fn limited(mut listing: Listing<'_>, count: Option<usize>) -> Listing<'_> {
    if let Some(count) = count {
        // A line more than was asked for is not of this file.
        listing.lines.truncate(count);
    }
    listing
}

/// The number in front of a line of a numbered listing, and the line.
fn numbered_line(line: &str) -> Option<(usize, &str, char)> {
    let rest = line.trim_start_matches([' ', '\t']);
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    if digits == 0 || digits > 7 {
        return None;
    }
    let number: usize = rest[..digits].parse().ok()?;
    let mut chars = rest[digits..].chars();
    let separator = chars.next()?;
    let text = chars.as_str();
    matches!(separator, '\t' | '→' | ':' | '|' | '-').then_some((
        number.checked_sub(1)?,
        text,
        separator,
    ))
}

/// The numbered lines in a text: `cat -n`, `nl -ba`, `grep -n` and the tools of editors. Each run of
/// consecutive numbers is one listing.
pub(super) fn numbered(text: &str, base: usize) -> Vec<Listing<'_>> {
    let mut found: Vec<Listing<'_>> = Vec::new();
    let mut separator = None;
    let mut at = base;
    let mut open = false;
    let total = stated_total(text);
    for line in text.split('\n') {
        let start = at;
        at += line.len() + 1;
        let plain = line.strip_suffix('\r').unwrap_or(line);
        let Some((number, body, with)) = numbered_line(plain) else {
            open = false;
            continue;
        };
        if *separator.get_or_insert(with) != with && with != '-' {
            open = false;
            continue;
        }
        match found.last_mut() {
            Some(last) if open && last.first + last.lines.len() == number => {
                last.lines.push(body);
                last.bytes.end = start + line.len();
            }
            _ => found.push(Listing {
                first: number,
                lines: vec![body],
                whole: false,
                total,
                ends: false,
                bytes: start..start + line.len(),
            }),
        }
        open = true;
    }
    found
}

/// `[File: x (219 lines total)]`: how many lines a windowed viewer says a file has.
fn stated_total(text: &str) -> Option<usize> {
    let head = text.lines().find(|line| line.starts_with("[File: "))?;
    let (_, rest) = head.rsplit_once('(')?;
    rest.split_once(" lines total")?.0.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbered_listings_are_told_from_what_stands_around_them() {
        let text = "Here is it:\n     7\tseven\n     8\t\n    10\tten\nbye";
        let found = numbered(text, 0);
        assert_eq!(found.len(), 2);
        assert_eq!(
            (found[0].first, &found[0].lines[..]),
            (6, &["seven", ""][..])
        );
        assert_eq!(&text[found[0].bytes.clone()], "     7\tseven\n     8\t");
        assert_eq!(found[1].first, 9);
    }

    #[test]
    fn a_plain_listing_ends_where_it_was_cut() {
        let found = plain("a\nb\n... [3 lines truncated] ...\nz\n", 0, true, 5);
        let found = found.unwrap();
        assert_eq!(found.lines, ["a", "b"]);
        assert!(!found.whole);
    }
}
