//! The trace tree folded into few tokens: stages, then what is suspicious, then the other steps.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use analysis::intent::intent;
use llm::count_tokens;
use trace::{StepId, StepStatus};

use crate::subject::Subject;

/// The run in at most `room` tokens. All stages are named as far as they fit; of the steps those the
/// offline engine suspects come first, then failing ones, then changes.
#[must_use]
pub fn fold(subject: &Subject<'_>, room: u64) -> String {
    let index = subject.index();
    let suspects: BTreeSet<StepId> = subject
        .offline
        .onset_candidates
        .iter()
        .map(|candidate| candidate.step_id)
        .collect();
    let mut wanted: Vec<(u8, StepId)> = index
        .steps()
        .map(|step| {
            let rank = if suspects.contains(&step.id) {
                0
            } else if step.outcome.status == StepStatus::Failed {
                1
            } else if step.reading.effect.kind.is_change() {
                2
            } else {
                3
            };
            (rank, step.id)
        })
        .collect();
    wanted.sort();
    let mut taken = BTreeSet::new();
    let mut used: u64 = index.stages.iter().map(|_| 16).sum();
    for (_, id) in wanted {
        let Some(line) = line(subject, id) else {
            continue;
        };
        used += count_tokens(&line) + 2;
        if used > room {
            break;
        }
        taken.insert(id);
    }
    draw(subject, &taken)
}

/// One line of the tree.
fn line(subject: &Subject<'_>, id: StepId) -> Option<String> {
    let step = subject.index().step(id)?;
    let effect = if step.reading.effect.kind.is_change() {
        '+'
    } else {
        '~'
    };
    let outcome = match step.outcome.status {
        StepStatus::Ok => "",
        StepStatus::Failed => " FAILED",
        StepStatus::Unknown => " ?",
    };
    let intent = subject.safe(&intent(&step.step, &step.reading));
    Some(format!(
        "{id} {effect} {}{outcome}",
        subject.fence.line(&intent)
    ))
}

fn draw(subject: &Subject<'_>, taken: &BTreeSet<StepId>) -> String {
    let mut text = String::new();
    for stage in &subject.index().stages {
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "stage {} {} steps {}-{}",
            stage.id,
            stage.phase.as_str(),
            stage.start,
            stage.end
        );
        for id in taken.range(stage.start..=stage.end) {
            if let Some(line) = line(subject, *id) {
                let _ = writeln!(text, " {line}");
            }
        }
        let all = stage.end.index() + 1 - stage.start.index();
        let shown = taken.range(stage.start..=stage.end).count();
        if shown < all {
            let _ = writeln!(text, " ({} more)", all - shown);
        }
    }
    text
}
