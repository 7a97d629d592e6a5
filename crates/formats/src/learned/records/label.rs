//! The lines that open records in a text, and what their labels mean.

/// What a label means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::learned) enum Meaning {
    /// A person speaks.
    User,
    /// The agent speaks.
    Agent,
    /// The agent thinks.
    Thought,
    /// Something is asked for.
    Call,
    /// The arguments of what the record before asked for.
    Input,
    /// Something came back.
    Result,
    /// Something else is written, such as a log line.
    Other,
}

/// Labels and what they mean.
const LABELS: &[(&str, Meaning)] = &[
    ("user", Meaning::User),
    ("human", Meaning::User),
    ("task", Meaning::User),
    ("question", Meaning::User),
    ("prompt", Meaning::User),
    ("instruction", Meaning::User),
    ("assistant", Meaning::Agent),
    ("agent", Meaning::Agent),
    ("ai", Meaning::Agent),
    ("model", Meaning::Agent),
    ("claude", Meaning::Agent),
    ("gpt", Meaning::Agent),
    ("gemini", Meaning::Agent),
    ("final answer", Meaning::Agent),
    ("answer", Meaning::Agent),
    ("thought", Meaning::Thought),
    ("thoughts", Meaning::Thought),
    ("thinking", Meaning::Thought),
    ("reasoning", Meaning::Thought),
    ("action", Meaning::Call),
    ("tool", Meaning::Call),
    ("tool call", Meaning::Call),
    ("tool use", Meaning::Call),
    ("function call", Meaning::Call),
    ("calling tool", Meaning::Call),
    ("calling", Meaning::Call),
    ("command", Meaning::Call),
    ("running", Meaning::Call),
    ("running command", Meaning::Call),
    ("run", Meaning::Call),
    ("executing", Meaning::Call),
    ("executing command", Meaning::Call),
    ("execute", Meaning::Call),
    ("exec", Meaning::Call),
    ("invoking", Meaning::Call),
    ("bash", Meaning::Call),
    ("shell", Meaning::Call),
    ("$", Meaning::Call),
    ("action input", Meaning::Input),
    ("input", Meaning::Input),
    ("tool input", Meaning::Input),
    ("arguments", Meaning::Input),
    ("args", Meaning::Input),
    ("parameters", Meaning::Input),
    ("observation", Meaning::Result),
    ("output", Meaning::Result),
    ("command output", Meaning::Result),
    ("tool output", Meaning::Result),
    ("result", Meaning::Result),
    ("tool result", Meaning::Result),
    ("tool response", Meaning::Result),
    ("function result", Meaning::Result),
    ("environment", Meaning::Result),
    ("stdout", Meaning::Result),
    ("log", Meaning::Other),
    ("system", Meaning::Other),
];

/// Labels of calls that are command lines unless they have arguments.
pub(super) const COMMANDS: &[&str] = &[
    "$",
    "bash",
    "shell",
    "command",
    "run",
    "running",
    "running command",
    "exec",
    "execute",
    "executing",
    "executing command",
];

/// What a label means; `None` for words that are no label.
pub(in crate::learned) fn meaning(label: &str) -> Option<Meaning> {
    let found = LABELS.iter().find(|(word, _)| *word == label);
    found.map(|(_, meaning)| *meaning)
}

/// The time, label and rest of a line that opens a record.
pub(super) fn mark_of(line: &str, markdown: bool) -> Option<(Option<&str>, String, &str)> {
    if markdown {
        let (role, rest) = heading(line)
            .or_else(|| bold(line))
            .or_else(|| labelled(line))?;
        return Some((None, role, rest));
    }
    let (time, message) = prefixed(line);
    let told = prompt(message)
        .or_else(|| bracketed(message))
        .or_else(|| labelled(message));
    match (told, time) {
        (Some((role, rest)), time) => Some((time, role, rest)),
        (None, Some(time)) => Some((Some(time), "log".to_owned(), message)),
        (None, None) => None,
    }
}

/// The label in words written for people: `🤖 Assistant (turn 3):` is `assistant`.
fn label(words: &str) -> Option<String> {
    const LONGEST: usize = 48;
    if words.len() > LONGEST {
        return None;
    }
    let words = words
        .split(['(', '[', '#', '-', '–', '—'])
        .next()
        .unwrap_or(words);
    let plain: String = words
        .chars()
        .map(|c| {
            if c.is_alphabetic() {
                c.to_ascii_lowercase()
            } else {
                ' '
            }
        })
        .collect();
    let plain = plain.split_whitespace().collect::<Vec<_>>().join(" ");
    let first = ["step ", "turn ", "message "]
        .iter()
        .fold(plain.as_str(), |text, word| {
            text.strip_prefix(word).unwrap_or(text)
        });
    meaning(first)
        .is_some_and(|meaning| meaning != Meaning::Other)
        .then(|| first.to_owned())
}

