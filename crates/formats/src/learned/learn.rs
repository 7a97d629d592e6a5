//! Learning: from artifacts to a package that may be kept.
//!
//! Without an author the layout is induced. With one, the author sees a redacted summary and writes
//! a map or a script; what it writes is run on the artifacts and held to the bar, and the precise
//! failure goes back to it, a bounded number of times. A layout that is known is not learned anew
//! but revised, and a revision must go on reading the samples of every version before.

use std::sync::Arc;

use thiserror::Error;

pub use super::authoring::program_in;
use super::authoring::{asked, by_author};
use super::evolve::{Attempt, appraise, propose, rank, samples_of_line};
use super::package::{Content, Limits, MOST_SAMPLES, Package, PackageError, Program, check_name};
use super::program::Files;
use super::registry::Registry;
use super::sample::sample_of;
use super::score::Bar;
use super::shape::{Shape, first_records};
use super::validate::{Validation, validate};
use super::{Refusal, induce};
use crate::pile::Pile;

/// How many rounds an author gets when nothing else is said.
pub const ROUNDS: usize = 3;

/// Who writes an extractor: a model, a person, a recording.
pub trait Author {
    /// What stands in the package's provenance, such as `model openai/gpt-5`.
    fn name(&self) -> String;

    /// Answers the last of `turns`. The first holds the task and the layout, later ones, after the
    /// author's own answers, what was wrong with them.
    ///
    /// # Errors
    /// In words, when there is no answer; learning ends then.
    fn answer(&mut self, turns: &[Turn]) -> Result<String, String>;

    /// Whether the map found without the author is measured against its answers, and stands when
    /// they are refused. A person who gives a program wants that one or none.
    fn is_replaceable(&self) -> bool {
        true
    }
}

/// One message of the conversation with an author.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Turn {
    /// Whether the author said it.
    pub by_author: bool,
    /// The words.
    pub text: String,
}

/// What is to be learned.
pub struct Lesson<'l> {
    /// The files.
    pub pile: &'l Pile,
    /// One entry for each artifact: a file, or the files of a folder in order.
    pub artifacts: &'l [Files],
    /// The layout's name; a known one is revised.
    pub name: &'l str,
    /// What is known.
    pub registry: &'l Registry,
    /// How many rounds an author gets.
    pub rounds: usize,
    /// What must be reached; of a known layout its own bar counts.
    pub bar: Bar,
}

/// What was learned.
#[derive(Debug, Clone)]
pub struct Learnt {
    /// The package, ready to be added to a registry. `None` when the known version reads the files
    /// as well as anything that was tried.
    pub package: Option<Package>,
    /// What the program achieves on the artifacts, and what it does not.
    pub validation: Validation,
    /// Everything that was tried, the accepted one first.
    pub attempts: Vec<Attempt>,
}

