//! Which steps else are suspected.

use std::fmt::Write as _;

use trace::{Diagnosis, OnsetCandidate, Verdict};

use crate::output::{Palette, headline};

/// The steps that come next in suspicion, or the first ones where none is named; each with what its
/// score is made of where that was asked for.
pub(super) fn suspects(out: &mut String, diagnosis: &Diagnosis, palette: Palette) {
    /// Shares below this are noise to a reader.
    const WORTH_SHOWING: f64 = 0.02;
    let explained = |c: &OnsetCandidate| !c.contributions.is_empty();
    let shown: Vec<&OnsetCandidate> = diagnosis
        .onset_candidates
        .iter()
        .filter(|c| Some(c.step_id) != diagnosis.onset_step_id || explained(c))
        .filter(|c| c.score >= WORTH_SHOWING)
        .take(5)
        .collect();
    if shown.is_empty() || diagnosis.verdict == Verdict::NoFailure && !explained(shown[0]) {
        return;
    }
    let title = if diagnosis.onset_step_id.is_none() {
        "suspects"
    } else if explained(shown[0]) {
        "why these steps"
    } else {
        "other suspects"
    };
    if !explained(shown[0]) {
        let all: Vec<String> = shown
            .iter()
            .map(|c| format!("step {} ({:.2})", c.step_id, c.score))
            .collect();
        let _ = writeln!(out, "\n{} {}", palette.strong(title), all.join(", "));
        return;
    }
    let _ = writeln!(out, "\n{}", palette.strong(title));
    for candidate in shown {
        let head = format!("step {} ({:.2})", candidate.step_id, candidate.score);
        let _ = writeln!(out, "  {}", palette.open(&head));
        for part in &candidate.contributions {
            let why = part.why.as_deref().unwrap_or("a plain fact");
            let line = format!(
                "{:+.2}  {} ({:.2} x {:.2}): {why}",
                part.log_odds, part.signal, part.strength, part.weight
            );
            let _ = writeln!(
                out,
                "    {}",
                headline(&line, palette.width.saturating_sub(4))
            );
        }
    }
}
