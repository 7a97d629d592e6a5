//! What earlier runs taught: short, general lessons on where runs of one kind of agent go wrong.
//!
//! A model that has concluded on a run may propose lessons ([`Proposal`]). A [`Guard`] lets through
//! what is general and refuses what could be about the task: by its form ([`form`]), and by the words
//! of the run itself. What is left is merged with what is known, and backed by the run
//! ([`Memory::learn`]). For another run the lessons that fit it are looked up by what the offline engine
//! says of it ([`RunProfile`], [`Memory::lessons_for`]) and put before the model as [`hints`]: data, never
//! evidence.
//!
//! There is one TOML file a kind of agent ([`AgentKind`]), for people to read and edit; `sheet` changes
//! single values in its text and leaves the rest alone. Nothing asks a clock.

mod edit;
mod entry;
mod folder;
pub mod form;
mod guard;
mod lesson;
mod orders;
mod profile;
mod recall;
mod sheet;
mod vocabulary;
mod words;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use serde::Serialize;
use trace::Timestamp;

pub use edit::Imported;
pub use folder::{AgentKind, MOST_BYTES, MemoryError};
pub use form::Refusal;
pub use guard::Guard;
pub use lesson::{Author, HALF_LIFE_DAYS, Lesson, LessonId, LessonKind, RunMark, Support};
pub use profile::RunProfile;
pub use recall::{MOST_RECALLED, Recalled, hints};
pub use sheet::{MEMORY_SCHEMA, Problem};

use sheet::Sheet;

/// How many lessons are kept a kind of agent; what is worth least falls out.
pub const MOST_LESSONS: usize = 200;

/// How many lessons one run may teach.
pub const MOST_PROPOSALS: usize = 3;

/// The lessons of earlier runs, in one folder. Clones share what they have read.
#[derive(Debug, Clone)]
pub struct Memory {
    folder: PathBuf,
    /// What was recalled from, so that all runs of a batch are shown the same lessons, in whatever
    /// order they are looked at.
    read: Arc<Mutex<Read>>,
    is_frozen: bool,
}

/// What was read of the files.
#[derive(Debug, Default)]
struct Read {
    lessons: BTreeMap<AgentKind, Vec<Lesson>>,
    troubles: Vec<String>,
}

/// A lesson as a model proposes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proposal {
    /// What it is about.
    pub kind: LessonKind,
    /// One general sentence.
    pub text: String,
}

/// What became of a proposal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// The sentence, tidied.
    pub text: String,
    /// What was done with it.
    pub fate: Fate,
}

/// What was done with a proposal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// It is a new lesson.
    New(LessonId),
    /// It says what a lesson says, which the run now backs too.
    Backs(LessonId),
    /// It says what the run was shown: the lesson helped, and nothing new backs it.
    Echoes(LessonId),
    /// It was not learned, for these reasons.
    Refused(Vec<Refusal>),
}

/// How a lesson that was shown for a run held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Held {
    /// Nothing is known.
    Unsaid,
    /// It helped.
    Helped,
    /// The run spoke against it.
    Contradicted,
}

/// The lessons of one kind of agent, as its file has them.
#[derive(Debug, Clone, Serialize)]
pub struct Book {
    /// The kind of agent.
    pub agent: AgentKind,
    /// Its file, which need not be there.
    pub path: PathBuf,
    /// The lessons that can be used, in the order of the file.
    pub lessons: Vec<Lesson>,
    /// What of the file is not used as it stands, by line.
    pub problems: Vec<Problem>,
}

impl Memory {
    /// The memory in a folder, which need not be there yet. Nothing is read or written by this.
    #[must_use]
    pub fn open(folder: impl Into<PathBuf>) -> Self {
        Self {
            folder: folder.into(),
            read: Arc::default(),
            is_frozen: false,
        }
    }

    /// The same memory, from which lessons are read and into which nothing is ever written.
    #[must_use]
    pub fn frozen(mut self) -> Self {
        self.is_frozen = true;
        self
    }

    /// Whether nothing is ever written into it.
    #[must_use]
    pub fn is_frozen(&self) -> bool {
        self.is_frozen
    }

