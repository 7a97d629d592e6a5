//! How much a step speaks for each phase.
//!
//! What a step does is one notch finer here than its activity: it matters whether anything has been made
//! yet, whether a file that is read or run was written by the run itself, and whether the last check failed.
//! Only the order of events counts, never how far into the run a step stands.

use std::collections::HashSet;

use trace::{Phase, Spool, StepOutcome, StepStatus};

use crate::activity::Activity;
use crate::effect::StepReading;

/// The phases in the order of the columns of [`weights`].
pub(super) const PHASES: [Phase; 5] = [
    Phase::EnvironmentVerification,
    Phase::DependencyInstallation,
    Phase::InspectionDebugging,
    Phase::Patching,
    Phase::Verification,
];

/// One point of evidence. A multiple of small numbers, so that shares of it stay whole.
pub(super) const POINT: i64 = 2 * HALF_POINT;

/// The unit of [`weights`].
const HALF_POINT: i64 = 60;

/// What a step says for each phase, in the order of [`PHASES`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Evidence(pub(super) [i64; PHASES.len()]);

/// What one command does, seen in the light of what the run did before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Deed {
    Install,
    /// Fetches into a file or a repository.
    FetchInto,
    FetchEarly,
    FetchLate,
    ProbeEarly,
    ProbeLate,
    ListEarly,
    ListLate,
    ReadEarly,
    ReadLate,
    /// Reads what the run wrote.
    ReadOwn,
    /// Reads after something the run made has failed.
    ReadAfterFailure,
    RunEarly,
    RunLate,
    /// Runs what the run wrote.
    RunOwn,
    /// Runs a program that changes state.
    RunChanging,
    BuildEarly,
    BuildLate,
    Edit,
    /// Writes a script for looking, before anything was made.
    EditProbe,
    /// Writes a script for checking what was made.
    EditCheck,
    Arrange,
    Version,
    Serve,
    Test,
    Submit,
}

/// Half points for environment verification, dependency installation, inspection and debugging, patching,
/// verification. "Early" is before anything was made, "late" after.
fn weights(deed: Deed) -> [i64; PHASES.len()] {
    match deed {
        Deed::Install => [0, 6, 0, 0, 0],
        Deed::FetchInto => [0, 3, 0, 1, 0],
        Deed::FetchEarly => [1, 3, 1, 0, 0],
        Deed::FetchLate => [0, 1, 1, 0, 3],
        Deed::ProbeEarly => [4, 1, 1, 0, 0],
        Deed::ProbeLate => [1, 1, 2, 0, 2],
        Deed::ListEarly => [2, 0, 2, 0, 0],
        Deed::ListLate => [0, 0, 1, 0, 2],
        Deed::ReadEarly => [2, 0, 3, 0, 0],
        Deed::ReadLate => [0, 0, 2, 0, 1],
        Deed::ReadAfterFailure => [0, 0, 3, 0, 1],
        Deed::RunEarly => [1, 0, 3, 1, 0],
        Deed::RunLate => [0, 0, 1, 0, 3],
        Deed::BuildEarly => [0, 1, 0, 3, 0],
        Deed::RunChanging | Deed::BuildLate | Deed::Serve => [0, 0, 0, 3, 1],
        Deed::Edit => [0, 0, 0, 6, 0],
        Deed::EditProbe => [0, 0, 3, 2, 0],
        Deed::ReadOwn | Deed::RunOwn | Deed::EditCheck => [0, 0, 0, 1, 3],
        Deed::Arrange | Deed::Version => [0, 0, 0, 3, 0],
        Deed::Test => [0, 0, 0, 0, 5],
        Deed::Submit => [0, 0, 0, 0, 3],
    }
}

/// Words in the names of scripts an agent writes to look at something.
const PROBE_NAMES: &[&str] = &["inspect", "explore", "debug", "repro"];

/// Words in the names of scripts an agent writes to check its work.
const CHECK_NAMES: &[&str] = &["test", "check", "verif", "valid"];

/// The evidence of every step that has a reading, in step order.
pub(super) fn gather(
    readings: &Spool<StepReading>,
    outcomes: &Spool<StepOutcome>,
) -> Vec<Evidence> {
    let mut course = Course::default();
    readings
        .walk()
        .enumerate()
        .map(|(index, reading)| {
            let status = outcomes
                .get(index)
                .map_or(StepStatus::Unknown, |o| o.status);
            course.step(&reading, status)
        })
        .collect()
}

/// What the run has done so far, as far as it changes what a later step means.
#[derive(Default)]
struct Course {
    /// Something was written, built or started.
    made: bool,
    /// The last thing run failed, and nothing was edited since.
    failed: bool,
    /// Base names of the files the run wrote.
    own: HashSet<String>,
    /// What the last step that was more than waiting gave.
    last: Evidence,
}

impl Course {
    fn step(&mut self, reading: &StepReading, status: StepStatus) -> Evidence {
        if reading.activities.iter().all(|a| *a == Activity::Talk) {
            return Evidence::default();
        }
        if only_waits(reading) {
            return Evidence(self.last.0.map(|points| points / 2));
        }
        let mut deeds: Vec<Deed> = telling(reading)
            .map(|activity| self.deed(activity, reading))
            .collect();
        deeds.sort_unstable();
        deeds.dedup();
        self.last = share(&deeds);
        self.remember(reading, status);
        self.last
    }

