//! Learning: from artifacts to a package that may be kept.
//!
//! Without an author the layout is induced. With one, the author sees a redacted summary and writes
//! a map or a script; what it writes is run on the artifacts and held to the bar, and the precise
//! failure goes back to it, a bounded number of times. A layout that is known is not learned anew
//! but revised, and a revision must go on reading the samples of every version before.

use std::sync::Arc;

use thiserror::Error;

use super::evolve::{Attempt, appraise, held, propose, rank, samples_of_line};
use super::map::FieldMap;
use super::package::{
    Content, Limits, MOST_SAMPLES, Package, PackageError, Program, Script, check_name,
};
use super::program::Files;
use super::registry::Registry;
use super::sample::sample_of;
use super::score::{Bar, Score, ratio};
use super::shape::{Shape, first_records};
use super::summary::summary;
use super::task::{self, Draft};
use super::validate::{Shortfall, Validation, validate};
use super::{Refusal, induce};
use crate::pile::Pile;

/// How many rounds an author gets when nothing else is said.
pub const ROUNDS: usize = 3;

/// The longest answer of an author that is read, in bytes.
const MOST_ANSWER: usize = 512 << 10;

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

/// The first turn, with the best reading so far and what it lacks.
fn asked(lesson: &Lesson<'_>, best: Option<&Attempt>) -> String {
    let program = best.and_then(|best| Some((best, best.program.as_ref()?)));
    let draft = program.map(|(best, program)| Draft {
        program,
        accepted: best.accepted,
        reasons: best
            .refusals
            .iter()
            .map(ToString::to_string)
            .chain(notes_on(lesson, program))
            .collect(),
    });
    let layout = summary(lesson.pile, lesson.artifacts);
    task::task(&layout, draft.as_ref())
}

/// By how much an author's reading may be worth less than the one found without it.
const MOST_WORSE: f64 = 0.15;

/// What share of the understood calls of the reading found without it an author's must have. A log
/// that tells every call twice leaves an author who notices half of them.
const LEAST_MEANT: f64 = 0.45;

