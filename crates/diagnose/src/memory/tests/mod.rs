//! The memory from outside: what is learned, recalled, kept and refused.

mod file;
mod guarded;
mod recalled;

use jiff::civil::Date;
use trace::{Action, Step, Timestamp, Trajectory};

use super::*;

/// Noon of a day.
fn noon(day: &str) -> Timestamp {
    format!("{day}T12:00:00Z").parse().unwrap()
}

fn day(text: &str) -> Date {
    text.parse().unwrap()
}

/// A run of a task that is about fees of a library.
fn run(id: &str) -> Trajectory {
    let mut run = Trajectory {
        id: id.to_owned(),
        agent: Some("Claude Code 2.0.14".to_owned()),
        task: Some("Late fees are charged for holidays on which the library is closed.".to_owned()),
        ..Trajectory::default()
    };
    let command = format!("pytest -q tests/test_lateFees.py::test_grace_period # {id}");
    run.steps
        .extend([Step::new(0, Action::shell("bash", command))]);
    run
}

fn proposal(text: &str) -> Proposal {
    Proposal {
        kind: LessonKind::FailurePattern,
        text: text.to_owned(),
    }
}

/// A memory of its own in a folder that goes away.
struct Place {
    folder: tempfile::TempDir,
    memory: Memory,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let memory = Memory::open(folder.path().join("memory"));
        Self { folder, memory }
    }

    fn agent() -> AgentKind {
        AgentKind::of(Some("claude-code"))
    }

    fn learn(&self, run: &Trajectory, texts: &[&str], on: &str) -> Vec<Outcome> {
        let proposals: Vec<Proposal> = texts.iter().map(|text| proposal(text)).collect();
        let mark = RunMark::of(run);
        let guard = Guard::new(run);
        let agent = run.agent.as_deref();
        self.memory
            .learn(agent, &mark, &[], &proposals, &guard, noon(on))
            .unwrap()
    }

    fn lessons(&self) -> Vec<Lesson> {
        self.memory.book(&Self::agent()).unwrap().lessons
    }

    fn text(&self) -> String {
        self.memory.text(&Self::agent()).unwrap()
    }

    fn write(&self, text: &str) {
        std::fs::create_dir_all(self.folder.path().join("memory")).unwrap();
        std::fs::write(self.memory.file_of(&Self::agent()), text).unwrap();
    }
}
