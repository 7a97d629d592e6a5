//! Lessons of earlier runs, shown to a model and learned from what it concludes.

use std::path::Path;

use diagnose::Diagnosed;
use diagnose::memory::{Fate, Guard, Held, Memory, Proposal, Recalled, RunMark, RunProfile};
use llm::count_tokens;
use trace::{Diagnosis, Timestamp, Trajectory};

use crate::cli::ModelArgs;
use crate::data;

/// How many tokens the lessons may take of a prompt.
const ROOM: u64 = 250;

/// The lessons of earlier runs.
pub(super) struct Lessons {
    memory: Memory,
}

impl Lessons {
    /// The lessons that runs are diagnosed with; `None` where there are to be none. Recorded calls are
    /// found again by what is asked, which lessons change: so there are none without a folder that is
    /// named for them.
    pub(super) fn of(args: &ModelArgs) -> Option<Self> {
        let is_on_tape = args.record.is_some() || args.replay_calls.is_some();
        let folder = match &args.memory {
            Some(folder) => folder.clone(),
            None if is_on_tape => return None,
            None => data::lessons()?,
        };
        let memory = Memory::open(folder);
        Some(Self {
            // What was learned when the calls were recorded is not learned again.
            memory: if args.replay_calls.is_some() {
                memory.frozen()
            } else {
                memory
            },
        })
    }

    /// The lessons of a folder for runs that are scored: nothing is learned from these.
    pub(super) fn frozen(args: &ModelArgs) -> Option<Self> {
        let folder = args.memory.clone()?;
        Some(Self {
            memory: Memory::open(folder).frozen(),
        })
    }

    /// Where they are.
    pub(super) fn folder(&self) -> &Path {
        self.memory.folder()
    }

    /// The lessons that fit a run, but for those that only it taught.
    pub(super) fn for_run(&self, run: &Trajectory, offline: &Diagnosis) -> Vec<Recalled> {
        self.memory.lessons_for(
            offline.agent.as_deref(),
            &RunProfile::of(offline).besides(&RunMark::of(run)),
            Timestamp::now(),
            ROOM,
            count_tokens,
        )
    }

    /// Learns from a run whose diagnosis stood every check. Gives what to tell: what was refused and
    /// why, and what of the files could not be used.
    pub(super) fn learn(
        &self,
        run: &Trajectory,
        shown: Vec<Recalled>,
        diagnosed: &Diagnosed,
    ) -> Vec<String> {
        let mut notes: Vec<String> = self.memory.troubles();
        if self.memory.is_frozen() || !is_sound(diagnosed) {
            return notes;
        }
        // What did not fit into the prompt was not shown.
        let inquiry = diagnosed.diagnosis.engine.inquiry.as_deref();
        let in_prompt = inquiry.map_or(&[][..], |inquiry| &inquiry.lessons);
        let shown: Vec<(Recalled, Held)> = shown
            .into_iter()
            .filter(|lesson| in_prompt.contains(&lesson.hint()))
            .map(|lesson| (lesson, Held::Unsaid))
            .collect();
        let proposals: Vec<Proposal> = diagnosed.lessons.iter().map(Proposal::from).collect();
        if shown.is_empty() && proposals.is_empty() {
            return notes;
        }
        let learned = self.memory.learn(
            run.agent.as_deref(),
            &RunMark::of(run),
            &shown,
            &proposals,
            &Guard::new(run),
            Timestamp::now(),
        );
        match learned {
            Ok(outcomes) => {
                for outcome in outcomes {
                    if let Fate::Refused(why) = outcome.fate {
                        let why: Vec<String> = why.iter().map(ToString::to_string).collect();
                        let why = why.join("; ");
                        notes.push(format!("lesson not kept: {} ({why})", outcome.text));
                    }
                }
            }
            Err(error) => notes.push(format!("nothing was learned: {error}")),
        }
        notes
    }
}

/// Whether a diagnosis is one to learn from: the model concluded, all of its claims stood, and nothing
/// in the run spoke to it.
fn is_sound(diagnosed: &Diagnosed) -> bool {
    let concluded = diagnosed.diagnosis.engine.inquiry.as_deref();
    diagnosed.diagnosis.injections.is_empty()
        && concluded.is_some_and(|inquiry| inquiry.trouble.is_none() && inquiry.dropped.is_empty())
}
