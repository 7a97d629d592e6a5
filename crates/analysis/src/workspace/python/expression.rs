//! Expressions: literals, names, calls on them, and nothing else.

use std::collections::HashMap;

use super::Value;

/// How deep calls in calls are read.
const DEPTH: usize = 8;

/// One past the end of the string that begins at `at` with its quote.
pub(super) fn past_string(program: &str, at: usize) -> usize {
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

/// `name = value`, but no comparison and no target that is more than a name.
pub(super) fn assignment(statement: &str) -> Option<(&str, &str)> {
    let end = statement.find(|c: char| !c.is_ascii_alphanumeric() && c != '_')?;
    let (name, rest) = statement.split_at(end);
    let value = rest.trim_start().strip_prefix('=')?;
    (!name.is_empty() && !value.starts_with('=')).then_some((name, value.trim_start()))
}

/// Reads expressions off the front of a text.
pub(super) struct Parser<'p> {
    pub(super) rest: &'p str,
}

impl<'p> Parser<'p> {
    pub(super) fn new(text: &'p str) -> Self {
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

    pub(super) fn is_done(&mut self) -> bool {
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
    pub(super) fn expression(&mut self, names: &HashMap<String, Value>, depth: usize) -> Value {
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
    pub(super) fn method(&mut self) -> Option<&'p str> {
        self.skip();
        let mut ahead = Parser::new(self.rest.strip_prefix('.')?);
        let method = ahead.word();
        if method.is_empty() || !ahead.rest.starts_with('(') {
            return None;
        }
        self.rest = ahead.rest;
        Some(method)
    }

    pub(super) fn primary(&mut self, names: &HashMap<String, Value>, depth: usize) -> Value {
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
    pub(super) fn arguments(&mut self, names: &HashMap<String, Value>, depth: usize) -> Vec<Value> {
        let mut arguments = Vec::new();
        let Some(rest) = self.rest.strip_prefix('(') else {
            return arguments;
        };
        let end = closing(rest);
        let mut inside = Parser::new(rest.get(..end).unwrap_or_default());
        self.rest = rest.get(end + 1..).unwrap_or_default();
        while !inside.is_done() && arguments.len() < 16 {
            let keyword = assignment(inside.rest);
            if let Some((name, value)) = keyword {
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
            Some(c) if c.is_ascii_digit() || "xuUNabfv".contains(c) => return false,
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
