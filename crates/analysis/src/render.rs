//! The trace tree as plain text, one line a step.

use std::collections::HashMap;
use std::fmt::{self, Write};

use trace::{ErrorKind, StepId, StepStatus, Trajectory};

use crate::index::{Index, IndexedStep};
use crate::intent::intent;

/// Levels beyond this many are stated as a number and no longer drawn, so that a line stays short.
const DRAWN_LEVELS: u32 = 12;

const LEGEND: &str = "legend: id ~ explore | + change | ok | ✗ failed | ? not told | = same turn as the \
                      step before | [n] n levels deep | aK.N step N of sub-agent K\n";

/// The trace tree of a run as text: see [`write_tree`].
#[must_use]
pub fn render_tree(index: &Index<'_>) -> String {
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = write_tree(&mut text, index);
    text
}

/// Writes a legend, then one line a step with its id, effect, intent and outcome, indented by its depth, and
/// a head line before each stage. A sub-agent's steps follow the step that started it, under ids of their
/// own; one that no step claims comes after the last step. Linear in the run, without recursion.
///
/// # Errors
/// Only those of `out`.
pub fn write_tree(out: &mut impl Write, index: &Index<'_>) -> fmt::Result {
    out.write_str(LEGEND)?;
    let mut open = vec![Walk::new(Held::Given(index), 0)];
    let mut agents = 0;
    while let Some(walk) = open.last_mut() {
        let Some((started, parent)) = walk.go_on(out)? else {
            open.pop();
            continue;
        };
        agents += 1;
        write!(out, "-- sub-agent a{agents}")?;
        if let Some(parent) = parent {
            write!(out, " · started by step ")?;
            write_id(out, walk.agent, parent)?;
        }
        writeln!(out, " · {} steps", started.steps.len())?;
        let inner = Walk::new(Held::Own(Box::new(Index::new(started))), agents);
        open.push(inner);
    }
    Ok(())
}

enum Held<'i, 't> {
    Given(&'i Index<'t>),
    Own(Box<Index<'t>>),
}

impl<'t> Held<'_, 't> {
    fn get(&self) -> &Index<'t> {
        match self {
            Self::Given(index) => index,
            Self::Own(index) => index,
        }
    }
}

/// How far one trajectory has been written.
struct Walk<'i, 't> {
    index: Held<'i, 't>,
    /// 0 for the main agent.
    agent: usize,
    next_step: usize,
    next_stage: usize,
    /// Sub-agents not yet written, by id.
    waiting: HashMap<&'t str, &'t Trajectory>,
    /// How many sub-agents were looked at for being left over.
    swept: usize,
}

/// A sub-agent to be written next, and the step that started it.
type Started<'t> = (&'t Trajectory, Option<StepId>);

impl<'i, 't> Walk<'i, 't> {
    fn new(index: Held<'i, 't>, agent: usize) -> Self {
        let trajectory: &'t Trajectory = index.get().trajectory;
        let waiting = trajectory
            .subtrajectories
            .iter()
            .rev()
            .map(|below| (below.id.as_str(), below))
            .collect();
        Self {
            index,
            agent,
            next_step: 0,
            next_stage: 0,
            waiting,
            swept: 0,
        }
    }

    /// Writes steps until one has started a sub-agent, which is returned; `None` when all is written.
    fn go_on(&mut self, out: &mut impl Write) -> Result<Option<Started<'t>>, fmt::Error> {
        let trajectory: &'t Trajectory = self.index.get().trajectory;
        while let Some(step) = trajectory.steps.get(self.next_step) {
            let id = StepId::from_index(self.next_step);
            self.write_stage(out, id)?;
            if let Some(indexed) = self.index.get().step(id) {
                self.write_step(out, id, &indexed)?;
            }
            self.next_step += 1;
            let started = step.subtrajectory.as_deref();
            if let Some(below) = started.and_then(|name| self.waiting.remove(name)) {
                return Ok(Some((below, Some(id))));
            }
        }
        while let Some(below) = trajectory.subtrajectories.get(self.swept) {
            self.swept += 1;
            if self.waiting.remove(below.id.as_str()).is_some() {
                return Ok(Some((below, None)));
            }
        }
        Ok(None)
    }

    fn write_stage(&mut self, out: &mut impl Write, id: StepId) -> fmt::Result {
        let Some(stage) = self.index.get().stages.get(self.next_stage) else {
            return Ok(());
        };
        if stage.start != id {
            return Ok(());
        }
        write!(
            out,
            "== stage {} · {} · steps ",
            stage.id,
            stage.phase.as_str()
        )?;
        write_id(out, self.agent, stage.start)?;
        writeln!(out, "–{}", stage.end)?;
        self.next_stage += 1;
        Ok(())
    }

    fn write_step(&self, out: &mut impl Write, id: StepId, step: &IndexedStep<'_>) -> fmt::Result {
        let index = self.index.get();
        let depth = index.tree.depth(id);
        for _ in 0..depth.min(DRAWN_LEVELS) {
            out.write_str("  ")?;
        }
        if depth > DRAWN_LEVELS {
            write!(out, "[{depth}] ")?;
        }
        write_id(out, self.agent, id)?;
        let before = self
            .next_step
            .checked_sub(1)
            .and_then(|at| index.trajectory.steps.get(at));
        let group = step.step.parallel_group;
        if group.is_some() && before.and_then(|b| b.parallel_group) == group {
            out.write_str(" =")?;
        }
        let effect = if step.reading.effect.kind.is_change() {
            '+'
        } else {
            '~'
        };
        write!(out, " {effect} {} · ", intent(&step.step, &step.reading))?;
        write_outcome(out, step)?;
        out.write_char('\n')
    }
}