    /// Its folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The file of a kind of agent.
    #[must_use]
    pub fn file_of(&self, agent: &AgentKind) -> PathBuf {
        folder::file_of(&self.folder, agent)
    }

    /// The lessons that fit a run, best first: those of the agent and those for any, as many as
    /// [`hints`] can show in `room_tokens`, by `count`. The same files, profile and `now` give the
    /// same lessons. A file is read once: what is learned after that is recalled by whoever opens the
    /// memory next. What cannot be read gives none; [`Self::troubles`] says why.
    #[must_use]
    pub fn lessons_for(
        &self,
        agent: Option<&str>,
        profile: &RunProfile,
        now: Timestamp,
        room_tokens: u64,
        count: impl Fn(&str) -> u64,
    ) -> Vec<Recalled> {
        let mut kinds = vec![AgentKind::of(agent), AgentKind::of(None)];
        kinds.dedup();
        let mut lessons = Vec::new();
        for kind in kinds {
            let kept = self.recalled_from(&kind).into_iter();
            let kept = kept.filter_map(|lesson| profile.backed_by_others(&lesson));
            lessons.extend(kept.map(|lesson| (kind.clone(), lesson)));
        }
        recall::recall(&lessons, profile, now, room_tokens, count)
    }

    fn recalled_from(&self, agent: &AgentKind) -> Vec<Lesson> {
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(lessons) = read.lessons.get(agent) {
            return lessons.clone();
        }
        let lessons = match self.book(agent) {
            Ok(book) => {
                let path = book.path.display().to_string();
                let problems = book.problems.into_iter();
                read.troubles
                    .extend(problems.map(|problem| format!("{path}:{problem}")));
                book.lessons
            }
            Err(error) => {
                read.troubles.push(error.to_string());
                Vec::new()
            }
        };
        read.lessons.insert(agent.clone(), lessons.clone());
        lessons
    }

    /// What could not be used of the files that lessons were recalled from, since this was last asked.
    #[must_use]
    pub fn troubles(&self) -> Vec<String> {
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut read.troubles)
    }

    /// Takes in what a run taught, after its diagnosis stood every check: counts the lessons that
    /// were shown for it, and keeps of the proposals what the guard lets through. The first
    /// [`MOST_PROPOSALS`] count. Learning the same from the same run again changes nothing but the
    /// counts of showings.
    ///
    /// A lesson that was shown and comes back as a proposal is an echo: it helped, but the run
    /// does not back it, for a model repeats what it reads.
    ///
    /// # Errors
    /// [`MemoryError::Frozen`] for a frozen memory, [`MemoryError::Foreign`] for a file of a later
    /// version, and what the file system says; then nothing was learned.
    pub fn learn(
        &self,
        agent: Option<&str>,
        run: &RunMark,
        shown: &[(Recalled, Held)],
        proposals: &[Proposal],
        guard: &Guard<'_>,
        now: Timestamp,
    ) -> Result<Vec<Outcome>, MemoryError> {
        self.check_writable()?;
        let (taken, left) = proposals.split_at(proposals.len().min(MOST_PROPOSALS));
        let texts: Vec<String> = taken.iter().map(|p| form::tidy(&p.text)).collect();
        let refused = guard.refusals(&texts);
        let mut shown = shown.to_vec();
        let mut outcomes = Vec::new();
        let mut lessons = Vec::new();
        for ((proposal, text), refused) in taken.iter().zip(texts).zip(refused) {
            let mut lesson = Lesson::new(proposal.kind, text.clone(), Author::Model);
            let fate = if !refused.is_empty() {
                Fate::Refused(refused)
            } else if let Some((echoed, held)) = echo(&mut shown, &lesson) {
                *held = (*held).max(Held::Helped);
                Fate::Echoes(echoed.id.clone())
            } else {
                lesson.back(Support {
                    run: run.fingerprint.clone(),
                    on: now.to_zoned(jiff::tz::TimeZone::UTC).date(),
                    name: run.name.clone(),
                });
                lessons.push((outcomes.len(), lesson));
                // Settled below, with the file at hand.
                Fate::Refused(vec![Refusal::Full])
            };
            outcomes.push(Outcome { text, fate });
        }
        outcomes.extend(left.iter().map(|proposal| Outcome {
            text: form::tidy(&proposal.text),
            fate: Fate::Refused(vec![Refusal::TooMany(MOST_PROPOSALS)]),
        }));
        self.count_shown(&shown)?;
        if !lessons.is_empty() {
            folder::change(&self.folder, &AgentKind::of(agent), |sheet| {
                for (index, lesson) in &lessons {
                    if let Some(outcome) = outcomes.get_mut(*index) {
                        outcome.fate = take_in(sheet, lesson, now);
                    }
                }
            })?;
        }
        Ok(outcomes)
    }

    /// Counts lessons that were shown, in the files they come from.
    fn count_shown(&self, shown: &[(Recalled, Held)]) -> Result<(), MemoryError> {
        let mut kinds: Vec<&AgentKind> = shown.iter().map(|(lesson, _)| &lesson.agent).collect();
        kinds.sort();
        kinds.dedup();
        for kind in kinds {
            folder::change(&self.folder, kind, |sheet| {
                for (recalled, held) in shown.iter().filter(|(lesson, _)| lesson.agent == *kind) {
                    let Some((index, mut lesson)) = sheet.find(|l| l.id() == recalled.id) else {
                        continue;
                    };
                    lesson.shown = lesson.shown.saturating_add(1);
                    match held {
                        Held::Unsaid => {}
                        Held::Helped => lesson.helped = lesson.helped.saturating_add(1),
                        Held::Contradicted => {
                            lesson.contradicted = lesson.contradicted.saturating_add(1);
                        }
                    }
                    sheet.put(index, &lesson);
                }
            })?;
        }
        Ok(())
    }

    fn check_writable(&self) -> Result<(), MemoryError> {
        if self.is_frozen {
            return Err(MemoryError::Frozen {
                folder: self.folder.clone(),
            });
        }
        Ok(())
    }
}

