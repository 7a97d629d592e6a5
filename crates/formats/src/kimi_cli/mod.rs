//! Kimi CLI: the session folders it keeps and the messages it prints. `LAYOUT.md` beside this file
//! describes both.

mod answer;
mod chat;
mod detect;
mod wire;

use std::io;

use serde_json::Value;
use trace::Trajectory;

use crate::extractor::{Claim, Detection, ExtractError, Extraction, Extractor, Layout, Rank, Site};
use crate::frame;
use crate::json::str_at;
use crate::pile::{EntryId, Pile};

/// Reads the session folders of Kimi CLI, and the single files of one.
pub(crate) struct KimiCli;

/// Reads what `kimi --print --output-format stream-json` printed.
pub(crate) struct KimiCliStream;

impl Extractor for KimiCli {
    fn layout(&self) -> Layout {
        Layout {
            name: "kimi-cli",
            title: "Kimi CLI session folders (wire.jsonl, context.jsonl)",
            doc: include_str!("LAYOUT.md"),
            rank: Rank::Native,
        }
    }

    fn detect(&self, pile: &Pile, site: Site<'_>) -> io::Result<Option<Detection>> {
        match site {
            Site::Folder(folder) => detect::session(pile, folder),
            Site::File(probe) => Ok(detect::lone_file(probe)),
        }
    }

    fn extract(&self, pile: &Pile, claim: &Claim) -> Result<Extraction, ExtractError> {
        let files = Files::of(pile, &claim.detection.files);
        let mut extraction = if files.wires.is_empty() {
            read_context(pile, &files.contexts)?
        } else {
            read_wires(pile, &files)?
        };
        let run = &mut extraction.trajectory;
        run.agent = Some("kimi-cli".to_owned());
        run.session.clone_from(&claim.detection.session);
        if run.cwd.is_none() {
            run.cwd = folder_of_work(pile, claim);
        }
        Ok(extraction)
    }
}

impl Extractor for KimiCliStream {
    fn layout(&self) -> Layout {
        Layout {
            name: "kimi-cli-stream",
            title: "Kimi CLI --print --output-format stream-json",
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
        let mut extraction = read_context(pile, &claim.detection.files)?;
        extraction.trajectory.agent = Some("kimi-cli".to_owned());
        Ok(extraction)
    }
}

/// The files of a session by what they are.
#[derive(Default)]
struct Files {
    /// The main agent's wire, then those of sub-agents with their ids.
    wires: Vec<(EntryId, Option<String>)>,
    contexts: Vec<EntryId>,
}

impl Files {
    fn of(pile: &Pile, ids: &[EntryId]) -> Self {
        let mut files = Self::default();
        for &id in ids {
            let entry = pile.entry(id);
            let agent = detect::agent_of(&entry.path);
            let name = entry.name();
            if name.starts_with("wire") && entry.size > 0 {
                files.wires.push((id, agent));
            } else if entry.has_ending("jsonl") && agent.is_none() {
                files.contexts.push(id);
            }
        }
        files
    }
}

fn read_wires(pile: &Pile, files: &Files) -> Result<Extraction, ExtractError> {
    let mut reading = wire::Reading::default();
    let mut extraction = Extraction::default();
    for (id, agent) in &files.wires {
        reading.begin(agent.as_deref());
        let account = frame::lines(pile, &only(*id), |record, line| {
            reading.record(record, line)
        })?;
        extraction.coverage.add(account.coverage);
        extraction.warnings.extend(account.warnings);
    }
    // The model's view of the same conversation repeats it; only the scene is new.
    let mut cwd = None;
    for id in &files.contexts {
        let account = frame::lines(pile, &only(*id), |record, _| {
            cwd = cwd.take().or_else(|| chat::work_folder(record));
            chat::is_known(record)
        })?;
        extraction.coverage.add(account.coverage);
        extraction.warnings.extend(account.warnings);
    }
    let threads = reading.finish();
    extraction.coverage.orphans = threads.orphans();
    extraction.trajectory = threads.finish();
    extraction.trajectory.cwd = cwd;
    Ok(extraction)
}

fn read_context(pile: &Pile, files: &[EntryId]) -> Result<Extraction, ExtractError> {
    let mut extraction = Extraction::default();
    let mut reading = chat::Reading::default();
    for id in files {
        let account = frame::lines(pile, &only(*id), |record, line| {
            reading.record(record, line)
        })?;
        extraction.coverage.add(account.coverage);
        extraction.warnings.extend(account.warnings);
    }
    let (trajectory, orphans): (Trajectory, u64) = reading.finish();
    extraction.coverage.orphans = orphans;
    extraction.trajectory = trajectory;
    Ok(extraction)
}

fn only(id: EntryId) -> Claim {
    Claim {
        layout: "kimi-cli",
        root: String::new(),
        detection: Detection {
            files: vec![id],
            ..Detection::default()
        },
        part: None,
        learned: None,
    }
}

/// The folder the program lists this session for, in `kimi.json` beside `sessions`.
fn folder_of_work(pile: &Pile, claim: &Claim) -> Option<String> {
    let session = claim.detection.session.as_deref()?;
    let above = claim.root.rsplitn(4, '/').nth(3).unwrap_or_default();
    let path = if above.is_empty() {
        "kimi.json".to_owned()
    } else {
        format!("{above}/kimi.json")
    };
    let text = pile.read(pile.find(&path)?.id).ok()?.into_text();
    let listed: Value = serde_json::from_str(&text).ok()?;
    let folders = listed.get("work_dirs")?.as_array()?;
    let own = folders
        .iter()
        .find(|folder| str_at(folder, "last_session_id") == Some(session))?;
    str_at(own, "path").map(str::to_owned)
}

#[cfg(test)]
mod tests;
