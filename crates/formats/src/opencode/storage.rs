//! `storage/`: sessions, messages and parts as one small JSON file each.

use std::collections::HashSet;
use std::io;

use serde_json::Value;
use trace::RefPart;

use super::session::Session;
use super::{LAYOUT, is_session};
use crate::document::Document;
use crate::extractor::{Claim, Detection, ExtractError, Extraction, Extractor, Layout, Rank, Site};
use crate::json::str_at;
use crate::pile::{Entry, EntryId, Pile};
use crate::sessions;

/// Reads the folder opencode kept its sessions in before it had a database.
pub(crate) struct OpencodeStorage;

impl Extractor for OpencodeStorage {
    fn layout(&self) -> Layout {
        Layout {
            name: "opencode-storage",
            title: "opencode session folders (storage/session, message and part)",
            doc: LAYOUT,
            rank: Rank::Native,
        }
    }

    fn detect(&self, pile: &Pile, site: Site<'_>) -> io::Result<Option<Detection>> {
        let Site::File(probe) = site else {
            return Ok(None);
        };
        let entry = probe.entry();
        let Some(home) = Home::of(pile, entry) else {
            return Ok(None);
        };
        let Some(info) = probe.first().filter(|info| is_session(info)) else {
            return Ok(None);
        };
        let session = str_at(info, "id").unwrap_or_default();
        let mut files = Vec::new();
        for (id, _) in home.tree(pile, entry.id, session)? {
            home.collect(pile, id, &mut files);
        }
        Ok(Some(Detection {
            // A sub-agent's session stands below the one that started it, if that is there too.
            score: if str_at(info, "parentID").is_none() {
                96
            } else {
                94
            },
            evidence: vec![
                "a session's own file (`ses_…`)".to_owned(),
                format!("{} files of its messages and parts", files.len() - 1),
            ],
            files,
            session: Some(session.to_owned()),
        }))
    }

    fn extract(&self, pile: &Pile, claim: &Claim) -> Result<Extraction, ExtractError> {
        let first = pile.entry(claim.detection.files[0]);
        let Some(home) = Home::of(pile, first) else {
            return Err(ExtractError::Malformed {
                path: first.path.clone(),
                byte: 0,
                what: "no folder of messages belongs to this session".to_owned(),
            });
        };
        let failed = |source| ExtractError::io(&first.path, source);
        let session = name_of(first);
        let mut sessions = Vec::new();
        for (id, parent) in home.tree(pile, first.id, session).map_err(failed)? {
            sessions.push((home.read(pile, id)?, parent));
        }
        Ok(sessions::nest(sessions))
    }
}

/// The folder that holds `session`, `message` and `part`; older versions had all three below
/// `session`, with the sessions' own files in `info`.
struct Home {
    sessions: String,
    messages: String,
    parts: String,
}

/// The file's name without its ending, which is the id of what it holds.
fn name_of(entry: &Entry) -> &str {
    entry.name().strip_suffix(".json").unwrap_or(entry.name())
}

impl Home {
    /// The home of a session's file, if it has messages there.
    fn of(pile: &Pile, entry: &Entry) -> Option<Self> {
        let sessions = entry.folder();
        let (above, _) = sessions.rsplit_once('/')?;
        let old = above.to_owned();
        let new = above.strip_suffix("session")?;
        let new = new.strip_suffix('/').unwrap_or(new);
        let at = |home: &str, name: &str| match home {
            "" => name.to_owned(),
            home => format!("{home}/{name}"),
        };
        [old.as_str(), new]
            .into_iter()
            .map(|home| Self {
                sessions: sessions.to_owned(),
                messages: at(home, "message"),
                parts: at(home, "part"),
            })
            .find(|home| pile.folder(&home.messages(name_of(entry))).is_some())
    }

    fn messages(&self, session: &str) -> String {
        format!("{}/{session}", self.messages)
    }

    /// The messages of a session; their ids count up with time.
    fn message_files<'p>(&self, pile: &'p Pile, session: &str) -> &'p [EntryId] {
        pile.folder(&self.messages(session))
            .map_or(&[], |folder| &folder.files)
    }

    fn part_files<'p>(&self, pile: &'p Pile, session: &str, message: &str) -> &'p [EntryId] {
        let places = [
            format!("{}/{message}", self.parts),
            format!("{}/{session}/{message}", self.parts),
        ];
        let folder = places.iter().find_map(|place| pile.folder(place));
        folder.map_or(&[], |folder| &folder.files)
    }

    /// The files of one session: its own, its messages, their parts.
    fn collect(&self, pile: &Pile, own: EntryId, files: &mut Vec<EntryId>) {
        files.push(own);
        let session = name_of(pile.entry(own));
        for message in self.message_files(pile, session) {
            files.push(*message);
            files.extend(self.part_files(pile, session, name_of(pile.entry(*message))));
        }
    }

    /// The session's file and those of the sessions its calls started, parents first, each with its
    /// parent's id.
    fn tree(
        &self,
        pile: &Pile,
        own: EntryId,
        session: &str,
    ) -> io::Result<Vec<(EntryId, Option<String>)>> {
        let mut found = vec![(own, None)];
        let mut seen = HashSet::from([session.to_owned()]);
        let mut next = 0;
        while let Some((id, _)) = found.get(next).cloned() {
            let session = name_of(pile.entry(id)).to_owned();
            for message in self.message_files(pile, &session) {
                for part in self.part_files(pile, &session, name_of(pile.entry(*message))) {
                    let document = pile.read(*part)?;
                    let Some(child) = started(document.text()) else {
                        continue;
                    };
                    let file = pile.find(&format!("{}/{child}.json", self.sessions));
                    if let Some(file) = file
                        && seen.insert(child)
                    {
                        found.push((file.id, Some(session.clone())));
                    }
                }
            }
            next += 1;
        }
        Ok(found)
    }

    fn read(&self, pile: &Pile, own: EntryId) -> Result<sessions::Session, ExtractError> {
        let mut session = Session::default();
        let mut warnings = Vec::new();
        let mut value = |id: EntryId| -> Result<(Document, Value), ExtractError> {
            let failed = |source| ExtractError::io(&pile.entry(id).path, source);
            let document = pile.read(id).map_err(failed)?;
            let value = serde_json::from_str(document.text()).unwrap_or_else(|error| {
                warnings.push(format!("{}: no JSON ({error})", document.path()));
                Value::Null
            });
            Ok((document, value))
        };
        let (_, info) = value(own)?;
        session.about(&info);
        let id = name_of(pile.entry(own));
        for message in self.message_files(pile, id) {
            let (document, info) = value(*message)?;
            let message = name_of(pile.entry(*message));
            session.message(message, &info, document.text().len());
            for part in self.part_files(pile, id, message) {
                let (document, part) = value(*part)?;
                let cite = |which: RefPart| {
                    let cited = document.cite(which, document.text());
                    cited.into_iter().collect()
                };
                session.part(&part, document.text().len(), &cite);
            }
        }
        let mut read = session.finish();
        read.warnings.extend(warnings);
        Ok(read)
    }
}

/// The session a part's call started.
fn started(text: &str) -> Option<String> {
    memchr::memmem::find(text.as_bytes(), b"\"sessionId\"")?;
    let part: Value = serde_json::from_str(text).ok()?;
    let child = part.pointer("/state/metadata/sessionId")?.as_str()?;
    Some(child.to_owned())
}
