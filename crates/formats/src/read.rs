//! One found run to one trajectory.

use thiserror::Error;
use trace::{Source, Trajectory};

use crate::extractor::{ExtractError, Extraction};
use crate::extractors;
use crate::pile::Pile;
use crate::{Found, Run};

/// Why a run could not be read.
#[derive(Debug, Error)]
pub enum ReadError {
    /// The claim names a layout that is not registered.
    #[error("no extractor is registered for the layout `{0}`")]
    NoExtractor(String),
    /// The extractor failed.
    #[error(transparent)]
    Extract(#[from] ExtractError),
}

/// Reads one run that [`crate::find_runs`] found in `pile`.
///
/// What the trial folder knows fills the gaps of the transcript; for the task text, the outcome and
/// its tests the trial folder is the better witness and wins.
///
/// # Errors
/// [`ReadError`] when the transcript gives nothing usable; other runs are not affected.
pub fn read_run(pile: &Pile, run: &Run) -> Result<Extraction, ReadError> {
    let mut extraction = match &run.claim.learned {
        Some(reader) => reader.read(pile, &run.claim)?,
        None => extractors()
            .iter()
            .find(|extractor| extractor.layout().name == run.claim.layout)
            .ok_or_else(|| ReadError::NoExtractor(run.claim.layout.to_owned()))?
            .extract(pile, &run.claim)?,
    };
    let trajectory = &mut extraction.trajectory;
    trajectory.id.clone_from(&run.id);
    run.claim.layout_name().clone_into(&mut trajectory.format);
    trajectory.renumber();
    let read = std::mem::take(&mut trajectory.source.files);
    trajectory.source = source_of(pile, run);
    // A part need not stand in all files of the claim.
    if !read.is_empty() {
        trajectory.source.files = read;
    }
    for warning in &mut extraction.warnings {
        if !warning.starts_with(run.claim.root.as_str()) {
            warning.insert_str(0, &format!("{}: ", run.claim.root));
        }
    }
    let trajectory = &mut extraction.trajectory;
    add_facts(trajectory, run);
    Ok(extraction)
}

fn source_of(pile: &Pile, run: &Run) -> Source {
    let paths = |ids: &[crate::pile::EntryId]| {
        ids.iter()
            .map(|id| pile.entry(*id).path.clone())
            .collect::<Vec<_>>()
    };
    Source {
        path: run.path.clone(),
        part: run.claim.part.as_ref().map(|part| part.key.clone()),
        files: paths(&run.claim.detection.files),
        sidecars: {
            let transcript = &run.claim.detection.files;
            let beside: Vec<_> = run
                .facts
                .files
                .iter()
                .copied()
                .filter(|id| !transcript.contains(id))
                .collect();
            paths(&beside)
        },
        duplicates: run.duplicates.iter().map(|d| d.root.clone()).collect(),
    }
}

fn add_facts(trajectory: &mut Trajectory, run: &Run) {
    let facts = &run.facts;
    let prefer = |better: &Option<String>, own: &mut Option<String>| {
        if better.is_some() {
            own.clone_from(better);
        }
    };
    prefer(&facts.task, &mut trajectory.task);
    if facts.outcome.resolved.is_some() {
        let exit = trajectory.outcome.exit_status.take();
        trajectory.outcome = facts.outcome.clone();
        trajectory.outcome.exit_status = trajectory.outcome.exit_status.take().or(exit);
    } else if !facts.outcome.tests.is_empty() {
        trajectory.outcome.tests.clone_from(&facts.outcome.tests);
    }
    let fill = |own: &mut Option<String>, other: &Option<String>| {
        if own.is_none() {
            own.clone_from(other);
        }
    };
    fill(&mut trajectory.agent, &facts.agent);
    fill(&mut trajectory.agent_version, &facts.agent_version);
    fill(&mut trajectory.model, &facts.model);
    fill(
        &mut trajectory.outcome.exit_status,
        &facts.outcome.exit_status,
    );
    trajectory.started = trajectory.started.or(facts.started);
    trajectory.ended = trajectory.ended.or(facts.ended);
    trajectory.usage.fill_from(&facts.usage);
}

impl Found {
    /// The run with this id.
    #[must_use]
    pub fn run(&self, id: &str) -> Option<&Run> {
        self.runs.iter().find(|run| run.id == id)
    }
}