    fn deed(&self, activity: Activity, reading: &StepReading) -> Deed {
        let by_time = |early, late| if self.made { late } else { early };
        match activity {
            Activity::Install => Deed::Install,
            Activity::Fetch if fetches_into(reading) => Deed::FetchInto,
            Activity::Fetch => by_time(Deed::FetchEarly, Deed::FetchLate),
            Activity::Probe | Activity::Talk | Activity::Control => {
                by_time(Deed::ProbeEarly, Deed::ProbeLate)
            }
            Activity::List => by_time(Deed::ListEarly, Deed::ListLate),
            Activity::Read | Activity::Search | Activity::Inspect => {
                if self.reads_own(reading) {
                    Deed::ReadOwn
                } else if self.failed && self.made {
                    Deed::ReadAfterFailure
                } else {
                    by_time(Deed::ReadEarly, Deed::ReadLate)
                }
            }
            Activity::Run => match (self.reads_own(reading), reading.effect.kind.is_change()) {
                (true, _) if self.made => Deed::RunOwn,
                (false, true) => Deed::RunChanging,
                _ => by_time(Deed::RunEarly, Deed::RunLate),
            },
            Activity::Build => by_time(Deed::BuildEarly, Deed::BuildLate),
            Activity::Test => Deed::Test,
            Activity::Edit if !self.made && writes_only(reading, PROBE_NAMES) => Deed::EditProbe,
            Activity::Edit if self.made && writes_only(reading, CHECK_NAMES) => Deed::EditCheck,
            Activity::Edit => Deed::Edit,
            Activity::Arrange => Deed::Arrange,
            Activity::Version => Deed::Version,
            Activity::Serve => Deed::Serve,
            Activity::Submit => Deed::Submit,
        }
    }

    fn reads_own(&self, reading: &StepReading) -> bool {
        reading
            .effect
            .reads
            .iter()
            .any(|path| self.own.contains(base_name(path)))
    }

    fn remember(&mut self, reading: &StepReading, status: StepStatus) {
        let does = |activity| reading.activities.contains(&activity);
        if does(Activity::Edit) {
            self.own.extend(
                reading
                    .effect
                    .writes
                    .iter()
                    .map(|path| base_name(path).to_owned()),
            );
            self.failed = false;
            self.made |= !writes_only(reading, PROBE_NAMES);
        }
        self.made |= does(Activity::Build) || does(Activity::Serve);
        match status {
            StepStatus::Failed => self.failed = true,
            StepStatus::Ok if does(Activity::Run) || does(Activity::Test) => self.failed = false,
            StepStatus::Ok | StepStatus::Unknown => {}
        }
    }
}

/// True for a step that lets time pass or looks at what an earlier step started: it is about what that
/// step was about.
fn only_waits(reading: &StepReading) -> bool {
    let names_nothing = reading.commands.is_empty()
        && reading.effect.reads.is_empty()
        && reading.effect.writes.is_empty();
    reading.activities.iter().all(|activity| match activity {
        Activity::Talk | Activity::Control => true,
        Activity::Read | Activity::Serve => names_nothing,
        _ => false,
    })
}

/// The activities that tell what a step is for: looking around counts only where nothing else is done
/// (`make && ls`), arranging files only where nothing more is (`mkdir x && cd x && cmake ..`).
fn telling(reading: &StepReading) -> impl Iterator<Item = Activity> + '_ {
    let rank = |activity: &Activity| match activity {
        Activity::Talk | Activity::Control => 0,
        Activity::Probe
        | Activity::List
        | Activity::Read
        | Activity::Search
        | Activity::Inspect => 1,
        Activity::Arrange => 2,
        _ => 3,
    };
    let top = reading.activities.iter().map(rank).max().unwrap_or(0);
    reading
        .activities
        .iter()
        .copied()
        .filter(move |activity| rank(activity) == top)
}

/// The mean of the weights of some deeds.
fn share(deeds: &[Deed]) -> Evidence {
    let count = i64::try_from(deeds.len()).unwrap_or(i64::MAX).max(1);
    let mut points = [0; PHASES.len()];
    for deed in deeds {
        for (sum, weight) in points.iter_mut().zip(weights(*deed)) {
            *sum += weight * HALF_POINT;
        }
    }
    Evidence(points.map(|sum| sum / count))
}

fn fetches_into(reading: &StepReading) -> bool {
    !reading.effect.writes.is_empty() || reading.commands.iter().any(|c| c.program == "git")
}

fn writes_only(reading: &StepReading, names: &[&str]) -> bool {
    let writes = &reading.effect.writes;
    !writes.is_empty()
        && writes.iter().all(|path| {
            let base = base_name(path).to_ascii_lowercase();
            names.iter().any(|name| base.contains(name))
        })
}

/// The last part of a path. Agents name a file now from one folder, now from another.
fn base_name(path: &str) -> &str {
    let path = path.trim_end_matches('/');
    path.rsplit_once('/').map_or(path, |(_, base)| base)
}
