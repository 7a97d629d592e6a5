//! One step as its contract sees it.

use analysis::IndexedStep;
use analysis::activity::Activity;

use super::file;
use super::standing::Mark;
use super::step_texts::Texts;
use super::tables::{ENDINGS, has};
use crate::blame::file_name;
use crate::evidence::{Citation, action_text, of_action, of_action_line, of_observation};

/// A step while it is judged.
pub(super) struct Seen<'s> {
    pub(super) step: &'s IndexedStep<'s>,
    pub(super) texts: Texts<'s>,
    /// The tool refused: nothing was done.
    pub(super) refused: bool,
    pub(super) failed: bool,
    /// Paths that the step removes.
    pub(super) removed: Vec<&'s str>,
    /// The first word for something lesser, in thought or written text, that the task does not say.
    pub(super) lesser: Option<Citation>,
    pub(super) changed_before: bool,
    /// An earlier step that made something lesser of what this one works on.
    pub(super) from_lesser: Option<Mark>,
    pub(super) asked_for: &'s AskedFor,
}

/// What the task wants to see at the end.
pub(super) struct AskedFor {
    /// The files that are to be handed in.
    pub(super) outputs: Vec<String>,
    /// Pages for people to read.
    pub(super) pages: bool,
}

impl Seen<'_> {
    pub(super) fn does(&self, wanted: &[Activity]) -> bool {
        self.step
            .reading
            .activities
            .iter()
            .any(|a| wanted.contains(a))
    }

    /// True when the step ran something of which nobody knows what it wrote.
    pub(super) fn acts(&self) -> bool {
        self.does(&[
            Activity::Run,
            Activity::Build,
            Activity::Test,
            Activity::Serve,
            Activity::Fetch,
            Activity::Install,
            Activity::Version,
        ]) || self.step.reading.effect.kind.is_change()
    }

    /// True for files that only tell people about the work: nothing is met by them, unless they
    /// are what is demanded.
    pub(super) fn tells(&self, path: &str) -> bool {
        let ending = file_name(path).rsplit_once('.').map_or("", |(_, end)| end);
        let told = match ending {
            "md" | "rst" | "adoc" | "log" => true,
            "html" | "htm" => !self.asked_for.pages,
            "txt" => !file_name(path).starts_with("requirements"),
            _ => false,
        };
        told && !self
            .asked_for
            .outputs
            .iter()
            .any(|output| file::same(output, path))
    }

    /// The files that the step makes something lesser of.
    pub(super) fn lesser_files(&self) -> Vec<(String, Mark)> {
        let Some(evidence) = &self.lesser else {
            return Vec::new();
        };
        let words = self.step.reading.commands.iter().flat_map(|c| &c.args);
        let named = words.filter(|word| {
            let ending = word.rsplit_once('.').map_or("", |(_, end)| end);
            has(ENDINGS, ending) && !word.contains(char::is_whitespace)
        });
        let mark = self.mark("makes something lesser", Some(evidence.clone()));
        let files = self.step.reading.effect.writes.iter().chain(named);
        files
            .take(8)
            .map(|path| (file_name(path).to_owned(), mark.clone()))
            .collect()
    }

    /// The files of which the step writes a whole new version.
    pub(super) fn rewritten(&self) -> Vec<String> {
        let whole = self.texts.written.iter().filter(|piece| piece.whole);
        whole
            .map(|piece| file_name(piece.path).to_owned())
            .collect()
    }

    pub(super) fn mark(&self, why: &str, evidence: Option<Citation>) -> Mark {
        Mark {
            step: self.step.id,
            why: why.to_owned(),
            evidence: evidence.or_else(|| of_action(&self.step.step)),
        }
    }

    /// Cites the line of the action that holds `words`.
    pub(super) fn action(&self, words: &str) -> Option<Citation> {
        let at = action_text(&self.step.step).find(words)?;
        of_action_line(&self.step.step, at)
    }

    /// Cites the line of the observation at a byte.
    pub(super) fn line(&self, at: usize) -> Option<Citation> {
        let text = self.step.step.observed();
        let start = text[..at].rfind('\n').map_or(0, |n| n + 1);
        let end = text[at..].find('\n').map_or(text.len(), |n| at + n);
        of_observation(&self.step.step, &(start..end))
    }

    /// Cites the first error the step shows.
    pub(super) fn error(&self) -> Option<Citation> {
        let error = self.step.outcome.errors.first()?;
        of_observation(&self.step.step, &error.span)
    }
}

/// The paths a step removes.
pub(super) fn removed<'s>(step: &'s IndexedStep<'_>) -> Vec<&'s str> {
    let removing = step.reading.commands.iter().filter(|c| {
        matches!(
            c.program.as_str(),
            "rm" | "rmdir" | "unlink" | "shred" | "trash"
        ) || (c.program == "find" && c.args.iter().any(|a| a == "-delete"))
            || (c.program == "git" && c.args.first().is_some_and(|a| a == "rm"))
    });
    removing
        .flat_map(|c| c.args.iter().map(String::as_str))
        .filter(|arg| !arg.starts_with('-'))
        .collect()
}
