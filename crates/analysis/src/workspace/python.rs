//! What small Python programs do to files, as far as it is plain.
//!
//! Agents edit files with a few lines of Python: read it, `replace` a text, write it back; or write a
//! text that stands in the program. Exactly that is followed: names bound to string literals, paths,
//! file handles and file contents, through `with open`, `read`, `replace`, `write`, `read_text` and
//! `write_text`. A name that gets anything else is not known any more, and a file that is written from
//! what is not known has changed in some way.

use std::collections::HashMap;

/// Statements of one program that are read, and how deep calls in calls are.
const STATEMENTS: usize = 4_096;
const DEPTH: usize = 8;

/// Bytes of a program that are read.
const BYTES: usize = 256 * 1024;

/// One thing a program does to a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Deed {
    /// The path as it is written.
    pub(super) path: String,
    pub(super) does: Does,
}

/// What it does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Does {
    /// The file is written with this text.
    Write(String),
    /// This text comes at its end.
    Append(String),
    /// Every `old` gives way to its `new`, in order; a count limits it to the first ones.
    Replace(Vec<(String, String, Option<usize>)>),
    /// It is written in a way that is not plain.
    Unknown,
}

/// What a name stands for.
#[derive(Debug, Clone, PartialEq)]
enum Value {
    Text(String),
    /// `Path("…")`.
    Path(String),
    /// An open file with its mode, and whether something was written through it.
    File(String, String, bool),
    /// What a file held, after replacements.
    Content(String, Vec<(String, String, Option<usize>)>),
    Unknown,
}

/// Reads a program; what it does to files, in order.
pub(super) fn read(program: &str) -> Vec<Deed> {
    let mut reader = Reader::default();
    if program.len() > BYTES {
        return reader.deeds;
    }
    for (indent, statement) in statements(program).into_iter().take(STATEMENTS) {
        reader.statement(indent, statement);
    }
    reader.deeds
}

/// The logical lines of a program with their indentation.
fn statements(program: &str) -> Vec<(usize, &str)> {
    let bytes = program.as_bytes();
    let mut found = Vec::new();
    let (mut start, mut at, mut open) = (0, 0, 0_usize);
    while at < bytes.len() {
        match bytes[at] {
            b'\'' | b'"' => at = past_string(program, at),
            b'#' => at += memchr::memchr(b'\n', &bytes[at..]).unwrap_or(bytes.len() - at),
            b'\\' => at += 2,
            byte => {
                match byte {
                    b'(' | b'[' | b'{' => open += 1,
                    b')' | b']' | b'}' => open = open.saturating_sub(1),
                    b'\n' | b';' if open == 0 => {
                        found.push(program.get(start..at).unwrap_or_default());
                        start = at + 1;
                    }
                    _ => {}
                }
                at += 1;
            }
        }
    }
    found.push(program.get(start..).unwrap_or_default());
    let lines = found.into_iter().map(|line| {
        let body = line.trim_start();
        (line.len() - body.len(), body.trim_end())
    });
    lines.filter(|(_, body)| !body.is_empty()).collect()
}

/// One past the end of the string that begins at `at` with its quote.
fn past_string(program: &str, at: usize) -> usize {
    let bytes = program.as_bytes();
    let quote = bytes[at];
    let triple = bytes[at..].starts_with(&[quote; 3]);
    let mut next = at + if triple { 3 } else { 1 };
    while next < bytes.len() {
        match bytes[next] {
            b'\\' => next += 2,
            byte if byte == quote => {
                if !triple {
                    return next + 1;
                }
                if bytes[next..].starts_with(&[quote; 3]) {
                    return next + 3;
                }
                next += 1;
            }
            b'\n' if !triple => return next,
            _ => next += 1,
        }
    }
    bytes.len()
}

#[derive(Default)]
struct Reader {
    names: HashMap<String, Value>,
    deeds: Vec<Deed>,
    /// The indentation of the block that need not run, or runs more than once.
    unsure: Option<usize>,
}

impl Reader {
    fn statement(&mut self, indent: usize, statement: &str) {
        if self.unsure.is_some_and(|block| indent <= block) {
            self.unsure = None;
        }
        let word = statement
            .split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
            .next()
            .unwrap_or_default();
        match word {
            // `if old in text:` guards a replacement that does nothing otherwise.
            "if" if statement.contains(" in ") && !statement.contains(" not in ") => {}
            "if" | "elif" | "else" | "for" | "while" | "def" | "class" | "except" | "lambda" => {
                self.unsure.get_or_insert(indent);
            }
            "with" => self.with(statement),
            "import" | "from" | "try" | "finally" | "print" | "return" | "assert" => {}
            _ => self.plain(statement),
        }
    }

