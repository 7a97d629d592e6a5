//! The folder of the memory: one file a kind of agent, written whole, by one process at a time.

use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use thiserror::Error;

use super::sheet::Sheet;

/// The most bytes of a memory file: two hundred lessons take a tenth of it.
pub const MOST_BYTES: u64 = 4 << 20;

/// The most characters of an agent's name.
const MOST_NAME: usize = 64;

/// Names that Windows keeps for devices.
const DEVICES: &[&str] = &["con", "prn", "aux", "nul"];

/// Why the memory did not do what was asked.
#[derive(Debug, Error)]
pub enum MemoryError {
    /// A file or folder could not be read or written.
    #[error("{}: {source}", .path.display())]
    Io {
        /// File or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file has more than [`MOST_BYTES`].
    #[error("{}: more than {MOST_BYTES} bytes; not used", .path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
    },
    /// A file is of a later version of this program.
    #[error("{}: written for a later version of this program; not changed", .path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// The memory was opened only to be read.
    #[error("{}: this memory may only be read", .folder.display())]
    Frozen {
        /// Its folder.
        folder: PathBuf,
    },
}

/// A kind of agent as a file name: an agent's name in lower case, without its version.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(transparent)]
pub struct AgentKind(String);

impl AgentKind {
    /// The kind of runs that do not say who made them; its lessons hold for every agent.
    pub const ANY: &str = "any";

    /// The kind of an agent with this name: letters and digits in lower case, everything else a dash.
    /// A version at the end goes (`Claude Code 2.0.14`, `agent@1.2`), a number alone belongs to the
    /// name (`terminus-2`). No name is [`Self::ANY`].
    #[must_use]
    pub fn of(agent: Option<&str>) -> Self {
        let mut words: Vec<String> = Vec::new();
        let name: String = agent
            .unwrap_or_default()
            .chars()
            .take(4 * MOST_NAME)
            .collect();
        for part in name.split(|c: char| !(c.is_alphanumeric() || c == '.')) {
            if is_version(part) && !words.is_empty() {
                break;
            }
            let parts = part.split('.').filter(|part| !part.is_empty());
            words.extend(parts.map(str::to_lowercase));
        }
        if words.len() > 1 && words.last().is_some_and(|last| last == "version") {
            words.pop();
        }
        let slug: String = words.join("-").chars().take(MOST_NAME).collect();
        let slug = slug.trim_matches('-');
        let digits = slug.trim_start_matches("com").trim_start_matches("lpt");
        let is_port = digits.len() == 1 && digits != slug;
        if slug.is_empty() {
            Self(Self::ANY.to_owned())
        } else if DEVICES.contains(&slug) || is_port {
            Self(format!("{slug}-agent"))
        } else {
            Self(slug.to_owned())
        }
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for AgentKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// `1.2`, `v0.48.1`, `2.0.14-beta`: digits with a dot, whatever follows.
fn is_version(part: &str) -> bool {
    let bare = part.strip_prefix(['v', 'V']).unwrap_or(part);
    let mut numbers = bare.split('.');
    let is_number = |text: &str| text.starts_with(|c: char| c.is_ascii_digit());
    numbers.next().is_some_and(is_number) && numbers.next().is_some_and(is_number)
}

/// The file of a kind of agent.
pub(super) fn file_of(folder: &Path, agent: &AgentKind) -> PathBuf {
    folder.join(format!("{agent}.toml"))
}

/// The kinds of agents that have a file, by name, and the files that are named after none.
pub(super) fn list(folder: &Path) -> Result<(Vec<AgentKind>, Vec<PathBuf>), MemoryError> {
    let failed = |source| MemoryError::Io {
        path: folder.to_owned(),
        source,
    };
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Default::default()),
        Err(error) => return Err(failed(error)),
    };
    let (mut agents, mut others) = (Vec::new(), Vec::new());
    for entry in entries {
        let path = entry.map_err(failed)?.path();
        if path.extension().is_none_or(|ending| ending != "toml") {
            continue;
        }
        let stem = path.file_stem().and_then(|stem| stem.to_str());
        match stem.map(|stem| (stem, AgentKind::of(Some(stem)))) {
            Some((stem, agent)) if agent.as_str() == stem => agents.push(agent),
            _ => others.push(path),
        }
    }
    agents.sort();
    others.sort();
    Ok((agents, others))
}

