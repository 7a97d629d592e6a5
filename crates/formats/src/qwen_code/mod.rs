//! Qwen Code: the session files it keeps and the stream it prints. `LAYOUT.md` beside this file
//! describes both.

mod detect;
mod session;
mod stream;
mod telemetry;

use std::io;

use crate::extractor::{Claim, Detection, ExtractError, Extraction, Extractor, Layout, Rank, Site};
use crate::frame::{self, Account};
use crate::pile::Pile;
use crate::threads::Threads;

/// Reads the session files of Qwen Code, with those of its sub-agents.
pub(crate) struct QwenCode;

/// Reads what `qwen --output-format stream-json` printed.
pub(crate) struct QwenCodeStream;

impl Extractor for QwenCode {
    fn layout(&self) -> Layout {
        Layout {
            name: "qwen-code",
            title: "Qwen Code session files (chats/*.jsonl)",
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
        let mut reading = session::Reading::default();
        let account = frame::lines(pile, claim, |record, line| reading.record(record, line))?;
        Ok(reading.finish(account))
    }
}

impl Extractor for QwenCodeStream {
    fn layout(&self) -> Layout {
        Layout {
            name: "qwen-code-stream",
            title: "Qwen Code --output-format stream-json",
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
        let mut reading = stream::Reading::default();
        let account = frame::lines(pile, claim, |record, line| reading.record(record, line))?;
        Ok(reading.finish(account))
    }
}

/// The threads as a run, with the account of the lines they were read from.
fn conclude(mut threads: Threads, account: Account) -> Extraction {
    let Account {
        mut coverage,
        mut warnings,
        ..
    } = account;
    coverage.orphans = threads.orphans();
    if coverage.orphans > 0 {
        let orphans = coverage.orphans;
        warnings.push(format!("{orphans} tool results answer no recorded call"));
    }
    threads.main().about().agent = Some("qwen-code".to_owned());
    Extraction {
        trajectory: threads.finish(),
        coverage,
        warnings,
    }
}

#[cfg(test)]
mod tests;
