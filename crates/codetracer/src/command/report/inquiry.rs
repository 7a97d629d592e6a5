//! How a model was asked, and what it changed.

use std::fmt::Write as _;

use serde_json::Value;
use trace::{Diagnosis, Engine, Inquiry, VerdictChange};

use super::layout::{paragraph, wrapped};
use crate::input::counted;
use crate::output::Palette;

/// How many parts of a list are named.
const NAMED: usize = 12;

/// The section on the model; nothing for the offline engine.
pub(super) fn told(out: &mut String, diagnosis: &Diagnosis, palette: Palette) {
    let engine = &diagnosis.engine;
    let Some(inquiry) = engine.inquiry.as_deref() else {
        return;
    };
    let title = format!("asked {}", engine.model.as_deref().unwrap_or("a model"));
    paragraph(out, &inert_line(&title), &spent(engine, inquiry), palette);
    if let Some(opened) = opened(diagnosis.step_count, inquiry) {
        wrapped(out, &opened, palette);
    }
    if let Some(sure) = inquiry.stated_confidence {
        let line = format!("it calls itself {sure:.2} sure, which nothing has measured");
        wrapped(out, &line, palette);
    }
    if let Some(trouble) = &inquiry.trouble {
        let line = format!("trouble: {trouble}");
        wrapped(out, &line, palette);
    }
    changes(out, inquiry, palette);
    if !inquiry.dropped.is_empty() {
        let _ = writeln!(
            out,
            "\n{}",
            palette.strong("claims of the model that did not stand the check")
        );
        for dropped in inquiry.dropped.iter().take(NAMED) {
            let rule = match dropped.rule.as_str() {
                "" => String::new(),
                rule => format!(" (rule `{rule}`)"),
            };
            let line = format!("{}{rule}: {}", dropped.claim, dropped.why);
            wrapped(out, &line, palette);
        }
        more(out, inquiry.dropped.len(), palette);
    }
}

/// Calls, tokens, money and time.
fn spent(engine: &Engine, inquiry: &Inquiry) -> String {
    let calls = usize::try_from(inquiry.calls).unwrap_or(usize::MAX);
    let mut text = format!(
        "{}, {} tokens in",
        counted(calls, "call"),
        inquiry.input_tokens
    );
    if inquiry.cached_tokens > 0 {
        let _ = write!(text, " ({} of them cached)", inquiry.cached_tokens);
    }
    let _ = write!(text, ", {} out", inquiry.output_tokens);
    match engine.cost_usd {
        Some(cost) => {
            let _ = write!(text, ", ${cost:.4}");
        }
        None => text.push_str(", price not known"),
    }
    if let Some(seconds) = engine.seconds {
        let _ = write!(text, ", {seconds:.1} s");
    }
    let _ = write!(text, "; by method {}", engine.name);
    if !inquiry.without.is_empty() {
        let _ = write!(text, ", without {}", inquiry.without.join(", "));
    }
    text
}

/// What it looked at.
fn opened(steps: u32, inquiry: &Inquiry) -> Option<String> {
    if inquiry.opened.is_empty() {
        return None;
    }
    let shown = inquiry.opened.iter().take(NAMED).map(ToString::to_string);
    let shown: Vec<String> = shown.collect();
    let more = match inquiry.opened.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    Some(format!(
        "it was shown {} of {steps} steps: {}{more}",
        inquiry.opened.len(),
        shown.join(", ")
    ))
}

/// Where it differs from the offline engine, and why.
fn changes(out: &mut String, inquiry: &Inquiry, palette: Palette) {
    if inquiry.changes.is_empty() {
        if inquiry.trouble.is_none() && !inquiry.without.iter().any(|what| what == "offline") {
            wrapped(out, "it agrees with the offline verdict", palette);
        }
        return;
    }
    let title = palette.strong("differs from the offline verdict");
    let _ = writeln!(out, "\n{title}");
    let mut before: Option<&VerdictChange> = None;
    for change in &inquiry.changes {
        // One reason for several changes is told once, after the last of them.
        if let Some(before) = before.filter(|before| before.why != change.why) {
            reason(out, before, palette);
        }
        let field = change.field.trim_end_matches("_id").replace('_', " ");
        let line = format!(
            "{field}: {}, offline {}",
            value(&change.now),
            value(&change.offline)
        );
        wrapped(out, &line, palette);
        before = Some(change);
    }
    if let Some(last) = before {
        reason(out, last, palette);
    }
}