/// The text of a memory file; `None` where there is none.
pub(super) fn read(path: &Path) -> Result<Option<String>, MemoryError> {
    let failed = |source| MemoryError::Io {
        path: path.to_owned(),
        source,
    };
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(error)),
    };
    let mut text = String::new();
    let mut file = file.take(MOST_BYTES + 1);
    file.read_to_string(&mut text).map_err(failed)?;
    if text.len() as u64 > MOST_BYTES {
        return Err(MemoryError::TooLarge {
            path: path.to_owned(),
        });
    }
    Ok(Some(text))
}

/// The file of a kind of agent; an empty one where there is none.
pub(super) fn sheet(folder: &Path, agent: &AgentKind) -> Result<Sheet, MemoryError> {
    let text = read(&file_of(folder, agent))?;
    Ok(text.map_or_else(|| Sheet::empty(agent.as_str()), |text| Sheet::parse(&text)))
}

/// Changes the file of a kind of agent while no other process does, and writes it if its text has
/// changed; whoever reads meanwhile sees the old or the new one, whole.
pub(super) fn change<R>(
    folder: &Path,
    agent: &AgentKind,
    work: impl FnOnce(&mut Sheet) -> R,
) -> Result<R, MemoryError> {
    let path = file_of(folder, agent);
    let _lock = lock(folder)?;
    let old = read(&path)?;
    let mut sheet = sheet(folder, agent)?;
    if sheet.is_foreign() {
        return Err(MemoryError::Foreign { path });
    }
    let before = sheet.text();
    let done = work(&mut sheet);
    let text = sheet.text();
    if text != before || old.is_none() && sheet.entries().next().is_some() {
        write(&path, &text)?;
    }
    Ok(done)
}

/// Holds off other processes as long as it lives.
pub(super) fn lock(folder: &Path) -> Result<File, MemoryError> {
    let path = folder.join(".lock");
    let failed = |source| MemoryError::Io {
        path: path.clone(),
        source,
    };
    make_private(folder).map_err(failed)?;
    let file = File::options()
        .create(true)
        .append(true)
        .open(&path)
        .map_err(failed)?;
    match file.lock() {
        // A file system without locks: what is left is that files are replaced whole.
        Err(error) if error.kind() == io::ErrorKind::Unsupported => Ok(file),
        other => other.map(|()| file).map_err(failed),
    }
}

/// Writes a file so that it is there whole or not at all, for the user alone.
pub(super) fn write(path: &Path, text: &str) -> Result<(), MemoryError> {
    let failed = |source| MemoryError::Io {
        path: path.to_owned(),
        source,
    };
    let folder = path.parent().unwrap_or(path);
    let mut file = tempfile::Builder::new()
        .prefix(".new-")
        .tempfile_in(folder)
        .map_err(failed)?;
    file.write_all(text.as_bytes()).map_err(failed)?;
    file.as_file().sync_all().map_err(failed)?;
    file.persist(path).map_err(|error| failed(error.error))?;
    Ok(())
}

/// Makes the folder for the user alone; one that is there keeps its mode.
#[cfg(unix)]
fn make_private(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
}

#[cfg(not(unix))]
fn make_private(folder: &Path) -> io::Result<()> {
    std::fs::create_dir_all(folder)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_of_agents_lose_their_version_and_nothing_else() {
        for (name, kind) in [
            (None, "any"),
            (Some(""), "any"),
            (Some("Claude Code"), "claude-code"),
            (Some("claude-code 2.0.14"), "claude-code"),
            (Some("mini-swe-agent@1.2.3"), "mini-swe-agent"),
            (Some("OpenHands/0.48.1-rc1"), "openhands"),
            (Some("terminus-2"), "terminus-2"),
            (Some("Agent version 1.0"), "agent"),
            (Some("../../etc/passwd"), "etc-passwd"),
            (Some("NUL"), "nul-agent"),
            (Some("com1"), "com1-agent"),
            (Some("1.2.3"), "1-2-3"),
        ] {
            assert_eq!(AgentKind::of(name).as_str(), kind, "{name:?}");
        }
    }

    proptest! {
        #[test]
        fn any_name_is_a_plain_file_name(name in any::<String>()) {
            let kind = AgentKind::of(Some(&name));
            let plain = |c: char| c.is_alphanumeric() || c == '-' || !c.is_ascii();
            prop_assert!(kind.as_str().chars().all(plain), "{}", kind);
            prop_assert!(!kind.as_str().is_empty());
            prop_assert_eq!(AgentKind::of(Some(kind.as_str())), kind.clone());
        }
    }
}
