//! Words of the shell: splitting and unquoting without expanding.

/// A word without its quotes and escapes; expansions and substitutions stay as written.
pub(super) fn unquote(word: &str) -> String {
    if !word.bytes().any(|b| matches!(b, b'\'' | b'"' | b'\\')) {
        return word.to_owned();
    }
    let mut out = String::with_capacity(word.len());
    let mut chars = word.chars().peekable();
    let mut double = false;
    while let Some(c) = chars.next() {
        match c {
            '\'' if !double => {
                // `$'…'` decodes escapes; the dollar belongs to the quotation.
                if out.ends_with('$') {
                    out.pop();
                    ansi(&mut chars, &mut out);
                } else {
                    out.extend(chars.by_ref().take_while(|c| *c != '\''));
                }
            }
            '"' => double = !double,
            '\\' => match chars.next() {
                Some('\n') | None => {}
                Some(next) if double && !matches!(next, '"' | '\\' | '$' | '`') => {
                    out.push('\\');
                    out.push(next);
                }
                Some(next) => out.push(next),
            },
            _ => out.push(c),
        }
    }
    out
}

/// True when a shell would still put something else in place of a part of the word, which is given with
/// its quotes: a parameter, the output of a command, the result of arithmetic.
pub(super) fn expands(word: &str) -> bool {
    let mut bytes = word.bytes().peekable();
    let mut double = false;
    while let Some(byte) = bytes.next() {
        match byte {
            b'\\' => {
                bytes.next();
            }
            b'"' => double = !double,
            b'\'' if !double => while bytes.next().is_some_and(|b| b != b'\'') {},
            b'`' => return true,
            b'$' => match bytes.peek() {
                Some(b'{' | b'(' | b'_' | b'@' | b'*' | b'#' | b'?' | b'!' | b'$') => return true,
                Some(next) if next.is_ascii_alphanumeric() => return true,
                _ => {}
            },
            _ => {}
        }
    }
    false
}

fn ansi(chars: &mut std::iter::Peekable<std::str::Chars<'_>>, out: &mut String) {
    while let Some(c) = chars.next() {
        match c {
            '\'' => return,
            '\\' => match chars.next() {
                Some('n') => out.push('\n'),
                Some('t') => out.push('\t'),
                Some('r') => out.push('\r'),
                Some(other) => out.push(other),
                None => {}
            },
            _ => out.push(c),
        }
    }
}

/// The words of one line, unquoted. Operators are not told apart: for text that is no shell program.
pub(super) fn split_words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut start = None;
    let mut quote = None;
    let mut escaped = false;
    for (at, c) in line.char_indices() {
        if escaped {
            escaped = false;
            continue;
        }
        match (quote, c) {
            (Some('\''), '\\') => {}
            (_, '\\') => {
                escaped = true;
                start.get_or_insert(at);
            }
            (Some(q), _) if q == c => quote = None,
            (None, '\'' | '"') => {
                quote = Some(c);
                start.get_or_insert(at);
            }
            (None, c) if c.is_whitespace() => {
                if let Some(start) = start.take() {
                    words.push(unquote(&line[start..at]));
                }
            }
            _ => {
                start.get_or_insert(at);
            }
        }
    }
    if let Some(start) = start {
        words.push(unquote(&line[start..]));
    }
    words
}

/// The last component of a path.
pub(crate) fn base_name(path: &str) -> &str {
    let path = path.trim_end_matches('/');
    path.rsplit('/').next().unwrap_or(path)
}

/// A program's name without the version at its end: `python3.11` gives `python3`, `gcc-12` gives `gcc`.
pub(crate) fn unversioned(program: &str) -> &str {
    let cut = program.rfind(['.', '-']).filter(|&at| {
        let version = &program[at + 1..];
        !version.is_empty() && version.bytes().all(|b| b.is_ascii_digit())
    });
    cut.map_or(program, |at| &program[..at])
}
