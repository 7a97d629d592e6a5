//! Whether a program may be accepted: it is run on real artifacts and held to figures.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;
use serde_json::Value;
use trace::{Step, Trajectory};

use super::package::{Content, Limits, Program, Sample};
use super::program::{Files, difference};
use super::score::{Bar, Score, ratio};
use super::shape::{Shape, kind_of};
use crate::extractor::{ExtractError, Extraction};
use crate::pile::Pile;
use redact::{Redactor, cut};

/// The most results, of all, that may answer no call.
const MOST_ORPHANS: f64 = 0.2;

/// From how many calls on one id for more than half of them is not an id.
const LEAST_CALLS: usize = 4;

/// How many unexplained kinds of records are shown.
const MOST_SHOWN: usize = 6;

/// What a program achieved, and what keeps it from being accepted.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Validation {
    /// The figures.
    pub score: Score,
    /// Characters of text in the steps, of the bytes of the artifacts.
    pub told: f64,
    /// Why it is refused; empty when it is not.
    pub refusals: Vec<Shortfall>,
    /// What else was seen.
    pub notes: Vec<Shortfall>,
}

/// Something a program does not do well, said so that a person or a model can mend it.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum Shortfall {
    /// It could not be run, or an artifact could not be read.
    Failed {
        /// The error.
        error: String,
    },
    /// It found no steps.
    NoSteps {
        /// Records it was shown.
        records: u64,
        /// Records it said something about.
        explained: u64,
    },
    /// A figure is below the bar.
    BelowBar {
        /// Which, with both figures.
        figure: String,
    },
    /// Records of one kind say nothing to it.
    Unexplained {
        /// The kind.
        kind: String,
        /// How many.
        records: usize,
        /// One of them, redacted.
        example: String,
    },
    /// Calls got no result.
    CallsWithoutResult {
        /// How many.
        calls: usize,
        /// Of how many.
        of: usize,
        /// The tools that were called, most often first.
        tools: Vec<String>,
    },
    /// Results answer no call.
    Orphans {
        /// How many.
        results: u64,
    },
    /// Different calls have the same id.
    RepeatedIds {
        /// Calls whose id another one has.
        calls: usize,
        /// The id most of them have.
        example: String,
    },
    /// Two runs over the same artifact differ.
    Nondeterministic,
    /// A sample does not give the steps it must give.
    Sample {
        /// Which.
        sample: String,
        /// The difference.
        difference: String,
    },
}

impl fmt::Display for Shortfall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed { error } => write!(f, "it failed: {error}"),
            Self::NoSteps { records, explained } => write!(
                f,
                "no steps: {explained} of {records} records said something, and none was a tool call"
            ),
            Self::BelowBar { figure } => f.write_str(figure),
            Self::Unexplained {
                kind,
                records,
                example,
            } => write!(
                f,
                "{records} records of kind `{kind}` are not explained, such as {example}"
            ),
            Self::CallsWithoutResult { calls, of, tools } => {
                write!(
                    f,
                    "{calls} of {of} calls have no result (tools: {})",
                    tools.join(", ")
                )
            }
            Self::Orphans { results } => write!(f, "{results} results answer no known call"),
            Self::RepeatedIds { calls, example } => {
                write!(
                    f,
                    "{calls} calls share their id with another one (`{example}`): is it the id of the call?"
                )
            }
            Self::Nondeterministic => {
                f.write_str("two runs over the same artifact gave different steps")
            }
            Self::Sample { sample, difference } => write!(f, "sample {sample}: {difference}"),
        }
    }
}

impl Validation {
    /// Whether the program may be accepted.
    #[must_use]
    pub fn passes(&self) -> bool {
        self.refusals.is_empty()
    }

    /// The reasons for refusal, and the notes, one sentence each.
    #[must_use]
    pub fn reasons(&self) -> Vec<String> {
        let all = self.refusals.iter().chain(&self.notes);
        all.map(ToString::to_string).collect()
    }
}