/// The lesson that was shown and says what a proposal says. A contradicted one is none.
fn echo<'s>(
    shown: &'s mut [(Recalled, Held)],
    proposal: &Lesson,
) -> Option<&'s mut (Recalled, Held)> {
    shown.iter_mut().find(|(recalled, held)| {
        let known = Lesson::new(recalled.kind, recalled.text.clone(), Author::Model);
        *held != Held::Contradicted && known.says_what(proposal)
    })
}

/// Merges a lesson into the one that says the same, or adds it; says what became of it.
fn take_in(sheet: &mut Sheet, lesson: &Lesson, now: Timestamp) -> Fate {
    if let Some((index, mut known)) = sheet.find(|known| known.says_what(lesson)) {
        // A run that backs it already does so from its first day.
        let mut words = lesson.clone();
        let runs = std::mem::take(&mut words.runs);
        known.merge(&words);
        for run in runs {
            known.back(run);
        }
        sheet.put(index, &known);
        return Fate::Backs(known.id());
    }
    let id = lesson.id();
    sheet.push(lesson);
    if crowd_out(sheet, now).contains(&id) {
        return Fate::Refused(vec![Refusal::Full]);
    }
    Fate::New(id)
}

/// Removes what is worth least until [`MOST_LESSONS`] are left; what a person wrote stays. Gives what
/// went.
fn crowd_out(sheet: &mut Sheet, now: Timestamp) -> Vec<LessonId> {
    let excess = sheet.entries().count().saturating_sub(MOST_LESSONS);
    if excess == 0 {
        return Vec::new();
    }
    let models = sheet.entries().filter(|e| e.lesson.by == Author::Model);
    let mut by_worth: Vec<(f64, LessonId)> = models
        .map(|entry| (entry.lesson.worth(now), entry.lesson.id()))
        .collect();
    by_worth.sort_by(|a, b| a.0.total_cmp(&b.0).then_with(|| a.1.cmp(&b.1)));
    by_worth.truncate(excess);
    let gone: Vec<LessonId> = by_worth.into_iter().map(|(_, id)| id).collect();
    sheet.remove(|lesson| gone.contains(&lesson.id()));
    gone
}
