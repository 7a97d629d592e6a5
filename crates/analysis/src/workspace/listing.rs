//! What observations show of files: listings with and without numbers.

use std::ops::Range;

use super::line::line_number;

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
    /// True when a terminal showed it, which leaves no tabs and no blanks at the end of lines.
    pub(super) screen: bool,
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

/// The part of an observation that a program printed, with its place, and whether more was printed than
/// that: without the frame a harness put around an output it cut. Source: the observation template of mini-SWE-agent, which keeps the first
/// and the last characters of a long output.
pub(super) fn unframed(text: &str) -> (usize, &str, bool) {
    const HEAD: &str = "<output_head>\n";
    let head = memchr::memmem::find(text.as_bytes(), HEAD.as_bytes()).filter(|at| *at < 2_000);
    let Some(at) = head else {
        return (0, text, false);
    };
    let start = at + HEAD.len();
    let end = memchr::memmem::find(&text.as_bytes()[start..], b"</output_head>");
    let end = end.map_or(text.len(), |end| start + end);
    // The last line need not be whole.
    let end = text[start..end]
        .trim_end_matches('\n')
        .rfind('\n')
        .map_or(start, |line| start + line + 1);
    (start, &text[start..end], true)
}

/// A text that is the lines of a file from `first` on, at most `count` of them (all without one), as far
/// as it was not cut; `base` is where the text stands in the observation.
pub(super) fn plain(
    text: &str,
    first: usize,
    count: Option<usize>,
    base: usize,
) -> Option<Listing<'_>> {
    let text = text.strip_suffix('\n').unwrap_or(text);
    if text.is_empty() {
        return None;
    }
    let mut lines = Vec::new();
    let mut end = 0;
    let mut cut = false;
    for line in text.split('\n').take(count.unwrap_or(usize::MAX)) {
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
        whole: count.is_none() && !cut && first == 0,
        total: None,
        screen: false,
        bytes: base..base + end.min(text.len()),
    })
}

/// The length of the long listing of a folder (`ls -l`) a text begins with.
pub(super) fn past_folder(text: &str) -> Option<usize> {
    let mut end = 0;
    for line in text.split_inclusive('\n') {
        let mode = line.split(' ').next().unwrap_or_default();
        let entry = mode.len() >= 10
            && mode.starts_with(['-', 'd', 'l', 'b', 'c', 'p', 's'])
            && mode[1..].bytes().take(9).all(|b| b"rwxsStT-".contains(&b));
        if !(entry || line.starts_with("total ")) {
            break;
        }
        end += line.len();
    }
    (end > 0).then_some(end)
}

/// The number in front of a line of a numbered listing, and the line.
fn numbered_line(line: &str) -> Option<(usize, &str, char)> {
    let rest = line.trim_start_matches([' ', '\t']);
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    if digits == 0 || digits > 7 {
        return None;
    }
    let number = line_number(&rest[..digits])?;
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
                screen: false,
                bytes: start..start + line.len(),
            }),
        }
        open = true;
    }
    found
}

/// The same where all lines of a file were asked for, if `whole`: they are all lines of it when they
/// begin with the first, are one run, and nothing was left out. Reading tools stop by themselves at some
/// length, two thousand lines or more.
pub(super) fn all_numbered(text: &str, base: usize, whole: bool) -> Vec<Listing<'_>> {
    const SHORT: usize = 2_000;
    let mut found = numbered(text, base);
    if let [only] = found.as_mut_slice() {
        let lines = only.lines.len();
        let stated = only.total.is_none_or(|total| total == lines);
        only.whole =
            whole && only.first == 0 && lines < SHORT && stated && !text.lines().any(is_cut);
    }
    found
}

/// The lines of `grep -rn`: path, number, text. Lines beyond a thousand are left.
pub(super) fn searched(text: &str, base: usize) -> Vec<(&str, Listing<'_>)> {
    let mut at = base;
    let mut found = Vec::new();
    for line in text.split('\n').take(1_000) {
        let start = at;
        at += line.len() + 1;
        let Some((path, rest)) = line.split_once(':') else {
            continue;
        };
        let Some((number, body)) = rest.split_once(':') else {
            continue;
        };
        let number = line_number(number).and_then(|number| number.checked_sub(1));
        let (Some(first), false) = (number, path.is_empty() || path.contains(' ')) else {
            continue;
        };
        let listing = Listing {
            first,
            lines: vec![body],
            whole: false,
            total: None,
            screen: false,
            bytes: start..start + line.len(),
        };
        found.push((path, listing));
    }
    found
}

/// `[File: x (219 lines total)]`: how many lines a windowed viewer says a file has.
fn stated_total(text: &str) -> Option<usize> {
    let head = text.lines().find(|line| line.starts_with("[File: "))?;
    let (_, rest) = head.rsplit_once('(')?;
    line_number(rest.split_once(" lines total")?.0)
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
        let found = plain("a\nb\n... [3 lines truncated] ...\nz\n", 0, None, 5);
        let found = found.unwrap();
        assert_eq!(found.lines, ["a", "b"]);
        assert!(!found.whole);
    }
}