/// Refuses an author's reading that is clearly worse than one that stands without it: records can be
/// passed over as bookkeeping, so that all figures but the number of calls look well.
fn compare(attempt: &mut Attempt, before: Option<&Attempt>) {
    let Some(before) = before.filter(|before| before.accepted && attempt.accepted) else {
        return;
    };
    let (ours, theirs) = (attempt.score, before.score);
    let calls = ratio(ours.meant.min(ours.joined), theirs.meant.min(theirs.joined));
    if ours.worth() >= theirs.worth() - MOST_WORSE && calls >= LEAST_MEANT {
        return;
    }
    let figures = |score: &Score| {
        format!(
            "{} calls, {} of them with a result and {} understood, {:.0} % of the records explained",
            score.steps,
            score.joined,
            score.meant,
            score.events_explained * 100.0
        )
    };
    attempt.accepted = false;
    attempt.refusals.push(Shortfall::BelowBar {
        figure: format!(
            "it reads clearly less than the map found by structure alone: {}; that map: {}",
            figures(&attempt.score),
            figures(&before.score)
        ),
    });
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

fn try_new(lesson: &Lesson<'_>, how: &str, program: Program) -> Attempt {
    let validation = validate(
        &program,
        Limits::default(),
        &lesson.bar,
        lesson.pile,
        lesson.artifacts,
    );
    Attempt::new(how, Vec::new(), program, validation)
}

/// Lets the author write, at most the lesson's number of rounds.
fn by_author(
    lesson: &Lesson<'_>,
    known: Option<&Package>,
    author: &mut dyn Author,
    before: &[Attempt],
) -> Result<Vec<Attempt>, LearnFailure> {
    let samples = known.map(|package| samples_of_line(lesson.registry, package));
    let mut turns = vec![Turn {
        by_author: false,
        text: asked(lesson, before.first()),
    }];
    let mut attempts = Vec::new();
    let rounds = lesson.rounds.max(1);
    for round in 1..=rounds {
        let answer = author.answer(&turns).map_err(|what| LearnFailure::Author {
            author: author.name(),
            what,
        })?;
        let how = format!("{}, round {round}", author.name());
        let mut tried = match program_in(&answer) {
            Err(what) => vec![Attempt::new(
                &how,
                Vec::new(),
                Program::Maps(Vec::new()),
                Validation {
                    refusals: vec![Shortfall::Failed { error: what }],
                    ..Validation::default()
                },
            )],
            Ok(program) => tries_of(lesson, known, samples.as_deref(), &how, program),
        };
        if known.is_none() && author.is_replaceable() {
            for attempt in &mut tried {
                compare(attempt, before.first());
            }
        }
        let best = tried.first();
        let accepted = best.is_some_and(|best| best.accepted);
        let refusals = best.iter().flat_map(|best| &best.refusals);
        let reasons: Vec<String> = refusals.map(ToString::to_string).collect();
        let program = best.and_then(|best| Some((best, best.program.as_ref()?)));
        let notes = match program {
            Some((best, program)) if !accepted && round < rounds && ran(best, program) => {
                notes_on(lesson, program)
            }
            _ => Vec::new(),
        };
        attempts.splice(0..0, tried);
        if accepted {
            break;
        }
        turns.push(Turn {
            by_author: true,
            text: answer,
        });
        turns.push(Turn {
            by_author: false,
            text: task::failure(&nameless(lesson, reasons), &nameless(lesson, notes)),
        });
    }
    Ok(attempts)
}

/// The sentences without the names of the files: those are no part of the layout.
fn nameless(lesson: &Lesson<'_>, mut sentences: Vec<String>) -> Vec<String> {
    let files = lesson.artifacts.iter().flatten();
    for path in files.map(|id| lesson.pile.entry(*id).path.as_str()) {
        for sentence in &mut sentences {
            if !path.is_empty() && sentence.contains(path) {
                *sentence = sentence.replace(path, "the artifact");
            }
        }
    }
    sentences
}

/// Whether there was a program and it came to its end.
fn ran(attempt: &Attempt, program: &Program) -> bool {
    let failed = |shortfall: &Shortfall| matches!(shortfall, Shortfall::Failed { .. });
    !matches!(program, Program::Maps(maps) if maps.is_empty())
        && !attempt.refusals.iter().any(failed)
}

/// What the program does not do well, beside the reasons it is refused for.
fn notes_on(lesson: &Lesson<'_>, program: &Program) -> Vec<String> {
    let validation = validate(
        program,
        Limits::default(),
        &lesson.bar,
        lesson.pile,
        lesson.artifacts,
    );
    validation.notes.iter().map(ToString::to_string).collect()
}

/// A new program alone, and where a version exists beside its maps; the better first.
fn tries_of(
    lesson: &Lesson<'_>,
    known: Option<&Package>,
    samples: Option<&[super::package::Sample]>,
    how: &str,
    program: Program,
) -> Vec<Attempt> {
    let (Some(package), Some(samples)) = (known, samples) else {
        return vec![try_new(lesson, how, program)];
    };
    let mut tries = Vec::new();
    if let (Program::Maps(old), Program::Maps(new)) = (&package.program, &program) {
        let all: Vec<FieldMap> = old.iter().chain(new).cloned().collect();
        tries.push((format!("{how}, beside the old maps"), Program::Maps(all)));
    }
    tries.insert(0, (how.to_owned(), program));
    let attempts = tries
        .into_iter()
        .map(|(how, program)| {
            let validation = held(package, &program, lesson.pile, lesson.artifacts, samples);
            Attempt::new(&how, Vec::new(), program, validation)
        })
        .collect();
    rank(attempts)
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

/// The program in an author's answer: a field map as JSON, or a script with the description of where
/// its records stand.
///
/// # Errors
/// What is wrong with the answer, for the author to read.
pub fn program_in(answer: &str) -> Result<Program, String> {
    if answer.len() > MOST_ANSWER {
        return Err(format!("the answer is longer than {MOST_ANSWER} bytes"));
    }
    let fences = super::interpret::fences_in(answer);
    let of = |languages: &[&str]| -> Vec<&str> {
        fences
            .iter()
            .filter(|fence| languages.contains(&fence.language.to_ascii_lowercase().as_str()))
            .map(|fence| fence.text)
            .collect()
    };
    let (json, scripts) = (of(&["json"]), of(&["javascript", "js"]));
    let trimmed = answer.trim();
    let json = match json.as_slice() {
        [one] => *one,
        [] if trimmed.starts_with('{') => trimmed,
        [] => return Err("give one ```json block".to_owned()),
        _ => return Err("give exactly one ```json block".to_owned()),
    };
    match scripts.as_slice() {
        [] => {
            // A program as it stands in a package is taken as well.
            if let Ok(program) = serde_json::from_str::<Program>(json) {
                return Ok(program);
            }
            let map: FieldMap =
                serde_json::from_str(json).map_err(|error| format!("the map: {error}"))?;
            Ok(Program::Maps(vec![map]))
        }
        [source] => {
            let records = serde_json::from_str(json)
                .map_err(|error| format!("the description of the records: {error}"))?;
            let source = (*source).to_owned();
            Ok(Program::Script(Script { records, source }))
        }
        _ => Err("give at most one ```javascript block".to_owned()),
    }
}