    /// `with open(path, mode) as name:`
    fn with(&mut self, statement: &str) {
        let body = statement.trim_start_matches("with").trim_start();
        let mut parser = Parser::new(body);
        let value = parser.expression(&self.names, 0);
        let rest = parser.rest.trim_start();
        if let Some(name) = rest.strip_prefix("as ") {
            let name = name.split([':', ',']).next().unwrap_or_default().trim();
            self.names.insert(name.to_owned(), value);
        }
    }

    fn plain(&mut self, statement: &str) {
        if let Some((name, value)) = assignment(statement) {
            let mut parser = Parser::new(value);
            let mut value = parser.expression(&self.names, 0);
            if !parser.is_done() || self.unsure.is_some() {
                value = Value::Unknown;
            }
            self.names.insert(name.to_owned(), value);
            return;
        }
        self.call(statement);
    }

    /// `TARGET.write(TEXT)` and `TARGET.write_text(TEXT)`.
    fn call(&mut self, statement: &str) {
        let mut parser = Parser::new(statement);
        let target = parser.primary(&self.names, 0);
        let Some(method) = parser.method() else {
            return;
        };
        if !matches!(method, "write" | "write_text" | "writelines") {
            return;
        }
        let arguments = parser.arguments(&self.names, 0);
        let text = match arguments.first() {
            Some(value) if parser.is_done() && self.unsure.is_none() && method != "writelines" => {
                value.clone()
            }
            _ => Value::Unknown,
        };
        let (path, appends, again) = match &target {
            Value::File(path, mode, written) if mode.contains(['w', 'a', 'x', '+']) => {
                (path.clone(), mode.contains('a'), *written)
            }
            Value::Path(path) => (path.clone(), false, false),
            _ => return,
        };
        if let Value::File(path, mode, _) = &target {
            let written = Value::File(path.clone(), mode.clone(), true);
            for value in self.names.values_mut().filter(|value| **value == target) {
                *value = written.clone();
            }
        }
        let does = match text {
            Value::Text(text) if appends || again => Does::Append(text),
            Value::Text(text) => Does::Write(text),
            Value::Content(from, replaced) if from == path && !appends && !again => {
                Does::Replace(replaced)
            }
            _ => Does::Unknown,
        };
        self.deeds.push(Deed { path, does });
    }
}

/// `name = value`, but no comparison and no target that is more than a name.
fn assignment(statement: &str) -> Option<(&str, &str)> {
    let end = statement.find(|c: char| !c.is_ascii_alphanumeric() && c != '_')?;
    let (name, rest) = statement.split_at(end);
    let value = rest.trim_start().strip_prefix('=')?;
    (!name.is_empty() && !value.starts_with('=')).then_some((name, value.trim_start()))
}

/// Reads expressions off the front of a text.
struct Parser<'p> {
    rest: &'p str,
}

impl<'p> Parser<'p> {
    fn new(text: &'p str) -> Self {
        Self { rest: text }
    }

    fn skip(&mut self) {
        loop {
            self.rest = self.rest.trim_start();
            let Some(comment) = self.rest.strip_prefix('#') else {
                break;
            };
            self.rest = comment.find('\n').map_or("", |end| &comment[end..]);
        }
        if let Some(rest) = self.rest.strip_prefix("\\\n") {
            self.rest = rest.trim_start();
        }
    }

    fn is_done(&mut self) -> bool {
        self.skip();
        self.rest.is_empty()
    }

