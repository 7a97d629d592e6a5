//! What a run looks like to somebody who asks which lessons fit it.

use std::collections::BTreeMap;

use trace::{Diagnosis, Fault, LabelVerdict, Verdict};

use super::lesson::{Author, Lesson, RunMark, Support};
use super::words::content;

/// How many labels are looked at: the words repeat.
const MOST_LABELS: usize = 400;

/// What lessons on a kind of fault speak of, beside the words of its name.
const SPOKEN_OF: [(Fault, &str); 14] = [
    (
        Fault::EnvironmentSetup,
        "environment path port service shell permission config missing",
    ),
    (
        Fault::ResourceExhaustion,
        "memory disk space time timeout limit killed slow",
    ),
    (
        Fault::InteractiveHang,
        "interactive terminal pager editor prompt wait hang busy keys",
    ),
    (
        Fault::DependencyResolution,
        "dependency install package version conflict missing module",
    ),
    (
        Fault::MislocalisedEdit,
        "edit wrong place file function location",
    ),
    (
        Fault::IncorrectHypothesis,
        "assumption belief guess wrong cause hypothesis unchecked",
    ),
    (
        Fault::SpecificationMisread,
        "demand requirement task format detail left out misread",
    ),
    (
        Fault::FabricatedResult,
        "invented placeholder fake mock substitute simulated result hardcoded",
    ),
    (
        Fault::GaveUpEarly,
        "give up early end partial unfinished submit",
    ),
    (
        Fault::DestructiveAction,
        "delete remove overwrite lose backup reset destroy",
    ),
    (
        Fault::VerificationMisinterpretation,
        "check test failing output ignored success dismissed",
    ),
    (
        Fault::UnverifiedClaim,
        "claim success done unverified check never run test",
    ),
    (
        Fault::UnproductiveLooping,
        "loop repeat retry same command again",
    ),
    (
        Fault::OutsideCause,
        "outside harness network service infrastructure broken",
    ),
];

/// The words by which lessons are found for a run, each with how much it matters. Made from what the
/// offline engine says of the run; the task's text plays no part.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RunProfile {
    words: BTreeMap<String, f64>,
    /// The fingerprint of the run, whose own lessons it must not be told.
    run: Option<String>,
}

impl RunProfile {
    /// The profile of a diagnosed run.
    #[must_use]
    pub fn of(diagnosis: &Diagnosis) -> Self {
        let mut profile = Self::default();
        if diagnosis.verdict != Verdict::NoFailure {
            profile.fault(diagnosis);
        }
        for failure in &diagnosis.failures {
            profile.add(&failure.kind, 2.0);
            profile.add(&failure.why, failure.strength.clamp(0.0, 1.0));
        }
        for label in diagnosis.labels.walk().take(MOST_LABELS) {
            let is_onset = Some(label.step_id) == diagnosis.onset_step_id;
            let weight = match label.verdict {
                _ if is_onset => 2.0,
                LabelVerdict::Incorrect => 0.7,
                LabelVerdict::Unuseful => 0.3,
            };
            profile.add(&label.reason, weight);
        }
        for link in &diagnosis.chain {
            profile.add(link.role.as_str(), 0.7);
            profile.add(&link.why, 1.0);
        }
        for turn in &diagnosis.turning_points {
            profile.add(turn.kind.as_str(), 1.0);
        }
        for share in &diagnosis.waste.causes {
            profile.add(share.cause.as_str(), 0.5);
        }
        for stage in &diagnosis.stages {
            let holds_onset = diagnosis
                .onset_step_id
                .is_some_and(|onset| stage.start <= onset && onset <= stage.end);
            if holds_onset || stage.suspicion >= 0.5 {
                profile.add(stage.phase.as_str(), if holds_onset { 1.0 } else { 0.5 });
            }
        }
        let ended = diagnosis.outcome.exit_status.as_deref();
        profile.add(ended.unwrap_or_default(), 0.7);
        profile
    }

    /// The same profile, for which a run does not count among those that back a lesson: what only it
    /// taught is not recalled for itself.
    #[must_use]
    pub fn besides(mut self, run: &RunMark) -> Self {
        self.run = Some(run.fingerprint.clone());
        self
    }

    /// A lesson as other runs back it; `None` where no other does and no person wrote it.
    pub(super) fn backed_by_others(&self, lesson: &Lesson) -> Option<Lesson> {
        let mut lesson = lesson.clone();
        let own = |support: &Support| Some(&support.run) == self.run.as_ref();
        let is_own = lesson.runs.iter().any(own);
        lesson.runs.retain(|support| !own(support));
        let is_left = !is_own || lesson.run_count() > 0 || lesson.by == Author::Hand;
        is_left.then_some(lesson)
    }

    fn fault(&mut self, diagnosis: &Diagnosis) {
        if let Some(fault) = diagnosis.fault {
            self.add(fault.as_str(), 3.0);
            let known = SPOKEN_OF.iter().find(|(known, _)| *known == fault);
            self.add(known.map_or("", |(_, words)| words), 1.5);
        }
        if let Some(error_type) = diagnosis.error_type {
            self.add(error_type.as_str(), 1.0);
        }
    }

    /// Adds the words of a text; a word counts as much as in the text where it matters most. What is
    /// quoted in it is the run's, not the engine's.
    pub fn add(&mut self, text: &str, weight: f64) {
        for unquoted in text.split('`').step_by(2) {
            for stem in content(unquoted) {
                if stem.chars().all(|c| c.is_ascii_digit()) {
                    continue;
                }
                let known = self.words.entry(stem).or_default();
                *known = known.max(weight);
            }
        }
    }

    /// The words as stems, by alphabet, with their weights.
    pub(super) fn words(&self) -> impl Iterator<Item = (&str, f64)> {
        self.words
            .iter()
            .map(|(word, weight)| (word.as_str(), *weight))
    }
}
