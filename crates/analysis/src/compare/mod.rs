//! Two runs of one task side by side, whatever agents made them and whatever layouts they left.
//!
//! [`compare`] takes each run apart into changes of state in words that do not depend on the agent
//! (`extract`): a file written with its text, a package installed, a service started, a program run with its
//! operands. Changes are compared by what they change and how much of their text they share (`likeness`,
//! `sketch`), put side by side in the order of both runs (`align`, `pairing`), and searched for the point
//! where the two stop doing alike things and do not come back (`divergence`).

mod align;
mod change;
mod divergence;
mod ends;
mod exploration;
mod extract;
mod likeness;
mod pairing;
mod place;
mod settled;
mod sketch;
mod words;

use trace::{COMPARISON_SCHEMA, ComparedRun, Comparison, StepId, Trajectory};

use crate::Index;
use exploration::Reads;
use pairing::Pairing;
use sketch::Sketch;

/// How many token runs of a task text are kept.
const TASK_RUNS: usize = 4096;

/// From this share on two task texts are one task. Agents wrap it in words of their own, so only the part
/// of the shorter that the longer holds counts.
const SAME_TASK: f64 = 0.5;

/// Compares two runs.
///
/// Linear in the length of both but for the alignment, which looks at about four million pairs of changes
/// at most. Of a run's changes the first 20,000 are compared. The same two runs the other way round give
/// the same comparison with `a` and `b` exchanged. Verdicts and onsets are left open: see
/// [`ComparedRun::verdict`] and [`Comparison::onsets`].
#[must_use]
pub fn compare<'t>(a: &Index<'t>, b: &Index<'t>) -> Comparison {
    let (ours, theirs) = (extract::changes(a), extract::changes(b));
    let pairing = Pairing::new(&ours, &theirs);
    let last = |index: &Index<'_>| index.len().checked_sub(1).map(StepId::from_index);
    let task = |index: &Index<'t>| index.trajectory.task.as_deref().unwrap_or_default();
    let divergence = divergence::find(
        [&ours, &theirs],
        &pairing,
        [task(a), task(b)],
        [last(a), last(b)],
    );
    let until = |pick: fn(&trace::Divergence) -> Option<StepId>| divergence.as_ref().and_then(pick);
    let (until_a, until_b) = (until(|d| d.a.step_id), until(|d| d.b.step_id));
    let (read_a, read_b) = (Reads::new(a, &ours), Reads::new(b, &theirs));
    let mut comparison = Comparison {
        schema: COMPARISON_SCHEMA.to_owned(),
        a: compared_run(a),
        b: compared_run(b),
        same_task: same_task(a.trajectory, b.trajectory),
        alignment: pairing.aligned(&ours, &theirs),
        counts: pairing.counts(),
        cut: ours.cut || theirs.cut,
        read_only_by_a: read_a.only(until_a, &read_b, until_b),
        read_only_by_b: read_b.only(until_b, &read_a, until_a),
        reports: exploration::reports(a, b, [&ours, &theirs], &pairing),
        files: ours.ends.compare(&theirs.ends),
        divergence,
        onsets: Vec::new(),
        summary: String::new(),
    };
    comparison.summary = summary(&comparison);
    comparison
}

fn compared_run(index: &Index<'_>) -> ComparedRun {
    let t = index.trajectory;
    let seconds = t
        .started
        .zip(t.ended)
        .map(|(from, to)| to.duration_since(from).as_secs_f64());
    let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    ComparedRun {
        run_id: t.id.clone(),
        path: t.source.path.clone(),
        format: t.format.clone(),
        agent: t.agent.clone(),
        model: t.model.clone(),
        outcome: t.outcome.clone(),
        verdict: None,
        onset_step_id: None,
        step_count: count(index.len()),
        change_step_count: count(index.change_steps().len()),
        usage: t.usage,
        seconds: seconds.filter(|seconds| *seconds >= 0.0),
    }
}

/// Whether two runs were given the same task.
fn same_task(a: &Trajectory, b: &Trajectory) -> Option<bool> {
    let sketch = |t: &Trajectory| {
        let task = t.task.as_deref().filter(|task| !task.trim().is_empty())?;
        Some(Sketch::of(task, TASK_RUNS))
    };
    let (one, other) = (sketch(a)?, sketch(b)?);
    let share = one.contained_in(&other)?.max(other.contained_in(&one)?);
    Some(share >= SAME_TASK)
}

fn summary(comparison: &Comparison) -> String {
    let counts = comparison.counts;
    let common = counts.same + counts.alike;
    match &comparison.divergence {
        None if common == 0 => "Neither run changed anything the other did not.".to_owned(),
        None => format!("The runs do not part: {common} changes are the same or alike."),
        Some(divergence) => divergence.why.clone(),
    }
}

#[cfg(test)]
mod tests;
