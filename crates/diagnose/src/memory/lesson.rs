//! A lesson and what is known of its worth.

use std::collections::BTreeMap;
use std::fmt;

use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use trace::{Timestamp, Trajectory};

use super::words::{Sketch, content};

/// After how many days a run speaks half as loudly for a lesson.
pub const HALF_LIFE_DAYS: f64 = 90.0;

/// How many runs are listed by name under a lesson; of those before, only the number is kept.
pub(super) const MOST_LISTED_RUNS: usize = 20;

/// What a lesson is about.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum LessonKind {
    /// How such runs fail.
    FailurePattern,
    /// What is peculiar to the agent.
    Quirk,
    /// Where the evidence is found.
    WhereToLook,
}

impl LessonKind {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::FailurePattern, Self::Quirk, Self::WhereToLook];

    /// The name as it stands in files.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::FailurePattern => "failure_pattern",
            Self::Quirk => "quirk",
            Self::WhereToLook => "where_to_look",
        }
    }

    /// The kind with this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }
}

/// Who wrote a lesson.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Author {
    /// A person: it is kept as it stands and does not age.
    Hand,
    /// A model, and it stood the checks.
    Model,
}

impl Author {
    /// The name as it stands in files.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Hand => "hand",
            Self::Model => "model",
        }
    }
}

/// What names a lesson: a hash of what it says, whatever the order of its other fields. Changing the
/// words of a lesson makes it another one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct LessonId(String);

impl LessonId {
    /// The id of a lesson with this text.
    #[must_use]
    pub fn of(text: &str) -> Self {
        let said = content(text).join(" ");
        // A text without a word that matters is named by itself.
        let said = if said.is_empty() { text } else { &said };
        let hash = blake3::hash(said.as_bytes()).to_hex();
        Self(hash.chars().take(8).collect())
    }

    /// The id as it is printed.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for LessonId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A run by which a lesson can be backed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct RunMark {
    /// A hash of what was done in the run; the same wherever its files lie.
    pub fingerprint: String,
    /// The run's id, for a person.
    pub name: String,
}

impl RunMark {
    /// The mark of a run. Goes over all of its steps once.
    #[must_use]
    pub fn of(run: &Trajectory) -> Self {
        let mut hasher = blake3::Hasher::new();
        let mut add = |text: &str| {
            hasher.update(&(text.len() as u64).to_le_bytes());
            hasher.update(text.as_bytes());
        };
        add(run.agent.as_deref().unwrap_or_default());
        add(run.session.as_deref().unwrap_or_default());
        add(run.task.as_deref().unwrap_or_default());
        for step in run.steps.walk() {
            // Written by types whose fields have one order.
            add(&serde_json::to_string(&step.action).unwrap_or_default());
            add(step.observed());
        }
        Self {
            fingerprint: hasher.finalize().to_hex().chars().take(12).collect(),
            name: run.id.chars().take(80).collect(),
        }
    }
}

/// A run that backs a lesson.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Support {
    /// The fingerprint of the run.
    pub run: String,
    /// The day it was learned from.
    pub on: Date,
    /// The run's id, for a person; empty where it was left out.
    pub name: String,
}

/// A short, general lesson.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Lesson {
    /// What it is about.
    pub kind: LessonKind,
    /// One sentence.
    pub text: String,
    /// Who wrote it.
    pub by: Author,
    /// The runs that back it, by day and fingerprint; the newest twenty.
    pub runs: Vec<Support>,
    /// How many more there were before these.
    pub earlier_runs: u32,
    /// How often it was put before a model.
    pub shown: u32,
    /// How often that helped: the model came to the same, or said so.
    pub helped: u32,
    /// How often a run it was shown for spoke against it.
    pub contradicted: u32,
}

impl Lesson {
    /// A lesson nothing is known of.
    #[must_use]
    pub fn new(kind: LessonKind, text: impl Into<String>, by: Author) -> Self {
        Self {
            kind,
            text: text.into(),
            by,
            runs: Vec::new(),
            earlier_runs: 0,
            shown: 0,
            helped: 0,
            contradicted: 0,
        }
    }

    /// Its name.
    #[must_use]
    pub fn id(&self) -> LessonId {
        LessonId::of(&self.text)
    }

