//! The table of many runs.

use trace::{Diagnosis, Verdict};

use super::head::verdict;
use crate::output::{Palette, headline};

/// The heading of the table of many runs.
pub(in crate::command) fn table_head(palette: Palette) -> String {
    let head = format!(
        "{:<13}  {:>5}  {:>5}  {:>4}  {:<8}  run\n",
        "verdict", "onset", "steps", "conf", "recorded"
    );
    palette.faint(&head)
}

/// One run as a line of the table.
pub(in crate::command) fn row(diagnosis: &Diagnosis, palette: Palette) -> String {
    let onset = diagnosis.onset_step_id.map_or_else(
        || "-".to_owned(),
        |step| match diagnosis.verdict {
            Verdict::Undecided => format!("({step})"),
            _ => step.to_string(),
        },
    );
    // Padding is put outside the colour, which would count as width.
    let pad = " ".repeat(13_usize.saturating_sub(diagnosis.verdict.as_str().len()));
    let sure = match diagnosis.verdict {
        Verdict::Undecided => "-".to_owned(),
        _ => format!("{:.2}", diagnosis.confidence),
    };
    let recorded = match diagnosis.outcome.resolved {
        Some(true) => "passed",
        Some(false) => "failed",
        None => "-",
    };
    format!(
        "{}{pad}  {onset:>5}  {:>5}  {sure:>4}  {recorded:<8}  {}\n",
        verdict(diagnosis.verdict, palette),
        diagnosis.step_count,
        headline(&diagnosis.run_id, 400),
    )
}