/// Why nothing was learned.
#[derive(Debug, Error)]
pub enum LearnFailure {
    /// The name cannot be used.
    #[error("{0}")]
    Name(String),
    /// There is nothing to learn from.
    #[error("no file to learn from")]
    NoFiles,
    /// Nothing that was tried can be accepted.
    #[error("nothing that was tried can be accepted: {}", said(.attempts))]
    Refused {
        /// What was tried, with the reasons.
        attempts: Vec<Attempt>,
        /// What induction says, where it was asked.
        induction: Option<String>,
    },
    /// The author gave no answer.
    #[error("{author}: {what}")]
    Author {
        /// Who.
        author: String,
        /// Why.
        what: String,
    },
    /// What was learned cannot be written down.
    #[error(transparent)]
    Package(#[from] PackageError),
}

fn said(attempts: &[Attempt]) -> String {
    let one = |attempt: &Attempt| {
        let why: Vec<String> = attempt.refusals.iter().map(ToString::to_string).collect();
        format!("{} ({})", attempt.how, why.join("; "))
    };
    let all: Vec<String> = attempts.iter().map(one).collect();
    if all.is_empty() {
        "no reading was found; give --model, or a program of your own with --program".to_owned()
    } else {
        all.join("; ")
    }
}

/// Learns how the artifacts are read.
///
/// # Errors
/// [`LearnFailure`] with everything that was tried and why it was refused.
pub fn learn(lesson: &Lesson<'_>, author: Option<&mut dyn Author>) -> Result<Learnt, LearnFailure> {
    check_name(lesson.name).map_err(LearnFailure::Name)?;
    if lesson.artifacts.iter().all(Vec::is_empty) {
        return Err(LearnFailure::NoFiles);
    }
    let known = lesson.registry.versions(lesson.name).next_back().cloned();
    let mut induction = None;
    let mut attempts = match &known {
        Some(package) => {
            let attempts = propose(lesson.registry, package, lesson.pile, lesson.artifacts);
            if author.is_none() && attempts.first().is_some_and(|best| best.accepted) {
                return finish(lesson, known.as_ref(), attempts, "revision");
            }
            attempts
        }
        None => match induced(lesson) {
            Ok(attempt) => vec![attempt],
            Err(refusal) => {
                let (attempt, why) = *refusal;
                induction = Some(why);
                attempt.into_iter().collect()
            }
        },
    };
    let Some(author) = author else {
        if attempts.first().is_some_and(|best| best.accepted) {
            return finish(lesson, known.as_ref(), attempts, "induction");
        }
        return Err(LearnFailure::Refused {
            attempts,
            induction,
        });
    };
    let name = author.name();
    let written = by_author(lesson, known.as_deref(), author, &attempts)?;
    if written.iter().any(|attempt| attempt.accepted) {
        return finish(lesson, known.as_ref(), rank(written), &name);
    }
    // What was found without the author stands; a revision of what is known is not made unasked.
    let stands = known.is_none() && author.is_replaceable();
    if stands && attempts.first().is_some_and(|best| best.accepted) {
        attempts.splice(1..1, written);
        return finish(lesson, None, attempts, "induction");
    }
    attempts.splice(0..0, written);
    Err(LearnFailure::Refused {
        attempts,
        induction,
    })
}

/// What an author would be asked first: all that would leave this machine, but for what later
/// rounds say about its own answers.
///
/// # Errors
/// [`LearnFailure::Name`] and [`LearnFailure::NoFiles`].
pub fn question(lesson: &Lesson<'_>) -> Result<String, LearnFailure> {
    check_name(lesson.name).map_err(LearnFailure::Name)?;
    if lesson.artifacts.iter().all(Vec::is_empty) {
        return Err(LearnFailure::NoFiles);
    }
    let attempts = match lesson.registry.versions(lesson.name).next_back() {
        Some(package) => propose(lesson.registry, package, lesson.pile, lesson.artifacts),
        None => match induced(lesson) {
            Ok(attempt) => vec![attempt],
            Err(refusal) => refusal.0.into_iter().collect(),
        },
    };
    Ok(asked(lesson, attempts.first()))
}

type Refused = Box<(Option<Attempt>, String)>;

/// The best induced map, held to the bar on all artifacts.
fn induced(lesson: &Lesson<'_>) -> Result<Attempt, Refused> {
    let mut best: Option<Attempt> = None;
    let mut why = "there is no file".to_owned();
    for files in lesson.artifacts.iter().take(3) {
        let map = match induce(lesson.pile, files) {
            Ok(found) => found.map,
            Err(Refusal::BelowBar {
                found,
                shortcomings,
            }) => {
                why = shortcomings.join("; ");
                found.map
            }
            Err(refusal) => {
                why = refusal.to_string();
                continue;
            }
        };
        let attempt = try_new(lesson, "induction", Program::Maps(vec![map]));
        let better = best
            .as_ref()
            .is_none_or(|best| attempt.score.worth() > best.score.worth() + 1e-9);
        if better {
            best = Some(attempt);
        }
    }
    match best {
        Some(best) if best.accepted => Ok(best),
        best => {
            if let Some(best) = &best {
                let reasons: Vec<String> = best.refusals.iter().map(ToString::to_string).collect();
                why = reasons.join("; ");
            }
            Err(Box::new((best, why)))
        }
    }
}

pub(super) fn try_new(lesson: &Lesson<'_>, how: &str, program: Program) -> Attempt {
    let validation = validate(
        &program,
        Limits::default(),
        &lesson.bar,
        lesson.pile,
        lesson.artifacts,
    );
    Attempt::new(how, Vec::new(), program, validation)
}

/// Seals the best attempt into a package.
fn finish(
    lesson: &Lesson<'_>,
    known: Option<&Arc<Package>>,
    mut attempts: Vec<Attempt>,
    made_by: &str,
) -> Result<Learnt, LearnFailure> {
    let program = attempts.first_mut().and_then(|best| best.program.take());
    let Some(program) = program else {
        return Err(LearnFailure::NoFiles);
    };
    let limits = known.map_or_else(Limits::default, |package| package.limits);
    let bar = known.map_or(lesson.bar, |package| package.bar);
    let validation = validate(&program, limits, &bar, lesson.pile, lesson.artifacts);
    let drifted = |package: &Arc<Package>| {
        let one = std::slice::from_ref(package);
        let mut drifts = lesson
            .artifacts
            .iter()
            .map(|files| appraise(one, lesson.pile, files));
        drifts.any(|found| found.first().is_none_or(|found| !found.drift.is_empty()))
    };
    let same = known.is_some_and(|package| package.program == program);
    if same && !known.is_some_and(drifted) {
        return Ok(Learnt {
            package: None,
            validation,
            attempts,
        });
    }
    let content = content_of(
        lesson,
        known.map(Arc::as_ref),
        program,
        &validation,
        &attempts,
        made_by,
    );
    Ok(Learnt {
        package: Some(Package::seal(content)?),
        validation,
        attempts,
    })
}

fn content_of(
    lesson: &Lesson<'_>,
    known: Option<&Package>,
    program: Program,
    validation: &Validation,
    attempts: &[Attempt],
    made_by: &str,
) -> Content {
    let mut content = Content::new(lesson.name, program);
    content.bar = lesson.bar;
    content.score = validation.score;
    content.told = validation.told;
    made_by.clone_into(&mut content.provenance.made_by);
    env!("CARGO_PKG_VERSION").clone_into(&mut content.provenance.tool);
    if let Some(known) = known {
        content.version = known.version + 1;
        content.bar = known.bar;
        content.limits = known.limits;
        content.provenance.parent = Some(known.hash().to_owned());
        content.provenance.origin = Some(known.origin().to_owned());
        content.recognise = known.recognise.clone();
        content.samples = samples_of_line(lesson.registry, known);
        if let Some(best) = attempts.first() {
            content.provenance.changes.clone_from(&best.changes);
        }
        if content.program == known.program {
            let change = "the same rules; kinds of records never seen before are known now";
            content.provenance.changes = vec![change.to_owned()];
        }
    }
    let mut endings: Vec<String> = Vec::new();
    for files in lesson.artifacts {
        for id in files {
            let name = lesson.pile.entry(*id).name();
            endings.extend(name.rsplit_once('.').map(|(_, ending)| ending.to_owned()));
        }
        let read_by = content
            .program
            .records()
            .into_iter()
            .map(|place| first_records(lesson.pile, files, place));
        let values = read_by.max_by_key(Vec::len).unwrap_or_default();
        let seen = Shape::of(&values, None).fingerprint(&content.program, Vec::new());
        content.recognise.add(&seen);
    }
    endings.sort();
    endings.dedup();
    endings.truncate(8);
    content.recognise.endings = endings;
    if content.title.is_empty() {
        content.title = format!(
            "{} kinds of records told apart by {}",
            content.recognise.kinds.len(),
            match content.recognise.kinds_by.first() {
                Some(field) => format!("`{field}`"),
                None => "their members".to_owned(),
            }
        );
    }
    for (index, files) in lesson.artifacts.iter().enumerate().take(3) {
        let name = format!("{}.{}", content.version, index + 1);
        let sample = sample_of(&content.program, content.limits, lesson.pile, files, &name);
        content.samples.extend(sample);
    }
    // The oldest are what tells most: they were made for files nobody writes any more.
    content.samples.truncate(MOST_SAMPLES);
    content
}
