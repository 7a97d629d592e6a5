//! The stages and how suspicious they look.

use std::fmt::Write as _;

use trace::{Diagnosis, StepId};

use super::layout::paragraph;
use crate::output::Palette;

/// Every stage with its suspicion, and what that of the most suspicious one is made of.
pub(super) fn stages(out: &mut String, diagnosis: &Diagnosis, palette: Palette) {
    if diagnosis.stages.is_empty() {
        return;
    }
    let spans: Vec<String> = diagnosis
        .stages
        .iter()
        .map(|s| {
            format!(
                "{} {} {:.2}",
                span(s.start, s.end),
                s.phase.as_str().replace('_', " "),
                s.suspicion
            )
        })
        .collect();
    paragraph(out, "stages, with suspicion", &spans.join(" · "), palette);
    let suspicious = diagnosis.stages.iter().filter(|s| s.suspicion > 0.0);
    if let Some(most) = suspicious.max_by(|a, b| {
        let earlier = b.stage_id.cmp(&a.stage_id);
        a.suspicion.total_cmp(&b.suspicion).then(earlier)
    }) {
        let f = most.features;
        let _ = writeln!(
            out,
            "  {}",
            palette.faint(&format!(
                "{} by signals {:.2}, regression {:.2}, diff {:.2}, backtracks {:.2}, exploration {:.2}",
                span(most.start, most.end),
                f.step_suspicion,
                f.verification_regression,
                f.diff_magnitude,
                f.backtrack_frequency,
                f.exploration_ratio
            ))
        );
    }
}

fn span(start: StepId, end: StepId) -> String {
    if start == end {
        start.to_string()
    } else {
        format!("{start}-{end}")
    }
}
