//! Which line of a history is what.

/// What a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// The first line of a session.
    Header,
    /// A person's words.
    User,
    /// A line the program wrote about what it does.
    Note,
    /// The model's words.
    Reply,
    /// An empty line.
    Blank,
}

/// How notes begin that end a reply even where a fence in it was left open.
const TELLING: &[&str] = &[
    "Tokens: ",
    "Applied edit to ",
    "Did not apply edit to ",
    "Commit ",
    "Running ",
    "Aider v",
    "Model: ",
    "Main model: ",
    "Git repo: ",
    "Repo-map: ",
    "Added ",
    "The LLM did not conform",
    "Run shell command",
    "Attempt to fix ",
    "^C",
];

/// Follows the lines of a session. A reply may hold anything, also lines that look like a note or a
/// person's words: within fences and SEARCH/REPLACE blocks they are the reply's.
#[derive(Debug, Default)]
pub(super) struct Follow {
    /// The fence that is open within the reply.
    fence: Option<&'static str>,
    in_block: bool,
    last: Option<Kind>,
}

/// Fences that aider has models put around code, and what closes them.
const FENCES: &[(&str, &str)] = &[
    ("````", "````"),
    ("```", "```"),
    ("<source>", "</source>"),
    ("<code>", "</code>"),
    ("<pre>", "</pre>"),
    ("<codeblock>", "</codeblock>"),
    ("<sourcecode>", "</sourcecode>"),
];

impl Follow {
    /// What `line`, without its end, is.
    pub(super) fn kind(&mut self, line: &str) -> Kind {
        let kind = self.look(line);
        if kind == Kind::Reply {
            self.track(line);
        } else if kind != Kind::Blank {
            self.fence = None;
            self.in_block = false;
        }
        if kind != Kind::Blank {
            self.last = Some(kind);
        }
        kind
    }

    fn look(&self, line: &str) -> Kind {
        if super::header_of(line).is_some() {
            return Kind::Header;
        }
        // Every line the program or a person adds ends with a Markdown line break.
        let broken = line.ends_with("  ");
        let note = line.strip_prefix("> ");
        let telling = note.is_some_and(|note| TELLING.iter().any(|head| note.starts_with(head)));
        if self.fence.is_some() || self.in_block {
            return if telling && broken {
                Kind::Note
            } else {
                Kind::Reply
            };
        }
        if line.trim().is_empty() {
            return Kind::Blank;
        }
        let after_note = self.last != Some(Kind::Reply);
        if note.is_some() && (broken || telling || after_note) {
            return Kind::Note;
        }
        if line.starts_with("#### ") && (broken || after_note) {
            return Kind::User;
        }
        Kind::Reply
    }

    fn track(&mut self, line: &str) {
        let text = line.trim_end();
        if text.starts_with("<<<<<<< SEARCH") {
            self.in_block = true;
        } else if text.starts_with(">>>>>>> REPLACE") {
            self.in_block = false;
        }
        if self.in_block {
            return;
        }
        match self.fence {
            Some(close) if text == close => self.fence = None,
            Some(_) => {}
            None => {
                self.fence = opened_by(text);
            }
        }
    }
}

/// What closes the fence that a line opens, if it opens one.
pub(super) fn opened_by(line: &str) -> Option<&'static str> {
    let found = FENCES.iter().find(|(open, _)| line.starts_with(open));
    found.map(|(_, close)| *close)
}

/// The text of a note.
pub(super) fn note_of(line: &str) -> &str {
    line.strip_prefix("> ").unwrap_or(line).trim_end()
}

/// The text of a person's line.
pub(super) fn words_of(line: &str) -> &str {
    line.strip_prefix("#### ").unwrap_or(line).trim_end()
}