    fn word(&mut self) -> &'p str {
        let end = self
            .rest
            .find(|c: char| !c.is_ascii_alphanumeric() && c != '_')
            .unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        word
    }

    /// `A + B + …`, each with its calls.
    fn expression(&mut self, names: &HashMap<String, Value>, depth: usize) -> Value {
        let mut value = self.chain(names, depth);
        loop {
            self.skip();
            let Some(rest) = self.rest.strip_prefix('+') else {
                return value;
            };
            self.rest = rest;
            let more = self.chain(names, depth);
            value = match (value, more) {
                (Value::Text(a), Value::Text(b)) => Value::Text(a + &b),
                _ => Value::Unknown,
            };
        }
    }

    /// A primary and the calls on it.
    fn chain(&mut self, names: &HashMap<String, Value>, depth: usize) -> Value {
        let mut value = self.primary(names, depth);
        while let Some(method) = self.method() {
            let arguments = self.arguments(names, depth);
            value = called(&value, method, &arguments);
        }
        self.skip();
        if self.rest.starts_with(['[', '%', '(']) {
            value = Value::Unknown;
        }
        value
    }

    /// `.name` before a parenthesis.
    fn method(&mut self) -> Option<&'p str> {
        self.skip();
        let mut ahead = Parser::new(self.rest.strip_prefix('.')?);
        let method = ahead.word();
        if method.is_empty() || !ahead.rest.starts_with('(') {
            return None;
        }
        self.rest = ahead.rest;
        Some(method)
    }

    fn primary(&mut self, names: &HashMap<String, Value>, depth: usize) -> Value {
        self.skip();
        if depth > DEPTH {
            self.rest = "";
            return Value::Unknown;
        }
        if let Some(text) = self.strings() {
            return text;
        }
        if let Some(rest) = self.rest.strip_prefix('(') {
            self.rest = rest;
            let value = self.expression(names, depth + 1);
            self.skip();
            return match self.rest.strip_prefix(')') {
                Some(rest) => {
                    self.rest = rest;
                    value
                }
                None => Value::Unknown,
            };
        }
        let mut word = self.word();
        // `pathlib.Path`, `io.open`
        while matches!(word, "pathlib" | "io" | "codecs") && self.rest.starts_with('.') {
            self.rest = &self.rest[1..];
            word = self.word();
        }
        if word.is_empty() {
            return Value::Unknown;
        }
        if !self.rest.starts_with('(') {
            return names.get(word).cloned().unwrap_or(Value::Unknown);
        }
        let arguments = self.arguments(names, depth);
        let path = match arguments.first() {
            Some(Value::Text(path) | Value::Path(path)) => path.clone(),
            _ => return Value::Unknown,
        };
        match word {
            "open" => {
                let mode = match arguments.get(1) {
                    Some(Value::Text(mode)) => mode.clone(),
                    _ => "r".to_owned(),
                };
                Value::File(path, mode, false)
            }
            "Path" if arguments.len() == 1 => Value::Path(path),
            _ => Value::Unknown,
        }
    }

    /// The arguments of a call, `mode="w"` in the place of the second; stops behind the parenthesis.
    fn arguments(&mut self, names: &HashMap<String, Value>, depth: usize) -> Vec<Value> {
        let mut arguments = Vec::new();
        let Some(rest) = self.rest.strip_prefix('(') else {
            return arguments;
        };
        let end = closing(rest);
        let mut inside = Parser::new(rest.get(..end).unwrap_or_default());
        self.rest = rest.get(end + 1..).unwrap_or_default();
        while !inside.is_done() && arguments.len() < 16 {
            let named = assignment(inside.rest).map(|(name, value)| (name.to_owned(), value));
            if let Some((name, value)) = named {
                inside.rest = value;
                let value = inside.expression(names, depth + 1);
                if name == "mode" {
                    arguments.push(value);
                }
            } else {
                arguments.push(inside.expression(names, depth + 1));
            }
            inside.skip();
            match inside.rest.strip_prefix(',') {
                Some(rest) => inside.rest = rest,
                None if inside.rest.is_empty() => break,
                None => {
                    arguments.push(Value::Unknown);
                    break;
                }
            }
        }
        arguments
    }

    /// One or more string literals in a row.
    fn strings(&mut self) -> Option<Value> {
        let mut all = String::new();
        let mut any = false;
        let mut plain = true;
        loop {
            self.skip();
            let prefix = self
                .rest
                .bytes()
                .take_while(|b| b"rRuUbBfF".contains(b))
                .count();
            if prefix > 2 || !self.rest[prefix..].starts_with(['\'', '"']) {
                break;
            }
            let letters = self.rest[..prefix].to_ascii_lowercase();
            let end = past_string(self.rest, prefix);
            let literal = self.rest.get(prefix..end).unwrap_or_default();
            self.rest = self.rest.get(end..).unwrap_or_default();
            plain &=
                !letters.contains(['f', 'b']) && unquoted(literal, letters.contains('r'), &mut all);
            any = true;
        }
        match (any, plain) {
            (false, _) => None,
            (true, true) => Some(Value::Text(all)),
            (true, false) => Some(Value::Unknown),
        }
    }
}

/// Where the parenthesis is closed that was opened before `text`.
fn closing(text: &str) -> usize {
    let bytes = text.as_bytes();
    let (mut at, mut open) = (0, 0_usize);
    while at < bytes.len() {
        match bytes[at] {
            b'\'' | b'"' => {
                at = past_string(text, at);
                continue;
            }
            b'(' | b'[' | b'{' => open += 1,
            b')' | b']' | b'}' if open == 0 => return at,
            b')' | b']' | b'}' => open -= 1,
            b'#' => {
                at += memchr::memchr(b'\n', &bytes[at..]).unwrap_or(bytes.len() - at);
                continue;
            }
            _ => {}
        }
        at += 1;
    }
    text.len()
}

