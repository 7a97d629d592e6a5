//! Claude Code session files and stream-json output; both are described in `LAYOUT.md`.

mod conversation;
mod detect;
mod message;
mod thread;

use std::io;

use serde_json::Value;
use trace::{RefPart, Trajectory};

pub(crate) use conversation::{Conversation, Record};

use crate::extractor::{
    Claim, Coverage, Detection, ExtractError, Extraction, Extractor, Layout, Rank, Site,
};
use crate::json::str_at;
use crate::lines::Line;
use crate::pile::{EntryId, Pile};

/// Reads the session files Claude Code keeps below `~/.claude/projects`.
pub(crate) struct ClaudeCodeSession;

/// Reads what `claude -p --output-format stream-json` printed.
pub(crate) struct ClaudeCodeStream;

impl Extractor for ClaudeCodeSession {
    fn layout(&self) -> Layout {
        Layout {
            name: "claude-code-session",
            title: "Claude Code session *.jsonl with its sub-agents' files",
            doc: include_str!("LAYOUT.md"),
            rank: Rank::Native,
        }
    }

    fn detect(&self, pile: &Pile, site: Site<'_>) -> io::Result<Option<Detection>> {
        match site {
            Site::File(probe) => detect::session(pile, probe),
            Site::Folder(_) => Ok(None),
        }
    }

    fn extract(&self, pile: &Pile, claim: &Claim) -> Result<Extraction, ExtractError> {
        read_files(pile, &claim.detection.files)
    }
}

impl Extractor for ClaudeCodeStream {
    fn layout(&self) -> Layout {
        Layout {
            name: "claude-code-stream",
            title: "Claude Code --output-format stream-json",
            doc: include_str!("LAYOUT.md"),
            rank: Rank::Stream,
        }
    }

    fn detect(&self, _pile: &Pile, site: Site<'_>) -> io::Result<Option<Detection>> {
        Ok(match site {
            Site::File(probe) => detect::stream(probe),
            Site::Folder(_) => None,
        })
    }

    fn extract(&self, pile: &Pile, claim: &Claim) -> Result<Extraction, ExtractError> {
        read_files(pile, &claim.detection.files)
    }
}

/// Reads the main file and then those of its sub-agents.
fn read_files(pile: &Pile, files: &[EntryId]) -> Result<Extraction, ExtractError> {
    let mut reading = Reading {
        conversation: Conversation::new(),
        coverage: Coverage::default(),
        warnings: Vec::new(),
        agent: None,
        index: 0,
    };
    for (number, &id) in files.iter().enumerate() {
        let path = &pile.entry(id).path;
        reading.agent = (number > 0).then(|| agent_of(pile.entry(id).name()));
        reading.index = 0;
        let failed = |source| ExtractError::io(path, source);
        let mut lines = pile.lines(id).map_err(failed)?;
        while let Some(line) = lines.next_line().map_err(failed)? {
            reading.read_line(&line);
        }
    }
    Ok(reading.finish())
}

/// The agent's id in the name of its file, `agent-<id>.jsonl`.
fn agent_of(name: &str) -> String {
    let stem = name.split_once('.').map_or(name, |(stem, _)| stem);
    stem.strip_prefix("agent-").unwrap_or(stem).to_owned()
}

struct Reading {
    conversation: Conversation,
    coverage: Coverage,
    warnings: Vec<String>,
    agent: Option<String>,
    index: u64,
}

impl Reading {
    fn read_line(&mut self, line: &Line<'_>) {
        if line.bytes.trim_ascii().is_empty() {
            return;
        }
        let text = line.text();
        let value = match serde_json::from_str::<Value>(&text) {
            Ok(value) if value.is_object() => value,
            parsed => {
                let record = parsed.is_err() && text.trim_start().starts_with('{');
                match line.unfinished().filter(|_| record) {
                    Some(note) => self.warnings.push(note),
                    None => self.coverage.count(line.bytes.len(), false),
                }
                return;
            }
        };
        let named = str_at(&value, "agentId").map(str::to_owned);
        let agent = self
            .agent
            .as_ref()
            .map(|file| named.unwrap_or_else(|| file.clone()));
        let known = self.conversation.add(&Record {
            value: &value,
            index: self.index,
            place: Some(line.cite(RefPart::Action)),
            time: None,
            agent: agent.as_deref(),
        });
        self.index += 1;
        self.coverage.count(line.bytes.len(), known);
    }

    fn finish(mut self) -> Extraction {
        let unpaired = self.conversation.unpaired;
        if unpaired > 0 {
            self.warnings
                .push(format!("{unpaired} tool results answer no recorded call"));
        }
        let trajectory: Trajectory = self.conversation.finish();
        Extraction {
            trajectory,
            coverage: self.coverage,
            warnings: self.warnings,
        }
    }
}

#[cfg(test)]
mod tests;
