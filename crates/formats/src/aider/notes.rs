//! What the program says around the replies of the model.

use std::ops::Range;

use trace::{FileEdit, Usage};

use super::edits::{self, Asked};

/// A line the program wrote.
pub(super) struct Note {
    pub(super) text: String,
    pub(super) range: Range<u64>,
    pub(super) raw: Vec<u8>,
}

/// What the notes after a reply say of its edits.
pub(super) struct Outcome {
    pub(super) applied: Vec<String>,
    /// The lines of the complaint about edits that did not apply.
    pub(super) failures: Vec<String>,
    /// True when nothing of the reply could be used.
    refused: bool,
}

impl Outcome {
    pub(super) fn of(notes: &[Note]) -> Self {
        let lines = || notes.iter().map(|note| note.text.as_str());
        let applied = lines().filter_map(|line| line.strip_prefix("Applied edit to "));
        let refused = lines().any(|line| line.starts_with("The LLM did not conform"));
        let from = lines().position(|line| {
            line.starts_with("The LLM did not conform") || line.contains("failed to match")
        });
        let failures = from.map(|from| {
            let rest = lines().skip(from).take_while(|line| !is_aftermath(line));
            rest.map(str::to_owned).collect()
        });
        let failures: Vec<String> = failures.unwrap_or_default();
        Self {
            applied: applied.map(str::to_owned).collect(),
            refused: refused && !failures.iter().any(|line| line.contains("failed to match")),
            failures,
        }
    }

    /// Whether the complaint is about this edit: it names its file and repeats its search text.
    pub(super) fn is_failed(&self, edit: &FileEdit) -> bool {
        if self.failures.is_empty() {
            return false;
        }
        if self.refused {
            return true;
        }
        let trace::Change::Replace { old, .. } = &edit.change else {
            return false;
        };
        let named = self.failures.iter().any(|line| line.ends_with(&edit.path));
        let mut wanted = old.lines().map(str::trim).filter(|line| !line.is_empty());
        named && wanted.all(|line| self.failures.iter().any(|told| told.trim() == line))
    }
}

/// The edits a reply asks for: its blocks, and what was applied to files no block names.
pub(super) fn asked_of(reply: &str, applied: &[String]) -> Vec<Asked> {
    let mut asked = edits::blocks(reply);
    for path in applied {
        if !asked.iter().any(|asked| same_file(path, &asked.edit.path)) {
            asked.push(edits::of_file(reply, path));
        }
    }
    asked.sort_by_key(|asked| asked.range.start);
    asked
}

/// Models may name a file by less than its path.
pub(super) fn same_file(applied: &str, asked: &str) -> bool {
    let asked = asked.trim_start_matches("./");
    applied == asked
        || applied
            .strip_suffix(asked)
            .is_some_and(|rest| rest.ends_with('/') && !asked.is_empty())
}

/// Notes about what follows an edit: commits and what linters say.
pub(super) fn is_aftermath(line: &str) -> bool {
    const HEADS: [&str; 5] = [
        "Commit ",
        "Committing ",
        "# Fix any",
        "## Running",
        "Attempt to fix lint",
    ];
    HEADS.iter().any(|head| line.starts_with(head))
}

/// `Added 5 lines of output to the chat.`
pub(super) fn is_output_added(line: &str) -> bool {
    line.starts_with("Added ") && line.contains(" of output to the chat")
}

/// A command a person had run: `/run make`, `/test make`, `!make`.
pub(super) fn slash_run(text: &str) -> Option<&str> {
    let heads = ["/run ", "/test ", "!"];
    let command = heads
        .iter()
        .find_map(|head| text.strip_prefix(head))?
        .trim();
    (!command.is_empty() && !text.contains('\n')).then_some(command)
}

/// Words between edits without the fences that stood around the edits.
pub(super) fn prose(text: &str) -> &str {
    let text = text.trim();
    let text = ["```", "</source>", "</code>", "</pre>"]
        .iter()
        .find_map(|fence| text.strip_prefix(fence))
        .unwrap_or(text);
    let fences = text.lines().filter(|line| line.starts_with("```")).count();
    let last = text.lines().next_back().unwrap_or_default();
    if fences % 2 == 1 && last.starts_with("```") {
        return text[..text.len() - last.len()].trim();
    }
    text.trim()
}

/// `Tokens: 2.6k sent, 1k cache hit, 33 received. Cost: $0.01 message, $0.03 session.`
pub(super) fn usage_in(line: &str) -> Option<Usage> {
    let rest = line.strip_prefix("Tokens: ")?;
    let counted = |word: &str| {
        let before = &rest[..rest.find(word)?];
        count_of(before.rsplit([',', ' ']).find(|piece| !piece.is_empty())?)
    };
    let cost = rest.find("Cost: $").and_then(|at| {
        let number = rest[at + "Cost: $".len()..].split_whitespace().next()?;
        number.parse().ok()
    });
    Some(Usage {
        input_tokens: counted(" sent"),
        cached_tokens: counted(" cache hit"),
        output_tokens: counted(" received"),
        cost_usd: cost,
    })
}

/// A count as it is shown: `33`, `2.6k`, `1,234`, `1.1M`.
fn count_of(text: &str) -> Option<u64> {
    let (number, factor) = match text.strip_suffix('k') {
        Some(number) => (number, 1e3),
        None => match text.strip_suffix('M') {
            Some(number) => (number, 1e6),
            None => (text, 1.0),
        },
    };
    let number: f64 = number.parse().ok()?;
    let count = (number * factor).round();
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "bounded"
    )]
    (0.0..1e15).contains(&count).then_some(count as u64)
}
