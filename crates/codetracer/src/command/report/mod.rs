//! A diagnosis laid out for a person.

mod action;
mod head;
mod inquiry;
mod layout;
mod progress;
mod stages;
mod suspects;
mod table;

use std::fmt::Write as _;

use analysis::Index;
use trace::{Diagnosis, Verdict};

pub(super) use action::command_line;
pub(super) use table::{row, table_head};

use crate::input::Input;
use crate::output::{Palette, headline};
use head::head;
use layout::{paragraph, quote, wrapped};
use stages::stages;
use suspects::suspects;

/// The whole diagnosis of one run.
pub(super) fn full(
    diagnosis: &Diagnosis,
    index: &Index<'_>,
    input: &Input,
    palette: Palette,
) -> String {
    let mut out = String::new();
    head(&mut out, diagnosis, palette);
    if let Some(onset) = diagnosis.onset_step_id {
        let title = match diagnosis.verdict {
            Verdict::Undecided => "onset, if the run failed:",
            _ => "onset",
        };
        let _ = writeln!(
            out,
            "\n{} step {onset} of {}",
            palette.strong(title),
            diagnosis.step_count
        );
        if let Some(step) = index.trajectory.step(onset) {
            let _ = writeln!(out, "  {}", command_line(&step, palette.width - 2));
        }
    }
    if !diagnosis.summary.is_empty() {
        paragraph(&mut out, "why", &diagnosis.summary, palette);
    }
    if let Some(kind) = progress::kind(diagnosis) {
        paragraph(&mut out, "kind of error", &kind, palette);
    }
    if !diagnosis.chain.is_empty() {
        let _ = writeln!(out, "\n{}", palette.strong("chain"));
        for link in &diagnosis.chain {
            let _ = writeln!(
                out,
                "  step {} {}: {}",
                link.step_id,
                palette.open(&link.role.as_str().replace('_', " ")),
                headline(&link.why, 400)
            );
            for evidence in &link.evidence {
                quote(&mut out, evidence, input, palette);
            }
        }
    }
    if diagnosis.onset_step_id.is_none() {
        failures(&mut out, diagnosis, input, palette);
    }
    suspects(&mut out, diagnosis, palette);
    if !diagnosis.missing_evidence.is_empty() {
        let _ = writeln!(out, "\n{}", palette.strong("what is missing"));
        for line in &diagnosis.missing_evidence {
            let _ = writeln!(out, "  {}", headline(line, palette.width.max(40) * 2));
        }
    }
    if !diagnosis.advice.is_empty() {
        paragraph(&mut out, "advice", &diagnosis.advice, palette);
    }
    stages(&mut out, diagnosis, palette);
    let progress = progress::told(diagnosis);
    if !progress.is_empty() {
        let _ = writeln!(out, "\n{}", palette.strong("progress"));
        for line in progress {
            wrapped(&mut out, &line, palette);
        }
    }
    if let Some(waste) = progress::waste(diagnosis) {
        paragraph(&mut out, "waste", &waste, palette);
    }
    injections(&mut out, diagnosis, input, palette);
    inquiry::told(&mut out, diagnosis, palette);
    out
}

/// What shows that the run failed, where no onset is named whose chain would tell it.
fn failures(out: &mut String, diagnosis: &Diagnosis, input: &Input, palette: Palette) {
    if diagnosis.failures.is_empty() || diagnosis.verdict == Verdict::NoFailure {
        return;
    }
    let _ = writeln!(out, "\n{}", palette.strong("what speaks for a failure"));
    for failure in &diagnosis.failures {
        let kind = failure.kind.replace('_', " ");
        let _ = writeln!(
            out,
            "  step {} {}: {}",
            failure.step_id,
            palette.open(&kind),
            headline(&failure.why, 400)
        );
        for evidence in failure.evidence.iter().take(1) {
            quote(out, evidence, input, palette);
        }
    }
}

/// Text in the run that was meant for whoever judges it.
fn injections(out: &mut String, diagnosis: &Diagnosis, input: &Input, palette: Palette) {
    if diagnosis.injections.is_empty() {
        return;
    }
    let title = palette.strong("text that speaks to the judge, not followed");
    let _ = writeln!(out, "\n{title}");
    for injection in &diagnosis.injections {
        let kind = injection.kind.as_str().replace('_', " ");
        let step = injection.evidence.step_id;
        let _ = writeln!(out, "  step {step} {}", palette.open(&kind));
        quote(out, &injection.evidence, input, palette);
    }
}

#[cfg(test)]
mod tests {
    use localize::{Options, diagnose};
    use trace::{
        ChainLink, ChainRole, Evidence, OnsetCandidate, Phase, RefPart, StageSpan, StepId,
    };

    use super::*;
    use crate::output::Palette;

    fn step(number: u32) -> StepId {
        StepId::new(number).unwrap()
    }

    #[test]
    fn a_failure_is_laid_out_with_its_evidence() {
        let text = include_str!("../../../demo/library-fees.traj.json");
        let input = Input::bundled("runs/a.traj.json", text);
        let extraction = input.read(input.one_run(None).unwrap()).unwrap();
        let index = Index::new(&extraction.trajectory);
        let mut diagnosis = diagnose(&index, Options::default());
        diagnosis.verdict = Verdict::FailureFound;
        diagnosis.confidence = 0.75;
        diagnosis.onset_step_id = Some(step(6));
        diagnosis.summary =
            "The edit \u{1b}[31mcalls a helper that counts the wrong days. ".repeat(4);
        diagnosis.advice = "Read the loop before calling it.".to_owned();
        diagnosis.onset_candidates = [(6, 0.9), (9, 0.4)]
            .map(|(id, score)| OnsetCandidate {
                step_id: step(id),
                score,
                contributions: Vec::new(),
            })
            .to_vec();
        let mut reference = extraction.trajectory.steps[7].refs[0].clone();
        reference.part = RefPart::Observation;
        diagnosis.chain = vec![ChainLink {
            step_id: step(8),
            role: ChainRole::MissedSignal,
            why: "the tests still fail".to_owned(),
            evidence: vec![Evidence {
                step_id: step(8),
                quote: "2 failed,\u{1b}]0;x\u{7} 3 passed\n".repeat(9),
                reference: Some(reference),
            }],
        }];
        diagnosis.stages = vec![StageSpan {
            stage_id: 1,
            start: step(1),
            end: step(12),
            phase: Phase::Patching,
            suspicion: 0.5,
            features: trace::StageFeatures::default(),
        }];
        let report = full(&diagnosis, &index, &input, Palette::plain(80));
        assert!(!report.chars().any(|c| c.is_control() && c != '\n'));
        insta::assert_snapshot!(report);
        assert_eq!(
            row(&diagnosis, Palette::plain(80)),
            "failure_found      6     12  0.75  -         runs/a.traj.json\n"
        );
    }
}