/// Runs `program` over each of the artifacts and holds what it gives to `bar`.
#[must_use]
pub fn validate(
    program: &Program,
    limits: Limits,
    bar: &Bar,
    pile: &Pile,
    artifacts: &[Files],
) -> Validation {
    let mut sums = Sums::default();
    for files in artifacts {
        if let Err(error) = sums.read(program, limits, pile, files) {
            return Validation {
                refusals: vec![Shortfall::Failed {
                    error: error.to_string(),
                }],
                ..Validation::default()
            };
        }
    }
    sums.judge(bar)
}

/// What came out of all artifacts.
#[derive(Default)]
struct Sums {
    readings: Vec<Extraction>,
    unexplained: Vec<Value>,
    unexplained_count: usize,
    seen: Vec<Value>,
    differs: bool,
    bytes: u64,
}

impl Sums {
    fn read(
        &mut self,
        program: &Program,
        limits: Limits,
        pile: &Pile,
        files: &Files,
    ) -> Result<(), ExtractError> {
        const MOST_KEPT: usize = 4_000;
        self.bytes += files.iter().map(|id| pile.entry(*id).size).sum::<u64>();
        let (seen, unexplained) = (&mut self.seen, &mut self.unexplained);
        let count = &mut self.unexplained_count;
        let first = program.extract_all(limits, pile, files, &mut |record, known| {
            if seen.len() < MOST_KEPT {
                seen.push(record.clone());
            }
            if !known {
                *count += 1;
                if unexplained.len() < MOST_KEPT {
                    unexplained.push(record.clone());
                }
            }
        })?;
        let again = program.extract_all(limits, pile, files, &mut |_, _| {})?;
        let same = first.len() == again.len()
            && first
                .iter()
                .zip(&again)
                .all(|(a, b)| a.trajectory == b.trajectory);
        self.differs |= !same;
        self.readings.extend(first);
        Ok(())
    }

    fn judge(self, bar: &Bar) -> Validation {
        let score = Score::of(&self.readings);
        let mut validation = Validation {
            score,
            told: told(&self.readings, self.bytes),
            ..Validation::default()
        };
        let refusals = &mut validation.refusals;
        if self.seen.is_empty() {
            let error = "no record stands where the program looks for them; see `container`, `at` \
                         and `runs`";
            refusals.push(Shortfall::Failed {
                error: error.to_owned(),
            });
        }
        if score.steps == 0 {
            let events = self.readings.iter().map(|reading| reading.coverage.events);
            let (explained, records) = events.fold((0, 0), |(e, t), share| {
                (e + share.explained, t + share.total)
            });
            refusals.push(Shortfall::NoSteps { records, explained });
        } else {
            let below = score.shortcomings(bar).into_iter();
            refusals.extend(below.map(|figure| Shortfall::BelowBar { figure }));
        }
        if self.differs {
            refusals.push(Shortfall::Nondeterministic);
        }
        let orphans = usize::try_from(score.orphans).unwrap_or(usize::MAX);
        if orphans > 0 {
            let share = ratio(orphans, score.joined.saturating_add(orphans));
            let shortfall = Shortfall::Orphans {
                results: score.orphans,
            };
            validation.put(share > MOST_ORPHANS, shortfall);
        }
        if let Some((calls, most, example)) = self.repeated_ids() {
            let constant = score.steps >= LEAST_CALLS && most * 2 > score.steps;
            validation.put(constant, Shortfall::RepeatedIds { calls, example });
        }
        if let Some(shortfall) = self.without_result() {
            validation.notes.push(shortfall);
        }
        validation.notes.extend(self.unexplained());
        validation
    }

    fn steps(&self) -> impl Iterator<Item = &Step> {
        let runs = self.readings.iter().flat_map(|reading| {
            let run: &Trajectory = &reading.trajectory;
            std::iter::once(run).chain(run.descendants())
        });
        runs.flat_map(|run| &run.steps)
    }

