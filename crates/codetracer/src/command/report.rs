//! A diagnosis laid out for a person.

use std::fmt::Write as _;

use analysis::Index;
use trace::{
    ActionKind, Change, Diagnosis, Evidence, OnsetCandidate, Step, StepId, TestCase, TestStatus,
    Verdict,
};

use super::progress;
use crate::input::Input;
use crate::output::{Palette, headline, inert};

/// How many lines of a quotation are shown; the citation leads to the rest.
const QUOTE_LINES: usize = 6;

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

/// The steps that come next in suspicion, or the first ones where none is named; each with what its
/// score is made of where that was asked for.
fn suspects(out: &mut String, diagnosis: &Diagnosis, palette: Palette) {
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

fn head(out: &mut String, diagnosis: &Diagnosis, palette: Palette) {
    let sure = match diagnosis.verdict {
        Verdict::Undecided => format!(
            "{:.2} probable to have failed",
            diagnosis.failure_probability
        ),
        _ => format!("confidence {:.2}", diagnosis.confidence),
    };
    let _ = writeln!(
        out,
        "{}  {}  {}",
        verdict(diagnosis.verdict, palette),
        palette.strong(&inert(&diagnosis.run_id)),
        palette.faint(&sure),
    );
    let mut about = vec![format!("read as {}", diagnosis.format)];
    about.extend(diagnosis.agent.as_ref().map(|a| format!("agent {a}")));
    about.extend(diagnosis.model.as_ref().map(|m| format!("model {m}")));
    about.push(format!("{} steps", diagnosis.step_count));
    about.push(recorded(diagnosis));
    let _ = writeln!(out, "{}", palette.faint(&inert(&about.join(" · "))));
    if let Some(tests) = recorded_tests(diagnosis) {
        let _ = writeln!(
            out,
            "{}",
            palette.faint(&headline(&tests, palette.width * 2))
        );
    }
    if let Some(task) = &diagnosis.task {
        let _ = writeln!(
            out,
            "{}",
            palette.faint(&format!("task: {}", headline(task, palette.width - 6)))
        );
    }
}

/// What the artifacts say about the outcome, and whether the engine saw it.
fn recorded(diagnosis: &Diagnosis) -> String {
    let said = match diagnosis.outcome.resolved {
        Some(true) => "recorded outcome: resolved",
        Some(false) => "recorded outcome: not resolved",
        None => return "no recorded outcome".to_owned(),
    };
    let used = if diagnosis.used_outcome {
        "used"
    } else {
        "not used"
    };
    format!("{said} ({used})")
}

/// The tests of the recorded check that did not pass, and how many did.
fn recorded_tests(diagnosis: &Diagnosis) -> Option<String> {
    /// More names than these tell no more.
    const NAMED: usize = 4;
    let tests = &diagnosis.outcome.tests;
    let bad = |test: &&TestCase| matches!(test.status, TestStatus::Failed | TestStatus::Errored);
    let names: Vec<&str> = tests
        .iter()
        .filter(bad)
        .map(|test| test.name.as_str())
        .collect();
    if names.is_empty() {
        return None;
    }
    let passed = tests
        .iter()
        .filter(|test| test.status == TestStatus::Passed)
        .count();
    let more = match names.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let shown = names[..names.len().min(NAMED)].join(", ");
    Some(format!(
        "recorded tests: failed {shown}{more}; {passed} passed"
    ))
}

fn paragraph(out: &mut String, title: &str, text: &str, palette: Palette) {
    let _ = writeln!(out, "\n{}", palette.strong(title));
    wrapped(out, text, palette);
}

/// A text in lines that fit, a little to the right.
fn wrapped(out: &mut String, text: &str, palette: Palette) {
    let mut line = String::new();
    for word in inert(text).split_whitespace() {
        if line.chars().count() + word.chars().count() + 3 > palette.width && !line.is_empty() {
            let _ = writeln!(out, "  {line}");
            line.clear();
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    if !line.is_empty() {
        let _ = writeln!(out, "  {line}");
    }
}

fn quote(out: &mut String, evidence: &Evidence, input: &Input, palette: Palette) {
    let text = inert(&evidence.quote);
    let mut lines = text.trim_end().lines();
    for line in lines.by_ref().take(QUOTE_LINES) {
        let line = headline(line, palette.width.saturating_sub(6));
        let _ = writeln!(out, "    | {line}");
    }
    if lines.next().is_some() {
        let _ = writeln!(out, "    | …");
    }
    let place = match &evidence.reference {
        Some(at) => format!("{}:{}-{}", input.user_path(&at.path), at.start, at.end),
        None => "no byte range in this layout".to_owned(),
    };
    let place = format!("step {}, {place}", evidence.step_id);
    let _ = writeln!(out, "      {}", palette.faint(&inert(&place)));
}

fn stages(out: &mut String, diagnosis: &Diagnosis, palette: Palette) {
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

/// The heading of the table of many runs.
pub(super) fn table_head(palette: Palette) -> String {
    let head = format!(
        "{:<13}  {:>5}  {:>5}  {:>4}  {:<8}  run\n",
        "verdict", "onset", "steps", "conf", "recorded"
    );
    palette.faint(&head)
}

/// One run as a line of the table.
pub(super) fn row(diagnosis: &Diagnosis, palette: Palette) -> String {
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

fn verdict(verdict: Verdict, palette: Palette) -> String {
    match verdict {
        Verdict::FailureFound => palette.bad(verdict.as_str()),
        Verdict::NoFailure => palette.good(verdict.as_str()),
        Verdict::Undecided => palette.open(verdict.as_str()),
    }
}

/// A step's action in one line.
pub(super) fn command_line(step: &Step, width: usize) -> String {
    let tool = &step.action.tool;
    match &step.action.kind {
        ActionKind::Shell { command } => headline(&format!("$ {}", command.trim_start()), width),
        ActionKind::Keystrokes { keys, .. } => headline(&format!("keys {keys}"), width),
        ActionKind::Edit { edits } => {
            let paths: Vec<String> = edits
                .iter()
                .map(|edit| match &edit.change {
                    Change::Rename { to } => format!("{} -> {to}", edit.path),
                    Change::Delete => format!("{} (deleted)", edit.path),
                    _ => edit.path.clone(),
                })
                .collect();
            headline(&format!("{tool} edits {}", paths.join(", ")), width)
        }
        ActionKind::Read { path } => headline(&format!("{tool} reads {path}"), width),
        ActionKind::Search { query, .. } => headline(&format!("{tool} searches {query}"), width),
        ActionKind::Delegate { prompt } => headline(&format!("{tool} delegates {prompt}"), width),
        ActionKind::Message { text } => headline(&format!("says {text}"), width),
        ActionKind::Finish { text } => headline(&format!("finishes {text}"), width),
        ActionKind::Invalid { text } => headline(&format!("invalid {text}"), width),
        ActionKind::Other if step.action.arguments.is_null() => headline(tool, width),
        ActionKind::Other => headline(&format!("{tool} {}", step.action.arguments), width),
    }
}

#[cfg(test)]
mod tests {
    use localize::{Options, diagnose};
    use trace::{ChainLink, ChainRole, Phase, RefPart, StageSpan};

    use super::*;
    use crate::output::Palette;

    fn step(number: u32) -> StepId {
        StepId::new(number).unwrap()
    }

    #[test]
    fn a_failure_is_laid_out_with_its_evidence() {
        let text = include_str!("../../demo/library-fees.traj.json");
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
