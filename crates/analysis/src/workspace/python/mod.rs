//! What small Python programs do to files, as far as it is plain.
//!
//! Agents edit files with a few lines of Python: read it, `replace` a text, write it back; or write a
//! text that stands in the program. Exactly that is followed: names bound to string literals, paths,
//! file handles and file contents, through `with open`, `read`, `replace`, `write`, `read_text` and
//! `write_text`. A name that gets anything else is not known any more, and a file that is written from
//! what is not known has changed in some way.

mod expression;

use std::collections::HashMap;

use expression::{Parser, assignment, past_string};

/// Statements of one program that are read.
const STATEMENTS: usize = 4_096;

/// Bytes of a program that are read.
const BYTES: usize = 256 * 1024;

/// One thing a program does to a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::workspace) struct Deed {
    /// The path as it is written.
    pub(in crate::workspace) path: String,
    pub(in crate::workspace) does: Does,
}

/// What it does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::workspace) enum Does {
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
pub(in crate::workspace) fn read(program: &str) -> Vec<Deed> {
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

#[cfg(test)]
mod tests;
