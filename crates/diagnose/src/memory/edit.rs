//! What people do with the memory: look, add, remove, edit, give away.

use std::path::PathBuf;

use trace::Timestamp;

use super::folder::{self, AgentKind, MemoryError};
use super::form::{faults_of, faults_of_hand, tidy};
use super::lesson::{Author, Lesson, LessonId, LessonKind};
use super::sheet::{Problem, Sheet};
use super::{Book, Fate, Memory, Outcome, take_in};

/// What became of a file that was taken in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Imported {
    /// What became of each lesson, in the order of the file.
    pub outcomes: Vec<Outcome>,
    /// What of the file could not be used, by line.
    pub problems: Vec<Problem>,
}

impl Memory {
    /// The kinds of agents there are lessons for, by name, and the files in the folder that are named
    /// after none.
    ///
    /// # Errors
    /// When the folder is there and cannot be listed.
    pub fn agents(&self) -> Result<(Vec<AgentKind>, Vec<PathBuf>), MemoryError> {
        folder::list(&self.folder)
    }

    /// The lessons of one kind of agent; none where there is no file.
    ///
    /// # Errors
    /// When the file is there and cannot be read.
    pub fn book(&self, agent: &AgentKind) -> Result<Book, MemoryError> {
        let sheet = folder::sheet(&self.folder, agent)?;
        let mut problems = sheet.problems().to_vec();
        let lessons = if sheet.is_foreign() {
            Vec::new()
        } else {
            sheet.entries().map(|entry| entry.lesson.clone()).collect()
        };
        problems.sort_by_key(|problem| problem.line);
        Ok(Book {
            agent: agent.clone(),
            path: self.file_of(agent),
            lessons,
            problems,
        })
    }

    /// Adds a lesson that a person wrote; one that says the same becomes theirs.
    ///
    /// # Errors
    /// As for [`Memory::learn`].
    pub fn add(
        &self,
        agent: &AgentKind,
        kind: LessonKind,
        text: &str,
        now: Timestamp,
    ) -> Result<Outcome, MemoryError> {
        self.check_writable()?;
        let text = tidy(text);
        let refused = faults_of_hand(&text);
        let fate = if refused.is_empty() {
            let lesson = Lesson::new(kind, text.clone(), Author::Hand);
            folder::change(&self.folder, agent, |sheet| take_in(sheet, &lesson, now))?
        } else {
            Fate::Refused(refused)
        };
        Ok(Outcome { text, fate })
    }

    /// Removes the lessons whose id begins with `id`, of one kind of agent or of all; gives them.
    ///
    /// # Errors
    /// As for [`Memory::learn`].
    pub fn remove(
        &self,
        agent: Option<&AgentKind>,
        id: &str,
    ) -> Result<Vec<(AgentKind, Lesson)>, MemoryError> {
        self.remove_where(agent, |lesson| lesson.id().as_str().starts_with(id))
    }

    /// Removes every lesson of one kind of agent, or of all, with those that cannot be used; gives
    /// those that could. The files stay, with what stands above the first lesson.
    ///
    /// # Errors
    /// As for [`Memory::learn`].
    pub fn clear(
        &self,
        agent: Option<&AgentKind>,
    ) -> Result<Vec<(AgentKind, Lesson)>, MemoryError> {
        self.remove_where(agent, |_| true)
    }

    fn remove_where(
        &self,
        agent: Option<&AgentKind>,
        test: impl Fn(&Lesson) -> bool,
    ) -> Result<Vec<(AgentKind, Lesson)>, MemoryError> {
        self.check_writable()?;
        let agents = match agent {
            Some(agent) => vec![agent.clone()],
            None => self.agents()?.0,
        };
        let mut gone = Vec::new();
        for agent in agents {
            if folder::read(&self.file_of(&agent))?.is_none() {
                continue;
            }
            let removed = folder::change(&self.folder, &agent, |sheet| sheet.remove(&test))?;
            gone.extend(removed.into_iter().map(|lesson| (agent.clone(), lesson)));
        }
        Ok(gone)
    }