    /// How many runs back it, those no longer listed included.
    #[must_use]
    pub fn run_count(&self) -> u32 {
        let listed = u32::try_from(self.runs.len()).unwrap_or(u32::MAX);
        listed.saturating_add(self.earlier_runs)
    }

    /// Whether two lessons say the same.
    #[must_use]
    pub fn says_what(&self, other: &Self) -> bool {
        self.text == other.text || Sketch::of(&self.text).says_what(&Sketch::of(&other.text))
    }

    /// Takes in what another lesson that says the same knows. Which of the two takes in which does not
    /// matter, and what comes twice counts once: the runs are united, each with its later day, the counts are the larger of the
    /// two, and the words are those of a person, else the shorter ones, else the first by alphabet.
    pub fn merge(&mut self, other: &Self) {
        let rank = |l: &Self| (l.by, l.text.len(), l.text.clone(), l.kind);
        if rank(other) < rank(self) {
            self.kind = other.kind;
            self.by = other.by;
            self.text.clone_from(&other.text);
        }
        let horizon = self.horizon().max(other.horizon());
        self.earlier_runs = self.earlier_runs.max(other.earlier_runs);
        self.shown = self.shown.max(other.shown);
        self.helped = self.helped.max(other.helped);
        self.contradicted = self.contradicted.max(other.contradicted);
        self.unite(&other.runs, horizon.as_ref());
    }

    /// Adds a run; one that is listed already counts once, from its first day.
    pub fn back(&mut self, run: Support) {
        if self.runs.iter().all(|known| known.run != run.run) {
            let horizon = self.horizon();
            self.unite(&[run], horizon.as_ref());
        }
    }

    /// The oldest run listed, where older ones are counted but not listed.
    fn horizon(&self) -> Option<(Date, String)> {
        let oldest = self.runs.iter().map(|run| (run.on, run.run.clone())).min();
        oldest.filter(|_| self.earlier_runs > 0)
    }

    /// Lists the newest of the runs there are and those that come. What lies before the horizon was
    /// counted when it left the list.
    fn unite(&mut self, runs: &[Support], horizon: Option<&(Date, String)>) {
        let mut by_run: BTreeMap<String, Support> = BTreeMap::new();
        for support in self.runs.drain(..).chain(runs.iter().cloned()) {
            let known = by_run.entry(support.run.clone());
            let known = known.or_insert_with(|| support.clone());
            if support > *known {
                *known = support;
            }
        }
        let mut all: Vec<Support> = by_run.into_values().collect();
        all.retain(|run| horizon.is_none_or(|(on, name)| (run.on, &run.run) >= (*on, name)));
        all.sort_by(|a, b| (a.on, &a.run).cmp(&(b.on, &b.run)));
        let older = all.len().saturating_sub(MOST_LISTED_RUNS);
        self.runs = all.split_off(older);
        let older = u32::try_from(older).unwrap_or(u32::MAX);
        self.earlier_runs = self.earlier_runs.saturating_add(older);
    }

    /// How loudly runs speak for it at `now`: each counts 1 on its day and half of that
    /// [`HALF_LIFE_DAYS`] later. What a person wrote counts 1 at least.
    #[must_use]
    pub fn support(&self, now: Timestamp) -> f64 {
        let today = now.to_zoned(jiff::tz::TimeZone::UTC).date();
        let runs: f64 = self.runs.iter().map(|run| weight(run.on, today)).sum();
        match self.by {
            Author::Hand => runs.max(1.0),
            Author::Model => runs,
        }
    }

    /// How far it can be trusted, between 0 and 1: showings that helped against those that were
    /// contradicted, which count double.
    #[must_use]
    pub fn trust(&self) -> f64 {
        let helped = f64::from(self.helped) + 2.0;
        helped / (helped + 2.0 * f64::from(self.contradicted))
    }

    /// What it is worth at `now`, between 0 and 1: support that saturates, times trust. What is worth
    /// least falls out first.
    #[must_use]
    pub fn worth(&self, now: Timestamp) -> f64 {
        let support = self.support(now);
        support / (support + 1.0) * self.trust()
    }
}

fn weight(on: Date, today: Date) -> f64 {
    // A day in the future counts as today.
    let days = (today - on).get_days().max(0);
    (-f64::from(days) / HALF_LIFE_DAYS).exp2()
}