/// Adds what a quoted literal stands for; false for escapes that are not followed.
fn unquoted(literal: &str, raw: bool, out: &mut String) -> bool {
    let quote = literal.as_bytes().first().copied().unwrap_or_default();
    let width = if literal.len() >= 6 && literal.as_bytes().starts_with(&[quote; 3]) {
        3
    } else {
        1
    };
    let Some(body) = literal.get(width..literal.len().saturating_sub(width)) else {
        return false;
    };
    if raw || !body.contains('\\') {
        out.push_str(body);
        return true;
    }
    let mut chars = body.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        match chars.next() {
            Some('n') => out.push('\n'),
            Some('t') => out.push('\t'),
            Some('r') => out.push('\r'),
            Some('\n') => {}
            Some(c @ ('\\' | '\'' | '"')) => out.push(c),
            Some('x' | 'u' | 'U' | 'N' | 'a' | 'b' | 'f' | 'v') => return false,
            Some(c) if c.is_ascii_digit() => return false,
            // An escape Python does not know is kept as it is.
            Some(c) => out.extend(['\\', c]),
            None => return false,
        }
    }
    true
}

/// What a call on a value gives.
fn called(value: &Value, method: &str, arguments: &[Value]) -> Value {
    match (value, method, arguments) {
        (Value::File(path, mode, _), "read", []) if !mode.contains('b') => {
            Value::Content(path.clone(), Vec::new())
        }
        (Value::Path(path), "read_text", _) => Value::Content(path.clone(), Vec::new()),
        (Value::Path(path), "open", rest) => {
            let mode = match rest.first() {
                Some(Value::Text(mode)) => mode.clone(),
                _ => "r".to_owned(),
            };
            Value::File(path.clone(), mode, false)
        }
        (
            Value::Content(path, replaced),
            "replace",
            [Value::Text(old), Value::Text(new), count @ ..],
        ) if count.len() <= 1 && !old.is_empty() => {
            let mut replaced = replaced.clone();
            // The only count in use is 1; numbers are not followed, so it stands for any.
            replaced.push((old.clone(), new.clone(), (!count.is_empty()).then_some(1)));
            Value::Content(path.clone(), replaced)
        }
        (Value::Text(text), "replace", [Value::Text(old), Value::Text(new)]) if !old.is_empty() => {
            Value::Text(text.replace(old.as_str(), new))
        }
        (Value::Text(text), "strip", []) => Value::Text(text.trim().to_owned()),
        (Value::Text(text), "lstrip", []) => Value::Text(text.trim_start().to_owned()),
        (Value::Text(text), "rstrip", []) => Value::Text(text.trim_end().to_owned()),
        _ => Value::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn replaced(old: &str, new: &str) -> Does {
        Does::Replace(vec![(old.to_owned(), new.to_owned(), None)])
    }

    #[test]
    fn read_replace_write_is_followed() {
        let program = "import re\npath = 'a/b.py'\nwith open(path, 'r') as f:\n    text = f.read()\n\
            old = \"\"\"x = 1\n\"\"\"\ntext = text.replace(\n    old,  # that\n    'x = \\\n2\\n',\n)\n\
            with open(path, 'w') as f:\n    f.write(text)\nprint('done')\n";
        let deeds = read(program);
        assert_eq!(deeds.len(), 1);
        assert_eq!(deeds[0].path, "a/b.py");
        assert_eq!(deeds[0].does, replaced("x = 1\n", "x = 2\n"));
    }

    #[test]
    fn one_liners_paths_and_texts_are_followed() {
        let deeds = read(
            "from pathlib import Path; p = Path('x'); s = p.read_text(); \
             p.write_text(s.replace('a', 'b')); open('y', 'w').write('1\\n' + r'\\n')",
        );
        assert_eq!(deeds[0].does, replaced("a", "b"));
        assert_eq!(deeds[1].does, Does::Write("1\n\\n".to_owned()));
    }

    #[test]
    fn what_is_not_plain_is_not_followed() {
        let deeds = read("s = open('x').read()\ns = s.upper()\nopen('x', 'w').write(s)\n");
        assert_eq!(deeds[0].does, Does::Unknown);
        let deeds = read("for i in range(3):\n    open('x', 'w').write('a')\n");
        assert_eq!(deeds[0].does, Does::Unknown);
    }

    proptest! {
        #[test]
        fn any_program_is_survived(text in "[a-z'\"()\\\\\n#=.+, ]{0,200}") {
            read(&text);
        }
    }
}
