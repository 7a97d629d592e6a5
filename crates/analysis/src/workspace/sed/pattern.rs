//! Patterns and replacements, made those of the engine.

use regex::{Regex, RegexBuilder};

/// Bytes a compiled pattern may take.
const PATTERN_BYTES: usize = 1 << 20;

/// One part of a replacement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Part {
    /// This text.
    Text(String),
    /// What this group matched; 0 is all of it.
    Group(usize),
}

/// Compiles a pattern in basic or extended POSIX form.
pub(super) fn posix(pattern: &str, extended: bool, ignore_case: bool) -> Option<Regex> {
    compile(&translate(pattern, extended)?, ignore_case, false, false)
}

/// Compiles a pattern already in the engine's form, which is nearly that of Perl.
pub(super) fn compile(
    pattern: &str,
    ignore_case: bool,
    lines: bool,
    dot_all: bool,
) -> Option<Regex> {
    RegexBuilder::new(pattern)
        .case_insensitive(ignore_case)
        .multi_line(lines)
        .dot_matches_new_line(dot_all)
        .size_limit(PATTERN_BYTES)
        .build()
        .ok()
}

fn translate(pattern: &str, extended: bool) -> Option<String> {
    let mut out = String::with_capacity(pattern.len() + 8);
    let mut chars = pattern.chars().peekable();
    // Whether a repetition here would have nothing to repeat.
    let mut fresh = true;
    while let Some(c) = chars.next() {
        let mut opens = false;
        match c {
            '\\' => match chars.next()? {
                c @ ('(' | ')' | '{' | '}' | '|' | '+' | '?') => {
                    if extended {
                        out.push('\\');
                    }
                    out.push(c);
                    opens = !extended && matches!(c, '(' | '|');
                }
                '<' => out.push_str(r"\b{start}"),
                '>' => out.push_str(r"\b{end}"),
                c @ ('n' | 't' | 'w' | 'W' | 's' | 'S' | 'b' | 'B') => {
                    out.push('\\');
                    out.push(c);
                }
                c if c.is_alphanumeric() || matches!(c, '\'' | '`') => return None,
                c => literal(c, &mut out),
            },
            '[' => bracket(&mut chars, &mut out)?,
            '(' | ')' | '{' | '}' | '|' | '+' | '?' => {
                if extended {
                    out.push(c);
                    opens = matches!(c, '(' | '|');
                } else {
                    literal(c, &mut out);
                }
            }
            '*' if fresh => literal(c, &mut out),
            '^' if !extended && !fresh => literal(c, &mut out),
            '^' => {
                out.push(c);
                opens = true;
            }
            '$' if !extended && !at_end(chars.clone()) => literal(c, &mut out),
            '.' | '*' | '$' => out.push(c),
            c => literal(c, &mut out),
        }
        fresh = opens;
    }
    Some(out)
}

/// True when a `$` before this is an anchor in a basic pattern.
fn at_end(mut rest: impl Iterator<Item = char>) -> bool {
    match rest.next() {
        None => true,
        Some('\\') => matches!(rest.next(), Some(')' | '|')),
        Some(_) => false,
    }
}

fn literal(c: char, out: &mut String) {
    if c.is_ascii_punctuation() {
        out.push('\\');
    }
    out.push(c);
}

/// A bracket expression, in which a backslash is itself.
fn bracket(chars: &mut std::iter::Peekable<std::str::Chars<'_>>, out: &mut String) -> Option<()> {
    out.push('[');
    if chars.peek() == Some(&'^') {
        out.extend(chars.next());
    }
    let mut first = true;
    loop {
        let c = chars.next()?;
        match c {
            ']' if !first => break,
            '[' if chars.peek() == Some(&':') => {
                out.push('[');
                for c in chars.by_ref() {
                    out.push(c);
                    if c == ']' {
                        break;
                    }
                }
            }
            '\\' => match chars.peek() {
                Some('n' | 't') => {
                    out.push('\\');
                    out.extend(chars.next());
                }
                _ => out.push_str(r"\\"),
            },
            ']' | '[' | '&' | '~' | '^' => {
                out.push('\\');
                out.push(c);
            }
            c => out.push(c),
        }
        first = false;
    }
    out.push(']');
    Some(())
}

/// A replacement of `sed`; `None` when it changes letters or refers to what is not there.
pub(super) fn replacement(text: &str) -> Option<Vec<Part>> {
    let mut parts = Vec::new();
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '&' => parts.push(Part::Group(0)),
            '\\' => match chars.next()? {
                'n' => add(&mut parts, '\n'),
                't' => add(&mut parts, '\t'),
                c if c.is_ascii_digit() => parts.push(Part::Group(c as usize - '0' as usize)),
                c if c.is_ascii_alphabetic() => return None,
                c => add(&mut parts, c),
            },
            c => add(&mut parts, c),
        }
    }
    Some(parts)
}

/// A replacement of Perl; `None` when it holds variables or calls.
pub(super) fn perl_replacement(text: &str) -> Option<Vec<Part>> {
    let mut parts = Vec::new();
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '$' => {
                let braced = chars.next_if_eq(&'{').is_some();
                let digit = chars.next().filter(char::is_ascii_digit);
                let group = match digit {
                    Some(digit) => digit as usize - '0' as usize,
                    None => return None,
                };
                if braced && chars.next() != Some('}') {
                    return None;
                }
                parts.push(Part::Group(group));
            }
            '@' => return None,
            '\\' => match chars.next()? {
                'n' => add(&mut parts, '\n'),
                't' => add(&mut parts, '\t'),
                c if c.is_ascii_digit() => parts.push(Part::Group(c as usize - '0' as usize)),
                c if c.is_ascii_alphabetic() => return None,
                c => add(&mut parts, c),
            },
            c => add(&mut parts, c),
        }
    }
    Some(parts)
}

fn add(parts: &mut Vec<Part>, c: char) {
    if let Some(Part::Text(text)) = parts.last_mut() {
        text.push(c);
    } else {
        parts.push(Part::Text(c.to_string()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn basic_patterns_are_those_of_sed() {
        for (pattern, text, matches) in [
            (r"a\+b", "aab", true),
            ("a+b", "a+b", true),
            ("a+b", "aab", false),
            (r"\(x\)*$", "yx", true),
            ("f(x)", "f(x)", true),
            (r"\bfoo\b", "a foo b", true),
            ("[.]", "a.b", true),
            ("[^]]x", "]x", false),
            ("cost$5", "cost$5", true),
            (r"\<in\>", "begin", false),
        ] {
            let regex = posix(pattern, false, false).unwrap();
            assert_eq!(regex.is_match(text), matches, "{pattern} on {text}");
        }
        assert!(posix(r"\(a\)\1", false, false).is_none());
    }
}
