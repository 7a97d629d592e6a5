//! An author at work: what it is asked, what its answers are taken for, and what it is told of them.

use super::evolve::{Attempt, held, rank, samples_of_line};
use super::learn::{Author, LearnFailure, Lesson, Turn, try_new};
use super::map::FieldMap;
use super::package::{Limits, Package, Program, Script};
use super::score::{Score, ratio};
use super::summary::summary;
use super::task::{self, Draft};
use super::validate::{Shortfall, Validation, validate};

/// The longest answer of an author that is read, in bytes.
const MOST_ANSWER: usize = 512 << 10;

/// The first turn, with the best reading so far and what it lacks.
pub(super) fn asked(lesson: &Lesson<'_>, best: Option<&Attempt>) -> String {
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

/// Lets the author write, at most the lesson's number of rounds.
pub(super) fn by_author(
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
