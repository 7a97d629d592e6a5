//! Looking at files: their text, who wrote it, and how two moments differ.

use serde::Serialize;

use super::content::Content;
use super::diff::hunks;
use super::history::{BlamedLine, Fidelity, FileHistory, Version};
use super::line::Lines;
use super::{StepId, Workspace};

/// What is known of a file at one moment.
pub struct Text<'w> {
    lines: &'w Lines,
    /// The version it is taken from.
    pub version: &'w Version,
}

impl<'w> Text<'w> {
    /// How far the text can be trusted.
    #[must_use]
    pub fn fidelity(&self) -> Fidelity {
        self.version.fidelity
    }

    /// The whole text, where all of it is known.
    #[must_use]
    pub fn whole(&self) -> Option<String> {
        let content = self.version.content.as_ref()?;
        Some(self.lines.join(content.all()?))
    }

    /// The known lines with who wrote them: placed ones in order, then those that are known to be
    /// somewhere. The empty line behind a last line feed is left out.
    #[must_use]
    pub fn lines(&self) -> Vec<BlamedLine<'w>> {
        let content = self.version.content.as_deref();
        content.map_or_else(Vec::new, |content| blamed(content, self.lines))
    }
}

fn blamed<'w>(content: &Content, lines: &'w Lines) -> Vec<BlamedLine<'w>> {
    let mut out = Vec::with_capacity(content.known());
    for stretch in content.stretches() {
        for (offset, line) in stretch.lines.iter().enumerate() {
            out.push(BlamedLine {
                number: stretch.at.map(|at| at + offset + 1),
                origin: line.origin,
                text: lines.text(line.text),
            });
        }
    }
    let end = content.total();
    if out
        .last()
        .is_some_and(|last| last.text.is_empty() && last.number.is_some() && last.number == end)
    {
        out.pop();
    }
    out
}

/// How one file differs between two moments.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FileDiff {
    /// The file.
    pub path: String,
    /// Whether it existed at the first moment.
    pub existed: bool,
    /// Whether it exists at the second.
    pub exists: bool,
    /// How far the difference can be trusted: the lesser of both versions.
    pub fidelity: Fidelity,
    /// The hunks in unified form, without the file header; empty where nothing is known to differ.
    pub hunks: String,
    /// Lines that came.
    pub added: usize,
    /// Lines that went.
    pub removed: usize,
}

impl FileDiff {
    /// The difference with the header `patch` and `git apply` read.
    #[must_use]
    pub fn unified(&self) -> String {
        let path = self.path.trim_start_matches('/');
        let old = if self.existed {
            format!("a/{path}")
        } else {
            "/dev/null".to_owned()
        };
        let new = if self.exists {
            format!("b/{path}")
        } else {
            "/dev/null".to_owned()
        };
        format!("--- {old}\n+++ {new}\n{}", self.hunks)
    }
}

impl Workspace {
    /// What a file holds after `step`; `None` when it had not been seen or is not there.
    #[must_use]
    pub fn at(&self, path: &str, step: StepId) -> Option<Text<'_>> {
        let version = Self::known_at(self.file(path)?, Some(step))?;
        version.exists.then_some(Text {
            lines: &self.lines,
            version,
        })
    }

    /// Who wrote the lines of a file as it stands after `step`.
    #[must_use]
    pub fn blame(&self, path: &str, step: StepId) -> Option<Vec<BlamedLine<'_>>> {
        Some(self.at(path, step)?.lines())
    }

    /// The version that knows most of a file as it stood after `step` (before the run for `None`):
    /// what was shown before it changed again counts for it.
    fn known_at(file: &FileHistory, step: Option<StepId>) -> Option<&Version> {
        let after = step.map_or(0, |step| file.versions.partition_point(|v| v.step <= step));
        let later = file.versions[after..]
            .iter()
            .take_while(|version| !version.operation.writes())
            .last();
        later.or_else(|| file.versions.get(after.checked_sub(1)?))
    }

    /// How the files differ between the states after two steps; `None` is the state before the run.
    /// By path.
    #[must_use]
    pub fn diff(&self, from: Option<StepId>, to: Option<StepId>) -> Vec<FileDiff> {
        let files = self.files();
        files
            .filter_map(|file| {
                let (old, new) = (Self::known_at(file, from), Self::known_at(file, to));
                self.differ(file, old, new, from)
            })
            .collect()
    }

    /// How the files differ between the beginning and the end of the run.
    #[must_use]
    pub fn final_patch(&self) -> Vec<FileDiff> {
        let last = self.touches.last().map(|touch| touch.0);
        self.diff(None, last)
    }

    fn differ(
        &self,
        file: &FileHistory,
        old: Option<&Version>,
        new: Option<&Version>,
        since: Option<StepId>,
    ) -> Option<FileDiff> {
        let new = new?;
        if old.is_some_and(|old| std::ptr::eq(old, new)) {
            return None;
        }
        let existed = old.map_or(file.existed_before(), |old| old.exists);
        let empty = Content::whole(Vec::new());
        let before = old.and_then(|old| old.content.as_deref());
        let unknown = Content::default();
        let before = before.unwrap_or(if existed { &unknown } else { &empty });
        let after = new
            .content
            .as_deref()
            .unwrap_or(if new.exists { &unknown } else { &empty });
        let (hunks, added, removed) = hunks(before, after, since, &self.lines);
        if hunks.is_empty() && existed == new.exists {
            return None;
        }
        let known = before.all().is_some() && after.all().is_some();
        let fidelity = new
            .fidelity
            .max(old.map_or(Fidelity::Exact, |old| old.fidelity));
        Some(FileDiff {
            path: file.path.clone(),
            existed,
            exists: new.exists,
            fidelity: if known {
                fidelity
            } else {
                fidelity.max(Fidelity::Partial)
            },
            hunks,
            added,
            removed,
        })
    }
}