fn write_id(out: &mut impl Write, agent: usize, id: StepId) -> fmt::Result {
    if agent > 0 {
        write!(out, "a{agent}.")?;
    }
    write!(out, "{id}")
}

fn write_outcome(out: &mut impl Write, step: &IndexedStep<'_>) -> fmt::Result {
    let outcome = &*step.outcome;
    match outcome.status {
        StepStatus::Ok => out.write_str("ok")?,
        StepStatus::Unknown => out.write_char('?')?,
        StepStatus::Failed => {
            out.write_char('✗')?;
            if let Some(error) = outcome.errors.first() {
                write!(out, " {}", in_words(error.kind))?;
            } else if let Some(status) = outcome.exit_status {
                write!(out, " exit {status}")?;
            }
        }
    }
    if let Some(report) = outcome.tests.last() {
        write!(
            out,
            " ({} passed, {} broken)",
            report.passed,
            report.broken()
        )?;
    }
    Ok(())
}

/// The name of an error family as words.
fn in_words(kind: ErrorKind) -> String {
    let mut words = String::new();
    for character in format!("{kind:?}").chars() {
        if character.is_uppercase() && !words.is_empty() {
            words.push(' ');
        }
        words.extend(character.to_lowercase());
    }
    words
}

#[cfg(test)]
mod tests {
    use super::render_tree;
    use crate::Index;
    use proptest::prelude::*;
    use trace::{Action, ActionKind, Observation, Step, Trajectory};

    fn shell_run(commands: &[&str]) -> Trajectory {
        Trajectory {
            steps: commands
                .iter()
                .enumerate()
                .map(|(index, command)| Step::new(index, Action::shell("bash", *command)))
                .collect(),
            ..Trajectory::default()
        }
    }

    #[test]
    fn a_tree_with_a_sub_agent() {
        let mut run = shell_run(&[
            "ls src",
            "cat src/a.py",
            "sed -i s/a/b/ src/a.py",
            "pytest -q",
        ]);
        run.steps[2].parallel_group = Some(1);
        run.steps[3].parallel_group = Some(1);
        run.steps[3].observation = Some(Observation {
            exit_status: Some(1),
            ..Observation::text("2 failed, 3 passed in 0.10s")
        });
        let mut delegating = Step::new(
            4,
            Action {
                tool: "Task".to_owned(),
                kind: ActionKind::Delegate {
                    prompt: "look\nagain".to_owned(),
                },
                arguments: serde_json::Value::Null,
            },
        );
        delegating.subtrajectory = Some("one".to_owned());
        run.steps.push(delegating);
        run.steps
            .push(Step::new(5, Action::shell("bash", "pytest -q tests")));
        let mut below = shell_run(&["grep -rn a src", "touch b"]);
        below.id = "one".to_owned();
        let mut stray = shell_run(&["ls"]);
        stray.id = "two".to_owned();
        run.subtrajectories = vec![below, stray];
        insta::assert_snapshot!(render_tree(&Index::new(&run)));
    }

    #[test]
    fn many_changes_in_a_row_stay_linear() {
        let commands = vec!["rm a"; 50_000];
        let run = shell_run(&commands);
        let text = render_tree(&Index::new(&run));
        assert!(text.lines().count() >= 50_000);
        assert!(text.len() < 50_000 * 100);
    }

    proptest! {
        #[test]
        fn every_step_has_one_short_line(commands in prop::collection::vec(any::<String>(), 0..20)) {
            let commands: Vec<&str> = commands.iter().map(String::as_str).collect();
            let run = shell_run(&commands);
            let index = Index::new(&run);
            let text = render_tree(&index);
            prop_assert_eq!(
                text.split_terminator('\n').count(),
                1 + run.steps.len() + index.stages.len()
            );
        }
    }
}
