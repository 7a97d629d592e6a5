//! What stands between an extractor and this machine.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The walls around a worker, as the worker itself found them when it put them up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Isolation {
    /// The kernel's limits on memory, CPU time, files and processes (`setrlimit`).
    pub rlimits: Wall,
    /// No file, no TCP port, no abstract socket, no signal (`landlock`).
    pub landlock: Wall,
    /// No system call but the few that a computing process needs (`seccomp`).
    pub seccomp: Wall,
}

/// Whether a wall stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", content = "why", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Wall {
    /// As meant.
    Stands,
    /// With the gaps that are named.
    Partly(String),
    /// Not at all, for the reason given.
    Missing(String),
}

impl Isolation {
    /// Whether every wall stands as meant.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.walls().iter().all(|(_, wall)| **wall == Wall::Stands)
    }

    /// Name and state of each, in the order they are put up.
    #[must_use]
    pub fn walls(&self) -> [(&'static str, &Wall); 3] {
        [
            ("rlimits", &self.rlimits),
            ("landlock", &self.landlock),
            ("seccomp", &self.seccomp),
        ]
    }
}

impl fmt::Display for Isolation {
    /// One line: `engine limits, own process, rlimits, seccomp; missing: landlock (why)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("engine limits, own process")?;
        for (name, wall) in self.walls() {
            match wall {
                Wall::Stands => write!(f, ", {name}")?,
                Wall::Partly(gaps) => write!(f, ", {name} in part ({gaps})")?,
                Wall::Missing(_) => {}
            }
        }
        let mut before = "; missing: ";
        for (name, wall) in self.walls() {
            if let Wall::Missing(why) = wall {
                write!(f, "{before}{name} ({why})")?;
                before = ", ";
            }
        }
        Ok(())
    }
}