fn reason(out: &mut String, change: &VerdictChange, palette: Palette) {
    if !change.why.trim().is_empty() {
        wrapped(out, &format!("because: {}", change.why), palette);
    }
}

/// A value of the document in words.
fn value(value: &Value) -> String {
    match value {
        Value::Null => "none".to_owned(),
        Value::String(text) => text.replace('_', " "),
        Value::Array(items) if items.is_empty() => "none".to_owned(),
        Value::Array(items) => {
            let shown = items.iter().take(NAMED).map(ToString::to_string);
            let shown: Vec<String> = shown.collect();
            let more = match items.len().saturating_sub(NAMED) {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            format!("{}{more}", shown.join(", "))
        }
        other => other.to_string(),
    }
}

fn more(out: &mut String, all: usize, palette: Palette) {
    if let Some(more) = all.checked_sub(NAMED).filter(|more| *more > 0) {
        wrapped(
            out,
            &format!("and {more} more; --json has them all"),
            palette,
        );
    }
}

/// A title is put in as it is: it must be inert and one line.
fn inert_line(text: &str) -> String {
    crate::output::headline(text, 200)
}

#[cfg(test)]
mod tests {
    use localize::Options;
    use serde_json::json;
    use trace::{DroppedClaim, StepId};

    use super::*;
    use crate::command::analyze::{Form, How, analyse};
    use crate::input::Input;

    /// The bundled run's document, as if a model had been asked about it.
    fn asked(change: impl FnOnce(&mut Inquiry)) -> Diagnosis {
        let text = include_str!("../../../demo/library-fees.traj.json");
        let input = Input::bundled("runs/a.traj.json", text);
        let run = input.one_run(None).unwrap();
        let how = How::offline(Options::default());
        let done = analyse(&input, run, how, Form::Json).unwrap();
        let mut diagnosis: Diagnosis = serde_json::from_str(&done.text).unwrap();
        let mut inquiry = Inquiry {
            calls: 4,
            input_tokens: 12_345,
            output_tokens: 678,
            opened: [5, 6, 7].into_iter().filter_map(StepId::new).collect(),
            stated_confidence: Some(0.9),
            ..Inquiry::default()
        };
        change(&mut inquiry);
        diagnosis.engine.name = "agent".to_owned();
        diagnosis.engine.model = Some("provider/mo\u{1b}del".to_owned());
        diagnosis.engine.seconds = Some(8.25);
        diagnosis.engine.inquiry = Some(Box::new(inquiry));
        diagnosis
    }

    fn section(diagnosis: &Diagnosis) -> String {
        let mut out = String::new();
        told(&mut out, diagnosis, Palette::plain(80));
        assert!(!out.chars().any(|c| c.is_control() && c != '\n'));
        out
    }

    #[test]
    fn what_a_model_changed_is_told() {
        let mut diagnosis = asked(|inquiry| {
            let change = |field: &str, offline, now| VerdictChange {
                field: field.to_owned(),
                offline,
                now,
                why: "step 6 calls the helper before \u{1b}[31many test".to_owned(),
            };
            inquiry.cached_tokens = 2_000;
            inquiry.without = vec!["memory".to_owned()];
            inquiry.changes = vec![
                change("onset_step_id", json!(9), json!(6)),
                change("fault", json!(null), json!("specification_misread")),
                change(
                    "incorrect_step_ids",
                    json!([9, 12]),
                    json!((1..20).collect::<Vec<_>>()),
                ),
            ];
            inquiry.dropped = vec![DroppedClaim {
                claim: "incorrect 4".to_owned(),
                rule: "opened".to_owned(),
                why: "step 4 was not opened".to_owned(),
            }];
        });
        diagnosis.engine.cost_usd = Some(0.0123);
        insta::assert_snapshot!(section(&diagnosis));
    }

    #[test]
    fn a_model_that_failed_is_told() {
        let diagnosis = asked(|inquiry| {
            inquiry.stated_confidence = None;
            inquiry.opened.clear();
            inquiry.trouble = Some("the budget of 1000 tokens is spent".to_owned());
        });
        insta::assert_snapshot!(section(&diagnosis));
    }

    #[test]
    fn agreement_is_told() {
        let text = section(&asked(|_| ()));
        assert!(
            text.contains("it agrees with the offline verdict"),
            "{text}"
        );
    }

    #[test]
    fn the_offline_engine_has_no_such_section() {
        let mut diagnosis = asked(|_| ());
        diagnosis.engine.inquiry = None;
        assert_eq!(section(&diagnosis), "");
    }
}
