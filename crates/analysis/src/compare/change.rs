//! One change of state in words that do not depend on the agent that made it.

use trace::{ChangeKind, NamedChange, StepId};

use super::place::Place;
use super::sketch::{Sketch, hash_all};
use crate::intent;

/// How many token runs of a change's text are kept.
pub(super) const KEPT_RUNS: usize = 512;

/// One change of state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct StateChange {
    pub(super) step: StepId,
    pub(super) kind: ChangeKind,
    pub(super) target: Target,
    /// The step's result says that it did not work.
    pub(super) failed: bool,
    pub(super) text: Text,
    /// A hash of the whole file after the step, where it is known.
    pub(super) after: Option<u64>,
}

/// What is changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Target {
    File(Place),
    Package {
        name: String,
        version: Option<String>,
        removed: bool,
    },
    Service {
        name: String,
        verb: String,
    },
    Command {
        /// With its subcommand, such as `git clone`.
        program: String,
        /// Its operands; of paths only the last component.
        words: Vec<String>,
    },
}

/// The text of a change.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Text {
    /// The text put in place, or the command where no text is stated.
    pub(super) added: Sketch,
    /// The text taken away, where it is stated.
    pub(super) removed: Sketch,
    /// A hash of both.
    pub(super) digest: u64,
    /// False where `added` is the command that made the change and not what it put in place.
    pub(super) stated: bool,
}

impl StateChange {
    /// A hash that is equal for changes that are the same wherever the agents worked.
    pub(super) fn key(&self) -> u64 {
        let failed = if self.failed { "failed" } else { "" };
        let digest = self.text.digest.to_string();
        let kind = self.kind.verb();
        match &self.target {
            Target::File(place) => hash_all([kind, failed, place.name(), &digest]),
            Target::Package {
                name,
                version,
                removed,
            } => {
                let removed = if *removed { "removed" } else { "" };
                let version = version.as_deref().unwrap_or_default();
                hash_all([kind, failed, removed, name, version])
            }
            Target::Service { name, verb } => hash_all([kind, failed, name, verb]),
            Target::Command { program, words } => {
                let words = words.iter().map(String::as_str);
                hash_all([kind, failed, &digest, program].into_iter().chain(words))
            }
        }
    }

    /// A hash that is equal for changes of the same thing.
    pub(super) fn subject(&self) -> u64 {
        match &self.target {
            Target::File(place) => hash_all(["file", place.name()]),
            Target::Package { name, .. } => hash_all(["package", name]),
            Target::Service { name, .. } => hash_all(["service", name]),
            Target::Command { program, words } => {
                let first = words.first().map_or("", String::as_str);
                hash_all(["command", program, first])
            }
        }
    }

    /// The changed thing as a person would call it, on one line.
    pub(super) fn target_text(&self) -> String {
        match &self.target {
            Target::File(place) => intent::line_of(std::iter::once(place.as_str())),
            Target::Package {
                name,
                version,
                removed,
            } => {
                let version = version.as_ref().map(|version| format!("=={version}"));
                let name = format!("{name}{}", version.unwrap_or_default());
                let removed = removed.then_some("removed");
                intent::line_of(std::iter::once(name.as_str()).chain(removed))
            }
            Target::Service { name, verb } => {
                let verb = Some(verb.as_str()).filter(|verb| *verb != super::words::RUN);
                intent::line_of(verb.into_iter().chain([name.as_str()]))
            }
            Target::Command { program, words } => {
                let words = words.iter().map(String::as_str);
                intent::line_of(std::iter::once(program.as_str()).chain(words))
            }
        }
    }

    /// The change as it stands in a document.
    pub(super) fn named(&self) -> NamedChange {
        NamedChange {
            step_id: self.step,
            kind: self.kind,
            target: self.target_text(),
            failed: self.failed,
        }
    }

    /// The file that is changed.
    pub(super) fn place(&self) -> Option<&Place> {
        match &self.target {
            Target::File(place) => Some(place),
            _ => None,
        }
    }
}

impl Text {
    /// A text put in place of another, which may be empty.
    pub(super) fn replaced(old: &str, new: &str) -> Self {
        let kept = |text| Sketch::of(text, KEPT_RUNS);
        Self {
            added: kept(new),
            removed: kept(old),
            digest: hash_all([
                super::sketch::content_hash(old).to_string().as_str(),
                super::sketch::content_hash(new).to_string().as_str(),
            ]),
            stated: true,
        }
    }

    /// A text put in place.
    pub(super) fn written(new: &str) -> Self {
        Self::replaced("", new)
    }

    /// The command that made a change whose text is not stated.
    pub(super) fn command(words: &str) -> Self {
        Self {
            stated: false,
            ..Self::replaced("", words)
        }
    }
}