fn heading(line: &str) -> Option<(String, &str)> {
    let words = line.trim_start_matches('#');
    let depth = line.len() - words.len();
    if !(1..=6).contains(&depth) || !words.starts_with(' ') {
        return None;
    }
    if let Some(role) = label(words.trim()) {
        return Some((role, ""));
    }
    let (mark, rest) = words.split_once(':')?;
    Some((label(mark)?, rest.trim()))
}

fn bold(line: &str) -> Option<(String, &str)> {
    let words = line
        .trim_start_matches(['>', '-', ' '])
        .strip_prefix("**")?;
    let (mark, rest) = words.split_once("**")?;
    Some((label(mark)?, rest.trim_start_matches(':').trim()))
}

fn labelled(line: &str) -> Option<(String, &str)> {
    let (mark, rest) = line.split_once(':')?;
    let capital = mark.chars().next().is_some_and(char::is_uppercase);
    let spaced = rest.is_empty() || rest.starts_with(' ');
    if !capital || !spaced || mark.contains(['(', '[', '.', '/']) {
        return None;
    }
    Some((label(mark)?, rest.trim()))
}

fn bracketed(line: &str) -> Option<(String, &str)> {
    let line = line.trim_start();
    for (open, end) in [("[", "]"), ("===", "==="), ("---", "---"), ("<<<", ">>>")] {
        if let Some((mark, rest)) = line.strip_prefix(open).and_then(|l| l.split_once(end)) {
            let role = label(&mark.replace('_', " "))?;
            return Some((role, rest.trim_start_matches(['=', '-', ':', ' '])));
        }
    }
    None
}

/// A shell's prompt and the command after it.
fn prompt(line: &str) -> Option<(String, &str)> {
    let plain = line.strip_prefix("$ ").or_else(|| {
        let (before, command) = line.split_once("$ ")?;
        let host = before.contains('@') && before.contains(':') && !before.contains(' ');
        host.then_some(command)
    });
    let command = plain?.trim();
    (!command.is_empty()).then(|| ("$".to_owned(), command))
}

/// The time and level before a log line's message.
fn prefixed(line: &str) -> (Option<&str>, &str) {
    const LEVELS: &[&str] = &[
        "TRACE", "DEBUG", "INFO", "WARN", "WARNING", "ERROR", "CRITICAL", "NOTICE",
    ];
    let Some((time, mut rest)) = timed(line) else {
        return (None, line);
    };
    // A level, a logger's name and dashes stand before the message.
    for _ in 0..4 {
        let trimmed = rest.trim_start_matches([' ', '-', '|', '\t']);
        let word_end = trimmed.find([' ', '\t']).unwrap_or(trimmed.len());
        let word = trimmed[..word_end].trim_matches(['[', ']', ':']);
        let known = LEVELS.iter().any(|level| level.eq_ignore_ascii_case(word));
        let logger = trimmed[..word_end].ends_with(':') && word.contains(['.', '_']);
        if !known && !logger {
            return (Some(time), trimmed);
        }
        rest = &trimmed[word_end..];
    }
    (Some(time), rest.trim_start())
}

/// The time at the beginning of a line: a date and a time in one or two words, or a time of day.
fn timed(line: &str) -> Option<(&str, &str)> {
    const LONGEST: usize = 40;
    let first = line.chars().next()?;
    if !first.is_ascii_digit() && first != '[' {
        return None;
    }
    let inner = line.strip_prefix('[').unwrap_or(line);
    let mut ends = inner
        .char_indices()
        .filter(|(at, c)| matches!(c, ' ' | ']' | ',') && *at <= LONGEST)
        .map(|(at, _)| at);
    let (one, two) = (ends.next()?, ends.next());
    let is_time = |text: &str| crate::time::parse(text).is_some();
    let of_day = |text: &str| {
        let digits = text.bytes().filter(u8::is_ascii_digit).count();
        text.len() >= 8
            && digits >= 6
            && text.bytes().filter(|b| *b == b':').count() == 2
            && text
                .bytes()
                .all(|b| b.is_ascii_digit() || matches!(b, b':' | b'.'))
    };
    let end = two
        .filter(|two| is_time(&inner[..*two].replacen(' ', "T", 1)) || is_time(&inner[..*two]))
        .or_else(|| Some(one).filter(|one| is_time(&inner[..*one]) || of_day(&inner[..*one])))?;
    let rest =
        inner[end..].trim_start_matches(|c: char| c == ']' || c == ',' || c.is_ascii_digit());
    Some((&inner[..end], rest))
}