    /// The text of a file to be edited, as it is or would begin.
    ///
    /// # Errors
    /// When the file is there and cannot be read.
    pub fn text(&self, agent: &AgentKind) -> Result<String, MemoryError> {
        let text = folder::read(&self.file_of(agent))?;
        Ok(text.unwrap_or_else(|| Sheet::empty(agent.as_str()).text()))
    }

    /// Puts an edited text in the place of the one it was made from (`base`). What was learned meanwhile
    /// is kept: new lessons are added to it, changed counts are taken over.
    ///
    /// # Errors
    /// As for [`Memory::learn`].
    pub fn put_edited(
        &self,
        agent: &AgentKind,
        base: &str,
        edited: &str,
    ) -> Result<(), MemoryError> {
        self.check_writable()?;
        let path = self.file_of(agent);
        let _lock = folder::lock(&self.folder)?;
        let current = folder::read(&path)?;
        let current = current.as_deref().unwrap_or(base);
        if current == base {
            return folder::write(&path, edited);
        }
        let (base, current) = (Sheet::parse(base), Sheet::parse(current));
        let mut sheet = Sheet::parse(edited);
        for learned in current.entries().map(|entry| &entry.lesson) {
            let before = base.find(|known| known.id() == learned.id());
            match sheet.find(|known| known.id() == learned.id()) {
                Some((index, mut lesson)) => {
                    lesson.merge(learned);
                    sheet.put(index, &lesson);
                }
                // What was there before was removed by the person.
                None if before.is_some() => {}
                None => sheet.push(learned),
            }
        }
        folder::write(&path, &sheet.text())
    }

    /// The lessons of one kind of agent as a file to give away: without the names of runs, and without
    /// comments.
    ///
    /// # Errors
    /// When the file is there and cannot be read.
    pub fn export(&self, agent: &AgentKind) -> Result<String, MemoryError> {
        let mut sheet = Sheet::empty(agent.as_str());
        for mut lesson in self.book(agent)?.lessons {
            for run in &mut lesson.runs {
                run.name.clear();
            }
            sheet.push(&lesson);
        }
        Ok(sheet.text())
    }

    /// Takes in the lessons of a file. They come from elsewhere, so all of them, also those a person
    /// wrote, must have the form of a lesson; what is known already is merged.
    ///
    /// # Errors
    /// As for [`Memory::learn`].
    pub fn import(
        &self,
        agent: &AgentKind,
        text: &str,
        now: Timestamp,
    ) -> Result<Imported, MemoryError> {
        self.check_writable()?;
        let theirs = Sheet::parse(text);
        let problems = theirs.problems().to_vec();
        if theirs.is_foreign() {
            return Ok(Imported {
                outcomes: Vec::new(),
                problems,
            });
        }
        let outcomes = folder::change(&self.folder, agent, |sheet| {
            let take = |lesson: &Lesson| {
                let refused = faults_of(&lesson.text);
                let fate = if refused.is_empty() {
                    take_in(sheet, lesson, now)
                } else {
                    Fate::Refused(refused)
                };
                Outcome {
                    text: lesson.text.clone(),
                    fate,
                }
            };
            theirs
                .entries()
                .map(|entry| &entry.lesson)
                .map(take)
                .collect()
        })?;
        Ok(Imported { outcomes, problems })
    }

    /// The lessons whose id begins with `id`, over all kinds of agents.
    ///
    /// # Errors
    /// When the folder or a file in it cannot be read.
    pub fn find(&self, id: &str) -> Result<Vec<(AgentKind, Lesson)>, MemoryError> {
        let mut found = Vec::new();
        for agent in self.agents()?.0 {
            let lessons = self.book(&agent)?.lessons.into_iter();
            let fits = lessons.filter(|lesson| lesson.id().as_str().starts_with(id));
            found.extend(fits.map(|lesson| (agent.clone(), lesson)));
        }
        Ok(found)
    }
}

impl Fate {
    /// The lesson it became or backs.
    #[must_use]
    pub fn id(&self) -> Option<&LessonId> {
        match self {
            Self::New(id) | Self::Backs(id) | Self::Echoes(id) => Some(id),
            Self::Refused(_) => None,
        }
    }
}