    /// Calls that share their id with another of their run, how many the most common id has, and
    /// that id.
    fn repeated_ids(&self) -> Option<(usize, usize, String)> {
        let mut repeated = 0;
        let mut most = (0, String::new());
        for reading in &self.readings {
            let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
            for step in &reading.trajectory.steps {
                if let Some(id) = &step.address.call_id {
                    *counts.entry(id).or_default() += 1;
                }
            }
            for (id, count) in counts {
                if count > 1 {
                    repeated += count;
                    if count > most.0 {
                        most = (count, cut(&Redactor::default().text(id), 40));
                    }
                }
            }
        }
        (repeated > 0).then_some((repeated, most.0, most.1))
    }

    fn without_result(&self) -> Option<Shortfall> {
        let mut tools: BTreeMap<&str, usize> = BTreeMap::new();
        let mut of = 0;
        for step in self.steps() {
            of += 1;
            if step.observation.is_none() {
                *tools.entry(&step.action.tool).or_default() += 1;
            }
        }
        let calls: usize = tools.values().sum();
        let mut tools: Vec<(&str, usize)> = tools.into_iter().collect();
        tools.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
        let shown = tools.iter().take(5);
        (calls > 0).then(|| Shortfall::CallsWithoutResult {
            calls,
            of,
            tools: shown
                .map(|(tool, _)| cut(&Redactor::default().text(tool), 40))
                .collect(),
        })
    }

    fn unexplained(&self) -> Vec<Shortfall> {
        let shape = Shape::of(&self.seen, None);
        let mut kinds: BTreeMap<String, (usize, &Value)> = BTreeMap::new();
        for record in &self.unexplained {
            let kind = kind_of(record, &shape.by);
            kinds.entry(kind).or_insert((0, record)).0 += 1;
        }
        let mut kinds: Vec<_> = kinds.into_iter().collect();
        kinds.sort_by(|a, b| b.1.0.cmp(&a.1.0).then(a.0.cmp(&b.0)));
        let mut redactor = Redactor::default();
        let shown = kinds.into_iter().take(MOST_SHOWN);
        shown
            .map(|(kind, (records, record))| Shortfall::Unexplained {
                kind: redactor.short(&kind, 120),
                records,
                example: cut(&redactor.value(record, 80, 4).to_string(), 400),
            })
            .collect()
    }
}

impl Validation {
    fn put(&mut self, refused: bool, shortfall: Shortfall) {
        if refused {
            self.refusals.push(shortfall);
        } else {
            self.notes.push(shortfall);
        }
    }
}

/// Characters of text in the steps (thoughts, actions, observations), of all bytes; at most 1.
fn told(readings: &[Extraction], bytes: u64) -> f64 {
    let runs = readings.iter().map(|reading| &reading.trajectory);
    let told: usize = runs
        .flat_map(|run| std::iter::once(run).chain(run.descendants()))
        .map(text_in)
        .sum();
    ratio(told, usize::try_from(bytes).unwrap_or(usize::MAX)).min(1.0)
}

/// Bytes of text in the steps of one run.
pub(super) fn text_in(run: &Trajectory) -> usize {
    let step = |step: &Step| {
        let arguments = &step.action.arguments;
        let asked = if arguments.is_null() {
            step.action.command().map_or(0, str::len)
        } else {
            arguments.to_string().len()
        };
        step.thought.len() + step.reasoning.len() + asked + step.observed().len()
    };
    run.steps.walk().map(|held| step(&held)).sum()
}

/// Runs the samples of a package again.
#[must_use]
pub fn check_samples(content: &Content) -> Vec<Shortfall> {
    check(&content.program, content.limits, &content.samples)
}

/// Runs samples through a program.
pub(super) fn check(program: &Program, limits: Limits, samples: &[Sample]) -> Vec<Shortfall> {
    let mut wrong = Vec::new();
    for sample in samples {
        let difference = match program.steps_of(limits, sample) {
            Ok(steps) => difference(&sample.steps, &steps),
            Err(error) => Some(error.to_string()),
        };
        wrong.extend(difference.map(|difference| Shortfall::Sample {
            sample: sample.name.clone(),
            difference,
        }));
    }
    wrong
}
